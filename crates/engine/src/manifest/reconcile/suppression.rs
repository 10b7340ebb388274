//! Maintenance windows, silences and rules of inhibition.

use std::sync::Arc;

use domain::suppression::{Matcher, Suppression, SuppressionKind};
use domain::word::{AccountRole, Origin};
use domain::{InhibitionId, IntegrationId, ServiceId, SuppressionId};

use super::Work;
use crate::configuration::inhibition::{self, InhibitionInput};
use crate::configuration::suppression::{SuppressionInput, checked};
use crate::manifest::document::{InhibitionEntry, SuppressionEntry};
use crate::manifest::naming::{numbered, recurring};
use crate::manifest::value::{Located, Place};
use crate::manifest::write::Write;
use crate::{Error, OpContext};

/// Who made what stands in the file.
const AUTHOR: &str = "the configuration file";

impl Work<'_> {
    pub(super) fn suppression(&mut self, kind: SuppressionKind, entry: &SuppressionEntry) {
        let at = entry.comment.at;
        let noun = match kind {
            SuppressionKind::Maintenance => "maintenance window",
            _ => "silence",
        };
        let name = entry.comment.trim().to_owned();
        if !self.first(noun, &name, at) {
            return;
        }
        let faults = self.faults.len();
        let services = self.services_named(entry.services.as_deref());
        let integrations = self.integrations_named(entry.integrations.as_deref());
        let matchers = self.matchers(entry.matchers.as_deref());
        let mut named = recurring(&self.directory, kind).into_iter();
        let existing = named
            .find(|(known, _)| *known == name)
            .map(|(_, one)| one)
            .or_else(|| {
                let all = self.directory.suppressions.values();
                all.filter(|one| one.kind == kind && one.comment == name)
                    .min_by_key(|one| one.id)
            })
            .cloned();
        if self.faults.len() > faults {
            return;
        }
        let starts_at = match (&entry.starts_at, &existing) {
            (Some(start), _) => start.value,
            (None, Some(existing)) => existing.starts_at,
            (None, None) => return self.fault(at, "starts_at: a new one needs it"),
        };
        let ends_at = match (&entry.lasts, &existing) {
            (Some(lasts), _) => starts_at + lasts.value.0,
            (None, Some(existing)) => starts_at + existing.ends_at.since(existing.starts_at),
            (None, None) => return self.fault(at, "lasts: a new one needs it"),
        };
        let before = existing.as_deref();
        let kept =
            |recurrence: &Option<Option<Located<String>>>, before: Option<String>| match recurrence
            {
                None => before,
                Some(rule) => rule.as_ref().map(|rule| rule.value.clone()),
            };
        let input = SuppressionInput {
            kind,
            services: match services {
                Some(services) => services,
                None => before.map(|one| one.services.clone()).unwrap_or_default(),
            },
            integrations: match integrations {
                Some(integrations) => integrations,
                None => before
                    .map(|one| one.integrations.clone())
                    .unwrap_or_default(),
            },
            matchers: match matchers {
                Some(matchers) => matchers,
                None => before.map(|one| one.matchers.clone()).unwrap_or_default(),
            },
            starts_at,
            ends_at,
            recurrence: kept(
                &entry.recurrence,
                before.and_then(|one| one.recurrence.clone()),
            ),
            zone: match &entry.zone {
                Some(zone) => Some(zone.value.clone()),
                None => before.map(|one| one.zone.clone()),
            },
            comment: name.clone(),
            author: Some(AUTHOR.to_owned()),
        };
        let fields = before.map(|before| changed(before, &input));
        if let Some(fields) = &fields
            && fields.is_empty()
        {
            return self.change(noun, name, false, Vec::new());
        }
        let id = match before {
            Some(before) => before.id,
            None => self.id(SuppressionId),
        };
        let ctx = OpContext::token(AccountRole::Admin, Origin::Cli, self.now);
        match checked(&ctx, &self.directory, input, id, before) {
            Ok((one, reached)) => {
                self.writes.push(match before {
                    None => Write::InsertSuppression(one.clone(), reached),
                    Some(_) => Write::UpdateSuppression(one.clone(), reached),
                });
                self.directory.suppressions.insert(id, Arc::new(one));
                let created = fields.is_none();
                self.change(noun, name, created, fields.unwrap_or_default());
            }
            Err(error) => self.refused(at, error),
        }
    }

    pub(super) fn inhibition(&mut self, entry: &InhibitionEntry) {
        let at = entry.name.at;
        let name = entry.name.trim().to_owned();
        if !self.first("inhibition", &name, at) {
            return;
        }
        let faults = self.faults.len();
        let source = self.matchers(entry.source.as_deref());
        let target = self.matchers(entry.target.as_deref());
        let rules = self.directory.inhibitions.values();
        let names = numbered(rules.clone().map(|one| one.name.as_str()));
        let mut named = names.iter().zip(rules);
        let existing = named
            .find(|(known, _)| **known == name)
            .map(|(_, one)| one.clone());
        let before = existing.as_deref();
        let team_id = self.team_of(entry.team.as_ref(), before.and_then(|one| one.team_id));
        if self.faults.len() > faults {
            return;
        }
        let source = source.or_else(|| before.map(|one| one.source.clone()));
        let target = target.or_else(|| before.map(|one| one.target.clone()));
        let equal = entry.equal.clone();
        let input = InhibitionInput {
            name: name.clone(),
            team_id,
            source: source.unwrap_or_default(),
            target: target.unwrap_or_default(),
            equal: equal
                .or_else(|| before.map(|one| one.equal.clone()))
                .unwrap_or_default(),
        };
        let id = match before {
            Some(before) => before.id,
            None => self.id(InhibitionId),
        };
        let ctx = OpContext::token(AccountRole::Admin, Origin::Cli, self.now);
        match inhibition::checked(&ctx, &self.directory, input, id, before) {
            Ok(one) => {
                let mut fields = vec![];
                if let Some(before) = before {
                    for (field, same) in [
                        ("name", before.name == one.name),
                        ("team", before.team_id == one.team_id),
                        ("source", before.source == one.source),
                        ("target", before.target == one.target),
                        ("equal", before.equal == one.equal),
                    ] {
                        if !same {
                            fields.push(field);
                        }
                    }
                    if !fields.is_empty() {
                        self.writes.push(Write::UpdateInhibition(one.clone()));
                    }
                } else {
                    self.writes.push(Write::InsertInhibition(one.clone()));
                }
                self.directory.inhibitions.insert(id, Arc::new(one));
                self.change("inhibition", name, before.is_none(), fields);
            }
            Err(error) => self.refused(at, error),
        }
    }

    fn refused(&mut self, at: Place, error: Error) {
        match error {
            Error::Invalid(problems) => self.problems(at, problems),
            other => self.fault(at, other.to_string()),
        }
    }

    /// `None` when they are not mentioned.
    fn services_named(&mut self, slugs: Option<&[Located<String>]>) -> Option<Vec<ServiceId>> {
        let mut found = Vec::new();
        for slug in slugs? {
            match self.directory.service_by_slug(slug) {
                Some(service) => found.push(service.id),
                None => self.fault(slug.at, format!("there is no service `{}`", slug.value)),
            }
        }
        Some(found)
    }

    /// `None` when they are not mentioned.
    fn integrations_named(
        &mut self,
        names: Option<&[Located<String>]>,
    ) -> Option<Vec<IntegrationId>> {
        let mut found = Vec::new();
        for given in names? {
            let named = given.split_once('/').and_then(|(slug, name)| {
                let service = self.directory.service_by_slug(slug.trim())?.id;
                let mut all = self.directory.integrations.values();
                all.find(|one| one.service_id == service && one.name == name.trim())
            });
            match named {
                Some(integration) => found.push(integration.id),
                None => self.fault(
                    given.at,
                    format!(
                        "there is no integration `{}`: write the service's slug and the \
                         integration's name, such as shop/Prometheus",
                        given.value
                    ),
                ),
            }
        }
        Some(found)
    }

    /// `None` when they are not mentioned.
    fn matchers(&mut self, given: Option<&[Located<String>]>) -> Option<Vec<Matcher>> {
        let mut read = Vec::new();
        for text in given? {
            match Matcher::parse(text) {
                Ok(matcher) => read.push(matcher),
                Err(error) => self.fault(text.at, error.to_string()),
            }
        }
        Some(read)
    }
}

fn changed(before: &Suppression, input: &SuppressionInput) -> Vec<&'static str> {
    let zone = input.zone.as_deref().unwrap_or("UTC");
    let length = |from: domain::Timestamp, until: domain::Timestamp| until.since(from);
    [
        ("comment", before.comment == input.comment),
        ("services", before.services == input.services),
        ("integrations", before.integrations == input.integrations),
        ("matchers", before.matchers == input.matchers),
        ("starts_at", before.starts_at == input.starts_at),
        (
            "lasts",
            length(before.starts_at, before.ends_at) == length(input.starts_at, input.ends_at),
        ),
        ("recurrence", before.recurrence == input.recurrence),
        ("zone", before.zone == zone),
    ]
    .into_iter()
    .filter(|(_, same)| !same)
    .map(|(field, _)| field)
    .collect()
}
