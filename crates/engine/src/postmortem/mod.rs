//! Postmortems: started from what the incident knows, written by people, exported as Markdown
//! (INCIDENTS.md §5). The rules are in [`domain::postmortem`].

mod action;
mod edit;
mod facts;
mod view;

use domain::incident::{Actor, Incident};
use domain::lifecycle;
use domain::postmortem::normalise;
use domain::word::{CommandRole, EntryKind, Phase, PostmortemStatus};
use domain::{IncidentId, Timestamp, UserId};
use store::postmortem::{Postmortem, Revision};
use store::{Change, Conn, Store, Tx};

use crate::access::{Right, require};
use crate::role::no_incident;
use crate::{Error, OpContext, record};

pub use action::{ActionInput, ActionOwner, add_action, edit_action, set_action_status};
pub(crate) use edit::moments_changed;
pub use edit::{Saved, advance, choose_timeline, edit_section, refill, set_owner, set_title};
pub use view::{
    Candidate, Export, Page, SectionView, View, export, get, list, timeline_candidates,
};

use facts::Facts;

/// Longest body of a section, in characters.
pub const BODY_MAX: usize = 200_000;

/// Starts the postmortem of the incident with this number, and returns it. One that exists, because
/// resolving started it or somebody was faster, is returned as it is.
///
/// # Errors
/// [`Error::Refused`] when the incident is not over, [`Error::NotFound`].
pub async fn start(store: &Store, ctx: &OpContext, number: i64) -> Result<Postmortem, Error> {
    require(ctx, Right::Respond)?;
    let ctx = *ctx;
    store
        .write(move |tx| {
            let id = store::incident::by_number(tx, number)
                .map_err(no_incident)?
                .id;
            let incident = store::incident::lock(tx, id)?;
            match store::postmortem::of_incident(tx, id)? {
                Some(existing) => Ok(existing),
                None => create(tx, &incident, ctx.actor, ctx.now),
            }
        })
        .await
}

/// [`start`] as part of a transaction that holds the incident's lock: resolving a grave incident
/// starts its postmortem by itself ([`domain::postmortem::is_created_at_resolve`]).
///
/// # Errors
/// As [`start`].
pub fn create(
    tx: &mut Tx<'_>,
    incident: &Incident,
    actor: Actor,
    now: Timestamp,
) -> Result<Postmortem, Error> {
    may_start(incident)?;
    if store::postmortem::of_incident(tx, incident.id)?.is_some() {
        let label = incident.label();
        return Err(Error::Refused(format!("{label} has a postmortem already")));
    }
    let directory = tx.directory()?;
    let owner = match commander(tx, incident.id)? {
        Some(commander) => Some(commander),
        None => actor.user,
    };
    let facts = Facts::gather(tx, &directory, incident, owner)?;
    let by = actor.user;
    let sections = facts::first_sections(tx, &directory, incident, &facts, by, now)?;
    let started = Postmortem {
        incident_id: incident.id,
        number: incident.number,
        title: incident.title.clone(),
        status: PostmortemStatus::Draft,
        revision: 1,
        owner_id: owner,
        created_by: by,
        created_at: now,
        updated_at: now,
        approved_by: None,
        approved_revision: None,
    };
    store::postmortem::insert(tx, &started)?;
    store::postmortem::insert_sections(tx, &sections)?;
    store::postmortem::append_revision(
        tx,
        &Revision {
            incident_id: incident.id,
            revision: 1,
            change: STARTED.to_owned(),
            slug: None,
            body: Some(facts.to_json()?),
            edited_by: by,
            edited_at: now,
        },
    )?;
    let text = format!("{} started the postmortem", actor.name(&directory));
    let details = serde_json::json!({ "postmortem": started.number, "owner": owner });
    let kind = EntryKind::PostmortemStarted;
    record::entry(tx, incident.id, actor, kind, &text, &details, now)?;
    let subject = domain::postmortem::number_text(started.number);
    tx.audit(
        now,
        actor.user,
        actor.origin,
        "postmortem.start",
        &subject,
        &details,
    )?;
    tx.changed(Change::Incident(incident.id));
    Ok(started)
}

/// The first revision's change.
const STARTED: &str = "started";

/// A postmortem looks back: the incident must be over, and not have become part of another.
fn may_start(incident: &Incident) -> Result<(), Error> {
    if lifecycle::is_open(incident.phase) {
        let message = "resolve the incident first: its postmortem starts from what is known then";
        return Err(Error::Refused(message.into()));
    }
    if incident.phase == Phase::Merged {
        let message = "this incident was merged: its postmortem is that of the other one";
        return Err(Error::Refused(message.into()));
    }
    Ok(())
}

/// Whether a postmortem can be started: what pages offer.
pub fn can_start(incident: &Incident) -> bool {
    may_start(incident).is_ok()
}

/// The last commander, who names the postmortem's owner unless it is they.
fn commander(conn: &mut Conn, incident: IncidentId) -> Result<Option<UserId>, Error> {
    let holdings = store::command::holdings(conn, incident)?;
    let last = holdings
        .iter()
        .rev()
        .find(|held| held.role == CommandRole::Commander);
    Ok(last.map(|held| held.user_id))
}

/// The incident's postmortem, if it has one; for the incident's page.
///
/// # Errors
/// Those of the read.
pub fn of_incident(conn: &mut Conn, id: IncidentId) -> Result<Option<Postmortem>, Error> {
    Ok(store::postmortem::of_incident(conn, id)?)
}

/// The Markdown that would be saved: what a preview renders.
///
/// # Errors
/// [`Error::Invalid`] when it is too long, [`Error::Forbidden`].
pub fn preview(ctx: &OpContext, body: &str) -> Result<String, Error> {
    require(ctx, Right::Read)?;
    checked_body(body)
}

fn checked_body(body: &str) -> Result<String, Error> {
    if body.chars().count() > BODY_MAX {
        let message = format!("the text is longer than {BODY_MAX} characters");
        return Err(Error::invalid("body", message));
    }
    Ok(normalise(body))
}

fn no_postmortem(error: store::Error) -> Error {
    match error {
        store::Error::NotFound => Error::NotFound("postmortem"),
        other => other.into(),
    }
}
