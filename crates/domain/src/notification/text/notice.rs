//! Messages that ask for no answer.

use super::{html, incident_label, one_line, shortened, sms};
use crate::word::ContactKind;

/// Tells somebody who was paged what became of it (PAGING.md §6.9), or an acknowledger that more
/// has failed (§2.3).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NoticeText {
    pub incident_number: i64,
    pub title: String,
    pub service: String,
    /// A sentence, e.g. `Bo acknowledged.`
    pub what: String,
    pub url: String,
}

impl NoticeText {
    /// The same subject as the pages of the incident, so that it stands in their thread.
    pub fn subject(&self) -> String {
        let label = incident_label(self.incident_number);
        let title = shortened(&one_line(&self.title), 150);
        format!("[{label}] {}: {title}", one_line(&self.service))
    }

    pub fn mail_plain(&self) -> String {
        format!(
            "{}\n\nIncident {}: {}: {}\n\nLook at it: {}\n",
            one_line(&self.what),
            incident_label(self.incident_number),
            one_line(&self.service),
            one_line(&self.title),
            self.url
        )
    }

    pub fn mail_html(&self) -> String {
        html::notice(self)
    }

    pub fn sms(&self) -> String {
        let head = format!(
            "{} {}: ",
            incident_label(self.incident_number),
            one_line(&self.service)
        );
        let tail = format!(". {}", one_line(&self.what));
        sms::fitted(&head, &one_line(&self.title), &tail)
    }
}

/// The six digits that prove a contact method (PAGING.md §6.1).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VerificationText {
    pub code: String,
}

impl VerificationText {
    pub fn subject(&self) -> String {
        "Your Quarterdeck verification code".to_owned()
    }

    /// The message, alike for mail and SMS.
    pub fn plain(&self, kind: ContactKind) -> String {
        let valid = super::super::verification::VALID_FOR;
        match kind {
            ContactKind::Sms => format!(
                "{} is your Quarterdeck code for this phone. It is valid for {valid}.",
                self.code
            ),
            ContactKind::Email => format!(
                "{} is your Quarterdeck code for this address.\n\nIt is valid for {valid}. If you \
                 did not ask for it, you need not do anything.\n",
                self.code
            ),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_notice_stands_in_the_thread_of_its_pages() {
        let notice = NoticeText {
            incident_number: 42,
            title: "error rate high".into(),
            service: "Checkout".into(),
            what: "Bo acknowledged.".into(),
            url: "https://q.example/incidents/42".into(),
        };
        assert_eq!(notice.subject(), super::super::tests::sample().subject());
        assert_eq!(
            notice.sms(),
            "INC-0042 Checkout: error rate high. Bo acknowledged."
        );
        assert!(notice.mail_plain().starts_with("Bo acknowledged.\n"));
        let code = VerificationText {
            code: "012345".into(),
        };
        assert!(code.plain(ContactKind::Sms).contains("012345"));
        assert!(code.plain(ContactKind::Email).contains("10 m"));
    }
}
