//! Incidents, their timeline and their command.

diesel::table! {
    incident (id) {
        id -> BigInt,
        number -> BigInt,
        title -> Text,
        service_id -> Nullable<BigInt>,
        policy_id -> Nullable<BigInt>,
        kind -> Text,
        urgency -> Text,
        alert_severity -> Text,
        severity -> Nullable<Text>,
        paging -> Text,
        phase -> Text,
        group_key -> Nullable<Text>,
        alerts -> BigInt,
        open_alerts -> BigInt,
        unreachable -> Bool,
        created_at -> BigInt,
        triggered_at -> BigInt,
        acknowledged_at -> Nullable<BigInt>,
        acknowledged_by -> Nullable<BigInt>,
        snoozed_until -> Nullable<BigInt>,
        declared_at -> Nullable<BigInt>,
        declared_by -> Nullable<BigInt>,
        resolved_at -> Nullable<BigInt>,
        resolved_by -> Nullable<BigInt>,
        next_update_due -> Nullable<BigInt>,
        updated_at -> BigInt,
        gathering -> Nullable<Text>,
    }
}

diesel::table! {
    timeline_entry (id) {
        id -> BigInt,
        incident_id -> BigInt,
        occurred_at -> BigInt,
        recorded_at -> BigInt,
        kind -> Text,
        actor_id -> Nullable<BigInt>,
        origin -> Text,
        text -> Text,
        details -> Text,
    }
}

diesel::table! {
    key_moment (incident_id, moment) {
        incident_id -> BigInt,
        moment -> Text,
        at -> BigInt,
        automatic -> Bool,
        set_by -> Nullable<BigInt>,
    }
}

diesel::table! {
    role_holding (id) {
        id -> BigInt,
        incident_id -> BigInt,
        role -> Text,
        user_id -> BigInt,
        began_by -> Text,
        started_by -> Nullable<BigInt>,
        started_at -> BigInt,
        reason -> Nullable<Text>,
        ended_at -> Nullable<BigInt>,
        ended_by -> Nullable<Text>,
    }
}

diesel::table! {
    handover (id) {
        id -> BigInt,
        incident_id -> BigInt,
        role -> Text,
        from_user_id -> BigInt,
        to_user_id -> BigInt,
        brief -> Text,
        offered_at -> BigInt,
        expires_at -> BigInt,
        outcome -> Nullable<Text>,
        closed_at -> Nullable<BigInt>,
    }
}

diesel::table! {
    status_update (id) {
        id -> BigInt,
        incident_id -> BigInt,
        author_id -> Nullable<BigInt>,
        phase -> Text,
        text -> Text,
        published_at -> BigInt,
        next_due_at -> Nullable<BigInt>,
    }
}
