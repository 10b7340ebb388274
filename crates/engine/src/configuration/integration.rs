//! Integrations and their keys. A key is shown once; only its SHA-256 is stored.

use domain::directory::Directory;
use domain::service::Integration;
use domain::word::IntegrationKind;
use domain::{IntegrationId, ServiceId};
use serde_json::json;
use store::{Store, service};

use super::check::Checks;
use super::{begin, record};
use crate::access::{self, Right};
use crate::account::secret;
use crate::{Error, OpContext};

/// A key that has just been made.
#[derive(Clone)]
pub struct NewKey {
    pub id: IntegrationId,
    /// Shown once.
    pub key: String,
}

/// The rules for a key that somebody chose.
///
/// # Errors
/// What is wrong with it.
pub fn check_key(key: &str) -> Result<(), String> {
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"-_".contains(&byte);
    if (20..=128).contains(&key.len()) && key.bytes().all(allowed) {
        Ok(())
    } else {
        Err(
            "a key has 20 to 128 letters, digits, hyphens and underscores (PagerDuty clients \
             expect 32 letters and digits)"
                .into(),
        )
    }
}

fn check_name(
    checks: &mut Checks,
    directory: &Directory,
    service: ServiceId,
    name: &str,
    id: Option<IntegrationId>,
) -> String {
    let name = checks.name("name", name);
    let taken = directory
        .integrations
        .values()
        .any(|one| one.service_id == service && one.name == name && Some(one.id) != id);
    if taken {
        checks.add(
            "name",
            format!("the service already has an integration called {name}"),
        );
    }
    name
}

/// Adds an integration to a service and returns its key.
///
/// # Errors
/// [`Error::Forbidden`], [`Error::NotFound`], [`Error::Invalid`], those of the store.
pub async fn create_integration(
    store: &Store,
    ctx: &OpContext,
    service_id: ServiceId,
    name: &str,
    kind: IntegrationKind,
) -> Result<NewKey, Error> {
    access::require(ctx, Right::Configure)?;
    let (ctx, name) = (*ctx, name.to_owned());
    store
        .write(move |tx| {
            let directory = begin(tx)?;
            directory
                .service(service_id)
                .ok_or(Error::NotFound("service"))?;
            let mut checks = Checks::default();
            let name = check_name(&mut checks, &directory, service_id, &name, None);
            checks.finish()?;
            let key = secret::integration_key();
            let new = Integration {
                id: tx.id(IntegrationId)?,
                service_id,
                name,
                kind,
                key_hash: secret::digest(&key),
                key_hint: secret::hint(&key),
                created_at: ctx.now,
            };
            service::insert_integration(tx, &new)?;
            let subject = format!("integration:{}", new.id);
            let details = json!({"service": service_id, "name": new.name, "kind": kind});
            record(tx, &ctx, "integration.create", subject, details)?;
            Ok(NewKey { id: new.id, key })
        })
        .await
}

/// # Errors
/// [`Error::Forbidden`], [`Error::NotFound`], [`Error::Invalid`], those of the store.
pub async fn rename_integration(
    store: &Store,
    ctx: &OpContext,
    id: IntegrationId,
    name: &str,
) -> Result<(), Error> {
    access::require(ctx, Right::Configure)?;
    let (ctx, name) = (*ctx, name.to_owned());
    store
        .write(move |tx| {
            let directory = begin(tx)?;
            let mut edited = found(&directory, id)?;
            let mut checks = Checks::default();
            edited.name = check_name(&mut checks, &directory, edited.service_id, &name, Some(id));
            checks.finish()?;
            service::update_integration(tx, &edited)?;
            let details = json!({"name": edited.name});
            record(
                tx,
                &ctx,
                "integration.rename",
                format!("integration:{id}"),
                details,
            )
        })
        .await
}

/// Gives an integration a new key; the old one opens nothing from now on.
///
/// # Errors
/// [`Error::Forbidden`], [`Error::NotFound`], those of the store.
pub async fn rotate_key(
    store: &Store,
    ctx: &OpContext,
    id: IntegrationId,
) -> Result<NewKey, Error> {
    access::require(ctx, Right::Configure)?;
    let ctx = *ctx;
    store
        .write(move |tx| {
            let mut edited = found(&*begin(tx)?, id)?;
            let key = secret::integration_key();
            edited.key_hash = secret::digest(&key);
            edited.key_hint = secret::hint(&key);
            service::update_integration(tx, &edited)?;
            record(
                tx,
                &ctx,
                "integration.rotate",
                format!("integration:{id}"),
                json!({}),
            )?;
            Ok(NewKey { id, key })
        })
        .await
}

/// Removes an integration; its alerts and signals stay.
///
/// # Errors
/// [`Error::Forbidden`], [`Error::NotFound`], those of the store.
pub async fn remove_integration(
    store: &Store,
    ctx: &OpContext,
    id: IntegrationId,
) -> Result<(), Error> {
    access::require(ctx, Right::Configure)?;
    let ctx = *ctx;
    store
        .write(move |tx| {
            let existing = found(&*begin(tx)?, id)?;
            service::remove_integration(tx, id, ctx.now)?;
            let details = json!({"name": existing.name, "service": existing.service_id});
            record(
                tx,
                &ctx,
                "integration.remove",
                format!("integration:{id}"),
                details,
            )
        })
        .await
}

fn found(directory: &Directory, id: IntegrationId) -> Result<Integration, Error> {
    directory
        .integration(id)
        .cloned()
        .ok_or(Error::NotFound("integration"))
}
