//! The rules of a global integration: listed with what they have matched, edited one at a time, and
//! tried on what came in before they are saved.

use std::sync::Arc;

use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse, web};
use domain::directory::Directory;
use domain::routing::{CATCH_ALL, RoutedField, Routing, Rule};
use domain::service::Integration;
use domain::{RoutingRuleId, ServiceId};
use engine::Error;
use engine::access::Right;
use engine::configuration::integration::move_integration;
use engine::configuration::routing::{RoutingEdit, RuleInput, edit_routing, edited};
use formats::format;
use store::routing::Hits;

use super::find;
use super::integration::find_in;
use super::routing_form::{chosen, filled, read};
use super::settings::severities;
use crate::csrf::Checked;
use crate::error::WebError;
use crate::frame::{frame, redirect_with_flash, render, render_with};
use crate::hooks::rehearsal::{Rehearsal, rehearse};
use crate::page::{complaint, name, query, version};
use crate::session::SignedIn;
use crate::state::{AppState, State};
use crate::view::routing::{
    GlobalIntegrationsPage, GlobalRow, Matches, RoutingPage, RulePage, RuleRow, Trial, TrialChange,
    TrialRow,
};
use crate::view::{Choice, Form, Link, Nav};

pub fn configure(cfg: &mut web::ServiceConfig) {
    const BASE: &str = "/services/{slug}/integrations/{id}/routing";
    cfg.route("/routing", web::get().to(list))
        .route("/routing/new", web::get().to(begin))
        .service(
            web::resource(BASE)
                .route(web::get().to(show))
                .route(web::post().to(create)),
        )
        .route(&format!("{BASE}/switch"), web::post().to(switch))
        .route(&format!("{BASE}/rest"), web::post().to(move_rest))
        .route(&format!("{BASE}/new"), web::get().to(add))
        .service(
            web::resource(format!("{BASE}/{{rule}}"))
                .route(web::get().to(edit))
                .route(web::post().to(save)),
        )
        .route(&format!("{BASE}/{{rule}}/{{act}}"), web::post().to(act));
}

type Named = web::Path<(String, String)>;
type NamedRule = web::Path<(String, String, i64)>;

fn home(integration: &Integration, slug: &str) -> String {
    format!("/services/{slug}/integrations/{}", integration.id)
}

fn service_link(directory: &Directory, slug: &str) -> Result<Link, WebError> {
    let service = find(directory, slug)?;
    Ok(Link {
        label: service.name.clone(),
        href: format!("/services/{}", service.slug),
    })
}

fn door_link(integration: &Integration, slug: &str) -> Link {
    Link {
        label: integration.name.clone(),
        href: home(integration, slug),
    }
}

fn matches(hits: Option<&Hits>) -> Matches {
    Matches {
        hits: hits.map_or(0, |one| one.hits),
        last: hits.map(|one| one.last_at),
    }
}

async fn list(state: State, me: SignedIn) -> Result<HttpResponse, WebError> {
    let directory = state.directory();
    let mut doors: Vec<Arc<Integration>> = directory
        .integrations
        .values()
        .filter(|one| one.routing.on)
        .cloned()
        .collect();
    doors.sort_by_cached_key(|one| (one.name.to_lowercase(), one.id));
    let wanted = doors.clone();
    let (hits, traffic) = state
        .store()
        .read(move |c| {
            let hits = wanted.iter().map(|one| store::routing::hits(c, one.id));
            let hits: Result<Vec<_>, store::Error> = hits.collect();
            Ok::<_, store::Error>((hits?, store::service::traffic(c)?))
        })
        .await?;
    let rows = doors.iter().zip(&hits).map(|(door, hits)| {
        let slug = directory.service(door.service_id).map(|one| &one.slug);
        let rules = &door.routing.rules;
        GlobalRow {
            name: door.name.clone(),
            href: slug.map_or_else(String::new, |slug| format!("{}/routing", home(door, slug))),
            format: format::of(door.kind).name.to_owned(),
            service: name::service(&directory, door.service_id),
            rules: rules.len(),
            idle: (rules.iter())
                .filter(|rule| !hits.contains_key(&rule.id))
                .count(),
            last_signal: (traffic.iter())
                .find(|(id, _)| *id == door.id)
                .and_then(|(_, traffic)| traffic.last_signal_at),
        }
    });
    let rows = rows.collect();
    render(&GlobalIntegrationsPage {
        frame: frame(&state, &me, "Global integrations", Nav::Services).await,
        rows,
        services: name::service_slugs(&directory),
    })
}

/// Leads to the list of monitors of the service that takes the rest.
async fn begin(state: State, me: SignedIn, req: HttpRequest) -> Result<HttpResponse, WebError> {
    me.require(Right::Configure)?;
    let slug = query::value(&req, "service").unwrap_or_default();
    let directory = state.directory();
    let service = find(&directory, &slug)?;
    let to = format!("/services/{}/integrations/new?global=yes", service.slug);
    Ok(HttpResponse::SeeOther()
        .insert_header(("location", to))
        .finish())
}

fn row(rule: &Rule, hits: Option<&Hits>, directory: &Directory) -> RuleRow {
    RuleRow {
        id: rule.id,
        name: rule.name.clone(),
        enabled: rule.enabled,
        condition: rule
            .condition
            .as_ref()
            .map_or_else(String::new, |one| one.source().to_owned()),
        then: rule.then.in_words(directory),
        continues: rule.then.continues,
        since: rule.since,
        matches: matches(hits),
    }
}

async fn show(state: State, me: SignedIn, path: Named) -> Result<HttpResponse, WebError> {
    let (slug, id) = path.into_inner();
    let directory = state.directory();
    let door = find_in(&directory, &slug, &id)?;
    let of = door.id;
    let hits = state
        .store()
        .read(move |c| store::routing::hits(c, of))
        .await?;
    render(&RoutingPage {
        frame: frame(&state, &me, "Routing rules", Nav::Services).await,
        service: service_link(&directory, &slug)?,
        integration: door_link(door, &slug),
        on: door.routing.on,
        services: name::service_choices(&directory),
        form: Form::new().with("service", door.service_id),
        rules: (door.routing.rules.iter())
            .map(|rule| row(rule, hits.get(&rule.id), &directory))
            .collect(),
        rest: matches(hits.get(&CATCH_ALL)),
    })
}

async fn switch(
    state: State,
    me: SignedIn,
    path: Named,
    Checked(form): Checked,
) -> Result<HttpResponse, WebError> {
    me.require(Right::Configure)?;
    let (slug, id) = path.into_inner();
    let directory = state.directory();
    let door = find_in(&directory, &slug, &id)?;
    let on = form.get("on") == "yes";
    let edits = vec![RoutingEdit::Switch(on)];
    edit_routing(state.store(), &me.ctx(state.now()), door.id, edits).await?;
    let told = match on {
        true => "The integration is global now. Add a rule for what belongs to other services.",
        false => "Every new signal goes to its own service again. The rules are kept.",
    };
    let to = format!("{}/routing", home(door, &slug));
    Ok(redirect_with_flash(&state, &to, told))
}

/// Another service takes what no rule sends elsewhere.
async fn move_rest(
    state: State,
    me: SignedIn,
    path: Named,
    Checked(form): Checked,
) -> Result<HttpResponse, WebError> {
    me.require(Right::Configure)?;
    let (slug, id) = path.into_inner();
    let directory = state.directory();
    let door = find_in(&directory, &slug, &id)?;
    let to = form.text("service").and_then(|id| id.parse().ok());
    let to = to.and_then(|id| directory.service(ServiceId(id)));
    let to = to.ok_or_else(|| WebError::not_found("service"))?;
    move_integration(state.store(), &me.ctx(state.now()), door.id, to.id).await?;
    let page = format!("{}/routing", home(door, &to.slug));
    let told = format!("{} takes what no rule sends elsewhere.", to.name);
    Ok(redirect_with_flash(&state, &page, &told))
}

async fn page(
    state: &AppState,
    me: &SignedIn,
    slug: &str,
    door: &Integration,
    rule: Option<RoutingRuleId>,
    form: Form,
    trial: Option<Trial>,
) -> Result<RulePage, WebError> {
    let directory = state.directory();
    // Counted among the others: a rule that is moved is taken out first.
    let others = || door.routing.rules.iter().filter(|one| Some(one.id) != rule);
    let mut places = vec![Choice::new(others().count(), "Last, before the catch-all")];
    let rules = others().enumerate();
    places.extend(rules.map(|(at, rule)| Choice::new(at, format!("Before “{}”", rule.name))));
    Ok(RulePage {
        frame: frame(state, me, "Routing rule", Nav::Services).await,
        service: service_link(&directory, slug)?,
        integration: door_link(door, slug),
        rule,
        services: name::service_choices(&directory),
        severities: severities(),
        places,
        form,
        trial,
    })
}

async fn add(state: State, me: SignedIn, path: Named) -> Result<HttpResponse, WebError> {
    me.require(Right::Configure)?;
    let (slug, id) = path.into_inner();
    let directory = state.directory();
    let door = find_in(&directory, &slug, &id)?;
    let form = Form::new().with("enabled", "yes");
    render(&page(&state, &me, &slug, door, None, form, None).await?)
}

fn known(door: &Integration, id: i64) -> Result<&Rule, WebError> {
    door.routing
        .rule(RoutingRuleId(id))
        .ok_or_else(|| WebError::not_found("routing rule"))
}

async fn edit(state: State, me: SignedIn, path: NamedRule) -> Result<HttpResponse, WebError> {
    me.require(Right::Configure)?;
    let (slug, id, rule) = path.into_inner();
    let directory = state.directory();
    let door = find_in(&directory, &slug, &id)?;
    let rule = known(door, rule)?;
    let mut rules = door.routing.rules.iter();
    let at = rules.position(|one| one.id == rule.id).unwrap_or(0);
    let input = RuleInput::of(rule);
    let shown = version::of(&input);
    let form = filled(&input).with("place", at).with(version::FIELD, shown);
    render(&page(&state, &me, &slug, door, Some(rule.id), form, None).await?)
}

async fn create(
    state: State,
    me: SignedIn,
    path: Named,
    Checked(form): Checked,
) -> Result<HttpResponse, WebError> {
    let (slug, id) = path.into_inner();
    submit(&state, &me, &slug, &id, None, form).await
}

async fn save(
    state: State,
    me: SignedIn,
    path: NamedRule,
    Checked(form): Checked,
) -> Result<HttpResponse, WebError> {
    let (slug, id, rule) = path.into_inner();
    submit(&state, &me, &slug, &id, Some(rule), form).await
}

/// Saves a rule or tries it.
async fn submit(
    state: &AppState,
    me: &SignedIn,
    slug: &str,
    id: &str,
    rule: Option<i64>,
    mut form: Form,
) -> Result<HttpResponse, WebError> {
    me.require(Right::Configure)?;
    let directory = state.directory();
    let door = find_in(&directory, slug, id)?;
    let rule = rule.map(|rule| known(door, rule)).transpose()?;
    let old = rule.is_some_and(|rule| {
        let now = version::of(&RuleInput::of(rule));
        form.get("do") != "try" && version::is_old(&mut form, &now)
    });
    let status = match old {
        true => StatusCode::CONFLICT,
        false => StatusCode::UNPROCESSABLE_ENTITY,
    };
    let rule = rule.map(|rule| rule.id);
    let refused = async |form: Form| {
        let page = page(state, me, slug, door, rule, form, None).await?;
        render_with(status, &page)
    };
    if old {
        return refused(form).await;
    }
    let Some(input) = read(&mut form) else {
        return refused(form).await;
    };
    let name = input.name.trim().to_owned();
    let Some(place) = chosen(&mut form, "place") else {
        return refused(form).await;
    };
    let edits = match rule {
        Some(rule) => std::iter::once(RoutingEdit::Change(rule, input))
            .chain(place.map(|to| RoutingEdit::Move(rule, to)))
            .collect(),
        None => vec![RoutingEdit::Add(input, place)],
    };
    if form.get("do") == "try" {
        let before = Ok(door.routing.clone());
        let tried = edits.iter().fold(before, |routing, edit| {
            edited(&directory, &routing?, edit, || Ok(TRIED))
        });
        return match tried {
            Ok(routing) => {
                let routing = Routing {
                    on: true,
                    ..routing
                };
                let told = rehearse(state, door, routing).await?;
                let trial = trial(told, rule.unwrap_or(TRIED));
                render(&page(state, me, slug, door, rule, form, Some(trial)).await?)
            }
            Err(error) => {
                complaint::show_plain(&mut form, error)?;
                refused(form).await
            }
        };
    }
    match edit_routing(state.store(), &me.ctx(state.now()), door.id, edits).await {
        Ok(_) => {
            let to = format!("{}/routing", home(door, slug));
            let told = format!("“{name}” is saved, and holds for signals that come from now on.");
            Ok(redirect_with_flash(state, &to, &told))
        }
        Err(error) => {
            complaint::show_plain(&mut form, error)?;
            refused(form).await
        }
    }
}

/// The number of a rule that is only tried.
const TRIED: RoutingRuleId = RoutingRuleId(-1);

fn trial(told: Rehearsal, rule: RoutingRuleId) -> Trial {
    let what = |field| match field {
        RoutedField::Service => "Service",
        RoutedField::Severity => "Severity",
        RoutedField::DedupKey => "Dedup key",
        RoutedField::GroupKey => "Group key",
        RoutedField::Labels => "Added labels",
        RoutedField::Suppressed => "Suppressed",
    };
    Trial {
        signals: told.signals,
        unread: told.unread,
        changed: told.changed,
        matches: told.matches.get(&rule).copied().unwrap_or(0),
        warnings: told.warnings,
        rows: (told.shown.into_iter())
            .map(|one| TrialRow {
                href: format!("/signals/{}", one.request),
                at: one.at,
                summary: match one.summary.as_str() {
                    "" => one.dedup_key,
                    summary => summary.to_owned(),
                },
                changes: (one.differences.into_iter())
                    .map(|one| TrialChange {
                        what: what(one.field),
                        from: one.from,
                        to: one.to,
                    })
                    .collect(),
                rules: match one.rules.as_slice() {
                    [] => "by the catch-all".to_owned(),
                    names => format!("by {}", names.join(", ")),
                },
            })
            .collect(),
    }
}

async fn act(
    state: State,
    me: SignedIn,
    path: web::Path<(String, String, i64, String)>,
    _form: Checked,
) -> Result<HttpResponse, WebError> {
    me.require(Right::Configure)?;
    let (slug, id, rule, act) = path.into_inner();
    let directory = state.directory();
    let door = find_in(&directory, &slug, &id)?;
    let rule = known(door, rule)?;
    let mut rules = door.routing.rules.iter();
    let at = rules.position(|one| one.id == rule.id).unwrap_or(0);
    let name = &rule.name;
    let (edit, told) = match act.as_str() {
        "up" => (
            RoutingEdit::Move(rule.id, at.saturating_sub(1)),
            format!("“{name}” is asked one earlier."),
        ),
        "down" => (
            RoutingEdit::Move(rule.id, at + 1),
            format!("“{name}” is asked one later."),
        ),
        "on" => (
            RoutingEdit::Enable(rule.id, true),
            format!("“{name}” is on."),
        ),
        "off" => (
            RoutingEdit::Enable(rule.id, false),
            format!("“{name}” is off."),
        ),
        "delete" => (
            RoutingEdit::Remove(rule.id),
            format!("“{name}” is deleted."),
        ),
        _ => return Err(Error::NotFound("page").into()),
    };
    edit_routing(state.store(), &me.ctx(state.now()), door.id, vec![edit]).await?;
    let to = format!("{}/routing", home(door, &slug));
    Ok(redirect_with_flash(&state, &to, &told))
}
