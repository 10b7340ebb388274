//! Whether a planned message is still wanted at the instant of sending (PAGING.md §6.3).

use crate::directory::Directory;
use crate::incident::Incident;
use crate::incident::responder::Responder;
use crate::word::{NotificationKind, PageCause, PagingState, ResponderState};
use crate::{ContactMethodId, Timestamp, UserId};

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
    /// The person was asked to help, and the answer is awaited.
    pub awaited: bool,
    /// When the person last answered such a request.
    pub answered_at: Option<Timestamp>,
}

impl Recheck {
    /// What is known of a page's message from the incident as it stands now.
    pub fn of(
        kind: NotificationKind,
        cause: PageCause,
        page_created_at: Timestamp,
        incident: &Incident,
    ) -> Recheck {
        Recheck {
            kind,
            cause: Some(cause),
            paging: incident.paging,
            page_created_at,
            // Triggered again since: the new run made pages of its own.
            quiet_since: (incident.paging == PagingState::Triggered)
                .then_some(incident.triggered_at),
            awaited: false,
            answered_at: None,
        }
    }

    /// With the newest request to the person for the incident, if there was any (PAGING.md §4.8).
    pub fn with_request(self, request: Option<&Responder>) -> Recheck {
        Recheck {
            awaited: request.is_some_and(|one| one.state == ResponderState::Asked),
            answered_at: request.and_then(|one| one.answered_at),
            ..self
        }
    }
}

/// Why a message planned for a person cannot go to this method any more; `None` when it can, or
/// when it is for nobody in particular.
pub fn gone(
    kind: NotificationKind,
    user: Option<UserId>,
    method: Option<ContactMethodId>,
    directory: &Directory,
) -> Option<&'static str> {
    let user = match directory.user(user?) {
        Some(user) if !user.disabled => user,
        _ => return Some("the account was closed before it was sent"),
    };
    match kind {
        // A code is what makes a method usable.
        NotificationKind::Verification | NotificationKind::Reply | NotificationKind::Post => None,
        NotificationKind::Page | NotificationKind::Notice | NotificationKind::Digest => {
            match user.method(method?) {
                None => Some("the contact method was removed before it was sent"),
                Some(method) if !method.usable() => {
                    Some("the contact method is not usable any more")
                }
                Some(_) => None,
            }
        }
    }
}

/// False for a page whose incident has been acknowledged, resolved or snoozed meanwhile, also when
/// it has been triggered again since: the new run made pages of its own.
pub fn still_wanted(check: &Recheck) -> bool {
    match check.kind {
        // These ask nothing, or answer the person themselves.
        NotificationKind::Notice
        | NotificationKind::Verification
        | NotificationKind::Reply
        | NotificationKind::Digest
        // A channel is told everything, in order: what it was told first makes sense of the rest.
        | NotificationKind::Post => true,
        NotificationKind::Page => match (check.paging, check.cause) {
            (PagingState::Resolved, _) => false,
            // Somebody wants this person although others are at work; only the person's own answer
            // ends a request.
            (_, Some(PageCause::Adhoc)) => {
                check.awaited
                    || check
                        .answered_at
                        .is_none_or(|answered| answered < check.page_created_at)
            }
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
            awaited: false,
            answered_at: None,
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
    fn a_request_ends_with_the_persons_own_answer_and_with_the_incident() {
        // §4.8, §6.3: an acknowledgement by another does not end it.
        let page = Recheck {
            kind: NotificationKind::Page,
            cause: Some(PageCause::Adhoc),
            paging: PagingState::Acknowledged,
            page_created_at: Timestamp::from_seconds(1_000),
            quiet_since: None,
            awaited: true,
            answered_at: None,
        };
        assert!(still_wanted(&page));
        assert!(!still_wanted(&Recheck {
            paging: PagingState::Resolved,
            ..page
        }));
        // A step's page is no request.
        assert!(!still_wanted(&Recheck {
            cause: Some(PageCause::Step),
            ..page
        }));
        let answered = Recheck {
            awaited: false,
            answered_at: Some(Timestamp::from_seconds(1_010)),
            ..page
        };
        assert!(!still_wanted(&answered));
        // Asked for by name again later.
        assert!(still_wanted(&Recheck {
            page_created_at: Timestamp::from_seconds(1_020),
            ..answered
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
            awaited: false,
            answered_at: None,
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
