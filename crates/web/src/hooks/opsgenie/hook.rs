//! `POST /v1/json/integrations/webhooks/{vendor}`: where monitors with a plugin for Opsgenie send
//! their own shape, with the key as `apiKey` in the address (WIRE-FORMATS.md §1.3).

use std::time::Instant;

use actix_web::http::StatusCode;
use actix_web::web::Payload;
use actix_web::{HttpRequest, HttpResponse};
use domain::word::IntegrationKind;
use formats::format;
use formats::opsgenie::reply::{self, Refusal};

use super::{Failure, integration, random_id, refused, respond, unread};
use crate::hooks::{intake, vendor};
use crate::state::{AppState, State};

pub(in crate::hooks) async fn take(
    req: HttpRequest,
    payload: Payload,
    state: State,
) -> HttpResponse {
    let began = Instant::now();
    let result = read(&req, payload, &state).await;
    let took = (began.elapsed().as_secs_f64() * 1e3).round() / 1e3;
    match result {
        Ok(()) => {
            let id = random_id();
            // Some plugins compare the code literally.
            respond(StatusCode::OK, took, &id, &reply::accepted(took, &id), None)
        }
        Err(failure) => refused(failure, took),
    }
}

async fn read(req: &HttpRequest, payload: Payload, state: &AppState) -> Result<(), Failure> {
    let (key_hash, _) = integration(req, state)?;
    intake::admit_key(state, &key_hash)?;
    let name = req.match_info().get("vendor").unwrap_or_default();
    let format = format::by_slug(name).unwrap_or_else(|| format::of(IntegrationKind::Generic));
    let limit = format.body_limit(state.config.body_limit);
    let whose = (key_hash, format.slug());
    let bytes = intake::read(state, req, payload, limit, whose)
        .await
        .map_err(|error| unread(&error))?;
    let origin = intake::origin(req, format.slug());
    let directory = state.directory();
    let settings = intake::settings(&directory, &key_hash)
        .map_err(|error| Refusal::plain(error.kind().0.as_u16(), &error.detail()))?;
    let request = vendor::request_of(req, &bytes, key_hash);
    let parsed = format.parse(&request, &settings, state.now());
    let parsed = match parsed {
        Ok(parsed) => parsed,
        Err(error) => {
            intake::remember_refusal(state, key_hash, error.to_string(), bytes, origin).await;
            return Err(Refusal::invalid("body", &error.to_string()).into());
        }
    };
    vendor::store(state, key_hash, parsed, bytes, origin).await?;
    Ok(())
}
