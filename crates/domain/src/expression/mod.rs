//! Conditions and small computations that people write, in the Common Expression Language (CEL):
//! typed, total, without side effects. Global routing rules (PAGING.md §2.1) use them over a signal,
//! mappings over a request.
//!
//! It is an own reading of the language over JSON, because everything here must be bounded:
//!
//! - the text has at most [`LENGTH_MAX`] characters, its tree at most [`DEPTH_MAX`] levels, and a
//!   macro stands in at most one other, so that reading it cannot exhaust anything;
//! - evaluating it spends from a [`Budget`]: each step costs one, work on texts and lists costs by
//!   their length, and regular expressions (linear by construction, and literals, compiled once)
//!   by the text they run over. What is out of budget is an error, never a wrong answer.
//!
//! Left out of CEL: bytes, timestamps, durations, protocol buffers, and keys of maps that are no
//! texts. Unsigned literals are read as whole numbers.

mod condition;
mod evaluate;
mod lex;
mod number;
mod parse;
mod tree;
mod value;

#[cfg(test)]
mod tests;

use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::Value;

use crate::signal::Signal;

/// Longest expression, in characters.
pub const LENGTH_MAX: usize = 2_000;
/// Most levels of an expression's tree.
pub const DEPTH_MAX: usize = 60;
/// Steps of one evaluation; the largest sensible conditions take a few hundred.
pub const STEPS_MAX: u64 = 100_000;

/// Names a condition over a signal may use; see [`signal_scope`].
pub const SIGNAL_NAMES: [&str; 12] = [
    "action",
    "dedup_key",
    "summary",
    "source",
    "severity",
    "component",
    "group",
    "class",
    "group_key",
    "labels",
    "details",
    "links",
];

/// Why an expression cannot be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}, at character {position}")]
pub struct ExpressionError {
    /// Counted from 1.
    pub position: usize,
    pub message: String,
}

/// Why an expression has no value for what it was given.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EvaluationError {
    #[error("there is no `{0}`: guard it with has(…)")]
    Missing(String),
    #[error("{0}")]
    Type(String),
    #[error("the work would be too much: compare shorter texts or lists")]
    Exhausted,
}

/// What may still be spent.
#[derive(Clone, Copy, Debug)]
pub struct Budget {
    steps: u64,
}

impl Budget {
    pub const fn new(steps: u64) -> Self {
        Budget { steps }
    }

    pub const fn left(&self) -> u64 {
        self.steps
    }

    fn spend(&mut self, steps: u64) -> Result<(), EvaluationError> {
        match self.steps.checked_sub(steps) {
            Some(left) => {
                self.steps = left;
                Ok(())
            }
            None => {
                self.steps = 0;
                Err(EvaluationError::Exhausted)
            }
        }
    }
}

impl Default for Budget {
    fn default() -> Self {
        Budget::new(STEPS_MAX)
    }
}

/// An expression, read once and evaluated often; cheap to clone. It is stored as its text.
#[derive(Clone)]
pub struct Expression(Arc<Compiled>);

struct Compiled {
    source: String,
    root: tree::Node,
    names: Vec<String>,
}

impl Expression {
    /// Reads an expression.
    ///
    /// # Errors
    /// What is wrong, and where.
    pub fn compile(source: &str) -> Result<Self, ExpressionError> {
        let (root, names) = parse::parse(source)?;
        Ok(Expression(Arc::new(Compiled {
            source: source.to_owned(),
            root,
            names,
        })))
    }

    /// As [`Expression::compile`], when only some names have a value.
    ///
    /// # Errors
    /// Also when another name is used.
    pub fn compile_for(source: &str, known: &[&str]) -> Result<Self, ExpressionError> {
        let expression = Self::compile(source)?;
        expression.check_names(known)?;
        Ok(expression)
    }

    /// Reads a condition over a signal.
    ///
    /// # Errors
    /// Also when it uses a name that signals do not have, or is plainly not true or false.
    pub fn compile_condition(source: &str) -> Result<Self, ExpressionError> {
        let expression = Self::compile_for(source, &SIGNAL_NAMES)?;
        match condition::other_than_truth(&expression.0.root) {
            None => Ok(expression),
            Some(other) => Err(ExpressionError {
                position: 1,
                message: format!(
                    "a condition is true or false, and this is {other}: compare it, such as \
                     severity == 'critical'"
                ),
            }),
        }
    }

    /// Whether all names it uses are among the known ones.
    ///
    /// # Errors
    /// The first that is not.
    pub fn check_names(&self, known: &[&str]) -> Result<(), ExpressionError> {
        match self.names().find(|name| !known.contains(name)) {
            None => Ok(()),
            Some(unknown) => Err(ExpressionError {
                position: self
                    .source()
                    .find(unknown)
                    .map_or(1, |at| self.source()[..at].chars().count() + 1),
                message: format!(
                    "`{unknown}` is not known here; there are {}",
                    known.join(", ")
                ),
            }),
        }
    }

    pub fn source(&self) -> &str {
        &self.0.source
    }

    /// Names from outside that it uses.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.0.names.iter().map(String::as_str)
    }

    /// The value, given an object whose fields are the names.
    ///
    /// # Errors
    /// When something is missing, of another type, or too much work.
    pub fn evaluate(&self, scope: &Value, budget: &mut Budget) -> Result<Value, EvaluationError> {
        evaluate::run(&self.0.root, scope, budget)
    }

    /// The value of a condition.
    ///
    /// # Errors
    /// As [`Expression::evaluate`], and when the value is neither true nor false.
    pub fn is_true(&self, scope: &Value, budget: &mut Budget) -> Result<bool, EvaluationError> {
        match self.evaluate(scope, budget)? {
            Value::Bool(answer) => Ok(answer),
            other => Err(EvaluationError::Type(format!(
                "a condition must be true or false, and this is {}",
                kind(&other)
            ))),
        }
    }

    /// The value as a text; numbers and booleans are written out, null is absent.
    ///
    /// # Errors
    /// As [`Expression::evaluate`], and when the value is a list or a map.
    pub fn text(
        &self,
        scope: &Value,
        budget: &mut Budget,
    ) -> Result<Option<String>, EvaluationError> {
        match self.evaluate(scope, budget)? {
            Value::Null => Ok(None),
            Value::String(text) => Ok(Some(text)),
            value @ (Value::Bool(_) | Value::Number(_)) => Ok(Some(value.to_string())),
            other => Err(EvaluationError::Type(format!(
                "a text was expected, and this is {}",
                kind(&other)
            ))),
        }
    }
}

/// What expressions see of a signal: its fields by the names of [`SIGNAL_NAMES`]. Absent texts are
/// empty, so that comparing them is no error; `labels` are those of its details, if there are any.
pub fn signal_scope(signal: &Signal) -> Value {
    let text = |field: &Option<String>| field.clone().unwrap_or_default();
    let labels = signal
        .details
        .get("labels")
        .filter(|labels| labels.is_object());
    let links: Vec<_> = signal
        .links
        .iter()
        .map(|link| serde_json::json!({ "href": link.href, "text": link.text }))
        .collect();
    serde_json::json!({
        "action": signal.action,
        "dedup_key": signal.dedup_key,
        "summary": signal.summary,
        "source": signal.source,
        "severity": signal.severity,
        "component": text(&signal.component),
        "group": text(&signal.group),
        "class": text(&signal.class),
        "group_key": text(&signal.group_key),
        "labels": labels.cloned().unwrap_or_else(|| serde_json::json!({})),
        "details": match &signal.details {
            Value::Null => serde_json::json!({}),
            details => details.clone(),
        },
        "links": links,
    })
}

/// The beginning of a text, for a message.
fn brief(text: &str) -> String {
    text.chars().take(40).collect()
}

const fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "a boolean",
        Value::Number(_) => "a number",
        Value::String(_) => "a text",
        Value::Array(_) => "a list",
        Value::Object(_) => "a map",
    }
}

impl fmt::Debug for Expression {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Expression({})", self.source())
    }
}

impl fmt::Display for Expression {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.source())
    }
}

impl PartialEq for Expression {
    fn eq(&self, other: &Self) -> bool {
        self.source() == other.source()
    }
}

impl Eq for Expression {}

impl std::str::FromStr for Expression {
    type Err = ExpressionError;

    fn from_str(source: &str) -> Result<Self, Self::Err> {
        Self::compile(source)
    }
}

impl Serialize for Expression {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.source())
    }
}

impl<'de> Deserialize<'de> for Expression {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let source = String::deserialize(deserializer)?;
        Self::compile(&source).map_err(serde::de::Error::custom)
    }
}
