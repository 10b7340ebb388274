//! Global integrations: ordered rules say which service a signal goes to, and as what (PAGING.md
//! §2.1).
//!
//! A rule whose condition holds changes what the signal says and names a service; the first such
//! rule ends it unless it continues. An integration keeps a service of its own, which takes what
//! no rule has sent elsewhere: that is the catch-all, and as it is no row it cannot be deleted. Each
//! rule sees what those before it have made of the signal.
//!
//! Whatever goes wrong, the signal arrives: a rule that cannot be evaluated does not match, a text
//! that cannot be composed is left as the monitor sent it, and both leave a warning.

mod rehearsal;
mod route;
mod template;
#[cfg(test)]
mod tests;

use std::borrow::Cow;
use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use crate::directory::Directory;
use crate::expression::{Budget, EvaluationError, Expression, signal_scope};
use crate::signal::{DEDUP_KEY_MAX, Signal};
use crate::word::AlertSeverity;
use crate::{RoutingRuleId, ServiceId, Timestamp};

pub use rehearsal::{Difference, RoutedField, differences};
pub use route::{Route, RuleName, Said, Way, reroute};
pub use template::{TEMPLATE_MAX, Template, TemplateError};

/// Most rules of an integration.
pub const RULES_MAX: usize = 100;
/// Most labels that one rule adds, and the longest name and value of one, in characters.
pub const LABELS_MAX: usize = 10;
pub const LABEL_NAME_MAX: usize = 100;
pub const LABEL_VALUE_MAX: usize = 1_000;
/// Longest group key that a rule makes, in characters.
pub const GROUP_KEY_MAX: usize = 255;
/// Steps that all rules together may spend on one signal: hundreds of sensible conditions.
pub const STEPS_MAX: u64 = 50_000;
/// Under this id the catch-all's signals are counted.
pub const CATCH_ALL: RoutingRuleId = RoutingRuleId(0);

/// The rules of an integration, in order; stored as JSON.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Routing {
    /// Whether the integration is global. Rules of one that is not any more are kept.
    pub on: bool,
    pub rules: Vec<Rule>,
    /// A rule has made dedup keys at some time, so that keys of the monitor may lead to alerts with
    /// other keys.
    pub rekeyed: bool,
}

/// One rule.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rule {
    pub id: RoutingRuleId,
    pub name: String,
    pub enabled: bool,
    /// `None`: every signal.
    #[serde(default)]
    pub condition: Option<Expression>,
    #[serde(flatten)]
    pub then: Outcome,
    /// Since when its signals are counted: when it was made, or its condition was changed.
    pub since: Timestamp,
}

/// What a rule does with a signal.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Outcome {
    /// `None`: where it would have gone without the rule.
    pub service: Option<ServiceId>,
    pub severity: Option<AlertSeverity>,
    pub dedup_key: Option<Template>,
    /// An empty text: no group.
    pub group_key: Option<Template>,
    pub labels: BTreeMap<String, Template>,
    /// Alerts are recorded and page nobody.
    pub suppress: bool,
    /// Later rules are asked, too.
    #[serde(rename = "continue")]
    pub continues: bool,
}

impl Outcome {
    /// Whether a rule would have no effect: it changes nothing and ends nothing.
    pub fn is_nothing(&self) -> bool {
        let nothing = Outcome {
            continues: true,
            ..Outcome::default()
        };
        *self == nothing
    }
}

impl Routing {
    pub fn rule(&self, id: RoutingRuleId) -> Option<&Rule> {
        self.rules.iter().find(|rule| rule.id == id)
    }

    /// Services that rules send to.
    pub fn services(&self) -> impl Iterator<Item = ServiceId> + '_ {
        self.rules.iter().filter_map(|rule| rule.then.service)
    }
}

/// What a rule said to a signal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    Matched,
    NotMatched,
    /// It is switched off.
    Off,
    /// Its condition has no value for this signal, so that it did not match.
    Failed(EvaluationError),
}

/// What the rules made of a signal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Decision {
    pub service: ServiceId,
    /// The rules that matched, in order.
    pub matched: Vec<RuleName>,
    /// No rule ended it: it goes to the catch-all, or where the last rule that continued said.
    pub fell_through: bool,
    pub suppressed_by: Option<RuleName>,
    pub severity: Option<AlertSeverity>,
    pub dedup_key: Option<String>,
    /// Empty: no group.
    pub group_key: Option<String>,
    pub labels: BTreeMap<String, String>,
    /// What every rule that was asked said, in order.
    pub trace: Vec<(RoutingRuleId, Verdict)>,
    /// What went wrong, for those who look after the integration.
    pub warnings: Vec<String>,
}

/// Asks the rules. `catch_all` is the service of the integration.
pub fn decide(
    routing: &Routing,
    catch_all: ServiceId,
    directory: &Directory,
    signal: &Signal,
) -> Decision {
    let mut asked = Asked {
        decision: Decision {
            service: catch_all,
            matched: vec![],
            fell_through: true,
            suppressed_by: None,
            severity: None,
            dedup_key: None,
            group_key: None,
            labels: BTreeMap::new(),
            trace: Vec::with_capacity(routing.rules.len()),
            warnings: vec![],
        },
        scope: None,
        budget: Budget::new(STEPS_MAX),
        signal,
    };
    for rule in &routing.rules {
        let verdict = asked.holds(rule);
        let matched = verdict == Verdict::Matched;
        if let Verdict::Failed(why) = &verdict {
            let warning = format!("the routing rule “{}” could not be asked: {why}", rule.name);
            asked.decision.warnings.push(warning);
        }
        asked.decision.trace.push((rule.id, verdict));
        if !matched {
            continue;
        }
        asked.carry_out(rule, directory);
        if !rule.then.continues {
            asked.decision.fell_through = false;
            break;
        }
    }
    asked.decision
}

struct Asked<'a> {
    decision: Decision,
    /// What expressions see; made when the first wants it.
    scope: Option<Value>,
    budget: Budget,
    signal: &'a Signal,
}

impl Asked<'_> {
    fn holds(&mut self, rule: &Rule) -> Verdict {
        if !rule.enabled {
            return Verdict::Off;
        }
        let Some(condition) = &rule.condition else {
            return Verdict::Matched;
        };
        let scope = self.scope.get_or_insert_with(|| signal_scope(self.signal));
        match condition.is_true(scope, &mut self.budget) {
            Ok(true) => Verdict::Matched,
            Ok(false) => Verdict::NotMatched,
            Err(why) => Verdict::Failed(why),
        }
    }

    /// The texts are composed first: none of them sees what the rule itself does.
    fn carry_out(&mut self, rule: &Rule, directory: &Directory) {
        let then = &rule.then;
        let dedup_key = self.compose(rule, "dedup key", then.dedup_key.as_ref());
        let group_key = self.compose(rule, "group key", then.group_key.as_ref());
        let mut labels = BTreeMap::new();
        for (name, value) in &then.labels {
            if let Some(text) = self.compose(rule, name, Some(value)) {
                labels.insert(name.clone(), bounded(text, LABEL_VALUE_MAX));
            }
        }
        let named = RuleName {
            id: rule.id,
            name: rule.name.clone(),
        };
        if let Some(service) = then.service {
            if directory.service(service).is_some() {
                self.decision.service = service;
            } else {
                let warning = format!(
                    "the routing rule “{}” names a service that is gone",
                    rule.name
                );
                self.decision.warnings.push(warning);
            }
        }
        match dedup_key {
            // A key is what tells alerts apart: without one all would be the same.
            Some(key) if key.trim().is_empty() => {
                let warning = format!(
                    "the routing rule “{}” made an empty dedup key: the monitor's own is used",
                    rule.name
                );
                self.decision.warnings.push(warning);
            }
            Some(key) => {
                let key = bounded(key, DEDUP_KEY_MAX);
                self.seen("dedup_key", json!(key));
                self.decision.dedup_key = Some(key);
            }
            None => {}
        }
        if let Some(key) = group_key {
            let key = bounded(key, GROUP_KEY_MAX);
            self.seen("group_key", json!(key));
            self.decision.group_key = Some(key);
        }
        if let Some(severity) = then.severity {
            self.seen("severity", json!(severity));
            self.decision.severity = Some(severity);
        }
        for (name, value) in labels {
            if let Some(Value::Object(known)) = self
                .scope
                .as_mut()
                .and_then(|scope| scope.get_mut("labels"))
            {
                known.insert(name.clone(), json!(value));
            }
            self.decision.labels.insert(name, value);
        }
        if then.suppress && self.decision.suppressed_by.is_none() {
            self.decision.suppressed_by = Some(named.clone());
        }
        self.decision.matched.push(named);
    }

    fn compose(&mut self, rule: &Rule, what: &str, template: Option<&Template>) -> Option<String> {
        let scope = self.scope.get_or_insert_with(|| signal_scope(self.signal));
        match template?.compose(scope, &mut self.budget) {
            Ok(text) => Some(text.replace('\0', "\u{fffd}")),
            Err(why) => {
                let warning = format!(
                    "the routing rule “{}” could not make the {what}, which stays as it was: {why}",
                    rule.name
                );
                self.decision.warnings.push(warning);
                None
            }
        }
    }

    /// What later rules see.
    fn seen(&mut self, name: &str, value: Value) {
        if let Some(slot) = self.scope.as_mut().and_then(|scope| scope.get_mut(name)) {
            *slot = value;
        }
    }
}

impl Decision {
    /// What the signal says after the rules.
    pub fn applied_to<'s>(&self, signal: &'s Signal) -> Cow<'s, Signal> {
        let changes = self.severity.is_some()
            || self.dedup_key.is_some()
            || self.group_key.is_some()
            || !self.labels.is_empty();
        if !changes {
            return Cow::Borrowed(signal);
        }
        let mut made = signal.clone();
        made.severity = self.severity.unwrap_or(made.severity);
        if let Some(key) = &self.dedup_key {
            made.dedup_key.clone_from(key);
        }
        if let Some(key) = &self.group_key {
            made.group_key = Some(key.clone()).filter(|key| !key.is_empty());
        }
        if !self.labels.is_empty() {
            label(&mut made.details, &self.labels);
        }
        Cow::Owned(made)
    }
}

/// Adds labels where those of monitors are. Details that have no place for them are kept beside.
fn label(details: &mut Value, labels: &BTreeMap<String, String>) {
    let fits = match &*details {
        Value::Object(fields) => fields.get("labels").is_none_or(Value::is_object),
        _ => false,
    };
    if !fits {
        *details = match details.take() {
            Value::Null => json!({}),
            other => json!({ "sent": other }),
        };
    }
    let slot = &mut details["labels"];
    if slot.is_null() {
        *slot = json!({});
    }
    for (name, value) in labels {
        slot[name.as_str()] = json!(value);
    }
}

/// Keeps the beginning readable and the whole distinct.
fn bounded(text: String, most: usize) -> String {
    if text.chars().nth(most).is_none() {
        return text;
    }
    let digest = Sha256::digest(text.as_bytes());
    let mut short: String = text.chars().take(most - 17).collect();
    short.push('…');
    short.extend(digest[..8].iter().map(|byte| format!("{byte:02x}")));
    short
}
