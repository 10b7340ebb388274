use super::*;
use crate::moment::{Durations, Moments};
use crate::postmortem::{Evidence, normalise};
use crate::word::*;
use crate::{Span, TimelineEntryId, Timestamp};
use proptest::prelude::*;

fn at(clock: &str) -> Timestamp {
    Timestamp::parse(&format!("2026-03-14T{clock}Z")).unwrap()
}

fn section(slug: &str, title: &str, body: &str) -> Section {
    Section {
        slug: slug.into(),
        title: title.into(),
        body: normalise(body),
    }
}

/// The example of INCIDENTS.md §5.4.
fn example() -> Document {
    let mut moments = Moments::default();
    for (moment, clock) in [
        (KeyMoment::ImpactStarted, "09:02:00"),
        (KeyMoment::Detected, "09:06:12"),
        (KeyMoment::FirstPage, "09:06:13"),
        (KeyMoment::Acknowledged, "09:07:48"),
        (KeyMoment::Mitigated, "09:31:00"),
        (KeyMoment::Resolved, "10:05:00"),
    ] {
        moments.fill(moment, at(clock));
    }
    let durations = moments.durations(None, &[], at("12:00:00"));
    let row = |id, clock, kind: &str, text: &str, by: &str, evidence| TimelineRow {
        id: TimelineEntryId(id),
        at: at(clock),
        kind: kind.into(),
        text: text.into(),
        by: by.into(),
        evidence,
    };
    Document {
        number: 42,
        incident: 42,
        title: "Checkout errors after schema change".into(),
        status: PostmortemStatus::Approved,
        revision: 7,
        severity: Some(IncidentSeverity::Sev2),
        incident_type: Some("change-induced".into()),
        kind: "real".into(),
        visibility: "internal".into(),
        services: vec!["checkout".into(), "orders-db".into()],
        tags: vec!["schema".into()],
        moments,
        durations,
        roles: vec![
            (CommandRole::Commander, vec!["@ana".into()]),
            (CommandRole::Scribe, vec!["@bo".into()]),
        ],
        owner: Some("@bo".into()),
        sections: vec![
            section(
                "summary",
                "Summary",
                "Checkout failed for one user in five for 63 minutes.",
            ),
            section("impact", "Impact", ""),
            section("background", "Background", ""),
            section(
                "contributing_factors",
                "Contributing factors",
                "# Change\r\nAn index was dropped.\n\n## Evidence\n\n```sql\nDROP INDEX orders_by_user;",
            ),
            section("timeline", "Timeline", ""),
            section(
                "action_items",
                "Action items",
                "Two of three are about checks.",
            ),
            section(
                "vendor_notes",
                "Vendor & notes",
                "A section of the author's own.",
            ),
        ],
        timeline: vec![
            row(
                902,
                "09:31:00",
                "note",
                "Rolled back\nwith `a | b`",
                "@ana",
                None,
            ),
            row(
                901,
                "09:06:12",
                "detected",
                "Burn alert fired",
                "system",
                Some(Evidence {
                    caption: "graph".into(),
                    url: "https://g.example/x".into(),
                }),
            ),
        ],
        actions: vec![
            ActionItem {
                number: 17,
                title: "Add a pre-submit check for schema changes".into(),
                kind: ActionType::Prevent,
                priority: ActionPriority::P0,
                owner: Some("team:payments".into()),
                due: Some(jiff::civil::date(2026, 4, 13)),
                tracker: Some("https://tracker.example/PAY-123".into()),
                status: ActionStatus::Open,
                done_test: None,
                reason: None,
            },
            ActionItem {
                number: 18,
                title: "Alert on slow `orders` queries".into(),
                kind: ActionType::Detect,
                priority: ActionPriority::P2,
                owner: None,
                due: None,
                tracker: None,
                status: ActionStatus::Done,
                done_test: Some("The alert fires in a drill".into()),
                reason: None,
            },
            ActionItem {
                number: 19,
                title: "Buy a second database".into(),
                kind: ActionType::Mitigate,
                priority: ActionPriority::P3,
                owner: Some("@bo".into()),
                due: None,
                tracker: None,
                status: ActionStatus::WontDo,
                done_test: None,
                reason: Some("One is enough".into()),
            },
        ],
    }
}

#[test]
fn the_export_is_the_golden_file() {
    let golden = include_str!("../../tests/golden/INC-0042-checkout-errors.postmortem.md");
    let exported = export(&example());
    assert_eq!(exported, golden);
    assert_eq!(export(&example()), exported, "same bytes each time");
    assert!(!exported.contains('\r') && exported.ends_with('\n'));
}

#[test]
fn what_is_unknown_is_absent() {
    let mut document = example();
    document.severity = None;
    document.incident_type = None;
    document.services.clear();
    document.tags.clear();
    document.moments = Moments::default();
    document.durations = Durations::default();
    document.roles.clear();
    document.owner = None;
    let exported = export(&document);
    let front = exported.split("---\n").nth(1).unwrap();
    let keys: Vec<&str> = front
        .lines()
        .map(|l| l.split(':').next().unwrap())
        .collect();
    assert_eq!(
        keys,
        [
            "schema",
            "id",
            "incidents",
            "title",
            "status",
            "revision",
            "kind",
            "visibility",
            "redaction"
        ]
    );
    assert!(!front.contains("null"));
}

#[test]
fn rows_and_actions_are_never_left_out() {
    let mut document = example();
    document.sections.clear();
    let exported = export(&document);
    assert!(exported.contains("<!-- section: timeline -->\n## Timeline\n| Time (UTC) |"));
    assert!(exported.contains("<!-- section: action_items -->\n## Action items\n- [ ] **AI-17**"));
}

#[test]
fn file_names_are_short_ascii() {
    let mut document = example();
    document.title = "Checkout errors".into();
    assert_eq!(
        file_name(&document),
        "INC-0042-checkout-errors.postmortem.md"
    );
    document.title = "停電".into();
    assert_eq!(file_name(&document), "INC-0042.postmortem.md");
    document.title = "é ".repeat(100);
    assert_eq!(
        file_name(&document).len(),
        "INC-0042-".len() + 59 + ".postmortem.md".len()
    );
}

#[test]
fn front_matter_strings_have_no_line_ends_of_yaml() {
    assert_eq!(
        quoted("a\"b\\c\n\u{85}\u{2028}\u{feff}ü"),
        "\"a\\\"b\\\\c\\n\\u0085\\u2028\\ufeffü\""
    );
}

/// Headings by level and text, rows of tables, as an independent reading of the export sees them.
fn outline(markdown: &str) -> (Vec<(u32, String)>, usize) {
    use pulldown_cmark::{Event, Options, Parser, Tag, TagEnd};
    let body = markdown.splitn(3, "---\n").nth(2).unwrap();
    let (mut headings, mut rows, mut open) = (Vec::new(), 0, None);
    for event in Parser::new_ext(body, Options::ENABLE_TABLES) {
        match event {
            Event::Start(Tag::Heading { level, .. }) => open = Some((level as u32, String::new())),
            Event::End(TagEnd::Heading(_)) => headings.extend(open.take()),
            Event::End(TagEnd::TableRow) => rows += 1,
            Event::Text(text) => {
                if let Some((_, read)) = &mut open {
                    read.push_str(&text);
                }
            }
            _ => {}
        }
    }
    (headings, rows)
}

proptest! {
    #[test]
    fn the_section_tree_is_that_of_the_document(
        title in "[ -~é]{0,40}",
        body in "[a-z#`|<>!\\- \n\r=\\[\\]:*~]{0,80}",
        row in any::<String>(),
        action in any::<String>(),
    ) {
        let mut document = example();
        document.title = title.clone();
        for section in &mut document.sections {
            section.body = normalise(&body);
        }
        document.timeline[0].text = row.clone();
        document.timeline[0].by = row;
        document.actions[0].title = action.clone();
        document.actions[0].owner = Some(action);
        let exported = export(&document);
        let (headings, rows) = outline(&exported);
        let top: Vec<&str> = headings
            .iter()
            .filter(|(level, _)| *level <= 2)
            .map(|(_, text)| text.as_str())
            .collect();
        let empty = normalise(&body).is_empty();
        let mut expected = vec!["Summary"];
        if !empty {
            expected.push("Background");
        }
        expected.insert(1, "Impact");
        expected.extend(["Contributing factors", "Timeline", "Action items"]);
        if !empty {
            expected.push("Vendor & notes");
        }
        prop_assert_eq!(&top[1..], &expected[..], "{}", exported);
        let words = title.split_whitespace().collect::<Vec<_>>().join(" ");
        let heading = format!("PM-0042: {words}");
        prop_assert_eq!(top[0].trim_end(), heading.trim_end());
        if !body.contains('|') {
            prop_assert_eq!(rows, 2, "{}", exported);
        }
        // Each line of the front matter is JSON behind its key.
        let front = exported.split("---\n").nth(1).unwrap();
        if !title.contains("---") {
            for line in front.lines() {
                let (_, json) = line.split_once(": ").unwrap();
                prop_assert!(serde_json::from_str::<Value>(json).is_ok(), "{}", line);
            }
        }
        prop_assert_eq!(document.durations.ttd, Some(Span::from_seconds(252)));
    }
}
