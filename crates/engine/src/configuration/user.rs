//! People and their accounts.

use domain::directory::{ContactMethod, Directory, User};
use domain::word::{AccountRole, ContactKind, Origin};
use domain::{ContactMethodId, UserId};
use serde_json::json;
use store::{Store, account, people};

use super::check::Checks;
use super::{begin, record, require_self_or_admin};
use crate::access::{self, Right};
use crate::account::password;
use crate::{Error, OpContext};

/// A new account as a form or the API sends it.
#[derive(Clone)]
pub struct NewUser {
    pub name: String,
    pub email: String,
    pub role: AccountRole,
    /// IANA zone.
    pub zone: String,
    /// Without one the person cannot sign in until an administrator sets one.
    pub password: Option<String>,
    /// Becomes a contact method that waits for its proof.
    pub phone: Option<String>,
    /// The administrator vouches for the e-mail address: no code is needed.
    pub email_verified: bool,
}

/// What to change about an account; `None` stays.
#[derive(Clone, Debug, Default)]
pub struct EditUser {
    pub name: Option<String>,
    pub email: Option<String>,
    pub role: Option<AccountRole>,
    pub zone: Option<String>,
    pub disabled: Option<bool>,
    /// Whether the person, once paged, hears that another has answered (PAGING.md §6.9).
    pub hears_answers: Option<bool>,
}

/// Creates an account. Its e-mail address, and its phone number if there is one, become contact
/// methods. Administrators only.
///
/// # Errors
/// [`Error::Forbidden`], [`Error::Invalid`], those of the store.
pub async fn create_user(store: &Store, ctx: &OpContext, input: NewUser) -> Result<UserId, Error> {
    access::require(ctx, Right::Administer)?;
    let mut checks = Checks::default();
    let name = checks.name("name", &input.name);
    let email = checks.email("email", &input.email);
    let zone = checks.zone("zone", &input.zone);
    let phone = input
        .phone
        .filter(|phone| !phone.trim().is_empty())
        .map(|phone| checks.address("phone", ContactKind::Sms, &phone));
    let password = input.password.filter(|password| !password.is_empty());
    if let Some(password) = &password {
        checks.take(password::check("password", password));
    }
    if store.directory().user_by_email(&email).is_some() {
        checks.add("email", taken(&email));
    }
    checks.finish()?;
    let hash = match password {
        Some(password) => Some(password::hash(password).await?),
        None => None,
    };
    let ctx = *ctx;
    store
        .write(move |tx| {
            if begin(tx)?.user_by_email(&email).is_some() {
                return Err(Error::invalid("email", taken(&email)));
            }
            let id = tx.id(UserId)?;
            let user = User {
                id,
                email: email.clone(),
                name: name.clone(),
                role: input.role,
                zone: zone.clone(),
                disabled: false,
                hears_answers: true,
                methods: vec![],
                rules: vec![],
            };
            people::insert(tx, &user, hash.as_deref(), ctx.now)?;
            let mut add = |kind, address: &str, verified: bool| -> Result<(), Error> {
                let method = ContactMethod {
                    id: tx.id(ContactMethodId)?,
                    kind,
                    address: address.to_owned(),
                    verified_at: verified.then_some(ctx.now),
                    broken: None,
                };
                Ok(people::insert_method(tx, id, &method, ctx.now)?)
            };
            add(ContactKind::Email, &email, input.email_verified)?;
            if let Some(phone) = &phone {
                add(ContactKind::Sms, phone, false)?;
            }
            let details = json!({"email": email, "name": name, "role": input.role});
            record(tx, &ctx, "user.create", format!("user:{id}"), details)?;
            Ok(id)
        })
        .await
}

fn taken(email: &str) -> String {
    format!("there is already an account with the address {email}")
}

/// Edits an account. Name, zone and what one hears are also the person's own to change; the rest is the
/// administrators'. Disabling ends the person's sessions.
///
/// # Errors
/// [`Error::Refused`] when no administrator would be left, [`Error::Forbidden`],
/// [`Error::NotFound`], [`Error::Invalid`], those of the store.
pub async fn edit_user(
    store: &Store,
    ctx: &OpContext,
    id: UserId,
    edit: EditUser,
) -> Result<(), Error> {
    if edit.email.is_some() || edit.role.is_some() || edit.disabled.is_some() {
        access::require(ctx, Right::Administer)?;
    } else {
        require_self_or_admin(ctx, id)?;
    }
    let ctx = *ctx;
    store
        .write(move |tx| {
            let directory = begin(tx)?;
            let existing = directory.user(id).ok_or(Error::NotFound("person"))?;
            let mut user = existing.clone();
            let mut checks = Checks::default();
            if let Some(name) = &edit.name {
                user.name = checks.name("name", name);
            }
            if let Some(zone) = &edit.zone {
                user.zone = checks.zone("zone", zone);
            }
            if let Some(email) = &edit.email {
                user.email = checks.email("email", email);
                let other = directory.user_by_email(&user.email);
                if other.is_some_and(|other| other.id != id) {
                    checks.add("email", taken(&user.email));
                }
            }
            user.role = edit.role.unwrap_or(user.role);
            user.disabled = edit.disabled.unwrap_or(user.disabled);
            user.hears_answers = edit.hears_answers.unwrap_or(user.hears_answers);
            checks.finish()?;
            if is_active_admin(existing) && !is_active_admin(&user) {
                keep_an_admin(&directory, id)?;
            }
            people::update(tx, &user, ctx.now)?;
            if user.disabled {
                account::delete_sessions_of(tx, id, None)?;
            }
            let details = json!({
                "name": user.name, "email": user.email, "role": user.role, "zone": user.zone,
                "disabled": user.disabled, "hears_answers": user.hears_answers,
            });
            record(tx, &ctx, "user.edit", format!("user:{id}"), details)
        })
        .await
}

fn is_active_admin(user: &User) -> bool {
    user.role == AccountRole::Admin && !user.disabled
}

/// # Errors
/// [`Error::Refused`] when nobody but `except` could administer.
pub(crate) fn keep_an_admin(directory: &Directory, except: UserId) -> Result<(), Error> {
    let another = directory
        .users
        .values()
        .any(|user| user.id != except && is_active_admin(user));
    if another {
        Ok(())
    } else {
        Err(Error::Refused(
            "this is the last administrator: make somebody else one first".into(),
        ))
    }
}

/// A new password.
#[derive(Clone)]
pub struct NewPassword {
    /// The old one, which people must know to change their own.
    pub current: Option<String>,
    pub password: String,
    /// The session that stays, of all that the person has.
    pub keep_session: Option<[u8; 32]>,
}

/// Sets a password and ends the person's other sessions. People change their own by knowing the
/// old one; administrators and the command line set anybody's.
///
/// # Errors
/// [`Error::Invalid`] on `current` or `password`, [`Error::Forbidden`], [`Error::NotFound`], those
/// of the store.
pub async fn set_password(
    store: &Store,
    ctx: &OpContext,
    id: UserId,
    input: NewPassword,
) -> Result<(), Error> {
    require_self_or_admin(ctx, id)?;
    let mut checks = Checks::default();
    checks.take(password::check("password", &input.password));
    checks.finish()?;
    if store.directory().user(id).is_none() {
        return Err(Error::NotFound("person"));
    }
    if ctx.actor.user == Some(id) && ctx.actor.origin != Origin::Cli {
        let stored = store
            .read(move |conn| people::password_hash(conn, id))
            .await?;
        // Somebody without a password has nothing to prove.
        if stored.is_some() && !password::verify(input.current.unwrap_or_default(), stored).await {
            return Err(Error::invalid("current", "this is not your password"));
        }
    }
    let hash = password::hash(input.password).await?;
    let ctx = *ctx;
    store
        .write(move |tx| {
            people::set_password_hash(tx, id, &hash)?;
            account::delete_sessions_of(tx, id, input.keep_session.as_ref())?;
            record(tx, &ctx, "user.password", format!("user:{id}"), json!({}))
        })
        .await
}
