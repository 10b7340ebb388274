//! Everything an incident's page is made of, read at once.

use domain::alert::Alert;
use domain::directory::Directory;
use domain::escalation::{Execution, Run};
use domain::incident::Incident;
use domain::incident::responder::Responder;
use domain::policy::PolicyVersion;
use domain::suppression::Pause;
use domain::word::{PagingState, TimerKind};
use domain::{IncidentId, TimelineEntryId, Timestamp};
use engine::change_event::Beside;
use engine::role::RoleView;
use store::Conn;
use store::command::{RoleHolding, StatusUpdate};
use store::escalation::Page;
use store::notification::Notification;
use store::postmortem::Postmortem;
use store::timeline::Entry;

/// Alerts of one page of them; an incident may have any number (PAGING.md §2.5).
pub const ALERTS: i64 = 100;
/// The newest entries of the timeline that are shown.
const ENTRIES: i64 = 200;
/// The newest messages whose evidence is shown.
const NOTIFICATIONS: i64 = 500;

/// One incident with all that belongs to it.
pub struct Scene {
    /// What was asked for.
    pub part: Part,
    pub incident: Incident,
    /// The escalation that is running.
    pub run: Option<Run>,
    /// The version it keeps; without a run, the newest of the policy that would be run.
    pub version: Option<PolicyVersion>,
    /// What the run has executed so far, oldest first.
    pub executions: Vec<Execution>,
    pub ack_timeout_at: Option<Timestamp>,
    /// Oldest first.
    pub responders: Vec<Responder>,
    /// Oldest first.
    pub pages: Vec<Page>,
    /// Newest first.
    pub notifications: Vec<Notification>,
    /// Newest first.
    pub alerts: Vec<Alert>,
    /// The first signal's alert.
    pub first_alert: Option<Alert>,
    /// Oldest first.
    pub entries: Vec<Entry>,
    pub entries_total: i64,
    pub roles: Vec<RoleView>,
    /// Past ones, too.
    pub holdings: Vec<RoleHolding>,
    /// Newest first.
    pub updates: Vec<StatusUpdate>,
    pub moments: Vec<store::incident::Moment>,
    pub postmortem: Option<Postmortem>,
    pub changes: Beside,
    /// Why paging rests.
    pub pause: Option<Pause>,
}

/// Which part of the long lists is wanted.
#[derive(Clone, Copy, Debug, Default)]
pub struct Part {
    /// Alerts are skipped up to this one.
    pub alerts_from: i64,
    /// Only entries newer than this one.
    pub after: Option<TimelineEntryId>,
    /// How many of the incident's entries the page has that asks.
    pub shown: Option<i64>,
}

impl Scene {
    /// # Errors
    /// [`engine::Error::NotFound`] and those of the reads.
    pub fn read(
        conn: &mut Conn,
        directory: &Directory,
        number: i64,
        part: Part,
        now: Timestamp,
    ) -> Result<Scene, engine::Error> {
        let incident = store::incident::by_number(conn, number).map_err(|error| match error {
            store::Error::NotFound => engine::Error::NotFound("incident"),
            other => other.into(),
        })?;
        let id = incident.id;
        let run = store::escalation::live_run(conn, id)?;
        let version = version_of(conn, directory, &incident, run.as_ref())?;
        let ack_timeout_at = if incident.paging == PagingState::Acknowledged {
            store::escalation::timer_due(conn, TimerKind::AckTimeout, id.0)?
        } else {
            None
        };
        let alerts = store::alert::of_incident(conn, id, part.alerts_from, ALERTS)?;
        let first_alert = store::alert::first_of_incident(conn, id)?;
        let of_incident = store::notification::Filter {
            incident: Some(id),
            ..store::notification::Filter::default()
        };
        let entries_total = store::timeline::count(conn, id)?;
        let executions = match &run {
            Some(run) => store::escalation::executions(conn, id)?
                .into_iter()
                .filter(|(of, _)| *of == run.id)
                .map(|(_, execution)| execution)
                .collect(),
            None => Vec::new(),
        };
        let quiet = incident.quiet_until().filter(|until| *until > now);
        let pause = match (&run, quiet) {
            (None, _) => None,
            (Some(_), Some(until)) => Some(Pause {
                until,
                why: "its only alert flaps".to_owned(),
            }),
            (Some(_), None) => engine::suppression::pause(conn, directory, &incident, now)?,
        };
        Ok(Scene {
            part,
            pause,
            executions,
            ack_timeout_at,
            responders: store::responder::of_incident(conn, id)?,
            pages: store::escalation::pages(conn, id)?,
            notifications: store::notification::list(conn, &of_incident, None, NOTIFICATIONS)?,
            alerts,
            first_alert,
            entries: entries(conn, id, part, entries_total)?,
            entries_total,
            roles: engine::role::roles(conn, id)?,
            holdings: store::command::holdings(conn, id)?,
            updates: store::command::updates(conn, id)?,
            moments: store::incident::moments(conn, id)?,
            postmortem: store::postmortem::of_incident(conn, id)?,
            changes: engine::change_event::beside(conn, &incident)?,
            incident,
            run,
            version,
        })
    }
}

/// The entries that are wanted. Nodes take ids in blocks, so that an entry written late may have
/// an id below the last one shown: when some are missing after all, all are given again.
fn entries(
    conn: &mut Conn,
    id: IncidentId,
    part: Part,
    total: i64,
) -> Result<Vec<Entry>, engine::Error> {
    if let Some(after) = part.after {
        let newer = store::timeline::after(conn, id, after, ENTRIES)?;
        let count = i64::try_from(newer.len()).unwrap_or(i64::MAX);
        let has_all = |shown: i64| shown.saturating_add(count) >= total;
        if part.shown.is_none_or(has_all) {
            return Ok(newer);
        }
    }
    Ok(store::timeline::latest(conn, id, ENTRIES)?)
}

fn version_of(
    conn: &mut Conn,
    directory: &Directory,
    incident: &Incident,
    run: Option<&Run>,
) -> Result<Option<PolicyVersion>, engine::Error> {
    let Some(run) = run else {
        let policy = engine::effect::policy_of(incident, directory);
        return Ok(policy.map(|policy| policy.current.clone()));
    };
    let Some(id) = run.policy_id else {
        return Ok(None);
    };
    match directory.policy(id) {
        Some(policy) if policy.current.version == run.policy_version => {
            Ok(Some(policy.current.clone()))
        }
        _ => Ok(Some(store::escalation::policy_version(
            conn,
            id,
            run.policy_version,
        )?)),
    }
}
