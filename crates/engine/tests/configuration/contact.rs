//! Contact methods and notification rules.

use domain::word::{ContactKind, Urgency};
use domain::{ContactMethodId, Span};
use engine::Error;
use engine::configuration::contact::{RuleInput, add_method, remove_method, replace_rules};

use crate::house::{House, assert_forbidden, context, fields, root};

crate::on_both! {
    methods_are_added_once_and_removed_with_their_rules
    rules_are_replaced_per_urgency
    what_one_is_reached_by_is_ones_own_business
}

async fn methods_are_added_once_and_removed_with_their_rules(house: &House) {
    let bo = house.person("Bo").await;
    let ctx = context(bo.id, bo.role);
    let add = |address: &'static str| {
        let store = house.store.clone();
        async move { add_method(&store, &ctx, bo.id, ContactKind::Sms, address).await }
    };
    let id = add("+1 555 555 0101").await.unwrap();
    assert_eq!(fields(add("+15555550101").await), ["address"]);
    assert_eq!(fields(add("555").await), ["address"]);
    let rule = RuleInput {
        method_id: id,
        delay: Span::ZERO,
    };
    replace_rules(&house.store, &ctx, bo.id, Urgency::High, vec![rule])
        .await
        .unwrap();
    remove_method(&house.store, &ctx, bo.id, id).await.unwrap();
    let directory = house.directory();
    let bo = directory.user(bo.id).unwrap();
    assert!(bo.rules.is_empty() && bo.methods.len() == 1);
    let gone = remove_method(&house.store, &ctx, bo.id, id).await;
    assert!(matches!(gone, Err(Error::NotFound("contact method"))));
}

async fn rules_are_replaced_per_urgency(house: &House) {
    let bo = house.person("Bo").await;
    let ctx = context(bo.id, bo.role);
    let rule = |minutes| RuleInput {
        method_id: bo.methods[0].id,
        delay: Span::from_minutes(minutes),
    };
    let set = |urgency, rules| {
        let store = house.store.clone();
        async move { replace_rules(&store, &ctx, bo.id, urgency, rules).await }
    };
    set(Urgency::High, vec![rule(5), rule(0)]).await.unwrap();
    set(Urgency::Low, vec![rule(60)]).await.unwrap();
    set(Urgency::High, vec![rule(1)]).await.unwrap();
    let directory = house.directory();
    let rules: Vec<_> = directory
        .user(bo.id)
        .unwrap()
        .rules
        .iter()
        .map(|rule| (rule.urgency, rule.delay.as_seconds() / 60))
        .collect();
    assert_eq!(rules, [(Urgency::Low, 60), (Urgency::High, 1)]);
    let wrong = RuleInput {
        method_id: ContactMethodId(-1),
        delay: Span::from_hours(25),
    };
    let refused = set(Urgency::High, vec![rule(0), wrong]).await;
    assert_eq!(fields(refused), ["rules[1].method", "rules[1].delay"]);
    let many = set(Urgency::High, vec![rule(0); 51]).await;
    assert_eq!(fields(many), ["rules"]);
    set(Urgency::High, vec![]).await.unwrap();
    assert_eq!(house.directory().user(bo.id).unwrap().rules.len(), 1);
}

async fn what_one_is_reached_by_is_ones_own_business(house: &House) {
    let (bo, eve) = (house.person("Bo").await, house.person("Eve").await);
    let spy = context(eve.id, eve.role);
    let (store, id) = (&house.store, bo.methods[0].id);
    assert_forbidden(add_method(store, &spy, bo.id, ContactKind::Sms, "+15555550101").await);
    assert_forbidden(remove_method(store, &spy, bo.id, id).await);
    assert_forbidden(replace_rules(store, &spy, bo.id, Urgency::High, vec![]).await);
    // Nor by pretending that the method is one's own.
    let foreign = remove_method(store, &spy, eve.id, id).await;
    assert!(matches!(foreign, Err(Error::NotFound("contact method"))));
    let rule = RuleInput {
        method_id: id,
        delay: Span::ZERO,
    };
    let foreign = replace_rules(store, &spy, eve.id, Urgency::High, vec![rule]).await;
    assert_eq!(fields(foreign), ["rules[0].method"]);
    remove_method(store, &root(), bo.id, id).await.unwrap();
}
