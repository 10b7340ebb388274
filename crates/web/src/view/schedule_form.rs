//! The form of a schedule: its layers as rows, and the configuration it stands for.

use domain::UserId;
use domain::schedule::{
    ConfigProblem, Layer, LayerHolidays, Participant, Restriction, Rotation, ScheduleConfig,
    TimeOfDay, Weekday,
};

use super::form::{Form, Press, row_numbers};
use super::frame::Markup;

/// What `POST /schedules` and `POST /schedules/{slug}` send.
///
/// Fields: `name`, `slug` (only new; empty: made from the name), `description`, `team` (id or
/// empty), `zone` (IANA), `from` (when the edit takes effect, see [`super::time::parse_time`];
/// empty: now), and for each layer `n` from the **highest** (0) to the lowest: `layer-{n}-name`,
/// `layer-{n}-turn` (repeated: a user id, `3+7` for several at once, `3/9` with 9 as shadow, `nobody`,
/// or empty to leave it out), `layer-{n}-length`, `layer-{n}-unit` (`hours`, `days`, `weeks`, `months`),
/// `layer-{n}-handoff` (`09:00`), `layer-{n}-start` and `layer-{n}-end` (dates; end may be empty),
/// and for each restriction `m`: `layer-{n}-hours-{m}-day` (repeated weekday; none: every day),
/// `layer-{n}-hours-{m}-from`, `layer-{n}-hours-{m}-until`. `do` is `save`, `preview`, `add-layer`,
/// `remove-layer-{n}`, `up-layer-{n}`, `add-hours-{n}`; restrictions without times are left out.
#[derive(Clone, Debug, Default)]
pub struct ScheduleForm {
    /// The plain fields, and everything that is wrong, under the names above.
    pub fields: Form,
    /// Highest first, as the page shows them.
    pub layers: Vec<LayerRow>,
    pub press: Option<Press>,
}

/// One layer as typed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LayerRow {
    pub name: String,
    pub turns: Vec<String>,
    pub length: String,
    pub unit: String,
    pub handoff: String,
    pub start: String,
    pub end: String,
    /// `skip:` or `only:` and the slug of a holiday calendar; empty: holidays are like other days.
    pub holidays: String,
    pub hours: Vec<HoursRow>,
}

/// One restriction as typed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct HoursRow {
    pub days: Vec<String>,
    pub from: String,
    pub until: String,
}

/// `Mon`.
pub(super) fn short_day(day: &Weekday) -> &'static str {
    match day {
        Weekday::Monday => "Mon",
        Weekday::Tuesday => "Tue",
        Weekday::Wednesday => "Wed",
        Weekday::Thursday => "Thu",
        Weekday::Friday => "Fri",
        Weekday::Saturday => "Sat",
        Weekday::Sunday => "Sun",
    }
}

impl HoursRow {
    /// What is said beside times that cannot be read.
    pub(super) const UNREADABLE: &'static str = "Give two times such as 22:00 and 06:00.";

    /// The row that shows a restriction.
    pub(super) fn of(restriction: &Restriction) -> HoursRow {
        HoursRow {
            days: restriction
                .weekdays
                .iter()
                .map(Weekday::to_string)
                .collect(),
            from: restriction.from.to_string(),
            until: restriction.until.to_string(),
        }
    }

    /// The rows `{prefix}-hours-{m}-…` of a body; those without times are left out.
    pub(super) fn read_all(pairs: &[(String, String)], prefix: &str) -> Vec<HoursRow> {
        let all = |name: String| -> Vec<String> {
            pairs
                .iter()
                .filter(|(have, _)| *have == name)
                .map(|(_, value)| value.trim().to_owned())
                .filter(|value| !value.is_empty())
                .collect()
        };
        let one = |name: String| all(name).into_iter().next().unwrap_or_default();
        row_numbers(pairs, &format!("{prefix}-hours"))
            .into_iter()
            .map(|m| HoursRow {
                days: all(format!("{prefix}-hours-{m}-day")),
                from: one(format!("{prefix}-hours-{m}-from")),
                until: one(format!("{prefix}-hours-{m}-until")),
            })
            .filter(|row| !row.from.is_empty() || !row.until.is_empty())
            .collect()
    }

    /// What the row stands for, unless its times cannot be read.
    pub(super) fn to_restriction(&self) -> Option<Restriction> {
        Some(Restriction {
            weekdays: self
                .days
                .iter()
                .filter_map(|day| day.parse().ok())
                .collect(),
            from: self.from.parse().ok()?,
            until: self.until.parse().ok()?,
        })
    }

    pub fn has(&self, day: &Weekday) -> bool {
        self.days.iter().any(|have| have == day.as_str())
    }
}

impl LayerRow {
    /// A weekly rotation that starts on `today`.
    pub fn weekly(name: &str, today: jiff::civil::Date) -> LayerRow {
        LayerRow {
            name: name.to_owned(),
            turns: Vec::new(),
            length: "1".to_owned(),
            unit: "weeks".to_owned(),
            handoff: "09:00".to_owned(),
            start: today.to_string(),
            end: String::new(),
            holidays: String::new(),
            hours: Vec::new(),
        }
    }

    fn of(layer: &Layer) -> LayerRow {
        LayerRow {
            name: layer.name.clone(),
            turns: layer.participants.iter().map(turn_value).collect(),
            length: layer.rotation.length.to_string(),
            unit: layer.rotation.unit.to_string(),
            handoff: layer.handoff.to_string(),
            start: layer.start.to_string(),
            end: layer.end.map(|date| date.to_string()).unwrap_or_default(),
            holidays: layer
                .holidays
                .as_ref()
                .map(|one| format!("{}:{}", one.when, one.calendar))
                .unwrap_or_default(),
            hours: layer.restrictions.iter().map(HoursRow::of).collect(),
        }
    }
}

fn turn_value(participant: &Participant) -> String {
    if participant.users.is_empty() {
        return "nobody".to_owned();
    }
    let joined = |users: &[UserId]| {
        let ids: Vec<String> = users.iter().map(UserId::to_string).collect();
        ids.join("+")
    };
    let users = joined(&participant.users);
    match participant.shadows.is_empty() {
        true => users,
        false => format!("{users}/{}", joined(&participant.shadows)),
    }
}

impl ScheduleForm {
    /// The form that shows a configuration; add the plain fields to `fields`.
    pub fn of(config: &ScheduleConfig) -> ScheduleForm {
        ScheduleForm {
            fields: Form::new().with("zone", &config.zone),
            layers: config.layers.iter().rev().map(LayerRow::of).collect(),
            press: None,
        }
    }

    /// Reads the pairs of the body and does what the button asks of the rows. `today` starts an
    /// added layer.
    pub fn from_pairs(pairs: Vec<(String, String)>, today: jiff::civil::Date) -> ScheduleForm {
        let mut layers: Vec<LayerRow> = row_numbers(&pairs, "layer")
            .into_iter()
            .map(|n| read_layer(&pairs, n))
            .collect();
        let fields = Form::from_pairs(pairs);
        let press = Press::parse(fields.get("do"));
        match &press {
            Press::Add(noun, None) if noun == "layer" => {
                layers.insert(
                    0,
                    LayerRow::weekly(&format!("Layer {}", layers.len() + 1), today),
                );
            }
            Press::Add(noun, Some(n)) if noun == "hours" => {
                if let Some(layer) = layers.get_mut(*n) {
                    layer.hours.push(HoursRow {
                        days: Vec::new(),
                        from: "09:00".to_owned(),
                        until: "17:00".to_owned(),
                    });
                }
            }
            Press::Remove(noun, n) if noun == "layer" && *n < layers.len() => {
                layers.remove(*n);
            }
            Press::Up(noun, n) if noun == "layer" && *n > 0 && *n < layers.len() => {
                layers.swap(*n, *n - 1);
            }
            _ => {}
        }
        ScheduleForm {
            fields,
            layers,
            press: Some(press),
        }
    }

    /// The configuration the form stands for, unless something cannot be read; then what, beside
    /// its field. Limits are checked by `domain::schedule::validate`; give its problems to
    /// [`ScheduleForm::reject_problems`].
    pub fn to_config(&mut self) -> Option<ScheduleConfig> {
        let zone = self.fields.get("zone").trim().to_owned();
        let mut layers = Vec::with_capacity(self.layers.len());
        let mut errors = Vec::new();
        for (n, row) in self.layers.iter().enumerate() {
            if let Some(layer) = read_config(n, row, &mut errors) {
                layers.push(layer);
            }
        }
        let broken = !errors.is_empty();
        for (field, message) in errors {
            self.fields.reject(&field, message);
        }
        layers.reverse();
        (!broken).then_some(ScheduleConfig {
            zone,
            calendars: Default::default(),
            layers,
        })
    }

    /// The error of a field of a row, as it stands beside it.
    pub fn error_of(&self, row: &usize, field: &str) -> Markup {
        self.fields.complaint(&format!("layer-{row}-{field}"))
    }

    /// Shows the problems of a configuration beside the fields they come from.
    pub fn reject_problems(&mut self, problems: &[ConfigProblem]) {
        for problem in problems {
            let field = field_of(&problem.path, self.layers.len());
            self.fields.reject(&field, &problem.message);
        }
    }
}

/// `layers[1].rotation.length` of a configuration (lowest first) as the field of a form of `count`
/// layers (highest first).
fn field_of(path: &str, count: usize) -> String {
    let Some((index, rest)) = path
        .strip_prefix("layers[")
        .and_then(|rest| rest.split_once(']'))
    else {
        return path.to_owned();
    };
    let row = index
        .parse()
        .ok()
        .and_then(|index: usize| count.checked_sub(index + 1));
    let Some(row) = row else {
        return path.to_owned();
    };
    let rest = rest.trim_start_matches('.');
    let name = if rest.starts_with("rotation") {
        "length".to_owned()
    } else if rest.starts_with("participants") {
        "turn".to_owned()
    } else if let Some((hours, _)) = rest
        .strip_prefix("restrictions[")
        .and_then(|rest| rest.split_once(']'))
    {
        format!("hours-{hours}-from")
    } else if rest.starts_with("restrictions") {
        "hours-0-from".to_owned()
    } else {
        rest.split(['.', '[']).next().unwrap_or("name").to_owned()
    };
    format!("layer-{row}-{name}")
}

fn read_layer(pairs: &[(String, String)], n: usize) -> LayerRow {
    let prefix = format!("layer-{n}");
    let all = |name: String| -> Vec<String> {
        pairs
            .iter()
            .filter(|(have, _)| *have == name)
            .map(|(_, value)| value.trim().to_owned())
            .filter(|value| !value.is_empty())
            .collect()
    };
    let one = |field: &str| {
        all(format!("{prefix}-{field}"))
            .into_iter()
            .next()
            .unwrap_or_default()
    };
    LayerRow {
        name: one("name"),
        turns: all(format!("{prefix}-turn")),
        length: one("length"),
        unit: one("unit"),
        handoff: one("handoff"),
        start: one("start"),
        end: one("end"),
        holidays: one("holidays"),
        hours: HoursRow::read_all(pairs, &prefix),
    }
}

fn read_config(n: usize, row: &LayerRow, errors: &mut Vec<(String, String)>) -> Option<Layer> {
    let before = errors.len();
    let mut wrong = |field: &str, message: &str| {
        errors.push((format!("layer-{n}-{field}"), message.to_owned()));
    };
    let mut participants = Vec::new();
    for turn in &row.turns {
        if turn == "nobody" {
            participants.push(Participant::default());
            continue;
        }
        let (users, shadows) = turn.split_once('/').unwrap_or((turn, ""));
        let read = |ids: &str| -> Result<Vec<UserId>, _> {
            let ids = ids.split('+').filter(|id| !id.is_empty());
            ids.map(str::parse).collect()
        };
        match (read(users), read(shadows)) {
            (Ok(users), Ok(shadows)) if !users.is_empty() => {
                participants.push(Participant { users, shadows });
            }
            _ => wrong("turn", "Choose a person from the list."),
        }
    }
    if participants.is_empty() {
        wrong("turn", "Choose who takes part in this layer.");
    }
    let length = row.length.parse().unwrap_or(0);
    if length == 0 {
        wrong("length", "Give a whole number from 1.");
    }
    let unit = row.unit.parse().ok();
    if unit.is_none() {
        wrong("unit", "Choose hours, days, weeks or months.");
    }
    let handoff = row.handoff.parse::<TimeOfDay>().ok();
    if handoff.is_none() {
        wrong("handoff", "Give a time such as 09:00.");
    }
    let start = row.start.parse().ok();
    if start.is_none() {
        wrong("start", "Give a date such as 2026-03-29.");
    }
    let end = if row.end.is_empty() {
        None
    } else {
        row.end.parse().ok()
    };
    if end.is_none() && !row.end.is_empty() {
        wrong("end", "Give a date such as 2026-03-29, or leave it empty.");
    }
    let mut restrictions = Vec::new();
    for (m, hours) in row.hours.iter().enumerate() {
        match hours.to_restriction() {
            Some(restriction) => restrictions.push(restriction),
            None => wrong(&format!("hours-{m}-from"), HoursRow::UNREADABLE),
        }
    }
    let holidays = match row.holidays.split_once(':') {
        Some((when, calendar)) => when.parse().ok().map(|when| LayerHolidays {
            calendar: calendar.to_owned(),
            when,
        }),
        None => None,
    };
    if holidays.is_none() && !row.holidays.is_empty() {
        wrong("holidays", "Choose one from the list.");
    }
    if errors.len() > before {
        return None;
    }
    Some(Layer {
        name: row.name.clone(),
        participants,
        rotation: Rotation {
            length,
            unit: unit?,
        },
        handoff: handoff?,
        start: start?,
        end,
        restrictions,
        holidays,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pairs(list: &[(&str, &str)]) -> Vec<(String, String)> {
        list.iter()
            .map(|(a, b)| ((*a).to_owned(), (*b).to_owned()))
            .collect()
    }

    const TYPED: &[(&str, &str)] = &[
        ("name", "Platform"),
        ("zone", "Europe/Berlin"),
        ("layer-0-name", "Nights"),
        ("layer-0-turn", "3"),
        ("layer-0-turn", "3+7/9"),
        ("layer-0-turn", "nobody"),
        ("layer-0-turn", ""),
        ("layer-0-length", "1"),
        ("layer-0-unit", "days"),
        ("layer-0-handoff", "21:00"),
        ("layer-0-start", "2026-11-02"),
        ("layer-0-hours-0-day", "friday"),
        ("layer-0-hours-0-from", "21:00"),
        ("layer-0-hours-0-until", "09:00"),
        ("layer-2-name", "Always"),
        ("layer-2-turn", "5"),
        ("layer-2-length", "1"),
        ("layer-2-unit", "weeks"),
        ("layer-2-handoff", "09:00"),
        ("layer-2-start", "2026-11-02"),
        ("layer-2-end", "2026-12-02"),
        ("layer-2-holidays", "skip:de-be"),
    ];

    #[test]
    fn what_is_typed_is_a_configuration_and_back() {
        let today = "2026-11-21".parse().unwrap();
        let mut form = ScheduleForm::from_pairs(pairs(TYPED), today);
        let config = form.to_config().unwrap();
        assert_eq!(config.layers.len(), 2);
        assert_eq!(
            config.layers[0].name, "Always",
            "the configuration is lowest first"
        );
        assert_eq!(
            config.layers[1].participants[1].users,
            [UserId(3), UserId(7)]
        );
        assert!(config.layers[1].participants[2].users.is_empty());
        assert_eq!(ScheduleForm::of(&config).layers, form.layers);
    }

    #[test]
    fn errors_stand_beside_their_fields() {
        let today = "2026-11-21".parse().unwrap();
        let mut typed = pairs(TYPED);
        for (name, value) in &mut typed {
            if name == "layer-0-handoff" {
                *value = "25:00".to_owned();
            }
        }
        let mut form = ScheduleForm::from_pairs(typed, today);
        assert!(form.to_config().is_none());
        assert!(!form.fields.error("layer-0-handoff").is_empty());
        form.reject_problems(&[ConfigProblem {
            path: "layers[1].rotation.length".into(),
            message: "too long".into(),
        }]);
        assert_eq!(form.fields.error("layer-0-length"), "too long");
    }

    #[test]
    fn buttons_change_the_rows() {
        let today = "2026-11-21".parse().unwrap();
        let press = |word: &str| {
            let mut typed = pairs(TYPED);
            typed.push(("do".to_owned(), word.to_owned()));
            ScheduleForm::from_pairs(typed, today)
        };
        assert_eq!(press("add-layer").layers.len(), 3);
        assert_eq!(press("add-layer").layers[0].start, "2026-11-21");
        assert_eq!(press("remove-layer-0").layers[0].name, "Always");
        assert_eq!(press("up-layer-1").layers[0].name, "Always");
        assert_eq!(press("add-hours-1").layers[1].hours.len(), 1);
        assert_eq!(press("remove-layer-9").layers.len(), 2);
    }
}
