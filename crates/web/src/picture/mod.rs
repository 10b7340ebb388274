//! The pictures people would rather look at, drawn as our own SVG by pure functions: schedule
//! calendar, escalation ladder, rule strip and incident swimlane.
//!
//! Positions across are percentages, so a picture fills its place while its text keeps its size;
//! colours are classes of the style sheet, never attributes. Each has `<title>` and `<desc>` and a
//! text that says the same.

pub mod calendar;
pub mod coverage;
pub mod ladder;
pub mod load;
pub mod strip;
pub mod svg;
pub mod swimlane;

pub use calendar::{Bar, Calendar, Row, RowKind};
pub use coverage::CoverageBar;
pub use ladder::{Ladder, ReachedBy, ReachedPerson, Rung, RungTarget};
pub use load::LoadChart;
pub use strip::{RuleStrip, StripMark};
pub use swimlane::{Flag, Lane, LaneKind, LaneMark, Swimlane};
