//! A post in the words of each kind of channel.

use serde_json::{Value, json};

use super::post::{Post, state_word};
use crate::incident::label;
use crate::notification::text::one_line;

/// Longest title that a chat is shown, in characters.
const TITLE_MAX: usize = 300;

/// A post as a mail.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rendered {
    pub subject: String,
    pub text: String,
}

/// The body for a program: Standard Webhooks' envelope of type, timestamp and data. `url` is where
/// a person looks.
pub fn webhook(post: &Post, url: &str) -> Value {
    let mut data = json!({
        "summary": post.headline(),
        "description": sentence(&post.what),
        "url": url,
    });
    if let Some(incident) = &post.incident {
        data["incident"] = json!({
            "number": incident.number,
            "label": label(incident.number),
            "title": incident.title,
            "service": incident.service,
            "severity": incident.severity,
            "urgency": incident.urgency,
            "status": incident.status,
            "url": url,
        });
    }
    if let Some(step) = &post.step {
        data["escalation"] = json!({
            "policy": (!step.policy.is_empty()).then_some(&step.policy),
            "policy_version": step.version,
            "step": step.step,
            "last_resort": step.step.is_none(),
            "round": step.round,
            "paged": step.paged,
            "reason": sentence(&step.reason()),
        });
    }
    if let Some(hand_off) = &post.hand_off {
        data["schedule"] = json!({
            "slug": hand_off.slug,
            "name": hand_off.schedule,
            "on_call": hand_off.on_call,
            "before": hand_off.before,
            "until": hand_off.until,
        });
    }
    json!({ "type": post.event, "timestamp": post.at, "data": data })
}

/// The body for Slack and the chats that take the same. Only `&`, `<` and `>` have a meaning that a
/// text can lose; a monitor's text must neither make links nor call a whole room.
pub fn slack(post: &Post, url: &str) -> Value {
    let state = state_word(post.event);
    let mut text = match &post.incident {
        Some(incident) => {
            let service = match &incident.service {
                Some(service) => format!("{}: ", plain(service)),
                None => String::new(),
            };
            format!(
                "{state}: <{}|{}> {service}{}\nSeverity {}, {} urgency.",
                escaped(url),
                label(incident.number),
                plain(&incident.title),
                incident.severity,
                incident.urgency,
            )
        }
        None => format!("<{}|{}>", escaped(url), plain(&post.headline())),
    };
    text.push(if post.incident.is_some() { ' ' } else { '\n' });
    text.push_str(&plain(&sentence(&post.what)));
    json!({ "text": text })
}

/// The body for a workflow of Microsoft Teams: an Adaptive Card. Runs of text are shown as they are,
/// where a text block would read Markdown in a monitor's words.
pub fn teams(post: &Post, url: &str) -> Value {
    let state = state_word(post.event);
    let line = |text: String, weight: &str, colour: &str| {
        json!({
            "type": "RichTextBlock",
            "inlines": [
                { "type": "TextRun", "text": text, "weight": weight, "color": colour },
            ],
        })
    };
    let colour = match post.event {
        super::ChannelEvent::Triggered => "Attention",
        super::ChannelEvent::Acknowledged => "Warning",
        super::ChannelEvent::Resolved => "Good",
        super::ChannelEvent::HandOff | super::ChannelEvent::Test => "Default",
    };
    let mut body = vec![
        line(state.to_owned(), "Bolder", colour),
        line(cut(&post.headline()), "Bolder", "Default"),
    ];
    if let Some(incident) = &post.incident {
        let (severity, urgency) = (incident.severity, incident.urgency);
        let facts = format!("Severity {severity}, {urgency} urgency.");
        body.push(line(facts, "Default", "Default"));
    }
    body.push(line(cut(&sentence(&post.what)), "Default", "Default"));
    json!({
        "type": "message",
        "attachments": [{
            "contentType": "application/vnd.microsoft.card.adaptive",
            "contentUrl": null,
            "content": {
                "$schema": "http://adaptivecards.io/schemas/adaptive-card.json",
                "type": "AdaptiveCard",
                "version": "1.4",
                "body": body,
                "actions": [
                    { "type": "Action.OpenUrl", "title": "Look at it", "url": url },
                ],
            },
        }],
    })
}

/// The post as a mail, and as the outbox shows it. Posts of one incident have one subject.
pub fn mail(post: &Post, url: &str) -> Rendered {
    let mut text = match &post.incident {
        Some(_) => format!("{}: {}\n\n", state_word(post.event), post.headline()),
        // It names itself.
        None => format!("{}\n\n", post.headline()),
    };
    text.push_str(&sentence(&post.what));
    text.push('\n');
    if let Some(incident) = &post.incident {
        text.push_str(&format!(
            "Severity {}, {} urgency.\n",
            incident.severity, incident.urgency
        ));
    }
    text.push_str(&format!("\nLook at it: {url}\n"));
    if let Some(step) = &post.step {
        text.push_str(&format!("\nWhy here: {}\n", sentence(&step.reason())));
    }
    Rendered {
        subject: cut(&post.headline()),
        text,
    }
}

/// With a stop, unless it has one.
fn sentence(text: &str) -> String {
    let text = one_line(text);
    match text.chars().last() {
        Some('.' | '!' | '?') | None => text,
        Some(_) => format!("{text}."),
    }
}

fn cut(text: &str) -> String {
    let text = one_line(text);
    match text.char_indices().nth(TITLE_MAX) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text,
    }
}

/// A text as a chat shows it, whatever a monitor has put into it.
fn plain(text: &str) -> String {
    escaped(&quiet(&cut(text)))
}

fn escaped(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => safe.push_str("&amp;"),
            '<' => safe.push_str("&lt;"),
            '>' => safe.push_str("&gt;"),
            other => safe.push(other),
        }
    }
    safe
}

/// `@everyone` and its like call everybody in some chats, also when they stand in a monitor's text.
fn quiet(text: &str) -> String {
    const CALLS: [&str; 4] = ["everyone", "here", "channel", "all"];
    let mut quiet = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find('@') {
        let (before, after) = rest.split_at(at + 1);
        quiet.push_str(before);
        let calls = CALLS.iter().any(|call| {
            let word = after.get(..call.len());
            word.is_some_and(|word| word.eq_ignore_ascii_case(call))
        });
        if calls {
            // Nothing is seen of it, and the word is none any more.
            quiet.push('\u{200b}');
        }
        rest = after;
    }
    quiet.push_str(rest);
    quiet
}
