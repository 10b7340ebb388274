//! Debian's Prometheus fires a rule through Debian's Alertmanager into the server; a person hears
//! of it by mail and answers by the link in it; the rule goes quiet and all is over.

use reqwest::StatusCode;
use serde_json::Value;
use testkit::alertmanager::{Alertmanager, pagerduty, webhook};
use testkit::eventually;
use testkit::prometheus::{Prometheus, Rule};
use testkit::smtp::ReceivedMail;

use crate::database::Database;
use crate::house::{
    ALERTMANAGER_KEY, COMPANY, EVENTS_KEY, House, SOON, answer_link, notification_of,
};

#[tokio::test(flavor = "multi_thread")]
async fn a_rule_becomes_an_answered_incident_by_the_webhook() {
    let house = House::open(Database::Sqlite, COMPANY).await;
    let url = format!("/integrations/{ALERTMANAGER_KEY}/alertmanager");
    let receiver = webhook(&house.server.url(&url));
    from_rule_to_end(&house, &receiver).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rule_becomes_an_answered_incident_by_pagerduty_events() {
    let house = House::open(Database::postgres(), COMPANY).await;
    let receiver = pagerduty(&house.server.url("/v2/enqueue"), EVENTS_KEY);
    from_rule_to_end(&house, &receiver).await;
}

async fn from_rule_to_end(house: &House, receiver: &Value) {
    let alertmanager = Alertmanager::start(receiver).await;
    let rule = Rule::firing("CheckoutErrors")
        .label("severity", "critical")
        .annotation("summary", "Checkout answers with errors");
    let mut prometheus =
        Prometheus::start(&alertmanager.base_url, std::slice::from_ref(&rule)).await;

    let mails = house.smtp.wait_for(1, SOON).await;
    assert_eq!(mails.len(), 1);
    let page = &mails[0];
    assert_eq!(page.to, ["ana@example.com"]);
    assert!(page.text.contains("Checkout"), "{}", page.text);
    assert!(page.html.is_some());
    assert_eq!(state(house), ["triggered", "high", "open"]);
    assert_eq!(
        house.rows("SELECT state FROM notification WHERE channel = 'email'"),
        [["accepted"]]
    );

    let (_, shown) = house.api("/incidents/1").await;
    assert_eq!(
        (&shown["paging"], &shown["urgency"]),
        (&"triggered".into(), &"high".into())
    );

    answer_by_link(house, page).await;
    // The mail was answered, and with it the SMS that was still to come is needless.
    assert_eq!(
        house.rows("SELECT channel, state FROM notification WHERE kind = 'page' ORDER BY channel"),
        [["email", "answered"], ["sms", "cancelled"]]
    );

    prometheus.set_rules(&[rule.quiet()]);
    eventually(SOON, "the incident to end with its alert", || {
        let now = state(house);
        async move {
            (now == ["resolved", "high", "resolved"])
                .then_some(())
                .ok_or(now)
        }
    })
    .await;
    // The monitor repeated itself meanwhile, and nobody was paged again.
    assert_eq!(house.number("SELECT COUNT(*) FROM incident"), 1);
    assert_eq!(house.number("SELECT COUNT(*) FROM page"), 1);
}

/// State and urgency of the one incident, and the state of its one alert.
fn state(house: &House) -> Vec<String> {
    let rows = house.rows(
        "SELECT incident.paging, incident.urgency, alert.status \
         FROM incident JOIN alert ON alert.incident_id = incident.id",
    );
    assert!(rows.len() <= 1, "{rows:?}");
    rows.into_iter().next().unwrap_or_default()
}

/// A mail scanner looks at the link, then its reader answers.
async fn answer_by_link(house: &House, page: &ReceivedMail) {
    let link = answer_link(page, &house.server.base_url);
    let client = &house.server.client;
    let look = client.get(&link).send().await.unwrap();
    assert_eq!(look.status(), StatusCode::OK);
    let text = look.text().await.unwrap();
    assert!(
        text.contains("<form") && text.contains("Acknowledge"),
        "{text}"
    );
    assert_eq!(
        state(house),
        ["triggered", "high", "open"],
        "a look changes nothing"
    );

    let forged = format!("{}A", &link[..link.len() - 1]);
    let forged = if forged == link {
        format!("{}B", &link[..link.len() - 1])
    } else {
        forged
    };
    let form = [("do", "acknowledge")];
    let refused = client.post(&forged).form(&form).send().await.unwrap();
    assert_eq!(refused.status(), StatusCode::NOT_FOUND);
    assert_eq!(state(house)[0], "triggered");

    let reply = client.post(&link).form(&form).send().await.unwrap();
    assert!(reply.status().is_success(), "{reply:?}");
    assert_eq!(state(house), ["acknowledged", "high", "open"]);
    assert_eq!(
        house.rows(
            "SELECT users.email FROM incident JOIN users ON users.id = incident.acknowledged_by"
        ),
        [["ana@example.com"]]
    );
    let entry = house.rows("SELECT origin FROM timeline_entry WHERE kind = 'acknowledged'");
    assert_eq!(entry, [["email"]]);
    let sent = format!(
        "SELECT user_id FROM notification WHERE id = {} AND state = 'answered'",
        notification_of(page)
    );
    assert_eq!(house.rows(&sent).len(), 1);
}
