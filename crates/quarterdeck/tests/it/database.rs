//! Looking into the database past the server, with tools that are not ours: the server must not be
//! the only witness of what it did.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use testkit::scratch::{program, run};
use testkit::{PgCluster, PgDatabase, Server};

/// Prints the rows of a query, columns parted by `|`, as `psql` does.
const LOOK: &str = r#"
import sqlite3, sys
connection = sqlite3.connect(sys.argv[1], timeout=20)
connection.execute("PRAGMA query_only = ON")
for row in connection.execute(sys.argv[2]):
    print("|".join("" if value is None else str(value) for value in row))
"#;

/// Where a server of a test keeps its data.
pub enum Database {
    Sqlite,
    Postgres(PgDatabase),
}

impl Database {
    /// A database in the cluster that all tests share.
    pub fn postgres() -> Self {
        Self::Postgres(PgDatabase::create())
    }

    /// A database in a cluster that the test may stop.
    pub fn of(cluster: &Arc<PgCluster>) -> Self {
        Self::Postgres(cluster.create_database())
    }

    pub fn url(&self) -> Option<&str> {
        match self {
            Self::Sqlite => None,
            Self::Postgres(database) => Some(&database.url),
        }
    }

    /// The rows of a query that both databases understand; no column may hold `|` or a line break.
    pub fn rows(&self, server: &Server, sql: &str) -> Vec<Vec<String>> {
        let text = match self {
            Self::Sqlite => sqlite(&file(server), sql),
            Self::Postgres(database) => database.query(sql),
        };
        text.lines()
            .map(|line| line.split('|').map(str::to_owned).collect())
            .collect()
    }

    /// The one number that a query yields.
    pub fn number(&self, server: &Server, sql: &str) -> i64 {
        let rows = self.rows(server, sql);
        let cell = rows.first().and_then(|row| row.first());
        let number = cell.and_then(|cell| cell.parse().ok());
        number.unwrap_or_else(|| panic!("{sql} yields {rows:?}"))
    }

    /// Fails the test when a query for what must not be yields anything.
    #[track_caller]
    pub fn assert_none(&self, server: &Server, what: &str, sql: &str) {
        let rows = self.rows(server, sql);
        let first = &rows[..rows.len().min(10)];
        assert!(
            rows.is_empty(),
            "{what}: {} rows, first {first:#?}",
            rows.len()
        );
    }
}

/// The file of a server on SQLite.
pub fn file(server: &Server) -> PathBuf {
    server.data_dir.join("quarterdeck.db")
}

fn sqlite(file: &Path, sql: &str) -> String {
    // Debian's own interpreter, whatever else is on the path.
    let mut python = match Path::new("/usr/bin/python3") {
        debian if debian.is_file() => std::process::Command::new(debian),
        _ => program("python3", "python3"),
    };
    run(python.args(["-c", LOOK]).arg(file).arg(sql))
}
