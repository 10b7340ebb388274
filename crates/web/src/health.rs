//! Whether the process lives, and whether it can do its work.

use std::time::Duration;

use actix_web::http::header;
use actix_web::web::{self, ServiceConfig};
use actix_web::{HttpResponse, Responder};

use crate::error::{RETRY_AFTER, WebError};
use crate::state::State;

/// A database that takes longer than this to write one row is not ready.
const PATIENCE: Duration = Duration::from_secs(3);

pub(crate) fn configure(config: &mut ServiceConfig) {
    config
        .route("/healthz", web::get().to(alive))
        .route("/readyz", web::get().to(ready));
}

/// The process answers. Says nothing about the database, so that a supervisor does not restart
/// what a restart cannot help.
async fn alive() -> impl Responder {
    HttpResponse::Ok()
        .content_type("text/plain; charset=utf-8")
        .body("alive\n")
}

/// A row can be written durably: the same that taking a signal needs.
async fn ready(state: State) -> HttpResponse {
    let text = state.now().to_string();
    let write = state
        .store()
        .write(move |tx| store::setting::put(tx, "readiness", &text).map_err(engine::Error::from));
    let reason = match tokio::time::timeout(PATIENCE, write).await {
        Ok(Ok(())) => {
            return HttpResponse::Ok()
                .content_type("text/plain; charset=utf-8")
                .body("ready\n");
        }
        Ok(Err(error)) => WebError::from(error).detail(),
        Err(_) => format!(
            "The database did not write within {} s.",
            PATIENCE.as_secs()
        ),
    };
    tracing::warn!(reason, "not ready");
    HttpResponse::ServiceUnavailable()
        .insert_header((header::RETRY_AFTER, RETRY_AFTER))
        .content_type("text/plain; charset=utf-8")
        .body(format!("not ready: {reason}\n"))
}
