//! States as an icon, a word and a colour, never a colour alone (FACE.md rule 1).

use domain::Timestamp;
use domain::notification::Medium;
use domain::word::{
    AccountRole, Action, ActionPriority, ActionStatus, ActionType, AlertSeverity, AlertStatus,
    CommandRole, ContactKind, EntryKind, IncidentSeverity, IntegrationKind, NotificationKind,
    NotificationState, Origin, PagingState, Phase, PostmortemStatus, ResponderState, Urgency,
};

use super::frame::{Frame, Markup};
use crate::picture::svg::escape;

/// The colours of FACE.md rule 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tone {
    /// Red: a human is needed now.
    Alarm,
    /// Amber: acknowledged, or at risk.
    Held,
    /// Green: resolved, healthy.
    Fine,
    /// Blue: information.
    Info,
    /// Grey: off, suppressed.
    Off,
}

impl Tone {
    pub fn class(self) -> &'static str {
        match self {
            Tone::Alarm => "tone-alarm",
            Tone::Held => "tone-held",
            Tone::Fine => "tone-fine",
            Tone::Info => "tone-info",
            Tone::Off => "tone-off",
        }
    }
}

/// An icon of `static/icons.txt`, without a meaning of its own for readers who do not see it.
pub fn icon(name: &str) -> Markup {
    Markup(format!(
        "<svg class=\"icon\" aria-hidden=\"true\" focusable=\"false\"><use href=\"{}#{}\"/></svg>",
        crate::assets::url("icons.svg"),
        escape(name)
    ))
}

pub(super) fn badge(tone: Tone, picture: &str, word: &str) -> Markup {
    Markup(format!(
        "<span class=\"state {}\">{}{}</span>",
        tone.class(),
        icon(picture),
        escape(word)
    ))
}

/// Words and badges as templates ask for them.
impl Frame {
    pub fn icon(&self, name: &str) -> Markup {
        icon(name)
    }

    /// Triggered, acknowledged, snoozed or resolved.
    pub fn paging(&self, state: &PagingState, snoozed_until: &Option<Timestamp>) -> Markup {
        let snoozed = snoozed_until.is_some_and(|until| until > self.now);
        match state {
            PagingState::Triggered => badge(Tone::Alarm, "bell-ringing", "Triggered"),
            PagingState::Acknowledged if snoozed => badge(Tone::Held, "clock-pause", "Snoozed"),
            PagingState::Acknowledged => badge(Tone::Held, "user-check", "Acknowledged"),
            PagingState::Resolved => badge(Tone::Fine, "circle-check", "Resolved"),
        }
    }

    pub fn paging_tone(&self, state: &PagingState) -> &'static str {
        match state {
            PagingState::Triggered => Tone::Alarm.class(),
            PagingState::Acknowledged => Tone::Held.class(),
            PagingState::Resolved => Tone::Fine.class(),
        }
    }

    pub fn severity(&self, severity: &Option<IncidentSeverity>) -> Markup {
        match severity {
            Some(severity @ (IncidentSeverity::Sev1 | IncidentSeverity::Sev2)) => {
                badge(Tone::Alarm, "flame", severity.as_str())
            }
            Some(severity @ IncidentSeverity::Sev3) => {
                badge(Tone::Held, "flame", severity.as_str())
            }
            Some(severity) => badge(Tone::Off, "flame", severity.as_str()),
            None => badge(Tone::Off, "circle-dashed", "No severity"),
        }
    }

    /// Of an incident that collects what would be many (PAGING.md §2.4).
    pub fn storm(&self) -> Markup {
        badge(Tone::Off, "bolt", "Storm")
    }

    pub fn urgency(&self, urgency: &Urgency) -> Markup {
        match urgency {
            Urgency::High => badge(Tone::Off, "urgent", "High urgency"),
            Urgency::Low => badge(Tone::Off, "volume-off", "Low urgency"),
        }
    }

    pub fn phase(&self, phase: &Phase) -> Markup {
        let tone = match phase {
            Phase::Triage | Phase::Investigating | Phase::Identified | Phase::Mitigating => {
                Tone::Info
            }
            Phase::Monitoring => Tone::Info,
            Phase::Paused => Tone::Held,
            Phase::Resolved | Phase::Closed => Tone::Fine,
            Phase::Declined | Phase::Cancelled | Phase::Merged => Tone::Off,
        };
        badge(tone, "flag", self.phase_word(phase))
    }

    pub fn phase_word(&self, phase: &Phase) -> &'static str {
        match phase {
            Phase::Triage => "Triage",
            Phase::Investigating => "Investigating",
            Phase::Identified => "Identified",
            Phase::Mitigating => "Mitigating",
            Phase::Monitoring => "Monitoring",
            Phase::Paused => "Paused",
            Phase::Resolved => "Resolved",
            Phase::Closed => "Closed",
            Phase::Declined => "Declined",
            Phase::Cancelled => "Cancelled",
            Phase::Merged => "Merged",
        }
    }

    /// What a severity means (INCIDENTS.md §1.2), for choosing one.
    pub fn severity_word(&self, severity: &IncidentSeverity) -> &'static str {
        match severity {
            IncidentSeverity::Sev1 => "SEV1: core promise broken for most users, or data at risk",
            IncidentSeverity::Sev2 => "SEV2: key journey unusable for many, no workaround",
            IncidentSeverity::Sev3 => "SEV3: partial loss, or redundancy gone",
            IncidentSeverity::Sev4 => "SEV4: needs action, users not hindered",
            IncidentSeverity::Sev5 => "SEV5: cosmetic or for information",
        }
    }

    pub fn alert_state(&self, status: &AlertStatus) -> Markup {
        match status {
            AlertStatus::Open => badge(Tone::Alarm, "circle-dot", "Firing"),
            AlertStatus::Resolved => badge(Tone::Fine, "circle-check", "Resolved"),
        }
    }

    pub fn alert_severity(&self, severity: &AlertSeverity) -> Markup {
        match severity {
            AlertSeverity::Critical => badge(Tone::Off, "alert-triangle", "Critical"),
            AlertSeverity::Error => badge(Tone::Off, "alert-triangle", "Error"),
            AlertSeverity::Warning => badge(Tone::Off, "info-circle", "Warning"),
            AlertSeverity::Info => badge(Tone::Off, "info-circle", "Info"),
        }
    }

    pub fn notification_state(&self, state: &NotificationState) -> Markup {
        let (tone, picture) = match state {
            NotificationState::Planned => (Tone::Off, "clock"),
            NotificationState::Sending => (Tone::Info, "send"),
            NotificationState::Accepted => (Tone::Info, "check"),
            NotificationState::Delivered => (Tone::Fine, "checks"),
            NotificationState::Answered => (Tone::Fine, "user-check"),
            NotificationState::Failed => (Tone::Alarm, "circle-x"),
            NotificationState::Cancelled => (Tone::Off, "x"),
            NotificationState::Bundled => (Tone::Off, "messages"),
        };
        badge(tone, picture, self.notification_word(state))
    }

    /// Of a message that went nowhere, since no provider is set up.
    pub fn kept_here(&self) -> Markup {
        badge(Tone::Held, "inbox", "Outbox only")
    }

    pub fn notification_word(&self, state: &NotificationState) -> &'static str {
        match state {
            NotificationState::Planned => "Planned",
            NotificationState::Sending => "Sending",
            NotificationState::Accepted => "Accepted",
            NotificationState::Delivered => "Delivered",
            NotificationState::Answered => "Answered",
            NotificationState::Failed => "Failed",
            NotificationState::Cancelled => "Cancelled",
            NotificationState::Bundled => "Bundled",
        }
    }

    pub fn notification_kind(&self, kind: &NotificationKind) -> &'static str {
        match kind {
            NotificationKind::Page => "Page",
            NotificationKind::Notice => "Notice",
            NotificationKind::Verification => "Verification",
            NotificationKind::Reply => "Reply",
            NotificationKind::Post => "Post",
            NotificationKind::Digest => "Digest",
        }
    }

    pub fn method(&self, kind: &ContactKind) -> Markup {
        self.medium(&Medium::from(*kind))
    }

    /// What a message travels by.
    pub fn medium(&self, medium: &Medium) -> Markup {
        let (picture, word) = match medium {
            Medium::Email => ("mail", "Email"),
            Medium::Sms => ("device-mobile", "SMS"),
            Medium::Webhook => ("plug", "Webhook"),
            Medium::Slack => ("messages", "Chat"),
            Medium::Teams => ("messages", "Teams"),
        };
        Markup(format!(
            "<span class=\"method\">{}{word}</span>",
            icon(picture)
        ))
    }

    pub fn method_word(&self, kind: &ContactKind) -> &'static str {
        match kind {
            ContactKind::Email => "Email",
            ContactKind::Sms => "SMS",
        }
    }

    pub fn integration_word(&self, kind: &IntegrationKind) -> &'static str {
        formats::format::of(*kind).name
    }

    pub fn role_word(&self, role: &CommandRole) -> &'static str {
        match role {
            CommandRole::Commander => "Commander",
            CommandRole::Deputy => "Deputy",
            CommandRole::Scribe => "Scribe",
            CommandRole::Communications => "Communications",
        }
    }

    /// What a holder of the role does, in one sentence (INCIDENTS.md §2.1).
    pub fn role_duty(&self, role: &CommandRole) -> &'static str {
        match role {
            CommandRole::Commander => "Decides, assigns each task to one person, does not debug.",
            CommandRole::Deputy => "Runs the timers, raises what was missed, stands by.",
            CommandRole::Scribe => "Logs decisions, actions and findings as they happen.",
            CommandRole::Communications => "Drafts and posts the updates, shields the responders.",
        }
    }

    /// Where a person acted from.
    pub fn origin_word(&self, origin: &Origin) -> &'static str {
        match origin {
            Origin::Web => "web",
            Origin::Api => "API",
            Origin::Email => "email",
            Origin::EmailReply => "reply to mail",
            Origin::Sms => "SMS",
            Origin::Monitor => "a monitor",
            Origin::System => "Quarterdeck",
            Origin::Cli => "command line",
        }
    }

    /// The icon of what a monitor says.
    pub fn action_icon(&self, action: &Action) -> Markup {
        icon(match action {
            Action::Trigger => "bolt",
            Action::Acknowledge => "user-check",
            Action::Resolve => "circle-check",
            Action::Note => "note",
        })
    }

    pub fn account_word(&self, role: &AccountRole) -> &'static str {
        match role {
            AccountRole::Admin => "Admin",
            AccountRole::Responder => "Responder",
            AccountRole::Observer => "Observer",
        }
    }

    pub fn postmortem_state(&self, status: &PostmortemStatus) -> Markup {
        let (tone, picture) = match status {
            PostmortemStatus::Draft => (Tone::Off, "pencil"),
            PostmortemStatus::InReview => (Tone::Info, "eye"),
            PostmortemStatus::Approved => (Tone::Fine, "check"),
            PostmortemStatus::Published => (Tone::Fine, "book"),
            PostmortemStatus::Closed => (Tone::Off, "circle-check"),
        };
        badge(tone, picture, self.postmortem_word(status))
    }

    pub fn postmortem_word(&self, status: &PostmortemStatus) -> &'static str {
        match status {
            PostmortemStatus::Draft => "Draft",
            PostmortemStatus::InReview => "In review",
            PostmortemStatus::Approved => "Approved",
            PostmortemStatus::Published => "Published",
            PostmortemStatus::Closed => "Closed",
        }
    }

    /// What a move to this status is called on a button.
    pub fn postmortem_verb(&self, status: &PostmortemStatus) -> &'static str {
        match status {
            PostmortemStatus::Draft => "Back to draft",
            PostmortemStatus::InReview => "Ask for review",
            PostmortemStatus::Approved => "Approve",
            PostmortemStatus::Published => "Publish",
            PostmortemStatus::Closed => "Close",
        }
    }

    pub fn action_state(&self, status: &ActionStatus) -> Markup {
        match status {
            ActionStatus::Open => badge(Tone::Off, "circle-dashed", "Open"),
            ActionStatus::InProgress => badge(Tone::Info, "circle-dot", "In progress"),
            ActionStatus::Done => badge(Tone::Fine, "circle-check", "Done"),
            ActionStatus::WontDo => badge(Tone::Off, "x", "Won't do"),
        }
    }

    pub fn action_word(&self, status: &ActionStatus) -> &'static str {
        match status {
            ActionStatus::Open => "Open",
            ActionStatus::InProgress => "In progress",
            ActionStatus::Done => "Done",
            ActionStatus::WontDo => "Won't do",
        }
    }

    pub fn action_types(&self) -> &'static [ActionType] {
        ActionType::ALL
    }

    pub fn action_priorities(&self) -> &'static [ActionPriority] {
        ActionPriority::ALL
    }

    pub fn action_statuses(&self) -> &'static [ActionStatus] {
        ActionStatus::ALL
    }

    pub fn severities(&self) -> &'static [IncidentSeverity] {
        IncidentSeverity::ALL
    }

    pub fn account_roles(&self) -> &'static [AccountRole] {
        AccountRole::ALL
    }

    /// What somebody who was asked to help has said.
    pub fn responder_state(&self, state: &ResponderState, at: &Option<Timestamp>) -> Markup {
        let (tone, symbol, word) = match state {
            ResponderState::Asked => ("tone-alarm", "bell-ringing", "No answer yet"),
            ResponderState::Accepted => ("tone-held", "user-check", "Helps"),
            ResponderState::Declined => ("tone-off", "circle-x", "Declined"),
            ResponderState::Ended => ("tone-off", "circle-check", "Over before the answer"),
        };
        let clock = at
            .map(|at| format!(" {}", self.clock(&at)))
            .unwrap_or_default();
        Markup(format!(
            "<span class=\"state {tone}\">{}{word}{clock}</span>",
            icon(symbol)
        ))
    }

    /// The icon of a timeline entry.
    pub fn entry_icon(&self, kind: &EntryKind) -> Markup {
        icon(match kind {
            EntryKind::AlertOpened | EntryKind::AlertJoined | EntryKind::Opened => "bolt",
            EntryKind::Storm => "urgent",
            EntryKind::Reopened | EntryKind::Flapping => "refresh",
            EntryKind::PagingPaused => "clock-pause",
            EntryKind::SuppressionEnded | EntryKind::SourceSilent => "clock",
            EntryKind::AlertResolved | EntryKind::Resolved | EntryKind::Closed => "circle-check",
            EntryKind::Declared | EntryKind::SeverityChanged | EntryKind::UrgencyChanged => "flame",
            EntryKind::TitleChanged => "pencil",
            EntryKind::PhaseChanged | EntryKind::KeyMomentSet => "flag",
            EntryKind::EscalationStarted
            | EntryKind::StepExecuted
            | EntryKind::StepSkipped
            | EntryKind::Repeated
            | EntryKind::Escalated
            | EntryKind::LastResort => "stairs-up",
            EntryKind::Paged => "bell-ringing",
            EntryKind::NotificationSent => "send",
            EntryKind::NotificationDelivered => "checks",
            EntryKind::NotificationFailed => "circle-x",
            EntryKind::Acknowledged | EntryKind::ResponderAccepted => "user-check",
            EntryKind::ResponderDeclined => "circle-x",
            EntryKind::Unacknowledged => "corner-up-left",
            EntryKind::AckTimeout | EntryKind::SnoozeEnded => "clock",
            EntryKind::Snoozed => "clock-pause",
            EntryKind::Reassigned => "users",
            EntryKind::Note => "note",
            EntryKind::Changed => "git-commit",
            EntryKind::RoleAssigned | EntryKind::RoleReleased => "crown",
            EntryKind::HandoverProposed
            | EntryKind::HandoverAccepted
            | EntryKind::HandoverDeclined
            | EntryKind::HandoverExpired => "crown",
            EntryKind::StatusUpdate => "message",
            EntryKind::PostmortemStarted => "file-text",
        })
    }

    /// The tone of a timeline entry: only what needs or ends the need of a human has one.
    pub fn entry_tone(&self, kind: &EntryKind) -> &'static str {
        match kind {
            EntryKind::Opened
            | EntryKind::Reopened
            | EntryKind::NotificationFailed
            | EntryKind::LastResort
            | EntryKind::AckTimeout => Tone::Alarm.class(),
            EntryKind::Acknowledged | EntryKind::Snoozed => Tone::Held.class(),
            EntryKind::Resolved | EntryKind::AlertResolved | EntryKind::Closed => {
                Tone::Fine.class()
            }
            _ => "",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_state_is_an_icon_a_word_and_a_colour() {
        let frame = Frame::signed_out("x", "c", Timestamp::from_seconds(100));
        let html = frame.paging(&PagingState::Triggered, &None).0;
        assert!(html.contains("tone-alarm") && html.contains("#bell-ringing"));
        assert!(html.ends_with("Triggered</span>"));
        let later = Some(Timestamp::from_seconds(200));
        assert!(
            frame
                .paging(&PagingState::Acknowledged, &later)
                .0
                .contains("Snoozed")
        );
    }

    #[test]
    fn every_icon_of_the_list_of_kinds_is_in_the_sprite() {
        let frame = Frame::signed_out("x", "c", Timestamp::from_seconds(100));
        let (_, sprite) = crate::assets::all()
            .find(|(name, _)| *name == "icons.svg")
            .unwrap();
        let sprite = std::str::from_utf8(sprite.bytes).unwrap();
        for kind in EntryKind::ALL {
            let html = frame.entry_icon(kind).0;
            let name = html.split('#').nth(1).unwrap().split('"').next().unwrap();
            assert!(sprite.contains(&format!("id=\"{name}\"")), "{name}");
        }
    }
}
