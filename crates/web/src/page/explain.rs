//! Why somebody was paged for an incident, or was not.

use actix_web::web::{self, ServiceConfig};
use actix_web::{HttpRequest, HttpResponse};
use domain::directory::Directory;
use domain::explain::Source;
use domain::{ScheduleId, Timestamp, UserId};
use jiff::tz::TimeZone;

use super::{choice, query};
use crate::error::WebError;
use crate::frame::{frame, render};
use crate::session::SignedIn;
use crate::state::State;
use crate::view::explain::{AnswerShown, ExplainPage, PointShown};
use crate::view::{Link, Nav};

pub fn configure(cfg: &mut ServiceConfig) {
    cfg.route("/incidents/{number:[0-9]+}/why", web::get().to(show));
}

/// `GET /incidents/{number}/why?person=`: an answer about the person, or the question.
async fn show(
    state: State,
    me: SignedIn,
    number: web::Path<i64>,
    req: HttpRequest,
) -> Result<HttpResponse, WebError> {
    let number = *number;
    let directory = state.directory();
    let asked = query::value(&req, "person").and_then(|id| id.parse().ok());
    // Whoever asks without naming anybody wants to hear about themselves.
    let user = asked.map_or(me.id(), UserId);
    let ctx = me.ctx(state.now());
    let explained =
        engine::explain::why(state.store(), &ctx, number, user, me.zone.clone()).await?;
    let account = explained.account;
    let frame = frame(&state, &me, "Why?", Nav::Incidents).await;
    let points = account
        .points
        .into_iter()
        .map(|point| PointShown {
            kind: point.kind,
            at: point.at,
            sources: point
                .sources
                .iter()
                .filter_map(|source| link(source, &directory, &me.zone))
                .collect(),
            text: point.text,
        })
        .collect();
    render(&ExplainPage {
        number,
        title: explained.incident.title,
        people: choice::people_and(&directory, &[user]),
        person: Some(choice::person(&directory, user)),
        answer: Some(AnswerShown {
            paged: account.paged,
            verdict: account.verdict,
            points,
        }),
        frame,
    })
}

/// The page where a piece of the configuration can be looked up, as it was used.
pub fn link(source: &Source, directory: &Directory, zone: &TimeZone) -> Option<Link> {
    Some(match source {
        Source::Policy { id, version, step } => {
            let policy = directory.policy(*id)?;
            let step = step.map_or_else(String::new, |step| format!(", step {step}"));
            let now = if policy.current.version == *version {
                String::new()
            } else {
                format!("; now v{}", policy.current.version)
            };
            Link {
                label: format!("Policy {} (v{version}{step}{now})", policy.name),
                href: format!("/policies/{}", policy.slug),
            }
        }
        Source::Layer {
            schedule,
            version,
            name,
            at,
        } => {
            let shown = at_schedule(directory, *schedule, *at, zone)?;
            Link {
                label: format!("{}, layer {name} (v{version})", shown.label),
                href: format!("{}&version={version}", shown.href),
            }
        }
        Source::Override { schedule, at, .. } => {
            let shown = at_schedule(directory, *schedule, *at, zone)?;
            Link {
                label: format!("{}, override", shown.label),
                href: shown.href,
            }
        }
        Source::Schedule { schedule, at } => at_schedule(directory, *schedule, *at, zone)?,
        Source::Person(id) => Link {
            label: format!("{}: methods and rules", directory.user(*id)?.name),
            href: format!("/users/{id}"),
        },
        Source::Settings => Link {
            label: "Last resort".to_owned(),
            href: "/settings".to_owned(),
        },
    })
}

/// A schedule as it looked on the day of an instant.
fn at_schedule(
    directory: &Directory,
    id: ScheduleId,
    at: Timestamp,
    zone: &TimeZone,
) -> Option<Link> {
    let schedule = directory.schedule(id)?;
    Some(Link {
        label: format!("Schedule {}", schedule.name),
        href: format!(
            "/schedules/{}?from={}",
            schedule.slug,
            at.in_zone(zone).date()
        ),
    })
}
