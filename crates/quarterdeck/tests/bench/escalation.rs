//! How fast the clockwork advances escalations that are all due in one instant, in process and on
//! SQLite, and what one step costs.

use std::sync::Arc;
use std::time::{Duration, Instant};

use domain::signal::Signal;
use domain::word::{AccountRole, Action, Origin};
use domain::{Span, Timestamp};
use engine::OpContext;
use engine::ingest::Submission;
use store::{DatabaseUrl, Store};
use testkit::Scratch;

use crate::company;
use crate::table::Table;

/// Escalations that fall due together: the target's number, or a glimpse of it in a debug build.
const RUNS: usize = if cfg!(debug_assertions) {
    2_000
} else {
    100_000
};
/// Incidents opened in one transaction.
const BATCH: usize = 1_000;
const SERVICES: usize = 5;
/// All of them advanced, as a time and as CPU of one step.
const WITHIN: Duration = Duration::from_secs(5);
const STEP: Duration = Duration::from_micros(100);

pub async fn measure(table: &mut Table) {
    println!("Escalations");
    let scratch = Scratch::new("bench-escalation");
    let url = format!("sqlite:{}", scratch.path().join("quarterdeck.db").display());
    let store = Store::open(&url.parse::<DatabaseUrl>().unwrap()).unwrap();
    let opened = Timestamp::parse("2026-03-15T12:00:00Z").unwrap();
    configure(&store, opened).await;
    let began = Instant::now();
    for batch in 0..RUNS / BATCH {
        open(&store, batch, opened).await;
    }
    table.fact(
        "incidents opened and paged, in batches of 1,000 signals",
        format!("{:.0}/s", per_second(RUNS, began.elapsed())),
    );

    // The policy waits an hour before its next step.
    let due = opened + Span::from_hours(1);
    let (began, cpu) = (Instant::now(), cpu_time());
    engine::timer::fire_due(&store, due).await.unwrap();
    let (took, spent) = (began.elapsed(), cpu_time().saturating_sub(cpu));
    let left = store
        .read(move |c| store::escalation::count_due(c, due))
        .await
        .unwrap();
    assert_eq!(left, 0, "everything due was carried out");
    let step = spent / u32::try_from(RUNS).unwrap();
    table.target(
        &format!("{RUNS} escalations due in one instant, all advanced"),
        format!(
            "{:.2} s ({:.0}/s)",
            took.as_secs_f64(),
            per_second(RUNS, took)
        ),
        "< 5 s for 100,000",
        took < WITHIN,
    );
    table.target(
        "CPU of one due step",
        format!("{:.0} µs", step.as_secs_f64() * 1e6),
        "< 100 µs",
        step < STEP,
    );
}

async fn configure(store: &Store, now: Timestamp) {
    let text = company::yaml(SERVICES);
    let manifest = engine::manifest::parse(&text, &|_| None).unwrap();
    let ctx = OpContext::token(AccountRole::Admin, Origin::Cli, now);
    engine::manifest::apply(store, &ctx, manifest, false)
        .await
        .unwrap();
}

/// Opens incidents of every service in turn, each by a signal of its own.
async fn open(store: &Store, batch: usize, now: Timestamp) {
    let requests: Vec<Arc<Submission>> = (0..SERVICES)
        .map(|service| {
            let key = engine::account::secret::digest(&company::key(service));
            let signals = (0..BATCH / SERVICES)
                .map(|n| {
                    let key = format!("{batch}-{n}");
                    Signal::new(Action::Trigger, &key, format!("{key} is broken"))
                })
                .collect();
            Arc::new(Submission {
                key_hash: key,
                signals,
                resolve_group: None,
                warnings: Vec::new(),
                rejected: Vec::new(),
                raw: "{}".into(),
                origin: engine::ingest::Origin::default(),
            })
        })
        .collect();
    let applied = store
        .write(move |tx| engine::ingest::apply_in_txn(tx, &requests, now))
        .await
        .unwrap();
    assert!(applied.iter().all(Result::is_ok));
}

/// Time that all threads of this process have spent on a processor.
fn cpu_time() -> Duration {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap();
    // Behind the name, which may hold anything: user and system time are the 12th and 13th field.
    let fields: Vec<&str> = stat
        .rsplit_once(')')
        .unwrap()
        .1
        .split_whitespace()
        .collect();
    let ticks: u64 = fields[11].parse::<u64>().unwrap() + fields[12].parse::<u64>().unwrap();
    // A tick is a hundredth of a second on every Linux that runs us.
    Duration::from_millis(ticks * 10)
}

fn per_second(count: usize, took: Duration) -> f64 {
    f64::from(u32::try_from(count).unwrap()) / took.as_secs_f64()
}
