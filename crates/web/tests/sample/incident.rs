//! Dashboard, incidents, postmortems.

use domain::HandoverId;
use domain::escalation::Request;
use domain::word::*;
use web::markdown;
use web::view::dashboard::{DashboardPage, FirstStep, OverdueUpdate, SignalRow};
use web::view::incident::*;
use web::view::postmortem::*;
use web::view::*;

use super::part::{alert, changes, entry, evidence, row, seat, swimlane};
use super::postmortem::postmortem;
use super::*;

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
            is_storm: true,
            resting: Some(Resting {
                until: ahead(95),
                why: "the maintenance window “Kernel updates”".into(),
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
        responders: vec![
            AskedPerson {
                person: person(2),
                by: "Ana Ruiz".into(),
                at: ago(3),
                message: "Can you look at the database?".into(),
                state: ResponderState::Asked,
                reason: String::new(),
                answered_at: None,
                mine: true,
            },
            AskedPerson {
                person: person(3),
                by: "Ana Ruiz".into(),
                at: ago(4),
                message: String::new(),
                state: ResponderState::Declined,
                reason: "On the train until six".into(),
                answered_at: Some(ago(2)),
                mine: false,
            },
        ],
        ask: targets(),
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
        changes: Some(Changes {
            own: changes(),
            elsewhere: Vec::new(),
        }),
        form: Form::new(),
        preview: None,
    }
}

pub fn declared() -> IncidentPage {
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
        is_storm: false,
        resting: None,
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
        troubles: Vec::new(),
        quiet: quiet::in_force(),
        frame: frame("Dashboard", Nav::Dashboard, "/"),
        open: vec![row(42), row(41), row(40)],
        open_total: 3,
        on_call: config::on_call(),
        pulse,
        signals: vec![
            SignalRow {
                at: ago(1),
                said: Some((Action::Trigger, AlertSeverity::Critical)),
                summary: "HTTP 5xx ratio of checkout-eu is 14 %".into(),
                service: link("Checkout", "/services/checkout"),
                incident: Some(42),
                count: 12,
            },
            SignalRow {
                at: ago(40),
                said: Some((Action::Resolve, AlertSeverity::Warning)),
                summary: "Disk of build-1 nearly full".into(),
                service: link("Build farm", "/services/build"),
                incident: None,
                count: 1,
            },
            SignalRow {
                at: ago(60),
                said: None,
                summary: "The body is not JSON (expected value at line 1 column 1).".into(),
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
    observed.ask = Vec::new();
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
    let answer = |request: Option<Request>, form: Form| AnswerPage {
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
        request,
        form,
    };
    pages.push(draw("/a/token", &answer(None, Form::new())));
    let asked = Request {
        by: "Bo Lindqvist".into(),
        message: "Can you look at the database?".into(),
    };
    let mut long = Form::new().with("reason", "On a train");
    long.reject("reason", "The text is longer than 500 characters.");
    pages.push(draw("/a/asked", &answer(Some(asked), long)));
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
    pages.push(draw(
        "/page",
        &PageSomebodyPage {
            frame: frame("Page somebody", Nav::OnCall, "/page"),
            form: Form::new().with("message", "Please look at the queue"),
            targets: targets(),
            services: vec![Choice::new("checkout", "Checkout")],
            chosen: vec!["user:3".into()],
        },
    ));
    pages.push(draw("/postmortems/41", &postmortem(false)));
    pages.push(draw("/postmortems/41/editing", &postmortem(true)));
}
