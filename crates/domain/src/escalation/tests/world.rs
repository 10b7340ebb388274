//! A small world: four people, a team, a schedule.

use std::sync::Arc;

use crate::ChannelId;
use crate::channel::{Channel, ChannelKind, Secret};
use crate::directory::{ContactMethod, Directory, Team, User};
use crate::escalation::{Context, Facts, Input, Outcome, Run, decide, start};
use crate::policy::{PolicyConfig, PolicyVersion, Step, StepHours, StepMode, Target};
use crate::schedule::{
    Layer, Restriction, Rotation, RotationUnit, Schedule, ScheduleConfig, ScheduleVersion,
};
use crate::word::{AccountRole, AlertSeverity, ContactKind, PagingState, Urgency};
use crate::{
    ContactMethodId, IncidentId, PolicyId, RunId, ScheduleId, Span, TeamId, Timestamp, UserId,
};

pub const ANA: UserId = UserId(1);
pub const BO: UserId = UserId(2);
pub const CLEO: UserId = UserId(3);
/// The last resort.
pub const DAN: UserId = UserId(4);
pub const TEAM: TeamId = TeamId(1);
pub const PLATFORM: ScheduleId = ScheduleId(1);

/// Monday 2026-03-02 08:58 UTC: two minutes before Platform hands over from Bo to Ana.
pub fn t0() -> Timestamp {
    Timestamp::parse("2026-03-02T08:58:00Z").unwrap()
}

pub fn seconds(seconds: i64) -> Span {
    Span::from_seconds(seconds)
}

pub fn minutes(minutes: i64) -> Span {
    Span::from_minutes(minutes)
}

pub fn person(id: UserId, name: &str, reachable: bool) -> Arc<User> {
    let email = format!("{}@example.com", name.to_lowercase());
    Arc::new(User {
        id,
        email: email.clone(),
        name: name.into(),
        role: AccountRole::Responder,
        zone: "UTC".into(),
        disabled: false,
        hears_answers: true,
        methods: vec![ContactMethod {
            id: ContactMethodId(id.0),
            kind: ContactKind::Email,
            address: email,
            verified_at: reachable.then_some(Timestamp::from_seconds(1)),
            broken: None,
        }],
        rules: vec![],
    })
}

/// Hands over daily at 09:00 UTC since Sunday 2026-03-01.
pub fn daily(id: ScheduleId, name: &str, turns: Vec<Vec<UserId>>) -> Arc<Schedule> {
    let config = ScheduleConfig {
        zone: "UTC".into(),
        calendars: Default::default(),
        layers: vec![Layer {
            name: "Primary".into(),
            participants: turns.into_iter().map(Into::into).collect(),
            rotation: Rotation {
                length: 1,
                unit: RotationUnit::Days,
            },
            handoff: "09:00".parse().unwrap(),
            start: "2026-03-01".parse().unwrap(),
            end: None,
            restrictions: vec![],
            holidays: None,
        }],
    };
    let version = ScheduleVersion {
        version: 1,
        effective_from: Timestamp::parse("2026-01-01T00:00:00Z").unwrap(),
        config,
    };
    Arc::new(Schedule {
        id,
        slug: name.to_lowercase(),
        name: name.into(),
        description: String::new(),
        team_id: None,
        versions: vec![version],
        overrides: vec![],
        temporaries: vec![],
        imports: vec![],
    })
}

pub fn directory() -> Directory {
    let mut directory = Directory::default();
    for (id, name) in [(ANA, "Ana"), (BO, "Bo"), (CLEO, "Cleo"), (DAN, "Dan")] {
        directory.users.insert(id, person(id, name, true));
    }
    directory.teams.insert(
        TEAM,
        Arc::new(Team {
            id: TEAM,
            slug: "shop".into(),
            name: "Shop".into(),
            description: String::new(),
            members: vec![ANA, BO, CLEO],
        }),
    );
    // 2026-03-01 is Bo's, 2026-03-02 Ana's, and so on.
    directory.schedules.insert(
        PLATFORM,
        daily(PLATFORM, "Platform", vec![vec![BO], vec![ANA]]),
    );
    directory.settings.last_resort = vec![Target::User(DAN)];
    directory.channels.insert(OPS, channel(OPS, "Ops", true));
    directory.channels.insert(OFF, channel(OFF, "Attic", false));
    directory
}

/// A room that is told, and one that is switched off.
pub const OPS: ChannelId = ChannelId(1);
pub const OFF: ChannelId = ChannelId(2);

pub fn channel(id: ChannelId, name: &str, enabled: bool) -> Arc<Channel> {
    Arc::new(Channel {
        id,
        slug: name.to_lowercase(),
        name: name.into(),
        description: String::new(),
        team_id: None,
        kind: ChannelKind::Slack,
        address: Secret::new("https://chat.example/hooks/1"),
        secret: None,
        old_secret: None,
        enabled,
        trouble: None,
    })
}

/// A room, one that is switched off, or one that is gone.
pub fn any_channel() -> impl proptest::strategy::Strategy<Value = Target> {
    use proptest::prelude::*;
    (1..4_i64).prop_map(|id| Target::Channel(ChannelId(id)))
}

pub fn silence(directory: &mut Directory, user: UserId) {
    let name = directory.user_name(user).to_owned();
    directory.users.insert(user, person(user, &name, false));
}

pub fn step(targets: Vec<Target>, wait: Span) -> Step {
    Step {
        targets,
        mode: StepMode::All,
        wait,
        urgency: None,
        severity_at_least: None,
        hours: None,
    }
}

/// Hours such as `09:00` to `17:00` of every day.
pub fn hours_of(zone: Option<&str>, from: &str, until: &str) -> StepHours {
    StepHours {
        zone: zone.map(str::to_owned),
        ranges: vec![Restriction {
            weekdays: vec![],
            from: from.parse().unwrap(),
            until: until.parse().unwrap(),
        }],
    }
}

pub fn lives_in(directory: &mut Directory, user: UserId, zone: &str) {
    let mut person = directory.user(user).unwrap().clone();
    person.zone = zone.into();
    directory.users.insert(user, Arc::new(person));
}

/// Any hours, in a fixed zone or each person's own.
pub fn hours() -> impl proptest::strategy::Strategy<Value = StepHours> {
    use proptest::prelude::*;
    let zone = proptest::sample::select(vec![None, Some("UTC"), Some("Asia/Tokyo")]);
    (zone, 0..24_u32, 1..24_u32).prop_map(|(zone, from, length)| {
        let time = |hour: u32| format!("{:02}:30", hour % 24);
        hours_of(zone, &time(from), &time(from + length))
    })
}

pub fn user(id: UserId) -> Target {
    Target::User(id)
}

/// A policy in motion.
#[derive(Debug)]
pub struct World {
    pub directory: Directory,
    pub policy: Option<PolicyVersion>,
    pub facts: Facts,
}

impl World {
    pub fn new(steps: Vec<Step>, repeats: u8) -> Self {
        World {
            directory: directory(),
            policy: Some(PolicyVersion {
                version: 3,
                created_at: Timestamp::from_seconds(1),
                config: PolicyConfig { steps, repeats },
            }),
            facts: Facts {
                pause: None,
                incident_id: IncidentId(42),
                urgency: Urgency::High,
                severity: AlertSeverity::Critical,
                paging: PagingState::Triggered,
                acknowledged_by: None,
            },
        }
    }

    pub fn context(&self, now: Timestamp) -> Context<'_> {
        Context {
            directory: &self.directory,
            policy: self.policy.as_ref(),
            policy_name: if self.policy.is_some() {
                "Checkout"
            } else {
                ""
            },
            facts: self.facts.clone(),
            now,
        }
    }

    pub fn start(&self, now: Timestamp) -> Outcome {
        self.start_with(now, 0, vec![])
    }

    pub fn start_with(&self, now: Timestamp, round_robin: i64, also: Vec<UserId>) -> Outcome {
        let policy = self.policy.as_ref().map(|_| PolicyId(5));
        start(RunId(9), policy, round_robin, also, &self.context(now))
    }

    pub fn decide(&self, run: &Run, input: Input, now: Timestamp) -> Outcome {
        decide(run.clone(), input, &self.context(now))
    }

    pub fn due(&self, run: &Run, now: Timestamp) -> Outcome {
        self.decide(run, Input::Due, now)
    }
}

pub fn paged(outcome: &Outcome) -> Vec<UserId> {
    outcome.pages.iter().map(|page| page.user).collect()
}

pub fn texts(outcome: &Outcome) -> String {
    outcome
        .entries
        .iter()
        .map(|entry| entry.text.as_str())
        .collect::<Vec<_>>()
        .join("\n")
}
