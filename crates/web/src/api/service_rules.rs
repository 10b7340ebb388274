//! How a service turns alerts into incidents, and how urgent they are.

use actix_web::HttpResponse;
use actix_web::web::Path;
use domain::Span;
use domain::directory::Directory;
use domain::policy::StepHours;
use domain::schedule::{Restriction, Weekday};
use domain::service::{
    Grouping, HoursUrgency, Service, ServiceSettings, SupportHours, UrgencyRule,
};
use domain::word::AlertSeverity;
use engine::access::Right;
use engine::configuration::service::{ServiceInput, edit_service};
use engine::{Error, Problem as FieldProblem};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::caller::Caller;
use super::input::Body;
use super::types::Problem;
use super::words;
use crate::error::WebError;
use crate::state::State;

/// The rules of a service. What is absent when it is sent is as it is with a new service.
#[derive(Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
pub struct ServiceRules {
    /// How an alert becomes urgent.
    #[schema(schema_with = words::urgency_rule)]
    urgency: UrgencyRule,
    /// The severities that are high where urgency goes by severity.
    #[schema(value_type = Vec<String>)]
    high_severities: Vec<AlertSeverity>,
    /// Needed with `support_hours`.
    support_hours: Option<Hours>,
    /// How alerts become incidents.
    #[schema(schema_with = words::grouping)]
    grouping: Grouping,
    /// With `fields`: the names whose values must be equal.
    grouping_fields: Vec<String>,
    /// With `window`: an alert so soon after the last one joins; 30–86400.
    grouping_window_seconds: i64,
    /// More incidents than this within 60 s are collected in one; `null`: never.
    storm_limit: Option<u16>,
    /// Whether incidents resolve themselves with their last alert.
    auto_resolve: bool,
    /// A trigger so soon after the end reopens the incident.
    reopen_window_seconds: i64,
    /// How long an acknowledgement lasts; `null`: for ever.
    ack_timeout_high_seconds: Option<i64>,
    ack_timeout_low_seconds: Option<i64>,
}

/// When a service is looked after.
#[derive(Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Hours {
    /// IANA zone.
    zone: String,
    ranges: Vec<HoursRange>,
    #[schema(schema_with = words::hours_urgency)]
    inside: HoursUrgency,
    #[schema(schema_with = words::hours_urgency)]
    outside: HoursUrgency,
    /// Raise what is still open when hours begin.
    raise: bool,
}

/// Hours of a day.
#[derive(Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct HoursRange {
    /// `monday` to `sunday`; empty: every day.
    #[serde(default)]
    #[schema(value_type = Vec<String>)]
    weekdays: Vec<Weekday>,
    /// `09:00`.
    from: String,
    /// Exclusive; not later than `from` is on the next day.
    until: String,
}

impl Default for ServiceRules {
    fn default() -> ServiceRules {
        ServiceRules::of(&ServiceSettings::default())
    }
}

impl ServiceRules {
    fn of(settings: &ServiceSettings) -> ServiceRules {
        let seconds = |span: Option<Span>| span.map(Span::as_seconds);
        let hours = settings.support_hours.as_ref().map(|support| Hours {
            zone: support.hours.zone.clone().unwrap_or_default(),
            ranges: support
                .hours
                .ranges
                .iter()
                .map(|range| HoursRange {
                    weekdays: range.weekdays.clone(),
                    from: range.from.to_string(),
                    until: range.until.to_string(),
                })
                .collect(),
            inside: support.inside,
            outside: support.outside,
            raise: support.raise,
        });
        ServiceRules {
            urgency: settings.urgency,
            high_severities: settings.high_severities.clone(),
            support_hours: hours,
            grouping: settings.grouping,
            grouping_fields: settings.grouping_fields.clone(),
            grouping_window_seconds: settings.grouping_window.as_seconds(),
            storm_limit: settings.storm_limit,
            auto_resolve: settings.auto_resolve,
            reopen_window_seconds: settings.reopen_window.as_seconds(),
            ack_timeout_high_seconds: seconds(settings.ack_timeout_high),
            ack_timeout_low_seconds: seconds(settings.ack_timeout_low),
        }
    }

    pub(super) fn settings(self) -> Result<ServiceSettings, Error> {
        let mut problems = Vec::new();
        let support_hours = self.support_hours.map(|hours| {
            let mut ranges = Vec::new();
            for (index, range) in hours.ranges.into_iter().enumerate() {
                match (range.from.parse(), range.until.parse()) {
                    (Ok(from), Ok(until)) => ranges.push(Restriction {
                        weekdays: range.weekdays,
                        from,
                        until,
                    }),
                    _ => problems.push(FieldProblem::new(
                        format!("support_hours.ranges[{index}]"),
                        "from and until are times such as 09:00",
                    )),
                }
            }
            SupportHours {
                hours: StepHours {
                    zone: Some(hours.zone),
                    ranges,
                },
                inside: hours.inside,
                outside: hours.outside,
                raise: hours.raise,
            }
        });
        if !problems.is_empty() {
            return Err(Error::Invalid(problems));
        }
        // A thousand years: whatever is longer is judged as this is.
        let span = |seconds: i64| Span::from_seconds(seconds.clamp(0, 32_000_000_000));
        Ok(ServiceSettings {
            urgency: self.urgency,
            high_severities: self.high_severities,
            support_hours,
            grouping: self.grouping,
            grouping_fields: self.grouping_fields,
            grouping_window: span(self.grouping_window_seconds),
            storm_limit: self.storm_limit,
            auto_resolve: self.auto_resolve,
            reopen_window: span(self.reopen_window_seconds),
            ack_timeout_high: self.ack_timeout_high_seconds.map(span),
            ack_timeout_low: self.ack_timeout_low_seconds.map(span),
        })
    }
}

fn named<'d>(directory: &'d Directory, slug: &str) -> Result<&'d Service, Error> {
    directory
        .service_by_slug(slug)
        .ok_or(Error::NotFound("service"))
}

/// Get a service's rules
#[utoipa::path(get, path = "/api/v1/services/{slug}/rules", operation_id = "get_service_rules",
    tag = "configuration",
    params(("slug" = String, Path, description = "Slug of the service")),
    responses(
        (status = 200, description = "The rules", body = ServiceRules),
        (status = 401, description = "No valid token", body = Problem),
        (status = 404, description = "There is no such service", body = Problem),
    ))]
pub async fn get(
    caller: Caller,
    slug: Path<String>,
    state: State,
) -> Result<HttpResponse, WebError> {
    caller.require(Right::Read)?;
    let directory = state.directory();
    let service = named(&directory, &slug)?;
    Ok(HttpResponse::Ok().json(ServiceRules::of(&service.settings)))
}

/// Change a service's rules
#[utoipa::path(put, path = "/api/v1/services/{slug}/rules", operation_id = "edit_service_rules",
    tag = "configuration", request_body = ServiceRules,
    params(("slug" = String, Path, description = "Slug of the service")),
    responses(
        (status = 200, description = "The rules as they are now", body = ServiceRules),
        (status = 400, description = "The body is not JSON", body = Problem),
        (status = 401, description = "No valid token", body = Problem),
        (status = 403, description = "The token's role may only read", body = Problem),
        (status = 404, description = "There is no such service", body = Problem),
        (status = 422, description = "A field is not right", body = Problem),
    ))]
pub async fn edit(
    caller: Caller,
    slug: Path<String>,
    body: Body<ServiceRules>,
    state: State,
) -> Result<HttpResponse, WebError> {
    caller.require(Right::Configure)?;
    let settings = body.0.settings()?;
    let directory = state.directory();
    let service = named(&directory, &slug)?;
    let input = ServiceInput {
        name: service.name.clone(),
        slug: None,
        description: service.description.clone(),
        team_id: service.team_id,
        policy_id: service.policy_id,
        settings,
    };
    edit_service(state.store(), &caller.ctx, service.id, input).await?;
    let directory = state.directory();
    let service = named(&directory, &slug)?;
    Ok(HttpResponse::Ok().json(ServiceRules::of(&service.settings)))
}
