//! Statements that come twice because their sender heard no answer to the first.

use std::collections::BTreeSet;

use domain::routing::Way;
use domain::signal::{DELIVERY_KEPT, Delivery};
use domain::{IntegrationId, Timestamp};
use store::Tx;

use super::Prepared;
use crate::Error;

/// The deliveries of a batch that are new.
pub(super) struct Deliveries(BTreeSet<(IntegrationId, Delivery)>);

impl Deliveries {
    /// Before anything else is locked: two nodes that are told the same then wait for each other
    /// here. `ways` are those of the batch's signals.
    pub(super) fn take(
        tx: &mut Tx<'_>,
        batch: &[Prepared],
        ways: &[Vec<Way<'_>>],
        now: Timestamp,
    ) -> Result<Deliveries, Error> {
        let told: BTreeSet<_> = batch
            .iter()
            .zip(ways)
            .filter(|(Prepared { submission, .. }, _)| submission.origin.is_of_source())
            .flat_map(|(_, ways)| ways)
            .filter_map(of)
            .collect();
        let new = store::delivery::take(tx, &told, now - DELIVERY_KEPT, now)?;
        Ok(Deliveries(new))
    }

    /// Whether a signal has been delivered before; of two in one batch the second has. What
    /// somebody sends again on purpose is always new.
    pub(super) fn came_before(&mut self, prepared: &Prepared, way: &Way<'_>) -> bool {
        prepared.submission.origin.is_of_source()
            && of(way).is_some_and(|delivery| !self.0.remove(&delivery))
    }
}

fn of(way: &Way<'_>) -> Option<(IntegrationId, Delivery)> {
    Some((way.integration.id, way.sent.delivery?))
}
