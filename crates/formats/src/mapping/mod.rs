//! A sender of one's own: rules that say where in a request the fields of a signal stand. JSONPath
//! (RFC 9535) picks, CEL decides and computes, each with a default (WIRE-FORMATS.md §1.19).
//!
//! A rule sees `body` (JSON, or the fields of a form), `query`, `headers` (names in lower case) and,
//! when `items` picks several, `item`; paths start at `$.body`, `$.query`, `$.headers` or `$.item`.
//!
//! What a rule may cost is bounded: see [`domain::expression`] for expressions and [`path`] for
//! paths; a request with many items shares one budget, and what is out of budget is told.

pub mod path;
mod rules;

use domain::Timestamp;
use domain::expression::{Budget, Expression};
use domain::word::{Action, AlertSeverity};
use serde_json::{Map, Value};

use crate::draft::{Draft, severity_of};
use crate::request::{Encoding, Request};
use crate::severity::{self, Scale, SeverityWord};
use crate::warning::Warnings;
use crate::{FormatError, ITEMS_MAX, Parsed, Rejected, generic, json, key, read};
use path::Path;
pub use rules::{Fault, MappingRules, SeverityRule, Source};

/// Names that expressions may use.
pub const NAMES: [&str; 4] = ["body", "query", "headers", "item"];
/// Steps of all expressions over one request.
const STEPS_MAX: u64 = 2_000_000;
/// Most fields of details, of identity and links.
const LIST_MAX: usize = 50;

/// The body of a request that is JSON, as rules see it: mended where it had to be.
pub fn body_of(text: &str) -> Option<Value> {
    json::inside(text)
}

/// Rules, read once.
#[derive(Clone, Debug)]
pub struct Mapping {
    items: Option<Path>,
    only_if: Option<Expression>,
    resolve_if: Option<Expression>,
    acknowledge_if: Option<Expression>,
    summary: Pick,
    dedup_key: Pick,
    identity: Vec<Pick>,
    severity: Pick,
    words: Vec<SeverityWord>,
    severity_default: Option<AlertSeverity>,
    source: Pick,
    component: Pick,
    group: Pick,
    class: Pick,
    group_key: Pick,
    timestamp: Pick,
    link: Pick,
    details: Option<Path>,
}

#[derive(Clone, Debug, Default)]
struct Pick {
    path: Option<Path>,
    expression: Option<Expression>,
    default: Option<String>,
}

/// Collects faults while rules are read.
struct Reader {
    faults: Vec<Fault>,
    names: &'static [&'static str],
}

impl Reader {
    fn fault(&mut self, field: &str, reason: String) {
        self.faults.push(Fault {
            field: field.to_owned(),
            reason,
        });
    }

    fn path(&mut self, field: &str, text: Option<&String>) -> Option<Path> {
        let text = text
            .map(|text| text.trim())
            .filter(|text| !text.is_empty())?;
        let read = Path::read(text, self.names).and_then(|path| {
            // Anything else would be done once for each item over the whole request.
            let many = self.names.contains(&"item");
            if many && !path.is_of_item() && (field == "details" || !path.is_plain()) {
                return Err(
                    "with `items` set, this path must start with $.item, or name one place such \
                     as $.body.site"
                        .to_owned(),
                );
            }
            Ok(path)
        });
        read.map_err(|reason| self.fault(field, reason)).ok()
    }

    fn expression(&mut self, field: &str, text: Option<&String>) -> Option<Expression> {
        let text = text.filter(|text| !text.trim().is_empty())?;
        Expression::compile_for(text, self.names)
            .map_err(|error| self.fault(field, error.to_string()))
            .ok()
    }

    fn pick(&mut self, field: &str, source: &Source) -> Pick {
        Pick {
            path: self.path(&format!("{field}.path"), source.path.as_ref()),
            expression: self.expression(&format!("{field}.expression"), source.expression.as_ref()),
            default: source
                .default
                .clone()
                .filter(|text| !text.trim().is_empty()),
        }
    }
}

impl MappingRules {
    /// Reads the rules.
    ///
    /// # Errors
    /// Every fault, with the field it is in.
    pub fn check(&self) -> Result<Mapping, Vec<Fault>> {
        let mut reader = Reader {
            faults: Vec::new(),
            names: &NAMES[..3],
        };
        let items = reader.path("items", self.items.as_ref());
        if items.as_ref().is_some_and(Path::searches) {
            // Places in places would be copied over and over.
            reader.fault("items", "this path may not search with `..`".to_owned());
        }
        if self.items.is_some() {
            reader.names = &NAMES;
        }
        for (field, length) in [
            ("identity", self.identity.len()),
            ("severity.words", self.severity.words.len()),
        ] {
            if length > LIST_MAX {
                reader.fault(
                    field,
                    format!("there are {length}, and at most {LIST_MAX} are read"),
                );
            }
        }
        let identity = self
            .identity
            .iter()
            .take(LIST_MAX)
            .enumerate()
            .map(|(at, source)| reader.pick(&format!("identity[{at}]"), source))
            .collect();
        let severity = Source {
            path: self.severity.path.clone(),
            expression: self.severity.expression.clone(),
            default: None,
        };
        let mapping = Mapping {
            items,
            only_if: reader.expression("only_if", self.only_if.as_ref()),
            resolve_if: reader.expression("resolve_if", self.resolve_if.as_ref()),
            acknowledge_if: reader.expression("acknowledge_if", self.acknowledge_if.as_ref()),
            summary: reader.pick("summary", &self.summary),
            dedup_key: reader.pick("dedup_key", &self.dedup_key),
            identity,
            severity: reader.pick("severity", &severity),
            words: self.severity.words.iter().take(LIST_MAX).cloned().collect(),
            severity_default: self.severity.default,
            source: reader.pick("source", &self.source),
            component: reader.pick("component", &self.component),
            group: reader.pick("group", &self.group),
            class: reader.pick("class", &self.class),
            group_key: reader.pick("group_key", &self.group_key),
            timestamp: reader.pick("timestamp", &self.timestamp),
            link: reader.pick("link", &self.link),
            details: reader.path("details", self.details.as_ref()),
        };
        if reader.faults.is_empty() {
            Ok(mapping)
        } else {
            Err(reader.faults)
        }
    }
}

/// Reads a request by rules; see [`Mapping::apply`].
///
/// # Errors
/// When the rules have a fault, or nothing of the request can be read by them.
pub fn apply(
    request: &Request<'_>,
    rules: &MappingRules,
    now: Timestamp,
) -> Result<Parsed, FormatError> {
    let mapping = rules.check().map_err(|faults| faulty(&faults))?;
    mapping.apply(request, Scale::default(), now)
}

/// The refusal of a request whose integration has rules with faults.
pub(crate) fn faulty(faults: &[Fault]) -> FormatError {
    let told = faults
        .first()
        .map(|fault| format!("`{}`: {}", fault.field, fault.reason));
    FormatError::InvalidEvent {
        reason: format!(
            "The mapping of this integration has a fault: {}. Edit it.",
            told.unwrap_or_default()
        ),
    }
}

impl Mapping {
    /// Reads a request. Where the rules do not know a word for its severity, `scale` may.
    ///
    /// # Errors
    /// When it is empty, holds too many items, or is one that cannot be understood.
    pub fn apply(
        &self,
        request: &Request<'_>,
        scale: Scale<'_>,
        now: Timestamp,
    ) -> Result<Parsed, FormatError> {
        let mut scope = scope_of(request)?;
        let mut warnings = Warnings::default();
        let mut parsed = Parsed::default();
        let mut budget = Budget::new(STEPS_MAX);
        let Some(items) = &self.items else {
            match self.one(&scope, scale, now, &mut warnings, &mut budget) {
                Ok(Some(draft)) => parsed.signals.push(draft.finish(WHO, now, &mut warnings)),
                Ok(None) => warnings.note("the condition of the mapping left it out"),
                Err(reason) => return Err(FormatError::InvalidEvent { reason }),
            }
            parsed.warnings = warnings.finish();
            return Ok(parsed);
        };
        let found: Vec<Value> = match &items.all(&scope)[..] {
            // A path to a list means its items.
            [Value::Array(items)] => items.clone(),
            several => several.iter().map(|value| (*value).clone()).collect(),
        };
        if found.len() > ITEMS_MAX {
            return Err(FormatError::TooMany { found: found.len() });
        }
        if found.is_empty() {
            warnings.note("the path of the items picked nothing");
        }
        for (position, item) in found.into_iter().enumerate() {
            warnings.place = format!("item {position}: ");
            if let Value::Object(scope) = &mut scope {
                scope.insert("item".to_owned(), item);
            }
            match self.one(&scope, scale, now, &mut warnings, &mut budget) {
                Ok(Some(draft)) => parsed.signals.push(draft.finish(WHO, now, &mut warnings)),
                Ok(None) => warnings.note("left out by the condition of the mapping"),
                Err(reason) => parsed.rejected.push(Rejected {
                    item: position,
                    reason,
                }),
            }
        }
        parsed.warnings = warnings.finish();
        Ok(parsed)
    }

    fn one(
        &self,
        scope: &Value,
        scale: Scale<'_>,
        now: Timestamp,
        warnings: &mut Warnings,
        budget: &mut Budget,
    ) -> Result<Option<Draft<'static>>, String> {
        // A condition that cannot be evaluated leaves nothing out: better one page too many.
        if !self.holds(
            "only_if",
            self.only_if.as_ref(),
            true,
            scope,
            warnings,
            budget,
        ) {
            return Ok(None);
        }
        let action = if self.holds(
            "resolve_if",
            self.resolve_if.as_ref(),
            false,
            scope,
            warnings,
            budget,
        ) {
            Action::Resolve
        } else if self.holds(
            "acknowledge_if",
            self.acknowledge_if.as_ref(),
            false,
            scope,
            warnings,
            budget,
        ) {
            Action::Acknowledge
        } else {
            Action::Trigger
        };
        let mut text = |field: &str, pick: &Pick| pick.text(field, scope, warnings, budget);
        let inner = scope
            .get("item")
            .or_else(|| scope.get("body"))
            .unwrap_or(&Value::Null);
        // Unmapped, the title is where titles usually are.
        let summary =
            text("summary", &self.summary).or_else(|| read::first(inner, &generic::TITLES));
        let sent_key = text("dedup_key", &self.dedup_key);
        let identity: Vec<String> = self
            .identity
            .iter()
            .map(|pick| text("identity", pick).unwrap_or_default())
            .collect();
        let known = identity.iter().any(|part| !part.is_empty());
        let key = sent_key.or_else(|| {
            let parts: Vec<&str> = identity.iter().map(String::as_str).collect();
            known.then(|| key::of_identity(&parts))
        });
        if summary.is_none() && key.is_none() {
            return Err(
                "The mapping found neither a summary nor a dedup key. Give one of them a path that \
                 is there, or a default."
                    .to_owned(),
            );
        }
        let source = text("source", &self.source);
        let component = text("component", &self.component);
        let group = text("group", &self.group);
        let class = text("class", &self.class);
        let group_key = text("group_key", &self.group_key);
        let link = text("link", &self.link);
        let timestamp = text("timestamp", &self.timestamp);
        let word = text("severity", &self.severity);
        let severity = self.severity_of(word, scale, warnings);
        let details = match &self.details {
            Some(path) => path.first(scope).cloned().unwrap_or_default(),
            None => inner.clone(),
        };
        let at = timestamp.map(Value::String);
        let mut draft = Draft {
            action: Some(action),
            key,
            title: summary,
            source,
            severity: Some(severity),
            component,
            group,
            class,
            group_key,
            links: vec![("Link", link)],
            details,
            ..Draft::default()
        };
        draft.instant = crate::time::or_receipt(at.as_ref(), "timestamp", Some(now), warnings);
        Ok(Some(draft))
    }

    fn holds(
        &self,
        field: &str,
        condition: Option<&Expression>,
        otherwise: bool,
        scope: &Value,
        warnings: &mut Warnings,
        budget: &mut Budget,
    ) -> bool {
        let Some(condition) = condition else {
            return otherwise;
        };
        condition.is_true(scope, budget).unwrap_or_else(|error| {
            warnings.note(format!("{field} could not be evaluated: {error}"));
            otherwise
        })
    }

    fn severity_of(
        &self,
        word: Option<String>,
        scale: Scale<'_>,
        warnings: &mut Warnings,
    ) -> AlertSeverity {
        let scale = match self.severity_default {
            Some(default) => scale.with_default(default),
            None => scale,
        };
        let own = word
            .as_deref()
            .and_then(|word| severity::find(&self.words, word));
        own.unwrap_or_else(|| severity_of(word, scale, warnings))
    }
}

const WHO: &str = "The mapping";

impl Pick {
    fn text(
        &self,
        field: &str,
        scope: &Value,
        warnings: &mut Warnings,
        budget: &mut Budget,
    ) -> Option<String> {
        let picked = self.path.as_ref().and_then(|path| {
            let values = path.all(scope);
            let texts: Vec<String> = values
                .iter()
                .take(LIST_MAX)
                .filter_map(|value| read::scalar(value))
                .collect();
            (!texts.is_empty()).then(|| texts.join(", "))
        });
        picked
            .or_else(|| {
                let computed = self.expression.as_ref()?.text(scope, budget);
                computed
                    .map_err(|error| {
                        warnings.note(format!("{field} could not be computed: {error}"));
                    })
                    .ok()?
                    .filter(|text| !text.trim().is_empty())
            })
            .or_else(|| self.default.clone())
    }
}

/// What rules see of a request.
fn scope_of(request: &Request<'_>) -> Result<Value, FormatError> {
    let (body, encoding) = request.fields();
    let query = request.query_fields();
    let body = match encoding {
        Encoding::Nothing => return Err(FormatError::Empty),
        Encoding::Query => Value::Object(Map::new()),
        _ => body,
    };
    let mut headers = Map::new();
    for (name, value) in request.headers.iter().take(200) {
        // Keys of access are nobody's field.
        let name = name.to_ascii_lowercase();
        if !["authorization", "cookie", "proxy-authorization"].contains(&name.as_str()) {
            headers.entry(name).or_insert_with(|| Value::from(*value));
        }
    }
    let mut scope = Map::new();
    scope.insert("body".to_owned(), body);
    scope.insert("query".to_owned(), Value::Object(query));
    scope.insert("headers".to_owned(), Value::Object(headers));
    Ok(Value::Object(scope))
}
