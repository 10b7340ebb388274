//! What becomes of the alert before anybody is paged for it: it may be held back for a while, or
//! belong to an incident that is open.

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::sync::Arc;

use serde_json::json;

use super::world::World;
use super::{Course, End, Event, EventKind, Scenario};
use crate::alert::Alert;
use crate::dedup::{Numbering, WorkingSet};
use crate::directory::Directory;
use crate::incident::{Actor, Effect, Incident};
use crate::integration::IntegrationSettings;
use crate::routing::{Routing, Way};
use crate::service::Integration;
use crate::signal::Signal;
use crate::word::{Action, IntegrationKind, PagingState};
use crate::{AlertId, IncidentId, IntegrationId, ServiceId, Span, Timestamp};

/// An alert that is held back is followed for so long: a day more than the longest occurrence of a
/// window (PAGING.md §3.3).
pub const HELD_MAX: Span = Span::from_days(31);

const ALERT: AlertId = AlertId(-1);
const INCIDENT: IncidentId = IncidentId(-1);

/// Ids of what exists in the scenario only. Those of the store are positive.
struct Ids;

impl Numbering for Ids {
    type Error = Infallible;

    fn alert_id(&mut self) -> Result<AlertId, Infallible> {
        Ok(ALERT)
    }

    fn incident_id(&mut self) -> Result<IncidentId, Infallible> {
        Ok(INCIDENT)
    }

    fn incident_number(&mut self) -> Result<i64, Infallible> {
        Ok(1)
    }
}

/// What the monitor says in a scenario.
pub fn signal(scenario: &Scenario) -> Signal {
    let mut signal = Signal::new(Action::Trigger, "what-if", "An alert of the what-if");
    signal.severity = scenario.severity;
    if !scenario.labels.is_empty() {
        signal.details = json!({ "labels": scenario.labels });
    }
    signal
}

/// The door it comes by: the chosen one, or one that no window names.
pub fn door(scenario: &Scenario, directory: &Directory) -> Integration {
    let mut door = Integration {
        id: IntegrationId(0),
        service_id: scenario.service,
        name: "What-if".to_owned(),
        kind: IntegrationKind::Generic,
        key_hash: [0; 32],
        key_hint: String::new(),
        settings: IntegrationSettings::default(),
        routing: Routing::default(),
        created_at: scenario.at,
    };
    if let Some(chosen) = scenario
        .integration
        .and_then(|id| directory.integration(id))
    {
        door.id = chosen.id;
        door.name.clone_from(&chosen.name);
        door.kind = chosen.kind;
        if scenario.routed {
            door.service_id = chosen.service_id;
            door.routing = chosen.routing.clone();
        }
    }
    door
}

/// The way of the alert: straight to the service, or as the rules of a global integration say.
pub fn way<'a>(
    door: &'a Integration,
    signal: &'a Signal,
    directory: &'a Directory,
) -> Option<Way<'a>> {
    let home = directory.service(door.service_id)?;
    Some(Way::of(door, home, signal, directory))
}

/// The service that an alert goes to which comes by the scenario's integration.
pub fn routed_to(scenario: &Scenario, directory: &Directory) -> Option<ServiceId> {
    let (door, signal) = (door(scenario, directory), signal(scenario));
    way(&door, &signal, directory).map(|way| way.service.id)
}

/// How it goes on once nothing holds the alert back.
pub(super) enum Begun<'s> {
    Pages(Box<World<'s>>),
    /// Nobody is paged for it.
    Ends(Box<Course>),
}

/// The alert comes. `set` holds what is open already, as far as it matters; `None` when there is no
/// such service.
pub(super) fn begin<'s>(
    scenario: &'s Scenario,
    directory: &Directory,
    mut set: WorkingSet,
) -> Option<Begun<'s>> {
    directory.service(scenario.service)?;
    // Whoever looks at the alert later finds its service by its door.
    let mut world = directory.clone();
    let door = Arc::new(door(scenario, directory));
    world.integrations.insert(door.id, door.clone());
    let mut now = scenario.at;
    let signal = signal(scenario);
    let way = way(&door, &signal, &world)?;
    let mut events: Vec<Event> = routing_of(&way, now);
    let Ok(_) = set.follow(&way, &world, &mut Ids, now);
    let identity = set.identity(&way);
    let mut held_before = false;
    while let Some(alert) = set.open.get(&identity)
        && let Some(held) = &alert.suppressed
    {
        let again = if held_before { "still " } else { "" };
        held_before = true;
        events.push(Event {
            at: now,
            kind: EventKind::Held(held.until),
            text: format!(
                "The alert is {again}{}: it is recorded, and pages nobody.",
                held.in_words()
            ),
        });
        let next = alert.check_at.filter(|at| *at > now);
        let Some(at) = next.filter(|at| *at <= scenario.at + HELD_MAX) else {
            return Some(Begun::Ends(ended(scenario, events, End::Held, now, None)));
        };
        now = at;
        let Ok(()) = set.check_open(identity, &world, &mut Ids, now);
    }
    let alert = set.open.get(&identity)?.clone();
    let id = alert.incident_id?;
    let effects: Vec<Effect> = set
        .take_effects()
        .into_iter()
        .filter(|(of, _)| *of == id)
        .map(|(_, effect)| effect)
        .collect();
    let incident = set.incidents.remove(&id)?;
    let opened = id == INCIDENT;
    if !opened {
        events.push(Event {
            at: now,
            kind: EventKind::Joined,
            text: joins(&incident, directory),
        });
    }
    if !opened
        && !effects
            .iter()
            .any(|one| matches!(one, Effect::StartRun { .. }))
    {
        for effect in effects {
            events.extend(
                told(effect, &incident, directory).map(|(kind, text)| Event {
                    at: now,
                    kind,
                    text,
                }),
            );
        }
        let course = ended(scenario, events, End::Joined, now, Some(incident));
        return Some(Begun::Ends(course));
    }
    // Of an incident that was open the other alerts are not known.
    let alerts: Vec<Alert> = if opened { vec![alert] } else { Vec::new() };
    let mut world = World::new(scenario, world, incident, alerts, now);
    world.events = events;
    for effect in effects {
        world.carry_out(effect, Actor::MONITOR);
    }
    Some(Begun::Pages(Box::new(world)))
}

/// What the rules of a global integration make of the alert, and what is wrong with them.
fn routing_of(way: &Way<'_>, at: Timestamp) -> Vec<Event> {
    let (Some(route), Some(decision)) = (&way.route, &way.decision) else {
        return Vec::new();
    };
    let event = |text: String| Event {
        at,
        kind: EventKind::Routed,
        text,
    };
    let mut text = format!(
        "The alert goes to {} {}",
        way.service.name,
        route.in_words()
    );
    if way.signal.severity != way.sent.severity {
        text.push_str(&format!(", as {}", way.signal.severity));
    }
    let warnings = decision.warnings.iter();
    let mut events: Vec<Event> = warnings
        .map(|warning| event(format!("Of the integration: {warning}.")))
        .collect();
    events.push(event(format!("{text}.")));
    events
}

fn ended(
    scenario: &Scenario,
    events: Vec<Event>,
    end: End,
    now: Timestamp,
    incident: Option<Incident>,
) -> Box<Course> {
    Box::new(Course {
        events,
        executions: Vec::new(),
        pages: Vec::new(),
        messages: Vec::new(),
        posts: Vec::new(),
        incident,
        end,
        ended_at: now.max(scenario.at),
    })
}

/// `It joins INC-0042 “Disk full”, which Bo has acknowledged: nobody is paged anew.`
fn joins(incident: &Incident, directory: &Directory) -> String {
    let state = match (incident.paging, incident.acknowledged_by) {
        (PagingState::Acknowledged, Some(by)) => {
            format!("which {} has acknowledged", directory.user_name(by))
        }
        (PagingState::Acknowledged, None) => "which is acknowledged".to_owned(),
        _ => "which is paging already".to_owned(),
    };
    let (label, title) = (incident.label(), &incident.title);
    format!("The alert joins {label} “{title}”, {state}: nobody is paged anew.")
}

/// What follows for an incident that was open.
fn told(effect: Effect, incident: &Incident, directory: &Directory) -> Option<(EventKind, String)> {
    match effect {
        Effect::Entry { kind, text, .. } => Some((EventKind::Timeline(kind), format!("{text}."))),
        Effect::TellAcknowledger { text } => {
            let by = incident.acknowledged_by?;
            let name = directory.user_name(by);
            let text = format!("{name}, who has acknowledged, is told: {text}.");
            Some((EventKind::Joined, text))
        }
        _ => None,
    }
}

/// Labels as people type them: `alertname=DiskFull, cluster=eu`.
///
/// # Errors
/// The part that is no label.
pub fn labels(text: &str) -> Result<BTreeMap<String, String>, String> {
    let parts = text.split([',', '\n']).map(str::trim);
    parts
        .filter(|part| !part.is_empty())
        .map(|part| match part.split_once('=') {
            Some((name, value)) if !name.trim().is_empty() => {
                let value = value.trim().trim_matches('"');
                Ok((name.trim().to_owned(), value.to_owned()))
            }
            _ => Err(format!("“{part}” is no label such as alertname=DiskFull")),
        })
        .collect()
}
