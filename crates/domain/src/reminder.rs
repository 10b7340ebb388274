//! Reminders before a shift and notices at its hand-off (PAGING.md §5.8).
//!
//! What is to be said follows from the schedules alone. So an edit needs no bookkeeping: a shift
//! that is gone is not spoken of, and one that is new is, at once if the time for it has passed.
//! What keeps a message from being sent twice is a row of (kind, schedule, person, start, lead).

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::directory::{ContactMethod, Directory, User};
use crate::duty::{self, Duty};
use crate::notification::plan;
use crate::schedule::{Schedule, TimeOfDay};
use crate::word::{ContactKind, Urgency};
use crate::{ScheduleId, Span, Timestamp, UserId};

mod hand_off;
mod swap;
mod text;

pub use hand_off::{HandOff, HandOffs, hand_offs};
pub use swap::{SwapNotice, swap_notices};
pub use text::NoticeText;
pub(crate) use text::time as moment;

/// Earliest and latest that one may be reminded.
pub const LEAD_MIN: Span = Span::from_minutes(5);
pub const LEAD_MAX: Span = Span::from_days(14);
/// Most reminders of one shift.
pub const LEADS_MAX: usize = 5;
/// A hand-off that happened longer ago is not spoken of any more, e.g. after an outage.
pub const HAND_OFF_LATE: Span = Span::from_hours(1);
/// With nothing to say in sight, the next look is then.
const LOOK_AGAIN: Span = Span::from_days(1);

/// What one person wants to be told.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Reminders {
    /// How long before a shift; the longest first. Empty: never.
    pub leads: Vec<Span>,
    /// When one's shift begins or ends.
    pub hand_off: bool,
    /// When the [morning digest](crate::digest) comes, on one's own clock; `None`: never.
    pub digest: Option<TimeOfDay>,
}

impl Default for Reminders {
    fn default() -> Self {
        Reminders {
            leads: vec![Span::from_hours(24), Span::from_hours(1)],
            hand_off: true,
            digest: Some(crate::digest::USUAL),
        }
    }
}

impl Reminders {
    /// In order and without repetition.
    ///
    /// # Errors
    /// A sentence that says what is wrong.
    pub fn checked(mut self) -> Result<Reminders, String> {
        self.leads.sort_unstable_by(|one, other| other.cmp(one));
        self.leads.dedup();
        // The end of one day is the beginning of the next.
        if self.digest == Some(TimeOfDay::END_OF_DAY) {
            self.digest = Some(TimeOfDay::MIDNIGHT);
        }
        if self.leads.len() > LEADS_MAX {
            return Err(format!(
                "at most {LEADS_MAX} reminders of a shift are possible"
            ));
        }
        if self
            .leads
            .iter()
            .any(|lead| !(LEAD_MIN..=LEAD_MAX).contains(lead))
        {
            return Err(format!(
                "a reminder comes from {LEAD_MIN} to {LEAD_MAX} before the shift"
            ));
        }
        Ok(self)
    }
}

crate::words! {
    ShiftNoticeKind {
        /// A shift will begin.
        Reminder = "reminder",
        /// It has begun.
        Began = "began",
        /// It has ended.
        Ended = "ended",
    }
}

/// What a notice is about; the same one is sent once.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct NoticeKey {
    pub kind: ShiftNoticeKind,
    pub schedule_id: ScheduleId,
    pub user: UserId,
    /// When the shift begins; of one that has ended, when it did.
    pub at: Timestamp,
    /// Zero but for reminders.
    pub lead: Span,
}

/// A notice that is due.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ShiftNotice {
    pub key: NoticeKey,
    /// When the shift ends; `None` when no end is in sight, or it has ended.
    pub until: Option<Timestamp>,
    pub shadow: bool,
    /// Who is on call now: for notices of a hand-off.
    pub now_on_call: Vec<UserId>,
}

/// What there is to say at an instant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Look {
    /// By schedule; those that were sent are among them.
    pub due: Vec<ShiftNotice>,
    /// When to look again, unless the configuration changes before.
    pub next: Timestamp,
}

/// Everything that is due at `now`.
pub fn look(directory: &Directory, now: Timestamp) -> Look {
    let mut look = Look {
        due: Vec::new(),
        next: now + LOOK_AGAIN,
    };
    let longest = directory
        .reminders
        .values()
        .filter_map(|one| one.leads.first().copied())
        .chain(Reminders::default().leads.first().copied())
        .max()
        .unwrap_or(Span::ZERO);
    for schedule in directory.schedules.values() {
        look.at_schedule(directory, schedule, now, longest);
    }
    look
}

impl Look {
    fn wake(&mut self, at: Timestamp, now: Timestamp) {
        if at > now {
            self.next = self.next.min(at);
        }
    }

    fn at_schedule(
        &mut self,
        directory: &Directory,
        schedule: &Schedule,
        now: Timestamp,
        longest: Span,
    ) {
        // Before the first version nobody was on call: what begins with it is no hand-off.
        let Some(made) = schedule.versions.first().map(|one| one.effective_from) else {
            return;
        };
        let late = (now - HAND_OFF_LATE).max(made);
        let horizon = now + longest + LOOK_AGAIN;
        for mut duty in duty::within(schedule, late, horizon) {
            self.wake(duty.start, now);
            self.wake(duty.end, now);
            let Some(user) = directory.user(duty.user).filter(|user| !user.disabled) else {
                continue;
            };
            let standard = Reminders::default();
            let wanted = directory.reminders.get(&user.id).unwrap_or(&standard);
            if duty.end >= horizon {
                duty::look_ahead(schedule, &mut duty);
            }
            if duty.start > now {
                self.remind(&duty, wanted, now);
            } else if wanted.hand_off && !duty.shadow {
                self.hand_off(schedule, &duty, (late, now));
            }
        }
    }

    /// Of reminders whose time has come only the last one counts: whoever got a shift at short
    /// notice hears of it once.
    fn remind(&mut self, duty: &Duty, wanted: &Reminders, now: Timestamp) {
        for lead in &wanted.leads {
            self.wake(duty.start - *lead, now);
        }
        let passed = wanted
            .leads
            .iter()
            .filter(|lead| duty.start - **lead <= now);
        if let Some(lead) = passed.min() {
            self.due.push(ShiftNotice {
                key: NoticeKey {
                    kind: ShiftNoticeKind::Reminder,
                    schedule_id: duty.schedule_id,
                    user: duty.user,
                    at: duty.start,
                    lead: *lead,
                },
                until: (!duty.open_end).then_some(duty.end),
                shadow: duty.shadow,
                now_on_call: Vec::new(),
            });
        }
    }

    fn hand_off(&mut self, schedule: &Schedule, duty: &Duty, (late, now): (Timestamp, Timestamp)) {
        let notice = |kind, at, until| ShiftNotice {
            key: NoticeKey {
                kind,
                schedule_id: duty.schedule_id,
                user: duty.user,
                at,
                lead: Span::ZERO,
            },
            until,
            shadow: false,
            now_on_call: schedule.users_at(now),
        };
        if duty.end <= now && !duty.open_end {
            if duty.end > late {
                self.due
                    .push(notice(ShiftNoticeKind::Ended, duty.end, None));
            }
        } else if duty.start > late {
            let until = (!duty.open_end).then_some(duty.end);
            self.due
                .push(notice(ShiftNoticeKind::Began, duty.start, until));
        }
    }
}

/// The method that a notice goes to: what low urgency uses, mail before all others. `None` when
/// the person has no usable method.
pub fn method_for(user: &User, now: Timestamp) -> Option<&ContactMethod> {
    let planned = plan(user, Urgency::Low, now);
    let chosen = planned
        .iter()
        .find(|one| one.kind == ContactKind::Email)
        .or(planned.first())?;
    user.method(chosen.method_id)
}

/// What people want to be told, who have said so.
pub type Wishes = BTreeMap<UserId, Reminders>;

#[cfg(test)]
mod tests;
