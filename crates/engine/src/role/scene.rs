//! An incident locked together with who commands it, and what a change of command writes.

use std::sync::Arc;

use domain::command::{
    self, HoldingChange, Proposal, ProposalOutcome, RoleEffect, RoleError, RoleState, role_title,
};
use domain::directory::Directory;
use domain::incident::{Actor, Incident};
use domain::moment::{EventFacts, moments_of};
use domain::word::{CommandRole, EntryKind, TimerKind};
use domain::{HandoverId, RoleHoldingId, TimerId, Timestamp, UserId};
use store::command::{Handover, RoleHolding};
use store::{Change, Tx};

use super::no_incident;
use crate::effect::Writing;
use crate::{Error, record};

pub(super) fn taken(role: CommandRole, holder: &str) -> Error {
    Error::Refused(format!(
        "{} is already held by {holder}: ask for a hand-over, or give a reason for taking it over",
        role_title(role)
    ))
}

/// What the rules ask about one role.
pub(super) fn state(
    holdings: &[RoleHolding],
    handovers: &[Handover],
    role: CommandRole,
) -> RoleState {
    RoleState {
        holder: holdings
            .iter()
            .find(|held| held.role == role)
            .map(|held| command::Holding {
                user: held.user_id,
                since: held.started_at,
            }),
        proposal: handovers
            .iter()
            .find(|offered| offered.role == role)
            .map(|offered| Proposal {
                id: offered.id,
                from: offered.from_user_id,
                to: offered.to_user_id,
                brief: offered.brief.clone(),
                offered_at: offered.offered_at,
                expires_at: offered.expires_at,
            }),
    }
}

/// A locked incident with who commands it.
pub(super) struct Scene {
    pub incident: Incident,
    pub directory: Arc<Directory>,
    holdings: Vec<RoleHolding>,
    handovers: Vec<Handover>,
}

impl Scene {
    pub fn of_number(tx: &mut Tx<'_>, number: i64) -> Result<Scene, Error> {
        let id = store::incident::by_number(tx, number)
            .map_err(no_incident)?
            .id;
        let incident = store::incident::lock(tx, id)?;
        Scene::of(tx, incident)
    }

    pub fn of_handover(tx: &mut Tx<'_>, id: HandoverId) -> Result<(Scene, CommandRole), Error> {
        let offered = store::command::handover(tx, id).map_err(|error| match error {
            store::Error::NotFound => Error::NotFound("hand-over"),
            other => other.into(),
        })?;
        let incident = store::incident::lock(tx, offered.incident_id)?;
        Ok((Scene::of(tx, incident)?, offered.role))
    }

    pub fn of(tx: &mut Tx<'_>, incident: Incident) -> Result<Scene, Error> {
        Ok(Scene {
            directory: tx.directory()?,
            holdings: store::command::live_holdings(tx, incident.id)?,
            handovers: store::command::open_handovers(tx, incident.id)?,
            incident,
        })
    }

    pub fn state(&self, role: CommandRole) -> RoleState {
        state(&self.holdings, &self.handovers, role)
    }

    /// The role's state, if the offer that is answered is still the one that waits.
    pub fn state_for(&self, role: CommandRole, id: HandoverId) -> Result<RoleState, Error> {
        let state = self.state(role);
        match &state.proposal {
            Some(proposal) if proposal.id == id => Ok(state),
            _ => Err(self.refusal(RoleError::Lapsed)),
        }
    }

    /// The roles a person holds besides `role`.
    pub fn others_of(&self, user: UserId, role: CommandRole) -> Vec<CommandRole> {
        let theirs = |held: &&RoleHolding| held.user_id == user && held.role != role;
        self.holdings
            .iter()
            .filter(theirs)
            .map(|held| held.role)
            .collect()
    }

    pub fn refusal(&self, error: RoleError) -> Error {
        match error {
            RoleError::Taken(role) => {
                let holder = self.state(role).holder;
                let name = holder.map_or("somebody", |held| self.directory.user_name(held.user));
                taken(role, name)
            }
            other => Error::Refused(other.to_string()),
        }
    }

    pub fn carry_out(
        &self,
        tx: &mut Tx<'_>,
        role: CommandRole,
        effects: Vec<RoleEffect>,
        actor: Actor,
        now: Timestamp,
    ) -> Result<(), Error> {
        if effects.is_empty() {
            return Ok(());
        }
        let id = self.incident.id;
        for effect in effects {
            match effect {
                RoleEffect::EndHolding { user, at, by } => {
                    store::command::end_holding(tx, id, role, user, at, by)?;
                }
                RoleEffect::StartHolding {
                    user,
                    at,
                    by,
                    reason,
                } => {
                    let holding = RoleHolding {
                        id: tx.id(RoleHoldingId)?,
                        incident_id: id,
                        role,
                        user_id: user,
                        began_by: by,
                        started_by: actor.user,
                        started_at: at,
                        reason,
                        ended_at: None,
                        ended_by: None,
                    };
                    store::command::start_holding(tx, &holding)?;
                    self.audit_start(tx, &holding, actor, now)?;
                }
                RoleEffect::RecordProposal(proposal) => {
                    self.record_proposal(tx, role, proposal, now)?;
                }
                RoleEffect::CloseProposal { id, outcome, at } => {
                    store::command::close_handover(tx, id, outcome, at)?;
                    store::escalation::disarm(tx, TimerKind::HandoverExpiry, id.0)?;
                    tx.changed(Change::Timers);
                    self.audit_outcome(tx, id, outcome, actor, now)?;
                }
                RoleEffect::Entry {
                    kind,
                    role,
                    from,
                    to,
                    reason,
                } => {
                    let text = self.sentence(kind, role, from, to, reason.as_deref());
                    let details = serde_json::json!({
                        "role": role, "from": from, "to": to, "reason": reason,
                    });
                    record::entry(tx, id, actor, kind, &text, &details, now)?;
                    let facts = EventFacts {
                        by_person: actor.user.is_some(),
                        role: Some(role),
                    };
                    let moments: Vec<_> = moments_of(kind, facts)
                        .iter()
                        .map(|&moment| (id, moment, now))
                        .collect();
                    store::incident::fill_moments(tx, &moments)?;
                }
                RoleEffect::NotifyEverybody {
                    role,
                    from,
                    to,
                    reason,
                } => {
                    self.tell_everybody(tx, role, from, to, &reason, now)?;
                }
            }
        }
        tx.changed(Change::Incident(id));
        Ok(())
    }

    fn record_proposal(
        &self,
        tx: &mut Tx<'_>,
        role: CommandRole,
        proposal: Proposal,
        now: Timestamp,
    ) -> Result<(), Error> {
        store::command::insert_handover(
            tx,
            &Handover {
                id: proposal.id,
                incident_id: self.incident.id,
                role,
                from_user_id: proposal.from,
                to_user_id: proposal.to,
                brief: proposal.brief,
                offered_at: proposal.offered_at,
                expires_at: proposal.expires_at,
                outcome: None,
                closed_at: None,
            },
        )?;
        let timer = store::escalation::Timer {
            id: tx.id(TimerId)?,
            kind: TimerKind::HandoverExpiry,
            incident_id: self.incident.id,
            subject_id: proposal.id.0,
            due_at: proposal.expires_at,
        };
        store::escalation::arm(tx, timer)?;
        tx.changed(Change::Timers);
        let text = format!(
            "{} asks you to take over as {} of {} ({}). Answer within {}.",
            self.directory.user_name(proposal.from),
            title(role),
            self.incident.label(),
            self.incident.title,
            command::PROPOSAL_LASTS,
        );
        let mut writing = Writing::new(tx, now)?;
        writing.tell(&self.incident, proposal.to, &text, None)?;
        writing.finish()
    }

    /// Command was taken over somebody's head: whoever was paged, holds a role or lost one hears
    /// of it, but for the person who did it.
    fn tell_everybody(
        &self,
        tx: &mut Tx<'_>,
        role: CommandRole,
        from: UserId,
        to: UserId,
        reason: &str,
        now: Timestamp,
    ) -> Result<(), Error> {
        let mut people = store::escalation::paged_people(tx, self.incident.id)?;
        people.extend(self.holdings.iter().map(|held| held.user_id));
        people.push(from);
        people.sort_unstable();
        people.dedup();
        let text = self.sentence(
            EntryKind::RoleAssigned,
            role,
            Some(from),
            Some(to),
            Some(reason),
        );
        let mut writing = Writing::new(tx, now)?;
        for user in people.into_iter().filter(|user| *user != to) {
            writing.tell(&self.incident, user, &text, None)?;
        }
        writing.finish()
    }

    fn sentence(
        &self,
        kind: EntryKind,
        role: CommandRole,
        from: Option<UserId>,
        to: Option<UserId>,
        reason: Option<&str>,
    ) -> String {
        let name =
            |user: Option<UserId>| user.map_or("somebody", |user| self.directory.user_name(user));
        let (from_name, to_name, role) = (name(from), name(to), title(role));
        let text = match kind {
            EntryKind::RoleAssigned if from.is_some() => {
                format!("{to_name} took over as {role} from {from_name}")
            }
            EntryKind::RoleReleased => format!("{from_name} is no longer {role}"),
            EntryKind::HandoverProposed => {
                format!("{from_name} asked {to_name} to take over as {role}")
            }
            EntryKind::HandoverAccepted => {
                format!("{to_name} accepted and took over as {role} from {from_name}")
            }
            EntryKind::HandoverDeclined => {
                format!("{to_name} declined to take over as {role} from {from_name}")
            }
            EntryKind::HandoverExpired => {
                format!("{to_name} did not answer; {from_name} remains {role}")
            }
            _ => format!("{to_name} is now {role}"),
        };
        match reason {
            Some(reason) => format!("{text}: {reason}"),
            None => text,
        }
    }

    fn audit_start(
        &self,
        tx: &mut Tx<'_>,
        holding: &RoleHolding,
        actor: Actor,
        now: Timestamp,
    ) -> Result<(), Error> {
        let details = serde_json::json!({
            "role": holding.role,
            "to": holding.user_id,
            "from": match holding.began_by {
                HoldingChange::Claim => None,
                _ => self.state(holding.role).holder.map(|held| held.user),
            },
            "kind": holding.began_by,
            "reason": holding.reason,
        });
        let subject = self.incident.label();
        tx.audit(
            now,
            actor.user,
            actor.origin,
            "role.start",
            &subject,
            &details,
        )?;
        Ok(())
    }

    fn audit_outcome(
        &self,
        tx: &mut Tx<'_>,
        id: HandoverId,
        outcome: ProposalOutcome,
        actor: Actor,
        now: Timestamp,
    ) -> Result<(), Error> {
        let details = self
            .handovers
            .iter()
            .find(|offered| offered.id == id)
            .map_or(serde_json::Value::Null, |offered| {
                serde_json::json!({
                    "role": offered.role,
                    "from": offered.from_user_id,
                    "to": offered.to_user_id,
                    "offered_at": offered.offered_at,
                    "outcome": outcome,
                })
            });
        let subject = self.incident.label();
        tx.audit(
            now,
            actor.user,
            actor.origin,
            "role.handover",
            &subject,
            &details,
        )?;
        Ok(())
    }
}

/// The role inside a sentence.
fn title(role: CommandRole) -> String {
    role_title(role).to_lowercase()
}
