//! Several pages to one method become one message (PAGING.md §6.4).

use crate::word::NotificationKind;
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
pub fn bundle(last_sent_at: Option<Timestamp>, now: Timestamp) -> Bundle {
    match last_sent_at {
        // A window that begins in the future is a clock that was set back: it must not hold pages.
        Some(sent) if sent <= now && now < sent + BUNDLE_WINDOW => {
            Bundle::WaitUntil(sent + BUNDLE_WINDOW)
        }
        _ => Bundle::SendNow,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_goes_at_once_and_the_rest_waits_for_the_window() {
        // §6.4: the first page goes at once, what follows within 60 s becomes one message.
        let sent = Timestamp::from_seconds(1_000);
        let end = sent + Span::from_seconds(60);
        assert_eq!(bundle(None, sent), Bundle::SendNow);
        assert_eq!(bundle(Some(sent), sent), Bundle::WaitUntil(end));
        assert_eq!(
            bundle(Some(sent), sent + Span::from_seconds(59)),
            Bundle::WaitUntil(end)
        );
        assert_eq!(bundle(Some(sent), end), Bundle::SendNow);
        assert_eq!(bundle(Some(end), sent), Bundle::SendNow);
    }
}
