//! Shifts from calendars elsewhere (PAGING.md §5.7): handed in as a file, or fetched from an
//! address every hour. What a calendar says counts from the moment it was read; the last good
//! edition counts until a better one comes.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use channels::calendar::CalendarClient;
use domain::directory::Directory;
use domain::duty::zone_at;
use domain::schedule::import::{IMPORT_AHEAD, Named, People, UNKNOWN_MAX, edition, lay_out};
use domain::schedule::{ImportPlace, ImportedShift};
use domain::{ImportId, ScheduleId, Span, Timestamp};
use formats::icalendar::{self, BYTES_MAX, Window};
use serde_json::json;
use sha2::{Digest, Sha256};
use store::schedule::import::{self as rows, ImportRow};
use store::{Change, Store, Tx};
use tokio::sync::broadcast::error::RecvError;

use crate::access::{self, Right};
use crate::clock::Clock;
use crate::configuration::check::Checks;
use crate::configuration::{begin, record};
use crate::{Error, OpContext};

/// Between two good fetches.
const EVERY: Span = Span::from_hours(1);
/// After a failure; then twice as long each time, up to [`EVERY`].
const AGAIN: Span = Span::from_minutes(2);
/// Whoever fetches has this long before another node may.
const LEASE: Span = Span::from_minutes(2);
const SCAN: Duration = Duration::from_secs(60);
const PAUSE: Duration = Duration::from_secs(5);
/// Imports that are fetched in one go.
const AT_ONCE: i64 = 16;
/// Imports of one schedule.
const IMPORTS_MAX: usize = 10;
const URL_MAX: usize = 2_000;

/// Where the calendar comes from.
#[derive(Clone, Debug)]
pub enum ImportSource {
    /// Fetched now and every hour.
    Url(String),
    /// The text of the file.
    Text(String),
}

/// An import as a form or the API sends it.
#[derive(Clone, Debug)]
pub struct ImportInput {
    pub name: String,
    pub place: ImportPlace,
    pub source: ImportSource,
}

/// What one reading of a calendar came to.
struct Read {
    shifts: Vec<ImportedShift>,
    warnings: Vec<String>,
    digest: [u8; 32],
}

/// # Errors
/// A sentence that says why the calendar cannot be used.
fn read(
    bytes: &[u8],
    directory: &Directory,
    schedule: ScheduleId,
    now: Timestamp,
) -> Result<Read, String> {
    let schedule = directory.schedule(schedule).ok_or("the schedule is gone")?;
    let window = Window {
        from: now,
        until: now + IMPORT_AHEAD,
        zone: zone_at(schedule, now),
    };
    let reading = icalendar::read(bytes, &window).map_err(|error| error.to_string())?;
    if reading.events == 0 {
        return Err("The calendar holds no events.".to_owned());
    }
    let people = People::new(directory.users.values().map(Arc::as_ref));
    let mut unknown = BTreeSet::new();
    let mut shifts = Vec::with_capacity(reading.occurrences.len());
    for one in &reading.occurrences {
        let named = Named {
            attendees: &one.whom.attendees,
            summary: &one.whom.summary,
            organizer: one.whom.organizer.as_deref(),
        };
        let users = people.find(&named);
        if users.is_empty() {
            let whom = one.whom.attendees.first().unwrap_or(&one.whom.summary);
            unknown.insert(whom.chars().take(80).collect::<String>());
            continue;
        }
        shifts.push(ImportedShift {
            start: one.start,
            end: one.end,
            users,
        });
    }
    if shifts.is_empty() && !unknown.is_empty() {
        let who: Vec<_> = unknown.into_iter().take(3).collect();
        return Err(format!(
            "None of the people in the calendar is known here: {}. Events name people by \
             attendee, or by e-mail address, @handle or full name in the title.",
            who.join(", ")
        ));
    }
    let mut warnings = reading.warnings;
    if reading.more_warnings > 0 {
        warnings.push(format!("and {} more", reading.more_warnings));
    }
    let more = unknown.len().saturating_sub(UNKNOWN_MAX);
    let strangers = unknown.into_iter().take(UNKNOWN_MAX);
    warnings.extend(strangers.map(|who| format!("Nobody here is known as \"{who}\"")));
    if more > 0 {
        warnings.push(format!("and {more} more people who are not known"));
    }
    Ok(Read {
        shifts: lay_out(&shifts),
        warnings,
        digest: Sha256::digest(bytes).into(),
    })
}

/// Adds an import to a schedule. What is wrong with the calendar is told at once, and nothing is
/// stored then.
///
/// # Errors
/// [`Error::Invalid`] on `name`, `url` or `text`, [`Error::Forbidden`], [`Error::NotFound`], those
/// of the store.
pub async fn add_import(
    store: &Store,
    client: &CalendarClient,
    ctx: &OpContext,
    schedule_id: ScheduleId,
    input: ImportInput,
) -> Result<ImportId, Error> {
    access::require(ctx, Right::Configure)?;
    if store.directory().schedule(schedule_id).is_none() {
        return Err(Error::NotFound("schedule"));
    }
    let mut checks = Checks::default();
    let name = checks.name("name", &input.name);
    checks.finish()?;
    let (field, url, bytes) = match input.source {
        ImportSource::Text(text) if text.trim().is_empty() => {
            return Err(Error::invalid(
                "text",
                "give an address, or the text of a file",
            ));
        }
        ImportSource::Text(text) => ("text", None, text.into_bytes()),
        ImportSource::Url(url) if url.len() > URL_MAX => {
            return Err(Error::invalid("url", "the address is too long"));
        }
        ImportSource::Url(url) => {
            let url = url.trim().to_owned();
            let fetched = client.fetch(&url, BYTES_MAX).await;
            let bytes = fetched.map_err(|error| Error::invalid("url", error.to_string()))?;
            ("url", Some(url), bytes)
        }
    };
    let (ctx, place) = (*ctx, input.place);
    store
        .write(move |tx| {
            let directory = begin(tx)?;
            if directory.schedule(schedule_id).is_none() {
                return Err(Error::NotFound("schedule"));
            }
            if rows::of_schedule(tx, schedule_id)?.len() >= IMPORTS_MAX {
                return Err(Error::Refused(format!(
                    "at most {IMPORTS_MAX} calendars are possible: remove one first"
                )));
            }
            let read = read(&bytes, &directory, schedule_id, ctx.now)
                .map_err(|why| Error::invalid(field, why))?;
            let id = tx.id(ImportId)?;
            let mut row = ImportRow {
                id,
                schedule_id,
                name: name.clone(),
                place,
                due_at: url.is_some().then_some(ctx.now + EVERY),
                url: url.clone(),
                version: 0,
                tried_at: None,
                good_at: None,
                failure: None,
                failures: 0,
                warnings: vec![],
                created_by: ctx.actor.user,
                created_at: ctx.now,
            };
            rows::insert(tx, &row)?;
            let shifts = read.shifts.len();
            apply(tx, &mut row, read, ctx.actor.user, ctx.now)?;
            let details = json!({
                "import": id, "name": name, "place": place, "from_address": url.is_some(),
                "shifts": shifts,
            });
            record(
                tx,
                &ctx,
                "import.add",
                format!("schedule:{schedule_id}"),
                details,
            )?;
            Ok(id)
        })
        .await
}

/// Writes a good edition; as a new version, if it changes anything.
fn apply(
    tx: &mut Tx<'_>,
    row: &mut ImportRow,
    read: Read,
    by: Option<domain::UserId>,
    now: Timestamp,
) -> Result<(), Error> {
    let known = rows::known(tx, row.id, now)?;
    let edition = edition(&known, read.shifts, now);
    if !edition.is_empty() {
        row.version += 1;
        rows::apply(tx, row.id, row.version, &edition, &read.digest, by, now)?;
    }
    row.tried_at = Some(now);
    row.good_at = Some(now);
    row.failure = None;
    row.failures = 0;
    row.warnings = read.warnings;
    Ok(rows::update(tx, row)?)
}

/// Removes an import from its schedule; what has been of its shifts stays.
///
/// # Errors
/// [`Error::Forbidden`], [`Error::NotFound`], those of the store.
pub async fn remove_import(
    store: &Store,
    ctx: &OpContext,
    schedule_id: ScheduleId,
    id: ImportId,
) -> Result<(), Error> {
    access::require(ctx, Right::Configure)?;
    let ctx = *ctx;
    store
        .write(move |tx| {
            begin(tx)?;
            rows::remove(tx, schedule_id, id, ctx.actor.user, ctx.now).map_err(
                |error| match error {
                    store::Error::NotFound => Error::NotFound("import"),
                    other => other.into(),
                },
            )?;
            let subject = format!("schedule:{schedule_id}");
            record(tx, &ctx, "import.remove", subject, json!({"import": id}))
        })
        .await
}

/// The imports of a schedule and how they stand.
///
/// # Errors
/// [`Error::Forbidden`], those of the store.
pub async fn imports(
    store: &Store,
    ctx: &OpContext,
    schedule_id: ScheduleId,
) -> Result<Vec<ImportRow>, Error> {
    access::require(ctx, Right::Read)?;
    Ok(store
        .read(move |c| rows::of_schedule(c, schedule_id))
        .await?)
}

/// Runs until the task is aborted.
pub(crate) async fn run(store: Store, client: CalendarClient, clock: Arc<dyn Clock>) {
    let mut changes = store.changes();
    loop {
        let pause = match refresh_due(&store, &client, &*clock).await {
            Ok(Some(next)) => next.since(clock.now()).to_std().min(SCAN),
            Ok(None) => SCAN,
            Err(error) => {
                tracing::warn!(%error, "cannot look after imported calendars");
                PAUSE
            }
        };
        let sleep = tokio::time::sleep(pause);
        tokio::pin!(sleep);
        loop {
            tokio::select! {
                biased;
                () = &mut sleep => break,
                change = changes.recv() => match change {
                    Ok(Change::Directory) | Err(RecvError::Lagged(_)) => break,
                    Ok(_) => {}
                    Err(RecvError::Closed) => return,
                },
            }
        }
    }
}

/// Fetches every calendar that is due, and returns when the next one is. Public so that tests can
/// drive it without the loop.
///
/// # Errors
/// [`Error::Store`] when the database cannot be used.
pub async fn refresh_due(
    store: &Store,
    client: &CalendarClient,
    clock: &dyn Clock,
) -> Result<Option<Timestamp>, Error> {
    loop {
        let now = clock.now();
        let due = store.read(move |c| rows::due(c, now, AT_ONCE)).await?;
        if due.is_empty() {
            return Ok(store.read(rows::next_due).await?);
        }
        for row in due {
            let claimed = row.clone();
            let mine = store
                .write(move |tx| Ok::<_, Error>(rows::claim(tx, &claimed, now + LEASE)?))
                .await?;
            if mine {
                refresh(store, client, row, clock).await?;
            }
        }
    }
}

async fn refresh(
    store: &Store,
    client: &CalendarClient,
    row: ImportRow,
    clock: &dyn Clock,
) -> Result<(), Error> {
    let Some(url) = row.url.clone() else {
        return Ok(());
    };
    let fetched = client.fetch(&url, BYTES_MAX).await;
    let now = clock.now();
    let (id, schedule_id) = (row.id, row.schedule_id);
    let written: Result<(), Error> = store
        .write(move |tx| {
            let directory = tx.directory()?;
            let understood = |directory: &Directory| match &fetched {
                Ok(bytes) => read(bytes, directory, schedule_id, now),
                Err(error) => Err(error.to_string()),
            };
            let mut outcome = understood(&directory);
            if let Ok(read) = &outcome {
                let known = rows::known(tx, id, now)?;
                if !edition(&known, read.shifts.clone(), now).is_empty() {
                    // Before the import's row, as everybody who configures.
                    outcome = understood(&*begin(tx)?);
                }
            }
            let mut row = rows::lock(tx, id)?;
            match outcome {
                Ok(read) => {
                    row.due_at = Some(now + EVERY);
                    apply(tx, &mut row, read, None, now)
                }
                Err(why) => {
                    row.tried_at = Some(now);
                    row.failures += 1;
                    let doublings = u32::try_from(row.failures - 1).unwrap_or(0).min(5);
                    row.due_at = Some(now + (AGAIN * (1 << doublings)).min(EVERY));
                    row.failure = Some(why);
                    Ok(rows::update(tx, &row)?)
                }
            }
        })
        .await;
    match written {
        // Removed meanwhile.
        Err(Error::Store(store::Error::NotFound)) => Ok(()),
        other => other,
    }
}
