//! A store that somebody else drives: a simulation decides when each read and write has its turn,
//! sees each commit, and may take the process away at any of them. Everything runs on the caller's
//! thread, one transaction at a time, so that the same decisions give the same story.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use crate::change::Change;
use crate::conn::Conn;
use crate::error::Error;

/// What becomes of a transaction whose body has succeeded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fate {
    Commits,
    /// The database cannot write it; the process lives on.
    Fails,
    /// The process dies before the commit: nothing of it is there afterwards.
    DiesBefore,
    /// The process dies after the commit: all of it is there, and nobody was told.
    DiesAfter,
}

/// A future that a [`Driver`] returns.
pub type Turn<'a> = Pin<Box<dyn Future<Output = ()> + Send + 'a>>;

/// Who drives a store.
pub trait Driver: Send + Sync {
    /// Called before each read and write; it begins when the future is ready.
    fn turn(&self) -> Turn<'_>;
    /// Called at the end of each write transaction, which has not been committed yet.
    fn fate(&self) -> Fate;
    /// Called after each commit with what it has changed.
    fn committed(&self, conn: &mut Conn, changes: &[Change]);
}

/// The driver, and whether the process that it drives still lives.
pub(crate) struct Driven {
    driver: Arc<dyn Driver>,
    dead: AtomicBool,
}

impl Driven {
    pub(crate) fn new(driver: Arc<dyn Driver>) -> Driven {
        Driven {
            driver,
            dead: AtomicBool::new(false),
        }
    }

    /// Waits for its turn.
    ///
    /// # Errors
    /// [`Error::Closed`] when the process has died.
    pub(crate) async fn turn(&self) -> Result<(), Error> {
        self.driver.turn().await;
        self.alive()
    }

    fn alive(&self) -> Result<(), Error> {
        if self.dead.load(Ordering::SeqCst) {
            return Err(Error::Closed);
        }
        Ok(())
    }

    pub(crate) fn die(&self) {
        self.dead.store(true, Ordering::SeqCst);
    }

    /// At the end of a transaction; an error rolls it back.
    pub(crate) fn before_commit(&self) -> Result<Fate, Error> {
        let fate = self.driver.fate();
        match fate {
            Fate::Commits | Fate::DiesAfter => Ok(fate),
            Fate::Fails => Err(Error::Unavailable("the simulated disk is full".into())),
            Fate::DiesBefore => {
                self.die();
                Err(Error::Closed)
            }
        }
    }

    /// After the commit. An error: there is nobody left to hear of it.
    pub(crate) fn after_commit(
        &self,
        fate: Fate,
        conn: &mut Conn,
        changes: &[Change],
    ) -> Result<(), Error> {
        self.driver.committed(conn, changes);
        if fate == Fate::DiesAfter {
            self.die();
        }
        self.alive()
    }
}
