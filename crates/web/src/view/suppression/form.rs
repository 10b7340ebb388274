//! The form of a maintenance window or silence.

use askama::Template;
use domain::schedule::Weekday;
use domain::suppression::{
    MatchOp, Matcher, MonthlyBy, Pattern, Regular, Repeat, RepeatKind, Suppression, weekday_of,
};
use domain::{IntegrationId, ServiceId, SuppressionId, Timestamp};
use jiff::civil::Date;
use jiff::tz::TimeZone;

use super::Noun;
use crate::view::form::{Form, Press, row_numbers};
use crate::view::frame::{Choice, Frame, Markup};
use crate::view::schedule_layer;

/// What `POST /silences`, `POST /silences/{id}` and their siblings below `/maintenance-windows`
/// send.
///
/// Fields: `service` (id, repeated), `integration` (id, repeated), for each matcher `n`
/// `matcher-{n}-name`, `matcher-{n}-op` (`=`, `!=`, `=~`, `!~`) and `matcher-{n}-value`; `start`
/// (empty: now), `lasts` (minutes; empty: until `end`), `end`, both on the clock of `zone`;
/// `repeat` ([`RepeatKind`]), `every`, `day` (weekday, repeated), `monthly` ([`MonthlyBy`]), `until`
/// (a date), `rule` (an RRULE); `comment`. `do` is `save`, `preview`, `add-matcher` or
/// `remove-matcher-{n}`.
#[derive(Clone, Debug, Default)]
pub struct SuppressionForm {
    /// The plain fields, and everything that is wrong.
    pub fields: Form,
    pub matchers: Vec<MatcherRow>,
    pub press: Option<Press>,
}

/// One matcher as typed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MatcherRow {
    pub name: String,
    pub op: String,
    pub value: String,
}

impl Default for MatcherRow {
    fn default() -> MatcherRow {
        MatcherRow {
            name: String::new(),
            op: MatchOp::Equal.to_string(),
            value: String::new(),
        }
    }
}

impl MatcherRow {
    pub fn of(matcher: &Matcher) -> MatcherRow {
        MatcherRow {
            name: matcher.name().to_owned(),
            op: matcher.op().to_string(),
            value: matcher.value().to_owned(),
        }
    }

    /// The rows `{prefix}-{n}-…` of a body, with what a button asks of them.
    pub fn read_all(pairs: &[(String, String)], prefix: &str, press: &Press) -> Vec<MatcherRow> {
        let one = |name: String| {
            let found = pairs.iter().find(|(have, _)| *have == name);
            found.map_or("", |(_, value)| value).trim().to_owned()
        };
        let mut rows: Vec<MatcherRow> = row_numbers(pairs, prefix)
            .into_iter()
            .map(|n| MatcherRow {
                name: one(format!("{prefix}-{n}-name")),
                op: one(format!("{prefix}-{n}-op")),
                value: one(format!("{prefix}-{n}-value")),
            })
            .collect();
        match press {
            Press::Add(noun, _) if noun == prefix => rows.push(MatcherRow::default()),
            Press::Remove(noun, n) if noun == prefix && *n < rows.len() => {
                rows.remove(*n);
            }
            _ => {}
        }
        rows
    }

    /// The matchers that rows stand for; rows without a name and a value are left out. What cannot
    /// be read is told beside its row.
    pub fn matchers(rows: &[MatcherRow], prefix: &str, form: &mut Form) -> Vec<Matcher> {
        let mut read = Vec::new();
        for (n, row) in rows.iter().enumerate() {
            if row.name.is_empty() && row.value.is_empty() {
                continue;
            }
            let op = Some(row.op.as_str()).filter(|op| !op.is_empty());
            let Ok(op) = op.unwrap_or("=").parse::<MatchOp>() else {
                let name = format!("{prefix}-{n}-name");
                form.reject(&name, "Choose one of = != =~ !~.");
                continue;
            };
            match Matcher::new(&row.name, op, &row.value) {
                Ok(matcher) => read.push(matcher),
                Err(error) => form.reject(
                    &format!("{prefix}-{n}-name"),
                    crate::page::complaint::sentence(&error.to_string()),
                ),
            }
        }
        read
    }
}

/// What comes of a form before it is saved.
#[derive(Clone, Debug)]
pub struct SuppressionPreview {
    /// The next five.
    pub occurrences: Vec<(Timestamp, Timestamp)>,
    /// Open alerts that it matches.
    pub matches: usize,
}

/// `GET /silences/new?alert=&incident=&service=&from=`, `GET /silences/{id}/edit` and their siblings
/// below `/maintenance-windows`.
#[derive(Clone, Debug, Template)]
#[template(path = "suppression/form.html")]
pub struct SuppressionFormPage {
    pub frame: Frame,
    pub noun: Noun,
    /// Of one that is edited.
    pub id: Option<SuppressionId>,
    pub form: SuppressionForm,
    /// By id.
    pub services: Vec<Choice>,
    /// By id.
    pub integrations: Vec<Choice>,
    pub zones: Vec<Choice>,
    pub preview: Option<SuppressionPreview>,
}

/// How long it may last, in minutes, in words.
const LASTS: &[(&str, &str)] = &[
    ("30", "30 minutes"),
    ("60", "1 hour"),
    ("120", "2 hours"),
    ("240", "4 hours"),
    ("480", "8 hours"),
    ("1440", "1 day"),
    ("4320", "3 days"),
    ("10080", "1 week"),
];

impl SuppressionForm {
    /// The form of a new one: an hour from now.
    pub fn empty(zone: &str) -> SuppressionForm {
        SuppressionForm {
            fields: Form::new()
                .with("lasts", "60")
                .with("zone", zone)
                .with("repeat", RepeatKind::Once)
                .with("every", 1),
            matchers: Vec::new(),
            press: None,
        }
    }

    /// The form of one as it is.
    pub fn of(one: &Suppression) -> SuppressionForm {
        let zone = TimeZone::get(&one.zone).unwrap_or(TimeZone::UTC);
        let mut form = SuppressionForm::empty(&one.zone).about(
            &one.services,
            &one.integrations,
            &one.matchers,
        );
        let local = |at: Timestamp| at.in_zone(&zone).strftime("%Y-%m-%dT%H:%M").to_string();
        let repeat = Repeat::of(one.recurrence.as_deref());
        let mut fields = Form::new()
            .with("start", local(one.starts_at))
            .with("lasts", "")
            .with("end", local(one.ends_at))
            .with("zone", &one.zone)
            .with("comment", &one.comment)
            .with("repeat", repeat.kind());
        match &repeat {
            Repeat::Once => fields = fields.with("every", 1),
            Repeat::Rule(rule) => fields = fields.with("rule", rule).with("every", 1),
            Repeat::Regular(regular) => {
                fields = fields.with("every", regular.every);
                if let Some(until) = regular.until {
                    fields = fields.with("until", until);
                }
                match &regular.pattern {
                    Pattern::Daily => {}
                    Pattern::Weekly(days) => {
                        for day in days {
                            fields = fields.with("day", day);
                        }
                    }
                    Pattern::MonthDay(_) => fields = fields.with("monthly", MonthlyBy::Day),
                    Pattern::MonthWeekday(-1, _) => {
                        fields = fields.with("monthly", MonthlyBy::Last);
                    }
                    Pattern::MonthWeekday(..) => {
                        fields = fields.with("monthly", MonthlyBy::Weekday);
                    }
                }
            }
        }
        for name in ["service", "integration"] {
            let chosen: Vec<String> = form.fields.all(name).map(str::to_owned).collect();
            for id in chosen {
                fields = fields.with(name, id);
            }
        }
        form.fields = fields;
        form
    }

    /// Adds what it is to hold back.
    pub fn about(
        mut self,
        services: &[ServiceId],
        integrations: &[IntegrationId],
        matchers: &[Matcher],
    ) -> SuppressionForm {
        for id in services {
            self.fields = self.fields.with("service", id);
        }
        for id in integrations {
            self.fields = self.fields.with("integration", id);
        }
        self.matchers.extend(matchers.iter().map(MatcherRow::of));
        self
    }

    pub fn from_pairs(pairs: Vec<(String, String)>) -> SuppressionForm {
        let press = pairs
            .iter()
            .find(|(name, _)| name == "do")
            .map_or(Press::Save, |(_, word)| Press::parse(word));
        SuppressionForm {
            matchers: MatcherRow::read_all(&pairs, "matcher", &press),
            fields: Form::from_pairs(pairs),
            press: Some(press),
        }
    }

    /// How it recurs from `first` on; `None` when that cannot be read, which is told.
    pub fn repeat(&mut self, first: Date) -> Option<Repeat> {
        let kind = match self.fields.text("repeat") {
            None => RepeatKind::Once,
            Some(word) => match word.parse() {
                Ok(kind) => kind,
                Err(_) => {
                    self.fields.reject("repeat", "Choose one of the options.");
                    return None;
                }
            },
        };
        let pattern = match kind {
            RepeatKind::Once => return Some(Repeat::Once),
            RepeatKind::Rule => {
                let Some(rule) = self.fields.text("rule") else {
                    self.fields
                        .reject("rule", "Write a rule, such as FREQ=WEEKLY;BYDAY=SU.");
                    return None;
                };
                return Some(Repeat::Rule(rule.to_owned()));
            }
            RepeatKind::Daily => Pattern::Daily,
            RepeatKind::Weekly => {
                let days: Result<Vec<Weekday>, _> =
                    self.fields.all("day").map(str::parse).collect();
                let Ok(mut days) = days else {
                    self.fields.reject("day", "Choose days of the week.");
                    return None;
                };
                if days.is_empty() {
                    days.push(weekday_of(first));
                }
                Pattern::Weekly(days)
            }
            RepeatKind::Monthly => {
                let by = self.fields.text("monthly").unwrap_or("day");
                let Ok(by) = by.parse::<MonthlyBy>() else {
                    self.fields.reject("monthly", "Choose one of the options.");
                    return None;
                };
                Pattern::monthly(by, first)
            }
        };
        let every = match self.fields.text("every") {
            None => Some(1),
            Some(text) => text
                .parse()
                .ok()
                .filter(|every| (1..=domain::suppression::EVERY_MAX).contains(every)),
        };
        if every.is_none() {
            self.fields
                .reject("every", "Give a whole number from 1 to 99.");
        }
        let until = match self.fields.text("until").map(str::parse::<Date>) {
            None => Some(None),
            Some(Ok(day)) => Some(Some(day)),
            Some(Err(_)) => {
                self.fields.reject("until", "Give a date.");
                None
            }
        };
        Some(Repeat::Regular(Regular {
            pattern,
            every: every?,
            until: until?,
        }))
    }
}

impl SuppressionFormPage {
    fn action(&self) -> String {
        match self.id {
            Some(id) => format!("{}/{id}", self.noun.path()),
            None => self.noun.path().to_owned(),
        }
    }

    fn back(&self) -> String {
        self.action()
    }

    /// Under which name the form is tried before it is saved.
    fn draft(&self) -> String {
        let id = self.id.map(|id| id.to_string()).unwrap_or_default();
        format!("{}:{id}", self.noun.kind())
    }

    fn lasts(&self) -> Vec<Choice> {
        LASTS
            .iter()
            .map(|(minutes, words)| Choice::new(minutes, words))
            .collect()
    }

    fn days(&self) -> &'static [Weekday] {
        Weekday::ALL
    }

    fn short_day(&self, day: &Weekday) -> &'static str {
        schedule_layer::short_day(day)
    }

    fn kinds(&self) -> [(&'static str, &'static str); 5] {
        [
            ("once", "Once"),
            ("daily", "Daily"),
            ("weekly", "Weekly"),
            ("monthly", "Monthly"),
            ("rule", "By a rule"),
        ]
    }

    fn months(&self) -> Vec<Choice> {
        vec![
            Choice::new("day", "the same day of the month"),
            Choice::new("weekday", "the same weekday, such as the second Tuesday"),
            Choice::new("last", "the last such weekday of the month"),
        ]
    }

    /// The selects of a repeated field, with a spare one.
    fn selects(&self, name: &str, label: &str, choices: &[Choice], add: &str) -> Markup {
        let mut out = format!("<ul class=\"turns\" id=\"f-{name}\">");
        let mut chosen: Vec<&str> = self
            .form
            .fields
            .all(name)
            .filter(|id| !id.is_empty())
            .collect();
        chosen.dedup();
        for id in chosen {
            out.push_str("<li>");
            out.push_str(&self.frame.row_select(name, label, choices, id, "Remove").0);
            out.push_str("</li>");
        }
        out.push_str("<li data-spare>");
        out.push_str(&self.frame.row_select(name, label, choices, "", add).0);
        out.push_str("</li></ul>");
        Markup(out)
    }

    fn ops(&self) -> &'static [MatchOp] {
        MatchOp::ALL
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pairs(given: &[(&str, &str)]) -> Vec<(String, String)> {
        given
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
            .collect()
    }

    #[test]
    fn matchers_are_added_removed_and_read() {
        let typed = [
            ("matcher-0-name", "env"),
            ("matcher-0-op", "!="),
            ("matcher-0-value", "prod"),
            ("matcher-2-name", "a"),
            ("matcher-2-op", "=~"),
            ("matcher-2-value", "("),
        ];
        let mut form = SuppressionForm::from_pairs(pairs(&typed));
        let read = MatcherRow::matchers(&form.matchers, "matcher", &mut form.fields);
        assert_eq!(read.len(), 1);
        assert_eq!(read[0].to_string(), "env!=\"prod\"");
        assert!(!form.fields.error("matcher-1-name").is_empty());
        let with = |button| {
            let mut typed = typed.to_vec();
            typed.push(("do", button));
            SuppressionForm::from_pairs(pairs(&typed)).matchers.len()
        };
        assert_eq!((with("add-matcher"), with("remove-matcher-0")), (3, 1));
    }

    #[test]
    fn what_no_list_offers_is_refused() {
        let mut form = SuppressionForm::from_pairs(pairs(&[
            ("matcher-0-name", "env"),
            ("matcher-0-op", "%%"),
            ("matcher-0-value", "prod"),
        ]));
        let read = MatcherRow::matchers(&form.matchers, "matcher", &mut form.fields);
        assert!(read.is_empty() && !form.fields.error("matcher-0-name").is_empty());
        for (repeat, field) in [
            ("weekly", "day"),
            ("monthly", "monthly"),
            ("often", "repeat"),
        ] {
            let mut typed = vec![("repeat", repeat)];
            if field != "repeat" {
                typed.push((field, "someday"));
            }
            let mut form = SuppressionForm::from_pairs(pairs(&typed));
            assert_eq!(form.repeat(Date::constant(2026, 3, 10)), None);
            assert!(!form.fields.error(field).is_empty(), "{field}");
        }
    }

    #[test]
    fn a_repetition_survives_being_shown_and_sent() {
        for rule in [
            "FREQ=DAILY;INTERVAL=2",
            "FREQ=WEEKLY;BYDAY=MO,TH",
            "FREQ=MONTHLY;BYMONTHDAY=10;UNTIL=20270101",
            "FREQ=MONTHLY;BYDAY=2TU",
            "FREQ=MONTHLY;BYDAY=-1TU",
            "FREQ=YEARLY",
        ] {
            let one = Suppression {
                id: SuppressionId(1),
                kind: Noun::Silence.kind(),
                services: vec![ServiceId(3)],
                integrations: vec![],
                matchers: vec![],
                starts_at: Timestamp::parse("2026-03-10T08:00:00Z").unwrap(),
                ends_at: Timestamp::parse("2026-03-10T09:00:00Z").unwrap(),
                recurrence: Some(rule.to_owned()),
                zone: "Europe/Berlin".to_owned(),
                occurrences: vec![],
                comment: "x".to_owned(),
                created_by: None,
                author: String::new(),
                created_at: Timestamp::from_seconds(0),
            };
            let mut form = SuppressionForm::of(&one);
            assert_eq!(form.fields.get("start"), "2026-03-10T09:00");
            let first = jiff::civil::date(2026, 3, 10);
            let read = form.repeat(first).unwrap().rule();
            assert_eq!(read.as_deref(), Some(rule));
        }
    }

    #[test]
    fn what_cannot_be_read_is_told() {
        let first = jiff::civil::date(2026, 3, 10);
        for (typed, field) in [
            (&[("repeat", "often")][..], "repeat"),
            (&[("repeat", "rule")][..], "rule"),
            (&[("repeat", "daily"), ("every", "0")][..], "every"),
            (&[("repeat", "daily"), ("until", "soon")][..], "until"),
        ] {
            let mut form = SuppressionForm::from_pairs(pairs(typed));
            assert!(form.repeat(first).is_none());
            assert!(!form.fields.error(field).is_empty(), "{field}");
        }
    }
}
