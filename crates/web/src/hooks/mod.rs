//! Where machines report: monitors by integrations, the SMS provider by webhooks. A success is
//! answered only after the signals are durable (DESIGN.md P1).

mod alertmanager;
pub(crate) mod answer;
pub(crate) mod heartbeat;
pub(crate) mod intake;
mod key;
mod opsgenie;
mod pagerduty;
pub(crate) mod refused;
pub(crate) mod rehearsal;
pub(crate) mod replay;
mod stray;
pub(crate) mod trial;
mod twilio;
mod vendor;

use actix_web::guard::{Any, Get, Guard, Head};
use actix_web::web::{self, Payload, ServiceConfig};
use actix_web::{HttpRequest, Route};

use self::stray::Vendor;
use crate::state::State;

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
                format!("{home}/jsm/ops/api/{{cloud}}/v1/alerts"),
                format!("{home}/jsm/ops/api/{{cloud}}/v1/alerts/{{tail:.*}}"),
            ])
            .route(web::to(opsgenie::cloud)),
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
    // The first version of Alertmanager's API, which older rulers push to, lies where our own API
    // does at the root.
    let mine = "/integrations/{key}";
    config.service(
        web::resource([
            format!("{mine}/api/v1/alerts"),
            format!("{mine}/api/v1/alerts/"),
        ])
        .route(web::post().to(alertmanager::push_v1))
        .default_service(stray(Vendor::Alertmanager, Some("POST"))),
    );
    for home in HOMES {
        for (path, vendor) in [
            ("/v2/enqueue", Vendor::PagerDuty),
            ("/v2/change", Vendor::PagerDuty),
            ("/generic", Vendor::PagerDuty),
            ("/v2", Vendor::Opsgenie),
            ("/v1", Vendor::Opsgenie),
            ("/jsm", Vendor::Opsgenie),
            ("/api/v2", Vendor::Alertmanager),
            ("/-", Vendor::Alertmanager),
        ] {
            config.service(
                web::resource(format!("{home}{path}/{{tail:.*}}")).route(stray(vendor, None)),
            );
        }
    }
    for slash in ["", "/"] {
        let at = |path: &str| web::resource(format!("{mine}{path}{slash}"));
        config
            .service(at("/events").route(web::to(vendor::events)))
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

/// Where nothing is asked: `allow` names the methods, if it is only the method that is unknown.
fn stray(vendor: Vendor, allow: Option<&'static str>) -> Route {
    web::to(move |req: HttpRequest, payload: Payload, state: State| {
        stray::answer(vendor, allow, req, payload, state)
    })
}

/// GET, and HEAD with it.
fn reading() -> Route {
    web::route().guard(reads())
}

fn reads() -> impl Guard {
    Any(Get()).or(Head())
}

/// The addresses that clients know.
fn vendors(config: &mut ServiceConfig, at: &dyn Fn(&str) -> actix_web::Resource) {
    let pagerduty = |path: &str| at(path).default_service(stray(Vendor::PagerDuty, Some("POST")));
    config
        .service(pagerduty("/v2/enqueue").route(web::post().to(pagerduty::enqueue)))
        .service(pagerduty("/v2/change/enqueue").route(web::post().to(pagerduty::change)))
        .service(
            pagerduty("/generic/2010-04-15/create_event.json")
                .route(web::post().to(pagerduty::create_event)),
        )
        .service(
            at("/v1/json/integrations/webhooks/{vendor}")
                .route(web::post().to(opsgenie::hook::take))
                .default_service(stray(Vendor::Opsgenie, Some("POST"))),
        );
    let alertmanager = |path: &str, allow: &'static str| {
        at(path).default_service(stray(Vendor::Alertmanager, Some(allow)))
    };
    config
        .service(
            alertmanager("/api/v2/alerts", "GET, HEAD, POST")
                .route(web::post().to(alertmanager::push))
                .route(reading().to(alertmanager::list)),
        )
        .service(
            alertmanager("/api/v2/alerts/groups", "GET, HEAD")
                .route(reading().to(alertmanager::groups)),
        )
        .service(
            alertmanager("/api/v2/silences", "GET, HEAD, POST")
                .route(reading().to(alertmanager::silences))
                .route(web::post().to(alertmanager::silence)),
        )
        .service(
            alertmanager("/api/v2/silence/{id}", "DELETE, GET, HEAD")
                .route(reading().to(alertmanager::one_silence))
                .route(web::delete().to(alertmanager::end_silence)),
        )
        .service(
            alertmanager("/api/v2/receivers", "GET, HEAD")
                .route(reading().to(alertmanager::receivers)),
        )
        .service(
            alertmanager("/api/v2/status", "GET, HEAD").route(reading().to(alertmanager::status)),
        )
        .service(alertmanager("/-/healthy", "GET, HEAD").route(reading().to(alertmanager::healthy)))
        .service(alertmanager("/-/ready", "GET, HEAD").route(reading().to(alertmanager::healthy)));
}
