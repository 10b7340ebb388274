//! A server with the shape of Twilio's Messages API on a free port of the loopback interface, with
//! faults on demand. It can also call webhooks as Twilio does, signed by its own code.

use std::{
    collections::BTreeSet,
    net::SocketAddr,
    sync::{
        Arc, Mutex,
        atomic::{AtomicU64, Ordering},
        mpsc,
    },
    time::{Duration, Instant},
};

use actix_web::{App, HttpRequest, HttpResponse, HttpServer, dev::ServerHandle, web};
use base64::{Engine, engine::general_purpose::STANDARD};
use hmac::{Hmac, KeyInit, Mac};
use serde_json::json;

/// A message that was asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TwilioMessage {
    pub sid: String,
    pub to: String,
    pub from: Option<String>,
    pub messaging_service_sid: Option<String>,
    pub body: String,
    pub status_callback: Option<String>,
}

/// What the server does wrong.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum TwilioFault {
    #[default]
    None,
    /// The next requests fail with 500 and an HTML page.
    ServerError { next: u32 },
    /// The next requests get 429 with error code 20429.
    RateLimited { next: u32, retry_after_seconds: u32 },
    /// The next requests get this error code.
    ErrorCode { next: u32, status: u16, code: u32 },
    /// The next requests get this answer.
    Answer {
        next: u32,
        status: u16,
        body: String,
    },
    /// The next messages are taken, but the answer is 502.
    LostReply { next: u32 },
    /// Requests are never answered.
    Hang,
    /// The account is suspended.
    Suspended,
}

/// A running server; it stops when this is dropped.
pub struct TwilioServer {
    pub addr: SocketAddr,
    pub base_url: String,
    account: Arc<Account>,
    handle: ServerHandle,
    client: reqwest::Client,
}

struct Account {
    sid: String,
    token: String,
    messages: Mutex<Vec<TwilioMessage>>,
    fault: Mutex<TwilioFault>,
    /// Inbound messages so far.
    inbound: AtomicU64,
}

impl TwilioServer {
    /// Starts on a free port, in a thread of its own.
    pub fn start(account_sid: &str, auth_token: &str) -> Self {
        let account = Arc::new(Account {
            sid: account_sid.to_owned(),
            token: auth_token.to_owned(),
            messages: Mutex::default(),
            fault: Mutex::default(),
            inbound: AtomicU64::new(0),
        });
        let shared = web::Data::from(Arc::clone(&account));
        let (sender, started) = mpsc::channel();
        std::thread::spawn(move || {
            actix_web::rt::System::new().block_on(async move {
                let server = HttpServer::new(move || {
                    App::new()
                        .app_data(shared.clone())
                        .route(
                            "/2010-04-01/Accounts/{sid}/Messages.json",
                            web::post().to(create_message),
                        )
                        .route(
                            "/2010-04-01/Accounts/{sid}.json",
                            web::get().to(fetch_account),
                        )
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
        let (addr, handle) = started.recv().expect("the server starts");
        Self {
            addr,
            base_url: format!("http://{addr}"),
            account,
            handle,
            client: reqwest::Client::builder()
                .no_proxy()
                .timeout(Duration::from_secs(30))
                .build()
                .unwrap(),
        }
    }

    /// All messages so far, oldest first.
    pub fn messages(&self) -> Vec<TwilioMessage> {
        self.account.messages.lock().unwrap().clone()
    }

    /// Waits until there are at least `count` messages.
    ///
    /// # Panics
    /// When there are fewer after `deadline`.
    pub async fn wait_for(&self, count: usize, deadline: Duration) -> Vec<TwilioMessage> {
        let start = Instant::now();
        loop {
            let messages = self.messages();
            if messages.len() >= count {
                return messages;
            }
            assert!(
                start.elapsed() < deadline,
                "{} messages instead of {count} after {deadline:?}",
                messages.len()
            );
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }

    pub fn set_fault(&self, fault: TwilioFault) {
        *self.account.fault.lock().unwrap() = fault;
    }

    /// Calls a message's status callback, as it was given with the message.
    ///
    /// # Panics
    /// When the message was sent without one.
    pub async fn deliver_status(
        &self,
        message: &TwilioMessage,
        status: &str,
        error_code: Option<u32>,
    ) -> reqwest::Response {
        let url = message
            .status_callback
            .as_deref()
            .expect("a status callback");
        let mut params = vec![
            ("AccountSid", self.account.sid.clone()),
            ("MessageSid", message.sid.clone()),
            ("SmsSid", message.sid.clone()),
            ("MessageStatus", status.to_owned()),
            ("SmsStatus", status.to_owned()),
            ("To", message.to.clone()),
            ("From", message.from.clone().unwrap_or_default()),
            ("ApiVersion", "2010-04-01".to_owned()),
        ];
        if let Some(code) = error_code {
            params.push(("ErrorCode", code.to_string()));
        }
        self.post_signed(url, url, &params).await
    }

    /// Calls the webhook for inbound messages at `url` with an SMS of `from`.
    pub async fn deliver_sms(
        &self,
        url: &str,
        from: &str,
        to: &str,
        body: &str,
    ) -> reqwest::Response {
        let number = self.account.inbound.fetch_add(1, Ordering::Relaxed) + 1;
        let params = [
            ("AccountSid", self.account.sid.clone()),
            ("MessageSid", format!("SMff{number:030x}")),
            ("From", from.to_owned()),
            ("To", to.to_owned()),
            ("Body", body.to_owned()),
            ("NumMedia", "0".to_owned()),
            ("NumSegments", "1".to_owned()),
        ];
        self.post_signed(url, url, &params).await
    }

    /// Posts a form to `url`, signed for `signed_url`: they differ behind a proxy.
    pub async fn post_signed(
        &self,
        url: &str,
        signed_url: &str,
        params: &[(&str, String)],
    ) -> reqwest::Response {
        self.client
            .post(url)
            .header(
                "X-Twilio-Signature",
                sign(&self.account.token, signed_url, params),
            )
            .form(params)
            .send()
            .await
            .unwrap()
    }
}

impl Drop for TwilioServer {
    fn drop(&mut self) {
        // The command is sent at once; nobody needs to wait for the end.
        drop(self.handle.stop(false));
    }
}

/// `X-Twilio-Signature`, as Twilio's documentation describes it.
pub fn sign(token: &str, url: &str, params: &[(&str, String)]) -> String {
    let mut text = url.to_owned();
    let names: BTreeSet<&str> = params.iter().map(|(name, _)| *name).collect();
    for name in names {
        let values: BTreeSet<&str> = params
            .iter()
            .filter(|(given, _)| *given == name)
            .map(|(_, value)| value.as_str())
            .collect();
        for value in values {
            text.push_str(name);
            text.push_str(value);
        }
    }
    let mut mac = Hmac::<sha1::Sha1>::new_from_slice(token.as_bytes()).unwrap();
    mac.update(text.as_bytes());
    STANDARD.encode(mac.finalize().into_bytes())
}

/// What the fault says about this request.
enum Verdict {
    Go,
    TakeThenFail,
    Hang,
    Answer(HttpResponse),
}

impl Account {
    fn verdict(&self) -> Verdict {
        let mut fault = self.fault.lock().unwrap();
        let used_up = match &mut *fault {
            TwilioFault::ServerError { next }
            | TwilioFault::RateLimited { next, .. }
            | TwilioFault::ErrorCode { next, .. }
            | TwilioFault::Answer { next, .. }
            | TwilioFault::LostReply { next } => {
                let used_up = *next == 0;
                *next = next.saturating_sub(1);
                used_up
            }
            TwilioFault::None | TwilioFault::Hang | TwilioFault::Suspended => false,
        };
        if used_up {
            return Verdict::Go;
        }
        match &*fault {
            TwilioFault::None | TwilioFault::Suspended => Verdict::Go,
            TwilioFault::Hang => Verdict::Hang,
            TwilioFault::LostReply { .. } => Verdict::TakeThenFail,
            TwilioFault::ServerError { .. } => Verdict::Answer(
                HttpResponse::InternalServerError()
                    .content_type("text/html")
                    .body("<html><h1>Internal Server Error</h1></html>"),
            ),
            TwilioFault::RateLimited {
                retry_after_seconds,
                ..
            } => {
                let mut answer = error(429, 20429, "Too Many Requests");
                answer.headers_mut().insert(
                    actix_web::http::header::RETRY_AFTER,
                    (*retry_after_seconds).into(),
                );
                Verdict::Answer(answer)
            }
            TwilioFault::ErrorCode { status, code, .. } => {
                Verdict::Answer(error(*status, *code, "An error that the test asked for"))
            }
            TwilioFault::Answer { status, body, .. } => Verdict::Answer(
                HttpResponse::build((*status).try_into().unwrap())
                    .content_type("application/json")
                    .body(body.clone()),
            ),
        }
    }

    /// The refusal for a request that is not this account's.
    fn stranger(&self, request: &HttpRequest, sid: &str) -> Option<HttpResponse> {
        let credentials = STANDARD.encode(format!("{}:{}", self.sid, self.token));
        let given = request
            .headers()
            .get("Authorization")
            .and_then(|value| value.to_str().ok());
        if given != Some(&format!("Basic {credentials}")) {
            return Some(error(401, 20003, "Authenticate"));
        }
        (sid != self.sid).then(|| error(404, 20404, "The requested resource was not found"))
    }
}

fn error(status: u16, code: u32, message: &str) -> HttpResponse {
    HttpResponse::build(status.try_into().unwrap()).json(json!({
        "code": code,
        "message": message,
        "more_info": format!("https://www.twilio.com/docs/errors/{code}"),
        "status": status,
    }))
}

async fn create_message(
    request: HttpRequest,
    account: web::Data<Account>,
    sid: web::Path<String>,
    form: web::Form<Vec<(String, String)>>,
) -> HttpResponse {
    let verdict = account.verdict();
    match verdict {
        Verdict::Hang => std::future::pending().await,
        Verdict::Answer(answer) => return answer,
        Verdict::Go | Verdict::TakeThenFail => {}
    }
    if let Some(refusal) = account.stranger(&request, &sid) {
        return refusal;
    }
    let field = |name: &str| {
        let mut given = form.iter().filter(|(key, _)| key == name);
        given.next().map(|(_, value)| value.clone())
    };
    let Some(to) = field("To").filter(|to| !to.is_empty()) else {
        return error(400, 21604, "A 'To' phone number is required.");
    };
    if !is_e164(&to) {
        return error(400, 21211, "The 'To' number is not a valid phone number.");
    }
    let Some(body) = field("Body").filter(|body| !body.is_empty()) else {
        return error(400, 21602, "Message body is required.");
    };
    if body.chars().count() > 1600 {
        return error(
            400,
            21617,
            "The message body exceeds the 1600 character limit.",
        );
    }
    let (from, service) = (field("From"), field("MessagingServiceSid"));
    if from.is_none() && service.is_none() {
        return error(400, 21603, "A 'From' phone number is required.");
    }
    let mut messages = account.messages.lock().unwrap();
    let message = TwilioMessage {
        sid: format!("SM{:032x}", messages.len() + 1),
        to,
        from,
        messaging_service_sid: service,
        body,
        status_callback: field("StatusCallback"),
    };
    messages.push(message.clone());
    if matches!(verdict, Verdict::TakeThenFail) {
        return HttpResponse::BadGateway().finish();
    }
    HttpResponse::Created().json(json!({
        "sid": message.sid,
        "account_sid": account.sid,
        "status": "queued",
        "to": message.to,
        "from": message.from,
        "messaging_service_sid": message.messaging_service_sid,
        "body": message.body,
        "num_segments": "1",
        "error_code": null,
        "error_message": null,
    }))
}

async fn fetch_account(
    request: HttpRequest,
    account: web::Data<Account>,
    sid: web::Path<String>,
) -> HttpResponse {
    if let Some(refusal) = account.stranger(&request, &sid) {
        return refusal;
    }
    let suspended = *account.fault.lock().unwrap() == TwilioFault::Suspended;
    HttpResponse::Ok().json(json!({
        "sid": account.sid,
        "friendly_name": "Test account",
        "status": if suspended { "suspended" } else { "active" },
        "type": "Full",
    }))
}

fn is_e164(number: &str) -> bool {
    number.strip_prefix('+').is_some_and(|digits| {
        (7..=15).contains(&digits.len()) && digits.bytes().all(|b| b.is_ascii_digit())
    })
}
