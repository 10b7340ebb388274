//! Channels: their list, what each was told, editing and trying them out.

use std::collections::BTreeMap;

use actix_web::http::StatusCode;
use actix_web::{HttpResponse, web};
use domain::channel::{Channel, ChannelKind};
use domain::directory::Directory;
use domain::policy::Target;
use domain::word::NotificationState;
use domain::{IncidentId, TeamId};
use engine::access::Right;
use engine::configuration::channel::{
    ChannelInput, create_channel, edit_channel, remove_channel, rotate_secret, test_channel,
};
use engine::dispatch::text_of_post;
use store::notification::Notification;

use super::removal::{self, Outcome, Removal};
use super::{choice, complaint};
use crate::api::channel_post::POSTS;
use crate::csrf::Checked;
use crate::error::WebError;
use crate::frame::{frame, redirect_with, redirect_with_flash, render, render_with};
use crate::page::schedule::form::read_id;
use crate::session::SignedIn;
use crate::state::{AppState, State};
use crate::view::channel::{ChannelFormPage, ChannelListPage, ChannelPage, ChannelRow, PostRow};
use crate::view::{Flash, FlashKind, Form, Link, Nav};

const HERE: &str = "/channels";

pub fn configure(cfg: &mut web::ServiceConfig) {
    cfg.service(
        web::resource(HERE)
            .route(web::get().to(list))
            .route(web::post().to(create)),
    )
    .service(web::resource("/channels/new").route(web::get().to(new)))
    .service(
        web::resource("/channels/{slug}")
            .route(web::get().to(show))
            .route(web::post().to(edit)),
    )
    .service(web::resource("/channels/{slug}/edit").route(web::get().to(edit_page)))
    .service(web::resource("/channels/{slug}/test").route(web::post().to(test)))
    .service(web::resource("/channels/{slug}/rotate").route(web::post().to(rotate)))
    .service(web::resource("/channels/{slug}/delete").route(web::post().to(delete)));
}

fn find<'a>(directory: &'a Directory, slug: &str) -> Result<&'a Channel, WebError> {
    directory
        .channel_by_slug(slug)
        .ok_or_else(|| WebError::not_found("channel"))
}

/// Policies and schedules that tell a channel, and the settings where it is a last resort.
fn used_by(directory: &Directory, channel: &Channel) -> Vec<Link> {
    let target = Target::Channel(channel.id);
    let policies = directory.policies.values();
    let last_resort = directory.settings.last_resort.contains(&target);
    policies
        .filter(|policy| policy.current.config.mentions(target))
        .map(|policy| Link {
            label: policy.name.clone(),
            href: format!("/policies/{}", policy.slug),
        })
        .chain(
            directory
                .hand_offs
                .iter()
                .filter(|(_, id)| **id == channel.id)
                .filter_map(|(schedule, _)| directory.schedule(*schedule))
                .map(|schedule| Link {
                    label: format!("Hand-offs of {}", schedule.name),
                    href: format!("/schedules/{}", schedule.slug),
                }),
        )
        .chain(last_resort.then(|| Link {
            label: "The last resort".to_owned(),
            href: "/settings".to_owned(),
        }))
        .collect()
}

fn row(directory: &Directory, channel: &Channel) -> ChannelRow {
    ChannelRow {
        name: channel.name.clone(),
        slug: channel.slug.clone(),
        kind: channel.kind,
        team: choice::team_link(directory, channel.team_id),
        address: channel.shown_address(),
        enabled: channel.enabled,
        trouble: channel.trouble.clone(),
        used: used_by(directory, channel).len(),
    }
}

async fn list(state: State, me: SignedIn) -> Result<HttpResponse, WebError> {
    let directory = state.directory();
    let channels = directory.channels.values();
    let mut rows: Vec<ChannelRow> = channels.map(|one| row(&directory, one)).collect();
    rows.sort_by_cached_key(|row| row.name.to_lowercase());
    let frame = frame(&state, &me, "Channels", Nav::Channels).await;
    render(&ChannelListPage { frame, rows })
}

fn post_row(row: Notification, number: Option<i64>, public_url: &str) -> PostRow {
    let text = text_of_post(&row, public_url);
    PostRow {
        id: row.id,
        state: row.state,
        text: text.map(|said| said.text).unwrap_or_default(),
        subject: row.subject,
        incident: number,
        created_at: row.created_at,
        next_at: (row.state == NotificationState::Planned).then_some(row.due_at),
        accepted_at: row.accepted_at,
        attempts: u32::try_from(row.attempts).unwrap_or(u32::MAX),
        last_error: row.last_error,
    }
}

async fn posts(state: &AppState, channel: &Channel) -> Result<Vec<PostRow>, WebError> {
    let id = channel.id;
    let (rows, numbers) = state
        .store()
        .read(move |c| {
            let rows = store::channel::posts(c, id, POSTS)?;
            let mut numbers: BTreeMap<IncidentId, i64> = BTreeMap::new();
            for id in rows.iter().filter_map(|row| row.incident_id) {
                if let std::collections::btree_map::Entry::Vacant(slot) = numbers.entry(id) {
                    slot.insert(store::incident::fetch(c, id)?.number);
                }
            }
            Ok::<_, store::Error>((rows, numbers))
        })
        .await?;
    let url = &state.engine.sender().public_url;
    Ok(rows
        .into_iter()
        .map(|row| {
            let number = row.incident_id.and_then(|id| numbers.get(&id).copied());
            post_row(row, number, url)
        })
        .collect())
}

async fn page(
    state: &AppState,
    me: &SignedIn,
    directory: &Directory,
    channel: &Channel,
    new_secret: Option<String>,
    form: Form,
) -> Result<ChannelPage, WebError> {
    let now = state.now();
    let old = channel.old_secret.as_ref().map(|(_, until)| *until);
    Ok(ChannelPage {
        frame: frame(state, me, &channel.name, Nav::Channels).await,
        row: row(directory, channel),
        description: channel.description.clone(),
        signs: channel.kind.signs(),
        old_secret_until: old.filter(|until| now < *until),
        new_secret,
        used_by: used_by(directory, channel),
        posts: posts(state, channel).await?,
        form,
    })
}

async fn show(
    state: State,
    me: SignedIn,
    slug: web::Path<String>,
) -> Result<HttpResponse, WebError> {
    let directory = state.directory();
    let channel = find(&directory, &slug)?;
    render(&page(&state, &me, &directory, channel, None, Form::new()).await?)
}

async fn form_page(
    state: &AppState,
    me: &SignedIn,
    existing: Option<&Channel>,
    form: Form,
    status: StatusCode,
) -> Result<HttpResponse, WebError> {
    let title = match existing {
        Some(_) => "Edit channel",
        None => "New channel",
    };
    let page = ChannelFormPage {
        frame: frame(state, me, title, Nav::Channels).await,
        form,
        slug: existing.map(|one| one.slug.clone()),
        kind: existing.map(|one| one.kind),
        teams: choice::teams(&state.directory()),
    };
    render_with(status, &page)
}

/// What the form stands for, unless something cannot be read; then what, beside its field.
fn input(form: &mut Form, existing: Option<&Channel>) -> Option<ChannelInput> {
    let team = read_id(form, "team", TeamId);
    let kind = match existing {
        Some(existing) => Some(existing.kind),
        None => form.get("kind").parse::<ChannelKind>().ok(),
    };
    let Some(kind) = kind else {
        form.reject("kind", "Choose what kind of place it is.");
        return None;
    };
    if form.has_errors() {
        return None;
    }
    Some(ChannelInput {
        name: form.get("name").to_owned(),
        // Addresses of pages stay as they are.
        slug: match existing {
            Some(_) => None,
            None => form.text("slug").map(str::to_owned),
        },
        description: form.get("description").to_owned(),
        team_id: team?,
        kind,
        address: form.text("address").map(str::to_owned),
        enabled: form.ticked("enabled"),
    })
}

async fn new(state: State, me: SignedIn) -> Result<HttpResponse, WebError> {
    me.require(Right::Configure)?;
    let form = Form::new()
        .with("kind", ChannelKind::Slack)
        .with("enabled", "yes");
    form_page(&state, &me, None, form, StatusCode::OK).await
}

async fn create(
    state: State,
    me: SignedIn,
    Checked(mut form): Checked,
) -> Result<HttpResponse, WebError> {
    me.require(Right::Configure)?;
    if let Some(input) = input(&mut form, None) {
        match create_channel(state.store(), &me.ctx(state.now()), input).await {
            Ok(made) => {
                let directory = state.directory();
                let channel = directory
                    .channel(made.id)
                    .ok_or_else(|| WebError::not_found("channel"))?;
                let Some(secret) = made.secret else {
                    let path = format!("/channels/{}", channel.slug);
                    let text = "The channel is there. Send it a test, then add it to a policy.";
                    return Ok(redirect_with_flash(&state, &path, text));
                };
                let secret = Some(secret.reveal().to_owned());
                let page = page(&state, &me, &directory, channel, secret, Form::new()).await?;
                return render(&page);
            }
            Err(error) => complaint::show_plain(&mut form, error)?,
        }
    }
    form_page(&state, &me, None, form, StatusCode::UNPROCESSABLE_ENTITY).await
}

async fn edit_page(
    state: State,
    me: SignedIn,
    slug: web::Path<String>,
) -> Result<HttpResponse, WebError> {
    me.require(Right::Configure)?;
    let directory = state.directory();
    let channel = find(&directory, &slug)?;
    form_page(&state, &me, Some(channel), form_of(channel), StatusCode::OK).await
}

/// The form of a channel as it is.
fn form_of(channel: &Channel) -> Form {
    let mut form = Form::new()
        .with("name", &channel.name)
        .with("description", &channel.description);
    if !channel.kind.address_is_secret() {
        form = form.with("address", channel.address.reveal());
    }
    if let Some(team) = channel.team_id {
        form = form.with("team", team);
    }
    if channel.enabled {
        form = form.with("enabled", "yes");
    }
    form
}

async fn edit(
    state: State,
    me: SignedIn,
    slug: web::Path<String>,
    Checked(mut form): Checked,
) -> Result<HttpResponse, WebError> {
    me.require(Right::Configure)?;
    let directory = state.directory();
    let channel = find(&directory, &slug)?;
    if let Some(input) = input(&mut form, Some(channel)) {
        match edit_channel(state.store(), &me.ctx(state.now()), channel.id, input).await {
            Ok(()) => {
                let path = format!("/channels/{}", channel.slug);
                return Ok(redirect_with_flash(&state, &path, "Saved."));
            }
            Err(error) => complaint::show_plain(&mut form, error)?,
        }
    }
    let status = StatusCode::UNPROCESSABLE_ENTITY;
    form_page(&state, &me, Some(channel), form, status).await
}

async fn test(
    state: State,
    me: SignedIn,
    slug: web::Path<String>,
    _form: Checked,
) -> Result<HttpResponse, WebError> {
    me.require(Right::Configure)?;
    let directory = state.directory();
    let channel = find(&directory, &slug)?;
    let engine = &state.engine;
    let tested = test_channel(
        state.store(),
        engine.channels(),
        engine.sender(),
        &me.ctx(state.now()),
        channel.id,
        || engine.now(),
    )
    .await?;
    let flash = match tested.failure {
        None => Flash {
            kind: FlashKind::Done,
            text: format!("The test was taken by {}.", channel.shown_address()),
            undo: None,
        },
        Some(why) => Flash {
            kind: FlashKind::Failed,
            text: format!("The test failed. {}", complaint::sentence(&why)),
            undo: None,
        },
    };
    let path = format!("/channels/{}", channel.slug);
    Ok(redirect_with(&state, &path, &flash))
}

async fn rotate(
    state: State,
    me: SignedIn,
    slug: web::Path<String>,
    _form: Checked,
) -> Result<HttpResponse, WebError> {
    me.require(Right::Configure)?;
    let id = find(&state.directory(), &slug)?.id;
    let made = rotate_secret(state.store(), &me.ctx(state.now()), id).await?;
    let directory = state.directory();
    let channel = find(&directory, &slug)?;
    let secret = made.secret.map(|secret| secret.reveal().to_owned());
    render(&page(&state, &me, &directory, channel, secret, Form::new()).await?)
}

async fn delete(
    state: State,
    me: SignedIn,
    slug: web::Path<String>,
    Checked(typed): Checked,
) -> Result<HttpResponse, WebError> {
    me.require(Right::Configure)?;
    let directory = state.directory();
    let channel = find(&directory, &slug)?;
    let what = Removal {
        confirm: &channel.slug,
        told: format!("{} is deleted.", channel.name),
        to: HERE,
    };
    let ctx = me.ctx(state.now());
    let remove = remove_channel(state.store(), &ctx, channel.id);
    match removal::confirmed(&state, &typed, what, remove).await {
        Outcome::Gone(response) => Ok(response),
        Outcome::Kept(why) => {
            let mut form = Form::new();
            complaint::show_plain(&mut form, why)?;
            let page = page(&state, &me, &directory, channel, None, form).await?;
            render_with(StatusCode::UNPROCESSABLE_ENTITY, &page)
        }
    }
}
