//! What everybody in a world shares, and the driver through which the simulator holds each node's
//! store.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use domain::{NotificationId, Span, Timestamp};
use store::driven::{Driver, Fate, Turn};
use store::{Change, Conn, Store};
use tokio::sync::Notify;

use super::people::Reaction;
use super::provider::Weather;
use crate::breach::Breach;
use crate::chance::Dice;
use crate::clock::VirtualClock;
use crate::ledger::Ledger;
use crate::story::Kind;

/// What is to be done at an instant that was not known when the story was written.
#[derive(Clone, Debug)]
pub enum Task {
    /// An event of the story, by its place.
    Event(usize),
    /// A node that is down comes back.
    Restart { node: usize },
    /// A person who was reached answers.
    React(Reaction),
    /// A provider says what became of a message.
    Receipt {
        row: NotificationId,
        provider_id: String,
        status: &'static str,
    },
}

/// Tasks by wall time, in the order of their making where times are equal.
#[derive(Default)]
pub struct Queue {
    tasks: BTreeMap<(Timestamp, u64), Task>,
    made: u64,
}

impl Queue {
    pub fn put(&mut self, at: Timestamp, task: Task) {
        self.made += 1;
        self.tasks.insert((at, self.made), task);
    }

    pub fn next(&self) -> Option<Timestamp> {
        self.tasks.first_key_value().map(|((at, _), _)| *at)
    }

    pub fn take(&mut self, now: Timestamp) -> Option<Task> {
        if self.next()? > now {
            return None;
        }
        self.tasks.pop_first().map(|(_, task)| task)
    }

    /// Looks at what is next without taking it.
    pub fn peek(&self, now: Timestamp) -> Option<&Task> {
        let ((at, _), task) = self.tasks.first_key_value()?;
        (*at <= now).then_some(task)
    }
}

pub struct Shared {
    pub seed: u64,
    pub kind: Kind,
    pub breach: Option<Breach>,
    pub clock: VirtualClock,
    pub weather: Weather,
    pub wake: Notify,
    ledger: Mutex<Ledger>,
    queue: Mutex<Queue>,
    /// Stores of the nodes that are up.
    stores: Mutex<Vec<Option<Store>>>,
    /// Until when mail and phone providers are gone.
    outages: Mutex<[Span; 2]>,
    /// The story is over: providers are well and people do not answer any more.
    pub resting: AtomicBool,
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Shared {
    pub fn new(
        seed: u64,
        kind: Kind,
        nodes: usize,
        breach: Option<Breach>,
        clock: VirtualClock,
        ledger: Ledger,
    ) -> Shared {
        Shared {
            seed,
            kind,
            breach,
            clock,
            weather: Weather::of(seed, kind),
            wake: Notify::new(),
            ledger: Mutex::new(ledger),
            queue: Mutex::default(),
            stores: Mutex::new(vec![None; nodes]),
            outages: Mutex::default(),
            resting: AtomicBool::new(false),
        }
    }

    pub fn ledger(&self) -> MutexGuard<'_, Ledger> {
        lock(&self.ledger)
    }

    pub fn queue(&self) -> MutexGuard<'_, Queue> {
        lock(&self.queue)
    }

    /// Puts a task for later and lets the world know.
    pub fn later(&self, at: Timestamp, task: Task) {
        self.queue().put(at, task);
        self.wake.notify_one();
    }

    pub fn set_store(&self, node: usize, store: Option<Store>) {
        lock(&self.stores)[node] = store;
    }

    fn others(&self, node: usize) -> Vec<Store> {
        let stores = lock(&self.stores);
        let others = stores
            .iter()
            .enumerate()
            .filter(|(index, _)| *index != node);
        others.filter_map(|(_, store)| store.clone()).collect()
    }

    pub fn begin_outage(&self, phones: bool, lasts: Span) {
        lock(&self.outages)[usize::from(phones)] = self.clock.passed() + lasts;
    }

    pub fn is_out(&self, phones: bool) -> bool {
        lock(&self.outages)[usize::from(phones)] > self.clock.passed()
    }

    pub fn upset(&self) {
        let passed = self.clock.passed();
        self.ledger().upset(passed);
    }

    pub fn is_resting(&self) -> bool {
        self.resting.load(Ordering::SeqCst)
    }
}

/// Drives one life of one node.
pub struct Puppeteer {
    shared: Arc<Shared>,
    node: usize,
    dice: Dice,
    /// Commits until it dies, and whether after the commit.
    crash: Mutex<Option<(u32, bool)>>,
    full: AtomicU32,
    died: AtomicBool,
}

impl Puppeteer {
    /// `life` counts the lives of all nodes, so that each has dice of its own.
    pub fn new(shared: Arc<Shared>, node: usize, life: u64) -> Puppeteer {
        let dice = Dice::of(shared.seed, &[3, life]);
        Puppeteer {
            shared,
            node,
            dice,
            crash: Mutex::new(None),
            full: AtomicU32::new(0),
            died: AtomicBool::new(false),
        }
    }

    pub fn crash_at(&self, nth: u32, after: bool) {
        *lock(&self.crash) = Some((nth, after));
    }

    pub fn fill_disk(&self, commits: u32) {
        self.full.store(commits, Ordering::SeqCst);
    }

    pub fn has_died(&self) -> bool {
        self.died.load(Ordering::SeqCst)
    }

    /// Whether the process dies at this commit, and on which side of it.
    fn dies(&self) -> Option<bool> {
        let mut crash = lock(&self.crash);
        let (left, after) = crash.as_mut()?;
        *left = left.saturating_sub(1);
        if *left > 0 {
            return None;
        }
        let after = *after;
        *crash = None;
        Some(after)
    }
}

impl Driver for Puppeteer {
    fn turn(&self) -> Turn<'_> {
        // Others go first now and then: that is how tasks come to meet in every order.
        let throw = self.dice.throw();
        let others = if throw.is_multiple_of(4) {
            throw / 4 % 4
        } else {
            0
        };
        Box::pin(async move {
            for _ in 0..others {
                tokio::task::yield_now().await;
            }
        })
    }

    fn fate(&self) -> Fate {
        if let Some(after) = self.dies() {
            self.died.store(true, Ordering::SeqCst);
            self.shared.upset();
            self.shared.wake.notify_one();
            return if after {
                Fate::DiesAfter
            } else {
                Fate::DiesBefore
            };
        }
        let full = self.full.load(Ordering::SeqCst);
        if full > 0 {
            self.full.store(full - 1, Ordering::SeqCst);
            self.shared.upset();
            return Fate::Fails;
        }
        Fate::Commits
    }

    fn committed(&self, conn: &mut Conn, changes: &[Change]) {
        // The world itself is no task: what people and editors do is done by it.
        let own = tokio::task::try_id().is_none();
        let (wall, passed) = (self.shared.clock.wall(), self.shared.clock.passed());
        let mut ledger = self.shared.ledger();
        if own {
            ledger.own_commits += 1;
        }
        ledger.committed(conn, changes, own, wall, passed);
        let failed = ledger.violation.is_some();
        drop(ledger);
        if failed {
            self.shared.wake.notify_one();
        }
        self.forward(changes);
    }
}

impl Puppeteer {
    /// Other nodes hear of it, late, and sometimes not at all.
    fn forward(&self, changes: &[Change]) {
        for store in self.shared.others(self.node) {
            for change in changes.iter().copied() {
                let throw = self.dice.throw();
                if throw.is_multiple_of(16) {
                    continue;
                }
                let store = store.clone();
                tokio::spawn(async move {
                    tokio::time::sleep(Duration::from_millis(throw / 16 % 120)).await;
                    store.hear(change);
                });
            }
        }
    }
}
