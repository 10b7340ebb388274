//! Where machines report: monitors by integrations, the SMS provider by webhooks. A success is
//! answered only after the signals are durable (DESIGN.md P1).

mod monitor;
mod pagerduty;
mod twilio;

use actix_web::web::{self, ServiceConfig};
use engine::account::secret;

/// Every address also with a slash at its end: some clients cannot leave it away
/// (WIRE-FORMATS.md §0).
pub(crate) fn configure(config: &mut ServiceConfig) {
    for slash in ["", "/"] {
        let at = |path: &str| web::resource(format!("{path}{slash}"));
        config
            .service(at("/v2/enqueue").route(web::post().to(pagerduty::enqueue)))
            .service(at("/integrations/{key}/v2/enqueue").route(web::post().to(pagerduty::enqueue)))
            .service(
                at("/integrations/{key}/alertmanager").route(web::post().to(monitor::alertmanager)),
            )
            .service(at("/integrations/{key}/events").route(web::post().to(monitor::generic)))
            .service(at("/integrations/{key}").route(web::post().to(monitor::generic)));
    }
    config
        .route("/webhooks/twilio/sms", web::post().to(twilio::sms))
        .route("/webhooks/twilio/status", web::post().to(twilio::status));
}

/// Under which an integration's key is stored.
fn key_hash(key: &str) -> [u8; 32] {
    secret::digest(key.trim())
}
