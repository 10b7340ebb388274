//! A few connections, made when needed. Smaller than r2d2 for what is asked here: a read must not
//! wait behind a thread that tests connections, and a broken connection is dropped at once.

use std::sync::{Condvar, Mutex, PoisonError};
use std::time::{Duration, Instant};

use crate::conn::Conn;
use crate::error::Error;
use crate::url::DatabaseUrl;

const SIZE: usize = 8;
/// How long a caller waits for a free connection before it is told to come back later.
const WAIT: Duration = Duration::from_secs(5);
/// How long plans are kept. One that was made for a nearly empty table reads all of it, and in a
/// storm that grows by thousands of rows a second; making all anew takes a few milliseconds.
const PLANS_LAST: Duration = Duration::from_secs(2);

pub(crate) struct Pool {
    url: DatabaseUrl,
    state: Mutex<State>,
    returned: Condvar,
}

#[derive(Default)]
struct State {
    idle: Vec<Open>,
    open: usize,
}

struct Open {
    conn: Conn,
    /// When the database began to make plans for it anew.
    planned: Instant,
}

impl Open {
    fn new(url: &DatabaseUrl) -> Result<Open, Error> {
        Ok(Open {
            conn: Conn::open(url)?,
            planned: Instant::now(),
        })
    }

    fn keep_plans_fresh(&mut self) {
        if self.planned.elapsed() < PLANS_LAST {
            return;
        }
        self.planned = Instant::now();
        // Whoever asks next hears what is wrong with the connection.
        if let Err(error) = self.conn.forget_plans() {
            tracing::debug!(%error, "plans could not be made anew");
        }
    }
}

impl Pool {
    pub(crate) fn new(url: DatabaseUrl) -> Pool {
        Pool {
            url,
            state: Mutex::new(State::default()),
            returned: Condvar::new(),
        }
    }

    /// Lends a connection to `body`.
    pub(crate) fn with<T, E: From<Error>>(
        &self,
        body: impl FnOnce(&mut Conn) -> Result<T, E>,
    ) -> Result<T, E> {
        let mut lent = Lent {
            pool: self,
            open: Some(self.take()?),
        };
        match lent.open.as_mut() {
            Some(open) => {
                open.keep_plans_fresh();
                body(&mut open.conn)
            }
            None => Err(Error::Closed.into()),
        }
    }

    fn take(&self) -> Result<Open, Error> {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        loop {
            if let Some(open) = state.idle.pop() {
                return Ok(open);
            }
            if state.open < SIZE {
                state.open += 1;
                drop(state);
                return Open::new(&self.url).inspect_err(|_| self.forget());
            }
            let (next, timeout) = self
                .returned
                .wait_timeout(state, WAIT)
                .unwrap_or_else(PoisonError::into_inner);
            state = next;
            if timeout.timed_out() && state.idle.is_empty() && state.open >= SIZE {
                return Err(Error::Unavailable("every connection is in use".into()));
            }
        }
    }

    /// Closes what nobody uses, because the server has most likely cut it off.
    pub(crate) fn forget_idle(&self) {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        state.open -= state.idle.len();
        state.idle.clear();
        self.returned.notify_all();
    }

    fn forget(&self) {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        state.open -= 1;
        self.returned.notify_one();
    }

    fn give_back(&self, mut open: Open) {
        if !open.conn.is_usable() {
            drop(open);
            self.forget();
            // The others were most likely cut off by the same event.
            self.forget_idle();
            return;
        }
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        state.idle.push(open);
        self.returned.notify_one();
    }
}

/// Gives the connection back even when the borrower panics.
struct Lent<'a> {
    pool: &'a Pool,
    open: Option<Open>,
}

impl Drop for Lent<'_> {
    fn drop(&mut self) {
        if let Some(open) = self.open.take() {
            self.pool.give_back(open);
        }
    }
}
