//! What must hold once everything is quiet again.

use std::collections::BTreeMap;

use super::company::{EXECUTIONS, door};
use super::ledger::Ledger;
use crate::house::{House, notification_of};

/// Checks everything and says how much there was to check.
pub fn pass(house: &House, ledger: &Ledger) -> String {
    signals(house, ledger);
    steps(house);
    pages(house);
    let (messages, repeats) = messages(house);
    let incidents = house.number("SELECT COUNT(*) FROM incident");
    let pages = house.number("SELECT COUNT(*) FROM page");
    let again = house.number("SELECT COUNT(*) FROM notification WHERE attempts > 1");
    // Otherwise there was nothing to lose.
    assert!(incidents > 20 && messages > 20 && ledger.acknowledged() > 100);
    format!(
        "{} acknowledged signals ({} requests failed), {incidents} incidents, {pages} pages, \
         {messages} messages; {again} messages were tried again, {repeats} arrived again",
        ledger.acknowledged(),
        ledger.failed
    )
}

/// Every acknowledged signal is there, and none became two alerts.
fn signals(house: &House, ledger: &Ledger) {
    let rows = house.rows(
        "SELECT integration.name, alert.dedup_key, COUNT(*), SUM(alert.count), \
           SUM(CASE WHEN alert.status = 'open' THEN 1 ELSE 0 END) \
         FROM alert JOIN integration ON integration.id = alert.integration_id \
         GROUP BY integration.name, alert.dedup_key",
    );
    let mut alerts: BTreeMap<(String, String), [i64; 3]> = BTreeMap::new();
    for row in rows {
        let [name, key, numbers @ ..] = row.as_slice() else {
            panic!("{row:?}");
        };
        let numbers: Vec<i64> = numbers.iter().map(|n| n.parse().unwrap()).collect();
        alerts.insert((name.clone(), key.clone()), numbers.try_into().unwrap());
    }
    for ((service, key), tally) in &ledger.conditions {
        let found = alerts.remove(&(door(*service), key.clone()));
        let Some([alerts, count, open]) = found else {
            assert_eq!(tally.acknowledged, 0, "{key} was acknowledged and is lost");
            continue;
        };
        assert_eq!(alerts, 1, "{key} became several alerts");
        assert!(
            (tally.acknowledged..=tally.sent).contains(&count),
            "{key} was counted {count} times: {tally:?}"
        );
        if tally.resolved || !tally.resolving {
            assert_eq!(open, i64::from(!tally.resolved), "{key}: {tally:?}");
        }
    }
    assert!(alerts.is_empty(), "nobody said this: {alerts:?}");
    house.assert_none(
        "alerts and incidents disagree",
        "SELECT incident.number FROM incident JOIN alert ON alert.incident_id = incident.id \
         GROUP BY incident.number, incident.paging, incident.alerts, incident.open_alerts \
         HAVING COUNT(*) <> incident.alerts \
           OR SUM(CASE WHEN alert.status = 'open' THEN 1 ELSE 0 END) <> incident.open_alerts \
           OR (incident.open_alerts = 0) <> (incident.paging = 'resolved')",
    );
    house.assert_none(
        "a condition has several incidents",
        "SELECT dedup_key FROM alert GROUP BY integration_id, dedup_key \
         HAVING COUNT(DISTINCT incident_id) > 1",
    );
}

/// Every step of every run was executed once.
fn steps(house: &House) {
    house.assert_none(
        "executions of a run are missing or numbered with gaps",
        "SELECT run.id, run.executions, COUNT(step.number), MIN(step.number), MAX(step.number) \
         FROM escalation_run run JOIN step_execution step ON step.run_id = run.id \
         GROUP BY run.id, run.executions \
         HAVING COUNT(*) <> run.executions \
           OR MAX(step.number) - MIN(step.number) + 1 <> COUNT(*)",
    );
    house.assert_none(
        "a step was executed twice",
        "SELECT run_id, cycle, step FROM step_execution \
         GROUP BY run_id, cycle, step HAVING COUNT(*) > 1",
    );
    house.assert_none(
        "an open incident has not had every step, once",
        &format!(
            "SELECT incident.number, run.state, run.executions \
             FROM incident LEFT JOIN escalation_run run ON run.incident_id = incident.id \
             WHERE incident.paging <> 'resolved' \
               AND (run.id IS NULL OR run.state <> 'last_resort' OR run.executions <> {EXECUTIONS})"
        ),
    );
    house.assert_none(
        "a step was skipped though it could reach people",
        "SELECT run_id, number, skipped FROM step_execution WHERE skipped IS NOT NULL",
    );
    house.assert_none(
        "an incident began with several runs",
        "SELECT incident_id FROM escalation_run GROUP BY incident_id HAVING COUNT(*) > 1",
    );
}

/// Every execution paged its person, by both methods.
fn pages(house: &House) {
    house.assert_none(
        "an execution did not page its one person",
        "SELECT step.run_id, step.number, COUNT(page.id) FROM step_execution step \
         LEFT JOIN page ON page.run_id = step.run_id AND page.execution = step.number \
         GROUP BY step.run_id, step.number HAVING COUNT(page.id) <> 1",
    );
    house.assert_none(
        "a page was not planned by both methods",
        "SELECT page.id, COUNT(notification.id) FROM page \
         LEFT JOIN notification ON notification.page_id = page.id \
         GROUP BY page.id HAVING COUNT(notification.id) <> 2",
    );
    house.assert_none(
        "a message failed",
        "SELECT id, channel, last_error FROM notification WHERE state = 'failed'",
    );
    house.assert_none(
        "a message was cancelled though its incident is open",
        "SELECT notification.id FROM notification \
         JOIN incident ON incident.id = notification.incident_id \
         WHERE notification.state = 'cancelled' AND incident.paging <> 'resolved'",
    );
    house.assert_none(
        "a message waits for a bundle that never left",
        "SELECT one.id FROM notification one LEFT JOIN notification lead ON lead.id = one.bundle_id \
         WHERE one.state = 'bundled' AND (lead.state IS NULL OR lead.state <> 'accepted')",
    );
}

/// What the providers received of one message.
#[derive(Debug, Default)]
struct Received {
    times: i64,
    addresses: Vec<String>,
}

/// Every message that left has arrived, and what arrived again had the same id. Returns how many
/// messages there were, and how many deliveries were repeats.
fn messages(house: &House) -> (usize, i64) {
    let mut received: BTreeMap<i64, Received> = BTreeMap::new();
    let mut receive = |id: i64, address: &str| {
        let one = received.entry(id).or_default();
        one.times += 1;
        if !one.addresses.iter().any(|known| known == address) {
            one.addresses.push(address.to_owned());
        }
    };
    for mail in house.smtp.mails() {
        assert_eq!(mail.to.len(), 1);
        receive(notification_of(&mail), &mail.to[0]);
    }
    for message in house.twilio.messages() {
        let callback = message.status_callback.as_deref().unwrap_or_default();
        let id = callback.rsplit_once("n=").map(|(_, id)| id.parse());
        receive(id.unwrap().unwrap(), &message.to);
    }
    let rows = house.rows("SELECT id, state, address, attempts FROM notification");
    let (mut count, mut repeats) = (0, 0);
    for row in rows {
        let [id, state, address, attempts] = row.as_slice() else {
            panic!("{row:?}");
        };
        let attempts: i64 = attempts.parse().unwrap();
        let Some(one) = received.remove(&id.parse().unwrap()) else {
            assert_ne!(state, "accepted", "message {id} to {address} never arrived");
            continue;
        };
        // One that left before a crash may be called off after it.
        assert!(
            state == "accepted" || state == "cancelled",
            "{state}: {one:?}"
        );
        assert_eq!(one.addresses, std::slice::from_ref(address), "message {id}");
        assert!(
            one.times <= attempts,
            "message {id}: {one:?}, {attempts} attempts"
        );
        count += 1;
        repeats += one.times - 1;
    }
    assert!(received.is_empty(), "messages of nobody: {received:?}");
    (count, repeats)
}
