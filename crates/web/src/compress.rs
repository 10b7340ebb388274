//! Compresses pages and JSON on their way out, where the client takes gzip.

use std::io::Write as _;

use actix_web::HttpResponse;
use actix_web::body::{BodySize, BoxBody, MessageBody as _};
use actix_web::dev::ServiceResponse;
use actix_web::http::header::{self, HeaderValue};
use flate2::Compression;
use flate2::write::GzEncoder;

/// Smaller bodies are not worth it, in bytes.
const LEAST: u64 = 1_024;
/// Larger ones would hold up the worker for long, in bytes.
const MOST: u64 = 1024 * 1024;

pub(crate) fn page(response: ServiceResponse) -> ServiceResponse {
    let fits = matches!(response.response().body().size(),
        BodySize::Sized(size) if (LEAST..=MOST).contains(&size));
    if !fits
        || !is_text(&response)
        || response.headers().contains_key(header::CONTENT_ENCODING)
        || !takes(response.request().headers(), "gzip")
    {
        return response;
    }
    response.map_body(|head, body: BoxBody| {
        let body = match body.try_into_bytes() {
            Ok(bytes) => bytes,
            Err(body) => return body,
        };
        let mut encoder = GzEncoder::new(Vec::with_capacity(body.len() / 4), Compression::new(4));
        let packed = encoder.write_all(&body).and_then(|()| encoder.finish());
        let Ok(packed) = packed else {
            return BoxBody::new(body);
        };
        head.headers_mut()
            .insert(header::CONTENT_ENCODING, HeaderValue::from_static("gzip"));
        head.headers_mut()
            .append(header::VARY, HeaderValue::from_static("Accept-Encoding"));
        BoxBody::new(packed)
    })
}

fn is_text(response: &ServiceResponse) -> bool {
    let kind = response
        .headers()
        .get(header::CONTENT_TYPE)
        .and_then(|kind| kind.to_str().ok());
    kind.is_some_and(|kind| {
        kind.starts_with("text/html")
            || kind.starts_with("text/markdown")
            || kind.starts_with("application/json")
    })
}

/// Whether `Accept-Encoding` names a coding without refusing it.
pub(crate) fn takes(headers: &header::HeaderMap, coding: &str) -> bool {
    headers
        .get_all(header::ACCEPT_ENCODING)
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .any(|item| {
            let mut parts = item.split(';').map(str::trim);
            parts
                .next()
                .is_some_and(|name| name.eq_ignore_ascii_case(coding))
                && !parts.any(|part| matches!(part, "q=0" | "q=0.0" | "q=0.00" | "q=0.000"))
        })
}

/// A body that is compressed already.
pub(crate) fn packed(response: &mut HttpResponse, coding: &'static str) {
    response
        .headers_mut()
        .insert(header::CONTENT_ENCODING, HeaderValue::from_static(coding));
}
