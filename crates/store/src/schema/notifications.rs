//! Messages, their evidence and their answers.

diesel::table! {
    notification (id) {
        id -> BigInt,
        kind -> Text,
        state -> Text,
        user_id -> Nullable<BigInt>,
        method_id -> Nullable<BigInt>,
        channel -> Text,
        address -> Text,
        urgency -> Text,
        incident_id -> Nullable<BigInt>,
        page_id -> Nullable<BigInt>,
        bundle_id -> Nullable<BigInt>,
        reply_code -> Nullable<Text>,
        subject -> Text,
        body -> Text,
        created_at -> BigInt,
        due_at -> BigInt,
        waits_since -> Nullable<BigInt>,
        attempts -> BigInt,
        first_attempt_at -> Nullable<BigInt>,
        claimed_by -> Nullable<Text>,
        lease_until -> Nullable<BigInt>,
        fence -> BigInt,
        provider_id -> Nullable<Text>,
        last_error -> Nullable<Text>,
        accepted_at -> Nullable<BigInt>,
        delivered_at -> Nullable<BigInt>,
        answered_at -> Nullable<BigInt>,
        channel_id -> Nullable<BigInt>,
    }
}

diesel::table! {
    receipt (id) {
        id -> BigInt,
        notification_id -> BigInt,
        received_at -> BigInt,
        provider_status -> Text,
        error_code -> Nullable<Text>,
    }
}

diesel::table! {
    reply_code (notification_id) {
        notification_id -> BigInt,
        address -> Text,
        code -> Text,
        created_at -> BigInt,
        closed_at -> Nullable<BigInt>,
    }
}

diesel::table! {
    unknown_reply (address) {
        address -> Text,
        answers -> BigInt,
        last_at -> BigInt,
    }
}

diesel::table! {
    inbound_message (provider_id) {
        provider_id -> Text,
        received_at -> BigInt,
        reply -> Text,
    }
}
