//! What goes wrong, and what people edit meanwhile.

use domain::Span;

use super::{Action, Actions, Edit, Kind, moment};
use crate::chance::Draw;
use crate::setup::{Setup, Target, schedule, some_of};

pub(super) fn faults(
    draw: &mut Draw,
    setup: &Setup,
    kind: Kind,
    nodes: usize,
    lasts: Span,
    actions: &mut Actions,
) {
    let begin = Span::from_seconds(5);
    // As many as the story is long.
    let per = |minutes: i64| lasts.as_seconds() / 60 / minutes + 1;
    if kind != Kind::Steady {
        for _ in 0..per(if kind == Kind::Mirror { 4 } else { 12 }) {
            let at = moment(draw, begin, lasts);
            let nth = u32::try_from(draw.between(1, 12)).unwrap_or(1);
            let downtime = match kind {
                Kind::Mirror => Span::ZERO,
                _ => Span::from_seconds(*draw.pick(&[0, 1, 5, 60, 400])),
            };
            let (node, after) = (draw.below(nodes), draw.percent(50));
            actions.push((
                at,
                Action::Crash {
                    node,
                    nth,
                    after,
                    downtime,
                },
            ));
        }
    }
    if matches!(kind, Kind::Stormy | Kind::Jumpy) {
        for _ in 0..per(60) {
            let commits = u32::try_from(draw.between(1, 8)).unwrap_or(1);
            actions.push((moment(draw, begin, lasts), Action::DiskFull { commits }));
        }
        for _ in 0..per(60) {
            let phones = draw.percent(50);
            let minutes = *draw.pick(&[1, 4, 12]);
            let lasts_for = Span::from_minutes(minutes);
            let at = moment(draw, begin, lasts);
            actions.push((
                at,
                Action::Outage {
                    phones,
                    lasts: lasts_for,
                },
            ));
        }
    }
    if kind == Kind::Jumpy {
        for _ in 0..per(45) {
            let seconds = *draw.pick(&[-3_600, -600, -30, -2, 2, 30, 600, 3_600]);
            let by = Span::from_seconds(seconds);
            actions.push((moment(draw, begin, lasts), Action::Jump { by }));
        }
    }
    for _ in 0..per(20) {
        let edit = edit(draw, setup);
        actions.push((moment(draw, begin, lasts), Action::Edit(edit)));
    }
}

fn edit(draw: &mut Draw, setup: &Setup) -> Edit {
    let people = setup.people.len();
    match draw.below(10) {
        0..=1 => {
            let index = draw.below(setup.policies.len());
            let mut to = setup.policies[index].clone();
            let step = setup.draw_step(draw);
            if draw.percent(50) {
                to.steps.push(step);
            } else {
                let at = draw.below(to.steps.len());
                to.steps[at] = step;
            }
            Edit::Policy { index, to }
        }
        2 => Edit::Move {
            service: draw.below(setup.services.len()),
            policy: draw.below(setup.policies.len()),
        },
        3..=4 => Edit::Schedule {
            index: draw.below(setup.schedules.len()),
            to: schedule(draw, people),
        },
        5..=6 => Edit::Override {
            schedule: draw.below(setup.schedules.len()),
            minutes: draw.between(5, 90),
            users: if draw.percent(15) {
                vec![]
            } else {
                vec![draw.below(people)]
            },
        },
        7 => Edit::Disabled {
            // The administrator stays.
            who: 1 + draw.below(people - 1),
            disabled: draw.percent(60),
        },
        8 => Edit::Team {
            index: draw.below(setup.teams.len()),
            to: some_of(draw, people, 4),
        },
        _ => Edit::LastResort {
            to: Target::Person(draw.below(people)),
        },
    }
}
