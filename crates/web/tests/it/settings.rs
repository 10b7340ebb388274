//! What owners choose about how requests are read: secrets, severities and mappings.

use aws_lc_rs::signature::Ed25519KeyPair;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use domain::IntegrationId;
use domain::word::{AccountRole, IntegrationKind, Origin};
use engine::OpContext;
use engine::clock::{Clock as _, SystemClock};
use engine::configuration::integration::create_integration;
use formats::signature::{hmac_sha256, sign_standard};
use serde_json::{Value, json};

use crate::house::{ADMIN, Answer, EVENTS_KEY, House, OBSERVER};

/// Adds an integration; its id and key.
pub async fn door(house: &House, kind: IntegrationKind) -> (IntegrationId, String) {
    let service = house
        .engine
        .directory()
        .service_by_slug("checkout")
        .unwrap()
        .id;
    let ctx = OpContext::token(AccountRole::Admin, Origin::Cli, SystemClock.now());
    let made = create_integration(
        house.engine.store(),
        &ctx,
        service,
        kind.as_str(),
        kind,
        false,
    )
    .await
    .unwrap();
    (made.id, made.key)
}

pub fn settings(id: IntegrationId) -> String {
    format!("/api/v1/services/checkout/integrations/{id}/settings")
}

async fn send(house: &House, key: &str, body: &str, headers: &[(&str, &str)]) -> Answer {
    let mut request = house
        .client
        .post(house.at(&format!("/integrations/{key}")))
        .body(body.to_owned());
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    Answer::of(request).await
}

fn hex(secret: &str, body: &str) -> String {
    let mac = hmac_sha256(secret.as_bytes(), &[body.as_bytes()]);
    mac.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Kind, body, what stands beside the signature, its header and its value.
type Case<'c> = (
    IntegrationKind,
    &'c str,
    Vec<(&'c str, String)>,
    &'c str,
    String,
);

#[actix_web::test]
async fn bad_signatures_are_refused_and_good_ones_taken() {
    use IntegrationKind as K;
    let house = House::on_sqlite().await;
    let secret = "s3cret of the sender";
    let change = json!({"summary": "Deployed shop 4.2", "kind": "deployment"}).to_string();
    let alert = json!({"summary": "Disk full"}).to_string();
    let grafana = json!({"status": "firing", "alerts": [{"status": "firing",
        "labels": {"alertname": "A"}, "fingerprint": "f"}]})
    .to_string();
    let sentry = json!({"action": "triggered", "data": {"event": {"title": "Boom", "issue_id": "7",
        "web_url": "https://sentry.example.com/7", "level": "error"},
        "triggered_rule": "Always"}})
    .to_string();
    let github = json!({"zen": "Keep it simple", "hook_id": 1}).to_string();
    let gitlab = json!({"object_kind": "deployment", "status": "success", "deployment_id": 5,
        "environment": "production", "project": {"path_with_namespace": "a/b"}})
    .to_string();
    let circle = json!({"type": "ping", "id": "p"}).to_string();
    let flux = json!({"involvedObject": {"kind": "Kustomization", "namespace": "flux-system",
        "name": "shop"}, "severity": "info", "reason": "ReconciliationSucceeded",
        "message": "Applied revision main@sha1:abc", "timestamp": "2026-01-01T00:00:00Z"})
    .to_string();
    let seconds = SystemClock.now().0 / 1_000_000;
    let at = domain::Timestamp::from_seconds(seconds);
    let cases: Vec<Case<'_>> = vec![
        (
            K::GitHub,
            &github,
            vec![("X-GitHub-Event", "ping".into())],
            "X-Hub-Signature-256",
            format!("sha256={}", hex(secret, &github)),
        ),
        (
            K::GitLab,
            &gitlab,
            vec![("X-Gitlab-Event", "Deployment Hook".into())],
            "X-Gitlab-Token",
            secret.into(),
        ),
        (
            K::Sentry,
            &sentry,
            vec![("Sentry-Hook-Resource", "event_alert".into())],
            "Sentry-Hook-Signature",
            hex(secret, &sentry),
        ),
        (
            K::CircleCi,
            &circle,
            vec![],
            "circleci-signature",
            format!("v1={}", hex(secret, &circle)),
        ),
        (
            K::Flux,
            &flux,
            vec![],
            "X-Signature",
            format!("sha256={}", hex(secret, &flux)),
        ),
        (
            K::Grafana,
            &grafana,
            vec![],
            "X-Grafana-Alerting-Signature",
            hex(secret, &grafana),
        ),
        (
            K::StandardWebhooks,
            &alert,
            vec![
                ("webhook-id", "msg_1".into()),
                ("webhook-timestamp", seconds.to_string()),
            ],
            "webhook-signature",
            sign_standard(secret, "msg_1", at, alert.as_bytes()),
        ),
        (
            K::Changes,
            &change,
            vec![
                ("webhook-id", "msg_1".into()),
                ("webhook-timestamp", seconds.to_string()),
            ],
            "webhook-signature",
            sign_standard(secret, "msg_1", at, change.as_bytes()),
        ),
    ];
    for (kind, body, beside, header, signature) in cases {
        let (id, key) = door(&house, kind).await;
        let mut headers: Vec<(&str, &str)> = beside
            .iter()
            .map(|(name, value)| (*name, value.as_str()))
            .collect();
        let open = send(&house, &key, body, &headers).await;
        assert!([200, 202].contains(&open.status), "{kind}: {}", open.body);

        let edit = Some(json!({ "secret": secret }));
        let answer = house.api(ADMIN, "PATCH", &settings(id), edit).await;
        assert_eq!(answer.status, 200, "{kind}: {}", answer.body);
        assert_eq!(answer.json()["secret_set"], true);
        assert!(!answer.body.contains("s3cret"), "{}", answer.body);

        let unsigned = send(&house, &key, body, &headers).await;
        unsigned.is_problem(401, "bad_signature");
        let mut wrong = signature.clone().into_bytes();
        let place = wrong.len() / 2;
        wrong[place] = if wrong[place] == b'0' { b'1' } else { b'0' };
        let wrong = String::from_utf8(wrong).unwrap();
        headers.push((header, &wrong));
        let refused = send(&house, &key, body, &headers).await;
        refused.is_problem(401, "bad_signature");
        headers.pop();
        headers.push((header, &signature));
        let good = send(&house, &key, body, &headers).await;
        assert!([200, 202].contains(&good.status), "{kind}: {}", good.body);
        // Another body under the same signature.
        if kind != K::GitLab {
            let forged = send(&house, &key, &format!("{body} "), &headers).await;
            forged.is_problem(401, "bad_signature");
        }

        let off = Some(json!({ "secret": null }));
        let answer = house.api(ADMIN, "PATCH", &settings(id), off).await;
        assert_eq!(answer.json()["secret_set"], false, "{}", answer.body);
        headers.pop();
        let open = send(&house, &key, body, &headers).await;
        assert!([200, 202].contains(&open.status), "{kind}: {}", open.body);
    }
}

async fn alerts(house: &House) -> Vec<Value> {
    let list = house.api(ADMIN, "GET", "/api/v1/alerts", None).await.json();
    list["items"].as_array().unwrap().clone()
}

#[actix_web::test]
async fn severity_and_mapping_hold_for_the_next_request() {
    let house = House::on_sqlite().await;
    let directory = house.engine.directory();
    let events = directory
        .integrations
        .values()
        .find(|one| one.kind == IntegrationKind::Generic)
        .unwrap()
        .id;
    let path = settings(events);
    let edit = json!({"severity": "warning"});
    let answer = house.api(ADMIN, "PATCH", &path, Some(edit)).await;
    assert_eq!(answer.json()["severity"], "warning", "{}", answer.body);
    let address = format!("/integrations/{EVENTS_KEY}/events");
    let sent = house.post(&address, r#"{"summary": "Slow"}"#).await;
    assert_eq!(sent.status, 202, "{}", sent.body);
    let all = alerts(&house).await;
    assert_eq!(all[0]["severity"], "warning", "{:?}", all[0]);

    let mapping = json!({
        "items": "$.body.checks",
        "resolve_if": "item.up",
        "summary": {"path": "$.item.what"},
        "dedup_key": {"path": "$.item.id"},
    });
    let edit = json!({"mapping": mapping});
    let answer = house.api(ADMIN, "PATCH", &path, Some(edit)).await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    assert_eq!(answer.json()["mapping"], mapping);
    assert_eq!(answer.json()["severity"], "warning", "absent stays");
    let body =
        r#"{"checks": [{"id": "a", "what": "Mapped", "up": false}, {"id": "b", "up": true}]}"#;
    for address in [&address, &format!("/integrations/{EVENTS_KEY}")] {
        let sent = house.post(address, body).await;
        assert_eq!(sent.json()["signals"], 2, "{}", sent.body);
    }
    let all = alerts(&house).await;
    let mapped = all.iter().find(|one| one["summary"] == "Mapped").unwrap();
    assert_eq!(mapped["dedup_key"], "a");

    // What check() refuses is refused, with its field; nothing is changed.
    let bad = json!({"mapping": {"summary": {"path": "what"}, "resolve_if": "item.up"}});
    let refused = house.api(ADMIN, "PATCH", &path, Some(bad)).await;
    refused.is_problem(422, "invalid");
    assert!(
        refused.body.contains("mapping.summary.path"),
        "{}",
        refused.body
    );
    assert!(
        refused.body.contains("mapping.resolve_if"),
        "{}",
        refused.body
    );
    let odd = json!({"mapping": {"summray": {}}});
    let refused = house.api(ADMIN, "PATCH", &path, Some(odd)).await;
    refused.is_problem(422, "invalid");
    // Nobody signs plain JSON.
    let secret = Some(json!({"secret": "x"}));
    let refused = house.api(ADMIN, "PATCH", &path, secret.clone()).await;
    assert!(refused.body.contains("cannot sign"), "{}", refused.body);
    let kept = house.api(OBSERVER, "GET", &path, None).await.json();
    assert_eq!(kept["mapping"], mapping);

    let refused = house.api(OBSERVER, "PATCH", &path, secret).await;
    refused.is_problem(403, "forbidden");
    let strange = "/api/v1/services/nope/integrations/1/settings";
    let answer = house.api(ADMIN, "GET", strange, None).await;
    answer.is_problem(404, "not_found");
}

#[actix_web::test]
async fn a_mapping_is_tried_before_it_is_saved() {
    let house = House::on_sqlite().await;
    let directory = house.engine.directory();
    let door = directory
        .integrations
        .values()
        .find(|one| one.kind == IntegrationKind::Generic)
        .unwrap()
        .id;
    let sent = json!({"checks": [{"id": "a", "what": "Shop"}, {"id": "b", "what": "Till"}]});
    let address = format!("/integrations/{EVENTS_KEY}");
    house.post(&address, sent.to_string()).await;
    let before = alerts(&house).await.len();

    let path = format!("/api/v1/services/checkout/integrations/{door}/mapping/try");
    let rules = json!({
        "items": "$.body.checks",
        "summary": {"path": "$.item.what"},
        "dedup_key": {"path": "$.item.id"},
    });
    let sample = r#"{"checks": [{"id": "c", "what": "Pasted"}, {}]}"#;
    let trial = json!({"mapping": rules, "sample": sample});
    let answer = house.api(ADMIN, "POST", &path, Some(trial)).await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    let tried = answer.json();
    assert_eq!(tried[0]["request"], Value::Null);
    assert_eq!(tried[0]["signals"][0]["summary"], "Pasted");
    let problem = tried[0]["problems"][0].as_str().unwrap();
    assert!(problem.starts_with("Item 1: "), "{problem}");
    let keys: Vec<&str> = tried[1]["signals"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| one["dedup_key"].as_str().unwrap())
        .collect();
    assert_eq!(keys, ["a", "b"]);
    assert_eq!(alerts(&house).await.len(), before, "nothing is taken in");
    let kept = house.api(ADMIN, "GET", &settings(door), None).await.json();
    assert_eq!(kept["mapping"], Value::Null, "nothing is saved");

    // Without rules the usual names are read, and there is no summary among them here.
    let bare = house
        .api(ADMIN, "POST", &path, Some(json!({})))
        .await
        .json();
    assert_eq!(bare[0]["signals"], json!([]));
    let problem = bare[0]["problems"][0].as_str().unwrap();
    assert!(problem.contains("no title"), "{problem}");

    let bad = json!({"mapping": {"summary": {"path": "what"}}});
    let refused = house.api(ADMIN, "POST", &path, Some(bad)).await;
    refused.is_problem(422, "invalid");
    assert!(
        refused.body.contains("mapping.summary.path"),
        "{}",
        refused.body
    );
    let refused = house.api(OBSERVER, "POST", &path, Some(json!({}))).await;
    refused.is_problem(403, "forbidden");
}

/// LibreNMS says `severity: ok` when an alert ends; by chosen labels it finds what it opened.
#[actix_web::test]
async fn chosen_labels_find_what_others_would_not() {
    let house = House::on_sqlite().await;
    let (id, key) = door(&house, IntegrationKind::LibreNms).await;
    let push = async |time: &str, severity: &str| {
        let body = json!([{
            time: "2026-03-14T09:06:12+00:00",
            "labels": {"alertname": "Port down", "severity": severity, "instance": "sw1"},
        }]);
        let path = format!("/integrations/{key}/api/v2/alerts");
        let answer = house.post(&path, body.to_string()).await;
        assert_eq!(answer.status, 200, "{}", answer.body);
    };
    let open = async || {
        let list = house
            .api(ADMIN, "GET", "/api/v1/alerts?status=open", None)
            .await;
        list.json()["items"].as_array().unwrap().len()
    };
    push("startsAt", "critical").await;
    push("endsAt", "ok").await;
    assert_eq!(open().await, 1, "another label set");
    let labels = json!({"identity_labels": ["alertname", " instance "]});
    let answer = house.api(ADMIN, "PATCH", &settings(id), Some(labels)).await;
    assert_eq!(
        answer.json()["identity_labels"],
        json!(["alertname", "instance"])
    );
    push("startsAt", "critical").await;
    assert_eq!(open().await, 2);
    push("endsAt", "ok").await;
    assert_eq!(open().await, 1, "its recovery found it");
    let taken = json!({"identity_labels": null, "on_silence": "tell"});
    let answer = house.api(ADMIN, "PATCH", &settings(id), Some(taken)).await;
    assert_eq!(answer.json()["identity_labels"], json!([]));
    assert_eq!(answer.json()["on_silence"], "tell");
    let (other, _) = door(&house, IntegrationKind::GitHub).await;
    for odd in [
        json!({"identity_labels": ["a"]}),
        json!({"on_silence": "tell"}),
        json!({"resolve_after": 600}),
        json!({"insufficient_data": "ignore"}),
        json!({"rate_limit": 100_000_000}),
    ] {
        let answer = house
            .api(ADMIN, "PATCH", &settings(other), Some(odd.clone()))
            .await;
        assert_eq!(answer.status, 422, "{odd}");
    }
}

#[actix_web::test]
async fn an_integration_may_have_a_budget_of_its_own() {
    let house = House::configured(|web| web.rate_limit = 2).await;
    use IntegrationKind::{Generic, Prtg, Splunk};
    for (kind, limit, most) in [
        (Generic, json!(null), 2),
        (Splunk, json!(4), 4),
        (Prtg, json!(0), 6),
    ] {
        let (id, key) = door(&house, kind).await;
        let edit = json!({ "rate_limit": limit });
        let answer = house.api(ADMIN, "PATCH", &settings(id), Some(edit)).await;
        assert_eq!(answer.json()["rate_limit"], limit);
        let mut taken = 0;
        for _ in 0..6 {
            let answer = send(&house, &key, r#"{"summary": "s"}"#, &[]).await;
            taken += i32::from(answer.status < 300);
            assert!(
                answer.status < 300 || answer.status == 429,
                "{}",
                answer.body
            );
        }
        assert_eq!(taken, most, "{kind}");
    }
}

#[actix_web::test]
async fn alerts_that_never_end_and_alarms_without_data() {
    let house = House::on_sqlite().await;
    let (id, key) = door(&house, IntegrationKind::CloudWatch).await;
    let path = settings(id);
    let edit = json!({"resolve_after": 3_600, "insufficient_data": "ignore"});
    let answer = house.api(ADMIN, "PATCH", &path, Some(edit)).await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    assert_eq!(answer.json()["resolve_after"], 3_600);
    assert_eq!(answer.json()["insufficient_data"], "ignore");
    let alarm = |state: &str| {
        json!({"AlarmName": "CPU", "AlarmArn": "arn:cpu", "NewStateValue": state}).to_string()
    };
    let blind = send(&house, &key, &alarm("INSUFFICIENT_DATA"), &[]).await;
    assert_eq!(blind.json()["signals"], 0, "{}", blind.body);
    send(&house, &key, &alarm("ALARM"), &[]).await;
    let all = alerts(&house).await;
    let [alert] = all.as_slice() else {
        panic!("{all:?}")
    };
    let end = alert["ends_at"].as_str().unwrap();
    let seen = alert["last_seen"].as_str().unwrap();
    let instant = |text| domain::Timestamp::parse(text).unwrap();
    let left = instant(end).since(instant(seen));
    assert_eq!(left.as_seconds(), 3_600);
    for odd in [json!(30), json!(90), json!(31 * 86_400)] {
        let edit = json!({ "resolve_after": odd });
        let refused = house.api(ADMIN, "PATCH", &path, Some(edit)).await;
        refused.is_problem(422, "invalid");
    }
    let edit = json!({"resolve_after": null, "insufficient_data": null});
    let answer = house.api(ADMIN, "PATCH", &path, Some(edit)).await;
    assert_eq!(answer.json()["resolve_after"], Value::Null);
    assert_eq!(answer.json()["insufficient_data"], Value::Null);
}

#[actix_web::test]
async fn a_sender_may_sign_by_a_key_of_its_own() {
    let house = House::on_sqlite().await;
    let (id, key) = door(&house, IntegrationKind::StandardWebhooks).await;
    let set = async |secret: &str| {
        let edit = json!({ "secret": secret });
        house.api(ADMIN, "PATCH", &settings(id), Some(edit)).await
    };
    for odd in ["whpk_AAAA", "whsk_AAAA"] {
        set(odd).await.is_problem(422, "invalid");
    }
    // The public key of the seed below, by another implementation.
    let public = "whpk_A6EHv/POEL4dcN0Y50vAmWfk1jCbpQ1fHdyGZBJVMbg=";
    assert_eq!(set(public).await.status, 200);
    let seed: Vec<u8> = (0..32).collect();
    let pair = Ed25519KeyPair::from_seed_unchecked(&seed).unwrap();
    let body = r#"{"summary": "Disk full", "dedup_key": "disk"}"#;
    let now = SystemClock.now();
    let seconds = now.0.div_euclid(1_000_000).to_string();
    let signed = pair.sign(format!("msg_1.{seconds}.{body}").as_bytes());
    let good = format!("v1a,{}", STANDARD.encode(signed));
    let forged = sign_standard(public, "msg_1", now, body.as_bytes());
    let post = async |body: &str, signature: &str| {
        let headers = [
            ("webhook-id", "msg_1"),
            ("webhook-timestamp", &*seconds),
            ("webhook-signature", signature),
        ];
        send(&house, &key, body, &headers).await
    };
    post(body, &forged).await.is_problem(401, "bad_signature");
    let other = body.replace("full", "fine");
    post(&other, &good).await.is_problem(401, "bad_signature");
    // Delivered again under its number it says nothing new.
    for _ in 0..2 {
        let answer = post(body, &good).await;
        assert_eq!(answer.status, 202, "{}", answer.body);
    }
    let all = alerts(&house).await;
    assert_eq!((all.len(), &all[0]["count"]), (1, &json!(1)));
}
