//! Trying rules on what came in lately, before they are saved (PAGING.md §2.1): the kept requests of
//! an integration are read again, and decided about under the rules as they are and as they would
//! be. Nothing is taken in.

use std::collections::BTreeMap;
use std::sync::Arc;

use domain::directory::Directory;
use domain::routing::{CATCH_ALL, Difference, Routing, decide, differences};
use domain::service::Integration;
use domain::word::Action;
use domain::{RequestId, RoutingRuleId, Timestamp};
use formats::settings::Settings;
use store::request::Filter;

use super::replay;
use crate::error::WebError;
use crate::state::AppState;

/// Signals that are tried: the newest.
pub(crate) const SIGNALS: usize = 1_000;
/// Requests that are read at once, and in all.
const AT_ONCE: i64 = 100;
const REQUESTS: usize = 1_000;
/// Bytes of bodies that are read in all.
const BYTES: usize = 16 * 1024 * 1024;
/// Signals that are shown; all are counted.
const SHOWN: usize = 100;

/// What would be different.
#[derive(Clone, Debug, Default)]
pub(crate) struct Rehearsal {
    /// Triggers that were tried. What acknowledges and resolves reaches its alert under any rules.
    pub signals: usize,
    pub requests: usize,
    /// Requests that cannot be read again.
    pub unread: usize,
    pub changed: usize,
    /// How many signals each rule would match, the catch-all among them.
    pub matches: BTreeMap<RoutingRuleId, usize>,
    /// What rules could not make sense of, once each.
    pub warnings: Vec<String>,
    /// The newest of the changed.
    pub shown: Vec<Changed>,
}

/// A signal that would be treated differently.
#[derive(Clone, Debug)]
pub(crate) struct Changed {
    pub request: RequestId,
    pub at: Timestamp,
    pub summary: String,
    pub dedup_key: String,
    pub differences: Vec<Difference>,
    /// The rules that would match.
    pub rules: Vec<String>,
}

/// Tries rules on the last signals of an integration.
///
/// # Errors
/// Those of the reads.
pub(crate) async fn rehearse(
    state: &AppState,
    integration: &Integration,
    after: Routing,
) -> Result<Rehearsal, WebError> {
    let mut settings = Settings::of(&integration.settings)
        .map_err(|error| WebError::Internal(error.to_string()))?
        .clone();
    settings.secret = None;
    let (directory, now) = (state.directory(), state.now());
    let door = integration.clone();
    let done: Result<Rehearsal, store::Error> = state
        .store()
        .read(move |conn| {
            let mut trial = Trial {
                rules: Rules {
                    directory,
                    door,
                    after,
                },
                rehearsal: Rehearsal::default(),
            };
            let mut filter = Filter {
                integrations: Some(vec![trial.rules.door.id]),
                ..Filter::default()
            };
            let mut bytes = 0;
            loop {
                let kept = store::request::list(conn, &filter, AT_ONCE)?;
                let Some(last) = kept.last() else {
                    return Ok(trial.rehearsal);
                };
                filter.before = Some((last.received_at, last.id));
                for one in &kept {
                    bytes += one.body.len();
                    let over = trial.rehearsal.requests >= REQUESTS
                        || trial.rehearsal.signals >= SIGNALS
                        || bytes > BYTES;
                    if over {
                        return Ok(trial.rehearsal);
                    }
                    trial.request(one, &settings, now);
                }
            }
        })
        .await;
    Ok(done?)
}

struct Rules {
    directory: Arc<Directory>,
    door: Integration,
    after: Routing,
}

struct Trial {
    rules: Rules,
    rehearsal: Rehearsal,
}

impl Trial {
    fn request(&mut self, kept: &store::request::Request, settings: &Settings, now: Timestamp) {
        let done = &mut self.rehearsal;
        done.requests += 1;
        if replay::obstacle(kept).is_some() {
            done.unread += 1;
            return;
        }
        let Ok(parsed) = replay::read(kept, settings, now) else {
            done.unread += 1;
            return;
        };
        let Rules {
            directory,
            door,
            after,
        } = &self.rules;
        let nothing = Routing::default();
        let judge = |routing: &Routing, signal| {
            let routing = if routing.on { routing } else { &nothing };
            decide(routing, door.service_id, directory, signal)
        };
        let triggers = parsed
            .signals
            .iter()
            .filter(|signal| signal.action == Action::Trigger);
        for signal in triggers.take(SIGNALS.saturating_sub(done.signals)) {
            done.signals += 1;
            let (before, after) = (judge(&door.routing, signal), judge(after, signal));
            let rules = after.matched.iter().map(|rule| rule.id);
            for rule in rules.chain(after.fell_through.then_some(CATCH_ALL)) {
                *done.matches.entry(rule).or_default() += 1;
            }
            for warning in &after.warnings {
                if done.warnings.len() < 20 && !done.warnings.contains(warning) {
                    done.warnings.push(warning.clone());
                }
            }
            let differences = differences(signal, &before, &after, directory);
            if differences.is_empty() {
                continue;
            }
            done.changed += 1;
            if done.shown.len() < SHOWN {
                done.shown.push(Changed {
                    request: kept.id,
                    at: kept.received_at,
                    summary: signal.summary.clone(),
                    dedup_key: signal.dedup_key.clone(),
                    differences,
                    rules: after.matched.into_iter().map(|rule| rule.name).collect(),
                });
            }
        }
    }
}
