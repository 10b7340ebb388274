//! Overrides: what people change about a span of a schedule by hand.

use serde::{Deserialize, Serialize};

use crate::{OverrideId, Timestamp, UserId};

crate::words! {
    OverrideKind {
        /// Exactly these people are on call; with none, nobody is.
        Replace = "replace",
        /// These people are on call too.
        Add = "add",
        /// These people are not on call. Lower layers do not fill in: if nobody is left it is a
        /// gap, and shown as one.
        Remove = "remove",
    }
}

/// A change to the final schedule for a span. Overrides are applied in the order of `created_at`
/// (then `id`), each to what the earlier ones left, so the later-made wins.
///
/// The past is never rewritten: an override has no effect before it was made, and to withdraw one
/// that has begun is to set its `end` to that instant.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Override {
    pub id: OverrideId,
    pub start: Timestamp,
    /// Exclusive.
    pub end: Timestamp,
    pub kind: OverrideKind,
    pub users: Vec<UserId>,
    /// `None` when the configuration file made it.
    pub created_by: Option<UserId>,
    pub created_at: Timestamp,
}
