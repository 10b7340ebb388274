//! What a call wants done with an alert that exists.

use domain::word::Action;
use domain::{Span, Timestamp};
use serde_json::{Map, Value};

use super::call::Verb;
use super::create::{author, note, priority, severity_of};
use super::reply::Refusal;
use super::text::{names, tags, texts};
use super::{Edit, Party, body};
use crate::severity::Scale;
use crate::text;
use crate::time::{self, Reading};
use crate::warning::{Warnings, quoted};

/// Longest description and note, in characters.
const TEXT_MAX: usize = 15_000;
/// Longest snooze (PAGING.md §4.7).
const SNOOZE_MAX: Span = Span::from_days(7);

/// One thing to do.
#[derive(Clone, Debug, PartialEq)]
pub enum Order {
    /// Acknowledge or resolve, as a monitor does.
    Signal(Action),
    Unacknowledge,
    Note(String),
    Snooze(Timestamp),
    /// By the policy of this name; without one to the next step.
    Escalate(Option<Party>),
    Assign(Party),
    /// Ask these to help.
    Page(Vec<Party>),
    Edit(Edit),
}

/// What a request wants, in order.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Orders {
    pub list: Vec<Order>,
    pub warnings: Vec<String>,
}

/// Reads the body of a call; `parameter` finds values in the address, and priorities are read by
/// `scale`.
///
/// # Errors
/// The refusal to answer with: a field that the call cannot do without.
pub fn orders(
    verb: &Verb,
    bytes: &[u8],
    parameter: impl Fn(&str) -> Option<String>,
    scale: Scale<'_>,
    now: Timestamp,
) -> Result<Orders, Refusal> {
    let (fields, mended) = body(bytes)?;
    let mut warnings = Warnings::of_body(mended);
    let author = author(&fields)
        .or_else(|| parameter("user"))
        .filter(|name| !name.trim().is_empty());
    let note = note(&fields, author.as_deref(), &mut warnings);
    let mut list = Vec::new();
    if let Some(note) = &note {
        list.push(Order::Note(note.clone()));
    }
    match verb {
        Verb::AddNote if note.is_none() => {
            return Err(Refusal::invalid("note", "can not be empty"));
        }
        Verb::AddNote => {}
        Verb::Close => list.push(Order::Signal(Action::Resolve)),
        Verb::Acknowledge => list.push(Order::Signal(Action::Acknowledge)),
        Verb::Unacknowledge => list.push(Order::Unacknowledge),
        Verb::Snooze => list.push(Order::Snooze(snooze(&fields, now, &mut warnings)?)),
        Verb::Escalate => {
            let to = fields.get("escalation").or(fields.get("escalationId"));
            let to = to.and_then(|value| Party::read(value, "escalation"));
            list.push(Order::Escalate(to));
        }
        Verb::Assign => {
            let owner = match fields.contains_key("owner") {
                true => "owner",
                false => "accountId",
            };
            list.push(Order::Assign(party(&fields, owner, "user")?));
        }
        Verb::AddTeam => list.push(Order::Page(vec![party(&fields, "team", "team")?])),
        Verb::AddResponder => {
            let responders: Vec<Party> = match (fields.get("responder"), fields.get("responders")) {
                (Some(one), _) => Party::read(one, "user").into_iter().collect(),
                (None, Some(Value::Array(several))) => several
                    .iter()
                    .take(100)
                    .filter_map(|one| Party::read(one, "user"))
                    .collect(),
                // Jira Service Management names one at a time.
                _ => {
                    let one = Value::Object(fields.clone());
                    Party::read(&one, "user").into_iter().collect()
                }
            };
            if responders.is_empty() {
                return Err(Refusal::invalid("responder", "can not be empty"));
            }
            list.push(Order::Page(responders));
        }
        Verb::AddTags => {
            let tags = tags(fields.get("tags"), &mut warnings);
            if tags.is_empty() {
                return Err(Refusal::invalid("tags", "can not be empty"));
            }
            list.push(Order::Edit(Edit::AddTags(tags)));
        }
        Verb::RemoveTags => {
            let sent = parameter("tags").map(Value::String);
            let tags = tags(sent.as_ref().or(fields.get("tags")), &mut warnings);
            if tags.is_empty() {
                return Err(Refusal::invalid("tags", "can not be empty"));
            }
            list.push(Order::Edit(Edit::RemoveTags(tags)));
        }
        Verb::AddDetails => match fields.get("details").or(fields.get("extraProperties")) {
            Some(Value::Object(details)) if !details.is_empty() => {
                list.push(Order::Edit(Edit::AddDetails(details.clone())));
            }
            _ => return Err(Refusal::invalid("details", "can not be empty")),
        },
        Verb::RemoveDetails => {
            let keys = match parameter("keys") {
                Some(list) => names(&list),
                None => texts(fields.get("keys")),
            };
            if keys.is_empty() {
                return Err(Refusal::invalid("keys", "can not be empty"));
            }
            list.push(Order::Edit(Edit::RemoveDetails(keys)));
        }
        Verb::Message => {
            let message = needed(&fields, "message", &mut warnings)?;
            if text::one_line(&message).is_empty() {
                return Err(Refusal::invalid("message", "can not be empty"));
            }
            list.push(Order::Edit(Edit::Message(message)));
        }
        Verb::Description => {
            let description = needed(&fields, "description", &mut warnings)?;
            let description = text::cut(&description, TEXT_MAX);
            list.push(Order::Edit(Edit::Description(description)));
        }
        Verb::Priority => {
            if fields.get("priority").is_none_or(Value::is_null) {
                return Err(Refusal::invalid(
                    "priority",
                    "should be one of [ P1, P2, P3, P4, P5 ]",
                ));
            }
            let priority = priority(fields.get("priority"))?;
            let severity = severity_of(priority, scale);
            list.push(Order::Edit(Edit::Priority(priority, severity)));
        }
        Verb::Custom(name) => {
            let name = match name.is_empty() {
                true => &needed(&fields, "actionName", &mut warnings)?,
                false => name,
            };
            warnings.note(format!(
                "the action {} cannot be executed here: a note tells of it",
                quoted(name)
            ));
            let who = author.as_deref().unwrap_or("the monitor");
            let name = text::cut(&text::one_line(name), 100);
            list.push(Order::Note(format!("{who} asked for the action “{name}”")));
        }
    }
    Ok(Orders {
        list,
        warnings: warnings.finish(),
    })
}

fn needed(
    fields: &Map<String, Value>,
    name: &str,
    warnings: &mut Warnings,
) -> Result<String, Refusal> {
    text::lenient(fields.get(name), name, warnings)
        .ok_or_else(|| Refusal::invalid(name, "can not be empty"))
}

fn party(fields: &Map<String, Value>, name: &str, kind: &str) -> Result<Party, Refusal> {
    fields
        .get(name)
        .and_then(|value| Party::read(value, kind))
        .ok_or_else(|| Refusal::invalid(name, "can not be empty"))
}

/// Until when; one that is longer than allowed here is shortened.
fn snooze(
    fields: &Map<String, Value>,
    now: Timestamp,
    warnings: &mut Warnings,
) -> Result<Timestamp, Refusal> {
    let Reading::At(until) = time::read(fields.get("endTime")) else {
        return Err(Refusal::invalid(
            "endTime",
            "should be a date in the future",
        ));
    };
    if until <= now {
        return Err(Refusal::invalid(
            "endTime",
            "should be a date in the future",
        ));
    }
    let latest = now + SNOOZE_MAX;
    if until > latest {
        warnings.note("a snooze lasts 7 days at most: shortened");
        return Ok(latest);
    }
    // A shorter one than a minute is not known here.
    Ok(until.max(now + Span::from_minutes(1)))
}
