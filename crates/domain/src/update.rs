//! Status updates: what they say per phase, and when the next one is due (INCIDENTS.md §1.2, §4).

use crate::word::{IncidentSeverity, Phase};
use crate::{Span, Timestamp, words};

/// Longest update, in characters.
pub const TEXT_MAX: usize = 5_000;

words! {
    /// For whom an update is written.
    Audience {
        Internal = "internal",
        Public = "public",
    }
}

/// Length of the quick rhythm of a SEV1 in public (INCIDENTS.md §1.2: "then ≤20 min for 2 h").
const QUICK_FOR: Span = Span::from_hours(2);

/// How long after the last update the next is due; `None` when nothing is promised.
///
/// `age` is the time since the declaration and `updates` how many were published to this audience:
/// the first public text of a SEV1 is due within 5 min, the scope 5 min later.
pub fn cadence(
    severity: IncidentSeverity,
    audience: Audience,
    age: Span,
    updates: usize,
) -> Option<Span> {
    use IncidentSeverity::*;
    let minutes = match (severity, audience) {
        (Sev1, Audience::Public) if updates < 2 => 5,
        (Sev1, Audience::Public) if age < QUICK_FOR => 20,
        (Sev1 | Sev2, _) => 30,
        (Sev3, Audience::Internal) => 60,
        (Sev4, Audience::Internal) => 24 * 60,
        (Sev3 | Sev4, Audience::Public) | (Sev5, _) => return None,
    };
    Some(Span::from_minutes(minutes))
}

/// What the due time of the next update follows from.
#[derive(Clone, Copy, Debug)]
pub struct UpdateState {
    pub phase: Phase,
    /// `None` while undeclared, when no updates are promised.
    pub severity: Option<IncidentSeverity>,
    pub declared_at: Option<Timestamp>,
    pub last_update: Option<Timestamp>,
    /// Published to the audience so far.
    pub updates: usize,
}

/// When the next update is due. It stops at resolve and while paused.
pub fn next_update_due(state: &UpdateState, audience: Audience) -> Option<Timestamp> {
    if !crate::lifecycle::is_active(state.phase) {
        return None;
    }
    let declared_at = state.declared_at?;
    let last = state.last_update.unwrap_or(declared_at);
    let every = cadence(
        state.severity?,
        audience,
        last.since(declared_at),
        state.updates,
    )?;
    Some(last + every)
}

/// Why an update cannot be sent.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum UpdateError {
    #[error("the update is empty")]
    Empty,
    #[error("the update is longer than {TEXT_MAX} characters")]
    TooLong,
    #[error("fill in or remove {{{{{0}}}}}")]
    Unreplaced(String),
}

/// Checks a text that somebody wants to send, and returns it trimmed. A placeholder that nobody
/// replaced must never reach a reader.
pub fn check_text(text: &str) -> Result<&str, UpdateError> {
    let text = text.trim();
    if text.is_empty() {
        return Err(UpdateError::Empty);
    }
    if text.chars().count() > TEXT_MAX {
        return Err(UpdateError::TooLong);
    }
    match placeholders(text).next() {
        Some(name) => Err(UpdateError::Unreplaced(name.to_owned())),
        None => Ok(text),
    }
}

/// The names of the `{{…}}` in a text, trimmed. One that was never closed runs to its line's end.
pub fn placeholders(text: &str) -> impl Iterator<Item = &str> {
    text.split("{{").skip(1).map(|rest| {
        let end = rest
            .find("}}")
            .or_else(|| rest.find('\n'))
            .unwrap_or(rest.len());
        rest[..end].trim()
    })
}

/// Replaces `{{name}}` by the value of that name. What has no value stays, for a person to see.
/// Values are taken as they are: a `{{` inside of one is not looked at again.
pub fn fill(template: &str, values: &[(&str, &str)]) -> String {
    let mut out = String::with_capacity(template.len());
    let mut rest = template;
    while let Some(start) = rest.find("{{") {
        let Some(length) = rest[start..].find("}}") else {
            break;
        };
        let name = rest[start + 2..start + length].trim();
        out.push_str(&rest[..start]);
        match values.iter().find(|(known, _)| *known == name) {
            Some((_, value)) => out.push_str(value),
            None => out.push_str(&rest[start..start + length + 2]),
        }
        rest = &rest[start + length + 2..];
    }
    out.push_str(rest);
    out
}

/// The text to start an update from, per phase (INCIDENTS.md §4). Known names: `started`,
/// `services`, `impact`, `next_update`, `resolved`; the others are for the author.
pub const fn template(phase: Phase) -> &'static str {
    match phase {
        Phase::Triage | Phase::Investigating => {
            "Since {{started}} UTC we see {{symptom}} on {{services}}. Impact: {{impact}}. \
             We are investigating. Next update by {{next_update}} UTC."
        }
        Phase::Identified => {
            "We have found what is behind the problem with {{services}}: {{factors}}. \
             We are going to {{remedy}}. It has worked when {{sign_of_recovery}}. \
             Next update by {{next_update}} UTC."
        }
        Phase::Mitigating | Phase::Paused => {
            "We are applying a remedy on {{services}}: {{remedy}}. Impact for now: {{impact}}. \
             Next update by {{next_update}} UTC."
        }
        Phase::Monitoring => {
            "On {{services}} we did this: {{remedy}}. It looks better and we keep watching. \
             If it still fails for you: {{workaround}}. Next update by {{next_update}} UTC."
        }
        Phase::Resolved | Phase::Closed => {
            "Resolved at {{resolved}} UTC: {{services}} work normally again. \
             Data loss: {{data_loss}}. A postmortem follows by {{postmortem_date}}."
        }
        Phase::Declined | Phase::Cancelled | Phase::Merged => {
            "This was {{outcome}}. {{services}} work normally."
        }
    }
}

/// What an update's draft is filled from.
#[derive(Clone, Copy, Debug)]
pub struct DraftFacts<'a> {
    pub phase: Phase,
    pub services: &'a [String],
    pub impact: Option<&'a str>,
    pub started: Option<Timestamp>,
    pub resolved: Option<Timestamp>,
    /// When the update after this one will be due.
    pub next_update: Option<Timestamp>,
}

/// The template of the phase with everything filled in that is known.
pub fn draft(facts: &DraftFacts<'_>) -> String {
    let clock = |at: Timestamp| at.to_jiff().strftime("%H:%M").to_string();
    let services = facts.services.join(", ");
    let times = [
        ("started", facts.started.map(clock)),
        ("resolved", facts.resolved.map(clock)),
        ("next_update", facts.next_update.map(clock)),
    ];
    let mut values: Vec<(&str, &str)> = times
        .iter()
        .filter_map(|(name, value)| Some((*name, value.as_deref()?)))
        .collect();
    if !services.is_empty() {
        values.push(("services", &services));
    }
    if let Some(impact) = facts.impact.filter(|text| !text.trim().is_empty()) {
        values.push(("impact", impact.trim()));
    }
    fill(template(facts.phase), &values)
}

#[cfg(test)]
mod tests {
    use super::*;
    use IncidentSeverity::*;

    const DECLARED: Timestamp = Timestamp::from_seconds(1_000_000_000);

    fn due(
        severity: IncidentSeverity,
        audience: Audience,
        minute: i64,
        updates: usize,
    ) -> Option<i64> {
        let state = UpdateState {
            phase: Phase::Investigating,
            severity: Some(severity),
            declared_at: Some(DECLARED),
            last_update: (updates > 0).then(|| DECLARED + Span::from_minutes(minute)),
            updates,
        };
        next_update_due(&state, audience).map(|at| at.since(DECLARED).as_seconds() / 60)
    }

    #[test]
    fn the_rhythm_is_that_of_the_severity_matrix() {
        // INCIDENTS.md §1.2, "Updates internal / public".
        assert_eq!(due(Sev1, Audience::Internal, 0, 0), Some(30));
        assert_eq!(due(Sev1, Audience::Public, 0, 0), Some(5));
        assert_eq!(due(Sev1, Audience::Public, 4, 1), Some(9));
        assert_eq!(due(Sev1, Audience::Public, 10, 2), Some(30));
        assert_eq!(due(Sev1, Audience::Public, 119, 8), Some(139));
        assert_eq!(due(Sev1, Audience::Public, 120, 8), Some(150));
        assert_eq!(due(Sev2, Audience::Internal, 10, 1), Some(40));
        assert_eq!(due(Sev2, Audience::Public, 10, 1), Some(40));
        assert_eq!(due(Sev3, Audience::Internal, 0, 0), Some(60));
        assert_eq!(due(Sev3, Audience::Public, 0, 0), None);
        assert_eq!(due(Sev4, Audience::Internal, 0, 0), Some(24 * 60));
        assert_eq!(due(Sev5, Audience::Internal, 0, 0), None);
    }

    #[test]
    fn the_rhythm_stops_at_resolve() {
        let mut state = UpdateState {
            phase: Phase::Resolved,
            severity: Some(Sev1),
            declared_at: Some(DECLARED),
            last_update: None,
            updates: 0,
        };
        assert_eq!(next_update_due(&state, Audience::Internal), None);
        state.phase = Phase::Triage;
        state.severity = None;
        assert_eq!(next_update_due(&state, Audience::Internal), None);
    }

    #[test]
    fn an_unreplaced_placeholder_is_never_sent() {
        assert_eq!(check_text("  All fine. "), Ok("All fine."));
        assert_eq!(check_text(" \n"), Err(UpdateError::Empty));
        let error = check_text("Impact: {{ impact }}.").unwrap_err();
        assert_eq!(error, UpdateError::Unreplaced("impact".into()));
        assert_eq!(error.to_string(), "fill in or remove {{impact}}");
        assert!(check_text("odd {{ never closed").is_err());
        assert!(check_text("{{}}").is_err());
        assert!(check_text("a { b } is fine").is_ok());
        assert_eq!(
            check_text(&"x".repeat(TEXT_MAX + 1)),
            Err(UpdateError::TooLong)
        );
    }

    #[test]
    fn a_draft_fills_in_what_is_known_and_leaves_the_rest_visible() {
        let facts = DraftFacts {
            phase: Phase::Investigating,
            services: &["Checkout".to_owned()],
            impact: None,
            started: Some(DECLARED),
            resolved: None,
            next_update: Some(DECLARED + Span::from_minutes(30)),
        };
        assert_eq!(
            draft(&facts),
            "Since 01:46 UTC we see {{symptom}} on Checkout. Impact: {{impact}}. \
             We are investigating. Next update by 02:16 UTC."
        );
        assert!(check_text(&draft(&facts)).is_err());
        for &phase in Phase::ALL {
            assert!(template(phase).contains("{{"), "{phase}");
        }
    }

    #[test]
    fn values_are_not_filled_twice() {
        assert_eq!(
            fill("{{a}} {{b}}", &[("a", "{{b}}"), ("b", "x")]),
            "{{b}} x"
        );
        assert_eq!(fill("{{a", &[("a", "x")]), "{{a");
    }
}
