//! Live updates by server-sent events: tells pages that something changed; they fetch what.

use std::time::Duration;

use actix_web::web::{self, Bytes, Path, ServiceConfig};
use actix_web::{HttpRequest, HttpResponse};
use domain::IncidentId;
use engine::account;
use futures_util::Stream;
use store::Change;
use tokio::sync::broadcast::Receiver;
use tokio::sync::broadcast::error::RecvError;
use tokio::sync::watch;
use tokio::time::{Instant, Interval, MissedTickBehavior};

use crate::error::WebError;
use crate::session::{SignedIn, session_token};
use crate::state::State;

/// A comment this often keeps proxies from closing the connection, and shows that the session
/// still holds.
const HEARTBEAT: Duration = Duration::from_secs(15);
/// Browsers reconnect by themselves; a forgotten tab holds a connection no longer than this.
const LONGEST: Duration = Duration::from_secs(30 * 60);
/// What changes within this time is told once: of an incident, and of any.
const GATHER_ONE: Duration = Duration::from_millis(50);
const GATHER_ALL: Duration = Duration::from_millis(300);

pub(crate) fn configure(config: &mut ServiceConfig) {
    config
        .route("/stream", web::get().to(all))
        .route("/incidents/{number}/stream", web::get().to(one));
}

/// Any incident opened or changed.
async fn all(req: HttpRequest, _me: SignedIn, state: State) -> Result<HttpResponse, WebError> {
    Ok(answer(watcher(&req, &state, None)?))
}

/// One incident changed.
async fn one(
    req: HttpRequest,
    _me: SignedIn,
    number: Path<i64>,
    state: State,
) -> Result<HttpResponse, WebError> {
    // First listen, then look: nothing falls between.
    let changes = state.store().changes();
    let number = number.into_inner();
    let incident = state
        .store()
        .read(move |c| store::incident::by_number(c, number))
        .await
        .map_err(|error| match error {
            store::Error::NotFound => WebError::not_found("incident"),
            other => other.into(),
        })?;
    let mut watcher = watcher(&req, &state, Some(incident.id))?;
    watcher.changes = changes;
    Ok(answer(watcher))
}

fn answer(watcher: Watcher) -> HttpResponse {
    HttpResponse::Ok()
        .content_type("text/event-stream")
        .insert_header(("X-Accel-Buffering", "no"))
        .streaming(events(watcher))
}

struct Watcher {
    state: State,
    /// The session, which must go on holding.
    token: String,
    incident: Option<IncidentId>,
    changes: Receiver<Change>,
    stopping: watch::Receiver<bool>,
    heartbeat: Interval,
    until: Instant,
    greeted: bool,
}

fn watcher(
    req: &HttpRequest,
    state: &State,
    incident: Option<IncidentId>,
) -> Result<Watcher, WebError> {
    let token = session_token(req).ok_or(WebError::SignIn { next: "/".into() })?;
    let mut heartbeat = tokio::time::interval_at(Instant::now() + HEARTBEAT, HEARTBEAT);
    heartbeat.set_missed_tick_behavior(MissedTickBehavior::Delay);
    Ok(Watcher {
        state: state.clone(),
        token,
        incident,
        changes: state.store().changes(),
        stopping: state.stop.subscribe(),
        heartbeat,
        until: Instant::now() + LONGEST,
        greeted: false,
    })
}

/// Ends at the sign-out, when the server stops, and after [`LONGEST`].
fn events(watcher: Watcher) -> impl Stream<Item = Result<Bytes, WebError>> {
    futures_util::stream::unfold(Some(watcher), |watcher| async move {
        let mut watcher = watcher?;
        let event = watcher.next().await?;
        Some((Ok(event), Some(watcher)))
    })
}

impl Watcher {
    async fn next(&mut self) -> Option<Bytes> {
        if !self.greeted {
            self.greeted = true;
            // Sent at once, so that the browser knows the connection stands.
            return Some(Bytes::from_static(b"retry: 2000\n: watching\n\n"));
        }
        loop {
            let heard = tokio::select! {
                () = tokio::time::sleep_until(self.until) => return None,
                _ = self.stopping.wait_for(|stopping| *stopping) => return None,
                _ = self.heartbeat.tick() => None,
                change = self.changes.recv() => Some(change),
            };
            match heard {
                None if self.session_holds().await => {
                    return Some(Bytes::from_static(b": still here\n\n"));
                }
                None | Some(Err(RecvError::Closed)) => return None,
                Some(Ok(change)) if !self.concerns(change) => {}
                Some(Ok(_) | Err(RecvError::Lagged(_))) => {
                    self.gather().await;
                    return Some(self.changed().await);
                }
            }
        }
    }

    fn concerns(&self, change: Change) -> bool {
        match (change, self.incident) {
            (Change::Incident(id), Some(mine)) => id == mine,
            (Change::Incident(_), None) | (Change::Incidents, _) => true,
            // Who is on call, names, policies.
            (Change::Directory | Change::Heartbeats, None) => true,
            _ => false,
        }
    }

    /// Waits a little and takes what else comes meanwhile.
    async fn gather(&mut self) {
        let pause = if self.incident.is_some() {
            GATHER_ONE
        } else {
            GATHER_ALL
        };
        tokio::time::sleep(pause).await;
        while !matches!(
            self.changes.try_recv(),
            Err(tokio::sync::broadcast::error::TryRecvError::Empty
                | tokio::sync::broadcast::error::TryRecvError::Closed)
        ) {}
    }

    /// The event; its data is the newest entry of the timeline, or a plain mark.
    async fn changed(&self) -> Bytes {
        let newest = match self.incident {
            None => 0,
            Some(id) => {
                let latest = self
                    .state
                    .store()
                    .read(move |c| store::timeline::latest(c, id, 1))
                    .await;
                latest
                    .ok()
                    .and_then(|rows| rows.first().map(|row| row.id.0))
                    .unwrap_or(0)
            }
        };
        Bytes::from(format!("event: changed\ndata: {newest}\n\n"))
    }

    async fn session_holds(&self) -> bool {
        let now = self.state.now();
        match account::session(self.state.store(), &self.token, now).await {
            Ok(session) => session.is_some(),
            // The database is away; the page shows what it has.
            Err(_) => true,
        }
    }
}
