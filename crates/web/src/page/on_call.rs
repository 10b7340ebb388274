//! Who is on call, one row a schedule.

use domain::directory::Directory;
use domain::schedule::{SEARCH_REACH, Schedule};
use domain::{Span, Timestamp, UserId};

use super::name;
use crate::view::schedule::OnCallRow;
use crate::view::{Link, Person};

/// How far ahead gaps are looked for.
const GAP_REACH: Span = Span::from_days(30);

/// One row for each schedule: those the viewer holds first, then by name.
pub fn rows(directory: &Directory, viewer: Option<UserId>, now: Timestamp) -> Vec<OnCallRow> {
    let mut rows: Vec<OnCallRow> = directory
        .schedules
        .values()
        .map(|schedule| row(schedule, directory, viewer, now))
        .collect();
    rows.sort_by_key(|row| (!row.mine, row.name.to_lowercase()));
    rows
}

/// Who holds the watch of a schedule: now, until when, next.
pub fn row(
    schedule: &Schedule,
    directory: &Directory,
    viewer: Option<UserId>,
    now: Timestamp,
) -> OnCallRow {
    let people = |users: &[UserId]| -> Vec<Person> {
        users.iter().map(|id| name::person(directory, *id)).collect()
    };
    let users = schedule.users_at(now);
    let next = schedule.next_on_call(now);
    let change = schedule.next_change(now, SEARCH_REACH);
    // A gap may come before whoever is next.
    let next = match (change, &next) {
        (Some(at), Some(shift)) if !users.is_empty() && at < shift.start => Some((Vec::new(), at)),
        (Some(at), None) if !users.is_empty() => Some((Vec::new(), at)),
        (_, Some(shift)) => Some((people(&shift.users), shift.start)),
        (_, None) => None,
    };
    let zone = schedule
        .version_at(now)
        .or_else(|| schedule.versions.last())
        .map_or_else(|| "UTC".to_owned(), |version| version.config.zone.clone());
    OnCallRow {
        name: schedule.name.clone(),
        slug: schedule.slug.clone(),
        team: schedule.team_id.and_then(|id| directory.team(id)).map(|team| Link {
            label: team.name.clone(),
            href: format!("/teams/{}", team.slug),
        }),
        zone,
        mine: viewer.is_some_and(|me| users.contains(&me)),
        now: people(&users),
        until: change.filter(|_| !users.is_empty()),
        next,
        next_gap: schedule.gaps(now, now + GAP_REACH).into_iter().next(),
    }
}
