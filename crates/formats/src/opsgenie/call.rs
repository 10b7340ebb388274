//! What an address of the Alert API asks for.

use domain::AlertId;

use super::reply::Refusal;
use crate::key;

/// One call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Call {
    Create,
    List,
    Count,
    RequestStatus(String),
    Get(Identifier),
    /// There is nothing here that forgets an alert: it is closed.
    Delete(Identifier),
    Notes(Identifier),
    Logs(Identifier),
    Recipients(Identifier),
    Act(Identifier, Verb),
}

/// How an alert is named.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Identifier {
    /// By an id that we gave out; `None` for one that cannot be ours.
    Id(Option<AlertId>),
    /// As it is stored: a long one is shortened.
    Alias(String),
}

/// What is to be done with an alert.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verb {
    Close,
    Acknowledge,
    Unacknowledge,
    AddNote,
    Snooze,
    Escalate,
    Assign,
    AddTeam,
    AddResponder,
    AddTags,
    RemoveTags,
    AddDetails,
    RemoveDetails,
    Message,
    Description,
    Priority,
    /// An action of the customer's own; without a name the body has it.
    Custom(String),
}

/// An alert's id in the shape that Opsgenie's have: its number, readable again.
pub fn id(alert: AlertId) -> String {
    let number = u64::try_from(alert.0).unwrap_or(0);
    format!("00000000-0000-4000-8000-{number:012x}")
}

fn of_id(text: &str) -> Option<AlertId> {
    let number = match text.strip_prefix("00000000-0000-4000-8000-") {
        Some(hex) if (12..=16).contains(&hex.len()) => i64::from_str_radix(hex, 16).ok()?,
        _ if !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit()) => {
            text.parse().ok()?
        }
        _ => return None,
    };
    (number > 0).then_some(AlertId(number))
}

impl Identifier {
    fn read(text: String, kind: &str) -> Result<Identifier, Refusal> {
        match kind.to_ascii_lowercase().as_str() {
            "" | "id" | "tiny" | "tinyid" => Ok(Identifier::Id(of_id(&text))),
            "alias" => Ok(Identifier::Alias(key::bounded(&text))),
            _ => Err(Refusal::invalid(
                "identifierType",
                "should be one of [ id, alias, tiny ]",
            )),
        }
    }
}

impl Call {
    /// As [`Call::read`], of the operations API of Jira Service Management: alerts go by their id,
    /// which is found by `alias`.
    ///
    /// # Errors
    /// As [`Call::read`].
    pub fn read_operations(
        method: &str,
        segments: &[&str],
        identifier_type: Option<&str>,
        alias: Option<&str>,
    ) -> Result<Call, Refusal> {
        match (method, segments) {
            ("GET", ["alias"] | ["alias", ""]) => match alias.filter(|alias| !alias.is_empty()) {
                Some(alias) => Ok(Call::Get(Identifier::read(alias.to_owned(), "alias")?)),
                None => Err(Refusal::invalid("alias", "can not be empty")),
            },
            _ => Call::read(method, segments, identifier_type),
        }
    }

    /// Reads an address. `segments` is what follows `/v2/alerts`, split at the slashes and still
    /// percent-encoded: an alias may hold a slash (WIRE-FORMATS.md §0 rule 9).
    ///
    /// # Errors
    /// The refusal to answer with.
    pub fn read(
        method: &str,
        segments: &[&str],
        identifier_type: Option<&str>,
    ) -> Result<Call, Refusal> {
        let end = segments
            .iter()
            .rposition(|segment| !segment.is_empty())
            .map_or(0, |last| last + 1);
        let segments = &segments[..end];
        let identifier =
            |text: &str| Identifier::read(unescaped(text), identifier_type.unwrap_or_default());
        // PATCH and POST are sent for PUT by some.
        let changes = matches!(method, "PUT" | "POST" | "PATCH");
        match (method, segments) {
            ("POST", []) => Ok(Call::Create),
            ("GET", []) => Ok(Call::List),
            ("GET", ["count"]) => Ok(Call::Count),
            ("GET", ["requests", id]) => Ok(Call::RequestStatus(unescaped(id))),
            ("GET", [id]) => Ok(Call::Get(identifier(id)?)),
            ("DELETE", [id]) => Ok(Call::Delete(identifier(id)?)),
            ("GET", [id, "notes"]) => Ok(Call::Notes(identifier(id)?)),
            ("GET", [id, "logs"]) => Ok(Call::Logs(identifier(id)?)),
            ("GET", [id, "recipients"]) => Ok(Call::Recipients(identifier(id)?)),
            ("DELETE", [id, "tags"]) => Ok(Call::Act(identifier(id)?, Verb::RemoveTags)),
            ("DELETE", [id, "details" | "extra-properties"]) => {
                Ok(Call::Act(identifier(id)?, Verb::RemoveDetails))
            }
            ("POST", [id, "actions", name]) => {
                Ok(Call::Act(identifier(id)?, Verb::Custom(unescaped(name))))
            }
            (_, [id, verb]) if changes => {
                let verb = Verb::read(verb).ok_or_else(Refusal::no_such_address)?;
                Ok(Call::Act(identifier(id)?, verb))
            }
            _ => Err(Refusal::no_such_address()),
        }
    }
}

impl Verb {
    fn read(word: &str) -> Option<Verb> {
        Some(match word {
            "close" => Verb::Close,
            "acknowledge" => Verb::Acknowledge,
            "unacknowledge" => Verb::Unacknowledge,
            "notes" => Verb::AddNote,
            "snooze" => Verb::Snooze,
            "escalate" => Verb::Escalate,
            "assign" => Verb::Assign,
            "teams" => Verb::AddTeam,
            "responders" => Verb::AddResponder,
            "tags" => Verb::AddTags,
            "details" | "extra-properties" => Verb::AddDetails,
            "action" => Verb::Custom(String::new()),
            "message" => Verb::Message,
            "description" => Verb::Description,
            "priority" => Verb::Priority,
            _ => return None,
        })
    }
}

/// A segment of a path without its percent-encoding. What is no encoding is kept as it is.
pub fn unescaped(segment: &str) -> String {
    let bytes = segment.as_bytes();
    let digit = |at: usize| {
        bytes
            .get(at)
            .and_then(|byte| char::from(*byte).to_digit(16))
            .and_then(|digit| u8::try_from(digit).ok())
    };
    let mut out = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while let Some(byte) = bytes.get(at) {
        match (byte, digit(at + 1), digit(at + 2)) {
            (b'%', Some(high), Some(low)) => {
                out.push(high * 16 + low);
                at += 3;
            }
            _ => {
                out.push(*byte);
                at += 1;
            }
        }
    }
    let text = String::from_utf8_lossy(&out);
    // PostgreSQL cannot hold U+0000.
    text.replace('\0', "\u{FFFD}")
}
