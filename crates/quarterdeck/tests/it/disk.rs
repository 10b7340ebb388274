//! The disk under SQLite is full, or refuses writes, and then no longer.

use std::fs::{self, File};
use std::io::Write as _;
use std::os::unix::fs::PermissionsExt as _;
use std::path::PathBuf;
use std::process::Command;

use reqwest::StatusCode;
use reqwest::header::RETRY_AFTER;
use testkit::scratch::is_superuser;
use testkit::{Scratch, Server, eventually};

use crate::database::{self, Database};
use crate::house::{BINARY, COMPANY, EVENTS_KEY, SOON, event};

/// Size of the disk that becomes full.
const SIZE: &str = "size=16m";

/// A small file system in the memory, gone when dropped.
struct SmallDisk(PathBuf);

impl SmallDisk {
    /// `None` where this may not be done.
    fn mount(place: &std::path::Path) -> Option<Self> {
        if !is_superuser() {
            eprintln!("skipped: only root may mount a small disk");
            return None;
        }
        let mut mount = Command::new("mount");
        mount.args(["-t", "tmpfs", "-o", SIZE, "tmpfs"]).arg(place);
        match mount.output() {
            Ok(output) if output.status.success() => Some(Self(place.to_owned())),
            other => {
                eprintln!("skipped: a small disk cannot be mounted here: {other:?}");
                None
            }
        }
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        // Lazily, so that a process that is being killed cannot hold it.
        drop(Command::new("umount").arg("-l").arg(&self.0).status());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_full_disk_is_said_and_survived() {
    let builder = Server::builder(BINARY);
    let Some(_disk) = SmallDisk::mount(builder.data_dir()) else {
        return;
    };
    let mut server = builder.prepare();
    apply(&server);
    server.start().await;
    let ballast = server.data_dir.join("ballast");
    let fill = || {
        // To the last byte: first in large pieces, then in small ones.
        let mut file = File::options()
            .append(true)
            .create(true)
            .open(&ballast)
            .unwrap();
        for piece in [1 << 20, 1 << 12, 1] {
            while file.write_all(&vec![1; piece]).is_ok() {}
        }
    };
    refuse_and_recover(&server, fill, || fs::remove_file(&ballast).unwrap()).await;
    server.stop();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_disk_that_refuses_writes_is_said_and_survived() {
    // Files may grow to a limit and no further; without the signal that comes with it, writes
    // fail as they do on a broken disk or over a quota.
    let place = Scratch::new("wrapper");
    let script = format!("#!/bin/sh\ntrap '' XFSZ\nexec {BINARY} \"$@\"\n");
    let wrapper = place.write("quarterdeck", script);
    fs::set_permissions(&wrapper, fs::Permissions::from_mode(0o755)).unwrap();
    let mut server = Server::builder(wrapper).prepare();
    apply(&server);
    server.start().await;
    let pid = server.pid().unwrap();
    let written = || {
        let file = database::file(&server);
        let log = file.with_file_name("quarterdeck.db-wal");
        let size = |path| fs::metadata(path).map_or(0, |data: fs::Metadata| data.len());
        size(file).max(size(log))
    };
    refuse_and_recover(
        &server,
        || limit(pid, &written().to_string()),
        || limit(pid, "unlimited"),
    )
    .await;
    server.stop();
}

/// Limits how far the process may write into a file, in bytes.
fn limit(pid: u32, bytes: &str) {
    let mut prlimit = Command::new("prlimit");
    prlimit.args([
        "--pid",
        &pid.to_string(),
        &format!("--fsize={bytes}:unlimited"),
    ]);
    assert!(prlimit.status().unwrap().success());
}

fn apply(server: &Server) {
    let file = Scratch::new("company");
    let file = file.write("company.yaml", COMPANY);
    let output = server.run(["apply", "-f", file.to_str().unwrap()]);
    assert!(output.status.success(), "{output:?}");
}

async fn refuse_and_recover(server: &Server, break_disk: impl Fn(), mend_disk: impl Fn()) {
    let mut acknowledged = Vec::new();
    let mut number = 0;
    for _ in 0..20 {
        number += 1;
        assert_eq!(send(server, number).await.status(), StatusCode::ACCEPTED);
        acknowledged.push(number);
    }

    break_disk();
    // What was written before may leave room for a few more.
    let refusal = loop {
        number += 1;
        let reply = send(server, number).await;
        match reply.status() {
            StatusCode::ACCEPTED => acknowledged.push(number),
            _ => break reply,
        }
        assert!(number < 5_000, "the disk is never full");
        break_disk();
    };
    assert_eq!(refusal.status(), StatusCode::SERVICE_UNAVAILABLE);
    assert!(refusal.headers().contains_key(RETRY_AFTER), "{refusal:?}");
    let status = |path: &'static str| async move {
        server
            .client
            .get(server.url(path))
            .send()
            .await
            .unwrap()
            .status()
    };
    assert_eq!(status("/readyz").await, StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(status("/healthz").await, StatusCode::OK);

    mend_disk();
    eventually(SOON, "the server to recover by itself", || async {
        status("/readyz").await == StatusCode::OK
    })
    .await;
    number += 1;
    let reply = send(server, number).await;
    assert_eq!(reply.status(), StatusCode::ACCEPTED, "{}", server.log());
    acknowledged.push(number);

    let rows = Database::Sqlite.rows(server, "SELECT dedup_key FROM alert");
    let kept: Vec<String> = rows.into_iter().flatten().collect();
    for number in acknowledged {
        assert!(
            kept.contains(&key(number)),
            "{} was acknowledged and is lost",
            key(number)
        );
    }
    Database::Sqlite.assert_none(
        server,
        "an incident without a page",
        "SELECT incident.number FROM incident LEFT JOIN page ON page.incident_id = incident.id \
         WHERE page.id IS NULL",
    );
}

fn key(number: u32) -> String {
    format!("key-{number}")
}

/// Something new with much to say.
async fn send(server: &Server, number: u32) -> reqwest::Response {
    let mut body = event(EVENTS_KEY, "trigger", &key(number), "it burns");
    body["payload"]["custom_details"] = "the same again ".repeat(500).into();
    let request = server.client.post(server.url("/v2/enqueue")).json(&body);
    request.send().await.expect("the server answers")
}
