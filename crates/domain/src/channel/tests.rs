use std::sync::Arc;

use proptest::prelude::*;

use super::*;
use crate::directory::Directory;
use crate::escalation::Told;
use crate::escalation::tests::world::{ANA, OPS, World, channel, step, t0, user};
use crate::incident::{Incident, IncidentKind};
use crate::policy::Target;
use crate::word::{AlertSeverity, PagingState, Phase, Urgency};
use crate::{IncidentId, Timestamp};

fn incident(title: &str) -> Incident {
    Incident {
        id: IncidentId(1),
        number: 42,
        title: title.into(),
        service_id: None,
        policy_id: None,
        kind: IncidentKind::Real,
        urgency: Urgency::High,
        alert_severity: AlertSeverity::Critical,
        severity: None,
        paging: PagingState::Triggered,
        phase: Phase::Triage,
        group_key: None,
        alerts: 1,
        open_alerts: 1,
        unreachable: false,
        created_at: t0(),
        triggered_at: t0(),
        acknowledged_at: None,
        acknowledged_by: None,
        snoozed_until: None,
        declared_at: None,
        declared_by: None,
        resolved_at: None,
        resolved_by: None,
        next_update_due: None,
        updated_at: t0(),
        gathering: None,
    }
}

fn triggered(title: &str) -> Post {
    let world = World::new(
        vec![step(
            vec![user(ANA), Target::Channel(OPS)],
            Span::from_minutes(5),
        )],
        0,
    );
    let outcome = world.start(t0());
    let told: &Told = &outcome.told[0];
    Post::triggered(
        told,
        &outcome.run,
        "Checkout",
        &incident(title),
        &world.directory,
        t0(),
    )
}

const URL: &str = "https://q.example/incidents/42?a=1&b=2";

#[test]
fn a_program_gets_everything_it_may_ask_for() {
    let post = triggered("error <rate> high");
    let body = webhook(&post, URL);
    assert_eq!(body["type"], "incident.triggered");
    assert_eq!(body["timestamp"], serde_json::json!(t0()));
    let data = &body["data"];
    assert_eq!(data["incident"]["number"], 42);
    assert_eq!(data["incident"]["label"], "INC-0042");
    assert_eq!(data["incident"]["title"], "error <rate> high");
    assert_eq!(data["incident"]["severity"], "critical");
    assert_eq!(data["incident"]["urgency"], "high");
    assert_eq!(data["incident"]["status"], "triggered");
    assert_eq!(data["url"], URL);
    assert_eq!(data["escalation"]["step"], 1);
    assert_eq!(data["escalation"]["round"], 1);
    assert_eq!(data["escalation"]["paged"], serde_json::json!(["Ana"]));
    assert_eq!(
        data["escalation"]["reason"],
        "Step 1 of policy Checkout (v3) names this channel."
    );
    assert_eq!(
        data["description"],
        "Step 1 of policy Checkout (v3) paged Ana."
    );
}

#[test]
fn chats_get_their_three_characters_escaped_and_nobody_is_called() {
    let post = triggered("<!channel> A & B | <https://evil.example|look> @everyone @Here @ana");
    let body = slack(&post, URL);
    assert_eq!(
        body["text"],
        "Triggered: <https://q.example/incidents/42?a=1&amp;b=2|INC-0042> &lt;!channel&gt; A &amp; \
         B | &lt;https://evil.example|look&gt; @\u{200b}everyone @\u{200b}Here @ana\nSeverity \
         critical, high urgency. Step 1 of policy Checkout (v3) paged Ana."
    );
    assert_eq!(body.as_object().map(serde_json::Map::len), Some(1));
}

#[test]
fn a_card_shows_a_text_as_it_is() {
    let post = triggered("**bold** [link](https://evil.example)");
    let body = teams(&post, URL);
    assert_eq!(body["type"], "message");
    let attachment = &body["attachments"][0];
    assert_eq!(
        attachment["contentType"],
        "application/vnd.microsoft.card.adaptive"
    );
    let card = &attachment["content"];
    assert_eq!(card["type"], "AdaptiveCard");
    assert_eq!(card["actions"][0]["url"], URL);
    for block in card["body"].as_array().unwrap() {
        // Text blocks would read Markdown.
        assert_eq!(block["type"], "RichTextBlock");
    }
    assert!(body.to_string().contains("**bold** [link]"));
}

#[test]
fn a_mail_says_why_the_list_gets_it() {
    let mail = mail(&triggered("error rate high"), URL);
    assert_eq!(mail.subject, "[INC-0042] error rate high");
    assert!(mail.text.starts_with("Triggered: [INC-0042]"));
    assert!(mail.text.contains("names this channel."));
    let mut acknowledged = incident("error rate high");
    acknowledged.paging = PagingState::Acknowledged;
    let post = Post::followed(
        ChannelEvent::Acknowledged,
        "Ana acknowledged",
        &acknowledged,
        &Directory::default(),
        t0(),
    );
    let next = super::mail(&post, URL);
    assert_eq!(next.subject, mail.subject, "one thread");
    assert!(next.text.contains("Ana acknowledged."));
    assert_eq!(
        webhook(&post, URL)["data"]["incident"]["status"],
        "acknowledged"
    );
}

#[test]
fn a_post_is_read_again_as_it_was_written() {
    let post = triggered("x");
    let text = serde_json::to_string(&post).unwrap();
    assert_eq!(serde_json::from_str::<Post>(&text).unwrap(), post);
    assert_eq!(post.path(), "/incidents/42");
    let ops = channel(OPS, "Ops", true);
    let test = Post::test(&ops, "Ana", t0());
    assert_eq!(test.path(), "/channels/ops");
    assert!(slack(&test, URL)["text"].as_str().unwrap().contains("test"));
    let hand_off = Post::handed_off(
        AboutHandOff {
            slug: "platform".into(),
            schedule: "Platform".into(),
            on_call: vec![],
            before: vec!["Bo".into()],
            until: None,
        },
        t0(),
    );
    assert_eq!(hand_off.path(), "/schedules/platform");
    assert_eq!(
        hand_off.what,
        "On call for Platform now: nobody; before: Bo"
    );
    let body = webhook(&hand_off, URL);
    assert_eq!(body["type"], "schedule.hand_off");
    assert_eq!(body["data"]["schedule"]["on_call"], serde_json::json!([]));
}

#[test]
fn addresses_that_let_anybody_post_are_not_shown() {
    for (address, shown) in [
        (
            "https://hooks.slack.com/services/T0/B0/x",
            "https://hooks.slack.com",
        ),
        (
            "http://me:pass@chat.example:8065/hooks/x?y=1#z",
            "http://chat.example:8065",
        ),
        ("https://a.example?sig=1", "https://a.example"),
    ] {
        assert_eq!(shown_address(ChannelKind::Slack, address), shown);
    }
    assert_eq!(
        shown_address(ChannelKind::Email, "ops@example.com"),
        "ops@example.com"
    );
    let ops = channel(OPS, "Ops", true);
    assert!(!format!("{ops:?}").contains("hooks"));
}

#[test]
fn a_former_secret_signs_for_a_day_more() {
    let ops = Arc::unwrap_or_clone(channel(OPS, "Ops", true));
    let first = ops.rotated(Secret::new("one"), t0());
    assert_eq!(first.secrets_at(t0()).len(), 1);
    let second = first.rotated(Secret::new("two"), t0());
    let revealed = |at: Timestamp| -> Vec<String> {
        let secrets = second.secrets_at(at);
        secrets.iter().map(|one| one.reveal().to_owned()).collect()
    };
    assert_eq!(revealed(t0()), ["two", "one"]);
    assert_eq!(revealed(t0() + OLD_SECRET_FOR), ["two"]);
}

proptest! {
    #[test]
    fn whatever_a_monitor_says_a_chat_reads_no_markup(title in any::<String>()) {
        let post = triggered(&title);
        let body = slack(&post, "https://q.example/i");
        let text = body["text"].as_str().unwrap();
        // The one link is ours, and every other `<`, `>` and `&` is written as an entity.
        prop_assert_eq!(text.matches('<').count(), 1);
        prop_assert_eq!(text.matches('>').count(), 1);
        for part in text.split('&').skip(1) {
            prop_assert!(["amp;", "lt;", "gt;"].iter().any(|known| part.starts_with(known)));
        }
        prop_assert!(!text.to_lowercase().contains("@everyone"));
        prop_assert_eq!(text.lines().count(), 2);
        prop_assert!(text.len() < 4_000);
        // The others take anything, too.
        prop_assert!(teams(&post, "https://q.example/i").is_object());
        let body = webhook(&post, "u");
        prop_assert_eq!(body["data"]["incident"]["title"].as_str(), Some(&*title));
    }
}
