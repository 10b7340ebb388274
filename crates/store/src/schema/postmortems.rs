//! Postmortems and what follows from them.

diesel::table! {
    postmortem (incident_id) {
        incident_id -> BigInt,
        number -> BigInt,
        title -> Text,
        status -> Text,
        revision -> BigInt,
        owner_id -> Nullable<BigInt>,
        created_by -> Nullable<BigInt>,
        created_at -> BigInt,
        updated_at -> BigInt,
        approved_by -> Nullable<BigInt>,
        approved_revision -> Nullable<BigInt>,
    }
}

diesel::table! {
    postmortem_section (incident_id, slug) {
        incident_id -> BigInt,
        slug -> Text,
        position -> BigInt,
        title -> Text,
        body -> Text,
        revision -> BigInt,
        updated_by -> Nullable<BigInt>,
        updated_at -> BigInt,
    }
}

diesel::table! {
    postmortem_revision (incident_id, revision) {
        incident_id -> BigInt,
        revision -> BigInt,
        change -> Text,
        slug -> Nullable<Text>,
        body -> Nullable<Text>,
        edited_by -> Nullable<BigInt>,
        edited_at -> BigInt,
    }
}

diesel::table! {
    action_item (id) {
        id -> BigInt,
        number -> BigInt,
        incident_id -> BigInt,
        title -> Text,
        kind -> Text,
        priority -> Text,
        owner_user_id -> Nullable<BigInt>,
        owner_team_id -> Nullable<BigInt>,
        due_on -> Nullable<Text>,
        tracker -> Nullable<Text>,
        status -> Text,
        done_test -> Nullable<Text>,
        reason -> Nullable<Text>,
        created_by -> Nullable<BigInt>,
        created_at -> BigInt,
        updated_at -> BigInt,
    }
}
