//! Runs the body of a test on each database.

use std::time::Duration;

use store::{Conn, DatabaseUrl, Store};
use testkit::{PgDatabase, Scratch};

/// What a test may wait for on a busy machine.
pub const PATIENCE: Duration = Duration::from_secs(30);

/// An empty database of one kind.
pub struct Backend {
    pub url: DatabaseUrl,
    _database: Option<PgDatabase>,
    _home: Option<Scratch>,
}

impl Backend {
    pub fn sqlite() -> Backend {
        let home = Scratch::new("store");
        Backend {
            url: DatabaseUrl::Sqlite(home.path().join("quarterdeck.db")),
            _database: None,
            _home: Some(home),
        }
    }

    pub fn postgres() -> Backend {
        let database = PgDatabase::create();
        Backend {
            url: DatabaseUrl::Postgres(database.url.clone()),
            _database: Some(database),
            _home: None,
        }
    }

    /// A SQLite database with one process on it.
    pub fn sqlite_kept() -> Kept {
        let backend = Backend::sqlite();
        Kept {
            store: backend.store(),
            _backend: backend,
        }
    }

    /// A process that uses the database.
    pub fn store(&self) -> Store {
        Store::open(&self.url).unwrap()
    }

    /// A connection beside those of the store.
    pub fn conn(&self) -> Conn {
        Conn::open(&self.url).unwrap()
    }
}

/// A store with the database below it.
pub struct Kept {
    pub store: Store,
    _backend: Backend,
}

/// `on_both!(name, |backend| { … })`: two tests, `name::on_sqlite` and `name::on_postgres`.
#[macro_export]
macro_rules! on_both {
    ($name:ident, |$backend:ident| $body:block) => {
        mod $name {
            #[allow(unused_imports, reason = "each test uses what it needs")]
            use super::*;

            fn body($backend: &$crate::backend::Backend) $body

            #[test]
            fn on_sqlite() {
                body(&$crate::backend::Backend::sqlite());
            }

            #[test]
            fn on_postgres() {
                body(&$crate::backend::Backend::postgres());
            }
        }
    };
}
