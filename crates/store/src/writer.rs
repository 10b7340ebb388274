//! The one writer of SQLite: a thread that takes all writes that wait, runs each in a savepoint
//! and commits them together. Another puts them on the disk ([`crate::flush`]).

use std::path::Path;
use std::sync::{Arc, Weak};

use tokio::sync::{mpsc, oneshot};

use crate::conn::Conn;
use crate::error::{Error, MaybeBusy};
use crate::flush::{Doubt, Flusher, Log};
use crate::tx::{Holds, Tx, TxState};
use crate::{Inner, TRIES};

/// Writes that may wait; more wait for a place.
const QUEUE: usize = 4096;
/// Writes committed together at most.
const GROUP: usize = 256;

pub(crate) struct Writer {
    queue: mpsc::Sender<Box<dyn Job>>,
}

/// A write that waits, with whoever waits for it.
trait Job: Send {
    /// Runs the write and keeps its value. Returns whether it succeeded.
    fn run(&mut self, tx: &mut Tx<'_>) -> bool;
    /// Whether it failed in a way that another try may mend.
    fn wants_again(&self) -> bool;
    /// Answers, after the commit or its failure.
    fn answer(self: Box<Self>, committed: Result<(), Error>);
}

struct Write<F, T, E, N, R> {
    body: F,
    result: Option<Result<T, E>>,
    tries: u32,
    then: N,
    reply: oneshot::Sender<R>,
}

impl<F, T, E, N, R> Write<F, T, E, N, R> {
    fn new(body: F, then: N) -> (Box<Self>, oneshot::Receiver<R>) {
        let (reply, answer) = oneshot::channel();
        let job = Write {
            body,
            result: None,
            tries: 0,
            then,
            reply,
        };
        (Box::new(job), answer)
    }
}

impl<F, T, E, N, R> Job for Write<F, T, E, N, R>
where
    F: FnMut(&mut Tx<'_>) -> Result<T, E> + Send,
    T: Send,
    E: From<Error> + MaybeBusy + Send,
    N: FnOnce(Result<T, E>) -> R + Send,
    R: Send,
{
    fn run(&mut self, tx: &mut Tx<'_>) -> bool {
        self.tries += 1;
        let result = tx.savepoint(|tx| (self.body)(tx));
        let succeeded = result.is_ok();
        self.result = Some(result);
        succeeded
    }

    fn wants_again(&self) -> bool {
        self.tries < TRIES && matches!(&self.result, Some(Err(error)) if error.is_busy())
    }

    fn answer(self: Box<Self>, committed: Result<(), Error>) {
        let Write {
            body,
            result,
            then,
            reply,
            ..
        } = *self;
        // What it holds may be held by whoever waits: that one is to be the last.
        drop(body);
        let result = match (result, committed) {
            // The write's own error stands, whether or not the others were committed.
            (Some(Err(own)), _) => Err(own),
            (Some(result), Ok(())) => result,
            (None, Ok(())) => Err(Error::Closed.into()),
            (_, Err(error)) => Err(error.into()),
        };
        // Nobody waiting any more is fine: the request was given up.
        drop(reply.send(then(result)));
    }
}

impl Writer {
    /// `conn` is to the database at `path`.
    pub(crate) fn start(conn: Conn, path: &Path, inner: Weak<Inner>) -> Writer {
        let (queue, waiting) = mpsc::channel(QUEUE);
        let mut log = Log::of(path);
        let flusher = Flusher::start(move || log.flush());
        // The thread ends when the last handle of the store, and with it the queue, is gone.
        std::thread::Builder::new()
            .name("store-writer".into())
            .spawn(move || run(conn, waiting, &flusher, &inner))
            .map(drop)
            .unwrap_or_else(|error| tracing::error!(%error, "cannot start the writer thread"));
        Writer { queue }
    }

    /// See [`crate::Store::write_then`].
    pub(crate) async fn write_then<T, E, R>(
        &self,
        body: impl FnMut(&mut Tx<'_>) -> Result<T, E> + Send + 'static,
        then: impl FnOnce(Result<T, E>) -> R + Send + 'static,
    ) -> Result<R, Error>
    where
        T: Send + 'static,
        E: From<Error> + MaybeBusy + Send + 'static,
        R: Send + 'static,
    {
        let (job, answer) = Write::new(body, then);
        if let Err(mpsc::error::SendError(job)) = self.queue.send(job).await {
            job.answer(Err(Error::Closed));
        }
        answer.await.map_err(|_| Error::Closed)
    }

    pub(crate) fn write_blocking<T, E>(
        &self,
        body: impl FnMut(&mut Tx<'_>) -> Result<T, E> + Send + 'static,
    ) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<Error> + MaybeBusy + Send + 'static,
    {
        let (job, answer) = Write::new(body, |result| result);
        if self.queue.blocking_send(job).is_err() {
            return Err(Error::Closed.into());
        }
        answer
            .blocking_recv()
            .unwrap_or_else(|_| Err(Error::Closed.into()))
    }
}

fn run(
    mut conn: Conn,
    mut waiting: mpsc::Receiver<Box<dyn Job>>,
    flusher: &Flusher,
    inner: &Weak<Inner>,
) {
    // Without a log each commit waits for the disk by itself.
    let flusher_of = |conn: &mut Conn| conn.leaves_flushing().then_some(flusher);
    let mut beside = flusher_of(&mut conn);
    let mut group = Vec::with_capacity(GROUP);
    while !group.is_empty() || waiting.blocking_recv_many(&mut group, GROUP) > 0 {
        let Some(inner) = inner.upgrade() else { return };
        let committed = leave_doubt(&mut conn, &flusher.doubt)
            .and_then(|()| commit_group(&mut conn, &mut group, &inner));
        let mut again = Vec::new();
        let mut done = Vec::with_capacity(group.len());
        for job in group.drain(..) {
            if committed.is_ok() && job.wants_again() {
                again.push(job);
            } else {
                done.push(job);
            }
        }
        match (committed, beside) {
            (Ok(state), Some(flusher)) => {
                let inner = inner.clone();
                flusher.after(Box::new(move |flushed| {
                    finish(done, flushed, &state, &inner)
                }));
            }
            (Ok(state), None) => finish(done, Ok(()), &state, &inner),
            (Err(error), _) => {
                for job in done {
                    job.answer(Err(error.clone()));
                }
            }
        }
        group.append(&mut again);
        if !conn.is_usable() {
            match Conn::open(&inner.url) {
                Ok(fresh) => {
                    conn = fresh;
                    beside = flusher_of(&mut conn);
                }
                Err(error) => tracing::error!(%error, "the database cannot be opened again"),
            }
        }
    }
}

/// What was committed is on the disk, or nobody knows.
fn finish(
    jobs: Vec<Box<dyn Job>>,
    flushed: Result<(), Error>,
    state: &TxState,
    inner: &Arc<Inner>,
) {
    // Also of what the disk may have lost: it is there for whoever reads.
    inner.tell_of(state);
    for job in jobs {
        job.answer(flushed.clone());
    }
}

/// Once the disk has refused something, nothing is built upon it before the database stands without
/// its log.
fn leave_doubt(conn: &mut Conn, doubt: &Doubt) -> Result<(), Error> {
    if doubt.is_there() {
        conn.write_log_back()?;
        doubt.is_over();
    }
    Ok(())
}

fn commit_group(
    conn: &mut Conn,
    group: &mut [Box<dyn Job>],
    inner: &Inner,
) -> Result<TxState, Error> {
    inner.ensure_ids(conn)?;
    let mut state = TxState::default();
    let mut holds = Holds::default();
    conn.transaction(|conn| {
        let mut tx = Tx {
            conn,
            state: TxState::default(),
            ids: &inner.ids,
            holds: &mut holds,
            known: inner.directory(),
        };
        for job in group.iter_mut() {
            if !job.run(&mut tx) && !tx.conn.in_transaction() {
                // What ran before is undone, what would run now would be committed alone.
                return Err(Error::Unavailable("the transaction was lost".into()));
            }
        }
        state = tx.state;
        Ok(())
    })?;
    inner.follow(conn, &state);
    Ok(state)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_is_written_while_the_disk_is_in_doubt() {
        let place = tempfile::tempdir().unwrap();
        let path = place.path().join("some.db");
        let open = || Conn::open(&crate::DatabaseUrl::Sqlite(path.clone())).unwrap();
        let (mut writer, mut reader) = (open(), open());
        assert!(writer.leaves_flushing());
        writer
            .execute("CREATE TABLE t (n); PRAGMA busy_timeout = 1")
            .unwrap();
        reader.execute("BEGIN; SELECT n FROM t").unwrap();
        writer.execute("INSERT INTO t VALUES (1)").unwrap();

        let doubt = Doubt::default();
        assert_eq!(leave_doubt(&mut writer, &doubt), Ok(()));
        doubt.begins();
        // Somebody still reads from the log.
        let refused = leave_doubt(&mut writer, &doubt);
        assert!(matches!(refused, Err(Error::Unavailable(_))), "{refused:?}");
        assert!(doubt.is_there());

        reader.execute("COMMIT").unwrap();
        assert_eq!(leave_doubt(&mut writer, &doubt), Ok(()));
        assert!(!doubt.is_there());
        let log = std::fs::metadata(place.path().join("some.db-wal")).unwrap();
        assert_eq!(log.len(), 0, "the database stands without it");
    }
}
