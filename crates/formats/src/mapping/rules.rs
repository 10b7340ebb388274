//! The rules as they are written and stored.

use domain::word::AlertSeverity;
use serde::{Deserialize, Serialize};

use crate::severity::SeverityWord;

/// Where the fields of signals stand in the requests of one integration.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct MappingRules {
    /// A path that picks one item for each signal; absent: the request is one signal.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub items: Option<String>,
    /// A condition: what does not meet it is left out.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub only_if: Option<String>,
    /// Conditions in this order; without any that holds it is a trigger.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub resolve_if: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub acknowledge_if: Option<String>,
    #[serde(skip_serializing_if = "Source::is_empty")]
    pub summary: Source,
    #[serde(skip_serializing_if = "Source::is_empty")]
    pub dedup_key: Source,
    /// Values that tell conditions apart, when there is no dedup key; else source, summary,
    /// component and class do.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub identity: Vec<Source>,
    #[serde(skip_serializing_if = "SeverityRule::is_empty")]
    pub severity: SeverityRule,
    #[serde(skip_serializing_if = "Source::is_empty")]
    pub source: Source,
    #[serde(skip_serializing_if = "Source::is_empty")]
    pub component: Source,
    #[serde(skip_serializing_if = "Source::is_empty")]
    pub group: Source,
    #[serde(skip_serializing_if = "Source::is_empty")]
    pub class: Source,
    #[serde(skip_serializing_if = "Source::is_empty")]
    pub group_key: Source,
    #[serde(skip_serializing_if = "Source::is_empty")]
    pub timestamp: Source,
    #[serde(skip_serializing_if = "Source::is_empty")]
    pub link: Source,
    /// What is kept of the request; absent: the item, or the body.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub details: Option<String>,
}

/// Where one text comes from. The first of path and expression that has one, else the default.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Source {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub path: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub expression: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub default: Option<String>,
}

impl Source {
    /// Whether it says nothing.
    pub fn is_empty(&self) -> bool {
        *self == Source::default()
    }
}

/// How bad it is: a word or number, translated by the owner's own list before the known words.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct SeverityRule {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub path: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub expression: Option<String>,
    /// From the sender's words, in any case.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub words: Vec<SeverityWord>,
    /// For absent and unknown words; absent: that of the integration, else critical.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub default: Option<AlertSeverity>,
}

impl SeverityRule {
    /// Whether it says nothing.
    pub fn is_empty(&self) -> bool {
        *self == SeverityRule::default()
    }
}

/// What is wrong with a rule.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// The field of the rules: `severity.expression`, `identity[1].path`.
    pub field: String,
    pub reason: String,
}
