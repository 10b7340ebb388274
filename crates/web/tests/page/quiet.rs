//! Silences, maintenance windows, inhibitions, and the alerts that they hold back.

use domain::signal::Signal;
use domain::word::Action;
use serde_json::json;

use crate::house::{House, Page};
use crate::on_both;

/// An alert with labels, as Prometheus has it.
fn labelled(key: &str, summary: &str, labels: serde_json::Value) -> Signal {
    let mut signal = Signal::new(Action::Trigger, key, summary);
    signal.details = json!({ "labels": labels });
    signal
}

fn service_id(house: &House) -> String {
    let directory = house.engine.store().directory();
    directory
        .service_by_slug("checkout")
        .unwrap()
        .id
        .to_string()
}

/// The address of the first thing of a list whose addresses begin so.
fn first_link(page: &Page, prefix: &str) -> String {
    let links = page.body.split("href=\"").skip(1);
    links
        .filter_map(|rest| rest.split('"').next())
        .find(|link| {
            let id = link.strip_prefix(prefix);
            id.is_some_and(|id| id.parse::<i64>().is_ok())
        })
        .unwrap_or_else(|| panic!("no {prefix} in {}", page.text()))
        .to_owned()
}

on_both!(an_incident_is_silenced_and_pages_on_when_it_ends, |house| {
    let ana = house.ana().await;
    let key = house.checkout(&ana).await;
    ana.get("/silences").await.shows("None so far");
    let disk = json!({"alertname": "DiskFull", "instance": "db1"});
    house
        .signals(&key, vec![labelled("k1", "Disk of db1 is full", disk)])
        .await;
    ana.get("/incidents/1").await.shows("Silence these");

    // What the incident is about stands in the form.
    let form = ana.get("/silences/new?incident=1").await;
    assert!(form.body.contains("value=\"DiskFull\""), "{}", form.body);
    assert!(form.body.contains("value=\"db1\""));
    assert!(form.has_chosen("service", &service_id(house)));
    form.shows("1 open alert matches now.");
    let service = service_id(house);
    let fields = [
        ("comment", "The compaction runs"),
        ("service", service.as_str()),
        ("matcher-0-name", "alertname"),
        ("matcher-0-op", "=~"),
        ("matcher-0-value", "Disk.*"),
        ("lasts", "120"),
        ("zone", "Europe/Berlin"),
        ("repeat", "once"),
    ];
    let page = ana.fill("/silences/new", "/silences", &fields).await;
    page.shows("The silence is set.")
        .shows("In force")
        .shows("alertname=~\"Disk.*\"")
        .shows("Paged before")
        .shows("Disk of db1 is full");
    let silence = first_link(&ana.get("/silences").await, "/silences/");
    ana.get("/incidents/1")
        .await
        .shows("Paging rests until")
        .shows("Matched by the silence “The compaction runs”");
    ana.get("/services/checkout")
        .await
        .shows("A silence may hold back some of its alerts");

    // What comes now is held back, and is found.
    let other = json!({"alertname": "DiskSlow", "instance": "db2"});
    let free = json!({"alertname": "Latency"});
    house
        .signals(
            &key,
            vec![
                labelled("k2", "Disk of db2 is slow", other),
                labelled("k3", "Checkout is slow", free),
            ],
        )
        .await;
    ana.get("/alerts?suppressed=yes")
        .await
        .shows("Firing, held back")
        .shows("Suppressed by the silence “The compaction runs”")
        .shows("Disk of db2 is slow")
        .hides("Checkout is slow");
    ana.get("/alerts?suppressed=no&sort=oldest&service=checkout")
        .await
        .shows("Checkout is slow")
        .shows("INC-0001")
        .hides("Disk of db2 is slow");
    ana.get("/")
        .await
        .shows("Held back now")
        .shows("holds back 1 alert");
    let held = ana.get(&silence).await;
    held.shows("Disk of db2 is slow").shows("1 alert");
    let alert = first_link(&ana.get("/alerts?suppressed=yes").await, "/alerts/");
    ana.get(&alert)
        .await
        .shows("none: it has paged nobody")
        .shows("Suppressed by the silence");

    // Ended at once, it pages; and it can be made again.
    let ended = ana.fill(&silence, &format!("{silence}/end"), &[]).await;
    ended
        .shows("The silence is over.")
        .shows("Ended early")
        .shows("None: every alert pages.");
    ana.get(&silence).await.shows("by Ana").shows("Again");
    let again = silence.replace("/silences/", "/silences/new?from=");
    let again = ana.get(&again).await;
    assert!(again.body.contains("value=\"The compaction runs\""));
    testkit::eventually(std::time::Duration::from_secs(20), "it pages", || async {
        let page = ana.get("/incidents").await;
        page.text().contains("Disk of db2 is slow").then_some(())
    })
    .await;
});

on_both!(a_weekly_window_is_tried_before_it_is_made, |house| {
    let ana = house.ana().await;
    house.checkout(&ana).await;
    let service = service_id(house);
    let mut fields = vec![
        ("comment", "Kernel updates"),
        ("service", service.as_str()),
        ("start", "2050-01-02T03:00"),
        ("lasts", ""),
        ("end", "2050-01-02T05:00"),
        ("zone", "Europe/Berlin"),
        ("repeat", "weekly"),
        ("day", "sunday"),
        ("every", "1"),
        ("do", "preview"),
    ];
    let new = ana.get("/maintenance-windows/new?service=checkout").await;
    let tried = ana.post(&new, "/maintenance-windows", &fields).await;
    assert_eq!(tried.status, 200, "nothing is stored");
    for day in ["2 Jan 2050", "9 Jan 2050", "30 Jan 2050"] {
        tried.shows(&format!("Sun {day} 03:00"));
    }
    tried.hides("6 Feb 2050");
    ana.get("/maintenance-windows").await.shows("None so far");
    fields.pop();
    let page = ana
        .fill("/maintenance-windows/new", "/maintenance-windows", &fields)
        .await;
    page.shows("To come").shows("every week on Sunday");
    let window = first_link(
        &ana.get("/maintenance-windows").await,
        "/maintenance-windows/",
    );

    // Its form shows what was chosen, and changing it is kept.
    let edit = ana.get(&format!("{window}/edit")).await;
    assert!(edit.body.contains("value=\"2050-01-02T03:00\""));
    assert!(
        edit.body
            .contains("name=\"repeat\" value=\"weekly\" checked")
    );
    assert!(edit.body.contains("name=\"day\" value=\"sunday\" checked"));
    let monthly: Vec<_> = fields
        .iter()
        .map(|(name, value)| match *name {
            "repeat" => ("repeat", "monthly"),
            name => (name, *value),
        })
        .chain([("monthly", "weekday")])
        .collect();
    ana.fill(&format!("{window}/edit"), &window, &monthly)
        .await
        .shows("every month on the first Sunday");

    // Nothing runs, so nobody is told of it anywhere.
    ana.get("/services/checkout").await.hides("Maintenance:");
    let bo = house.bo(&ana).await;
    bo.get(&window).await.shows("Kernel updates").shows("Edit");
});

on_both!(what_is_wrong_stands_beside_its_field, |house| {
    let ana = house.ana().await;
    house.checkout(&ana).await;
    let new = ana.get("/silences/new").await;
    let fields = [
        ("comment", ""),
        ("matcher-0-name", "instance"),
        ("matcher-0-op", "=~"),
        ("matcher-0-value", "(db"),
        ("lasts", ""),
        ("end", "tomorrow"),
        ("zone", "UTC"),
    ];
    let refused = ana.post(&new, "/silences", &fields).await;
    assert_eq!(refused.status, 422);
    refused
        .shows("The pattern (db cannot be understood")
        .shows("Give a date and a time.");
    assert!(refused.body.contains("value=\"(db\""), "what was typed");
    let fields = [("comment", ""), ("lasts", "60"), ("zone", "UTC")];
    let refused = ana.post(&new, "/silences", &fields).await;
    refused
        .shows("Say why, for whoever wonders at night.")
        .shows("This would silence every alert");
    // A row more, a row less: nothing is stored, nothing is complained of.
    let fields = [("matcher-0-name", "a"), ("do", "add-matcher")];
    let more = ana.post(&new, "/silences", &fields).await;
    assert_eq!(more.status, 200);
    assert!(more.body.contains("name=\"matcher-1-name\""));
    let refused = ana
        .post(
            &new,
            "/maintenance-windows",
            &[("comment", "x"), ("lasts", "60")],
        )
        .await;
    refused.shows("Choose at least one service.");
    assert_eq!(ana.get("/silences/77").await.status, 404);
    assert_eq!(ana.get("/alerts/77").await.status, 404);
    let observer = house.invite(&ana, "Cleo", "observer").await;
    assert_eq!(observer.get("/silences/new").await.status, 403);
    observer.get("/silences").await.hides("New silence");
});

on_both!(an_alert_inhibits_others, |house| {
    let ana = house.ana().await;
    let key = house.checkout(&ana).await;
    ana.get("/inhibitions").await.shows("No rule so far.");
    let new = ana.get("/inhibitions/new").await;
    let refused = ana
        .post(
            &new,
            "/inhibitions",
            &[("name", "Hosts"), ("source-0-name", "")],
        )
        .await;
    assert_eq!(refused.status, 422);
    refused.shows("1 to 20 matchers.");
    let fields = [
        ("name", "Hosts explain"),
        ("source-0-name", "alertname"),
        ("source-0-op", "="),
        ("source-0-value", "HostDown"),
        ("target-0-name", "alertname"),
        ("target-0-op", "=~"),
        ("target-0-value", "Slow|Late"),
        ("equal", "instance"),
    ];
    ana.fill("/inhibitions/new", "/inhibitions", &fields)
        .await
        .shows("While an alert with alertname=\"HostDown\" fires")
        .shows("It holds back nothing now.");
    let down = json!({"alertname": "HostDown", "instance": "db1"});
    let slow = json!({"alertname": "Slow", "instance": "db1"});
    house
        .signals(&key, vec![labelled("k1", "db1 is down", down)])
        .await;
    house
        .signals(&key, vec![labelled("k2", "db1 is slow", slow)])
        .await;
    let list = ana.get("/inhibitions").await;
    list.shows("1 alert is held back:")
        .shows("Inhibited by the alert “db1 is down” until that is resolved");
    let cause = first_link(&list, "/alerts/");
    ana.get(&cause)
        .await
        .shows("Held back by it")
        .shows("db1 is slow");

    let edit = list
        .body
        .split("href=\"/inhibitions/")
        .find_map(|rest| rest.split("/edit\"").next()?.parse::<i64>().ok())
        .unwrap();
    let form = ana.get(&format!("/inhibitions/{edit}/edit")).await;
    assert!(form.body.contains("value=\"HostDown\"") && form.body.contains("value=\"instance\""));
    let mut other = fields.to_vec();
    other[0] = ("name", "Hosts explain all");
    ana.fill(
        &format!("/inhibitions/{edit}/edit"),
        &format!("/inhibitions/{edit}"),
        &other,
    )
    .await
    .shows("Hosts explain all");
    ana.fill("/inhibitions", &format!("/inhibitions/{edit}/delete"), &[])
        .await
        .shows("No rule so far.");
    testkit::eventually(std::time::Duration::from_secs(20), "it pages", || async {
        let page = ana.get("/incidents").await;
        page.text().contains("db1 is slow").then_some(())
    })
    .await;
});

on_both!(what_flaps_is_found, |house| {
    let ana = house.ana().await;
    let key = house.checkout(&ana).await;
    house
        .signal(&key, Action::Trigger, "calm", "Checkout is slow")
        .await;
    for _ in 0..3 {
        house
            .signal(&key, Action::Trigger, "k1", "The link comes and goes")
            .await;
        house.signal(&key, Action::Resolve, "k1", "").await;
    }
    house
        .signal(&key, Action::Trigger, "k1", "The link comes and goes")
        .await;
    ana.get("/alerts?flapping=yes")
        .await
        .shows("Flapping")
        .shows("The link comes and goes")
        .hides("Checkout is slow");
    ana.get("/alerts?state=all&sort=oldest")
        .await
        .shows("Checkout is slow");
    ana.get("/alerts?state=resolved&suppressed=yes&service=checkout")
        .await
        .shows("No alert is like that.");
});

on_both!(
    of_two_who_edit_a_silence_the_second_learns_of_the_first,
    |house| {
        let ana = house.ana().await;
        house.checkout(&ana).await;
        let bo = house.invite(&ana, "Bo", "responder").await;
        let service = service_id(house);
        let fields = |comment: &'static str, lasts: &'static str| {
            vec![
                ("comment", comment),
                ("service", service.as_str()),
                ("lasts", lasts),
                ("zone", "Europe/Berlin"),
                ("repeat", "once"),
            ]
        };
        let made = ana
            .fill("/silences/new", "/silences", &fields("The move", "60"))
            .await;
        made.shows("The silence is set. It lasts no longer than an hour");
        let path = first_link(&ana.get("/silences").await, "/silences/");
        let edit = format!("{path}/edit");
        let version = |page: &Page| {
            let (_, rest) = page.body.split_once("name=\"version\" value=\"").unwrap();
            rest.split('"').next().unwrap().to_owned()
        };
        let (for_ana, for_bo) = (ana.get(&edit).await, bo.get(&edit).await);
        let (shown, stale) = (version(&for_ana), version(&for_bo));
        let mut first = fields("The move, and its tests", "120");
        first.push(("version", &shown));
        assert_eq!(ana.post(&for_ana, &path, &first).await.status, 303);
        let mut second = fields("The move is late", "240");
        second.push(("version", &stale));
        let told = bo.post(&for_bo, &path, &second).await;
        assert_eq!(told.status, 409);
        told.shows("Somebody has changed this since you opened the form");
        assert!(
            told.body.contains("The move is late"),
            "nothing typed is lost"
        );
        ana.get(&path).await.shows("The move, and its tests");
        // Having been told, Bo means it.
        let known = version(&told);
        second.pop();
        second.push(("version", &known));
        assert_eq!(bo.post(&told, &path, &second).await.status, 303);
        ana.get(&path).await.shows("The move is late");
    }
);
