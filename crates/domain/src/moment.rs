//! Key moments of an incident and the durations between them (INCIDENTS.md §1.1, §3).

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::word::{CommandRole, EntryKind, KeyMoment};
use crate::{Span, Timestamp, words};

words! {
    /// Where the time of a key moment comes from.
    MomentSource {
        /// Filled in from an event of the incident.
        Auto = "auto",
        /// Set by a person; events no longer move it.
        Manual = "manual",
    }
}

/// The time of one key moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Moment {
    pub at: Timestamp,
    pub source: MomentSource,
}

/// The key moments of one incident that are known.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Moments(BTreeMap<KeyMoment, Moment>);

/// Why the time of a key moment is refused. Other odd orders are only [`Warning`]s.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum MomentError {
    #[error("{} lies in the future", title(*.0))]
    Future(KeyMoment),
    #[error("{} lies before the impact started", title(*.0))]
    BeforeImpact(KeyMoment),
}

/// Something odd about the key moments that a review should look at.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Warning {
    #[error("{} before {}", title(*.later), in_sentence(*.earlier))]
    Inverted {
        earlier: KeyMoment,
        later: KeyMoment,
    },
    #[error("{} would be negative and is left out", .0)]
    NegativeDuration(&'static str),
}

/// Orders people expect; an inversion is a warning. Detection before impact is missing on purpose:
/// it is good news.
const EXPECTED: [(KeyMoment, KeyMoment); 17] = {
    use KeyMoment::*;
    [
        (FirstSignal, Detected),
        (Detected, Declared),
        (Detected, FirstPage),
        (Detected, Acknowledged),
        (FirstPage, Acknowledged),
        (Declared, CommanderAssigned),
        (Declared, FirstUpdate),
        (Detected, Identified),
        (Detected, Mitigated),
        (Detected, Resolved),
        (Identified, Mitigated),
        (ImpactStarted, Mitigated),
        (Mitigated, Resolved),
        (Identified, Resolved),
        (ImpactStarted, Identified),
        (ImpactEnded, Resolved),
        (Resolved, Closed),
    ]
};

impl Moments {
    pub fn get(&self, moment: KeyMoment) -> Option<Timestamp> {
        self.0.get(&moment).map(|known| known.at)
    }

    pub fn source(&self, moment: KeyMoment) -> Option<MomentSource> {
        self.0.get(&moment).map(|known| known.source)
    }

    /// In the order of [`KeyMoment::ALL`].
    pub fn iter(&self) -> impl Iterator<Item = (KeyMoment, Moment)> + '_ {
        self.0.iter().map(|(moment, known)| (*moment, *known))
    }

    /// Puts a stored moment back.
    pub fn insert(&mut self, moment: KeyMoment, known: Moment) {
        self.0.insert(moment, known);
    }

    /// Fills a moment from an event; says whether that changed anything. What a person set stays.
    /// The first event counts, but an incident is resolved and closed by the *last* resolve and
    /// close: after a reopening the end is only where the end is.
    pub fn fill(&mut self, moment: KeyMoment, at: Timestamp) -> bool {
        let moves = match self.0.get(&moment) {
            None => true,
            Some(known) if known.source == MomentSource::Manual => false,
            Some(known) => match moment {
                KeyMoment::Resolved | KeyMoment::Closed => at > known.at,
                _ => at < known.at,
            },
        };
        if moves {
            let source = MomentSource::Auto;
            self.0.insert(moment, Moment { at, source });
        }
        moves
    }

    /// Sets a moment by hand, or removes it with `None`.
    pub fn set(
        &mut self,
        moment: KeyMoment,
        at: Option<Timestamp>,
        now: Timestamp,
    ) -> Result<(), MomentError> {
        let Some(at) = at else {
            self.0.remove(&moment);
            return Ok(());
        };
        let mut changed = self.clone();
        let source = MomentSource::Manual;
        changed.0.insert(moment, Moment { at, source });
        changed.check(now)?;
        *self = changed;
        Ok(())
    }

    /// The hard rules: nothing in the future, no end before the impact began. Then what looks odd.
    pub fn check(&self, now: Timestamp) -> Result<Vec<Warning>, MomentError> {
        for (&moment, known) in &self.0 {
            if known.at > now {
                return Err(MomentError::Future(moment));
            }
        }
        if let Some(started) = self.get(KeyMoment::ImpactStarted) {
            for end in [KeyMoment::ImpactEnded, KeyMoment::Resolved] {
                if self.get(end).is_some_and(|at| at < started) {
                    return Err(MomentError::BeforeImpact(end));
                }
            }
        }
        Ok(EXPECTED
            .into_iter()
            .filter(
                |&(earlier, later)| matches!((self.get(earlier), self.get(later)), (Some(a), Some(b)) if b < a),
            )
            .map(|(earlier, later)| Warning::Inverted { earlier, later })
            .collect())
    }

    /// The durations of INCIDENTS.md §3. `last_responder_ack` is when the last person asked to join
    /// acknowledged; `impact` are the windows in which users were hit, `now` ends an open one.
    pub fn durations(
        &self,
        last_responder_ack: Option<Timestamp>,
        impact: &[ImpactWindow],
        now: Timestamp,
    ) -> Durations {
        let mut warnings = Vec::new();
        let mut between = |name, start: Option<Timestamp>, end: Option<Timestamp>| {
            let span = end?.since(start?);
            if span < Span::ZERO {
                warnings.push(Warning::NegativeDuration(name));
                return None;
            }
            Some(span)
        };
        let started = self.get(KeyMoment::ImpactStarted);
        let detected = self.get(KeyMoment::Detected);
        let acknowledged = self.get(KeyMoment::Acknowledged);
        let mitigated = self.get(KeyMoment::Mitigated);
        let caught_before_impact =
            matches!((started, detected), (Some(started), Some(detected)) if detected < started);
        let ttd = if caught_before_impact {
            None
        } else {
            between("time to detect", started, detected)
        };
        let first_page = self.get(KeyMoment::FirstPage);
        let declared = self.get(KeyMoment::Declared);
        let first_update = self.get(KeyMoment::FirstUpdate);
        let resolved = self.get(KeyMoment::Resolved);
        Durations {
            ttd,
            tta: between("time to acknowledge", first_page, acknowledged),
            tte: between("time to engage", acknowledged, last_responder_ack),
            to_declare: between("time to declare", detected, declared),
            to_public: between("time to first update", detected, first_update),
            ttm: between("time to mitigate", started, mitigated),
            response_ttm: between("response time to mitigate", detected, mitigated),
            ttr: between("time to resolve", started, resolved),
            impact: (!impact.is_empty()).then(|| impact_duration(impact, now)),
            caught_before_impact,
            warnings,
        }
    }
}

/// The durations of one incident; `None` when a moment is unknown or the result would be negative
/// (a warning then says so), never an invented zero.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Durations {
    /// Time to detect: impact started → detected.
    pub ttd: Option<Span>,
    /// Time to acknowledge: first page → first human acknowledgement.
    pub tta: Option<Span>,
    /// Time to engage: first acknowledgement → last requested responder's.
    pub tte: Option<Span>,
    /// Detected → declared.
    pub to_declare: Option<Span>,
    /// Detected → first public update.
    pub to_public: Option<Span>,
    /// Time to mitigate by the customers' clock: impact started → mitigated.
    pub ttm: Option<Span>,
    /// Time to mitigate by the responders' clock: detected → mitigated.
    pub response_ttm: Option<Span>,
    /// Time to resolve: impact started → resolved.
    pub ttr: Option<Span>,
    /// Union of the impact windows.
    pub impact: Option<Span>,
    /// Detected before users noticed anything: good news, not a negative time to detect.
    pub caught_before_impact: bool,
    pub warnings: Vec<Warning>,
}

/// A span in which users were hit. A reopened incident has several.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ImpactWindow {
    pub start: Timestamp,
    /// `None` while it lasts.
    pub end: Option<Timestamp>,
}

/// Length of the union of the windows: time that two windows share counts once.
pub fn impact_duration(windows: &[ImpactWindow], now: Timestamp) -> Span {
    let mut sorted: Vec<(Timestamp, Timestamp)> = windows
        .iter()
        .map(|window| (window.start, window.end.unwrap_or(now)))
        .filter(|(start, end)| end > start)
        .collect();
    sorted.sort_unstable();
    let mut total = Span::ZERO;
    let mut reached: Option<Timestamp> = None;
    for (start, end) in sorted {
        let from = reached.map_or(start, |reached| reached.max(start));
        if end > from {
            total = total + end.since(from);
            reached = Some(end);
        }
    }
    total
}

/// What decides which key moments an event fills in.
#[derive(Clone, Copy, Debug, Default)]
pub struct EventFacts {
    /// A person acted, not a monitor or a timer.
    pub by_person: bool,
    /// The role, for entries about roles.
    pub role: Option<CommandRole>,
}

/// The key moments that a timeline entry of this kind fills in. Changes of phase fill theirs through
/// [`crate::lifecycle::phase_effects`].
pub fn moments_of(kind: EntryKind, facts: EventFacts) -> &'static [KeyMoment] {
    match kind {
        EntryKind::AlertOpened => &[KeyMoment::FirstSignal, KeyMoment::Detected],
        // A person who opens an incident has detected it.
        EntryKind::Opened if facts.by_person => &[KeyMoment::Detected],
        EntryKind::Declared => &[KeyMoment::Declared],
        EntryKind::Paged => &[KeyMoment::FirstPage],
        EntryKind::Acknowledged if facts.by_person => &[KeyMoment::Acknowledged],
        EntryKind::RoleAssigned | EntryKind::HandoverAccepted
            if facts.role == Some(CommandRole::Commander) =>
        {
            &[KeyMoment::CommanderAssigned]
        }
        EntryKind::StatusUpdate => &[KeyMoment::FirstUpdate],
        EntryKind::Resolved => &[KeyMoment::Resolved],
        EntryKind::Closed => &[KeyMoment::Closed],
        _ => &[],
    }
}

/// A key moment as people read it.
pub const fn title(moment: KeyMoment) -> &'static str {
    match moment {
        KeyMoment::ImpactStarted => "Impact started",
        KeyMoment::FirstSignal => "First signal",
        KeyMoment::Detected => "Detected",
        KeyMoment::Declared => "Declared",
        KeyMoment::FirstPage => "First page",
        KeyMoment::Acknowledged => "Acknowledged",
        KeyMoment::CommanderAssigned => "Commander assigned",
        KeyMoment::FirstUpdate => "First update",
        KeyMoment::Identified => "Identified",
        KeyMoment::Mitigated => "Mitigated",
        KeyMoment::ImpactEnded => "Impact ended",
        KeyMoment::Resolved => "Resolved",
        KeyMoment::Closed => "Closed",
    }
}

fn in_sentence(moment: KeyMoment) -> String {
    title(moment).to_lowercase()
}

#[cfg(test)]
mod tests {
    use super::*;
    use KeyMoment::*;

    fn at(clock: &str) -> Timestamp {
        Timestamp::parse(&format!("2026-03-14T{clock}Z")).unwrap()
    }

    fn moments(known: &[(KeyMoment, &str)]) -> Moments {
        let mut moments = Moments::default();
        for (moment, clock) in known {
            moments.fill(*moment, at(clock));
        }
        moments
    }

    #[test]
    fn durations_are_those_of_the_definitions() {
        // INCIDENTS.md §5.4: ttd 252, tta 95, ttm 1740, ttr 3780.
        let moments = moments(&[
            (ImpactStarted, "09:02:00"),
            (Detected, "09:06:12"),
            (FirstPage, "09:06:13"),
            (Acknowledged, "09:07:48"),
            (Declared, "09:10:12"),
            (FirstUpdate, "09:11:12"),
            (Mitigated, "09:31:00"),
            (Resolved, "10:05:00"),
        ]);
        let durations = moments.durations(Some(at("09:17:48")), &[], at("12:00:00"));
        let seconds = |span: Option<Span>| span.unwrap().as_seconds();
        assert_eq!(seconds(durations.ttd), 252);
        assert_eq!(seconds(durations.tta), 95);
        assert_eq!(seconds(durations.tte), 600);
        assert_eq!(seconds(durations.to_declare), 240);
        assert_eq!(seconds(durations.to_public), 300);
        assert_eq!(seconds(durations.ttm), 1740);
        assert_eq!(seconds(durations.response_ttm), 1488);
        assert_eq!(seconds(durations.ttr), 3780);
        assert_eq!(durations.impact, None);
        assert!(durations.warnings.is_empty());
        assert_eq!(moments.check(at("12:00:00")), Ok(vec![]));
    }

    #[test]
    fn detected_before_impact_is_good_news() {
        let moments = moments(&[(ImpactStarted, "09:10:00"), (Detected, "09:06:00")]);
        let durations = moments.durations(None, &[], at("12:00:00"));
        assert_eq!(durations.ttd, None);
        assert!(durations.caught_before_impact);
        assert!(durations.warnings.is_empty());
        assert_eq!(moments.check(at("12:00:00")), Ok(vec![]));
    }

    #[test]
    fn a_negative_duration_is_left_out_with_a_warning() {
        let moments = moments(&[
            (Detected, "09:10:00"),
            (FirstPage, "09:10:00"),
            (Acknowledged, "09:06:00"),
        ]);
        let durations = moments.durations(None, &[], at("12:00:00"));
        assert_eq!(durations.tta, None);
        assert_eq!(
            durations.warnings,
            [Warning::NegativeDuration("time to acknowledge")]
        );
        let warnings = moments.check(at("12:00:00")).unwrap();
        assert_eq!(warnings[0].to_string(), "Acknowledged before detected");
    }

    #[test]
    fn only_the_future_and_an_end_before_the_impact_are_errors() {
        let now = at("12:00:00");
        let mut known = moments(&[(ImpactStarted, "09:00:00")]);
        assert_eq!(
            known.set(Detected, Some(at("12:00:01")), now),
            Err(MomentError::Future(Detected))
        );
        assert_eq!(
            known.set(Resolved, Some(at("08:59:59")), now),
            Err(MomentError::BeforeImpact(Resolved))
        );
        assert_eq!(
            known.set(ImpactEnded, Some(at("08:59:59")), now),
            Err(MomentError::BeforeImpact(ImpactEnded))
        );
        assert_eq!(
            known,
            moments(&[(ImpactStarted, "09:00:00")]),
            "refused whole"
        );
        assert_eq!(known.set(Identified, Some(at("08:00:00")), now), Ok(()));
        assert_eq!(
            known.check(now).unwrap(),
            [Warning::Inverted {
                earlier: ImpactStarted,
                later: Identified
            }]
        );
    }

    #[test]
    fn a_persons_value_stands_and_a_second_resolve_moves_the_end() {
        let now = at("12:00:00");
        let mut known = moments(&[(Identified, "09:30:00"), (Resolved, "10:00:00")]);
        assert!(!known.fill(Identified, at("09:45:00")), "the first counts");
        assert!(known.fill(Resolved, at("11:00:00")), "reopened between");
        known.set(Resolved, Some(at("10:30:00")), now).unwrap();
        assert!(!known.fill(Resolved, at("11:30:00")));
        assert_eq!(known.get(Resolved), Some(at("10:30:00")));
        assert_eq!(known.source(Resolved), Some(MomentSource::Manual));
        known.set(Resolved, None, now).unwrap();
        assert_eq!(known.get(Resolved), None);
    }

    #[test]
    fn impact_is_the_union_of_its_windows() {
        // INCIDENTS.md §6's windows: 10:00–10:30 and 10:20–10:50 make 50 min.
        let window = |start, end: Option<&str>| ImpactWindow {
            start: at(start),
            end: end.map(at),
        };
        let windows = [
            window("10:20:00", Some("10:50:00")),
            window("10:00:00", Some("10:30:00")),
            window("11:00:00", None),
        ];
        assert_eq!(
            impact_duration(&windows, at("11:10:00")),
            Span::from_minutes(60)
        );
        assert_eq!(impact_duration(&[], at("11:10:00")), Span::ZERO);
    }

    #[test]
    fn events_fill_moments() {
        let person = EventFacts {
            by_person: true,
            role: None,
        };
        let monitor = EventFacts::default();
        assert_eq!(
            moments_of(EntryKind::AlertOpened, monitor),
            [FirstSignal, Detected]
        );
        assert!(moments_of(EntryKind::Acknowledged, monitor).is_empty());
        assert_eq!(moments_of(EntryKind::Acknowledged, person), [Acknowledged]);
        let scribe = EventFacts {
            by_person: true,
            role: Some(CommandRole::Scribe),
        };
        assert!(moments_of(EntryKind::RoleAssigned, scribe).is_empty());
    }
}
