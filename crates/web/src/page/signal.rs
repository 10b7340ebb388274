//! Signals: every request of the last days, what was understood, and what was decided.

use std::collections::BTreeMap;

use actix_web::web::{self, Path, ServiceConfig};
use actix_web::{HttpRequest, HttpResponse};
use domain::alert::Alert;
use domain::dedup::SignalDecision;
use domain::directory::Directory;
use domain::word::Action;
use domain::{AlertId, IncidentId, IntegrationId, RequestId, Span, Timestamp};
use engine::access::Right;
use store::Conn;
use store::alert::SignalRecord;
use store::request::{Filter, Request, SEARCHED};

use super::{alert, name, query};
use crate::csrf::Checked;
use crate::error::WebError;
use crate::frame::{frame, redirect_with_flash, render};
use crate::hooks::replay;
use crate::session::SignedIn;
use crate::state::State;
use crate::view::signal::{
    RequestRow, SignalFilter, SignalListPage, SignalPage, Understood, Verdict, decision_reason,
    unwritten_note,
};
use crate::view::{Choice, Nav, Pager};

const ROWS: i64 = 50;
/// Signals of a request that are looked at for its row, and those that its page lists.
const PEEK: i64 = 3;
const LISTED: i64 = 100;
const REPLAYS: i64 = 10;
/// A change and the request that told of it are written down within this time.
const CHANGE_BEFORE: Span = Span::from_seconds(10);

pub fn configure(cfg: &mut ServiceConfig) {
    cfg.route("/signals", web::get().to(list))
        .route("/signals/{id}", web::get().to(show))
        .route("/signals/{id}/replay", web::post().to(again));
}

/// Requests as rows.
///
/// # Errors
/// Those of the reads.
pub fn rows(
    conn: &mut Conn,
    directory: &Directory,
    filter: &Filter,
    limit: i64,
) -> Result<Vec<RequestRow>, store::Error> {
    let found = store::request::list(conn, filter, limit)?;
    let mut rows = Vec::with_capacity(found.len());
    for request in found {
        let signals = store::request::signals(conn, request.id, PEEK)?;
        let incident = signals.iter().find_map(|one| one.incident_id);
        let number = match incident.or_else(|| request.repeats.first()?.incident) {
            Some(id) => numbers(conn, &[id])?.get(&id).copied(),
            None => None,
        };
        let mut row = row(&request, &signals, number, directory);
        if let Some(change) = change_of(conn, &request, &signals)? {
            row.summary = change;
        }
        rows.push(row);
    }
    Ok(rows)
}

fn numbers(conn: &mut Conn, ids: &[IncidentId]) -> Result<BTreeMap<IncidentId, i64>, store::Error> {
    Ok(store::board::numbers(conn, ids)?.into_iter().collect())
}

/// What was changed, of a request that told of nothing else. Changes are written down just before
/// their request.
fn change_of(
    conn: &mut Conn,
    request: &Request,
    signals: &[SignalRecord],
) -> Result<Option<String>, store::Error> {
    let speaks = !signals.is_empty() || !request.repeats.is_empty();
    if speaks || !request.problems.is_empty() {
        return Ok(None);
    }
    let (of, until) = (request.integration_id, request.received_at);
    let found = store::change_event::newest_of(conn, of, until - CHANGE_BEFORE, until)?;
    Ok(found.map(|change| format!("Change: {}", change.event.summary)))
}

fn row(
    request: &Request,
    signals: &[SignalRecord],
    incident: Option<i64>,
    directory: &Directory,
) -> RequestRow {
    let door = directory.integration(request.integration_id);
    RequestRow {
        id: request.id,
        at: request.received_at,
        service: signals
            .iter()
            .find_map(|one| Some(one.route()?.service))
            .or_else(|| Some(door?.service_id))
            .and_then(|id| name::service(directory, id)),
        integration: door.map_or_else(|| "a former integration".to_owned(), |one| one.name.clone()),
        format: replay::reader(&request.format).to_owned(),
        summary: summary(request, signals),
        verdicts: verdicts(request, signals),
        warned: !request.warnings.is_empty(),
        is_replay: request.replay_of.is_some(),
        is_sample: request.is_sample,
        incident,
    }
}

fn summary(request: &Request, signals: &[SignalRecord]) -> String {
    let said = signals
        .iter()
        .filter(|one| one.decision != SignalDecision::Rejected)
        .map(|one| (one.summary.as_str(), one.dedup_key.as_deref()))
        .chain(
            request
                .repeats
                .iter()
                .map(|one| (one.summary.as_str(), Some(one.dedup_key.as_str()))),
        )
        .map(|(summary, key)| match summary {
            "" => key.unwrap_or_default(),
            summary => summary,
        })
        .find(|text| !text.is_empty());
    let told = request
        .problems
        .first()
        .or_else(|| request.warnings.first().filter(|_| said.is_none()));
    match told.map(String::as_str).or(said) {
        Some(text) => text.to_owned(),
        None => "A request without signals".to_owned(),
    }
}

/// What was decided, counted; the bad first.
fn verdicts(request: &Request, signals: &[SignalRecord]) -> Vec<Verdict> {
    let mut found = Vec::new();
    let mut add = |decision, count| {
        if count > 0 {
            found.push(Verdict { decision, count });
        }
    };
    add(SignalDecision::Rejected, request.rejected);
    let mut of: Vec<(SignalDecision, i64)> = Vec::new();
    let changing = signals
        .iter()
        .map(|one| one.decision)
        .filter(|decision| !matches!(decision, SignalDecision::Rejected | SignalDecision::Ignored));
    for decision in changing {
        match of.iter_mut().find(|(known, _)| *known == decision) {
            Some((_, count)) => *count += 1,
            None => of.push((decision, 1)),
        }
    }
    // Of a long request only the first signals are known: the rest is likely to be the same.
    let seen: i64 = of.iter().map(|(_, count)| count).sum();
    if let [(_, count)] = of.as_mut_slice() {
        *count += (request.changed - seen).max(0);
    }
    for (decision, count) in of {
        add(decision, count);
    }
    add(SignalDecision::Ignored, request.ignored);
    add(SignalDecision::Repeated, request.repeated);
    found
}

/// A filter's address, read.
fn filter_of(req: &HttpRequest) -> SignalFilter {
    let value = |name: &str| query::value(req, name);
    SignalFilter {
        service: value("service").unwrap_or_default(),
        integration: value("integration").unwrap_or_default(),
        decision: value("decision").and_then(|word| word.parse().ok()),
        warned: value("warned").is_some(),
        q: value("q").unwrap_or_default(),
        before: value("before"),
    }
}

/// The filter as the store understands it. A service or integration that is gone matches nothing.
pub fn narrow(filter: &SignalFilter, directory: &Directory) -> Filter {
    let of_service = alert::doors_of(directory, &filter.service);
    let one: Option<IntegrationId> = match filter.integration.as_str() {
        "" => None,
        id => Some(id.parse().unwrap_or(IntegrationId(0))),
    };
    let integrations = match (of_service, one) {
        (None, one) => one.map(|id| vec![id]),
        (Some(all), None) => Some(all),
        (Some(all), Some(id)) => Some(all.into_iter().filter(|known| *known == id).collect()),
    };
    Filter {
        integrations,
        decision: filter.decision,
        warned: filter.warned,
        text: filter.q.clone(),
        before: filter.before.as_deref().and_then(place),
        since: None,
    }
}

fn place(text: &str) -> Option<(Timestamp, RequestId)> {
    let (at, id) = text.split_once('-')?;
    Some((Timestamp(at.parse().ok()?), RequestId(id.parse().ok()?)))
}

async fn list(state: State, me: SignedIn, req: HttpRequest) -> Result<HttpResponse, WebError> {
    let filter = filter_of(&req);
    let directory = state.directory();
    let (known, wanted) = (directory.clone(), narrow(&filter, &directory));
    let mut rows = state
        .store()
        .read(move |c| rows(c, &known, &wanted, ROWS + 1))
        .await?;
    let shown = usize::try_from(ROWS).unwrap_or(0);
    let more = rows.len() > shown;
    rows.truncate(shown);
    let last = rows.last().filter(|_| more);
    let next = last.map(|row| filter.href(Some(&format!("{}-{}", row.at.0, row.id))));
    let count = u64::try_from(rows.len()).unwrap_or(0);
    let pager = Pager {
        previous: filter.before.as_ref().map(|_| filter.href(None)),
        next,
        first: count.min(1),
        last: count,
        total: None,
    };
    let mut integrations: Vec<Choice> = directory
        .integrations
        .values()
        .map(|door| {
            let service = directory.service(door.service_id);
            let of = service.map_or("", |service| service.name.as_str());
            Choice::new(door.id, format!("{of}: {}", door.name))
        })
        .collect();
    integrations.sort_by_key(|choice| choice.label.to_lowercase());
    render(&SignalListPage {
        frame: frame(&state, &me, "Signals", Nav::Services).await,
        rows,
        services: name::service_slugs(&directory),
        integrations,
        pager,
        searched: SEARCHED,
        filter,
    })
}

/// What one request held, as its page and the API tell it.
pub struct Whole {
    pub request: Request,
    pub signals: Vec<SignalRecord>,
    pub alerts: BTreeMap<AlertId, Alert>,
    pub numbers: BTreeMap<IncidentId, i64>,
    pub replays: Vec<RequestId>,
    /// What was changed, if that is all it told.
    pub change: Option<String>,
}

impl Whole {
    /// # Errors
    /// [`engine::Error::NotFound`]; those of the reads.
    pub fn read(conn: &mut Conn, id: RequestId) -> Result<Whole, engine::Error> {
        let request = store::request::fetch(conn, id).map_err(|error| match error {
            store::Error::NotFound => engine::Error::NotFound("signal"),
            other => other.into(),
        })?;
        let signals = store::request::signals(conn, id, LISTED)?;
        let mut alerts = BTreeMap::new();
        let mut incidents: Vec<IncidentId> =
            signals.iter().filter_map(|one| one.incident_id).collect();
        incidents.extend(request.repeats.iter().filter_map(|one| one.incident));
        let ids = signals.iter().filter_map(|one| one.alert_id);
        for id in ids.chain(request.repeats.iter().filter_map(|one| one.alert)) {
            if !alerts.contains_key(&id)
                && let Some(alert) = known(store::alert::fetch(conn, id))?
            {
                alerts.insert(id, alert);
            }
        }
        Ok(Whole {
            numbers: numbers(conn, &incidents)?,
            replays: store::request::replays(conn, id, REPLAYS)?,
            change: change_of(conn, &request, &signals)?,
            request,
            signals,
            alerts,
        })
    }

    /// Everything that was understood; what changed something first.
    pub fn understood(&self, directory: &Directory) -> Vec<Understood> {
        let of_signal = |one: &SignalRecord| {
            let mut told = self.one(
                (one.action?, one.severity?),
                one.dedup_key.as_deref().unwrap_or_default(),
                &one.summary,
                one.decision,
                (one.alert_id, one.incident_id),
            );
            let route = one.route().filter(|_| one.action == Some(Action::Trigger));
            if let Some(route) = route {
                let to = directory.service(route.service);
                let to = to.map_or("a former service", |service| service.name.as_str());
                let routed = format!(" It was sent to {to} {}.", route.in_words());
                told.reason.push_str(&routed);
            }
            Some(told)
        };
        let mut all: Vec<Understood> = self.signals.iter().filter_map(of_signal).collect();
        all.extend(self.request.repeats.iter().map(|one| {
            self.one(
                (one.action, one.severity),
                &one.dedup_key,
                &one.summary,
                SignalDecision::Repeated,
                (one.alert, one.incident),
            )
        }));
        all
    }

    fn one(
        &self,
        (action, severity): (Action, domain::word::AlertSeverity),
        key: &str,
        summary: &str,
        decision: SignalDecision,
        (alert, incident): (Option<AlertId>, Option<IncidentId>),
    ) -> Understood {
        let alert = alert.and_then(|id| self.alerts.get(&id));
        let held = alert
            .filter(|_| decision == SignalDecision::Suppressed)
            .and_then(|alert| alert.suppressed.as_ref());
        let reason = match (action, decision) {
            (Action::Note, SignalDecision::Ignored) => unwritten_note(alert.is_some()),
            _ => decision_reason(decision),
        };
        Understood {
            action,
            severity,
            dedup_key: key.to_owned(),
            summary: match summary {
                "" => key.to_owned(),
                text => text.to_owned(),
            },
            decision,
            reason: match held {
                Some(held) => format!("{reason} {}", held.in_words()),
                None => reason.to_owned(),
            },
            incident: incident.and_then(|id| self.numbers.get(&id).copied()),
            count: alert.map(|alert| alert.count),
        }
    }
}

fn known<T>(found: Result<T, store::Error>) -> Result<Option<T>, store::Error> {
    match found {
        Ok(found) => Ok(Some(found)),
        Err(store::Error::NotFound) => Ok(None),
        Err(other) => Err(other),
    }
}

async fn show(state: State, me: SignedIn, id: Path<i64>) -> Result<HttpResponse, WebError> {
    let id = RequestId(id.into_inner());
    let whole = state.store().read(move |c| Whole::read(c, id)).await?;
    let directory = state.directory();
    let understood = whole.understood(&directory);
    let request = &whole.request;
    let number = understood.iter().find_map(|one| one.incident);
    let told = i64::try_from(understood.len()).unwrap_or(i64::MAX);
    let obstacle = replay::obstacle(request).or_else(|| {
        let gone = directory.integration(request.integration_id).is_none();
        gone.then_some("Its integration is gone.")
    });
    let mut row = row(request, &whole.signals, number, &directory);
    if let Some(change) = whole.change {
        row.summary = change;
    }
    let page = SignalPage {
        frame: frame(&state, &me, "Signal", Nav::Services).await,
        method: request.method.clone(),
        path: request.path.clone(),
        headers: request.headers.clone(),
        body: request.body.clone(),
        size: request.size,
        complete: request.complete,
        more: (request.changed + request.repeated + request.ignored - told).max(0),
        warnings: request.warnings.clone(),
        problems: request.problems.clone(),
        replay_of: request.replay_of,
        replays: whole.replays.clone(),
        obstacle: obstacle.map(str::to_owned),
        all: format!("/signals?integration={}", request.integration_id),
        understood,
        row,
    };
    render(&page)
}

async fn again(
    state: State,
    me: SignedIn,
    id: Path<i64>,
    _form: Checked,
) -> Result<HttpResponse, WebError> {
    me.require(Right::Configure)?;
    let id = RequestId(id.into_inner());
    let kept = state
        .store()
        .read(move |c| Whole::read(c, id))
        .await?
        .request;
    replay::replay(&state, &me.ctx(state.now()), &kept).await?;
    let to = format!("/signals/{id}");
    Ok(redirect_with_flash(
        &state,
        &to,
        "Taken in again, as if it had just come. What came of it is linked below.",
    ))
}
