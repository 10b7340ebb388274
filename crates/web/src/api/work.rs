//! Working an incident: each operation answers with the incident as it is afterwards.

use actix_web::HttpResponse;
use actix_web::web::Path;
use domain::incident::Command;
use domain::word::{IncidentSeverity, Phase};
use domain::{Span, Timestamp, UserId};
use engine::access::Right;
use serde::Deserialize;
use utoipa::ToSchema;

use super::caller::Caller;
use super::incident::{IncidentDetail, detail};
use super::input::Body;
use super::types::Problem;
use super::words;
use crate::error::WebError;
use crate::state::State;

pub(super) async fn give(
    caller: &Caller,
    number: i64,
    state: &State,
    command: Command,
) -> Result<HttpResponse, WebError> {
    engine::incident::command(state.store(), &caller.ctx, number, command).await?;
    Ok(HttpResponse::Ok().json(detail(state, number).await?))
}

/// Acknowledge
///
/// Stops the escalation: somebody works on it.
#[utoipa::path(post, path = "/api/v1/incidents/{number}/acknowledge", operation_id = "acknowledge_incident",
    tag = "incidents",
    params(("number" = i64, Path, description = "Number of the incident")),
    responses(
        (status = 200, description = "The incident afterwards", body = IncidentDetail),
        (status = 401, description = "No valid token", body = Problem),
        (status = 403, description = "The token's role may only read", body = Problem),
        (status = 404, description = "There is no such incident", body = Problem),
        (status = 409, description = "A rule says no; `detail` says why", body = Problem),
    ))]
pub async fn acknowledge(
    caller: Caller,
    number: Path<i64>,
    state: State,
) -> Result<HttpResponse, WebError> {
    give(&caller, *number, &state, Command::Acknowledge).await
}

/// Take an acknowledgement back
///
/// The escalation starts again at its first step.
#[utoipa::path(post, path = "/api/v1/incidents/{number}/unacknowledge", operation_id = "unacknowledge_incident",
    tag = "incidents",
    params(("number" = i64, Path, description = "Number of the incident")),
    responses(
        (status = 200, description = "The incident afterwards", body = IncidentDetail),
        (status = 401, description = "No valid token", body = Problem),
        (status = 403, description = "The token's role may only read", body = Problem),
        (status = 404, description = "There is no such incident", body = Problem),
        (status = 409, description = "A rule says no; `detail` says why", body = Problem),
    ))]
pub async fn unacknowledge(
    caller: Caller,
    number: Path<i64>,
    state: State,
) -> Result<HttpResponse, WebError> {
    give(&caller, *number, &state, Command::Unacknowledge).await
}

/// Resolve
///
/// It is over: the escalation stops and its alerts close.
#[utoipa::path(post, path = "/api/v1/incidents/{number}/resolve", operation_id = "resolve_incident",
    tag = "incidents",
    params(("number" = i64, Path, description = "Number of the incident")),
    responses(
        (status = 200, description = "The incident afterwards", body = IncidentDetail),
        (status = 401, description = "No valid token", body = Problem),
        (status = 403, description = "The token's role may only read", body = Problem),
        (status = 404, description = "There is no such incident", body = Problem),
        (status = 409, description = "A rule says no; `detail` says why", body = Problem),
    ))]
pub async fn resolve(
    caller: Caller,
    number: Path<i64>,
    state: State,
) -> Result<HttpResponse, WebError> {
    give(&caller, *number, &state, Command::Resolve).await
}

/// Where to escalate to.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct EscalateBody {
    /// Number of a step of the policy, from 1; the next one when absent. A number beyond the last
    /// step is the last resort.
    #[serde(default)]
    to_step: Option<i64>,
}

/// Escalate
///
/// Executes the next step of the policy, or the named one, at once.
#[utoipa::path(post, path = "/api/v1/incidents/{number}/escalate", operation_id = "escalate_incident",
    tag = "incidents",
    params(("number" = i64, Path, description = "Number of the incident")),
    request_body = EscalateBody,
    responses(
        (status = 200, description = "The incident afterwards", body = IncidentDetail),
        (status = 400, description = "The body is not JSON", body = Problem),
        (status = 401, description = "No valid token", body = Problem),
        (status = 403, description = "The token's role may only read", body = Problem),
        (status = 404, description = "There is no such incident", body = Problem),
        (status = 409, description = "A rule says no; `detail` says why", body = Problem),
        (status = 422, description = "Steps are numbered from 1", body = Problem),
    ))]
pub async fn escalate(
    caller: Caller,
    number: Path<i64>,
    body: Body<EscalateBody>,
    state: State,
) -> Result<HttpResponse, WebError> {
    caller.require(Right::Respond)?;
    if body.0.to_step.is_some_and(|step| step < 1) {
        return Err(engine::Error::invalid("to_step", "steps are numbered from 1").into());
    }
    let to_step = body.0.to_step.map(|step| step - 1);
    give(&caller, *number, &state, Command::Escalate { to_step }).await
}

/// Until when: one of the two.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SnoozeBody {
    /// RFC 3339.
    #[serde(default)]
    #[schema(value_type = Option<String>, format = DateTime)]
    until: Option<Timestamp>,
    /// From now.
    #[serde(default)]
    minutes: Option<i64>,
}

/// Snooze
///
/// Acknowledges until a time; then paging starts again.
#[utoipa::path(post, path = "/api/v1/incidents/{number}/snooze", operation_id = "snooze_incident",
    tag = "incidents",
    params(("number" = i64, Path, description = "Number of the incident")),
    request_body = SnoozeBody,
    responses(
        (status = 200, description = "The incident afterwards", body = IncidentDetail),
        (status = 400, description = "The body is not JSON", body = Problem),
        (status = 401, description = "No valid token", body = Problem),
        (status = 403, description = "The token's role may only read", body = Problem),
        (status = 404, description = "There is no such incident", body = Problem),
        (status = 409, description = "A rule says no; `detail` says why", body = Problem),
        (status = 422, description = "The time makes no sense", body = Problem),
    ))]
pub async fn snooze(
    caller: Caller,
    number: Path<i64>,
    body: Body<SnoozeBody>,
    state: State,
) -> Result<HttpResponse, WebError> {
    caller.require(Right::Respond)?;
    let until = match (body.0.until, body.0.minutes) {
        (Some(until), None) => until,
        (None, Some(minutes)) if minutes > 0 => caller.ctx.now + Span::from_minutes(minutes),
        (None, Some(_)) => {
            return Err(engine::Error::invalid("minutes", "at least 1 minute").into());
        }
        _ => {
            let message = "send `until` or `minutes`, one of them";
            return Err(engine::Error::invalid("until", message).into());
        }
    };
    give(&caller, *number, &state, Command::Snooze { until }).await
}

/// To whom: one of the two.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ReassignBody {
    /// E-mail address of a person.
    #[serde(default)]
    user: Option<String>,
    /// Slug of an escalation policy.
    #[serde(default)]
    policy: Option<String>,
}

/// Reassign
///
/// To a person, who is paged, or to another policy, which starts at its first step.
#[utoipa::path(post, path = "/api/v1/incidents/{number}/reassign", operation_id = "reassign_incident",
    tag = "incidents",
    params(("number" = i64, Path, description = "Number of the incident")),
    request_body = ReassignBody,
    responses(
        (status = 200, description = "The incident afterwards", body = IncidentDetail),
        (status = 400, description = "The body is not JSON", body = Problem),
        (status = 401, description = "No valid token", body = Problem),
        (status = 403, description = "The token's role may only read", body = Problem),
        (status = 404, description = "There is no such incident", body = Problem),
        (status = 409, description = "A rule says no; `detail` says why", body = Problem),
        (status = 422, description = "There is no such person or policy", body = Problem),
    ))]
pub async fn reassign(
    caller: Caller,
    number: Path<i64>,
    body: Body<ReassignBody>,
    state: State,
) -> Result<HttpResponse, WebError> {
    caller.require(Right::Respond)?;
    let directory = state.directory();
    let command = match (body.0.user.as_deref(), body.0.policy.as_deref()) {
        (Some(email), None) => {
            let user: UserId = directory
                .user_by_email(email.trim())
                .ok_or_else(|| engine::Error::invalid("user", "there is no such person"))?
                .id;
            Command::ReassignToUser { user }
        }
        (None, Some(slug)) => {
            let policy = directory
                .policy_by_slug(slug)
                .ok_or_else(|| engine::Error::invalid("policy", "there is no such policy"))?
                .id;
            Command::ReassignToPolicy { policy }
        }
        _ => {
            let message = "send `user` or `policy`, one of them";
            return Err(engine::Error::invalid("user", message).into());
        }
    };
    give(&caller, *number, &state, command).await
}

/// How bad it is.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct DeclareBody {
    #[serde(default)]
    #[schema(schema_with = words::incident_severity)]
    severity: Option<IncidentSeverity>,
}

/// Declare
///
/// Makes it an incident with a severity, roles, updates and a postmortem.
#[utoipa::path(post, path = "/api/v1/incidents/{number}/declare", operation_id = "declare_incident",
    tag = "incidents",
    params(("number" = i64, Path, description = "Number of the incident")),
    request_body = DeclareBody,
    responses(
        (status = 200, description = "The incident afterwards", body = IncidentDetail),
        (status = 400, description = "The body is not JSON", body = Problem),
        (status = 401, description = "No valid token", body = Problem),
        (status = 403, description = "The token's role may only read", body = Problem),
        (status = 404, description = "There is no such incident", body = Problem),
        (status = 409, description = "A rule says no; `detail` says why", body = Problem),
        (status = 422, description = "The severity is unknown", body = Problem),
    ))]
pub async fn declare(
    caller: Caller,
    number: Path<i64>,
    body: Body<DeclareBody>,
    state: State,
) -> Result<HttpResponse, WebError> {
    caller.require(Right::Respond)?;
    give(
        &caller,
        *number,
        &state,
        Command::Declare {
            severity: body.0.severity,
        },
    )
    .await
}

/// Where the work stands.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PhaseBody {
    #[schema(schema_with = words::phase)]
    phase: Phase,
    /// Needed for steps back and side exits.
    #[serde(default)]
    reason: Option<String>,
}

/// Change the phase
#[utoipa::path(post, path = "/api/v1/incidents/{number}/phase", operation_id = "change_phase",
    tag = "incidents",
    params(("number" = i64, Path, description = "Number of the incident")),
    request_body = PhaseBody,
    responses(
        (status = 200, description = "The incident afterwards", body = IncidentDetail),
        (status = 400, description = "The body is not JSON", body = Problem),
        (status = 401, description = "No valid token", body = Problem),
        (status = 403, description = "The token's role may only read", body = Problem),
        (status = 404, description = "There is no such incident", body = Problem),
        (status = 409, description = "A rule says no; `detail` says why", body = Problem),
        (status = 422, description = "The phase is unknown", body = Problem),
    ))]
pub async fn phase(
    caller: Caller,
    number: Path<i64>,
    body: Body<PhaseBody>,
    state: State,
) -> Result<HttpResponse, WebError> {
    caller.require(Right::Respond)?;
    let PhaseBody { phase, reason } = body.0;
    give(
        &caller,
        *number,
        &state,
        Command::ChangePhase { to: phase, reason },
    )
    .await
}
