//! A run on its way through one decision: where it stands, and what it leaves behind.

use serde_json::json;

use super::reason::{Reason, Via};
use super::resolve::{Reached, next_change, resolve_all};
use super::{Context, Entry, Outcome, PagePlan, Run, Told, list_of};
use crate::policy::Step;
use crate::suppression::Pause;
use crate::word::{EntryKind, PageCause, RunState, Urgency};
use crate::{ChannelId, UserId};

/// A run on its way through one decision.
pub(super) struct Walk<'c, 'd> {
    pub(super) ctx: &'c Context<'d>,
    pub(super) out: Outcome,
    pub(super) also_page: Vec<UserId>,
    /// Somebody escalates and wants a person paged: what only tells takes no wait.
    pub(super) hurries: bool,
}

impl<'c, 'd> Walk<'c, 'd> {
    pub(super) fn new(run: Run, ctx: &'c Context<'d>) -> Self {
        let out = Outcome {
            run,
            executions: Vec::new(),
            pages: Vec::new(),
            told: Vec::new(),
            entries: Vec::new(),
            unreachable: false,
            next_wake: None,
        };
        Walk {
            ctx,
            out,
            also_page: Vec::new(),
            hurries: false,
        }
    }

    pub(super) fn steps(&self) -> &'d [Step] {
        self.ctx
            .policy
            .map_or(&[], |policy| policy.config.steps.as_slice())
    }

    /// The last cycle of steps; −1 without a policy, so that every cycle is the last resort's.
    pub(super) fn last_cycle(&self) -> i64 {
        match self.ctx.policy {
            Some(policy) if !policy.config.steps.is_empty() => i64::from(policy.config.repeats),
            _ => -1,
        }
    }

    pub(super) fn skip_to_last_resort(&mut self) {
        let first = self.last_cycle().saturating_add(1);
        let run = &mut self.out.run;
        run.cycle = run.cycle.max(first);
        run.next_step = 0;
        run.state = RunState::LastResort;
    }

    /// Chooses what is executed next for "escalate now". A step that has been passed in this
    /// cycle is executed as part of a new one, so that no (cycle, step) is executed twice.
    pub(super) fn aim(&mut self, to_step: Option<i64>) {
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
            Some(_) => self.skip_to_last_resort(),
            // A run that was stopped at the last resort stands behind its last cycle.
            None if run.next_step == 0 && run.cycle > last_cycle => self.skip_to_last_resort(),
            None => run.state = RunState::Running,
        }
    }

    /// Moves behind a step; true when that was the last of its cycle.
    pub(super) fn pass(&mut self, index: i64) -> bool {
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

    /// Pages those who have come on call for a watched schedule since the last execution, once
    /// (PAGING.md §4.9). `by_time`: a shift ended, rather than somebody edited something.
    pub(super) fn recheck(&mut self, by_time: bool) {
        if self.paused().is_some() {
            // Whoever comes on call meanwhile is paged at the end, if it still fires.
            return;
        }
        let hours = self
            .out
            .run
            .last_step
            .and_then(|index| self.steps().get(usize::try_from(index).ok()?))
            .and_then(|step| step.hours.as_ref());
        let resolution = resolve_all(&self.out.run.watching, self.ctx.directory, self.ctx.now)
            .keep_in_hours(hours, self.ctx.directory, self.ctx.now);
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

    pub(super) fn page(
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
                    request: None,
                },
            });
            paged.push(*user);
        }
        paged
    }

    /// Each channel is told once of an execution.
    pub(super) fn tell(
        &mut self,
        channels: &[ChannelId],
        execution: i64,
        step: Option<i64>,
        cycle: i64,
        paged: &[UserId],
    ) {
        self.out.told.extend(channels.iter().map(|channel| Told {
            channel: *channel,
            execution,
            step: step.map(|index| index.saturating_add(1)),
            cycle,
            paged: paged.to_vec(),
        }));
    }

    pub(super) fn told_in_words(&self, channels: &[ChannelId]) -> String {
        let names: Vec<String> = channels
            .iter()
            .map(|id| format!("channel {}", self.ctx.directory.channel_name(*id)))
            .collect();
        list_of(&names)
    }

    pub(super) fn names(&self, users: &[UserId]) -> String {
        let names: Vec<String> = users
            .iter()
            .map(|user| self.ctx.directory.user_name(*user).to_owned())
            .collect();
        list_of(&names)
    }

    pub(super) fn entry(&mut self, kind: EntryKind, text: String, data: serde_json::Value) {
        self.out.entries.push(Entry { kind, text, data });
    }

    /// What suppresses all of the incident's alerts now.
    fn paused(&self) -> Option<&'c Pause> {
        let (ctx, now) = (self.ctx, self.ctx.now);
        ctx.facts.pause.as_ref().filter(|pause| now < pause.until)
    }

    /// Whether the step that is due waits for the end of what suppresses the incident's alerts
    /// (PAGING.md §3.3); then it is put off until then.
    pub(super) fn rests(&mut self) -> bool {
        let now = self.ctx.now;
        let pause = self.paused().cloned();
        let run = &mut self.out.run;
        let Some(pause) = pause else {
            // It goes on from here: later steps are as far apart as ever.
            if run.held_due.take().is_some() {
                run.due_at = Some(now);
            }
            return false;
        };
        let first = run.held_due.is_none();
        run.held_due = run.held_due.or(run.due_at);
        run.due_at = Some(pause.until);
        if first {
            let until = pause.until.to_seconds_string();
            self.entry(
                EntryKind::PagingPaused,
                format!("Paging rests until {until} because of {}.", pause.why),
                json!({ "until": pause.until }),
            );
        }
        true
    }

    pub(super) fn stop(&mut self) {
        let run = &mut self.out.run;
        run.held_due = None;
        run.state = RunState::Stopped;
        run.due_at = None;
        run.recheck_at = None;
        run.watching.clear();
        run.paged_now.clear();
    }

    pub(super) fn unchanged(mut self) -> Outcome {
        self.out.next_wake = self.out.run.next_wake();
        self.out
    }

    pub(super) fn finish(mut self) -> Outcome {
        let (directory, now) = (self.ctx.directory, self.ctx.now);
        let (run, pause) = (&self.out.run, self.paused());
        self.out.run.recheck_at = run.due_at.filter(|due| *due > now).and_then(|due| {
            let ends = pause.map(|pause| pause.until);
            run.watching
                .iter()
                .filter_map(|target| {
                    ends.or_else(|| next_change(*target, directory, now, due.since(now)))
                })
                .filter(|change| now < *change && *change < due)
                .min()
        });
        self.unchanged()
    }
}
