//! Trying routing rules on what came in lately.

use actix_web::HttpResponse;
use actix_web::web::Path;
use domain::routing::{CATCH_ALL, Routing};
use domain::{IntegrationId, RoutingRuleId, Timestamp};
use engine::access::Right;
use engine::configuration::routing::compile;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::caller::Caller;
use super::input::Body;
use super::routing::{RoutingRuleBody, drafts, found};
use super::types::Problem;
use crate::error::WebError;
use crate::hooks::rehearsal::rehearse;
use crate::state::State;

/// Rules to try, in order.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RoutingTrial {
    rules: Vec<RoutingRuleBody>,
}

/// What would be different under other rules for the newest signals.
#[derive(Serialize, ToSchema)]
pub struct RoutingDryRun {
    /// Triggers that were tried, at most 1,000.
    signals: usize,
    requests: usize,
    /// Requests that cannot be read again.
    unread: usize,
    unchanged: usize,
    changed: usize,
    /// How many signals each rule would match, in order.
    matches: Vec<usize>,
    catch_all_matches: usize,
    warnings: Vec<String>,
    /// The newest 100 that would be treated differently.
    changes: Vec<RoutingChange>,
}

/// A signal that would be treated differently.
#[derive(Serialize, ToSchema)]
pub struct RoutingChange {
    /// Id of its request.
    signal: i64,
    #[schema(value_type = String, format = DateTime)]
    received_at: Timestamp,
    summary: String,
    dedup_key: String,
    differences: Vec<RoutingDifference>,
    /// Names of the rules that would match.
    rules: Vec<String>,
}

/// One thing that would be different.
#[derive(Serialize, ToSchema)]
pub struct RoutingDifference {
    /// `service`, `severity`, `dedup_key`, `group_key`, `labels` or `suppressed`.
    field: String,
    from: String,
    to: String,
}

/// Try routing rules
///
/// Reads the newest requests of the integration again, and tells what would become of their signals
/// under these rules. Nothing is saved or taken in.
#[utoipa::path(post, path = "/api/v1/integrations/{id}/routing-rules/dry-run",
    operation_id = "try_routing_rules", tag = "signals", request_body = RoutingTrial,
    params(("id" = i64, Path, description = "Id of the integration")),
    responses(
        (status = 200, description = "What would be different", body = RoutingDryRun),
        (status = 400, description = "The body is not JSON", body = Problem),
        (status = 401, description = "No valid token", body = Problem),
        (status = 403, description = "The token's role may only read", body = Problem),
        (status = 404, description = "There is no such integration", body = Problem),
        (status = 422, description = "A field is not right", body = Problem),
    ))]
pub async fn dry_run(
    caller: Caller,
    id: Path<i64>,
    body: Body<RoutingTrial>,
    state: State,
) -> Result<HttpResponse, WebError> {
    caller.require(Right::Configure)?;
    let directory = state.directory();
    let door = found(&directory, IntegrationId(*id))?;
    let drafts = drafts(body.0.rules, &directory)?;
    // New rules get numbers that no stored one has.
    let mut last = 0;
    let rules = compile(&directory, &door.routing, &drafts, || {
        last -= 1;
        Ok(RoutingRuleId(last))
    })?;
    let order: Vec<RoutingRuleId> = rules.iter().map(|rule| rule.id).collect();
    let tried = Routing {
        on: true,
        rules,
        ..Routing::default()
    };
    let told = rehearse(&state, door, tried).await?;
    let matches = |id| told.matches.get(&id).copied().unwrap_or(0);
    Ok(HttpResponse::Ok().json(RoutingDryRun {
        signals: told.signals,
        requests: told.requests,
        unread: told.unread,
        unchanged: told.signals - told.changed,
        changed: told.changed,
        matches: order.iter().map(|id| matches(*id)).collect(),
        catch_all_matches: matches(CATCH_ALL),
        changes: (told.shown.iter())
            .map(|one| RoutingChange {
                signal: one.request.0,
                received_at: one.at,
                summary: one.summary.clone(),
                dedup_key: one.dedup_key.clone(),
                differences: (one.differences.iter())
                    .map(|one| RoutingDifference {
                        field: one.field.to_string(),
                        from: one.from.clone(),
                        to: one.to.clone(),
                    })
                    .collect(),
                rules: one.rules.clone(),
            })
            .collect(),
        warnings: told.warnings,
    }))
}
