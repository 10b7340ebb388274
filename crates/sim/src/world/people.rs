//! People who are woken: they answer after a while, sleep on, refuse, answer late, change their
//! minds.

use domain::notification::Medium;
use domain::{IncidentId, NotificationId, Span};
use store::notification::Notification;

use super::shared::{Shared, Task};
use crate::chance::Draw;
use crate::ledger::Request;
use crate::setup::{Setup, Who};
use crate::story::Verb;

/// By what a person answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    /// The page or the API.
    Page,
    /// The link of a mail.
    Link,
    /// A text message, with its code or for the latest page.
    Text { with_code: bool },
}

/// What a person does about a message.
#[derive(Clone, Copy, Debug)]
pub struct Reaction {
    pub who: Who,
    pub message: NotificationId,
    pub incident: IncidentId,
    pub verb: Verb,
    pub way: Way,
    /// Tries so far that failed because nobody answered the door.
    pub tries: u32,
}

fn rarely(draw: &mut Draw, setup: &Setup) -> Verb {
    match draw.below(5) {
        0 => Verb::ReassignTo {
            whom: draw.below(setup.people.len()),
        },
        1 => Verb::ReassignPolicy {
            policy: draw.below(setup.policies.len()),
        },
        _ => Verb::Page {
            whom: setup.target(draw),
        },
    }
}

/// A page has reached a person.
pub fn reached(shared: &Shared, row: &Notification) {
    let (Some(incident), Some(user)) = (row.incident_id, row.user_id) else {
        return;
    };
    let Some(who) = shared.ledger().users.get(&user).copied() else {
        return;
    };
    let mut draw = Draw::of(shared.seed, &[7, row.id.0.unsigned_abs()]);
    let asked = {
        let ledger = shared.ledger();
        let known = ledger.incidents.get(&incident);
        known.is_some_and(|one| one.requests.get(&who) == Some(&Request::Asked))
    };
    let verb = match draw.below(100) {
        // Half of those who are asked for help say whether they come.
        one if asked && one % 2 == 0 => Verb::Answer {
            accept: draw.percent(50),
        },
        // Asleep.
        0..=44 => return,
        45..=79 => Verb::Acknowledge,
        80..=85 => Verb::Resolve,
        86..=92 => Verb::Escalate { to_step: None },
        93 => Verb::Escalate {
            to_step: Some(draw.below(4)),
        },
        94..=96 => Verb::Snooze {
            minutes: draw.between(1, 20),
        },
        _ => rarely(&mut draw, &shared.ledger().house.setup),
    };
    let way = match (row.channel, draw.below(3)) {
        (_, 0) => Way::Page,
        (Medium::Sms, one) => Way::Text {
            with_code: one == 1,
        },
        _ => Way::Link,
    };
    // Links and texts know three words.
    let way = match verb {
        Verb::Acknowledge | Verb::Resolve | Verb::Escalate { to_step: None } => way,
        _ => Way::Page,
    };
    let longest = *draw.pick(&[20, 120, 400, 1_500]);
    let at = shared.clock.wall() + Span::from_millis(draw.between(2_000, longest * 1_000));
    let reaction = Reaction {
        who,
        message: row.id,
        incident,
        verb,
        way,
        tries: 0,
    };
    shared.later(at, Task::React(reaction));
    if verb == Verb::Acknowledge {
        let after = Span::from_seconds(draw.between(30, 2_400));
        let next = match draw.below(10) {
            0..=5 => Verb::Resolve,
            6 => Verb::Unacknowledge,
            7 => Verb::Snooze {
                minutes: draw.between(1, 20),
            },
            _ => return,
        };
        let then = Reaction {
            verb: next,
            way: Way::Page,
            ..reaction
        };
        shared.later(at + after, Task::React(then));
    }
}
