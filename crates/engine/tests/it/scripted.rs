//! Providers that follow the script of a scenario.

use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use channels::{Channel, Failure, Message, Outcome};
use domain::what_if::{Fault, Outage};
use domain::word::ContactKind;
use engine::chance::Chance;
use engine::clock::{Clock as _, ManualClock};

/// No jitter: the what-if follows the shortest pauses.
pub struct Never;

impl Chance for Never {
    fn draw(&self) -> u64 {
        0
    }
}

/// Fails when the scenario says so.
pub struct Scripted {
    pub kind: ContactKind,
    pub clock: ManualClock,
    pub outages: Arc<Mutex<Vec<Outage>>>,
}

#[async_trait]
impl Channel for Scripted {
    fn kind(&self) -> ContactKind {
        self.kind
    }

    fn name(&self) -> &str {
        "scripted"
    }

    async fn send(&self, _: &Message) -> Result<Outcome, Failure> {
        let now = self.clock.now();
        let outages = self.outages.lock().unwrap();
        let fault = outages
            .iter()
            .find(|one| {
                one.channel == self.kind
                    && one.from <= now
                    && one.until.is_none_or(|until| now < until)
            })
            .map(|one| one.fault);
        let reason = "as the scenario says".to_owned();
        match fault {
            None => Ok(Outcome::Accepted { provider_id: None }),
            Some(Fault::Temporary) => Err(Failure::Temporary {
                reason,
                retry_after: None,
            }),
            Some(Fault::Permanent) => Err(Failure::Permanent {
                reason,
                method_broken: true,
            }),
            Some(Fault::NotSetUp) => Err(Failure::Misconfigured { reason }),
        }
    }

    async fn check(&self) -> Result<String, String> {
        Ok(String::new())
    }
}
