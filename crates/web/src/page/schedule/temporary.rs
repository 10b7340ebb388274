//! Temporary schedules: a span filled by hand, and withdrawing that.

use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse, web};
use domain::directory::Directory;
use domain::schedule::{Schedule, TEMPORARY_MAX, Temporary, TemporaryShift};
use domain::{Span, TemporaryId, Timestamp, UserId};
use engine::access::Right;
use engine::configuration::temporary::{self, TemporaryInput};
use jiff::ToSpan as _;
use jiff::tz::TimeZone;

use super::overrides::done;
use super::{calendar, difference, find, row};
use crate::csrf::Checked;
use crate::error::WebError;
use crate::frame::{frame, redirect_with, render, render_with};
use crate::page::{choice, complaint, query};
use crate::picture::Calendar;
use crate::session::SignedIn;
use crate::state::State;
use crate::view::schedule_difference::Difference;
use crate::view::schedule_temporary::{HandRow, TemporaryForm, TemporaryPage};
use crate::view::time::parse_time;
use crate::view::{Form, Frame, Nav, Press, Undo};

/// How long a span is before anybody has said.
const USUAL: Span = Span::from_days(7);
/// Rows that a form is filled with; for more the span is made shorter, or the API used.
const ROWS: usize = 100;
/// Days of a preview.
const DAYS: u16 = 35;

pub fn configure(cfg: &mut web::ServiceConfig) {
    cfg.service(web::resource("/schedules/{slug}/temporary").route(web::get().to(ask)))
        .service(web::resource("/schedules/{slug}/temporaries").route(web::post().to(add)))
        .service(
            web::resource("/schedules/{slug}/temporaries/{id}/delete")
                .route(web::post().to(withdraw)),
        );
}

/// `GET /schedules/{slug}/temporary?start=&end=`: a form with the shifts as they are planned.
async fn ask(
    state: State,
    me: SignedIn,
    slug: web::Path<String>,
    req: HttpRequest,
) -> Result<HttpResponse, WebError> {
    me.require(Right::Configure)?;
    let directory = state.directory();
    let existing = find(&directory, &slug)?;
    let frame = frame(&state, &me, &title(existing), Nav::OnCall).await;
    let at = |name: &str| parse_time(&query::value(&req, name)?, &frame.zone);
    let start = at("start").unwrap_or_else(|| tomorrow(&frame));
    let end = at("end").filter(|end| start < *end);
    let end = end.unwrap_or(start + USUAL).min(start + TEMPORARY_MAX);
    let mut form = TemporaryForm {
        fields: Form::new()
            .with("start", frame.local_input(&start))
            .with("end", frame.local_input(&end)),
        ..TemporaryForm::default()
    };
    form.shifts = planned(existing, start, end, &frame);
    render(&page(frame, &directory, existing, form))
}

fn title(schedule: &Schedule) -> String {
    format!("Fill {} by hand", schedule.name)
}

/// The next midnight of the viewer.
fn tomorrow(frame: &Frame) -> Timestamp {
    let today = frame.now.in_zone(&frame.zone).date();
    let day = today.checked_add(1.days()).unwrap_or(today);
    day.to_zoned(frame.zone.clone())
        .map_or(frame.now, |midnight| {
            Timestamp::from_jiff(midnight.timestamp())
        })
}

/// The rows that say what is planned without overrides, which apply above.
fn planned(schedule: &Schedule, start: Timestamp, end: Timestamp, frame: &Frame) -> Vec<HandRow> {
    let mut below = schedule.clone();
    below.overrides.clear();
    below
        .final_shifts(start, end)
        .iter()
        .filter_map(|shift| shift.clipped(start, end))
        .take(ROWS)
        .map(|shift| HandRow {
            users: shift.users.iter().map(UserId::to_string).collect(),
            start: frame.local_input(&shift.start),
            end: frame.local_input(&shift.end),
        })
        .collect()
}

fn time(form: &mut Form, name: &str, text: &str, zone: &TimeZone) -> Option<Timestamp> {
    let at = form.time_of(name, text, zone);
    if at.is_none() {
        form.reject(name, "Give a date and a time.");
    }
    at
}

/// What the form stands for, unless something cannot be read; then what, beside its field. The rows
/// are put in order, as the problems of the engine count them.
fn input(form: &mut TemporaryForm, zone: &TimeZone) -> Option<TemporaryInput> {
    let instant = |text: &str| parse_time(text, zone);
    form.shifts
        .sort_by_key(|row| (instant(&row.start), instant(&row.end)));
    let fields = &mut form.fields;
    let (from, until) = (fields.get("start").to_owned(), fields.get("end").to_owned());
    let start = time(fields, "start", &from, zone);
    let end = time(fields, "end", &until, zone);
    let mut shifts = Vec::with_capacity(form.shifts.len());
    for (n, row) in form.shifts.iter().enumerate() {
        let start = time(fields, &format!("shift-{n}-start"), &row.start, zone);
        let end = time(fields, &format!("shift-{n}-end"), &row.end, zone);
        let users: Result<Vec<UserId>, _> = row.users.iter().map(|id| id.parse()).collect();
        match (start, end, users) {
            (Some(start), Some(end), Ok(users)) => {
                shifts.push(TemporaryShift { start, end, users });
            }
            (_, _, Err(_)) => {
                fields.reject(&format!("shift-{n}-user"), "Choose a person from the list.");
            }
            _ => {}
        }
    }
    let whole = shifts.len() == form.shifts.len();
    Some(TemporaryInput {
        start: start?,
        end: end?,
        shifts: whole.then_some(shifts)?,
    })
}

/// `shifts[2].end` of the engine as the form spells it.
fn field_of(path: &str) -> String {
    let row = path.strip_prefix("shifts[");
    let Some((n, rest)) = row.and_then(|rest| rest.split_once(']')) else {
        return path.to_owned();
    };
    match rest.trim_start_matches('.') {
        "end" => format!("shift-{n}-end"),
        rest if rest.starts_with("users") => format!("shift-{n}-user"),
        _ => format!("shift-{n}-start"),
    }
}

/// The page around a form. Asked for a preview, what is wrong is said.
fn page(
    frame: Frame,
    directory: &Directory,
    schedule: &Schedule,
    mut form: TemporaryForm,
) -> TemporaryPage {
    let mut trial = form.clone();
    let drawn = drawn(&frame, directory, schedule, &mut trial);
    if form.press == Some(Press::Preview) && !form.fill {
        form = trial;
    }
    let chosen: Vec<UserId> = form
        .shifts
        .iter()
        .flat_map(|row| &row.users)
        .filter_map(|id| id.parse().ok())
        .collect();
    let (preview, difference) = drawn.unzip();
    TemporaryPage {
        name: schedule.name.clone(),
        slug: schedule.slug.clone(),
        zone: row::zone_name(schedule, frame.now),
        people: choice::people_and(directory, &chosen),
        form,
        preview,
        difference,
        frame,
    }
}

/// The span as it would be, and for whom that is another one.
fn drawn(
    frame: &Frame,
    directory: &Directory,
    schedule: &Schedule,
    form: &mut TemporaryForm,
) -> Option<(Calendar, Difference)> {
    let input = input(form, &frame.zone)?;
    let new = Temporary {
        id: TemporaryId(0),
        start: input.start,
        end: input.end,
        shifts: input.shifts,
        created_by: None,
        created_at: frame.now,
    };
    let problems = new.problems(frame.now);
    for problem in &problems {
        let message = complaint::sentence(&problem.message);
        form.fields.reject(&field_of(&problem.path), message);
    }
    if !problems.is_empty() {
        return None;
    }
    let mut after = schedule.clone();
    let (start, end) = (new.start, new.end);
    after.temporaries.push(new);
    let first = start.in_zone(&frame.zone).date();
    let last = end.in_zone(&frame.zone).date();
    let between = first
        .until(last)
        .map_or(i32::from(DAYS), |days| days.get_days());
    let days = u16::try_from(between + 1).map_or(DAYS, |days| days.min(DAYS));
    let zone = frame.zone.clone();
    Some((
        calendar::calendar(directory, &after, zone, first, days, frame.now),
        difference::told(directory, schedule, &after, start.max(frame.now), end),
    ))
}

async fn add(
    state: State,
    me: SignedIn,
    slug: web::Path<String>,
    Checked(typed): Checked,
) -> Result<HttpResponse, WebError> {
    me.require(Right::Configure)?;
    let directory = state.directory();
    let existing = find(&directory, &slug)?;
    let frame = frame(&state, &me, &title(existing), Nav::OnCall).await;
    let mut form = TemporaryForm::from_pairs(typed.pairs().to_vec());
    if form.fill {
        fill(&mut form, existing, &frame);
    }
    if form.press != Some(Press::Save) {
        return render(&page(frame, &directory, existing, form));
    }
    if let Some(input) = input(&mut form, &frame.zone) {
        let ctx = me.ctx(state.now());
        match temporary::add_temporary(state.store(), &ctx, existing.id, input).await {
            Ok(id) => {
                let path = format!("/schedules/{}", existing.slug);
                let undo = Undo {
                    action: format!("{path}/temporaries/{id}/delete"),
                    fields: Vec::new(),
                    label: "Undo".to_owned(),
                };
                let text = form.fields.with_notes("The span is filled by hand.");
                let told = done(&text, Some(undo));
                return Ok(redirect_with(&state, &path, &told));
            }
            Err(error) => complaint::show(&mut form.fields, error, field_of)?,
        }
    }
    let page = page(frame.clone(), &directory, existing, local(form, &frame));
    render_with(StatusCode::UNPROCESSABLE_ENTITY, &page)
}

/// Makes the rows those that are planned in the span, if it can be read.
fn fill(form: &mut TemporaryForm, schedule: &Schedule, frame: &Frame) {
    let fields = &mut form.fields;
    let (from, until) = (fields.get("start").to_owned(), fields.get("end").to_owned());
    let start = time(fields, "start", &from, &frame.zone);
    let end = time(fields, "end", &until, &frame.zone);
    if let (Some(start), Some(end)) = (start, end) {
        if start < end && end.since(start) <= TEMPORARY_MAX {
            form.shifts = planned(schedule, start, end, frame);
        } else {
            fields.reject("end", "Must be later than the start, by a year at most.");
        }
    }
}

/// Times may have come as instants; the fields show local ones.
fn local(mut form: TemporaryForm, frame: &Frame) -> TemporaryForm {
    let shown = |text: &str| match Timestamp::parse(text) {
        Some(at) => frame.local_input(&at),
        None => text.to_owned(),
    };
    let mut fields = Form::new();
    for name in ["start", "end"] {
        fields = fields.with(name, shown(form.fields.get(name)));
    }
    for (name, message) in form.fields.errors() {
        fields.reject(name, message);
    }
    for message in form.fields.general() {
        fields.refuse(message);
    }
    form.fields = fields;
    for row in &mut form.shifts {
        (row.start, row.end) = (shown(&row.start), shown(&row.end));
    }
    form
}

async fn withdraw(
    state: State,
    me: SignedIn,
    path: web::Path<(String, String)>,
    _form: Checked,
) -> Result<HttpResponse, WebError> {
    me.require(Right::Configure)?;
    let (slug, id) = path.into_inner();
    let directory = state.directory();
    let existing = find(&directory, &slug)?;
    let id: TemporaryId = id
        .parse()
        .map_err(|_| WebError::not_found("temporary schedule"))?;
    let now = state.now();
    temporary::withdraw_temporary(state.store(), &me.ctx(now), existing.id, id).await?;
    let path = format!("/schedules/{}", existing.slug);
    let was = existing.temporaries.iter();
    let undo = was
        .filter(|one| one.id == id && one.end > now)
        .map(|one| again(&path, one))
        .next();
    let told = done("The layers count again.", undo);
    Ok(redirect_with(&state, &path, &told))
}

/// Makes a withdrawn one once more.
fn again(path: &str, withdrawn: &Temporary) -> Undo {
    let mut fields = vec![
        ("start".to_owned(), withdrawn.start.to_string()),
        ("end".to_owned(), withdrawn.end.to_string()),
    ];
    for (n, shift) in withdrawn.shifts.iter().enumerate() {
        fields.push((format!("shift-{n}-start"), shift.start.to_string()));
        fields.push((format!("shift-{n}-end"), shift.end.to_string()));
        let users = shift.users.iter();
        fields.extend(users.map(|user| (format!("shift-{n}-user"), user.to_string())));
    }
    Undo {
        action: format!("{path}/temporaries"),
        fields,
        label: "Undo".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::page::sample::{NOW, directory, platform};

    fn frame() -> Frame {
        let mut frame = Frame::signed_out("x", "c", NOW);
        frame.zone = TimeZone::get("Europe/Berlin").unwrap();
        frame
    }

    fn typed(pairs: &[(&str, &str)]) -> TemporaryForm {
        let pairs = pairs.iter();
        TemporaryForm::from_pairs(
            pairs
                .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
                .collect(),
        )
    }

    #[test]
    fn the_rows_begin_with_what_is_planned() {
        let directory = directory();
        let frame = frame();
        let start = tomorrow(&frame);
        assert_eq!(frame.local_input(&start), "2026-11-22T00:00");
        let rows = planned(platform(&directory), start, start + USUAL, &frame);
        assert_eq!(rows.len(), 2, "a hand-over on Monday");
        assert_eq!(rows[0].end, "2026-11-23T09:00");
        assert_eq!(rows[1].end, "2026-11-29T00:00");
        let mut form = TemporaryForm {
            fields: Form::new()
                .with("start", "2026-11-22T00:00")
                .with("end", "2026-11-29T00:00"),
            shifts: rows,
            ..TemporaryForm::default()
        };
        let drawn = drawn(&frame, &directory, platform(&directory), &mut form);
        assert!(drawn.is_some_and(|(_, difference)| difference.is_empty()));
    }

    #[test]
    fn what_is_wrong_stands_beside_its_row() {
        let directory = directory();
        let frame = frame();
        let mut form = typed(&[
            ("start", "2026-11-23T09:00"),
            ("end", "2026-11-30T09:00"),
            ("shift-0-user", "2"),
            ("shift-0-start", "2026-11-25T09:00"),
            ("shift-0-end", "2026-11-26T09:00"),
            ("shift-1-user", "1"),
            ("shift-1-start", "2026-11-24T09:00"),
            ("shift-1-end", "2026-11-25T10:00"),
            ("do", "preview"),
        ]);
        assert!(drawn(&frame, &directory, platform(&directory), &mut form).is_none());
        // The rows stand in order now.
        assert_eq!(form.shifts[0].users, ["1"]);
        assert!(
            form.fields
                .error("shift-1-start")
                .starts_with("Begins before")
        );
        let mut form = typed(&[("start", "soon"), ("shift-0-user", "x"), ("end", "")]);
        assert!(input(&mut form, &frame.zone).is_none());
        for field in [
            "start",
            "end",
            "shift-0-start",
            "shift-0-end",
            "shift-0-user",
        ] {
            assert!(!form.fields.error(field).is_empty(), "{field}");
        }
        assert_eq!(field_of("shifts[3].users"), "shift-3-user");
        assert_eq!(field_of("shifts[3]"), "shift-3-start");
        assert_eq!(field_of("end"), "end");
    }

    #[test]
    fn a_withdrawn_one_can_be_made_again() {
        let frame = frame();
        let was = Temporary {
            id: TemporaryId(4),
            start: NOW,
            end: NOW + Span::from_days(1),
            shifts: vec![TemporaryShift {
                start: NOW + Span::from_hours(1),
                end: NOW + Span::from_hours(2),
                users: vec![UserId(1), UserId(2)],
            }],
            created_by: None,
            created_at: NOW,
        };
        let undo = again("/schedules/platform", &was);
        let mut form = TemporaryForm::from_pairs(undo.fields);
        let input = input(&mut form, &frame.zone).unwrap();
        assert_eq!((input.start, input.end), (was.start, was.end));
        assert_eq!(input.shifts, was.shifts);
    }
}
