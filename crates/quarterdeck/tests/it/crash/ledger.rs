//! What the monitors know: what they sent, and what was acknowledged to them.

use std::collections::BTreeMap;

/// What was said about one condition.
#[derive(Debug, Clone, Default)]
pub struct Tally {
    /// Triggers sent, whatever became of them.
    pub sent: i64,
    /// Triggers that were answered with success.
    pub acknowledged: i64,
    /// A resolve was sent; its answer is awaited before anything else is said.
    pub resolving: bool,
    /// A resolve was answered with success.
    pub resolved: bool,
}

/// By service and dedup key.
#[derive(Debug, Clone, Default)]
pub struct Ledger {
    pub conditions: BTreeMap<(usize, String), Tally>,
    /// Requests that were not answered with success.
    pub failed: u64,
}

impl Ledger {
    pub fn of(&mut self, service: usize, key: &str) -> &mut Tally {
        self.conditions
            .entry((service, key.to_owned()))
            .or_default()
    }

    /// Everything acknowledged.
    pub fn acknowledged(&self) -> i64 {
        self.conditions
            .values()
            .map(|tally| tally.acknowledged)
            .sum()
    }
}
