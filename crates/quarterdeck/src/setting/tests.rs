use super::source::{Environment, Values};
use super::table::{SETTINGS, find};
use super::*;

fn environment(pairs: &[(&str, &str)]) -> Environment {
    let own = |pair: &(&str, &str)| (pair.0.to_owned(), pair.1.to_owned());
    Environment(pairs.iter().map(own).collect())
}

fn values(arguments: &[&str], pairs: &[(&str, &str)]) -> Result<Values, Failure> {
    let line = ["quarterdeck", "serve"].iter().chain(arguments);
    let matches = crate::cli::command().try_get_matches_from(line).unwrap();
    let (_, serve) = matches.subcommand().unwrap();
    Values::gather(serve, &environment(pairs))
}

fn settings(arguments: &[&str], pairs: &[(&str, &str)]) -> Result<Settings, Failure> {
    Settings::from_values(&values(arguments, pairs)?, false)
}

fn refused(arguments: &[&str], pairs: &[(&str, &str)]) -> String {
    settings(arguments, pairs).unwrap_err().to_string()
}

#[test]
fn without_anything_it_serves_on_the_loopback_with_sqlite() {
    let settings = settings(&["--data-dir", "/somewhere"], &[]).unwrap();
    assert_eq!(settings.listen.to_string(), "127.0.0.1:8080");
    assert_eq!(settings.public_url, "http://127.0.0.1:8080");
    assert_eq!(
        settings.database,
        DatabaseUrl::Sqlite("/somewhere/quarterdeck.db".into())
    );
    assert!(settings.smtp.is_none() && settings.twilio.is_none());
}

#[test]
fn flags_come_before_variables_before_the_file() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("quarterdeck.toml");
    let text = "listen = \"127.0.0.1:1\"\nnode_name = \"file\"\n\
                [smtp]\nhost = \"file.example\"\nport = 2525\nfrom = \"a@example.com\"\n";
    std::fs::write(&file, text).unwrap();
    let file = file.to_str().unwrap();
    let settings = settings(
        &["--config", file, "--listen", "127.0.0.1:3"],
        &[
            ("QUARTERDECK_LISTEN", "127.0.0.1:2"),
            ("QUARTERDECK_NODE_NAME", "variable"),
            ("QUARTERDECK_SMTP_HOST", ""),
        ],
    )
    .unwrap();
    assert_eq!(settings.listen.port(), 3);
    assert_eq!(settings.node_name, "variable");
    let smtp = settings.smtp.unwrap();
    assert_eq!(
        (smtp.host.as_str(), smtp.port),
        ("file.example", Some(2525))
    );
}

#[test]
fn the_file_may_be_named_by_a_variable_and_its_mistakes_are_named() {
    let directory = tempfile::tempdir().unwrap();
    let write = |text: &str| {
        let file = directory.path().join("settings.toml");
        std::fs::write(&file, text).unwrap();
        file.to_str().unwrap().to_owned()
    };
    let path = write("[smtp]\nhots = \"x\"");
    let message = refused(&[], &[("QUARTERDECK_CONFIG", &path)]);
    assert!(message.contains("no setting `smtp.hots`"), "{message}");
    let path = write("listen = [1]");
    assert!(refused(&["--config", &path], &[]).contains("`listen`"));
    let path = write("listen = ");
    assert!(refused(&["--config", &path], &[]).contains("line 1"));
    assert!(refused(&["--config", "/no/such/file"], &[]).contains("/no/such/file"));
}

#[test]
fn secrets_come_from_variables_files_or_the_settings_file() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("password");
    std::fs::write(&file, "hunter2\n").unwrap();
    let file = file.to_str().unwrap();
    let on = [
        ("QUARTERDECK_SMTP_HOST", "h"),
        ("QUARTERDECK_SMTP_FROM", "a@b.c"),
    ];
    let with = |pair| [on[0], on[1], pair];
    let smtp = settings(&[], &with(("QUARTERDECK_SMTP_PASSWORD_FILE", file)));
    let settings = smtp.unwrap();
    assert!(!format!("{settings:?}").contains("hunter2"));
    assert_eq!(settings.smtp.unwrap().password.unwrap().reveal(), "hunter2");

    let both = [
        ("QUARTERDECK_SMTP_PASSWORD_FILE", file),
        ("QUARTERDECK_SMTP_PASSWORD", "x"),
    ];
    assert!(refused(&[], &both).contains("both set"));
    let missing = with(("QUARTERDECK_SMTP_PASSWORD_FILE", "/no/such/file"));
    assert!(refused(&[], &missing).contains("/no/such/file"));
}

#[test]
fn values_that_cannot_be_used_are_named_with_what_gave_them() {
    let message = refused(&["--listen", "8080"], &[]);
    assert!(
        message.contains("--listen must be an address with a port"),
        "{message}"
    );
    let message = refused(&[], &[("QUARTERDECK_DATABASE_URL", "mysql://root:pw@x/y")]);
    assert!(
        message.contains("QUARTERDECK_DATABASE_URL") && !message.contains("pw"),
        "{message}"
    );
    let message = refused(&["--public-url", "page.example.com"], &[]);
    assert!(message.contains("--public-url"), "{message}");
    let message = refused(&["--smtp-port", "25"], &[]);
    assert!(message.contains("smtp.host is not"), "{message}");
    let message = refused(&["--smtp-host", "h"], &[]);
    assert!(message.contains("smtp.from is needed"), "{message}");
    let message = refused(
        &[
            "--smtp-host",
            "h",
            "--smtp-from",
            "a@b.c",
            "--smtp-security",
            "ssl",
        ],
        &[],
    );
    assert!(message.contains("starttls, tls or plain"), "{message}");
    let message = refused(&["--twilio-account-sid", "AC1"], &[]);
    assert!(message.contains("twilio.auth_token is needed"), "{message}");
    let message = refused(&["--body-limit", "10"], &[]);
    assert!(
        message.contains("--body-limit must be at least 1024"),
        "{message}"
    );
}

#[test]
fn providers_are_set_up_and_report_to_the_public_url() {
    let all = settings(
        &[
            "--public-url",
            "https://page.example.com/",
            "--twilio-account-sid",
            "AC1",
            "--twilio-from",
            "+15555550100",
            "--twilio-base-url",
            "http://127.0.0.1:9",
            "--smtp-host",
            "mail.example.com",
            "--smtp-from",
            "Pager <pager@example.com>",
            "--smtp-security",
            "tls",
        ],
        &[("QUARTERDECK_TWILIO_AUTH_TOKEN", "secret")],
    )
    .unwrap();
    assert_eq!(all.public_url, "https://page.example.com");
    let twilio = all.twilio.as_ref().unwrap();
    assert_eq!(twilio.base_url, "http://127.0.0.1:9");
    let callback = twilio.status_callback.as_deref().unwrap();
    assert!(
        callback.starts_with("https://page.example.com/"),
        "{callback}"
    );
    assert_eq!(crate::channel::all(&all).unwrap().all().count(), 2);
    let unspecified = settings(&["--listen", "0.0.0.0:80"], &[]).unwrap();
    assert_eq!(unspecified.public_url, "http://localhost:80");
}

#[test]
fn unknown_variables_are_noticed() {
    let found = values(
        &[],
        &[("QUARTERDECK_LISTEM", "x"), ("QUARTERDECK_LISTEN", "y")],
    );
    assert_eq!(found.unwrap().unknown, ["QUARTERDECK_LISTEM"]);
}

#[test]
fn keys_are_unique_and_every_one_is_read() {
    let mut keys: Vec<&str> = SETTINGS.iter().map(|setting| setting.key).collect();
    keys.sort_unstable();
    keys.dedup();
    assert_eq!(keys.len(), SETTINGS.len());
    // The code that reads them names each by its key.
    let code = include_str!("mod.rs");
    for key in keys {
        assert!(find(key).is_some());
        assert!(code.contains(&format!("\"{key}\"")), "{key} is never read");
    }
}

/// The table of the documentation is the table of the code. To write it anew:
/// `UPDATE_DOCS=1 cargo test -p quarterdeck documentation`.
#[test]
fn the_documentation_has_the_same_table() {
    const BEGIN: &str = "<!-- begin of the generated table -->\n";
    const END: &str = "<!-- end of the generated table -->";
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/settings.md");
    let text = std::fs::read_to_string(path).unwrap();
    let (before, rest) = text.split_once(BEGIN).unwrap();
    let (table, after) = rest.split_once(END).unwrap();
    let expected = table_as_markdown();
    if std::env::var_os("UPDATE_DOCS").is_some() {
        std::fs::write(path, format!("{before}{BEGIN}{expected}{END}{after}")).unwrap();
    } else {
        assert_eq!(table, expected, "docs/settings.md is out of date");
    }
}

fn table_as_markdown() -> String {
    let mut text = String::from(
        "| Settings file | Flag | Variable | Default | What it is |\n|---|---|---|---|---|\n",
    );
    for setting in SETTINGS {
        let key = match setting.key.split_once('.') {
            Some((section, field)) => format!("`[{section}]` `{field}`"),
            None => format!("`{}`", setting.key),
        };
        let flag = setting
            .flag()
            .map_or_else(|| "none: a secret".into(), |flag| format!("`--{flag}`"));
        let file = if setting.file { ", `…_FILE`" } else { "" };
        let variable = setting.variable();
        text.push_str(&format!(
            "| {key} | {flag} | `{variable}`{file} | {} | {}. |\n",
            setting.default, setting.help
        ));
    }
    text
}

#[test]
fn mail_is_taken_where_and_for_whom_the_settings_say() {
    let needed = [
        "--mail-listen",
        "0.0.0.0:2525",
        "--mail-domain",
        "Page.Example.com",
    ];
    let mail = settings(&needed, &[]).unwrap().mail.unwrap();
    assert_eq!(mail.listen.port(), 2525);
    assert_eq!(mail.domain, "page.example.com");
    assert_eq!((mail.size_limit, mail.tls), (10 * 1024 * 1024, None));
    let with = |more: &[&'static str]| [&needed[..], more].concat();
    let files = [
        "--mail-tls-certificate",
        "/a.pem",
        "--mail-tls-key",
        "/a.key",
    ];
    let mail = settings(&with(&files), &[("QUARTERDECK_MAIL_TIMEOUT", "7")])
        .unwrap()
        .mail
        .unwrap();
    assert_eq!(mail.tls.unwrap().key.to_str(), Some("/a.key"));
    assert_eq!(mail.patience.as_secs(), 7);
    for (arguments, reason) in [
        (needed[..2].to_vec(), "mail.domain is needed"),
        (needed[2..].to_vec(), "mail.listen is not"),
        (with(&files[..2]), "needed together"),
        (with(&["--mail-recipients", "0"]), "at least 1"),
        (with(&["--mail-size-limit", "10"]), "at least 1024"),
        (
            vec!["--mail-listen", "0.0.0.0:25", "--mail-domain", "a b"],
            "a domain such as",
        ),
    ] {
        let told = refused(&arguments, &[]);
        assert!(told.contains(reason), "{told}");
    }
    assert!(settings(&[], &[]).unwrap().mail.is_none());
    // Answers arrive where mails do, or where it is said.
    let letterbox = |arguments: &[&str]| settings(arguments, &[]).unwrap().letterbox;
    assert_eq!(letterbox(&[]), None);
    assert_eq!(letterbox(&needed), "reply@page.example.com".parse().ok());
    let own = ["--replies-address", "answer@in.example.com"];
    assert_eq!(letterbox(&own), "answer@in.example.com".parse().ok());
    let message = refused(&["--replies-address", "in.example.com"], &[]);
    assert!(
        message.contains("such as reply@page.example.com"),
        "{message}"
    );
}
