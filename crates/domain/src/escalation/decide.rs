//! How a run proceeds.

use serde_json::json;

use super::walk::Walk;
use super::{Context, Input, Outcome, Run};
use crate::word::{EntryKind, PagingState, RunState};
use crate::{PolicyId, RunId, UserId};

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
        held_due: None,
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
            walk.skip_to_last_resort();
            walk.out.unreachable = true;
        }
    }
    if !walk.rests() {
        walk.execute_due();
    }
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
                if !walk.rests() {
                    walk.execute_due();
                }
            } else if walk.out.run.recheck_at.is_some_and(|at| at <= ctx.now) {
                walk.recheck(true);
            } else {
                return walk.unchanged();
            }
        }
        // What holds paging back may have ended early, or later.
        Input::OnCallChanged if walk.out.run.held_due.is_some() => {
            walk.out.run.due_at = walk.out.run.due_at.map(|due| due.min(ctx.now));
            if !walk.rests() {
                walk.execute_due();
            }
        }
        Input::OnCallChanged => walk.recheck(false),
        Input::EscalateNow { .. } if ctx.facts.paging == PagingState::Resolved => {
            return walk.unchanged();
        }
        Input::EscalateNow { to_step } => {
            // A person who escalates wants somebody paged, whatever is silenced.
            walk.hurries = true;
            walk.aim(to_step);
            walk.out.run.held_due = None;
            walk.out.run.due_at = Some(ctx.now);
            walk.execute_due();
        }
    }
    walk.finish()
}
