//! A bound to what large bodies and mails that are coming in take up together.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// Bytes that are taken, of so many at most.
#[derive(Debug)]
pub(crate) struct Memory {
    most: usize,
    taken: AtomicUsize,
}

impl Memory {
    pub(crate) fn new(most: usize) -> Arc<Memory> {
        Arc::new(Memory {
            most,
            taken: AtomicUsize::new(0),
        })
    }

    /// Room for one body, which grows with it.
    pub(crate) fn room(self: &Arc<Self>) -> Room {
        Room {
            memory: self.clone(),
            bytes: 0,
        }
    }
}

/// Memory that one body uses; given back with it.
#[derive(Debug)]
pub(crate) struct Room {
    memory: Arc<Memory>,
    bytes: usize,
}

impl Room {
    /// Whether there is room for so many bytes in all.
    pub(crate) fn grow(&mut self, bytes: usize) -> bool {
        let Some(more) = bytes.checked_sub(self.bytes) else {
            return true;
        };
        let before = self.memory.taken.fetch_add(more, Ordering::Relaxed);
        // One body fits however large bodies may be.
        if before == self.bytes || before + more <= self.memory.most {
            self.bytes = bytes;
            return true;
        }
        self.memory.taken.fetch_sub(more, Ordering::Relaxed);
        false
    }
}

impl Drop for Room {
    fn drop(&mut self) {
        self.memory.taken.fetch_sub(self.bytes, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_taken_together_is_bounded() {
        const MOST: usize = 128;
        let memory = Memory::new(MOST);
        let mut large = memory.room();
        assert!(
            large.grow(MOST) && large.grow(MOST * 2),
            "one body always fits"
        );
        let mut small = memory.room();
        assert!(!small.grow(1));
        drop(large);
        assert!(small.grow(1) && small.grow(1));
        let mut rooms: Vec<_> = (0..20).map(|_| memory.room()).collect();
        let fit = rooms
            .iter_mut()
            .filter_map(|room| room.grow(10).then_some(()))
            .count();
        assert_eq!(fit, 12);
        drop((rooms, small));
        assert_eq!(memory.taken.load(Ordering::Relaxed), 0);
    }
}
