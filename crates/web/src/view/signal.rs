//! What monitors sent, what was understood of it, and what was decided.

use askama::Template;
use domain::dedup::SignalDecision;
use domain::word::{Action, AlertSeverity};
use domain::{RequestId, Timestamp};

use super::badge::icon;
use super::frame::{Choice, Frame, Link, Markup, Pager};

/// `GET /signals`.
#[derive(Clone, Debug, Template)]
#[template(path = "signal/list.html")]
pub struct SignalListPage {
    pub frame: Frame,
    pub rows: Vec<RequestRow>,
    pub filter: SignalFilter,
    /// By slug.
    pub services: Vec<Choice>,
    /// By id.
    pub integrations: Vec<Choice>,
    pub pager: Pager,
    /// How many of the newest requests words are looked for in.
    pub searched: i64,
}

/// The state of the list, all of it in the address:
/// `?service=checkout&integration=12&decision=rejected&q=words&before=…`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SignalFilter {
    /// A service's slug.
    pub service: String,
    /// An integration's id.
    pub integration: String,
    pub decision: Option<SignalDecision>,
    pub warned: bool,
    pub q: String,
    /// The place of the last request of the part before.
    pub before: Option<String>,
}

/// One request in a list.
#[derive(Clone, Debug)]
pub struct RequestRow {
    pub id: RequestId,
    pub at: Timestamp,
    pub service: Option<Link>,
    pub integration: String,
    /// Who read it, e.g. `PagerDuty Events v2`.
    pub format: String,
    /// What it says, or what is wrong with it.
    pub summary: String,
    pub verdicts: Vec<Verdict>,
    pub warned: bool,
    pub is_replay: bool,
    /// It held nothing but repeats, and stands for all such of its second.
    pub is_sample: bool,
    /// Number of the incident its first alert belongs to.
    pub incident: Option<i64>,
}

/// What was decided, and of how many signals.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Verdict {
    pub decision: SignalDecision,
    pub count: i64,
}

/// `GET /signals/{id}`.
#[derive(Clone, Debug, Template)]
#[template(path = "signal/page.html")]
pub struct SignalPage {
    pub frame: Frame,
    pub row: RequestRow,
    pub method: String,
    pub path: String,
    pub headers: Vec<(String, String)>,
    pub body: String,
    /// In bytes, as it was sent.
    pub size: i64,
    pub complete: bool,
    pub understood: Vec<Understood>,
    /// Signals that are not listed.
    pub more: i64,
    pub warnings: Vec<String>,
    pub problems: Vec<String>,
    pub replay_of: Option<RequestId>,
    pub replays: Vec<RequestId>,
    /// Why it cannot be sent again; `None` when it can.
    pub obstacle: Option<String>,
    /// Of its integration.
    pub all: String,
}

/// One signal that a request held.
#[derive(Clone, Debug)]
pub struct Understood {
    pub action: Action,
    pub severity: AlertSeverity,
    pub dedup_key: String,
    pub summary: String,
    pub decision: SignalDecision,
    /// Why, in words.
    pub reason: String,
    /// Number of its incident.
    pub incident: Option<i64>,
    /// How often its alert was told of.
    pub count: Option<i64>,
}

/// In the order in which people look for them.
pub const DECISIONS: [SignalDecision; 11] = [
    SignalDecision::Rejected,
    SignalDecision::Opened,
    SignalDecision::Joined,
    SignalDecision::Reopened,
    SignalDecision::Repeated,
    SignalDecision::Suppressed,
    SignalDecision::Acknowledged,
    SignalDecision::Resolved,
    SignalDecision::Noted,
    SignalDecision::Ignored,
    SignalDecision::Redelivered,
];

/// A decision in few words.
pub fn decision_word(decision: SignalDecision) -> &'static str {
    match decision {
        SignalDecision::Opened => "opened an incident",
        SignalDecision::Joined => "joined an incident",
        SignalDecision::Reopened => "reopened an incident",
        SignalDecision::Repeated => "repeat, counted",
        SignalDecision::Suppressed => "kept from paging",
        SignalDecision::Acknowledged => "acknowledged",
        SignalDecision::Resolved => "resolved",
        SignalDecision::Noted => "noted",
        SignalDecision::Ignored => "nothing to do",
        SignalDecision::Redelivered => "delivered before",
        SignalDecision::Rejected => "not understood",
    }
}

/// Why it was decided so, in a sentence.
pub fn decision_reason(decision: SignalDecision) -> &'static str {
    match decision {
        SignalDecision::Opened => {
            "No alert with this key was open, so it opened one, and an incident for it."
        }
        SignalDecision::Joined => {
            "No alert with this key was open. Its group had an open incident, which it joined."
        }
        SignalDecision::Reopened => {
            "Its alert came back so soon after the end that the incident was opened again."
        }
        SignalDecision::Repeated => {
            "The alert with this key was open already: its count rose, and nobody was paged again."
        }
        SignalDecision::Suppressed => {
            "The alert was kept, but something held it back from opening an incident."
        }
        SignalDecision::Acknowledged => "It acknowledged the open alert with this key.",
        SignalDecision::Resolved => "It resolved the open alert with this key.",
        SignalDecision::Noted => {
            "It was noted on the timeline of the incident of the open alert with this key, and \
             paged nobody."
        }
        SignalDecision::Ignored => {
            "It spoke of an alert that is not open, so there was nothing to do."
        }
        SignalDecision::Redelivered => {
            "Its sender delivers messages again when it hears no answer; this one had been taken."
        }
        SignalDecision::Rejected => "It could not be read, so it could not page anybody.",
    }
}

/// Why a note was written nowhere; `is_open`: an alert with its key is open.
pub fn unwritten_note(is_open: bool) -> &'static str {
    match is_open {
        true => "The open alert with this key has no incident to note it on, or the note is empty.",
        false => "No alert with this key is open, so there was no incident to note it on.",
    }
}

impl Verdict {
    pub fn badge(&self) -> Markup {
        let (tone, picture) = match self.decision {
            SignalDecision::Rejected => ("tone-alarm", "circle-x"),
            SignalDecision::Opened | SignalDecision::Reopened => ("tone-info", "bell-ringing"),
            SignalDecision::Joined => ("tone-info", "plug"),
            SignalDecision::Acknowledged => ("tone-held", "user-check"),
            SignalDecision::Resolved => ("tone-fine", "circle-check"),
            SignalDecision::Noted => ("tone-off", "note"),
            SignalDecision::Suppressed => ("tone-off", "bell-off"),
            SignalDecision::Repeated => ("tone-off", "refresh"),
            SignalDecision::Ignored | SignalDecision::Redelivered => ("tone-off", "circle-dashed"),
        };
        let many = match self.count {
            0 | 1 => String::new(),
            count => format!("{count} × "),
        };
        Markup(format!(
            "<span class=\"state {tone}\">{}{many}{}</span>",
            icon(picture),
            decision_word(self.decision)
        ))
    }
}

impl Understood {
    fn verdict(&self) -> Verdict {
        Verdict {
            decision: self.decision,
            count: 1,
        }
    }
}

impl RequestRow {
    pub fn href(&self) -> String {
        format!("/signals/{}", self.id)
    }

    pub fn is_bad(&self) -> bool {
        self.verdicts
            .iter()
            .any(|verdict| verdict.decision == SignalDecision::Rejected)
    }
}

impl SignalFilter {
    fn is_rejected(&self) -> bool {
        self.decision == Some(SignalDecision::Rejected)
    }

    pub fn is_narrow(&self) -> bool {
        self.before.is_none() && *self != SignalFilter::default()
    }

    /// The address of the part of the list after `before`.
    pub fn href(&self, before: Option<&str>) -> String {
        let mut query = url::form_urlencoded::Serializer::new(String::new());
        let decision = self.decision.map(SignalDecision::as_str);
        for (name, value) in [
            ("service", self.service.as_str()),
            ("integration", self.integration.as_str()),
            ("decision", decision.unwrap_or_default()),
            ("warned", if self.warned { "yes" } else { "" }),
            ("q", self.q.as_str()),
            ("before", before.unwrap_or_default()),
        ] {
            if !value.is_empty() {
                query.append_pair(name, value);
            }
        }
        match query.finish() {
            query if query.is_empty() => "/signals".to_owned(),
            query => format!("/signals?{query}"),
        }
    }
}

impl SignalListPage {
    fn decisions(&self) -> [SignalDecision; DECISIONS.len()] {
        DECISIONS
    }

    fn word(&self, decision: &SignalDecision) -> &'static str {
        decision_word(*decision)
    }
}

impl SignalPage {
    /// The size as people say it.
    fn size_words(&self) -> String {
        match self.size {
            1 => "1 byte".to_owned(),
            size if size < 10_000 => format!("{size} bytes"),
            size => format!("{} KiB", size / 1024),
        }
    }

    fn replay_url(&self) -> String {
        format!("/signals/{}/replay", self.row.id)
    }
}
