//! Plans and applies a file against the store.

use std::sync::{Arc, Mutex, PoisonError};

use domain::directory::Directory;
use serde_json::json;
use store::{Store, Tx, account, people};

use super::document::Manifest;
use super::fault::ManifestError;
use super::plan::{Plan, Verb};
use super::reconcile::{Current, Passwords, reconcile};
use super::write::Write;
use crate::access::{self, Right};
use crate::account::password;
use crate::configuration::{begin, record};
use crate::{Error, OpContext};

/// Everything a file is compared with.
///
/// # Errors
/// Those of the reads.
pub async fn current(store: &Store) -> Result<Current, Error> {
    store
        .read(|conn| {
            Ok(Current {
                directory: Arc::new(store::directory::load(conn)?),
                password_hashes: people::password_hashes(conn)?,
                tokens: account::tokens(conn)?,
                heartbeats: store::heartbeat::all(conn)?,
            })
        })
        .await
}

/// What applying the file would change.
///
/// # Errors
/// [`ManifestError::Faults`]; those of the store.
pub async fn plan(
    store: &Store,
    ctx: &OpContext,
    manifest: &Arc<Manifest>,
) -> Result<Plan, ManifestError> {
    let current = current(store).await?;
    let passwords = passwords(&current, manifest).await?;
    plan_with(&current, &passwords, manifest, ctx)
}

fn plan_with(
    current: &Current,
    passwords: &Passwords,
    manifest: &Manifest,
    ctx: &OpContext,
) -> Result<Plan, ManifestError> {
    // Ids that no row has: nothing of a plan is stored.
    let mut next = 0;
    let mut ids = || {
        next -= 1;
        Ok(next)
    };
    reconcile(current, passwords, manifest, ctx.now, &mut ids).map(|done| done.plan)
}

/// Applies a file as a whole or not at all, and returns what that changed. Administrators only.
/// With `dry_run` nothing is written; neither is it when there is nothing to change.
///
/// # Errors
/// [`ManifestError::Faults`] with everything wrong with the file; [`Error::Forbidden`], those of
/// the store.
pub async fn apply(
    store: &Store,
    ctx: &OpContext,
    manifest: Manifest,
    dry_run: bool,
) -> Result<Plan, ManifestError> {
    access::require(ctx, Right::Administer)?;
    let manifest = Arc::new(manifest);
    let before = current(store).await?;
    // Hashing takes long: it is done before the transaction begins.
    let passwords = passwords(&before, &manifest).await?;
    let plan = plan_with(&before, &passwords, &manifest, ctx)?;
    if dry_run || plan.is_unchanged() {
        return Ok(plan);
    }
    let ctx = *ctx;
    store
        .write(move |tx| write(tx, &ctx, &passwords, &manifest))
        .await
}

/// The configuration as it would be with the file applied. Nothing is kept of it. Administrators
/// only, since it is written and taken back.
///
/// # Errors
/// As [`apply`].
pub async fn rehearse(
    store: &Store,
    ctx: &OpContext,
    manifest: Manifest,
) -> Result<Arc<Directory>, ManifestError> {
    access::require(ctx, Right::Administer)?;
    let manifest = Arc::new(manifest);
    let before = current(store).await?;
    let passwords = passwords(&before, &manifest).await?;
    let would = Arc::new(Mutex::new(None));
    let (kept, ctx) = (would.clone(), *ctx);
    let taken_back: Result<(), ManifestError> = store
        .write(move |tx| {
            write(tx, &ctx, &passwords, &manifest)?;
            let directory = Arc::new(store::directory::load(tx)?);
            *kept.lock().unwrap_or_else(PoisonError::into_inner) = Some(directory);
            // What was written goes with this.
            Err(Error::Refused("it was only tried".into()).into())
        })
        .await;
    let directory = would.lock().unwrap_or_else(PoisonError::into_inner).take();
    match (directory, taken_back) {
        (Some(directory), _) => Ok(directory),
        (None, Err(error)) => Err(error),
        (None, Ok(())) => Err(Error::Overloaded.into()),
    }
}

fn write(
    tx: &mut Tx<'_>,
    ctx: &OpContext,
    passwords: &Passwords,
    manifest: &Manifest,
) -> Result<Plan, ManifestError> {
    // Compared again under the lock: somebody may have been faster.
    let current = Current {
        directory: begin(tx)?,
        password_hashes: people::password_hashes(tx)?,
        tokens: account::tokens(tx)?,
        heartbeats: store::heartbeat::all(tx)?,
    };
    let mut ids = || tx.id(|id| id);
    let done = reconcile(&current, passwords, manifest, ctx.now, &mut ids)?;
    for write in &done.writes {
        write.carry_out(tx, ctx)?;
    }
    // Once everything is in place: running escalations see the whole new configuration.
    for write in &done.writes {
        if let Write::UpdateService {
            service,
            policy_changed: true,
        } = write
        {
            crate::incident::restart_of_service(tx, ctx, service.id)?;
        }
    }
    for change in &done.plan.changes {
        if change.verb != Verb::Unchanged {
            let subject = format!("{} {}", change.kind, change.name);
            let details = json!({"verb": change.verb, "fields": change.fields});
            record(tx, ctx, "apply", subject, details)?;
        }
    }
    Ok(done.plan)
}

/// Compares the passwords of the file with the stored hashes, and hashes those that are new, on a
/// blocking thread.
async fn passwords(current: &Current, manifest: &Arc<Manifest>) -> Result<Passwords, Error> {
    let (current, manifest) = (current.clone(), manifest.clone());
    tokio::task::spawn_blocking(move || {
        let mut passwords = Passwords::new();
        for entry in &manifest.users {
            let Some(given) = &entry.password else {
                continue;
            };
            let email = entry.email.trim().to_lowercase();
            let given = given.value.reveal();
            if password::check("password", given).is_err() {
                continue;
            }
            let stored = current
                .directory
                .user_by_email(&email)
                .and_then(|user| current.password_hashes.get(&user.id));
            let hash = match stored {
                Some(stored) if password::verify_now(given, stored) => None,
                _ => Some(password::hash_now(given)?),
            };
            passwords.insert(email, hash);
        }
        Ok(passwords)
    })
    .await
    .unwrap_or(Err(Error::Overloaded))
}
