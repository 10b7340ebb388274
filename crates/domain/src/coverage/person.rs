//! What shifts ask of single people.

use std::collections::{BTreeMap, BTreeSet};

use super::finding::{Concerned, Finding, FindingKind, Mend, how_long};
use super::rota::Rotas;
use super::{joined, length};
use crate::directory::Directory;
use crate::escalation::list_of;
use crate::schedule::REST_MIN;
use crate::{ScheduleId, ServiceId, Timestamp, UserId};

/// Who is on call for two schedules at once, and who has too little rest between shifts.
pub(super) fn shifts(
    directory: &Directory,
    rotas: &Rotas,
    concerned: &Concerned,
    found: &mut Vec<Finding>,
) {
    let mut by_person: BTreeMap<UserId, Vec<(Timestamp, Timestamp, ScheduleId)>> = BTreeMap::new();
    for (id, rota) in &rotas.rotas {
        for shift in &rota.shifts {
            for user in &shift.users {
                let spans = by_person.entry(*user).or_default();
                spans.push((shift.start, shift.end, *id));
            }
        }
    }
    for (user, spans) in by_person {
        let schedules: BTreeSet<ScheduleId> = spans.iter().map(|span| span.2).collect();
        if schedules.len() > 1 {
            found.extend(at_once(directory, concerned, user, &spans));
        }
        found.extend(short_rest(directory, concerned, user, &spans, &schedules));
    }
}

fn services(concerned: &Concerned, schedules: &BTreeSet<ScheduleId>) -> Vec<ServiceId> {
    let all: BTreeSet<ServiceId> = schedules
        .iter()
        .filter_map(|id| concerned.schedules.get(id))
        .flatten()
        .copied()
        .collect();
    all.into_iter().collect()
}

fn at_once(
    directory: &Directory,
    concerned: &Concerned,
    user: UserId,
    spans: &[(Timestamp, Timestamp, ScheduleId)],
) -> Option<Finding> {
    // (instant, begins, schedule): ends come before begins of the same instant.
    let mut edges: Vec<(Timestamp, bool, ScheduleId)> = Vec::with_capacity(spans.len() * 2);
    for (from, until, id) in spans {
        edges.push((*from, true, *id));
        edges.push((*until, false, *id));
    }
    edges.sort_unstable();
    let mut active: BTreeMap<ScheduleId, usize> = BTreeMap::new();
    let mut involved: BTreeSet<ScheduleId> = BTreeSet::new();
    let mut double: Vec<(Timestamp, Timestamp)> = Vec::new();
    let mut since = Timestamp::MIN;
    for (at, begins, id) in edges {
        if active.len() > 1 && since < at {
            double.push((since, at));
            involved.extend(active.keys());
        }
        since = at;
        let count = active.entry(id).or_insert(0);
        if begins {
            *count += 1;
        } else {
            *count = count.saturating_sub(1);
            if *count == 0 {
                active.remove(&id);
            }
        }
    }
    let double = joined(double);
    let mut mends = involved.iter().map(|id| Mend::Schedule(*id));
    let mend = mends.next()?;
    let names: Vec<String> = involved
        .iter()
        .filter_map(|id| directory.schedule(*id))
        .map(|schedule| schedule.name.clone())
        .collect();
    Some(Finding {
        kind: FindingKind::TwoRotas,
        text: format!(
            "{} is on call for {} at once for {}.",
            directory.user_name(user),
            list_of(&names),
            how_long(&double)
        ),
        spans: double,
        mend,
        also: mends.collect(),
        services: services(concerned, &involved),
        user: Some(user),
    })
}

fn short_rest(
    directory: &Directory,
    concerned: &Concerned,
    user: UserId,
    spans: &[(Timestamp, Timestamp, ScheduleId)],
    schedules: &BTreeSet<ScheduleId>,
) -> Option<Finding> {
    let on_call = joined(spans.iter().map(|(from, until, _)| (*from, *until)));
    let rests: Vec<(Timestamp, Timestamp)> = on_call
        .windows(2)
        .map(|two| (two[0].1, two[1].0))
        .filter(|(end, start)| start.since(*end) < REST_MIN)
        .collect();
    let shortest = rests.iter().map(|rest| length(&[*rest])).min()?;
    // The shifts before and after.
    let edges: BTreeSet<Timestamp> = rests.iter().flat_map(|rest| [rest.0, rest.1]).collect();
    let involved: BTreeSet<ScheduleId> = spans
        .iter()
        .filter(|(from, until, _)| edges.contains(from) || edges.contains(until))
        .map(|span| span.2)
        .collect();
    let mut mends = involved.iter().map(|id| Mend::Schedule(*id));
    let (times, mend) = (rests.len(), mends.next()?);
    let often = match times {
        1 => "once".to_owned(),
        times => format!("{times} times"),
    };
    Some(Finding {
        kind: FindingKind::ShortRest,
        text: format!(
            "{} has less than {REST_MIN} between two shifts {often}; the shortest rest is \
             {shortest}.",
            directory.user_name(user)
        ),
        spans: rests,
        mend,
        also: mends.collect(),
        services: services(concerned, schedules),
        user: Some(user),
    })
}
