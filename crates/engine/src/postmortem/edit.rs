//! Everything that changes what a postmortem says. Each change raises the revision.

use std::collections::BTreeSet;

use domain::incident::{Incident, TITLE_MAX};
use domain::postmortem::workflow::{self, Approval, Step, Workflow, WorkflowError};
use domain::{TimelineEntryId, UserId};
use store::postmortem::{Postmortem, Revision};
use store::{Change, Store, Tx};

use super::facts::{self, Facts};
use super::{STARTED, checked_body, no_postmortem};
use crate::access::{Right, require};
use crate::{Error, OpContext, moment};

/// A section as it was saved.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Saved {
    /// The next edit starts from this one.
    pub revision: i64,
    /// Normalised; may differ from what was sent.
    pub body: String,
}

/// A postmortem whose incident is locked.
pub(super) struct Held {
    pub incident: Incident,
    pub row: Postmortem,
}

impl Held {
    pub fn of_number(tx: &mut Tx<'_>, number: i64) -> Result<Held, Error> {
        let id = store::postmortem::by_number(tx, number)
            .map_err(no_postmortem)?
            .incident_id;
        let incident = store::incident::lock(tx, id)?;
        let row = store::postmortem::of_incident(tx, id)?.ok_or(Error::NotFound("postmortem"))?;
        Ok(Held { incident, row })
    }

    pub fn workflow(&self, tx: &mut Tx<'_>) -> Result<Workflow, Error> {
        let edits = store::postmortem::edits(tx, self.row.incident_id)?;
        // Who only pressed the button wrote nothing; unless nobody else did.
        let wrote = edits.iter().filter(|edit| edit.change != STARTED);
        let mut authors: BTreeSet<UserId> = wrote.filter_map(|edit| edit.edited_by).collect();
        if authors.is_empty() {
            authors.extend(self.row.created_by);
        }
        let approval = self.row.approved_by.zip(self.row.approved_revision);
        Ok(Workflow {
            status: self.row.status,
            revision: self.row.revision,
            authors,
            approval: approval.map(|(by, revision)| Approval { by, revision }),
        })
    }

    fn take(&mut self, next: &Workflow) {
        self.row.status = next.status;
        self.row.revision = next.revision;
        self.row.approved_by = next.approval.map(|approval| approval.by);
        self.row.approved_revision = next.approval.map(|approval| approval.revision);
    }

    /// Raises the revision by one edit of a person. What else of the row has changed is written
    /// as well.
    ///
    /// # Errors
    /// [`Error::Refused`] when the postmortem is read-only.
    pub fn raise(
        &mut self,
        tx: &mut Tx<'_>,
        ctx: &OpContext,
        change: &str,
        slug: Option<&str>,
        body: Option<String>,
    ) -> Result<(), Error> {
        let author = ctx.person()?;
        let next = workflow::edited(&self.workflow(tx)?, author).map_err(refused)?;
        self.take(&next);
        self.row.updated_at = ctx.now;
        store::postmortem::update(tx, &self.row)?;
        store::postmortem::append_revision(
            tx,
            &Revision {
                incident_id: self.row.incident_id,
                revision: self.row.revision,
                change: change.to_owned(),
                slug: slug.map(str::to_owned),
                body,
                edited_by: Some(author),
                edited_at: ctx.now,
            },
        )?;
        tx.changed(Change::Incident(self.row.incident_id));
        Ok(())
    }

    /// Raises the revision if `fresh` says something new.
    pub fn raise_facts(
        &mut self,
        tx: &mut Tx<'_>,
        ctx: &OpContext,
        change: &str,
        fresh: &Facts,
    ) -> Result<(), Error> {
        if *fresh == Facts::read(tx, self.row.incident_id)? {
            return Ok(());
        }
        self.raise(tx, ctx, change, None, Some(fresh.to_json()?))
    }

    /// Whether an edit would be taken: published and closed postmortems are read-only.
    pub fn is_editable(&self, tx: &mut Tx<'_>, by: UserId) -> Result<bool, Error> {
        Ok(workflow::edited(&self.workflow(tx)?, by).is_ok())
    }
}

pub(super) fn refused(error: WorkflowError) -> Error {
    Error::Refused(error.to_string())
}

/// Saves a section. `base_revision` is the section's revision that the edit started from.
///
/// # Errors
/// [`Error::Conflict`] with the text that stands now when somebody else saved meanwhile,
/// [`Error::Refused`] when the postmortem is read-only, [`Error::Invalid`], [`Error::NotFound`].
pub async fn edit_section(
    store: &Store,
    ctx: &OpContext,
    number: i64,
    slug: String,
    base_revision: i64,
    body: String,
) -> Result<Saved, Error> {
    require(ctx, Right::Respond)?;
    let author = ctx.person()?;
    let body = checked_body(&body)?;
    let ctx = *ctx;
    store
        .write(move |tx| {
            let mut held = Held::of_number(tx, number)?;
            let found = store::postmortem::section(tx, held.row.incident_id, &slug);
            let mut section = found.map_err(|error| match error {
                store::Error::NotFound => Error::NotFound("section"),
                other => other.into(),
            })?;
            if section.body == body {
                // Also when two people came to the same text.
                return Ok(Saved {
                    revision: section.revision,
                    body: section.body,
                });
            }
            if section.revision != base_revision {
                return Err(Error::Conflict {
                    revision: section.revision,
                    current: section.body,
                });
            }
            held.raise(tx, &ctx, "section", Some(&slug), Some(body.clone()))?;
            section.body = body.clone();
            section.revision = held.row.revision;
            section.updated_by = Some(author);
            section.updated_at = ctx.now;
            store::postmortem::update_section(tx, &section)?;
            Ok(Saved {
                revision: section.revision,
                body: section.body,
            })
        })
        .await
}

/// Renames it.
///
/// # Errors
/// [`Error::Invalid`], [`Error::Refused`], [`Error::NotFound`].
pub async fn set_title(
    store: &Store,
    ctx: &OpContext,
    number: i64,
    title: String,
) -> Result<(), Error> {
    require(ctx, Right::Respond)?;
    let title = title.split_whitespace().collect::<Vec<_>>().join(" ");
    if title.is_empty() || title.chars().count() > TITLE_MAX {
        let message = format!("give it a title of at most {TITLE_MAX} characters");
        return Err(Error::invalid("title", message));
    }
    let ctx = *ctx;
    store
        .write(move |tx| {
            let mut held = Held::of_number(tx, number)?;
            if held.row.title == title {
                return Ok(());
            }
            held.row.title = title.clone();
            held.raise(tx, &ctx, "title", None, None)
        })
        .await
}

/// Names who writes it; `None` leaves it without an owner.
///
/// # Errors
/// [`Error::Invalid`] for a person that does not exist, [`Error::Refused`], [`Error::NotFound`].
pub async fn set_owner(
    store: &Store,
    ctx: &OpContext,
    number: i64,
    owner: Option<UserId>,
) -> Result<(), Error> {
    require(ctx, Right::Respond)?;
    let ctx = *ctx;
    store
        .write(move |tx| {
            let mut held = Held::of_number(tx, number)?;
            let directory = tx.directory()?;
            let unknown = |user| directory.user(user).is_none_or(|user| user.disabled);
            if owner.is_some_and(unknown) {
                return Err(Error::invalid("owner", "there is no such person"));
            }
            if held.row.owner_id == owner {
                return Ok(());
            }
            held.row.owner_id = owner;
            let mut fresh = Facts::read(tx, held.row.incident_id)?;
            fresh.owner = owner.map(|user| facts::user_handle(&directory, user));
            held.raise(tx, &ctx, "owner", None, Some(fresh.to_json()?))
        })
        .await
}

/// Takes a step of the workflow. `seen` is the revision the person had before them, which an
/// approval binds to.
///
/// # Errors
/// [`Error::Refused`] with the rule that says no, [`Error::NotFound`].
pub async fn advance(
    store: &Store,
    ctx: &OpContext,
    number: i64,
    step: Step,
    seen: i64,
    reason: Option<String>,
) -> Result<Postmortem, Error> {
    require(ctx, Right::Respond)?;
    let by = ctx.person()?;
    let ctx = *ctx;
    store
        .write(move |tx| {
            let mut held = Held::of_number(tx, number)?;
            let before = held.row.status;
            let current = held.workflow(tx)?;
            let next =
                workflow::advance(&current, step, by, seen, reason.as_deref()).map_err(refused)?;
            held.take(&next);
            held.row.updated_at = ctx.now;
            store::postmortem::update(tx, &held.row)?;
            let details = serde_json::json!({
                "from": before, "to": held.row.status, "revision": held.row.revision,
                "reason": reason.as_deref().map(str::trim),
            });
            let subject = domain::postmortem::number_text(held.row.number);
            let action = format!("postmortem.{step}");
            let origin = ctx.actor.origin;
            tx.audit(ctx.now, Some(by), origin, &action, &subject, &details)?;
            tx.changed(Change::Incident(held.row.incident_id));
            Ok(held.row)
        })
        .await
}

/// Takes severity, key moments, roles, actions and the timeline from the incident again; the texts
/// of sections stay. Does nothing when nothing has changed.
///
/// # Errors
/// [`Error::Refused`] when it is read-only, [`Error::NotFound`].
pub async fn refill(store: &Store, ctx: &OpContext, number: i64) -> Result<(), Error> {
    require(ctx, Right::Respond)?;
    let ctx = *ctx;
    store
        .write(move |tx| {
            let mut held = Held::of_number(tx, number)?;
            let directory = tx.directory()?;
            let owner = held.row.owner_id;
            let fresh = Facts::gather(tx, &directory, &held.incident, owner)?;
            held.raise_facts(tx, &ctx, "refilled", &fresh)
        })
        .await
}

/// Chooses which entries of the incident's timeline the document shows.
///
/// # Errors
/// [`Error::Invalid`] when one is not of this incident, [`Error::Refused`], [`Error::NotFound`].
pub async fn choose_timeline(
    store: &Store,
    ctx: &OpContext,
    number: i64,
    chosen: Vec<TimelineEntryId>,
) -> Result<(), Error> {
    require(ctx, Right::Respond)?;
    let ctx = *ctx;
    store
        .write(move |tx| {
            let mut held = Held::of_number(tx, number)?;
            let directory = tx.directory()?;
            let wanted: BTreeSet<TimelineEntryId> = chosen.iter().copied().collect();
            let ids: Vec<TimelineEntryId> = wanted.into_iter().collect();
            let mut entries = store::postmortem::entries(tx, &ids)?;
            entries.retain(|entry| entry.incident_id == held.incident.id);
            if entries.len() != ids.len() {
                let message = "an entry is not of this incident's timeline";
                return Err(Error::invalid("entries", message));
            }
            entries.sort_by_key(|entry| (entry.occurred_at, entry.recorded_at, entry.id));
            let mut fresh = Facts::read(tx, held.row.incident_id)?;
            fresh.timeline = entries
                .iter()
                .map(|entry| (entry.id, facts::by(&directory, entry)))
                .collect();
            held.raise_facts(tx, &ctx, "timeline", &fresh)
        })
        .await
}

/// A person has corrected a key moment: a postmortem that can still be edited takes it over. One
/// that is published keeps what it says, and so does one when an API token set the moment, until
/// somebody refills it.
pub(crate) fn moments_changed(
    tx: &mut Tx<'_>,
    ctx: &OpContext,
    incident: &Incident,
) -> Result<(), Error> {
    let Some(row) = store::postmortem::of_incident(tx, incident.id)? else {
        return Ok(());
    };
    let mut held = Held {
        incident: incident.clone(),
        row,
    };
    let Some(author) = ctx.actor.user else {
        return Ok(());
    };
    if !held.is_editable(tx, author)? {
        return Ok(());
    }
    let mut fresh = Facts::read(tx, incident.id)?;
    fresh.moments = moment::known(tx, incident.id)?;
    held.raise_facts(tx, ctx, "moments", &fresh)
}
