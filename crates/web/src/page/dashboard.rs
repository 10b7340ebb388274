//! The dashboard: what is on fire, who holds it, who is on call, what came in lately.

use std::collections::BTreeMap;

use domain::dedup::SignalDecision;
use domain::directory::Directory;
use domain::word::PagingState;
use domain::{AlertId, IncidentId, ServiceId, Span, Timestamp, UserId};
use store::Conn;
use store::alert::SignalRecord;
use store::board::{Filter, Order};

use actix_web::HttpResponse;
use actix_web::web::{self, ServiceConfig};

use super::incident::row;
use super::schedule::row::on_call;
use super::{name, signal, suppression};
use crate::error::WebError;
use crate::frame::{frame, render};
use crate::pulse::Pulse;
use crate::session::SignedIn;
use crate::state::State;
use crate::view::dashboard::{DashboardPage, FirstStep, OverdueUpdate, SignalRow};
use crate::view::schedule::OnCallRow;
use crate::view::signal::RequestRow;
use crate::view::{Frame, Link, Nav};

/// Incidents, signals and late updates shown.
const SHOWN: i64 = 10;
const PULSE_MINUTES: i64 = 60;
/// Requests that were not understood are shown for this long, and so many of them.
const TROUBLES: Span = Span::from_days(1);
const TROUBLES_SHOWN: i64 = 3;

pub fn configure(cfg: &mut ServiceConfig) {
    cfg.route("/", web::get().to(page));
}

/// `GET /`.
async fn page(state: State, me: SignedIn) -> Result<HttpResponse, WebError> {
    let directory = state.directory();
    let frame = frame(&state, &me, "Dashboard", Nav::Dashboard).await;
    let (known, now, viewer) = (directory.clone(), frame.now, me.id());
    let pulse = state.pulse.clone();
    let found = state
        .store()
        .read(move |c| Found::read(c, &known, &pulse, viewer, now))
        .await?;
    let id = me.id();
    let page = web::block(move || found.page(&directory, frame, id))
        .await
        .map_err(|error| WebError::Internal(error.to_string()))?;
    render(&page)
}

/// What the page needs of the database.
struct Found {
    open: Vec<domain::incident::Incident>,
    rows: Vec<crate::view::incident::IncidentRow>,
    open_total: i64,
    pulse: Vec<u32>,
    signals: Vec<SignalRecord>,
    numbers: BTreeMap<IncidentId, i64>,
    counts: BTreeMap<AlertId, i64>,
    overdue: Vec<domain::incident::Incident>,
    troubles: Vec<RequestRow>,
    held: BTreeMap<i64, i64>,
}

impl Found {
    /// # Errors
    /// Those of the reads.
    fn read(
        conn: &mut Conn,
        directory: &Directory,
        pulse: &Pulse,
        viewer: UserId,
        now: Timestamp,
    ) -> Result<Found, store::Error> {
        let filter = Filter {
            paging: vec![PagingState::Triggered, PagingState::Acknowledged],
            ..Filter::default()
        };
        let open = store::board::list(conn, &filter, Order::Worst, now, 0, SHOWN)?;
        let signals = store::alert::recent_signals(conn, None, SHOWN)?;
        let incidents: Vec<IncidentId> = signals.iter().filter_map(|one| one.incident_id).collect();
        let alerts: Vec<AlertId> = signals.iter().filter_map(|one| one.alert_id).collect();
        Ok(Found {
            rows: row::rows(conn, &open, directory)?,
            open_total: store::board::count(conn, &filter, now)?,
            pulse: pulse.read(conn, now, PULSE_MINUTES)?,
            numbers: store::board::numbers(conn, &incidents)?
                .into_iter()
                .collect(),
            counts: store::board::alert_counts(conn, &alerts)?
                .into_iter()
                .collect(),
            overdue: store::board::overdue_updates(conn, now, SHOWN)?,
            troubles: troubles(conn, directory, viewer, now)?,
            held: store::alert::counts_held(conn)?,
            open,
            signals,
        })
    }

    /// The page as the viewer of `frame` sees it.
    fn page(self, directory: &Directory, frame: Frame, viewer: UserId) -> DashboardPage {
        let now = frame.now;
        DashboardPage {
            open_total: u64::try_from(self.open_total).unwrap_or(0),
            on_call: duty(directory, viewer, now),
            signals: self
                .signals
                .iter()
                .map(|one| self.signal(one, directory))
                .collect(),
            overdue_updates: self.late_updates(now),
            first_steps: match frame.can_admin {
                true => first_steps(directory, !self.signals.is_empty()),
                false => Vec::new(),
            },
            troubles: self.troubles,
            quiet: suppression::row::in_force(directory, &self.held, now),
            open: self.rows,
            pulse: self.pulse,
            frame,
        }
    }

    fn signal(&self, one: &SignalRecord, directory: &Directory) -> SignalRow {
        let door = directory.integration(one.integration_id);
        let routed = one.route().map(|route| route.service);
        let service = routed
            .or_else(|| Some(door?.service_id))
            .and_then(|id| name::service(directory, id));
        SignalRow {
            at: one.received_at,
            said: one.action.zip(one.severity),
            summary: match one.summary.is_empty() {
                true => one.dedup_key.clone().unwrap_or_default(),
                false => one.summary.clone(),
            },
            service: service.unwrap_or_else(|| Link {
                label: "a former service".to_owned(),
                href: "/services".to_owned(),
            }),
            incident: one
                .incident_id
                .and_then(|id| self.numbers.get(&id).copied()),
            count: one
                .alert_id
                .and_then(|id| self.counts.get(&id))
                .map_or(1, |count| u64::try_from(*count).unwrap_or(1)),
        }
    }

    /// Those that were promised, and first ones that the severity asks for.
    fn late_updates(&self, now: Timestamp) -> Vec<OverdueUpdate> {
        let mut late: Vec<OverdueUpdate> = Vec::new();
        for incident in self.overdue.iter().chain(&self.open) {
            let Some(due) = row::update_due(incident).filter(|due| *due <= now) else {
                continue;
            };
            if late.iter().all(|known| known.number != incident.number) {
                late.push(OverdueUpdate {
                    number: incident.number,
                    title: incident.title.clone(),
                    due,
                });
            }
        }
        late.sort_by_key(|update| update.due);
        late
    }
}

/// What could not be understood lately, of the viewer's own teams' services and of those that are
/// nobody's.
fn troubles(
    conn: &mut Conn,
    directory: &Directory,
    viewer: UserId,
    now: Timestamp,
) -> Result<Vec<RequestRow>, store::Error> {
    let owns = |service: ServiceId| {
        let Some(service) = directory.service(service) else {
            return false;
        };
        let team = service.team_id.and_then(|id| directory.team(id));
        team.is_none_or(|team| team.members.contains(&viewer))
    };
    let doors = directory.integrations.values();
    let filter = store::request::Filter {
        integrations: Some(
            doors
                .filter(|door| owns(door.service_id))
                .map(|door| door.id)
                .collect(),
        ),
        decision: Some(SignalDecision::Rejected),
        since: Some(now - TROUBLES),
        ..store::request::Filter::default()
    };
    signal::rows(conn, directory, &filter, TROUBLES_SHOWN)
}

/// The viewer's own watches first.
fn duty(directory: &Directory, viewer: UserId, now: Timestamp) -> Vec<OnCallRow> {
    let schedules = directory.schedules.values();
    let mut rows: Vec<OnCallRow> = schedules
        .map(|schedule| on_call(directory, schedule, Some(viewer), now))
        .collect();
    rows.sort_by_cached_key(|row| (!row.mine, row.name.to_lowercase()));
    rows
}

/// What a new installation still lacks; nothing once all of it is there.
fn first_steps(directory: &Directory, heard: bool) -> Vec<FirstStep> {
    let step = |text: &str, href: &str, done: bool| FirstStep {
        text: text.to_owned(),
        href: href.to_owned(),
        done,
    };
    let steps = vec![
        step(
            "Invite a second person",
            "/users/new",
            directory.users.len() > 1,
        ),
        step(
            "Say who is on call",
            "/schedules/new",
            !directory.schedules.is_empty(),
        ),
        step(
            "Write an escalation policy",
            "/policies/new",
            !directory.policies.is_empty(),
        ),
        step(
            "Add a service with an integration",
            "/services/new",
            !directory.integrations.is_empty(),
        ),
        step("Send the first signal", "/services", heard),
    ];
    match steps.iter().all(|step| step.done) {
        true => Vec::new(),
        false => steps,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::page::sample::{NOW, directory};

    #[test]
    fn a_new_installation_is_led_and_a_complete_one_left_alone() {
        let empty = first_steps(&Directory::default(), false);
        assert_eq!(empty.len(), 5);
        assert!(empty.iter().all(|step| !step.done));
        let some = first_steps(&directory(), false);
        assert_eq!(some.iter().filter(|step| step.done).count(), 3);
    }

    #[test]
    fn my_own_watch_stands_first() {
        let mut directory = directory();
        let mut other = crate::page::sample::platform(&directory).clone();
        other.id = domain::ScheduleId(99);
        other.name = "Aaa".into();
        other.overrides.clear();
        other.versions[0].config.layers[0].participants = vec![UserId(2).into()];
        directory.schedules.insert(other.id, other.into());
        let names: Vec<String> = duty(&directory, UserId(1), NOW)
            .into_iter()
            .map(|row| row.name)
            .collect();
        assert_eq!(names, ["Platform", "Aaa"]);
    }
}
