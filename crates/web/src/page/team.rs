//! Teams.

use actix_web::http::StatusCode;
use actix_web::{HttpResponse, web};
use domain::UserId;
use domain::directory::{Directory, Team};
use engine::access::Right;
use engine::configuration::team::{self, TeamInput};

use super::removal::{self, Outcome, Removal};
use super::{choice, complaint};
use crate::csrf::Checked;
use crate::error::WebError;
use crate::frame::{frame, redirect_with_flash, render, render_with};
use crate::session::SignedIn;
use crate::state::{AppState, State};
use crate::view::team::{TeamListPage, TeamPage, TeamRow};
use crate::view::{Form, Link, Nav};

pub fn configure(cfg: &mut web::ServiceConfig) {
    cfg.service(
        web::resource("/teams")
            .route(web::get().to(list))
            .route(web::post().to(create)),
    )
    .service(
        web::resource("/teams/{slug}")
            .route(web::get().to(show))
            .route(web::post().to(edit)),
    )
    .service(web::resource("/teams/{slug}/delete").route(web::post().to(delete)));
}

fn row(directory: &Directory, team: &Team) -> TeamRow {
    TeamRow {
        name: team.name.clone(),
        slug: team.slug.clone(),
        members: choice::persons(directory, &team.members),
    }
}

async fn list_page(state: &AppState, me: &SignedIn, form: Form) -> TeamListPage {
    let directory = state.directory();
    let mut rows: Vec<TeamRow> = directory
        .teams
        .values()
        .map(|team| row(&directory, team))
        .collect();
    rows.sort_by_cached_key(|row| row.name.to_lowercase());
    TeamListPage {
        frame: frame(state, me, "Teams", Nav::People).await,
        rows,
        form,
    }
}

async fn list(state: State, me: SignedIn) -> Result<HttpResponse, WebError> {
    render(&list_page(&state, &me, Form::new()).await)
}

async fn create(
    state: State,
    me: SignedIn,
    Checked(mut form): Checked,
) -> Result<HttpResponse, WebError> {
    let input = TeamInput {
        name: form.get("name").to_owned(),
        ..TeamInput::default()
    };
    match team::create_team(state.store(), &me.ctx(state.now()), input).await {
        Ok(id) => {
            let directory = state.directory();
            let slug = directory.team(id).map(|team| team.slug.clone());
            let path = format!("/teams/{}", slug.unwrap_or_default());
            Ok(redirect_with_flash(
                &state,
                &path,
                "The team is there. Choose its members.",
            ))
        }
        Err(error) => {
            complaint::show_plain(&mut form, error)?;
            let page = list_page(&state, &me, form).await;
            render_with(StatusCode::UNPROCESSABLE_ENTITY, &page)
        }
    }
}

fn find<'a>(directory: &'a Directory, slug: &str) -> Result<&'a Team, WebError> {
    directory
        .team_by_slug(slug)
        .ok_or_else(|| WebError::not_found("team"))
}

async fn page(
    state: &AppState,
    me: &SignedIn,
    directory: &Directory,
    team: &Team,
    form: Form,
) -> TeamPage {
    let owned = Some(team.id);
    let link = |label: &str, kind: &str, slug: &str| Link {
        label: label.to_owned(),
        href: format!("/{kind}/{slug}"),
    };
    TeamPage {
        frame: frame(state, me, &team.name, Nav::People).await,
        team: row(directory, team),
        services: directory
            .services
            .values()
            .filter(|one| one.team_id == owned)
            .map(|one| link(&one.name, "services", &one.slug))
            .collect(),
        schedules: directory
            .schedules
            .values()
            .filter(|one| one.team_id == owned)
            .map(|one| link(&one.name, "schedules", &one.slug))
            .collect(),
        policies: directory
            .policies
            .values()
            .filter(|one| one.team_id == owned)
            .map(|one| link(&one.name, "policies", &one.slug))
            .collect(),
        people: choice::people_and(directory, &team.members),
        form,
    }
}

async fn show(
    state: State,
    me: SignedIn,
    slug: web::Path<String>,
) -> Result<HttpResponse, WebError> {
    let directory = state.directory();
    let team = find(&directory, &slug)?;
    let form = form_of(team);
    render(&page(&state, &me, &directory, team, form).await)
}

async fn delete(
    state: State,
    me: SignedIn,
    slug: web::Path<String>,
    Checked(typed): Checked,
) -> Result<HttpResponse, WebError> {
    me.require(Right::Configure)?;
    let directory = state.directory();
    let team = find(&directory, &slug)?;
    let what = Removal {
        confirm: &team.slug,
        told: format!("{} is deleted.", team.name),
        to: "/teams",
    };
    let ctx = me.ctx(state.now());
    let remove = team::remove_team(state.store(), &ctx, team.id);
    match removal::confirmed(&state, &typed, what, remove).await {
        Outcome::Gone(response) => Ok(response),
        Outcome::Kept(why) => {
            let mut form = form_of(team);
            complaint::show_plain(&mut form, why)?;
            let page = page(&state, &me, &directory, team, form).await;
            render_with(StatusCode::UNPROCESSABLE_ENTITY, &page)
        }
    }
}

/// The form of a team as it is.
fn form_of(team: &Team) -> Form {
    let form = Form::new().with("name", &team.name);
    team.members
        .iter()
        .fold(form, |form, member| form.with("member", member))
}

async fn edit(
    state: State,
    me: SignedIn,
    slug: web::Path<String>,
    Checked(mut form): Checked,
) -> Result<HttpResponse, WebError> {
    me.require(Right::Configure)?;
    let directory = state.directory();
    let team = find(&directory, &slug)?;
    let members: Result<Vec<UserId>, _> = form.all("member").map(str::parse).collect();
    let refused = match members {
        Ok(members) => {
            let input = TeamInput {
                name: form.get("name").to_owned(),
                slug: None,
                description: team.description.clone(),
                members,
            };
            let ctx = me.ctx(state.now());
            match team::edit_team(state.store(), &ctx, team.id, input).await {
                Ok(()) => {
                    let path = format!("/teams/{}", team.slug);
                    return Ok(redirect_with_flash(&state, &path, "Saved."));
                }
                Err(error) => error,
            }
        }
        Err(_) => engine::Error::invalid("members", "choose people from the list"),
    };
    complaint::show(&mut form, refused, |field| match field {
        "name" => "name".to_owned(),
        _ => "member".to_owned(),
    })?;
    let page = page(&state, &me, &directory, team, form).await;
    render_with(StatusCode::UNPROCESSABLE_ENTITY, &page)
}
