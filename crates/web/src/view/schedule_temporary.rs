//! A span of a schedule filled by hand.

use askama::Template;

use super::form::{Form, Press, row_numbers};
use super::frame::{Choice, Frame, Markup};
use super::schedule::zone_hint;
use super::schedule_difference::Difference;
use crate::picture::Calendar;

/// `GET /schedules/{slug}/temporary?start=&end=`, and `POST /schedules/{slug}/temporaries` when it is
/// refused or a preview was asked for.
///
/// Fields: `start` and `end` of the span, and for each shift `n`: `shift-{n}-user` (repeated ids),
/// `shift-{n}-start`, `shift-{n}-end` (see [`super::time::parse_time`]; local times are in the
/// viewer's zone). `do` is `save`, `preview`, `fill` (rows as the layers plan the span), `add-shift`,
/// `remove-shift-{n}`; rows without anything in them are left out.
#[derive(Clone, Debug, Template)]
#[template(path = "schedule/temporary.html")]
pub struct TemporaryPage {
    pub frame: Frame,
    pub name: String,
    pub slug: String,
    /// The schedule's zone.
    pub zone: String,
    pub form: TemporaryForm,
    /// By id.
    pub people: Vec<Choice>,
    /// The span as it would be; `None` while the form does not hold together.
    pub preview: Option<Calendar>,
    /// Who would be on call otherwise than planned.
    pub difference: Option<Difference>,
}

/// The form as typed.
#[derive(Clone, Debug, Default)]
pub struct TemporaryForm {
    pub fields: Form,
    pub shifts: Vec<HandRow>,
    pub press: Option<Press>,
    /// The rows are to be those that the layers plan.
    pub fill: bool,
}

/// One shift as typed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct HandRow {
    pub users: Vec<String>,
    pub start: String,
    pub end: String,
}

impl TemporaryForm {
    /// Reads the pairs of a body and does what the button asks of the rows.
    pub fn from_pairs(pairs: Vec<(String, String)>) -> TemporaryForm {
        let mut shifts: Vec<HandRow> = row_numbers(&pairs, "shift")
            .into_iter()
            .map(|n| HandRow::read(&pairs, n))
            .filter(|row| *row != HandRow::default())
            .collect();
        let fields = Form::from_pairs(pairs);
        let press = Press::parse(fields.get("do"));
        match &press {
            Press::Add(noun, _) if noun == "shift" => {
                let start = match shifts.last() {
                    Some(last) => last.end.clone(),
                    None => fields.get("start").to_owned(),
                };
                shifts.push(HandRow {
                    users: Vec::new(),
                    start,
                    end: fields.get("end").to_owned(),
                });
            }
            Press::Remove(noun, n) if noun == "shift" && *n < shifts.len() => {
                shifts.remove(*n);
            }
            _ => {}
        }
        TemporaryForm {
            fill: fields.is("do", "fill"),
            press: Some(press),
            fields,
            shifts,
        }
    }
}

impl HandRow {
    fn read(pairs: &[(String, String)], n: usize) -> HandRow {
        let all = |field: &str| -> Vec<String> {
            let name = format!("shift-{n}-{field}");
            let values = pairs.iter().filter(|(have, _)| *have == name);
            values
                .map(|(_, value)| value.trim().to_owned())
                .filter(|value| !value.is_empty())
                .collect()
        };
        let one = |field: &str| all(field).into_iter().next().unwrap_or_default();
        HandRow {
            users: all("user"),
            start: one("start"),
            end: one("end"),
        }
    }
}

impl TemporaryPage {
    fn zone_hint(&self) -> String {
        zone_hint(&self.zone, &self.frame)
    }

    fn error_of(&self, row: &usize, field: &str) -> Markup {
        self.form.fields.complaint(&format!("shift-{row}-{field}"))
    }

    /// A choice of one of a shift's people; the empty one adds another.
    fn user_select(&self, row: &usize, user: &str) -> Markup {
        let empty = match user {
            "" => "Add a person",
            _ => "Remove",
        };
        let (name, label) = (format!("shift-{row}-user"), "On call");
        self.frame
            .row_select(&name, label, &self.people, user, empty)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_are_read_added_and_taken_out() {
        let typed = |press: &str| {
            let pairs = [
                ("start", "2026-11-23T09:00"),
                ("end", "2026-11-30T09:00"),
                ("shift-0-user", "1"),
                ("shift-0-user", "2"),
                ("shift-0-user", ""),
                ("shift-0-start", "2026-11-23T09:00"),
                ("shift-0-end", "2026-11-25T09:00"),
                ("shift-1-user", ""),
                ("shift-1-start", ""),
                ("shift-3-end", "2026-11-26T09:00"),
                ("do", press),
            ];
            let pairs = pairs.map(|(name, value)| (name.to_owned(), value.to_owned()));
            TemporaryForm::from_pairs(pairs.to_vec())
        };
        let form = typed("save");
        assert_eq!(form.press, Some(Press::Save));
        assert_eq!(form.shifts.len(), 2, "an empty row is none");
        assert_eq!(form.shifts[0].users, ["1", "2"]);
        assert_eq!(form.shifts[1].end, "2026-11-26T09:00");
        let more = typed("add-shift");
        assert_eq!(more.shifts[2].start, "2026-11-26T09:00");
        assert_eq!(more.shifts[2].end, "2026-11-30T09:00");
        assert_eq!(typed("remove-shift-0").shifts.len(), 1);
        assert_eq!(typed("remove-shift-7").shifts.len(), 2);
        assert!(typed("fill").fill && !form.fill);
    }
}
