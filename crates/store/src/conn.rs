//! A connection to either database, and the transaction that works alike on both.

use diesel::connection::{
    AnsiTransactionManager, Connection, LoadConnection, SimpleConnection, TransactionManager,
};
use diesel::{PgConnection, QueryableByName, RunQueryDsl, SqliteConnection};

use crate::error::Error;
use crate::url::DatabaseUrl;

/// One connection. Not diesel's `MultiConnection`: that has no upsert, no batch insert and no
/// `SKIP LOCKED`.
pub enum Conn {
    Sqlite(SqliteConnection),
    Postgres(PgConnection),
}

/// Runs one query body on whichever connection it is: the body is written once and expanded once
/// per database. `db!(conn, |c| users::table.load::<User>(c))` maps errors to [`Error`].
#[macro_export]
macro_rules! db {
    ($conn:expr, |$c:ident| $body:expr) => {
        match &mut *$conn {
            $crate::conn::Conn::Sqlite($c) => ($body).map_err($crate::error::Error::from),
            $crate::conn::Conn::Postgres($c) => ($body).map_err($crate::error::Error::from),
        }
    };
}

/// Inserts rows of one kind. SQLite takes them singly by a statement that stays prepared, since
/// there is no round trip to spare, PostgreSQL many in one.
macro_rules! insert_all {
    ($conn:expr, $table:expr, $rows:expr) => {{
        /// Rows of one statement; PostgreSQL binds 65,535 values at most.
        const CHUNK: usize = 500;
        match &mut *$conn {
            $crate::conn::Conn::Sqlite(c) => {
                for row in $rows {
                    diesel::insert_into($table).values(row).execute(c)?;
                }
            }
            $crate::conn::Conn::Postgres(c) => {
                for chunk in $rows.chunks(CHUNK) {
                    diesel::insert_into($table).values(chunk).execute(c)?;
                }
            }
        }
    }};
}
pub(crate) use insert_all;

#[derive(QueryableByName)]
struct Mode {
    #[diesel(sql_type = diesel::sql_types::Text)]
    journal_mode: String,
}

#[derive(QueryableByName)]
struct WrittenBack {
    #[diesel(sql_type = diesel::sql_types::Integer)]
    busy: i32,
}

impl Conn {
    /// Opens a connection and sets it up.
    ///
    /// # Errors
    /// [`Error::Unavailable`] when the database cannot be reached or opened.
    pub fn open(url: &DatabaseUrl) -> Result<Conn, Error> {
        match url {
            DatabaseUrl::Sqlite(path) => {
                let text = path.to_str().ok_or_else(|| {
                    Error::Unavailable("the path of the database is not valid UTF-8".into())
                })?;
                let mut conn = SqliteConnection::establish(text)
                    .map_err(|e| Error::Unavailable(format!("cannot open {text}: {e}")))?;
                // FULL: a commit is on the disk when it returns (DESIGN.md P1).
                conn.batch_execute(
                    "PRAGMA busy_timeout = 5000; PRAGMA journal_mode = WAL; \
                     PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON; \
                     PRAGMA trusted_schema = OFF; PRAGMA cache_size = -16384; \
                     PRAGMA temp_store = MEMORY; PRAGMA wal_autocheckpoint = 4000;",
                )?;
                Ok(Conn::Sqlite(conn))
            }
            DatabaseUrl::Postgres(text) => {
                let mut conn = PgConnection::establish(&patient(text)).map_err(|e| {
                    Error::Unavailable(format!("cannot connect to PostgreSQL: {e}"))
                })?;
                // A commit is durable when it returns, whatever the server's default. Plans keep to
                // indexes, which everything asked for often has: the database knows only now and
                // then how much a table holds. What has none looks so dear then that it would be
                // compiled each time.
                conn.batch_execute(
                    "SET synchronous_commit = on; SET application_name = 'quarterdeck'; \
                     SET idle_in_transaction_session_timeout = '60s'; SET lock_timeout = '10s'; \
                     SET enable_seqscan = off; SET jit = off",
                )?;
                Ok(Conn::Postgres(conn))
            }
        }
    }

    pub fn is_postgres(&self) -> bool {
        matches!(self, Conn::Postgres(_))
    }

    /// Keeps whoever asks for the same name waiting until the transaction ends. SQLite has one writer
    /// anyhow.
    ///
    /// # Errors
    /// Those of the lock.
    pub(crate) fn hold(&mut self, name: &str) -> Result<(), Error> {
        if let Conn::Postgres(c) = self {
            diesel::sql_query("SELECT pg_advisory_xact_lock(hashtextextended($1, 0))")
                .bind::<diesel::sql_types::Text, _>(name)
                .execute(c)?;
        }
        Ok(())
    }

    /// Commits do not wait for the disk from now on, if there is a log that can be flushed beside
    /// them; returns whether there is. SQLite makes none where memory cannot be shared.
    pub(crate) fn leaves_flushing(&mut self) -> bool {
        let Conn::Sqlite(c) = self else { return false };
        let mode: Result<Mode, _> = diesel::sql_query("PRAGMA journal_mode").get_result(c);
        mode.is_ok_and(|mode| mode.journal_mode == "wal")
            && c.batch_execute("PRAGMA synchronous = NORMAL").is_ok()
    }

    /// Writes all that is in SQLite's log to where it belongs, waits for the disk, and empties the
    /// log.
    ///
    /// # Errors
    /// Those of the disk, and [`Error::Unavailable`] while somebody reads.
    pub(crate) fn write_log_back(&mut self) -> Result<(), Error> {
        let Conn::Sqlite(c) = self else { return Ok(()) };
        let done: WrittenBack =
            diesel::sql_query("PRAGMA wal_checkpoint(TRUNCATE)").get_result(c)?;
        match done.busy {
            0 => Ok(()),
            _ => Err(Error::Unavailable(
                "the log of the database is in use".into(),
            )),
        }
    }

    /// Has PostgreSQL plan anew what stays prepared, by the tables as they are now. SQLite's plans
    /// do not depend on them.
    ///
    /// # Errors
    /// Those of the connection.
    pub(crate) fn forget_plans(&mut self) -> Result<(), Error> {
        match self {
            Conn::Sqlite(_) => Ok(()),
            Conn::Postgres(c) => Ok(c.batch_execute("DISCARD PLANS")?),
        }
    }

    /// Runs statements that return nothing.
    ///
    /// # Errors
    /// Whatever the database says.
    pub fn execute(&mut self, sql: &str) -> Result<(), Error> {
        db!(self, |c| c.batch_execute(sql))
    }

    /// Runs `body` in a transaction; nested, in a savepoint. SQLite takes its write lock at once,
    /// so that a transaction never fails half way for having read first.
    ///
    /// # Errors
    /// Those of `body`, after rolling back, and those of beginning and committing.
    pub fn transaction<T, E: From<Error>>(
        &mut self,
        body: impl FnOnce(&mut Conn) -> Result<T, E>,
    ) -> Result<T, E> {
        self.begin()?;
        match body(self) {
            Ok(value) => {
                let committed = match self {
                    Conn::Sqlite(c) => AnsiTransactionManager::commit_transaction(c),
                    Conn::Postgres(c) => AnsiTransactionManager::commit_transaction(c),
                };
                match committed {
                    Ok(()) => Ok(value),
                    Err(e) => {
                        self.roll_back();
                        Err(Error::from(e).into())
                    }
                }
            }
            Err(error) => {
                self.roll_back();
                Err(error)
            }
        }
    }

    fn begin(&mut self) -> Result<(), Error> {
        match self {
            Conn::Sqlite(c) => {
                if depth(c)? == 0 {
                    AnsiTransactionManager::begin_transaction_sql(c, "BEGIN IMMEDIATE")?;
                } else {
                    AnsiTransactionManager::begin_transaction(c)?;
                }
            }
            Conn::Postgres(c) => AnsiTransactionManager::begin_transaction(c)?,
        }
        Ok(())
    }

    /// Whether the transaction that was begun still runs. SQLite ends it by itself when the disk
    /// is full or fails in the middle; what is written afterwards would stand on its own.
    pub(crate) fn in_transaction(&mut self) -> bool {
        match self {
            // Within a transaction another one cannot be begun.
            Conn::Sqlite(c) => match c.batch_execute("BEGIN") {
                Ok(()) => {
                    if let Err(error) = c.batch_execute("ROLLBACK") {
                        tracing::debug!(%error, "rollback failed");
                    }
                    false
                }
                Err(error) => !matches!(Error::from(error), Error::Unavailable(_)),
            },
            Conn::Postgres(c) => !matches!(depth(c), Ok(0) | Err(_)),
        }
    }

    /// Rolls back the innermost level. A failure here means the connection itself is gone, which
    /// the next statement reports; the database has then rolled back by itself.
    fn roll_back(&mut self) {
        let result = match self {
            Conn::Sqlite(c) => match depth(c) {
                Ok(0) => Ok(()),
                _ => AnsiTransactionManager::rollback_transaction(c),
            },
            Conn::Postgres(c) => match depth(c) {
                Ok(0) => Ok(()),
                _ => AnsiTransactionManager::rollback_transaction(c),
            },
        };
        if let Err(error) = result {
            tracing::debug!(%error, "rollback failed");
        }
    }

    /// Whether the connection can still be used: false once a transaction was left in an unknown
    /// state, for example because the server went away.
    pub fn is_usable(&mut self) -> bool {
        match self {
            Conn::Sqlite(c) => matches!(depth(c), Ok(0)),
            Conn::Postgres(c) => {
                matches!(depth(c), Ok(0)) && !diesel::r2d2::R2D2Connection::is_broken(c)
            }
        }
    }
}

fn depth<C>(conn: &mut C) -> Result<u32, Error>
where
    C: Connection<TransactionManager = AnsiTransactionManager> + LoadConnection,
{
    AnsiTransactionManager::transaction_manager_status_mut(conn)
        .transaction_depth()
        .map(|depth| depth.map_or(0, std::num::NonZeroU32::get))
        .map_err(Error::from)
}

/// The URL with limits for a server that has fallen silent, so that nobody waits for the operating
/// system's own (hours); whatever the URL says itself stands.
fn patient(url: &str) -> String {
    const LIMITS: &[(&str, &str)] = &[
        ("connect_timeout", "5"),
        ("tcp_user_timeout", "10000"),
        ("keepalives_idle", "10"),
        ("keepalives_interval", "3"),
        ("keepalives_count", "3"),
    ];
    let mut url = url.to_owned();
    for (name, value) in LIMITS {
        if !url.contains(&format!("{name}=")) {
            let mark = if url.contains('?') { '&' } else { '?' };
            url.push_str(&format!("{mark}{name}={value}"));
        }
    }
    url
}

#[cfg(test)]
mod tests {
    use super::patient;

    #[test]
    fn a_silent_server_is_given_up_unless_the_url_says_otherwise() {
        let url = patient("postgres://qd@db.example/qd");
        assert!(
            url.starts_with("postgres://qd@db.example/qd?connect_timeout=5&"),
            "{url}"
        );
        let own = patient("postgres://db.example/qd?sslmode=require&connect_timeout=60");
        assert!(
            own.contains("&connect_timeout=60&tcp_user_timeout="),
            "{own}"
        );
    }
}
