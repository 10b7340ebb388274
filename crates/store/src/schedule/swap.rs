//! Swap and cover requests. They are no part of the configuration: only the overrides that come of
//! them are.

use diesel::prelude::*;
use domain::schedule::{Stretch, SwapRequest, SwapState};
use domain::{ScheduleId, SwapId, Timestamp, UserId};

use crate::conn::Conn;
use crate::db;
use crate::error::{Error, json, to_json};
use crate::schema::swap_request as t;
use crate::tx::Tx;

/// Which requests are wanted; `None` and `false` ask for all.
#[derive(Clone, Copy, Debug, Default)]
pub struct Filter {
    pub schedule: Option<ScheduleId>,
    /// Whom it concerns: offers, was asked, or has taken it. One that is offered to anybody
    /// concerns everybody.
    pub person: Option<UserId>,
    pub state: Option<SwapState>,
    /// Only those whose span is not over at this instant.
    pub ends_after: Option<Timestamp>,
}

type Row = (
    (SwapId, ScheduleId, UserId, Timestamp, Timestamp, String),
    (
        Option<UserId>,
        Option<Timestamp>,
        Option<Timestamp>,
        String,
        SwapState,
        Option<UserId>,
    ),
    (Option<UserId>, Timestamp, Option<UserId>, Option<Timestamp>),
);

type Columns = (
    (
        t::id,
        t::schedule_id,
        t::giver,
        t::start_at,
        t::end_at,
        t::held,
    ),
    (
        t::offered_to,
        t::exchange_start,
        t::exchange_end,
        t::note,
        t::state,
        t::taken_by,
    ),
    (t::created_by, t::created_at, t::closed_by, t::closed_at),
);

const COLUMNS: Columns = (
    (
        t::id,
        t::schedule_id,
        t::giver,
        t::start_at,
        t::end_at,
        t::held,
    ),
    (
        t::offered_to,
        t::exchange_start,
        t::exchange_end,
        t::note,
        t::state,
        t::taken_by,
    ),
    (t::created_by, t::created_at, t::closed_by, t::closed_at),
);

fn request(row: Row) -> Result<SwapRequest, Error> {
    let ((id, schedule_id, giver, start, end, held), offer, fate) = row;
    let (offered_to, exchange_start, exchange_end, note, state, taken_by) = offer;
    let (created_by, created_at, closed_by, closed_at) = fate;
    Ok(SwapRequest {
        id,
        schedule_id,
        giver,
        start,
        end,
        held: json("swap_request.held", &held)?,
        offered_to,
        exchange: exchange_start
            .zip(exchange_end)
            .map(|(start, end)| Stretch { start, end }),
        note,
        state,
        taken_by,
        created_by,
        created_at,
        closed_at,
        closed_by,
    })
}

/// # Errors
/// [`Error::Conflict`] without such a schedule or person.
pub fn insert(tx: &mut Tx<'_>, new: &SwapRequest) -> Result<(), Error> {
    let held = to_json("swap_request.held", &new.held)?;
    db!(tx.conn, |c| diesel::insert_into(t::table)
        .values((
            t::id.eq(new.id),
            t::schedule_id.eq(new.schedule_id),
            t::giver.eq(new.giver),
            t::start_at.eq(new.start),
            t::end_at.eq(new.end),
            t::held.eq(&held),
            t::offered_to.eq(new.offered_to),
            t::exchange_start.eq(new.exchange.map(|exchange| exchange.start)),
            t::exchange_end.eq(new.exchange.map(|exchange| exchange.end)),
            t::note.eq(&new.note),
            t::state.eq(new.state),
            t::taken_by.eq(new.taken_by),
            t::created_by.eq(new.created_by),
            t::created_at.eq(new.created_at),
        ))
        .execute(c))?;
    Ok(())
}

/// Closes a request that is still offered: sets what it came to, when and by whom.
///
/// # Errors
/// [`Error::NotFound`] when it is closed already, or never was.
pub fn close(
    tx: &mut Tx<'_>,
    id: SwapId,
    state: SwapState,
    taken_by: Option<UserId>,
    by: Option<UserId>,
    now: Timestamp,
) -> Result<(), Error> {
    let open = t::table.find(id).filter(t::state.eq(SwapState::Offered));
    let changed = db!(tx.conn, |c| diesel::update(open)
        .set((
            t::state.eq(state),
            t::taken_by.eq(taken_by),
            t::closed_by.eq(by),
            t::closed_at.eq(Some(now)),
        ))
        .execute(c))?;
    if changed == 0 {
        return Err(Error::NotFound);
    }
    Ok(())
}

/// # Errors
/// Those of the read.
pub fn get(conn: &mut Conn, id: SwapId) -> Result<Option<SwapRequest>, Error> {
    let row: Option<Row> = db!(conn, |c| t::table
        .find(id)
        .select(COLUMNS)
        .first(c)
        .optional())?;
    row.map(request).transpose()
}

/// At most `limit` requests, newest first, older than `before` where it is given.
///
/// # Errors
/// Those of the read.
pub fn list(
    conn: &mut Conn,
    filter: Filter,
    before: Option<SwapId>,
    limit: i64,
) -> Result<Vec<SwapRequest>, Error> {
    let rows: Vec<Row> = db!(conn, |c| {
        let mut query = t::table.select(COLUMNS).into_boxed();
        if let Some(schedule) = filter.schedule {
            query = query.filter(t::schedule_id.eq(schedule));
        }
        if let Some(person) = filter.person {
            let to_anybody = t::offered_to.is_null().and(t::state.eq(SwapState::Offered));
            query = query.filter(
                t::giver
                    .eq(person)
                    .or(to_anybody)
                    .or(t::offered_to.eq(person))
                    .or(t::taken_by.eq(person)),
            );
        }
        if let Some(state) = filter.state {
            query = query.filter(t::state.eq(state));
        }
        if let Some(at) = filter.ends_after {
            query = query.filter(t::end_at.gt(at));
        }
        if let Some(before) = before {
            query = query.filter(t::id.lt(before));
        }
        query.order(t::id.desc()).limit(limit).load(c)
    })?;
    rows.into_iter().map(request).collect()
}
