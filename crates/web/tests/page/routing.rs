//! Global integrations: made, given rules, tried, and followed.

use domain::signal::Signal;
use domain::word::Action;
use engine::ingest::{Origin, Submission};
use serde_json::json;
use sha2::{Digest, Sha256};

use crate::house::{House, Visitor};
use crate::on_both;

/// The base address of a global integration and its key.
async fn global(house: &House, ana: &Visitor) -> (String, String) {
    house.checkout(ana).await;
    let services = ana.get("/services/new").await;
    ana.post(
        &services,
        "/services",
        &[
            ("name", "Payments"),
            ("urgency", "by_severity"),
            ("grouping", "group_key"),
        ],
    )
    .await;
    ana.get("/services").await.shows("Global integrations");
    ana.get("/routing").await.shows("There is none yet.");
    let chosen = ana
        .get("/services/checkout/integrations/new?global=yes&kind=generic")
        .await;
    chosen.shows("Global: for many services");
    let fields = [
        ("name", "Everything"),
        ("kind", "generic"),
        ("global", "yes"),
    ];
    let made = ana
        .post(&chosen, "/services/checkout/integrations", &fields)
        .await;
    made.shows("Everything is ready");
    let directory = house.engine.directory();
    let mut doors = directory.integrations.values();
    let door = doors.find(|one| one.name == "Everything").unwrap();
    assert!(door.routing.on);
    let key = made
        .body
        .split("/integrations/")
        .map(|rest| {
            rest.chars()
                .take_while(char::is_ascii_alphanumeric)
                .collect::<String>()
        })
        .find(|key| key.len() == 32)
        .unwrap();
    (format!("/services/checkout/integrations/{}", door.id), key)
}

fn told(key: &str, app: &str) -> Signal {
    let mut signal = Signal::new(Action::Trigger, key, format!("{key} is slow"));
    signal.details = json!({"labels": {"app": app}});
    signal
}

on_both!(rules_are_written_tried_and_followed, |house| {
    let ana = house.ana().await;
    let (base, key) = global(house, &ana).await;
    let rules = format!("{base}/routing");
    ana.get(&rules)
        .await
        .shows("Everything else")
        .shows("no signal yet");
    ana.get("/routing")
        .await
        .shows("Everything")
        .shows("0 rules");
    let payments = {
        let directory = house.engine.directory();
        directory
            .service_by_slug("payments")
            .unwrap()
            .id
            .to_string()
    };
    let body = json!({"action": "trigger", "dedup_key": "card", "summary": "Cards fail",
        "details": {"labels": {"app": "pay"}}});
    let body = body.to_string();
    let parsed = formats::generic::parse(body.as_bytes(), domain::Timestamp(0)).unwrap();
    let submission = Submission {
        key_hash: Sha256::digest(key.as_bytes()).into(),
        signals: parsed.signals,
        resolve_group: None,
        warnings: vec![],
        rejected: vec![],
        raw: body.into(),
        origin: Origin {
            format: "generic",
            head: "POST /integrations/x/events".into(),
            replay_of: None,
        },
    };
    house.engine.submit(submission).await.unwrap();

    let form = ana.get(&format!("{rules}/new")).await;
    form.shows("New routing rule")
        .shows("What a condition may ask");
    let fields = |condition: &'static str, verb: &'static str| {
        vec![
            ("name", "Payments".to_owned()),
            ("condition", condition.to_owned()),
            ("service", payments.clone()),
            ("labels", "team=pay".to_owned()),
            ("enabled", "yes".to_owned()),
            ("do", verb.to_owned()),
        ]
    };
    let post = async |fields: Vec<(&'static str, String)>| {
        let fields: Vec<(&str, &str)> = fields.iter().map(|(n, v)| (*n, v.as_str())).collect();
        ana.post(&form, &rules, &fields).await
    };
    let wrong = post(fields("labels.app = 'pay'", "save")).await;
    assert_eq!(wrong.status, 422);
    wrong.shows("at character").shows("Payments");
    let mut unlabelled = fields("", "save");
    unlabelled[3].1 = "no sign".into();
    assert_eq!(post(unlabelled).await.status, 422);
    let tried = post(fields("labels.app == 'pay'", "try")).await;
    assert_eq!(tried.status, 200);
    tried
        .shows("Of the last signal the rule would match")
        .shows("Cards fail")
        .shows("Service: Checkout → Payments");
    ana.get(&rules).await.hides("labels.app");
    let saved = post(fields("labels.app == 'pay'", "save")).await;
    assert_eq!(saved.status, 303);
    let listed = ana.get(&rules).await;
    listed
        .shows("1. Payments")
        .shows("goes to Payments")
        .shows("never matched since");

    house
        .signals(&key, vec![told("card-2", "pay"), told("cart", "shop")])
        .await;
    ana.get(&rules)
        .await
        .shows("1 signal since")
        .hides("never matched");
    ana.get("/services/payments")
        .await
        .shows("card-2 is slow")
        .hides("cart is slow");
    let signals = ana.get("/signals").await;
    signals.shows("card-2 is slow");
    let id = {
        let directory = house.engine.directory();
        let mut doors = directory.integrations.values();
        doors
            .find(|one| one.name == "Everything")
            .unwrap()
            .routing
            .rules[0]
            .id
    };
    let edit = ana.get(&format!("{rules}/{id}")).await;
    assert!(edit.has_chosen("service", &payments));
    // A second rule, and the order of both.
    let second = [
        ("name", "Shops"),
        ("condition", "true"),
        ("suppress", "yes"),
        ("enabled", "yes"),
        ("place", "0"),
        ("do", "save"),
    ];
    assert_eq!(ana.post(&form, &rules, &second).await.status, 303);
    let order = |page: &crate::house::Page| {
        let text = page.text();
        text.find("Shops").unwrap() < text.find(". Payments").unwrap()
    };
    let listed = ana.get(&rules).await;
    assert!(order(&listed));
    // An older rule is tried, and saved, at another place than it has.
    let editor = ana.get(&format!("{rules}/{id}")).await;
    assert!(editor.has_chosen("place", "1"));
    let mut moved = fields("has(labels.app)", "try");
    moved.push(("place", "0".to_owned()));
    let change = async |fields: &[(&'static str, String)]| {
        let fields: Vec<(&str, &str)> = fields.iter().map(|(n, v)| (*n, v.as_str())).collect();
        ana.post(&editor, &format!("{rules}/{id}"), &fields).await
    };
    let first = change(&moved).await;
    first.shows("would match 1").shows("Nothing is saved yet.");
    assert!(order(&ana.get(&rules).await), "it was only tried");
    moved[6].1 = "1".to_owned();
    change(&moved).await.shows("would match 0");
    moved[6].1 = "0".to_owned();
    moved[5].1 = "save".to_owned();
    assert_eq!(change(&moved).await.status, 303);
    assert!(!order(&ana.get(&rules).await));
    assert_eq!(
        ana.post(&listed, &format!("{rules}/{id}/down"), &[])
            .await
            .status,
        303
    );
    let listed = ana.get(&rules).await;
    assert!(order(&listed));
    let act = async |act: &str| {
        ana.post(&listed, &format!("{rules}/{id}/{act}"), &[])
            .await
            .status
    };
    assert_eq!(act("up").await, 303);
    assert!(!order(&ana.get(&rules).await));
    assert_eq!(act("off").await, 303);
    ana.get(&rules).await.shows("Switch on");
    assert_eq!(act("fly").await, 404);
    assert_eq!(act("delete").await, 303);
    ana.get(&rules).await.hides("goes to Payments");
    assert_eq!(act("up").await, 404, "it is gone");
    // Another service takes the rest; the address is below it from now on.
    let rest = ana
        .post(&listed, &format!("{rules}/rest"), &[("service", &payments)])
        .await;
    assert_eq!(rest.status, 303);
    assert_eq!(ana.get(&rules).await.status, 404);
    let rules = rules.replacen("/services/checkout/", "/services/payments/", 1);
    ana.get(&rules).await.shows("Goes to Payments");
    let off = ana
        .post(&listed, &format!("{rules}/switch"), &[("on", "no")])
        .await;
    assert_eq!(off.status, 303);
    let off = ana.get(&rules).await;
    off.shows("Make it global").shows("rules are kept");
    ana.get("/routing").await.shows("There is none yet.");
});

on_both!(observers_look_and_touch_nothing, |house| {
    let ana = house.ana().await;
    let (base, _) = global(house, &ana).await;
    let cem = house.invite(&ana, "Cem", "observer").await;
    let page = cem.get(&format!("{base}/routing")).await;
    page.shows("Everything else").hides("Add rule");
    assert_eq!(cem.get(&format!("{base}/routing/new")).await.status, 403);
    let refused = cem
        .post(&page, &format!("{base}/routing/switch"), &[("on", "no")])
        .await;
    assert_eq!(refused.status, 403);
});

on_both!(
    of_two_who_edit_a_rule_the_second_learns_of_the_first,
    |house| {
        let ana = house.ana().await;
        let (base, _) = global(house, &ana).await;
        let rules = format!("{base}/routing");
        let fields = |name: &'static str, severity: &'static str| {
            vec![("name", name), ("severity", severity), ("enabled", "yes")]
        };
        let new = format!("{rules}/new");
        ana.fill(&new, &rules, &fields("Pay", "error"))
            .await
            .shows("is saved");
        let page = ana.get(&new).await;
        ana.post(&page, &rules, &fields("Pay", "info"))
            .await
            .shows("Another rule of the integration has this name");
        let rule = {
            let directory = house.engine.directory();
            let mut doors = directory.integrations.values();
            doors
                .find_map(|one| Some(one.routing.rules.first()?.id))
                .unwrap()
        };
        let path = format!("{rules}/{rule}");
        let page = ana.get(&path).await;
        let (_, rest) = page.body.split_once("name=\"version\" value=\"").unwrap();
        let version = rest.split('"').next().unwrap();
        let mut first = fields("Pay", "warning");
        first.push(("version", version));
        assert_eq!(ana.post(&page, &path, &first).await.status, 303);
        let mut second = fields("Cards", "info");
        second.push(("version", version));
        let told = ana.post(&page, &path, &second).await;
        assert_eq!(told.status, 409);
        told.shows("Somebody has changed this since you opened the form");
        assert!(told.body.contains("Cards"), "nothing typed is lost");
        let mut forged = fields("Cards", "info");
        forged.push(("service", "abc"));
        ana.post(&page, &path, &forged)
            .await
            .shows("Choose one of the options.");
        ana.get(&rules).await.shows("Pay").hides("Cards");
    }
);
