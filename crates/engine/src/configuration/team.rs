//! Teams.

use std::collections::BTreeSet;

use domain::directory::{Directory, Team};
use domain::policy::Target;
use domain::{TeamId, UserId};
use serde_json::json;
use store::{Store, team};

use super::check::Checks;
use super::{begin, change, record, slug};
use crate::access::Right;
use crate::{Error, OpContext};

/// A team as a form or the API sends it.
#[derive(Clone, Debug, Default)]
pub struct TeamInput {
    pub name: String,
    /// `None`: made from the name, or kept.
    pub slug: Option<String>,
    pub description: String,
    pub members: Vec<UserId>,
}

fn checked(
    directory: &Directory,
    input: &TeamInput,
    id: TeamId,
    existing: Option<&Team>,
) -> Result<Team, Error> {
    let mut checks = Checks::default();
    let name = checks.name("name", &input.name);
    let description = checks.description("description", &input.description);
    let taken = |slug: &str| {
        directory
            .team_by_slug(slug)
            .is_some_and(|team| team.id != id)
    };
    let given = input
        .slug
        .as_deref()
        .or(existing.map(|team| team.slug.as_str()));
    let slug = checks.take(slug::choose(given, &name, "team", taken));
    let mut seen = BTreeSet::new();
    for (index, member) in input.members.iter().enumerate() {
        if directory.user(*member).is_none() {
            checks.add(format!("members[{index}]"), "there is no such person");
        }
        seen.insert(*member);
    }
    checks.finish()?;
    Ok(Team {
        id,
        slug: slug.unwrap_or_default(),
        name,
        description,
        members: seen.into_iter().collect(),
    })
}

/// # Errors
/// [`Error::Forbidden`], [`Error::Invalid`], those of the store.
pub async fn create_team(
    store: &Store,
    ctx: &OpContext,
    input: TeamInput,
) -> Result<TeamId, Error> {
    change(store, ctx, Right::Configure, move |tx, ctx| {
        let directory = begin(tx)?;
        let id = tx.id(TeamId)?;
        let new = checked(&directory, &input, id, None)?;
        team::insert(tx, &new, ctx.now)?;
        let details = json!({"slug": new.slug, "name": new.name});
        record(tx, ctx, "team.create", format!("team:{id}"), details)?;
        Ok(id)
    })
    .await
}

/// # Errors
/// [`Error::Forbidden`], [`Error::NotFound`], [`Error::Invalid`], those of the store.
pub async fn edit_team(
    store: &Store,
    ctx: &OpContext,
    id: TeamId,
    input: TeamInput,
) -> Result<(), Error> {
    change(store, ctx, Right::Configure, move |tx, ctx| {
        let directory = begin(tx)?;
        let existing = directory.team(id).ok_or(Error::NotFound("team"))?;
        let edited = checked(&directory, &input, id, Some(existing))?;
        team::update(tx, &edited)?;
        let details = json!({"slug": edited.slug, "name": edited.name, "members": edited.members});
        record(tx, ctx, "team.edit", format!("team:{id}"), details)
    })
    .await
}

/// Removes a team that nothing belongs to and no policy pages.
///
/// # Errors
/// [`Error::Refused`] while it is used, [`Error::Forbidden`], [`Error::NotFound`], those of the
/// store.
pub async fn remove_team(store: &Store, ctx: &OpContext, id: TeamId) -> Result<(), Error> {
    change(store, ctx, Right::Configure, move |tx, ctx| {
        let directory = begin(tx)?;
        let existing = directory.team(id).ok_or(Error::NotFound("team"))?;
        if let Some(user) = used_by(&directory, id) {
            let message = format!("{user} still uses {}: change that first", existing.name);
            return Err(Error::Refused(message));
        }
        team::remove(tx, id)?;
        let details = json!({"slug": existing.slug});
        record(tx, ctx, "team.remove", format!("team:{id}"), details)
    })
    .await
}

fn used_by(directory: &Directory, id: TeamId) -> Option<String> {
    let target = Target::Team(id);
    let schedules = directory.schedules.values();
    let services = directory.services.values();
    let policies = directory.policies.values();
    let channels = directory.channels.values();
    let last_resort = directory.settings.last_resort.contains(&target);
    schedules
        .filter(|schedule| schedule.team_id == Some(id))
        .map(|schedule| format!("the schedule {}", schedule.name))
        .chain(
            services
                .filter(|service| service.team_id == Some(id))
                .map(|service| format!("the service {}", service.name)),
        )
        .chain(
            policies
                .filter(|policy| {
                    policy.team_id == Some(id) || policy.current.config.mentions(target)
                })
                .map(|policy| format!("the policy {}", policy.name)),
        )
        .chain(
            channels
                .filter(|channel| channel.team_id == Some(id))
                .map(|channel| format!("the channel {}", channel.name)),
        )
        .chain(last_resort.then(|| "the last resort".to_owned()))
        .next()
}
