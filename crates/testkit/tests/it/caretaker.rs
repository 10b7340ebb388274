//! Nothing is left behind, not even by a test process that is killed.

use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;

use testkit::process::is_open;
use testkit::{PgCluster, Process, eventually_blocking, scratch};

/// Set for the copy of this test process that is to be killed.
const VICTIM: &str = "TESTKIT_VICTIM";

const SOON: Duration = Duration::from_secs(60);

/// What the victim does: it starts a cluster and a child and then waits to be killed.
#[test]
fn victim() {
    if std::env::var_os(VICTIM).is_none() {
        return;
    }
    let cluster = PgCluster::start();
    let mut command = Command::new("sleep");
    command.arg("600");
    let child = Process::start("sleeper", command);
    let report = format!(
        "{} {} {} {}",
        scratch::root().display(),
        cluster.port(),
        cluster.pid().unwrap(),
        child.pid()
    );
    // Complete or not there at all.
    let file = PathBuf::from(std::env::var_os(VICTIM).unwrap());
    std::fs::write(file.with_extension("new"), report).unwrap();
    std::fs::rename(file.with_extension("new"), file).unwrap();
    loop {
        std::thread::park();
    }
}

#[test]
fn a_killed_test_process_leaves_nothing_behind() {
    let place = testkit::Scratch::new("victim");
    let file = place.path().join("report");
    let mut command = Command::new(std::env::current_exe().unwrap());
    command
        .args(["--exact", "caretaker::victim", "--nocapture"])
        .env(VICTIM, &file);
    let mut victim = Process::start("victim", command);
    let report = eventually_blocking(SOON, "the victim's report", || {
        std::fs::read_to_string(&file).map_err(|_| victim.log())
    });
    let mut words = report.split(' ');
    let root = PathBuf::from(words.next().unwrap());
    let port: u16 = words.next().unwrap().parse().unwrap();
    let pids: Vec<PathBuf> = words.map(|pid| format!("/proc/{pid}").into()).collect();
    assert_eq!(pids.len(), 2);
    assert!(root.is_dir() && is_open(port) && pids.iter().all(|pid| pid.exists()));
    assert_ne!(root, scratch::root());

    victim.kill_9();

    eventually_blocking(SOON, "the caretaker to remove the root", || !root.exists());
    assert!(!is_open(port), "PostgreSQL has stopped");
    eventually_blocking(SOON, "every child to be gone", || {
        pids.iter().all(|pid| {
            let status = std::fs::read_to_string(pid.join("status")).unwrap_or_default();
            status.is_empty() || status.contains("State:\tZ")
        })
    });
}
