//! How far the human response to an incident is, and what a step of it means (DESIGN.md §2,
//! INCIDENTS.md §1.1, §1.2).
//!
//! Real incidents regress: every move inside the active phases is allowed, backwards too. What was
//! decided stays decided: declined, cancelled and merged incidents accept nothing more.

use crate::word::{EntryKind, IncidentSeverity, KeyMoment, PagingState, Phase};

/// The phases in which somebody works on a declared incident.
pub const ACTIVE: [Phase; 4] = [
    Phase::Investigating,
    Phase::Identified,
    Phase::Mitigating,
    Phase::Monitoring,
];

/// Why a change of phase is refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PhaseError {
    #[error("the incident is already {0}")]
    Unchanged(Phase),
    #[error("an incident that was {0} accepts no further changes")]
    Final(Phase),
    #[error("an incident cannot go from {from} to {to}")]
    NotAllowed { from: Phase, to: Phase },
    #[error("declare the incident first: it needs a severity before it can be {0}")]
    NotDeclared(Phase),
    #[error("reopening needs a reason")]
    ReasonNeeded,
}

/// Whether a declared incident is being worked on; a paused one is not, but is not over either.
pub const fn is_active(phase: Phase) -> bool {
    matches!(
        phase,
        Phase::Investigating | Phase::Identified | Phase::Mitigating | Phase::Monitoring
    )
}

/// Whether somebody still has to bring the incident to an end.
pub const fn is_open(phase: Phase) -> bool {
    is_active(phase) || matches!(phase, Phase::Triage | Phase::Paused)
}

/// Whether nothing can follow: declined, cancelled or merged.
pub const fn is_final(phase: Phase) -> bool {
    matches!(phase, Phase::Declined | Phase::Cancelled | Phase::Merged)
}

/// Whether going from `from` to `to` opens an ended incident again.
pub const fn is_reopening(from: Phase, to: Phase) -> bool {
    matches!(from, Phase::Resolved | Phase::Closed) && is_open(to)
}

/// Whether an incident may go from one phase to another; `declared` is whether it has been declared
/// (and so has a severity), `reason` what the person gave as one.
///
/// A page that was never declared lives and dies in triage: it is resolved from there in one step
/// and reopens there. A declared incident reopens as investigating.
pub fn change_phase(
    from: Phase,
    to: Phase,
    declared: bool,
    reason: Option<&str>,
) -> Result<(), PhaseError> {
    if is_final(from) {
        return Err(PhaseError::Final(from));
    }
    if from == to {
        return Err(PhaseError::Unchanged(to));
    }
    let allowed = match (from, to) {
        (_, Phase::Merged | Phase::Declined | Phase::Cancelled) => is_open(from),
        (_, Phase::Resolved) => is_open(from),
        (Phase::Resolved, Phase::Closed) => true,
        (Phase::Resolved | Phase::Closed, Phase::Triage) => !declared,
        (Phase::Resolved | Phase::Closed, Phase::Investigating) => true,
        (Phase::Triage, _) if is_active(to) => true,
        (_, Phase::Paused) => is_active(from),
        _ => (is_active(from) || from == Phase::Paused) && is_active(to),
    };
    if !allowed {
        return Err(PhaseError::NotAllowed { from, to });
    }
    if !declared && (is_active(to) || to == Phase::Paused) {
        return Err(PhaseError::NotDeclared(to));
    }
    if is_reopening(from, to) && reason.is_none_or(|text| text.trim().is_empty()) {
        return Err(PhaseError::ReasonNeeded);
    }
    Ok(())
}

/// The phases that can be offered next, in the order of [`Phase::ALL`].
pub fn allowed_phases(from: Phase, declared: bool) -> Vec<Phase> {
    Phase::ALL
        .iter()
        .copied()
        .filter(|&to| change_phase(from, to, declared, Some("asked for")).is_ok())
        .collect()
}

/// The phase in which an incident starts again after it was resolved.
pub const fn reopened_phase(declared: bool) -> Phase {
    if declared {
        Phase::Investigating
    } else {
        Phase::Triage
    }
}

/// What a change of phase brings with it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PhaseEffects {
    /// Key moments that happen now, unless an earlier or a person's value stands
    /// (see [`crate::moment::Moments::fill`]).
    pub moments: Vec<KeyMoment>,
    /// The state paging goes to; `None` leaves it alone.
    pub paging: Option<PagingState>,
    /// The incident hurts again: a new impact window begins, old key moments stay.
    pub opens_impact_window: bool,
    /// Roles of command end, nobody commands what is over.
    pub ends_roles: bool,
    /// What the timeline calls it.
    pub entry: EntryKind,
}

/// What an allowed change of phase means. Phases that were skipped leave their moments empty:
/// times are never invented.
pub fn phase_effects(from: Phase, to: Phase) -> PhaseEffects {
    let reopening = is_reopening(from, to);
    let moments = match to {
        Phase::Identified => vec![KeyMoment::Identified],
        // Watching whether a remedy holds means that the remedy is in place.
        Phase::Monitoring => vec![KeyMoment::Mitigated],
        Phase::Resolved => vec![KeyMoment::Resolved],
        Phase::Closed => vec![KeyMoment::Closed],
        _ => Vec::new(),
    };
    let paging = if reopening {
        Some(PagingState::Triggered)
    } else if is_open(to) || to == Phase::Closed {
        None
    } else {
        Some(PagingState::Resolved)
    };
    PhaseEffects {
        moments,
        paging,
        opens_impact_window: reopening,
        ends_roles: to == Phase::Closed || is_final(to),
        entry: match to {
            _ if reopening => EntryKind::Reopened,
            Phase::Resolved => EntryKind::Resolved,
            Phase::Closed => EntryKind::Closed,
            _ => EntryKind::PhaseChanged,
        },
    }
}

/// Why a severity or a declaration is refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SeverityError {
    #[error("declaring needs a severity")]
    SeverityNeeded,
    #[error("the incident is already declared")]
    AlreadyDeclared,
    #[error("only an incident in triage can be declared; this one is {0}")]
    NotInTriage(Phase),
    #[error("a declared incident needs a severity before it can be resolved")]
    UnsetBlocksResolve,
    #[error("a declared incident keeps a severity")]
    CannotUnset,
    #[error("the severity is already {0}")]
    Unchanged(IncidentSeverity),
    #[error("an incident that was {0} keeps its severity")]
    Final(Phase),
    #[error("changing the severity needs a reason")]
    ReasonNeeded,
}

/// Declares an incident: returns the severity it gets and the phase it goes to. When unsure, the
/// worse severity is the right one.
pub fn declare(
    phase: Phase,
    declared: bool,
    severity: Option<IncidentSeverity>,
) -> Result<(IncidentSeverity, Phase), SeverityError> {
    if declared {
        return Err(SeverityError::AlreadyDeclared);
    }
    if phase != Phase::Triage {
        return Err(SeverityError::NotInTriage(phase));
    }
    let severity = severity.ok_or(SeverityError::SeverityNeeded)?;
    Ok((severity, Phase::Investigating))
}

/// An unset severity is allowed only in triage and blocks resolving once the incident is declared.
pub fn severity_allows(
    to: Phase,
    declared: bool,
    severity: Option<IncidentSeverity>,
) -> Result<(), SeverityError> {
    if declared && severity.is_none() && matches!(to, Phase::Resolved | Phase::Closed) {
        return Err(SeverityError::UnsetBlocksResolve);
    }
    Ok(())
}

/// What a change of severity does to paging (INCIDENTS.md §1.2): nobody is ever un-paged.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SeverityEffect {
    /// Worse, or set for the first time: run the policy again for people not yet engaged.
    PageNotYetEngaged,
    /// Less bad: steps that have not run yet do not run.
    StopPendingSteps,
}

/// Changes the severity of an incident; every change but the first keeps a reason.
pub fn change_severity(
    phase: Phase,
    declared: bool,
    from: Option<IncidentSeverity>,
    to: Option<IncidentSeverity>,
    reason: Option<&str>,
) -> Result<SeverityEffect, SeverityError> {
    if is_final(phase) {
        return Err(SeverityError::Final(phase));
    }
    let Some(to) = to else {
        return Err(if declared {
            SeverityError::CannotUnset
        } else {
            SeverityError::SeverityNeeded
        });
    };
    let Some(from) = from else {
        return Ok(SeverityEffect::PageNotYetEngaged);
    };
    if from == to {
        return Err(SeverityError::Unchanged(to));
    }
    if reason.is_none_or(|text| text.trim().is_empty()) {
        return Err(SeverityError::ReasonNeeded);
    }
    // SEV1 sorts first and is the worst.
    Ok(if to < from {
        SeverityEffect::PageNotYetEngaged
    } else {
        SeverityEffect::StopPendingSteps
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use Phase::*;

    #[test]
    fn every_backwards_move_inside_active_is_allowed() {
        for from in ACTIVE {
            for to in ACTIVE {
                let result = change_phase(from, to, true, None);
                assert_eq!(result.is_ok(), from != to, "{from} -> {to}");
            }
            assert_eq!(change_phase(from, Paused, true, None), Ok(()));
            assert_eq!(change_phase(Paused, from, true, None), Ok(()));
        }
    }

    #[test]
    fn a_short_page_is_resolved_in_one_click_without_invented_times() {
        assert_eq!(change_phase(Triage, Resolved, false, None), Ok(()));
        let effects = phase_effects(Triage, Resolved);
        assert_eq!(effects.moments, [KeyMoment::Resolved]);
        assert_eq!(effects.paging, Some(PagingState::Resolved));
        assert_eq!(effects.entry, EntryKind::Resolved);
    }

    #[test]
    fn reopening_needs_a_reason_and_pages_again() {
        for from in [Resolved, Closed] {
            for reason in [None, Some(""), Some("  ")] {
                assert_eq!(
                    change_phase(from, Investigating, true, reason),
                    Err(PhaseError::ReasonNeeded)
                );
            }
            assert_eq!(
                change_phase(from, Investigating, true, Some("errors are back")),
                Ok(())
            );
            let effects = phase_effects(from, Investigating);
            assert_eq!(effects.paging, Some(PagingState::Triggered));
            assert!(effects.opens_impact_window);
            assert!(effects.moments.is_empty(), "old key moments are kept");
        }
    }

    #[test]
    fn side_exits_are_final() {
        for from in [Declined, Cancelled, Merged] {
            for &to in Phase::ALL {
                assert_eq!(
                    change_phase(from, to, true, Some("x")),
                    Err(PhaseError::Final(from))
                );
            }
            assert!(allowed_phases(from, true).is_empty());
        }
    }

    #[test]
    fn an_undeclared_page_stays_in_triage() {
        assert_eq!(
            allowed_phases(Triage, false),
            [Resolved, Declined, Cancelled, Merged]
        );
        assert_eq!(
            change_phase(Triage, Mitigating, false, None),
            Err(PhaseError::NotDeclared(Mitigating))
        );
        assert_eq!(allowed_phases(Resolved, false), [Triage, Closed]);
        assert_eq!(allowed_phases(Resolved, true), [Investigating, Closed]);
        assert_eq!(allowed_phases(Closed, true), [Investigating]);
    }

    #[test]
    fn monitoring_means_mitigated() {
        assert_eq!(
            phase_effects(Investigating, Monitoring).moments,
            [KeyMoment::Mitigated]
        );
        assert!(phase_effects(Investigating, Mitigating).moments.is_empty());
        assert_eq!(phase_effects(Investigating, Monitoring).paging, None);
        assert!(phase_effects(Resolved, Closed).ends_roles);
        assert!(!phase_effects(Monitoring, Resolved).ends_roles);
    }

    #[test]
    fn declaring_needs_a_severity_and_leads_to_investigating() {
        let sev2 = IncidentSeverity::Sev2;
        assert_eq!(
            declare(Triage, false, Some(sev2)),
            Ok((sev2, Investigating))
        );
        assert_eq!(
            declare(Triage, false, None),
            Err(SeverityError::SeverityNeeded)
        );
        assert_eq!(
            declare(Investigating, true, Some(sev2)),
            Err(SeverityError::AlreadyDeclared)
        );
        assert_eq!(
            declare(Resolved, false, Some(sev2)),
            Err(SeverityError::NotInTriage(Resolved))
        );
    }

    #[test]
    fn an_unset_severity_blocks_resolving_only_when_declared() {
        assert_eq!(severity_allows(Resolved, false, None), Ok(()));
        assert_eq!(
            severity_allows(Resolved, true, None),
            Err(SeverityError::UnsetBlocksResolve)
        );
    }

    #[test]
    fn raising_pages_more_and_lowering_pages_nobody_less() {
        use IncidentSeverity::*;
        let change = |from, to| change_severity(Investigating, true, from, to, Some("scope"));
        assert_eq!(
            change(Some(Sev3), Some(Sev1)),
            Ok(SeverityEffect::PageNotYetEngaged)
        );
        assert_eq!(
            change(Some(Sev1), Some(Sev3)),
            Ok(SeverityEffect::StopPendingSteps)
        );
        assert_eq!(change(Some(Sev1), None), Err(SeverityError::CannotUnset));
        assert_eq!(
            change(Some(Sev1), Some(Sev1)),
            Err(SeverityError::Unchanged(Sev1))
        );
        assert_eq!(
            change_severity(Investigating, true, Some(Sev2), Some(Sev1), None),
            Err(SeverityError::ReasonNeeded)
        );
    }
}
