//! What Twilio sends us: status callbacks and replies, and how replies are answered. Check
//! [`super::signature::verify`] before believing any of it.

use domain::word::NotificationState;

use super::code;
use crate::Failure;

/// A person's answer to a message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InboundSms {
    pub from: String,
    /// Our number that was answered.
    pub to: String,
    pub body: String,
    /// The same when Twilio repeats a delivery.
    pub message_sid: String,
    /// Set when Twilio itself has acted on the text and answered it.
    pub opt_out: Option<OptOut>,
}

/// Words that Twilio's opt-out handling understands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OptOut {
    Stop,
    Start,
    Help,
}

impl InboundSms {
    /// Reads the form of an inbound message; `None` when it is not one.
    pub fn from_params(params: &[(String, String)]) -> Option<Self> {
        Some(Self {
            from: value(params, "From")?.to_owned(),
            to: value(params, "To")?.to_owned(),
            body: value(params, "Body")?.to_owned(),
            message_sid: message_sid(params)?,
            opt_out: value(params, "OptOutType").and_then(|word| match word {
                "STOP" => Some(OptOut::Stop),
                "START" => Some(OptOut::Start),
                "HELP" => Some(OptOut::Help),
                _ => None,
            }),
        })
    }
}

/// What became of a message. Callbacks come out of order and more than once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StatusCallback {
    pub message_sid: String,
    pub status: String,
    pub error_code: Option<u32>,
}

impl StatusCallback {
    /// Reads the form of a status callback; `None` when it is not one.
    pub fn from_params(params: &[(String, String)]) -> Option<Self> {
        Some(Self {
            message_sid: message_sid(params)?,
            status: value(params, "MessageStatus")
                .or_else(|| value(params, "SmsStatus"))?
                .to_owned(),
            error_code: value(params, "ErrorCode")
                .and_then(|code| code.parse().ok())
                .filter(|code| *code != 0),
        })
    }

    /// See [`evidence`].
    pub fn evidence(&self) -> Option<NotificationState> {
        evidence(&self.status)
    }

    /// For a message that did not arrive: why, classified like the failure of an attempt.
    pub fn failure(&self) -> Option<Failure> {
        if self.evidence() != Some(NotificationState::Failed) {
            return None;
        }
        let unclassified = |reason| Failure::Permanent {
            reason,
            method_broken: false,
        };
        Some(match self.error_code {
            Some(code) => {
                let reason = format!("twilio: {}, error {code}", self.evidence_word());
                code::failure(code, reason.clone()).unwrap_or_else(|| unclassified(reason))
            }
            None => unclassified(format!("twilio: {}", self.evidence_word())),
        })
    }

    /// The status if it is one that we know: reasons must not repeat what anybody can post.
    fn evidence_word(&self) -> &'static str {
        match self.status.as_str() {
            "undelivered" => "undelivered",
            _ => "failed",
        }
    }
}

/// How far `status` proves that a message came. The order in which evidence counts is the domain's
/// business (PAGING.md §6.7).
pub fn evidence(status: &str) -> Option<NotificationState> {
    match status {
        "accepted" | "scheduled" | "queued" | "sending" | "sent" => {
            Some(NotificationState::Accepted)
        }
        "delivered" | "read" => Some(NotificationState::Delivered),
        "undelivered" | "failed" => Some(NotificationState::Failed),
        "canceled" => Some(NotificationState::Cancelled),
        _ => None,
    }
}

/// The answer to an inbound message that sends `text` back. Its type is `text/xml`.
pub fn twiml_message(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '\n' | '\t' => escaped.push(c),
            // XML 1.0 has no way to write these.
            c if c.is_control() || matches!(c, '\u{fffe}' | '\u{ffff}') => {}
            c => escaped.push(c),
        }
    }
    format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?><Response><Message>{escaped}</Message></Response>"
    )
}

/// The answer to an inbound message that sends nothing back.
pub fn twiml_empty() -> &'static str {
    "<?xml version=\"1.0\" encoding=\"UTF-8\"?><Response/>"
}

fn message_sid(params: &[(String, String)]) -> Option<String> {
    let sid = value(params, "MessageSid").or_else(|| value(params, "SmsSid"))?;
    (!sid.is_empty()).then(|| sid.to_owned())
}

fn value<'a>(params: &'a [(String, String)], name: &str) -> Option<&'a str> {
    params
        .iter()
        .find(|(given, _)| given == name)
        .map(|(_, value)| value.as_str())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn form(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
        pairs
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
            .collect()
    }

    #[test]
    fn a_callback_is_read_with_its_evidence() {
        let callback = StatusCallback::from_params(&form(&[
            ("MessageSid", "SM1"),
            ("MessageStatus", "undelivered"),
            ("ErrorCode", "30005"),
        ]))
        .unwrap();
        assert_eq!(callback.evidence(), Some(NotificationState::Failed));
        assert_eq!(
            callback.failure(),
            Some(Failure::Permanent {
                reason: "twilio: undelivered, error 30005".to_owned(),
                method_broken: true
            })
        );
        assert!(StatusCallback::from_params(&form(&[("MessageStatus", "sent")])).is_none());
    }

    #[test]
    fn success_is_no_failure_and_an_unknown_code_breaks_no_method() {
        let mut callback = StatusCallback {
            message_sid: "SM1".to_owned(),
            status: "delivered".to_owned(),
            error_code: None,
        };
        assert_eq!(callback.failure(), None);
        callback.status = "failed".to_owned();
        callback.error_code = Some(39999);
        assert!(matches!(
            callback.failure(),
            Some(Failure::Permanent {
                method_broken: false,
                ..
            })
        ));
        callback.status = "dreaming".to_owned();
        assert_eq!(callback.evidence(), None);
        assert_eq!(callback.failure(), None);
    }

    #[test]
    fn a_reply_is_read_with_its_opt_out() {
        let reply = InboundSms::from_params(&form(&[
            ("From", "+4915112345678"),
            ("To", "+4930123456"),
            ("Body", "STOP"),
            ("SmsSid", "SM2"),
            ("OptOutType", "STOP"),
        ]))
        .unwrap();
        assert_eq!(reply.opt_out, Some(OptOut::Stop));
        assert_eq!(reply.message_sid, "SM2");
    }

    #[test]
    fn answers_are_valid_xml_whatever_they_say() {
        assert_eq!(
            twiml_message("a<b & c>\u{0}d\u{1b}[31m"),
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\
             <Response><Message>a&lt;b &amp; c&gt;d[31m</Message></Response>"
        );
    }
}
