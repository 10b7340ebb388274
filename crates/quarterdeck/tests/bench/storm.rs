//! A storm: a hundred thousand distinct alerts of one service at once. All are durable, one person
//! gets one page of the storm, and the pages stay quick meanwhile.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use testkit::{PgCluster, Server};

use crate::company::event;
use crate::generator::{self, Requests};
use crate::ingest::{self, milliseconds};
use crate::table::Table;
use crate::visitor::{self, Visitor};

/// A glimpse of it in a debug build.
const ALERTS: usize = if cfg!(debug_assertions) {
    2_000
} else {
    100_000
};
const PATIENCE: Duration = Duration::from_secs(600);
const PAGES: [&str; 4] = ["/", "/incidents", "/alerts", "/incidents/21"];
/// Between two looks of a responder.
const PAUSE: Duration = Duration::from_millis(50);

pub async fn measure(table: &mut Table) {
    println!("A storm of {ALERTS} alerts");
    on(table, "SQLite", None).await;
    let cluster = PgCluster::start();
    on(table, "PostgreSQL", Some(&cluster.create_database().url)).await;
}

async fn on(table: &mut Table, name: &str, database: Option<&str>) {
    let mut server = ingest::prepared(database);
    server.start().await;
    let visitor = Visitor::sign_in(&server).await;
    let bodies = (0..ALERTS).map(|n| event(0, &format!("storm-{n:06}")));
    let requests = Arc::new(Requests::posting(server.port(), "/v2/enqueue", 202, bodies));
    let over = Arc::new(AtomicBool::new(false));
    let ended = over.clone();
    let sender = std::thread::spawn(move || {
        let outcome = generator::run(&requests, ALERTS, PATIENCE);
        ended.store(true, Ordering::SeqCst);
        outcome
    });
    let mut times = Vec::new();
    while !over.load(Ordering::SeqCst) {
        for path in &PAGES[..3] {
            times.push((visitor.open(path).await.0, *path));
        }
        tokio::time::sleep(PAUSE).await;
    }
    let mut outcome = sender.join().unwrap();
    assert_eq!(outcome.failures, 0, "nothing is refused");
    table.fact(
        &format!("a storm of {ALERTS} alerts, {name}"),
        format!(
            "{:.0}/s, p99 {:.1} ms",
            outcome.rate(),
            milliseconds(outcome.percentile(0.99))
        ),
    );
    visitor::tell_of(table, &format!("pages during the storm, {name}"), &times);
    ingest::quiet(&server).await;
    let mut times = Vec::new();
    for _ in 0..25 {
        for path in PAGES {
            times.push((visitor.open(path).await.0, path));
        }
    }
    visitor::tell_of(table, &format!("pages after the storm, {name}"), &times);
    let (stored, incidents, pages) = books(&server);
    table.target(
        &format!("what the storm left, {name}"),
        format!("{stored} alerts, {incidents} incidents, {pages} pages"),
        "all alerts, 21 incidents, 21 pages",
        stored == ALERTS && incidents == 21 && pages == 21,
    );
}

/// Alerts, incidents and pages in the database of a server.
fn books(server: &Server) -> (usize, usize, usize) {
    let books = |conn: &mut store::Conn| {
        let limit = i64::try_from(ALERTS + 1).unwrap_or(i64::MAX);
        let alerts = store::alert::number(conn, &store::alert::Filter::default(), limit)?;
        let all = store::incident::Filter::default();
        let incidents = store::incident::list(conn, &all, None, limit)?;
        let mut pages = 0;
        for incident in &incidents {
            pages += store::escalation::pages(conn, incident.id)?.len();
        }
        Ok::<_, store::Error>((alerts, incidents.len(), pages))
    };
    ingest::store_of(server).read_blocking(books).unwrap()
}
