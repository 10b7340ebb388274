//! Who asks, with what rights, and when: handed to every command.

use domain::incident::Actor;
use domain::word::{AccountRole, Origin};
use domain::{Timestamp, UserId};

/// The circumstances of a command or query.
#[derive(Clone, Copy, Debug)]
pub struct OpContext {
    pub actor: Actor,
    pub role: AccountRole,
    pub now: Timestamp,
}

impl OpContext {
    pub fn user(user: UserId, role: AccountRole, origin: Origin, now: Timestamp) -> OpContext {
        OpContext {
            actor: Actor::user(user, origin),
            role,
            now,
        }
    }

    /// An API token, or the command line on the machine itself: rights without a person.
    pub fn token(role: AccountRole, origin: Origin, now: Timestamp) -> OpContext {
        OpContext {
            actor: Actor { user: None, origin },
            role,
            now,
        }
    }

    /// The person's id, where the command makes sense for a person only.
    ///
    /// # Errors
    /// [`crate::Error::Refused`] for tokens.
    pub fn person(&self) -> Result<UserId, crate::Error> {
        self.actor.user.ok_or_else(|| {
            crate::Error::Refused("this needs a person: sign in instead of using a token".into())
        })
    }
}
