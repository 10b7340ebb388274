//! Overrides: taking somebody's place for a while, and withdrawing that.

use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse, web};
use domain::schedule::{Override, OverrideKind};
use domain::{OverrideId, Timestamp, UserId};
use engine::access::Right;
use engine::configuration::schedule::{self, OverrideInput};
use jiff::tz::TimeZone;

use super::{Shown, find, page};
use crate::csrf::Checked;
use crate::error::WebError;
use crate::frame::{frame, redirect_with, render_with};
use crate::page::complaint;
use crate::session::SignedIn;
use crate::state::State;
use crate::view::time::parse_time;
use crate::view::{Flash, FlashKind, Form, Nav, Undo};

pub fn configure(cfg: &mut web::ServiceConfig) {
    cfg.service(web::resource("/schedules/{slug}/overrides").route(web::post().to(add)))
        .service(
            web::resource("/schedules/{slug}/overrides/{id}/delete")
                .route(web::post().to(withdraw)),
        );
}

/// What the form stands for, unless something cannot be read; then what, beside its field. Local
/// times are in `zone`.
fn input(form: &mut Form, zone: &TimeZone) -> Option<OverrideInput> {
    let kind = match form
        .text("kind")
        .unwrap_or("replace")
        .parse::<OverrideKind>()
    {
        // A swap is made by taking a request.
        Ok(kind) if kind != OverrideKind::Swap => Some(kind),
        _ => {
            form.reject("kind", "Choose one of the options.");
            None
        }
    };
    let users: Result<Vec<UserId>, _> = form
        .all("user")
        .filter(|id| !id.trim().is_empty())
        .map(|id| id.trim().parse())
        .collect();
    let users = match users {
        // The page offers people only; a gap is made on purpose through the API or the file.
        Ok(users) if !users.is_empty() => Some(users),
        _ => {
            form.reject("user", "Choose who is on call.");
            None
        }
    };
    let start = time(form, "start", zone);
    let end = time(form, "end", zone);
    Some(OverrideInput {
        kind: kind?,
        start: start?,
        end: end?,
        users: users?,
    })
}

fn time(form: &mut Form, name: &str, zone: &TimeZone) -> Option<Timestamp> {
    let at = parse_time(form.get(name), zone);
    if at.is_none() {
        form.reject(name, "Give a date and a time.");
    }
    at
}

async fn add(
    state: State,
    me: SignedIn,
    slug: web::Path<String>,
    req: HttpRequest,
    Checked(mut form): Checked,
) -> Result<HttpResponse, WebError> {
    me.require(Right::Respond)?;
    let directory = state.directory();
    let existing = find(&directory, &slug)?;
    let frame = frame(&state, &me, &existing.name, Nav::OnCall).await;
    if let Some(input) = input(&mut form, &frame.zone) {
        let ctx = me.ctx(state.now());
        match schedule::add_override(state.store(), &ctx, existing.id, input).await {
            Ok(id) => {
                let path = format!("/schedules/{}", existing.slug);
                let undo = Undo {
                    action: format!("{path}/overrides/{id}/delete"),
                    fields: Vec::new(),
                    label: "Undo".to_owned(),
                };
                return Ok(redirect_with(
                    &state,
                    &path,
                    &done("The override is saved.", Some(undo)),
                ));
            }
            Err(error) => complaint::show(&mut form, error, |field| match field {
                "users" => "user".to_owned(),
                field => field.to_owned(),
            })?,
        }
    }
    // Times may have come as instants; the fields show local ones.
    let mut shown = Form::new();
    for (name, value) in form.pairs() {
        shown = match (name.as_str(), Timestamp::parse(value)) {
            ("start" | "end", Some(at)) => shown.with(name, frame.local_input(&at)),
            _ => shown.with(name, value),
        };
    }
    for (name, message) in form.errors() {
        shown.reject(name, message);
    }
    for message in form.general() {
        shown.refuse(message);
    }
    let page = page(frame, &me, &directory, existing, &Shown::of(&req), shown);
    render_with(StatusCode::UNPROCESSABLE_ENTITY, &page)
}

async fn withdraw(
    state: State,
    me: SignedIn,
    path: web::Path<(String, String)>,
    _form: Checked,
) -> Result<HttpResponse, WebError> {
    me.require(Right::Respond)?;
    let (slug, id) = path.into_inner();
    let directory = state.directory();
    let existing = find(&directory, &slug)?;
    let id: OverrideId = id.parse().map_err(|_| WebError::not_found("override"))?;
    let now = state.now();
    schedule::withdraw_override(state.store(), &me.ctx(now), existing.id, id).await?;
    let path = format!("/schedules/{}", existing.slug);
    let undo = existing
        .overrides
        .iter()
        .find(|one| one.id == id && one.end > now && !one.users.is_empty())
        .map(|one| again(&path, one));
    Ok(redirect_with(
        &state,
        &path,
        &done("The override is withdrawn.", undo),
    ))
}

fn done(text: &str, undo: Option<Undo>) -> Flash {
    Flash {
        kind: FlashKind::Done,
        text: text.to_owned(),
        undo,
    }
}

/// Makes a withdrawn override once more.
fn again(path: &str, withdrawn: &Override) -> Undo {
    let field = |name: &str, value: String| (name.to_owned(), value);
    let mut fields = vec![
        field("kind", withdrawn.kind.to_string()),
        field("start", withdrawn.start.to_string()),
        field("end", withdrawn.end.to_string()),
    ];
    fields.extend(
        withdrawn
            .users
            .iter()
            .map(|user| field("user", user.to_string())),
    );
    Undo {
        action: format!("{path}/overrides"),
        fields,
        label: "Undo".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_override_is_read_in_the_viewers_zone_or_as_instants() {
        let berlin = TimeZone::get("Europe/Berlin").unwrap();
        let mut form = Form::new()
            .with("user", "3")
            .with("start", "2026-11-21T09:00")
            .with("end", "2026-11-21T12:00:00Z");
        let read = input(&mut form, &berlin).unwrap();
        assert_eq!(read.kind, OverrideKind::Replace);
        assert_eq!(Some(read.start), Timestamp::parse("2026-11-21T08:00:00Z"));
        assert_eq!(Some(read.end), Timestamp::parse("2026-11-21T12:00:00Z"));
        assert_eq!(read.users, [UserId(3)]);
    }

    #[test]
    fn every_field_that_cannot_be_read_is_told() {
        let mut form = Form::new()
            .with("kind", "swap")
            .with("user", "")
            .with("start", "later");
        assert!(input(&mut form, &TimeZone::UTC).is_none());
        for field in ["kind", "user", "start", "end"] {
            assert!(!form.error(field).is_empty(), "{field}");
        }
    }
}
