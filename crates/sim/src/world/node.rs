//! Nodes: the real product, started, killed and started again.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use channels::{Channel, Channels};
use domain::word::ContactKind;
use domain::{Span, Timestamp};
use engine::clock::Clock;
use engine::{Engine, EngineConfig};
use store::Store;

use super::provider::Provider;
use super::shared::{Puppeteer, Shared, Task};
use super::{Database, World};
use crate::breach::Breach;
use crate::chance::{Dice, Draw};
use crate::invariant::Invariant;
use crate::story::Kind;

/// What a clock lags behind when it is broken on purpose.
const LAG: Span = Span::from_seconds(4);

/// Most by which the clocks of two nodes differ.
pub(super) const SKEW: Span = Span::from_millis(600);

/// One node; without a life while it is down.
#[derive(Default)]
pub(super) struct Node {
    life: Option<Life>,
    /// How long it stays down after the next crash.
    pub(super) downtime: Span,
}

pub(super) struct Life {
    pub(super) engine: Engine,
    pub(super) store: Store,
    pub(super) puppeteer: Arc<Puppeteer>,
    alive: Arc<AtomicBool>,
}

impl Node {
    pub(super) fn is_up(&self) -> bool {
        self.life.is_some()
    }

    pub(super) fn life(&self) -> Option<&Life> {
        self.life.as_ref()
    }

    pub(super) fn store(&self) -> Option<Store> {
        self.life.as_ref().map(|life| life.store.clone())
    }
}

/// The clock that the product is lent, and how far it is off.
struct Lent(Arc<Shared>, Span);

impl Clock for Lent {
    fn now(&self) -> Timestamp {
        let wall = self.0.clock.wall() + self.1;
        if self.0.breach == Some(Breach::LateTimers) {
            wall - LAG
        } else {
            wall
        }
    }
}

impl World<'_> {
    /// Opens the database and starts the product on a node.
    pub(super) async fn start(&mut self, node: usize) {
        self.lives += 1;
        let puppeteer = Arc::new(Puppeteer::new(self.shared.clone(), node, self.lives));
        let opened = Store::open_driven(&self.database.url(), puppeteer.clone());
        let store = match opened {
            Ok(store) => store,
            Err(error) => {
                let what = format!("the database cannot be opened: {error}");
                return self.fail(Invariant::NothingAcceptedIsLost, what);
            }
        };
        let wall = self.shared.clock.wall();
        let compared = store.read_blocking(|conn| {
            self.shared.ledger().compare_after_crash(conn, wall);
            Ok::<_, store::Error>(())
        });
        if let Err(error) = compared {
            let what = format!("the database cannot be read: {error}");
            return self.fail(Invariant::NothingAcceptedIsLost, what);
        }
        let alive = Arc::new(AtomicBool::new(true));
        let provider = |kind| {
            Arc::new(Provider {
                kind,
                shared: self.shared.clone(),
                store: store.clone(),
                alive: alive.clone(),
            }) as Arc<dyn Channel>
        };
        let channels = Channels::new(
            ContactKind::ALL
                .iter()
                .map(|kind| provider(*kind))
                .collect(),
        );
        let config = EngineConfig {
            public_url: "https://q.example".into(),
            node_name: format!("node-{node}"),
            letterbox: None,
        };
        let started = Engine::start_with(
            store.clone(),
            channels,
            config,
            Arc::new(Lent(self.shared.clone(), self.skew(node))),
            Arc::new(Dice::of(self.shared.seed, &[8, self.lives])),
        )
        .await;
        match started {
            Ok(engine) => {
                self.shared.set_store(node, Some(store.clone()));
                self.nodes[node].life = Some(Life {
                    engine,
                    store,
                    puppeteer,
                    alive,
                });
                self.shared.upset();
            }
            Err(error) => {
                let what = format!("the product does not start: {error}");
                self.fail(Invariant::NoFailureInside, what);
            }
        }
    }

    /// How far a node's clock is off: the second is late or early, always by the same time. Not
    /// where a story is told twice: which node takes a step that is due within the difference
    /// before or after an answer is chance, and either end is right.
    fn skew(&self, node: usize) -> Span {
        if node == 0 || self.shared.kind == Kind::Mirror {
            return Span::ZERO;
        }
        let most = SKEW.as_millis();
        Span::from_millis(Draw::of(self.shared.seed, &[12]).between(-most, most))
    }

    /// Plans a crash.
    pub(super) fn plan_crash(&mut self, node: usize, nth: u32, after: bool, downtime: Span) {
        self.nodes[node].downtime = downtime;
        if let Some(life) = self.nodes[node].life() {
            life.puppeteer.crash_at(nth, after);
        }
        if self.telling.breach == Some(Breach::ForgetAfterCrash) && self.old_disk.is_none() {
            self.old_disk = self.copy_disk();
        }
    }

    /// Takes away what has died, and brings it back, now or later.
    pub(super) async fn bury(&mut self) {
        for node in 0..self.nodes.len() {
            let died = self.nodes[node]
                .life()
                .is_some_and(|life| life.puppeteer.has_died());
            if !died {
                continue;
            }
            if let Some(life) = self.nodes[node].life.take() {
                life.alive.store(false, Ordering::SeqCst);
                life.store.die();
            }
            self.crashes += 1;
            self.shared.set_store(node, None);
            self.shared.upset();
            let wall = self.shared.clock.wall();
            let downtime = self.nodes[node].downtime;
            self.shared
                .ledger()
                .tell(wall, || format!("node {node} died, for {downtime}"));
            if let Some(old) = self.old_disk.take() {
                self.put_disk_back(old.path());
            }
            if downtime == Span::ZERO {
                self.start(node).await;
            } else {
                self.shared.later(wall + downtime, Task::Restart { node });
            }
        }
    }

    fn copy_disk(&self) -> Option<tempfile::TempDir> {
        let Database::Sqlite(directory) = self.database else {
            return None;
        };
        let copy = tempfile::tempdir().ok()?;
        copy_files(directory.path(), copy.path());
        Some(copy)
    }

    fn put_disk_back(&self, from: &Path) {
        if let Database::Sqlite(directory) = self.database {
            for file in ["sim.db", "sim.db-wal", "sim.db-shm"] {
                drop(std::fs::remove_file(directory.path().join(file)));
            }
            copy_files(from, directory.path());
        }
    }
}

fn copy_files(from: &Path, to: &Path) {
    for file in ["sim.db", "sim.db-wal"] {
        drop(std::fs::copy(from.join(file), to.join(file)));
    }
}
