//! One's own profile: contact methods with their proof, notification rules, zone, password.

use actix_web::http::StatusCode;
use actix_web::{HttpResponse, web};
use domain::word::{ContactKind, Urgency};
use domain::{ContactMethodId, UserId};
use engine::account;
use engine::configuration::contact;
use engine::configuration::user::{self, EditUser, NewPassword};

use super::schedule::row;
use super::{choice, complaint, person, rule};
use crate::csrf::Checked;
use crate::error::WebError;
use crate::frame::{frame, redirect_with, redirect_with_flash, render, render_with};
use crate::session::SignedIn;
use crate::state::{AppState, State};
use crate::view::profile::{ProfilePage, RuleRow, RulesForm, UrgencyRules};
use crate::view::{Flash, FlashKind, Form, Nav, Press};

const HERE: &str = "/profile";

pub fn configure(cfg: &mut web::ServiceConfig) {
    cfg.service(
        web::resource("/profile")
            .route(web::get().to(show))
            .route(web::post().to(edit)),
    )
    .service(web::resource("/profile/password").route(web::post().to(set_password)))
    .service(web::resource("/profile/methods").route(web::post().to(add_method)))
    .service(web::resource("/profile/methods/{id}/code").route(web::post().to(send_code)))
    .service(web::resource("/profile/methods/{id}/verify").route(web::post().to(verify)))
    .service(web::resource("/profile/methods/{id}/delete").route(web::post().to(remove_method)))
    .service(web::resource("/profile/rules").route(web::post().to(save_rules)));
}

/// The page, with what was typed into one of its forms, or into the rules of one urgency.
async fn page(
    state: &AppState,
    me: &SignedIn,
    form: Form,
    typed: Option<(Urgency, Vec<RuleRow>)>,
) -> Result<ProfilePage, WebError> {
    let directory = state.directory();
    let user = directory
        .user(me.id())
        .ok_or_else(|| WebError::not_found("person"))?;
    let now = state.now();
    let (id, ids): (UserId, Vec<ContactMethodId>) = (
        user.id,
        user.methods.iter().map(|method| method.id).collect(),
    );
    let proofs = state
        .store()
        .read(move |conn| person::proofs(conn, id, &ids))
        .await?;
    let rules: Vec<UrgencyRules> = [Urgency::High, Urgency::Low]
        .into_iter()
        .map(|urgency| {
            let rows = match &typed {
                Some((typed, rows)) if *typed == urgency => rows.clone(),
                _ => rule::rows(user, urgency),
            };
            rule::with_picture(&directory, user, urgency, rows, now)
        })
        .collect();
    Ok(ProfilePage {
        frame: frame(state, me, "Your profile", Nav::Profile).await,
        methods: person::methods(user, &proofs, true, now),
        usable: rule::usable(user, &rules),
        rules,
        shifts: row::of_person(&directory, user, now),
        zones: choice::zones(&user.zone),
        hears_answers: user.hears_answers,
        form,
    })
}

async fn show(state: State, me: SignedIn) -> Result<HttpResponse, WebError> {
    render(&page(&state, &me, Form::new(), None).await?)
}

/// The page again with what was typed into the form called `name`, and why it was refused.
async fn refused(
    state: &AppState,
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

async fn edit(
    state: State,
    me: SignedIn,
    Checked(form): Checked,
) -> Result<HttpResponse, WebError> {
    let input = EditUser {
        name: Some(form.get("name").to_owned()),
        zone: Some(form.get("zone").to_owned()),
        hears_answers: Some(form.is("hears_answers", "yes")),
        ..EditUser::default()
    };
    match user::edit_user(state.store(), &me.ctx(state.now()), me.id(), input).await {
        Ok(()) => Ok(redirect_with_flash(&state, HERE, "Saved.")),
        Err(error) => refused(&state, &me, "profile", form, error).await,
    }
}

async fn set_password(
    state: State,
    me: SignedIn,
    Checked(form): Checked,
) -> Result<HttpResponse, WebError> {
    let input = NewPassword {
        current: Some(form.get("current").to_owned()),
        password: form.get("password").to_owned(),
        keep_session: Some(me.session.token_hash),
    };
    match user::set_password(state.store(), &me.ctx(state.now()), me.id(), input).await {
        Ok(()) => {
            let text = "The password is changed; your other sessions have ended.";
            Ok(redirect_with_flash(&state, HERE, text))
        }
        // Passwords are not shown again, not even to who typed them.
        Err(error) => refused(&state, &me, "password", Form::new(), error).await,
    }
}

async fn add_method(
    state: State,
    me: SignedIn,
    Checked(form): Checked,
) -> Result<HttpResponse, WebError> {
    let Ok(kind) = form.get("kind").parse::<ContactKind>() else {
        let error = engine::Error::invalid("address", "choose email or SMS");
        return refused(&state, &me, "method", form, error).await;
    };
    let ctx = me.ctx(state.now());
    let added = contact::add_method(state.store(), &ctx, me.id(), kind, form.get("address")).await;
    match added {
        Ok(method) => {
            account::request_code(state.store(), &ctx, me.id(), method).await?;
            Ok(redirect_with(&state, HERE, &code_sent(&state, kind)))
        }
        Err(error) => refused(&state, &me, "method", form, error).await,
    }
}

/// Says where the code can be found.
fn code_sent(state: &AppState, kind: ContactKind) -> Flash {
    let text = if state.engine.channels().is_configured(kind) {
        "Six digits are on their way. Type them in below."
    } else {
        "No provider is configured for it, so that the six digits stand on the Outbox page only."
    };
    Flash {
        kind: FlashKind::Info,
        text: text.to_owned(),
        undo: None,
    }
}

fn method_id(id: &str) -> Result<ContactMethodId, WebError> {
    id.parse()
        .map_err(|_| WebError::not_found("contact method"))
}

async fn send_code(
    state: State,
    me: SignedIn,
    id: web::Path<String>,
    _form: Checked,
) -> Result<HttpResponse, WebError> {
    let method = method_id(&id)?;
    let sent = account::request_code(state.store(), &me.ctx(state.now()), me.id(), method).await;
    match sent {
        Ok(()) => {
            let kind = state
                .directory()
                .user(me.id())
                .and_then(|user| user.method(method))
                .map_or(ContactKind::Email, |method| method.kind);
            Ok(redirect_with(&state, HERE, &code_sent(&state, kind)))
        }
        Err(error) => {
            let form = Form::new().with("method", method);
            refused(&state, &me, "verify", form, error).await
        }
    }
}

async fn verify(
    state: State,
    me: SignedIn,
    id: web::Path<String>,
    Checked(form): Checked,
) -> Result<HttpResponse, WebError> {
    let method = method_id(&id)?;
    let ctx = me.ctx(state.now());
    match account::confirm_code(state.store(), &ctx, me.id(), method, form.get("code")).await {
        Ok(()) => Ok(redirect_with_flash(
            &state,
            HERE,
            "Verified: pages can go there now.",
        )),
        Err(error) => {
            let form = form.with("method", method);
            refused(&state, &me, "verify", form, error).await
        }
    }
}

async fn remove_method(
    state: State,
    me: SignedIn,
    id: web::Path<String>,
    _form: Checked,
) -> Result<HttpResponse, WebError> {
    let method = method_id(&id)?;
    contact::remove_method(state.store(), &me.ctx(state.now()), me.id(), method).await?;
    Ok(redirect_with_flash(
        &state,
        HERE,
        "Removed, with its rules.",
    ))
}

async fn save_rules(
    state: State,
    me: SignedIn,
    Checked(form): Checked,
) -> Result<HttpResponse, WebError> {
    let Some(mut typed) = RulesForm::from_pairs(form.pairs()) else {
        return Err(WebError::BadRequest(
            "the rules are for high or low urgency".into(),
        ));
    };
    if typed.press != Press::Save {
        let page = page(&state, &me, Form::new(), Some((typed.urgency, typed.rows))).await?;
        return render(&page);
    }
    if let Some(rules) = rule::input(&mut typed.rows) {
        let ctx = me.ctx(state.now());
        let saved =
            contact::replace_rules(state.store(), &ctx, me.id(), typed.urgency, rules).await;
        match saved {
            Ok(()) => return Ok(redirect_with_flash(&state, HERE, "The rules are saved.")),
            Err(error) => rule::refuse(&mut typed.rows, error)?,
        }
    }
    let mut form = Form::new().with("form", "rules");
    form.refuse(format!(
        "The rules of {} urgency are not right yet.",
        typed.urgency
    ));
    let page = page(&state, &me, form, Some((typed.urgency, typed.rows))).await?;
    render_with(StatusCode::UNPROCESSABLE_ENTITY, &page)
}
