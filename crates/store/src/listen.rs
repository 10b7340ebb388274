//! Wake-ups between nodes: NOTIFY in the transaction, LISTEN on a connection of its own. The
//! tables are the truth; a lost notification costs latency only.

use std::sync::Weak;
use std::time::Duration;

use diesel::prelude::*;
use diesel::sql_types::Text;

use crate::Inner;
use crate::change::Change;
use crate::conn::Conn;
use crate::db;
use crate::error::Error;

const CHANNEL: &str = "quarterdeck";
/// diesel does not expose the socket, so the connection is looked at this often.
const LOOK: Duration = Duration::from_millis(100);
const RECONNECT: Duration = Duration::from_secs(1);

/// Announces changes to the other nodes when the transaction commits.
pub(crate) fn notify(conn: &mut Conn, changes: &[Change]) -> Result<(), Error> {
    if !conn.is_postgres() {
        return Ok(());
    }
    for change in changes {
        db!(conn, |c| diesel::sql_query("SELECT pg_notify($1, $2)")
            .bind::<Text, _>(CHANNEL)
            .bind::<Text, _>(change.encode())
            .execute(c))?;
    }
    Ok(())
}

pub(crate) fn start(inner: Weak<Inner>) {
    let spawned = std::thread::Builder::new().name("store-listen".into()).spawn(move || {
        while let Some(strong) = inner.upgrade() {
            let url = strong.url.clone();
            drop(strong);
            if let Err(error) = listen(&url, &inner) {
                tracing::warn!(%error, "lost the connection that hears of other nodes' changes");
                if let Some(inner) = inner.upgrade() {
                    inner.readers.forget_idle();
                }
            }
            std::thread::sleep(RECONNECT);
        }
    });
    if let Err(error) = spawned {
        tracing::error!(%error, "cannot start the listening thread");
    }
}

fn listen(url: &crate::DatabaseUrl, inner: &Weak<Inner>) -> Result<(), Error> {
    let mut conn = Conn::open(url)?;
    conn.execute(&format!("LISTEN {CHANNEL}"))?;
    // Whatever was missed while not listening.
    for change in [Change::Directory, Change::Timers, Change::Outbox] {
        hear(inner, change);
    }
    let Conn::Postgres(pg) = &mut conn else {
        return Ok(());
    };
    loop {
        let mut heard = Vec::new();
        for notification in pg.notifications_iter() {
            if let Some(change) = Change::decode(&notification?.payload)
                && !heard.contains(&change)
            {
                heard.push(change);
            }
        }
        for change in heard {
            hear(inner, change);
        }
        if inner.strong_count() == 0 {
            return Ok(());
        }
        std::thread::sleep(LOOK);
    }
}

pub(crate) fn hear(inner: &Weak<Inner>, change: Change) {
    let Some(inner) = inner.upgrade() else { return };
    if change == Change::Directory
        && let Err(error) = inner.refresh_directory_from_pool()
    {
        tracing::warn!(%error, "the configuration could not be read again");
    }
    inner.tell(change);
}
