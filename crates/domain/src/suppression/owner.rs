//! Who hears that a maintenance window or silence ends (PAGING.md §3.3).

use std::collections::BTreeSet;

use super::Suppression;
use crate::directory::Directory;
use crate::service::Service;
use crate::word::AccountRole;
use crate::{ServiceId, Timestamp, UserId, escalation};

/// Who is to hear before one ends: whoever made it. Where that was a token, a file or a client of an
/// Alertmanager, or is nobody who can be reached any more: whom its services would page first, else
/// their teams, else the administrators.
pub fn who_hears(one: &Suppression, directory: &Directory, at: Timestamp) -> BTreeSet<UserId> {
    let reachable = |id: &UserId| directory.user(*id).is_some_and(|user| user.reachable());
    if let Some(owner) = one.created_by.filter(reachable) {
        return [owner].into();
    }
    let services = services(one, directory);
    let first = services.iter().flat_map(|service| {
        let policy = service.policy_id.and_then(|id| directory.policy(id));
        policy.map_or_else(Vec::new, |policy| {
            escalation::first_step_people(&policy.current.config, directory, &[], at)
        })
    });
    let people: BTreeSet<UserId> = first.filter(reachable).collect();
    if !people.is_empty() {
        return people;
    }
    let teams = services
        .iter()
        .filter_map(|one| directory.team(one.team_id?));
    let members = teams.flat_map(|team| team.members.iter().copied());
    let people: BTreeSet<UserId> = members.filter(reachable).collect();
    if !people.is_empty() {
        return people;
    }
    let users = directory.users.values();
    users
        .filter(|user| user.role == AccountRole::Admin && user.reachable())
        .map(|user| user.id)
        .collect()
}

/// The services that it names, by themselves or by their integrations; none when it is about all.
fn services<'d>(one: &Suppression, directory: &'d Directory) -> Vec<&'d Service> {
    let doors = one.integrations.iter();
    let homes = doors.filter_map(|id| Some(directory.integration(*id)?.service_id));
    let ids: BTreeSet<ServiceId> = match one.services.is_empty() {
        true => homes.collect(),
        false => one.services.iter().copied().collect(),
    };
    ids.into_iter()
        .filter_map(|id| directory.service(id))
        .collect()
}
