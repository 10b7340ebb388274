//! The ladder as a picture: whom each step would reach, when, and by what.

use super::resolve::{closed, first_turn, resolve_target};
use super::rung::does_not_apply;
use super::warning::{Warning, warnings};
use super::{Via, list_of};
use crate::directory::Directory;
use crate::notification::{Planned, plan};
use crate::policy::{PolicyConfig, StepHours, StepMode, Target};
use crate::word::{AlertSeverity, Urgency};
use crate::{Span, Timestamp, UserId};

/// A policy as it would run if an incident opened at an instant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ladder {
    /// One per step, first time through.
    pub rungs: Vec<Rung>,
    /// How often the steps are run again.
    pub repeats: u8,
    /// How long one time through the steps takes.
    pub round: Span,
    pub last_resort: Rung,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rung {
    /// Index (from 0); `None` is the last resort.
    pub step: Option<i64>,
    /// After the incident opened.
    pub offset: Span,
    /// Until the next rung; for the last resort, until it is paged again.
    pub wait: Span,
    pub mode: StepMode,
    pub targets: Vec<RungTarget>,
    /// Why the rung would page nobody; then it takes no time.
    pub skipped: Option<String>,
    pub warnings: Vec<Warning>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RungTarget {
    pub target: Target,
    /// Name of the person, schedule, team or channel.
    pub name: String,
    pub people: Vec<RungPerson>,
    /// Why the target leads to nobody, e.g. `nobody is on call for Platform`.
    pub nobody: Option<String>,
    /// False for those of a round robin whose turn it is not.
    pub paged: bool,
    /// When somebody else takes over.
    pub until: Option<Timestamp>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RungPerson {
    pub user: UserId,
    pub name: String,
    /// The messages a page would become; `due_at` counts from the rung's time.
    pub planned: Vec<Planned>,
    /// Why no page can reach this person.
    pub unreached: Option<String>,
}

/// What would happen if an incident of this urgency and severity opened at `at`. On-call people and
/// hours are those of `at`. `round_robin` is the policy's counter.
pub fn preview(
    config: &PolicyConfig,
    directory: &Directory,
    urgency: Urgency,
    severity: AlertSeverity,
    round_robin: i64,
    at: Timestamp,
) -> Ladder {
    let all_warnings = warnings(config, directory, at);
    let of_step = |step: Option<i64>| -> Vec<Warning> {
        all_warnings
            .iter()
            .filter(|warning| warning.step == step)
            .cloned()
            .collect()
    };
    // Without anybody to page nothing waits for a channel.
    let anybody = config.steps.iter().any(|step| {
        let applies =
            does_not_apply(step, urgency, severity).is_none() && closed(step, at).is_none();
        applies
            && step.people().any(|target| {
                let people = resolve_target(target, directory, at);
                let hours = step.hours.as_ref();
                !people
                    .keep_in_hours(hours, directory, at)
                    .reached
                    .is_empty()
            })
    });
    let mut rungs = Vec::with_capacity(config.steps.len());
    let mut offset = Span::ZERO;
    for (index, step) in (0_i64..).zip(&config.steps) {
        let condition = does_not_apply(step, urgency, severity).or_else(|| closed(step, at));
        let hours = step.hours.as_ref();
        let mut targets: Vec<RungTarget> = step
            .targets
            .iter()
            .map(|target| rung_target(*target, hours, directory, urgency, at, at + offset))
            .collect();
        if step.mode == StepMode::RoundRobin {
            let mut turns: Vec<&mut RungTarget> = targets
                .iter_mut()
                .filter(|target| target.target.pages_people())
                .collect();
            let first = first_turn(turns.len(), round_robin, 0);
            let turn = (0..turns.len())
                .map(|place| (first + place) % turns.len())
                .find(|place| turns.get(*place).is_some_and(|one| one.reaches()));
            for (place, target) in turns.iter_mut().enumerate() {
                target.paged = turn == Some(place);
            }
        }
        let tells = step.only_tells() && targets.iter().any(|target| target.nobody.is_none());
        let skipped = condition.or_else(|| match tells {
            true if anybody => None,
            true => Some("no step reaches a person".to_owned()),
            false => why_nobody(&targets),
        });
        rungs.push(Rung {
            step: Some(index),
            offset,
            wait: step.wait,
            mode: step.mode,
            targets,
            warnings: of_step(Some(index)),
            skipped: skipped.clone(),
        });
        if skipped.is_none() {
            offset = offset + step.wait;
        }
    }
    let rounds = i64::from(config.repeats).saturating_add(1);
    let last_at = offset * rounds;
    let targets: Vec<RungTarget> = directory
        .settings
        .last_resort
        .iter()
        .map(|target| rung_target(*target, None, directory, urgency, at, at + last_at))
        .collect();
    let last_resort = Rung {
        step: None,
        offset: last_at,
        wait: super::LAST_RESORT_EVERY,
        mode: StepMode::All,
        skipped: if targets.is_empty() {
            Some("no last resort is set".to_owned())
        } else {
            why_nobody(&targets)
        },
        targets,
        warnings: of_step(None),
    };
    Ladder {
        rungs,
        repeats: config.repeats,
        round: offset,
        last_resort,
    }
}

impl RungTarget {
    fn reaches(&self) -> bool {
        self.people.iter().any(|person| person.unreached.is_none())
    }
}

fn why_nobody(targets: &[RungTarget]) -> Option<String> {
    if targets.iter().any(RungTarget::reaches) {
        return None;
    }
    let whys: Vec<String> = targets
        .iter()
        .flat_map(|target| {
            let people = target
                .people
                .iter()
                .filter_map(|person| person.unreached.clone());
            target.nobody.clone().into_iter().chain(people)
        })
        .collect();
    Some(list_of(&whys))
}

fn rung_target(
    target: Target,
    hours: Option<&StepHours>,
    directory: &Directory,
    urgency: Urgency,
    at: Timestamp,
    paged_at: Timestamp,
) -> RungTarget {
    let name = match target {
        Target::User(id) => directory.user_name(id).to_owned(),
        Target::Team(id) => directory
            .team(id)
            .map_or_else(|| "a former team".to_owned(), |team| team.name.clone()),
        Target::Schedule(id) => directory.schedule(id).map_or_else(
            || "a former schedule".to_owned(),
            |schedule| schedule.name.clone(),
        ),
        Target::Channel(id) => directory.channel_name(id).to_owned(),
    };
    let resolution = resolve_target(target, directory, at).keep_in_hours(hours, directory, at);
    let until = resolution
        .reached
        .iter()
        .find_map(|reached| match &reached.via {
            Via::Schedule {
                end,
                open_end: false,
                ..
            } => Some(*end),
            _ => None,
        });
    let mut people: Vec<RungPerson> = resolution
        .reached
        .iter()
        .filter_map(|reached| directory.user(reached.user))
        .map(|user| RungPerson {
            user: user.id,
            name: user.name.clone(),
            planned: plan(user, urgency, paged_at),
            unreached: None,
        })
        .collect();
    let mut nobody = None;
    for unreached in resolution.unreached {
        match unreached.user {
            Some(user) => people.push(RungPerson {
                user,
                name: directory.user_name(user).to_owned(),
                planned: Vec::new(),
                unreached: Some(unreached.why),
            }),
            None => nobody = Some(unreached.why),
        }
    }
    RungTarget {
        target,
        name,
        people,
        nobody,
        paged: true,
        until,
    }
}
