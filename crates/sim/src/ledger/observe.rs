//! Looks at what a commit has changed and compares it with the model.

use std::collections::{BTreeMap, BTreeSet};

use domain::escalation::Execution;
use domain::incident::Incident;
use domain::word::{PageCause, PagingState, Urgency};
use domain::{IncidentId, RunId, Span, Timestamp, UserId};
use store::escalation::Page;
use store::{Change, Conn, Error};

use super::{IN_TIME, Known, LEAVES_WITHIN, Leaves, Ledger, Request};
use crate::invariant::Invariant;
use crate::model::{Position, Run};
use crate::setup::Who;
use crate::story::Verb;

/// Circumstances of a commit.
#[derive(Clone, Copy)]
pub(super) struct Moment {
    /// It was a person's or an editor's, rather than a timer's, a monitor's or the outbox's.
    pub(super) own: bool,
    pub(super) wall: Timestamp,
    pub(super) passed: Span,
}

impl Ledger {
    /// To be called after each commit.
    pub fn committed(
        &mut self,
        conn: &mut Conn,
        changes: &[Change],
        own: bool,
        wall: Timestamp,
        passed: Span,
    ) {
        self.commits += 1;
        let moment = Moment { own, wall, passed };
        if changes.contains(&Change::Directory) {
            if own && let Some(mut edit) = self.edits.pop() {
                (edit.apply)(&mut self.house, edit.at);
            } else if !own {
                self.methods_broke(conn, moment);
            }
        }
        let mut ids: BTreeSet<IncidentId> = BTreeSet::new();
        for change in changes {
            match change {
                Change::Incident(id) => {
                    ids.insert(*id);
                }
                Change::Incidents => ids.extend(self.incidents.keys()),
                Change::Directory | Change::Timers | Change::Outbox | Change::Heartbeats => {}
            }
        }
        for id in ids {
            if self.violation.is_some() {
                return;
            }
            if let Err(error) = self.observe(conn, id, moment) {
                let what = format!("{id} cannot be read: {error}");
                self.fail(Invariant::NoFailureInside, wall, what);
            }
        }
        if changes.contains(&Change::Directory) {
            // Others may be on call: what everybody owes may be owed earlier.
            let ids: Vec<IncidentId> = self.due_of.keys().copied().collect();
            for id in ids {
                self.owe(id, wall);
            }
        }
    }

    /// A provider's word about an address was taken down.
    fn methods_broke(&mut self, conn: &mut Conn, moment: Moment) {
        let directory = match store::directory::load(conn) {
            Ok(directory) => directory,
            Err(error) => {
                let what = format!("the configuration cannot be read: {error}");
                return self.fail(Invariant::NoFailureInside, moment.wall, what);
            }
        };
        for (id, who) in &self.users {
            let Some(user) = directory.user(*id) else {
                continue;
            };
            let person = &mut self.house.setup.people[*who];
            for method in &user.methods {
                let broken = method.broken.is_some();
                match method.kind {
                    domain::word::ContactKind::Email => person.mail.broken = broken,
                    domain::word::ContactKind::Sms => {
                        if let Some(phone) = &mut person.phone {
                            phone.broken = broken;
                        }
                    }
                }
            }
        }
    }

    fn observe(&mut self, conn: &mut Conn, id: IncidentId, moment: Moment) -> Result<(), Error> {
        let row = store::incident::fetch(conn, id)?;
        let stored = store::escalation::newest_run(conn, id)?;
        let before = self.incidents.remove(&id);
        let was = before.as_ref().map(|known| known.row.clone());
        let mut known = before.unwrap_or_else(|| Known::of(row.clone()));
        let changed = stored != known.stored;
        self.numbers.insert(row.number, id);
        self.tell(moment.wall, || {
            let label = row.label();
            let run = stored.as_ref().map(|run| (run.state, run.executions));
            let by = if moment.own { " by a person" } else { "" };
            format!("{label} is {}{by}, run {run:?}", row.paging)
        });
        known.row = row;
        known.stored = stored;
        self.transition(&mut known, was.as_ref(), moment);
        let asked = self.requests(&mut known, was.as_ref(), moment);
        let mut executed = BTreeMap::new();
        if changed {
            let mut rows = store::escalation::executions(conn, id)?;
            rows.sort_by_key(|(run, one)| (run.0, one.number));
            for (run, one) in rows {
                if one.number >= known.executed.get(&run).copied().unwrap_or(0) {
                    let people = self.execution(&mut known, was.as_ref(), run, &one, moment);
                    executed.insert((run, one.number), people);
                }
            }
        }
        if changed || moment.own {
            let mut pages = store::escalation::pages(conn, id)?;
            pages.sort_by_key(|page| page.id);
            pages.retain(|page| !known.seen.contains(&page.id));
            self.pages(&mut known, &pages, executed, asked, moment);
        }
        if known.runs() {
            known.handed = None;
        }
        if moment.own || !known.row.is_open() {
            self.compare_requests(conn, &known, moment)?;
        }
        self.rests(&mut known, moment);
        self.never_silent(conn, &mut known, moment)?;
        self.incidents.insert(id, known);
        self.owe(id, moment.wall);
        Ok(())
    }

    /// The state moves only as somebody asked, or a monitor, or a timer that is due.
    fn transition(&mut self, known: &mut Known, was: Option<&Incident>, moment: Moment) {
        use PagingState::{Acknowledged, Resolved, Triggered};
        let (id, row) = (known.row.id, &known.row);
        let Some(was) = was else {
            if moment.own {
                let what = format!("{} was opened by nobody", row.label());
                self.fail(Invariant::NothingUnasked, moment.wall, what);
            }
            return;
        };
        let asked = |verb: fn(&Verb) -> bool| {
            moment.own && self.asked(id, |intent| verb(&intent.verb)).is_some()
        };
        let by_right = |who: Option<UserId>| {
            let who = who.and_then(|user| self.users.get(&user));
            moment.own && self.asked(id, |intent| Some(&intent.who) == who).is_some()
        };
        let anew = was.acknowledged_at != row.acknowledged_at
            || was.snoozed_until != row.snoozed_until
            || was.acknowledged_by != row.acknowledged_by;
        let explained = match (was.paging, row.paging) {
            (Triggered, Triggered) => {
                was.triggered_at == row.triggered_at
                    || asked(|verb| matches!(verb, Verb::Escalate { .. } | Verb::Unacknowledge))
                    // Resolved and open again within one batch of signals.
                    || !moment.own
            }
            (Resolved, Resolved) => true,
            (Acknowledged, Acknowledged) => !anew || by_right(row.acknowledged_by),
            (Triggered | Resolved, Acknowledged) => {
                was.paging == Triggered
                    && asked(|verb| matches!(verb, Verb::Acknowledge | Verb::Snooze { .. }))
                    && by_right(row.acknowledged_by)
            }
            (Acknowledged, Triggered) => {
                asked(|verb| {
                    matches!(
                        verb,
                        Verb::Escalate { .. }
                            | Verb::Unacknowledge
                            | Verb::ReassignTo { .. }
                            | Verb::ReassignPolicy { .. }
                    )
                }) || (!moment.own && {
                    let latest = self.latest_clock(moment.wall, moment.passed);
                    known.ends.is_some_and(|ends| ends <= latest + self.skew)
                })
            }
            (_, Resolved) => {
                asked(|verb| matches!(verb, Verb::Resolve))
                    || (!moment.own && row.resolved_by.is_none())
            }
            (Resolved, Triggered) => !moment.own,
        };
        if !explained {
            let what = format!(
                "{} went from {} to {}, and nobody had asked for it",
                row.label(),
                was.paging,
                row.paging
            );
            self.fail(Invariant::NothingUnasked, moment.wall, what);
        }
        if row.paging == Triggered {
            known.answered = None;
            known.ends = None;
        } else if was.paging == Triggered || anew {
            known.answered.get_or_insert(moment.passed);
            known.answers += 1;
            known.ends = self.acknowledged_until(row);
        }
        if row.paging == Resolved && was.paging != Resolved {
            known.resolved = true;
            known.answers += 1;
            known.ends = None;
        }
        if row.paging != Triggered
            && let Some((_, run)) = &mut known.model
        {
            run.stop();
        }
    }

    /// When an acknowledgement ends by itself (PAGING.md §4.7).
    fn acknowledged_until(&self, row: &Incident) -> Option<Timestamp> {
        if row.paging != PagingState::Acknowledged {
            return None;
        }
        if row.snoozed_until.is_some() {
            return row.snoozed_until;
        }
        let service = self.services.get(&row.service_id?)?;
        let timeout = self.house.setup.services[*service].ack_timeout?;
        (row.urgency == Urgency::High).then_some(row.acknowledged_at? + Span::from_seconds(timeout))
    }

    /// An execution that was committed just now; returns whom it must have paged.
    fn execution(
        &mut self,
        known: &mut Known,
        was: Option<&Incident>,
        id: RunId,
        one: &Execution,
        moment: Moment,
    ) -> BTreeSet<Who> {
        let label = known.row.label();
        if known.model.as_ref().is_none_or(|(run, _)| *run != id) {
            self.starts(known, was, id, one, moment);
        } else if moment.own
            && let Some(intent) = self.asked(known.row.id, |one| {
                matches!(one.verb, Verb::Escalate { .. })
            })
            && let Verb::Escalate { to_step } = intent.verb
            && let Some((_, run)) = &mut known.model
            && run.due != one.due_at
        {
            run.escalate(to_step, one.due_at);
        }
        let Some((_, run)) = &mut known.model else {
            return BTreeSet::new();
        };
        // §1.3: an alert may have made it worse since the run began.
        run.has_urgency(known.row.urgency == Urgency::High);
        let expected = run.execute(&self.house, one.executed_at);
        let position = Position {
            cycle: one.cycle,
            step: one.step,
        };
        let paged: BTreeSet<Who> = one
            .paged
            .iter()
            .filter_map(|user| self.users.get(user).copied())
            .collect();
        self.executions += 1;
        let again = !known.positions.insert((id, position))
            || one.number != known.executed.get(&id).copied().unwrap_or(0);
        known.executed.insert(id, one.number + 1);
        if again {
            let what = format!("{label}: {position:?} of run {id} was executed a second time");
            self.fail(Invariant::StepsExecuteOnce, moment.wall, what);
        }
        let same = expected.number == one.number
            && expected.position == position
            && expected.due == one.due_at
            && expected.skipped == one.skipped.is_some()
            && expected.paged == paged;
        if !same {
            let what = format!("{label}: the model expects {expected:?}, but it is {one:?}");
            self.fail(Invariant::TheLadderIsFollowed, moment.wall, what);
        }
        let calm = moment.passed >= self.calm_from;
        let late = one.executed_at.since(one.due_at);
        if late < Span::ZERO || (calm && late > IN_TIME) {
            let what = format!("{label}: {position:?} was executed {late} after it was due");
            self.fail(Invariant::PagedInTime, moment.wall, what);
        }
        known.pages.push((id, position, paged.clone()));
        paged
    }

    /// A run has begun: there must be a reason for it.
    fn starts(
        &mut self,
        known: &mut Known,
        was: Option<&Incident>,
        id: RunId,
        first: &Execution,
        moment: Moment,
    ) {
        let row = &known.row;
        let high = row.urgency == Urgency::High;
        let reason = match was {
            None => true,
            Some(was) => {
                was.paging != PagingState::Triggered
                    || was.triggered_at != row.triggered_at
                    || (was.urgency == Urgency::Low && high)
                    // The service moved to another policy.
                    || moment.own
                    || known.handed.is_some_and(|handed| {
                        handed.due.is_some_and(|due| due <= first.due_at)
                    })
            }
        };
        if !reason {
            let what = format!("{}: paging began again without a reason", row.label());
            self.fail(Invariant::NothingUnasked, moment.wall, what);
        }
        let policy = self.policy_of(row);
        let elsewhere = moment.own
            && self
                .asked(row.id, |one| {
                    matches!(one.verb, Verb::ReassignPolicy { .. })
                })
                .is_some();
        let also = was
            .filter(|_| !elsewhere)
            .filter(|was| was.paging == PagingState::Acknowledged)
            .and_then(|was| was.acknowledged_by)
            .and_then(|user| self.users.get(&user).copied());
        let turn = policy.map_or(0, |policy| self.turn(policy));
        let policy = policy.map(|index| self.house.setup.policies[index].clone());
        let run = Run::start(policy, turn, also.into_iter().collect(), high, first.due_at);
        known.model = Some((id, run));
    }

    fn pages(
        &mut self,
        known: &mut Known,
        pages: &[Page],
        executed: BTreeMap<(RunId, i64), BTreeSet<Who>>,
        mut asked: BTreeSet<Who>,
        moment: Moment,
    ) {
        let label = known.row.label();
        let mut left = executed;
        for page in pages {
            known.seen.insert(page.id);
            let Some(who) = self.users.get(&page.user_id).copied() else {
                continue;
            };
            let right = match page.cause {
                PageCause::Step | PageCause::LowUrgency | PageCause::LastResort => page
                    .run_id
                    .zip(page.execution)
                    .and_then(|execution| left.get_mut(&execution))
                    .is_some_and(|people| people.remove(&who)),
                PageCause::OnCallChange => match &mut known.model {
                    Some((_, run)) => {
                        let new = run.newcomers(&self.house, page.created_at).contains(&who);
                        run.tell(who);
                        new
                    }
                    None => false,
                },
                PageCause::Adhoc => {
                    known.asked_by_name.push(who);
                    let handed = moment.own && known.handed.is_some_and(|handed| handed.to == who);
                    if asked.remove(&who) {
                        known.requests.insert(who, Request::Asked);
                        true
                    } else {
                        handed
                    }
                }
            };
            if !right {
                let what =
                    format!("{label}: a page to person {who} that nothing calls for: {page:?}");
                self.fail(Invariant::TheLadderIsFollowed, moment.wall, what);
            }
            if known.row.is_open() && self.house.person(who).reachable() {
                self.leaves.insert(Leaves {
                    by: page.created_at + self.first_delay(who, page.urgency) + LEAVES_WITHIN,
                    page: page.id,
                    incident: known.row.id,
                    who,
                    answers: known.answers,
                });
            }
        }
        if !asked.is_empty() {
            let what = format!("{label}: {asked:?} were to be asked, and are not");
            self.fail(Invariant::TheLadderIsFollowed, moment.wall, what);
        }
        if let Some((execution, people)) = left.iter().find(|(_, people)| !people.is_empty()) {
            let what = format!("{label}: {execution:?} made no page to {people:?}");
            self.fail(Invariant::TheLadderIsFollowed, moment.wall, what);
        }
    }

    /// When a person's first message of a page is to go (PAGING.md §6.2).
    fn first_delay(&self, who: Who, urgency: Urgency) -> Span {
        let person = self.house.person(who);
        match (person.phone_after, person.phone) {
            (Some(after), Some(phone))
                if urgency == Urgency::High && !person.mail.usable() && phone.usable() =>
            {
                Span::from_seconds(after)
            }
            _ => Span::ZERO,
        }
    }
}

impl Known {
    fn of(row: Incident) -> Known {
        Known {
            row,
            stored: None,
            model: None,
            executed: BTreeMap::new(),
            positions: BTreeSet::new(),
            seen: BTreeSet::new(),
            answered: None,
            ends: None,
            answers: 0,
            resolved: false,
            pages: vec![],
            asked_by_name: vec![],
            requests: BTreeMap::new(),
            said: BTreeMap::new(),
            handed: None,
            cancelled_at: None,
        }
    }
}
