//! People as rows, and what of their addresses others may see.

use domain::Timestamp;
use domain::directory::{Directory, User};
use domain::notification::verification::{Challenge, TRIES_MAX, VALID_FOR};
use domain::{ContactMethodId, UserId};
use store::Conn;

use crate::page::name;
use crate::view::Link;
use crate::view::profile::MethodRow;
use crate::view::user::UserRow;

/// One person as the list shows them.
pub fn row(directory: &Directory, user: &User, now: Timestamp) -> UserRow {
    UserRow {
        id: user.id,
        name: user.name.clone(),
        email: user.email.clone(),
        role: user.role,
        disabled: user.disabled,
        teams: directory
            .teams
            .values()
            .filter(|team| team.members.contains(&user.id))
            .map(|team| Link {
                label: team.name.clone(),
                href: format!("/teams/{}", team.slug),
            })
            .collect(),
        on_call: directory
            .schedules
            .values()
            .filter(|schedule| schedule.users_at(now).contains(&user.id))
            .map(|schedule| Link {
                label: schedule.name.clone(),
                href: format!("/schedules/{}", schedule.slug),
            })
            .collect(),
        reachable: user.reachable(),
    }
}

/// What is known of a person's contact methods besides their configuration.
#[derive(Clone, Debug, Default)]
pub struct Proofs {
    pub reached: Vec<(ContactMethodId, Timestamp)>,
    pub challenges: Vec<(ContactMethodId, Challenge)>,
}

/// # Errors
/// Those of the reads.
pub fn proofs(
    conn: &mut Conn,
    user: UserId,
    methods: &[ContactMethodId],
) -> Result<Proofs, store::Error> {
    let mut proofs = Proofs {
        reached: store::proof::of_methods(conn, user)?,
        challenges: Vec::new(),
    };
    for method in methods {
        if let Some(challenge) = store::people::challenge(conn, *method)? {
            proofs.challenges.push((*method, challenge));
        }
    }
    Ok(proofs)
}

/// The person's contact methods. `whole`: the viewer may see the addresses.
pub fn methods(user: &User, proofs: &Proofs, whole: bool, now: Timestamp) -> Vec<MethodRow> {
    user.methods
        .iter()
        .map(|method| MethodRow {
            id: method.id,
            kind: method.kind,
            address: name::shown_address(method.kind, &method.address, whole),
            verified_at: method.verified_at,
            broken: method.broken.clone(),
            last_proof: proofs
                .reached
                .iter()
                .filter(|(id, _)| *id == method.id)
                .map(|(_, at)| *at)
                .max()
                .max(method.verified_at),
            code_until: proofs
                .challenges
                .iter()
                .find(|(id, _)| *id == method.id)
                .filter(|(_, challenge)| challenge.tries < TRIES_MAX)
                .map(|(_, challenge)| challenge.issued_at + VALID_FOR)
                .filter(|until| *until > now),
        })
        .collect()
}

/// Whether somebody is found by these words: each stands in the name or the address.
pub fn matches(user: &User, q: &str) -> bool {
    let hay = format!("{} {}", user.name, user.email).to_lowercase();
    q.to_lowercase()
        .split_whitespace()
        .all(|word| hay.contains(word))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::page::sample::{NOW, directory};
    use domain::word::ContactKind;

    #[test]
    fn others_see_shortened_addresses() {
        let directory = directory();
        let mut ana = directory.user(UserId(1)).unwrap().clone();
        let mut phone = ana.methods[0].clone();
        phone.kind = ContactKind::Sms;
        phone.address = "+4915112344217".to_owned();
        ana.methods.push(phone);
        let rows = methods(&ana, &Proofs::default(), false, NOW);
        assert_eq!(rows[0].address, "a•••@example.com");
        assert_eq!(rows[1].address, "+49 ••• 4217");
        let rows = methods(&ana, &Proofs::default(), true, NOW);
        assert_eq!(rows[0].address, "ana@example.com");
        assert_eq!(rows[0].last_proof, Some(NOW), "verifying is a proof");
    }

    #[test]
    fn a_code_is_asked_for_while_it_holds() {
        let directory = directory();
        let ana = directory.user(UserId(1)).unwrap();
        let proofs = |tries| Proofs {
            reached: vec![],
            challenges: vec![(
                ana.methods[0].id,
                Challenge {
                    digest: [0; 32],
                    issued_at: NOW,
                    tries,
                },
            )],
        };
        let until = |tries, now| methods(ana, &proofs(tries), true, now)[0].code_until;
        assert_eq!(until(0, NOW), Some(NOW + VALID_FOR));
        assert_eq!(until(TRIES_MAX, NOW), None);
        assert_eq!(until(0, NOW + VALID_FOR), None);
    }

    #[test]
    fn people_are_found_by_words() {
        let directory = directory();
        let ana = directory.user(UserId(1)).unwrap();
        assert!(matches(ana, "") && matches(ana, "AN example") && !matches(ana, "bo"));
        assert_eq!(row(&directory, ana, NOW).on_call[0].label, "Platform");
    }
}
