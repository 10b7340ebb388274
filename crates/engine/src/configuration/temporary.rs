//! Temporary schedules: a span filled by hand.

use domain::schedule::{Temporary, TemporaryShift};
use domain::{ScheduleId, TemporaryId, Timestamp};
use serde_json::json;
use store::Store;
use store::schedule::temporary;

use super::check::Checks;
use super::schedule::withdraw;
use super::{begin, record};
use crate::access::{self, Right};
use crate::{Error, OpContext, Problem};

/// A span and the only shifts in it.
#[derive(Clone, Debug)]
pub struct TemporaryInput {
    pub start: Timestamp,
    /// Exclusive.
    pub end: Timestamp,
    /// In any order; where there is none, nobody is on call.
    pub shifts: Vec<TemporaryShift>,
}

/// Fills a span of a schedule by hand. Responders may, as they may edit the schedule.
///
/// # Errors
/// [`Error::Forbidden`], [`Error::NotFound`], [`Error::Invalid`], those of the store.
pub async fn add_temporary(
    store: &Store,
    ctx: &OpContext,
    schedule_id: ScheduleId,
    input: TemporaryInput,
) -> Result<TemporaryId, Error> {
    access::require(ctx, Right::Configure)?;
    let ctx = *ctx;
    store
        .write(move |tx| {
            let directory = begin(tx)?;
            directory
                .schedule(schedule_id)
                .ok_or(Error::NotFound("schedule"))?;
            let mut shifts = input.shifts.clone();
            shifts.sort_by_key(|shift| (shift.start, shift.end));
            let new = Temporary {
                id: tx.id(TemporaryId)?,
                start: input.start,
                end: input.end,
                shifts,
                created_by: ctx.actor.user,
                created_at: ctx.now,
            };
            let mut checks = Checks::default();
            let problems = new.problems(ctx.now).into_iter();
            checks.extend(problems.map(|one| Problem::new(one.path, one.message)));
            for (index, shift) in new.shifts.iter().enumerate() {
                let gone = |user| directory.user(user).is_none_or(|person| person.disabled);
                if shift.users.iter().any(|user| gone(*user)) {
                    checks.add(format!("shifts[{index}].users"), "there is no such person");
                }
            }
            checks.finish()?;
            temporary::insert(tx, schedule_id, &new)?;
            let details = json!({
                "temporary": new.id, "start": new.start, "end": new.end, "shifts": new.shifts,
            });
            let subject = format!("schedule:{schedule_id}");
            record(tx, &ctx, "temporary.add", subject, details)?;
            Ok(new.id)
        })
        .await
}

/// Withdraws one; the part of it that has been stays.
///
/// # Errors
/// [`Error::Forbidden`], [`Error::NotFound`], those of the store.
pub async fn withdraw_temporary(
    store: &Store,
    ctx: &OpContext,
    schedule_id: ScheduleId,
    id: TemporaryId,
) -> Result<(), Error> {
    access::require(ctx, Right::Configure)?;
    let by = ctx.actor.user;
    let what = ["temporary", "temporary schedule"];
    withdraw(store, ctx, schedule_id, what, json!(id), move |tx, now| {
        temporary::withdraw(tx, schedule_id, id, by, now)
    })
    .await
}
