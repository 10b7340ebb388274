//! Holiday calendars. Layers of schedules name them; a version of a schedule holds a copy of their
//! days, so that an edited calendar makes new versions of the schedules that use it.

use std::collections::BTreeMap;

use domain::directory::Directory;
use domain::schedule::{
    HOLIDAY_NAME_MAX, HOLIDAYS_MAX, Holiday, HolidayCalendar, ScheduleVersion, check_days,
};
use domain::{HolidayCalendarId, ScheduleId, Span, Timestamp};
use formats::icalendar::{self, Occurrence, Window};
use jiff::civil::Date;
use jiff::tz::TimeZone;
use serde_json::json;
use store::{Store, holiday, schedule};

use super::check::Checks;
use super::{begin, change, record, slug};
use crate::access::Right;
use crate::{Error, OpContext, Problem};

/// A calendar as a form or the API sends it.
#[derive(Clone, Debug, Default)]
pub struct CalendarInput {
    pub name: String,
    /// `None`: made from the name. It names the calendar in layers, and never changes.
    pub slug: Option<String>,
    pub description: String,
    /// In any order.
    pub days: Vec<Holiday>,
    /// Text of an iCalendar file whose whole days are added: those from today on, five years ahead.
    pub file: Option<String>,
}

/// How far ahead the days of a file are taken: rules may go on for ever.
const FILE_YEARS: i16 = 5;

/// Adds the whole days of an iCalendar file to those that are listed; a listed day keeps its name.
///
/// # Errors
/// Why nothing of it can be used.
fn add_file(days: &mut Vec<Holiday>, file: &str, now: Timestamp) -> Result<(), Problem> {
    let refused = |why: String| Problem::new("file", why);
    let today = now.in_zone(&TimeZone::UTC).date();
    let until = today
        .checked_add(jiff::Span::new().years(FILE_YEARS))
        .map_err(|_| refused("the calendar ends here".to_owned()))?;
    let begin_of = |date: Date| {
        let begin = date.to_zoned(TimeZone::UTC).map(|at| at.timestamp());
        begin.map_or(Timestamp::MAX, Timestamp::from_jiff)
    };
    let window = Window {
        from: begin_of(today),
        until: begin_of(until),
        zone: TimeZone::UTC,
    };
    let reading =
        icalendar::read(file.as_bytes(), &window).map_err(|why| refused(why.to_string()))?;
    let midnight = |at: Timestamp| begin_of(at.in_zone(&TimeZone::UTC).date()) == at;
    let whole = |one: &&Occurrence| midnight(one.start) && midnight(one.end);
    let mut found = false;
    for one in reading.occurrences.iter().filter(whole) {
        let name = one.whom.summary.chars().filter(|c| !c.is_control());
        let name: String = name.take(HOLIDAY_NAME_MAX).collect();
        let mut at = one.start.max(window.from);
        while at < one.end.min(window.until) {
            let date = at.in_zone(&TimeZone::UTC).date();
            if !days.iter().any(|day| day.date == date) {
                let name = name.trim().to_owned();
                days.push(Holiday { date, name });
            }
            found = true;
            if days.len() > HOLIDAYS_MAX {
                let message =
                    format!("it holds too many: at most {HOLIDAYS_MAX} days are possible");
                return Err(refused(message));
            }
            at = at + Span::from_days(1);
        }
    }
    match (found, reading.warnings.first()) {
        (true, _) => Ok(()),
        (false, Some(warning)) => Err(refused(format!("nothing of it can be used. {warning}"))),
        (false, None) => Err(refused(format!(
            "it has no whole days from {today} to {until}: days off are all-day events"
        ))),
    }
}

/// The calendar with the days that are wanted from `now` on.
///
/// # Errors
/// What is wrong with the days.
pub(crate) fn with_days(
    calendar: &mut HolidayCalendar,
    mut days: Vec<Holiday>,
    is_new: bool,
    now: Timestamp,
) -> Result<(), Vec<Problem>> {
    let problems = check_days(&days);
    if !problems.is_empty() {
        let problem = |one: domain::schedule::ConfigProblem| Problem::new(one.path, one.message);
        return Err(problems.into_iter().map(problem).collect());
    }
    for day in &mut days {
        day.name = day.name.trim().to_owned();
    }
    if is_new {
        days.sort();
        calendar.days = days;
        return Ok(());
    }
    let today = now.in_zone(&TimeZone::UTC).date();
    calendar.days = calendar.edited(days, today).map_err(|date| {
        let message = format!(
            "{date} has passed: turns are counted over it, so that a holiday added there would \
             move everybody's next turn"
        );
        vec![Problem::new("days", message)]
    })?;
    Ok(())
}

/// The new versions of the schedules that use a calendar, with its days as they are from `now` on.
pub(crate) fn new_versions(
    directory: &Directory,
    calendar: &HolidayCalendar,
    now: Timestamp,
) -> BTreeMap<ScheduleId, Vec<ScheduleVersion>> {
    let schedules = directory.schedules.values();
    schedules
        .map(|one| {
            (
                one.id,
                one.with_calendar(&calendar.slug, &calendar.days, now),
            )
        })
        .filter(|(_, versions)| !versions.is_empty())
        .collect()
}

/// # Errors
/// [`Error::Forbidden`], [`Error::Invalid`], those of the store.
pub async fn create_calendar(
    store: &Store,
    ctx: &OpContext,
    input: CalendarInput,
) -> Result<HolidayCalendarId, Error> {
    change(store, ctx, Right::Configure, move |tx, ctx| {
        let directory = begin(tx)?;
        let mut checks = Checks::default();
        let name = checks.name("name", &input.name);
        let description = checks.description("description", &input.description);
        let taken = |slug: &str| directory.calendar_by_slug(slug).is_some();
        let given = input.slug.as_deref();
        let slug = checks.take(slug::choose(given, &name, "holidays", taken));
        let mut new = HolidayCalendar {
            id: tx.id(HolidayCalendarId)?,
            slug: slug.unwrap_or_default(),
            name,
            description,
            days: vec![],
        };
        let mut days = input.days.clone();
        if let Some(file) = &input.file {
            checks.extend(add_file(&mut days, file, ctx.now).err());
        }
        checks.extend(
            with_days(&mut new, days, true, ctx.now)
                .err()
                .unwrap_or_default(),
        );
        checks.finish()?;
        holiday::insert(tx, &new, ctx.now)?;
        let details = json!({"slug": new.slug, "name": new.name, "days": new.days});
        let subject = format!("holiday_calendar:{}", new.id);
        record(tx, ctx, "holiday_calendar.create", subject, details)?;
        Ok(new.id)
    })
    .await
}

/// Edits a calendar. Days before today stay as they are; schedules that use the calendar follow
/// from now on, as new versions.
///
/// # Errors
/// [`Error::Forbidden`], [`Error::NotFound`], [`Error::Invalid`], those of the store.
pub async fn edit_calendar(
    store: &Store,
    ctx: &OpContext,
    id: HolidayCalendarId,
    input: CalendarInput,
) -> Result<(), Error> {
    change(store, ctx, Right::Configure, move |tx, ctx| {
        let directory = begin(tx)?;
        let existing = directory
            .calendars
            .get(&id)
            .ok_or(Error::NotFound("holiday calendar"))?;
        let mut edited = HolidayCalendar::clone(existing);
        let mut checks = Checks::default();
        edited.name = checks.name("name", &input.name);
        edited.description = checks.description("description", &input.description);
        if input.slug.as_ref().is_some_and(|slug| *slug != edited.slug) {
            checks.add("slug", "layers name the calendar by it, so that it stays");
        }
        let mut days = input.days.clone();
        if let Some(file) = &input.file {
            checks.extend(add_file(&mut days, file, ctx.now).err());
        }
        checks.extend(
            with_days(&mut edited, days, false, ctx.now)
                .err()
                .unwrap_or_default(),
        );
        checks.finish()?;
        holiday::update(tx, &edited)?;
        let mut changed = Vec::new();
        for (schedule_id, versions) in new_versions(&directory, &edited, ctx.now) {
            for version in versions {
                schedule::insert_version(tx, schedule_id, &version, ctx.actor.user, ctx.now)?;
                changed.push(json!({"schedule": schedule_id, "version": version.version}));
            }
        }
        let details = json!({"name": edited.name, "days": edited.days, "versions": changed});
        let subject = format!("holiday_calendar:{id}");
        record(tx, ctx, "holiday_calendar.edit", subject, details)
    })
    .await
}

/// Removes a calendar that no schedule uses now or will use. Versions of the past keep their copy.
///
/// # Errors
/// [`Error::Refused`] when one does, [`Error::Forbidden`], [`Error::NotFound`], those of the store.
pub async fn remove_calendar(
    store: &Store,
    ctx: &OpContext,
    id: HolidayCalendarId,
) -> Result<(), Error> {
    change(store, ctx, Right::Configure, move |tx, ctx| {
        let directory = begin(tx)?;
        let existing = directory
            .calendars
            .get(&id)
            .ok_or(Error::NotFound("holiday calendar"))?;
        let mut schedules = directory.schedules.values();
        if let Some(user) = schedules.find(|one| one.uses_calendar(&existing.slug, ctx.now)) {
            return Err(Error::Refused(format!(
                "the schedule {} uses this calendar: change its layers first",
                user.name
            )));
        }
        holiday::remove(tx, id)?;
        let details = json!({"slug": existing.slug});
        let subject = format!("holiday_calendar:{id}");
        record(tx, ctx, "holiday_calendar.remove", subject, details)
    })
    .await
}
