//! What monitors have sent, and how another one is added.

use domain::dedup::SignalDecision;
use domain::word::{Action, AlertSeverity, IntegrationKind};
use domain::{IntegrationId, RequestId};
use web::view::mapping::*;
use web::view::mapping_form::MappingForm;
use web::view::service::*;
use web::view::signal::*;
use web::view::*;

use super::*;

pub fn add(pages: &mut Vec<Sample>) {
    let list = |rows: Vec<RequestRow>, searched: i64| SignalListPage {
        frame: frame("Signals", Nav::Services, "/signals"),
        rows,
        filter: SignalFilter::default(),
        services: vec![Choice::new("checkout", "Checkout")],
        integrations: vec![Choice::new(7, "Checkout: Prometheus")],
        pager: Pager::default(),
        searched,
    };
    pages.push(draw(
        "/signals",
        &list(vec![understood(), folded(), refused()], 1_000),
    ));
    pages.push(draw("/signals/none", &list(Vec::new(), 1_000)));
    pages.push(draw("/signals/812", &page()));
    pages.push(draw(
        "/signals/813",
        &SignalPage {
            row: refused(),
            understood: Vec::new(),
            more: 0,
            body: "{\"alerts\": 3".into(),
            size: 12,
            warnings: Vec::new(),
            problems: vec!["The body is not JSON: it ends at column 12.".into()],
            replay_of: None,
            replays: Vec::new(),
            obstacle: Some("its integration is gone.".into()),
            ..page()
        },
    ));
    let adding = |chosen: Option<IntegrationKind>, form: Form| IntegrationAddPage {
        frame: frame(
            "Add an integration",
            Nav::Services,
            "/services/checkout/integrations/new",
        ),
        service: link("Checkout", "/services/checkout"),
        groups: kinds(""),
        q: String::new(),
        chosen: chosen.map(formats::format::of),
        global: form.ticked("global"),
        form,
    };
    pages.push(draw(
        "/services/checkout/integrations/new",
        &adding(None, Form::new()),
    ));
    let mut unnamed = Form::new().with("name", "");
    unnamed.reject("name", "Give it a name.");
    pages.push(draw(
        "/services/checkout/integrations/new/grafana",
        &adding(Some(IntegrationKind::Grafana), unnamed),
    ));
    pages.push(draw(
        "/services/checkout/integrations/7",
        &IntegrationPage {
            mailbox: None,
            frame: frame(
                "Prometheus",
                Nav::Services,
                "/services/checkout/integrations/7",
            ),
            service: link("Checkout", "/services/checkout"),
            row: IntegrationRow {
                id: IntegrationId(7),
                name: "Prometheus".into(),
                kind: IntegrationKind::Alertmanager,
                key_hint: "9f3a".into(),
                last_signal: Some(ago(1)),
                accepted: 1_204,
                ignored: 12,
                rejected: 1,
                global: false,
                last_error: Some((ago(300), "alerts[3].labels is not an object".into())),
            },
            base: "/services/checkout/integrations/7".into(),
            heard: vec![understood(), refused()],
            change: None,
            lacks_secret: false,
        },
    ));
    let mut form = Form::new()
        .with("mail_dedup", "pattern")
        .with("mail_dedup_pattern", "Alert: (");
    form.reject("mail_dedup_pattern", "This is no pattern: unclosed group.");
    pages.push(draw(
        "/services/checkout/integrations/8/settings",
        &integration::IntegrationSettingsPage {
            frame: frame(
                "Mail",
                Nav::Services,
                "/services/checkout/integrations/8/settings",
            ),
            service: link("Checkout", "/services/checkout"),
            id: IntegrationId(8),
            name: "Mail of the building".into(),
            silences: vec![
                Choice::new("resolve", "It is over: the alert resolves"),
                Choice::new("tell", "The source went silent: the alert stays open"),
            ],
            blanks: Vec::new(),
            rate_limit: 6_000,
            format: formats::format::of(IntegrationKind::Email),
            secret_set: false,
            severities: Vec::new(),
            ways: vec![
                Choice::new("subject", "Those of one subject"),
                Choice::new("pattern", "Those in which a pattern finds the same text"),
            ],
            form,
        },
    ));
    pages.push(draw(
        "/services/checkout/integrations/7/mapping",
        &mapping(),
    ));
    for (path, kind) in [
        (
            "/services/checkout/integrations",
            IntegrationKind::PagerDuty,
        ),
        (
            "/services/checkout/integrations/alertmanager",
            IntegrationKind::Alertmanager,
        ),
        (
            "/services/checkout/integrations/generic",
            IntegrationKind::Generic,
        ),
        (
            "/services/checkout/integrations/email",
            IntegrationKind::Email,
        ),
        (
            "/services/checkout/integrations/nagios",
            IntegrationKind::Nagios,
        ),
        (
            "/services/checkout/integrations/zabbix",
            IntegrationKind::Zabbix,
        ),
        (
            "/services/checkout/integrations/netdata",
            IntegrationKind::Netdata,
        ),
        (
            "/services/checkout/integrations/changes",
            IntegrationKind::Changes,
        ),
    ] {
        pages.push(draw(path, &key(kind)));
    }
}

fn key(kind: IntegrationKind) -> IntegrationKeyPage {
    IntegrationKeyPage {
        frame: frame("Key of Prometheus", Nav::Services, "/services/checkout"),
        service: link("Checkout", "/services/checkout"),
        id: IntegrationId(7),
        name: "Prometheus".into(),
        kind,
        key: "demodemodemodemodemodemodemodemo".into(),
        base_url: "https://quarterdeck.example.com".into(),
        mail_domain: Some("page.example.com".into()),
        heard: Vec::new(),
        change: (kind == IntegrationKind::Changes).then(|| ChangeHeard {
            at: ago(1),
            summary: "Deployed shop 4.2".into(),
            href: "/changes?service=checkout#change-7".into(),
        }),
    }
}

fn mapping() -> MappingPage {
    let rules = serde_json::json!({
        "items": "$.body.checks",
        "resolve_if": "item.status == 'up'",
        "summary": {"path": "$.item.name", "default": "A check failed"},
        "dedup_key": {"path": "$.item.id"},
        "identity": [{"path": "$.item.zone"}],
        "severity": {"path": "$.item.level", "words": [{"word": "sev1", "severity": "error"}]},
        "link": {"expression": "'https://status.example.com/' + item.id"},
    });
    let rules: formats::mapping::MappingRules = serde_json::from_value(rules).unwrap();
    let body = "{\"checks\": [{\"id\": \"a\", \"name\": \"Shop front\", \"status\": \"down\"}]}";
    let request = formats::request::Request::of_body(body.as_bytes());
    let outcome = formats::mapping::apply(&request, &rules, now());
    let tried = vec![
        Tried::new(None, "{\"checks\": 3", Err("The body is not JSON.".into())),
        Tried::new(
            Some((RequestId(812), ago(2))),
            body,
            outcome.map_err(|error| error.to_string()),
        ),
    ];
    let mut form = MappingForm::of(&rules);
    form.fields.reject(
        "dedup_key-path",
        "A path starts with $.body, $.query or $.headers.",
    );
    MappingPage {
        frame: frame(
            "Own monitor",
            Nav::Services,
            "/services/checkout/integrations/7/mapping",
        ),
        service: link("Checkout", "/services/checkout"),
        id: IntegrationId(7),
        name: "Own monitor".into(),
        severities: AlertSeverity::ALL
            .iter()
            .map(|one| Choice::new(one, one))
            .collect(),
        tried: Some(tried),
        form,
    }
}

fn understood() -> RequestRow {
    RequestRow {
        id: RequestId(812),
        at: ago(2),
        service: Some(link("Checkout", "/services/checkout")),
        integration: "Prometheus".into(),
        format: "Alertmanager webhook".into(),
        summary: "Checkout answers 502 to every third customer".into(),
        verdicts: vec![
            Verdict {
                decision: SignalDecision::Opened,
                count: 1,
            },
            Verdict {
                decision: SignalDecision::Repeated,
                count: 3,
            },
        ],
        warned: true,
        is_replay: false,
        is_sample: false,
        incident: Some(42),
    }
}

fn folded() -> RequestRow {
    RequestRow {
        id: RequestId(811),
        at: ago(3),
        verdicts: vec![Verdict {
            decision: SignalDecision::Repeated,
            count: 1,
        }],
        warned: false,
        is_sample: true,
        ..understood()
    }
}

fn refused() -> RequestRow {
    RequestRow {
        id: RequestId(813),
        at: ago(1),
        summary: "The body is not JSON: it ends at column 12.".into(),
        verdicts: vec![Verdict {
            decision: SignalDecision::Rejected,
            count: 1,
        }],
        warned: false,
        incident: None,
        ..understood()
    }
}

fn page() -> SignalPage {
    SignalPage {
        frame: frame("Signal 812", Nav::Services, "/signals/812"),
        row: understood(),
        method: "POST".into(),
        path: "/integrations/…9f3a/alertmanager".into(),
        headers: vec![
            ("content-type".into(), "application/json".into()),
            ("authorization".into(), "•••".into()),
        ],
        body: "{\n  \"version\": \"4\",\n  \"status\": \"firing\"\n}".into(),
        size: 1_840,
        complete: true,
        understood: vec![Understood {
            action: Action::Trigger,
            severity: AlertSeverity::Critical,
            dedup_key: "a34f0c".into(),
            summary: "Checkout answers 502 to every third customer".into(),
            decision: SignalDecision::Opened,
            reason: "It is the first of its kind, and opened an incident.".into(),
            incident: Some(42),
            count: Some(4),
        }],
        more: 3,
        warnings: vec!["The severity page was not known; critical was taken.".into()],
        problems: Vec::new(),
        replay_of: Some(RequestId(790)),
        replays: vec![RequestId(815)],
        obstacle: None,
        all: "/signals?integration=7".into(),
    }
}
