//! Dashboard, incidents, postmortems.

use domain::word::*;
use domain::{ActionItemId, AlertId, HandoverId, NotificationId, Span, TimelineEntryId, Timestamp};
use web::markdown;
use web::picture::{Flag, Lane, LaneKind, LaneMark, Swimlane};
use web::view::dashboard::{DashboardPage, FirstStep, OverdueUpdate, SignalRow};
use web::view::incident::*;
use web::view::postmortem::*;
use web::view::*;

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
        integration: "Prometheus".into(),
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

fn entry(id: i64, kind: EntryKind, minutes: i64, by: Option<&str>, text: &str) -> Entry {
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

fn evidence(kind: ContactKind, state: NotificationState) -> Evidence {
    Evidence {
        id: NotificationId(5),
        kind,
        address: match kind {
            ContactKind::Email => "ana@example.com".into(),
            ContactKind::Sms => "+49 ••• 4217".into(),
        },
        state,
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

fn triggered() -> IncidentPage {
    IncidentPage {
        frame: frame("INC-0042 Checkout fails", Nav::Incidents, "/incidents/42"),
        incident: Incident {
            number: 42,
            title: "Checkout fails for card payments in the EU region".into(),
            service: Some(link("Checkout", "/services/checkout")),
            policy: Some(link("Checkout, around the clock", "/policies/checkout")),
            paging: PagingState::Triggered,
            phase: Phase::Triage,
            severity: None,
            urgency: Urgency::High,
            opened_at: ago(4),
            declared_at: None,
            declared_by: None,
            acknowledged_at: None,
            acknowledged_by: Vec::new(),
            snoozed_until: None,
            resolved_at: None,
            resolved_by: None,
            ack_timeout_at: None,
            next_step: Some(NextStep {
                label: "step 2, on-call Platform (Bo Lindqvist)".into(),
                due: ahead(1),
            }),
            warnings: Vec::new(),
        },
        can: IncidentActions {
            acknowledge: true,
            unacknowledge: false,
            resolve: true,
            escalate: true,
            snooze: true,
            reassign: true,
            note: true,
            declare: true,
            command: false,
            retitle: true,
            reopen: false,
            postmortem: false,
        },
        steps: vec![
            Choice::new(1, "Step 1: Ana Ruiz"),
            Choice::new(2, "Step 2: on-call Platform"),
        ],
        reassign: targets(),
        command: None,
        people: vec![PagedPerson {
            person: person(1),
            first_at: ago(4),
            why: vec![
                "Signal: HTTP 5xx ratio of checkout-eu, critical".into(),
                "Integration Prometheus of the service Checkout".into(),
                "Urgency high, since critical is high there".into(),
                "Policy Checkout, step 1: Ana Ruiz".into(),
                "Your rule: SMS at once".into(),
            ],
            acknowledged_at: None,
            notifications: vec![
                evidence(ContactKind::Sms, NotificationState::Delivered),
                Evidence {
                    reached: vec![],
                    attempts: 2,
                    detail: Some("The mail server said 451: try again later.".into()),
                    next_at: Some(ahead(1)),
                    ..evidence(ContactKind::Email, NotificationState::Sending)
                },
            ],
        }],
        alerts: vec![alert()],
        ladder: None,
        alerts_total: 2,
        alerts_pager: Pager::default(),
        timeline: vec![
            entry(
                14,
                EntryKind::NotificationDelivered,
                3,
                None,
                "SMS to Ana Ruiz was delivered.",
            ),
            entry(
                13,
                EntryKind::NotificationSent,
                4,
                None,
                "SMS to Ana Ruiz was accepted by the provider.",
            ),
            entry(
                12,
                EntryKind::Paged,
                4,
                None,
                "Paged Ana Ruiz by SMS and email.",
            ),
            entry(
                11,
                EntryKind::StepExecuted,
                4,
                None,
                "Step 1 of Checkout reached Ana Ruiz.",
            ),
            entry(
                10,
                EntryKind::Opened,
                4,
                None,
                "Opened by the alert \"HTTP 5xx ratio of checkout-eu is 14 %\".",
            ),
        ],
        timeline_more: 0,
        swimlane: None,
        postmortem: None,
        form: Form::new(),
        preview: None,
    }
}

fn seat(role: CommandRole, holder: Option<i64>) -> Seat {
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

fn declared() -> IncidentPage {
    let mut page = triggered();
    page.frame = frame("INC-0041 Orders database", Nav::Incidents, "/incidents/41");
    page.incident = Incident {
        number: 41,
        title: "Orders database: replication lag above 5 min".into(),
        paging: PagingState::Acknowledged,
        phase: Phase::Mitigating,
        severity: Some(IncidentSeverity::Sev2),
        opened_at: ago(95),
        declared_at: Some(ago(86)),
        declared_by: Some(person(1)),
        acknowledged_at: Some(ago(89)),
        acknowledged_by: vec![person(1), person(2)],
        ack_timeout_at: Some(ahead(21)),
        next_step: None,
        warnings: vec!["Step 1 of the policy reached nobody and was skipped.".into()],
        ..page.incident
    };
    page.can = IncidentActions {
        acknowledge: false,
        unacknowledge: true,
        declare: false,
        command: true,
        ..page.can
    };
    let mut communications = seat(CommandRole::Communications, Some(3));
    communications.proposal = Some(Proposal {
        id: HandoverId(3),
        from: person(3),
        to: person(1),
        brief: "Last text went out 36 min ago.\nNext is overdue.".into(),
        expires_at: ahead(4),
        mine: true,
    });
    page.command = Some(Command {
        phases: vec![
            Phase::Investigating,
            Phase::Identified,
            Phase::Monitoring,
            Phase::Resolved,
        ],
        seats: vec![
            seat(CommandRole::Commander, Some(1)),
            seat(CommandRole::Deputy, None),
            seat(CommandRole::Scribe, Some(1)),
            communications,
        ],
        updates: vec![StatusUpdate {
            at: ago(36),
            by: person(3),
            phase: Phase::Identified,
            body: markdown::render(
                "A schema change locks the `orders` table.\n\n- [x] writes drained\n- [ ] index rebuilt",
            ),
            next_due: Some(ago(6)),
        }],
        next_update_due: Some(ago(6)),
        people: people_choices(),
        brief: "SEV2, mitigating. Writes drained, index is being rebuilt.".into(),
    });
    page.people[0].acknowledged_at = Some(ago(89));
    page.timeline.insert(
        0,
        Entry {
            body: Some(markdown::render(
                "Rebuilding the index **concurrently**; see [the plan](https://example.com).",
            )),
            ..entry(
                20,
                EntryKind::Note,
                20,
                Some("Bo Lindqvist"),
                "Bo Lindqvist noted",
            )
        },
    );
    page.timeline.insert(
        1,
        entry(
            19,
            EntryKind::Acknowledged,
            89,
            Some("Ana Ruiz"),
            "Ana Ruiz acknowledged.",
        ),
    );
    page.swimlane = Some(swimlane());
    page
}

fn resolved() -> IncidentPage {
    let mut page = declared();
    page.incident.paging = PagingState::Resolved;
    page.incident.phase = Phase::Resolved;
    page.incident.resolved_at = Some(ago(2));
    page.incident.resolved_by = Some("Ana Ruiz".into());
    page.incident.ack_timeout_at = None;
    page.can = IncidentActions {
        note: true,
        postmortem: true,
        ..IncidentActions::default()
    };
    page.frame.flash = vec![Flash {
        kind: FlashKind::Done,
        text: "INC-0041 is resolved.".into(),
        undo: Some(Undo {
            action: "/incidents/41/phase".into(),
            fields: vec![
                ("phase".into(), "investigating".into()),
                ("reason".into(), "Resolved by mistake".into()),
            ],
            label: "Reopen".into(),
        }),
    }];
    page
}

fn postmortem(editing: bool) -> PostmortemPage {
    let section = |slug: &str, title: &str, prompt: &str, text: &str| Section {
        slug: slug.into(),
        title: title.into(),
        prompt: prompt.into(),
        html: markdown::render(text),
        required: true,
    };
    let moment = |moment: KeyMoment, label: &str, at: Option<Timestamp>| MomentRow {
        moment,
        label: label.into(),
        at,
        source: "from the timeline".into(),
        overridden: false,
        warning: None,
    };
    PostmortemPage {
        frame: frame(
            "Postmortem of INC-0041",
            Nav::Postmortems,
            "/postmortems/41",
        ),
        number: 41,
        title: "Orders database: replication lag above 5 min".into(),
        status: PostmortemStatus::Draft,
        next_statuses: vec![PostmortemStatus::InReview],
        severity: Some(IncidentSeverity::Sev2),
        revision: 7,
        updated_at: ago(1),
        owner: Some(person(2)),
        people: people_choices(),
        sections: vec![
            section(
                "summary",
                "Summary",
                "What happened in at most five sentences a newcomer understands.",
                "A schema change locked the `orders` table for 84 minutes.\n\n| Region | Users hit |\n|---|---|\n| EU | 30 % |\n| US | 2 % |",
            ),
            section(
                "impact",
                "Impact",
                "Users, requests, money, data loss yes or no.",
                "",
            ),
            section(
                "surprises",
                "Surprises",
                "What surprised us, and what was hard?",
                "",
            ),
        ],
        editing: editing.then(|| Editing {
            slug: "impact".into(),
            body: "30 % of EU checkouts failed.".into(),
            revision: 3,
            preview: Some(markdown::render("30 % of EU checkouts failed.")),
            conflict: Some(("Bo Lindqvist".into(), "About a third failed.".into())),
            error: String::new(),
        }),
        moments: vec![
            moment(KeyMoment::ImpactStarted, "Impact started", Some(ago(104))),
            moment(KeyMoment::FirstSignal, "First signal", Some(ago(95))),
            MomentRow {
                warning: Some("before detection".into()),
                overridden: true,
                source: "set by Bo Lindqvist".into(),
                ..moment(KeyMoment::Acknowledged, "Acknowledged", Some(ago(96)))
            },
            moment(KeyMoment::Mitigated, "Mitigated", None),
        ],
        durations: vec![
            Duration {
                name: "TTD".into(),
                meaning: "Time to detect: from the start of impact".into(),
                length: Some(Span::from_seconds(540)),
            },
            Duration {
                name: "TTM".into(),
                meaning: "Time to mitigate: from the start of impact".into(),
                length: None,
            },
        ],
        swimlane: Some(swimlane()),
        timeline: declared().timeline.into_iter().rev().collect(),
        actions: vec![ActionRow {
            id: ActionItemId(17),
            name: "AI-17".into(),
            title: "Add a pre-submit check for schema changes".into(),
            kind: ActionType::Prevent,
            priority: ActionPriority::P1,
            status: ActionStatus::Open,
            owner: Some(person(2)),
            owner_id: Some(person(2).id),
            due: Some("2026-11-20".into()),
            overdue: true,
            tracker: Some("https://tracker.example/PAY-123".into()),
        }],
        form: Form::new(),
        can_edit: true,
    }
}

pub fn add(pages: &mut Vec<Sample>) {
    let list = |rows: Vec<IncidentRow>, query: &str| IncidentListPage {
        frame: frame("Incidents", Nav::Incidents, "/incidents"),
        rows,
        filter: IncidentFilter::from_query(query),
        services: vec![
            Choice::new("checkout", "Checkout"),
            Choice::new("orders-db", "Orders database"),
        ],
        counts: vec![3, 1, 1, 1, 120, 123],
        pager: Pager {
            previous: None,
            next: Some("/incidents?page=2".into()),
            first: 1,
            last: 4,
            total: Some(123),
        },
    };
    let mut pulse = vec![0; 60];
    pulse[20] = 4;
    pulse[56] = 12;
    pulse[57] = 3;
    let dashboard = DashboardPage {
        frame: frame("Dashboard", Nav::Dashboard, "/"),
        open: vec![row(42), row(41), row(40)],
        open_total: 3,
        on_call: config::on_call(),
        pulse,
        signals: vec![
            SignalRow {
                at: ago(1),
                action: Action::Trigger,
                severity: AlertSeverity::Critical,
                summary: "HTTP 5xx ratio of checkout-eu is 14 %".into(),
                service: link("Checkout", "/services/checkout"),
                incident: Some(42),
                count: 12,
            },
            SignalRow {
                at: ago(40),
                action: Action::Resolve,
                severity: AlertSeverity::Warning,
                summary: "Disk of build-1 nearly full".into(),
                service: link("Build farm", "/services/build"),
                incident: None,
                count: 1,
            },
        ],
        overdue_updates: vec![OverdueUpdate {
            number: 41,
            title: "Orders database: replication lag above 5 min".into(),
            due: ago(6),
        }],
        first_steps: Vec::new(),
    };
    pages.push(draw("/", &dashboard));
    let mut empty = dashboard;
    empty.open.clear();
    empty.open_total = 0;
    empty.signals.clear();
    empty.on_call.clear();
    empty.overdue_updates.clear();
    empty.pulse = vec![0; 60];
    empty.frame.demo = false;
    empty.frame.watch = Some(WatchBar::default());
    empty.first_steps = vec![
        FirstStep {
            text: "Create the administrator".into(),
            href: "/".into(),
            done: true,
        },
        FirstStep {
            text: "Verify how you are reached".into(),
            href: "/profile".into(),
            done: false,
        },
        FirstStep {
            text: "Make a service and send a first signal".into(),
            href: "/services/new".into(),
            done: false,
        },
    ];
    pages.push(draw("/empty", &empty));
    pages.push(draw(
        "/incidents",
        &list(
            vec![row(42), row(41), row(40), row(12)],
            "state=all&q=check",
        ),
    ));
    pages.push(draw("/incidents/none", &list(Vec::new(), "")));
    pages.push(draw("/incidents/42", &triggered()));
    pages.push(draw("/incidents/41", &declared()));
    pages.push(draw("/incidents/39", &resolved()));
    let mut observed = triggered();
    observed.frame.can_respond = false;
    observed.frame.can_admin = false;
    observed.can = IncidentActions::default();
    pages.push(draw("/incidents/observed", &observed));
    let mut live = declared();
    live.timeline.truncate(1);
    pages.push(draw("/incidents/41/timeline", &IncidentLive { page: live }));
    let mut declare = Form::new().with("title", "").with("command", "yes");
    declare.reject("title", "Say in a few words what is broken.");
    pages.push(draw(
        "/incidents/new",
        &DeclarePage {
            frame: frame("Declare an incident", Nav::Incidents, "/incidents/new"),
            form: declare,
            services: vec![Choice::new(1, "Checkout")],
        },
    ));
    let out = |title: &str| Frame::signed_out(title, "c", now());
    pages.push(draw(
        "/a/token",
        &AnswerPage {
            frame: out("Acknowledge INC-0042"),
            token: "eyJ0.abc".into(),
            person: "Ana Ruiz".into(),
            number: 42,
            title: "Checkout fails for card payments in the EU region".into(),
            service: Some("Checkout".into()),
            paging: PagingState::Triggered,
            urgency: Urgency::High,
            opened_at: ago(4),
            alerts: 3,
            acknowledged_by: Vec::new(),
            expires_at: ahead(1_400),
        },
    ));
    for (path, outcome) in [
        ("/a/acknowledged", AnswerOutcome::Acknowledged),
        (
            "/a/late",
            AnswerOutcome::AlreadyAcknowledged("Bo Lindqvist".into()),
        ),
        ("/a/invalid", AnswerOutcome::Invalid),
    ] {
        let incident =
            (outcome != AnswerOutcome::Invalid).then(|| (42, "Checkout fails".to_owned()));
        pages.push(draw(
            path,
            &AnswerDonePage {
                frame: out("Answer"),
                outcome,
                incident,
            },
        ));
    }
    pages.push(draw(
        "/postmortems",
        &PostmortemListPage {
            frame: frame("Postmortems", Nav::Postmortems, "/postmortems"),
            rows: vec![PostmortemRow {
                number: 41,
                title: "Orders database: replication lag above 5 min".into(),
                status: PostmortemStatus::InReview,
                severity: Some(IncidentSeverity::Sev2),
                owner: Some("Bo Lindqvist".into()),
                updated_at: ago(70),
                actions_open: 2,
                actions: 3,
            }],
            q: String::new(),
            status: None,
            pager: Pager::default(),
        },
    ));
    pages.push(draw("/postmortems/41", &postmortem(false)));
    pages.push(draw("/postmortems/41/editing", &postmortem(true)));
}
