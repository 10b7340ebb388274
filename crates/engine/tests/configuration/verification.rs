//! Proof of contact methods (PAGING.md §6.1).

use domain::word::{ContactKind, NotificationKind, NotificationState};
use domain::{Span, UserId};
use engine::account::{confirm_code, request_code};
use engine::configuration::contact::add_method;
use engine::{Error, OpContext};

use crate::house::{House, assert_forbidden, context, fields, later};

crate::on_both! {
    a_code_proves_a_method
    five_wrong_answers_void_a_code
    one_code_a_minute_that_holds_ten
    only_the_owner_and_administrators_may
}

/// The codes in messages to this address, oldest first.
pub fn codes(house: &House, address: &str) -> Vec<String> {
    use store::notification::{Filter, list};
    let filter = Filter {
        states: vec![NotificationState::Planned],
        ..Filter::default()
    };
    let mut sent = house
        .store
        .read_blocking(|conn| list(conn, &filter, None, 100))
        .unwrap();
    sent.retain(|one| one.kind == NotificationKind::Verification && one.address == address);
    // The newest come first.
    sent.reverse();
    sent.iter()
        .map(|one| one.subject.chars().take(6).collect())
        .collect()
}

const PHONE: &str = "+15555550101";

async fn phone(house: &House, user: UserId, ctx: &OpContext) -> domain::ContactMethodId {
    add_method(
        &house.store,
        ctx,
        user,
        ContactKind::Sms,
        "+1 (555) 555-0101",
    )
    .await
    .unwrap()
}

async fn a_code_proves_a_method(house: &House) {
    let bo = house.person("Bo").await;
    let ctx = context(bo.id, bo.role);
    let method = phone(house, bo.id, &ctx).await;
    let early = confirm_code(&house.store, &ctx, bo.id, method, "123456").await;
    assert_eq!(fields(early), ["code"]);
    request_code(&house.store, &ctx, bo.id, method)
        .await
        .unwrap();
    let code = codes(house, PHONE).pop().unwrap();
    assert!(
        code.len() == 6 && code.bytes().all(|b| b.is_ascii_digit()),
        "{code}"
    );
    let spaced = format!(" {} {} ", &code[..3], &code[3..]);
    confirm_code(&house.store, &ctx, bo.id, method, &spaced)
        .await
        .unwrap();
    let directory = house.directory();
    let method = directory.user(bo.id).unwrap().method(method).unwrap();
    assert_eq!(method.verified_at, Some(ctx.now));
    let used = confirm_code(&house.store, &ctx, bo.id, method.id, &code).await;
    assert_eq!(fields(used), ["code"], "a code proves once");
}

async fn five_wrong_answers_void_a_code(house: &House) {
    let bo = house.person("Bo").await;
    let ctx = context(bo.id, bo.role);
    let method = phone(house, bo.id, &ctx).await;
    request_code(&house.store, &ctx, bo.id, method)
        .await
        .unwrap();
    let code = codes(house, PHONE).pop().unwrap();
    let wrong = if code == "000000" { "111111" } else { "000000" };
    for tries_left in (0..5).rev() {
        let error = confirm_code(&house.store, &ctx, bo.id, method, wrong)
            .await
            .unwrap_err();
        let said = error.to_string();
        let expected = match tries_left {
            0 => "wrong 5 times".to_owned(),
            n => format!("tries left: {n}"),
        };
        assert!(said.contains(&expected), "{said}");
    }
    let right = confirm_code(&house.store, &ctx, bo.id, method, &code).await;
    assert_eq!(fields(right), ["code"]);
    assert!(
        house
            .directory()
            .user(bo.id)
            .unwrap()
            .method(method)
            .unwrap()
            .verified_at
            .is_none()
    );
}

async fn one_code_a_minute_that_holds_ten(house: &House) {
    let bo = house.person("Bo").await;
    let ctx = context(bo.id, bo.role);
    let method = phone(house, bo.id, &ctx).await;
    let request = |ctx: OpContext| {
        let store = house.store.clone();
        async move { request_code(&store, &ctx, bo.id, method).await }
    };
    request(ctx).await.unwrap();
    let soon = request(later(ctx, Span::from_seconds(20))).await;
    assert!(matches!(soon, Err(Error::TooMany(40))), "{soon:?}");
    let first = codes(house, PHONE).pop().unwrap();
    let ten = later(ctx, Span::from_minutes(10));
    let late = confirm_code(&house.store, &ten, bo.id, method, &first).await;
    assert!(late.unwrap_err().to_string().contains("expired"));
    request(ten).await.unwrap();
    let second = codes(house, PHONE).pop().unwrap();
    confirm_code(
        &house.store,
        &later(ten, Span::from_minutes(9)),
        bo.id,
        method,
        &second,
    )
    .await
    .unwrap();
}

async fn only_the_owner_and_administrators_may(house: &House) {
    let (bo, eve) = (house.person("Bo").await, house.person("Eve").await);
    let ctx = context(bo.id, bo.role);
    let method = phone(house, bo.id, &ctx).await;
    let spy = context(eve.id, eve.role);
    assert_forbidden(request_code(&house.store, &spy, bo.id, method).await);
    assert_forbidden(confirm_code(&house.store, &spy, bo.id, method, "1").await);
    // A method of somebody else does not exist for one.
    let foreign = request_code(&house.store, &spy, eve.id, method).await;
    assert!(matches!(foreign, Err(Error::NotFound("contact method"))));
    request_code(&house.store, &crate::house::root(), bo.id, method)
        .await
        .unwrap();
}
