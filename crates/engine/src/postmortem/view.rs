//! Postmortems as people read them, and their export.

use domain::incident::Incident;
use domain::moment::{Durations, Moments};
use domain::postmortem::lint::{self, ActionFinding, Finding};
use domain::postmortem::workflow::{Step, allowed_steps};
use domain::postmortem::{self as rules, TimelineRow, section_kind};
use domain::word::{CommandRole, EntryKind, PostmortemStatus};
use domain::{TimelineEntryId, Timestamp, UserId};
use store::postmortem::{ActionItem, Cursor, Edit, Filter, Listed, Postmortem};
use store::{Conn, Store};

use super::facts::{Facts, to_action, to_domain};
use super::no_postmortem;
use crate::access::{Right, allows, require};
use crate::{Error, OpContext, moment};

/// Tries to read a document that is being edited.
const TRIES: usize = 8;
/// Entries that a selection offers.
const CANDIDATES: i64 = 5_000;

/// A section as people see it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SectionView {
    pub slug: String,
    pub title: String,
    /// Normalised Markdown.
    pub body: String,
    /// An edit names this as where it started.
    pub revision: i64,
    /// Shown to the author while it is empty.
    pub prompt: &'static str,
    pub required: bool,
    pub updated_by: Option<UserId>,
    pub updated_at: Timestamp,
}

/// A postmortem with everything its page shows.
#[derive(Clone, Debug)]
pub struct View {
    pub incident: Incident,
    pub postmortem: Postmortem,
    pub sections: Vec<SectionView>,
    /// As of the newest revision, like everything that the export holds.
    pub moments: Moments,
    pub durations: Durations,
    pub roles: Vec<(CommandRole, Vec<String>)>,
    pub timeline: Vec<TimelineRow>,
    /// As they are now: status can have moved on after publication.
    pub actions: Vec<ActionItem>,
    /// The steps that can be offered.
    pub steps: Vec<Step>,
    /// Published and closed ones are read-only.
    pub editable: bool,
    /// The incident says something else by now: offer to refill.
    pub behind: bool,
    /// For those who may edit; empty for others.
    pub findings: Vec<Finding>,
    pub action_findings: Vec<ActionFinding>,
    /// Newest first.
    pub edits: Vec<Edit>,
}

/// The postmortem of the incident with this number.
///
/// # Errors
/// [`Error::NotFound`], [`Error::Forbidden`].
pub async fn get(store: &Store, ctx: &OpContext, number: i64) -> Result<View, Error> {
    require(ctx, Right::Read)?;
    let writes = allows(ctx.role, Right::Respond);
    let directory = store.directory();
    store
        .read(move |conn| {
            consistently(conn, number, |conn, postmortem| {
                let id = postmortem.incident_id;
                let incident = store::incident::fetch(conn, id)?;
                let facts = Facts::read(conn, id)?;
                let sections = store::postmortem::sections(conn, id)?;
                let actions = store::postmortem::actions(conn, id)?;
                let edits = store::postmortem::edits(conn, id)?;
                let owner = postmortem.owner_id;
                let fresh = Facts::gather(conn, &directory, &incident, owner)?;
                let editable = !matches!(
                    postmortem.status,
                    PostmortemStatus::Published | PostmortemStatus::Closed
                );
                let texts: Vec<rules::Section> = sections.iter().map(to_domain).collect();
                let items: Vec<rules::ActionItem> = actions
                    .iter()
                    .map(|item| to_action(&directory, item))
                    .collect();
                let (findings, action_findings) = if writes && editable {
                    (lint::lint(&texts), lint::lint_actions(&items))
                } else {
                    (Vec::new(), Vec::new())
                };
                Ok(View {
                    sections: sections.into_iter().map(section_view).collect(),
                    durations: moment::durations(&facts.moments, postmortem.updated_at),
                    timeline: facts.rows(conn)?,
                    // A selection of the timeline is on purpose, not behind.
                    behind: editable
                        && Facts {
                            timeline: facts.timeline.clone(),
                            ..fresh
                        } != facts,
                    moments: facts.moments,
                    roles: facts.roles,
                    steps: allowed_steps(postmortem.status),
                    postmortem: postmortem.clone(),
                    incident,
                    actions,
                    editable,
                    findings,
                    action_findings,
                    edits,
                })
            })
        })
        .await
}

fn section_view(section: store::postmortem::Section) -> SectionView {
    let kind = section_kind(&section.slug);
    SectionView {
        prompt: kind.map_or("", |kind| kind.prompt),
        required: kind.is_some_and(|kind| kind.required),
        slug: section.slug,
        title: section.title,
        body: section.body,
        revision: section.revision,
        updated_by: section.updated_by,
        updated_at: section.updated_at,
    }
}

/// Reads the parts of one revision: several statements may see an edit between them, which is
/// noticed and read again.
fn consistently<T>(
    conn: &mut Conn,
    number: i64,
    mut read: impl FnMut(&mut Conn, &Postmortem) -> Result<T, Error>,
) -> Result<T, Error> {
    let mut current = store::postmortem::by_number(conn, number).map_err(no_postmortem)?;
    for _ in 0..TRIES {
        let value = read(conn, &current)?;
        let after = store::postmortem::by_number(conn, number).map_err(no_postmortem)?;
        if after == current {
            return Ok(value);
        }
        current = after;
    }
    Err(Error::Overloaded)
}

/// A page of a list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Page {
    pub items: Vec<Listed>,
    /// Where the next page begins, if there is more.
    pub next: Option<Cursor>,
}

/// Postmortems, newest first.
///
/// # Errors
/// [`Error::Forbidden`].
pub async fn list(
    store: &Store,
    ctx: &OpContext,
    filter: Filter,
    cursor: Option<Cursor>,
    limit: i64,
) -> Result<Page, Error> {
    require(ctx, Right::Read)?;
    let limit = limit.clamp(1, 200);
    store
        .read(move |conn| {
            let mut items = store::postmortem::list(conn, &filter, cursor, limit + 1)?;
            let wanted = usize::try_from(limit).unwrap_or(usize::MAX);
            let more = items.len() > wanted;
            items.truncate(wanted);
            let next = items.last().filter(|_| more).map(|last| Cursor {
                created_at: last.postmortem.created_at,
                number: last.postmortem.number,
            });
            Ok(Page { items, next })
        })
        .await
}

/// A file to be downloaded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Export {
    /// `INC-0042-checkout-errors.postmortem.md`.
    pub file_name: String,
    pub bytes: Vec<u8>,
    /// Changes exactly when the bytes can: revision and status.
    pub version: String,
}

/// The Markdown of INCIDENTS.md §5.4. The same revision in the same status gives the same bytes.
///
/// # Errors
/// [`Error::NotFound`], [`Error::Forbidden`].
pub async fn export(store: &Store, ctx: &OpContext, number: i64) -> Result<Export, Error> {
    require(ctx, Right::Read)?;
    store
        .read(move |conn| {
            consistently(conn, number, |conn, postmortem| {
                let facts = Facts::read(conn, postmortem.incident_id)?;
                let sections = store::postmortem::sections(conn, postmortem.incident_id)?;
                let document = facts.document(conn, postmortem, &sections)?;
                Ok(Export {
                    file_name: rules::file_name(&document),
                    bytes: rules::export(&document).into_bytes(),
                    version: format!("{}-{}", document.revision, document.status),
                })
            })
        })
        .await
}

/// An entry of the incident's timeline that the document may show.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Candidate {
    pub id: TimelineEntryId,
    pub at: Timestamp,
    pub kind: EntryKind,
    pub text: String,
    /// Whether the document shows it.
    pub chosen: bool,
}

/// The incident's timeline, oldest first, to choose from.
///
/// # Errors
/// [`Error::NotFound`], [`Error::Forbidden`].
pub async fn timeline_candidates(
    store: &Store,
    ctx: &OpContext,
    number: i64,
) -> Result<Vec<Candidate>, Error> {
    require(ctx, Right::Read)?;
    store
        .read(move |conn| {
            let postmortem = store::postmortem::by_number(conn, number).map_err(no_postmortem)?;
            let chosen = Facts::read(conn, postmortem.incident_id)?.timeline;
            let entries = store::timeline::latest(conn, postmortem.incident_id, CANDIDATES)?;
            let shown: std::collections::BTreeSet<TimelineEntryId> =
                chosen.into_iter().map(|(id, _)| id).collect();
            Ok(entries
                .into_iter()
                .map(|entry| Candidate {
                    chosen: shown.contains(&entry.id),
                    id: entry.id,
                    at: entry.occurred_at,
                    kind: entry.kind,
                    text: entry.text,
                })
                .collect())
        })
        .await
}
