//! `serve`: puts store, channels, engine and web together and runs them until told to stop.

use std::io::ErrorKind;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::{Duration, Instant};

use domain::word::{AccountRole, ContactKind, Origin};
use engine::clock::{Clock as _, SystemClock};
use engine::{Engine, EngineConfig, OpContext};
use store::Store;
use tokio::signal::unix::{SignalKind, signal};
use web::WebConfig;

use crate::failure::Failure;
use crate::setting::Settings;
use crate::{channel, command, demo};

/// How often a server on SQLite looks whether a command run beside it changed the configuration.
const LOOK: Duration = Duration::from_secs(1);

/// Whether the demo is wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Demo {
    No,
    /// In which nothing has happened yet.
    Empty,
    Lively,
}

/// Serves until SIGTERM or SIGINT.
pub async fn run(settings: Settings, wanted: Demo) -> Result<ExitCode, Failure> {
    let began = Instant::now();
    let demo_wanted = wanted != Demo::No;
    if demo_wanted {
        demo::require_loopback(settings.listen)?;
    }
    let mail_listen = settings.mail.as_ref().map(|mail| mail.listen);
    let channels = channel::all(&settings)?;
    let store = command::open(&settings)?;
    let demo = demo_wanted || demo::is_in(&store).await?;
    if demo {
        // Also without --demo: a database that holds public passwords stays at home.
        demo::require_loopback(settings.listen)?;
        mail_listen.map_or(Ok(()), demo::require_loopback)?;
    }
    if demo_wanted {
        let ctx = OpContext::token(AccountRole::Admin, Origin::Cli, SystemClock.now());
        let plan = demo::install(&store, &ctx).await?;
        tracing::debug!(%plan, "demo");
    }
    let mail_configured = channels.is_configured(ContactKind::Email);
    for kind in ContactKind::ALL {
        if !channels.is_configured(*kind) {
            tracing::info!("no {kind} provider is set up: such messages stay on the outbox page");
        }
    }
    let config = EngineConfig {
        public_url: settings.public_url.clone(),
        node_name: settings.node_name.clone(),
        letterbox: settings.letterbox.clone(),
    };
    let engine = Engine::start(store.clone(), channels, config, Arc::new(SystemClock)).await?;
    if wanted == Demo::Lively {
        demo::play(&engine).await?;
    }
    if !store.is_postgres() {
        tokio::spawn(look(store.clone()));
    }
    let twilio = settings.twilio.iter();
    let tokens = twilio.flat_map(|config| config.webhook_tokens());
    let config = WebConfig {
        demo,
        mail_configured,
        twilio_tokens: tokens.map(str::to_owned).collect(),
        body_limit: settings.body_limit,
        rate_limit: settings.rate_limit,
        smtp: settings.mail.clone(),
        ..WebConfig::new(settings.listen, &settings.public_url)
    };
    let server = web::bind(engine, config).await.map_err(cannot_serve)?;
    let address = server.addr();
    // With port 0 the system chose one.
    let public_url = match settings.listen.port() {
        0 => format!("http://{address}"),
        _ => settings.public_url.clone(),
    };
    tracing::info!(
        version = env!("CARGO_PKG_VERSION"),
        database = %settings.database,
        listen = %address,
        started_in_ms = u64::try_from(began.elapsed().as_millis()).unwrap_or(u64::MAX),
        "Quarterdeck is at {public_url}",
    );
    if let (Some(address), Some(mail)) = (server.mail_addr(), &settings.mail) {
        tracing::info!(listen = %address, "mails to KEY@{} are taken", mail.domain);
        if mail.tls.is_none() {
            tracing::warn!("mails come unencrypted: mail.tls_certificate is not set");
        }
    }
    if demo {
        tracing::info!("this is the demo: sign in as admin@example.com with quarterdeck-demo");
    }
    let stop = stop()?;
    server
        .run(stop)
        .await
        .map_err(|error| Failure::new(format!("the server failed: {error}")))?;
    tracing::info!("stopped");
    Ok(ExitCode::SUCCESS)
}

fn cannot_serve(error: web::ServeError) -> Failure {
    match error {
        web::ServeError::Engine(error) => error.into(),
        web::ServeError::Listen { address, source } => {
            let next = match source.kind() {
                ErrorKind::AddrInUse => "Another program is there: choose another with --listen.",
                ErrorKind::PermissionDenied => "Ports below 1024 need rights: use --listen.",
                _ => "Choose an address of this machine with --listen.",
            };
            Failure::new(format!("cannot serve on {address}: {source}")).next(next)
        }
        web::ServeError::ListenForMail { address, source } => {
            let next = match source.kind() {
                ErrorKind::AddrInUse => {
                    "Another program is there: choose another with --mail-listen, or let the mail \
                     server that is there pass mails on."
                }
                ErrorKind::PermissionDenied => {
                    "Ports below 1024 need rights: use --mail-listen with a higher one, or give \
                     the process CAP_NET_BIND_SERVICE."
                }
                _ => "Choose an address of this machine with --mail-listen.",
            };
            Failure::new(format!("cannot take mail on {address}: {source}")).next(next)
        }
        error @ web::ServeError::MailCertificate(_) => Failure::new(error.to_string()).next(
            "Name a certificate and its key in PEM with --mail-tls-certificate and --mail-tls-key.",
        ),
    }
}

/// Completes when the process is asked to end (SIGTERM, SIGINT).
fn stop() -> Result<impl Future<Output = ()>, Failure> {
    let failed = |error| Failure::new(format!("cannot wait for signals: {error}"));
    let mut terminate = signal(SignalKind::terminate()).map_err(failed)?;
    let mut interrupt = signal(SignalKind::interrupt()).map_err(failed)?;
    Ok(async move {
        let name = tokio::select! {
            _ = terminate.recv() => "SIGTERM",
            _ = interrupt.recv() => "SIGINT",
        };
        tracing::info!("{name}: finishing what has begun, then stopping");
    })
}

/// Sees what `quarterdeck apply` and its like changed beside the running server.
async fn look(store: Store) {
    let mut ticks = tokio::time::interval(LOOK);
    ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        ticks.tick().await;
        if let Err(error) = store.refresh().await {
            tracing::debug!(%error, "the configuration could not be looked at");
        }
    }
}
