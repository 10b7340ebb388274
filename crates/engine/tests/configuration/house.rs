//! An installation with one administrator, on either database.

use std::sync::Arc;

use domain::directory::{Directory, User};
use domain::word::{AccountRole, NotificationKind, Origin};
use domain::{Span, Timestamp, UserId};
use engine::account::{SetUp, setup};
use engine::configuration::user::{NewUser, create_user};
use engine::{Error, OpContext};
use store::{DatabaseUrl, Store};

pub const NOW: Timestamp = Timestamp::from_seconds(1_800_000_000);
pub const PASSWORD: &str = "a good password";

/// A store with whatever keeps its database alive.
pub struct House {
    pub store: Store,
    _directory: Option<tempfile::TempDir>,
    database: Option<testkit::PgDatabase>,
}

pub fn sqlite() -> House {
    let directory = tempfile::tempdir().unwrap();
    let url = DatabaseUrl::Sqlite(directory.path().join("quarterdeck.db"));
    House {
        store: Store::open(&url).unwrap(),
        _directory: Some(directory),
        database: None,
    }
}

pub fn postgres() -> House {
    let database = testkit::PgDatabase::create();
    House {
        store: Store::open(&database.url.parse().unwrap()).unwrap(),
        _directory: None,
        database: Some(database),
    }
}

/// The command line on the machine.
pub fn root() -> OpContext {
    OpContext::token(AccountRole::Admin, Origin::Cli, NOW)
}

pub fn context(user: UserId, role: AccountRole) -> OpContext {
    OpContext::user(user, role, Origin::Web, NOW)
}

pub fn later(ctx: OpContext, by: Span) -> OpContext {
    OpContext {
        now: ctx.now + by,
        ..ctx
    }
}

/// The contexts of roles that must be refused a right of administrators.
pub fn others() -> [OpContext; 2] {
    [AccountRole::Responder, AccountRole::Observer]
        .map(|role| OpContext::token(role, Origin::Api, NOW))
}

pub fn observer() -> OpContext {
    OpContext::token(AccountRole::Observer, Origin::Api, NOW)
}

impl House {
    pub fn directory(&self) -> Arc<Directory> {
        self.store.directory()
    }

    /// Asks PostgreSQL by its own client.
    pub fn sql(&self, sql: &str) -> String {
        self.database.as_ref().unwrap().query(sql)
    }

    /// Another, empty house of the same kind.
    pub fn another(&self) -> House {
        match &self.database {
            Some(_) => postgres(),
            None => sqlite(),
        }
    }

    /// Sets up the administrator, without a mail server.
    pub async fn admin(&self) -> OpContext {
        let input = SetUp {
            name: "Ada".into(),
            email: "ada@example.com".into(),
            password: PASSWORD.into(),
            zone: "Europe/Berlin".into(),
        };
        let id = setup(&self.store, input, false, NOW).await.unwrap();
        context(id, AccountRole::Admin)
    }

    /// Creates a responder whose e-mail address is verified.
    pub async fn person(&self, name: &str) -> User {
        let new = new_user(name);
        let id = create_user(&self.store, &root(), new).await.unwrap();
        self.directory().user(id).unwrap().clone()
    }

    /// Subjects of the notices to a person, oldest first.
    pub async fn told(&self, user: UserId) -> Vec<String> {
        let filter = store::notification::Filter::default();
        let mut rows = self
            .store
            .read(move |conn| store::notification::list(conn, &filter, None, 500))
            .await
            .unwrap();
        rows.retain(|row| row.user_id == Some(user) && row.kind == NotificationKind::Notice);
        rows.sort_by_key(|row| row.id);
        rows.into_iter().map(|row| row.subject).collect()
    }
}

pub fn new_user(name: &str) -> NewUser {
    NewUser {
        name: name.into(),
        email: format!("{}@example.com", name.to_lowercase()),
        role: AccountRole::Responder,
        zone: "UTC".into(),
        password: None,
        phone: None,
        email_verified: true,
    }
}

/// The fields of an [`Error::Invalid`].
pub fn fields<T>(result: Result<T, Error>) -> Vec<String> {
    match result {
        Err(Error::Invalid(problems)) => problems.into_iter().map(|p| p.field).collect(),
        Err(other) => panic!("not a problem of input: {other}"),
        Ok(_) => panic!("accepted"),
    }
}

pub fn assert_forbidden<T>(result: Result<T, Error>) {
    assert!(matches!(result, Err(Error::Forbidden)), "not forbidden");
}

/// Runs each named function once per database.
#[macro_export]
macro_rules! on_both {
    ($($name:ident)*) => {
        mod sqlite {$(
            #[tokio::test]
            async fn $name() {
                super::$name(&$crate::house::sqlite()).await;
            }
        )*}
        mod postgres {$(
            #[tokio::test]
            async fn $name() {
                super::$name(&$crate::house::postgres()).await;
            }
        )*}
    };
}
