//! The configuration as rules see it: one immutable snapshot of people, schedules, policies,
//! services and integrations, with a generation number that rises with every change.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::alert::Alert;
use crate::channel::Channel;
use crate::policy::{Policy, Target};
use crate::reminder::Wishes;
use crate::schedule::{HolidayCalendar, Schedule};
use crate::service::{Integration, Service};
use crate::suppression::{Inhibition, Suppression};
use crate::word::{AccountRole, ContactKind, Urgency};
use crate::{
    ChannelId, ContactMethodId, HolidayCalendarId, InhibitionId, IntegrationId, NotificationRuleId,
    PolicyId, ScheduleId, ServiceId, Span, SuppressionId, TeamId, Timestamp, UserId,
};

/// One generation of the whole configuration. Maps are ordered so that everything derived from
/// them is deterministic.
#[derive(Clone, Debug, Default)]
pub struct Directory {
    pub generation: i64,
    pub users: BTreeMap<UserId, Arc<User>>,
    pub teams: BTreeMap<TeamId, Arc<Team>>,
    pub schedules: BTreeMap<ScheduleId, Arc<Schedule>>,
    pub calendars: BTreeMap<HolidayCalendarId, Arc<HolidayCalendar>>,
    pub policies: BTreeMap<PolicyId, Arc<Policy>>,
    pub channels: BTreeMap<ChannelId, Arc<Channel>>,
    pub services: BTreeMap<ServiceId, Arc<Service>>,
    pub integrations: BTreeMap<IntegrationId, Arc<Integration>>,
    /// SHA-256 of an integration's key → the integration.
    pub integration_keys: BTreeMap<[u8; 32], IntegrationId>,
    /// Maintenance windows and silences that are not over.
    pub suppressions: BTreeMap<SuppressionId, Arc<Suppression>>,
    pub inhibitions: BTreeMap<InhibitionId, Arc<Inhibition>>,
    /// What people want to be told of their shifts, who have said so.
    pub reminders: Wishes,
    /// Schedules whose hand-offs a channel is told of.
    pub hand_offs: BTreeMap<ScheduleId, ChannelId>,
    pub settings: Settings,
}

/// Settings of the installation that people edit on the settings page.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Settings {
    /// Paged when a policy is exhausted or reaches nobody (PAGING.md §4.2, §4.5). Set-up makes the
    /// first administrator the last resort, so that it is never empty in practice.
    pub last_resort: Vec<Target>,
}

/// A person with an account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct User {
    pub id: UserId,
    /// Unique without regard to case; also the name to sign in with.
    pub email: String,
    pub name: String,
    pub role: AccountRole,
    /// IANA zone that this person's times are shown in.
    pub zone: String,
    /// A disabled person is never paged and cannot sign in.
    pub disabled: bool,
    /// Whether the person, once paged, hears that another has answered (PAGING.md §6.9).
    pub hears_answers: bool,
    pub methods: Vec<ContactMethod>,
    /// In the person's own order.
    pub rules: Vec<NotificationRule>,
}

impl User {
    /// `@ana`: the local part of the address, as timelines and exports name people.
    pub fn handle(&self) -> String {
        format!("@{}", self.email.split('@').next().unwrap_or(&self.email))
    }

    pub fn method(&self, id: ContactMethodId) -> Option<&ContactMethod> {
        self.methods.iter().find(|method| method.id == id)
    }

    /// Whether a page could reach this person at all.
    pub fn reachable(&self) -> bool {
        !self.disabled && self.methods.iter().any(ContactMethod::usable)
    }
}

/// One address of one person.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ContactMethod {
    pub id: ContactMethodId,
    pub kind: ContactKind,
    /// E-mail address, or E.164 number (`+4915112345678`).
    pub address: String,
    /// A method counts only when verified (PAGING.md §6.1).
    pub verified_at: Option<Timestamp>,
    /// Why the provider refuses this address for good; cleared by verifying again.
    pub broken: Option<String>,
}

impl ContactMethod {
    pub fn usable(&self) -> bool {
        self.verified_at.is_some() && self.broken.is_none()
    }
}

/// "For this urgency, use this method after this delay" (PAGING.md §6.2).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NotificationRule {
    pub id: NotificationRuleId,
    pub urgency: Urgency,
    pub method_id: ContactMethodId,
    /// 0 – 24 h after the page was made.
    pub delay: Span,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Team {
    pub id: TeamId,
    pub slug: String,
    pub name: String,
    pub description: String,
    pub members: Vec<UserId>,
}

impl Directory {
    pub fn user(&self, id: UserId) -> Option<&User> {
        self.users.get(&id).map(Arc::as_ref)
    }

    /// The person's name, or a placeholder for one that no longer exists.
    pub fn user_name(&self, id: UserId) -> &str {
        self.user(id)
            .map_or("a former user", |user| user.name.as_str())
    }

    pub fn user_by_email(&self, email: &str) -> Option<&User> {
        self.users
            .values()
            .map(Arc::as_ref)
            .find(|user| user.email.eq_ignore_ascii_case(email))
    }

    pub fn team(&self, id: TeamId) -> Option<&Team> {
        self.teams.get(&id).map(Arc::as_ref)
    }

    pub fn schedule(&self, id: ScheduleId) -> Option<&Schedule> {
        self.schedules.get(&id).map(Arc::as_ref)
    }

    pub fn policy(&self, id: PolicyId) -> Option<&Policy> {
        self.policies.get(&id).map(Arc::as_ref)
    }

    pub fn channel(&self, id: ChannelId) -> Option<&Channel> {
        self.channels.get(&id).map(Arc::as_ref)
    }

    /// The channel's name, or a placeholder for one that no longer exists.
    pub fn channel_name(&self, id: ChannelId) -> &str {
        self.channel(id)
            .map_or("a former channel", |channel| channel.name.as_str())
    }

    pub fn channel_by_slug(&self, slug: &str) -> Option<&Channel> {
        self.channels
            .values()
            .map(Arc::as_ref)
            .find(|channel| channel.slug == slug)
    }

    pub fn service(&self, id: ServiceId) -> Option<&Service> {
        self.services.get(&id).map(Arc::as_ref)
    }

    pub fn integration(&self, id: IntegrationId) -> Option<&Integration> {
        self.integrations.get(&id).map(Arc::as_ref)
    }

    /// The service that an alert belongs to; `None` when that or its integration was removed.
    pub fn home_of(&self, alert: &Alert) -> Option<&Service> {
        let door = self.integration(alert.integration_id)?;
        let routed = alert.route.as_ref().map(|route| route.service);
        self.service(routed.unwrap_or(door.service_id))
    }

    pub fn integration_by_key(&self, key_hash: &[u8; 32]) -> Option<&Integration> {
        self.integration(*self.integration_keys.get(key_hash)?)
    }

    pub fn schedule_by_slug(&self, slug: &str) -> Option<&Schedule> {
        self.schedules
            .values()
            .map(Arc::as_ref)
            .find(|schedule| schedule.slug == slug)
    }

    pub fn calendar_by_slug(&self, slug: &str) -> Option<&HolidayCalendar> {
        self.calendars
            .values()
            .map(Arc::as_ref)
            .find(|calendar| calendar.slug == slug)
    }

    pub fn policy_by_slug(&self, slug: &str) -> Option<&Policy> {
        self.policies
            .values()
            .map(Arc::as_ref)
            .find(|policy| policy.slug == slug)
    }

    pub fn service_by_slug(&self, slug: &str) -> Option<&Service> {
        self.services
            .values()
            .map(Arc::as_ref)
            .find(|service| service.slug == slug)
    }

    pub fn team_by_slug(&self, slug: &str) -> Option<&Team> {
        self.teams
            .values()
            .map(Arc::as_ref)
            .find(|team| team.slug == slug)
    }
}
