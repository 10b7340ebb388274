//! What a channel is told.

use serde::{Deserialize, Serialize};

use super::{Channel, ChannelEvent};
use crate::directory::Directory;
use crate::escalation::{Run, Told};
use crate::incident::{Incident, label};
use crate::notification::text::one_line;
use crate::word::{AlertSeverity, PagingState, Urgency};
use crate::{Timestamp, UserId};

/// What a channel is told, written down when it happens: a post that leaves late, or again, says the
/// same. The outbox keeps it as JSON.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Post {
    pub event: ChannelEvent,
    pub at: Timestamp,
    /// A sentence without its stop: `Step 1 of policy Checkout (v3) paged Ana`.
    pub what: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub incident: Option<AboutIncident>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub step: Option<AboutStep>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hand_off: Option<AboutHandOff>,
    /// Of a test: the channel's slug.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub channel: Option<String>,
}

/// The incident as it stood.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AboutIncident {
    pub number: i64,
    pub title: String,
    /// Name of the service.
    pub service: Option<String>,
    pub severity: AlertSeverity,
    pub urgency: Urgency,
    pub status: PagingState,
}

/// The step that tells, and why.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AboutStep {
    /// Empty when the service has none.
    pub policy: String,
    pub version: i64,
    /// From 1; `None` is the last resort.
    pub step: Option<i64>,
    /// From 1: how often the steps have begun.
    pub round: i64,
    /// Names of those whom the step paged.
    pub paged: Vec<String>,
}

/// Who hands over to whom.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AboutHandOff {
    pub slug: String,
    /// Name of the schedule.
    pub schedule: String,
    /// Who is on call now; empty: nobody.
    pub on_call: Vec<String>,
    pub before: Vec<String>,
    pub until: Option<Timestamp>,
}

impl AboutIncident {
    fn of(incident: &Incident, directory: &Directory) -> AboutIncident {
        let service = incident.service_id.and_then(|id| directory.service(id));
        AboutIncident {
            number: incident.number,
            title: incident.title.clone(),
            service: service.map(|service| service.name.clone()),
            severity: incident.alert_severity,
            urgency: incident.urgency,
            status: incident.paging,
        }
    }

    /// `[INC-0042] Checkout: error rate high`, as the subject of the pages.
    pub fn headline(&self) -> String {
        let service = match &self.service {
            Some(service) => format!("{}: ", one_line(service)),
            None => String::new(),
        };
        format!(
            "[{}] {service}{}",
            label(self.number),
            one_line(&self.title)
        )
    }
}

impl AboutStep {
    /// `Step 2 of policy Checkout (v3, round 2)`, `The last resort`.
    fn rung(&self) -> String {
        let Some(step) = self.step else {
            return "The last resort".to_owned();
        };
        let round = match self.round {
            ..=1 => String::new(),
            round => format!(", round {round}"),
        };
        format!(
            "Step {step} of policy {} (v{}{round})",
            self.policy, self.version
        )
    }

    /// Why the channel is told: `Step 1 of policy Checkout (v3) names this channel`.
    pub fn reason(&self) -> String {
        format!("{} names this channel", self.rung())
    }

    fn what(&self) -> String {
        match self.paged.as_slice() {
            [] => format!("{} tells this channel and pages nobody", self.rung()),
            paged => format!("{} paged {}", self.rung(), paged.join(", ")),
        }
    }
}

impl Post {
    /// A step of a run tells a channel.
    pub fn triggered(
        told: &Told,
        run: &Run,
        policy_name: &str,
        incident: &Incident,
        directory: &Directory,
        now: Timestamp,
    ) -> Post {
        let step = AboutStep {
            policy: policy_name.to_owned(),
            version: run.policy_version,
            step: told.step,
            round: told.cycle.saturating_add(1),
            paged: names(&told.paged, directory),
        };
        Post {
            event: ChannelEvent::Triggered,
            at: now,
            what: step.what(),
            incident: Some(AboutIncident::of(incident, directory)),
            step: Some(step),
            hand_off: None,
            channel: None,
        }
    }

    /// What became of an incident that the channel was told of. `what` is the timeline's sentence.
    pub fn followed(
        event: ChannelEvent,
        what: &str,
        incident: &Incident,
        directory: &Directory,
        now: Timestamp,
    ) -> Post {
        Post {
            event,
            at: now,
            what: what.to_owned(),
            incident: Some(AboutIncident::of(incident, directory)),
            step: None,
            hand_off: None,
            channel: None,
        }
    }

    /// Others than before are on call.
    pub fn handed_off(hand_off: AboutHandOff, now: Timestamp) -> Post {
        let who = |names: &[String]| match names {
            [] => "nobody".to_owned(),
            names => names.join(", "),
        };
        let what = format!(
            "On call for {} now: {}; before: {}",
            hand_off.schedule,
            who(&hand_off.on_call),
            who(&hand_off.before)
        );
        Post {
            event: ChannelEvent::HandOff,
            at: now,
            what,
            incident: None,
            step: None,
            hand_off: Some(hand_off),
            channel: None,
        }
    }

    /// Somebody tries the channel out.
    pub fn test(channel: &Channel, who: &str, now: Timestamp) -> Post {
        Post {
            event: ChannelEvent::Test,
            at: now,
            what: format!(
                "{who} tries out channel {}: what you read is a test, and nothing is wrong",
                channel.name
            ),
            incident: None,
            step: None,
            hand_off: None,
            channel: Some(channel.slug.clone()),
        }
    }

    /// Where to look, below the installation's own address.
    pub fn path(&self) -> String {
        if let Some(incident) = &self.incident {
            format!("/incidents/{}", incident.number)
        } else if let Some(hand_off) = &self.hand_off {
            format!("/schedules/{}", hand_off.slug)
        } else {
            match &self.channel {
                Some(slug) => format!("/channels/{slug}"),
                None => "/channels".to_owned(),
            }
        }
    }

    /// One line: what the post is about.
    pub fn headline(&self) -> String {
        match (&self.incident, &self.hand_off) {
            (Some(incident), _) => incident.headline(),
            (None, Some(hand_off)) => format!("Hand-off: {}", one_line(&hand_off.schedule)),
            (None, None) => "Test of a channel".to_owned(),
        }
    }
}

/// `Triggered`, `Acknowledged`: what a post begins with.
pub const fn state_word(event: ChannelEvent) -> &'static str {
    match event {
        ChannelEvent::Triggered => "Triggered",
        ChannelEvent::Acknowledged => "Acknowledged",
        ChannelEvent::Resolved => "Resolved",
        ChannelEvent::HandOff => "Hand-off",
        ChannelEvent::Test => "Test",
    }
}

fn names(users: &[UserId], directory: &Directory) -> Vec<String> {
    users
        .iter()
        .map(|user| directory.user_name(*user).to_owned())
        .collect()
}
