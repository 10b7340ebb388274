//! Heartbeats: the list, one of them, its form.

use askama::Template;
use domain::heartbeat::{Event, EventKind, HeartbeatState};
use domain::word::{AlertSeverity, AlertStatus};
use domain::{HeartbeatId, Span, Timestamp};

use super::badge::{Tone, badge, icon};
use super::form::Form;
use super::frame::{Choice, ChoiceGroup, Frame, Link, Markup};

/// `GET /heartbeats?q=&service=&state=&after=`.
#[derive(Clone, Debug, Template)]
#[template(path = "heartbeat/list.html")]
pub struct HeartbeatListPage {
    pub frame: Frame,
    /// Those that are down first.
    pub rows: Vec<HeartbeatRow>,
    pub filter: HeartbeatFilter,
    /// Values are slugs.
    pub services: Vec<Choice>,
    /// How many there are of each state, whatever the filter.
    pub counts: Vec<(HeartbeatState, i64)>,
    /// Address of the rows that follow.
    pub more: Option<String>,
}

impl HeartbeatListPage {
    fn states(&self) -> &'static [HeartbeatState] {
        HeartbeatState::ALL
    }

    fn here(&self) -> String {
        self.filter.href(self.filter.after)
    }
}

/// Which heartbeats the list shows.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct HeartbeatFilter {
    pub q: String,
    /// Slug.
    pub service: String,
    pub state: Option<HeartbeatState>,
    /// Only what follows this one.
    pub after: Option<HeartbeatId>,
}

impl HeartbeatFilter {
    /// Reads the query of an address; what it does not understand it leaves out.
    pub fn from_query(query: &str) -> HeartbeatFilter {
        let mut filter = HeartbeatFilter::default();
        for (name, value) in url::form_urlencoded::parse(query.as_bytes()) {
            match name.as_ref() {
                "q" => filter.q = value.trim().replace('\0', ""),
                "service" => filter.service = value.into_owned(),
                "state" => filter.state = value.parse().ok(),
                "after" => filter.after = value.parse().ok(),
                _ => {}
            }
        }
        filter
    }

    pub fn is_plain(&self) -> bool {
        *self == HeartbeatFilter::default()
    }

    /// The address of the same filter, from another place on.
    pub fn href(&self, after: Option<HeartbeatId>) -> String {
        let mut query = url::form_urlencoded::Serializer::new(String::new());
        if !self.q.is_empty() {
            query.append_pair("q", &self.q);
        }
        if !self.service.is_empty() {
            query.append_pair("service", &self.service);
        }
        if let Some(state) = self.state {
            query.append_pair("state", state.as_str());
        }
        if let Some(after) = after {
            query.append_pair("after", &after.to_string());
        }
        match query.finish() {
            query if query.is_empty() => "/heartbeats".to_owned(),
            query => format!("/heartbeats?{query}"),
        }
    }
}

/// One heartbeat as the list shows it, and the top of its page.
#[derive(Clone, Debug)]
pub struct HeartbeatRow {
    pub id: HeartbeatId,
    pub name: String,
    pub service: Option<Link>,
    pub integration: String,
    pub state: HeartbeatState,
    pub interval: Span,
    pub grace: Span,
    pub last_ping: Option<Timestamp>,
    pub due_at: Option<Timestamp>,
    pub running_since: Option<Timestamp>,
}

impl HeartbeatRow {
    /// `every day`, `every 6 h`.
    fn every(&self) -> String {
        let interval = self.interval.to_string();
        match interval.as_str() {
            "1 d" => "every day".to_owned(),
            "1 h" => "every hour".to_owned(),
            "1 m" => "every minute".to_owned(),
            _ => format!("every {interval}"),
        }
    }
}

/// `GET /heartbeats/{id}`.
#[derive(Clone, Debug, Template)]
#[template(path = "heartbeat/page.html")]
pub struct HeartbeatPage {
    pub frame: Frame,
    pub row: HeartbeatRow,
    pub description: String,
    pub longest_run: Option<Span>,
    pub severity: AlertSeverity,
    pub message: Option<String>,
    pub tags: Vec<String>,
    /// In the grace after an outage of ours.
    pub in_grace: bool,
    /// Newest first.
    pub history: Vec<Event>,
    /// Its newest alerts.
    pub alerts: Vec<HeartbeatAlert>,
    /// Where to ping, for those who may know.
    pub address: Option<String>,
    /// Of this installation.
    pub base_url: String,
    /// What went wrong with deleting it.
    pub form: Form,
}

/// An alert of a heartbeat.
#[derive(Clone, Debug)]
pub struct HeartbeatAlert {
    pub status: AlertStatus,
    pub summary: String,
    pub opened: Timestamp,
    pub resolved: Option<Timestamp>,
    pub incident: Option<Link>,
    /// What keeps it from paging.
    pub suppressed: Option<String>,
}

/// Something to copy.
struct Snippet {
    id: &'static str,
    title: &'static str,
    text: &'static str,
    code: String,
}

impl HeartbeatPage {
    fn slug(&self) -> &str {
        &self.row.name
    }

    fn base(&self) -> String {
        format!("/heartbeats/{}", self.row.id)
    }

    /// A button of its own form.
    fn button(&self, verb: &str, label: &str, picture: &str, class: &str) -> Markup {
        let action = format!("{}/{verb}", self.base());
        self.frame.button(&action, label, picture, class)
    }

    fn new_address(&self) -> Markup {
        self.frame.confirmed_button(
            &format!("{}/rotate", self.base()),
            "New address",
            "key",
            "",
            "Pings to the present address will be refused. Make a new one?",
        )
    }

    fn snippets(&self) -> Vec<Snippet> {
        let Some(url) = &self.address else {
            return Vec::new();
        };
        let curl = "curl -fsS -m 10 --retry 5 -o /dev/null";
        let name = self.row.name.replace('\'', "'\\''");
        vec![
            Snippet {
                id: "curl",
                title: "curl",
                text: "All is well. With /start, /fail or an exit status behind it, it says that instead.",
                code: format!("{curl} {url}"),
            },
            Snippet {
                id: "cron",
                title: "cron",
                text: "Pings when the job has worked.",
                code: format!("15 2 * * *  /usr/local/bin/backup --all && {curl} {url}"),
            },
            Snippet {
                id: "send",
                title: "quarterdeck send",
                text: "Runs the job, keeps its exit status, tells when it begins and how it ends, with the end of its output; pings wait on the disk while the server cannot be reached.",
                code: format!(
                    "export QUARTERDECK_SEND_URL={}\nexport QUARTERDECK_SEND_KEY_FILE=/etc/quarterdeck/key   # of the integration {}\nquarterdeck send --heartbeat '{name}' -- /usr/local/bin/backup --all",
                    self.base_url, self.row.integration
                ),
            },
            Snippet {
                id: "systemd",
                title: "systemd",
                text: "In the service that a timer starts.",
                code: format!(
                    "[Service]\nType=oneshot\nExecStartPre=-/usr/bin/{curl} {url}/start\nExecStart=/usr/local/bin/backup --all\nExecStopPost=/bin/sh -c '[ \"$$SERVICE_RESULT\" = success ] && said= || said=/fail; {curl} {url}$$said'"
                ),
            },
            Snippet {
                id: "kubernetes",
                title: "Kubernetes CronJob",
                text: "The image needs a shell and curl.",
                code: format!(
                    "apiVersion: batch/v1\nkind: CronJob\nmetadata:\n  name: backup\nspec:\n  schedule: \"15 2 * * *\"\n  concurrencyPolicy: Forbid\n  jobTemplate:\n    spec:\n      backoffLimit: 0\n      template:\n        spec:\n          restartPolicy: Never\n          containers:\n            - name: backup\n              image: registry.example.com/backup\n              command: [\"/bin/sh\", \"-c\"]\n              args:\n                - |\n                  {curl} {url}/start\n                  backup --all\n                  status=$?\n                  {curl} {url}/$status\n                  exit $status"
                ),
            },
        ]
    }
}

/// `GET /heartbeats/new?integration=`, `GET /heartbeats/{id}/edit`. Fields: `integration` (id, of a
/// new one only) `name` `description` `interval` `grace` `longest_run` (durations such as `1h30m`)
/// `severity` `message` `tags` (with commas).
#[derive(Clone, Debug, Template)]
#[template(path = "heartbeat/form.html")]
pub struct HeartbeatFormPage {
    pub frame: Frame,
    /// `None`: a new one.
    pub id: Option<HeartbeatId>,
    /// By service.
    pub integrations: Vec<ChoiceGroup>,
    pub form: Form,
}

impl HeartbeatFormPage {
    fn severities(&self) -> Vec<Choice> {
        AlertSeverity::ALL
            .iter()
            .map(|word| Choice::new(word, capital(word.as_str())))
            .collect()
    }

    fn back(&self) -> String {
        match self.id {
            Some(id) => format!("/heartbeats/{id}"),
            None => "/heartbeats".to_owned(),
        }
    }
}

fn capital(word: &str) -> String {
    let mut letters = word.chars();
    letters
        .next()
        .map(|first| first.to_uppercase().chain(letters).collect())
        .unwrap_or_default()
}

impl Frame {
    pub fn heartbeat_state(&self, state: &HeartbeatState) -> Markup {
        let (tone, picture) = match state {
            HeartbeatState::Waiting => (Tone::Info, "circle-dashed"),
            HeartbeatState::Healthy => (Tone::Fine, "circle-check"),
            HeartbeatState::Expired => (Tone::Alarm, "bell-ringing"),
            HeartbeatState::Failed => (Tone::Alarm, "circle-x"),
            HeartbeatState::Paused => (Tone::Off, "player-pause"),
        };
        badge(tone, picture, self.heartbeat_word(state))
    }

    pub fn heartbeat_word(&self, state: &HeartbeatState) -> &'static str {
        match state {
            HeartbeatState::Waiting => "Waiting",
            HeartbeatState::Healthy => "Healthy",
            HeartbeatState::Expired => "Expired",
            HeartbeatState::Failed => "Failed",
            HeartbeatState::Paused => "Paused",
        }
    }

    pub fn heartbeat_event_icon(&self, event: &Event) -> Markup {
        icon(match event.kind {
            EventKind::Success => "check",
            EventKind::Start => "player-play",
            EventKind::Fail => "circle-x",
            EventKind::Missed => "bell-ringing",
            EventKind::Grace => "clock-pause",
            EventKind::Paused => "player-pause",
            EventKind::Resumed => "player-play",
        })
    }

    /// What an event was, as people read it.
    pub fn heartbeat_event(&self, event: &Event) -> String {
        let exit = match event.exit_status {
            Some(status) if status != 0 => format!(" with exit status {status}"),
            _ => String::new(),
        };
        let what = match event.kind {
            EventKind::Success => "Ping: all is well",
            EventKind::Start => "A run began",
            EventKind::Fail => "Ping: the job has failed",
            EventKind::Missed => "No ping came in time",
            EventKind::Grace => "Another interval, since nobody was here to hear a ping",
            EventKind::Paused => "Paused",
            EventKind::Resumed => "Resumed",
        };
        let late = match (event.stale, event.received_at) {
            (true, _) => ", heard of too late to change anything",
            (false, Some(_)) => ", heard of later",
            (false, None) => "",
        };
        let took = match event.took {
            Some(took) => format!(" after {took}"),
            None => String::new(),
        };
        format!("{what}{exit}{took}{late}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_filter_survives_its_address() {
        let filter = HeartbeatFilter {
            q: "a & b".into(),
            service: "checkout".into(),
            state: Some(HeartbeatState::Expired),
            after: Some(HeartbeatId(7)),
        };
        let address = filter.href(filter.after);
        let query = address.strip_prefix("/heartbeats?").unwrap();
        assert_eq!(HeartbeatFilter::from_query(query), filter);
        assert_eq!(HeartbeatFilter::default().href(None), "/heartbeats");
        assert!(HeartbeatFilter::from_query("state=x&after=y").is_plain());
    }
}
