//! From the first signal to the downloaded postmortem, as people see it.

use reqwest::StatusCode;
use reqwest::header::CONTENT_DISPOSITION;
use testkit::browser::Browser;

use super::session::Session;
use super::visitor::Visitor;
use super::{ADMIN, CHECKOUT_KEY, Demo, GATEWAY_KEY, PASSWORD};
use crate::database::Database;
use crate::house::{BINARY, COMPANY, House, SOON, answer_link};

const BO: &str = "bo@example.com";
const TITLE: &str = "Checkout fails for card payments";

#[tokio::test(flavor = "multi_thread")]
async fn from_the_signal_to_the_postmortem_on_sqlite() {
    from_the_signal_to_the_postmortem(Database::Sqlite).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn from_the_signal_to_the_postmortem_on_postgresql() {
    from_the_signal_to_the_postmortem(Database::postgres()).await;
}

async fn from_the_signal_to_the_postmortem(database: Database) {
    let demo = Demo::start(database).await;
    let visitor = Visitor::start(Browser::desktop(), &demo.server).await;

    // Whoever is not signed in is led to the form, which tells a newcomer the demo's account.
    visitor.open("/").await;
    assert_eq!(visitor.place().await.split('?').next(), Some("/sign-in"));
    visitor.sees(PASSWORD).await;
    visitor.sign_in(ADMIN, PASSWORD).await;
    visitor.sees("Nothing is on fire.").await;

    appears_by_itself(&demo, &visitor).await;
    let mut bo = answer(&demo, &visitor).await;
    command(&visitor, &mut bo).await;
    resolve(&visitor).await;
    write_postmortem(&visitor).await;
    download(&demo, &visitor).await;

    visitor.browser.assert_quiet_console().await;
    visitor.tap(".side-out button").await;
    visitor.find("#f-password").await;
    visitor.browser.quit().await;
}

/// Incidents come onto the open dashboard and the open list.
async fn appears_by_itself(demo: &Demo, visitor: &Visitor) {
    visitor.mark().await;
    demo.signal(CHECKOUT_KEY, "trigger", "cards", TITLE).await;
    visitor.sees_in("#open", TITLE).await;
    visitor.sees_in("#watch", "1 open, 1 unacknowledged").await;
    assert!(visitor.is_marked().await, "the dashboard was loaded anew");

    visitor.open("/incidents").await;
    visitor.sees_in("#list", TITLE).await;
    visitor.mark().await;
    demo.signal(GATEWAY_KEY, "trigger", "bank", "The bank does not answer")
        .await;
    visitor.sees_in("#list", "The bank does not answer").await;
    assert!(visitor.is_marked().await, "the list was loaded anew");
    visitor.follow(TITLE).await;
}

/// Who was paged and why; a colleague's note comes in live; acknowledged.
async fn answer(demo: &Demo, visitor: &Visitor) -> Session {
    visitor.sees_in("#incident-state", "INC-0001").await;
    visitor
        .sees_in("#incident-state", "Nobody has acknowledged.")
        .await;
    visitor.sees_in("#incident-people", "Ana Ferreira").await;
    visitor.sees_in("#incident-alerts", "shop-1").await;

    demo.let_in(BO).await;
    let mut bo = Session::sign_in(&demo.server, BO, PASSWORD).await;
    visitor.mark().await;
    bo.fill(
        "/incidents/1",
        "/incidents/1/note",
        &[("body", "I look at the *gateway*.")],
    )
    .await;
    visitor.sees_in("#timeline", "I look at the gateway.").await;

    // Step 2 is due 30 s after the signal: the page tells who comes next.
    visitor.tap("#incident-actions .act.btn-primary").await;
    visitor.sees("Acknowledged. Paging has stopped.").await;
    visitor
        .sees_in("#incident-state", "Ada Admin acknowledged")
        .await;
    visitor.sees_in("#watch", "2 open, 1 unacknowledged").await;
    bo
}

/// Declared, commanded, handed over, told about.
async fn command(visitor: &Visitor, bo: &mut Session) {
    visitor.tap("#more > summary").await;
    visitor.choose("#f-declare-severity", "SEV2").await;
    visitor.tap("form[action$='/declare'] [name=command]").await;
    visitor.tap("form[action$='/declare'] button").await;
    visitor.sees_in("#incident-state", "SEV2").await;
    visitor.sees_in("#incident-state", "Investigating").await;

    let claim = "form[action='/incidents/1/roles/commander/claim'] button";
    visitor.tap(claim).await;
    visitor.sees_in(".seat:first-child", "Ada Admin").await;

    visitor.tap(".seat:first-child summary").await;
    visitor
        .choose_words("#f-handover-commander-to", "Bo Lindqvist")
        .await;
    visitor
        .write("#f-handover-commander-brief", "The gateway is at 90 %.")
        .await;
    visitor
        .tap("form[action$='/commander/handover'] button")
        .await;
    visitor
        .sees_in(".seat:first-child", "Offered to Bo Lindqvist")
        .await;
    visitor.mark().await;
    let asked = bo.get("/incidents/1").await;
    assert!(
        asked.body.contains("Ada Admin asks you to take Commander."),
        "{}",
        asked.body
    );
    assert!(asked.body.contains("The gateway is at 90 %."));
    let accept = asked.action("/accept").expect("the offer can be accepted");
    bo.fill("/incidents/1", &accept, &[]).await;
    visitor
        .sees_in(".seat:first-child .seat-name", "Bo Lindqvist")
        .await;
    assert!(visitor.is_marked().await, "the incident was loaded anew");

    visitor
        .write("#f-update-body", "Card payments fail in the **EU**.")
        .await;
    visitor.choose("#f-update-phase", "identified").await;
    visitor.choose("#f-update-next_minutes", "30").await;
    visitor.tap("[data-preview='f-update-body']").await;
    visitor
        .sees_in("[data-preview-of='f-update-body'] strong", "EU")
        .await;
    visitor.tap(".update-form [value=publish]").await;
    visitor.sees("Update published.").await;
    visitor
        .sees_in(".updates", "Card payments fail in the EU.")
        .await;
    visitor.sees_in("#incident-state", "Identified").await;
    visitor.sees_in("#incident-command", "Next update in").await;
    let left: String = visitor
        .value("document.querySelector('#f-update-body').value")
        .await;
    assert_eq!(left, "", "what was published is no draft any more");
}

/// Resolving a declared incident asks first.
async fn resolve(visitor: &Visitor) {
    visitor.tap("form[action$='/resolve'] button").await;
    visitor.sees_in("#sure", "Resolve INC-0001?").await;
    visitor.tap("#sure [value=no]").await;
    visitor.sees_in("#incident-state", "Open for").await;
    visitor.tap("form[action$='/resolve'] button").await;
    visitor.tap("#sure [value=yes]").await;
    visitor.sees_in("#incident-state", "by Ada Admin").await;
    visitor.follow("Postmortem").await;
}

/// A grave incident's postmortem has begun by itself; people write what only they know.
async fn write_postmortem(visitor: &Visitor) {
    assert_eq!(visitor.place().await, "/postmortems/1");
    visitor.sees("Key moments").await;
    let sections = [
        (
            "impact",
            "1 200 payments failed.\n\n| Country | Failed |\n|---|---|\n| DE | 900 |",
        ),
        (
            "what_happened",
            "A certificate ran out while **nobody** looked.",
        ),
    ];
    for (slug, text) in sections {
        visitor
            .tap(&format!("a[href='/postmortems/1?edit={slug}#{slug}']"))
            .await;
        visitor.write("#f-body", text).await;
        visitor.tap("[data-preview='f-body']").await;
        let shown = if slug == "impact" { "td" } else { "strong" };
        visitor
            .find(&format!("[data-preview-of='f-body'] {shown}"))
            .await;
        visitor.tap("form[action*='/sections/'] [value=save]").await;
        visitor.find(&format!("#{slug} .markdown {shown}")).await;
    }
    visitor
        .write("#f-action-title", "Watch the dates of certificates")
        .await;
    visitor.choose_words("#f-action-type", "detect").await;
    visitor.choose_words("#f-action-priority", "P1").await;
    visitor
        .choose_words("#f-action-owner", "Ana Ferreira")
        .await;
    visitor
        .find("#f-action-due")
        .await
        .send_keys("01312030")
        .await
        .unwrap();
    visitor
        .tap("form[action='/postmortems/1/actions'] button")
        .await;
    visitor
        .sees_in("#actions", "AI-1 Watch the dates of certificates")
        .await;
    visitor.sees_in("#actions", "due 2030-01-31").await;
}

/// The exported file, read by parsers that are not ours.
async fn download(demo: &Demo, visitor: &Visitor) {
    let link = visitor.find("a[download]").await;
    assert_eq!(link.text().await.unwrap().trim(), "Export Markdown");
    let path = link.attr("href").await.unwrap().unwrap();
    let cookie = visitor
        .browser
        .get_named_cookie("qd_session")
        .await
        .unwrap();
    let mut session = Session::guest(&demo.server);
    session.set_cookie("qd_session", &cookie.value);
    let reply = session.fetch(&path).await;
    assert_eq!(reply.status(), StatusCode::OK);
    assert_eq!(
        reply.headers()[CONTENT_DISPOSITION],
        "attachment; filename=\"INC-0001-checkout-fails-for-card-payments.postmortem.md\""
    );
    let file = reply.text().await.unwrap();
    let parsed = testkit::postmortem::parse(&file);
    assert_eq!(parsed.front_matter["schema"], "postmortem/v1");
    assert_eq!(parsed.front_matter["id"], "PM-0001");
    assert_eq!(parsed.front_matter["title"], TITLE);
    assert_eq!(parsed.front_matter["severity"], "SEV2");
    assert_eq!(parsed.front_matter["incidents"][0], "INC-0001");
    assert_eq!(parsed.front_matter["services"][0], "checkout");
    assert_eq!(parsed.headings[0].text, format!("PM-0001: {TITLE}"));
    for slug in [
        "summary",
        "impact",
        "what_happened",
        "timeline",
        "action_items",
    ] {
        assert!(
            parsed.sections.iter().any(|one| one == slug),
            "{slug}: {:?}",
            parsed.sections
        );
    }
    assert!(file.contains("| DE | 900 |"), "{file}");
    assert!(
        file.contains("- [ ] **AI-1** Watch the dates of certificates\n"),
        "{file}"
    );
    assert!(file.contains("  - due: 2030-01-31\n"), "{file}");
}

/// Woken by a mail, on a phone, not signed in.
#[tokio::test(flavor = "multi_thread")]
async fn a_link_of_a_mail_acknowledges_on_a_phone() {
    let house = House::open(Database::Sqlite, COMPANY).await;
    let visitor = Visitor::start(Browser::phone(), &house.server).await;
    house.trigger("disk", "The disk is full").await;
    let mail = house.smtp.wait_for(1, SOON).await.remove(0);
    let link = answer_link(&mail, &house.server.base_url);
    visitor.browser.goto(&link).await.unwrap();
    visitor.sees("The disk is full").await;
    visitor.sees("Triggered").await;
    assert_eq!(visitor.audit(true).await, Vec::<String>::new());
    let button = visitor.find("button[value=acknowledge]").await;
    assert_eq!(
        button.text().await.unwrap().trim(),
        "Acknowledge as Ana Ferreira"
    );
    let place = button.rect().await.unwrap();
    assert!(
        place.height >= 48.0 && place.y + place.height <= 844.0,
        "under the thumb: {place:?}"
    );
    assert_eq!(
        paging(&house),
        "triggered",
        "looking changes nothing: mail scanners look, too"
    );

    button.click().await.unwrap();
    visitor.sees("Paging has stopped.").await;
    assert_eq!(visitor.audit(true).await, Vec::<String>::new());
    assert_eq!(paging(&house), "acknowledged");
    visitor.browser.goto(&link).await.unwrap();
    visitor.sees("Acknowledged by Ana Ferreira.").await;
    // A forged link says that it does not hold, and why.
    visitor
        .browser
        .goto(format!("{}x", &link[..link.len() - 3]))
        .await
        .unwrap();
    visitor.find("h1").await;
    assert!(!visitor.has("button[value=acknowledge]").await);
    visitor.browser.quit().await;
}

fn paging(house: &House) -> String {
    house
        .rows("SELECT paging FROM incident")
        .remove(0)
        .remove(0)
}

/// A fresh installation asks for its administrator, keeps what was typed, and says what to do next.
#[tokio::test(flavor = "multi_thread")]
async fn a_fresh_installation_is_set_up_on_a_phone() {
    let server = testkit::Server::builder(BINARY).start().await;
    let visitor = Visitor::start(Browser::phone().zone("Asia/Kathmandu"), &server).await;
    visitor.open("/incidents").await;
    assert_eq!(visitor.place().await, "/setup");
    assert_eq!(visitor.audit(true).await, Vec::<String>::new());
    visitor.write("#f-name", "Nora Newcomer").await;
    visitor.write("#f-email", "nora@example.com").await;
    visitor.write("#f-password", "short").await;
    visitor.tap("main form button.btn-primary").await;
    visitor.find(".field-error").await;
    let name: String = visitor
        .value("document.querySelector('#f-name').value")
        .await;
    assert_eq!(name, "Nora Newcomer", "nothing typed is lost");
    let focused: bool = visitor
        .value("document.activeElement.matches('.summary')")
        .await;
    assert!(focused, "the summary of what is wrong is read first");
    // A refusal is no error of the page.
    let errors = visitor.browser.console_errors().await;
    assert!(
        errors.iter().all(|error| error.contains("422")),
        "{errors:?}"
    );

    visitor.write("#f-password", "a long enough password").await;
    visitor.tap("main form button.btn-primary").await;
    visitor.sees("First steps").await;
    visitor.sees("Nothing is on fire.").await;
    visitor.browser.assert_quiet_console().await;
    // Nobody can set it up a second time.
    visitor.open("/setup").await;
    assert!(!visitor.has("form[action='/setup']").await);
    visitor.browser.quit().await;
}
