//! Work that is done, whatever else the machine does meanwhile.

use std::time::{Duration, Instant};

/// Time that this thread was on a processor.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Work(Duration);

impl Work {
    pub const fn from_millis(millis: u64) -> Work {
        Work(Duration::from_millis(millis))
    }

    pub fn times(self, factor: u64) -> Work {
        Work(self.0 * u32::try_from(factor).unwrap())
    }

    pub fn plus(self, more: Work) -> Work {
        Work(self.0 + more.0)
    }

    /// What the body does, and what comes out.
    pub fn of<T>(body: impl FnOnce() -> T) -> (Work, T) {
        let (before, start) = (on_processor(), Instant::now());
        let done = body();
        let spent = match (before, on_processor()) {
            (Some(before), Some(after)) => after.saturating_sub(before),
            // Not on Linux: the clock on the wall has to do.
            _ => start.elapsed(),
        };
        (Work(spent), done)
    }

    /// The least of several times.
    pub fn least(tries: usize, body: impl Fn()) -> Work {
        let all = (0..tries).map(|_| Work::of(&body).0);
        all.min().unwrap()
    }
}

/// Linux writes it down in nanoseconds, for each thread.
fn on_processor() -> Option<Duration> {
    let text = std::fs::read_to_string("/proc/thread-self/schedstat").ok()?;
    let nanos = text.split_whitespace().next()?.parse().ok()?;
    Some(Duration::from_nanos(nanos))
}
