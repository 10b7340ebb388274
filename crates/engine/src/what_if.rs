//! What would happen: puts a question to the rules, on the configuration as it is or as it would be
//! with a change that is not saved.

use std::collections::BTreeMap;
use std::sync::Arc;

use domain::dedup::WorkingSet;
use domain::directory::Directory;
use domain::service::STORM_KEY;
use domain::suppression::{Fields, Suppression, wanted_sources};
use domain::what_if::{
    self, Answer, Course, Outage, PolicyDraft, Scenario, ScheduleDraft, ServiceDraft, Stop,
    service_for_policy, service_for_schedule, with_policy, with_schedule, with_service,
    with_window,
};
use domain::word::AlertSeverity;
use domain::{IntegrationId, PageId, PolicyId, ServiceId, Span, SuppressionId, Timestamp};
use jiff::tz::TimeZone;
use store::{Conn, Store};

use crate::access::{Right, require};
use crate::configuration::suppression::SuppressionInput;
use crate::configuration::{policy, schedule, service, suppression};
use crate::{Error, OpContext, Problem};

/// What somebody wants to know.
#[derive(Clone, Debug)]
pub struct Question {
    /// May be left out where a change is tried: then a service that it concerns is taken; and where
    /// an integration is named: then the alert goes where that sends it.
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
    /// A service that is not saved.
    pub changed_service: Option<ServiceDraft>,
    /// A maintenance window or silence that is not saved.
    pub window: Option<WindowDraft>,
}

/// A maintenance window or silence as it would be.
#[derive(Clone, Debug)]
pub struct WindowDraft {
    /// The one that is edited; `None` for a new one.
    pub id: Option<SuppressionId>,
    pub input: SuppressionInput,
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
            changed_service: None,
            window: None,
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
    tell_in(store, ctx, store.directory(), question).await
}

/// The same in another configuration than the one that is saved.
///
/// # Errors
/// As [`tell`].
pub async fn tell_in(
    store: &Store,
    ctx: &OpContext,
    saved: Arc<Directory>,
    question: Question,
) -> Result<Told, Error> {
    require(ctx, Right::Read)?;
    let now = ctx.now;
    let window = check_drafts(ctx, &saved, &question)?;
    let (directory, chosen) = configuration(saved, &question, window, now);
    let mut scenario = Scenario {
        service: chosen.unwrap_or(ServiceId(0)),
        severity: question.severity,
        integration: question.integration,
        routed: chosen.is_none(),
        labels: question.labels,
        at: question.at.unwrap_or(now),
        answers: question.answers,
        outages: question.outages,
        turn: 0,
        stop: question.stop,
        horizon: question.horizon,
    };
    let door = scenario
        .integration
        .and_then(|id| directory.integration(id));
    if scenario.routed && door.is_some() {
        scenario.service = what_if::routed_to(&scenario, &directory).unwrap_or(scenario.service);
    } else if scenario.routed {
        return Err(Error::invalid(
            "service",
            "choose a service, or the integration that the alert comes by",
        ));
    }
    let service = scenario.service;
    let policy = directory.service(service).and_then(|one| one.policy_id);
    if let Some(id) = policy.filter(|id| id.0 > 0) {
        scenario.turn = next_turn(store, id).await?;
    }
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
    let (door, signal) = (
        what_if::door(scenario, directory),
        what_if::signal(scenario),
    );
    let Some(way) = what_if::way(&door, &signal, directory) else {
        return Ok(set);
    };
    let service = way.service;
    let fields = Fields::of_signal(&way.signal);
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

/// Drafts are held to what is asked of a configuration that is saved. Returns the window as it would
/// be.
fn check_drafts(
    ctx: &OpContext,
    directory: &Directory,
    question: &Question,
) -> Result<Option<Suppression>, Error> {
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
    if let Some(draft) = &question.changed_service {
        add("changed_service", service::draft_problems(directory, draft));
    }
    let window = question.window.as_ref().map(|draft| {
        let preview = suppression::preview(ctx, directory, draft.input.clone());
        // Nobody has to say why of what is only tried.
        let others = preview.problems.into_iter();
        let others = others.filter(|problem| problem.field != "comment");
        add("window", others.collect());
        let mut would = preview.would;
        if would.comment.is_empty() {
            would.comment = "not saved yet".to_owned();
        }
        would
    });
    match problems.is_empty() {
        true => Ok(window),
        false => Err(Error::Invalid(problems)),
    }
}

fn configuration(
    saved: Arc<Directory>,
    question: &Question,
    window: Option<Suppression>,
    now: Timestamp,
) -> (Arc<Directory>, Option<ServiceId>) {
    let mut service = question.service;
    let drafts = question.policy.is_some()
        || question.schedule.is_some()
        || question.changed_service.is_some();
    if !drafts && window.is_none() {
        return (saved, service);
    }
    let mut directory = (*saved).clone();
    // An integration that is named sends the alert where it belongs.
    let routed = question.integration.is_some();
    if let (Some(window), Some(draft)) = (window, &question.window) {
        let first = window.services.first().copied();
        directory = with_window(&directory, draft.id, window);
        service = service.or(first.filter(|_| !routed));
    }
    if let Some(draft) = question.changed_service.clone() {
        let (with, id) = with_service(&directory, draft);
        directory = with;
        service = service.or(Some(id).filter(|_| !routed));
    }
    let chosen = service;
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
