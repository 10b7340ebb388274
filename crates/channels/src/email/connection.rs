//! One SMTP connection, driven step by step so that a failure knows where it happened: the same
//! reply means different things for the sender, the recipient and the content.

use std::fmt;
use std::time::{Duration, Instant};

use lettre::transport::smtp::{
    Error,
    authentication::{Credentials, DEFAULT_MECHANISMS},
    client::{AsyncSmtpConnection, Certificate, TlsParameters},
    commands::{Data, Mail as MailFrom, Noop, Quit, Rcpt},
    extension::{ClientId, Extension, MailBodyParameter, MailParameter},
};

use super::{EmailConfig, EmailConfigError, Security, mail::Mail};
use crate::Secret;

/// How long an idle connection is kept. Servers close them after minutes; most of a storm's mails
/// follow each other within this time.
const IDLE_MAX: Duration = Duration::from_secs(60);

/// The configured server with everything that a connection to it needs.
pub(super) struct Server {
    host: String,
    port: u16,
    security: Security,
    tls: Option<TlsParameters>,
    hello: ClientId,
    username: Option<String>,
    password: Option<Secret>,
    timeout: Duration,
}

impl Server {
    pub fn new(config: EmailConfig) -> Result<Self, EmailConfigError> {
        if config.username.is_some() != config.password.is_some() {
            return Err(EmailConfigError::Credentials);
        }
        let tls = match config.security {
            // Without TLS the roots of this machine are not looked at: it may have none.
            Security::Plain => None,
            Security::StartTls | Security::Tls => Some(tls_parameters(&config)?),
        };
        Ok(Self {
            port: config.port.unwrap_or(config.security.port()),
            host: config.host,
            security: config.security,
            tls,
            hello: config
                .hello_name
                .map_or_else(ClientId::default, ClientId::Domain),
            username: config.username,
            password: config.password,
            timeout: config.timeout.to_std(),
        })
    }

    /// `host:port`, as reasons name the server.
    pub fn address(&self) -> String {
        format!("{}:{}", self.host, self.port)
    }

    /// What a successful check says.
    pub fn describe(&self) -> String {
        let security = match self.security {
            Security::Plain => "unencrypted",
            Security::StartTls => "STARTTLS",
            Security::Tls => "TLS",
        };
        match &self.username {
            Some(user) => format!("{}, {security}, signed in as {user}", self.address()),
            None => format!("{}, {security}, without signing in", self.address()),
        }
    }

    pub fn password(&self) -> Option<&Secret> {
        self.password.as_ref()
    }
}

fn tls_parameters(config: &EmailConfig) -> Result<TlsParameters, EmailConfigError> {
    let mut builder = TlsParameters::builder(config.host.clone());
    if let Some(path) = &config.ca_file {
        let pem = std::fs::read(path).map_err(|source| EmailConfigError::CaFile {
            path: path.clone(),
            source,
        })?;
        // An empty list of certificates parses, but is never what the file was meant for.
        if !pem.windows(16).any(|bytes| bytes == b"BEGIN CERTIFICAT") {
            return Err(EmailConfigError::CaFileEmpty(path.clone()));
        }
        let roots =
            Certificate::from_pem(&pem).map_err(|_| EmailConfigError::CaFileEmpty(path.clone()))?;
        builder = builder.add_root_certificate(roots);
    }
    builder
        .build_rustls()
        .map_err(|error| EmailConfigError::Tls(crate::reason::chain(&error)))
}

/// How far an attempt got when it failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Stage {
    /// TCP, TLS, greeting, EHLO.
    Connect,
    StartTls,
    Auth,
    Sender,
    Recipient,
    /// The server was asked to take the content.
    Content,
    /// The content was on its way; whether the server took it is unknown.
    Sent,
}

/// A failed step.
#[derive(Debug)]
pub(super) struct Trouble {
    pub stage: Stage,
    pub error: Error,
}

impl Trouble {
    fn at(stage: Stage) -> impl FnOnce(Error) -> Trouble {
        move |error| Trouble { stage, error }
    }

    /// The three digits of the server's reply, if it said anything.
    pub fn code(&self) -> Option<u16> {
        self.error.status().map(u16::from)
    }

    /// Whether the connection rather than the mail is at fault, and the server has surely not
    /// taken the mail: what a kept connection shows after the server closed it. 421 is how a
    /// server says good-bye.
    pub fn is_stale(&self) -> bool {
        let connection_lost = match self.code() {
            Some(code) => code == 421,
            None => !self.error.is_client(),
        };
        connection_lost && self.stage < Stage::Sent
    }
}

/// The content of a mail together with the dot that ends it. Written apart, the dot would wait until
/// the server has acknowledged the content (Nagle's algorithm), which it puts off by up to 40 ms.
struct Content<'a>(&'a str);

impl fmt::Display for Content<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for line in self.0.strip_suffix("\r\n").unwrap_or(self.0).split("\r\n") {
            // A dot that begins a line is doubled, so that none ends the mail early.
            let stuffing = if line.starts_with('.') { "." } else { "" };
            write!(f, "{stuffing}{line}\r\n")?;
        }
        f.write_str(".\r\n")
    }
}

/// A connection that is greeted, encrypted and signed in as configured.
pub(super) struct Connection {
    smtp: AsyncSmtpConnection,
    used_at: Instant,
}

impl Connection {
    pub async fn open(server: &Server) -> Result<Self, Trouble> {
        let immediate_tls = match server.security {
            Security::Tls => server.tls.clone(),
            Security::Plain | Security::StartTls => None,
        };
        let mut smtp = AsyncSmtpConnection::connect_tokio1(
            (server.host.as_str(), server.port),
            Some(server.timeout),
            &server.hello,
            immediate_tls,
            None,
        )
        .await
        .map_err(Trouble::at(Stage::Connect))?;
        if let (Security::StartTls, Some(tls)) = (server.security, &server.tls) {
            smtp.starttls(tls.clone(), &server.hello)
                .await
                .map_err(Trouble::at(Stage::StartTls))?;
        }
        if let (Some(user), Some(password)) = (&server.username, &server.password) {
            let credentials = Credentials::new(user.clone(), password.reveal().to_owned());
            smtp.auth(DEFAULT_MECHANISMS, &credentials)
                .await
                .map_err(Trouble::at(Stage::Auth))?;
        }
        Ok(Self {
            smtp,
            used_at: Instant::now(),
        })
    }

    pub fn is_young(&self) -> bool {
        self.used_at.elapsed() < IDLE_MAX
    }

    /// Hands one mail over. After an error the connection must be dropped: its dialogue is not at
    /// a known point any more.
    pub async fn transfer(&mut self, mail: &Mail) -> Result<(), Trouble> {
        let parameters = self.parameters(mail);
        self.smtp
            .command(MailFrom::new(Some(mail.from.clone()), parameters))
            .await
            .map_err(Trouble::at(Stage::Sender))?;
        self.smtp
            .command(Rcpt::new(mail.to.clone(), vec![]))
            .await
            .map_err(Trouble::at(Stage::Recipient))?;
        self.smtp
            .command(Data)
            .await
            .map_err(Trouble::at(Stage::Content))?;
        let taken = match std::str::from_utf8(&mail.bytes) {
            Ok(text) => self.smtp.command(Content(text)).await,
            Err(_) => self.smtp.message(&mail.bytes).await,
        };
        taken.map_err(Trouble::at(Stage::Sent))?;
        self.used_at = Instant::now();
        Ok(())
    }

    /// Asks for a sign of life and says good-bye.
    pub async fn prove(&mut self) -> Result<(), Trouble> {
        let alive = self.smtp.command(Noop).await;
        alive.map_err(Trouble::at(Stage::Connect))?;
        // The answer to QUIT changes nothing.
        let _ = self.smtp.command(Quit).await;
        Ok(())
    }

    /// Announces what is not plain ASCII, as far as the server knows about it. A server that does
    /// not gets the mail all the same and refuses it with a reply that says why.
    fn parameters(&self, mail: &Mail) -> Vec<MailParameter> {
        let server = self.smtp.server_info();
        let mut parameters = Vec::new();
        let addresses: [&str; 2] = [mail.from.as_ref(), mail.to.as_ref()];
        if addresses.iter().any(|address| !address.is_ascii())
            && server.supports_feature(Extension::SmtpUtfEight)
        {
            parameters.push(MailParameter::SmtpUtfEight);
        }
        if !mail.bytes.is_ascii() && server.supports_feature(Extension::EightBitMime) {
            parameters.push(MailParameter::Body(MailBodyParameter::EightBitMime));
        }
        parameters
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn content_ends_with_a_dot_and_only_there() {
        let written = |text| Content(text).to_string();
        assert_eq!(written("a\r\nb\r\n"), "a\r\nb\r\n.\r\n");
        assert_eq!(written("a"), "a\r\n.\r\n");
        assert_eq!(
            written(".\r\n..b\r\nc.\r\n\r\n"),
            "..\r\n...b\r\nc.\r\n\r\n.\r\n"
        );
    }
}
