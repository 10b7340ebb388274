use super::*;
use crate::word::IncidentSeverity;
use CommandRole::{Commander, Communications, Deputy, Scribe};

const ANA: UserId = UserId(1);
const BO: UserId = UserId(2);
const CY: UserId = UserId(3);
const NOW: Timestamp = Timestamp::from_seconds(1_000_000);
const ACTIVE: Phase = Phase::Investigating;

fn held_by(user: UserId) -> RoleState {
    RoleState {
        holder: Some(Holding { user, since: NOW }),
        proposal: None,
    }
}

/// Applies effects the way the store does.
fn apply(state: &mut RoleState, effects: &[RoleEffect]) {
    for effect in effects {
        match effect {
            RoleEffect::EndHolding { user, .. } => {
                assert_eq!(state.holder.take().unwrap().user, *user);
            }
            RoleEffect::StartHolding { user, at, .. } => {
                assert!(state.holder.is_none(), "one holder at a time");
                state.holder = Some(Holding {
                    user: *user,
                    since: *at,
                });
            }
            RoleEffect::RecordProposal(proposal) => {
                assert!(state.proposal.is_none());
                state.proposal = Some(proposal.clone());
            }
            RoleEffect::CloseProposal { id, .. } => {
                assert_eq!(state.proposal.take().unwrap().id, *id);
            }
            RoleEffect::Entry { .. } | RoleEffect::NotifyEverybody { .. } => {}
        }
    }
}

fn proposed() -> RoleState {
    let mut state = held_by(ANA);
    let offer = Offer {
        id: HandoverId(7),
        to: BO,
        to_holds: &[],
        brief: "brief",
    };
    let effects = propose(Commander, &state, ACTIVE, ANA, &offer, NOW).unwrap();
    apply(&mut state, &effects);
    state
}

#[test]
fn an_empty_role_is_claimed_and_a_held_one_is_not() {
    let mut state = RoleState::default();
    let effects = claim(Commander, &state, ACTIVE, &[], ANA, None, NOW).unwrap();
    apply(&mut state, &effects);
    assert_eq!(state.holder.unwrap().user, ANA);
    assert_eq!(
        claim(Commander, &state, ACTIVE, &[], BO, None, NOW),
        Err(RoleError::Taken(Commander))
    );
    assert_eq!(
        claim(Commander, &state, ACTIVE, &[], BO, Some("  "), NOW),
        Err(RoleError::Taken(Commander))
    );
    assert_eq!(
        claim(Commander, &state, ACTIVE, &[], ANA, None, NOW),
        Err(RoleError::AlreadyYours(Commander))
    );
}

#[test]
fn taking_over_with_a_reason_tells_everybody_and_voids_the_offer() {
    let mut state = proposed();
    let effects = claim(
        Commander,
        &state,
        ACTIVE,
        &[],
        CY,
        Some("no answer for 10 min"),
        NOW,
    )
    .unwrap();
    assert!(effects.iter().any(|effect| matches!(
        effect,
        RoleEffect::NotifyEverybody { from: ANA, to: CY, reason, .. } if reason == "no answer for 10 min"
    )));
    apply(&mut state, &effects);
    assert_eq!(state.holder.unwrap().user, CY);
    assert_eq!(state.proposal, None);
    assert_eq!(
        accept(Commander, &state, &[], BO, NOW),
        Err(RoleError::NoProposal(Commander))
    );
}

#[test]
fn the_outgoing_commander_stays_until_the_accept() {
    let mut state = proposed();
    assert_eq!(state.holder.unwrap().user, ANA);
    assert_eq!(
        accept(Commander, &state, &[], CY, NOW),
        Err(RoleError::NoProposal(Commander))
    );
    let later = NOW + Span::from_minutes(4);
    let effects = accept(Commander, &state, &[], BO, later).unwrap();
    apply(&mut state, &effects);
    assert_eq!(
        state.holder,
        Some(Holding {
            user: BO,
            since: later
        })
    );
    assert_eq!(state.proposal, None);
}

#[test]
fn an_offer_lapses_after_five_minutes() {
    let mut state = proposed();
    let id = HandoverId(7);
    let four = NOW + Span::from_minutes(4);
    let five = NOW + Span::from_minutes(5);
    assert!(expire(Commander, &state, id, four).is_empty());
    assert!(expire(Commander, &state, HandoverId(8), five).is_empty());
    assert_eq!(
        accept(Commander, &state, &[], BO, five),
        Err(RoleError::Lapsed)
    );
    let effects = expire(Commander, &state, id, five);
    apply(&mut state, &effects);
    assert_eq!(state.holder.unwrap().user, ANA);
    assert!(expire(Commander, &state, id, five).is_empty(), "once");
}

#[test]
fn a_declined_offer_leaves_everything_as_it_was() {
    let mut state = proposed();
    let effects = decline(Commander, &state, BO, NOW).unwrap();
    apply(&mut state, &effects);
    assert_eq!(state, held_by(ANA));
}

#[test]
fn an_active_incident_keeps_its_commander() {
    let state = held_by(ANA);
    assert_eq!(
        release(Commander, &state, ACTIVE, false, ANA, NOW),
        Err(RoleError::CommanderNeeded)
    );
    assert_eq!(
        release(Commander, &proposed(), Phase::Paused, false, ANA, NOW),
        Err(RoleError::CommanderNeeded)
    );
    assert!(release(Commander, &state, ACTIVE, true, ANA, NOW).is_ok());
    assert!(release(Commander, &state, Phase::Resolved, false, ANA, NOW).is_ok());
    assert!(release(Scribe, &state, ACTIVE, false, ANA, NOW).is_ok());
    assert_eq!(
        release(Scribe, &state, ACTIVE, false, BO, NOW),
        Err(RoleError::NotHolder(Scribe))
    );
}

#[test]
fn nobody_is_commander_and_standby_at_once() {
    let empty = RoleState::default();
    assert_eq!(
        claim(Deputy, &empty, ACTIVE, &[Commander], ANA, None, NOW),
        Err(RoleError::Excluded(Deputy, Commander))
    );
    assert!(
        claim(
            Communications,
            &empty,
            ACTIVE,
            &[Commander, Scribe],
            ANA,
            None,
            NOW
        )
        .is_ok()
    );
    let offer = Offer {
        id: HandoverId(1),
        to: BO,
        to_holds: &[Deputy],
        brief: "",
    };
    assert_eq!(
        propose(Commander, &held_by(ANA), ACTIVE, ANA, &offer, NOW),
        Err(RoleError::Excluded(Commander, Deputy))
    );
}

#[test]
fn roles_end_with_the_incident() {
    let mut state = proposed();
    let effects = end(Commander, &state, NOW);
    apply(&mut state, &effects);
    assert_eq!(state, RoleState::default());
    assert_eq!(
        claim(Commander, &state, Phase::Closed, &[], ANA, None, NOW),
        Err(RoleError::Over)
    );
}

#[test]
fn the_brief_holds_what_is_known_and_asks_for_the_rest() {
    let facts = BriefFacts {
        incident: 42,
        title: "Checkout\nerrors",
        severity: Some(IncidentSeverity::Sev2),
        phase: Some(Phase::Identified),
        open_since: Some(NOW - Span::from_minutes(75)),
        roles: &[(Scribe, "Bo".to_owned())],
        last_update: Some((NOW - Span::from_minutes(10), "We found it")),
        next_update_due: Some(NOW + Span::from_minutes(20)),
        ..BriefFacts::default()
    };
    let brief = handover_brief(&facts, NOW);
    assert!(brief.starts_with("**INC-0042: Checkout errors**\n"));
    assert!(brief.contains("- State: SEV2, identified, open for 1 h 15 m\n"));
    assert!(brief.contains("- Impact: (what do users notice?)\n"));
    assert!(brief.contains("- Scribe: Bo\n"));
    assert!(brief.contains("We found it"));
    assert!(brief.contains("- Next update due: 14:06 UTC\n"));
    assert!(brief.contains("Hypotheses eliminated"));
}
