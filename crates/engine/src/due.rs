//! Rows whose time has come are carried out together, and by themselves where one of them cannot be:
//! it is put off, and is in nobody's way.

use domain::{Span, Timestamp};
use store::{Conn, Store, Tx};

use crate::Error;
use crate::ingest::write_racing;

/// What cannot be carried out is tried again after this time.
const PUT_OFF: Span = Span::from_seconds(30);

/// Rows of one kind that fall due.
pub(crate) struct Due {
    /// What one is called in the log.
    pub what: &'static str,
    /// Most that are carried out in one transaction.
    pub at_once: i64,
    /// When the next one is due.
    pub next: fn(&mut Conn) -> Result<Option<Timestamp>, store::Error>,
    /// Carries out those longest due, at most so many; returns how many there were.
    pub carry_out: fn(&mut Tx<'_>, Timestamp, i64) -> Result<usize, Error>,
    /// Moves the one that is due longest at the first instant to the second.
    pub put_off: fn(&mut Tx<'_>, Timestamp, Timestamp) -> Result<(), Error>,
}

impl Due {
    /// Carries out everything that is due at `now`.
    ///
    /// # Errors
    /// [`Error::Store`] when the database cannot be used; what was due stays due.
    pub(crate) async fn carry_out(&self, store: &Store, now: Timestamp) -> Result<(), Error> {
        loop {
            let next = store.read(self.next).await?;
            if next.is_none_or(|next| next > now) {
                return Ok(());
            }
            match self.some(store, now, self.at_once).await {
                // On PostgreSQL another node may have been faster.
                Ok(0) => return Ok(()),
                Ok(_) => {}
                Err(error) if error.is_unavailable() => return Err(error),
                Err(error) => {
                    tracing::warn!(%error, what = self.what, "they could not be carried out together");
                    self.one_by_one(store, now).await?;
                }
            }
        }
    }

    async fn one_by_one(&self, store: &Store, now: Timestamp) -> Result<(), Error> {
        for _ in 0..self.at_once {
            match self.some(store, now, 1).await {
                Ok(0) => return Ok(()),
                Ok(_) => {}
                Err(error) if error.is_unavailable() => return Err(error),
                Err(error) => {
                    tracing::error!(%error, what = self.what, "one could not be carried out; it is tried again");
                    let put_off = self.put_off;
                    store
                        .write(move |tx| put_off(tx, now, now + PUT_OFF))
                        .await?;
                }
            }
        }
        Ok(())
    }

    async fn some(&self, store: &Store, now: Timestamp, most: i64) -> Result<usize, Error> {
        let carry_out = self.carry_out;
        write_racing(store, move |tx| carry_out(tx, now, most)).await
    }
}
