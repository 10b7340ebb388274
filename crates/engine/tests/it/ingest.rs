//! Signals become alerts and incidents, once each, however they come in.

mod expiry;
mod holding;
mod model;
mod notes;
mod resting;
mod routed;
mod rules;
mod silence;
mod together;
mod trouble;

use std::sync::Arc;
use std::time::Duration;

use channels::Channels;
use engine::clock::ManualClock;
use engine::{Engine, EngineConfig};
use store::Store;

use crate::world::NOON;

pub const PATIENCE: Duration = Duration::from_secs(60);

async fn engine(store: &Store) -> Engine {
    engine_at(store, ManualClock::at(NOON)).await
}

/// A running engine whose messages go to the log.
pub async fn engine_at(store: &Store, clock: ManualClock) -> Engine {
    let config = EngineConfig {
        public_url: "https://q.example".into(),
        node_name: "node".into(),
        letterbox: None,
    };
    Engine::start(store.clone(), Channels::default(), config, Arc::new(clock))
        .await
        .unwrap()
}
