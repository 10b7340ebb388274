//! Monitors that go on sending whatever happens to the server.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use reqwest::StatusCode;
use testkit::{Server, http_client};
use tokio::task::JoinHandle;

use super::Dice;
use super::company::{SERVICES, key};
use super::ledger::Ledger;
use crate::house::event;

/// Monitors that send new conditions and repeats.
const MONITORS: usize = 6;
/// Pause between two requests of a monitor.
const PACE: Duration = Duration::from_millis(20);
/// One request in so many tells of a new condition.
const NEW: u64 = 10;
/// Conditions that a monitor goes on repeating.
const LIVELY: usize = 20;

/// The monitors at work.
pub struct Load {
    stop: Arc<AtomicBool>,
    ledger: Arc<Mutex<Ledger>>,
    monitors: Vec<JoinHandle<()>>,
}

impl Load {
    pub fn start(server: &Server, seed: u64) -> Self {
        let stop = Arc::new(AtomicBool::new(false));
        let ledger = Arc::new(Mutex::new(Ledger::default()));
        let monitors = (0..=MONITORS).map(|number| {
            let monitor = Monitor {
                name: format!("m{number}"),
                url: server.url("/v2/enqueue"),
                client: http_client(),
                dice: Dice::new(seed ^ (number as u64 + 1)),
                stop: Arc::clone(&stop),
                ledger: Arc::clone(&ledger),
            };
            // The last one resolves what it triggered.
            if number == MONITORS {
                tokio::spawn(monitor.come_and_go())
            } else {
                tokio::spawn(monitor.insist())
            }
        });
        Self {
            monitors: monitors.collect(),
            stop,
            ledger,
        }
    }

    /// Lets every monitor finish its sentence, and returns what they know.
    pub async fn stop(self) -> Ledger {
        self.stop.store(true, Ordering::Relaxed);
        for monitor in self.monitors {
            monitor.await.unwrap();
        }
        self.ledger.lock().unwrap().clone()
    }
}

struct Monitor {
    name: String,
    url: String,
    client: reqwest::Client,
    dice: Dice,
    stop: Arc<AtomicBool>,
    ledger: Arc<Mutex<Ledger>>,
}

impl Monitor {
    /// New conditions and repeats of known ones; none is ever resolved.
    async fn insist(mut self) {
        let mut lively: Vec<(usize, String)> = Vec::new();
        let mut number = 0;
        while !self.stop.load(Ordering::Relaxed) {
            let (service, key) = if lively.is_empty() || self.dice.within(0..NEW) == 0 {
                number += 1;
                let service = self.dice.within(0..SERVICES as u64) as usize;
                if lively.len() == LIVELY {
                    lively.remove(0);
                }
                lively.push((service, format!("{}-{number}", self.name)));
                lively[lively.len() - 1].clone()
            } else {
                let one = self.dice.within(0..lively.len() as u64) as usize;
                lively[one].clone()
            };
            self.trigger(service, &key).await;
            tokio::time::sleep(PACE).await;
        }
    }

    /// One condition after the other, each said until it is heard and then resolved likewise.
    async fn come_and_go(mut self) {
        let mut number = 0;
        while !self.stop.load(Ordering::Relaxed) {
            number += 1;
            let (service, key) = (number % SERVICES, format!("{}-{number}", self.name));
            while !self.trigger(service, &key).await {
                tokio::time::sleep(PACE).await;
            }
            tokio::time::sleep(PACE * 5).await;
            while !self.resolve(service, &key).await {
                tokio::time::sleep(PACE).await;
            }
        }
    }

    async fn trigger(&mut self, service: usize, key: &str) -> bool {
        self.ledger.lock().unwrap().of(service, key).sent += 1;
        let heard = self.send(service, "trigger", key).await;
        let mut ledger = self.ledger.lock().unwrap();
        if heard {
            ledger.of(service, key).acknowledged += 1;
        } else {
            ledger.failed += 1;
        }
        heard
    }

    async fn resolve(&mut self, service: usize, key: &str) -> bool {
        self.ledger.lock().unwrap().of(service, key).resolving = true;
        let heard = self.send(service, "resolve", key).await;
        self.ledger.lock().unwrap().of(service, key).resolved = heard;
        heard
    }

    async fn send(&self, service: usize, action: &str, dedup_key: &str) -> bool {
        let body = event(
            &key(service),
            action,
            dedup_key,
            &format!("{dedup_key} is bad"),
        );
        match self.client.post(&self.url).json(&body).send().await {
            Ok(reply) if reply.status() == StatusCode::ACCEPTED => true,
            Ok(reply) => {
                // Nothing is wrong with the request: the server may only ask for patience.
                let status = reply.status();
                assert!(
                    status == StatusCode::SERVICE_UNAVAILABLE
                        || status == StatusCode::TOO_MANY_REQUESTS,
                    "{status}: {:?}",
                    reply.text().await
                );
                false
            }
            Err(_) => false,
        }
    }
}
