//! Carries out what a decision says follows, in the transaction that made it.

mod channel;
mod many;
mod request;
mod rest;
mod tell;

use std::collections::BTreeSet;
use std::sync::Arc;

use domain::directory::Directory;
pub use domain::escalation::policy_of;
use domain::escalation::{self, Context, Execution, Facts, Input, Outcome, Run};
use domain::incident::responder::Responder;
use domain::incident::{Actor, Effect, Incident};
use domain::notification;
use domain::policy::{Policy, PolicyVersion};
use domain::word::{
    EntryKind, KeyMoment, NotificationKind, NotificationState, PageCause, RunState, TimerKind,
    Urgency,
};
use domain::{
    IncidentId, NotificationId, PageId, RunId, TimelineEntryId, TimerId, Timestamp, UserId,
};
use store::escalation::{Page, Timer};
use store::notification::Notification;
use store::timeline::Entry;
use store::{Change, Tx};

use crate::Error;
use crate::dispatch::let_others_go;
pub(crate) use channel::planned as planned_post;
pub(crate) use many::fire_escalations;
pub(crate) use request::asking;

/// Collects the rows of a transaction that go well together, and writes them at its end.
pub struct Writing<'a, 'c> {
    pub tx: &'a mut Tx<'c>,
    pub directory: Arc<Directory>,
    pub now: Timestamp,
    entries: Vec<Entry>,
    moments: Vec<(IncidentId, KeyMoment, Timestamp)>,
    pages: Vec<Page>,
    notifications: Vec<Notification>,
    responders: Vec<Responder>,
    /// Notices to those who follow somebody that is paged.
    to_shadows: BTreeSet<NotificationId>,
    executions: Vec<(RunId, Execution)>,
    /// Whose answers are awaited for the incidents at hand, once that is known.
    awaited: Option<BTreeSet<(IncidentId, UserId)>>,
}

impl<'a, 'c> Writing<'a, 'c> {
    /// # Errors
    /// Those of reading the configuration.
    pub fn new(tx: &'a mut Tx<'c>, now: Timestamp) -> Result<Writing<'a, 'c>, Error> {
        let directory = tx.directory()?;
        Ok(Writing {
            tx,
            directory,
            now,
            entries: Vec::new(),
            moments: Vec::new(),
            pages: Vec::new(),
            notifications: Vec::new(),
            responders: Vec::new(),
            to_shadows: BTreeSet::new(),
            executions: Vec::new(),
            awaited: None,
        })
    }

    /// Writes what was collected. To be called last.
    ///
    /// # Errors
    /// Those of the writes.
    pub fn finish(self) -> Result<(), Error> {
        store::timeline::append(self.tx, &self.entries)?;
        store::incident::fill_moments(self.tx, &self.moments)?;
        store::escalation::insert_executions(self.tx, &self.executions)?;
        store::escalation::insert_pages(self.tx, &self.pages)?;
        store::notification::insert(self.tx, &self.notifications)?;
        if !self.responders.is_empty() {
            store::responder::insert(self.tx, self.responders)?;
        }
        if !self.notifications.is_empty() {
            self.tx.changed(Change::Outbox);
        }
        Ok(())
    }

    /// # Errors
    /// Those of handing out the id.
    pub fn entry(
        &mut self,
        incident: IncidentId,
        actor: Actor,
        kind: EntryKind,
        text: String,
        details: &serde_json::Value,
    ) -> Result<(), Error> {
        self.entries.push(Entry {
            id: self.tx.id(TimelineEntryId)?,
            incident_id: incident,
            occurred_at: self.now,
            recorded_at: self.now,
            kind,
            actor_id: actor.user,
            origin: actor.origin,
            text,
            details: details.to_string(),
        });
        Ok(())
    }

    /// Carries out the effects of a decision about `incident`, which is locked and already
    /// written; what the effects change of it is written here.
    ///
    /// # Errors
    /// Those of the reads and writes.
    pub fn carry_out(
        &mut self,
        incident: &mut Incident,
        effects: Vec<Effect>,
        actor: Actor,
    ) -> Result<(), Error> {
        let id = incident.id;
        for effect in effects {
            match effect {
                Effect::StartRun { also_page } => self.start_run(incident, also_page)?,
                Effect::StopRun => self.stop_run(incident)?,
                Effect::EscalateNow { to_step } => self.escalate(incident, to_step)?,
                Effect::PageUsers { users, message } => {
                    self.page_by_name(incident, &users, &message, actor)?;
                }
                Effect::Ask { targets, message } => {
                    self.ask(incident, &targets, &message, actor)?;
                }
                Effect::Answer { accept, reason } => {
                    self.answer(incident, accept, &reason, actor)?;
                }
                Effect::AcceptRequest => self.accept_request(incident, actor)?,
                Effect::EndRequests => store::responder::end_all(self.tx, id)?,
                Effect::PageNotYetEngaged => self.page_not_yet_engaged(incident, actor)?,
                Effect::CancelNotifications => {
                    let why = "answered before it was sent";
                    let keep = store::responder::awaited(self.tx, id)?;
                    for tried in store::notification::cancel_pages_of(self.tx, id, &keep, why)? {
                        let_others_go(self.tx, &tried, self.now)?;
                    }
                    self.drop_collected_pages(id);
                }
                Effect::ResolveAlerts => {
                    store::alert::resolve_of_incident(self.tx, id, self.now)?;
                }
                Effect::Arm { kind, at } => self.arm(kind, id, id.0, at)?,
                Effect::Disarm { kind } => {
                    store::escalation::disarm(self.tx, kind, id.0)?;
                }
                Effect::Entry {
                    kind,
                    text,
                    details,
                } => {
                    self.entry(id, actor, kind, text, &details)?;
                }
                Effect::Moment {
                    moment: moment @ (KeyMoment::Resolved | KeyMoment::Closed),
                } => {
                    // An incident that came back ends when it ends for the last time.
                    store::incident::renew_moment(self.tx, id, moment, self.now)?;
                }
                Effect::Moment { moment } => self.moments.push((id, moment, self.now)),
                Effect::EndRoles => crate::role::end_all(self.tx, id, self.now)?,
                Effect::TellChannels { event, text } => {
                    self.tell_channels(incident, event, &text)?;
                }
                Effect::TellPaged { text } => self.tell_paged(incident, &text, actor.user)?,
                Effect::TellAcknowledger { text } => {
                    if let Some(user) = incident.acknowledged_by {
                        self.tell(incident, user, &text, None)?;
                    }
                }
            }
        }
        self.tx.changed(Change::Incident(id));
        Ok(())
    }

    fn arm(
        &mut self,
        kind: TimerKind,
        incident_id: IncidentId,
        subject_id: i64,
        due_at: Timestamp,
    ) -> Result<(), Error> {
        let id = self.tx.id(TimerId)?;
        store::escalation::arm(
            self.tx,
            Timer {
                id,
                kind,
                incident_id,
                subject_id,
                due_at,
            },
        )?;
        self.tx.changed(Change::Timers);
        Ok(())
    }

    fn start_run(&mut self, incident: &mut Incident, also_page: Vec<UserId>) -> Result<(), Error> {
        self.stop_run(incident)?;
        let directory = self.directory.clone();
        let policy = policy_of(incident, &directory);
        let round_robin = match policy {
            Some(p) if p.current.config.takes_turns() => {
                store::escalation::draw_turn(self.tx, p.id)?
            }
            _ => 0,
        };
        let id = self.tx.id(RunId)?;
        let facts = self.facts(incident, false)?;
        let ctx = Context {
            directory: &directory,
            policy: policy.map(|p| &p.current),
            policy_name: policy.map_or("", |p| p.name.as_str()),
            facts,
            now: self.now,
        };
        let outcome = escalation::start(id, policy.map(|p| p.id), round_robin, also_page, &ctx);
        store::escalation::insert_run(self.tx, &outcome.run)?;
        self.write_outcome(incident, outcome)
    }

    fn stop_run(&mut self, incident: &mut Incident) -> Result<(), Error> {
        let Some(run) = store::escalation::live_run(self.tx, incident.id)? else {
            return Ok(());
        };
        self.advance(incident, run, Input::Stop).map(drop)
    }

    fn escalate(&mut self, incident: &mut Incident, to_step: Option<i64>) -> Result<(), Error> {
        match store::escalation::newest_run(self.tx, incident.id)? {
            Some(run) => {
                let input = Input::EscalateNow { to_step };
                self.advance(incident, run, input).map(drop)
            }
            // Declared by hand without paging anybody so far.
            None => self.start_run(incident, vec![]),
        }
    }

    /// Puts an input to a run and writes what comes of it; returns when it wants to be asked again.
    ///
    /// # Errors
    /// Those of the reads and writes.
    pub fn advance(
        &mut self,
        incident: &mut Incident,
        run: Run,
        input: Input,
    ) -> Result<Option<Timestamp>, Error> {
        let directory = self.directory.clone();
        let policy = run.policy_id.and_then(|id| directory.policy(id));
        let version = self.version_of(&run, policy)?;
        let facts = match input {
            Input::Due | Input::OnCallChanged => self.facts(incident, true)?,
            Input::Stop | Input::EscalateNow { .. } => Facts::of(incident),
        };
        let ctx = Context {
            directory: &directory,
            policy: version.as_ref(),
            policy_name: policy.map_or("", |p| p.name.as_str()),
            facts,
            now: self.now,
        };
        let outcome = escalation::decide(run, input, &ctx);
        store::escalation::update_run(self.tx, &outcome.run)?;
        let next = outcome.next_wake;
        self.write_outcome(incident, outcome)?;
        Ok(next)
    }

    /// The version a run started with, which it keeps whatever is saved meanwhile (PAGING.md §4.3).
    fn version_of(
        &mut self,
        run: &Run,
        policy: Option<&Policy>,
    ) -> Result<Option<PolicyVersion>, Error> {
        match (run.policy_id, policy) {
            (None, _) => Ok(None),
            (Some(_), Some(p)) if p.current.version == run.policy_version => {
                Ok(Some(p.current.clone()))
            }
            (Some(id), _) => {
                let found = store::escalation::policy_version(self.tx, id, run.policy_version)?;
                Ok(Some(found))
            }
        }
    }

    fn write_outcome(&mut self, incident: &mut Incident, outcome: Outcome) -> Result<(), Error> {
        let run = &outcome.run;
        if !outcome.pages.is_empty() {
            // Also where nothing else of the incident changes: somebody came on call.
            self.tx.changed(Change::Incident(incident.id));
        }
        let unreachable = outcome.marks_unreachable(incident.unreachable);
        let id = run.id;
        self.executions
            .extend(outcome.executions.into_iter().map(|one| (id, one)));
        for entry in outcome.entries {
            self.entry(
                incident.id,
                Actor::SYSTEM,
                entry.kind,
                entry.text,
                &entry.data,
            )?;
        }
        self.tell_shadows(incident, &outcome.pages)?;
        for plan in outcome.pages {
            let reason = serde_json::to_string(&plan.reason)
                .map_err(|e| store::Error::Corrupt(format!("page.reason: {e}")))?;
            self.page(
                incident,
                Some((run.id, plan.execution)),
                plan.user,
                plan.urgency,
                plan.cause,
                reason,
            )?;
        }
        self.tell_of_steps(incident, &outcome.run, &outcome.told)?;
        let run = &outcome.run;
        match outcome.next_wake.filter(|_| run.state != RunState::Stopped) {
            Some(at) => self.arm(TimerKind::Escalation, incident.id, run.id.0, at)?,
            None => {
                store::escalation::disarm(self.tx, TimerKind::Escalation, run.id.0)?;
            }
        }
        if unreachable != incident.unreachable {
            incident.unreachable = unreachable;
            store::incident::update(self.tx, incident.clone())?;
        }
        Ok(())
    }

    fn page_by_name(
        &mut self,
        incident: &Incident,
        users: &[UserId],
        message: &str,
        actor: Actor,
    ) -> Result<(), Error> {
        let reason = serde_json::to_string(&escalation::Reason::adhoc())
            .map_err(|e| store::Error::Corrupt(format!("page.reason: {e}")))?;
        for user in users {
            self.page(
                incident,
                None,
                *user,
                Urgency::High,
                PageCause::Adhoc,
                reason.clone(),
            )?;
            let (who, whom) = (
                actor.name(&self.directory),
                self.directory.user_name(*user).to_owned(),
            );
            let text = match message.trim() {
                "" => format!("{who} paged {whom}"),
                message => format!("{who} paged {whom}: {message}"),
            };
            self.entry(
                incident.id,
                actor,
                EntryKind::Paged,
                text,
                &serde_json::json!({ "user_id": user }),
            )?;
        }
        Ok(())
    }

    fn page_not_yet_engaged(&mut self, incident: &Incident, actor: Actor) -> Result<(), Error> {
        let directory = self.directory.clone();
        let Some(policy) = policy_of(incident, &directory) else {
            return Ok(());
        };
        let mut engaged = store::escalation::paged_people(self.tx, incident.id)?;
        engaged.extend(actor.user);
        engaged.extend(incident.acknowledged_by);
        let config = &policy.current.config;
        let people = escalation::first_step_people(config, &directory, &engaged, self.now);
        self.page_by_name(incident, &people, "the severity was raised", actor)
    }

    /// One page, with its notifications planned at once (PAGING.md §6.3).
    fn page(
        &mut self,
        incident: &Incident,
        execution: Option<(RunId, i64)>,
        user_id: UserId,
        urgency: Urgency,
        cause: PageCause,
        reason: String,
    ) -> Result<PageId, Error> {
        let page_id = self.tx.id(PageId)?;
        self.pages.push(Page {
            id: page_id,
            incident_id: incident.id,
            run_id: execution.map(|(run, _)| run),
            execution: execution.map(|(_, number)| number),
            user_id,
            urgency,
            cause,
            reason,
            created_at: self.now,
        });
        self.moments
            .push((incident.id, KeyMoment::FirstPage, self.now));
        let directory = self.directory.clone();
        let Some(user) = directory.user(user_id) else {
            return Ok(page_id);
        };
        let asks = execution.is_none() && cause == PageCause::Adhoc;
        let underway = self.underway(incident, user_id, asks)?;
        for planned in notification::plan(user, urgency, self.now) {
            let Some(method) = user.method(planned.method_id) else {
                continue;
            };
            let id = self.tx.id(NotificationId)?;
            let mut row = Notification::planned(
                id,
                NotificationKind::Page,
                planned.kind,
                method.address.clone(),
                urgency,
                self.now,
            );
            row.user_id = Some(user_id);
            row.method_id = Some(planned.method_id);
            row.incident_id = Some(incident.id);
            row.page_id = Some(page_id);
            row.due_at = planned.due_at;
            let due_at = planned.due_at;
            let other = request::carrier(&underway, method.id, urgency, due_at, asks);
            match other {
                // The request outlives an acknowledgement, so it carries what a step has planned.
                Some((other, earlier)) if asks => {
                    row.due_at = earlier;
                    self.carry(other, row.id)?;
                }
                Some((other, _)) => {
                    row.state = NotificationState::Bundled;
                    row.bundle_id = Some(other);
                }
                None => {}
            }
            self.notifications.push(row);
        }
        Ok(page_id)
    }

    /// An incident that is opened and resolved within one batch pages nobody.
    fn drop_collected_pages(&mut self, id: IncidentId) {
        for row in &mut self.notifications {
            let pages = row.kind == NotificationKind::Page || self.to_shadows.contains(&row.id);
            if row.incident_id == Some(id) && pages {
                row.state = NotificationState::Cancelled;
                row.last_error = Some("answered before it was sent".into());
            }
        }
    }
}
