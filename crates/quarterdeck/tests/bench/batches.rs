//! Batches of a hundred alerts a request, as a Prometheus pushes them, beside Alertmanager.

use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};
use testkit::PgCluster;
use testkit::alertmanager::Alertmanager;

use crate::company;
use crate::generator::{self, Outcome, Requests};
use crate::ingest::{self, milliseconds};
use crate::table::Table;

/// Distinct alerts.
const KEYS: usize = 10_000;
const BATCH: usize = 100;
const ROUNDS: usize = 3;
const ROUND: Duration = Duration::from_secs(3);
const WARM_UP: Duration = Duration::from_secs(120);
/// Alerts a second (DESIGN.md §6).
const TARGET: f64 = 150_000.0;

pub async fn measure(table: &mut Table) {
    println!("Batches of {BATCH} alerts");
    let mut sqlite = ingest::prepared(None);
    sqlite.start().await;
    let cluster = PgCluster::start();
    let database = cluster.create_database();
    let mut postgres = ingest::prepared(Some(&database.url));
    postgres.start().await;
    let mut alertmanager = Alertmanager::start(&json!({})).await;
    let (_, port) = alertmanager.base_url.rsplit_once(':').unwrap();
    let own = format!("/integrations/{}/api/v2/alerts", company::key(0));
    let mut candidates = [
        ("SQLite", requests(sqlite.port(), &own)),
        ("PostgreSQL", requests(postgres.port(), &own)),
        (
            "Alertmanager, in memory",
            requests(port.parse().unwrap(), "/api/v2/alerts"),
        ),
    ]
    .map(|(name, requests)| (name, requests, Outcome::default()));
    for (name, requests, _) in &candidates {
        let opened = generator::run(requests, KEYS / BATCH, WARM_UP);
        assert_eq!(opened.failures, 0, "{name}");
    }
    for server in [&sqlite, &postgres] {
        ingest::quiet(server).await;
    }
    for _ in 0..ROUNDS {
        for (name, requests, outcome) in &mut candidates {
            let round = || generator::run(requests, usize::MAX, ROUND);
            outcome.add(ingest::undisturbed(&mut alertmanager, name, round));
        }
    }
    for (name, _, outcome) in &mut candidates {
        let rate = outcome.rate() * BATCH as f64;
        let what = format!("alerts in batches of {BATCH}, {name}");
        let measured = format!(
            "{rate:.0}/s, p99 {:.1} ms, {} failed",
            milliseconds(outcome.percentile(0.99)),
            outcome.failures
        );
        match *name {
            "SQLite" => table.target(&what, measured, "≥ 150,000/s", rate >= TARGET),
            _ => table.fact(&what, measured),
        }
    }
}

fn requests(port: u16, path: &str) -> Arc<Requests> {
    let bodies = (0..KEYS / BATCH).map(|batch| {
        let alerts: Vec<Value> = (0..BATCH).map(|n| alert(batch * BATCH + n)).collect();
        Value::Array(alerts).to_string()
    });
    Arc::new(Requests::posting(port, path, 200, bodies))
}

fn alert(number: usize) -> Value {
    let instance = format!("bench-{number:05}");
    json!({
        "annotations": { "summary": format!("{instance} error rate above 5 %") },
        "labels": { "alertname": "Bench", "instance": instance, "severity": "critical" },
    })
}
