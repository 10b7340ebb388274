//! A server that takes webhooks on a free port of the loopback interface, with faults on demand. It
//! checks signatures of Standard Webhooks by its own code.

use std::collections::{BTreeMap, VecDeque};
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, mpsc};
use std::time::Duration;

use actix_web::{App, HttpRequest, HttpResponse, HttpServer, dev::ServerHandle, web};
use base64::{Engine, engine::general_purpose::STANDARD};
use hmac::{Hmac, KeyInit, Mac};

use crate::eventually;

/// A request as it came.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Received {
    pub path: String,
    /// Names in lower case.
    pub headers: BTreeMap<String, String>,
    pub body: String,
}

impl Received {
    /// # Panics
    /// When the body is no JSON.
    pub fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.body).unwrap()
    }

    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", String::as_str)
    }

    /// Whether one of the request's signatures was made with `secret` (`whsec_…`) over its id, its
    /// time and its body, as Standard Webhooks describes it.
    pub fn is_signed_with(&self, secret: &str) -> bool {
        let key = secret.strip_prefix("whsec_").expect("a secret");
        let key = STANDARD.decode(key).expect("base64");
        let signed = format!(
            "{}.{}.{}",
            self.header("webhook-id"),
            self.header("webhook-timestamp"),
            self.body
        );
        let mut mac = Hmac::<sha2::Sha256>::new_from_slice(&key).unwrap();
        mac.update(signed.as_bytes());
        let expected = format!("v1,{}", STANDARD.encode(mac.finalize().into_bytes()));
        self.header("webhook-signature")
            .split(' ')
            .any(|one| one == expected)
    }
}

/// How a request is answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer {
    /// With a status, a `Retry-After` and a text.
    Status {
        status: u16,
        retry_after: Option<String>,
        body: String,
    },
    /// Never.
    Hang,
}

impl Answer {
    pub fn status(status: u16) -> Answer {
        Answer::Status {
            status,
            retry_after: None,
            body: String::new(),
        }
    }
}

#[derive(Default)]
struct Shared {
    received: Mutex<Vec<Received>>,
    /// The next requests are answered so; then 204.
    answers: Mutex<VecDeque<Answer>>,
}

/// A running server; it stops when this is dropped.
pub struct Receiver {
    pub addr: SocketAddr,
    shared: Arc<Shared>,
    handle: ServerHandle,
}

impl Receiver {
    /// Starts on a free port, in a thread of its own.
    pub fn start() -> Receiver {
        let shared = Arc::new(Shared::default());
        let data = web::Data::from(Arc::clone(&shared));
        let (sender, started) = mpsc::channel();
        std::thread::spawn(move || {
            actix_web::rt::System::new().block_on(async move {
                let server = HttpServer::new(move || {
                    App::new()
                        .app_data(data.clone())
                        .default_service(web::to(take))
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
        Receiver {
            addr,
            shared,
            handle,
        }
    }

    pub fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.addr)
    }

    /// The next requests are answered so, one after the other; those after them with 204.
    pub fn answer(&self, answers: impl IntoIterator<Item = Answer>) {
        self.shared.answers.lock().unwrap().extend(answers);
    }

    /// All requests so far, oldest first, whatever they were answered.
    pub fn received(&self) -> Vec<Received> {
        self.shared.received.lock().unwrap().clone()
    }

    /// Waits until there are at least `count` requests.
    ///
    /// # Panics
    /// When there are fewer after `deadline`.
    pub async fn wait_for(&self, count: usize, deadline: Duration) -> Vec<Received> {
        eventually(deadline, "requests to the receiver", || async {
            let received = self.received();
            match received.len() {
                enough if enough >= count => Ok(received),
                few => Err(format!("{few} instead of {count}")),
            }
        })
        .await
    }
}

impl Drop for Receiver {
    fn drop(&mut self) {
        // The command is sent at once; nobody needs to wait for the end.
        drop(self.handle.stop(false));
    }
}

async fn take(request: HttpRequest, body: web::Bytes, shared: web::Data<Shared>) -> HttpResponse {
    let headers = request.headers().iter().map(|(name, value)| {
        let value = value.to_str().unwrap_or_default().to_owned();
        (name.as_str().to_lowercase(), value)
    });
    shared.received.lock().unwrap().push(Received {
        path: request.uri().to_string(),
        headers: headers.collect(),
        body: String::from_utf8_lossy(&body).into_owned(),
    });
    let answer = shared.answers.lock().unwrap().pop_front();
    match answer {
        None => HttpResponse::NoContent().finish(),
        Some(Answer::Hang) => std::future::pending().await,
        Some(Answer::Status {
            status,
            retry_after,
            body,
        }) => {
            let status = actix_web::http::StatusCode::from_u16(status).unwrap();
            let mut answer = HttpResponse::build(status);
            if let Some(retry_after) = retry_after {
                answer.insert_header(("Retry-After", retry_after));
            }
            if status.is_redirection() {
                answer.insert_header(("Location", "/elsewhere"));
            }
            answer.body(body)
        }
    }
}
