//! Set-up, sign-in with its throttle, sessions and API tokens.

use domain::directory::Settings;
use domain::policy::Target;
use domain::word::AccountRole;
use domain::{Span, Timestamp};
use engine::account::{
    NewSession, SetUp, SignIn, authenticate, create_token, revoke_token, session, setup,
    setup_needed, sign_in, sign_out, start_session, tokens,
};
use engine::configuration::user::{EditUser, edit_user};
use engine::{Error, OpContext};

use crate::house::{House, NOW, PASSWORD, assert_forbidden, fields, new_user, others, root};

crate::on_both! {
    the_first_visitor_becomes_the_administrator
    of_two_set_ups_at_once_one_wins
    with_a_mail_server_the_address_must_be_proved
    a_session_begins_with_the_password_and_ends_by_signing_out
    unknown_wrong_and_disabled_look_alike
    guessing_one_account_is_blocked_ever_longer
    guessing_many_accounts_from_one_address_is_blocked
    attempts_at_the_same_time_do_not_slip_through
    a_session_ends_when_idle_and_at_last
    tokens_open_until_they_are_revoked
}

fn set_up(name: &str) -> SetUp {
    SetUp {
        name: name.into(),
        email: format!("{}@Example.com ", name.to_lowercase()),
        password: PASSWORD.into(),
        zone: "Europe/Berlin".into(),
    }
}

async fn the_first_visitor_becomes_the_administrator(house: &House) {
    let store = &house.store;
    assert!(setup_needed(store));
    let bad = SetUp {
        name: String::new(),
        email: "nobody".into(),
        password: "short".into(),
        zone: "Nowhere".into(),
    };
    let refused = setup(store, bad, false, NOW).await;
    assert_eq!(fields(refused), ["name", "email", "zone", "password"]);

    let id = setup(store, set_up("Ada"), false, NOW).await.unwrap();
    assert!(!setup_needed(store));
    let directory = house.directory();
    let ada = directory.user(id).unwrap();
    assert_eq!(ada.email, "ada@example.com");
    assert_eq!(ada.role, AccountRole::Admin);
    assert!(
        ada.reachable(),
        "no code could arrive without a mail server"
    );
    let last_resort = vec![Target::User(id)];
    assert_eq!(directory.settings, Settings { last_resort });
    let again = setup(store, set_up("Eve"), false, NOW).await;
    assert!(matches!(again, Err(Error::Refused(_))));
}

async fn of_two_set_ups_at_once_one_wins(house: &House) {
    let store = &house.store;
    let (one, two) = tokio::join!(
        setup(store, set_up("Ada"), false, NOW),
        setup(store, set_up("Eve"), false, NOW),
    );
    assert_eq!(u8::from(one.is_ok()) + u8::from(two.is_ok()), 1);
    assert_eq!(house.directory().users.len(), 1);
}

async fn with_a_mail_server_the_address_must_be_proved(house: &House) {
    let id = setup(&house.store, set_up("Ada"), true, NOW).await.unwrap();
    let directory = house.directory();
    let ada = directory.user(id).unwrap();
    assert!(!ada.reachable());
    let codes = crate::verification::codes(house, &ada.methods[0].address);
    assert_eq!(codes.len(), 1, "the code was sent at once");
}

fn attempt(email: &str, password: &str, address: &str) -> SignIn {
    SignIn {
        email: email.into(),
        password: password.into(),
        address: address.into(),
        user_agent: "Browser".into(),
    }
}

async fn good(house: &House, now: Timestamp) -> Result<NewSession, Error> {
    let attempt = attempt(" Ada@example.com", PASSWORD, "192.0.2.1");
    sign_in(&house.store, attempt, now).await
}

async fn bad(house: &House, email: &str, address: &str, now: Timestamp) -> Error {
    let attempt = attempt(email, "not the password", address);
    match sign_in(&house.store, attempt, now).await {
        Err(error) => error,
        Ok(_) => panic!("signed in with a wrong password"),
    }
}

async fn a_session_begins_with_the_password_and_ends_by_signing_out(house: &House) {
    let ada = house.admin().await;
    let store = &house.store;
    let new = good(house, NOW).await.unwrap();
    let found = session(store, &new.token, NOW).await.unwrap().unwrap();
    assert_eq!(Some(found.user_id), ada.actor.user);
    assert_eq!(found.role, AccountRole::Admin);
    assert!(session(store, "made up", NOW).await.unwrap().is_none());
    sign_out(store, &new.token).await.unwrap();
    assert!(session(store, &new.token, NOW).await.unwrap().is_none());
}

async fn unknown_wrong_and_disabled_look_alike(house: &House) {
    house.admin().await;
    let mut new = new_user("Bo");
    new.password = Some(PASSWORD.into());
    let bo = engine::configuration::user::create_user(&house.store, &root(), new)
        .await
        .unwrap();
    let disable = EditUser {
        disabled: Some(true),
        ..EditUser::default()
    };
    edit_user(&house.store, &root(), bo, disable).await.unwrap();
    let no_password = house.person("Cleo").await;
    let wrong = bad(house, "ada@example.com", "a", NOW).await.to_string();
    assert_eq!(
        bad(house, "who@example.com", "b", NOW).await.to_string(),
        wrong
    );
    assert_eq!(
        bad(house, &no_password.email, "c", NOW).await.to_string(),
        wrong
    );
    let disabled = sign_in(&house.store, attempt("bo@example.com", PASSWORD, "d"), NOW).await;
    assert_eq!(disabled.err().map(|e| e.to_string()), Some(wrong));
}

async fn guessing_one_account_is_blocked_ever_longer(house: &House) {
    house.admin().await;
    // From ever other addresses: the account itself is guarded.
    for n in 0..5 {
        let error = bad(house, "ada@example.com", &format!("10.0.0.{n}"), NOW).await;
        assert!(matches!(error, Error::Unauthenticated(_)), "{error}");
    }
    let blocked = good(house, NOW).await;
    assert!(
        matches!(blocked, Err(Error::TooMany(1..=61))),
        "the right password, too"
    );
    // A name without an account behaves no differently.
    for n in 0..5 {
        bad(house, "who@example.com", &format!("10.0.1.{n}"), NOW).await;
    }
    let unknown = bad(house, "who@example.com", "10.0.1.9", NOW).await;
    assert!(matches!(unknown, Error::TooMany(1..=61)), "{unknown}");

    let after = NOW + Span::from_seconds(61);
    bad(house, "ada@example.com", "10.0.0.9", after).await;
    let Err(Error::TooMany(seconds)) = good(house, after).await else {
        panic!("the sixth failure blocks again");
    };
    assert!((61..=121).contains(&seconds), "{seconds}");

    let free = after + Span::from_minutes(3);
    good(house, free).await.unwrap();
    // The success has cleared the account: five more failures are free.
    for n in 0..4 {
        let error = bad(house, "ada@example.com", &format!("10.0.2.{n}"), free).await;
        assert!(matches!(error, Error::Unauthenticated(_)), "{error}");
    }
    good(house, free).await.unwrap();
}

async fn guessing_many_accounts_from_one_address_is_blocked(house: &House) {
    house.admin().await;
    for n in 0..4 {
        bad(house, &format!("guess{n}@example.com"), "192.0.2.1", NOW).await;
    }
    // An own account does not buy more guesses.
    good(house, NOW).await.unwrap();
    bad(house, "guess4@example.com", "192.0.2.1", NOW).await;
    let error = bad(house, "guess5@example.com", "192.0.2.1", NOW).await;
    assert!(matches!(error, Error::TooMany(_)), "{error}");
    let elsewhere = bad(house, "guess6@example.com", "192.0.2.2", NOW).await;
    assert!(
        matches!(elsewhere, Error::Unauthenticated(_)),
        "{elsewhere}"
    );
}

async fn attempts_at_the_same_time_do_not_slip_through(house: &House) {
    house.admin().await;
    let guesses = (0..12).map(|n| {
        let store = house.store.clone();
        tokio::spawn(async move {
            let guess = attempt("ada@example.com", "a wrong guess", &format!("10.1.0.{n}"));
            sign_in(&store, guess, NOW).await.err()
        })
    });
    let mut looked_at = 0;
    for guess in guesses.collect::<Vec<_>>() {
        let error = guess.await.unwrap().unwrap();
        looked_at += u32::from(matches!(error, Error::Unauthenticated(_)));
    }
    assert_eq!(looked_at, 5);
}

async fn a_session_ends_when_idle_and_at_last(house: &House) {
    let ada = house.admin().await.actor.user.unwrap();
    let store = &house.store;
    let days = |n| NOW + Span::from_days(n);
    let begin = || start_session(store, ada, "Browser", NOW);
    let idle = begin().await.unwrap();
    assert!(
        session(store, &idle.token, days(13))
            .await
            .unwrap()
            .is_some()
    );
    assert!(
        session(store, &idle.token, days(26))
            .await
            .unwrap()
            .is_some(),
        "use keeps it"
    );
    assert!(
        session(store, &idle.token, days(40))
            .await
            .unwrap()
            .is_none()
    );
    let used = begin().await.unwrap();
    for day in (0..90).step_by(10) {
        assert!(
            session(store, &used.token, days(day))
                .await
                .unwrap()
                .is_some(),
            "{day}"
        );
    }
    assert!(
        session(store, &used.token, days(90))
            .await
            .unwrap()
            .is_none()
    );
}

async fn tokens_open_until_they_are_revoked(house: &House) {
    let ada = house.admin().await;
    let store = &house.store;
    for ctx in others() {
        assert_forbidden(create_token(store, &ctx, "x", AccountRole::Observer).await);
        assert_forbidden(tokens(store, &ctx).await);
    }
    let unnamed = create_token(store, &ada, " ", AccountRole::Observer).await;
    assert_eq!(fields(unnamed), ["name"]);
    let new = create_token(store, &ada, "CI", AccountRole::Responder)
        .await
        .unwrap();
    assert!(new.token.starts_with("qd_") && new.token.len() > 40);
    let found = authenticate(store, &new.token, NOW).await.unwrap().unwrap();
    assert_eq!((found.id, found.role), (new.id, AccountRole::Responder));
    assert!(
        authenticate(store, "qd_other", NOW)
            .await
            .unwrap()
            .is_none()
    );
    let listed = tokens(store, &ada).await.unwrap();
    assert_eq!(listed[0].last_used_at, Some(NOW));
    assert!(new.token.ends_with(&listed[0].hint) && listed[0].hint.len() == 4);

    let as_token = OpContext::token(AccountRole::Responder, domain::word::Origin::Api, NOW);
    assert_forbidden(revoke_token(store, &as_token, new.id).await);
    revoke_token(store, &ada, new.id).await.unwrap();
    assert!(
        authenticate(store, &new.token, NOW)
            .await
            .unwrap()
            .is_none()
    );
    let again = revoke_token(store, &ada, new.id).await;
    assert!(matches!(again, Err(Error::NotFound("token"))));
}
