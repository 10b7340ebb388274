//! Mails that are no alert: bounces, answers of machines, and our own, which would page for ever.

use super::Mail;

/// Most servers that a mail comes by; more is a loop (RFC 5321 §6.3 asks for at least 100).
pub const HOPS_MAX: usize = 100;

/// Why a mail becomes no alert; a sentence for the owner of the integration.
pub(super) fn reason(mail: &Mail) -> Option<&'static str> {
    let signs = &mail.signs;
    let precedence = signs.precedence.as_deref().unwrap_or_default();
    if mail.envelope.from.as_deref() == Some("") {
        return Some("it is a bounce: its envelope has no sender");
    }
    if signs.report.is_some() {
        return Some("it reports what became of another mail");
    }
    if signs.auto_submitted.as_deref() == Some("auto-replied") || signs.answers_itself {
        return Some("a program answered a mail with it (Auto-Submitted or X-Autoreply)");
    }
    if precedence == "auto_reply" {
        return Some("a program answered a mail with it (Precedence)");
    }
    if signs.hops > HOPS_MAX {
        return Some("it went in circles: more than 100 servers have passed it on");
    }
    if mail.message_id.as_deref().is_some_and(is_ours) {
        return Some("it is a message of Quarterdeck itself, which would page for ever");
    }
    // Bulk alone is no reason: cron marks its mails so.
    if matches!(precedence, "bulk" | "list" | "junk") && mail.thread.iter().any(|id| is_ours(id)) {
        return Some("a list or program answered a message of Quarterdeck with it (Precedence)");
    }
    None
}

/// Whether an id is one of a message of ours: `qd-` and the number of a notification.
fn is_ours(id: &str) -> bool {
    id.strip_prefix("qd-")
        .and_then(|rest| rest.split_once('@'))
        .is_some_and(|(number, _)| {
            !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit())
        })
}
