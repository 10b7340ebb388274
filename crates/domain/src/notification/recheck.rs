//! Whether a planned message is still wanted at the instant of sending (PAGING.md §6.3).

use crate::Timestamp;
use crate::word::{NotificationKind, PageCause, PagingState};

/// What is known at that instant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Recheck {
    pub kind: NotificationKind,
    /// Why the page was made; `None` for what is not a page.
    pub cause: Option<PageCause>,
    /// Where the incident stands now. Snoozed counts as acknowledged.
    pub paging: PagingState,
    /// When the page was made.
    pub page_created_at: Timestamp,
    /// When the incident was last acknowledged, snoozed or resolved.
    pub quiet_since: Option<Timestamp>,
}

/// False for a page whose incident has been acknowledged, resolved or snoozed meanwhile, also when
/// it has been triggered again since: the new run made pages of its own.
pub fn still_wanted(check: &Recheck) -> bool {
    match check.kind {
        // These ask nothing, or answer the person themselves.
        NotificationKind::Notice | NotificationKind::Verification | NotificationKind::Reply => true,
        NotificationKind::Page => match (check.paging, check.cause) {
            (PagingState::Resolved, _) => false,
            // Somebody wants this person although others are at work.
            (_, Some(PageCause::Adhoc)) => true,
            (PagingState::Acknowledged, _) => false,
            (PagingState::Triggered, _) => check
                .quiet_since
                .is_none_or(|quiet| quiet <= check.page_created_at),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Span;

    #[test]
    fn nothing_is_sent_for_an_incident_answered_meanwhile() {
        // §6.3: acknowledged, resolved or snoozed meanwhile.
        let made = Timestamp::from_seconds(1_000);
        let page = Recheck {
            kind: NotificationKind::Page,
            cause: Some(PageCause::Step),
            paging: PagingState::Triggered,
            page_created_at: made,
            quiet_since: None,
        };
        assert!(still_wanted(&page));
        assert!(!still_wanted(&Recheck {
            paging: PagingState::Acknowledged,
            ..page
        }));
        assert!(!still_wanted(&Recheck {
            paging: PagingState::Resolved,
            ..page
        }));
        // Acknowledged and triggered again: the old page is superseded, a new one is not.
        let later = Some(made + Span::from_seconds(1));
        assert!(!still_wanted(&Recheck {
            quiet_since: later,
            ..page
        }));
        let before = Some(made - Span::from_seconds(1));
        assert!(still_wanted(&Recheck {
            quiet_since: before,
            ..page
        }));
    }

    #[test]
    fn a_person_asked_for_by_name_is_told_although_it_is_acknowledged() {
        let page = Recheck {
            kind: NotificationKind::Page,
            cause: Some(PageCause::Adhoc),
            paging: PagingState::Acknowledged,
            page_created_at: Timestamp::from_seconds(1_000),
            quiet_since: Some(Timestamp::from_seconds(500)),
        };
        assert!(still_wanted(&page));
        assert!(!still_wanted(&Recheck {
            paging: PagingState::Resolved,
            ..page
        }));
        let notice = Recheck {
            kind: NotificationKind::Notice,
            cause: None,
            ..page
        };
        assert!(still_wanted(&Recheck {
            paging: PagingState::Resolved,
            ..notice
        }));
    }
}
