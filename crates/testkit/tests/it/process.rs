//! Children are captured, signalled, waited for and reaped.

use std::path::Path;
use std::process::Command;
use std::time::Duration;

use testkit::{Process, eventually, eventually_blocking, free_port};

const SOON: Duration = Duration::from_secs(20);

fn shell(script: &str) -> Process {
    let mut command = Command::new("sh");
    command.args(["-c", script]);
    Process::start("shell", command)
}

#[test]
fn output_is_captured_and_the_end_is_seen() {
    let mut process = shell("echo out; echo err >&2; exit 3");
    assert_eq!(process.wait(SOON).code(), Some(3));
    assert_eq!(
        (process.stdout().as_str(), process.stderr().as_str()),
        ("out\n", "err\n")
    );
}

#[test]
fn a_child_can_end_in_order() {
    let mut process =
        shell("trap 'echo bye; exit 0' TERM; echo ready; while :; do sleep 0.05; done");
    eventually_blocking(SOON, "the trap", || process.stdout() == "ready\n");
    assert!(process.terminate().success());
    assert_eq!(process.stdout(), "ready\nbye\n");
}

#[test]
fn dropping_kills_the_whole_group() {
    let process = shell("sleep 600 & echo $!; wait");
    let grandchild = eventually_blocking(SOON, "the grandchild", || {
        process.stdout().trim().parse::<u32>()
    });
    let child = process.pid();
    drop(process);
    assert!(!Path::new(&format!("/proc/{child}")).exists(), "reaped");
    eventually_blocking(SOON, "the end of the grandchild", || !runs(grandchild));
}

/// A process that ended but was not yet reaped by the init process does not run.
fn runs(pid: u32) -> bool {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
    !status.is_empty() && !status.contains("State:\tZ")
}

#[test]
fn ports_are_given_once() {
    let ports: Vec<u16> = (0..50).map(|_| free_port()).collect();
    let mut distinct = ports.clone();
    distinct.sort_unstable();
    distinct.dedup();
    assert_eq!(distinct.len(), ports.len());
}

#[actix_web::test]
async fn waiting_returns_the_value_or_names_what_it_waited_for() {
    let mut looks = 0;
    let value = eventually(SOON, "three looks", || {
        looks += 1;
        let answer = (looks == 3).then_some(looks);
        async move { answer }
    });
    assert_eq!(value.await, 3);

    let vain = actix_web::rt::spawn(eventually(
        Duration::from_millis(30),
        "the moon",
        || async { Err::<(), _>("cheese") },
    ));
    let panic = vain.await.unwrap_err().into_panic();
    let message = panic.downcast_ref::<String>().unwrap();
    assert!(
        message.contains("the moon") && message.contains("cheese"),
        "{message}"
    );
}
