//! A world with one incident, and the clock that leaps through it.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::{Act, Answer, Course, End, Event, EventKind, Message, Page, Scenario, Stop, ToldPost};
use crate::alert::Alert;
use crate::channel::Post;
use crate::directory::Directory;
use crate::escalation::{self, Context, Execution, Facts, Input, Outcome, Reason, Run, policy_of};
use crate::incident::{self, Actor, Command, Effect, Incident};
use crate::service::ServiceSettings;
use crate::suppression;
use crate::word::{Origin, PageCause, PagingState, RunState, TimerKind, Urgency};
use crate::{ChannelId, NotificationId, PageId, RunId, Timestamp, UserId};

/// More turns than this at whatever instants would be a loop that goes nowhere.
const TURNS_MAX: usize = 50_000;

/// What the live engine keeps in its tables.
pub(super) struct World<'s> {
    pub(super) scenario: &'s Scenario,
    pub(super) directory: Arc<Directory>,
    pub(super) now: Timestamp,
    /// When nothing held the alert back any more.
    begun: Timestamp,
    pub(super) incident: Incident,
    /// Its open alerts, as far as they are known.
    alerts: Vec<Alert>,
    run: Option<Run>,
    turn: i64,
    timers: BTreeMap<TimerKind, Timestamp>,
    pub(super) pages: Vec<Page>,
    pub(super) messages: Vec<Message>,
    posts: Vec<ToldPost>,
    executions: Vec<Execution>,
    pub(super) events: Vec<Event>,
    /// Messages that each person has got so far.
    pub(super) received: BTreeMap<UserId, u32>,
    /// What people are about to do, and when.
    pub(super) answers: Vec<(Timestamp, Answer)>,
    last_id: i64,
}

impl<'s> World<'s> {
    /// The world at the instant at which the alert opens the incident, or joins it.
    pub(super) fn new(
        scenario: &'s Scenario,
        directory: Directory,
        incident: Incident,
        alerts: Vec<Alert>,
        now: Timestamp,
    ) -> World<'s> {
        World {
            scenario,
            directory: Arc::new(directory),
            now,
            begun: now,
            incident,
            alerts,
            run: None,
            turn: scenario.turn,
            timers: BTreeMap::new(),
            pages: Vec::new(),
            messages: Vec::new(),
            posts: Vec::new(),
            executions: Vec::new(),
            events: Vec::new(),
            received: BTreeMap::new(),
            answers: Vec::new(),
            last_id: 0,
        }
    }

    pub(super) fn go(&mut self) -> End {
        let until = self.begun + self.scenario.horizon;
        for _ in 0..TURNS_MAX {
            let Some(next) = self.next_instant() else {
                return End::Quiet;
            };
            let answered = self.incident.paging != PagingState::Triggered;
            if next > self.now && answered && self.scenario.stop == Stop::Answered {
                return End::Answered;
            }
            if next > until {
                self.now = until;
                return End::Horizon;
            }
            if self.events.len() >= super::EVENTS_MAX {
                return End::Length;
            }
            self.now = self.now.max(next);
            if !self.fire_timer() && !self.send_due() {
                self.answer();
            }
        }
        End::Length
    }

    pub(super) fn into_course(self, end: End) -> Course {
        Course {
            events: self.events,
            executions: self.executions,
            pages: self.pages,
            messages: self.messages,
            posts: self.posts,
            incident: Some(self.incident),
            end,
            ended_at: self.now,
        }
    }

    fn next_instant(&self) -> Option<Timestamp> {
        let timer = self.timers.values().min().copied();
        let message = self.next_message_due();
        let answer = self.answers.iter().map(|(at, _)| *at).min();
        [timer, message, answer].into_iter().flatten().min()
    }

    /// Fires the earliest timer that is due; false when none is.
    fn fire_timer(&mut self) -> bool {
        let due = self
            .timers
            .iter()
            .map(|(kind, at)| (*at, *kind))
            .min()
            .filter(|(at, _)| *at <= self.now);
        let Some((_, kind)) = due else {
            return false;
        };
        self.timers.remove(&kind);
        match kind {
            TimerKind::Escalation => self.advance(Input::Due),
            TimerKind::AckTimeout => self.command(&Command::AckTimedOut, Actor::SYSTEM),
            TimerKind::SnoozeEnd => self.command(&Command::SnoozeEnded, Actor::SYSTEM),
            TimerKind::SupportHours => self.command(&Command::SupportHoursBegan, Actor::SYSTEM),
            // Nothing else is ever armed by what happens here.
            _ => {}
        }
        true
    }

    /// The earliest person who is due to do something does it.
    fn answer(&mut self) {
        let due = (0..self.answers.len())
            .filter(|index| self.answers[*index].0 <= self.now)
            .min_by_key(|index| self.answers[*index].0);
        let Some(index) = due else {
            return;
        };
        let (_, answer) = self.answers.remove(index);
        let name = self.directory.user_name(answer.user).to_owned();
        let kind = EventKind::Answer(answer.user, answer.act);
        let command = match answer.act {
            Act::Acknowledge => Command::Acknowledge,
            Act::Resolve => Command::Resolve,
            Act::Escalate => Command::Escalate { to_step: None },
            Act::Ignore => {
                self.event(kind, format!("{name} reads it and does nothing."));
                return;
            }
        };
        let actor = Actor::user(answer.user, Origin::Web);
        match self.decide(&command, actor) {
            Ok(effects) => {
                for effect in effects {
                    self.carry_out(effect, actor);
                }
            }
            Err(why) => self.event(kind, format!("{name} wants to {}, but {why}.", answer.act)),
        }
    }

    fn command(&mut self, command: &Command, actor: Actor) {
        for effect in self.decide(command, actor).unwrap_or_default() {
            self.carry_out(effect, actor);
        }
    }

    fn decide(&mut self, command: &Command, actor: Actor) -> Result<Vec<Effect>, String> {
        let settings = self.settings();
        let decision = incident::decide(
            &self.incident,
            command,
            actor,
            &settings,
            &self.directory,
            self.now,
        )
        .map_err(|refusal| refusal.to_string())?;
        self.incident = decision.incident;
        Ok(decision.effects)
    }

    fn settings(&self) -> ServiceSettings {
        self.directory
            .service(self.scenario.service)
            .map(|service| service.settings.clone())
            .unwrap_or_default()
    }

    /// The counterpart of what the engine does with an effect in its transaction.
    pub(super) fn carry_out(&mut self, effect: Effect, actor: Actor) {
        match effect {
            Effect::StartRun { also_page } => self.start_run(also_page),
            Effect::StopRun => self.advance(Input::Stop),
            Effect::EscalateNow { to_step } => self.advance(Input::EscalateNow { to_step }),
            Effect::PageUsers { users, .. } => {
                for user in users {
                    self.page(user, None, Urgency::High, PageCause::Adhoc, Reason::adhoc());
                }
            }
            Effect::CancelNotifications => self.cancel_pages(),
            Effect::Arm { kind, at } => {
                self.timers.insert(kind, at);
            }
            Effect::Disarm { kind } => {
                self.timers.remove(&kind);
            }
            Effect::Entry { kind, text, .. } => {
                self.event(EventKind::Timeline(kind), format!("{text}."));
            }
            Effect::TellPaged { text } => self.tell_paged(&text, actor.user),
            Effect::TellChannels { event, text } => {
                let told: BTreeSet<ChannelId> = self.posts.iter().map(|one| one.channel).collect();
                for channel in told {
                    let (incident, directory) = (&self.incident, &self.directory);
                    let post = Post::followed(event, &text, incident, directory, self.now);
                    self.post(channel, post);
                }
            }
            Effect::ResolveAlerts => self.alerts.clear(),
            // Raised severities, requests for help, roles and further alerts are no part of a scenario; alerts and
            // key moments page nobody.
            Effect::PageNotYetEngaged
            | Effect::Ask { .. }
            | Effect::Answer { .. }
            | Effect::AcceptRequest
            | Effect::EndRequests
            | Effect::Moment { .. }
            | Effect::EndRoles
            | Effect::TellAcknowledger { .. } => {}
        }
    }

    fn start_run(&mut self, also_page: Vec<UserId>) {
        self.advance(Input::Stop);
        let id = RunId(self.id());
        let directory = self.directory.clone();
        let policy = policy_of(&self.incident, &directory);
        let turn = self.turn;
        if policy.is_some_and(|policy| policy.current.config.takes_turns()) {
            self.turn = turn.wrapping_add(1);
        }
        let ctx = Context {
            directory: &directory,
            policy: policy.map(|policy| &policy.current),
            policy_name: policy.map_or("", |policy| policy.name.as_str()),
            facts: self.facts(),
            now: self.now,
        };
        let policy_id = policy.map(|policy| policy.id);
        let outcome = escalation::start(id, policy_id, turn, also_page, &ctx);
        self.write(outcome);
    }

    /// What a run must know of its incident; paging rests while a window holds all of its alerts
    /// back (PAGING.md §3.3).
    fn facts(&self) -> Facts {
        let (directory, service) = (&self.directory, self.scenario.service);
        Facts {
            pause: suppression::pause(directory, service, &self.alerts, self.now),
            ..Facts::of(&self.incident)
        }
    }

    pub(super) fn advance(&mut self, input: Input) {
        let Some(run) = self.run.clone() else {
            return;
        };
        // Only a live run is stopped.
        if input == Input::Stop && run.state == RunState::Stopped {
            return;
        }
        let directory = self.directory.clone();
        let policy = run.policy_id.and_then(|id| directory.policy(id));
        let ctx = Context {
            directory: &directory,
            policy: policy.map(|policy| &policy.current),
            policy_name: policy.map_or("", |policy| policy.name.as_str()),
            facts: match input {
                Input::Due | Input::OnCallChanged => self.facts(),
                Input::Stop | Input::EscalateNow { .. } => Facts::of(&self.incident),
            },
            now: self.now,
        };
        let outcome = escalation::decide(run, input, &ctx);
        self.write(outcome);
    }

    fn write(&mut self, outcome: Outcome) {
        self.incident.unreachable = outcome.marks_unreachable(self.incident.unreachable);
        match outcome.next_wake {
            Some(at) if outcome.run.state != RunState::Stopped => {
                self.timers.insert(TimerKind::Escalation, at);
            }
            _ => {
                self.timers.remove(&TimerKind::Escalation);
            }
        }
        for entry in outcome.entries {
            self.event(EventKind::Timeline(entry.kind), entry.text);
        }
        self.executions.extend(outcome.executions);
        let directory = self.directory.clone();
        let policy = outcome.run.policy_id.and_then(|id| directory.policy(id));
        let policy = policy.map_or("", |policy| policy.name.as_str());
        for told in &outcome.told {
            let (run, incident) = (&outcome.run, &self.incident);
            let post = Post::triggered(told, run, policy, incident, &directory, self.now);
            self.post(told.channel, post);
        }
        self.run = Some(outcome.run);
        self.tell_shadows(&outcome.pages);
        for plan in outcome.pages {
            let execution = Some(plan.execution);
            self.page(plan.user, execution, plan.urgency, plan.cause, plan.reason);
        }
    }

    fn page(
        &mut self,
        user: UserId,
        execution: Option<i64>,
        urgency: Urgency,
        cause: PageCause,
        reason: Reason,
    ) {
        let id = PageId(self.id());
        self.pages.push(Page {
            id,
            at: self.now,
            user,
            execution,
            cause,
            urgency,
            reason,
        });
        let text = format!("{} is paged.", self.directory.user_name(user));
        self.event(EventKind::Page(id), text);
        self.plan_messages(id, user, urgency);
    }

    fn post(&mut self, channel: ChannelId, post: Post) {
        let name = self.directory.channel_name(channel);
        let text = format!("Channel {name} is told: {} ({}).", post.what, post.event);
        self.event(EventKind::Post(channel), text);
        self.posts.push(ToldPost { channel, post });
    }

    pub(super) fn event(&mut self, kind: EventKind, text: String) {
        self.events.push(Event {
            at: self.now,
            kind,
            text,
        });
    }

    pub(super) fn id(&mut self) -> i64 {
        self.last_id = self.last_id.saturating_add(1);
        self.last_id
    }

    pub(super) fn message_id(&mut self) -> NotificationId {
        NotificationId(self.id())
    }

    /// A method that its provider refuses is not used any more; people are told by the others.
    pub(super) fn break_method(&mut self, user: UserId, index: usize, why: &str) {
        let method = self.messages[index].method_id;
        let Some(person) = Arc::make_mut(&mut self.directory).users.get_mut(&user) else {
            return;
        };
        let person = Arc::make_mut(person);
        let Some(found) = person.methods.iter_mut().find(|one| one.id == method) else {
            return;
        };
        if found.broken.is_some() {
            return;
        }
        found.broken = Some(why.to_owned());
        let text = format!(
            "{} to {} is not used any more until it is verified again. {} is told by another \
             method, and so are the administrators.",
            found.kind, found.address, person.name
        );
        self.event(EventKind::MethodBroken(user), text);
        // The engine looks again whenever the configuration changes.
        self.advance(Input::OnCallChanged);
    }
}
