//! What happens in a world: written down before it begins, as a function of the seed, so that it
//! can be told again, and told without some of its events.

mod fault;
mod people;

use std::collections::BTreeMap;
use std::fmt;

use domain::Span;

use crate::chance::Draw;
use crate::setup::{Policy, Schedule, Setup, Target, Who};

/// The kind of a world.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// Nothing breaks but providers: nothing may be sent twice.
    Steady,
    /// Processes crash and start again at once; people act at set times. Told a second time
    /// without the crashes, it must end alike.
    Mirror,
    /// Crashes, downtime, full disks, outages, edits.
    Stormy,
    /// Stormy, and the clock jumps both ways.
    Jumpy,
}

impl Kind {
    pub const ALL: [Kind; 4] = [Kind::Steady, Kind::Mirror, Kind::Stormy, Kind::Jumpy];

    pub fn of(seed: u64) -> Kind {
        Kind::ALL[usize::try_from(seed % 4).unwrap_or(0)]
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Kind::Steady => "steady",
            Kind::Mirror => "mirror",
            Kind::Stormy => "stormy",
            Kind::Jumpy => "jumpy",
        })
    }
}

/// One failing or healthy condition that a monitor watches.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Condition {
    pub service: usize,
    pub number: usize,
    /// Conditions of one service with one group share incidents, where the service groups.
    pub group: Option<usize>,
}

impl Condition {
    pub fn dedup_key(&self) -> String {
        format!("c{}", self.number)
    }

    pub fn group_key(&self) -> Option<String> {
        self.group.map(|group| format!("g{group}"))
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Severity {
    Critical,
    Warning,
}

/// What a person wants of an incident.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verb {
    Acknowledge,
    Unacknowledge,
    Resolve,
    Escalate {
        to_step: Option<usize>,
    },
    Snooze {
        minutes: i64,
    },
    /// Ask by name for help (PAGING.md §4.8).
    Page {
        whom: Target,
    },
    /// Say yes or no to such a request.
    Answer {
        accept: bool,
    },
    ReassignTo {
        whom: Who,
    },
    ReassignPolicy {
        policy: usize,
    },
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Edit {
    Policy {
        index: usize,
        to: Policy,
    },
    Move {
        service: usize,
        policy: usize,
    },
    Schedule {
        index: usize,
        to: Schedule,
    },
    Override {
        schedule: usize,
        minutes: i64,
        users: Vec<Who>,
    },
    Disabled {
        who: Who,
        disabled: bool,
    },
    LastResort {
        to: Target,
    },
    Team {
        index: usize,
        to: Vec<Who>,
    },
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Action {
    Trigger {
        condition: Condition,
        severity: Severity,
    },
    Resolve {
        condition: Condition,
    },
    /// Somebody acts on the newest incident of a condition, by the page or the API.
    Person {
        who: Who,
        condition: Condition,
        verb: Verb,
    },
    Edit(Edit),
    /// The process dies at the `nth` commit from now, before it or after, and is started again
    /// after `downtime`.
    Crash {
        node: usize,
        nth: u32,
        after: bool,
        downtime: Span,
    },
    Jump {
        by: Span,
    },
    /// The next commits fail.
    DiskFull {
        commits: u32,
    },
    /// A provider is gone.
    Outage {
        phones: bool,
        lasts: Span,
    },
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Event {
    /// Stays the same when other events are dropped.
    pub id: usize,
    /// Since the begin.
    pub at: Span,
    pub action: Action,
}

/// A world's whole story.
#[derive(Clone, Debug)]
pub struct Story {
    pub seed: u64,
    pub kind: Kind,
    pub nodes: usize,
    pub setup: Setup,
    pub events: Vec<Event>,
    pub lasts: Span,
}

impl Story {
    /// `incidents` is how many conditions break, about as many as there will be incidents.
    pub fn draw(seed: u64, kind: Kind, incidents: usize, nodes: usize) -> Story {
        let mut setup = Setup::draw(seed);
        if kind == Kind::Mirror {
            // People act at set times, whoever was paged: they need not be reachable alike.
            for person in &mut setup.people {
                person.disabled = false;
            }
        }
        let mut draw = Draw::of(seed, &[2]);
        // Dense enough that a scan serves many, sparse enough that people are not only bundled.
        let lasts = Span::from_seconds(i64::try_from(incidents).unwrap_or(1_000) * 6 + 1_800);
        let mut actions = Vec::new();
        monitors(&mut draw, &setup, incidents, lasts, &mut actions);
        if kind == Kind::Mirror {
            people::at_set_times(&mut draw, &setup, lasts, &mut actions);
        }
        fault::faults(&mut draw, &setup, kind, nodes, lasts, &mut actions);
        actions.sort_by_key(|(at, _)| *at);
        if kind == Kind::Mirror {
            apart(&mut actions);
            actions.sort_by_key(|(at, _)| *at);
        }
        let events = actions
            .into_iter()
            .enumerate()
            .map(|(id, (at, action))| Event { id, at, action })
            .collect();
        Story {
            seed,
            kind,
            nodes,
            setup,
            events,
            lasts,
        }
    }

    /// The same without crashes and the like: what it must come to.
    pub fn undisturbed(&self) -> Story {
        let disturbs = |action: &Action| {
            matches!(
                action,
                Action::Crash { .. } | Action::Jump { .. } | Action::DiskFull { .. }
            )
        };
        let mut calm = self.clone();
        calm.events.retain(|event| !disturbs(&event.action));
        calm
    }

    /// The same with these events only.
    pub fn only(&self, ids: &[usize]) -> Story {
        let mut less = self.clone();
        less.events.retain(|event| ids.contains(&event.id));
        less
    }
}

type Actions = Vec<(Span, Action)>;

/// An instant within a span, to the millisecond, so that nothing falls together by chance.
fn moment(draw: &mut Draw, from: Span, until: Span) -> Span {
    Span::from_millis(draw.between(from.as_millis(), until.as_millis().max(from.as_millis())))
}

/// Moves what happens so far (less than a second later) that nothing comes in the very millisecond in
/// which an escalation that something else began takes its next step: those waits are whole seconds,
/// either order would be right, and the two tellings need not come to the same.
fn apart(actions: &mut Actions) {
    let mut answers: BTreeMap<Condition, i64> = BTreeMap::new();
    for (at, action) in actions {
        let now = at.as_millis();
        // Of four milliseconds one is for each kind.
        let snapped = |kind: i64| now + (kind - now).rem_euclid(4);
        let moved = match action {
            Action::Trigger { .. } => snapped(0),
            Action::Resolve { .. } => snapped(1),
            Action::Person { condition, .. } => {
                // Each answer to a condition has a millisecond of the second to itself.
                let nth = answers.entry(*condition).or_default();
                *nth += 1;
                let number = i64::try_from(condition.number).unwrap_or_default();
                let place = (number * 37 + *nth).rem_euclid(250) * 4 + 2;
                now + (place - now).rem_euclid(1_000)
            }
            _ => snapped(3),
        };
        *at = Span::from_millis(moved);
    }
}

/// Conditions break, are reported again and again, and get well.
fn monitors(draw: &mut Draw, setup: &Setup, incidents: usize, lasts: Span, actions: &mut Actions) {
    let mut number = 0;
    while number < incidents {
        let at = moment(draw, Span::from_seconds(5), lasts);
        // Now and then many things break together.
        let together = if draw.percent(4) {
            draw.between(5, 30)
        } else {
            1
        };
        let service = draw.below(setup.services.len());
        let group = draw.percent(30).then(|| draw.below(8));
        for _ in 0..together {
            let condition = Condition {
                service,
                number,
                group,
            };
            number += 1;
            let spread = Span::from_millis(draw.between(0, 3_000));
            breaks(draw, condition, at + spread, lasts, actions);
        }
    }
}

fn breaks(draw: &mut Draw, condition: Condition, at: Span, lasts: Span, actions: &mut Actions) {
    let severity = if draw.percent(75) {
        Severity::Critical
    } else {
        Severity::Warning
    };
    actions.push((
        at,
        Action::Trigger {
            condition,
            severity,
        },
    ));
    let mut last = at;
    for _ in 0..[0, 0, 0, 1, 3][draw.below(5)] {
        last = moment(draw, last, last + Span::from_minutes(6));
        // It may have got worse.
        let severity = if draw.percent(20) {
            Severity::Critical
        } else {
            severity
        };
        actions.push((
            last,
            Action::Trigger {
                condition,
                severity,
            },
        ));
    }
    let longest = [60, 600, 3_600][draw.below(3)];
    let well = moment(draw, last, last + Span::from_seconds(longest));
    if draw.percent(85) && well < lasts {
        actions.push((well, Action::Resolve { condition }));
        if draw.percent(12) {
            let again = moment(draw, well, well + Span::from_minutes(8));
            actions.push((
                again,
                Action::Trigger {
                    condition,
                    severity,
                },
            ));
        }
    }
}
