//! Pages to the person, and what became of their messages.

use super::{Asked, MessageRecord, PageRecord, Point, PointKind, Source};
use crate::Span;
use crate::escalation::Via;
use crate::word::NotificationState;

impl Asked<'_> {
    /// A page with its reason and its messages.
    pub(super) fn paged(&self, page: &PageRecord) -> Vec<Point> {
        let mut points = Vec::new();
        let mut sources = Vec::new();
        let text = match &page.reason {
            None => format!("{} was paged.", self.name),
            Some(reason) => {
                if let Some(id) = reason.policy_id {
                    sources.push(Source::Policy {
                        id,
                        version: reason.policy_version,
                        step: reason.step,
                    });
                }
                if reason.step.is_none() && reason.policy_id.is_some() {
                    sources.push(Source::Settings);
                }
                if let Via::Schedule { id, .. } = &reason.via {
                    sources.push(self.on_call_source(*id, page.created_at));
                }
                reason.sentence(&self.name, self.zone)
            }
        };
        points.push(Self::point(
            PointKind::Paged,
            page.created_at,
            text,
            sources,
        ));
        let messages = self.record.messages.iter();
        for message in messages.filter(|message| message.page == page.id) {
            points.push(self.message(page, message));
        }
        if points.len() == 1 {
            points.push(Self::point(
                PointKind::Message,
                page.created_at,
                format!(
                    "No message was made for it: {} had no contact method that could be used.",
                    self.name
                ),
                vec![Source::Person(self.user)],
            ));
        }
        points
    }

    fn message(&self, page: &PageRecord, message: &MessageRecord) -> Point {
        let channel = match message.channel {
            crate::word::ContactKind::Email => "Email",
            crate::word::ContactKind::Sms => "SMS",
        };
        let delay = message.due_at.since(page.created_at);
        let by_rule = self.rule(page, message);
        let error = message.error.as_deref().unwrap_or("no reason was given");
        let at = message.accepted_at.unwrap_or(message.due_at);
        let what = match message.state {
            NotificationState::Planned if message.attempts > 0 => {
                format!("failed and is tried again: {error}")
            }
            NotificationState::Planned => format!("goes out at {}", self.time(message.due_at)),
            NotificationState::Sending => "is being sent".to_owned(),
            NotificationState::Accepted => format!("was sent at {}", self.time(at)),
            NotificationState::Delivered => format!("was delivered, sent at {}", self.time(at)),
            NotificationState::Answered => format!("was answered, sent at {}", self.time(at)),
            NotificationState::Failed => format!("could not be sent: {error}"),
            NotificationState::Bundled => "went as part of another message".to_owned(),
            NotificationState::Cancelled => match self.stopped_after(page.created_at) {
                // Its time had not come when somebody answered.
                Some(turn) if delay > Span::ZERO => format!(
                    "was not sent: it was to wait {delay} and {} at {}",
                    clause(&turn.text),
                    self.time(turn.at)
                ),
                Some(turn) => {
                    format!(
                        "was not sent: {} at {}",
                        clause(&turn.text),
                        self.time(turn.at)
                    )
                }
                None => format!("was not sent: {error}"),
            },
        };
        Self::point(
            PointKind::Message,
            at,
            format!("{channel} {what}{by_rule}."),
            vec![Source::Person(self.user)],
        )
    }

    /// ` (rule 2 of Ana: SMS after 10 m)`, when a rule of today says so.
    fn rule(&self, page: &PageRecord, message: &MessageRecord) -> String {
        let delay = message.due_at.since(page.created_at);
        let place = self.directory.user(self.user).and_then(|user| {
            user.rules
                .iter()
                .filter(|rule| rule.urgency == page.urgency)
                .position(|rule| Some(rule.method_id) == message.method_id && rule.delay == delay)
        });
        let Some(place) = place else {
            return String::new();
        };
        let channel = message.channel.in_words();
        let when = match delay {
            Span::ZERO => "at once".to_owned(),
            delay => format!("after {delay}"),
        };
        format!(
            " (rule {} of {}: {channel} {when})",
            place.saturating_add(1),
            self.name
        )
    }
}

/// A timeline's sentence as part of another.
pub(super) fn clause(text: &str) -> &str {
    text.trim_end_matches('.')
}
