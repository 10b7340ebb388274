//! What is asked of the rules: what if, coverage, why.

use domain::Span;
use domain::coverage::Level;
use domain::explain::PointKind;
use web::picture::CoverageBar;
use web::view::coverage::*;
use web::view::explain::*;
use web::view::simulate::*;
use web::view::*;

use super::*;

fn choices(words: &[&str]) -> Vec<Choice> {
    words.iter().map(|word| Choice::new(word, word)).collect()
}

fn event(icon: &'static str, tone: &'static str, text: &str, why: Option<&str>) -> EventShown {
    EventShown {
        icon,
        tone,
        text: text.into(),
        why: why.map(str::to_owned),
    }
}

fn course() -> CourseShown {
    let begin = Timestamp::parse("2027-03-28T00:30:00Z").unwrap();
    CourseShown {
        service: link("Checkout", "/services/checkout"),
        policy: Some(link("Checkout, around the clock", "/policies/checkout")),
        started_at: begin,
        first: Some("Ana Ruiz by email, at once".into()),
        pages: 2,
        messages: 3,
        end: "Bo Lindqvist has acknowledged, and nothing further happens.".into(),
        unreachable: false,
        instants: vec![
            Instant {
                at: begin,
                after: Span::ZERO,
                clock: None,
                events: vec![
                    event("flame", "ev-alarm", "Incident opened for Checkout.", None),
                    event(
                        "bell-ringing",
                        "ev-step",
                        "Ana Ruiz is paged.",
                        Some("Step 1 of policy Checkout (v3) pages the on-call of Platform."),
                    ),
                    event("send", "ev-fine", "Email to Ana Ruiz is sent.", None),
                    event(
                        "alert-triangle",
                        "ev-alarm",
                        "SMS to Ana Ruiz fails (the provider cannot be reached).",
                        None,
                    ),
                ],
            },
            Instant {
                at: begin + Span::from_minutes(35),
                after: Span::from_minutes(35),
                clock: Some("CEST".into()),
                events: vec![
                    event(
                        "alert-triangle",
                        "ev-warn",
                        "Step 2 was skipped: nobody is on call for Payments.",
                        None,
                    ),
                    event("user-check", "ev-held", "Bo Lindqvist acknowledged.", None),
                ],
            },
        ],
    }
}

fn what_if(path: &'static str, draft: Option<Draft>) -> SimulatePage {
    let mut form = Form::new()
        .with("if-service", "1")
        .with("if-severity", "critical")
        .with("if-at", "2027-03-28T01:30")
        .with("if-hours", "4")
        .with("if-stop", "answered");
    let course = match draft {
        Some(_) => Some(course()),
        None => {
            form.reject("if-answer-0-user", "“soon” is no whole number.");
            None
        }
    };
    SimulatePage {
        frame: frame("What if?", Nav::Simulate, path),
        form,
        draft,
        integrations: vec![Choice::new(5, "Checkout: Prometheus")],
        services: vec![
            Choice::new(1, "Checkout"),
            Choice::new(2, "Orders database"),
        ],
        severities: choices(&["critical", "error", "warning", "info"]),
        people: people_choices(),
        acts: choices(&["acknowledges", "resolves", "escalates"]),
        channels: choices(&["email", "sms"]),
        faults: choices(&["cannot be reached", "is not set up"]),
        answers: vec![
            AnswerRow {
                user: "2".into(),
                message: "1".into(),
                after: "5".into(),
                act: "acknowledges".into(),
            },
            AnswerRow::default(),
        ],
        outages: vec![OutageRow {
            channel: "sms".into(),
            fault: "cannot be reached".into(),
            from: "0".into(),
            lasts: String::new(),
        }],
        course,
        without_provider: vec![domain::word::ContactKind::Sms],
    }
}

fn coverage() -> CoveragePage {
    let until = ahead(90 * 1_440);
    let row = |name: &str, slug: &str, gaps: Vec<_>, nobody: Vec<_>| ServiceRow {
        service: link(name, &format!("/services/{slug}")),
        policy: Some(link("Checkout, around the clock", "/policies/checkout")),
        gap: (!gaps.is_empty()).then(|| "2 d 4 h in 2 gaps".to_owned()),
        bar: CoverageBar {
            from: now(),
            until,
            label: format!("Coverage of {name}"),
            gaps,
            nobody,
        },
        within: "first message within 5 m".into(),
        try_it: format!("/simulate?if-service={slug}"),
    };
    let finding = |text: &str| FindingRow {
        text: text.into(),
        spans: vec![(ahead(3_000), ahead(4_200)), (ahead(30_000), ahead(33_000))],
        more_spans: 11,
        mends: vec![
            link("On-call Payments, second line", "/schedules/payments/edit"),
            link("On-call Platform", "/schedules/platform/edit"),
        ],
        try_it: Some("/simulate?if-service=1".into()),
    };
    CoveragePage {
        frame: frame("Coverage", Nav::Coverage, "/coverage"),
        filter: CoverageFilter::from_query(""),
        from: now(),
        until,
        teams: vec![Choice::new("payments", "Payments")],
        choices: vec![Choice::new("checkout", "Checkout")],
        counts: vec![(Level::Alarm, 1), (Level::Note, 9)],
        groups: vec![
            FindingGroup {
                level: Level::Alarm,
                title: "Only the last resort is left",
                first: vec![finding(
                    "No step of policy Checkout reaches anybody for 2 d 4 h in 13 stretches.",
                )],
                rest: vec![],
                unlisted: 0,
            },
            FindingGroup {
                level: Level::Note,
                title: "Too little rest between shifts",
                first: vec![finding(
                    "Emil Hansen-Østergård has less than 11 h between two shifts 21 times.",
                )],
                rest: vec![finding("Bo Lindqvist has less than 11 h twice.")],
                unlisted: 7,
            },
        ],
        services: vec![
            row(
                "Checkout",
                "checkout",
                vec![(ahead(3_000), ahead(14_200))],
                vec![(ahead(60_000), ahead(63_000))],
            ),
            row("Orders database", "orders-db", vec![], vec![]),
        ],
        pager: Pager {
            previous: None,
            next: None,
            first: 1,
            last: 2,
            total: Some(2),
        },
    }
}

fn why(path: &'static str, person: Option<Person>) -> ExplainPage {
    let point = |kind, text: &str, sources: Vec<Link>| PointShown {
        kind,
        at: Some(ago(14)),
        text: text.into(),
        sources,
    };
    let policy = link("Policy Checkout (v3, step 1)", "/policies/checkout");
    let answer = person.as_ref().map(|person| AnswerShown {
        paged: false,
        verdict: format!("{} was not paged: an override put Bo on call.", person.name),
        points: vec![
            point(
                PointKind::Paged,
                "Step 1 of policy Checkout paged Bo Lindqvist.",
                vec![policy.clone()],
            ),
            point(
                PointKind::NotReached,
                "Step 2 was not reached: Bo acknowledged before.",
                vec![
                    policy,
                    link("Platform, layer Weekly", "/schedules/platform"),
                ],
            ),
        ],
    });
    ExplainPage {
        frame: frame("Why?", Nav::Incidents, path),
        number: 42,
        title: "Checkout fails for card payments".into(),
        people: people_choices(),
        person,
        answer,
    }
}

pub fn add(pages: &mut Vec<Sample>) {
    let draft = Draft {
        text: "Trying the policy Default as it stands in the form. It is not saved.".into(),
        back: "/policies/default".into(),
        fields: vec![
            ("name".into(), "Default".into()),
            ("step-0-target".into(), "user:2".into()),
            ("if-draft".into(), "policy:default".into()),
        ],
    };
    pages.push(draw("/simulate", &what_if("/simulate", None)));
    let tried = what_if("/simulate/draft", Some(draft));
    pages.push(draw("/simulate/draft", &tried));
    pages.push(draw("/coverage", &coverage()));
    let path = "/incidents/42/why";
    pages.push(draw(path, &why(path, Some(person(1)))));
    let path = "/incidents/42/why/nobody";
    pages.push(draw(path, &why(path, None)));
}
