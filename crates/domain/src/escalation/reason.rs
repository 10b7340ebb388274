//! Why a page was made (PAGING.md §6.10): the part of the chain that a policy knows.

use jiff::tz::TimeZone;
use serde::{Deserialize, Serialize};

use super::Named;
use crate::schedule::ShiftSource;
use crate::word::PageCause;
use crate::{PolicyId, ScheduleId, TeamId, Timestamp};

/// Why this person was paged. Stored as JSON on the page; names are as they were at the time.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reason {
    pub cause: PageCause,
    pub policy_id: Option<PolicyId>,
    /// Empty without a policy.
    pub policy_name: String,
    pub policy_version: i64,
    /// Counted from 1; `None` for the last resort and for people asked for by name.
    pub step: Option<i64>,
    /// 0 the first time through the steps.
    pub cycle: i64,
    pub via: Via,
    /// Who asked for the person, and the message, where somebody did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub request: Option<Request>,
}

/// What a request for help says (PAGING.md §4.8).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Request {
    /// Name of who asks.
    pub by: String,
    /// May be empty.
    pub message: String,
}

/// What led from the step to the person.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Via {
    /// The step names the person.
    User,
    /// Every member of the team.
    Team(Named<TeamId>),
    /// On call for the schedule.
    Schedule {
        id: ScheduleId,
        name: String,
        source: OnCallSource,
        start: Timestamp,
        end: Timestamp,
        /// Nobody takes over at `end`; it is only as far as was looked.
        #[serde(default)]
        open_end: bool,
    },
    /// The person had acknowledged, and the acknowledgement ran out (PAGING.md §4.7).
    AcknowledgedBefore,
}

/// Why the person is on call.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OnCallSource {
    Layer(String),
    /// A calendar elsewhere, by its name.
    Import(String),
    Override,
    Temporary,
    Swap,
}

impl From<&ShiftSource> for OnCallSource {
    fn from(source: &ShiftSource) -> Self {
        match source {
            ShiftSource::Layer { name, .. } => OnCallSource::Layer(name.clone()),
            ShiftSource::Import { name, .. } => OnCallSource::Import(name.clone()),
            ShiftSource::Override { .. } => OnCallSource::Override,
            ShiftSource::Temporary { .. } => OnCallSource::Temporary,
            ShiftSource::Swap { .. } => OnCallSource::Swap,
        }
    }
}

impl Reason {
    /// A page that somebody asked for by name.
    pub fn adhoc() -> Self {
        Reason {
            cause: PageCause::Adhoc,
            policy_id: None,
            policy_name: String::new(),
            policy_version: 0,
            step: None,
            cycle: 0,
            via: Via::User,
            request: None,
        }
    }

    /// A request for help.
    pub fn asked(by: &str, message: &str, via: Via) -> Self {
        Reason {
            via,
            request: Some(Request {
                by: by.to_owned(),
                message: message.to_owned(),
            }),
            ..Reason::adhoc()
        }
    }

    /// One sentence for the page and the incident, e.g. `Step 1 of policy Checkout (v3) pages the
    /// on-call of Platform: layer Primary until Mon 09:00.` `who` is the person paged as the
    /// reader knows them (`you`, `Ana`); times are in `zone`, the reader's.
    pub fn sentence(&self, who: &str, zone: &TimeZone) -> String {
        let via = self.via.phrase(who, zone);
        let rung = match self.step {
            Some(step) => {
                let round = match self.cycle {
                    0 => String::new(),
                    cycle => format!(", round {}", cycle.saturating_add(1)),
                };
                let (policy, version) = (&self.policy_name, self.policy_version);
                format!("Step {step} of policy {policy} (v{version}{round})")
            }
            None => "The last resort".to_owned(),
        };
        if let Some(Request { by, message }) = &self.request {
            return match message.as_str() {
                "" => format!("{by} asks {via} to help."),
                message => format!("{by} asks {via} to help: “{message}”"),
            };
        }
        match self.cause {
            PageCause::Adhoc => format!("Somebody asked for {who} by name."),
            PageCause::OnCallChange => {
                format!("{rung} pages {via}. The shift began while nobody had acknowledged.")
            }
            PageCause::LowUrgency => {
                format!("{rung} tells {via}. The urgency is low, so it goes no further.")
            }
            PageCause::Step | PageCause::LastResort => format!("{rung} pages {via}."),
        }
    }
}

impl Via {
    fn phrase(&self, who: &str, zone: &TimeZone) -> String {
        match self {
            Via::User => format!("{who} by name"),
            Via::Team(team) => format!("everyone in team {}", team.name),
            Via::AcknowledgedBefore => {
                format!("{who} again, because the acknowledgement ran out")
            }
            Via::Schedule {
                name,
                source,
                end,
                open_end,
                ..
            } => {
                let source = match source {
                    OnCallSource::Layer(layer) => format!("layer {layer}"),
                    OnCallSource::Override => "override".to_owned(),
                    OnCallSource::Import(name) => format!("calendar {name}"),
                    OnCallSource::Temporary => "temporary schedule".to_owned(),
                    OnCallSource::Swap => "swap".to_owned(),
                };
                if *open_end {
                    format!("the on-call of {name}: {source}")
                } else {
                    let until = end.in_zone(zone).strftime("%a %H:%M").to_string();
                    format!("the on-call of {name}: {source} until {until}")
                }
            }
        }
    }
}
