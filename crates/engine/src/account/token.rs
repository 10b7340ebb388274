//! API tokens: `qd_` and 43 random characters, shown once, stored as SHA-256.

use domain::word::AccountRole;
use domain::{Timestamp, TokenId};
use serde_json::json;
use store::Store;
use store::account::{self, Token};

use super::secret;
use crate::access::{self, Right};
use crate::configuration::check::Checks;
use crate::configuration::record;
use crate::{Error, OpContext};

pub const PREFIX: &str = "qd_";
/// Shortest token that may be given literally, in characters.
pub const LENGTH_MIN: usize = 16;

/// A token that has just been made.
#[derive(Clone)]
pub struct NewToken {
    pub id: TokenId,
    /// Shown once.
    pub token: String,
}

/// Makes a token. Administrators only.
///
/// # Errors
/// [`Error::Forbidden`], [`Error::Invalid`], those of the store.
pub async fn create_token(
    store: &Store,
    ctx: &OpContext,
    name: &str,
    role: AccountRole,
) -> Result<NewToken, Error> {
    access::require(ctx, Right::Administer)?;
    let mut checks = Checks::default();
    let name = checks.name("name", name);
    checks.finish()?;
    let ctx = *ctx;
    store
        .write(move |tx| {
            let token = format!("{PREFIX}{}", secret::token());
            let id = tx.id(TokenId)?;
            let row = Token {
                id,
                name: name.clone(),
                hint: secret::hint(&token),
                role,
                created_by: ctx.actor.user,
                created_at: ctx.now,
                last_used_at: None,
                revoked_at: None,
            };
            account::insert_token(tx, &row, &secret::digest(&token))?;
            record(
                tx,
                &ctx,
                "token.create",
                format!("token:{id}"),
                json!({"name": name, "role": role}),
            )?;
            Ok(NewToken { id, token })
        })
        .await
}

/// All tokens, revoked ones too. Administrators only.
///
/// # Errors
/// [`Error::Forbidden`], those of the store.
pub async fn tokens(store: &Store, ctx: &OpContext) -> Result<Vec<Token>, Error> {
    access::require(ctx, Right::Administer)?;
    let rows = store.read(account::tokens).await?;
    Ok(rows.into_iter().map(|(token, _)| token).collect())
}

/// Revokes a token at once and for good. Administrators only.
///
/// # Errors
/// [`Error::Forbidden`], [`Error::NotFound`], those of the store.
pub async fn revoke_token(store: &Store, ctx: &OpContext, id: TokenId) -> Result<(), Error> {
    access::require(ctx, Right::Administer)?;
    let ctx = *ctx;
    store
        .write(move |tx| {
            account::revoke_token(tx, id, ctx.now).map_err(|error| match error {
                store::Error::NotFound => Error::NotFound("token"),
                other => other.into(),
            })?;
            record(tx, &ctx, "token.revoke", format!("token:{id}"), json!({}))
        })
        .await
}

/// The token that a request presents; `None` when it is unknown or revoked.
///
/// # Errors
/// Those of the store.
pub async fn authenticate(
    store: &Store,
    presented: &str,
    now: Timestamp,
) -> Result<Option<Token>, Error> {
    if !presented.starts_with(PREFIX) {
        return Ok(None);
    }
    let hash = secret::digest(presented);
    let found = store
        .read(move |conn| account::token_by_hash(conn, &hash))
        .await?;
    let Some(token) = found.filter(|token| token.revoked_at.is_none()) else {
        return Ok(None);
    };
    let stale = token
        .last_used_at
        .is_none_or(|used| now.since(used) >= domain::Span::from_minutes(1));
    if stale {
        let id = token.id;
        let touched = store
            .write(move |tx| account::touch_token(tx, id, now))
            .await;
        if let Err(error) = touched {
            tracing::debug!(%error, "the use of a token was not remembered");
        }
    }
    Ok(Some(token))
}
