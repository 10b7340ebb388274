//! Sessions, throttled sign-ins and API tokens. Only digests of secrets are stored.

use diesel::prelude::*;
use domain::word::AccountRole;
use domain::{Span, Timestamp, TokenId, UserId};

use crate::conn::Conn;
use crate::db;
use crate::error::Error;
use crate::schema::{api_token, session, sign_in_throttle, users};
use crate::tx::Tx;

/// A signed-in browser.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Session {
    /// SHA-256 of the cookie's value.
    pub token_hash: [u8; 32],
    pub user_id: UserId,
    pub created_at: Timestamp,
    pub seen_at: Timestamp,
    /// The absolute end, whatever the use.
    pub expires_at: Timestamp,
    pub user_agent: String,
}

/// # Errors
/// Those of the write.
pub fn insert_session(tx: &mut Tx<'_>, new: &Session) -> Result<(), Error> {
    db!(tx.conn, |c| diesel::insert_into(session::table)
        .values((
            session::token_hash.eq(&new.token_hash[..]),
            session::user_id.eq(new.user_id),
            session::created_at.eq(new.created_at),
            session::seen_at.eq(new.seen_at),
            session::expires_at.eq(new.expires_at),
            session::user_agent.eq(&new.user_agent),
        ))
        .execute(c))
    .map(drop)
}

/// A session with the role of its person, unless that account is disabled. Whether it has expired
/// is the caller's to judge.
///
/// # Errors
/// Those of the read.
pub fn session(
    conn: &mut Conn,
    token_hash: &[u8; 32],
) -> Result<Option<(Session, AccountRole)>, Error> {
    type Row = (UserId, Timestamp, Timestamp, Timestamp, String, AccountRole);
    let row: Option<Row> = db!(conn, |c| session::table
        .inner_join(users::table.on(users::id.eq(session::user_id)))
        .filter(session::token_hash.eq(&token_hash[..]))
        .filter(users::disabled_at.is_null())
        .select((
            session::user_id,
            session::created_at,
            session::seen_at,
            session::expires_at,
            session::user_agent,
            users::role,
        ))
        .first(c)
        .optional())?;
    Ok(row.map(
        |(user_id, created_at, seen_at, expires_at, user_agent, role)| {
            let token_hash = *token_hash;
            let found = Session {
                token_hash,
                user_id,
                created_at,
                seen_at,
                expires_at,
                user_agent,
            };
            (found, role)
        },
    ))
}

/// When the person last used any session that is still there.
///
/// # Errors
/// Those of the read.
pub fn last_seen(conn: &mut Conn, user: UserId) -> Result<Option<Timestamp>, Error> {
    db!(conn, |c| session::table
        .filter(session::user_id.eq(user))
        .select(diesel::dsl::max(session::seen_at))
        .first(c))
}

/// # Errors
/// Those of the write.
pub fn touch_session(tx: &mut Tx<'_>, token_hash: &[u8; 32], now: Timestamp) -> Result<(), Error> {
    db!(tx.conn, |c| diesel::update(
        session::table.find(&token_hash[..])
    )
    .set(session::seen_at.eq(now))
    .execute(c))
    .map(drop)
}

/// # Errors
/// Those of the write.
pub fn delete_session(tx: &mut Tx<'_>, token_hash: &[u8; 32]) -> Result<(), Error> {
    db!(tx.conn, |c| diesel::delete(
        session::table.find(&token_hash[..])
    )
    .execute(c))
    .map(drop)
}

/// Ends all sessions of a person, but for one that is to stay.
///
/// # Errors
/// Those of the write.
pub fn delete_sessions_of(
    tx: &mut Tx<'_>,
    user: UserId,
    keep: Option<&[u8; 32]>,
) -> Result<(), Error> {
    // No digest is empty, so that an empty one keeps nothing.
    let keep: &[u8] = keep.map_or(&[], |hash| &hash[..]);
    db!(tx.conn, |c| diesel::delete(
        session::table
            .filter(session::user_id.eq(user))
            .filter(session::token_hash.ne(keep))
    )
    .execute(c))
    .map(drop)
}

/// Deletes sessions past their end or unused for `idle`, and throttle entries older than a day.
///
/// # Errors
/// Those of the writes.
pub fn delete_expired(tx: &mut Tx<'_>, idle: Span, now: Timestamp) -> Result<(), Error> {
    db!(tx.conn, |c| diesel::delete(
        session::table.filter(
            session::expires_at
                .le(now)
                .or(session::seen_at.le(now - idle))
        )
    )
    .execute(c))?;
    db!(tx.conn, |c| diesel::delete(
        sign_in_throttle::table
            .filter(sign_in_throttle::last_failure_at.le(now - Span::from_days(1)))
            .filter(sign_in_throttle::blocked_until.le(now))
    )
    .execute(c))
    .map(drop)
}

/// Failed sign-ins of one account or one client address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Throttle {
    pub failures: i64,
    pub last_failure_at: Timestamp,
    pub blocked_until: Timestamp,
}

/// # Errors
/// Those of the read.
pub fn throttle(conn: &mut Conn, key: &str) -> Result<Option<Throttle>, Error> {
    let row: Option<(i64, Timestamp, Timestamp)> = db!(conn, |c| sign_in_throttle::table
        .find(key)
        .select((
            sign_in_throttle::failures,
            sign_in_throttle::last_failure_at,
            sign_in_throttle::blocked_until,
        ))
        .first(c)
        .optional())?;
    Ok(
        row.map(|(failures, last_failure_at, blocked_until)| Throttle {
            failures,
            last_failure_at,
            blocked_until,
        }),
    )
}

/// As [`throttle`], and keeps others from the entry until the transaction ends, so that failures
/// that come at the same time are all counted.
///
/// # Errors
/// Those of the write.
pub fn lock_throttle(tx: &mut Tx<'_>, key: &str) -> Result<Option<Throttle>, Error> {
    db!(tx.conn, |c| diesel::insert_into(sign_in_throttle::table)
        .values((
            sign_in_throttle::key.eq(key),
            sign_in_throttle::failures.eq(0_i64),
            sign_in_throttle::last_failure_at.eq(Timestamp(0)),
            sign_in_throttle::blocked_until.eq(Timestamp(0)),
        ))
        .on_conflict(sign_in_throttle::key)
        .do_update()
        .set(sign_in_throttle::failures.eq(sign_in_throttle::failures))
        .execute(c))?;
    throttle(tx.conn, key).map(|found| found.filter(|entry| entry.failures > 0))
}

/// # Errors
/// Those of the write.
pub fn put_throttle(tx: &mut Tx<'_>, key: &str, throttle: &Throttle) -> Result<(), Error> {
    let values = (
        sign_in_throttle::failures.eq(throttle.failures),
        sign_in_throttle::last_failure_at.eq(throttle.last_failure_at),
        sign_in_throttle::blocked_until.eq(throttle.blocked_until),
    );
    db!(tx.conn, |c| diesel::insert_into(sign_in_throttle::table)
        .values((sign_in_throttle::key.eq(key), values))
        .on_conflict(sign_in_throttle::key)
        .do_update()
        .set(values)
        .execute(c))
    .map(drop)
}

/// # Errors
/// Those of the write.
pub fn clear_throttle(tx: &mut Tx<'_>, key: &str) -> Result<(), Error> {
    db!(tx.conn, |c| diesel::delete(
        sign_in_throttle::table.find(key)
    )
    .execute(c))
    .map(drop)
}

/// An API token, as far as it may be shown.
#[derive(Clone, Debug, PartialEq, Eq, Queryable)]
pub struct Token {
    pub id: TokenId,
    pub name: String,
    /// The last four characters.
    pub hint: String,
    pub role: AccountRole,
    pub created_by: Option<UserId>,
    pub created_at: Timestamp,
    pub last_used_at: Option<Timestamp>,
    pub revoked_at: Option<Timestamp>,
}

type TokenColumns = (
    api_token::id,
    api_token::name,
    api_token::hint,
    api_token::role,
    api_token::created_by,
    api_token::created_at,
    api_token::last_used_at,
    api_token::revoked_at,
);
const TOKEN_COLUMNS: TokenColumns = (
    api_token::id,
    api_token::name,
    api_token::hint,
    api_token::role,
    api_token::created_by,
    api_token::created_at,
    api_token::last_used_at,
    api_token::revoked_at,
);

/// # Errors
/// [`Error::Conflict`] when the token exists already.
pub fn insert_token(tx: &mut Tx<'_>, token: &Token, token_hash: &[u8; 32]) -> Result<(), Error> {
    db!(tx.conn, |c| diesel::insert_into(api_token::table)
        .values((
            api_token::id.eq(token.id),
            api_token::name.eq(&token.name),
            api_token::token_hash.eq(&token_hash[..]),
            api_token::hint.eq(&token.hint),
            api_token::role.eq(token.role),
            api_token::created_by.eq(token.created_by),
            api_token::created_at.eq(token.created_at),
            api_token::last_used_at.eq(token.last_used_at),
            api_token::revoked_at.eq(token.revoked_at),
        ))
        .execute(c))
    .map(drop)
}

/// The token with this digest, revoked or not.
///
/// # Errors
/// Those of the read.
pub fn token_by_hash(conn: &mut Conn, token_hash: &[u8; 32]) -> Result<Option<Token>, Error> {
    db!(conn, |c| api_token::table
        .filter(api_token::token_hash.eq(&token_hash[..]))
        .select(TOKEN_COLUMNS)
        .first(c)
        .optional())
}

/// All tokens with their digests, oldest first.
///
/// # Errors
/// Those of the read; [`Error::Corrupt`] for a digest of the wrong size.
pub fn tokens(conn: &mut Conn) -> Result<Vec<(Token, [u8; 32])>, Error> {
    let rows: Vec<(Token, Vec<u8>)> = db!(conn, |c| api_token::table
        .select((TOKEN_COLUMNS, api_token::token_hash))
        .order((api_token::created_at, api_token::id))
        .load(c))?;
    rows.into_iter()
        .map(|(token, hash)| {
            let hash = hash
                .try_into()
                .map_err(|_| Error::Corrupt("api_token.token_hash".into()))?;
            Ok((token, hash))
        })
        .collect()
}

/// Writes name and role.
///
/// # Errors
/// [`Error::NotFound`] without such a token.
pub fn update_token(
    tx: &mut Tx<'_>,
    id: TokenId,
    name: &str,
    role: AccountRole,
) -> Result<(), Error> {
    let changed = db!(tx.conn, |c| diesel::update(api_token::table.find(id))
        .set((api_token::name.eq(name), api_token::role.eq(role)))
        .execute(c))?;
    if changed == 0 {
        Err(Error::NotFound)
    } else {
        Ok(())
    }
}

/// Remembers the use of a token, at most once a minute.
///
/// # Errors
/// Those of the write.
pub fn touch_token(tx: &mut Tx<'_>, id: TokenId, now: Timestamp) -> Result<(), Error> {
    let stale = api_token::table.find(id).filter(
        api_token::last_used_at
            .is_null()
            .or(api_token::last_used_at.le(now - Span::from_minutes(1))),
    );
    db!(tx.conn, |c| diesel::update(stale)
        .set(api_token::last_used_at.eq(Some(now)))
        .execute(c))
    .map(drop)
}

/// # Errors
/// [`Error::NotFound`] without such a token that is not revoked yet.
pub fn revoke_token(tx: &mut Tx<'_>, id: TokenId, now: Timestamp) -> Result<(), Error> {
    let live = api_token::table
        .find(id)
        .filter(api_token::revoked_at.is_null());
    let changed = db!(tx.conn, |c| diesel::update(live)
        .set(api_token::revoked_at.eq(Some(now)))
        .execute(c))?;
    if changed == 0 {
        Err(Error::NotFound)
    } else {
        Ok(())
    }
}
