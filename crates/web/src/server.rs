//! Binds and runs the HTTP server.

use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use actix_web::dev::{Server, ServerHandle};
use actix_web::middleware::from_fn;
use actix_web::web::{self, Data, ServiceConfig};
use actix_web::{App, HttpServer};
use engine::Engine;

use crate::error::WebError;
use crate::smtp::{BoundSmtp, TlsError};
use crate::state::{AppState, WebConfig};
use crate::{api, calendar, health, hooks, metrics, openapi, page, pipeline, static_files, stream};

/// A client that has not sent its request's head within this time is let go.
const HEAD_TIMEOUT: Duration = Duration::from_secs(10);
/// An idle connection is kept for this time. Longer than the minute after which most clients and
/// proxies let go, so that it is they who close.
const KEEP_ALIVE: Duration = Duration::from_secs(75);
/// Time that requests have to end when the server stops, in seconds.
const SHUTDOWN: u64 = 10;
/// Time for what is written down at the very end.
const LAST_WORDS: Duration = Duration::from_secs(2);
/// Connections of one worker.
const CONNECTIONS: usize = 10_000;

/// Why the server could not start.
#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    #[error("cannot listen on {address}: {source}")]
    Listen {
        address: SocketAddr,
        source: io::Error,
    },
    #[error("cannot take mail on {address}: {source}")]
    ListenForMail {
        address: SocketAddr,
        source: io::Error,
    },
    #[error("the certificate for mail cannot be used: {0}")]
    MailCertificate(#[from] TlsError),
    #[error(transparent)]
    Engine(#[from] engine::Error),
}

/// A server that listens already; [`BoundServer::run`] serves.
pub struct BoundServer {
    addr: SocketAddr,
    server: Server,
    smtp: Option<BoundSmtp>,
    state: Data<AppState>,
}

/// Opens the listening socket: from here on connections wait instead of being refused.
///
/// # Errors
/// [`ServeError`].
pub async fn bind(engine: Engine, config: WebConfig) -> Result<BoundServer, ServeError> {
    metrics::install();
    let address = config.listen;
    let workers = config.workers;
    let smtp = match config.smtp.clone() {
        Some(config) => Some(BoundSmtp::bind(config).await?),
        None => None,
    };
    let state = Data::new(AppState::new(engine, config).await?);
    let shared = state.clone();
    let mut server = HttpServer::new(move || {
        App::new()
            .app_data(shared.clone())
            .wrap(from_fn(pipeline::run))
            .configure(routes)
    })
    .keep_alive(KEEP_ALIVE)
    .client_request_timeout(HEAD_TIMEOUT)
    .client_disconnect_timeout(Duration::from_secs(5))
    .shutdown_timeout(SHUTDOWN)
    .max_connections(CONNECTIONS)
    .disable_signals();
    if workers > 0 {
        server = server.workers(workers);
    }
    let listening = server
        .bind(address)
        .map_err(|source| ServeError::Listen { address, source })?;
    let addr = listening.addrs().first().copied().unwrap_or(address);
    Ok(BoundServer {
        addr,
        server: listening.run(),
        smtp,
        state,
    })
}

/// [`bind`] and [`BoundServer::run`] in one.
///
/// # Errors
/// [`ServeError`].
pub async fn run(
    engine: Engine,
    config: WebConfig,
    stop: impl Future<Output = ()>,
) -> Result<(), ServeError> {
    let bound = bind(engine, config).await?;
    let address = bound.addr();
    bound
        .run(stop)
        .await
        .map_err(|source| ServeError::Listen { address, source })
}

impl BoundServer {
    /// Where it listens.
    pub fn addr(&self) -> SocketAddr {
        self.addr
    }

    /// Where it takes mail, if it does.
    pub fn mail_addr(&self) -> Option<SocketAddr> {
        self.smtp.as_ref().map(BoundSmtp::addr)
    }

    /// To stop it from elsewhere.
    pub fn handle(&self) -> ServerHandle {
        self.server.handle()
    }

    /// Serves until `stop` completes; requests that have begun are then finished first.
    ///
    /// # Errors
    /// Those of the accepting thread.
    pub async fn run(self, stop: impl Future<Output = ()>) -> io::Result<()> {
        let BoundServer {
            server,
            smtp,
            state,
            ..
        } = self;
        let handle = server.handle();
        let upkeep = tokio::spawn(metrics::upkeep());
        let telling = tokio::spawn(hooks::refused::upkeep(state.clone()));
        let mails = smtp.map(|smtp| {
            let stop = state.stop.subscribe();
            tokio::spawn(smtp.run(state.clone(), stop))
        });
        let mut serving = tokio::spawn(server);
        let result = tokio::select! {
            ended = &mut serving => ended.unwrap_or_else(|error| Err(io::Error::other(error))),
            () = stop => {
                // Streams of live updates would otherwise last until the limit.
                state.stop.send_replace(true);
                handle.stop(true).await;
                serving.await.unwrap_or_else(|error| Err(io::Error::other(error)))
            }
        };
        upkeep.abort();
        telling.abort();
        state.stop.send_replace(true);
        if let Some(mails) = mails
            && let Err(error) = mails.await
        {
            tracing::error!(%error, "taking mail has failed");
        }
        // Nothing comes any more; what was refused last is told if it can be.
        drop(tokio::time::timeout(LAST_WORDS, hooks::refused::tell(&state)).await);
        result
    }
}

/// Every address, the busiest first.
fn routes(config: &mut ServiceConfig) {
    hooks::configure(config);
    health::configure(config);
    metrics::configure(config);
    static_files::configure(config);
    calendar::configure(config);
    api::configure(config);
    openapi::configure(config);
    stream::configure(config);
    page::configure(config);
    config.default_service(web::to(nothing_here));
}

async fn nothing_here() -> Result<&'static str, WebError> {
    Err(WebError::not_found("page"))
}
