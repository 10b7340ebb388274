//! What an integration's owner has chosen about how its requests are read.

use std::fmt;
use std::sync::OnceLock;

use domain::integration::{Conduct, IntegrationSettings, NoData, OnSilence, expiry};
use domain::word::AlertSeverity;
use serde::{Deserialize, Serialize};

use crate::format::Format;
use crate::mail::{MailRules, ReadRules};
use crate::mapping::{Fault, Mapping, MappingRules};
use crate::severity::{self, Scale, SeverityWord};
use crate::signature;

/// Longest secret, in bytes.
pub const SECRET_MAX: usize = 512;
/// Most labels that an alert is known by, and the longest name of one, in characters.
pub const IDENTITY_LABELS_MAX: usize = 20;
pub const LABEL_MAX: usize = 128;
/// Most requests a minute that can be chosen.
pub const RATE_LIMIT_MAX: u32 = 10_000_000;
/// Most that the settings of one integration may take up, in bytes of JSON.
const SIZE_MAX: usize = 64 * 1024;

/// Choices of one integration. All are optional: without any, every format works.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Settings {
    /// Shared with the sender, who signs with it. When set, requests without a good signature are
    /// refused, by formats whose senders can sign.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub secret: Option<Secret>,
    /// For monitors that do not say how bad it is, and for unknown words; else what the format has
    /// for that, mostly `critical`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub severity: Option<AlertSeverity>,
    /// What words of its monitor mean, before the format's own table.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub severity_words: Vec<SeverityWord>,
    /// Of generic JSON and of Standard Webhooks.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mapping: Option<MappingRules>,
    /// Of mails.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mail: Option<MailRules>,
    /// Names of labels by which alerts of Alertmanager's formats are known, instead of their
    /// fingerprint or all their labels. Of an alert that has none of them nothing changes.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub identity_labels: Vec<String>,
    /// What CloudWatch's `INSUFFICIENT_DATA` means; else `trigger`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub insufficient_data: Option<NoData>,
    /// What the rules of `domain` ask for.
    #[serde(skip_serializing_if = "Conduct::is_default")]
    pub conduct: Conduct,
    #[serde(skip)]
    pub(crate) compiled: Compiled<Mapping>,
    #[serde(skip)]
    pub(crate) compiled_mail: Compiled<ReadRules>,
}

/// Rules, read when the first request needs them. A copy reads them anew: it may be about to be
/// changed.
pub(crate) struct Compiled<T>(OnceLock<Result<Box<T>, Vec<Fault>>>);

impl<T> Default for Compiled<T> {
    fn default() -> Self {
        Compiled(OnceLock::new())
    }
}

impl<T> Clone for Compiled<T> {
    fn clone(&self) -> Self {
        Compiled::default()
    }
}

impl<T> PartialEq for Compiled<T> {
    fn eq(&self, _: &Self) -> bool {
        true
    }
}

impl<T> fmt::Debug for Compiled<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("…")
    }
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

    /// The secret itself: for checking signatures, and for an export that is to hold secrets.
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(…)")
    }
}

/// Stored settings that this version cannot read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the settings of this integration cannot be read: {0}")]
pub struct Unreadable(String);

impl Settings {
    /// The settings of an integration, read at most once for each snapshot of the configuration.
    ///
    /// # Errors
    /// When a later version has written them.
    pub fn of(stored: &IntegrationSettings) -> Result<&Settings, Unreadable> {
        let read = |json: &str| -> Result<Settings, Unreadable> {
            serde_json::from_str(json).map_err(|error| Unreadable(error.to_string()))
        };
        match stored.read_with(read) {
            Some(Ok(settings)) => Ok(settings),
            Some(Err(error)) => Err(error.clone()),
            None => Err(Unreadable("they were read as something else".to_owned())),
        }
    }

    /// As they are stored.
    ///
    /// # Errors
    /// Never, as far as is known: every field can be JSON.
    pub fn to_stored(&self) -> Result<IntegrationSettings, serde_json::Error> {
        Ok(IntegrationSettings::new(&serde_json::to_string(self)?))
    }

    /// What is wrong with them, for an integration of this format.
    pub fn faults(&self, format: &Format) -> Vec<Fault> {
        let mut faults = Vec::new();
        let mut add = |field: &str, reason: String| {
            faults.push(Fault {
                field: field.to_owned(),
                reason,
            });
        };
        if let Some(secret) = self.secret.as_ref().map(Secret::reveal) {
            if secret.len() > SECRET_MAX {
                add("secret", format!("at most {SECRET_MAX} bytes are possible"));
            }
            if secret.trim().is_empty() || secret.chars().any(char::is_control) {
                add("secret", "one line of text is needed".to_owned());
            }
            if secret.contains("${") {
                let reason = "`${` means a variable in the configuration file: choose another";
                add("secret", reason.to_owned());
            }
            if format.signs_standard()
                && let Some(fault) = signature::standard_fault(secret)
            {
                add("secret", fault.to_owned());
            }
        }
        let labels = &self.identity_labels;
        let odd = |name: &String| {
            name.trim().is_empty()
                || name.chars().any(char::is_control)
                || name.chars().count() > LABEL_MAX
        };
        if labels.len() > IDENTITY_LABELS_MAX || labels.iter().any(odd) {
            let reason = format!(
                "up to {IDENTITY_LABELS_MAX} names of labels are possible, of at most {LABEL_MAX} \
                 characters each"
            );
            add("identity_labels", reason);
        } else if (labels.iter().enumerate()).any(|(place, name)| labels[..place].contains(name)) {
            add("identity_labels", "a label stands here twice".to_owned());
        }
        if let Some(reason) = severity::fault(&self.severity_words) {
            add("severity_words", reason);
        }
        if self.conduct.rate_limit > Some(RATE_LIMIT_MAX) {
            let reason = format!("at most {RATE_LIMIT_MAX} a minute; 0 takes the limit away");
            add("rate_limit", reason);
        }
        if let Some(fault) = self.conduct.resolve_after.and_then(expiry::fault) {
            add("resolve_after", fault.to_owned());
        }
        let size = serde_json::to_string(self).map_or(usize::MAX, |text| text.len());
        if size > SIZE_MAX {
            add("mapping", format!("at most {SIZE_MAX} bytes are possible"));
        }
        for (given, takes, field, what) in [
            (
                self.secret.is_some(),
                format.takes_secret,
                "secret",
                "cannot sign",
            ),
            (
                self.severity.is_some(),
                format.takes_severity(),
                "severity",
                "tell of changes, which page nobody",
            ),
            (
                !self.severity_words.is_empty(),
                format.takes_severity(),
                "severity_words",
                "tell of changes, which page nobody",
            ),
            (
                self.mapping.is_some(),
                format.takes_mapping(),
                "mapping",
                "have a shape of their own",
            ),
            (
                self.mail.is_some(),
                format.takes_mail(),
                "mail",
                "send no mails here",
            ),
            (
                !self.identity_labels.is_empty(),
                format.takes_labels(),
                "identity_labels",
                "do not speak of labels as Alertmanager does",
            ),
            (
                self.conduct.on_silence == OnSilence::Tell,
                format.takes_pushes(),
                "on_silence",
                "do not push their alerts again while they fire",
            ),
            (
                self.conduct.resolve_after.is_some(),
                format.takes_expiry(),
                "resolve_after",
                "give their alerts an end of their own, or tell of changes",
            ),
            (
                self.insufficient_data.is_some(),
                format.takes_no_data(),
                "insufficient_data",
                "know no such state",
            ),
        ] {
            if given && !takes {
                add(field, format!("senders of {} {what}", format.name));
            }
        }
        if let Some(Err(found)) = self.mapping() {
            faults.extend(found.iter().map(|fault| Fault {
                field: format!("mapping.{}", fault.field),
                reason: fault.reason.clone(),
            }));
        }
        if let Err(found) = self.mail_rules() {
            faults.extend(found.iter().map(|fault| Fault {
                field: format!("mail.{}", fault.field),
                reason: fault.reason.clone(),
            }));
        }
        faults
    }

    /// The rules for mails, read; those of an integration without any are the usual ones.
    pub(crate) fn mail_rules(&self) -> Result<&ReadRules, &[Fault]> {
        let read = self.compiled_mail.0.get_or_init(|| {
            let rules = self.mail.clone().unwrap_or_default();
            rules.check().map(Box::new)
        });
        read.as_deref().map_err(Vec::as_slice)
    }

    /// The rules, read; `None` without any.
    pub(crate) fn mapping(&self) -> Option<Result<&Mapping, &[Fault]>> {
        let rules = self.mapping.as_ref()?;
        let read = self.compiled.0.get_or_init(|| rules.check().map(Box::new));
        Some(read.as_deref().map_err(Vec::as_slice))
    }

    /// What it means that an alarm has no data.
    pub(crate) fn insufficient_data(&self) -> NoData {
        self.insufficient_data.unwrap_or(NoData::Trigger)
    }

    /// How severities are read.
    pub fn scale(&self) -> Scale<'_> {
        Scale::new(&self.severity_words, self.severity)
    }

    /// The severity for what carries none.
    pub(crate) fn severity(&self) -> AlertSeverity {
        self.scale().fallback()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::format;
    use domain::word::IntegrationKind;

    fn read(json: &str) -> Settings {
        serde_json::from_str(json).unwrap()
    }

    #[test]
    fn secrets_are_not_printed_and_unknown_settings_are_told() {
        let settings = read(r#"{"secret": "hush", "severity": "warning"}"#);
        assert!(!format!("{settings:?}").contains("hush"));
        assert_eq!(settings.severity(), AlertSeverity::Warning);
        assert!(serde_json::from_str::<Settings>(r#"{"secrte": "x"}"#).is_err());
        assert_eq!(Secret::new("  "), None);
    }

    #[test]
    fn settings_are_stored_without_what_they_do_not_say() {
        assert!(Settings::default().to_stored().unwrap().is_empty());
        let text = r#"{"severity":"info","mapping":{"summary":{"path":"$.body.t"}}}"#;
        let settings = read(text);
        let stored = settings.to_stored().unwrap();
        assert_eq!(stored.as_json(), text);
        assert_eq!(Settings::of(&stored), Ok(&settings));
        let later = IntegrationSettings::new(r#"{"of a later version": 1}"#);
        assert!(Settings::of(&later).is_err());
    }

    #[test]
    fn faults_name_their_field() {
        let faults = |json: &str, kind| -> Vec<String> {
            let found = read(json).faults(&format::of(kind));
            found.into_iter().map(|fault| fault.field).collect()
        };
        use IntegrationKind::{Generic, GitHub, PagerDuty};
        let bad = r#"{"mapping": {"severity": {"expression": "1 +"}, "items": "oops"}}"#;
        assert_eq!(
            faults(bad, Generic),
            ["mapping.items", "mapping.severity.expression"]
        );
        assert_eq!(faults(r#"{"mapping": {}}"#, GitHub), ["mapping"]);
        assert_eq!(faults(r#"{"secret": "s"}"#, GitHub), [""; 0]);
        assert_eq!(faults(r#"{"secret": "s"}"#, Generic), ["secret"]);
        assert_eq!(faults(r#"{"secret": "a${b}"}"#, GitHub), ["secret"]);
        assert_eq!(faults(r#"{"secret": " "}"#, GitHub), ["secret"]);
        for severity in [
            r#"{"severity": "info"}"#,
            r#"{"severity_words": [{"word": "page", "severity": "warning"}]}"#,
        ] {
            let field = severity.split('"').nth(1).unwrap();
            assert_eq!(faults(severity, PagerDuty), [""; 0]);
            assert_eq!(faults(severity, GitHub), [field]);
        }
        assert_eq!(faults(r#"{"secret": "whpk_AAAA"}"#, GitHub), [""; 0]);
        let signs = IntegrationKind::StandardWebhooks;
        assert_eq!(faults(r#"{"secret": "whpk_AAAA"}"#, signs), ["secret"]);
        let long = format!(r#"{{"secret": "{}"}}"#, "x".repeat(SECRET_MAX + 1));
        assert_eq!(faults(&long, GitHub), ["secret"]);
    }

    #[test]
    fn words_have_their_bounds() {
        let faults = |words: &[&str]| -> Vec<String> {
            let words = words.iter().map(|word| SeverityWord {
                word: (*word).to_owned(),
                severity: AlertSeverity::Info,
            });
            let settings = Settings {
                severity_words: words.collect(),
                ..Settings::default()
            };
            let found = settings.faults(&format::of(IntegrationKind::Opsgenie));
            found
                .iter()
                .for_each(|one| assert_eq!(one.field, "severity_words"));
            found.into_iter().map(|fault| fault.reason).collect()
        };
        let many: Vec<String> = (0..=severity::WORDS_MAX).map(|n| n.to_string()).collect();
        let many: Vec<&str> = many.iter().map(String::as_str).collect();
        let (long, longer) = ("ä".repeat(severity::WORD_MAX), "ä".repeat(65));
        assert_eq!(faults(&many[1..]), [""; 0]);
        assert_eq!(faults(&["P1", "p2", &long]), [""; 0]);
        for odd in [&many[..], &[""], &[" "], &["a\nb"], &["a\0"], &[&longer]] {
            let found = faults(odd);
            assert_eq!(found.len(), 1, "{odd:?}");
            assert!(found[0].starts_with("up to 50 words"), "{found:?}");
        }
        assert_eq!(
            faults(&["P1", "x", " p1"]),
            ["the word “ p1” stands here twice"]
        );
    }

    #[test]
    fn labels_and_conduct_have_their_bounds_and_formats() {
        let faults = |json: &str, kind| -> Vec<String> {
            let found = read(json).faults(&format::of(kind));
            found.into_iter().map(|fault| fault.field).collect()
        };
        use IntegrationKind::{Alertmanager, Generic, LibreNms, Prometheus};
        let labels = r#"{"identity_labels": ["alertname", "instance"]}"#;
        for kind in [Prometheus, Alertmanager, LibreNms] {
            assert_eq!(faults(labels, kind), [""; 0]);
        }
        assert_eq!(faults(labels, Generic), ["identity_labels"]);
        for bad in [r#"["a", "a"]"#, r#"[" "]"#, r#"["a\nb"]"#] {
            let json = format!(r#"{{"identity_labels": {bad}}}"#);
            assert_eq!(faults(&json, Prometheus), ["identity_labels"], "{bad}");
        }
        let told = r#"{"conduct": {"on_silence": "tell"}}"#;
        assert_eq!(faults(told, Prometheus), [""; 0]);
        assert_eq!(faults(told, Generic), ["on_silence"]);
        let after = r#"{"conduct": {"resolve_after": 600}}"#;
        for kind in [Generic, Alertmanager] {
            assert_eq!(faults(after, kind), [""; 0]);
        }
        for kind in [Prometheus, IntegrationKind::GitHub] {
            assert_eq!(faults(after, kind), ["resolve_after"]);
        }
        let soon = r#"{"conduct": {"resolve_after": 5}}"#;
        assert_eq!(faults(soon, Generic), ["resolve_after"]);
        let blind = r#"{"insufficient_data": "ignore"}"#;
        assert_eq!(faults(blind, IntegrationKind::CloudWatch), [""; 0]);
        assert_eq!(faults(blind, Generic), ["insufficient_data"]);
        let much = r#"{"conduct": {"rate_limit": 10000001}}"#;
        assert_eq!(faults(much, Generic), ["rate_limit"]);
        let stored = read(told).to_stored().unwrap();
        assert_eq!(*stored.conduct(), read(told).conduct);
    }

    #[test]
    fn a_copy_that_is_changed_is_read_anew() {
        let mut settings = read(r#"{"mapping": {"items": "oops"}}"#);
        assert!(matches!(settings.mapping(), Some(Err(_))));
        settings = settings.clone();
        settings.mapping = Some(MappingRules::default());
        assert!(matches!(settings.mapping(), Some(Ok(_))));
    }
}
