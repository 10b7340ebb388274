//! Rules of global integrations (PAGING.md §2.1). Every change replaces the list of rules as a
//! whole, in one transaction.

use std::collections::BTreeMap;

use domain::directory::Directory;
use domain::expression::Expression;
use domain::routing::{LABEL_NAME_MAX, LABELS_MAX, Outcome, RULES_MAX, Routing, Rule, Template};
use domain::word::AlertSeverity;
use domain::{IntegrationId, RoutingRuleId, ServiceId, Timestamp};
use serde_json::json;
use store::{Change, Store, service};

use super::check::Checks;
use super::{begin, record};
use crate::access::{self, Right};
use crate::{Error, OpContext};

/// A rule as a form, the API or the configuration file gives it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RuleInput {
    pub name: String,
    pub enabled: bool,
    /// Empty: every signal.
    pub condition: String,
    pub service: Option<ServiceId>,
    pub severity: Option<AlertSeverity>,
    /// Templates; `None` leaves what the monitor sent.
    pub dedup_key: Option<String>,
    pub group_key: Option<String>,
    pub labels: Vec<(String, String)>,
    pub suppress: bool,
    pub continues: bool,
}

impl RuleInput {
    /// The input that makes this rule.
    pub fn of(rule: &Rule) -> RuleInput {
        let source = |template: &Option<Template>| template.as_ref().map(|one| one.source().into());
        let then = &rule.then;
        RuleInput {
            name: rule.name.clone(),
            enabled: rule.enabled,
            condition: rule
                .condition
                .as_ref()
                .map_or_else(String::new, |one| one.source().to_owned()),
            service: then.service,
            severity: then.severity,
            dedup_key: source(&then.dedup_key),
            group_key: source(&then.group_key),
            labels: then
                .labels
                .iter()
                .map(|(name, value)| (name.clone(), value.source().to_owned()))
                .collect(),
            suppress: then.suppress,
            continues: then.continues,
        }
    }

    /// The rule; what is wrong goes to `checks`, under fields that begin with `at`. A rule with
    /// problems is not to be used.
    pub(crate) fn compile(
        &self,
        directory: &Directory,
        id: RoutingRuleId,
        at: &str,
        checks: &mut Checks,
    ) -> Rule {
        let field = |name: &str| format!("{at}{name}");
        let name = checks.name(&field("name"), &self.name);
        let condition = match self.condition.trim() {
            "" => None,
            text => Expression::compile_condition(text)
                .map_err(|error| checks.add(field("condition"), error.to_string()))
                .ok(),
        };
        if self
            .service
            .is_some_and(|id| directory.service(id).is_none())
        {
            checks.add(field("service"), "there is no such service");
        }
        let template = |source: &str, name: &str, checks: &mut Checks| {
            Template::compile(source)
                .map_err(|error| checks.add(field(name), error.to_string()))
                .ok()
        };
        let mut key = |source: &Option<String>, name: &str| {
            source
                .as_ref()
                .and_then(|source| template(source, name, checks))
        };
        let dedup_key = key(&self.dedup_key, "dedup_key");
        let group_key = key(&self.group_key, "group_key");
        if self
            .dedup_key
            .as_ref()
            .is_some_and(|key| key.trim().is_empty())
        {
            checks.add(field("dedup_key"), "an empty key would make all alerts one");
        }
        let mut labels = BTreeMap::new();
        for (label, value) in &self.labels {
            let label = label.trim();
            let odd = label.is_empty()
                || label.chars().count() > LABEL_NAME_MAX
                || label.contains(char::is_control);
            if odd {
                let message = format!("a label has a name of 1 to {LABEL_NAME_MAX} characters");
                checks.add(field("labels"), message);
            } else if let Some(value) = template(value, "labels", checks)
                && labels.insert(label.to_owned(), value).is_some()
            {
                checks.add(field("labels"), format!("`{label}` stands here twice"));
            }
        }
        if labels.len() > LABELS_MAX {
            checks.add(field("labels"), format!("at most {LABELS_MAX} labels"));
        }
        let then = Outcome {
            service: self.service,
            severity: self.severity,
            dedup_key,
            group_key,
            labels,
            suppress: self.suppress,
            continues: self.continues,
        };
        if then.is_nothing() {
            checks.add(
                field("continue"),
                "a rule that continues must change something, or it has no effect",
            );
        }
        Rule {
            id,
            name,
            enabled: self.enabled,
            condition,
            then,
            since: Timestamp(0),
        }
    }
}

/// The rules of a list, each a new one or what becomes of an existing one. `next` supplies ids.
///
/// # Errors
/// [`Error::Invalid`] with fields such as `rules[0].condition`; those of `next`.
pub fn compile(
    directory: &Directory,
    existing: &Routing,
    drafts: &[(Option<RoutingRuleId>, RuleInput)],
    mut next: impl FnMut() -> Result<RoutingRuleId, Error>,
) -> Result<Vec<Rule>, Error> {
    let mut checks = Checks::default();
    if drafts.len() > RULES_MAX {
        checks.add("rules", format!("at most {RULES_MAX} rules"));
    }
    let mut rules: Vec<Rule> = Vec::with_capacity(drafts.len());
    for (index, (id, input)) in drafts.iter().enumerate() {
        let at = format!("rules[{index}].");
        let id = match id {
            None => next()?,
            Some(id) => {
                if existing.rule(*id).is_none() {
                    checks.add(format!("{at}id"), "there is no such rule");
                }
                if rules.iter().any(|rule| rule.id == *id) {
                    checks.add(format!("{at}id"), "this rule stands here twice");
                }
                *id
            }
        };
        rules.push(input.compile(directory, id, &at, &mut checks));
    }
    for (index, rule) in rules.iter().enumerate() {
        let others = rules.iter().enumerate();
        let mut others = others.filter(|(other, _)| *other != index);
        if is_renamed(existing, rule) && others.any(|(_, other)| other.name == rule.name) {
            checks.add(format!("rules[{index}].name"), NAME_TAKEN);
        }
    }
    checks.finish()?;
    Ok(rules)
}

/// What is to become of the rules of an integration.
#[derive(Clone, Debug)]
pub enum RoutingEdit {
    /// Whether the integration is global.
    Switch(bool),
    /// The whole list, in order.
    Replace(Vec<(Option<RoutingRuleId>, RuleInput)>),
    /// At this place, or last.
    Add(RuleInput, Option<usize>),
    Change(RoutingRuleId, RuleInput),
    Enable(RoutingRuleId, bool),
    /// To this place, counted from 0.
    Move(RoutingRuleId, usize),
    Remove(RoutingRuleId),
}

impl RoutingEdit {
    const fn action(&self) -> &'static str {
        match self {
            RoutingEdit::Switch(_) => "routing.switch",
            RoutingEdit::Replace(_) => "routing.replace",
            RoutingEdit::Add(..) => "routing.add",
            RoutingEdit::Change(..) => "routing.edit",
            RoutingEdit::Enable(..) => "routing.enable",
            RoutingEdit::Move(..) => "routing.move",
            RoutingEdit::Remove(_) => "routing.remove",
        }
    }
}

fn place(routing: &Routing, id: RoutingRuleId) -> Result<usize, Error> {
    let mut rules = routing.rules.iter();
    rules
        .position(|rule| rule.id == id)
        .ok_or(Error::NotFound("routing rule"))
}

const NAME_TAKEN: &str = "another rule of the integration has this name";

/// Whether a rule has another name than it had. The configuration file knows rules by their names;
/// one that shares its own may keep it.
fn is_renamed(before: &Routing, rule: &Rule) -> bool {
    let known = before.rule(rule.id);
    known.is_none_or(|known| known.name != rule.name)
}

fn one(
    directory: &Directory,
    before: &Routing,
    id: RoutingRuleId,
    input: &RuleInput,
) -> Result<Rule, Error> {
    let mut checks = Checks::default();
    let rule = input.compile(directory, id, "", &mut checks);
    let mut others = before.rules.iter().filter(|other| other.id != id);
    if is_renamed(before, &rule) && others.any(|other| other.name == rule.name) {
        checks.add("name", NAME_TAKEN);
    }
    checks.finish()?;
    Ok(rule)
}

/// The rules after an edit; since when each is counted is not known here.
///
/// # Errors
/// [`Error::NotFound`] without such a rule, [`Error::Invalid`]; those of `next`.
pub fn edited(
    directory: &Directory,
    before: &Routing,
    edit: &RoutingEdit,
    mut next: impl FnMut() -> Result<RoutingRuleId, Error>,
) -> Result<Routing, Error> {
    let mut routing = before.clone();
    let rules = &mut routing.rules;
    match edit {
        RoutingEdit::Switch(on) => routing.on = *on,
        RoutingEdit::Replace(drafts) => *rules = compile(directory, before, drafts, next)?,
        RoutingEdit::Add(input, at) => {
            if rules.len() >= RULES_MAX {
                return Err(Error::Refused(format!(
                    "an integration has at most {RULES_MAX} rules: join some, or remove those \
                     that never match"
                )));
            }
            let rule = one(directory, before, next()?, input)?;
            rules.insert(at.unwrap_or(rules.len()).min(rules.len()), rule);
        }
        RoutingEdit::Change(id, input) => {
            let at = place(before, *id)?;
            rules[at] = one(directory, before, *id, input)?;
        }
        RoutingEdit::Enable(id, enabled) => rules[place(before, *id)?].enabled = *enabled,
        RoutingEdit::Move(id, to) => {
            let rule = rules.remove(place(before, *id)?);
            rules.insert((*to).min(rules.len()), rule);
        }
        RoutingEdit::Remove(id) => drop(rules.remove(place(before, *id)?)),
    }
    routing.rekeyed |= (routing.rules.iter()).any(|rule| rule.then.dedup_key.is_some());
    Ok(routing)
}

/// Since when each rule is counted: since it is there, or since its condition is what it is. Returns
/// those that are to be counted from nothing.
pub(crate) fn recount(before: &Routing, after: &mut Routing, now: Timestamp) -> Vec<RoutingRuleId> {
    let mut anew = Vec::new();
    for rule in &mut after.rules {
        match before.rule(rule.id) {
            Some(known) if known.condition == rule.condition => rule.since = known.since,
            Some(_) => {
                rule.since = now;
                anew.push(rule.id);
            }
            None => rule.since = now,
        }
    }
    let gone = before.rules.iter().map(|rule| rule.id);
    anew.extend(gone.filter(|id| after.rule(*id).is_none()));
    anew
}

/// Writes the rules of an integration. What rules hold back is looked at: it may page now.
pub(crate) fn write(
    tx: &mut store::Tx<'_>,
    integration: &domain::service::Integration,
    before: &Routing,
    anew: &[RoutingRuleId],
    now: Timestamp,
) -> Result<(), Error> {
    service::update_integration(tx, integration)?;
    release(tx, integration.id, before, anew, now)
}

/// As [`write`], once the integration itself is written.
pub(crate) fn release(
    tx: &mut store::Tx<'_>,
    id: IntegrationId,
    before: &Routing,
    anew: &[RoutingRuleId],
    now: Timestamp,
) -> Result<(), Error> {
    store::routing::forget(tx, id, anew)?;
    let suppressing = before.rules.iter().filter(|rule| rule.then.suppress);
    let holders: Vec<i64> = suppressing.map(|rule| rule.id.0).collect();
    if store::alert::check_held_by(tx, &holders, now)? > 0 {
        tx.changed(Change::Timers);
    }
    Ok(())
}

/// Changes the rules of an integration by several edits, all or none. They hold for signals that come from now on; open alerts
/// stay where they are, but for those that a rule has held back.
///
/// # Errors
/// [`Error::Forbidden`], [`Error::NotFound`], [`Error::Invalid`], [`Error::Refused`] with too many
/// rules, those of the store.
pub async fn edit_routing(
    store: &Store,
    ctx: &OpContext,
    id: IntegrationId,
    edits: Vec<RoutingEdit>,
) -> Result<Routing, Error> {
    access::require(ctx, Right::Configure)?;
    let ctx = *ctx;
    store
        .write(move |tx| {
            let directory = begin(tx)?;
            let mut integration = directory
                .integration(id)
                .cloned()
                .ok_or(Error::NotFound("integration"))?;
            let before = integration.routing;
            let mut after = before.clone();
            for edit in &edits {
                after = edited(&directory, &after, edit, || Ok(tx.id(RoutingRuleId)?))?;
            }
            let anew = recount(&before, &mut after, ctx.now);
            if after == before {
                return Ok(after);
            }
            integration.routing = after.clone();
            write(tx, &integration, &before, &anew, ctx.now)?;
            let details = json!({
                "name": integration.name, "before": told(&before), "after": told(&after),
            });
            let subject = format!("integration:{id}");
            let action = edits.first().map_or("routing.replace", RoutingEdit::action);
            record(tx, &ctx, action, subject, details)?;
            Ok(after)
        })
        .await
}

/// The rules as the audit keeps them.
fn told(routing: &Routing) -> serde_json::Value {
    json!({ "on": routing.on, "rules": routing.rules })
}

/// Why a service cannot be removed: a rule sends signals there.
pub(crate) fn use_of(directory: &Directory, service: ServiceId) -> Option<String> {
    directory.integrations.values().find_map(|door| {
        let mut rules = door.routing.rules.iter();
        let rule = rules.find(|rule| rule.then.service == Some(service))?;
        Some(format!(
            "the routing rule “{}” of the integration {} sends signals there: change it first",
            rule.name, door.name
        ))
    })
}
