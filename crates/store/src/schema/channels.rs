//! Places that are told of incidents.

diesel::table! {
    channel (id) {
        id -> BigInt,
        slug -> Text,
        name -> Text,
        description -> Text,
        team_id -> Nullable<BigInt>,
        kind -> Text,
        address -> Text,
        secret -> Nullable<Text>,
        old_secret -> Nullable<Text>,
        old_secret_until -> Nullable<BigInt>,
        enabled -> Bool,
        trouble -> Nullable<Text>,
        created_at -> BigInt,
    }
}

diesel::table! {
    schedule_channel (schedule_id) {
        schedule_id -> BigInt,
        channel_id -> BigInt,
    }
}

diesel::table! {
    hand_off_notice (schedule_id, at) {
        schedule_id -> BigInt,
        at -> BigInt,
        notification_id -> BigInt,
        made_at -> BigInt,
    }
}
