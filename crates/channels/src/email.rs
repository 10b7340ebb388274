//! Mail by SMTP.
//!
//! A mail is accepted only by the reply to its last dot. When that reply is lost the attempt counts
//! as failed, and the repeat carries the same `Message-ID`, by which mailboxes drop the double.

mod config;
mod connection;
mod mail;
mod reply;

use std::time::Duration;

use async_trait::async_trait;
use domain::word::ContactKind;
use lettre::message::Mailbox;

pub use self::config::{EmailConfig, Security};
use self::{
    connection::{Connection, Server, Trouble},
    mail::Sender,
};
use crate::{Channel, Failure, Message, Outcome};

/// Connections open at once: a storm of pages must not look like an attack to the mail server.
const CONNECTIONS_MAX: usize = 8;

/// Sends mail through one SMTP server and keeps its connections for the next mail.
pub struct EmailChannel {
    server: Server,
    sender: Sender,
    timeout: Duration,
    /// Connections between two mails, newest last. One that a mail was abandoned on never gets
    /// here: it may still hold the reply to that mail.
    idle: std::sync::Mutex<Vec<Connection>>,
    slots: tokio::sync::Semaphore,
}

/// Why an [`EmailChannel`] cannot be made of its configuration.
#[derive(Debug, thiserror::Error)]
pub enum EmailConfigError {
    #[error("`from` must be a mail address such as `Quarterdeck <pager@example.com>`, not `{0}`")]
    From(String),
    #[error("`message_id_domain` must be a domain name, not `{0}`")]
    MessageIdDomain(String),
    #[error("`username` and `password` belong together: one of them is missing")]
    Credentials,
    #[error("cannot read the CA file {path}: {source}")]
    CaFile {
        path: std::path::PathBuf,
        source: std::io::Error,
    },
    #[error("{0} holds no certificate in PEM form")]
    CaFileEmpty(std::path::PathBuf),
    #[error("cannot set up TLS: {0}")]
    Tls(String),
}

impl EmailChannel {
    /// Reads the CA file; opens no connection.
    ///
    /// # Errors
    /// When the configuration cannot work with any server.
    pub fn new(config: EmailConfig) -> Result<Self, EmailConfigError> {
        let from: Mailbox = config
            .from
            .parse()
            .map_err(|_| EmailConfigError::From(config.from.clone()))?;
        let domain = config
            .message_id_domain
            .clone()
            .unwrap_or_else(|| from.email.domain().to_owned());
        let domain = mail::ascii_domain(&domain)
            .ok_or_else(|| EmailConfigError::MessageIdDomain(domain.clone()))?;
        Ok(Self {
            timeout: config.timeout.to_std(),
            server: Server::new(config)?,
            sender: Sender { from, domain },
            idle: std::sync::Mutex::default(),
            slots: tokio::sync::Semaphore::new(CONNECTIONS_MAX),
        })
    }

    async fn attempt(&self, mail: &mail::Mail) -> Result<(), Failure> {
        if let Some(mut kept) = self.take_idle() {
            match kept.transfer(mail).await {
                Ok(()) => {
                    self.keep(kept);
                    return Ok(());
                }
                // The server has closed or restarted since the last mail, and has not seen the
                // content of this one: start afresh.
                Err(trouble) if trouble.is_stale() => {}
                Err(trouble) => return Err(self.failure(&trouble)),
            }
        }
        let mut fresh = self.open().await.map_err(|t| self.failure(&t))?;
        fresh.transfer(mail).await.map_err(|t| self.failure(&t))?;
        self.keep(fresh);
        Ok(())
    }

    async fn open(&self) -> Result<Connection, Trouble> {
        Connection::open(&self.server).await
    }

    fn failure(&self, trouble: &Trouble) -> Failure {
        reply::classify(trouble, &self.server)
    }

    fn silence(&self) -> String {
        format!(
            "{}: no answer within {} s",
            self.server.address(),
            self.timeout.as_secs_f32()
        )
    }

    fn forget_idle(&self) {
        let mut idle = self.idle.lock().unwrap_or_else(|e| e.into_inner());
        idle.clear();
    }

    fn take_idle(&self) -> Option<Connection> {
        let mut idle = self.idle.lock().unwrap_or_else(|e| e.into_inner());
        idle.retain(Connection::is_young);
        idle.pop()
    }

    fn keep(&self, connection: Connection) {
        let mut idle = self.idle.lock().unwrap_or_else(|e| e.into_inner());
        idle.push(connection);
    }
}

#[async_trait]
impl Channel for EmailChannel {
    fn kind(&self) -> ContactKind {
        ContactKind::Email
    }

    fn name(&self) -> &str {
        "smtp"
    }

    /// Waits for a free connection slot; the time limit of the attempt starts after that, so that
    /// a storm of mails makes them late but does not make them fail.
    async fn send(&self, message: &Message) -> Result<Outcome, Failure> {
        let mail = mail::render(&self.sender, message)?;
        let _slot = self.slots.acquire().await;
        match tokio::time::timeout(self.timeout, self.attempt(&mail)).await {
            Ok(result) => result.map(|()| Outcome::Accepted {
                provider_id: Some(mail.message_id),
            }),
            Err(_) => {
                // The other kept connections lead to the same silence.
                self.forget_idle();
                Err(Failure::temporary(self.silence()))
            }
        }
    }

    async fn check(&self) -> Result<String, String> {
        let check = async {
            let mut connection = self.open().await?;
            connection.prove().await
        };
        match tokio::time::timeout(self.timeout, check).await {
            Ok(Ok(())) => Ok(self.server.describe()),
            Ok(Err(trouble)) => Err(self.failure(&trouble).reason().to_owned()),
            Err(_) => Err(self.silence()),
        }
    }
}

impl std::fmt::Debug for EmailChannel {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("EmailChannel")
            .field("server", &self.server.address())
            .finish_non_exhaustive()
    }
}
