//! Several pages to one method become one message (PAGING.md §6.4).

use crate::word::{NotificationKind, NotificationState};
use crate::{Span, Timestamp};

/// What follows the first message within this time becomes one message.
pub const BUNDLE_WINDOW: Span = Span::from_seconds(60);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Bundle {
    SendNow,
    /// Collect until then, and send what has come as one message.
    WaitUntil(Timestamp),
}

/// Whether a message may travel with others to the same address: only first attempts of what is
/// about an incident. What was tried before goes again as it was.
pub fn may_travel(kind: NotificationKind, attempts: i64, about_incident: bool) -> bool {
    attempts == 0
        && about_incident
        && matches!(kind, NotificationKind::Page | NotificationKind::Notice)
}

/// Decides about a message that is due. `last_sent_at` is when this person was last sent a message
/// of the same urgency by the same method; that message began a window. High and low urgency have
/// windows of their own, so that they are never mixed.
///
/// `waits_since` is since when the message has waited for others, or has travelled as part of one
/// that was called off: nothing waits longer than one window in all, whatever else has left
/// meanwhile.
pub fn bundle(
    last_sent_at: Option<Timestamp>,
    waits_since: Option<Timestamp>,
    now: Timestamp,
) -> Bundle {
    // What begins in the future is a clock that was set back: it must not hold pages.
    let Some(sent) = last_sent_at.filter(|sent| *sent <= now) else {
        return Bundle::SendNow;
    };
    let since = waits_since.filter(|since| *since <= now);
    let end = since.map_or(sent, |since| sent.min(since)) + BUNDLE_WINDOW;
    if now < end {
        Bundle::WaitUntil(end)
    } else {
        Bundle::SendNow
    }
}

/// A message that began a window will not arrive after all: it failed for good, or nobody wants it
/// any more. What was put off until the returned instant for its sake goes at once, since the next
/// message would begin another window and put it off again. `None` when no window is open.
pub fn ends_early(first_attempt_at: Option<Timestamp>, now: Timestamp) -> Option<Timestamp> {
    match bundle(first_attempt_at, None, now) {
        Bundle::WaitUntil(end) => Some(end),
        Bundle::SendNow => None,
    }
}

/// A message about an incident to a person, as it stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Underway {
    pub state: NotificationState,
    pub due_at: Timestamp,
    pub first_attempt_at: Option<Timestamp>,
}

/// Whether a further page about the same incident to the same person by the same method, due at
/// `due_at`, needs no message of its own: nobody is paged twice for a request and for a step
/// (PAGING.md §4.8). `asks` says that the further page is the request, whose words must still go
/// out.
pub fn goes_with(due_at: Timestamp, other: &Underway, asks: bool) -> bool {
    let near = |earlier: Timestamp| earlier <= due_at && due_at < earlier + BUNDLE_WINDOW;
    match other.state {
        NotificationState::Planned => near(other.due_at),
        NotificationState::Sending
        | NotificationState::Accepted
        | NotificationState::Delivered
        | NotificationState::Answered => !asks && other.first_attempt_at.is_some_and(near),
        NotificationState::Failed | NotificationState::Cancelled | NotificationState::Bundled => {
            false
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nobody_is_paged_twice_for_a_request_and_a_step() {
        // §4.8 with §6.4.
        let sent = Timestamp::from_seconds(1_000);
        let mail = Underway {
            state: NotificationState::Accepted,
            due_at: sent,
            first_attempt_at: Some(sent),
        };
        let soon = sent + Span::from_seconds(59);
        assert!(goes_with(soon, &mail, false));
        // What was sent before does not hold the words of the request.
        assert!(!goes_with(soon, &mail, true));
        assert!(!goes_with(sent + BUNDLE_WINDOW, &mail, false));
        let planned = Underway {
            state: NotificationState::Planned,
            due_at: soon,
            first_attempt_at: None,
        };
        assert!(goes_with(soon, &planned, true));
        // Never later than it would have gone by itself.
        assert!(!goes_with(sent, &planned, false));
        let failed = Underway {
            state: NotificationState::Failed,
            ..mail
        };
        assert!(!goes_with(soon, &failed, false));
    }

    #[test]
    fn what_waits_for_a_message_that_never_arrives_waits_no_longer() {
        // §6.4: a window is begun by a message that has gone.
        let first = Timestamp::from_seconds(1_000);
        let failed = first + Span::from_seconds(7);
        assert_eq!(
            ends_early(Some(first), failed),
            Some(first + BUNDLE_WINDOW),
            "what is due then goes now"
        );
        assert_eq!(ends_early(Some(first), first + BUNDLE_WINDOW), None);
        assert_eq!(ends_early(None, failed), None, "it was never tried");
    }

    #[test]
    fn the_first_goes_at_once_and_the_rest_waits_for_the_window() {
        // §6.4: the first page goes at once, what follows within 60 s becomes one message.
        let sent = Timestamp::from_seconds(1_000);
        let end = sent + Span::from_seconds(60);
        assert_eq!(bundle(None, None, sent), Bundle::SendNow);
        assert_eq!(bundle(Some(sent), None, sent), Bundle::WaitUntil(end));
        assert_eq!(
            bundle(Some(sent), None, sent + Span::from_seconds(59)),
            Bundle::WaitUntil(end)
        );
        assert_eq!(bundle(Some(sent), None, end), Bundle::SendNow);
        assert_eq!(bundle(Some(end), None, sent), Bundle::SendNow);
    }

    #[test]
    fn nothing_waits_longer_than_one_window_in_all() {
        // A message waits for the window of one that is called off, and another has left meanwhile.
        let since = Timestamp::from_seconds(1_000);
        let sent = since + Span::from_seconds(40);
        let end = since + BUNDLE_WINDOW;
        let asked = sent + Span::from_seconds(1);
        assert_eq!(
            bundle(Some(sent), Some(since), asked),
            Bundle::WaitUntil(end)
        );
        assert_eq!(bundle(Some(sent), Some(since), end), Bundle::SendNow);
        // It has not waited longer than the window of the other is open.
        let late = sent + Span::from_seconds(10);
        assert_eq!(
            bundle(Some(sent), Some(late), late),
            Bundle::WaitUntil(sent + BUNDLE_WINDOW)
        );
        // A clock that was set back.
        assert_eq!(
            bundle(Some(sent), Some(end), asked),
            Bundle::WaitUntil(sent + BUNDLE_WINDOW)
        );
    }
}
