//! The proof of coverage: who is reached when, and what is wrong with it.

use actix_web::HttpResponse;
use domain::coverage::{By, Cover, DAYS_DEFAULT, Finding as Found, Level, Reach, ServiceCover};
use domain::directory::Directory;
use domain::word::Urgency;
use domain::{ServiceId, Span, Timestamp, UserId};
use engine::access::Right;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::caller::Caller;
use super::input::{Params, word};
use super::types::{Person, Problem};
use super::words;
use crate::error::WebError;
use crate::page::coverage::mend;
use crate::state::State;

/// What is to be proved.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct CoverageQuery {
    /// How many days from now: 1 to 366, 90 when absent.
    days: Option<u32>,
    /// Slug of a service: only this one, with everything about its spans.
    service: Option<String>,
    /// Only findings at least this bad: `alarm`, `warning`, `note`.
    level: Option<String>,
}

/// The coverage of every service.
#[derive(Serialize, ToSchema)]
pub struct Coverage {
    #[schema(value_type = String, format = DateTime)]
    from: Timestamp,
    #[schema(value_type = String, format = DateTime)]
    until: Timestamp,
    /// Worst first.
    findings: Vec<Finding>,
    services: Vec<Service>,
}

/// One thing to mend.
#[derive(Serialize, ToSchema)]
pub struct Finding {
    #[schema(schema_with = words::finding_level)]
    level: Level,
    #[schema(schema_with = words::finding_kind)]
    kind: domain::coverage::FindingKind,
    text: String,
    /// When, in order; empty when it does not depend on the time.
    spans: Vec<Stretch>,
    /// Slugs of the services concerned.
    services: Vec<String>,
    user: Option<Person>,
    /// The page where it is mended.
    url: String,
    /// Further pages where it can be mended, such as that of the other schedule.
    also: Vec<String>,
}

/// A stretch of time.
#[derive(Serialize, ToSchema)]
pub struct Stretch {
    #[schema(value_type = String, format = DateTime)]
    from: Timestamp,
    /// Exclusive.
    #[schema(value_type = String, format = DateTime)]
    until: Timestamp,
}

/// Who answers for a service.
#[derive(Serialize, ToSchema)]
pub struct Service {
    service: String,
    /// Slug of the policy.
    policy: Option<String>,
    /// Of a critical alert.
    #[schema(schema_with = words::urgency)]
    urgency: Urgency,
    /// No gap in the whole span.
    covered: bool,
    /// The longest it takes until a first message leaves, in seconds, where a step reaches anybody.
    slowest: Option<i64>,
    /// When no step reaches anybody.
    gaps: Vec<Stretch>,
    /// The whole span, cut wherever another answer begins; only when one service is asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    spans: Option<Vec<CoverSpan>>,
}

/// For every alert of this stretch the same people are reached by the same steps.
#[derive(Serialize, ToSchema)]
pub struct CoverSpan {
    #[schema(value_type = String, format = DateTime)]
    from: Timestamp,
    #[schema(value_type = String, format = DateTime)]
    until: Timestamp,
    /// What reaches the first person: `step`, `last_resort`, `everybody` (whom the policy names,
    /// in place of the last resort) or `nobody`.
    by: &'static str,
    /// Number of the step, from 1.
    step: Option<i64>,
    /// Seconds after the alert until the first message leaves.
    after: Option<i64>,
    /// Who gets it.
    first: Vec<Person>,
    /// The steps, the first time through.
    steps: Vec<CoverStep>,
}

/// A step for alerts of one stretch.
#[derive(Serialize, ToSchema)]
pub struct CoverStep {
    /// Which time through the steps, from 1: they are climbed again while all they did was to tell
    /// channels.
    round: u8,
    /// From 1.
    step: i64,
    /// Seconds after the alert.
    due: i64,
    /// Everybody whom it may reach.
    users: Vec<Person>,
    /// Only one of them, whoever has the turn.
    one_of: bool,
    /// Why it reaches nobody.
    skipped: Option<String>,
}

/// Prove the coverage
///
/// For every service and every instant of the next days, who is reached and how soon; and what is
/// wrong with it. Worked out between the instants at which the answer changes, not sampled.
#[utoipa::path(get, path = "/api/v1/coverage", operation_id = "get_coverage", tag = "on-call",
    params(CoverageQuery),
    responses(
        (status = 200, description = "The proof", body = Coverage),
        (status = 401, description = "No valid token", body = Problem),
        (status = 404, description = "There is no such service", body = Problem),
        (status = 422, description = "The number of days makes no sense", body = Problem),
    ))]
pub async fn get(
    caller: Caller,
    query: Params<CoverageQuery>,
    state: State,
) -> Result<HttpResponse, WebError> {
    caller.require(Right::Read)?;
    let query = query.0;
    let level: Level = word("level", query.level.as_deref())?.unwrap_or(Level::Note);
    let directory = state.directory();
    let one: Option<ServiceId> = match &query.service {
        Some(slug) => {
            let found = directory.service_by_slug(slug);
            Some(found.ok_or(engine::Error::NotFound("service"))?.id)
        }
        None => None,
    };
    let days = query.days.unwrap_or(DAYS_DEFAULT);
    let proof =
        engine::coverage::prove(&state.proofs, directory.clone(), &caller.ctx, days).await?;
    let findings = proof
        .findings
        .iter()
        .filter(|found| found.level() <= level)
        .filter(|found| one.is_none_or(|id| found.services.contains(&id)));
    let services = proof
        .services
        .iter()
        .filter(|cover| one.is_none_or(|id| cover.service == id));
    Ok(HttpResponse::Ok().json(Coverage {
        from: proof.from,
        until: proof.until,
        findings: findings.map(|found| finding(found, &directory)).collect(),
        services: services
            .map(|cover| service(cover, &directory, one.is_some()))
            .collect(),
    }))
}

fn slug(id: ServiceId, directory: &Directory) -> String {
    directory
        .service(id)
        .map(|service| service.slug.clone())
        .unwrap_or_default()
}

fn finding(found: &Found, directory: &Directory) -> Finding {
    Finding {
        level: found.level(),
        kind: found.kind,
        text: found.text.clone(),
        spans: stretches(found.spans.iter().copied()),
        services: found
            .services
            .iter()
            .map(|id| slug(*id, directory))
            .collect(),
        user: Person::maybe(found.user, directory),
        url: mend(found.mend, directory).href,
        also: found
            .also
            .iter()
            .map(|one| mend(*one, directory).href)
            .collect(),
    }
}

fn stretches(spans: impl Iterator<Item = (Timestamp, Timestamp)>) -> Vec<Stretch> {
    spans.map(|(from, until)| Stretch { from, until }).collect()
}

fn service(cover: &ServiceCover, directory: &Directory, whole: bool) -> Service {
    let mut gaps: Vec<(Timestamp, Timestamp)> = Vec::new();
    for span in cover.spans.iter().filter(|span| !span.is_covered()) {
        match gaps.last_mut() {
            Some(last) if last.1 == span.from => last.1 = span.until,
            _ => gaps.push((span.from, span.until)),
        }
    }
    let covered = cover.spans.iter().filter(|span| span.is_covered());
    Service {
        service: slug(cover.service, directory),
        policy: cover
            .policy
            .and_then(|id| directory.policy(id))
            .map(|policy| policy.slug.clone()),
        urgency: cover.urgency,
        covered: gaps.is_empty(),
        slowest: covered
            .filter_map(|span| span.after)
            .max()
            .map(Span::as_seconds),
        gaps: stretches(gaps.into_iter()),
        spans: whole.then(|| {
            let spans = cover.spans.iter();
            spans.map(|span| cover_span(span, directory)).collect()
        }),
    }
}

fn cover_span(span: &Cover, directory: &Directory) -> CoverSpan {
    let people = |users: &[UserId]| -> Vec<Person> {
        users
            .iter()
            .map(|user| Person::of(*user, directory))
            .collect()
    };
    let (by, step) = match span.by {
        By::Step(index) => ("step", Some(index.saturating_add(1))),
        By::LastResort => ("last_resort", None),
        By::Everybody => ("everybody", None),
        By::Nobody => ("nobody", None),
    };
    CoverSpan {
        from: span.from,
        until: span.until,
        by,
        step,
        after: span.after.map(Span::as_seconds),
        first: people(&span.first),
        steps: span
            .rungs
            .iter()
            .map(|rung| CoverStep {
                round: rung.round.saturating_add(1),
                step: rung.step.saturating_add(1),
                due: rung.offset.as_seconds(),
                users: people(&rung.reach.users()),
                one_of: matches!(rung.reach, Reach::OneOf { .. }),
                skipped: match &rung.reach {
                    Reach::NotFor(why) => Some(why.clone()),
                    Reach::Nobody => Some("it reaches nobody".to_owned()),
                    Reach::Told => Some("it tells channels and pages nobody".to_owned()),
                    Reach::All { .. } | Reach::OneOf { .. } => None,
                },
            })
            .collect(),
    }
}
