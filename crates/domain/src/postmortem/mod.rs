//! The postmortem: its document, what goes in, who approves it and how it leaves (INCIDENTS.md §5).

pub mod action;
mod export;
pub mod inline;
pub mod lint;
mod normalise;
pub mod prefill;
mod section;
pub mod workflow;

use serde::{Deserialize, Serialize};

pub use action::ActionItem;
pub use export::{export, file_name};
pub use normalise::normalise;
pub use section::{NOT_WRITTEN, STANDARD, SectionKind, section_kind};

use crate::moment::{Durations, Moments};
use crate::word::{CommandRole, IncidentSeverity, PostmortemStatus};
use crate::{TimelineEntryId, Timestamp};

/// One postmortem with everything its export holds.
#[derive(Clone, Debug, PartialEq)]
pub struct Document {
    /// `PM-0042`
    pub number: i64,
    /// Number of the incident, `INC-0042`.
    pub incident: i64,
    pub title: String,
    pub status: PostmortemStatus,
    pub revision: i64,
    pub severity: Option<IncidentSeverity>,
    /// `change-induced`, `capacity`, …
    pub incident_type: Option<String>,
    /// `real` or `drill`.
    pub kind: String,
    /// `internal`, …
    pub visibility: String,
    pub services: Vec<String>,
    pub tags: Vec<String>,
    pub moments: Moments,
    pub durations: Durations,
    /// Who held which role, as handles, in the order of holding.
    pub roles: Vec<(CommandRole, Vec<String>)>,
    /// Handle of the person who writes it.
    pub owner: Option<String>,
    /// In the order in which they are read.
    pub sections: Vec<Section>,
    pub timeline: Vec<TimelineRow>,
    pub actions: Vec<ActionItem>,
}

/// One section. `body` is Markdown that went through [`normalise`] when it was saved.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Section {
    /// Lower-case letters, digits and `_`; stable, unlike the title.
    pub slug: String,
    pub title: String,
    pub body: String,
}

/// One row of the timeline's table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TimelineRow {
    pub id: TimelineEntryId,
    pub at: Timestamp,
    pub kind: String,
    /// Inline Markdown; line breaks are kept.
    pub text: String,
    pub by: String,
    pub evidence: Option<Evidence>,
}

/// What shows that an entry is true: a link with a caption.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Evidence {
    pub caption: String,
    pub url: String,
}

/// `PM-0042`
pub fn number_text(number: i64) -> String {
    format!("PM-{number:04}")
}

/// A person as exports name them: the local part of the address, else the name as a slug.
pub fn handle(name: &str, email: &str) -> String {
    let local = email.split('@').next().unwrap_or_default();
    let kept: String = local
        .chars()
        .filter(|c| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-'))
        .collect::<String>()
        .to_ascii_lowercase();
    if kept.is_empty() {
        let slug = inline::slug(name, 30);
        format!("@{}", if slug.is_empty() { "unknown" } else { &slug })
    } else {
        format!("@{kept}")
    }
}

/// Whether resolving creates the postmortem by itself (INCIDENTS.md §5.3): SEV1–2, or reopened.
pub fn is_created_at_resolve(severity: Option<IncidentSeverity>, reopened: bool) -> bool {
    severity.is_some_and(|severity| severity <= IncidentSeverity::Sev2 || reopened)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn handles_are_local_parts_or_slugs() {
        assert_eq!(handle("Ana Lima", "Ana.L@example.com"), "@ana.l");
        assert_eq!(handle("Ana Lima", ""), "@ana-lima");
        assert_eq!(handle("名前", ""), "@unknown");
        assert_eq!(number_text(42), "PM-0042");
    }

    #[test]
    fn grave_and_reopened_incidents_get_one_by_themselves() {
        use IncidentSeverity::*;
        assert!(is_created_at_resolve(Some(Sev2), false));
        assert!(!is_created_at_resolve(Some(Sev3), false));
        assert!(is_created_at_resolve(Some(Sev3), true));
        assert!(
            !is_created_at_resolve(None, true),
            "never declared, nothing to learn from yet"
        );
    }
}
