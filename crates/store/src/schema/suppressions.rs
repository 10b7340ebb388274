//! What keeps alerts from paging.

diesel::table! {
    suppression (id) {
        id -> BigInt,
        kind -> Text,
        services -> Text,
        integrations -> Text,
        matchers -> Text,
        starts_at -> BigInt,
        ends_at -> BigInt,
        recurrence -> Nullable<Text>,
        zone -> Text,
        occurrences -> Text,
        expanded_until -> BigInt,
        comment -> Text,
        created_by -> Nullable<BigInt>,
        author -> Text,
        created_at -> BigInt,
        removed_by -> Nullable<BigInt>,
        removed_at -> Nullable<BigInt>,
        told_end -> Nullable<BigInt>,
    }
}

diesel::table! {
    inhibition (id) {
        id -> BigInt,
        name -> Text,
        team_id -> Nullable<BigInt>,
        source -> Text,
        target -> Text,
        equal_labels -> Text,
        created_by -> Nullable<BigInt>,
        created_at -> BigInt,
    }
}

diesel::table! {
    inhibition_source (inhibition_id, key, alert_id) {
        inhibition_id -> BigInt,
        key -> Binary,
        alert_id -> BigInt,
    }
}
