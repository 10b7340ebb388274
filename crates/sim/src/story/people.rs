//! People who act at set times, whatever reaches them: for stories that are told twice.

use domain::Span;

use super::{Action, Actions, Condition, Verb, moment};
use crate::chance::Draw;
use crate::setup::Setup;

pub(super) fn at_set_times(draw: &mut Draw, setup: &Setup, lasts: Span, actions: &mut Actions) {
    let broken: Vec<(Span, Condition)> = actions
        .iter()
        .filter_map(|(at, action)| match action {
            Action::Trigger { condition, .. } => Some((*at, *condition)),
            _ => None,
        })
        .collect();
    let mut seen = std::collections::BTreeSet::new();
    for (at, condition) in broken {
        if !seen.insert(condition) {
            continue;
        }
        let mut last = at;
        for _ in 0..[0, 1, 1, 2, 3][draw.below(5)] {
            last = moment(
                draw,
                last + Span::from_seconds(1),
                last + Span::from_minutes(20),
            );
            if last >= lasts {
                break;
            }
            let verb = match draw.below(20) {
                0..=9 => Verb::Acknowledge,
                10..=12 => Verb::Resolve,
                13 => Verb::Escalate { to_step: None },
                14 => Verb::Escalate {
                    to_step: Some(draw.below(4)),
                },
                15..=16 => Verb::Snooze {
                    minutes: draw.between(1, 15),
                },
                17 => Verb::Page {
                    whom: setup.target(draw),
                },
                18 => rarely(draw, setup),
                _ => Verb::Unacknowledge,
            };
            let who = draw.below(setup.people.len());
            actions.push((
                last,
                Action::Person {
                    who,
                    condition,
                    verb,
                },
            ));
        }
    }
}

fn rarely(draw: &mut Draw, setup: &Setup) -> Verb {
    match draw.below(4) {
        0..=1 => Verb::Answer {
            accept: draw.percent(50),
        },
        2 => Verb::ReassignTo {
            whom: draw.below(setup.people.len()),
        },
        _ => Verb::ReassignPolicy {
            policy: draw.below(setup.policies.len()),
        },
    }
}
