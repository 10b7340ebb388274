//! What a change looks like beside an incident: statements about one change are put together, and
//! set against the time when the incident opened.

use std::collections::BTreeMap;

use super::{ChangeEvent, ChangeKind, ChangeStatus};
use crate::directory::Directory;
use crate::service::Integration;
use crate::{ChangeEventId, IntegrationId, ServiceId, Span, Timestamp};

/// How long before an incident a change is worth a look.
pub const LOOK_BACK: Span = Span::from_hours(24);
/// For how long an experiment counts as running when nobody says that it has ended.
pub const EXPERIMENT_MAX: Span = Span::from_hours(24);

/// A statement that has been received.
#[derive(Clone, Debug, PartialEq)]
pub struct Change {
    pub id: ChangeEventId,
    /// `None`: told by the API.
    pub integration_id: Option<IntegrationId>,
    pub service_id: Option<ServiceId>,
    pub event: ChangeEvent,
    /// When it happened: as the source says, but never after it was received.
    pub at: Timestamp,
    pub received_at: Timestamp,
}

impl Change {
    /// A statement received at `now`.
    pub fn received(
        id: ChangeEventId,
        integration_id: Option<IntegrationId>,
        service_id: Option<ServiceId>,
        event: ChangeEvent,
        now: Timestamp,
    ) -> Change {
        // A clock that is ahead must not put a change behind what it caused.
        let at = event.at.unwrap_or(now).min(now);
        Change {
            id,
            integration_id,
            service_id,
            event,
            at,
            received_at: now,
        }
    }

    /// Whether the timeline of an open incident of its service tells of it: what may mend or
    /// worsen the incident, but not every build.
    pub fn is_told(&self) -> bool {
        match self.event.kind {
            ChangeKind::Push | ChangeKind::Pipeline => false,
            _ => self.event.status != Some(ChangeStatus::Pending),
        }
    }

    /// One line for a timeline.
    pub fn line(&self) -> String {
        let what = match (self.event.kind, self.event.status) {
            (ChangeKind::Experiment, Some(ChangeStatus::Running)) => "Chaos experiment begins",
            (ChangeKind::Experiment, Some(_)) => "Chaos experiment ends",
            (ChangeKind::Experiment, None) => "Chaos experiment",
            (ChangeKind::Deployment, _) => "Deployment",
            (ChangeKind::Release, _) => "Release",
            (ChangeKind::Push, _) => "Push",
            (ChangeKind::Pipeline, _) => "Pipeline",
            (ChangeKind::Configuration, _) => "Configuration",
            (ChangeKind::Other, _) => "Change",
        };
        format!("{what}: {} ({})", self.event.summary, self.event.source)
    }
}

/// The service that a change belongs to: the one it names, by slug or name, else the
/// integration's.
pub fn service_of(
    event: &ChangeEvent,
    integration: &Integration,
    directory: &Directory,
) -> Option<ServiceId> {
    let named = event.service.as_deref().map(str::trim).and_then(|name| {
        let mut services = directory.services.values();
        services
            .find(|one| one.slug.eq_ignore_ascii_case(name) || one.name.eq_ignore_ascii_case(name))
    });
    Some(named.map_or(integration.service_id, |service| service.id))
}

/// One change from its first statement to its newest.
#[derive(Clone, Debug, PartialEq)]
pub struct Course<'a> {
    /// The newest statement.
    pub latest: &'a Change,
    pub began: Timestamp,
    /// `None` while it goes on, as far as anybody has said. What happens at once ends as it begins.
    pub ended: Option<Timestamp>,
}

/// How a change stands to an incident.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Bearing {
    /// It was over so long before the incident opened.
    Before(Span),
    /// It was going on when the incident opened.
    Running,
    /// It began while the incident was open.
    During,
}

/// Puts the statements about equal changes together, newest change first.
pub fn courses(changes: &[Change]) -> Vec<Course<'_>> {
    let mut of_key: BTreeMap<(Option<IntegrationId>, &str), Course<'_>> = BTreeMap::new();
    let mut all = vec![];
    for change in changes {
        let own = course(change);
        let Some(key) = change.event.change_key.as_deref() else {
            all.push(own);
            continue;
        };
        of_key
            .entry((change.integration_id, key))
            .and_modify(|known| {
                let newer = (own.latest.at, own.latest.id) > (known.latest.at, known.latest.id);
                known.ended = match (known.ended, own.ended) {
                    (Some(a), Some(b)) => Some(a.max(b)),
                    // A later statement says that it goes on, or an earlier one that it began.
                    (known_end, own_end) if newer => {
                        own_end.or(known_end.filter(|_| change.event.status.is_none()))
                    }
                    (known_end, _) => known_end,
                };
                known.began = known.began.min(own.began);
                if newer {
                    known.latest = change;
                }
            })
            .or_insert(own);
    }
    all.extend(of_key.into_values());
    all.sort_by_key(|one| std::cmp::Reverse((one.began, one.latest.id)));
    all
}

fn course(change: &Change) -> Course<'_> {
    let event = &change.event;
    let goes_on = matches!(
        event.status,
        Some(ChangeStatus::Running | ChangeStatus::Pending)
    );
    // An end that is announced ends it by itself.
    let ended = event.ends_at.or((!goes_on).then_some(change.at));
    Course {
        latest: change,
        began: event.starts_at.unwrap_or(change.at).min(change.at),
        ended,
    }
}

impl Course<'_> {
    /// How it stands to an incident that opened at `opened`.
    pub fn bearing(&self, opened: Timestamp) -> Bearing {
        if self.began > opened {
            return Bearing::During;
        }
        let ended = self.ended.or_else(|| {
            let longest = self.began + EXPERIMENT_MAX;
            (longest < opened).then_some(longest)
        });
        match ended {
            Some(at) if at < opened => Bearing::Before(opened.since(at)),
            // What happens in an instant has no course that could be running.
            Some(at) if at == self.began => Bearing::Before(Span::ZERO),
            _ => Bearing::Running,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn minute(n: i64) -> Timestamp {
        Timestamp::from_seconds(1_800_000_000 + n * 60)
    }

    fn change(id: i64, at: i64, key: Option<&str>, status: Option<ChangeStatus>) -> Change {
        let mut event = ChangeEvent::new(ChangeKind::Experiment, id.to_string(), "Kill", "chaos");
        event.at = Some(minute(at));
        event.change_key = key.map(str::to_owned);
        event.status = status;
        Change::received(ChangeEventId(id), None, None, event, minute(1_000))
    }

    #[test]
    fn a_clock_that_is_ahead_does_not_move_a_change_into_the_future() {
        let mut event = ChangeEvent::new(ChangeKind::Push, "k", "s", "r");
        event.at = Some(minute(10));
        let change = Change::received(ChangeEventId(1), None, None, event, minute(5));
        assert_eq!(change.at, minute(5));
    }

    #[test]
    fn start_and_end_are_one_change_in_whatever_order_they_come() {
        let start = change(1, 10, Some("x"), Some(ChangeStatus::Running));
        let end = change(2, 20, Some("x"), Some(ChangeStatus::Succeeded));
        for both in [[start.clone(), end.clone()], [end.clone(), start.clone()]] {
            let found = courses(&both);
            assert_eq!(found.len(), 1);
            assert_eq!(
                (found[0].began, found[0].ended),
                (minute(10), Some(minute(20)))
            );
            assert_eq!(found[0].latest.id, ChangeEventId(2));
        }
    }

    #[test]
    fn an_incident_in_the_window_is_told_from_one_behind_it() {
        let both = [
            change(1, 10, Some("x"), Some(ChangeStatus::Running)),
            change(2, 20, Some("x"), Some(ChangeStatus::Succeeded)),
        ];
        let course = &courses(&both)[0];
        assert_eq!(course.bearing(minute(5)), Bearing::During);
        assert_eq!(course.bearing(minute(15)), Bearing::Running);
        assert_eq!(course.bearing(minute(20)), Bearing::Running);
        assert_eq!(
            course.bearing(minute(23)),
            Bearing::Before(Span::from_minutes(3))
        );
    }

    #[test]
    fn an_experiment_without_an_end_does_not_run_for_ever() {
        let open = [change(1, 0, None, Some(ChangeStatus::Running))];
        let course = &courses(&open)[0];
        assert_eq!(course.bearing(minute(24 * 60)), Bearing::Running);
        assert_eq!(
            course.bearing(minute(24 * 60 + 2)),
            Bearing::Before(Span::from_minutes(2))
        );
    }

    #[test]
    fn what_happens_at_once_is_never_running() {
        let deployed = [change(1, 10, None, None)];
        let course = &courses(&deployed)[0];
        assert_eq!(course.bearing(minute(10)), Bearing::Before(Span::ZERO));
        assert_eq!(
            course.bearing(minute(11)),
            Bearing::Before(Span::from_minutes(1))
        );
    }
}
