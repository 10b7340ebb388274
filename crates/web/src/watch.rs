//! The watch bar: what is open, whether the viewer is on call, and who is next.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use domain::directory::Directory;
use domain::schedule::Schedule;
use domain::{Span, Timestamp, UserId};

use crate::state::AppState;
use crate::view::{NextWatch, Watch, WatchBar};

/// How far ahead the viewer's next shift is looked for.
const AHEAD: Span = Span::from_days(28);
/// A cached answer is looked at again after this time at the latest.
const KEEP: Span = Span::from_minutes(10);
/// People whose answers are kept.
const PEOPLE_MAX: usize = 1_000;

/// Who is on call changes rarely; every page asks.
#[derive(Default)]
pub(crate) struct WatchCache(Mutex<BTreeMap<UserId, Cached>>);

#[derive(Clone)]
struct Cached {
    generation: i64,
    from: Timestamp,
    until: Timestamp,
    bar: WatchBar,
}

/// The bar of a person; `None` while the database cannot say what is open.
pub async fn watch_bar(state: &AppState, user: UserId, now: Timestamp) -> Option<WatchBar> {
    let count = match state.store().read(store::incident::open_count).await {
        Ok(count) => count,
        Err(error) => {
            tracing::debug!(%error, "the open incidents could not be counted");
            return None;
        }
    };
    let mut bar = on_call_part(state, user, now).await;
    bar.open = u32::try_from(count.open).unwrap_or(u32::MAX);
    bar.unacknowledged = u32::try_from(count.unacknowledged).unwrap_or(u32::MAX);
    Some(bar)
}

async fn on_call_part(state: &AppState, user: UserId, now: Timestamp) -> WatchBar {
    let directory = state.directory();
    {
        let cache = state.watch.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(cached) = cache.get(&user)
            && cached.generation == directory.generation
            && (cached.from..cached.until).contains(&now)
        {
            return cached.bar.clone();
        }
    }
    let generation = directory.generation;
    let (bar, until) = tokio::task::spawn_blocking(move || compute(&directory, user, now))
        .await
        .unwrap_or_else(|_| (WatchBar::default(), now));
    let mut cache = state.watch.0.lock().unwrap_or_else(PoisonError::into_inner);
    if cache.len() >= PEOPLE_MAX {
        cache.clear();
    }
    cache.insert(
        user,
        Cached {
            generation,
            from: now,
            until,
            bar: bar.clone(),
        },
    );
    bar
}

/// Everything but the incidents, and until when it surely holds.
fn compute(directory: &Directory, user: UserId, now: Timestamp) -> (WatchBar, Timestamp) {
    let mut bar = WatchBar::default();
    let mut until = now + KEEP;
    let mine: Vec<&Arc<Schedule>> = directory
        .schedules
        .values()
        .filter(|schedule| schedule.may_name(user, now))
        .collect();
    let mut nearest: Option<(Timestamp, &Schedule)> = None;
    for schedule in mine {
        let watch = |from, until, open_end: bool| Watch {
            schedule: schedule.name.clone(),
            slug: schedule.slug.clone(),
            from,
            until: (!open_end).then_some(until),
        };
        match schedule.on_call(now) {
            Some(shift) if shift.users.contains(&user) => {
                // The end of a person's watch is where others take over, not where a layer's
                // turn changes to the same people.
                let end = schedule.next_change(now, AHEAD).filter(|_| !shift.open_end);
                bar.on_call
                    .push(watch(shift.start, end.unwrap_or(shift.end), shift.open_end));
            }
            _ => {
                let next = schedule
                    .final_shifts(now, now + AHEAD)
                    .into_iter()
                    .find(|shift| shift.users.contains(&user));
                if let Some(shift) = next
                    && bar
                        .next_shift
                        .as_ref()
                        .is_none_or(|have| shift.start < have.from)
                {
                    bar.next_shift = Some(watch(shift.start, shift.end, shift.open_end));
                }
            }
        }
        if let Some(change) = schedule.next_change(now, AHEAD) {
            until = until.min(change);
            if nearest.is_none_or(|(at, _)| change < at) {
                nearest = Some((change, schedule));
            }
        }
    }
    if !bar.on_call.is_empty() {
        bar.next_shift = None;
    }
    bar.next = nearest.and_then(|(at, schedule)| {
        let shift = schedule.next_on_call(now)?;
        let names: Vec<&str> = shift
            .users
            .iter()
            .map(|user| directory.user_name(*user))
            .collect();
        Some(NextWatch {
            names: names.join(", "),
            schedule: schedule.name.clone(),
            at: at.max(shift.start),
        })
    });
    (bar, until)
}
