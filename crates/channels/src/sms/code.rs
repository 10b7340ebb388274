//! Twilio's error codes and what each asks for (WIRE-FORMATS.md §3.1). They come in two ways: in
//! the answer to a request and, later, in a status callback.

use crate::Failure;

/// What a code asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Advice {
    /// Try once more, then leave it to the next contact method.
    RetryOnce,
    /// Try later, but go on with the next contact method now.
    RetryLater,
    /// Do not repeat; an administrator should know that messages are being blocked.
    Blocked,
    /// No message will ever reach this number: its owner must mend the contact method.
    MethodBroken,
    /// The person sent STOP: nothing may be sent until they send START.
    OptedOut,
    /// The account or the sender is not set up for this: an administrator must act.
    AdminError,
    /// Too many requests.
    BackOff,
}

/// The advice for `code`; `None` for codes that only the HTTP status classifies.
pub const fn advice(code: u32) -> Option<Advice> {
    Some(match code {
        // Queue overflow; unknown error.
        30001 | 30008 => Advice::RetryOnce,
        // Handset unreachable or switched off.
        30003 => Advice::RetryLater,
        // Blocked by the recipient or the carrier; filtered as spam.
        30004 | 30007 => Advice::Blocked,
        // Unknown number; landline or unreachable carrier; not a mobile number; invalid.
        30005 | 30006 | 21614 | 21635 | 21211 => Advice::MethodBroken,
        // The person sent STOP.
        21610 => Advice::OptedOut,
        // Sender not registered (US A2P 10DLC).
        30034 => Advice::AdminError,
        // Region not allowed; not routable from this sender; sender cannot send SMS.
        21408 | 21612 | 21606 => Advice::AdminError,
        // Wrong credentials; unknown resource.
        20003 | 20404 => Advice::AdminError,
        20429 | 14107 => Advice::BackOff,
        _ => return None,
    })
}

/// `reason` as the failure that `code` stands for; `None` for codes without [`advice`].
pub fn failure(code: u32, reason: impl Into<String>) -> Option<Failure> {
    let reason = reason.into();
    Some(match advice(code)? {
        Advice::RetryOnce | Advice::RetryLater | Advice::BackOff => Failure::Temporary {
            reason,
            retry_after: None,
        },
        Advice::Blocked => Failure::Permanent {
            reason,
            method_broken: false,
        },
        Advice::MethodBroken | Advice::OptedOut => Failure::Permanent {
            reason,
            method_broken: true,
        },
        Advice::AdminError => Failure::Misconfigured { reason },
    })
}
