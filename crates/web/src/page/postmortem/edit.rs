//! What people do with a postmortem: each post becomes one command of the engine.

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use actix_web::web::{self, Path, ServiceConfig};
use domain::word::{ActionPriority, ActionStatus, ActionType, KeyMoment, PostmortemStatus};
use domain::{TimelineEntryId, UserId};
use engine::postmortem::{ActionInput, ActionOwner, View};
use engine::{Error, Problem};
use jiff::civil::Date;
use jiff::tz::TimeZone;

use super::{Asked, candidates, made, show};
use crate::csrf::Checked;
use crate::error::WebError;
use crate::frame::{redirect_with_flash, render_with};
use crate::markdown;
use crate::page::complaint::{self, sentence};
use crate::session::SignedIn;
use crate::state::State;
use crate::view::Form;
use crate::view::postmortem::Editing;
use crate::view::time::{Typed, read_time};

pub fn configure(cfg: &mut ServiceConfig) {
    cfg.route(
        "/postmortems/{number}/sections/{slug}",
        web::post().to(section),
    )
    .route("/postmortems/{number}/status", web::post().to(status))
    .route("/postmortems/{number}/owner", web::post().to(owner))
    .route("/postmortems/{number}/moments", web::post().to(moment))
    .route("/postmortems/{number}/timeline", web::post().to(timeline))
    .route("/postmortems/{number}/refill", web::post().to(refill))
    .route("/postmortems/{number}/actions", web::post().to(add_action))
    .route(
        "/postmortems/{number}/actions/{id}/edit",
        web::post().to(edit_action),
    )
    .route(
        "/postmortems/{number}/actions/{id}",
        web::post().to(action_status),
    );
}

/// Done, or the page with what was typed into the form `name` and what is wrong with it.
async fn settled(
    state: &State,
    me: &SignedIn,
    number: i64,
    (name, form): (&str, Form),
    result: Result<(), Error>,
    (anchor, text): (&str, &str),
) -> Result<HttpResponse, WebError> {
    match result {
        Ok(()) => {
            let url = format!("/postmortems/{number}#{anchor}");
            Ok(redirect_with_flash(state, &url, text))
        }
        Err(error) => {
            let mut form = form.with("form", name);
            complaint::show_plain(&mut form, error)?;
            let view = read(state, me, number).await?;
            let mut asked = Asked {
                action: name
                    .strip_prefix("edit-")
                    .and_then(|number| number.parse().ok()),
                ..Asked::default()
            };
            if name == "timeline" {
                asked.candidates = Some(candidates(state, me, number).await?);
            }
            let page = made(state, me, view, asked, form).await?;
            render_with(StatusCode::UNPROCESSABLE_ENTITY, &page)
        }
    }
}

async fn read(state: &State, me: &SignedIn, number: i64) -> Result<View, Error> {
    engine::postmortem::get(state.store(), &me.ctx(state.now()), number).await
}

async fn section(
    state: State,
    me: SignedIn,
    path: Path<(i64, String)>,
    form: Checked,
) -> Result<HttpResponse, WebError> {
    let (number, slug) = path.into_inner();
    let body = form.get("body").to_owned();
    let revision: i64 = form
        .text("revision")
        .and_then(|text| text.parse().ok())
        .unwrap_or(0);
    let ctx = me.ctx(state.now());
    let mut editing = Editing {
        slug: slug.clone(),
        body: body.clone(),
        revision,
        preview: None,
        conflict: None,
        error: String::new(),
    };
    let mut status = StatusCode::UNPROCESSABLE_ENTITY;
    if form.get("do") == "preview" {
        match engine::postmortem::preview(&ctx, &body) {
            Ok(text) => {
                editing.preview = Some(markdown::render(&text));
                status = StatusCode::OK;
            }
            Err(Error::Invalid(problems)) => editing.error = first(&problems),
            Err(other) => return Err(other.into()),
        }
        return again(&state, &me, number, editing, status).await;
    }
    let store = state.store();
    let saved =
        engine::postmortem::edit_section(store, &ctx, number, slug.clone(), revision, body).await;
    match saved {
        Ok(_) => {
            let url = format!("/postmortems/{number}#{slug}");
            return Ok(redirect_with_flash(&state, &url, "Saved."));
        }
        Err(Error::Conflict { revision, current }) => {
            // The next save starts from what both can now see.
            editing.revision = revision;
            editing.conflict = Some((String::new(), current));
            status = StatusCode::CONFLICT;
        }
        Err(Error::Invalid(problems)) => editing.error = first(&problems),
        Err(Error::Refused(why)) => editing.error = sentence(&why),
        Err(other) => return Err(other.into()),
    }
    again(&state, &me, number, editing, status).await
}

fn first(problems: &[Problem]) -> String {
    problems
        .first()
        .map(|problem| sentence(&problem.message))
        .unwrap_or_default()
}

/// The editor again, with what was typed.
async fn again(
    state: &State,
    me: &SignedIn,
    number: i64,
    mut editing: Editing,
    status: StatusCode,
) -> Result<HttpResponse, WebError> {
    let view = read(state, me, number).await?;
    if let Some((who, _)) = &mut editing.conflict {
        let section = view
            .sections
            .iter()
            .find(|section| section.slug == editing.slug);
        let by = section.and_then(|section| section.updated_by);
        *who = by.map_or_else(
            || "Somebody".to_owned(),
            |user| state.directory().user_name(user).to_owned(),
        );
    }
    let asked = Asked {
        editing: Some(editing),
        ..Asked::default()
    };
    let page = made(state, me, view, asked, Form::new()).await?;
    render_with(status, &page)
}

async fn status(
    state: State,
    me: SignedIn,
    number: Path<i64>,
    form: Checked,
) -> Result<HttpResponse, WebError> {
    let number = *number;
    let form = form.into_inner();
    let reason = form.text("reason").map(str::to_owned);
    let seen: i64 = form
        .text("revision")
        .and_then(|text| text.parse().ok())
        .unwrap_or(0);
    let result = match form.get("status").parse::<PostmortemStatus>() {
        Ok(to) => {
            let ctx = me.ctx(state.now());
            let step = show::step_to(to);
            engine::postmortem::advance(state.store(), &ctx, number, step, seen, reason)
                .await
                .map(drop)
        }
        Err(_) => Err(Error::invalid("status", "choose a status")),
    };
    settled(
        &state,
        &me,
        number,
        ("status", form),
        result,
        ("main", "Status changed."),
    )
    .await
}

async fn owner(
    state: State,
    me: SignedIn,
    number: Path<i64>,
    form: Checked,
) -> Result<HttpResponse, WebError> {
    let form = form.into_inner();
    let ctx = me.ctx(state.now());
    let result = match optional(&form, "owner") {
        Ok(owner) => {
            let owner = owner.map(UserId);
            engine::postmortem::set_owner(state.store(), &ctx, *number, owner).await
        }
        Err(error) => Err(error),
    };
    settled(
        &state,
        &me,
        *number,
        ("owner", form),
        result,
        ("main", "Owner set."),
    )
    .await
}

/// An id, or nothing when the field is empty.
fn optional(form: &Form, name: &str) -> Result<Option<i64>, Error> {
    match form.text(name).map(str::parse::<i64>) {
        None => Ok(None),
        Some(Ok(id)) => Ok(Some(id)),
        Some(Err(_)) => Err(Error::invalid(name, "there is no such person")),
    }
}

async fn moment(
    state: State,
    me: SignedIn,
    number: Path<i64>,
    form: Checked,
) -> Result<HttpResponse, WebError> {
    let number = *number;
    let form = form.into_inner();
    let ctx = me.ctx(state.now());
    let mut said = "Key moment set.".to_owned();
    let result = match read_moment(&form, &me.zone) {
        Ok((moment, Some(Typed { at, moved }))) => {
            if let Some(moved) = moved {
                said = format!("{said} {moved}");
            }
            engine::moment::set(state.store(), &ctx, number, moment, at)
                .await
                .map(drop)
        }
        Ok((moment, None)) => engine::moment::clear(state.store(), &ctx, number, moment)
            .await
            .map(drop),
        Err(error) => Err(error),
    };
    let after = ("moments-title", said.as_str());
    let name = form.get("moment").to_owned();
    settled(&state, &me, number, (&name, form), result, after).await
}

fn read_moment(form: &Form, zone: &TimeZone) -> Result<(KeyMoment, Option<Typed>), Error> {
    let moment: KeyMoment = form
        .get("moment")
        .parse()
        .map_err(|_| Error::invalid("moment", "there is no such key moment"))?;
    let at = match form.text("at") {
        None => None,
        Some(text) => Some(
            read_time(text, zone).ok_or_else(|| Error::invalid("at", "give a date and a time"))?,
        ),
    };
    Ok((moment, at))
}

async fn add_action(
    state: State,
    me: SignedIn,
    number: Path<i64>,
    form: Checked,
) -> Result<HttpResponse, WebError> {
    let number = *number;
    let form = form.into_inner();
    let ctx = me.ctx(state.now());
    let result = match read_action(&form) {
        Ok(input) => engine::postmortem::add_action(state.store(), &ctx, number, input)
            .await
            .map(drop),
        Err(error) => Err(error),
    };
    settled(
        &state,
        &me,
        number,
        ("action", form),
        result,
        ("actions", "Action added."),
    )
    .await
}

fn read_action(form: &Form) -> Result<ActionInput, Error> {
    let mut problems = Vec::new();
    let kind = form.get("type").parse::<ActionType>().map_err(|_| "type");
    let priority = form
        .get("priority")
        .parse::<ActionPriority>()
        .map_err(|_| "priority");
    let due = form
        .text("due")
        .map(str::parse::<Date>)
        .transpose()
        .map_err(|_| "due");
    let owner = optional(form, "owner").map_err(|_| "owner");
    let wrong = [kind.err(), priority.err(), due.err(), owner.err()];
    for field in wrong.into_iter().flatten() {
        let message = match field {
            "due" => "give a date",
            "owner" => "there is no such person",
            _ => "choose one",
        };
        problems.push(Problem::new(field, message));
    }
    match (kind, priority, due, owner) {
        (Ok(kind), Ok(priority), Ok(due), Ok(owner)) => Ok(ActionInput {
            title: form.get("title").to_owned(),
            kind,
            priority,
            owner: owner.map(|id| ActionOwner::User(UserId(id))),
            due,
            tracker: form.text("tracker").map(str::to_owned),
            done_test: form.text("done_test").map(str::to_owned),
        }),
        _ => Err(Error::Invalid(problems)),
    }
}

/// What an action says; its status has a form of its own.
async fn edit_action(
    state: State,
    me: SignedIn,
    path: Path<(i64, i64)>,
    form: Checked,
) -> Result<HttpResponse, WebError> {
    let (number, action) = path.into_inner();
    let form = form.into_inner();
    let ctx = me.ctx(state.now());
    let result = match read_action(&form) {
        Ok(input) => engine::postmortem::edit_action(state.store(), &ctx, action, input)
            .await
            .map(drop),
        Err(error) => Err(error),
    };
    let (name, anchor) = (format!("edit-{action}"), format!("AI-{action}"));
    let after = (anchor.as_str(), "Action saved.");
    settled(&state, &me, number, (&name, form), result, after).await
}

/// Which entries the document shows.
async fn timeline(
    state: State,
    me: SignedIn,
    number: Path<i64>,
    form: Checked,
) -> Result<HttpResponse, WebError> {
    let form = form.into_inner();
    let ctx = me.ctx(state.now());
    let chosen: Result<Vec<TimelineEntryId>, _> = form.all("entry").map(str::parse).collect();
    let result = match chosen {
        Ok(chosen) => {
            engine::postmortem::choose_timeline(state.store(), &ctx, *number, chosen).await
        }
        Err(_) => Err(Error::invalid("entries", "choose from the list")),
    };
    let after = ("timeline", "The timeline shows what was chosen.");
    settled(&state, &me, *number, ("timeline", form), result, after).await
}

/// Takes what the incident says from it again.
async fn refill(
    state: State,
    me: SignedIn,
    number: Path<i64>,
    form: Checked,
) -> Result<HttpResponse, WebError> {
    let ctx = me.ctx(state.now());
    let result = engine::postmortem::refill(state.store(), &ctx, *number).await;
    let after = ("main", "Filled in again from the incident.");
    let form = form.into_inner();
    settled(&state, &me, *number, ("refill", form), result, after).await
}

/// Actions are named by the number that people see, the `17` of `AI-17`.
async fn action_status(
    state: State,
    me: SignedIn,
    path: Path<(i64, i64)>,
    form: Checked,
) -> Result<HttpResponse, WebError> {
    let (number, action) = path.into_inner();
    let form = form.into_inner();
    let reason = form.text("reason").map(str::to_owned);
    let ctx = me.ctx(state.now());
    let result = match form.get("status").parse::<ActionStatus>() {
        Ok(status) => {
            engine::postmortem::set_action_status(state.store(), &ctx, action, status, reason)
                .await
                .map(drop)
        }
        Err(_) => Err(Error::invalid("status", "choose a status")),
    };
    let name = format!("AI-{action}");
    settled(
        &state,
        &me,
        number,
        (&name, form),
        result,
        ("actions", "Action updated."),
    )
    .await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_action_is_read_or_refused_field_by_field() {
        let form = Form::new()
            .with("title", "Add a check")
            .with("type", "prevent")
            .with("priority", "P1")
            .with("owner", "2")
            .with("due", "2026-04-13");
        let input = read_action(&form).unwrap();
        assert_eq!(input.owner, Some(ActionOwner::User(UserId(2))));
        assert_eq!(input.due, Some(jiff::civil::date(2026, 4, 13)));
        let bad = Form::new()
            .with("type", "x")
            .with("due", "tomorrow")
            .with("owner", "me");
        let Err(Error::Invalid(problems)) = read_action(&bad) else {
            panic!()
        };
        let fields: Vec<&str> = problems
            .iter()
            .map(|problem| problem.field.as_str())
            .collect();
        assert_eq!(fields, ["type", "priority", "due", "owner"]);
    }

    #[test]
    fn a_moment_without_a_time_goes_back_to_the_timeline() {
        let form = Form::new().with("moment", "impact_started").with("at", " ");
        assert_eq!(
            read_moment(&form, &TimeZone::UTC).unwrap(),
            (KeyMoment::ImpactStarted, None)
        );
        let bad = Form::new()
            .with("moment", "impact_started")
            .with("at", "soon");
        assert!(read_moment(&bad, &TimeZone::UTC).is_err());
        assert!(read_moment(&Form::new().with("moment", "x"), &TimeZone::UTC).is_err());
    }
}
