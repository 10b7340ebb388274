//! Global integrations and their rules.

use std::collections::BTreeMap;

use actix_web::HttpResponse;
use actix_web::web::{self, Path, ServiceConfig};
use domain::directory::Directory;
use domain::routing::{CATCH_ALL, Rule};
use domain::service::Integration;
use domain::word::AlertSeverity;
use domain::{IntegrationId, RoutingRuleId, Timestamp};
use engine::access::Right;
use engine::configuration::integration::move_integration;
use engine::configuration::routing::{RoutingEdit, RuleInput, edit_routing};
use engine::{Error, Problem as FieldProblem};
use serde::{Deserialize, Serialize};
use store::routing::Hits;
use utoipa::ToSchema;

use super::caller::Caller;
use super::input::{Body, List};
use super::integration::given;
use super::routing_trial;
use super::types::Problem;
use super::words;
use crate::error::WebError;
use crate::state::{AppState, State};

pub(super) fn routes(config: &mut ServiceConfig) {
    config
        .route("/global-integrations", web::get().to(list))
        .service(
            web::resource("/integrations/{id}/routing-rules")
                .route(web::get().to(get))
                .route(web::put().to(replace))
                .route(web::post().to(create)),
        )
        .route(
            "/integrations/{id}/routing-rules/dry-run",
            web::post().to(routing_trial::dry_run),
        )
        .service(
            web::resource("/integrations/{id}/routing-rules/{rule}")
                .route(web::patch().to(edit))
                .route(web::delete().to(remove)),
        );
}

/// Where the signals of an integration go.
#[derive(Serialize, ToSchema)]
pub struct RoutingRules {
    /// Id of the integration.
    integration: i64,
    name: String,
    /// Whether the integration is global: only then its rules hold.
    on: bool,
    /// Asked in this order.
    rules: Vec<RoutingRule>,
    catch_all: RoutingCatchAll,
}

/// What no rule has sent elsewhere. It cannot be deleted.
#[derive(Serialize, ToSchema)]
pub struct RoutingCatchAll {
    /// Slug of the service that the integration belongs to.
    service: Option<String>,
    hits: i64,
    #[schema(value_type = Option<String>, format = DateTime)]
    last_match_at: Option<Timestamp>,
}

/// One rule of a global integration.
#[derive(Serialize, ToSchema)]
pub struct RoutingRule {
    id: i64,
    name: String,
    enabled: bool,
    /// CEL over the signal; empty: every signal.
    condition: String,
    /// Slug of the service it goes to; `null`: where it would go without the rule.
    service: Option<String>,
    #[schema(schema_with = words::alert_severity)]
    severity: Option<AlertSeverity>,
    /// Template, such as `{labels.cluster}/{labels.alertname}`.
    dedup_key: Option<String>,
    /// Template; empty: no group.
    group_key: Option<String>,
    /// Templates by the name of the label.
    labels: BTreeMap<String, String>,
    /// Alerts are recorded and page nobody.
    suppress: bool,
    /// Later rules are asked, too.
    r#continue: bool,
    /// Signals that have matched since `counted_since`.
    hits: i64,
    #[schema(value_type = Option<String>, format = DateTime)]
    last_match_at: Option<Timestamp>,
    /// When the rule was made, or its condition changed.
    #[schema(value_type = String, format = DateTime)]
    counted_since: Timestamp,
}

/// A rule as it is to be.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RoutingRuleBody {
    /// In a whole list: the rule that becomes this one; absent: a new one.
    #[serde(default)]
    id: Option<i64>,
    name: String,
    #[serde(default = "yes")]
    enabled: bool,
    #[serde(default)]
    condition: String,
    #[serde(default)]
    service: Option<String>,
    #[serde(default)]
    #[schema(schema_with = words::alert_severity)]
    severity: Option<AlertSeverity>,
    #[serde(default)]
    dedup_key: Option<String>,
    #[serde(default)]
    group_key: Option<String>,
    #[serde(default)]
    labels: BTreeMap<String, String>,
    #[serde(default)]
    suppress: bool,
    #[serde(default)]
    r#continue: bool,
    /// Of a new rule: its place, counted from 0; absent: last.
    #[serde(default)]
    position: Option<usize>,
}

const fn yes() -> bool {
    true
}

/// All rules, in order.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RoutingRulesBody {
    /// Whether the integration is global; absent: as it is.
    #[serde(default)]
    on: Option<bool>,
    /// Absent: as they are.
    #[serde(default)]
    rules: Option<Vec<RoutingRuleBody>>,
    /// Slug of the service that takes the rest of a global integration; absent: as it is.
    #[serde(default)]
    catch_all_service: Option<String>,
}

/// What to change of a rule: absent stays, `null` takes away.
#[derive(Default, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
pub struct RoutingRuleEdit {
    name: Option<String>,
    enabled: Option<bool>,
    condition: Option<String>,
    #[serde(deserialize_with = "given")]
    #[schema(value_type = Option<String>)]
    service: Option<Option<String>>,
    #[serde(deserialize_with = "given")]
    #[schema(schema_with = words::alert_severity)]
    severity: Option<Option<AlertSeverity>>,
    #[serde(deserialize_with = "given")]
    #[schema(value_type = Option<String>)]
    dedup_key: Option<Option<String>>,
    #[serde(deserialize_with = "given")]
    #[schema(value_type = Option<String>)]
    group_key: Option<Option<String>>,
    labels: Option<BTreeMap<String, String>>,
    suppress: Option<bool>,
    r#continue: Option<bool>,
    /// Its place, counted from 0.
    position: Option<usize>,
}

fn slug(directory: &Directory, id: domain::ServiceId) -> Option<String> {
    directory.service(id).map(|service| service.slug.clone())
}

fn shown(rule: &Rule, hits: Option<&Hits>, directory: &Directory) -> RoutingRule {
    let input = RuleInput::of(rule);
    RoutingRule {
        id: rule.id.0,
        name: input.name,
        enabled: input.enabled,
        condition: input.condition,
        service: input.service.and_then(|id| slug(directory, id)),
        severity: input.severity,
        dedup_key: input.dedup_key,
        group_key: input.group_key,
        labels: input.labels.into_iter().collect(),
        suppress: input.suppress,
        r#continue: input.continues,
        hits: hits.map_or(0, |one| one.hits),
        last_match_at: hits.map(|one| one.last_at),
        counted_since: rule.since,
    }
}

async fn whole(state: &AppState, id: IntegrationId) -> Result<RoutingRules, WebError> {
    let hits = state
        .store()
        .read(move |c| store::routing::hits(c, id))
        .await?;
    let directory = state.directory();
    let door = found(&directory, id)?;
    let rest = hits.get(&CATCH_ALL);
    Ok(RoutingRules {
        integration: door.id.0,
        name: door.name.clone(),
        on: door.routing.on,
        rules: (door.routing.rules.iter())
            .map(|rule| shown(rule, hits.get(&rule.id), &directory))
            .collect(),
        catch_all: RoutingCatchAll {
            service: slug(&directory, door.service_id),
            hits: rest.map_or(0, |one| one.hits),
            last_match_at: rest.map(|one| one.last_at),
        },
    })
}

pub(super) fn found(directory: &Directory, id: IntegrationId) -> Result<&Integration, Error> {
    directory
        .integration(id)
        .ok_or(Error::NotFound("integration"))
}

fn service(
    directory: &Directory,
    slug: Option<&str>,
    field: String,
    problems: &mut Vec<FieldProblem>,
) -> Option<domain::ServiceId> {
    let found = directory.service_by_slug(slug?).map(|one| one.id);
    if found.is_none() {
        problems.push(FieldProblem::new(field, "there is no such service"));
    }
    found
}

impl RoutingRuleBody {
    fn input(
        self,
        directory: &Directory,
        at: &str,
        problems: &mut Vec<FieldProblem>,
    ) -> (Option<RoutingRuleId>, RuleInput) {
        let field = format!("{at}service");
        let input = RuleInput {
            service: service(directory, self.service.as_deref(), field, problems),
            name: self.name,
            enabled: self.enabled,
            condition: self.condition,
            severity: self.severity,
            dedup_key: self.dedup_key,
            group_key: self.group_key,
            labels: self.labels.into_iter().collect(),
            suppress: self.suppress,
            continues: self.r#continue,
        };
        (self.id.map(RoutingRuleId), input)
    }
}

pub(super) type Drafts = Vec<(Option<RoutingRuleId>, RuleInput)>;

pub(super) fn drafts(rules: Vec<RoutingRuleBody>, directory: &Directory) -> Result<Drafts, Error> {
    let mut problems = Vec::new();
    let drafts = rules
        .into_iter()
        .enumerate()
        .map(|(index, rule)| {
            let at = format!("rules[{index}].");
            if rule.position.is_some() {
                let field = format!("{at}position");
                problems.push(FieldProblem::new(field, "the order of the list says it"));
            }
            rule.input(directory, &at, &mut problems)
        })
        .collect();
    if problems.is_empty() {
        Ok(drafts)
    } else {
        Err(Error::Invalid(problems))
    }
}

/// List global integrations
#[utoipa::path(get, path = "/api/v1/global-integrations",
    operation_id = "list_global_integrations", tag = "signals",
    responses(
        (status = 200, description = "All integrations with rules that hold", body = List<RoutingRules>),
        (status = 401, description = "No valid token", body = Problem),
    ))]
pub async fn list(caller: Caller, state: State) -> Result<HttpResponse, WebError> {
    caller.require(Right::Read)?;
    let directory = state.directory();
    let mut items = Vec::new();
    for door in directory.integrations.values().filter(|one| one.routing.on) {
        items.push(whole(&state, door.id).await?);
    }
    Ok(List::whole(items))
}

/// Get routing rules
#[utoipa::path(get, path = "/api/v1/integrations/{id}/routing-rules",
    operation_id = "get_routing_rules", tag = "signals",
    params(("id" = i64, Path, description = "Id of the integration")),
    responses(
        (status = 200, description = "The rules, in order", body = RoutingRules),
        (status = 401, description = "No valid token", body = Problem),
        (status = 404, description = "There is no such integration", body = Problem),
    ))]
pub async fn get(caller: Caller, id: Path<i64>, state: State) -> Result<HttpResponse, WebError> {
    caller.require(Right::Read)?;
    Ok(HttpResponse::Ok().json(whole(&state, IntegrationId(*id)).await?))
}

/// Replace routing rules
///
/// The whole list in its order, whether the integration is global, and which service takes the rest. Rules with an id go on being
/// counted; others of the integration are removed.
#[utoipa::path(put, path = "/api/v1/integrations/{id}/routing-rules",
    operation_id = "replace_routing_rules", tag = "signals", request_body = RoutingRulesBody,
    params(("id" = i64, Path, description = "Id of the integration")),
    responses(
        (status = 200, description = "The rules as they are now", body = RoutingRules),
        (status = 400, description = "The body is not JSON", body = Problem),
        (status = 401, description = "No valid token", body = Problem),
        (status = 403, description = "The token's role may only read", body = Problem),
        (status = 404, description = "There is no such integration", body = Problem),
        (status = 422, description = "A field is not right", body = Problem),
    ))]
pub async fn replace(
    caller: Caller,
    id: Path<i64>,
    body: Body<RoutingRulesBody>,
    state: State,
) -> Result<HttpResponse, WebError> {
    caller.require(Right::Configure)?;
    let id = IntegrationId(*id);
    let directory = state.directory();
    found(&directory, id)?;
    let mut edits = Vec::new();
    if let Some(rules) = body.0.rules {
        edits.push(RoutingEdit::Replace(drafts(rules, &directory)?));
    }
    edits.extend(body.0.on.map(RoutingEdit::Switch));
    let rest = match &body.0.catch_all_service {
        None => None,
        Some(slug) => {
            let service = directory.service_by_slug(slug);
            let unknown = || Error::invalid("catch_all_service", "there is no such service");
            Some(service.ok_or_else(unknown)?.id)
        }
    };
    edit_routing(state.store(), &caller.ctx, id, edits).await?;
    if let Some(service) = rest {
        move_integration(state.store(), &caller.ctx, id, service).await?;
    }
    Ok(HttpResponse::Ok().json(whole(&state, id).await?))
}

/// Add a routing rule
#[utoipa::path(post, path = "/api/v1/integrations/{id}/routing-rules",
    operation_id = "create_routing_rule", tag = "signals", request_body = RoutingRuleBody,
    params(("id" = i64, Path, description = "Id of the integration")),
    responses(
        (status = 201, description = "All rules as they are now", body = RoutingRules),
        (status = 400, description = "The body is not JSON", body = Problem),
        (status = 401, description = "No valid token", body = Problem),
        (status = 403, description = "The token's role may only read", body = Problem),
        (status = 404, description = "There is no such integration", body = Problem),
        (status = 409, description = "There are too many rules", body = Problem),
        (status = 422, description = "A field is not right", body = Problem),
    ))]
pub async fn create(
    caller: Caller,
    id: Path<i64>,
    body: Body<RoutingRuleBody>,
    state: State,
) -> Result<HttpResponse, WebError> {
    caller.require(Right::Configure)?;
    let id = IntegrationId(*id);
    let directory = state.directory();
    found(&directory, id)?;
    let position = body.0.position;
    let mut problems = Vec::new();
    let (named, input) = body.0.input(&directory, "", &mut problems);
    if named.is_some() {
        problems.push(FieldProblem::new("id", "a new rule has no id yet"));
    }
    if !problems.is_empty() {
        return Err(Error::Invalid(problems).into());
    }
    let edits = vec![RoutingEdit::Add(input, position)];
    edit_routing(state.store(), &caller.ctx, id, edits).await?;
    Ok(HttpResponse::Created().json(whole(&state, id).await?))
}

/// Change a routing rule
///
/// Also moves it: `position` is its new place, counted from 0.
#[utoipa::path(patch, path = "/api/v1/integrations/{id}/routing-rules/{rule}",
    operation_id = "edit_routing_rule", tag = "signals", request_body = RoutingRuleEdit,
    params(
        ("id" = i64, Path, description = "Id of the integration"),
        ("rule" = i64, Path, description = "Id of the rule"),
    ),
    responses(
        (status = 200, description = "All rules as they are now", body = RoutingRules),
        (status = 400, description = "The body is not JSON", body = Problem),
        (status = 401, description = "No valid token", body = Problem),
        (status = 403, description = "The token's role may only read", body = Problem),
        (status = 404, description = "There is no such rule", body = Problem),
        (status = 422, description = "A field is not right", body = Problem),
    ))]
pub async fn edit(
    caller: Caller,
    path: Path<(i64, i64)>,
    body: Body<RoutingRuleEdit>,
    state: State,
) -> Result<HttpResponse, WebError> {
    caller.require(Right::Configure)?;
    let (id, rule) = (IntegrationId(path.0), RoutingRuleId(path.1));
    let directory = state.directory();
    let known =
        (found(&directory, id)?.routing.rule(rule)).ok_or(Error::NotFound("routing rule"))?;
    let mut problems = Vec::new();
    let body = body.0;
    let before = RuleInput::of(known);
    let named = match body.service {
        None => before.service,
        Some(slug) => service(&directory, slug.as_deref(), "service".into(), &mut problems),
    };
    if !problems.is_empty() {
        return Err(Error::Invalid(problems).into());
    }
    let input = RuleInput {
        name: body.name.unwrap_or(before.name),
        enabled: body.enabled.unwrap_or(before.enabled),
        condition: body.condition.unwrap_or(before.condition),
        service: named,
        severity: body.severity.unwrap_or(before.severity),
        dedup_key: body.dedup_key.unwrap_or(before.dedup_key),
        group_key: body.group_key.unwrap_or(before.group_key),
        labels: body
            .labels
            .map_or(before.labels, |labels| labels.into_iter().collect()),
        suppress: body.suppress.unwrap_or(before.suppress),
        continues: body.r#continue.unwrap_or(before.continues),
    };
    let mut edits = vec![RoutingEdit::Change(rule, input)];
    edits.extend(body.position.map(|to| RoutingEdit::Move(rule, to)));
    edit_routing(state.store(), &caller.ctx, id, edits).await?;
    Ok(HttpResponse::Ok().json(whole(&state, id).await?))
}

/// Remove a routing rule
///
/// What it held back pages, if it still fires. The catch-all is no rule, and stays.
#[utoipa::path(delete, path = "/api/v1/integrations/{id}/routing-rules/{rule}",
    operation_id = "remove_routing_rule", tag = "signals",
    params(
        ("id" = i64, Path, description = "Id of the integration"),
        ("rule" = i64, Path, description = "Id of the rule"),
    ),
    responses(
        (status = 204, description = "It is gone"),
        (status = 401, description = "No valid token", body = Problem),
        (status = 403, description = "The token's role may only read", body = Problem),
        (status = 404, description = "There is no such rule", body = Problem),
    ))]
pub async fn remove(
    caller: Caller,
    path: Path<(i64, i64)>,
    state: State,
) -> Result<HttpResponse, WebError> {
    caller.require(Right::Configure)?;
    let edits = vec![RoutingEdit::Remove(RoutingRuleId(path.1))];
    edit_routing(state.store(), &caller.ctx, IntegrationId(path.0), edits).await?;
    Ok(HttpResponse::NoContent().finish())
}
