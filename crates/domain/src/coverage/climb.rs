//! How an alert of any instant of a span climbs a policy's ladder.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::line::Line;
use super::rota::{Held, Rotas};
use super::{By, Cover, Reach, Rung};
use crate::directory::Directory;
use crate::escalation::does_not_apply;
use crate::notification;
use crate::policy::{PolicyConfig, Step, StepHours, StepMode, Target, WAIT_MIN};
use crate::word::{AlertSeverity, Urgency};
use crate::{PolicyId, Span, Timestamp, UserId};

/// Which ladder: a policy (or none) for incidents of an urgency, of which some steps are not for.
type Key = (Option<PolicyId>, Urgency, Vec<bool>);

/// Ladders that have been worked out.
pub(super) struct Climbs<'d> {
    directory: &'d Directory,
    rotas: &'d Rotas,
    from: Timestamp,
    until: Timestamp,
    known: BTreeMap<Key, Arc<Vec<Cover>>>,
    delays: BTreeMap<(UserId, Urgency), Span>,
    last_resort: Held,
}

/// A step's wait as it is waited.
pub(super) fn wait(step: &Step) -> Span {
    step.wait.max(WAIT_MIN)
}

/// Alerts of `from..until` that have come up to some step.
struct Part {
    from: Timestamp,
    until: Timestamp,
    /// When the next step is due, after the alert.
    offset: Span,
    rungs: Vec<Rung>,
    /// Low urgency tells people once and goes no further (PAGING.md §3.2).
    over: bool,
}

impl Part {
    fn reaches_somebody(&self) -> bool {
        self.rungs.iter().any(|rung| rung.reach.delay().is_some())
    }

    /// The part by what holds when its next step is due.
    fn cut_by<'l, T: PartialEq + Clone>(
        &self,
        line: &'l Line<T>,
    ) -> impl Iterator<Item = (&'l T, Part)> {
        let offset = self.offset;
        line.within(self.from + offset, self.until + offset)
            .map(move |(from, until, value)| {
                let part = Part {
                    from: from - offset,
                    until: until - offset,
                    offset,
                    rungs: self.rungs.clone(),
                    over: self.over,
                };
                (value, part)
            })
    }
}

impl<'d> Climbs<'d> {
    pub fn new(
        directory: &'d Directory,
        rotas: &'d Rotas,
        from: Timestamp,
        until: Timestamp,
    ) -> Climbs<'d> {
        let last_resort = everybody(directory, rotas, &directory.settings.last_resort);
        Climbs {
            directory,
            rotas,
            from,
            until,
            known: BTreeMap::new(),
            delays: BTreeMap::new(),
            last_resort,
        }
    }

    /// Whom the last resort reaches.
    pub fn last_resort(&self) -> &Held {
        &self.last_resort
    }

    pub fn bounds(&self) -> (Timestamp, Timestamp) {
        (self.from, self.until)
    }

    /// How long after a page a person's first message leaves.
    fn delay(&mut self, user: UserId, urgency: Urgency) -> Span {
        if let Some(known) = self.delays.get(&(user, urgency)) {
            return *known;
        }
        let start = Timestamp(0);
        let delay = self
            .directory
            .user(user)
            .and_then(|person| {
                notification::plan(person, urgency, start)
                    .iter()
                    .map(|planned| planned.due_at.since(start))
                    .min()
            })
            .unwrap_or(Span::ZERO);
        self.delays.insert((user, urgency), delay);
        delay
    }

    fn first_delay(&mut self, users: &[UserId], urgency: Urgency) -> Span {
        users
            .iter()
            .map(|user| self.delay(*user, urgency))
            .min()
            .unwrap_or(Span::ZERO)
    }

    /// The whole span, cut wherever another answer begins.
    pub fn covers(
        &mut self,
        policy: Option<PolicyId>,
        urgency: Urgency,
        severity: AlertSeverity,
    ) -> Arc<Vec<Cover>> {
        let none = PolicyConfig {
            steps: Vec::new(),
            repeats: 0,
        };
        let directory = self.directory;
        let config = policy
            .and_then(|id| directory.policy(id))
            .map_or(&none, |policy| &policy.current.config);
        let conditions: Vec<Option<String>> = config
            .steps
            .iter()
            .map(|step| does_not_apply(step, urgency, severity))
            .collect();
        let applies = conditions.iter().map(Option::is_none).collect();
        let key = (policy, urgency, applies);
        if let Some(known) = self.known.get(&key) {
            return known.clone();
        }
        let reaches: Vec<Option<Line<Reach>>> = config
            .steps
            .iter()
            .zip(&conditions)
            .map(|(step, condition)| match condition {
                Some(_) => None,
                None => Some(self.reaches(step, urgency)),
            })
            .collect();
        let lines: Vec<&Line<Reach>> = reaches.iter().flatten().collect();
        let anybody = Line::combined(&lines, |all| all.iter().any(|one| one.delay().is_some()));
        let ladder: Vec<(&Step, Result<Line<Reach>, String>)> = config
            .steps
            .iter()
            .zip(conditions)
            .zip(reaches)
            .map(|((step, condition), reaches)| match (condition, reaches) {
                (None, Some(_)) if self.tells(step) => {
                    let open = self.open(step);
                    let told = Line::combined(&[&anybody, &open], |both| {
                        match both.iter().all(|one| **one) {
                            true => Reach::Told,
                            false => Reach::Nobody,
                        }
                    });
                    (step, Ok(told))
                }
                (None, Some(reaches)) => (step, Ok(reaches)),
                (why, _) => (step, Err(why.unwrap_or_default())),
            })
            .collect();
        let parts = self.climb(&ladder, config.repeats, &anybody, urgency);
        let mut covers: Vec<Cover> = Vec::new();
        for part in parts {
            for cover in self.answer(part, config, urgency) {
                match covers.last_mut() {
                    Some(last) if last.same(&cover) => last.until = cover.until,
                    _ => covers.push(cover),
                }
            }
        }
        let covers = Arc::new(covers);
        self.known.insert(key, covers.clone());
        covers
    }

    /// What the alerts of the whole span come to: the steps once, and again while all they did was to
    /// tell channels and a step reaches somebody by then (PAGING.md §4.2, §4.5).
    fn climb(
        &self,
        ladder: &[(&Step, Result<Line<Reach>, String>)],
        repeats: u8,
        anybody: &Line<bool>,
        urgency: Urgency,
    ) -> Vec<Part> {
        let mut parts = vec![Part {
            from: self.from,
            until: self.until,
            offset: Span::ZERO,
            rungs: Vec::new(),
            over: false,
        }];
        let mut climbed = Vec::new();
        for round in 0..=repeats {
            for (index, (step, reaches)) in (0_i64..).zip(ladder) {
                let place = (round, index);
                parts = match reaches {
                    Ok(reaches) => cut(parts, place, step, urgency, reaches),
                    Err(why) => passed(parts, place, why),
                };
            }
            let mut again = Vec::new();
            for part in parts {
                if part.reaches_somebody() {
                    climbed.push(part);
                    continue;
                }
                for (goes_on, part) in part.cut_by(anybody) {
                    match *goes_on && round < repeats {
                        true => again.push(part),
                        false => climbed.push(part),
                    }
                }
            }
            parts = again;
        }
        climbed.sort_by_key(|part| part.from);
        climbed
    }

    /// Whether the step tells channels and nobody else.
    fn tells(&self, step: &Step) -> bool {
        let heard = |id| {
            let channel = self.directory.channel(id);
            channel.is_some_and(|channel| channel.why_silent().is_none())
        };
        step.only_tells() && step.channels().any(heard)
    }

    /// Whom a step reaches, over time.
    fn reaches(&mut self, step: &Step, urgency: Urgency) -> Line<Reach> {
        let lines: Vec<Held> = step
            .targets
            .iter()
            .map(|target| self.rotas.line(self.directory, *target))
            .map(|line| self.in_hours(line, step.hours.as_ref()))
            .collect();
        let lines: Vec<&Held> = lines.iter().collect();
        // Delays are looked up beforehand, since joining must not change anything.
        let groups = Line::combined(&lines, |turns| match step.mode {
            StepMode::All => {
                let users = union(turns.iter().copied());
                (!users.is_empty()).then_some(vec![users])
            }
            StepMode::RoundRobin => {
                let turns: Vec<Vec<UserId>> = turns
                    .iter()
                    .filter(|users| !users.is_empty())
                    .map(|users| users.to_vec())
                    .collect();
                (!turns.is_empty()).then_some(turns)
            }
        });
        let points: Vec<(Timestamp, Reach)> = groups
            .points()
            .map(|(at, groups)| (at, self.reach(groups.as_deref(), urgency)))
            .collect();
        Line::from_points(points).unwrap_or_else(|| Line::constant(Reach::Nobody))
    }

    /// Leaves out whom it is not the hours of the step for, cut where those begin and end
    /// (PAGING.md §4.1).
    fn in_hours(&self, line: Held, hours: Option<&StepHours>) -> Held {
        let Some(hours) = hours else {
            return line;
        };
        let zones: BTreeSet<&str> = line
            .points()
            .flat_map(|(_, users)| users)
            .filter_map(|user| self.directory.user(*user))
            .map(|user| hours.zone_for(user))
            .collect();
        // Steps of the last alerts are due later than those.
        let (from, until) = (self.from, self.rotas.until);
        let edges = zones
            .into_iter()
            .flat_map(|zone| hours.changes(zone, from, until));
        let mut cuts: Vec<Timestamp> = std::iter::once(from).chain(edges).collect();
        cuts.sort_unstable();
        cuts.dedup();
        let clock = Line::from_points(cuts.into_iter().map(|at| (at, at)));
        let clock = clock.unwrap_or_else(|| Line::constant(from));
        let mut points: Vec<(Timestamp, Vec<UserId>)> = Vec::new();
        for (start, end, at) in clock.within(from, until) {
            for (start, _, users) in line.within(start, end) {
                let open = |user: &UserId| {
                    self.directory.user(*user).is_some_and(|user| {
                        hours.closed(*at).is_none() && hours.excludes(user, *at).is_none()
                    })
                };
                points.push((start, users.iter().copied().filter(open).collect()));
            }
        }
        Line::from_points(points).unwrap_or_else(|| Line::constant(Vec::new()))
    }

    /// Whether it is the hours of a step as a whole, over time.
    fn open(&self, step: &Step) -> Line<bool> {
        let hours = step.hours.as_ref();
        let Some((hours, zone)) = hours.and_then(|hours| Some((hours, hours.zone.as_ref()?)))
        else {
            return Line::constant(true);
        };
        let changes = hours.changes(zone, self.from, self.rotas.until);
        let cuts = std::iter::once(self.from).chain(changes);
        Line::from_points(cuts.map(|at| (at, hours.closed(at).is_none())))
            .unwrap_or_else(|| Line::constant(true))
    }

    fn reach(&mut self, groups: Option<&[Vec<UserId>]>, urgency: Urgency) -> Reach {
        match groups {
            None | Some([]) => Reach::Nobody,
            Some([users]) => Reach::All {
                delay: self.first_delay(users, urgency),
                users: users.clone(),
            },
            Some(turns) => Reach::OneOf {
                delay: turns
                    .iter()
                    .map(|users| self.first_delay(users, urgency))
                    .max()
                    .unwrap_or(Span::ZERO),
                turns: turns.to_vec(),
            },
        }
    }

    /// What the alerts of a part come to, cut again where the last resort changes.
    fn answer(&mut self, part: Part, config: &PolicyConfig, urgency: Urgency) -> Vec<Cover> {
        let first = part
            .rungs
            .iter()
            .filter_map(|rung| Some((rung.offset + rung.reach.delay()?, rung)))
            .min_by_key(|(after, _)| *after);
        if let Some((after, rung)) = first {
            let first = self.quickest(&rung.reach, urgency);
            return vec![Cover {
                from: part.from,
                until: part.until,
                by: By::Step(rung.step),
                after: Some(after),
                first,
                rungs: part.rungs,
            }];
        }
        let all: Vec<Target> = config
            .steps
            .iter()
            .flat_map(|step| step.targets.iter().copied())
            .collect();
        let in_place = everybody(self.directory, self.rotas, &all);
        let both = Line::combined(&[&self.last_resort, &in_place], |both| match both {
            [own, _] if !own.is_empty() => (By::LastResort, (*own).clone()),
            [_, all] if !all.is_empty() => (By::Everybody, (*all).clone()),
            _ => (By::Nobody, Vec::new()),
        });
        let offset = part.offset;
        part.cut_by(&both)
            .map(|((by, users), piece)| {
                let delay = self.first_delay(users, urgency);
                let first = users
                    .iter()
                    .copied()
                    .filter(|user| self.delay(*user, urgency) == delay)
                    .collect();
                Cover {
                    from: piece.from,
                    until: piece.until,
                    by: *by,
                    after: (*by != By::Nobody).then_some(offset + delay),
                    first,
                    rungs: piece.rungs,
                }
            })
            .collect()
    }

    /// Those of a step who get the first message.
    fn quickest(&mut self, reach: &Reach, urgency: Urgency) -> Vec<UserId> {
        match reach {
            Reach::All { users, delay } => users
                .iter()
                .copied()
                .filter(|user| self.delay(*user, urgency) == *delay)
                .collect(),
            other => other.users(),
        }
    }
}

/// Cuts the parts where the step reaches others, seen from the alert.
fn cut(
    parts: Vec<Part>,
    (round, index): (u8, i64),
    step: &Step,
    urgency: Urgency,
    reaches: &Line<Reach>,
) -> Vec<Part> {
    let mut cut = Vec::with_capacity(parts.len());
    for part in parts {
        if part.over {
            cut.push(part);
            continue;
        }
        for (reach, mut part) in part.cut_by(reaches) {
            part.rungs.push(Rung {
                round,
                step: index,
                offset: part.offset,
                reach: reach.clone(),
            });
            // A step that reaches nobody is skipped without its wait (§4.5).
            if *reach != Reach::Nobody {
                part.offset = part.offset + wait(step);
            }
            part.over = reach.delay().is_some() && urgency == Urgency::Low;
            cut.push(part);
        }
    }
    cut
}

/// The step is not for these incidents.
fn passed(parts: Vec<Part>, (round, index): (u8, i64), why: &str) -> Vec<Part> {
    parts
        .into_iter()
        .map(|mut part| {
            if !part.over {
                part.rungs.push(Rung {
                    round,
                    step: index,
                    offset: part.offset,
                    reach: Reach::NotFor(why.to_owned()),
                });
            }
            part
        })
        .collect()
}

/// Everybody whom any of the targets reaches, over time.
fn everybody(directory: &Directory, rotas: &Rotas, targets: &[Target]) -> Held {
    let lines: Vec<Held> = targets
        .iter()
        .map(|target| rotas.line(directory, *target))
        .collect();
    let lines: Vec<&Held> = lines.iter().collect();
    Line::combined(&lines, |all| union(all.iter().copied()))
}

fn union<'a>(groups: impl Iterator<Item = &'a Vec<UserId>>) -> Vec<UserId> {
    let mut users: Vec<UserId> = Vec::new();
    for user in groups.flatten() {
        if !users.contains(user) {
            users.push(*user);
        }
    }
    users
}
