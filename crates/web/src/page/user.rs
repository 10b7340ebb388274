//! People: accounts, their roles and whether they can be reached.

use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse, web};
use domain::UserId;
use domain::directory::{Directory, User};
use domain::word::{AccountRole, ContactKind};
use engine::Error;
use engine::access::Right;
use engine::configuration::user::{self, EditUser, NewPassword, NewUser};

use super::schedule::row;
use super::{choice, complaint, person, query};
use crate::csrf::Checked;
use crate::error::WebError;
use crate::frame::{frame, redirect_with_flash, render, render_with};
use crate::session::SignedIn;
use crate::state::{AppState, State};
use crate::view::user::{UserListPage, UserNewPage, UserPage, UserRow};
use crate::view::{Form, Nav};

pub fn configure(cfg: &mut web::ServiceConfig) {
    cfg.service(
        web::resource("/users")
            .route(web::get().to(list))
            .route(web::post().to(create)),
    )
    .service(web::resource("/users/new").route(web::get().to(new)))
    .service(
        web::resource("/users/{id}")
            .route(web::get().to(show))
            .route(web::post().to(edit)),
    )
    .service(web::resource("/users/{id}/password").route(web::post().to(set_password)));
}

async fn list(state: State, me: SignedIn, req: HttpRequest) -> Result<HttpResponse, WebError> {
    let q = query::value(&req, "q").unwrap_or_default();
    let directory = state.directory();
    let now = state.now();
    let mut rows: Vec<UserRow> = directory
        .users
        .values()
        .filter(|user| person::matches(user, &q))
        .map(|user| person::row(&directory, user, now))
        .collect();
    rows.sort_by_cached_key(|row| (row.disabled, row.name.to_lowercase(), row.id));
    let frame = frame(&state, &me, "People", Nav::People).await;
    render(&UserListPage { frame, rows, q })
}

async fn new_page(state: &AppState, me: &SignedIn, form: Form) -> UserNewPage {
    UserNewPage {
        frame: frame(state, me, "New person", Nav::People).await,
        zones: choice::zones(form.get("zone")),
        form,
    }
}

async fn new(state: State, me: SignedIn) -> Result<HttpResponse, WebError> {
    me.require(Right::Administer)?;
    let form = Form::new()
        .with("role", AccountRole::Responder)
        .with("zone", &me.user.zone);
    render(&new_page(&state, &me, form).await)
}

async fn create(
    state: State,
    me: SignedIn,
    Checked(mut form): Checked,
) -> Result<HttpResponse, WebError> {
    me.require(Right::Administer)?;
    let made = match form.get("role").parse() {
        Ok(role) => {
            let password = form.get("password").to_owned();
            let input = NewUser {
                name: form.get("name").to_owned(),
                email: form.get("email").to_owned(),
                role,
                zone: form.get("zone").to_owned(),
                phone: form.text("phone").map(str::to_owned),
                // Without mail no code could arrive, and nothing could ever be proved.
                email_verified: !state.engine.channels().is_configured(ContactKind::Email),
                password: Some(password),
            };
            if form.get("password").is_empty() {
                Err(Error::invalid("password", "a first password is needed"))
            } else {
                user::create_user(state.store(), &me.ctx(state.now()), input).await
            }
        }
        Err(_) => Err(Error::invalid("role", "choose a role")),
    };
    match made {
        Ok(id) => {
            let name = form.get("name").trim();
            let text = format!("{name} can sign in now with the password you chose.");
            Ok(redirect_with_flash(&state, &format!("/users/{id}"), &text))
        }
        Err(error) => {
            complaint::show_plain(&mut form, error)?;
            let page = new_page(&state, &me, form).await;
            render_with(StatusCode::UNPROCESSABLE_ENTITY, &page)
        }
    }
}

fn find<'a>(directory: &'a Directory, id: &str) -> Result<&'a User, WebError> {
    id.parse::<UserId>()
        .ok()
        .and_then(|id| directory.user(id))
        .ok_or_else(|| WebError::not_found("person"))
}

fn form_of(user: &User) -> Form {
    let form = Form::new()
        .with("name", &user.name)
        .with("role", user.role)
        .with("zone", &user.zone);
    match user.disabled {
        true => form.with("disabled", "yes"),
        false => form,
    }
}

async fn page(
    state: &AppState,
    me: &SignedIn,
    directory: &Directory,
    user: &User,
    form: Form,
) -> Result<UserPage, WebError> {
    let id = user.id;
    let (proofs, last_seen) = state
        .store()
        .read(move |conn| {
            let proofs = person::proofs(conn, id, &[])?;
            Ok::<_, store::Error>((proofs, store::account::last_seen(conn, id)?))
        })
        .await?;
    let admin = me.may(Right::Administer);
    let now = state.now();
    Ok(UserPage {
        frame: frame(state, me, &user.name, Nav::People).await,
        user: person::row(directory, user, now),
        zone: user.zone.clone(),
        methods: person::methods(user, &proofs, admin || me.id() == id, now),
        shifts: row::of_person(directory, user, now),
        last_seen: last_seen.filter(|_| admin || me.id() == id),
        zones: choice::zones(&user.zone),
        form,
    })
}

async fn show(state: State, me: SignedIn, id: web::Path<String>) -> Result<HttpResponse, WebError> {
    let directory = state.directory();
    let user = find(&directory, &id)?;
    render(&page(&state, &me, &directory, user, form_of(user)).await?)
}

async fn edit(
    state: State,
    me: SignedIn,
    id: web::Path<String>,
    Checked(mut form): Checked,
) -> Result<HttpResponse, WebError> {
    me.require(Right::Administer)?;
    let directory = state.directory();
    let user = find(&directory, &id)?;
    let edited = match form.get("role").parse() {
        Ok(role) => {
            let edit = EditUser {
                name: Some(form.get("name").to_owned()),
                email: None,
                role: Some(role),
                zone: Some(form.get("zone").to_owned()),
                disabled: Some(form.ticked("disabled")),
                hears_answers: None,
            };
            user::edit_user(state.store(), &me.ctx(state.now()), user.id, edit).await
        }
        Err(_) => Err(Error::invalid("role", "choose a role")),
    };
    match edited {
        Ok(()) => Ok(redirect_with_flash(
            &state,
            &format!("/users/{}", user.id),
            "Saved.",
        )),
        Err(error) => {
            complaint::show_plain(&mut form, error)?;
            let page = page(&state, &me, &directory, user, form).await?;
            render_with(StatusCode::UNPROCESSABLE_ENTITY, &page)
        }
    }
}

async fn set_password(
    state: State,
    me: SignedIn,
    id: web::Path<String>,
    Checked(typed): Checked,
) -> Result<HttpResponse, WebError> {
    me.require(Right::Administer)?;
    let directory = state.directory();
    let user = find(&directory, &id)?;
    let set = if user.id == me.id() {
        let message = "change your own password under Profile, where the old one is asked for";
        Err(Error::invalid("password", message))
    } else {
        let input = NewPassword {
            current: None,
            password: typed.get("password").to_owned(),
            keep_session: None,
        };
        user::set_password(state.store(), &me.ctx(state.now()), user.id, input).await
    };
    match set {
        Ok(()) => {
            let text = format!(
                "{} has a new password; their sessions have ended.",
                user.name
            );
            Ok(redirect_with_flash(
                &state,
                &format!("/users/{}", user.id),
                &text,
            ))
        }
        Err(error) => {
            let mut form = form_of(user);
            complaint::show_plain(&mut form, error)?;
            let page = page(&state, &me, &directory, user, form).await?;
            render_with(StatusCode::UNPROCESSABLE_ENTITY, &page)
        }
    }
}
