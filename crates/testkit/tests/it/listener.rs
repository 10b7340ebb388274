//! A small HTTP server that keeps what it is sent and answers from a fixed set of pages.

use std::collections::BTreeMap;
use std::net::TcpListener;
use std::sync::{Arc, Mutex};

use actix_web::dev::ServerHandle;
use actix_web::http::header::CONTENT_TYPE;
use actix_web::{App, HttpRequest, HttpResponse, HttpServer, web};
use serde_json::Value;

type Pages = BTreeMap<&'static str, &'static str>;

/// Stops when dropped.
pub struct Listener {
    pub base_url: String,
    received: Arc<Mutex<Vec<Value>>>,
    handle: ServerHandle,
}

impl Listener {
    /// Serves HTML pages by path; everything posted is kept.
    pub fn start(pages: Pages) -> Self {
        let received = Arc::new(Mutex::new(Vec::new()));
        let kept = web::Data::from(Arc::clone(&received));
        let pages = web::Data::new(pages);
        let socket = TcpListener::bind("127.0.0.1:0").unwrap();
        let base_url = format!("http://{}", socket.local_addr().unwrap());
        let server = HttpServer::new(move || {
            App::new()
                .app_data(web::Data::clone(&kept))
                .app_data(web::Data::clone(&pages))
                .default_service(web::get().to(show))
                .route("/{path:.*}", web::post().to(keep))
        });
        let server = server
            .workers(1)
            .disable_signals()
            .listen(socket)
            .unwrap()
            .run();
        let handle = server.handle();
        actix_web::rt::spawn(server);
        Self {
            base_url,
            received,
            handle,
        }
    }

    /// The bodies received so far that satisfy the condition.
    pub fn received(&self, condition: impl Fn(&Value) -> bool) -> Vec<Value> {
        let received = self.received.lock().unwrap();
        received
            .iter()
            .filter(|body| condition(body))
            .cloned()
            .collect()
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        drop(self.handle.stop(false));
    }
}

async fn keep(body: web::Json<Value>, kept: web::Data<Mutex<Vec<Value>>>) -> HttpResponse {
    kept.lock().unwrap().push(body.into_inner());
    HttpResponse::Accepted().json(serde_json::json!({ "status": "success" }))
}

async fn show(request: HttpRequest, pages: web::Data<Pages>) -> HttpResponse {
    match pages.get(request.path()) {
        None => HttpResponse::NotFound().finish(),
        Some(page) => HttpResponse::Ok()
            .insert_header((CONTENT_TYPE, "text/html; charset=utf-8"))
            .insert_header((
                "Content-Security-Policy",
                "default-src 'self'; img-src 'self' data:",
            ))
            .body(*page),
    }
}
