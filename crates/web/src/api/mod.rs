//! The REST API under `/api/v1`: JSON in, JSON out, problem details on failure. Its types are its
//! own, so that what is stored can change without breaking anybody.

pub(crate) mod alert;
pub(crate) mod calendar;
pub(crate) mod caller;
pub(crate) mod change_event;
pub(crate) mod channel;
pub(crate) mod channel_post;
pub(crate) mod configuration;
pub(crate) mod coverage;
pub(crate) mod explain;
pub(crate) mod hand_off;
pub(crate) mod heartbeat;
pub(crate) mod holiday;
pub(crate) mod incident;
pub(crate) mod inhibition;
pub(crate) mod input;
pub(crate) mod integration;
pub(crate) mod notification;
pub(crate) mod on_call;
pub(crate) mod postmortem;
pub(crate) mod report;
pub(crate) mod responder;
pub(crate) mod routing;
pub(crate) mod routing_trial;
pub(crate) mod schedule;
pub(crate) mod schedule_by_hand;
mod schedule_types;
pub(crate) mod schedule_version;
pub(crate) mod service_rules;
pub(crate) mod signal;
pub(crate) mod simulate;
pub(crate) mod simulate_tried;
pub(crate) mod suppression;
pub(crate) mod swap;
pub(crate) mod timeline;
pub(crate) mod types;
pub(crate) mod words;
pub(crate) mod work;

use actix_web::middleware::from_fn;
use actix_web::web::{self, ServiceConfig};

/// Routes; the OpenAPI document ([`crate::openapi`]) describes each of them, and a test compares
/// the two.
pub(crate) fn configure(config: &mut ServiceConfig) {
    // The document itself holds no secret.
    config.route(
        "/api/v1/openapi.json",
        web::get().to(crate::openapi::document),
    );
    config.service(
        web::scope("/api/v1")
            .wrap(from_fn(caller::admit))
            .route("/version", web::get().to(configuration::version))
            .service(
                web::resource("/incidents")
                    .route(web::get().to(incident::list))
                    .route(web::post().to(incident::create)),
            )
            .route("/incidents/{number}", web::get().to(incident::get))
            .route(
                "/incidents/{number}/acknowledge",
                web::post().to(work::acknowledge),
            )
            .route(
                "/incidents/{number}/unacknowledge",
                web::post().to(work::unacknowledge),
            )
            .route("/incidents/{number}/resolve", web::post().to(work::resolve))
            .route(
                "/incidents/{number}/escalate",
                web::post().to(work::escalate),
            )
            .route("/incidents/{number}/snooze", web::post().to(work::snooze))
            .route(
                "/incidents/{number}/reassign",
                web::post().to(work::reassign),
            )
            .route(
                "/incidents/{number}/responders",
                web::post().to(responder::ask),
            )
            .route(
                "/incidents/{number}/responders/answer",
                web::post().to(responder::answer),
            )
            .route("/incidents/{number}/declare", web::post().to(work::declare))
            .route("/incidents/{number}/phase", web::post().to(work::phase))
            .route(
                "/incidents/{number}/timeline",
                web::get().to(timeline::list),
            )
            .route("/incidents/{number}/notes", web::post().to(timeline::note))
            .route("/incidents/{number}/why", web::get().to(explain::why))
            .route(
                "/incidents/{number}/change-events",
                web::get().to(change_event::of_incident),
            )
            .route("/change-events", web::get().to(change_event::list))
            .route("/change-events", web::post().to(change_event::create))
            .route("/change-events/{id}", web::get().to(change_event::get))
            .route("/alerts", web::get().to(alert::list))
            .route("/alerts/{id}", web::get().to(alert::get))
            .route("/oncall", web::get().to(on_call::now))
            .configure(signal::routes)
            .configure(suppression::routes)
            .configure(inhibition::routes)
            .configure(heartbeat::routes)
            .configure(channel::routes)
            .configure(channel_post::routes)
            .configure(hand_off::routes)
            .configure(routing::routes)
            .configure(schedule::routes)
            .configure(calendar::routes)
            .route("/simulate", web::post().to(simulate::simulate))
            .route("/coverage", web::get().to(coverage::get))
            .route("/services", web::get().to(configuration::services))
            .route("/services/{slug}", web::get().to(configuration::service))
            .service(
                web::resource("/services/{slug}/rules")
                    .route(web::get().to(service_rules::get))
                    .route(web::put().to(service_rules::edit)),
            )
            .service(
                web::resource("/services/{slug}/integrations/{id}/settings")
                    .route(web::get().to(integration::settings))
                    .route(web::patch().to(integration::edit)),
            )
            .route(
                "/services/{slug}/integrations/{id}/mapping/try",
                web::post().to(integration::try_mapping),
            )
            .route("/users", web::get().to(configuration::users))
            .service(
                web::resource("/users/{id}")
                    .route(web::get().to(configuration::user))
                    .route(web::patch().to(configuration::edit_user)),
            )
            .route("/notifications", web::get().to(notification::list))
            .route(
                "/postmortems/{number:[0-9]+}.md",
                web::get().to(postmortem::markdown),
            )
            .route(
                "/postmortems/{number:[0-9]+}",
                web::get().to(postmortem::get),
            ),
    );
}
