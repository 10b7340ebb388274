//! Rows to test with.

use domain::alert::{Alert, AlertText, Identity};
use domain::incident::{Incident, IncidentKind};
use domain::word::{
    AlertSeverity, AlertStatus, ContactKind, NotificationKind, PagingState, Phase, Urgency,
};
use domain::{AlertId, IncidentId, IntegrationId, NotificationId, ServiceId, Timestamp, UserId};
use store::Store;
use store::notification::Notification;

pub const NOW: Timestamp = Timestamp::from_seconds(1_773_489_600);
pub const SERVICE: ServiceId = ServiceId(1);
pub const INTEGRATION: IntegrationId = IntegrationId(1);
pub const ANA: UserId = UserId(1);

/// A person, a service and an integration.
pub fn house(store: &Store) {
    store
        .write_blocking(|tx| {
            let hash = if tx.is_postgres() {
                "'\\x00'::bytea"
            } else {
                "x'00'"
            };
            tx.execute(&format!(
                "INSERT INTO users (id, email, name, role, zone, created_at) \
                 VALUES (1, 'ana@example.com', 'Ana', 'responder', 'UTC', 0); \
                 INSERT INTO service (id, slug, name, description, settings, created_at) \
                 VALUES (1, 'checkout', 'Checkout', '', '{{}}', 0); \
                 INSERT INTO integration (id, service_id, name, kind, key_hash, key_hint, \
                 created_at, removed_at) \
                 VALUES (1, 1, 'Monitor', 'generic', {hash}, 'abcd', 0, 0)"
            ))?;
            tx.configured()
        })
        .unwrap();
}

pub fn incident(id: i64, group: Option<&str>) -> Incident {
    Incident {
        id: IncidentId(id),
        number: id,
        title: format!("Checkout errors {id}"),
        service_id: Some(SERVICE),
        policy_id: None,
        kind: IncidentKind::Real,
        urgency: Urgency::High,
        alert_severity: AlertSeverity::Critical,
        severity: None,
        paging: PagingState::Triggered,
        phase: Phase::Triage,
        group_key: group.map(str::to_owned),
        alerts: 1,
        open_alerts: 1,
        unreachable: false,
        created_at: NOW,
        triggered_at: NOW,
        acknowledged_at: None,
        acknowledged_by: None,
        snoozed_until: None,
        declared_at: None,
        declared_by: None,
        resolved_at: None,
        resolved_by: None,
        next_update_due: None,
        updated_at: NOW,
        gathering: None,
    }
}

pub fn alert(id: i64, key: &str, incident: IncidentId) -> Alert {
    Alert {
        id: AlertId(id),
        identity: Identity::of(INTEGRATION, key),
        route: None,
        integration_id: INTEGRATION,
        incident_id: Some(incident),
        dedup_key: key.to_owned(),
        status: AlertStatus::Open,
        text: AlertText {
            severity: AlertSeverity::Critical,
            summary: "disk full".into(),
            source: "db-1".into(),
            component: None,
            group: None,
            class: None,
            details: serde_json::json!({"größe": "95 %", "nul": "\u{0}"}),
            links: vec![],
            images: vec![],
        },
        first_text: None,
        group_key: None,
        count: 1,
        first_seen: NOW,
        last_seen: NOW,
        monitor_time: None,
        resolved_at: None,
        suppressed: None,
        ends_at: None,
        check_at: None,
        flaps: None,
    }
}

pub fn page(id: i64, incident: Option<IncidentId>) -> Notification {
    let mut row = Notification::planned(
        NotificationId(id),
        NotificationKind::Page,
        ContactKind::Sms,
        "+4915112345678".into(),
        Urgency::High,
        NOW,
    );
    row.user_id = Some(ANA);
    row.incident_id = incident;
    row
}
