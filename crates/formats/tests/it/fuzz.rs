//! Everything that reads what strangers send, held against everything that was ever sent: each file
//! of the corpus by every reader, and mutations of them. Nothing panics, nothing takes time beyond
//! its size, and what comes out can be stored.
//!
//! `FORMATS_FUZZ` is the number of mutations (`make fuzz`), `FORMATS_FUZZ_SEED` where they begin. A
//! case that fails is made small and written to `tests/corpus`, where it stays.

mod mutation;
mod reader;
mod work;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};

use mutation::{Chance, grown, mutated};
use reader::{Reader, readers};
use work::Work;

/// Mutations in `make test`.
const USUAL: u64 = 150;
/// What one reader may spend on one small case.
const MOST: Work = Work::from_millis(2_000);

/// Every file of the corpus: what was recorded, written by hand, or found.
fn corpus() -> Vec<(PathBuf, Vec<u8>)> {
    let tests = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests");
    let mut files = Vec::new();
    for folder in ["recorded", "corpus"] {
        collect(&tests.join(folder), &mut files);
    }
    files.sort();
    assert!(files.len() > 80, "{}", files.len());
    files
}

fn collect(folder: &Path, files: &mut Vec<(PathBuf, Vec<u8>)>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            collect(&path, files);
        } else if path.file_name().is_some_and(|name| name != "README.md") {
            files.push((path.clone(), std::fs::read(&path).unwrap()));
        }
    }
}

/// What goes wrong when this reader reads this case.
fn fault(reader: &Reader, case: &[u8]) -> Option<String> {
    let (work, done) = Work::of(|| catch_unwind(AssertUnwindSafe(|| reader.read(case))));
    if let Err(panic) = done {
        let text = panic.downcast_ref::<String>().cloned();
        let text = text.or_else(|| panic.downcast_ref::<&str>().map(|text| (*text).to_owned()));
        return Some(text.unwrap_or_else(|| "it panicked".to_owned()));
    }
    let slow = work > MOST && Work::least(2, || reader.read(case)) > MOST;
    slow.then(|| format!("{} bytes took {work:?}", case.len()))
}

/// The case without what does not matter to its fault.
fn smallest(reader: &Reader, case: &[u8]) -> Vec<u8> {
    let mut small = case.to_vec();
    let mut step = small.len() / 2;
    while step > 0 {
        let mut at = 0;
        while at < small.len() {
            let mut less = small.clone();
            less.drain(at..(at + step).min(small.len()));
            if fault(reader, &less).is_some() {
                small = less;
            } else {
                at += step;
            }
        }
        step /= 2;
    }
    small
}

/// Fails, and keeps the case.
fn check(reader: &Reader, case: &[u8], whence: &str) {
    let Some(what) = fault(reader, case) else {
        return;
    };
    let small = smallest(reader, case);
    let name = format!("found-{:016x}", Chance::of_bytes(&small).next());
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/corpus")
        .join(reader.folder);
    std::fs::create_dir_all(&folder).unwrap();
    let path = folder.join(name);
    std::fs::write(&path, &small).unwrap();
    panic!(
        "{} cannot read {} ({whence}): {what}",
        reader.name,
        path.display()
    );
}

#[test]
fn every_reader_reads_the_whole_corpus() {
    let readers = readers();
    for (path, case) in corpus() {
        for reader in &readers {
            check(reader, &case, &path.display().to_string());
        }
    }
}

#[test]
fn mutations_of_the_corpus_are_read() {
    let number = |name: &str, usual: u64| {
        let given = std::env::var(name).ok().filter(|text| !text.is_empty());
        given.map_or(usual, |text| text.parse().unwrap())
    };
    let count = number("FORMATS_FUZZ", USUAL);
    let first = number("FORMATS_FUZZ_SEED", 1);
    let (readers, corpus) = (readers(), corpus());
    // Should the process itself die, of a stack that is too small, the last case stands here.
    let last = Path::new(env!("CARGO_TARGET_TMPDIR")).join("formats-fuzz-last");
    for seed in first..first.saturating_add(count) {
        let case = mutated(&corpus, &mut Chance::new(seed));
        std::fs::write(&last, &case).unwrap();
        for reader in &readers {
            check(reader, &case, &format!("seed {seed}"));
        }
    }
}

/// Eight times the size may take eight times the work, and four times that again; what grows with
/// its square takes 64 times. The work is counted in time on a processor of this thread alone, and
/// counted again before anybody is blamed, so that it does not matter what else the machine does.
#[test]
fn work_grows_with_the_size_only() {
    const SMALL: usize = 8 * 1024;
    const TIMES: usize = 8;
    let number = std::env::var("FORMATS_FUZZ").ok();
    let rounds = number
        .and_then(|text| text.parse::<u64>().ok())
        .map_or(4, |count| 4 + count / 200);
    let corpus = corpus();
    for (place, reader) in readers().iter().enumerate() {
        // Its own cases first: others hardly reach beyond its first line.
        let own: Vec<_> = corpus
            .iter()
            .filter(|(path, _)| {
                path.parent()
                    .is_some_and(|folder| folder.ends_with(reader.folder))
            })
            .cloned()
            .collect();
        for round in 0..rounds {
            let from = if own.is_empty() || round % 4 == 3 {
                &corpus
            } else {
                &own
            };
            let seed = round * 1_000 + place as u64;
            let at = |size| grown(from, &mut Chance::new(seed), size);
            let (small, large) = (at(SMALL), at(SMALL * TIMES));
            let too_much = |tries| {
                let little = Work::least(tries, || reader.read(&small));
                let much = Work::least(tries, || reader.read(&large));
                let most = little.times(4 * TIMES as u64).plus(Work::from_millis(100));
                (much > most).then_some((little, much))
            };
            if too_much(1).is_some()
                && let Some((little, much)) = too_much(4)
            {
                let kept = Path::new(env!("CARGO_TARGET_TMPDIR")).join("formats-fuzz-grown");
                std::fs::write(&kept, &large).unwrap();
                panic!(
                    "{} takes {little:?} for {} bytes and {much:?} for {} ({})",
                    reader.name,
                    small.len(),
                    large.len(),
                    kept.display()
                );
            }
        }
    }
}
