//! The commands beside the server, and how everything says what is wrong.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::process::{Command, Output, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;
use testkit::scratch::run;
use testkit::{PgDatabase, Process, Scratch, Server, eventually_blocking, free_port};

use crate::database;
use crate::house::{ADMIN_TOKEN, BINARY, COMPANY, EVENTS_KEY, SOON, event};

/// The complete example of the documentation, and what it takes from the environment.
const EXAMPLE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/example.yaml");
const EXAMPLE_VARIABLES: [(&str, &str); 5] = [
    ("ANA_PASSWORD", "correct horse battery"),
    ("CHECKOUT_KEY", "checkoutcheckoutcheckoutcheckout"),
    ("PROMETHEUS_KEY", "prometheusprometheusprometheuspr"),
    ("REPORTS_KEY", "reportsreportsreportsreportsrepo"),
    ("CI_TOKEN", "qd_continuous_integration_token"),
];

fn prepared() -> Server {
    Server::builder(BINARY).prepare()
}

fn prepared_for_example() -> Server {
    let builder = EXAMPLE_VARIABLES
        .iter()
        .fold(Server::builder(BINARY), |builder, (name, value)| {
            builder.env(name, value)
        });
    builder.prepare()
}

fn out(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).unwrap()
}

fn err(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).unwrap()
}

/// What a command that worked said.
#[track_caller]
fn said(output: &Output) -> String {
    assert!(output.status.success(), "{output:?}");
    out(output)
}

/// Fails unless the command ended with the code and one clear sentence that holds the words.
#[track_caller]
fn assert_refused(output: &Output, code: i32, words: &[&str]) {
    assert_eq!(output.status.code(), Some(code), "{output:?}");
    let text = err(output);
    let errors: Vec<&str> = text
        .lines()
        .filter(|line| line.contains("error:"))
        .collect();
    assert_eq!(errors.len(), 1, "{text}");
    for word in words {
        assert!(text.contains(word), "`{word}` is missing: {text}");
    }
    for leak in ["panicked", "RUST_BACKTRACE", "Error {", "Some(", "Os {"] {
        assert!(!text.contains(leak), "{text}");
    }
}

#[test]
fn help_is_enough_to_run_it() {
    let server = prepared();
    let help = said(&server.run(["serve", "--help"]));
    for word in [
        "--listen",
        "--data-dir",
        "--database-url",
        "--demo",
        "127.0.0.1:8080",
        "QUARTERDECK_DATABASE_URL",
        "QUARTERDECK_SMTP_PASSWORD",
        "postgres://",
        "sqlite://",
    ] {
        assert!(help.contains(word), "{word} is missing:\n{help}");
    }
    let mut all = Command::new(BINARY);
    let all = said(&all.arg("--help").output().unwrap());
    for command in [
        "serve", "check", "migrate", "apply", "export", "user", "token", "oncall", "version",
    ] {
        assert!(all.contains(command), "{command} is missing:\n{all}");
    }
}

#[test]
fn version_names_the_product() {
    let version = said(&prepared().run(["version"]));
    assert_eq!(
        version.trim(),
        format!("quarterdeck {}", env!("CARGO_PKG_VERSION"))
    );
}

#[test]
fn migrate_works_once_and_again() {
    let server = prepared();
    assert!(said(&server.run(["migrate"])).contains("applied"));
    assert_eq!(
        said(&server.run(["migrate"])).trim(),
        "the database is up to date"
    );

    let database = PgDatabase::create();
    let server = Server::builder(BINARY).database(&database.url).prepare();
    assert!(said(&server.run(["migrate"])).contains("applied"));
    assert_eq!(
        said(&server.run(["migrate"])).trim(),
        "the database is up to date"
    );
}

#[test]
fn the_example_is_applied_as_planned_and_only_once() {
    let server = prepared_for_example();
    let planned = said(&server.run(["apply", "-f", EXAMPLE, "--dry-run"]));
    assert!(planned.contains("create service checkout"), "{planned}");
    let again = said(&server.run(["apply", "-f", EXAMPLE, "--dry-run"]));
    assert_eq!(again, planned, "a dry run changes nothing");

    let applied = said(&server.run(["apply", "-f", EXAMPLE]));
    assert!(
        planned.starts_with(applied.trim_end()),
        "{planned}\n{applied}"
    );
    let unchanged = said(&server.run(["apply", "-f", EXAMPLE]));
    assert!(
        unchanged.contains("0 to create, 0 to update"),
        "{unchanged}"
    );
}

#[test]
fn an_export_makes_the_same_installation() {
    let first = prepared_for_example();
    said(&first.run(["apply", "-f", EXAMPLE]));
    let exported = said(&first.run(["export", "--with-secrets"]));
    assert!(!exported.contains("correct horse battery"));
    assert!(!exported.contains("qd_continuous_integration_token"));
    let place = Scratch::new("export");
    let file = place.write("export.yaml", &exported);
    let file = file.to_str().unwrap();

    let unchanged = said(&first.run(["apply", "-f", file]));
    assert!(
        unchanged.contains("0 to create, 0 to update"),
        "{unchanged}"
    );

    // An independent reader understands it, too.
    let read = "import sys, yaml; print(len(yaml.safe_load(open(sys.argv[1]))['services']))";
    let mut python = Command::new("/usr/bin/python3");
    assert_eq!(run(python.args(["-c", read, file])).trim(), "2");

    let database = PgDatabase::create();
    let second = Server::builder(BINARY).database(&database.url).prepare();
    said(&second.run(["apply", "-f", file]));
    assert_eq!(said(&second.run(["export", "--with-secrets"])), exported);
}

#[test]
fn a_wrong_file_changes_nothing_and_says_where() {
    let server = prepared();
    let place = Scratch::new("company");
    let wrong = COMPANY.replace("user: ana@example.com", "user: anna@example.com");
    let file = place.write("company.yaml", &wrong);
    let output = server.run(["apply", "-f", file.to_str().unwrap()]);
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    let line = 1 + wrong
        .lines()
        .position(|line| line.contains("anna@"))
        .unwrap();
    assert!(
        err(&output).contains(&format!("company.yaml: {line}:"))
            || err(&output).contains(&format!("line {line}")),
        "{}",
        err(&output)
    );
    assert!(err(&output).contains("anna@example.com"));
    let exported = said(&server.run(["export"]));
    assert!(!exported.contains("example.com"), "{exported}");

    let missing = server.run(["apply", "-f", "/nowhere/company.yaml"]);
    assert_refused(&missing, 2, &["/nowhere/company.yaml"]);
    let unset = COMPANY.replace(EVENTS_KEY, "\"${NO_SUCH_VARIABLE}\"");
    let file = place.write("unset.yaml", unset);
    let output = server.run(["apply", "-f", file.to_str().unwrap()]);
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    assert!(err(&output).contains("NO_SUCH_VARIABLE"), "{output:?}");
}

#[test]
fn accounts_and_tokens_can_be_made() {
    let server = prepared();
    let create = [
        "user",
        "create",
        "--email",
        "ana@example.com",
        "--name",
        "Ana",
        "--role",
        "admin",
    ];
    let made = said(&server.run(create));
    assert!(
        made.contains("created ana@example.com") && made.contains("password: "),
        "{made}"
    );
    assert_refused(&server.run(create), 1, &["ana@example.com"]);

    let mut password = server.command("user");
    password.args(["password", "--email", "ana@example.com", "--password-stdin"]);
    let set = |password: &mut Command, text: &str| {
        let mut child = password
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        child
            .stdin
            .take()
            .unwrap()
            .write_all(text.as_bytes())
            .unwrap();
        child.wait_with_output().unwrap()
    };
    assert_refused(&set(&mut password, "short\n"), 1, &["password"]);
    let changed = said(&set(&mut password, "a much longer password\n"));
    assert!(!changed.contains("a much longer password"), "{changed}");
    let nobody = ["user", "password", "--email", "nobody@example.com"];
    assert_refused(&server.run(nobody), 1, &["nobody@example.com"]);

    let token = said(&server.run(["token", "create", "--role", "observer", "--name", "Wall"]));
    assert!(
        token.starts_with("qd_") && token.trim().len() > 20,
        "{token}"
    );
    assert_eq!(
        server
            .run(["token", "create", "--role", "captain", "--name", "x"])
            .status
            .code(),
        Some(2)
    );
}

#[test]
fn oncall_answers_for_any_instant() {
    let server = prepared_for_example();
    said(&server.run(["apply", "-f", EXAMPLE]));
    // The first turn of the weekly layer is Ana's, the second is Bo's and Cleo's. What is in
    // force from now on says nothing about the past.
    let text = said(&server.run(["oncall"]));
    assert!(text.starts_with("Platform: "), "{text}");
    let json = said(&server.run(["oncall", "--json", "--at", "2031-01-06T12:00:00Z"]));
    let json: Value = serde_json::from_str(&json).unwrap();
    assert_eq!(json["schedules"][0]["slug"], "platform");
    assert!(
        !json["schedules"][0]["users"].as_array().unwrap().is_empty(),
        "{json}"
    );
    assert_refused(
        &server.run(["oncall", "--at", "tomorrow"]),
        2,
        &["tomorrow", "2026-12-24T"],
    );
}

#[test]
fn check_says_what_would_not_work() {
    let server = prepared_for_example();
    said(&server.run(["apply", "-f", EXAMPLE]));
    let listen = format!("127.0.0.1:{}", free_port());
    let good = server.run([
        "check",
        "--listen",
        &listen,
        "--public-url",
        "https://qd.example.com",
    ]);
    let text = said(&good);
    assert!(text.contains("can be read and written"), "{text}");

    let nobody = free_port().to_string();
    let mut bad = server.command("check");
    bad.args([
        "--listen",
        &listen,
        "--smtp-host",
        "127.0.0.1",
        "--smtp-port",
        &nobody,
    ]);
    bad.args([
        "--smtp-security",
        "plain",
        "--smtp-from",
        "pager@example.com",
    ]);
    let bad = bad.output().unwrap();
    assert_eq!(bad.status.code(), Some(1), "{bad:?}");
    assert!(out(&bad).contains("FAIL  email"), "{bad:?}");
    assert!(
        out(&bad).contains("can be read and written"),
        "the rest is looked at: {bad:?}"
    );
}

#[test]
fn mistakes_are_answered_with_a_sentence() {
    let server = prepared();
    let flag = server.run(["serve", "--lissten", "127.0.0.1:1"]);
    assert_refused(&flag, 2, &["--lissten", "--listen"]);
    assert_refused(
        &server.run(["serve", "--listen", "nowhere"]),
        2,
        &["nowhere", "--listen"],
    );

    let mut bare = Command::new(BINARY);
    bare.arg("migrate");
    let with = |url: &str| {
        bare_command("migrate", &["--database-url", url])
            .output()
            .unwrap()
    };
    assert_refused(
        &with("mysql://localhost/x"),
        2,
        &["mysql://localhost/x", "postgres://"],
    );
    let port = free_port();
    let gone = with(&format!("postgres://me:geheim@127.0.0.1:{port}/x"));
    assert_refused(&gone, 1, &["PostgreSQL"]);
    assert!(!err(&gone).contains("geheim"), "{gone:?}");
    let cluster = testkit::PgCluster::shared();
    let missing = with(&format!(
        "postgres://quarterdeck@127.0.0.1:{}/missing",
        cluster.port()
    ));
    assert_refused(&missing, 1, &["missing"]);

    let place = Scratch::new("file");
    let file = place.write("file", "not a directory");
    let below = file.join("data");
    let below = bare_command("serve", &["--data-dir", below.to_str().unwrap()])
        .output()
        .unwrap();
    assert_refused(&below, 1, &["cannot be made", "--data-dir"]);
    let file = place.write(
        "quarterdeck.db",
        "this is not a database at all, whatever its name",
    );
    let no_database = bare_command("serve", &["--data-dir", place.path().to_str().unwrap()]);
    assert_refused(&{ no_database }.output().unwrap(), 1, &["database"]);
    assert!(file.is_file());
}

fn bare_command(name: &str, arguments: &[&str]) -> Command {
    let mut command = Command::new(BINARY);
    command.arg(name).args(arguments).stdin(Stdio::null());
    command
}

#[test]
fn a_port_in_use_is_named() {
    let server = prepared();
    let taken = TcpListener::bind(("127.0.0.1", server.port())).unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let output = server.run(["serve", "--listen", &address]);
    assert_refused(&output, 1, &[&address, "--listen"]);
}

#[test]
fn a_newer_database_is_left_alone() {
    let server = prepared();
    said(&server.run(["migrate"]));
    let add = "INSERT INTO __diesel_schema_migrations (version) VALUES ('99990101000000')";
    let write = "import sqlite3, sys; c = sqlite3.connect(sys.argv[1]); \
                 c.execute(sys.argv[2]); c.commit()";
    let mut python = Command::new("/usr/bin/python3");
    run(python
        .args(["-c", write])
        .arg(database::file(&server))
        .arg(add));
    assert_refused(&server.run(["serve"]), 1, &["newer"]);
    assert_refused(&server.run(["migrate"]), 1, &["newer"]);

    let database = PgDatabase::create();
    let server = Server::builder(BINARY).database(&database.url).prepare();
    said(&server.run(["migrate"]));
    database.query(add);
    assert_refused(&server.run(["serve"]), 1, &["newer"]);
}

#[test]
fn the_demo_stays_at_home() {
    let server = prepared();
    let port = free_port();
    let open = format!("0.0.0.0:{port}");
    assert_refused(
        &server.run(["serve", "--demo", "--listen", &open]),
        2,
        &[&open, "--demo"],
    );

    let home = format!("127.0.0.1:{port}");
    let mut demo = server.command("serve");
    demo.args(["--demo", "--listen", &home]);
    let mut demo = Process::start("demo", demo);
    demo.wait_for_port(port, SOON);
    assert!(demo.terminate().success(), "{}", demo.log());
    // The public passwords are in there now.
    assert_refused(&server.run(["serve", "--listen", &open]), 2, &[&open]);
}

/// A request that is being sent when the server is told to stop.
#[tokio::test(flavor = "multi_thread")]
async fn a_stop_lets_requests_finish() {
    let mut server = prepared();
    let place = Scratch::new("company");
    let file = place.write("company.yaml", COMPANY);
    said(&server.run(["apply", "-f", file.to_str().unwrap()]));
    server.start().await;
    // A page that looks on must not hold the server up.
    let mut looking_on = TcpStream::connect(("127.0.0.1", server.port())).unwrap();
    write!(
        looking_on,
        "GET /api/v1/incidents HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {ADMIN_TOKEN}\r\n\r\n"
    )
    .unwrap();
    let mut sending = TcpStream::connect(("127.0.0.1", server.port())).unwrap();
    sending.set_read_timeout(Some(SOON)).unwrap();
    let body = event(EVENTS_KEY, "trigger", "last", "The last word").to_string();
    write!(
        sending,
        "POST /v2/enqueue HTTP/1.1\r\nHost: x\r\nContent-Length: {}\r\n\
         Expect: 100-continue\r\nConnection: close\r\n\r\n",
        body.len()
    )
    .unwrap();
    let mut reader = BufReader::new(sending.try_clone().unwrap());
    let mut line = String::new();
    reader.read_line(&mut line).unwrap();
    assert!(
        line.starts_with("HTTP/1.1 100"),
        "the handler reads: {line}"
    );

    let began = Instant::now();
    server.process().signal("TERM");
    let port = server.port();
    eventually_blocking(SOON, "no new connections", || {
        !testkit::process::is_open(port)
    });
    sending.write_all(body.as_bytes()).unwrap();
    let mut reply = String::new();
    reader.read_to_string(&mut reply).unwrap();
    assert!(reply.contains("HTTP/1.1 202"), "{reply}");
    let status = server.process().wait(SOON);
    assert!(status.success(), "{status}");
    assert!(
        began.elapsed() < Duration::from_secs(5),
        "{:?}",
        began.elapsed()
    );
    let alerts = database::Database::Sqlite.rows(&server, "SELECT dedup_key FROM alert");
    assert_eq!(alerts, [["last"]]);
}
