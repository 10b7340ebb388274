//! Callbacks as Twilio sends them, signed by the test server's own code, to a webhook that checks
//! them with ours.

use std::sync::{Arc, Mutex, mpsc};

use actix_web::{App, HttpRequest, HttpResponse, HttpServer, dev::ServerHandle, web};
use channels::{
    Channel,
    sms::{InboundSms, StatusCallback, TwilioChannel, TwilioConfig, signature, twiml_message},
};
use domain::word::NotificationState;
use testkit::twilio::TwilioServer;

use crate::message;

const SID: &str = "AC00000000000000000000000000000002";
const TOKEN: &str = "webhook-token";
const PUBLIC: &str = "https://qd.example.com";

/// What the webhook saw: path with query, form.
type Seen = Mutex<Vec<(String, Vec<(String, String)>)>>;

struct Webhook {
    base_url: String,
    seen: Arc<Seen>,
    handle: ServerHandle,
}

impl Webhook {
    /// Accepts what is signed with `TOKEN` or a second one for its own URL or for the public one.
    fn start() -> Self {
        let seen = Arc::new(Seen::default());
        let shared = web::Data::from(Arc::clone(&seen));
        let (sender, started) = mpsc::channel();
        std::thread::spawn(move || {
            actix_web::rt::System::new().block_on(async move {
                let server = HttpServer::new(move || {
                    App::new()
                        .app_data(shared.clone())
                        .default_service(web::post().to(receive))
                })
                .workers(1)
                .disable_signals()
                .bind(("127.0.0.1", 0))
                .unwrap();
                let addr = server.addrs()[0];
                let server = server.run();
                sender.send((addr, server.handle())).unwrap();
                server.await.unwrap();
            });
        });
        let (addr, handle) = started.recv().unwrap();
        Self {
            base_url: format!("http://{addr}"),
            seen,
            handle,
        }
    }
}

impl Drop for Webhook {
    fn drop(&mut self) {
        drop(self.handle.stop(false));
    }
}

async fn receive(
    request: HttpRequest,
    seen: web::Data<Seen>,
    form: web::Form<Vec<(String, String)>>,
) -> HttpResponse {
    let path = request.uri().to_string();
    let host = request.connection_info().host().to_owned();
    let signed = request
        .headers()
        .get("X-Twilio-Signature")
        .and_then(|value| value.to_str().ok())
        .unwrap_or_default();
    let valid = [format!("http://{host}{path}"), format!("{PUBLIC}{path}")]
        .iter()
        .any(|url| signature::verify(&["next-token", TOKEN], url, &form, signed));
    if !valid {
        return HttpResponse::Forbidden().finish();
    }
    seen.lock().unwrap().push((path, form.into_inner()));
    HttpResponse::Ok()
        .content_type("text/xml")
        .body(twiml_message("noted & done"))
}

#[tokio::test]
async fn a_signed_receipt_is_believed_and_leads_to_its_notification() {
    let (twilio, webhook) = (TwilioServer::start(SID, TOKEN), Webhook::start());
    let channel = TwilioChannel::new(TwilioConfig {
        from: Some("+4930123456".to_owned()),
        base_url: twilio.base_url.clone(),
        status_callback: Some(format!("{}/status?x=%20y", webhook.base_url)),
        ..TwilioConfig::new(SID, TOKEN)
    })
    .unwrap();
    channel.send(&message("+4915112345678")).await.unwrap();
    let sent = twilio.messages().remove(0);
    for (status, code) in [("sent", None), ("undelivered", Some(30005))] {
        let answer = twilio.deliver_status(&sent, status, code).await;
        assert_eq!(answer.status(), 200);
    }
    let seen = webhook.seen.lock().unwrap().clone();
    assert_eq!(seen[0].0, "/status?x=%20y&n=4711");
    let callbacks: Vec<_> = seen
        .iter()
        .map(|(_, form)| StatusCallback::from_params(form).unwrap())
        .collect();
    assert_eq!(callbacks[0].message_sid, sent.sid);
    assert_eq!(callbacks[0].evidence(), Some(NotificationState::Accepted));
    assert_eq!(callbacks[0].failure(), None);
    assert_eq!(callbacks[1].evidence(), Some(NotificationState::Failed));
    crate::assert_permanent(&callbacks[1].failure().unwrap(), true);
}

#[tokio::test]
async fn a_signed_reply_is_believed_also_behind_a_proxy() {
    let (twilio, webhook) = (TwilioServer::start(SID, TOKEN), Webhook::start());
    let url = format!("{}/reply", webhook.base_url);
    let answer = twilio
        .deliver_sms(&url, "+4915112345678", "+4930123456", "4217 äck & more")
        .await;
    assert_eq!(answer.status(), 200);
    assert_eq!(
        answer.text().await.unwrap(),
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\
         <Response><Message>noted &amp; done</Message></Response>"
    );
    let reply = InboundSms::from_params(&webhook.seen.lock().unwrap()[0].1).unwrap();
    assert_eq!(reply.from, "+4915112345678");
    assert_eq!(reply.body, "4217 äck & more");

    let params = [("From", "+1".to_owned()), ("Body", "4217 ack".to_owned())];
    for signed_url in [format!("{PUBLIC}/reply"), format!("{PUBLIC}:443/reply")] {
        let answer = twilio.post_signed(&url, &signed_url, &params).await;
        assert_eq!(answer.status(), 200, "{signed_url}");
    }
}

#[tokio::test]
async fn a_forged_webhook_is_refused() {
    let (twilio, webhook) = (TwilioServer::start(SID, TOKEN), Webhook::start());
    let url = format!("{}/reply", webhook.base_url);
    let params = [("Body", "4217 resolve".to_owned())];
    let elsewhere = twilio
        .post_signed(&url, "https://evil.example.com/reply", &params)
        .await;
    assert_eq!(elsewhere.status(), 403);
    let stranger = TwilioServer::start(SID, "guessed");
    assert_eq!(
        stranger.post_signed(&url, &url, &params).await.status(),
        403
    );
    assert!(webhook.seen.lock().unwrap().is_empty());
}
