//! What is sent: an event about a condition, or a change.

use clap::ArgMatches;
use domain::word::{Action, AlertSeverity};
use domain::{Span, Timestamp};
use engine::clock::{Clock as _, SystemClock};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use super::job::End;
use super::target::Target;
use crate::failure::Failure;

/// One message, as it waits and as it is sent.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "kind")]
pub enum Message {
    Event { event: Event },
    Change { change: Map<String, Value> },
    Heartbeat { heartbeat: Beat },
}

/// A ping of a heartbeat.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Beat {
    pub name: String,
    /// `success`, `start`, `fail`, or the exit status of a job.
    pub says: String,
    /// The end of what the job said.
    #[serde(skip_serializing_if = "String::is_empty", default)]
    pub output: String,
}

/// What is posted.
#[derive(Debug)]
pub enum Body {
    Json(Value),
    Text(String),
}

/// A statement about a condition.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Event {
    pub action: Action,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub dedup_key: Option<String>,
    pub summary: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub severity: Option<AlertSeverity>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub source: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub component: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub group: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub class: Option<String>,
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub links: Vec<String>,
    #[serde(skip_serializing_if = "Map::is_empty", default)]
    pub details: Map<String, Value>,
    /// When it happened: a message may wait long before it is sent.
    pub timestamp: Timestamp,
}

impl Event {
    /// A bare event of now.
    pub fn new(action: Action, summary: impl Into<String>) -> Event {
        Event {
            action,
            dedup_key: None,
            summary: summary.into(),
            severity: None,
            source: None,
            component: None,
            group: None,
            class: None,
            links: vec![],
            details: Map::new(),
            timestamp: SystemClock.now(),
        }
    }
}

impl Message {
    pub fn event(event: Event) -> Message {
        Message::Event { event }
    }

    /// The event that the flags describe.
    ///
    /// # Errors
    /// When it has neither summary nor dedup key, a trigger has no summary, or a note lacks either.
    pub fn of_flags(matches: &ArgMatches) -> Result<Message, Failure> {
        let text = |name: &str| matches.get_one::<String>(name).cloned();
        let action: Action = text("action")
            .unwrap_or_default()
            .parse()
            .unwrap_or(Action::Trigger);
        let summary = text("summary").unwrap_or_default();
        let dedup_key = text("dedup-key");
        if action == Action::Note && (summary.trim().is_empty() || dedup_key.is_none()) {
            let what = "a note needs its text, --summary, and the --dedup-key of an alert";
            return Err(Failure::usage(what).next("`quarterdeck send --help` shows examples."));
        }
        if summary.trim().is_empty() && (action == Action::Trigger || dedup_key.is_none()) {
            let what = if action == Action::Trigger {
                "a trigger needs --summary"
            } else {
                "say of what: --dedup-key, or the --summary of the trigger"
            };
            return Err(Failure::usage(what).next("`quarterdeck send --help` shows examples."));
        }
        Ok(Message::event(Event {
            dedup_key,
            severity: text("severity").and_then(|word| word.parse().ok()),
            source: text("source").or_else(host_name),
            component: text("component"),
            group: text("group"),
            class: text("class"),
            links: texts(matches, "link"),
            details: details(matches)?,
            ..Event::new(action, summary)
        }))
    }

    /// The change that the flags describe, in the shape of PagerDuty's change events.
    ///
    /// # Errors
    /// When it has no summary.
    pub fn change(matches: &ArgMatches) -> Result<Message, Failure> {
        let text = |name: &str| matches.get_one::<String>(name).cloned();
        let Some(summary) = text("summary").filter(|summary| !summary.trim().is_empty()) else {
            return Err(Failure::usage("a change needs --summary"));
        };
        let links: Vec<Value> = texts(matches, "link")
            .into_iter()
            .map(|href| json!({ "href": href }))
            .collect();
        let change = json!({
            "payload": {
                "summary": summary,
                "source": text("source").or_else(host_name),
                "timestamp": SystemClock.now(),
                "custom_details": details(matches)?,
            },
            "links": links,
        });
        let Value::Object(change) = change else {
            return Err(Failure::new("the change could not be written as JSON"));
        };
        Ok(Message::Change { change })
    }

    /// A ping that says this word.
    pub fn heartbeat(name: &str, says: &str) -> Message {
        Message::Heartbeat {
            heartbeat: Beat {
                name: name.to_owned(),
                says: says.to_owned(),
                output: String::new(),
            },
        }
    }

    /// The ping of a job's end.
    pub fn job_ended(name: &str, end: &End) -> Message {
        let plain = end.worked() || end.how == format!("failed with exit code {}", end.code);
        let output = match (end.worked(), plain) {
            (true, _) => String::new(),
            (false, true) => end.last_words.clone(),
            // What the exit status alone does not tell.
            (false, false) => format!("{}\n{}", end.how, end.last_words),
        };
        Message::Heartbeat {
            heartbeat: Beat {
                name: name.to_owned(),
                says: end.code.to_string(),
                output,
            },
        }
    }

    pub fn job_failed(job: &Job, end: &End) -> Message {
        let mut details = Map::new();
        details.insert("command".into(), end.command.clone().into());
        details.insert("took_seconds".into(), end.took.as_secs().into());
        if !end.last_words.is_empty() {
            details.insert("output".into(), end.last_words.clone().into());
        }
        Message::event(Event {
            dedup_key: Some(job.dedup_key.clone()),
            severity: Some(AlertSeverity::Error),
            source: job.source.clone(),
            class: Some("job".into()),
            details,
            ..Event::new(Action::Trigger, format!("{} {}", job.name, end.how))
        })
    }

    pub fn job_recovered(job: &Job) -> Message {
        Message::event(Event {
            dedup_key: Some(job.dedup_key.clone()),
            source: job.source.clone(),
            ..Event::new(Action::Resolve, format!("{} worked", job.name))
        })
    }

    /// What a list of waiting messages shows.
    pub fn title(&self) -> String {
        match self {
            Message::Event { event } => {
                let of = event.dedup_key.as_deref().unwrap_or_default();
                let text = if event.summary.is_empty() {
                    of
                } else {
                    &event.summary
                };
                format!("{} {text}", event.action)
            }
            Message::Change { change } => {
                let summary = change
                    .get("payload")
                    .and_then(|payload| payload.get("summary"));
                format!(
                    "change {}",
                    summary.and_then(Value::as_str).unwrap_or_default()
                )
            }
            Message::Heartbeat { heartbeat } => {
                format!("heartbeat {} {}", heartbeat.name, heartbeat.says)
            }
        }
    }

    /// The address and the body. A ping says how long ago it happened, if it had to wait: what is
    /// old is no sign of life, and the clocks of two machines need not agree.
    pub fn request(&self, target: &Target, waited: Span) -> (String, Body) {
        match self {
            Message::Event { event } => (target.address("/events"), Body::Json(json!(event))),
            Message::Change { change } => {
                let mut change = change.clone();
                change.insert("routing_key".into(), target.key.clone().into());
                (
                    target.address("/v2/change/enqueue"),
                    Body::Json(change.into()),
                )
            }
            Message::Heartbeat { heartbeat } => {
                let name = segment(&heartbeat.name);
                let mut path = format!("/heartbeats/{name}");
                if heartbeat.says != "success" {
                    path = format!("{path}/{}", heartbeat.says);
                }
                if waited >= WAITED {
                    path = format!("{path}?age={}", waited.as_seconds());
                }
                (target.address(&path), Body::Text(heartbeat.output.clone()))
            }
        }
    }
}

/// A ping that waited for less was not kept.
const WAITED: Span = Span::from_seconds(2);

/// A text as one segment of an address.
fn segment(text: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_~".contains(&byte);
    let mut out = String::new();
    for byte in text.bytes() {
        match plain(byte) {
            true => out.push(char::from(byte)),
            false => out.push_str(&format!("%{byte:02X}")),
        }
    }
    out
}

/// A heartbeat's name, as the server would have it.
///
/// # Errors
/// When it is empty, too long, or more than a line.
pub fn heartbeat_name(name: &str) -> Result<String, Failure> {
    let name = name.trim();
    let long = name.chars().count() > domain::heartbeat::NAME_MAX;
    if name.is_empty() || long || name.chars().any(char::is_control) {
        return Err(Failure::usage(
            "--heartbeat: give the name of a heartbeat of the integration",
        ));
    }
    Ok(name.to_owned())
}

/// A job whose ends are told.
#[derive(Clone, Debug)]
pub struct Job {
    name: String,
    source: Option<String>,
    /// Tells it from jobs of the same name on other machines.
    pub dedup_key: String,
}

impl Job {
    /// The job that the flags describe.
    ///
    /// # Errors
    /// When its name holds anything but letters, digits, `-`, `_` and `.`.
    pub fn of(matches: &ArgMatches, name: &str) -> Result<Job, Failure> {
        let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
        if name.is_empty() || name.len() > 100 || !name.chars().all(plain) {
            return Err(Failure::usage(format!(
                "--job {name}: a name holds 1 to 100 letters, digits, - _ and ."
            )));
        }
        let text = |name: &str| matches.get_one::<String>(name).cloned();
        let source = text("source").or_else(host_name);
        let key = || match &source {
            Some(source) => format!("job:{source}:{name}"),
            None => format!("job:{name}"),
        };
        Ok(Job {
            name: name.to_owned(),
            dedup_key: text("dedup-key").unwrap_or_else(key),
            source,
        })
    }
}

/// What this machine calls itself.
pub fn host_name() -> Option<String> {
    let name = std::fs::read_to_string("/proc/sys/kernel/hostname")
        .ok()
        .or_else(|| std::env::var("HOSTNAME").ok())?;
    Some(name.trim().to_owned()).filter(|name| !name.is_empty())
}

fn texts(matches: &ArgMatches, name: &str) -> Vec<String> {
    matches
        .get_many::<String>(name)
        .into_iter()
        .flatten()
        .cloned()
        .collect()
}

fn details(matches: &ArgMatches) -> Result<Map<String, Value>, Failure> {
    pairs(matches, "detail").map(|pairs| {
        pairs
            .into_iter()
            .map(|(name, value)| (name, value.into()))
            .collect()
    })
}

/// Values of a flag of the form `NAME=VALUE`.
///
/// # Errors
/// When one has no `=`.
pub fn pairs(matches: &ArgMatches, flag: &str) -> Result<Vec<(String, String)>, Failure> {
    texts(matches, flag)
        .into_iter()
        .map(|text| match text.split_once('=') {
            Some((name, value)) if !name.is_empty() => Ok((name.to_owned(), value.to_owned())),
            _ => Err(Failure::usage(format!(
                "--{flag} {text}: write it as NAME=VALUE"
            ))),
        })
        .collect()
}
