//! Swap and cover requests: offered, taken, withdrawn, declined.

use domain::directory::Directory;
use domain::reminder::{method_for, swap_notices};
use domain::schedule::{Schedule, Stretch, SwapProblem, SwapRequest, SwapState};
use domain::word::NotificationKind;
use domain::{NotificationId, OverrideId, ScheduleId, SwapId, Timestamp, UserId};
use serde_json::json;
use store::schedule::swap;
use store::{Store, Tx, schedule};

use super::{begin, record};
use crate::access;
use crate::{Error, OpContext, notice};

const NOTE_MAX: usize = 500;

/// Shifts to be offered.
#[derive(Clone, Debug)]
pub struct SwapInput {
    /// Whose shifts; `None`: the caller's own.
    pub giver: Option<UserId>,
    pub start: Timestamp,
    /// Exclusive.
    pub end: Timestamp,
    /// To this person only; `None`: to anybody.
    pub offered_to: Option<UserId>,
    /// The giver takes the taker's shifts in this span.
    pub exchange: Option<Stretch>,
    pub note: String,
}

/// Offers shifts. Responders offer their own, administrators anybody's.
///
/// # Errors
/// [`Error::Forbidden`], [`Error::NotFound`], [`Error::Invalid`], those of the store.
pub async fn offer_swap(
    store: &Store,
    ctx: &OpContext,
    schedule_id: ScheduleId,
    input: SwapInput,
) -> Result<SwapRequest, Error> {
    let giver = whom(ctx, input.giver)?;
    access::require_own_shift(ctx, giver)?;
    let ctx = *ctx;
    store
        .write(move |tx| {
            let directory = begin(tx)?;
            let schedule = schedule_of(&directory, schedule_id)?;
            check_person(&directory, giver, "giver")?;
            if let Some(person) = input.offered_to {
                check_person(&directory, person, "offered_to")?;
            }
            let note = input.note.trim();
            if note.chars().count() > NOTE_MAX {
                let message = format!("a note has at most {NOTE_MAX} characters");
                return Err(Error::invalid("note", message));
            }
            let request = SwapRequest {
                id: tx.id(SwapId)?,
                schedule_id,
                giver,
                start: input.start,
                end: input.end,
                held: vec![],
                offered_to: input.offered_to,
                exchange: input.exchange,
                note: note.to_owned(),
                state: SwapState::Offered,
                taken_by: None,
                created_by: ctx.actor.user,
                created_at: ctx.now,
                closed_at: None,
                closed_by: None,
            };
            let request = request
                .offer(schedule, ctx.now)
                .map_err(|problem| Error::invalid(field_of(problem), problem.to_string()))?;
            swap::insert(tx, &request)?;
            note_down(tx, &ctx, "swap.offer", &request)?;
            tell(tx, &ctx, &request)?;
            Ok(request)
        })
        .await
}

/// Takes a request, in one piece with the overrides that come of it. Responders take for
/// themselves, administrators for anybody.
///
/// # Errors
/// [`Error::Refused`] when it is closed, over, for somebody else, or the schedule has changed;
/// [`Error::Forbidden`], [`Error::NotFound`], [`Error::Invalid`], those of the store.
pub async fn take_swap(
    store: &Store,
    ctx: &OpContext,
    id: SwapId,
    taker: Option<UserId>,
) -> Result<SwapRequest, Error> {
    let taker = whom(ctx, taker)?;
    access::require_own_shift(ctx, taker)?;
    let ctx = *ctx;
    store
        .write(move |tx| {
            let directory = begin(tx)?;
            let request = open_request(tx, id)?;
            let schedule = schedule_of(&directory, request.schedule_id)?;
            check_person(&directory, taker, "taker")?;
            let overrides = request
                .take(schedule, taker, ctx.actor.user, ctx.now)
                .map_err(refused)?;
            for mut new in overrides {
                new.id = tx.id(OverrideId)?;
                schedule::insert_override(tx, request.schedule_id, &new)?;
            }
            close(tx, &ctx, request, SwapState::Taken, Some(taker))
        })
        .await
}

/// Withdraws a request that nobody has taken. Responders withdraw their own, administrators any.
///
/// # Errors
/// [`Error::Refused`] when it is closed; [`Error::Forbidden`], [`Error::NotFound`], those of the
/// store.
pub async fn withdraw_swap(
    store: &Store,
    ctx: &OpContext,
    id: SwapId,
) -> Result<SwapRequest, Error> {
    let ctx = *ctx;
    store
        .write(move |tx| {
            begin(tx)?;
            let request = open_request(tx, id)?;
            access::require_own_shift(&ctx, request.giver)?;
            close(tx, &ctx, request, SwapState::Withdrawn, None)
        })
        .await
}

/// Declines a request, which only the person can whom it was offered to.
///
/// # Errors
/// [`Error::Refused`] when it is closed or was offered to anybody; [`Error::Forbidden`],
/// [`Error::NotFound`], those of the store.
pub async fn decline_swap(
    store: &Store,
    ctx: &OpContext,
    id: SwapId,
) -> Result<SwapRequest, Error> {
    let ctx = *ctx;
    store
        .write(move |tx| {
            begin(tx)?;
            let request = open_request(tx, id)?;
            let Some(person) = request.offered_to else {
                return Err(Error::Refused(
                    "this was offered to anybody: leave it to others".into(),
                ));
            };
            access::require_own_shift(&ctx, person)?;
            close(tx, &ctx, request, SwapState::Declined, None)
        })
        .await
}

/// The person named, or the caller.
fn whom(ctx: &OpContext, named: Option<UserId>) -> Result<UserId, Error> {
    match named {
        Some(person) => Ok(person),
        None => ctx.person(),
    }
}

fn schedule_of(directory: &Directory, id: ScheduleId) -> Result<&Schedule, Error> {
    directory.schedule(id).ok_or(Error::NotFound("schedule"))
}

fn check_person(directory: &Directory, person: UserId, field: &str) -> Result<(), Error> {
    match directory.user(person) {
        Some(user) if !user.disabled => Ok(()),
        _ => Err(Error::invalid(field, "there is no such person")),
    }
}

fn open_request(tx: &mut Tx<'_>, id: SwapId) -> Result<SwapRequest, Error> {
    let request = swap::get(tx, id)?.ok_or(Error::NotFound("swap request"))?;
    if request.state == SwapState::Offered {
        Ok(request)
    } else {
        Err(refused(SwapProblem::Closed))
    }
}

fn close(
    tx: &mut Tx<'_>,
    ctx: &OpContext,
    request: SwapRequest,
    state: SwapState,
    taken_by: Option<UserId>,
) -> Result<SwapRequest, Error> {
    let by = ctx.actor.user;
    swap::close(tx, request.id, state, taken_by, by, ctx.now)?;
    let closed = SwapRequest {
        state,
        taken_by,
        closed_by: by,
        closed_at: Some(ctx.now),
        ..request
    };
    let action = match state {
        SwapState::Offered => "swap.offer",
        SwapState::Taken => "swap.take",
        SwapState::Withdrawn => "swap.withdraw",
        SwapState::Declined => "swap.decline",
    };
    note_down(tx, ctx, action, &closed)?;
    tell(tx, ctx, &closed)?;
    Ok(closed)
}

/// Whom it concerns hears of it.
fn tell(tx: &mut Tx<'_>, ctx: &OpContext, request: &SwapRequest) -> Result<(), Error> {
    let directory = tx.directory()?;
    let mut rows = Vec::new();
    for due in swap_notices(request, &directory, ctx.actor.user) {
        let user = directory.user(due.user);
        let Some((user, method)) = user.and_then(|user| Some((user, method_for(user, ctx.now)?)))
        else {
            continue;
        };
        let (kind, id) = (NotificationKind::Notice, tx.id(NotificationId)?);
        rows.push(notice::to(user, method, kind, due.text, id, ctx.now));
    }
    notice::plan(tx, &rows)
}

fn note_down(
    tx: &mut Tx<'_>,
    ctx: &OpContext,
    action: &str,
    request: &SwapRequest,
) -> Result<(), Error> {
    let details = json!({
        "swap": request.id, "giver": request.giver, "start": request.start, "end": request.end,
        "offered_to": request.offered_to, "exchange": request.exchange,
        "taken_by": request.taken_by,
    });
    let subject = format!("schedule:{}", request.schedule_id);
    record(tx, ctx, action, subject, details)
}

fn field_of(problem: SwapProblem) -> &'static str {
    match problem {
        SwapProblem::Backwards | SwapProblem::Past | SwapProblem::TooLong => "end",
        SwapProblem::NothingInExchange | SwapProblem::SpansOverlap => "exchange",
        SwapProblem::ToOneself | SwapProblem::OnCallAlready => "offered_to",
        _ => "start",
    }
}

fn refused(problem: SwapProblem) -> Error {
    Error::Refused(problem.to_string())
}
