//! Reports on duty: for fairness, rest and pay.

use std::fmt::Write as _;

use actix_web::HttpResponse;
use actix_web::http::header;
use domain::Timestamp;
use domain::directory::Directory;
use domain::schedule::{DutyTime, Stretch as Row};
use engine::access::Right;
use engine::schedule::{ReportQuery, on_call_report};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::caller::Caller;
use super::holiday;
use super::input::Params;
use super::on_call::{Gap, Shift, shift};
use super::schedule::{SPAN_DEFAULT, named};
use super::types::{Person, Problem};
use crate::error::WebError;
use crate::state::State;

/// What about, and how.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct OnCallQuery {
    /// RFC 3339; 28 days before `to` when absent.
    #[param(value_type = Option<String>, format = DateTime)]
    from: Option<Timestamp>,
    /// RFC 3339, exclusive, also in the future; now when absent. At most 366 days after `from`.
    #[param(value_type = Option<String>, format = DateTime)]
    to: Option<Timestamp>,
    /// Slug of a schedule; all of them when absent.
    schedule: Option<String>,
    /// Slug of a team: only its schedules.
    team: Option<String>,
    /// Slug of the holiday calendar that counts; absent: those that the layers named at the time.
    holidays: Option<String>,
    /// `json` or `csv`; `json` when absent.
    format: Option<String>,
}

/// Duty in a span.
#[derive(Serialize, ToSchema)]
pub struct OnCallReport {
    #[schema(value_type = String, format = DateTime)]
    from: Timestamp,
    #[schema(value_type = String, format = DateTime)]
    to: Timestamp,
    /// Most time first.
    people: Vec<PersonDuty>,
    /// When nobody is on call in the span, schedule by schedule.
    gaps: Vec<Uncovered>,
    /// Who takes over next, schedule by schedule.
    next: Vec<NextShift>,
}

/// When nobody is on call for a schedule, from its first version on.
#[derive(Serialize, ToSchema)]
pub struct Uncovered {
    /// Slug.
    schedule: Option<String>,
    /// Seconds.
    total: i64,
    gaps: Vec<Gap>,
}

/// One person's duty. Times are in seconds, told apart on the clock of the person's own zone;
/// whoever is on call for two schedules at once is on call once.
#[derive(Serialize, ToSchema)]
pub struct PersonDuty {
    person: Person,
    /// IANA zone.
    zone: String,
    total: i64,
    /// Every instant is in exactly one of these six: a holiday is no weekend, a weekend is Saturday
    /// and Sunday, a night is from 22:00 until 08:00.
    weekday_day: i64,
    weekday_night: i64,
    weekend_day: i64,
    weekend_night: i64,
    holiday_day: i64,
    holiday_night: i64,
    /// All nights.
    nights: i64,
    weekends: i64,
    holidays: i64,
    /// Stretches of being on call for one schedule without a pause.
    shifts: usize,
    schedules: Vec<ScheduleDuty>,
    /// Pauses shorter than 11 hours.
    short_rests: Vec<Rest>,
    /// Pages received in the span, whatever led to them.
    pages: i64,
    /// Those of high urgency.
    urgent_pages: i64,
}

/// Time on call for one schedule.
#[derive(Serialize, ToSchema)]
pub struct ScheduleDuty {
    /// Slug.
    schedule: Option<String>,
    /// Seconds.
    total: i64,
}

/// A pause between two shifts.
#[derive(Serialize, ToSchema)]
pub struct Rest {
    #[schema(value_type = String, format = DateTime)]
    start: Timestamp,
    #[schema(value_type = String, format = DateTime)]
    end: Timestamp,
}

/// Who is next.
#[derive(Serialize, ToSchema)]
pub struct NextShift {
    /// Slug.
    schedule: Option<String>,
    /// `null` when nobody takes over within 60 days.
    shift: Option<Shift>,
}

/// Report on duty
///
/// Hours, nights, weekends and holidays of each person, short rests, pages received, when nobody is
/// on call, and who is next. As CSV: one line for each person, times in hours, for pay.
#[utoipa::path(get, path = "/api/v1/reports/on-call", operation_id = "report_on_call",
    tag = "on-call", params(OnCallQuery),
    responses(
        (status = 200, description = "The report", content(
            (OnCallReport = "application/json"),
            (String = "text/csv"),
        )),
        (status = 401, description = "No valid token", body = Problem),
        (status = 404, description = "There is no such schedule, team or calendar", body = Problem),
        (status = 422, description = "The times make no sense", body = Problem),
    ))]
pub async fn on_call(
    caller: Caller,
    query: Params<OnCallQuery>,
    state: State,
) -> Result<HttpResponse, WebError> {
    caller.require(Right::Read)?;
    let query = query.0;
    let as_csv = match query.format.as_deref() {
        None | Some("json") => false,
        Some("csv") => true,
        Some(_) => return Err(engine::Error::invalid("format", "choose json or csv").into()),
    };
    let directory = state.directory();
    let to = query.to.unwrap_or(caller.ctx.now);
    let about = ReportQuery {
        from: query.from.unwrap_or(to - SPAN_DEFAULT),
        until: to,
        schedule: match &query.schedule {
            Some(slug) => Some(named(&directory, slug)?.id),
            None => None,
        },
        team: match &query.team {
            Some(slug) => {
                let team = directory.team_by_slug(slug);
                Some(team.ok_or(engine::Error::NotFound("team"))?.id)
            }
            None => None,
        },
        holidays: match &query.holidays {
            Some(slug) => Some(holiday::named(&directory, slug)?.id),
            None => None,
        },
    };
    let report = on_call_report(state.store(), &caller.ctx, about).await?;
    let slug = |id| directory.schedule(id).map(|one| one.slug.clone());
    let people: Vec<PersonDuty> = report
        .people
        .into_iter()
        .map(|one| {
            let time: DutyTime = one.load.time;
            let load = one.load;
            PersonDuty {
                person: Person::of(load.user, &directory),
                zone: zone_of(load.user, &directory),
                total: time.total().as_seconds(),
                weekday_day: time.weekday_day.as_seconds(),
                weekday_night: time.weekday_night.as_seconds(),
                weekend_day: time.weekend_day.as_seconds(),
                weekend_night: time.weekend_night.as_seconds(),
                holiday_day: time.holiday_day.as_seconds(),
                holiday_night: time.holiday_night.as_seconds(),
                nights: time.nights().as_seconds(),
                weekends: time.weekends().as_seconds(),
                holidays: time.holidays().as_seconds(),
                shifts: load.shifts,
                schedules: load
                    .schedules
                    .iter()
                    .map(|(id, total)| ScheduleDuty {
                        schedule: slug(*id),
                        total: total.as_seconds(),
                    })
                    .collect(),
                short_rests: load.short_rests.into_iter().map(rest).collect(),
                pages: one.pages,
                urgent_pages: one.urgent_pages,
            }
        })
        .collect();
    if as_csv {
        let name = format!("attachment; filename=\"on-call-{}.csv\"", date_of(to));
        return Ok(HttpResponse::Ok()
            .content_type("text/csv; charset=utf-8")
            .insert_header((header::CONTENT_DISPOSITION, name))
            .body(csv(&people, report.from, report.until)));
    }
    Ok(HttpResponse::Ok().json(OnCallReport {
        from: report.from,
        to: report.until,
        people,
        gaps: report
            .schedules
            .iter()
            .map(|one| Uncovered {
                schedule: slug(one.id),
                total: one.uncovered().as_seconds(),
                gaps: Gap::all(&one.gaps),
            })
            .collect(),
        next: report
            .schedules
            .into_iter()
            .map(|one| NextShift {
                schedule: slug(one.id),
                shift: one.next.map(|row| shift(row, &directory)),
            })
            .collect(),
    }))
}

fn rest(row: Row) -> Rest {
    Rest {
        start: row.start,
        end: row.end,
    }
}

fn zone_of(user: domain::UserId, directory: &Directory) -> String {
    let user = directory.user(user);
    user.map_or_else(|| "UTC".to_owned(), |user| user.zone.clone())
}

fn date_of(at: Timestamp) -> String {
    at.in_zone(&jiff::tz::TimeZone::UTC).date().to_string()
}

/// One line for each person, after a line of names (RFC 4180).
fn csv(people: &[PersonDuty], from: Timestamp, to: Timestamp) -> String {
    let mut text = String::from(
        "name,email,zone,from,to,hours,weekday_day_hours,weekday_night_hours,weekend_day_hours,\
         weekend_night_hours,holiday_day_hours,holiday_night_hours,shifts,short_rests,pages,\
         urgent_pages\r\n",
    );
    for one in people {
        let hours = [
            one.total,
            one.weekday_day,
            one.weekday_night,
            one.weekend_day,
            one.weekend_night,
            one.holiday_day,
            one.holiday_night,
        ]
        .map(in_hours)
        .join(",");
        let _ = write!(
            text,
            "{},{},{},{from},{to},{hours},{},{},{},{}\r\n",
            field(&one.person.name),
            field(one.person.email.as_deref().unwrap_or_default()),
            field(&one.zone),
            one.shifts,
            one.short_rests.len(),
            one.pages,
            one.urgent_pages,
        );
    }
    text
}

/// Seconds as hours with two decimals, rounded half up.
fn in_hours(seconds: i64) -> String {
    let hundredths = (seconds * 100 + 1_800) / 3_600;
    format!("{}.{:02}", hundredths / 100, hundredths % 100)
}

/// A text in quotes where it needs them. A spreadsheet must not take it for a formula, hence the
/// apostrophe before what looks like one.
fn field(text: &str) -> String {
    let formula = text.starts_with(['=', '+', '-', '@', '\t', '\r']);
    let text = if formula {
        format!("'{text}")
    } else {
        text.to_owned()
    };
    if text.contains(['"', ',', '\n', '\r']) {
        format!("\"{}\"", text.replace('"', "\"\""))
    } else {
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_are_quoted_and_never_formulas() {
        for (text, written) in [
            ("Ana", "Ana"),
            ("O'Neil, \"Bo\"", "\"O'Neil, \"\"Bo\"\"\""),
            ("=1+1", "'=1+1"),
            ("@x,y", "\"'@x,y\""),
        ] {
            assert_eq!(field(text), written);
        }
    }

    #[test]
    fn hours_are_rounded_half_up() {
        for (seconds, hours) in [
            (0, "0.00"),
            (3_600, "1.00"),
            (5_400, "1.50"),
            (18, "0.01"),
            (17, "0.00"),
        ] {
            assert_eq!(in_hours(seconds), hours);
        }
    }
}
