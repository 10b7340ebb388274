//! Many people, so that many messages leave: further pages to one person within a minute become
//! one message.

use std::fmt::Write as _;

/// Services, each with an integration, a policy and people of its own.
pub const SERVICES: usize = 15;
/// People of one policy, who take turns.
const PEOPLE: usize = 20;

/// How often a run that nobody answers executes something: two steps, or one step twice, and then
/// the last resort.
pub const EXECUTIONS: i64 = 3;

/// The key of a service's integration.
pub fn key(service: usize) -> String {
    format!("crash{service:027}")
}

/// The name of a service's integration.
pub fn door(service: usize) -> String {
    format!("door-{service}")
}

fn person(service: usize, number: usize) -> String {
    format!("p{service}-{number}@example.com")
}

/// The configuration. Waits have the least length that a policy may have.
pub fn yaml() -> String {
    let mut users = String::new();
    let mut policies = String::new();
    let mut services = String::new();
    user(&mut users, "admin", "last@example.com", 99_999);
    for service in 0..SERVICES {
        for number in 0..PEOPLE {
            let phone = service * PEOPLE + number;
            user(&mut users, "responder", &person(service, number), phone);
        }
        let repeats = service % 2;
        let mut steps = step(service);
        if repeats == 0 {
            steps += &step((service + 1) % SERVICES);
        }
        write!(
            policies,
            "  - slug: policy-{service}\n    name: Policy {service}\n    repeats: {repeats}\n    \
             steps:\n{steps}"
        )
        .unwrap();
        write!(
            services,
            "  - slug: service-{service}\n    name: Service {service}\n    \
             policy: policy-{service}\n    integrations:\n      \
             - {{name: {}, kind: pagerduty, key: {}}}\n",
            door(service),
            key(service)
        )
        .unwrap();
    }
    format!(
        "settings:\n  last_resort: [{{user: last@example.com}}]\n\
         users:\n{users}policies:\n{policies}services:\n{services}"
    )
}

fn user(users: &mut String, role: &str, email: &str, phone: usize) {
    write!(
        users,
        "  - email: {email}\n    name: {email}\n    role: {role}\n    contact_methods:\n      \
         - {{kind: email, address: {email}, verified: true}}\n      \
         - {{kind: sms, address: \"+1555{phone:07}\", verified: true}}\n    \
         notification_rules:\n      - {{urgency: high, method: email}}\n      \
         - {{urgency: high, method: sms}}\n"
    )
    .unwrap();
}

fn step(service: usize) -> String {
    let targets: Vec<String> = (0..PEOPLE)
        .map(|number| format!("{{user: {}}}", person(service, number)))
        .collect();
    format!(
        "      - {{targets: [{}], mode: round_robin, wait: 10s}}\n",
        targets.join(", ")
    )
}
