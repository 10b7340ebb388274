//! Makes decisions durable: one code base on SQLite and PostgreSQL.
//!
//! Only this crate knows diesel's connections. Query functions take `&mut Conn` (reads) or
//! `&mut Tx` (writes); callers reach them through [`Store::read`] and [`Store::write`].

pub mod account;
pub mod alert;
pub mod board;
pub mod change;
pub mod change_event;
pub mod channel;
pub mod command;
pub mod conn;
pub mod delivery;
pub mod digest;
pub mod directory;
pub mod driven;
pub mod error;
pub mod escalation;
pub mod feed;
mod flush;
pub mod heartbeat;
pub mod holiday;
pub mod incident;
pub mod inhibition;
pub mod migrate;
pub mod notification;
pub mod outbox;
pub mod people;
pub mod policy;
pub mod postmortem;
pub mod proof;
pub mod reminder;
pub mod reply;
pub mod request;
pub mod responder;
pub mod routing;
pub mod schedule;
pub mod schema;
pub mod service;
pub mod setting;
pub mod suppression;
pub mod team;
pub mod timeline;
pub mod tx;
pub mod url;

mod listen;
mod pool;
mod spelled;
mod writer;

use std::hash::{BuildHasher, RandomState};
use std::path::PathBuf;
use std::sync::{Arc, Mutex, RwLock};
use std::time::{Duration, Instant};

use ::domain::directory::Directory;
use tokio::sync::broadcast;

pub use change::Change;
pub use conn::Conn;
pub use error::{Error, MaybeBusy};
pub use tx::Tx;
pub use url::DatabaseUrl;

use crate::driven::{Driven, Driver, Fate};
use crate::pool::Pool;
use crate::tx::{Holds, Ids, TxState};
use crate::writer::Writer;

/// How often a transaction that found the database busy is tried in all.
const TRIES: u32 = 6;
/// No further try begins after this time: the caller may come again, and has others waiting.
const TRY_FOR: Duration = Duration::from_secs(5);

/// Handle to the database; cheap to clone.
#[derive(Clone)]
pub struct Store {
    inner: Arc<Inner>,
}

pub(crate) struct Inner {
    url: DatabaseUrl,
    readers: Pool,
    ids: Mutex<Ids>,
    directory: RwLock<Arc<Directory>>,
    changes: broadcast::Sender<Change>,
    /// The one writer of SQLite.
    writer: Option<Writer>,
    driven: Option<Driven>,
}

impl Store {
    /// Opens the database, applies missing migrations and loads the configuration.
    ///
    /// # Errors
    /// [`Error::Unavailable`] when it cannot be reached, [`Error::Newer`] when it was written by
    /// a newer version.
    pub fn open(url: &DatabaseUrl) -> Result<Store, Error> {
        Store::open_as(url, None)
    }

    /// Opens the database for somebody who drives it: without threads of its own, each read and
    /// write on the thread of its caller.
    ///
    /// # Errors
    /// As [`Store::open`].
    pub fn open_driven(url: &DatabaseUrl, driver: Arc<dyn Driver>) -> Result<Store, Error> {
        Store::open_as(url, Some(Driven::new(driver)))
    }

    fn open_as(url: &DatabaseUrl, driven: Option<Driven>) -> Result<Store, Error> {
        if let DatabaseUrl::Sqlite(path) = url {
            create_parent(path)?;
        }
        let mut conn = Conn::open(url)?;
        for name in migrate::migrate(&mut conn)? {
            tracing::info!(migration = %name, "applied migration");
        }
        let directory = directory::load(&mut conn)?;
        let (changes, _) = broadcast::channel(4096);
        let alone = driven.is_none();
        let inner = Arc::new_cyclic(|weak| Inner {
            url: url.clone(),
            readers: Pool::new(url.clone()),
            ids: Mutex::new(Ids::default()),
            directory: RwLock::new(Arc::new(directory)),
            changes,
            writer: match url {
                DatabaseUrl::Sqlite(path) if alone => Some(Writer::start(conn, path, weak.clone())),
                DatabaseUrl::Sqlite(_) | DatabaseUrl::Postgres(_) => None,
            },
            driven,
        });
        if matches!(url, DatabaseUrl::Postgres(_)) && alone {
            listen::start(Arc::downgrade(&inner));
        }
        Ok(Store { inner })
    }

    /// Tells a driven store what another node has changed; any other hears it from the database.
    pub fn hear(&self, change: Change) {
        listen::hear(&Arc::downgrade(&self.inner), change);
    }

    /// Takes the process of a driven store away: whatever it asks for from now on is refused.
    pub fn die(&self) {
        if let Some(driven) = &self.inner.driven {
            driven.die();
        }
    }

    /// The configuration as this process last saw it. A change made here is visible at once; one
    /// made by another node as soon as its notification arrives.
    pub fn directory(&self) -> Arc<Directory> {
        self.inner.directory()
    }

    /// Looks whether another process has changed the configuration, and if so reads it again and
    /// says so. On PostgreSQL a notification does that; on SQLite nobody tells a server that
    /// `quarterdeck apply` was run beside it.
    ///
    /// # Errors
    /// Those of the read.
    pub async fn refresh(&self) -> Result<(), Error> {
        let inner = self.inner.clone();
        tokio::task::spawn_blocking(move || {
            let before = inner.directory().generation;
            inner.refresh_directory_from_pool()?;
            if inner.directory().generation != before {
                inner.tell(Change::Directory);
                inner.tell(Change::Timers);
                inner.tell(Change::Outbox);
            }
            Ok(())
        })
        .await
        .unwrap_or(Err(Error::Closed))
    }

    /// What commits change, as they happen.
    pub fn changes(&self) -> broadcast::Receiver<Change> {
        self.inner.changes.subscribe()
    }

    pub fn url(&self) -> &DatabaseUrl {
        &self.inner.url
    }

    pub fn is_postgres(&self) -> bool {
        matches!(self.inner.url, DatabaseUrl::Postgres(_))
    }

    /// Runs a read on a blocking thread.
    ///
    /// # Errors
    /// Those of `body`, and [`Error::Unavailable`].
    pub async fn read<T, E>(
        &self,
        body: impl FnOnce(&mut Conn) -> Result<T, E> + Send + 'static,
    ) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<Error> + Send + 'static,
    {
        let inner = self.inner.clone();
        if let Some(driven) = &self.inner.driven {
            driven.turn().await?;
            return tx::without_panic(|| inner.readers.with(body));
        }
        let read = move || tx::without_panic(|| inner.readers.with(body));
        tokio::task::spawn_blocking(read)
            .await
            .unwrap_or_else(|_| Err(Error::Closed.into()))
    }

    /// [`Store::read`] for callers without a runtime.
    ///
    /// # Errors
    /// As [`Store::read`].
    pub fn read_blocking<T, E: From<Error>>(
        &self,
        body: impl FnOnce(&mut Conn) -> Result<T, E>,
    ) -> Result<T, E> {
        self.inner.readers.with(body)
    }

    /// Runs a write in a transaction and returns once it is durable. On SQLite the writer thread
    /// commits what waits together in one transaction, each write in a savepoint of its own. On
    /// PostgreSQL a transaction that met a deadlock or lock timeout is tried again, and one that learnt
    /// on its way what it has to hold first, which is why `body` may run more than once.
    ///
    /// # Errors
    /// Those of `body` (nothing is written then), [`Error::Busy`] and [`Error::Unavailable`].
    pub async fn write<T, E>(
        &self,
        body: impl FnMut(&mut Tx<'_>) -> Result<T, E> + Send + 'static,
    ) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<Error> + MaybeBusy + Send + 'static,
    {
        self.write_then(body, |result| result)
            .await
            .unwrap_or_else(|closed| Err(closed.into()))
    }

    /// [`Store::write`], with something that is done as soon as the write is durable or has failed,
    /// by whoever learns that first: for those who have others to tell, and not to wait until they
    /// are woken themselves. Returns what `then` returns; it must not wait for anything.
    ///
    /// # Errors
    /// [`Error::Closed`], when nobody can tell what became of the write.
    pub async fn write_then<T, E, R>(
        &self,
        body: impl FnMut(&mut Tx<'_>) -> Result<T, E> + Send + 'static,
        then: impl FnOnce(Result<T, E>) -> R + Send + 'static,
    ) -> Result<R, Error>
    where
        T: Send + 'static,
        E: From<Error> + MaybeBusy + Send + 'static,
        R: Send + 'static,
    {
        if let Some(driven) = &self.inner.driven {
            driven.turn().await?;
            return Ok(then(self.inner.write_on_pool(body)));
        }
        match &self.inner.writer {
            Some(writer) => writer.write_then(body, then).await,
            None => {
                let inner = self.inner.clone();
                tokio::task::spawn_blocking(move || then(inner.write_on_pool(body)))
                    .await
                    .map_err(|_| Error::Closed)
            }
        }
    }

    /// [`Store::write`] for callers without a runtime.
    ///
    /// # Errors
    /// As [`Store::write`].
    pub fn write_blocking<T, E>(
        &self,
        body: impl FnMut(&mut Tx<'_>) -> Result<T, E> + Send + 'static,
    ) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<Error> + MaybeBusy + Send + 'static,
    {
        match &self.inner.writer {
            Some(writer) => writer.write_blocking(body),
            None => self.inner.write_on_pool(body),
        }
    }
}

fn create_parent(path: &std::path::Path) -> Result<(), Error> {
    let parent: PathBuf = path.parent().map(PathBuf::from).unwrap_or_default();
    if parent.as_os_str().is_empty() {
        return Ok(());
    }
    std::fs::create_dir_all(&parent)
        .map_err(|e| Error::Unavailable(format!("cannot create {}: {e}", parent.display())))
}

impl Inner {
    pub(crate) fn directory(&self) -> Arc<Directory> {
        self.directory
            .read()
            .unwrap_or_else(std::sync::PoisonError::into_inner)
            .clone()
    }

    /// Loads the configuration again if it has changed. Never goes back to an older generation.
    pub(crate) fn refresh_directory(&self, conn: &mut Conn) -> Result<(), Error> {
        if directory::generation(conn)? == self.directory().generation {
            return Ok(());
        }
        let fresh = directory::load(conn)?;
        let mut slot = self
            .directory
            .write()
            .unwrap_or_else(std::sync::PoisonError::into_inner);
        if fresh.generation > slot.generation {
            *slot = Arc::new(fresh);
        }
        Ok(())
    }

    pub(crate) fn refresh_directory_from_pool(&self) -> Result<(), Error> {
        self.readers.with(|conn| self.refresh_directory(conn))
    }

    pub(crate) fn tell(&self, change: Change) {
        // Nobody listening is fine.
        drop(self.changes.send(change));
    }

    /// After a commit, before anybody is told of it: our own view first, so that whoever is told
    /// sees the new state.
    pub(crate) fn follow(&self, conn: &mut Conn, state: &TxState) {
        if (state.configured || state.behind)
            && let Err(error) = self.refresh_directory(conn)
        {
            tracing::warn!(%error, "the configuration could not be read again");
        }
    }

    /// Once it is durable.
    pub(crate) fn tell_of(&self, state: &TxState) {
        if state.behind && !state.configured {
            // Changed by another process that had no other way to tell.
            self.tell(Change::Directory);
        }
        for change in &state.changes {
            self.tell(*change);
        }
    }

    pub(crate) fn ensure_ids(&self, conn: &mut Conn) -> Result<(), Error> {
        self.ids
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner)
            .ensure(conn)
    }

    fn write_on_pool<T, E>(&self, mut body: impl FnMut(&mut Tx<'_>) -> Result<T, E>) -> Result<T, E>
    where
        E: From<Error> + MaybeBusy,
    {
        let begun = Instant::now();
        let mut tries = 0;
        let mut holds = Holds::default();
        loop {
            tries += 1;
            let result: Result<T, E> = self.readers.with(|conn| {
                self.ensure_ids(conn)?;
                let mut state = TxState::default();
                let mut fate = Fate::Commits;
                let known = self.directory();
                let value = conn.transaction(|conn| {
                    holds.take(conn)?;
                    let mut tx = Tx {
                        conn,
                        state: TxState::default(),
                        ids: &self.ids,
                        holds: &mut holds,
                        known,
                    };
                    let value = tx::without_panic(|| body(&mut tx))?;
                    state = std::mem::take(&mut tx.state);
                    listen::notify(tx.conn, &state.changes)?;
                    if let Some(driven) = &self.driven {
                        fate = driven.before_commit()?;
                    }
                    Ok::<T, E>(value)
                })?;
                if let Some(driven) = &self.driven {
                    driven.after_commit(fate, conn, &state.changes)?;
                }
                self.follow(conn, &state);
                self.tell_of(&state);
                Ok(value)
            });
            match result {
                // Each time there are more of them: this ends.
                Err(_) if holds.were_late() => tries -= 1,
                Err(error) if error.is_busy() && tries < TRIES && begun.elapsed() < TRY_FOR => {
                    // Deadlock victims come apart when they wait for different times.
                    let spread = RandomState::new().hash_one(tries) % 8 + 1;
                    std::thread::sleep(Duration::from_millis(spread * u64::from(tries)));
                }
                other => return other,
            }
        }
    }
}
