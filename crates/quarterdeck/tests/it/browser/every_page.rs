//! Every page, as every role, on a phone and a desktop, light and dark: it answers, fits, can be
//! read, tapped and listened to, and its console is quiet.

use std::collections::BTreeSet;

use serde_json::json;
use testkit::browser::{Browser, Screen};

use super::session::Session;
use super::visitor::Visitor;
use super::{ADMIN, CHECKOUT_KEY, Demo, GATEWAY_KEY, PASSWORD};
use crate::database::Database;

/// Who may open a page; everybody else is refused with 403.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
enum Role {
    Observer,
    Responder,
    Admin,
}

const PEOPLE: [(Role, &str); 3] = [
    (Role::Admin, ADMIN),
    (Role::Responder, "ana@example.com"),
    (Role::Observer, "henri@example.com"),
];

/// Every page of the contract with the least role that may open it.
fn pages(person: &str) -> Vec<(String, Role)> {
    use Role::{Admin, Observer, Responder};
    let pages = [
        ("/", Observer),
        ("/incidents", Observer),
        ("/incidents?state=all&q=card&sort=newest", Observer),
        ("/incidents?state=snoozed", Observer),
        ("/incidents/new", Responder),
        ("/incidents/1", Observer),
        ("/incidents/2", Observer),
        ("/services", Observer),
        ("/services/new", Responder),
        ("/services/checkout", Observer),
        ("/services/checkout/edit", Responder),
        ("/page", Responder),
        ("/on-call", Observer),
        ("/on-call?q=plat&at=2026-12-24T20:00", Observer),
        ("/on-call/mine", Observer),
        ("/on-call/report", Observer),
        ("/on-call/swaps", Observer),
        ("/on-call/swaps/new?schedule=platform", Responder),
        ("/schedules/platform/versions", Observer),
        ("/heartbeats", Observer),
        ("/heartbeats/new", Responder),
        ("/routing", Observer),
        ("/alerts", Observer),
        ("/alerts?suppressed=yes&sort=oldest", Observer),
        ("/silences", Observer),
        ("/silences/new", Responder),
        ("/silences/new?incident=2", Responder),
        ("/maintenance-windows", Observer),
        ("/maintenance-windows/new?service=checkout", Responder),
        ("/inhibitions", Observer),
        ("/inhibitions/new", Responder),
        ("/signals", Observer),
        ("/signals?decision=rejected", Observer),
        ("/services/checkout/integrations/new", Responder),
        (
            "/services/checkout/integrations/new?kind=generic",
            Responder,
        ),
        ("/holidays", Observer),
        ("/holidays/new", Responder),
        ("/schedules/new", Responder),
        ("/schedules/platform", Observer),
        (
            "/schedules/payments?view=month&zone=Asia/Kathmandu",
            Observer,
        ),
        ("/schedules/platform?view=day&from=2026-10-25", Observer),
        ("/schedules/platform/override", Responder),
        ("/schedules/platform/temporary", Responder),
        ("/schedules/payments/edit", Responder),
        ("/policies", Observer),
        ("/policies/new", Responder),
        ("/policies/checkout", Observer),
        ("/policies/checkout/edit", Responder),
        ("/channels", Observer),
        ("/channels/new", Responder),
        ("/channels/ops-room", Observer),
        ("/channels/ops-room/edit", Responder),
        ("/users", Observer),
        ("/users/new", Admin),
        (person, Observer),
        ("/teams", Observer),
        ("/teams/platform", Observer),
        ("/profile", Observer),
        ("/calendars", Observer),
        ("/coverage", Observer),
        ("/simulate", Observer),
        ("/incidents/1/why", Observer),
        ("/postmortems", Observer),
        ("/postmortems/1", Observer),
        ("/postmortems/1?edit=impact", Observer),
        ("/postmortems/1?edit=timeline", Observer),
        ("/postmortems/1?choose=timeline", Observer),
        ("/postmortems/1?action=1", Observer),
        ("/changes", Observer),
        ("/outbox", Observer),
        ("/settings", Observer),
        ("/api", Observer),
        ("/api?part=incidents", Observer),
    ];
    pages
        .into_iter()
        .map(|(path, role)| (path.to_owned(), role))
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn every_page_is_sound_for_every_role_on_every_screen() {
    let demo = Demo::start(Database::Sqlite).await;
    let person = prepare(&demo).await;
    let visitor = Visitor::start(Browser::desktop(), &demo.server).await;
    let mut wrong = Vec::new();
    let mut led_to = BTreeSet::new();

    for path in ["/sign-in", "/a/not-a-link"] {
        visit(&visitor, path, &mut wrong, "nobody").await;
    }
    for (role, email) in PEOPLE {
        visitor.sign_in(email, PASSWORD).await;
        if role == Role::Admin {
            first_visit_is_light(&visitor, &mut wrong).await;
        }
        for (path, least) in pages(&person) {
            let expected = if role >= least { 200 } else { 403 };
            let who = format!("{role:?}");
            let status = visit(&visitor, &path, &mut wrong, &who).await;
            if status != expected {
                wrong.push(format!("{path} as {who}: {status} instead of {expected}"));
            }
            let links = "Array.from(document.links, (link) => link.getAttribute('href'))";
            led_to.extend(visitor.value::<Vec<String>>(links).await);
        }
        let status = visit(&visitor, "/no/such/page", &mut wrong, "nobody").await;
        assert_eq!(status, 404);
        visitor.browser.delete_all_cookies().await.unwrap();
    }
    // Pages that are known by a number that nobody can foresee.
    const NUMBERED: [&str; 7] = [
        "/heartbeats/",
        "/signals/",
        "/integrations/",
        "/alerts/",
        "/silences/",
        "/inhibitions/",
        "/maintenance-windows/",
    ];
    let numbered = |link: &&String| NUMBERED.iter().any(|part| link.contains(part));
    visitor.sign_in(ADMIN, PASSWORD).await;
    for path in led_to.iter().filter(numbered) {
        let status = visit(&visitor, path, &mut wrong, "Admin").await;
        if status != 200 {
            wrong.push(format!("{path}: {status}"));
        }
    }
    let visited: BTreeSet<String> = pages(&person).iter().map(|(path, _)| kind(path)).collect();
    let missed: Vec<&String> = led_to
        .iter()
        .filter(|link| !numbered(link))
        .filter(|link| link.starts_with('/') && !is_file(link) && !visited.contains(&kind(link)))
        .collect();
    assert!(
        wrong.is_empty(),
        "{} things are wrong:\n{}",
        wrong.len(),
        wrong.join("\n")
    );
    assert!(missed.is_empty(), "pages that nobody looked at: {missed:?}");
    visitor.browser.quit().await;
}

/// The pattern of an address: `/incidents/1?x=y` is `/incidents/*`.
fn kind(link: &str) -> String {
    let path = link.split(['?', '#']).next().unwrap_or_default();
    let mut parts: Vec<&str> = path.split('/').collect();
    if let Some(name) = parts.get_mut(2)
        && *name != "new"
    {
        *name = "*";
    }
    parts.join("/")
}

/// Something to download, which is no page.
fn is_file(link: &str) -> bool {
    link.ends_with(".md") || link.ends_with(".json")
}

/// An incident under command with everything on it, a resolved one with a postmortem, and people
/// who can sign in; returns the address of a person.
async fn prepare(demo: &Demo) -> String {
    demo.signal(
        CHECKOUT_KEY,
        "trigger",
        "cards",
        "Checkout fails for card payments",
    )
    .await;
    demo.signal(
        GATEWAY_KEY,
        "trigger",
        "bank",
        &format!("{} fails", "unbrokenword".repeat(9)),
    )
    .await;
    // One that a silence of the demo holds back.
    let watchdog = json!([{
        "labels": {"alertname": "Watchdog", "cluster": "frankfurt"},
        "annotations": {"summary": "Alerts arrive"},
    }]);
    let url = demo
        .server
        .url("/integrations/demokubernetesdemokubernetesdemo/api/v2/alerts");
    let pushed = demo.server.client.post(url).json(&watchdog).send().await;
    assert!(pushed.unwrap().status().is_success());
    for (_, email) in PEOPLE.iter().skip(1) {
        demo.let_in(email).await;
    }
    let mut admin = Session::sign_in(&demo.server, ADMIN, PASSWORD).await;
    let channel = [
        ("kind", "email"),
        ("name", "Ops room"),
        ("address", "ops@example.com"),
        ("enabled", "yes"),
    ];
    admin.fill("/channels/new", "/channels", &channel).await;
    admin
        .fill("/channels/ops-room", "/channels/ops-room/test", &[])
        .await;
    for incident in ["/incidents/1", "/incidents/2"] {
        let declared = [("severity", "SEV2"), ("command", "yes")];
        admin
            .fill(incident, &format!("{incident}/declare"), &declared)
            .await;
        let update = [
            (
                "body",
                "We look.\n\n| a | b |\n|---|---|\n| 1 | 2 |\n\n- [ ] check",
            ),
            ("next_minutes", "30"),
            ("do", "publish"),
        ];
        admin
            .fill(incident, &format!("{incident}/updates"), &update)
            .await;
    }
    admin
        .fill("/incidents/1", "/incidents/1/resolve", &[])
        .await;
    let action = [
        ("title", "Watch the dates of certificates"),
        ("type", "detect"),
        ("priority", "P2"),
        ("due", "2020-01-31"),
    ];
    admin
        .fill("/postmortems/1", "/postmortems/1/actions", &action)
        .await;
    admin
        .get("/users")
        .await
        .links("/users/")
        .into_iter()
        .find(|link| link != "/users/new")
        .unwrap()
}

/// Loads a page once and looks at it four times; returns its status.
async fn visit(visitor: &Visitor, path: &str, wrong: &mut Vec<String>, who: &str) -> u16 {
    let mut status = 0;
    for screen in [Screen::Phone, Screen::Desktop] {
        let (width, height) = screen.size();
        let phone = screen == Screen::Phone;
        let metrics =
            json!({"width": width, "height": height, "deviceScaleFactor": 1, "mobile": phone});
        visitor
            .browser
            .cdp("Emulation.setDeviceMetricsOverride", metrics)
            .await;
        for scheme in ["light", "dark"] {
            // Without motion colours are at once what they become.
            let features = json!([
                {"name": "prefers-color-scheme", "value": scheme},
                {"name": "prefers-reduced-motion", "value": "reduce"},
            ]);
            let media = json!({"features": features});
            visitor
                .browser
                .cdp("Emulation.setEmulatedMedia", media)
                .await;
            if phone && scheme == "light" {
                visitor.open(path).await;
                let entry = "performance.getEntriesByType('navigation')[0].responseStatus";
                status = visitor.value(entry).await;
            }
            let found = visitor.audit(phone).await;
            let place = format!("{path} as {who}, {screen:?}, {scheme}");
            wrong.extend(found.into_iter().map(|what| format!("{place}: {what}")));
        }
    }
    let errors = visitor.browser.console_errors().await;
    // The browser itself notes every answer that is a refusal.
    let refused = format!("status of {status}");
    let errors = errors
        .into_iter()
        .filter(|error| status < 400 || !error.contains(&refused));
    wrong.extend(errors.map(|error| format!("{path} as {who}: {error}")));
    status
}

/// Everything that a first visit fetches is at most 150 KB on the way.
async fn first_visit_is_light(visitor: &Visitor, wrong: &mut Vec<String>) {
    visitor
        .browser
        .cdp("Network.clearBrowserCache", json!({}))
        .await;
    visitor.open("/").await;
    let weight: u64 = visitor
        .value(
            "['navigation', 'resource'].flatMap((kind) => performance.getEntriesByType(kind)) \
             .reduce((sum, entry) => sum + entry.encodedBodySize, 0)",
        )
        .await;
    if weight > 150 * 1024 {
        wrong.push(format!("a first visit weighs {weight} bytes"));
    }
}
