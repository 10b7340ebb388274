//! Monitors that run a command, where it is a curl that posts their macros as they are, and generic
//! events signed by Standard Webhooks.

use domain::Timestamp;
use domain::word::IntegrationKind as Kind;
use formats::format;
use formats::request::Request;
use formats::settings::Settings;
use formats::signature::sign_standard;
use serde_json::json;

use crate::vendor::{lines, now, of_json, of_text};

#[test]
fn macros_of_checks_by_form_and_json() {
    // Icinga 2: hosts have no service, and a flapping that ends is called so.
    for (body, expected) in [
        (
            "NOTIFICATIONTYPE=PROBLEM&HOSTNAME=web-1&HOSTSTATE=DOWN&HOSTOUTPUT=No+answer&HOSTADDRESS=10.0.0.1",
            "trigger event_source=host;host_name=web-1 critical web-1 | web-1 is DOWN: No answer",
        ),
        (
            "NOTIFICATIONTYPE=RECOVERY&HOSTNAME=web-1&SERVICEDESC=disk+%2F&SERVICESTATE=OK&SERVICEOUTPUT=12+%25",
            "resolve event_source=service;host_name=web-1;service_desc=disk / info web-1 | disk / on web-1 is OK: 12 %",
        ),
        (
            "NOTIFICATIONTYPE=ACKNOWLEDGEMENT&HOSTNAME=web-1&SERVICEDESC=disk&SERVICESTATE=WARNING",
            "acknowledge event_source=service;host_name=web-1;service_desc=disk warning web-1 | disk on web-1 is acknowledged in the monitor",
        ),
        (
            "NOTIFICATIONTYPE=FLAPPINGEND&HOSTNAME=web-1&SERVICEDESC=disk",
            "resolve event_source=service;host_name=web-1;service_desc=disk;flapping",
        ),
    ] {
        let told = lines(&of_text(Kind::Icinga, body));
        assert!(told.len() == 1 && told[0].starts_with(expected), "{told:?}");
    }
    // What is neither a problem nor its end is a note about the same alert.
    let noted = |more: &str| {
        let body = format!("HOSTNAME=web-1&SERVICEDESC=disk&{more}");
        let parsed = of_text(Kind::Icinga, &body);
        assert_eq!((parsed.signals.len(), &parsed.warnings[..]), (1, &[][..]));
        parsed.signals[0].clone()
    };
    let start = noted(
        "NOTIFICATIONTYPE=DOWNTIMESTART&NOTIFICATIONAUTHOR=ana&NOTIFICATIONCOMMENT=new+disk&TIMET=1795233600",
    );
    assert_eq!(
        (start.action, &*start.dedup_key, &*start.summary),
        (
            domain::word::Action::Note,
            "event_source=service;host_name=web-1;service_desc=disk",
            "Downtime started in the monitor for disk on web-1, by ana: new disk"
        )
    );
    let of = |kind: &str, time: &str| {
        noted(&format!(
            "NOTIFICATIONTYPE={kind}{time}&NOTIFICATIONCOMMENT=x"
        ))
        .delivery
    };
    let again = of("CUSTOM", "&TIMET=1795233600");
    assert_eq!(again, of("CUSTOM", "&TIMET=1795233600"));
    assert_ne!(again, of("CUSTOM", "&TIMET=1795233601"));
    assert_ne!(again, of("DOWNTIMEREMOVED", "&TIMET=1795233600"));
    assert!(of("CUSTOM", "&LONGDATETIME=Sun+Nov+22+15:00:00+CET+2026").is_some());
    // Without its time nobody can say whether it is the same.
    assert_eq!(of("DOWNTIMEEND", ""), None);

    // Checkmk's notification scripts get these in their environment.
    let checkmk = json!({
        "NOTIFY_WHAT": "SERVICE", "NOTIFY_NOTIFICATIONTYPE": "PROBLEM",
        "NOTIFY_HOSTNAME": "db 1", "NOTIFY_HOSTADDRESS": "10.0.0.2", "NOTIFY_HOSTSTATE": "UP",
        "NOTIFY_SERVICEDESC": "CPU load", "NOTIFY_SERVICESTATE": "CRITICAL",
        "NOTIFY_SERVICEOUTPUT": "15 min load 12", "NOTIFY_MICROTIME": "1795233600000000",
        "NOTIFY_PARAMETER_KEY": "hush",
    });
    let parsed = of_json(Kind::Checkmk, &checkmk);
    assert_eq!(
        lines(&parsed),
        [
            "trigger CPUload/db1:10.0.0.2 critical db 1 | CPU load on db 1 is CRITICAL: 15 min load 12"
        ]
    );
    assert_eq!(
        parsed.signals[0].monitor_time,
        Some(Timestamp::from_seconds(1_795_233_600))
    );
    let mut handler = checkmk.clone();
    handler["NOTIFY_NOTIFICATIONTYPE"] = json!("ALERTHANDLER (FAILED)");
    assert_eq!(
        lines(&of_json(Kind::Checkmk, &handler)),
        [
            "note CPUload/db1:10.0.0.2 info db 1 | An alert handler of the monitor failed for CPU load on db 1: 15 min load 12"
        ]
    );
    let mut host = checkmk;
    host["NOTIFY_WHAT"] = json!("HOST");
    host["NOTIFY_HOSTSTATE"] = json!("DOWN");
    assert_eq!(
        lines(&of_json(Kind::Checkmk, &host)),
        ["trigger HOST/db1:10.0.0.2 critical db 1 | db 1 is DOWN"]
    );

    // Monit's `exec`.
    let monit = |event: &str| {
        json!({"MONIT_SERVICE": "nginx", "MONIT_EVENT": event, "MONIT_HOST": "web-1",
            "MONIT_DESCRIPTION": "status", "MONIT_DATE": "Fri, 20 Nov 2026 04:00:00"})
    };
    for (event, expected) in [
        (
            "Status failed",
            "trigger monit:web-1:nginx critical web-1 | nginx on web-1: Status failed (status)",
        ),
        (
            "Status succeeded",
            "resolve monit:web-1:nginx critical web-1 | nginx on web-1: Status succeeded (status)",
        ),
    ] {
        let parsed = of_json(Kind::Monit, &monit(event));
        assert_eq!(lines(&parsed), [expected]);
        assert_eq!(
            parsed.signals[0].monitor_time,
            Timestamp::parse("2026-11-20T04:00:00Z")
        );
    }
    let own = of_json(Kind::Monit, &monit("Monit instance changed"));
    assert!(own.signals.is_empty());
}

#[test]
fn a_signed_event_is_read_and_another_refused() {
    let secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
    let settings: Settings = serde_json::from_value(json!({"secret": secret})).unwrap();
    let body = br#"{"summary": "Disk full", "dedup_key": "d"}"#;
    let at = now();
    let seconds = (at.0 / 1_000_000).to_string();
    let signature = sign_standard(secret, "msg_1", at, body);
    let mut request = Request::of_body(body);
    request.headers = vec![
        ("webhook-id", "msg_1"),
        ("webhook-timestamp", &seconds),
        ("webhook-signature", &signature),
    ];
    let format = format::of(Kind::StandardWebhooks);
    let parsed = format.parse(&request, &settings, at).unwrap();
    assert_eq!(lines(&parsed), ["trigger d critical  | Disk full"]);
    request.body = br#"{"summary": "Disk fine", "dedup_key": "d"}"#;
    assert!(format.parse(&request, &settings, at).is_err());
}
