//! The dashboard: what is on fire, who holds it, who is on call, what came in lately.

use std::fmt::Write as _;

use askama::Template;
use domain::Timestamp;
use domain::word::{Action, AlertSeverity};

use super::frame::{Frame, Link, Markup};
use super::incident::IncidentRow;
use super::schedule::OnCallRow;
use super::signal::RequestRow;
use super::suppression::SuppressionRow;
use crate::picture::svg::percent;

/// `GET /`.
#[derive(Clone, Debug, Template)]
#[template(path = "dashboard.html")]
pub struct DashboardPage {
    pub frame: Frame,
    /// Open incidents, worst first, at most 10.
    pub open: Vec<IncidentRow>,
    pub open_total: u64,
    pub on_call: Vec<OnCallRow>,
    /// Signals a minute over the last hour, oldest first; 60 numbers.
    pub pulse: Vec<u32>,
    /// The last signals, newest first, at most 10.
    pub signals: Vec<SignalRow>,
    /// Status updates whose promised time has passed.
    pub overdue_updates: Vec<OverdueUpdate>,
    /// Requests of the last day that were not understood, of the viewer's services.
    pub troubles: Vec<RequestRow>,
    /// Maintenance windows and silences in force, the first to end first.
    pub quiet: Vec<SuppressionRow>,
    /// What a new installation still lacks; empty hides the list.
    pub first_steps: Vec<FirstStep>,
}

#[derive(Clone, Debug)]
pub struct SignalRow {
    pub at: Timestamp,
    /// `None`: it could not be understood, and `summary` says why.
    pub said: Option<(Action, AlertSeverity)>,
    pub summary: String,
    pub service: Link,
    /// Number of the incident its alert belongs to.
    pub incident: Option<i64>,
    /// How many signals of this alert so far.
    pub count: u64,
}

#[derive(Clone, Debug)]
pub struct OverdueUpdate {
    pub number: i64,
    pub title: String,
    pub due: Timestamp,
}

#[derive(Clone, Debug)]
pub struct FirstStep {
    pub text: String,
    pub href: String,
    pub done: bool,
}

/// Height of the picture of signals, in pixels.
const PULSE: u32 = 44;

impl DashboardPage {
    /// Signals a minute as bars, the latest on the right.
    fn pulse_picture(&self) -> Markup {
        let most = self.pulse.iter().copied().max().unwrap_or(0);
        let total: u32 = self
            .pulse
            .iter()
            .fold(0, |sum, count| sum.saturating_add(*count));
        let text = format!("{total} signals in the last hour, at most {most} in a minute");
        let mut out = format!(
            "<svg class=\"pulse\" width=\"100%\" height=\"{PULSE}\" role=\"img\" aria-label=\"{text}\"><title>{text}</title>"
        );
        let width = 1.0 / self.pulse.len().max(1) as f64;
        for (minute, count) in self.pulse.iter().enumerate() {
            let height = match most {
                0 => 1,
                most => (PULSE - 4).saturating_mul(*count).div_ceil(most).max(1),
            };
            let class = if *count > 0 {
                "pulse-bar"
            } else {
                "pulse-none"
            };
            let _ = write!(
                out,
                "<rect class=\"{class}\" x=\"{}\" width=\"{}\" y=\"{}\" height=\"{height}\"/>",
                percent(minute as f64 * width),
                percent(width * 0.7),
                PULSE - height
            );
        }
        out.push_str("</svg>");
        Markup(out)
    }
}
