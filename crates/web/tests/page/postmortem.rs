//! Editing postmortems: preview, two people at once, status, moments, actions.

use crate::house::{House, Visitor};
use crate::journey::{id_of, value_of};
use crate::on_both;

/// A resolved incident with a postmortem.
async fn written(ana: &Visitor) {
    let fields = [
        ("title", "Cards are declined"),
        ("severity", "SEV3"),
        ("urgency", "high"),
    ];
    ana.fill("/incidents/new", "/incidents", &fields).await;
    let page = ana.get("/incidents/1").await;
    // Looking back is for what is over.
    let early = ana.post(&page, "/incidents/1/postmortem", &[]).await;
    assert_eq!(early.leads_to, "/incidents/1");
    ana.get("/incidents/1")
        .await
        .shows("Resolve the incident first");
    let page = ana.fill("/incidents/1", "/incidents/1/resolve", &[]).await;
    assert!(page.offers("/incidents/1/postmortem"));
    let page = ana
        .fill("/incidents/1", "/incidents/1/postmortem", &[])
        .await;
    page.shows("The postmortem has begun").shows("Draft");
    let page = ana.get("/incidents/1").await;
    assert!(page.body.contains("href=\"/postmortems/1\""));
    let again = ana.post(&page, "/incidents/1/postmortem", &[]).await;
    assert_eq!(again.leads_to, "/postmortems/1", "there is one already");
}

on_both!(two_people_who_save_at_once_see_both_texts, |house| {
    let ana = house.ana().await;
    let bo = house.bo(&ana).await;
    written(&ana).await;
    let mine = ana.get("/postmortems/1?edit=lessons").await;
    let theirs = bo.get("/postmortems/1?edit=lessons").await;
    let revision = value_of(&mine.body, "revision");
    let path = "/postmortems/1/sections/lessons";
    let fields = [
        ("body", "Bo's lesson"),
        ("revision", revision.as_str()),
        ("do", "save"),
    ];
    assert_eq!(bo.post(&theirs, path, &fields).await.status, 303);
    let fields = [
        ("body", "Ana's lesson"),
        ("revision", revision.as_str()),
        ("do", "save"),
    ];
    let conflict = ana.post(&mine, path, &fields).await;
    assert_eq!(conflict.status, 409);
    conflict.shows("Bo saved this section while you wrote.");
    conflict.shows("Bo's lesson").shows("Ana's lesson");
    // Having seen both, Ana saves hers.
    let seen = conflict
        .body
        .split(&format!("action=\"{path}\""))
        .nth(1)
        .map(|form| value_of(form, "revision"))
        .unwrap();
    assert_ne!(seen, revision);
    let fields = [
        ("body", "Both lessons"),
        ("revision", seen.as_str()),
        ("do", "save"),
    ];
    assert_eq!(ana.post(&conflict, path, &fields).await.status, 303);
    ana.get("/postmortems/1").await.shows("Both lessons");
});

#[actix_web::test]
async fn a_preview_stores_nothing() {
    let house = House::on_sqlite().await;
    let ana = house.ana().await;
    written(&ana).await;
    let page = ana.get("/postmortems/1?edit=lessons").await;
    let revision = value_of(&page.body, "revision");
    let path = "/postmortems/1/sections/lessons";
    let fields = [
        ("body", "Went *well*"),
        ("revision", revision.as_str()),
        ("do", "preview"),
    ];
    let shown = ana.post(&page, path, &fields).await;
    assert_eq!(shown.status, 200);
    assert!(shown.body.contains("<em>well</em>") && shown.body.contains("Went *well*"));
    ana.get("/postmortems/1").await.hides("Went well");
    let unknown = ana
        .post(&page, "/postmortems/1/sections/none", &fields[2..])
        .await;
    assert!(unknown.status == 200 || unknown.status == 404);
    assert_eq!(ana.get("/postmortems/9").await.status, 404);
    assert_eq!(ana.get("/postmortems/9.md").await.status, 404);
}

#[actix_web::test]
async fn the_way_to_closed_moments_and_actions() {
    let house = House::on_sqlite().await;
    let ana = house.ana().await;
    let bo = house.bo(&ana).await;
    written(&ana).await;

    // Key moments: set, refused, given back.
    let fields = [("moment", "impact_started"), ("at", "2026-01-05T09:00")];
    let page = ana
        .fill("/postmortems/1", "/postmortems/1/moments", &fields)
        .await;
    page.shows("Key moment set.").shows("set by Ana");
    let fields = [("moment", "impact_started"), ("at", "2999-01-05T09:00")];
    let refused = ana.post(&page, "/postmortems/1/moments", &fields).await;
    assert_eq!(refused.status, 422);
    refused.shows("lies in the future");
    assert!(
        refused
            .body
            .contains("id=\"f-impact_started-at\" name=\"at\" value=\"2999-01-05T09:00\""),
        "what was typed is kept"
    );
    let skipped = [("moment", "impact_started"), ("at", "2025-03-30T02:30")];
    ana.fill("/postmortems/1", "/postmortems/1/moments", &skipped)
        .await
        .shows("02:30 does not exist on 30 March 2025 in Europe/Berlin");
    let fields = [("moment", "impact_started"), ("at", "")];
    ana.fill("/postmortems/1", "/postmortems/1/moments", &fields)
        .await
        .hides("set by Ana");

    // Owner and actions.
    let to = id_of(&page.body, "Bo");
    ana.fill("/postmortems/1", "/postmortems/1/owner", &[("owner", &to)])
        .await
        .shows("Owner set.");
    let fields = [
        ("title", "Add a check"),
        ("type", "prevent"),
        ("priority", "P0"),
    ];
    let page = ana.get("/postmortems/1").await;
    let refused = ana.post(&page, "/postmortems/1/actions", &fields).await;
    assert_eq!(refused.status, 422);
    refused.shows("A P0 action needs an owner.");
    assert!(
        refused.body.contains("value=\"Add a check\""),
        "what was typed is kept"
    );
    let fields = [
        ("title", "Add a check"),
        ("type", "prevent"),
        ("priority", "P0"),
        ("owner", to.as_str()),
    ];
    ana.fill("/postmortems/1", "/postmortems/1/actions", &fields)
        .await
        .shows("AI-1 Add a check");
    let page = ana.get("/postmortems/1").await;
    let refused = ana
        .post(&page, "/postmortems/1/actions/1", &[("status", "wont_do")])
        .await;
    assert_eq!(refused.status, 422);
    refused.shows("Say why it will not be done.");
    assert!(
        refused.body.contains("href=\"#f-AI-1-reason\"")
            && refused.body.contains("id=\"f-AI-1-reason\""),
        "the summary leads to the field"
    );
    assert!(
        refused.body.contains("value=\"wont_do\" selected"),
        "what was chosen is kept"
    );
    let fields = [("status", "wont_do"), ("reason", "The service goes away")];
    ana.fill("/postmortems/1", "/postmortems/1/actions/1", &fields)
        .await
        .shows("Won't do");

    // Review, approval by somebody else, publication; then it is read-only.
    let step = async |who: &Visitor, status: &str, reason: &str| {
        let page = who.get("/postmortems/1").await;
        let revision = value_of(&page.body, "revision");
        let fields = [
            ("status", status),
            ("revision", revision.as_str()),
            ("reason", reason),
        ];
        who.post(&page, "/postmortems/1/status", &fields).await
    };
    assert_eq!(step(&ana, "in_review", "").await.status, 303);
    let own = step(&ana, "approved", "").await;
    assert_eq!(own.status, 422);
    own.shows("Somebody else than its only author must approve.");
    assert_eq!(step(&bo, "approved", "").await.status, 303);
    assert_eq!(step(&ana, "published", "").await.status, 303);
    let page = ana.get("/postmortems/1?edit=lessons").await;
    page.shows("Published");
    assert!(
        !page.body.contains("<textarea"),
        "published ones are read-only"
    );
    let fields = [("body", "x"), ("revision", "1"), ("do", "save")];
    let refused = ana
        .post(&page, "/postmortems/1/sections/lessons", &fields)
        .await;
    assert_eq!(refused.status, 422);
    refused.shows("read-only");
    assert_eq!(step(&ana, "draft", " ").await.status, 422);
    assert_eq!(step(&ana, "draft", "New facts").await.status, 303);
    ana.get("/postmortems?status=draft&q=cards")
        .await
        .shows("Cards are declined");
    ana.get("/postmortems?status=closed")
        .await
        .hides("Cards are declined");
}

on_both!(timeline_actions_and_hints_are_worked_on, |house| {
    let ana = house.ana().await;
    let key = house.checkout(&ana).await;
    written(&ana).await;
    // A note of the other incident is of another timeline.
    house
        .signal(&key, domain::word::Action::Trigger, "k", "Disk full")
        .await;
    let foreign = house.newest_entry(2).await.to_string();

    let page = ana.get("/postmortems/1?choose=timeline").await;
    page.shows("The document shows what is ticked");
    let entries: Vec<String> = page
        .body
        .split("name=\"entry\" value=\"")
        .skip(1)
        .map(|rest| rest.split('"').next().unwrap().to_owned())
        .collect();
    assert!(entries.len() > 1, "{entries:?}");
    let path = "/postmortems/1/timeline";
    let refused = ana.post(&page, path, &[("entry", &foreign)]).await;
    assert_eq!(refused.status, 422);
    refused.shows("not of this incident's timeline");
    let one = [("entry", entries[0].as_str())];
    let page = ana.fill("/postmortems/1", path, &one).await;
    assert_eq!(page.body.matches("id=\"entry-").count(), 1);

    // The incident goes on; the document is filled in again.
    let moment = [("moment", "mitigated"), ("at", "2026-01-05T09:00")];
    ana.fill("/postmortems/1", "/postmortems/1/moments", &moment)
        .await;
    let page = ana
        .fill("/postmortems/1", "/postmortems/1/refill", &[])
        .await;
    page.shows("Filled in again from the incident.");
    assert!(page.body.matches("id=\"entry-").count() > 1);

    // What is said of an action is rewritten; what was typed survives a refusal.
    let action = [
        ("title", "Add a check"),
        ("type", "prevent"),
        ("priority", "P2"),
        ("done_test", "A locked table is refused"),
    ];
    ana.fill("/postmortems/1", "/postmortems/1/actions", &action)
        .await
        .shows("Done when: A locked table is refused");
    let page = ana.get("/postmortems/1?action=1").await;
    assert!(page.body.contains("id=\"f-edit-1-title\""));
    assert!(page.body.contains("value=\"A locked table is refused\""));
    let path = "/postmortems/1/actions/1/edit";
    let no_owner = [
        ("title", "Add two checks"),
        ("type", "detect"),
        ("priority", "P0"),
    ];
    let refused = ana.post(&page, path, &no_owner).await;
    assert_eq!(refused.status, 422);
    refused.shows("A P0 action needs an owner.");
    assert!(refused.body.contains("href=\"#f-edit-1-owner\""));
    assert!(refused.body.contains("value=\"Add two checks\""));
    let better = [
        ("title", "Add two checks"),
        ("type", "detect"),
        ("priority", "P2"),
    ];
    ana.fill("/postmortems/1", path, &better)
        .await
        .shows("AI-1 Add two checks")
        .hides("Done when:");

    // Timeline and actions have words of their own; hints stand with the section.
    let page = ana.get("/postmortems/1?edit=action_items").await;
    let revision = revision_of(&page.body, "action_items");
    let fields = [
        ("body", "They were agreed with the **database** team."),
        ("revision", revision.as_str()),
        ("do", "save"),
    ];
    ana.fill(
        "/postmortems/1",
        "/postmortems/1/sections/action_items",
        &fields,
    )
    .await
    .shows("agreed with the database team");
    let page = ana.get("/postmortems/1?edit=what_happened").await;
    let revision = revision_of(&page.body, "what_happened");
    let fields = [
        ("body", "Obviously nobody looked."),
        ("revision", revision.as_str()),
        ("do", "save"),
    ];
    let page = ana
        .fill(
            "/postmortems/1",
            "/postmortems/1/sections/what_happened",
            &fields,
        )
        .await;
    page.shows("to look at again").shows("hindsight");
});

/// The revision that the editor of a section starts from.
fn revision_of(body: &str, slug: &str) -> String {
    let form = body.split(&format!("/sections/{slug}\"")).nth(1);
    value_of(form.expect("there is an editor"), "revision")
}
