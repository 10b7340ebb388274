//! What calendar programs fetch: `GET /calendar/{secret}.ics`.

use actix_web::http::header;
use actix_web::web::{self, Path, ServiceConfig};
use actix_web::{HttpRequest, HttpResponse};
use engine::feed;

use crate::error::WebError;
use crate::state::State;

/// The address of a feed.
pub(crate) fn address(state: &State, token: &str) -> String {
    format!("{}/calendar/{token}.ics", state.config.public_url)
}

pub(crate) fn configure(config: &mut ServiceConfig) {
    config.route("/calendar/{token}.ics", web::get().to(get));
}

async fn get(
    req: HttpRequest,
    token: Path<String>,
    state: State,
) -> Result<HttpResponse, WebError> {
    let url = &state.config.public_url;
    let found = feed::publish(state.store(), &token, url, state.now()).await?;
    let published = found.ok_or_else(|| WebError::not_found("calendar"))?;
    let known = req
        .headers()
        .get_all(header::IF_NONE_MATCH)
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .any(|tag| tag.trim().trim_start_matches("W/") == published.etag);
    let mut response = if known {
        HttpResponse::NotModified()
    } else {
        HttpResponse::Ok()
    };
    response
        .insert_header((header::ETAG, published.etag))
        // The address is a secret: nobody in between may keep what it answers.
        .insert_header((header::CACHE_CONTROL, "private, no-cache"));
    if known {
        return Ok(response.finish());
    }
    Ok(response
        .insert_header((header::CONTENT_TYPE, "text/calendar; charset=utf-8"))
        .insert_header((
            header::CONTENT_DISPOSITION,
            "inline; filename=\"on-call.ics\"",
        ))
        .body(published.text))
}
