//! How often the rules of global integrations have matched.

use std::collections::BTreeMap;

use diesel::prelude::*;
use diesel::upsert::excluded;
use domain::routing::{Route, Said};
use domain::{IntegrationId, RoutingRuleId, ServiceId, Timestamp};

use crate::conn::Conn;
use crate::db;
use crate::error::{Error, to_json};
use crate::schema::{alert, routing_hit as t};

/// How often a rule has matched.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Hits {
    pub hits: i64,
    pub last_at: Timestamp,
}

/// What a batch adds, one row for each rule that matched. In the order of the rules, so that two
/// nodes cannot block each other.
///
/// # Errors
/// Those of the write.
pub fn count(
    conn: &mut Conn,
    matched: &BTreeMap<(IntegrationId, RoutingRuleId), i64>,
    now: Timestamp,
) -> Result<(), Error> {
    for ((integration, rule), hits) in matched {
        db!(conn, |c| diesel::insert_into(t::table)
            .values((
                t::integration_id.eq(*integration),
                t::rule_id.eq(*rule),
                t::hits.eq(*hits),
                t::last_at.eq(now),
            ))
            .on_conflict((t::integration_id, t::rule_id))
            .do_update()
            .set((
                t::hits.eq(t::hits + *hits),
                t::last_at.eq(excluded(t::last_at))
            ))
            .execute(c))?;
    }
    Ok(())
}

/// The rules of an integration that have matched.
///
/// # Errors
/// Those of the read.
pub fn hits(conn: &mut Conn, of: IntegrationId) -> Result<BTreeMap<RoutingRuleId, Hits>, Error> {
    let rows: Vec<(RoutingRuleId, i64, Timestamp)> = db!(conn, |c| t::table
        .filter(t::integration_id.eq(of))
        .select((t::rule_id, t::hits, t::last_at))
        .load(c))?;
    let rows = rows.into_iter();
    Ok(rows
        .map(|(rule, hits, last_at)| (rule, Hits { hits, last_at }))
        .collect())
}

/// Counts these rules from nothing.
///
/// # Errors
/// Those of the write.
pub fn forget(conn: &mut Conn, of: IntegrationId, rules: &[RoutingRuleId]) -> Result<(), Error> {
    db!(conn, |c| diesel::delete(
        t::table
            .filter(t::integration_id.eq(of))
            .filter(t::rule_id.eq_any(rules))
    )
    .execute(c))?;
    Ok(())
}

/// Alerts that no rules have sent anywhere stay with the service that the integration is about to
/// leave.
///
/// # Errors
/// Those of the write.
pub fn keep_service(conn: &mut Conn, of: IntegrationId, service: ServiceId) -> Result<(), Error> {
    let route = Route {
        service,
        rules: Vec::new(),
        suppressed_by: None,
        group_key: None,
        said: Said::default(),
    };
    let route = to_json("alert.routed", &route)?;
    db!(conn, |c| diesel::update(
        alert::table
            .filter(alert::integration_id.eq(of))
            .filter(alert::routed.is_null())
    )
    .set((
        alert::service_id.eq(Some(service)),
        alert::routed.eq(Some(&route)),
    ))
    .execute(c))?;
    Ok(())
}
