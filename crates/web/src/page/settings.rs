//! Settings of the installation: last resort, API tokens, providers.

use std::time::Duration;

use actix_web::http::StatusCode;
use actix_web::{HttpResponse, web};
use domain::TokenId;
use domain::policy::Target;
use domain::word::ContactKind;
use engine::access::Right;
use engine::account;
use engine::configuration::setting;
use store::proof::ChannelProof;

use super::{choice, complaint};
use crate::csrf::Checked;
use crate::error::WebError;
use crate::frame::{frame, redirect_with_flash, render, render_with};
use crate::session::SignedIn;
use crate::state::{AppState, State};
use crate::view::settings::{ProviderRow, SettingsPage, TokenRow};
use crate::view::{Form, Nav, parse_target, target_value};

const HERE: &str = "/settings";
/// A provider that has not answered the page's question by then is shown as not answering.
const CHECK_PATIENCE: Duration = Duration::from_secs(2);

pub fn configure(cfg: &mut web::ServiceConfig) {
    cfg.service(web::resource("/settings").route(web::get().to(show)))
        .service(web::resource("/settings/last-resort").route(web::post().to(set_last_resort)))
        .service(web::resource("/settings/tokens").route(web::post().to(create_token)))
        .service(web::resource("/settings/tokens/{id}/revoke").route(web::post().to(revoke_token)));
}

async fn page(
    state: &AppState,
    me: &SignedIn,
    form: Form,
    new_token: Option<String>,
) -> Result<SettingsPage, WebError> {
    let directory = state.directory();
    let admin = me.may(Right::Administer);
    let last_resort = match form.get("form") {
        "last_resort" => form
            .all("target")
            .filter(|target| !target.is_empty())
            .map(str::to_owned)
            .collect(),
        _ => directory
            .settings
            .last_resort
            .iter()
            .map(target_value)
            .collect(),
    };
    Ok(SettingsPage {
        frame: frame(state, me, "Settings", Nav::Settings).await,
        last_resort,
        targets: choice::targets_and_channels(&directory),
        tokens: match admin {
            true => tokens(state, me).await?,
            false => Vec::new(),
        },
        new_token,
        providers: providers(state, admin).await?,
        facts: facts(state),
        form,
    })
}

async fn tokens(state: &AppState, me: &SignedIn) -> Result<Vec<TokenRow>, WebError> {
    let tokens = account::tokens(state.store(), &me.ctx(state.now())).await?;
    Ok(tokens
        .into_iter()
        .filter(|token| token.revoked_at.is_none())
        .map(|token| TokenRow {
            id: token.id,
            name: token.name,
            role: token.role,
            created_at: token.created_at,
            last_used_at: token.last_used_at,
        })
        .collect())
}

/// How each way out of the house fares. Administrators' looking makes the providers be asked.
async fn providers(state: &AppState, ask: bool) -> Result<Vec<ProviderRow>, WebError> {
    let proofs = state
        .store()
        .read(|conn| {
            ContactKind::ALL
                .iter()
                .map(|kind| store::proof::of_channel(conn, *kind))
                .collect::<Result<Vec<ChannelProof>, store::Error>>()
        })
        .await?;
    let mut rows = Vec::with_capacity(proofs.len());
    for (kind, proof) in ContactKind::ALL.iter().zip(proofs) {
        let channel = state.engine.channels().get(*kind);
        let configured = state.engine.channels().is_configured(*kind);
        let (name, hint) = match kind {
            ContactKind::Email => (
                "Email (SMTP)",
                "Mails stay on the Outbox page. Set smtp.host and smtp.from to send them.",
            ),
            ContactKind::Sms => (
                "SMS (Twilio API)",
                "SMS stay on the Outbox page. Set twilio.account_sid, twilio.auth_token and \
                 twilio.from to send them.",
            ),
        };
        let mut row = ProviderRow {
            name: name.to_owned(),
            target: configured.then(|| channel.name().to_owned()),
            last_success: proof.accepted_at.filter(|_| configured),
            last_failure: proof.failed.filter(|_| configured),
            hint: hint.to_owned(),
        };
        if configured && ask {
            let now = state.now();
            match tokio::time::timeout(CHECK_PATIENCE, channel.check()).await {
                Ok(Ok(reached)) => {
                    row.target = Some(reached);
                    // It answers now, whatever came before.
                    if row
                        .last_failure
                        .as_ref()
                        .is_some_and(|(at, _)| row.last_success < Some(*at))
                    {
                        row.last_success = Some(now);
                    }
                }
                Ok(Err(why)) => row.last_failure = Some((now, complaint::sentence(&why))),
                Err(_) => {
                    let why = format!("No answer within {} s.", CHECK_PATIENCE.as_secs());
                    row.last_failure = Some((now, why));
                }
            }
        }
        rows.push(row);
    }
    Ok(rows)
}

fn facts(state: &AppState) -> Vec<(String, String)> {
    let directory = state.directory();
    let database = match state.store().is_postgres() {
        true => "PostgreSQL",
        false => "SQLite",
    };
    [
        ("Version", env!("CARGO_PKG_VERSION").to_owned()),
        ("Database", database.to_owned()),
        ("Address", state.config.public_url.clone()),
        ("People", directory.users.len().to_string()),
        ("Services", directory.services.len().to_string()),
    ]
    .map(|(name, value)| (name.to_owned(), value))
    .to_vec()
}

async fn show(state: State, me: SignedIn) -> Result<HttpResponse, WebError> {
    render(&page(&state, &me, Form::new(), None).await?)
}

async fn set_last_resort(
    state: State,
    me: SignedIn,
    Checked(form): Checked,
) -> Result<HttpResponse, WebError> {
    me.require(Right::Administer)?;
    let mut form = form.with("form", "last_resort");
    let targets: Option<Vec<Target>> = form
        .all("target")
        .filter(|target| !target.is_empty())
        .map(parse_target)
        .collect();
    let set = match targets {
        Some(targets) => {
            setting::set_last_resort(state.store(), &me.ctx(state.now()), targets).await
        }
        None => Err(engine::Error::invalid("target", "choose from the list")),
    };
    match set {
        Ok(()) => Ok(redirect_with_flash(
            &state,
            HERE,
            "The last resort is saved.",
        )),
        Err(error) => {
            complaint::show(&mut form, error, |_| "target".to_owned())?;
            let page = page(&state, &me, form, None).await?;
            render_with(StatusCode::UNPROCESSABLE_ENTITY, &page)
        }
    }
}

async fn create_token(
    state: State,
    me: SignedIn,
    Checked(form): Checked,
) -> Result<HttpResponse, WebError> {
    me.require(Right::Administer)?;
    let mut form = form.with("form", "token");
    let made = match form.get("role").parse() {
        Ok(role) => {
            let ctx = me.ctx(state.now());
            account::create_token(state.store(), &ctx, form.get("name"), role).await
        }
        Err(_) => Err(engine::Error::invalid("name", "choose a role")),
    };
    match made {
        Ok(made) => render(&page(&state, &me, Form::new(), Some(made.token)).await?),
        Err(error) => {
            complaint::show_plain(&mut form, error)?;
            let page = page(&state, &me, form, None).await?;
            render_with(StatusCode::UNPROCESSABLE_ENTITY, &page)
        }
    }
}

async fn revoke_token(
    state: State,
    me: SignedIn,
    id: web::Path<String>,
    _form: Checked,
) -> Result<HttpResponse, WebError> {
    let id: TokenId = id.parse().map_err(|_| WebError::not_found("token"))?;
    account::revoke_token(state.store(), &me.ctx(state.now()), id).await?;
    Ok(redirect_with_flash(
        &state,
        HERE,
        "The token opens nothing any more.",
    ))
}
