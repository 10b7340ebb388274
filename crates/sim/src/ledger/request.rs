//! People asked for by name: requests, their answers, and incidents handed to others
//! (PAGING.md §4.8).

use std::collections::BTreeSet;

use domain::incident::Incident;
use domain::word::{PagingState, ResponderState, RunState, Urgency};
use domain::{Span, Timestamp};
use store::{Conn, Error};

use super::observe::Moment;
use super::{Known, Ledger};
use crate::invariant::Invariant;
use crate::setup::Who;
use crate::story::Verb;

/// How far a request to a person has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Request {
    Asked,
    Accepted,
    Declined,
    /// The incident was resolved.
    Ended,
}

/// An incident was handed to a person, and nobody else is paged for a while.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Handed {
    pub to: Who,
    /// When paging begins again; never for low urgency.
    pub due: Option<Timestamp>,
}

/// A step's wait where no policy says another.
const WAIT: Span = Span::from_minutes(5);

impl Ledger {
    /// What an incident's new state means for requests; returns whom the commit must have asked.
    pub(super) fn requests(
        &mut self,
        known: &mut Known,
        was: Option<&Incident>,
        moment: Moment,
    ) -> BTreeSet<Who> {
        if known.row.paging == PagingState::Resolved {
            for request in known.requests.values_mut() {
                if *request == Request::Asked {
                    *request = Request::Ended;
                }
            }
        }
        if known.row.paging != PagingState::Triggered {
            known.handed = None;
        }
        if !moment.own {
            return BTreeSet::new();
        }
        let newly = was.is_none_or(|was| {
            was.acknowledged_at != known.row.acknowledged_at
                || was.acknowledged_by != known.row.acknowledged_by
        });
        let by = known.row.acknowledged_by.filter(|_| newly);
        if let Some(who) = by.and_then(|user| self.users.get(&user)).copied() {
            known.answers_request(who, Request::Accepted, moment.passed);
        }
        let Some(intent) = self
            .intents
            .values()
            .find(|one| one.incident == Some(known.row.id))
            .cloned()
        else {
            return BTreeSet::new();
        };
        match intent.verb {
            Verb::Answer { accept: true } => {
                known.answers_request(intent.who, Request::Accepted, moment.passed);
            }
            Verb::Answer { accept: false } => {
                known.answers_request(intent.who, Request::Declined, moment.passed);
            }
            Verb::ReassignTo { whom } => {
                let policy = self.policy_of(&known.row);
                let wait = policy
                    .and_then(|index| self.house.setup.policies[index].steps.first())
                    .map_or(WAIT, |step| Span::from_seconds(step.wait));
                let high = known.row.urgency == Urgency::High;
                known.handed = Some(Handed {
                    to: whom,
                    due: high.then_some(intent.at + wait),
                });
                known.cancelled_at = Some(intent.at);
                if let Some((_, run)) = &mut known.model {
                    run.stop();
                }
            }
            Verb::ReassignPolicy { .. } => known.cancelled_at = Some(intent.at),
            Verb::Page { whom } => {
                let mut people = self.house.reached(whom, intent.at);
                people.remove(&intent.who);
                people.retain(|who| {
                    !matches!(
                        known.requests.get(who),
                        Some(Request::Asked | Request::Accepted)
                    )
                });
                return people;
            }
            _ => {}
        }
        BTreeSet::new()
    }

    /// By which policy an incident pages now.
    pub(super) fn policy_of(&self, row: &Incident) -> Option<usize> {
        if let Some(id) = row.policy_id {
            return self.policies.get(&id).copied();
        }
        let service = self.services.get(&row.service_id?)?;
        self.house.setup.services[*service].policy
    }

    /// Everybody who was asked stands in the database as the model has it.
    pub(super) fn compare_requests(
        &mut self,
        conn: &mut Conn,
        known: &Known,
        moment: Moment,
    ) -> Result<(), Error> {
        let rows = store::responder::of_incident(conn, known.row.id)?;
        let mut stored = std::collections::BTreeMap::new();
        for one in rows {
            let Some(who) = self.users.get(&one.user).copied() else {
                continue;
            };
            // The newest request to a person holds.
            stored.insert(
                who,
                match one.state {
                    ResponderState::Asked => Request::Asked,
                    ResponderState::Accepted => Request::Accepted,
                    ResponderState::Declined => Request::Declined,
                    ResponderState::Ended => Request::Ended,
                },
            );
        }
        if stored != known.requests {
            let what = format!(
                "{}: the model expects the requests {:?}, but they are {stored:?}",
                known.row.label(),
                known.requests
            );
            self.fail(Invariant::TheLadderIsFollowed, moment.wall, what);
        }
        Ok(())
    }
}

impl Known {
    fn answers_request(&mut self, who: Who, answer: Request, passed: Span) {
        if let Some(request) = self.requests.get_mut(&who)
            && *request == Request::Asked
        {
            *request = answer;
            self.said.insert(who, passed);
        }
    }

    /// Whether its escalation runs.
    pub fn runs(&self) -> bool {
        self.stored
            .as_ref()
            .is_some_and(|run| run.state != RunState::Stopped)
    }
}
