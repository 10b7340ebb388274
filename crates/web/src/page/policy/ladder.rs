//! The ladder picture of a policy: whom it would reach if an incident opened now.

use domain::Timestamp;
use domain::directory::Directory;
use domain::escalation::{self, Rung, Warning, WarningKind};
use domain::policy::{PolicyConfig, Step, StepMode};
use domain::word::{AlertSeverity, Urgency};
use jiff::tz::TimeZone;

use crate::page::{choice, complaint};
use crate::picture::{Ladder, ReachedBy, ReachedPerson, Rung as DrawnRung, RungTarget};

/// A policy's picture and what is worth changing about it.
#[derive(Clone, Debug)]
pub struct Drawn {
    pub ladder: Ladder,
    /// About the policy as a whole.
    pub warnings: Vec<String>,
    /// Of these, what keeps it from being saved without insisting (PAGING.md §4.10).
    pub grave: Vec<String>,
}

/// How urgent the incident is that a ladder is drawn for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Case {
    pub urgency: Urgency,
    pub severity: AlertSeverity,
}

impl Case {
    /// The worst: every step is for it.
    pub const WORST: Case = Case {
        urgency: Urgency::High,
        severity: AlertSeverity::Critical,
    };
}

/// Draws a policy for an incident that opens at `now`. `round_robin` is the policy's counter, `zone`
/// the viewer's.
pub fn draw(
    config: &PolicyConfig,
    directory: &Directory,
    case: Case,
    round_robin: i64,
    zone: &TimeZone,
    now: Timestamp,
) -> Drawn {
    let preview = escalation::preview(
        config,
        directory,
        case.urgency,
        case.severity,
        round_robin,
        now,
    );
    let all = escalation::warnings(config, directory, now);
    let whole: Vec<&Warning> = all.iter().filter(|one| one.step.is_none()).collect();
    let rungs = preview
        .rungs
        .iter()
        .zip(&config.steps)
        .map(|(rung, step)| DrawnRung {
            at: rung.offset,
            wait: rung.wait,
            targets: targets(rung, directory, now),
            round_robin: step.mode == StepMode::RoundRobin,
            conditions: conditions(step)
                .into_iter()
                .chain(not_for_it(rung))
                .collect(),
            warnings: warnings(rung, zone, now),
        })
        .collect();
    Drawn {
        ladder: Ladder {
            rungs,
            repeats: config.repeats,
            last_resort_at: Some(preview.last_resort.offset),
            last_resort: targets(&preview.last_resort, directory, now),
        },
        warnings: whole.iter().map(|one| one.said(zone)).collect(),
        grave: whole
            .iter()
            .filter(|one| one.needs_confirmation())
            .map(|one| one.said(zone))
            .collect(),
    }
}

fn targets(rung: &Rung, directory: &Directory, now: Timestamp) -> Vec<RungTarget> {
    // Messages are planned from the time of the rung on.
    let paged_at = now + rung.offset;
    rung.targets
        .iter()
        .map(|target| {
            let link = choice::target_link(directory, target.target);
            RungTarget {
                label: link.label,
                href: link.href,
                told: !target.target.pages_people(),
                silent: target.nobody.as_deref().map(complaint::sentence),
                people: target
                    .people
                    .iter()
                    .map(|person| ReachedPerson {
                        name: person.name.clone(),
                        by: person
                            .planned
                            .iter()
                            .map(|planned| ReachedBy {
                                kind: planned.kind,
                                delay: planned.due_at.since(paged_at),
                            })
                            .collect(),
                        warning: person.unreached.as_deref().map(complaint::sentence),
                    })
                    .collect(),
            }
        })
        .collect()
}

/// For whom a step is, unless for everybody.
fn conditions(step: &Step) -> Vec<String> {
    let urgency = step.urgency.map(|word| format!("only {word} urgency"));
    let severity = step.severity_at_least.map(|word| match word {
        AlertSeverity::Critical => "only critical".to_owned(),
        word => format!("only {word} or worse"),
    });
    let hours = step
        .hours
        .as_ref()
        .map(|hours| format!("only {}", hours.in_words()));
    urgency.into_iter().chain(severity).chain(hours).collect()
}

/// Why a step that would reach somebody is left out all the same.
fn not_for_it(rung: &Rung) -> Option<String> {
    let reaches = rung
        .targets
        .iter()
        .flat_map(|target| &target.people)
        .any(|person| person.unreached.is_none());
    let why = rung.skipped.as_ref().filter(|_| reaches)?;
    Some(format!("skipped: {why}"))
}

/// What is wrong with a step, unless the picture says so beside the person or target already.
fn warnings(rung: &Rung, zone: &TimeZone, now: Timestamp) -> Vec<String> {
    rung.warnings
        .iter()
        .filter(|warning| match warning.kind {
            WarningKind::PersonUnreachable => false,
            // One that is switched off says so itself.
            WarningKind::ChannelSilent => !rung
                .targets
                .iter()
                .any(|target| !target.target.pages_people() && target.nobody.is_some()),
            WarningKind::StepReachesNobody { at } => at > now,
            _ => true,
        })
        .map(|warning| warning.said(zone))
        .collect()
}

/// Names of those the first step that reaches anybody would page now, each once.
pub fn first_names(
    config: &PolicyConfig,
    directory: &Directory,
    round_robin: i64,
    now: Timestamp,
) -> Vec<String> {
    let people = escalation::first_reached(config, directory, round_robin, now);
    let mut names: Vec<String> = Vec::with_capacity(people.len());
    for user in people {
        let name = directory.user_name(user);
        if !names.iter().any(|known| known == name) {
            names.push(name.to_owned());
        }
    }
    names
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::page::sample::{NOW, directory};
    use domain::policy::Policy;
    use domain::{Span, UserId};
    use std::sync::Arc;

    fn policy(directory: &Directory) -> &Policy {
        directory.policy_by_slug("default").unwrap()
    }

    #[test]
    fn rungs_name_the_people_and_the_way() {
        let directory = directory();
        let drawn = draw(
            &policy(&directory).current.config,
            &directory,
            Case::WORST,
            0,
            &TimeZone::UTC,
            NOW,
        );
        let [first, second] = &drawn.ladder.rungs[..] else {
            panic!("two steps make two rungs");
        };
        assert_eq!(first.targets[0].label, "On-call Platform");
        assert_eq!(first.targets[0].people[0].name, "Ana");
        assert_eq!(first.targets[0].people[0].by[0].delay, Span::ZERO);
        assert_eq!(second.at, Span::from_minutes(5));
        assert!(second.round_robin);
        assert_eq!(drawn.ladder.last_resort_at, Some(Span::from_minutes(30)));
        assert_eq!(drawn.ladder.last_resort[0].people[0].name, "Ana");
        assert!(drawn.grave.is_empty());
    }

    #[test]
    fn a_policy_that_reaches_nobody_is_grave() {
        let mut directory = directory();
        for id in [1, 2] {
            let mut user = directory.user(UserId(id)).unwrap().clone();
            user.methods.clear();
            directory.users.insert(user.id, Arc::new(user));
        }
        let config = policy(&directory).current.config.clone();
        let drawn = draw(&config, &directory, Case::WORST, 0, &TimeZone::UTC, NOW);
        assert!(!drawn.grave.is_empty());
        assert!(
            drawn.warnings.len() > drawn.grave.len(),
            "the last resort is silent too"
        );
        assert!(first_names(&config, &directory, 0, NOW).is_empty());
    }

    #[test]
    fn the_first_step_that_reaches_anybody_is_named() {
        let directory = directory();
        let config = &policy(&directory).current.config;
        assert_eq!(first_names(config, &directory, 0, NOW), ["Ana"]);
        let mut team_first = config.clone();
        team_first.steps.remove(0);
        assert_eq!(first_names(&team_first, &directory, 1, NOW).len(), 2);
    }
}
