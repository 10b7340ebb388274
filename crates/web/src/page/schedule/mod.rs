//! Schedules: who is on call, the calendar, overrides, and editing with a preview.

pub mod calendar;
pub mod form;
mod overrides;
pub mod row;

use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse, web};
use domain::directory::Directory;
use domain::policy::Target;
use domain::schedule::Schedule;
use domain::{Span, Timestamp};
use engine::access::Right;
use engine::configuration::schedule;
use jiff::civil::Date;
use jiff::tz::TimeZone;

use super::{choice, complaint, query};
use crate::csrf::Checked;
use crate::error::WebError;
use crate::frame::{frame, redirect_with_flash, render, render_with};
use crate::session::SignedIn;
use crate::state::{AppState, State};
use crate::view::schedule::{ScheduleForm, ScheduleListPage, SchedulePage};
use crate::view::{Form, Frame, Link, Nav, Press};

pub fn configure(cfg: &mut web::ServiceConfig) {
    cfg.service(
        web::resource("/schedules")
            .route(web::get().to(list))
            .route(web::post().to(create)),
    )
    .service(web::resource("/schedules/new").route(web::get().to(new)))
    .service(
        web::resource("/schedules/{slug}")
            .route(web::get().to(show))
            .route(web::post().to(edit)),
    )
    .service(web::resource("/schedules/{slug}/edit").route(web::get().to(edit_page)))
    .service(web::resource("/schedules/{slug}/delete").route(web::post().to(delete)));
    overrides::configure(cfg);
}

fn find<'a>(directory: &'a Directory, slug: &str) -> Result<&'a Schedule, WebError> {
    directory
        .schedule_by_slug(slug)
        .ok_or_else(|| WebError::not_found("schedule"))
}

async fn list(state: State, me: SignedIn) -> Result<HttpResponse, WebError> {
    let directory = state.directory();
    let now = state.now();
    let viewer = me.id();
    let frame = frame(&state, &me, "On-call", Nav::OnCall).await;
    // Looking for gaps of many schedules takes a moment.
    let rows = web::block(move || {
        let mut rows: Vec<_> = directory
            .schedules
            .values()
            .map(|schedule| row::on_call(&directory, schedule, Some(viewer), now))
            .collect();
        rows.sort_by_cached_key(|row| (!row.now.is_empty(), row.name.to_lowercase()));
        rows
    })
    .await
    .map_err(|error| WebError::Internal(error.to_string()))?;
    render(&ScheduleListPage { frame, rows })
}

/// What the address says about the calendar.
struct Shown {
    from: Option<String>,
    view: Option<String>,
    /// In the viewer's zone instead of the schedule's.
    mine: bool,
}

impl Shown {
    fn of(req: &HttpRequest) -> Shown {
        Shown {
            from: query::value(req, "from"),
            view: query::value(req, "view"),
            mine: query::value(req, "zone").as_deref() == Some("mine"),
        }
    }
}

/// The page of a schedule, with what was typed into its form of a new override.
fn page(
    frame: Frame,
    me: &SignedIn,
    directory: &Directory,
    schedule: &Schedule,
    shown: &Shown,
    form: Form,
) -> SchedulePage {
    let now = frame.now;
    let own = TimeZone::get(&row::zone_name(schedule, now)).unwrap_or(TimeZone::UTC);
    let zones_differ = own.iana_name() != frame.zone.iana_name();
    let mine = shown.mine && zones_differ;
    let zone = if mine { frame.zone.clone() } else { own };
    let today = now.in_zone(&zone).date();
    let span = calendar::Page::read(shown.from.as_deref(), shown.view.as_deref(), today);
    let href = |from: Option<Date>, view: &str, mine: bool| {
        let from = from.map(|from| format!("from={from}&")).unwrap_or_default();
        let zone = if mine { "&zone=mine" } else { "" };
        format!("/schedules/{}?{from}view={view}{zone}", schedule.slug)
    };
    let other = if span.month { "fortnight" } else { "month" };
    let from = (!span.current).then_some(span.from);
    SchedulePage {
        row: row::on_call(directory, schedule, Some(me.id()), now),
        description: schedule.description.clone(),
        calendar: calendar::calendar(directory, schedule, zone, span.from, span.days(), now),
        month: span.month,
        previous: href(Some(span.moved(-1)), span.view(), mine),
        today: href(None, span.view(), mine),
        next: href(Some(span.moved(1)), span.view(), mine),
        other_view: href(from, other, mine),
        other_zone: zones_differ.then(|| Link {
            label: match mine {
                true => "Schedule's zone".to_owned(),
                false => "My zone".to_owned(),
            },
            href: href(from, span.view(), !mine),
        }),
        shifts: row::coming(directory, schedule, Some(me.id()), now),
        overrides: row::overrides(directory, schedule, now),
        form,
        people: choice::people(directory),
        used_by: used_by(directory, schedule),
        frame,
    }
}

/// Policies that page the schedule, and the last resort when that does.
fn used_by(directory: &Directory, schedule: &Schedule) -> Vec<Link> {
    let target = Target::Schedule(schedule.id);
    let last_resort = directory.settings.last_resort.contains(&target);
    directory
        .policies
        .values()
        .filter(|policy| policy.current.config.mentions(target))
        .map(|policy| Link {
            label: policy.name.clone(),
            href: format!("/policies/{}", policy.slug),
        })
        .chain(last_resort.then(|| Link {
            label: "Last resort".to_owned(),
            href: "/settings".to_owned(),
        }))
        .collect()
}

/// The form of an override that begins with the next full hour and lasts until the shift ends.
fn override_form(frame: &Frame, schedule: &Schedule) -> Form {
    const HOUR: i64 = 3_600;
    const USUAL: Span = Span::from_hours(8);
    let start = Timestamp::from_seconds((frame.now.as_seconds() / HOUR + 1) * HOUR);
    let end = schedule
        .on_call(start)
        .filter(|shift| !shift.open_end)
        .map_or(start + USUAL, |shift| shift.end);
    Form::new()
        .with("start", frame.local_input(&start))
        .with("end", frame.local_input(&end))
}

async fn show(
    state: State,
    me: SignedIn,
    slug: web::Path<String>,
    req: HttpRequest,
) -> Result<HttpResponse, WebError> {
    let directory = state.directory();
    let schedule = find(&directory, &slug)?;
    let frame = frame(&state, &me, &schedule.name, Nav::OnCall).await;
    let form = override_form(&frame, schedule);
    render(&page(
        frame,
        &me,
        &directory,
        schedule,
        &Shown::of(&req),
        form,
    ))
}

async fn form_page(
    state: &AppState,
    me: &SignedIn,
    directory: &Directory,
    existing: Option<&Schedule>,
    form: ScheduleForm,
    status: StatusCode,
) -> Result<HttpResponse, WebError> {
    let frame = form_frame(state, me, existing).await;
    render_with(status, &form::page(frame, directory, existing, form))
}

async fn form_frame(state: &AppState, me: &SignedIn, existing: Option<&Schedule>) -> Frame {
    let title = match existing {
        Some(_) => "Edit schedule",
        None => "New schedule",
    };
    frame(state, me, title, Nav::OnCall).await
}

async fn new(state: State, me: SignedIn) -> Result<HttpResponse, WebError> {
    me.require(Right::Configure)?;
    let frame = form_frame(&state, &me, None).await;
    let form = form::empty(&frame);
    render(&form::page(frame, &state.directory(), None, form))
}

async fn create(
    state: State,
    me: SignedIn,
    Checked(typed): Checked,
) -> Result<HttpResponse, WebError> {
    me.require(Right::Configure)?;
    let frame = form_frame(&state, &me, None).await;
    let mut form = form::read(typed.pairs().to_vec(), &frame);
    let directory = state.directory();
    if form.press != Some(Press::Save) {
        return render(&form::page(frame, &directory, None, form));
    }
    if let Some(input) = form::input(&mut form, &frame) {
        match schedule::create_schedule(state.store(), &me.ctx(state.now()), input).await {
            Ok(id) => {
                let directory = state.directory();
                let slug = directory.schedule(id).map(|one| one.slug.clone());
                let path = format!("/schedules/{}", slug.unwrap_or_default());
                return Ok(redirect_with_flash(&state, &path, "The schedule is there."));
            }
            Err(error) => form::refuse(&mut form, error)?,
        }
    }
    let status = StatusCode::UNPROCESSABLE_ENTITY;
    form_page(&state, &me, &directory, None, form, status).await
}

async fn edit_page(
    state: State,
    me: SignedIn,
    slug: web::Path<String>,
) -> Result<HttpResponse, WebError> {
    me.require(Right::Configure)?;
    let directory = state.directory();
    let schedule = find(&directory, &slug)?;
    let frame = form_frame(&state, &me, Some(schedule)).await;
    let form = form::of(schedule, &frame);
    render(&form::page(frame, &directory, Some(schedule), form))
}

async fn edit(
    state: State,
    me: SignedIn,
    slug: web::Path<String>,
    Checked(typed): Checked,
) -> Result<HttpResponse, WebError> {
    me.require(Right::Configure)?;
    let directory = state.directory();
    let existing = find(&directory, &slug)?;
    let frame = form_frame(&state, &me, Some(existing)).await;
    let mut form = form::read(typed.pairs().to_vec(), &frame);
    if form.press != Some(Press::Save) {
        return render(&form::page(frame, &directory, Some(existing), form));
    }
    if let Some(mut input) = form::input(&mut form, &frame) {
        // Addresses stay as they are.
        input.slug = None;
        let later = input.effective_from;
        let ctx = me.ctx(state.now());
        match schedule::edit_schedule(state.store(), &ctx, existing.id, input).await {
            Ok(()) => {
                let path = format!("/schedules/{}", existing.slug);
                let text = match later {
                    Some(at) => format!("Saved; it takes effect {}.", frame.plain_day(&at)),
                    None => "Saved.".to_owned(),
                };
                return Ok(redirect_with_flash(&state, &path, &text));
            }
            Err(error) => form::refuse(&mut form, error)?,
        }
    }
    let status = StatusCode::UNPROCESSABLE_ENTITY;
    form_page(&state, &me, &directory, Some(existing), form, status).await
}

async fn delete(
    state: State,
    me: SignedIn,
    slug: web::Path<String>,
    Checked(typed): Checked,
) -> Result<HttpResponse, WebError> {
    me.require(Right::Configure)?;
    let directory = state.directory();
    let existing = find(&directory, &slug)?;
    let removed = match typed.get("confirm").trim() == existing.slug {
        true => schedule::remove_schedule(state.store(), &me.ctx(state.now()), existing.id).await,
        false => Err(complaint::unconfirmed(&existing.slug)),
    };
    match removed {
        Ok(()) => {
            let text = format!("{} is deleted.", existing.name);
            Ok(redirect_with_flash(&state, "/schedules", &text))
        }
        Err(error) => {
            let frame = form_frame(&state, &me, Some(existing)).await;
            let mut form = form::of(existing, &frame);
            form::refuse(&mut form, error)?;
            let status = StatusCode::UNPROCESSABLE_ENTITY;
            render_with(status, &form::page(frame, &directory, Some(existing), form))
        }
    }
}
