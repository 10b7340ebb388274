//! The exact Markdown of an export (INCIDENTS.md §5.4): the same revision gives the same bytes.

use serde_json::Value;

use super::inline::{cell, clean, escape, inline, slug, web_address};
use super::{ActionItem, Document, NOT_WRITTEN, Section, TimelineRow, number_text, section_kind};
use crate::Timestamp;
use crate::word::{ActionStatus, CommandRole, KeyMoment};

/// Longest slug of a title in a file name, in characters.
const SLUG_MAX: usize = 60;

/// `INC-0042-checkout-errors.postmortem.md`
pub fn file_name(document: &Document) -> String {
    let slug = slug(&document.title, SLUG_MAX);
    let separator = if slug.is_empty() { "" } else { "-" };
    format!(
        "INC-{:04}{separator}{slug}.postmortem.md",
        document.incident
    )
}

/// The whole document: UTF-8, LF, no byte order mark, a newline at the end.
pub fn export(document: &Document) -> String {
    let mut out = String::with_capacity(4096);
    front_matter(document, &mut out);
    let title = escape(&document.title);
    out.push_str(&format!("# {}: {title}\n", number_text(document.number)));
    let mut timeline_done = document.timeline.is_empty();
    let mut actions_done = document.actions.is_empty();
    for section in &document.sections {
        timeline_done |= section.slug == TIMELINE;
        actions_done |= section.slug == ACTIONS;
        push_section(document, section, &mut out);
    }
    for (slug, done) in [(TIMELINE, timeline_done), (ACTIONS, actions_done)] {
        if let (false, Some(kind)) = (done, section_kind(slug)) {
            let section = Section {
                slug: kind.slug.to_owned(),
                title: kind.title.to_owned(),
                body: String::new(),
            };
            push_section(document, &section, &mut out);
        }
    }
    out
}

const TIMELINE: &str = "timeline";
const ACTIONS: &str = "action_items";

fn front_matter(document: &Document, out: &mut String) {
    out.push_str("---\n");
    let mut line = |key: &str, value: Option<String>| {
        if let Some(value) = value {
            out.push_str(&format!("{key}: {value}\n"));
        }
    };
    line("schema", Some(quoted("postmortem/v1")));
    line("id", Some(quoted(&number_text(document.number))));
    let incident = format!("INC-{:04}", document.incident);
    line("incidents", list(&[incident]));
    line("title", Some(quoted(&document.title)));
    line("status", Some(quoted(document.status.as_str())));
    line("revision", Some(document.revision.to_string()));
    line(
        "severity",
        document.severity.map(|severity| quoted(severity.as_str())),
    );
    line("type", text(document.incident_type.as_deref()));
    line("kind", text(Some(&document.kind)));
    line("visibility", text(Some(&document.visibility)));
    line("services", list(&document.services));
    line("tags", list(&document.tags));
    for (key, moment) in [
        ("impact_started_at", KeyMoment::ImpactStarted),
        ("detected_at", KeyMoment::Detected),
        ("mitigated_at", KeyMoment::Mitigated),
        ("resolved_at", KeyMoment::Resolved),
    ] {
        let at = document.moments.get(moment);
        line(key, at.map(|at| quoted(&at.to_seconds_string())));
    }
    let durations: Vec<String> = [
        ("ttd", document.durations.ttd),
        ("tta", document.durations.tta),
        ("ttm", document.durations.ttm),
        ("ttr", document.durations.ttr),
    ]
    .into_iter()
    .filter_map(|(key, span)| Some(format!("{}: {}", quoted(key), span?.as_seconds())))
    .collect();
    line("durations_s", object(&durations));
    let roles: Vec<String> = document
        .roles
        .iter()
        .filter_map(|(role, handles)| {
            Some(format!("{}: {}", quoted(role_key(*role)), list(handles)?))
        })
        .collect();
    line("roles", object(&roles));
    line("owner", text(document.owner.as_deref()));
    line("redaction", Some(quoted("none")));
    out.push_str("---\n");
}

const fn role_key(role: CommandRole) -> &'static str {
    match role {
        CommandRole::Commander => "incident_commander",
        CommandRole::Deputy => "deputy",
        CommandRole::Scribe => "scribe",
        CommandRole::Communications => "communications_lead",
    }
}

fn text(value: Option<&str>) -> Option<String> {
    value.filter(|text| !text.is_empty()).map(quoted)
}

fn list(values: &[String]) -> Option<String> {
    if values.is_empty() {
        return None;
    }
    let quoted: Vec<String> = values.iter().map(|value| quoted(value)).collect();
    Some(format!("[{}]", quoted.join(", ")))
}

fn object(members: &[String]) -> Option<String> {
    (!members.is_empty()).then(|| format!("{{{}}}", members.join(", ")))
}

/// A JSON string that is a double-quoted YAML scalar as well: what YAML does not print, or takes for
/// a line end, is written as `\u…`.
fn quoted(value: &str) -> String {
    let json = Value::from(value).to_string();
    let mut out = String::with_capacity(json.len());
    for c in json.chars() {
        match c {
            '\u{7f}'..='\u{9f}'
            | '\u{2028}'
            | '\u{2029}'
            | '\u{feff}'
            | '\u{fffe}'
            | '\u{ffff}' => {
                out.push_str(&format!("\\u{:04x}", u32::from(c)));
            }
            _ => out.push(c),
        }
    }
    out
}

fn push_section(document: &Document, section: &Section, out: &mut String) {
    let kind = section_kind(&section.slug);
    let extra = match section.slug.as_str() {
        TIMELINE => timeline(&document.timeline),
        ACTIONS => actions(&document.actions),
        _ => String::new(),
    };
    let body = section.body.as_str();
    if body.is_empty() && extra.is_empty() && !kind.is_some_and(|kind| kind.required) {
        return;
    }
    let slug = safe_slug(&section.slug);
    let mut title = escape(&section.title);
    if title.is_empty() {
        title = escape(&slug);
    }
    out.push_str(&format!("<!-- section: {slug} -->\n## {title}\n"));
    match (body.is_empty(), extra.is_empty()) {
        (true, true) => {
            out.push_str(NOT_WRITTEN);
            out.push('\n');
        }
        (true, false) => out.push_str(&extra),
        (false, true) => {
            out.push_str(body);
            out.push('\n');
        }
        (false, false) => {
            out.push_str(body);
            out.push_str("\n\n");
            out.push_str(&extra);
        }
    }
}

fn safe_slug(slug: &str) -> String {
    let slug: String = slug
        .chars()
        .map(|c| match c.to_ascii_lowercase() {
            c @ ('a'..='z' | '0'..='9' | '_') => c,
            _ => '_',
        })
        .collect();
    if slug.is_empty() {
        "section".to_owned()
    } else {
        slug
    }
}

fn timeline(rows: &[TimelineRow]) -> String {
    if rows.is_empty() {
        return String::new();
    }
    let mut rows: Vec<&TimelineRow> = rows.iter().collect();
    rows.sort_by_key(|row| row.at);
    let mut out =
        "| Time (UTC) | Kind | Event | By | Evidence |\n|---|---|---|---|---|\n".to_owned();
    for row in rows {
        let mut event = cell(&row.text);
        if !event.is_empty() {
            event.push(' ');
        }
        event.push_str(&format!("<!-- ev: {} -->", row.id));
        let evidence = row.evidence.as_ref().map(|evidence| {
            let caption = escape(&evidence.caption);
            match web_address(&evidence.url) {
                Some(url) if caption.is_empty() => format!("<{url}>"),
                Some(url) => format!("[{caption}]({url})"),
                None => format!("{caption} {}", escape(&evidence.url)),
            }
        });
        let cells = [
            time(row.at),
            cell(&row.kind),
            event,
            cell(&row.by),
            evidence.unwrap_or_default(),
        ];
        out.push('|');
        for content in cells {
            if !content.is_empty() {
                out.push(' ');
                out.push_str(&content);
            }
            out.push_str(" |");
        }
        out.push('\n');
    }
    out
}

/// `2026-03-14 09:06:12`
fn time(at: Timestamp) -> String {
    at.to_jiff().strftime("%Y-%m-%d %H:%M:%S").to_string()
}

fn actions(items: &[ActionItem]) -> String {
    let mut out = String::new();
    for item in items {
        let done = item.status == ActionStatus::Done;
        let title = inline(&item.title);
        out.push_str(&format!(
            "- [{}] **AI-{}** {title}\n",
            if done { 'x' } else { ' ' },
            item.number,
        ));
        let mut line = |key: &str, value: Option<String>| {
            if let Some(value) = value.filter(|value| !value.is_empty()) {
                out.push_str(&format!("  - {key}: {value}\n"));
            }
        };
        line("type", Some(item.kind.to_string()));
        line("priority", Some(item.priority.to_string()));
        line("owner", item.owner.as_deref().map(inline));
        line("due", item.due.map(|date| date.to_string()));
        let tracker = item.tracker.as_deref().map(clean);
        line(
            "tracker",
            tracker.map(|link| match web_address(&link) {
                Some(url) => format!("<{url}>"),
                None => inline(&link),
            }),
        );
        line("done_test", item.done_test.as_deref().map(inline));
        // The box says open or done; the two states between are named.
        let between = matches!(item.status, ActionStatus::InProgress | ActionStatus::WontDo);
        line("status", between.then(|| item.status.to_string()));
        line("reason", item.reason.as_deref().map(inline));
    }
    out
}

#[cfg(test)]
#[path = "export_tests.rs"]
mod tests;
