//! How many requests a key may make: a budget that fills again steadily, with time passed in.

use crate::{Span, Timestamp};

/// The time in which a whole budget fills again.
const WINDOW: Span = Span::from_minutes(1);

/// A number of requests a minute. All of them may come at once; afterwards one more is admitted
/// each time that its share of the minute has passed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Quota {
    /// Time that one request costs.
    cost: Span,
}

impl Quota {
    /// `None` for no limit: zero, or more than a request each microsecond.
    pub fn per_minute(requests: u32) -> Option<Quota> {
        let cost = WINDOW.0.checked_div(i64::from(requests))?;
        (cost > 0).then_some(Quota { cost: Span(cost) })
    }

    /// Whether a request is admitted now. `spent_until` is the instant at which everything spent
    /// before will have filled again; the new one is returned.
    ///
    /// # Errors
    /// How long to wait before the next request is admitted.
    pub fn admit(self, spent_until: Timestamp, now: Timestamp) -> Result<Timestamp, Span> {
        // Nothing admitted can reach further than the window: the clock was set back.
        let set_back = spent_until > now + WINDOW;
        let from = if set_back { now } else { spent_until.max(now) };
        let until = from + self.cost;
        let beyond = until.since(now) - WINDOW;
        if beyond > Span::ZERO {
            Err(beyond)
        } else {
            Ok(until)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn admitted(quota: Quota, times: impl Iterator<Item = i64>) -> Vec<bool> {
        let mut spent = Timestamp(0);
        times
            .map(|micros| match quota.admit(spent, Timestamp(micros)) {
                Ok(until) => {
                    spent = until;
                    true
                }
                Err(wait) => {
                    assert!(wait > Span::ZERO && wait <= quota.cost);
                    false
                }
            })
            .collect()
    }

    #[test]
    fn all_at_once_and_then_one_by_one() {
        let quota = Quota::per_minute(6_000).unwrap();
        let start = 1_000_000_000_000;
        let burst = admitted(quota, std::iter::repeat_n(start, 6_001));
        assert_eq!(burst.iter().filter(|good| **good).count(), 6_000);
        assert!(!burst[6_000]);
        // A second later there are a hundred more.
        let later = admitted(
            quota,
            std::iter::repeat_n(start, 6_000).chain(std::iter::repeat_n(start + 1_000_000, 101)),
        );
        assert_eq!(later.iter().filter(|good| **good).count(), 6_100);
        assert_eq!(Quota::per_minute(0), None);
    }

    #[test]
    fn a_clock_that_is_set_back_locks_nobody_out() {
        let quota = Quota::per_minute(60).unwrap();
        let far = Timestamp::from_seconds(10_000);
        let now = Timestamp::from_seconds(5_000);
        assert_eq!(quota.admit(far, now), Ok(now + Span::from_seconds(1)));
    }

    proptest! {
        /// In no minute are more than two budgets admitted, and never fewer than one in all.
        #[test]
        fn a_minute_has_its_bound(rate in 1_u32..500, gaps in proptest::collection::vec(0_i64..400_000, 1..800)) {
            let quota = Quota::per_minute(rate).unwrap();
            let mut at = 1_000_000_000_000;
            let times: Vec<i64> = gaps.into_iter().map(|gap| { at += gap; at }).collect();
            let good = admitted(quota, times.iter().copied());
            for (first, start) in times.iter().enumerate() {
                let within = times.iter().zip(&good).skip(first)
                    .take_while(|(at, _)| **at < start + WINDOW.0).filter(|(_, good)| **good).count();
                prop_assert!(within <= 2 * rate as usize + 1);
            }
            let one_budget = times.len().min(rate as usize);
            prop_assert!(good.iter().take(one_budget).all(|good| *good));
        }
    }
}
