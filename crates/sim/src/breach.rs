//! Rules broken on purpose, to see that the simulator notices. Each is broken in the simulator's own
//! adapters: the clock it lends, the provider it plays, the door it stands at.

use clap::ValueEnum;

use crate::invariant::Invariant;

/// A rule that is broken on purpose.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Breach {
    /// Messages wait on the doorstep and leave later, without a second look at the incident.
    NoRecheckBeforeSending,
    /// The door says "accepted" to one signal in fifty, and drops it.
    ReplyBeforeCommit,
    /// The escalation's timer of one incident in twenty is removed behind the product's back.
    ForgetTimers,
    /// The product's clock lags: what is due is executed some seconds late.
    LateTimers,
    /// One execution in thirty is forgotten by its run, so that the step is executed again.
    ExecuteTwice,
    /// An answer is lost: the person is told "acknowledged", and nothing was written.
    LoseAnswers,
    /// Some messages are said to be sent and are thrown away, and then sent again.
    SendTwice,
    /// Somebody else than the schedule says is on call.
    WrongOnCall,
    /// After a crash nothing that was committed lately is there.
    ForgetAfterCrash,
}

impl Breach {
    /// The invariants that may notice first.
    pub fn caught_by(self) -> &'static [Invariant] {
        match self {
            Breach::NoRecheckBeforeSending => &[Invariant::QuietAfterTheAnswer],
            Breach::ReplyBeforeCommit | Breach::LoseAnswers => &[Invariant::NothingAcceptedIsLost],
            Breach::ForgetTimers => &[Invariant::NeverSilent, Invariant::PagedInTime],
            Breach::LateTimers => &[Invariant::PagedInTime],
            Breach::ExecuteTwice => &[
                Invariant::StepsExecuteOnce,
                Invariant::NeverSilent,
                Invariant::PagedInTime,
                Invariant::EndsAsUndisturbed,
            ],
            Breach::SendTwice => &[Invariant::NotDoubledWithoutNeed],
            Breach::WrongOnCall => &[Invariant::TheLadderIsFollowed],
            Breach::ForgetAfterCrash => &[Invariant::NothingAcceptedIsLost],
        }
    }
}
