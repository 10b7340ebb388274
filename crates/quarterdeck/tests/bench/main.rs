//! `make bench`: what the server takes and how fast it pages, measured side by side in one run with
//! a handler that does nothing and with Debian's Alertmanager. Prints a table; a machine's mood
//! fails nothing.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::print_stdout,
    reason = "a failing step must fail the bench, and the table is its purpose"
)]

mod batches;
mod company;
mod coverage;
mod escalation;
mod generator;
mod ingest;
mod noop;
mod paging;
mod resting;
mod sink;
mod stored;
mod storm;
mod sustained;
mod table;
mod visitor;

/// As in the binary, so that what does nothing has no handicap.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// The release binary, when this is built in release as `make bench` does.
const BINARY: &str = env!("CARGO_BIN_EXE_quarterdeck");

#[test]
#[ignore = "a benchmark: run by make bench"]
fn bench() {
    if cfg!(debug_assertions) {
        println!("This is a debug build: the numbers say nothing.");
    }
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    let mut table = table::Table::default();
    let only = std::env::var("BENCH_ONLY").unwrap_or_default();
    let wanted = |part: &str| only.is_empty() || only == part;
    runtime.block_on(async {
        if wanted("resting") {
            resting::measure(&mut table).await;
        }
        if wanted("paging") {
            paging::measure(&mut table).await;
        }
        if wanted("coverage") {
            coverage::measure(&mut table);
        }
        if wanted("escalation") {
            escalation::measure(&mut table).await;
        }
        if wanted("ingest") {
            ingest::measure(&mut table).await;
        }
        if wanted("batches") {
            batches::measure(&mut table).await;
        }
        if wanted("stored") {
            stored::measure(&mut table).await;
        }
        if wanted("storm") {
            storm::measure(&mut table).await;
        }
        if wanted("sustained") {
            sustained::measure(&mut table, !only.is_empty()).await;
        }
    });
    table.print();
}

/// What the ratios are relative to, in a process of its own: started by the bench itself.
#[test]
#[ignore = "a part of the benchmark"]
fn noop_server() {
    if let Some(port) = std::env::var_os(noop::PORT_VARIABLE) {
        noop::serve(port.to_str().unwrap().parse().unwrap());
    }
}
