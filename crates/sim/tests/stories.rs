//! Stories that must hold. `make test` tells thousands of incidents of them, by the optimised program;
//! plain `cargo test` a few.
#![allow(
    clippy::unwrap_used,
    reason = "helpers of tests fail their test like the tests themselves"
)]

use std::sync::atomic::{AtomicU64, Ordering};

use sim::{Breach, Kind, Story, Telling, check, difference, tell};

/// Conditions that break in each story, about as many as there are incidents.
const CONDITIONS: usize = 100;

/// Does something for each number below `count`, on every core.
fn for_each(count: u64, body: impl Fn(u64) + Sync) {
    let next = AtomicU64::new(0);
    let cores = std::thread::available_parallelism().map_or(1, std::num::NonZeroUsize::get);
    std::thread::scope(|scope| {
        for _ in 0..cores {
            scope.spawn(|| {
                loop {
                    let number = next.fetch_add(1, Ordering::SeqCst);
                    if number >= count {
                        return;
                    }
                    body(number);
                }
            });
        }
    });
}

/// How many incidents are told: `SIM_INCIDENTS`, or some.
fn wanted() -> u64 {
    let wanted = std::env::var("SIM_INCIDENTS").ok();
    wanted.map_or(1_000, |text| text.parse().unwrap())
}

#[test]
fn stories_keep_every_promise() {
    let told = AtomicU64::new(0);
    // Fewer conditions than asked for may break within the time of a story.
    let stories = wanted() / CONDITIONS as u64 * 5 / 4;
    for_each(stories, |seed| {
        if told.load(Ordering::SeqCst) >= wanted() {
            return;
        }
        let story = Story::draw(seed, Kind::of(seed), CONDITIONS, 1);
        let one = check(&story, Telling::default()).unwrap();
        assert_eq!(
            one.violation, None,
            "cargo run -p sim --release -- --seeds {seed} --incidents {CONDITIONS}"
        );
        told.fetch_add(one.incidents as u64, Ordering::SeqCst);
    });
    let told = told.into_inner();
    assert!(told >= wanted(), "only {told} incidents were told");
}

/// A night's find, cut to the events that it takes: a page whose first address breaks while its next
/// message waits for a window already.
#[test]
fn the_page_of_seed_300362_leaves_in_time() {
    let story = Story::draw(300_362, Kind::of(300_362), 500, 1).only(&[0, 1]);
    let told = check(&story, Telling::default()).unwrap();
    assert_eq!(told.violation, None);
}

/// A page whose first message is cancelled in the same claim in which its next one is due.
#[test]
fn the_page_of_seed_400870_leaves_in_time() {
    let story = Story::draw(400_870, Kind::of(400_870), 500, 1);
    let told = check(&story, Telling::default()).unwrap();
    assert_eq!(told.violation, None);
}

/// What travelled as part of a message whose next attempt is called off goes at once, not when the
/// outbox is looked at for other reasons.
#[test]
fn the_page_of_seed_401987_leaves_in_time() {
    let story = Story::draw(401_987, Kind::of(401_987), 500, 1);
    let told = check(&story, Telling::default()).unwrap();
    assert_eq!(told.violation, None);
}

/// Another one: what is paged for after a clock was set back is begun by a run that seems older than
/// the last one.
#[test]
fn the_newest_run_of_seed_400511_is_known_by_its_number() {
    const EVENTS: [usize; 28] = [
        341, 343, 347, 350, 361, 362, 363, 364, 365, 366, 369, 370, 372, 373, 374, 381, 382, 594,
        595, 683, 684, 685, 686, 687, 688, 689, 690, 798,
    ];
    let story = Story::draw(400_511, Kind::of(400_511), 500, 1).only(&EVENTS);
    let told = check(&story, Telling::default()).unwrap();
    assert_eq!(told.violation, None);
}

/// Two nodes, whose clocks differ, share one PostgreSQL.
#[test]
fn two_nodes_keep_every_promise() {
    for_each(4, |seed| {
        let story = Story::draw(seed, Kind::of(seed), 25, 2);
        let told = check(&story, Telling::default()).unwrap();
        assert_eq!(
            told.violation, None,
            "cargo run -p sim --release -- --seeds {seed} --incidents 25 --nodes 2"
        );
    });
}

/// The process dies once at every single commit of a story, before it and after it, and each time
/// the story must come to the end that it comes to without.
#[test]
fn a_crash_at_any_commit_changes_nothing() {
    for (nodes, incidents, step) in [(1, 8, 1), (2, 3, 4)] {
        let story = Story::draw(1, Kind::Mirror, incidents, nodes).undisturbed();
        let calm = tell(&story, Telling::default()).unwrap();
        assert_eq!(calm.violation, None);
        assert!(calm.commits > 20, "{} commits", calm.commits);
        // Every one for one node; of two nodes the second does part of the work.
        for_each(calm.commits.div_ceil(step) * 2, |number| {
            let nth = u32::try_from(number / 2 * step + 1).unwrap();
            let after = number % 2 == 1;
            let telling = Telling {
                dies_at: Some((nth, after)),
                ..Telling::default()
            };
            let told = tell(&story, telling).unwrap();
            let violation = told
                .violation
                .clone()
                .or_else(|| difference(&told, &calm.endings));
            assert_eq!(
                violation, None,
                "{nodes} nodes, commit {nth}, after it: {after}"
            );
        });
    }
}

#[test]
fn a_seed_is_a_story() {
    for_each(4, |seed| {
        let story = Story::draw(seed, Kind::of(seed), 60, 1);
        let first = tell(&story, Telling::default()).unwrap();
        let again = tell(&story, Telling::default()).unwrap();
        assert_eq!(first.digest, again.digest, "seed {seed}");
        assert_eq!(first.commits, again.commits, "seed {seed}");
    });
}

/// Whoever watches must be able to see: each rule that is broken on purpose is noticed, by an
/// invariant that is meant to notice it.
#[test]
fn every_breach_is_noticed() {
    use clap::ValueEnum;
    let breaches = Breach::value_variants();
    for_each(breaches.len() as u64, |index| {
        let breach = &breaches[usize::try_from(index).unwrap()];
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
    });
}
