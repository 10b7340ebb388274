//! Sources of changes in their documented shapes.

use domain::change_event::{ChangeEvent, ChangeKind};
use domain::word::IntegrationKind as Kind;
use formats::format;
use formats::request::Request;
use formats::settings::Settings;
use serde_json::json;

use crate::vendor::{now, of_file, recorded};

fn line(change: &ChangeEvent) -> String {
    format!(
        "{} {} {} {} | {} | {}",
        change.kind,
        change.status.map_or("-", |status| status.as_str()),
        change.source,
        change.service.as_deref().unwrap_or("-"),
        change.idempotency_key,
        change.summary
    )
}

#[test]
fn sources_of_changes() {
    for (kind, name, expected) in [
        (
            Kind::GitHub,
            "github_deployment_status",
            "deployment succeeded example/shop shop | deployment_status:22 | Deployment of main to production: success",
        ),
        (
            Kind::GitHub,
            "github_push",
            "push - example/shop shop | push:main:59b20b8d5c6ff8d09518216c3f9c2d3a2b3f1d5c | 2 commits to main: Speed up the cart",
        ),
        (
            Kind::GitLab,
            "gitlab_deployment",
            "deployment succeeded shop/checkout checkout | deployment:15|success | Deployment of 279484c0 to staging success: Add new file",
        ),
        (
            Kind::Jenkins,
            "jenkins_completed",
            "deployment succeeded deploy-shop deploy-shop | deploy-shop|18|COMPLETED | deploy-shop #18: success",
        ),
        (
            Kind::ArgoCd,
            "argocd",
            "deployment succeeded shop shop | shop|a84d88e7554fc1fa21bcbc4efae3c782a70d2b9d|Succeeded|Healthy|2026-11-21T03:25:55Z | shop at a84d88e7: succeeded (Healthy)",
        ),
        (
            Kind::Flux,
            "flux_event",
            "deployment succeeded flux-system/shop shop | c0ffee00-0000-4000-8000-000000000000|ReconciliationSucceeded|main@sha1:a84d88e7|2026-11-21T03:25:55Z | Kustomization flux-system/shop: ReconciliationSucceeded. Deployment/shop/shop configured",
        ),
        (
            Kind::Spinnaker,
            "spinnaker_complete",
            "deployment succeeded shop shop | 01HF|complete | shop: Deploy to prod complete",
        ),
        (
            Kind::Spinnaker,
            "spinnaker_chaos",
            "experiment succeeded Chaos Monkey shop | t-1|chaosmonkey:terminate|i-0abc | Chaos Monkey ended i-0abc of shop",
        ),
        (
            Kind::CircleCi,
            "circleci",
            "deployment succeeded github/circleci/webhook-service webhook-service | 3888f21b-eaa7-38e3-8f3d-75a63bba8895 | workflow build-test-deploy on main: success",
        ),
        (
            Kind::Changes,
            "experiment_start",
            "experiment running game day cart | exp-42|start | Kill one node of the cart database",
        ),
        (
            Kind::CloudEvents,
            "cdevent",
            "deployment succeeded /event/source/123 shop | /event/source/123|271069a8-fc18-44f1-b38f-9d70a1695819 | service shop deployed",
        ),
    ] {
        let parsed = of_file(kind, name);
        assert_eq!(
            parsed.changes.iter().map(line).collect::<Vec<_>>(),
            [expected],
            "{name}"
        );
        assert_eq!(parsed.warnings, [""; 0], "{name}");
        assert!(parsed.signals.is_empty(), "{name}: changes never page");
        assert!(parsed.changes[0].at.is_some(), "{name}");
    }
}

#[test]
fn an_experiment_is_a_window() {
    let read = |body: serde_json::Value| {
        let text = body.to_string();
        let parsed = format::of(Kind::Changes)
            .parse(
                &Request::of_body(text.as_bytes()),
                &Settings::default(),
                now(),
            )
            .unwrap();
        parsed.changes.into_iter().next().unwrap()
    };
    let start = &of_file(Kind::Changes, "experiment_start").changes[0];
    assert_eq!(start.starts_at, start.at);
    assert_eq!(start.ends_at, None);
    let stop = read(
        json!({"summary": "Kill one node of the cart database", "kind": "experiment",
        "status": "stop", "id": "exp-42", "timestamp": "2026-11-21T03:35:55Z"}),
    );
    assert_eq!(stop.ends_at, stop.at);
    assert_eq!(stop.change_key, start.change_key);
    assert_ne!(stop.idempotency_key, start.idempotency_key);

    let terraform = read(
        json!({"summary": "terraform apply of network", "kind": "terraform", "status": "applied"}),
    );
    assert_eq!(terraform.kind, ChangeKind::Configuration);
    let nonsense = read(
        json!({"summary": "x", "starts_at": "2026-11-21T03:35:55Z", "ends_at": "2026-11-21T03:00:00Z"}),
    );
    assert_eq!(nonsense.ends_at, None);
    let repeated = [read(json!({"summary": "x"})), read(json!({"summary": "x"}))];
    assert_eq!(repeated[0].idempotency_key, repeated[1].idempotency_key);
}

#[test]
fn githubs_headers() {
    let body = recorded("github_push");
    let with = |headers: Vec<(&'static str, &'static str)>, body: &[u8]| {
        let request = Request {
            headers,
            ..Request::of_body(body)
        };
        format::of(Kind::GitHub)
            .parse(&request, &Settings::default(), now())
            .unwrap()
    };
    let push = with(
        vec![
            ("X-GitHub-Event", "push"),
            ("X-GitHub-Delivery", "72d3162e"),
        ],
        &body,
    );
    assert_eq!(push.changes[0].idempotency_key, "72d3162e");
    let ping = with(
        vec![("X-GitHub-Event", "ping")],
        br#"{"zen": "Keep it logically awesome.", "hook_id": 1}"#,
    );
    assert!(ping.changes.is_empty());
    let form = format!(
        "payload={}",
        String::from_utf8(body.clone())
            .unwrap()
            .bytes()
            .map(|byte| format!("%{byte:02x}"))
            .collect::<String>()
    );
    assert_eq!(
        with(vec![("X-GitHub-Event", "push")], form.as_bytes())
            .changes
            .len(),
        1
    );
    let branch = String::from_utf8(body)
        .unwrap()
        .replace("refs/heads/main", "refs/heads/try");
    assert!(
        with(vec![("X-GitHub-Event", "push")], branch.as_bytes())
            .changes
            .is_empty()
    );
}
