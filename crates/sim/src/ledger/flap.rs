//! Conditions that come and go: people are paged once, and then not before it has been stable for a
//! while (PAGING.md §1.10). When that begins is the product's to find out; here is looked whether it
//! may.

use domain::{Span, Timestamp};

use super::observe::Moment;
use super::{Known, Ledger, Said};
use crate::invariant::Invariant;

/// More changes than this within [`WINDOW`] are flapping.
const CHANGES: usize = 4;
const WINDOW: Span = Span::from_minutes(10);

impl Said {
    /// Whether it may count as flapping at `at`: it changed often enough, and has not been stable
    /// since. A trigger may be a repeat, which changes nothing, and so this is true too often.
    fn may_flap(&self, at: Timestamp, skew: Span) -> bool {
        let window = WINDOW + skew + skew;
        let often = self.heard.windows(CHANGES + 1);
        let begun = often
            .filter(|some| some[CHANGES].since(some[0]) < window)
            .map(|some| some[CHANGES]);
        begun.into_iter().any(|begun| {
            let after = self.heard.iter().filter(|heard| **heard >= begun);
            let ends = after.fold(begun, |stable, heard| {
                if heard.since(stable) <= window {
                    *heard
                } else {
                    stable
                }
            });
            at.since(ends) <= window
        })
    }
}

impl Ledger {
    /// Nobody was paged for what was accepted: only what flaps may be kept from people.
    pub fn may_be_silent(&self, said: &Said, wall: Timestamp) -> bool {
        said.may_flap(wall, self.skew)
    }

    /// The incident is quiet: its next step waits, if it is due.
    pub(super) fn rests(&mut self, known: &mut Known, moment: Moment) {
        let Some(until) = known.row.quiet_until() else {
            return;
        };
        let service = known.row.service_id.and_then(|id| self.services.get(&id));
        let mut of_it = (self.said.iter())
            .filter(|(condition, _)| Some(&condition.service) == service)
            .map(|(_, said)| said);
        if !of_it.any(|said| said.may_flap(until - WINDOW, self.skew)) {
            let label = known.row.label();
            let what = format!("{label} is quiet until {until}, and nothing of it flaps");
            self.fail(Invariant::PagedInTime, moment.wall, what);
        }
        let held = known
            .stored
            .as_ref()
            .is_some_and(|run| run.held_due.is_some());
        if held
            && known.triggered()
            && let Some((_, run)) = &mut known.model
        {
            // By the clock of the node that found it due.
            let now = moment.wall + self.skew;
            run.rest(until, now.min(until - Span(1)));
        }
    }
}
