//! The list of incidents, declaring, refusals and roles.

use std::time::Duration;

use domain::word::{Action, PagingState};

use crate::house::{House, Page};
use crate::on_both;

const PATIENCE: Duration = Duration::from_secs(20);

on_both!(the_list_is_narrowed_sorted_and_counted, |house| {
    let ana = house.ana().await;
    let key = house.checkout(&ana).await;
    for (key_of, text) in [
        ("a", "Disk full"),
        ("b", "Checkout is down"),
        ("c", "Queue is long"),
    ] {
        house.signal(&key, Action::Trigger, key_of, text).await;
    }
    ana.fill("/incidents/1", "/incidents/1/acknowledge", &[])
        .await;
    ana.fill("/incidents/2", "/incidents/2/snooze", &[("minutes", "60")])
        .await
        .shows("Snoozed for 1 h");
    let all = ana.get("/incidents").await;
    all.shows("Open 3")
        .shows("Triggered 1")
        .shows("Acknowledged 1")
        .shows("Snoozed 1");
    all.shows("Resolved 0").shows("All 3");
    // Unacknowledged first.
    let place = |text: &str| all.body.find(text).unwrap();
    assert!(place("Queue is long") < place("Disk full"));
    ana.get("/incidents?state=snoozed")
        .await
        .shows("Checkout is down")
        .hides("Disk full");
    ana.get("/incidents?q=inc-3")
        .await
        .shows("Queue is long")
        .hides("Disk full");
    ana.get("/incidents?q=disk%20full")
        .await
        .shows("Disk full")
        .hides("Queue is long");
    ana.get("/incidents?q=100%25")
        .await
        .shows("No incident matches these filters.");
    ana.get("/incidents?service=checkout&mine=yes")
        .await
        .shows("Disk full");
    ana.get("/incidents?service=gone&state=all")
        .await
        .hides("Disk full");
    ana.get("/incidents?severity=SEV1").await.hides("Disk full");
    ana.get("/incidents?page=7").await.hides("Disk full");
    let newest = ana.get("/incidents?sort=newest").await;
    let place = |text: &str| newest.body.find(text).unwrap();
    assert!(place("Queue is long") < place("Checkout is down"));
    assert!(place("Checkout is down") < place("Disk full"));

    // Several at once; what refuses is named.
    ana.fill("/incidents/3", "/incidents/3/resolve", &[]).await;
    let fields = [
        ("do", "acknowledge"),
        ("number", "1"),
        ("number", "3"),
        ("number", "99"),
        ("next", "/incidents?state=all"),
    ];
    let after = ana.fill("/incidents", "/incidents/bulk", &fields).await;
    after
        .shows("1 incident acknowledged.")
        .shows("INC-0003: the incident is resolved");
    after.shows("INC-0099: there is no such incident");
    let fields = [
        ("do", "resolve"),
        ("number", "1"),
        ("number", "2"),
        ("next", "//evil.example"),
    ];
    let page = ana.get("/incidents").await;
    let sent = ana.post(&page, "/incidents/bulk", &fields).await;
    assert_eq!(sent.leads_to, "/", "only pages of this site");
    assert_eq!(house.incident(2).await.paging, PagingState::Resolved);
    // What is back is opened again, with a reason.
    let over = ana.get("/incidents/3").await;
    assert!(over.offers("/incidents/3/phase"));
    let fields = [("phase", "triage"), ("reason", "It is back")];
    ana.fill("/incidents/3", "/incidents/3/phase", &fields)
        .await
        .shows("It is back");
    assert_eq!(house.incident(3).await.paging, PagingState::Triggered);
});

#[actix_web::test]
async fn declaring_keeps_what_was_typed() {
    let house = House::on_sqlite().await;
    let ana = house.ana().await;
    house.checkout(&ana).await;
    let form = ana.get("/incidents/new?service=checkout").await;
    assert!(
        form.body.contains("selected>Checkout</option>"),
        "the service is chosen"
    );
    let fields = [
        ("title", "  "),
        ("severity", "SEV1"),
        ("urgency", "low"),
        ("description", "Since **noon**"),
    ];
    let refused = ana.post(&form, "/incidents", &fields).await;
    assert_eq!(refused.status, 422);
    refused
        .shows("Say in a few words what is wrong.")
        .shows("Since **noon**");
    assert!(
        refused.body.contains("value=\"SEV1\" checked"),
        "the severity is kept"
    );
    assert!(
        refused.body.contains("value=\"low\" checked"),
        "the urgency is kept"
    );
    let fields = [
        ("title", "Cards are declined"),
        ("severity", "SEV1"),
        ("urgency", "high"),
        ("description", "Since **noon**"),
        ("command", "yes"),
    ];
    let page = ana.fill("/incidents/new", "/incidents", &fields).await;
    page.shows("Declared. You are the commander.")
        .shows("SEV1")
        .shows("Since noon");
    page.shows("Next update in");
    // Without a service nobody is paged.
    page.shows("Nobody has been paged yet.");
    // Without a severity it is opened, and can be declared later.
    let fields = [
        ("title", "Something is odd"),
        ("severity", ""),
        ("urgency", "high"),
    ];
    let page = ana.fill("/incidents/new", "/incidents", &fields).await;
    assert!(page.offers("/incidents/2/declare"));
}

#[actix_web::test]
async fn refusals_say_why_and_lose_nothing() {
    let house = House::on_sqlite().await;
    let ana = house.ana().await;
    let fields = [
        ("title", "Cards are declined"),
        ("severity", "SEV2"),
        ("urgency", "high"),
    ];
    ana.fill("/incidents/new", "/incidents", &fields).await;
    let page = ana.get("/incidents/1").await;

    let long = "x".repeat(20_001);
    let refused = ana
        .post(&page, "/incidents/1/note", &[("body", &long)])
        .await;
    assert_eq!(refused.status, 422);
    refused
        .shows("longer than 20000 characters")
        .shows(&long[..100]);

    let fields = [
        ("body", "Since {{started}} it burns"),
        ("phase", "monitoring"),
        ("do", "publish"),
    ];
    let refused = ana.post(&page, "/incidents/1/updates", &fields).await;
    assert_eq!(refused.status, 422);
    refused
        .shows("Fill in or remove {{started}}")
        .shows("Since {{started}} it burns");
    assert_eq!(
        house.incident(1).await.phase.as_str(),
        "investigating",
        "nothing half done"
    );

    let fields = [("body", "It *burns*"), ("do", "preview")];
    let shown = ana.post(&page, "/incidents/1/updates", &fields).await;
    assert_eq!(shown.status, 200);
    assert!(shown.body.contains("<em>burns</em>"));
    shown.shows("No update yet.");

    let refused = ana
        .post(&page, "/incidents/1/severity", &[("severity", "SEV1")])
        .await;
    assert_eq!(refused.status, 422);
    refused.shows("Changing the severity needs a reason.");
    let refused = ana
        .post(&page, "/incidents/1/reassign", &[("target", "team:1")])
        .await;
    assert_eq!(refused.status, 422);
    refused.shows("Choose a person or a policy.");
    let refused = ana
        .post(&page, "/incidents/1/reassign", &[("target", "user:424242")])
        .await;
    assert_eq!(refused.status, 422);
    refused.shows("There is no such person.");

    // Buttons lead back with the sentence.
    let after = ana
        .fill("/incidents/1", "/incidents/1/snooze", &[("minutes", "0")])
        .await;
    after.shows("A snooze lasts between 1 minute and 7 days.");
    ana.fill(
        "/incidents/1",
        "/incidents/1/resolve",
        &[("note", "It was DNS")],
    )
    .await
    .shows("It was DNS");
    let after = ana.fill("/incidents/1", "/incidents/1/resolve", &[]).await;
    after.shows("The incident is already resolved.");
    // Undoing a resolution is reopening it.
    let fields = [
        ("phase", "investigating"),
        ("reason", "Resolved by mistake"),
    ];
    ana.fill("/incidents/1", "/incidents/1/phase", &fields)
        .await
        .shows("Resolved by mistake");
    assert!(house.incident(1).await.is_open());

    // What does not exist is not there, whoever asks how.
    assert_eq!(ana.get("/incidents/99").await.status, 404);
    assert_eq!(ana.get("/incidents/none").await.status, 404);
    assert_eq!(
        ana.post(&page, "/incidents/99/acknowledge", &[])
            .await
            .status,
        404
    );
    assert_eq!(
        ana.post(&page, "/incidents/1/roles/king/claim", &[])
            .await
            .status,
        404
    );
    // Without the page's token nothing is done.
    let forged = ana.post_without_token("/incidents/1/resolve", &[]).await;
    assert_eq!(forged.status, 403);
    assert!(house.incident(1).await.is_open());
}

#[actix_web::test]
async fn observers_see_everything_and_change_nothing() {
    let house = House::on_sqlite().await;
    let ana = house.ana().await;
    let key = house.checkout(&ana).await;
    house
        .signal(&key, Action::Trigger, "k1", "Checkout is down")
        .await;
    let olga = house.invite(&ana, "Olga", "observer").await;
    let page = olga.get("/incidents/1").await;
    page.shows("Checkout is down").shows("You are an observer");
    assert!(
        !page.body.contains("action=\"/incidents/1/"),
        "no form is offered"
    );
    for path in [
        "acknowledge",
        "resolve",
        "note",
        "declare",
        "roles/scribe/claim",
    ] {
        let path = format!("/incidents/1/{path}");
        let fields = [("body", "x"), ("severity", "SEV1")];
        assert_eq!(olga.post(&page, &path, &fields).await.status, 403, "{path}");
    }
    assert_eq!(olga.get("/incidents/new").await.status, 403);
    assert_eq!(house.incident(1).await.paging, PagingState::Triggered);
    // Addresses of others are not theirs to see in full.
    olga.get("/incidents/1")
        .await
        .hides("ana@example.com")
        .shows("a•••@example.com");
}

#[actix_web::test]
async fn many_alerts_come_in_parts() {
    let house = House::on_sqlite().await;
    let ana = house.ana().await;
    let key = house.checkout(&ana).await;
    let mut signals = Vec::new();
    for n in 0..120 {
        let text = format!("Alert number {n:03}");
        let mut signal = domain::signal::Signal::new(Action::Trigger, format!("k{n}"), text);
        signal.group_key = Some("all".into());
        signals.push(signal);
    }
    // The service groups by nothing; a storm of its own grouping is made by hand.
    let page = ana.get("/services/checkout/edit").await;
    let fields = [
        ("name", "Checkout"),
        ("slug", "checkout"),
        ("urgency", "high"),
        ("grouping", "group_key"),
        ("auto_resolve", "yes"),
        ("reopen_window", "5"),
    ];
    let after = ana.post(&page, "/services/checkout", &fields).await;
    assert_eq!(after.status, 303, "{}", after.text());
    house.signals(&key, signals).await;
    let first = ana.get("/incidents/1").await;
    first
        .shows("Alerts 120")
        .shows("Dedup key k119")
        .hides("Dedup key k19");
    first.shows("1–100 of 120");
    let second = ana.get("/incidents/1?alerts=2").await;
    second
        .shows("Dedup key k19")
        .hides("Dedup key k119")
        .shows("101–120 of 120");
    // The live parts show the same alerts.
    assert!(
        second
            .body
            .contains("hx-get=\"/incidents/1/timeline?alerts=2\"")
    );
    let live = ana.get("/incidents/1/timeline?alerts=2&after=0").await;
    assert_eq!(live.status, 200);
    live.shows("Dedup key k19");
    assert!(
        live.body
            .contains("id=\"incident-state\" hx-swap-oob=\"true\"")
    );
    // What becomes of her page may be written down in between.
    testkit::eventually(PATIENCE, "that nothing is new", || async {
        let newest = house.newest_entry(1).await;
        let asked = format!("/incidents/1/timeline?after={newest}");
        let live = ana.get(&asked).await;
        (!live.body.contains("data-entry=")).then_some(())
    })
    .await;
}

#[actix_web::test]
async fn the_running_escalation_is_a_ladder() {
    let house = House::on_sqlite().await;
    let ana = house.ana().await;
    let me = house
        .engine
        .directory()
        .users
        .keys()
        .next()
        .copied()
        .unwrap();
    let policy = format!(
        "policies:\n  - slug: main\n    name: Main\n    steps:\n\
         \x20     - {{targets: [{{user: ana@example.com}}], wait: 5m}}\n\
         \x20     - {{targets: [{{user: ana@example.com}}], wait: 7m}}\n\
         services:\n  - slug: shop\n    name: Shop\n    policy: main\n    integrations:\n\
         \x20     - {{name: Monitor, kind: generic, key: {KEY}}}\n"
    );
    let ctx = engine::OpContext::user(
        me,
        domain::word::AccountRole::Admin,
        domain::word::Origin::Cli,
        house.engine.now(),
    );
    let manifest = engine::manifest::parse(&policy, &|_| None).unwrap();
    engine::manifest::apply(house.engine.store(), &ctx, manifest, false)
        .await
        .unwrap();
    house
        .signal(KEY, Action::Trigger, "k1", "The shop is closed")
        .await;
    let page = ana.get("/incidents/1").await;
    page.shows("What happens if nobody answers")
        .shows("Step 1 paged at")
        .shows("Step 2 next at");
    page.shows(": step 2, Ana.").shows("Waits 7 m.");
    page.shows("Step 1 of policy Main (v1) pages you by name.");
    // Ana can send it on at once, to a step by name.
    ana.fill("/incidents/1", "/incidents/1/escalate", &[("step", "2")])
        .await
        .shows("Escalated.");
    ana.get("/incidents/1")
        .await
        .shows("Step 2 paged at")
        .shows("Step 1 paged at");
    let page = ana
        .fill("/incidents/1", "/incidents/1/acknowledge", &[])
        .await;
    page.hides("What happens if nobody answers");
}

const KEY: &str = "laddertestladdertestladdertest00";

on_both!(
    a_refused_form_loses_nothing_and_leads_to_its_field,
    |house| {
        let ana = house.ana().await;
        let bo = house.bo(&ana).await;
        let key = house.checkout(&ana).await;
        house.signal(&key, Action::Trigger, "a", "Disk full").await;
        let page = ana.get("/incidents/1").await;
        // The alert stands before whom it pages: newest first, so further down.
        let place = |text: &str| {
            let timeline = page.body.split("id=\"timeline\"").nth(1).unwrap();
            timeline
                .find(text)
                .unwrap_or_else(|| panic!("no {text} in {timeline}"))
        };
        assert!(place("Disk full (") > place("last resort"));

        let leads = |page: &Page, id: &str| {
            assert_eq!(page.status, 422);
            assert!(page.body.contains(&format!("href=\"#{id}\"")), "{id}");
            assert!(page.body.contains(&format!(" id=\"{id}\"")), "{id}");
        };
        let refused = ana
            .post(&page, "/incidents/1/reassign", &[("target", "")])
            .await;
        leads(&refused, "f-reassign-target");
        let refused = ana.post(&page, "/incidents/1/note", &[("body", " ")]).await;
        leads(&refused, "f-note-body");
        let refused = ana
            .post(&page, "/incidents/1/title", &[("title", "  ")])
            .await;
        leads(&refused, "f-title-title");

        let fields = [("severity", "SEV2"), ("command", "yes")];
        let page = ana
            .fill("/incidents/1", "/incidents/1/declare", &fields)
            .await;
        let fields = [("body", ""), ("phase", "identified"), ("do", "publish")];
        let refused = ana.post(&page, "/incidents/1/updates", &fields).await;
        leads(&refused, "f-update-body");
        assert!(refused.body.contains("value=\"identified\" selected"));
        let fields = [("to", ""), ("brief", "It is the **disk**")];
        let path = "/incidents/1/roles/commander/handover";
        let refused = ana.post(&page, path, &fields).await;
        leads(&refused, "f-handover-commander-to");
        refused.shows("It is the **disk**");
        let page = bo.get("/incidents/1").await;
        let path = "/incidents/1/roles/commander/claim";
        let refused = bo.post(&page, path, &[("reason", "")]).await;
        assert!(refused.status == 422 || refused.leads_to == "/incidents/1");
    }
);

#[actix_web::test]
async fn an_entry_written_late_is_not_missed() {
    let house = House::on_sqlite().await;
    let ana = house.ana().await;
    let key = house.checkout(&ana).await;
    house.signal(&key, Action::Trigger, "a", "Disk full").await;
    ana.fill("/incidents/1", "/incidents/1/note", &[("body", "One")])
        .await;
    let entries = |page: &Page| page.body.matches("data-entry=").count();
    // What becomes of her page is written down meanwhile: asked until nothing comes between.
    let (count, nothing, all) = testkit::eventually(PATIENCE, "a quiet moment", || async {
        let newest = house.newest_entry(1).await;
        let count = entries(&ana.get("/incidents/1").await);
        let asked = |shown: usize| format!("/incidents/1/timeline?after={newest}&shown={shown}");
        let nothing = entries(&ana.get(&asked(count)).await);
        // The page lacks one although it has the newest id: another node wrote it late.
        let all = entries(&ana.get(&asked(count - 1)).await);
        (house.newest_entry(1).await == newest).then_some((count, nothing, all))
    })
    .await;
    assert_eq!((nothing, all), (0, count));
}
