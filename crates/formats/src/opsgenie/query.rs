//! Which alerts a list is of: Opsgenie's search language, such as
//! `status: open AND (tag: db OR priority: P1) AND NOT owner: ana@example.com`.

use domain::Timestamp;
use domain::alert::Alert;
use domain::word::AlertStatus;
use serde_json::Value;

use super::reply::Refusal;
use super::view;
use crate::time::{self, Reading};

/// Most alerts on a page, and how many when nothing is said.
pub const LIMIT_MAX: usize = 100;
const LIMIT: usize = 20;
/// Furthest that a list can be paged.
pub const OFFSET_MAX: usize = 20_000;
/// Most terms of a search, and how deep its parentheses go.
const TERMS_MAX: usize = 50;
const DEPTH_MAX: usize = 20;

/// What a list shows.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Query {
    /// The store's to look at, as the alias is.
    pub status: Option<AlertStatus>,
    pub alias: Option<String>,
    /// Oldest first instead of newest first.
    pub ascending: bool,
    pub offset: usize,
    pub limit: usize,
    wanted: Vec<Wanted>,
}

/// What must hold.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Wanted {
    All(Vec<Wanted>),
    Any(Vec<Wanted>),
    Not(Box<Wanted>),
    Status(AlertStatus),
    Alias(String),
    /// A field that is true or false.
    Flag(&'static str, bool),
    /// A field that is a number or a time, in milliseconds.
    Number(&'static str, Sign, i64),
    Field(&'static str, String),
    /// In the message.
    Word(String),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Sign {
    /// `:` and `=`.
    Is,
    IsNot,
    Less,
    LessOrEqual,
    More,
    MoreOrEqual,
}

/// Names of texts, and what they are called in [`view::alert`].
const TEXTS: [(&str, &str); 20] = [
    ("alertid", "id"),
    ("id", "id"),
    ("tinyid", "tinyId"),
    ("tag", "tags"),
    ("tags", "tags"),
    ("priority", "priority"),
    ("message", "message"),
    ("description", "description"),
    ("source", "source"),
    ("entity", "entity"),
    ("owner", "owner"),
    ("actions", "actions"),
    ("teams", "responders"),
    ("responders", "responders"),
    ("integration.name", "integration.name"),
    ("integration.type", "integration.type"),
    ("acknowledgedby", "report.acknowledgedBy"),
    ("closedby", "report.closedBy"),
    ("details.key", "details.key"),
    ("details.value", "details.value"),
];
const NUMBERS: [(&str, &str); 5] = [
    ("count", "count"),
    ("createdat", "createdAt"),
    ("updatedat", "updatedAt"),
    ("lastoccurredat", "lastOccurredAt"),
    ("snoozeduntil", "snoozedUntil"),
];
const FLAGS: [(&str, &str); 4] = [
    ("acknowledged", "acknowledged"),
    ("snoozed", "snoozed"),
    ("isseen", "isSeen"),
    ("seen", "isSeen"),
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
                "limit" | "size" => query.limit = number()?.clamp(1, LIMIT_MAX),
                "offset" => query.offset = number()?.min(OFFSET_MAX),
                "order" => query.ascending = value.eq_ignore_ascii_case("asc"),
                "from" | "to" => {
                    let sign = match name {
                        "from" => Sign::MoreOrEqual,
                        _ => Sign::LessOrEqual,
                    };
                    let at = i64::try_from(number()?).unwrap_or(i64::MAX);
                    query.wanted.push(Wanted::Number("createdAt", sign, at));
                }
                _ => {}
            }
        }
        Ok(query)
    }

    fn search(&mut self, text: &str) -> Result<(), Refusal> {
        let mut reader = Reader {
            tokens: tokens(text),
            at: 0,
            terms: 0,
        };
        let wanted = reader.any(None, 0)?;
        if reader.at < reader.tokens.len() {
            return Err(bad("has a parenthesis that is not opened"));
        }
        // What the store can look up need not be looked at here.
        let all = match wanted {
            Wanted::All(all) => all,
            one => vec![one],
        };
        for wanted in all {
            match wanted {
                Wanted::Status(status) if self.status.is_none() => self.status = Some(status),
                Wanted::Alias(alias) if self.alias.is_none() => self.alias = Some(alias),
                other => self.wanted.push(other),
            }
        }
        Ok(())
    }

    /// Whether the search has no terms that only the alert itself can answer.
    pub fn is_plain(&self) -> bool {
        self.wanted.is_empty()
    }

    /// Whether an alert fulfils all terms; [`Query::status`] and [`Query::alias`] are the store's.
    pub fn matches(&self, alert: &Alert, seen: &view::Seen<'_>) -> bool {
        if self.wanted.is_empty() {
            return true;
        }
        let shown = view::alert(alert, seen);
        self.wanted.iter().all(|one| one.holds(alert, &shown))
    }
}

impl Wanted {
    fn holds(&self, alert: &Alert, shown: &Value) -> bool {
        match self {
            Wanted::All(all) => all.iter().all(|one| one.holds(alert, shown)),
            Wanted::Any(any) => any.iter().any(|one| one.holds(alert, shown)),
            Wanted::Not(one) => !one.holds(alert, shown),
            Wanted::Status(status) => alert.status == *status,
            Wanted::Alias(alias) => alert.dedup_key == *alias || shown["alias"] == **alias,
            Wanted::Flag(name, wanted) => shown[*name] == *wanted,
            Wanted::Number(name, sign, wanted) => {
                number_of(&shown[*name]).is_some_and(|found| match sign {
                    Sign::Is => found == *wanted,
                    Sign::IsNot => found != *wanted,
                    Sign::Less => found < *wanted,
                    Sign::LessOrEqual => found <= *wanted,
                    Sign::More => found > *wanted,
                    Sign::MoreOrEqual => found >= *wanted,
                })
            }
            Wanted::Word(word) => contains(&shown["message"], word),
            Wanted::Field(name, value) => field_holds(name, value, shown),
        }
    }
}

fn field_holds(name: &str, wanted: &str, shown: &Value) -> bool {
    let any_of = |list: &Value| {
        list.as_array()
            .is_some_and(|items| items.iter().any(|item| equal(item, wanted)))
    };
    match name {
        "tags" | "actions" => any_of(&shown[name]),
        "responders" => shown[name].as_array().is_some_and(|all| {
            all.iter()
                .any(|one| equal(&one["name"], wanted) || equal(&one["id"], wanted))
        }),
        "details.key" => shown["details"]
            .as_object()
            .is_some_and(|details| details.keys().any(|key| fits(&key.to_lowercase(), wanted))),
        "details.value" => shown["details"]
            .as_object()
            .is_some_and(|details| details.values().any(|value| equal(value, wanted))),
        "message" | "description" => contains(&shown[name], wanted),
        _ => match name.split_once('.') {
            Some((outer, "name")) => contains(&shown[outer]["name"], wanted),
            Some((outer, inner)) => equal(&shown[outer][inner], wanted),
            None => equal(&shown[name], wanted),
        },
    }
}

/// A number, or a time in milliseconds.
fn number_of(value: &Value) -> Option<i64> {
    value.as_i64().or_else(|| {
        let at = Timestamp::parse(value.as_str()?)?;
        Some(at.as_millis())
    })
}

fn bad(problem: &str) -> Refusal {
    Refusal::invalid("query", problem)
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Token {
    Open,
    Close,
    And,
    Or,
    Not,
    Sign(Sign),
    Text(String),
}

/// The tokens of a search. Behind a sign stands a value, which may hold further signs, such as an
/// address; between double quotes anything may stand.
fn tokens(text: &str) -> Vec<Token> {
    let mut tokens = Vec::new();
    let mut rest = text.trim_start();
    while let Some(first) = rest.chars().next() {
        let after_sign = matches!(tokens.last(), Some(Token::Sign(_)));
        let signs = [
            ("!=", Sign::IsNot),
            ("<=", Sign::LessOrEqual),
            (">=", Sign::MoreOrEqual),
            ("<", Sign::Less),
            (">", Sign::More),
            (":", Sign::Is),
            ("=", Sign::Is),
        ];
        let sign = signs
            .iter()
            .find(|(sign, _)| !after_sign && rest.starts_with(sign));
        let (token, length) = match (first, sign) {
            ('(', _) => (Token::Open, 1),
            (')', _) => (Token::Close, 1),
            ('"', _) => {
                let inner = &rest[1..];
                let end = inner.find('"').unwrap_or(inner.len());
                (
                    Token::Text(inner[..end].to_owned()),
                    (end + 2).min(rest.len()),
                )
            }
            (_, Some((text, sign))) => (Token::Sign(*sign), text.len()),
            _ => {
                let end = rest.find(|c: char| {
                    c.is_whitespace() || "()".contains(c) || (!after_sign && ":=<>!\"".contains(c))
                });
                // A lone `!` is a word.
                let end = end.unwrap_or(rest.len()).max(first.len_utf8());
                let word = &rest[..end];
                let token = match word.to_ascii_lowercase().as_str() {
                    "and" | "&&" => Token::And,
                    "or" | "||" => Token::Or,
                    "not" => Token::Not,
                    _ => Token::Text(word.to_owned()),
                };
                (token, end)
            }
        };
        tokens.push(token);
        rest = rest[length..].trim_start();
    }
    tokens
}

/// A field and how it is compared, whose values are being read.
type Of<'a> = (&'a str, Sign);

struct Reader {
    tokens: Vec<Token>,
    at: usize,
    terms: usize,
}

impl Reader {
    fn next_is(&self, token: &Token) -> bool {
        self.tokens.get(self.at) == Some(token)
    }

    fn took(&mut self, token: &Token) -> bool {
        let is = self.next_is(token);
        self.at += usize::from(is);
        is
    }

    /// Alternatives; of `of` the values.
    fn any(&mut self, of: Option<Of<'_>>, depth: usize) -> Result<Wanted, Refusal> {
        if depth > DEPTH_MAX {
            return Err(bad("has too many parentheses"));
        }
        let mut any = vec![self.all(of, depth)?];
        while self.took(&Token::Or) {
            any.push(self.all(of, depth)?);
        }
        Ok(match any.len() {
            1 => any.swap_remove(0),
            _ => Wanted::Any(any),
        })
    }

    fn all(&mut self, of: Option<Of<'_>>, depth: usize) -> Result<Wanted, Refusal> {
        let mut all = Vec::new();
        loop {
            let ends = matches!(
                self.tokens.get(self.at),
                None | Some(Token::Close | Token::Or)
            );
            if ends {
                break;
            }
            if self.took(&Token::And) {
                continue;
            }
            let negative = {
                let mut negative = false;
                while self.took(&Token::Not) {
                    negative = !negative;
                }
                negative
            };
            let one = self.one(of, depth)?;
            all.push(match negative {
                true => Wanted::Not(Box::new(one)),
                false => one,
            });
        }
        Ok(match all.len() {
            1 => all.swap_remove(0),
            _ => Wanted::All(all),
        })
    }

    fn one(&mut self, of: Option<Of<'_>>, depth: usize) -> Result<Wanted, Refusal> {
        if self.took(&Token::Open) {
            let inner = self.any(of, depth + 1)?;
            return match self.took(&Token::Close) {
                true => Ok(inner),
                false => Err(bad("has a parenthesis that is not closed")),
            };
        }
        self.terms += 1;
        if self.terms > TERMS_MAX {
            return Err(bad("has too many terms"));
        }
        let Some(Token::Text(text)) = self.tokens.get(self.at).cloned() else {
            return Err(bad("has a sign without a field or a value"));
        };
        self.at += 1;
        if let Some((field, sign)) = of {
            return term(field, sign, &text);
        }
        let Some(Token::Sign(sign)) = self.tokens.get(self.at) else {
            return Ok(Wanted::Word(text.to_lowercase()));
        };
        let sign = *sign;
        self.at += 1;
        self.one(Some((&text, sign)), depth)
    }
}

fn term(field: &str, sign: Sign, value: &str) -> Result<Wanted, Refusal> {
    let field = field.trim().to_lowercase();
    let lower = value.to_lowercase();
    let unknown = |what: String| bad(&format!("{what} is not known here"));
    let named = |list: &[(&str, &'static str)]| {
        list.iter()
            .find(|(name, _)| *name == field)
            .map(|(_, name)| *name)
    };
    if let Some(name) = named(&NUMBERS) {
        let number = number(name, value)
            .ok_or_else(|| bad(&format!("{field} should be a number or a time")))?;
        return Ok(Wanted::Number(name, sign, number));
    }
    let wanted = match field.as_str() {
        "status" => match lower.as_str() {
            "open" => Wanted::Status(AlertStatus::Open),
            "closed" => Wanted::Status(AlertStatus::Resolved),
            "acked" | "acknowledged" => Wanted::Flag("acknowledged", true),
            "unacked" => Wanted::Flag("acknowledged", false),
            _ => return Err(unknown(format!("the status {value}"))),
        },
        "alias" => Wanted::Alias(value.to_owned()),
        _ => match (named(&FLAGS), named(&TEXTS)) {
            (Some(name), _) => Wanted::Flag(name, lower == "true"),
            (None, Some(name)) => Wanted::Field(name, lower),
            (None, None) => return Err(unknown(format!("the field {field}"))),
        },
    };
    match sign {
        Sign::Is => Ok(wanted),
        Sign::IsNot => Ok(Wanted::Not(Box::new(wanted))),
        _ => Err(bad(&format!("{field} has no order"))),
    }
}

/// A count, or a time: as the API writes it, in milliseconds, or as `31-12-2026`.
fn number(name: &str, value: &str) -> Option<i64> {
    let value = value.trim();
    if let Ok(number) = value.parse() {
        return Some(number);
    }
    if name == "count" {
        return None;
    }
    let (date, rest) = value.split_at_checked(10).unwrap_or((value, ""));
    let turned = match date.split('-').collect::<Vec<_>>()[..] {
        [day, month, year] if year.len() == 4 => format!("{year}-{month}-{day}{rest}"),
        _ => value.to_owned(),
    };
    let turned = match turned.len() {
        10 => format!("{turned}T00:00:00Z"),
        _ => turned,
    };
    match time::read(Some(&Value::String(turned))) {
        Reading::At(at) => Some(at.as_millis()),
        Reading::Unset | Reading::Unreadable => None,
    }
}

fn contains(value: &Value, wanted: &str) -> bool {
    value
        .as_str()
        .is_some_and(|text| text.to_lowercase().contains(wanted.trim_matches('*')))
}

fn equal(value: &Value, wanted: &str) -> bool {
    value
        .as_str()
        .is_some_and(|text| fits(&text.to_lowercase(), wanted))
}

/// With a star at the end, beginning with it.
fn fits(text: &str, wanted: &str) -> bool {
    match wanted.strip_suffix('*') {
        Some(start) => text.starts_with(start),
        None => text == wanted,
    }
}
