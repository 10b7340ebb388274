//! The OpenAPI document, made from the code of the API, and its readable page.

use std::sync::LazyLock;

use actix_web::web::{self, ServiceConfig};
use actix_web::{HttpRequest, HttpResponse};
use serde_json::Value;
use utoipa::openapi::security::{HttpAuthScheme, HttpBuilder, SecurityScheme};
use utoipa::{Modify, OpenApi};

use crate::api::{
    alert, calendar, change_event, channel, channel_post, configuration, coverage, explain,
    hand_off, heartbeat, holiday, incident, inhibition, integration, notification, on_call,
    postmortem, report, responder, routing, routing_trial, schedule, schedule_by_hand,
    schedule_version, service_rules, signal, simulate, suppression, swap, timeline, work,
};
use crate::error::WebError;
use crate::frame::{frame, render};
use crate::page::query;
use crate::session::SignedIn;
use crate::state::State;
use crate::view::Nav;
use crate::view::api_docs::ApiDocsPage;

#[derive(OpenApi)]
#[openapi(
    info(
        title = "Quarterdeck API",
        description = "Send an API token as `Authorization: Bearer qd_…`; administrators make \
                       tokens on the settings page. Bodies and answers are JSON; unknown fields \
                       are refused. Failures are problem details (RFC 9457) with a stable `code`. \
                       Lists come in pages: send `next_cursor` as `cursor` for the next one. \
                       Signed-in browsers may read without a token.",
        license(name = "Apache-2.0", identifier = "Apache-2.0")
    ),
    paths(
        incident::list,
        incident::create,
        incident::get,
        work::acknowledge,
        work::unacknowledge,
        work::resolve,
        work::escalate,
        work::snooze,
        work::reassign,
        responder::ask,
        responder::answer,
        work::declare,
        work::phase,
        timeline::list,
        timeline::note,
        explain::why,
        alert::list,
        alert::get,
        signal::list,
        signal::get,
        signal::again,
        suppression::list,
        suppression::create,
        suppression::preview,
        suppression::get,
        suppression::edit,
        suppression::end,
        inhibition::list,
        inhibition::create,
        inhibition::get,
        inhibition::edit,
        inhibition::remove,
        heartbeat::list,
        heartbeat::create,
        heartbeat::get,
        heartbeat::edit,
        heartbeat::remove,
        heartbeat::pause,
        heartbeat::resume,
        heartbeat::rotate,
        channel::list,
        channel::create,
        channel::get,
        channel::edit,
        channel::remove,
        channel::test,
        channel::rotate,
        channel_post::posts,
        hand_off::hand_offs,
        hand_off::edit_hand_offs,
        routing::list,
        routing::get,
        routing::replace,
        routing::create,
        routing::edit,
        routing::remove,
        routing_trial::dry_run,
        change_event::list,
        change_event::create,
        change_event::get,
        change_event::of_incident,
        integration::settings,
        integration::edit,
        integration::try_mapping,
        on_call::now,
        on_call::schedules,
        on_call::shifts,
        schedule::create,
        schedule::get,
        schedule::edit,
        schedule::remove,
        schedule::preview,
        schedule_version::list,
        schedule_version::get,
        schedule_version::difference,
        schedule_by_hand::overrides,
        schedule_by_hand::add_override,
        schedule_by_hand::withdraw_override,
        schedule_by_hand::temporaries,
        schedule_by_hand::add_temporary,
        schedule_by_hand::withdraw_temporary,
        swap::list,
        swap::offer,
        swap::get,
        swap::take,
        swap::decline,
        swap::withdraw,
        calendar::feeds,
        calendar::create_feed,
        calendar::revoke_feed,
        calendar::imports,
        calendar::add_import,
        calendar::remove_import,
        calendar::reminders,
        calendar::set_reminders,
        holiday::list,
        holiday::create,
        holiday::get,
        holiday::edit,
        holiday::remove,
        report::on_call,
        simulate::simulate,
        coverage::get,
        notification::list,
        postmortem::get,
        postmortem::markdown,
        configuration::services,
        configuration::service,
        service_rules::get,
        service_rules::edit,
        configuration::users,
        configuration::user,
        configuration::edit_user,
        configuration::version,
    ),
    security(("token" = [])),
    modifiers(&Token),
    tags(
        (name = "incidents", description = "What people work on and are paged for"),
        (name = "alerts", description = "What monitors said"),
        (name = "heartbeats", description = "Who is to be heard of regularly"),
        (name = "signals", description = "What monitors sent, and what came of it"),
        (name = "on-call", description = "Who is paged"),
        (name = "channels", description = "Places that are told"),
        (name = "postmortems", description = "What was learnt"),
        (name = "configuration", description = "Services and people"),
        (name = "server", description = "This installation"),
    )
)]
struct Api;

struct Token;

impl Modify for Token {
    fn modify(&self, openapi: &mut utoipa::openapi::OpenApi) {
        let scheme = HttpBuilder::new()
            .scheme(HttpAuthScheme::Bearer)
            .description(Some("An API token, `qd_…`"))
            .build();
        openapi
            .components
            .get_or_insert_default()
            .add_security_scheme("token", SecurityScheme::Http(scheme));
    }
}

static DOCUMENT: LazyLock<Value> = LazyLock::new(|| {
    let mut document = serde_json::to_value(Api::openapi()).unwrap_or(Value::Null);
    suppression::describe_windows(&mut document);
    document
});

/// The OpenAPI document of the API.
pub fn openapi() -> &'static Value {
    &DOCUMENT
}

/// `GET /api/v1/openapi.json`.
pub(crate) async fn document() -> HttpResponse {
    HttpResponse::Ok().json(openapi())
}

pub(crate) fn configure(config: &mut ServiceConfig) {
    config.route("/api", web::get().to(page));
}

async fn page(me: SignedIn, state: State, req: HttpRequest) -> Result<HttpResponse, WebError> {
    let frame = frame(&state, &me, "API", Nav::Api).await;
    let part = query::value(&req, "part");
    render(&ApiDocsPage::from_openapi(frame, openapi(), part))
}
