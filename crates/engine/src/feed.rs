//! Calendar feeds: shifts under secret addresses (PAGING.md §5.7). The rules are `domain::feed`'s.

use domain::directory::Directory;
use domain::feed::{self, Entry, FEEDS_MAX, Feed, FeedSubject};
use domain::{FeedId, Span, Timestamp};
use formats::icalendar::{Calendar, Event};
use serde_json::json;
use sha2::{Digest, Sha256};
use store::Store;

use crate::access::{self, Right};
use crate::account::secret;
use crate::configuration::record;
use crate::{Error, OpContext};

/// How often programs are asked to fetch.
const REFRESH: Span = Span::from_hours(1);
/// The last use is remembered this exactly.
const TOUCH: Span = Span::from_minutes(10);

/// A feed that has just been made.
#[derive(Clone)]
pub struct NewFeed {
    pub id: FeedId,
    /// Shown once.
    pub token: String,
}

/// A person may look, and so let a program look. A feed outlives the token that made it: that takes
/// one that may write.
fn require_lasting(ctx: &OpContext) -> Result<(), Error> {
    let right = match ctx.actor.user {
        Some(_) => Right::Read,
        None => Right::Respond,
    };
    access::require(ctx, right)
}

/// Makes a feed with a fresh secret. Of one's own shifts, or of a schedule or team; those of other
/// people are the administrators'.
///
/// # Errors
/// [`Error::Forbidden`], [`Error::NotFound`], [`Error::Refused`] with too many, those of the store.
pub async fn create_feed(
    store: &Store,
    ctx: &OpContext,
    subject: FeedSubject,
) -> Result<NewFeed, Error> {
    require_lasting(ctx)?;
    if let FeedSubject::Person(user) = subject
        && ctx.actor.user != Some(user)
    {
        access::require(ctx, Right::Administer)?;
    }
    let ctx = *ctx;
    store
        .write(move |tx| {
            let directory = tx.directory()?;
            if subject.name(&directory).is_none() {
                return Err(Error::NotFound(subject.kind().as_str()));
            }
            let mine = |one: &&Feed| one.created_by == ctx.actor.user;
            let live = store::feed::live(tx)?;
            if ctx.actor.user.is_some() && live.iter().filter(mine).count() >= FEEDS_MAX {
                return Err(Error::Refused(format!(
                    "at most {FEEDS_MAX} feeds are possible: revoke one first"
                )));
            }
            let token = secret::token();
            let id = tx.id(FeedId)?;
            let new = Feed {
                id,
                hint: secret::hint(&token),
                subject,
                created_by: ctx.actor.user,
                created_at: ctx.now,
                fetched_at: None,
                revoked_at: None,
            };
            store::feed::insert(tx, &new, &secret::digest(&token))?;
            let details = json!({"kind": subject.kind(), "subject": subject.id()});
            record(tx, &ctx, "feed.create", format!("feed:{id}"), details)?;
            Ok(NewFeed { id, token })
        })
        .await
}

/// One's own feeds; administrators and tokens with their rights see all.
///
/// # Errors
/// [`Error::Forbidden`], those of the store.
pub async fn feeds(store: &Store, ctx: &OpContext) -> Result<Vec<Feed>, Error> {
    access::require(ctx, Right::Read)?;
    let all = access::allows(ctx.role, Right::Administer);
    let mine = ctx.actor.user;
    let mut feeds = store.read(store::feed::live).await?;
    feeds.retain(|feed| all || (mine.is_some() && feed.created_by == mine));
    Ok(feeds)
}

/// Revokes a feed at once and for good: one's own, or any for administrators.
///
/// # Errors
/// [`Error::NotFound`] also for one that is somebody else's, those of the store.
pub async fn revoke_feed(store: &Store, ctx: &OpContext, id: FeedId) -> Result<(), Error> {
    require_lasting(ctx)?;
    let ctx = *ctx;
    store
        .write(move |tx| {
            let missing = || Error::NotFound("feed");
            let feed = store::feed::by_id(tx, id)?.ok_or_else(missing)?;
            let mine = ctx.actor.user.is_some() && feed.created_by == ctx.actor.user;
            if !mine && !access::allows(ctx.role, Right::Administer) {
                return Err(missing());
            }
            store::feed::revoke(tx, id, ctx.actor.user, ctx.now).map_err(|error| match error {
                store::Error::NotFound => missing(),
                other => other.into(),
            })?;
            record(tx, &ctx, "feed.revoke", format!("feed:{id}"), json!({}))
        })
        .await
}

/// A feed as it is served.
#[derive(Clone, Debug)]
pub struct Published {
    pub text: String,
    /// Changes exactly when an event does; with quotes.
    pub etag: String,
}

/// The calendar behind a secret; `None` when there is none, or it is not open any more.
///
/// # Errors
/// Those of the store.
pub async fn publish(
    store: &Store,
    token: &str,
    public_url: &str,
    now: Timestamp,
) -> Result<Option<Published>, Error> {
    let hash = secret::digest(token);
    let found = store.read(move |c| store::feed::by_hash(c, &hash)).await?;
    let directory = store.directory();
    let Some(feed) = found.filter(|feed| feed.open(&directory)) else {
        return Ok(None);
    };
    if feed.fetched_at.is_none_or(|at| now.since(at) >= TOUCH) {
        let id = feed.id;
        let touched = store.write(move |tx| store::feed::touch(tx, id, now)).await;
        if let Err(error) = touched {
            tracing::debug!(%error, "the use of a feed was not remembered");
        }
    }
    let public_url = public_url.to_owned();
    // Schedules of a large company take their time.
    let made = tokio::task::spawn_blocking(move || {
        let entries = feed::entries(&directory, feed.subject, now);
        published(&directory, feed.subject, &entries, &public_url, now)
    });
    made.await.map(Some).map_err(|_| Error::Overloaded)
}

fn published(
    directory: &Directory,
    subject: FeedSubject,
    entries: &[Entry],
    public_url: &str,
    now: Timestamp,
) -> Published {
    let host = public_url
        .split_once("://")
        .map_or(public_url, |(_, rest)| rest)
        .split(['/', ':'])
        .next()
        .unwrap_or_default();
    let name = subject.name(directory).unwrap_or_default();
    let events = entries.iter().filter_map(|entry| {
        let schedule = directory.schedule(entry.duty.schedule_id)?;
        let person = directory.user_name(entry.duty.user);
        let (schedule_name, shadow) = (&schedule.name, entry.duty.shadow);
        let summary = match (subject, shadow) {
            (FeedSubject::Person(_), false) => format!("On call: {schedule_name}"),
            (FeedSubject::Person(_), true) => format!("Shadow: {schedule_name}"),
            (_, false) => format!("{person}: {schedule_name}"),
            (_, true) => format!("{person} (shadow): {schedule_name}"),
        };
        let because = feed::because(&entry.duty.source);
        Some(Event {
            uid: format!("{}@{host}", entry.name),
            start: entry.duty.start,
            end: entry.duty.end,
            summary,
            description: format!("{person} is on call for {schedule_name}. {because}."),
            url: format!("{public_url}/schedules/{}", schedule.slug),
            categories: vec!["On call".to_owned()],
        })
    });
    let calendar = Calendar {
        name: format!("On call: {name}"),
        description: format!("Shifts of {name}, as Quarterdeck plans them"),
        refresh: REFRESH,
        events: events.collect(),
    };
    // The stamp moves with every fetch; it is no change.
    let sum = Sha256::digest(calendar.write(Timestamp(0)).as_bytes());
    Published {
        text: calendar.write(now),
        etag: format!("\"{}\"", secret::to_hex(&sum[..16])),
    }
}
