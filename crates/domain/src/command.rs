//! Who commands an incident, and how command passes from one person to another
//! (INCIDENTS.md §2.2): the outgoing person stays until the incoming one accepts.

mod brief;

use serde::{Deserialize, Serialize};

pub use brief::{BriefFacts, handover_brief};

use crate::lifecycle;
use crate::word::{CommandRole, EntryKind, Phase};
use crate::{HandoverId, Span, Timestamp, UserId, words};

/// How long a proposed hand-over waits for its answer (INCIDENTS.md §2.2).
pub const PROPOSAL_LASTS: Span = Span::from_minutes(5);
/// Longest brief, in characters.
pub const BRIEF_MAX: usize = 10_000;

/// Roles one person cannot hold together. The deputy is the commander's hot standby: holding both
/// would leave nobody standing by.
pub const EXCLUSIVE: [(CommandRole, CommandRole); 1] =
    [(CommandRole::Commander, CommandRole::Deputy)];

words! {
    /// How a holding began or ended.
    HoldingChange {
        Claim = "claim",
        Handover = "handover",
        /// Taken from its holder with a reason.
        Override = "override",
        Release = "release",
        /// The incident ended.
        End = "end",
    }

    /// How a proposal was answered.
    ProposalOutcome {
        Accepted = "accepted",
        Declined = "declined",
        Expired = "expired",
        /// Somebody else took the role, or its holder left it, before the answer.
        Superseded = "superseded",
    }
}

/// Somebody's current holding of a role.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Holding {
    pub user: UserId,
    pub since: Timestamp,
}

/// An offered hand-over that waits for its answer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Proposal {
    pub id: HandoverId,
    pub from: UserId,
    pub to: UserId,
    pub brief: String,
    pub offered_at: Timestamp,
    pub expires_at: Timestamp,
}

/// One role of one incident.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RoleState {
    pub holder: Option<Holding>,
    pub proposal: Option<Proposal>,
}

/// What must be written for a change of command.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RoleEffect {
    EndHolding {
        user: UserId,
        at: Timestamp,
        by: HoldingChange,
    },
    StartHolding {
        user: UserId,
        at: Timestamp,
        by: HoldingChange,
        reason: Option<String>,
    },
    RecordProposal(Proposal),
    CloseProposal {
        id: HandoverId,
        outcome: ProposalOutcome,
        at: Timestamp,
    },
    /// A timeline entry about `role`; who left it, who has it, and the reason given.
    Entry {
        kind: EntryKind,
        role: CommandRole,
        from: Option<UserId>,
        to: Option<UserId>,
        reason: Option<String>,
    },
    /// Everybody engaged in the incident is told: command was taken over their heads.
    NotifyEverybody {
        role: CommandRole,
        from: UserId,
        to: UserId,
        reason: String,
    },
}

/// Why a change of command is refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RoleError {
    #[error("{0} is already yours")]
    AlreadyYours(CommandRole),
    #[error("somebody holds {0}: ask for a hand-over, or give a reason for taking it over")]
    Taken(CommandRole),
    #[error("one person cannot be {0} and {1} at once")]
    Excluded(CommandRole, CommandRole),
    #[error("only the holder of {0} can do this")]
    NotHolder(CommandRole),
    #[error("a hand-over of {0} already waits for an answer")]
    ProposalPending(CommandRole),
    #[error("no hand-over of {0} waits for your answer")]
    NoProposal(CommandRole),
    #[error("the offer lapsed; ask for a new one")]
    Lapsed,
    #[error("command cannot be handed over to the person who has it")]
    ToSelf,
    #[error("an active incident keeps its commander: propose a hand-over, or page for a successor")]
    CommanderNeeded,
    #[error("the incident is over")]
    Over,
    #[error("the brief is longer than {BRIEF_MAX} characters")]
    BriefTooLong,
}

/// Which role a person and `role` exclude each other over, given what that person holds already.
fn excluded(role: CommandRole, held: &[CommandRole]) -> Result<(), RoleError> {
    for &(a, b) in &EXCLUSIVE {
        let other = match role {
            _ if role == a => b,
            _ if role == b => a,
            _ => continue,
        };
        if held.contains(&other) {
            return Err(RoleError::Excluded(role, other));
        }
    }
    Ok(())
}

fn must_be_open(phase: Phase) -> Result<(), RoleError> {
    // A resolved incident still has its commander, who names the postmortem's owner.
    if lifecycle::is_open(phase) || phase == Phase::Resolved {
        Ok(())
    } else {
        Err(RoleError::Over)
    }
}

/// `user` takes the role: when it is empty, or over its holder's head with a reason, which tells
/// everybody. `held` are the other roles `user` has in this incident.
pub fn claim(
    role: CommandRole,
    state: &RoleState,
    phase: Phase,
    held: &[CommandRole],
    user: UserId,
    override_reason: Option<&str>,
    now: Timestamp,
) -> Result<Vec<RoleEffect>, RoleError> {
    must_be_open(phase)?;
    let reason = override_reason
        .map(str::trim)
        .filter(|text| !text.is_empty());
    if state.holder.is_some_and(|holding| holding.user == user) {
        return Err(RoleError::AlreadyYours(role));
    }
    excluded(role, held)?;
    let mut effects = Vec::new();
    let mut from = None;
    let mut by = HoldingChange::Claim;
    if let Some(holding) = state.holder {
        let reason = reason.ok_or(RoleError::Taken(role))?;
        from = Some(holding.user);
        by = HoldingChange::Override;
        effects.push(RoleEffect::EndHolding {
            user: holding.user,
            at: now,
            by,
        });
        effects.push(RoleEffect::NotifyEverybody {
            role,
            from: holding.user,
            to: user,
            reason: reason.to_owned(),
        });
    }
    supersede(state, now, &mut effects);
    let reason = reason.filter(|_| from.is_some()).map(str::to_owned);
    effects.push(RoleEffect::StartHolding {
        user,
        at: now,
        by,
        reason: reason.clone(),
    });
    effects.push(RoleEffect::Entry {
        kind: EntryKind::RoleAssigned,
        role,
        from,
        to: Some(user),
        reason,
    });
    Ok(effects)
}

fn supersede(state: &RoleState, now: Timestamp, effects: &mut Vec<RoleEffect>) {
    if let Some(proposal) = &state.proposal {
        effects.push(RoleEffect::CloseProposal {
            id: proposal.id,
            outcome: ProposalOutcome::Superseded,
            at: now,
        });
    }
}

/// The holder leaves the role. The commander of an unresolved declared incident stays, unless a page
/// for a commander is running (`commander_page_running`): while a proposal waits, the outgoing
/// commander commands.
pub fn release(
    role: CommandRole,
    state: &RoleState,
    phase: Phase,
    commander_page_running: bool,
    user: UserId,
    now: Timestamp,
) -> Result<Vec<RoleEffect>, RoleError> {
    if state.holder.is_none_or(|holding| holding.user != user) {
        return Err(RoleError::NotHolder(role));
    }
    let under_way = lifecycle::is_active(phase) || phase == Phase::Paused;
    if role == CommandRole::Commander && under_way && !commander_page_running {
        return Err(RoleError::CommanderNeeded);
    }
    let mut effects = vec![RoleEffect::EndHolding {
        user,
        at: now,
        by: HoldingChange::Release,
    }];
    supersede(state, now, &mut effects);
    effects.push(RoleEffect::Entry {
        kind: EntryKind::RoleReleased,
        role,
        from: Some(user),
        to: None,
        reason: None,
    });
    Ok(effects)
}

/// The incident is over (closed, declined, cancelled, merged): the role ends with it.
pub fn end(role: CommandRole, state: &RoleState, now: Timestamp) -> Vec<RoleEffect> {
    let mut effects = Vec::new();
    supersede(state, now, &mut effects);
    if let Some(holding) = state.holder {
        effects.push(RoleEffect::EndHolding {
            user: holding.user,
            at: now,
            by: HoldingChange::End,
        });
        effects.push(RoleEffect::Entry {
            kind: EntryKind::RoleReleased,
            role,
            from: Some(holding.user),
            to: None,
            reason: None,
        });
    }
    effects
}

/// An offer of a hand-over, as the holder makes it. `to_holds` are the other roles of `to`.
pub struct Offer<'a> {
    pub id: HandoverId,
    pub to: UserId,
    pub to_holds: &'a [CommandRole],
    pub brief: &'a str,
}

/// The holder offers the role to somebody else. Nothing changes hands yet; the offer lapses after
/// [`PROPOSAL_LASTS`].
pub fn propose(
    role: CommandRole,
    state: &RoleState,
    phase: Phase,
    from: UserId,
    offer: &Offer<'_>,
    now: Timestamp,
) -> Result<Vec<RoleEffect>, RoleError> {
    must_be_open(phase)?;
    if state.holder.is_none_or(|holding| holding.user != from) {
        return Err(RoleError::NotHolder(role));
    }
    if offer.to == from {
        return Err(RoleError::ToSelf);
    }
    excluded(role, offer.to_holds)?;
    if offer.brief.chars().count() > BRIEF_MAX {
        return Err(RoleError::BriefTooLong);
    }
    let mut effects = Vec::new();
    if let Some(proposal) = &state.proposal {
        if now < proposal.expires_at {
            return Err(RoleError::ProposalPending(role));
        }
        // The timer that should have closed it is late; the offer is dead all the same.
        effects.extend(expire(role, state, proposal.id, now));
    }
    effects.push(RoleEffect::RecordProposal(Proposal {
        id: offer.id,
        from,
        to: offer.to,
        brief: offer.brief.to_owned(),
        offered_at: now,
        expires_at: now + PROPOSAL_LASTS,
    }));
    effects.push(RoleEffect::Entry {
        kind: EntryKind::HandoverProposed,
        role,
        from: Some(from),
        to: Some(offer.to),
        reason: None,
    });
    Ok(effects)
}

fn offered_to(
    role: CommandRole,
    state: &RoleState,
    user: UserId,
    now: Timestamp,
) -> Result<&Proposal, RoleError> {
    let proposal = state
        .proposal
        .as_ref()
        .filter(|proposal| proposal.to == user)
        .ok_or(RoleError::NoProposal(role))?;
    if now >= proposal.expires_at {
        return Err(RoleError::Lapsed);
    }
    Ok(proposal)
}

/// The person asked takes over. `held` are the other roles of `user` by now.
pub fn accept(
    role: CommandRole,
    state: &RoleState,
    held: &[CommandRole],
    user: UserId,
    now: Timestamp,
) -> Result<Vec<RoleEffect>, RoleError> {
    let proposal = offered_to(role, state, user, now)?;
    if state
        .holder
        .is_none_or(|holding| holding.user != proposal.from)
    {
        return Err(RoleError::Lapsed);
    }
    excluded(role, held)?;
    Ok(vec![
        RoleEffect::EndHolding {
            user: proposal.from,
            at: now,
            by: HoldingChange::Handover,
        },
        RoleEffect::StartHolding {
            user,
            at: now,
            by: HoldingChange::Handover,
            reason: None,
        },
        RoleEffect::CloseProposal {
            id: proposal.id,
            outcome: ProposalOutcome::Accepted,
            at: now,
        },
        RoleEffect::Entry {
            kind: EntryKind::HandoverAccepted,
            role,
            from: Some(proposal.from),
            to: Some(user),
            reason: None,
        },
    ])
}

/// The person asked says no; the holder keeps the role.
pub fn decline(
    role: CommandRole,
    state: &RoleState,
    user: UserId,
    now: Timestamp,
) -> Result<Vec<RoleEffect>, RoleError> {
    let proposal = offered_to(role, state, user, now)?;
    Ok(vec![
        RoleEffect::CloseProposal {
            id: proposal.id,
            outcome: ProposalOutcome::Declined,
            at: now,
        },
        RoleEffect::Entry {
            kind: EntryKind::HandoverDeclined,
            role,
            from: Some(proposal.from),
            to: Some(user),
            reason: None,
        },
    ])
}

/// The timer of proposal `id` is due. Nothing happens when it was answered meanwhile.
pub fn expire(
    role: CommandRole,
    state: &RoleState,
    id: HandoverId,
    now: Timestamp,
) -> Vec<RoleEffect> {
    match &state.proposal {
        Some(proposal) if proposal.id == id && now >= proposal.expires_at => vec![
            RoleEffect::CloseProposal {
                id,
                outcome: ProposalOutcome::Expired,
                at: now,
            },
            RoleEffect::Entry {
                kind: EntryKind::HandoverExpired,
                role,
                from: Some(proposal.from),
                to: Some(proposal.to),
                reason: None,
            },
        ],
        _ => Vec::new(),
    }
}

/// A role as people call it.
pub const fn role_title(role: CommandRole) -> &'static str {
    match role {
        CommandRole::Commander => "Incident commander",
        CommandRole::Deputy => "Deputy",
        CommandRole::Scribe => "Scribe",
        CommandRole::Communications => "Communications lead",
    }
}

#[cfg(test)]
mod tests;
