//! Puts the parts together and keeps them running.

use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use channels::Channels;
use channels::calendar::CalendarClient;
use domain::Timestamp;
use domain::directory::Directory;
use store::Store;
use tokio::task::JoinHandle;

use crate::Error;
use crate::chance::{Chance, SystemChance};
use crate::clock::Clock;
use crate::dispatch::Dispatcher;
use crate::ingest::{Accepted, Ingest, IngestError, Submission};
use crate::link::LinkSecret;
use crate::message::Sender;
use crate::reply::Letterbox;

/// What the engine must be told.
#[derive(Clone, Debug)]
pub struct EngineConfig {
    /// How people reach the pages, without a trailing slash; stands in messages.
    pub public_url: String,
    /// Names this process in claims; made unique by its start.
    pub node_name: String,
    /// Where answers by mail arrive, if they do.
    pub letterbox: Option<Letterbox>,
}

/// The running clockwork; cheap to clone. The last handle that is dropped stops it.
#[derive(Clone)]
pub struct Engine {
    inner: Arc<Inner>,
}

struct Inner {
    store: Store,
    channels: Arc<Channels>,
    clock: Arc<dyn Clock>,
    sender: Arc<Sender>,
    calendars: CalendarClient,
    ingest: Ingest,
    tasks: Vec<JoinHandle<()>>,
}

impl Drop for Inner {
    fn drop(&mut self) {
        for task in &self.tasks {
            task.abort();
        }
    }
}

impl Engine {
    /// Starts the tasks. Must be called within a tokio runtime.
    ///
    /// # Errors
    /// Those of the store.
    pub async fn start(
        store: Store,
        channels: Channels,
        config: EngineConfig,
        clock: Arc<dyn Clock>,
    ) -> Result<Engine, Error> {
        Engine::start_with(store, channels, config, clock, Arc::new(SystemChance)).await
    }

    /// As [`Engine::start`], with another source of randomness for the outbox.
    ///
    /// # Errors
    /// Those of the store.
    pub async fn start_with(
        store: Store,
        channels: Channels,
        config: EngineConfig,
        clock: Arc<dyn Clock>,
        chance: Arc<dyn Chance>,
    ) -> Result<Engine, Error> {
        let secret = link_secret(&store).await?;
        let public_url = config.public_url.trim_end_matches('/').to_owned();
        let sender = Arc::new(Sender {
            public_url,
            secret,
            letterbox: config.letterbox,
        });
        let calendars = CalendarClient::new(channels.private_calendars());
        let channels = Arc::new(channels);
        let node = format!("{}-{:08x}", config.node_name, rand::random::<u32>());
        if !store.is_postgres() {
            // The one process of a SQLite installation: what is being sent was being sent by a
            // process that is gone.
            let now = clock.now();
            store
                .write(move |tx| store::notification::reclaim_all(tx, now).map_err(Error::from))
                .await?;
        }
        // Before anything can expire: nobody was there to hear it.
        crate::heartbeat::wake(&store, clock.now()).await?;
        let ingest = Ingest::new(&store, &clock);
        let dispatcher = Dispatcher::new(
            store.clone(),
            channels.clone(),
            clock.clone(),
            sender.clone(),
            node,
        )
        .with_chance(chance);
        let tasks = vec![
            tokio::spawn(crate::timer::run(store.clone(), clock.clone())),
            tokio::spawn(dispatcher.run()),
            tokio::spawn(crate::retention::run(store.clone(), clock.clone())),
            tokio::spawn(crate::reminder::run(
                store.clone(),
                sender.clone(),
                clock.clone(),
            )),
            tokio::spawn(crate::import::run(
                store.clone(),
                calendars.clone(),
                clock.clone(),
            )),
        ];
        let inner = Inner {
            store,
            channels,
            clock,
            sender,
            calendars,
            ingest,
            tasks,
        };
        Ok(Engine {
            inner: Arc::new(inner),
        })
    }

    pub fn store(&self) -> &Store {
        &self.inner.store
    }

    pub fn channels(&self) -> &Channels {
        &self.inner.channels
    }

    pub fn now(&self) -> Timestamp {
        self.inner.clock.now()
    }

    /// The configuration as this process last saw it.
    pub fn directory(&self) -> Arc<Directory> {
        self.inner.store.directory()
    }

    /// The public address and the secret of signed links.
    pub fn sender(&self) -> &Sender {
        &self.inner.sender
    }

    /// Fetches calendars that people import.
    pub fn calendars(&self) -> &CalendarClient {
        &self.inner.calendars
    }

    /// Hands signals in; returns once they are durable.
    ///
    /// # Errors
    /// [`IngestError`]; nothing of the request was stored then.
    pub async fn submit(&self, submission: Submission) -> Result<Accepted, IngestError> {
        self.inner.ingest.submit(submission).await
    }

    /// Requests that wait to be stored, and how many may.
    pub fn ingest_depth(&self) -> (usize, usize) {
        self.inner.ingest.depth()
    }
}

const SECRET_KEY: &str = "link_secret";

/// The installation's secret, made at the first start.
async fn link_secret(store: &Store) -> Result<LinkSecret, Error> {
    let fresh = STANDARD.encode(rand::random::<[u8; 32]>());
    store
        .write(move |tx| {
            let text = store::setting::get_or_put(tx, SECRET_KEY, &fresh)?;
            let bytes = STANDARD
                .decode(text.trim())
                .ok()
                .and_then(|b| b.try_into().ok());
            let corrupt = || store::Error::Corrupt("setting link_secret".into());
            Ok(LinkSecret::new(bytes.ok_or_else(corrupt)?))
        })
        .await
}
