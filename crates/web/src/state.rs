//! What every handler can reach: the engine, how the server was set up, and its secret.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use actix_web::web::Data;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use domain::directory::Directory;
use domain::{HeartbeatId, Timestamp};
use engine::Engine;
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

use crate::body;
use crate::hooks::intake::Budgets;
use crate::hooks::refused::Refused;
use crate::memory::Memory;
use crate::pulse::Pulse;
use crate::smtp::SmtpConfig;
use crate::watch::WatchCache;

/// Largest body of an integration, unless configured: 2 MiB.
pub const BODY_LIMIT: usize = 2 * 1024 * 1024;

/// Requests a minute that an integration may make, unless configured.
pub const RATE_LIMIT: u32 = 6_000;

/// How the server is set up.
#[derive(Clone)]
pub struct WebConfig {
    /// Where to listen; port 0 lets the system choose.
    pub listen: SocketAddr,
    /// How people and providers reach the server, without a trailing slash. With `https` cookies
    /// are `Secure` and HSTS is sent.
    pub public_url: String,
    /// Shows the banner and the documented account of `--demo`.
    pub demo: bool,
    /// Auth tokens of the SMS provider that may sign webhooks; none: there are no such webhooks.
    pub twilio_tokens: Vec<String>,
    /// Largest body of an integration, in bytes, as sent and unpacked, unless its format has a
    /// larger one or is PagerDuty's.
    pub body_limit: usize,
    /// How long a body may take to come.
    pub body_patience: Duration,
    /// Requests a minute that each integration may make; 0 for no limit, as in the demo.
    pub rate_limit: u32,
    /// How often an integration's owner is told of requests beyond that.
    pub refusals_told: Duration,
    /// Whether mail leaves the house, so that addresses can be proved.
    pub mail_configured: bool,
    /// How mail is taken by SMTP; `None`: it is not.
    pub smtp: Option<SmtpConfig>,
    /// Threads that serve requests; 0: one for each core.
    pub workers: usize,
}

impl WebConfig {
    pub fn new(listen: SocketAddr, public_url: &str) -> WebConfig {
        WebConfig {
            listen,
            public_url: public_url.trim_end_matches('/').to_owned(),
            demo: false,
            twilio_tokens: Vec::new(),
            body_limit: BODY_LIMIT,
            body_patience: body::PATIENCE,
            rate_limit: RATE_LIMIT,
            refusals_told: Duration::from_secs(60),
            mail_configured: false,
            smtp: None,
            workers: 0,
        }
    }

    /// Whether people come by HTTPS.
    pub fn https(&self) -> bool {
        self.public_url.starts_with("https://")
    }
}

impl std::fmt::Debug for WebConfig {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("WebConfig")
            .field("listen", &self.listen)
            .field("public_url", &self.public_url)
            .field("demo", &self.demo)
            .field("twilio_tokens", &self.twilio_tokens.len())
            .field("body_limit", &self.body_limit)
            .field("body_patience", &self.body_patience)
            .field("rate_limit", &self.rate_limit)
            .field("refusals_told", &self.refusals_told)
            .field("mail_configured", &self.mail_configured)
            .field("smtp", &self.smtp)
            .field("workers", &self.workers)
            .finish()
    }
}

/// How handlers take the state.
pub type State = Data<AppState>;

/// What every handler can reach.
pub struct AppState {
    pub engine: Engine,
    pub config: WebConfig,
    /// Signs what a browser keeps for us.
    secret: [u8; 32],
    pub(crate) watch: WatchCache,
    /// What came in lately, minute by minute.
    pub(crate) pulse: Arc<Pulse>,
    /// What integrations have spent of their requests.
    pub(crate) budgets: Budgets,
    /// What was refused since they were spent.
    pub(crate) refused: Refused,
    /// What heartbeats have spent of theirs, by their own addresses.
    pub(crate) heartbeat_budgets: Budgets<HeartbeatId>,
    /// What large bodies that are coming in may take up.
    pub(crate) bodies: Arc<Memory>,
    /// By which Amazon's notifications are proved.
    pub(crate) certificates: engine::sns::Certificates,
    /// When this process began to serve.
    pub(crate) started: Timestamp,
    /// Proofs of coverage that were worked out lately.
    pub(crate) proofs: engine::coverage::Proofs,
    /// Set when the server stops.
    pub(crate) stop: tokio::sync::watch::Sender<bool>,
}

const SECRET_KEY: &str = "web_secret";

impl AppState {
    /// Reads the secret of the installation, or makes it up at the first start.
    ///
    /// # Errors
    /// Those of the store.
    pub async fn new(engine: Engine, mut config: WebConfig) -> Result<AppState, engine::Error> {
        let fresh = STANDARD.encode(rand::random::<[u8; 32]>());
        let secret = engine
            .store()
            .write(move |tx| {
                let text = store::setting::get_or_put(tx, SECRET_KEY, &fresh)?;
                let bytes = STANDARD
                    .decode(text.trim())
                    .ok()
                    .and_then(|b| b.try_into().ok());
                let corrupt = || store::Error::Corrupt("setting web_secret".into());
                Ok::<[u8; 32], engine::Error>(bytes.ok_or_else(corrupt)?)
            })
            .await?;
        // The demo's keys are public and only loopback may use them: whoever tries out how much
        // it takes should see that.
        if config.demo {
            config.rate_limit = 0;
        }
        Ok(AppState {
            budgets: Budgets::new(config.rate_limit),
            refused: Refused::default(),
            heartbeat_budgets: Budgets::new(config.rate_limit),
            bodies: Memory::new(body::MEMORY_MAX),
            certificates: engine::sns::Certificates::default(),
            started: engine.now(),
            engine,
            config,
            secret,
            watch: WatchCache::default(),
            pulse: Arc::default(),
            proofs: engine::coverage::Proofs::default(),
            stop: tokio::sync::watch::Sender::new(false),
        })
    }

    pub fn store(&self) -> &store::Store {
        self.engine.store()
    }

    pub fn now(&self) -> Timestamp {
        self.engine.now()
    }

    /// The configuration as this process last saw it.
    pub fn directory(&self) -> Arc<Directory> {
        self.engine.directory()
    }

    /// Signs a text for one purpose, so that a signature for another is worth nothing here.
    pub(crate) fn sign(&self, purpose: &str, text: &str) -> [u8; 32] {
        mac(&self.secret, purpose, text)
    }
}

/// HMAC-SHA-256 over purpose and text.
pub(crate) fn mac(key: &[u8], purpose: &str, text: &str) -> [u8; 32] {
    // HMAC takes keys of any length.
    let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(key) else {
        return [0; 32];
    };
    mac.update(purpose.as_bytes());
    mac.update(&[0]);
    mac.update(text.as_bytes());
    mac.finalize().into_bytes().into()
}
