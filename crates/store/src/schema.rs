//! The tables as diesel sees them, kept by hand. A test compares them with both databases.

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
    }
}

diesel::table! {
    alert (id) {
        id -> BigInt,
        identity -> Binary,
        integration_id -> BigInt,
        incident_id -> BigInt,
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

diesel::allow_tables_to_appear_in_same_query!(
    setting,
    sequence,
    audit,
    users,
    team,
    team_member,
    contact_method,
    contact_verification,
    notification_rule,
    session,
    sign_in_throttle,
    api_token,
    schedule,
    schedule_version,
    schedule_override,
    holiday_calendar,
    temporary_schedule,
    calendar_feed,
    calendar_import,
    calendar_import_version,
    imported_shift,
    shift_wish,
    shift_notice,
    swap_request,
    policy,
    policy_version,
    service,
    integration,
    integration_traffic,
    incident,
    alert,
    signal,
    timeline_entry,
    key_moment,
    escalation_run,
    step_execution,
    timer,
    page,
    responder,
    notification,
    receipt,
    reply_code,
    unknown_reply,
    inbound_message,
    role_holding,
    handover,
    status_update,
    postmortem,
    postmortem_section,
    postmortem_revision,
    action_item,
);
