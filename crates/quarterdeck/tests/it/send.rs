//! `quarterdeck send` against a real server, and against none.

use std::net::TcpListener;
use std::process::{Command, Output, Stdio};

use serde_json::Value;
use testkit::scratch::Scratch;
use testkit::{Process, eventually, eventually_blocking};

use crate::database::Database;
use crate::house::{BINARY, COMPANY, House, SOON};

pub(crate) const KEY: &str = "genericgenericgenericgenericgene";

/// A machine that sends.
pub(crate) struct Sender {
    pub(crate) scratch: Scratch,
    url: String,
    linger: bool,
}

impl Sender {
    pub(crate) fn to(url: &str) -> Self {
        Self {
            scratch: Scratch::new("send"),
            url: url.to_owned(),
            linger: false,
        }
    }

    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(BINARY);
        command
            .arg("send")
            .env("QUARTERDECK_SEND_URL", &self.url)
            .env("QUARTERDECK_SEND_KEY", KEY)
            .env("QUARTERDECK_SEND_SPOOL", self.scratch.path().join("spool"));
        if !self.linger && !arguments.contains(&"--flush") {
            command.arg("--no-linger");
        }
        command.args(arguments);
        command
    }

    pub(crate) fn run(&self, arguments: &[&str]) -> Output {
        self.command(arguments).output().unwrap()
    }

    #[track_caller]
    pub(crate) fn sends(&self, arguments: &[&str]) -> String {
        let output = self.run(arguments);
        assert!(output.status.success(), "{output:?}");
        String::from_utf8(output.stderr).unwrap()
    }

    /// What `--list` shows, without times, the sum and what was refused.
    pub(crate) fn waiting(&self) -> Vec<String> {
        let output = self.run(&["--list"]);
        let text = String::from_utf8(output.stdout).unwrap();
        let mut lines: Vec<String> = text
            .lines()
            .map(|line| {
                line.split_once("  ")
                    .map_or(line, |(_, rest)| rest)
                    .to_owned()
            })
            .collect();
        lines.pop();
        lines.retain(|line| !line.starts_with("refused: "));
        lines
    }
}

pub(crate) fn alerts(house: &House) -> Vec<Vec<String>> {
    house.rows("SELECT dedup_key, status, count, source FROM alert ORDER BY id")
}

#[tokio::test(flavor = "multi_thread")]
async fn events_reach_the_server() {
    let house = House::open(Database::Sqlite, COMPANY).await;
    let sender = Sender::to(&format!("{}/", house.server.base_url));
    let disk = ["--dedup-key", "disk", "--source", "db1"];
    sender.sends(
        &[
            &disk[..],
            &["--summary", "Disk is full", "--severity", "error"],
        ]
        .concat(),
    );
    assert_eq!(alerts(&house), [["disk", "open", "1", "db1"]]);
    sender.sends(&[&disk[..], &["--action", "acknowledge"]].concat());
    let (_, shown) = house.api("/incidents/1").await;
    assert_eq!(shown["paging"], "acknowledged");
    sender.sends(&[&disk[..], &["--action", "resolve"]].concat());
    assert_eq!(alerts(&house), [["disk", "resolved", "1", "db1"]]);
    assert_eq!(sender.waiting(), [""; 0]);
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_server_messages_wait_and_leave_in_order() {
    let mut house = House::closed(Database::Sqlite).await;
    house.apply(COMPANY);
    let sender = Sender::to(&house.server.base_url);
    let of = |action, summary| {
        let all = [
            "--dedup-key",
            "disk",
            "--action",
            action,
            "--summary",
            summary,
        ];
        sender.sends(&all)
    };
    let said = of("trigger", "Disk is full");
    assert!(
        said.contains("cannot be reached") && !said.contains(KEY),
        "{said}"
    );
    of("resolve", "Disk is fine");
    of("trigger", "Disk is full again");
    assert_eq!(
        sender.waiting(),
        [
            "trigger Disk is full",
            "resolve Disk is fine",
            "trigger Disk is full again"
        ]
    );
    // Nobody else on the machine may read the key.
    let kept = Command::new("find")
        .arg(sender.scratch.path().join("spool"))
        .args(["-perm", "/077"])
        .output()
        .unwrap();
    assert_eq!(String::from_utf8(kept.stdout).unwrap(), "");

    let refused = sender.run(&["--flush"]);
    assert_eq!(refused.status.code(), Some(1), "{refused:?}");
    house.server.start().await;
    let flushed = sender.run(&["--flush"]);
    assert!(flushed.status.success(), "{flushed:?}");
    assert_eq!(String::from_utf8(flushed.stdout).unwrap(), "3 sent\n");
    assert_eq!(sender.waiting(), [""; 0]);
    let rows = house.rows("SELECT summary, status FROM alert ORDER BY id");
    assert_eq!(
        rows,
        [["Disk is full", "resolved"], ["Disk is full again", "open"]]
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_downtime_is_noted_in_its_turn() {
    let mut house = House::closed(Database::Sqlite).await;
    house.apply(COMPANY);
    let sender = Sender::to(&house.server.base_url);
    for told in [
        "NOTIFICATIONTYPE=PROBLEM",
        "NOTIFICATIONTYPE=DOWNTIMESTART",
        "NOTIFICATIONTYPE=RECOVERY",
        "NOTIFICATIONTYPE=DOWNTIMEEND",
    ] {
        let mut all = vec!["--from", "nagios"];
        for field in [
            told,
            "HOSTNAME=db1",
            "HOSTSTATE=DOWN",
            "NOTIFICATIONCOMMENT=new disk",
        ] {
            all.extend(["--field", field]);
        }
        sender.sends(&all);
    }
    house.server.start().await;
    let flushed = sender.run(&["--flush"]);
    assert_eq!(String::from_utf8(flushed.stdout).unwrap(), "4 sent\n");
    // What came while nothing was open is written nowhere.
    let noted = house.rows("SELECT origin, text FROM timeline_entry WHERE kind = 'note'");
    let text = "Downtime started in the monitor for db1: new disk";
    assert_eq!(noted, [["monitor", text]]);
    let decided = house.rows("SELECT action, decision FROM signal ORDER BY id");
    assert_eq!(
        decided,
        [
            ["trigger", "opened"],
            ["note", "noted"],
            ["resolve", "resolved"],
            ["note", "ignored"]
        ]
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_process_stays_behind_until_the_server_is_back() {
    let mut house = House::closed(Database::Sqlite).await;
    house.apply(COMPANY);
    let mut sender = Sender::to(&house.server.base_url);
    sender.linger = true;
    sender.sends(&["--summary", "Disk is full"]);
    sender.sends(&["--summary", "Memory is full"]);
    house.server.start().await;
    eventually(SOON, "both to arrive", || {
        let rows = house.rows("SELECT summary FROM alert ORDER BY id");
        async move {
            (rows == [["Disk is full"], ["Memory is full"]])
                .then_some(())
                .ok_or(rows)
        }
    })
    .await;
    // And it goes when its work is done: the mark is free again.
    let mark = sender.scratch.path().join("spool/lingering");
    eventually_blocking(SOON, "the process to end", || {
        let file = std::fs::File::open(&mark).unwrap();
        file.try_lock().ok()
    });
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_server_refuses_is_told_and_kept_aside() {
    let house = House::open(Database::Sqlite, COMPANY).await;
    let sender = Sender::to(&house.server.base_url);
    let refused = sender
        .command(&["--summary", "Disk is full"])
        .env("QUARTERDECK_SEND_KEY", "unknownunknownunknownunknown")
        .output()
        .unwrap();
    assert_eq!(refused.status.code(), Some(1), "{refused:?}");
    let said = String::from_utf8(refused.stderr).unwrap();
    assert!(
        said.contains("refused") && !said.contains("unknownunknown"),
        "{said}"
    );
    assert_eq!(sender.waiting(), [""; 0], "it holds nobody up");
    let kept = Command::new("grep")
        .args(["-rl", "Disk is full"])
        .arg(sender.scratch.path().join("spool"))
        .output()
        .unwrap();
    assert!(
        String::from_utf8(kept.stdout)
            .unwrap()
            .contains("/refused/")
    );
}

#[test]
fn a_message_survives_the_death_of_its_sender() {
    // Somebody who takes the call and says nothing.
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let sender = Sender::to(&format!("http://{}", silent.local_addr().unwrap()));
    let mut command = sender.command(&["--summary", "Disk is full", "--timeout", "300"]);
    command.stdin(Stdio::null());
    let mut process = Process::start("send", command);
    let _call = silent.accept().unwrap();
    process.kill_9();
    assert_eq!(sender.waiting(), ["trigger Disk is full"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_failed_job_pages_with_its_last_words_and_keeps_its_exit_code() {
    let house = House::open(Database::Sqlite, COMPANY).await;
    let sender = Sender::to(&house.server.base_url);
    let job = |script| {
        let flags = ["--job", "backup", "--source", "db1", "--", "/bin/sh", "-c"];
        sender.run(&[&flags[..], &[script]].concat())
    };
    let output = job("echo copying; echo no space left >&2; exit 3");
    assert_eq!(output.status.code(), Some(3), "{output:?}");
    assert_eq!(output.stdout, b"copying\n");
    assert_eq!(output.stderr, b"no space left\n");
    let rows = house.rows("SELECT dedup_key, status, summary, details FROM alert");
    assert_eq!(rows.len(), 1, "{rows:?}");
    assert_eq!(
        rows[0][..3],
        ["job:db1:backup", "open", "backup failed with exit code 3"]
    );
    let details: Value = serde_json::from_str(&rows[0][3]).unwrap();
    assert_eq!(details["output"], "no space left");

    let output = job("exit 0");
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    assert_eq!(house.rows("SELECT status FROM alert"), [["resolved"]]);
}

#[test]
fn a_wrong_command_line_is_told_before_anything_is_kept() {
    let sender = Sender::to("http://127.0.0.1:9");
    for (arguments, word) in [
        (&["--severity", "error"][..], "--summary"),
        (&["--action", "resolve"], "--dedup-key"),
        (&["--action", "note", "--summary", "x"], "--dedup-key"),
        (&["--job", "a b", "--", "true"], "letters"),
        (&["--from", "nagios"], "NOTIFICATIONTYPE"),
        (&["--summary", "x", "--detail", "y"], "NAME=VALUE"),
    ] {
        let output = sender.run(arguments);
        assert_eq!(output.status.code(), Some(2), "{output:?}");
        let said = String::from_utf8(output.stderr).unwrap();
        assert!(said.contains(word), "{said}");
    }
    let mut without = sender.command(&["--summary", "x"]);
    let output = without.env_remove("QUARTERDECK_SEND_KEY").output().unwrap();
    assert_eq!(output.status.code(), Some(2), "{output:?}");
    assert_eq!(sender.waiting(), [""; 0]);
}

/// A heartbeat of the integration with the key; its id.
pub(crate) async fn heartbeat(house: &House, name: &str) -> i64 {
    let id = house.rows("SELECT id FROM integration WHERE name = 'JSON'");
    let id: i64 = id[0][0].parse().unwrap();
    let body = serde_json::json!({"integration": id, "name": name, "interval": 3_600});
    let (status, made) = house.post_api("/heartbeats", body).await;
    assert_eq!(status, 201, "{made}");
    made["id"].as_i64().unwrap()
}

/// Its state, and its history as `kind` or `kind stale`, oldest first.
pub(crate) async fn beat(house: &House, id: i64) -> (String, Vec<String>) {
    let (_, shown) = house.api(&format!("/heartbeats/{id}")).await;
    let mut events: Vec<String> = shown["history"]
        .as_array()
        .unwrap()
        .iter()
        .map(|event| {
            let stale = if event["stale"] == true { " stale" } else { "" };
            format!("{}{stale}", event["kind"].as_str().unwrap())
        })
        .collect();
    events.reverse();
    (shown["state"].as_str().unwrap().to_owned(), events)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrapped_job_is_heard_of() {
    let house = House::open(Database::Sqlite, COMPANY).await;
    let sender = Sender::to(&house.server.base_url);
    let id = heartbeat(&house, "nightly backup/1").await;
    let job = |script| {
        let name = ["--heartbeat", "nightly backup/1", "--", "/bin/sh", "-c"];
        sender.run(&[&name[..], &[script]].concat())
    };
    let output = job("echo copying; echo no space left >&2; exit 3");
    assert_eq!(output.status.code(), Some(3), "{output:?}");
    assert_eq!(
        (&output.stdout[..], &output.stderr[..]),
        (&b"copying\n"[..], &b"no space left\n"[..])
    );
    let rows = house.rows("SELECT status, summary, details FROM alert");
    assert_eq!(
        rows[0][..2],
        ["open", "nightly backup/1 has failed with exit status 3"]
    );
    let details: Value = serde_json::from_str(&rows[0][2]).unwrap();
    assert_eq!(details["output"], "no space left");
    assert_eq!(job("exit 0").status.code(), Some(0));
    assert_eq!(house.rows("SELECT status FROM alert"), [["resolved"]]);
    let wanted = ["start", "fail", "start", "success"].map(str::to_owned);
    assert_eq!(beat(&house, id).await, ("healthy".into(), wanted.to_vec()));

    sender.sends(&["--heartbeat", "nightly backup/1", "--ping", "fail"]);
    assert_eq!(beat(&house, id).await.0, "failed");
    sender.sends(&["--heartbeat", "nightly backup/1"]);
    assert_eq!(beat(&house, id).await.0, "healthy");
    let unknown = sender.run(&["--heartbeat", "other", "--", "/bin/sh", "-c", "exit 7"]);
    assert_eq!(
        unknown.status.code(),
        Some(7),
        "the job's own, whatever comes of the ping"
    );
    let said = String::from_utf8(unknown.stderr).unwrap();
    assert!(said.contains("no such heartbeat"), "{said}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_ping_that_waited_is_no_sign_of_life_now() {
    let mut house = House::open(Database::Sqlite, COMPANY).await;
    let id = heartbeat(&house, "backup").await;
    house.server.stop();
    let sender = Sender::to(&house.server.base_url);
    let job = sender.run(&["--heartbeat", "backup", "--", "/bin/sh", "-c", "exit 0"]);
    assert_eq!(job.status.code(), Some(0), "{job:?}");
    assert_eq!(
        sender.waiting(),
        ["heartbeat backup start", "heartbeat backup 0"]
    );
    // As if they had been given two days ago.
    let kept = Command::new("sh")
        .arg("-c")
        .arg(r#"find "$1" -type f -name '0*' -exec sed -i -E 's/"given_at":"[0-9]{4}-[0-9]{2}-[0-9]{2}/"given_at":"2020-01-01/' {} +"#)
        .arg("sh")
        .arg(sender.scratch.path().join("spool"))
        .output()
        .unwrap();
    assert!(kept.status.success(), "{kept:?}");
    house.server.start().await;
    let flushed = sender.run(&["--flush"]);
    assert!(flushed.status.success(), "{flushed:?}");
    let wanted = ["start stale", "success stale"].map(str::to_owned);
    assert_eq!(beat(&house, id).await, ("waiting".into(), wanted.to_vec()));
}
