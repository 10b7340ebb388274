//! The signal that a mail becomes.

use domain::Timestamp;
use domain::signal::Signal;
use domain::word::{Action, AlertSeverity};
use serde_json::{Map, Value};

use super::rules::{MailDedup, ReadRules, USUAL_RECOVERY};
use super::{Mail, TEXT_MAX, subject};
use crate::draft::Draft;
use crate::mask::MASK;
use crate::warning::{Warnings, quoted};
use crate::{key, text};

const WHO: &str = "Mail";
/// Shorter local parts are names of people or teams rather than keys.
const KEY_MIN: usize = 20;

pub(super) fn of(
    mail: &Mail,
    rules: &ReadRules,
    severity: AlertSeverity,
    now: Timestamp,
    warnings: &mut Warnings,
) -> Signal {
    let without_key = |text: &str| scrubbed(text, mail.envelope.mailbox());
    let from = mail.from.as_deref().or(mail.envelope.from.as_deref());
    let from = from.map(without_key).filter(|from| !from.trim().is_empty());
    let subject =
        text::one_line(&without_key(mail.subject.as_deref().unwrap_or_default())).into_owned();
    let body = without_key(&mail.text);
    let title = match subject::title(&subject) {
        "" => headline(&body, from.as_deref()),
        title => title.to_owned(),
    };
    let action = match rules.resolves(&subject, &body) {
        true => Action::Resolve,
        false => Action::Trigger,
    };
    if action == Action::Trigger && !rules.can_resolve() && subject::looks_over(&title) {
        warnings.note(format!(
            "the subject looks as if it was over, but no mail resolves: to change that, give the \
             integration's settings a pattern for the subject, such as {USUAL_RECOVERY}"
        ));
    }
    let mut details = Map::new();
    if let Some(from) = &from {
        details.insert("from".to_owned(), text::cut(from, text::FIELD_MAX).into());
    }
    if subject != title && !subject.is_empty() {
        details.insert("subject".to_owned(), text::cut(&subject, 1_024).into());
    }
    if !body.trim().is_empty() {
        details.insert(
            "text".to_owned(),
            text::cut(body.trim_end(), TEXT_MAX).into(),
        );
    }
    if !mail.attachments.is_empty() {
        details.insert("attachments".to_owned(), mail.attachments.clone().into());
    }
    let date = mail.date.clone().map(Value::String);
    let draft = Draft {
        action: Some(action),
        key: Some(dedup_key(mail, rules, &title, &subject, &body, warnings)),
        title: Some(title),
        source: from.as_deref().map(|from| address(from).to_owned()),
        severity: Some(severity),
        details: Value::Object(details),
        at: date.as_ref(),
        ..Draft::default()
    };
    draft.finish(WHO, now, warnings)
}

/// What tells the condition apart from others.
fn dedup_key(
    mail: &Mail,
    rules: &ReadRules,
    title: &str,
    subject: &str,
    body: &str,
    warnings: &mut Warnings,
) -> String {
    if let Some(detail) = mail.envelope.detail() {
        return detail.to_owned();
    }
    // The id of a mail is the same when its server sends it again, for lack of an answer.
    let own = || match &mail.message_id {
        Some(id) => id.clone(),
        None => {
            let of = |text: &Option<String>| text.clone().unwrap_or_default();
            key::of_identity(&["mail", &of(&mail.from), &of(&mail.date), subject, body])
        }
    };
    match rules.dedup {
        MailDedup::Subject => subject::condition(title),
        MailDedup::Each => own(),
        MailDedup::Thread => mail.thread.first().cloned().unwrap_or_else(own),
        MailDedup::Pattern => rules.captured(subject, body).unwrap_or_else(|| {
            warnings.note(format!(
                "the pattern that tells mails apart finds nothing in {}: used the subject",
                quoted(subject)
            ));
            subject::condition(title)
        }),
    }
}

/// A title for a mail without a subject.
fn headline(body: &str, from: Option<&str>) -> String {
    let line = body.lines().map(str::trim).find(|line| !line.is_empty());
    match (line, from) {
        (Some(line), _) => text::cut(line, 200),
        (None, Some(from)) => format!("Mail without a subject from {}", address(from)),
        (None, None) => "Mail without a subject".to_owned(),
    }
}

/// `monitor@example.com` of `Monitor <monitor@example.com>`.
fn address(from: &str) -> &str {
    match from.rsplit_once('<') {
        Some((_, address)) if address.contains('@') => address.trim_end_matches('>').trim(),
        _ => from.trim(),
    }
}

/// A text without the key of the integration, which is its address: whoever reads alerts must not
/// be able to send them.
fn scrubbed(text: &str, key: Option<&str>) -> String {
    let Some(key) = key.filter(|key| key.len() >= KEY_MIN) else {
        return text.to_owned();
    };
    let (low, key) = (text.to_ascii_lowercase(), key.to_ascii_lowercase());
    let mut out = String::with_capacity(text.len());
    let mut from = 0;
    for (at, _) in low.match_indices(&key) {
        out.push_str(&text[from..at]);
        out.push_str(MASK);
        from = at + key.len();
    }
    out.push_str(&text[from..]);
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_do_not_show_up() {
        let key = "abcdefghij0123456789";
        assert_eq!(
            scrubbed(
                "to ABCDEFGHIJ0123456789+x@y ä abcdefghij0123456789",
                Some(key)
            ),
            format!("to {MASK}+x@y ä {MASK}")
        );
        assert_eq!(scrubbed("ops", Some("ops")), "ops");
        assert_eq!(scrubbed("x", None), "x");
    }

    #[test]
    fn addresses_of_senders() {
        assert_eq!(address("A \"b\" <a@b.org>"), "a@b.org");
        assert_eq!(address("a@b.org"), "a@b.org");
        assert_eq!(address("A <3 B"), "A <3 B");
    }
}
