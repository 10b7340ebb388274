//! What is wrong with a configuration.

use std::collections::HashSet;

use super::{Layer, Restriction, RotationUnit, ScheduleConfig, TimeOfDay};

/// One thing wrong with a configuration, and where.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{path}: {message}")]
pub struct ConfigProblem {
    /// Path of the field, e.g. `layers[1].rotation.length`.
    pub path: String,
    /// For people, without the path.
    pub message: String,
}

const LAYERS_MAX: usize = 50;
const PARTICIPANTS_MAX: usize = 500;
const USERS_MAX: usize = 100;
const RESTRICTIONS_MAX: usize = 50;
const NAME_MAX: usize = 100;
const YEARS: std::ops::RangeInclusive<i16> = 1970..=2199;

/// Every problem of a configuration at once. Whatever passes here renders as it says; what does not
/// pass still renders, without panics and within bounds.
pub fn validate(config: &ScheduleConfig) -> Result<(), Vec<ConfigProblem>> {
    let mut problems = Problems::default();
    if jiff::tz::TimeZone::get(&config.zone).is_err() {
        let message = format!(
            "`{}` is not an IANA time zone such as Europe/Berlin",
            config.zone
        );
        problems.add("zone", message);
    }
    if config.layers.is_empty() {
        problems.add("layers", "a schedule needs at least one layer");
    }
    problems.limit("layers", config.layers.len(), LAYERS_MAX);
    let mut names = HashSet::new();
    for (index, layer) in config.layers.iter().enumerate() {
        let path = format!("layers[{index}]");
        check_layer(&mut problems, &path, layer);
        if !names.insert(layer.name.trim().to_lowercase()) {
            problems.add(format!("{path}.name"), "another layer has this name");
        }
    }
    if problems.0.is_empty() {
        Ok(())
    } else {
        Err(problems.0)
    }
}

fn check_layer(problems: &mut Problems, path: &str, layer: &Layer) {
    if layer.name.trim().is_empty() {
        problems.add(format!("{path}.name"), "a layer needs a name");
    } else if layer.name.chars().count() > NAME_MAX {
        let message = format!("a name has at most {NAME_MAX} characters");
        problems.add(format!("{path}.name"), message);
    }

    let participants = format!("{path}.participants");
    if layer.participants.iter().all(|one| one.users.is_empty()) {
        problems.add(&*participants, "a layer needs somebody who takes turns");
    }
    problems.limit(&participants, layer.participants.len(), PARTICIPANTS_MAX);
    for (index, participant) in layer.participants.iter().enumerate() {
        let path = format!("{participants}[{index}].users");
        problems.limit(&path, participant.users.len(), USERS_MAX);
        let mut seen = HashSet::new();
        if !participant.users.iter().all(|user| seen.insert(user)) {
            problems.add(path, "the same person stands here twice");
        }
        let path = format!("{participants}[{index}].shadows");
        problems.limit(&path, participant.shadows.len(), USERS_MAX);
        if participant.users.is_empty() && !participant.shadows.is_empty() {
            problems.add(path, "a shadow needs somebody on call to follow");
        } else if !participant.shadows.iter().all(|user| seen.insert(user)) {
            problems.add(path, "the same person stands in this turn twice");
        }
    }

    let (length, longest) = (layer.rotation.length, longest(layer.rotation.unit));
    if !(1..=longest).contains(&length) {
        let message = format!(
            "a turn lasts from 1 to {longest} {}, not {length}",
            layer.rotation.unit
        );
        problems.add(format!("{path}.rotation.length"), message);
    }
    if layer.handoff == TimeOfDay::END_OF_DAY {
        let message = "a hand-off is from 00:00 to 23:59; write 00:00 for midnight";
        problems.add(format!("{path}.handoff"), message);
    }
    for (field, date) in [("start", Some(layer.start)), ("end", layer.end)] {
        if date.is_some_and(|date| !YEARS.contains(&date.year())) {
            let message = format!("must be from {} to {}", YEARS.start(), YEARS.end());
            problems.add(format!("{path}.{field}"), message);
        }
    }
    if layer.end.is_some_and(|end| end <= layer.start) {
        problems.add(format!("{path}.end"), "must be later than the start");
    }

    let restrictions = format!("{path}.restrictions");
    problems.limit(&restrictions, layer.restrictions.len(), RESTRICTIONS_MAX);
    for (index, restriction) in layer.restrictions.iter().enumerate() {
        check_restriction(problems, &format!("{restrictions}[{index}]"), restriction);
    }
}

/// What is wrong with hours that stand elsewhere than in a layer; `path` names their list.
pub(crate) fn check_restrictions(path: &str, restrictions: &[Restriction]) -> Vec<ConfigProblem> {
    let mut problems = Problems::default();
    problems.limit(path, restrictions.len(), RESTRICTIONS_MAX);
    for (index, restriction) in restrictions.iter().enumerate() {
        check_restriction(&mut problems, &format!("{path}[{index}]"), restriction);
    }
    problems.0
}

fn check_restriction(problems: &mut Problems, path: &str, restriction: &Restriction) {
    let mut seen = HashSet::new();
    if !restriction.weekdays.iter().all(|day| seen.insert(*day)) {
        problems.add(
            format!("{path}.weekdays"),
            "the same weekday stands here twice",
        );
    }
    if restriction.from == TimeOfDay::END_OF_DAY {
        let message = "hours begin from 00:00 to 23:59; write 00:00 on the next day";
        problems.add(format!("{path}.from"), message);
    }
    if restriction.from == restriction.until {
        let message = "hours that begin and end at the same time are none; for a whole day write \
                       from 00:00 until 24:00";
        problems.add(format!("{path}.until"), message);
    }
}

/// The longest turn of about two years that still hands over.
fn longest(unit: RotationUnit) -> u32 {
    match unit {
        RotationUnit::Hours => 24 * 732,
        RotationUnit::Days => 732,
        RotationUnit::Weeks => 104,
        RotationUnit::Months => 24,
    }
}

#[derive(Default)]
struct Problems(Vec<ConfigProblem>);

impl Problems {
    fn add(&mut self, path: impl Into<String>, message: impl Into<String>) {
        self.0.push(ConfigProblem {
            path: path.into(),
            message: message.into(),
        });
    }

    fn limit(&mut self, path: &str, count: usize, max: usize) {
        if count > max {
            self.add(path, format!("at most {max} are possible, not {count}"));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn paths(json: &str) -> Vec<String> {
        let config: ScheduleConfig = serde_json::from_str(json).unwrap();
        validate(&config)
            .err()
            .unwrap_or_default()
            .into_iter()
            .map(|problem| problem.path)
            .collect()
    }

    #[test]
    fn a_short_configuration_is_whole() {
        let json = r#"{
            "zone": "Europe/Berlin",
            "layers": [{
                "name": "Primary",
                "participants": [{"users": [1]}, {"users": [2, 3]}, {}],
                "rotation": {"unit": "weeks"},
                "start": "2026-03-02"
            }]
        }"#;
        assert_eq!(paths(json), [""; 0]);
        let config: ScheduleConfig = serde_json::from_str(json).unwrap();
        assert_eq!(config.layers[0].handoff, TimeOfDay::MIDNIGHT);
        let written = serde_json::to_string(&config).unwrap();
        assert_eq!(
            serde_json::from_str::<ScheduleConfig>(&written).unwrap(),
            config
        );
    }

    #[test]
    fn every_problem_is_named_with_its_place() {
        assert_eq!(paths(r#"{"zone": "Moon/Crater"}"#), ["zone", "layers"]);
        assert_eq!(
            paths(
                r#"{
                "zone": "UTC",
                "layers": [
                    {"name": "A", "participants": [{"users": [1, 1]}],
                     "rotation": {"length": 0, "unit": "hours"}, "handoff": "24:00",
                     "start": "0001-01-01", "end": "0001-01-01"},
                    {"name": "a ", "participants": [{}],
                     "rotation": {"length": 25, "unit": "months"}, "start": "2026-01-01",
                     "restrictions": [
                        {"weekdays": ["monday", "monday"], "from": "09:00", "until": "09:00"},
                        {"from": "24:00", "until": "06:00"}]}
                ]}"#
            ),
            [
                "layers[0].participants[0].users",
                "layers[0].rotation.length",
                "layers[0].handoff",
                "layers[0].start",
                "layers[0].end",
                "layers[0].end",
                "layers[1].participants",
                "layers[1].rotation.length",
                "layers[1].restrictions[0].weekdays",
                "layers[1].restrictions[0].until",
                "layers[1].restrictions[1].from",
                "layers[1].name",
            ]
        );
    }

    #[test]
    fn unknown_fields_are_refused() {
        for json in [
            r#"{"zone": "UTC", "layer": []}"#,
            r#"{"zone": "UTC", "layers": [{"name": "A", "participants": [], "start": "2026-01-01",
                "rotation": {"unit": "days", "lenght": 2}}]}"#,
        ] {
            assert!(serde_json::from_str::<ScheduleConfig>(json).is_err());
        }
    }
}
