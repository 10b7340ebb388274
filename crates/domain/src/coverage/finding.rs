//! What is wrong with the coverage, and where it is mended.

mod rota;

use std::collections::{BTreeMap, BTreeSet};

use super::climb::Climbs;
use super::rota::Rotas;
use super::{By, ByPolicy, Cover, ServiceCover, joined, length, person, step};
use crate::directory::{Directory, User};
use crate::escalation::{list_of, why_unreachable};
use crate::policy::{Policy, Target};
use crate::word::{AlertSeverity, ContactKind, Urgency};
use crate::{PolicyId, ScheduleId, ServiceId, Timestamp, UserId, words};

words! {
    /// How bad a finding is; ordered from worst to least.
    Level {
        /// Somebody may not be reached when it matters.
        Alarm = "alarm",
        /// One mishap away from it.
        Warning = "warning",
        /// Worth knowing.
        Note = "note",
    }

    /// What was found; within a level in this order.
    FindingKind {
        /// No step, no last resort, nobody.
        NobodyAtAll = "nobody_at_all",
        /// No step reaches anybody; the last resort is paged.
        Gap = "gap",
        /// The last resort is not set or reaches nobody.
        NoLastResort = "no_last_resort",
        /// Somebody is on call, or named, whom no page can reach.
        UnreachablePerson = "unreachable_person",
        /// One person alone is on call for the whole span.
        OnePersonRota = "one_person_rota",
        /// A step that no incident ever reaches, or that never leads to anybody.
        UnreachableStep = "unreachable_step",
        /// A notification rule is later than the wait of the step.
        LateRule = "late_rule",
        /// Somebody is on call for two schedules at once.
        TwoRotas = "two_rotas",
        /// Somebody's contact methods are all of one kind.
        SingleChannel = "single_channel",
        /// Somebody has less than 11 h between two shifts.
        ShortRest = "short_rest",
        /// No policy pages by a schedule, nor is it a last resort.
        UnusedSchedule = "unused_schedule",
    }
}

impl FindingKind {
    pub const fn level(self) -> Level {
        match self {
            FindingKind::NobodyAtAll | FindingKind::Gap | FindingKind::NoLastResort => Level::Alarm,
            FindingKind::UnreachablePerson
            | FindingKind::OnePersonRota
            | FindingKind::UnreachableStep
            | FindingKind::LateRule
            | FindingKind::TwoRotas => Level::Warning,
            FindingKind::SingleChannel | FindingKind::ShortRest | FindingKind::UnusedSchedule => {
                Level::Note
            }
        }
    }

    /// Whether pages may suffer from it, and a check for notes fails: an unused schedule harms none.
    pub const fn harms(self) -> bool {
        !matches!(self, FindingKind::UnusedSchedule)
    }
}

/// One thing to mend.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    pub kind: FindingKind,
    /// A sentence.
    pub text: String,
    /// When, rising and apart; empty when it does not depend on the time.
    pub spans: Vec<(Timestamp, Timestamp)>,
    pub mend: Mend,
    /// Where else it can be mended.
    pub also: Vec<Mend>,
    /// Services concerned, in the order of their ids.
    pub services: Vec<ServiceId>,
    pub user: Option<UserId>,
}

impl Finding {
    pub fn level(&self) -> Level {
        self.kind.level()
    }
}

/// Where a finding is mended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Mend {
    Settings,
    Service(ServiceId),
    Policy(PolicyId),
    Schedule(ScheduleId),
    User(UserId),
}

/// Everything that was found, worst first.
pub(super) fn all(
    directory: &Directory,
    rotas: &Rotas,
    climbs: &mut Climbs<'_>,
    services: &[ServiceCover],
    by_policy: &ByPolicy,
) -> Vec<Finding> {
    let mut found = Vec::new();
    gaps(directory, rotas, services, &mut found);
    last_resort(climbs, services, &mut found);
    let concerned = Concerned::of(directory, by_policy);
    rota::lone(directory, rotas, climbs, &concerned, &mut found);
    people(directory, rotas, climbs, &concerned, &mut found);
    for (id, services) in by_policy {
        if let Some(policy) = directory.policy(*id) {
            step::steps(directory, policy, climbs, services, &mut found);
        }
    }
    person::shifts(directory, rotas, &concerned, &mut found);
    rota::unused(directory, &mut found);
    found.sort_by_cached_key(|one| {
        let first = one.spans.first().map(|span| span.0);
        (one.level(), one.kind, first, one.text.clone())
    });
    found
}

/// Which services page through a schedule, or a person by name or team.
pub(super) struct Concerned {
    pub schedules: BTreeMap<ScheduleId, BTreeSet<ServiceId>>,
    pub people: BTreeMap<UserId, BTreeSet<ServiceId>>,
}

impl Concerned {
    fn of(directory: &Directory, by_policy: &ByPolicy) -> Concerned {
        let mut concerned = Concerned {
            schedules: BTreeMap::new(),
            people: BTreeMap::new(),
        };
        for target in &directory.settings.last_resort {
            concerned.add(directory, *target, &[]);
        }
        for (id, services) in by_policy {
            let Some(policy) = directory.policy(*id) else {
                continue;
            };
            for step in &policy.current.config.steps {
                for target in &step.targets {
                    concerned.add(directory, *target, services);
                }
            }
        }
        concerned
    }

    fn add(&mut self, directory: &Directory, target: Target, services: &[ServiceId]) {
        match target {
            Target::Schedule(id) => self.schedules.entry(id).or_default().extend(services),
            Target::User(id) => self.people.entry(id).or_default().extend(services),
            Target::Channel(_) => {}
            Target::Team(id) => {
                for member in directory.team(id).map_or(&[][..], |team| &team.members) {
                    // People who have left a team's work behind are not worth a word.
                    if directory.user(*member).is_some_and(|user| !user.disabled) {
                        self.people.entry(*member).or_default().extend(services);
                    }
                }
            }
        }
    }
}

/// `Checkout`, `Checkout, Search and 12 more`.
fn names(directory: &Directory, services: &[ServiceId]) -> String {
    let mut names: Vec<String> = services
        .iter()
        .filter_map(|id| directory.service(*id))
        .map(|service| service.name.clone())
        .collect();
    names.sort();
    if names.len() > 3 {
        let more = names.len() - 2;
        names.truncate(2);
        names.push(format!("{more} more"));
    }
    list_of(&names)
}

/// `12 h, once`, `3 d 2 h in 12 spans`.
pub(super) fn how_long(spans: &[(Timestamp, Timestamp)]) -> String {
    let whole = length(spans);
    match spans.len() {
        1 => format!("{whole} in one stretch"),
        count => format!("{whole} in {count} stretches"),
    }
}

fn spans_of(covers: &[Cover], wanted: impl Fn(&Cover) -> bool) -> Vec<(Timestamp, Timestamp)> {
    joined(
        covers
            .iter()
            .filter(|cover| wanted(cover))
            .map(|cover| (cover.from, cover.until)),
    )
}

/// Services that share a ladder share its gaps.
fn gaps(directory: &Directory, rotas: &Rotas, services: &[ServiceCover], found: &mut Vec<Finding>) {
    // Support hours are a service's own.
    type Key = (Option<PolicyId>, Urgency, Option<ServiceId>);
    let mut groups: BTreeMap<Key, Vec<&ServiceCover>> = BTreeMap::new();
    for service in services {
        let own = directory.service(service.service).is_some_and(|one| {
            let urgencies = one.settings.urgencies_of(AlertSeverity::Critical);
            urgencies.len() > 1
        });
        groups
            .entry((
                service.policy,
                service.urgency,
                own.then_some(service.service),
            ))
            .or_default()
            .push(service);
    }
    for ((policy, ..), group) in groups {
        let Some(covers) = group.first().map(|one| one.spans.clone()) else {
            continue;
        };
        let nobody = spans_of(&covers, |cover| cover.by == By::Nobody);
        let gap = spans_of(&covers, |cover| {
            matches!(cover.by, By::LastResort | By::Everybody)
        });
        let Some(policy) = policy.and_then(|id| directory.policy(id)) else {
            // Each is mended by itself.
            for service in group {
                without_policy(directory, service.service, &nobody, &gap, found);
            }
            continue;
        };
        let mut services: Vec<ServiceId> = group.iter().map(|one| one.service).collect();
        services.sort_unstable();
        let of = names(directory, &services);
        let mut add = |kind, spans: Vec<(Timestamp, Timestamp)>, text: String| {
            if !spans.is_empty() {
                found.push(Finding {
                    kind,
                    mend: mend_of_gap(rotas, policy, &spans),
                    also: Vec::new(),
                    text,
                    spans,
                    services: services.clone(),
                    user: None,
                });
            }
        };
        let text = format!(
            "Nobody at all can be paged for {of}: neither policy {} nor the last resort reaches \
             anybody for {}.",
            policy.name,
            how_long(&nobody)
        );
        add(FindingKind::NobodyAtAll, nobody, text);
        let text = format!(
            "No step of policy {} reaches anybody for {}: for {of} only the last resort is left.",
            policy.name,
            how_long(&gap)
        );
        add(FindingKind::Gap, gap, text);
    }
}

fn without_policy(
    directory: &Directory,
    service: ServiceId,
    nobody: &[(Timestamp, Timestamp)],
    gap: &[(Timestamp, Timestamp)],
    found: &mut Vec<Finding>,
) {
    let name = directory
        .service(service)
        .map_or("A service", |service| service.name.as_str());
    let kinds = [
        (
            FindingKind::NobodyAtAll,
            nobody,
            format!("{name} has no policy, and the last resort reaches nobody."),
        ),
        (
            FindingKind::Gap,
            gap,
            format!("{name} has no policy: only the last resort is paged."),
        ),
    ];
    for (kind, spans, text) in kinds {
        if !spans.is_empty() {
            found.push(Finding {
                kind,
                text,
                spans: spans.to_vec(),
                mend: Mend::Service(service),
                also: Vec::new(),
                services: vec![service],
                user: None,
            });
        }
    }
}

/// The first schedule of the policy that has nobody at the beginning of the gap, or the policy.
fn mend_of_gap(rotas: &Rotas, policy: &Policy, spans: &[(Timestamp, Timestamp)]) -> Mend {
    let begin = spans.first().map(|span| span.0);
    let targets = policy.current.config.steps.iter().flat_map(|s| &s.targets);
    for target in targets {
        if let (Target::Schedule(id), Some(at)) = (target, begin)
            && let Some(rota) = rotas.rotas.get(id)
            && !rota.shifts.iter().any(|shift| shift.contains(at))
        {
            return Mend::Schedule(*id);
        }
    }
    Mend::Policy(policy.id)
}

fn last_resort(climbs: &Climbs<'_>, services: &[ServiceCover], found: &mut Vec<Finding>) {
    let (from, until) = climbs.bounds();
    let spans = joined(
        climbs
            .last_resort()
            .within(from, until)
            .filter(|(_, _, users)| users.is_empty())
            .map(|(from, until, _)| (from, until)),
    );
    if spans.is_empty() {
        return;
    }
    let always = spans == [(from, until)];
    let mut services: Vec<ServiceId> = services.iter().map(|one| one.service).collect();
    services.sort_unstable();
    found.push(Finding {
        kind: FindingKind::NoLastResort,
        text: if always {
            "The last resort reaches nobody: set one who has a verified contact method.".to_owned()
        } else {
            format!("The last resort reaches nobody for {}.", how_long(&spans))
        },
        spans,
        mend: Mend::Settings,
        also: Vec::new(),
        services,
        user: None,
    });
}

pub(super) fn services_of(set: Option<&BTreeSet<ServiceId>>) -> Vec<ServiceId> {
    set.into_iter().flatten().copied().collect()
}

/// People who cannot be reached, or by one kind of method only.
fn people(
    directory: &Directory,
    rotas: &Rotas,
    climbs: &Climbs<'_>,
    concerned: &Concerned,
    found: &mut Vec<Finding>,
) {
    struct Met {
        spans: Vec<(Timestamp, Timestamp)>,
        schedules: Vec<String>,
        services: BTreeSet<ServiceId>,
    }
    let mut met: BTreeMap<UserId, Met> = BTreeMap::new();
    for (id, services) in &concerned.people {
        met.insert(
            *id,
            Met {
                spans: vec![climbs.bounds()],
                schedules: Vec::new(),
                services: services.clone(),
            },
        );
    }
    for (id, rota) in &rotas.rotas {
        let name = directory
            .schedule(*id)
            .map_or("", |schedule| schedule.name.as_str());
        let services = concerned.schedules.get(id);
        for shift in &rota.shifts {
            for user in &shift.users {
                let one = met.entry(*user).or_insert_with(|| Met {
                    spans: Vec::new(),
                    schedules: Vec::new(),
                    services: BTreeSet::new(),
                });
                one.spans.push((shift.start, shift.end));
                if one.schedules.last().is_none_or(|last| last != name) {
                    one.schedules.push(name.to_owned());
                    one.services.extend(services.into_iter().flatten());
                }
            }
        }
    }
    for (id, one) in met {
        let services = || one.services.iter().copied().collect();
        let spans = joined(one.spans);
        let Some(user) = directory.user(id) else {
            found.push(Finding {
                kind: FindingKind::UnreachablePerson,
                text: "Somebody who no longer has an account is on call or named.".to_owned(),
                spans,
                mend: Mend::User(id),
                also: Vec::new(),
                services: services(),
                user: Some(id),
            });
            continue;
        };
        if !user.reachable() {
            let on_call = match &one.schedules[..] {
                [] => "is named by a policy, a team or the last resort".to_owned(),
                schedules => format!(
                    "is on call for {} for {}",
                    list_of(schedules),
                    how_long(&spans)
                ),
            };
            found.push(Finding {
                kind: FindingKind::UnreachablePerson,
                text: format!("{}, but {on_call}.", why_unreachable(user)),
                spans,
                mend: Mend::User(id),
                also: Vec::new(),
                services: services(),
                user: Some(id),
            });
        } else if let Some(kind) = single_channel(user) {
            found.push(Finding {
                kind: FindingKind::SingleChannel,
                text: format!(
                    "{} can be reached by {} only: one dead provider silences them.",
                    user.name,
                    kind.in_words()
                ),
                spans: Vec::new(),
                mend: Mend::User(id),
                also: Vec::new(),
                services: services(),
                user: Some(id),
            });
        }
    }
}

fn single_channel(user: &User) -> Option<ContactKind> {
    let mut usable = user.methods.iter().filter(|method| method.usable());
    let kind = usable.next()?.kind;
    usable.all(|method| method.kind == kind).then_some(kind)
}
