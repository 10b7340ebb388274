//! Rotas of one person, and those that nobody is paged by.

use std::collections::BTreeSet;

use super::super::climb::Climbs;
use super::super::rota::Rotas;
use super::{Concerned, Finding, FindingKind, Mend, services_of};
use crate::directory::Directory;
use crate::{ScheduleId, UserId};

pub(super) fn lone(
    directory: &Directory,
    rotas: &Rotas,
    climbs: &Climbs<'_>,
    concerned: &Concerned,
    found: &mut Vec<Finding>,
) {
    for (id, rota) in &rotas.rotas {
        let everybody: BTreeSet<UserId> = rota
            .shifts
            .iter()
            .flat_map(|shift| shift.users.iter().copied())
            .collect();
        let (Some(lone), 1) = (everybody.first(), everybody.len()) else {
            continue;
        };
        let schedule = directory
            .schedule(*id)
            .map_or("a schedule", |schedule| schedule.name.as_str());
        let (from, until) = climbs.bounds();
        found.push(Finding {
            kind: FindingKind::OnePersonRota,
            text: format!(
                "{} alone is on call for {schedule} in all of {}.",
                directory.user_name(*lone),
                until.since(from)
            ),
            spans: Vec::new(),
            mend: Mend::Schedule(*id),
            also: Vec::new(),
            services: services_of(concerned.schedules.get(id)),
            user: Some(*lone),
        });
    }
}

/// Schedules by which nobody is paged: their people wait in vain, or were forgotten in a policy.
pub(super) fn unused(directory: &Directory, found: &mut Vec<Finding>) {
    let steps = directory
        .policies
        .values()
        .flat_map(|policy| &policy.current.config.steps)
        .flat_map(|step| &step.targets);
    let used: BTreeSet<ScheduleId> = steps
        .chain(&directory.settings.last_resort)
        .filter_map(|target| target.schedule())
        .collect();
    for schedule in directory.schedules.values() {
        if used.contains(&schedule.id) {
            continue;
        }
        found.push(Finding {
            kind: FindingKind::UnusedSchedule,
            text: format!(
                "No policy pages by schedule {}: whoever is on call for it is paged by hand only.",
                schedule.name
            ),
            spans: Vec::new(),
            mend: Mend::Schedule(schedule.id),
            also: Vec::new(),
            services: Vec::new(),
            user: None,
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::coverage::Level;
    use crate::policy::Target;
    use crate::schedule::Schedule;

    #[test]
    fn a_schedule_that_no_policy_names_is_told_and_harms_nobody() {
        let mut directory = Directory::default();
        let schedule = |id: i64, name: &str| Schedule {
            id: ScheduleId(id),
            slug: name.to_lowercase(),
            name: name.to_owned(),
            description: String::new(),
            team_id: None,
            versions: Vec::new(),
            overrides: Vec::new(),
            temporaries: Vec::new(),
            imports: Vec::new(),
        };
        for one in [schedule(1, "Used"), schedule(2, "Forgotten")] {
            directory.schedules.insert(one.id, one.into());
        }
        directory.settings.last_resort =
            vec![Target::Schedule(ScheduleId(1)), Target::User(UserId(1))];
        let mut found = Vec::new();
        unused(&directory, &mut found);
        assert_eq!(found.len(), 1);
        assert_eq!(found[0].mend, Mend::Schedule(ScheduleId(2)));
        assert!(found[0].text.contains("schedule Forgotten"));
        assert!(found[0].level() == Level::Note && !found[0].kind.harms());
    }
}
