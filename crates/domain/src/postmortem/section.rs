//! The sections of a postmortem: the superset of INCIDENTS.md §5.1, depth *standard*.

/// What stands in a required section that nobody has written.
pub const NOT_WRITTEN: &str = "_Not written yet._";

/// A section of the template.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SectionKind {
    pub slug: &'static str,
    pub title: &'static str,
    /// Shown to the author while the section is empty; never stored.
    pub prompt: &'static str,
    /// Exported even when empty, so that the gap is seen.
    pub required: bool,
}

const fn required(slug: &'static str, title: &'static str, prompt: &'static str) -> SectionKind {
    SectionKind {
        slug,
        title,
        prompt,
        required: true,
    }
}

const fn optional(slug: &'static str, title: &'static str, prompt: &'static str) -> SectionKind {
    SectionKind {
        slug,
        title,
        prompt,
        required: false,
    }
}

/// The sections of the *standard* template, in reading order. Slugs never change.
pub const STANDARD: [SectionKind; 15] = [
    required(
        "summary",
        "Summary",
        "At most five sentences that somebody new to the service understands: what broke, for whom, \
         for how long, what ended it.",
    ),
    required(
        "impact",
        "Impact",
        "How many users or requests, how much money, how many support contacts? Was data lost or \
         exposed: yes or no?",
    ),
    optional(
        "background",
        "Background",
        "What was normal before, and what had changed?",
    ),
    required(
        "what_happened",
        "What happened",
        "Tell it forward in time, with what people knew at each moment. No remedies here.",
    ),
    required(
        "detection",
        "Detection",
        "Which signal told us? Which one should have, and was silent? How could the time be halved?",
    ),
    optional(
        "response",
        "Response",
        "Who was engaged and when, what was delayed, how was command handed over?",
    ),
    optional(
        "trigger",
        "Trigger",
        "The event that set it off. It is rarely the cause.",
    ),
    required(
        "contributing_factors",
        "Contributing factors",
        "One item per factor: category, evidence, and how it made sense at the time. \
         There are several.",
    ),
    optional("mitigators", "Mitigators", "What kept it from being worse?"),
    required(
        "resolution",
        "Resolution",
        "What ended the impact, and how was that verified? What is temporary?",
    ),
    optional(
        "surprises",
        "Surprises",
        "What surprised us? What was hard? What differed from our picture of the system?",
    ),
    required(
        "lessons",
        "Lessons",
        "What went well, what went poorly, where were we lucky? Has it happened before?",
    ),
    required(
        "timeline",
        "Timeline",
        "Anything to say about the entries below.",
    ),
    required(
        "action_items",
        "Action items",
        "Anything to say about the actions below.",
    ),
    optional(
        "supporting",
        "Supporting information",
        "Graphs, links, related incidents, open questions.",
    ),
];

/// The template's section with this slug; `None` for an author's own section.
pub fn section_kind(slug: &str) -> Option<&'static SectionKind> {
    STANDARD.iter().find(|kind| kind.slug == slug)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slugs_are_unique_and_plain() {
        let mut slugs: Vec<_> = STANDARD.iter().map(|kind| kind.slug).collect();
        assert!(
            slugs
                .iter()
                .all(|slug| slug.bytes().all(|b| b.is_ascii_lowercase() || b == b'_'))
        );
        slugs.sort_unstable();
        slugs.dedup();
        assert_eq!(slugs.len(), STANDARD.len());
        assert!(section_kind("summary").unwrap().required);
        assert_eq!(section_kind("my_own"), None);
    }
}
