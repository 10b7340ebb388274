//! Requests of monitors as they were kept: what came, what was understood, what was decided.

use diesel::prelude::*;
use domain::dedup::SignalDecision;
use domain::word::{Action, AlertSeverity};
use domain::{AlertId, IncidentId, IntegrationId, RequestId, Span, Timestamp};
use serde::{Deserialize, Serialize};

use crate::alert::SignalRecord;
use crate::conn::{Conn, insert_all};
use crate::db;
use crate::error::{Error, json, to_json};
use crate::schema::{request, signal};
use crate::spelled::spelled;

spelled! {
    HasRejected = "request.rejected > 0";
}

/// Of requests that hold nothing but repeats one is kept in this time, so that a busy monitor costs
/// nothing.
const SAMPLE_AGE: Span = Span::from_seconds(1);
/// Samples of an integration that are kept.
pub const SAMPLES: i64 = 1_000;
/// How many of the newest requests a search by words looks through.
pub const SEARCHED: i64 = 20_000;

/// One request, every secret of it masked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Request {
    pub id: RequestId,
    pub integration_id: IntegrationId,
    pub received_at: Timestamp,
    /// Who read it: a format's word, or the name of an API.
    pub format: String,
    pub method: String,
    /// With the query.
    pub path: String,
    pub headers: Vec<(String, String)>,
    pub body: String,
    /// In bytes, as it was sent.
    pub size: i64,
    /// Whether `body` is all of it, but for the masks.
    pub complete: bool,
    /// How many signals changed something.
    pub changed: i64,
    pub repeated: i64,
    /// Spoke of something that is not open (PAGING.md §1.6).
    pub ignored: i64,
    /// How many items were not understood.
    pub rejected: i64,
    /// Some of the signals that were repeats; they are counted only.
    pub repeats: Vec<Repeat>,
    pub warnings: Vec<String>,
    /// Why items were not understood.
    pub problems: Vec<String>,
    pub replay_of: Option<RequestId>,
    /// It held nothing but repeats, and stands for others of its second.
    pub is_sample: bool,
}

/// A signal that raised the count of an open alert.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Repeat {
    pub action: Action,
    pub dedup_key: String,
    pub severity: AlertSeverity,
    pub summary: String,
    pub alert: Option<AlertId>,
    pub incident: Option<IncidentId>,
}

#[derive(Queryable, Selectable, Insertable)]
#[diesel(table_name = request, treat_none_as_default_value = false)]
struct Row {
    id: RequestId,
    integration_id: IntegrationId,
    received_at: Timestamp,
    format: String,
    method: String,
    path: String,
    headers: String,
    body: String,
    size: i64,
    complete: bool,
    changed: i64,
    repeated: i64,
    ignored: i64,
    rejected: i64,
    repeats: Option<String>,
    warnings: Option<String>,
    problems: Option<String>,
    replay_of: Option<RequestId>,
    sample_of: Option<IntegrationId>,
}

impl Row {
    fn new(request: &Request) -> Result<Row, Error> {
        let lines = |list: &[String]| match list.is_empty() {
            true => Ok(None),
            false => to_json("request", &list).map(Some),
        };
        Ok(Row {
            id: request.id,
            integration_id: request.integration_id,
            received_at: request.received_at,
            format: request.format.clone(),
            method: request.method.clone(),
            path: request.path.clone(),
            headers: to_json("request.headers", &request.headers)?,
            body: request.body.clone(),
            size: request.size,
            complete: request.complete,
            changed: request.changed,
            repeated: request.repeated,
            ignored: request.ignored,
            rejected: request.rejected,
            repeats: match request.repeats.is_empty() {
                true => None,
                false => Some(to_json("request.repeats", &request.repeats)?),
            },
            warnings: lines(&request.warnings)?,
            problems: lines(&request.problems)?,
            replay_of: request.replay_of,
            sample_of: request.is_sample.then_some(request.integration_id),
        })
    }

    fn request(self) -> Result<Request, Error> {
        fn list<T: serde::de::DeserializeOwned>(text: Option<&str>) -> Result<Vec<T>, Error> {
            text.map_or_else(|| Ok(Vec::new()), |text| json("request", text))
        }
        Ok(Request {
            id: self.id,
            integration_id: self.integration_id,
            received_at: self.received_at,
            format: self.format,
            method: self.method,
            path: self.path,
            headers: json("request.headers", &self.headers)?,
            body: self.body,
            size: self.size,
            complete: self.complete,
            changed: self.changed,
            repeated: self.repeated,
            ignored: self.ignored,
            rejected: self.rejected,
            repeats: list(self.repeats.as_deref())?,
            warnings: list(self.warnings.as_deref())?,
            problems: list(self.problems.as_deref())?,
            replay_of: self.replay_of,
            is_sample: self.sample_of.is_some(),
        })
    }
}

/// Whether the newest sample of an integration's repeats is too young for another.
///
/// # Errors
/// Those of the read.
pub fn sample_is_fresh(
    conn: &mut Conn,
    integration: IntegrationId,
    now: Timestamp,
) -> Result<bool, Error> {
    let last: Option<Timestamp> = db!(conn, |c| request::table
        .filter(request::sample_of.eq(integration))
        .order(request::received_at.desc())
        .select(request::received_at)
        .first(c)
        .optional())?;
    Ok(last.is_some_and(|last| last > now - SAMPLE_AGE))
}

/// Writes requests down.
///
/// # Errors
/// Those of the writes.
pub fn record(conn: &mut Conn, requests: &[Request]) -> Result<(), Error> {
    let rows: Vec<Row> = requests.iter().map(Row::new).collect::<Result<_, _>>()?;
    insert_all!(conn, request::table, &rows);
    Ok(())
}

/// Which requests are wanted.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Filter {
    /// Of these integrations; `None` for all.
    pub integrations: Option<Vec<IntegrationId>>,
    pub decision: Option<SignalDecision>,
    /// Only those with warnings.
    pub warned: bool,
    /// Words of the body, of what was understood, or of what was wrong.
    pub text: String,
    /// Only those before this place, as [`Request::received_at`] and id of the last one known.
    pub before: Option<(Timestamp, RequestId)>,
    pub since: Option<Timestamp>,
}

/// Words that are looked for; the rest is ignored.
const WORDS: usize = 8;

/// The newest requests that the filter matches, newest first, at most `limit`. Words are looked for
/// in the newest [`SEARCHED`] requests only.
///
/// # Errors
/// Those of the reads.
pub fn list(conn: &mut Conn, filter: &Filter, limit: i64) -> Result<Vec<Request>, Error> {
    use request as t;
    let words: Vec<String> = filter
        .text
        .split_whitespace()
        .take(WORDS)
        .map(|word| format!("%{}%", crate::board::escape_like(&word.to_lowercase())))
        .collect();
    let from: Option<Timestamp> = match words.is_empty() {
        true => None,
        false => db!(conn, |c| t::table
            .select(t::received_at)
            .order(t::received_at.desc())
            .offset(SEARCHED)
            .limit(1)
            .get_result(c)
            .optional())?,
    };
    let rows: Vec<Row> = db!(conn, |c| {
        use crate::board::lower;
        let mut query = t::table.select(Row::as_select()).into_boxed();
        if let Some(integrations) = &filter.integrations {
            query = query.filter(t::integration_id.eq_any(integrations.clone()));
        }
        match filter.decision {
            None => {}
            Some(SignalDecision::Repeated) => query = query.filter(t::repeated.gt(0)),
            Some(SignalDecision::Ignored) => query = query.filter(t::ignored.gt(0)),
            Some(SignalDecision::Rejected) => query = query.filter(HasRejected),
            Some(decision) => {
                let decided = signal::table
                    .filter(signal::request_id.eq(t::id.nullable()))
                    .filter(signal::decision.eq(decision));
                query = query.filter(diesel::dsl::exists(decided));
            }
        }
        if filter.warned {
            query = query.filter(t::warnings.is_not_null());
        }
        if let Some(since) = filter.since.max(from) {
            query = query.filter(t::received_at.ge(since));
        }
        for word in words {
            let said = signal::table
                .filter(signal::request_id.eq(t::id.nullable()))
                .filter(lower(signal::summary).like(word.clone()).escape('\\'));
            query = query.filter(
                lower(t::body)
                    .like(word.clone())
                    .escape('\\')
                    .or(lower(t::path).like(word.clone()).escape('\\'))
                    .or(diesel::dsl::exists(said)),
            );
        }
        if let Some((at, id)) = filter.before {
            query = query.filter(
                t::received_at
                    .lt(at)
                    .or(t::received_at.eq(at).and(t::id.lt(id))),
            );
        }
        query
            .order((t::received_at.desc(), t::id.desc()))
            .limit(limit)
            .load(c)
    })?;
    rows.into_iter().map(Row::request).collect()
}

/// # Errors
/// [`Error::NotFound`] without such a request, or when it was kept long enough.
pub fn fetch(conn: &mut Conn, id: RequestId) -> Result<Request, Error> {
    let row: Row = db!(conn, |c| request::table
        .find(id)
        .select(Row::as_select())
        .get_result(c))?;
    row.request()
}

/// What was decided about the first signals of a request, in order, at most `limit`.
///
/// # Errors
/// Those of the read.
pub fn signals(conn: &mut Conn, of: RequestId, limit: i64) -> Result<Vec<SignalRecord>, Error> {
    db!(conn, |c| signal::table
        .filter(signal::request_id.eq(Some(of)))
        .order(signal::id)
        .limit(limit)
        .select(SignalRecord::as_select())
        .load(c))
}

/// Replays of this request, newest first, at most `limit`.
///
/// # Errors
/// Those of the read.
pub fn replays(conn: &mut Conn, of: RequestId, limit: i64) -> Result<Vec<RequestId>, Error> {
    use request as t;
    db!(conn, |c| t::table
        .filter(t::replay_of.eq(Some(of)))
        .order(t::id.desc())
        .limit(limit)
        .select(t::id)
        .load(c))
}

/// Deletes at most `limit` requests received before `before` (PAGING.md §1.9).
///
/// # Errors
/// Those of the write.
pub fn delete_old(conn: &mut Conn, before: Timestamp, limit: i64) -> Result<usize, Error> {
    let old: Vec<RequestId> = db!(conn, |c| request::table
        .filter(request::received_at.lt(before))
        .order(request::received_at)
        .limit(limit)
        .select(request::id)
        .load(c))?;
    db!(conn, |c| diesel::delete(
        request::table.filter(request::id.eq_any(&old))
    )
    .execute(c))
}

/// Deletes at most `limit` samples of repeats beyond the newest [`SAMPLES`] of an integration.
///
/// # Errors
/// Those of the writes.
pub fn delete_samples(
    conn: &mut Conn,
    integration: IntegrationId,
    limit: i64,
) -> Result<usize, Error> {
    let old: Vec<RequestId> = db!(conn, |c| request::table
        .filter(request::sample_of.eq(integration))
        .order(request::received_at.desc())
        .offset(SAMPLES)
        .limit(limit)
        .select(request::id)
        .load(c))?;
    db!(conn, |c| diesel::delete(
        request::table.filter(request::id.eq_any(&old))
    )
    .execute(c))
}
