//! Escalation policies as configured (PAGING.md §4.1–4.3). How a run of one proceeds is in
//! [`crate::escalation`].

mod hours;

use serde::{Deserialize, Serialize};

pub use hours::StepHours;

use crate::word::{AlertSeverity, Urgency};
use crate::{ChannelId, PolicyId, ScheduleId, Span, TeamId, Timestamp, UserId, words};

/// A policy with its newest version. Runs keep the version they started with; older versions are
/// loaded by number.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Policy {
    pub id: PolicyId,
    pub slug: String,
    pub name: String,
    pub description: String,
    pub team_id: Option<TeamId>,
    pub current: PolicyVersion,
}

/// An immutable version of a policy: every save makes a new one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PolicyVersion {
    pub version: i64,
    pub created_at: Timestamp,
    pub config: PolicyConfig,
}

/// What a version says. Stored as JSON.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PolicyConfig {
    pub steps: Vec<Step>,
    /// How often the steps are run again after the first time: 0–9, default 2.
    #[serde(default = "default_repeats")]
    pub repeats: u8,
}

pub const REPEATS_DEFAULT: u8 = 2;
pub const REPEATS_MAX: u8 = 9;
pub const TARGETS_MAX: usize = 20;
pub const WAIT_MIN: Span = Span::from_seconds(10);
pub const WAIT_MAX: Span = Span::from_hours(24);
pub const WAIT_DEFAULT: Span = Span::from_minutes(5);

fn default_repeats() -> u8 {
    REPEATS_DEFAULT
}

fn default_wait() -> Span {
    WAIT_DEFAULT
}

/// One rung of the ladder.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Step {
    pub targets: Vec<Target>,
    #[serde(default)]
    pub mode: StepMode,
    /// Time until the next step: 10 s – 24 h.
    #[serde(default = "default_wait")]
    pub wait: Span,
    /// The step is for incidents of this urgency only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub urgency: Option<Urgency>,
    /// The step is for alerts at least this severe only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub severity_at_least: Option<AlertSeverity>,
    /// The step pages in these hours only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hours: Option<StepHours>,
}

/// Whom a step pages, or tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Target {
    User(UserId),
    Schedule(ScheduleId),
    Team(TeamId),
    /// No person: it is told, and counts as nobody reached.
    Channel(ChannelId),
}

impl Target {
    /// Whether the target leads to people.
    pub fn pages_people(self) -> bool {
        !matches!(self, Target::Channel(_))
    }

    /// The schedule through which the target leads to people, if it does.
    pub fn schedule(self) -> Option<ScheduleId> {
        match self {
            Target::Schedule(id) => Some(id),
            Target::User(_) | Target::Team(_) | Target::Channel(_) => None,
        }
    }
}

impl Step {
    /// The targets that lead to people, in their order: the turns of a round robin.
    pub fn people(&self) -> impl Iterator<Item = Target> + Clone + '_ {
        self.targets
            .iter()
            .copied()
            .filter(|target| target.pages_people())
    }

    /// The channels that are told, whoever's turn it is.
    pub fn channels(&self) -> impl Iterator<Item = ChannelId> + '_ {
        self.targets.iter().filter_map(|target| match target {
            Target::Channel(id) => Some(*id),
            Target::User(_) | Target::Schedule(_) | Target::Team(_) => None,
        })
    }

    /// Whether the step tells channels and pages nobody: its author gave it its wait all the same.
    pub fn only_tells(&self) -> bool {
        !self.targets.is_empty() && self.people().next().is_none()
    }
}

words! {
    /// Whether a step pages all its people, or the next of them in turn, in the order given.
    StepMode {
        All = "all",
        RoundRobin = "round_robin",
    }
}

#[expect(
    clippy::derivable_impls,
    reason = "the macro that declares the words derives no Default"
)]
impl Default for StepMode {
    fn default() -> Self {
        StepMode::All
    }
}

/// A configuration that cannot be saved; each problem names the field it stands in.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{field}: {message}")]
pub struct PolicyProblem {
    /// For example `steps[1].wait`.
    pub field: String,
    pub message: String,
}

impl PolicyConfig {
    /// Checks the limits of PAGING.md §4.1–4.2.
    ///
    /// # Errors
    /// Every problem at once, so that a form can show them all.
    pub fn validate(&self) -> Result<(), Vec<PolicyProblem>> {
        let mut problems: Vec<PolicyProblem> = (0..)
            .zip(&self.steps)
            .filter_map(|(index, step)| Some((index, step.hours.as_ref()?)))
            .flat_map(|(index, hours): (usize, &StepHours)| {
                hours.problems(&format!("steps[{index}].hours"))
            })
            .collect();
        let mut problem = |field: String, message: &str| {
            problems.push(PolicyProblem {
                field,
                message: message.to_owned(),
            });
        };
        if self.steps.is_empty() {
            problem(
                "steps".into(),
                "a policy needs at least one step: add who is paged first",
            );
        }
        if self.repeats > REPEATS_MAX {
            problem("repeats".into(), "a policy repeats 0 to 9 times");
        }
        for (index, step) in self.steps.iter().enumerate() {
            if step.targets.is_empty() || step.targets.len() > TARGETS_MAX {
                problem(
                    format!("steps[{index}].targets"),
                    "a step has 1 to 20 targets: choose a person, a schedule, a team or a channel",
                );
            }
            if step.wait < WAIT_MIN || step.wait > WAIT_MAX {
                problem(
                    format!("steps[{index}].wait"),
                    "the wait before the next step is 10 seconds to 24 hours",
                );
            }
        }
        if problems.is_empty() {
            Ok(())
        } else {
            Err(problems)
        }
    }

    /// Whether runs draw a turn from the policy's counter.
    pub fn takes_turns(&self) -> bool {
        self.steps
            .iter()
            .any(|step| step.mode == StepMode::RoundRobin)
    }

    /// Whether the policy mentions this target in any step.
    pub fn mentions(&self, target: Target) -> bool {
        self.steps.iter().any(|step| step.targets.contains(&target))
    }
}
