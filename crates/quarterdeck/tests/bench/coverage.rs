//! How long the proof of coverage takes for a large company (DESIGN.md §6).

use std::sync::Arc;
use std::time::{Duration, Instant};

use domain::coverage::{Proof, prove};
use domain::directory::{ContactMethod, Directory, User};
use domain::policy::{Policy, PolicyConfig, PolicyVersion, Target};
use domain::schedule::{Schedule, ScheduleConfig, ScheduleVersion};
use domain::service::{Service, ServiceSettings};
use domain::word::{AccountRole, ContactKind};
use domain::{ContactMethodId, PolicyId, ScheduleId, ServiceId, Span, Timestamp, UserId};
use serde_json::json;

use crate::table::Table;

const SCHEDULES: i64 = 1_247;
const SERVICES: i64 = 400;
const PEOPLE: i64 = 2_800;
const DAYS: i64 = 90;
const TARGET: Duration = Duration::from_secs(2);

pub fn measure(table: &mut Table) {
    println!("Coverage");
    let directory = company();
    let from = Timestamp::from_seconds(1_780_000_000);
    let began = Instant::now();
    let proof = prove(&directory, from, from + Span::from_days(DAYS));
    let took = began.elapsed();
    let Proof {
        services, findings, ..
    } = &proof;
    let spans: usize = services.iter().map(|one| one.spans.len()).sum();
    table.target(
        "coverage proved: 1,247 schedules, 400 services, 2,800 people, 90 days",
        format!("{:.0} ms", took.as_secs_f64() * 1_000.0),
        "< 2 s",
        took < TARGET,
    );
    table.fact(
        "  what it found",
        format!("{spans} spans, {} findings", findings.len()),
    );
}

/// Each service has a policy of its own; its steps page three or four schedules.
fn company() -> Directory {
    let mut directory = Directory::default();
    for id in 1..=PEOPLE {
        directory.users.insert(UserId(id), Arc::new(person(id)));
    }
    for id in 1..=SCHEDULES {
        let schedule = Arc::new(schedule(id));
        directory.schedules.insert(ScheduleId(id), schedule);
    }
    for id in 1..=SERVICES {
        let of = |n: i64| json!({ "schedule": (id * 3 + n) % SCHEDULES + 1 });
        let config: PolicyConfig = serde_json::from_value(json!({
            "steps": [
                { "targets": [of(0)], "wait": 300 },
                { "targets": [of(1), of(2)], "wait": 600 },
                { "targets": [of(3), { "user": id }], "wait": 900, "mode": "round_robin" },
            ],
        }))
        .unwrap();
        let policy = Policy {
            id: PolicyId(id),
            slug: format!("policy-{id}"),
            name: format!("Policy {id}"),
            description: String::new(),
            team_id: None,
            current: PolicyVersion {
                version: 1,
                created_at: Timestamp(0),
                config,
            },
        };
        directory.policies.insert(policy.id, Arc::new(policy));
        let service = Service {
            id: ServiceId(id),
            slug: format!("service-{id}"),
            name: format!("Service {id}"),
            description: String::new(),
            team_id: None,
            policy_id: Some(PolicyId(id)),
            settings: ServiceSettings::default(),
        };
        directory.services.insert(service.id, Arc::new(service));
    }
    directory.settings.last_resort = vec![Target::User(UserId(1))];
    directory
}

fn person(id: i64) -> User {
    let method = |kind, n: i64| ContactMethod {
        id: ContactMethodId(id * 10 + n),
        kind,
        address: format!("address-{id}-{n}"),
        // One in fifty is not verified.
        verified_at: (id % 50 != 0).then_some(Timestamp(0)),
        broken: None,
    };
    let mut methods = vec![method(ContactKind::Email, 1)];
    if id % 3 > 0 {
        methods.push(method(ContactKind::Sms, 2));
    }
    User {
        id: UserId(id),
        email: format!("p{id}@example.com"),
        name: format!("Person {id}"),
        role: AccountRole::Responder,
        zone: "UTC".into(),
        disabled: false,
        hears_answers: true,
        methods,
        rules: vec![],
    }
}

/// Weekly turns of five, and daily ones of seven in the nights of the week, in some zone.
fn schedule(id: i64) -> Schedule {
    let zones = [
        "Europe/Berlin",
        "America/New_York",
        "Asia/Kolkata",
        "Australia/Lord_Howe",
        "UTC",
    ];
    let turns = |count: i64, from: i64| -> Vec<serde_json::Value> {
        (0..count)
            .map(|n| json!({ "users": [(id * 2 + from + n) % PEOPLE + 1] }))
            .collect()
    };
    let config: ScheduleConfig = serde_json::from_value(json!({
        "zone": zones[usize::try_from(id).unwrap() % zones.len()],
        "layers": [
            {
                "name": "Days", "participants": turns(5, 0), "handoff": "09:00",
                "rotation": { "length": 1, "unit": "weeks" }, "start": "2026-01-05",
            },
            {
                "name": "Nights", "participants": turns(7, 5), "handoff": "20:00",
                "rotation": { "length": 1, "unit": "days" }, "start": "2026-01-05",
                "restrictions": [{ "from": "20:00", "until": "08:00" }],
            },
        ],
    }))
    .unwrap();
    let version = ScheduleVersion {
        version: 1,
        effective_from: Timestamp(0),
        config,
    };
    Schedule {
        id: ScheduleId(id),
        slug: format!("schedule-{id}"),
        name: format!("Schedule {id}"),
        description: String::new(),
        team_id: None,
        versions: vec![version],
        overrides: vec![],
        temporaries: vec![],
        imports: vec![],
    }
}
