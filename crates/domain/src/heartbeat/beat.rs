//! What pings, the passing of time and people do to a heartbeat.

use super::history::{Event, EventKind, last_line};
use super::{Heartbeat, HeartbeatSettings, HeartbeatState};
use crate::signal::Signal;
use crate::{Span, Timestamp};

/// What a ping says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PingKind {
    /// All is well.
    Success,
    /// A run begins. It does not count as a sign that all is well.
    Start,
    /// The job has failed.
    Fail,
}

/// One ping.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ping {
    pub kind: PingKind,
    /// How long ago it happened: a sender may have kept it while the server could not be reached.
    pub age: Span,
    /// Of the job, if the sender says.
    pub exit_status: Option<u8>,
    /// The end of what the job said.
    pub output: String,
}

impl Ping {
    /// A ping of this instant that says no more.
    pub fn new(kind: PingKind) -> Ping {
        Ping {
            kind,
            age: Span::ZERO,
            exit_status: None,
            output: String::new(),
        }
    }
}

/// What follows.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Outcome {
    /// For the integration of the heartbeat.
    pub signal: Option<Signal>,
    /// Whether people see something other than the time of the last ping.
    pub changed: bool,
}

impl Heartbeat {
    /// A ping came. What happened before what is known already is written down and changes nothing;
    /// a sign of life that is older than the heartbeat's patience is none.
    pub fn ping(&mut self, ping: &Ping, now: Timestamp) -> Outcome {
        let age = ping.age.max(Span::ZERO);
        let at = now - age;
        let late = age > Span::ZERO;
        let before = (self.state, self.running_since.is_some());
        let overtaken = late && self.heard_at.is_some_and(|heard| at < heard);
        let mut event = Event {
            received_at: late.then_some(now),
            exit_status: ping.exit_status,
            note: last_line(&ping.output),
            ..Event::new(
                match ping.kind {
                    PingKind::Success => EventKind::Success,
                    PingKind::Start => EventKind::Start,
                    PingKind::Fail => EventKind::Fail,
                },
                at,
            )
        };
        if overtaken {
            event.stale = true;
            self.history.push(event);
            return Outcome::default();
        }
        self.heard_at = Some(at);
        if ping.kind != PingKind::Start {
            event.took = self
                .running_since
                .take()
                .map(|began| at.since(began))
                .filter(|took| *took >= Span::ZERO);
        }
        let signal = match ping.kind {
            PingKind::Success => {
                self.last_ping = Some(at);
                let alive = self.alive(at, now);
                event.stale = !alive && self.state != HeartbeatState::Paused;
                (alive && before.0.is_down()).then(|| self.resolved(at))
            }
            PingKind::Start => {
                event.stale = !self.began(at, now);
                None
            }
            PingKind::Fail if self.state == HeartbeatState::Paused => None,
            PingKind::Fail => {
                self.settle(HeartbeatState::Failed, None);
                Some(self.failed(ping, at))
            }
        };
        self.history.push(event);
        Outcome {
            signal,
            changed: before != (self.state, self.running_since.is_some()),
        }
    }

    /// A sign of life of `at`; false when it says nothing about now.
    fn alive(&mut self, at: Timestamp, now: Timestamp) -> bool {
        let due = at + self.settings.patience();
        if self.state == HeartbeatState::Paused || due <= now {
            return false;
        }
        self.settle(HeartbeatState::Healthy, Some(due));
        true
    }

    /// A run began. It must end in time, and moves nothing on if an earlier one has not ended.
    fn began(&mut self, at: Timestamp, now: Timestamp) -> bool {
        if self.state == HeartbeatState::Paused {
            return true;
        }
        let end = at
            + self
                .settings
                .longest_run
                .unwrap_or(self.settings.patience());
        if end <= now {
            return false;
        }
        let running = self.running_since.replace(at).is_some();
        if self.state.is_down() {
            return true;
        }
        let bounded = self.settings.longest_run.is_some();
        self.due_at = Some(match self.due_at {
            Some(due) if running => due.min(end),
            Some(due) if !bounded => due,
            _ => end,
        });
        true
    }

    /// Whether it is to be looked at: its ping has not come.
    pub fn is_due(&self, now: Timestamp) -> bool {
        self.due_at.is_some_and(|due| due <= now)
    }

    /// The passing of time; nothing happens before it is due.
    pub fn expire(&mut self, now: Timestamp) -> Outcome {
        let Some(due) = self.due_at.filter(|due| *due <= now) else {
            return Outcome::default();
        };
        let began = self.running_since.take();
        self.settle(HeartbeatState::Expired, None);
        let mut event = Event::new(EventKind::Missed, due);
        event.note = began.map(|_| "a run began and did not end in time".to_owned());
        self.history.push(event);
        Outcome {
            signal: Some(self.missed(due, began)),
            changed: true,
        }
    }

    /// Nobody wants to know for now; its alert is resolved.
    pub fn pause(&mut self, now: Timestamp) -> Outcome {
        if self.state == HeartbeatState::Paused {
            return Outcome::default();
        }
        let signal = self.state.is_down().then(|| self.resolved(now));
        self.running_since = None;
        self.settle(HeartbeatState::Paused, None);
        self.history.push(Event::new(EventKind::Paused, now));
        Outcome {
            signal,
            changed: true,
        }
    }

    /// Somebody wants to know again: one that was heard of before has its whole patience from now.
    pub fn resume(&mut self, now: Timestamp) -> Outcome {
        if self.state != HeartbeatState::Paused {
            return Outcome::default();
        }
        let due = self.heard_at.map(|_| now + self.settings.patience());
        self.settle(HeartbeatState::Waiting, due);
        self.history.push(Event::new(EventKind::Resumed, now));
        Outcome {
            signal: None,
            changed: true,
        }
    }

    /// It is removed: its alert is resolved.
    pub fn remove(&self, now: Timestamp) -> Option<Signal> {
        self.state.is_down().then(|| self.resolved(now))
    }

    /// Other settings. They never make it expire at once: what would be overdue by them has its
    /// whole patience from now.
    pub fn edit(&mut self, settings: HeartbeatSettings, now: Timestamp) {
        let before = std::mem::replace(&mut self.settings, settings);
        let Some(due) = self.due_at else {
            return;
        };
        let bound = |settings: &HeartbeatSettings| match self.running_since {
            Some(_) => settings.longest_run.unwrap_or(settings.patience()),
            None => settings.patience(),
        };
        let moved = bound(&self.settings) - bound(&before);
        if moved == Span::ZERO {
            return;
        }
        let due = due + moved;
        self.due_at = Some(if due > now {
            due
        } else {
            now + self.settings.patience()
        });
    }

    /// Into another state, where the graces of earlier outages count no more.
    fn settle(&mut self, state: HeartbeatState, due: Option<Timestamp>) {
        self.state = state;
        self.due_at = due;
        self.grace_since = None;
        self.grace_used = Span::ZERO;
    }
}
