//! How requests of monitors travel: encodings, envelopes, handshakes and secrets.

use domain::word::IntegrationKind as Kind;
use formats::format;
use formats::request::Request;
use formats::settings::Settings;
use serde_json::{Value, json};

use crate::vendor::{lines, now, of_file, of_json, of_text, read, recorded};

#[test]
fn uptime_watchers_in_all_their_encodings() {
    let body = recorded("uptimekuma_down");
    let data = String::from_utf8(body).unwrap();
    let multipart =
        format!("--b\r\nContent-Disposition: form-data; name=\"data\"\r\n\r\n{data}\r\n--b--\r\n");
    let whole = lines(&of_text(Kind::UptimeKuma, &data));
    assert_eq!(lines(&of_text(Kind::UptimeKuma, &multipart)), whole);
    let value: Value = serde_json::from_str(&data).unwrap();
    let query: String = url_query(&[
        ("heartbeat", &value["heartbeat"].to_string()),
        ("monitor", &value["monitor"].to_string()),
        ("msg", value["msg"].as_str().unwrap()),
    ]);
    let by_address = Request {
        method: "GET",
        query: &query,
        ..Request::default()
    };
    assert_eq!(lines(&read(Kind::UptimeKuma, &by_address).unwrap()), whole);

    let query = "monitorID=777&monitorFriendlyName=Shop&alertType=2&alertTypeFriendlyName=Up";
    let up = Request {
        method: "GET",
        query,
        ..Request::default()
    };
    assert_eq!(
        lines(&read(Kind::UptimeRobot, &up).unwrap()),
        ["resolve monitor:777 critical Shop | Shop"]
    );

    let cake = of_text(
        Kind::StatusCake,
        "Token=t0k&Status=Down&StatusCode=500&URL=https%3A%2F%2Fshop.example&Name=Shop&TestID=9",
    );
    assert_eq!(
        lines(&cake),
        ["trigger test:9 critical https://shop.example | Shop is down (500)"]
    );
    assert_eq!(cake.signals[0].details.get("Token"), None);

    let down = Request {
        query: "status=down",
        ..Request::of_body(b"{\"code\":\"c\",\"name\":\"n\"}")
    };
    assert_eq!(
        lines(&read(Kind::Healthchecks, &down).unwrap()),
        ["trigger check:c critical n | n is down"]
    );
}

#[test]
fn uptime_kumas_notices_are_told_from_its_test() {
    let notice = |msg: &str| json!({"heartbeat": null, "monitor": null, "msg": msg});
    let certificate = |name: &str, days: u8| {
        notice(&format!(
            "[{name}][https://{name}.example] server certificate {name}.example will expire in {days} days"
        ))
    };
    let parsed = of_json(Kind::UptimeKuma, &certificate("latest", 7));
    assert_eq!(
        lines(&parsed),
        [
            "trigger notice:latest|https://latest.example info latest | [latest][https://latest.example] server certificate latest.example will expire in 7 days"
        ]
    );
    assert!(parsed.warnings.is_empty());
    let key = |value: &Value| {
        of_json(Kind::UptimeKuma, value).signals[0]
            .dedup_key
            .clone()
    };
    assert_eq!(key(&certificate("latest", 1)), parsed.signals[0].dedup_key);
    assert_ne!(key(&certificate("Testing", 1)), parsed.signals[0].dedup_key);
    let domain = |days: u8| notice(&format!("Domain name a.example will expire in {days} days"));
    assert_eq!(key(&domain(30)), key(&domain(7)));
    let by_address = Request {
        method: "GET",
        query: &url_query(&[
            ("heartbeat", "null"),
            ("monitor", "null"),
            (
                "msg",
                "[a][https://a.example] server certificate a will expire in 7 days",
            ),
        ]),
        ..Request::default()
    };
    let parsed = read(Kind::UptimeKuma, &by_address).unwrap();
    assert_eq!(parsed.signals[0].severity.as_str(), "info");
    assert!(
        of_json(Kind::UptimeKuma, &notice("My Kuma Testing"))
            .signals
            .is_empty()
    );
    // A body of one's own tells of monitors that are down, too.
    let own = of_json(Kind::UptimeKuma, &json!({"msg": "[Shop] [Down] timeout"}));
    assert_eq!(own.signals[0].severity.as_str(), "critical");
    assert_eq!(own.signals[0].summary, "[Shop] [Down] timeout");
}

fn url_query(fields: &[(&str, &str)]) -> String {
    let hex = |text: &str| -> String { text.bytes().map(|byte| format!("%{byte:02X}")).collect() };
    let pairs: Vec<String> = fields
        .iter()
        .map(|(name, value)| format!("{name}={}", hex(value)))
        .collect();
    pairs.join("&")
}

#[test]
fn prtg_in_the_language_of_its_server() {
    for (status, expected) in [
        ("Down", "trigger critical"),
        ("Down  ESCALATION", "trigger critical"),
        ("Down (Acknowledged)", "acknowledge critical"),
        ("Down ended (now: Up)", "resolve critical"),
        ("Warning ended (now: Down)", "trigger critical"),
        ("Down ended (now: Warning)", "trigger warning"),
        (
            "Warning ended (now: Down (Acknowledged))",
            "acknowledge critical",
        ),
        ("Down (Acknowledged) ended (now: Down)", "trigger critical"),
        ("Warnung beendet (jetzt: Fehler)", "trigger critical"),
        ("Fehler beendet (jetzt: OK)", "resolve critical"),
        ("Down ended", "resolve critical"),
        ("Down ended (now: )", "resolve critical"),
        ("Warning", "trigger warning"),
        ("Unusual", "trigger info"),
        ("Up", "resolve critical"),
        ("Fehler", "trigger critical"),
        ("Warnung", "trigger warning"),
    ] {
        let body = url_query(&[
            ("sensorid", "2041"),
            ("status", status),
            ("device", "rt-1"),
            ("name", "Ping"),
        ]);
        let parsed = of_text(Kind::Prtg, &body);
        let signal = &parsed.signals[0];
        assert_eq!(
            format!("{} {}", signal.action, signal.severity),
            expected,
            "{status}"
        );
        assert_eq!(signal.dedup_key, "sensor:2041");
    }
}

#[test]
fn sns_carries_more_than_alarms() {
    let parsed = of_file(Kind::CloudWatch, "cloudwatch_subscription");
    let asked = parsed.confirm.unwrap();
    assert_eq!(asked.topic, "arn:aws:sns:us-west-2:123456789012:MyTopic");
    assert_eq!(
        asked.address.host_str(),
        Some("sns.us-west-2.amazonaws.com")
    );
    assert!(parsed.signals.is_empty());

    let mut envelope: Value = serde_json::from_slice(&recorded("cloudwatch_alarm")).unwrap();
    let inner = envelope["Message"].as_str().unwrap().to_owned();
    let raw = of_text(Kind::CloudWatch, &inner);
    assert_eq!(
        lines(&raw),
        lines(&of_file(Kind::CloudWatch, "cloudwatch_alarm"))
    );

    envelope["Message"] = json!(inner.replace("\"ALARM\"", "\"OK\""));
    let over = of_json(Kind::CloudWatch, &envelope);
    assert_eq!(over.signals[0].action.as_str(), "resolve");
    assert_eq!(over.signals[0].dedup_key, raw.signals[0].dedup_key);

    // What it means that an alarm sees nothing is for its owner to say.
    let blind = json!({"AlarmName": "CPU", "NewStateValue": "INSUFFICIENT_DATA",
        "AlarmArn": "arn:cpu"});
    let event = json!({"source": "aws.cloudwatch", "detail-type": "CloudWatch Alarm State Change",
        "resources": ["arn:cpu"], "detail": {"state": {"value": "INSUFFICIENT_DATA"}}});
    for (chosen, said) in [
        ("{}", Some("trigger")),
        (r#"{"insufficient_data": "trigger"}"#, Some("trigger")),
        (r#"{"insufficient_data": "resolve"}"#, Some("resolve")),
        (r#"{"insufficient_data": "ignore"}"#, None),
    ] {
        let settings: Settings = serde_json::from_str(chosen).unwrap();
        envelope["Message"] = json!(event.to_string());
        let wrapped = envelope.to_string();
        envelope["Message"] = json!(blind.to_string());
        for body in [blind.to_string(), envelope.to_string(), wrapped] {
            let parsed = format::of(Kind::CloudWatch)
                .parse(&Request::of_body(body.as_bytes()), &settings, now())
                .unwrap();
            let action = parsed.signals.first().map(|signal| signal.action.as_str());
            assert_eq!(action, said, "{chosen}: {body}");
            let told = parsed.warnings.iter().any(|text| text.contains("no data"));
            assert_eq!(told, said.is_none(), "{chosen}");
        }
    }

    envelope["Message"] = json!("Budget exceeded\nby 12 %");
    envelope["Subject"] = json!("AWS Budgets");
    let plain = of_json(Kind::CloudWatch, &envelope);
    assert_eq!(plain.signals[0].summary, "AWS Budgets");
    envelope["Subject"] = Value::Null;
    envelope["Message"] = json!(json!({"source": "aws.ec2", "detail-type": "EC2 Instance State-change Notification", "resources": ["arn:i"], "detail": {"state": "terminated"}}).to_string());
    let event = of_json(Kind::CloudWatch, &envelope);
    assert_eq!(
        event.signals[0].summary,
        "EC2 Instance State-change Notification: arn:i"
    );

    let mut hostile: Value = serde_json::from_slice(&recorded("cloudwatch_subscription")).unwrap();
    hostile["SubscribeURL"] = json!("https://169.254.169.254/latest/meta-data");
    assert!(
        read(
            Kind::CloudWatch,
            &Request::of_body(hostile.to_string().as_bytes())
        )
        .is_err()
    );
}

#[test]
fn cloud_events_in_three_modes_and_a_handshake() {
    let structured = of_file(Kind::CloudEvents, "cloudevent");
    let event: Value = serde_json::from_slice(&recorded("cloudevent")).unwrap();
    let data = event["data"].to_string();
    let binary = Request {
        headers: vec![
            ("ce-specversion", "1.0"),
            ("Ce-Type", "com.example.alert.fired"),
            ("ce-source", "/sensors/tn-1234567"),
            ("ce-subject", "di%73k"),
            ("ce-id", "A234-1234-1234"),
            ("ce-time", "2026-11-21T03:25:55Z"),
        ],
        ..Request::of_body(data.as_bytes())
    };
    assert_eq!(
        lines(&read(Kind::CloudEvents, &binary).unwrap()),
        lines(&structured)
    );
    let mut second = event.clone();
    second["type"] = json!("com.example.alert.resolved");
    let batch = of_json(Kind::CloudEvents, &json!([event, second]));
    assert_eq!(batch.signals[1].action.as_str(), "resolve");
    assert_eq!(batch.signals[0].dedup_key, batch.signals[1].dedup_key);
    let encoded = json!({"specversion": "1.0", "type": "t", "source": "s", "id": "1", "data_base64": "eyJzdW1tYXJ5IjoiYjY0In0="});
    assert_eq!(
        of_json(Kind::CloudEvents, &encoded).signals[0].summary,
        "b64"
    );
    assert!(
        of_text(Kind::CloudEvents, "[]").signals.is_empty(),
        "a batch may be empty"
    );

    let ask = Request {
        method: "OPTIONS",
        headers: vec![("WebHook-Request-Origin", "eventemitter.example.com")],
        ..Request::default()
    };
    let reply = format::of(Kind::CloudEvents)
        .handshake(&ask, &Settings::default())
        .unwrap()
        .unwrap();
    assert_eq!(reply.status, 200);
    assert_eq!(
        reply.headers[0],
        (
            "WebHook-Allowed-Origin",
            "eventemitter.example.com".to_owned()
        )
    );
}

#[test]
fn a_secret_is_asked_for_once_it_is_set() {
    let settings: Settings = serde_json::from_value(json!({"secret": "k"})).unwrap();
    for kind in Kind::ALL {
        let format = format::of(*kind);
        let body = br#"{"summary": "s"}"#;
        let result = format.parse(&Request::of_body(body), &settings, now());
        let own_way = [Kind::Netdata, Kind::ArgoCd].contains(kind);
        if format.takes_secret && !own_way {
            assert_eq!(result.unwrap_err().code(), "bad_signature", "{kind}");
        } else if *kind != Kind::Prometheus {
            assert!(result.is_ok(), "{kind}");
        }
    }
    let ask = Request {
        method: "GET",
        query: "crc_token=abc",
        ..Request::default()
    };
    let reply = format::of(Kind::Netdata)
        .handshake(&ask, &settings)
        .unwrap()
        .unwrap();
    // From `printf abc | openssl dgst -sha256 -hmac k -binary | base64`.
    assert_eq!(
        reply.body.unwrap()["response_token"],
        "sha256=NC5RnOCtbAOja5jus/HRMNtIE7nfTRFg7aSI1xLceO4="
    );
    let without = format::of(Kind::Netdata).handshake(&ask, &Settings::default());
    let told = without.unwrap().unwrap_err().to_string();
    assert!(told.contains("set the secret"), "{told}");
    let plain = Request::of_body(b"{}");
    assert_eq!(format::of(Kind::Netdata).handshake(&plain, &settings), None);
}
