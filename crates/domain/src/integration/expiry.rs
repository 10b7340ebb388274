//! Alerts of senders that never say that something is over (WIRE-FORMATS.md §1.11, §1.14). Their
//! owner says how long after its last trigger an alert counts as over; it then ends as alerts do
//! whose sender gave them an end.

use super::Conduct;
use crate::signal::Signal;
use crate::word::Action;
use crate::{Span, Timestamp};

/// Shortest and longest time that can be chosen.
pub const RESOLVE_AFTER_MIN: Span = Span::from_minutes(1);
pub const RESOLVE_AFTER_MAX: Span = Span::from_days(30);

/// What is wrong with a chosen time.
pub fn fault(after: Span) -> Option<&'static str> {
    let fits = (RESOLVE_AFTER_MIN..=RESOLVE_AFTER_MAX).contains(&after);
    let whole = after.as_seconds() % 60 == 0;
    (!fits || !whole).then_some("whole minutes are needed, from 1 minute to 30 days")
}

/// The signals of a request with an end for every trigger that has none; `None` where its owner has
/// chosen nothing, and they stay as they are.
pub fn with_ends(
    conduct: &Conduct,
    signals: &[Signal],
    received_at: Timestamp,
) -> Option<Vec<Signal>> {
    let end = received_at + conduct.resolve_after?;
    let ending = |signal: &Signal| {
        let mut signal = signal.clone();
        if signal.action == Action::Trigger {
            signal.ends_at.get_or_insert(end);
        }
        signal
    };
    Some(signals.iter().map(ending).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn triggers_without_an_end_are_given_one() {
        let now = Timestamp::from_seconds(1_000);
        let own = Some(Timestamp::from_seconds(1_005));
        let signals = [
            Signal::new(Action::Trigger, "a", "A"),
            Signal {
                ends_at: own,
                ..Signal::new(Action::Trigger, "b", "B")
            },
            Signal::new(Action::Resolve, "c", ""),
        ];
        assert_eq!(with_ends(&Conduct::default(), &signals, now), None);
        let conduct = Conduct {
            resolve_after: Some(Span::from_minutes(10)),
            ..Conduct::default()
        };
        let ends: Vec<_> = with_ends(&conduct, &signals, now)
            .unwrap()
            .iter()
            .map(|signal| signal.ends_at)
            .collect();
        assert_eq!(ends, [Some(Timestamp::from_seconds(1_600)), own, None]);
    }

    #[test]
    fn times_have_their_bounds() {
        for (seconds, fits) in [
            (60, true),
            (5_400, true),
            (30 * 86_400, true),
            (0, false),
            (-60, false),
            (90, false),
            (30 * 86_400 + 60, false),
        ] {
            let found = fault(Span::from_seconds(seconds));
            assert_eq!(found.is_none(), fits, "{seconds}");
        }
    }
}
