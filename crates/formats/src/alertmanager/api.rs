//! What the API of Alertmanager answers about alerts, for `amtool` and dashboards
//! (WIRE-FORMATS.md §1.5).

use std::collections::BTreeMap;

use domain::Timestamp;
use domain::alert::Alert;
use regex_lite::Regex;
use serde_json::{Map, Value, json};

use super::matcher::{Matcher, pattern};
use super::push::{RESOLVE_TIMEOUT, group_of};

/// Which alerts somebody asks for.
#[derive(Clone, Debug)]
pub struct Query {
    active: bool,
    silenced: bool,
    inhibited: bool,
    muted: bool,
    matchers: Vec<Matcher>,
    receiver: Option<Regex>,
}

impl Query {
    /// Reads the parameters of the address. Those of no meaning here are ignored.
    ///
    /// # Errors
    /// What is wrong, in a sentence.
    pub fn parse<'a>(
        parameters: impl IntoIterator<Item = (&'a str, &'a str)>,
    ) -> Result<Query, String> {
        let mut query = Query {
            active: true,
            silenced: true,
            inhibited: true,
            muted: true,
            matchers: Vec::new(),
            receiver: None,
        };
        for (name, value) in parameters {
            match name {
                "active" => query.active = value != "false",
                "silenced" => query.silenced = value != "false",
                "inhibited" => query.inhibited = value != "false",
                "muted" => query.muted = value != "false",
                "filter" => query.matchers.push(Matcher::parse(value)?),
                "receiver" if !value.is_empty() => query.receiver = Some(pattern(value)?),
                _ => {}
            }
        }
        Ok(query)
    }

    fn wants(&self, open: &Open, labels: &BTreeMap<String, String>, receiver: &str) -> bool {
        (self.active || open.is_held())
            && (self.silenced || open.silenced_by.is_empty())
            && (self.inhibited || open.inhibited_by.is_empty())
            && (self.muted || open.muted_by.is_empty())
            && self.matchers.iter().all(|one| one.matches(labels))
            && self
                .receiver
                .as_ref()
                .is_none_or(|wanted| wanted.is_match(receiver))
    }
}

/// An open alert, and what keeps it from paging.
#[derive(Clone, Debug)]
pub struct Open {
    pub alert: Alert,
    /// Ids of silences, as [`super::silence::id_of`] writes them.
    pub silenced_by: Vec<String>,
    /// Fingerprints of alerts.
    pub inhibited_by: Vec<String>,
    /// What else does, by name.
    pub muted_by: Vec<String>,
}

impl Open {
    fn is_held(&self) -> bool {
        [&self.silenced_by, &self.inhibited_by, &self.muted_by]
            .iter()
            .any(|by| !by.is_empty())
    }
}

/// The array of `GET /api/v2/alerts`. `receiver` is what we call the integration.
pub fn alerts(open: &[Open], query: &Query, receiver: &str, now: Timestamp) -> Value {
    open.iter()
        .filter(|one| query.wants(one, &labels(&one.alert), receiver))
        .map(|one| shown(one, receiver, now))
        .collect()
}

/// The array of `GET /api/v2/alerts/groups`.
pub fn groups(open: &[Open], query: &Query, receiver: &str, now: Timestamp) -> Value {
    let mut groups: BTreeMap<String, (Map<String, Value>, Vec<Value>)> = BTreeMap::new();
    for one in open {
        let alert = &one.alert;
        let labels = labels(alert);
        if !query.wants(one, &labels, receiver) {
            continue;
        }
        let all: Map<String, Value> = labels
            .into_iter()
            .map(|(name, value)| (name, value.into()))
            .collect();
        let key = alert.group_key.clone().or_else(|| group_of(&all));
        let of_group = ["alertname", "cluster", "namespace", "service"]
            .iter()
            .filter_map(|name| Some(((*name).to_owned(), all.get(*name)?.clone())))
            .collect();
        groups
            .entry(key.unwrap_or_else(|| alert.dedup_key.clone()))
            .or_insert_with(|| (of_group, Vec::new()))
            .1
            .push(shown(one, receiver, now));
    }
    groups
        .into_values()
        .map(|(labels, alerts)| {
            json!({"labels": labels, "receiver": {"name": receiver}, "alerts": alerts})
        })
        .collect()
}

/// The object of `GET /api/v2/status`.
pub fn status(version: &str, started: Timestamp) -> Value {
    json!({
        "cluster": {"status": "disabled", "peers": []},
        "config": {"original": "route:\n  receiver: quarterdeck\nreceivers:\n- name: quarterdeck\n"},
        "uptime": started,
        "versionInfo": {
            "branch": "", "buildDate": "", "buildUser": "", "goVersion": "",
            "revision": "", "version": version,
        },
    })
}

/// The array of `GET /api/v2/receivers`.
pub fn receivers(receiver: &str) -> Value {
    json!([{"name": receiver}])
}

/// Labels as texts. An alert of another format has none, and gets some of what it says.
fn labels(alert: &Alert) -> BTreeMap<String, String> {
    let sent = texts(&alert.text.details, "labels");
    if !sent.is_empty() {
        return sent;
    }
    let mut labels = BTreeMap::new();
    let mut add = |name: &str, value: Option<&str>| {
        if let Some(value) = value.filter(|value| !value.is_empty()) {
            labels.insert(name.to_owned(), value.to_owned());
        }
    };
    add("alertname", Some(&alert.text.summary));
    add("instance", Some(&alert.text.source));
    add("severity", Some(alert.text.severity.as_str()));
    add("job", alert.text.component.as_deref());
    labels
}

fn texts(details: &Value, name: &str) -> BTreeMap<String, String> {
    let Some(Value::Object(fields)) = details.get(name) else {
        return BTreeMap::new();
    };
    fields
        .iter()
        .map(|(name, value)| {
            let text = value
                .as_str()
                .map_or_else(|| value.to_string(), str::to_owned);
            (name.clone(), text)
        })
        .collect()
}

fn shown(one: &Open, receiver: &str, now: Timestamp) -> Value {
    let alert = &one.alert;
    let state = if one.is_held() {
        "suppressed"
    } else {
        "active"
    };
    let mut annotations = texts(&alert.text.details, "annotations");
    if alert.text.details.get("annotations").is_none() {
        annotations.insert("summary".into(), alert.text.summary.clone());
    }
    let graph = alert.text.links.iter().find(|link| link.text == "Graph");
    json!({
        "annotations": annotations,
        "endsAt": alert.ends_at.unwrap_or(alert.last_seen.max(now) + RESOLVE_TIMEOUT),
        "fingerprint": alert.dedup_key,
        "generatorURL": graph.map_or("", |link| link.href.as_str()),
        "labels": labels(alert),
        "receivers": [{"name": receiver}],
        "startsAt": alert.monitor_time.unwrap_or(alert.first_seen),
        "status": {
            "state": state, "silencedBy": one.silenced_by, "inhibitedBy": one.inhibited_by,
            "mutedBy": one.muted_by,
        },
        "updatedAt": alert.last_seen,
    })
}
