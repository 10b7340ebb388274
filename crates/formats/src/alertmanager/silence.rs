//! Silences as Alertmanager's API v2 has them (WIRE-FORMATS.md §1.5). What is silenced through it
//! is a silence of ours, narrowed to the integration whose key was sent.

use std::collections::BTreeMap;

use domain::suppression::{MATCHERS_MAX, MatchOp, Matcher as Rule, Suppression};
use domain::{SuppressionId, Timestamp};
use serde_json::{Value, json};

use super::matcher::Matcher;
use crate::json as reading;
use crate::time::{self, Reading};

/// Names that are fields of every alert here, and labels there.
const FIELDS: [&str; 8] = [
    "severity",
    "summary",
    "source",
    "component",
    "group",
    "class",
    "dedup_key",
    "group_key",
];

/// A silence that is to be made or changed.
#[derive(Clone, Debug)]
pub struct Asked {
    /// Of the one that is to be changed, as it was told before.
    pub id: Option<String>,
    pub matchers: Vec<Rule>,
    pub starts_at: Timestamp,
    pub ends_at: Timestamp,
    pub created_by: String,
    pub comment: String,
}

/// Reads the body of `POST /api/v2/silences`.
///
/// # Errors
/// What is wrong, in a sentence.
pub fn parse(body: &[u8], now: Timestamp) -> Result<Asked, String> {
    let (value, _) = reading::read(body).map_err(|error| error.to_string())?;
    let text = |name: &str| {
        let found = value.get(name).and_then(Value::as_str);
        found.unwrap_or_default().trim().to_owned()
    };
    let Some(Value::Array(given)) = value.get("matchers") else {
        return Err("matchers in body is required".to_owned());
    };
    if given.is_empty() || given.len() > MATCHERS_MAX {
        return Err(format!("a silence has 1 to {MATCHERS_MAX} matchers"));
    }
    let matchers: Result<Vec<Rule>, String> = given.iter().map(matcher).collect();
    for name in ["createdBy", "comment"] {
        // Whoever wonders at night is told who, and why (PAGING.md §3.3).
        if text(name).is_empty() {
            return Err(format!("{name} in body is required"));
        }
    }
    let start = instant(&value, "startsAt")?.unwrap_or(now);
    let end = instant(&value, "endsAt")?.ok_or("endsAt in body is required")?;
    Ok(Asked {
        id: Some(text("id")).filter(|id| !id.is_empty()),
        matchers: matchers?,
        // It cannot have begun before anybody asked for it.
        starts_at: start.max(now),
        ends_at: end,
        created_by: text("createdBy"),
        comment: text("comment"),
    })
}

/// `None` when it is missing or zero.
fn instant(value: &Value, name: &str) -> Result<Option<Timestamp>, String> {
    match time::read(value.get(name)) {
        Reading::At(at) => Ok(Some(at)),
        Reading::Unset => Ok(None),
        Reading::Unreadable => Err(format!("{name} is no time")),
    }
}

fn matcher(value: &Value) -> Result<Rule, String> {
    let text = |name: &str| value.get(name).and_then(Value::as_str);
    let truth = |name: &str| value.get(name).and_then(Value::as_bool);
    let (Some(name), Some(wanted)) = (text("name"), text("value")) else {
        return Err("a matcher has a name and a value".to_owned());
    };
    let regex = truth("isRegex").unwrap_or(false);
    let op = match (truth("isEqual").unwrap_or(true), regex) {
        (true, false) => MatchOp::Equal,
        (false, false) => MatchOp::NotEqual,
        (true, true) => MatchOp::Pattern,
        (false, true) => MatchOp::NotPattern,
    };
    let name = match FIELDS.contains(&name) {
        true => format!("labels.{name}"),
        false => name.to_owned(),
    };
    Rule::new(name, op, wanted).map_err(|error| error.to_string())
}

/// Our id as they write ids, the same every time.
pub fn id_of(id: SuppressionId) -> String {
    let number = u64::from_be_bytes(id.0.to_be_bytes());
    format!(
        "71640000-{:04x}-8000-8000-{:012x}",
        number >> 48,
        number & 0xffff_ffff_ffff
    )
}

/// The id that [`id_of`] wrote.
pub fn id_from(text: &str) -> Option<SuppressionId> {
    let parts: Vec<&str> = text.split('-').collect();
    let [_, high, _, _, low] = parts.as_slice() else {
        return None;
    };
    if high.len() != 4 || low.len() != 12 {
        return None;
    }
    let high = u64::from_str_radix(high, 16).ok()?;
    let low = u64::from_str_radix(low, 16).ok()?;
    let id = SuppressionId(i64::from_be_bytes((high << 48 | low).to_be_bytes()));
    (id_of(id) == text).then_some(id)
}

/// Which silences somebody asks for.
#[derive(Clone, Debug, Default)]
pub struct Query(Vec<Matcher>);

impl Query {
    /// # Errors
    /// What is wrong, in a sentence.
    pub fn parse<'a>(
        parameters: impl IntoIterator<Item = (&'a str, &'a str)>,
    ) -> Result<Query, String> {
        let filters = parameters.into_iter().filter(|(name, _)| *name == "filter");
        let filters: Result<Vec<Matcher>, String> =
            filters.map(|(_, text)| Matcher::parse(text)).collect();
        Ok(Query(filters?))
    }

    /// As Alertmanager has it: a filter speaks of what a silence's matchers say of its name.
    pub fn wants(&self, one: &Suppression) -> bool {
        let said: BTreeMap<String, String> = one
            .matchers
            .iter()
            .map(|matcher| (label(matcher).to_owned(), matcher.value().to_owned()))
            .collect();
        self.0.iter().all(|filter| filter.matches(&said))
    }
}

fn label(matcher: &Rule) -> &str {
    let name = matcher.name();
    match name.strip_prefix("labels.") {
        Some(field) if FIELDS.contains(&field) => field,
        _ => name,
    }
}

/// One silence as they read it. Of one that recurs it is the occurrence that holds, or the next.
/// `ended`: when somebody ended it.
pub fn shown(one: &Suppression, ended: Option<Timestamp>, now: Timestamp) -> Value {
    let next = one.upcoming(now, 1).first().copied();
    let last = one.occurrences.last().copied();
    let (starts_at, ends_at) = next.or(last).unwrap_or((one.starts_at, one.ends_at));
    let (state, ends_at) = match ended {
        Some(at) => ("expired", at),
        None if one.active_until(now).is_some() => ("active", ends_at),
        None if next.is_some() => ("pending", ends_at),
        None => ("expired", ends_at),
    };
    let mut matchers: Vec<Value> = one
        .matchers
        .iter()
        .map(|matcher| {
            let (equal, regex) = match matcher.op() {
                MatchOp::Equal => (true, false),
                MatchOp::NotEqual => (false, false),
                MatchOp::Pattern => (true, true),
                MatchOp::NotPattern => (false, true),
            };
            json!({
                "name": label(matcher), "value": matcher.value(),
                "isRegex": regex, "isEqual": equal,
            })
        })
        .collect();
    // Theirs have at least one.
    if matchers.is_empty() {
        matchers.push(json!({
            "name": "alertname", "value": ".*", "isRegex": true, "isEqual": true,
        }));
    }
    json!({
        "id": id_of(one.id),
        "status": {"state": state},
        "updatedAt": ended.unwrap_or(one.created_at),
        "comment": one.comment,
        "createdBy": one.author,
        "startsAt": starts_at,
        "endsAt": ends_at,
        "matchers": matchers,
        "annotations": {},
    })
}

#[cfg(test)]
mod tests {
    use domain::suppression::SuppressionKind;
    use proptest::prelude::*;

    use super::*;

    const NOW: Timestamp = Timestamp::from_seconds(1_800_000_000);

    fn read(text: &str) -> Result<Asked, String> {
        parse(text.as_bytes(), NOW)
    }

    #[test]
    fn what_amtool_sends_is_read() {
        let asked = read(
            r#"{"matchers": [
                {"name": "alertname", "value": "Disk.*", "isRegex": true},
                {"name": "severity", "value": "info", "isRegex": false, "isEqual": false}],
                "startsAt": "2020-01-01T00:00:00.000Z", "endsAt": "2027-02-01T00:00:00.000Z",
                "createdBy": "ana", "comment": "compaction"}"#,
        )
        .unwrap();
        let said: Vec<String> = asked.matchers.iter().map(Rule::to_string).collect();
        assert_eq!(said, ["alertname=~\"Disk.*\"", "labels.severity!=\"info\""]);
        assert_eq!(asked.starts_at, NOW);
        assert_eq!((asked.id, asked.created_by.as_str()), (None, "ana"));
        for odd in ["", "[]", "{}"] {
            assert!(read(odd).is_err(), "{odd}");
        }
        for odd in [
            r#""matchers": [], "endsAt": "2027-02-01T00:00:00Z""#,
            r#""matchers": [{"name": "a"}], "endsAt": "2027-02-01T00:00:00Z""#,
            r#""matchers": [{"name": "a", "value": "("  , "isRegex": true}], "endsAt": "2027-02-01T00:00:00Z""#,
            r#""matchers": [{"name": "a", "value": "b"}]"#,
            r#""matchers": [{"name": "a", "value": "b"}], "endsAt": "soon""#,
        ] {
            let odd = format!(r#"{{{odd}, "createdBy": "ana", "comment": "x"}}"#);
            let refused = read(&odd).unwrap_err();
            assert!(!refused.contains("createdBy"), "{odd}: {refused}");
        }
    }

    #[test]
    fn who_silences_and_why_is_said() {
        let body = |by: &str, comment: &str| {
            format!(
                r#"{{"matchers": [{{"name": "a", "value": "b"}}],
                    "endsAt": "2027-02-01T00:00:00Z", "createdBy": {by}, "comment": {comment}}}"#
            )
        };
        assert!(read(&body("\"ana\"", "\"x\"")).is_ok());
        for (by, comment, missing) in [
            ("\"\"", "\"x\"", "createdBy"),
            ("null", "\"x\"", "createdBy"),
            ("\"ana\"", "\" \"", "comment"),
        ] {
            let refused = read(&body(by, comment)).unwrap_err();
            assert_eq!(refused, format!("{missing} in body is required"));
        }
    }

    #[test]
    fn a_silence_is_shown_as_theirs() {
        let one = Suppression {
            id: SuppressionId(7),
            kind: SuppressionKind::Silence,
            services: vec![],
            integrations: vec![],
            matchers: vec![Rule::new("labels.severity", MatchOp::Pattern, "a|b").unwrap()],
            starts_at: NOW,
            ends_at: NOW + domain::Span::from_hours(1),
            recurrence: None,
            zone: "UTC".into(),
            occurrences: vec![(NOW, NOW + domain::Span::from_hours(1))],
            comment: "x".into(),
            created_by: None,
            author: "ana".into(),
            created_at: NOW,
        };
        let state = |ended, now| shown(&one, ended, now)["status"]["state"].clone();
        let later = NOW + domain::Span::from_hours(2);
        assert_eq!(state(None, NOW), "active");
        assert_eq!(state(None, NOW - domain::Span::from_hours(1)), "pending");
        assert_eq!(state(None, later), "expired");
        assert_eq!(state(Some(NOW), NOW), "expired");
        let shown = shown(&one, None, NOW);
        assert_eq!(shown["matchers"][0]["name"], "severity");
        let wants = |filter| Query::parse([("filter", filter)]).unwrap().wants(&one);
        assert!(wants("severity=\"a|b\"") && !wants("severity=b") && !wants("other=x"));
    }

    proptest! {
        #[test]
        fn an_id_leads_back(id in any::<i64>()) {
            let id = SuppressionId(id);
            prop_assert_eq!(id_from(&id_of(id)), Some(id));
        }

        #[test]
        fn nothing_else_is_an_id(text in ".{0,40}") {
            if let Some(id) = id_from(&text) {
                prop_assert_eq!(id_of(id), text);
            }
        }

        #[test]
        fn any_body_is_read_or_refused(body in prop::collection::vec(any::<u8>(), 0..200)) {
            drop(parse(&body, NOW));
        }
    }
}
