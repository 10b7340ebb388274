//! Answers to those who wait for a batch.
//!
//! To wake a task on another thread is a system call. So all that wait on one thread are answered by
//! a task there, which alone is woken.

use std::cell::RefCell;

use tokio::runtime::{Handle, Id};
use tokio::sync::{mpsc, oneshot};

use super::{Accepted, IngestError};

/// What became of a request.
pub(super) type Answer = Result<Accepted, IngestError>;
type Answers = Vec<(oneshot::Sender<Answer>, Answer)>;
/// The task that answers on one thread.
type Home = mpsc::UnboundedSender<Answers>;

thread_local! {
    static HOME: RefCell<Option<(Id, Home)>> = const { RefCell::new(None) };
}

/// Where an answer goes.
pub(super) struct Reply {
    home: Home,
    own: oneshot::Sender<Answer>,
}

impl Reply {
    /// To whoever waits on this thread, in a runtime.
    pub(super) fn here() -> (Reply, oneshot::Receiver<Answer>) {
        let (own, answer) = oneshot::channel();
        (Reply { home: home(), own }, answer)
    }
}

fn home() -> Home {
    let runtime = Handle::current();
    HOME.with_borrow_mut(|known| match known {
        // A thread may have served another runtime before, or this id another thread.
        Some((id, home)) if *id == runtime.id() && !home.is_closed() => home.clone(),
        _ => {
            let (home, mut waiting) = mpsc::unbounded_channel();
            runtime.spawn(async move {
                while let Some(answers) = waiting.recv().await {
                    tell(answers);
                }
            });
            *known = Some((runtime.id(), home.clone()));
            home
        }
    })
}

/// Nobody waiting any more is fine: the request was given up.
fn tell(answers: Answers) {
    for (own, answer) in answers {
        drop(own.send(answer));
    }
}

/// Answers everybody.
pub(super) fn send(answers: impl IntoIterator<Item = (Reply, Answer)>) {
    let mut homes: Vec<(Home, Answers)> = Vec::new();
    for (Reply { home, own }, answer) in answers {
        match homes
            .iter_mut()
            .find(|(known, _)| known.same_channel(&home))
        {
            Some((_, answers)) => answers.push((own, answer)),
            None => homes.push((home, vec![(own, answer)])),
        }
    }
    for (home, answers) in homes {
        if let Err(mpsc::error::SendError(answers)) = home.send(answers) {
            tell(answers);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(rejected: usize) -> Answer {
        Ok(Accepted {
            applied: vec![],
            rejected,
        })
    }

    fn runtime() -> tokio::runtime::Runtime {
        tokio::runtime::Builder::new_current_thread()
            .build()
            .unwrap()
    }

    #[test]
    fn everybody_hears_their_own_on_their_thread() {
        let (tell, told) = std::sync::mpsc::channel();
        let threads: Vec<_> = (0..3)
            .map(|thread| {
                let tell = tell.clone();
                std::thread::spawn(move || {
                    runtime().block_on(async {
                        let mut waiting = Vec::new();
                        for n in 0..4 {
                            let (reply, answer) = Reply::here();
                            tell.send((thread * 4 + n, reply)).unwrap();
                            waiting.push((thread * 4 + n, answer));
                        }
                        for (n, heard) in waiting {
                            assert_eq!(heard.await, Ok(answer(n)));
                        }
                    });
                })
            })
            .collect();
        let replies: Vec<(usize, Reply)> = told.iter().take(12).collect();
        send(replies.into_iter().map(|(n, reply)| (reply, answer(n))));
        for thread in threads {
            thread.join().unwrap();
        }
    }

    #[test]
    fn a_thread_may_serve_one_runtime_after_the_other() {
        let first = runtime();
        let (reply, heard) = first.block_on(async { Reply::here() });
        send([(reply, answer(1))]);
        assert_eq!(first.block_on(heard), Ok(answer(1)));
        // The first is still there, but nobody drives it.
        let second = runtime();
        let (reply, heard) = second.block_on(async { Reply::here() });
        send([(reply, answer(2))]);
        assert_eq!(second.block_on(heard), Ok(answer(2)));
        // Of those who wait in a runtime that is gone nobody hears, and nobody is held up.
        let (reply, heard) = second.block_on(async { Reply::here() });
        drop(second);
        send([(reply, answer(3))]);
        assert_eq!(first.block_on(heard), Ok(answer(3)));
    }
}
