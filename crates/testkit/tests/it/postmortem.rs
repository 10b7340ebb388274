//! The independent parsers agree with a well-formed export and refuse others.

use serde_json::json;
use testkit::postmortem::{Heading, parse};

const EXPORT: &str = r#"---
schema: "postmortem/v1"
incidents: ["INC-0042"]
title: "Checkout: \"errors\" after # change"
revision: 7
durations_s: {"ttd": 252, "tta": 95}
---
# PM-0042: Checkout errors after change
<!-- section: summary -->
## Summary
A fence hides what looks like a heading:
```
## Not a heading
<!-- section: fake -->
```
<!-- section: action_items -->
## Action *items* and `code`
- [ ] **AI-17** Add a check
"#;

#[test]
fn keys_values_headings_and_sections_are_found() {
    let parsed = parse(EXPORT);
    assert_eq!(
        parsed.keys,
        ["schema", "incidents", "title", "revision", "durations_s"]
    );
    assert_eq!(
        parsed.front_matter["title"],
        r#"Checkout: "errors" after # change"#
    );
    assert_eq!(
        parsed.front_matter["durations_s"],
        json!({ "ttd": 252, "tta": 95 })
    );
    let heading = |level, text: &str| Heading {
        level,
        text: text.to_owned(),
    };
    assert_eq!(
        parsed.headings,
        [
            heading(1, "PM-0042: Checkout errors after change"),
            heading(2, "Summary"),
            heading(2, "Action items and code"),
        ]
    );
    assert_eq!(parsed.sections, ["summary", "action_items"]);
}

#[test]
fn malformed_exports_are_refused() {
    for (broken, why) in [
        (EXPORT.replacen("---\n", "", 1), "begin with front matter"),
        (EXPORT.replace('\n', "\r\n"), "carriage return"),
        (format!("\u{feff}{EXPORT}"), "byte order mark"),
        (EXPORT.trim_end().to_owned(), "end with a newline"),
        (
            EXPORT.replace("revision: 7", "revision: 8\nrevision: 8"),
            "not a single",
        ),
        (
            EXPORT.replace("revision: 7", "revision: seven"),
            "JSONDecodeError",
        ),
    ] {
        let panic = std::panic::catch_unwind(|| parse(&broken)).unwrap_err();
        let message = panic.downcast_ref::<String>().unwrap();
        assert!(message.contains(why), "{why}: {message}");
    }
}
