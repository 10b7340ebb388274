//! The readable page of the API, made from its OpenAPI document.

use askama::Template;
use serde_json::Value;

use super::frame::{Frame, Markup};
use crate::markdown;

/// `GET /api`.
#[derive(Clone, Debug, Template)]
#[template(path = "api.html")]
pub struct ApiDocsPage {
    pub frame: Frame,
    pub title: String,
    pub version: String,
    pub description: Markup,
    /// By tag, in the document's order.
    pub groups: Vec<ApiGroup>,
    /// The group that is told in full; without one every group is a list of what it has.
    pub part: Option<String>,
}

#[derive(Clone, Debug)]
pub struct ApiGroup {
    pub name: String,
    pub operations: Vec<ApiOperation>,
}

#[derive(Clone, Debug)]
pub struct ApiOperation {
    /// Upper case.
    pub method: String,
    pub path: String,
    pub summary: String,
    pub description: Markup,
    pub parameters: Vec<ApiField>,
    /// Fields of the JSON body.
    pub body: Vec<ApiField>,
    /// Status and meaning.
    pub responses: Vec<(String, String)>,
}

#[derive(Clone, Debug)]
pub struct ApiField {
    pub name: String,
    /// `path`, `query`, `body`.
    pub place: String,
    pub kind: String,
    pub required: bool,
    pub description: String,
}

impl ApiDocsPage {
    /// Whether the group is told in full.
    fn is_open(&self, group: &ApiGroup) -> bool {
        self.part.as_ref() == Some(&group.name)
    }

    fn shown(&self) -> Vec<&ApiGroup> {
        let all = self.groups.iter();
        all.filter(|group| self.part.is_none() || self.is_open(group))
            .collect()
    }

    /// Reads an OpenAPI 3 document; parts it does not find are left empty. `part` is a group to be
    /// told in full; one that does not exist is none.
    pub fn from_openapi(frame: Frame, document: &Value, part: Option<String>) -> ApiDocsPage {
        let text = |value: &Value, name: &str| -> String {
            value
                .get(name)
                .and_then(Value::as_str)
                .unwrap_or_default()
                .to_owned()
        };
        let info = document.get("info").unwrap_or(&Value::Null);
        let mut groups: Vec<ApiGroup> = Vec::new();
        for (path, item) in entries(document.get("paths")) {
            for (method, operation) in entries(Some(item)) {
                if !operation.is_object() {
                    continue;
                }
                let tag = operation
                    .pointer("/tags/0")
                    .and_then(Value::as_str)
                    .unwrap_or("general")
                    .to_owned();
                let operation = ApiOperation {
                    method: method.to_uppercase(),
                    path: path.to_owned(),
                    summary: text(operation, "summary"),
                    description: markdown::render(&text(operation, "description")),
                    parameters: parameters(document, operation),
                    body: body(document, operation),
                    responses: entries(operation.get("responses"))
                        .map(|(status, response)| {
                            (
                                status.to_owned(),
                                text(resolve(document, response), "description"),
                            )
                        })
                        .collect(),
                };
                match groups.iter_mut().find(|group| group.name == tag) {
                    Some(group) => group.operations.push(operation),
                    None => groups.push(ApiGroup {
                        name: tag,
                        operations: vec![operation],
                    }),
                }
            }
        }
        ApiDocsPage {
            frame,
            title: text(info, "title"),
            version: text(info, "version"),
            description: markdown::render(&text(info, "description")),
            part: part.filter(|part| groups.iter().any(|group| group.name == *part)),
            groups,
        }
    }
}

fn entries(value: Option<&Value>) -> impl Iterator<Item = (&str, &Value)> {
    value
        .and_then(Value::as_object)
        .into_iter()
        .flatten()
        .map(|(name, value)| (name.as_str(), value))
}

/// Follows a `$ref` inside the document, once.
fn resolve<'a>(document: &'a Value, value: &'a Value) -> &'a Value {
    value
        .get("$ref")
        .and_then(Value::as_str)
        .and_then(|reference| document.pointer(reference.strip_prefix('#')?))
        .unwrap_or(value)
}

fn kind(document: &Value, schema: &Value) -> String {
    if let Some(reference) = schema.get("$ref").and_then(Value::as_str) {
        let target = resolve(document, schema);
        if let Some(words) = target.get("enum").and_then(Value::as_array) {
            return words
                .iter()
                .filter_map(Value::as_str)
                .collect::<Vec<_>>()
                .join(" | ");
        }
        return reference.rsplit('/').next().unwrap_or_default().to_owned();
    }
    if let Some(words) = schema.get("enum").and_then(Value::as_array) {
        return words
            .iter()
            .filter_map(Value::as_str)
            .collect::<Vec<_>>()
            .join(" | ");
    }
    match schema.get("type") {
        Some(Value::String(word)) if word == "array" => match schema.get("items") {
            Some(items) => format!("list of {}", kind(document, items)),
            None => "list".to_owned(),
        },
        Some(Value::String(word)) => word.clone(),
        Some(Value::Array(words)) => words
            .iter()
            .filter_map(Value::as_str)
            .filter(|word| *word != "null")
            .collect::<Vec<_>>()
            .join(" | "),
        _ => match schema
            .get("oneOf")
            .or(schema.get("anyOf"))
            .and_then(Value::as_array)
        {
            Some(choices) => choices
                .iter()
                .filter(|choice| choice.get("type").and_then(Value::as_str) != Some("null"))
                .map(|choice| kind(document, choice))
                .collect::<Vec<_>>()
                .join(" | "),
            None => "any".to_owned(),
        },
    }
}

fn parameters(document: &Value, operation: &Value) -> Vec<ApiField> {
    let list = operation.get("parameters").and_then(Value::as_array);
    list.into_iter()
        .flatten()
        .map(|parameter| {
            let parameter = resolve(document, parameter);
            let word = |name: &str| {
                parameter
                    .get(name)
                    .and_then(Value::as_str)
                    .unwrap_or_default()
                    .to_owned()
            };
            ApiField {
                name: word("name"),
                place: word("in"),
                kind: kind(document, parameter.get("schema").unwrap_or(&Value::Null)),
                required: parameter
                    .get("required")
                    .and_then(Value::as_bool)
                    .unwrap_or(false),
                description: word("description"),
            }
        })
        .collect()
}

fn body(document: &Value, operation: &Value) -> Vec<ApiField> {
    let Some(schema) = operation.pointer("/requestBody/content/application~1json/schema") else {
        return Vec::new();
    };
    let schema = resolve(document, schema);
    let required: Vec<&str> = schema
        .get("required")
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
        .filter_map(Value::as_str)
        .collect();
    entries(schema.get("properties"))
        .map(|(name, property)| ApiField {
            name: name.to_owned(),
            place: "body".to_owned(),
            kind: kind(document, property),
            required: required.contains(&name),
            description: property
                .get("description")
                .and_then(Value::as_str)
                .unwrap_or_default()
                .to_owned(),
        })
        .collect()
}
