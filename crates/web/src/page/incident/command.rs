//! Command of an incident: roles, hand-overs, status updates.

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use actix_web::web::{self, Path, ServiceConfig};
use domain::command::role_title;
use domain::incident::Command;
use domain::word::{CommandRole, Phase};
use domain::{HandoverId, UserId};
use engine::Error;

use super::act::warning;
use super::scene::Part;
use super::show::Typed;
use super::{made, refused, url_of};
use crate::csrf::Checked;
use crate::error::WebError;
use crate::frame::{redirect_with, redirect_with_flash, render_with};
use crate::markdown;
use crate::page::complaint::sentence;
use crate::session::SignedIn;
use crate::state::State;
use crate::view::Form;
use crate::view::incident::form_of_role;

pub fn configure(cfg: &mut ServiceConfig) {
    cfg.route(
        "/incidents/{number}/roles/{role}/claim",
        web::post().to(claim),
    )
    .route(
        "/incidents/{number}/roles/{role}/release",
        web::post().to(release),
    )
    .route(
        "/incidents/{number}/roles/{role}/handover",
        web::post().to(hand_over),
    )
    .route(
        "/incidents/{number}/handovers/{id}/accept",
        web::post().to(accept),
    )
    .route(
        "/incidents/{number}/handovers/{id}/decline",
        web::post().to(decline),
    )
    .route("/incidents/{number}/updates", web::post().to(update));
}

fn role_of(word: &str) -> Result<CommandRole, WebError> {
    word.parse().map_err(|_| WebError::not_found("role"))
}

/// Done, or why not, on the incident's page.
fn led_on(
    state: &State,
    number: i64,
    result: Result<(), Error>,
    text: &str,
) -> Result<HttpResponse, WebError> {
    let url = url_of(number);
    match result {
        Ok(()) => Ok(redirect_with_flash(state, &url, text)),
        Err(Error::Refused(why)) => Ok(redirect_with(state, &url, &warning(&sentence(&why)))),
        Err(other) => Err(other.into()),
    }
}

async fn claim(
    state: State,
    me: SignedIn,
    path: Path<(i64, String)>,
    form: Checked,
) -> Result<HttpResponse, WebError> {
    let (number, word) = path.into_inner();
    let role = role_of(&word)?;
    let reason = form.text("reason").map(str::to_owned);
    let ctx = me.ctx(state.now());
    let result = engine::role::claim(state.store(), &ctx, number, role, reason).await;
    if let (Err(error @ (Error::Invalid(_) | Error::Refused(_))), true) =
        (&result, form.ticked("reason"))
    {
        let (error, form) = (error.clone(), form.into_inner());
        let name = form_of_role("claim", role);
        return refused(&state, &me, number, &name, form, error).await;
    }
    led_on(
        &state,
        number,
        result,
        &format!("{} is yours.", role_title(role)),
    )
}

async fn release(
    state: State,
    me: SignedIn,
    path: Path<(i64, String)>,
    _form: Checked,
) -> Result<HttpResponse, WebError> {
    let (number, word) = path.into_inner();
    let role = role_of(&word)?;
    let ctx = me.ctx(state.now());
    let result = engine::role::release(state.store(), &ctx, number, role).await;
    led_on(
        &state,
        number,
        result,
        &format!("{} is free again.", role_title(role)),
    )
}

async fn hand_over(
    state: State,
    me: SignedIn,
    path: Path<(i64, String)>,
    form: Checked,
) -> Result<HttpResponse, WebError> {
    let (number, word) = path.into_inner();
    let role = role_of(&word)?;
    let form = form.into_inner();
    let ctx = me.ctx(state.now());
    let to: Option<UserId> = form.text("to").and_then(|text| text.parse().ok());
    let result = match to {
        Some(to) => {
            let brief = form.get("brief").to_owned();
            engine::role::propose_handover(state.store(), &ctx, number, role, to, brief).await
        }
        None => Err(Error::invalid("to", "choose a person")),
    };
    match result {
        Ok(_) => {
            let text = "The hand-over is proposed; until it is accepted you keep the role.";
            Ok(redirect_with_flash(&state, &url_of(number), text))
        }
        Err(error) => {
            refused(
                &state,
                &me,
                number,
                &form_of_role("handover", role),
                form,
                error,
            )
            .await
        }
    }
}

async fn accept(
    state: State,
    me: SignedIn,
    path: Path<(i64, i64)>,
    _form: Checked,
) -> Result<HttpResponse, WebError> {
    let (number, id) = path.into_inner();
    let ctx = me.ctx(state.now());
    let result = engine::role::accept(state.store(), &ctx, HandoverId(id)).await;
    led_on(&state, number, result, "The role is yours.")
}

async fn decline(
    state: State,
    me: SignedIn,
    path: Path<(i64, i64)>,
    _form: Checked,
) -> Result<HttpResponse, WebError> {
    let (number, id) = path.into_inner();
    let ctx = me.ctx(state.now());
    let result = engine::role::decline(state.store(), &ctx, HandoverId(id)).await;
    led_on(
        &state,
        number,
        result,
        "Declined. The role stays where it is.",
    )
}

async fn update(
    state: State,
    me: SignedIn,
    number: Path<i64>,
    form: Checked,
) -> Result<HttpResponse, WebError> {
    let number = *number;
    let form = form.into_inner();
    if form.get("do") == "preview" {
        let typed = Typed {
            preview: Some(markdown::render(form.get("body"))),
            form: form.with("form", "update"),
            ..Typed::default()
        };
        let page = made(&state, &me, number, Part::default(), typed).await?;
        return render_with(StatusCode::OK, &page);
    }
    match publish(&state, &me, number, &form).await {
        Ok(()) => Ok(redirect_with_flash(
            &state,
            &url_of(number),
            "Update published.",
        )),
        Err(error) => refused(&state, &me, number, "update", form, error).await,
    }
}

/// Changes the phase if another was chosen, then publishes.
async fn publish(state: &State, me: &SignedIn, number: i64, form: &Form) -> Result<(), Error> {
    let text = form.get("body").to_owned();
    // Looked at first, so that a text that cannot go out changes no phase either.
    domain::update::check_text(&text).map_err(|error| Error::invalid("text", error.to_string()))?;
    let next = match form.text("next_minutes").map(str::parse::<i64>) {
        None => None,
        Some(Ok(minutes)) => Some(minutes),
        Some(Err(_)) => return Err(Error::invalid("next_due", "choose a number of minutes")),
    };
    let ctx = me.ctx(state.now());
    if let Ok(to) = form.get("phase").parse::<Phase>() {
        let now = state
            .store()
            .read(move |c| store::incident::by_number(c, number))
            .await
            .map_err(|error| match error {
                store::Error::NotFound => Error::NotFound("incident"),
                other => other.into(),
            })?;
        if now.phase != to {
            let command = Command::ChangePhase { to, reason: None };
            engine::incident::command(state.store(), &ctx, number, command).await?;
        }
    }
    engine::update::publish(state.store(), &ctx, number, text, next).await?;
    Ok(())
}
