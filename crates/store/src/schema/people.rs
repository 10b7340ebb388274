//! People, their teams, and how they are reached and known.

diesel::table! {
    users (id) {
        id -> BigInt,
        email -> Text,
        name -> Text,
        role -> Text,
        zone -> Text,
        password_hash -> Nullable<Text>,
        disabled_at -> Nullable<BigInt>,
        created_at -> BigInt,
        hears_answers -> Bool,
    }
}

diesel::table! {
    team (id) {
        id -> BigInt,
        slug -> Text,
        name -> Text,
        description -> Text,
        created_at -> BigInt,
    }
}

diesel::table! {
    team_member (team_id, user_id) {
        team_id -> BigInt,
        user_id -> BigInt,
    }
}

diesel::table! {
    contact_method (id) {
        id -> BigInt,
        user_id -> BigInt,
        kind -> Text,
        address -> Text,
        verified_at -> Nullable<BigInt>,
        broken_reason -> Nullable<Text>,
        created_at -> BigInt,
    }
}

diesel::table! {
    contact_verification (method_id) {
        method_id -> BigInt,
        code_hash -> Binary,
        sent_at -> BigInt,
        expires_at -> BigInt,
        tries -> BigInt,
    }
}

diesel::table! {
    notification_rule (id) {
        id -> BigInt,
        user_id -> BigInt,
        urgency -> Text,
        position -> BigInt,
        method_id -> BigInt,
        delay -> BigInt,
    }
}

diesel::table! {
    session (token_hash) {
        token_hash -> Binary,
        user_id -> BigInt,
        created_at -> BigInt,
        seen_at -> BigInt,
        expires_at -> BigInt,
        user_agent -> Text,
    }
}

diesel::table! {
    sign_in_throttle (key) {
        key -> Text,
        failures -> BigInt,
        last_failure_at -> BigInt,
        blocked_until -> BigInt,
    }
}

diesel::table! {
    api_token (id) {
        id -> BigInt,
        name -> Text,
        token_hash -> Binary,
        hint -> Text,
        role -> Text,
        created_by -> Nullable<BigInt>,
        created_at -> BigInt,
        last_used_at -> Nullable<BigInt>,
        revoked_at -> Nullable<BigInt>,
    }
}
