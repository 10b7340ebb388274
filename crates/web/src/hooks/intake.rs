//! Handing requests of monitors to the engine, within the budget of their key.

use std::borrow::Cow;
use std::collections::HashMap;
use std::hash::Hash;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{PoisonError, RwLock};

use actix_web::HttpRequest;
use actix_web::web::{Bytes, Payload};
use domain::change_event::ChangeEvent;
use domain::directory::Directory;
use domain::quota::Quota;
use domain::service::Integration;
use domain::{ChangeEventId, IntegrationId, Timestamp};
use engine::change_event;
use engine::ingest::{Accepted, IngestError, Origin, Submission};
use formats::settings::Settings;
use formats::severity::Scale;

use crate::body::{self, Unread};
use crate::error::{WebError, now_and_then};
use crate::state::AppState;

/// What the integrations, or others that have keys, have spent of their budgets. A request costs a
/// lookup and an atomic swap.
pub(crate) struct Budgets<Id = IntegrationId> {
    quota: Option<Quota>,
    spent: RwLock<HashMap<Id, AtomicI64>>,
}

impl<Id: Eq + Hash> Budgets<Id> {
    /// `per_minute` requests for each; 0 for no limit.
    pub(crate) fn new(per_minute: u32) -> Self {
        Budgets {
            quota: Quota::per_minute(per_minute),
            spent: RwLock::default(),
        }
    }

    /// Spends one request.
    ///
    /// # Errors
    /// After how many seconds to come again.
    pub(crate) fn spend(&self, of: Id, now: Timestamp) -> Result<(), i64> {
        self.spend_of(of, None, now)
    }

    /// Spends one request of whoever may have a number of its own.
    ///
    /// # Errors
    /// After how many seconds to come again.
    pub(crate) fn spend_of(
        &self,
        of: Id,
        per_minute: Option<u32>,
        now: Timestamp,
    ) -> Result<(), i64> {
        let Some(quota) = per_minute.map_or(self.quota, Quota::per_minute) else {
            return Ok(());
        };
        let known = self.spent.read().unwrap_or_else(PoisonError::into_inner);
        if let Some(spent) = known.get(&of) {
            return take_from(quota, spent, now);
        }
        drop(known);
        let mut known = self.spent.write().unwrap_or_else(PoisonError::into_inner);
        take_from(quota, known.entry(of).or_default(), now)
    }
}

fn take_from(quota: Quota, spent: &AtomicI64, now: Timestamp) -> Result<(), i64> {
    let mut before = spent.load(Ordering::Relaxed);
    loop {
        let until = quota
            .admit(Timestamp(before), now)
            .map_err(|wait| wait.as_seconds() + 1)?;
        match spent.compare_exchange_weak(before, until.0, Ordering::Relaxed, Ordering::Relaxed) {
            Ok(_) => return Ok(()),
            Err(other) => before = other,
        }
    }
}

/// Why a request was not taken.
#[derive(Debug)]
pub(crate) enum NotTaken {
    UnknownKey,
    /// The key's budget is spent: come again after this many seconds.
    TooMany(i64),
    /// Too much waits to be stored, or nothing can be: come again in a moment.
    Later(IngestError),
}

impl From<NotTaken> for WebError {
    fn from(why: NotTaken) -> WebError {
        match why {
            NotTaken::UnknownKey => WebError::not_found("page"),
            NotTaken::TooMany(seconds) => engine::Error::TooMany(seconds).into(),
            NotTaken::Later(IngestError::Unavailable(why)) => store::Error::Unavailable(why).into(),
            NotTaken::Later(_) => engine::Error::Overloaded.into(),
        }
    }
}

/// What the owner of the integration of a key has chosen; nothing, where there is none.
///
/// # Errors
/// When a later version has chosen it.
pub(super) fn settings<'d>(
    directory: &'d Directory,
    key_hash: &[u8; 32],
) -> Result<Cow<'d, Settings>, WebError> {
    match directory.integration_by_key(key_hash) {
        None => Ok(Cow::Owned(Settings::default())),
        Some(integration) => Settings::of(&integration.settings)
            .map(Cow::Borrowed)
            .map_err(|error| WebError::Internal(error.to_string())),
    }
}

/// How the owner of an integration has severities read; as usual, where there is none. What a later
/// version has chosen keeps no event away.
pub(super) fn scale(integration: Option<&Integration>) -> Scale<'_> {
    integration
        .and_then(|integration| Settings::of(&integration.settings).ok())
        .map(Settings::scale)
        .unwrap_or_default()
}

/// Spends one request of a key's budget.
///
/// # Errors
/// [`NotTaken::UnknownKey`] and [`NotTaken::TooMany`].
pub(super) fn admit_key(state: &AppState, key_hash: &[u8; 32]) -> Result<(), NotTaken> {
    let directory = state.directory();
    let integration = directory
        .integration_by_key(key_hash)
        .ok_or(NotTaken::UnknownKey)?;
    admit(state, integration).map_err(NotTaken::TooMany)
}

/// Spends one request of an integration's budget; its owner hears of those beyond it.
///
/// # Errors
/// After how many seconds to come again.
pub(crate) fn admit(state: &AppState, integration: &Integration) -> Result<(), i64> {
    spend(state, integration).inspect_err(|_| {
        let own = integration.settings.conduct().rate_limit;
        let per_minute = own.unwrap_or(state.config.rate_limit);
        state.refused.count(integration.id, per_minute, state.now());
    })
}

fn spend(state: &AppState, integration: &Integration) -> Result<(), i64> {
    let own = integration.settings.conduct().rate_limit;
    state.budgets.spend_of(integration.id, own, state.now())
}

/// Hands a request in that has been admitted; returns once it is durable.
///
/// # Errors
/// [`NotTaken`]; nothing of the request was stored then.
pub(crate) async fn store(state: &AppState, submission: Submission) -> Result<Accepted, NotTaken> {
    state
        .engine
        .submit(submission)
        .await
        .map_err(|error| match error {
            IngestError::UnknownKey => NotTaken::UnknownKey,
            other => {
                if now_and_then() {
                    tracing::warn!(error = %other, "signals are not taken");
                }
                NotTaken::Later(other)
            }
        })
}

/// Writes the changes of a request down that was admitted before; returns the ids of the new ones
/// once they are durable.
///
/// # Errors
/// [`NotTaken`]; nothing was stored then.
pub(super) async fn tell(
    state: &AppState,
    key_hash: [u8; 32],
    changes: Vec<ChangeEvent>,
) -> Result<Vec<ChangeEventId>, NotTaken> {
    let received = change_event::receive(state.store(), key_hash, changes, state.now());
    received.await.map_err(|error| match error {
        engine::Error::NotFound(_) => NotTaken::UnknownKey,
        other => NotTaken::Later(IngestError::Unavailable(other.to_string())),
    })
}

/// How a request came; `format` is the word of whoever reads it.
pub(super) fn origin(req: &HttpRequest, format: &'static str) -> Origin {
    let mut head = String::with_capacity(512);
    head.push_str(req.method().as_str());
    head.push(' ');
    head.push_str(
        req.uri()
            .path_and_query()
            .map_or("/", |target| target.as_str()),
    );
    for (name, value) in req.headers() {
        head.push('\n');
        head.push_str(name.as_str());
        head.push_str(": ");
        match value.to_str() {
            Ok(text) => head.push_str(text),
            Err(_) => head.push('\u{fffd}'),
        }
    }
    Origin {
        format,
        head,
        replay_of: None,
    }
}

/// A request that says nothing about any alert, but whose owner should hear of something.
pub(crate) fn remark(key_hash: [u8; 32], raw: Bytes, origin: Origin) -> Submission {
    Submission {
        key_hash,
        signals: Vec::new(),
        resolve_group: None,
        warnings: Vec::new(),
        rejected: Vec::new(),
        raw,
        origin,
    }
}

/// The body of a request whose integration is known. One that is too large is shown there; `word`
/// is that of whoever would have read it.
///
/// # Errors
/// As [`body::read`], in the form for monitors.
pub(super) async fn read(
    state: &AppState,
    req: &HttpRequest,
    payload: Payload,
    limit: usize,
    (key_hash, word): ([u8; 32], &'static str),
) -> Result<Bytes, WebError> {
    match body::read_or_start(req, payload.into_inner(), limit).await {
        Ok(bytes) => Ok(bytes),
        Err(Unread { error, start }) => {
            if let WebError::TooLarge(limit) = error {
                remember_too_large(state, key_hash, limit, start, origin(req, word)).await;
            }
            Err(for_monitors(error))
        }
    }
}

/// A failure as monitors are told it: after a status that is no last word, where they should come
/// again (WIRE-FORMATS.md §0 rule 7).
pub(super) fn for_monitors(error: WebError) -> WebError {
    match error {
        WebError::TooSlow(seconds) => WebError::TooSlowNow(seconds),
        other => other,
    }
}

/// Shows on an integration that a request of its was too large; `start` is what was read of it.
pub(super) async fn remember_too_large(
    state: &AppState,
    key_hash: [u8; 32],
    limit: usize,
    start: Bytes,
    origin: Origin,
) {
    let reason = format!(
        "This was larger than {} and was not taken. Let the sender send less at once.",
        size(limit)
    );
    remember_refusal(state, key_hash, reason, start, origin).await;
}

/// A number of bytes in words.
pub(crate) fn size(bytes: usize) -> String {
    for (unit, name) in [(1024 * 1024, "MiB"), (1024, "KiB")] {
        if bytes >= unit && bytes.is_multiple_of(unit) {
            return format!("{} {name}", bytes / unit);
        }
    }
    format!("{bytes} bytes")
}

/// Shows a refused request on its integration. The refusal stands whether this works or not: it
/// costs a request of the budget, and is left out when that is spent.
pub(crate) async fn remember_refusal(
    state: &AppState,
    key_hash: [u8; 32],
    reason: String,
    bytes: Bytes,
    origin: Origin,
) {
    let admitted = state
        .directory()
        .integration_by_key(&key_hash)
        .is_some_and(|integration| spend(state, integration).is_ok());
    if !admitted {
        return;
    }
    let submission = Submission {
        rejected: vec![reason],
        ..remark(key_hash, bytes, origin)
    };
    match store(state, submission).await {
        Ok(_) | Err(NotTaken::UnknownKey) => {}
        Err(why) => tracing::debug!(?why, "a refused request was not remembered"),
    }
}

#[cfg(test)]
mod tests {
    use super::size;

    #[test]
    fn sizes_are_told_in_the_largest_unit_that_fits() {
        assert_eq!(size(2 * 1024 * 1024), "2 MiB");
        assert_eq!(size(512 * 1024), "512 KiB");
        assert_eq!(size(1_000), "1000 bytes");
    }
}
