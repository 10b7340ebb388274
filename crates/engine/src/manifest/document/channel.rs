//! Channels as the file has them.

use channels::Secret;
use domain::channel::ChannelKind;
use serde::{Deserialize, Serialize};

use super::Nullable;
use crate::manifest::value::{Located, mentioned, revealed_one};

/// A place that is told.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ChannelEntry {
    pub slug: Located<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    #[serde(
        default,
        deserialize_with = "mentioned",
        skip_serializing_if = "Option::is_none"
    )]
    pub team: Nullable<String>,
    pub kind: ChannelKind,
    /// Needed of a new one. Where whoever knows it can post, `export` writes it `--with-secrets`
    /// only.
    #[serde(
        default,
        serialize_with = "revealed_one",
        skip_serializing_if = "Option::is_none"
    )]
    pub address: Option<Located<Secret>>,
    /// What posts are signed with; made when a new webhook has none. `export` writes it
    /// `--with-secrets` only.
    #[serde(
        default,
        serialize_with = "revealed_one",
        skip_serializing_if = "Option::is_none"
    )]
    pub secret: Option<Located<Secret>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub enabled: Option<bool>,
}
