//! The proof of coverage, for whoever asks; worked out beside what serves requests.

use std::sync::{Arc, Mutex, PoisonError};

use domain::Span;
use domain::coverage::{self, Proof};
use domain::directory::Directory;

use crate::access::{Right, require};
use crate::{Error, OpContext};

/// A proof holds for requests of the same minute and configuration.
const KEPT: i64 = 60;

/// The newest proofs, so that leafing through the page does not prove everything anew.
#[derive(Default)]
pub struct Proofs(Mutex<Vec<(Key, Arc<Proof>)>>);

/// Generation of the configuration, days, minute.
type Key = (i64, u32, i64);

/// Most proofs that are kept.
const PROOFS: usize = 4;

impl Proofs {
    fn known(&self, key: Key) -> Option<Arc<Proof>> {
        let proofs = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let found = proofs.iter().find(|(known, _)| *known == key);
        found.map(|(_, proof)| proof.clone())
    }

    fn keep(&self, key: Key, proof: Arc<Proof>) {
        let mut proofs = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        proofs.insert(0, (key, proof));
        proofs.truncate(PROOFS);
    }
}

/// Proves the coverage of the next days.
///
/// # Errors
/// [`Error::Invalid`] unless `days` is 1 to [`coverage::DAYS_MAX`]; [`Error::Forbidden`].
pub async fn prove(
    proofs: &Proofs,
    directory: Arc<Directory>,
    ctx: &OpContext,
    days: u32,
) -> Result<Arc<Proof>, Error> {
    require(ctx, Right::Read)?;
    check_days(days)?;
    let minute = ctx.now.as_seconds().div_euclid(KEPT);
    let key = (directory.generation, days, minute);
    if let Some(known) = proofs.known(key) {
        return Ok(known);
    }
    // From now on: what was a gap a moment ago has been closed, or is no news.
    let from = ctx.now;
    let prove = move || Arc::new(coverage::prove(&directory, from, from + days_of(days)));
    let proof = tokio::task::spawn_blocking(prove)
        .await
        .map_err(|_| Error::Overloaded)?;
    proofs.keep(key, proof.clone());
    Ok(proof)
}

/// # Errors
/// [`Error::Invalid`] unless it is 1 to [`coverage::DAYS_MAX`].
pub fn check_days(days: u32) -> Result<(), Error> {
    if (1..=coverage::DAYS_MAX).contains(&days) {
        Ok(())
    } else {
        let message = format!("choose between 1 and {} days", coverage::DAYS_MAX);
        Err(Error::invalid("days", message))
    }
}

pub fn days_of(days: u32) -> Span {
    Span::from_days(i64::from(days))
}
