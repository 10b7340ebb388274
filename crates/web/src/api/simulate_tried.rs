//! What the what-if tries that is not saved.

use domain::directory::Directory;
use domain::policy::PolicyConfig;
use domain::schedule::ScheduleConfig;
use domain::suppression::SuppressionKind;
use domain::what_if::{PolicyDraft, ScheduleDraft, ServiceDraft};
use domain::{SuppressionId, Timestamp};
use engine::Error;
use engine::what_if::WindowDraft;
use serde::Deserialize;
use utoipa::ToSchema;

use super::service_rules::ServiceRulesEdit;
use super::suppression::SuppressionBody;
use super::words;
use crate::error::WebError;

/// A policy as it would be.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct TriedPolicy {
    /// Slug of the policy that is changed; a new one when absent.
    #[serde(default)]
    slug: Option<String>,
    /// `{"steps": [{"targets": [{"user": 1}], "wait": 300}], "repeats": 2}`: targets (`user`,
    /// `schedule`, `team`, `channel`) by id, waits in
    /// seconds. When absent, as it is saved.
    #[serde(default)]
    #[schema(value_type = Option<Object>)]
    config: Option<PolicyConfig>,
}

/// A schedule as it would be.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct TriedSchedule {
    /// Slug of the schedule that is changed; a new one when absent.
    #[serde(default)]
    slug: Option<String>,
    /// Zone and layers, people by id.
    #[schema(value_type = Object)]
    config: ScheduleConfig,
    /// From when it speaks (RFC 3339); now when absent.
    #[serde(default)]
    #[schema(value_type = Option<String>, format = DateTime)]
    effective_from: Option<Timestamp>,
}

/// A service as it would be.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct TriedService {
    /// Slug of the service that is changed; a new one when absent.
    #[serde(default)]
    slug: Option<String>,
    /// Slug of its policy; as it is saved when absent.
    #[serde(default)]
    policy: Option<String>,
    /// As to `PUT /services/{slug}/rules`; what is absent is as it is saved.
    #[serde(default)]
    rules: Option<ServiceRulesEdit>,
}

/// A maintenance window or silence as it would be.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct TriedWindow {
    /// `maintenance` or `silence`.
    #[schema(schema_with = words::suppression_kind)]
    kind: SuppressionKind,
    /// Id of the one that is changed; a new one when absent.
    #[serde(default)]
    id: Option<i64>,
    /// As to `POST /maintenance-windows` and `POST /silences`; the comment may be empty.
    config: SuppressionBody,
}

impl TriedPolicy {
    pub(super) fn draft(self, directory: &Directory) -> Result<PolicyDraft, WebError> {
        let existing = match &self.slug {
            Some(slug) => {
                let found = directory.policy_by_slug(slug);
                Some(found.ok_or(Error::NotFound("policy"))?)
            }
            None => None,
        };
        let config = self
            .config
            .or_else(|| existing.map(|policy| policy.current.config.clone()))
            .ok_or_else(|| Error::invalid("policy.config", "say what the policy is"))?;
        Ok(PolicyDraft {
            id: existing.map(|policy| policy.id),
            name: existing
                .map(|policy| policy.name.clone())
                .unwrap_or_default(),
            config,
        })
    }
}

impl TriedSchedule {
    pub(super) fn draft(
        self,
        directory: &Directory,
        now: Timestamp,
    ) -> Result<ScheduleDraft, WebError> {
        let existing = match &self.slug {
            Some(slug) => {
                let found = directory.schedule_by_slug(slug);
                Some(found.ok_or(Error::NotFound("schedule"))?)
            }
            None => None,
        };
        Ok(ScheduleDraft {
            id: existing.map(|schedule| schedule.id),
            name: existing.map(|one| one.name.clone()).unwrap_or_default(),
            config: self.config,
            effective_from: self.effective_from.unwrap_or(now),
        })
    }
}

impl TriedService {
    pub(super) fn draft(self, directory: &Directory) -> Result<ServiceDraft, WebError> {
        let existing = match &self.slug {
            Some(slug) => {
                let found = directory.service_by_slug(slug);
                Some(found.ok_or(Error::NotFound("service"))?)
            }
            None => None,
        };
        let policy = match &self.policy {
            Some(slug) => {
                let found = directory.policy_by_slug(slug);
                Some(found.ok_or(Error::NotFound("policy"))?.id)
            }
            None => existing.and_then(|service| service.policy_id),
        };
        let saved = existing
            .map(|service| service.settings.clone())
            .unwrap_or_default();
        let settings = match self.rules {
            Some(rules) => rules.settings(&saved)?,
            None => saved,
        };
        Ok(ServiceDraft {
            id: existing.map(|service| service.id),
            name: existing.map(|one| one.name.clone()).unwrap_or_default(),
            policy,
            settings,
        })
    }
}

impl TriedWindow {
    pub(super) fn draft(
        self,
        directory: &Directory,
        now: Timestamp,
    ) -> Result<WindowDraft, WebError> {
        Ok(WindowDraft {
            id: self.id.map(SuppressionId),
            input: self.config.input(self.kind, directory, now)?,
        })
    }
}
