//! Where messages go: the address of a server and the key of an integration.

use std::os::unix::ffi::OsStrExt as _;
use std::path::PathBuf;

use clap::ArgMatches;
use domain::alert::Identity;
use serde::{Deserialize, Serialize};
use url::Url;

use super::given::{readable, variable};
use crate::failure::Failure;

/// A server and an integration of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Target {
    /// Without a slash at its end.
    pub url: String,
    pub key: String,
}

impl Target {
    /// What the flags and variables name. `pager` is the key that a monitor knows as the pager of
    /// its contact; it counts where nothing else is said.
    ///
    /// # Errors
    /// When one of them is missing or cannot be used.
    pub fn of(matches: &ArgMatches, pager: Option<&str>) -> Result<Target, Failure> {
        let url = said(matches, "url", "QUARTERDECK_SEND_URL").ok_or_else(|| {
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
        let key = key(matches)?.or(pager.map(str::to_owned)).ok_or_else(|| {
            Failure::usage("the key of the integration is missing").next(
                "Give --key-file FILE, or QUARTERDECK_SEND_KEY; a key on the command line (--key) \
                 can be read by everybody on this machine.",
            )
        })?;
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

/// A flag, or else its variable.
fn said(matches: &ArgMatches, flag: &str, name: &str) -> Option<String> {
    let flag = matches.get_one::<String>(flag).cloned();
    flag.or_else(|| variable(name).map(|value| readable(value.as_bytes())))
}

/// The key that was given: whoever names one on the command line means that one.
fn key(matches: &ArgMatches) -> Result<Option<String>, Failure> {
    let file = matches.get_one::<PathBuf>("key-file").cloned();
    let flag = matches.get_one::<String>("key").cloned();
    let file = file.or_else(|| match flag {
        Some(_) => None,
        None => variable("QUARTERDECK_SEND_KEY_FILE").map(PathBuf::from),
    });
    match file {
        Some(path) => std::fs::read_to_string(&path)
            .map(Some)
            .map_err(|error| Failure::usage(format!("{} cannot be read: {error}", path.display()))),
        None => Ok(flag.or_else(|| said(matches, "key", "QUARTERDECK_SEND_KEY"))),
    }
}
