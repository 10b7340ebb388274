mod quiet;
mod tried;

use std::collections::BTreeMap;
use std::sync::Arc;

use super::*;
use crate::directory::{ContactMethod, NotificationRule};
use crate::escalation::tests::world::{
    ANA, BO, CLEO, DAN, PLATFORM, directory, minutes, step, t0, user,
};
use crate::policy::{Policy, PolicyConfig, PolicyVersion, Step, StepMode, Target};
use crate::service::{Service, ServiceSettings};
use crate::word::{
    EntryKind, NotificationKind, NotificationState, PageCause, PagingState, Urgency,
};
use crate::{ContactMethodId, NotificationRuleId, PolicyId};

const CHECKOUT: ServiceId = ServiceId(1);

/// Checkout, escalated by these steps.
fn world(steps: Vec<Step>, repeats: u8) -> Directory {
    let mut directory = directory();
    directory.policies.insert(
        PolicyId(5),
        Arc::new(Policy {
            id: PolicyId(5),
            slug: "checkout".into(),
            name: "Checkout".into(),
            description: String::new(),
            team_id: None,
            current: PolicyVersion {
                version: 3,
                created_at: t0(),
                config: PolicyConfig { steps, repeats },
            },
        }),
    );
    directory.services.insert(
        CHECKOUT,
        Arc::new(Service {
            id: CHECKOUT,
            slug: "checkout".into(),
            name: "Checkout".into(),
            description: String::new(),
            team_id: None,
            policy_id: Some(PolicyId(5)),
            settings: ServiceSettings::default(),
        }),
    );
    directory
}

fn ladder() -> Directory {
    world(
        vec![
            step(vec![user(ANA)], minutes(5)),
            step(vec![user(BO), user(CLEO)], minutes(10)),
        ],
        1,
    )
}

/// Gives somebody a phone beside the mail address.
fn with_phone(directory: &mut Directory, who: UserId) -> ContactMethodId {
    let person = Arc::make_mut(directory.users.get_mut(&who).unwrap());
    let id = ContactMethodId(100 + who.0);
    person.methods.push(ContactMethod {
        id,
        kind: ContactKind::Sms,
        address: format!("+49151000{}", who.0),
        verified_at: Some(t0()),
        broken: None,
    });
    id
}

fn with_rules(directory: &mut Directory, who: UserId, rules: &[(ContactMethodId, i64)]) {
    let person = Arc::make_mut(directory.users.get_mut(&who).unwrap());
    person.rules = (1..)
        .zip(rules)
        .map(|(id, (method, delay))| NotificationRule {
            id: NotificationRuleId(id),
            urgency: Urgency::High,
            method_id: *method,
            delay: minutes(*delay),
        })
        .collect();
}

fn scenario() -> Scenario {
    Scenario {
        service: CHECKOUT,
        severity: AlertSeverity::Critical,
        integration: None,
        routed: false,
        labels: BTreeMap::new(),
        at: t0(),
        answers: vec![],
        outages: vec![],
        turn: 0,
        stop: Stop::Quiet,
        horizon: HORIZON_DEFAULT,
    }
}

fn answer(who: UserId, message: u32, after: Span, act: Act) -> Answer {
    Answer {
        user: who,
        message,
        after,
        act,
    }
}

fn outage(channel: ContactKind, fault: Fault, from: i64, until: Option<i64>) -> Outage {
    Outage {
        channel,
        fault,
        from: t0() + minutes(from),
        until: until.map(|until| t0() + minutes(until)),
    }
}

/// (minutes after the alert, person) of every page.
fn paged(course: &Course) -> Vec<(i64, UserId)> {
    let after = |at: Timestamp| at.since(t0()).as_seconds() / 60;
    course
        .pages
        .iter()
        .map(|page| (after(page.at), page.user))
        .collect()
}

/// (seconds after the alert, person, channel) of every page's message that reached a provider.
fn sent(course: &Course) -> Vec<(i64, UserId, ContactKind)> {
    let mut sent: Vec<_> = course
        .messages
        .iter()
        .filter(|one| one.kind == NotificationKind::Page)
        .filter_map(|one| {
            let at = one.accepted_at?.since(t0()).as_seconds();
            Some((at, one.user, one.channel))
        })
        .collect();
    sent.sort();
    sent
}

fn texts(course: &Course) -> String {
    let texts: Vec<&str> = course.events.iter().map(|one| one.text.as_str()).collect();
    texts.join("\n")
}

#[test]
fn nobody_answers_and_the_last_resort_is_paged_to_the_horizon() {
    let course = run(&scenario(), &ladder()).unwrap();
    let expected = [
        (0, ANA),
        (5, BO),
        (5, CLEO),
        (15, ANA),
        (20, BO),
        (20, CLEO),
        (30, DAN),
        (60, DAN),
        (90, DAN),
        (120, DAN),
        (150, DAN),
        (180, DAN),
        (210, DAN),
        (240, DAN),
    ];
    assert_eq!(paged(&course), expected);
    assert_eq!(course.end, End::Horizon);
    assert_eq!(course.ended_at, t0() + HORIZON_DEFAULT);
    assert_eq!(
        course.incident.as_ref().unwrap().paging,
        PagingState::Triggered
    );
    assert_eq!(course.first_message().unwrap().user, ANA);
    let last = &course.pages[6].reason;
    assert_eq!((last.cause, last.step), (PageCause::LastResort, None));
}

#[test]
fn an_acknowledgement_stops_it_until_it_times_out() {
    let mut what = scenario();
    what.answers = vec![
        answer(BO, 1, minutes(2), Act::Acknowledge),
        answer(BO, 2, minutes(1), Act::Resolve),
    ];
    let course = run(&what, &ladder()).unwrap();
    // Acknowledged at 7 min; the timeout is 30 min; then step 1 and the acknowledger besides.
    assert_eq!(
        paged(&course),
        [(0, ANA), (5, BO), (5, CLEO), (37, ANA), (37, BO)]
    );
    assert_eq!(course.end, End::Quiet);
    assert_eq!(
        course.incident.as_ref().unwrap().paging,
        PagingState::Resolved
    );
    let text = texts(&course);
    assert!(text.contains("The acknowledgement timed out"), "{text}");
    assert!(
        text.contains("Email to Ana is sent: “Bo acknowledged” (Ana was paged"),
        "{text}"
    );

    what.stop = Stop::Answered;
    let course = run(&what, &ladder()).unwrap();
    assert_eq!(course.pages.len(), 3);
    assert_eq!(
        (course.end, course.ended_at),
        (End::Answered, t0() + minutes(7))
    );
}

#[test]
fn somebody_who_escalates_brings_the_next_step_forward() {
    let mut what = scenario();
    what.answers = vec![
        answer(ANA, 1, minutes(1), Act::Escalate),
        answer(CLEO, 1, Span::ZERO, Act::Ignore),
        answer(CLEO, 1, minutes(3), Act::Acknowledge),
        answer(ANA, 2, minutes(1), Act::Acknowledge),
    ];
    what.stop = Stop::Answered;
    let course = run(&what, &ladder()).unwrap();
    assert_eq!(paged(&course), [(0, ANA), (1, BO), (1, CLEO)]);
    let text = texts(&course);
    assert!(text.contains("Ana escalated to the next step."), "{text}");
    assert!(text.contains("Cleo reads it and does nothing."), "{text}");
    assert_eq!(
        course.incident.as_ref().unwrap().acknowledged_by,
        Some(CLEO)
    );
}

#[test]
fn a_command_that_makes_no_sense_is_refused_in_words() {
    let mut what = scenario();
    what.answers = vec![
        answer(ANA, 1, minutes(1), Act::Resolve),
        answer(ANA, 1, minutes(2), Act::Acknowledge),
    ];
    let course = run(&what, &ladder()).unwrap();
    let text = texts(&course);
    assert!(
        text.contains("Ana wants to acknowledge, but the incident is resolved"),
        "{text}"
    );
    assert_eq!(course.end, End::Quiet);
}

#[test]
fn a_step_without_anybody_is_skipped_with_the_reason() {
    let mut directory = ladder();
    crate::escalation::tests::world::silence(&mut directory, ANA);
    let mut what = scenario();
    what.horizon = minutes(4);
    let course = run(&what, &directory).unwrap();
    assert_eq!(paged(&course), [(0, BO), (0, CLEO)]);
    let skipped = course.executions[0].skipped.as_deref();
    assert_eq!(skipped, Some("Ana has no verified contact method"));
}

#[test]
fn a_temporary_failure_hastens_the_next_method_and_is_tried_again() {
    // §6.5: backs off from 2 s; the first failure starts the person's next method at once.
    let mut directory = ladder();
    let phone = with_phone(&mut directory, ANA);
    with_rules(&mut directory, ANA, &[(ContactMethodId(1), 0), (phone, 3)]);
    let mut what = scenario();
    what.horizon = minutes(4);
    what.outages = vec![outage(ContactKind::Email, Fault::Temporary, 0, Some(1))];
    let course = run(&what, &directory).unwrap();
    // Mail is tried at 0, 2, 6, 14, 30 and 62 s.
    assert_eq!(
        sent(&course),
        [(0, ANA, ContactKind::Sms), (62, ANA, ContactKind::Email)]
    );
    let sms = course
        .messages
        .iter()
        .find(|one| one.channel == ContactKind::Sms)
        .unwrap();
    assert_eq!(sms.why, MessageWhy::Hastened);
    let text = texts(&course);
    assert!(text.contains("fails (the provider cannot be reached) and is tried again in 2 s"));
    assert!(text.contains("(rule 1 of Ana: email at once)"), "{text}");
}

#[test]
fn an_address_that_is_refused_is_not_used_again() {
    let mut directory = ladder();
    let phone = with_phone(&mut directory, ANA);
    with_rules(&mut directory, ANA, &[(ContactMethodId(1), 0)]);
    let mut what = scenario();
    what.horizon = minutes(16);
    what.outages = vec![outage(ContactKind::Email, Fault::Permanent, 0, Some(1))];
    let course = run(&what, &directory).unwrap();
    // No rule names the phone, but nothing else is left; in round 2 the address is still broken.
    let to_ana: Vec<_> = sent(&course)
        .into_iter()
        .filter(|one| one.1 == ANA)
        .collect();
    assert_eq!(
        to_ana,
        [(0, ANA, ContactKind::Sms), (900, ANA, ContactKind::Sms)]
    );
    let instead = course
        .messages
        .iter()
        .find(|one| one.method_id == phone)
        .unwrap();
    assert_eq!(instead.why, MessageWhy::Instead);
    assert!(texts(&course).contains("is not used any more until it is verified again"));
}

#[test]
fn without_any_provider_every_message_is_given_up_and_paging_goes_on() {
    let mut what = scenario();
    what.horizon = minutes(30);
    what.outages = vec![outage(ContactKind::Email, Fault::NotSetUp, -1, None)];
    what.answers = vec![answer(ANA, 1, Span::ZERO, Act::Acknowledge)];
    let course = run(&what, &ladder()).unwrap();
    assert!(sent(&course).is_empty());
    assert!(course.first_message().is_none());
    assert_eq!(paged(&course).last(), Some(&(30, DAN)));
    let failed = course
        .messages
        .iter()
        .filter(|one| one.state == NotificationState::Failed);
    assert!(failed.count() >= 3);
}

#[test]
fn a_shift_that_begins_meanwhile_is_paged_too() {
    // §4.9; Platform hands over from Bo to Ana two minutes after the alert.
    let directory = world(vec![step(vec![Target::Schedule(PLATFORM)], minutes(5))], 0);
    let mut what = scenario();
    what.horizon = minutes(4);
    let course = run(&what, &directory).unwrap();
    assert_eq!(paged(&course), [(0, BO), (2, ANA)]);
    assert_eq!(course.pages[1].cause, PageCause::OnCallChange);
}

#[test]
fn round_robin_begins_with_the_turn_and_moves_on() {
    let mut both = step(vec![user(ANA), user(BO)], minutes(5));
    both.mode = StepMode::RoundRobin;
    let directory = world(vec![both], 1);
    let mut what = scenario();
    what.turn = 1;
    what.horizon = minutes(9);
    assert_eq!(paged(&run(&what, &directory).unwrap()), [(0, BO), (5, ANA)]);
}

#[test]
fn low_urgency_tells_the_first_step_once() {
    let mut what = scenario();
    what.severity = AlertSeverity::Warning;
    let course = run(&what, &ladder()).unwrap();
    assert_eq!(paged(&course), [(0, ANA)]);
    assert_eq!(course.pages[0].cause, PageCause::LowUrgency);
    assert_eq!(course.end, End::Quiet);
}

#[test]
fn a_service_without_a_policy_pages_the_last_resort() {
    let mut directory = ladder();
    let service = directory.services.get_mut(&CHECKOUT).unwrap();
    Arc::make_mut(service).policy_id = None;
    let mut what = scenario();
    what.horizon = minutes(31);
    let course = run(&what, &directory).unwrap();
    assert_eq!(paged(&course), [(0, DAN), (30, DAN)]);
    assert!(course.incident.as_ref().unwrap().unreachable);
    let entries: Vec<EventKind> = course.events.iter().map(|one| one.kind).collect();
    assert_eq!(entries[0], EventKind::Timeline(EntryKind::Opened));
}

#[test]
fn a_course_is_bounded() {
    // The shortest wait, most repeats, and every message failing again and again.
    let mut short = step(
        vec![user(ANA), user(BO), user(CLEO)],
        Span::from_seconds(10),
    );
    short.mode = StepMode::All;
    let directory = world(vec![short; 20], 9);
    let mut what = scenario();
    what.horizon = HORIZON_MAX;
    what.outages = vec![outage(ContactKind::Email, Fault::Temporary, 0, None)];
    let course = run(&what, &directory).unwrap();
    assert_eq!(course.end, End::Length);
    assert!(course.events.len() < EVENTS_MAX + 100);
}

#[test]
fn everything_wrong_is_said_at_once() {
    let mut what = scenario();
    what.service = ServiceId(99);
    what.horizon = Span::from_hours(73);
    what.answers = vec![answer(UserId(99), 0, Span(-1), Act::Ignore)];
    what.outages = vec![outage(ContactKind::Sms, Fault::Temporary, 5, Some(5))];
    let fields: Vec<String> = run(&what, &ladder())
        .unwrap_err()
        .into_iter()
        .map(|problem| problem.field)
        .collect();
    assert_eq!(
        fields,
        [
            "service",
            "hours",
            "answers[0].user",
            "answers[0].message",
            "answers[0].after",
            "outages[0].until"
        ]
    );
}

#[test]
fn a_policy_is_tried_before_it_is_saved() {
    let directory = ladder();
    let draft = PolicyDraft {
        id: Some(PolicyId(5)),
        name: "Checkout".into(),
        config: PolicyConfig {
            steps: vec![step(vec![user(CLEO)], minutes(5))],
            repeats: 0,
        },
    };
    let (mut tried, policy) = with_policy(&directory, draft.clone(), t0());
    let mut what = scenario();
    what.service = service_for_policy(&mut tried, None, policy);
    what.horizon = minutes(4);
    let course = run(&what, &tried).unwrap();
    assert_eq!((what.service, paged(&course)), (CHECKOUT, vec![(0, CLEO)]));
    assert_eq!(course.pages[0].reason.policy_version, 4);
    // What is saved is as it was.
    assert_eq!(directory.policy(PolicyId(5)).unwrap().current.version, 3);

    // A new one, which no service uses so far.
    let (mut tried, policy) = with_policy(&directory, PolicyDraft { id: None, ..draft }, t0());
    what.service = service_for_policy(&mut tried, None, policy);
    assert_eq!(paged(&run(&what, &tried).unwrap()), [(0, CLEO)]);
    what.service = service_for_policy(&mut tried, Some(CHECKOUT), policy);
    assert_eq!(paged(&run(&what, &tried).unwrap()), [(0, CLEO)]);
}

#[test]
fn a_schedule_is_tried_before_it_is_saved() {
    let directory = ladder();
    let mut config = directory.schedule(PLATFORM).unwrap().versions[0]
        .config
        .clone();
    config.layers[0].participants = vec![vec![CLEO].into()];
    let draft = ScheduleDraft {
        id: Some(PLATFORM),
        name: "Platform".into(),
        config,
        effective_from: t0() + minutes(1),
    };
    let (mut tried, schedule) = with_schedule(&directory, draft.clone());
    let mut what = scenario();
    what.service = service_for_schedule(&mut tried, None, schedule);
    what.horizon = minutes(4);
    // No policy pages through it, so one is made up. Cleo comes on call a minute after the alert.
    assert_ne!(what.service, CHECKOUT);
    assert_eq!(paged(&run(&what, &tried).unwrap()), [(0, BO), (1, CLEO)]);

    let (mut tried, schedule) = with_schedule(&directory, ScheduleDraft { id: None, ..draft });
    what.service = service_for_schedule(&mut tried, None, schedule);
    let course = run(&what, &tried).unwrap();
    assert!(
        course.incident.as_ref().unwrap().unreachable,
        "nobody is on call before it begins"
    );
}
