//! Maintenance windows and silences (PAGING.md §3.3).

use domain::directory::Directory;
use domain::suppression::{
    COMMENT_MAX, LENGTH_MAX, MATCHERS_MAX, Matcher, OCCURRENCES_MAX, Suppression, SuppressionKind,
};
use domain::{IntegrationId, ServiceId, Span, SuppressionId, Timestamp};
use jiff::tz::TimeZone;
use serde_json::json;
use store::{Change, Store, Tx, suppression};

use super::check::Checks;
use super::{begin, change, record};
use crate::access::Right;
use crate::{Error, OpContext, Problem};

/// Occurrences are worked out so far ahead; a daily look keeps it so.
const AHEAD: Span = Span::from_days(400);
/// They are worked out again when less than this is left.
const AHEAD_MIN: Span = Span::from_days(370);

/// A maintenance window or silence as a form or the API sends it.
#[derive(Clone, Debug)]
pub struct SuppressionInput {
    /// Maintenance or silence.
    pub kind: SuppressionKind,
    pub services: Vec<ServiceId>,
    pub integrations: Vec<IntegrationId>,
    pub matchers: Vec<Matcher>,
    /// The first occurrence; the end is exclusive.
    pub starts_at: Timestamp,
    pub ends_at: Timestamp,
    /// An RRULE, without its name or with it.
    pub recurrence: Option<String>,
    /// IANA zone of the recurrence; UTC when absent.
    pub zone: Option<String>,
    pub comment: String,
    /// Who says so, when a client says it for somebody.
    pub author: Option<String>,
}

/// When it holds, as far as that is worked out now.
fn occurrences(
    input: &SuppressionInput,
    zone: &str,
    now: Timestamp,
) -> Result<(Vec<(Timestamp, Timestamp)>, Timestamp), String> {
    let until = now.max(input.starts_at) + AHEAD;
    let Some(rule) = &input.recurrence else {
        return Ok((vec![(input.starts_at, input.ends_at)], until));
    };
    let zone = TimeZone::get(zone).map_err(|_| format!("there is no time zone `{zone}`"))?;
    let length = input.ends_at.since(input.starts_at);
    let from = now.max(input.starts_at);
    let spans = formats::icalendar::recur(
        rule,
        input.starts_at,
        length,
        &zone,
        (from, until),
        OCCURRENCES_MAX,
    )?;
    // A rule that repeats very often is worked out again sooner.
    let reached = match spans.last() {
        Some((start, _)) if spans.len() == OCCURRENCES_MAX => *start,
        _ => until,
    };
    Ok((spans, reached))
}

/// Whether a rule that can be read gives anything beyond the first occurrence, which holds whether
/// the rule names its day or not. Rare days are looked for further ahead: 29 February on a Monday
/// comes every 28 years, and 40 around a century that leaves one out.
fn comes_again(input: &SuppressionInput, zone: &str) -> bool {
    const HORIZONS: [Span; 3] = [AHEAD, Span::from_days(5_000), Span::from_days(150_000)];
    let (Some(rule), Ok(zone)) = (&input.recurrence, TimeZone::get(zone)) else {
        return true;
    };
    let length = input.ends_at.since(input.starts_at);
    HORIZONS.into_iter().any(|ahead| {
        let reach = (input.starts_at, input.starts_at + ahead);
        let found = formats::icalendar::recur(rule, input.starts_at, length, &zone, reach, 2);
        found.is_ok_and(|found| found.len() > 1)
    })
}

/// When one that is kept holds, as far as that is worked out at `now`.
fn again(
    one: &Suppression,
    now: Timestamp,
) -> Result<(Vec<(Timestamp, Timestamp)>, Timestamp), String> {
    let input = SuppressionInput {
        kind: one.kind,
        services: vec![],
        integrations: vec![],
        matchers: vec![],
        starts_at: one.starts_at,
        ends_at: one.ends_at,
        recurrence: one.recurrence.clone(),
        zone: None,
        comment: String::new(),
        author: None,
    };
    // What was accepted once can be read again.
    occurrences(&input, &one.zone, now)
}

/// The occurrences of one that recurs around an instant, which may lie further ahead than those
/// that are kept, or before them.
pub(crate) fn occurrences_around(
    one: &Suppression,
    at: Timestamp,
) -> Option<Vec<(Timestamp, Timestamp)>> {
    one.recurrence.as_ref()?;
    again(one, at).ok().map(|(spans, _)| spans)
}

/// What would come of saving a form.
#[derive(Clone, Debug)]
pub struct Preview {
    /// As it would be; its occurrences only when they could be worked out.
    pub would: Suppression,
    /// What keeps it from being saved.
    pub problems: Vec<Problem>,
}

/// Checks what a form says without storing it.
pub fn preview(ctx: &OpContext, directory: &Directory, input: SuppressionInput) -> Preview {
    let (would, _, checks) = judged(ctx, directory, input, SuppressionId(0), None);
    Preview {
        would,
        problems: checks.into_problems(),
    }
}

pub(crate) fn checked(
    ctx: &OpContext,
    directory: &Directory,
    input: SuppressionInput,
    id: SuppressionId,
    existing: Option<&Suppression>,
) -> Result<(Suppression, Timestamp), Error> {
    let (one, reached, checks) = judged(ctx, directory, input, id, existing);
    checks.finish()?;
    Ok((one, reached))
}

fn judged(
    ctx: &OpContext,
    directory: &Directory,
    input: SuppressionInput,
    id: SuppressionId,
    existing: Option<&Suppression>,
) -> (Suppression, Timestamp, Checks) {
    let mut checks = Checks::default();
    let comment = input.comment.replace('\0', "").trim().to_owned();
    if comment.is_empty() {
        checks.add("comment", "say why, for whoever wonders at night");
    }
    if comment.chars().count() > COMMENT_MAX {
        checks.add("comment", format!("at most {COMMENT_MAX} characters"));
    }
    if input.starts_at >= input.ends_at {
        checks.add("ends_at", "the end must be later than the start");
    } else if input.ends_at.since(input.starts_at) > LENGTH_MAX {
        checks.add(
            "ends_at",
            "at most 30 days at a time: make it recur, or prolong it later",
        );
    }
    if input.recurrence.is_none() && input.ends_at <= ctx.now {
        checks.add("ends_at", "this has passed already");
    }
    for (field, found) in [
        (
            "services",
            input
                .services
                .iter()
                .all(|id| directory.service(*id).is_some()),
        ),
        (
            "integrations",
            input
                .integrations
                .iter()
                .all(|id| directory.integration(*id).is_some()),
        ),
    ] {
        if !found {
            checks.add(field, "one of them does not exist");
        }
    }
    if input.matchers.len() > MATCHERS_MAX {
        checks.add("matchers", format!("at most {MATCHERS_MAX} matchers"));
    }
    let zone = input.zone.clone().unwrap_or_else(|| "UTC".to_owned());
    if TimeZone::get(&zone).is_err() {
        checks.add(
            "zone",
            "this is not an IANA time zone such as Europe/Berlin",
        );
    }
    let (spans, reached) = match occurrences(&input, &zone, ctx.now) {
        Ok((spans, reached)) => {
            if spans.is_empty() {
                checks.add("recurrence", "the rule has no occurrence from now on");
            } else if !comes_again(&input, &zone) {
                let message = "this never comes again: leave the rule away for what holds once";
                checks.add("recurrence", message);
            }
            (spans, reached)
        }
        Err(message) => {
            checks.add("recurrence", message);
            (vec![], ctx.now)
        }
    };
    let author = match (existing, &input.author) {
        (Some(one), _) => one.author.clone(),
        (None, Some(author)) => author.replace('\0', ""),
        (None, None) => ctx.actor.name(directory),
    };
    let one = Suppression {
        id,
        kind: input.kind,
        services: input.services,
        integrations: input.integrations,
        matchers: input.matchers,
        starts_at: input.starts_at,
        ends_at: input.ends_at,
        recurrence: input.recurrence,
        zone,
        occurrences: spans,
        comment,
        created_by: existing.map_or(ctx.actor.user, |one| one.created_by),
        author,
        created_at: existing.map_or(ctx.now, |one| one.created_at),
    };
    match one.kind {
        SuppressionKind::Maintenance if one.services.is_empty() => {
            checks.add("services", "choose at least one service");
        }
        SuppressionKind::Maintenance | SuppressionKind::Silence => {}
        SuppressionKind::Inhibition | SuppressionKind::Flapping | SuppressionKind::Rule => {
            checks.add("kind", "a maintenance window or a silence");
        }
    }
    if one.matches_everything() {
        let message = "this would silence every alert: name a service, an integration, or a \
                       matcher that needs a value";
        checks.add("matchers", message);
    }
    (one, reached, checks)
}

fn details(one: &Suppression) -> serde_json::Value {
    json!({
        "kind": one.kind, "services": one.services, "integrations": one.integrations,
        "matchers": one.matchers, "starts_at": one.starts_at, "ends_at": one.ends_at,
        "recurrence": one.recurrence, "zone": one.zone, "comment": one.comment,
    })
}

/// Responders may: whoever works on a service says so.
///
/// # Errors
/// [`Error::Forbidden`], [`Error::Invalid`], those of the store.
pub async fn create_suppression(
    store: &Store,
    ctx: &OpContext,
    input: SuppressionInput,
) -> Result<SuppressionId, Error> {
    change(store, ctx, Right::Respond, move |tx, ctx| {
        create_in_txn(tx, ctx, input.clone())
    })
    .await
}

fn create_in_txn(
    tx: &mut Tx<'_>,
    ctx: &OpContext,
    input: SuppressionInput,
) -> Result<SuppressionId, Error> {
    let directory = begin(tx)?;
    let id = tx.id(SuppressionId)?;
    let (new, reached) = checked(ctx, &directory, input, id, None)?;
    suppression::insert(tx, &new, reached)?;
    let action = format!("{}.create", new.kind);
    record(tx, ctx, &action, format!("suppression:{id}"), details(&new))?;
    Ok(id)
}

/// Shortening it lets alerts page at once that it does not hold any more.
///
/// # Errors
/// [`Error::Forbidden`], [`Error::NotFound`], [`Error::Invalid`], those of the store.
pub async fn edit_suppression(
    store: &Store,
    ctx: &OpContext,
    id: SuppressionId,
    input: SuppressionInput,
) -> Result<(), Error> {
    change(store, ctx, Right::Respond, move |tx, ctx| {
        let directory = begin(tx)?;
        let existing = found(&directory, id)?;
        if existing.kind != input.kind {
            return Err(Error::invalid("kind", "it stays what it is"));
        }
        let (edited, reached) = checked(ctx, &directory, input.clone(), id, Some(existing))?;
        suppression::update(tx, &edited, reached, ctx.now)?;
        tx.changed(Change::Timers);
        let action = format!("{}.edit", edited.kind);
        record(
            tx,
            ctx,
            &action,
            format!("suppression:{id}"),
            details(&edited),
        )
    })
    .await
}

/// Ends it at once: what still fires pages now.
///
/// # Errors
/// [`Error::Forbidden`], [`Error::NotFound`], those of the store.
pub async fn end_suppression(
    store: &Store,
    ctx: &OpContext,
    id: SuppressionId,
) -> Result<(), Error> {
    change(store, ctx, Right::Respond, move |tx, ctx| {
        let directory = begin(tx)?;
        let kind = found(&directory, id)?.kind;
        suppression::remove(tx, id, ctx.actor.user, ctx.now)?;
        tx.changed(Change::Timers);
        let subject = format!("suppression:{id}");
        record(tx, ctx, &format!("{kind}.end"), subject, json!({}))
    })
    .await
}

fn found(directory: &Directory, id: SuppressionId) -> Result<&Suppression, Error> {
    let found = directory.suppressions.get(&id);
    Ok(found.ok_or(Error::NotFound("maintenance window or silence"))?)
}

/// Works out further occurrences of what recurs; returns how many were.
///
/// # Errors
/// Those of the store.
pub(crate) async fn expand(store: &Store, now: Timestamp) -> Result<usize, Error> {
    let behind = store
        .read(move |c| suppression::to_expand(c, now + AHEAD_MIN))
        .await?;
    let mut expanded = 0;
    for id in behind {
        let done: bool = store
            .write(move |tx| {
                let directory = begin(tx)?;
                let Some(one) = directory.suppressions.get(&id) else {
                    return Ok::<_, Error>(false);
                };
                let mut edited = Suppression::clone(one);
                let Ok((spans, reached)) = again(one, now) else {
                    return Ok(false);
                };
                if spans == edited.occurrences {
                    return Ok(false);
                }
                edited.occurrences = spans;
                suppression::update(tx, &edited, reached, now)?;
                Ok(true)
            })
            .await?;
        expanded += usize::from(done);
    }
    Ok(expanded)
}
