//! The what-if: what would happen, by the rules that page in earnest.

use std::collections::BTreeMap;

use actix_web::HttpResponse;
use domain::directory::Directory;
use domain::what_if::{
    Act, Answer as Answering, EventKind, Fault, HORIZON_DEFAULT, Outage as Failing, Stop,
};
use domain::word::{
    AlertSeverity, ContactKind, NotificationKind, NotificationState, PagingState, Urgency,
};
use domain::{IntegrationId, Span, Timestamp, UserId};
use engine::access::Right;
use engine::what_if::{Question, Told, tell};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::caller::Caller;
use super::input::Body;
use super::simulate_tried::{TriedPolicy, TriedSchedule, TriedService, TriedWindow};
use super::types::{Person, Problem};
use super::words;
use crate::error::WebError;
use crate::state::State;

/// What is supposed to happen.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SimulateBody {
    /// Slug of the service the alert is for. May be left out where a change is tried: then one that
    /// it concerns is taken, or one is made up; and where an integration is named: then the alert
    /// goes where that sends it, by its rules if it is a global one.
    #[serde(default)]
    service: Option<String>,
    /// Of the alert; critical when absent.
    #[serde(default)]
    #[schema(schema_with = words::alert_severity)]
    severity: Option<AlertSeverity>,
    /// Id of the integration that it comes by; one that no window names when absent.
    #[serde(default)]
    integration: Option<i64>,
    /// Labels of the alert, for windows and inhibitions to match.
    #[serde(default)]
    labels: BTreeMap<String, String>,
    /// When the alert comes (RFC 3339). Now when absent: then what is open counts, too; the alert
    /// may join an incident or be explained by another alert.
    #[serde(default)]
    #[schema(value_type = Option<String>, format = DateTime)]
    at: Option<Timestamp>,
    /// For how long it is followed from when nothing holds it back: 1 to 72, 4 when absent.
    #[serde(default)]
    hours: Option<i64>,
    /// `quiet`: until nothing further happens (the default); `answered`: until somebody has
    /// acknowledged or resolved.
    #[serde(default)]
    #[schema(schema_with = words::stop)]
    stop: Option<Stop>,
    #[serde(default)]
    answers: Vec<Answer>,
    #[serde(default)]
    outages: Vec<Outage>,
    /// A policy that is not saved.
    #[serde(default)]
    policy: Option<TriedPolicy>,
    /// A schedule that is not saved.
    #[serde(default)]
    schedule: Option<TriedSchedule>,
    /// A service that is not saved.
    #[serde(default)]
    changed_service: Option<TriedService>,
    /// A maintenance window or silence that is not saved.
    #[serde(default)]
    window: Option<TriedWindow>,
}

/// What somebody does about a message.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Answer {
    /// Id of the person.
    user: i64,
    /// Which of the person's messages is answered, from 1; the first when absent.
    #[serde(default = "one")]
    message: u32,
    /// Seconds after that message.
    #[schema(value_type = i64)]
    after: Span,
    #[schema(schema_with = words::act)]
    act: Act,
}

fn one() -> u32 {
    1
}

/// A time in which nothing can be sent by one kind of method.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Outage {
    #[schema(schema_with = words::contact_kind)]
    channel: ContactKind,
    #[schema(schema_with = words::fault)]
    fault: Fault,
    /// RFC 3339; since ever when absent.
    #[serde(default)]
    #[schema(value_type = Option<String>, format = DateTime)]
    from: Option<Timestamp>,
    /// Exclusive; for ever when absent.
    #[serde(default)]
    #[schema(value_type = Option<String>, format = DateTime)]
    until: Option<Timestamp>,
}

/// What would happen.
#[derive(Serialize, ToSchema)]
pub struct Simulated {
    /// Slug of the service; empty when it is made up.
    service: String,
    #[schema(value_type = String, format = DateTime)]
    at: Timestamp,
    /// Of the incident at the end; absent when the alert was held back all the time.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(schema_with = words::urgency)]
    urgency: Option<Urgency>,
    /// Why it ends: `answered`, `quiet` (nothing further happens), `held` (nobody is paged as long as
    /// the alert is held back), `joined` (it belongs to an incident that is open, and nobody is paged
    /// anew), `horizon` or `length` (paging goes on).
    end: &'static str,
    #[schema(value_type = String, format = DateTime)]
    ended_at: Timestamp,
    /// Where the paging stands at the end; absent when the alert was held back all the time.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(schema_with = words::paging_state)]
    paging: Option<PagingState>,
    /// The policy reached nobody when it was last run.
    unreachable: bool,
    /// Everything in order.
    events: Vec<Event>,
    /// Steps that were executed or skipped.
    steps: Vec<Step>,
    pages: Vec<Page>,
    messages: Vec<Message>,
}

/// Something that happens.
#[derive(Serialize, ToSchema)]
pub struct Event {
    #[schema(value_type = String, format = DateTime)]
    at: Timestamp,
    /// `routed`, `held`, `joined`, `timeline`, `page`, `message`, `answer` or `method_broken`.
    kind: &'static str,
    /// A timeline entry's kind, what became of a message, or what a person does.
    what: &'static str,
    text: String,
    /// Of an alert that is held back: until when, if that is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = DateTime)]
    until: Option<Timestamp>,
    /// Number of the page or message below.
    #[serde(skip_serializing_if = "Option::is_none")]
    id: Option<i64>,
}

/// A step that was executed or skipped.
#[derive(Serialize, ToSchema)]
pub struct Step {
    /// From 1; `null` is the last resort.
    step: Option<i64>,
    /// From 1.
    round: i64,
    #[schema(value_type = String, format = DateTime)]
    at: Timestamp,
    paged: Vec<Person>,
    /// Why nobody was paged.
    skipped: Option<String>,
}

/// A page to one person.
#[derive(Serialize, ToSchema)]
pub struct Page {
    id: i64,
    #[schema(value_type = String, format = DateTime)]
    at: Timestamp,
    user: Person,
    /// From 1; `null` is the last resort.
    step: Option<i64>,
    cause: &'static str,
    /// Why, as a sentence. Times are UTC.
    reason: String,
}

/// A message to one contact method.
#[derive(Serialize, ToSchema)]
pub struct Message {
    id: i64,
    page: Option<i64>,
    #[schema(schema_with = words::notification_kind)]
    kind: NotificationKind,
    user: Person,
    #[schema(schema_with = words::contact_kind)]
    channel: ContactKind,
    /// At the end.
    #[schema(schema_with = words::notification_state)]
    state: NotificationState,
    attempts: i64,
    #[schema(value_type = Option<String>, format = DateTime)]
    sent_at: Option<Timestamp>,
    /// Why by this method and at this time.
    why: String,
    error: Option<String>,
}

/// What would happen
///
/// Follows an incident that has not happened, on a virtual clock, with the rules of the live
/// engine. Nothing is sent and nothing is saved; policies and schedules that are not saved can be
/// tried.
#[utoipa::path(post, path = "/api/v1/simulate", operation_id = "simulate", tag = "on-call",
    request_body = SimulateBody,
    responses(
        (status = 200, description = "What would happen", body = Simulated),
        (status = 400, description = "The body is not JSON", body = Problem),
        (status = 401, description = "No valid token", body = Problem),
        (status = 404, description = "There is no such service, policy or schedule", body = Problem),
        (status = 422, description = "The question makes no sense", body = Problem),
    ))]
pub async fn simulate(
    caller: Caller,
    body: Body<SimulateBody>,
    state: State,
) -> Result<HttpResponse, WebError> {
    caller.require(Right::Read)?;
    let question = question(body.0, &state.directory(), caller.ctx.now)?;
    let told = tell(state.store(), &caller.ctx, question).await?;
    Ok(HttpResponse::Ok().json(simulated(&told)))
}

fn question(
    body: SimulateBody,
    directory: &Directory,
    now: Timestamp,
) -> Result<Question, WebError> {
    let missing = |what| engine::Error::NotFound(what);
    let service = match &body.service {
        Some(slug) => Some(
            directory
                .service_by_slug(slug)
                .ok_or(missing("service"))?
                .id,
        ),
        None => None,
    };
    let mut question = Question::new(service);
    question.severity = body.severity.unwrap_or(AlertSeverity::Critical);
    question.integration = body.integration.map(IntegrationId);
    question.labels = body.labels;
    question.at = body.at;
    question.stop = body.stop.unwrap_or(Stop::Quiet);
    question.horizon = body.hours.map_or(HORIZON_DEFAULT, Span::from_hours);
    question.answers = body
        .answers
        .into_iter()
        .map(|one| Answering {
            user: UserId(one.user),
            message: one.message,
            after: one.after,
            act: one.act,
        })
        .collect();
    question.outages = body
        .outages
        .into_iter()
        .map(|one| Failing {
            channel: one.channel,
            fault: one.fault,
            from: one.from.unwrap_or(Timestamp::MIN),
            until: one.until,
        })
        .collect();
    question.policy = body.policy.map(|one| one.draft(directory)).transpose()?;
    question.schedule = body
        .schedule
        .map(|one| one.draft(directory, now))
        .transpose()?;
    question.changed_service = body
        .changed_service
        .map(|one| one.draft(directory))
        .transpose()?;
    question.window = body
        .window
        .map(|one| one.draft(directory, now))
        .transpose()?;
    Ok(question)
}

fn simulated(told: &Told) -> Simulated {
    let (course, directory) = (&told.course, &*told.directory);
    let people = |users: &[UserId]| -> Vec<Person> {
        users
            .iter()
            .map(|user| Person::of(*user, directory))
            .collect()
    };
    Simulated {
        service: directory
            .service(told.scenario.service)
            .map(|service| service.slug.clone())
            .unwrap_or_default(),
        at: told.scenario.at,
        urgency: course.incident.as_ref().map(|incident| incident.urgency),
        end: course.end.as_str(),
        ended_at: course.ended_at,
        paging: course.incident.as_ref().map(|incident| incident.paging),
        unreachable: course
            .incident
            .as_ref()
            .is_some_and(|incident| incident.unreachable),
        events: course
            .events
            .iter()
            .map(|event| {
                let (kind, what, id) = kind(event.kind);
                Event {
                    at: event.at,
                    kind,
                    what,
                    text: event.text.clone(),
                    until: match event.kind {
                        EventKind::Held(until) => until,
                        _ => None,
                    },
                    id,
                }
            })
            .collect(),
        steps: course
            .executions
            .iter()
            .map(|one| Step {
                step: one.step.map(|index| index.saturating_add(1)),
                round: one.cycle.saturating_add(1),
                at: one.executed_at,
                paged: people(&one.paged),
                skipped: one.skipped.clone(),
            })
            .collect(),
        pages: course
            .pages
            .iter()
            .map(|page| Page {
                id: page.id.0,
                at: page.at,
                user: Person::of(page.user, directory),
                step: page.reason.step,
                cause: page.cause.as_str(),
                reason: told.reason(page.id).unwrap_or_default(),
            })
            .collect(),
        messages: course
            .messages
            .iter()
            .map(|one| Message {
                id: one.id.0,
                page: one.page.map(|page| page.0),
                kind: one.kind,
                user: Person::of(one.user, directory),
                channel: one.channel,
                state: one.state,
                attempts: one.attempts,
                sent_at: one.accepted_at,
                why: one.why_in_words(directory),
                error: one.last_error.clone(),
            })
            .collect(),
    }
}

fn kind(kind: EventKind) -> (&'static str, &'static str, Option<i64>) {
    match kind {
        EventKind::Timeline(entry) => ("timeline", entry.as_str(), None),
        EventKind::Page(id) => ("page", "paged", Some(id.0)),
        EventKind::Message(id, fate) => ("message", fate.as_str(), Some(id.0)),
        EventKind::Post(id) => ("post", "told", Some(id.0)),
        EventKind::Held(_) => ("held", "suppressed", None),
        EventKind::Joined => ("joined", "joined", None),
        EventKind::Routed => ("routed", "routed", None),
        EventKind::Answer(_, act) => ("answer", act.as_str(), None),
        EventKind::MethodBroken(_) => ("method_broken", "broken", None),
    }
}
