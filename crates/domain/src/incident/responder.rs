//! People who are asked by name to help with an incident (PAGING.md §4.8): each is paged with a
//! message, and accepts or declines.
//!
//! A request is the person's own: an acknowledgement by somebody else does not end it, only the
//! person's answer or the end of the incident does (§6.3).

use crate::directory::Directory;
use crate::escalation::{Reached, list_of, resolve_target};
use crate::incident::{Effect, Incident};
use crate::policy::Target;
use crate::service::ServiceSettings;
use crate::word::{PagingState, ResponderState, TimerKind, Urgency};
use crate::{IncidentId, PageId, ResponderId, Timestamp, UserId};

/// Most people, schedules and teams that one request names.
pub const TARGETS_MAX: usize = 20;
/// Longest message and longest reason, in characters.
pub const MESSAGE_MAX: usize = 500;

/// One person who was asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Responder {
    pub id: ResponderId,
    pub incident_id: IncidentId,
    pub user: UserId,
    /// The page that asked.
    pub page: PageId,
    /// `None`: an API token.
    pub asked_by: Option<UserId>,
    pub asked_at: Timestamp,
    pub message: String,
    pub state: ResponderState,
    /// Why it was declined.
    pub reason: String,
    pub answered_at: Option<Timestamp>,
}

/// What a request comes to at an instant.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Asking {
    /// Whom to page.
    pub people: Vec<Reached>,
    /// Why others are not paged, as clauses.
    pub not_paged: Vec<String>,
}

impl Asking {
    /// `Bo has no verified contact method and Ana has been asked already`.
    pub fn why_not(&self) -> String {
        list_of(&self.not_paged)
    }
}

/// Whom a request pages: everybody its targets lead to, each once, but for the one who asks and for
/// those whose answer is still awaited or who have accepted.
pub fn ask(
    targets: &[Target],
    before: &[Responder],
    asker: Option<UserId>,
    directory: &Directory,
    now: Timestamp,
) -> Asking {
    let mut asking = Asking::default();
    let mut not_paged = |why: String| {
        if !asking.not_paged.contains(&why) {
            asking.not_paged.push(why);
        }
    };
    for target in targets {
        let resolution = resolve_target(*target, directory, now);
        for unreached in resolution.unreached {
            not_paged(unreached.why);
        }
        for reached in resolution.reached {
            let name = || directory.user_name(reached.user);
            if Some(reached.user) == asker {
                not_paged(format!("{} is the one who asks", name()));
                continue;
            }
            let last = before.iter().rev().find(|one| one.user == reached.user);
            match last.map(|one| one.state) {
                Some(ResponderState::Asked) => {
                    not_paged(format!("{} has been asked already", name()));
                }
                Some(ResponderState::Accepted) => {
                    not_paged(format!("{} has accepted already", name()));
                }
                Some(ResponderState::Declined | ResponderState::Ended) | None
                    if !asking.people.iter().any(|one| one.user == reached.user) =>
                {
                    asking.people.push(reached);
                }
                _ => {}
            }
        }
    }
    asking
}

/// What becomes of an incident without a service about which somebody is asked. Whoever opened it
/// holds it and waits for the answer; one that a token opened is held by nobody, so that without an
/// answer in time paging begins, which ends at the last resort (DESIGN.md P3). Its urgency does not
/// matter: a person was asked for.
pub fn wait_for_answer(
    opened: &Incident,
    settings: &ServiceSettings,
    now: Timestamp,
) -> Option<Effect> {
    let held = opened.paging != PagingState::Acknowledged || opened.acknowledged_by.is_some();
    let timeout = settings.ack_timeout(Urgency::High).filter(|_| !held)?;
    Some(Effect::Arm {
        kind: TimerKind::AckTimeout,
        at: now + timeout,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::escalation::tests::world::{
        ANA, BO, CLEO, PLATFORM, TEAM, directory, silence, t0, user,
    };

    fn responder(user: UserId, state: ResponderState) -> Responder {
        Responder {
            id: ResponderId(1),
            incident_id: IncidentId(1),
            user,
            page: PageId(1),
            asked_by: Some(CLEO),
            asked_at: t0(),
            message: "have a look".into(),
            state,
            reason: String::new(),
            answered_at: None,
        }
    }

    fn people(asking: &Asking) -> Vec<UserId> {
        asking.people.iter().map(|one| one.user).collect()
    }

    #[test]
    fn people_schedules_and_teams_come_to_people_each_once() {
        // §4.8: add responders. Bo is on call; Cleo asks and is in the team herself.
        let targets = [Target::Schedule(PLATFORM), Target::Team(TEAM), user(BO)];
        let asking = ask(&targets, &[], Some(CLEO), &directory(), t0());
        assert_eq!(people(&asking), [BO, ANA]);
        assert_eq!(asking.why_not(), "Cleo is the one who asks");
    }

    #[test]
    fn nobody_is_asked_twice_unless_they_declined() {
        let mut directory = directory();
        let targets = [user(ANA), user(BO)];
        let before = [
            responder(ANA, ResponderState::Asked),
            responder(BO, ResponderState::Accepted),
        ];
        let asking = ask(&targets, &before, None, &directory, t0());
        assert_eq!(people(&asking), []);
        assert_eq!(
            asking.why_not(),
            "Ana has been asked already and Bo has accepted already"
        );
        let before = [
            responder(ANA, ResponderState::Accepted),
            responder(ANA, ResponderState::Declined),
        ];
        silence(&mut directory, BO);
        let asking = ask(&targets, &before, None, &directory, t0());
        assert_eq!(people(&asking), [ANA]);
        assert_eq!(asking.why_not(), "Bo has no verified contact method");
    }
}
