use super::*;
use crate::word::{ActionPriority, ActionStatus, ActionType};

fn rules(slug: &str, body: &str) -> Vec<&'static str> {
    let section = Section {
        slug: slug.into(),
        title: slug.into(),
        body: body.into(),
    };
    let findings = lint_section(&section);
    findings.iter().map(|f| f.rule.as_str()).collect()
}

/// Lines that must be flagged: rule, section, text.
const MUST_FLAG: &[(&str, &str, &str)] = &[
    (
        "B1",
        "what_happened",
        "The alert should have fired earlier.",
    ),
    (
        "B1",
        "what_happened",
        "Operations could not have seen it,\nand would\nhave waited.",
    ),
    ("B1", "lessons", "We ought to read dashboards."),
    ("B1", "lessons", "If only the page had come sooner."),
    (
        "B1",
        "lessons",
        "Had the team checked the replica, it was visible.",
    ),
    (
        "B1",
        "what_happened",
        "The on-call forgot to drain the node.",
    ),
    (
        "B1",
        "what_happened",
        "Somebody failed to read the runbook.",
    ),
    ("B1", "what_happened", "It *should* have paged."),
    ("B1", "what_happened", "They shouldn’t have merged it."),
    ("B1", "what_happened", "The check was neglected."),
    ("B2", "lessons", "A careless deploy."),
    ("B2", "trigger", "Human error during the migration."),
    ("B2", "trigger", "An operator-error took it down."),
    ("B2", "lessons", "The database team is at fault."),
    ("B2", "lessons", "The new tool is to blame."),
    ("B2", "lessons", "- ok\n- That was SLOPPY."),
    ("B4", "what_happened", "Who did the deploy?"),
    ("B4", "response", "Why did they restart it?"),
    ("B4", "response", "Why didn't you page the database team?"),
    ("B5", "detection", "The graph clearly showed the rise."),
    ("B5", "detection", "Obviously, the queue was full."),
    ("B5", "resolution", "We just rolled back."),
    ("B5", "background", "Everyone knew that the disk was small."),
    (
        "B6",
        "contributing_factors",
        "The root cause was a lock.\n\n- a\n- b",
    ),
    ("B6", "summary", "This was the only cause."),
    (
        "B7",
        "what_happened",
        "At 10:02 traffic fell; we need to add an alert.",
    ),
    ("B7", "timeline", "We should add a second replica."),
    ("B8", "action_items", "Be more careful with migrations."),
    ("B8", "action_items", "We will make sure it is tested."),
];

/// Lines that must not be flagged: section, text.
const MUST_NOT_FLAG: &[(&str, &str)] = &[
    (
        "what_happened",
        "`git blame` named the commit; git blame is only a tool.",
    ),
    ("what_happened", "A blameless review was held."),
    (
        "what_happened",
        "The worker died of a segfault, then of a page fault.",
    ),
    (
        "background",
        "We looked at fault tolerance and fault injection.",
    ),
    ("background", "Just-in-time compilation was on by default."),
    (
        "what_happened",
        "> he should have known\n\nsaid somebody in chat.",
    ),
    ("what_happened", "```\nwe should have failed to blame\n```"),
    ("what_happened", "The log said `you should have a backup`."),
    (
        "what_happened",
        "See https://wiki.example/who-did-it/the-root-cause for more.",
    ),
    ("what_happened", "See <https://wiki.example/should-have>."),
    (
        "what_happened",
        "We had already done the failover at 10:00.",
    ),
    (
        "what_happened",
        "Justice, adjusted, unjust: not the word itself.",
    ),
    ("resolution", "We need to keep the workaround until Monday."),
    (
        "contributing_factors",
        "- change: the index was dropped\n- capacity: one replica",
    ),
    ("contributing_factors", "There is no single root cause."),
    ("detection", "The alert fired just after the deploy."),
    ("detection", "User error rate rose to 5 %."),
    ("summary", "It should `x` have y."),
    ("summary", "What we should.\n\nHave a look."),
    ("lessons", "We investigate how queues behave."),
    ("action_items", "Add an alert on the age of the queue."),
    ("background", "Images are lazy-loaded."),
];

#[test]
fn everything_that_must_be_flagged_is() {
    for (rule, slug, body) in MUST_FLAG {
        assert!(rules(slug, body).contains(rule), "{rule} in {body:?}");
    }
}

#[test]
fn nothing_else_is() {
    for (slug, body) in MUST_NOT_FLAG {
        assert_eq!(rules(slug, body), Vec::<&str>::new(), "{body:?}");
    }
}

#[test]
fn a_finding_says_where_and_what() {
    let section = Section {
        slug: "lessons".into(),
        title: "Lessons".into(),
        body: "Größe 1\n\nIt **should** have paged.".into(),
    };
    let findings = lint(std::slice::from_ref(&section));
    assert_eq!(findings.len(), 1);
    assert_eq!(findings[0].line, 3);
    assert_eq!(findings[0].text, "should** have");
    assert_eq!(findings[0].section, "lessons");
}

#[test]
fn we_should_have_is_one_finding() {
    assert_eq!(rules("what_happened", "We should have paged."), ["B1"]);
}

#[test]
fn a_single_listed_factor_is_questioned() {
    assert_eq!(
        rules("contributing_factors", "- change: an index\n  - detail"),
        ["B6"]
    );
    assert_eq!(rules("contributing_factors", "### Change\n\ntext"), ["B6"]);
    assert_eq!(rules("mitigators", "- one"), Vec::<&str>::new());
}

#[test]
fn a_waiver_covers_its_line_or_the_paragraph_below() {
    let flagged = "It should have paged.";
    let inline = format!("{flagged} <!-- lint-ok B1: a quote -->");
    assert_eq!(rules("lessons", &inline), Vec::<&str>::new());
    let above = format!("<!-- lint-ok B1: a quote -->\n{flagged}\n\n{flagged}");
    assert_eq!(rules("lessons", &above), ["B1"]);
    let other = format!("{flagged} <!-- lint-ok B2: a quote -->");
    assert_eq!(rules("lessons", &other), ["B1"]);
    let no_reason = format!("{flagged} <!-- lint-ok B1: -->");
    assert_eq!(rules("lessons", &no_reason), ["B1"]);
}

#[test]
fn weak_actions_are_named() {
    let item = |title: &str| ActionItem {
        number: 17,
        title: title.into(),
        kind: ActionType::Prevent,
        priority: ActionPriority::P2,
        owner: Some("@ana".into()),
        due: Some(jiff::civil::date(2026, 4, 13)),
        tracker: None,
        status: ActionStatus::Open,
        done_test: Some("a bad change is refused".into()),
        reason: None,
    };
    assert_eq!(lint_actions(&[item("Add a pre-submit check")]), []);
    let problems = |title: &str| lint_actions(&[item(title)]).len();
    assert_eq!(problems("Be more careful"), 1);
    assert_eq!(problems("Investigate the queue"), 1);
    assert_eq!(problems("The queue must be watched"), 1);
    let bare = ActionItem {
        owner: None,
        due: None,
        done_test: None,
        ..item("Improve monitoring")
    };
    assert_eq!(lint_actions(&[bare]).len(), 4);
}
