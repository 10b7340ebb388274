//! First-run set-up, signing in and out, the choice of colours, and previews of Markdown.

use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse, web};
use engine::account::{self, SetUp, SignIn};
use engine::{Error, account::password};

use super::{choice, complaint, query};
use crate::cookie;
use crate::csrf::Checked;
use crate::error::WebError;
use crate::frame::{redirect, redirect_with_flash, render, render_with};
use crate::markdown;
use crate::session::{Guest, MaybeSignedIn, SignedIn, local_path, session_cookie, session_token};
use crate::state::{AppState, State};
use crate::view::auth::{SetupPage, SignInPage};
use crate::view::{Form, Theme};

/// The documented account of `--demo`.
const DEMO_ACCOUNT: (&str, &str) = ("admin@example.com", "quarterdeck-demo");

pub fn configure(cfg: &mut web::ServiceConfig) {
    cfg.service(
        web::resource("/setup")
            .route(web::get().to(setup))
            .route(web::post().to(set_up)),
    )
    .service(
        web::resource("/sign-in")
            .route(web::get().to(sign_in_page))
            .route(web::post().to(sign_in)),
    )
    .service(web::resource("/sign-out").route(web::post().to(sign_out)))
    .service(web::resource("/theme").route(web::post().to(theme)))
    .service(web::resource("/preview").route(web::post().to(preview)));
}

async fn setup(state: State, guest: Guest) -> Result<HttpResponse, WebError> {
    if !account::setup_needed(state.store()) {
        return Ok(redirect("/sign-in"));
    }
    render(&setup_page(&state, &guest, Form::new().with("zone", "UTC")))
}

fn setup_page(state: &AppState, guest: &Guest, form: Form) -> SetupPage {
    SetupPage {
        frame: guest.frame(state, "Set up"),
        zones: choice::zones(form.get("zone")),
        password_min: password::LENGTH_MIN,
        form,
    }
}

async fn set_up(
    state: State,
    guest: Guest,
    Checked(mut form): Checked,
) -> Result<HttpResponse, WebError> {
    let input = SetUp {
        name: form.get("name").to_owned(),
        email: form.get("email").to_owned(),
        password: form.get("password").to_owned(),
        zone: form.get("zone").to_owned(),
    };
    let now = state.now();
    let made = account::setup(state.store(), input, state.config.mail_configured, now).await;
    let user = match made {
        Ok(user) => user,
        // Somebody else was first: there is an account to sign in with.
        Err(Error::Refused(_)) => return Ok(redirect("/sign-in")),
        Err(error) => {
            complaint::show_plain(&mut form, error)?;
            let page = setup_page(&state, &guest, form);
            return render_with(StatusCode::UNPROCESSABLE_ENTITY, &page);
        }
    };
    let session = account::start_session(state.store(), user, &guest.user_agent, now).await?;
    signed_in(&state, &session, "/")
}

/// Leads on with the cookie of a session that has just begun.
fn signed_in(
    state: &AppState,
    session: &account::NewSession,
    next: &str,
) -> Result<HttpResponse, WebError> {
    let mut response = redirect(next);
    let cookies = [
        session_cookie(&state.config, session, state.now()),
        cookie::remove(&state.config, cookie::CSRF),
    ];
    for cookie in &cookies {
        response
            .add_cookie(cookie)
            .map_err(|error| WebError::Internal(format!("a cookie could not be set: {error}")))?;
    }
    Ok(response)
}

fn sign_in_form(state: &AppState, guest: &Guest, form: Form) -> SignInPage {
    SignInPage {
        frame: guest.frame(state, "Sign in"),
        demo_account: state
            .config
            .demo
            .then(|| (DEMO_ACCOUNT.0.to_owned(), DEMO_ACCOUNT.1.to_owned())),
        form,
    }
}

async fn sign_in_page(
    state: State,
    guest: Guest,
    MaybeSignedIn(me): MaybeSignedIn,
    req: HttpRequest,
) -> Result<HttpResponse, WebError> {
    let next = query::value(&req, "next").unwrap_or_default();
    if me.is_some() {
        return Ok(redirect(local_path(&next)));
    }
    if account::setup_needed(state.store()) {
        return Ok(redirect("/setup"));
    }
    let form = Form::new().with("next", next);
    render(&sign_in_form(&state, &guest, form))
}

async fn sign_in(
    state: State,
    guest: Guest,
    Checked(mut form): Checked,
) -> Result<HttpResponse, WebError> {
    let attempt = SignIn {
        email: form.get("email").to_owned(),
        password: form.get("password").to_owned(),
        address: guest.address.clone(),
        user_agent: guest.user_agent.clone(),
    };
    let error = match account::sign_in(state.store(), attempt, state.now()).await {
        Ok(session) => return signed_in(&state, &session, local_path(form.get("next"))),
        Err(error) => error,
    };
    let (status, wait) = match error {
        Error::TooMany(seconds) => (StatusCode::TOO_MANY_REQUESTS, Some(seconds)),
        _ => (StatusCode::UNPROCESSABLE_ENTITY, None),
    };
    match error {
        Error::Unauthenticated(why) => form.refuse(complaint::sentence(&why)),
        error => complaint::show_plain(&mut form, error)?,
    }
    let mut response = render_with(status, &sign_in_form(&state, &guest, form))?;
    if let Some(seconds) = wait {
        let name = actix_web::http::header::RETRY_AFTER;
        response.headers_mut().insert(name, seconds.max(1).into());
    }
    Ok(response)
}

async fn sign_out(
    state: State,
    req: HttpRequest,
    _form: Checked,
) -> Result<HttpResponse, WebError> {
    if let Some(token) = session_token(&req) {
        account::sign_out(state.store(), &token).await?;
    }
    let mut response = redirect_with_flash(&state, "/sign-in", "You are signed out.");
    response
        .add_cookie(&cookie::remove(&state.config, cookie::SESSION))
        .map_err(|error| WebError::Internal(format!("a cookie could not be removed: {error}")))?;
    Ok(response)
}

async fn theme(state: State, Checked(form): Checked) -> Result<HttpResponse, WebError> {
    /// The choice is remembered for a year.
    const YEAR: i64 = 365 * 24 * 60 * 60;
    let cookie = match Theme::parse(form.get("theme")) {
        Theme::System => cookie::remove(&state.config, cookie::THEME),
        theme => {
            let word = theme.as_str().to_owned();
            cookie::make(&state.config, cookie::THEME, word, Some(YEAR))
        }
    };
    let mut response = redirect(local_path(form.get("next")));
    response
        .add_cookie(&cookie)
        .map_err(|error| WebError::Internal(format!("a cookie could not be set: {error}")))?;
    Ok(response)
}

/// A fragment: Markdown as pages will show it.
async fn preview(_me: SignedIn, Checked(form): Checked) -> HttpResponse {
    HttpResponse::Ok()
        .content_type("text/html; charset=utf-8")
        .body(markdown::render(form.get("body")).0)
}
