//! What incidents are named by: their service, and those who may work them.

use domain::ServiceId;
use domain::directory::{Directory, User};
use domain::incident::Incident;
use domain::word::ContactKind;
use engine::access::{Right, allows};

use crate::view::{Choice, ChoiceGroup, Link};

pub fn service(directory: &Directory, id: ServiceId) -> Option<Link> {
    directory.service(id).map(|service| Link {
        label: service.name.clone(),
        href: format!("/services/{}", service.slug),
    })
}

pub fn service_of(directory: &Directory, incident: &Incident) -> Option<Link> {
    incident.service_id.and_then(|id| service(directory, id))
}

/// Everybody who may work incidents, by name.
fn responders(directory: &Directory) -> Vec<&User> {
    let mut people: Vec<&User> = directory
        .users
        .values()
        .map(AsRef::as_ref)
        .filter(|user| !user.disabled && allows(user.role, Right::Respond))
        .collect();
    people.sort_by_key(|user| (user.name.to_lowercase(), user.id));
    people
}

/// Everybody who may work incidents, by id.
pub fn responder_choices(directory: &Directory) -> Vec<Choice> {
    responders(directory)
        .into_iter()
        .map(|user| Choice::new(user.id, &user.name))
        .collect()
}

/// Services by name; values are ids.
pub fn service_choices(directory: &Directory) -> Vec<Choice> {
    services(directory, |service| service.id.to_string())
}

/// Services by name; values are slugs, as addresses have them.
pub fn service_slugs(directory: &Directory) -> Vec<Choice> {
    services(directory, |service| service.slug.clone())
}

fn services(
    directory: &Directory,
    value: impl Fn(&domain::service::Service) -> String,
) -> Vec<Choice> {
    let mut choices: Vec<Choice> = directory
        .services
        .values()
        .map(|service| Choice::new(value(service), &service.name))
        .collect();
    choices.sort_by_key(|choice| choice.label.to_lowercase());
    choices
}

/// To whom an incident can be reassigned: people and policies, as `user:{id}` and `policy:{id}`.
pub fn reassign_choices(directory: &Directory) -> Vec<ChoiceGroup> {
    let people = responders(directory)
        .into_iter()
        .map(|user| Choice::new(format!("user:{}", user.id), &user.name))
        .collect();
    let mut policies: Vec<Choice> = directory
        .policies
        .values()
        .map(|policy| Choice::new(format!("policy:{}", policy.id), &policy.name))
        .collect();
    policies.sort_by_key(|choice| choice.label.to_lowercase());
    vec![
        ChoiceGroup {
            label: "People".to_owned(),
            choices: people,
        },
        ChoiceGroup {
            label: "Policies".to_owned(),
            choices: policies,
        },
    ]
}

/// An address that its owner and administrators see whole, others only as far as to tell two
/// apart: `+49 ••• 4217`, `a•••@example.com`.
pub fn shown_address(kind: ContactKind, address: &str, whole: bool) -> String {
    if whole {
        return address.to_owned();
    }
    match kind {
        ContactKind::Email => match address.split_once('@') {
            Some((local, domain)) => {
                let first: String = local.chars().take(1).collect();
                format!("{first}•••@{domain}")
            }
            None => "•••".to_owned(),
        },
        ContactKind::Sms => {
            let digits: Vec<char> = address.chars().filter(char::is_ascii_digit).collect();
            if digits.len() < 8 {
                return "•••".to_owned();
            }
            let country: String = digits.iter().take(2).collect();
            let last: String = digits.iter().skip(digits.len() - 4).collect();
            format!("+{country} ••• {last}")
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn others_see_only_the_ends_of_an_address() {
        let sms = |text, whole| shown_address(ContactKind::Sms, text, whole);
        assert_eq!(sms("+4915112344217", false), "+49 ••• 4217");
        assert_eq!(sms("+4915112344217", true), "+4915112344217");
        assert_eq!(sms("12", false), "•••");
        let mail = |text| shown_address(ContactKind::Email, text, false);
        assert_eq!(mail("ana@example.com"), "a•••@example.com");
        assert_eq!(mail("nonsense"), "•••");
    }
}
