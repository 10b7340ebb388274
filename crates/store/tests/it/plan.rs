//! The queries that run all the time find their rows by an index, however many rows there are.

use std::sync::{Arc, Mutex};

use diesel::connection::InstrumentationEvent;
use diesel::prelude::*;
use domain::alert::Identity;
use domain::dedup::SignalDecision;
use domain::word::{AlertStatus, PagingState};
use domain::{IncidentId, IntegrationId, NotificationId, RequestId, Span};
use store::incident::{Cursor, Filter};
use store::{Conn, alert, escalation, incident, notification, reply, request, timeline};

use crate::backend::Backend;
use crate::sample::{self, INTEGRATION, NOW, SERVICE};

#[derive(diesel::QueryableByName)]
struct Plan {
    #[diesel(sql_type = diesel::sql_types::Text)]
    detail: String,
}

/// A database with enough rows that a scan would hurt, and few that are open.
fn full() -> (Backend, Conn) {
    let backend = Backend::sqlite();
    let store = backend.store();
    sample::house(&store);
    store
        .write_blocking(|tx| {
            for table in [
                "INSERT INTO incident (id, number, title, service_id, kind, urgency, \
                 alert_severity, paging, phase, group_key, alerts, open_alerts, unreachable, \
                 created_at, triggered_at, updated_at) SELECT n, n, 'x', 1, 'real', 'high', \
                 'critical', CASE WHEN n % 100 = 0 THEN 'triggered' ELSE 'resolved' END, 'triage', \
                 'g' || n, 1, 1, 0, n, n, n FROM many",
                "INSERT INTO alert (id, identity, integration_id, incident_id, dedup_key, status, \
                 severity, summary, source, details, links, images, count, first_seen, last_seen, \
                 resolved_at) SELECT n, randomblob(16), 1, n, 'k' || n, CASE WHEN n % 100 = 0 \
                 THEN 'open' ELSE 'resolved' END, 'critical', 'x', 'x', 'null', '[]', '[]', 1, n, \
                 n, n FROM many",
                "INSERT INTO escalation_run (id, incident_id, policy_version, state, cycle, \
                 next_step, executions, round_robin, started_at, watching, paged_now) SELECT n, n, \
                 0, 'stopped', 0, 0, 0, 0, n, '[]', '[]' FROM many",
                "INSERT INTO timer (id, kind, incident_id, subject_id, due_at) \
                 SELECT n, 'escalation', n, n, n FROM many",
                "INSERT INTO notification (id, kind, state, user_id, channel, address, urgency, \
                 incident_id, subject, body, created_at, due_at, attempts, fence) SELECT n, \
                 'page', 'accepted', 1, 'sms', '+49' || n, 'high', n, '', '', n, n, 1, 1 FROM many",
                "INSERT INTO reply_code (notification_id, address, code, created_at, closed_at) \
                 SELECT n, '+49' || n, '4217', n, n FROM many",
                "INSERT INTO timeline_entry (id, incident_id, occurred_at, recorded_at, kind, \
                 origin, text, details) SELECT n, n, n, n, 'note', 'web', '', 'null' FROM many",
            ] {
                tx.execute(&table.replacen(
                    "INSERT",
                    "WITH RECURSIVE many (n) AS (SELECT 2 UNION ALL SELECT n + 1 FROM many \
                     WHERE n < 5000) INSERT",
                    1,
                ))?;
            }
            Ok::<(), store::Error>(())
        })
        .unwrap();
    let conn = backend.conn();
    (backend, conn)
}

/// The plans of the statements that `body` runs.
fn plans<T>(
    conn: &mut Conn,
    body: impl FnOnce(&mut Conn) -> Result<T, store::Error>,
) -> Vec<(String, Vec<String>)> {
    let seen = Arc::new(Mutex::new(Vec::new()));
    let Conn::Sqlite(sqlite) = conn else {
        panic!("SQLite only")
    };
    let record = seen.clone();
    sqlite.set_instrumentation(move |event: InstrumentationEvent<'_>| {
        if let InstrumentationEvent::StartQuery { query, .. } = event {
            record.lock().unwrap().push(query.to_string());
        }
    });
    body(conn).unwrap();
    let Conn::Sqlite(sqlite) = conn else {
        panic!("SQLite only")
    };
    sqlite.set_instrumentation(|_: InstrumentationEvent<'_>| {});
    let statements = std::mem::take(&mut *seen.lock().unwrap());
    assert!(!statements.is_empty());
    statements
        .into_iter()
        .map(|statement| {
            let sql = statement.split(" -- binds").next().unwrap().to_owned();
            let explain = format!("EXPLAIN QUERY PLAN {sql}");
            let rows: Vec<Plan> = diesel::sql_query(explain).load(sqlite).unwrap();
            (sql, rows.into_iter().map(|row| row.detail).collect())
        })
        .collect()
}

fn no_scan<T>(
    what: &str,
    conn: &mut Conn,
    body: impl FnOnce(&mut Conn) -> Result<T, store::Error>,
) -> String {
    let mut all = String::new();
    for (sql, plan) in plans(conn, body) {
        for step in &plan {
            let reads_table = step.starts_with("SCAN")
                && !step.starts_with("SCAN CONSTANT")
                && !step.contains("USING INDEX")
                && !step.contains("USING COVERING INDEX");
            let sorts = step.contains("USE TEMP B-TREE FOR ORDER BY");
            assert!(!reads_table && !sorts, "{what}: {plan:#?}\n{sql}");
            all.push_str(step);
            all.push('\n');
        }
    }
    all
}

#[test]
fn ingest_reads_by_index() {
    let (_backend, mut conn) = full();
    let c = &mut conn;
    let keys = [
        Identity::of(INTEGRATION, "a"),
        Identity::of(INTEGRATION, "b"),
    ];
    let plan = no_scan("open alerts", c, |c| alert::lock_open(c, &keys));
    assert!(plan.contains("alert_open_identity"), "{plan}");
    let plan = no_scan("resolved alerts", c, |c| {
        alert::last_resolved(c, &keys, NOW)
    });
    assert!(
        plan.contains("COVERING INDEX alert_resolved_identity"),
        "{plan}"
    );
    let plan = no_scan("a group", c, |c| alert::open_of_group(c, INTEGRATION, "g"));
    assert!(plan.contains("alert_open_group"), "{plan}");
    let groups = ["g1".to_owned(), "g2".to_owned()];
    let plan = no_scan("groups", c, |c| {
        incident::open_of_groups(c, SERVICE, &groups)
    });
    assert!(plan.contains("incident_open_group"), "{plan}");
    let plan = no_scan("a sample", c, |c| {
        request::sample_is_fresh(c, INTEGRATION, NOW)
    });
    assert!(plan.contains("request_sample"), "{plan}");
    let ids = [IncidentId(3), IncidentId(4)];
    no_scan("incidents", c, |c| incident::lock_all(c, &ids));
    no_scan("resolving", c, |c| {
        alert::resolve_of_incident(c, IncidentId(3), NOW)
    });
}

#[test]
fn lists_of_an_integration_read_by_index() {
    let (_backend, mut conn) = full();
    let c = &mut conn;
    let of = alert::Filter {
        integrations: Some(vec![INTEGRATION]),
        ..alert::Filter::default()
    };
    let plan = no_scan("alerts", c, |c| alert::list(c, &of, None, 50));
    assert!(plan.contains("alert_integration"), "{plan}");
    for integrations in [vec![INTEGRATION], vec![INTEGRATION, IntegrationId(7)]] {
        let of = request::Filter {
            integrations: Some(integrations),
            decision: Some(SignalDecision::Rejected),
            since: Some(NOW),
            ..request::Filter::default()
        };
        // They are few, and may be sorted.
        for (sql, plan) in plans(c, |c| request::list(c, &of, 3)) {
            let plan = plan.join("\n");
            assert!(plan.contains("request_rejected_of"), "{plan}\n{sql}");
        }
    }
}

#[test]
fn clocks_read_by_index() {
    let (_backend, mut conn) = full();
    let c = &mut conn;
    let plan = no_scan("the next timer", c, escalation::next_due);
    assert!(plan.contains("timer_due"), "{plan}");
    no_scan("due timers", c, |c| escalation::due(c, NOW, 100));
    no_scan("a timer", c, |c| {
        escalation::disarm(c, domain::word::TimerKind::Escalation, 3)
    });
    no_scan("a run", c, |c| escalation::live_run(c, IncidentId(3)));
    no_scan("the newest run", c, |c| {
        escalation::newest_run(c, IncidentId(1_000_000))
    });
    let plan = no_scan("live runs", c, escalation::incidents_with_live_run);
    assert!(plan.contains("escalation_run_live"), "{plan}");
}

#[test]
fn the_outbox_is_read_by_index() {
    let (_backend, mut conn) = full();
    let c = &mut conn;
    let like = sample::page(1, None);
    for plan in [
        no_scan("the next message", c, notification::next_due),
        no_scan("due messages", c, |c| notification::take_due(c, NOW, 100)),
        no_scan("the backlog", c, |c| notification::backlog(c, NOW)),
    ] {
        assert!(plan.contains("notification_due"), "{plan}");
    }
    let own = [NotificationId(3)];
    for plan in [
        no_scan("leases", c, |c| notification::next_lease_end(c, &own)),
        no_scan("lost leases", c, |c| {
            notification::reclaim_expired(c, &own, NOW)
        }),
    ] {
        assert!(plan.contains("notification_lease"), "{plan}");
    }
    let minute = Span::from_minutes(1);
    let plan = no_scan("the window", c, |c| {
        notification::last_sent(c, &like, NOW, minute)
    });
    let by_time = ["accepted_at>?", "first_attempt_at>?", "first_attempt_at>?"];
    assert!(
        plan.lines()
            .zip(by_time)
            .all(|(step, end)| step.contains(end)),
        "{plan}"
    );
    no_scan("a bundle", c, |c| {
        notification::bundled_in(c, NotificationId(3))
    });
    no_scan("a cancelled bundle", c, |c| {
        notification::cancel(c, &own, "x")
    });
    no_scan("an incident's pages", c, |c| {
        notification::cancel_pages_of(c, IncidentId(3), &[], "x")
    });
    no_scan("a receipt", c, |c| notification::by_provider_id(c, "SM1"));
    no_scan("told before", c, |c| {
        notification::noticed_since(c, sample::ANA, "x", NOW)
    });
    for (sql, plan) in plans(c, |c| reply::by_code(c, "+494217", Some("4217"), NOW)) {
        let scans = plan
            .iter()
            .any(|step| step.starts_with("SCAN") && !step.contains("INDEX"));
        assert!(!scans, "{plan:#?}\n{sql}");
    }
}

#[test]
fn lists_are_read_by_index() {
    let (_backend, mut conn) = full();
    let c = &mut conn;
    let open = Filter {
        paging: vec![PagingState::Triggered, PagingState::Acknowledged],
        ..Filter::default()
    };
    let plan = no_scan("open incidents", c, |c| incident::list(c, &open, None, 50));
    assert!(plan.contains("incident_open\n"), "{plan}");
    let cursor = Some(Cursor {
        created_at: NOW,
        id: IncidentId(77),
    });
    no_scan("all incidents", c, |c| {
        incident::list(c, &Filter::default(), cursor, 50)
    });
    let of_service = Filter {
        service: Some(SERVICE),
        ..Filter::default()
    };
    no_scan("incidents of a service", c, |c| {
        incident::list(c, &of_service, None, 50)
    });
    let plan = no_scan("how many are open", c, incident::open_count);
    assert!(plan.contains("incident_open"), "{plan}");
    no_scan("a timeline", c, |c| timeline::latest(c, IncidentId(3), 50));
    no_scan("an incident's alerts", c, |c| {
        alert::of_incident(c, IncidentId(3), 0, 50)
    });
    let open = alert::Filter {
        status: Some(AlertStatus::Open),
        ..alert::Filter::default()
    };
    let plan = no_scan("open alerts", c, |c| alert::list(c, &open, None, 50));
    assert!(plan.contains("alert_open"), "{plan}");
    assert!(!plan.contains("identity"), "{plan}");
    no_scan("the first alert", c, |c| {
        alert::first_of_incident(c, IncidentId(3))
    });
    let plan = no_scan("held alerts", c, alert::counts_held);
    assert!(plan.contains("alert_held"), "{plan}");
}

#[derive(diesel::QueryableByName)]
struct Scans {
    #[diesel(sql_type = diesel::sql_types::BigInt)]
    whole: i64,
}

/// PostgreSQL keeps the plans of prepared statements, also those that it made when tables were empty.
#[test]
fn plans_made_for_empty_tables_read_by_index_later() {
    let backend = Backend::postgres();
    let store = backend.store();
    sample::house(&store);
    let mut conn = backend.conn();
    let keys: Vec<Identity> = (0..64)
        .map(|n| Identity::of(INTEGRATION, &n.to_string()))
        .collect();
    let open = alert::Filter {
        status: Some(AlertStatus::Open),
        ..alert::Filter::default()
    };
    let ask = |c: &mut Conn| -> Result<(), store::Error> {
        alert::lock_tallies(c, &keys)?;
        alert::last_resolved(c, &keys, NOW)?;
        alert::list(c, &open, None, 50)?;
        alert::of_incident(c, IncidentId(3), 0, 50)?;
        alert::first_of_incident(c, IncidentId(3))?;
        alert::counts_held(c)?;
        alert::resolve_of_incident(c, IncidentId(3), NOW)?;
        incident::open_of_groups(c, SERVICE, &["g1".to_owned()])?;
        incident::lock_all(c, &[IncidentId(3)])?;
        notification::waits(c, &[NotificationId(3)], NOW)?;
        Ok(())
    };
    // A plan for any values is made after five for given ones.
    for _ in 0..8 {
        conn.transaction(ask).unwrap();
    }
    for table in [
        "INSERT INTO incident (id, number, title, service_id, kind, urgency, alert_severity, \
         paging, phase, group_key, alerts, open_alerts, unreachable, created_at, triggered_at, \
         updated_at) SELECT n, n, 'x', 1, 'real', 'high', 'critical', 'resolved', 'triage', \
         'g' || n, 1, 1, false, n, n, n FROM generate_series(2, 3000) AS n",
        "INSERT INTO alert (id, identity, integration_id, incident_id, dedup_key, status, \
         severity, summary, source, details, links, images, count, first_seen, last_seen) \
         SELECT n, decode(md5(n::text), 'hex'), 1, n, 'k' || n, 'open', 'critical', 'x', 'x', \
         'null', '[]', '[]', 1, n, n FROM generate_series(2, 3000) AS n",
        "INSERT INTO notification (id, kind, state, user_id, channel, address, urgency, \
         incident_id, subject, body, created_at, due_at, attempts, fence) SELECT n, 'page', \
         'accepted', 1, 'sms', '+49' || n, 'high', n, '', '', n, n, 1, 1 \
         FROM generate_series(2, 3000) AS n",
    ] {
        conn.execute(table).unwrap();
    }
    let whole = conn.transaction(|c| {
        ask(c)?;
        let Conn::Postgres(pg) = c else {
            panic!("PostgreSQL only")
        };
        let scans = diesel::sql_query(
            "SELECT pg_stat_get_xact_numscans('alert'::regclass) \
             + pg_stat_get_xact_numscans('incident'::regclass) \
             + pg_stat_get_xact_numscans('notification'::regclass) AS whole",
        );
        Ok::<i64, store::Error>(scans.get_result::<Scans>(pg).unwrap().whole)
    });
    assert_eq!(whole.unwrap(), 0, "tables read whole");
}

#[derive(diesel::QueryableByName)]
struct Fetched {
    #[diesel(sql_type = diesel::sql_types::BigInt)]
    rows: i64,
}

/// It took PostgreSQL six seconds to show a request, until it had looked at a full table by itself.
#[test]
fn the_signals_and_replays_of_a_request_are_found_without_statistics() {
    let backend = Backend::postgres();
    let store = backend.store();
    sample::house(&store);
    let mut conn = backend.conn();
    for table in [
        "INSERT INTO request (id, integration_id, received_at, format, method, path, headers, \
         body, size, complete, changed, repeated, ignored, rejected) SELECT n, 1, n, 'generic', \
         'POST', '/', '[]', '', 0, true, 1, 0, 0, 0 FROM generate_series(1, 3000) AS n",
        "INSERT INTO signal (id, integration_id, received_at, action, dedup_key, severity, \
         summary, decision) SELECT n, 1, n, 'trigger', 'k', 'critical', 'x', 'opened' \
         FROM generate_series(1, 20000) AS n",
        "INSERT INTO signal (id, integration_id, received_at, action, dedup_key, severity, \
         summary, decision, request_id) SELECT 20000 + n, 1, n, 'trigger', 'k', 'critical', 'x', \
         'opened', n FROM generate_series(1, 3000) AS n",
    ] {
        conn.execute(table).unwrap();
    }
    let of = RequestId(2);
    let rows = conn.transaction(|c| {
        for _ in 0..8 {
            assert_eq!(request::signals(c, of, 20)?.len(), 1);
            assert!(request::replays(c, of, 20)?.is_empty());
        }
        let Conn::Postgres(pg) = c else {
            panic!("PostgreSQL only")
        };
        let fetched = diesel::sql_query(
            "SELECT pg_stat_get_xact_tuples_fetched('signal'::regclass) \
             + pg_stat_get_xact_tuples_fetched('request'::regclass) AS rows",
        );
        Ok::<i64, store::Error>(fetched.get_result::<Fetched>(pg).unwrap().rows)
    });
    assert!(rows.unwrap() <= 16, "more was read than is shown");
}

/// How many different statements `body` runs, and how many are kept prepared for the next time.
fn kept<T>(
    conn: &mut Conn,
    body: impl FnOnce(&mut Conn) -> Result<T, store::Error>,
) -> (usize, usize) {
    let counts = Arc::new(Mutex::new((0, 0)));
    let Conn::Sqlite(sqlite) = conn else {
        panic!("SQLite only")
    };
    let record = counts.clone();
    sqlite.set_instrumentation(move |event: InstrumentationEvent<'_>| {
        let mut counts = record.lock().unwrap();
        match event {
            InstrumentationEvent::StartQuery { .. } => counts.0 += 1,
            InstrumentationEvent::CacheQuery { .. } => counts.1 += 1,
            _ => {}
        }
    });
    body(conn).unwrap();
    *counts.lock().unwrap()
}

#[test]
fn statements_that_run_all_the_time_stay_prepared() {
    let (backend, _conn) = full();
    let like = sample::page(1, None);
    type Body = Box<dyn FnOnce(&mut Conn) -> Result<(), store::Error>>;
    let bodies: [(&str, Body); 7] = [
        (
            "a run",
            Box::new(|c| escalation::live_run(c, IncidentId(3)).map(drop)),
        ),
        (
            "the next timer",
            Box::new(|c| escalation::next_due(c).map(drop)),
        ),
        (
            "the next message",
            Box::new(|c| notification::next_due(c).map(drop)),
        ),
        (
            "due messages",
            Box::new(|c| notification::take_due(c, NOW, 100).map(drop)),
        ),
        (
            "the window",
            Box::new(move |c| {
                notification::last_sent(c, &like, NOW, Span::from_minutes(1)).map(drop)
            }),
        ),
        (
            "how many are open",
            Box::new(|c| incident::open_count(c).map(drop)),
        ),
        (
            "an incident",
            Box::new(|c| incident::fetch(c, IncidentId(3)).map(drop)),
        ),
    ];
    for (what, body) in bodies {
        let (run, kept) = kept(&mut backend.conn(), body);
        assert_eq!(run, kept, "{what}");
    }
}

/// Without QPSG a kept statement is parsed anew whenever a value is bound to its LIMIT; with the
/// others each call or each page costs more.
#[test]
fn sqlite_is_built_as_we_use_it() {
    #[derive(diesel::QueryableByName)]
    struct Used {
        #[diesel(sql_type = diesel::sql_types::Bool)]
        used: bool,
    }
    let backend = Backend::sqlite();
    let Conn::Sqlite(mut sqlite) = backend.conn() else {
        panic!("SQLite only")
    };
    for (option, wanted) in [
        ("ENABLE_QPSG", true),
        ("THREADSAFE=2", true),
        ("ENABLE_MEMORY_MANAGEMENT", false),
        ("ENABLE_API_ARMOR", false),
    ] {
        let asked = format!("SELECT sqlite_compileoption_used('{option}') AS used");
        let found: Used = diesel::sql_query(asked).get_result(&mut sqlite).unwrap();
        assert_eq!(found.used, wanted, "{option}: see .cargo/config.toml");
    }
}
