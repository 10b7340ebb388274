//! The same HTTP server with nothing behind it: it reads the event's JSON and answers what the real
//! one answers.

use std::process::Command;
use std::time::Duration;

use actix_web::web;
use actix_web::{App, HttpResponse, HttpServer};
use serde_json::{Value, json};
use testkit::{Process, free_port};

/// Tells the child which part of the bench it is.
pub const PORT_VARIABLE: &str = "BENCH_NOOP_PORT";

/// A running no-op server.
pub struct Noop {
    pub port: u16,
    _process: Process,
}

impl Noop {
    pub fn start() -> Self {
        let port = free_port();
        let mut command = Command::new(std::env::current_exe().unwrap());
        command
            .args(["--exact", "noop_server", "--ignored", "--nocapture"])
            .env(PORT_VARIABLE, port.to_string());
        let mut process = Process::start("noop", command);
        process.wait_for_port(port, Duration::from_secs(60));
        Self {
            port,
            _process: process,
        }
    }
}

/// Serves until killed, with as many workers as the real server: one for each core.
pub fn serve(port: u16) {
    actix_web::rt::System::new().block_on(async move {
        let server = HttpServer::new(|| App::new().route("/v2/enqueue", web::post().to(answer)));
        let server = server.bind(("127.0.0.1", port)).unwrap();
        server.run().await.unwrap();
    });
}

async fn answer(event: web::Json<Value>) -> HttpResponse {
    HttpResponse::Accepted().json(json!({
        "status": "success",
        "message": "Event processed",
        "dedup_key": event["dedup_key"],
    }))
}
