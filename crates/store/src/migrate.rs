//! Migrations: embedded, applied under a lock, refused when the database is newer.

use diesel::migration::{Migration, MigrationSource};
use diesel::pg::Pg;
use diesel::sqlite::Sqlite;
use diesel_migrations::{EmbeddedMigrations, MigrationHarness, embed_migrations};

use crate::conn::Conn;
use crate::error::Error;

const SQLITE: EmbeddedMigrations = embed_migrations!("../../migrations/sqlite");
const POSTGRES: EmbeddedMigrations = embed_migrations!("../../migrations/postgresql");

/// Any constant will do, as long as every node uses the same.
const LOCK: i64 = 0x7164_6d69_6772;

/// Applies what is missing and returns the names of what was applied.
///
/// # Errors
/// [`Error::Newer`] when the database has migrations this program does not know.
pub fn migrate(conn: &mut Conn) -> Result<Vec<String>, Error> {
    match conn {
        // SQLite: the file lock of each migration's own transaction is the lock; a second process
        // that waited for it finds the migration applied and fails on the unique version, so the
        // whole is run under one immediate transaction.
        Conn::Sqlite(_) => conn.transaction(run),
        Conn::Postgres(_) => {
            // diesel_migrations takes no lock: two nodes starting together would race.
            conn.execute(&format!("SELECT pg_advisory_lock({LOCK})"))?;
            let result = conn.transaction(run);
            conn.execute(&format!("SELECT pg_advisory_unlock({LOCK})"))?;
            result
        }
    }
}

/// Names of the migrations that would be applied.
///
/// # Errors
/// As [`migrate`].
pub fn pending(conn: &mut Conn) -> Result<Vec<String>, Error> {
    match conn {
        Conn::Sqlite(c) => names(c.pending_migrations(SQLITE)),
        Conn::Postgres(c) => names(c.pending_migrations(POSTGRES)),
    }
}

fn names<DB: diesel::backend::Backend>(
    pending: diesel::migration::Result<Vec<Box<dyn Migration<DB>>>>,
) -> Result<Vec<String>, Error> {
    let pending = pending.map_err(|e| failed(e.as_ref()))?;
    Ok(pending
        .iter()
        .map(|migration| migration.name().to_string())
        .collect())
}

fn run(conn: &mut Conn) -> Result<Vec<String>, Error> {
    refuse_newer(conn)?;
    let applied = match conn {
        Conn::Sqlite(c) => c.run_pending_migrations(SQLITE),
        Conn::Postgres(c) => c.run_pending_migrations(POSTGRES),
    }
    .map_err(|e| failed(e.as_ref()))?;
    Ok(applied.iter().map(ToString::to_string).collect())
}

fn refuse_newer(conn: &mut Conn) -> Result<(), Error> {
    let applied = match conn {
        Conn::Sqlite(c) => c.applied_migrations(),
        Conn::Postgres(c) => c.applied_migrations(),
    }
    .map_err(|e| failed(e.as_ref()))?;
    let known = known_versions()?;
    let unknown = applied
        .iter()
        .map(ToString::to_string)
        .filter(|found| !known.contains(found));
    match unknown.max() {
        Some(found) => {
            let known = known.into_iter().max().unwrap_or_default();
            Err(Error::Newer { found, known })
        }
        None => Ok(()),
    }
}

/// Versions this program brings, equal for both databases (a test compares the folders).
pub fn known_versions() -> Result<Vec<String>, Error> {
    let list = MigrationSource::<Sqlite>::migrations(&SQLITE).map_err(|e| failed(e.as_ref()))?;
    Ok(list
        .iter()
        .map(|m| m.name().version().to_string())
        .collect())
}

/// Undoes everything, newest first; for tests of the down scripts.
///
/// # Errors
/// Whatever a script says.
pub fn revert_all(conn: &mut Conn) -> Result<(), Error> {
    match conn {
        Conn::Sqlite(c) => MigrationHarness::<Sqlite>::revert_all_migrations(c, SQLITE).map(drop),
        Conn::Postgres(c) => MigrationHarness::<Pg>::revert_all_migrations(c, POSTGRES).map(drop),
    }
    .map_err(|e| failed(e.as_ref()))
}

fn failed(error: &(dyn std::error::Error + Send + Sync)) -> Error {
    Error::Refused(format!("a migration failed: {error}"))
}
