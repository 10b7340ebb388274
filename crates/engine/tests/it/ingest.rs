//! Signals become alerts and incidents, once each, however they come in.

mod model;
mod rules;
mod together;
mod trouble;

use std::sync::Arc;

use channels::Channels;
use engine::clock::ManualClock;
use engine::{Engine, EngineConfig};
use store::Store;

use crate::world::NOON;

async fn engine(store: &Store) -> Engine {
    let config = EngineConfig {
        public_url: "https://q.example".into(),
        node_name: "node".into(),
    };
    let clock = Arc::new(ManualClock::at(NOON));
    Engine::start(store.clone(), Channels::default(), config, clock)
        .await
        .unwrap()
}
