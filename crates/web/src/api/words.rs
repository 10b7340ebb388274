//! The vocabularies as the OpenAPI document shows them.

use domain::integration::OnSilence;
use domain::word::{
    AccountRole, ActionPriority, ActionStatus, ActionType, AlertSeverity, AlertStatus, CommandRole,
    ContactKind, EntryKind, IncidentSeverity, IntegrationKind, KeyMoment, NotificationKind,
    NotificationState, Origin, PagingState, Phase, PostmortemStatus, ResponderState, Urgency,
};
use utoipa::openapi::schema::{Array, ArrayBuilder, Object, ObjectBuilder, Type};

/// Words of a sender with what they mean.
pub fn severity_words() -> Array {
    let word = ObjectBuilder::new()
        .property("word", ObjectBuilder::new().schema_type(Type::String))
        .property("severity", alert_severity())
        .required("word")
        .required("severity");
    ArrayBuilder::new().items(word).build()
}

macro_rules! vocabularies {
    ($($name:ident: $words:ty,)*) => {$(
        pub fn $name() -> Object {
            ObjectBuilder::new()
                .schema_type(Type::String)
                .enum_values(Some(<$words>::ALL.iter().map(|word| word.as_str())))
                .build()
        }
    )*};
}

vocabularies! {
    account_role: AccountRole,
    action_priority: ActionPriority,
    action_status: ActionStatus,
    action_type: ActionType,
    alert_severity: AlertSeverity,
    alert_status: AlertStatus,
    command_role: CommandRole,
    contact_kind: ContactKind,
    entry_kind: EntryKind,
    incident_severity: IncidentSeverity,
    integration_kind: IntegrationKind,
    key_moment: KeyMoment,
    no_data: domain::integration::NoData,
    notification_kind: NotificationKind,
    notification_state: NotificationState,
    on_silence: OnSilence,
    origin: Origin,
    paging_state: PagingState,
    phase: Phase,
    responder_state: ResponderState,
    postmortem_status: PostmortemStatus,
    urgency: Urgency,
    channel_kind: domain::channel::ChannelKind,
    medium: domain::notification::Medium,
    change_kind: domain::change_event::ChangeKind,
    grouping: domain::service::Grouping,
    urgency_rule: domain::service::UrgencyRule,
    hours_urgency: domain::service::HoursUrgency,
    match_op: domain::suppression::MatchOp,
    suppression_kind: domain::suppression::SuppressionKind,
    holiday_rule: domain::schedule::HolidayRule,
    feed_kind: domain::feed::FeedKind,
    import_place: domain::schedule::ImportPlace,
    override_kind: domain::schedule::OverrideKind,
    rotation_unit: domain::schedule::RotationUnit,
    swap_state: domain::schedule::SwapState,
    act: domain::what_if::Act,
    fault: domain::what_if::Fault,
    stop: domain::what_if::Stop,
    finding_kind: domain::coverage::FindingKind,
    finding_level: domain::coverage::Level,
    heartbeat_state: domain::heartbeat::HeartbeatState,
    heartbeat_event: domain::heartbeat::EventKind,
    point_kind: domain::explain::PointKind,
}
