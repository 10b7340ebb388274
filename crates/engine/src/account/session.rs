//! Signed-in browsers. The cookie holds 32 random bytes; the store holds their SHA-256.

use domain::word::{AccountRole, Origin};
use domain::{Span, Timestamp, UserId};
use store::account::{self, Session};
use store::{Store, Tx};

use super::secret;
use crate::{Error, OpContext};

/// A session not used for this time ends.
pub const IDLE: Span = Span::from_days(14);
/// A session ends after this time, whatever its use.
pub const ABSOLUTE: Span = Span::from_days(90);
/// The use of a session is remembered this often.
const TOUCH_EVERY: Span = Span::from_minutes(5);
const USER_AGENT_MAX: usize = 300;

/// A session that has just begun.
#[derive(Clone)]
pub struct NewSession {
    /// For the cookie; not stored anywhere.
    pub token: String,
    pub user_id: UserId,
    pub expires_at: Timestamp,
}

/// Who a browser belongs to.
#[derive(Clone, Copy, Debug)]
pub struct CurrentSession {
    pub user_id: UserId,
    pub role: AccountRole,
    /// Names the session without giving it away.
    pub token_hash: [u8; 32],
    pub created_at: Timestamp,
}

impl CurrentSession {
    pub fn context(&self, now: Timestamp) -> OpContext {
        OpContext::user(self.user_id, self.role, Origin::Web, now)
    }
}

/// Begins a session of somebody whose identity has been established.
///
/// # Errors
/// Those of the store.
pub async fn start_session(
    store: &Store,
    user_id: UserId,
    user_agent: &str,
    now: Timestamp,
) -> Result<NewSession, Error> {
    let user_agent = user_agent.to_owned();
    store
        .write(move |tx| begin(tx, user_id, &user_agent, now))
        .await
}

pub(super) fn begin(
    tx: &mut Tx<'_>,
    user_id: UserId,
    user_agent: &str,
    now: Timestamp,
) -> Result<NewSession, Error> {
    let token = secret::token();
    let expires_at = now + ABSOLUTE;
    // Opportunity makes the sweeper: whoever signs in clears what has expired.
    account::delete_expired(tx, IDLE, now)?;
    account::insert_session(
        tx,
        &Session {
            token_hash: secret::digest(&token),
            user_id,
            created_at: now,
            seen_at: now,
            expires_at,
            user_agent: user_agent.chars().take(USER_AGENT_MAX).collect(),
        },
    )?;
    Ok(NewSession {
        token,
        user_id,
        expires_at,
    })
}

/// Whose session a cookie's value is; `None` when it has ended, or never was.
///
/// # Errors
/// Those of the store.
pub async fn session(
    store: &Store,
    token: &str,
    now: Timestamp,
) -> Result<Option<CurrentSession>, Error> {
    let hash = secret::digest(token);
    let found = store
        .read(move |conn| account::session(conn, &hash))
        .await?;
    let Some((session, role)) = found else {
        return Ok(None);
    };
    if session.expires_at <= now || now.since(session.seen_at) >= IDLE {
        return Ok(None);
    }
    if now.since(session.seen_at) >= TOUCH_EVERY {
        let touched = store
            .write(move |tx| account::touch_session(tx, &hash, now))
            .await;
        if let Err(error) = touched {
            // Reading must go on while the database cannot write.
            tracing::debug!(%error, "the use of a session was not remembered");
        }
    }
    Ok(Some(CurrentSession {
        user_id: session.user_id,
        role,
        token_hash: hash,
        created_at: session.created_at,
    }))
}

/// Ends a session; one that has ended already is fine.
///
/// # Errors
/// Those of the store.
pub async fn sign_out(store: &Store, token: &str) -> Result<(), Error> {
    let hash = secret::digest(token);
    store
        .write(move |tx| account::delete_session(tx, &hash).map_err(Error::from))
        .await
}
