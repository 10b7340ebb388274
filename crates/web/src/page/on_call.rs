//! Who is on call: for everything at any time, and one's own shifts.

use actix_web::{HttpRequest, HttpResponse, web};
use domain::directory::Directory;
use domain::schedule::{self, Schedule};
use domain::{Span, Timestamp, UserId};

use super::schedule::{calendar, row};
use super::{choice, query};
use crate::error::WebError;
use crate::frame::{frame, render};
use crate::picture::{Bar, Calendar, Row, RowKind};
use crate::session::SignedIn;
use crate::state::State;
use crate::view::on_call::{MyShift, MyShiftsPage, OnCallPage};
use crate::view::schedule::OnCallRow;
use crate::view::time::read_time;
use crate::view::{Choice, Frame, Nav};

/// How many days one's own shifts are shown for.
const WEEKS: u16 = 28;

pub fn configure(cfg: &mut web::ServiceConfig) {
    cfg.service(web::resource("/on-call").route(web::get().to(list)))
        .service(web::resource("/on-call/mine").route(web::get().to(mine)));
}

/// `GET /on-call?q=&team=&at=`.
async fn list(state: State, me: SignedIn, req: HttpRequest) -> Result<HttpResponse, WebError> {
    let directory = state.directory();
    let frame = frame(&state, &me, "On-call", Nav::OnCall).await;
    let q = query::value(&req, "q").unwrap_or_default();
    let team = query::value(&req, "team").unwrap_or_default();
    let typed = query::value(&req, "at").unwrap_or_default();
    let read = read_time(&typed, &frame.zone);
    let moment = read.as_ref().map_or(frame.now, |read| read.at);
    let (words, wanted, viewer) = (q.to_lowercase(), team.clone(), me.id());
    let known = directory.clone();
    // Looking for the next hand-off and gap of many schedules takes a moment.
    let rows = web::block(move || rows(&known, &words, &wanted, viewer, moment))
        .await
        .map_err(|error| WebError::Internal(error.to_string()))?;
    render(&OnCallPage {
        gaps: rows.iter().filter(|row| row.now.is_empty()).count(),
        total: directory.schedules.len(),
        teams: teams(&directory),
        misread: !typed.is_empty() && read.is_none(),
        at: match &read {
            Some(read) => frame.local_input(&read.at),
            None => typed,
        },
        moved: read.and_then(|read| read.moved),
        rows,
        q,
        team,
        moment,
        frame,
    })
}

/// Gaps first, since somebody must act; then by name.
fn rows(
    directory: &Directory,
    words: &str,
    team: &str,
    viewer: UserId,
    at: Timestamp,
) -> Vec<OnCallRow> {
    let in_team = |schedule: &Schedule| {
        team.is_empty()
            || directory
                .team_by_slug(team)
                .is_some_and(|team| schedule.team_id == Some(team.id))
    };
    let mut rows: Vec<OnCallRow> = directory
        .schedules
        .values()
        .filter(|schedule| in_team(schedule))
        .map(|schedule| row::on_call(directory, schedule, Some(viewer), at))
        .filter(|row| words.split_whitespace().all(|word| names(row, word)))
        .collect();
    rows.sort_by_cached_key(|row| (!row.now.is_empty(), row.name.to_lowercase()));
    rows
}

/// Whether a word stands in the schedule's name, its team's, or that of a person on call or next.
fn names(row: &OnCallRow, word: &str) -> bool {
    let next = row.next.iter().flat_map(|(people, _)| people);
    let people = row.now.iter().chain(next).map(|person| &person.name);
    let team = row.team.iter().map(|team| &team.label);
    std::iter::once(&row.name)
        .chain(team)
        .chain(people)
        .any(|text| text.to_lowercase().contains(word))
}

/// Teams that have a schedule, by slug.
fn teams(directory: &Directory) -> Vec<Choice> {
    let owning = |id| {
        let mut schedules = directory.schedules.values();
        schedules.any(|schedule| schedule.team_id == Some(id))
    };
    let mut teams: Vec<Choice> = directory
        .teams
        .values()
        .filter(|team| owning(team.id))
        .map(|team| Choice::new(&team.slug, &team.name))
        .collect();
    teams.sort_by_cached_key(|choice| choice.label.to_lowercase());
    teams
}

/// `GET /on-call/mine`.
async fn mine(state: State, me: SignedIn) -> Result<HttpResponse, WebError> {
    let directory = state.directory();
    let frame = frame(&state, &me, "My shifts", Nav::OnCall).await;
    let viewer = me.id();
    let page = web::block(move || my_shifts(&directory, viewer, frame))
        .await
        .map_err(|error| WebError::Internal(error.to_string()))?;
    render(&page)
}

fn my_shifts(directory: &Directory, viewer: UserId, frame: Frame) -> MyShiftsPage {
    let now = frame.now;
    let today = now.in_zone(&frame.zone).date();
    let mut picture = Calendar {
        title: "My shifts".to_owned(),
        zone: frame.zone.clone(),
        from: calendar::monday(today),
        days: WEEKS,
        people: Vec::new(),
        holidays: Vec::new(),
        href: None,
        now,
        since: None,
        rows: Vec::new(),
    };
    let midnights = picture.midnights();
    let (from, until) = match (midnights.first(), midnights.last()) {
        (Some(first), Some(last)) => (*first, *last),
        _ => (now, now + Span::from_days(WEEKS.into())),
    };
    let mut mine: Vec<MyShift> = Vec::new();
    let mut schedules: Vec<&Schedule> = Vec::new();
    for schedule in directory.schedules.values() {
        let shifts: Vec<schedule::Shift> = schedule
            .final_shifts(from, until)
            .into_iter()
            .filter(|shift| shift.users.contains(&viewer))
            .collect();
        if shifts.is_empty() {
            continue;
        }
        schedules.push(schedule);
        picture.rows.push(Row {
            name: schedule.name.clone(),
            kind: RowKind::Layer,
            bars: shifts
                .iter()
                .map(|one| bar(directory, schedule, one))
                .collect(),
        });
        let coming = shifts.iter().filter(|shift| shift.end > now);
        mine.extend(coming.map(|shift| my_shift(directory, schedule, shift, viewer, now, until)));
    }
    mine.sort_by_key(|shift| (shift.start, shift.end));
    let duty = schedule::load(
        &schedules,
        |user| {
            directory
                .user(user)
                .map_or("UTC", |user| user.zone.as_str())
        },
        None,
        now,
        until,
    );
    let own = duty.iter().find(|one| one.user == viewer);
    for rest in own.iter().flat_map(|one| &one.short_rests) {
        if let Some(after) = mine.iter_mut().find(|shift| shift.start == rest.end) {
            after.short_rest = Some(rest.end.since(rest.start));
        }
    }
    MyShiftsPage {
        total: own.map_or(Span::ZERO, |one| one.time.total()),
        nights: own.map_or(Span::ZERO, |one| one.time.nights()),
        calendar: picture,
        shifts: mine,
        frame,
    }
}

fn bar(directory: &Directory, schedule: &Schedule, shift: &schedule::Shift) -> Bar {
    Bar {
        start: shift.start,
        end: shift.end,
        people: shift
            .users
            .iter()
            .map(|user| (*user, directory.user_name(*user).to_owned()))
            .collect(),
        shadows: shift
            .shadows
            .iter()
            .map(|user| directory.user_name(*user).to_owned())
            .collect(),
        source: row::source_words(directory, schedule, &shift.source),
    }
}

fn my_shift(
    directory: &Directory,
    schedule: &Schedule,
    shift: &schedule::Shift,
    viewer: UserId,
    now: Timestamp,
    until: Timestamp,
) -> MyShift {
    let others: Vec<UserId> = shift
        .users
        .iter()
        .copied()
        .filter(|user| *user != viewer)
        .collect();
    MyShift {
        schedule: schedule.name.clone(),
        slug: schedule.slug.clone(),
        start: shift.start,
        end: if shift.open_end { until } else { shift.end },
        now: shift.contains(now),
        with: choice::persons(directory, &others),
        short_rest: None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::page::sample::{NOW, directory};

    #[test]
    fn schedules_are_found_by_name_team_and_person() {
        let directory = directory();
        let count = |words: &str, team: &str| rows(&directory, words, team, UserId(1), NOW).len();
        assert_eq!(count("", ""), 1);
        assert_eq!(count("plat", ""), 1);
        assert_eq!(count("payments ana", "payments"), 1);
        assert_eq!(count("bo", ""), 1, "who is next counts");
        assert_eq!(count("cem", ""), 0);
        assert_eq!(count("", "no-such-team"), 0);
        assert_eq!(teams(&directory).len(), 1);
    }

    #[test]
    fn any_moment_can_be_asked_about() {
        let directory = directory();
        let now = rows(&directory, "", "", UserId(1), NOW);
        let later = rows(&directory, "", "", UserId(1), NOW + Span::from_days(7));
        assert_eq!(now[0].names(), "Ana");
        assert_eq!(later[0].names(), "Bo");
        let before = rows(&directory, "", "", UserId(1), NOW - Span::from_days(90));
        assert!(before[0].now.is_empty(), "there was no schedule yet");
    }

    #[test]
    fn ones_own_shifts_are_told_with_their_hours() {
        let directory = directory();
        let mut frame = Frame::signed_out("x", "c", NOW);
        frame.zone = jiff::tz::TimeZone::get("Europe/Berlin").unwrap();
        let page = my_shifts(&directory, UserId(2), frame.clone());
        assert_eq!(page.calendar.rows.len(), 1);
        assert!(!page.shifts.is_empty() && page.shifts.iter().all(|one| !one.now));
        assert!(page.total > page.nights && page.nights > Span::ZERO);
        let none = my_shifts(&directory, UserId(3), frame);
        assert!(none.shifts.is_empty() && none.total == Span::ZERO);
    }
}
