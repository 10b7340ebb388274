//! Stories that must hold, in `make test`; `make simulate` tells many more.
#![allow(
    clippy::unwrap_used,
    reason = "helpers of tests fail their test like the tests themselves"
)]

use std::sync::atomic::{AtomicU64, Ordering};

use sim::{Breach, Kind, Story, Telling, check, tell};

/// Stories in `make test`, of each kind as many.
const STORIES: u64 = 12;
const INCIDENTS: usize = 100;

#[test]
fn stories_keep_every_promise() {
    let next = AtomicU64::new(0);
    let cores = std::thread::available_parallelism().map_or(1, std::num::NonZeroUsize::get);
    std::thread::scope(|scope| {
        for _ in 0..cores {
            scope.spawn(|| {
                loop {
                    let seed = next.fetch_add(1, Ordering::SeqCst);
                    if seed >= STORIES {
                        return;
                    }
                    let story = Story::draw(seed, Kind::of(seed), INCIDENTS, 1);
                    let told = check(&story, Telling::default()).unwrap();
                    assert_eq!(
                        told.violation, None,
                        "cargo run -p sim --release -- --seeds {seed} --incidents {INCIDENTS}"
                    );
                }
            });
        }
    });
}

#[test]
fn a_seed_is_a_story() {
    for seed in 0..4 {
        let story = Story::draw(seed, Kind::of(seed), 60, 1);
        let first = tell(&story, Telling::default()).unwrap();
        let again = tell(&story, Telling::default()).unwrap();
        assert_eq!(first.digest, again.digest, "seed {seed}");
        assert_eq!(first.commits, again.commits, "seed {seed}");
    }
}

/// Whoever watches must be able to see: each rule that is broken on purpose is noticed, by an
/// invariant that is meant to notice it.
#[test]
fn every_breach_is_noticed() {
    use clap::ValueEnum;
    for breach in Breach::value_variants() {
        let telling = Telling {
            breach: Some(*breach),
            ..Telling::default()
        };
        let noticed = (0..12).find_map(|seed| {
            let story = Story::draw(seed, Kind::of(seed), 80, 1);
            check(&story, telling).unwrap().violation
        });
        let violation = noticed.unwrap_or_else(|| panic!("{breach:?} is not noticed"));
        assert!(
            breach.caught_by().contains(&violation.invariant),
            "{breach:?}: {violation}"
        );
    }
}
