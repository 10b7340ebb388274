//! What follows from one attempt to hand a message to a provider (PAGING.md §6.5).

use crate::{Span, Timestamp};

/// Attempts go on for this time after the first.
pub const RETRY_FOR: Span = Span::from_minutes(10);
/// Pause after the first failure; it doubles with each further one.
pub const BACKOFF_FIRST: Span = Span::from_seconds(2);
/// No pause is longer, so that the ten minutes hold enough attempts.
pub const BACKOFF_MAX: Span = Span::from_seconds(60);

/// How an attempt ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AttemptResult {
    /// The provider took the message.
    Accepted,
    /// Network error, time-out, 429 or 5xx; with what the provider says about when to come again.
    Temporary { retry_after: Option<Span> },
    /// The provider will never take this message; `method_broken` when the address is to blame.
    Permanent { method_broken: bool },
    /// No provider is set up, or it refuses our credentials: waits for an administrator.
    Misconfigured,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Next {
    Accepted,
    RetryAt(Timestamp),
    GiveUp,
}

/// What to do after an attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AttemptDecision {
    pub next: Next,
    /// The person's next planned method is due now instead of later.
    pub start_next_method_now: bool,
    pub mark_method_broken: bool,
    pub tell_admins: bool,
}

/// Decides after the attempt number `attempts` (1 is the first). `jitter` is random in 0..1; it
/// stretches a pause by up to half. `now` is when the attempt ended.
pub fn after_attempt(
    attempts: u32,
    first_attempt_at: Timestamp,
    result: AttemptResult,
    jitter: f64,
    now: Timestamp,
) -> AttemptDecision {
    let quiet = AttemptDecision {
        next: Next::Accepted,
        start_next_method_now: false,
        mark_method_broken: false,
        tell_admins: false,
    };
    match result {
        AttemptResult::Accepted => quiet,
        AttemptResult::Permanent { method_broken } => AttemptDecision {
            next: Next::GiveUp,
            start_next_method_now: true,
            mark_method_broken: method_broken,
            tell_admins: true,
        },
        AttemptResult::Temporary { .. } | AttemptResult::Misconfigured => {
            let first = attempts <= 1;
            let retry_after = match result {
                AttemptResult::Temporary { retry_after } => retry_after,
                _ => None,
            };
            let next = retry(attempts, first_attempt_at, retry_after, jitter, now);
            AttemptDecision {
                next,
                start_next_method_now: first,
                tell_admins: next == Next::GiveUp
                    || (first && result == AttemptResult::Misconfigured),
                ..quiet
            }
        }
    }
}

fn retry(
    attempts: u32,
    first_attempt_at: Timestamp,
    retry_after: Option<Span>,
    jitter: f64,
    now: Timestamp,
) -> Next {
    let deadline = first_attempt_at + RETRY_FOR;
    let doublings = attempts.saturating_sub(1).min(10);
    let pause = Span(BACKOFF_FIRST.0 << doublings).0.min(BACKOFF_MAX.0);
    let jitter = if jitter.is_finite() {
        jitter.clamp(0.0, 1.0)
    } else {
        0.0
    };
    // Jitter in thousandths keeps the sum in whole numbers.
    let thousandths = (jitter * 1_000.0) as i64;
    let stretched = Span(pause + pause / 2 * thousandths / 1_000);
    let asked = retry_after.unwrap_or(Span::ZERO);
    let at = now + stretched.max(asked);
    if at <= deadline {
        Next::RetryAt(at)
    } else if now + asked.max(BACKOFF_FIRST) <= deadline {
        // The last attempt falls on the deadline instead of behind it.
        Next::RetryAt(deadline)
    } else {
        Next::GiveUp
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const FIRST: Timestamp = Timestamp::from_seconds(1_700_000_000);
    const TEMPORARY: AttemptResult = AttemptResult::Temporary { retry_after: None };

    #[test]
    fn pauses_double_from_two_seconds() {
        // §6.5: exponentially with jitter from 2 s.
        for (attempt, seconds) in [(1, 2), (2, 4), (3, 8), (4, 16), (5, 32), (6, 60), (7, 60)] {
            let decision = after_attempt(attempt, FIRST, TEMPORARY, 0.0, FIRST);
            assert_eq!(
                decision.next,
                Next::RetryAt(FIRST + Span::from_seconds(seconds))
            );
            assert_eq!(decision.start_next_method_now, attempt == 1);
        }
        let stretched = after_attempt(1, FIRST, TEMPORARY, 1.0, FIRST);
        assert_eq!(stretched.next, Next::RetryAt(FIRST + Span::from_seconds(3)));
    }

    #[test]
    fn retry_after_is_honoured() {
        let result = AttemptResult::Temporary {
            retry_after: Some(Span::from_seconds(90)),
        };
        let decision = after_attempt(1, FIRST, result, 0.5, FIRST);
        assert_eq!(decision.next, Next::RetryAt(FIRST + Span::from_seconds(90)));
        let late = AttemptResult::Temporary {
            retry_after: Some(Span::from_minutes(11)),
        };
        let decision = after_attempt(1, FIRST, late, 0.5, FIRST);
        assert_eq!(decision.next, Next::GiveUp);
        assert!(decision.start_next_method_now && decision.tell_admins);
    }

    #[test]
    fn a_permanent_failure_marks_the_method_and_tells_the_admins() {
        let result = AttemptResult::Permanent {
            method_broken: true,
        };
        let decision = after_attempt(3, FIRST, result, 0.5, FIRST);
        assert_eq!(
            decision,
            AttemptDecision {
                next: Next::GiveUp,
                start_next_method_now: true,
                mark_method_broken: true,
                tell_admins: true,
            }
        );
    }

    proptest! {
        #[test]
        fn attempts_end_after_ten_minutes(jitters in proptest::collection::vec(0.0..1.0_f64, 64)) {
            let mut now = FIRST;
            let mut tries = 0;
            for (attempt, jitter) in (1..).zip(jitters) {
                tries = attempt;
                match after_attempt(attempt, FIRST, TEMPORARY, jitter, now).next {
                    Next::RetryAt(at) => {
                        prop_assert!(at > now && at <= FIRST + RETRY_FOR);
                        now = at;
                    }
                    Next::GiveUp => break,
                    Next::Accepted => prop_assert!(false),
                }
            }
            prop_assert!(now > FIRST + RETRY_FOR - BACKOFF_FIRST);
            prop_assert!((8..=20).contains(&tries), "{} attempts", tries);
        }
    }
}
