//! What would be different under other rules, and rules in words.

use super::{Decision, Outcome};
use crate::directory::Directory;
use crate::signal::Signal;
use crate::{ServiceId, words};

words! {
    /// What rules may decide about a signal.
    RoutedField {
        Service = "service",
        Severity = "severity",
        DedupKey = "dedup_key",
        GroupKey = "group_key",
        Labels = "labels",
        /// Whether it pages: `yes` or `no`.
        Suppressed = "suppressed",
    }
}

/// One thing that two decisions about a signal differ in; texts for people, empty for nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Difference {
    pub field: RoutedField,
    pub from: String,
    pub to: String,
}

fn service_name(directory: &Directory, id: ServiceId) -> String {
    directory
        .service(id)
        .map_or_else(|| "a former service".to_owned(), |one| one.name.clone())
}

/// What would become different for a signal.
pub fn differences(
    signal: &Signal,
    before: &Decision,
    after: &Decision,
    directory: &Directory,
) -> Vec<Difference> {
    let labels = |decision: &Decision| {
        let labels: Vec<String> = decision
            .labels
            .iter()
            .map(|(name, value)| format!("{name}={value}"))
            .collect();
        labels.join(", ")
    };
    let yes = |decision: &Decision| match decision.suppressed_by {
        Some(_) => "yes".to_owned(),
        None => "no".to_owned(),
    };
    let (was, is) = (before.applied_to(signal), after.applied_to(signal));
    let mut found = Vec::new();
    let mut add = |field, differs: bool, from: &dyn Fn() -> String, to: &dyn Fn() -> String| {
        if differs {
            let (from, to) = (from(), to());
            found.push(Difference { field, from, to });
        }
    };
    add(
        RoutedField::Service,
        before.service != after.service,
        &|| service_name(directory, before.service),
        &|| service_name(directory, after.service),
    );
    add(
        RoutedField::Suppressed,
        before.suppressed_by.is_some() != after.suppressed_by.is_some(),
        &|| yes(before),
        &|| yes(after),
    );
    add(
        RoutedField::Severity,
        was.severity != is.severity,
        &|| was.severity.to_string(),
        &|| is.severity.to_string(),
    );
    add(
        RoutedField::DedupKey,
        was.dedup_key != is.dedup_key,
        &|| was.dedup_key.clone(),
        &|| is.dedup_key.clone(),
    );
    add(
        RoutedField::GroupKey,
        was.group_key != is.group_key,
        &|| was.group_key.clone().unwrap_or_default(),
        &|| is.group_key.clone().unwrap_or_default(),
    );
    add(
        RoutedField::Labels,
        before.labels != after.labels,
        &|| labels(before),
        &|| labels(after),
    );
    found
}

impl Outcome {
    /// What happens to a signal that matches: `goes to Payments · severity error · suppressed`.
    pub fn in_words(&self, directory: &Directory) -> Vec<String> {
        let mut parts = Vec::new();
        if let Some(service) = self.service {
            parts.push(format!("goes to {}", service_name(directory, service)));
        }
        if self.suppress {
            parts.push("is recorded and pages nobody".to_owned());
        }
        if let Some(severity) = self.severity {
            parts.push(format!("becomes {severity}"));
        }
        if let Some(key) = &self.dedup_key {
            parts.push(format!("gets the dedup key {key}"));
        }
        if let Some(key) = &self.group_key {
            parts.push(match key.source() {
                "" => "is grouped with nothing".to_owned(),
                source => format!("gets the group key {source}"),
            });
        }
        for (name, value) in &self.labels {
            parts.push(format!("gets the label {name}={value}"));
        }
        if parts.is_empty() {
            parts.push("goes to the catch-all as it came".to_owned());
        }
        parts
    }
}
