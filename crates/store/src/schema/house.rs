//! The house itself: settings, counters, who did what.

diesel::table! {
    setting (key) {
        key -> Text,
        value -> Text,
    }
}

diesel::table! {
    sequence (name) {
        name -> Text,
        next_value -> BigInt,
    }
}

diesel::table! {
    audit (id) {
        id -> BigInt,
        at -> BigInt,
        actor_id -> Nullable<BigInt>,
        origin -> Text,
        action -> Text,
        subject -> Text,
        details -> Text,
    }
}
