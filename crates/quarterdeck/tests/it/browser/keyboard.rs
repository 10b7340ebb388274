//! Without a mouse: keys, the palette, and a focus that one can see and does not lose.

use testkit::browser::Browser;
use thirtyfour::Key;

use super::visitor::Visitor;
use super::{ADMIN, CHECKOUT_KEY, Demo, GATEWAY_KEY, PASSWORD};
use crate::database::Database;

#[tokio::test(flavor = "multi_thread")]
async fn keys_lead_everywhere_and_the_focus_is_never_lost() {
    let demo = Demo::start(Database::Sqlite).await;
    demo.signal(
        CHECKOUT_KEY,
        "trigger",
        "cards",
        "Checkout fails for card payments",
    )
    .await;
    demo.signal(GATEWAY_KEY, "trigger", "bank", "The bank does not answer")
        .await;
    let visitor = Visitor::start(Browser::desktop(), &demo.server).await;
    visitor.sign_in(ADMIN, PASSWORD).await;

    the_first_key_skips_the_navigation(&visitor).await;
    the_list_of_keys_gives_the_focus_back(&visitor).await;

    visitor.press("g i").await;
    visitor.find("#list").await;
    assert_eq!(visitor.place().await, "/incidents");
    visitor.press("j j k x").await;
    visitor.sees_in("#bulk", "1 selected").await;
    visitor.press_special(Key::Enter).await;
    visitor.find("#incident-state").await;
    visitor.press("n").await;
    let field: String = focused(&visitor, "id").await;
    assert_eq!(field, "f-note-body");
    // Letters are text where one writes.
    visitor.press("a g i").await;
    let written: String = visitor.value("document.activeElement.value").await;
    assert_eq!(written, "agi");
    visitor
        .value::<()>("document.activeElement.blur() ?? null")
        .await;
    visitor.press("a").await;
    visitor.sees("Acknowledged. Paging has stopped.").await;
    let kept: String = visitor
        .value("document.querySelector('#f-note-body').value")
        .await;
    assert_eq!(kept, "agi", "the draft outlives the reload");

    the_palette_finds_an_incident(&visitor).await;
    visitor.press("g s").await;
    visitor.sees_in("h1", "Services").await;
    visitor.browser.assert_quiet_console().await;
    visitor.browser.quit().await;
}

async fn focused(visitor: &Visitor, property: &str) -> String {
    visitor
        .value(&format!("document.activeElement.{property}"))
        .await
}

async fn the_first_key_skips_the_navigation(visitor: &Visitor) {
    visitor.open("/services").await;
    visitor.press_special(Key::Tab).await;
    assert_eq!(focused(visitor, "className").await, "skip");
    let top: f64 = visitor
        .value("document.activeElement.getBoundingClientRect().top")
        .await;
    assert!(
        top >= 0.0,
        "the link to skip is on the screen while it has the focus"
    );
    visitor.press_special(Key::Enter).await;
    visitor.press_special(Key::Tab).await;
    let inside: bool = visitor
        .value("document.activeElement.closest('main') !== null")
        .await;
    assert!(inside, "the next stop is in the main part");
    // Every stop of the page shows that it has the focus.
    for _ in 0..25 {
        let plain: Option<String> = visitor
            .value(
                "(() => { const el = document.activeElement; const style = getComputedStyle(el); \
                 const ring = style.outlineStyle !== 'none' && parseFloat(style.outlineWidth) > 0; \
                 return el === document.body || ring || style.boxShadow !== 'none' ? null : \
                 el.outerHTML })()",
            )
            .await;
        assert_eq!(plain, None, "has the focus and does not show it");
        visitor.press_special(Key::Tab).await;
    }
}

async fn the_list_of_keys_gives_the_focus_back(visitor: &Visitor) {
    visitor.open("/").await;
    visitor.find(".brand").await.focus().await.unwrap();
    visitor.press("?").await;
    visitor.sees_in("#keys", "Acknowledge").await;
    for _ in 0..4 {
        visitor.press_special(Key::Tab).await;
        let outside: bool = visitor
            .value(
                "!document.activeElement.closest('#keys') && document.activeElement !== document.body",
            )
            .await;
        assert!(!outside, "the focus left the open dialog");
    }
    visitor.press_special(Key::Escape).await;
    let open: bool = visitor.value("document.querySelector('#keys').open").await;
    assert!(!open);
    assert_eq!(
        focused(visitor, "className").await,
        "brand",
        "the focus is where it was"
    );
}

async fn the_palette_finds_an_incident(visitor: &Visitor) {
    visitor.press_control("k").await;
    visitor.find("#palette[open]").await;
    visitor.press("bank").await;
    visitor
        .sees_in(
            "#palette-list [aria-selected=true]",
            "The bank does not answer",
        )
        .await;
    visitor.press_special(Key::Enter).await;
    visitor.sees_in("h1", "The bank does not answer").await;
    visitor.press_control("k").await;
    visitor.find("#palette[open]").await;
    visitor.press_special(Key::Escape).await;
    assert!(!visitor.has("#palette[open]").await);
}
