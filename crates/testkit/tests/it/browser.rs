//! A browser opens a page on either screen and reports what goes wrong on it.

use std::collections::BTreeMap;
use std::time::Duration;

use serde_json::Value;
use testkit::browser::{Browser, Screen};
use testkit::{Scratch, eventually_blocking};
use thirtyfour::By;

use crate::listener::Listener;

const PLAIN: &str = "<!doctype html><html lang=en><meta name=viewport content='width=device-width'>\
    <link rel=icon href='data:,'><title>Watch</title><h1>On watch</h1>\
    <noscript><p id=none>no script</p></noscript></html>";

/// An inline script, which the listener's Content-Security-Policy forbids.
const INLINE: &str = "<!doctype html><html lang=en><link rel=icon href='data:,'><title>Bad</title>\
    <script>document.title = 'ran'</script></html>";

const WIDE: &str = "<!doctype html><html lang=en><link rel=icon href='data:,'>\
    <meta name=viewport content='width=device-width'><title>Wide</title>\
    <svg width=900 height=10></svg></html>";

fn pages() -> BTreeMap<&'static str, &'static str> {
    BTreeMap::from([("/", PLAIN), ("/inline", INLINE), ("/wide", WIDE)])
}

/// Width and height from the header of a PNG.
fn picture_size(png: &[u8]) -> (u32, u32) {
    assert_eq!(&png[..8], b"\x89PNG\r\n\x1a\n");
    let number = |at: usize| u32::from_be_bytes(png[at..at + 4].try_into().unwrap());
    (number(16), number(20))
}

async fn number(browser: &Browser, expression: &str) -> i64 {
    let answer = browser
        .execute(format!("return Number({expression})"), vec![])
        .await
        .unwrap();
    answer.json().as_i64().unwrap()
}

#[actix_web::test]
async fn a_desktop_in_the_dark_sees_its_size_and_policy_violations() {
    let listener = Listener::start(pages());
    let browser = Browser::desktop()
        .dark()
        .zone("Asia/Kathmandu")
        .start()
        .await;
    browser.goto(&listener.base_url).await.unwrap();
    assert_eq!(browser.title().await.unwrap(), "Watch");
    let (width, height) = Screen::Desktop.size();
    assert_eq!(
        number(&browser, "window.innerWidth").await,
        i64::from(width)
    );
    assert_eq!(
        number(&browser, "window.innerHeight").await,
        i64::from(height)
    );
    assert_eq!(
        number(&browser, "new Date(0).getTimezoneOffset()").await,
        -330
    );
    let dark = "matchMedia('(prefers-color-scheme: dark)').matches";
    assert_eq!(number(&browser, dark).await, 1);
    browser.prefer_dark(false).await;
    assert_eq!(number(&browser, dark).await, 0);

    let scratch = Scratch::new("picture");
    let file = scratch.path().join("desktop.png");
    browser.screenshot(&file).await;
    assert_eq!(picture_size(&std::fs::read(file).unwrap()), (width, height));
    browser.assert_quiet_console().await;

    browser
        .goto(format!("{}/inline", listener.base_url))
        .await
        .unwrap();
    assert_eq!(browser.title().await.unwrap(), "Bad");
    let errors = browser.console_errors().await;
    assert!(
        errors
            .iter()
            .any(|error| error.contains("Content Security Policy")),
        "the violation is reported: {errors:?}"
    );
    browser.quit().await;
}

#[actix_web::test]
async fn a_phone_is_narrow_and_has_touch() {
    let listener = Listener::start(pages());
    let browser = Browser::phone().start().await;
    browser.goto(&listener.base_url).await.unwrap();
    assert_eq!(number(&browser, "window.innerWidth").await, 390);
    assert_eq!(number(&browser, "navigator.maxTouchPoints > 0").await, 1);
    browser.assert_no_sideways_scroll().await;
    let scratch = Scratch::new("picture");
    let file = scratch.path().join("phone.png");
    browser.screenshot(&file).await;
    assert_eq!(picture_size(&std::fs::read(file).unwrap()), (780, 1688));

    browser
        .goto(format!("{}/wide", listener.base_url))
        .await
        .unwrap();
    let page = number(&browser, "document.documentElement.scrollWidth").await;
    assert!(page >= 900, "the page is {page} px wide");
    browser.quit().await;
}

#[actix_web::test]
async fn without_javascript_pages_can_still_be_read_and_used() {
    let listener = Listener::start(pages());
    let browser = Browser::desktop().without_javascript().start().await;
    browser.goto(&listener.base_url).await.unwrap();
    let note = browser.find(By::Id("none")).await.unwrap();
    assert_eq!(note.text().await.unwrap(), "no script");
    let enabled = browser
        .cdp(
            "Runtime.evaluate",
            serde_json::json!({ "expression": "1+1" }),
        )
        .await;
    assert_eq!(
        enabled["result"]["value"],
        Value::from(2),
        "the driver itself still sees the page"
    );
    browser.quit().await;
}

#[actix_web::test]
async fn dropping_it_leaves_no_process() {
    let browser = Browser::desktop().start().await;
    let profile = browser.profile().to_string_lossy().into_owned();
    assert_ne!(processes_with(&profile), 0);
    drop(browser);
    eventually_blocking(Duration::from_secs(20), "the end of the browser", || {
        processes_with(&profile) == 0
    });
}

/// How many processes have this text in their arguments.
fn processes_with(text: &str) -> usize {
    let entries = std::fs::read_dir("/proc").unwrap().flatten();
    let arguments = entries.filter_map(|entry| std::fs::read(entry.path().join("cmdline")).ok());
    arguments
        .filter(|line| String::from_utf8_lossy(line).contains(text))
        .count()
}
