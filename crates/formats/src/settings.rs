//! What an integration's owner has chosen about how its requests are read.

use std::fmt;

use domain::word::AlertSeverity;
use serde::{Deserialize, Serialize};

use crate::mapping::MappingRules;

/// Choices of one integration. All are optional: without any, every format works.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Settings {
    /// Shared with the sender, who signs with it. When set, requests without a good signature are
    /// refused, by formats whose senders can sign.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub secret: Option<Secret>,
    /// For monitors that do not say how bad it is; else `critical`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub severity: Option<AlertSeverity>,
    /// Of generic JSON and of Standard Webhooks.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mapping: Option<MappingRules>,
}

/// A text that never shows up in a log.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Secret(String);

impl Secret {
    /// `None` when nothing but blanks is left.
    pub fn new(text: &str) -> Option<Self> {
        let text = text.trim();
        (!text.is_empty()).then(|| Secret(text.to_owned()))
    }

    pub(crate) fn reveal(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(…)")
    }
}

impl Settings {
    /// The severity for what carries none.
    pub(crate) fn severity(&self) -> AlertSeverity {
        self.severity.unwrap_or(AlertSeverity::Critical)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_are_not_printed_and_unknown_settings_are_told() {
        let settings: Settings =
            serde_json::from_str(r#"{"secret": "hush", "severity": "warning"}"#).unwrap();
        assert!(!format!("{settings:?}").contains("hush"));
        assert_eq!(settings.severity(), AlertSeverity::Warning);
        assert!(serde_json::from_str::<Settings>(r#"{"secrte": "x"}"#).is_err());
        assert_eq!(Secret::new("  "), None);
    }
}
