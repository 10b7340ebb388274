//! What each role may do: the one place that says so. Commands call [`require`] first.

use domain::UserId;
use domain::word::AccountRole;

use crate::{Error, OpContext};

/// Something a role may allow.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Right {
    /// Look at incidents, schedules, services and people.
    Read,
    /// Work incidents, postmortems and one's own shifts and profile.
    Respond,
    /// Change services, schedules and policies; take overrides for others.
    Configure,
    /// Users, tokens and settings of the installation.
    Administer,
}

/// Whether the role allows it.
pub fn allows(role: AccountRole, right: Right) -> bool {
    match right {
        Right::Read => true,
        Right::Respond | Right::Configure => {
            matches!(role, AccountRole::Admin | AccountRole::Responder)
        }
        Right::Administer => role == AccountRole::Admin,
    }
}

/// # Errors
/// [`Error::Forbidden`] when the role does not allow it.
pub fn require(ctx: &OpContext, right: Right) -> Result<(), Error> {
    if allows(ctx.role, right) {
        Ok(())
    } else {
        Err(Error::Forbidden)
    }
}

/// One's own shifts are one's own business, for whoever responds; those of others are the
/// administrators'.
///
/// # Errors
/// [`Error::Forbidden`] otherwise.
pub fn require_own_shift(ctx: &OpContext, person: UserId) -> Result<(), Error> {
    if ctx.actor.user == Some(person) {
        require(ctx, Right::Respond)
    } else {
        require(ctx, Right::Administer)
    }
}
