//! Where messages go before a provider is configured.

use async_trait::async_trait;
use domain::word::ContactKind;

use crate::{Channel, Failure, Message, Outcome};

/// Stands in for a kind without a provider: accepts every message and writes it to the log with
/// target `outbox`, so that whoever tries the product sees the page that would have been sent.
#[derive(Clone, Copy, Debug)]
pub struct LogChannel {
    kind: ContactKind,
}

impl LogChannel {
    pub const fn new(kind: ContactKind) -> Self {
        Self { kind }
    }
}

#[async_trait]
impl Channel for LogChannel {
    fn kind(&self) -> ContactKind {
        self.kind
    }

    fn name(&self) -> &str {
        "log"
    }

    async fn send(&self, message: &Message) -> Result<Outcome, Failure> {
        tracing::info!(
            target: "outbox",
            notification = %message.notification_id,
            kind = %self.kind,
            to = %message.to,
            subject = %message.subject,
            "no {} provider is configured, the message stays here: {}",
            self.kind,
            message.text,
        );
        Ok(Outcome::Accepted { provider_id: None })
    }

    async fn check(&self) -> Result<String, String> {
        Ok(format!(
            "no {} provider is configured: messages are written to the log",
            self.kind
        ))
    }
}
