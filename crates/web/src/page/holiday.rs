//! Holiday calendars: their list, one with its days and the layers that use it, and its form.

use actix_web::http::StatusCode;
use actix_web::{HttpResponse, web};
use domain::Timestamp;
use domain::directory::Directory;
use domain::schedule::{Holiday, HolidayCalendar, HolidayRule};
use engine::Error;
use engine::access::Right;
use engine::configuration::holiday::{
    CalendarInput, create_calendar, edit_calendar, remove_calendar,
};
use jiff::civil::Date;
use jiff::tz::TimeZone;

use super::complaint;
use super::removal::{self, Outcome, Removal};
use crate::csrf::Checked;
use crate::error::WebError;
use crate::frame::{frame, redirect_with_flash, render, render_with};
use crate::session::SignedIn;
use crate::state::{AppState, State};
use crate::view::holiday::{
    DayShown, HolidayFormPage, HolidayListPage, HolidayPage, HolidayRow, Use,
};
use crate::view::{Form, Link, Nav};

const HERE: &str = "/holidays";

pub fn configure(cfg: &mut web::ServiceConfig) {
    cfg.service(
        web::resource(HERE)
            .route(web::get().to(list))
            .route(web::post().to(create)),
    )
    .service(web::resource("/holidays/new").route(web::get().to(new)))
    .service(
        web::resource("/holidays/{slug}")
            .route(web::get().to(show))
            .route(web::post().to(edit)),
    )
    .service(web::resource("/holidays/{slug}/edit").route(web::get().to(edit_page)))
    .service(web::resource("/holidays/{slug}/delete").route(web::post().to(delete)));
}

/// The day from which on an edit counts, as the engine sees it.
fn today(now: Timestamp) -> Date {
    now.in_zone(&TimeZone::UTC).date()
}

fn shown(day: &Holiday, today: Date) -> DayShown {
    let away = today.until(day.date).map_or(0, |span| span.get_days());
    DayShown {
        date: day.date,
        day: day.date.strftime("%a %-d %b %Y").to_string(),
        after: match away {
            0 => "today".to_owned(),
            1 => "tomorrow".to_owned(),
            n if n > 0 => format!("in {n} days"),
            _ => String::new(),
        },
        name: day.name.clone(),
    }
}

fn row(directory: &Directory, calendar: &HolidayCalendar, now: Timestamp) -> HolidayRow {
    let today = today(now);
    let ahead = || calendar.days.iter().filter(|day| day.date >= today);
    let mut schedules: Vec<Link> = directory
        .schedules
        .values()
        .filter(|one| one.uses_calendar(&calendar.slug, now))
        .map(|one| Link {
            label: one.name.clone(),
            href: format!("/schedules/{}", one.slug),
        })
        .collect();
    schedules.sort_by_cached_key(|link| link.label.to_lowercase());
    HolidayRow {
        name: calendar.name.clone(),
        slug: calendar.slug.clone(),
        next: ahead().next().map(|day| shown(day, today)),
        ahead: ahead().count(),
        schedules,
    }
}

fn uses(directory: &Directory, slug: &str, now: Timestamp) -> Vec<Use> {
    let mut uses: Vec<Use> = Vec::new();
    for schedule in directory.schedules.values() {
        for (layer, rule) in schedule.layers_using(slug, now) {
            uses.push(Use {
                schedule: Link {
                    label: schedule.name.clone(),
                    href: format!("/schedules/{}", schedule.slug),
                },
                layer: layer.to_owned(),
                meaning: match rule {
                    HolidayRule::Skip => "nobody on these days",
                    HolidayRule::Only => "somebody on these days only",
                },
            });
        }
    }
    uses.sort_by_cached_key(|one| one.schedule.label.to_lowercase());
    uses
}

fn find<'a>(directory: &'a Directory, slug: &str) -> Result<&'a HolidayCalendar, WebError> {
    directory
        .calendar_by_slug(slug)
        .ok_or_else(|| WebError::not_found("holiday calendar"))
}

async fn list(state: State, me: SignedIn) -> Result<HttpResponse, WebError> {
    let (directory, now) = (state.directory(), state.now());
    let calendars = directory.calendars.values();
    let mut rows: Vec<HolidayRow> = calendars.map(|one| row(&directory, one, now)).collect();
    rows.sort_by_cached_key(|row| row.name.to_lowercase());
    let frame = frame(&state, &me, "Holiday calendars", Nav::OnCall).await;
    render(&HolidayListPage { frame, rows })
}

async fn page(
    state: &AppState,
    me: &SignedIn,
    directory: &Directory,
    calendar: &HolidayCalendar,
    form: Form,
) -> HolidayPage {
    let now = state.now();
    let today = today(now);
    let split = calendar.days.partition_point(|day| day.date < today);
    let days =
        |days: &[Holiday]| -> Vec<DayShown> { days.iter().map(|day| shown(day, today)).collect() };
    let mut passed = days(&calendar.days[..split]);
    passed.reverse();
    HolidayPage {
        frame: frame(state, me, &calendar.name, Nav::OnCall).await,
        row: row(directory, calendar, now),
        description: calendar.description.clone(),
        coming: days(&calendar.days[split..]),
        passed,
        uses: uses(directory, &calendar.slug, now),
        form,
    }
}

async fn show(
    state: State,
    me: SignedIn,
    slug: web::Path<String>,
) -> Result<HttpResponse, WebError> {
    let directory = state.directory();
    let calendar = find(&directory, &slug)?;
    render(&page(&state, &me, &directory, calendar, Form::new()).await)
}

async fn form_page(
    state: &AppState,
    me: &SignedIn,
    calendar: Option<&HolidayCalendar>,
    form: Form,
    status: StatusCode,
) -> Result<HttpResponse, WebError> {
    let title = match calendar {
        Some(_) => "Edit the calendar",
        None => "New holiday calendar",
    };
    let today = today(state.now());
    let page = HolidayFormPage {
        frame: frame(state, me, title, Nav::OnCall).await,
        slug: calendar.map(|one| one.slug.clone()),
        passed: calendar.map_or(0, |one| {
            one.days.iter().filter(|day| day.date < today).count()
        }),
        form,
    };
    render_with(status, &page)
}

/// The days of a calendar from `today` on, as they are typed.
fn written(days: &[Holiday], today: Date) -> String {
    let mut text = String::new();
    for day in days.iter().filter(|day| day.date >= today) {
        text.push_str(format!("{} {}", day.date, day.name).trim_end());
        text.push('\n');
    }
    text
}

/// The days that lines stand for, and the number of the line of each.
///
/// # Errors
/// What is wrong with the first line that cannot be read.
fn read(text: &str) -> Result<Vec<(usize, Holiday)>, String> {
    let mut days = Vec::new();
    for (number, line) in (1..).zip(text.lines()) {
        let line = line.trim();
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        let end = line
            .find(|c: char| c.is_whitespace() || matches!(c, ',' | ';' | ':'))
            .unwrap_or(line.len());
        let (date, name) = line.split_at(end);
        let Ok(date) = date.parse() else {
            return Err(format!(
                "Line {number}: begin it with a date such as 2026-12-25."
            ));
        };
        let name = name.trim_start_matches([',', ';', ':']).trim().to_owned();
        days.push((number, Holiday { date, name }));
    }
    Ok(days)
}

/// What the form stands for; what cannot be read is noted in it.
fn input(form: &mut Form, is_new: bool) -> Option<(CalendarInput, Vec<usize>)> {
    let days = match read(form.get("days")) {
        Ok(days) => days,
        Err(why) => {
            form.reject("days", why);
            return None;
        }
    };
    let (lines, days) = days.into_iter().unzip();
    let input = CalendarInput {
        name: form.get("name").to_owned(),
        slug: form.text("slug").filter(|_| is_new).map(str::to_owned),
        description: form.get("description").to_owned(),
        days,
        file: form.text("file").map(str::to_owned),
    };
    Some((input, lines))
}

/// Shows what the engine refused. Days are known there by their place, here by their line.
fn refuse(form: &mut Form, error: Error, lines: &[usize]) -> Result<(), Error> {
    let Error::Invalid(problems) = error else {
        return complaint::show_plain(form, error);
    };
    for problem in problems {
        let message = complaint::sentence(&problem.message);
        let place = problem
            .field
            .strip_prefix("days[")
            .and_then(|rest| rest.split(']').next()?.parse::<usize>().ok());
        match place {
            Some(place) => {
                let line = lines.get(place);
                let text = line.map_or(message.clone(), |line| format!("Line {line}: {message}"));
                form.reject("days", text);
            }
            None => form.reject(&problem.field, message),
        }
    }
    Ok(())
}

async fn new(state: State, me: SignedIn) -> Result<HttpResponse, WebError> {
    me.require(Right::Configure)?;
    form_page(&state, &me, None, Form::new(), StatusCode::OK).await
}

async fn create(
    state: State,
    me: SignedIn,
    Checked(mut form): Checked,
) -> Result<HttpResponse, WebError> {
    me.require(Right::Configure)?;
    if let Some((input, lines)) = input(&mut form, true) {
        match create_calendar(state.store(), &me.ctx(state.now()), input).await {
            Ok(id) => {
                let directory = state.directory();
                let slug = directory.calendars.get(&id).map(|one| one.slug.clone());
                let path = format!("{HERE}/{}", slug.unwrap_or_default());
                let text = "The calendar is there. Choose it in layers of schedules.";
                return Ok(redirect_with_flash(&state, &path, text));
            }
            Err(error) => refuse(&mut form, error, &lines)?,
        }
    }
    let status = StatusCode::UNPROCESSABLE_ENTITY;
    form_page(&state, &me, None, form, status).await
}

async fn edit_page(
    state: State,
    me: SignedIn,
    slug: web::Path<String>,
) -> Result<HttpResponse, WebError> {
    me.require(Right::Configure)?;
    let directory = state.directory();
    let calendar = find(&directory, &slug)?;
    let form = Form::new()
        .with("name", &calendar.name)
        .with("description", &calendar.description)
        .with("days", written(&calendar.days, today(state.now())));
    form_page(&state, &me, Some(calendar), form, StatusCode::OK).await
}

async fn edit(
    state: State,
    me: SignedIn,
    slug: web::Path<String>,
    Checked(mut form): Checked,
) -> Result<HttpResponse, WebError> {
    me.require(Right::Configure)?;
    let directory = state.directory();
    let calendar = find(&directory, &slug)?;
    if let Some((input, lines)) = input(&mut form, false) {
        let ctx = me.ctx(state.now());
        match edit_calendar(state.store(), &ctx, calendar.id, input).await {
            Ok(()) => {
                let path = format!("{HERE}/{}", calendar.slug);
                let text = "Saved. Schedules that use it follow from now on.";
                return Ok(redirect_with_flash(&state, &path, text));
            }
            Err(error) => refuse(&mut form, error, &lines)?,
        }
    }
    let status = StatusCode::UNPROCESSABLE_ENTITY;
    form_page(&state, &me, Some(calendar), form, status).await
}

async fn delete(
    state: State,
    me: SignedIn,
    slug: web::Path<String>,
    Checked(typed): Checked,
) -> Result<HttpResponse, WebError> {
    me.require(Right::Configure)?;
    let directory = state.directory();
    let calendar = find(&directory, &slug)?;
    let what = Removal {
        confirm: &calendar.slug,
        told: format!("{} is deleted.", calendar.name),
        to: HERE,
    };
    let ctx = me.ctx(state.now());
    let remove = remove_calendar(state.store(), &ctx, calendar.id);
    match removal::confirmed(&state, &typed, what, remove).await {
        Outcome::Gone(response) => Ok(response),
        Outcome::Kept(why) => {
            let mut form = Form::new();
            complaint::show_plain(&mut form, why)?;
            let page = page(&state, &me, &directory, calendar, form).await;
            render_with(StatusCode::UNPROCESSABLE_ENTITY, &page)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_read_as_they_are_written() {
        let text = "# Berlin\n2026-12-25 Christmas Day\r\n\n 2026-12-26,Boxing Day\n2027-01-01\n";
        let days = read(text).unwrap();
        let lines: Vec<usize> = days.iter().map(|(line, _)| *line).collect();
        assert_eq!(lines, [2, 4, 5]);
        let days: Vec<Holiday> = days.into_iter().map(|(_, day)| day).collect();
        let all = written(&days, "2026-01-01".parse().unwrap());
        assert_eq!(
            all,
            "2026-12-25 Christmas Day\n2026-12-26 Boxing Day\n2027-01-01\n"
        );
        assert_eq!(
            written(&days, "2026-12-27".parse().unwrap()),
            "2027-01-01\n"
        );
        let wrong = read("2026-12-25 x\nChristmas").unwrap_err();
        assert_eq!(wrong, "Line 2: begin it with a date such as 2026-12-25.");
    }

    #[test]
    fn a_day_is_named_by_its_distance() {
        let today = "2026-11-21".parse().unwrap();
        let after = |date: &str| {
            let day = Holiday {
                date: date.parse().unwrap(),
                name: String::new(),
            };
            shown(&day, today).after
        };
        assert_eq!(after("2026-11-21"), "today");
        assert_eq!(after("2026-11-22"), "tomorrow");
        assert_eq!(after("2026-12-25"), "in 34 days");
        assert_eq!(after("2026-11-20"), "");
    }
}
