//! Which of a person's contact methods a page uses, and when (PAGING.md §6.2).

use crate::directory::{ContactMethod, User};
use crate::word::{ContactKind, Urgency};
use crate::{ContactMethodId, NotificationRuleId, Span, Timestamp};

/// One message to be made for a page.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Planned {
    pub method_id: ContactMethodId,
    pub kind: ContactKind,
    /// `None` when it follows from the defaults.
    pub rule_id: Option<NotificationRuleId>,
    pub due_at: Timestamp,
}

/// A rule that a new account gets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DefaultRule {
    pub urgency: Urgency,
    pub method_id: ContactMethodId,
    pub delay: Span,
}

/// What holds while a person has no rules of their own (PAGING.md §6.2): high urgency uses every
/// usable method at once, low urgency e-mail.
pub fn default_rules(methods: &[ContactMethod]) -> Vec<DefaultRule> {
    let usable = || methods.iter().filter(|method| method.usable());
    let high = usable().map(|method| (Urgency::High, method.id));
    let low = usable()
        .filter(|method| method.kind == ContactKind::Email)
        .map(|method| (Urgency::Low, method.id));
    high.chain(low)
        .map(|(urgency, method_id)| DefaultRule {
            urgency,
            method_id,
            delay: Span::ZERO,
        })
        .collect()
}

/// The messages of a page made at `page_at`, by due time and within it in the person's order.
///
/// Rules whose method is not usable are left out; if that leaves none, every usable method is used
/// at once. Empty only when the person has no usable method at all.
pub fn plan(user: &User, urgency: Urgency, page_at: Timestamp) -> Vec<Planned> {
    let usable = |id: ContactMethodId| user.method(id).filter(|method| method.usable());
    let has_rules = user.rules.iter().any(|rule| rule.urgency == urgency);
    let mut planned: Vec<Planned> = Vec::new();
    let mut add = |method: &ContactMethod, rule_id, delay: Span| {
        let due_at = page_at + delay;
        let known = planned
            .iter()
            .any(|one| one.method_id == method.id && one.due_at == due_at);
        if !known {
            planned.push(Planned {
                method_id: method.id,
                kind: method.kind,
                rule_id,
                due_at,
            });
        }
    };
    if has_rules {
        for rule in user.rules.iter().filter(|rule| rule.urgency == urgency) {
            if let Some(method) = usable(rule.method_id) {
                add(method, Some(rule.id), rule.delay);
            }
        }
    } else {
        for rule in default_rules(&user.methods) {
            if let Some(method) = usable(rule.method_id).filter(|_| rule.urgency == urgency) {
                add(method, None, rule.delay);
            }
        }
    }
    if planned.is_empty() {
        let every = user.methods.iter().filter(|method| method.usable());
        planned.extend(every.map(|method| Planned {
            method_id: method.id,
            kind: method.kind,
            rule_id: None,
            due_at: page_at,
        }));
    }
    planned.sort_by_key(|one| one.due_at);
    planned
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::UserId;
    use crate::directory::NotificationRule;
    use crate::word::AccountRole;

    const NOW: Timestamp = Timestamp::from_seconds(1_700_000_000);

    fn method(id: i64, kind: ContactKind, verified: bool) -> ContactMethod {
        ContactMethod {
            id: ContactMethodId(id),
            kind,
            address: format!("address-{id}"),
            verified_at: verified.then_some(NOW),
            broken: None,
        }
    }

    fn rule(id: i64, urgency: Urgency, method: i64, delay: Span) -> NotificationRule {
        NotificationRule {
            id: NotificationRuleId(id),
            urgency,
            method_id: ContactMethodId(method),
            delay,
        }
    }

    fn person(methods: Vec<ContactMethod>, rules: Vec<NotificationRule>) -> User {
        User {
            id: UserId(1),
            email: "ana@example.com".into(),
            name: "Ana".into(),
            role: AccountRole::Responder,
            zone: "UTC".into(),
            disabled: false,
            hears_answers: true,
            methods,
            rules,
        }
    }

    fn short(planned: &[Planned]) -> Vec<(i64, i64)> {
        planned
            .iter()
            .map(|one| (one.method_id.0, one.due_at.since(NOW).as_seconds()))
            .collect()
    }

    #[test]
    fn a_new_account_gets_every_verified_method_for_high_and_email_for_low() {
        // §6.2: high = every verified method at once; low = email.
        let ana = person(
            vec![
                method(1, ContactKind::Email, true),
                method(2, ContactKind::Sms, true),
                method(3, ContactKind::Sms, false),
            ],
            vec![],
        );
        assert_eq!(short(&plan(&ana, Urgency::High, NOW)), [(1, 0), (2, 0)]);
        assert_eq!(short(&plan(&ana, Urgency::Low, NOW)), [(1, 0)]);
    }

    #[test]
    fn own_rules_hold_in_order_and_a_method_may_come_twice() {
        let ana = person(
            vec![
                method(1, ContactKind::Email, true),
                method(2, ContactKind::Sms, true),
            ],
            vec![
                rule(10, Urgency::High, 2, Span::from_minutes(5)),
                rule(11, Urgency::High, 1, Span::ZERO),
                rule(12, Urgency::High, 2, Span::ZERO),
                rule(13, Urgency::High, 2, Span::ZERO),
            ],
        );
        assert_eq!(
            short(&plan(&ana, Urgency::High, NOW)),
            [(1, 0), (2, 0), (2, 300)]
        );
        assert_eq!(short(&plan(&ana, Urgency::Low, NOW)), [(1, 0)]);
    }

    #[test]
    fn when_no_rule_is_usable_every_usable_method_is_used_at_once() {
        let mut broken = method(1, ContactKind::Sms, true);
        broken.broken = Some("no such number".into());
        let mut ana = person(
            vec![broken, method(2, ContactKind::Email, true)],
            vec![rule(10, Urgency::High, 1, Span::from_minutes(1))],
        );
        assert_eq!(short(&plan(&ana, Urgency::High, NOW)), [(2, 0)]);
        // Low without any e-mail: better a message than none.
        ana.rules.clear();
        ana.methods = vec![method(3, ContactKind::Sms, true)];
        assert_eq!(short(&plan(&ana, Urgency::Low, NOW)), [(3, 0)]);
        ana.methods.clear();
        assert!(plan(&ana, Urgency::High, NOW).is_empty());
    }
}
