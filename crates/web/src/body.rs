//! Reads request bodies: bounded as sent and as unpacked.

use std::io::Read;
use std::sync::Arc;
use std::time::Duration;

use actix_web::dev::Payload;
use actix_web::http::header;
use actix_web::web::{Bytes, BytesMut};
use actix_web::{HttpMessage as _, HttpRequest};
use flate2::read::{DeflateDecoder, MultiGzDecoder, ZlibDecoder};
use futures_util::StreamExt as _;

use crate::error::WebError;
use crate::memory::{Memory, Room};
use crate::state::State;

/// A body that takes longer than this is not waited for, unless configured: slow senders must not
/// hold connections.
pub const PATIENCE: Duration = Duration::from_secs(30);
/// Bytes of larger bodies that may be in the memory at once, whoever sends them.
pub(crate) const MEMORY_MAX: usize = 256 * 1024 * 1024;
/// Bodies up to this size are not counted: the number of connections bounds them, and nearly all
/// requests are such.
const SMALL: usize = 64 * 1024;
/// How much of a body that is too large is read, for whoever looks at it later: a little more than
/// is kept of any body, so that it is masked and cut as they are.
const START: usize = 80 * 1024;
/// What is set aside for a body because its sender announces it; more only as it comes.
const AHEAD: usize = 1024 * 1024;

/// A body that was not read.
pub(crate) struct Unread {
    pub(crate) error: WebError,
    /// How it begins, where it was too large; nothing of a packed one.
    pub(crate) start: Bytes,
}

impl From<WebError> for Unread {
    fn from(error: WebError) -> Unread {
        let start = Bytes::new();
        Unread { error, start }
    }
}

/// What a body takes up, once it is more than a small one.
struct Space<'m> {
    memory: Option<&'m Arc<Memory>>,
    room: Option<Room>,
}

impl Space<'_> {
    /// # Errors
    /// That of an overload, when so many bytes do not fit beside the others'.
    fn hold(&mut self, bytes: usize) -> Result<(), WebError> {
        let Some(memory) = self.memory.filter(|_| bytes > SMALL) else {
            return Ok(());
        };
        match self.room.get_or_insert_with(|| memory.room()).grow(bytes) {
            true => Ok(()),
            false => Err(engine::Error::Overloaded.into()),
        }
    }
}

/// Reads the whole body; `limit` in bytes holds for what is sent and for what a packed body becomes.
///
/// # Errors
/// [`WebError::TooLarge`], [`WebError::BadRequest`] for a body that ends early or is not packed as
/// announced, [`WebError::UnsupportedEncoding`], [`WebError::TooSlow`], and that of an overload
/// while too many large bodies come in at once.
pub async fn read(req: &HttpRequest, payload: Payload, limit: usize) -> Result<Bytes, WebError> {
    let whole = read_or_start(req, payload, limit).await;
    whole.map_err(|unread| unread.error)
}

/// As [`read`], with the beginning of a body that is too large.
///
/// # Errors
/// As [`read`].
pub(crate) async fn read_or_start(
    req: &HttpRequest,
    payload: Payload,
    limit: usize,
) -> Result<Bytes, Unread> {
    let state = req.app_data::<State>();
    let patience = state.map_or(PATIENCE, |state| state.config.body_patience);
    let mut space = Space {
        memory: state.map(|state| &state.bodies),
        room: None,
    };
    let reading = read_all(req, payload, limit, &mut space);
    let whole = tokio::time::timeout(patience, reading)
        .await
        .unwrap_or_else(|_| Err(WebError::TooSlow(patience.as_secs()).into()))?;
    if whole.len() > SMALL {
        // The room is taken until the request is answered: its body is in the memory as long.
        req.extensions_mut().insert(space.room);
    }
    Ok(whole)
}

async fn read_all(
    req: &HttpRequest,
    mut payload: Payload,
    limit: usize,
    space: &mut Space<'_>,
) -> Result<Bytes, Unread> {
    let announced = req
        .headers()
        .get(header::CONTENT_LENGTH)
        .and_then(|value| value.to_str().ok())
        .and_then(|value| value.parse::<u64>().ok())
        .map(|length| usize::try_from(length).unwrap_or(usize::MAX));
    let coding = req
        .headers()
        .get(header::CONTENT_ENCODING)
        .map_or("", |value| value.to_str().unwrap_or("?").trim());
    let packed = !matches!(coding, "" | "identity");
    let too_large = |start: Bytes| Unread {
        error: WebError::TooLarge(limit),
        start: if packed { Bytes::new() } else { start },
    };
    let beyond = announced.is_some_and(|length| length > limit);
    let most = if beyond { START.min(limit) } else { limit };
    let mut first: Option<Bytes> = None;
    let mut rest = BytesMut::new();
    while let Some(chunk) = payload.next().await {
        let chunk =
            chunk.map_err(|error| WebError::BadRequest(format!("the body broke off: {error}")))?;
        let have = first.as_ref().map_or(0, Bytes::len).max(rest.len()) + chunk.len();
        space.hold(have)?;
        // Most bodies come in one piece, which is then not copied.
        match (first.take(), rest.is_empty()) {
            (None, true) => first = Some(chunk),
            (Some(only), _) => {
                rest.reserve(have.max(announced.map_or(0, |length| length.min(most).min(AHEAD))));
                rest.extend_from_slice(&only);
                rest.extend_from_slice(&chunk);
            }
            (None, false) => rest.extend_from_slice(&chunk),
        }
        if have > most {
            let mut start = first.unwrap_or_else(|| rest.freeze());
            start.truncate(START);
            return Err(too_large(start));
        }
    }
    let body = first.unwrap_or_else(|| rest.freeze());
    if beyond {
        return Err(too_large(body));
    }
    let unpacked = match coding.to_ascii_lowercase().as_str() {
        "" | "identity" => return Ok(body),
        "gzip" | "x-gzip" => unpack(MultiGzDecoder::new(&*body), limit)?,
        // With its header as it should be, or without as some send it.
        "deflate" => match body.first().is_some_and(|first| first & 0x0F == 8) {
            true => unpack(ZlibDecoder::new(&*body), limit)?,
            false => unpack(DeflateDecoder::new(&*body), limit)?,
        },
        _ => return Err(WebError::UnsupportedEncoding.into()),
    };
    // One body is unpacked at a time on each thread, so that it may be counted afterwards.
    space.hold(unpacked.len())?;
    Ok(unpacked)
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
