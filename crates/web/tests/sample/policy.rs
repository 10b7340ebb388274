//! Escalation policies.

use domain::policy::{PolicyConfig, Step, StepHours, StepMode, Target};
use domain::schedule::{Restriction, Weekday};
use domain::word::*;
use domain::{ScheduleId, Span, UserId};
use web::picture::{Ladder, ReachedBy, ReachedPerson, Rung, RungTarget};
use web::view::policy::*;
use web::view::*;

use super::*;

pub fn ladder() -> Ladder {
    let by = |kind, minutes| ReachedBy {
        kind,
        delay: Span::from_minutes(minutes),
    };
    let ana = ReachedPerson {
        name: "Ana Ruiz".into(),
        by: vec![by(ContactKind::Sms, 0), by(ContactKind::Email, 0)],
        warning: None,
    };
    Ladder {
        rungs: vec![
            Rung {
                at: Span::ZERO,
                wait: Span::from_seconds(30),
                targets: vec![RungTarget {
                    label: "Ana Ruiz".into(),
                    href: "/users/1".into(),
                    people: vec![ana.clone()],
                    ..RungTarget::default()
                }],
                ..Rung::default()
            },
            Rung {
                at: Span::from_seconds(30),
                wait: Span::from_minutes(5),
                targets: vec![
                    RungTarget {
                        label: "On-call Platform".into(),
                        href: "/schedules/platform".into(),
                        people: vec![ReachedPerson {
                            name: "Bo Lindqvist".into(),
                            by: vec![by(ContactKind::Email, 0), by(ContactKind::Sms, 2)],
                            warning: None,
                        }],
                        ..RungTarget::default()
                    },
                    RungTarget {
                        label: "On-call Payments".into(),
                        href: "/schedules/payments".into(),
                        ..RungTarget::default()
                    },
                    RungTarget {
                        label: "Channel Ops room".into(),
                        href: "/channels/ops-room".into(),
                        told: true,
                        ..RungTarget::default()
                    },
                    RungTarget {
                        label: "Channel Bridge".into(),
                        href: "/channels/bridge".into(),
                        told: true,
                        silent: Some("Channel Bridge is switched off.".into()),
                        ..RungTarget::default()
                    },
                ],
                conditions: vec!["only high urgency".into()],
                warnings: vec![
                    "Emil's first rule comes after 10 min, later than this step waits.".into(),
                ],
                ..Rung::default()
            },
        ],
        repeats: 2,
        last_resort_at: Some(Span::from_seconds(990)),
        last_resort: vec![RungTarget {
            label: "Ana Ruiz".into(),
            href: "/users/1".into(),
            people: vec![ana],
            ..RungTarget::default()
        }],
    }
}

pub fn add(pages: &mut Vec<Sample>) {
    pages.push(draw(
        "/policies",
        &PolicyListPage {
            frame: frame("Escalation policies", Nav::Policies, "/policies"),
            rows: vec![PolicyRow {
                name: "Checkout, around the clock".into(),
                slug: "checkout".into(),
                team: None,
                steps: 2,
                repeats: 2,
                first: vec!["Ana Ruiz".into()],
                services: 1,
                warning: None,
            }],
        },
    ));
    pages.push(draw(
        "/policies/checkout",
        &PolicyPage {
            frame: frame(
                "Checkout, around the clock",
                Nav::Policies,
                "/policies/checkout",
            ),
            name: "Checkout, around the clock".into(),
            slug: "checkout".into(),
            description: "Ana first, then whoever is on call.".into(),
            team: None,
            ladder: ladder(),
            services: vec![link("Checkout", "/services/checkout")],
            version: 3,
            saved_at: ago(9_000),
            warnings: Vec::new(),
        },
    ));
    let config = PolicyConfig {
        steps: vec![
            Step {
                targets: vec![Target::User(UserId(1))],
                mode: StepMode::All,
                wait: Span::from_seconds(30),
                urgency: None,
                severity_at_least: None,
                hours: None,
            },
            Step {
                targets: vec![Target::Schedule(ScheduleId(1)), Target::User(UserId(5))],
                mode: StepMode::RoundRobin,
                wait: Span::from_minutes(5),
                urgency: Some(Urgency::High),
                severity_at_least: Some(AlertSeverity::Error),
                hours: Some(StepHours {
                    zone: None,
                    ranges: vec![Restriction {
                        weekdays: Weekday::ALL[..5].to_vec(),
                        from: "08:00".parse().unwrap(),
                        until: "20:00".parse().unwrap(),
                    }],
                }),
            },
        ],
        repeats: 2,
    };
    let mut form = PolicyForm::of(&config);
    form.fields = form.fields.with("name", "Checkout, around the clock");
    pages.push(draw(
        "/policies/checkout/edit",
        &PolicyFormPage {
            frame: frame("Edit policy", Nav::Policies, "/policies/checkout/edit"),
            form,
            slug: Some("checkout".into()),
            teams: Vec::new(),
            targets: targets(),
            zones: Vec::new(),
            preview: Some(ladder()),
            warnings: vec!["From Sat 28 Nov 09:00 it can reach nobody for 8 h.".into()],
        },
    ));
    pages.push(draw(
        "/policies/new",
        &PolicyFormPage {
            frame: frame("New policy", Nav::Policies, "/policies/new"),
            form: PolicyForm::empty(),
            slug: None,
            teams: Vec::new(),
            targets: targets(),
            zones: Vec::new(),
            preview: None,
            warnings: Vec::new(),
        },
    ));
}
