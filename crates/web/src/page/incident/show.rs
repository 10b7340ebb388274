//! An incident's page, put together from what was read.

use domain::change_event::courses;
use domain::directory::Directory;
use domain::escalation::Ladder;
use domain::incident::{Actor, Incident as Facts};
use domain::lifecycle;
use domain::word::{CommandRole, EntryKind};
use domain::{Timestamp, UserId};
use engine::role::RoleView;

use super::people::Looker;
use super::scene::{ALERTS, Scene};
use super::{entry, lane, offer, people, row};
use crate::markdown;
use crate::page::{alert, change, choice, name};
use crate::view::incident::{
    Changes, Command, Incident, IncidentPage, PostmortemLink, Proposal, Resting, Seat, StatusUpdate,
};
use crate::view::{Form, Frame, Markup, Pager};

/// What was typed, when a form of the page was refused.
#[derive(Default)]
pub struct Typed {
    pub form: Form,
    pub preview: Option<Markup>,
    /// Text a hand-over brief starts with.
    pub brief: String,
}

/// The page as the viewer of `frame` sees it.
pub fn page(
    scene: &Scene,
    directory: &Directory,
    frame: Frame,
    viewer: UserId,
    typed: Typed,
) -> IncidentPage {
    let now = frame.now;
    let ladder = offer::ladder(scene, directory, now);
    let can = offer::actions(scene, directory, viewer, frame.can_respond, now);
    let looker = Looker {
        id: viewer,
        zone: &frame.zone,
        admin: frame.can_admin,
    };
    let told = scene.incident.is_declared() || !scene.incident.is_open();
    IncidentPage {
        incident: incident(scene, directory, ladder.as_ref()),
        steps: offer::steps(ladder.as_ref()),
        reassign: match can.reassign {
            true => name::reassign_choices(directory),
            false => Vec::new(),
        },
        command: command(
            scene,
            directory,
            viewer,
            frame.can_respond,
            &typed.brief,
            now,
        ),
        people: people::people(scene, directory, &looker),
        responders: people::asked(scene, directory, viewer),
        ask: match scene.incident.is_open() && frame.can_respond {
            true => choice::targets(directory),
            false => Vec::new(),
        },
        ladder: offer::picture(scene, directory, &frame.zone, now),
        alerts: scene
            .alerts
            .iter()
            .map(|alert| alert::row(alert, directory, now))
            .collect(),
        alerts_total: u64::try_from(scene.incident.alerts).unwrap_or(0),
        alerts_pager: alerts_pager(scene),
        timeline: scene
            .entries
            .iter()
            .rev()
            .map(|row| entry::entry(row, directory))
            .collect(),
        timeline_more: older(scene),
        swimlane: told
            .then(|| lane::swimlane(&lane::Parts::of(scene), directory, &frame.zone, now)),
        postmortem: scene.postmortem.as_ref().map(|found| PostmortemLink {
            status: found.status,
            href: format!("/postmortems/{}", found.number),
        }),
        changes: Some(changes(scene, directory)),
        can,
        form: typed.form,
        preview: typed.preview,
        frame,
    }
}

fn changes(scene: &Scene, directory: &Directory) -> Changes {
    let opened = scene.incident.created_at;
    let rows = |told: &[domain::change_event::Change]| {
        courses(told)
            .iter()
            .map(|course| change::row_beside(course, directory, opened))
            .collect()
    };
    Changes {
        own: rows(&scene.changes.own),
        elsewhere: rows(&scene.changes.elsewhere),
    }
}

fn alerts_pager(scene: &Scene) -> Pager {
    let from = scene.part.alerts_from;
    let shown = i64::try_from(scene.alerts.len()).unwrap_or(0);
    let href = |from: i64| {
        let page = from / ALERTS + 1;
        format!(
            "/incidents/{}?alerts={page}#incident-alerts",
            scene.incident.number
        )
    };
    Pager {
        previous: (from > 0).then(|| href(from - ALERTS)),
        next: (from + shown < scene.incident.alerts && shown > 0).then(|| href(from + ALERTS)),
        first: u64::try_from(if shown > 0 { from + 1 } else { 0 }).unwrap_or(0),
        last: u64::try_from(from + shown).unwrap_or(0),
        total: u64::try_from(scene.incident.alerts).ok(),
    }
}

fn older(scene: &Scene) -> u64 {
    let shown = i64::try_from(scene.entries.len()).unwrap_or(0);
    u64::try_from(scene.entries_total - shown).unwrap_or(0)
}

fn incident(scene: &Scene, directory: &Directory, ladder: Option<&Ladder>) -> Incident {
    let facts = &scene.incident;
    let person = |user: UserId| choice::person(directory, user);
    Incident {
        number: facts.number,
        title: facts.title.clone(),
        service: name::service_of(directory, facts),
        policy: choice::policy_link(
            directory,
            engine::effect::policy_of(facts, directory).map(|policy| policy.id),
        ),
        paging: facts.paging,
        phase: facts.phase,
        severity: facts.severity,
        urgency: facts.urgency,
        opened_at: facts.created_at,
        declared_at: facts.declared_at,
        declared_by: facts.declared_by.map(person),
        acknowledged_at: facts.acknowledged_at,
        acknowledged_by: facts.acknowledged_by.map(person).into_iter().collect(),
        snoozed_until: facts.snoozed_until,
        resolved_at: facts.resolved_at,
        resolved_by: resolved_by(scene, facts, directory),
        ack_timeout_at: scene.ack_timeout_at,
        next_step: offer::next_step(scene, ladder),
        is_storm: facts.is_storm(),
        resting: scene.pause.as_ref().map(|pause| Resting {
            until: pause.until,
            why: pause.why.clone(),
        }),
        warnings: offer::warnings(scene, directory),
    }
}

/// A person's name, or what else ended it, as the timeline has it.
fn resolved_by(scene: &Scene, facts: &Facts, directory: &Directory) -> Option<String> {
    facts.resolved_at?;
    if let Some(user) = facts.resolved_by {
        return Some(directory.user_name(user).to_owned());
    }
    let last = scene
        .entries
        .iter()
        .rev()
        .find(|entry| entry.kind == EntryKind::Resolved);
    let actor = last.map_or(Actor::MONITOR, |entry| Actor {
        user: entry.actor_id,
        origin: entry.origin,
    });
    Some(actor.name(directory))
}

fn command(
    scene: &Scene,
    directory: &Directory,
    viewer: UserId,
    can_respond: bool,
    brief: &str,
    now: Timestamp,
) -> Option<Command> {
    let facts = &scene.incident;
    let held = scene.roles.iter().any(|role| role.holder.is_some());
    if !facts.is_declared() && !held {
        return None;
    }
    let seat = |role: &RoleView| seat(role, scene, directory, viewer, can_respond, now);
    Some(Command {
        phases: lifecycle::allowed_phases(facts.phase, facts.is_declared()),
        seats: scene.roles.iter().map(seat).collect(),
        updates: scene
            .updates
            .iter()
            .map(|update| status_update(update, directory))
            .collect(),
        next_update_due: row::update_due(facts),
        people: name::responder_choices(directory)
            .into_iter()
            .filter(|choice| choice.value != viewer.to_string())
            .collect(),
        brief: brief.to_owned(),
    })
}

fn seat(
    role: &RoleView,
    scene: &Scene,
    directory: &Directory,
    viewer: UserId,
    can_respond: bool,
    now: Timestamp,
) -> Seat {
    let open = engine::role::can_be_claimed(scene.incident.phase);
    let mine = role.holder == Some(viewer);
    let proposal = role
        .proposal
        .as_ref()
        .filter(|offer| now < offer.expires_at);
    Seat {
        role: role.role,
        holder: role.holder.map(|user| choice::person(directory, user)),
        since: role.since,
        can_claim: can_respond && open && !mine && !excluded(scene, viewer, role.role),
        override_needed: role.holder.is_some(),
        can_release: can_respond && mine,
        can_hand_over: can_respond && open && mine && proposal.is_none(),
        proposal: proposal.map(|offer| Proposal {
            id: offer.id,
            from: choice::person(directory, offer.from),
            to: choice::person(directory, offer.to),
            brief: offer.brief.clone(),
            expires_at: offer.expires_at,
            mine: offer.to == viewer && can_respond,
        }),
    }
}

/// Whether the viewer holds a role that goes with this one in no person.
fn excluded(scene: &Scene, viewer: UserId, role: CommandRole) -> bool {
    let holds = |wanted: CommandRole| {
        scene
            .roles
            .iter()
            .any(|one| one.role == wanted && one.holder == Some(viewer))
    };
    domain::command::EXCLUSIVE
        .iter()
        .any(|&(a, b)| (role == a && holds(b)) || (role == b && holds(a)))
}

fn status_update(update: &store::command::StatusUpdate, directory: &Directory) -> StatusUpdate {
    StatusUpdate {
        at: update.published_at,
        by: match update.author_id {
            Some(user) => choice::person(directory, user),
            None => crate::view::Person {
                id: UserId(0),
                name: "The API".to_owned(),
            },
        },
        phase: update.phase,
        body: markdown::render(&update.text),
        next_due: update.next_due_at,
    }
}
