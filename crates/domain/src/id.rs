//! Typed ids. All are positive 63-bit integers handed out by the store in blocks, so that a row's
//! id is known before it is written and ids of one node rise with time.

use serde::{Deserialize, Serialize};

macro_rules! ids {
    ($($(#[$doc:meta])* $name:ident)*) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[cfg_attr(feature = "sql", derive(diesel::expression::AsExpression, diesel::deserialize::FromSqlRow))]
        #[cfg_attr(feature = "sql", diesel(sql_type = diesel::sql_types::BigInt))]
        #[serde(transparent)]
        pub struct $name(pub i64);

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                self.0.fmt(f)
            }
        }

        impl std::str::FromStr for $name {
            type Err = std::num::ParseIntError;
            fn from_str(s: &str) -> Result<Self, Self::Err> {
                s.parse().map($name)
            }
        }

        #[cfg(feature = "sql")]
        crate::sql_as_i64!($name);
    )*};
}

/// Stores a newtype over `i64` as `BIGINT` on every backend.
#[cfg(feature = "sql")]
#[macro_export]
macro_rules! sql_as_i64 {
    ($name:ident) => {
        impl<DB> diesel::serialize::ToSql<diesel::sql_types::BigInt, DB> for $name
        where
            DB: diesel::backend::Backend,
            i64: diesel::serialize::ToSql<diesel::sql_types::BigInt, DB>,
        {
            fn to_sql<'b>(
                &'b self,
                out: &mut diesel::serialize::Output<'b, '_, DB>,
            ) -> diesel::serialize::Result {
                self.0.to_sql(out)
            }
        }

        impl<DB> diesel::deserialize::FromSql<diesel::sql_types::BigInt, DB> for $name
        where
            DB: diesel::backend::Backend,
            i64: diesel::deserialize::FromSql<diesel::sql_types::BigInt, DB>,
        {
            fn from_sql(bytes: DB::RawValue<'_>) -> diesel::deserialize::Result<Self> {
                i64::from_sql(bytes).map($name)
            }
        }
    };
}

ids! {
    /// A person with an account.
    UserId
    TeamId
    /// One address at which a person can be reached.
    ContactMethodId
    NotificationRuleId
    ScheduleId
    /// An override of a schedule's final layer for a span.
    OverrideId
    /// A span of a schedule filled by hand.
    TemporaryId
    /// Shifts offered to another person.
    SwapId
    /// A calendar elsewhere that gives shifts to a schedule.
    ImportId
    ImportedShiftId
    /// A secret address under which shifts are published.
    FeedId
    /// A named list of days off.
    HolidayCalendarId
    PolicyId
    /// A place that is told of incidents.
    ChannelId
    ServiceId
    IntegrationId
    /// One rule of a global integration.
    RoutingRuleId
    /// One deduplicated condition of a monitor.
    AlertId
    /// What people work on and are paged for. People see the number (`INC-0042`), not the id.
    IncidentId
    /// One run of an escalation policy for an incident.
    RunId
    /// Incident × person × step execution.
    PageId
    /// One message to one contact method; also its idempotency key at providers.
    NotificationId
    TimelineEntryId
    StatusUpdateId
    /// One person's holding of a role of command.
    RoleHoldingId
    HandoverId
    ActionItemId
    TokenId
    SignalId
    /// One request of a monitor, as it was kept.
    RequestId
    TimerId
    /// A maintenance window or a silence.
    SuppressionId
    /// A rule by which an alert keeps others from paging.
    InhibitionId
    /// One person who was asked to help with an incident.
    ResponderId
    ReceiptId
    /// One statement about a change.
    ChangeEventId
    /// A job or machine that is to be heard of regularly.
    HeartbeatId
}
