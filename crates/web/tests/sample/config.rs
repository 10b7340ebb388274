//! Services, schedules, policies.

use domain::schedule::OverrideKind;
use domain::word::*;
use domain::{IntegrationId, OverrideId, Span, TemporaryId, UserId};
use web::picture::{Bar, Calendar, Row, RowKind};
use web::view::on_call::*;
use web::view::schedule::*;
use web::view::schedule_history::{HistoryPage, VersionRow};
use web::view::service::*;
use web::view::*;

use super::hand::difference;
use super::part::{alert, row};
use super::*;

pub fn on_call() -> Vec<OnCallRow> {
    vec![
        OnCallRow {
            name: "Platform".into(),
            slug: "platform".into(),
            team: Some(link("Platform", "/teams/platform")),
            zone: "Europe/Berlin".into(),
            now: vec![person(1)],
            until: Some(ahead(3_224)),
            next: Some((vec![person(2)], ahead(3_224))),
            next_gap: None,
            mine: true,
        },
        OnCallRow {
            name: "Payments, second line".into(),
            slug: "payments".into(),
            team: None,
            zone: "America/New_York".into(),
            now: Vec::new(),
            until: Some(ahead(600)),
            next: Some((vec![person(3), person(4)], ahead(600))),
            next_gap: Some((ahead(9_000), ahead(9_480))),
            mine: false,
        },
    ]
}

pub fn calendar(from: &str, days: u16) -> Calendar {
    let from: jiff::civil::Date = from.parse().unwrap();
    let start = Timestamp::from_jiff(from.to_zoned(berlin()).unwrap().timestamp());
    let hour = |n: i64| start + Span::from_hours(n);
    let bar = |from: i64, until: i64, id: i64| Bar {
        start: hour(from),
        end: hour(until),
        people: vec![(UserId(id), person(id).name)],
        shadows: vec![],
        source: "Layer Weekly".into(),
    };
    let weekly: Vec<Bar> = (0..6)
        .map(|n| bar(n * 168 - 60, n * 168 + 108, n % 3 + 1))
        .collect();
    let mut last = vec![bar(0, 40, 1)];
    last.extend((0..5).map(|n| bar(n * 168 + 108, n * 168 + 276, (n + 1) % 3 + 1)));
    last.insert(
        1,
        Bar {
            source: "Override by Ana Ruiz".into(),
            ..bar(52, 80, 5)
        },
    );
    last.insert(2, bar(80, 108, 1));
    Calendar {
        title: "Platform".into(),
        zone: berlin(),
        from,
        days,
        people: (1..=5).map(UserId).collect(),
        holidays: vec![(from, "St. Cecilia".into())],
        href: Some("/schedules/platform/override?".into()),
        now: now(),
        since: None,
        rows: vec![
            Row {
                name: "Overrides".into(),
                kind: RowKind::Override,
                bars: vec![bar(52, 80, 5)],
            },
            Row {
                name: "Nights".into(),
                kind: RowKind::Layer,
                bars: (0..14).map(|n| bar(n * 24 + 20, n * 24 + 32, 4)).collect(),
            },
            Row {
                name: "Weekly".into(),
                kind: RowKind::Layer,
                bars: weekly,
            },
            Row {
                name: "Final".into(),
                kind: RowKind::Final,
                bars: last,
            },
        ],
    }
}

fn shift(id: i64, start: i64, mine: bool) -> ShiftRow {
    ShiftRow {
        people: vec![person(id)],
        start: ahead(start),
        end: ahead(start + 10_080),
        source: "Layer Weekly".into(),
        mine,
        shadows: vec![person(4)],
    }
}

pub fn shifts() -> Vec<ShiftRow> {
    vec![
        shift(1, -4_000, true),
        shift(2, 6_080, false),
        shift(3, 16_160, false),
    ]
}

fn service(slug: &str, name: &str, health: Health) -> ServiceRow {
    ServiceRow {
        name: name.into(),
        slug: slug.into(),
        team: Some(link("Payments", "/teams/payments")),
        policy: Some(link("Checkout, around the clock", "/policies/checkout")),
        on_call: vec!["Ana Ruiz".into()],
        health,
        last_signal: Some(ago(1)),
        warning: None,
    }
}

fn schedule_form() -> ScheduleForm {
    let pairs = [
        ("name", "Platform"),
        ("zone", "Europe/Berlin"),
        ("layer-0-name", "Nights"),
        ("layer-0-turn", "4"),
        ("layer-0-turn", "3+5"),
        ("layer-0-length", "1"),
        ("layer-0-unit", "days"),
        ("layer-0-handoff", "21:00"),
        ("layer-0-start", "2026-11-02"),
        ("layer-0-hours-0-day", "monday"),
        ("layer-0-hours-0-from", "21:00"),
        ("layer-0-hours-0-until", "09:00"),
        ("layer-1-name", "Weekly"),
        ("layer-1-turn", "1"),
        ("layer-1-turn", "2"),
        ("layer-1-length", "0"),
        ("layer-1-unit", "weeks"),
        ("layer-1-handoff", "09:00"),
        ("layer-1-start", "2026-11-02"),
        ("do", "preview"),
    ];
    let pairs = pairs
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .to_vec();
    let mut form = ScheduleForm::from_pairs(pairs, "2026-11-21".parse().unwrap());
    assert!(form.to_config().is_none());
    form
}

pub fn add(pages: &mut Vec<Sample>) {
    let services = |rows: Vec<ServiceRow>| ServiceListPage {
        frame: frame("Services", Nav::Services, "/services"),
        rows,
        q: String::new(),
    };
    pages.push(draw(
        "/services",
        &services(vec![
            service(
                "checkout",
                "Checkout",
                Health {
                    triggered: 1,
                    acknowledged: 0,
                },
            ),
            service(
                "orders-db",
                "Orders database",
                Health {
                    triggered: 0,
                    acknowledged: 2,
                },
            ),
            ServiceRow {
                on_call: Vec::new(),
                last_signal: None,
                warning: Some("Its policy can reach nobody: the last resort is paged.".into()),
                ..service("build", "Build farm", Health::default())
            },
        ]),
    ));
    pages.push(draw("/services/none", &services(Vec::new())));
    let integration = IntegrationRow {
        id: IntegrationId(7),
        name: "Prometheus".into(),
        kind: IntegrationKind::Alertmanager,
        key_hint: "9f3a".into(),
        last_signal: Some(ago(1)),
        accepted: 1_204,
        ignored: 12,
        rejected: 1,
        global: true,
        last_error: Some((ago(300), "alerts[3].labels is not an object".into())),
    };
    pages.push(draw(
        "/services/checkout",
        &ServicePage {
            frame: frame("Checkout", Nav::Services, "/services/checkout"),
            service: service(
                "checkout",
                "Checkout",
                Health {
                    triggered: 1,
                    acknowledged: 0,
                },
            ),
            description: "Takes the money.".into(),
            settings: vec![
                ("Urgency".into(), "by severity".into()),
                ("Reopen within".into(), "5 m".into()),
                ("Acknowledgement lasts".into(), "30 m".into()),
            ],
            integrations: vec![integration],
            incidents: vec![row(42), row(12)],
            alerts: vec![alert()],
            notices: vec![quiet::notice()],
            form: Form::new(),
        },
    ));
    let mut form = Form::new().with("severity", "dreadful");
    form.reject("severity", "Choose one of the list.");
    pages.push(draw(
        "/services/checkout/integrations/7/settings",
        &integration::IntegrationSettingsPage {
            frame: frame(
                "Own",
                Nav::Services,
                "/services/checkout/integrations/7/settings",
            ),
            service: Link {
                label: "Checkout".into(),
                href: "/services/checkout".into(),
            },
            id: IntegrationId(7),
            name: "Own monitor".into(),
            silences: vec![
                Choice::new("resolve", "It is over: the alert resolves"),
                Choice::new("tell", "The source went silent: the alert stays open"),
            ],
            blanks: Vec::new(),
            rate_limit: 6_000,
            format: formats::format::of(IntegrationKind::StandardWebhooks),
            secret_set: true,
            severities: AlertSeverity::ALL
                .iter()
                .map(|one| Choice::new(one, one))
                .collect(),
            ways: Vec::new(),
            form,
        },
    ));
    let form = Form::new()
        .with("name", "Checkout")
        .with("urgency", "by_severity")
        .with("policy", "1")
        .with("auto_resolve", "yes")
        .with("reopen_window", "5")
        .with("ack_timeout_high", "30");
    pages.push(draw(
        "/services/checkout/edit",
        &ServiceFormPage {
            frame: frame("Edit Checkout", Nav::Services, "/services/checkout/edit"),
            form,
            slug: Some("checkout".into()),
            teams: vec![Choice::new(1, "Payments")],
            policies: vec![Choice::new(1, "Checkout, around the clock")],
            hours: vec![HoursRow {
                days: vec!["monday".into()],
                from: "09:00".into(),
                until: "17:00".into(),
            }],
            zones: zones(),
        },
    ));
    pages.push(draw(
        "/services/new",
        &ServiceFormPage {
            frame: frame("New service", Nav::Services, "/services/new"),
            form: Form::new().with("auto_resolve", "yes"),
            slug: None,
            teams: Vec::new(),
            policies: Vec::new(),
            hours: vec![HoursRow::default()],
            zones: zones(),
        },
    ));
    pages.push(draw(
        "/on-call",
        &OnCallPage {
            frame: frame("On-call", Nav::OnCall, "/on-call"),
            rows: on_call(),
            total: 2,
            gaps: 1,
            q: String::new(),
            teams: vec![Choice::new("platform", "Platform")],
            team: String::new(),
            at: "2026-12-24T20:00".into(),
            moment: ahead(47_000),
            misread: false,
            moved: None,
        },
    ));
    pages.push(draw(
        "/on-call/mine",
        &MyShiftsPage {
            frame: frame("My shifts", Nav::OnCall, "/on-call/mine"),
            calendar: Calendar {
                href: None,
                ..calendar("2026-11-16", 28)
            },
            shifts: vec![MyShift {
                schedule: "Platform".into(),
                slug: "platform".into(),
                start: ago(4_000),
                end: ahead(3_224),
                now: true,
                with: vec![person(2)],
                short_rest: Some(Span::from_hours(9)),
            }],
            total: Span::from_hours(240),
            nights: Span::from_hours(100),
        },
    ));
    let version = |number: i64| VersionRow {
        number,
        from: ago(10_000 / number),
        saved: Some(ago(10_100 / number)),
        by: (number > 1).then(|| "Ana Ruiz".to_owned()),
        speaks: number == 1,
        coming: number == 2,
        changes: vec!["Weekly, turns: Ana Ruiz, Bo Lindqvist → Bo Lindqvist.".into()],
        others: Some(difference()),
    };
    pages.push(draw(
        "/schedules/platform/versions",
        &HistoryPage {
            frame: frame("History", Nav::OnCall, "/schedules/platform/versions"),
            name: "Platform".into(),
            slug: "platform".into(),
            rows: vec![version(2), version(1)],
        },
    ));
    let schedule = |from: &str, days: u16, view: View| SchedulePage {
        frame: frame("Platform", Nav::OnCall, "/schedules/platform"),
        row: on_call().remove(0),
        description: "First line of everything that runs.".into(),
        calendar: calendar(from, days),
        view,
        from: from.into(),
        zone: "mine".into(),
        zones: zones(),
        previous: "/schedules/platform?from=2026-11-02".into(),
        today: "/schedules/platform".into(),
        next: "/schedules/platform?from=2026-11-30".into(),
        views: View::ALL
            .map(|view| (view, format!("/schedules/platform?view={}", view.as_str())))
            .to_vec(),
        version: (view == View::Day).then_some(2),
        shifts: shifts(),
        unread: vec![(
            "Nights".into(),
            "The server answered 404; is the address still right?".into(),
        )],
        overrides: vec![OverrideRow {
            id: OverrideId(4),
            kind: OverrideKind::Replace,
            people: vec![person(5)],
            start: ahead(300),
            end: ahead(900),
            by: Some("Ana Ruiz".into()),
        }],
        temporaries: vec![TemporaryRow {
            id: TemporaryId(2),
            people: vec![person(1), person(3)],
            start: ahead(40_000),
            end: ahead(50_080),
            by: None,
        }],
        used_by: vec![link("Checkout, around the clock", "/policies/checkout")],
        hand_offs: Some(link("Channel Ops room", "/channels/ops-room")),
        hand_off_form: Form::new().with("channel", 1),
        channels: vec![Choice::new(1, "Ops room")],
    };
    for (path, from, days, view) in [
        ("/schedules/platform", "2026-11-16", 14, View::Fortnight),
        ("/schedules/month", "2026-11-01", 30, View::Month),
        ("/schedules/day", "2026-11-21", 1, View::Day),
        ("/schedules/dst", "2026-10-19", 14, View::Fortnight),
    ] {
        pages.push(draw(path, &schedule(from, days, view)));
    }
    pages.push(draw(
        "/schedules/platform/override",
        &OverridePage {
            frame: frame(
                "Override Platform",
                Nav::OnCall,
                "/schedules/platform/override",
            ),
            name: "Platform".into(),
            slug: "platform".into(),
            zone: "Europe/Stockholm".into(),
            form: Form::new()
                .with("start", "2026-11-21T09:00")
                .with("end", "2026-11-21T17:00"),
            planned: shifts(),
            gaps: vec![(ahead(700), ahead(800))],
            near: people_choices(),
            people: people_choices(),
        },
    ));
    let mut schedule_fields = schedule_form();
    schedule_fields.fields = schedule_fields.fields.with("from", "");
    pages.push(draw(
        "/schedules/platform/edit",
        &ScheduleFormPage {
            frame: frame("Edit Platform", Nav::OnCall, "/schedules/platform/edit"),
            form: schedule_fields,
            slug: Some("platform".into()),
            zones: zones(),
            teams: vec![Choice::new(1, "Platform")],
            people: people_choices(),
            holidays: vec![
                Choice::new("skip:de-be", "Berlin: nobody on these days"),
                Choice::new("only:de-be", "Berlin: on these days only"),
            ],
            preview: Some(calendar("2026-11-16", 14)),
            difference: Some(difference()),
        },
    ));
    let today = "2026-11-21".parse().unwrap();
    pages.push(draw(
        "/schedules/new",
        &ScheduleFormPage {
            frame: frame("New schedule", Nav::OnCall, "/schedules/new"),
            form: ScheduleForm {
                fields: Form::new().with("zone", "Europe/Berlin"),
                layers: vec![LayerRow::weekly("Weekly", today)],
                press: None,
            },
            slug: None,
            zones: zones(),
            teams: Vec::new(),
            people: people_choices(),
            holidays: Vec::new(),
            preview: None,
            difference: None,
        },
    ));
}
