mod integration;
mod routing;
mod suppression;

use std::collections::BTreeSet;
use std::sync::Arc;

use domain::directory::Directory;
use domain::{Span, Timestamp};
use proptest::prelude::*;

use super::reconcile::{Current, Passwords, reconcile};
use super::*;

const NOW: Timestamp = Timestamp::from_seconds(1_800_000_000);

fn empty() -> Current {
    Current {
        directory: Arc::new(Directory::default()),
        password_hashes: [].into(),
        tokens: vec![],
        heartbeats: vec![],
    }
}

/// Applies in memory: the plan, and the configuration as it is then.
fn applied(
    current: &Current,
    manifest: &Manifest,
    now: Timestamp,
) -> Result<(Plan, Current), ManifestError> {
    // Beyond every id of the configuration before.
    let mut next = current.directory.users.len() as i64 * 1_000_000;
    let mut ids = || {
        next += 1;
        Ok(next)
    };
    let done = reconcile(current, &Passwords::new(), manifest, now, &mut ids)?;
    let after = Current {
        directory: Arc::new(done.directory),
        ..empty()
    };
    Ok((done.plan, after))
}

fn read(text: &str) -> Result<Manifest, ManifestError> {
    parse(text, &|name| (name == "KEY").then(|| "k".repeat(32)))
}

/// What is wrong with a file applied to nothing.
fn faults(text: &str) -> Vec<String> {
    let result = read(text).and_then(|manifest| applied(&empty(), &manifest, NOW));
    match result {
        Err(ManifestError::Faults(faults)) => faults.iter().map(ToString::to_string).collect(),
        Err(other) => panic!("{other}"),
        Ok(_) => panic!("accepted"),
    }
}

#[test]
fn mistakes_of_form_are_named_with_line_and_column() {
    for (text, place, words) in [
        ("users: [", "line 1, ", ""),
        (
            "users:\n  - emial: x@example.com",
            "line 2, column 5",
            "emial",
        ),
        (
            "users:\n  - email: x@example.com\n    role: boss",
            "line 3, column 11",
            "boss",
        ),
        ("teams:\n  - name: X", "line 2, column 5", "slug"),
        ("settings: {last_resort: {}}", "line 1, ", ""),
        (
            "policies:\n  - slug: p\n    steps:\n      - targets: []\n        wait: 5 min",
            "line 5, column 15",
            "`5 min` is not a duration",
        ),
        (
            "schedules:\n  - slug: s\n    zone: UTC\n    layers:\n      - name: L\n        \
             rotation: {unit: fortnights}\n        start: 2025-01-06\n        participants: []",
            "line 6, column 26",
            "fortnights",
        ),
        (
            "schedules:\n  - slug: s\n    zone: UTC\n    layers:\n      - name: L\n        \
             rotation: {unit: days}\n        start: tomorrow\n        participants: []",
            "line 7, column 16",
            "`tomorrow` is not a date",
        ),
        (
            "services:\n  - slug: s\n    integrations:\n      - {name: A, kind: generic, key: \
             \"${NO}\"}",
            "line 4, column 39",
            "the environment variable NO is not set",
        ),
        (
            "services: [{slug: s, ack_timeout_low: never}]",
            "line 1, column 39",
            "or off",
        ),
        ("users: []\nusers: []", "line 2, column 1", "users"),
    ] {
        let found = match read(text) {
            Err(ManifestError::Faults(faults)) => faults[0].to_string(),
            other => panic!("{text}: {other:?}"),
        };
        assert!(found.starts_with(place), "{text}\n→ {found}");
        assert!(found.contains(words), "{text}\n→ {found}");
    }
}

#[test]
fn mistakes_of_meaning_are_named_with_line_and_column_and_all_at_once() {
    let text = "\
settings:
  last_resort: [{user: nobody@example.com}]
users:
  - email: ana@example.com
    name: Ana
    role: admin
    zone: Mars/Olympus
    contact_methods: [{kind: sms, address: 12345}]
    notification_rules:
      - {urgency: high, method: email}
  - email: ANA@example.com
teams:
  - slug: A team
    members: [bo@example.com]
schedules:
  - slug: watch
    team: none
    zone: UTC
    layers:
      - name: First
        rotation: {unit: weeks, length: 0}
        start: 2025-01-06
        participants: [ana@example.com, [cleo@example.com]]
  - slug: empty
policies:
  - slug: ladder
    steps:
      - targets: [{schedule: gone}]
        wait: 1s
services:
  - slug: shop
    policy: unknown
    reopen_window: 2d
    integrations:
      - {name: One, kind: generic}
      - {name: Two, kind: generic, key: short}
      - {name: Three, kind: generic, key: \"${KEY}\"}
      - {name: Four, kind: generic, key: \"${KEY}\"}
api_tokens:
  - {name: CI, role: admin}
";
    let expected = [
        "line 2, column 17: there is no person with the e-mail address `nobody@example.com`",
        "line 4, column 12: zone: `Mars/Olympus` is not an IANA time zone such as Europe/Berlin",
        "line 8, column 44: address: this is not a phone number",
        "line 10, column 33: ana@example.com has no e-mail contact method",
        "line 11, column 12: the user `ana@example.com` stands in the file twice",
        "line 13, column 11: slug: `A team` is not a name for URLs",
        "line 14, column 15: there is no person with the e-mail address `bo@example.com`",
        "line 17, column 11: there is no team `none`",
        "line 20, column 15: layers[0].rotation.length: a turn lasts from 1 to 104 weeks, not 0",
        "line 23, column 41: there is no person with the e-mail address `cleo@example.com`",
        "line 24, column 11: zone, layers: a new schedule needs both",
        "line 28, column 19: there is no schedule `gone`",
        "line 28, column 19: steps[0].targets: a step has 1 to 20 targets",
        "line 29, column 15: steps[0].wait: the wait before the next step is 10 seconds to 24",
        "line 32, column 13: there is no policy `unknown`",
        "line 33, column 20: reopen_window: must be from 0 s to 1 d",
        "line 35, column 16: a new integration needs its key",
        "line 36, column 41: key: a key has 20 to 128",
        "line 38, column 42: another integration has this key",
        "line 40, column 12: a token needs either `token` or `token_sha256`",
    ];
    let found = faults(text);
    let found: Vec<&str> = found
        .iter()
        .map(String::as_str)
        .filter(|line| !line.contains("reaches nobody"))
        .collect();
    for (found, expected) in found.iter().zip(expected) {
        assert!(found.starts_with(expected), "{found}\nexpected {expected}");
    }
    assert_eq!(found.len(), expected.len(), "{found:#?}");
}

#[test]
fn a_policy_that_reaches_nobody_needs_to_insist() {
    let text = |anyway: &str| {
        format!(
            "users: [{{email: ana@example.com, name: Ana, role: admin}}]\n\
             policies: [{{slug: p, {anyway}steps: [{{targets: [{{user: ana@example.com}}]}}]}}]"
        )
    };
    let found = faults(&text(""));
    assert_eq!(found.len(), 1);
    assert!(found[0].starts_with("line 2, "), "{found:?}");
    assert!(found[0].contains("`anyway: true`"), "{found:?}");
    let insisted = read(&text("anyway: true, ")).unwrap();
    let (plan, after) = applied(&empty(), &insisted, NOW).unwrap();
    assert!(!plan.warnings.is_empty());
    assert!(export(&after, false, NOW).policies[0].anyway);
}

#[test]
fn an_edited_calendar_changes_the_schedules_that_use_it() {
    let text = |day: &str| {
        format!(
            "users: [{{email: ana@example.com, name: Ana, role: admin}}]\n\
             holiday_calendars: [{{slug: be, name: Berlin, days: [{{date: 2026-05-01, name: May \
             Day}}, {{date: {day}, name: Christmas}}]}}]\n\
             schedules: [{{slug: s, zone: UTC, layers: [{{name: A, rotation: {{unit: days}}, start: \
             2026-01-01, participants: [ana@example.com], holidays: {{calendar: be, when: \
             skip}}}}]}}]"
        )
    };
    let (_, first) = applied(&empty(), &read(&text("2027-12-24")).unwrap(), NOW).unwrap();
    let manifest = read(&text("2027-12-25")).unwrap();
    let later = NOW + Span::from_days(1);
    let (plan, second) = applied(&first, &manifest, later).unwrap();
    let changed: Vec<_> = plan
        .changes
        .iter()
        .filter(|one| one.verb == Verb::Update)
        .collect();
    assert_eq!(changed.len(), 1);
    assert_eq!(
        (changed[0].kind, &changed[0].fields[..]),
        ("holiday calendar", &["days"][..])
    );
    let schedule = second.directory.schedule_by_slug("s").unwrap();
    assert_eq!(schedule.versions.len(), 2);
    let noon = |text: &str| Timestamp::parse(&format!("{text}T12:00:00Z")).unwrap();
    assert!(!schedule.users_at(noon("2027-12-24")).is_empty());
    assert!(schedule.users_at(noon("2027-12-25")).is_empty());

    let gone = text("2027-12-25").replace("{calendar: be,", "{calendar: by,");
    assert!(faults(&gone)[0].contains("layers[0].holidays: there is no holiday calendar `by`"));
    let passed = text("2027-12-25").replace("2026-05-01", "2026-05-02");
    match applied(&second, &read(&passed).unwrap(), later) {
        Err(ManifestError::Faults(faults)) => {
            assert!(
                faults[0].to_string().contains("2026-05-02 has passed"),
                "{faults:?}"
            );
        }
        other => panic!("{:?}", other.map(|done| done.0)),
    }
}

#[test]
fn an_empty_file_says_nothing() {
    for text in ["", "\n# nothing\n  # here\n"] {
        let (plan, _) = applied(&empty(), &read(text).unwrap(), NOW).unwrap();
        assert!(plan.changes.is_empty());
    }
}

#[test]
fn secrets_do_not_show() {
    let text = "users: [{email: a@b.c, password: hunter2hunter2}]\n\
                services: [{slug: s, integrations: [{name: A, kind: generic, key: \"${KEY}\"}]}]";
    let manifest = read(text).unwrap();
    let shown = format!("{manifest:?}{}", to_yaml(&manifest).unwrap());
    assert!(
        !shown.contains("hunter2") && !shown.contains("kkkk"),
        "{shown}"
    );
}

/// Texts that YAML could take for something else, or that need quotes.
fn name() -> impl Strategy<Value = String> {
    prop_oneof![
        "[a-zA-Z][a-zA-Z0-9 ]{0,20}[a-z]",
        "[ -~]{1,30}",
        "\\PC{1,20}",
        Just("null".to_owned()),
        Just("yes".to_owned()),
        Just("12".to_owned()),
        Just("- a: [b".to_owned()),
        Just("'\"#".to_owned()),
        Just("2025-01-06".to_owned()),
    ]
    .prop_filter("a name", |name| {
        !name.trim().is_empty() && !name.chars().any(char::is_control)
    })
}

/// People p0 … p5, of whom p0 administers and all can be reached.
const PEOPLE: usize = 6;

fn email(n: usize) -> String {
    format!("p{}@example.com", n % PEOPLE)
}

fn file() -> impl Strategy<Value = Manifest> {
    let names = proptest::collection::vec(name(), 24);
    let numbers = proptest::collection::vec(0_usize..1_000, 64);
    (names, numbers).prop_map(|(names, numbers)| {
        let mut names = names.into_iter().cycle();
        let mut numbers = numbers.into_iter().cycle();
        let mut name = || names.next().unwrap();
        let mut number = |below: usize| numbers.next().unwrap() % below;
        let mut lines = String::from("users:\n");
        for n in 0..PEOPLE {
            let role = if n == 0 {
                "admin"
            } else {
                ["responder", "observer"][number(2)]
            };
            let zone = ["UTC", "Europe/Berlin", "Asia/Kathmandu"][number(3)];
            lines.push_str(&format!(
                "- {{email: {0}, role: {role}, zone: {zone}, contact_methods: [{{kind: email, \
                 address: {0}, verified: true}}, {{kind: sms, address: '+1555555010{n}', verified: \
                 {1}}}], notification_rules: [{{urgency: high, method: sms, delay: {2}s}}]}}\n",
                email(n),
                number(2) == 0,
                number(86_400),
            ));
        }
        lines.push_str("teams:\n");
        for n in 0..2 {
            lines.push_str(&format!(
                "- {{slug: t{n}, members: [{}]}}\n",
                email(number(9))
            ));
        }
        lines.push_str("holiday_calendars:\n");
        for n in 0..2 {
            lines.push_str(&format!(
                "- {{slug: h{n}, days: [{{date: 2025-05-0{}, name: Yes}}, {{date: 2027-12-2{}}}]}}\n",
                1 + number(9),
                number(10),
            ));
        }
        lines.push_str("schedules:\n");
        for n in 0..2 {
            let unit = ["hours", "days", "weeks", "months"][number(4)];
            lines.push_str(&format!(
                "- slug: s{n}\n  zone: Europe/Berlin\n  team: t{}\n  layers:\n  - {{name: A, \
                 rotation: {{unit: {unit}, length: {}}}, start: 2025-01-0{}, handoff: '{:02}:00', \
                 participants: [{}, [{}], {{users: [p1@example.com], shadows: \
                 [p2@example.com]}}], holidays: {{calendar: h{}, when: {}}}}}\n",
                number(2),
                1 + number(20),
                1 + number(9),
                number(24),
                email(number(9)),
                email(number(9)),
                number(2),
                ["skip", "only"][number(2)],
            ));
        }
        lines.push_str("policies:\n");
        for n in 0..2 {
            lines.push_str(&format!(
                "- {{slug: p{n}, repeats: {}, steps: [{{targets: [{{schedule: s{}}}], wait: {}s}}, \
                 {{targets: [{{user: {}}}, {{team: t{}}}], mode: {}}}]}}\n",
                number(10),
                number(2),
                10 + number(9_000),
                email(number(9)),
                number(2),
                ["all", "round_robin"][number(2)],
            ));
        }
        lines.push_str("services:\n");
        for n in 0..2 {
            let timeout = ["off", "30m", "1h1s"][number(3)];
            let key = format!("{:0>32}", number(900) * 2 + n);
            lines.push_str(&format!(
                "- {{slug: v{n}, policy: p{}, urgency: {}, ack_timeout_high: {timeout}, \
                 integrations: [{{name: I, kind: {}, key: '{key}'}}]}}\n",
                number(2),
                ["high", "low", "by_severity"][number(3)],
                ["generic", "pagerduty", "alertmanager"][number(3)],
            ));
        }
        lines.push_str("settings: {last_resort: [{user: p0@example.com}, {team: t1}]}\n");
        let mut manifest = parse(&lines, &|_| None).unwrap();
        for (index, user) in manifest.users.iter_mut().enumerate() {
            user.name = Some(name());
            user.hears_answers = (index % 2 == 1).then_some(false);
        }
        for team in &mut manifest.teams {
            team.name = Some(name());
            team.description = Some(name());
        }
        for calendar in &mut manifest.holiday_calendars {
            calendar.name = Some(name());
        }
        for schedule in &mut manifest.schedules {
            schedule.name = Some(name());
        }
        for policy in &mut manifest.policies {
            policy.name = Some(name());
        }
        for service in &mut manifest.services {
            service.name = Some(name());
            service.description = Some(name());
            service.integrations[0].name = name().into();
        }
        manifest
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, ..ProptestConfig::default() })]

    /// Whatever the file says: applying it twice changes nothing the second time, its export says
    /// the same as the installation, and makes the same installation out of nothing.
    #[test]
    fn applying_is_idempotent_and_exports_are_whole(manifest in file()) {
        let (_, first) = applied(&empty(), &manifest, NOW).map_err(fail)?;
        let later = NOW + Span::from_days(1);
        let (again, second) = applied(&first, &manifest, later).map_err(fail)?;
        prop_assert!(again.is_unchanged(), "{}", again);
        prop_assert_eq!(export(&first, true, NOW), export(&second, true, NOW));

        let text = to_yaml(&export(&first, true, NOW)).map_err(TestCaseError::fail)?;
        let written = parse(&text, &|_| None).map_err(fail)?;
        prop_assert_eq!(&written, &export(&first, true, NOW), "{}", text);
        let (unchanged, _) = applied(&first, &written, later).map_err(fail)?;
        prop_assert!(unchanged.is_unchanged(), "{}", unchanged);
        let (_, copy) = applied(&empty(), &written, NOW).map_err(fail)?;
        prop_assert_eq!(export(&copy, true, NOW), written);
        let keys = |one: &Current| -> BTreeSet<[u8; 32]> {
            one.directory.integration_keys.keys().copied().collect()
        };
        prop_assert_eq!(keys(&first), keys(&copy));
    }

    /// No text makes the reader panic.
    #[test]
    fn any_text_is_read_or_refused(text in "\\PC{0,200}|([-{}\\[\\]:, \n#&*!|>'\"a-z0-9]{0,80})") {
        drop(read(&text).and_then(|manifest| applied(&empty(), &manifest, NOW)));
    }
}

fn fail(error: ManifestError) -> TestCaseError {
    TestCaseError::fail(error.to_string())
}
