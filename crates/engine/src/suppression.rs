//! What maintenance windows, silences and inhibitions hold back. Tells owners of maintenance windows
//! and silences that an end is near (PAGING.md §3.3), and works out further occurrences of those
//! that recur.

use std::collections::BTreeSet;

use domain::alert::Alert;
use domain::directory::{Directory, User};
use domain::incident::Incident;
use domain::reminder::{NoticeText, method_for};
use domain::suppression::{self, Fields, Inhibition, Pause, Rest, Suppression, SuppressionKind};
use domain::word::{AlertStatus, NotificationKind};
use domain::{IntegrationId, NotificationId, Timestamp};
use jiff::tz::TimeZone;
use store::alert::Filter;
use store::{Conn, Store, Tx};

use crate::{Error, notice};

/// Open alerts of an incident that are looked at for whether paging rests. With more than that
/// something is wrong enough to page, unless all alerts of the service are held back.
const ALERTS_MAX: i64 = 100_000;
/// Open alerts that are looked at for what somebody wants to know of a rule.
const SEARCHED: i64 = 2_000;
/// Inhibiting alerts that are named.
const SHOWN: usize = 50;

/// Why paging for an incident rests, if it does.
///
/// # Errors
/// Those of the read.
pub fn pause(
    conn: &mut Conn,
    directory: &Directory,
    incident: &Incident,
    now: Timestamp,
) -> Result<Option<Pause>, store::Error> {
    let Some(service) = incident
        .service_id
        .filter(|id| suppression::may_pause(directory, *id, now))
    else {
        return Ok(None);
    };
    if incident.open_alerts == 0 {
        return Ok(None);
    }
    if let Some(pause) = suppression::pause_of_all(directory, service, now) {
        return Ok(Some(pause));
    }
    if incident.open_alerts > ALERTS_MAX {
        return Ok(None);
    }
    let mut rest = Rest::default();
    let all = store::alert::all_open_of_incident(conn, incident.id, ALERTS_MAX, |alert| {
        rest.holds(directory, service, alert, now)
    })?;
    Ok(rest.pause().filter(|_| all))
}

/// How many alerts [`pause`] may have to read for an incident.
pub(crate) fn to_read(directory: &Directory, incident: &Incident, now: Timestamp) -> i64 {
    let asked = incident.service_id.is_some_and(|id| {
        suppression::may_pause(directory, id, now)
            && suppression::pause_of_all(directory, id, now).is_none()
    });
    match incident.open_alerts {
        open if asked && open <= ALERTS_MAX => open,
        _ => 0,
    }
}

/// Open alerts that a maintenance window or silence matches, whether they have paged already or
/// not; those among the newest 2,000 of its services and integrations.
///
/// # Errors
/// Those of the read.
pub fn matching(
    conn: &mut Conn,
    directory: &Directory,
    one: &Suppression,
) -> Result<Vec<Alert>, store::Error> {
    let doors = directory.integrations.values().filter(|door| {
        // Rules may have sent alerts of a global one to a service of its own.
        (one.concerns(door.service_id) || !door.routing.rules.is_empty())
            && (one.integrations.is_empty() || one.integrations.contains(&door.id))
    });
    let all = one.services.is_empty() && one.integrations.is_empty();
    let doors: Vec<IntegrationId> = doors.map(|door| door.id).collect();
    let filter = Filter {
        status: Some(AlertStatus::Open),
        integrations: (!all).then_some(doors),
        ..Filter::default()
    };
    let mut open = store::alert::list(conn, &filter, None, SEARCHED)?;
    open.retain(|alert| {
        directory.home_of(alert).is_some_and(|home| {
            let fields = Fields::of_alert(alert);
            one.matches(home.id, alert.integration_id, &fields)
        })
    });
    Ok(open)
}

/// What a rule of inhibition does now.
#[derive(Clone, Debug, Default)]
pub struct Effect {
    /// Open alerts that inhibit others by it, at most 50.
    pub sources: Vec<Alert>,
    /// Open alerts that they inhibit by it.
    pub muted: Vec<Alert>,
}

/// What a rule of inhibition does now, as far as 2,000 alerts of each kind tell.
///
/// # Errors
/// Those of the reads.
pub fn effect_of(
    conn: &mut Conn,
    directory: &Directory,
    rule: &Inhibition,
) -> Result<Effect, store::Error> {
    let found = store::inhibition::sources_of(conn, rule.id, SEARCHED)?;
    if found.is_empty() {
        return Ok(Effect::default());
    }
    let holders: BTreeSet<i64> = found.iter().map(|(_, id)| id.0).collect();
    let filter = Filter {
        status: Some(AlertStatus::Open),
        held_by: Some(holders.into_iter().collect()),
        ..Filter::default()
    };
    let mut muted = store::alert::list(conn, &filter, None, SEARCHED)?;
    muted.retain(|alert| {
        let Some(home) = directory.home_of(alert) else {
            return false;
        };
        let fields = Fields::of_alert(alert);
        let key = rule.key(&fields);
        let by = alert.suppressed.as_ref();
        let inhibited = by.is_some_and(|by| by.kind == SuppressionKind::Inhibition);
        // One alert may be the source of several rules.
        let of_this = found
            .iter()
            .any(|(of, id)| *of == key && Some(id.0) == alert.held_by());
        inhibited && of_this && rule.is_target(directory, home.id, &fields)
    });
    let mut sources = Vec::new();
    for (_, id) in found.into_iter().take(SHOWN) {
        match store::alert::fetch(conn, id) {
            Ok(alert) => sources.push(alert),
            Err(store::Error::NotFound) => {}
            Err(other) => return Err(other),
        }
    }
    Ok(Effect { sources, muted })
}

/// Says what is due at `now`, and returns when to look again, if ever.
///
/// # Errors
/// Those of the store; what was due stays due.
pub(crate) async fn fire_due(store: &Store, now: Timestamp) -> Result<Option<Timestamp>, Error> {
    let directory = store.directory();
    if directory.suppressions.is_empty() {
        return Ok(None);
    }
    crate::configuration::suppression::expand(store, now).await?;
    let told = store.read(store::suppression::told).await?;
    for one in directory.suppressions.values() {
        let Some(end) = one
            .notice_due(now)
            .filter(|end| told.get(&one.id) < Some(end))
        else {
            continue;
        };
        let id = one.id;
        store
            .write(move |tx| {
                let directory = tx.directory()?;
                match directory.suppressions.get(&id) {
                    // Not one that was moved meanwhile.
                    Some(one) if one.notice_due(now) == Some(end) => tell_in_txn(tx, one, end, now),
                    _ => Ok::<(), Error>(()),
                }
            })
            .await?;
    }
    let next = directory.suppressions.values();
    Ok(next.filter_map(|one| one.next_notice(now)).min())
}

fn tell_in_txn(
    tx: &mut Tx<'_>,
    one: &Suppression,
    end: Timestamp,
    now: Timestamp,
) -> Result<(), Error> {
    if !store::suppression::tell_once(tx, one.id, end)? {
        return Ok(());
    }
    let directory = tx.directory()?;
    let mut rows = Vec::new();
    for id in suppression::who_hears(one, &directory, now) {
        let Some(user) = directory.user(id) else {
            continue;
        };
        // Now, whatever delay the person's rules have: later it would be of no use.
        let Some(method) = method_for(user, now) else {
            continue;
        };
        let (kind, id) = (NotificationKind::Notice, tx.id(NotificationId)?);
        let text = text_of(one, user, end);
        rows.push(notice::to(user, method, kind, text, id, now));
    }
    notice::plan(tx, &rows)
}

/// The notice that one ends.
fn text_of(one: &Suppression, user: &User, end: Timestamp) -> NoticeText {
    let zone = TimeZone::get(&user.zone).unwrap_or(TimeZone::UTC);
    let local = end.in_zone(&zone).strftime("%a %H:%M %Z").to_string();
    let name = one.named();
    let made = match one.created_by == Some(user.id) {
        true => String::new(),
        false => format!(" It was made by {}.", one.author),
    };
    let body = format!(
        "{name} ends at {local} ({}). What still fires then pages; to prolong it, move its \
         end.{made}",
        end.to_seconds_string(),
    );
    NoticeText {
        subject: format!("Ends at {local}: {name}"),
        body,
    }
}
