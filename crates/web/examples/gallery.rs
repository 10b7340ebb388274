//! Serves every page of the face with sample data, under the product's own Content-Security-Policy:
//! `cargo run -p web --example gallery -- 127.0.0.1:8090`. `?theme=dark` shows the dark theme,
//! `/gallery` lists the pages.

#[path = "../tests/sample/mod.rs"]
mod sample;

use actix_web::http::header;
use actix_web::web::Bytes;
use actix_web::{App, HttpRequest, HttpResponse, HttpServer, web::to};
use futures_util::stream::{self, StreamExt};

/// What the product sends with every page.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; \
     connect-src 'self'; font-src 'self'; manifest-src 'self'; form-action 'self'; base-uri 'none'; \
     frame-ancestors 'self'";

async fn page(request: HttpRequest) -> HttpResponse {
    let path = request.path();
    if let Some(asset) = path.strip_prefix("/static/").and_then(web::assets::find) {
        return HttpResponse::Ok()
            .insert_header((header::CONTENT_TYPE, asset.content_type))
            .body(asset.bytes);
    }
    if path.ends_with("stream") {
        // One change after a moment, then silence on an open connection.
        let first = stream::once(async {
            tokio::time::sleep(std::time::Duration::from_millis(700)).await;
            Ok::<_, actix_web::Error>(Bytes::from_static(b"event: changed\ndata: 21\n\n"))
        });
        return HttpResponse::Ok()
            .insert_header((header::CONTENT_TYPE, "text/event-stream"))
            .streaming(first.chain(stream::pending()));
    }
    let pages = sample::pages();
    let html = match pages.iter().find(|page| page.path == path) {
        Some(page) => page.html.clone(),
        None if path == "/gallery" => pages
            .iter()
            .map(|page| format!("<p><a href=\"{0}\">{0}</a></p>", page.path))
            .collect(),
        None => return HttpResponse::NotFound().finish(),
    };
    let html = if request.query_string().contains("theme=dark") {
        html.replacen("data-bs-theme=\"system\"", "data-bs-theme=\"dark\"", 1)
    } else {
        html
    };
    HttpResponse::Ok()
        .insert_header((header::CONTENT_TYPE, "text/html; charset=utf-8"))
        .insert_header((header::CONTENT_SECURITY_POLICY, POLICY))
        .body(html)
}

#[actix_web::main]
async fn main() -> std::io::Result<()> {
    let listen = std::env::args()
        .nth(1)
        .unwrap_or_else(|| "127.0.0.1:8090".to_owned());
    eprintln!("http://{listen}/gallery");
    HttpServer::new(|| App::new().default_service(to(page)))
        .workers(2)
        .bind(listen)?
        .run()
        .await
}
