//! A second, small understanding of PAGING.md §4 and §5, written from the text: who is on call, and
//! what a run of a policy does next. It shares no code with the product, which it judges.

mod on_call;
mod run;
mod wall_clock;

pub use on_call::{House, Override};
pub use run::{Expected, Position, Run};
