//! Schedules and their overrides.

use std::collections::BTreeSet;

use domain::directory::Directory;
use domain::policy::Target;
use domain::schedule::{
    Override, OverrideKind, Schedule, ScheduleConfig, ScheduleVersion, validate,
};
use domain::{OverrideId, ScheduleId, Span, TeamId, Timestamp, UserId};
use serde_json::{Value, json};
use store::{Store, Tx, policy, schedule};

use super::check::Checks;
use super::{begin, record, slug};
use crate::access::{self, Right};
use crate::{Error, OpContext, Problem};

/// Longest override.
pub const OVERRIDE_MAX: Span = Span::from_days(366);

/// A schedule as a form or the API sends it.
#[derive(Clone, Debug)]
pub struct ScheduleInput {
    pub name: String,
    /// `None`: made from the name, or kept.
    pub slug: Option<String>,
    pub description: String,
    pub team_id: Option<TeamId>,
    pub config: ScheduleConfig,
    /// From when the configuration speaks; `None`: now. The past is never rewritten.
    pub effective_from: Option<Timestamp>,
}

/// Everything wrong with a configuration, people and calendars that do not exist among it.
pub fn config_problems(directory: &Directory, config: &ScheduleConfig) -> Vec<Problem> {
    let mut problems: Vec<Problem> = validate(config)
        .err()
        .unwrap_or_default()
        .into_iter()
        .map(|problem| Problem::new(problem.path, problem.message))
        .collect();
    for (l, layer) in config.layers.iter().enumerate() {
        for (p, participant) in layer.participants.iter().enumerate() {
            for (users, field) in [
                (&participant.users, "users"),
                (&participant.shadows, "shadows"),
            ] {
                if users.iter().any(|user| directory.user(*user).is_none()) {
                    let field = format!("layers[{l}].participants[{p}].{field}");
                    problems.push(Problem::new(field, "there is no such person"));
                }
            }
        }
    }
    problems.extend(filled(directory, config.clone()).err().unwrap_or_default());
    problems
}

/// The configuration with the days of the holiday calendars that its layers name, as they are now.
///
/// # Errors
/// The layers whose calendar does not exist.
pub fn filled(
    directory: &Directory,
    mut config: ScheduleConfig,
) -> Result<ScheduleConfig, Vec<Problem>> {
    let days_of = |slug: &str| directory.calendar_by_slug(slug).map(|one| &one.days[..]);
    match config.fill_calendars(days_of) {
        Ok(()) => Ok(config),
        Err(problems) => Err(problems
            .into_iter()
            .map(|problem| Problem::new(problem.path, problem.message))
            .collect()),
    }
}

/// The schedule as it will be. A configuration equal to the newest makes no new version.
fn checked(
    directory: &Directory,
    input: &ScheduleInput,
    id: ScheduleId,
    existing: Option<&Schedule>,
    now: Timestamp,
) -> Result<(Schedule, Option<ScheduleVersion>), Error> {
    let mut checks = Checks::default();
    let name = checks.name("name", &input.name);
    let description = checks.description("description", &input.description);
    checks.team("team", directory, input.team_id);
    let taken = |slug: &str| {
        directory
            .schedule_by_slug(slug)
            .is_some_and(|schedule| schedule.id != id)
    };
    let given = input
        .slug
        .as_deref()
        .or(existing.map(|one| one.slug.as_str()));
    let slug = checks.take(slug::choose(given, &name, "schedule", taken));
    checks.extend(config_problems(directory, &input.config));
    let effective_from = input.effective_from.unwrap_or(now);
    if effective_from < now {
        checks.add(
            "effective_from",
            "a change takes effect now or later: who was on call is never rewritten",
        );
    }
    checks.finish()?;
    let config = filled(directory, input.config.clone()).map_err(Error::Invalid)?;

    let versions = existing.map_or(&[][..], |schedule| &schedule.versions);
    let same = versions
        .last()
        .is_some_and(|newest| newest.config == config && newest.effective_from <= effective_from);
    let version = (!same).then(|| ScheduleVersion {
        version: existing.map_or(1, Schedule::next_version),
        effective_from,
        config,
    });
    let edited = Schedule {
        id,
        slug: slug.unwrap_or_default(),
        name,
        description,
        team_id: input.team_id,
        versions: vec![],
        overrides: vec![],
        temporaries: vec![],
        imports: vec![],
    };
    Ok((edited, version))
}

/// # Errors
/// [`Error::Forbidden`], [`Error::Invalid`], those of the store.
pub async fn create_schedule(
    store: &Store,
    ctx: &OpContext,
    input: ScheduleInput,
) -> Result<ScheduleId, Error> {
    access::require(ctx, Right::Configure)?;
    let ctx = *ctx;
    store
        .write(move |tx| {
            let directory = begin(tx)?;
            let id = tx.id(ScheduleId)?;
            let (mut new, version) = checked(&directory, &input, id, None, ctx.now)?;
            new.versions.extend(version);
            schedule::insert(tx, &new, ctx.actor.user, ctx.now)?;
            let details = json!({"slug": new.slug, "name": new.name, "config": input.config});
            record(
                tx,
                &ctx,
                "schedule.create",
                format!("schedule:{id}"),
                details,
            )?;
            Ok(id)
        })
        .await
}

/// Edits a schedule; a changed configuration becomes a new version.
///
/// # Errors
/// [`Error::Forbidden`], [`Error::NotFound`], [`Error::Invalid`], those of the store.
pub async fn edit_schedule(
    store: &Store,
    ctx: &OpContext,
    id: ScheduleId,
    input: ScheduleInput,
) -> Result<(), Error> {
    access::require(ctx, Right::Configure)?;
    let ctx = *ctx;
    store
        .write(move |tx| {
            let directory = begin(tx)?;
            let existing = directory.schedule(id).ok_or(Error::NotFound("schedule"))?;
            let (edited, version) = checked(&directory, &input, id, Some(existing), ctx.now)?;
            schedule::update(tx, &edited)?;
            if let Some(version) = &version {
                schedule::insert_version(tx, id, version, ctx.actor.user, ctx.now)?;
            }
            let details = json!({
                "slug": edited.slug, "name": edited.name,
                "version": version.as_ref().map(|version| version.version),
                "effective_from": version.as_ref().map(|version| version.effective_from),
            });
            record(tx, &ctx, "schedule.edit", format!("schedule:{id}"), details)
        })
        .await
}

/// Removes a schedule that no version of any policy ever named. One that did is part of the past,
/// which is never rewritten.
///
/// # Errors
/// [`Error::Refused`] when it is or was used, [`Error::Forbidden`], [`Error::NotFound`], those of
/// the store.
pub async fn remove_schedule(store: &Store, ctx: &OpContext, id: ScheduleId) -> Result<(), Error> {
    access::require(ctx, Right::Configure)?;
    let ctx = *ctx;
    store
        .write(move |tx| {
            let directory = begin(tx)?;
            let existing = directory.schedule(id).ok_or(Error::NotFound("schedule"))?;
            let target = Target::Schedule(id);
            if directory.settings.last_resort.contains(&target) {
                return Err(Error::Refused(
                    "the last resort uses this schedule: change that first".into(),
                ));
            }
            let versions = policy::versions(tx)?;
            let user = versions
                .iter()
                .find(|(_, version)| version.config.mentions(target));
            if let Some((policy, _)) = user {
                let name = directory.policy(*policy).map_or("a policy", |p| &p.name);
                return Err(Error::Refused(format!(
                    "{name} uses this schedule or has used it, so that it belongs to the record \
                     of who was on call"
                )));
            }
            schedule::remove(tx, id)?;
            let details = json!({"slug": existing.slug});
            record(
                tx,
                &ctx,
                "schedule.remove",
                format!("schedule:{id}"),
                details,
            )
        })
        .await
}

/// A change to a span of a schedule by hand.
#[derive(Clone, Debug)]
pub struct OverrideInput {
    pub kind: OverrideKind,
    pub start: Timestamp,
    /// Exclusive.
    pub end: Timestamp,
    /// Nobody is allowed for `replace` only: then nobody is on call.
    pub users: Vec<UserId>,
}

/// Adds an override. Responders may, for others too.
///
/// # Errors
/// [`Error::Forbidden`], [`Error::NotFound`], [`Error::Invalid`], those of the store.
pub async fn add_override(
    store: &Store,
    ctx: &OpContext,
    schedule_id: ScheduleId,
    input: OverrideInput,
) -> Result<OverrideId, Error> {
    access::require(ctx, Right::Respond)?;
    let ctx = *ctx;
    store
        .write(move |tx| {
            let directory = begin(tx)?;
            directory
                .schedule(schedule_id)
                .ok_or(Error::NotFound("schedule"))?;
            let mut checks = Checks::default();
            if input.end <= input.start {
                checks.add("end", "must be later than the start");
            } else if input.end <= ctx.now {
                checks.add(
                    "end",
                    "lies in the past: who was on call is never rewritten",
                );
            } else if input.end.since(input.start) > OVERRIDE_MAX {
                let message = "at most a year is possible: for longer, edit the schedule";
                checks.add("end", message);
            }
            if input.kind == OverrideKind::Swap {
                checks.add("kind", "swaps come of swap requests: offer one");
            }
            if input.users.is_empty() && input.kind != OverrideKind::Replace {
                checks.add("users", "choose somebody");
            }
            let mut seen = BTreeSet::new();
            for user in &input.users {
                if directory.user(*user).is_none_or(|person| person.disabled) {
                    checks.add("users", "there is no such person");
                } else if !seen.insert(*user) {
                    checks.add("users", "the same person stands here twice");
                }
            }
            checks.finish()?;
            let new = Override {
                id: tx.id(OverrideId)?,
                start: input.start,
                end: input.end,
                kind: input.kind,
                users: input.users.clone(),
                created_by: ctx.actor.user,
                created_at: ctx.now,
                swap: None,
            };
            schedule::insert_override(tx, schedule_id, &new)?;
            let details = json!({
                "override": new.id, "kind": new.kind, "start": new.start, "end": new.end,
                "users": new.users,
            });
            let subject = format!("schedule:{schedule_id}");
            record(tx, &ctx, "override.add", subject, details)?;
            Ok(new.id)
        })
        .await
}

/// Withdraws an override; the part of it that has been stays. Responders may.
///
/// # Errors
/// [`Error::Forbidden`], [`Error::NotFound`], those of the store.
pub async fn withdraw_override(
    store: &Store,
    ctx: &OpContext,
    schedule_id: ScheduleId,
    id: OverrideId,
) -> Result<(), Error> {
    access::require(ctx, Right::Respond)?;
    let by = ctx.actor.user;
    withdraw(
        store,
        ctx,
        schedule_id,
        ["override"; 2],
        json!(id),
        move |tx, now| schedule::withdraw_override(tx, schedule_id, id, by, now),
    )
    .await
}

/// Withdraws something that was agreed about a schedule: `[key, name]` is what the audit and what
/// people call it.
pub(super) async fn withdraw(
    store: &Store,
    ctx: &OpContext,
    schedule_id: ScheduleId,
    [key, name]: [&'static str; 2],
    id: Value,
    write: impl Fn(&mut Tx<'_>, Timestamp) -> Result<(), store::Error> + Send + Sync + 'static,
) -> Result<(), Error> {
    let ctx = *ctx;
    store
        .write(move |tx| {
            begin(tx)?;
            write(tx, ctx.now).map_err(|error| match error {
                store::Error::NotFound => Error::NotFound(name),
                other => other.into(),
            })?;
            let (action, subject) = (format!("{key}.withdraw"), format!("schedule:{schedule_id}"));
            record(tx, &ctx, &action, subject, json!({ key: id }))
        })
        .await
}
