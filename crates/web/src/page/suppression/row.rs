//! Maintenance windows and silences as rows, and as notices on other pages.

use std::collections::BTreeMap;

use domain::directory::Directory;
use domain::suppression::{Matcher, Repeat, Suppression};
use domain::{ServiceId, Timestamp};
use store::suppression::Ended;

use crate::page::name;
use crate::view::suppression::{Notice, Noun, Standing, SuppressionRow};

/// `None` for what is neither. `held`: how many alerts each holds back.
pub fn row(
    one: &Suppression,
    ended: Option<Ended>,
    directory: &Directory,
    held: &BTreeMap<i64, i64>,
    now: Timestamp,
) -> Option<SuppressionRow> {
    let integrations = one.integrations.iter().map(|id| {
        let door = directory.integration(*id);
        let service = door.and_then(|door| directory.service(door.service_id));
        match (door, service) {
            (Some(door), Some(service)) => format!("{}: {}", service.name, door.name),
            _ => "a former integration".to_owned(),
        }
    });
    let held = held.get(&one.id.0).copied().unwrap_or(0);
    Some(SuppressionRow {
        noun: Noun::of(one.kind)?,
        id: one.id,
        comment: one.comment.clone(),
        author: one.author.clone(),
        services: one
            .services
            .iter()
            .filter_map(|id| name::service(directory, *id))
            .collect(),
        integrations: integrations.collect(),
        matchers: one.matchers.iter().map(Matcher::to_string).collect(),
        repeats: one
            .recurrence
            .as_deref()
            .map(|rule| Repeat::of(Some(rule)).in_words()),
        standing: standing(one, ended, now),
        held: u64::try_from(held).unwrap_or(0),
    })
}

fn standing(one: &Suppression, ended: Option<Ended>, now: Timestamp) -> Standing {
    let last = one.occurrences.iter().map(|(_, end)| *end).max();
    if let Some(Ended { at, .. }) = ended {
        return Standing::Ended { at };
    }
    if let Some(until) = one.active_until(now) {
        return Standing::Now { until };
    }
    match one.occurrences.iter().find(|(start, _)| *start > now) {
        Some((from, until)) => Standing::ToCome {
            from: *from,
            until: *until,
        },
        None => Standing::Over {
            at: last.unwrap_or(one.ends_at),
        },
    }
}

/// Everything that is in force, the first to end first.
pub fn in_force(
    directory: &Directory,
    held: &BTreeMap<i64, i64>,
    now: Timestamp,
) -> Vec<SuppressionRow> {
    let active = directory
        .suppressions
        .values()
        .filter_map(|one| Some((one.active_until(now)?, one)));
    let mut active: Vec<(Timestamp, &Suppression)> =
        active.map(|(until, one)| (until, one.as_ref())).collect();
    active.sort_by_key(|(until, one)| (*until, one.id));
    active
        .into_iter()
        .filter_map(|(_, one)| row(one, None, directory, held, now))
        .collect()
}

/// What is to be said on the page of a service while some of its alerts do not page.
pub fn notices(directory: &Directory, service: ServiceId, now: Timestamp) -> Vec<Notice> {
    let active = directory
        .suppressions
        .values()
        .filter(|one| {
            one.concerns(service) && {
                // One that names integrations of other services only holds nothing here.
                one.integrations.is_empty()
                    || one.integrations.iter().any(|id| {
                        directory.integration(*id).is_some_and(|door| {
                            door.service_id == service
                                || door.routing.services().any(|id| id == service)
                        })
                    })
            }
        })
        .filter_map(|one| Some((one.active_until(now)?, one, Noun::of(one.kind)?)));
    let mut notices: Vec<Notice> = active
        .map(|(until, one, noun)| Notice {
            text: match (noun, one.holds_all_of(service)) {
                (Noun::Maintenance, true) => "Maintenance: its alerts do not page".to_owned(),
                (Noun::Silence, true) => "Silenced: its alerts do not page".to_owned(),
                (Noun::Maintenance, false) => {
                    "Maintenance: some of its alerts may not page".to_owned()
                }
                (Noun::Silence, false) => "A silence may hold back some of its alerts".to_owned(),
            },
            comment: one.comment.clone(),
            until,
            href: format!("{}/{}", noun.path(), one.id),
        })
        .collect();
    notices.sort_by_key(|notice| notice.until);
    notices
}
