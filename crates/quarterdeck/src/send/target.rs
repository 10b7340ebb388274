//! Where messages go: the address of a server and the key of an integration.

use std::path::PathBuf;

use clap::ArgMatches;
use domain::alert::Identity;
use serde::{Deserialize, Serialize};
use url::Url;

use crate::failure::Failure;

/// A server and an integration of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Target {
    /// Without a slash at its end.
    pub url: String,
    pub key: String,
}

impl Target {
    /// What the flags and variables name.
    ///
    /// # Errors
    /// When one of them is missing or cannot be used.
    pub fn of(matches: &ArgMatches) -> Result<Target, Failure> {
        let url = matches.get_one::<String>("url").ok_or_else(|| {
            Failure::usage("the server is not named")
                .next("Give --url https://quarterdeck.example.com, or QUARTERDECK_SEND_URL.")
        })?;
        let parsed: Url = url
            .parse()
            .map_err(|error| Failure::usage(format!("--url {url} is no address: {error}")))?;
        if !matches!(parsed.scheme(), "http" | "https") || parsed.host().is_none() {
            return Err(Failure::usage(format!(
                "--url {url} must begin with http:// or https://"
            )));
        }
        let key = match matches.get_one::<PathBuf>("key-file") {
            Some(path) => std::fs::read_to_string(path).map_err(|error| {
                Failure::usage(format!("{} cannot be read: {error}", path.display()))
            })?,
            None => matches.get_one::<String>("key").cloned().ok_or_else(|| {
                Failure::usage("the key of the integration is missing").next(
                    "Give --key-file FILE, or QUARTERDECK_SEND_KEY; a key on the command \
                         line (--key) can be read by everybody on this machine.",
                )
            })?,
        };
        let key = key.trim().to_owned();
        // It becomes a segment of the address.
        let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
        if key.is_empty() || !key.chars().all(plain) {
            return Err(Failure::usage(
                "the key may hold only letters, digits, - _ and .",
            ));
        }
        Ok(Target {
            url: url.trim_end_matches('/').to_owned(),
            key,
        })
    }

    /// Name of the directory in which its messages wait; tells nothing of the key.
    pub fn lane(&self) -> String {
        let both = format!("{}\n{}", self.url, self.key);
        format!("{:?}", Identity::of(domain::IntegrationId(0), &both))
    }

    /// An address below the integration.
    pub fn address(&self, path: &str) -> String {
        format!("{}/integrations/{}{path}", self.url, self.key)
    }
}
