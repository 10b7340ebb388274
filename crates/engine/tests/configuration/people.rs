//! Accounts and teams.

use domain::TeamId;
use domain::policy::Target;
use domain::word::{AccountRole, ContactKind};
use engine::Error;
use engine::account::{SignIn, session, sign_in, start_session};
use engine::configuration::setting::set_last_resort;
use engine::configuration::team::{TeamInput, create_team, edit_team, remove_team};
use engine::configuration::user::{
    EditUser, NewPassword, NewUser, create_user, edit_user, set_password,
};
use engine::signal::{Asked, ask};

use crate::house::{
    House, NOW, PASSWORD, assert_forbidden, context, fields, new_user, observer, others, root,
};

crate::on_both! {
    an_account_gets_its_address_and_phone_as_methods
    accounts_are_the_administrators_business
    one_edits_ones_own_name_and_zone
    there_is_always_an_administrator
    a_disabled_person_is_signed_out
    a_new_password_ends_other_sessions
    teams_are_made_edited_and_removed_unless_used
    the_last_resort_is_never_empty
}

async fn an_account_gets_its_address_and_phone_as_methods(house: &House) {
    let new = NewUser {
        phone: Some("+49 151 2345678".into()),
        email_verified: false,
        ..new_user("Bo")
    };
    let id = create_user(&house.store, &root(), new).await.unwrap();
    let directory = house.directory();
    let methods: Vec<_> = directory
        .user(id)
        .unwrap()
        .methods
        .iter()
        .map(|m| (m.kind, m.address.as_str(), m.usable()))
        .collect();
    let expected = [
        (ContactKind::Email, "bo@example.com", false),
        (ContactKind::Sms, "+491512345678", false),
    ];
    assert_eq!(methods, expected);
}

async fn accounts_are_the_administrators_business(house: &House) {
    for ctx in others() {
        assert_forbidden(create_user(&house.store, &ctx, new_user("Bo")).await);
    }
    let wrong = NewUser {
        name: String::new(),
        email: "x".into(),
        zone: "x".into(),
        phone: Some("x".into()),
        password: Some("x".into()),
        ..new_user("Bo")
    };
    let refused = create_user(&house.store, &root(), wrong).await;
    assert_eq!(
        fields(refused),
        ["name", "email", "zone", "phone", "password"]
    );
    house.person("Bo").await;
    let again = NewUser {
        email: "BO@example.com".into(),
        ..new_user("Bo")
    };
    assert_eq!(
        fields(create_user(&house.store, &root(), again).await),
        ["email"]
    );
    assert_eq!(house.directory().users.len(), 1);
}

async fn one_edits_ones_own_name_and_zone(house: &House) {
    let (bo, eve) = (house.person("Bo").await, house.person("Eve").await);
    let own = || EditUser {
        name: Some("Bo L.".into()),
        zone: Some("Europe/Stockholm".into()),
        ..EditUser::default()
    };
    let me = context(bo.id, AccountRole::Observer);
    edit_user(&house.store, &me, bo.id, own()).await.unwrap();
    let read = house.directory().user(bo.id).unwrap().clone();
    assert_eq!(
        (read.name.as_str(), read.zone.as_str()),
        ("Bo L.", "Europe/Stockholm")
    );
    let spy = context(eve.id, eve.role);
    assert_forbidden(edit_user(&house.store, &spy, bo.id, own()).await);
    let promote = EditUser {
        role: Some(AccountRole::Admin),
        ..EditUser::default()
    };
    assert_forbidden(edit_user(&house.store, &me, bo.id, promote).await);
    let taken = EditUser {
        email: Some("EVE@example.com".into()),
        ..EditUser::default()
    };
    assert_eq!(
        fields(edit_user(&house.store, &root(), bo.id, taken).await),
        ["email"]
    );
    let nobody = edit_user(&house.store, &root(), domain::UserId(-1), own()).await;
    assert!(matches!(nobody, Err(Error::NotFound("person"))));
}

async fn there_is_always_an_administrator(house: &House) {
    let ada = house.admin().await;
    let id = ada.actor.user.unwrap();
    for edit in [
        EditUser {
            role: Some(AccountRole::Responder),
            ..EditUser::default()
        },
        EditUser {
            disabled: Some(true),
            ..EditUser::default()
        },
    ] {
        let refused = edit_user(&house.store, &ada, id, edit).await;
        assert!(matches!(refused, Err(Error::Refused(_))), "{refused:?}");
    }
    let bo = house.person("Bo").await;
    let edit = |role| EditUser {
        role: Some(role),
        ..EditUser::default()
    };
    edit_user(&house.store, &ada, bo.id, edit(AccountRole::Admin))
        .await
        .unwrap();
    // Both step down at the same time: one of them stays.
    let (one, two) = tokio::join!(
        edit_user(&house.store, &ada, id, edit(AccountRole::Observer)),
        edit_user(&house.store, &ada, bo.id, edit(AccountRole::Observer)),
    );
    assert_eq!(u8::from(one.is_ok()) + u8::from(two.is_ok()), 1);
}

async fn a_disabled_person_is_signed_out(house: &House) {
    let bo = house.person("Bo").await;
    let begun = start_session(&house.store, bo.id, "", NOW).await.unwrap();
    let disable = |disabled| EditUser {
        disabled: Some(disabled),
        ..EditUser::default()
    };
    edit_user(&house.store, &root(), bo.id, disable(true))
        .await
        .unwrap();
    assert!(!house.directory().user(bo.id).unwrap().reachable());
    edit_user(&house.store, &root(), bo.id, disable(false))
        .await
        .unwrap();
    let found = session(&house.store, &begun.token, NOW).await.unwrap();
    assert!(found.is_none(), "the session is gone, not asleep");
}

async fn a_new_password_ends_other_sessions(house: &House) {
    let ada = house.admin().await;
    let id = ada.actor.user.unwrap();
    let store = &house.store;
    let here = start_session(store, id, "", NOW).await.unwrap();
    let there = start_session(store, id, "", NOW).await.unwrap();
    let keep = session(store, &here.token, NOW)
        .await
        .unwrap()
        .unwrap()
        .token_hash;
    let change = |current: &str, password: &str| NewPassword {
        current: Some(current.into()),
        password: password.into(),
        keep_session: Some(keep),
    };
    let refused = set_password(store, &ada, id, change(PASSWORD, "short")).await;
    assert_eq!(fields(refused), ["password"]);
    let refused = set_password(store, &ada, id, change("wrong", "another password")).await;
    assert_eq!(fields(refused), ["current"]);
    set_password(store, &ada, id, change(PASSWORD, "another password"))
        .await
        .unwrap();
    assert!(session(store, &here.token, NOW).await.unwrap().is_some());
    assert!(session(store, &there.token, NOW).await.unwrap().is_none());
    let attempt = |password: &str| SignIn {
        email: "ada@example.com".into(),
        password: password.into(),
        address: "192.0.2.1".into(),
        user_agent: String::new(),
    };
    assert!(sign_in(store, attempt(PASSWORD), NOW).await.is_err());
    assert!(
        sign_in(store, attempt("another password"), NOW)
            .await
            .is_ok()
    );

    let bo = house.person("Bo").await;
    let spy = context(bo.id, bo.role);
    assert_forbidden(set_password(store, &spy, id, change(PASSWORD, "another one")).await);
    // An administrator sets others' without knowing them.
    let set = NewPassword {
        current: None,
        password: PASSWORD.into(),
        keep_session: None,
    };
    set_password(store, &ada, bo.id, set).await.unwrap();
}

async fn teams_are_made_edited_and_removed_unless_used(house: &House) {
    let (bo, eve) = (house.person("Bo").await, house.person("Eve").await);
    let ctx = context(bo.id, bo.role);
    let input = TeamInput {
        name: "Platform".into(),
        members: vec![eve.id, bo.id, bo.id],
        ..TeamInput::default()
    };
    assert_forbidden(create_team(&house.store, &observer(), input.clone()).await);
    let id = create_team(&house.store, &ctx, input.clone())
        .await
        .unwrap();
    assert_eq!(house.directory().team(id).unwrap().members, [bo.id, eve.id]);
    let second = create_team(&house.store, &ctx, input.clone())
        .await
        .unwrap();
    assert_eq!(house.directory().team(second).unwrap().slug, "platform-2");
    let clash = TeamInput {
        slug: Some("platform".into()),
        members: vec![domain::UserId(-1)],
        ..input.clone()
    };
    let refused = edit_team(&house.store, &ctx, second, clash).await;
    assert_eq!(fields(refused), ["slug", "members[0]"]);
    let renamed = TeamInput {
        name: "Base".into(),
        ..input.clone()
    };
    edit_team(&house.store, &ctx, id, renamed).await.unwrap();
    let directory = house.directory();
    let team = directory.team(id).unwrap();
    assert_eq!(
        (team.name.as_str(), team.slug.as_str()),
        ("Base", "platform")
    );
    let missing = edit_team(&house.store, &ctx, TeamId(-1), input).await;
    assert!(matches!(missing, Err(Error::NotFound("team"))));

    set_last_resort(&house.store, &root(), vec![Target::Team(id)])
        .await
        .unwrap();
    let used = remove_team(&house.store, &ctx, id).await;
    assert!(matches!(used, Err(Error::Refused(_))));
    remove_team(&house.store, &ctx, second).await.unwrap();
    assert_eq!(house.directory().teams.len(), 1);
}

async fn the_last_resort_is_never_empty(house: &House) {
    let bo = house.person("Bo").await;
    for ctx in others() {
        let refused = set_last_resort(&house.store, &ctx, vec![Target::User(bo.id)]).await;
        assert_forbidden(refused);
    }
    let store = &house.store;
    assert_eq!(
        fields(set_last_resort(store, &root(), vec![]).await),
        ["last_resort"]
    );
    let wrong = vec![
        Target::User(bo.id),
        Target::User(bo.id),
        Target::Team(TeamId(-1)),
    ];
    let refused = set_last_resort(store, &root(), wrong).await;
    assert_eq!(fields(refused), ["last_resort[1]", "last_resort[2]"]);
    set_last_resort(store, &root(), vec![Target::User(bo.id)])
        .await
        .unwrap();
    assert_eq!(
        house.directory().settings.last_resort,
        [Target::User(bo.id)]
    );
}

/// Read with PostgreSQL's own client: nothing of ours lists the record yet.
#[tokio::test]
async fn what_is_changed_is_recorded() {
    let house = crate::house::postgres();
    let ada = house.admin().await;
    let id = ada.actor.user.unwrap();
    let edit = EditUser {
        name: Some("Ada L.".into()),
        ..EditUser::default()
    };
    edit_user(&house.store, &ada, id, edit).await.unwrap();
    let rows = house.sql("SELECT actor_id, origin, action, subject FROM audit ORDER BY id");
    let expected = format!("{id}|web|setup|user:{id}\n{id}|web|user.edit|user:{id}");
    assert_eq!(rows, expected);
    // Who sends something themselves may page people.
    let integration = domain::IntegrationId(7);
    for asked in [Asked::Test, Asked::Replay(domain::RequestId(3))] {
        ask(&house.store, &ada, integration, asked).await.unwrap();
        assert_forbidden(ask(&house.store, &observer(), integration, asked).await);
    }
    let rows = house.sql("SELECT action, subject, details FROM audit ORDER BY id OFFSET 2");
    let expected =
        "integration.test|integration:7|{}\nrequest.replay|request:3|{\"integration\":7}";
    assert_eq!(rows, expected);
}
