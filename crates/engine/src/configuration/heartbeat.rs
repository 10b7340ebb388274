//! Heartbeats: who is to be heard of, and how often (PAGING.md §7).

use domain::directory::Directory;
use domain::heartbeat::{Heartbeat, HeartbeatSettings, HeartbeatState, Outcome};
use domain::{HeartbeatId, IntegrationId, Timestamp};
use serde_json::json;
use store::{Change, Store, Tx, heartbeat};

use super::check::Checks;
use super::{begin, change, record};
use crate::access::{self, Right};
use crate::heartbeat::{Carrier, tell};
use crate::ingest::write_racing;
use crate::{Error, OpContext, Problem};

/// Most heartbeats of one integration.
const HEARTBEATS_MAX: i64 = 5_000;

/// What is wrong with settings as a form or the API sends them.
pub(crate) fn heartbeat_problems(settings: &HeartbeatSettings) -> Vec<Problem> {
    settings
        .problems()
        .into_iter()
        .map(|(field, message)| Problem::new(field, message))
        .collect()
}

/// As they are stored.
fn trimmed(mut settings: HeartbeatSettings) -> HeartbeatSettings {
    settings.name = settings.name.trim().to_owned();
    settings.description = settings.description.trim().to_owned();
    settings.message = settings
        .message
        .map(|message| message.trim().to_owned())
        .filter(|message| !message.is_empty());
    settings.tags = settings
        .tags
        .iter()
        .map(|tag| tag.trim().to_owned())
        .filter(|tag| !tag.is_empty())
        .collect();
    settings.tags.dedup();
    settings
}

fn checked(
    tx: &mut Tx<'_>,
    integration: IntegrationId,
    settings: HeartbeatSettings,
    id: Option<HeartbeatId>,
) -> Result<HeartbeatSettings, Error> {
    let settings = trimmed(settings);
    let mut checks = Checks::default();
    checks.extend(heartbeat_problems(&settings));
    if heartbeat::named(tx, integration, &settings.name)?.is_some_and(|taken| Some(taken) != id) {
        let name = &settings.name;
        checks.add(
            "name",
            format!("the integration already has a heartbeat called {name}"),
        );
    }
    checks.finish()?;
    Ok(settings)
}

fn details(settings: &HeartbeatSettings) -> serde_json::Value {
    json!(settings)
}

/// Makes one; it waits for its first ping.
///
/// # Errors
/// [`Error::Forbidden`], [`Error::NotFound`] without such an integration, [`Error::Invalid`], those
/// of the store.
pub async fn create_heartbeat(
    store: &Store,
    ctx: &OpContext,
    integration: IntegrationId,
    settings: HeartbeatSettings,
) -> Result<Heartbeat, Error> {
    change(store, ctx, Right::Configure, move |tx, ctx| {
        create_in_txn(tx, ctx, integration, settings.clone())
    })
    .await
}

pub(crate) fn create_in_txn(
    tx: &mut Tx<'_>,
    ctx: &OpContext,
    integration: IntegrationId,
    settings: HeartbeatSettings,
) -> Result<Heartbeat, Error> {
    // So that the integration is not removed meanwhile.
    let directory = begin(tx)?;
    directory
        .integration(integration)
        .ok_or(Error::NotFound("integration"))?;
    if heartbeat::number_of(tx, integration)? >= HEARTBEATS_MAX {
        let message = format!("an integration has at most {HEARTBEATS_MAX} heartbeats");
        return Err(Error::invalid("integration", message));
    }
    let settings = checked(tx, integration, settings, None)?;
    let new = Heartbeat::new(tx.id(HeartbeatId)?, integration, settings, ctx.now);
    heartbeat::insert(tx, &new)?;
    let subject = format!("heartbeat:{}", new.id);
    record(tx, ctx, "heartbeat.create", subject, details(&new.settings))?;
    Ok(new)
}

/// # Errors
/// [`Error::Forbidden`], [`Error::NotFound`], [`Error::Invalid`], those of the store.
pub async fn edit_heartbeat(
    store: &Store,
    ctx: &OpContext,
    id: HeartbeatId,
    settings: HeartbeatSettings,
) -> Result<Heartbeat, Error> {
    change(store, ctx, Right::Configure, move |tx, ctx| {
        edit_in_txn(tx, ctx, id, settings.clone())
    })
    .await
}

pub(crate) fn edit_in_txn(
    tx: &mut Tx<'_>,
    ctx: &OpContext,
    id: HeartbeatId,
    settings: HeartbeatSettings,
) -> Result<Heartbeat, Error> {
    let (mut beat, _) = found(tx, id)?;
    let settings = checked(tx, beat.integration_id, settings, Some(id))?;
    if settings == beat.settings {
        return Ok(beat);
    }
    beat.edit(settings, ctx.now);
    changed(tx, &beat, ctx.now)?;
    let subject = format!("heartbeat:{id}");
    record(tx, ctx, "heartbeat.edit", subject, details(&beat.settings))?;
    Ok(beat)
}

/// Nobody is told any more whether pings come; an open alert of it is resolved.
///
/// # Errors
/// [`Error::Forbidden`], [`Error::NotFound`], those of the store.
pub async fn pause_heartbeat(
    store: &Store,
    ctx: &OpContext,
    id: HeartbeatId,
) -> Result<Heartbeat, Error> {
    access::require(ctx, Right::Configure)?;
    let ctx = *ctx;
    write_racing(store, move |tx| {
        switch_in_txn(tx, &ctx, id, "heartbeat.pause", Heartbeat::pause)
    })
    .await
}

/// Ends the pause.
///
/// # Errors
/// [`Error::Forbidden`], [`Error::NotFound`], those of the store.
pub async fn resume_heartbeat(
    store: &Store,
    ctx: &OpContext,
    id: HeartbeatId,
) -> Result<Heartbeat, Error> {
    access::require(ctx, Right::Configure)?;
    let ctx = *ctx;
    write_racing(store, move |tx| {
        switch_in_txn(tx, &ctx, id, "heartbeat.resume", Heartbeat::resume)
    })
    .await
}

pub(crate) fn switch_in_txn(
    tx: &mut Tx<'_>,
    ctx: &OpContext,
    id: HeartbeatId,
    action: &str,
    switch: impl Fn(&mut Heartbeat, Timestamp) -> Outcome,
) -> Result<Heartbeat, Error> {
    let (mut beat, directory) = found(tx, id)?;
    let outcome = switch(&mut beat, ctx.now);
    if !outcome.changed {
        return Ok(beat);
    }
    changed(tx, &beat, ctx.now)?;
    if let Some(signal) = outcome.signal {
        tell(
            tx,
            &directory,
            vec![(&beat, signal)],
            &Carrier::default(),
            ctx.now,
        )?;
    }
    record(tx, ctx, action, format!("heartbeat:{id}"), json!({}))?;
    Ok(beat)
}

/// Gives its address another key; the old one is heard no more.
///
/// # Errors
/// [`Error::Forbidden`], [`Error::NotFound`], those of the store.
pub async fn rotate_heartbeat_key(
    store: &Store,
    ctx: &OpContext,
    id: HeartbeatId,
) -> Result<Heartbeat, Error> {
    change(store, ctx, Right::Configure, move |tx, ctx| {
        let (mut beat, _) = found(tx, id)?;
        beat.key_version += 1;
        changed(tx, &beat, ctx.now)?;
        let subject = format!("heartbeat:{id}");
        record(tx, ctx, "heartbeat.rotate", subject, json!({}))?;
        Ok(beat)
    })
    .await
}

/// Removes it; an open alert of it is resolved.
///
/// # Errors
/// [`Error::Forbidden`], [`Error::NotFound`], those of the store.
pub async fn remove_heartbeat(
    store: &Store,
    ctx: &OpContext,
    id: HeartbeatId,
) -> Result<(), Error> {
    access::require(ctx, Right::Configure)?;
    let ctx = *ctx;
    write_racing(store, move |tx| {
        let (beat, directory) = found(tx, id)?;
        if let Some(signal) = beat.remove(ctx.now) {
            tell(
                tx,
                &directory,
                vec![(&beat, signal)],
                &Carrier::default(),
                ctx.now,
            )?;
        }
        heartbeat::remove(tx, id)?;
        let details = json!({"name": beat.settings.name, "integration": beat.integration_id});
        record(
            tx,
            &ctx,
            "heartbeat.remove",
            format!("heartbeat:{id}"),
            details,
        )
    })
    .await
}

fn found(
    tx: &mut Tx<'_>,
    id: HeartbeatId,
) -> Result<(Heartbeat, std::sync::Arc<Directory>), Error> {
    let directory = tx.directory()?;
    let beat = heartbeat::take(tx, id)?
        .filter(|beat| directory.integration(beat.integration_id).is_some())
        .ok_or(Error::NotFound("heartbeat"))?;
    Ok((beat, directory))
}

/// Writes it down and wakes whoever waits.
fn changed(tx: &mut Tx<'_>, beat: &Heartbeat, now: Timestamp) -> Result<(), Error> {
    if beat.due_at.is_some() && heartbeat::next_due(tx)?.is_none() {
        heartbeat::put_alive_at(tx, now)?;
    }
    heartbeat::update(tx, beat)?;
    tx.changed(Change::Heartbeats);
    if beat.state != HeartbeatState::Paused {
        tx.changed(Change::Timers);
    }
    Ok(())
}
