//! Durable ingest of repeated alerts, one event a request, beside a server that does nothing and
//! beside Alertmanager, which keeps alerts in memory.

use std::sync::Arc;
use std::time::Duration;

use serde_json::json;
use store::Store;
use testkit::alertmanager::Alertmanager;
use testkit::{PgCluster, Server, eventually};

use crate::BINARY;
use crate::company::{self, event};
use crate::generator::{self, Outcome, Requests};
use crate::noop::Noop;
use crate::table::Table;

/// Distinct alerts.
const KEYS: usize = 10_000;
/// The candidates take turns, so that a slow moment of the machine meets all.
const ROUNDS: usize = 3;
const ROUND: Duration = Duration::from_secs(3);
/// Bounds a round on a fast machine.
const REQUESTS: usize = 1_000_000;
/// Bounds the warm-up.
const WARM_UP: Duration = Duration::from_secs(120);
const QUIET: Duration = Duration::from_secs(120);

struct Candidate {
    name: &'static str,
    requests: Arc<Requests>,
    outcome: Outcome,
}

impl Candidate {
    fn new(name: &'static str, requests: Requests) -> Self {
        Self {
            name,
            requests: Arc::new(requests),
            outcome: Outcome::default(),
        }
    }
}

pub async fn measure(table: &mut Table) {
    println!(
        "Ingest: {KEYS} alerts, {} connections",
        generator::CONNECTIONS
    );
    let noop = Noop::start();
    let sqlite = server(None).await;
    let cluster = PgCluster::start();
    let database = cluster.create_database();
    let postgres = server(Some(&database.url)).await;
    let mut alertmanager = Alertmanager::start(&json!({})).await;
    let alertmanager_port = alertmanager
        .base_url
        .rsplit_once(':')
        .unwrap()
        .1
        .parse()
        .unwrap();

    let events =
        |port| Requests::posting(port, "/v2/enqueue", 202, keys().map(|key| event(0, &key)));
    let alerts = keys().map(|key| {
        let labels = json!({ "alertname": "Bench", "instance": key, "severity": "critical" });
        let text = format!("{key} error rate above 5 %");
        json!([{ "labels": labels, "annotations": { "summary": text } }]).to_string()
    });
    let mut candidates = [
        Candidate::new("no-op handler", events(noop.port)),
        Candidate::new("SQLite", events(sqlite.port())),
        Candidate::new("PostgreSQL", events(postgres.port())),
        Candidate::new(
            "Alertmanager, in memory",
            Requests::posting(alertmanager_port, "/api/v2/alerts", 200, alerts),
        ),
    ];
    for candidate in &candidates {
        let opened = generator::run(&candidate.requests, KEYS, WARM_UP);
        let name = format!("first sight of {KEYS} alerts, {}", candidate.name);
        table.fact(&name, format!("{:.0}/s", opened.rate()));
        assert_eq!(opened.failures, 0, "{}", candidate.name);
    }
    // What the new incidents set in motion is over before anything is measured.
    for server in [&sqlite, &postgres] {
        quiet(server).await;
    }
    for _ in 0..ROUNDS {
        for candidate in &mut candidates {
            let round = || generator::run(&candidate.requests, REQUESTS, ROUND);
            let outcome = undisturbed(&mut alertmanager, candidate.name, round);
            candidate.outcome.add(outcome);
        }
    }
    report(table, &mut candidates);
}

/// A round of the candidate of this name. Alertmanager works on what it has heard for minutes, and
/// would take a fifth of the machine from the others: it stands still where it is not its turn.
pub fn undisturbed(
    alertmanager: &mut Alertmanager,
    name: &str,
    round: impl FnOnce() -> Outcome,
) -> Outcome {
    alertmanager.stands_still(!name.starts_with("Alertmanager"));
    let outcome = round();
    alertmanager.stands_still(false);
    outcome
}

fn report(table: &mut Table, candidates: &mut [Candidate]) {
    let base = candidates[0].outcome.rate();
    let alertmanager = candidates.last().map_or(0.0, |last| last.outcome.rate());
    for candidate in candidates {
        let outcome = &mut candidate.outcome;
        let (rate, p50, p99) = (
            outcome.rate(),
            outcome.percentile(0.5),
            outcome.percentile(0.99),
        );
        let ratio = rate / base;
        let what = format!("ingest, {}", candidate.name);
        let mut measured = format!(
            "{rate:.0}/s = {ratio:.2} × no-op, p50 {:.1} ms, p99 {:.1} ms",
            milliseconds(p50),
            milliseconds(p99)
        );
        if outcome.failures > 0 {
            measured += &format!(", {} FAILED", outcome.failures);
        }
        match candidate.name {
            "SQLite" => table.target(
                &what,
                measured,
                "≥ 0.50 × no-op, ≥ 1.5 × Alertmanager, p99 < 25 ms",
                ratio >= 0.5 && rate >= 1.5 * alertmanager && p99 < Duration::from_millis(25),
            ),
            "PostgreSQL" => table.target(&what, measured, "≥ 0.25 × no-op", ratio >= 0.25),
            _ => table.fact(&what, measured),
        }
    }
}

fn keys() -> impl Iterator<Item = String> {
    (0..KEYS).map(|number| format!("bench-{number:05}"))
}

/// A server whose messages go nowhere but to the outbox.
async fn server(database: Option<&str>) -> Server {
    let mut server = prepared(database);
    server.start().await;
    server
}

/// As it is before it starts.
pub fn prepared(database: Option<&str>) -> Server {
    let mut builder = Server::builder(BINARY)
        .env("QUARTERDECK_LOG_LEVEL", "warn")
        .env("QUARTERDECK_RATE_LIMIT", "0");
    if let Some(url) = database {
        builder = builder.database(url);
    }
    let server = builder.prepare();
    company::apply(&server, &company::yaml(1));
    server
}

/// The database of a server, to be looked into.
pub fn store_of(server: &Server) -> Store {
    let url = server.database_url().map_or_else(
        || format!("sqlite:{}/quarterdeck.db", server.data_dir.display()),
        str::to_owned,
    );
    Store::open(&url.parse().unwrap()).unwrap()
}

/// Waits until nothing is due.
pub async fn quiet(server: &Server) {
    eventually(QUIET, "the outbox to be quiet", || async {
        let reply = server.client.get(server.url("/metrics")).send().await;
        let text = reply.expect("metrics").text().await.unwrap();
        let due = text
            .lines()
            .find_map(|line| line.strip_prefix("quarterdeck_outbox_due "));
        match due.map(str::trim) {
            Some("0") => Ok(()),
            other => Err(format!("{other:?}")),
        }
    })
    .await;
}

pub fn milliseconds(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1_000.0
}
