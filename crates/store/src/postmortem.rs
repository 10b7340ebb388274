//! Postmortems: the document, its sections, every edit of it, and action items.

use diesel::prelude::*;
use domain::word::{ActionPriority, ActionStatus, ActionType, PostmortemStatus};
use domain::{ActionItemId, IncidentId, TeamId, TimelineEntryId, Timestamp, UserId};

use crate::conn::Conn;
use crate::db;
use crate::error::Error;
use crate::schema::{
    action_item, incident, postmortem, postmortem_revision, postmortem_section, timeline_entry,
};
use crate::timeline::Entry;

/// A postmortem, without its sections. One per incident, with the incident's number.
#[derive(Queryable, Selectable, Insertable, AsChangeset, Clone, Debug, PartialEq, Eq)]
#[diesel(table_name = postmortem, treat_none_as_null = true, treat_none_as_default_value = false)]
pub struct Postmortem {
    pub incident_id: IncidentId,
    pub number: i64,
    pub title: String,
    pub status: PostmortemStatus,
    /// Rises with everything that changes what it says.
    pub revision: i64,
    pub owner_id: Option<UserId>,
    pub created_by: Option<UserId>,
    pub created_at: Timestamp,
    pub updated_at: Timestamp,
    pub approved_by: Option<UserId>,
    /// The revision that was read before approving.
    pub approved_revision: Option<i64>,
}

/// # Errors
/// [`Error::Conflict`] when the incident has one.
pub fn insert(conn: &mut Conn, new: &Postmortem) -> Result<(), Error> {
    db!(conn, |c| diesel::insert_into(postmortem::table)
        .values(new)
        .execute(c))?;
    Ok(())
}

/// Writes every column.
///
/// # Errors
/// [`Error::NotFound`].
pub fn update(conn: &mut Conn, changed: &Postmortem) -> Result<(), Error> {
    let rows = db!(conn, |c| diesel::update(
        postmortem::table.find(changed.incident_id)
    )
    .set(changed)
    .execute(c))?;
    if rows == 1 {
        Ok(())
    } else {
        Err(Error::NotFound)
    }
}

/// The incident's postmortem, if it has one. Who changes it holds the incident's lock.
///
/// # Errors
/// Those of the read.
pub fn of_incident(conn: &mut Conn, id: IncidentId) -> Result<Option<Postmortem>, Error> {
    db!(conn, |c| postmortem::table
        .find(id)
        .select(Postmortem::as_select())
        .first(c)
        .optional())
}

/// # Errors
/// [`Error::NotFound`].
pub fn by_number(conn: &mut Conn, number: i64) -> Result<Postmortem, Error> {
    db!(conn, |c| postmortem::table
        .filter(postmortem::number.eq(number))
        .select(Postmortem::as_select())
        .first(c))
}

/// How a list of postmortems is narrowed.
#[derive(Clone, Debug, Default)]
pub struct Filter {
    pub status: Vec<PostmortemStatus>,
    pub owner: Option<UserId>,
    /// Words of the title.
    pub text: Option<String>,
}

/// Where a page of a list begins: after this postmortem.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cursor {
    pub created_at: Timestamp,
    pub number: i64,
}

/// A postmortem in a list, with how many of its actions are still to be done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listed {
    pub postmortem: Postmortem,
    pub open_actions: i64,
    pub severity: Option<domain::word::IncidentSeverity>,
}

/// Newest first, at most `limit`, after `cursor`.
///
/// # Errors
/// Those of the read.
pub fn list(
    conn: &mut Conn,
    filter: &Filter,
    cursor: Option<Cursor>,
    limit: i64,
) -> Result<Vec<Listed>, Error> {
    use postmortem as t;
    let rows: Vec<(Postmortem, Option<domain::word::IncidentSeverity>)> = db!(conn, |c| {
        let mut query = t::table
            .inner_join(incident::table.on(incident::id.eq(t::incident_id)))
            .select((Postmortem::as_select(), incident::severity))
            .into_boxed();
        if !filter.status.is_empty() {
            query = query.filter(t::status.eq_any(filter.status.clone()));
        }
        if let Some(owner) = filter.owner {
            query = query.filter(t::owner_id.eq(owner));
        }
        if let Some(text) = &filter.text {
            for word in text.split_whitespace().take(8) {
                let pattern = format!("%{}%", escape_like(&word.to_lowercase()));
                query = query.filter(lower(t::title).like(pattern).escape('\\'));
            }
        }
        if let Some(cursor) = cursor {
            query = query.filter(
                t::created_at.lt(cursor.created_at).or(t::created_at
                    .eq(cursor.created_at)
                    .and(t::number.lt(cursor.number))),
            );
        }
        query
            .order((t::created_at.desc(), t::number.desc()))
            .limit(limit)
            .load(c)
    })?;
    let ids: Vec<IncidentId> = rows.iter().map(|(row, _)| row.incident_id).collect();
    let counts: Vec<(IncidentId, i64)> = db!(conn, |c| action_item::table
        .filter(action_item::incident_id.eq_any(&ids))
        .filter(action_item::status.eq_any([ActionStatus::Open, ActionStatus::InProgress]))
        .group_by(action_item::incident_id)
        .select((action_item::incident_id, diesel::dsl::count_star()))
        .load(c))?;
    Ok(rows
        .into_iter()
        .map(|(postmortem, severity)| {
            let open_actions = counts
                .iter()
                .find(|(id, _)| *id == postmortem.incident_id)
                .map_or(0, |(_, number)| *number);
            Listed {
                postmortem,
                open_actions,
                severity,
            }
        })
        .collect())
}

diesel::define_sql_function! {
    fn lower(text: diesel::sql_types::Text) -> diesel::sql_types::Text;
}

fn escape_like(text: &str) -> String {
    text.replace('\\', "\\\\")
        .replace('%', "\\%")
        .replace('_', "\\_")
}

/// One section as it is now.
#[derive(Queryable, Selectable, Insertable, AsChangeset, Clone, Debug, PartialEq, Eq)]
#[diesel(
    table_name = postmortem_section,
    treat_none_as_null = true,
    treat_none_as_default_value = false
)]
pub struct Section {
    pub incident_id: IncidentId,
    pub slug: String,
    pub position: i64,
    pub title: String,
    /// Markdown, normalised.
    pub body: String,
    /// The postmortem's revision that last changed it: an edit names the one it started from.
    pub revision: i64,
    pub updated_by: Option<UserId>,
    pub updated_at: Timestamp,
}

/// # Errors
/// [`Error::Conflict`] when the postmortem has a section of that slug.
pub fn insert_sections(conn: &mut Conn, sections: &[Section]) -> Result<(), Error> {
    db!(conn, |c| diesel::insert_into(postmortem_section::table)
        .values(sections)
        .execute(c))?;
    Ok(())
}

/// Writes every column of it.
///
/// # Errors
/// [`Error::NotFound`].
pub fn update_section(conn: &mut Conn, changed: &Section) -> Result<(), Error> {
    let key = (changed.incident_id, changed.slug.as_str());
    let rows = db!(conn, |c| diesel::update(
        postmortem_section::table.find(key)
    )
    .set(changed)
    .execute(c))?;
    if rows == 1 {
        Ok(())
    } else {
        Err(Error::NotFound)
    }
}

/// The sections in the order in which they are read.
///
/// # Errors
/// Those of the read.
pub fn sections(conn: &mut Conn, id: IncidentId) -> Result<Vec<Section>, Error> {
    use postmortem_section as t;
    db!(conn, |c| t::table
        .filter(t::incident_id.eq(id))
        .order((t::position, t::slug))
        .select(Section::as_select())
        .load(c))
}

/// # Errors
/// [`Error::NotFound`].
pub fn section(conn: &mut Conn, id: IncidentId, slug: &str) -> Result<Section, Error> {
    db!(conn, |c| postmortem_section::table
        .find((id, slug))
        .select(Section::as_select())
        .first(c))
}

/// What one revision changed; append-only.
#[derive(Queryable, Selectable, Insertable, Clone, Debug, PartialEq, Eq)]
#[diesel(table_name = postmortem_revision, treat_none_as_default_value = false)]
pub struct Revision {
    pub incident_id: IncidentId,
    pub revision: i64,
    /// `started`, `section`, `title`, `owner`, `action`, `moments`, `refilled`, …
    pub change: String,
    /// The section whose new text `body` is. Without one, `body` is the new JSON of what the
    /// document takes from the incident and its action items.
    pub slug: Option<String>,
    pub body: Option<String>,
    pub edited_by: Option<UserId>,
    pub edited_at: Timestamp,
}

/// # Errors
/// [`Error::Conflict`] when there is a revision of that number.
pub fn append_revision(conn: &mut Conn, revision: &Revision) -> Result<(), Error> {
    db!(conn, |c| diesel::insert_into(postmortem_revision::table)
        .values(revision)
        .execute(c))?;
    Ok(())
}

/// What the document takes from the incident and its action items, as of its newest revision.
///
/// # Errors
/// [`Error::NotFound`] when there is no postmortem.
pub fn facts(conn: &mut Conn, id: IncidentId) -> Result<String, Error> {
    use postmortem_revision as t;
    let body: Option<String> = db!(conn, |c| t::table
        .filter(t::incident_id.eq(id))
        .filter(t::slug.is_null())
        .filter(t::body.is_not_null())
        .order(t::revision.desc())
        .select(t::body)
        .first(c))?;
    body.ok_or(Error::NotFound)
}

/// A revision without the text it brought.
#[derive(Queryable, Clone, Debug, PartialEq, Eq)]
pub struct Edit {
    pub revision: i64,
    pub change: String,
    pub slug: Option<String>,
    pub edited_by: Option<UserId>,
    pub edited_at: Timestamp,
}

/// Every revision, newest first.
///
/// # Errors
/// Those of the read.
pub fn edits(conn: &mut Conn, id: IncidentId) -> Result<Vec<Edit>, Error> {
    use postmortem_revision as t;
    db!(conn, |c| t::table
        .filter(t::incident_id.eq(id))
        .order(t::revision.desc())
        .select((t::revision, t::change, t::slug, t::edited_by, t::edited_at))
        .load(c))
}

/// One revision with its text.
///
/// # Errors
/// [`Error::NotFound`].
pub fn revision(conn: &mut Conn, id: IncidentId, number: i64) -> Result<Revision, Error> {
    db!(conn, |c| postmortem_revision::table
        .find((id, number))
        .select(Revision::as_select())
        .first(c))
}

/// Timeline entries by their ids, whichever exist, in no particular order.
///
/// # Errors
/// Those of the read.
pub fn entries(conn: &mut Conn, ids: &[TimelineEntryId]) -> Result<Vec<Entry>, Error> {
    let mut found = Vec::with_capacity(ids.len());
    for chunk in ids.chunks(CHUNK) {
        let rows: Vec<Entry> = db!(conn, |c| timeline_entry::table
            .filter(timeline_entry::id.eq_any(chunk))
            .select(Entry::as_select())
            .load(c))?;
        found.extend(rows);
    }
    Ok(found)
}

/// Values of one statement: SQLite allows 32,766.
const CHUNK: usize = 500;

/// What is to be done so that it does not happen again.
#[derive(Queryable, Selectable, Insertable, AsChangeset, Clone, Debug, PartialEq, Eq)]
#[diesel(table_name = action_item, treat_none_as_null = true, treat_none_as_default_value = false)]
pub struct ActionItem {
    pub id: ActionItemId,
    /// `AI-17`.
    pub number: i64,
    pub incident_id: IncidentId,
    pub title: String,
    pub kind: ActionType,
    pub priority: ActionPriority,
    pub owner_user_id: Option<UserId>,
    pub owner_team_id: Option<TeamId>,
    /// ISO date.
    pub due_on: Option<String>,
    pub tracker: Option<String>,
    pub status: ActionStatus,
    pub done_test: Option<String>,
    pub reason: Option<String>,
    pub created_by: Option<UserId>,
    pub created_at: Timestamp,
    pub updated_at: Timestamp,
}

/// # Errors
/// Those of the write.
pub fn insert_action(conn: &mut Conn, item: &ActionItem) -> Result<(), Error> {
    db!(conn, |c| diesel::insert_into(action_item::table)
        .values(item)
        .execute(c))?;
    Ok(())
}

/// Writes every column.
///
/// # Errors
/// [`Error::NotFound`].
pub fn update_action(conn: &mut Conn, item: &ActionItem) -> Result<(), Error> {
    let rows = db!(conn, |c| diesel::update(action_item::table.find(item.id))
        .set(item)
        .execute(c))?;
    if rows == 1 {
        Ok(())
    } else {
        Err(Error::NotFound)
    }
}

/// By its number, the `17` of `AI-17`.
///
/// # Errors
/// [`Error::NotFound`].
pub fn action(conn: &mut Conn, number: i64) -> Result<ActionItem, Error> {
    db!(conn, |c| action_item::table
        .filter(action_item::number.eq(number))
        .select(ActionItem::as_select())
        .first(c))
}

/// Action items of an incident, in the order of their numbers.
///
/// # Errors
/// Those of the read.
pub fn actions(conn: &mut Conn, id: IncidentId) -> Result<Vec<ActionItem>, Error> {
    use action_item as t;
    db!(conn, |c| t::table
        .filter(t::incident_id.eq(id))
        .order(t::number)
        .select(ActionItem::as_select())
        .load(c))
}

/// Actions that are not done yet, most pressing first: those due first, then the others.
///
/// # Errors
/// Those of the read.
pub fn open_actions(conn: &mut Conn, limit: i64) -> Result<Vec<ActionItem>, Error> {
    use action_item as t;
    db!(conn, |c| t::table
        .filter(t::status.eq_any([ActionStatus::Open, ActionStatus::InProgress]))
        .order((t::due_on.is_null(), t::due_on, t::priority, t::number))
        .limit(limit)
        .select(ActionItem::as_select())
        .load(c))
}
