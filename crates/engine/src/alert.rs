//! Alerts as monitors' clients work with them: found by id or key, and changed without a further
//! signal. Every query and command is about one integration's own alerts.

use std::sync::Arc;

use domain::alert::{Alert, AlertText, Identity};
use domain::dedup::WorkingSet;
use domain::incident::{Actor, Command, Incident};
use domain::word::{AccountRole, AlertStatus};
use domain::{AlertId, IncidentId, IntegrationId, Timestamp};
use store::alert::Filter;
use store::{Conn, Store, Tx};

use crate::{Error, OpContext, incident, ingest};

/// How an alert is named.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum By {
    Id(AlertId),
    /// The dedup key of an open alert.
    Key(String),
}

/// An alert with its incident.
#[derive(Clone, Debug)]
pub struct Found {
    pub alert: Alert,
    pub incident: Option<Incident>,
}

/// An alert of the integration; by its key only while it is open.
///
/// # Errors
/// Those of the store.
pub async fn find(
    store: &Store,
    integration: IntegrationId,
    by: By,
) -> Result<Option<Found>, Error> {
    store
        .read(move |c| {
            let Some(alert) = look_up(c, integration, &by)? else {
                return Ok(None);
            };
            let incident = incident_of(c, alert.incident_id)?;
            Ok(Some(Found { alert, incident }))
        })
        .await
}

fn look_up(conn: &mut Conn, integration: IntegrationId, by: &By) -> Result<Option<Alert>, Error> {
    match by {
        By::Key(key) => {
            let own = Identity::of(integration, key);
            Ok(store::alert::open_by_key(conn, own)?)
        }
        By::Id(id) => match store::alert::fetch(conn, *id) {
            Ok(alert) if alert.integration_id == integration => Ok(Some(alert)),
            Ok(_) | Err(store::Error::NotFound) => Ok(None),
            Err(other) => Err(other.into()),
        },
    }
}

/// None while the alert is suppressed.
fn incident_of(conn: &mut Conn, id: Option<IncidentId>) -> Result<Option<Incident>, Error> {
    let Some(id) = id else {
        return Ok(None);
    };
    match store::incident::fetch(conn, id) {
        Ok(incident) => Ok(Some(incident)),
        Err(store::Error::NotFound) => Ok(None),
        Err(other) => Err(other.into()),
    }
}

/// Alerts, newest first, with their incidents; at most `limit`.
///
/// # Errors
/// Those of the store.
pub async fn list(store: &Store, filter: Filter, limit: i64) -> Result<Vec<Found>, Error> {
    store
        .read(move |c| {
            let alerts = store::alert::list(c, &filter, None, limit)?;
            let mut known: std::collections::BTreeMap<Option<IncidentId>, Option<Incident>> =
                std::collections::BTreeMap::new();
            alerts
                .into_iter()
                .map(|alert| {
                    let incident = match known.get(&alert.incident_id) {
                        Some(incident) => incident.clone(),
                        None => {
                            let incident = incident_of(c, alert.incident_id)?;
                            known.insert(alert.incident_id, incident.clone());
                            incident
                        }
                    };
                    Ok(Found { alert, incident })
                })
                .collect()
        })
        .await
}

/// A change of what an alert says.
pub type Rewording = Arc<dyn Fn(&mut AlertText) + Send + Sync>;

/// One thing to do with an alert.
#[derive(Clone)]
pub enum Order {
    /// To its incident, as a machine.
    Command(Command),
    Reword(Rewording),
}

/// What came of orders.
#[derive(Clone, Debug)]
pub struct Done {
    pub alert: AlertId,
    /// Why some could not be carried out; the others were.
    pub refused: Vec<String>,
}

/// Carries out orders about an alert in one transaction, each by itself: one that is refused does
/// not hold up the others. `None` when there is no such alert. Of an alert that is resolved only
/// the text and the notes can change.
///
/// # Errors
/// Those of the store; nothing is written then.
pub async fn carry_out(
    store: &Store,
    integration: IntegrationId,
    by: By,
    orders: Vec<Order>,
    now: Timestamp,
) -> Result<Option<Done>, Error> {
    store
        .write(move |tx| {
            let Some(alert) = look_up(tx, integration, &by)? else {
                return Ok(None);
            };
            let mut done = Done {
                alert: alert.id,
                refused: Vec::new(),
            };
            for order in &orders {
                match one(tx, &alert, order, now) {
                    Ok(()) => {}
                    Err(Error::Refused(why)) => done.refused.push(why),
                    Err(error @ (Error::Invalid(_) | Error::NotFound(_))) => {
                        done.refused.push(error.to_string());
                    }
                    Err(other) => return Err(other),
                }
            }
            Ok(Some(done))
        })
        .await
}

fn one(tx: &mut Tx<'_>, alert: &Alert, order: &Order, now: Timestamp) -> Result<(), Error> {
    match order {
        Order::Reword(change) => reword(tx, alert, change, now),
        Order::Command(command) => {
            let resolved = alert.status == AlertStatus::Resolved;
            if resolved && !matches!(command, Command::Note { .. }) {
                return Err(Error::Refused("the alert is resolved".into()));
            }
            let ctx = OpContext {
                actor: Actor::MONITOR,
                role: AccountRole::Responder,
                now,
            };
            let Some(incident) = alert.incident_id else {
                return Err(Error::Refused(
                    "the alert is suppressed, so there is no incident to act on".into(),
                ));
            };
            incident::command_in_txn(tx, &ctx, incident, command).map(drop)
        }
    }
}

fn reword(tx: &mut Tx<'_>, alert: &Alert, change: &Rewording, now: Timestamp) -> Result<(), Error> {
    let mut set = WorkingSet::default();
    for open in store::alert::lock_open(tx, &[alert.identity])? {
        set.open.insert(open.identity, open);
    }
    if set.open.get(&alert.identity).map(|open| open.id) != Some(alert.id) {
        let mut resolved = store::alert::fetch(tx, alert.id)?;
        let before = resolved.text.clone();
        change(&mut resolved.text);
        resolved.first_text.get_or_insert(before);
        return Ok(store::alert::update(tx, vec![resolved])?);
    }
    for incident in store::incident::lock_all(tx, alert.incident_id.as_slice())? {
        set.incidents.insert(incident.id, incident);
    }
    let directory = tx.directory()?;
    let service = directory
        .home_of(alert)
        .ok_or(Error::NotFound("integration"))?;
    set.reword(alert.identity, service, |text| change(text), now);
    ingest::write_changes(tx, set, &[], 0, now)?;
    if let Some(incident) = alert.incident_id {
        tx.changed(store::Change::Incident(incident));
    }
    Ok(())
}
