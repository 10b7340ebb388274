//! A house with people and incidents, on each database.

use domain::incident::{Incident, IncidentKind};
use domain::word::{
    AccountRole, AlertSeverity, IncidentSeverity, Origin, PagingState, Phase, Urgency,
};
use domain::{IncidentId, Timestamp, UserId};
use engine::{Error, OpContext};
use store::{Conn, DatabaseUrl, Store};
use testkit::{PgDatabase, Scratch};

/// When the tests begin.
pub const NOON: Timestamp = Timestamp::from_seconds(1_773_489_600);

/// A store with what must outlive it.
pub struct House {
    pub store: Store,
    _home: Option<Scratch>,
    _database: Option<PgDatabase>,
}

impl House {
    pub fn on_sqlite() -> House {
        let home = Scratch::new("engine");
        let url = DatabaseUrl::Sqlite(home.path().join("quarterdeck.db"));
        House {
            store: Store::open(&url).unwrap(),
            _home: Some(home),
            _database: None,
        }
    }

    pub fn on_postgres() -> House {
        let database = PgDatabase::create();
        let url = DatabaseUrl::Postgres(database.url.clone());
        House {
            store: Store::open(&url).unwrap(),
            _home: None,
            _database: Some(database),
        }
    }

    /// Adds people `1..=count`: responders with a verified address that high urgency uses at once.
    pub async fn people(self, count: i64) -> House {
        let write = self.store.write(move |tx| {
            for id in 1..=count {
                let name = name(id);
                let lower = name.to_lowercase();
                tx.execute(&format!(
                    "INSERT INTO users (id, email, name, role, zone, created_at) \
                     VALUES ({id}, '{lower}@example.com', '{name}', 'responder', 'UTC', 0); \
                     INSERT INTO contact_method (id, user_id, kind, address, verified_at, \
                     created_at) VALUES ({id}, {id}, 'email', '{lower}@example.com', 0, 0); \
                     INSERT INTO notification_rule (id, user_id, urgency, position, method_id, \
                     delay) VALUES ({id}, {id}, 'high', 0, {id}, 0)"
                ))?;
            }
            tx.configured()
        });
        write.await.unwrap();
        self
    }

    /// Adds an incident and returns it.
    pub async fn incident(&self, change: impl Fn(&mut Incident) + Send + 'static) -> Incident {
        let write = self.store.write(move |tx| {
            let mut incident = Incident {
                id: tx.id(IncidentId)?,
                number: tx.numbers("incident", 1)?,
                title: "Checkout errors".into(),
                service_id: None,
                policy_id: None,
                kind: IncidentKind::Real,
                urgency: Urgency::High,
                alert_severity: AlertSeverity::Critical,
                severity: Some(IncidentSeverity::Sev2),
                paging: PagingState::Acknowledged,
                phase: Phase::Investigating,
                group_key: None,
                alerts: 0,
                open_alerts: 0,
                unreachable: false,
                created_at: NOON,
                triggered_at: NOON,
                acknowledged_at: Some(NOON),
                acknowledged_by: None,
                snoozed_until: None,
                declared_at: Some(NOON),
                declared_by: None,
                resolved_at: None,
                resolved_by: None,
                next_update_due: None,
                gathering: None,
                updated_at: NOON,
            };
            change(&mut incident);
            store::incident::insert(tx, vec![incident.clone()])?;
            Ok::<_, store::Error>(incident)
        });
        write.await.unwrap()
    }

    /// An incident that is over.
    pub async fn resolved(&self) -> Incident {
        self.incident(|incident| {
            incident.phase = Phase::Resolved;
            incident.paging = PagingState::Resolved;
            incident.resolved_at = Some(NOON);
        })
        .await
    }

    pub fn read<T>(&self, body: impl FnOnce(&mut Conn) -> Result<T, store::Error>) -> T {
        self.store.read_blocking(body).unwrap()
    }

    /// The kinds of an incident's timeline entries, in order.
    pub fn kinds(&self, incident: &Incident) -> Vec<String> {
        let entries = self.read(|conn| store::timeline::latest(conn, incident.id, 1_000));
        entries
            .into_iter()
            .map(|entry| entry.kind.to_string())
            .collect()
    }

    /// The texts of the notices to a person, oldest first.
    pub fn notices(&self, user: UserId) -> Vec<String> {
        let rows = self.read(|conn| store::notification::take_due(conn, Timestamp::MAX, 1_000));
        let theirs = rows.into_iter().filter(|row| row.user_id == Some(user));
        theirs.map(|row| row.body).collect()
    }
}

/// Ana, Bo and Cy by name, the others by number.
fn name(id: i64) -> String {
    match id {
        1 => "Ana".into(),
        2 => "Bo".into(),
        3 => "Cy".into(),
        _ => format!("Person{id}"),
    }
}

pub const ANA: UserId = UserId(1);
pub const BO: UserId = UserId(2);
pub const CY: UserId = UserId(3);

pub fn as_user(user: UserId, now: Timestamp) -> OpContext {
    OpContext::user(user, AccountRole::Responder, Origin::Web, now)
}

/// The reason of a refusal.
pub fn refusal<T: std::fmt::Debug>(result: Result<T, Error>) -> String {
    match result {
        Err(Error::Refused(reason)) => reason,
        other => panic!("expected a refusal, got {other:?}"),
    }
}

/// The first field that was not accepted.
pub fn invalid<T: std::fmt::Debug>(result: Result<T, Error>) -> String {
    match result {
        Err(Error::Invalid(problems)) => problems[0].field.clone(),
        other => panic!("expected invalid input, got {other:?}"),
    }
}

/// Runs a test on both databases: `on_both!(name, |house| async { … })`.
#[macro_export]
macro_rules! on_both {
    ($name:ident, $people:expr, |$house:ident| $body:block) => {
        mod $name {
            #[allow(unused_imports, reason = "each test uses what it needs")]
            use super::*;

            async fn body($house: &$crate::house::House) $body

            #[tokio::test(flavor = "multi_thread")]
            async fn on_sqlite() {
                body(&$crate::house::House::on_sqlite().people($people).await).await;
            }

            #[tokio::test(flavor = "multi_thread")]
            async fn on_postgres() {
                body(&$crate::house::House::on_postgres().people($people).await).await;
            }
        }
    };
}
