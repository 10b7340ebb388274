//! Global integrations: their rules, the editor of one, and what a try has shown.

use askama::Template;
use domain::{RoutingRuleId, Timestamp};

use super::form::Form;
use super::frame::{Choice, Frame, Link};

/// `GET /routing`.
#[derive(Clone, Debug, Template)]
#[template(path = "routing/list.html")]
pub struct GlobalIntegrationsPage {
    pub frame: Frame,
    pub rows: Vec<GlobalRow>,
    /// By slug: where a new one may stand.
    pub services: Vec<Choice>,
}

#[derive(Clone, Debug)]
pub struct GlobalRow {
    pub name: String,
    pub href: String,
    pub format: String,
    /// Of the catch-all.
    pub service: Option<Link>,
    pub rules: usize,
    /// Rules that have never matched.
    pub idle: usize,
    pub last_signal: Option<Timestamp>,
}

/// `GET /services/{slug}/integrations/{id}/routing`.
#[derive(Clone, Debug, Template)]
#[template(path = "routing/page.html")]
pub struct RoutingPage {
    pub frame: Frame,
    pub service: Link,
    pub integration: Link,
    pub on: bool,
    /// In the order in which they are asked.
    pub rules: Vec<RuleRow>,
    pub rest: Matches,
    /// By id; `service` of the form is the one that takes the rest.
    pub services: Vec<Choice>,
    pub form: Form,
}

#[derive(Clone, Debug)]
pub struct RuleRow {
    pub id: RoutingRuleId,
    pub name: String,
    pub enabled: bool,
    /// Empty: every signal.
    pub condition: String,
    /// `goes to Payments`, `becomes error`.
    pub then: Vec<String>,
    pub continues: bool,
    pub since: Timestamp,
    pub matches: Matches,
}

impl RoutingPage {
    fn act(&self, rule: &RoutingRuleId, act: &str) -> String {
        format!("{}/routing/{rule}/{act}", self.integration.href)
    }
}

/// How often a rule has matched.
#[derive(Clone, Copy, Debug, Default)]
pub struct Matches {
    pub hits: i64,
    pub last: Option<Timestamp>,
}

impl Matches {
    pub fn in_words(&self) -> String {
        match self.hits {
            0 => "no signal yet".to_owned(),
            1 => "1 signal".to_owned(),
            many => format!("{many} signals"),
        }
    }
}

/// `GET /services/{slug}/integrations/{id}/routing/new`, `…/routing/{rule}`. Fields: `name`,
/// `condition` (CEL; empty: every signal), `service` (id or empty), `severity` (or empty),
/// `dedup_key` `group_key` (templates; empty: as it came), `labels` (lines `name=template`),
/// `suppress` `continue` `enabled` (`yes`), `place` (from 0, among the others), `do` (`save` `try`).
#[derive(Clone, Debug, Template)]
#[template(path = "routing/rule.html")]
pub struct RulePage {
    pub frame: Frame,
    pub service: Link,
    pub integration: Link,
    /// `None`: a new one.
    pub rule: Option<RoutingRuleId>,
    /// By id.
    pub services: Vec<Choice>,
    pub severities: Vec<Choice>,
    /// Before which of the others it is asked.
    pub places: Vec<Choice>,
    pub form: Form,
    pub trial: Option<Trial>,
}

impl RulePage {
    /// What conditions and templates may name.
    pub fn names(&self) -> String {
        domain::expression::SIGNAL_NAMES.join(", ")
    }

    fn action(&self) -> String {
        match self.rule {
            Some(rule) => format!("{}/routing/{rule}", self.integration.href),
            None => format!("{}/routing", self.integration.href),
        }
    }
}

/// What a try has shown.
#[derive(Clone, Debug, Default)]
pub struct Trial {
    pub signals: usize,
    pub unread: usize,
    pub changed: usize,
    /// How many of the signals the rule would match.
    pub matches: usize,
    pub warnings: Vec<String>,
    pub rows: Vec<TrialRow>,
}

#[derive(Clone, Debug)]
pub struct TrialRow {
    pub href: String,
    pub at: Timestamp,
    pub summary: String,
    pub changes: Vec<TrialChange>,
    pub rules: String,
}

/// What becomes different, in words; empty texts are `none`.
#[derive(Clone, Debug)]
pub struct TrialChange {
    pub what: &'static str,
    pub from: String,
    pub to: String,
}
