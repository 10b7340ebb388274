//! A rule in Prometheus fires, Alertmanager sends it in either form, and it resolves.

use std::collections::BTreeMap;
use std::time::Duration;

use serde_json::{Value, json};
use testkit::alertmanager::{Alertmanager, pagerduty, webhook};
use testkit::eventually;
use testkit::prometheus::{Prometheus, Rule};

use crate::listener::Listener;

const SOON: Duration = Duration::from_secs(60);

#[actix_web::test]
async fn a_rule_fires_and_resolves_through_the_webhook() {
    let listener = Listener::start(BTreeMap::new());
    let alertmanager = Alertmanager::start(&webhook(&format!("{}/hook", listener.base_url))).await;
    let rule = Rule::firing("CheckoutErrors")
        .label("service", "checkout")
        .annotation("summary", "Checkout answers with errors");
    let mut prometheus =
        Prometheus::start(&alertmanager.base_url, std::slice::from_ref(&rule)).await;

    let notice = eventually(SOON, "the firing alert", || {
        let found = listener
            .received(|body| body["status"] == "firing")
            .into_iter()
            .next();
        async move { found }
    })
    .await;
    assert_eq!(notice["version"], "4");
    let alert = &notice["alerts"][0];
    assert_eq!(
        alert["labels"],
        json!({ "alertname": "CheckoutErrors", "service": "checkout" })
    );
    assert_eq!(
        alert["annotations"]["summary"],
        "Checkout answers with errors"
    );

    prometheus.set_rules(&[rule.quiet()]);
    let resolved = eventually(SOON, "the resolved alert", || {
        let found = listener
            .received(|body| body["status"] == "resolved")
            .into_iter()
            .next();
        async move { found }
    })
    .await;
    assert_eq!(resolved["alerts"][0]["fingerprint"], alert["fingerprint"]);
}

#[actix_web::test]
async fn posted_alerts_arrive_as_events_of_the_pagerduty_kind() {
    let listener = Listener::start(BTreeMap::new());
    let key = "0123456789abcdef0123456789abcdef";
    let receiver = pagerduty(&format!("{}/v2/enqueue", listener.base_url), key);
    let alertmanager = Alertmanager::start(&receiver).await;
    let alert = |name: &str| json!({ "labels": { "alertname": name } });
    alertmanager
        .post_alerts(&json!([alert("DiskFull"), alert("DiskSlow")]))
        .await;

    let events: Vec<Value> = eventually(SOON, "both events", || {
        let found = listener.received(|body| body["event_action"] == "trigger");
        async move { (found.len() >= 2).then_some(found) }
    })
    .await;
    for event in &events {
        assert_eq!(event["routing_key"], key);
        assert!(
            event["dedup_key"]
                .as_str()
                .is_some_and(|dedup| !dedup.is_empty())
        );
    }
    assert_ne!(events[0]["dedup_key"], events[1]["dedup_key"]);
}
