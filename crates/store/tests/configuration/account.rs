use domain::word::AccountRole;
use domain::{Span, Timestamp, TokenId, UserId};
use store::account::{self, Session, Throttle, Token};
use store::{Error, people};

use crate::house::{House, NOW};

crate::on_both! {
    sessions_are_found_until_they_end
    expired_sessions_are_swept
    a_throttle_is_kept_per_key
    tokens_are_found_by_digest_and_touched_once_a_minute
}

fn session(user_id: UserId, hash: u8, seen_at: Timestamp) -> Session {
    Session {
        token_hash: [hash; 32],
        user_id,
        created_at: NOW,
        seen_at,
        expires_at: NOW + Span::from_days(90),
        user_agent: "Browser".into(),
    }
}

fn find(house: &House, hash: u8) -> Option<(Session, AccountRole)> {
    house
        .store
        .read_blocking(|conn| account::session(conn, &[hash; 32]))
        .unwrap()
}

fn sessions_are_found_until_they_end(house: &House) {
    let ana = house.person("Ana");
    let id = ana.id;
    house
        .write(move |tx| {
            for hash in 1..=3 {
                account::insert_session(tx, &session(id, hash, NOW))?;
            }
            account::touch_session(tx, &[1; 32], NOW + Span::from_hours(1))
        })
        .unwrap();
    let (found, role) = find(house, 1).unwrap();
    assert_eq!(found, session(id, 1, NOW + Span::from_hours(1)));
    assert_eq!(role, AccountRole::Responder);
    assert_eq!(find(house, 9), None);

    house
        .write(move |tx| account::delete_sessions_of(tx, id, Some(&[2; 32])))
        .unwrap();
    let left: Vec<u8> = (1..=3)
        .filter(|hash| find(house, *hash).is_some())
        .collect();
    assert_eq!(left, [2]);

    let disabled = domain::directory::User {
        disabled: true,
        ..ana
    };
    house
        .write(move |tx| people::update(tx, &disabled, NOW))
        .unwrap();
    assert_eq!(find(house, 2), None, "a disabled person has no session");
}

fn expired_sessions_are_swept(house: &House) {
    let id = house.person("Ana").id;
    let later = NOW + Span::from_days(14);
    house
        .write(move |tx| {
            account::insert_session(tx, &session(id, 1, NOW))?;
            account::insert_session(tx, &session(id, 2, NOW + Span::from_days(10)))?;
            account::delete_expired(tx, Span::from_days(14), later)
        })
        .unwrap();
    assert!(find(house, 1).is_none() && find(house, 2).is_some());
    house
        .write(|tx| account::delete_expired(tx, Span::from_days(365), NOW + Span::from_days(90)))
        .unwrap();
    assert!(find(house, 2).is_none());
}

fn a_throttle_is_kept_per_key(house: &House) {
    let entry = Throttle {
        failures: 5,
        last_failure_at: NOW,
        blocked_until: NOW + Span::from_minutes(1),
    };
    let newer = Throttle {
        failures: 6,
        ..entry
    };
    let (locked, relocked) = house
        .write(move |tx| {
            let locked = account::lock_throttle(tx, "a")?;
            account::put_throttle(tx, "a", &entry)?;
            account::put_throttle(tx, "a", &newer)?;
            Ok((locked, account::lock_throttle(tx, "a")?))
        })
        .unwrap();
    assert_eq!((locked, relocked), (None, Some(newer)));
    let read = |key| {
        house
            .store
            .read_blocking(|conn| account::throttle(conn, key))
            .unwrap()
    };
    assert_eq!((read("a"), read("b")), (Some(newer), None));
    house.write(|tx| account::clear_throttle(tx, "a")).unwrap();
    assert_eq!(read("a"), None);
}

fn tokens_are_found_by_digest_and_touched_once_a_minute(house: &House) {
    let token = house
        .write(|tx| {
            let token = Token {
                id: tx.id(TokenId)?,
                name: "CI".into(),
                hint: "abcd".into(),
                role: AccountRole::Observer,
                created_by: None,
                created_at: NOW,
                last_used_at: None,
                revoked_at: None,
            };
            account::insert_token(tx, &token, &[4; 32])?;
            Ok(token)
        })
        .unwrap();
    let find = || {
        house
            .store
            .read_blocking(|conn| account::token_by_hash(conn, &[4; 32]))
            .unwrap()
            .unwrap()
    };
    assert_eq!(find(), token);
    let id = token.id;
    for (seconds, remembered) in [(0, 0), (59, 0), (60, 60)] {
        house
            .write(move |tx| account::touch_token(tx, id, NOW + Span::from_seconds(seconds)))
            .unwrap();
        let used = find().last_used_at;
        assert_eq!(used, Some(NOW + Span::from_seconds(remembered)));
    }
    house
        .write(move |tx| account::revoke_token(tx, id, NOW))
        .unwrap();
    assert_eq!(find().revoked_at, Some(NOW));
    let again = house.write(move |tx| account::revoke_token(tx, id, NOW));
    assert_eq!(again, Err(Error::NotFound));
    let all = house.store.read_blocking(account::tokens).unwrap();
    assert_eq!(all.len(), 1);
}
