//! A few connections, made when needed. Smaller than r2d2 for what is asked here: a read must not
//! wait behind a thread that tests connections, and a broken connection is dropped at once.

use std::sync::{Condvar, Mutex, PoisonError};
use std::time::Duration;

use crate::conn::Conn;
use crate::error::Error;
use crate::url::DatabaseUrl;

const SIZE: usize = 8;
/// How long a caller waits for a free connection before it is told to come back later.
const WAIT: Duration = Duration::from_secs(5);

pub(crate) struct Pool {
    url: DatabaseUrl,
    state: Mutex<State>,
    returned: Condvar,
}

#[derive(Default)]
struct State {
    idle: Vec<Conn>,
    open: usize,
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
            conn: Some(self.take()?),
        };
        match lent.conn.as_mut() {
            Some(conn) => body(conn),
            None => Err(Error::Closed.into()),
        }
    }

    fn take(&self) -> Result<Conn, Error> {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        loop {
            if let Some(conn) = state.idle.pop() {
                return Ok(conn);
            }
            if state.open < SIZE {
                state.open += 1;
                drop(state);
                return Conn::open(&self.url).inspect_err(|_| self.forget());
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

    fn give_back(&self, mut conn: Conn) {
        if !conn.is_usable() {
            drop(conn);
            self.forget();
            // The others were most likely cut off by the same event.
            self.forget_idle();
            return;
        }
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        state.idle.push(conn);
        self.returned.notify_one();
    }
}

/// Gives the connection back even when the borrower panics.
struct Lent<'a> {
    pool: &'a Pool,
    conn: Option<Conn>,
}

impl Drop for Lent<'_> {
    fn drop(&mut self) {
        if let Some(conn) = self.conn.take() {
            self.pool.give_back(conn);
        }
    }
}
