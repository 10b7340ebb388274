//! Who is on call, as rows: now, until when, who is next; shifts and overrides.

use domain::directory::{Directory, User};
use domain::schedule::{Override, Schedule, Shift, ShiftSource, Temporary};
use domain::{Span, Timestamp, UserId};

use crate::page::choice;
use crate::view::schedule::{OnCallRow, OverrideRow, ShiftRow, TemporaryRow};

/// How far ahead gaps are looked for.
const GAPS_WITHIN: Span = Span::from_days(30);
/// How far ahead the end of a stretch of the same people is looked for.
const END_WITHIN: Span = Span::from_days(366);
/// How far ahead shifts are listed.
pub const SHIFTS_WITHIN: Span = Span::from_days(60);
pub const SHIFTS_MAX: usize = 10;

/// One schedule as the list shows it.
pub fn on_call(
    directory: &Directory,
    schedule: &Schedule,
    viewer: Option<UserId>,
    now: Timestamp,
) -> OnCallRow {
    let users = schedule.users_at(now);
    let next = schedule
        .next_on_call(now)
        .map(|shift| (choice::persons(directory, &shift.users), shift.start));
    let until = match users.is_empty() {
        true => next.as_ref().map(|(_, at)| *at),
        false => schedule.next_change(now, END_WITHIN),
    };
    OnCallRow {
        name: schedule.name.clone(),
        slug: schedule.slug.clone(),
        team: choice::team_link(directory, schedule.team_id),
        zone: zone_name(schedule, now),
        now: choice::persons(directory, &users),
        until,
        next,
        // The gap of this moment is shown as such already.
        next_gap: schedule
            .gaps(now, now + GAPS_WITHIN)
            .into_iter()
            .find(|(start, _)| *start > now),
        mine: viewer.is_some_and(|me| users.contains(&me)),
    }
}

/// The zone of the version that speaks at `at`, or of the first one to come.
pub fn zone_name(schedule: &Schedule, at: Timestamp) -> String {
    schedule
        .version_at(at)
        .or(schedule.versions.first())
        .map_or_else(|| "UTC".to_owned(), |version| version.config.zone.clone())
}

/// Why somebody is on call: `Layer Weekdays`, `Override by Ana`.
pub fn source_words(directory: &Directory, schedule: &Schedule, source: &ShiftSource) -> String {
    match source {
        ShiftSource::Layer { name, .. } => format!("Layer {name}"),
        ShiftSource::Import { name, .. } => format!("Calendar {name}"),
        ShiftSource::Temporary { .. } => "Temporary schedule".to_owned(),
        ShiftSource::Swap { .. } => "Swap".to_owned(),
        ShiftSource::Override { id } => {
            let by = schedule
                .overrides
                .iter()
                .find(|one| one.id == *id)
                .and_then(|one| one.created_by);
            match by {
                Some(user) => format!("Override by {}", directory.user_name(user)),
                None => "Override".to_owned(),
            }
        }
    }
}

/// The running shift and those to come.
pub fn coming(
    directory: &Directory,
    schedule: &Schedule,
    viewer: Option<UserId>,
    now: Timestamp,
) -> Vec<ShiftRow> {
    let until = now + SHIFTS_WITHIN;
    let mut rows = within(directory, schedule, viewer, now, until);
    rows.truncate(SHIFTS_MAX);
    rows
}

/// The shifts of a span.
pub fn within(
    directory: &Directory,
    schedule: &Schedule,
    viewer: Option<UserId>,
    from: Timestamp,
    until: Timestamp,
) -> Vec<ShiftRow> {
    schedule
        .final_shifts(from, until)
        .iter()
        .map(|shift| ShiftRow {
            source: source_words(directory, schedule, &shift.source),
            ..shift_row(directory, shift, viewer, until)
        })
        .collect()
}

/// The first shifts of one person in all schedules within 30 days, soonest first; the source names
/// the schedule.
pub fn of_person(directory: &Directory, user: &User, now: Timestamp) -> Vec<ShiftRow> {
    let mut rows = all_of_person(directory, user, now, now + GAPS_WITHIN);
    rows.truncate(SHIFTS_MAX);
    rows
}

/// The shifts of one person in all schedules within a span, soonest first; the source names the
/// schedule.
pub fn all_of_person(
    directory: &Directory,
    user: &User,
    now: Timestamp,
    until: Timestamp,
) -> Vec<ShiftRow> {
    let mut rows: Vec<ShiftRow> = directory
        .schedules
        .values()
        .flat_map(|schedule| {
            schedule
                .final_shifts(now, until)
                .into_iter()
                .filter(|shift| shift.users.contains(&user.id))
                .map(|shift| ShiftRow {
                    source: schedule.name.clone(),
                    ..shift_row(directory, &shift, Some(user.id), until)
                })
                .collect::<Vec<_>>()
        })
        .collect();
    rows.sort_by_key(|row| (row.start, row.end));
    rows
}

fn shift_row(
    directory: &Directory,
    shift: &Shift,
    viewer: Option<UserId>,
    shown_until: Timestamp,
) -> ShiftRow {
    // A shift without an end is shown, and can be taken over, as far as the list reaches.
    let end = if shift.open_end {
        shown_until.min(shift.end)
    } else {
        shift.end
    };
    ShiftRow {
        people: choice::persons(directory, &shift.users),
        start: shift.start,
        end,
        source: String::new(),
        mine: viewer.is_some_and(|me| shift.users.contains(&me)),
        shadows: choice::persons(directory, &shift.shadows),
    }
}

/// Overrides that have not ended, soonest first.
pub fn overrides(directory: &Directory, schedule: &Schedule, now: Timestamp) -> Vec<OverrideRow> {
    let mut live: Vec<&Override> = schedule
        .overrides
        .iter()
        .filter(|one| one.end > now && one.effective_start() < one.end)
        .collect();
    live.sort_by_key(|one| (one.start, one.id));
    live.into_iter()
        .map(|one| OverrideRow {
            id: one.id,
            kind: one.kind,
            people: choice::persons(directory, &one.users),
            start: one.start,
            end: one.end,
            by: one
                .created_by
                .map(|user| directory.user_name(user).to_owned()),
        })
        .collect()
}

/// Spans filled by hand that have not ended, soonest first.
pub fn temporaries(
    directory: &Directory,
    schedule: &Schedule,
    now: Timestamp,
) -> Vec<TemporaryRow> {
    let mut live: Vec<&Temporary> = schedule
        .temporaries
        .iter()
        .filter(|one| one.end > now && one.effective_start() < one.end)
        .collect();
    live.sort_by_key(|one| (one.start, one.id));
    live.into_iter()
        .map(|one| {
            let mut people: Vec<UserId> = Vec::new();
            for user in one.shifts.iter().flat_map(|shift| &shift.users) {
                if !people.contains(user) {
                    people.push(*user);
                }
            }
            TemporaryRow {
                id: one.id,
                people: choice::persons(directory, &people),
                start: one.start,
                end: one.end,
                by: one
                    .created_by
                    .map(|user| directory.user_name(user).to_owned()),
            }
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::page::sample::{NOW, directory, platform};
    use domain::OverrideId;
    use domain::schedule::OverrideKind;

    #[test]
    fn a_row_says_now_until_and_next() {
        let directory = directory();
        let row = on_call(&directory, platform(&directory), Some(UserId(1)), NOW);
        assert_eq!(row.names(), "Ana");
        assert!(row.mine);
        assert_eq!(row.next_names(), "Bo");
        assert_eq!(row.until, row.next.as_ref().map(|(_, at)| *at));
        assert_eq!(row.next_gap, None);
        assert_eq!(row.zone, "Europe/Berlin");
    }

    #[test]
    fn a_gap_to_come_is_shown() {
        let directory = directory();
        let mut schedule = platform(&directory).clone();
        let start = NOW + Span::from_hours(2);
        schedule.overrides.push(Override {
            id: OverrideId(9),
            start,
            end: start + Span::from_hours(1),
            kind: OverrideKind::Replace,
            users: Vec::new(),
            created_by: Some(UserId(2)),
            created_at: NOW,
            swap: None,
        });
        let row = on_call(&directory, &schedule, None, NOW);
        assert_eq!(row.next_gap, Some((start, start + Span::from_hours(1))));
        assert_eq!(row.until, Some(start));
        let listed = overrides(&directory, &schedule, NOW);
        assert_eq!(listed.len(), 1);
        assert_eq!(listed[0].by.as_deref(), Some("Bo"));
        assert!(overrides(&directory, &schedule, start + Span::from_hours(1)).is_empty());
    }

    #[test]
    fn a_person_sees_their_own_shifts() {
        let directory = directory();
        let bo = directory.user(UserId(2)).unwrap();
        let rows = of_person(&directory, bo, NOW);
        assert!(!rows.is_empty() && rows.len() <= SHIFTS_MAX);
        assert!(rows.iter().all(|row| row.mine && row.source == "Platform"));
        assert!(rows.windows(2).all(|two| two[0].end <= two[1].start));
    }
}
