//! The proof of coverage as a page.

use std::collections::BTreeSet;

use actix_web::web::{self, ServiceConfig};
use actix_web::{HttpRequest, HttpResponse};
use domain::coverage::{By, Cover, Finding, FindingKind, Level, Mend, Proof, ServiceCover};
use domain::directory::Directory;
use domain::{ServiceId, Span, Timestamp};

use super::choice;
use crate::error::WebError;
use crate::frame::{frame, render};
use crate::picture::CoverageBar;
use crate::session::SignedIn;
use crate::state::State;
use crate::view::coverage::{CoverageFilter, CoveragePage, FindingGroup, FindingRow, ServiceRow};
use crate::view::{Choice, Frame, Link, Nav, Pager};

/// Services on one page.
const ROWS: usize = 50;
/// Findings of a kind shown at once, behind a click at most, and stretches of each.
const FIRST: usize = 5;
const LISTED: usize = 200;
const SPANS: usize = 3;

pub fn configure(cfg: &mut ServiceConfig) {
    cfg.route("/coverage", web::get().to(show));
}

/// `GET /coverage?days=&team=&service=&level=&page=`.
async fn show(state: State, me: SignedIn, req: HttpRequest) -> Result<HttpResponse, WebError> {
    let filter = CoverageFilter::from_query(req.query_string());
    let directory = state.directory();
    let ctx = me.ctx(state.now());
    let proof =
        engine::coverage::prove(&state.proofs, directory.clone(), &ctx, filter.days).await?;
    let frame = frame(&state, &me, "Coverage", Nav::Coverage).await;
    render(&page(&proof, &directory, filter, frame))
}

/// The page of a proof.
pub fn page(
    proof: &Proof,
    directory: &Directory,
    filter: CoverageFilter,
    frame: Frame,
) -> CoveragePage {
    let wanted = wanted(directory, &filter);
    let covers: Vec<&ServiceCover> = proof
        .services
        .iter()
        .filter(|one| wanted.as_ref().is_none_or(|ids| ids.contains(&one.service)))
        .collect();
    let findings: Vec<&Finding> = proof
        .findings
        .iter()
        .filter(|one| {
            wanted.as_ref().is_none_or(|ids| {
                one.services.iter().any(|id| ids.contains(id))
                    || is_of_team(one, directory, &filter)
            })
        })
        .collect();
    let counts = Level::ALL
        .iter()
        .map(|level| {
            let count = findings.iter().filter(|one| one.level() == *level).count();
            (*level, count)
        })
        .filter(|(_, count)| *count > 0)
        .collect();
    let groups = groups(&findings, directory, filter.level, &frame);
    let first = filter.page.saturating_sub(1).saturating_mul(ROWS);
    let services: Vec<ServiceRow> = covers
        .iter()
        .skip(first)
        .take(ROWS)
        .map(|cover| service_row(cover, proof, directory))
        .collect();
    let number = |count: usize| u64::try_from(count).unwrap_or(u64::MAX);
    let pager = Pager {
        previous: (filter.page > 1).then(|| filter.href(filter.page - 1)),
        next: (first + services.len() < covers.len()).then(|| filter.href(filter.page + 1)),
        first: if services.is_empty() {
            0
        } else {
            number(first + 1)
        },
        last: number(first + services.len()),
        total: Some(number(covers.len())),
    };
    CoveragePage {
        from: proof.from,
        until: proof.until,
        teams: by_slug(directory.teams.values().map(|one| (&one.slug, &one.name))),
        choices: by_slug(
            directory
                .services
                .values()
                .map(|one| (&one.slug, &one.name)),
        ),
        counts,
        groups,
        services,
        pager,
        filter,
        frame,
    }
}

fn by_slug<'a>(named: impl Iterator<Item = (&'a String, &'a String)>) -> Vec<Choice> {
    let mut choices: Vec<Choice> = named.map(|(slug, name)| Choice::new(slug, name)).collect();
    choices.sort_by_cached_key(|choice| choice.label.to_lowercase());
    choices
}

/// The services that are looked at; `None`: all.
fn wanted(directory: &Directory, filter: &CoverageFilter) -> Option<BTreeSet<ServiceId>> {
    if filter.team.is_empty() && filter.service.is_empty() {
        return None;
    }
    let team = directory.team_by_slug(&filter.team).map(|team| team.id);
    let services = directory.services.values().filter(|service| {
        (filter.team.is_empty() || team.is_some() && service.team_id == team)
            && (filter.service.is_empty() || service.slug == filter.service)
    });
    Some(services.map(|service| service.id).collect())
}

/// Whether a finding that concerns no service is one of the chosen team's schedules.
fn is_of_team(finding: &Finding, directory: &Directory, filter: &CoverageFilter) -> bool {
    let Mend::Schedule(id) = finding.mend else {
        return false;
    };
    let team = directory.team_by_slug(&filter.team).map(|team| team.id);
    let schedule = directory.schedule(id);
    finding.services.is_empty()
        && filter.service.is_empty()
        && team.is_some()
        && schedule.is_some_and(|schedule| schedule.team_id == team)
}

fn title(kind: FindingKind) -> &'static str {
    match kind {
        FindingKind::NobodyAtAll => "Nobody at all can be paged",
        FindingKind::Gap => "Only the last resort is left",
        FindingKind::NoLastResort => "The last resort reaches nobody",
        FindingKind::UnreachablePerson => "On call, but no page reaches them",
        FindingKind::OnePersonRota => "Rotas of one person",
        FindingKind::UnreachableStep => "Steps that page nobody",
        FindingKind::LateRule => "Notification rules later than the next step",
        FindingKind::TwoRotas => "On call for two schedules at once",
        FindingKind::SingleChannel => "Reached by one kind of method only",
        FindingKind::ShortRest => "Too little rest between shifts",
        FindingKind::UnusedSchedule => "Schedules that no policy pages by",
    }
}

fn groups(
    findings: &[&Finding],
    directory: &Directory,
    level: Level,
    frame: &Frame,
) -> Vec<FindingGroup> {
    let mut groups: Vec<FindingGroup> = Vec::new();
    // Levels are ordered from worst to least.
    for kind in FindingKind::ALL.iter().filter(|kind| kind.level() <= level) {
        let of_kind: Vec<&&Finding> = findings.iter().filter(|one| one.kind == *kind).collect();
        if of_kind.is_empty() {
            continue;
        }
        let mut rows = of_kind
            .iter()
            .take(LISTED)
            .map(|one| finding_row(one, directory, frame));
        groups.push(FindingGroup {
            level: kind.level(),
            title: title(*kind),
            first: rows.by_ref().take(FIRST).collect(),
            rest: rows.collect(),
            unlisted: of_kind.len().saturating_sub(LISTED),
        });
    }
    groups.sort_by_key(|group| group.level);
    groups
}

fn finding_row(finding: &Finding, directory: &Directory, frame: &Frame) -> FindingRow {
    let asks = matches!(finding.kind, FindingKind::NobodyAtAll | FindingKind::Gap);
    let try_it = finding
        .services
        .first()
        .zip(finding.spans.first())
        .filter(|_| asks)
        .map(|(service, span)| try_it(*service, Some(span.0), frame));
    FindingRow {
        text: finding.text.clone(),
        spans: finding.spans.iter().take(SPANS).copied().collect(),
        more_spans: finding.spans.len().saturating_sub(SPANS),
        mends: std::iter::once(&finding.mend)
            .chain(&finding.also)
            .map(|one| mend(*one, directory))
            .collect(),
        try_it,
    }
}

/// The what-if of an alert for a service.
fn try_it(service: ServiceId, at: Option<Timestamp>, frame: &Frame) -> String {
    let mut query = url::form_urlencoded::Serializer::new(String::new());
    query.append_pair("if-service", &service.to_string());
    if let Some(at) = at {
        query.append_pair("if-at", &frame.local_input(&at));
    }
    format!("/simulate?{}", query.finish())
}

/// Where a finding is mended.
pub fn mend(mend: Mend, directory: &Directory) -> Link {
    match mend {
        Mend::Settings => Link {
            label: "Settings".to_owned(),
            href: "/settings".to_owned(),
        },
        Mend::Service(id) => directory.service(id).map_or_else(
            || Link {
                label: "Services".to_owned(),
                href: "/services".to_owned(),
            },
            |service| Link {
                label: format!("Service {}", service.name),
                href: format!("/services/{}/edit", service.slug),
            },
        ),
        Mend::Policy(id) => choice::policy_link(directory, Some(id)).map_or_else(
            || Link {
                label: "Policies".to_owned(),
                href: "/policies".to_owned(),
            },
            |link| Link {
                label: format!("Policy {}", link.label),
                href: format!("{}/edit", link.href),
            },
        ),
        Mend::Schedule(id) => choice::target_link(directory, domain::policy::Target::Schedule(id)),
        Mend::User(id) => choice::target_link(directory, domain::policy::Target::User(id)),
    }
}

fn service_row(cover: &ServiceCover, proof: &Proof, directory: &Directory) -> ServiceRow {
    let service = directory.service(cover.service);
    let name = service.map_or("a former service", |one| one.name.as_str());
    let of = |wanted: fn(&Cover) -> bool| -> Vec<(Timestamp, Timestamp)> {
        let mut spans: Vec<(Timestamp, Timestamp)> = Vec::new();
        for one in cover.spans.iter().filter(|one| wanted(one)) {
            match spans.last_mut() {
                Some(last) if last.1 == one.from => last.1 = one.until,
                _ => spans.push((one.from, one.until)),
            }
        }
        spans
    };
    let gaps = of(|one| matches!(one.by, By::LastResort | By::Everybody));
    let nobody = of(|one| one.by == By::Nobody);
    let uncovered = gaps
        .iter()
        .chain(&nobody)
        .fold(Span::ZERO, |sum, (from, until)| sum + until.since(*from));
    let slowest = cover
        .spans
        .iter()
        .filter(|one| one.is_covered())
        .filter_map(|one| one.after)
        .max();
    ServiceRow {
        service: Link {
            label: name.to_owned(),
            href: service.map_or_else(
                || "/services".to_owned(),
                |one| format!("/services/{}", one.slug),
            ),
        },
        policy: choice::policy_link(directory, cover.policy),
        within: match slowest {
            Some(Span::ZERO) => "first message at once".to_owned(),
            Some(after) => format!("first message within {after}"),
            None => String::new(),
        },
        gap: (uncovered > Span::ZERO).then(|| {
            let count = gaps.len() + nobody.len();
            let times = if count == 1 { "gap" } else { "gaps" };
            format!("{uncovered} in {count} {times}")
        }),
        bar: CoverageBar {
            from: proof.from,
            until: proof.until,
            label: name.to_owned(),
            gaps,
            nobody,
        },
        try_it: format!("/simulate?if-service={}", cover.service),
    }
}
