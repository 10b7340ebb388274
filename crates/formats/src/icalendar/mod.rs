//! iCalendar (RFC 5545): shifts out for calendar programs, shifts in from them (PAGING.md §5.7).
//!
//! Recurrence rules are expanded here, on `jiff`'s civil times. The crates that do it are built on
//! `chrono` and bring a second copy of the time-zone database, which could disagree with the one
//! that hand-offs are computed with; and they have no common bound on the work that one file may
//! cause.
//!
//! Where the standard leaves a choice, what keeps shifts whole is chosen: a repeated event keeps
//! its wall-clock length, so that 09:00 until 09:00 stays that across a change of the clocks.

mod event;
mod expand;
mod line;
mod read;
mod recur;
mod rule;
mod value;
mod whom;
mod windows;
mod write;
mod zone;

pub use read::{Occurrence, Reading, Window, read};
pub use recur::recur;
pub use whom::Whom;
pub use write::{Calendar, Event};

/// Longest file, in bytes.
pub const BYTES_MAX: usize = 5 * 1024 * 1024;

/// Most events in one file.
pub const EVENTS_MAX: usize = 20_000;

/// Most occurrences within the span that is asked for.
pub const OCCURRENCES_MAX: usize = 5_000;

/// Most days that all rules of a file may have looked at.
const STEPS_MAX: u64 = 3_000_000;

/// Complaints about events that could not be used; further ones are only counted.
const WARNINGS_MAX: usize = 20;

/// Why a whole file could not be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CalendarError {
    #[error("The file is larger than {} MiB. Export a shorter span.", BYTES_MAX / 1024 / 1024)]
    TooLarge,
    #[error(
        "This is no calendar: it does not begin with BEGIN:VCALENDAR. Give the address of the \
         .ics file itself, not of the page that shows the calendar."
    )]
    NotACalendar,
    #[error("The calendar stops in the middle: END:VCALENDAR is missing. Fetch it again.")]
    Cut,
    #[error("The calendar holds more than {EVENTS_MAX} events. Export a shorter span.")]
    TooManyEvents,
    #[error(
        "The calendar has more than {OCCURRENCES_MAX} shifts in the time that is imported. Split \
         it."
    )]
    TooManyOccurrences,
    #[error("The rules of the calendar repeat too often to be worked out. Give them an end.")]
    TooMuchWork,
}

#[cfg(test)]
mod tests;
