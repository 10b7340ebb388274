//! What goes instead of a message that will not arrive, or not soon (PAGING.md §6.5).

use crate::directory::{ContactMethod, User};
use crate::word::NotificationState;
use crate::{ContactMethodId, NotificationId, Timestamp};

/// One message of a page, as far as the others of that page depend on it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sibling {
    pub id: NotificationId,
    pub state: NotificationState,
    pub method_id: Option<ContactMethodId>,
    pub attempts: i64,
    pub due_at: Timestamp,
    /// The message that carries this one.
    pub bundle_id: Option<NotificationId>,
}

/// The one of a page's planned messages that is due now instead of later: the next in turn that
/// has not been tried. `all` are the messages of the page.
pub fn hastened(all: &[Sibling], now: Timestamp) -> Option<NotificationId> {
    untried(all)
        .filter(|one| one.due_at > now)
        .min_by_key(|one| (one.due_at, one.id))
        .map(|one| one.id)
}

/// Those of a page's messages that stand in for one that failed: the one that is [`hastened`] and
/// any untried one that is due already. They take over since when that one waited, so that the
/// page does not wait for a second window (PAGING.md §6.4). `all` are the messages of the page.
pub fn stand_ins(all: &[Sibling], now: Timestamp) -> Vec<NotificationId> {
    let due = untried(all).filter(|one| one.due_at <= now);
    due.map(|one| one.id).chain(hastened(all, now)).collect()
}

fn untried(all: &[Sibling]) -> impl Iterator<Item = &Sibling> {
    let planned = |one: &&Sibling| one.state == NotificationState::Planned && one.attempts == 0;
    all.iter().filter(planned)
}

/// `lost` will never arrive. When no other message of its page has been sent or is to be, the
/// person's other usable methods are used, rules or not: better a message by an unloved method
/// than none.
pub fn instead<'u>(all: &[Sibling], lost: &Sibling, user: &'u User) -> Vec<&'u ContactMethod> {
    let dead = |one: &Sibling| {
        one.id == lost.id
            || one.bundle_id == Some(lost.id)
            || lost.bundle_id == Some(one.id)
            || matches!(
                one.state,
                NotificationState::Failed | NotificationState::Cancelled
            )
    };
    if user.disabled || !all.iter().all(dead) {
        return Vec::new();
    }
    let tried = |method: &ContactMethod| all.iter().any(|one| one.method_id == Some(method.id));
    user.methods
        .iter()
        .filter(|method| method.usable() && !tried(method))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::UserId;
    use crate::word::{AccountRole, ContactKind};

    const NOW: Timestamp = Timestamp::from_seconds(1_700_000_000);

    fn sibling(id: i64, state: NotificationState, method: i64, after: i64) -> Sibling {
        Sibling {
            id: NotificationId(id),
            state,
            method_id: Some(ContactMethodId(method)),
            attempts: i64::from(state != NotificationState::Planned),
            due_at: Timestamp(NOW.0 + after),
            bundle_id: None,
        }
    }

    fn ana() -> User {
        let method = |id, kind| ContactMethod {
            id: ContactMethodId(id),
            kind,
            address: format!("address-{id}"),
            verified_at: Some(NOW),
            broken: None,
        };
        User {
            id: UserId(1),
            email: "ana@example.com".into(),
            name: "Ana".into(),
            role: AccountRole::Responder,
            zone: "UTC".into(),
            disabled: false,
            hears_answers: true,
            methods: vec![method(1, ContactKind::Email), method(2, ContactKind::Sms)],
            rules: vec![],
        }
    }

    #[test]
    fn the_next_in_turn_goes_at_once() {
        let all = [
            sibling(1, NotificationState::Failed, 1, 0),
            sibling(3, NotificationState::Planned, 2, 50),
            sibling(2, NotificationState::Planned, 2, 50),
            sibling(4, NotificationState::Planned, 2, 0),
        ];
        // The fourth is due already.
        assert_eq!(hastened(&all, NOW), Some(NotificationId(2)));
        assert_eq!(hastened(&all[..1], NOW), None);
    }

    #[test]
    fn what_is_due_already_stands_in_as_well() {
        let all = [
            sibling(1, NotificationState::Failed, 1, 0),
            sibling(2, NotificationState::Planned, 2, 0),
            sibling(3, NotificationState::Planned, 3, 50),
            sibling(4, NotificationState::Planned, 3, 60),
            Sibling {
                attempts: 1,
                ..sibling(5, NotificationState::Planned, 1, 0)
            },
            sibling(6, NotificationState::Accepted, 2, -5),
        ];
        let ids =
            |all: &[Sibling]| -> Vec<i64> { stand_ins(all, NOW).iter().map(|id| id.0).collect() };
        assert_eq!(ids(&all), [2, 3]);
        assert_eq!(ids(&all[..2]), [2]);
        assert_eq!(ids(&all[4..]), [0; 0], "one tried before has its own time");
    }

    #[test]
    fn an_untried_method_is_used_when_nothing_else_is_left() {
        let user = ana();
        let lost = sibling(1, NotificationState::Failed, 1, 0);
        let used = |all: &[Sibling]| -> Vec<i64> {
            instead(all, &lost, &user).iter().map(|m| m.id.0).collect()
        };
        assert_eq!(used(&[lost]), [2]);
        let accepted = sibling(2, NotificationState::Accepted, 1, 0);
        assert_eq!(used(&[lost, accepted]), [0; 0], "another one has left");
        let tried = sibling(2, NotificationState::Failed, 2, 0);
        assert_eq!(used(&[lost, tried]), [0; 0], "every method was tried");
    }
}
