use super::world::*;
use crate::directory::NotificationRule;
use crate::escalation::{WarningKind, preview, warnings};
use crate::policy::{PolicyConfig, StepMode, Target};
use crate::word::{AlertSeverity, Urgency};
use crate::{ContactMethodId, NotificationRuleId};
use std::sync::Arc;

fn config(steps: Vec<crate::policy::Step>, repeats: u8) -> PolicyConfig {
    PolicyConfig { steps, repeats }
}

#[test]
fn a_ladder_shows_when_each_rung_pages_whom_by_what() {
    let mut directory = directory();
    silence(&mut directory, CLEO);
    let policy = config(
        vec![
            step(vec![user(ANA)], seconds(30)),
            step(vec![user(CLEO)], minutes(5)),
            step(vec![Target::Schedule(PLATFORM)], minutes(5)),
        ],
        1,
    );
    let ladder = preview(
        &policy,
        &directory,
        Urgency::High,
        AlertSeverity::Critical,
        0,
        t0(),
    );
    let offsets: Vec<_> = ladder.rungs.iter().map(|rung| rung.offset).collect();
    // The second rung reaches nobody and takes no time.
    assert_eq!(offsets, [seconds(0), seconds(30), seconds(30)]);
    assert_eq!(
        ladder.rungs[1].skipped.as_deref(),
        Some("Cleo has no verified contact method")
    );
    let platform = &ladder.rungs[2].targets[0];
    assert_eq!(
        (platform.name.as_str(), platform.people[0].user),
        ("Platform", BO)
    );
    assert_eq!(platform.until, Some(t0() + minutes(2)));
    assert_eq!(platform.people[0].planned[0].due_at, t0() + seconds(30));
    assert_eq!(ladder.last_resort.offset, (seconds(330)) * 2);
    assert_eq!(ladder.last_resort.targets[0].people[0].user, DAN);
}

#[test]
fn the_turn_of_a_round_robin_is_marked() {
    let mut first = step(vec![user(ANA), user(BO)], minutes(5));
    first.mode = StepMode::RoundRobin;
    let policy = config(vec![first], 1);
    let ladder = preview(
        &policy,
        &directory(),
        Urgency::High,
        AlertSeverity::Critical,
        1,
        t0(),
    );
    let paged: Vec<bool> = ladder.rungs[0]
        .targets
        .iter()
        .map(|target| target.paged)
        .collect();
    assert_eq!(paged, [false, true]);
}

#[test]
fn a_policy_that_reaches_nobody_at_some_time_in_30_days_needs_a_save_anyway() {
    // §4.10.
    let mut directory = directory();
    let policy = config(vec![step(vec![Target::Schedule(PLATFORM)], minutes(5))], 2);
    let needs = |directory: &_| {
        let found = warnings(&policy, directory, t0());
        found
            .into_iter()
            .find(|warning| warning.needs_confirmation())
    };
    assert_eq!(needs(&directory), None);
    silence(&mut directory, ANA);
    let warning = needs(&directory).unwrap();
    let at = t0() + minutes(2);
    assert_eq!(warning.kind, WarningKind::PolicyReachesNobody { at });
    assert!(
        warning.text.contains("from 2026-03-02 09:00 UTC"),
        "{}",
        warning.text
    );
    let zone = jiff::tz::TimeZone::get("Europe/Berlin").unwrap();
    let said = warning.said(&zone);
    assert!(
        said.contains("nobody from Mon 2 Mar 2026 10:00 CET (09:00 UTC): the last"),
        "{said}"
    );
    // Somebody named in another step closes the gap of the policy, not that of the step.
    let policy = config(
        vec![
            step(vec![Target::Schedule(PLATFORM)], minutes(5)),
            step(vec![user(CLEO)], minutes(5)),
        ],
        2,
    );
    let found = warnings(&policy, &directory, t0());
    assert!(
        !found
            .iter()
            .any(crate::escalation::Warning::needs_confirmation)
    );
    assert!(
        found.iter().any(|warning| warning.step == Some(0)
            && warning.kind == WarningKind::StepReachesNobody { at })
    );
}

#[test]
fn a_rule_later_than_the_wait_is_flagged() {
    // §6.2.
    let mut directory = directory();
    let mut ana = (*person(ANA, "Ana", true)).clone();
    ana.rules = vec![NotificationRule {
        id: NotificationRuleId(1),
        urgency: Urgency::High,
        method_id: ContactMethodId(ANA.0),
        delay: minutes(6),
    }];
    directory.users.insert(ANA, Arc::new(ana));
    let policy = config(vec![step(vec![user(ANA)], minutes(5))], 2);
    let found = warnings(&policy, &directory, t0());
    let late = found
        .iter()
        .find(|warning| warning.kind == WarningKind::RuleTooLate)
        .unwrap();
    assert_eq!(
        late.text,
        "Ana's email after 6 m comes later than the next step, 5 m after this one."
    );
    assert!(
        found
            .iter()
            .any(|warning| warning.kind == WarningKind::SingleChannel)
    );
    directory.settings.last_resort.clear();
    let found = warnings(&policy, &directory, t0());
    assert!(
        found
            .iter()
            .any(|warning| warning.kind == WarningKind::LastResortReachesNobody)
    );
}
