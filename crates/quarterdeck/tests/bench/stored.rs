//! With a million alerts stored: what a signal, a list and an answer cost beside an empty database
//! in the same run, and the memory it takes.

use std::sync::Arc;
use std::time::Duration;

use engine::clock::{Clock as _, SystemClock};
use store::Store;
use testkit::{PgCluster, Server};

use crate::company::event;
use crate::generator::{self, Outcome, Requests};
use crate::ingest::{self, milliseconds};
use crate::resting::resident;
use crate::table::Table;
use crate::visitor::{self, Visitor};

/// Resolved alerts, of a tenth as many incidents; a glimpse of them in a debug build.
const STORED: usize = if cfg!(debug_assertions) {
    10_000
} else {
    1_000_000
};
/// Open alerts, which repeat.
const OPEN: usize = if cfg!(debug_assertions) { 500 } else { 10_000 };
/// How often each page is opened, and how many incidents are acknowledged.
const TIMES: usize = 100;
/// Each kind of signal is sent so long.
const ROUND: Duration = Duration::from_secs(5);
const WARM_UP: Duration = Duration::from_secs(300);
/// Megabytes.
const MEMORY: f64 = 300.0;
const PAGES: [&str; 8] = [
    "/",
    "/incidents",
    "/incidents?paging=all",
    "/alerts",
    "/alerts?status=resolved",
    "/alerts?suppressed=yes",
    "/alerts?flapping=yes",
    "/signals",
];

pub async fn measure(table: &mut Table) {
    println!("{STORED} alerts stored");
    on(table, "SQLite", [None, None]).await;
    let cluster = PgCluster::start();
    let [empty, full] = [(); 2].map(|()| cluster.create_database());
    on(table, "PostgreSQL", [Some(&empty.url), Some(&full.url)]).await;
}

/// The databases: one that stays empty, and one to be filled.
async fn on(table: &mut Table, name: &str, [empty, full]: [Option<&str>; 2]) {
    let empty = start(empty, false).await;
    let full = start(full, true).await;
    for server in [&empty, &full] {
        let open = requests(server, (0..OPEN).map(|n| format!("open-{n}")));
        let opened = generator::run(&open, OPEN, WARM_UP);
        assert_eq!(opened.failures, 0);
        ingest::quiet(server).await;
    }
    for (what, prefix, distinct) in [
        ("repeats", "open", OPEN),
        // More than can be sent in that time.
        ("first sights", "new", STORED.min(300_000)),
    ] {
        let (mut alone, mut beside) = (Outcome::default(), Outcome::default());
        for (server, outcome) in [(&empty, &mut alone), (&full, &mut beside)] {
            let keys = (0..distinct).map(|n| format!("{prefix}-{n}"));
            let sent = generator::run(&requests(server, keys), usize::MAX, ROUND);
            assert_eq!(sent.failures, 0, "{what}");
            outcome.add(sent);
        }
        let ratio = beside.rate() / alone.rate();
        table.target(
            &format!("{what}, {name}, {STORED} stored beside none"),
            format!(
                "{:.0}/s = {ratio:.2} × {:.0}/s, p99 {:.1} ms",
                beside.rate(),
                alone.rate(),
                milliseconds(beside.percentile(0.99))
            ),
            "≥ 0.8 ×",
            ratio >= 0.8,
        );
    }
    ingest::quiet(&full).await;
    let visitor = Visitor::sign_in(&full).await;
    for path in PAGES {
        let mut times = Vec::new();
        for _ in 0..TIMES {
            times.push(visitor.open(path).await.0);
        }
        visitor::tell(table, &format!("{path}, {name}"), &mut times);
    }
    let (_, page) = visitor.open("/incidents").await;
    let mut times = Vec::new();
    // Those that the open alerts have opened come after the stored ones.
    for number in 0..TIMES.min(20) {
        let path = format!("/incidents/{}/acknowledge", STORED / 10 + 1 + number);
        times.push(visitor.send(&page, &path).await);
    }
    visitor::tell(table, &format!("acknowledging, {name}"), &mut times);
    let memory = resident(&full);
    table.target(
        &format!("memory with {STORED} alerts, {name}"),
        format!("{memory:.1} MB"),
        "< 300 MB",
        memory < MEMORY,
    );
}

fn requests(server: &Server, keys: impl Iterator<Item = String>) -> Arc<Requests> {
    let bodies = keys.map(|key| event(0, &key));
    Arc::new(Requests::posting(server.port(), "/v2/enqueue", 202, bodies))
}

async fn start(database: Option<&str>, full: bool) -> Server {
    let mut server = ingest::prepared(database);
    if full {
        fill(&ingest::store_of(&server), database.is_some()).await;
    }
    server.start().await;
    server
}

/// What some weeks of a busy company leave behind.
async fn fill(store: &Store, postgres: bool) {
    let integration = *store.directory().integrations.keys().next().unwrap();
    let service = *store.directory().services.keys().next().unwrap();
    let now = SystemClock.now().0;
    let (of, identity) = if postgres {
        (
            "generate_series(1, LAST) AS many (n)",
            "decode(md5('k' || n), 'hex')",
        )
    } else {
        ("many", "randomblob(16)")
    };
    let many = |count: usize, statement: String| {
        let of = of.replace("LAST", &count.to_string());
        let statement = statement.replace("MANY", &of);
        if postgres {
            return statement;
        }
        let rows = format!(
            "WITH RECURSIVE many (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM many WHERE n < \
             {count}) INSERT"
        );
        statement.replacen("INSERT", &rows, 1)
    };
    // The oldest is twelve days old for a million.
    let at = format!("{now} - CAST({STORED} - n AS BIGINT) * 1000000");
    let statements = [
        many(
            STORED / 10,
            format!(
                "INSERT INTO incident (id, number, title, service_id, kind, urgency, \
                 alert_severity, paging, phase, alerts, open_alerts, unreachable, created_at, \
                 triggered_at, resolved_at, updated_at) SELECT 3000000 + n, n, 'Condition ' || n, \
                 {}, 'real', 'high', 'critical', 'resolved', 'resolved', 10, 0, UNREACHABLE, {at}, \
                 {at}, {at}, {at} FROM MANY",
                service.0
            )
            .replace("UNREACHABLE", if postgres { "false" } else { "0" }),
        ),
        many(
            STORED,
            format!(
                "INSERT INTO alert (id, identity, integration_id, incident_id, dedup_key, status, \
                 severity, summary, source, details, links, images, count, first_seen, last_seen, \
                 resolved_at) SELECT 1000000 + n, {identity}, {integration}, 3000001 + n % {}, \
                 'k' || n, 'resolved', 'critical', 'Condition ' || n || ' above 5 %', 'shop-1', \
                 '{{\"region\":\"eu-west\"}}', '[]', '[]', 1, {at}, {at}, {at} FROM MANY",
                STORED / 10,
                integration = integration.0,
            ),
        ),
        many(
            STORED,
            format!(
                "INSERT INTO signal (id, integration_id, received_at, action, dedup_key, severity, \
                 summary, decision, alert_id) SELECT 4000000 + n, {}, {at}, 'trigger', 'k' || n, \
                 'critical', 'Condition ' || n || ' above 5 %', 'opened', 1000000 + n FROM MANY",
                integration.0
            ),
        ),
        "UPDATE sequence SET next_value = 10000000 WHERE name = 'id'".to_owned(),
        format!(
            "UPDATE sequence SET next_value = {} WHERE name = 'incident'",
            STORED / 10 + 1
        ),
    ];
    store
        .write(move |tx| {
            for statement in &statements {
                tx.execute(statement)?;
            }
            Ok::<(), store::Error>(())
        })
        .await
        .unwrap();
}
