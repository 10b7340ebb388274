//! Rules of global integrations in the file.

use super::*;

#[test]
fn routing_rules_stand_in_the_file() {
    let text = "services:\n- slug: s\n  integrations:\n  - name: A\n    kind: generic\n    key: \
                \"${KEY}\"\n    routing_rules:\n    - {name: Owner, labels: {team: \"{labels.owner}\"}, \
                continue: true}\n    - {name: Pay, condition: labels.team == 'pay', service: t, \
                dedup_key: \"{summary}\", severity: error}\n- slug: t\n";
    let (_, first) = applied(&empty(), &read(text).unwrap(), NOW).unwrap();
    let of = |current: &Current| {
        let mut doors = current.directory.integrations.values();
        doors.next().unwrap().routing.clone()
    };
    let routing = of(&first);
    assert!(routing.on && routing.rekeyed);
    let t = first.directory.service_by_slug("t").unwrap().id;
    assert_eq!(
        routing.rules[1].then.service,
        Some(t),
        "further down in the file"
    );
    let whole = to_yaml(&export(&first, true, NOW)).unwrap();
    let (unchanged, _) = applied(&first, &read(&whole).unwrap(), NOW).unwrap();
    assert!(unchanged.is_unchanged(), "{unchanged}");
    // Rules are known by their names.
    let other = text.replace("severity: error", "severity: info");
    let (plan, after) = applied(&first, &read(&other).unwrap(), NOW).unwrap();
    assert!(plan.to_string().contains("routing rules of s/A"), "{plan}");
    assert_eq!(of(&after).rules[1].id, routing.rules[1].id);
    let off =
        "services: [{slug: s, integrations: [{name: A, kind: generic, routing_rules: null}]}]";
    let (_, after) = applied(&first, &read(off).unwrap(), NOW).unwrap();
    assert!(!of(&after).on && of(&after).rules.len() == 2);

    let found = faults(
        &text
            .replace("labels.team ==", "team ==")
            .replace("service: t", "service: x"),
    );
    assert!(
        found[1].starts_with("line 9, ") && found[1].contains("no service"),
        "{found:?}"
    );
    let found = faults(&text.replace("labels.team ==", "team =="));
    assert!(
        found[0].starts_with("line 9, ") && found[0].contains("condition: `team` is not known"),
        "{found:?}"
    );
}

#[test]
fn a_global_integration_moves_to_the_service_it_stands_under() {
    let file = |first: &str, second: &str| {
        format!(
            "services: [{{slug: a, integrations: [{first}]}}, {{slug: b, integrations: [{second}]}}]"
        )
    };
    let door = "{name: Door, kind: prometheus, key: door-door-door-door-door, routing_rules: []}";
    let (_, first) = applied(&empty(), &read(&file(door, "")).unwrap(), NOW).unwrap();
    let (plan, after) = applied(&first, &read(&file("", door)).unwrap(), NOW).unwrap();
    assert!(
        plan.to_string().contains("b/Door") && plan.to_string().contains("service"),
        "{plan}"
    );
    let of = |current: &Current| {
        let doors = &current.directory.integrations;
        assert_eq!(doors.len(), 1);
        let (id, door) = doors.iter().next().unwrap();
        (
            *id,
            current
                .directory
                .service(door.service_id)
                .unwrap()
                .slug
                .clone(),
        )
    };
    assert_eq!(of(&first).0, of(&after).0);
    assert_eq!(of(&after).1, "b");
    // One that is not global is a thing of its service.
    let plain = door.replace(", routing_rules: []", "");
    let (_, first) = applied(&empty(), &read(&file(&plain, "")).unwrap(), NOW).unwrap();
    let moved = read(&file("", &plain)).and_then(|file| applied(&first, &file, NOW));
    assert!(matches!(moved, Err(ManifestError::Faults(_))));
}

#[test]
fn rules_that_share_a_name_are_numbered() {
    let text = "services:\n- slug: s\n  integrations:\n  - name: A\n    kind: generic\n    key: \
                \"${KEY}\"\n    routing_rules:\n    - {name: Pay, condition: labels.team == 'pay', \
                severity: info}\n    - {name: Shop, condition: labels.team == 'shop', severity: \
                info}\n";
    let (_, mut current) = applied(&empty(), &read(text).unwrap(), NOW).unwrap();
    let mut directory = (*current.directory).clone();
    for door in directory.integrations.values_mut() {
        for rule in &mut Arc::make_mut(door).routing.rules {
            rule.name = "Pay".into();
        }
    }
    current.directory = Arc::new(directory);
    let rules = |current: &Current| -> Vec<_> {
        let doors = current.directory.integrations.values();
        let rules = doors.flat_map(|door| door.routing.rules.clone());
        rules.map(|rule| (rule.id, rule.name)).collect()
    };
    let before = rules(&current);
    let text = to_yaml(&export(&current, true, NOW)).unwrap();
    let (_, after) = applied(&current, &read(&text).unwrap(), NOW).unwrap();
    let expected = [(before[0].0, "Pay".into()), (before[1].0, "Pay (2)".into())];
    assert_eq!(rules(&after), expected, "they are known again");
    let (plan, _) = applied(&after, &read(&text).unwrap(), NOW).unwrap();
    assert!(plan.is_unchanged(), "{plan}");

    let twice = text.replace("Pay (2)", "Pay");
    let refused = read(&twice).and_then(|file| applied(&empty(), &file, NOW));
    assert!(matches!(refused, Err(ManifestError::Faults(_))));
}
