//! Commands that change the configuration: people, teams, schedules, policies, services,
//! integrations, settings. Pages, API and the configuration file all end here.
//!
//! Each command checks the right, then the input (all problems at once), writes in one transaction
//! and records who changed what.

pub mod channel;
pub mod check;
pub mod contact;
pub mod heartbeat;
pub mod holiday;
pub mod inhibition;
pub mod integration;
pub mod policy;
pub mod routing;
pub mod schedule;
pub mod service;
pub mod setting;
pub mod slug;
pub mod suppression;
pub mod swap;
pub mod team;
pub mod temporary;
pub mod user;

use std::sync::Arc;

use domain::UserId;
use domain::directory::Directory;
use domain::policy::Target;
use store::{Store, Tx};

use crate::access::{self, Right};
use crate::{Error, OpContext, Problem};

/// Starts a change of the configuration: whoever changes it waits here for whoever is at it, on
/// whatever node, so that what is checked against the returned configuration still holds when it
/// is written.
pub(crate) fn begin(tx: &mut Tx<'_>) -> Result<Arc<Directory>, Error> {
    // Raising the generation takes the lock on its row; everything is then read under it.
    tx.configured()?;
    Ok(tx.directory()?)
}

/// Changes the configuration in one transaction, for whoever has the right to.
///
/// # Errors
/// [`Error::Forbidden`], those of the change and of the store.
pub(crate) async fn change<T: Send + 'static>(
    store: &Store,
    ctx: &OpContext,
    right: Right,
    mut change: impl FnMut(&mut Tx<'_>, &OpContext) -> Result<T, Error> + Send + 'static,
) -> Result<T, Error> {
    access::require(ctx, right)?;
    let ctx = *ctx;
    store.write(move |tx| change(tx, &ctx)).await
}

/// Records who changed what.
pub(crate) fn record(
    tx: &mut Tx<'_>,
    ctx: &OpContext,
    action: &str,
    subject: String,
    details: serde_json::Value,
) -> Result<(), Error> {
    let actor = ctx.actor;
    tx.audit(
        ctx.now,
        actor.user,
        actor.origin,
        action,
        &subject,
        &details,
    )?;
    Ok(())
}

/// One's own profile is one's own business; that of others is the administrators'.
pub(crate) fn require_self_or_admin(ctx: &OpContext, user: UserId) -> Result<(), Error> {
    if ctx.actor.user == Some(user) {
        access::require(ctx, Right::Read)
    } else {
        access::require(ctx, Right::Administer)
    }
}

/// Whether what a target names exists; else what is wrong.
pub(crate) fn target_problem(
    directory: &Directory,
    target: Target,
    field: impl Into<String>,
) -> Option<Problem> {
    let (exists, what) = match target {
        Target::User(id) => (directory.user(id).is_some(), "person"),
        Target::Schedule(id) => (directory.schedule(id).is_some(), "schedule"),
        Target::Team(id) => (directory.team(id).is_some(), "team"),
        Target::Channel(id) => (directory.channel(id).is_some(), "channel"),
    };
    (!exists).then(|| Problem::new(field, format!("there is no such {what}")))
}
