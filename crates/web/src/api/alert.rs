//! Alerts: what monitors said, one condition each.

use std::collections::BTreeMap;

use actix_web::HttpResponse;
use actix_web::web::Path;
use domain::alert::{Alert as Row, AlertText as Text};
use domain::directory::Directory;
use domain::signal::Image;
use domain::suppression::SuppressionKind;
use domain::word::{AlertSeverity, AlertStatus, IntegrationKind};
use domain::{AlertId, IncidentId, Timestamp};
use engine::access::Right;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use store::alert::Filter;
use utoipa::{IntoParams, ToSchema};

use super::caller::Caller;
use super::input::{List, Params, decode_cursor, encode_cursor, limit, service, word};
use super::timeline::no_incident;
use super::types::{Link, Problem};
use super::words;
use crate::error::WebError;
use crate::page::alert::of_service;
use crate::state::State;

/// Filters of the list; all of them must hold.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct Query {
    /// `open` or `resolved`.
    status: Option<String>,
    /// Slug of a service.
    service: Option<String>,
    /// Number of an incident.
    incident: Option<i64>,
    /// Exactly this key of the monitor.
    dedup_key: Option<String>,
    /// Whether something keeps it from paging.
    suppressed: Option<bool>,
    /// Id of the maintenance window, silence or alert that keeps it from paging.
    held_by: Option<i64>,
    /// Whether it comes and goes.
    flapping: Option<bool>,
    /// `newest` (first, when absent) or `oldest`.
    sort: Option<String>,
    /// 1–200, 50 when absent.
    limit: Option<i64>,
    /// `next_cursor` of the page before.
    cursor: Option<String>,
}

/// One condition of a monitor.
#[derive(Serialize, ToSchema)]
pub struct Alert {
    id: i64,
    #[schema(schema_with = words::alert_status)]
    status: AlertStatus,
    #[schema(schema_with = words::alert_severity)]
    severity: AlertSeverity,
    summary: String,
    source: String,
    component: Option<String>,
    group: Option<String>,
    class: Option<String>,
    /// Free fields of the monitor.
    #[schema(value_type = Object)]
    details: Value,
    links: Vec<Link>,
    images: Vec<AlertImage>,
    /// What its monitor said when it opened; `null` while it says the same.
    first: Option<AlertText>,
    dedup_key: String,
    integration: AlertIntegration,
    /// Slug of the service.
    service: Option<String>,
    /// How rules brought it there; `null` when its integration has none.
    routed_by: Option<AlertRoute>,
    /// Number of its incident; `null` while it is suppressed.
    incident: Option<i64>,
    /// What keeps it from paging.
    suppressed: Option<AlertSuppressed>,
    /// It comes and goes; people are not told again until it is stable.
    flapping: bool,
    /// Triggers so far.
    count: i64,
    #[schema(value_type = String, format = DateTime)]
    first_seen: Timestamp,
    #[schema(value_type = String, format = DateTime)]
    last_seen: Timestamp,
    /// When the monitor says it happened.
    #[schema(value_type = Option<String>, format = DateTime)]
    monitor_time: Option<Timestamp>,
    #[schema(value_type = Option<String>, format = DateTime)]
    resolved_at: Option<Timestamp>,
    /// When it expires unless it is heard of again.
    #[schema(value_type = Option<String>, format = DateTime)]
    ends_at: Option<Timestamp>,
}

/// What keeps an alert from paging.
#[derive(Serialize, ToSchema)]
pub struct AlertSuppressed {
    #[schema(schema_with = words::suppression_kind)]
    kind: SuppressionKind,
    /// Id of the maintenance window, silence or routing rule, or of the alert that explains it.
    by: Option<i64>,
    #[schema(value_type = Option<String>, format = DateTime)]
    until: Option<Timestamp>,
    /// In words.
    text: String,
}

/// The rules that brought an alert of a global integration to its service.
#[derive(Serialize, ToSchema)]
pub struct AlertRoute {
    /// Those that matched, in order; none: the catch-all took it.
    rules: Vec<AlertRule>,
    /// In words.
    text: String,
}

/// A rule as it was called then.
#[derive(Serialize, ToSchema)]
pub struct AlertRule {
    id: i64,
    name: String,
}

/// What a monitor says of an alert.
#[derive(Serialize, ToSchema)]
pub struct AlertText {
    #[schema(schema_with = words::alert_severity)]
    severity: AlertSeverity,
    summary: String,
    source: String,
    component: Option<String>,
    group: Option<String>,
    class: Option<String>,
    #[schema(value_type = Object)]
    details: Value,
    links: Vec<Link>,
    images: Vec<AlertImage>,
}

impl AlertText {
    fn of(text: Text) -> AlertText {
        AlertText {
            severity: text.severity,
            summary: text.summary,
            source: text.source,
            component: text.component,
            group: text.group,
            class: text.class,
            details: text.details,
            links: Link::all(text.links),
            images: AlertImage::all(text.images),
        }
    }
}

/// A picture of an alert.
#[derive(Serialize, ToSchema)]
pub struct AlertImage {
    src: String,
    href: Option<String>,
    alt: Option<String>,
}

impl AlertImage {
    fn all(images: Vec<Image>) -> Vec<AlertImage> {
        let images = images.into_iter();
        images
            .map(|image| AlertImage {
                src: image.src,
                href: image.href,
                alt: image.alt,
            })
            .collect()
    }
}

/// Where an alert came in.
#[derive(Serialize, ToSchema)]
pub struct AlertIntegration {
    id: i64,
    /// `null` for an integration that was removed.
    name: Option<String>,
    #[schema(schema_with = words::integration_kind)]
    kind: Option<IntegrationKind>,
}

fn alert(row: Row, incident: Option<i64>, directory: &Directory) -> Alert {
    let integration = directory.integration(row.integration_id);
    let service = directory.home_of(&row);
    let routed_by = row.route.as_ref().map(|route| AlertRoute {
        rules: route
            .rules
            .iter()
            .map(|rule| AlertRule {
                id: rule.id.0,
                name: rule.name.clone(),
            })
            .collect(),
        text: route.in_words(),
    });
    Alert {
        id: row.id.0,
        status: row.status,
        severity: row.text.severity,
        summary: row.text.summary,
        source: row.text.source,
        component: row.text.component,
        group: row.text.group,
        class: row.text.class,
        details: row.text.details,
        links: Link::all(row.text.links),
        images: AlertImage::all(row.text.images),
        first: row.first_text.map(AlertText::of),
        dedup_key: row.dedup_key,
        integration: AlertIntegration {
            id: row.integration_id.0,
            name: integration.map(|one| one.name.clone()),
            kind: integration.map(|one| one.kind),
        },
        service: service.map(|service| service.slug.clone()),
        routed_by,
        incident,
        suppressed: row.suppressed.as_ref().map(|one| AlertSuppressed {
            kind: one.kind,
            by: one.by,
            until: one.until,
            text: one.in_words(),
        }),
        flapping: row
            .flaps
            .as_ref()
            .is_some_and(|flaps| flaps.until.is_some()),
        count: row.count,
        first_seen: row.first_seen,
        last_seen: row.last_seen,
        monitor_time: row.monitor_time,
        resolved_at: row.resolved_at,
        ends_at: row.ends_at,
    }
}

/// List alerts
///
/// Newest first, unless asked for otherwise.
#[utoipa::path(get, path = "/api/v1/alerts", operation_id = "list_alerts",
    tag = "alerts", params(Query),
    responses(
        (status = 200, description = "A page of the list", body = List<Alert>),
        (status = 401, description = "No valid token", body = Problem),
        (status = 422, description = "A filter makes no sense", body = Problem),
    ))]
pub async fn list(
    caller: Caller,
    query: Params<Query>,
    state: State,
) -> Result<HttpResponse, WebError> {
    caller.require(Right::Read)?;
    let query = query.0;
    let directory = state.directory();
    service(&directory, query.service.as_deref())?;
    let slug = query.service.as_deref().unwrap_or_default();
    let service = of_service(&directory, slug);
    let status: Option<AlertStatus> = word("status", query.status.as_deref())?;
    let before = match query.cursor.as_deref() {
        Some(text) => Some(AlertId(decode_cursor::<1>(text)?[0])),
        None => None,
    };
    let limit = limit(query.limit)?;
    let oldest_first = match query.sort.as_deref() {
        None | Some("newest") => false,
        Some("oldest") => true,
        Some(_) => {
            return Err(engine::Error::invalid("sort", "choose `newest` or `oldest`").into());
        }
    };
    let (incident, dedup_key, suppressed) = (query.incident, query.dedup_key, query.suppressed);
    let (held_by, flapping) = (query.held_by.map(|id| vec![id]), query.flapping);
    let (rows, numbers) = state
        .store()
        .read(move |c| {
            let incident = match incident {
                Some(number) => Some(
                    store::incident::by_number(c, number)
                        .map_err(no_incident)?
                        .id,
                ),
                None => None,
            };
            let filter = Filter {
                status,
                integrations: None,
                service,
                incident,
                dedup_key,
                suppressed,
                held_by,
                flapping,
                oldest_first,
            };
            let rows = store::alert::list(c, &filter, before, limit + 1)?;
            let mut numbers: BTreeMap<IncidentId, i64> = BTreeMap::new();
            for row in &rows {
                if let Some(id) = row.incident_id
                    && let std::collections::btree_map::Entry::Vacant(slot) = numbers.entry(id)
                {
                    slot.insert(store::incident::fetch(c, id)?.number);
                }
            }
            Ok::<_, engine::Error>((rows, numbers))
        })
        .await?;
    let page = List::cut(
        rows,
        limit,
        |last| encode_cursor(&[last.id.0]),
        |row| {
            let number = row.incident_id.and_then(|id| numbers.get(&id).copied());
            alert(row, number, &directory)
        },
    );
    Ok(HttpResponse::Ok().json(page))
}

/// Get an alert
#[utoipa::path(get, path = "/api/v1/alerts/{id}", operation_id = "get_alert",
    tag = "alerts",
    params(("id" = i64, Path, description = "Id of the alert")),
    responses(
        (status = 200, description = "The alert", body = Alert),
        (status = 401, description = "No valid token", body = Problem),
        (status = 404, description = "There is no such alert", body = Problem),
    ))]
pub async fn get(caller: Caller, id: Path<i64>, state: State) -> Result<HttpResponse, WebError> {
    caller.require(Right::Read)?;
    let id = AlertId(id.into_inner());
    let (row, number) = state
        .store()
        .read(move |c| {
            let row = store::alert::fetch(c, id).map_err(|error| match error {
                store::Error::NotFound => engine::Error::NotFound("alert"),
                other => other.into(),
            })?;
            let number = match row.incident_id {
                Some(id) => Some(store::incident::fetch(c, id)?.number),
                None => None,
            };
            Ok::<_, engine::Error>((row, number))
        })
        .await?;
    Ok(HttpResponse::Ok().json(alert(row, number, &state.directory())))
}
