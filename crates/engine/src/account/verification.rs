//! Proof that a contact method is the person's (PAGING.md §6.1). The numbers are
//! `domain::notification::verification`'s.

use domain::directory::ContactMethod;
use domain::notification::verification::{
    self, Challenge, TRIES_MAX, VALID_FOR, Verdict, judge, may_issue,
};
use domain::{ContactMethodId, Timestamp, UserId};
use serde_json::json;
use store::{Store, Tx, people};

use crate::configuration::{record, require_self_or_admin};
use crate::{Error, OpContext};

/// Sends six digits to a contact method. For its owner and administrators.
///
/// # Errors
/// [`Error::TooMany`] within a minute of the last code, [`Error::NotFound`], [`Error::Forbidden`],
/// those of the store.
pub async fn request_code(
    store: &Store,
    ctx: &OpContext,
    user: UserId,
    method: ContactMethodId,
) -> Result<(), Error> {
    require_self_or_admin(ctx, user)?;
    let now = ctx.now;
    store
        .write(move |tx| {
            let directory = tx.directory()?;
            let found = directory
                .user(user)
                .and_then(|person| person.method(method))
                .ok_or(Error::NotFound("contact method"))?;
            issue(tx, user, found, now)
        })
        .await
}

/// Stores a fresh code and puts its message into the outbox.
pub(super) fn issue(
    tx: &mut Tx<'_>,
    user: UserId,
    method: &ContactMethod,
    now: Timestamp,
) -> Result<(), Error> {
    let last = people::challenge(tx, method.id)?;
    may_issue(last.map(|challenge| challenge.issued_at), now)
        .map_err(|wait| Error::TooMany(wait.as_seconds().max(1)))?;
    let code = verification::code(rand::random());
    let challenge = Challenge {
        digest: verification::digest(method.id, &code),
        issued_at: now,
        tries: 0,
    };
    people::put_challenge(tx, method.id, &challenge, now + VALID_FOR)?;
    let minutes = VALID_FOR.as_seconds() / 60;
    let subject = format!("{code} is your Quarterdeck code");
    let body = format!(
        "{code} is your Quarterdeck code for this address. It holds for {minutes} minutes. If you \
         did not ask for it, ignore this message."
    );
    people::verification_notification(tx, user, method, &subject, &body, now)?;
    Ok(())
}

/// Judges the answer to the last code; the right one makes the method count. For its owner and
/// administrators.
///
/// # Errors
/// [`Error::Invalid`] on the field `code`, [`Error::NotFound`], [`Error::Forbidden`], those of the
/// store.
pub async fn confirm_code(
    store: &Store,
    ctx: &OpContext,
    user: UserId,
    method: ContactMethodId,
    answer: &str,
) -> Result<(), Error> {
    require_self_or_admin(ctx, user)?;
    let answer: String = answer.chars().filter(|c| !c.is_whitespace()).collect();
    let ctx = *ctx;
    // The verdict is the transaction's value, not its error: a wrong try must be counted durably.
    let verdict = store
        .write(move |tx| {
            let directory = tx.directory()?;
            directory
                .user(user)
                .and_then(|person| person.method(method))
                .ok_or(Error::NotFound("contact method"))?;
            let Some(challenge) = people::challenge(tx, method)? else {
                return Ok(None);
            };
            let verdict = judge(&challenge, method, &answer, ctx.now);
            match verdict {
                Verdict::Verified => {
                    people::mark_verified(tx, method, ctx.now)?;
                    let subject = format!("contact_method:{method}");
                    record(tx, &ctx, "contact_method.verify", subject, json!({}))?;
                }
                Verdict::Wrong { .. } => people::count_try(tx, method)?,
                Verdict::Expired | Verdict::TooManyTries => {}
            }
            Ok::<_, Error>(Some(verdict))
        })
        .await?;
    let message = match verdict {
        Some(Verdict::Verified) => return Ok(()),
        Some(Verdict::Wrong { tries_left: 0 } | Verdict::TooManyTries) => {
            format!("that was wrong {TRIES_MAX} times: ask for a new code")
        }
        Some(Verdict::Wrong { tries_left }) => {
            format!("that is not the code that was sent; tries left: {tries_left}")
        }
        Some(Verdict::Expired) => "the code has expired: ask for a new one".to_owned(),
        None => "no code has been sent: ask for one".to_owned(),
    };
    Err(Error::invalid("code", message))
}
