//! Calendars: feeds of shifts, imported calendars, and what one is told of shifts.

use actix_web::http::StatusCode;
use actix_web::{HttpResponse, web};
use domain::directory::Directory;
use domain::feed::FeedSubject;
use domain::reminder::Reminders;
use domain::schedule::{ImportPlace, Schedule};
use domain::{FeedId, ImportId, ScheduleId, Span, TeamId};
use engine::access::Right;
use engine::import::{ImportInput, ImportSource};
use engine::{feed, import, reminder};
use serde::Deserialize;

use super::complaint;
use crate::csrf::Checked;
use crate::error::WebError;
use crate::frame::{frame, redirect_with_flash, render, render_with};
use crate::session::SignedIn;
use crate::state::State;
use crate::view::calendar::{CalendarsPage, Chosen, FeedRow, ImportRow};
use crate::view::{Choice, Form, Link, Nav};

const HERE: &str = "/calendars";

pub fn configure(cfg: &mut web::ServiceConfig) {
    cfg.service(web::resource("/calendars").route(web::get().to(show)))
        .service(web::resource("/calendars/feeds").route(web::post().to(create_feed)))
        .service(web::resource("/calendars/feeds/{id}/delete").route(web::post().to(revoke)))
        .service(web::resource("/calendars/imports").route(web::post().to(add_import)))
        .service(
            web::resource("/calendars/imports/{slug}/{id}/delete").route(web::post().to(remove)),
        )
        .service(web::resource("/calendars/reminders").route(web::post().to(remind)));
}

#[derive(Deserialize)]
struct Wanted {
    /// Chosen in the forms.
    schedule: Option<String>,
    team: Option<String>,
}

async fn show(
    state: State,
    me: SignedIn,
    query: web::Query<Wanted>,
) -> Result<HttpResponse, WebError> {
    let directory = state.directory();
    let mut chosen = Chosen::default();
    let slug = query.schedule.as_deref();
    if let Some(schedule) = slug.and_then(|slug| directory.schedule_by_slug(slug)) {
        chosen.subject = format!("schedule:{}", schedule.id);
        chosen.schedule.clone_from(&schedule.slug);
    }
    let slug = query.team.as_deref();
    if let Some(team) = slug.and_then(|slug| directory.team_by_slug(slug)) {
        chosen.subject = format!("team:{}", team.id);
    }
    let mut page = page(&state, &me, Form::new(), None).await?;
    page.chosen.subject = chosen.subject;
    page.chosen.schedule = chosen.schedule;
    render(&page)
}

async fn page(
    state: &State,
    me: &SignedIn,
    form: Form,
    fresh: Option<String>,
) -> Result<CalendarsPage, WebError> {
    let directory = state.directory();
    let ctx = me.ctx(state.now());
    let wish = reminder::reminders(state.store(), &ctx, me.id())?;
    let feeds = feed::feeds(state.store(), &ctx).await?;
    let feeds = feeds.into_iter().map(|feed| FeedRow {
        id: feed.id,
        title: title(feed.subject, &directory, me),
        hint: feed.hint,
        by: (feed.created_by != Some(me.id())).then(|| {
            feed.created_by.map_or_else(
                || "a token".to_owned(),
                |user| directory.user_name(user).to_owned(),
            )
        }),
        created_at: feed.created_at,
        fetched_at: feed.fetched_at,
    });
    let feeds: Vec<FeedRow> = feeds.collect();
    let mut schedules: Vec<&Schedule> = directory.schedules.values().map(AsRef::as_ref).collect();
    schedules.sort_by_cached_key(|one| one.name.to_lowercase());
    let mut rows = state.store().read(store::schedule::import::all).await?;
    rows.retain(|row| directory.schedule(row.schedule_id).is_some());
    let imports = rows
        .into_iter()
        .filter_map(|row| import_row(row, &directory));
    let imports: Vec<ImportRow> = imports.collect();
    Ok(CalendarsPage {
        frame: frame(state, me, "Calendars and reminders", Nav::OnCall).await,
        fresh,
        feeds,
        subjects: subjects(&directory, &schedules),
        imports,
        schedules: schedules
            .iter()
            .map(|one| Choice::new(&one.slug, &one.name))
            .collect(),
        places: [ImportPlace::Above, ImportPlace::Below]
            .into_iter()
            .map(|place| Choice::new(place, place_words(place)))
            .collect(),
        form,
        chosen: Chosen {
            leads: leads_text(&wish.leads),
            hand_off: wish.hand_off,
            digest: wish.digest.is_some(),
            digest_at: wish.digest.unwrap_or(domain::digest::USUAL).to_string(),
            ..Chosen::default()
        },
    })
}

fn import_row(row: store::schedule::import::ImportRow, directory: &Directory) -> Option<ImportRow> {
    let schedule = directory.schedule(row.schedule_id)?;
    // The rest of an address is often a secret.
    let host = row.url.as_deref().map(|url| {
        let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
        let host = rest.split(['/', '?', '#']).next().unwrap_or_default();
        host.rsplit('@').next().unwrap_or_default().to_owned()
    });
    Some(ImportRow {
        id: row.id,
        schedule: Link {
            label: schedule.name.clone(),
            href: format!("/schedules/{}", schedule.slug),
        },
        slug: schedule.slug.clone(),
        name: row.name,
        place: place_words(row.place),
        host,
        good_at: row.good_at,
        tried_at: row.tried_at,
        failure: row.failure.as_deref().map(complaint::sentence),
        warnings: row.warnings,
    })
}

fn place_words(place: ImportPlace) -> &'static str {
    match place {
        ImportPlace::Above => "Above all layers",
        ImportPlace::Below => "Below all layers",
    }
}

fn title(subject: FeedSubject, directory: &Directory, me: &SignedIn) -> String {
    let name = subject.name(directory).unwrap_or("something removed");
    match subject {
        FeedSubject::Person(id) if id == me.id() => "My shifts".to_owned(),
        FeedSubject::Person(_) => format!("Shifts of {name}"),
        FeedSubject::Schedule(_) => format!("Schedule {name}"),
        FeedSubject::Team(_) => format!("Team {name}"),
    }
}

fn subjects(directory: &Directory, schedules: &[&Schedule]) -> Vec<Choice> {
    let mut choices = vec![Choice::new("person", "My shifts")];
    for one in schedules {
        let label = format!("Schedule {}", one.name);
        choices.push(Choice::new(format!("schedule:{}", one.id), label));
    }
    let mut teams: Vec<_> = directory.teams.values().collect();
    teams.sort_by_cached_key(|team| team.name.to_lowercase());
    for team in teams {
        let label = format!("Team {}", team.name);
        choices.push(Choice::new(format!("team:{}", team.id), label));
    }
    choices
}

async fn refused(
    state: &State,
    me: &SignedIn,
    name: &str,
    typed: Form,
    error: engine::Error,
) -> Result<HttpResponse, WebError> {
    let mut form = typed.with("form", name);
    complaint::show_plain(&mut form, error)?;
    let page = page(state, me, form, None).await?;
    render_with(StatusCode::UNPROCESSABLE_ENTITY, &page)
}

async fn create_feed(
    state: State,
    me: SignedIn,
    Checked(form): Checked,
) -> Result<HttpResponse, WebError> {
    let subject = match form.get("subject").split_once(':') {
        None => FeedSubject::Person(me.id()),
        Some(("team", id)) => FeedSubject::Team(TeamId(id.parse().unwrap_or(0))),
        Some((_, id)) => FeedSubject::Schedule(ScheduleId(id.parse().unwrap_or(0))),
    };
    match feed::create_feed(state.store(), &me.ctx(state.now()), subject).await {
        Ok(made) => {
            let address = crate::calendar::address(&state, &made.token);
            render(&page(&state, &me, Form::new(), Some(address)).await?)
        }
        Err(error) => refused(&state, &me, "feed", form, error).await,
    }
}

async fn revoke(
    state: State,
    me: SignedIn,
    id: web::Path<String>,
    _form: Checked,
) -> Result<HttpResponse, WebError> {
    let id: FeedId = id.parse().map_err(|_| WebError::not_found("feed"))?;
    feed::revoke_feed(state.store(), &me.ctx(state.now()), id).await?;
    Ok(redirect_with_flash(&state, HERE, "The feed is revoked."))
}

async fn add_import(
    state: State,
    me: SignedIn,
    Checked(form): Checked,
) -> Result<HttpResponse, WebError> {
    me.require(Right::Configure)?;
    let directory = state.directory();
    let schedule = directory
        .schedule_by_slug(form.get("schedule"))
        .ok_or_else(|| WebError::not_found("schedule"))?;
    let source = match (form.text("url"), form.text("text")) {
        (Some(_), Some(_)) => {
            let error = engine::Error::invalid("text", "give an address or a text, not both");
            return refused(&state, &me, "import", form, error).await;
        }
        (Some(url), None) => ImportSource::Url(url.to_owned()),
        (None, _) => ImportSource::Text(form.get("text").to_owned()),
    };
    let input = ImportInput {
        name: form.get("name").to_owned(),
        place: form.get("place").parse().unwrap_or(ImportPlace::Above),
        source,
    };
    let (ctx, client) = (me.ctx(state.now()), state.engine.calendars());
    match import::add_import(state.store(), client, &ctx, schedule.id, input).await {
        Ok(_) => {
            let text = "The calendar is imported: its shifts count from now on.";
            Ok(redirect_with_flash(&state, HERE, text))
        }
        Err(error) => refused(&state, &me, "import", form, error).await,
    }
}

async fn remove(
    state: State,
    me: SignedIn,
    path: web::Path<(String, String)>,
    _form: Checked,
) -> Result<HttpResponse, WebError> {
    me.require(Right::Configure)?;
    let (slug, id) = path.into_inner();
    let directory = state.directory();
    let schedule = directory
        .schedule_by_slug(&slug)
        .ok_or_else(|| WebError::not_found("schedule"))?;
    let id: ImportId = id.parse().map_err(|_| WebError::not_found("import"))?;
    import::remove_import(state.store(), &me.ctx(state.now()), schedule.id, id).await?;
    let text = "The calendar is removed; what has been of its shifts stays.";
    Ok(redirect_with_flash(&state, HERE, text))
}

async fn remind(
    state: State,
    me: SignedIn,
    Checked(form): Checked,
) -> Result<HttpResponse, WebError> {
    let Some(leads) = leads_of(form.get("leads")) else {
        let error = engine::Error::invalid("leads", "write times such as 24h, 1h or 30m");
        return refused(&state, &me, "reminders", form, error).await;
    };
    let digest = if form.ticked("digest") {
        match form.get("digest_at").trim().parse() {
            Ok(time) => Some(time),
            Err(_) => {
                let error = engine::Error::invalid("digest_at", "choose a time such as 09:00");
                return refused(&state, &me, "reminders", form, error).await;
            }
        }
    } else {
        None
    };
    let wish = Reminders {
        leads,
        hand_off: form.ticked("hand_off"),
        digest,
    };
    match reminder::set_reminders(state.store(), &me.ctx(state.now()), me.id(), wish).await {
        Ok(()) => Ok(redirect_with_flash(&state, HERE, "Saved.")),
        Err(error) => refused(&state, &me, "reminders", form, error).await,
    }
}

/// `24h, 30m` as spans.
fn leads_of(text: &str) -> Option<Vec<Span>> {
    let parts = text.split([',', ';']).map(str::trim);
    parts
        .filter(|part| !part.is_empty())
        .map(|part| {
            let unit = part.chars().last()?;
            let number: i64 = part.trim_end_matches(unit).trim().parse().ok()?;
            match unit.to_ascii_lowercase() {
                'd' => Some(Span::from_days(number)),
                'h' => Some(Span::from_hours(number)),
                'm' => Some(Span::from_minutes(number)),
                _ => None,
            }
        })
        .collect()
}

/// As [`leads_of`] reads it.
fn leads_text(leads: &[Span]) -> String {
    let one = |lead: &Span| {
        let minutes = lead.as_seconds() / 60;
        match (minutes % 1_440, minutes % 60) {
            (0, _) if minutes > 1_440 => format!("{}d", minutes / 1_440),
            (_, 0) => format!("{}h", minutes / 60),
            _ => format!("{minutes}m"),
        }
    };
    leads.iter().map(one).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_before_a_shift_are_read_as_they_are_written() {
        let leads = [
            Span::from_days(3),
            Span::from_hours(24),
            Span::from_minutes(90),
        ];
        assert_eq!(leads_text(&leads), "3d, 24h, 90m");
        assert_eq!(leads_of("3d, 24h, 90m").unwrap(), leads);
        assert_eq!(leads_of(" "), Some(vec![]));
        for broken in ["24", "h", "1x", "a day", "1h2", "9999999999999999999h"] {
            assert_eq!(leads_of(broken), None, "{broken}");
        }
    }
}
