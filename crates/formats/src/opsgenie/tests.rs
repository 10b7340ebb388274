use domain::word::{Action, AlertSeverity};
use domain::{AlertId, Timestamp};
use proptest::prelude::*;
use serde_json::{Value, json};

use super::call::{Call, Identifier, Verb, id, unescaped};
use super::create::create;
use super::order::{Order, orders};
use super::receipt::{Asked, Outcome, Receipt};
use super::reply::Refusal;
use super::{Edit, query};
use crate::severity::Scale;

fn now() -> Timestamp {
    Timestamp::parse("2026-11-21T04:00:00Z").unwrap()
}

fn call(method: &str, path: &str, kind: Option<&str>) -> Result<Call, Refusal> {
    let segments: Vec<&str> = path.split('/').collect();
    Call::read(method, &segments, kind)
}

#[test]
fn addresses() {
    let alias = |text: &str| Identifier::Alias(text.to_owned());
    let known = Identifier::Id(Some(AlertId(42)));
    for (method, path, kind, wanted) in [
        ("POST", "", None, Call::Create),
        ("GET", "", None, Call::List),
        ("GET", "count", None, Call::Count),
        ("GET", "requests/x", None, Call::RequestStatus("x".into())),
        ("GET", "42", Some("tiny"), Call::Get(known.clone())),
        ("GET", "42/", None, Call::Get(known.clone())),
        (
            "GET",
            "00000000-0000-4000-8000-00000000002a",
            Some("id"),
            Call::Get(known.clone()),
        ),
        (
            "GET",
            "70413a06-38d6-4c85-92b8-5ebc900d42e2-1358",
            None,
            Call::Get(Identifier::Id(None)),
        ),
        (
            "POST",
            "al%2F1/close",
            Some("alias"),
            Call::Act(alias("al/1"), Verb::Close),
        ),
        (
            "POST",
            "q/close/",
            Some("alias"),
            Call::Act(alias("q"), Verb::Close),
        ),
        (
            "POST",
            "q/actions/restart%20it",
            Some("alias"),
            Call::Act(alias("q"), Verb::Custom("restart it".into())),
        ),
        (
            "PUT",
            "q/message",
            Some("alias"),
            Call::Act(alias("q"), Verb::Message),
        ),
        (
            "DELETE",
            "q/tags",
            Some("alias"),
            Call::Act(alias("q"), Verb::RemoveTags),
        ),
        ("DELETE", "q", Some("alias"), Call::Delete(alias("q"))),
        ("GET", "q/notes", Some("alias"), Call::Notes(alias("q"))),
        (
            "POST",
            "q/notes",
            Some("alias"),
            Call::Act(alias("q"), Verb::AddNote),
        ),
    ] {
        assert_eq!(call(method, path, kind).unwrap(), wanted, "{method} {path}");
    }
    let operations = |method, path: &str, alias: Option<&str>| {
        let segments: Vec<&str> = path.split('/').collect();
        Call::read_operations(method, &segments, None, alias)
    };
    for (method, path, sent, wanted) in [
        ("GET", "alias", Some("a/1"), Call::Get(alias("a/1"))),
        ("GET", "alias/", Some("a"), Call::Get(alias("a"))),
        (
            "POST",
            "42/close",
            None,
            Call::Act(known.clone(), Verb::Close),
        ),
        (
            "POST",
            "42/extra-properties",
            None,
            Call::Act(known.clone(), Verb::AddDetails),
        ),
        (
            "DELETE",
            "42/extra-properties",
            None,
            Call::Act(known.clone(), Verb::RemoveDetails),
        ),
        (
            "POST",
            "42/action",
            None,
            Call::Act(known.clone(), Verb::Custom(String::new())),
        ),
        (
            "PATCH",
            "42/priority",
            None,
            Call::Act(known.clone(), Verb::Priority),
        ),
    ] {
        assert_eq!(
            operations(method, path, sent).unwrap(),
            wanted,
            "{method} {path}"
        );
    }
    for sent in [None, Some("")] {
        assert_eq!(operations("GET", "alias", sent).unwrap_err().status, 422);
    }
    assert_eq!(call("POST", "q/dance", None).unwrap_err().status, 404);
    assert_eq!(call("PATCH", "", None).unwrap_err().status, 404);
    assert_eq!(call("GET", "q", Some("name")).unwrap_err().status, 422);
    assert_eq!(unescaped("a%2Fb%zz%4"), "a/b%zz%4");
    assert_eq!(id(AlertId(42)), "00000000-0000-4000-8000-00000000002a");
}

#[test]
fn a_creation_with_everything() {
    let body = json!({
        "message": "An example alert", "alias": "al/1", "description": "Every alert needs one",
        "responders": [{"type": "team", "name": "ops"}], "visibleTo": [{"type": "team", "name": "x"}],
        "actions": ["Restart"], "tags": ["a", "b"], "details": {"key1": "value1", "n": 7},
        "entity": "db", "source": "zabbix", "priority": "P2", "user": "ana", "note": "look",
    });
    let made = create(body.to_string().as_bytes(), Scale::default()).unwrap();
    let signal = &made.parsed.signals[0];
    assert_eq!(signal.action, Action::Trigger);
    assert_eq!(signal.dedup_key, "al/1");
    assert_eq!(signal.summary, "An example alert");
    assert_eq!(signal.severity, AlertSeverity::Error);
    assert_eq!(signal.source, "zabbix");
    assert_eq!(signal.component.as_deref(), Some("db"));
    assert_eq!(signal.details["tags"], json!(["a", "b"]));
    assert_eq!(signal.details["details"], json!({"key1": "value1", "n": 7}));
    assert_eq!(signal.details["visibleTo"][0]["name"], "x");
    assert_eq!(signal.details["actions"], json!(["Restart"]));
    assert_eq!(made.note.as_deref(), Some("ana: look"));
    assert_eq!(made.parsed.warnings.len(), 3, "{:?}", made.parsed.warnings);
}

#[test]
fn creations_are_refused_for_message_and_priority_only() {
    let refused = create(br#"{"message": " "}"#, Scale::default()).unwrap_err();
    assert_eq!(
        refused.body(0.005, "id"),
        json!({
            "message": "Request body is not processable. Please check the errors.",
            "errors": {"message": "can not be empty"}, "took": 0.005, "requestId": "id",
        })
    );
    let refused = create(br#"{"message": "x", "priority": "P9"}"#, Scale::default()).unwrap_err();
    assert_eq!(
        refused.body(0.0, "")["errors"],
        json!({"priority": "should be one of [ P1, P2, P3, P4, P5 ]"})
    );
    for body in ["{", "[]", "7", "\"x\""] {
        assert_eq!(
            create(body.as_bytes(), Scale::default())
                .unwrap_err()
                .status,
            422,
            "{body}"
        );
    }
    let long = json!({"message": "m".repeat(5_000), "alias": "a".repeat(600), "tags": vec!["t".repeat(90); 30],
        "description": "d".repeat(20_000), "priority": null});
    let made = create(long.to_string().as_bytes(), Scale::default()).unwrap();
    assert_eq!(
        made.parsed.signals[0].details["tags"]
            .as_array()
            .unwrap()
            .len(),
        20
    );
    assert_eq!(made.parsed.signals[0].severity, AlertSeverity::Warning);
    // Without an alias the same words are the same alert.
    let key = |body: &str| {
        create(body.as_bytes(), Scale::default())
            .unwrap()
            .parsed
            .signals
            .remove(0)
            .dedup_key
    };
    assert_eq!(
        key(r#"{"message": "x"}"#),
        key(r#"{"message": "x", "priority": "P1"}"#)
    );
    assert_ne!(
        key(r#"{"message": "x"}"#),
        key(r#"{"message": "x", "entity": "e"}"#)
    );
}

fn wanted(verb: Verb, body: &Value) -> Result<Vec<Order>, Refusal> {
    orders(
        &verb,
        body.to_string().as_bytes(),
        |_| None,
        Scale::default(),
        now(),
    )
    .map(|orders| orders.list)
}

#[test]
fn what_a_call_wants() {
    let close = wanted(Verb::Close, &json!({"note": "done", "user": "ana"})).unwrap();
    assert_eq!(
        close,
        [
            Order::Note("ana: done".into()),
            Order::Signal(Action::Resolve)
        ]
    );
    let empty = orders(&Verb::Acknowledge, b"", |_| None, Scale::default(), now()).unwrap();
    assert_eq!(empty.list, [Order::Signal(Action::Acknowledge)]);
    let until = wanted(Verb::Snooze, &json!({"endTime": "2026-11-21T05:00:00Z"})).unwrap();
    assert_eq!(
        until,
        [Order::Snooze(
            Timestamp::parse("2026-11-21T05:00:00Z").unwrap()
        )]
    );
    let far = json!({"endTime": "2027-11-21T05:00:00Z"});
    let far = orders(
        &Verb::Snooze,
        far.to_string().as_bytes(),
        |_| None,
        Scale::default(),
        now(),
    )
    .unwrap();
    assert_eq!(
        far.list,
        [Order::Snooze(
            Timestamp::parse("2026-11-28T04:00:00Z").unwrap()
        )]
    );
    assert_eq!(far.warnings, ["a snooze lasts 7 days at most: shortened"]);
    for (verb, body) in [
        (Verb::Snooze, json!({})),
        (Verb::Snooze, json!({"endTime": "2020-01-01T00:00:00Z"})),
        (Verb::AddNote, json!({})),
        (Verb::Assign, json!({"owner": {}})),
        (Verb::AddTeam, json!({})),
        (Verb::AddResponder, json!({})),
        (Verb::AddTags, json!({"tags": []})),
        (Verb::RemoveDetails, json!({})),
        (Verb::AddDetails, json!({"details": 7})),
        (Verb::Message, json!({"message": "\n"})),
        (Verb::Priority, json!({})),
        (Verb::Priority, json!({"priority": "high"})),
    ] {
        assert_eq!(
            wanted(verb.clone(), &body).unwrap_err().status,
            422,
            "{verb:?}"
        );
    }
    let removed = orders(
        &Verb::RemoveDetails,
        b"",
        |name| (name == "keys").then(|| "a, b".to_owned()),
        Scale::default(),
        now(),
    );
    assert_eq!(
        removed.unwrap().list,
        [Order::Edit(Edit::RemoveDetails(vec![
            "a".into(),
            "b".into()
        ]))]
    );
}

#[test]
fn edits_change_what_they_name_and_nothing_else() {
    let made = create(
        br#"{"message": "x", "tags": ["a", "b"], "details": {"k": "v"}}"#,
        Scale::default(),
    )
    .unwrap();
    let mut text = domain::alert::AlertText::of(&made.parsed.signals[0]);
    for edit in [
        Edit::AddTags(vec!["b".into(), "c".into()]),
        Edit::RemoveTags(vec!["a".into()]),
        Edit::AddDetails(json!({"n": 1}).as_object().unwrap().clone()),
        Edit::RemoveDetails(vec!["k".into()]),
        Edit::Message("new\nwords".into()),
        Edit::Description("why".into()),
        Edit::Priority("P1", AlertSeverity::Critical),
    ] {
        edit.apply(&mut text);
    }
    assert_eq!(text.summary, "new words");
    assert_eq!(text.severity, AlertSeverity::Critical);
    assert_eq!(
        text.details,
        json!({"priority": "P1", "tags": ["b", "c"], "details": {"n": 1}, "description": "why"})
    );
    // An alert that came by another format keeps what it has.
    text.details = json!("free text");
    Edit::AddTags(vec!["t".into()]).apply(&mut text);
    assert_eq!(text.details, json!({"custom": "free text", "tags": ["t"]}));
}

#[test]
fn searches() {
    let read =
        |text: &str| query::Query::parse([("query", text), ("limit", "500"), ("offset", "3")]);
    let open = read("status: open AND tag:db message:\"disk full\" word").unwrap();
    assert_eq!(open.status, Some(domain::word::AlertStatus::Open));
    assert_eq!((open.limit, open.offset), (100, 3));
    assert!(!open.is_plain());
    assert_eq!(read("alias=\"a b\"").unwrap().alias.as_deref(), Some("a b"));
    assert!(read("").unwrap().is_plain());
    // What the store can look up is left to it, where it must hold in any case.
    for (text, status, alias, plain) in [
        ("status: open", true, None, true),
        (
            "status=open AND alias: http://a:80/x",
            true,
            Some("http://a:80/x"),
            true,
        ),
        ("status: open OR status: closed", false, None, false),
        ("NOT status: open", false, None, false),
        ("status != open", false, None, false),
        ("(status: open) AND (priority: P1)", true, None, false),
    ] {
        let query = read(text).unwrap();
        assert_eq!(query.status.is_some(), status, "{text}");
        assert_eq!(query.alias.as_deref(), alias, "{text}");
        assert_eq!(query.is_plain(), plain, "{text}");
    }
    let deep = format!("{}a{}", "(".repeat(50), ")".repeat(50));
    let long = "a ".repeat(100);
    for bad in [
        "status: odd",
        "colour: red",
        "count > many",
        "createdAt > soon",
        "priority > P3",
        "(a OR b",
        "a)",
        ": b",
        "tag:",
        &deep,
        &long,
    ] {
        assert_eq!(read(bad).unwrap_err().status, 422, "{bad}");
    }
    assert!(query::Query::parse([("limit", "x")]).is_err());
}

proptest! {
    #[test]
    fn a_receipt_is_read_again_by_its_own_seal_only(
        alert in 0_i64..1 << 50, millis in 0_i64..1 << 42, outcome in 0_usize..3, seal in any::<u32>(),
    ) {
        let receipt = Receipt {
            asked: Asked::Custom,
            outcome: [Outcome::Done, Outcome::NoAlert, Outcome::Refused][outcome],
            alert: (alert > 0).then_some(AlertId(alert)),
            at: Timestamp(millis * 1_000),
        };
        let text = receipt.encode(|_| seal);
        prop_assert_eq!(text.len(), 36);
        prop_assert_eq!(&text[14..15], "8");
        prop_assert_eq!(Receipt::decode(&text, |_| seal), Some(receipt));
        prop_assert_eq!(Receipt::decode(&text, |_| seal ^ 1), None);
    }

    #[test]
    fn any_request_is_read_or_refused(
        path in ".{0,60}", body in proptest::collection::vec(any::<u8>(), 0..200), search in ".{0,80}",
    ) {
        for method in ["GET", "POST", "PUT", "DELETE"] {
            if let Ok(Call::Act(_, verb)) = call(method, &path, Some("alias")) {
                drop(orders(&verb, &body, |_| Some(search.clone()), Scale::default(), now()));
            }
        }
        drop(create(&body, Scale::default()));
        drop(query::Query::parse([("query", search.as_str())]));
        prop_assert_eq!(Receipt::decode(&path, |_| 0), None);
    }
}
