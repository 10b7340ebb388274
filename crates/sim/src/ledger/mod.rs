//! What the simulator knows of a world: every commit is looked at as it happens, compared with the
//! model, and remembered.

mod end;
mod flap;
mod message;
mod observe;
mod request;
mod silence;

use std::collections::{BTreeMap, BTreeSet};

use domain::escalation::Run as StoredRun;
use domain::incident::Incident;
use domain::word::PagingState;
use domain::{IncidentId, NotificationId, PageId, RunId, Span, Timestamp, UserId};
use store::Conn;

use crate::chance::Draw;
use crate::invariant::{Invariant, Violation};
use crate::model::{House, Position, Run};
use crate::setup::{Setup, Who};
use crate::story::{Condition, Verb};

pub use end::Ending;
pub use request::{Handed, Request};

/// Lateness that is allowed of what is due.
pub const IN_TIME: Span = Span::from_seconds(1);
/// After a disturbance nothing is late for so long: loops look again every 5 s, leases last 4 s.
pub const RECOVERS: Span = Span::from_seconds(10);

/// From a page until its first message leaves, at most: one bundling window (PAGING.md §6.4) and
/// [`IN_TIME`].
pub const LEAVES_WITHIN: Span = Span::from_seconds(61);

/// Somebody has asked for something, and has not been answered yet.
#[derive(Clone, Debug)]
pub struct Intent {
    pub verb: Verb,
    /// `None`: everything that a message stood for.
    pub incident: Option<IncidentId>,
    pub who: Who,
    pub at: Timestamp,
}

/// An incident as it was last committed, with the model's understanding of it.
#[derive(Clone, Debug)]
pub struct Known {
    pub row: Incident,
    pub stored: Option<StoredRun>,
    pub model: Option<(RunId, Run)>,
    /// Executions seen, by run.
    pub executed: BTreeMap<RunId, i64>,
    pub positions: BTreeSet<(RunId, Position)>,
    /// Pages seen; nodes hand out ids of their own, so that the newest need not be the highest.
    pub seen: BTreeSet<PageId>,
    /// When it last stopped wanting an answer, in time that has really passed.
    pub answered: Option<Span>,
    /// When the acknowledgement ends, as the model has it.
    pub ends: Option<Timestamp>,
    /// How often it was acknowledged, snoozed or resolved.
    pub answers: u32,
    /// It was resolved at some time, which ended its alerts.
    pub resolved: bool,
    /// Pages of each execution, in order: what must be the same without disturbance.
    pub pages: Vec<(RunId, Position, BTreeSet<Who>)>,
    pub asked_by_name: Vec<Who>,
    /// The newest request to each person.
    pub requests: BTreeMap<Who, Request>,
    /// When people last answered a request, in time that has really passed.
    pub said: BTreeMap<Who, Span>,
    pub handed: Option<Handed>,
    /// When what had not left was last called off, since others are to be paged.
    pub cancelled_at: Option<Timestamp>,
}

impl Known {
    pub fn triggered(&self) -> bool {
        self.row.paging == PagingState::Triggered
    }
}

/// A page whose first message must leave.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Leaves {
    pub by: Timestamp,
    pub page: PageId,
    pub incident: IncidentId,
    pub who: Who,
    /// How often the incident had been answered when the page was made.
    pub answers: u32,
}

/// What monitors were told about a condition.
#[derive(Clone, Debug, Default)]
pub struct Said {
    pub handed_in: i64,
    pub accepted: i64,
    pub alert: Option<domain::AlertId>,
    pub incident: Option<IncidentId>,
    /// What was accepted last: a trigger.
    pub firing: bool,
    /// When something of it was handed in; rising.
    pub heard: Vec<Timestamp>,
}

/// Everything known of one world.
pub struct Ledger {
    pub house: House,
    pub users: BTreeMap<UserId, Who>,
    pub ids: Vec<UserId>,
    pub services: BTreeMap<domain::ServiceId, usize>,
    pub policies: BTreeMap<domain::PolicyId, usize>,
    /// How far the clocks of two nodes may differ.
    pub skew: Span,
    pub incidents: BTreeMap<IncidentId, Known>,
    pub numbers: BTreeMap<i64, IncidentId>,
    pub said: BTreeMap<Condition, Said>,
    pub intents: BTreeMap<u64, Intent>,
    pub edits: Vec<Committed>,
    next_intent: u64,
    /// Runs drawn so far, by policy.
    turns: Vec<i64>,
    /// What each incident owes next.
    dues: BTreeSet<(Timestamp, IncidentId)>,
    due_of: BTreeMap<IncidentId, Timestamp>,
    pub leaves: BTreeSet<Leaves>,
    /// Until then nothing is late, in time that has really passed.
    pub calm_from: Span,
    /// When the clock was last set, in time that has really passed, and the latest time it showed then.
    before_jump: (Span, Timestamp),
    /// Disturbances so far that may double a message.
    pub upsets: u32,
    /// How often each message was taken by its provider and said so, and the upsets at that time.
    pub taken: BTreeMap<NotificationId, u32>,
    pub violation: Option<Violation>,
    pub commits: u64,
    /// Commits of people and editors, who see from it whether their own was the one that survived.
    pub own_commits: u64,
    pub trace: Vec<String>,
    pub tracing: bool,
    /// A number over everything that was seen: equal seeds come to equal numbers.
    pub digest: Draw,
    pub sent: u64,
    pub executions: u64,
}

/// What an edit makes of the model's house.
pub type Apply = Box<dyn FnMut(&mut House, Timestamp) + Send>;

/// An edit that is on its way to be committed, and what it makes of the model's house.
pub struct Committed {
    pub apply: Apply,
    pub at: Timestamp,
}

impl Ledger {
    pub fn new(setup: &Setup, now: Timestamp, tracing: bool) -> Ledger {
        Ledger {
            house: House::new(setup.clone(), now),
            users: BTreeMap::new(),
            ids: vec![],
            services: BTreeMap::new(),
            policies: BTreeMap::new(),
            skew: Span::ZERO,
            incidents: BTreeMap::new(),
            numbers: BTreeMap::new(),
            said: BTreeMap::new(),
            intents: BTreeMap::new(),
            edits: vec![],
            next_intent: 0,
            turns: vec![0; setup.policies.len()],
            dues: BTreeSet::new(),
            due_of: BTreeMap::new(),
            leaves: BTreeSet::new(),
            calm_from: Span::ZERO,
            before_jump: (Span::ZERO, now),
            upsets: 0,
            taken: BTreeMap::new(),
            violation: None,
            commits: 0,
            own_commits: 0,
            trace: vec![],
            tracing,
            digest: Draw::of(0, &[]),
            sent: 0,
            executions: 0,
        }
    }

    pub fn fail(&mut self, invariant: Invariant, at: Timestamp, what: String) {
        self.violation.get_or_insert(Violation {
            invariant,
            at: at.to_string(),
            what,
        });
    }

    /// Writes down that something happened.
    pub fn tell(&mut self, at: Timestamp, text: impl FnOnce() -> String) {
        let text = text();
        let mut parts = vec![self.digest.draw(), u64::try_from(at.0).unwrap_or(0)];
        parts.extend(text.bytes().map(u64::from));
        self.digest = Draw::of(0, &parts);
        if self.tracing {
            self.trace.push(format!("{at}  {text}"));
        }
    }

    /// Something went wrong from outside: for a while nothing is late.
    pub fn upset(&mut self, passed: Span) {
        self.upsets += 1;
        self.calm_from = self.calm_from.max(passed + RECOVERS);
    }

    /// The clock, which has shown `wall`, is being set.
    pub fn jumped(&mut self, wall: Timestamp, passed: Span) {
        let latest = self.latest_clock(wall, passed);
        self.before_jump = (passed, latest);
    }

    /// The latest time by which a commit of now may have been decided: what began before the clock
    /// was set back ends after it.
    fn latest_clock(&self, wall: Timestamp, passed: Span) -> Timestamp {
        let (at, before) = self.before_jump;
        match passed - at <= message::ON_ITS_WAY {
            true => wall.max(before),
            false => wall,
        }
    }

    pub fn ask(&mut self, intent: Intent) -> u64 {
        self.next_intent += 1;
        self.intents.insert(self.next_intent, intent);
        self.next_intent
    }

    fn asked(&self, id: IncidentId, verb: impl Fn(&Intent) -> bool) -> Option<&Intent> {
        self.intents
            .values()
            .find(|intent| intent.incident.is_none_or(|one| one == id) && verb(intent))
    }

    /// Draws the turn of a run, as the policy's counter does.
    fn turn(&mut self, policy: usize) -> i64 {
        if !self.house.setup.policies[policy]
            .steps
            .iter()
            .any(|step| step.round_robin)
        {
            return 0;
        }
        self.turns[policy] += 1;
        self.turns[policy] - 1
    }

    fn owe(&mut self, id: IncidentId, now: Timestamp) {
        if let Some(before) = self.due_of.remove(&id) {
            self.dues.remove(&(before, id));
        }
        let Some(known) = self.incidents.get(&id) else {
            return;
        };
        let due = match known.row.paging {
            PagingState::Resolved => None,
            PagingState::Acknowledged => known.ends,
            PagingState::Triggered if known.handed.is_some() => {
                known.handed.and_then(|handed| handed.due)
            }
            PagingState::Triggered => {
                known
                    .model
                    .as_ref()
                    .filter(|(_, run)| !run.ended)
                    .map(|(_, run)| {
                        let edge = run.next_edge(&self.house, now);
                        // Who comes on call while it is quiet is paged afterwards.
                        let quiet = known.row.quiet_until().filter(|until| now < *until);
                        match quiet.or(edge) {
                            Some(edge) => run.due.min(edge),
                            None => run.due,
                        }
                    })
            }
        };
        if let Some(due) = due {
            self.due_of.insert(id, due);
            self.dues.insert((due, id));
        }
    }

    /// When to look again whether something is late.
    pub fn next_check(&self, wall: Timestamp, passed: Span) -> Option<Timestamp> {
        let due = self.dues.first().map(|(due, _)| *due + IN_TIME + Span(1));
        let leaves = self.leaves.first().map(|one| one.by + Span(1));
        // Not before it counts.
        let due = due.map(|due| due.max(wall + (self.calm_from - passed)));
        let held = self.calm_from + LEAVES_WITHIN - passed;
        let leaves = leaves.map(|by| by.max(wall + held));
        match (due, leaves) {
            (Some(one), Some(other)) => Some(one.min(other)),
            (one, other) => one.or(other),
        }
    }

    /// Looks whether something is late. Returns pages whose messages should have left, for the
    /// caller to look at in the database.
    pub fn check_dues(&mut self, wall: Timestamp, passed: Span) -> Vec<Leaves> {
        let calm = passed >= self.calm_from;
        while let Some((due, id)) = self.dues.first().copied() {
            if due + IN_TIME >= wall {
                break;
            }
            if !calm {
                break;
            }
            self.overdue(due, id, wall);
            if self.violation.is_some() {
                return vec![];
            }
            // Nothing was owed after all: an edge of a schedule that changes nobody.
            self.owe(id, wall);
            if self.due_of.get(&id).is_some_and(|again| *again <= due) {
                self.due_of.remove(&id);
                self.dues.remove(&(due, id));
            }
        }
        let mut look = Vec::new();
        // What was held up goes in bundles, like everything else.
        let calm = passed >= self.calm_from + LEAVES_WITHIN;
        while calm && let Some(first) = self.leaves.first().copied() {
            if first.by >= wall {
                break;
            }
            self.leaves.remove(&first);
            look.push(first);
        }
        look
    }

    fn overdue(&mut self, due: Timestamp, id: IncidentId, wall: Timestamp) {
        let Some(known) = self.incidents.get(&id) else {
            return;
        };
        let label = known.row.label();
        let late = wall.since(due);
        let what = match known.row.paging {
            PagingState::Resolved => return,
            PagingState::Acknowledged => known.ends.filter(|ends| *ends == due).map(|_| {
                format!("{label}: the acknowledgement ended {late} ago, and nobody is paged")
            }),
            PagingState::Triggered if known.handed.is_some() => {
                let handed = known.handed.filter(|handed| handed.due == Some(due));
                handed.map(|_| {
                    format!("{label}: whoever it was handed to has not answered for {late}")
                })
            }
            PagingState::Triggered => known.model.as_ref().and_then(|(_, run)| {
                if run.ended {
                    return None;
                }
                if run.due + IN_TIME < wall {
                    return Some(format!("{label}: the next step was due {late} ago"));
                }
                let new = run.came(&self.house, due, wall);
                (!new.is_empty())
                    .then(|| format!("{label}: {new:?} came on call {late} ago and was not paged"))
            }),
        };
        if let Some(what) = what {
            self.fail(Invariant::PagedInTime, wall, what);
        }
    }

    /// Reads an incident again after a crash: whatever was committed must be there.
    pub fn compare_after_crash(&mut self, conn: &mut Conn, now: Timestamp) {
        let ids: Vec<IncidentId> = self.incidents.keys().copied().collect();
        for id in ids {
            let known = &self.incidents[&id];
            if !known.row.is_open() && known.row.updated_at + Span::from_minutes(10) < now {
                continue;
            }
            let row = store::incident::fetch(conn, id);
            let run = store::escalation::newest_run(conn, id);
            // When to look again is worked out anew at every edit, without a word to anybody.
            let steady = |run: &Option<StoredRun>| {
                run.clone().map(|run| StoredRun {
                    recheck_at: None,
                    ..run
                })
            };
            let (same_row, same_run) = (
                row.as_ref() == Ok(&known.row),
                run.as_ref().map(steady) == Ok(steady(&known.stored)),
            );
            if !same_row || !same_run {
                let label = known.row.label();
                let what = format!("{label} is not as it was committed: {row:?}, {run:?}");
                self.fail(Invariant::NothingAcceptedIsLost, now, what);
                return;
            }
        }
    }
}
