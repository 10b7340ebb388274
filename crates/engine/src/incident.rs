//! Commands about incidents: whoever gives them (page, API, reply, timer), they come through here.

use domain::incident::{self, Command, Decision, Effect, Incident, IncidentKind, TITLE_MAX};
use domain::policy::Target;
use domain::service::ServiceSettings;
use domain::word::{
    AlertSeverity, EntryKind, IncidentSeverity, KeyMoment, PagingState, Phase, TimerKind, Urgency,
};
use domain::{IncidentId, ServiceId};
use store::{Change, Store, Tx};

use crate::access::{Right, require};
use crate::effect::{Writing, asking};
use crate::{Error, OpContext};

/// Gives a command to the incident with this number and returns it as it is afterwards.
///
/// # Errors
/// [`Error::NotFound`], [`Error::Refused`] with the reason, [`Error::Forbidden`].
pub async fn command(
    store: &Store,
    ctx: &OpContext,
    number: i64,
    command: Command,
) -> Result<Incident, Error> {
    require(ctx, Right::Respond)?;
    let ctx = *ctx;
    store
        .write(move |tx| {
            let id = store::incident::by_number(tx, number)
                .map_err(not_found)?
                .id;
            command_in_txn(tx, &ctx, id, &command)
        })
        .await
}

/// The same, as part of a transaction: for timers, replies and bulk actions.
///
/// # Errors
/// As [`command`]; the caller has checked the rights.
pub fn command_in_txn(
    tx: &mut Tx<'_>,
    ctx: &OpContext,
    id: IncidentId,
    command: &Command,
) -> Result<Incident, Error> {
    let may_resolve = matches!(command, Command::Resolve | Command::ChangePhase { .. });
    let before = if may_resolve {
        let found = store::alert::lock_with_incidents(tx, &[id])?.pop();
        found.ok_or_else(|| not_found(store::Error::NotFound))?
    } else {
        store::incident::lock(tx, id).map_err(not_found)?
    };
    let directory = tx.directory()?;
    check_references(command, &directory)?;
    check_request(tx, ctx, &before, command, &directory)?;
    let settings = settings_of(&before, &directory);
    let Decision {
        incident: mut after,
        effects,
    } = incident::decide(&before, command, ctx.actor, &settings, &directory, ctx.now)?;
    if effects.is_empty() {
        return Ok(after);
    }
    write_after_group_check(tx, &before, &mut after)?;
    let mut writing = Writing::new(tx, ctx.now)?;
    writing.carry_out(&mut after, effects, ctx.actor)?;
    writing.finish()?;
    if before.is_open() && after.phase == Phase::Resolved {
        start_postmortem(tx, ctx, &after)?;
    }
    Ok(after)
}

/// A grave incident gets its postmortem when it is resolved.
fn start_postmortem(tx: &mut Tx<'_>, ctx: &OpContext, incident: &Incident) -> Result<(), Error> {
    let reopened = store::timeline::has(tx, incident.id, EntryKind::Reopened)?;
    if domain::postmortem::is_created_at_resolve(incident.severity, reopened)
        && crate::postmortem::of_incident(tx, incident.id)?.is_none()
    {
        crate::postmortem::create(tx, incident, ctx.actor, ctx.now)?;
    }
    Ok(())
}

/// People and policies that a command names must exist.
fn check_references(
    command: &Command,
    directory: &domain::directory::Directory,
) -> Result<(), Error> {
    let known = |user| directory.user(user).is_some_and(|user| !user.disabled);
    match command {
        Command::ReassignToUser { user } if !known(*user) => {
            Err(Error::invalid("user", "there is no such person"))
        }
        Command::Page { targets, .. } => targets.iter().enumerate().try_for_each(|(n, target)| {
            let field = format!("targets[{n}]");
            if !target.pages_people() {
                let message = "a channel is no person: choose people, schedules or teams";
                return Err(Error::invalid(field, message));
            }
            match crate::configuration::target_problem(directory, *target, field) {
                Some(problem) => Err(Error::Invalid(vec![problem])),
                None => Ok(()),
            }
        }),
        Command::ReassignToPolicy { policy } if directory.policy(*policy).is_none() => {
            Err(Error::invalid("policy", "there is no such policy"))
        }
        _ => Ok(()),
    }
}

/// A request must reach somebody, and only who was asked can answer: refused before anything is
/// written, since a reply's refusal is an answer that is committed.
fn check_request(
    tx: &mut Tx<'_>,
    ctx: &OpContext,
    incident: &Incident,
    command: &Command,
    directory: &domain::directory::Directory,
) -> Result<(), Error> {
    match command {
        Command::Page { targets, .. } if incident.is_open() && !targets.is_empty() => {
            asking(tx, Some(incident), targets, ctx.actor, directory, ctx.now).map(drop)
        }
        Command::Answer { .. } if incident.is_open() => {
            let asked = match ctx.actor.user {
                Some(user) => store::responder::open(tx, incident.id, user)?,
                None => None,
            };
            match asked {
                Some(_) => Ok(()),
                None => Err(Error::Refused(
                    "no request for help is open: acknowledge the incident instead".into(),
                )),
            }
        }
        _ => Ok(()),
    }
}

/// An incident that is opened again by hand may find another open one of its group: it then gives
/// up the group, since alerts go to the other.
fn write_after_group_check(
    tx: &mut Tx<'_>,
    before: &Incident,
    after: &mut Incident,
) -> Result<(), Error> {
    if !before.is_open()
        && after.is_open()
        && let (Some(group), Some(service)) = (&after.group_key, after.service_id)
        && !store::incident::open_of_groups(tx, service, std::slice::from_ref(group))?.is_empty()
    {
        after.group_key = None;
    }
    store::incident::update(tx, after.clone())?;
    Ok(())
}

fn settings_of(incident: &Incident, directory: &domain::directory::Directory) -> ServiceSettings {
    incident
        .service_id
        .and_then(|id| directory.service(id))
        .map(|service| service.settings.clone())
        .unwrap_or_default()
}

fn not_found(error: store::Error) -> Error {
    match error {
        store::Error::NotFound => Error::NotFound("incident"),
        other => other.into(),
    }
}

/// The same command for several incidents: each on its own, so that one that refuses does not
/// hold up the others. Returns what came of each.
pub async fn command_many(
    store: &Store,
    ctx: &OpContext,
    numbers: Vec<i64>,
    wanted: Command,
) -> Vec<(i64, Result<Incident, Error>)> {
    let mut results = Vec::with_capacity(numbers.len());
    for number in numbers {
        results.push((number, command(store, ctx, number, wanted.clone()).await));
    }
    results
}

/// What people say when they open an incident by hand.
#[derive(Clone, Debug)]
pub struct NewIncident {
    pub title: String,
    /// With a service its policy is paged; without one nobody is, since somebody is there already.
    pub service: Option<ServiceId>,
    pub urgency: Urgency,
    /// With a severity it is declared at once.
    pub severity: Option<IncidentSeverity>,
    pub drill: bool,
    /// First note on the timeline.
    pub note: String,
    /// Who is asked to help at once, besides the service's policy (PAGING.md §4.8).
    pub page: Vec<Target>,
    /// What they are told.
    pub message: String,
}

/// Opens an incident without any alert.
///
/// # Errors
/// [`Error::Invalid`], [`Error::Forbidden`].
pub async fn create(store: &Store, ctx: &OpContext, new: NewIncident) -> Result<Incident, Error> {
    require(ctx, Right::Respond)?;
    let title: String = new.title.replace('\0', "").trim().to_owned();
    if title.is_empty() {
        return Err(Error::invalid("title", "say in a few words what is wrong"));
    }
    if title.chars().count() > TITLE_MAX {
        return Err(Error::invalid(
            "title",
            format!("at most {TITLE_MAX} characters"),
        ));
    }
    let ctx = *ctx;
    store
        .write(move |tx| create_in_txn(tx, &ctx, &title, &new))
        .await
}

fn create_in_txn(
    tx: &mut Tx<'_>,
    ctx: &OpContext,
    title: &str,
    new: &NewIncident,
) -> Result<Incident, Error> {
    let directory = tx.directory()?;
    if new
        .service
        .is_some_and(|id| directory.service(id).is_none())
    {
        return Err(Error::invalid("service", "there is no such service"));
    }
    let asks = Command::Page {
        targets: new.page.clone(),
        message: new.message.clone(),
    };
    if !new.page.is_empty() {
        check_references(&asks, &directory)?;
        asking(tx, None, &new.page, ctx.actor, &directory, ctx.now)?;
    }
    // Without a service there is nobody to page: whoever opens it has it.
    let alone = new.service.is_none();
    let declared = new.severity.is_some();
    let mut incident = Incident {
        id: tx.id(IncidentId)?,
        number: tx.numbers("incident", 1)?,
        title: title.to_owned(),
        service_id: new.service,
        policy_id: None,
        kind: if new.drill {
            IncidentKind::Drill
        } else {
            IncidentKind::Real
        },
        urgency: new.urgency,
        alert_severity: match new.urgency {
            Urgency::High => AlertSeverity::Critical,
            Urgency::Low => AlertSeverity::Warning,
        },
        severity: new.severity,
        paging: if alone {
            PagingState::Acknowledged
        } else {
            PagingState::Triggered
        },
        phase: if declared {
            Phase::Investigating
        } else {
            Phase::Triage
        },
        group_key: None,
        alerts: 0,
        open_alerts: 0,
        unreachable: false,
        created_at: ctx.now,
        triggered_at: ctx.now,
        acknowledged_at: alone.then_some(ctx.now),
        acknowledged_by: ctx.actor.user.filter(|_| alone),
        snoozed_until: None,
        declared_at: declared.then_some(ctx.now),
        declared_by: ctx.actor.user.filter(|_| declared),
        resolved_at: None,
        resolved_by: None,
        next_update_due: None,
        updated_at: ctx.now,
        gathering: None,
    };
    store::incident::insert(tx, vec![incident.clone()])?;
    let who = ctx.actor.name(&directory);
    let mut effects = vec![
        Effect::Entry {
            kind: EntryKind::Opened,
            text: format!("{who} opened the incident"),
            details: serde_json::Value::Null,
        },
        Effect::Moment {
            moment: KeyMoment::Detected,
        },
    ];
    if let Some(severity) = new.severity {
        effects.push(Effect::Entry {
            kind: EntryKind::Declared,
            text: format!("{who} declared the incident as {severity}"),
            details: serde_json::Value::Null,
        });
        effects.push(Effect::Moment {
            moment: KeyMoment::Declared,
        });
    }
    let note = new.note.replace('\0', "");
    if !note.trim().is_empty() {
        effects.push(Effect::Entry {
            kind: EntryKind::Note,
            text: note.trim().to_owned(),
            details: serde_json::Value::Null,
        });
    }
    if !alone {
        effects.push(Effect::StartRun { also_page: vec![] });
    }
    if !new.page.is_empty() {
        let settings = ServiceSettings::default();
        let asked = incident::decide(&incident, &asks, ctx.actor, &settings, &directory, ctx.now)?;
        effects.extend(asked.effects);
        let wait = incident::responder::wait_for_answer(&incident, &settings, ctx.now);
        effects.extend(wait);
    }
    let mut writing = Writing::new(tx, ctx.now)?;
    writing.carry_out(&mut incident, effects, ctx.actor)?;
    writing.finish()?;
    Ok(incident)
}

/// Restarts the escalation of a service's triggered incidents, because it moved to another policy
/// (PAGING.md §4.3). Called in the transaction that moves it.
///
/// # Errors
/// Those of the reads and writes.
pub fn restart_of_service(
    tx: &mut Tx<'_>,
    ctx: &OpContext,
    service: ServiceId,
) -> Result<(), Error> {
    for id in store::incident::open_of_service(tx, service)? {
        let mut incident = store::incident::lock(tx, id)?;
        if incident.paging != PagingState::Triggered || incident.policy_id.is_some() {
            continue;
        }
        let effects = vec![
            Effect::Entry {
                kind: EntryKind::Reassigned,
                text: "The service moved to another policy: paging starts again".into(),
                details: serde_json::Value::Null,
            },
            Effect::CancelNotifications,
            // Whoever it was reassigned to is not waited for any more.
            Effect::Disarm {
                kind: TimerKind::AckTimeout,
            },
            Effect::StartRun { also_page: vec![] },
        ];
        let mut writing = Writing::new(tx, ctx.now)?;
        writing.carry_out(&mut incident, effects, ctx.actor)?;
        writing.finish()?;
    }
    Ok(())
}

/// A timer of the incident fell due.
///
/// # Errors
/// Those of the reads and writes.
pub(crate) fn timer_in_txn(
    tx: &mut Tx<'_>,
    timer: &store::escalation::Timer,
    ctx: &OpContext,
) -> Result<(), Error> {
    match timer.kind {
        TimerKind::Escalation => {
            let mut incident = store::incident::lock(tx, timer.incident_id)?;
            let live = store::escalation::live_run(tx, incident.id)?
                .filter(|run| run.id.0 == timer.subject_id);
            match live {
                Some(run) => {
                    let mut writing = Writing::new(tx, ctx.now)?;
                    writing.advance(&mut incident, run, domain::escalation::Input::Due)?;
                    writing.finish()?;
                    tx.changed(Change::Incident(timer.incident_id));
                }
                None => store::escalation::disarm(tx, timer.kind, timer.subject_id)?,
            }
        }
        TimerKind::AckTimeout | TimerKind::SnoozeEnd | TimerKind::SupportHours => {
            store::escalation::disarm(tx, timer.kind, timer.subject_id)?;
            let command = match timer.kind {
                TimerKind::AckTimeout => Command::AckTimedOut,
                TimerKind::SupportHours => Command::SupportHoursBegan,
                _ => Command::SnoozeEnded,
            };
            command_in_txn(tx, ctx, timer.incident_id, &command)?;
        }
        TimerKind::HandoverExpiry => {
            store::escalation::disarm(tx, timer.kind, timer.subject_id)?;
            crate::role::expire(tx, domain::HandoverId(timer.subject_id), ctx.now)?;
        }
    }
    Ok(())
}

/// The configuration changed: runs look again at who is on call (PAGING.md §4.9).
///
/// # Errors
/// Those of the reads and writes.
pub(crate) fn recheck_on_call(
    tx: &mut Tx<'_>,
    id: IncidentId,
    ctx: &OpContext,
) -> Result<(), Error> {
    let mut incident = store::incident::lock(tx, id)?;
    if let Some(run) = store::escalation::live_run(tx, id)? {
        let mut writing = Writing::new(tx, ctx.now)?;
        writing.advance(&mut incident, run, domain::escalation::Input::OnCallChanged)?;
        writing.finish()?;
    }
    Ok(())
}
