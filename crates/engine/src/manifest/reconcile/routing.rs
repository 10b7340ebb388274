//! Rules of global integrations. They are looked at last: they may name services that stand further
//! down in the file.

use std::sync::Arc;

use domain::routing::Routing;
use domain::{IntegrationId, RoutingRuleId};

use super::{Place, Work};
use crate::Error;
use crate::configuration::routing::{RuleInput, compile, recount};
use crate::manifest::document::RoutingEntry;
use crate::manifest::naming::numbered;
use crate::manifest::write::Write;

/// Rules that the file gives an integration.
pub(super) struct Given {
    pub integration: IntegrationId,
    /// Service and name.
    pub label: String,
    pub at: Place,
    /// `None`: it is not global.
    pub rules: Option<Vec<RoutingEntry>>,
}

impl Work<'_> {
    pub(super) fn route(&mut self) {
        for given in std::mem::take(&mut self.routing) {
            self.route_one(given);
        }
    }

    fn route_one(&mut self, given: Given) {
        let Some(door) = self.directory.integrations.get(&given.integration) else {
            return;
        };
        let mut door = (**door).clone();
        let before = door.routing.clone();
        let mut after = Routing {
            on: given.rules.is_some(),
            ..before.clone()
        };
        if let Some(entries) = &given.rules {
            let names = numbered(before.rules.iter().map(|rule| rule.name.as_str()));
            let drafts: Vec<(Option<RoutingRuleId>, RuleInput)> = entries
                .iter()
                .map(|entry| {
                    let at = names.iter().position(|name| *name == entry.name.trim());
                    let known = at.and_then(|at| before.rules.get(at));
                    (known.map(|rule| rule.id), self.routing_rule(entry))
                })
                .collect();
            let directory = self.directory.clone();
            let compiled = compile(&directory, &before, &drafts, || Ok(self.id(RoutingRuleId)));
            match compiled {
                Ok(rules) => after.rules = rules,
                Err(Error::Invalid(problems)) => {
                    for problem in problems {
                        // rules[2].condition
                        let index = problem.field.trim_start_matches("rules[");
                        let index: usize = index
                            .split(']')
                            .next()
                            .and_then(|digits| digits.parse().ok())
                            .unwrap_or(0);
                        let at = entries.get(index).map_or(given.at, |entry| entry.name.at);
                        self.problems(at, vec![problem]);
                    }
                    return;
                }
                Err(error) => return self.fault(given.at, error.to_string()),
            }
        }
        after.rekeyed |= (after.rules.iter()).any(|rule| rule.then.dedup_key.is_some());
        let anew = recount(&before, &mut after, self.now);
        let mut fields = vec![];
        super::put(&mut door.routing, after, "rules", &mut fields);
        if !fields.is_empty() {
            self.writes.push(Write::UpdateRouting {
                integration: door.clone(),
                before,
                anew,
            });
        }
        self.directory.integrations.insert(door.id, Arc::new(door));
        self.change("routing rules of", given.label, false, fields);
    }

    fn routing_rule(&mut self, entry: &RoutingEntry) -> RuleInput {
        let service = entry.service.as_ref().and_then(|slug| {
            let found = self.directory.service_by_slug(slug).map(|one| one.id);
            if found.is_none() {
                self.fault(slug.at, format!("there is no service `{}`", slug.value));
            }
            found
        });
        RuleInput {
            name: entry.name.value.clone(),
            enabled: entry.enabled,
            condition: entry.condition.clone(),
            service,
            severity: entry.severity,
            dedup_key: entry.dedup_key.clone(),
            group_key: entry.group_key.clone(),
            labels: entry.labels.clone().into_iter().collect(),
            suppress: entry.suppress,
            continues: entry.continues,
        }
    }
}
