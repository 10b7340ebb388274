//! Proving that a contact method is the person's (PAGING.md §6.1).

use sha2::{Digest, Sha256};

use crate::{ContactMethodId, Span, Timestamp};

/// A code is six digits.
pub const DIGITS: usize = 6;
/// A code holds for this time.
pub const VALID_FOR: Span = Span::from_minutes(10);
/// Wrong answers until a code is void.
pub const TRIES_MAX: u32 = 5;
/// At most one code is sent in this time.
pub const ISSUE_EVERY: Span = Span::from_minutes(1);

/// Six digits from a random number.
pub fn code(random: u64) -> String {
    format!("{:06}", random % 1_000_000)
}

/// What is stored instead of the code; bound to the method, so that it proves no other.
pub fn digest(method: ContactMethodId, code: &str) -> [u8; 32] {
    let mut hasher = Sha256::new();
    hasher.update(b"quarterdeck contact method ");
    hasher.update(method.0.to_be_bytes());
    hasher.update(code.trim().as_bytes());
    hasher.finalize().into()
}

/// A code that has been sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Challenge {
    pub digest: [u8; 32],
    pub issued_at: Timestamp,
    /// Wrong answers so far.
    pub tries: u32,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    Verified,
    /// With so many tries left; count this one.
    Wrong {
        tries_left: u32,
    },
    Expired,
    TooManyTries,
}

/// Judges an answer.
pub fn judge(
    challenge: &Challenge,
    method: ContactMethodId,
    answer: &str,
    now: Timestamp,
) -> Verdict {
    if challenge.tries >= TRIES_MAX {
        Verdict::TooManyTries
    } else if now.since(challenge.issued_at) >= VALID_FOR {
        Verdict::Expired
    } else if digest(method, answer) == challenge.digest {
        Verdict::Verified
    } else {
        Verdict::Wrong {
            tries_left: TRIES_MAX.saturating_sub(challenge.tries + 1),
        }
    }
}

/// Whether another code may be sent.
///
/// # Errors
/// How long to wait.
pub fn may_issue(last_issued_at: Option<Timestamp>, now: Timestamp) -> Result<(), Span> {
    match last_issued_at.map(|last| now.since(last)) {
        // A negative age is a clock that was set back.
        Some(age) if age >= Span::ZERO && age < ISSUE_EVERY => Err(ISSUE_EVERY - age),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const METHOD: ContactMethodId = ContactMethodId(7);
    const SENT: Timestamp = Timestamp::from_seconds(1_000);

    fn challenge(tries: u32) -> Challenge {
        Challenge {
            digest: digest(METHOD, "012345"),
            issued_at: SENT,
            tries,
        }
    }

    #[test]
    fn six_digits_ten_minutes_five_tries() {
        // §6.1.
        assert_eq!(code(12_345), "012345");
        let soon = SENT + Span::from_minutes(9);
        assert_eq!(
            judge(&challenge(4), METHOD, " 012345 ", soon),
            Verdict::Verified
        );
        assert_eq!(
            judge(&challenge(0), METHOD, "1", soon),
            Verdict::Wrong { tries_left: 4 }
        );
        assert_eq!(
            judge(&challenge(4), METHOD, "1", soon),
            Verdict::Wrong { tries_left: 0 }
        );
        assert_eq!(
            judge(&challenge(5), METHOD, "012345", soon),
            Verdict::TooManyTries
        );
        let late = SENT + Span::from_minutes(10);
        assert_eq!(
            judge(&challenge(0), METHOD, "012345", late),
            Verdict::Expired
        );
        // Another method's code proves nothing.
        let other = ContactMethodId(8);
        assert_eq!(
            judge(&challenge(0), other, "012345", soon),
            Verdict::Wrong { tries_left: 4 }
        );
    }

    #[test]
    fn one_code_a_minute() {
        assert_eq!(may_issue(None, SENT), Ok(()));
        assert_eq!(
            may_issue(Some(SENT), SENT + Span::from_seconds(20)),
            Err(Span::from_seconds(40))
        );
        assert_eq!(may_issue(Some(SENT), SENT + Span::from_seconds(60)), Ok(()));
    }
}
