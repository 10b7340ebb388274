//! The first start: who opens the page first becomes the administrator.

use domain::directory::{ContactMethod, Settings, User};
use domain::policy::Target;
use domain::word::{AccountRole, ContactKind, Origin};
use domain::{ContactMethodId, UserId};
use serde_json::json;
use store::{Store, people, setting};

use super::{password, verification};
use crate::configuration::check::Checks;
use crate::configuration::{begin, record};
use crate::{Error, OpContext};

/// The first administrator.
#[derive(Clone)]
pub struct SetUp {
    pub name: String,
    pub email: String,
    pub password: String,
    /// IANA zone.
    pub zone: String,
}

/// Whether there is nobody yet.
pub fn setup_needed(store: &Store) -> bool {
    store.directory().users.is_empty()
}

/// Creates the first administrator and makes them the last resort (PAGING.md §4.2). Of two that
/// come at the same time one wins.
///
/// The administrator's own address becomes a contact method. When mail leaves the house
/// (`mail_configured`) it has to be proved like any other and the code is sent at once; otherwise
/// no code could arrive and nothing be proved, so that it counts as verified: pages to it stay on
/// the outbox page.
///
/// # Errors
/// [`Error::Refused`] once there is an account, [`Error::Invalid`], those of the store.
pub async fn setup(
    store: &Store,
    input: SetUp,
    mail_configured: bool,
    now: domain::Timestamp,
) -> Result<UserId, Error> {
    let mut checks = Checks::default();
    let name = checks.name("name", &input.name);
    let email = checks.email("email", &input.email);
    let zone = checks.zone("zone", &input.zone);
    checks.take(password::check("password", &input.password));
    checks.finish()?;
    if !setup_needed(store) {
        return Err(done());
    }
    let hash = password::hash(input.password).await?;
    store
        .write(move |tx| {
            if !begin(tx)?.users.is_empty() {
                return Err(done());
            }
            let id = tx.id(UserId)?;
            let method = ContactMethod {
                id: tx.id(ContactMethodId)?,
                kind: ContactKind::Email,
                address: email.clone(),
                verified_at: (!mail_configured).then_some(now),
                broken: None,
            };
            let user = User {
                id,
                email: email.clone(),
                name: name.clone(),
                role: AccountRole::Admin,
                zone: zone.clone(),
                disabled: false,
                hears_answers: true,
                methods: vec![],
                rules: vec![],
            };
            people::insert(tx, &user, Some(&hash), now)?;
            people::insert_method(tx, id, &method, now)?;
            if mail_configured {
                verification::issue(tx, id, &method, now)?;
            }
            let settings = Settings {
                last_resort: vec![Target::User(id)],
            };
            setting::put_settings(tx, &settings)?;
            let ctx = OpContext::user(id, AccountRole::Admin, Origin::Web, now);
            record(
                tx,
                &ctx,
                "setup",
                format!("user:{id}"),
                json!({"email": email}),
            )?;
            Ok(id)
        })
        .await
}

fn done() -> Error {
    Error::Refused("Quarterdeck has been set up already: sign in".into())
}
