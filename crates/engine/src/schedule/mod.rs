//! What people ask of schedules: what an edit would change, and how duty is shared.

pub mod preview;
pub mod report;

pub use preview::preview;
pub use report::{PersonReport, Report, ReportQuery, ScheduleReport, on_call_report};
