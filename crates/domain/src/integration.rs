//! What the owner of an integration has chosen about how its requests are read.

use std::any::Any;
use std::fmt;
use std::sync::{Arc, OnceLock};

/// Choices that only the formats understand: a JSON object, kept as its text. It is read once for
/// each snapshot of the configuration, however many requests come in.
#[derive(Clone)]
pub struct IntegrationSettings {
    text: Arc<str>,
    read: OnceLock<Arc<dyn Any + Send + Sync>>,
}

const NONE: &str = "{}";

impl IntegrationSettings {
    /// From JSON; whether it is any is for those to say who read it.
    pub fn new(json: &str) -> IntegrationSettings {
        IntegrationSettings {
            text: json.into(),
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
}
