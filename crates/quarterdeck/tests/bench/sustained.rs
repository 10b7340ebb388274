//! Ten thousand signals a second, for a long time: every reply comes, every signal is counted, and
//! the memory stays what it was.

use std::sync::Arc;
use std::time::Duration;

use testkit::{PgCluster, Server};

use crate::company::event;
use crate::generator::{self, Requests};
use crate::ingest::{self, milliseconds};
use crate::resting::resident;
use crate::table::Table;

const A_SECOND: u32 = 10_000;
/// Distinct alerts.
const KEYS: usize = 10_000;
/// Ten minutes when nothing else is measured, as DESIGN.md asks for.
const LONG: Duration = Duration::from_secs(600);
const SHORT: Duration = Duration::from_secs(60);
/// The first part fills what is kept for later, before memory is looked at.
const WARM_UP: Duration = Duration::from_secs(20);
/// What memory may grow by.
const GROWTH: f64 = 1.1;

pub async fn measure(table: &mut Table, alone: bool) {
    let time = match (cfg!(debug_assertions), alone) {
        (true, _) => Duration::from_secs(2),
        (false, true) => LONG,
        (false, false) => SHORT,
    };
    println!("{A_SECOND} signals a second for {} s", time.as_secs());
    on(table, "SQLite", None, time).await;
    let cluster = PgCluster::start();
    let database = cluster.create_database();
    on(table, "PostgreSQL", Some(&database.url), time).await;
}

async fn on(table: &mut Table, name: &str, database: Option<&str>, time: Duration) {
    let mut server = ingest::prepared(database);
    server.start().await;
    let bodies = (0..KEYS).map(|n| event(0, &format!("steady-{n:05}")));
    let requests = Arc::new(Requests::posting(server.port(), "/v2/enqueue", 202, bodies));
    let pace = Duration::from_secs(1) / A_SECOND;
    let opened = generator::run(&requests, KEYS, WARM_UP);
    let warm = generator::steady(&requests, pace, WARM_UP.min(time));
    let before = resident(&server);
    let mut outcome = generator::steady(&requests, pace, time);
    let after = resident(&server);
    let sent = [&opened, &warm, &outcome].map(|sent| sent.latencies.len());
    let sent: usize = sent.iter().sum();
    let refused = opened.failures + warm.failures + outcome.failures;
    let counted = counted(&server);
    table.target(
        &format!("{A_SECOND}/s for {} s, {name}", time.as_secs()),
        format!(
            "{:.0}/s, p99 {:.1} ms, {sent} accepted, {refused} refused, {counted} counted",
            outcome.rate(),
            milliseconds(outcome.percentile(0.99))
        ),
        "all accepted and counted",
        refused == 0 && counted == sent,
    );
    table.target(
        &format!("memory meanwhile, {name}"),
        format!("{before:.1} MB, then {after:.1} MB"),
        "≤ 1.1 ×",
        after <= before * GROWTH,
    );
}

/// How many triggers the alerts in the database of a server have counted.
fn counted(server: &Server) -> usize {
    let all = store::alert::Filter::default();
    let alerts = ingest::store_of(server)
        .read_blocking(|conn| store::alert::list(conn, &all, None, 2 * KEYS as i64))
        .unwrap();
    let counts = alerts.iter().map(|alert| usize::try_from(alert.count));
    counts.map(|count| count.expect("a count")).sum()
}
