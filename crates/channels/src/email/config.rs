//! How to reach the mail server.

use std::path::PathBuf;

use domain::Span;
use serde::Deserialize;

use crate::Secret;

/// How the connection is protected.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Security {
    /// None at all: for a relay on the same machine or in a trusted network.
    Plain,
    /// Starts in the clear and must turn to TLS; a server that does not offer it is refused.
    #[default]
    StartTls,
    /// TLS from the first byte.
    Tls,
}

impl Security {
    /// The port that RFC 8314 and custom give this kind of submission.
    pub const fn port(self) -> u16 {
        match self {
            Security::Plain => 25,
            Security::StartTls => 587,
            Security::Tls => 465,
        }
    }
}

/// Settings of the mail channel.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EmailConfig {
    pub host: String,
    /// Default: 25, 587 or 465, as `security` asks.
    #[serde(default)]
    pub port: Option<u16>,
    #[serde(default)]
    pub security: Security,
    #[serde(default)]
    pub username: Option<String>,
    #[serde(default)]
    pub password: Option<Secret>,
    /// The sender, e.g. `Quarterdeck <pager@example.com>`.
    pub from: String,
    /// Right side of every `Message-ID`. Default: the domain of `from`.
    #[serde(default)]
    pub message_id_domain: Option<String>,
    /// Certificates (PEM) that are trusted besides the system's, for a private CA.
    #[serde(default)]
    pub ca_file: Option<PathBuf>,
    /// The name this host greets the server with. Default: its host name.
    #[serde(default)]
    pub hello_name: Option<String>,
    /// Limit of one whole attempt (PAGING.md §6.5).
    #[serde(default = "EmailConfig::default_timeout")]
    pub timeout: Span,
}

impl EmailConfig {
    /// With the defaults for everything that is optional.
    pub fn new(host: impl Into<String>, from: impl Into<String>) -> Self {
        Self {
            host: host.into(),
            port: None,
            security: Security::default(),
            username: None,
            password: None,
            from: from.into(),
            message_id_domain: None,
            ca_file: None,
            hello_name: None,
            timeout: Self::default_timeout(),
        }
    }

    fn default_timeout() -> Span {
        Span::from_seconds(10)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_minimal_configuration_gets_safe_defaults() {
        let config: EmailConfig =
            toml::from_str("host = \"mail.example.com\"\nfrom = \"pager@example.com\"").unwrap();
        assert_eq!(
            config,
            EmailConfig::new("mail.example.com", "pager@example.com")
        );
        assert_eq!(config.security, Security::StartTls);
        assert_eq!(config.timeout, Span::from_seconds(10));
    }

    #[test]
    fn unknown_fields_are_refused_and_the_password_is_hidden() {
        let text = "host = \"h\"\nfrom = \"a@b\"\nusername = \"u\"\npassword = \"hunter2\"";
        let config: EmailConfig = toml::from_str(text).unwrap();
        assert!(!format!("{config:?}").contains("hunter2"));
        assert!(toml::from_str::<EmailConfig>(&format!("{text}\nhosts = \"x\"")).is_err());
    }
}
