//! Monitors with a shape of their own, through their addresses.

use serde_json::{Value, json};

use crate::house::{ADMIN, AM_KEY, Answer, EVENTS_KEY, House};

async fn incidents(house: &House) -> Vec<Value> {
    let list = house
        .api(ADMIN, "GET", "/api/v1/incidents", None)
        .await
        .json();
    list["items"].as_array().unwrap().clone()
}

fn zabbix(value: &str) -> String {
    json!({"event_id": "7", "event_value": value, "event_name": "Load is high", "host_name": "web-1",
        "event_nseverity": "5"})
    .to_string()
}

#[actix_web::test]
async fn the_address_chooses_the_format() {
    let house = House::on_sqlite().await;
    let door = format!("/integrations/{EVENTS_KEY}/zabbix");
    let answer = house.post(&door, zabbix("1")).await;
    assert_eq!(answer.status, 202, "{}", answer.body);
    assert_eq!(answer.json()["signals"], 1);
    let all = incidents(&house).await;
    assert_eq!(all[0]["title"], "Load is high");
    assert_eq!(all[0]["paging"], "triggered");
    let slash = format!("{door}/");
    assert_eq!(house.post(&slash, zabbix("0")).await.status, 202);
    assert_eq!(incidents(&house).await[0]["paging"], "resolved");

    // Vendors' own methods, encodings and codes.
    let down = "uptimerobot?monitorID=1&monitorFriendlyName=Shop&alertType=1&alertDetails=Timeout";
    let answer = house
        .get(&format!("/integrations/{EVENTS_KEY}/{down}"))
        .await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    let put = house
        .client
        .put(house.at(&format!("/integrations/{EVENTS_KEY}/statuscake")))
        .header("content-type", "application/json")
        .body("Status=Down&Name=Shop&TestID=9");
    assert_eq!(Answer::of(put).await.status, 200);
    assert_eq!(incidents(&house).await.len(), 3);

    // A change pages nobody, and is not lost.
    let push = json!({"summary": "Deployed shop 4.2", "kind": "deployment"}).to_string();
    let answer = house
        .post(&format!("/integrations/{EVENTS_KEY}/changes"), push)
        .await;
    assert_eq!((answer.status, &answer.json()["changes"]), (202, &json!(1)));
    assert_eq!(incidents(&house).await.len(), 3);
}

#[actix_web::test]
async fn the_kind_of_the_integration_chooses_where_the_address_does_not() {
    let house = House::on_sqlite().await;
    let group = json!({"version": "4", "groupKey": "g", "status": "firing", "alerts": [
        {"status": "firing", "fingerprint": "f", "labels": {"alertname": "A"},
         "annotations": {"summary": "From the group"}}]});
    let answer = house
        .post(&format!("/integrations/{AM_KEY}"), group.to_string())
        .await;
    assert_eq!(answer.status, 202, "{}", answer.body);
    assert_eq!(incidents(&house).await[0]["title"], "From the group");
    let form = house
        .post(
            &format!("/integrations/{EVENTS_KEY}"),
            "summary=By+form&severity=error",
        )
        .await;
    assert_eq!(form.status, 202, "{}", form.body);
    assert_eq!(incidents(&house).await.len(), 2);
}

#[actix_web::test]
async fn strangers_and_browsers_learn_nothing() {
    let house = House::on_sqlite().await;
    let nobody = "z".repeat(32);
    for path in [
        format!("/integrations/{nobody}"),
        format!("/integrations/{nobody}/zabbix"),
        format!("/integrations/{nobody}/unheard-of"),
        format!("/integrations/{EVENTS_KEY}/unheard-of"),
    ] {
        house
            .post(&path, zabbix("1"))
            .await
            .is_problem(404, "not_found");
        house.get(&path).await.is_problem(404, "not_found");
    }
    for path in ["", "/zabbix", "/uptimekuma", "/github"] {
        let answer = house
            .get(&format!("/integrations/{EVENTS_KEY}{path}"))
            .await;
        assert_eq!(answer.status, 400, "{path}: {}", answer.body);
    }
    assert!(incidents(&house).await.is_empty());
}

#[actix_web::test]
async fn senders_of_cloud_events_may_ask_first() {
    let house = House::on_sqlite().await;
    let address = house.at(&format!("/integrations/{EVENTS_KEY}/cloudevents"));
    let ask = house
        .client
        .request(reqwest::Method::OPTIONS, &address)
        .header("webhook-request-origin", "eventemitter.example.com");
    let answer = Answer::of(ask).await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    assert_eq!(
        answer.header("webhook-allowed-origin"),
        "eventemitter.example.com"
    );
    let event = house
        .client
        .post(&address)
        .header("ce-specversion", "1.0")
        .header("ce-type", "com.example.disk.full")
        .header("ce-source", "/disks")
        .header("ce-id", "1")
        .body(r#"{"summary": "Disk is full"}"#);
    assert_eq!(Answer::of(event).await.status, 202);
    assert_eq!(incidents(&house).await[0]["title"], "Disk is full");
}

/// An address that a message names is asked only when it is one of SNS.
#[actix_web::test]
async fn a_topic_cannot_make_us_ask_anybody_else() {
    let house = House::on_sqlite().await;
    let message = json!({"Type": "SubscriptionConfirmation", "MessageId": "1", "Token": "t",
        "TopicArn": "arn:aws:sns:eu-west-1:1:ops", "Message": "m", "Timestamp": "t",
        "SubscribeURL": house.at("/healthz"), "SignatureVersion": "1", "Signature": "AAAA",
        "SigningCertURL": "https://sns.eu-west-1.amazonaws.com/a.pem"});
    let door = format!("/integrations/{EVENTS_KEY}/cloudwatch");
    let answer = house.post(&door, message.to_string()).await;
    let problem = answer.is_problem(400, "invalid_event");
    assert_eq!(
        problem["detail"],
        "The message of SNS names an address to confirm that is not at SNS."
    );
}

/// A notification of Nagios.
async fn nagios(house: &House, kind: &str, more: &str) -> Answer {
    let door = format!("/integrations/{EVENTS_KEY}/nagios");
    let form = format!(
        "NOTIFICATIONTYPE={kind}&HOSTNAME=db1&SERVICEDESC=disk&SERVICESTATE=CRITICAL&{more}"
    );
    house.post(&door, form).await
}

#[actix_web::test]
async fn a_downtime_is_noted_on_the_incident_of_what_is_open() {
    let house = House::on_sqlite().await;
    let said = "NOTIFICATIONAUTHOR=ana&NOTIFICATIONCOMMENT=new+disk&TIMET=1795233600";
    let early = nagios(&house, "CUSTOM", said).await;
    assert_eq!(early.status, 202, "{}", early.body);
    assert!(incidents(&house).await.is_empty());
    nagios(&house, "PROBLEM", "SERVICEOUTPUT=2+%25+free").await;
    for _ in 0..2 {
        let answer = nagios(&house, "DOWNTIMESTART", said).await;
        assert_eq!((answer.status, &answer.json()["signals"]), (202, &json!(1)));
    }
    // `quarterdeck send` says the same by an event.
    let event = json!({"action": "note", "summary": "Custom notification", "timestamp": 1795233600,
        "dedup_key": "event_source=service;host_name=db1;service_desc=disk"});
    let events = format!("/integrations/{EVENTS_KEY}/events");
    for _ in 0..2 {
        assert_eq!(house.post(&events, event.to_string()).await.status, 202);
    }
    let nameless = json!({"action": "note", "summary": "Custom notification"});
    assert_eq!(house.post(&events, nameless.to_string()).await.status, 400);

    let all = incidents(&house).await;
    assert_eq!((all.len(), &all[0]["paging"]), (1, &json!("triggered")));
    let timeline = house
        .api(ADMIN, "GET", "/api/v1/incidents/1/timeline", None)
        .await
        .json();
    let notes: Vec<&Value> = timeline["items"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|entry| entry["kind"] == "note")
        .collect();
    let texts: Vec<&Value> = notes.iter().map(|entry| &entry["text"]).collect();
    assert_eq!(
        texts,
        [
            "Downtime started in the monitor for disk on db1, by ana: new disk",
            "Custom notification",
        ]
    );
    assert_eq!(notes[0]["origin"], "monitor");

    // What came of each stands among the signals.
    let decided = async |word: &str| {
        let path = format!("/api/v1/signals?decision={word}");
        let list = house.api(ADMIN, "GET", &path, None).await.json();
        list["items"].as_array().unwrap().clone()
    };
    assert_eq!(decided("noted").await.len(), 2);
    assert_eq!(decided("redelivered").await.len(), 2);
    let ignored = decided("ignored").await;
    assert_eq!(ignored.len(), 1);
    let path = format!("/api/v1/signals/{}", ignored[0]["id"]);
    let one = house.api(ADMIN, "GET", &path, None).await.json();
    assert_eq!(
        one["signals"][0]["reason"],
        "No alert with this key is open, so there was no incident to note it on."
    );
}
