//! Types that several answers share.

use domain::directory::Directory;
use domain::incident::{Incident as Row, IncidentKind};
use domain::word::{AlertSeverity, IncidentSeverity, PagingState, Phase, Urgency};
use domain::{Timestamp, UserId};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::words;

/// A failure (RFC 9457).
#[derive(Serialize, ToSchema)]
pub struct Problem {
    /// Always `about:blank`: `code` says what it is.
    #[serde(rename = "type")]
    pub kind: String,
    /// The status in words.
    pub title: String,
    pub status: u16,
    /// Stable name of the failure; the list is in `docs/api.md`.
    pub code: String,
    /// A sentence for people.
    pub detail: String,
    /// What is wrong with single fields.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub errors: Vec<FieldProblem>,
}

/// One field that is not right.
#[derive(Serialize, ToSchema)]
pub struct FieldProblem {
    pub field: String,
    pub message: String,
}

/// Where to read more.
#[derive(Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Link {
    pub href: String,
    #[serde(default)]
    pub text: String,
}

impl Link {
    pub fn all(links: Vec<domain::signal::Link>) -> Vec<Link> {
        links.into_iter().map(Link::from).collect()
    }
}

impl From<domain::signal::Link> for Link {
    fn from(link: domain::signal::Link) -> Link {
        Link {
            href: link.href,
            text: link.text,
        }
    }
}

impl From<Link> for domain::signal::Link {
    fn from(link: Link) -> domain::signal::Link {
        domain::signal::Link {
            href: link.href,
            text: link.text,
        }
    }
}

/// Somebody with an account.
#[derive(Serialize, ToSchema)]
pub struct Person {
    pub id: i64,
    pub name: String,
    /// `null` for somebody who no longer has an account.
    pub email: Option<String>,
}

impl Person {
    pub fn of(id: UserId, directory: &Directory) -> Person {
        Person {
            id: id.0,
            name: directory.user_name(id).to_owned(),
            email: directory.user(id).map(|user| user.email.clone()),
        }
    }

    pub fn maybe(id: Option<UserId>, directory: &Directory) -> Option<Person> {
        id.map(|id| Person::of(id, directory))
    }
}

/// An incident. Times are RFC 3339 in UTC.
#[derive(Serialize, ToSchema)]
pub struct Incident {
    /// Names the incident in addresses.
    #[schema(example = 42)]
    pub number: i64,
    /// How people say it.
    #[schema(example = "INC-0042")]
    pub label: String,
    pub title: String,
    /// Its page.
    pub url: String,
    /// Slug of the service; `null` for an incident that people opened without one.
    pub service: Option<String>,
    /// Whether it is only an exercise.
    pub drill: bool,
    #[schema(schema_with = words::urgency)]
    pub urgency: Urgency,
    /// The worst among its alerts.
    #[schema(schema_with = words::alert_severity)]
    pub alert_severity: AlertSeverity,
    /// Impact, once declared.
    #[schema(schema_with = words::incident_severity)]
    pub severity: Option<IncidentSeverity>,
    /// Where the paging stands.
    #[schema(schema_with = words::paging_state)]
    pub paging: PagingState,
    /// Where the work of people stands.
    #[schema(schema_with = words::phase)]
    pub phase: Phase,
    /// All alerts so far, and those still open.
    pub alerts: i64,
    pub open_alerts: i64,
    /// The policy reached nobody when it was last run.
    pub unreachable: bool,
    #[schema(value_type = String, format = DateTime)]
    pub created_at: Timestamp,
    /// Since when it wants an answer: opening, reopening, end of an acknowledgement.
    #[schema(value_type = String, format = DateTime)]
    pub triggered_at: Timestamp,
    #[schema(value_type = Option<String>, format = DateTime)]
    pub acknowledged_at: Option<Timestamp>,
    pub acknowledged_by: Option<Person>,
    #[schema(value_type = Option<String>, format = DateTime)]
    pub snoozed_until: Option<Timestamp>,
    #[schema(value_type = Option<String>, format = DateTime)]
    pub declared_at: Option<Timestamp>,
    pub declared_by: Option<Person>,
    #[schema(value_type = Option<String>, format = DateTime)]
    pub resolved_at: Option<Timestamp>,
    pub resolved_by: Option<Person>,
    /// When the next status update was promised.
    #[schema(value_type = Option<String>, format = DateTime)]
    pub next_update_due: Option<Timestamp>,
    #[schema(value_type = String, format = DateTime)]
    pub updated_at: Timestamp,
}

impl Incident {
    pub fn of(row: Row, directory: &Directory, public_url: &str) -> Incident {
        Incident {
            number: row.number,
            label: row.label(),
            url: format!("{public_url}/incidents/{}", row.number),
            service: row
                .service_id
                .and_then(|id| directory.service(id))
                .map(|service| service.slug.clone()),
            drill: row.kind == IncidentKind::Drill,
            title: row.title,
            urgency: row.urgency,
            alert_severity: row.alert_severity,
            severity: row.severity,
            paging: row.paging,
            phase: row.phase,
            alerts: row.alerts,
            open_alerts: row.open_alerts,
            unreachable: row.unreachable,
            created_at: row.created_at,
            triggered_at: row.triggered_at,
            acknowledged_at: row.acknowledged_at,
            acknowledged_by: Person::maybe(row.acknowledged_by, directory),
            snoozed_until: row.snoozed_until,
            declared_at: row.declared_at,
            declared_by: Person::maybe(row.declared_by, directory),
            resolved_at: row.resolved_at,
            resolved_by: Person::maybe(row.resolved_by, directory),
            next_update_due: row.next_update_due,
            updated_at: row.updated_at,
        }
    }
}
