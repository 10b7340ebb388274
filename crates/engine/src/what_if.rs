//! What would happen: puts a question to the rules, on the configuration as it is or as it would be
//! with a change that is not saved.

use std::sync::Arc;

use domain::directory::Directory;
use domain::what_if::{
    self, Answer, Course, Outage, PolicyDraft, Scenario, ScheduleDraft, Stop, service_for_policy,
    service_for_schedule, with_policy, with_schedule,
};
use domain::word::AlertSeverity;
use domain::{PageId, PolicyId, ServiceId, Span, Timestamp};
use jiff::tz::TimeZone;
use store::Store;

use crate::access::{Right, require};
use crate::configuration::{policy, schedule};
use crate::{Error, OpContext, Problem};

/// What somebody wants to know.
#[derive(Clone, Debug)]
pub struct Question {
    /// May be left out where a change is tried: then a service that it concerns is taken.
    pub service: Option<ServiceId>,
    pub severity: AlertSeverity,
    /// When the alert comes; now when left out.
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
        at: question.at.unwrap_or(now),
        answers: question.answers,
        outages: question.outages,
        turn,
        stop: question.stop,
        horizon: question.horizon,
    };
    // A long course takes a moment.
    let run = move || {
        let course = what_if::run(&scenario, &directory).map_err(|problems| {
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
