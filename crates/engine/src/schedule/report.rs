//! How duty was shared, or will be: for fairness, rest and pay (PAGING.md §5.6).

use std::collections::BTreeMap;
use std::sync::Arc;

use domain::coverage::length;
use domain::schedule::{PersonLoad, Schedule, Shift, load};
use domain::word::Urgency;
use domain::{HolidayCalendarId, ScheduleId, Span, TeamId, Timestamp, UserId};
use store::Store;

use crate::access::{self, Right};
use crate::{Error, OpContext};

/// Longest span of a report.
pub const REPORT_MAX: Span = Span::from_days(366);

/// What the report is about.
#[derive(Clone, Copy, Debug)]
pub struct ReportQuery {
    pub from: Timestamp,
    /// Exclusive.
    pub until: Timestamp,
    /// Only this schedule.
    pub schedule: Option<ScheduleId>,
    /// Only the schedules of this team.
    pub team: Option<TeamId>,
    /// Whose days are holidays; `None`: those of the calendars that the layers named at the time.
    pub holidays: Option<HolidayCalendarId>,
}

#[derive(Clone, Debug)]
pub struct Report {
    pub from: Timestamp,
    pub until: Timestamp,
    /// Most time first.
    pub people: Vec<PersonReport>,
    /// In the order of their ids.
    pub schedules: Vec<ScheduleReport>,
}

/// How well a schedule is covered, and by whom next.
#[derive(Clone, Debug)]
pub struct ScheduleReport {
    pub id: ScheduleId,
    /// When nobody is on call in the span, from the schedule's first version on.
    pub gaps: Vec<(Timestamp, Timestamp)>,
    /// Who is on call after those who are now, within 60 days.
    pub next: Option<Shift>,
}

impl ScheduleReport {
    /// All gaps together.
    pub fn uncovered(&self) -> Span {
        length(&self.gaps)
    }
}

#[derive(Clone, Debug)]
pub struct PersonReport {
    pub load: PersonLoad,
    /// Pages the person received in the span, whatever led to them.
    pub pages: i64,
    /// Those of high urgency.
    pub urgent_pages: i64,
}

/// # Errors
/// [`Error::Forbidden`], [`Error::NotFound`] for schedule, team or calendar, [`Error::Invalid`] for
/// the span, those of the store.
pub async fn on_call_report(
    store: &Store,
    ctx: &OpContext,
    query: ReportQuery,
) -> Result<Report, Error> {
    access::require(ctx, Right::Read)?;
    if query.until <= query.from {
        return Err(Error::invalid("to", "must be later than `from`"));
    }
    if query.until.since(query.from) > REPORT_MAX {
        return Err(Error::invalid("to", "at most 366 days after `from`"));
    }
    let directory = store.directory();
    if query
        .schedule
        .is_some_and(|id| directory.schedule(id).is_none())
    {
        return Err(Error::NotFound("schedule"));
    }
    if query.team.is_some_and(|id| directory.team(id).is_none()) {
        return Err(Error::NotFound("team"));
    }
    let calendar = match query.holidays {
        Some(id) => {
            let calendar = directory.calendars.get(&id).cloned();
            Some(calendar.ok_or(Error::NotFound("holiday calendar"))?)
        }
        None => None,
    };
    let pages = store
        .read(move |conn| store::schedule::load::pages(conn, query.from, query.until))
        .await?;
    let now = ctx.now;
    // Many schedules take their time, which must not hold up others.
    tokio::task::spawn_blocking(move || {
        let chosen: Vec<Arc<Schedule>> = directory
            .schedules
            .values()
            .filter(|one| query.schedule.is_none_or(|id| one.id == id))
            .filter(|one| query.team.is_none_or(|id| one.team_id == Some(id)))
            .cloned()
            .collect();
        let schedules: Vec<&Schedule> = chosen.iter().map(Arc::as_ref).collect();
        let zone_of = |user| {
            directory
                .user(user)
                .map_or("UTC", |user| user.zone.as_str())
        };
        let days = calendar.as_ref().map(|calendar| &calendar.days[..]);
        let loads = load(&schedules, zone_of, days, query.from, query.until);
        Report {
            from: query.from,
            until: query.until,
            people: with_pages(loads, &pages),
            schedules: schedules
                .iter()
                .map(|one| ScheduleReport {
                    id: one.id,
                    gaps: one.uncovered(query.from, query.until),
                    next: one.next_on_call(now),
                })
                .collect(),
        }
    })
    .await
    .map_err(|_| Error::Overloaded)
}

fn with_pages(loads: Vec<PersonLoad>, pages: &[(UserId, Urgency, i64)]) -> Vec<PersonReport> {
    let mut counts: BTreeMap<UserId, (i64, i64)> = BTreeMap::new();
    for &(user, urgency, count) in pages {
        let (all, urgent) = counts.entry(user).or_default();
        *all += count;
        if urgency == Urgency::High {
            *urgent += count;
        }
    }
    loads
        .into_iter()
        .map(|load| {
            let (pages, urgent_pages) = counts.get(&load.user).copied().unwrap_or_default();
            PersonReport {
                load,
                pages,
                urgent_pages,
            }
        })
        .collect()
}
