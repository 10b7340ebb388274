//! Passwords: argon2id, hashed on blocking threads, a few at a time.

use std::sync::LazyLock;

use argon2::password_hash::phc::PasswordHash;
use argon2::password_hash::{PasswordHasher, PasswordVerifier};
use argon2::{Algorithm, Argon2, Params, Version};
use tokio::sync::Semaphore;

use crate::{Error, Problem};

/// Shortest and longest password, in characters. The upper limit keeps a sign-in form from being a
/// way to make the server hash megabytes.
pub const LENGTH_MIN: usize = 10;
pub const LENGTH_MAX: usize = 256;

/// Memory in KiB, passes and lanes: the recommendation of the OWASP password storage cheat sheet.
const MEMORY_KIB: u32 = 19 * 1024;
const PASSES: u32 = 2;
const LANES: u32 = 1;

/// Each hash takes 19 MiB while it runs: a flood of sign-ins must not take the machine's memory.
static PLACES: Semaphore = Semaphore::const_new(4);

/// Verified against when there is no account, so that the answer takes the same time.
static NOBODY: LazyLock<Option<String>> = LazyLock::new(|| hash_now(&super::secret::token()).ok());

/// Whether a new password may be used.
///
/// # Errors
/// What is wrong with it, for the named field.
pub fn check(field: &str, password: &str) -> Result<(), Problem> {
    let length = password.chars().count();
    if length < LENGTH_MIN {
        let message = format!("a password has at least {LENGTH_MIN} characters");
        return Err(Problem::new(field, message));
    }
    if length > LENGTH_MAX {
        let message = format!("a password has at most {LENGTH_MAX} characters");
        return Err(Problem::new(field, message));
    }
    let mut characters = password.chars();
    let first = characters.next();
    if characters.all(|character| Some(character) == first) {
        return Err(Problem::new(
            field,
            "a password needs more than one character repeated",
        ));
    }
    Ok(())
}

/// Hashes a password on a blocking thread; the result is a PHC string.
///
/// # Errors
/// [`Error::Overloaded`] when the runtime shuts down.
pub async fn hash(password: String) -> Result<String, Error> {
    let _place = PLACES.acquire().await.map_err(|_| Error::Overloaded)?;
    tokio::task::spawn_blocking(move || hash_now(&password))
        .await
        .unwrap_or(Err(Error::Overloaded))
}

/// Whether a password is the one that was hashed. Without a hash it takes as long and is false.
pub async fn verify(password: String, hash: Option<String>) -> bool {
    let Ok(_place) = PLACES.acquire().await else {
        return false;
    };
    tokio::task::spawn_blocking(move || match hash {
        Some(hash) => verify_now(&password, &hash),
        None => {
            if let Some(hash) = &*NOBODY {
                verify_now(&password, hash);
            }
            false
        }
    })
    .await
    .unwrap_or(false)
}

/// Whether a text is a hash that [`verify`] can check: for hashes that come from a file.
pub fn is_hash(text: &str) -> bool {
    PasswordHash::new(text).is_ok_and(|hash| {
        hash.algorithm.as_str().starts_with("argon2") && hash.hash.is_some() && hash.salt.is_some()
    })
}

/// [`hash`] on this thread.
///
/// # Errors
/// [`Error::Overloaded`] when the system gives no randomness or memory.
pub fn hash_now(password: &str) -> Result<String, Error> {
    let params = Params::new(MEMORY_KIB, PASSES, LANES, None).map_err(|_| Error::Overloaded)?;
    Argon2::new(Algorithm::Argon2id, Version::V0x13, params)
        .hash_password(password.as_bytes())
        .map(|hash| hash.to_string())
        .map_err(|error| {
            tracing::error!(%error, "a password could not be hashed");
            Error::Overloaded
        })
}

/// [`verify`] on this thread.
pub fn verify_now(password: &str, hash: &str) -> bool {
    PasswordHash::new(hash).is_ok_and(|hash| {
        Argon2::default()
            .verify_password(password.as_bytes(), &hash)
            .is_ok()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hash_is_argon2id_of_the_stated_cost_and_salted() {
        let hash = hash_now("correct horse battery").unwrap();
        assert!(
            hash.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"),
            "{hash}"
        );
        assert_ne!(hash, hash_now("correct horse battery").unwrap());
        assert!(verify_now("correct horse battery", &hash));
        assert!(!verify_now("correct horse batterz", &hash));
        assert!(is_hash(&hash));
        assert!(!is_hash("plain"));
        assert!(!verify_now("plain", "plain"));
    }

    #[test]
    fn short_long_and_monotonous_passwords_are_refused() {
        assert!(check("password", "ninechars").is_err());
        assert!(check("password", "ten chars!").is_ok());
        assert!(check("password", &"ab".repeat(129)).is_err());
        assert!(check("password", "aaaaaaaaaaaa").is_err());
    }

    #[tokio::test]
    async fn nobody_has_no_password() {
        assert!(!verify("anything".into(), None).await);
    }
}
