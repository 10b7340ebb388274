//! The server is killed at random moments while signals come in, steps fall due and messages
//! leave. Nothing accepted may be lost, no step may run twice, and nobody may be left unpaged
//! (DESIGN.md P1 and P2).
//!
//! `TORTURE_ROUNDS` sets how often it is killed, `TORTURE_SEED` repeats the moments of another run.

mod company;
mod ledger;
mod load;
mod verdict;

use std::time::Duration;

use testkit::eventually;

use crate::database::Database;
use crate::house::House;
use load::Load;

/// Kills in an ordinary test run.
const ROUNDS: u32 = 20;

/// When the process is killed, in milliseconds after it was started or became ready.
const MOMENTS: std::ops::Range<u64> = 5..400;

/// Everything that follows from the last signal: two waits of 10 s until the last resort is paged,
/// and a minute in which further pages to one person are kept for one message (PAGING.md §6.4),
/// which holds a thousand: 200 rounds end with two thousand pages of the last resort.
const QUIET: Duration = Duration::from_secs(300);

/// What has not come to an end yet, and how much of it there is.
const LEFT: &str = "SELECT 'run', state, '', '', COUNT(*) FROM escalation_run \
     WHERE state = 'running' GROUP BY state \
     UNION ALL SELECT channel, state, kind, last_error, COUNT(*) FROM notification \
     WHERE state IN ('planned', 'sending') GROUP BY channel, state, kind, last_error";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_is_lost_on_sqlite() {
    torture(Database::Sqlite, "SQLite").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_is_lost_on_postgresql() {
    torture(Database::postgres(), "PostgreSQL").await;
}

async fn torture(database: Database, name: &str) {
    let rounds = variable("TORTURE_ROUNDS").map_or(ROUNDS, |rounds| rounds.try_into().unwrap());
    let seed = variable("TORTURE_SEED").unwrap_or_else(|| u64::from(std::process::id()));
    eprintln!("{name}: {rounds} kills, TORTURE_SEED={seed}");
    let mut moments = Dice::new(seed);

    let mut house = House::open(database, &company::yaml()).await;
    let load = Load::start(&house.server, seed);
    // From now on steps fall due all the time, too.
    eventually(crate::house::SOON, "the first second steps", || {
        let seen = house.number("SELECT COUNT(*) FROM step_execution WHERE number > 0");
        async move { (seen >= 20).then_some(()).ok_or(seen) }
    })
    .await;
    for round in 0..rounds {
        let moment = Duration::from_millis(moments.within(MOMENTS));
        // Every fourth time while it starts and takes up what the last one left.
        if round > 0 && round % 4 == 0 {
            house.server.start_unready();
        } else if round > 0 {
            house.server.start().await;
        }
        tokio::time::sleep(moment).await;
        house.server.kill_9();
    }
    house.server.start().await;
    let ledger = load.stop().await;

    eventually(QUIET, "the last page to leave", || {
        let left = house.rows(LEFT);
        async move { left.is_empty().then_some(()).ok_or(left) }
    })
    .await;
    eprintln!("{name}: {}", verdict::pass(&house, &ledger));
}

fn variable(name: &str) -> Option<u64> {
    let text = std::env::var(name).ok()?;
    Some(
        text.parse()
            .unwrap_or_else(|_| panic!("{name}={text} is not a number")),
    )
}

/// Random numbers that a seed repeats (SplitMix64).
#[derive(Debug, Clone)]
pub struct Dice(u64);

impl Dice {
    pub fn new(seed: u64) -> Self {
        Self(seed)
    }

    pub fn roll(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    pub fn within(&mut self, range: std::ops::Range<u64>) -> u64 {
        range.start + self.roll() % (range.end - range.start)
    }
}
