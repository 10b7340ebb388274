//! Changes that are not saved, tried out in a configuration of their own.

use std::sync::Arc;

use crate::directory::Directory;
use crate::policy::{Policy, PolicyConfig, PolicyVersion, Step, StepMode, Target, WAIT_DEFAULT};
use crate::schedule::{Schedule, ScheduleConfig, ScheduleVersion};
use crate::service::{Service, ServiceSettings};
use crate::suppression::Suppression;
use crate::{PolicyId, ScheduleId, ServiceId, SuppressionId, Timestamp};

/// What stands for things that do not exist yet. Ids of the store are positive.
const NEW_POLICY: PolicyId = PolicyId(-1);
const NEW_SCHEDULE: ScheduleId = ScheduleId(-1);
const NEW_SERVICE: ServiceId = ServiceId(-1);
const NEW_WINDOW: SuppressionId = SuppressionId(-1);

/// A policy as it would be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PolicyDraft {
    /// The policy that is edited; `None` for a new one.
    pub id: Option<PolicyId>,
    pub name: String,
    pub config: PolicyConfig,
}

/// A schedule as it would be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ScheduleDraft {
    /// The schedule that is edited; `None` for a new one.
    pub id: Option<ScheduleId>,
    pub name: String,
    pub config: ScheduleConfig,
    pub effective_from: Timestamp,
}

/// A service as it would be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServiceDraft {
    /// The service that is edited; `None` for a new one.
    pub id: Option<ServiceId>,
    pub name: String,
    pub policy: Option<PolicyId>,
    pub settings: ServiceSettings,
}

/// The configuration with a service as if it were saved, and the service's id in it.
pub fn with_service(directory: &Directory, draft: ServiceDraft) -> (Directory, ServiceId) {
    let mut directory = directory.clone();
    let existing = draft.id.and_then(|id| directory.service(id).cloned());
    let id = existing.as_ref().map_or(NEW_SERVICE, |service| service.id);
    let mut service = existing.unwrap_or_else(|| made_up(id));
    service.name = named(draft.name, "the new service");
    service.policy_id = draft.policy;
    service.settings = draft.settings;
    directory.services.insert(id, Arc::new(service));
    (directory, id)
}

/// The configuration with a maintenance window or silence as if it were saved: in the place of the
/// one that is edited, or besides all there are.
pub fn with_window(
    directory: &Directory,
    edited: Option<SuppressionId>,
    window: Suppression,
) -> Directory {
    let mut directory = directory.clone();
    let id = edited.unwrap_or(NEW_WINDOW);
    let window = Suppression { id, ..window };
    directory.suppressions.insert(id, Arc::new(window));
    directory
}

fn made_up(id: ServiceId) -> Service {
    Service {
        id,
        slug: String::new(),
        name: "a service that is made up".to_owned(),
        description: String::new(),
        team_id: None,
        policy_id: None,
        settings: ServiceSettings::default(),
    }
}

/// The configuration with a policy as if it were saved at `now`, and the policy's id in it.
pub fn with_policy(
    directory: &Directory,
    draft: PolicyDraft,
    now: Timestamp,
) -> (Directory, PolicyId) {
    let mut directory = directory.clone();
    let existing = draft.id.and_then(|id| directory.policy(id).cloned());
    let id = existing.as_ref().map_or(NEW_POLICY, |policy| policy.id);
    let mut policy = existing.unwrap_or_else(|| Policy {
        id,
        slug: String::new(),
        name: String::new(),
        description: String::new(),
        team_id: None,
        current: PolicyVersion {
            version: 0,
            created_at: now,
            config: draft.config.clone(),
        },
    });
    policy.name = named(draft.name, "the new policy");
    if policy.current.version == 0 || policy.current.config != draft.config {
        policy.current = PolicyVersion {
            version: policy.current.version.saturating_add(1),
            created_at: now,
            config: draft.config,
        };
    }
    directory.policies.insert(id, Arc::new(policy));
    (directory, id)
}

/// The configuration with a schedule as if it were saved, and the schedule's id in it.
pub fn with_schedule(directory: &Directory, draft: ScheduleDraft) -> (Directory, ScheduleId) {
    let mut directory = directory.clone();
    let existing = draft.id.and_then(|id| directory.schedule(id).cloned());
    let id = existing
        .as_ref()
        .map_or(NEW_SCHEDULE, |schedule| schedule.id);
    let mut schedule = existing.unwrap_or_else(|| Schedule {
        id,
        slug: String::new(),
        name: String::new(),
        description: String::new(),
        team_id: None,
        versions: Vec::new(),
        overrides: Vec::new(),
        temporaries: Vec::new(),
        imports: Vec::new(),
    });
    schedule.name = named(draft.name, "the new schedule");
    let highest = schedule.versions.iter().map(|one| one.version).max();
    schedule.versions.push(ScheduleVersion {
        version: highest.unwrap_or(0).saturating_add(1),
        effective_from: draft.effective_from,
        config: draft.config,
    });
    schedule
        .versions
        .sort_by_key(|one| (one.effective_from, one.version));
    directory.schedules.insert(id, Arc::new(schedule));
    (directory, id)
}

/// A service to open an incident for: the chosen one, moved to `policy`; else the first that uses
/// it; else one made up.
pub fn service_for_policy(
    directory: &mut Directory,
    chosen: Option<ServiceId>,
    policy: PolicyId,
) -> ServiceId {
    let using = || {
        let mut services = directory.services.values();
        services
            .find(|service| service.policy_id == Some(policy))
            .map(|service| service.id)
    };
    let id = chosen.or_else(using).unwrap_or(NEW_SERVICE);
    let services = &mut directory.services;
    let service = services.entry(id).or_insert_with(|| Arc::new(made_up(id)));
    Arc::make_mut(service).policy_id = Some(policy);
    id
}

/// A service that pages through a schedule: the chosen one; else the first that does; else one made
/// up, with a policy of one step.
pub fn service_for_schedule(
    directory: &mut Directory,
    chosen: Option<ServiceId>,
    schedule: ScheduleId,
) -> ServiceId {
    let target = Target::Schedule(schedule);
    let pages = |service: &Service| {
        let policy = service.policy_id.and_then(|id| directory.policy(id));
        policy.is_some_and(|policy| policy.current.config.mentions(target))
    };
    let using = || {
        let mut services = directory.services.values();
        services
            .find(|service| pages(service))
            .map(|service| service.id)
    };
    if let Some(id) = chosen.or_else(using) {
        return id;
    }
    let policy = Policy {
        id: NEW_POLICY,
        slug: String::new(),
        name: "a policy that is made up".to_owned(),
        description: String::new(),
        team_id: None,
        current: PolicyVersion {
            version: 1,
            created_at: Timestamp::MIN,
            config: PolicyConfig {
                steps: vec![Step {
                    targets: vec![target],
                    mode: StepMode::All,
                    wait: WAIT_DEFAULT,
                    urgency: None,
                    severity_at_least: None,
                    hours: None,
                }],
                repeats: crate::policy::REPEATS_DEFAULT,
            },
        },
    };
    directory.policies.insert(NEW_POLICY, Arc::new(policy));
    service_for_policy(directory, None, NEW_POLICY)
}

fn named(name: String, else_: &str) -> String {
    let name = name.trim();
    if name.is_empty() {
        else_.to_owned()
    } else {
        name.to_owned()
    }
}
