//! Puts on the disk what SQLite's writer has committed, beside the writer: while the disk works, the
//! next transactions run, and one flush serves all that were committed before it began. Nobody is
//! answered, and nobody told of a change, before it is on the disk (DESIGN.md P1).
//!
//! SQLite itself would wait for the disk within each commit (`synchronous = FULL`). With `NORMAL` it
//! only appends to its log in order, each record with a checksum of all before it: what survives a
//! loss of power is always everything up to some transaction, and everything that was answered.

use std::fs::File;
use std::io;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, mpsc};

use crate::error::Error;

/// Groups of transactions that may wait for the disk; then the writer waits, too.
const QUEUE: usize = 64;

/// What hears whether a group of transactions is on the disk.
pub(crate) type Done = Box<dyn FnOnce(Result<(), Error>) + Send>;

/// Whether the last flush failed: then nobody knows what the disk holds of the log.
#[derive(Clone, Default)]
pub(crate) struct Doubt(Arc<AtomicBool>);

impl Doubt {
    pub(crate) fn is_there(&self) -> bool {
        self.0.load(Ordering::SeqCst)
    }

    pub(crate) fn begins(&self) {
        self.0.store(true, Ordering::SeqCst);
    }

    /// The database was written whole, without the log.
    pub(crate) fn is_over(&self) {
        self.0.store(false, Ordering::SeqCst);
    }
}

/// The thread that flushes. It ends when this is dropped, once everybody was answered.
pub(crate) struct Flusher {
    queue: mpsc::SyncSender<Done>,
    pub(crate) doubt: Doubt,
}

impl Flusher {
    /// `flush` returns when everything written before is on the disk.
    pub(crate) fn start(mut flush: impl FnMut() -> io::Result<()> + Send + 'static) -> Flusher {
        let (queue, waiting) = mpsc::sync_channel::<Done>(QUEUE);
        let doubt = Doubt::default();
        let told = doubt.clone();
        std::thread::Builder::new()
            .name("store-flush".into())
            .spawn(move || {
                while let Ok(first) = waiting.recv() {
                    // All that were committed by now.
                    let group: Vec<Done> =
                        std::iter::once(first).chain(waiting.try_iter()).collect();
                    let flushed = flush().map_err(|error| {
                        tracing::error!(%error, "the disk did not take what was written");
                        told.begins();
                        Error::Unavailable(format!(
                            "the disk did not take what was written: {error}"
                        ))
                    });
                    for done in group {
                        done(flushed.clone());
                    }
                }
            })
            .map(drop)
            .unwrap_or_else(|error| tracing::error!(%error, "cannot start the flushing thread"));
        Flusher { queue, doubt }
    }

    /// Has `done` called once everything committed so far is on the disk.
    pub(crate) fn after(&self, done: Done) {
        if let Err(mpsc::SendError(done)) = self.queue.send(done) {
            done(Err(Error::Closed));
        }
    }
}

/// The log of an SQLite database.
pub(crate) struct Log {
    path: PathBuf,
    file: Option<File>,
}

impl Log {
    pub(crate) fn of(database: &Path) -> Log {
        let mut path = database.as_os_str().to_owned();
        path.push("-wal");
        Log {
            path: path.into(),
            file: None,
        }
    }

    /// Waits until all that was written to it is on the disk.
    ///
    /// # Errors
    /// Those of opening it and of the disk.
    pub(crate) fn flush(&mut self) -> io::Result<()> {
        if let Some(file) = &self.file {
            file.sync_data()?;
            // SQLite removes its log with the last connection, and makes another with the next.
            if file.metadata()?.nlink() > 0 {
                return Ok(());
            }
        }
        self.file.insert(File::open(&self.path)?).sync_data()
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc::channel;

    use super::*;

    #[test]
    fn one_flush_serves_all_that_wait() {
        let (begin, begun) = channel();
        let (finish, finished) = channel::<io::Result<()>>();
        let flusher = Flusher::start(move || {
            begin.send(()).unwrap();
            finished.recv().unwrap()
        });
        let (answer, answers) = channel();
        let hand_in = |n: u32| {
            let answer = answer.clone();
            flusher.after(Box::new(move |flushed| answer.send((n, flushed)).unwrap()));
        };
        hand_in(1);
        begun.recv().unwrap();
        // While the disk works on the first; none is answered before its own flush.
        hand_in(2);
        hand_in(3);
        assert!(answers.try_recv().is_err());
        finish.send(Ok(())).unwrap();
        assert_eq!(answers.recv().unwrap(), (1, Ok(())));
        begun.recv().unwrap();
        assert!(answers.try_recv().is_err());
        finish.send(Ok(())).unwrap();
        assert_eq!(answers.recv().unwrap(), (2, Ok(())));
        assert_eq!(answers.recv().unwrap(), (3, Ok(())));
        assert!(!flusher.doubt.is_there());

        hand_in(4);
        begun.recv().unwrap();
        finish.send(Err(io::Error::other("broken"))).unwrap();
        let (n, flushed) = answers.recv().unwrap();
        assert_eq!(n, 4);
        assert!(matches!(flushed, Err(Error::Unavailable(_))), "{flushed:?}");
        assert!(flusher.doubt.is_there());
    }

    #[test]
    fn a_log_that_was_made_anew_is_found() {
        let place = tempfile::tempdir().unwrap();
        let database = place.path().join("some.db");
        let path = place.path().join("some.db-wal");
        let mut log = Log::of(&database);
        assert!(log.flush().is_err(), "there is none yet");
        std::fs::write(&path, "one").unwrap();
        log.flush().unwrap();
        std::fs::remove_file(&path).unwrap();
        assert!(log.flush().is_err(), "what it had is gone");
        std::fs::write(&path, "two").unwrap();
        log.flush().unwrap();
    }
}
