//! Maintenance windows, silences and inhibitions in the file.

use super::*;

const FILE: &str = r#"
users:
  - {email: ana@example.com, name: Ana, role: admin}
teams:
  - {slug: t}
services:
  - {slug: shop}
maintenance_windows:
  - comment: Kernel updates
    services: [shop]
    starts_at: 2026-03-22T01:00:00Z
    lasts: 2h
    recurrence: FREQ=WEEKLY;BYDAY=SU
    zone: Europe/Berlin
silences:
  - comment: Watchdog
    matchers: ['alertname="Watchdog"', 'env!~"prod|test"']
    starts_at: 2026-03-22T01:00:00Z
    lasts: 23h
    recurrence: FREQ=DAILY
inhibitions:
  - name: Hosts
    team: t
    source: ['alertname="HostDown"']
    target: ['alertname=~"Slow|Late"']
    equal: [instance]
"#;

#[test]
fn they_are_applied_once_and_exported_whole() {
    let manifest = read(FILE).unwrap();
    let (plan, first) = applied(&empty(), &manifest, NOW).unwrap();
    let kinds = |plan: &Plan| -> Vec<(Verb, &str, String)> {
        let quiet = ["maintenance window", "silence", "inhibition"];
        let changes = plan.changes.iter();
        changes
            .filter(|change| quiet.contains(&change.kind))
            .map(|change| (change.verb, change.kind, change.fields.join(",")))
            .collect()
    };
    assert_eq!(
        kinds(&plan),
        [
            (Verb::Create, "maintenance window", String::new()),
            (Verb::Create, "silence", String::new()),
            (Verb::Create, "inhibition", String::new()),
        ]
    );
    let window = first.directory.suppressions.values().next().unwrap();
    assert!(window.next_start(NOW).is_some());
    assert_eq!(window.author, "the configuration file");
    let (plan, again) = applied(&first, &manifest, NOW).unwrap();
    assert!(plan.is_unchanged(), "{plan}");
    let text = to_yaml(&export(&again, false, NOW)).unwrap();
    let (_, copy) = applied(&empty(), &read(&text).unwrap(), NOW).unwrap();
    assert_eq!(export(&copy, false, NOW), export(&again, false, NOW));

    let edited = FILE
        .replace("lasts: 2h", "lasts: 3h")
        .replace("recurrence: FREQ=DAILY", "zone: Asia/Kathmandu")
        .replace("team: t", "team: null")
        .replace("Slow|Late", "Slow");
    let (plan, after) = applied(&first, &read(&edited).unwrap(), NOW).unwrap();
    assert_eq!(
        kinds(&plan),
        [
            (Verb::Update, "maintenance window", "lasts".to_owned()),
            (Verb::Update, "silence", "zone".to_owned()),
            (Verb::Update, "inhibition", "team,target".to_owned()),
        ]
    );
    assert_eq!(after.directory.suppressions.len(), 2);
}

#[test]
fn what_is_wrong_is_named_with_its_place() {
    for (from, to, place, words) in [
        (
            "services: [shop]",
            "services: [bar]",
            "line 10",
            "no service `bar`",
        ),
        (
            "'alertname=\"HostDown\"'",
            "'alertname'",
            "line 24",
            "a matcher is a name",
        ),
        ("lasts: 2h", "lasts: 31d", "line 9", "30 days"),
        ("FREQ=WEEKLY;BYDAY=SU", "often", "line 9", "recurrence"),
        (
            "    lasts: 23h\n",
            "",
            "line 16",
            "lasts: a new one needs it",
        ),
        ("comment: Watchdog", "comment: ''", "line 16", "say why"),
        (
            "equal: [instance]",
            "equal: ['']",
            "line 22",
            "names of labels",
        ),
    ] {
        let found = faults(&FILE.replace(from, to)).join("\n");
        assert!(found.contains(words), "{to}: {found}");
        assert!(found.contains(place), "{to}: {found}");
    }
}

#[test]
fn windows_and_silences_may_name_integrations() {
    let text = r#"
services:
  - slug: shop
    integrations:
      - {name: Prometheus, kind: prometheus, key: prometheus-prometheus}
      - {name: a/b, kind: generic, key: generic-generic-generic}
silences:
  - comment: Nights
    integrations: [shop/Prometheus, shop/a/b]
    matchers: ['env="test"']
    starts_at: 2026-03-22T01:00:00Z
    lasts: 8h
    recurrence: FREQ=DAILY
"#;
    let manifest = read(text).unwrap();
    let (_, first) = applied(&empty(), &manifest, NOW).unwrap();
    let one = first.directory.suppressions.values().next().unwrap();
    assert_eq!(one.integrations.len(), 2);
    let (plan, _) = applied(&first, &manifest, NOW).unwrap();
    assert!(plan.is_unchanged(), "{plan}");
    let written = to_yaml(&export(&first, false, NOW)).unwrap();
    assert!(written.contains("shop/a/b"), "{written}");
    let (_, copy) = applied(&empty(), &read(&written).unwrap(), NOW).unwrap();
    assert_eq!(export(&copy, false, NOW), export(&first, false, NOW));
    let fewer = text.replace("[shop/Prometheus, shop/a/b]", "[shop/a/b]");
    let (plan, _) = applied(&first, &read(&fewer).unwrap(), NOW).unwrap();
    assert!(plan.to_string().contains("integrations"), "{plan}");
    let wrong = text.replace("[shop/Prometheus, shop/a/b]", "[Prometheus]");
    let found = faults(&wrong);
    assert!(
        found[0].contains("no integration `Prometheus`"),
        "{found:?}"
    );
}

#[test]
fn inhibitions_that_share_a_name_are_numbered() {
    let racks = "  - name: Racks\n    source: ['alertname=\"RackDown\"']\n    \
                 target: ['alertname=~\"Slow|Late\"']\n";
    let (_, mut current) =
        applied(&empty(), &read(&format!("{FILE}{racks}")).unwrap(), NOW).unwrap();
    let mut directory = (*current.directory).clone();
    for rule in directory.inhibitions.values_mut() {
        Arc::make_mut(rule).name = "Hosts".into();
    }
    current.directory = Arc::new(directory);
    let text = to_yaml(&export(&current, false, NOW)).unwrap();
    assert!(text.contains("Hosts (2)"), "{text}");
    let (plan, after) = applied(&current, &read(&text).unwrap(), NOW).unwrap();
    let changed = plan
        .changes
        .iter()
        .filter(|one| one.verb != Verb::Unchanged);
    let changed: Vec<_> = changed.map(|one| (one.kind, one.fields.clone())).collect();
    assert_eq!(changed, [("inhibition", vec!["name"])], "{plan}");
    let names: Vec<&str> = after
        .directory
        .inhibitions
        .values()
        .map(|one| one.name.as_str())
        .collect();
    assert_eq!(names, ["Hosts", "Hosts (2)"]);
    assert_eq!(to_yaml(&export(&after, false, NOW)).unwrap(), text);
}

#[test]
fn silences_that_share_a_comment_are_all_exported() {
    let silence = |start: &str, lasts: &str| {
        format!(
            "  - comment: Watchdog {start}\n    matchers: ['alertname=\"Watchdog\"']\n    \
             starts_at: 2026-03-22T{start}:00:00Z\n    lasts: {lasts}\n    \
             recurrence: FREQ=DAILY\n"
        )
    };
    let more = format!("silences:\n{}{}", silence("05", "1h"), silence("07", "2h"));
    let text = FILE.replace("silences:\n", &more);
    let (_, mut current) = applied(&empty(), &read(&text).unwrap(), NOW).unwrap();
    let mut directory = (*current.directory).clone();
    let silences = directory.suppressions.values_mut();
    for one in silences.filter(|one| one.recurrence.as_deref() == Some("FREQ=DAILY")) {
        Arc::make_mut(one).comment = "Watchdog".into();
    }
    // One of today with the same comment is not what the file speaks of.
    let mut once = (**directory.suppressions.values().last().unwrap()).clone();
    once.id = domain::SuppressionId(0);
    once.recurrence = None;
    directory
        .suppressions
        .insert(once.id, Arc::new(once.clone()));
    current.directory = Arc::new(directory);

    let text = to_yaml(&export(&current, false, NOW)).unwrap();
    for name in ["Watchdog\n", "Watchdog (2)\n", "Watchdog (3)\n"] {
        assert!(text.contains(&format!("comment: {name}")), "{text}");
    }
    let (plan, after) = applied(&current, &read(&text).unwrap(), NOW).unwrap();
    let changed = plan
        .changes
        .iter()
        .filter(|one| one.verb != Verb::Unchanged);
    let changed: Vec<_> = changed.map(|one| (one.kind, one.fields.clone())).collect();
    let renamed = ("silence", vec!["comment"]);
    assert_eq!(changed, [renamed.clone(), renamed], "{plan}");
    assert_eq!(*after.directory.suppressions[&once.id], once);
    assert_eq!(to_yaml(&export(&after, false, NOW)).unwrap(), text);
    let (plan, _) = applied(&after, &read(&text).unwrap(), NOW).unwrap();
    assert!(plan.is_unchanged(), "{plan}");
    let (_, copy) = applied(&empty(), &read(&text).unwrap(), NOW).unwrap();
    assert_eq!(export(&copy, false, NOW), export(&after, false, NOW));
}
