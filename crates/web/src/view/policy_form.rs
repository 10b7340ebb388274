//! The form of an escalation policy: its steps as rows, and the configuration it stands for.

use domain::Span;
use domain::policy::{
    PolicyConfig, PolicyProblem, REPEATS_DEFAULT, Step, StepHours, StepMode, Target,
};

use super::form::{Form, Press, row_numbers};
use super::frame::Markup;
use super::schedule_layer::HoursRow;

/// What `POST /policies` and `POST /policies/{slug}` send.
///
/// Fields: `name`, `slug` (only new; empty: made from the name), `description`, `team` (id or
/// empty), `repeats` (0–9), `save_anyway` (`yes`), and for each step `n`: `step-{n}-target`
/// (repeated: `user:{id}`, `schedule:{id}`, `team:{id}`, or empty to leave it out),
/// `step-{n}-mode` (`all`, `round_robin`), `step-{n}-wait` with `step-{n}-wait_unit` (`seconds`,
/// `minutes`, `hours`), `step-{n}-urgency` (`high`, `low` or empty), `step-{n}-severity`
/// (`critical`, `error`, `warning`, `info` or empty), and its hours: `step-{n}-zone` (IANA, or
/// empty for the paged person's own) and for each range `m` `step-{n}-hours-{m}-day` (repeated
/// weekday; none: every day), `step-{n}-hours-{m}-from`, `step-{n}-hours-{m}-until`; ranges without
/// times are left out. `do` is `save`, `preview`, `add-step`, `remove-step-{n}`, `up-step-{n}`,
/// `add-hours-{n}`.
#[derive(Clone, Debug, Default)]
pub struct PolicyForm {
    /// The plain fields, and everything that is wrong, under the names above.
    pub fields: Form,
    pub steps: Vec<StepRow>,
    pub press: Option<Press>,
}

/// One step as typed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StepRow {
    pub targets: Vec<String>,
    pub mode: String,
    pub wait: String,
    pub wait_unit: String,
    pub urgency: String,
    pub severity: String,
    /// Zone of the hours; empty is the paged person's own.
    pub zone: String,
    pub hours: Vec<HoursRow>,
}

impl Default for StepRow {
    fn default() -> Self {
        StepRow {
            targets: Vec::new(),
            mode: StepMode::All.to_string(),
            wait: "5".to_owned(),
            wait_unit: "minutes".to_owned(),
            urgency: String::new(),
            severity: String::new(),
            zone: String::new(),
            hours: Vec::new(),
        }
    }
}

impl StepRow {
    fn of(step: &Step) -> StepRow {
        let seconds = step.wait.as_seconds();
        let (wait, wait_unit) = match seconds {
            s if s % 3_600 == 0 => (s / 3_600, "hours"),
            s if s % 60 == 0 => (s / 60, "minutes"),
            s => (s, "seconds"),
        };
        StepRow {
            targets: step.targets.iter().map(target_value).collect(),
            mode: step.mode.to_string(),
            wait: wait.to_string(),
            wait_unit: wait_unit.to_owned(),
            urgency: step
                .urgency
                .map(|word| word.to_string())
                .unwrap_or_default(),
            severity: step
                .severity_at_least
                .map(|word| word.to_string())
                .unwrap_or_default(),
            zone: step
                .hours
                .as_ref()
                .and_then(|hours| hours.zone.clone())
                .unwrap_or_default(),
            hours: step
                .hours
                .iter()
                .flat_map(|hours| &hours.ranges)
                .map(HoursRow::of)
                .collect(),
        }
    }
}

/// How forms write a target: `user:3`.
pub fn target_value(target: &Target) -> String {
    match target {
        Target::User(id) => format!("user:{id}"),
        Target::Schedule(id) => format!("schedule:{id}"),
        Target::Team(id) => format!("team:{id}"),
        Target::Channel(id) => format!("channel:{id}"),
    }
}

/// Reads a target as forms write it.
pub fn parse_target(value: &str) -> Option<Target> {
    let (kind, id) = value.split_once(':')?;
    Some(match kind {
        "user" => Target::User(id.parse().ok()?),
        "schedule" => Target::Schedule(id.parse().ok()?),
        "team" => Target::Team(id.parse().ok()?),
        "channel" => Target::Channel(id.parse().ok()?),
        _ => return None,
    })
}

impl PolicyForm {
    /// The form that shows a configuration; add the plain fields to `fields`.
    pub fn of(config: &PolicyConfig) -> PolicyForm {
        PolicyForm {
            fields: Form::new().with("repeats", config.repeats),
            steps: config.steps.iter().map(StepRow::of).collect(),
            press: None,
        }
    }

    /// An empty form of one step.
    pub fn empty() -> PolicyForm {
        PolicyForm {
            fields: Form::new().with("repeats", REPEATS_DEFAULT),
            steps: vec![StepRow::default()],
            press: None,
        }
    }

    /// Reads the pairs of the body and does what the button asks of the rows.
    pub fn from_pairs(pairs: Vec<(String, String)>) -> PolicyForm {
        let mut steps: Vec<StepRow> = row_numbers(&pairs, "step")
            .into_iter()
            .map(|n| read_step(&pairs, n))
            .collect();
        let fields = Form::from_pairs(pairs);
        let press = Press::parse(fields.get("do"));
        match &press {
            Press::Add(noun, _) if noun == "step" => steps.push(StepRow::default()),
            Press::Add(noun, Some(n)) if noun == "hours" => {
                if let Some(step) = steps.get_mut(*n) {
                    step.hours.push(HoursRow {
                        days: Vec::new(),
                        from: "09:00".to_owned(),
                        until: "17:00".to_owned(),
                    });
                }
            }
            Press::Remove(noun, n) if noun == "step" && *n < steps.len() => {
                steps.remove(*n);
            }
            Press::Up(noun, n) if noun == "step" && *n > 0 && *n < steps.len() => {
                steps.swap(*n, *n - 1);
            }
            _ => {}
        }
        PolicyForm {
            fields,
            steps,
            press: Some(press),
        }
    }

    /// The configuration the form stands for, unless something cannot be read; then what, beside
    /// its field. Limits are checked by `PolicyConfig::validate`; give its problems to
    /// [`PolicyForm::reject_problems`].
    pub fn to_config(&mut self) -> Option<PolicyConfig> {
        let mut errors: Vec<(String, String)> = Vec::new();
        let repeats = self
            .fields
            .text("repeats")
            .unwrap_or("2")
            .parse()
            .unwrap_or(u8::MAX);
        let mut steps = Vec::with_capacity(self.steps.len());
        for (n, row) in self.steps.iter().enumerate() {
            let mut wrong = |field: &str, message: &str| {
                errors.push((format!("step-{n}-{field}"), message.to_owned()));
            };
            let mut targets = Vec::new();
            for target in &row.targets {
                match parse_target(target) {
                    Some(target) if !targets.contains(&target) => targets.push(target),
                    Some(_) => {}
                    None => wrong("target", "Choose a person, a schedule or a team."),
                }
            }
            let unit = match row.wait_unit.as_str() {
                "seconds" => 1,
                "hours" => 3_600,
                _ => 60,
            };
            let wait = row
                .wait
                .parse::<i64>()
                .ok()
                .and_then(|count| count.checked_mul(unit));
            if wait.is_none() {
                wrong("wait", "Give a whole number.");
            }
            let mut ranges = Vec::with_capacity(row.hours.len());
            for (m, hours) in row.hours.iter().enumerate() {
                match hours.to_restriction() {
                    Some(range) => ranges.push(range),
                    None => wrong(&format!("hours-{m}-from"), HoursRow::UNREADABLE),
                }
            }
            let hours = (!row.hours.is_empty()).then(|| StepHours {
                zone: Some(row.zone.clone()).filter(|zone| !zone.is_empty()),
                ranges,
            });
            let mode = row.mode.parse().unwrap_or_default();
            steps.push(Step {
                targets,
                mode,
                wait: Span::from_seconds(wait.unwrap_or_default()),
                urgency: row.urgency.parse().ok(),
                severity_at_least: row.severity.parse().ok(),
                hours,
            });
        }
        let broken = !errors.is_empty();
        for (field, message) in errors {
            self.fields.reject(&field, message);
        }
        (!broken).then_some(PolicyConfig { steps, repeats })
    }

    /// The error of a field of a row, as it stands beside it.
    pub fn error_of(&self, row: &usize, field: &str) -> Markup {
        self.fields.complaint(&format!("step-{row}-{field}"))
    }

    /// Shows the problems of a configuration beside the fields they come from.
    pub fn reject_problems(&mut self, problems: &[PolicyProblem]) {
        for problem in problems {
            let field = match problem
                .field
                .strip_prefix("steps[")
                .and_then(|f| f.split_once(']'))
            {
                Some((n, rest)) => {
                    format!("step-{n}-{}", field_of(rest.trim_start_matches('.')))
                }
                None => problem.field.clone(),
            };
            self.fields.reject(&field, &problem.message);
        }
    }
}

/// The form's name of a field of a step: `targets` is `target`, `hours[1].until` stands beside
/// `hours-1-from`, and what is wrong with the hours as a whole beside their zone.
fn field_of(path: &str) -> String {
    match path.strip_prefix("hours") {
        Some("") => "zone".to_owned(),
        Some(rest) => {
            let m = rest.trim_start_matches('[').split(']').next();
            format!("hours-{}-from", m.unwrap_or_default())
        }
        None => path.trim_end_matches('s').to_owned(),
    }
}

fn read_step(pairs: &[(String, String)], n: usize) -> StepRow {
    let all = |field: &str| -> Vec<String> {
        let name = format!("step-{n}-{field}");
        pairs
            .iter()
            .filter(|(have, _)| *have == name)
            .map(|(_, value)| value.trim().to_owned())
            .filter(|value| !value.is_empty())
            .collect()
    };
    let one = |field: &str| all(field).into_iter().next().unwrap_or_default();
    StepRow {
        targets: all("target"),
        mode: one("mode"),
        wait: one("wait"),
        wait_unit: one("wait_unit"),
        urgency: one("urgency"),
        severity: one("severity"),
        zone: one("zone"),
        hours: HoursRow::read_all(pairs, &format!("step-{n}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use domain::{ScheduleId, UserId};

    fn typed(more: &[(&str, &str)]) -> Vec<(String, String)> {
        [
            ("repeats", "2"),
            ("step-0-target", "user:3"),
            ("step-0-target", ""),
            ("step-0-wait", "30"),
            ("step-0-wait_unit", "seconds"),
            ("step-0-mode", "all"),
            ("step-1-target", "schedule:5"),
            ("step-1-wait", "5"),
            ("step-1-wait_unit", "minutes"),
            ("step-1-mode", "round_robin"),
            ("step-1-urgency", "high"),
        ]
        .iter()
        .chain(more)
        .map(|(a, b)| ((*a).to_owned(), (*b).to_owned()))
        .collect()
    }

    #[test]
    fn what_is_typed_is_a_configuration_and_back() {
        let mut form = PolicyForm::from_pairs(typed(&[]));
        let config = form.to_config().unwrap();
        assert_eq!(config.validate(), Ok(()));
        assert_eq!(config.steps[0].targets, [Target::User(UserId(3))]);
        assert_eq!(config.steps[0].wait, Span::from_seconds(30));
        assert_eq!(config.steps[1].targets, [Target::Schedule(ScheduleId(5))]);
        assert_eq!(PolicyForm::of(&config).to_config(), Some(config));
    }

    #[test]
    fn hours_are_read_shown_and_refused_beside_their_row() {
        let some = [
            ("step-0-zone", "Europe/Berlin"),
            ("step-0-hours-0-day", "monday"),
            ("step-0-hours-0-from", "22:00"),
            ("step-0-hours-0-until", "06:00"),
            ("step-0-hours-1-from", ""),
            ("step-0-hours-1-until", ""),
        ];
        let config = PolicyForm::from_pairs(typed(&some)).to_config().unwrap();
        let hours = config.steps[0].hours.as_ref().unwrap();
        assert_eq!(hours.in_words(), "Mon 22:00–06:00 (Europe/Berlin)");
        assert_eq!(config.steps[1].hours, None);
        assert_eq!(PolicyForm::of(&config).to_config(), Some(config));

        let more = PolicyForm::from_pairs(typed(&[("do", "add-hours-1")]));
        assert_eq!(
            (more.steps[1].hours.len(), more.steps[1].zone.as_str()),
            (1, "")
        );

        let mut form = PolicyForm::from_pairs(typed(&[
            ("step-0-zone", "Moon/Crater"),
            ("step-0-hours-0-from", "09:00"),
            ("step-0-hours-0-until", "09:00"),
        ]));
        let problems = form.to_config().unwrap().validate().unwrap_err();
        form.reject_problems(&problems);
        assert!(!form.fields.error("step-0-zone").is_empty());
        assert!(!form.fields.error("step-0-hours-0-from").is_empty());
        let mut form = PolicyForm::from_pairs(typed(&[("step-0-hours-0-from", "9 o'clock")]));
        assert!(form.to_config().is_none());
        assert!(!form.fields.error("step-0-hours-0-from").is_empty());
    }

    #[test]
    fn problems_stand_beside_their_fields() {
        let mut form = PolicyForm::from_pairs(typed(&[("do", "add-step")]));
        assert_eq!(form.steps.len(), 3);
        let problems = form.to_config().unwrap().validate().unwrap_err();
        form.reject_problems(&problems);
        assert!(!form.fields.error("step-2-target").is_empty());
        let mut form = PolicyForm::from_pairs(typed(&[("step-2-target", "user:x")]));
        assert!(form.to_config().is_none());
        assert!(!form.fields.error("step-2-target").is_empty());
        assert!(!form.fields.error("step-2-wait").is_empty());
    }
}
