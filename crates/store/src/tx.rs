//! A write transaction: a connection that also hands out ids, knows the configuration and collects
//! what to tell others after the commit.

use std::collections::BTreeSet;
use std::ops::{Deref, DerefMut};
use std::sync::Arc;

use diesel::prelude::*;
use domain::Timestamp;
use domain::directory::Directory;

use crate::change::Change;
use crate::conn::Conn;
use crate::error::Error;
use crate::schema::sequence;
use crate::{db, directory};

/// A block of ids reserved by this process. Reserved outside transactions, so that an id is never
/// handed out twice, whatever is rolled back.
#[derive(Debug)]
pub(crate) struct Ids {
    next: i64,
    end: i64,
    /// How many a transaction starts with at least; rises when that was not enough.
    at_hand: i64,
}

impl Default for Ids {
    fn default() -> Self {
        Ids {
            next: 0,
            end: 0,
            at_hand: AT_HAND,
        }
    }
}

const BLOCK: i64 = 100_000;
/// Enough for any ordinary transaction: a batch of 1,000 signals that each open an incident needs
/// about 12,000.
const AT_HAND: i64 = 30_000;
/// No request is so large that it needs more.
const AT_HAND_MAX: i64 = 16_000_000;

/// Incidents that a transaction names when it tells of changes; with more it says "many".
const NAMED_MAX: usize = 64;

impl Ids {
    pub(crate) fn ensure(&mut self, conn: &mut Conn) -> Result<(), Error> {
        if self.end - self.next >= self.at_hand {
            return Ok(());
        }
        let block = BLOCK.max(2 * self.at_hand);
        let end = db!(conn, |c| diesel::update(sequence::table.find("id"))
            .set(sequence::next_value.eq(sequence::next_value + block))
            .returning(sequence::next_value)
            .get_result::<i64>(c))?;
        self.next = end - block;
        self.end = end;
        Ok(())
    }

    fn take(&mut self) -> Option<i64> {
        if self.next >= self.end {
            // The transaction is tried again, and then begins with more.
            self.at_hand = (self.at_hand * 4).min(AT_HAND_MAX);
            return None;
        }
        self.next += 1;
        Some(self.next - 1)
    }
}

/// Names that a transaction holds from its beginning. Whoever learns on the way that one is missing
/// begins anew with it: waiting for a name with rows locked, for which whoever has the name waits
/// in turn, would be a deadlock.
#[derive(Default)]
pub(crate) struct Holds {
    names: BTreeSet<String>,
    /// Some have been asked for since the transaction began.
    late: bool,
}

impl Holds {
    /// Before anything else, and in order, so that two who want the same two do not block each
    /// other.
    pub(crate) fn take(&mut self, conn: &mut Conn) -> Result<(), Error> {
        self.names.iter().try_for_each(|name| conn.hold(name))
    }

    /// Whether the transaction that has just failed did so because it is to hold more names.
    pub(crate) fn were_late(&mut self) -> bool {
        std::mem::take(&mut self.late)
    }
}

/// State of a transaction that is kept apart from the connection, so that a savepoint can be
/// undone.
#[derive(Default)]
pub(crate) struct TxState {
    pub(crate) changes: Vec<Change>,
    /// The configuration as this transaction sees it, once it has looked.
    directory: Option<Arc<Directory>>,
    /// This transaction changes the configuration.
    pub(crate) configured: bool,
    /// Another process has changed the configuration since this one last looked.
    pub(crate) behind: bool,
}

/// A write transaction in progress. Dereferences to [`Conn`] for queries.
pub struct Tx<'a> {
    pub(crate) conn: &'a mut Conn,
    pub(crate) state: TxState,
    pub(crate) ids: &'a std::sync::Mutex<Ids>,
    pub(crate) holds: &'a mut Holds,
    /// The configuration last seen by this process; may be behind.
    pub(crate) known: Arc<Directory>,
}

impl Tx<'_> {
    /// A fresh id, as the wanted type: `tx.id(AlertId)?`.
    ///
    /// # Errors
    /// [`Error::Busy`] when none are left: the transaction is tried again with more at hand.
    pub fn id<T>(&mut self, make: impl FnOnce(i64) -> T) -> Result<T, Error> {
        let mut ids = self
            .ids
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner);
        ids.take()
            .map(make)
            .ok_or_else(|| Error::Busy("the reserved ids are used up".into()))
    }

    /// Keeps others who hold the same names waiting until the transaction ends; SQLite has one writer
    /// anyhow. A name that the transaction has not held from its beginning ends it: it is tried
    /// again, and holds that first.
    ///
    /// # Errors
    /// [`Error::Busy`] when it is to be tried again.
    pub(crate) fn hold_first(
        &mut self,
        names: impl IntoIterator<Item = String>,
    ) -> Result<(), Error> {
        if !self.conn.is_postgres() {
            return Ok(());
        }
        for name in names {
            self.holds.late |= self.holds.names.insert(name);
        }
        if self.holds.late {
            return Err(Error::Busy("names are to be held first".into()));
        }
        Ok(())
    }

    /// The configuration as of this transaction. The first call compares generations (one point
    /// read) and reloads when another node or command has changed it.
    ///
    /// # Errors
    /// Those of reading it.
    pub fn directory(&mut self) -> Result<Arc<Directory>, Error> {
        if let Some(directory) = &self.state.directory {
            return Ok(directory.clone());
        }
        let generation = directory::generation(self.conn)?;
        let current = if generation == self.known.generation && !self.state.configured {
            self.known.clone()
        } else {
            self.state.behind |= !self.state.configured;
            Arc::new(directory::load(self.conn)?)
        };
        self.state.directory = Some(current.clone());
        Ok(current)
    }

    /// To be called by whoever writes configuration: raises the generation and makes everybody
    /// reload.
    ///
    /// # Errors
    /// Those of the write.
    pub fn configured(&mut self) -> Result<(), Error> {
        db!(self.conn, |c| diesel::update(
            sequence::table.find("generation")
        )
        .set(sequence::next_value.eq(sequence::next_value + 1))
        .execute(c))?;
        self.state.directory = None;
        self.state.configured = true;
        self.changed(Change::Directory);
        Ok(())
    }

    /// The next number of a gapless series (`incident`, `action_item`): the row stays locked until
    /// the commit. Returns the first of `count` numbers.
    ///
    /// # Errors
    /// Those of the write.
    pub fn numbers(&mut self, series: &str, count: i64) -> Result<i64, Error> {
        let end = db!(self.conn, |c| diesel::update(sequence::table.find(series))
            .set(sequence::next_value.eq(sequence::next_value + count))
            .returning(sequence::next_value)
            .get_result::<i64>(c))?;
        Ok(end - count)
    }

    /// Tells whoever waits, once the transaction has been committed.
    pub fn changed(&mut self, change: Change) {
        if self.state.changes.contains(&change) {
            return;
        }
        let named = matches!(change, Change::Incident(_));
        if named && self.state.changes.contains(&Change::Incidents) {
            return;
        }
        self.state.changes.push(change);
        if named && self.state.changes.len() > NAMED_MAX {
            self.state
                .changes
                .retain(|change| !matches!(change, Change::Incident(_)));
            self.state.changes.push(Change::Incidents);
        }
    }

    /// Records who changed what (append-only).
    ///
    /// # Errors
    /// Those of the write.
    pub fn audit(
        &mut self,
        at: Timestamp,
        actor: Option<domain::UserId>,
        origin: domain::word::Origin,
        action: &str,
        subject: &str,
        details: &serde_json::Value,
    ) -> Result<(), Error> {
        use crate::schema::audit;
        let id = self.id(|id| id)?;
        db!(self.conn, |c| diesel::insert_into(audit::table)
            .values((
                audit::id.eq(id),
                audit::at.eq(at),
                audit::actor_id.eq(actor),
                audit::origin.eq(origin),
                audit::action.eq(action),
                audit::subject.eq(subject),
                audit::details.eq(details.to_string()),
            ))
            .execute(c))?;
        Ok(())
    }

    /// Runs `body` in a savepoint: an error, or a panic, undoes what it wrote and what it announced.
    pub(crate) fn savepoint<T, E: From<Error>>(
        &mut self,
        body: impl FnOnce(&mut Tx<'_>) -> Result<T, E>,
    ) -> Result<T, E> {
        let (ids, known) = (self.ids, self.known.clone());
        let mut state = TxState {
            changes: Vec::new(),
            directory: self.state.directory.clone(),
            configured: self.state.configured,
            behind: self.state.behind,
        };
        let slot = &mut state;
        let holds = &mut *self.holds;
        let result = self.conn.transaction(|conn| {
            let mut inner = Tx {
                conn,
                state: std::mem::take(slot),
                ids,
                holds,
                known,
            };
            let result = without_panic(|| body(&mut inner));
            *slot = inner.state;
            result
        });
        if result.is_ok() {
            self.state.directory = state.directory;
            self.state.configured = state.configured;
            self.state.behind = state.behind;
            for change in state.changes {
                self.changed(change);
            }
        }
        result
    }
}

/// A panic is a bug of one body alone: that fails, and what runs beside it does not.
pub(crate) fn without_panic<T, E: From<Error>>(
    body: impl FnOnce() -> Result<T, E>,
) -> Result<T, E> {
    std::panic::catch_unwind(std::panic::AssertUnwindSafe(body)).unwrap_or_else(|payload| {
        let message = payload
            .downcast_ref::<&str>()
            .map(|text| (*text).to_owned())
            .or_else(|| payload.downcast_ref::<String>().cloned())
            .unwrap_or_default();
        tracing::error!(panic = %message, "a database operation panicked");
        Err(Error::Refused(format!("it panicked: {message}")).into())
    })
}

impl Deref for Tx<'_> {
    type Target = Conn;
    fn deref(&self) -> &Conn {
        self.conn
    }
}

impl DerefMut for Tx<'_> {
    fn deref_mut(&mut self) -> &mut Conn {
        self.conn
    }
}
