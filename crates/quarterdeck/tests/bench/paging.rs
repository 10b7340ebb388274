//! From an accepted signal to the mail server: new incidents at a steady pace, each paging somebody
//! who has not been paged for a while.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use testkit::{PgCluster, Server, eventually, http_client};

use crate::company::{self, PEOPLE, event};
use crate::generator::percentile;
use crate::ingest::milliseconds;
use crate::table::Table;
use crate::{BINARY, sink};

/// New incidents.
const INCIDENTS: usize = 500;
/// 50 a second.
const PACE: Duration = Duration::from_millis(20);
const SERVICES: usize = INCIDENTS / PEOPLE;
const TARGET: Duration = Duration::from_millis(50);

/// The last mail may take its time.
const PATIENCE: Duration = Duration::from_secs(60);

pub async fn measure(table: &mut Table) {
    println!("Paging: {INCIDENTS} incidents, 50 a second");
    on(table, "SQLite", None).await;
    let cluster = PgCluster::start();
    let database = cluster.create_database();
    on(table, "PostgreSQL", Some(&database.url)).await;
}

async fn on(table: &mut Table, name: &str, database: Option<&str>) {
    let (port, mails) = sink::start();
    let mut builder = Server::builder(BINARY)
        .env("QUARTERDECK_LOG_LEVEL", "warn")
        .env("QUARTERDECK_RATE_LIMIT", "0")
        .env("QUARTERDECK_SMTP_HOST", "127.0.0.1")
        .env("QUARTERDECK_SMTP_PORT", port.to_string())
        .env("QUARTERDECK_SMTP_SECURITY", "plain")
        .env("QUARTERDECK_SMTP_FROM", "pager@example.com");
    if let Some(url) = database {
        builder = builder.database(url);
    }
    let mut server = builder.prepare();
    // One service more than is measured: its incident warms everything up.
    company::apply(&server, &company::yaml(SERVICES + 1));
    server.start().await;
    let client = http_client();
    send(&client, &server, SERVICES, "warm-up").await;
    eventually(PATIENCE, "the first mail", || async { mails.try_recv() }).await;

    let mut ticks = tokio::time::interval(PACE);
    let mut requests = Vec::new();
    for number in 0..INCIDENTS {
        ticks.tick().await;
        let (client, url) = (client.clone(), server.url("/v2/enqueue"));
        let key = incident(number);
        requests.push(tokio::spawn(async move {
            let sent = Instant::now();
            let body = event(number % SERVICES, &key);
            let reply = client.post(url).body(body).send().await.unwrap();
            let accepted = Instant::now();
            assert_eq!(reply.status(), 202);
            (key, sent, accepted)
        }));
    }
    let mut sent = BTreeMap::new();
    for request in requests {
        let (key, began, accepted) = request.await.unwrap();
        sent.insert(key, (began, accepted));
    }

    let (mut from_reply, mut from_request) = (Vec::new(), Vec::new());
    while from_reply.len() < INCIDENTS {
        let (at, mail) = eventually(PATIENCE, "every mail", || async { mails.try_recv() }).await;
        let start = mail.find("bench-").expect("a mail names its incident");
        let (began, accepted) = sent
            .remove(&mail[start..start + 11])
            .expect("one mail each");
        // A mail may overtake the reply on its way to us.
        from_reply.push(at.saturating_duration_since(accepted));
        from_request.push(at.saturating_duration_since(began));
    }
    let p99 = percentile(&mut from_reply, 0.99);
    table.target(
        &format!("accepted to mail server, {name}"),
        format!(
            "p50 {:.1} ms, p99 {:.1} ms",
            milliseconds(percentile(&mut from_reply, 0.5)),
            milliseconds(p99)
        ),
        "p99 < 50 ms",
        p99 < TARGET,
    );
    table.fact(
        &format!("request to mail server, {name}"),
        format!(
            "p50 {:.1} ms, p99 {:.1} ms",
            milliseconds(percentile(&mut from_request, 0.5)),
            milliseconds(percentile(&mut from_request, 0.99))
        ),
    );
}

fn incident(number: usize) -> String {
    format!("bench-{number:05}")
}

async fn send(client: &reqwest::Client, server: &Server, service: usize, key: &str) {
    let request = client
        .post(server.url("/v2/enqueue"))
        .body(event(service, key));
    assert_eq!(request.send().await.unwrap().status(), 202);
}
