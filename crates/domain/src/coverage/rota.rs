//! Each schedule that anything pages through, worked out once.

use std::collections::{BTreeMap, BTreeSet};

use super::line::Line;
use crate::directory::Directory;
use crate::policy::{PolicyConfig, Step, Target};
use crate::schedule::Shift;
use crate::{ScheduleId, Span, Timestamp, UserId};

/// Who is on call for a schedule and can be reached; empty where that is nobody.
pub(super) type Held = Line<Vec<UserId>>;

pub(super) struct Rota {
    /// Who is on call, reachable or not, clipped to the span that is proved.
    pub shifts: Vec<Shift>,
    pub held: Held,
}

pub(super) struct Rotas {
    pub rotas: BTreeMap<ScheduleId, Rota>,
    /// How far the lines go: a little further than the span that is proved.
    pub until: Timestamp,
}

impl Rotas {
    /// The schedules of the policies that services use, and of the last resort, a little further
    /// than `until`: the last alert's steps come later.
    pub fn of(directory: &Directory, from: Timestamp, until: Timestamp) -> Rotas {
        let policies = used_policies(directory);
        let longest = policies
            .iter()
            .map(|config| longest_climb(config))
            .max()
            .unwrap_or(Span::ZERO);
        let targets = policies
            .iter()
            .flat_map(|config| &config.steps)
            .flat_map(|step| &step.targets)
            .chain(&directory.settings.last_resort);
        let wanted: BTreeSet<ScheduleId> = targets.filter_map(|target| target.schedule()).collect();
        let rotas = wanted
            .into_iter()
            .filter_map(|id| {
                let schedule = directory.schedule(id)?;
                let shifts = schedule.final_shifts(from, until + longest);
                let held = held(directory, &shifts, from);
                let shifts = shifts
                    .iter()
                    .filter_map(|shift| shift.clipped(from, until))
                    .collect();
                Some((id, Rota { shifts, held }))
            })
            .collect();
        Rotas {
            rotas,
            until: until + longest,
        }
    }

    /// Whom a target reaches, over time.
    pub fn line(&self, directory: &Directory, target: Target) -> Held {
        let reachable = |id: &UserId| directory.user(*id).is_some_and(|user| user.reachable());
        match target {
            Target::User(id) => Line::constant(Some(id).filter(reachable).into_iter().collect()),
            Target::Team(id) => {
                let members = directory.team(id).map_or(&[][..], |team| &team.members);
                Line::constant(members.iter().copied().filter(reachable).collect())
            }
            // No person: telling it covers nothing.
            Target::Channel(_) => Line::constant(Vec::new()),
            Target::Schedule(id) => self
                .rotas
                .get(&id)
                .map_or_else(|| Line::constant(Vec::new()), |rota| rota.held.clone()),
        }
    }
}

/// The newest versions of the policies that any service uses.
pub(super) fn used_policies(directory: &Directory) -> Vec<&PolicyConfig> {
    let used: BTreeSet<_> = directory
        .services
        .values()
        .filter_map(|service| service.policy_id)
        .collect();
    used.into_iter()
        .filter_map(|id| directory.policy(id))
        .map(|policy| &policy.current.config)
        .collect()
}

/// How long the steps take until somebody is reached: the first time through, or all rounds where
/// some only tell channels.
fn longest_climb(config: &PolicyConfig) -> Span {
    let round = config
        .steps
        .iter()
        .fold(Span::ZERO, |sum, step| sum + super::climb::wait(step));
    let rounds = match config.steps.iter().any(Step::only_tells) {
        true => i64::from(config.repeats) + 1,
        false => 1,
    };
    round * rounds
}

fn held(directory: &Directory, shifts: &[Shift], from: Timestamp) -> Held {
    let mut points: Vec<(Timestamp, Vec<UserId>)> = Vec::with_capacity(shifts.len() + 1);
    let mut covered = from;
    for shift in shifts {
        if covered < shift.start {
            points.push((covered, Vec::new()));
        }
        let reachable = shift
            .users
            .iter()
            .copied()
            .filter(|id| directory.user(*id).is_some_and(|user| user.reachable()))
            .collect();
        points.push((shift.start.max(from), reachable));
        covered = shift.end;
    }
    points.push((covered, Vec::new()));
    Line::from_points(points).unwrap_or_else(|| Line::constant(Vec::new()))
}
