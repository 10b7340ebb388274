use domain::directory::{ContactMethod, NotificationRule, Team};
use domain::notification::verification::{Challenge, VALID_FOR};
use domain::word::{AccountRole, ContactKind, Urgency};
use domain::{ContactMethodId, NotificationRuleId, Span, TeamId};
use store::{Error, people, team};

use crate::house::{House, NOW, user};

crate::on_both! {
    a_person_is_read_as_written
    an_address_belongs_to_one_account
    a_removed_method_takes_its_rules_along
    codes_count_tries_and_give_way_to_newer_ones
    a_broken_method_counts_again_when_verified
    two_people_may_share_a_number
    teams_have_members
}

fn a_person_is_read_as_written(house: &House) {
    let ana = house.person("Ana");
    let rule = NotificationRule {
        id: NotificationRuleId(1),
        urgency: Urgency::Low,
        method_id: ana.methods[0].id,
        delay: Span::from_minutes(3),
    };
    let expected = domain::directory::User {
        rules: vec![rule.clone()],
        ..ana.clone()
    };
    house
        .write(move |tx| people::replace_rules(tx, ana.id, std::slice::from_ref(&rule)))
        .unwrap();
    assert_eq!(house.directory().user(expected.id), Some(&expected));

    let mut edited = expected.clone();
    edited.name = "Ana F.".into();
    edited.role = AccountRole::Admin;
    edited.disabled = true;
    let write = edited.clone();
    house
        .write(move |tx| people::update(tx, &write, NOW))
        .unwrap();
    assert_eq!(house.directory().user(edited.id), Some(&edited));
    let id = edited.id;
    house
        .write(move |tx| people::set_password_hash(tx, id, "$argon2id$x"))
        .unwrap();
    let hash = house
        .store
        .read_blocking(|conn| people::password_hash(conn, id));
    assert_eq!(hash, Ok(Some("$argon2id$x".to_owned())));
    let counts: Result<_, Error> = house.store.read_blocking(people::count);
    assert_eq!(counts, Ok((1, 0)), "a disabled administrator is none");
}

fn an_address_belongs_to_one_account(house: &House) {
    house.person("Ana");
    let again = house.write(|tx| {
        let mut other = user(tx, "Other")?;
        other.email = "ANA@example.com".into();
        people::insert(tx, &other, None, NOW)
    });
    assert!(matches!(again, Err(Error::Conflict { .. })), "{again:?}");
    assert_eq!(house.directory().users.len(), 1);
}

fn method(id: ContactMethodId, kind: ContactKind, address: &str) -> ContactMethod {
    ContactMethod {
        id,
        kind,
        address: address.into(),
        verified_at: None,
        broken: None,
    }
}

fn a_removed_method_takes_its_rules_along(house: &House) {
    let ana = house.person("Ana");
    let id = ana.methods[0].id;
    house
        .write(move |tx| {
            let rule = NotificationRule {
                id: tx.id(NotificationRuleId)?,
                urgency: Urgency::High,
                method_id: id,
                delay: Span::ZERO,
            };
            people::replace_rules(tx, ana.id, &[rule])?;
            people::remove_method(tx, id)
        })
        .unwrap();
    let directory = house.directory();
    let ana = directory.user(ana.id).unwrap();
    assert!(ana.methods.is_empty() && ana.rules.is_empty());
    let again = house.write(move |tx| people::remove_method(tx, id));
    assert_eq!(again, Err(Error::NotFound));
}

fn codes_count_tries_and_give_way_to_newer_ones(house: &House) {
    let ana = house.person("Ana");
    let id = ana.methods[0].id;
    let challenge = Challenge {
        digest: [7; 32],
        issued_at: NOW,
        tries: 0,
    };
    let read = || {
        house
            .store
            .read_blocking(|conn| people::challenge(conn, id))
            .unwrap()
    };
    assert_eq!(read(), None);
    house
        .write(move |tx| {
            people::put_challenge(tx, id, &challenge, NOW + VALID_FOR)?;
            people::count_try(tx, id)
        })
        .unwrap();
    assert_eq!(
        read(),
        Some(Challenge {
            tries: 1,
            ..challenge
        })
    );
    let newer = Challenge {
        digest: [8; 32],
        ..challenge
    };
    house
        .write(move |tx| people::put_challenge(tx, id, &newer, NOW + VALID_FOR))
        .unwrap();
    assert_eq!(read(), Some(newer));
    house
        .write(move |tx| people::mark_verified(tx, id, NOW))
        .unwrap();
    assert_eq!(read(), None, "a used code is gone");
}

fn a_broken_method_counts_again_when_verified(house: &House) {
    let ana = house.person("Ana");
    let id = ana.methods[0].id;
    house
        .write(move |tx| people::mark_broken(tx, id, "no such mailbox"))
        .unwrap();
    assert!(!house.directory().user(ana.id).unwrap().reachable());
    house
        .write(move |tx| people::mark_verified(tx, id, NOW))
        .unwrap();
    assert!(house.directory().user(ana.id).unwrap().reachable());
}

fn two_people_may_share_a_number(house: &House) {
    let (ana, bo) = (house.person("Ana"), house.person("Bo"));
    house
        .write(move |tx| {
            for user in [ana.id, bo.id] {
                let shared = method(tx.id(ContactMethodId)?, ContactKind::Sms, "+15555550101");
                people::insert_method(tx, user, &shared, NOW)?;
            }
            Ok(())
        })
        .unwrap();
    let twice = house.write(move |tx| {
        let again = method(tx.id(ContactMethodId)?, ContactKind::Sms, "+15555550101");
        people::insert_method(tx, ana.id, &again, NOW)
    });
    assert!(matches!(twice, Err(Error::Conflict { .. })), "{twice:?}");
}

fn teams_have_members(house: &House) {
    let (ana, bo) = (house.person("Ana"), house.person("Bo"));
    let id = house
        .write(move |tx| {
            let new = Team {
                id: tx.id(TeamId)?,
                slug: "platform".into(),
                name: "Platform".into(),
                description: String::new(),
                members: vec![ana.id, bo.id],
            };
            team::insert(tx, &new, NOW)?;
            Ok(new.id)
        })
        .unwrap();
    let mut read = house.directory().team(id).unwrap().clone();
    assert_eq!(read.members.len(), 2);
    read.members.pop();
    read.name = "Base".into();
    let write = read.clone();
    house.write(move |tx| team::update(tx, &write)).unwrap();
    assert_eq!(house.directory().team(id), Some(&read));
    house.write(move |tx| team::remove(tx, id)).unwrap();
    assert!(house.directory().teams.is_empty());
    assert_eq!(house.directory().users.len(), 2);
}
