//! Where machines report: monitors by integrations, the SMS provider by webhooks. A success is
//! answered only after the signals are durable (DESIGN.md P1).

mod alertmanager;
pub(crate) mod heartbeat;
pub(crate) mod intake;
mod key;
mod monitor;
mod opsgenie;
mod pagerduty;
pub(crate) mod rehearsal;
pub(crate) mod replay;
pub(crate) mod trial;
mod twilio;
mod vendor;

use actix_web::web::{self, ServiceConfig};

/// Every address of a vendor stands at the root of the host, for clients that let people change
/// no more than the host, and below each integration's own (WIRE-FORMATS.md §0 rule 1).
const HOMES: [&str; 2] = ["", "/integrations/{key}"];

/// Every address also with a slash at its end: some clients cannot leave it away
/// (WIRE-FORMATS.md §0).
pub(crate) fn configure(config: &mut ServiceConfig) {
    for home in HOMES {
        for slash in ["", "/"] {
            vendors(config, &|path| {
                web::resource(format!("{home}{path}{slash}"))
            });
        }
        config.service(
            web::resource([
                format!("{home}/v2/alerts"),
                format!("{home}/v2/alerts/{{tail:.*}}"),
                // The same API after its move to Jira Service Management.
                format!("{home}/jsm/ops/integration/v2/alerts"),
                format!("{home}/jsm/ops/integration/v2/alerts/{{tail:.*}}"),
            ])
            .route(web::to(opsgenie::alerts)),
        );
        config.service(
            web::resource([
                format!("{home}/v2/heartbeats"),
                format!("{home}/v2/heartbeats/{{tail:.*}}"),
                format!("{home}/jsm/ops/integration/v2/heartbeats"),
                format!("{home}/jsm/ops/integration/v2/heartbeats/{{tail:.*}}"),
            ])
            .route(web::to(opsgenie::heartbeat::heartbeats)),
        );
    }
    for slash in ["", "/"] {
        let at = |path: &str| web::resource(format!("/integrations/{{key}}{path}{slash}"));
        config
            .service(at("/alertmanager").route(web::post().to(monitor::alertmanager)))
            .service(at("/events").route(web::post().to(monitor::generic)))
            .service(at("/heartbeats/{tail:.*}").route(web::to(heartbeat::named)))
            .service(at("").route(web::to(vendor::by_kind)))
            .service(at("/{format}").route(web::to(vendor::by_address)));
    }
    config
        .service(
            web::resource(["/heartbeat/{key}", "/heartbeat/{key}/{tail:.*}"])
                .route(web::to(heartbeat::own)),
        )
        .route("/webhooks/twilio/sms", web::post().to(twilio::sms))
        .route("/webhooks/twilio/status", web::post().to(twilio::status));
}

/// The addresses that clients know.
fn vendors(config: &mut ServiceConfig, at: &dyn Fn(&str) -> actix_web::Resource) {
    config
        .service(at("/v2/enqueue").route(web::post().to(pagerduty::enqueue)))
        .service(at("/v2/change/enqueue").route(web::post().to(pagerduty::change)))
        .service(
            at("/generic/2010-04-15/create_event.json")
                .route(web::post().to(pagerduty::create_event)),
        )
        .service(
            at("/api/v2/alerts")
                .route(web::post().to(alertmanager::push))
                .route(web::get().to(alertmanager::list)),
        )
        .service(
            at("/v1/json/integrations/webhooks/{vendor}")
                .route(web::post().to(opsgenie::hook::take)),
        )
        .service(at("/api/v2/alerts/groups").route(web::get().to(alertmanager::groups)))
        .service(
            at("/api/v2/silences")
                .route(web::get().to(alertmanager::silences))
                .route(web::post().to(alertmanager::silence)),
        )
        .service(
            at("/api/v2/silence/{id}")
                .route(web::get().to(alertmanager::one_silence))
                .route(web::delete().to(alertmanager::end_silence)),
        )
        .service(at("/api/v2/receivers").route(web::get().to(alertmanager::receivers)))
        .service(at("/api/v2/status").route(web::get().to(alertmanager::status)))
        .service(at("/-/healthy").route(web::get().to(alertmanager::healthy)))
        .service(at("/-/ready").route(web::get().to(alertmanager::healthy)));
}
