//! Waiting for a condition with a deadline; no test sleeps and hopes.

use std::fmt::Debug;
use std::time::{Duration, Instant};

/// First and longest pause between two looks.
const PAUSE: (Duration, Duration) = (Duration::from_millis(5), Duration::from_millis(100));

/// What a probe may answer: `bool`, `Option<T>` or `Result<T, E>`.
pub trait Answer {
    /// What one gets once the condition holds.
    type Value;

    /// The value if the condition holds, else why not (shown if the deadline passes).
    ///
    /// # Errors
    /// If the condition does not hold yet.
    fn settle(self) -> Result<Self::Value, String>;
}

impl Answer for bool {
    type Value = ();

    fn settle(self) -> Result<(), String> {
        if self {
            Ok(())
        } else {
            Err("still false".to_owned())
        }
    }
}

impl<T> Answer for Option<T> {
    type Value = T;

    fn settle(self) -> Result<T, String> {
        self.ok_or_else(|| "still nothing".to_owned())
    }
}

impl<T, E: Debug> Answer for Result<T, E> {
    type Value = T;

    fn settle(self) -> Result<T, String> {
        self.map_err(|error| format!("{error:?}"))
    }
}

/// Polls until the probe answers with yes, some value or success, and returns that value.
///
/// # Panics
/// If `limit` passes first; the message names `what` and the probe's last answer.
#[track_caller]
pub fn eventually<P, F>(
    limit: Duration,
    what: &str,
    probe: P,
) -> impl Future<Output = <F::Output as Answer>::Value>
where
    P: FnMut() -> F,
    F: Future,
    F::Output: Answer,
{
    let place = std::panic::Location::caller();
    poll(limit, what, probe, place)
}

async fn poll<P, F>(
    limit: Duration,
    what: &str,
    mut probe: P,
    place: &'static std::panic::Location<'static>,
) -> <F::Output as Answer>::Value
where
    P: FnMut() -> F,
    F: Future,
    F::Output: Answer,
{
    let deadline = Instant::now() + limit;
    let mut pause = PAUSE.0;
    loop {
        let last = match probe().await.settle() {
            Ok(value) => return value,
            Err(last) => last,
        };
        assert!(
            Instant::now() < deadline,
            "{place}: waited {limit:?} in vain for {what}: {last}"
        );
        tokio::time::sleep(pause).await;
        pause = (pause * 2).min(PAUSE.1);
    }
}

/// The same for code that is not async. It blocks its thread: do not use it while a server that
/// must answer runs on the same thread.
///
/// # Panics
/// If `limit` passes first.
#[track_caller]
pub fn eventually_blocking<A: Answer>(
    limit: Duration,
    what: &str,
    mut probe: impl FnMut() -> A,
) -> A::Value {
    let deadline = Instant::now() + limit;
    let mut pause = PAUSE.0;
    loop {
        let last = match probe().settle() {
            Ok(value) => return value,
            Err(last) => last,
        };
        assert!(
            Instant::now() < deadline,
            "waited {limit:?} in vain for {what}: {last}"
        );
        std::thread::sleep(pause);
        pause = (pause * 2).min(PAUSE.1);
    }
}
