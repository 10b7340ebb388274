//! Signing in with e-mail address and password, throttled per account and per client address.

use std::net::IpAddr;

use domain::word::Origin;
use domain::{Span, Timestamp};
use serde_json::json;
use store::account::{self, Throttle};
use store::{Store, Tx, people};

use super::{NewSession, password, session};
use crate::Error;

/// Failures without consequences.
const FREE: i64 = 5;
/// Failures are forgotten after this time without another.
const WINDOW: Span = Span::from_minutes(15);
/// The block after the last free failure; it doubles with each further one.
const BLOCK_FIRST: Span = Span::from_minutes(1);
/// An account must not be lockable for good by somebody who knows its address.
const BLOCK_MAX: Span = Span::from_minutes(60);

/// An attempt to sign in.
#[derive(Clone)]
pub struct SignIn {
    pub email: String,
    pub password: String,
    /// The client's address as the server sees it.
    pub address: String,
    pub user_agent: String,
}

/// Signs in. An unknown account, a disabled one and a wrong password get the same answer after the
/// same time.
///
/// # Errors
/// [`Error::Unauthenticated`], [`Error::TooMany`] while account or address is blocked, and those of
/// the store.
pub async fn sign_in(store: &Store, attempt: SignIn, now: Timestamp) -> Result<NewSession, Error> {
    let email = attempt.email.trim().to_lowercase();
    let keys = [account_key(&email), address_key(&attempt.address)];

    // The failure is counted before the password is looked at, and taken back afterwards: attempts
    // made at the same time cannot slip through together.
    let counted = keys.clone();
    let hash = store
        .write(move |tx| {
            count_failures(tx, &counted, now)?;
            let directory = tx.directory()?;
            match directory
                .user_by_email(&email)
                .filter(|user| !user.disabled)
            {
                Some(user) => {
                    let hash = people::password_hash(tx, user.id)?;
                    Ok(hash.map(|hash| (user.id, hash)))
                }
                None => Ok::<_, Error>(None),
            }
        })
        .await?;
    let (user_id, hash) = hash.unzip();
    let verified = attempt.password.chars().count() <= password::LENGTH_MAX
        && password::verify(attempt.password, hash).await;
    let Some(user_id) = user_id.filter(|_| verified) else {
        return Err(Error::Unauthenticated(
            "the e-mail address or the password is not right".into(),
        ));
    };

    let user_agent = attempt.user_agent;
    store
        .write(move |tx| {
            let [account_key, address_key] = &keys;
            account::clear_throttle(tx, account_key)?;
            take_back(tx, address_key)?;
            tx.audit(
                now,
                Some(user_id),
                Origin::Web,
                "sign_in",
                &format!("user:{user_id}"),
                &json!({}),
            )?;
            session::begin(tx, user_id, &user_agent, now)
        })
        .await
}

fn account_key(email: &str) -> String {
    let email: String = email.chars().take(254).collect();
    format!("account {email}")
}

/// An IPv6 client owns a whole /64.
fn address_key(address: &str) -> String {
    match address.parse() {
        Ok(IpAddr::V6(v6)) if v6.to_ipv4_mapped().is_none() => {
            let [a, b, c, d, ..] = v6.segments();
            format!("address {a:x}:{b:x}:{c:x}:{d:x}::/64")
        }
        _ => {
            let address: String = address.chars().take(64).collect();
            format!("address {address}")
        }
    }
}

fn count_failures(tx: &mut Tx<'_>, keys: &[String], now: Timestamp) -> Result<(), Error> {
    for key in keys {
        let previous = account::lock_throttle(tx, key)?;
        if let Some(blocked) = previous.filter(|entry| entry.blocked_until > now) {
            let left = blocked.blocked_until.since(now).as_seconds() + 1;
            return Err(Error::TooMany(left));
        }
        account::put_throttle(tx, key, &after_failure(previous, now))?;
    }
    Ok(())
}

fn after_failure(previous: Option<Throttle>, now: Timestamp) -> Throttle {
    let remembered = previous.filter(|entry| {
        let quiet_since = entry.last_failure_at.max(entry.blocked_until);
        now.since(quiet_since) < WINDOW
    });
    let failures = remembered
        .map_or(0, |entry| entry.failures)
        .saturating_add(1);
    let blocked_until = if failures < FREE {
        Timestamp(0)
    } else {
        let doublings = (failures - FREE).clamp(0, 16);
        now + (BLOCK_FIRST * (1 << doublings)).min(BLOCK_MAX)
    };
    Throttle {
        failures,
        last_failure_at: now,
        blocked_until,
    }
}

/// A success takes back the failure counted for it, but forgives no earlier one: else somebody
/// could go on guessing by signing in to an account of their own now and then.
fn take_back(tx: &mut Tx<'_>, key: &str) -> Result<(), Error> {
    let Some(entry) = account::lock_throttle(tx, key)? else {
        return Ok(account::clear_throttle(tx, key)?);
    };
    let failures = entry.failures - 1;
    if failures <= 0 {
        return Ok(account::clear_throttle(tx, key)?);
    }
    let corrected = Throttle {
        failures,
        // This attempt was let in, so whatever block there is came from it.
        blocked_until: Timestamp(0),
        ..entry
    };
    Ok(account::put_throttle(tx, key, &corrected)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp::from_seconds(1_800_000_000);

    #[test]
    fn the_fifth_failure_blocks_and_each_further_one_twice_as_long() {
        let mut entry = None;
        let mut now = NOW;
        let mut blocks = vec![];
        for _ in 0..13 {
            let next = after_failure(entry, now);
            blocks.push((next.blocked_until.since(now).as_seconds() / 60).max(0));
            now = now.max(next.blocked_until) + Span::from_seconds(1);
            entry = Some(next);
        }
        assert_eq!(blocks, [0, 0, 0, 0, 1, 2, 4, 8, 16, 32, 60, 60, 60]);
    }

    #[test]
    fn failures_are_forgotten_after_a_quiet_quarter_of_an_hour() {
        let mut entry = None;
        for _ in 0..4 {
            entry = Some(after_failure(entry, NOW));
        }
        let later = after_failure(entry, NOW + WINDOW);
        assert_eq!(later.failures, 1);
        assert_eq!(
            after_failure(entry, NOW + Span::from_minutes(14)).failures,
            5
        );
    }

    #[test]
    fn one_ipv6_network_is_one_client() {
        assert_eq!(address_key("2001:db8::1"), address_key("2001:db8::ffff:1"));
        assert_ne!(address_key("2001:db8::1"), address_key("2001:db8:0:1::1"));
        assert_ne!(address_key("10.0.0.1"), address_key("10.0.0.2"));
        assert_ne!(
            address_key("::ffff:10.0.0.1"),
            address_key("::ffff:10.0.0.2")
        );
    }
}
