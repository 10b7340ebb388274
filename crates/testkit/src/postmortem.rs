//! An exported postmortem as somebody else's parsers see it: front matter by PyYAML, body by
//! cmark, the reference implementation of CommonMark.

use std::process::Command;

use serde::Deserialize;
use serde_json::{Map, Value};

use crate::scratch::{Scratch, run};

const CHECKER: &str = include_str!("../python/check_postmortem.py");

/// What the parsers found. Reading fails unless the file is UTF-8 without a byte order mark,
/// with LF line ends and a final newline, and every line of the front matter is both YAML and
/// `key: JSON value` with the same meaning.
#[derive(Debug, Clone, Deserialize, PartialEq)]
pub struct Parsed {
    /// The front matter's keys in their order.
    pub keys: Vec<String>,
    /// The front matter's values.
    pub front_matter: Map<String, Value>,
    /// Headings of the body in their order.
    pub headings: Vec<Heading>,
    /// Slugs of the section marks in their order.
    pub sections: Vec<String>,
}

/// A heading of the body.
#[derive(Debug, Clone, Deserialize, PartialEq, Eq)]
pub struct Heading {
    /// 1 to 6.
    pub level: u8,
    /// Its text without markup.
    pub text: String,
}

/// Parses an exported postmortem.
///
/// # Panics
/// If the parsers refuse it; the message says why.
pub fn parse(markdown: impl AsRef<[u8]>) -> Parsed {
    let scratch = Scratch::new("postmortem");
    let checker = scratch.write("check_postmortem.py", CHECKER);
    let file = scratch.write("export.md", markdown);
    // Debian's own interpreter has Debian's PyYAML.
    let output = run(Command::new("/usr/bin/python3").arg(checker).arg(file));
    serde_json::from_str(&output).expect("the checker prints JSON")
}
