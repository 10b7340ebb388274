//! The pictures of the documentation: the demo with a live incident, as the browser shows it.
//! `make screenshots` keeps them; every other run only proves that they can be taken.

use std::path::{Path, PathBuf};

use serde_json::{Value, json};
use testkit::Scratch;
use testkit::browser::{Browser, Screen};

use crate::browser::session::Session;
use crate::browser::visitor::Visitor;
use crate::browser::{ADMIN, CHECKOUT_KEY, Demo, GATEWAY_KEY, PASSWORD};
use crate::database::Database;

/// Pictures are looked at over the network.
const LARGEST: u64 = 300 * 1000;

#[tokio::test(flavor = "multi_thread")]
async fn pictures_for_the_documentation() {
    let scratch = Scratch::new("screenshots");
    let wanted = std::env::var_os("SCREENSHOTS").filter(|path| !path.is_empty());
    let folder = wanted.map_or_else(|| scratch.path().to_owned(), PathBuf::from);
    std::fs::create_dir_all(&folder).unwrap();

    let demo = Demo::start(Database::Sqlite).await;
    past_incident(&demo).await;
    live_incident(&demo).await;
    let visitor = Visitor::start(Browser::desktop(), &demo.server).await;
    visitor.sign_in(ADMIN, PASSWORD).await;
    let pictures = [
        ("dashboard", "/", 900),
        ("incident", "/incidents/2", 1100),
        ("schedule", "/schedules/payments", 900),
        ("policy", "/policies/checkout", 760),
        ("postmortem", "/postmortems/1", 1100),
    ];
    for (name, path, height) in pictures {
        resize(&visitor, Screen::Desktop.size().0, height, false).await;
        take(&visitor, path, &folder.join(format!("{name}.png"))).await;
    }
    let (width, height) = Screen::Phone.size();
    resize(&visitor, width, height, true).await;
    take(&visitor, "/incidents/3", &folder.join("phone.png")).await;
    visitor.browser.assert_quiet_console().await;
    visitor.browser.quit().await;
}

async fn resize(visitor: &Visitor, width: u32, height: u32, mobile: bool) {
    let scale = if mobile { 2 } else { 1 };
    let metrics =
        json!({"width": width, "height": height, "deviceScaleFactor": scale, "mobile": mobile});
    visitor
        .browser
        .cdp("Emulation.setDeviceMetricsOverride", metrics)
        .await;
}

async fn take(visitor: &Visitor, path: &str, file: &Path) {
    visitor.open(path).await;
    visitor.find("h1").await;
    visitor.browser.screenshot(file).await;
    let size = std::fs::metadata(file).unwrap().len();
    assert!(size > 10_000, "{} is empty: {size} bytes", file.display());
    assert!(size < LARGEST, "{} has {size} bytes", file.display());
}

fn event(key: &str, dedup_key: &str, summary: &str, severity: &str, details: &Value) -> Value {
    json!({
        "routing_key": key,
        "event_action": "trigger",
        "dedup_key": dedup_key,
        "payload": {
            "summary": summary,
            "source": "pay-3.eu-central",
            "severity": severity,
            "custom_details": details,
        },
    })
}

/// Over and written up.
async fn past_incident(demo: &Demo) {
    let title = "Orders cannot be placed after the schema change";
    demo.post_event(&event(
        CHECKOUT_KEY,
        "orders",
        title,
        "critical",
        &json!({}),
    ))
    .await;
    let mut ada = Session::sign_in(&demo.server, ADMIN, PASSWORD).await;
    let incident = "/incidents/1";
    ada.fill(incident, "/incidents/1/acknowledge", &[]).await;
    ada.fill(
        incident,
        "/incidents/1/declare",
        &[("severity", "SEV2"), ("command", "yes")],
    )
    .await;
    let update = "Orders fail for one customer in five. We undo the schema change of 09:02.";
    let fields = [("body", update), ("phase", "mitigating"), ("do", "publish")];
    ada.fill(incident, "/incidents/1/updates", &fields).await;
    ada.fill(incident, "/incidents/1/resolve", &[]).await;
    let sections = [
        (
            "summary",
            "A schema change made the order table refuse rows without a region. One order in five \
             failed until the change was undone.",
        ),
        (
            "impact",
            "| | Orders |\n|---|---|\n| Failed | 1 180 |\n| Placed again by customers | 940 |\n\n\
             Data lost or exposed: no.",
        ),
        (
            "what_happened",
            "The migration ran at the end of the deploy. **Staging had regions on every row**, so \
             nothing failed there. The first alert came four minutes later; the deploy looked \
             finished, and nobody connected the two until the error message was read.",
        ),
    ];
    for (slug, body) in sections {
        let page = ada.get(&format!("/postmortems/1?edit={slug}")).await;
        let revision = page
            .body
            .split("name=\"revision\" value=\"")
            .last()
            .unwrap();
        let revision = revision.split('"').next().unwrap().to_owned();
        let fields = [
            ("body", body),
            ("revision", revision.as_str()),
            ("do", "save"),
        ];
        let action = format!("/postmortems/1/sections/{slug}");
        ada.fill("/postmortems/1", &action, &fields).await;
    }
}

/// Burning: one under command, one that nobody has answered yet.
async fn live_incident(demo: &Demo) {
    let details = json!({"error_rate": "34 %", "region": "eu-central", "since_deploy": "v412"});
    let title = "Checkout fails for card payments";
    demo.post_event(&event(CHECKOUT_KEY, "cards", title, "critical", &details))
        .await;
    for email in ["ana@example.com", "bo@example.com"] {
        demo.let_in(email).await;
    }
    let mut ana = Session::sign_in(&demo.server, "ana@example.com", PASSWORD).await;
    let mut bo = Session::sign_in(&demo.server, "bo@example.com", PASSWORD).await;
    let incident = "/incidents/2";
    ana.fill(incident, "/incidents/2/acknowledge", &[]).await;
    ana.fill(
        incident,
        "/incidents/2/declare",
        &[("severity", "SEV2"), ("command", "yes")],
    )
    .await;
    bo.fill(incident, "/incidents/2/roles/scribe/claim", &[])
        .await;
    let note = "The error rate rose with the deploy of `v412`; the bank sees no change.";
    bo.fill(incident, "/incidents/2/note", &[("body", note)])
        .await;
    let update = "Card payments fail for **one customer in three** in the EU. Other ways to pay \
                  work. We roll back the last deploy.";
    let fields = [
        ("body", update),
        ("phase", "mitigating"),
        ("next_minutes", "30"),
        ("do", "publish"),
    ];
    ana.fill(incident, "/incidents/2/updates", &fields).await;
    let second = "The bank answers slowly: p99 above 8 s";
    demo.post_event(&event(GATEWAY_KEY, "bank", second, "error", &json!({})))
        .await;
}
