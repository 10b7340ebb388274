//! Swap and cover requests: offering one's shift, taking another's.

use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse, web};
use domain::directory::Directory;
use domain::schedule::{Schedule, Stretch, SwapRequest};
use domain::word::AccountRole;
use domain::{SwapId, Timestamp, UserId};
use engine::Error;
use engine::access::Right;
use engine::configuration::swap::{self, SwapInput};
use jiff::tz::TimeZone;
use store::schedule::swap::{Filter, list};

use super::{choice, complaint, query};
use crate::csrf::Checked;
use crate::error::WebError;
use crate::frame::{frame, redirect_with, redirect_with_flash, render, render_with};
use crate::session::SignedIn;
use crate::state::State;
use crate::view::swap::{SwapFormPage, SwapRow, SwapsPage};
use crate::view::{Flash, FlashKind, Form, Frame, Nav};

const HERE: &str = "/on-call/swaps";
/// Requests that are looked at, newest first.
const LOOKED_AT: i64 = 200;
/// Closed ones that are shown.
const PAST: usize = 20;

pub fn configure(cfg: &mut web::ServiceConfig) {
    cfg.service(web::resource(HERE).route(web::get().to(page)))
        .service(web::resource("/on-call/swaps/new").route(web::get().to(new)))
        .service(web::resource("/schedules/{slug}/swaps").route(web::post().to(offer)))
        .service(web::resource("/on-call/swaps/{id}/take").route(web::post().to(take)))
        .service(web::resource("/on-call/swaps/{id}/decline").route(web::post().to(decline)))
        .service(web::resource("/on-call/swaps/{id}/withdraw").route(web::post().to(withdraw)));
}

/// `GET /on-call/swaps`.
async fn page(state: State, me: SignedIn) -> Result<HttpResponse, WebError> {
    let directory = state.directory();
    let requests = state
        .store()
        .read(|conn| list(conn, Filter::default(), None, LOOKED_AT))
        .await?;
    let frame = frame(&state, &me, "Swaps and cover", Nav::OnCall).await;
    render(&sorted(requests, &directory, me.id(), frame))
}

/// Each request where its viewer looks for it.
fn sorted(
    requests: Vec<SwapRequest>,
    directory: &Directory,
    viewer: UserId,
    frame: Frame,
) -> SwapsPage {
    let (mut offered, mut mine, mut others, mut past) = (vec![], vec![], vec![], 0);
    for request in requests {
        let Some(row) = row(&request, directory, viewer, &frame) else {
            continue;
        };
        match row {
            row if row.can_take => offered.push(row),
            row if row.can_withdraw && request.giver == viewer => mine.push(row),
            row if request.is_open(frame.now) => others.push(row),
            row if past < PAST => {
                past += 1;
                others.push(row);
            }
            _ => {}
        }
    }
    offered.sort_by_key(|row| row.held.first().copied());
    SwapsPage {
        frame,
        offered,
        mine,
        others,
    }
}

fn row(
    request: &SwapRequest,
    directory: &Directory,
    viewer: UserId,
    frame: &Frame,
) -> Option<SwapRow> {
    let schedule = directory.schedule(request.schedule_id)?;
    let open = request.is_open(frame.now) && frame.can_respond;
    let for_me = request.offered_to.is_none_or(|person| person == viewer);
    let giver = request.giver == viewer;
    Some(SwapRow {
        id: request.id,
        schedule: schedule.name.clone(),
        slug: schedule.slug.clone(),
        giver: choice::person(directory, request.giver),
        held: request
            .held
            .iter()
            .map(|one| (one.start, one.end))
            .collect(),
        offered_to: request
            .offered_to
            .map(|person| choice::person(directory, person)),
        exchange: request.exchange.map(|one| (one.start, one.end)),
        note: request.note.clone(),
        state: request.state,
        taken_by: request
            .taken_by
            .map(|person| choice::person(directory, person)),
        closed_at: request.closed_at,
        can_take: open && !giver && for_me,
        can_decline: open && request.offered_to == Some(viewer),
        can_withdraw: open && (giver || is_admin(frame)),
    })
}

fn is_admin(frame: &Frame) -> bool {
    frame
        .user
        .as_ref()
        .is_some_and(|user| user.role == AccountRole::Admin)
}

/// `GET /on-call/swaps/new?schedule=&start=&end=`: from a shift of one's own.
async fn new(state: State, me: SignedIn, req: HttpRequest) -> Result<HttpResponse, WebError> {
    me.require(Right::Respond)?;
    let directory = state.directory();
    let slug = query::value(&req, "schedule").unwrap_or_default();
    let schedule = directory
        .schedule_by_slug(&slug)
        .ok_or_else(|| WebError::not_found("schedule"))?;
    let frame = frame(&state, &me, "Ask for cover", Nav::OnCall).await;
    let mut form = Form::new();
    for name in ["start", "end"] {
        let at = query::value(&req, name).and_then(|text| form.time_of(name, &text, &frame.zone));
        form = form.with(
            name,
            at.map(|at| frame.local_input(&at)).unwrap_or_default(),
        );
    }
    render(&form_page(frame, &directory, schedule, me.id(), form))
}

fn form_page(
    frame: Frame,
    directory: &Directory,
    schedule: &Schedule,
    viewer: UserId,
    form: Form,
) -> SwapFormPage {
    let mut people = super::name::responder_choices(directory);
    people.retain(|choice| choice.value != viewer.to_string());
    SwapFormPage {
        name: schedule.name.clone(),
        slug: schedule.slug.clone(),
        people,
        form,
        frame,
    }
}

/// What the form stands for, unless something cannot be read; then what, beside its field.
fn input(form: &mut Form, zone: &TimeZone) -> Option<SwapInput> {
    let mut time = |name: &str, needed: bool| -> Option<Option<Timestamp>> {
        if form.text(name).is_none() && !needed {
            return Some(None);
        }
        let at = form.time(name, zone);
        if at.is_none() {
            form.reject(name, "Give a date and a time.");
        }
        at.map(Some)
    };
    let (start, end) = (time("start", true), time("end", true));
    let gives = [time("exchange_start", false), time("exchange_end", false)];
    let exchange = match gives {
        [Some(Some(start)), Some(Some(end))] => Some(Some(Stretch { start, end })),
        [Some(None), Some(None)] => Some(None),
        [None, _] | [_, None] => None,
        _ => {
            form.reject("exchange_end", "Give both times, or neither.");
            None
        }
    };
    let offered_to = match form.text("offered_to").map(str::parse::<UserId>) {
        None => Some(None),
        Some(Ok(person)) => Some(Some(person)),
        Some(Err(_)) => {
            form.reject("offered_to", "Choose one from the list.");
            None
        }
    };
    Some(SwapInput {
        giver: None,
        start: start??,
        end: end??,
        offered_to: offered_to?,
        exchange: exchange?,
        note: form.get("note").to_owned(),
    })
}

/// `POST /schedules/{slug}/swaps`.
async fn offer(
    state: State,
    me: SignedIn,
    slug: web::Path<String>,
    Checked(mut form): Checked,
) -> Result<HttpResponse, WebError> {
    me.require(Right::Respond)?;
    let directory = state.directory();
    let schedule = directory
        .schedule_by_slug(&slug)
        .ok_or_else(|| WebError::not_found("schedule"))?;
    if let Some(input) = input(&mut form, &me.zone) {
        let ctx = me.ctx(state.now());
        match swap::offer_swap(state.store(), &ctx, schedule.id, input).await {
            Ok(_) => {
                let text =
                    form.with_notes("Offered. The shift stays yours until somebody takes it.");
                return Ok(redirect_with_flash(&state, HERE, &text));
            }
            Err(error) => complaint::show(&mut form, error, |field| match field {
                "exchange" => "exchange_start".to_owned(),
                field => field.to_owned(),
            })?,
        }
    }
    let frame = frame(&state, &me, "Ask for cover", Nav::OnCall).await;
    let page = form_page(frame, &directory, schedule, me.id(), form);
    render_with(StatusCode::UNPROCESSABLE_ENTITY, &page)
}

async fn take(
    state: State,
    me: SignedIn,
    id: web::Path<String>,
    _form: Checked,
) -> Result<HttpResponse, WebError> {
    let ctx = me.ctx(state.now());
    let done = swap::take_swap(state.store(), &ctx, read_id(&id)?, None).await;
    settled(&state, done, "It is yours now.")
}

async fn decline(
    state: State,
    me: SignedIn,
    id: web::Path<String>,
    _form: Checked,
) -> Result<HttpResponse, WebError> {
    let ctx = me.ctx(state.now());
    let done = swap::decline_swap(state.store(), &ctx, read_id(&id)?).await;
    settled(&state, done, "Declined.")
}

async fn withdraw(
    state: State,
    me: SignedIn,
    id: web::Path<String>,
    _form: Checked,
) -> Result<HttpResponse, WebError> {
    let ctx = me.ctx(state.now());
    let done = swap::withdraw_swap(state.store(), &ctx, read_id(&id)?).await;
    settled(&state, done, "Withdrawn. The shift stays yours.")
}

fn read_id(text: &str) -> Result<SwapId, WebError> {
    text.parse()
        .map_err(|_| WebError::not_found("swap request"))
}

/// Done, or the sentence that says why not, on the list.
fn settled(
    state: &State,
    done: Result<SwapRequest, Error>,
    text: &str,
) -> Result<HttpResponse, WebError> {
    match done {
        Ok(_) => Ok(redirect_with_flash(state, HERE, text)),
        Err(Error::Refused(why)) => {
            let flash = Flash {
                kind: FlashKind::Warning,
                text: complaint::sentence(&why),
                undo: None,
            };
            Ok(redirect_with(state, HERE, &flash))
        }
        Err(other) => Err(other.into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::page::sample::{NOW, directory};
    use domain::schedule::SwapState;
    use domain::{ScheduleId, Span};

    #[test]
    fn a_request_is_read_or_refused_field_by_field() {
        let form = Form::new()
            .with("start", "2026-11-23T09:00")
            .with("end", "2026-11-24T09:00")
            .with("offered_to", "2");
        let read = input(&mut form.clone(), &TimeZone::UTC).unwrap();
        assert_eq!(read.offered_to, Some(UserId(2)));
        assert_eq!(read.exchange, None);
        let mut half = form.with("exchange_start", "2026-12-01T09:00");
        assert!(input(&mut half, &TimeZone::UTC).is_none());
        assert!(!half.error("exchange_end").is_empty());
        let mut bad = Form::new().with("start", "soon").with("offered_to", "Bo");
        assert!(input(&mut bad, &TimeZone::UTC).is_none());
        for field in ["start", "end", "offered_to"] {
            assert!(!bad.error(field).is_empty(), "{field}");
        }
    }

    #[test]
    fn everybody_finds_what_concerns_them() {
        let directory = directory();
        let request = SwapRequest {
            id: SwapId(1),
            schedule_id: ScheduleId(6),
            giver: UserId(1),
            start: NOW,
            end: NOW + Span::from_hours(8),
            held: vec![],
            offered_to: None,
            exchange: None,
            note: String::new(),
            state: SwapState::Offered,
            taken_by: None,
            created_by: Some(UserId(1)),
            created_at: NOW,
            closed_at: None,
            closed_by: None,
        };
        let seen = |viewer: i64, request: &SwapRequest| {
            let mut frame = Frame::signed_out("x", "c", NOW);
            frame.can_respond = true;
            let page = sorted(vec![request.clone()], &directory, UserId(viewer), frame);
            (page.offered.len(), page.mine.len(), page.others.len())
        };
        assert_eq!(seen(1, &request), (0, 1, 0), "it is mine");
        assert_eq!(seen(2, &request), (1, 0, 0), "anybody may take it");
        let to_bo = SwapRequest {
            offered_to: Some(UserId(2)),
            ..request.clone()
        };
        assert_eq!(seen(2, &to_bo), (1, 0, 0));
        assert_eq!(seen(3, &to_bo), (0, 0, 1), "for somebody else");
        let over = SwapRequest {
            state: SwapState::Taken,
            ..request
        };
        assert_eq!(seen(1, &over), (0, 0, 1));
    }
}
