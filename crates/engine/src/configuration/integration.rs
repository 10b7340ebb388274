//! Integrations and their keys. A key is shown once; only its SHA-256 is stored.

use domain::directory::Directory;
use domain::integration::{IntegrationSettings, NoData, OnSilence, source};
use domain::routing::Routing;
use domain::service::Integration;
use domain::word::{AlertSeverity, IntegrationKind};
use domain::{IntegrationId, ServiceId, Span, Timestamp};
use formats::format;
use formats::mail::MailRules;
use formats::mapping::MappingRules;
use formats::settings::{Secret, Settings};
use formats::severity::SeverityWord;
use serde_json::json;
use store::{Store, Tx, service};

use super::check::Checks;
use super::{begin, change, record};
use crate::access::{self, Right};
use crate::account::secret;
use crate::{Error, OpContext, Problem, ingest};

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

/// Adds an integration to a service and returns its key. A global one has rules that say where its
/// signals go, none yet.
///
/// # Errors
/// [`Error::Forbidden`], [`Error::NotFound`], [`Error::Invalid`], those of the store.
pub async fn create_integration(
    store: &Store,
    ctx: &OpContext,
    service_id: ServiceId,
    name: &str,
    kind: IntegrationKind,
    global: bool,
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
                settings: IntegrationSettings::default(),
                routing: Routing {
                    on: global,
                    ..Routing::default()
                },
                created_at: ctx.now,
            };
            service::insert_integration(tx, &new)?;
            let subject = format!("integration:{}", new.id);
            let details = json!({
                "service": service_id, "name": new.name, "kind": kind, "global": global,
            });
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

/// Gives a global integration to another service, which takes what no rule sends elsewhere from now
/// on. Alerts stay where they are.
///
/// # Errors
/// [`Error::Forbidden`], [`Error::NotFound`], [`Error::Refused`] of one without rules,
/// [`Error::Invalid`] when the other service has one of that name, those of the store.
pub async fn move_integration(
    store: &Store,
    ctx: &OpContext,
    id: IntegrationId,
    to: ServiceId,
) -> Result<(), Error> {
    change(store, ctx, Right::Configure, move |tx, ctx| {
        let directory = begin(tx)?;
        let mut edited = found(&directory, id)?;
        let target = directory.service(to).ok_or(Error::NotFound("service"))?;
        if edited.service_id == to {
            return Ok(());
        }
        if !edited.routing.on {
            return Err(Error::Refused(format!(
                "{} belongs to its service: make it global first",
                edited.name
            )));
        }
        let mut checks = Checks::default();
        check_name(&mut checks, &directory, to, &edited.name, Some(id));
        checks.finish()?;
        let from = std::mem::replace(&mut edited.service_id, to);
        write(tx, &edited, ctx.now)?;
        let subject = format!("integration:{id}");
        let details = json!({ "from": from, "to": to, "service": target.slug });
        record(tx, ctx, "integration.move", subject, details)
    })
    .await
}

/// What to change about the settings of an integration: absent stays, `None` takes away.
#[derive(Clone, Debug, Default)]
pub struct SettingsEdit {
    pub secret: Option<Option<Secret>>,
    pub severity: Option<Option<AlertSeverity>>,
    /// Empty: what they usually mean.
    pub severity_words: Option<Vec<SeverityWord>>,
    pub mapping: Option<Option<MappingRules>>,
    pub mail: Option<Option<MailRules>>,
    /// Empty: what the monitor itself goes by.
    pub identity_labels: Option<Vec<String>>,
    /// `None`: as the installation has it; 0: as many as come.
    pub rate_limit: Option<Option<u32>>,
    pub on_silence: Option<OnSilence>,
    /// `None`: alerts are open until their sender says otherwise.
    pub resolve_after: Option<Option<Span>>,
    pub insufficient_data: Option<Option<NoData>>,
}

impl SettingsEdit {
    /// The settings after it, and the names of those that differ.
    pub(crate) fn apply(self, before: &Settings) -> (Settings, Vec<&'static str>) {
        let mut after = before.clone();
        after.secret = self.secret.unwrap_or(after.secret);
        after.severity = self.severity.unwrap_or(after.severity);
        if let Some(words) = self.severity_words {
            let words = words.into_iter().map(|one| SeverityWord {
                word: one.word.trim().to_owned(),
                ..one
            });
            after.severity_words = words.collect();
        }
        after.mapping = self.mapping.unwrap_or(after.mapping);
        // Rules that say nothing are none.
        after.mail = self
            .mail
            .unwrap_or(after.mail)
            .filter(|rules| !rules.is_empty());
        if let Some(labels) = self.identity_labels {
            let labels = labels.iter().map(|label| label.trim().to_owned());
            after.identity_labels = labels.collect();
        }
        after.insufficient_data = self.insufficient_data.unwrap_or(after.insufficient_data);
        let conduct = &mut after.conduct;
        conduct.rate_limit = self.rate_limit.unwrap_or(conduct.rate_limit);
        conduct.on_silence = self.on_silence.unwrap_or(conduct.on_silence);
        conduct.resolve_after = self.resolve_after.unwrap_or(conduct.resolve_after);
        let mut changed = Vec::new();
        for (differs, name) in [
            (after.secret != before.secret, "secret"),
            (after.severity != before.severity, "severity"),
            (
                after.severity_words != before.severity_words,
                "severity_words",
            ),
            (after.mapping != before.mapping, "mapping"),
            (after.mail != before.mail, "mail"),
            (
                after.identity_labels != before.identity_labels,
                "identity_labels",
            ),
            (
                after.conduct.rate_limit != before.conduct.rate_limit,
                "rate_limit",
            ),
            (
                after.conduct.on_silence != before.conduct.on_silence,
                "on_silence",
            ),
            (
                after.conduct.resolve_after != before.conduct.resolve_after,
                "resolve_after",
            ),
            (
                after.insufficient_data != before.insufficient_data,
                "insufficient_data",
            ),
        ] {
            if differs {
                changed.push(name);
            }
        }
        (after, changed)
    }
}

/// The settings of an integration.
///
/// # Errors
/// [`Error::Refused`] when a later version has written them.
pub fn settings_of(integration: &Integration) -> Result<&Settings, Error> {
    Settings::of(&integration.settings).map_err(|error| Error::Refused(error.to_string()))
}

/// What is wrong with the settings of an integration of this kind. What was chosen before, while
/// it was of another kind, may stay.
pub(crate) fn integration_problems(
    settings: &Settings,
    kind: IntegrationKind,
    changed: &[&str],
) -> Vec<Problem> {
    let named = |field: &str| field.split('.').next().unwrap_or_default().to_owned();
    settings
        .faults(&format::of(kind))
        .into_iter()
        .filter(|fault| changed.contains(&named(&fault.field).as_str()))
        .map(|fault| Problem::new(fault.field, fault.reason))
        .collect()
}

/// As they are stored.
pub(crate) fn stored(settings: &Settings) -> Result<IntegrationSettings, Error> {
    settings
        .to_stored()
        .map_err(|error| Error::Refused(error.to_string()))
}

/// Writes an integration whose settings may have changed. Who no longer wants to hear of a silent
/// source does not keep the alert that tells of it.
pub(crate) fn write(tx: &mut Tx<'_>, edited: &Integration, now: Timestamp) -> Result<(), Error> {
    let directory = tx.directory()?;
    let before = directory.integration(edited.id);
    if let Some(before) = before
        && before.service_id != edited.service_id
    {
        store::routing::keep_service(tx, edited.id, before.service_id)?;
    }
    if before.is_some_and(source::is_told) && !source::is_told(edited) {
        ingest::end_silence(tx, edited, now)?;
    }
    service::update_integration(tx, edited)?;
    Ok(())
}

/// Changes how the requests of an integration are read. A secret is never shown again.
///
/// # Errors
/// [`Error::Forbidden`], [`Error::NotFound`], [`Error::Invalid`] with fields such as `secret` and
/// `mapping.summary.path`, those of the store.
pub async fn edit_settings(
    store: &Store,
    ctx: &OpContext,
    id: IntegrationId,
    edit: SettingsEdit,
) -> Result<(), Error> {
    change(store, ctx, Right::Configure, move |tx, ctx| {
        let mut edited = found(&*begin(tx)?, id)?;
        let (settings, changed) = edit.clone().apply(settings_of(&edited)?);
        let mut checks = Checks::default();
        checks.extend(integration_problems(&settings, edited.kind, &changed));
        checks.finish()?;
        if changed.is_empty() {
            return Ok(());
        }
        edited.settings = stored(&settings)?;
        write(tx, &edited, ctx.now)?;
        record(
            tx,
            ctx,
            "integration.settings",
            format!("integration:{id}"),
            json!({ "changed": changed }),
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
    change(store, ctx, Right::Configure, move |tx, ctx| {
        let mut edited = found(&*begin(tx)?, id)?;
        let key = secret::integration_key();
        edited.key_hash = secret::digest(&key);
        edited.key_hint = secret::hint(&key);
        service::update_integration(tx, &edited)?;
        record(
            tx,
            ctx,
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
    change(store, ctx, Right::Configure, move |tx, ctx| {
        let existing = found(&*begin(tx)?, id)?;
        service::remove_integration(tx, id, ctx.now)?;
        let details = json!({"name": existing.name, "service": existing.service_id});
        record(
            tx,
            ctx,
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
