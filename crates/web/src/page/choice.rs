//! What forms offer to choose from, and names with their addresses.

use std::sync::OnceLock;

use domain::directory::Directory;
use domain::policy::Target;
use domain::{PolicyId, TeamId, UserId};

use crate::view::{Choice, ChoiceGroup, Link, Person, target_value};

/// Zones that are old names, fixed offsets or the system's own, and that nobody lives in.
const NOT_PLACES: &[&str] = &["Etc/", "SystemV/", "US/", "posix/", "right/"];

/// The IANA zones of places, and UTC, by name; the chosen one stands among them in any case.
pub fn zones(chosen: &str) -> Vec<Choice> {
    static PLACES: OnceLock<Vec<String>> = OnceLock::new();
    let places = PLACES.get_or_init(|| {
        let mut places: Vec<String> = jiff::tz::db()
            .available()
            .map(|name| name.to_string())
            .filter(|name| name.contains('/'))
            .filter(|name| !NOT_PLACES.iter().any(|prefix| name.starts_with(prefix)))
            .collect();
        places.sort_unstable();
        places.dedup();
        places.insert(0, "UTC".to_owned());
        places
    });
    let known = chosen.is_empty() || places.iter().any(|place| place == chosen);
    let chosen = (!known).then_some(chosen);
    chosen
        .into_iter()
        .chain(places.iter().map(String::as_str))
        .map(|name| Choice::new(name, name))
        .collect()
}

/// Everybody whose account works, by name.
pub fn people(directory: &Directory) -> Vec<Choice> {
    let active = directory.users.values().filter(|user| !user.disabled);
    by_label(
        active
            .map(|user| Choice::new(user.id, &user.name))
            .collect(),
    )
}

/// Everybody whose account works and whoever is chosen already, by name.
pub fn people_and(directory: &Directory, chosen: &[UserId]) -> Vec<Choice> {
    let wanted = directory
        .users
        .values()
        .filter(|user| !user.disabled || chosen.contains(&user.id));
    by_label(
        wanted
            .map(|user| {
                let off = if user.disabled { " (disabled)" } else { "" };
                Choice::new(user.id, format!("{}{off}", user.name))
            })
            .collect(),
    )
}

/// Teams by id.
pub fn teams(directory: &Directory) -> Vec<Choice> {
    let teams = directory.teams.values();
    by_label(teams.map(|team| Choice::new(team.id, &team.name)).collect())
}

/// Channels by id.
pub fn channels(directory: &Directory) -> Vec<Choice> {
    let channels = directory.channels.values();
    by_label(channels.map(|one| Choice::new(one.id, &one.name)).collect())
}

/// Policies by id.
pub fn policies(directory: &Directory) -> Vec<Choice> {
    let policies = directory.policies.values();
    by_label(
        policies
            .map(|policy| Choice::new(policy.id, &policy.name))
            .collect(),
    )
}

/// Whom one can page.
pub fn targets(directory: &Directory) -> Vec<ChoiceGroup> {
    let value = |target: Target| target_value(&target);
    let schedules = directory.schedules.values();
    let people = directory.users.values().filter(|user| !user.disabled);
    let teams = directory.teams.values();
    let groups = [
        (
            "On call",
            schedules
                .map(|one| {
                    let value = value(Target::Schedule(one.id));
                    Choice::new(value, format!("On-call {}", one.name))
                })
                .collect(),
        ),
        (
            "People",
            people
                .map(|one| Choice::new(value(Target::User(one.id)), &one.name))
                .collect(),
        ),
        (
            "Teams",
            teams
                .map(|one| {
                    let value = value(Target::Team(one.id));
                    Choice::new(value, format!("Team {}", one.name))
                })
                .collect(),
        ),
    ];
    grouped(groups)
}

/// Whom a step or the last resort can page, and the channels that it can tell.
pub fn targets_and_channels(directory: &Directory) -> Vec<ChoiceGroup> {
    let channels = directory.channels.values().map(|one| {
        let off = if one.enabled { "" } else { " (switched off)" };
        let value = target_value(&Target::Channel(one.id));
        Choice::new(value, format!("Channel {}{off}", one.name))
    });
    let mut groups = targets(directory);
    groups.extend(grouped([("Channels", channels.collect())]));
    groups
}

fn grouped<const N: usize>(groups: [(&str, Vec<Choice>); N]) -> Vec<ChoiceGroup> {
    groups
        .into_iter()
        .map(|(label, choices)| ChoiceGroup {
            label: label.to_owned(),
            choices: by_label(choices),
        })
        .filter(|group| !group.choices.is_empty())
        .collect()
}

fn by_label(mut choices: Vec<Choice>) -> Vec<Choice> {
    choices.sort_by_cached_key(|choice| choice.label.to_lowercase());
    choices
}

pub fn person(directory: &Directory, id: UserId) -> Person {
    Person {
        id,
        name: directory.user_name(id).to_owned(),
    }
}

pub fn persons(directory: &Directory, ids: &[UserId]) -> Vec<Person> {
    ids.iter().map(|id| person(directory, *id)).collect()
}

pub fn team_link(directory: &Directory, id: Option<TeamId>) -> Option<Link> {
    let team = directory.team(id?)?;
    Some(Link {
        label: team.name.clone(),
        href: format!("/teams/{}", team.slug),
    })
}

pub fn policy_link(directory: &Directory, id: Option<PolicyId>) -> Option<Link> {
    let policy = directory.policy(id?)?;
    Some(Link {
        label: policy.name.clone(),
        href: format!("/policies/{}", policy.slug),
    })
}

/// A target's name and the address of its page.
pub fn target_link(directory: &Directory, target: Target) -> Link {
    let (label, href) = match target {
        Target::User(id) => (directory.user_name(id).to_owned(), format!("/users/{id}")),
        Target::Schedule(id) => match directory.schedule(id) {
            Some(schedule) => (
                format!("On-call {}", schedule.name),
                format!("/schedules/{}", schedule.slug),
            ),
            None => ("a former schedule".to_owned(), "/on-call".to_owned()),
        },
        Target::Team(id) => match directory.team(id) {
            Some(team) => (
                format!("Team {}", team.name),
                format!("/teams/{}", team.slug),
            ),
            None => ("a former team".to_owned(), "/teams".to_owned()),
        },
        Target::Channel(id) => match directory.channel(id) {
            Some(channel) => (
                format!("Channel {}", channel.name),
                format!("/channels/{}", channel.slug),
            ),
            None => ("a former channel".to_owned(), "/channels".to_owned()),
        },
    };
    Link { label, href }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn zones_are_places_and_the_chosen_one() {
        let zones = zones("Etc/GMT+3");
        let has = |name: &str| zones.iter().any(|zone| zone.value == name);
        assert!(has("UTC") && has("Europe/Berlin") && has("America/New_York"));
        assert!(has("Etc/GMT+3"), "what somebody has is kept");
        assert!(!has("US/Pacific") && !has("posix/Europe/Berlin"));
        assert!(zones.len() > 300);
    }
}
