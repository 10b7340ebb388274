//! Providers as they are: slow, failing, lying, repeating themselves.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use channels::{Channel, Failure, Message, Outcome};
use domain::Span;
use domain::word::{ContactKind, NotificationKind};
use store::Store;
use store::notification::Notification;

use super::people;
use super::shared::{Shared, Task};
use crate::breach::Breach;
use crate::chance::Draw;
use crate::story::Kind;

/// How bad the providers of a world are, in percent.
#[derive(Clone, Copy, Debug)]
pub struct Weather {
    slow: u64,
    temporary: u64,
    refused: u64,
    dead: u64,
    /// Takes the message, and the reply is lost.
    unheard: u64,
    receipts: u64,
    lies: u64,
}

impl Weather {
    pub fn of(seed: u64, kind: Kind) -> Weather {
        let mut draw = Draw::of(seed, &[4]);
        let bad = draw.between(0, 3).unsigned_abs();
        let wild = kind != Kind::Mirror;
        Weather {
            slow: 5 * bad,
            temporary: 6 * bad,
            refused: if wild { bad } else { 0 },
            dead: if wild && bad == 3 { 1 } else { 0 },
            unheard: if kind == Kind::Steady { 0 } else { bad },
            receipts: 70,
            lies: if wild { 3 * bad } else { 0 },
        }
    }
}

/// One provider as one life of one node sees it.
pub struct Provider {
    pub kind: ContactKind,
    pub shared: Arc<Shared>,
    pub store: Store,
    /// Cleared when the node's process is gone.
    pub alive: Arc<AtomicBool>,
}

/// How an attempt goes.
struct Attempt {
    takes: Duration,
    arrives: bool,
    verdict: Result<(), Failure>,
}

fn temporary(reason: &str) -> Failure {
    Failure::Temporary {
        reason: reason.into(),
        retry_after: None,
    }
}

impl Provider {
    fn attempt(&self, row: &Notification) -> Attempt {
        let weather = self.shared.weather;
        let question = [5, row.id.0.unsigned_abs(), row.attempts.unsigned_abs()];
        let mut draw = Draw::of(self.shared.seed, &question);
        let millis = |draw: &mut Draw, from, to| {
            Duration::from_millis(draw.between(from, to).unsigned_abs())
        };
        let mut attempt = Attempt {
            takes: millis(&mut draw, 1, 400),
            arrives: true,
            verdict: Ok(()),
        };
        if self.shared.is_resting() {
            return attempt;
        }
        if draw.percent(weather.slow) {
            attempt.takes = millis(&mut draw, 1_000, 9_500);
        }
        if self.shared.is_out(self.kind == ContactKind::Sms) {
            attempt.verdict = Err(temporary("the provider is gone"));
        } else if draw.percent(weather.temporary) {
            attempt.verdict = Err(Failure::Temporary {
                reason: "come back later".into(),
                retry_after: draw
                    .percent(30)
                    .then(|| Span::from_seconds(draw.between(1, 90))),
            });
        } else if draw.percent(weather.refused) {
            attempt.verdict = Err(Failure::Permanent {
                reason: "refused".into(),
                method_broken: false,
            });
        } else if draw.percent(weather.dead) {
            attempt.verdict = Err(Failure::Permanent {
                reason: "no such address".into(),
                method_broken: true,
            });
        }
        attempt.arrives = attempt.verdict.is_ok();
        if attempt.arrives && draw.percent(weather.unheard) {
            // It arrives, but nobody hears so.
            attempt.verdict = Err(temporary("the reply was lost"));
            attempt.takes = Duration::from_secs(10);
        }
        attempt
    }

    /// The message goes out of the house.
    fn leave(&self, row: &Notification) {
        let cause = row
            .page_id
            .and_then(|page| {
                let read = self
                    .store
                    .read_blocking(|c| store::escalation::page(c, page));
                read.ok()
            })
            .map(|page| page.cause);
        let (wall, passed) = (self.shared.clock.wall(), self.shared.clock.passed());
        self.shared.ledger().leaving(row, cause, wall, passed);
    }

    /// A person has it.
    fn arrive(&self, row: &Notification) {
        if row.kind == NotificationKind::Page
            && self.shared.kind != Kind::Mirror
            && !self.shared.is_resting()
        {
            people::reached(&self.shared, row);
        }
    }

    /// What the provider says afterwards, perhaps twice, late, or wrongly.
    fn receipts(&self, row: &Notification, provider_id: &str) {
        let question = [6, row.id.0.unsigned_abs(), row.attempts.unsigned_abs()];
        let mut draw = Draw::of(self.shared.seed, &question);
        let weather = self.shared.weather;
        if self.kind != ContactKind::Sms || !draw.percent(weather.receipts) {
            return;
        }
        let mut words = vec!["sent", "delivered"];
        if draw.percent(weather.lies) {
            words = [
                vec!["undelivered"],
                vec!["delivered", "undelivered"],
                vec!["undelivered", "delivered"],
                vec!["delivered", "sent", "queued"],
            ][draw.below(4)]
            .clone();
        }
        if draw.percent(20) {
            words.extend(words.clone());
        }
        let mut at = self.shared.clock.wall();
        for status in words {
            at = at + Span::from_millis(draw.between(0, 20_000));
            let (row, provider_id) = (row.id, provider_id.to_owned());
            self.shared.later(
                at,
                Task::Receipt {
                    row,
                    provider_id,
                    status,
                },
            );
        }
    }

    async fn wait(&self, time: Duration) {
        tokio::time::sleep(time).await;
        if !self.alive.load(Ordering::SeqCst) {
            // Nobody is there to hear the rest.
            std::future::pending::<()>().await;
        }
    }

    fn copy(&self) -> Provider {
        Provider {
            kind: self.kind,
            shared: self.shared.clone(),
            store: self.store.clone(),
            alive: self.alive.clone(),
        }
    }
}

#[async_trait]
impl Channel for Provider {
    fn kind(&self) -> ContactKind {
        self.kind
    }

    fn name(&self) -> &str {
        "simulated"
    }

    async fn send(&self, message: &Message) -> Result<Outcome, Failure> {
        if !self.alive.load(Ordering::SeqCst) {
            std::future::pending::<()>().await;
        }
        let id = message.notification_id;
        let read = self
            .store
            .read_blocking(|c| store::notification::fetch(c, id));
        let row = read.map_err(|error| temporary(&error.to_string()))?;
        if self.shared.breach == Some(Breach::NoRecheckBeforeSending) {
            let this = self.copy();
            tokio::spawn(async move {
                tokio::time::sleep(Duration::from_secs(90)).await;
                this.leave(&row);
                this.arrive(&row);
            });
            return Ok(Outcome::Accepted { provider_id: None });
        }
        self.leave(&row);
        let attempt = self.attempt(&row);
        if attempt.arrives {
            // It is on its way, whatever becomes of the process that sent it.
            let (this, row) = (self.copy(), row.clone());
            let takes = attempt.takes / 2;
            tokio::spawn(async move {
                tokio::time::sleep(takes).await;
                this.arrive(&row);
            });
        }
        self.wait(attempt.takes).await;
        attempt.verdict?;
        self.shared.ledger().taken(id);
        if self.shared.breach == Some(Breach::SendTwice) && id.0 % 20 == 0 {
            return Err(temporary("said to have failed"));
        }
        let provider_id = format!("s{id}-{}", row.attempts);
        self.receipts(&row, &provider_id);
        Ok(Outcome::Accepted {
            provider_id: Some(provider_id),
        })
    }

    async fn check(&self) -> Result<String, String> {
        Ok("simulated".into())
    }
}
