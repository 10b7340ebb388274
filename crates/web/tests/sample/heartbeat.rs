//! Heartbeats: the list, one that is down, one that is not known yet, forms.

use domain::heartbeat::{Event, EventKind, HeartbeatState};
use domain::word::{AlertSeverity, AlertStatus};
use domain::{HeartbeatId, Span};
use web::view::heartbeat::*;
use web::view::{ChoiceGroup, Form, Nav};

use super::{Choice, Sample, ago, ahead, draw, frame, link};

fn row(id: i64, name: &str, state: HeartbeatState) -> HeartbeatRow {
    let known = state != HeartbeatState::Waiting;
    HeartbeatRow {
        id: HeartbeatId(id),
        name: name.into(),
        service: Some(link("Orders database", "/services/orders-db")),
        integration: "Jobs".into(),
        state,
        interval: Span::from_days(1),
        grace: Span::from_hours(1),
        last_ping: known.then(|| ago(1_700)),
        due_at: (state == HeartbeatState::Healthy).then(|| ahead(300)),
        running_since: (id == 3).then(|| ago(12)),
    }
}

fn event(kind: EventKind, minutes: i64) -> Event {
    Event {
        kind,
        at: ago(minutes),
        received_at: None,
        stale: false,
        exit_status: None,
        took: None,
        note: None,
    }
}

fn page(row: HeartbeatRow) -> HeartbeatPage {
    let base = format!("/heartbeats/{}", row.id);
    HeartbeatPage {
        frame: frame(&row.name, Nav::Heartbeats, &base),
        description: "Copies the orders to the second site. Runbook: wiki/backup".into(),
        longest_run: Some(Span::from_hours(3)),
        severity: AlertSeverity::Error,
        message: None,
        tags: vec!["backup".into(), "night".into()],
        in_grace: false,
        history: vec![],
        alerts: vec![],
        address: Some("https://quarterdeck.example.com/heartbeat/7-1-0123456789abcdef".into()),
        base_url: "https://quarterdeck.example.com".into(),
        form: Form::new(),
        row,
    }
}

fn form() -> Form {
    Form::new()
        .with("name", "nightly backup")
        .with("interval", "1d")
        .with("grace", "1h")
        .with("severity", "error")
}

pub fn add(pages: &mut Vec<Sample>) {
    let rows = vec![
        row(
            1,
            "nightly backup of the orders database <script>alert(1)</script>",
            HeartbeatState::Expired,
        ),
        row(2, "invoices", HeartbeatState::Failed),
        row(3, "search index", HeartbeatState::Healthy),
        row(4, "old importer", HeartbeatState::Paused),
        row(5, "mail queue", HeartbeatState::Waiting),
    ];
    let list = |rows: Vec<HeartbeatRow>, here: &str| HeartbeatListPage {
        frame: frame("Heartbeats", Nav::Heartbeats, here),
        counts: rows.iter().map(|row| (row.state, 1)).collect(),
        more: (!rows.is_empty()).then(|| "/heartbeats?after=5".to_owned()),
        rows,
        filter: HeartbeatFilter::default(),
        services: vec![Choice::new("orders-db", "Orders database")],
    };
    pages.push(draw("/heartbeats", &list(rows.clone(), "/heartbeats")));
    pages.push(draw("/heartbeats/none", &list(vec![], "/heartbeats")));
    let down = HeartbeatPage {
        history: vec![
            Event {
                exit_status: Some(3),
                took: Some(Span::from_minutes(14)),
                note: Some("rsync: write failed: No space left on device (28)".into()),
                ..event(EventKind::Fail, 90)
            },
            event(EventKind::Start, 104),
            event(EventKind::Missed, 300),
            event(EventKind::Grace, 1_200),
            Event {
                received_at: Some(ago(1_500)),
                stale: true,
                ..event(EventKind::Success, 3_100)
            },
            Event {
                took: Some(Span::from_seconds(600)),
                ..event(EventKind::Success, 1_700)
            },
        ],
        alerts: vec![
            HeartbeatAlert {
                status: AlertStatus::Open,
                summary: "invoices has failed with exit status 3".into(),
                opened: ago(90),
                resolved: None,
                incident: Some(link("INC-0042", "/incidents/42")),
                suppressed: None,
            },
            HeartbeatAlert {
                status: AlertStatus::Resolved,
                summary: "invoices has missed its heartbeat".into(),
                opened: ago(300),
                resolved: Some(ago(200)),
                incident: None,
                suppressed: Some("held back by the maintenance window “new disks”".into()),
            },
        ],
        ..page(rows[1].clone())
    };
    pages.push(draw("/heartbeats/2", &down));
    pages.push(draw("/heartbeats/4", &page(rows[3].clone())));
    let mut fresh = page(rows[4].clone());
    fresh.frame.can_configure = false;
    fresh.address = None;
    pages.push(draw("/heartbeats/5", &fresh));
    let integrations = vec![ChoiceGroup {
        label: "Orders database".into(),
        choices: vec![Choice::new(3, "Jobs")],
    }];
    let mut wrong = form().with("integration", "");
    wrong.reject("integration", "Choose whose alert it opens.");
    wrong.reject("interval", "Must be from 30 s to 30 days.");
    pages.push(draw(
        "/heartbeats/new",
        &HeartbeatFormPage {
            frame: frame("New heartbeat", Nav::Heartbeats, "/heartbeats/new"),
            id: None,
            integrations: integrations.clone(),
            form: wrong,
        },
    ));
    pages.push(draw(
        "/heartbeats/2/edit",
        &HeartbeatFormPage {
            frame: frame("Edit heartbeat", Nav::Heartbeats, "/heartbeats/2/edit"),
            id: Some(HeartbeatId(2)),
            integrations,
            form: form(),
        },
    ));
    pages.push(draw(
        "/heartbeats/new/alone",
        &HeartbeatFormPage {
            frame: frame("New heartbeat", Nav::Heartbeats, "/heartbeats/new"),
            id: None,
            integrations: vec![],
            form: form(),
        },
    ));
}
