//! What keeps alerts from paging, and the alerts.

use domain::suppression::{Matcher, Suppression, SuppressionKind};
use domain::word::AlertSeverity;
use domain::{InhibitionId, IntegrationId, ServiceId, SuppressionId};
use web::view::alert::*;
use web::view::suppression::*;
use web::view::*;

use super::*;

fn silence(number: i64, standing: Standing) -> SuppressionRow {
    SuppressionRow {
        noun: Noun::Silence,
        id: SuppressionId(number),
        comment: "The weekly compaction fills the disks <b>for a while</b>".into(),
        author: "Bo Lindqvist".into(),
        services: vec![link("Orders database", "/services/orders-db")],
        integrations: vec!["Orders database: Prometheus".into()],
        matchers: vec![
            "alertname=~\"Disk.*\"".into(),
            "instance=\"orders-db-3.eu-central-1.example.com:9100\"".into(),
        ],
        repeats: Some("every week on Saturday".into()),
        standing,
        held: 2,
    }
}

fn window(number: i64, standing: Standing) -> SuppressionRow {
    SuppressionRow {
        noun: Noun::Maintenance,
        comment: "Kernel updates".into(),
        integrations: Vec::new(),
        matchers: Vec::new(),
        repeats: None,
        held: 0,
        ..silence(number, standing)
    }
}

pub fn in_force() -> Vec<SuppressionRow> {
    let until = ahead(95);
    vec![
        silence(7, Standing::Now { until }),
        window(8, Standing::Now { until: ahead(400) }),
    ]
}

pub fn notice() -> Notice {
    Notice {
        text: "Maintenance: its alerts do not page".into(),
        comment: "Kernel updates".into(),
        until: ahead(400),
        href: "/maintenance-windows/8".into(),
    }
}

fn held() -> AlertRow {
    AlertRow {
        service: Some(link("Orders database", "/services/orders-db")),
        held: Some(Held {
            verb: "Suppressed by",
            by: Some(link("the silence “Compaction”", "/silences/7")),
            until: Some(ahead(95)),
            open_end: SuppressionKind::Silence.open_end(),
        }),
        flapping: true,
        ends_at: Some(ahead(4)),
        ..part::alert()
    }
}

fn inhibited() -> AlertRow {
    AlertRow {
        held: Some(Held {
            verb: "Inhibited by",
            by: Some(link("the alert “orders-db-3 is down”", "/alerts/4")),
            until: None,
            open_end: SuppressionKind::Inhibition.open_end(),
        }),
        incident: None,
        ..part::alert()
    }
}

fn page(row: SuppressionRow) -> SuppressionPage {
    SuppressionPage {
        frame: frame(&row.comment, Nav::Silences, "/silences/7"),
        created_at: ago(1_500),
        zone: "Europe/Berlin".into(),
        starts_at: ago(25),
        ends_at: ahead(95),
        ended_by: row.is_over().then(|| "Ana Ruiz".into()),
        occurrences: match row.is_over() {
            true => Vec::new(),
            false => (0..5)
                .map(|week| (ago(25 - week * 10_080), ahead(95 + week * 10_080)))
                .collect(),
        },
        held: vec![held()],
        paged: vec![AlertRow {
            incident: Some(42),
            ..part::alert()
        }],
        row,
    }
}

fn form(noun: Noun, id: Option<i64>, form: SuppressionForm) -> SuppressionFormPage {
    SuppressionFormPage {
        frame: frame("New silence", Nav::Silences, "/silences/new"),
        noun,
        id: id.map(SuppressionId),
        form,
        services: vec![
            Choice::new(1, "Checkout"),
            Choice::new(2, "Orders database"),
        ],
        integrations: vec![Choice::new(5, "Orders database: Prometheus")],
        zones: zones(),
        preview: id.map(|_| SuppressionPreview {
            occurrences: vec![(ago(5), ahead(55)), (ahead(10_075), ahead(10_135))],
            matches: 3,
        }),
    }
}

fn inhibition(id: Option<i64>, form: InhibitionForm) -> InhibitionFormPage {
    InhibitionFormPage {
        frame: frame("New inhibition", Nav::Silences, "/inhibitions/new"),
        id: id.map(InhibitionId),
        form,
        teams: vec![Choice::new(1, "Platform")],
    }
}

pub fn add(pages: &mut Vec<Sample>) {
    let list = |noun, now, to_come, ended| SuppressionListPage {
        frame: frame("Silences", Nav::Silences, "/silences"),
        noun,
        now,
        to_come,
        ended,
    };
    let (from, until) = (ahead(9_000), ahead(9_120));
    let silences = list(
        Noun::Silence,
        vec![silence(7, Standing::Now { until: ahead(95) })],
        vec![silence(9, Standing::ToCome { from, until })],
        vec![
            silence(3, Standing::Ended { at: ago(70) }),
            silence(2, Standing::Over { at: ago(7_000) }),
        ],
    );
    pages.push(draw("/silences", &silences));
    let none = list(Noun::Maintenance, vec![], vec![], vec![]);
    pages.push(draw("/maintenance-windows", &none));
    let now = Standing::Now { until: ahead(95) };
    pages.push(draw("/silences/7", &page(silence(7, now))));
    pages.push(draw("/maintenance-windows/8", &page(window(8, now))));
    let over = page(silence(3, Standing::Ended { at: ago(70) }));
    pages.push(draw("/silences/3", &over));

    let mut refused = SuppressionForm::from_pairs(vec![
        ("matcher-0-name".into(), "instance".into()),
        ("matcher-0-op".into(), "=~".into()),
        ("matcher-0-value".into(), "(\"><script>alert(1)".into()),
        ("service".into(), "2".into()),
        ("repeat".into(), "weekly".into()),
        ("day".into(), "sunday".into()),
    ]);
    MatcherRow::matchers(&refused.matchers.clone(), "matcher", &mut refused.fields);
    for name in ["comment", "end", "matchers", "every", "rule", "service"] {
        refused.fields.reject(name, "This needs another look.");
    }
    pages.push(draw("/silences/new", &form(Noun::Silence, None, refused)));
    let window = SuppressionForm::empty("Europe/Berlin").about(&[ServiceId(1)], &[], &[]);
    let window = form(Noun::Maintenance, None, window);
    pages.push(draw("/maintenance-windows/new", &window));
    let stored = Suppression {
        id: SuppressionId(7),
        kind: Noun::Silence.kind(),
        services: vec![ServiceId(2)],
        integrations: vec![IntegrationId(5)],
        matchers: vec![Matcher::parse("alertname=~\"Disk.*\"").unwrap()],
        starts_at: ago(25),
        ends_at: ahead(95),
        recurrence: Some("FREQ=MONTHLY;BYDAY=2TU;UNTIL=20271231".into()),
        zone: "Europe/Berlin".into(),
        occurrences: Vec::new(),
        comment: "Compaction".into(),
        created_by: None,
        author: "Ana Ruiz".into(),
        created_at: ago(1_500),
    };
    for (path, noun) in [
        ("/silences/7/edit", Noun::Silence),
        ("/maintenance-windows/8/edit", Noun::Maintenance),
    ] {
        let page = form(noun, Some(7), SuppressionForm::of(&stored));
        pages.push(draw(path, &page));
    }

    let rule = InhibitionRow {
        id: InhibitionId(1),
        name: "A host that is down explains its services".into(),
        team: Some(link("Platform", "/teams/platform")),
        explained:
            "While an alert with alertname=\"HostDown\" fires, alerts with severity!=\"info\" \
                    and the same instance do not page."
                .into(),
        sources: vec![part::alert()],
        muted: vec![inhibited()],
        muted_total: 1,
    };
    let idle = InhibitionRow {
        id: InhibitionId(2),
        team: None,
        sources: Vec::new(),
        muted: Vec::new(),
        muted_total: 0,
        ..rule.clone()
    };
    let inhibitions = InhibitionListPage {
        frame: frame("Inhibitions", Nav::Silences, "/inhibitions"),
        rows: vec![rule, idle],
    };
    pages.push(draw("/inhibitions", &inhibitions));
    let mut wrong = InhibitionForm::empty();
    for name in ["name", "source", "target", "equal", "source-0-name"] {
        wrong.fields.reject(name, "This needs another look.");
    }
    pages.push(draw("/inhibitions/new", &inhibition(None, wrong)));
    let edited = inhibition(Some(1), InhibitionForm::empty());
    pages.push(draw("/inhibitions/1/edit", &edited));

    let alerts = |filter| AlertListPage {
        frame: frame("Alerts", Nav::Alerts, "/alerts"),
        alerts: vec![part::alert(), held(), inhibited()],
        filter,
        services: vec![Choice::new("checkout", "Checkout")],
        pager: Pager {
            next: Some("/alerts?from=3".into()),
            first: 1,
            last: 3,
            ..Pager::default()
        },
    };
    let filter = AlertFilter {
        suppressed: Some(true),
        flapping: true,
        ..AlertFilter::default()
    };
    pages.push(draw("/alerts", &alerts(filter)));
    let none = AlertListPage {
        alerts: Vec::new(),
        ..alerts(AlertFilter::default())
    };
    pages.push(draw("/alerts/none", &none));
    let one = AlertPage {
        frame: frame("Alert", Nav::Alerts, "/alerts/9"),
        alert: held(),
        monitor_time: Some(ago(5)),
        resolved_at: None,
        flaps_until: Some(ahead(7)),
        facts: vec![("Component", "disk".into()), ("Class", "storage".into())],
        images: vec![(
            "Load of the last hour".into(),
            "https://example.com/a.png".into(),
        )],
        first: Some(FirstWords {
            severity: AlertSeverity::Warning,
            summary: "Disk of db-1 is 80 % full".into(),
            source: "db-1".into(),
            details: "{\n  \"used\": 80\n}".into(),
        }),
        signals: Some("/signals?integration=3".into()),
        mutes: vec![inhibited()],
    };
    pages.push(draw("/alerts/9", &one));
}
