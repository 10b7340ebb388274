//! The house a story happens in: people, schedules, policies and services, as the simulator itself
//! understands them. The product is told by its configuration file.

mod hours;

use serde_json::{Value, json};

pub use hours::{Hours, Zone};

use crate::chance::Draw;

/// Index into [`Setup::people`].
pub type Who = usize;

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Setup {
    pub people: Vec<Person>,
    pub teams: Vec<Vec<Who>>,
    pub schedules: Vec<Schedule>,
    pub policies: Vec<Policy>,
    pub services: Vec<Service>,
    pub last_resort: Vec<Target>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Person {
    pub mail: Method,
    pub phone: Option<Method>,
    /// Rules for high urgency: mail at once, a text message after so many seconds. `None`: without
    /// rules, everything at once.
    pub phone_after: Option<i64>,
    pub disabled: bool,
    pub zone: Zone,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Method {
    pub verified: bool,
    /// A provider has said that the address is dead.
    pub broken: bool,
}

impl Method {
    pub fn usable(self) -> bool {
        self.verified && !self.broken
    }
}

impl Person {
    pub fn reachable(&self) -> bool {
        !self.disabled && (self.mail.usable() || self.phone.is_some_and(Method::usable))
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Target {
    Person(Who),
    Team(usize),
    Schedule(usize),
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Schedule {
    pub zone: Zone,
    /// Length of a turn, in hours.
    pub turn: i64,
    /// Minutes since midnight of the zone.
    pub handoff: i64,
    /// Each turn's people; nobody is a gap.
    pub turns: Vec<Vec<Who>>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Policy {
    pub steps: Vec<Step>,
    pub repeats: i64,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Step {
    pub targets: Vec<Target>,
    pub round_robin: bool,
    /// Seconds until the next step.
    pub wait: i64,
    /// For incidents of high urgency only.
    pub high_only: bool,
    pub hours: Option<Hours>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Service {
    pub policy: Option<usize>,
    /// `None`: by severity.
    pub always: Option<bool>,
    /// Alerts with the same group key share an incident.
    pub grouped: bool,
    /// Seconds.
    pub reopen: i64,
    pub ack_timeout: Option<i64>,
}

impl Setup {
    pub fn draw(seed: u64) -> Setup {
        let mut draw = Draw::of(seed, &[1]);
        let people: Vec<Person> = (0..draw.between(4, 8))
            .map(|n| person(&mut draw, n))
            .collect();
        let count = people.len();
        let teams = (0..draw.between(1, 2))
            .map(|_| some_of(&mut draw, count, 4))
            .collect();
        let schedules = (0..draw.between(1, 3))
            .map(|_| schedule(&mut draw, count))
            .collect();
        let mut setup = Setup {
            people,
            teams,
            schedules,
            policies: vec![],
            services: vec![],
            last_resort: vec![Target::Person(0)],
        };
        if draw.percent(15) {
            setup.last_resort = vec![setup.target(&mut draw)];
        }
        for _ in 0..draw.between(2, 4) {
            let policy = setup.draw_policy(&mut draw);
            setup.policies.push(policy);
        }
        for n in 0..draw.between(2, 5) {
            let service = Service {
                policy: (n == 0 || !draw.percent(8)).then(|| draw.below(setup.policies.len())),
                always: [None, None, Some(true), Some(false)][draw.below(4)],
                grouped: draw.percent(60),
                reopen: *draw.pick(&[60, 300, 600]),
                ack_timeout: *draw.pick(&[Some(300), Some(900), Some(1_800), None]),
            };
            setup.services.push(service);
        }
        setup
    }

    pub fn target(&self, draw: &mut Draw) -> Target {
        match draw.below(10) {
            0..=3 => Target::Person(draw.below(self.people.len())),
            4..=8 => Target::Schedule(draw.below(self.schedules.len())),
            _ => Target::Team(draw.below(self.teams.len())),
        }
    }

    fn draw_policy(&self, draw: &mut Draw) -> Policy {
        let steps = (0..draw.between(1, 4))
            .map(|_| self.draw_step(draw))
            .collect();
        Policy {
            steps,
            repeats: draw.between(0, 2),
        }
    }

    pub fn draw_step(&self, draw: &mut Draw) -> Step {
        let mut targets: Vec<Target> = Vec::new();
        for _ in 0..draw.between(1, 3) {
            let target = self.target(draw);
            if !targets.contains(&target) {
                targets.push(target);
            }
        }
        Step {
            targets,
            round_robin: draw.percent(25),
            wait: *draw.pick(&[10, 30, 60, 120, 300, 300, 600, 900]),
            high_only: draw.percent(10),
            hours: draw.percent(15).then(|| Hours::draw(draw)),
        }
    }

    /// The product's configuration file. JSON is YAML.
    pub fn manifest(&self) -> String {
        let manifest = json!({
            "settings": { "last_resort": self.refs(&self.last_resort) },
            "users": self.people.iter().enumerate().map(|(n, p)| user(n, p)).collect::<Vec<_>>(),
            "teams": self.teams.iter().enumerate().map(|(n, members)| json!({
                "slug": format!("team-{n}"), "name": format!("Team {n}"),
                "members": members.iter().map(|who| mail(*who)).collect::<Vec<_>>(),
            })).collect::<Vec<_>>(),
            "schedules": self.schedules.iter().enumerate().map(|(n, one)| json!({
                "slug": format!("schedule-{n}"), "name": format!("Schedule {n}"),
                "zone": one.zone.name(),
                "layers": [{
                    "name": "Only",
                    "rotation": { "length": one.turn, "unit": "hours" },
                    "handoff": format!("{:02}:{:02}", one.handoff / 60, one.handoff % 60),
                    "start": "2026-03-01",
                    "participants": one.turns.iter().map(|turn| {
                        turn.iter().map(|who| mail(*who)).collect::<Vec<_>>()
                    }).collect::<Vec<_>>(),
                }],
            })).collect::<Vec<_>>(),
            "policies": self.policies.iter().enumerate().map(|(n, one)| json!({
                "slug": format!("policy-{n}"), "name": format!("Policy {n}"),
                "repeats": one.repeats, "anyway": true,
                "steps": one.steps.iter().map(|step| self.step(step)).collect::<Vec<_>>(),
            })).collect::<Vec<_>>(),
            "services": self.services.iter().enumerate().map(service).collect::<Vec<_>>(),
        });
        manifest.to_string()
    }

    fn refs(&self, targets: &[Target]) -> Vec<Value> {
        let one = |target: &Target| match target {
            Target::Person(who) => json!({ "user": mail(*who) }),
            Target::Team(n) => json!({ "team": format!("team-{n}") }),
            Target::Schedule(n) => json!({ "schedule": format!("schedule-{n}") }),
        };
        targets.iter().map(one).collect()
    }

    fn step(&self, step: &Step) -> Value {
        let mut value = json!({
            "targets": self.refs(&step.targets),
            "mode": if step.round_robin { "round_robin" } else { "all" },
            "wait": format!("{}s", step.wait),
        });
        if step.high_only {
            value["urgency"] = json!("high");
        }
        if let Some(hours) = &step.hours {
            value["hours"] = hours.manifest();
        }
        value
    }
}

pub fn mail(who: Who) -> String {
    format!("p{who}@example.com")
}

pub fn phone(who: Who) -> String {
    format!("+49151{who:07}")
}

/// The key by which monitors of a service hand in.
pub fn key(service: usize) -> String {
    format!("simulated{service:023}")
}

fn person(draw: &mut Draw, n: i64) -> Person {
    let method = |draw: &mut Draw, unproved: u64| Method {
        verified: !draw.percent(unproved),
        broken: false,
    };
    let mut person = Person {
        mail: method(draw, 8),
        phone: draw.percent(60).then(|| method(draw, 10)),
        phone_after: draw.percent(40).then(|| draw.between(0, 4) * 30),
        disabled: draw.percent(4),
        zone: *draw.pick(&Zone::ALL),
    };
    if n == 0 {
        // The first is the administrator: paging has somewhere to end.
        person.disabled = false;
        person.mail.verified = true;
    }
    if person.phone.is_none() {
        person.phone_after = None;
    }
    person
}

pub fn some_of(draw: &mut Draw, count: usize, most: i64) -> Vec<Who> {
    let mut chosen: Vec<Who> = Vec::new();
    for _ in 0..draw.between(1, most) {
        let who = draw.below(count);
        if !chosen.contains(&who) {
            chosen.push(who);
        }
    }
    chosen
}

pub fn schedule(draw: &mut Draw, people: usize) -> Schedule {
    // Somebody takes turns; some turns may be nobody's.
    let mut turns = vec![some_of(draw, people, 2)];
    for _ in 0..draw.between(0, 3) {
        let gap = draw.percent(12);
        turns.push(if gap {
            vec![]
        } else {
            some_of(draw, people, 2)
        });
    }
    Schedule {
        zone: *draw.pick(&Zone::ALL),
        turn: *draw.pick(&[1, 2, 4, 12, 24]),
        handoff: *draw.pick(&[0, 2 * 60 + 30, 9 * 60, 13 * 60 + 30]),
        turns,
    }
}

fn user(n: usize, person: &Person) -> Value {
    let mut methods =
        vec![json!({ "kind": "email", "address": mail(n), "verified": person.mail.verified })];
    if let Some(method) = person.phone {
        methods.push(json!({ "kind": "sms", "address": phone(n), "verified": method.verified }));
    }
    let rules = match person.phone_after {
        None => vec![],
        Some(after) => vec![
            json!({ "urgency": "high", "method": "email" }),
            json!({ "urgency": "high", "method": "sms", "delay": format!("{after}s") }),
        ],
    };
    json!({
        "email": mail(n), "name": format!("P{n}"),
        "zone": person.zone.name(),
        "role": if n == 0 { "admin" } else { "responder" },
        "disabled": person.disabled, "contact_methods": methods, "notification_rules": rules,
    })
}

fn service((n, service): (usize, &Service)) -> Value {
    json!({
        "slug": format!("service-{n}"),
        // The model knows no storms.
        "storm_limit": 0, "name": format!("Service {n}"),
        "policy": service.policy.map(|policy| format!("policy-{policy}")),
        "urgency": match service.always {
            None => "by_severity", Some(true) => "high", Some(false) => "low",
        },
        "grouping": if service.grouped { "group_key" } else { "none" },
        "reopen_window": format!("{}s", service.reopen),
        "ack_timeout_high": service.ack_timeout.map_or("off".to_owned(), |s| format!("{s}s")),
        "integrations": [{ "name": "Monitor", "kind": "generic", "key": key(n) }],
    })
}
