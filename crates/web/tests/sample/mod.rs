//! Every page with data as it would really be, for the tests of the face and for the gallery.
#![allow(
    clippy::unwrap_used,
    reason = "helpers of tests fail their test like the tests themselves"
)]

mod ask;
mod calendar;
mod channel;
mod config;
mod duty;
mod hand;
mod heartbeat;
mod incident;
mod part;
mod people;
mod policy;
mod postmortem;
mod quiet;
mod routing;
mod signal;

use askama::Template;
use domain::word::AccountRole;
use domain::{Span, Timestamp, UserId};
use jiff::tz::TimeZone;
use web::view::*;

/// The moment of all samples: Saturday, 03:16 in Berlin.
pub fn now() -> Timestamp {
    Timestamp::parse("2026-11-21T02:16:00Z").unwrap()
}

pub fn ago(minutes: i64) -> Timestamp {
    now() - Span::from_minutes(minutes)
}

pub fn ahead(minutes: i64) -> Timestamp {
    now() + Span::from_minutes(minutes)
}

pub fn berlin() -> TimeZone {
    TimeZone::get("Europe/Berlin").unwrap()
}

pub fn person(id: i64) -> Person {
    let name = match id {
        1 => "Ana Ruiz",
        2 => "Bo Lindqvist",
        3 => "Chidi Okafor",
        4 => "Dana Weiss",
        _ => "Emil Hansen-Østergård",
    };
    Person {
        id: UserId(id),
        name: name.to_owned(),
    }
}

pub fn link(label: &str, href: &str) -> Link {
    Link {
        label: label.to_owned(),
        href: href.to_owned(),
    }
}

pub fn people_choices() -> Vec<Choice> {
    (1..=5).map(|id| Choice::new(id, person(id).name)).collect()
}

pub fn zones() -> Vec<Choice> {
    [
        "America/New_York",
        "Europe/Berlin",
        "Europe/Stockholm",
        "UTC",
    ]
    .iter()
    .map(|zone| Choice::new(zone, zone))
    .collect()
}

pub fn targets() -> Vec<ChoiceGroup> {
    vec![
        ChoiceGroup {
            label: "Schedules".into(),
            choices: vec![Choice::new("schedule:1", "On-call Platform")],
        },
        ChoiceGroup {
            label: "People".into(),
            choices: (1..=5)
                .map(|id| Choice::new(format!("user:{id}"), person(id).name))
                .collect(),
        },
    ]
}

/// A frame as an administrator on call sees it.
pub fn frame(title: &str, active: Nav, here: &str) -> Frame {
    Frame {
        title: title.to_owned(),
        user: Some(Viewer {
            id: UserId(1),
            name: "Ana Ruiz".into(),
            email: "ana@example.com".into(),
            role: AccountRole::Admin,
        }),
        can_respond: true,
        can_configure: true,
        can_admin: true,
        csrf: "c5rf-t0ken".into(),
        theme: Theme::System,
        zone: berlin(),
        demo: true,
        watch: Some(WatchBar {
            on_call: vec![Watch {
                schedule: "Platform".into(),
                slug: "platform".into(),
                from: ago(4_000),
                until: Some(ahead(3_224)),
            }],
            next_shift: None,
            open: 3,
            unacknowledged: 1,
            next: Some(NextWatch {
                names: "Bo Lindqvist".into(),
                schedule: "Platform".into(),
                at: ahead(3_224),
            }),
        }),
        active,
        flash: Vec::new(),
        now: now(),
        here: here.to_owned(),
    }
}

/// A page of the gallery.
pub struct Sample {
    /// Its address, also a name for tests.
    pub path: &'static str,
    pub html: String,
}

fn draw(path: &'static str, page: &impl Template) -> Sample {
    Sample {
        path,
        html: page.render().unwrap(),
    }
}

/// Every page, and those with more than one face in each of them.
pub fn pages() -> Vec<Sample> {
    let mut pages = Vec::new();
    incident::add(&mut pages);
    calendar::add(&mut pages);
    config::add(&mut pages);
    routing::add(&mut pages);
    duty::add(&mut pages);
    hand::add(&mut pages);
    ask::add(&mut pages);
    policy::add(&mut pages);
    channel::add(&mut pages);
    people::add(&mut pages);
    signal::add(&mut pages);
    quiet::add(&mut pages);
    heartbeat::add(&mut pages);
    pages
}
