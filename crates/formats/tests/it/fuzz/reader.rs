//! Everything that reads what strangers, or owners, write.

use domain::expression::{Budget, Expression, signal_scope};
use domain::routing::Template;
use domain::signal::Signal;
use domain::suppression::Matcher;
use domain::word::{Action, IntegrationKind};
use domain::{Span, Timestamp};
use formats::alertmanager::{api, push, silence};
use formats::icalendar::{self, Window};
use formats::mapping::{self, MappingRules, path::Path};
use formats::opsgenie::call::{Call, Verb};
use formats::opsgenie::{create, heartbeat, order, query, receipt};
use formats::request::Request;
use formats::settings::Settings;
use formats::severity::Scale;
use formats::{alertmanager, format, generic, mail, mask, pagerduty, reply, sns, time};
use jiff::tz::TimeZone;
use serde_json::{Value, json};

use crate::any_bytes::{assert_change_storable, assert_storable, mapped};

const KEY: &str = "0123456789abcdef0123456789abcdef";

type Read = Box<dyn Fn(&[u8])>;

/// One way to read bytes.
pub struct Reader {
    pub name: String,
    /// Where its cases stand.
    pub folder: &'static str,
    read: Read,
}

impl Reader {
    pub fn read(&self, bytes: &[u8]) {
        (self.read)(bytes);
    }

    fn new(
        name: impl Into<String>,
        folder: &'static str,
        read: impl Fn(&[u8]) + 'static,
    ) -> Reader {
        Reader {
            name: name.into(),
            folder,
            read: Box::new(read),
        }
    }

    /// Of texts: what is no UTF-8 does not get so far.
    fn of_text(name: &'static str, read: impl Fn(&str) + 'static) -> Reader {
        Reader::new(name, name, move |bytes| {
            read(&String::from_utf8_lossy(bytes))
        })
    }
}

fn now() -> Timestamp {
    Timestamp::from_seconds(1_773_478_000)
}

/// The beginning of a body as the value of a header.
fn header_of(bytes: &[u8]) -> String {
    let plain = bytes.iter().filter(|byte| (b' '..=b'~').contains(*byte));
    plain.take(80).map(|byte| char::from(*byte)).collect()
}

pub fn readers() -> Vec<Reader> {
    let mut all: Vec<Reader> = IntegrationKind::ALL
        .iter()
        .map(|kind| of_kind(*kind))
        .collect();
    all.extend(of_other_products());
    all.extend(of_rules());
    all.extend(of_people());
    all
}

/// One format in all its guises: as a body with odd headers, in the address, with and without
/// choices of its owner.
fn of_kind(kind: IntegrationKind) -> Reader {
    let plain = Settings::default();
    let signed: Settings = serde_json::from_value(json!({
        "secret": "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "severity": "warning",
        "severity_words": [{"word": "critical", "severity": "error"}, {"word": "3", "severity": "info"}],
        "identity_labels": ["alertname", "instance"],
        "mail": {"dedup": "pattern", "dedup_pattern": "(.+) is", "resolve_subject": "OK|up",
            "resolve_body": "(a|b)*c"},
    }))
    .unwrap();
    let settings = [plain, signed, mapped()];
    let folder = if kind == IntegrationKind::Email {
        "mail"
    } else {
        "vendor"
    };
    Reader::new(kind.as_str(), folder, move |bytes| {
        let odd = header_of(bytes);
        let names = [
            "content-type",
            "ce-type",
            "ce-id",
            "webhook-signature",
            "webhook-timestamp",
            "webhook-id",
            "x-hub-signature-256",
            "x-gitlab-event",
            "x-amz-sns-message-type",
        ];
        let headers: [Vec<(&str, &str)>; 3] = [
            vec![
                ("X-GitHub-Event", "deployment_status"),
                ("X-Gitlab-Event", "Pipeline Hook"),
                ("circleci-event-type", "workflow-completed"),
                ("Sentry-Hook-Resource", "issue"),
            ],
            names.iter().map(|name| (*name, odd.as_str())).collect(),
            vec![("content-type", "multipart/form-data; boundary=xYzZY")],
        ];
        let query = String::from_utf8_lossy(bytes);
        for (settings, headers) in settings.iter().zip(headers) {
            let body = Request {
                headers,
                ..Request::of_body(bytes)
            };
            let address = Request {
                method: "GET",
                query: &query,
                ..Request::default()
            };
            for request in [&body, &address] {
                drop(format::of(kind).handshake(request, settings));
                let Ok(parsed) = format::of(kind).parse(request, settings, now()) else {
                    continue;
                };
                parsed.signals.iter().for_each(assert_storable);
                parsed.changes.iter().for_each(assert_change_storable);
            }
        }
    })
}

/// What the clients of other products send to addresses of their own.
fn of_other_products() -> Vec<Reader> {
    vec![
        Reader::new("events-v2", "recorded", |bytes| {
            if let Ok(request) = pagerduty::parse(
                bytes,
                Some(KEY),
                || "fresh".to_owned(),
                |_| Scale::default(),
            ) {
                request.parsed.signals.iter().for_each(assert_storable);
            }
        }),
        Reader::new("events-v1", "recorded", |bytes| {
            if let Ok(request) = pagerduty::v1::parse(
                bytes,
                Some(KEY),
                || "fresh".to_owned(),
                |_| Scale::default(),
            ) {
                request.parsed.signals.iter().for_each(assert_storable);
            }
        }),
        Reader::new("change-events", "recorded", |bytes| {
            drop(pagerduty::change::parse(bytes, Some(KEY)));
        }),
        Reader::new("alertmanager-push", "json", |bytes| {
            if let Ok(parsed) = push::parse(bytes, &Settings::default(), now()) {
                parsed.signals.iter().for_each(assert_storable);
            }
        }),
        Reader::new("alertmanager-webhook", "recorded", |bytes| {
            if let Ok(parsed) = alertmanager::parse(bytes, &Settings::default(), now()) {
                parsed.signals.iter().for_each(assert_storable);
            }
        }),
        Reader::new("alertmanager-silence", "json", |bytes| {
            drop(silence::parse(bytes, now()))
        }),
        Reader::new("generic", "recorded", |bytes| {
            if let Ok(parsed) = generic::parse(bytes, now()) {
                parsed.signals.iter().for_each(assert_storable);
            }
        }),
        Reader::new("opsgenie-create", "opsgenie", |bytes| {
            if let Ok(made) = create::create(bytes, Scale::default()) {
                made.parsed.signals.iter().for_each(assert_storable);
            }
        }),
        Reader::new("opsgenie-orders", "opsgenie", |bytes| {
            for verb in [
                Verb::Close,
                Verb::AddNote,
                Verb::Snooze,
                Verb::Escalate,
                Verb::Assign,
                Verb::AddTeam,
                Verb::AddResponder,
                Verb::AddTags,
                Verb::RemoveTags,
                Verb::AddDetails,
                Verb::RemoveDetails,
                Verb::Message,
                Verb::Description,
                Verb::Priority,
                Verb::Custom("restart".into()),
            ] {
                let parameter = |name: &str| (name == "tags").then(|| header_of(bytes));
                drop(order::orders(
                    &verb,
                    bytes,
                    parameter,
                    Scale::default(),
                    now(),
                ));
            }
        }),
        Reader::new("opsgenie-heartbeat", "opsgenie", |bytes| {
            if let Ok(edit) = heartbeat::Edit::parse(bytes)
                && let Ok(mut settings) = edit.create()
            {
                drop(edit.apply(&mut settings));
            }
        }),
        Reader::new("query", "query", |bytes| {
            let text = String::from_utf8_lossy(bytes);
            for name in [
                "query", "filter", "receiver", "limit", "offset", "sort", "order",
            ] {
                drop(query::Query::parse([(name, &*text)]));
                drop(api::Query::parse([(name, &*text)]));
                drop(silence::Query::parse([(name, &*text)]));
            }
            let segments: Vec<&str> = text.split('/').collect();
            for method in ["GET", "POST", "PUT", "DELETE"] {
                drop(Call::read(method, &segments, Some("alias")));
                drop(Call::read_operations(method, &segments, None, Some(&text)));
                drop(heartbeat::Call::read(method, &segments));
            }
            receipt::Receipt::decode(&text, |_| 0);
            silence::id_from(&text);
        }),
    ]
}

/// What owners write, and what is read by it.
fn of_rules() -> Vec<Reader> {
    let mut signal = Signal::new(Action::Trigger, "disk", "Disk full");
    signal.details = json!({"labels": {"a": "b"}, "list": [1, 2.5, null, {"x": []}]});
    let scope = signal_scope(&signal);
    let other = scope.clone();
    let sample =
        json!({"alerts": [{"id": 7, "title": "t", "status": "resolved"}], "a": {"b": [1, 2]}});
    let body = sample.to_string();
    vec![
        Reader::of_text("expression", move |text| {
            if let Ok(expression) = Expression::compile(text) {
                drop(expression.evaluate(&scope, &mut Budget::default()));
            }
        }),
        Reader::of_text("template", move |text| {
            if let Ok(template) = Template::compile(text) {
                drop(template.compose(&other, &mut Budget::default()));
            }
        }),
        Reader::of_text("path", move |text| {
            if let Ok(path) = Path::read(text, &["body", "item"]) {
                let scope = json!({"body": sample, "item": sample["alerts"][0]});
                path.all(&scope);
                path.first(&scope);
            }
        }),
        Reader::new("mapping", "mapping", move |bytes| {
            if let Ok(rules) = serde_json::from_slice::<MappingRules>(bytes) {
                for body in [body.as_bytes(), bytes] {
                    if let Ok(parsed) = mapping::apply(&Request::of_body(body), &rules, now()) {
                        parsed.signals.iter().for_each(assert_storable);
                    }
                }
            }
            drop(serde_json::from_slice::<Settings>(bytes));
        }),
        Reader::of_text("matcher", |text| drop(Matcher::parse(text))),
        Reader::of_text("recurrence", |text| {
            let zone = TimeZone::get("Europe/Berlin").unwrap_or(TimeZone::UTC);
            let span = (now(), now() + Span::from_days(400));
            drop(icalendar::recur(
                text,
                now(),
                Span::from_minutes(60),
                &zone,
                span,
                100,
            ));
        }),
    ]
}

/// What people write, and programs in their names.
fn of_people() -> Vec<Reader> {
    vec![
        Reader::new("icalendar", "icalendar", |bytes| {
            let window = Window {
                from: now(),
                until: now() + Span::from_days(100),
                zone: TimeZone::UTC,
            };
            drop(icalendar::read(bytes, &window));
        }),
        Reader::of_text("sms", |text| {
            reply::parse_sms(text);
            reply::parse_mail_first_line(text);
            mail::parts(text);
        }),
        Reader::new("hops", "mail", |bytes| {
            mail::hops(bytes);
        }),
        Reader::of_text("time", |text| {
            time::read_text(text);
            time::read(Some(&Value::from(text)));
            time::read(text.trim().parse::<f64>().ok().map(Value::from).as_ref());
        }),
        Reader::new("mask", "recorded", |bytes| {
            let text = String::from_utf8_lossy(bytes);
            let head = format!("POST /integrations/{text}");
            let masked = mask::mask(&head, bytes, &[7; 32]);
            masked.clean(&text);
        }),
        Reader::new("sns", "vendor", |bytes| {
            let text = String::from_utf8_lossy(bytes);
            drop(sns::address(&text));
            if let Ok(value) = serde_json::from_slice::<Value>(bytes) {
                drop(sns::signed(&value));
            }
        }),
    ]
}
