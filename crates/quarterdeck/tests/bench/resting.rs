//! What the server takes while nothing happens, and how soon it answers.

use std::fs::File;
use std::io::Write as _;
use std::time::{Duration, Instant};

use testkit::{Scratch, Server, eventually};

use crate::generator::percentile;
use crate::ingest::milliseconds;
use crate::table::Table;
use crate::{BINARY, company};

const START: Duration = Duration::from_millis(300);
/// Megabytes.
const MEMORY: f64 = 50.0;
const PATIENCE: Duration = Duration::from_secs(60);

pub async fn measure(table: &mut Table) {
    println!("At rest");
    table.fact("fsync of 4 KiB, for comparison", fsync());
    let mut server = Server::builder(BINARY)
        .env("QUARTERDECK_RATE_LIMIT", "0")
        .prepare();
    let first = start(&mut server).await;
    table.target(
        "start to first reply, empty directory",
        format!("{:.0} ms", milliseconds(first)),
        "< 300 ms",
        first < START,
    );
    server.stop();
    company::apply(&server, &company::yaml(5));
    let mut again: Vec<Duration> = Vec::new();
    for _ in 0..5 {
        again.push(start(&mut server).await);
        server.stop();
    }
    let again = percentile(&mut again, 0.5);
    table.target(
        "start to first reply, 100 people",
        format!("{:.0} ms", milliseconds(again)),
        "< 300 ms",
        again < START,
    );

    server.start().await;
    eventually(PATIENCE, "a page", || async {
        let reply = server.client.get(server.url("/sign-in")).send().await;
        reply.is_ok()
    })
    .await;
    let memory = resident(&server);
    table.target(
        "memory at rest",
        format!("{memory:.1} MB"),
        "< 50 MB",
        memory < MEMORY,
    );
}

/// Starts it and returns how long it took until a request was answered.
async fn start(server: &mut Server) -> Duration {
    let began = Instant::now();
    server.start_unready();
    let deadline = began + PATIENCE;
    loop {
        // Not by the kit's own waiting, which pauses between two looks.
        let reply = server.client.get(server.url("/healthz")).send().await;
        if reply.is_ok_and(|reply| reply.status().is_success()) {
            return began.elapsed();
        }
        assert!(Instant::now() < deadline, "{}", server.log());
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
}

/// Memory of the process in megabytes.
pub fn resident(server: &Server) -> f64 {
    let status = format!("/proc/{}/status", server.pid().unwrap());
    let status = std::fs::read_to_string(status).unwrap();
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix("VmRSS:"))
        .unwrap();
    let kilobytes: f64 = line.trim().trim_end_matches(" kB").parse().unwrap();
    kilobytes * 1024.0 / 1e6
}

/// How long the disk takes, which bounds what can be durable.
fn fsync() -> String {
    let place = Scratch::new("fsync");
    let mut file = File::create(place.path().join("file")).unwrap();
    let mut times: Vec<Duration> = (0..100)
        .map(|_| {
            file.write_all(&[1; 4096]).unwrap();
            let began = Instant::now();
            file.sync_all().unwrap();
            began.elapsed()
        })
        .collect();
    let (p50, p99) = (percentile(&mut times, 0.5), percentile(&mut times, 0.99));
    format!(
        "p50 {:.2} ms, p99 {:.2} ms",
        milliseconds(p50),
        milliseconds(p99)
    )
}
