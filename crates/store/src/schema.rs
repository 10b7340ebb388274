//! The tables as diesel sees them, kept by hand. A test compares them with both databases.

mod channels;
mod escalations;
mod house;
mod incidents;
mod notifications;
mod people;
mod postmortems;
mod schedules;
mod services;
mod suppressions;

pub use channels::*;
pub use escalations::*;
pub use house::*;
pub use incidents::*;
pub use notifications::*;
pub use people::*;
pub use postmortems::*;
pub use schedules::*;
pub use services::*;
pub use suppressions::*;

diesel::allow_tables_to_appear_in_same_query!(
    setting,
    sequence,
    audit,
    users,
    team,
    team_member,
    contact_method,
    contact_verification,
    notification_rule,
    channel,
    schedule_channel,
    hand_off_notice,
    session,
    sign_in_throttle,
    api_token,
    schedule,
    schedule_version,
    schedule_override,
    holiday_calendar,
    temporary_schedule,
    calendar_feed,
    calendar_import,
    calendar_import_version,
    imported_shift,
    shift_wish,
    shift_notice,
    digest,
    swap_request,
    policy,
    policy_version,
    service,
    integration,
    integration_traffic,
    delivery,
    incident,
    alert,
    alert_alias,
    routing_hit,
    suppression,
    inhibition,
    inhibition_source,
    signal,
    change_event,
    heartbeat,
    request,
    timeline_entry,
    key_moment,
    escalation_run,
    step_execution,
    timer,
    page,
    responder,
    notification,
    receipt,
    reply_code,
    unknown_reply,
    inbound_message,
    role_holding,
    handover,
    status_update,
    postmortem,
    postmortem_section,
    postmortem_revision,
    action_item,
);
