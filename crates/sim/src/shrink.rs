//! Makes a story that fails as short as it can be and still fails in the same way.

use crate::invariant::Invariant;
use crate::story::{Action, Story};
use crate::world::Telling;
use crate::{check, tell};

/// Stories told at most while looking for a shorter one.
const TELLINGS: usize = 400;

/// A shorter story that breaks the same invariant; events are dropped in halves, quarters, and at
/// last one by one.
///
/// # Errors
/// When no world can be made.
pub fn shrink(story: &Story, telling: Telling, broken: Invariant) -> std::io::Result<Story> {
    let mut best = story.clone();
    let mut left = TELLINGS;
    let mut size = best.events.len().div_ceil(2).max(1);
    while left > 0 {
        let mut dropped = false;
        let mut begin = 0;
        while begin < best.events.len() && left > 0 {
            left -= 1;
            let end = (begin + size).min(best.events.len());
            let mut shorter = best.clone();
            shorter.events.drain(begin..end);
            // It need not last longer than what happens in it, and what comes of that.
            if fails(&shorter, telling, broken)? {
                best = shorter;
                dropped = true;
            } else {
                begin = end;
            }
        }
        if size == 1 && !dropped {
            break;
        }
        size = (size / 2).max(1);
    }
    Ok(best)
}

fn fails(story: &Story, telling: Telling, broken: Invariant) -> std::io::Result<bool> {
    let told = if broken == Invariant::EndsAsUndisturbed {
        check(story, telling)?
    } else {
        tell(story, telling)?
    };
    Ok(told
        .violation
        .is_some_and(|found| found.invariant == broken))
}

/// The story as people read it: its events in order.
pub fn written(story: &Story) -> Vec<String> {
    story
        .events
        .iter()
        .map(|event| {
            format!(
                "#{} after {}: {}",
                event.id,
                event.at,
                sentence(&event.action)
            )
        })
        .collect()
}

fn sentence(action: &Action) -> String {
    match action {
        Action::Trigger {
            condition,
            severity,
        } => format!(
            "condition {} of service {} breaks ({severity:?}, group {:?})",
            condition.number, condition.service, condition.group
        ),
        Action::Resolve { condition } => format!("condition {} is well", condition.number),
        Action::Person {
            who,
            condition,
            verb,
        } => {
            format!(
                "person {who} answers condition {}: {verb:?}",
                condition.number
            )
        }
        Action::Edit(edit) => format!("somebody edits: {edit:?}"),
        Action::Crash {
            node,
            nth,
            after,
            downtime,
        } => format!(
            "node {node} dies {} commit {nth} from here, and is down for {downtime}",
            if *after { "after" } else { "before" }
        ),
        Action::Jump { by } => format!("the clock jumps by {by}"),
        Action::DiskFull { commits } => format!("the disk is full for {commits} commits"),
        Action::Outage { phones, lasts } => format!(
            "the {} provider is gone for {lasts}",
            if *phones { "SMS" } else { "mail" }
        ),
    }
}
