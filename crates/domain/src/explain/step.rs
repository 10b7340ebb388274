//! Steps that paged others, were skipped, or were never come to.

use super::message::clause;
use super::{Asked, ExecutionRecord, Point, PointKind, RunRecord, Source};
use crate::escalation::list_of;
use crate::policy::{Step, StepMode, Target};
use crate::schedule::{SEARCH_REACH, Schedule, ShiftSource};
use crate::word::Urgency;
use crate::{Span, Timestamp};

/// Whether and how a target leads to the person at an instant.
enum Leads {
    /// It does.
    Yes,
    /// It does not; why, as a sentence, and where that stands.
    No(String, Vec<Source>),
}

impl Asked<'_> {
    /// What an executed or skipped step meant for the person.
    pub(super) fn step(&self, run: &RunRecord, record: &ExecutionRecord) -> Vec<Point> {
        let execution = &record.execution;
        let number = execution.number;
        let pages: Vec<_> = self
            .record
            .pages
            .iter()
            .filter(|page| page.execution == Some((run.id, number)))
            .collect();
        let at = execution.executed_at;
        let rung = self.rung(run, execution.step, execution.cycle);
        if !pages.is_empty() {
            return pages
                .into_iter()
                .flat_map(|page| self.paged(page))
                .collect();
        }
        let sources = vec![source_of(run, execution.step)];
        if let Some(why) = &execution.skipped {
            let own = self.own_reason(step_of(run, execution.step), record);
            let kind = match own {
                Some(_) => PointKind::Unreachable,
                None => PointKind::Skipped,
            };
            let text = format!("{rung} was skipped: {why}.");
            return vec![Self::point(kind, at, text, sources)];
        }
        if let Some(why) = self.own_reason(step_of(run, execution.step), record) {
            let text = format!("{rung} led to {}, but {why}.", self.name);
            let mut sources = sources;
            sources.push(Source::Person(self.user));
            return vec![Self::point(PointKind::Unreachable, at, text, sources)];
        }
        let Some(step) = step_of(run, execution.step) else {
            let text = format!(
                "{rung} was paged: {}. {} is not among them.",
                self.names(&execution.paged),
                self.name
            );
            return vec![Self::point(PointKind::Others, at, text, sources)];
        };
        vec![self.paged_others(&rung, step, record, sources)]
    }

    /// The step was executed and paged others.
    fn paged_others(
        &self,
        rung: &str,
        step: &Step,
        record: &ExecutionRecord,
        mut sources: Vec<Source>,
    ) -> Point {
        let execution = &record.execution;
        let at = execution.executed_at;
        let paged = self.names(&execution.paged);
        let mut whys: Vec<String> = Vec::new();
        let mut leads = false;
        for target in &step.targets {
            match self.leads(*target, at) {
                Leads::Yes => leads = true,
                Leads::No(why, from) => {
                    if !why.is_empty() {
                        whys.push(why);
                    }
                    sources.extend(from);
                }
            }
        }
        let why = match (leads, step.mode) {
            (true, StepMode::RoundRobin) => {
                format!("It pages one in turn, and it was the turn of {paged}.")
            }
            // Whoever the step leads to and was neither paged nor called unreachable came later:
            // an edit of the configuration after the step.
            (true, StepMode::All) => {
                format!("{} has come to be among its people since.", self.name)
            }
            (false, _) if whys.is_empty() => {
                format!("It does not lead to {}.", self.name)
            }
            (false, _) => whys.join(" "),
        };
        let text = if execution.paged.is_empty() {
            format!(
                "{rung} told channels and paged nobody, at {}. {why}",
                self.time(at)
            )
        } else {
            format!("{rung} paged {paged} at {}. {why}", self.time(at))
        };
        Self::point(PointKind::Others, at, text, sources)
    }

    /// What was recorded at a step that leads to the person about why no page reached them.
    fn own_reason<'r>(&self, step: Option<&Step>, record: &'r ExecutionRecord) -> Option<&'r str> {
        let at = record.execution.executed_at;
        let leads = step.is_some_and(|step| {
            let mut targets = step.targets.iter();
            targets.any(|target| matches!(self.leads(*target, at), Leads::Yes))
        });
        if !leads {
            return None;
        }
        let name = &self.name;
        let said = [
            format!("{name} has no verified contact method"),
            format!("{name}'s account is disabled"),
            format!("of {name} is refused by its provider"),
            format!("where {name} is,"),
        ];
        let mut whys = record.unreached.iter().map(String::as_str);
        whys.find(|why| said.iter().any(|said| why.contains(said)))
    }

    /// Steps of the first round that the run never came to.
    pub(super) fn not_reached(&self, run: &RunRecord) -> Vec<Point> {
        let Some(version) = &run.version else {
            return Vec::new();
        };
        let steps = &version.config.steps;
        let executed = |index: i64| {
            run.executions
                .iter()
                .any(|one| one.execution.step == Some(index))
        };
        let last = run.executions.last().map(|one| &one.execution);
        let mut due = last.map_or(run.started_at, |one| one.due_at);
        if let Some(step) = last.filter(|one| one.skipped.is_none()) {
            let wait = step.step.and_then(|index| step_at(steps, index));
            due = due + wait.map_or(Span::ZERO, |step| step.wait);
        }
        let mut points = Vec::new();
        for (index, step) in (0_i64..).zip(steps) {
            if executed(index) {
                continue;
            }
            let when = due;
            due = due + step.wait;
            // A step that would not have led to the person either explains nothing.
            if !step
                .targets
                .iter()
                .any(|target| matches!(self.leads(*target, when), Leads::Yes))
            {
                continue;
            }
            let rung = self.rung(run, Some(index), 0);
            let after = last.map_or(run.started_at, |one| one.executed_at);
            let why = if run.live {
                format!("is due at {}", self.time(run.due_at.unwrap_or(when)))
            } else if self.record.incident.urgency == Urgency::Low && last.is_some() {
                "was not come to: the urgency is low, so it went no further than whom it told first"
                    .to_owned()
            } else if let Some(turn) = self.stopped_after(after) {
                format!(
                    "was not come to: it was due at {}, and {} at {}",
                    self.time(when),
                    clause(&turn.text),
                    self.time(turn.at)
                )
            } else {
                format!("was not come to: it was due at {}", self.time(when))
            };
            points.push(Self::point(
                PointKind::NotReached,
                when,
                format!("{rung}, which leads to {}, {why}.", self.name),
                vec![source_of(run, Some(index))],
            ));
        }
        points
    }

    fn names(&self, users: &[crate::UserId]) -> String {
        let names: Vec<String> = users
            .iter()
            .map(|user| self.directory.user_name(*user).to_owned())
            .collect();
        list_of(&names)
    }

    /// `Step 2 of policy Checkout (v3, round 2)`, `The last resort`.
    fn rung(&self, run: &RunRecord, step: Option<i64>, cycle: i64) -> String {
        let Some(index) = step else {
            return "The last resort".to_owned();
        };
        let version = run.version.as_ref().map_or(0, |version| version.version);
        let round = match cycle {
            0 => String::new(),
            cycle => format!(", round {}", cycle.saturating_add(1)),
        };
        format!(
            "Step {} of policy {} (v{version}{round})",
            index.saturating_add(1),
            run.policy_name
        )
    }

    fn leads(&self, target: Target, at: Timestamp) -> Leads {
        let silent = || Leads::No(String::new(), Vec::new());
        match target {
            Target::User(user) if user == self.user => Leads::Yes,
            Target::User(_) | Target::Channel(_) => silent(),
            Target::Team(id) => match self.directory.team(id) {
                Some(team) if team.members.contains(&self.user) => Leads::Yes,
                Some(team) => Leads::No(
                    format!("{} is not in team {}.", self.name, team.name),
                    Vec::new(),
                ),
                None => silent(),
            },
            Target::Schedule(id) => match self.directory.schedule(id) {
                Some(schedule) => self.on_call(schedule, at),
                None => silent(),
            },
        }
    }

    /// Who was on call instead, and by which layer, override or version.
    fn on_call(&self, schedule: &Schedule, at: Timestamp) -> Leads {
        let name = &schedule.name;
        let version = schedule.version_at(at).map_or(0, |version| version.version);
        let Some(shift) = schedule.on_call(at) else {
            let text = format!("Nobody was on call for {name}.");
            let source = Source::Schedule {
                schedule: schedule.id,
                at,
            };
            return Leads::No(text, vec![source]);
        };
        if shift.users.contains(&self.user) {
            return Leads::Yes;
        }
        let by = match &shift.source {
            ShiftSource::Layer { name, .. } => format!("layer {name} of version {version}"),
            ShiftSource::Override { .. } => "an override".to_owned(),
            ShiftSource::Temporary { .. } => "a temporary schedule".to_owned(),
            ShiftSource::Swap { .. } => "a swap".to_owned(),
            ShiftSource::Import { name, .. } => format!("the imported calendar {name}"),
        };
        let until = match shift.open_end {
            true => String::new(),
            false => format!(" until {}", self.time(shift.end)),
        };
        let own = schedule
            .final_shifts(at, at + SEARCH_REACH)
            .into_iter()
            .find(|shift| shift.users.contains(&self.user))
            .map(|shift| {
                format!(
                    " The next shift of {} there begins at {}.",
                    self.name,
                    self.time(shift.start)
                )
            });
        // Told of it, and never relied on (PAGING.md §5.9).
        let follows = match shift.shadows.contains(&self.user) {
            true => format!(" {} only follows the shift, to learn.", self.name),
            false => String::new(),
        };
        Leads::No(
            format!(
                "On call for {name} was {}, by {by}{until}, not {}.{follows}{}",
                self.names(&shift.users),
                self.name,
                own.unwrap_or_default()
            ),
            vec![self.on_call_source(schedule.id, at)],
        )
    }
}

fn step_at(steps: &[Step], index: i64) -> Option<&Step> {
    steps.get(usize::try_from(index).ok()?)
}

fn step_of(run: &RunRecord, index: Option<i64>) -> Option<&Step> {
    step_at(&run.version.as_ref()?.config.steps, index?)
}

fn source_of(run: &RunRecord, step: Option<i64>) -> Source {
    match (run.policy_id, &run.version, step) {
        (Some(id), Some(version), Some(index)) => Source::Policy {
            id,
            version: version.version,
            step: Some(index.saturating_add(1)),
        },
        _ => Source::Settings,
    }
}
