//! What the database itself holds about command, whatever the program asks of it.

use domain::command::{HoldingChange, ProposalOutcome};
use domain::word::CommandRole;
use domain::{HandoverId, IncidentId, RoleHoldingId, Timestamp, UserId};
use store::command::{self, Handover, RoleHolding};
use store::{Conn, DatabaseUrl, Error, Store};
use testkit::{PgDatabase, Scratch};

const INCIDENT: IncidentId = IncidentId(1);
const NOW: Timestamp = Timestamp::from_seconds(1_773_489_600);

fn seed(store: &Store) {
    let write = store.write_blocking(|tx| {
        for (id, name) in [(1, "ana"), (2, "bo")] {
            tx.execute(&format!(
                "INSERT INTO users (id, email, name, role, zone, created_at) \
                 VALUES ({id}, '{name}@example.com', '{name}', 'responder', 'UTC', 0)"
            ))?;
        }
        let no = if tx.is_postgres() { "false" } else { "0" };
        tx.execute(&format!(
            "INSERT INTO incident (id, number, title, kind, urgency, alert_severity, paging, \
             phase, alerts, open_alerts, unreachable, created_at, triggered_at, updated_at) \
             VALUES (1, 1, 'x', 'real', 'high', 'critical', 'triggered', 'triage', 0, 0, {no}, \
             0, 0, 0)"
        ))
    });
    write.unwrap();
}

fn holding(id: i64, user: i64) -> RoleHolding {
    RoleHolding {
        id: RoleHoldingId(id),
        incident_id: INCIDENT,
        role: CommandRole::Commander,
        user_id: UserId(user),
        began_by: HoldingChange::Claim,
        started_by: Some(UserId(user)),
        started_at: NOW,
        reason: None,
        ended_at: None,
        ended_by: None,
    }
}

fn offer(id: i64) -> Handover {
    Handover {
        id: HandoverId(id),
        incident_id: INCIDENT,
        role: CommandRole::Commander,
        from_user_id: UserId(1),
        to_user_id: UserId(2),
        brief: String::new(),
        offered_at: NOW,
        expires_at: NOW,
        outcome: None,
        closed_at: None,
    }
}

fn write(
    store: &Store,
    body: impl Fn(&mut Conn) -> Result<(), Error> + Send + 'static,
) -> Result<(), Error> {
    store.write_blocking(move |tx| body(tx))
}

fn one_holder_and_one_offer(store: &Store) {
    seed(store);
    write(store, |conn| command::start_holding(conn, &holding(1, 1))).unwrap();
    let second = write(store, |conn| command::start_holding(conn, &holding(2, 2)));
    assert!(matches!(second, Err(Error::Conflict { .. })), "{second:?}");
    write(store, |conn| command::insert_handover(conn, &offer(1))).unwrap();
    let second = write(store, |conn| command::insert_handover(conn, &offer(2)));
    assert!(matches!(second, Err(Error::Conflict { .. })), "{second:?}");

    let accepted = ProposalOutcome::Accepted;
    let close = move |conn: &mut Conn| command::close_handover(conn, HandoverId(1), accepted, NOW);
    write(store, close).unwrap();
    assert_eq!(write(store, close), Err(Error::NotFound), "closed once");
    let end = |user| {
        move |conn: &mut Conn| {
            let role = CommandRole::Commander;
            let by = HoldingChange::Handover;
            command::end_holding(conn, INCIDENT, role, UserId(user), NOW, by)
        }
    };
    assert_eq!(write(store, end(2)), Err(Error::NotFound), "not the holder");
    write(store, end(1)).unwrap();
    write(store, |conn| command::start_holding(conn, &holding(2, 2))).unwrap();

    let (all, live) = store
        .read_blocking(|conn| {
            let all = command::holdings(conn, INCIDENT)?;
            Ok::<_, Error>((all, command::live_holdings(conn, INCIDENT)?))
        })
        .unwrap();
    assert_eq!(all.len(), 2);
    assert_eq!(all[0].ended_by, Some(HoldingChange::Handover));
    assert_eq!(live, [holding(2, 2)]);
    let theirs = store
        .read_blocking(|conn| command::handovers_to(conn, UserId(2)))
        .unwrap();
    assert!(theirs.is_empty());
}

#[test]
fn one_holder_and_one_offer_on_sqlite() {
    let home = Scratch::new("store");
    let url = DatabaseUrl::Sqlite(home.path().join("quarterdeck.db"));
    one_holder_and_one_offer(&Store::open(&url).unwrap());
}

#[test]
fn one_holder_and_one_offer_on_postgres() {
    let database = PgDatabase::create();
    let url = DatabaseUrl::Postgres(database.url.clone());
    one_holder_and_one_offer(&Store::open(&url).unwrap());
}
