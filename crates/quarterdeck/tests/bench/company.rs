//! Configurations to measure with.

use std::fmt::Write as _;

/// People of one service, who take turns.
pub const PEOPLE: usize = 20;

/// Who may do everything.
pub const ADMIN: &str = "admin@example.com";
pub const PASSWORD: &str = "a long password";

/// The key of a service's integration.
pub fn key(service: usize) -> String {
    format!("bench{service:027}")
}

/// Services with a policy and people of their own, so that messages are not kept back to become
/// one: one incident a person a minute leaves at once (PAGING.md §6.4).
pub fn yaml(services: usize) -> String {
    let mut users = person(ADMIN, "admin").replacen(
        "    role:",
        &format!("    password: {PASSWORD}\n    role:"),
        1,
    );
    let (mut policies, mut doors) = (String::new(), String::new());
    // Where incidents are what is measured, none are collected in storms.
    let storms = if services == 1 { 20 } else { 0 };
    for service in 0..services {
        let mut targets = Vec::new();
        for number in 0..PEOPLE {
            let email = format!("p{service}-{number}@example.com");
            users += &person(&email, "responder");
            targets.push(format!("{{user: {email}}}"));
        }
        write!(
            policies,
            "  - slug: policy-{service}\n    name: Policy {service}\n    steps:\n      \
             - {{targets: [{}], mode: round_robin, wait: 1h}}\n",
            targets.join(", ")
        )
        .unwrap();
        write!(
            doors,
            "  - slug: service-{service}\n    name: Service {service}\n    \
             policy: policy-{service}\n    storm_limit: {storms}\n    integrations:\n      \
             - {{name: Door, kind: pagerduty, key: {}}}\n",
            key(service)
        )
        .unwrap();
    }
    format!(
        "settings:\n  last_resort: [{{user: admin@example.com}}]\n\
         users:\n{users}policies:\n{policies}services:\n{doors}"
    )
}

fn person(email: &str, role: &str) -> String {
    format!(
        "  - email: {email}\n    name: {email}\n    role: {role}\n    contact_methods:\n      \
         - {{kind: email, address: {email}, verified: true}}\n"
    )
}

/// An event in PagerDuty's form.
pub fn event(service: usize, dedup_key: &str) -> String {
    serde_json::json!({
        "routing_key": key(service),
        "event_action": "trigger",
        "dedup_key": dedup_key,
        "payload": {
            "summary": format!("{dedup_key} error rate above 5 %"),
            "source": "shop-1",
            "severity": "critical",
            "component": "checkout",
            "custom_details": { "rate": 0.07, "region": "eu-west" },
        },
    })
    .to_string()
}

/// Applies a configuration to a server that is not running.
pub fn apply(server: &testkit::Server, yaml: &str) {
    let file = server.data_dir.join("company.yaml");
    std::fs::write(&file, yaml).unwrap();
    let output = server.run(["apply", "-f", file.to_str().unwrap()]);
    assert!(output.status.success(), "{output:?}");
}
