//! The world around the server breaks and comes back.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use reqwest::StatusCode;
use reqwest::header::RETRY_AFTER;
use serde_json::Value;
use testkit::smtp::SmtpFault;
use testkit::{PgCluster, eventually, http_client};

use crate::database::Database;
use crate::house::{COMPANY, EVENTS_KEY, House, SOON, event, notification_of};

/// Between two tries of a monitor that was not heard.
const PACE: Duration = Duration::from_millis(20);

#[tokio::test(flavor = "multi_thread")]
async fn a_dead_mail_server_is_tried_again_while_the_next_method_is_used() {
    let mut house = House::open(Database::Sqlite, COMPANY).await;
    house.smtp.stop();
    house.trigger("disk", "The disk is full").await;

    // Ana's rule says an hour, but the mail could not leave (PAGING.md §6.5).
    let messages = house.twilio.wait_for(1, SOON).await;
    assert!(messages[0].body.contains("The disk is full"));
    let mail = eventually(SOON, "the failure to be written down", || {
        let rows = house.rows(
            "SELECT id, state, last_error FROM notification \
             WHERE channel = 'email' AND kind = 'page' AND attempts > 0 \
               AND state IN ('planned', 'sending') AND last_error IS NOT NULL",
        );
        async move { rows.into_iter().next() }
    })
    .await;
    assert!(!mail[2].is_empty());
    // Visible to those who look after the installation, and on the incident.
    let (status, list) = house.api("/notifications?channel=email&incident=1").await;
    assert_eq!(status, StatusCode::OK, "{list}");
    assert_eq!(list["items"][0]["last_error"], mail[2], "{list}");
    assert_eq!(list["items"][0]["accepted_at"], Value::Null, "{list}");
    let timeline =
        house.number("SELECT COUNT(*) FROM timeline_entry WHERE kind = 'notification_failed'");
    assert_eq!(timeline, 1, "only the first failure is told");

    house.smtp.restart().await;
    let mails = house.smtp.wait_for(1, SOON).await;
    assert_eq!(
        notification_of(&mails[0]).to_string(),
        mail[0],
        "the same message"
    );
    assert_eq!(house.number("SELECT COUNT(*) FROM page"), 1);
    eventually(SOON, "the mail to be accepted", || {
        let rows = house.rows("SELECT state FROM notification WHERE channel = 'email'");
        async move { (rows == [["accepted"]]).then_some(()).ok_or(rows) }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lost_reply_leads_to_a_repeat_with_the_same_id() {
    let house = House::open(Database::postgres(), COMPANY).await;
    house.smtp.set_fault(SmtpFault {
        lose_reply_next: 1,
        ..SmtpFault::default()
    });
    house.trigger("disk", "The disk is full").await;
    let mails = house.smtp.wait_for(2, SOON).await;
    assert_eq!(mails[0].header("Message-ID"), mails[1].header("Message-ID"));
    assert_eq!(mails[0].to, mails[1].to);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refused_address_is_marked_and_the_next_method_is_used() {
    let house = House::open(Database::Sqlite, COMPANY).await;
    house.smtp.set_fault(SmtpFault {
        reject_recipients: vec!["ana@example.com".into()],
        ..SmtpFault::default()
    });
    house.trigger("disk", "The disk is full").await;
    // Beside it goes the notice that the address is refused: whichever is first.
    eventually(SOON, "the page by SMS", || {
        let messages = house.twilio.messages();
        let paged = messages
            .iter()
            .any(|message| message.body.contains("The disk is full"));
        async move { paged.then_some(()).ok_or(messages.len()) }
    })
    .await;
    eventually(SOON, "the address to be marked", || {
        let rows = house.rows("SELECT address FROM contact_method WHERE broken_reason IS NOT NULL");
        async move { (rows == [["ana@example.com"]]).then_some(()).ok_or(rows) }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn postgresql_goes_and_comes_back() {
    let cluster = PgCluster::start();
    let house = House::open(Database::of(&cluster), COMPANY).await;
    let monitor = Monitor::start(&house);
    monitor.heard(20).await;

    for _ in 0..2 {
        cluster.crash();
        eventually(SOON, "the server to notice", || async {
            house.status_of("/readyz").await == StatusCode::SERVICE_UNAVAILABLE
        })
        .await;
        let reply = house
            .send(&event(EVENTS_KEY, "trigger", "gone", "nobody hears"))
            .await;
        assert_eq!(reply.status(), StatusCode::SERVICE_UNAVAILABLE);
        let patience = reply.headers().get(RETRY_AFTER).expect("Retry-After");
        let seconds: u32 = patience.to_str().unwrap().parse().unwrap();
        assert!((1..=60).contains(&seconds), "{seconds}");
        assert_eq!(
            house.status_of("/healthz").await,
            StatusCode::OK,
            "the process is well"
        );

        cluster.resume();
        eventually(SOON, "the server to recover by itself", || async {
            house.status_of("/readyz").await == StatusCode::OK
        })
        .await;
        monitor.heard(20).await;
    }

    let heard = monitor.stop().await;
    let rows = house.rows("SELECT dedup_key FROM alert WHERE dedup_key LIKE 'm-%'");
    let kept: BTreeSet<String> = rows.into_iter().flatten().collect();
    let lost: Vec<&String> = heard.difference(&kept).collect();
    assert!(lost.is_empty(), "acknowledged and lost: {lost:?}");
    house.assert_none(
        "nobody was paged",
        "SELECT incident.number FROM incident LEFT JOIN page ON page.incident_id = incident.id \
         WHERE page.id IS NULL",
    );
    // Pages leave again, too.
    eventually(SOON, "a mail", || async { !house.smtp.mails().is_empty() }).await;
}

/// Sends one new condition after the other and remembers what was acknowledged.
struct Monitor {
    stop: Arc<AtomicBool>,
    heard: Arc<Mutex<BTreeSet<String>>>,
    task: tokio::task::JoinHandle<()>,
}

impl Monitor {
    fn start(house: &House) -> Self {
        let stop = Arc::new(AtomicBool::new(false));
        let heard = Arc::new(Mutex::new(BTreeSet::new()));
        let (url, client) = (house.server.url("/v2/enqueue"), http_client());
        let task = tokio::spawn({
            let (stop, heard) = (Arc::clone(&stop), Arc::clone(&heard));
            async move {
                for number in 0.. {
                    if stop.load(Ordering::Relaxed) {
                        break;
                    }
                    let key = format!("m-{number}");
                    let body = event(EVENTS_KEY, "trigger", &key, "it burns");
                    let reply = client.post(&url).json(&body).send().await;
                    let status = reply.expect("the process stays up").status();
                    match status {
                        StatusCode::ACCEPTED => {
                            heard.lock().unwrap().insert(key);
                        }
                        StatusCode::SERVICE_UNAVAILABLE => {}
                        other => panic!("{other}"),
                    }
                    tokio::time::sleep(PACE).await;
                }
            }
        });
        Self { stop, heard, task }
    }

    /// Waits until so many more were acknowledged.
    async fn heard(&self, more: usize) {
        let before = self.heard.lock().unwrap().len();
        eventually(SOON, "signals to be acknowledged", || async {
            let now = self.heard.lock().unwrap().len();
            (now >= before + more).then_some(()).ok_or(now)
        })
        .await;
    }

    async fn stop(self) -> BTreeSet<String> {
        self.stop.store(true, Ordering::Relaxed);
        self.task.await.unwrap();
        self.heard.lock().unwrap().clone()
    }
}
