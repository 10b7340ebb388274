//! The whole way through forms: set-up, page, answer, command, update, resolution, postmortem,
//! export.

use domain::word::{Action, PagingState, Phase};

use crate::on_both;

on_both!(the_whole_way, |house| {
    let ana = house.ana().await;
    let bo = house.bo(&ana).await;
    let key = house.checkout(&ana).await;

    // A new installation is calm and says what to do.
    ana.get("/")
        .await
        .shows("Nothing is on fire.")
        .shows("First steps");
    house
        .signal(
            &key,
            Action::Trigger,
            "k1",
            "Checkout fails for card payments",
        )
        .await;

    // The incident stands where people look, and Ana has been paged.
    let dashboard = ana.get("/").await;
    dashboard
        .shows("Checkout fails for card payments")
        .shows("1 open, 1 unacknowledged");
    ana.get("/incidents")
        .await
        .shows("Checkout fails for card payments")
        .shows("Open 1");
    let page = ana.get("/incidents/1").await;
    page.shows("INC-0001")
        .shows("Nobody has acknowledged.")
        .shows("People paged Ana");
    page.shows("The last resort pages you by name.")
        .shows("Why was I paged?");
    house
        .mail_to(&ana, "Checkout fails for card payments")
        .await;

    // Acknowledge.
    let page = ana
        .fill("/incidents/1", "/incidents/1/acknowledge", &[])
        .await;
    page.shows("Acknowledged. Paging has stopped.")
        .shows("Ana acknowledged");
    assert!(
        page.offers("/incidents/1/unacknowledge"),
        "it can be undone"
    );
    assert_eq!(house.incident(1).await.paging, PagingState::Acknowledged);

    // Declare and take command.
    let fields = [("severity", "SEV2"), ("command", "yes")];
    let page = ana
        .fill("/incidents/1", "/incidents/1/declare", &fields)
        .await;
    page.shows("Declared. You are the commander.")
        .shows("SEV2")
        .shows("Investigating");

    // Bo takes the scribe's role and is offered command; Ana's brief travels with it.
    bo.fill("/incidents/1", "/incidents/1/roles/scribe/claim", &[])
        .await
        .shows("Scribe is yours.");
    let page = ana.get("/incidents/1").await;
    let to = id_of(&page.body, "Bo");
    let fields = [("to", to.as_str()), ("brief", "Database is at **90 %**")];
    let page = ana
        .fill(
            "/incidents/1",
            "/incidents/1/roles/commander/handover",
            &fields,
        )
        .await;
    page.shows("The hand-over is proposed")
        .shows("Offered to Bo");
    let asked = bo.get("/incidents/1").await;
    asked
        .shows("Ana asks you to take Commander.")
        .shows("Database is at **90 %**");
    let accept = asked
        .body
        .split("action=\"")
        .skip(1)
        .filter_map(|part| part.split('"').next())
        .find(|action| action.ends_with("/accept"))
        .expect("the offer can be accepted")
        .to_owned();
    bo.fill("/incidents/1", &accept, &[])
        .await
        .shows("The role is yours.");

    // A status update that also moves the phase.
    let fields = [
        (
            "body",
            "Card payments fail in the EU. Next update in 30 min.",
        ),
        ("phase", "identified"),
        ("next_minutes", "30"),
        ("do", "publish"),
    ];
    let page = bo
        .fill("/incidents/1", "/incidents/1/updates", &fields)
        .await;
    page.shows("Update published.")
        .shows("Identified")
        .shows("Next update in");
    page.shows("Card payments fail in the EU.");
    assert_eq!(house.incident(1).await.phase, Phase::Identified);
    ana.fill(
        "/incidents/1",
        "/incidents/1/note",
        &[("body", "Rolled back *v42*")],
    )
    .await
    .shows("Note added.")
    .shows("Rolled back v42");

    // Resolve; a grave incident's postmortem begins by itself.
    let page = bo.fill("/incidents/1", "/incidents/1/resolve", &[]).await;
    page.shows("Resolved.").shows("by Bo");
    assert_eq!(house.incident(1).await.paging, PagingState::Resolved);
    let begun = page.offers("/incidents/1/postmortem");
    if begun {
        bo.fill("/incidents/1", "/incidents/1/postmortem", &[])
            .await;
    }

    // The postmortem knows what the incident knows.
    let page = bo.get("/postmortems/1").await;
    page.shows("Checkout fails for card payments")
        .shows("SEV2")
        .shows("Key moments");
    page.shows("Ana acknowledged");
    let page = bo.get("/postmortems/1?edit=impact").await;
    let revision = value_of(&page.body, "revision");
    let fields = [
        ("body", "1 200 payments failed.\n\n- Data lost: no"),
        ("revision", revision.as_str()),
        ("do", "save"),
    ];
    bo.fill(
        "/postmortems/1?edit=impact",
        "/postmortems/1/sections/impact",
        &fields,
    )
    .await
    .shows("1 200 payments failed.");
    let fields = [
        ("title", "Alert on failed card payments"),
        ("type", "detect"),
        ("priority", "P2"),
        ("owner", to.as_str()),
        ("due", "2030-01-31"),
        ("tracker", "https://tracker.example/7"),
    ];
    bo.fill("/postmortems/1", "/postmortems/1/actions", &fields)
        .await
        .shows("AI-1 Alert on failed card payments")
        .shows("due 2030-01-31");

    // The export is the file of the specification.
    let file = bo.get("/postmortems/1.md").await;
    let kind = file.headers.get("content-type").unwrap().to_str().unwrap();
    assert_eq!(kind, "text/markdown; charset=utf-8");
    let disposition = file
        .headers
        .get("content-disposition")
        .unwrap()
        .to_str()
        .unwrap();
    assert_eq!(
        disposition,
        "attachment; filename=\"INC-0001-checkout-fails-for-card-payments.postmortem.md\""
    );
    let parsed = testkit::postmortem::parse(&file.body);
    assert_eq!(parsed.front_matter["id"], "PM-0001");
    assert_eq!(parsed.front_matter["severity"], "SEV2");
    assert!(
        parsed
            .sections
            .iter()
            .any(|slug| slug == "contributing_factors")
    );
    assert!(
        file.body
            .contains("<!-- section: impact -->\n## Impact\n1 200 payments failed.")
    );
    assert!(file.body.contains("**AI-1** Alert on failed card payments"));
    ana.get("/postmortems")
        .await
        .shows("Checkout fails for card payments")
        .shows("1 of 1 actions open");
});

/// The id of the person whose option has this label.
pub fn id_of(body: &str, label: &str) -> String {
    let end = format!("\">{label}</option>");
    body.match_indices(&end)
        .map(|(at, _)| &body[body[..at].rfind('"').unwrap() + 1..at])
        .find(|value| value.parse::<i64>().is_ok())
        .expect("there is such an option")
        .to_owned()
}

/// The value of a hidden field.
pub fn value_of(body: &str, name: &str) -> String {
    let rest = body
        .split(&format!("name=\"{name}\" value=\""))
        .nth(1)
        .expect("there is a field");
    rest.split('"').next().unwrap().to_owned()
}
