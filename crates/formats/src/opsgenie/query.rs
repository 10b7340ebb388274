//! Which alerts a list is of: the part of Opsgenie's search language that clients use, terms that
//! must all hold: `status: open AND tag: db`, `priority: P1`, free words.

use domain::alert::Alert;
use domain::word::AlertStatus;

use super::reply::Refusal;
use super::view;

/// Most alerts on a page, and how many when nothing is said.
pub const LIMIT_MAX: usize = 100;
const LIMIT: usize = 20;
/// Furthest that a list can be paged.
pub const OFFSET_MAX: usize = 20_000;
/// Most terms of a search.
const TERMS_MAX: usize = 50;

/// What a list shows.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Query {
    pub status: Option<AlertStatus>,
    pub alias: Option<String>,
    /// Oldest first instead of newest first.
    pub ascending: bool,
    pub offset: usize,
    pub limit: usize,
    terms: Vec<Term>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Term {
    Acknowledged(bool),
    Snoozed(bool),
    Field(&'static str, String),
    Word(String),
}

const FIELDS: [(&str, &str); 12] = [
    ("tag", "tags"),
    ("tags", "tags"),
    ("priority", "priority"),
    ("message", "message"),
    ("description", "description"),
    ("source", "source"),
    ("entity", "entity"),
    ("owner", "owner"),
    ("alertid", "id"),
    ("id", "id"),
    ("tinyid", "tinyId"),
    ("integration.name", "integration"),
];

impl Query {
    /// Reads the parameters of the address.
    ///
    /// # Errors
    /// The refusal to answer with: a term or number that makes no sense here.
    pub fn parse<'a>(
        parameters: impl IntoIterator<Item = (&'a str, &'a str)>,
    ) -> Result<Query, Refusal> {
        let mut query = Query {
            limit: LIMIT,
            ..Query::default()
        };
        for (name, value) in parameters {
            let number = || {
                value
                    .trim()
                    .parse::<usize>()
                    .map_err(|_| Refusal::invalid(name, "should be a number"))
            };
            match name {
                "query" => query.search(value)?,
                "limit" => query.limit = number()?.clamp(1, LIMIT_MAX),
                "offset" => query.offset = number()?.min(OFFSET_MAX),
                "order" => query.ascending = value.eq_ignore_ascii_case("asc"),
                _ => {}
            }
        }
        Ok(query)
    }

    fn search(&mut self, text: &str) -> Result<(), Refusal> {
        let words = words(text);
        let mut at = 0;
        while let Some(word) = words.get(at) {
            at += 1;
            if self.terms.len() >= TERMS_MAX {
                return Err(Refusal::invalid("query", "has too many terms"));
            }
            if word.eq_ignore_ascii_case("and") {
                continue;
            }
            if word.eq_ignore_ascii_case("or") || word.eq_ignore_ascii_case("not") {
                return Err(Refusal::invalid(
                    "query",
                    "OR and NOT are not known here: ask several times",
                ));
            }
            let Some((field, rest)) = word.split_once([':', '=']) else {
                self.terms.push(Term::Word(word.to_lowercase()));
                continue;
            };
            // The value may stand apart: `status: open`.
            let value = if rest.is_empty() {
                at += 1;
                words.get(at - 1).map_or("", String::as_str)
            } else {
                rest
            };
            self.term(field, value)?;
        }
        Ok(())
    }

    fn term(&mut self, field: &str, value: &str) -> Result<(), Refusal> {
        let field = field.trim().to_lowercase();
        let value = value.trim_matches('"');
        let lower = value.to_lowercase();
        let unknown = |what: &str| Refusal::invalid("query", &format!("{what} is not known here"));
        match field.as_str() {
            "status" => match lower.as_str() {
                "open" => self.status = Some(AlertStatus::Open),
                "closed" => self.status = Some(AlertStatus::Resolved),
                "acked" | "acknowledged" => self.terms.push(Term::Acknowledged(true)),
                "unacked" => self.terms.push(Term::Acknowledged(false)),
                _ => return Err(unknown(&format!("the status {value}"))),
            },
            "acknowledged" => self.terms.push(Term::Acknowledged(lower == "true")),
            "snoozed" => self.terms.push(Term::Snoozed(lower == "true")),
            "alias" => self.alias = Some(value.to_owned()),
            other => match FIELDS.iter().find(|(name, _)| *name == other) {
                Some((_, name)) => self.terms.push(Term::Field(name, lower)),
                None => return Err(unknown(&format!("the field {field}"))),
            },
        }
        Ok(())
    }

    /// Whether the search has terms that only the alert itself can answer.
    pub fn is_plain(&self) -> bool {
        self.terms.is_empty()
    }

    /// Whether an alert fulfils all terms; status and alias are the store's to look at.
    pub fn matches(&self, alert: &Alert, seen: &view::Seen<'_>) -> bool {
        if self.terms.is_empty() {
            return true;
        }
        let shown = view::alert(alert, seen);
        self.terms.iter().all(|term| match term {
            Term::Acknowledged(wanted) => shown["acknowledged"] == *wanted,
            Term::Snoozed(wanted) => shown["snoozed"] == *wanted,
            Term::Word(word) => contains(&shown["message"], word),
            Term::Field("integration", value) => contains(&shown["integration"]["name"], value),
            Term::Field("tags", value) => shown["tags"]
                .as_array()
                .is_some_and(|tags| tags.iter().any(|tag| equal(tag, value))),
            Term::Field(name @ ("message" | "description"), value) => {
                contains(&shown[*name], value)
            }
            Term::Field(name, value) => equal(&shown[*name], value),
        })
    }
}

fn contains(value: &serde_json::Value, wanted: &str) -> bool {
    value
        .as_str()
        .is_some_and(|text| text.to_lowercase().contains(wanted.trim_matches('*')))
}

/// With a star at the end, beginning with it.
fn equal(value: &serde_json::Value, wanted: &str) -> bool {
    let Some(text) = value.as_str().map(str::to_lowercase) else {
        return false;
    };
    match wanted.strip_suffix('*') {
        Some(start) => text.starts_with(start),
        None => text == wanted,
    }
}

/// Words, of which those in double quotes hold blanks; parentheses around terms are left out.
fn words(text: &str) -> Vec<String> {
    let mut words = Vec::new();
    let (mut word, mut quoted) = (String::new(), false);
    for c in text.chars() {
        match c {
            '"' => {
                quoted = !quoted;
                word.push(c);
            }
            '(' | ')' if !quoted => {}
            c if c.is_whitespace() && !quoted => {
                if !word.is_empty() {
                    words.push(std::mem::take(&mut word));
                }
            }
            other => word.push(other),
        }
    }
    if !word.is_empty() {
        words.push(word);
    }
    words
}
