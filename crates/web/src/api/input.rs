//! Reads bodies, queries and cursors of the API, and says exactly what is wrong with them.

use std::future::Future;
use std::pin::Pin;
use std::str::FromStr;

use actix_web::dev::Payload;
use actix_web::web::Query;
use actix_web::{FromRequest, HttpRequest, HttpResponse};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use domain::ServiceId;
use domain::directory::Directory;
use domain::word::UnknownWord;
use serde::Serialize;
use serde::de::{DeserializeOwned, IgnoredAny};
use serde_json::error::Category;
use utoipa::ToSchema;

use crate::body;
use crate::error::WebError;

/// Largest body, in bytes.
const BODY_MAX: usize = 1024 * 1024;
/// Items of a page of a list, unless asked for otherwise, and at most.
pub const LIMIT: i64 = 50;
pub const LIMIT_MAX: i64 = 200;

/// The service that a filter names by its slug, if it names one.
///
/// # Errors
/// [`engine::Error::Invalid`] when there is no such service.
pub fn service(
    directory: &Directory,
    slug: Option<&str>,
) -> Result<Option<ServiceId>, engine::Error> {
    let Some(slug) = slug else {
        return Ok(None);
    };
    match directory.service_by_slug(slug) {
        Some(service) => Ok(Some(service.id)),
        None => Err(engine::Error::invalid(
            "service",
            "there is no such service",
        )),
    }
}

/// A JSON body. An empty one is like `{}`.
pub struct Body<T>(pub T);

impl<T: DeserializeOwned + 'static> FromRequest for Body<T> {
    type Error = WebError;
    type Future = Pin<Box<dyn Future<Output = Result<Self, WebError>>>>;

    fn from_request(req: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let req = req.clone();
        let payload = payload.take();
        Box::pin(async move {
            let bytes = body::read(&req, payload, BODY_MAX).await?;
            let bytes: &[u8] = if bytes.is_empty() { b"{}" } else { &bytes };
            // A list would be taken for the fields in their order.
            if bytes.trim_ascii_start().first() != Some(&b'{') {
                return Err(match serde_json::from_slice::<IgnoredAny>(bytes) {
                    Ok(_) => {
                        let message = "an object was expected, such as {\"name\": \"value\"}";
                        engine::Error::invalid("body", message).into()
                    }
                    Err(error) => WebError::NotJson(error.to_string()),
                });
            }
            serde_json::from_slice(bytes)
                .map(Body)
                .map_err(|error| match error.classify() {
                    Category::Data => engine::Error::invalid("body", error.to_string()).into(),
                    _ => WebError::NotJson(error.to_string()),
                })
        })
    }
}

/// The query. Unknown names are refused, so that a filter mistyped is not a filter ignored.
pub struct Params<T>(pub T);

impl<T: DeserializeOwned> FromRequest for Params<T> {
    type Error = WebError;
    type Future = std::future::Ready<Result<Self, WebError>>;

    fn from_request(req: &HttpRequest, _: &mut Payload) -> Self::Future {
        let parsed = Query::<T>::from_query(req.query_string())
            .map(|query| Params(query.into_inner()))
            .map_err(|error| {
                let text = match &error {
                    actix_web::error::QueryPayloadError::Deserialize(error) => error.to_string(),
                    other => other.to_string(),
                };
                engine::Error::invalid("query", text).into()
            });
        std::future::ready(parsed)
    }
}

/// One page of a list.
#[derive(Serialize, ToSchema)]
pub struct List<T> {
    pub items: Vec<T>,
    /// Send it as `cursor` for the next page; `null` at the end.
    pub next_cursor: Option<String>,
}

impl<T> List<T> {
    /// Cuts a list that was read with one item more than wanted.
    pub fn cut<R>(
        mut rows: Vec<R>,
        limit: i64,
        cursor: impl FnOnce(&R) -> String,
        make: impl FnMut(R) -> T,
    ) -> List<T> {
        let wanted = usize::try_from(limit).unwrap_or(usize::MAX);
        let more = rows.len() > wanted;
        rows.truncate(wanted);
        let next_cursor = rows.last().filter(|_| more).map(cursor);
        List {
            items: rows.into_iter().map(make).collect(),
            next_cursor,
        }
    }
}

impl<T: Serialize> List<T> {
    /// The answer with a list that is told whole.
    pub fn whole(items: impl IntoIterator<Item = T>) -> HttpResponse {
        HttpResponse::Ok().json(List {
            items: items.into_iter().collect(),
            next_cursor: None,
        })
    }
}

/// # Errors
/// 422 outside 1–200.
pub fn limit(wanted: Option<i64>) -> Result<i64, WebError> {
    let limit = wanted.unwrap_or(LIMIT);
    if (1..=LIMIT_MAX).contains(&limit) {
        Ok(limit)
    } else {
        let message = format!("choose between 1 and {LIMIT_MAX}");
        Err(engine::Error::invalid("limit", message).into())
    }
}

/// Packs numbers into an opaque text.
pub fn encode_cursor(parts: &[i64]) -> String {
    let text: Vec<String> = parts.iter().map(i64::to_string).collect();
    URL_SAFE_NO_PAD.encode(text.join("."))
}

/// # Errors
/// 422 for anything but a cursor of ours.
pub fn decode_cursor<const N: usize>(text: &str) -> Result<[i64; N], WebError> {
    let decode = || -> Option<[i64; N]> {
        let text = String::from_utf8(URL_SAFE_NO_PAD.decode(text).ok()?).ok()?;
        let parts: Result<Vec<i64>, _> = text.split('.').map(str::parse).collect();
        parts.ok()?.try_into().ok()
    };
    decode().ok_or_else(|| {
        engine::Error::invalid("cursor", "use `next_cursor` of the page before, as it was").into()
    })
}

/// One word of a vocabulary.
///
/// # Errors
/// 422 that names the words.
pub fn word<T: FromStr<Err = UnknownWord>>(
    field: &str,
    text: Option<&str>,
) -> Result<Option<T>, WebError> {
    match text.map(str::trim).filter(|text| !text.is_empty()) {
        None => Ok(None),
        Some(text) => text
            .parse()
            .map(Some)
            .map_err(|error: UnknownWord| engine::Error::invalid(field, error.to_string()).into()),
    }
}

/// Several words, with commas between them.
///
/// # Errors
/// As [`word`].
pub fn words<T: FromStr<Err = UnknownWord>>(
    field: &str,
    text: Option<&str>,
) -> Result<Vec<T>, WebError> {
    let mut words = Vec::new();
    for part in text.unwrap_or_default().split(',') {
        words.extend(word(field, Some(part))?);
    }
    Ok(words)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cursors_survive_the_journey_and_nothing_else_does() {
        let cursor = encode_cursor(&[1_800_000_000_000_000, -7]);
        assert_eq!(
            decode_cursor::<2>(&cursor).unwrap(),
            [1_800_000_000_000_000, -7]
        );
        for bad in ["", "x", "MQ", "MS4yLjM", "99999999999999999999"] {
            assert!(decode_cursor::<2>(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn words_are_read_or_named() {
        use domain::word::PagingState;
        let both = words::<PagingState>("paging", Some("triggered, resolved")).unwrap();
        assert_eq!(both, [PagingState::Triggered, PagingState::Resolved]);
        assert!(words::<PagingState>("paging", None).unwrap().is_empty());
        let error = words::<PagingState>("paging", Some("open")).err().unwrap();
        assert!(
            error.problems()[0].message.contains("acknowledged"),
            "{error}"
        );
    }
}
