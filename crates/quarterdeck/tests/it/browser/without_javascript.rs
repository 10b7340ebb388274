//! The same way with JavaScript off: on a locked-down machine or a line too bad for scripts.

use testkit::browser::Browser;

use super::visitor::Visitor;
use super::{ADMIN, CHECKOUT_KEY, Demo, PASSWORD};
use crate::database::Database;

const TITLE: &str = "Checkout fails for card payments";

#[tokio::test(flavor = "multi_thread")]
async fn the_main_path_works_without_javascript() {
    let demo = Demo::start(Database::Sqlite).await;
    demo.signal(CHECKOUT_KEY, "trigger", "cards", TITLE).await;
    let visitor = Visitor::start(Browser::desktop().without_javascript(), &demo.server).await;
    visitor.sign_in(ADMIN, PASSWORD).await;
    let scripted: bool = visitor
        .value("document.documentElement.classList.contains('scripted')")
        .await;
    assert!(!scripted, "no script runs");
    visitor.follow(TITLE).await;
    visitor.tap("#incident-actions .act.btn-primary").await;
    visitor.sees("Acknowledged. Paging has stopped.").await;

    visitor.tap("#more > summary").await;
    visitor.choose("#f-declare-severity", "SEV2").await;
    visitor.tap("form[action$='/declare'] button").await;
    visitor.sees_in(".seat:first-child", "Ada Admin").await;

    // A preview is a page of its own, with the text still in the form.
    visitor
        .write("#f-update-body", "Card payments fail in the **EU**.")
        .await;
    visitor.tap(".update-form [value=preview]").await;
    visitor
        .sees_in("[data-preview-of='f-update-body'] strong", "EU")
        .await;
    assert_eq!(
        visitor.text_of("#f-update-body").await.unwrap(),
        "Card payments fail in the **EU**."
    );
    visitor.tap(".update-form [value=publish]").await;
    visitor
        .sees_in(".updates", "Card payments fail in the EU.")
        .await;
    visitor.write("#f-note-body", "Rolled back.").await;
    visitor.tap(".note-form button").await;
    visitor.sees_in("#timeline", "Rolled back.").await;

    visitor.tap("form[action$='/resolve'] button").await;
    visitor.sees_in("#incident-state", "by Ada Admin").await;
    visitor.follow("Postmortem").await;
    visitor.tap("a[href^='/postmortems/1?edit=impact']").await;
    visitor.write("#f-body", "1 200 payments *failed*.").await;
    visitor.tap("[data-preview='f-body']").await;
    visitor
        .sees_in("[data-preview-of='f-body'] em", "failed")
        .await;
    visitor.tap("form[action*='/sections/'] [value=save]").await;
    visitor
        .sees_in("#impact .markdown", "1 200 payments failed.")
        .await;
    visitor
        .write("#f-action-title", "Watch the dates of certificates")
        .await;
    visitor
        .tap("form[action='/postmortems/1/actions'] button")
        .await;
    visitor
        .sees_in("#actions", "AI-1 Watch the dates of certificates")
        .await;

    // The theme is chosen and remembered by a form, too.
    visitor.tap(".top .theme summary").await;
    visitor.tap(".top .theme [value=dark]").await;
    visitor
        .waits_for("document.documentElement.dataset.bsTheme === 'dark'")
        .await;
    visitor.tap(".side-out button").await;
    visitor.find("#f-password").await;
    visitor.browser.quit().await;
}
