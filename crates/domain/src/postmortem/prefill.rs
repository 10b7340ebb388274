//! What a new postmortem knows already: the incident's own facts, so that people only add what only
//! people know (INCIDENTS.md §5.1).

use super::inline::{escape, inline};
use super::{Evidence, STANDARD, Section, TimelineRow, normalise};
use crate::command::role_title;
use crate::moment::{Durations, Moments, title};
use crate::word::{CommandRole, EntryKind, IncidentSeverity, KeyMoment};
use crate::{TimelineEntryId, Timestamp};

/// An incident, as its postmortem begins with it.
#[derive(Clone, Debug)]
pub struct Facts<'a> {
    pub title: &'a str,
    pub severity: Option<IncidentSeverity>,
    /// Names of the services hit.
    pub services: &'a [String],
    /// What users noticed, if somebody wrote it down.
    pub impact: Option<&'a str>,
    pub moments: &'a Moments,
    pub durations: &'a Durations,
    /// Who held which role, as handles.
    pub roles: &'a [(CommandRole, Vec<String>)],
    /// The newest status update.
    pub last_update: Option<&'a str>,
}

/// The sections of the standard template with everything filled in that the incident tells.
pub fn sections(facts: &Facts<'_>) -> Vec<Section> {
    STANDARD
        .iter()
        .map(|kind| Section {
            slug: kind.slug.to_owned(),
            title: kind.title.to_owned(),
            body: normalise(&match kind.slug {
                "summary" => summary(facts),
                "impact" => impact(facts),
                "detection" => detection(facts),
                "response" => response(facts),
                "resolution" => resolution(facts),
                _ => String::new(),
            }),
        })
        .collect()
}

fn date_time(at: Timestamp) -> String {
    at.to_jiff().strftime("%Y-%m-%d %H:%M:%S UTC").to_string()
}

fn summary(facts: &Facts<'_>) -> String {
    let mut out = escape(facts.title);
    if let Some(severity) = facts.severity {
        out.push_str(&format!(" ({severity})"));
    }
    if !facts.services.is_empty() {
        let services: Vec<String> = facts.services.iter().map(|name| escape(name)).collect();
        out.push_str(&format!(" hit {}", services.join(", ")));
    }
    let began = facts
        .moments
        .get(KeyMoment::ImpactStarted)
        .or_else(|| facts.moments.get(KeyMoment::Detected));
    if let Some(began) = began {
        out.push_str(&format!(" from {}", date_time(began)));
    }
    if let Some(resolved) = facts.moments.get(KeyMoment::Resolved) {
        out.push_str(&format!(" until {}", date_time(resolved)));
    }
    out.push('.');
    out
}

fn impact(facts: &Facts<'_>) -> String {
    let mut out = String::new();
    if let Some(text) = facts.impact {
        out.push_str(text.trim());
        out.push_str("\n\n");
    }
    for moment in [
        KeyMoment::ImpactStarted,
        KeyMoment::Mitigated,
        KeyMoment::ImpactEnded,
        KeyMoment::Resolved,
    ] {
        if let Some(at) = facts.moments.get(moment) {
            out.push_str(&format!("- {}: {}\n", title(moment), date_time(at)));
        }
    }
    if let Some(impact) = facts.durations.impact {
        out.push_str(&format!("- Users were hit for {impact}\n"));
    }
    out.push_str(
        "- Users, requests, money, support contacts: \n- Data lost or exposed (yes/no): \n",
    );
    out
}

fn detection(facts: &Facts<'_>) -> String {
    let mut out = String::new();
    for moment in [KeyMoment::FirstSignal, KeyMoment::Detected] {
        if let Some(at) = facts.moments.get(moment) {
            out.push_str(&format!("- {}: {}\n", title(moment), date_time(at)));
        }
    }
    if facts.durations.caught_before_impact {
        out.push_str("- Caught before impact\n");
    } else if let Some(ttd) = facts.durations.ttd {
        out.push_str(&format!("- Time to detect: {ttd}\n"));
    }
    out
}

fn response(facts: &Facts<'_>) -> String {
    let mut out = String::new();
    for (role, handles) in facts.roles {
        if !handles.is_empty() {
            let handles: Vec<String> = handles.iter().map(|handle| escape(handle)).collect();
            out.push_str(&format!(
                "- {}: {}\n",
                role_title(*role),
                handles.join(", then ")
            ));
        }
    }
    for (name, span) in [
        ("Time to acknowledge", facts.durations.tta),
        ("Time to engage", facts.durations.tte),
        ("Detected to declared", facts.durations.to_declare),
    ] {
        if let Some(span) = span {
            out.push_str(&format!("- {name}: {span}\n"));
        }
    }
    out
}

fn resolution(facts: &Facts<'_>) -> String {
    let mut out = String::new();
    for (name, span) in [
        ("Time to mitigate", facts.durations.ttm),
        ("Time to resolve", facts.durations.ttr),
    ] {
        if let Some(span) = span {
            out.push_str(&format!("- {name}: {span}\n"));
        }
    }
    if let Some(update) = facts.last_update {
        // In a quote: these are the words of that hour, not the author's.
        out.push_str(&format!("\nLast status update:\n\n> {}\n", inline(update)));
    }
    out
}

/// A timeline entry that may become a row.
#[derive(Clone, Debug)]
pub struct Entry {
    pub id: TimelineEntryId,
    pub kind: EntryKind,
    pub occurred_at: Timestamp,
    pub recorded_at: Timestamp,
    pub text: String,
    /// Handle, or `system`.
    pub by: String,
    pub evidence: Option<Evidence>,
    /// Goes in whatever its kind.
    pub pinned: bool,
    /// Kept in the incident, never exported.
    pub hidden: bool,
}

/// The rows of a postmortem's timeline: what a reader needs, in the order
/// (occurred, recorded, id). The machinery of paging stays in the incident.
pub fn timeline_rows(entries: &[Entry]) -> Vec<TimelineRow> {
    let mut chosen: Vec<&Entry> = entries
        .iter()
        .filter(|entry| !entry.hidden && (entry.pinned || tells(entry.kind)))
        .collect();
    chosen.sort_by_key(|entry| (entry.occurred_at, entry.recorded_at, entry.id));
    chosen
        .into_iter()
        .map(|entry| TimelineRow {
            id: entry.id,
            at: entry.occurred_at,
            kind: entry.kind.to_string(),
            text: entry.text.clone(),
            by: entry.by.clone(),
            evidence: entry.evidence.clone(),
        })
        .collect()
}

const fn tells(kind: EntryKind) -> bool {
    !matches!(
        kind,
        EntryKind::AlertJoined
            | EntryKind::EscalationStarted
            | EntryKind::StepExecuted
            | EntryKind::StepSkipped
            | EntryKind::Repeated
            | EntryKind::NotificationSent
            | EntryKind::NotificationDelivered
            | EntryKind::SnoozeEnded
            | EntryKind::TitleChanged
            | EntryKind::HandoverProposed
            | EntryKind::HandoverDeclined
            | EntryKind::HandoverExpired
            | EntryKind::PostmortemStarted
            | EntryKind::KeyMomentSet
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Span;

    #[test]
    fn what_the_incident_knows_is_filled_in() {
        let start = Timestamp::parse("2026-03-14T09:02:00Z").unwrap();
        let mut moments = Moments::default();
        moments.fill(KeyMoment::ImpactStarted, start);
        moments.fill(KeyMoment::Detected, start + Span::from_seconds(252));
        moments.fill(KeyMoment::Resolved, start + Span::from_minutes(63));
        let durations = moments.durations(None, &[], start + Span::from_hours(2));
        let facts = Facts {
            title: "Checkout <errors>",
            severity: Some(IncidentSeverity::Sev2),
            services: &["Checkout".into(), "orders_db".into()],
            impact: None,
            moments: &moments,
            durations: &durations,
            roles: &[(CommandRole::Commander, vec!["@ana".into(), "@bo".into()])],
            last_update: Some("All is\nwell <b>"),
        };
        let sections = sections(&facts);
        let body = |slug: &str| {
            let section = sections.iter().find(|section| section.slug == slug);
            section.unwrap().body.clone()
        };
        assert_eq!(
            body("summary"),
            "Checkout \\<errors> (SEV2) hit Checkout, orders_db \
             from 2026-03-14 09:02:00 UTC until 2026-03-14 10:05:00 UTC."
        );
        assert!(body("detection").contains("- Time to detect: 4 m 12 s"));
        assert_eq!(body("response"), "- Incident commander: @ana, then @bo");
        assert!(body("resolution").ends_with("> All is well &lt;b>"));
        assert!(body("impact").contains("- Impact started: 2026-03-14 09:02:00 UTC\n"));
        assert!(!body("impact").contains("Mitigated"), "nothing is invented");
        assert_eq!(body("lessons"), "");
    }

    #[test]
    fn rows_are_what_a_reader_needs_in_order() {
        let at = Timestamp::from_seconds(1_000);
        let entry = |id, kind, second| Entry {
            id: TimelineEntryId(id),
            kind,
            occurred_at: at + Span::from_seconds(second),
            recorded_at: at,
            text: format!("entry {id}"),
            by: "system".into(),
            evidence: None,
            pinned: false,
            hidden: false,
        };
        let mut pinned = entry(5, EntryKind::NotificationSent, 1);
        pinned.pinned = true;
        let mut hidden = entry(6, EntryKind::Note, 1);
        hidden.hidden = true;
        let rows = timeline_rows(&[
            entry(3, EntryKind::Note, 9),
            entry(2, EntryKind::Note, 0),
            entry(1, EntryKind::AlertOpened, 0),
            entry(4, EntryKind::NotificationSent, 0),
            pinned,
            hidden,
        ]);
        let ids: Vec<i64> = rows.iter().map(|row| row.id.0).collect();
        assert_eq!(ids, [1, 2, 5, 3]);
        assert_eq!(rows[0].kind, "alert_opened");
    }
}
