//! Escalation policies.

use domain::directory::Directory;
use domain::escalation::{self, Warning};
use domain::policy::{Policy, PolicyConfig, PolicyVersion};
use domain::{PolicyId, TeamId, Timestamp};
use serde_json::json;
use store::{Store, policy};

use super::check::Checks;
use super::{begin, record, slug, target_problem};
use crate::access::{self, Right};
use crate::{Error, OpContext, Problem};

/// A policy as a form or the API sends it.
#[derive(Clone, Debug)]
pub struct PolicyInput {
    pub name: String,
    /// `None`: made from the name, or kept.
    pub slug: Option<String>,
    pub description: String,
    pub team_id: Option<TeamId>,
    pub config: PolicyConfig,
    /// Save although the policy can reach nobody at some time (PAGING.md §4.10).
    pub anyway: bool,
}

/// A saved policy with what is worth changing about it.
#[derive(Clone, Debug)]
pub struct SavedPolicy {
    pub id: PolicyId,
    pub warnings: Vec<Warning>,
}

/// Everything wrong with a configuration, targets that do not exist among it.
pub fn config_problems(directory: &Directory, config: &PolicyConfig) -> Vec<Problem> {
    let mut problems: Vec<Problem> = config
        .validate()
        .err()
        .unwrap_or_default()
        .into_iter()
        .map(|problem| Problem::new(problem.field, problem.message))
        .collect();
    for (s, step) in config.steps.iter().enumerate() {
        for (t, target) in step.targets.iter().enumerate() {
            let field = format!("steps[{s}].targets[{t}]");
            problems.extend(target_problem(directory, *target, field));
        }
        let repeated = |t: usize| step.targets[..t].contains(&step.targets[t]);
        if let Some(t) = (0..step.targets.len()).find(|t| repeated(*t)) {
            let field = format!("steps[{s}].targets[{t}]");
            problems.push(Problem::new(field, "this target stands here twice"));
        }
    }
    problems
}

/// The policy as it will be. A configuration equal to the current one makes no new version.
fn checked(
    directory: &Directory,
    input: &PolicyInput,
    id: PolicyId,
    existing: Option<&Policy>,
    now: Timestamp,
) -> Result<(Policy, Vec<Warning>), Error> {
    let mut checks = Checks::default();
    let name = checks.name("name", &input.name);
    let description = checks.description("description", &input.description);
    checks.team("team", directory, input.team_id);
    let taken = |slug: &str| {
        directory
            .policy_by_slug(slug)
            .is_some_and(|policy| policy.id != id)
    };
    let given = input
        .slug
        .as_deref()
        .or(existing.map(|one| one.slug.as_str()));
    let slug = checks.take(slug::choose(given, &name, "policy", taken));
    checks.extend(config_problems(directory, &input.config));
    checks.finish()?;

    let warnings = escalation::warnings(&input.config, directory, now);
    if !input.anyway
        && let Some(grave) = warnings.iter().find(|warning| warning.needs_confirmation())
    {
        return Err(Error::invalid("anyway", grave.text.clone()));
    }
    let current = match existing.map(|policy| &policy.current) {
        Some(current) if current.config == input.config => current.clone(),
        current => PolicyVersion {
            version: current.map_or(0, |version| version.version) + 1,
            created_at: now,
            config: input.config.clone(),
        },
    };
    let edited = Policy {
        id,
        slug: slug.unwrap_or_default(),
        name,
        description,
        team_id: input.team_id,
        current,
    };
    Ok((edited, warnings))
}

/// # Errors
/// [`Error::Invalid`] on `anyway` when the policy can reach nobody at some time in the next 30
/// days; [`Error::Forbidden`], [`Error::Invalid`], those of the store.
pub async fn create_policy(
    store: &Store,
    ctx: &OpContext,
    input: PolicyInput,
) -> Result<SavedPolicy, Error> {
    access::require(ctx, Right::Configure)?;
    let ctx = *ctx;
    store
        .write(move |tx| {
            let directory = begin(tx)?;
            let id = tx.id(PolicyId)?;
            let (new, warnings) = checked(&directory, &input, id, None, ctx.now)?;
            policy::insert(tx, &new, ctx.actor.user, ctx.now)?;
            let details = json!({"slug": new.slug, "name": new.name, "config": input.config});
            record(tx, &ctx, "policy.create", format!("policy:{id}"), details)?;
            Ok(SavedPolicy { id, warnings })
        })
        .await
}

/// Edits a policy; a changed configuration becomes a new version, which runs that have begun do
/// not see (PAGING.md §4.3).
///
/// # Errors
/// As [`create_policy`], and [`Error::NotFound`].
pub async fn edit_policy(
    store: &Store,
    ctx: &OpContext,
    id: PolicyId,
    input: PolicyInput,
) -> Result<SavedPolicy, Error> {
    access::require(ctx, Right::Configure)?;
    let ctx = *ctx;
    store
        .write(move |tx| {
            let directory = begin(tx)?;
            let existing = directory.policy(id).ok_or(Error::NotFound("policy"))?;
            let (edited, warnings) = checked(&directory, &input, id, Some(existing), ctx.now)?;
            policy::update(tx, &edited, ctx.actor.user)?;
            let details = json!({
                "slug": edited.slug, "name": edited.name, "version": edited.current.version,
            });
            record(tx, &ctx, "policy.edit", format!("policy:{id}"), details)?;
            Ok(SavedPolicy { id, warnings })
        })
        .await
}

/// Removes a policy that no service uses and no escalation ever ran on.
///
/// # Errors
/// [`Error::Refused`] when it is or was used, [`Error::Forbidden`], [`Error::NotFound`], those of
/// the store.
pub async fn remove_policy(store: &Store, ctx: &OpContext, id: PolicyId) -> Result<(), Error> {
    access::require(ctx, Right::Configure)?;
    let ctx = *ctx;
    store
        .write(move |tx| {
            let directory = begin(tx)?;
            let existing = directory.policy(id).ok_or(Error::NotFound("policy"))?;
            let mut services = directory.services.values();
            if let Some(service) = services.find(|service| service.policy_id == Some(id)) {
                return Err(Error::Refused(format!(
                    "the service {} uses this policy: give it another first",
                    service.name
                )));
            }
            if policy::has_run(tx, id)? {
                return Err(Error::Refused(
                    "incidents were escalated by this policy, so that it belongs to their record"
                        .into(),
                ));
            }
            policy::remove(tx, id)?;
            let details = json!({"slug": existing.slug});
            record(tx, &ctx, "policy.remove", format!("policy:{id}"), details)
        })
        .await
}
