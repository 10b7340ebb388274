use std::sync::Arc;

use proptest::prelude::*;

use super::*;
use crate::escalation::tests::world::{ANA, BO, CLEO, DAN, PLATFORM, directory, lives_in, step};
use crate::incident::IncidentKind;
use crate::policy::{Policy, PolicyConfig, PolicyVersion, Target};
use crate::word::{AlertSeverity, PagingState, Phase};
use crate::{ContactMethodId, IncidentId, PolicyId};

fn at(text: &str) -> Timestamp {
    Timestamp::parse(text).unwrap()
}

/// Open of low urgency since an hour of 2 March.
fn open(number: i64, severity: AlertSeverity) -> Incident {
    let opened = at("2026-03-02T00:00:00Z") + Span::from_minutes(number);
    Incident {
        id: IncidentId(number),
        number,
        title: format!("disk {number} is full"),
        service_id: None,
        policy_id: Some(PolicyId(1)),
        kind: IncidentKind::Real,
        urgency: Urgency::Low,
        alert_severity: severity,
        severity: None,
        paging: PagingState::Triggered,
        phase: Phase::Triage,
        group_key: None,
        alerts: 1,
        open_alerts: 1,
        unreachable: false,
        created_at: opened,
        triggered_at: opened,
        acknowledged_at: None,
        acknowledged_by: None,
        snoozed_until: None,
        declared_at: None,
        declared_by: None,
        resolved_at: None,
        resolved_by: None,
        next_update_due: None,
        gathering: None,
        updated_at: opened,
    }
}

fn told(incident: Incident, people: &[UserId]) -> Candidate {
    Candidate {
        incident,
        heard: Heard {
            by_policy: people.iter().copied().collect(),
            by_name: BTreeSet::new(),
        },
        paused: false,
    }
}

fn wishes(directory: &mut Directory, user: UserId, time: &str) {
    let wish = Reminders {
        digest: time.parse::<DigestTime>().unwrap().0,
        ..Reminders::default()
    };
    directory.reminders.insert(user, wish.checked().unwrap());
}

fn due(directory: &Directory, now: &str) -> Vec<(UserId, String)> {
    let looked = look(directory, at(now));
    let each = looked.due.iter().map(|one| (one.user, one.at.to_string()));
    each.collect()
}

#[test]
fn times_are_written_as_they_are_read() {
    for text in ["09:00", "00:00", "23:59", "off"] {
        assert_eq!(text.parse::<DigestTime>().unwrap().to_string(), text);
        let json = format!("\"{text}\"");
        let read: DigestTime = serde_json::from_str(&json).unwrap();
        assert_eq!(serde_json::to_string(&read).unwrap(), json);
    }
    for wrong in ["", "9", "never", "25:00", "09:00:00"] {
        let told = wrong.parse::<DigestTime>().unwrap_err().to_string();
        assert!(told.contains("such as 09:00"), "{told}");
    }
    let midnight = Reminders {
        digest: Some(TimeOfDay::END_OF_DAY),
        ..Reminders::default()
    };
    assert_eq!(
        midnight.checked().unwrap().digest,
        Some(TimeOfDay::MIDNIGHT)
    );
    assert_eq!(USUAL.to_string(), "09:00");
}

#[test]
fn each_hears_at_their_hour_and_for_three_hours_after_it() {
    let mut directory = directory();
    // §3.2: at 09:00 on their own clock. In Berlin it is an hour later than in UTC.
    lives_in(&mut directory, BO, "Europe/Berlin");
    wishes(&mut directory, CLEO, "06:30");
    wishes(&mut directory, DAN, "off");
    let ana = (ANA, "2026-03-02T09:00:00Z".to_owned());
    let bo = (BO, "2026-03-02T08:00:00Z".to_owned());
    let cleo = (CLEO, "2026-03-02T06:30:00Z".to_owned());
    assert_eq!(due(&directory, "2026-03-02T06:29:59Z"), []);
    assert_eq!(
        due(&directory, "2026-03-02T06:30:00Z"),
        std::slice::from_ref(&cleo)
    );
    assert_eq!(
        due(&directory, "2026-03-02T09:00:00Z"),
        [ana.clone(), bo.clone(), cleo]
    );
    assert_eq!(due(&directory, "2026-03-02T10:59:59Z"), [ana.clone(), bo]);
    assert_eq!(due(&directory, "2026-03-02T11:59:59Z"), [ana]);
    assert_eq!(due(&directory, "2026-03-02T12:00:00Z"), []);
    let next = |now: &str| look(&directory, at(now)).next.to_string();
    assert_eq!(next("2026-03-02T06:30:00Z"), "2026-03-02T08:00:00Z");
    assert_eq!(next("2026-03-02T09:00:00Z"), "2026-03-03T06:30:00Z");
    let mut bo = directory.user(BO).unwrap().clone();
    bo.disabled = true;
    directory.users.insert(BO, Arc::new(bo));
    assert_eq!(due(&directory, "2026-03-02T08:00:00Z").len(), 1, "Cleo");
}

#[test]
fn it_comes_once_where_clocks_change() {
    let mut directory = directory();
    for user in [BO, CLEO, DAN] {
        wishes(&mut directory, user, "off");
    }
    lives_in(&mut directory, ANA, "Europe/Berlin");
    wishes(&mut directory, ANA, "02:30");
    let ana = |at: &str| vec![(ANA, at.to_owned())];
    // On 29 March the clock goes from 02:00 to 03:00 at 01:00 UTC.
    assert_eq!(due(&directory, "2026-03-29T00:59:59Z"), []);
    let skipped = ana("2026-03-29T01:00:00Z");
    assert_eq!(due(&directory, "2026-03-29T01:00:00Z"), skipped);
    assert_eq!(due(&directory, "2026-03-29T03:59:00Z"), skipped);
    // On 25 October it shows 02:30 twice, at 00:30 and 01:30 UTC.
    let repeated = ana("2026-10-25T00:30:00Z");
    assert_eq!(due(&directory, "2026-10-25T00:30:00Z"), repeated);
    assert_eq!(due(&directory, "2026-10-25T01:30:00Z"), repeated);
    assert_eq!(due(&directory, "2026-10-25T02:29:00Z"), repeated);
}

#[test]
fn another_hour_or_zone_makes_no_second_one_on_the_same_day() {
    let mut directory = directory();
    let said = at("2026-03-02T09:00:00Z");
    let due = |at: Timestamp| DigestDue { user: ANA, at };
    let new = |directory: &Directory, last, text: &str| {
        let now = at(text);
        due(now).is_new(last, directory, now)
    };
    assert!(new(&directory, None, "2026-03-02T09:00:00Z"));
    assert!(!new(&directory, Some(said), "2026-03-02T09:00:00Z"));
    assert!(!new(&directory, Some(said), "2026-03-02T17:00:00Z"));
    assert!(new(&directory, Some(said), "2026-03-03T00:00:00Z"));
    // A clock that was set back repeats nothing; one that was years ahead does not count.
    assert!(!new(&directory, Some(said), "2026-03-01T09:00:00Z"));
    let ahead = Some(said + Span::from_days(700));
    assert!(new(&directory, ahead, "2026-03-02T09:00:00Z"));
    // From Auckland to Los Angeles: 09:00 on the 3rd there was the 2nd here.
    lives_in(&mut directory, ANA, "America/Los_Angeles");
    let last = Some(at("2026-03-02T20:00:00Z"));
    assert!(!new(&directory, last, "2026-03-03T07:00:00Z"));
    assert!(new(&directory, last, "2026-03-03T17:00:00Z"));
}

fn with_policy(mut directory: Directory) -> Directory {
    let current = PolicyVersion {
        version: 1,
        created_at: at("2026-01-01T00:00:00Z"),
        config: PolicyConfig {
            steps: vec![
                step(vec![Target::Schedule(PLATFORM)], Span::from_minutes(5)),
                step(vec![Target::User(CLEO)], Span::from_minutes(5)),
            ],
            repeats: 0,
        },
    };
    let policy = Policy {
        id: PolicyId(1),
        slug: "p".into(),
        name: "P".into(),
        description: String::new(),
        team_id: None,
        current,
    };
    directory.policies.insert(policy.id, Arc::new(policy));
    directory
}

#[test]
fn whoever_was_told_or_has_it_answers_for_it() {
    let mut directory = with_policy(directory());
    // Ana is on call for Platform from 09:00.
    let now = at("2026-03-02T09:00:00Z");
    let of = |one: &Candidate, directory: &Directory| -> Vec<UserId> {
        answer_for(one, directory, now).into_iter().collect()
    };
    let mut one = told(open(1, AlertSeverity::Warning), &[BO]);
    assert_eq!(of(&one, &directory), [BO]);
    one.incident.acknowledged_by = Some(ANA);
    one.heard.by_name.insert(DAN);
    assert_eq!(of(&one, &directory), [ANA, BO, DAN]);
    let nobody = told(open(1, AlertSeverity::Warning), &[]);
    assert_eq!(of(&nobody, &directory), [ANA], "whom the first step means");
    let mut bo = directory.user(BO).unwrap().clone();
    bo.disabled = true;
    directory.users.insert(BO, Arc::new(bo));
    let left = told(open(1, AlertSeverity::Warning), &[BO]);
    assert_eq!(of(&left, &directory), [ANA], "Bo is gone");
    directory.schedules.clear();
    assert_eq!(of(&left, &directory), [CLEO], "the first that reaches one");
    directory.policies.clear();
    assert_eq!(of(&left, &directory), []);
}

#[test]
fn only_what_is_open_of_low_urgency_and_not_put_aside_stands_in_it() {
    let now = at("2026-03-02T09:00:00Z");
    let plain = open(1, AlertSeverity::Warning);
    assert!(stands(&plain, now));
    let changed = |change: fn(&mut Incident, Timestamp)| {
        let mut incident = plain.clone();
        change(&mut incident, now);
        stands(&incident, now)
    };
    assert!(changed(|one, _| one.paging = PagingState::Acknowledged));
    assert!(!changed(|one, _| one.paging = PagingState::Resolved));
    assert!(!changed(|one, _| one.urgency = Urgency::High));
    assert!(!changed(
        |one, now| one.snoozed_until = Some(now + Span::from_minutes(1))
    ));
    assert!(changed(|one, now| one.snoozed_until = Some(now)));
    let directory = directory();
    let due = [DigestDue { user: ANA, at: now }];
    let mut paused = told(plain, &[ANA]);
    assert_eq!(
        digests(&due, vec![paused.clone()], &directory, now).len(),
        1
    );
    let before = [DigestDue {
        user: ANA,
        at: at("2026-03-02T00:00:59Z"),
    }];
    let late = digests(&before, vec![paused.clone()], &directory, now);
    assert_eq!(late, [], "it opened after the hour");
    paused.paused = true;
    assert_eq!(digests(&due, vec![paused], &directory, now), []);
    assert_eq!(digests(&due, vec![], &directory, now), []);
}

#[test]
fn the_worst_and_newest_come_first_and_the_rest_is_counted() {
    let directory = directory();
    let now = at("2026-03-02T09:00:00Z");
    let mut all: Vec<Candidate> = (1..=60)
        .map(|number| told(open(number, AlertSeverity::Info), &[ANA]))
        .collect();
    all.push(told(open(61, AlertSeverity::Warning), &[ANA, BO]));
    all.push(told(open(62, AlertSeverity::Info), &[BO]));
    let due: Vec<DigestDue> = [ANA, BO, CLEO]
        .map(|user| DigestDue { user, at: now })
        .to_vec();
    let found = digests(&due, all, &directory, now);
    assert_eq!(found.len(), 2, "Cleo has nothing to hear");
    let numbers: Vec<i64> = found[0].listed.iter().map(|one| one.number).collect();
    assert_eq!(numbers.len(), LISTED);
    assert_eq!(numbers[..3], [61, 60, 59]);
    assert_eq!(found[0].more, 11);
    let text = found[0].text(&directory, "https://q.example");
    assert_eq!(text.subject, "Still open: 61 incidents of low urgency");
    let rest = "and 11 more: https://q.example/incidents?urgency=low\n";
    assert!(text.body.contains(rest), "{}", text.body);
    assert_eq!(found[1].listed.len(), 2);
}

#[test]
fn it_says_what_is_open_since_when_and_where() {
    let mut directory = directory();
    lives_in(&mut directory, ANA, "Europe/Berlin");
    let mut incident = open(42, AlertSeverity::Warning);
    incident.title = "disk\r\nBcc: eve@example.com full".into();
    incident.paging = PagingState::Acknowledged;
    incident.acknowledged_by = Some(BO);
    incident.alerts = 4;
    incident.open_alerts = 2;
    let now = at("2026-03-02T08:00:00Z");
    let due = [DigestDue { user: ANA, at: now }];
    let found = digests(&due, vec![told(incident, &[ANA])], &directory, now);
    let text = found[0].text(&directory, "https://q.example");
    assert_eq!(text.subject, "Still open: disk Bcc: eve@example.com full");
    assert_eq!(
        text.body,
        "One incident of low urgency is open that you have heard of or answer for.\n\n\
         INC-0042 disk Bcc: eve@example.com full\n  \
         warning · since Mon 2 Mar 2026 01:42 CET (00:42 UTC) · 2 of 4 alerts still fire · \
         acknowledged by Bo\n  \
         https://q.example/incidents/42\n\n\
         This digest comes once a day while something is open. At another time, or not at all: \
         https://q.example/calendars#reminders\n"
    );
}

#[test]
fn it_goes_by_mail_or_not_at_all() {
    let directory = directory();
    let mut ana = directory.user(ANA).unwrap().clone();
    let now = at("2026-03-02T09:00:00Z");
    assert_eq!(method_for(&ana, now).unwrap().kind, ContactKind::Email);
    let phone = ContactMethod {
        id: ContactMethodId(90),
        kind: ContactKind::Sms,
        address: "+4915112345678".into(),
        ..ana.methods[0].clone()
    };
    // Low urgency by SMS only: the digest still goes by mail.
    ana.methods.insert(0, phone);
    ana.rules = vec![crate::directory::NotificationRule {
        id: crate::NotificationRuleId(1),
        urgency: Urgency::Low,
        method_id: ContactMethodId(90),
        delay: Span::ZERO,
    }];
    assert_eq!(method_for(&ana, now).unwrap().id, ContactMethodId(ANA.0));
    ana.methods[1].verified_at = None;
    assert_eq!(method_for(&ana, now), None);
}

proptest! {
    /// However often one looks, and wherever the person lives: one digest a day, and every day one.
    #[test]
    fn one_a_day(
        zone in proptest::sample::select(vec![
            "UTC", "Europe/Berlin", "America/St_Johns", "Australia/Lord_Howe", "Asia/Kathmandu",
            "Africa/Cairo", "Pacific/Apia", "America/New_York",
        ]),
        hour in 0..24_u8,
        minute in 0..60_u8,
        from in 1_740_000_000..1_800_000_000_i64,
        steps in proptest::collection::vec(1..10_000_i64, 1..200),
    ) {
        let mut directory = directory();
        for user in [BO, CLEO, DAN] {
            wishes(&mut directory, user, "off");
        }
        lives_in(&mut directory, ANA, zone);
        let time = TimeOfDay::new(hour, minute).unwrap();
        wishes(&mut directory, ANA, &time.to_string());
        let clock = WallClock::of(zone);
        let day = |at: Timestamp| clock.minute_at(at).div_euclid(DAY);
        let begin = Timestamp::from_seconds(from);
        let (mut now, mut last) = (begin, None);
        let mut days = Vec::new();
        for step in steps {
            let looked = look(&directory, now);
            prop_assert!(looked.next > now);
            prop_assert!(looked.next.since(now) < Span::from_hours(50));
            for one in &looked.due {
                prop_assert!(one.at <= now && now.since(one.at) < LATE);
                if one.is_new(last, &directory, now) {
                    days.push(day(one.at));
                    last = Some(one.at);
                }
            }
            // The steps are shorter than what is late.
            now = now + Span::from_seconds(step);
        }
        for pair in days.windows(2) {
            prop_assert_eq!(pair[1], pair[0] + 1);
        }
        let whole = now.since(begin).as_seconds() / 86_400;
        prop_assert!(i64::try_from(days.len()).unwrap() >= whole - 1);
    }
}
