//! The virtual clock: time passes only when everybody waits, and jumps when the story says so.

use std::sync::atomic::{AtomicI64, Ordering};

use domain::{Span, Timestamp};
use engine::clock::Clock;
use tokio::time::Instant;

/// The wall clock of a world. Must be read within the world's runtime, whose time stands still
/// while anything can go on.
#[derive(Debug)]
pub struct VirtualClock {
    begun: Instant,
    /// Wall time at the begin, and all jumps since, in microseconds.
    offset: AtomicI64,
}

impl VirtualClock {
    pub fn at(start: Timestamp) -> VirtualClock {
        VirtualClock {
            begun: Instant::now(),
            offset: AtomicI64::new(start.0),
        }
    }

    /// Time that has really passed, which no jump touches.
    pub fn passed(&self) -> Span {
        let micros = self.begun.elapsed().as_micros();
        Span(i64::try_from(micros).unwrap_or(i64::MAX))
    }

    pub fn wall(&self) -> Timestamp {
        Timestamp(self.offset.load(Ordering::SeqCst)) + self.passed()
    }

    pub fn jump(&self, by: Span) {
        self.offset.fetch_add(by.0, Ordering::SeqCst);
    }
}

impl Clock for VirtualClock {
    fn now(&self) -> Timestamp {
        self.wall()
    }
}
