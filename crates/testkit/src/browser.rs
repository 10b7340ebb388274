//! A real Chromium, driven through chromedriver.

use std::ops::Deref;
use std::path::{Path, PathBuf};
use std::time::Duration;

use reqwest::Client;
use serde_json::{Value, json};
use thirtyfour::error::WebDriverResult;
use thirtyfour::{
    ChromeCapabilities, ChromiumLikeCapabilities, DesiredCapabilities, LoggingPrefsLogLevel,
    WebDriver,
};

use crate::process::{Process, free_port};
use crate::scratch::{Scratch, find_program, program};

/// How long the driver may take to start, and one command of it to be answered.
const PATIENCE: Duration = Duration::from_secs(60);

/// No window, no talk with anybody but the pages under test. Without QUIC and the sandbox it
/// runs in a container and as root.
const ARGUMENTS: [&str; 10] = [
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-dev-shm-usage",
    "--no-default-browser-check",
];

/// The two window sizes at which pages are looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Screen {
    /// 1440 × 900.
    Desktop,
    /// 390 × 844, touch, a mobile viewport at two device pixels a pixel.
    Phone,
}

impl Screen {
    /// Width and height in CSS pixels.
    pub fn size(self) -> (u32, u32) {
        match self {
            Self::Desktop => (1440, 900),
            Self::Phone => (390, 844),
        }
    }
}

/// What to start, before it is started.
#[derive(Debug, Clone)]
pub struct BrowserBuilder {
    screen: Screen,
    dark: bool,
    javascript: bool,
    zone: Option<String>,
}

impl BrowserBuilder {
    /// Prefers the dark colour scheme.
    #[must_use]
    pub fn dark(mut self) -> Self {
        self.dark = true;
        self
    }

    /// Runs no script of any page.
    #[must_use]
    pub fn without_javascript(mut self) -> Self {
        self.javascript = false;
        self
    }

    /// Claims to be in this zone, such as `Asia/Kathmandu`.
    #[must_use]
    pub fn zone(mut self, zone: &str) -> Self {
        self.zone = Some(zone.to_owned());
        self
    }

    /// Starts a driver and a browser with a fresh profile.
    ///
    /// # Panics
    /// If chromium or chromedriver is not installed or does not start.
    pub async fn start(self) -> Browser {
        let home = Scratch::new("browser");
        let port = free_port();
        let mut command = program("chromedriver", "chromium-driver");
        command.arg(format!("--port={port}"));
        // Crash reports and settings would go to the home directory.
        command.env("HOME", home.path()).env("TMPDIR", home.path());
        let mut process = Process::start("chromedriver", command);
        let driver_url = format!("http://127.0.0.1:{port}");
        process
            .wait_for_http(&format!("{driver_url}/status"), PATIENCE)
            .await;

        let wanted = self
            .capabilities(&home)
            .expect("capabilities are plain JSON");
        let driver = WebDriver::builder(&driver_url, wanted)
            .request_timeout(PATIENCE)
            .await
            .unwrap_or_else(|error| panic!("no browser: {error}\n{}", process.log()));
        let client = Client::builder()
            .timeout(PATIENCE)
            .no_proxy()
            .build()
            .expect("an HTTP client can be built");
        let browser = Browser {
            driver: Some(driver),
            driver_url,
            client,
            process,
            home,
        };
        browser.emulate(&self).await;
        browser
    }

    fn capabilities(&self, home: &Scratch) -> WebDriverResult<ChromeCapabilities> {
        let mut wanted = DesiredCapabilities::chrome();
        let chromium = find_program("chromium").expect("chromium is installed (`make deps-test`)");
        wanted.set_binary(&chromium.to_string_lossy())?;
        for argument in ARGUMENTS {
            wanted.add_arg(argument)?;
        }
        let (width, height) = self.screen.size();
        wanted.add_arg(&format!("--user-data-dir={}", profile(home).display()))?;
        wanted.add_arg(&format!("--window-size={width},{height}"))?;
        if self.screen == Screen::Phone {
            let metrics = json!({
                "width": width, "height": height, "pixelRatio": 2.0,
                "touch": true, "mobile": true,
            });
            wanted
                .add_experimental_option("mobileEmulation", json!({ "deviceMetrics": metrics }))?;
        }
        if !self.javascript {
            let blocked = json!({ "profile.managed_default_content_settings.javascript": 2 });
            wanted.add_experimental_option("prefs", blocked)?;
        }
        wanted.set_browser_log_level(LoggingPrefsLogLevel::All)?;
        Ok(wanted)
    }
}

/// A browser with one window. It is also a [`WebDriver`]: `goto`, `find`, `query`, `title` …
#[derive(Debug)]
pub struct Browser {
    // There until `quit` or `drop` takes it.
    driver: Option<WebDriver>,
    driver_url: String,
    client: Client,
    process: Process,
    home: Scratch,
}

impl Browser {
    /// Begins with a screen: light, with JavaScript, in the machine's zone.
    pub fn on(screen: Screen) -> BrowserBuilder {
        BrowserBuilder {
            screen,
            dark: false,
            javascript: true,
            zone: None,
        }
    }

    /// A desktop window.
    pub fn desktop() -> BrowserBuilder {
        Self::on(Screen::Desktop)
    }

    /// A phone.
    pub fn phone() -> BrowserBuilder {
        Self::on(Screen::Phone)
    }

    async fn emulate(&self, wanted: &BrowserBuilder) {
        if wanted.screen == Screen::Desktop {
            // The window size counts the frame; pages are to see exactly this size.
            let (width, height) = wanted.screen.size();
            let metrics = json!({
                "width": width, "height": height, "deviceScaleFactor": 1, "mobile": false,
            });
            self.cdp("Emulation.setDeviceMetricsOverride", metrics)
                .await;
        }
        self.prefer_dark(wanted.dark).await;
        if let Some(zone) = &wanted.zone {
            self.cdp(
                "Emulation.setTimezoneOverride",
                json!({ "timezoneId": zone }),
            )
            .await;
        }
    }

    /// Changes the preferred colour scheme of the running browser.
    pub async fn prefer_dark(&self, dark: bool) {
        let value = if dark { "dark" } else { "light" };
        let features = json!([{ "name": "prefers-color-scheme", "value": value }]);
        self.cdp(
            "Emulation.setEmulatedMedia",
            json!({ "features": features }),
        )
        .await;
    }

    /// Runs a command of the Chrome DevTools Protocol.
    ///
    /// # Panics
    /// If the driver refuses it.
    pub async fn cdp(&self, command: &str, parameters: Value) -> Value {
        let session = self.session_id();
        let url = format!("{}/session/{session}/goog/cdp/execute", self.driver_url);
        let body = json!({ "cmd": command, "params": parameters });
        let reply = self.client.post(url).json(&body).send().await;
        let reply = reply.unwrap_or_else(|error| panic!("{command}: {error}"));
        let success = reply.status().is_success();
        let mut answer: Value = reply.json().await.expect("the driver answers in JSON");
        assert!(success, "{command}: {answer}");
        answer.get_mut("value").map(Value::take).unwrap_or_default()
    }

    /// Writes what the window shows as PNG.
    ///
    /// # Panics
    /// If the picture cannot be taken or written.
    pub async fn screenshot(&self, path: &Path) {
        let driver: &WebDriver = self;
        driver
            .screenshot(path)
            .await
            .expect("a screenshot can be taken");
    }

    /// Errors on the console since the last call: script errors, requests that failed and
    /// violations of the Content-Security-Policy.
    ///
    /// # Panics
    /// If the driver does not answer.
    pub async fn console_errors(&self) -> Vec<String> {
        let entries = self.browser_log().await.expect("the console can be read");
        let severe = entries.into_iter().filter(|entry| entry.level == "SEVERE");
        severe.map(|entry| entry.message).collect()
    }

    /// Fails the test if the console shows an error.
    ///
    /// # Panics
    /// If it does.
    pub async fn assert_quiet_console(&self) {
        let errors = self.console_errors().await;
        assert!(errors.is_empty(), "errors on the console: {errors:#?}");
    }

    /// Fails the test if the page is wider than the window, so that one would have to scroll
    /// sideways.
    ///
    /// # Panics
    /// If it is, or scripts are off.
    pub async fn assert_no_sideways_scroll(&self) {
        let script = "return [document.documentElement.scrollWidth, window.innerWidth]";
        let answer = self
            .execute(script, vec![])
            .await
            .expect("a script can run");
        let (page, window): (u32, u32) = answer.convert().expect("two numbers come back");
        assert!(
            page <= window,
            "the page is {page} px wide in a window of {window} px"
        );
    }

    /// The directory of its profile, which no other browser uses.
    pub fn profile(&self) -> PathBuf {
        profile(&self.home)
    }

    /// Closes the window and ends browser and driver in order.
    pub async fn quit(mut self) {
        if let Some(driver) = self.driver.take() {
            // A browser that is gone already is no failure: the driver is killed either way.
            drop(driver.quit().await);
        }
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        // A test that fails must not wait for a browser that may be what hangs. The driver goes
        // first, so that it cannot start anything, and the browser is in its process group.
        if let Some(driver) = self.driver.take() {
            drop(driver.leak());
        }
        self.process.kill_group();
    }
}

impl Deref for Browser {
    type Target = WebDriver;

    fn deref(&self) -> &WebDriver {
        self.driver
            .as_ref()
            .expect("the session lasts as long as the browser")
    }
}

fn profile(home: &Scratch) -> PathBuf {
    home.path().join("profile")
}
