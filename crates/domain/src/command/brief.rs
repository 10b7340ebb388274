//! What the outgoing person tells the incoming one (INCIDENTS.md §2.2).

use super::role_title;
use crate::Timestamp;
use crate::word::{CommandRole, IncidentSeverity, Phase};

/// What a hand-over brief is filled from. Names and texts as people should read them.
#[derive(Clone, Debug, Default)]
pub struct BriefFacts<'a> {
    pub incident: i64,
    pub title: &'a str,
    pub severity: Option<IncidentSeverity>,
    pub phase: Option<Phase>,
    pub open_since: Option<Timestamp>,
    /// What users notice.
    pub impact: Option<&'a str>,
    pub roles: &'a [(CommandRole, String)],
    /// People engaged, for whom relief may be due.
    pub engaged: &'a [String],
    pub last_update: Option<(Timestamp, &'a str)>,
    pub next_update_due: Option<Timestamp>,
    /// The newest notes and actions, newest last.
    pub recent: &'a [(Timestamp, String)],
    pub links: &'a [String],
}

/// The text the outgoing person starts from: what is known is filled in, what only a person knows
/// is asked for.
pub fn handover_brief(facts: &BriefFacts<'_>, now: Timestamp) -> String {
    let mut out = format!("**INC-{:04}: {}**\n\n", facts.incident, line(facts.title));
    let severity = facts
        .severity
        .map_or("severity not set", |severity| severity.as_str());
    out.push_str(&format!("- State: {severity}"));
    if let Some(phase) = facts.phase {
        out.push_str(&format!(", {phase}"));
    }
    if let Some(since) = facts.open_since {
        out.push_str(&format!(", open for {}", now.since(since)));
    }
    out.push_str(&format!(
        "\n- Impact: {}\n",
        facts
            .impact
            .map_or("(what do users notice?)".into(), |text| { line(text) })
    ));
    for (role, name) in facts.roles {
        out.push_str(&format!("- {}: {name}\n", role_title(*role)));
    }
    out.push_str(
        "- Hypotheses open: \n- Hypotheses eliminated: \n- Actions in flight, until when: \n",
    );
    match facts.last_update {
        Some((at, text)) => out.push_str(&format!(
            "- Last update ({} UTC): {}\n",
            clock(at),
            line(text)
        )),
        None => out.push_str("- Last update: none yet\n"),
    }
    if let Some(due) = facts.next_update_due {
        out.push_str(&format!("- Next update due: {} UTC\n", clock(due)));
    }
    if facts.engaged.is_empty() {
        out.push_str("- Needs relief: \n");
    } else {
        out.push_str(&format!(
            "- Engaged: {}; needs relief: \n",
            facts.engaged.join(", ")
        ));
    }
    if !facts.recent.is_empty() {
        out.push_str("\nLately:\n\n");
        for (at, text) in facts.recent {
            out.push_str(&format!("- {} UTC: {}\n", clock(*at), line(text)));
        }
    }
    if !facts.links.is_empty() {
        out.push_str("\nLinks:\n\n");
        for link in facts.links {
            out.push_str(&format!("- <{link}>\n"));
        }
    }
    out
}

fn clock(at: Timestamp) -> String {
    at.to_jiff().strftime("%H:%M").to_string()
}

fn line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}
