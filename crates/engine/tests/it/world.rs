//! A small world: four people, a schedule, a policy, a service with an integration.
//!
//! The policy pages Ana, after 5 min whoever is on call for Platform (Bo and Cy in turns of a
//! day), after 10 min more it begins again, once. Then the last resort, Dan.

use std::sync::Arc;

use domain::ChannelId;
use domain::channel::{Channel, ChannelKind, Secret};
use domain::directory::{ContactMethod, NotificationRule, Settings, User};
use domain::escalation::Execution;
use domain::incident::{Command, Incident};
use domain::integration::IntegrationSettings;
use domain::policy::{Policy, PolicyConfig, PolicyVersion, Step, StepMode, Target};
use domain::schedule::{Layer, Rotation, RotationUnit, Schedule, ScheduleConfig, ScheduleVersion};
use domain::service::{Integration, Service, ServiceSettings};
use domain::signal::Signal;
use domain::word::{AccountRole, Action, ContactKind, IntegrationKind, Origin, Urgency};
use domain::{
    ContactMethodId, IntegrationId, NotificationRuleId, PolicyId, ScheduleId, ServiceId, Span,
    Timestamp, UserId,
};
use engine::ingest::{Accepted, IngestError, Submission};
use engine::{Error, OpContext};
use store::Store;

/// Sunday 2026-03-15 12:00 UTC: Bo is on call for Platform until Monday 09:00.
pub const NOON: Timestamp = Timestamp::from_seconds(1_773_576_000);
pub const ANA: UserId = UserId(1);
pub const BO: UserId = UserId(2);
pub const CY: UserId = UserId(3);
pub const DAN: UserId = UserId(4);
pub const PLATFORM: ScheduleId = ScheduleId(1);
pub const POLICY: PolicyId = PolicyId(1);
/// Pages Cy only.
pub const OTHER_POLICY: PolicyId = PolicyId(2);
pub const CHECKOUT: ServiceId = ServiceId(1);
pub const MONITOR: IntegrationId = IntegrationId(1);
pub const KEY: [u8; 32] = [1; 32];
pub const PHONE: &str = "+4915112345678";

pub fn seconds(seconds: i64) -> Span {
    Span::from_seconds(seconds)
}

pub fn minutes(minutes: i64) -> Span {
    Span::from_minutes(minutes)
}

fn person(id: UserId, name: &str, role: AccountRole) -> User {
    User {
        id,
        email: format!("{}@example.com", name.to_lowercase()),
        name: name.into(),
        role,
        zone: "UTC".into(),
        disabled: false,
        hears_answers: true,
        methods: vec![],
        rules: vec![],
    }
}

fn method(id: i64, kind: ContactKind, address: &str) -> ContactMethod {
    ContactMethod {
        id: ContactMethodId(id),
        kind,
        address: address.into(),
        verified_at: Some(NOON),
        broken: None,
    }
}

pub fn step(target: Target, wait: Span) -> Step {
    Step {
        targets: vec![target],
        mode: StepMode::All,
        wait,
        urgency: None,
        severity_at_least: None,
        hours: None,
    }
}

/// What webhooks of these tests are signed with.
pub const SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";

pub fn channel(id: ChannelId, name: &str, kind: ChannelKind, address: &str) -> Channel {
    Channel {
        id,
        slug: name.to_lowercase(),
        name: name.into(),
        description: String::new(),
        team_id: None,
        kind,
        address: Secret::new(address),
        secret: kind.signs().then(|| Secret::new(SECRET)),
        old_secret: None,
        enabled: true,
        trouble: None,
    }
}

/// What the policy says.
pub fn ladder() -> PolicyConfig {
    PolicyConfig {
        steps: vec![
            step(Target::User(ANA), minutes(5)),
            step(Target::Schedule(PLATFORM), minutes(10)),
        ],
        repeats: 1,
    }
}

fn policy(id: PolicyId, name: &str, config: PolicyConfig) -> Policy {
    let current = PolicyVersion {
        version: 1,
        created_at: NOON,
        config,
    };
    Policy {
        id,
        slug: name.to_lowercase(),
        name: name.into(),
        description: String::new(),
        team_id: None,
        current,
    }
}

fn platform() -> Schedule {
    let layer = Layer {
        name: "Primary".into(),
        participants: vec![BO.into(), CY.into()],
        rotation: Rotation {
            length: 1,
            unit: RotationUnit::Days,
        },
        handoff: "09:00".parse().unwrap(),
        start: "2026-03-15".parse().unwrap(),
        end: None,
        restrictions: vec![],
        holidays: None,
    };
    let version = ScheduleVersion {
        version: 1,
        effective_from: NOON - Span::from_days(30),
        config: ScheduleConfig {
            zone: "UTC".into(),
            calendars: Default::default(),
            layers: vec![layer],
        },
    };
    Schedule {
        id: PLATFORM,
        slug: "platform".into(),
        name: "Platform".into(),
        description: String::new(),
        team_id: None,
        versions: vec![version],
        overrides: vec![],
        temporaries: vec![],
        imports: vec![],
    }
}

/// Fills an empty database. Ana has mail and, 1 minute later, a phone; the others have mail.
pub async fn build(store: &Store) {
    build_with(store, |_| {}).await;
}

/// As [`build`], with other settings of the service.
pub async fn build_with(store: &Store, settings: impl Fn(&mut ServiceSettings) + Send + 'static) {
    let write = store.write(move |tx| {
        let people = [
            (ANA, "Ana", AccountRole::Responder),
            (BO, "Bo", AccountRole::Responder),
            (CY, "Cy", AccountRole::Responder),
            (DAN, "Dan", AccountRole::Admin),
        ];
        for (id, name, role) in people {
            let user = person(id, name, role);
            store::people::insert(tx, &user, None, NOON)?;
            let mail = method(id.0 * 10, ContactKind::Email, &user.email);
            store::people::insert_method(tx, id, &mail, NOON)?;
            // Mail about shifts would stand among the pages.
            let quiet = domain::reminder::Reminders {
                leads: vec![],
                hand_off: false,
                digest: None,
            };
            store::reminder::put_wish(tx, id, &quiet)?;
        }
        store::people::insert_method(tx, ANA, &method(11, ContactKind::Sms, PHONE), NOON)?;
        let rule = |id, method, delay| NotificationRule {
            id: NotificationRuleId(id),
            urgency: Urgency::High,
            method_id: ContactMethodId(method),
            delay,
        };
        let rules = [rule(1, 10, Span::ZERO), rule(2, 11, minutes(1))];
        store::people::replace_rules(tx, ANA, &rules)?;
        store::schedule::insert(tx, &platform(), None, NOON)?;
        let policies = [
            policy(POLICY, "Ladder", ladder()),
            policy(
                OTHER_POLICY,
                "Other",
                PolicyConfig {
                    steps: vec![step(Target::User(CY), minutes(5))],
                    repeats: 0,
                },
            ),
        ];
        for policy in &policies {
            store::policy::insert(tx, policy, None, NOON)?;
        }
        let mut service = Service {
            id: CHECKOUT,
            slug: "checkout".into(),
            name: "Checkout".into(),
            description: String::new(),
            team_id: None,
            policy_id: Some(POLICY),
            settings: ServiceSettings::default(),
        };
        settings(&mut service.settings);
        store::service::insert(tx, &service, NOON)?;
        let integration = Integration {
            id: MONITOR,
            service_id: CHECKOUT,
            name: "Monitor".into(),
            kind: IntegrationKind::ALL[0],
            key_hash: KEY,
            key_hint: "abcd".into(),
            settings: IntegrationSettings::default(),
            routing: domain::routing::Routing::default(),
            created_at: NOON,
        };
        store::service::insert_integration(tx, &integration)?;
        let settings = Settings {
            last_resort: vec![Target::User(DAN)],
        };
        store::setting::put_settings(tx, &settings)
    });
    write.await.unwrap();
}

pub fn signal(action: Action, key: &str) -> Signal {
    let mut signal = Signal::new(action, key, format!("{key} is broken"));
    signal.source = "db-1".into();
    signal
}

pub fn trigger(key: &str) -> Signal {
    signal(Action::Trigger, key)
}

pub fn request(signals: Vec<Signal>) -> Submission {
    Submission {
        key_hash: KEY,
        signals,
        resolve_group: None,
        warnings: vec![],
        rejected: vec![],
        raw: "{}".into(),
        origin: engine::ingest::Origin::default(),
    }
}

/// Applies requests in one transaction.
pub async fn apply(
    store: &Store,
    requests: Vec<Submission>,
    now: Timestamp,
) -> Vec<Result<Accepted, IngestError>> {
    let batch: Vec<Arc<Submission>> = requests.into_iter().map(Arc::new).collect();
    let applied = store
        .write(move |tx| engine::ingest::apply_in_txn(tx, &batch, now))
        .await;
    applied.unwrap()
}

/// Opens an incident by a signal of that key.
pub async fn open(store: &Store, key: &str, now: Timestamp) -> Incident {
    let applied = apply(store, vec![request(vec![trigger(key)])], now).await;
    let id = applied[0].as_ref().unwrap().applied[0].incident_id.unwrap();
    store
        .read(move |c| store::incident::fetch(c, id))
        .await
        .unwrap()
}

pub async fn fresh(store: &Store, incident: &Incident) -> Incident {
    let id = incident.id;
    store
        .read(move |c| store::incident::fetch(c, id))
        .await
        .unwrap()
}

pub fn by(user: UserId, now: Timestamp) -> OpContext {
    OpContext::user(user, AccountRole::Responder, Origin::Web, now)
}

pub fn admin(now: Timestamp) -> OpContext {
    OpContext::user(DAN, AccountRole::Admin, Origin::Web, now)
}

pub async fn command(
    store: &Store,
    incident: &Incident,
    user: UserId,
    wanted: Command,
    now: Timestamp,
) -> Result<Incident, Error> {
    engine::incident::command(store, &by(user, now), incident.number, wanted).await
}

/// The executed steps of an incident, oldest first.
pub async fn executions(store: &Store, incident: &Incident) -> Vec<Execution> {
    let id = incident.id;
    let rows = store
        .read(move |c| store::escalation::executions(c, id))
        .await
        .unwrap();
    rows.into_iter().map(|(_, execution)| execution).collect()
}

/// When who was paged, in seconds after `since`.
pub async fn pages(store: &Store, incident: &Incident, since: Timestamp) -> Vec<(i64, UserId)> {
    let id = incident.id;
    let rows = store
        .read(move |c| store::escalation::pages(c, id))
        .await
        .unwrap();
    rows.into_iter()
        .map(|page| (page.created_at.since(since).as_seconds(), page.user_id))
        .collect()
}
