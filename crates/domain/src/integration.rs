//! What the owner of an integration has chosen about its requests, and whether its source is heard
//! of.

pub mod expiry;
pub mod source;

use std::any::Any;
use std::fmt;
use std::sync::{Arc, OnceLock};

use serde::{Deserialize, Serialize};

use crate::{Span, words};

/// Choices as a JSON object, kept as its text. Most of them only the formats understand, who read it
/// once for each snapshot of the configuration, however many requests come in; those that rules ask
/// for are in [`Conduct`].
#[derive(Clone)]
pub struct IntegrationSettings {
    text: Arc<str>,
    conduct: Conduct,
    read: OnceLock<Arc<dyn Any + Send + Sync>>,
}

words! {
    /// What happens when an alert's end passes without word of its source (WIRE-FORMATS.md §5 no. 3).
    OnSilence {
        /// It resolves with the reason “expired”.
        Resolve = "resolve",
        /// It stays open, and people are told that the source went silent.
        Tell = "tell",
    }
}

words! {
    /// What it means when a monitor says that it has no data (WIRE-FORMATS.md §1.13).
    NoData {
        /// An alert, of severity warning.
        Trigger = "trigger",
        /// The condition is over.
        Resolve = "resolve",
        /// Nothing.
        Ignore = "ignore",
    }
}

/// What is chosen about an integration that rules ask for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Conduct {
    /// Requests a minute; 0: as many as come; `None`: as the installation has it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rate_limit: Option<u32>,
    pub on_silence: OnSilence,
    /// An alert whose sender gives it no end resolves this long after its last trigger.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub resolve_after: Option<Span>,
}

impl Default for Conduct {
    fn default() -> Self {
        Conduct {
            rate_limit: None,
            on_silence: OnSilence::Resolve,
            resolve_after: None,
        }
    }
}

impl Conduct {
    /// Nothing is chosen.
    pub fn is_default(&self) -> bool {
        *self == Conduct::default()
    }

    /// Of stored settings, whatever else is in them. What a later version has written counts as
    /// not chosen here; the formats refuse to read it.
    fn of(json: &str) -> Conduct {
        #[derive(Default, Deserialize)]
        #[serde(default)]
        struct Stored {
            conduct: Conduct,
        }
        if json == NONE {
            return Conduct::default();
        }
        serde_json::from_str::<Stored>(json)
            .unwrap_or_default()
            .conduct
    }
}

const NONE: &str = "{}";

impl IntegrationSettings {
    /// From JSON; whether it is any is for those to say who read it.
    pub fn new(json: &str) -> IntegrationSettings {
        IntegrationSettings {
            text: json.into(),
            conduct: Conduct::of(json),
            read: OnceLock::new(),
        }
    }

    /// Nothing is chosen.
    pub fn is_empty(&self) -> bool {
        &*self.text == NONE
    }

    /// The JSON. Secrets are in it: it is for the store and the formats only.
    pub fn as_json(&self) -> &str {
        &self.text
    }

    /// What rules ask for.
    pub fn conduct(&self) -> &Conduct {
        &self.conduct
    }

    /// What `read` makes of the JSON, kept from the first call on; `None` when that was of another
    /// type.
    pub fn read_with<T: Any + Send + Sync>(&self, read: impl FnOnce(&str) -> T) -> Option<&T> {
        self.read
            .get_or_init(|| Arc::new(read(&self.text)))
            .downcast_ref()
    }
}

impl Default for IntegrationSettings {
    fn default() -> Self {
        IntegrationSettings::new(NONE)
    }
}

impl PartialEq for IntegrationSettings {
    fn eq(&self, other: &Self) -> bool {
        self.text == other.text
    }
}

impl Eq for IntegrationSettings {}

/// Secrets do not show up in a log.
impl fmt::Debug for IntegrationSettings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.is_empty() { NONE } else { "{…}" })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn settings_are_read_once_and_not_printed() {
        let settings = IntegrationSettings::new(r#"{"secret": "hush"}"#);
        assert_eq!(settings.read_with(str::len), Some(&18));
        assert_eq!(settings.read_with(|_| 0_usize), Some(&18), "kept");
        assert_eq!(settings.read_with(str::to_owned), None, "of another type");
        assert_eq!(settings.clone().read_with(|_| 0_usize), Some(&18));
        assert!(!format!("{settings:?}").contains("hush"));
        assert_ne!(settings, IntegrationSettings::default());
        assert!(IntegrationSettings::default().is_empty());
    }

    #[test]
    fn what_rules_ask_for_stands_among_the_others() {
        let of = |json: &str| *IntegrationSettings::new(json).conduct();
        let json = r#"{"secret": "x", "conduct":
            {"rate_limit": 0, "on_silence": "tell", "resolve_after": 600}}"#;
        let chosen = Conduct {
            rate_limit: Some(0),
            on_silence: OnSilence::Tell,
            resolve_after: Some(Span::from_minutes(10)),
        };
        assert_eq!(of(json), chosen);
        let written = serde_json::json!({ "conduct": chosen }).to_string();
        assert_eq!(of(&written), chosen);
        for json in [
            "{}",
            r#"{"secret": "x"}"#,
            "oops",
            r#"{"conduct": {"later": 1}}"#,
        ] {
            assert!(of(json).is_default(), "{json}");
        }
    }
}
