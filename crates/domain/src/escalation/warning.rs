//! What is wrong with a policy although it can be saved (PAGING.md §4.10, §6.2).

use std::collections::BTreeSet;

use jiff::tz::TimeZone;

use super::resolve::{next_change, resolve_all, resolve_target};
use crate::directory::{ContactMethod, Directory, NotificationRule, User};
use crate::policy::{PolicyConfig, Step, StepHours, Target};
use crate::reminder::moment;
use crate::word::{ContactKind, Urgency};
use crate::{Span, Timestamp, UserId};

/// How far ahead a policy is looked at (PAGING.md §4.10).
pub const LOOK_AHEAD: Span = Span::from_days(30);

/// A sweep over shifts gives up after so many: a schedule that changes more often than every few
/// minutes is not looked at to its end.
const SHIFTS_MAX: usize = 2_000;

/// One thing worth changing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Warning {
    /// Index (from 0) of the step; `None` for the policy as a whole and its last resort.
    pub step: Option<i64>,
    pub user: Option<UserId>,
    pub kind: WarningKind,
    /// A sentence.
    pub text: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WarningKind {
    /// No step reaches anybody at this instant: saved only when one insists (PAGING.md §4.10).
    PolicyReachesNobody {
        at: Timestamp,
    },
    /// The step is skipped if it falls due at this instant.
    StepReachesNobody {
        at: Timestamp,
    },
    LastResortReachesNobody,
    /// One of several people of a step cannot be paged.
    PersonUnreachable,
    /// A channel of a step is not told, or could not be told lately.
    ChannelSilent,
    /// A notification rule is later than the step's wait (PAGING.md §6.2).
    RuleTooLate,
    /// All of a person's contact methods are of one kind, so one dead provider silences them.
    SingleChannel,
}

impl Warning {
    /// Whether saving needs an explicit "save anyway" (PAGING.md §4.10).
    pub fn needs_confirmation(&self) -> bool {
        matches!(self.kind, WarningKind::PolicyReachesNobody { .. })
    }

    /// The sentence for somebody whose clock is that of `zone`; [`Warning::text`] knows UTC only.
    pub fn said(&self, zone: &TimeZone) -> String {
        match self.kind {
            WarningKind::PolicyReachesNobody { at } | WarningKind::StepReachesNobody { at } => {
                self.text.replace(&in_utc(at), &moment(at, zone))
            }
            _ => self.text.clone(),
        }
    }
}

/// Everything worth a warning, from `now` to [`LOOK_AHEAD`]; worst first.
pub fn warnings(config: &PolicyConfig, directory: &Directory, now: Timestamp) -> Vec<Warning> {
    let mut found = Vec::new();
    let all: Vec<Way<'_>> = config
        .steps
        .iter()
        .flat_map(|step| {
            step.targets
                .iter()
                .map(|target| (*target, step.hours.as_ref()))
        })
        .collect();
    if let Some(at) = reaches_nobody_at(&all, directory, now) {
        found.push(Warning {
            step: None,
            user: None,
            kind: WarningKind::PolicyReachesNobody { at },
            text: format!(
                "The policy reaches nobody {}: the last resort would be paged.",
                when(at, now)
            ),
        });
    }
    let last_resort = &directory.settings.last_resort;
    if resolve_all(last_resort, directory, now).reached.is_empty() {
        found.push(Warning {
            step: None,
            user: None,
            kind: WarningKind::LastResortReachesNobody,
            text: "The last resort reaches nobody: set one who has a verified contact method."
                .to_owned(),
        });
    }
    for (index, step) in (0_i64..).zip(&config.steps) {
        step_warnings(index, step, directory, now, &mut found);
    }
    found
}

fn step_warnings(
    index: i64,
    step: &Step,
    directory: &Directory,
    now: Timestamp,
    found: &mut Vec<Warning>,
) {
    let shown = index.saturating_add(1);
    // That a step is for some hours only is meant so, and is no gap of the step itself.
    let targets: Vec<Way<'_>> = step.people().map(|target| (target, None)).collect();
    if !targets.is_empty()
        && let Some(at) = reaches_nobody_at(&targets, directory, now)
    {
        found.push(Warning {
            step: Some(index),
            user: None,
            kind: WarningKind::StepReachesNobody { at },
            text: format!(
                "Step {shown} reaches nobody {} and would be skipped.",
                when(at, now)
            ),
        });
    }
    let resolution = resolve_all(&step.targets, directory, now);
    for unreached in resolution.unreached {
        if let Some(user) = unreached.user {
            found.push(Warning {
                step: Some(index),
                user: Some(user),
                kind: WarningKind::PersonUnreachable,
                text: format!("{}.", unreached.why),
            });
        }
    }
    for channel in step.channels().filter_map(|id| directory.channel(id)) {
        let why = channel.why_silent().or_else(|| {
            let trouble = channel.trouble.as_ref()?;
            Some(format!(
                "channel {} could not be told lately: {trouble}",
                channel.name
            ))
        });
        if let Some(why) = why {
            found.push(Warning {
                step: Some(index),
                user: None,
                kind: WarningKind::ChannelSilent,
                text: format!("Step {shown} may not be heard: {why}."),
            });
        }
    }
    // Low urgency never escalates, so no wait follows its pages.
    let high = step.urgency != Some(Urgency::Low);
    for reached in &resolution.reached {
        let Some(user) = directory.user(reached.user) else {
            continue;
        };
        for (rule, method) in late_rules(user, step.wait).filter(|_| high) {
            found.push(Warning {
                step: Some(index),
                user: Some(user.id),
                kind: WarningKind::RuleTooLate,
                text: format!(
                    "{}'s {} after {} comes later than the next step, {} after this one.",
                    user.name, method.kind, rule.delay, step.wait
                ),
            });
        }
        let kinds: BTreeSet<ContactKind> = user
            .methods
            .iter()
            .filter(|method| method.usable())
            .map(|method| method.kind)
            .collect();
        if let (1, Some(kind)) = (kinds.len(), kinds.first()) {
            found.push(Warning {
                step: Some(index),
                user: Some(user.id),
                kind: WarningKind::SingleChannel,
                text: format!("{} can be reached by {kind} only.", user.name),
            });
        }
    }
}

/// The rules for high urgency that a page of a step with this wait cannot wait for (PAGING.md
/// §6.2), with their methods.
pub(crate) fn late_rules(
    user: &User,
    wait: Span,
) -> impl Iterator<Item = (&NotificationRule, &ContactMethod)> {
    user.rules
        .iter()
        .filter(move |rule| rule.urgency == Urgency::High && rule.delay > wait)
        .filter_map(|rule| {
            let method = user.method(rule.method_id)?;
            method.usable().then_some((rule, method))
        })
}

/// A target, and the hours in which a step pages it.
type Way<'a> = (Target, Option<&'a StepHours>);

/// `now`, or the first instant from `now` to [`LOOK_AHEAD`] at which no target reaches anybody.
///
/// While one target reaches somebody the others do not matter, so the sweep leaps from the end of
/// the longest such shift, or of its hours, to the next.
fn reaches_nobody_at(ways: &[Way<'_>], directory: &Directory, now: Timestamp) -> Option<Timestamp> {
    let until = now + LOOK_AHEAD;
    let mut at = now;
    for _ in 0..SHIFTS_MAX {
        if at >= until {
            return None;
        }
        let mut reached_until: Option<Timestamp> = None;
        for way in ways {
            match reached(*way, directory, at, until) {
                Held::Nobody => {}
                Held::ForGood => return None,
                Held::Until(end) => {
                    reached_until = Some(reached_until.map_or(end, |known| known.max(end)));
                }
            }
        }
        match reached_until {
            None => return Some(at),
            Some(end) if end > at => at = end,
            Some(_) => return None,
        }
    }
    None
}

/// How long a target goes on reaching somebody.
enum Held {
    Nobody,
    Until(Timestamp),
    ForGood,
}

fn reached(
    (target, hours): Way<'_>,
    directory: &Directory,
    at: Timestamp,
    until: Timestamp,
) -> Held {
    if hours.is_some_and(|hours| hours.closed(at).is_some()) {
        return Held::Nobody;
    }
    let people = resolve_target(target, directory, at)
        .keep_in_hours(hours, directory, at)
        .reached;
    if people.is_empty() {
        return Held::Nobody;
    }
    // People and teams do not change with time.
    let shift_ends = match target {
        Target::User(_) | Target::Team(_) | Target::Channel(_) => None,
        Target::Schedule(_) => next_change(target, directory, at, until.since(at)),
    };
    let hours_end = hours.and_then(|hours| {
        let ends = people
            .iter()
            .map(|one| hours.end(directory.user(one.user)?, at));
        // Somebody whose hours do not end is reached for as long as anybody looks.
        ends.collect::<Option<Vec<_>>>()?.into_iter().max()
    });
    match (shift_ends, hours_end) {
        (Some(one), Some(other)) => Held::Until(one.min(other)),
        (Some(end), None) | (None, Some(end)) => Held::Until(end),
        (None, None) => Held::ForGood,
    }
}

fn when(at: Timestamp, now: Timestamp) -> String {
    if at <= now {
        "now".to_owned()
    } else {
        format!("from {}", in_utc(at))
    }
}

fn in_utc(at: Timestamp) -> String {
    at.to_jiff().strftime("%Y-%m-%d %H:%M UTC").to_string()
}
