//! The swimlane of an incident: what happened when, side by side.

use domain::alert::Alert;
use domain::command::role_title;
use domain::directory::Directory;
use domain::incident::Incident;
use domain::moment::title;
use domain::word::{CommandRole, KeyMoment};
use domain::{Span, Timestamp};
use jiff::tz::TimeZone;
use store::command::{RoleHolding, StatusUpdate};
use store::escalation::Page;

use super::scene::Scene;
use crate::picture::{Flag, Lane, LaneKind, LaneMark, Swimlane};

/// Shortest span drawn, so that an incident of seconds is not all edge.
const SHORTEST: Span = Span::from_minutes(2);

/// What the picture is made of.
pub struct Parts<'a> {
    pub incident: &'a Incident,
    pub moments: Vec<(KeyMoment, Timestamp)>,
    pub alerts: &'a [Alert],
    pub pages: &'a [Page],
    pub holdings: &'a [RoleHolding],
    pub updates: &'a [StatusUpdate],
}

impl<'a> Parts<'a> {
    pub fn of(scene: &'a Scene) -> Parts<'a> {
        Parts {
            incident: &scene.incident,
            moments: scene
                .moments
                .iter()
                .map(|known| (known.moment, known.at))
                .collect(),
            alerts: &scene.alerts,
            pages: &scene.pages,
            holdings: &scene.holdings,
            updates: &scene.updates,
        }
    }
}

/// Draws everything from the first moment to the end, or to now.
pub fn swimlane(
    parts: &Parts<'_>,
    directory: &Directory,
    zone: &TimeZone,
    now: Timestamp,
) -> Swimlane {
    let incident = parts.incident;
    let mut moments = parts.moments.clone();
    moments.sort_by_key(|(moment, at)| (*at, *moment));
    let first = moments.first().map_or(incident.created_at, |(_, at)| *at);
    let start = first.min(incident.created_at);
    let last = moments.last().map_or(incident.created_at, |(_, at)| *at);
    let end = incident
        .resolved_at
        .map_or(now, |at| at.max(last))
        .max(start + SHORTEST);
    Swimlane {
        title: format!("How {} went", incident.label()),
        start,
        end,
        zone: zone.clone(),
        lanes: vec![
            lane(LaneKind::Impact, impact(&moments, end)),
            lane(LaneKind::Signals, signals(parts.alerts, end)),
            lane(LaneKind::Pages, pages(parts.pages, directory)),
            lane(LaneKind::Roles, roles(parts.holdings, directory, end)),
            lane(LaneKind::Updates, updates(parts.updates)),
        ],
        flags: moments
            .iter()
            .map(|(moment, at)| Flag {
                label: title(*moment).to_owned(),
                at: *at,
            })
            .collect(),
    }
}

fn lane(kind: LaneKind, marks: Vec<LaneMark>) -> Lane {
    Lane { kind, marks }
}

/// Nobody invents when users were hit: without its start there is no bar.
fn impact(moments: &[(KeyMoment, Timestamp)], end: Timestamp) -> Vec<LaneMark> {
    let at = |wanted| {
        let found = moments.iter().find(|(moment, _)| *moment == wanted);
        found.map(|(_, at)| *at)
    };
    at(KeyMoment::ImpactStarted)
        .map(|start| LaneMark {
            start,
            end: Some(
                at(KeyMoment::ImpactEnded)
                    .or(at(KeyMoment::Resolved))
                    .unwrap_or(end),
            ),
            label: "Impact".to_owned(),
        })
        .into_iter()
        .collect()
}

/// One alert is a stretch; several would hide each other and stand as dots where they began.
fn signals(alerts: &[Alert], end: Timestamp) -> Vec<LaneMark> {
    let alone = alerts.len() == 1;
    alerts
        .iter()
        .map(|alert| LaneMark {
            start: alert.first_seen,
            end: alone.then(|| alert.resolved_at.unwrap_or(end).max(alert.first_seen)),
            label: alert.text.summary.clone(),
        })
        .collect()
}

fn pages(pages: &[Page], directory: &Directory) -> Vec<LaneMark> {
    pages
        .iter()
        .map(|page| LaneMark {
            start: page.created_at,
            end: None,
            label: directory.user_name(page.user_id).to_owned(),
        })
        .collect()
}

/// There is one commander at a time: a stretch each. Other roles stand as dots where they began.
fn roles(holdings: &[RoleHolding], directory: &Directory, end: Timestamp) -> Vec<LaneMark> {
    holdings
        .iter()
        .map(|held| {
            let name = directory.user_name(held.user_id);
            let commands = held.role == CommandRole::Commander;
            LaneMark {
                start: held.started_at,
                end: commands.then(|| held.ended_at.unwrap_or(end).max(held.started_at)),
                label: match commands {
                    true => name.to_owned(),
                    false => format!("{}: {name}", role_title(held.role)),
                },
            }
        })
        .collect()
}

fn updates(updates: &[StatusUpdate]) -> Vec<LaneMark> {
    updates
        .iter()
        .map(|update| LaneMark {
            start: update.published_at,
            end: None,
            label: update.text.lines().next().unwrap_or_default().to_owned(),
        })
        .collect()
}
