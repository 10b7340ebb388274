//! From a page to messages (PAGING.md §6): which methods, when, how often, and what they say.

mod attempt;
mod bundle;
pub mod code;
mod evidence;
mod lost;
mod medium;
pub mod notice;
mod plan;
mod recheck;
pub mod text;
pub mod verification;

pub use attempt::{
    AttemptDecision, AttemptResult, BACKOFF_FIRST, BACKOFF_MAX, Next, RETRY_FOR, after_attempt,
};
pub use bundle::{BUNDLE_WINDOW, Bundle, Underway, bundle, ends_early, goes_with, may_travel};
pub use evidence::advance;
pub use lost::{Sibling, hastened, instead, stand_ins};
pub use medium::Medium;
pub use plan::{DefaultRule, Planned, default_rules, plan};
pub use recheck::{Recheck, gone, still_wanted};
