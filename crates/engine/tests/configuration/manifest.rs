//! The configuration file against a real store.

use std::collections::BTreeMap;

use domain::Span;
use domain::policy::Target;
use engine::OpContext;
use engine::account::{SignIn, authenticate, secret, sign_in};
use engine::manifest::{
    Manifest, ManifestError, Plan, Verb, apply, current, export, parse, to_yaml,
};
use store::directory::generation;

use crate::house::{House, NOW, assert_forbidden, later, others, root};

crate::on_both! {
    the_documented_example_is_applied_and_once_is_enough
    what_is_exported_makes_the_same_installation
    a_dry_run_writes_nothing
    all_or_nothing
    only_administrators_apply
    what_the_file_does_not_name_stays
    changed_steps_and_layers_become_versions
    a_file_cannot_lock_everybody_out
    passwords_are_set_when_they_differ
    an_address_verified_by_hand_stays_verified
    heartbeats_are_made_changed_and_exported
    what_people_are_told_of_shifts_is_in_the_file
}

const EXAMPLE: &str = include_str!("../../../../docs/example.yaml");
const ROUTING_KEY: &str = "0123456789abcdef0123456789abcdef";

fn read(text: &str) -> Manifest {
    let variables: BTreeMap<&str, &str> = [
        ("ANA_PASSWORD", "correct horse battery"),
        ("CHECKOUT_KEY", ROUTING_KEY),
        ("PROMETHEUS_KEY", "1123456789abcdef0123456789abcdef"),
        ("REPORTS_KEY", "2123456789abcdef0123456789abcdef"),
        ("CI_TOKEN", "qd_continuous_integration"),
    ]
    .into();
    parse(text, &|name| variables.get(name).map(ToString::to_string)).unwrap()
}

async fn applied(house: &House, ctx: OpContext, text: &str) -> Plan {
    apply(&house.store, &ctx, read(text), false).await.unwrap()
}

async fn refused(house: &House, text: &str) -> String {
    match apply(&house.store, &root(), read(text), false).await {
        Err(ManifestError::Faults(faults)) => {
            let lines: Vec<String> = faults.iter().map(ToString::to_string).collect();
            lines.join("\n")
        }
        other => panic!("accepted, or failed otherwise: {other:?}"),
    }
}

async fn exported(house: &House, with_secrets: bool) -> String {
    let current = current(&house.store).await.unwrap();
    to_yaml(&export(&current, with_secrets, NOW)).unwrap()
}

async fn the_documented_example_is_applied_and_once_is_enough(house: &House) {
    let plan = applied(house, root(), EXAMPLE).await;
    assert_eq!(plan.count(Verb::Create), 18);
    assert_eq!(plan.warnings, Vec::<String>::new());
    let directory = house.directory();
    let ana = directory.user_by_email("ana@example.com").unwrap();
    assert_eq!(ana.rules.len(), 3);
    assert_eq!(ana.methods[1].address, "+351912345678");
    assert_eq!(directory.settings.last_resort, [Target::User(ana.id)]);
    let door = directory
        .integration_by_key(&secret::digest(ROUTING_KEY))
        .unwrap();
    let service = directory.service(door.service_id).unwrap();
    assert_eq!(service.settings.ack_timeout_low, None);
    assert!(
        directory
            .schedule_by_slug("platform")
            .unwrap()
            .on_call(NOW)
            .is_some()
    );
    let token = authenticate(&house.store, "qd_continuous_integration", NOW)
        .await
        .unwrap();
    assert_eq!(token.unwrap().name, "Continuous integration");

    let before = house.store.read(generation).await.unwrap();
    let again = applied(house, later(root(), Span::from_days(1)), EXAMPLE).await;
    assert!(again.is_unchanged(), "{again}");
    assert_eq!(house.store.read(generation).await.unwrap(), before);
    let directory = house.directory();
    assert_eq!(
        directory
            .schedule_by_slug("platform")
            .unwrap()
            .versions
            .len(),
        1
    );
    assert_eq!(
        directory
            .policy_by_slug("platform")
            .unwrap()
            .current
            .version,
        1
    );
}

async fn what_is_exported_makes_the_same_installation(house: &House) {
    applied(house, root(), EXAMPLE).await;
    let text = exported(house, true).await;
    for word in [
        ROUTING_KEY,
        "correct horse battery",
        "qd_continuous_integration",
    ] {
        assert!(!text.contains(word), "{word} stands in the export");
    }
    let unchanged = applied(house, root(), &text).await;
    assert!(unchanged.is_unchanged(), "{unchanged}");

    let other = house.another();
    applied(&other, root(), &text).await;
    assert_eq!(exported(&other, true).await, text);
    let directory = other.directory();
    assert!(
        directory
            .integration_by_key(&secret::digest(ROUTING_KEY))
            .is_some()
    );
    let attempt = SignIn {
        email: "ana@example.com".into(),
        password: "correct horse battery".into(),
        address: "192.0.2.1".into(),
        user_agent: String::new(),
    };
    sign_in(&other.store, attempt, NOW).await.unwrap();
    assert!(!exported(&other, false).await.contains("argon2"));
}

async fn a_dry_run_writes_nothing(house: &House) {
    let before = house.store.read(generation).await.unwrap();
    let plan = apply(&house.store, &root(), read(EXAMPLE), true)
        .await
        .unwrap();
    assert!(!plan.is_unchanged());
    assert_eq!(house.store.read(generation).await.unwrap(), before);
    assert!(
        house
            .store
            .read(store::directory::load)
            .await
            .unwrap()
            .users
            .is_empty()
    );
    let real = applied(house, root(), EXAMPLE).await;
    assert_eq!(plan, real, "the plan is what is done");
}

async fn all_or_nothing(house: &House) {
    let text = format!("{EXAMPLE}\n  - name: Broken\n    role: admin\n    token: nope\n");
    let message = refused(house, &text).await;
    assert!(message.contains("begin with qd_"), "{message}");
    assert!(house.directory().users.is_empty());
}

async fn only_administrators_apply(house: &House) {
    for ctx in others() {
        let refused = apply(&house.store, &ctx, read(EXAMPLE), true).await;
        let Err(ManifestError::Engine(error)) = refused else {
            panic!("a role without the right may look at a plan");
        };
        assert_forbidden(Err::<(), _>(error));
    }
}

async fn what_the_file_does_not_name_stays(house: &House) {
    applied(house, root(), EXAMPLE).await;
    let before = exported(house, true).await;
    let plan = applied(
        house,
        root(),
        "services:\n  - slug: checkout\n    description: New words\n    policy: null\n\
         users:\n  - {email: bo@example.com, contact_methods: []}\n",
    )
    .await;
    let lines: Vec<String> = plan.to_string().lines().map(str::to_owned).collect();
    let expected = [
        "~ update service checkout (description, policy)",
        "0 to create, 1 to update, 1 unchanged",
    ];
    assert_eq!(lines, expected);
    let directory = house.directory();
    let service = directory.service_by_slug("checkout").unwrap();
    assert_eq!(service.policy_id, None);
    assert_eq!(service.name, "Checkout");
    assert_eq!(directory.integrations.len(), 3);
    assert_eq!(
        directory
            .user_by_email("bo@example.com")
            .unwrap()
            .methods
            .len(),
        2
    );
    applied(
        house,
        root(),
        "services: [{slug: checkout, policy: platform, description: The basket and the payment \
         page.}]",
    )
    .await;
    assert_eq!(exported(house, true).await, before);
}

async fn changed_steps_and_layers_become_versions(house: &House) {
    applied(house, root(), EXAMPLE).await;
    let text = EXAMPLE
        .replace("wait: 10m", "wait: 11m")
        .replace("- ana@example.com\n          - [bo", "- [bo")
        .replace(
            "    # effective_from: 2027-01-04T08:00:00Z",
            "    effective_from: 2030-01-04T08:00:00Z",
        );
    let tomorrow = later(root(), Span::from_days(1));
    let plan = applied(house, tomorrow, &text).await;
    let updates: Vec<_> = plan
        .changes
        .iter()
        .filter(|c| c.verb == Verb::Update)
        .collect();
    assert_eq!(updates.len(), 2, "{plan}");
    assert_eq!(
        (updates[0].kind, &updates[0].fields[..]),
        ("schedule", &["layers"][..])
    );
    assert_eq!(
        (updates[1].kind, &updates[1].fields[..]),
        ("policy", &["steps"][..])
    );
    let directory = house.directory();
    let schedule = directory.schedule_by_slug("platform").unwrap();
    let from = domain::Timestamp::parse("2030-01-04T08:00:00Z").unwrap();
    assert_eq!(schedule.versions.len(), 2);
    assert_eq!(schedule.versions[1].effective_from, from);
    assert_eq!(
        directory
            .policy_by_slug("platform")
            .unwrap()
            .current
            .version,
        2
    );
    assert!(applied(house, tomorrow, &text).await.is_unchanged());
    let after = later(root(), Span::from_days(3_000));
    assert!(applied(house, after, &text).await.is_unchanged());
}

async fn a_file_cannot_lock_everybody_out(house: &House) {
    let message = refused(house, "users: [{email: bo@example.com, name: Bo}]").await;
    assert!(message.contains("nobody could administer"), "{message}");
    house.admin().await;
    let message = refused(house, "users: [{email: ada@example.com, role: observer}]").await;
    assert!(message.contains("nobody could administer"), "{message}");
    applied(house, root(), "users: [{email: bo@example.com, name: Bo}]").await;
}

async fn passwords_are_set_when_they_differ(house: &House) {
    house.admin().await;
    let user =
        |password: &str| format!("users: [{{email: ada@example.com, password: {password}}}]");
    let plan = applied(house, root(), &user("a new password")).await;
    assert_eq!(plan.changes[0].fields, ["password"]);
    assert!(
        applied(house, root(), &user("a new password"))
            .await
            .is_unchanged()
    );
    let message = refused(house, &user("short")).await;
    assert!(
        message.starts_with("line 1, column 44: password: "),
        "{message}"
    );
}

async fn an_address_verified_by_hand_stays_verified(house: &House) {
    house.admin().await;
    let text = "users:\n  - email: ada@example.com\n    contact_methods:\n      \
                - {kind: email, address: ADA@example.com}\n";
    assert!(applied(house, root(), text).await.is_unchanged());
    let directory = house.directory();
    assert!(
        directory
            .user_by_email("ada@example.com")
            .unwrap()
            .reachable()
    );
}

async fn heartbeats_are_made_changed_and_exported(house: &House) {
    let file = |interval: &str| {
        format!(
            "services:\n  - slug: reports\n    integrations:\n      - {{name: Cron, kind: generic, \
             key: \"${{REPORTS_KEY}}\", heartbeats: [{{name: nightly, interval: {interval}, \
             message: No report, tags: [a]}}]}}\n"
        )
    };
    let plan = applied(house, root(), &file("1d")).await;
    assert_eq!(plan.count(Verb::Create), 3);
    assert!(applied(house, root(), &file("1d")).await.is_unchanged());
    let text = exported(house, false).await;
    assert!(
        text.contains("name: nightly") && text.contains("interval: 1d"),
        "{text}"
    );
    let again = applied(house, root(), &text).await;
    assert!(again.is_unchanged(), "{again:?}");
    assert_eq!(
        applied(house, root(), &file("2d"))
            .await
            .count(Verb::Update),
        1
    );
    let beats = current(&house.store).await.unwrap().heartbeats;
    assert_eq!(beats.len(), 1);
    assert_eq!(beats[0].settings.interval, Span::from_days(2));
    let wrong = refused(house, &file("5s")).await;
    assert!(wrong.contains("interval"), "{wrong}");
    let bare = file("1d")
        .replace("interval: 1d, ", "")
        .replace("nightly", "other");
    assert!(refused(house, &bare).await.contains("needs its `interval`"));
}

async fn what_people_are_told_of_shifts_is_in_the_file(house: &House) {
    // PAGING.md §5.8: 24 h and 1 h before, settable.
    let file =
        |reminders: &str| format!("users: [{{email: bo@example.com, reminders: {reminders}}}]");
    let bo = || {
        let directory = house.directory();
        let bo = directory.user_by_email("bo@example.com").unwrap().id;
        directory.reminders.get(&bo).cloned().unwrap_or_default()
    };
    applied(house, root(), EXAMPLE).await;
    let usual = bo();
    assert_eq!(usual.leads, [Span::from_hours(24), Span::from_hours(1)]);
    let plan = applied(house, root(), &file("{leads: [24h, 1h]}")).await;
    assert!(plan.is_unchanged(), "it is so unless changed: {plan}");
    let plan = applied(house, root(), &file("{leads: [15m, 2d], hand_off: false}")).await;
    assert!(
        plan.to_string().contains("bo@example.com (reminders)"),
        "{plan}"
    );
    assert_eq!(bo().leads, [Span::from_days(2), Span::from_minutes(15)]);
    assert!(!bo().hand_off);
    // What the file does not name stays, and what is exported is the same again.
    let named = "users: [{email: bo@example.com, zone: Europe/Lisbon}]";
    applied(house, root(), named).await;
    assert!(!bo().hand_off);
    let text = exported(house, false).await;
    assert!(
        text.contains("- 2d") && text.contains("hand_off: false"),
        "{text}"
    );
    assert!(applied(house, root(), &text).await.is_unchanged());
    applied(house, root(), &file("{leads: []}")).await;
    assert_eq!((bo().leads.len(), bo().hand_off), (0, true));
    // PAGING.md §3.2: the digest at another hour, or not at all.
    let digest = |time: &str| format!("users: [{{email: bo@example.com, digest: {time}}}]");
    let plan = applied(house, root(), &digest("09:00")).await;
    assert!(plan.is_unchanged(), "it is so unless changed: {plan}");
    let plan = applied(house, root(), &digest("07:30")).await;
    assert!(
        plan.to_string().contains("bo@example.com (digest)"),
        "{plan}"
    );
    assert_eq!(bo().digest, "07:30".parse().ok());
    applied(house, root(), &file("{leads: [2d]}")).await;
    assert_eq!(bo().digest, "07:30".parse().ok(), "what is not named stays");
    applied(house, root(), &digest("off")).await;
    assert_eq!((bo().digest, bo().leads.len()), (None, 1));
    let text = exported(house, false).await;
    assert!(text.contains("digest: \"off\""), "{text}");
    assert!(applied(house, root(), &text).await.is_unchanged());
    let never = parse(&digest("never"), &|_| None).unwrap_err().to_string();
    assert!(never.contains("such as 09:00, and not off"), "{never}");
    for wrong in [
        "{leads: [1m]}",
        "{leads: [30d]}",
        "{leads: [1h, 2h, 3h, 4h, 5h, 6h]}",
    ] {
        let told = refused(house, &file(wrong)).await;
        assert!(told.contains("reminders: "), "{told}");
    }
}
