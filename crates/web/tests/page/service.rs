//! Services and their integrations.

use domain::word::Action;

use crate::on_both;

on_both!(a_key_is_shown_once_with_snippets, |house| {
    let ana = house.ana().await;
    let key = house.checkout(&ana).await;
    assert!(key.len() >= 20, "{key}");
    let page = ana.get("/services/checkout").await;
    page.shows("Monitor").shows("waiting for the first signal");
    assert!(!page.body.contains(&key), "never again");
    page.shows(&format!("key ends in {}", &key[key.len() - 4..]));

    for (kind, wanted) in [
        ("pagerduty", "/v2/enqueue"),
        ("alertmanager", "webhook_configs"),
        ("generic", "/events"),
    ] {
        let fields = [("name", kind), ("kind", kind)];
        let shown = ana
            .post(&page, "/services/checkout/integrations", &fields)
            .await;
        assert_eq!(shown.status, 200);
        shown
            .shows(&format!("{kind} is ready"))
            .shows(wanted)
            .shows(crate::house::PUBLIC_URL);
    }

    // A signal later the integration has proved itself.
    house
        .signal(&key, Action::Trigger, "k1", "Checkout fails")
        .await;
    let page = ana.get("/services/checkout").await;
    page.shows("1 accepted, 0 ignored")
        .shows("Checkout fails")
        .shows("1 triggered");
    ana.get("/services")
        .await
        .shows("Checkout")
        .shows("1 triggered");

    // A new key; the old one opens nothing.
    let id = integration(house, "Monitor");
    let path = format!("/services/checkout/integrations/{id}/rotate");
    let shown = ana.post(&page, &path, &[]).await;
    shown.shows("Monitor is ready").hides(&key);

    // Deleting asks for the name.
    let path = format!("/services/checkout/integrations/{id}/delete");
    let refused = ana.post(&page, &path, &[("confirm", "monitor")]).await;
    assert_eq!(refused.status, 422);
    refused.shows("Nothing was deleted: type Monitor to confirm it.");
    ana.fill("/services/checkout", &path, &[("confirm", "Monitor")])
        .await
        .shows("its key opens nothing any more");
    assert_eq!(
        ana.post(&page, &path, &[("confirm", "Monitor")])
            .await
            .status,
        404
    );
});

fn integration(house: &crate::house::House, name: &str) -> domain::IntegrationId {
    let directory = house.engine.directory();
    let found = directory.integrations.values().find(|one| one.name == name);
    found.expect("the integration is there").id
}

on_both!(a_service_is_edited_and_deleted, |house| {
    let ana = house.ana().await;
    house.checkout(&ana).await;
    let page = ana.get("/services/checkout/edit").await;
    page.shows("Edit Checkout");
    let fields = [
        ("name", "Checkout 2"),
        ("urgency", "loud"),
        ("ack_timeout_high", "99999"),
        ("policy", ""),
    ];
    let refused = ana.post(&page, "/services/checkout", &fields).await;
    assert_eq!(refused.status, 422);
    refused.shows("Choose one of the options.");
    assert!(
        refused.body.contains("value=\"Checkout 2\""),
        "what was typed stays"
    );
    let fields = [
        ("name", "Checkout 2"),
        ("urgency", "high"),
        ("grouping", "group_key"),
        ("reopen_window", "0"),
        ("ack_timeout_high", "45"),
    ];
    let shown = ana
        .fill("/services/checkout/edit", "/services/checkout", &fields)
        .await;
    shown
        .shows("Saved.")
        .shows("Checkout 2")
        .shows("always high")
        .shows("45 m");

    let refused = ana
        .post(&page, "/services/checkout/delete", &[("confirm", "no")])
        .await;
    assert_eq!(refused.status, 422);
    let gone = [("confirm", "checkout")];
    ana.fill(
        "/services/checkout/edit",
        "/services/checkout/delete",
        &gone,
    )
    .await
    .shows("Checkout 2 is deleted.");
    assert_eq!(ana.get("/services/checkout").await.status, 404);
});

on_both!(rules_of_urgency_and_grouping_are_set_on_the_form, |house| {
    let ana = house.ana().await;
    house.checkout(&ana).await;
    let page = ana.get("/services/checkout/edit").await;
    let mut fields = vec![
        ("name", "Checkout"),
        ("urgency", "support_hours"),
        ("high_severity", "critical"),
        ("support_zone", "Europe/Berlin"),
        ("support_inside", "by_severity"),
        ("support_outside", "low"),
        ("support_raise", "yes"),
        ("grouping", "fields"),
        ("grouping_fields", "cluster, component"),
        ("grouping_window", "10"),
        ("storm_limit", "7"),
        ("reopen_window", "5"),
    ];
    let refused = ana.post(&page, "/services/checkout", &fields).await;
    assert_eq!(refused.status, 422);
    refused.shows("Urgency by support hours needs the hours.");
    assert!(refused.body.contains("value=\"cluster, component\""));
    fields.extend([
        ("support-hours-0-day", "monday"),
        ("support-hours-0-day", "friday"),
        ("support-hours-0-from", "09:00"),
        ("support-hours-0-until", "17:00"),
        ("support-hours-1-from", ""),
        ("support-hours-1-until", ""),
    ]);
    let saved = ana
        .fill("/services/checkout/edit", "/services/checkout", &fields)
        .await;
    saved
        .shows("by support hours")
        .shows("mon fri 09:00–17:00, Europe/Berlin")
        .shows("by severity: critical high, the rest low")
        .shows("low; what is open when hours begin is raised")
        .shows("by equal cluster, component")
        .shows("beyond 7 incidents a minute");
    let again = ana.get("/services/checkout/edit").await;
    assert!(
        again.body.contains("id=\"f-support-hours-1-from\""),
        "a spare row"
    );
    assert!(again.has_chosen("support_zone", "Europe/Berlin"));
    assert!(
        !again
            .body
            .contains("name=\"high_severity\" value=\"error\" checked")
    );
});

on_both!(observers_look_and_touch_nothing, |house| {
    let ana = house.ana().await;
    house.checkout(&ana).await;
    let cem = house.invite(&ana, "Cem", "observer").await;
    let page = cem.get("/services/checkout").await;
    page.shows("Checkout").hides("Add integration");
    assert!(!page.offers("/services/checkout/integrations"));
    for path in [
        "/services/new",
        "/schedules/new",
        "/policies/new",
        "/users/new",
    ] {
        assert_eq!(cem.get(path).await.status, 403, "{path}");
    }
    let page = cem.get("/profile").await;
    for path in [
        "/services",
        "/services/checkout",
        "/services/checkout/integrations",
        "/schedules",
        "/policies",
        "/users",
        "/teams",
        "/settings/last-resort",
        "/settings/tokens",
    ] {
        let refused = cem
            .post(&page, path, &[("name", "X"), ("kind", "generic")])
            .await;
        assert_eq!(refused.status, 403, "{path}");
    }
    cem.get("/settings").await.hides("New token");
});

on_both!(a_secret_is_set_and_never_shown, |house| {
    let ana = house.ana().await;
    house.checkout(&ana).await;
    let page = ana.get("/services/checkout").await;
    for (name, kind) in [("GitHub", "github"), ("Clock", "zabbix")] {
        let fields = [("name", name), ("kind", kind)];
        ana.post(&page, "/services/checkout/integrations", &fields)
            .await;
    }
    let github = integration(house, "GitHub");
    let address = format!("/services/checkout/integrations/{github}/settings");
    let service = ana.get("/services/checkout").await;
    assert!(service.body.contains(&address));
    let form = ana.get(&address).await;
    form.shows("Settings of GitHub")
        .shows("No secret is set")
        .hides("Severity when none is sent");

    let secret = "hush, a secret";
    ana.fill(&address, &address, &[("secret", secret)])
        .await
        .shows("Saved.")
        .hides(secret);
    ana.get(&address)
        .await
        .shows("A secret is set")
        .hides(secret);
    // Empty keeps it.
    ana.fill(&address, &address, &[("secret", "")]).await;
    let stored = |id| {
        let directory = house.engine.directory();
        let one = directory.integration(id).unwrap();
        one.settings.as_json().to_owned()
    };
    assert_eq!(stored(github), format!(r#"{{"secret":"{secret}"}}"#));
    let long = "x".repeat(600);
    let refused = ana
        .post(&form, &address, &[("secret", long.as_str())])
        .await;
    assert_eq!(refused.status, 422);
    refused
        .shows("At most 512 bytes are possible.")
        .hides(&long);
    ana.fill(&address, &address, &[("secret", ""), ("secret_off", "yes")])
        .await;
    assert_eq!(stored(github), "{}");

    let clock = integration(house, "Clock");
    let address = format!("/services/checkout/integrations/{clock}/settings");
    let form = ana.get(&address).await;
    form.shows("Severity when none is sent").hides("Secret");
    let refused = ana.post(&form, &address, &[("severity", "loud")]).await;
    assert_eq!(refused.status, 422);
    let refused = ana.post(&form, &address, &[("rate_limit", "many")]).await;
    assert_eq!(refused.status, 422);
    ana.fill(
        &address,
        &address,
        &[("severity", "info"), ("rate_limit", "0")],
    )
    .await;
    assert_eq!(
        stored(clock),
        r#"{"severity":"info","conduct":{"rate_limit":0,"on_silence":"resolve"}}"#
    );
    ana.fill(
        &address,
        &address,
        &[("severity", "info"), ("rate_limit", "")],
    )
    .await;
    assert_eq!(stored(clock), r#"{"severity":"info"}"#);
    assert!(
        ana.get(&address)
            .await
            .body
            .contains("value=\"info\" selected")
    );

    let monitor = [("name", "Own"), ("kind", "generic")];
    ana.post(&page, "/services/checkout/integrations", &monitor)
        .await;
    let own = integration(house, "Own");
    let address = format!("/services/checkout/integrations/{own}/mapping");
    let form = ana.get(&address).await;
    let refused = ana
        .post(&form, &address, &[("summary-path", "body.t")])
        .await;
    assert_eq!(refused.status, 422);
    assert!(refused.body.contains("id=\"f-summary-path-error\""));
    let tried = [
        ("summary-path", "$.body.t"),
        ("sample", r#"{"t": "Pasted words"}"#),
        ("do", "preview"),
    ];
    let shown = ana.post(&form, &address, &tried).await;
    assert_eq!(shown.status, 200);
    shown.shows("trigger: Pasted words");
    assert_eq!(stored(own), "{}", "trying saves nothing");
    let more = [("summary-path", "$.body.t"), ("do", "add-identity")];
    let grown = ana.post(&form, &address, &more).await;
    assert!(grown.body.contains("name=\"identity-0-path\""));

    ana.fill(&address, &address, &[("summary-path", "$.body.t")])
        .await
        .shows("Saved.");
    let rules = r#"{"summary":{"path":"$.body.t"}}"#;
    assert_eq!(stored(own), format!(r#"{{"mapping":{rules}}}"#));
    let form = ana.get(&address).await;
    assert!(form.body.contains("value=\"$.body.t\""));
    // Other settings leave it as it is.
    let settings = format!("/services/checkout/integrations/{own}/settings");
    ana.fill(&settings, &settings, &[("severity", "error")])
        .await;
    assert_eq!(
        stored(own),
        format!(r#"{{"severity":"error","mapping":{rules}}}"#)
    );
    ana.fill(&address, &address, &[("summary-path", "")]).await;
    assert_eq!(stored(own), r#"{"severity":"error"}"#);
});

on_both!(alerts_without_an_end_are_given_one_on_the_form, |house| {
    let ana = house.ana().await;
    house.checkout(&ana).await;
    let page = ana.get("/services/checkout").await;
    for kind in ["splunk", "cloudwatch", "github"] {
        let fields = [("name", kind), ("kind", kind)];
        let shown = ana
            .post(&page, "/services/checkout/integrations", &fields)
            .await;
        if kind == "splunk" {
            shown.shows("Splunk never says so");
        }
    }
    let address = |name| {
        let id = integration(house, name);
        format!("/services/checkout/integrations/{id}/settings")
    };
    let stored = |name: &str| {
        let directory = house.engine.directory();
        let one = directory.integration(integration(house, name)).unwrap();
        one.settings.as_json().to_owned()
    };
    ana.get(&address("github"))
        .await
        .hides("Resolve after so many minutes");
    let splunk = address("splunk");
    let form = ana.get(&splunk).await;
    form.shows("Resolve after so many minutes")
        .shows("Splunk never says that something is over.")
        .hides("When an alarm has no data");
    for odd in ["0", "soon", "50000"] {
        let refused = ana.post(&form, &splunk, &[("resolve_after", odd)]).await;
        assert_eq!(refused.status, 422, "{odd}");
        assert!(
            refused.body.contains("id=\"f-resolve_after-error\""),
            "{odd}"
        );
    }
    ana.fill(&splunk, &splunk, &[("resolve_after", "90")])
        .await
        .shows("Saved.");
    assert_eq!(
        stored("splunk"),
        r#"{"conduct":{"on_silence":"resolve","resolve_after":5400}}"#
    );
    assert!(ana.get(&splunk).await.body.contains("value=\"90\""));
    ana.fill(&splunk, &splunk, &[("resolve_after", "")]).await;
    assert_eq!(stored("splunk"), "{}");

    let alarms = address("cloudwatch");
    ana.get(&alarms).await.shows("When an alarm has no data");
    ana.fill(&alarms, &alarms, &[("insufficient_data", "ignore")])
        .await;
    assert_eq!(stored("cloudwatch"), r#"{"insufficient_data":"ignore"}"#);
    assert!(
        ana.get(&alarms)
            .await
            .has_chosen("insufficient_data", "ignore")
    );
    ana.fill(&alarms, &alarms, &[("insufficient_data", "trigger")])
        .await;
    assert_eq!(stored("cloudwatch"), "{}");
});

on_both!(what_a_monitors_words_mean_is_said_on_the_form, |house| {
    let ana = house.ana().await;
    house.checkout(&ana).await;
    let page = ana.get("/services/checkout").await;
    for kind in ["opsgenie", "uptimekuma", "github"] {
        let fields = [("name", kind), ("kind", kind)];
        ana.post(&page, "/services/checkout/integrations", &fields)
            .await;
    }
    let address = |name| {
        let id = integration(house, name);
        format!("/services/checkout/integrations/{id}/settings")
    };
    let stored = |name: &str| {
        let directory = house.engine.directory();
        let one = directory.integration(integration(house, name)).unwrap();
        one.settings.as_json().to_owned()
    };
    ana.get(&address("uptimekuma"))
        .await
        .shows("Severity when none is sent")
        .hides("What its words mean");
    ana.get(&address("github"))
        .await
        .hides("Severity when none is sent")
        .hides("What its words mean");
    let opsgenie = address("opsgenie");
    let form = ana.get(&opsgenie).await;
    form.shows("P1 = critical; P2 = error; P3, P4 = warning; P5 = info")
        .shows("Not chosen: that of P3");
    let typed = "P3 = error\nP5 is less\n\nP4 = bad";
    let refused = ana
        .post(&form, &opsgenie, &[("severity_words", typed)])
        .await;
    assert_eq!(refused.status, 422);
    refused
        .shows("Line 2: a word and its severity are needed")
        .shows("line 4: the severity must be one of critical, error, warning, info.");
    assert!(refused.body.contains(typed), "what was typed stays");
    assert_eq!(stored("opsgenie"), "{}");
    let twice = ana
        .post(
            &form,
            &opsgenie,
            &[("severity_words", "P3 = error\np3 = info")],
        )
        .await;
    assert_eq!(twice.status, 422);
    assert!(twice.body.contains("id=\"f-severity_words-error\""));
    ana.fill(
        &opsgenie,
        &opsgenie,
        &[
            ("severity_words", " p3=Error \r\n\r\nP5 = warning\r\n"),
            ("severity", "info"),
        ],
    )
    .await
    .shows("Saved.");
    assert_eq!(
        stored("opsgenie"),
        r#"{"severity":"info","severity_words":[{"word":"p3","severity":"error"},{"word":"P5","severity":"warning"}]}"#
    );
    let form = ana.get(&opsgenie).await;
    assert!(form.body.contains("p3 = error\nP5 = warning"));
    // Saved as it is shown, nothing changes.
    let before = stored("opsgenie");
    let shown = [
        ("severity_words", "p3 = error\nP5 = warning"),
        ("severity", "info"),
    ];
    ana.fill(&opsgenie, &opsgenie, &shown).await.shows("Saved.");
    assert_eq!(stored("opsgenie"), before);
    ana.fill(
        &opsgenie,
        &opsgenie,
        &[("severity_words", ""), ("severity", "")],
    )
    .await;
    assert_eq!(stored("opsgenie"), "{}");
});
