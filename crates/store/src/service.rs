//! Services, their integrations and what the integrations have taken in.

use diesel::prelude::*;
use domain::routing::Routing;
use domain::service::{Integration, Service};
use domain::word::PagingState;
use domain::{IntegrationId, ServiceId, Timestamp};

use crate::conn::Conn;
use crate::db;
use crate::error::{Error, to_json};
use crate::incident::IsOpen;
use crate::schema::{
    change_event, incident, integration, integration_traffic, request, service, signal,
};
use crate::tx::Tx;

/// # Errors
/// [`Error::Conflict`] when the slug is taken or the policy or team does not exist.
pub fn insert(tx: &mut Tx<'_>, new: &Service, now: Timestamp) -> Result<(), Error> {
    let settings = to_json("service.settings", &new.settings)?;
    db!(tx.conn, |c| diesel::insert_into(service::table)
        .values((
            service::id.eq(new.id),
            service::slug.eq(&new.slug),
            service::name.eq(&new.name),
            service::description.eq(&new.description),
            service::team_id.eq(new.team_id),
            service::policy_id.eq(new.policy_id),
            service::settings.eq(&settings),
            service::created_at.eq(now),
        ))
        .execute(c))?;
    tx.configured()
}

/// # Errors
/// [`Error::NotFound`] without such a service, [`Error::Conflict`] as [`insert`].
pub fn update(tx: &mut Tx<'_>, edited: &Service) -> Result<(), Error> {
    let settings = to_json("service.settings", &edited.settings)?;
    let changed = db!(tx.conn, |c| diesel::update(service::table.find(edited.id))
        .set((
            service::slug.eq(&edited.slug),
            service::name.eq(&edited.name),
            service::description.eq(&edited.description),
            service::team_id.eq(edited.team_id),
            service::policy_id.eq(edited.policy_id),
            service::settings.eq(&settings),
        ))
        .execute(c))?;
    if changed == 0 {
        return Err(Error::NotFound);
    }
    tx.configured()
}

/// Whether the service has any past: incidents, changes, or signals and requests of its integrations.
///
/// # Errors
/// Those of the reads.
pub fn has_past(conn: &mut Conn, id: ServiceId) -> Result<bool, Error> {
    let incidents: i64 = db!(conn, |c| incident::table
        .filter(incident::service_id.eq(Some(id)))
        .count()
        .get_result(c))?;
    let signals: i64 = db!(conn, |c| signal::table
        .inner_join(integration::table.on(integration::id.eq(signal::integration_id)))
        .filter(integration::service_id.eq(id))
        .count()
        .get_result(c))?;
    let changes: i64 = db!(conn, |c| change_event::table
        .left_join(
            integration::table.on(integration::id.nullable().eq(change_event::integration_id))
        )
        .filter(
            change_event::service_id
                .eq(Some(id))
                .or(integration::service_id.nullable().eq(Some(id)))
        )
        .count()
        .get_result(c))?;
    let requests: i64 = db!(conn, |c| request::table
        .inner_join(integration::table.on(integration::id.eq(request::integration_id)))
        .filter(integration::service_id.eq(id))
        .count()
        .get_result(c))?;
    Ok(incidents + signals + changes + requests > 0)
}

/// Removes a service with its integrations; for those without a past.
///
/// # Errors
/// [`Error::NotFound`] without such a service, [`Error::Conflict`] when it has a past.
pub fn remove(tx: &mut Tx<'_>, id: ServiceId) -> Result<(), Error> {
    db!(tx.conn, |c| diesel::delete(
        integration::table.filter(integration::service_id.eq(id))
    )
    .execute(c))?;
    let removed = db!(tx.conn, |c| diesel::delete(service::table.find(id))
        .execute(c))?;
    if removed == 0 {
        return Err(Error::NotFound);
    }
    tx.configured()
}

/// Of most integrations there is nothing to keep.
fn routing(of: &Integration) -> Result<Option<String>, Error> {
    let said = of.routing != Routing::default();
    said.then(|| to_json("integration.routing", &of.routing))
        .transpose()
}

/// # Errors
/// [`Error::Conflict`] when the key belongs to another integration.
pub fn insert_integration(tx: &mut Tx<'_>, new: &Integration) -> Result<(), Error> {
    let routing = routing(new)?;
    db!(tx.conn, |c| diesel::insert_into(integration::table)
        .values((
            integration::id.eq(new.id),
            integration::service_id.eq(new.service_id),
            integration::name.eq(&new.name),
            integration::kind.eq(new.kind),
            integration::key_hash.eq(&new.key_hash[..]),
            integration::key_hint.eq(&new.key_hint),
            integration::settings.eq(new.settings.as_json()),
            integration::routing.eq(&routing),
            integration::created_at.eq(new.created_at),
        ))
        .execute(c))?;
    tx.configured()
}

/// Writes name, kind, key, settings and rules.
///
/// # Errors
/// [`Error::NotFound`] without such an integration that is not removed, [`Error::Conflict`] as
/// [`insert_integration`].
pub fn update_integration(tx: &mut Tx<'_>, edited: &Integration) -> Result<(), Error> {
    let routing = routing(edited)?;
    let live = integration::table
        .find(edited.id)
        .filter(integration::removed_at.is_null());
    let changed = db!(tx.conn, |c| diesel::update(live)
        .set((
            integration::service_id.eq(edited.service_id),
            integration::name.eq(&edited.name),
            integration::kind.eq(edited.kind),
            integration::key_hash.eq(&edited.key_hash[..]),
            integration::key_hint.eq(&edited.key_hint),
            integration::settings.eq(edited.settings.as_json()),
            integration::routing.eq(&routing),
        ))
        .execute(c))?;
    if changed == 0 {
        return Err(Error::NotFound);
    }
    tx.configured()
}

/// Closes an integration: its key opens nothing from now on and may be given to another one. Its
/// alerts stay, its heartbeats go with it.
///
/// # Errors
/// [`Error::NotFound`] without such an integration that is not removed yet.
pub fn remove_integration(tx: &mut Tx<'_>, id: IntegrationId, now: Timestamp) -> Result<(), Error> {
    // Shorter than any digest, so that no key has it, and unique.
    let nothing = id.0.to_be_bytes();
    let live = integration::table
        .find(id)
        .filter(integration::removed_at.is_null());
    let changed = db!(tx.conn, |c| diesel::update(live)
        .set((
            integration::removed_at.eq(Some(now)),
            integration::key_hash.eq(&nothing[..]),
        ))
        .execute(c))?;
    if changed == 0 {
        return Err(Error::NotFound);
    }
    crate::heartbeat::remove_of(tx, id)?;
    tx.configured()
}

/// What an integration has taken in.
#[derive(Clone, Debug, Default, PartialEq, Eq, Queryable)]
pub struct Traffic {
    pub signals: i64,
    /// Acknowledges and resolves with nothing open (PAGING.md §1.6).
    pub ignored: i64,
    pub rejected: i64,
    pub last_signal_at: Option<Timestamp>,
    pub last_warning: Option<String>,
    pub last_warning_at: Option<Timestamp>,
}

/// The traffic of every integration that has had any.
///
/// # Errors
/// Those of the read.
pub fn traffic(conn: &mut Conn) -> Result<Vec<(IntegrationId, Traffic)>, Error> {
    db!(conn, |c| integration_traffic::table
        .select((
            integration_traffic::integration_id,
            (
                integration_traffic::signals,
                integration_traffic::ignored,
                integration_traffic::rejected,
                integration_traffic::last_signal_at,
                integration_traffic::last_warning,
                integration_traffic::last_warning_at,
            ),
        ))
        .load(c))
}

/// How many incidents of each service are open, by where their paging stands.
///
/// # Errors
/// Those of the read.
pub fn open_incidents(conn: &mut Conn) -> Result<Vec<(ServiceId, PagingState, i64)>, Error> {
    let rows: Vec<(Option<ServiceId>, PagingState, i64)> = db!(conn, |c| incident::table
        .filter(IsOpen)
        .filter(incident::service_id.is_not_null())
        .group_by((incident::service_id, incident::paging))
        .select((
            incident::service_id,
            incident::paging,
            diesel::dsl::count_star(),
        ))
        .load(c))?;
    Ok(rows
        .into_iter()
        .filter_map(|(service, paging, count)| Some((service?, paging, count)))
        .collect())
}
