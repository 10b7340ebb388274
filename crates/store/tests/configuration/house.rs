//! An empty store on either database, and things to put into it.

use std::sync::Arc;

use domain::directory::{ContactMethod, Directory, User};
use domain::word::{AccountRole, ContactKind};
use domain::{ContactMethodId, Timestamp, UserId};
use store::{DatabaseUrl, Error, Store, Tx};

pub const NOW: Timestamp = Timestamp::from_seconds(1_800_000_000);

/// A store with whatever keeps its database alive.
pub struct House {
    pub store: Store,
    _directory: Option<tempfile::TempDir>,
    _database: Option<testkit::PgDatabase>,
}

pub fn sqlite() -> House {
    let directory = tempfile::tempdir().unwrap();
    let url = DatabaseUrl::Sqlite(directory.path().join("quarterdeck.db"));
    House {
        store: Store::open(&url).unwrap(),
        _directory: Some(directory),
        _database: None,
    }
}

pub fn postgres() -> House {
    let database = testkit::PgDatabase::create();
    House {
        store: Store::open(&database.url.parse().unwrap()).unwrap(),
        _directory: None,
        _database: Some(database),
    }
}

impl House {
    pub fn write<T: Send + 'static>(
        &self,
        body: impl FnMut(&mut Tx<'_>) -> Result<T, Error> + Send + 'static,
    ) -> Result<T, Error> {
        self.store.write_blocking(body)
    }

    pub fn directory(&self) -> Arc<Directory> {
        self.store.directory()
    }

    /// Creates a person with a verified e-mail method.
    pub fn person(&self, name: &str) -> User {
        let name = name.to_owned();
        self.write(move |tx| {
            let user = user(tx, &name)?;
            store::people::insert(tx, &user, None, NOW)?;
            let method = ContactMethod {
                id: tx.id(ContactMethodId)?,
                kind: ContactKind::Email,
                address: user.email.clone(),
                verified_at: Some(NOW),
                broken: None,
            };
            store::people::insert_method(tx, user.id, &method, NOW)?;
            Ok(User {
                methods: vec![method],
                ..user
            })
        })
        .unwrap()
    }
}

/// A person not yet stored.
pub fn user(tx: &mut Tx<'_>, name: &str) -> Result<User, Error> {
    Ok(User {
        id: tx.id(UserId)?,
        email: format!("{}@example.com", name.to_lowercase()),
        name: name.to_owned(),
        role: AccountRole::Responder,
        zone: "Europe/Berlin".into(),
        disabled: false,
        hears_answers: true,
        methods: vec![],
        rules: vec![],
    })
}

/// Runs each named function once per database.
#[macro_export]
macro_rules! on_both {
    ($($name:ident)*) => {
        mod sqlite {$(
            #[test]
            fn $name() {
                super::$name(&$crate::house::sqlite());
            }
        )*}
        mod postgres {$(
            #[test]
            fn $name() {
                super::$name(&$crate::house::postgres());
            }
        )*}
    };
}
