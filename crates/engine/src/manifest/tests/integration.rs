//! Settings of integrations in the file.

use super::*;

#[test]
fn settings_of_integrations_stand_in_the_file() {
    let text = "services: [{slug: s, integrations: [{name: A, kind: standardwebhooks, \
                key: \"${KEY}\", secret: \"=${KEY}\", severity: info, \
                mapping: {items: $.body.all, summary: {path: $.item.t, default: '12'}}}]}]";
    let (_, first) = applied(&empty(), &read(text).unwrap(), NOW).unwrap();
    let open = to_yaml(&export(&first, false, NOW)).unwrap();
    assert!(
        !open.contains("=kkk") && open.contains("$.item.t"),
        "{open}"
    );
    // Without its secret, the file leaves that of the installation as it is.
    let (unchanged, _) = applied(&first, &read(&open).unwrap(), NOW).unwrap();
    assert!(unchanged.is_unchanged(), "{unchanged}");
    let whole = to_yaml(&export(&first, true, NOW)).unwrap();
    let (_, copy) = applied(&empty(), &read(&whole).unwrap(), NOW).unwrap();
    let of = |current: &Current| {
        let directory = &current.directory;
        directory
            .integrations
            .values()
            .next()
            .unwrap()
            .settings
            .clone()
    };
    assert_eq!(of(&copy), of(&first));
    assert!(of(&copy).as_json().contains("=kkk"));

    let taken = "services: [{slug: s, integrations: [{name: A, kind: standardwebhooks, \
                 secret: null, severity: null, mapping: null}]}]";
    let (plan, after) = applied(&first, &read(taken).unwrap(), NOW).unwrap();
    assert!(of(&after).is_empty());
    let shown = plan.to_string();
    assert!(shown.contains("secret, severity, mapping"), "{shown}");

    let wrong = "services:\n- slug: s\n  integrations:\n  - {name: A, kind: generic, key: \
                 \"${KEY}\",\n     secret: s,\n     mapping: {items: all}}";
    let found = faults(wrong);
    assert!(
        found[0].starts_with("line 5, ") && found[0].contains("cannot sign"),
        "{found:?}"
    );
    assert!(
        found[1].starts_with("line 6, ") && found[1].contains("mapping.items"),
        "{found:?}"
    );
}

/// Everything an owner can choose, each where it can be chosen.
const ALL: &str = r#"
services:
  - slug: s
    integrations:
      - name: Pushed
        kind: prometheus
        key: pushed-pushed-pushed-pushed
        identity_labels: [alertname, instance]
        on_silence: tell
        rate_limit: 0
      - name: Mails
        kind: email
        key: mails-mails-mails-mails-mails
        secret: hush
        rate_limit: 120
        resolve_after: 1h30m
        mail:
          dedup: pattern
          dedup_pattern: 'Service Alert: (.+) is'
          resolve_subject: '\b(RECOVERY|OK)\b'
          resolve_body: 'all clear'
      - name: Alarms
        kind: cloudwatch
        key: alarms-alarms-alarms-alarms
        insufficient_data: ignore
      - name: Events
        kind: pagerduty
        key: events-events-events-events
        severity: error
        severity_words:
          - {word: page, severity: warning}
          - {word: critical, severity: error}
          - {word: '3', severity: critical}
      - name: Shaped
        kind: standardwebhooks
        key: shaped-shaped-shaped-shaped
        secret: hush hush
        severity: warning
        mapping:
          items: $.body.all
          summary: {path: $.item.t, default: '12'}
          severity: {path: $.item.s, words: [{word: sev1, severity: critical}]}
      - name: Plain
        kind: generic
        key: plain-plain-plain-plain-plain
"#;

#[test]
fn every_setting_survives_the_way_through_the_file() {
    let (_, first) = applied(&empty(), &read(ALL).unwrap(), NOW).unwrap();
    let (again, _) = applied(&first, &read(ALL).unwrap(), NOW).unwrap();
    assert!(again.is_unchanged(), "{again}");
    let text = to_yaml(&export(&first, true, NOW)).unwrap();
    let (_, copy) = applied(&empty(), &read(&text).unwrap(), NOW).unwrap();
    let of = |current: &Current| -> Vec<(String, String)> {
        let integrations = current.directory.integrations.values();
        let mut all: Vec<_> = integrations
            .map(|one| (one.name.clone(), one.settings.as_json().to_owned()))
            .collect();
        all.sort();
        all
    };
    assert_eq!(of(&copy), of(&first), "{text}");
    assert_eq!(of(&first)[3].1, "{}");
    let known = [
        "secret",
        "severity",
        "severity_words",
        "mapping",
        "mail",
        "identity_labels",
        "insufficient_data",
        "conduct",
    ];
    let stored: String = of(&first).into_iter().map(|(_, json)| json).collect();
    for name in known {
        assert!(stored.contains(&format!("\"{name}\":")), "{name}: {stored}");
    }
    // A setting that is added later has to stand in the file above.
    let mut every = formats::settings::Settings::default();
    every.secret = formats::settings::Secret::new("x");
    every.severity = Some(domain::word::AlertSeverity::Info);
    every.severity_words = vec![formats::severity::SeverityWord {
        word: "page".into(),
        severity: domain::word::AlertSeverity::Info,
    }];
    every.mapping = Some(formats::mapping::MappingRules::default());
    every.mail = Some(formats::mail::MailRules::default());
    every.identity_labels = vec!["a".into()];
    every.insufficient_data = Some(domain::integration::NoData::Ignore);
    every.conduct.rate_limit = Some(1);
    let every = serde_json::to_value(every);
    assert_eq!(every.unwrap().as_object().unwrap().len(), known.len());

    let taken = "services: [{slug: s, integrations: [\
                 {name: Pushed, kind: prometheus, identity_labels: null, rate_limit: null, \
                 on_silence: resolve}, \
                 {name: Mails, kind: email, secret: null, rate_limit: null, mail: null, \
                 resolve_after: null}, \
                 {name: Events, kind: pagerduty, severity: null, severity_words: null}, \
                 {name: Alarms, kind: cloudwatch, insufficient_data: null}]}]";
    let (plan, after) = applied(&first, &read(taken).unwrap(), NOW).unwrap();
    assert_eq!(
        [0, 1, 2, 3, 4].map(|n| of(&after)[n].1.clone()),
        ["{}", "{}", "{}", "{}", "{}"]
    );
    let shown = plan.to_string();
    assert!(
        shown.contains("identity_labels, rate_limit, on_silence"),
        "{shown}"
    );
    assert!(shown.contains("severity, severity_words"), "{shown}");
}

#[test]
fn settings_of_other_formats_are_faults_where_they_stand() {
    let wrong = "services:\n- slug: s\n  integrations:\n  - {name: A, kind: generic, key: \
                 \"${KEY}\",\n     identity_labels: [a],\n     on_silence: tell,\n     \
                 rate_limit: 99999999,\n     severity_words: [{word: P1, severity: info}, {word: p1, \
                 severity: error}]}";
    let found = faults(wrong);
    for (line, what) in [(5, "labels"), (6, "push"), (7, "a minute"), (8, "twice")] {
        let told = found
            .iter()
            .any(|one| one.starts_with(&format!("line {line}, ")) && one.contains(what));
        assert!(told, "{found:?}");
    }
}
