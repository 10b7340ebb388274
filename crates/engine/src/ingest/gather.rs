//! Where requests wait, and how a batch of them comes together.
//!
//! A batch costs something however small it is, so those that come are worth waiting for; but
//! whoever waits for company that does not come waits in vain. So a request sets out at once when
//! none is on its way. Otherwise it waits, for so many others as make a third of those that have
//! lately been here at once, or for a batch to arrive: then there is always one on its way to the
//! disk, one that is written behind it, and one that comes together.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Requests that may wait.
const QUEUE: usize = 8_192;
/// Requests applied in one transaction at most.
const BATCH: usize = 1_000;
/// Batches that may be on their way: while the disk works on one, the next is prepared.
const WAYS: usize = 2;

/// Requests that wait for their batch; cheap to clone.
pub(super) struct Queue<T>(Arc<Mutex<Gathering<T>>>);

impl<T> Clone for Queue<T> {
    fn clone(&self) -> Self {
        Queue(self.0.clone())
    }
}

struct Gathering<T> {
    waiting: Vec<T>,
    /// Batches on their way.
    batches: usize,
    /// Requests in them.
    under_way: usize,
    /// Requests that have lately been here at once, waiting or on their way.
    usual: usize,
}

/// Requests to be applied together, now.
pub(super) struct Batch<T> {
    pub(super) requests: Vec<T>,
    pub(super) way: Way<T>,
}

/// A batch that was taken is on its way until this is dropped.
pub(super) struct Way<T> {
    queue: Queue<T>,
    requests: usize,
}

impl<T> Drop for Way<T> {
    fn drop(&mut self) {
        let mut gathering = self.queue.lock();
        gathering.batches -= 1;
        gathering.under_way -= self.requests;
    }
}

impl<T> Queue<T> {
    pub(super) fn new() -> Self {
        Queue(Arc::new(Mutex::new(Gathering {
            waiting: Vec::new(),
            batches: 0,
            under_way: 0,
            usual: 0,
        })))
    }

    /// Has a request wait. When that completes a batch, it is for the caller to carry it out, and
    /// then what [`Queue::next`] gives.
    ///
    /// # Errors
    /// The request, when it is not taken: too many wait.
    pub(super) fn put(&self, request: T) -> Result<Option<Batch<T>>, T> {
        let mut gathering = self.lock();
        if gathering.waiting.len() >= QUEUE {
            return Err(request);
        }
        gathering.waiting.push(request);
        Ok(self.take(&mut gathering))
    }

    /// For whoever has carried a batch out: another, if it is time for one.
    pub(super) fn next(&self) -> Option<Batch<T>> {
        self.take(&mut self.lock())
    }

    fn take(&self, gathering: &mut Gathering<T>) -> Option<Batch<T>> {
        let enough = (gathering.usual / (WAYS + 1)).clamp(1, BATCH);
        let waiting = gathering.waiting.len();
        let due = match gathering.batches {
            0 => waiting > 0,
            WAYS.. => false,
            _ => waiting >= enough,
        };
        if !due {
            return None;
        }
        // What was lasts for some batches.
        let fading = gathering.usual - gathering.usual.div_ceil(8);
        gathering.usual = fading.max(gathering.under_way + waiting);
        let requests = match waiting <= BATCH {
            true => {
                let next = Vec::with_capacity(2 * enough);
                std::mem::replace(&mut gathering.waiting, next)
            }
            false => gathering.waiting.drain(..BATCH).collect(),
        };
        gathering.batches += 1;
        gathering.under_way += requests.len();
        let way = Way {
            queue: self.clone(),
            requests: requests.len(),
        };
        Some(Batch { requests, way })
    }

    /// Requests that wait, and how many may.
    pub(super) fn depth(&self) -> (usize, usize) {
        (self.lock().waiting.len(), QUEUE)
    }

    fn lock(&self) -> MutexGuard<'_, Gathering<T>> {
        // Nothing that panics is done while it is held.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::VecDeque;

    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_request_that_is_alone_sets_out_at_once() {
        let queue = Queue::new();
        for request in 0..20 {
            let batch = queue.put(request).unwrap().unwrap();
            assert_eq!(batch.requests, [request]);
            drop(batch);
            assert!(queue.next().is_none());
        }
    }

    /// As many connections as ask again once they are answered, the slowest batch first.
    #[test]
    fn batches_that_take_turns_are_a_third_of_all() {
        let queue = Queue::new();
        let mut under_way = VecDeque::new();
        let mut sizes = Vec::new();
        let mut asking = 120;
        for _ in 0..2_000 {
            if asking > 0 {
                asking -= 1;
                under_way.extend(queue.put(()).unwrap());
            } else {
                let arrived: Batch<()> = under_way.pop_front().unwrap();
                sizes.push(arrived.requests.len());
                asking += arrived.requests.len();
                drop(arrived);
                under_way.extend(queue.next());
            }
        }
        let late = &sizes[10..];
        assert!(late.iter().all(|size| (30..=60).contains(size)), "{late:?}");
    }

    #[test]
    fn fewer_requests_are_soon_not_waited_for() {
        let queue = Queue::new();
        let on_their_way = (queue.put(0).unwrap(), queue.put(1).unwrap());
        for request in 2..100 {
            assert!(queue.put(request).unwrap().is_none());
        }
        drop(on_their_way);
        while let Some(batch) = queue.next() {
            drop(batch);
        }
        // Two at a time, from now on.
        let mut gathered = 0;
        for round in 0..40 {
            let one = queue.put(round).unwrap().unwrap();
            let other = queue.put(round).unwrap();
            gathered += usize::from(other.is_none());
            drop((one, other));
            while let Some(batch) = queue.next() {
                drop(batch);
            }
        }
        assert!((1..30).contains(&gathered), "{gathered}");
    }

    #[test]
    fn too_many_are_refused() {
        let queue = Queue::new();
        let first = queue.put(0).unwrap();
        let second = queue.put(0).unwrap();
        for _ in 0..QUEUE {
            assert!(queue.put(1).unwrap().is_none());
        }
        assert_eq!(queue.depth(), (QUEUE, QUEUE));
        assert_eq!(queue.put(2).err(), Some(2));
        drop((first, second));
        assert_eq!(queue.next().map(|batch| batch.requests.len()), Some(BATCH));
    }

    #[derive(Clone, Copy, Debug)]
    enum Event {
        Asks,
        /// One of those on their way.
        Arrives(usize),
    }

    fn events() -> impl Strategy<Value = Vec<Event>> {
        let event = prop_oneof![
            3 => Just(Event::Asks),
            1 => (0..WAYS).prop_map(Event::Arrives),
        ];
        prop::collection::vec(event, 0..600)
    }

    proptest! {
        #[test]
        fn each_sets_out_once_in_order_and_none_is_left(events in events()) {
            let queue = Queue::new();
            let mut under_way: Vec<Batch<u32>> = Vec::new();
            let (mut asked, mut set_out) = (0, Vec::<u32>::new());
            let all_arrive = std::iter::repeat_n(Event::Arrives(0), 600);
            for event in events.into_iter().chain(all_arrive) {
                let due = match event {
                    Event::Asks => {
                        asked += 1;
                        queue.put(asked).unwrap()
                    }
                    Event::Arrives(_) if under_way.is_empty() => None,
                    Event::Arrives(which) => {
                        drop(under_way.swap_remove(which % under_way.len()));
                        queue.next()
                    }
                };
                if let Some(batch) = due {
                    set_out.extend(&batch.requests);
                    under_way.push(batch);
                }
                prop_assert!(under_way.len() <= WAYS);
                // Somebody is there to fetch whoever waits.
                prop_assert!(!under_way.is_empty() || queue.depth().0 == 0);
            }
            prop_assert!(set_out.iter().copied().eq(1..=asked));
        }
    }
}
