//! Change events: what was changed, and when.

use diesel::prelude::*;
use domain::alert::Identity;
use domain::change_event::{Change, ChangeEvent, ChangeKind, ChangeStatus};
use domain::{ChangeEventId, IntegrationId, ServiceId, Timestamp};

use crate::conn::Conn;
use crate::db;
use crate::error::{Error, json, to_json};
use crate::schema::change_event as t;
use crate::spelled::spelled;

spelled! {
    IsExperiment = "change_event.kind = 'experiment'";
}

/// Most rows of one statement.
const CHUNK: usize = 500;

#[derive(Queryable, Selectable, Insertable)]
#[diesel(table_name = t, treat_none_as_default_value = false)]
struct Row {
    id: ChangeEventId,
    identity: Vec<u8>,
    integration_id: Option<IntegrationId>,
    service_id: Option<ServiceId>,
    kind: ChangeKind,
    status: Option<ChangeStatus>,
    summary: String,
    source: String,
    links: String,
    details: String,
    change_key: Option<String>,
    at: Timestamp,
    starts_at: Option<Timestamp>,
    ends_at: Option<Timestamp>,
    received_at: Timestamp,
}

impl Row {
    fn of(change: &Change) -> Result<Row, Error> {
        let event = &change.event;
        Ok(Row {
            id: change.id,
            identity: identity(change.integration_id, &event.idempotency_key),
            integration_id: change.integration_id,
            service_id: change.service_id,
            kind: event.kind,
            status: event.status,
            summary: event.summary.clone(),
            source: event.source.clone(),
            links: to_json("change_event.links", &event.links)?,
            details: to_json("change_event.details", &event.details)?,
            change_key: event.change_key.clone(),
            at: change.at,
            starts_at: event.starts_at,
            ends_at: event.ends_at,
            received_at: change.received_at,
        })
    }

    fn change(self) -> Result<Change, Error> {
        Ok(Change {
            id: self.id,
            integration_id: self.integration_id,
            service_id: self.service_id,
            at: self.at,
            received_at: self.received_at,
            event: ChangeEvent {
                summary: self.summary,
                source: self.source,
                kind: self.kind,
                status: self.status,
                links: json("change_event.links", &self.links)?,
                at: Some(self.at),
                details: json("change_event.details", &self.details)?,
                // It has done its work: the row exists once.
                idempotency_key: String::new(),
                change_key: self.change_key,
                starts_at: self.starts_at,
                ends_at: self.ends_at,
                service: None,
            },
        })
    }
}

/// Writes changes down; those that are known already are left as they are. Returns the ids of the
/// new ones.
///
/// # Errors
/// Those of the write.
pub fn insert(conn: &mut Conn, changes: &[Change]) -> Result<Vec<ChangeEventId>, Error> {
    let mut written = vec![];
    for chunk in changes.chunks(CHUNK) {
        for change in chunk {
            let row = Row::of(change)?;
            let new = db!(conn, |c| diesel::insert_into(t::table)
                .values(&row)
                .on_conflict_do_nothing()
                .execute(c))?;
            if new == 1 {
                written.push(change.id);
            }
        }
    }
    Ok(written)
}

/// The change that was told under a key.
///
/// # Errors
/// Those of the read.
pub fn by_key(
    conn: &mut Conn,
    integration: Option<IntegrationId>,
    key: &str,
) -> Result<Option<ChangeEventId>, Error> {
    let identity = identity(integration, key);
    db!(conn, |c| t::table
        .filter(t::identity.eq(&identity))
        .select(t::id)
        .first(c)
        .optional())
}

fn identity(integration: Option<IntegrationId>, key: &str) -> Vec<u8> {
    let of = integration.unwrap_or(IntegrationId(0));
    Identity::of(of, key).0.to_vec()
}

/// Which changes a list shows; all of it must hold.
#[derive(Clone, Debug, Default)]
pub struct Filter {
    pub service: Option<ServiceId>,
    pub integration: Option<IntegrationId>,
    pub kind: Option<ChangeKind>,
    /// Not before.
    pub from: Option<Timestamp>,
    /// Before.
    pub until: Option<Timestamp>,
    /// Stands in summary or source, in any case.
    pub words: Vec<String>,
}

diesel::define_sql_function! {
    fn lower(text: diesel::sql_types::Text) -> diesel::sql_types::Text;
}

macro_rules! narrow {
    ($query:ident, $filter:ident) => {
        if let Some(service) = $filter.service {
            $query = $query.filter(t::service_id.eq(Some(service)));
        }
        if let Some(integration) = $filter.integration {
            $query = $query.filter(t::integration_id.eq(Some(integration)));
        }
        if let Some(kind) = $filter.kind {
            $query = $query.filter(t::kind.eq(kind));
        }
        if let Some(from) = $filter.from {
            $query = $query.filter(t::at.ge(from));
        }
        if let Some(until) = $filter.until {
            $query = $query.filter(t::at.lt(until));
        }
        for word in &$filter.words {
            let text = word.to_lowercase();
            let text = text
                .replace('\\', "\\\\")
                .replace('%', "\\%")
                .replace('_', "\\_");
            let pattern = format!("%{text}%");
            $query = $query.filter(
                lower(t::summary)
                    .like(pattern.clone())
                    .escape('\\')
                    .or(lower(t::source).like(pattern).escape('\\')),
            );
        }
    };
}

/// A part of the list, newest first, of what is older than `before`.
///
/// # Errors
/// Those of the read.
pub fn list(
    conn: &mut Conn,
    filter: &Filter,
    before: Option<(Timestamp, ChangeEventId)>,
    limit: i64,
) -> Result<Vec<Change>, Error> {
    let rows: Vec<Row> = db!(conn, |c| {
        let mut query = t::table.select(Row::as_select()).into_boxed();
        narrow!(query, filter);
        if let Some((at, id)) = before {
            query = query.filter(t::at.lt(at).or(t::at.eq(at).and(t::id.lt(id))));
        }
        query
            .order((t::at.desc(), t::id.desc()))
            .limit(limit)
            .load(c)
    })?;
    rows.into_iter().map(Row::change).collect()
}

/// What an integration told of last, among what was received in a time, both ends with it.
///
/// # Errors
/// Those of the read.
pub fn newest_of(
    conn: &mut Conn,
    integration: IntegrationId,
    from: Timestamp,
    until: Timestamp,
) -> Result<Option<Change>, Error> {
    let row: Option<Row> = db!(conn, |c| t::table
        .filter(t::integration_id.eq(Some(integration)))
        .filter(t::received_at.between(from, until))
        .order((t::received_at.desc(), t::id.desc()))
        .select(Row::as_select())
        .first(c)
        .optional())?;
    row.map(Row::change).transpose()
}

/// One of them.
///
/// # Errors
/// [`Error::NotFound`] without such a change.
pub fn fetch(conn: &mut Conn, id: ChangeEventId) -> Result<Change, Error> {
    let row: Option<Row> = db!(conn, |c| t::table
        .find(id)
        .select(Row::as_select())
        .first(c)
        .optional())?;
    row.ok_or(Error::NotFound)?.change()
}

/// Statements about experiments that were made since `since`, oldest first.
///
/// # Errors
/// Those of the read.
pub fn experiments(conn: &mut Conn, since: Timestamp) -> Result<Vec<Change>, Error> {
    let rows: Vec<Row> = db!(conn, |c| t::table
        .filter(IsExperiment)
        .filter(t::at.ge(since))
        .order((t::at, t::id))
        .select(Row::as_select())
        .load(c))?;
    rows.into_iter().map(Row::change).collect()
}

/// Deletes a batch of what happened before `before`; returns how many.
///
/// # Errors
/// Those of the write.
pub fn delete_old(conn: &mut Conn, before: Timestamp, limit: i64) -> Result<usize, Error> {
    let ids: Vec<ChangeEventId> = db!(conn, |c| t::table
        .filter(t::at.lt(before))
        .order(t::at)
        .limit(limit)
        .select(t::id)
        .load(c))?;
    db!(conn, |c| diesel::delete(
        t::table.filter(t::id.eq_any(&ids))
    )
    .execute(c))
}
