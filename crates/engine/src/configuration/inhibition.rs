//! Rules by which an open alert keeps others from paging (PAGING.md §3.4).

use std::collections::BTreeSet;

use domain::directory::Directory;
use domain::suppression::{EQUAL_MAX, Inhibition, MATCHERS_MAX, Matcher};
use domain::{InhibitionId, TeamId};
use serde_json::json;
use store::{Store, inhibition};

use super::check::Checks;
use super::{begin, change, record};
use crate::access::Right;
use crate::{Error, OpContext};

/// Longest name of a label.
const LABEL_MAX: usize = 256;

/// A rule as a form or the API sends it.
#[derive(Clone, Debug)]
pub struct InhibitionInput {
    pub name: String,
    /// Only between alerts of this team's services.
    pub team_id: Option<TeamId>,
    /// What explains.
    pub source: Vec<Matcher>,
    /// What is explained.
    pub target: Vec<Matcher>,
    /// Labels whose values must be equal.
    pub equal: Vec<String>,
}

pub(crate) fn checked(
    ctx: &OpContext,
    directory: &Directory,
    input: InhibitionInput,
    id: InhibitionId,
    existing: Option<&Inhibition>,
) -> Result<Inhibition, Error> {
    let mut checks = Checks::default();
    let name = checks.name("name", &input.name);
    // The configuration file knows rules by their names. One that shares its own may keep it.
    let kept = existing.is_some_and(|one| one.name == name);
    let mut others = directory.inhibitions.values();
    if !kept && others.any(|one| one.id != id && one.name == name) {
        checks.add("name", "another inhibition has this name");
    }
    checks.team("team", directory, input.team_id);
    for (field, matchers) in [("source", &input.source), ("target", &input.target)] {
        if matchers.is_empty() || matchers.len() > MATCHERS_MAX {
            checks.add(field, format!("1 to {MATCHERS_MAX} matchers"));
        } else if matchers.iter().all(Matcher::matches_nothing_said) {
            checks.add(
                field,
                "this matches every alert: at least one matcher needs a value",
            );
        }
    }
    let odd =
        |label: &String| label.trim().is_empty() || label.len() > LABEL_MAX || label.contains('\0');
    if input.equal.iter().any(odd) {
        let message = format!("names of labels have 1 to {LABEL_MAX} characters");
        checks.add("equal", message);
    }
    let mut seen = BTreeSet::new();
    if let Some(label) = input.equal.iter().find(|label| !seen.insert(*label)) {
        checks.add("equal", format!("`{label}` stands here twice"));
    }
    if input.equal.len() > EQUAL_MAX {
        checks.add("equal", format!("at most {EQUAL_MAX} names of labels"));
    }
    checks.finish()?;
    Ok(Inhibition {
        id,
        name,
        team_id: input.team_id,
        source: input.source,
        target: input.target,
        equal: input.equal,
        created_by: existing.map_or(ctx.actor.user, |one| one.created_by),
        created_at: existing.map_or(ctx.now, |one| one.created_at),
    })
}

fn details(one: &Inhibition) -> serde_json::Value {
    json!({
        "name": one.name, "team": one.team_id, "source": one.source, "target": one.target,
        "equal": one.equal,
    })
}

/// It holds for alerts that open from now on.
///
/// # Errors
/// [`Error::Forbidden`], [`Error::Invalid`], those of the store.
pub async fn create_inhibition(
    store: &Store,
    ctx: &OpContext,
    input: InhibitionInput,
) -> Result<InhibitionId, Error> {
    change(store, ctx, Right::Configure, move |tx, ctx| {
        let directory = begin(tx)?;
        let id = tx.id(InhibitionId)?;
        let new = checked(ctx, &directory, input.clone(), id, None)?;
        inhibition::insert(tx, &new)?;
        let subject = format!("inhibition:{id}");
        record(tx, ctx, "inhibition.create", subject, details(&new))?;
        Ok(id)
    })
    .await
}

/// What is held back by the rule as it was stays so until the alert that explains it is resolved.
///
/// # Errors
/// [`Error::Forbidden`], [`Error::NotFound`], [`Error::Invalid`], those of the store.
pub async fn edit_inhibition(
    store: &Store,
    ctx: &OpContext,
    id: InhibitionId,
    input: InhibitionInput,
) -> Result<(), Error> {
    change(store, ctx, Right::Configure, move |tx, ctx| {
        let directory = begin(tx)?;
        let existing = found(&directory, id)?;
        let edited = checked(ctx, &directory, input.clone(), id, Some(existing))?;
        inhibition::update(tx, &edited)?;
        let subject = format!("inhibition:{id}");
        record(tx, ctx, "inhibition.edit", subject, details(&edited))
    })
    .await
}

/// What it holds back is looked at, and pages if nothing else does.
///
/// # Errors
/// [`Error::Forbidden`], [`Error::NotFound`], those of the store.
pub async fn remove_inhibition(
    store: &Store,
    ctx: &OpContext,
    id: InhibitionId,
) -> Result<(), Error> {
    change(store, ctx, Right::Configure, move |tx, ctx| {
        let directory = begin(tx)?;
        let name = found(&directory, id)?.name.clone();
        inhibition::remove(tx, id, ctx.now)?;
        tx.changed(store::Change::Timers);
        let subject = format!("inhibition:{id}");
        record(
            tx,
            ctx,
            "inhibition.remove",
            subject,
            json!({ "name": name }),
        )
    })
    .await
}

fn found(directory: &Directory, id: InhibitionId) -> Result<&Inhibition, Error> {
    let found = directory.inhibitions.get(&id);
    Ok(found.ok_or(Error::NotFound("rule of inhibition"))?)
}
