//! Paging never goes silent (DESIGN.md P3).

use domain::word::{PagingState, RunState, TimerKind};
use store::{Conn, Error};

use super::observe::Moment;
use super::{Known, Ledger};
use crate::invariant::Invariant;

impl Ledger {
    /// Whoever waits for an answer has a next move in the database.
    pub(super) fn never_silent(
        &mut self,
        conn: &mut Conn,
        known: &mut Known,
        moment: Moment,
    ) -> Result<(), Error> {
        let row = &known.row;
        let live = known
            .stored
            .as_ref()
            .filter(|run| run.state != RunState::Stopped);
        let ended = known.model.as_ref().is_some_and(|(_, run)| run.ended);
        let what = match (row.paging, live) {
            (PagingState::Triggered, None) if known.handed.is_some() => {
                let due = known.handed.and_then(|handed| handed.due);
                let kind = TimerKind::AckTimeout;
                let timer = store::escalation::timer_due(conn, kind, row.id.0)?;
                (timer != due).then(|| {
                    format!("it was handed over until {due:?}, and the timer is {timer:?}")
                })
            }
            (PagingState::Triggered, None) if !ended => {
                Some("it waits for an answer, and no escalation runs".to_owned())
            }
            (PagingState::Triggered, Some(run)) => {
                let timer = store::escalation::timer_due(conn, TimerKind::Escalation, run.id.0)?;
                let model = known.model.as_ref().map(|(_, run)| run.due);
                if timer.is_none() || timer != run.next_wake() {
                    Some(format!(
                        "its timer is set to {timer:?}, not {:?}",
                        run.next_wake()
                    ))
                } else if model != run.due_at {
                    Some(format!(
                        "its next step is due {:?}, not {model:?}",
                        run.due_at
                    ))
                } else {
                    None
                }
            }
            (PagingState::Acknowledged, None) => {
                let kind = match row.snoozed_until {
                    Some(_) => TimerKind::SnoozeEnd,
                    None => TimerKind::AckTimeout,
                };
                let timer = store::escalation::timer_due(conn, kind, row.id.0)?;
                (timer != known.ends)
                    .then(|| format!("its acknowledgement ends {timer:?}, not {:?}", known.ends))
            }
            (PagingState::Acknowledged | PagingState::Resolved, Some(_)) => {
                Some("it was answered, and its escalation runs on".to_owned())
            }
            (PagingState::Triggered | PagingState::Resolved, None) => None,
        };
        if let Some(what) = what {
            let what = format!("{}: {what}", row.label());
            self.fail(Invariant::NeverSilent, moment.wall, what);
        }
        Ok(())
    }
}
