//! Services.

use domain::directory::Directory;
use domain::service::{Service, ServiceSettings};
use domain::what_if::ServiceDraft;
use domain::{PolicyId, ServiceId, Span, TeamId};
use serde_json::json;
use store::{Store, service};

use super::check::Checks;
use super::{begin, change, record, slug};
use crate::access::Right;
use crate::{Error, OpContext, Problem, incident};

pub const REOPEN_WINDOW_MAX: Span = Span::from_hours(24);
pub const ACK_TIMEOUT_MIN: Span = Span::from_minutes(1);
pub const ACK_TIMEOUT_MAX: Span = Span::from_days(7);

/// A service as a form or the API sends it.
#[derive(Clone, Debug, Default)]
pub struct ServiceInput {
    pub name: String,
    /// `None`: made from the name, or kept.
    pub slug: Option<String>,
    pub description: String,
    pub team_id: Option<TeamId>,
    /// Without one the last resort is paged.
    pub policy_id: Option<PolicyId>,
    pub settings: ServiceSettings,
}

/// A saved service.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SavedService {
    pub id: ServiceId,
    /// The service has moved to another policy: running escalations on it start again
    /// (PAGING.md §4.3).
    pub policy_changed: bool,
}

/// Everything wrong with the settings of a service.
pub fn settings_problems(settings: &ServiceSettings) -> Vec<Problem> {
    let mut checks = Checks::default();
    checks.span(
        "reopen_window",
        settings.reopen_window,
        Span::ZERO,
        REOPEN_WINDOW_MAX,
    );
    for (field, timeout) in [
        ("ack_timeout_high", settings.ack_timeout_high),
        ("ack_timeout_low", settings.ack_timeout_low),
    ] {
        if let Some(timeout) = timeout {
            checks.span(field, timeout, ACK_TIMEOUT_MIN, ACK_TIMEOUT_MAX);
        }
    }
    let more = settings.problems().into_iter();
    checks.extend(more.map(|one| Problem::new(one.field, one.message)));
    checks.into_problems()
}

/// Everything wrong with a service that is tried before it is saved; it needs no name.
pub fn draft_problems(directory: &Directory, draft: &ServiceDraft) -> Vec<Problem> {
    let mut checks = Checks::default();
    if draft
        .policy
        .is_some_and(|id| directory.policy(id).is_none())
    {
        checks.add("policy", "there is no such policy");
    }
    checks.extend(settings_problems(&draft.settings));
    checks.into_problems()
}

fn checked(
    directory: &Directory,
    input: &ServiceInput,
    id: ServiceId,
    existing: Option<&Service>,
) -> Result<Service, Error> {
    let mut checks = Checks::default();
    let name = checks.name("name", &input.name);
    let description = checks.description("description", &input.description);
    checks.team("team", directory, input.team_id);
    if input
        .policy_id
        .is_some_and(|id| directory.policy(id).is_none())
    {
        checks.add("policy", "there is no such policy");
    }
    let taken = |slug: &str| {
        directory
            .service_by_slug(slug)
            .is_some_and(|service| service.id != id)
    };
    let given = input
        .slug
        .as_deref()
        .or(existing.map(|one| one.slug.as_str()));
    let slug = checks.take(slug::choose(given, &name, "service", taken));
    checks.extend(settings_problems(&input.settings));
    checks.finish()?;
    Ok(Service {
        id,
        slug: slug.unwrap_or_default(),
        name,
        description,
        team_id: input.team_id,
        policy_id: input.policy_id,
        settings: input.settings.clone(),
    })
}

/// # Errors
/// [`Error::Forbidden`], [`Error::Invalid`], those of the store.
pub async fn create_service(
    store: &Store,
    ctx: &OpContext,
    input: ServiceInput,
) -> Result<ServiceId, Error> {
    change(store, ctx, Right::Configure, move |tx, ctx| {
        let directory = begin(tx)?;
        let id = tx.id(ServiceId)?;
        let new = checked(&directory, &input, id, None)?;
        service::insert(tx, &new, ctx.now)?;
        let details = json!({"slug": new.slug, "name": new.name, "policy": new.policy_id});
        record(tx, ctx, "service.create", format!("service:{id}"), details)?;
        Ok(id)
    })
    .await
}

/// # Errors
/// [`Error::Forbidden`], [`Error::NotFound`], [`Error::Invalid`], those of the store.
pub async fn edit_service(
    store: &Store,
    ctx: &OpContext,
    id: ServiceId,
    input: ServiceInput,
) -> Result<SavedService, Error> {
    change(store, ctx, Right::Configure, move |tx, ctx| {
        let directory = begin(tx)?;
        let existing = directory.service(id).ok_or(Error::NotFound("service"))?;
        let edited = checked(&directory, &input, id, Some(existing))?;
        service::update(tx, &edited)?;
        if existing.policy_id != edited.policy_id {
            incident::restart_of_service(tx, ctx, id)?;
        }
        let details = json!({
            "slug": edited.slug, "name": edited.name, "policy": edited.policy_id,
            "settings": edited.settings,
        });
        record(tx, ctx, "service.edit", format!("service:{id}"), details)?;
        Ok(SavedService {
            id,
            policy_changed: existing.policy_id != edited.policy_id,
        })
    })
    .await
}

/// Removes a service without a past, with its integrations.
///
/// # Errors
/// [`Error::Refused`] when it has had incidents or signals, [`Error::Forbidden`],
/// [`Error::NotFound`], those of the store.
pub async fn remove_service(store: &Store, ctx: &OpContext, id: ServiceId) -> Result<(), Error> {
    change(store, ctx, Right::Configure, move |tx, ctx| {
        let directory = begin(tx)?;
        let existing = directory.service(id).ok_or(Error::NotFound("service"))?;
        if service::has_past(tx, id)? {
            return Err(Error::Refused(
                "the service has had incidents or signals, which are kept: remove its \
                     integrations instead, then nothing comes in any more"
                    .into(),
            ));
        }
        if let Some(why) = super::routing::use_of(&directory, id) {
            return Err(Error::Refused(why));
        }
        service::remove(tx, id)?;
        let details = json!({"slug": existing.slug});
        record(tx, ctx, "service.remove", format!("service:{id}"), details)
    })
    .await
}
