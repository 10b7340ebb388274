//! The rules of the house that no compiler knows: which crate may use which, how long a file may
//! be, that both databases get the same migrations, and that the tree speaks only of the product.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a broken tree must fail the test"
)]

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

/// Our crates; a crate may use those before it. `testkit` stands beside the list.
const ORDER: [&str; 7] = [
    "domain",
    "formats",
    "store",
    "channels",
    "engine",
    "web",
    "quarterdeck",
];

/// Simulates the others and is never shipped.
const BESIDE: &str = "sim";

/// Within the order, who may use whom. Channels know the domain only, and so do the formats and
/// the store; the rules stay free of whatever stands outside.
const MAY_USE: [(&str, &[&str]); 7] = [
    ("domain", &[]),
    ("formats", &["domain"]),
    ("store", &["domain"]),
    // What it signs by Standard Webhooks, monitors sign alike: there is one place for that.
    ("channels", &["domain", "formats"]),
    // It fetches calendars, and what they say is a format.
    ("engine", &["domain", "formats", "store", "channels"]),
    ("web", &["domain", "formats", "store", "engine"]),
    (
        "quarterdeck",
        &["domain", "formats", "store", "channels", "engine", "web"],
    ),
];

/// No file of Rust may be longer, in lines.
const LONGEST: usize = 500;

fn root() -> PathBuf {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    root.canonicalize().unwrap()
}

fn stdout(command: &mut Command) -> String {
    let output = command.current_dir(root()).output().unwrap();
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    String::from_utf8(output.stdout).unwrap()
}

fn cargo() -> Command {
    Command::new(env!("CARGO"))
}

/// A dependency as a manifest declares it.
struct Arrow {
    from: String,
    to: String,
    /// `dev`, `build`, or `normal`.
    kind: String,
    optional: bool,
}

fn arrows() -> Vec<Arrow> {
    let text = stdout(cargo().args(["metadata", "--no-deps", "--format-version", "1"]));
    let metadata: Value = serde_json::from_str(&text).unwrap();
    let mut arrows = Vec::new();
    for package in metadata["packages"].as_array().unwrap() {
        for dependency in package["dependencies"].as_array().unwrap() {
            arrows.push(Arrow {
                from: package["name"].as_str().unwrap().to_owned(),
                to: dependency["name"].as_str().unwrap().to_owned(),
                kind: dependency["kind"].as_str().unwrap_or("normal").to_owned(),
                optional: dependency["optional"].as_bool().unwrap(),
            });
        }
    }
    assert!(arrows.len() > 20, "the manifests were read");
    arrows
}

#[test]
fn arrows_point_down() {
    let may_use = BTreeMap::from(MAY_USE);
    let ours: BTreeSet<&str> = ORDER.into_iter().chain(["testkit", BESIDE]).collect();
    for Arrow { from, to, kind, .. } in arrows() {
        assert!(
            ours.contains(from.as_str()),
            "{from} has no place in the house yet"
        );
        if !ours.contains(to.as_str()) || from == BESIDE {
            continue;
        }
        match to.as_str() {
            "testkit" => assert_eq!(kind, "dev", "{from} may use testkit in tests only"),
            BESIDE => panic!("{from} uses {to}, which is never shipped"),
            _ if from == "testkit" => panic!("testkit serves every crate, so it may not use {to}"),
            // Tests of a crate may use what stands above what the crate itself may use, but not
            // what stands above the crate.
            _ if kind == "dev" => {
                let place = |name: &str| ORDER.iter().position(|crate_| *crate_ == name);
                assert!(
                    place(&to) < place(&from),
                    "tests of {from} use {to}, which is above it"
                );
            }
            _ => {
                let allowed = may_use[from.as_str()];
                assert!(allowed.contains(&to.as_str()), "{from} may not use {to}");
            }
        }
    }
    for (index, (name, uses)) in MAY_USE.iter().enumerate() {
        assert_eq!(*name, ORDER[index]);
        assert!(
            uses.iter().all(|used| ORDER[..index].contains(used)),
            "{name}: an arrow upwards"
        );
    }
}

#[test]
fn only_the_store_knows_the_database() {
    for Arrow {
        from,
        to,
        kind,
        optional,
    } in arrows()
    {
        let database = ["diesel", "diesel_migrations", "libsqlite3-sys", "pq-sys"];
        if !database.contains(&to.as_str()) || from == "store" {
            continue;
        }
        // Ids and words can be stored: domain's optional feature `sql`.
        let stored_words = from == "domain" && to == "diesel" && optional && kind == "normal";
        assert!(stored_words, "{from} may not use {to}");
    }
}

#[test]
fn rules_and_formats_are_pure() {
    let forbidden = [
        "tokio",
        "actix",
        "diesel",
        "reqwest",
        "lettre",
        "hyper",
        "async-std",
        "rand",
    ];
    for name in ["domain", "formats"] {
        // Everything they bring, not only what they declare.
        let tree = stdout(cargo().args([
            "tree",
            "--package",
            name,
            "--edges",
            "normal",
            "--prefix",
            "none",
            "--format",
            "{p}",
        ]));
        assert!(tree.lines().count() > 3, "the tree was read");
        for line in tree.lines() {
            let package = line.split(' ').next().unwrap();
            let stem = package.split(['-', '_']).next().unwrap();
            assert!(!forbidden.contains(&stem), "{name} brings {package}");
        }
    }
}

/// Directories that builds and trials fill; nothing in them is kept.
const FILLED: [&str; 5] = [".git", ".demo", ".clients", "target", "node_modules"];

/// Every file of the tree below a directory, as a path from the root.
fn walk(below: &Path, files: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(root().join(below))
        .unwrap()
        .map(Result::unwrap)
    {
        let (name, kind) = (entry.file_name(), entry.file_type().unwrap());
        let path = below.join(&name);
        if kind.is_file() {
            files.push(path);
        } else if kind.is_dir() && !FILLED.iter().any(|filled| name == *filled) {
            walk(&path, files);
        }
    }
}

fn files() -> Vec<PathBuf> {
    let mut files = Vec::new();
    walk(Path::new(""), &mut files);
    assert!(files.len() > 20, "the tree was read");
    files
}

/// Each text file with its content.
fn texts() -> impl Iterator<Item = (PathBuf, String)> {
    files().into_iter().filter_map(|file| {
        let text = fs::read_to_string(root().join(&file)).ok()?;
        Some((file, text))
    })
}

fn is_rust(file: &Path) -> bool {
    file.extension().is_some_and(|extension| extension == "rs")
}

#[test]
fn files_are_short() {
    let long: Vec<String> = texts()
        .filter(|(file, _)| is_rust(file))
        .map(|(file, text)| (file, text.lines().count()))
        .filter(|(_, lines)| *lines > LONGEST)
        .map(|(file, lines)| format!("{}: {lines} lines", file.display()))
        .collect();
    assert!(long.is_empty(), "split by noun: {long:#?}");
}

#[test]
fn both_databases_have_the_same_migrations() {
    let names = |database: &str| -> BTreeSet<String> {
        let folder = root().join("migrations").join(database);
        let entries = fs::read_dir(&folder).unwrap_or_else(|_| panic!("{folder:?} is there"));
        let mut names = BTreeSet::new();
        for entry in entries
            .map(Result::unwrap)
            .filter(|entry| entry.path().is_dir())
        {
            for file in ["up.sql", "down.sql"] {
                let size = fs::metadata(entry.path().join(file)).map_or(0, |file| file.len());
                assert_ne!(size, 0, "{:?} has no {file}", entry.path());
            }
            names.insert(entry.file_name().into_string().unwrap());
        }
        names
    };
    let (sqlite, postgresql) = (names("sqlite"), names("postgresql"));
    assert_eq!(sqlite, postgresql);
    for (index, name) in sqlite.iter().enumerate() {
        assert!(
            name.starts_with(&format!("{:04}_", index + 1)),
            "{name} is out of order"
        );
    }
}

#[test]
fn nothing_is_left_undone() {
    // Put together here so that this file does not find itself.
    let marks = ["to", "unimplemen", "FIX", "XX"];
    let marks: Vec<String> = marks
        .iter()
        .zip(["do!(", "ted!(", "ME", "X:"])
        .map(|(a, b)| format!("{a}{b}"))
        .collect();
    for (file, text) in texts().filter(|(file, _)| is_rust(file)) {
        for (number, line) in text.lines().enumerate() {
            let mark = marks.iter().find(|mark| line.contains(mark.as_str()));
            assert!(mark.is_none(), "{}:{}: {line}", file.display(), number + 1);
        }
    }
}

#[test]
fn the_tree_names_no_machine() {
    let places: Vec<String> = [
        ("/wo", "rk/"),
        ("/ro", "ot/"),
        ("/ho", "me/"),
        ("/Use", "rs/"),
    ]
    .iter()
    .map(|(a, b)| format!("{a}{b}"))
    .collect();
    for (file, text) in texts() {
        for (number, line) in text.lines().enumerate() {
            for place in &places {
                // `https://site.example/home/page` is an address, not a place on a disk.
                let found = line.match_indices(place.as_str()).any(|(at, _)| {
                    let before = line[..at].chars().next_back();
                    before.is_none_or(|c| !c.is_alphanumeric() && !"-_./}{".contains(c))
                });
                assert!(!found, "{}:{}: {line}", file.display(), number + 1);
            }
        }
    }
}

#[test]
fn packages_come_from_the_public_registries() {
    let ours = "source = \"registry+https://github.com/rust-lang/crates.io-index\"";
    for (file, text) in texts() {
        match file.file_name().and_then(|name| name.to_str()) {
            Some("Cargo.lock") => {
                for line in text.lines().filter(|line| line.starts_with("source = ")) {
                    assert_eq!(line, ours, "{}", file.display());
                }
            }
            // The file must not name the place from which its writer happened to fetch.
            Some("package-lock.json") => {
                assert!(!text.contains("\"resolved\": \"http"), "{}", file.display());
                assert!(
                    text.contains("\"integrity\": \"sha512-"),
                    "{}",
                    file.display()
                );
            }
            _ => {}
        }
    }
}
