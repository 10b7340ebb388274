//! The proof of coverage: for every service and every instant of a span, who is reached, by which
//! step, and after how long (DESIGN.md P4).
//!
//! Nothing is sampled. Who is on call is constant between the change points of a schedule; whom a
//! step reaches is constant between those of its targets; and a step that falls due `d` after the
//! alert changes at its own change points less `d`. [`prove`] cuts the span at exactly these
//! instants, step after step, so that each piece has one answer for all of its instants. Each
//! schedule is worked out once, each policy once for each urgency.
//!
//! What is proved is a bound: each step is looked at the first time through the ladder. A shift that
//! begins while nobody has acknowledged (PAGING.md §4.9) and later rounds can only reach somebody
//! sooner, or again. Of a round robin any turn may be next, so the slowest counts.

mod climb;
mod finding;
mod line;
mod person;
mod rota;
mod step;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::directory::Directory;
use crate::service::ServiceSettings;
use crate::word::{AlertSeverity, Urgency};
use crate::{PolicyId, ServiceId, Span, Timestamp, UserId};

pub use finding::{Finding, FindingKind, Level, Mend};

/// As far as one may ask, and what is asked unless somebody says otherwise.
pub const DAYS_MAX: u32 = 366;
pub const DAYS_DEFAULT: u32 = 90;

/// The coverage of every service, and what is wrong with it.
#[derive(Clone, Debug, PartialEq)]
pub struct Proof {
    pub from: Timestamp,
    /// Exclusive.
    pub until: Timestamp,
    /// By name.
    pub services: Vec<ServiceCover>,
    /// Worst first.
    pub findings: Vec<Finding>,
}

/// Who answers for one service.
#[derive(Clone, Debug, PartialEq)]
pub struct ServiceCover {
    pub service: ServiceId,
    pub policy: Option<PolicyId>,
    /// Of a critical alert of this service; by support hours the highest that it ever has.
    pub urgency: Urgency,
    /// Rising, from `from` until `until` without a gap between them; neighbours differ. Shared by
    /// the services that have the same policy and urgency at all times.
    pub spans: Arc<Vec<Cover>>,
}

/// For every alert between two instants the same people are reached by the same steps.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cover {
    pub from: Timestamp,
    /// Exclusive.
    pub until: Timestamp,
    pub by: By,
    /// How long after the alert the first message leaves; `None` when nobody is reached.
    pub after: Option<Span>,
    /// Who gets it: all of them, or, of a round robin, one of them.
    pub first: Vec<UserId>,
    /// The steps until somebody is reached: the first time through, and again where those only told
    /// channels. Where no step reaches anybody all of them are skipped.
    pub rungs: Vec<Rung>,
}

impl Cover {
    /// Whether a step of the policy reaches somebody.
    pub fn is_covered(&self) -> bool {
        matches!(self.by, By::Step(_))
    }

    fn same(&self, other: &Cover) -> bool {
        self.by == other.by
            && self.after == other.after
            && self.first == other.first
            && self.rungs == other.rungs
    }
}

/// What reaches the first person.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum By {
    /// Index (from 0).
    Step(i64),
    /// No step reaches anybody, so the last resort is paged: at once (PAGING.md §4.5), or after the
    /// waits of steps that tell channels while a later step would have paged somebody.
    LastResort,
    /// The last resort reaches nobody either: everybody whom the policy names and a page reaches.
    Everybody,
    /// Nobody at all.
    Nobody,
}

/// One step for alerts of one span.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rung {
    /// Which time through the steps, from 0.
    pub round: u8,
    /// Index (from 0).
    pub step: i64,
    /// When it is due, after the alert.
    pub offset: Span,
    pub reach: Reach,
}

/// Whom a step reaches.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reach {
    /// Its condition does not hold for these incidents; why, as a clause.
    NotFor(String),
    /// Skipped: it leads to nobody.
    Nobody,
    /// It tells channels, which are no persons, and takes its wait.
    Told,
    All {
        users: Vec<UserId>,
        /// Until the first message, after the step.
        delay: Span,
    },
    /// One of these groups, whichever has the turn.
    OneOf {
        turns: Vec<Vec<UserId>>,
        /// The longest that any turn takes.
        delay: Span,
    },
}

impl Reach {
    /// Everybody whom it may reach, each once.
    pub fn users(&self) -> Vec<UserId> {
        let mut users: Vec<UserId> = Vec::new();
        let groups: &[Vec<UserId>] = match self {
            Reach::NotFor(_) | Reach::Nobody | Reach::Told => &[],
            Reach::All { users, .. } => std::slice::from_ref(users),
            Reach::OneOf { turns, .. } => turns,
        };
        for user in groups.iter().flatten() {
            if !users.contains(user) {
                users.push(*user);
            }
        }
        users
    }

    pub fn delay(&self) -> Option<Span> {
        match self {
            Reach::NotFor(_) | Reach::Nobody | Reach::Told => None,
            Reach::All { delay, .. } | Reach::OneOf { delay, .. } => Some(*delay),
        }
    }
}

/// Looks at every service from `from` until `until`, for critical alerts: of all severities the one
/// that most steps are for.
pub fn prove(directory: &Directory, from: Timestamp, until: Timestamp) -> Proof {
    let from = from.clamp(Timestamp::MIN, Timestamp::MAX);
    let until = until.clamp(from, Timestamp::MAX);
    let rotas = rota::Rotas::of(directory, from, until);
    let mut climbs = climb::Climbs::new(directory, &rotas, from, until);
    let mut services: Vec<ServiceCover> = directory
        .services
        .values()
        .map(|service| {
            let urgencies = service.settings.urgencies_of(AlertSeverity::Critical);
            let urgency = urgencies.first().copied().unwrap_or(Urgency::High);
            let policy = service
                .policy_id
                .filter(|id| directory.policies.contains_key(id));
            ServiceCover {
                service: service.id,
                policy,
                urgency,
                spans: match urgencies.len() {
                    0 | 1 => climbs.covers(policy, urgency, AlertSeverity::Critical),
                    _ => by_hours(&service.settings, policy, &mut climbs),
                },
            }
        })
        .collect();
    services.sort_by_cached_key(|one| {
        directory
            .service(one.service)
            .map(|service| service.name.to_lowercase())
    });
    let users = services_by_policy(&services);
    let findings = finding::all(directory, &rotas, &mut climbs, &services, &users);
    Proof {
        from,
        until,
        services,
        findings,
    }
}

/// The covers of a service whose critical alerts are high at some hours and low at others.
fn by_hours(
    settings: &ServiceSettings,
    policy: Option<PolicyId>,
    climbs: &mut climb::Climbs<'_>,
) -> Arc<Vec<Cover>> {
    let mut covers = |urgency| climbs.covers(policy, urgency, AlertSeverity::Critical);
    let (high, low) = (covers(Urgency::High), covers(Urgency::Low));
    let (Some(first), Some(last)) = (high.first(), high.last()) else {
        return high;
    };
    let (from, until) = (first.from, last.until);
    let hours = settings
        .support_hours
        .as_ref()
        .map(|support| &support.hours);
    let mut edges = vec![from];
    if let Some((hours, zone)) = hours.and_then(|hours| Some((hours, hours.zone.as_ref()?))) {
        edges.extend(hours.changes(zone, from, until));
    }
    edges.push(until);
    let mut spans: Vec<Cover> = Vec::new();
    for edge in edges.windows(2) {
        let (from, until) = (edge[0], edge[1]);
        let covers = match settings.urgency_of(AlertSeverity::Critical, from) {
            Urgency::High => &high,
            Urgency::Low => &low,
        };
        let first = covers.partition_point(|one| one.until <= from);
        for one in covers[first..].iter().take_while(|one| one.from < until) {
            match spans.last_mut() {
                Some(last) if last.same(one) => last.until = one.until.min(until),
                _ => spans.push(Cover {
                    from: one.from.max(from),
                    until: one.until.min(until),
                    ..one.clone()
                }),
            }
        }
    }
    Arc::new(spans)
}

/// Which services a policy works for.
type ByPolicy = BTreeMap<PolicyId, Vec<ServiceId>>;

fn services_by_policy(services: &[ServiceCover]) -> ByPolicy {
    let mut by_policy = ByPolicy::new();
    for service in services {
        if let Some(policy) = service.policy {
            by_policy.entry(policy).or_default().push(service.service);
        }
    }
    by_policy
}

/// Stretches of time, rising; touching ones are joined.
pub(crate) fn joined(
    spans: impl IntoIterator<Item = (Timestamp, Timestamp)>,
) -> Vec<(Timestamp, Timestamp)> {
    let mut spans: Vec<_> = spans
        .into_iter()
        .filter(|(from, until)| from < until)
        .collect();
    spans.sort_unstable();
    let mut joined: Vec<(Timestamp, Timestamp)> = Vec::new();
    for (from, until) in spans {
        match joined.last_mut() {
            Some(last) if from <= last.1 => last.1 = last.1.max(until),
            _ => joined.push((from, until)),
        }
    }
    joined
}

/// How long they last together.
pub fn length(spans: &[(Timestamp, Timestamp)]) -> Span {
    spans
        .iter()
        .fold(Span::ZERO, |sum, (from, until)| sum + until.since(*from))
}
