//! What happens when a rung is due.

use serde_json::json;

use super::reason::Via;
use super::resolve::{Reached, Resolution, closed, resolve_all, resolve_step, resolve_target};
use super::walk::Walk;
use super::{EXECUTIONS_MAX, Execution, LAST_RESORT_EVERY};
use crate::Timestamp;
use crate::policy::{Step, Target, WAIT_MIN};
use crate::word::{AlertSeverity, EntryKind, PageCause, RunState, Urgency};

impl Walk<'_, '_> {
    pub(super) fn execute_due(&mut self) {
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
                let why = self.why_no_wait(step, &resolution);
                (resolution, why)
            }
        };
        self.out.run.executions = number.saturating_add(1);
        if let Some(why) = skipped {
            let told = self.told_in_words(&resolution.channels);
            let text = if told.is_empty() {
                format!(
                    "Step {shown} of policy {} was skipped: {why}.",
                    self.ctx.policy_name
                )
            } else {
                format!(
                    "Step {shown} of policy {} told {told} and goes on at once: {why}.",
                    self.ctx.policy_name
                )
            };
            self.tell(&resolution.channels, number, Some(index), cycle, &[]);
            self.entry(
                EntryKind::StepSkipped,
                text,
                json!({
                    "execution": number, "cycle": cycle, "step": index, "why": why,
                    "told": resolution.channels,
                }),
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
                self.skip_to_last_resort();
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
        let told = self.told_in_words(&resolution.channels);
        let mut text = match (paged.is_empty(), told.is_empty()) {
            (false, true) => format!("paged {}{again}", self.names(&paged)),
            (false, false) => format!("paged {}{again} and told {told}", self.names(&paged)),
            (true, _) => format!("told {told}"),
        };
        text = format!("Step {shown} of policy {} {text}.", self.ctx.policy_name);
        push_unreached(&mut text, &resolution);
        self.tell(&resolution.channels, number, Some(index), cycle, &paged);
        self.entry(
            EntryKind::StepExecuted,
            text,
            json!({
                "execution": number, "cycle": cycle, "step": index, "paged": paged,
                "unreached": whys(&resolution), "told": resolution.channels,
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

    /// Why a step that applies takes no wait: its people cannot be reached (PAGING.md §4.5), or it
    /// tells channels only while nobody would be paged otherwise. A channel is no person, so that
    /// nothing waits for it in silence; its author's wait holds where others are paged.
    fn why_no_wait(&self, step: &Step, resolution: &Resolution) -> Option<String> {
        if !resolution.reached.is_empty() {
            None
        } else if !step.only_tells() || resolution.channels.is_empty() {
            Some(resolution.why_unreached())
        } else if self.hurries {
            Some("it pages nobody, and somebody is to be paged now".to_owned())
        } else if !self.any_step_reaches() {
            Some("no step reaches a person".to_owned())
        } else {
            None
        }
    }

    fn does_not_apply(&self, step: &Step) -> Option<String> {
        does_not_apply(step, self.ctx.facts.urgency, self.ctx.facts.severity)
            .or_else(|| closed(step, self.ctx.now))
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
            let all: Vec<Target> = self.steps().iter().flat_map(Step::people).collect();
            let mut policy = resolve_all(&all, directory, now);
            policy.schedules.extend(own.schedules);
            policy.channels.extend(own.channels);
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
        let told = self.told_in_words(&resolution.channels);
        let text = match told.is_empty() {
            true => text,
            false => format!("{text} Told: {told}."),
        };
        self.tell(&resolution.channels, number, None, cycle, &paged);
        self.entry(
            EntryKind::LastResort,
            text,
            json!({
                "execution": number, "cycle": cycle, "paged": paged,
                "unreached": whys(&resolution), "in_place": in_place,
                "told": resolution.channels,
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
}

/// Why a step is not for this incident, whatever the hour (PAGING.md §4.1: conditions).
pub(crate) fn does_not_apply(
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
