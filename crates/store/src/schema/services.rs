//! Services and the doors of their monitors, and what came in.

diesel::table! {
    service (id) {
        id -> BigInt,
        slug -> Text,
        name -> Text,
        description -> Text,
        team_id -> Nullable<BigInt>,
        policy_id -> Nullable<BigInt>,
        settings -> Text,
        created_at -> BigInt,
    }
}

diesel::table! {
    integration (id) {
        id -> BigInt,
        service_id -> BigInt,
        name -> Text,
        kind -> Text,
        key_hash -> Binary,
        key_hint -> Text,
        created_at -> BigInt,
        removed_at -> Nullable<BigInt>,
        settings -> Text,
        routing -> Nullable<Text>,
    }
}

diesel::table! {
    delivery (integration_id, id) {
        integration_id -> BigInt,
        id -> Binary,
        at -> BigInt,
    }
}

diesel::table! {
    integration_traffic (integration_id) {
        integration_id -> BigInt,
        signals -> BigInt,
        ignored -> BigInt,
        rejected -> BigInt,
        last_signal_at -> Nullable<BigInt>,
        last_warning -> Nullable<Text>,
        last_warning_at -> Nullable<BigInt>,
    }
}

diesel::table! {
    alert (id) {
        id -> BigInt,
        identity -> Binary,
        integration_id -> BigInt,
        incident_id -> Nullable<BigInt>,
        dedup_key -> Text,
        status -> Text,
        severity -> Text,
        summary -> Text,
        source -> Text,
        component -> Nullable<Text>,
        signal_group -> Nullable<Text>,
        class -> Nullable<Text>,
        details -> Text,
        links -> Text,
        images -> Text,
        first_text -> Nullable<Text>,
        group_key -> Nullable<Text>,
        count -> BigInt,
        first_seen -> BigInt,
        last_seen -> BigInt,
        monitor_time -> Nullable<BigInt>,
        resolved_at -> Nullable<BigInt>,
        suppressed -> Nullable<Text>,
        held_by -> Nullable<BigInt>,
        ends_at -> Nullable<BigInt>,
        check_at -> Nullable<BigInt>,
        flaps -> Nullable<Text>,
        service_id -> Nullable<BigInt>,
        routed -> Nullable<Text>,
        text_digest -> Nullable<Binary>,
    }
}

diesel::table! {
    alert_alias (identity) {
        identity -> Binary,
        target -> Binary,
        alert_id -> BigInt,
    }
}

diesel::table! {
    routing_hit (integration_id, rule_id) {
        integration_id -> BigInt,
        rule_id -> BigInt,
        hits -> BigInt,
        last_at -> BigInt,
    }
}

diesel::table! {
    signal (id) {
        id -> BigInt,
        integration_id -> BigInt,
        received_at -> BigInt,
        action -> Nullable<Text>,
        dedup_key -> Nullable<Text>,
        severity -> Nullable<Text>,
        summary -> Text,
        decision -> Text,
        alert_id -> Nullable<BigInt>,
        incident_id -> Nullable<BigInt>,
        warnings -> Nullable<Text>,
        raw -> Nullable<Text>,
        request_id -> Nullable<BigInt>,
        routed -> Nullable<Text>,
    }
}

diesel::table! {
    request (id) {
        id -> BigInt,
        integration_id -> BigInt,
        received_at -> BigInt,
        format -> Text,
        method -> Text,
        path -> Text,
        headers -> Text,
        body -> Text,
        size -> BigInt,
        complete -> Bool,
        changed -> BigInt,
        repeated -> BigInt,
        ignored -> BigInt,
        rejected -> BigInt,
        repeats -> Nullable<Text>,
        warnings -> Nullable<Text>,
        problems -> Nullable<Text>,
        replay_of -> Nullable<BigInt>,
        sample_of -> Nullable<BigInt>,
    }
}

diesel::table! {
    change_event (id) {
        id -> BigInt,
        identity -> Binary,
        integration_id -> Nullable<BigInt>,
        service_id -> Nullable<BigInt>,
        kind -> Text,
        status -> Nullable<Text>,
        summary -> Text,
        source -> Text,
        links -> Text,
        details -> Text,
        change_key -> Nullable<Text>,
        at -> BigInt,
        starts_at -> Nullable<BigInt>,
        ends_at -> Nullable<BigInt>,
        received_at -> BigInt,
    }
}

diesel::table! {
    heartbeat (id) {
        id -> BigInt,
        integration_id -> BigInt,
        name -> Text,
        description -> Text,
        interval -> BigInt,
        grace -> BigInt,
        longest_run -> Nullable<BigInt>,
        severity -> Text,
        message -> Nullable<Text>,
        tags -> Text,
        state -> Text,
        last_ping -> Nullable<BigInt>,
        heard_at -> Nullable<BigInt>,
        running_since -> Nullable<BigInt>,
        due_at -> Nullable<BigInt>,
        grace_since -> Nullable<BigInt>,
        grace_used -> BigInt,
        key_version -> BigInt,
        history -> Text,
        created_at -> BigInt,
    }
}
