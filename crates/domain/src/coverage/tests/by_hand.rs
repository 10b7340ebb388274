use std::sync::Arc;

use crate::coverage::{By, Finding, FindingKind, Level, Mend, Proof, Reach, prove};
use crate::directory::{ContactMethod, Directory, NotificationRule};
use crate::escalation::tests::world::{
    ANA, BO, CLEO, DAN, OPS, PLATFORM, daily, directory, hours_of, minutes, silence, step, user,
};
use crate::policy::{Policy, PolicyConfig, PolicyVersion, Step, StepMode, Target};
use crate::schedule::{Override, OverrideKind};
use crate::service::{Service, ServiceSettings};
use crate::word::{ContactKind, Urgency};
use crate::{
    ContactMethodId, NotificationRuleId, OverrideId, PolicyId, ScheduleId, ServiceId, Span,
    Timestamp, UserId,
};

const CHECKOUT: ServiceId = ServiceId(1);
const POLICY: PolicyId = PolicyId(5);
const SECOND: ScheduleId = ScheduleId(2);

fn at(text: &str) -> Timestamp {
    Timestamp::parse(text).unwrap()
}

/// Monday noon.
fn from() -> Timestamp {
    at("2026-03-02T12:00:00Z")
}

pub fn add_service(directory: &mut Directory, id: ServiceId, policy: Option<PolicyId>) {
    directory.services.insert(
        id,
        Arc::new(Service {
            id,
            slug: format!("service-{id}"),
            name: format!("Service {id}"),
            description: String::new(),
            team_id: None,
            policy_id: policy,
            settings: ServiceSettings::default(),
        }),
    );
}

pub fn add_policy(directory: &mut Directory, id: PolicyId, steps: Vec<Step>) {
    directory.policies.insert(
        id,
        Arc::new(Policy {
            id,
            slug: format!("policy-{id}"),
            name: format!("Policy {id}"),
            description: String::new(),
            team_id: None,
            current: PolicyVersion {
                version: 1,
                created_at: from(),
                config: PolicyConfig { steps, repeats: 0 },
            },
        }),
    );
}

fn world(steps: Vec<Step>) -> Directory {
    let mut directory = directory();
    add_policy(&mut directory, POLICY, steps);
    add_service(&mut directory, CHECKOUT, Some(POLICY));
    directory
}

fn on_call(id: ScheduleId) -> Target {
    Target::Schedule(id)
}

fn gap(directory: &mut Directory, id: ScheduleId, start: &str, end: &str) {
    let schedule = Arc::make_mut(directory.schedules.get_mut(&id).unwrap());
    schedule.overrides.push(Override {
        id: OverrideId(1),
        start: at(start),
        end: at(end),
        kind: OverrideKind::Replace,
        users: vec![],
        created_by: None,
        created_at: at("2026-01-01T00:00:00Z"),
        swap: None,
    });
}

fn proved(directory: &Directory, days: i64) -> Proof {
    prove(directory, from(), from() + Span::from_days(days))
}

/// Every finding of a kind.
fn of(proof: &Proof, kind: FindingKind) -> Vec<&Finding> {
    proof
        .findings
        .iter()
        .filter(|one| one.kind == kind)
        .collect()
}

fn kinds(proof: &Proof) -> Vec<FindingKind> {
    proof.findings.iter().map(|one| one.kind).collect()
}

#[test]
fn spans_begin_where_another_person_answers() {
    let directory = world(vec![step(vec![on_call(PLATFORM)], minutes(5))]);
    let proof = proved(&directory, 2);
    let spans = &proof.services[0].spans;
    let shown: Vec<(String, UserId)> = spans
        .iter()
        .map(|span| (span.from.to_seconds_string(), span.first[0]))
        .collect();
    let expected = [
        ("2026-03-02T12:00:00Z", ANA),
        ("2026-03-03T09:00:00Z", BO),
        ("2026-03-04T09:00:00Z", ANA),
    ];
    assert_eq!(shown, expected.map(|(at, who)| (at.to_owned(), who)));
    assert_eq!(spans.last().unwrap().until, from() + Span::from_days(2));
    assert!(spans.iter().all(|span| span.by == By::Step(0)));
    assert!(spans.iter().all(|span| span.after == Some(Span::ZERO)));
}

#[test]
fn a_later_step_is_seen_from_the_alert() {
    // §4.3: who is on call is resolved at the moment of each step.
    let directory = world(vec![
        step(vec![user(CLEO)], minutes(10)),
        step(vec![on_call(PLATFORM)], minutes(5)),
    ]);
    let proof = proved(&directory, 1);
    let spans = &proof.services[0].spans;
    assert_eq!(spans.len(), 2);
    // Ten minutes before the hand-off of 09:00 the second step already comes to the next.
    assert_eq!(spans[1].from, at("2026-03-03T08:50:00Z"));
    let second = |index: usize| spans[index].rungs[1].reach.users();
    assert_eq!((second(0), second(1)), (vec![ANA], vec![BO]));
    assert_eq!(spans[0].rungs[1].offset, minutes(10));
}

#[test]
fn a_gap_is_found_to_the_second_and_mended_in_its_schedule() {
    let mut directory = world(vec![step(vec![on_call(PLATFORM)], minutes(5))]);
    gap(
        &mut directory,
        PLATFORM,
        "2026-03-05T22:00:00Z",
        "2026-03-06T01:30:10Z",
    );
    let proof = proved(&directory, 30);
    let found = of(&proof, FindingKind::Gap);
    assert_eq!(found.len(), 1);
    let expected = [(at("2026-03-05T22:00:00Z"), at("2026-03-06T01:30:10Z"))];
    assert_eq!(found[0].spans, expected);
    assert_eq!(found[0].mend, Mend::Schedule(PLATFORM));
    assert_eq!(found[0].services, [CHECKOUT]);
    assert_eq!(
        found[0].text,
        "No step of policy Policy 5 reaches anybody for 3 h 30 m in one stretch: for Service 1 \
         only the last resort is left."
    );
    let cover = proof.services[0]
        .spans
        .iter()
        .find(|one| !one.is_covered())
        .unwrap();
    assert_eq!(
        (cover.by, cover.first.as_slice()),
        (By::LastResort, &[DAN][..])
    );
    assert_eq!(cover.after, Some(Span::ZERO));
    assert_eq!(proof.findings[0].level(), Level::Alarm);
}

#[test]
fn a_step_that_covers_the_gap_of_another_leaves_none() {
    let mut directory = world(vec![
        step(vec![on_call(PLATFORM)], minutes(5)),
        step(vec![user(CLEO)], minutes(5)),
    ]);
    gap(
        &mut directory,
        PLATFORM,
        "2026-03-05T22:00:00Z",
        "2026-03-06T01:30:00Z",
    );
    let proof = proved(&directory, 30);
    assert!(of(&proof, FindingKind::Gap).is_empty());
    let spans = &proof.services[0].spans;
    let inside = spans.iter().find(|one| one.first == [CLEO]).unwrap();
    // Skipped without its wait (§4.5), so that Cleo hears at once.
    assert_eq!((inside.by, inside.after), (By::Step(1), Some(Span::ZERO)));
    assert_eq!(inside.rungs[0].reach, Reach::Nobody);
    assert_eq!(inside.rungs[1].offset, Span::ZERO);
}

#[test]
fn without_a_last_resort_everybody_is_paged_or_nobody() {
    let mut directory = world(vec![Step {
        urgency: Some(Urgency::Low),
        ..step(vec![user(ANA)], minutes(5))
    }]);
    directory.settings.last_resort.clear();
    let proof = proved(&directory, 1);
    assert_eq!(proof.services[0].spans[0].by, By::Everybody);
    assert_eq!(proof.services[0].spans[0].first, [ANA]);
    assert_eq!(
        kinds(&proof)[..2],
        [FindingKind::Gap, FindingKind::NoLastResort]
    );

    silence(&mut directory, ANA);
    let proof = proved(&directory, 1);
    assert_eq!(proof.services[0].spans[0].by, By::Nobody);
    assert_eq!(proof.services[0].spans[0].after, None);
    assert_eq!(kinds(&proof)[0], FindingKind::NobodyAtAll);
}

#[test]
fn services_that_share_a_ladder_share_its_findings() {
    let mut directory = world(vec![step(vec![on_call(PLATFORM)], minutes(5))]);
    for id in 2..6 {
        add_service(&mut directory, ServiceId(id), Some(POLICY));
    }
    add_service(&mut directory, ServiceId(6), None);
    gap(
        &mut directory,
        PLATFORM,
        "2026-03-05T22:00:00Z",
        "2026-03-06T01:30:00Z",
    );
    let proof = proved(&directory, 30);
    let found = of(&proof, FindingKind::Gap);
    assert_eq!(found.len(), 2, "{found:#?}");
    assert!(
        found
            .iter()
            .any(|one| one.text.contains("Service 1, Service 2 and 3 more"))
    );
    assert!(
        found
            .iter()
            .any(|one| one.mend == Mend::Service(ServiceId(6)))
    );
    assert!(Arc::ptr_eq(
        &proof.services[0].spans,
        &proof.services[1].spans
    ));
}

#[test]
fn people_who_cannot_be_reached_are_named_with_their_shifts() {
    let mut directory = world(vec![
        step(vec![on_call(PLATFORM)], minutes(5)),
        step(vec![user(CLEO)], minutes(5)),
    ]);
    silence(&mut directory, BO);
    let proof = proved(&directory, 2);
    let found = of(&proof, FindingKind::UnreachablePerson);
    assert_eq!(
        found[0].text,
        "Bo has no verified contact method, but is on call for Platform for 1 d in one stretch."
    );
    assert_eq!(
        found[0].spans,
        [(at("2026-03-03T09:00:00Z"), at("2026-03-04T09:00:00Z"))]
    );
    assert_eq!((found[0].mend, found.len()), (Mend::User(BO), 1));
    // All the others have mail only.
    let single = of(&proof, FindingKind::SingleChannel);
    let who: Vec<Option<UserId>> = single.iter().map(|one| one.user).collect();
    assert_eq!(who, [Some(ANA), Some(CLEO), Some(DAN)]);
    assert!(
        single[0]
            .text
            .starts_with("Ana can be reached by email only")
    );
}

#[test]
fn rotas_of_one_are_found() {
    let mut directory = world(vec![step(vec![on_call(SECOND)], minutes(5))]);
    directory
        .schedules
        .insert(SECOND, daily(SECOND, "Lonely", vec![vec![ANA], vec![]]));
    let proof = proved(&directory, 10);
    let found = of(&proof, FindingKind::OnePersonRota);
    assert_eq!(
        found[0].text,
        "Ana alone is on call for Lonely in all of 10 d."
    );
    // Platform is used by nothing.
    assert_eq!(found.len(), 1);
}

#[test]
fn somebody_on_two_rotas_and_without_rest_is_found() {
    let mut directory = world(vec![
        step(vec![on_call(PLATFORM)], minutes(5)),
        step(vec![on_call(SECOND)], minutes(5)),
    ]);
    directory.schedules.insert(
        SECOND,
        daily(SECOND, "Payments", vec![vec![CLEO], vec![BO], vec![ANA]]),
    );
    let proof = proved(&directory, 6);
    // Platform: A B A B … from Monday; Payments: B A C B A C …
    let found = of(&proof, FindingKind::TwoRotas);
    assert!(
        found[0]
            .text
            .contains("is on call for Platform and Payments at once for"),
        "{found:#?}"
    );
    assert!(
        of(&proof, FindingKind::ShortRest).is_empty(),
        "back to back is one long shift"
    );

    // Six hours off in between.
    gap(
        &mut directory,
        PLATFORM,
        "2026-03-04T12:00:00Z",
        "2026-03-04T18:00:00Z",
    );
    let schedule = Arc::make_mut(directory.schedules.get_mut(&SECOND).unwrap());
    schedule.versions[0].config.layers[0].participants = vec![vec![CLEO].into()];
    let proof = proved(&directory, 6);
    let rest = of(&proof, FindingKind::ShortRest);
    assert_eq!(rest.len(), 1);
    assert_eq!(
        rest[0].text,
        "Ana has less than 11 h between two shifts once; the shortest rest is 6 h."
    );
}

#[test]
fn steps_of_no_use_and_late_rules_are_found() {
    let mut directory = world(vec![
        step(vec![user(ANA)], minutes(5)),
        Step {
            urgency: Some(Urgency::Low),
            ..step(vec![user(BO)], minutes(5))
        },
        step(vec![user(CLEO)], minutes(5)),
    ]);
    let ana = Arc::make_mut(directory.users.get_mut(&ANA).unwrap());
    ana.methods.push(ContactMethod {
        id: ContactMethodId(11),
        kind: ContactKind::Sms,
        address: "+4915100000".into(),
        verified_at: Some(from()),
        broken: None,
    });
    for (id, method, delay) in [(1, 1, 2), (2, 11, 8)] {
        ana.rules.push(NotificationRule {
            id: NotificationRuleId(id),
            urgency: Urgency::High,
            method_id: ContactMethodId(method),
            delay: minutes(delay),
        });
    }
    let proof = proved(&directory, 1);
    // Low urgency ends with the first step, so nothing ever comes to the second.
    let useless = of(&proof, FindingKind::UnreachableStep);
    assert_eq!(useless.len(), 1);
    assert!(
        useless[0]
            .text
            .starts_with("Step 2 of policy Policy 5 never pages")
    );
    let late = of(&proof, FindingKind::LateRule);
    assert_eq!(
        late[0].text,
        "Ana's SMS after 8 m comes later than what follows step 1 of policy Policy 5, 5 m after it."
    );
    assert_eq!(late.len(), 1);
    // Her first message counts for the time to the first person.
    assert_eq!(proof.services[0].spans[0].after, Some(minutes(2)));
}

#[test]
fn of_a_round_robin_the_slowest_turn_counts() {
    let mut both = step(vec![user(ANA), user(BO)], minutes(5));
    both.mode = StepMode::RoundRobin;
    let mut directory = world(vec![both, step(vec![user(CLEO)], minutes(5))]);
    let bo = Arc::make_mut(directory.users.get_mut(&BO).unwrap());
    bo.rules.push(NotificationRule {
        id: NotificationRuleId(1),
        urgency: Urgency::High,
        method_id: bo.methods[0].id,
        delay: minutes(3),
    });
    let proof = proved(&directory, 1);
    let cover = &proof.services[0].spans[0];
    assert_eq!(
        (cover.after, cover.first.as_slice()),
        (Some(minutes(3)), &[ANA, BO][..])
    );
    assert!(matches!(&cover.rungs[0].reach, Reach::OneOf { turns, .. } if turns.len() == 2));
}

/// Telling takes its wait while a later step would page somebody; when the hours of that one end
/// meanwhile, the last resort is paged after the wait, not at once.
#[test]
fn the_last_resort_waits_for_what_only_told_channels() {
    let mut office = step(vec![user(ANA)], minutes(5));
    office.hours = Some(hours_of(Some("UTC"), "08:00", "17:00"));
    let tell = step(vec![Target::Channel(OPS)], minutes(10));
    let mut directory = world(vec![tell, office]);
    directory.settings.last_resort = vec![user(DAN)];
    let spans = &proved(&directory, 1).services[0].spans;
    let seen: Vec<_> = spans
        .iter()
        .map(|one| (one.from, one.by, one.after))
        .collect();
    assert_eq!(
        seen,
        [
            (from(), By::Step(1), Some(minutes(10))),
            (
                at("2026-03-02T16:50:00Z"),
                By::LastResort,
                Some(minutes(10))
            ),
            (at("2026-03-02T17:00:00Z"), By::LastResort, Some(Span::ZERO)),
            (at("2026-03-03T08:00:00Z"), By::Step(1), Some(minutes(10))),
        ]
    );
    // A second round finds the hours begun: the first one told nobody but channels.
    let mut early = step(vec![user(BO)], minutes(5));
    early.hours = Some(hours_of(Some("UTC"), "17:00", "18:00"));
    let policy = Arc::make_mut(directory.policies.get_mut(&POLICY).unwrap());
    policy.current.config.steps.insert(0, early);
    policy.current.config.repeats = 1;
    let proof = proved(&directory, 1);
    let cover = proof.services[0]
        .spans
        .iter()
        .find(|one| one.from == at("2026-03-02T16:50:00Z"))
        .unwrap();
    assert_eq!((cover.by, cover.after), (By::Step(0), Some(minutes(10))));
    assert_eq!(cover.first, [BO]);
    let rounds: Vec<_> = cover
        .rungs
        .iter()
        .map(|one| (one.round, one.step))
        .collect();
    assert_eq!(rounds, [(0, 0), (0, 1), (0, 2), (1, 0), (1, 1), (1, 2)]);
}

#[test]
fn nothing_to_look_at_is_no_trouble() {
    let proof = prove(&Directory::default(), from(), from());
    assert!(proof.services.is_empty());
    let proof = prove(&world(vec![]), Timestamp(i64::MIN), Timestamp::MIN);
    assert!(proof.services[0].spans.is_empty());
}
