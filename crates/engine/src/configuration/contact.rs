//! How a person is reached: contact methods and notification rules.

use domain::directory::{ContactMethod, NotificationRule};
use domain::word::{ContactKind, Urgency};
use domain::{ContactMethodId, NotificationRuleId, Span, UserId};
use serde_json::json;
use store::{Store, people};

use super::check::Checks;
use super::{begin, record, require_self_or_admin};
use crate::{Error, OpContext};

pub const METHODS_MAX: usize = 20;
pub const RULES_MAX: usize = 50;
/// PAGING.md §6.2.
pub const DELAY_MAX: Span = Span::from_hours(24);

/// Adds a contact method, which counts once it has been proved. For its owner and administrators.
///
/// # Errors
/// [`Error::Forbidden`], [`Error::NotFound`], [`Error::Invalid`], those of the store.
pub async fn add_method(
    store: &Store,
    ctx: &OpContext,
    user: UserId,
    kind: ContactKind,
    address: &str,
) -> Result<ContactMethodId, Error> {
    require_self_or_admin(ctx, user)?;
    let mut checks = Checks::default();
    let address = checks.address("address", kind, address);
    checks.finish()?;
    let ctx = *ctx;
    store
        .write(move |tx| {
            let directory = begin(tx)?;
            let person = directory.user(user).ok_or(Error::NotFound("person"))?;
            let mut checks = Checks::default();
            let known = person.methods.iter();
            if known
                .clone()
                .any(|m| m.kind == kind && m.address == address)
            {
                checks.add("address", "this address is there already");
            }
            if known.count() >= METHODS_MAX {
                let message = format!("a person has at most {METHODS_MAX} contact methods");
                checks.add("address", message);
            }
            checks.finish()?;
            let method = ContactMethod {
                id: tx.id(ContactMethodId)?,
                kind,
                address: address.clone(),
                verified_at: None,
                broken: None,
            };
            people::insert_method(tx, user, &method, ctx.now)?;
            let details = json!({"kind": kind, "address": address});
            record(
                tx,
                &ctx,
                "contact_method.add",
                format!("user:{user}"),
                details,
            )?;
            Ok(method.id)
        })
        .await
}

/// Removes a contact method and the rules that use it. For its owner and administrators.
///
/// # Errors
/// [`Error::Forbidden`], [`Error::NotFound`], those of the store.
pub async fn remove_method(
    store: &Store,
    ctx: &OpContext,
    user: UserId,
    method: ContactMethodId,
) -> Result<(), Error> {
    require_self_or_admin(ctx, user)?;
    let ctx = *ctx;
    store
        .write(move |tx| {
            let directory = begin(tx)?;
            let found = directory
                .user(user)
                .and_then(|person| person.method(method))
                .ok_or(Error::NotFound("contact method"))?;
            people::remove_method(tx, method)?;
            let details = json!({"kind": found.kind, "address": found.address});
            record(
                tx,
                &ctx,
                "contact_method.remove",
                format!("user:{user}"),
                details,
            )
        })
        .await
}

/// One rule: use this method after this delay.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RuleInput {
    pub method_id: ContactMethodId,
    pub delay: Span,
}

/// Replaces the rules of one urgency, in the order given; without any the defaults of PAGING.md
/// §6.2 hold. For their owner and administrators.
///
/// # Errors
/// [`Error::Forbidden`], [`Error::NotFound`], [`Error::Invalid`], those of the store.
pub async fn replace_rules(
    store: &Store,
    ctx: &OpContext,
    user: UserId,
    urgency: Urgency,
    rules: Vec<RuleInput>,
) -> Result<(), Error> {
    require_self_or_admin(ctx, user)?;
    let ctx = *ctx;
    store
        .write(move |tx| {
            let directory = begin(tx)?;
            let person = directory.user(user).ok_or(Error::NotFound("person"))?;
            let mut checks = Checks::default();
            if rules.len() > RULES_MAX {
                checks.add("rules", format!("at most {RULES_MAX} rules are possible"));
            }
            for (index, rule) in rules.iter().enumerate() {
                if person.method(rule.method_id).is_none() {
                    checks.add(
                        format!("rules[{index}].method"),
                        "there is no such contact method",
                    );
                }
                let field = format!("rules[{index}].delay");
                checks.span(&field, rule.delay, Span::ZERO, DELAY_MAX);
            }
            checks.finish()?;
            let mut all: Vec<NotificationRule> = person
                .rules
                .iter()
                .filter(|rule| rule.urgency != urgency)
                .cloned()
                .collect();
            for rule in &rules {
                all.push(NotificationRule {
                    id: tx.id(NotificationRuleId)?,
                    urgency,
                    method_id: rule.method_id,
                    delay: rule.delay,
                });
            }
            people::replace_rules(tx, user, &all)?;
            let details = json!({"urgency": urgency, "rules": rules.len()});
            record(
                tx,
                &ctx,
                "notification_rules.replace",
                format!("user:{user}"),
                details,
            )
        })
        .await
}
