//! The Heartbeat API (WIRE-FORMATS.md §1.3): `/v2/heartbeats`.

use domain::Span;
use domain::directory::Directory;
use domain::heartbeat::{
    DESCRIPTION_MAX, Heartbeat, HeartbeatSettings, HeartbeatState, MESSAGE_MAX, TAG_MAX, TAGS_MAX,
};
use domain::service::Integration;
use serde_json::{Map, Value, json};

use super::call::unescaped;
use super::create::{priority, priority_of, severity_of};
use super::reply::Refusal;
use crate::severity::Scale;
use crate::text;

/// What an address of the API asks for. Names are resolved from their escapes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Call {
    Create,
    List,
    Get(String),
    Update(String),
    Delete(String),
    Enable(String),
    Disable(String),
    Ping(String),
}

impl Call {
    /// `segments` is what follows `/v2/heartbeats`, split at the slashes and still escaped.
    ///
    /// # Errors
    /// The refusal to answer with.
    pub fn read(method: &str, segments: &[&str]) -> Result<Call, Refusal> {
        let end = segments
            .iter()
            .rposition(|segment| !segment.is_empty())
            .map_or(0, |last| last + 1);
        let changes = matches!(method, "PUT" | "POST" | "PATCH");
        match (method, &segments[..end]) {
            ("POST", []) => Ok(Call::Create),
            ("GET", []) => Ok(Call::List),
            ("GET", [name]) => Ok(Call::Get(unescaped(name))),
            ("DELETE", [name]) => Ok(Call::Delete(unescaped(name))),
            (_, [name]) if changes => Ok(Call::Update(unescaped(name))),
            (_, [name, "ping"]) if changes || method == "GET" => Ok(Call::Ping(unescaped(name))),
            (_, [name, "enable"]) if changes => Ok(Call::Enable(unescaped(name))),
            (_, [name, "disable"]) if changes => Ok(Call::Disable(unescaped(name))),
            _ => Err(Refusal::no_such_address()),
        }
    }
}

/// What a body says: absent stays as it is, or as it is when nothing is said.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Edit {
    pub name: Option<String>,
    pub enabled: Option<bool>,
    fields: Map<String, Value>,
}

impl Edit {
    /// # Errors
    /// What is wrong with a field.
    pub fn parse(bytes: &[u8]) -> Result<Edit, Refusal> {
        let (fields, _) = super::body(bytes)?;
        let name = string(&fields, "name")?;
        let enabled = match fields.get("enabled") {
            None | Some(Value::Null) => None,
            Some(Value::Bool(enabled)) => Some(*enabled),
            Some(Value::String(text)) if text == "true" || text == "false" => Some(text == "true"),
            Some(_) => return Err(Refusal::invalid("enabled", "should be true or false")),
        };
        Ok(Edit {
            name,
            enabled,
            fields,
        })
    }

    /// The settings of a new heartbeat.
    ///
    /// # Errors
    /// What is missing or wrong.
    pub fn create(&self) -> Result<HeartbeatSettings, Refusal> {
        let name = self
            .name
            .clone()
            .ok_or_else(|| Refusal::invalid("name", "can not be empty"))?;
        if !self.fields.contains_key("interval") {
            return Err(Refusal::invalid("interval", "can not be empty"));
        }
        let mut settings = HeartbeatSettings::new(name, Span::from_minutes(1));
        settings.grace = Span::ZERO;
        settings.severity = severity_of(priority(None)?, Scale::default());
        self.apply(&mut settings)?;
        Ok(settings)
    }

    /// Changes what is said.
    ///
    /// # Errors
    /// What is wrong.
    pub fn apply(&self, settings: &mut HeartbeatSettings) -> Result<(), Refusal> {
        let fields = &self.fields;
        let has = |name: &str| fields.get(name).is_some_and(|value| !value.is_null());
        if let Some(name) = &self.name {
            settings.name.clone_from(name);
        }
        if has("description") {
            let text = string(fields, "description")?.unwrap_or_default();
            settings.description = text::cut(&text, DESCRIPTION_MAX);
        }
        if has("interval") || has("intervalUnit") {
            let (count, unit) = interval(settings.interval);
            let count = match fields.get("interval") {
                None | Some(Value::Null) => count,
                Some(value) => number(value)
                    .filter(|count| *count >= 1)
                    .ok_or_else(|| Refusal::invalid("interval", "should be 1 or more"))?,
            };
            let unit = string(fields, "intervalUnit")?.unwrap_or_else(|| unit.to_owned());
            let one = match unit.to_lowercase().as_str() {
                "minute" | "minutes" => Span::from_minutes(1),
                "hour" | "hours" => Span::from_hours(1),
                "day" | "days" => Span::from_days(1),
                _ => {
                    let message = "should be one of [ minutes, hours, days ]";
                    return Err(Refusal::invalid("intervalUnit", message));
                }
            };
            settings.interval = one * count;
        }
        if has("alertMessage") {
            let message = string(fields, "alertMessage")?;
            settings.message = message.map(|text| text::cut(&text::one_line(&text), MESSAGE_MAX));
        }
        if let Some(tags) = fields.get("alertTags").filter(|tags| !tags.is_null()) {
            let tags = tags
                .as_array()
                .ok_or_else(|| Refusal::invalid("alertTags", "should be an array"))?;
            settings.tags = tags
                .iter()
                .filter_map(Value::as_str)
                .map(|tag| text::cut(&text::one_line(tag), TAG_MAX))
                .filter(|tag| !tag.is_empty())
                .take(TAGS_MAX)
                .collect();
        }
        if has("alertPriority") {
            let priority = priority(fields.get("alertPriority")).map_err(|_| {
                Refusal::invalid("alertPriority", "should be one of [ P1, P2, P3, P4, P5 ]")
            })?;
            // P4 is of the same severity as P3: what is not said otherwise stays.
            if priority_of(settings.severity) != priority {
                settings.severity = severity_of(priority, Scale::default());
            }
        }
        Ok(())
    }
}

fn string(fields: &Map<String, Value>, name: &str) -> Result<Option<String>, Refusal> {
    match fields.get(name) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) => {
            let text = text.trim().replace('\0', "\u{fffd}");
            Ok(Some(text).filter(|text| !text.is_empty()))
        }
        Some(_) => Err(Refusal::invalid(name, "should be a text")),
    }
}

fn number(value: &Value) -> Option<i64> {
    match value {
        Value::Number(number) => number.as_i64(),
        Value::String(text) => text.trim().parse().ok(),
        _ => None,
    }
}

/// As a number of the largest unit that it is a number of; seconds are rounded up to minutes.
fn interval(span: Span) -> (i64, &'static str) {
    let minutes = (span.as_seconds() + 59) / 60;
    match minutes {
        _ if minutes % (24 * 60) == 0 => (minutes / (24 * 60), "days"),
        _ if minutes % 60 == 0 => (minutes / 60, "hours"),
        _ => (minutes, "minutes"),
    }
}

/// A heartbeat as answers show it.
pub fn view(beat: &Heartbeat, integration: &Integration, directory: &Directory) -> Value {
    let settings = &beat.settings;
    let (count, unit) = interval(settings.interval);
    let team = directory
        .service(integration.service_id)
        .and_then(|service| directory.team(service.team_id?));
    let mut shown = json!({
        "name": settings.name,
        "description": settings.description,
        "interval": count,
        "intervalUnit": unit,
        "enabled": beat.state != HeartbeatState::Paused,
        "expired": beat.state.is_down(),
        "alertMessage": settings
            .message
            .clone()
            .unwrap_or_else(|| format!("{} is expired", settings.name)),
        "alertTags": settings.tags,
        "alertPriority": priority_of(settings.severity),
    });
    if let Some(at) = beat.last_ping {
        shown["lastPingTime"] = at.to_string().into();
    }
    if let Some(team) = team {
        shown["ownerTeam"] = json!({"id": team.id.0.to_string(), "name": team.name});
    }
    shown
}

#[cfg(test)]
mod tests {
    use super::*;
    use domain::word::AlertSeverity;

    #[test]
    fn every_address_is_read() {
        let read = |method, path: &str| Call::read(method, &path.split('/').collect::<Vec<_>>());
        assert_eq!(read("POST", ""), Ok(Call::Create));
        assert_eq!(read("GET", "/"), Ok(Call::List));
        assert_eq!(read("GET", "a%2Fb/"), Ok(Call::Get("a/b".into())));
        for method in ["GET", "POST", "PUT", "PATCH"] {
            assert_eq!(read(method, "x/ping"), Ok(Call::Ping("x".into())));
        }
        assert_eq!(read("PATCH", "x"), Ok(Call::Update("x".into())));
        assert_eq!(read("POST", "x/disable"), Ok(Call::Disable("x".into())));
        assert_eq!(read("DELETE", "x"), Ok(Call::Delete("x".into())));
        for (method, path) in [("GET", "x/enable"), ("DELETE", ""), ("POST", "x/y/z")] {
            assert!(read(method, path).is_err(), "{method} {path}");
        }
    }

    fn created(body: &str) -> Result<HeartbeatSettings, Refusal> {
        Edit::parse(body.as_bytes())?.create()
    }

    #[test]
    fn a_body_becomes_settings() {
        let settings = created(
            r#"{"name": "n", "description": "d", "interval": 10, "intervalUnit": "hours",
                "enabled": true, "ownerTeam": {"name": "ops"}, "alertMessage": "No n",
                "alertTags": ["a", "", 3], "alertPriority": "P1"}"#,
        )
        .unwrap();
        assert_eq!(settings.interval, Span::from_hours(10));
        assert_eq!(settings.message.as_deref(), Some("No n"));
        assert_eq!(settings.tags, ["a"]);
        assert_eq!(settings.severity, AlertSeverity::Critical);
        assert!(settings.problems().is_empty());
        let least = created(r#"{"name": "n", "interval": "5"}"#).unwrap();
        assert_eq!(least.interval, Span::from_minutes(5));
        let mut edited = settings.clone();
        let edit = Edit::parse(br#"{"interval": 3, "enabled": false}"#).unwrap();
        edit.apply(&mut edited).unwrap();
        assert_eq!(edited.interval, Span::from_hours(3), "the unit stays");
        assert_eq!(edit.enabled, Some(false));
        for bad in [
            r#"{"interval": 1}"#,
            r#"{"name": "n"}"#,
            r#"{"name": "n", "interval": 0}"#,
            r#"{"name": "n", "interval": 1, "intervalUnit": "weeks"}"#,
            r#"{"name": "n", "interval": 1, "alertPriority": "P9"}"#,
            r#"{"name": 7, "interval": 1}"#,
            r#"{"name": "n", "interval": 1, "enabled": "maybe"}"#,
            "[]",
        ] {
            assert_eq!(
                created(bad).map_err(|refusal| refusal.status),
                Err(422),
                "{bad}"
            );
        }
    }

    #[test]
    fn an_interval_is_told_in_whole_units() {
        assert_eq!(interval(Span::from_seconds(30)), (1, "minutes"));
        assert_eq!(interval(Span::from_minutes(90)), (90, "minutes"));
        assert_eq!(interval(Span::from_hours(6)), (6, "hours"));
        assert_eq!(interval(Span::from_days(30)), (30, "days"));
    }
}
