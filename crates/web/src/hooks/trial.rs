//! Reading requests by settings that are not saved: nothing is taken in, so that an owner sees what
//! a mapping would make of what has come.

use domain::Timestamp;
use domain::service::Integration;
use formats::Parsed;
use formats::format;
use formats::mapping::MappingRules;
use formats::request::Request;
use formats::settings::Settings;
use store::request::{Filter, Request as Kept};

use super::replay;
use crate::error::WebError;
use crate::state::AppState;

/// How many of an integration's newest requests a mapping is tried on.
pub(crate) const TRIED: i64 = 5;

/// The newest requests that the integration's own format has read and that are kept whole.
///
/// # Errors
/// Those of the read.
pub(crate) async fn newest(
    state: &AppState,
    integration: &Integration,
) -> Result<Vec<Kept>, WebError> {
    let filter = Filter {
        integrations: Some(vec![integration.id]),
        ..Filter::default()
    };
    let own = format::of(integration.kind).slug();
    // Others lie between them: tests, and what came by an API of the same key.
    let found = state
        .store()
        .read(move |conn| store::request::list(conn, &filter, TRIED * 10))
        .await?;
    let most = usize::try_from(TRIED).unwrap_or_default();
    Ok(found
        .into_iter()
        .filter(|kept| kept.format == own && kept.complete)
        .take(most)
        .collect())
}

/// The integration's settings with these rules, for requests whose signatures are not kept.
///
/// # Errors
/// When the stored settings cannot be read.
pub(crate) fn settings(
    integration: &Integration,
    rules: MappingRules,
) -> Result<Settings, WebError> {
    let mut settings = Settings::of(&integration.settings)
        .map_err(|error| WebError::Internal(error.to_string()))?
        .clone();
    settings.secret = None;
    settings.mapping = Some(rules).filter(|rules| *rules != MappingRules::default());
    Ok(settings)
}

/// What would be understood of a request that has come.
///
/// # Errors
/// Why it would not be.
pub(crate) fn kept(kept: &Kept, settings: &Settings, now: Timestamp) -> Result<Parsed, String> {
    replay::read(kept, settings, now)
}

/// What would be understood of a body that somebody has pasted.
///
/// # Errors
/// Why it would not be.
pub(crate) fn pasted(
    integration: &Integration,
    body: &str,
    settings: &Settings,
    now: Timestamp,
) -> Result<Parsed, String> {
    let mut request = Request::of_body(body.as_bytes());
    request.headers = vec![("content-type", "application/json")];
    format::of(integration.kind)
        .parse(&request, settings, now)
        .map_err(|error| error.to_string())
}
