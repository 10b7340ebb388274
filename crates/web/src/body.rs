//! Reads request bodies: bounded as sent and as unpacked.

use std::io::Read;
use std::time::Duration;

use actix_web::HttpRequest;
use actix_web::dev::Payload;
use actix_web::http::header;
use actix_web::web::{Bytes, BytesMut};
use flate2::read::{DeflateDecoder, MultiGzDecoder, ZlibDecoder};
use futures_util::StreamExt as _;

use crate::error::WebError;

/// A body that takes longer than this is not waited for: slow senders must not hold connections.
const PATIENCE: Duration = Duration::from_secs(30);

/// Reads the whole body; `limit` in bytes holds for what is sent and for what a packed body becomes.
///
/// # Errors
/// [`WebError::TooLarge`], [`WebError::BadRequest`] for a body that ends early or is not packed as
/// announced, [`WebError::UnsupportedEncoding`], [`WebError::TooSlow`].
pub async fn read(req: &HttpRequest, payload: Payload, limit: usize) -> Result<Bytes, WebError> {
    tokio::time::timeout(PATIENCE, read_all(req, payload, limit))
        .await
        .unwrap_or(Err(WebError::TooSlow(PATIENCE.as_secs())))
}

async fn read_all(
    req: &HttpRequest,
    mut payload: Payload,
    limit: usize,
) -> Result<Bytes, WebError> {
    let announced = req
        .headers()
        .get(header::CONTENT_LENGTH)
        .and_then(|value| value.to_str().ok())
        .and_then(|value| value.parse::<u64>().ok());
    let fits = |length: u64| usize::try_from(length).is_ok_and(|length| length <= limit);
    if announced.is_some_and(|length| !fits(length)) {
        return Err(WebError::TooLarge(limit));
    }
    let mut first: Option<Bytes> = None;
    let mut rest = BytesMut::new();
    while let Some(chunk) = payload.next().await {
        let chunk =
            chunk.map_err(|error| WebError::BadRequest(format!("the body broke off: {error}")))?;
        let have = first.as_ref().map_or(0, Bytes::len).max(rest.len());
        if have + chunk.len() > limit {
            return Err(WebError::TooLarge(limit));
        }
        // Most bodies come in one piece, which is then not copied.
        match (first.take(), rest.is_empty()) {
            (None, true) => first = Some(chunk),
            (Some(only), _) => {
                rest.reserve((only.len() + chunk.len()).max(announced.map_or(0, |n| n as usize)));
                rest.extend_from_slice(&only);
                rest.extend_from_slice(&chunk);
            }
            (None, false) => rest.extend_from_slice(&chunk),
        }
    }
    let body = first.unwrap_or_else(|| rest.freeze());
    let coding = req
        .headers()
        .get(header::CONTENT_ENCODING)
        .map_or("", |value| value.to_str().unwrap_or("?").trim());
    match coding.to_ascii_lowercase().as_str() {
        "" | "identity" => Ok(body),
        "gzip" | "x-gzip" => unpack(MultiGzDecoder::new(&*body), limit),
        // With its header as it should be, or without as some send it.
        "deflate" => match body.first().is_some_and(|first| first & 0x0F == 8) {
            true => unpack(ZlibDecoder::new(&*body), limit),
            false => unpack(DeflateDecoder::new(&*body), limit),
        },
        _ => Err(WebError::UnsupportedEncoding),
    }
}

fn unpack(packed: impl Read, limit: usize) -> Result<Bytes, WebError> {
    let mut unpacked = Vec::new();
    let most = u64::try_from(limit).unwrap_or(u64::MAX).saturating_add(1);
    packed
        .take(most)
        .read_to_end(&mut unpacked)
        .map_err(|error| {
            WebError::BadRequest(format!("the body is not packed as it says: {error}"))
        })?;
    if unpacked.len() > limit {
        return Err(WebError::TooLarge(limit));
    }
    Ok(unpacked.into())
}
