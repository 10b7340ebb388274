//! Overrides: taking somebody's place for a while, and withdrawing that.

use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse, web};
use domain::directory::Directory;
use domain::schedule::{Override, OverrideKind, Schedule};
use domain::{OverrideId, Span, Timestamp, UserId};
use engine::access::Right;
use engine::configuration::schedule::{self, OverrideInput};
use jiff::tz::TimeZone;

use super::{calendar, find, row};
use crate::csrf::Checked;
use crate::error::WebError;
use crate::frame::{frame, redirect_with, render, render_with};
use crate::page::{choice, complaint, query};
use crate::session::SignedIn;
use crate::state::State;
use crate::view::schedule::OverridePage;
use crate::view::time::parse_time;
use crate::view::{Choice, Flash, FlashKind, Form, Frame, Nav, Undo};

pub fn configure(cfg: &mut web::ServiceConfig) {
    cfg.service(web::resource("/schedules/{slug}/override").route(web::get().to(ask)))
        .service(web::resource("/schedules/{slug}/overrides").route(web::post().to(add)))
        .service(
            web::resource("/schedules/{slug}/overrides/{id}/delete")
                .route(web::post().to(withdraw)),
        );
}

/// What the form stands for, unless something cannot be read; then what, beside its field. Local
/// times are in `zone`.
fn input(form: &mut Form, zone: &TimeZone) -> Option<OverrideInput> {
    let kind = match form
        .text("kind")
        .unwrap_or("replace")
        .parse::<OverrideKind>()
    {
        // A swap is made by taking a request.
        Ok(kind) if kind != OverrideKind::Swap => Some(kind),
        _ => {
            form.reject("kind", "Choose one of the options.");
            None
        }
    };
    let users: Result<Vec<UserId>, _> = form
        .all("user")
        .filter(|id| !id.trim().is_empty())
        .map(|id| id.trim().parse())
        .collect();
    let users = match users {
        // The page offers people only; a gap is made on purpose through the API or the file.
        Ok(users) if !users.is_empty() => Some(users),
        _ => {
            form.reject("user", "Choose who is on call.");
            None
        }
    };
    let start = time(form, "start", zone);
    let end = time(form, "end", zone);
    Some(OverrideInput {
        kind: kind?,
        start: start?,
        end: end?,
        users: users?,
    })
}

fn time(form: &mut Form, name: &str, zone: &TimeZone) -> Option<Timestamp> {
    let at = form.time(name, zone);
    if at.is_none() {
        form.reject(name, "Give a date and a time.");
    }
    at
}

/// `GET /schedules/{slug}/override?start=&end=`: from a click on the calendar.
async fn ask(
    state: State,
    me: SignedIn,
    slug: web::Path<String>,
    req: HttpRequest,
) -> Result<HttpResponse, WebError> {
    me.require(Right::Respond)?;
    let directory = state.directory();
    let existing = find(&directory, &slug)?;
    let title = format!("Override {}", existing.name);
    let frame = frame(&state, &me, &title, Nav::OnCall).await;
    let mut form = Form::new();
    let mut at = |name: &str| form.time_of(name, &query::value(&req, name)?, &frame.zone);
    let (start, end) = stretch(existing, at("start"), at("end"), frame.now);
    let form = form
        .with("kind", query::value(&req, "kind").unwrap_or_default())
        .with("start", frame.local_input(&start))
        .with("end", frame.local_input(&end));
    render(&page(frame, me.id(), &directory, existing, form))
}

/// The stretch that is asked for; else from the next full hour to the end of the shift that runs
/// then.
fn stretch(
    schedule: &Schedule,
    start: Option<Timestamp>,
    end: Option<Timestamp>,
    now: Timestamp,
) -> (Timestamp, Timestamp) {
    const HOUR: i64 = 3_600;
    const USUAL: Span = Span::from_hours(8);
    let next_hour = Timestamp::from_seconds((now.as_seconds() / HOUR + 1) * HOUR);
    let start = start.unwrap_or(next_hour);
    let end = end.filter(|end| start < *end).unwrap_or_else(|| {
        schedule
            .on_call(start)
            .filter(|shift| !shift.open_end)
            .map_or(start + USUAL, |shift| shift.end)
    });
    // Nobody is alone for ever: an open end is as long as an override may be.
    (start, end.min(start + schedule::OVERRIDE_MAX))
}

/// The page around the form of an override.
fn page(
    frame: Frame,
    viewer: UserId,
    directory: &Directory,
    schedule: &Schedule,
    form: Form,
) -> OverridePage {
    /// More are found in the list of everybody.
    const NEAR: usize = 12;
    let at = |name: &str| parse_time(form.get(name), &frame.zone);
    let (start, end) = stretch(schedule, at("start"), at("end"), frame.now);
    let active = |user: &UserId| directory.user(*user).is_some_and(|user| !user.disabled);
    let mut near: Vec<UserId> = calendar::members(schedule);
    near.retain(active);
    near.retain(|user| *user != viewer);
    near.truncate(NEAR);
    near.insert(0, viewer);
    let me = |user: UserId| if user == viewer { " (you)" } else { "" };
    OverridePage {
        name: schedule.name.clone(),
        slug: schedule.slug.clone(),
        zone: row::zone_name(schedule, frame.now),
        planned: row::within(directory, schedule, Some(viewer), start, end),
        gaps: schedule.gaps(start, end),
        near: near
            .into_iter()
            .map(|user| Choice::new(user, format!("{}{}", directory.user_name(user), me(user))))
            .collect(),
        people: choice::people(directory),
        form,
        frame,
    }
}

async fn add(
    state: State,
    me: SignedIn,
    slug: web::Path<String>,
    Checked(mut form): Checked,
) -> Result<HttpResponse, WebError> {
    me.require(Right::Respond)?;
    let directory = state.directory();
    let existing = find(&directory, &slug)?;
    let title = format!("Override {}", existing.name);
    let frame = frame(&state, &me, &title, Nav::OnCall).await;
    if let Some(input) = input(&mut form, &frame.zone) {
        let ctx = me.ctx(state.now());
        match schedule::add_override(state.store(), &ctx, existing.id, input).await {
            Ok(id) => {
                let path = format!("/schedules/{}", existing.slug);
                let undo = Undo {
                    action: format!("{path}/overrides/{id}/delete"),
                    fields: Vec::new(),
                    label: "Undo".to_owned(),
                };
                return Ok(redirect_with(
                    &state,
                    &path,
                    &done(&form.with_notes("The override is saved."), Some(undo)),
                ));
            }
            Err(error) => complaint::show(&mut form, error, |field| match field {
                "users" => "user".to_owned(),
                field => field.to_owned(),
            })?,
        }
    }
    // Times may have come as instants; the fields show local ones.
    let mut shown = Form::new();
    for (name, value) in form.pairs() {
        shown = match (name.as_str(), Timestamp::parse(value)) {
            ("start" | "end", Some(at)) => shown.with(name, frame.local_input(&at)),
            _ => shown.with(name, value),
        };
    }
    for (name, message) in form.errors() {
        shown.reject(name, message);
    }
    for message in form.general() {
        shown.refuse(message);
    }
    shown.keep_notes(&form);
    let page = page(frame, me.id(), &directory, existing, shown);
    render_with(StatusCode::UNPROCESSABLE_ENTITY, &page)
}

async fn withdraw(
    state: State,
    me: SignedIn,
    path: web::Path<(String, String)>,
    _form: Checked,
) -> Result<HttpResponse, WebError> {
    me.require(Right::Respond)?;
    let (slug, id) = path.into_inner();
    let directory = state.directory();
    let existing = find(&directory, &slug)?;
    let id: OverrideId = id.parse().map_err(|_| WebError::not_found("override"))?;
    let now = state.now();
    schedule::withdraw_override(state.store(), &me.ctx(now), existing.id, id).await?;
    let path = format!("/schedules/{}", existing.slug);
    let undo = existing
        .overrides
        .iter()
        .find(|one| one.id == id && one.end > now && !one.users.is_empty())
        .map(|one| again(&path, one));
    Ok(redirect_with(
        &state,
        &path,
        &done("The override is withdrawn.", undo),
    ))
}

pub(super) fn done(text: &str, undo: Option<Undo>) -> Flash {
    Flash {
        kind: FlashKind::Done,
        text: text.to_owned(),
        undo,
    }
}

/// Makes a withdrawn override once more.
fn again(path: &str, withdrawn: &Override) -> Undo {
    let field = |name: &str, value: String| (name.to_owned(), value);
    let mut fields = vec![
        field("kind", withdrawn.kind.to_string()),
        field("start", withdrawn.start.to_string()),
        field("end", withdrawn.end.to_string()),
    ];
    fields.extend(
        withdrawn
            .users
            .iter()
            .map(|user| field("user", user.to_string())),
    );
    Undo {
        action: format!("{path}/overrides"),
        fields,
        label: "Undo".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_override_is_read_in_the_viewers_zone_or_as_instants() {
        let berlin = TimeZone::get("Europe/Berlin").unwrap();
        let mut form = Form::new()
            .with("user", "3")
            .with("start", "2026-11-21T09:00")
            .with("end", "2026-11-21T12:00:00Z");
        let read = input(&mut form, &berlin).unwrap();
        assert_eq!(read.kind, OverrideKind::Replace);
        assert_eq!(Some(read.start), Timestamp::parse("2026-11-21T08:00:00Z"));
        assert_eq!(Some(read.end), Timestamp::parse("2026-11-21T12:00:00Z"));
        assert_eq!(read.users, [UserId(3)]);
    }

    #[test]
    fn a_stretch_is_as_clicked_or_the_rest_of_the_shift() {
        use crate::page::sample::{NOW, directory, platform};
        let directory = directory();
        let schedule = platform(&directory);
        let (start, end) = (NOW + Span::from_hours(3), NOW + Span::from_hours(4));
        assert_eq!(stretch(schedule, Some(start), Some(end), NOW), (start, end));
        let (begins, ends) = stretch(schedule, None, None, NOW);
        assert_eq!(begins.since(NOW), Span::from_minutes(44));
        assert_eq!(Some(ends), schedule.next_change(NOW, Span::from_days(30)));
        let (_, ends) = stretch(schedule, Some(end), Some(start), NOW);
        assert!(ends > end, "an end before the start is none");
    }

    #[test]
    fn every_field_that_cannot_be_read_is_told() {
        let mut form = Form::new()
            .with("kind", "swap")
            .with("user", "")
            .with("start", "later");
        assert!(input(&mut form, &TimeZone::UTC).is_none());
        for field in ["kind", "user", "start", "end"] {
            assert!(!form.error(field).is_empty(), "{field}");
        }
    }
}
