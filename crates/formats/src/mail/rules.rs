//! What the owner of an integration says about its mails: which of them are about the same thing,
//! and which say that it is over.

use std::fmt;
use std::str::FromStr;

use regex::{Regex, RegexBuilder};
use serde::{Deserialize, Serialize};

use crate::mapping::Fault;

/// Longest pattern, in bytes.
const PATTERN_MAX: usize = 1_000;
/// Most memory of a compiled pattern, in bytes; its time is linear in what it is matched against.
const PATTERN_SIZE_MAX: usize = 256 * 1024;
/// Longest text that a pattern is matched against, in bytes.
pub(super) const MATCHED_MAX: usize = 16 * 1024;

/// A pattern that fits most monitors' mails of recovery.
pub const USUAL_RECOVERY: &str = r"\b(RECOVERY|OK|RESOLVED|Resolved)\b";

/// Choices about the mails of one integration. Without any, mails of one subject are about one
/// thing, and none resolves.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct MailRules {
    /// Which mails are about the same thing. What stands behind a `+` in the address counts before
    /// this.
    #[serde(skip_serializing_if = "is_default")]
    pub dedup: MailDedup,
    /// With `pattern`: its first group, or all that it matches, in the subject or else in the text.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub dedup_pattern: Option<String>,
    /// A mail whose subject matches resolves.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub resolve_subject: Option<String>,
    /// A mail whose text matches resolves.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub resolve_body: Option<String>,
}

fn is_default(dedup: &MailDedup) -> bool {
    *dedup == MailDedup::default()
}

/// Which mails are about the same thing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MailDedup {
    /// Those of one subject, but for words of state such as DOWN and RECOVERY.
    #[default]
    Subject,
    /// None: each is new.
    Each,
    /// Those in which a pattern finds the same text.
    Pattern,
    /// Those of one thread: an answer is about what it answers.
    Thread,
}

impl MailDedup {
    pub const ALL: [MailDedup; 4] = [
        MailDedup::Subject,
        MailDedup::Each,
        MailDedup::Pattern,
        MailDedup::Thread,
    ];

    /// The word in settings.
    pub const fn as_str(self) -> &'static str {
        match self {
            MailDedup::Subject => "subject",
            MailDedup::Each => "each",
            MailDedup::Pattern => "pattern",
            MailDedup::Thread => "thread",
        }
    }
}

impl fmt::Display for MailDedup {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Not a word of [`MailDedup`].
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("unknown way to tell mails apart: {0}")]
pub struct UnknownDedup(String);

impl FromStr for MailDedup {
    type Err = UnknownDedup;

    fn from_str(word: &str) -> Result<Self, Self::Err> {
        MailDedup::ALL
            .into_iter()
            .find(|one| one.as_str() == word)
            .ok_or_else(|| UnknownDedup(word.to_owned()))
    }
}

/// Rules, read once.
#[derive(Clone, Debug, Default)]
pub(crate) struct ReadRules {
    pub(super) dedup: MailDedup,
    pub(super) dedup_pattern: Option<Regex>,
    resolve_subject: Option<Regex>,
    resolve_body: Option<Regex>,
}

impl MailRules {
    /// Whether they say nothing.
    pub fn is_empty(&self) -> bool {
        *self == MailRules::default()
    }

    /// Reads the rules.
    ///
    /// # Errors
    /// Every fault, with the field it is in.
    pub(crate) fn check(&self) -> Result<ReadRules, Vec<Fault>> {
        let mut faults = Vec::new();
        let mut pattern = |field: &str, text: &Option<String>| {
            let text = text.as_deref().filter(|text| !text.is_empty())?;
            compile(text)
                .map_err(|reason| {
                    faults.push(Fault {
                        field: field.to_owned(),
                        reason,
                    });
                })
                .ok()
        };
        let read = ReadRules {
            dedup: self.dedup,
            dedup_pattern: pattern("dedup_pattern", &self.dedup_pattern),
            resolve_subject: pattern("resolve_subject", &self.resolve_subject),
            resolve_body: pattern("resolve_body", &self.resolve_body),
        };
        let wanted = self.dedup == MailDedup::Pattern;
        let given = self
            .dedup_pattern
            .as_ref()
            .is_some_and(|text| !text.is_empty());
        if wanted != given {
            faults.push(Fault {
                field: "dedup_pattern".to_owned(),
                reason: match wanted {
                    true => "a pattern is needed, such as `Service Alert: (.+) is`".to_owned(),
                    false => "a pattern counts only when mails are told apart by it".to_owned(),
                },
            });
        }
        if faults.is_empty() {
            Ok(read)
        } else {
            Err(faults)
        }
    }
}

fn compile(text: &str) -> Result<Regex, String> {
    if text.len() > PATTERN_MAX {
        return Err(format!("at most {PATTERN_MAX} bytes are possible"));
    }
    let pattern = RegexBuilder::new(text)
        .size_limit(PATTERN_SIZE_MAX)
        .nest_limit(50)
        .build()
        .map_err(|error| match error {
            regex::Error::CompiledTooBig(_) => "the pattern is too large".to_owned(),
            // The last line says what is wrong; those above it show where.
            error => {
                let told = error.to_string();
                let last = told.lines().last().unwrap_or_default();
                format!("this is no pattern: {}", last.trim_start_matches("error: "))
            }
        })?;
    if pattern.is_match("") {
        return Err("the pattern matches an empty text, and so every mail".to_owned());
    }
    Ok(pattern)
}

impl ReadRules {
    /// Whether any mail can resolve.
    pub(super) fn can_resolve(&self) -> bool {
        self.resolve_subject.is_some() || self.resolve_body.is_some()
    }

    /// Whether a mail says that it is over.
    pub(super) fn resolves(&self, subject: &str, text: &str) -> bool {
        let matches = |pattern: &Option<Regex>, text: &str| {
            pattern
                .as_ref()
                .is_some_and(|pattern| pattern.is_match(matched(text)))
        };
        matches(&self.resolve_subject, subject) || matches(&self.resolve_body, text)
    }

    /// What the pattern finds in the subject, or else in the text.
    pub(super) fn captured(&self, subject: &str, text: &str) -> Option<String> {
        let pattern = self.dedup_pattern.as_ref()?;
        let found = [subject, text]
            .into_iter()
            .find_map(|text| pattern.captures(matched(text)))?;
        let group = found.get(1).or_else(|| found.get(0))?.as_str().trim();
        (!group.is_empty()).then(|| group.to_owned())
    }
}

/// The beginning of a text.
fn matched(text: &str) -> &str {
    &text[..text.floor_char_boundary(MATCHED_MAX)]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(json: &str) -> MailRules {
        serde_json::from_str(json).unwrap()
    }

    fn faults(json: &str) -> Vec<String> {
        match read(json).check() {
            Ok(_) => Vec::new(),
            Err(faults) => faults.into_iter().map(|fault| fault.field).collect(),
        }
    }

    #[test]
    fn rules_that_cannot_work_are_named() {
        assert_eq!(faults("{}"), [""; 0]);
        assert_eq!(faults(r#"{"dedup": "pattern"}"#), ["dedup_pattern"]);
        assert_eq!(faults(r#"{"dedup_pattern": "a"}"#), ["dedup_pattern"]);
        assert_eq!(faults(r#"{"resolve_subject": "("}"#), ["resolve_subject"]);
        assert_eq!(faults(r#"{"resolve_body": "a*"}"#), ["resolve_body"]);
        assert_eq!(
            faults(r#"{"resolve_body": "(\\w{500}){500}"}"#),
            ["resolve_body"]
        );
        let long = format!(r#"{{"resolve_body": "{}"}}"#, "x".repeat(PATTERN_MAX + 1));
        assert_eq!(faults(&long), ["resolve_body"]);
        assert!(serde_json::from_str::<MailRules>(r#"{"dedup": "by moon"}"#).is_err());
    }

    #[test]
    fn the_usual_pattern_knows_recovery_from_its_letters() {
        let rules = MailRules {
            resolve_subject: Some(USUAL_RECOVERY.to_owned()),
            ..MailRules::default()
        };
        let rules = rules.check().unwrap();
        for over in [
            "** RECOVERY Service Alert: web1/HTTP is OK **",
            "[OK] Disk on db1",
            "OK: \"cpu\" in EU (Ireland)",
            "Resolved: site is up",
            "[RESOLVED] HighLoad",
        ] {
            assert!(rules.resolves(over, ""), "{over}");
        }
        for not in [
            "BROKEN disk",
            "Is it okay?",
            "TOKEN expired",
            "Unresolved",
            "",
        ] {
            assert!(!rules.resolves(not, "OK"), "{not}");
        }
    }

    #[test]
    fn every_way_has_its_word() {
        for way in MailDedup::ALL {
            assert_eq!(way.as_str().parse(), Ok(way));
            assert_eq!(serde_json::to_value(way).unwrap(), way.as_str());
        }
        assert!("".parse::<MailDedup>().is_err());
        assert_eq!(serde_json::to_string(&MailRules::default()).unwrap(), "{}");
    }
}
