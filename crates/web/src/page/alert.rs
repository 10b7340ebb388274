//! Alerts: their list, one of them, and how they stand on other pages.

use std::collections::BTreeMap;

use actix_web::web::{self, Path, ServiceConfig};
use actix_web::{HttpRequest, HttpResponse};
use domain::alert::Alert;
use domain::directory::Directory;
use domain::suppression::{self, Fields, Suppressed, SuppressionKind};
use domain::word::AlertStatus;
use domain::{AlertId, IncidentId, IntegrationId, ServiceId, Timestamp};
use store::Conn;
use store::alert::Filter;

use super::{name, query};
use crate::error::WebError;
use crate::frame::{frame, render};
use crate::session::SignedIn;
use crate::state::State;
use crate::view::alert::{
    AlertFilter, AlertListPage, AlertPage, AlertRow, AlertState, FirstWords, Held, MATCHED,
};
use crate::view::suppression::Noun;
use crate::view::{Link, Nav, Pager};

const ROWS: i64 = 50;
/// Alerts that the page of one lists as held back by it.
const MUTED: i64 = 20;

pub fn configure(cfg: &mut ServiceConfig) {
    cfg.route("/alerts", web::get().to(list))
        .route("/alerts/{id}", web::get().to(show));
}

/// One alert; its links are made links only when they lead to the web.
pub fn row(alert: &Alert, directory: &Directory, now: Timestamp) -> AlertRow {
    let door = directory.integration(alert.integration_id);
    let flaps = alert.flaps.as_ref().and_then(|flaps| flaps.until);
    AlertRow {
        id: alert.id,
        status: alert.status,
        severity: alert.text.severity,
        summary: alert.text.summary.clone(),
        source: alert.text.source.clone(),
        service: None,
        integration: {
            let name = door.map_or("a former integration", |door| door.name.as_str());
            match &alert.route {
                Some(route) => format!("{name} {}", route.in_words()),
                None => name.to_owned(),
            }
        },
        dedup_key: alert.dedup_key.clone(),
        count: u64::try_from(alert.count).unwrap_or(0),
        first_at: alert.first_seen,
        last_at: alert.last_seen,
        incident: None,
        held: held(alert, directory, now),
        flapping: flaps.is_some_and(|until| now < until),
        ends_at: alert.ends_at.filter(|_| alert.status == AlertStatus::Open),
        links: alert
            .text
            .links
            .iter()
            .map(|link| (link.text.clone(), link.href.clone()))
            .collect(),
        details: indented(&alert.text.details),
    }
}

/// Free fields of a monitor, nothing where there are none.
fn indented(details: &serde_json::Value) -> String {
    let empty = details.is_null()
        || details.as_object().is_some_and(serde_json::Map::is_empty)
        || details.as_array().is_some_and(Vec::is_empty);
    match empty {
        true => String::new(),
        false => serde_json::to_string_pretty(details).unwrap_or_default(),
    }
}

/// What is said of it beyond what its incident's page knows.
fn far_row(
    alert: &Alert,
    numbers: &BTreeMap<IncidentId, i64>,
    directory: &Directory,
    now: Timestamp,
) -> AlertRow {
    let home = directory.home_of(alert);
    AlertRow {
        service: home.and_then(|home| name::service(directory, home.id)),
        incident: alert.incident_id.and_then(|id| numbers.get(&id).copied()),
        ..row(alert, directory, now)
    }
}

/// As rows, for a page that is not their incident's.
///
/// # Errors
/// Those of the read.
pub fn rows(
    conn: &mut Conn,
    alerts: &[Alert],
    directory: &Directory,
    now: Timestamp,
) -> Result<Vec<AlertRow>, store::Error> {
    let ids: Vec<IncidentId> = alerts.iter().filter_map(|one| one.incident_id).collect();
    let numbers = store::board::numbers(conn, &ids)?.into_iter().collect();
    let rows = alerts.iter();
    Ok(rows
        .map(|alert| far_row(alert, &numbers, directory, now))
        .collect())
}

fn held(alert: &Alert, directory: &Directory, now: Timestamp) -> Option<Held> {
    if alert.status != AlertStatus::Open {
        return None;
    }
    if let Some(by) = &alert.suppressed {
        let verb = match by.kind {
            SuppressionKind::Inhibition => "Inhibited by",
            SuppressionKind::Flapping => "Suppressed because it flaps",
            SuppressionKind::Maintenance | SuppressionKind::Silence | SuppressionKind::Rule => {
                "Suppressed by"
            }
        };
        return Some(mark(verb, by, alert, directory));
    }
    // It has paged; its escalation may rest.
    let home = directory.home_of(alert)?;
    let fields = Fields::of_alert(alert);
    let by = suppression::judge(directory, home.id, alert.integration_id, &fields, now)?;
    Some(mark(MATCHED, &by, alert, directory))
}

fn mark(verb: &'static str, by: &Suppressed, alert: &Alert, directory: &Directory) -> Held {
    let href = by.by.and_then(|id| match by.kind {
        SuppressionKind::Inhibition => Some(format!("/alerts/{id}")),
        SuppressionKind::Rule => {
            let door = directory.integration(alert.integration_id)?;
            let slug = &directory.service(door.service_id)?.slug;
            let door = door.id;
            Some(format!(
                "/services/{slug}/integrations/{door}/routing#rule-{id}"
            ))
        }
        kind => Some(format!("{}/{id}", Noun::of(kind)?.path())),
    });
    Held {
        verb,
        by: href.map(|href| Link {
            label: by.name.clone(),
            href,
        }),
        until: by.until,
        open_end: by.kind.open_end(),
    }
}

fn filter_of(req: &HttpRequest) -> AlertFilter {
    let value = |name: &str| query::value(req, name);
    AlertFilter {
        state: AlertState::parse(&value("state").unwrap_or_default()),
        service: value("service").unwrap_or_default(),
        suppressed: match value("suppressed").as_deref() {
            Some("yes") => Some(true),
            Some("no") => Some(false),
            _ => None,
        },
        flapping: value("flapping").is_some(),
        oldest_first: value("sort").as_deref() == Some("oldest"),
        from: value("from").and_then(|id| id.parse().ok()),
    }
}

/// The integrations of the service of a slug, if one is named; none where it does not exist.
pub fn doors_of(directory: &Directory, slug: &str) -> Option<Vec<IntegrationId>> {
    let service = match slug {
        "" => return None,
        slug => directory.service_by_slug(slug).map(|one| one.id),
    };
    let doors = directory.integrations.values();
    let doors = doors.filter(|door| Some(door.service_id) == service);
    Some(doors.map(|door| door.id).collect())
}

/// The service of a slug with its integrations, if one is named; one that does not exist has no
/// alerts.
pub fn of_service(directory: &Directory, slug: &str) -> Option<(ServiceId, Vec<IntegrationId>)> {
    let doors = doors_of(directory, slug)?;
    let service = directory.service_by_slug(slug).map(|one| one.id);
    Some((service.unwrap_or(ServiceId(0)), doors))
}

/// `GET /alerts?…`.
async fn list(state: State, me: SignedIn, req: HttpRequest) -> Result<HttpResponse, WebError> {
    let filter = filter_of(&req);
    let directory = state.directory();
    let wanted = Filter {
        status: filter.state.status(),
        service: of_service(&directory, &filter.service),
        suppressed: filter.suppressed,
        flapping: filter.flapping.then_some(true),
        oldest_first: filter.oldest_first,
        ..Filter::default()
    };
    let (known, from, now) = (directory.clone(), filter.from.map(AlertId), state.now());
    let (mut alerts, more) = state
        .store()
        .read(move |c| {
            let mut found = store::alert::list(c, &wanted, from, ROWS + 1)?;
            let shown = usize::try_from(ROWS).unwrap_or(0);
            let more = found.len() > shown;
            found.truncate(shown);
            Ok::<_, store::Error>((rows(c, &found, &known, now)?, more))
        })
        .await?;
    let last = alerts.last().map(|row| row.id).filter(|_| more);
    let count = u64::try_from(alerts.len()).unwrap_or(0);
    // A list is read quickly; what the monitor sent is on the alert's own page.
    for alert in &mut alerts {
        alert.details.clear();
    }
    render(&AlertListPage {
        frame: frame(&state, &me, "Alerts", Nav::Alerts).await,
        alerts,
        services: name::service_slugs(&directory),
        pager: Pager {
            previous: filter.from.map(|_| filter.href(None)),
            next: last.map(|id| filter.href(Some(id))),
            first: count.min(1),
            last: count,
            total: None,
        },
        filter,
    })
}

/// `GET /alerts/{id}`.
async fn show(state: State, me: SignedIn, id: Path<i64>) -> Result<HttpResponse, WebError> {
    let id = AlertId(id.into_inner());
    let (directory, now) = (state.directory(), state.now());
    let (alert, row, mutes) = state
        .store()
        .read(move |c| {
            let alert = store::alert::fetch(c, id).map_err(|error| match error {
                store::Error::NotFound => engine::Error::NotFound("alert"),
                other => other.into(),
            })?;
            let held = Filter {
                status: Some(AlertStatus::Open),
                held_by: Some(vec![id.0]),
                ..Filter::default()
            };
            let mutes = store::alert::list(c, &held, None, MUTED)?;
            let mutes = rows(c, &mutes, &directory, now)?;
            let mut own = rows(c, std::slice::from_ref(&alert), &directory, now)?;
            let row = own.pop().ok_or(engine::Error::NotFound("alert"))?;
            Ok::<_, engine::Error>((alert, row, mutes))
        })
        .await?;
    let integration = alert.integration_id;
    let known = state.directory().integration(integration).is_some();
    let flaps = alert.flaps.and_then(|flaps| flaps.until);
    let text = alert.text;
    let named = [
        ("Component", text.component),
        ("Group", text.group),
        ("Class", text.class),
    ];
    let facts = named.into_iter();
    let images = text.images.into_iter();
    render(&AlertPage {
        frame: frame(&state, &me, &row.summary, Nav::Alerts).await,
        alert: row,
        monitor_time: alert.monitor_time,
        resolved_at: alert.resolved_at,
        flaps_until: flaps.filter(|until| now < *until),
        facts: facts
            .filter_map(|(name, value)| Some((name, value?)))
            .collect(),
        images: images
            .map(|one| (one.alt.unwrap_or_else(|| "Image".to_owned()), one.src))
            .collect(),
        first: alert.first_text.map(|first| FirstWords {
            severity: first.severity,
            summary: first.summary,
            source: first.source,
            details: indented(&first.details),
        }),
        signals: known.then(|| format!("/signals?integration={integration}")),
        mutes,
    })
}
