//! The way of one signal, and what an alert remembers of it.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{Decision, decide};
use crate::alert::{Alert, AlertText, Identity};
use crate::directory::Directory;
use crate::service::{Integration, Service};
use crate::signal::Signal;
use crate::word::{Action, AlertSeverity};
use crate::{RoutingRuleId, ServiceId};

/// A rule as it was called then.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RuleName {
    pub id: RoutingRuleId,
    pub name: String,
}

/// How an alert of a global integration came to its service; stored with it as JSON.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Route {
    pub service: ServiceId,
    /// The rules that matched, in order; none: the catch-all took it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub rules: Vec<RuleName>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub suppressed_by: Option<RuleName>,
    /// The group that a rule gave it; empty: none. The alert itself keeps its monitor's, by which
    /// the monitor resolves it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub group_key: Option<String>,
    #[serde(default, skip_serializing_if = "Said::is_nothing")]
    pub said: Said,
}

/// What the monitor had said where rules changed it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Said {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub dedup_key: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub severity: Option<AlertSeverity>,
    /// The labels before, null when there were none.
    #[serde(
        skip_serializing_if = "Option::is_none",
        deserialize_with = "even_null"
    )]
    pub labels: Option<Value>,
    /// The details before, where there was no place for labels.
    #[serde(
        skip_serializing_if = "Option::is_none",
        deserialize_with = "even_null"
    )]
    pub details: Option<Value>,
}

fn even_null<'de, D: serde::Deserializer<'de>>(from: D) -> Result<Option<Value>, D::Error> {
    Value::deserialize(from).map(Some)
}

impl Said {
    fn is_nothing(&self) -> bool {
        *self == Said::default()
    }
}

impl Route {
    /// Of a decision about a signal.
    pub fn of(decision: &Decision, signal: &Signal) -> Route {
        let mut said = Said {
            dedup_key: (decision.dedup_key.as_ref())
                .filter(|key| **key != signal.dedup_key)
                .map(|_| signal.dedup_key.clone()),
            severity: (decision.severity)
                .filter(|severity| *severity != signal.severity)
                .map(|_| signal.severity),
            ..Said::default()
        };
        if !decision.labels.is_empty() {
            match &signal.details {
                Value::Object(fields) if fields.get("labels").is_none_or(Value::is_object) => {
                    said.labels = Some(fields.get("labels").cloned().unwrap_or(Value::Null));
                }
                other => said.details = Some(other.clone()),
            }
        }
        Route {
            service: decision.service,
            rules: decision.matched.clone(),
            suppressed_by: decision.suppressed_by.clone(),
            group_key: decision.group_key.clone(),
            said,
        }
    }

    /// `by the rule “Databases”`, `by the catch-all rule`.
    pub fn in_words(&self) -> String {
        match self.rules.as_slice() {
            [] => "by the catch-all rule".to_owned(),
            [one] => format!("by the rule “{}”", one.name),
            several => {
                let names: Vec<String> = several
                    .iter()
                    .map(|rule| format!("“{}”", rule.name))
                    .collect();
                format!("by the rules {}", names.join(", "))
            }
        }
    }
}

impl Alert {
    /// The trigger as the monitor sent it, before rules changed it.
    pub fn as_said(&self) -> Signal {
        let nothing = Said::default();
        let said = self.route.as_ref().map_or(&nothing, |route| &route.said);
        let text = &self.text;
        let mut details = text.details.clone();
        if let Some(before) = &said.details {
            details = before.clone();
        } else if let (Some(before), Value::Object(fields)) = (&said.labels, &mut details) {
            match before {
                Value::Null => drop(fields.remove("labels")),
                labels => drop(fields.insert("labels".to_owned(), labels.clone())),
            }
        }
        Signal {
            action: Action::Trigger,
            dedup_key: said
                .dedup_key
                .clone()
                .unwrap_or_else(|| self.dedup_key.clone()),
            summary: text.summary.clone(),
            source: text.source.clone(),
            severity: said.severity.unwrap_or(text.severity),
            component: text.component.clone(),
            group: text.group.clone(),
            class: text.class.clone(),
            links: text.links.clone(),
            images: text.images.clone(),
            details,
            monitor_time: self.monitor_time,
            group_key: self.group_key.clone(),
            ends_at: self.ends_at,
            delivery: None,
        }
    }
}

/// Where a signal goes, and as what.
#[derive(Clone, Debug)]
pub struct Way<'a> {
    pub integration: &'a Integration,
    /// Where an alert goes that it opens.
    pub service: &'a Service,
    /// As the monitor sent it.
    pub sent: &'a Signal,
    /// What the rules made of it.
    pub signal: Cow<'a, Signal>,
    /// Of the key that the monitor sent.
    pub own: Identity,
    /// Of the key after the rules.
    pub made: Identity,
    /// Of a global integration only.
    pub decision: Option<Decision>,
    pub route: Option<Route>,
}

impl<'a> Way<'a> {
    /// Straight to the service of the integration.
    pub fn straight(
        integration: &'a Integration,
        service: &'a Service,
        signal: &'a Signal,
    ) -> Way<'a> {
        let own = Identity::of(integration.id, &signal.dedup_key);
        Way {
            integration,
            service,
            sent: signal,
            signal: Cow::Borrowed(signal),
            own,
            made: own,
            decision: None,
            route: None,
        }
    }

    /// As the rules of the integration say; `catch_all` is its service.
    pub fn of(
        integration: &'a Integration,
        catch_all: &'a Service,
        signal: &'a Signal,
        directory: &'a Directory,
    ) -> Way<'a> {
        let straight = Way::straight(integration, catch_all, signal);
        if !integration.routing.on {
            return straight;
        }
        let decision = decide(&integration.routing, catch_all.id, directory, signal);
        let made = decision.applied_to(signal);
        Way {
            service: directory.service(decision.service).unwrap_or(catch_all),
            made: match &decision.dedup_key {
                Some(key) => Identity::of(integration.id, key),
                None => straight.own,
            },
            route: Some(Route::of(&decision, signal)),
            signal: made,
            decision: Some(decision),
            ..straight
        }
    }

    /// Who brought it, for timelines: `Prometheus`, `Prometheus by the rule “Databases”`.
    pub fn by(&self) -> String {
        match &self.route {
            Some(route) => format!("{} {}", self.integration.name, route.in_words()),
            None => self.integration.name.clone(),
        }
    }
}

/// Asks the rules again about an alert that has not paged: they may have changed. Its key stays.
pub fn reroute(alert: &mut Alert, directory: &Directory) {
    if alert.incident_id.is_some() {
        return;
    }
    let Some(integration) = directory.integration(alert.integration_id) else {
        return;
    };
    if !integration.routing.on && alert.route.is_none() {
        return;
    }
    let Some(catch_all) = directory.service(integration.service_id) else {
        return;
    };
    let said = alert.as_said();
    let way = Way::of(integration, catch_all, &said, directory);
    alert.text = AlertText::of(&way.signal);
    alert.route = way.route;
    if let Some(route) = &mut alert.route {
        let key = said.dedup_key;
        route.said.dedup_key = Some(key).filter(|key| *key != alert.dedup_key);
    }
}
