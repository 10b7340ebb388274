//! How duty was shared, or will be: bars, a table and a file.

use std::cmp::Reverse;

use actix_web::http::header::{ContentDisposition, DispositionParam, DispositionType};
use actix_web::{HttpRequest, HttpResponse, web};
use domain::Timestamp;
use domain::directory::Directory;
use engine::schedule::{PersonReport, Report, ReportQuery, ScheduleReport, on_call_report};
use jiff::ToSpan as _;
use jiff::civil::{Date, Time};
use jiff::tz::TimeZone;

use super::{choice, complaint, query};
use crate::error::WebError;
use crate::frame::{frame, render, render_with};
use crate::picture::LoadChart;
use crate::session::SignedIn;
use crate::state::State;
use crate::view::report::{CoverRow, ReportPage, ReportRow};
use crate::view::{Choice, Form, Link, Nav};

/// Schedules whose gaps are listed; more are narrowed down by team.
const COVERS_SHOWN: usize = 100;

pub fn configure(cfg: &mut web::ServiceConfig) {
    cfg.service(web::resource("/on-call/report").route(web::get().to(page)))
        .service(web::resource("/on-call/report.csv").route(web::get().to(file)));
}

/// What is asked for, as typed and as read.
struct Asked {
    form: Form,
    from: Date,
    /// The last day, which belongs to the span.
    until: Date,
}

impl Asked {
    /// Without a span: the running quarter.
    fn read(req: &HttpRequest, today: Date) -> Asked {
        let (first, last) = quarter(today);
        let mut form = Form::new();
        let mut date = |name: &str, usual: Date| {
            let typed = query::value(req, name);
            let read = typed.as_deref().map(str::parse::<Date>);
            let date = match &read {
                Some(Ok(date)) if (1970..=2199).contains(&date.year()) => *date,
                _ => usual,
            };
            let shown = typed.unwrap_or_else(|| date.to_string());
            form = std::mem::take(&mut form).with(name, shown);
            if read.is_some_and(|read| read.is_err()) {
                form.reject(name, "Give a date.");
            }
            date
        };
        let (from, until) = (date("from", first), date("until", last));
        for name in ["schedule", "team"] {
            form = form.with(name, query::value(req, name).unwrap_or_default());
        }
        Asked { form, from, until }
    }

    /// The question to the engine; what is wrong with it stands in the form.
    fn query(&mut self, directory: &Directory, zone: &TimeZone) -> Option<ReportQuery> {
        let schedule = match self.form.text("schedule") {
            None => None,
            Some(slug) => match directory.schedule_by_slug(slug) {
                Some(schedule) => Some(schedule.id),
                None => {
                    self.form.reject("schedule", "There is no such schedule.");
                    return None;
                }
            },
        };
        let team = match self.form.text("team") {
            None => None,
            Some(slug) => match directory.team_by_slug(slug) {
                Some(team) => Some(team.id),
                None => {
                    self.form.reject("team", "There is no such team.");
                    return None;
                }
            },
        };
        let after = self.until.checked_add(1.days()).unwrap_or(self.until);
        Some(ReportQuery {
            from: midnight(self.from, zone),
            until: midnight(after, zone),
            schedule,
            team,
            holidays: None,
        })
    }

    /// The address of a report like this one over other days.
    fn href(&self, path: &str, from: Date, until: Date) -> String {
        let mut query = url::form_urlencoded::Serializer::new(String::new());
        query.append_pair("from", &from.to_string());
        query.append_pair("until", &until.to_string());
        for name in ["schedule", "team"] {
            if let Some(slug) = self.form.text(name) {
                query.append_pair(name, slug);
            }
        }
        format!("{path}?{}", query.finish())
    }

    /// The same number of days right before and right after; a quarter is followed by a quarter.
    fn neighbours(&self) -> [(Date, Date); 2] {
        let before = self.from.checked_sub(1.days()).unwrap_or(self.from);
        let after = self.until.checked_add(1.days()).unwrap_or(self.until);
        if quarter(self.from) == (self.from, self.until) {
            return [quarter(before), quarter(after)];
        }
        let days = self
            .until
            .since(self.from)
            .map_or(0, |span| span.get_days());
        let back = before.checked_sub(days.days()).unwrap_or(before);
        let on = after.checked_add(days.days()).unwrap_or(after);
        [(back, before), (after, on)]
    }
}

/// The first and the last day of a date's quarter.
fn quarter(date: Date) -> (Date, Date) {
    let month = (date.month() - 1) / 3 * 3 + 1;
    let first = Date::new(date.year(), month, 1).unwrap_or(date);
    let last = first
        .checked_add(2.months())
        .map_or(date, Date::last_of_month);
    (first, last)
}

fn midnight(date: Date, zone: &TimeZone) -> Timestamp {
    let zoned = zone.to_ambiguous_zoned(date.to_datetime(Time::midnight()));
    zoned.compatible().map_or(Timestamp::MIN, |zoned| {
        Timestamp::from_jiff(zoned.timestamp())
    })
}

/// `GET /on-call/report?schedule=&team=&from=&until=`; days are the viewer's.
async fn page(state: State, me: SignedIn, req: HttpRequest) -> Result<HttpResponse, WebError> {
    let directory = state.directory();
    let frame = frame(&state, &me, "Load and fairness", Nav::OnCall).await;
    let mut asked = Asked::read(&req, frame.now.in_zone(&frame.zone).date());
    let report = match asked.query(&directory, &frame.zone) {
        Some(query) => on_call_report(state.store(), &me.ctx(frame.now), query)
            .await
            .map(Some),
        None => Ok(None),
    };
    let report = report.or_else(|error| {
        let field = |name: &str| match name {
            "to" => "until".to_owned(),
            name => name.to_owned(),
        };
        complaint::show(&mut asked.form, error, field).map(|()| None)
    })?;
    let rows: Vec<ReportRow> = report
        .iter()
        .flat_map(|report| rows(report, &directory))
        .collect();
    let mut covers: Vec<CoverRow> = report
        .iter()
        .flat_map(|report| &report.schedules)
        .filter_map(|one| cover(one, &directory))
        .collect();
    // Gaps first, the longest on top; then by name.
    covers.sort_by_cached_key(|row| (Reverse(row.uncovered), row.schedule.label.to_lowercase()));
    let more = covers.len().saturating_sub(COVERS_SHOWN);
    covers.truncate(COVERS_SHOWN);
    let [before, after] = asked.neighbours();
    let path = "/on-call/report";
    let status = match asked.form.has_errors() {
        true => actix_web::http::StatusCode::UNPROCESSABLE_ENTITY,
        false => actix_web::http::StatusCode::OK,
    };
    let page = ReportPage {
        chart: chart(&rows),
        rows,
        covers,
        more,
        schedules: schedules(&directory),
        teams: teams(&directory),
        previous: asked.href(path, before.0, before.1),
        next: asked.href(path, after.0, after.1),
        csv: asked.href("/on-call/report.csv", asked.from, asked.until),
        form: asked.form,
        frame,
    };
    match status.is_success() {
        true => render(&page),
        false => render_with(status, &page),
    }
}

fn chart(rows: &[ReportRow]) -> LoadChart {
    LoadChart {
        title: "Time on call of each person".to_owned(),
        people: rows
            .iter()
            .map(|row| (row.person.name.clone(), row.time))
            .collect(),
    }
}

fn rows(report: &Report, directory: &Directory) -> Vec<ReportRow> {
    let mut rows: Vec<ReportRow> = report
        .people
        .iter()
        .map(|one| row(one, directory))
        .collect();
    let share = chart(&rows).share().0.max(1);
    for row in &mut rows {
        row.against_share = (row.time.total().0 - share).saturating_mul(100) / share;
    }
    rows
}

fn row(one: &PersonReport, directory: &Directory) -> ReportRow {
    ReportRow {
        person: choice::person(directory, one.load.user),
        shifts: one.load.shifts,
        time: one.load.time,
        against_share: 0,
        short_rests: one.load.short_rests.len(),
        pages: one.pages,
        urgent_pages: one.urgent_pages,
    }
}

fn cover(one: &ScheduleReport, directory: &Directory) -> Option<CoverRow> {
    let schedule = directory.schedule(one.id)?;
    Some(CoverRow {
        schedule: Link {
            label: schedule.name.clone(),
            href: format!("/schedules/{}", schedule.slug),
        },
        uncovered: one.uncovered(),
        gaps: one.gaps.clone(),
        next: one
            .next
            .as_ref()
            .map(|shift| (choice::persons(directory, &shift.users), shift.start)),
    })
}

fn schedules(directory: &Directory) -> Vec<Choice> {
    let mut choices: Vec<Choice> = directory
        .schedules
        .values()
        .map(|one| Choice::new(&one.slug, &one.name))
        .collect();
    choices.sort_by_cached_key(|choice| choice.label.to_lowercase());
    choices
}

fn teams(directory: &Directory) -> Vec<Choice> {
    let mut choices: Vec<Choice> = directory
        .teams
        .values()
        .map(|one| Choice::new(&one.slug, &one.name))
        .collect();
    choices.sort_by_cached_key(|choice| choice.label.to_lowercase());
    choices
}

/// `GET /on-call/report.csv`: the table as a file, in hours, for pay.
async fn file(state: State, me: SignedIn, req: HttpRequest) -> Result<HttpResponse, WebError> {
    let directory = state.directory();
    let now = state.now();
    let mut asked = Asked::read(&req, now.in_zone(&me.zone).date());
    let query = asked
        .query(&directory, &me.zone)
        .filter(|_| !asked.form.has_errors())
        .ok_or_else(|| WebError::BadRequest("the span or the schedule is not right".into()))?;
    let report = on_call_report(state.store(), &me.ctx(now), query).await?;
    let name = format!("on-call-{}-{}.csv", asked.from, asked.until);
    Ok(HttpResponse::Ok()
        .content_type("text/csv; charset=utf-8")
        .insert_header(ContentDisposition {
            disposition: DispositionType::Attachment,
            // Dates and letters only.
            parameters: vec![DispositionParam::Filename(name)],
        })
        .body(csv(&report, &directory)))
}

const HEAD: &str = "person,email,shifts,hours,weekday_day_hours,weekday_night_hours,\
weekend_day_hours,weekend_night_hours,holiday_day_hours,holiday_night_hours,short_rests,pages,\
urgent_pages\r\n";

/// RFC 4180.
fn csv(report: &Report, directory: &Directory) -> String {
    let mut out = HEAD.to_owned();
    for one in &report.people {
        let user = directory.user(one.load.user);
        let time = &one.load.time;
        let spans = [
            time.total(),
            time.weekday_day,
            time.weekday_night,
            time.weekend_day,
            time.weekend_night,
            time.holiday_day,
            time.holiday_night,
        ];
        let mut cells = vec![
            quoted(directory.user_name(one.load.user)),
            quoted(user.map_or("", |user| user.email.as_str())),
            one.load.shifts.to_string(),
        ];
        cells.extend(spans.map(|span| format!("{:.2}", span.as_seconds() as f64 / 3_600.0)));
        cells.push(one.load.short_rests.len().to_string());
        cells.push(one.pages.to_string());
        cells.push(one.urgent_pages.to_string());
        out.push_str(&cells.join(","));
        out.push_str("\r\n");
    }
    out
}

/// A cell of text. One that a spreadsheet would take for a formula gets an apostrophe.
fn quoted(text: &str) -> String {
    let formula = text.starts_with(['=', '+', '-', '@', '\t', '\r']);
    let text = text.replace('"', "\"\"");
    format!("\"{}{text}\"", if formula { "'" } else { "" })
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::civil::date;

    #[test]
    fn quarters_follow_each_other() {
        let today = date(2026, 11, 21);
        assert_eq!(quarter(today), (date(2026, 10, 1), date(2026, 12, 31)));
        let req = actix_web::test::TestRequest::default().to_http_request();
        let asked = Asked::read(&req, today);
        let [before, after] = asked.neighbours();
        assert_eq!(before, (date(2026, 7, 1), date(2026, 9, 30)));
        assert_eq!(after, (date(2027, 1, 1), date(2027, 3, 31)));
        let uri = "/on-call/report?from=2026-11-02&until=2026-11-08&team=x&schedule=";
        let req = actix_web::test::TestRequest::with_uri(uri).to_http_request();
        let asked = Asked::read(&req, today);
        let [before, after] = asked.neighbours();
        assert_eq!(before, (date(2026, 10, 26), date(2026, 11, 1)));
        assert_eq!(after, (date(2026, 11, 9), date(2026, 11, 15)));
        assert_eq!(
            asked.href("/r", after.0, after.1),
            "/r?from=2026-11-09&until=2026-11-15&team=x"
        );
    }

    #[test]
    fn cells_are_neither_broken_nor_run() {
        assert_eq!(quoted("Ana \"A\", Ruiz"), "\"Ana \"\"A\"\", Ruiz\"");
        assert_eq!(quoted("=cmd()"), "\"'=cmd()\"");
    }
}
