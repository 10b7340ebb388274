//! The dashboard: what is on fire, who holds it, who is on call, what came in lately.

use domain::Timestamp;
use domain::word::{Action, AlertSeverity};

use super::frame::{Frame, Link};
use super::incident::IncidentRow;
use super::schedule::OnCallRow;

/// `GET /`.
#[derive(Clone, Debug)]
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
    /// What a new installation still lacks; empty hides the list.
    pub first_steps: Vec<FirstStep>,
}

#[derive(Clone, Debug)]
pub struct SignalRow {
    pub at: Timestamp,
    pub action: Action,
    pub severity: AlertSeverity,
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
