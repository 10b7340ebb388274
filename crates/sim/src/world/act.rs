//! What monitors, people and providers do.

use domain::word::{NotificationState, PagingState};
use domain::{IncidentId, NotificationId, Span, Timestamp};
use engine::ingest::{Accepted, IngestError};
use engine::reply::Receipt;
use engine::{Engine, Error};

use super::World;
use super::edit::Edited;
use super::node::Node;
use super::people::{Reaction, Way};
use super::shared::Task;
use super::signal::submission;
use super::way::{by_link, by_text, has_come};
use crate::breach::Breach;
use crate::chance::Draw;
use crate::invariant::Invariant;
use crate::ledger::{Intent, Request};
use crate::story::{Action, Condition, Verb};

/// Until a monitor or a person tries again when nobody answered.
const TRY_AGAIN: Span = Span::from_seconds(4);
const TRIES: u32 = 500;

impl World<'_> {
    pub(super) async fn act(&mut self, task: Task) {
        match task {
            Task::Restart { node } => self.start(node).await,
            Task::Event(place) => self.event(place).await,
            Task::React(reaction) => self.react(reaction).await,
            Task::Receipt {
                row,
                provider_id,
                status,
            } => {
                self.receipt(row, provider_id, status).await;
            }
        }
    }

    /// A node that is up, always the same for the same question as far as it can be.
    fn engine(&self, question: u64) -> Option<Engine> {
        let up: Vec<&Node> = self.nodes.iter().filter(|node| node.is_up()).collect();
        if up.is_empty() {
            return None;
        }
        let index = Draw::of(self.shared.seed, &[9, question]).below(up.len());
        up[index].life().map(|life| life.engine.clone())
    }

    /// When to try again: at once if whoever failed us is back already.
    fn again(&self) -> Timestamp {
        let wall = self.shared.clock.wall();
        let died = self.nodes.iter().any(|node| {
            node.life().is_some_and(|life| life.puppeteer.has_died()) && node.downtime == Span::ZERO
        });
        if died { wall } else { wall + TRY_AGAIN }
    }

    async fn event(&mut self, place: usize) {
        let story = self.story;
        let event = &story.events[place];
        let wall = self.shared.clock.wall();
        match &event.action {
            Action::Trigger { condition, .. } | Action::Resolve { condition } => {
                return self.hand_in(place, *condition).await;
            }
            Action::Person {
                who,
                condition,
                verb,
            } => {
                return self.person(place, *who, *condition, *verb).await;
            }
            Action::Edit(edit) => {
                if matches!(self.edit(edit).await, Edited::Again) {
                    let at = self.again();
                    return self.shared.later(at, Task::Event(place));
                }
            }
            Action::Crash {
                node,
                nth,
                after,
                downtime,
            } => {
                self.plan_crash(*node, *nth, *after, *downtime);
            }
            Action::Jump { by } => {
                let passed = self.shared.clock.passed();
                let mut ledger = self.shared.ledger();
                ledger.tell(wall, || format!("the clock jumps by {by}"));
                ledger.jumped(wall, passed);
                drop(ledger);
                self.shared.clock.jump(*by);
                self.shared.upset();
            }
            Action::DiskFull { commits } => {
                for life in self.nodes.iter().filter_map(Node::life) {
                    life.puppeteer.fill_disk(*commits);
                }
            }
            Action::Outage { phones, lasts } => self.shared.begin_outage(*phones, *lasts),
        }
        self.events_left -= 1;
    }

    /// A monitor hands a signal in, after those of the same condition that nobody has taken yet.
    /// What others have to say at the same time is handed in together with it.
    async fn hand_in(&mut self, place: usize, condition: Condition) {
        let held = self.held.entry(condition).or_default();
        if held.front().is_some_and(|first| *first != place) {
            if !held.contains(&place) {
                held.push_back(place);
            }
            return;
        }
        let mut together = vec![(place, condition)];
        let soon = self.shared.clock.wall();
        loop {
            let mut queue = self.shared.queue();
            let Some(Task::Event(next)) = queue.peek(soon) else {
                break;
            };
            let next = *next;
            let (Action::Trigger { condition, .. } | Action::Resolve { condition }) =
                self.story.events[next].action
            else {
                break;
            };
            let known = together.iter().any(|(_, one)| *one == condition)
                || self
                    .held
                    .get(&condition)
                    .is_some_and(|held| !held.is_empty());
            if known || together.len() >= 40 {
                break;
            }
            drop(queue.take(soon));
            together.push((next, condition));
        }
        let handed: Vec<_> = together
            .into_iter()
            .map(|(place, condition)| {
                let engine = self.engine(place as u64);
                let submission = submission(&self.story.events[place].action);
                let wall = self.shared.clock.wall();
                let mut ledger = self.shared.ledger();
                let said = ledger.said.entry(condition).or_default();
                said.heard.push(wall);
                if matches!(self.story.events[place].action, Action::Trigger { .. }) {
                    said.handed_in += 1;
                }
                drop(ledger);
                let dropped =
                    self.shared.breach == Some(Breach::ReplyBeforeCommit) && place % 50 == 7;
                let task = tokio::spawn(async move {
                    match (engine, submission) {
                        (Some(_), Some(_)) if dropped => Ok(Accepted::default()),
                        (Some(engine), Some(submission)) => engine.submit(submission).await,
                        _ => Err(IngestError::Unavailable("nobody answers".into())),
                    }
                });
                (place, condition, task)
            })
            .collect();
        for (place, condition, task) in handed {
            let answer = task
                .await
                .unwrap_or_else(|error| Err(IngestError::Unavailable(error.to_string())));
            self.answered(place, condition, answer);
        }
    }

    fn answered(
        &mut self,
        place: usize,
        condition: Condition,
        answer: Result<Accepted, IngestError>,
    ) {
        let wall = self.shared.clock.wall();
        let again = self.again();
        let held = self.held.entry(condition).or_default();
        let accepted = match answer {
            Ok(accepted) => accepted,
            Err(_) => {
                if held.is_empty() {
                    held.push_back(place);
                }
                return self.shared.later(again, Task::Event(place));
            }
        };
        held.pop_front();
        if let Some(next) = held.front() {
            self.shared.later(wall, Task::Event(*next));
        }
        self.events_left -= 1;
        let firing = matches!(self.story.events[place].action, Action::Trigger { .. });
        let mut ledger = self.shared.ledger();
        ledger.tell(wall, || {
            format!("{condition:?}: accepted, firing: {firing}")
        });
        let applied = accepted.applied.first().copied();
        let (alert, incident) = match applied {
            Some(applied) => (applied.alert_id, applied.incident_id),
            None => (None, None),
        };
        let known = incident.is_some_and(|id| ledger.incidents.contains_key(&id));
        let mut said = ledger.said.remove(&condition).unwrap_or_default();
        said.firing = firing;
        let silent = alert.is_some() && incident.is_none() && ledger.may_be_silent(&said, wall);
        if firing {
            said.accepted = if said.alert == alert {
                said.accepted + 1
            } else {
                1
            };
            (said.alert, said.incident) = (alert, incident);
            if !known && !silent {
                let what = format!("{condition:?} was accepted, and there is no incident of it");
                ledger.fail(Invariant::NothingAcceptedIsLost, wall, what);
            }
        }
        ledger.said.insert(condition, said);
        drop(ledger);
        if let Some(id) = incident {
            self.breach_timer(id);
        }
    }

    /// Somebody acts at a set time on the newest incident of a condition.
    async fn person(&mut self, place: usize, who: usize, condition: Condition, verb: Verb) {
        let incident = {
            let ledger = self.shared.ledger();
            let said = ledger.said.get(&condition);
            said.and_then(|said| said.incident).filter(|id| {
                ledger
                    .incidents
                    .get(id)
                    .is_some_and(|one| one.row.is_open())
            })
        };
        if let Some(incident) = incident {
            let reaction = Reaction {
                who,
                message: NotificationId(0),
                incident,
                verb,
                way: Way::Page,
                tries: 0,
            };
            if !self.give(reaction).await {
                let at = self.again();
                return self.shared.later(at, Task::Event(place));
            }
        }
        self.events_left -= 1;
    }

    async fn react(&mut self, reaction: Reaction) {
        if self.shared.is_resting() || reaction.tries > TRIES {
            return;
        }
        let (paging, request) = {
            let ledger = self.shared.ledger();
            let known = ledger.incidents.get(&reaction.incident);
            let request = known.and_then(|one| one.requests.get(&reaction.who).copied());
            (known.map(|one| one.row.paging), request)
        };
        let mut draw = Draw::of(self.shared.seed, &[10, reaction.message.0.unsigned_abs()]);
        let pointless = match paging {
            None | Some(PagingState::Resolved) => true,
            Some(_) if matches!(reaction.verb, Verb::Answer { .. }) => {
                request != Some(Request::Asked)
            }
            // Most people look first whether somebody else was faster.
            Some(PagingState::Acknowledged) => {
                matches!(reaction.verb, Verb::Acknowledge | Verb::Escalate { .. })
                    && !draw.percent(25)
            }
            Some(PagingState::Triggered) => reaction.verb == Verb::Unacknowledge,
        };
        if pointless {
            return;
        }
        if !self.give(reaction).await {
            let at = self.again();
            let tries = reaction.tries + 1;
            self.shared
                .later(at, Task::React(Reaction { tries, ..reaction }));
        }
    }

    /// Gives a command by one of the ways; false when nobody answered the door.
    async fn give(&mut self, reaction: Reaction) -> bool {
        let Some(engine) = self.engine(reaction.incident.0.unsigned_abs()) else {
            return false;
        };
        let now = self.shared.clock.wall();
        let intent = Intent {
            verb: reaction.verb,
            incident: (reaction.way == Way::Page).then_some(reaction.incident),
            who: reaction.who,
            at: now,
        };
        let (asked, before, ids) = {
            let mut ledger = self.shared.ledger();
            ledger.tell(now, || format!("{reaction:?}"));
            (ledger.ask(intent), ledger.own_commits, ledger.ids.clone())
        };
        let lost = self.shared.breach == Some(Breach::LoseAnswers) && reaction.incident.0 % 10 == 0;
        let answer = if lost {
            Ok(true)
        } else {
            match reaction.way {
                Way::Page => self.by_page(&engine, reaction, now).await,
                Way::Link => by_link(&engine, reaction, now, ids).await,
                Way::Text { with_code } => by_text(&engine, reaction, with_code, now).await,
            }
        };
        let mut ledger = self.shared.ledger();
        ledger.intents.remove(&asked);
        let committed = ledger.own_commits > before;
        match answer {
            Ok(certain) => {
                let row = ledger
                    .incidents
                    .get(&reaction.incident)
                    .map(|one| one.row.clone());
                if certain
                    && let Some(row) = row
                    && !has_come(&row, reaction.verb)
                {
                    let what = format!("{} is {}, after {reaction:?}", row.label(), row.paging);
                    ledger.fail(Invariant::NothingAcceptedIsLost, now, what);
                }
                true
            }
            Err(Error::Store(_) | Error::Overloaded) => committed,
            // Refused with a reason.
            Err(_) => true,
        }
    }

    async fn receipt(&mut self, row: NotificationId, provider_id: String, status: &'static str) {
        let Some(engine) = self.engine(row.0.unsigned_abs()) else {
            return;
        };
        let now = self.shared.clock.wall();
        let failed = status == "undelivered";
        let receipt = Receipt {
            notification: (row.0 % 2 == 0).then_some(row),
            provider_id,
            status: status.into(),
            evidence: match status {
                "delivered" => Some(NotificationState::Delivered),
                "undelivered" => Some(NotificationState::Failed),
                "sent" => Some(NotificationState::Accepted),
                _ => None,
            },
            error_code: failed.then(|| "30003".into()),
            error: failed.then(|| "unreachable".into()),
            method_broken: false,
        };
        // A provider that is not heard tries no more.
        drop(engine::reply::receipt(engine.store(), receipt, now).await);
    }

    /// For a breach: takes the escalation's timer away, or has a run forget its last execution.
    fn breach_timer(&self, id: IncidentId) {
        let Some(store) = self.nodes.iter().find_map(Node::store) else {
            return;
        };
        let run = {
            let ledger = self.shared.ledger();
            ledger
                .incidents
                .get(&id)
                .and_then(|known| known.stored.clone())
        };
        let Some(run) = run else { return };
        let breach = self.shared.breach;
        let written = store.write_blocking(move |tx| {
            if breach == Some(Breach::ForgetTimers) && id.0 % 20 == 0 {
                store::escalation::disarm(tx, domain::word::TimerKind::Escalation, run.id.0)?;
            }
            if breach == Some(Breach::ExecuteTwice) && id.0 % 30 == 0 && run.executions > 0 {
                let mut forgetful = run.clone();
                forgetful.executions -= 1;
                store::escalation::update_run(tx, &forgetful)?;
            }
            Ok::<_, store::Error>(())
        });
        drop(written);
    }
}
