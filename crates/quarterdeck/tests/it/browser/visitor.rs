//! A person at a browser: opens, reads, types and taps, and waits as long as people do.

use std::time::Duration;

use testkit::Server;
use testkit::browser::{Browser, BrowserBuilder};
use testkit::eventually;
use thirtyfour::error::WebDriverResult;
use thirtyfour::{By, Key, WebElement};

const AUDIT: &str = include_str!("audit.js");

/// How long anything may take on a busy machine.
pub const SOON: Duration = Duration::from_secs(30);

/// A browser at a server.
pub struct Visitor {
    pub browser: Browser,
    base_url: String,
}

impl Visitor {
    pub async fn start(builder: BrowserBuilder, server: &Server) -> Self {
        Self {
            browser: builder.start().await,
            base_url: server.base_url.clone(),
        }
    }

    /// Signs in through the form.
    pub async fn sign_in(&self, email: &str, password: &str) {
        self.open("/sign-in").await;
        self.write("#f-email", email).await;
        self.write("#f-password", password).await;
        self.tap("main form button").await;
        self.sees("Dashboard").await;
    }

    pub async fn open(&self, path: &str) {
        self.browser
            .goto(format!("{}{path}", self.base_url))
            .await
            .unwrap();
    }

    /// Path and query of what is open.
    pub async fn place(&self) -> String {
        let url = self.browser.current_url().await.unwrap();
        match url.query() {
            Some(query) => format!("{}?{query}", url.path()),
            None => url.path().to_owned(),
        }
    }

    /// What can be read in a part of the page, on one line.
    pub async fn text_of(&self, css: &str) -> WebDriverResult<String> {
        let text = self.browser.find(By::Css(css)).await?.text().await?;
        Ok(text.split_whitespace().collect::<Vec<_>>().join(" "))
    }

    /// Waits until the page says so.
    pub async fn sees(&self, words: &str) {
        self.sees_in("body", words).await;
    }

    /// Waits until a part of the page says so.
    pub async fn sees_in(&self, css: &str, words: &str) {
        eventually(SOON, &format!("“{words}” in {css}"), || async {
            match self.text_of(css).await {
                Ok(text) if text.contains(words) => Ok(()),
                Ok(text) => Err(text),
                // Gone while it was read: it is being replaced.
                Err(error) => Err(error.to_string()),
            }
        })
        .await;
    }

    /// Whether there is such a thing, seen or not.
    pub async fn has(&self, css: &str) -> bool {
        self.browser.find(By::Css(css)).await.is_ok()
    }

    pub async fn find(&self, css: &str) -> WebElement {
        eventually(SOON, css, || self.browser.find(By::Css(css))).await
    }

    /// Clicks the first that matches, as soon as it can be clicked.
    pub async fn tap(&self, css: &str) {
        eventually(SOON, &format!("{css} to be tapped"), || async {
            let found = self.browser.find(By::Css(css)).await?;
            self.show(&found).await?;
            found.click().await
        })
        .await;
    }

    /// Brings it into the middle, where no bar lies over it. Without script the driver does not
    /// scroll by itself.
    async fn show(&self, found: &WebElement) -> WebDriverResult<()> {
        let script = "arguments[0].scrollIntoView({ block: 'center', behavior: 'instant' })";
        self.browser.execute(script, vec![found.to_json()?]).await?;
        Ok(())
    }

    /// Clicks the link with these words.
    pub async fn follow(&self, words: &str) {
        let link = By::LinkText(words);
        eventually(SOON, &format!("the link “{words}”"), || async {
            let found = self.browser.find(link.clone()).await?;
            self.show(&found).await?;
            found.click().await
        })
        .await;
    }

    /// Replaces what stands in a field.
    pub async fn write(&self, css: &str, text: &str) {
        eventually(SOON, &format!("{css} to be written"), || async {
            let field = self.browser.find(By::Css(css)).await?;
            field.clear().await?;
            field.send_keys(text).await
        })
        .await;
    }

    /// Chooses the option with this value.
    pub async fn choose(&self, css: &str, value: &str) {
        self.tap(&format!("{css} option[value=\"{value}\"]")).await;
    }

    /// Chooses the option with these words.
    pub async fn choose_words(&self, css: &str, words: &str) {
        let options = self
            .find(css)
            .await
            .find_all(By::Css("option"))
            .await
            .unwrap();
        for option in options {
            if option.text().await.unwrap().contains(words) {
                option.click().await.unwrap();
                return;
            }
        }
        panic!("{css} has no option “{words}”");
    }

    /// Presses keys without aiming at anything.
    pub async fn press(&self, keys: &str) {
        for key in keys.split(' ') {
            self.browser
                .action_chain()
                .send_keys(key)
                .perform()
                .await
                .unwrap();
        }
    }

    /// Presses one key while Control is held.
    pub async fn press_control(&self, key: &str) {
        let chain = self.browser.action_chain();
        chain
            .key_down(Key::Control)
            .send_keys(key)
            .key_up(Key::Control)
            .perform()
            .await
            .unwrap();
    }

    pub async fn press_special(&self, key: Key) {
        self.browser
            .action_chain()
            .key_down(key.clone())
            .key_up(key)
            .perform()
            .await
            .unwrap();
    }

    /// The value of an expression of script.
    pub async fn value<T: serde::de::DeserializeOwned>(&self, expression: &str) -> T {
        let answer = self
            .browser
            .execute(format!("return {expression}"), vec![])
            .await;
        answer
            .unwrap()
            .convert()
            .unwrap_or_else(|error| panic!("{expression}: {error}"))
    }

    /// Waits until an expression of script is true.
    pub async fn waits_for(&self, expression: &str) {
        eventually(SOON, expression, || async {
            self.value::<bool>(expression).await
        })
        .await;
    }

    /// What is wrong with the open page for whoever reads, taps or listens (`audit.js`).
    pub async fn audit(&self, phone: bool) -> Vec<String> {
        let found = self.browser.execute(AUDIT, vec![phone.into()]).await;
        found.unwrap().convert().unwrap()
    }

    /// Marks the open page; the mark goes with the next load.
    pub async fn mark(&self) {
        self.browser
            .execute("window.marked = true", vec![])
            .await
            .unwrap();
    }

    /// Whether the page has not been loaded anew since [`Visitor::mark`].
    pub async fn is_marked(&self) -> bool {
        self.value("window.marked === true").await
    }
}
