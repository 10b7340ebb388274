use super::*;
use crate::directory::{Directory, User};
use crate::word::{AccountRole, Origin};

const ANA: UserId = UserId(1);
const BO: UserId = UserId(2);

fn directory() -> Directory {
    let user = |id: UserId, name: &str| {
        std::sync::Arc::new(User {
            id,
            email: format!("{}@example.com", name.to_lowercase()),
            name: name.into(),
            role: AccountRole::Responder,
            zone: "UTC".into(),
            disabled: false,
            hears_answers: true,
            methods: vec![],
            rules: vec![],
        })
    };
    let users = [(ANA, user(ANA, "Ana")), (BO, user(BO, "Bo"))].into();
    Directory {
        users,
        ..Directory::default()
    }
}

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_seconds(1_700_000_000 + seconds)
}

fn triggered() -> Incident {
    Incident {
        id: IncidentId(1),
        number: 42,
        title: "error rate high".into(),
        service_id: Some(ServiceId(1)),
        policy_id: None,
        kind: IncidentKind::Real,
        urgency: Urgency::High,
        alert_severity: AlertSeverity::Critical,
        severity: None,
        paging: PagingState::Triggered,
        phase: Phase::Triage,
        group_key: None,
        alerts: 1,
        open_alerts: 1,
        unreachable: false,
        created_at: at(0),
        triggered_at: at(0),
        acknowledged_at: None,
        acknowledged_by: None,
        snoozed_until: None,
        declared_at: None,
        declared_by: None,
        resolved_at: None,
        resolved_by: None,
        next_update_due: None,
        gathering: None,
        updated_at: at(0),
    }
}

fn run(incident: &Incident, command: &Command, actor: Actor, now: Timestamp) -> Decision {
    decide(
        incident,
        command,
        actor,
        &ServiceSettings::default(),
        &directory(),
        now,
    )
    .unwrap()
}

fn ana() -> Actor {
    Actor::user(ANA, Origin::Web)
}

#[test]
fn acknowledging_stops_the_run_and_arms_the_timeout() {
    // §4.7: acknowledge stops the run; the ack timeout is 30 min for high urgency.
    let decision = run(&triggered(), &Command::Acknowledge, ana(), at(60));
    assert_eq!(decision.incident.paging, PagingState::Acknowledged);
    assert_eq!(decision.incident.acknowledged_by, Some(ANA));
    assert!(decision.effects.contains(&Effect::StopRun));
    assert!(decision.effects.contains(&Effect::CancelNotifications));
    let timeout = at(60) + Span::from_minutes(30);
    assert!(decision.effects.contains(&Effect::Arm {
        kind: TimerKind::AckTimeout,
        at: timeout
    }));
    let again = run(&decision.incident, &Command::Acknowledge, ana(), at(61));
    assert!(
        again.effects.is_empty(),
        "twice by the same person changes nothing"
    );
    let bo = Actor::user(BO, Origin::Sms);
    let other = run(&decision.incident, &Command::Acknowledge, bo, at(62));
    assert_eq!(other.incident.acknowledged_by, Some(BO));
    let told = "Bo by SMS acknowledged, taking over from Ana";
    assert!(
        other
            .effects
            .contains(&Effect::TellPaged { text: told.into() })
    );
}

#[test]
fn a_low_urgency_acknowledgement_lasts() {
    let incident = Incident {
        urgency: Urgency::Low,
        ..triggered()
    };
    let decision = run(&incident, &Command::Acknowledge, ana(), at(60));
    assert!(
        !decision
            .effects
            .iter()
            .any(|e| matches!(e, Effect::Arm { .. }))
    );
}

#[test]
fn the_ack_timeout_pages_the_acknowledger_too() {
    let acknowledged = run(&triggered(), &Command::Acknowledge, ana(), at(60)).incident;
    let decision = run(
        &acknowledged,
        &Command::AckTimedOut,
        Actor::SYSTEM,
        at(1860),
    );
    assert_eq!(decision.incident.paging, PagingState::Triggered);
    assert_eq!(decision.incident.acknowledged_by, None);
    assert!(decision.effects.contains(&Effect::StartRun {
        also_page: vec![ANA]
    }));
    // A timer that comes late, after the incident was resolved, does nothing.
    let resolved = run(&acknowledged, &Command::Resolve, ana(), at(100)).incident;
    assert!(
        run(&resolved, &Command::AckTimedOut, Actor::SYSTEM, at(1860))
            .effects
            .is_empty()
    );
}

#[test]
fn reassigning_to_a_person_never_goes_silent() {
    // DESIGN.md P3: there is a next move when the new one does not answer.
    let decision = run(
        &triggered(),
        &Command::ReassignToUser { user: BO },
        ana(),
        at(60),
    );
    assert!(decision.effects.contains(&Effect::StopRun));
    let armed = decision.effects.iter().find_map(|effect| match effect {
        Effect::Arm {
            kind: TimerKind::AckTimeout,
            at,
        } => Some(*at),
        _ => None,
    });
    let armed = armed.expect("a timer");
    assert_eq!(armed, at(60) + Span::from_minutes(5));
    let again = run(
        &decision.incident,
        &Command::AckTimedOut,
        Actor::SYSTEM,
        armed,
    );
    assert!(
        again
            .effects
            .contains(&Effect::StartRun { also_page: vec![] })
    );
    // Somebody who escalates, acknowledges or resolves first takes the timer away or moves it.
    for command in [
        Command::Escalate { to_step: None },
        Command::Acknowledge,
        Command::Resolve,
    ] {
        let effects = run(&decision.incident, &command, ana(), at(90)).effects;
        assert!(
            effects.iter().any(|effect| matches!(
                effect,
                Effect::Arm {
                    kind: TimerKind::AckTimeout,
                    ..
                } | Effect::Disarm {
                    kind: TimerKind::AckTimeout
                }
            )),
            "{command:?}"
        );
    }
}

#[test]
fn a_snooze_lasts_one_minute_to_seven_days() {
    // §4.7.
    let snooze = |length: Span| {
        let command = Command::Snooze {
            until: at(0) + length,
        };
        let settings = ServiceSettings::default();
        decide(
            &triggered(),
            &command,
            ana(),
            &settings,
            &directory(),
            at(0),
        )
    };
    assert_eq!(snooze(Span::from_seconds(59)), Err(Refusal::SnoozeLength));
    assert_eq!(
        snooze(Span::from_days(7) + Span(1)),
        Err(Refusal::SnoozeLength)
    );
    assert!(snooze(Span::from_days(7)).is_ok());
    let decision = snooze(Span::from_minutes(1)).unwrap();
    assert!(decision.effects.contains(&Effect::Arm {
        kind: TimerKind::SnoozeEnd,
        at: at(60)
    }));
    let early = run(
        &decision.incident,
        &Command::SnoozeEnded,
        Actor::SYSTEM,
        at(59),
    );
    assert!(
        early.effects.is_empty(),
        "a timer that comes early does nothing"
    );
    let over = run(
        &decision.incident,
        &Command::SnoozeEnded,
        Actor::SYSTEM,
        at(60),
    );
    assert_eq!(over.incident.paging, PagingState::Triggered);
    assert!(over.effects.contains(&Effect::StartRun {
        also_page: vec![ANA]
    }));
}

#[test]
fn escalating_takes_the_acknowledgement_back() {
    // §4.8: moves to the next step at once, and un-acknowledges.
    let acknowledged = run(&triggered(), &Command::Acknowledge, ana(), at(60)).incident;
    let decision = run(
        &acknowledged,
        &Command::Escalate { to_step: None },
        ana(),
        at(90),
    );
    assert_eq!(decision.incident.paging, PagingState::Triggered);
    assert_eq!(decision.incident.triggered_at, at(90));
    assert!(
        decision
            .effects
            .contains(&Effect::EscalateNow { to_step: None })
    );
}

#[test]
fn resolving_ends_alerts_and_paging() {
    let decision = run(&triggered(), &Command::Resolve, ana(), at(60));
    assert_eq!(decision.incident.paging, PagingState::Resolved);
    assert_eq!(decision.incident.phase, Phase::Resolved);
    assert_eq!(decision.incident.resolved_by, Some(ANA));
    for effect in [
        Effect::StopRun,
        Effect::CancelNotifications,
        Effect::ResolveAlerts,
    ] {
        assert!(decision.effects.contains(&effect), "{effect:?}");
    }
    let settings = ServiceSettings::default();
    let refuse = |command| {
        decide(
            &decision.incident,
            &command,
            ana(),
            &settings,
            &directory(),
            at(61),
        )
    };
    assert_eq!(refuse(Command::Resolve), Err(Refusal::AlreadyResolved));
    assert_eq!(refuse(Command::Acknowledge), Err(Refusal::Resolved));
    assert_eq!(
        refuse(Command::Escalate { to_step: None }),
        Err(Refusal::Resolved)
    );
}

#[test]
fn declaring_starts_the_response() {
    let declare = Command::Declare {
        severity: Some(IncidentSeverity::Sev2),
    };
    let decision = run(&triggered(), &declare, ana(), at(60));
    assert_eq!(decision.incident.phase, Phase::Investigating);
    assert_eq!(decision.incident.severity, Some(IncidentSeverity::Sev2));
    assert_eq!(decision.incident.declared_by, Some(ANA));
    assert!(decision.effects.contains(&Effect::Moment {
        moment: KeyMoment::Declared
    }));
    let settings = ServiceSettings::default();
    let without = Command::Declare { severity: None };
    assert!(
        decide(
            &triggered(),
            &without,
            ana(),
            &settings,
            &directory(),
            at(1)
        )
        .is_err()
    );
}

#[test]
fn reopening_pages_from_the_first_step() {
    let resolved = run(&triggered(), &Command::Resolve, ana(), at(60)).incident;
    let reopen = Command::ChangePhase {
        to: Phase::Triage,
        reason: Some("it is back".into()),
    };
    let decision = run(&resolved, &reopen, ana(), at(90));
    assert_eq!(decision.incident.paging, PagingState::Triggered);
    assert_eq!(decision.incident.resolved_at, None);
    assert!(
        decision
            .effects
            .contains(&Effect::StartRun { also_page: vec![] })
    );
}

#[test]
fn a_note_is_kept_as_written_without_nul() {
    let note = Command::Note {
        text: " disk\0 full \n".into(),
    };
    let decision = run(&triggered(), &note, ana(), at(1));
    assert_eq!(decision.effects.len(), 1);
    let Effect::Entry { kind, text, .. } = &decision.effects[0] else {
        panic!()
    };
    assert_eq!((*kind, text.as_str()), (EntryKind::Note, "disk full"));
}

#[test]
fn a_raised_severity_pages_whoever_is_not_engaged_yet() {
    // INCIDENTS.md §1.2: lowering never un-pages.
    let declare = Command::Declare {
        severity: Some(IncidentSeverity::Sev3),
    };
    let declared = run(&triggered(), &declare, ana(), at(60)).incident;
    let change = |to| Command::ChangeSeverity {
        to,
        reason: Some("more users".into()),
    };
    let raised = run(&declared, &change(IncidentSeverity::Sev1), ana(), at(70));
    assert!(raised.effects.contains(&Effect::PageNotYetEngaged));
    let lowered = run(
        &raised.incident,
        &change(IncidentSeverity::Sev4),
        ana(),
        at(80),
    );
    assert!(!lowered.effects.contains(&Effect::PageNotYetEngaged));
}

#[test]
fn what_nobody_holds_waits_for_an_answer_and_then_pages() {
    // P3: paging never goes silent.
    let settings = ServiceSettings::default();
    let wait = |opened: &Incident| responder::wait_for_answer(opened, &settings, at(0));
    let by_token = Incident {
        service_id: None,
        paging: PagingState::Acknowledged,
        ..triggered()
    };
    assert_eq!(
        wait(&by_token),
        Some(Effect::Arm {
            kind: TimerKind::AckTimeout,
            at: at(1_800),
        })
    );
    let by_ana = Incident {
        acknowledged_by: Some(ANA),
        ..by_token
    };
    assert_eq!(wait(&by_ana), None, "Ana waits for the answer");
    assert_eq!(wait(&triggered()), None, "the policy pages");
}
