//! How a run proceeds.

use serde_json::json;

use super::reason::{Reason, Via};
use super::resolve::{Reached, Resolution, next_change, resolve_all, resolve_step, resolve_target};
use super::{
    Context, EXECUTIONS_MAX, Entry, Execution, Input, LAST_RESORT_EVERY, Outcome, PagePlan, Run,
    list_of,
};
use crate::policy::{Step, Target, WAIT_MIN};
use crate::word::{AlertSeverity, EntryKind, PageCause, PagingState, RunState, Urgency};
use crate::{PolicyId, RunId, Timestamp, UserId};

/// Begins a run: its first step is executed now.
///
/// `round_robin` is drawn from the policy's counter. `also_page` are people whom the first
/// execution that pages anybody pages too: the acknowledger after an ack timeout (PAGING.md §4.7).
pub fn start(
    id: RunId,
    policy_id: Option<PolicyId>,
    round_robin: i64,
    also_page: Vec<UserId>,
    ctx: &Context<'_>,
) -> Outcome {
    let run = Run {
        id,
        incident_id: ctx.facts.incident_id,
        policy_id,
        policy_version: ctx.policy.map_or(0, |policy| policy.version),
        state: RunState::Running,
        cycle: 0,
        next_step: 0,
        executions: 0,
        due_at: Some(ctx.now),
        round_robin,
        started_at: ctx.now,
        watching: Vec::new(),
        paged_now: Vec::new(),
        last_step: None,
        recheck_at: None,
    };
    let mut walk = Walk::new(run, ctx);
    walk.also_page = also_page;
    match ctx.policy {
        Some(policy) => walk.entry(
            EntryKind::EscalationStarted,
            format!(
                "Escalation by policy {} (v{}) started.",
                ctx.policy_name, policy.version
            ),
            json!({ "policy": policy_id, "version": policy.version }),
        ),
        None => {
            walk.entry(
                EntryKind::EscalationStarted,
                "Escalation started. The service has no policy, so the last resort is paged."
                    .to_owned(),
                json!({}),
            );
            walk.to_last_resort();
            walk.out.unreachable = true;
        }
    }
    walk.execute_due();
    walk.finish()
}

/// Advances a run.
///
/// An incident that is not triggered is never paged: whatever else the timer wanted, its run
/// stops.
pub fn decide(run: Run, input: Input, ctx: &Context<'_>) -> Outcome {
    let mut walk = Walk::new(run, ctx);
    let stopped = walk.out.run.state == RunState::Stopped;
    match input {
        Input::Stop => walk.stop(),
        Input::Due | Input::OnCallChanged if stopped => return walk.unchanged(),
        Input::Due | Input::OnCallChanged if ctx.facts.paging != PagingState::Triggered => {
            walk.stop();
        }
        Input::Due => {
            if walk.out.run.due_at.is_some_and(|due| due <= ctx.now) {
                walk.execute_due();
            } else if walk.out.run.recheck_at.is_some_and(|at| at <= ctx.now) {
                walk.recheck(true);
            } else {
                return walk.unchanged();
            }
        }
        Input::OnCallChanged => walk.recheck(false),
        Input::EscalateNow { .. } if ctx.facts.paging == PagingState::Resolved => {
            return walk.unchanged();
        }
        Input::EscalateNow { to_step } => {
            walk.aim(to_step);
            walk.out.run.due_at = Some(ctx.now);
            walk.execute_due();
        }
    }
    walk.finish()
}

/// A run on its way through one decision.
struct Walk<'c, 'd> {
    ctx: &'c Context<'d>,
    out: Outcome,
    also_page: Vec<UserId>,
}

impl<'c, 'd> Walk<'c, 'd> {
    fn new(run: Run, ctx: &'c Context<'d>) -> Self {
        let out = Outcome {
            run,
            executions: Vec::new(),
            pages: Vec::new(),
            entries: Vec::new(),
            unreachable: false,
            next_wake: None,
        };
        Walk {
            ctx,
            out,
            also_page: Vec::new(),
        }
    }

    fn steps(&self) -> &'d [Step] {
        self.ctx
            .policy
            .map_or(&[], |policy| policy.config.steps.as_slice())
    }

    /// The last cycle of steps; −1 without a policy, so that every cycle is the last resort's.
    fn last_cycle(&self) -> i64 {
        match self.ctx.policy {
            Some(policy) if !policy.config.steps.is_empty() => i64::from(policy.config.repeats),
            _ => -1,
        }
    }

    fn to_last_resort(&mut self) {
        let first = self.last_cycle().saturating_add(1);
        let run = &mut self.out.run;
        run.cycle = run.cycle.max(first);
        run.next_step = 0;
        run.state = RunState::LastResort;
    }

    /// Chooses what is executed next for "escalate now". A step that has been passed in this
    /// cycle is executed as part of a new one, so that no (cycle, step) is executed twice.
    fn aim(&mut self, to_step: Option<i64>) {
        let count = i64::try_from(self.steps().len()).unwrap_or(i64::MAX);
        let last_cycle = self.last_cycle();
        let run = &mut self.out.run;
        match to_step {
            Some(step) if step < count => {
                let step = step.max(0);
                if step < run.next_step {
                    run.cycle = run.cycle.saturating_add(1);
                }
                run.next_step = step;
                run.state = RunState::Running;
            }
            Some(_) => self.to_last_resort(),
            // A run that was stopped at the last resort stands behind its last cycle.
            None if run.next_step == 0 && run.cycle > last_cycle => self.to_last_resort(),
            None => run.state = RunState::Running,
        }
    }

    fn execute_due(&mut self) {
        while self.out.executions.len() < EXECUTIONS_MAX {
            let Some(due) = self.out.run.due_at.filter(|due| *due <= self.ctx.now) else {
                return;
            };
            let index = self.out.run.next_step;
            let step = usize::try_from(index)
                .ok()
                .and_then(|index| self.steps().get(index));
            match step {
                Some(step) if self.out.run.state == RunState::Running => {
                    self.execute_step(index, step, due);
                }
                _ => self.execute_last_resort(due),
            }
        }
    }

    fn execute_step(&mut self, index: i64, step: &Step, due: Timestamp) {
        let (number, cycle) = (self.out.run.executions, self.out.run.cycle);
        let shown = index.saturating_add(1);
        if index == 0 && cycle > 0 {
            let rounds = self.last_cycle().saturating_add(1);
            let round = cycle.saturating_add(1);
            let of = if round <= rounds {
                format!(" of {rounds}")
            } else {
                String::new()
            };
            self.entry(
                EntryKind::Repeated,
                format!(
                    "Policy {} starts again: round {round}{of}.",
                    self.ctx.policy_name
                ),
                json!({ "cycle": cycle }),
            );
        }
        let (resolution, skipped) = match self.does_not_apply(step) {
            Some(why) => (Resolution::default(), Some(why)),
            None => {
                let run = &self.out.run;
                let resolution = resolve_step(
                    step,
                    self.ctx.directory,
                    self.ctx.now,
                    run.round_robin,
                    cycle,
                );
                let why = resolution
                    .reached
                    .is_empty()
                    .then(|| resolution.why_unreached());
                (resolution, why)
            }
        };
        self.out.run.executions = number.saturating_add(1);
        if let Some(why) = skipped {
            self.entry(
                EntryKind::StepSkipped,
                format!(
                    "Step {shown} of policy {} was skipped: {why}.",
                    self.ctx.policy_name
                ),
                json!({ "execution": number, "cycle": cycle, "step": index, "why": why }),
            );
            self.out.executions.push(Execution {
                number,
                cycle,
                step: Some(index),
                due_at: due,
                executed_at: self.ctx.now,
                skipped: Some(why),
                paged: Vec::new(),
            });
            // Without its wait (PAGING.md §4.5): the due time stays.
            let wrapped = self.pass(index);
            if wrapped && !self.any_step_reaches() {
                self.out.unreachable = true;
                self.to_last_resort();
            }
            return;
        }
        let (resolution, again) = self.with_also_page(resolution);
        let paged = self.page(
            &resolution.reached,
            number,
            Some(index),
            cycle,
            PageCause::Step,
        );
        let mut text = format!(
            "Step {shown} of policy {} paged {}",
            self.ctx.policy_name,
            self.names(&paged)
        );
        text.push_str(&again);
        text.push('.');
        push_unreached(&mut text, &resolution);
        self.entry(
            EntryKind::StepExecuted,
            text,
            json!({
                "execution": number, "cycle": cycle, "step": index, "paged": paged,
                "unreached": whys(&resolution),
            }),
        );
        self.out.executions.push(Execution {
            number,
            cycle,
            step: Some(index),
            due_at: due,
            executed_at: self.ctx.now,
            skipped: None,
            paged: paged.clone(),
        });
        let run = &mut self.out.run;
        run.last_step = Some(index);
        run.watching = resolution.schedules;
        run.paged_now = paged;
        // From the due time, not from now: due times do not drift (PAGING.md §4.6).
        run.due_at = Some(due + step.wait.max(WAIT_MIN));
        self.pass(index);
        self.low_urgency_ends();
    }

    /// Moves behind a step; true when that was the last of its cycle.
    fn pass(&mut self, index: i64) -> bool {
        let count = i64::try_from(self.steps().len()).unwrap_or(i64::MAX);
        let last_cycle = self.last_cycle();
        let run = &mut self.out.run;
        run.next_step = index.saturating_add(1);
        if run.next_step < count {
            return false;
        }
        run.next_step = 0;
        run.cycle = run.cycle.saturating_add(1);
        if run.cycle > last_cycle {
            run.state = RunState::LastResort;
        }
        true
    }

    fn does_not_apply(&self, step: &Step) -> Option<String> {
        does_not_apply(step, self.ctx.facts.urgency, self.ctx.facts.severity)
    }

    fn any_step_reaches(&self) -> bool {
        let run = &self.out.run;
        self.steps().iter().any(|step| {
            self.does_not_apply(step).is_none()
                && !resolve_step(
                    step,
                    self.ctx.directory,
                    self.ctx.now,
                    run.round_robin,
                    run.cycle,
                )
                .reached
                .is_empty()
        })
    }

    /// Pages the last resort; when it reaches nobody, everybody the policy could page in its
    /// place, so that paging does not go silent while anybody can hear it.
    fn execute_last_resort(&mut self, due: Timestamp) {
        let (number, cycle) = (self.out.run.executions, self.out.run.cycle);
        self.out.run.state = RunState::LastResort;
        self.out.run.executions = number.saturating_add(1);
        let (directory, now) = (self.ctx.directory, self.ctx.now);
        let targets = &directory.settings.last_resort;
        let own = resolve_all(targets, directory, now);
        let why = if targets.is_empty() {
            "no last resort is set".to_owned()
        } else {
            own.why_unreached()
        };
        let in_place = own.reached.is_empty();
        let resolution = if in_place {
            let all: Vec<Target> = self
                .steps()
                .iter()
                .flat_map(|step| step.targets.iter().copied())
                .collect();
            let mut policy = resolve_all(&all, directory, now);
            policy.schedules.extend(own.schedules);
            policy
        } else {
            own
        };
        let (resolution, again) = self.with_also_page(resolution);
        let paged = self.page(
            &resolution.reached,
            number,
            None,
            cycle,
            PageCause::LastResort,
        );
        let until =
            format!("It is paged again every {LAST_RESORT_EVERY} until somebody acknowledges.");
        let (text, skipped) = if paged.is_empty() {
            (
                format!(
                    "NOBODY CAN BE PAGED. The last resort reaches nobody: {why}. Trying again in \
                     {LAST_RESORT_EVERY}; verify a contact method or set another last resort."
                ),
                Some(why),
            )
        } else if in_place {
            let names = self.names(&paged);
            (
                format!(
                    "The last resort reaches nobody: {why}. Everyone the policy can reach was \
                     paged instead: {names}{again}. {until}"
                ),
                None,
            )
        } else {
            let names = self.names(&paged);
            let mut text = format!("The last resort was paged: {names}{again}.");
            push_unreached(&mut text, &resolution);
            if self.ctx.facts.urgency == Urgency::High {
                text.push(' ');
                text.push_str(&until);
            }
            (text, None)
        };
        self.entry(
            EntryKind::LastResort,
            text,
            json!({
                "execution": number, "cycle": cycle, "paged": paged,
                "unreached": whys(&resolution), "in_place": in_place,
            }),
        );
        self.out.executions.push(Execution {
            number,
            cycle,
            step: None,
            due_at: due,
            executed_at: now,
            skipped,
            paged: paged.clone(),
        });
        // Repeats that fell due while we were down are one and the same alarm: one is enough.
        let missed = now.since(due).0.max(0) / LAST_RESORT_EVERY.0;
        let turns = missed.saturating_add(1);
        let run = &mut self.out.run;
        run.last_step = None;
        run.watching = resolution.schedules;
        run.paged_now = paged;
        run.cycle = cycle.saturating_add(turns);
        run.next_step = 0;
        run.due_at = Some(due + LAST_RESORT_EVERY * turns);
        self.low_urgency_ends();
    }

    /// Low urgency tells people once and never escalates (PAGING.md §3.2). While it has reached
    /// nobody it goes on trying.
    fn low_urgency_ends(&mut self) {
        if self.ctx.facts.urgency == Urgency::Low && !self.out.run.paged_now.is_empty() {
            self.stop();
        }
    }

    /// Adds those whom the first page of a run goes to besides; also their part of the sentence.
    fn with_also_page(&mut self, mut resolution: Resolution) -> (Resolution, String) {
        let mut added = Vec::new();
        for user in std::mem::take(&mut self.also_page) {
            if resolution
                .reached
                .iter()
                .any(|reached| reached.user == user)
            {
                continue;
            }
            let own = resolve_target(Target::User(user), self.ctx.directory, self.ctx.now);
            if !own.reached.is_empty() {
                added.push(user);
                resolution.reached.push(Reached {
                    user,
                    via: Via::AcknowledgedBefore,
                });
            }
            resolution.unreached.extend(own.unreached);
        }
        let text = if added.is_empty() {
            String::new()
        } else {
            format!(
                " ({} because the acknowledgement ran out)",
                self.names(&added)
            )
        };
        (resolution, text)
    }

    /// Pages those who have come on call for a watched schedule since the last execution, once
    /// (PAGING.md §4.9). `by_time`: a shift ended, rather than somebody edited something.
    fn recheck(&mut self, by_time: bool) {
        let resolution = resolve_all(&self.out.run.watching, self.ctx.directory, self.ctx.now);
        let new: Vec<Reached> = resolution
            .reached
            .iter()
            .filter(|reached| !self.out.run.paged_now.contains(&reached.user))
            .cloned()
            .collect();
        let run = &self.out.run;
        let number = run.executions.saturating_sub(1);
        let step = run.last_step;
        let cycle = match step {
            Some(step) if step < run.next_step => run.cycle,
            _ => run.cycle.saturating_sub(1),
        };
        if !new.is_empty() {
            let paged = self.page(&new, number, step, cycle, PageCause::OnCallChange);
            for reached in &new {
                let name = self.ctx.directory.user_name(reached.user);
                let text = match &reached.via {
                    Via::Schedule { name: schedule, .. } => format!(
                        "{name} has come on call for {schedule} while nobody had acknowledged, and \
                         was paged too."
                    ),
                    _ => format!("{name} was paged too."),
                };
                self.entry(
                    EntryKind::Paged,
                    text,
                    json!({ "execution": number, "step": step, "paged": [reached.user] }),
                );
            }
            self.out.run.paged_now.extend(paged);
        }
        if by_time {
            // Said when a shift changes, not at every edit of anything.
            for unreached in &resolution.unreached {
                self.entry(
                    EntryKind::StepSkipped,
                    format!("The on-call changed, but {}.", unreached.why),
                    json!({ "execution": number, "step": step, "why": unreached.why }),
                );
            }
        }
    }

    fn page(
        &mut self,
        reached: &[Reached],
        execution: i64,
        step: Option<i64>,
        cycle: i64,
        cause: PageCause,
    ) -> Vec<UserId> {
        let ctx = self.ctx;
        let cause = match (cause, ctx.facts.urgency) {
            (PageCause::Step, Urgency::Low) => PageCause::LowUrgency,
            (cause, _) => cause,
        };
        let mut paged = Vec::with_capacity(reached.len());
        for Reached { user, via } in reached {
            let merged = self.out.pages.iter().any(|page| page.user == *user);
            self.out.pages.push(PagePlan {
                user: *user,
                execution,
                urgency: ctx.facts.urgency,
                cause,
                merged,
                reason: Reason {
                    cause,
                    policy_id: self.out.run.policy_id,
                    policy_name: ctx.policy_name.to_owned(),
                    policy_version: self.out.run.policy_version,
                    step: step.map(|index| index.saturating_add(1)),
                    cycle,
                    via: via.clone(),
                },
            });
            paged.push(*user);
        }
        paged
    }

    fn names(&self, users: &[UserId]) -> String {
        let names: Vec<String> = users
            .iter()
            .map(|user| self.ctx.directory.user_name(*user).to_owned())
            .collect();
        list_of(&names)
    }

    fn entry(&mut self, kind: EntryKind, text: String, data: serde_json::Value) {
        self.out.entries.push(Entry { kind, text, data });
    }

    fn stop(&mut self) {
        let run = &mut self.out.run;
        run.state = RunState::Stopped;
        run.due_at = None;
        run.recheck_at = None;
        run.watching.clear();
        run.paged_now.clear();
    }

    fn unchanged(mut self) -> Outcome {
        self.out.next_wake = self.out.run.next_wake();
        self.out
    }

    fn finish(mut self) -> Outcome {
        let (directory, now) = (self.ctx.directory, self.ctx.now);
        let run = &self.out.run;
        self.out.run.recheck_at = run.due_at.filter(|due| *due > now).and_then(|due| {
            run.watching
                .iter()
                .filter_map(|target| next_change(*target, directory, now, due.since(now)))
                .filter(|change| now < *change && *change < due)
                .min()
        });
        self.unchanged()
    }
}

/// Why a step is not for this incident (PAGING.md §4.1: conditions).
pub(super) fn does_not_apply(
    step: &Step,
    urgency: Urgency,
    severity: AlertSeverity,
) -> Option<String> {
    if let Some(only) = step.urgency.filter(|only| *only != urgency) {
        return Some(format!("it is for {only} urgency only"));
    }
    // Severities are ordered from worst to least.
    let least = step.severity_at_least.filter(|least| severity > *least)?;
    Some(format!("it is for alerts of severity {least} or worse"))
}

fn push_unreached(text: &mut String, resolution: &Resolution) {
    if !resolution.unreached.is_empty() {
        text.push_str(" Not reached: ");
        text.push_str(&resolution.why_unreached());
        text.push('.');
    }
}

fn whys(resolution: &Resolution) -> Vec<&str> {
    resolution
        .unreached
        .iter()
        .map(|one| one.why.as_str())
        .collect()
}
