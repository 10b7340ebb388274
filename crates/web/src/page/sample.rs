//! A small installation for the tests of pages: Ana and Bo take weekly turns on the schedule
//! Platform, which the policy Default pages for the service Checkout.

use std::sync::Arc;

use domain::directory::{ContactMethod, Directory, Settings, Team, User};
use domain::policy::{Policy, PolicyConfig, PolicyVersion, Step, StepMode, Target};
use domain::schedule::{Layer, Rotation, RotationUnit, Schedule, ScheduleConfig, ScheduleVersion};
use domain::service::{Service, ServiceSettings};
use domain::word::{AccountRole, ContactKind};
use domain::{ContactMethodId, PolicyId, ScheduleId, ServiceId, Span, TeamId, Timestamp, UserId};

/// Saturday 2026-11-21 02:16 UTC.
pub const NOW: Timestamp = Timestamp::from_seconds(1_795_227_360);

fn user(id: i64, name: &str, role: AccountRole) -> Arc<User> {
    let email = format!("{}@example.com", name.to_lowercase());
    Arc::new(User {
        id: UserId(id),
        email: email.clone(),
        name: name.to_owned(),
        role,
        zone: "Europe/Berlin".to_owned(),
        disabled: false,
        hears_answers: true,
        methods: vec![ContactMethod {
            id: ContactMethodId(id * 10),
            kind: ContactKind::Email,
            address: email,
            verified_at: Some(NOW),
            broken: None,
        }],
        rules: vec![],
    })
}

pub fn config() -> ScheduleConfig {
    ScheduleConfig {
        zone: "Europe/Berlin".to_owned(),
        calendars: Default::default(),
        layers: vec![Layer {
            name: "Primary".to_owned(),
            participants: vec![UserId(1).into(), UserId(2).into()],
            rotation: Rotation {
                length: 1,
                unit: RotationUnit::Weeks,
            },
            handoff: "09:00".parse().unwrap(),
            start: jiff::civil::date(2026, 11, 2),
            end: None,
            restrictions: vec![],
            holidays: None,
        }],
    }
}

pub fn directory() -> Directory {
    let mut directory = Directory {
        generation: 1,
        settings: Settings {
            last_resort: vec![Target::User(UserId(1))],
        },
        ..Directory::default()
    };
    for one in [
        user(1, "Ana", AccountRole::Admin),
        user(2, "Bo", AccountRole::Responder),
        user(3, "Cem", AccountRole::Observer),
    ] {
        directory.users.insert(one.id, one);
    }
    directory.teams.insert(
        TeamId(5),
        Arc::new(Team {
            id: TeamId(5),
            slug: "payments".to_owned(),
            name: "Payments".to_owned(),
            description: String::new(),
            members: vec![UserId(1), UserId(2)],
        }),
    );
    directory.schedules.insert(
        ScheduleId(6),
        Arc::new(Schedule {
            id: ScheduleId(6),
            slug: "platform".to_owned(),
            name: "Platform".to_owned(),
            description: String::new(),
            team_id: Some(TeamId(5)),
            versions: vec![ScheduleVersion {
                version: 1,
                effective_from: NOW - Span::from_days(10),
                config: config(),
            }],
            overrides: vec![],
            temporaries: vec![],
            imports: vec![],
        }),
    );
    directory.policies.insert(
        PolicyId(7),
        Arc::new(Policy {
            id: PolicyId(7),
            slug: "default".to_owned(),
            name: "Default".to_owned(),
            description: String::new(),
            team_id: None,
            current: PolicyVersion {
                version: 3,
                created_at: NOW,
                config: PolicyConfig {
                    steps: vec![
                        Step {
                            targets: vec![Target::Schedule(ScheduleId(6))],
                            mode: StepMode::All,
                            wait: Span::from_minutes(5),
                            urgency: None,
                            severity_at_least: None,
                            hours: None,
                        },
                        Step {
                            targets: vec![Target::Team(TeamId(5))],
                            mode: StepMode::RoundRobin,
                            wait: Span::from_minutes(10),
                            urgency: None,
                            severity_at_least: None,
                            hours: None,
                        },
                    ],
                    repeats: 1,
                },
            },
        }),
    );
    directory.services.insert(
        ServiceId(8),
        Arc::new(Service {
            id: ServiceId(8),
            slug: "checkout".to_owned(),
            name: "Checkout".to_owned(),
            description: "What customers pay with.".to_owned(),
            team_id: Some(TeamId(5)),
            policy_id: Some(PolicyId(7)),
            settings: ServiceSettings::default(),
        }),
    );
    directory
}

pub fn platform(directory: &Directory) -> &Schedule {
    directory.schedule_by_slug("platform").unwrap()
}
