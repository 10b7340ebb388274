//! The parts that the samples of an incident share.

use domain::change_event::{ChangeKind, ChangeStatus};
use domain::word::*;
use domain::{AlertId, NotificationId, TimelineEntryId};
use web::picture::{Flag, Lane, LaneKind, LaneMark, Swimlane};
use web::view::alert::AlertRow;
use web::view::change::ChangeRow;
use web::view::incident::*;

use super::*;

pub fn row(number: i64) -> IncidentRow {
    let base = IncidentRow {
        number,
        title: "Checkout fails for card payments in the EU region".into(),
        service: Some(link("Checkout", "/services/checkout")),
        paging: PagingState::Triggered,
        snoozed_until: None,
        phase: Phase::Triage,
        severity: None,
        urgency: Urgency::High,
        declared: false,
        is_storm: false,
        opened_at: ago(4),
        resolved_at: None,
        holders: Vec::new(),
        alerts: 1,
        update_due: None,
    };
    match number {
        42 => base,
        41 => IncidentRow {
            title: "Orders database: replication lag above 5 min".into(),
            service: Some(link("Orders database", "/services/orders-db")),
            paging: PagingState::Acknowledged,
            phase: Phase::Mitigating,
            severity: Some(IncidentSeverity::Sev2),
            declared: true,
            opened_at: ago(95),
            holders: vec!["Ana Ruiz".into()],
            alerts: 7,
            update_due: Some(ago(6)),
            ..base
        },
        40 => IncidentRow {
            title: "Disk of build-3 nearly full".into(),
            service: Some(link("Build farm", "/services/build")),
            paging: PagingState::Acknowledged,
            snoozed_until: Some(ahead(200)),
            is_storm: true,
            urgency: Urgency::Low,
            opened_at: ago(600),
            holders: vec!["Bo Lindqvist".into()],
            ..base
        },
        _ => IncidentRow {
            title: "<script>alert(\"x\")</script> & co".into(),
            paging: PagingState::Resolved,
            phase: Phase::Resolved,
            severity: Some(IncidentSeverity::Sev4),
            declared: true,
            opened_at: ago(9_000),
            resolved_at: Some(ago(8_900)),
            ..base
        },
    }
}

pub fn alert() -> AlertRow {
    AlertRow {
        id: AlertId(9),
        status: AlertStatus::Open,
        severity: AlertSeverity::Critical,
        summary: "HTTP 5xx ratio of checkout-eu is 14 % (threshold 2 %)".into(),
        source: "prometheus-eu-1".into(),
        service: None,
        integration: "Prometheus".into(),
        incident: None,
        held: None,
        flapping: false,
        ends_at: None,
        dedup_key: "a1f5b9c0d3e2".into(),
        count: 12,
        first_at: ago(4),
        last_at: ago(1),
        links: vec![
            (
                "Graph".into(),
                "https://grafana.example.com/d/checkout".into(),
            ),
            ("bad".into(), "javascript:alert(1)".into()),
        ],
        details: "{\n  \"instance\": \"checkout-eu-3\",\n  \"value\": 0.14\n}".into(),
    }
}

pub fn entry(id: i64, kind: EntryKind, minutes: i64, by: Option<&str>, text: &str) -> Entry {
    Entry {
        id: TimelineEntryId(id),
        kind,
        occurred_at: ago(minutes),
        recorded_at: ago(minutes),
        by: by.map(str::to_owned),
        origin: if by.is_some() {
            Origin::Web
        } else {
            Origin::System
        },
        text: text.into(),
        body: None,
    }
}

pub fn evidence(kind: ContactKind, state: NotificationState) -> Evidence {
    Evidence {
        id: NotificationId(5),
        kind,
        address: match kind {
            ContactKind::Email => "ana@example.com".into(),
            ContactKind::Sms => "+49 ••• 4217".into(),
        },
        state,
        kept: false,
        reached: vec![
            (NotificationState::Accepted, ago(4)),
            (NotificationState::Delivered, ago(3)),
        ],
        attempts: 1,
        detail: None,
        next_at: None,
    }
}

pub fn swimlane() -> Swimlane {
    let mark = |start: i64, end: Option<i64>, label: &str| LaneMark {
        start: ago(start),
        end: end.map(ago),
        label: label.into(),
    };
    let flag = |at: i64, label: &str| Flag {
        label: label.into(),
        at: ago(at),
    };
    Swimlane {
        title: "What happened in INC-0041".into(),
        start: ago(110),
        end: ago(0),
        zone: berlin(),
        lanes: vec![
            Lane {
                kind: LaneKind::Impact,
                marks: vec![mark(104, Some(20), "checkout, 30 % of users")],
            },
            Lane {
                kind: LaneKind::Signals,
                marks: vec![
                    mark(95, None, "5xx ratio"),
                    mark(93, None, "latency"),
                    mark(60, None, "replication lag"),
                ],
            },
            Lane {
                kind: LaneKind::Pages,
                marks: vec![mark(95, None, "Ana by email"), mark(90, None, "Bo by SMS")],
            },
            Lane {
                kind: LaneKind::Roles,
                marks: vec![mark(85, Some(0), "Ana commands")],
            },
            Lane {
                kind: LaneKind::Updates,
                marks: vec![
                    mark(80, None, "first update"),
                    mark(36, None, "second update"),
                ],
            },
        ],
        flags: vec![
            flag(104, "Impact started"),
            flag(95, "First signal"),
            flag(94, "First page"),
            flag(89, "Acknowledged"),
            flag(85, "Commander assigned"),
            flag(80, "First update"),
            flag(52, "Identified"),
            flag(20, "Impact ended"),
        ],
    }
}

pub fn seat(role: CommandRole, holder: Option<i64>) -> Seat {
    Seat {
        role,
        holder: holder.map(person),
        since: holder.map(|_| ago(85)),
        proposal: None,
        can_claim: holder != Some(1),
        override_needed: holder.is_some(),
        can_release: holder == Some(1) && role != CommandRole::Commander,
        can_hand_over: holder == Some(1),
    }
}

/// A deployment shortly before, and an experiment that was running.
pub fn changes() -> Vec<ChangeRow> {
    let row = |id, kind, summary: &str, began, bearing: &str| ChangeRow {
        id: domain::ChangeEventId(id),
        kind,
        status: Some(ChangeStatus::Succeeded),
        summary: summary.into(),
        source: "shop".into(),
        service: Some(Link {
            label: "Checkout".into(),
            href: "/services/checkout".into(),
        }),
        by: "GitHub".into(),
        began: ago(began),
        ended: None,
        links: vec![(
            "Run 17".into(),
            "https://ci.example.com/shop/runs/17".into(),
        )],
        details: "{\n  \"revision\": \"4f2c9ab\"\n}".into(),
        bearing: Some(bearing.into()),
        running: bearing.starts_with("was"),
    };
    vec![
        row(
            1,
            ChangeKind::Deployment,
            "Deployed shop 4.2 to production",
            12,
            "8 m before",
        ),
        row(
            2,
            ChangeKind::Experiment,
            "Kill one payment pod every minute",
            30,
            "was running when this opened",
        ),
    ]
}
