//! Integrations as the file has them, with their heartbeats.

use channels::Secret;
use domain::integration::{NoData, OnSilence};
use domain::word::{AlertSeverity, IntegrationKind};
use formats::mail::MailRules;
use formats::mapping::MappingRules;
use formats::severity::SeverityWord;
use serde::{Deserialize, Serialize};

use super::{Nullable, RoutingEntry};
use crate::manifest::value::{Duration, Located, mentioned, revealed};

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct IntegrationEntry {
    pub name: Located<String>,
    pub kind: IntegrationKind,
    #[serde(default, skip_serializing)]
    pub key: Option<Located<Secret>>,
    /// SHA-256 of the key in hexadecimal, as `export` writes it: the key goes on working without
    /// standing in the file.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key_sha256: Option<Located<String>>,
    /// The last characters of the key, beside `key_sha256`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key_hint: Option<String>,
    /// What the sender signs with; `export` writes it `--with-secrets` only.
    #[serde(
        default,
        deserialize_with = "mentioned",
        serialize_with = "revealed",
        skip_serializing_if = "Option::is_none"
    )]
    pub secret: Nullable<Secret>,
    /// For what carries none, and for unknown words.
    #[serde(
        default,
        deserialize_with = "mentioned",
        skip_serializing_if = "Option::is_none"
    )]
    pub severity: Nullable<AlertSeverity>,
    /// What words of its sender mean; `null`: what they usually do.
    #[serde(
        default,
        deserialize_with = "mentioned",
        skip_serializing_if = "Option::is_none"
    )]
    pub severity_words: Nullable<Vec<SeverityWord>>,
    /// Where the fields of signals stand.
    #[serde(
        default,
        deserialize_with = "mentioned",
        skip_serializing_if = "Option::is_none"
    )]
    pub mapping: Nullable<MappingRules>,
    /// Which mails are about the same thing, and which resolve.
    #[serde(
        default,
        deserialize_with = "mentioned",
        skip_serializing_if = "Option::is_none"
    )]
    pub mail: Nullable<MailRules>,
    /// By which labels its alerts are known; `null`: what the monitor itself goes by.
    #[serde(
        default,
        deserialize_with = "mentioned",
        skip_serializing_if = "Option::is_none"
    )]
    pub identity_labels: Nullable<Vec<String>>,
    /// Requests a minute; 0: as many as come; `null`: as the installation has it.
    #[serde(
        default,
        deserialize_with = "mentioned",
        skip_serializing_if = "Option::is_none"
    )]
    pub rate_limit: Nullable<u32>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub on_silence: Option<Located<OnSilence>>,
    /// `null`: alerts are open until their sender says otherwise.
    #[serde(
        default,
        deserialize_with = "mentioned",
        skip_serializing_if = "Option::is_none"
    )]
    pub resolve_after: Nullable<Duration>,
    #[serde(
        default,
        deserialize_with = "mentioned",
        skip_serializing_if = "Option::is_none"
    )]
    pub insufficient_data: Nullable<NoData>,
    /// Makes it a global one with these rules, in order; `null`: it is none.
    #[serde(
        default,
        deserialize_with = "mentioned",
        skip_serializing_if = "Option::is_none"
    )]
    pub routing_rules: Option<Option<Vec<RoutingEntry>>>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub heartbeats: Vec<HeartbeatEntry>,
}

/// A job or machine that is to be heard of.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct HeartbeatEntry {
    pub name: Located<String>,
    /// Needed of a new one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub interval: Option<Duration>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub grace: Option<Duration>,
    #[serde(
        default,
        deserialize_with = "mentioned",
        skip_serializing_if = "Option::is_none"
    )]
    pub longest_run: Nullable<Duration>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub severity: Option<AlertSeverity>,
    #[serde(
        default,
        deserialize_with = "mentioned",
        skip_serializing_if = "Option::is_none"
    )]
    pub message: Nullable<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tags: Option<Vec<String>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
}
