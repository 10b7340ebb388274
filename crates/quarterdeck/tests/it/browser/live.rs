//! Live pages: what is new comes quietly, and nobody is left with an old page unawares.

use testkit::browser::Browser;

use super::session::Session;
use super::visitor::Visitor;
use super::{ADMIN, CHECKOUT_KEY, Demo, GATEWAY_KEY, PASSWORD};
use crate::database::Database;

#[tokio::test(flavor = "multi_thread")]
async fn news_waits_for_who_is_busy_and_a_lost_line_is_told() {
    let mut demo = Demo::start(Database::Sqlite).await;
    demo.signal(
        CHECKOUT_KEY,
        "trigger",
        "cards",
        "Checkout fails for card payments",
    )
    .await;
    let visitor = Visitor::start(Browser::desktop(), &demo.server).await;
    visitor.sign_in(ADMIN, PASSWORD).await;

    // Whoever selects rows is about to act on them: the list does not move.
    visitor.open("/incidents").await;
    visitor.tap("#list [name=number]").await;
    demo.signal(GATEWAY_KEY, "trigger", "bank", "The bank does not answer")
        .await;
    visitor.sees_in(".news-button", "1 new · show").await;
    let list = visitor.text_of("#list").await.unwrap();
    assert!(!list.contains("The bank does not answer"), "{list}");
    visitor.tap(".news-button").await;
    visitor.sees_in("#list", "The bank does not answer").await;

    // What is being typed is not swept away by what others do.
    visitor.open("/incidents/1").await;
    visitor.mark().await;
    visitor.write("#f-note-body", "Half a thought").await;
    let mut other = Session::sign_in(&demo.server, ADMIN, PASSWORD).await;
    other
        .fill("/incidents/1", "/incidents/1/acknowledge", &[])
        .await;
    visitor
        .sees_in("#incident-state", "Ada Admin acknowledged")
        .await;
    let typed: String = visitor
        .value("document.querySelector('#f-note-body').value")
        .await;
    assert_eq!(typed, "Half a thought");

    // The server goes and comes back.
    demo.server.kill_9();
    visitor.sees_in("#lost", "The connection is lost.").await;
    demo.server.start().await;
    visitor
        .waits_for("!document.querySelector('#lost').checkVisibility()")
        .await;
    other
        .fill(
            "/incidents/1",
            "/incidents/1/note",
            &[("body", "Back again.")],
        )
        .await;
    visitor.sees_in("#timeline", "Back again.").await;
    assert!(
        visitor.is_marked().await,
        "the page mended itself without a reload"
    );
    visitor.browser.quit().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_done_by_mistake_is_undone_for_ten_seconds() {
    let demo = Demo::start(Database::Sqlite).await;
    demo.signal(CHECKOUT_KEY, "trigger", "cards", "Checkout fails")
        .await;
    let visitor = Visitor::start(Browser::desktop(), &demo.server).await;
    visitor.sign_in(ADMIN, PASSWORD).await;
    visitor.open("/incidents/1").await;

    visitor.press("a").await;
    visitor.sees("Acknowledged. Paging has stopped.").await;
    visitor.tap("form[data-undo] button").await;
    visitor.sees("Un-acknowledged.").await;
    visitor
        .sees_in("#incident-state", "Nobody has acknowledged.")
        .await;

    visitor.tap("form[action$='/resolve'] button").await;
    visitor.sees_in("#incident-state", "by Ada Admin").await;
    visitor.tap("form[data-undo] button").await;
    visitor
        .sees_in("#incident-state", "Nobody has acknowledged.")
        .await;

    // Nobody who comes back to the page later undoes by a slip.
    visitor.press("a").await;
    visitor.find("form[data-undo]").await;
    let shown: f64 = visitor.value("performance.now()").await;
    visitor
        .waits_for("document.querySelector('form[data-undo]') === null")
        .await;
    let gone: f64 = visitor.value("performance.now()").await;
    assert!(shown < gone && gone > 10_000.0, "{shown} … {gone}");
    visitor.browser.assert_quiet_console().await;
    visitor.browser.quit().await;
}
