//! Who is on call, and what was agreed and imported besides.

diesel::table! {
    schedule (id) {
        id -> BigInt,
        slug -> Text,
        name -> Text,
        description -> Text,
        team_id -> Nullable<BigInt>,
        created_at -> BigInt,
    }
}

diesel::table! {
    schedule_version (schedule_id, version) {
        schedule_id -> BigInt,
        version -> BigInt,
        effective_from -> BigInt,
        config -> Text,
        created_by -> Nullable<BigInt>,
        created_at -> BigInt,
    }
}

diesel::table! {
    schedule_override (id) {
        id -> BigInt,
        schedule_id -> BigInt,
        kind -> Text,
        start_at -> BigInt,
        end_at -> BigInt,
        users -> Text,
        created_by -> Nullable<BigInt>,
        created_at -> BigInt,
        removed_by -> Nullable<BigInt>,
        removed_at -> Nullable<BigInt>,
        swap_id -> Nullable<BigInt>,
        instead_of -> Nullable<BigInt>,
    }
}

diesel::table! {
    holiday_calendar (id) {
        id -> BigInt,
        slug -> Text,
        name -> Text,
        description -> Text,
        days -> Text,
        created_at -> BigInt,
    }
}

diesel::table! {
    temporary_schedule (id) {
        id -> BigInt,
        schedule_id -> BigInt,
        start_at -> BigInt,
        end_at -> BigInt,
        shifts -> Text,
        created_by -> Nullable<BigInt>,
        created_at -> BigInt,
        removed_by -> Nullable<BigInt>,
        removed_at -> Nullable<BigInt>,
    }
}

diesel::table! {
    calendar_feed (id) {
        id -> BigInt,
        token_hash -> Binary,
        hint -> Text,
        kind -> Text,
        subject_id -> BigInt,
        created_by -> Nullable<BigInt>,
        created_at -> BigInt,
        fetched_at -> Nullable<BigInt>,
        revoked_at -> Nullable<BigInt>,
        revoked_by -> Nullable<BigInt>,
    }
}

diesel::table! {
    calendar_import (id) {
        id -> BigInt,
        schedule_id -> BigInt,
        name -> Text,
        place -> Text,
        url -> Nullable<Text>,
        version -> BigInt,
        due_at -> Nullable<BigInt>,
        tried_at -> Nullable<BigInt>,
        good_at -> Nullable<BigInt>,
        failure -> Nullable<Text>,
        failures -> BigInt,
        warnings -> Text,
        created_by -> Nullable<BigInt>,
        created_at -> BigInt,
        removed_by -> Nullable<BigInt>,
        removed_at -> Nullable<BigInt>,
    }
}

diesel::table! {
    calendar_import_version (import_id, version) {
        import_id -> BigInt,
        version -> BigInt,
        effective_from -> BigInt,
        digest -> Binary,
        added -> BigInt,
        withdrawn -> BigInt,
        created_by -> Nullable<BigInt>,
    }
}

diesel::table! {
    imported_shift (id) {
        id -> BigInt,
        import_id -> BigInt,
        version -> BigInt,
        start_at -> BigInt,
        end_at -> BigInt,
        users -> Text,
        withdrawn_at -> Nullable<BigInt>,
    }
}

diesel::table! {
    shift_wish (user_id) {
        user_id -> BigInt,
        leads -> Text,
        hand_off -> Bool,
        digest -> Nullable<BigInt>,
    }
}

diesel::table! {
    digest (user_id) {
        user_id -> BigInt,
        at -> BigInt,
    }
}

diesel::table! {
    shift_notice (kind, schedule_id, user_id, at, lead) {
        kind -> Text,
        schedule_id -> BigInt,
        user_id -> BigInt,
        at -> BigInt,
        lead -> BigInt,
        notification_id -> BigInt,
        made_at -> BigInt,
    }
}

diesel::table! {
    swap_request (id) {
        id -> BigInt,
        schedule_id -> BigInt,
        giver -> BigInt,
        start_at -> BigInt,
        end_at -> BigInt,
        held -> Text,
        offered_to -> Nullable<BigInt>,
        exchange_start -> Nullable<BigInt>,
        exchange_end -> Nullable<BigInt>,
        note -> Text,
        state -> Text,
        taken_by -> Nullable<BigInt>,
        created_by -> Nullable<BigInt>,
        created_at -> BigInt,
        closed_by -> Nullable<BigInt>,
        closed_at -> Nullable<BigInt>,
    }
}
