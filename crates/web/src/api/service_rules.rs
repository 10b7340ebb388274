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
use super::integration::given;
use super::types::Problem;
use super::words;
use crate::error::WebError;
use crate::state::State;

/// The rules of a service.
#[derive(Serialize, ToSchema)]
pub struct ServiceRules {
    /// How an alert becomes urgent.
    #[schema(schema_with = words::urgency_rule)]
    urgency: UrgencyRule,
    /// The severities that are high where urgency goes by severity.
    #[schema(value_type = Vec<String>)]
    high_severities: Vec<AlertSeverity>,
    /// Of urgency by `support_hours`.
    support_hours: Option<SupportRules>,
    /// How alerts become incidents.
    #[schema(schema_with = words::grouping)]
    grouping: Grouping,
    /// With `fields`: the names whose values must be equal.
    grouping_fields: Vec<String>,
    /// With `window`: an alert so soon after the last one joins.
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

/// What to change of a service's rules: absent stays as it is, `null` is as with a new service
/// unless it says otherwise here.
#[derive(Default, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
pub struct ServiceRulesEdit {
    /// How an alert becomes urgent.
    #[serde(deserialize_with = "given")]
    #[schema(schema_with = words::urgency_rule)]
    urgency: Option<Option<UrgencyRule>>,
    /// The severities that are high where urgency goes by severity.
    #[serde(deserialize_with = "given")]
    #[schema(value_type = Option<Vec<String>>)]
    high_severities: Option<Option<Vec<AlertSeverity>>>,
    /// Needed with urgency by `support_hours`; `null`: none.
    #[serde(deserialize_with = "given")]
    #[schema(value_type = Option<SupportRules>)]
    support_hours: Option<Option<SupportRules>>,
    /// How alerts become incidents.
    #[serde(deserialize_with = "given")]
    #[schema(schema_with = words::grouping)]
    grouping: Option<Option<Grouping>>,
    /// With `fields`: the names whose values must be equal.
    #[serde(deserialize_with = "given")]
    #[schema(value_type = Option<Vec<String>>)]
    grouping_fields: Option<Option<Vec<String>>>,
    /// With `window`: an alert so soon after the last one joins; 30–86400.
    #[serde(deserialize_with = "given")]
    #[schema(value_type = Option<i64>)]
    grouping_window_seconds: Option<Option<i64>>,
    /// More incidents than this within 60 s are collected in one; `null`: never.
    #[serde(deserialize_with = "given")]
    #[schema(value_type = Option<u16>)]
    storm_limit: Option<Option<u16>>,
    /// Whether incidents resolve themselves with their last alert.
    #[serde(deserialize_with = "given")]
    #[schema(value_type = Option<bool>)]
    auto_resolve: Option<Option<bool>>,
    /// A trigger so soon after the end reopens the incident; 0–86400.
    #[serde(deserialize_with = "given")]
    #[schema(value_type = Option<i64>)]
    reopen_window_seconds: Option<Option<i64>>,
    /// How long an acknowledgement lasts, 60–604800; `null`: for ever.
    #[serde(deserialize_with = "given")]
    #[schema(value_type = Option<i64>)]
    ack_timeout_high_seconds: Option<Option<i64>>,
    #[serde(deserialize_with = "given")]
    #[schema(value_type = Option<i64>)]
    ack_timeout_low_seconds: Option<Option<i64>>,
}

/// When a service is looked after, and what that means for its urgency.
#[derive(Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SupportRules {
    hours: Hours,
    #[schema(schema_with = words::hours_urgency)]
    inside: HoursUrgency,
    #[schema(schema_with = words::hours_urgency)]
    outside: HoursUrgency,
    /// Raise what is still open when hours begin.
    raise: bool,
}

/// Hours of a week.
#[derive(Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Hours {
    /// IANA zone.
    zone: String,
    ranges: Vec<HoursRange>,
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

impl ServiceRules {
    fn of(settings: &ServiceSettings) -> ServiceRules {
        let seconds = |span: Option<Span>| span.map(Span::as_seconds);
        ServiceRules {
            urgency: settings.urgency,
            high_severities: settings.high_severities.clone(),
            support_hours: settings.support_hours.as_ref().map(SupportRules::of),
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
}

impl SupportRules {
    fn of(support: &SupportHours) -> SupportRules {
        let ranges = support.hours.ranges.iter().map(|range| HoursRange {
            weekdays: range.weekdays.clone(),
            from: range.from.to_string(),
            until: range.until.to_string(),
        });
        SupportRules {
            hours: Hours {
                zone: support.hours.zone.clone().unwrap_or_default(),
                ranges: ranges.collect(),
            },
            inside: support.inside,
            outside: support.outside,
            raise: support.raise,
        }
    }

    /// What cannot be read is added to `problems`.
    fn read(self, problems: &mut Vec<FieldProblem>) -> SupportHours {
        let mut ranges = Vec::new();
        for (index, range) in self.hours.ranges.into_iter().enumerate() {
            match (range.from.parse(), range.until.parse()) {
                (Ok(from), Ok(until)) => ranges.push(Restriction {
                    weekdays: range.weekdays,
                    from,
                    until,
                }),
                _ => problems.push(FieldProblem::new(
                    format!("support_hours.hours.ranges[{index}]"),
                    "from and until are times such as 09:00",
                )),
            }
        }
        SupportHours {
            hours: StepHours {
                zone: Some(self.hours.zone),
                ranges,
            },
            inside: self.inside,
            outside: self.outside,
            raise: self.raise,
        }
    }
}

/// Seconds as they were sent; what is wrong is added to `problems`.
fn span(field: &str, seconds: i64, problems: &mut Vec<FieldProblem>) -> Span {
    if seconds < 0 {
        problems.push(FieldProblem::new(field, "a time is not negative"));
    }
    // A thousand years: whatever is longer is judged as this is.
    Span::from_seconds(seconds.clamp(0, 32_000_000_000))
}

impl ServiceRulesEdit {
    /// What becomes of the rules as they were.
    ///
    /// # Errors
    /// [`Error::Invalid`] for what cannot be read; whether the rules hold together is not looked at.
    pub(super) fn settings(self, before: &ServiceSettings) -> Result<ServiceSettings, Error> {
        /// What a field comes to.
        fn put<T>(slot: &mut T, given: Option<Option<T>>, new: T) {
            if let Some(given) = given {
                *slot = given.unwrap_or(new);
            }
        }
        let mut problems = Vec::new();
        let mut settings = before.clone();
        let new = ServiceSettings::default();
        put(&mut settings.urgency, self.urgency, new.urgency);
        let mut severities = self.high_severities;
        if let Some(Some(severities)) = &mut severities {
            severities.sort_unstable();
            severities.dedup();
        }
        let high = &mut settings.high_severities;
        put(high, severities, new.high_severities);
        if let Some(support) = self.support_hours {
            settings.support_hours = support.map(|support| support.read(&mut problems));
        }
        put(&mut settings.grouping, self.grouping, new.grouping);
        let fields = &mut settings.grouping_fields;
        put(fields, self.grouping_fields, new.grouping_fields);
        if let Some(limit) = self.storm_limit {
            settings.storm_limit = limit;
        }
        let auto_resolve = &mut settings.auto_resolve;
        put(auto_resolve, self.auto_resolve, new.auto_resolve);
        let mut read = |field: &str, given: Option<Option<i64>>| {
            given.map(|seconds| seconds.map(|seconds| span(field, seconds, &mut problems)))
        };
        let window = read("grouping_window_seconds", self.grouping_window_seconds);
        let reopen = read("reopen_window_seconds", self.reopen_window_seconds);
        let high = read("ack_timeout_high_seconds", self.ack_timeout_high_seconds);
        let low = read("ack_timeout_low_seconds", self.ack_timeout_low_seconds);
        put(&mut settings.grouping_window, window, new.grouping_window);
        put(&mut settings.reopen_window, reopen, new.reopen_window);
        settings.ack_timeout_high = high.unwrap_or(settings.ack_timeout_high);
        settings.ack_timeout_low = low.unwrap_or(settings.ack_timeout_low);
        match problems.is_empty() {
            true => Ok(settings),
            false => Err(Error::Invalid(problems)),
        }
    }
}

/// A field of the rules as requests name it.
fn sent_as(field: &str) -> String {
    match field {
        "grouping_window" | "reopen_window" | "ack_timeout_high" | "ack_timeout_low" => {
            format!("{field}_seconds")
        }
        _ => match field.strip_prefix("support_hours[") {
            Some(range) => format!("support_hours.hours.ranges[{range}"),
            None => field.to_owned(),
        },
    }
}

/// Names the fields of the request in what the engine refused.
fn named_as_sent(error: Error) -> Error {
    let Error::Invalid(problems) = error else {
        return error;
    };
    let renamed = problems.into_iter().map(|problem| FieldProblem {
        field: sent_as(&problem.field),
        ..problem
    });
    Error::Invalid(renamed.collect())
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
///
/// What is absent stays as it is; `null` is as with a new service, and takes limits away.
#[utoipa::path(put, path = "/api/v1/services/{slug}/rules", operation_id = "edit_service_rules",
    tag = "configuration", request_body = ServiceRulesEdit,
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
    body: Body<ServiceRulesEdit>,
    state: State,
) -> Result<HttpResponse, WebError> {
    caller.require(Right::Configure)?;
    let directory = state.directory();
    let service = named(&directory, &slug)?;
    let settings = body.0.settings(&service.settings)?;
    let input = ServiceInput {
        name: service.name.clone(),
        slug: None,
        description: service.description.clone(),
        team_id: service.team_id,
        policy_id: service.policy_id,
        settings,
    };
    edit_service(state.store(), &caller.ctx, service.id, input)
        .await
        .map_err(named_as_sent)?;
    let directory = state.directory();
    let service = named(&directory, &slug)?;
    Ok(HttpResponse::Ok().json(ServiceRules::of(&service.settings)))
}
