//! Schedules: who is on call, the calendar, overrides, and editing with a preview.

pub mod calendar;
mod difference;
pub mod form;
mod history;
mod overrides;
pub mod row;
mod temporary;

use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse, web};
use domain::ChannelId;
use domain::directory::Directory;
use domain::policy::Target;
use domain::schedule::Schedule;
use engine::access::Right;
use engine::configuration::channel::set_hand_offs;
use engine::configuration::schedule;
use jiff::civil::Date;
use jiff::tz::TimeZone;

use super::removal::{self, Outcome, Removal};
use super::{choice, complaint, query};
use crate::csrf::Checked;
use crate::error::WebError;
use crate::frame::{frame, redirect, redirect_with_flash, render, render_with};
use crate::session::SignedIn;
use crate::state::{AppState, State};
use crate::view::schedule::{ScheduleForm, SchedulePage, View};
use crate::view::{Choice, Form, Frame, Link, Nav, Press};

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
    .service(web::resource("/schedules/{slug}/hand-offs").route(web::post().to(hand_offs)))
    .service(web::resource("/schedules/{slug}/delete").route(web::post().to(delete)));
    overrides::configure(cfg);
    temporary::configure(cfg);
    history::configure(cfg);
}

fn find<'a>(directory: &'a Directory, slug: &str) -> Result<&'a Schedule, WebError> {
    directory
        .schedule_by_slug(slug)
        .ok_or_else(|| WebError::not_found("schedule"))
}

/// Which channel is told of hand-offs.
async fn hand_offs(
    state: State,
    me: SignedIn,
    slug: web::Path<String>,
    Checked(form): Checked,
) -> Result<HttpResponse, WebError> {
    me.require(Right::Configure)?;
    let directory = state.directory();
    let schedule = find(&directory, &slug)?;
    let channel = match form.text("channel").map(str::parse) {
        None => None,
        Some(Ok(id)) => Some(ChannelId(id)),
        Some(Err(_)) => return Err(WebError::not_found("channel")),
    };
    set_hand_offs(state.store(), &me.ctx(state.now()), schedule.id, channel).await?;
    let text = match channel {
        Some(id) => format!("{} is told of each hand-off.", directory.channel_name(id)),
        None => "No channel is told of hand-offs any more.".to_owned(),
    };
    let path = format!("/schedules/{}", schedule.slug);
    Ok(redirect_with_flash(&state, &path, &text))
}

/// The list of schedules is who is on call.
async fn list() -> HttpResponse {
    redirect("/on-call")
}

/// What the address says about the calendar.
struct Shown {
    from: Option<String>,
    view: Option<String>,
    /// `mine`, an IANA name, or the schedule's own.
    zone: Option<String>,
    version: Option<i64>,
}

impl Shown {
    fn of(req: &HttpRequest) -> Shown {
        Shown {
            from: query::value(req, "from"),
            view: query::value(req, "view"),
            zone: query::value(req, "zone"),
            version: query::value(req, "version").and_then(|number| number.parse().ok()),
        }
    }

    /// The address of a calendar like this one, with other days.
    fn href(&self, slug: &str, from: Option<Date>, view: View) -> String {
        let mut query = url::form_urlencoded::Serializer::new(String::new());
        query.append_pair("view", view.as_str());
        if let Some(from) = from {
            query.append_pair("from", &from.to_string());
        }
        if let Some(zone) = &self.zone {
            query.append_pair("zone", zone);
        }
        if let Some(version) = self.version {
            query.append_pair("version", &version.to_string());
        }
        format!("/schedules/{slug}?{}", query.finish())
    }
}

/// The zone that `?zone=` names, and how it is named when it is not the schedule's.
fn zone(shown: Option<&str>, own: &str, frame: &Frame) -> (TimeZone, String) {
    let known = |name: &str| TimeZone::get(name).ok();
    let chosen = match shown {
        Some("mine") => Some((frame.zone.clone(), "mine".to_owned())),
        Some(name) => known(name).map(|zone| (zone, name.to_owned())),
        None => None,
    };
    chosen.unwrap_or_else(|| (known(own).unwrap_or(TimeZone::UTC), String::new()))
}

/// Every zone to show times in: the schedule's, the viewer's, then those of all places.
fn zone_choices(own: &str, mine: &str, chosen: &str) -> Vec<Choice> {
    let mut choices = vec![Choice::new("", format!("{own} (schedule)"))];
    if mine != own || chosen == "mine" {
        choices.push(Choice::new("mine", format!("{mine} (mine)")));
    }
    let others = match chosen {
        "mine" => choice::zones(""),
        chosen => choice::zones(chosen),
    };
    choices.extend(others);
    choices
}

/// The page of a schedule.
fn page(
    frame: Frame,
    me: &SignedIn,
    directory: &Directory,
    schedule: &Schedule,
    shown: &Shown,
) -> SchedulePage {
    let now = frame.now;
    let own = row::zone_name(schedule, now);
    let (zone, named) = zone(shown.zone.as_deref(), &own, &frame);
    let today = now.in_zone(&zone).date();
    let span = calendar::Page::read(shown.from.as_deref(), shown.view.as_deref(), today);
    let href = |from: Option<Date>, view: View| shown.href(&schedule.slug, from, view);
    let from = (!span.current).then_some(span.from);
    let under = shown
        .version
        .and_then(|number| Some((number, schedule.under_version(number)?)));
    let drawn = under.as_ref().map_or(schedule, |(_, schedule)| schedule);
    let mut calendar = calendar::calendar(directory, drawn, zone, span.from, span.days(), now);
    if frame.can_respond && under.is_none() {
        calendar.href = Some(format!("/schedules/{}/override?", schedule.slug));
    }
    let hand_offs = directory.hand_offs.get(&schedule.id).copied();
    SchedulePage {
        row: row::on_call(directory, schedule, Some(me.id()), now),
        description: schedule.description.clone(),
        calendar,
        view: span.view,
        from: from.map(|from| from.to_string()).unwrap_or_default(),
        zones: zone_choices(&own, frame.zone_name(), &named),
        zone: named,
        previous: href(Some(span.moved(-1)), span.view),
        today: href(None, span.view),
        next: href(Some(span.moved(1)), span.view),
        views: View::ALL.map(|view| (view, href(from, view))).to_vec(),
        version: under.map(|(number, _)| number),
        shifts: row::coming(directory, schedule, Some(me.id()), now),
        overrides: row::overrides(directory, schedule, now),
        temporaries: row::temporaries(directory, schedule, now),
        unread: Vec::new(),
        used_by: used_by(directory, schedule),
        hand_offs: hand_offs.map(|id| choice::target_link(directory, Target::Channel(id))),
        hand_off_form: match hand_offs {
            Some(id) => Form::new().with("channel", id),
            None => Form::new(),
        },
        channels: choice::channels(directory),
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

async fn show(
    state: State,
    me: SignedIn,
    slug: web::Path<String>,
    req: HttpRequest,
) -> Result<HttpResponse, WebError> {
    let directory = state.directory();
    let schedule = find(&directory, &slug)?;
    let frame = frame(&state, &me, &schedule.name, Nav::OnCall).await;
    let shown = Shown::of(&req);
    let id = schedule.id;
    let imports = state
        .store()
        .read(move |c| store::schedule::import::of_schedule(c, id))
        .await?;
    let mut page = page(frame, &me, &directory, schedule, &shown);
    let unread = imports.into_iter().filter_map(|import| {
        let why = complaint::sentence(&import.failure?);
        Some((import.name, why))
    });
    page.unread = unread.collect();
    render(&page)
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
                let text = form.fields.with_notes(&text);
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
    let what = Removal {
        confirm: &existing.slug,
        told: format!("{} is deleted.", existing.name),
        to: "/on-call",
    };
    let ctx = me.ctx(state.now());
    let remove = schedule::remove_schedule(state.store(), &ctx, existing.id);
    match removal::confirmed(&state, &typed, what, remove).await {
        Outcome::Gone(response) => Ok(response),
        Outcome::Kept(why) => {
            let frame = form_frame(&state, &me, Some(existing)).await;
            let mut form = form::of(existing, &frame);
            form::refuse(&mut form, why)?;
            let status = StatusCode::UNPROCESSABLE_ENTITY;
            render_with(status, &form::page(frame, &directory, Some(existing), form))
        }
    }
}
