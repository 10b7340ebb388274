//! A world: a house, the real product on one or two nodes, monitors, people and providers, in which
//! a story is told.

mod act;
mod edit;
mod node;
mod people;
mod provider;
mod shared;
mod signal;
mod way;

use std::collections::{BTreeMap, VecDeque};
use std::path::Path;
use std::sync::atomic::Ordering;
use std::sync::{Arc, OnceLock, Weak};
use std::time::Duration;

use domain::{Span, Timestamp};
use store::{Conn, DatabaseUrl};
use testkit::{PgCluster, PgDatabase};

use crate::breach::Breach;
use crate::chance::Draw;
use crate::clock::VirtualClock;
use crate::invariant::{Invariant, Violation};
use crate::ledger::{Ending, Ledger, RECOVERS};
use crate::setup::Setup;
use crate::story::{Condition, Story};
use node::Node;
use shared::{Shared, Task};

/// Monday 2026-03-16 08:00 UTC.
const BEGIN: Timestamp = Timestamp::from_seconds(1_773_648_000);
/// When clocks change in 2026: in Berlin in spring and autumn, on Lord Howe Island by half an hour,
/// in New York in autumn.
const CHANGES: [Timestamp; 5] = [
    Timestamp::from_seconds(1_774_746_000),
    Timestamp::from_seconds(1_792_890_000),
    Timestamp::from_seconds(1_775_314_800),
    Timestamp::from_seconds(1_791_041_400),
    Timestamp::from_seconds(1_793_512_800),
];
/// After the story everything gets time to come to its end.
const REST: Span = Span::from_minutes(5);

/// What a story came to.
#[derive(Clone, Debug)]
pub struct Told {
    pub violation: Option<Violation>,
    pub incidents: usize,
    pub commits: u64,
    pub executions: u64,
    pub messages: u64,
    pub crashes: u64,
    /// A number over everything seen: the same for the same story, always.
    pub digest: u64,
    pub endings: BTreeMap<(String, usize), Ending>,
    pub trace: Vec<String>,
}

/// How to tell it.
#[derive(Clone, Copy, Debug, Default)]
pub struct Telling {
    pub breach: Option<Breach>,
    /// Write down everything that is seen.
    pub trace: bool,
    /// Dies at this commit instead of the story's crashes, before it or after.
    pub dies_at: Option<(u32, bool)>,
}

const FILE: &str = "sim.db";

/// Where a world keeps its data, removed with it.
enum Database {
    Sqlite(tempfile::TempDir),
    Postgres(PgDatabase),
}

impl Database {
    fn make(nodes: usize) -> std::io::Result<Database> {
        if nodes > 1 {
            return Ok(Database::Postgres(PgCluster::shared().create_database()));
        }
        // In memory where there is a place for it: what a disk does is tried elsewhere.
        let memory = Path::new("/dev/shm");
        let made = if memory.is_dir() {
            tempfile::tempdir_in(memory)
        } else {
            tempfile::tempdir()
        };
        let made = made?;
        std::fs::write(made.path().join(FILE), empty()?)?;
        Ok(Database::Sqlite(made))
    }

    fn url(&self) -> DatabaseUrl {
        match self {
            Database::Sqlite(directory) => DatabaseUrl::Sqlite(directory.path().join(FILE)),
            Database::Postgres(database) => DatabaseUrl::Postgres(database.url.clone()),
        }
    }
}

/// The database before anything happens, made once.
fn empty() -> std::io::Result<&'static [u8]> {
    static EMPTY: OnceLock<Vec<u8>> = OnceLock::new();
    if let Some(made) = EMPTY.get() {
        return Ok(made);
    }
    let directory = tempfile::tempdir()?;
    let file = directory.path().join(FILE);
    let mut conn = Conn::open(&DatabaseUrl::Sqlite(file.clone())).map_err(std::io::Error::other)?;
    store::migrate::migrate(&mut conn).map_err(std::io::Error::other)?;
    drop(conn);
    let bytes = std::fs::read(file)?;
    Ok(EMPTY.get_or_init(|| bytes))
}

/// Half of the stories begin at any hour of an ordinary week, so that hand-offs fall anywhere into
/// them, and half shortly before clocks change.
fn begin(seed: u64) -> Timestamp {
    let mut draw = Draw::of(seed, &[11]);
    if draw.percent(50) {
        BEGIN + Span::from_minutes(draw.between(0, 7 * 1_440))
    } else {
        *draw.pick(&CHANGES) - Span::from_minutes(draw.between(1, 90))
    }
}

/// Tells a story.
///
/// # Errors
/// When no world can be made: no place for a database, no runtime.
pub fn tell(story: &Story, telling: Telling) -> std::io::Result<Told> {
    tell_and_watch(story, telling).map(|(told, _)| told)
}

/// Also returns a handle on what the parts of the world share, which must be gone with it.
fn tell_and_watch(story: &Story, telling: Telling) -> std::io::Result<(Told, Weak<Shared>)> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .start_paused(true)
        .build()?;
    let database = Database::make(story.nodes)?;
    Ok(runtime.block_on(async {
        let mut world = World::new(story, telling, &database);
        world.run().await;
        (world.told(), Arc::downgrade(&world.shared))
    }))
}

/// Stores know their driver and it knows them: without this a world would never end, nor give its
/// database back.
impl Drop for World<'_> {
    fn drop(&mut self) {
        for node in 0..self.story.nodes {
            self.shared.set_store(node, None);
        }
    }
}

struct World<'s> {
    story: &'s Story,
    telling: Telling,
    database: &'s Database,
    shared: Arc<Shared>,
    nodes: Vec<Node>,
    /// The configuration as people have edited it.
    setup: Setup,
    /// Signals that could not be handed in, by condition, in order.
    held: BTreeMap<Condition, VecDeque<usize>>,
    events_left: usize,
    lives: u64,
    crashes: u64,
    latest: Timestamp,
    /// What was on the disk when the next crash was planned; for a breach.
    old_disk: Option<tempfile::TempDir>,
}

impl<'s> World<'s> {
    fn new(story: &'s Story, telling: Telling, database: &'s Database) -> World<'s> {
        let begin = begin(story.seed);
        let clock = VirtualClock::at(begin);
        let ledger = Ledger::new(&story.setup, begin, telling.trace);
        let shared = Shared::new(
            story.seed,
            story.kind,
            story.nodes,
            telling.breach,
            clock,
            ledger,
        );
        for (place, event) in story.events.iter().enumerate() {
            shared.later(begin + event.at, Task::Event(place));
        }
        World {
            story,
            telling,
            database,
            shared: Arc::new(shared),
            nodes: vec![],
            setup: story.setup.clone(),
            held: BTreeMap::new(),
            events_left: story.events.len(),
            lives: 0,
            crashes: 0,
            latest: begin,
            old_disk: None,
        }
    }

    fn fail(&self, invariant: Invariant, what: String) {
        let wall = self.shared.clock.wall();
        self.shared.ledger().fail(invariant, wall, what);
    }

    fn has_failed(&self) -> bool {
        self.shared.ledger().violation.is_some()
    }

    async fn run(&mut self) {
        let begin = self.shared.clock.wall();
        self.open_the_house().await;
        let end = begin + self.story.lasts;
        let mut rest_until: Option<Span> = None;
        loop {
            self.bury().await;
            self.look_for_lateness();
            if self.has_failed() {
                return;
            }
            let (wall, passed) = (self.shared.clock.wall(), self.shared.clock.passed());
            self.latest = self.latest.max(wall);
            match rest_until {
                None if self.events_left == 0 && wall >= end && self.all_up() => {
                    self.shared.resting.store(true, Ordering::SeqCst);
                    rest_until = Some(passed + REST);
                }
                Some(until) if passed >= until => break,
                _ => {}
            }
            let task = self.shared.queue().take(wall);
            if let Some(task) = task {
                self.act(task).await;
                continue;
            }
            let pause = self.pause(end, rest_until);
            tokio::select! {
                biased;
                () = self.shared.wake.notified() => {}
                () = tokio::time::sleep(pause) => {}
            }
        }
        self.check_end();
    }

    fn all_up(&self) -> bool {
        self.nodes.iter().all(Node::is_up)
    }

    /// Until there is something to do or to look at.
    fn pause(&self, end: Timestamp, rest_until: Option<Span>) -> Duration {
        let (wall, passed) = (self.shared.clock.wall(), self.shared.clock.passed());
        let ledger = self.shared.ledger();
        let mut pause = Span::from_minutes(10);
        if let Some(check) = ledger.next_check(wall, passed) {
            pause = pause.min(check.since(wall));
        }
        drop(ledger);
        if let Some(next) = self.shared.queue().next() {
            pause = pause.min(next.since(wall));
        }
        match rest_until {
            Some(until) => pause = pause.min(until - passed),
            None if self.events_left == 0 && end > wall => pause = pause.min(end.since(wall)),
            None => {}
        }
        // The runtime counts in milliseconds.
        pause.max(Span::from_millis(1)).to_std() + Duration::from_millis(1)
    }

    fn look_for_lateness(&self) {
        let (wall, passed) = (self.shared.clock.wall(), self.shared.clock.passed());
        let Some(store) = self.nodes.iter().find_map(Node::store) else {
            // Nobody can be late where nobody is (PAGING.md §4.6).
            let mut ledger = self.shared.ledger();
            ledger.calm_from = ledger.calm_from.max(passed + RECOVERS);
            return;
        };
        let look = self.shared.ledger().check_dues(wall, passed);
        for one in look {
            let read = store.read_blocking(|conn| self.shared.ledger().has_left(conn, one, wall));
            if let Err(error) = read {
                self.fail(
                    Invariant::NoFailureInside,
                    format!("a page cannot be read: {error}"),
                );
            }
        }
    }

    fn check_end(&self) {
        let Some(store) = self.nodes.iter().find_map(Node::store) else {
            return;
        };
        let wall = self.shared.clock.wall();
        let checked = store.read_blocking(|conn| self.shared.ledger().check_end(conn, wall));
        if let Err(error) = checked {
            self.fail(
                Invariant::NothingAcceptedIsLost,
                format!("it cannot be read: {error}"),
            );
        }
    }

    fn told(&self) -> Told {
        let mut ledger = self.shared.ledger();
        Told {
            violation: ledger.violation.clone(),
            incidents: ledger.incidents.len(),
            commits: ledger.commits,
            executions: ledger.executions,
            messages: ledger.sent,
            crashes: self.crashes,
            digest: ledger.digest.draw(),
            endings: ledger.endings(),
            trace: std::mem::take(&mut ledger.trace),
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use super::*;
    use crate::Kind;

    /// A night tells thousands of stories in one process.
    #[test]
    fn nothing_is_left_of_a_world() {
        for kind in [Kind::Steady, Kind::Stormy] {
            let story = Story::draw(7, kind, 10, 1);
            let (told, shared) = tell_and_watch(&story, Telling::default()).unwrap();
            assert!(told.incidents > 0);
            assert_eq!(shared.strong_count(), 0, "{kind:?}");
        }
    }
}
