//! Global integrations.

use domain::RoutingRuleId;
use web::view::routing::*;
use web::view::*;

use super::*;

const BASE: &str = "/services/checkout/integrations/7";

pub fn add(pages: &mut Vec<Sample>) {
    let rule = |id: i64, name: &str, condition: &str, then: &[&str], hits: i64| RuleRow {
        id: RoutingRuleId(id),
        name: name.into(),
        enabled: id != 3,
        condition: condition.into(),
        then: then.iter().map(|text| (*text).to_owned()).collect(),
        continues: id == 1,
        since: ago(50_000),
        matches: Matches {
            hits,
            last: (hits > 0).then(|| ago(4)),
        },
    };
    let rules = vec![
        rule(
            1,
            "Who owns it",
            "",
            &["gets the label team={labels.owner}"],
            1_204,
        ),
        rule(
            2,
            "Payments",
            "has(labels.team) && labels.team == \"payments\"",
            &[
                "goes to Payments",
                "gets the dedup key {labels.cluster}/{labels.alertname}",
            ],
            310,
        ),
        rule(
            3,
            "Test clusters",
            "labels.env == \"test\"",
            &["is recorded and pages nobody"],
            0,
        ),
    ];
    let page = |on, rules| RoutingPage {
        frame: frame("Routing rules", Nav::Services, &format!("{BASE}/routing")),
        service: link("Checkout", "/services/checkout"),
        integration: link("Prometheus", BASE),
        on,
        rules,
        rest: Matches {
            hits: 12,
            last: Some(ago(90)),
        },
        services: vec![Choice::new("1", "Checkout"), Choice::new("2", "Payments")],
        form: Form::new().with("service", "1"),
    };
    let choice = |value: &str, label: &str| Choice::new(value, label);
    let editor = |rule: Option<i64>, form: Form, trial| RulePage {
        frame: frame(
            "Routing rule",
            Nav::Services,
            &format!("{BASE}/routing/new"),
        ),
        service: link("Checkout", "/services/checkout"),
        integration: link("Prometheus", BASE),
        rule: rule.map(RoutingRuleId),
        services: vec![choice("1", "Checkout"), choice("2", "Payments")],
        severities: vec![choice("critical", "Critical"), choice("info", "Info")],
        places: vec![
            choice("3", "Last, before the catch-all"),
            choice("0", "Before “Who owns it”"),
        ],
        form,
        trial,
    };
    let mut odd = Form::new()
        .with("name", "Payments")
        .with("condition", "labels.team = 'payments'")
        .with("labels", "team={labels.owner}")
        .with("enabled", "yes");
    odd.reject("condition", "Use == to compare, at character 13.");
    let trial = Trial {
        signals: 1_000,
        unread: 2,
        changed: 310,
        matches: 310,
        warnings: vec!["the routing rule “Payments” could not be asked: there is no `team`".into()],
        rows: vec![TrialRow {
            href: "/signals/9".into(),
            at: ago(7),
            summary: "Card payments are slow".into(),
            changes: vec![
                TrialChange {
                    what: "Service",
                    from: "Checkout".into(),
                    to: "Payments".into(),
                },
                TrialChange {
                    what: "Added labels",
                    from: String::new(),
                    to: "team=payments".into(),
                },
            ],
            rules: "by Who owns it, Payments".into(),
        }],
    };
    let tried = Form::new()
        .with("name", "Payments")
        .with("condition", "has(labels.team) && labels.team == 'payments'")
        .with("service", "2")
        .with("enabled", "yes");
    pages.extend([
        draw(
            "/routing",
            &GlobalIntegrationsPage {
                frame: frame("Global integrations", Nav::Services, "/routing"),
                rows: vec![GlobalRow {
                    name: "Prometheus".into(),
                    href: format!("{BASE}/routing"),
                    format: "Prometheus Alertmanager".into(),
                    service: Some(link("Checkout", "/services/checkout")),
                    rules: 3,
                    idle: 1,
                    last_signal: Some(ago(4)),
                }],
                services: vec![choice("checkout", "Checkout")],
            },
        ),
        draw(
            "/services/checkout/integrations/7/routing",
            &page(true, rules),
        ),
        draw(
            "/services/checkout/integrations/7/routing?off",
            &page(false, vec![]),
        ),
        draw(
            "/services/checkout/integrations/7/routing/new",
            &editor(None, odd, None),
        ),
        draw(
            "/services/checkout/integrations/7/routing/2",
            &editor(Some(2), tried, Some(trial)),
        ),
    ]);
}
