//! The pictures of the documentation: the demo with a live incident, as the browser shows it.
//! `make screenshots` keeps them; every other run only proves that they can be taken.

use std::path::{Path, PathBuf};

use serde_json::{Value, json};
use testkit::browser::{Browser, Screen};
use testkit::smtp::{SmtpOptions, SmtpServer};
use testkit::twilio::TwilioServer;
use testkit::{Scratch, Server, eventually};

use crate::browser::session::Session;
use crate::browser::visitor::Visitor;
use crate::browser::{ADMIN, CHECKOUT_KEY, Demo, GATEWAY_KEY, PASSWORD};
use crate::database::Database;
use crate::house::{ACCOUNT, ANA_PHONE, AUTH_TOKEN, BINARY, SOON, connect};

/// Pictures are looked at over the network; in bytes.
const LARGEST: u64 = 300 * 1000;

const TITLE: &str = "Checkout fails for card payments";
const ANA: &str = "ana@example.com";

const SECTIONS: [(&str, &str); 3] = [
    (
        "summary",
        "The certificate of the image registry ran out at 09:00. For 40 minutes no new pod could \
         start in Frankfurt. Running pods went on, so that customers noticed little.",
    ),
    (
        "impact",
        "| | Count |\n|---|---|\n| Releases held up | 7 |\n| Pods that could not start | 112 |\n\n\
         Data lost or exposed: no.",
    ),
    (
        "what_happened",
        "The certificate is renewed by a job. **The job ran, renewed it, and could not restart \
         the registry**; the registry kept the old one in memory. Nobody looked at the job, since \
         it had never failed before.",
    ),
];

#[tokio::test(flavor = "multi_thread")]
async fn pictures_for_the_documentation() {
    let scratch = Scratch::new("screenshots");
    let wanted = std::env::var_os("SCREENSHOTS").filter(|path| !path.is_empty());
    let folder = wanted.map_or_else(|| scratch.path().to_owned(), PathBuf::from);
    std::fs::create_dir_all(&folder).unwrap();

    let stage = Stage::open().await;
    stage.past_incident().await;
    stage.live_incident().await;
    let visitor = Visitor::start(Browser::desktop(), stage.server()).await;
    visitor.sign_in(&stage.viewer, PASSWORD).await;
    let pictures = [
        ("dashboard", "/", 760),
        ("incident", "/incidents/2", 1130),
        ("schedule", "/schedules/payments", 760),
        ("policy", "/policies/checkout", 700),
        ("coverage", "/coverage", 800),
        ("what-if", "/simulate?if-policy=checkout", 1480),
        ("why", "/incidents/2/why", 560),
        ("postmortem", "/postmortems/1", 1000),
    ];
    for (name, path, height) in pictures {
        resize(&visitor, Screen::Desktop.size().0, height, false).await;
        take(&visitor, path, &folder.join(format!("{name}.png"))).await;
    }
    let (width, height) = Screen::Phone.size();
    resize(&visitor, width, height, true).await;
    take(&visitor, "/incidents/3", &folder.join("phone.png")).await;
    visitor.browser.assert_quiet_console().await;
    visitor.browser.quit().await;
}

async fn resize(visitor: &Visitor, width: u32, height: u32, mobile: bool) {
    let scale = if mobile { 2 } else { 1 };
    let metrics = json!({
        "width": width, "height": height, "deviceScaleFactor": scale, "mobile": mobile,
    });
    let browser = &visitor.browser;
    browser
        .cdp("Emulation.setDeviceMetricsOverride", metrics)
        .await;
    browser
        .cdp("Emulation.setScrollbarsHidden", json!({ "hidden": true }))
        .await;
}

async fn take(visitor: &Visitor, path: &str, file: &Path) {
    visitor.open(path).await;
    visitor.find("h1").await;
    visitor.browser.screenshot(file).await;
    let size = std::fs::metadata(file).unwrap().len();
    assert!(size > 10_000, "{} is empty: {size} bytes", file.display());
    assert!(size < LARGEST, "{} has {size} bytes", file.display());
}

/// The demo with providers, so that messages arrive.
struct Stage {
    demo: Demo,
    smtp: SmtpServer,
    twilio: TwilioServer,
    /// Looks at the pictures: whoever is on call for Platform.
    viewer: String,
}

impl Stage {
    async fn open() -> Self {
        let smtp = SmtpServer::start(SmtpOptions::default()).await;
        let twilio = TwilioServer::start(ACCOUNT, AUTH_TOKEN);
        let builder = connect(Server::builder(BINARY), &smtp, &twilio);
        let demo = Demo::start_as(builder, Database::Sqlite).await;
        let viewer = demo.on_call("platform").await;
        for email in [ANA, &viewer] {
            demo.let_in(email).await;
        }
        Self {
            demo,
            smtp,
            twilio,
            viewer,
        }
    }

    fn server(&self) -> &Server {
        &self.demo.server
    }

    /// Declared by hand, over, and written up.
    async fn past_incident(&self) {
        let mut ada = Session::sign_in(self.server(), ADMIN, PASSWORD).await;
        let form = ada.get("/incidents/new").await.body;
        let (before, _) = form.split_once("\">Kubernetes</option>").unwrap();
        let (_, service) = before.rsplit_once('"').unwrap();
        let fields = [
            ("title", "New pods cannot start in Frankfurt"),
            ("service", service),
            ("severity", "SEV2"),
            ("urgency", "high"),
            ("command", "yes"),
        ];
        ada.fill("/incidents/new", "/incidents", &fields).await;
        let incident = "/incidents/1";
        ada.fill(incident, "/incidents/1/acknowledge", &[]).await;
        let update = [
            (
                "body",
                "Running pods go on; new ones cannot fetch their images. We renew the certificate.",
            ),
            ("phase", "mitigating"),
            ("do", "publish"),
        ];
        ada.fill(incident, "/incidents/1/updates", &update).await;
        ada.fill(incident, "/incidents/1/resolve", &[]).await;
        for (slug, body) in SECTIONS {
            let page = ada.get(&format!("/postmortems/1?edit={slug}")).await.body;
            let (_, rest) = page.rsplit_once("name=\"revision\" value=\"").unwrap();
            let (revision, _) = rest.split_once('"').unwrap();
            let fields = [("body", body), ("revision", revision), ("do", "save")];
            let action = format!("/postmortems/1/sections/{slug}");
            ada.fill("/postmortems/1", &action, &fields).await;
        }
    }

    /// Burning: one under command, one that nobody has answered yet.
    async fn live_incident(&self) {
        let details = json!({"error_rate": "34 %", "region": "eu-central", "release": "v412"});
        let cards = event(CHECKOUT_KEY, "cards", TITLE, "critical", &details);
        self.demo.post_event(&cards).await;
        self.reach_ana().await;

        let mut ana = Session::sign_in(self.server(), ANA, PASSWORD).await;
        let mut viewer = Session::sign_in(self.server(), &self.viewer, PASSWORD).await;
        let incident = "/incidents/2";
        ana.fill(incident, "/incidents/2/acknowledge", &[]).await;
        let declared = [("severity", "SEV2"), ("command", "yes")];
        viewer
            .fill(incident, "/incidents/2/declare", &declared)
            .await;
        ana.fill(incident, "/incidents/2/roles/scribe/claim", &[])
            .await;
        let note = "The errors began with the release of `v412`; the bank sees no change.";
        ana.fill(incident, "/incidents/2/note", &[("body", note)])
            .await;
        let update = [
            (
                "body",
                "Card payments fail for **one customer in three** in the EU. Other ways to pay \
                 work. We roll back the last release.",
            ),
            ("phase", "mitigating"),
            ("next_minutes", "30"),
            ("do", "publish"),
        ];
        viewer.fill(incident, "/incidents/2/updates", &update).await;
        let slow = "The bank answers slowly: p99 above 8 s";
        let bank = event(GATEWAY_KEY, "bank", slow, "error", &json!({}));
        self.demo.post_event(&bank).await;
    }

    /// Waits until mail and SMS are with Ana and the page shows the evidence.
    async fn reach_ana(&self) {
        eventually(SOON, "a mail to Ana", || async {
            let mails = self.smtp.mails();
            mails.iter().any(|mail| mail.text.contains(TITLE))
        })
        .await;
        let message = eventually(SOON, "an SMS to Ana", || async {
            let messages = self.twilio.messages();
            messages
                .into_iter()
                .find(|one| one.to == ANA_PHONE && one.body.contains(TITLE))
        })
        .await;
        let reply = self
            .twilio
            .deliver_status(&message, "delivered", None)
            .await;
        assert!(reply.status().is_success(), "{reply:?}");
        let ada = Session::sign_in(self.server(), ADMIN, PASSWORD).await;
        eventually(SOON, "the evidence on the page", || {
            let mut ada = ada.clone();
            async move {
                let page = ada.get("/incidents/2").await.body;
                page.contains("Delivered") && page.contains("Accepted")
            }
        })
        .await;
    }
}

fn event(key: &str, dedup_key: &str, summary: &str, severity: &str, details: &Value) -> Value {
    json!({
        "routing_key": key,
        "event_action": "trigger",
        "dedup_key": dedup_key,
        "payload": {
            "summary": summary,
            "source": "pay-3.eu-central",
            "severity": severity,
            "custom_details": details,
        },
    })
}
