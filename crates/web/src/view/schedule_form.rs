//! The form of a schedule: its layers as rows, and the configuration it stands for.

use domain::schedule::{ConfigProblem, ScheduleConfig};

use super::form::{Form, Press, row_numbers};
use super::frame::Markup;
pub use super::schedule_layer::{HoursRow, LayerRow, TurnRow};
use super::schedule_layer::{read_config, read_layer};

/// What `POST /schedules` and `POST /schedules/{slug}` send.
///
/// Fields: `name`, `slug` (only new; empty: made from the name), `description`, `team` (id or
/// empty), `zone` (IANA), `from` (when the edit takes effect, see [`super::time::parse_time`];
/// empty: now), and for each layer `n` from the **highest** (0) to the lowest: `layer-{n}-name`,
/// `layer-{n}-turn` (repeated: a user id, `3+7` for several at once, `3/9` with 9 as shadow, `nobody`,
/// or empty to leave it out), beside the turn in place `m` of those `layer-{n}-with-{m}` and
/// `layer-{n}-shadow-{m}` (repeated user ids), `layer-{n}-company` (whether there is room for them),
/// `layer-{n}-holidays` (`skip:` or `only:` and the slug of a calendar; empty: like other days), `layer-{n}-length`, `layer-{n}-unit` (`hours`, `days`, `weeks`, `months`),
/// `layer-{n}-handoff` (`09:00`), `layer-{n}-start` and `layer-{n}-end` (dates; end may be empty),
/// and for each restriction `m`: `layer-{n}-hours-{m}-day` (repeated weekday; none: every day),
/// `layer-{n}-hours-{m}-from`, `layer-{n}-hours-{m}-until`. `do` is `save`, `preview`, `add-layer`,
/// `remove-layer-{n}`, `up-layer-{n}`, `add-hours-{n}`, `add-company-{n}`; restrictions without times are left out.
#[derive(Clone, Debug, Default)]
pub struct ScheduleForm {
    /// The plain fields, and everything that is wrong, under the names above.
    pub fields: Form,
    /// Highest first, as the page shows them.
    pub layers: Vec<LayerRow>,
    pub press: Option<Press>,
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
            Press::Add(noun, Some(n)) if noun == "company" => {
                if let Some(layer) = layers.get_mut(*n) {
                    layer.company = true;
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

#[cfg(test)]
mod tests {
    use super::*;
    use domain::UserId;

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
    fn company_and_shadows_belong_to_the_turn_they_stand_beside() {
        let today = "2026-11-21".parse().unwrap();
        let mut typed = pairs(TYPED);
        typed.extend(pairs(&[
            // The second turn of what was shown; the fourth was empty.
            ("layer-0-with-1", "4"),
            ("layer-0-with-1", ""),
            ("layer-0-shadow-0", "8"),
            ("layer-0-shadow-3", ""),
        ]));
        let mut form = ScheduleForm::from_pairs(typed.clone(), today);
        assert!(form.layers[0].company && !form.layers[1].company);
        let config = form.to_config().unwrap();
        let turns = &config.layers[1].participants;
        assert_eq!(turns.len(), 3);
        assert_eq!(
            (&turns[0].users[..], &turns[0].shadows[..]),
            (&[UserId(3)][..], &[UserId(8)][..])
        );
        assert_eq!(turns[1].users, [UserId(3), UserId(7), UserId(4)]);
        assert_eq!(turns[1].shadows, [UserId(9)]);

        for (wrong, said) in [
            (("layer-0-shadow-3", "8"), "A shadow needs somebody"),
            (("layer-0-with-2", "8"), "A turn of nobody"),
            (("layer-0-with-0", "x"), "Choose a person"),
        ] {
            let mut typed = typed.clone();
            typed.extend(pairs(&[wrong]));
            let mut form = ScheduleForm::from_pairs(typed, today);
            assert!(form.to_config().is_none());
            let error = form.fields.error("layer-0-turn");
            assert!(error.starts_with(said), "{error}");
        }
        typed.extend(pairs(&[("do", "add-company-1")]));
        let form = ScheduleForm::from_pairs(typed, today);
        assert!(form.layers[1].company);
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
