//! Several nodes on one PostgreSQL: none waits for what another holds while that waits for it.

use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Barrier, mpsc};

use domain::word::NotificationState;
use domain::{IncidentId, NotificationId, ServiceId};
use store::{Error, incident, notification, setting};

use crate::backend::Backend;
use crate::paging::{plan, seconds, seeded, state};
use crate::sample::{self, NOW};

/// Two nodes: one holds the openings and then writes a row, the other has written that row when it
/// learns that it has to hold them, too.
#[test]
fn nobody_waits_for_openings_with_rows_locked() {
    let backend = Backend::postgres();
    let store = backend.store();
    let openings = || [ServiceId(1)].into_iter();
    let (holds, held) = mpsc::channel();
    let (writes, written) = mpsc::channel::<()>();
    let first = {
        let store = store.clone();
        std::thread::spawn(move || {
            store.write_blocking(move |tx| {
                incident::hold_openings(tx, openings())?;
                holds.send(()).unwrap();
                written.recv().unwrap();
                setting::put(tx, "row", "first")
            })
        })
    };
    held.recv().unwrap();
    let tries = Arc::new(AtomicU32::new(0));
    let counted = tries.clone();
    let second = store.write_blocking(move |tx| {
        counted.fetch_add(1, Ordering::Relaxed);
        setting::put(tx, "row", "second")?;
        // The other wants the row now; once, since a lock is waited for and not asked again.
        let _ = writes.send(());
        incident::hold_openings(tx, openings())
    });
    assert_eq!(first.join().unwrap(), Ok(()));
    assert_eq!(second, Ok(()));
    let row = store.read_blocking(|c| setting::get(c, "row"));
    assert_eq!(row, Ok(Some("second".into())));
    assert_eq!(
        tries.load(Ordering::Relaxed),
        2,
        "once to learn it, once to do it; a third try would be after a deadlock"
    );
}

/// Written twice in one transaction, PostgreSQL looks for the incident of a message anew.
#[test]
fn who_sends_does_not_wait_for_who_answers() {
    let backend = Backend::postgres();
    let store = seeded(&backend);
    plan(&store, 1, 1);
    let other = backend.store();
    store
        .write_blocking(move |tx| {
            incident::lock(tx, IncidentId(1))?;
            let hold = move |tx: &mut store::Tx<'_>| {
                notification::hold(tx, &[NotificationId(1)], NOW + seconds(30), NOW)
            };
            other.write_blocking(hold)
        })
        .unwrap();
    assert_eq!(state(&store, 1), NotificationState::Planned);
}

/// Two people answer two incidents at once, and each frees what waits for the message of the other.
#[test]
fn two_who_answer_free_each_others_messages() {
    let backend = Backend::postgres();
    let store = seeded(&backend);
    let (rounds, turn) = (40, Arc::new(Barrier::new(2)));
    let tries = Arc::new(AtomicU32::new(0));
    let answering: Vec<_> = [1, 2]
        .into_iter()
        .map(|id| {
            let (store, turn, tries) = (backend.store(), turn.clone(), tries.clone());
            std::thread::spawn(move || {
                for round in 0..rounds {
                    let ids = [round * 10 + id, round * 10 + 5 - id].map(NotificationId);
                    store
                        .write_blocking(move |tx| {
                            let [mut tried, mut waits] =
                                ids.map(|page| sample::page(page.0, Some(IncidentId(id))));
                            (tried.attempts, tried.first_attempt_at) = (1, Some(NOW));
                            (waits.waits_since, waits.due_at) = (Some(NOW), NOW + seconds(20));
                            notification::insert(tx, &[tried, waits])
                        })
                        .unwrap();
                    turn.wait();
                    let tries = tries.clone();
                    store
                        .write_blocking(move |tx| {
                            tries.fetch_add(1, Ordering::Relaxed);
                            incident::lock(tx, IncidentId(id))?;
                            let why = "answered";
                            let end = NOW + seconds(30);
                            for tried in
                                notification::cancel_pages_of(tx, IncidentId(id), &[], why)?
                            {
                                notification::leave_early(tx, &tried, end, NOW)?;
                            }
                            Ok::<_, Error>(())
                        })
                        .unwrap();
                    turn.wait();
                }
            })
        })
        .collect();
    for one in answering {
        one.join().unwrap();
    }
    assert_eq!(i64::from(tries.load(Ordering::Relaxed)), 2 * rounds);
    assert_eq!(state(&store, 1), NotificationState::Cancelled);
}
