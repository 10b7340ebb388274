//! What can be done with an incident now: asked of the rules themselves, by trying each command.

use domain::directory::Directory;
use domain::escalation::{self, Ladder, Rung};
use domain::incident::{Actor, Command, Incident, decide};
use domain::lifecycle;
use domain::policy::Target;
use domain::service::ServiceSettings;
use domain::word::{IncidentSeverity, Origin, RunState};
use domain::{Span, Timestamp, UserId};

use jiff::tz::TimeZone;

use super::scene::Scene;
use crate::page::policy::ladder::{Case, draw};
use crate::picture;
use crate::view::Choice;
use crate::view::incident::{IncidentActions, NextStep};

/// The actions that the state allows and the viewer may take.
pub fn actions(
    scene: &Scene,
    directory: &Directory,
    viewer: UserId,
    can_respond: bool,
    now: Timestamp,
) -> IncidentActions {
    if !can_respond {
        return IncidentActions::default();
    }
    let incident = &scene.incident;
    let may = |command: Command| changes(incident, &command, directory, viewer, now);
    IncidentActions {
        acknowledge: engine::reply::waits(incident),
        unacknowledge: may(Command::Unacknowledge),
        resolve: may(Command::Resolve),
        escalate: may(Command::Escalate { to_step: None }),
        snooze: may(Command::Snooze {
            until: now + Span::from_hours(1),
        }),
        reassign: may(Command::ReassignToUser { user: viewer }),
        note: may(Command::Note {
            text: "?".to_owned(),
        }),
        declare: may(Command::Declare {
            severity: Some(IncidentSeverity::Sev3),
        }),
        command: incident.is_declared()
            && !lifecycle::allowed_phases(incident.phase, true).is_empty(),
        retitle: !lifecycle::is_final(incident.phase),
        reopen: !incident.is_open()
            && may(Command::ChangePhase {
                to: lifecycle::reopened_phase(incident.is_declared()),
                reason: Some("?".to_owned()),
            }),
        postmortem: scene.postmortem.is_none() && engine::postmortem::can_start(incident),
    }
}

fn changes(
    incident: &Incident,
    command: &Command,
    directory: &Directory,
    viewer: UserId,
    now: Timestamp,
) -> bool {
    let actor = Actor::user(viewer, Origin::Web);
    let settings = ServiceSettings::default();
    decide(incident, command, actor, &settings, directory, now)
        .is_ok_and(|decision| !decision.effects.is_empty())
}

/// The ladder as it would go from now.
pub fn ladder(scene: &Scene, directory: &Directory, now: Timestamp) -> Option<Ladder> {
    let version = scene.version.as_ref()?;
    let round_robin = scene.run.as_ref().map_or(0, |run| run.round_robin);
    Some(escalation::preview(
        &version.config,
        directory,
        scene.incident.urgency,
        scene.incident.alert_severity,
        round_robin,
        now,
    ))
}

/// The steps an incident can be escalated to, numbered from 1; the last resort is the one after
/// the last step.
pub fn steps(ladder: Option<&Ladder>) -> Vec<Choice> {
    let Some(ladder) = ladder else {
        return Vec::new();
    };
    let mut choices: Vec<Choice> = (1..)
        .zip(&ladder.rungs)
        .map(|(number, rung)| Choice::new(number, format!("Step {number}: {}", whom(rung))))
        .collect();
    choices.push(Choice::new(choices.len() + 1, "Last resort"));
    choices
}

/// The picture of the running escalation: each step with what has come of it.
pub fn picture(
    scene: &Scene,
    directory: &Directory,
    zone: &TimeZone,
    now: Timestamp,
) -> Option<picture::Ladder> {
    let run = scene.run.as_ref()?;
    let version = scene.version.as_ref()?;
    let case = Case {
        urgency: scene.incident.urgency,
        severity: scene.incident.alert_severity,
    };
    let mut drawn = draw(&version.config, directory, case, run.round_robin, zone, now).ladder;
    let clock = |at: Timestamp| at.in_zone(zone).strftime("%H:%M:%S").to_string();
    for (index, rung) in (0..).zip(&mut drawn.rungs) {
        let past = scene
            .executions
            .iter()
            .rev()
            .find(|past| past.step == Some(index));
        if let Some(past) = past {
            let what = if past.skipped.is_some() {
                "skipped"
            } else {
                "paged"
            };
            rung.conditions
                .push(format!("{what} at {}", clock(past.executed_at)));
        }
        if run.state == RunState::Running && run.next_step == index {
            rung.conditions
                .extend(run.due_at.map(|due| format!("next at {}", clock(due))));
        }
    }
    Some(drawn)
}

/// What the running escalation does next.
pub fn next_step(scene: &Scene, ladder: Option<&Ladder>) -> Option<NextStep> {
    let run = scene.run.as_ref()?;
    let due = run.due_at?;
    let rung = usize::try_from(run.next_step)
        .ok()
        .filter(|_| run.state == RunState::Running)
        .and_then(|index| ladder?.rungs.get(index));
    let label = match rung {
        Some(rung) => format!("step {}, {}", run.next_step + 1, whom(rung)),
        None => "the last resort".to_owned(),
    };
    Some(NextStep { label, due })
}

/// `Ana, on-call of Platform (Bo)`.
fn whom(rung: &Rung) -> String {
    let targets: Vec<String> = rung
        .targets
        .iter()
        .filter(|target| target.paged)
        .map(|target| match target.target {
            Target::User(_) => target.name.clone(),
            Target::Team(_) => format!("team {}", target.name),
            Target::Channel(_) => format!("channel {}", target.name),
            Target::Schedule(_) => {
                let people: Vec<&str> = target
                    .people
                    .iter()
                    .map(|person| person.name.as_str())
                    .collect();
                match people.is_empty() {
                    true => format!("on-call of {} (nobody now)", target.name),
                    false => format!("on-call of {} ({})", target.name, people.join(", ")),
                }
            }
        })
        .collect();
    match (targets.is_empty(), &rung.skipped) {
        (true, Some(why)) => why.clone(),
        (true, None) => "nobody".to_owned(),
        _ => targets.join(", "),
    }
}

/// What everybody who looks must know.
pub fn warnings(scene: &Scene, directory: &Directory) -> Vec<String> {
    let mut warnings = Vec::new();
    if engine::reply::waits(&scene.incident) && scene.incident.unreachable {
        let why = match engine::effect::policy_of(&scene.incident, directory) {
            Some(policy) => format!("No step of the policy {} reaches anybody", policy.name),
            None => "The service has no policy".to_owned(),
        };
        warnings.push(match directory.settings.last_resort.is_empty() {
            true => format!(
                "{why}, and no last resort is set: nobody is paged. Reassign it to somebody, and \
                 set a last resort under Settings."
            ),
            false => format!("{why}: the last resort is paged."),
        });
    }
    warnings
}
