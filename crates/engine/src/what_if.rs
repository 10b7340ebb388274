//! What would happen: puts a question to the rules, on the configuration as it is or as it would be
//! with a change that is not saved.

use std::collections::BTreeMap;
use std::sync::Arc;

use domain::dedup::WorkingSet;
use domain::directory::Directory;
use domain::service::STORM_KEY;
use domain::suppression::{Fields, wanted_sources};
use domain::what_if::{
    self, Answer, Course, Outage, PolicyDraft, Scenario, ScheduleDraft, Stop, service_for_policy,
    service_for_schedule, with_policy, with_schedule,
};
use domain::word::AlertSeverity;
use domain::{IntegrationId, PageId, PolicyId, ServiceId, Span, Timestamp};
use jiff::tz::TimeZone;
use store::{Conn, Store};

use crate::access::{Right, require};
use crate::configuration::{policy, schedule, suppression};
use crate::{Error, OpContext, Problem};

/// What somebody wants to know.
#[derive(Clone, Debug)]
pub struct Question {
    /// May be left out where a change is tried: then a service that it concerns is taken.
    pub service: Option<ServiceId>,
    pub severity: AlertSeverity,
    /// The integration it comes by; one that no window names when left out.
    pub integration: Option<IntegrationId>,
    /// What the alert says besides, for windows and inhibitions to match.
    pub labels: BTreeMap<String, String>,
    /// When the alert comes. Now when left out: then what is open counts, too; it may join an
    /// incident, or be explained by another alert.
    pub at: Option<Timestamp>,
    pub answers: Vec<Answer>,
    pub outages: Vec<Outage>,
    pub stop: Stop,
    pub horizon: Span,
    /// A policy that is not saved.
    pub policy: Option<PolicyDraft>,
    /// A schedule that is not saved.
    pub schedule: Option<ScheduleDraft>,
}

impl Question {
    /// An alert of the worst severity that comes now, and nobody answers.
    pub fn new(service: Option<ServiceId>) -> Question {
        Question {
            service,
            severity: AlertSeverity::Critical,
            integration: None,
            labels: BTreeMap::new(),
            at: None,
            answers: Vec::new(),
            outages: Vec::new(),
            stop: Stop::Quiet,
            horizon: what_if::HORIZON_DEFAULT,
            policy: None,
            schedule: None,
        }
    }
}

/// What would happen, and in which configuration.
#[derive(Clone, Debug)]
pub struct Told {
    pub course: Course,
    /// With the changes that are not saved.
    pub directory: Arc<Directory>,
    /// As it was carried out.
    pub scenario: Scenario,
}

impl Told {
    /// Why somebody is paged, as a sentence with times in UTC.
    pub fn reason(&self, page: PageId) -> Option<String> {
        let page = self.course.page(page)?;
        let who = self.directory.user_name(page.user);
        Some(page.reason.sentence(who, &TimeZone::UTC))
    }
}

/// Tells what would happen. Changes nothing.
///
/// # Errors
/// [`Error::Invalid`] with everything wrong with the question; those of the store.
pub async fn tell(store: &Store, ctx: &OpContext, question: Question) -> Result<Told, Error> {
    require(ctx, Right::Read)?;
    let now = ctx.now;
    let saved = store.directory();
    check_drafts(&saved, &question)?;
    let (directory, service) = configuration(saved, &question, now);
    let Some(service) = service else {
        return Err(Error::invalid("service", "choose a service"));
    };
    let policy = directory.service(service).and_then(|one| one.policy_id);
    let turn = match policy.filter(|id| id.0 > 0) {
        Some(id) => next_turn(store, id).await?,
        None => 0,
    };
    let scenario = Scenario {
        service,
        severity: question.severity,
        integration: question.integration,
        labels: question.labels,
        at: question.at.unwrap_or(now),
        answers: question.answers,
        outages: question.outages,
        turn,
        stop: question.stop,
        horizon: question.horizon,
    };
    let directory = with_windows(directory, scenario.at);
    let beside = match question.at {
        None => {
            let (directory, scenario) = (directory.clone(), scenario.clone());
            let read = move |c: &mut Conn| open_now(c, &directory, &scenario).map_err(Error::from);
            store.read(read).await?
        }
        Some(_) => WorkingSet::default(),
    };
    // A long course takes a moment.
    let run = move || {
        let course = what_if::run_beside(&scenario, &directory, beside).map_err(|problems| {
            let problems = problems.into_iter();
            Error::Invalid(
                problems
                    .map(|one| Problem::new(one.field, one.message))
                    .collect(),
            )
        })?;
        Ok(Told {
            course,
            directory,
            scenario,
        })
    };
    tokio::task::spawn_blocking(run)
        .await
        .unwrap_or(Err(Error::Overloaded))
}

/// With the occurrences of windows that recur worked out around the instant.
fn with_windows(directory: Arc<Directory>, at: Timestamp) -> Arc<Directory> {
    let recurring: Vec<_> = directory
        .suppressions
        .values()
        .filter_map(|one| Some((one.id, suppression::occurrences_around(one, at)?)))
        .collect();
    if recurring.is_empty() {
        return directory;
    }
    let mut directory = (*directory).clone();
    for (id, occurrences) in recurring {
        if let Some(one) = directory.suppressions.get_mut(&id) {
            Arc::make_mut(one).occurrences = occurrences;
        }
    }
    Arc::new(directory)
}

/// What is open now and may take the alert in, or hold it back.
fn open_now(
    conn: &mut Conn,
    directory: &Directory,
    scenario: &Scenario,
) -> Result<WorkingSet, store::Error> {
    let mut set = WorkingSet::default();
    let Some(service) = directory.service(scenario.service) else {
        return Ok(set);
    };
    let signal = what_if::signal(scenario);
    let fields = Fields::of_signal(&signal);
    let mut keys: Vec<String> = service.settings.group_of(&fields).into_iter().collect();
    if let Some(limit) = service.settings.storm_limit {
        let recent = store::incident::recent_of(conn, service.id, limit, scenario.at)?;
        set.recent.insert(service.id, recent);
        keys.push(STORM_KEY.to_owned());
    }
    for (group, id) in store::incident::open_of_groups(conn, service.id, &keys)? {
        let incident = store::incident::fetch(conn, id)?;
        set.incidents.insert(id, incident);
        set.groups.insert((service.id, group), id);
    }
    let wanted = wanted_sources(directory, service.id, &fields);
    if !wanted.is_empty() {
        set.sources = store::inhibition::sources(conn, &wanted)?;
    }
    Ok(set)
}

async fn next_turn(store: &Store, id: PolicyId) -> Result<i64, Error> {
    store
        .read(move |conn| store::policy::next_round_robin(conn, id).map_err(Error::from))
        .await
}

/// Drafts are held to what is asked of a configuration that is saved.
fn check_drafts(directory: &Directory, question: &Question) -> Result<(), Error> {
    let mut problems = Vec::new();
    let mut add = |within: &str, found: Vec<Problem>| {
        problems.extend(found.into_iter().map(|problem| Problem {
            field: format!("{within}.{}", problem.field),
            ..problem
        }));
    };
    if let Some(draft) = &question.policy {
        add("policy", policy::config_problems(directory, &draft.config));
    }
    if let Some(draft) = &question.schedule {
        add(
            "schedule",
            schedule::config_problems(directory, &draft.config),
        );
    }
    match problems.is_empty() {
        true => Ok(()),
        false => Err(Error::Invalid(problems)),
    }
}

fn configuration(
    saved: Arc<Directory>,
    question: &Question,
    now: Timestamp,
) -> (Arc<Directory>, Option<ServiceId>) {
    let chosen = question.service;
    if question.policy.is_none() && question.schedule.is_none() {
        return (saved, chosen);
    }
    let mut directory = (*saved).clone();
    let mut service = chosen;
    if let Some(draft) = question.schedule.clone() {
        let (with, id) = with_schedule(&directory, draft);
        directory = with;
        if question.policy.is_none() {
            service = Some(service_for_schedule(&mut directory, chosen, id));
        }
    }
    if let Some(draft) = question.policy.clone() {
        let (with, id) = with_policy(&directory, draft, now);
        directory = with;
        service = Some(service_for_policy(&mut directory, chosen, id));
    }
    (Arc::new(directory), service)
}
