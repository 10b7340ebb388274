//! A postmortem as it would really be.

use domain::word::*;
use domain::{ActionItemId, Span};
use web::markdown;
use web::view::postmortem::*;
use web::view::*;

use super::incident::declared;
use super::part::swimlane;
use super::*;

pub fn postmortem(editing: bool) -> PostmortemPage {
    let section = |slug: &str, title: &str, prompt: &str, text: &str| Section {
        slug: slug.into(),
        title: title.into(),
        prompt: prompt.into(),
        html: markdown::render(text),
        required: true,
        findings: match slug {
            "summary" => vec![Finding {
                rule: "B1",
                place: "line 1".into(),
                text: "should have".into(),
                title: "what did not happen".into(),
                offer: "Tell what was known and done then; what should change is an action item."
                    .into(),
            }],
            _ => vec![],
        },
    };
    let moment = |moment: KeyMoment, label: &str, at: Option<Timestamp>| MomentRow {
        moment,
        label: label.into(),
        at,
        source: "from the timeline".into(),
        overridden: false,
        warning: None,
    };
    PostmortemPage {
        frame: frame(
            "Postmortem of INC-0041",
            Nav::Postmortems,
            "/postmortems/41",
        ),
        number: 41,
        title: "Orders database: replication lag above 5 min".into(),
        status: PostmortemStatus::Draft,
        next_statuses: vec![PostmortemStatus::InReview],
        severity: Some(IncidentSeverity::Sev2),
        revision: 7,
        updated_at: ago(1),
        owner: Some(person(2)),
        people: people_choices(),
        sections: vec![
            section(
                "summary",
                "Summary",
                "What happened in at most five sentences a newcomer understands.",
                "A schema change locked the `orders` table for 84 minutes.\n\n| Region | Users hit |\n|---|---|\n| EU | 30 % |\n| US | 2 % |",
            ),
            section(
                "impact",
                "Impact",
                "Users, requests, money, data loss yes or no.",
                "",
            ),
            section(
                "timeline",
                "Timeline",
                "Anything to say about the entries below.",
                "",
            ),
            section(
                "action_items",
                "Action items",
                "Anything to say about the actions below.",
                "All of them were talked over with the *database* team.",
            ),
            section(
                "surprises",
                "Surprises",
                "What surprised us, and what was hard?",
                "",
            ),
        ],
        editing: editing.then(|| Editing {
            slug: "impact".into(),
            body: "30 % of EU checkouts failed.".into(),
            revision: 3,
            preview: Some(markdown::render("30 % of EU checkouts failed.")),
            conflict: Some(("Bo Lindqvist".into(), "About a third failed.".into())),
            error: String::new(),
        }),
        moments: vec![
            moment(KeyMoment::ImpactStarted, "Impact started", Some(ago(104))),
            moment(KeyMoment::FirstSignal, "First signal", Some(ago(95))),
            MomentRow {
                warning: Some("before detection".into()),
                overridden: true,
                source: "set by Bo Lindqvist".into(),
                ..moment(KeyMoment::Acknowledged, "Acknowledged", Some(ago(96)))
            },
            moment(KeyMoment::Mitigated, "Mitigated", None),
        ],
        durations: vec![
            Duration {
                name: "TTD".into(),
                meaning: "Time to detect: from the start of impact".into(),
                length: Some(Span::from_seconds(540)),
            },
            Duration {
                name: "TTM".into(),
                meaning: "Time to mitigate: from the start of impact".into(),
                length: None,
            },
        ],
        swimlane: Some(swimlane()),
        timeline: declared().timeline.into_iter().rev().collect(),
        actions: vec![ActionRow {
            id: ActionItemId(17),
            name: "AI-17".into(),
            title: "Add a pre-submit check for schema changes".into(),
            kind: ActionType::Prevent,
            priority: ActionPriority::P1,
            status: ActionStatus::Open,
            owner: Some(person(2)),
            owner_id: Some(person(2).id),
            due: Some("2026-11-20".into()),
            overdue: true,
            tracker: Some("https://tracker.example/PAY-123".into()),
            done_test: Some("A change that locks a table is refused".into()),
            reason: None,
            findings: vec!["It has no owner.".into()],
        }],
        candidates: editing.then(|| {
            let entries = declared().timeline.into_iter().rev();
            entries
                .map(|entry| Candidate {
                    id: entry.id,
                    kind: entry.kind,
                    at: entry.occurred_at,
                    text: entry.text,
                    chosen: entry.kind != EntryKind::Note,
                })
                .collect()
        }),
        behind: editing,
        editing_action: editing.then_some(17),
        form: Form::new(),
        can_edit: true,
    }
}
