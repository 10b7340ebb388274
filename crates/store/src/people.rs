//! People: accounts, passwords, contact methods with their verification, notification rules.

use std::collections::BTreeMap;

use diesel::prelude::*;
use domain::directory::{ContactMethod, NotificationRule, User};
use domain::notification::Medium;
use domain::notification::verification::Challenge;
use domain::word::{AccountRole, NotificationKind, NotificationState, Urgency};
use domain::{ContactMethodId, NotificationId, Timestamp, UserId};

use crate::change::Change;
use crate::conn::Conn;
use crate::db;
use crate::error::Error;
use crate::schema::{contact_method, contact_verification, notification, notification_rule, users};
use crate::tx::Tx;

/// Writes a new account, without its contact methods and rules.
///
/// # Errors
/// [`Error::Conflict`] when the e-mail address is taken.
pub fn insert(
    tx: &mut Tx<'_>,
    user: &User,
    password_hash: Option<&str>,
    now: Timestamp,
) -> Result<(), Error> {
    db!(tx.conn, |c| diesel::insert_into(users::table)
        .values((
            users::id.eq(user.id),
            users::email.eq(user.email.to_lowercase()),
            users::name.eq(&user.name),
            users::role.eq(user.role),
            users::zone.eq(&user.zone),
            users::password_hash.eq(password_hash),
            users::disabled_at.eq(user.disabled.then_some(now)),
            users::hears_answers.eq(user.hears_answers),
            users::created_at.eq(now),
        ))
        .execute(c))?;
    tx.configured()
}

/// Writes name, address, role, zone and whether the account is disabled.
///
/// # Errors
/// [`Error::NotFound`] without such an account, [`Error::Conflict`] when the address is taken.
pub fn update(tx: &mut Tx<'_>, user: &User, now: Timestamp) -> Result<(), Error> {
    let changed = db!(tx.conn, |c| diesel::update(users::table.find(user.id))
        .set((
            users::email.eq(user.email.to_lowercase()),
            users::name.eq(&user.name),
            users::role.eq(user.role),
            users::zone.eq(&user.zone),
            users::hears_answers.eq(user.hears_answers),
        ))
        .execute(c))?;
    if changed == 0 {
        return Err(Error::NotFound);
    }
    if user.disabled {
        // Somebody already disabled stays so since when it was.
        let enabled = users::table
            .find(user.id)
            .filter(users::disabled_at.is_null());
        db!(tx.conn, |c| diesel::update(enabled)
            .set(users::disabled_at.eq(Some(now)))
            .execute(c))?;
    } else {
        db!(tx.conn, |c| diesel::update(users::table.find(user.id))
            .set(users::disabled_at.eq(None::<Timestamp>))
            .execute(c))?;
    }
    tx.configured()
}

/// The stored password hash (PHC string); `None` when the person never had a password.
///
/// # Errors
/// [`Error::NotFound`] without such an account.
pub fn password_hash(conn: &mut Conn, user: UserId) -> Result<Option<String>, Error> {
    db!(conn, |c| users::table
        .find(user)
        .select(users::password_hash)
        .first(c))
}

/// Every stored password hash.
///
/// # Errors
/// Those of the read.
pub fn password_hashes(conn: &mut Conn) -> Result<BTreeMap<UserId, String>, Error> {
    let rows: Vec<(UserId, Option<String>)> = db!(conn, |c| users::table
        .filter(users::password_hash.is_not_null())
        .select((users::id, users::password_hash))
        .load(c))?;
    Ok(rows
        .into_iter()
        .filter_map(|(id, hash)| Some((id, hash?)))
        .collect())
}

/// Replaces the password hash.
///
/// # Errors
/// [`Error::NotFound`] without such an account.
pub fn set_password_hash(tx: &mut Tx<'_>, user: UserId, hash: &str) -> Result<(), Error> {
    let changed = db!(tx.conn, |c| diesel::update(users::table.find(user))
        .set(users::password_hash.eq(Some(hash)))
        .execute(c))?;
    if changed == 0 {
        Err(Error::NotFound)
    } else {
        Ok(())
    }
}

/// How many accounts there are, and how many of them are administrators that may sign in.
///
/// # Errors
/// Those of the reads.
pub fn count(conn: &mut Conn) -> Result<(i64, i64), Error> {
    let all = db!(conn, |c| users::table.count().get_result(c))?;
    let admins = db!(conn, |c| users::table
        .filter(users::role.eq(AccountRole::Admin))
        .filter(users::disabled_at.is_null())
        .count()
        .get_result(c))?;
    Ok((all, admins))
}

/// Adds a contact method to a person.
///
/// # Errors
/// [`Error::Conflict`] when the person already has it.
pub fn insert_method(
    tx: &mut Tx<'_>,
    user: UserId,
    method: &ContactMethod,
    now: Timestamp,
) -> Result<(), Error> {
    db!(tx.conn, |c| diesel::insert_into(contact_method::table)
        .values((
            contact_method::id.eq(method.id),
            contact_method::user_id.eq(user),
            contact_method::kind.eq(method.kind),
            contact_method::address.eq(&method.address),
            contact_method::verified_at.eq(method.verified_at),
            contact_method::broken_reason.eq(&method.broken),
            contact_method::created_at.eq(now),
        ))
        .execute(c))?;
    tx.configured()
}

/// Removes a contact method with its verification and the rules that use it.
///
/// # Errors
/// [`Error::NotFound`] without such a method.
pub fn remove_method(tx: &mut Tx<'_>, method: ContactMethodId) -> Result<(), Error> {
    let removed = db!(tx.conn, |c| diesel::delete(
        contact_method::table.find(method)
    )
    .execute(c))?;
    if removed == 0 {
        return Err(Error::NotFound);
    }
    tx.configured()
}

/// The method has been proved: it counts from now on, and is no longer broken.
///
/// # Errors
/// [`Error::NotFound`] without such a method.
pub fn mark_verified(
    tx: &mut Tx<'_>,
    method: ContactMethodId,
    now: Timestamp,
) -> Result<(), Error> {
    remove_challenge(tx, method)?;
    let changed = db!(tx.conn, |c| diesel::update(
        contact_method::table.find(method)
    )
    .set((
        contact_method::verified_at.eq(Some(now)),
        contact_method::broken_reason.eq(None::<String>),
    ))
    .execute(c))?;
    if changed == 0 {
        return Err(Error::NotFound);
    }
    tx.configured()
}

/// The provider refuses the address for good (PAGING.md §6.5). A method that is gone is fine.
///
/// # Errors
/// Those of the write.
pub fn mark_broken(tx: &mut Tx<'_>, method: ContactMethodId, reason: &str) -> Result<(), Error> {
    db!(tx.conn, |c| diesel::update(
        contact_method::table.find(method)
    )
    .set(contact_method::broken_reason.eq(Some(reason)))
    .execute(c))?;
    tx.configured()
}

/// The code last sent to a method, if it has not been used or replaced.
///
/// # Errors
/// Those of the read; [`Error::Corrupt`] for a digest of the wrong size.
pub fn challenge(conn: &mut Conn, method: ContactMethodId) -> Result<Option<Challenge>, Error> {
    let row: Option<(Vec<u8>, Timestamp, i64)> = db!(conn, |c| contact_verification::table
        .find(method)
        .select((
            contact_verification::code_hash,
            contact_verification::sent_at,
            contact_verification::tries,
        ))
        .first(c)
        .optional())?;
    row.map(|(digest, issued_at, tries)| {
        Ok(Challenge {
            digest: digest
                .try_into()
                .map_err(|_| Error::Corrupt("contact_verification.code_hash".into()))?,
            issued_at,
            tries: u32::try_from(tries).unwrap_or(u32::MAX),
        })
    })
    .transpose()
}

/// Stores a new code of a method in place of an earlier one.
///
/// # Errors
/// Those of the writes.
pub fn put_challenge(
    tx: &mut Tx<'_>,
    method: ContactMethodId,
    challenge: &Challenge,
    expires_at: Timestamp,
) -> Result<(), Error> {
    remove_challenge(tx, method)?;
    db!(tx.conn, |c| diesel::insert_into(
        contact_verification::table
    )
    .values((
        contact_verification::method_id.eq(method),
        contact_verification::code_hash.eq(&challenge.digest[..]),
        contact_verification::sent_at.eq(challenge.issued_at),
        contact_verification::expires_at.eq(expires_at),
        contact_verification::tries.eq(i64::from(challenge.tries)),
    ))
    .execute(c))
    .map(drop)
}

/// Counts a wrong answer.
///
/// # Errors
/// Those of the write.
pub fn count_try(tx: &mut Tx<'_>, method: ContactMethodId) -> Result<(), Error> {
    db!(tx.conn, |c| diesel::update(
        contact_verification::table.find(method)
    )
    .set(contact_verification::tries.eq(contact_verification::tries + 1))
    .execute(c))
    .map(drop)
}

fn remove_challenge(tx: &mut Tx<'_>, method: ContactMethodId) -> Result<(), Error> {
    db!(tx.conn, |c| diesel::delete(
        contact_verification::table.find(method)
    )
    .execute(c))
    .map(drop)
}

/// Replaces all notification rules of a person, in the order given.
///
/// # Errors
/// [`Error::Conflict`] when a rule names a method that does not exist.
pub fn replace_rules(
    tx: &mut Tx<'_>,
    user: UserId,
    rules: &[NotificationRule],
) -> Result<(), Error> {
    db!(tx.conn, |c| diesel::delete(
        notification_rule::table.filter(notification_rule::user_id.eq(user))
    )
    .execute(c))?;
    for (position, rule) in (0_i64..).zip(rules) {
        db!(tx.conn, |c| diesel::insert_into(notification_rule::table)
            .values((
                notification_rule::id.eq(rule.id),
                notification_rule::user_id.eq(user),
                notification_rule::urgency.eq(rule.urgency),
                notification_rule::position.eq(position),
                notification_rule::method_id.eq(rule.method_id),
                notification_rule::delay.eq(rule.delay),
            ))
            .execute(c))?;
    }
    tx.configured()
}

/// Puts the message that carries a verification code into the outbox.
///
/// # Errors
/// Those of the write.
pub fn verification_notification(
    tx: &mut Tx<'_>,
    user: UserId,
    method: &ContactMethod,
    subject: &str,
    body: &str,
    now: Timestamp,
) -> Result<NotificationId, Error> {
    let id = tx.id(NotificationId)?;
    db!(tx.conn, |c| diesel::insert_into(notification::table)
        .values((
            notification::id.eq(id),
            notification::kind.eq(NotificationKind::Verification),
            notification::state.eq(NotificationState::Planned),
            notification::user_id.eq(Some(user)),
            notification::method_id.eq(Some(method.id)),
            notification::channel.eq(Medium::from(method.kind)),
            notification::address.eq(&method.address),
            notification::urgency.eq(Urgency::High),
            notification::subject.eq(subject),
            notification::body.eq(body),
            notification::created_at.eq(now),
            notification::due_at.eq(now),
            notification::attempts.eq(0_i64),
            notification::fence.eq(0_i64),
        ))
        .execute(c))?;
    tx.changed(Change::Outbox);
    Ok(id)
}
