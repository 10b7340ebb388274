//! The parts of an alert that the API edits one by one, as [`super::create`] keeps them.

use domain::alert::AlertText;
use domain::signal::SUMMARY_MAX;
use domain::word::AlertSeverity;
use serde_json::{Map, Value};

use crate::text::{self, FIELD_MAX};
use crate::warning::Warnings;

/// Most tags of an alert, and longest of them, in characters.
const TAGS_MAX: usize = 20;
const TAG_MAX: usize = 50;
/// Most fields that requests can add to the details.
const DETAILS_MAX: usize = 1_000;

/// A change of an alert's text.
#[derive(Clone, Debug, PartialEq)]
pub enum Edit {
    Message(String),
    Description(String),
    /// `P1` to `P5`, and what that means.
    Priority(&'static str, AlertSeverity),
    AddTags(Vec<String>),
    RemoveTags(Vec<String>),
    AddDetails(Map<String, Value>),
    RemoveDetails(Vec<String>),
}

impl Edit {
    /// Carries it out.
    pub fn apply(&self, alert: &mut AlertText) {
        if let Edit::Message(message) = self {
            alert.summary = text::cut(&text::one_line(message), SUMMARY_MAX);
            return;
        }
        if !alert.details.is_object() {
            let before = std::mem::take(&mut alert.details);
            let mut fields = Map::new();
            if !before.is_null() {
                fields.insert("custom".into(), before);
            }
            alert.details = Value::Object(fields);
        }
        let Value::Object(kept) = &mut alert.details else {
            return;
        };
        match self {
            Edit::Message(_) => {}
            Edit::Description(description) => {
                kept.insert("description".into(), description.clone().into());
            }
            Edit::Priority(priority, severity) => {
                alert.severity = *severity;
                kept.insert("priority".into(), (*priority).into());
            }
            Edit::AddTags(added) => {
                let mut tags = texts(kept.get("tags"));
                for tag in added {
                    if !tags.contains(tag) && tags.len() < TAGS_MAX {
                        tags.push(tag.clone());
                    }
                }
                kept.insert("tags".into(), tags.into());
            }
            Edit::RemoveTags(removed) => {
                let mut tags = texts(kept.get("tags"));
                tags.retain(|tag| !removed.contains(tag));
                kept.insert("tags".into(), tags.into());
            }
            Edit::AddDetails(added) => {
                let mut details = own(kept);
                for (name, value) in added {
                    if details.len() < DETAILS_MAX || details.contains_key(name) {
                        details.insert(name.clone(), value.clone());
                    }
                }
                kept.insert("details".into(), details.into());
            }
            Edit::RemoveDetails(removed) => {
                let mut details = own(kept);
                details.retain(|name, _| !removed.contains(name));
                kept.insert("details".into(), details.into());
            }
        }
    }
}

/// The details of the customer's own.
fn own(kept: &mut Map<String, Value>) -> Map<String, Value> {
    match kept.remove("details") {
        Some(Value::Object(details)) => details,
        None | Some(Value::Null) => Map::new(),
        Some(other) => Map::from_iter([("details".to_owned(), other)]),
    }
}

/// The texts of an array, or of a list with commas.
pub(super) fn texts(value: Option<&Value>) -> Vec<String> {
    match value {
        Some(Value::Array(items)) => items
            .iter()
            .filter_map(|item| match item {
                Value::String(text) => Some(text.trim().to_owned()),
                Value::Number(number) => Some(number.to_string()),
                _ => None,
            })
            .filter(|text| !text.is_empty())
            .collect(),
        Some(Value::String(list)) => list
            .split(',')
            .map(|text| text.trim().to_owned())
            .filter(|text| !text.is_empty())
            .collect(),
        _ => Vec::new(),
    }
}

/// At most 20 tags of at most 50 characters.
pub(super) fn tags(value: Option<&Value>, warnings: &mut Warnings) -> Vec<String> {
    let mut tags = texts(value);
    if tags.len() > TAGS_MAX {
        warnings.note(format!("more than {TAGS_MAX} tags: the rest was skipped"));
        tags.truncate(TAGS_MAX);
    }
    for tag in &mut tags {
        let short = text::cut(&text::one_line(tag), TAG_MAX);
        if short != *tag {
            warnings.note(format!("a tag was longer than {TAG_MAX} characters: cut"));
            *tag = short;
        }
    }
    tags
}

/// Names of details, as `keys` holds them.
pub(super) fn names(list: &str) -> Vec<String> {
    list.split(',')
        .map(|name| text::cut(name.trim(), FIELD_MAX))
        .filter(|name| !name.is_empty())
        .collect()
}
