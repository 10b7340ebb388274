//! The form of a schedule: what it stands for, what is wrong with it, and what it would look like.

use domain::directory::Directory;
use domain::schedule::{ConfigProblem, Schedule};
use domain::{Span, TeamId, Timestamp, UserId};
use engine::configuration::schedule::ScheduleInput;
use engine::schedule::preview as preview_of;
use engine::{Error, Problem};
use jiff::tz::TimeZone;

use super::calendar::{self, PREVIEW};
use super::difference::{self, AHEAD};
use crate::page::{choice, complaint};
use crate::picture::Calendar;
use crate::view::schedule::{LayerRow, ScheduleForm, ScheduleFormPage, TurnRow};
use crate::view::schedule_difference::Difference;
use crate::view::{Choice, Form, Frame, Press};

/// An empty form: one weekly rotation in the viewer's zone.
pub fn empty(frame: &Frame) -> ScheduleForm {
    let today = frame.now.in_zone(&frame.zone).date();
    ScheduleForm {
        fields: Form::new().with("zone", frame.zone_name()),
        layers: vec![LayerRow::weekly("Primary", calendar::monday(today))],
        press: None,
    }
}

/// The form of a schedule as it is: its newest version, also when that has yet to begin.
pub fn of(schedule: &Schedule, frame: &Frame) -> ScheduleForm {
    let newest = schedule.versions.last();
    let mut form = newest.map_or_else(|| empty(frame), |version| ScheduleForm::of(&version.config));
    let mut fields = std::mem::take(&mut form.fields)
        .with("name", &schedule.name)
        .with("description", &schedule.description);
    if let Some(team) = schedule.team_id {
        fields = fields.with("team", team);
    }
    // A version to come is edited as such; else it would replace what is saved now.
    if let Some(coming) = newest.filter(|version| version.effective_from > frame.now) {
        fields = fields.with("from", frame.local_input(&coming.effective_from));
    }
    form.fields = fields;
    form
}

/// What was typed, with the rows changed as the pressed button asks.
pub fn read(pairs: Vec<(String, String)>, frame: &Frame) -> ScheduleForm {
    let zone = pairs
        .iter()
        .find(|(name, _)| name == "zone")
        .and_then(|(_, zone)| TimeZone::get(zone).ok())
        .unwrap_or_else(|| frame.zone.clone());
    let today = frame.now.in_zone(&zone).date();
    ScheduleForm::from_pairs(pairs, today)
}

/// What the form stands for, unless something cannot be read; then what, beside its field.
pub fn input(form: &mut ScheduleForm, frame: &Frame) -> Option<ScheduleInput> {
    let from = effective_from(&mut form.fields, frame);
    let team = read_id(&mut form.fields, "team", TeamId);
    let config = form.to_config();
    Some(ScheduleInput {
        name: form.fields.get("name").to_owned(),
        slug: form.fields.text("slug").map(str::to_owned),
        description: form.fields.get("description").to_owned(),
        team_id: team?,
        config: config?,
        effective_from: from?,
    })
}

/// From when the edit holds; `Some(None)` is at once, `None` what cannot be read.
fn effective_from(fields: &mut Form, frame: &Frame) -> Option<Option<Timestamp>> {
    if fields.text("from").is_none() {
        return Some(None);
    }
    let Some(at) = fields.time("from", &frame.zone) else {
        let message = "Give a date and a time, or leave it empty for at once.";
        fields.reject("from", message);
        return None;
    };
    // The field holds minutes: the running one means at once.
    let running = at <= frame.now && frame.now.since(at) < Span::from_minutes(1);
    Some((!running).then_some(at))
}

/// An id chosen from a list, `None` when nothing is; rejected when it is no id at all.
pub fn read_id<T>(form: &mut Form, name: &str, make: impl Fn(i64) -> T) -> Option<Option<T>> {
    match form.text(name).map(str::parse::<i64>) {
        None => Some(None),
        Some(Ok(id)) => Some(Some(make(id))),
        Some(Err(_)) => {
            form.reject(name, "Choose one from the list.");
            None
        }
    }
}

/// Shows what the engine refused beside the fields it is about.
///
/// # Errors
/// Whatever no form can mend.
pub fn refuse(form: &mut ScheduleForm, error: Error) -> Result<(), Error> {
    match error {
        Error::Invalid(problems) => {
            note(form, problems);
            Ok(())
        }
        other => complaint::show_plain(&mut form.fields, other),
    }
}

fn note(form: &mut ScheduleForm, problems: Vec<Problem>) {
    for problem in problems {
        let message = complaint::sentence(&problem.message);
        match problem.field.as_str() {
            "effective_from" => form.fields.reject("from", message),
            path => form.reject_problems(&[ConfigProblem {
                path: path.to_owned(),
                message,
            }]),
        }
    }
}

/// The page around a form. Asked for a preview, what is wrong is said; while rows are being added
/// and moved it is not, since nobody is done yet.
pub fn page(
    frame: Frame,
    directory: &Directory,
    existing: Option<&Schedule>,
    mut form: ScheduleForm,
) -> ScheduleFormPage {
    let mut trial = form.clone();
    let (preview, difference) = preview(&frame, directory, existing, &mut trial).unzip();
    if form.press == Some(Press::Preview) {
        form = trial;
    }
    let chosen: Vec<UserId> = form
        .layers
        .iter()
        .flat_map(|layer| &layer.turns)
        .flat_map(TurnRow::ids)
        .filter_map(|id| id.parse().ok())
        .collect();
    ScheduleFormPage {
        zones: choice::zones(form.fields.get("zone")),
        teams: choice::teams(directory),
        people: choice::people_and(directory, &chosen),
        holidays: holidays(directory, &form),
        slug: existing.map(|schedule| schedule.slug.clone()),
        preview,
        difference: difference.flatten(),
        form,
        frame,
    }
}

/// What holidays can mean to a layer; what a layer has is offered whatever became of the calendar.
fn holidays(directory: &Directory, form: &ScheduleForm) -> Vec<Choice> {
    let mut choices: Vec<Choice> = Vec::new();
    for calendar in directory.calendars.values() {
        let (slug, name) = (&calendar.slug, &calendar.name);
        choices.push(Choice::new(
            format!("skip:{slug}"),
            format!("{name}: nobody on these days"),
        ));
        choices.push(Choice::new(
            format!("only:{slug}"),
            format!("{name}: on these days only"),
        ));
    }
    for layer in &form.layers {
        let have = &layer.holidays;
        if !have.is_empty() && !choices.iter().any(|choice| choice.value == *have) {
            choices.push(Choice::new(have, have));
        }
    }
    choices
}

/// The next weeks as they would be, and who would be on call otherwise than now planned.
fn preview(
    frame: &Frame,
    directory: &Directory,
    existing: Option<&Schedule>,
    form: &mut ScheduleForm,
) -> Option<(Calendar, Option<Difference>)> {
    let input = input(form, frame)?;
    let from = input.effective_from.unwrap_or(frame.now).max(frame.now);
    let zone = TimeZone::get(&input.config.zone).unwrap_or(TimeZone::UTC);
    let first = from.in_zone(&zone).date();
    let mut schedule = match preview_of(directory, existing, input.config, from, frame.now) {
        Ok(schedule) => schedule,
        Err(Error::Invalid(problems)) => {
            note(form, problems);
            return None;
        }
        Err(_) => return None,
    };
    schedule.name = input.name;
    let told =
        existing.map(|before| difference::told(directory, before, &schedule, from, from + AHEAD));
    Some((
        calendar::calendar(directory, &schedule, zone, first, PREVIEW, frame.now),
        told,
    ))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::page::sample::{NOW, config, directory, platform};

    fn frame() -> Frame {
        let mut frame = Frame::signed_out("x", "c", NOW);
        frame.zone = TimeZone::get("Europe/Berlin").unwrap();
        frame
    }

    /// The pairs that a browser sends for a form as it is shown.
    fn sent(form: &ScheduleForm) -> Vec<(String, String)> {
        let mut pairs = form.fields.pairs().to_vec();
        for (n, layer) in form.layers.iter().enumerate() {
            let mut add = |name: &str, value: &str| {
                pairs.push((format!("layer-{n}-{name}"), value.to_owned()));
            };
            add("name", &layer.name);
            for (m, turn) in layer.turns.iter().enumerate() {
                add("turn", &turn.user);
                for user in &turn.others {
                    add(&format!("with-{m}"), user);
                }
                for user in &turn.shadows {
                    add(&format!("shadow-{m}"), user);
                }
            }
            add("turn", "");
            add("length", &layer.length);
            add("unit", &layer.unit);
            add("handoff", &layer.handoff);
            add("start", &layer.start);
            add("end", &layer.end);
            add("holidays", &layer.holidays);
        }
        pairs
    }

    #[test]
    fn a_schedule_survives_being_shown_and_sent() {
        let directory = directory();
        let frame = frame();
        let shown = of(platform(&directory), &frame);
        let mut back = read(sent(&shown), &frame);
        let input = input(&mut back, &frame).unwrap();
        assert_eq!(input.config, config());
        assert_eq!(input.name, "Platform");
        assert_eq!(input.team_id, Some(TeamId(5)));
        assert_eq!((input.slug, input.effective_from), (None, None));
    }

    #[test]
    fn every_setting_of_a_layer_survives_being_shown_and_sent() {
        let directory = directory();
        let frame = frame();
        let mut schedule = platform(&directory).clone();
        let layer = &mut schedule.versions[0].config.layers[0];
        layer.participants[0].users.push(UserId(3));
        layer.participants[1].shadows.push(UserId(1));
        layer.participants.push(Default::default());
        layer.end = Some(jiff::civil::date(2027, 1, 1));
        layer.holidays = Some(domain::schedule::LayerHolidays {
            calendar: "de-be".to_owned(),
            when: "only".parse().unwrap(),
        });
        let mut back = read(sent(&of(&schedule, &frame)), &frame);
        let input = input(&mut back, &frame).unwrap();
        assert_eq!(input.config, schedule.versions[0].config);
        // A calendar that is gone is still offered, so that saving does not take it away.
        let page = page(frame, &directory, Some(&schedule), back);
        let offered: Vec<&str> = page.holidays.iter().map(|one| one.value.as_str()).collect();
        assert_eq!(offered, ["only:de-be"]);
    }

    #[test]
    fn an_edit_says_who_gains_and_loses() {
        let directory = directory();
        let frame = frame();
        let mut pairs = sent(&of(platform(&directory), &frame));
        pairs.retain(|(name, value)| name != "layer-0-turn" || value != "1");
        pairs.push(("do".into(), "preview".into()));
        let form = read(pairs, &frame);
        let page = page(frame, &directory, Some(platform(&directory)), form);
        let told = page.difference.unwrap();
        let who: Vec<(&str, bool, bool)> = told
            .people
            .iter()
            .map(|one| {
                (
                    one.person.name.as_str(),
                    one.gains.is_some(),
                    one.loses.is_some(),
                )
            })
            .collect();
        assert_eq!(who, [("Ana", false, true), ("Bo", true, false)]);
    }

    #[test]
    fn a_preview_is_drawn_when_the_layers_hold_together() {
        let directory = directory();
        let frame = frame();
        let shown = of(platform(&directory), &frame);
        let mut pairs = sent(&shown);
        pairs.push(("do".into(), "preview".into()));
        let page = page(
            frame.clone(),
            &directory,
            Some(platform(&directory)),
            read(pairs, &frame),
        );
        assert!(page.preview.is_some_and(|picture| picture.days == PREVIEW));
        assert!(!page.form.fields.has_errors());

        let mut pairs = sent(&empty(&frame));
        pairs.push(("do".into(), "preview".into()));
        let page = super::page(frame.clone(), &directory, None, read(pairs, &frame));
        assert!(page.preview.is_none());
        assert!(!page.form.fields.error("layer-0-turn").is_empty());

        let mut pairs = sent(&empty(&frame));
        pairs.push(("do".into(), "add-layer".into()));
        let page = super::page(frame.clone(), &directory, None, read(pairs, &frame));
        assert_eq!(page.form.layers.len(), 2);
        assert!(!page.form.fields.has_errors(), "nobody is done yet");
    }

    #[test]
    fn the_past_and_nonsense_are_told_beside_the_field() {
        let directory = directory();
        let frame = frame();
        let typed = |from: &str| {
            let mut pairs = sent(&of(platform(&directory), &frame));
            pairs.push(("from".into(), from.into()));
            read(pairs, &frame)
        };
        let mut form = typed("soon");
        assert!(input(&mut form, &frame).is_none());
        assert!(!form.fields.error("from").is_empty());
        let mut form = typed("2026-11-21T03:16");
        assert_eq!(input(&mut form, &frame).unwrap().effective_from, None);
        let mut form = typed("2026-11-30T09:00");
        let at = input(&mut form, &frame).unwrap().effective_from;
        assert_eq!(at, Timestamp::parse("2026-11-30T08:00:00Z"));
        let refused = Error::invalid("effective_from", "a change takes effect now or later");
        assert!(refuse(&mut form, refused).is_ok());
        assert!(form.fields.error("from").starts_with("A change"));
        let refused = Error::invalid("layers[0].participants[1].users", "there is no such person");
        assert!(refuse(&mut form, refused).is_ok());
        assert_eq!(
            form.fields.error("layer-0-turn"),
            "There is no such person."
        );
    }
}
