//! Answers of Jira Service Management's operations API, which are those of Opsgenie without their
//! wrapping (WIRE-FORMATS.md §1.3).

use serde_json::{Value, json};

/// What was asked for, from the `data` of Opsgenie's answer.
pub fn found(mut data: Value) -> Value {
    if let Some(fields) = data.as_object_mut()
        && let Some(details) = fields.remove("details")
    {
        fields.insert("extraProperties".to_owned(), details);
    }
    data
}

/// A part of a list; `next` is the address of the one behind it.
pub fn page(data: Value, next: Option<Value>) -> Value {
    let values: Vec<Value> = match data {
        Value::Array(items) => items.into_iter().map(found).collect(),
        one => vec![found(one)],
    };
    let mut links = json!({});
    if let Some(next) = next {
        links["next"] = next;
    }
    json!({"count": values.len(), "values": values, "links": links})
}
