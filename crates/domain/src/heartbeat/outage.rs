//! Outages of our own, in which pings may have been lost: they are no fault of whoever pings
//! (PAGING.md §7.1).

use super::Heartbeat;
use super::history::{Event, EventKind};
use crate::{Span, Timestamp};

/// An outage of at least this length counts for every heartbeat. In a shorter one, such as a
/// restart, only a ping is lost that was expected about then.
pub const OUTAGE_LONG: Span = Span::from_seconds(60);
/// How far from its time a ping may have been sent.
const ABOUT: Span = Span::from_seconds(60);

/// Somebody who is there writes it down this often, as long as a heartbeat may expire.
pub const MARK_EVERY: Span = Span::from_seconds(10);
/// Nobody was there when nothing was written down for so long: twice as long as it takes at worst.
const GAP: Span = Span::from_seconds(30);

/// A time in which nobody was there to hear a ping.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Outage {
    pub from: Timestamp,
    pub until: Timestamp,
}

impl Outage {
    /// What lies between the last mark and now. `restarted`: the one process there is has just been
    /// started, so that any time between was an outage.
    pub fn since(mark: Timestamp, now: Timestamp, restarted: bool) -> Option<Outage> {
        let gap = now.since(mark);
        let out = gap > GAP || restarted && gap > Span::ZERO;
        out.then_some(Outage {
            from: mark,
            until: now,
        })
    }
}

impl Heartbeat {
    /// Gives it one full interval from the end of an outage; says whether that moved anything.
    ///
    /// An outage within that time gives another one, but only as long as we were not there for a
    /// whole interval in all: a server that is down every night must not hide a dead job for ever.
    pub fn after_outage(&mut self, outage: Outage) -> bool {
        let Some(due) = self.due_at else {
            return false;
        };
        // A ping that was heard proves that we were there.
        let from = outage.from.max(self.heard_at.unwrap_or(outage.from));
        let length = outage.until.since(from);
        let expected = due - self.settings.grace;
        let about = from - ABOUT <= due && expected <= outage.until + ABOUT;
        if length <= Span::ZERO || (length < OUTAGE_LONG && !about) {
            return false;
        }
        if let Some(since) = self.grace_since {
            self.grace_used = self.grace_used + from.since(since).max(Span::ZERO);
            if self.grace_used >= self.settings.patience() {
                return false;
            }
        }
        let again = outage.until + self.settings.patience();
        if again <= due {
            return false;
        }
        self.due_at = Some(again);
        self.grace_since = Some(outage.until);
        self.history
            .push(Event::new(EventKind::Grace, outage.until));
        true
    }
}
