//! What messages say.

mod html;
mod notice;
mod sms;

use crate::escalation::Request;
use crate::word::{AlertSeverity, Urgency};

pub use notice::{NoticeText, VerificationText};

/// What a page says, whatever the channel.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PageText {
    pub incident_number: i64,
    pub title: String,
    /// Name of the service.
    pub service: String,
    pub urgency: Urgency,
    pub severity: AlertSeverity,
    /// Why this person is paged: [`crate::escalation::Reason::sentence`].
    pub reason: String,
    /// The incident's page.
    pub url: String,
    /// The signed link that acknowledges for this person (PAGING.md §6.8).
    pub ack_url: Option<String>,
    /// The mail can be answered by a mail (PAGING.md §6.8).
    pub takes_replies: bool,
    /// The reply code, where the channel can be answered.
    pub code: Option<String>,
    /// Further incidents that this message stands for as well (PAGING.md §6.4).
    pub others: usize,
    /// Somebody asks this person to help, and awaits a yes or no (PAGING.md §4.8).
    pub request: Option<Request>,
}

/// `INC-0042`.
pub fn incident_label(number: i64) -> String {
    format!("INC-{number:04}")
}

impl PageText {
    /// Subject of the mail, e.g. `[INC-0042] Checkout: error rate high`. It is the same for every
    /// page of the incident, so that mail programs thread them.
    pub fn subject(&self) -> String {
        let label = incident_label(self.incident_number);
        let title = shortened(&one_line(&self.title), 150);
        let more = match self.others {
            0 => String::new(),
            others => format!(" and {others} more"),
        };
        format!("[{label}] {}: {title}{more}", one_line(&self.service))
    }

    /// The plain text of the mail.
    pub fn mail_plain(&self) -> String {
        let mut text = format!(
            "{service}: {title}\n\nIncident {label}, severity {severity}, {urgency} urgency.\n",
            service = one_line(&self.service),
            title = one_line(&self.title),
            label = incident_label(self.incident_number),
            severity = self.severity,
            urgency = self.urgency,
        );
        if let Some(others) = self.others_line() {
            text.push_str(&others);
            text.push('\n');
        }
        if let Some(request) = &self.request {
            text.push_str(&format!("\n{}\n", asks(request)));
        }
        if let Some(link) = self.ack_url.as_ref().filter(|_| self.request.is_some()) {
            text.push_str(&format!("\nSay yes or no: {link}\n"));
            if self.takes_replies {
                text.push_str("Or reply with \"yes\" or \"no\" on the first line.\n");
            }
        } else if let Some(link) = &self.ack_url {
            text.push_str(&format!("\nAcknowledge: {link}\n"));
            if self.takes_replies {
                text.push_str("Or reply with \"ack\" or \"resolve\" on the first line.\n");
            }
        }
        text.push_str(&format!("\nLook at it: {}\n", self.url));
        text.push_str(&format!("\nWhy you: {}\n", one_line(&self.reason)));
        text
    }

    /// The HTML of the mail.
    pub fn mail_html(&self) -> String {
        html::page(self)
    }

    /// The text message, e.g. `4217 Checkout: error rate high (critical). Reply 4217 ack`. Where
    /// it would need more than one SMS, the title is shortened.
    pub fn sms(&self) -> String {
        sms::page(self)
    }

    pub(super) fn others_line(&self) -> Option<String> {
        match self.others {
            0 => None,
            1 => Some("1 more incident: your answer counts for both.".to_owned()),
            others => Some(format!(
                "{others} more incidents: your answer counts for all."
            )),
        }
    }
}

/// `Bo asks you to help: have a look at the database`.
pub(super) fn asks(request: &Request) -> String {
    let by = one_line(&request.by);
    match one_line(&request.message) {
        message if message.is_empty() => format!("{by} asks you to help."),
        message => format!("{by} asks you to help: {message}"),
    }
}

/// HTML of [`PageText`], for those who prefer a function.
pub fn mail_html(text: &PageText) -> String {
    text.mail_html()
}

/// Monitors' text as one line without control characters: nothing in it can begin a new header
/// line, or turn the direction of what follows.
pub fn one_line(text: &str) -> String {
    let mut line = String::with_capacity(text.len());
    for character in text.chars() {
        let turns = matches!(character, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
        if turns {
            continue;
        }
        let blank = character.is_whitespace()
            || character.is_control()
            || matches!(character, '\u{2028}' | '\u{2029}');
        if !blank {
            line.push(character);
        } else if !line.is_empty() && !line.ends_with(' ') {
            line.push(' ');
        }
    }
    line.truncate(line.trim_end().len());
    line
}

/// At most so many characters, with an ellipsis where something was cut.
pub(crate) fn shortened(text: &str, characters: usize) -> String {
    if text.chars().count() <= characters {
        return text.to_owned();
    }
    let kept: String = text.chars().take(characters.saturating_sub(1)).collect();
    format!("{}…", kept.trim_end())
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    pub fn sample() -> PageText {
        PageText {
            incident_number: 42,
            title: "error rate high".into(),
            service: "Checkout".into(),
            urgency: Urgency::High,
            severity: AlertSeverity::Critical,
            reason: "Step 1 of policy Checkout (v3) pages you by name.".into(),
            url: "https://q.example/incidents/42".into(),
            ack_url: Some("https://q.example/a/token".into()),
            takes_replies: true,
            code: Some("4217".into()),
            others: 0,
            request: None,
        }
    }

    #[test]
    fn a_subject_is_one_line_whatever_the_monitor_says() {
        let mut page = sample();
        assert_eq!(page.subject(), "[INC-0042] Checkout: error rate high");
        page.title = "bad\r\nBcc: eve@example.com\u{202e} title ".into();
        assert_eq!(
            page.subject(),
            "[INC-0042] Checkout: bad Bcc: eve@example.com title"
        );
        page.others = 2;
        page.title = "x".repeat(500);
        assert!(page.subject().chars().count() < 200);
        assert!(page.subject().ends_with("… and 2 more"));
    }

    #[test]
    fn a_request_for_help_says_who_asks_and_how_to_answer() {
        // §4.8: with a message; §6.8: by SMS and by mail.
        let mut page = sample();
        page.request = Some(Request {
            by: "Bo".into(),
            message: "can you look at\nthe database?".into(),
        });
        let text = page.mail_plain();
        assert!(text.contains("Bo asks you to help: can you look at the database?"));
        assert!(text.contains("Say yes or no: https://q.example/a/token"));
        assert!(text.contains("Or reply with \"yes\" or \"no\""));
        assert!(!text.contains("Acknowledge"));
        assert!(page.mail_html().contains("Say yes or no"));
        assert_eq!(
            page.sms(),
            "4217 Bo asks you to help: can you look at the database? (Checkout: error rate \
             high). Reply 4217 yes or no"
        );
        page.request = Some(Request {
            by: "Bo".into(),
            message: "x".repeat(400),
        });
        assert!(page.sms().ends_with("Reply 4217 yes or no"));
        assert!(page.sms().chars().count() <= 160);
    }

    #[test]
    fn a_plain_mail_says_what_how_and_why() {
        let mut page = sample();
        page.others = 1;
        let text = page.mail_plain();
        assert!(text.starts_with("Checkout: error rate high\n"));
        assert!(text.contains("Incident INC-0042, severity critical, high urgency."));
        assert!(text.contains("1 more incident"));
        assert!(text.contains("Acknowledge: https://q.example/a/token"));
        assert!(text.contains("Why you: Step 1 of policy Checkout"));
        assert!(text.contains("Or reply with \"ack\" or \"resolve\""));
        // Where no mail is taken, no word of replying.
        page.takes_replies = false;
        for text in [page.mail_plain(), page.mail_html()] {
            assert!(text.contains("Acknowledge") && !text.to_lowercase().contains("reply"));
        }
        page.ack_url = None;
        assert!(!page.mail_plain().contains("Acknowledge"));
    }
}
