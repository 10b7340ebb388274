//! `quarterdeck send` when something is wrong with the machine that sends, or with what lies between
//! it and the server.

use std::ffi::OsStr;
use std::fs;
use std::os::unix::ffi::OsStrExt as _;
use std::path::PathBuf;
use std::process::Output;

use testkit::eventually_blocking;
use testkit::receiver::{Answer, Receiver};

use crate::database::Database;
use crate::house::{COMPANY, House, SOON};
use crate::send::{KEY, Sender, alerts, beat, heartbeat};

/// A machine whose spool cannot be made: a file is in its place.
fn without_a_spool(url: &str) -> Sender {
    let sender = Sender::to(url);
    sender.scratch.write("spool", "");
    sender
}

/// The one lane of a sender.
fn lane(sender: &Sender) -> PathBuf {
    let mut lanes = fs::read_dir(sender.scratch.path().join("spool")).unwrap();
    lanes.next().unwrap().unwrap().path()
}

fn errors(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).unwrap()
}

/// The summaries of the events that a stand-in was sent.
fn summaries(server: &Receiver) -> Vec<String> {
    let received = server.received();
    let of = |one: &testkit::receiver::Received| {
        one.json()["summary"]
            .as_str()
            .unwrap_or_default()
            .to_owned()
    };
    received.iter().map(of).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_full_disk_does_not_silence_its_own_alert() {
    let house = House::open(Database::Sqlite, COMPANY).await;
    let sender = without_a_spool(&house.server.base_url);
    let said = sender.sends(&["--dedup-key", "disk", "--summary", "Disk is full"]);
    assert!(said.contains("without being kept"), "{said}");
    assert_eq!(alerts(&house)[0][..2], ["disk", "open"]);

    let id = heartbeat(&house, "backup").await;
    let job = sender.run(&["--heartbeat", "backup", "--", "true"]);
    assert_eq!(job.status.code(), Some(0), "{job:?}");
    let wanted = ["start", "success"].map(str::to_owned);
    assert_eq!(beat(&house, id).await, ("healthy".into(), wanted.to_vec()));

    let job = |script| sender.run(&["--job", "report", "--", "/bin/sh", "-c", script]);
    assert_eq!(job("exit 3").status.code(), Some(3));
    assert_eq!(job("exit 0").status.code(), Some(0));
    assert_eq!(alerts(&house)[1][1], "resolved", "{:?}", alerts(&house));

    let mut homeless = sender.command(&["--dedup-key", "cpu", "--summary", "Busy"]);
    homeless
        .env_remove("QUARTERDECK_SEND_SPOOL")
        .env_remove("HOME")
        .env_remove("XDG_STATE_HOME");
    let output = homeless.output().unwrap();
    assert!(output.status.success(), "{output:?}");
    assert_eq!(alerts(&house).len(), 3);
}

#[test]
fn what_is_neither_kept_nor_sent_is_told() {
    let sender = without_a_spool("http://127.0.0.1:9");
    let output = sender.run(&["--summary", "Disk is full"]);
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    let said = errors(&output);
    assert!(
        said.contains("cannot be reached") && said.contains("could not be kept"),
        "{said}"
    );
}

#[test]
fn what_waits_goes_before_what_cannot_be_kept() {
    let server = Receiver::start();
    let sender = Sender::to(&server.url(""));
    server.answer([Answer::status(503)]);
    sender.sends(&["--summary", "first"]);
    // Nothing new can be numbered, and what is there can be read.
    let numbering = lane(&sender).join("numbering");
    fs::remove_file(&numbering).unwrap();
    fs::create_dir(&numbering).unwrap();
    let said = sender.sends(&["--summary", "second"]);
    assert!(said.contains("without being kept"), "{said}");
    assert_eq!(summaries(&server), ["first", "first", "second"]);
    assert_eq!(sender.waiting(), [""; 0]);
}

#[test]
fn a_lane_that_cannot_be_sent_from_does_not_hold_up_what_is_new() {
    let server = Receiver::start();
    let sender = Sender::to(&server.url(""));
    server.answer([Answer::status(503)]);
    sender.sends(&["--summary", "first"]);
    let sending = lane(&sender).join("sending");
    fs::remove_file(&sending).unwrap();
    fs::create_dir(&sending).unwrap();
    sender.sends(&["--summary", "second"]);
    assert_eq!(summaries(&server), ["first", "second"]);
    assert_eq!(sender.waiting(), ["trigger first"]);
    fs::remove_dir(&sending).unwrap();
    sender.sends(&["--flush"]);
    assert_eq!(summaries(&server), ["first", "second", "first"]);
}

#[test]
fn what_stands_before_the_server_refuses_nothing() {
    let server = Receiver::start();
    let sender = Sender::to(&server.url(""));
    server.answer([Answer::Status {
        status: 404,
        retry_after: None,
        body: "404 page not found\n".into(),
    }]);
    let said = sender.sends(&["--summary", "Disk is full"]);
    assert!(said.contains("no answer of Quarterdeck"), "{said}");
    assert_eq!(sender.waiting(), ["trigger Disk is full"]);
    sender.sends(&["--flush"]);
    assert_eq!(summaries(&server), ["Disk is full"; 2]);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_refused_is_shown_and_sent_again() {
    let house = House::open(Database::Sqlite, COMPANY).await;
    let sender = Sender::to(&house.server.base_url);
    for ping in ["start", "fail", "success"] {
        let refused = sender.run(&["--heartbeat", "backup", "--ping", ping]);
        assert_eq!(refused.status.code(), Some(1), "{refused:?}");
    }
    sender.sends(&["--summary", "Disk is full"]);
    let list = sender.run(&["--list"]);
    let list = String::from_utf8(list.stdout).unwrap();
    assert!(
        list.contains("refused: heartbeat backup start (404 Not Found: there is no such heartbeat"),
        "{list}"
    );
    assert!(list.contains("0 waiting, 3 refused"), "{list}");
    let id = heartbeat(&house, "backup").await;
    let plain = sender.run(&["--flush"]);
    assert_eq!(plain.stdout, b"0 sent\n");
    let again = sender.run(&["--flush", "--refused"]);
    assert_eq!(again.stdout, b"3 sent\n", "{again:?}");
    let wanted = ["start", "fail", "success"].map(str::to_owned);
    assert_eq!(beat(&house, id).await, ("healthy".into(), wanted.to_vec()));
    let list = sender.run(&["--list"]);
    assert!(list.stdout.starts_with(b"0 waiting in "), "{list:?}");
}

#[test]
fn a_damaged_file_is_put_aside() {
    let server = Receiver::start();
    let sender = Sender::to(&server.url(""));
    server.answer([Answer::status(503)]);
    sender.sends(&["--summary", "first"]);
    fs::write(lane(&sender).join(format!("{:020}-1", 0)), "{").unwrap();
    let list = sender.run(&["--list"]);
    assert!(list.status.success(), "{list:?}");
    let said = sender.sends(&["--summary", "second"]);
    assert!(
        said.contains("is damaged") && said.contains("/refused"),
        "{said}"
    );
    assert_eq!(summaries(&server), ["first", "first", "second"]);
    let list = sender.run(&["--list"]);
    let shown = String::from_utf8(list.stdout).unwrap();
    assert!(shown.contains("refused: damaged"), "{shown}");
    assert!(sender.run(&["--flush", "--refused"]).status.success());
}

#[test]
fn a_text_that_is_no_utf8_is_sent() {
    let server = Receiver::start();
    let sender = Sender::to(&server.url(""));
    let latin1 = |text: &'static [u8]| OsStr::from_bytes(text);
    let mut command = sender.command(&["--from", "nagios"]);
    for field in [
        &b"NOTIFICATIONTYPE=PROBLEM"[..],
        b"HOSTNAME=db\xe4",
        b"HOSTSTATE=DOWN",
        b"HOSTOUTPUT=Zeit\xfcberschreitung",
    ] {
        command.arg("--field").arg(latin1(field));
    }
    let output = command.output().unwrap();
    assert!(output.status.success(), "{output:?}");

    let mut command = sender.command(&["--summary"]);
    command.arg(latin1(b"Zeit\xfcberschreitung"));
    for (flag, text) in [
        ("--detail", &b"wo=K\xfcche"[..]),
        ("--source", b"K\xfcche"),
        ("--dedup-key", b"K\xfcche"),
        ("--component", b"K\xfcche"),
        ("--link", b"https://wiki.example.com/K\xfcche"),
    ] {
        command.arg(flag).arg(latin1(text));
    }
    let output = command.output().unwrap();
    assert!(output.status.success(), "{output:?}");
    assert_eq!(
        summaries(&server),
        ["dbä is DOWN: Zeitüberschreitung", "Zeitüberschreitung"]
    );
    let event = server.received()[1].json();
    assert_eq!(event["details"]["wo"], "Küche");
    assert_eq!(event["dedup_key"], "Küche");
}

#[test]
fn the_pager_of_a_contact_is_the_key() {
    let server = Receiver::start();
    let sender = Sender::to(&server.url(""));
    let tell = |change: &dyn Fn(&mut std::process::Command)| {
        let mut command = sender.command(&["--from", "nagios"]);
        for field in ["NOTIFICATIONTYPE=PROBLEM", "HOSTNAME=db1", "HOSTSTATE=DOWN"] {
            command.args(["--field", field]);
        }
        change(&mut command);
        let output = command.output().unwrap();
        assert!(output.status.success(), "{output:?}");
        server.received().pop().unwrap().path
    };
    let path = tell(&|command| {
        command
            .env_remove("QUARTERDECK_SEND_KEY")
            .args(["--field", "CONTACTPAGER=fromthefield"]);
    });
    assert_eq!(path, "/integrations/fromthefield/events");
    let path = tell(&|command| {
        command
            .env("QUARTERDECK_SEND_KEY", "")
            .env("NAGIOS_CONTACTPAGER", "fromthevariable");
    });
    assert_eq!(path, "/integrations/fromthevariable/events");
    let path = tell(&|command| {
        command.args(["--field", "CONTACTPAGER=+49 30 123"]);
    });
    assert_eq!(
        path,
        format!("/integrations/{KEY}/events"),
        "said otherwise"
    );
}

#[test]
fn an_empty_variable_counts_as_absent() {
    let server = Receiver::start();
    let sender = Sender::to(&server.url(""));
    let file = sender.scratch.write("key", "fromthefile\n");
    let mut command = sender.command(&["--summary", "Disk is full"]);
    let output = command
        .env("HOME", sender.scratch.path())
        .env_remove("XDG_STATE_HOME")
        .env("QUARTERDECK_SEND_SPOOL", "")
        .env("QUARTERDECK_SEND_KEY", "")
        .env("QUARTERDECK_SEND_KEY_FILE", file)
        .output()
        .unwrap();
    assert!(output.status.success(), "{output:?}");
    let usual = ".local/state/quarterdeck/spool";
    assert!(sender.scratch.path().join(usual).is_dir());
    let output = sender
        .command(&["--summary", "Disk is full"])
        .env("QUARTERDECK_SEND_KEY_FILE", "")
        .output()
        .unwrap();
    assert!(output.status.success(), "{output:?}");
    let received = server.received();
    let paths: Vec<&str> = received.iter().map(|one| one.path.as_str()).collect();
    let known = format!("/integrations/{KEY}/events");
    assert_eq!(paths, ["/integrations/fromthefile/events", &known]);
    let output = sender
        .command(&["--summary", "Disk is full"])
        .env("QUARTERDECK_SEND_URL", "")
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(2), "{output:?}");
    let said = errors(&output);
    assert!(said.contains("the server is not named"), "{said}");
}

#[test]
fn the_same_job_on_two_machines_is_two_alerts() {
    let server = Receiver::start();
    let sender = Sender::to(&server.url(""));
    let run = |flags: &[&str], script: &str| {
        let command = ["--", "/bin/sh", "-c", script];
        let all = [&["--job", "backup"], flags, &command[..]].concat();
        sender.run(&all);
        let event = server.received().pop().unwrap().json();
        let of = |name: &str| event[name].as_str().unwrap_or_default().to_owned();
        (of("action"), of("dedup_key"), of("source"))
    };
    let of = |action: &str, key: &str, source: &str| {
        (action.to_owned(), key.to_owned(), source.to_owned())
    };
    let failed = run(&["--source", "db1"], "exit 1");
    assert_eq!(failed, of("trigger", "job:db1:backup", "db1"));
    let failed = run(&["--source", "db2"], "exit 1");
    assert_eq!(failed, of("trigger", "job:db2:backup", "db2"));
    let works = run(&["--source", "db2"], "exit 0");
    assert_eq!(works, of("resolve", "job:db2:backup", "db2"));
    let works = run(&["--source", "db1"], "exit 0");
    assert_eq!(works, of("resolve", "job:db1:backup", "db1"));
    let key = ["--source", "db1", "--dedup-key", "backup/of the company"];
    let failed = run(&key, "exit 1");
    assert_eq!(failed, of("trigger", "backup/of the company", "db1"));

    let host = fs::read_to_string("/proc/sys/kernel/hostname").unwrap();
    let (_, key, source) = run(&[], "exit 1");
    assert_eq!(source, host.trim());
    assert_eq!(key, format!("job:{}:backup", host.trim()));
    let told = server.received().len();
    run(&["--source", "db1"], "exit 0");
    assert_eq!(server.received().len(), told, "it worked before");
}

#[test]
fn a_job_is_told_of_while_what_it_started_goes_on() {
    let server = Receiver::start();
    let sender = Sender::to(&server.url(""));
    let place = sender.scratch.path();
    let (go, printed) = (place.join("go"), place.join("printed"));
    let script = r#"mkfifo "$0"; echo early; (read -r _ <"$0"; echo late) & exit 1"#;
    let mut command = sender.command(&["--job", "start", "--", "/bin/sh", "-c", script]);
    let status = command
        .arg(&go)
        .stdout(fs::File::create(&printed).unwrap())
        .status()
        .unwrap();
    assert_eq!(status.code(), Some(1));
    let event = server.received().pop().unwrap().json();
    assert_eq!(event["summary"], "start failed with exit code 1");
    assert_eq!(event["details"]["output"], "early");
    // And what it says later still has a reader.
    fs::write(&go, "\n").unwrap();
    eventually_blocking(SOON, "the last word", || {
        let text = fs::read_to_string(&printed).unwrap();
        (text == "early\nlate\n").then_some(())
    });
}
