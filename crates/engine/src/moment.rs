//! Key moments: what people say about when things happened, and the durations that follow
//! (INCIDENTS.md §3).

use domain::incident::Incident;
use domain::moment::{Durations, ImpactWindow, Moment, MomentSource, Moments, Warning, title};
use domain::word::{EntryKind, KeyMoment};
use domain::{IncidentId, Timestamp, UserId};
use store::{Conn, Store, Tx};

use crate::access::{Right, require};
use crate::role::no_incident;
use crate::{Error, OpContext, postmortem, record};

/// One moment as people see it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MomentView {
    pub moment: KeyMoment,
    pub at: Option<Timestamp>,
    /// False once a person has set it.
    pub automatic: bool,
    pub set_by: Option<UserId>,
}

/// The moments of an incident, the durations between them, and what looks odd about them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MomentsView {
    /// All of them, known or not, in the order of [`KeyMoment::ALL`].
    pub moments: Vec<MomentView>,
    pub durations: Durations,
    pub warnings: Vec<Warning>,
}

/// Sets or corrects a moment; events no longer move it. Returns what looks odd now.
///
/// # Errors
/// [`Error::Invalid`] for a time in the future or an end before the impact, [`Error::NotFound`].
pub async fn set(
    store: &Store,
    ctx: &OpContext,
    number: i64,
    moment: KeyMoment,
    at: Timestamp,
) -> Result<Vec<Warning>, Error> {
    change(store, ctx, number, moment, Some(at)).await
}

/// Forgets a moment; the next event of its kind fills it in again. Returns what looks odd now.
///
/// # Errors
/// [`Error::NotFound`], [`Error::Forbidden`].
pub async fn clear(
    store: &Store,
    ctx: &OpContext,
    number: i64,
    moment: KeyMoment,
) -> Result<Vec<Warning>, Error> {
    change(store, ctx, number, moment, None).await
}

async fn change(
    store: &Store,
    ctx: &OpContext,
    number: i64,
    moment: KeyMoment,
    at: Option<Timestamp>,
) -> Result<Vec<Warning>, Error> {
    require(ctx, Right::Respond)?;
    let ctx = *ctx;
    store
        .write(move |tx| {
            let id = store::incident::by_number(tx, number)
                .map_err(no_incident)?
                .id;
            let incident = store::incident::lock(tx, id)?;
            let mut moments = known(tx, id)?;
            let before = moments.clone();
            moments
                .set(moment, at, ctx.now)
                .map_err(|error| Error::invalid("at", error.to_string()))?;
            if moments != before {
                store::incident::set_moment(tx, id, moment, at, ctx.actor.user)?;
                write_entry(tx, &ctx, &incident, moment, before.get(moment), at)?;
                postmortem::moments_changed(tx, &ctx, &incident)?;
            }
            // Clearing cannot break a rule; what is left was allowed before.
            Ok(moments.check(ctx.now).unwrap_or_default())
        })
        .await
}

fn write_entry(
    tx: &mut Tx<'_>,
    ctx: &OpContext,
    incident: &Incident,
    moment: KeyMoment,
    from: Option<Timestamp>,
    to: Option<Timestamp>,
) -> Result<(), Error> {
    let directory = tx.directory()?;
    let who = ctx.actor.name(&directory);
    let what = title(moment);
    let time = |at: Timestamp| at.to_jiff().strftime("%Y-%m-%d %H:%M:%S UTC").to_string();
    let text = match (from, to) {
        (_, None) => format!("{who} cleared “{what}”"),
        (None, Some(to)) => format!("{who} set “{what}” to {}", time(to)),
        (Some(from), Some(to)) => {
            format!("{who} changed “{what}” from {} to {}", time(from), time(to))
        }
    };
    let details = serde_json::json!({ "moment": moment, "from": from, "to": to });
    let kind = EntryKind::KeyMomentSet;
    record::entry(tx, incident.id, ctx.actor, kind, &text, &details, ctx.now)?;
    let actor = ctx.actor;
    let subject = incident.label();
    tx.audit(
        ctx.now,
        actor.user,
        actor.origin,
        "moment.set",
        &subject,
        &details,
    )?;
    Ok(())
}

/// The moments of the incident with this number.
///
/// # Errors
/// [`Error::NotFound`], [`Error::Forbidden`].
pub async fn view(store: &Store, ctx: &OpContext, number: i64) -> Result<MomentsView, Error> {
    require(ctx, Right::Read)?;
    let now = ctx.now;
    store
        .read(move |conn| {
            let id = store::incident::by_number(conn, number)
                .map_err(no_incident)?
                .id;
            of_incident(conn, id, now)
        })
        .await
}

/// [`view`] for callers that read more of the incident.
///
/// # Errors
/// Those of the read.
pub fn of_incident(conn: &mut Conn, id: IncidentId, now: Timestamp) -> Result<MomentsView, Error> {
    let rows = store::incident::moments(conn, id)?;
    let moments = from_rows(&rows);
    let view = |&moment: &KeyMoment| {
        let row = rows.iter().find(|row| row.moment == moment);
        MomentView {
            moment,
            at: row.map(|row| row.at),
            automatic: row.is_none_or(|row| row.automatic),
            set_by: row.and_then(|row| row.set_by),
        }
    };
    Ok(MomentsView {
        durations: durations(&moments, now),
        warnings: moments.check(now).unwrap_or_default(),
        moments: KeyMoment::ALL.iter().map(view).collect(),
    })
}

/// The moments that are known.
pub(crate) fn known(conn: &mut Conn, id: IncidentId) -> Result<Moments, Error> {
    Ok(from_rows(&store::incident::moments(conn, id)?))
}

fn from_rows(rows: &[store::incident::Moment]) -> Moments {
    let mut moments = Moments::default();
    for row in rows {
        let source = if row.automatic {
            MomentSource::Auto
        } else {
            MomentSource::Manual
        };
        moments.insert(row.moment, Moment { at: row.at, source });
    }
    moments
}

/// The durations; how long users were hit is known once somebody has said when it ended.
pub(crate) fn durations(moments: &Moments, now: Timestamp) -> Durations {
    let window = moments
        .get(KeyMoment::ImpactStarted)
        .zip(moments.get(KeyMoment::ImpactEnded));
    let impact: Vec<ImpactWindow> = window
        .map(|(start, end)| ImpactWindow {
            start,
            end: Some(end),
        })
        .into_iter()
        .collect();
    moments.durations(None, &impact, now)
}
