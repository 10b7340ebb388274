use std::sync::Arc;

use super::*;
use crate::escalation::tests::world::{ANA, BO, PLATFORM, TEAM, directory, person, t0};
use crate::policy::{Policy, PolicyConfig, PolicyVersion, Target};
use crate::{PolicyId, UserId};

const CHECKOUT: PolicyId = PolicyId(9);

/// Ana, Bo, Cleo and Dan; a policy; and a second Ana.
fn house() -> Directory {
    let mut house = directory();
    let policy = Policy {
        id: CHECKOUT,
        slug: "checkout-night".into(),
        name: "Checkout by night".into(),
        description: String::new(),
        team_id: None,
        current: PolicyVersion {
            version: 1,
            created_at: t0(),
            config: PolicyConfig {
                steps: vec![],
                repeats: 0,
            },
        },
    };
    house.policies.insert(CHECKOUT, Arc::new(policy));
    let mut second = (*person(UserId(20), "Ana", true)).clone();
    second.name = "Ana  Berg".into();
    second.email = "a.berg@example.com".into();
    house.users.insert(second.id, Arc::new(second));
    house
}

fn reassign(to: &str) -> Result<Wanted, String> {
    let verb = Verb::Reassign { to: to.into() };
    wanted(&verb, t0(), &house()).map_err(|unclear| unclear.to_string())
}

fn add(whom: &str) -> Result<Target, String> {
    helper(whom, &house())
        .map(|helper| helper.target)
        .map_err(|unclear| unclear.to_string())
}

#[test]
fn a_person_is_known_by_handle_address_and_name() {
    // §4.8: reassign to a person or policy, by replies, too.
    for said in ["bo", "Bo", "@bo", "BO@example.com", "person bo"] {
        let wanted = reassign(said).unwrap();
        assert_eq!(
            wanted.command,
            Command::ReassignToUser { user: BO },
            "{said}"
        );
        assert_eq!(wanted.done, "reassigned to Bo");
    }
    // The whole name counts before a part of another's.
    assert_eq!(
        reassign("ana").unwrap().command,
        Command::ReassignToUser { user: ANA }
    );
    for said in ["ana berg", "Berg", "a.berg", "berg ana"] {
        let command = reassign(said).unwrap().command;
        assert_eq!(
            command,
            Command::ReassignToUser { user: UserId(20) },
            "{said}"
        );
    }
    for said in [
        "checkout-night",
        "Checkout by Night",
        "policy checkout-night",
        "night",
    ] {
        let wanted = reassign(said).unwrap();
        let policy = CHECKOUT;
        assert_eq!(
            wanted.command,
            Command::ReassignToPolicy { policy },
            "{said}"
        );
    }
}

#[test]
fn a_name_that_is_not_clear_is_answered_with_the_candidates() {
    let mut house = house();
    let mut third = (*person(UserId(21), "Berg", true)).clone();
    third.name = "Cai Berg".into();
    third.email = "a.berg@elsewhere.example".into();
    house.users.insert(third.id, Arc::new(third));
    let told = |said: &str| holder(said, &house).unwrap_err().to_string();
    assert_eq!(
        told("Berg"),
        "\"Berg\" may be Ana Berg (a.berg@example.com), Cai Berg (a.berg@elsewhere.example)"
    );
    assert_eq!(
        told("@a.berg"),
        told("a.berg").replace("a.berg\"", "@a.berg\"")
    );
    assert_eq!(
        told("clio"),
        "there is no person or policy \"clio\"; close to it: Cleo (@cleo)"
    );
    assert_eq!(
        told("check"),
        "there is no person or policy \"check\"; close to it: Checkout by night (policy \
         checkout-night)"
    );
    assert_eq!(told("zoltan"), "there is no person or policy \"zoltan\"");
    assert_eq!(told(&"z".repeat(500)).chars().count(), 61);
    assert_eq!(
        told("policy bo"),
        "there is no person or policy \"policy bo\"; close to it: Bo (@bo)"
    );
    // Of few all are near.
    let small = directory();
    assert_eq!(
        holder("zoltan", &small).unwrap_err().to_string(),
        "there is no person or policy \"zoltan\"; close to it: Ana (@ana), Bo (@bo), Cleo (@cleo), \
         Dan (@dan)"
    );
}

#[test]
fn teams_and_schedules_help_and_closed_accounts_do_not() {
    assert_eq!(add("bo"), Ok(Target::User(BO)));
    let house = house();
    let (team, schedule) = (&house.teams[&TEAM], &house.schedules[&PLATFORM]);
    assert_eq!(add(&format!("team {}", team.slug)), Ok(Target::Team(TEAM)));
    assert_eq!(
        add(&format!("Schedule {}", schedule.name)),
        Ok(Target::Schedule(PLATFORM))
    );
    assert!(add("checkout-night").is_err(), "a policy is nobody to ask");
    let mut closed = house.clone();
    let mut bo = (*house.users[&BO]).clone();
    bo.disabled = true;
    closed.users.insert(BO, Arc::new(bo));
    assert!(holder("bo", &closed).is_err());
}

#[test]
fn what_else_a_reply_commands() {
    let of = |verb: Verb| wanted(&verb, t0(), &house()).unwrap();
    assert_eq!(
        of(Verb::EscalateTo(3)).command,
        Command::Escalate { to_step: Some(2) }
    );
    let snooze = of(Verb::Snooze(Span::from_minutes(90)));
    assert_eq!(
        snooze.command,
        Command::Snooze {
            until: t0() + Span::from_minutes(90)
        }
    );
    assert_eq!(snooze.done, "snoozed for 1 h 30 m");
    let ask = of(Verb::Add {
        whom: "bo".into(),
        message: "the disk".into(),
    });
    assert_eq!(
        ask.command,
        Command::Page {
            targets: vec![Target::User(BO)],
            message: "the disk".into()
        }
    );
    assert_eq!(ask.done, "Bo was asked to help");
    // Who may not work incidents may answer a page, and no more.
    let accept = Verb::Accept {
        reason: String::new(),
    };
    assert!(Verb::Escalate.answers_the_page() && accept.answers_the_page());
    assert!(!Verb::Unacknowledge.answers_the_page());
    assert!(!Verb::Reassign { to: "bo".into() }.answers_the_page());
}
