//! From targets to people at an instant.

use super::reason::{OnCallSource, Via};
use super::{Named, list_of};
use crate::directory::{Directory, User};
use crate::policy::{PolicyConfig, Step, StepHours, StepMode, Target};
use crate::{ChannelId, Span, Timestamp, UserId};

/// A person whom a page can reach, and through what.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reached {
    pub user: UserId,
    pub via: Via,
}

/// A person, or a target as a whole, that no page can reach.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unreached {
    /// `None` when the target leads to nobody at all.
    pub user: Option<UserId>,
    /// E.g. `Bo has no verified contact method`.
    pub why: String,
}

/// Whom targets come to at an instant.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Resolution {
    /// Each person once, with the first target that leads to them.
    pub reached: Vec<Reached>,
    pub unreached: Vec<Unreached>,
    /// The schedules that were asked.
    pub schedules: Vec<Target>,
    /// Channels that are told; they are nobody reached.
    pub channels: Vec<ChannelId>,
}

impl Resolution {
    fn add(&mut self, other: Resolution) {
        for reached in other.reached {
            if !self.reached.iter().any(|known| known.user == reached.user) {
                self.reached.push(reached);
            }
        }
        for unreached in other.unreached {
            if !self.unreached.contains(&unreached) {
                self.unreached.push(unreached);
            }
        }
        for schedule in other.schedules {
            if !self.schedules.contains(&schedule) {
                self.schedules.push(schedule);
            }
        }
        for channel in other.channels {
            if !self.channels.contains(&channel) {
                self.channels.push(channel);
            }
        }
    }

    /// `Bo has no verified contact method and nobody is on call for Platform`; empty when
    /// everybody is reached.
    pub(super) fn why_unreached(&self) -> String {
        let whys: Vec<String> = self.unreached.iter().map(|one| one.why.clone()).collect();
        list_of(&whys)
    }

    fn person(&mut self, directory: &Directory, user: UserId, via: Via) {
        match directory.user(user) {
            Some(person) if person.reachable() => self.reached.push(Reached { user, via }),
            Some(person) => {
                self.unreached.push(Unreached {
                    user: Some(user),
                    why: why_unreachable(person),
                });
            }
            None => self.unreached.push(Unreached {
                user: Some(user),
                why: "a person of the policy no longer exists".to_owned(),
            }),
        }
    }

    /// Leaves out whom it is not the hours of a step for (PAGING.md §4.1: "the paged person's own"
    /// zone).
    pub(super) fn keep_in_hours(
        mut self,
        hours: Option<&StepHours>,
        directory: &Directory,
        at: Timestamp,
    ) -> Resolution {
        let Some(hours) = hours else {
            return self;
        };
        for reached in std::mem::take(&mut self.reached) {
            let why = directory
                .user(reached.user)
                .and_then(|user| hours.excludes(user, at));
            match why {
                None => self.reached.push(reached),
                Some(why) => self.unreached.push(Unreached {
                    user: Some(reached.user),
                    why,
                }),
            }
        }
        self
    }

    fn nobody(&mut self, why: String) {
        self.unreached.push(Unreached { user: None, why });
    }
}

/// Why no page can reach this person, as a clause.
pub(crate) fn why_unreachable(user: &User) -> String {
    let name = &user.name;
    if user.disabled {
        format!("{name}'s account is disabled")
    } else if user
        .methods
        .iter()
        .any(|method| method.verified_at.is_some())
    {
        format!("every contact method of {name} is refused by its provider")
    } else {
        format!("{name} has no verified contact method")
    }
}

/// Whom the first step of a policy reaches at this instant, but for people who are engaged already.
pub fn first_step_people(
    config: &PolicyConfig,
    directory: &Directory,
    engaged: &[UserId],
    at: Timestamp,
) -> Vec<UserId> {
    let Some(step) = config.steps.first() else {
        return Vec::new();
    };
    resolve_all(&step.targets, directory, at)
        .keep_in_hours(step.hours.as_ref(), directory, at)
        .reached
        .into_iter()
        .map(|reached| reached.user)
        .filter(|user| !engaged.contains(user))
        .collect()
}

/// Whom an incident that opens at this instant would page first: the people of the first step that
/// reaches anybody. `round_robin` is the policy's counter.
pub fn first_reached(
    config: &PolicyConfig,
    directory: &Directory,
    round_robin: i64,
    at: Timestamp,
) -> Vec<UserId> {
    config
        .steps
        .iter()
        .filter(|step| closed(step, at).is_none())
        .map(|step| resolve_step(step, directory, at, round_robin, 0).reached)
        .find(|reached| !reached.is_empty())
        .unwrap_or_default()
        .into_iter()
        .map(|reached| reached.user)
        .collect()
}

/// Why a step is out of its hours at this instant.
pub(super) fn closed(step: &Step, at: Timestamp) -> Option<String> {
    step.hours.as_ref()?.closed(at)
}

/// Who a target comes to at this instant.
pub fn resolve_target(target: Target, directory: &Directory, at: Timestamp) -> Resolution {
    let mut resolution = Resolution::default();
    match target {
        Target::User(user) => resolution.person(directory, user, Via::User),
        Target::Team(id) => match directory.team(id) {
            None => resolution.nobody("a team of the policy no longer exists".to_owned()),
            Some(team) => {
                for member in &team.members {
                    // People who have left a team's work behind are not worth a word each time.
                    if directory.user(*member).is_some_and(|user| user.disabled) {
                        continue;
                    }
                    let via = Via::Team(Named {
                        id,
                        name: team.name.clone(),
                    });
                    resolution.person(directory, *member, via);
                }
                if resolution.reached.is_empty() && resolution.unreached.is_empty() {
                    resolution.nobody(format!("team {} has no active members", team.name));
                }
            }
        },
        Target::Schedule(id) => match directory.schedule(id) {
            None => resolution.nobody("a schedule of the policy no longer exists".to_owned()),
            Some(schedule) => {
                resolution.schedules.push(target);
                match schedule.on_call(at) {
                    None => resolution.nobody(format!("nobody is on call for {}", schedule.name)),
                    Some(shift) => {
                        for user in &shift.users {
                            let via = Via::Schedule {
                                id,
                                name: schedule.name.clone(),
                                source: OnCallSource::from(&shift.source),
                                start: shift.start,
                                end: shift.end,
                                open_end: shift.open_end,
                            };
                            resolution.person(directory, *user, via);
                        }
                    }
                }
            }
        },
        Target::Channel(id) => match directory.channel(id) {
            None => resolution.nobody("a channel of the policy no longer exists".to_owned()),
            Some(channel) => match channel.why_silent() {
                None => resolution.channels.push(id),
                Some(why) => resolution.nobody(why),
            },
        },
    }
    resolution
}

/// All of several targets; a person whom two of them lead to is there once.
pub(super) fn resolve_all(targets: &[Target], directory: &Directory, at: Timestamp) -> Resolution {
    let mut all = Resolution::default();
    for target in targets {
        all.add(resolve_target(*target, directory, at));
    }
    all
}

/// Position among `targets` where round robin begins: each target is a turn.
pub(super) fn first_turn(targets: usize, round_robin: i64, cycle: i64) -> usize {
    let Ok(count) = i64::try_from(targets) else {
        return 0;
    };
    if count == 0 {
        return 0;
    }
    usize::try_from(round_robin.wrapping_add(cycle).rem_euclid(count)).unwrap_or(0)
}

/// Whom a step pages at this instant, and which channels it tells. Round robin pages one target, the
/// first from its turn on that reaches somebody; channels have no turn.
pub(super) fn resolve_step(
    step: &Step,
    directory: &Directory,
    at: Timestamp,
    round_robin: i64,
    cycle: i64,
) -> Resolution {
    match step.mode {
        StepMode::All => resolve_all(&step.targets, directory, at).keep_in_hours(
            step.hours.as_ref(),
            directory,
            at,
        ),
        StepMode::RoundRobin => {
            let count = step.people().count();
            let first = first_turn(count, round_robin, cycle);
            let turns = step.people().cycle().skip(first).take(count);
            let told: Vec<Target> = step.channels().map(Target::Channel).collect();
            let mut passed = resolve_all(&told, directory, at);
            for target in turns {
                let one = resolve_target(target, directory, at).keep_in_hours(
                    step.hours.as_ref(),
                    directory,
                    at,
                );
                if one.reached.is_empty() {
                    passed.add(one);
                } else {
                    // Those passed over are named; only the schedule of the turn is watched.
                    passed.schedules.clear();
                    passed.add(one);
                    return passed;
                }
            }
            passed
        }
    }
}

/// When other people than at `at` are on call, for a target that is a schedule; `None` when that is
/// more than `horizon` away.
pub fn next_change(
    target: Target,
    directory: &Directory,
    at: Timestamp,
    horizon: Span,
) -> Option<Timestamp> {
    match target {
        Target::Schedule(id) => directory.schedule(id)?.next_change(at, horizon),
        Target::User(_) | Target::Team(_) | Target::Channel(_) => None,
    }
}
