//! Policies, their runs, and whom these page.

diesel::table! {
    policy (id) {
        id -> BigInt,
        slug -> Text,
        name -> Text,
        description -> Text,
        team_id -> Nullable<BigInt>,
        current_version -> BigInt,
        runs_started -> BigInt,
        created_at -> BigInt,
    }
}

diesel::table! {
    policy_version (policy_id, version) {
        policy_id -> BigInt,
        version -> BigInt,
        config -> Text,
        created_by -> Nullable<BigInt>,
        created_at -> BigInt,
    }
}

diesel::table! {
    escalation_run (id) {
        id -> BigInt,
        incident_id -> BigInt,
        policy_id -> Nullable<BigInt>,
        policy_version -> BigInt,
        state -> Text,
        cycle -> BigInt,
        next_step -> BigInt,
        executions -> BigInt,
        due_at -> Nullable<BigInt>,
        round_robin -> BigInt,
        started_at -> BigInt,
        stopped_at -> Nullable<BigInt>,
        watching -> Text,
        paged_now -> Text,
        last_step -> Nullable<BigInt>,
        recheck_at -> Nullable<BigInt>,
        held_due -> Nullable<BigInt>,
        number -> BigInt,
    }
}

diesel::table! {
    step_execution (run_id, number) {
        run_id -> BigInt,
        number -> BigInt,
        cycle -> BigInt,
        step -> Nullable<BigInt>,
        due_at -> BigInt,
        executed_at -> BigInt,
        skipped -> Nullable<Text>,
        paged -> Text,
    }
}

diesel::table! {
    timer (id) {
        id -> BigInt,
        kind -> Text,
        incident_id -> BigInt,
        subject_id -> BigInt,
        due_at -> BigInt,
    }
}

diesel::table! {
    page (id) {
        id -> BigInt,
        incident_id -> BigInt,
        run_id -> Nullable<BigInt>,
        execution -> Nullable<BigInt>,
        user_id -> BigInt,
        urgency -> Text,
        cause -> Text,
        reason -> Text,
        created_at -> BigInt,
    }
}

diesel::table! {
    responder (id) {
        id -> BigInt,
        incident_id -> BigInt,
        user_id -> BigInt,
        page_id -> BigInt,
        asked_by -> Nullable<BigInt>,
        asked_at -> BigInt,
        message -> Text,
        state -> Text,
        reason -> Text,
        answered_at -> Nullable<BigInt>,
    }
}
