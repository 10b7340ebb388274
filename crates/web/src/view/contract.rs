//! Where forms post to, for the tests: the table of [`crate::view`], row by row.

/// Path patterns with `{…}` for one segment, and the fields a form of that path may send besides
/// `csrf`; a field ending in `*` stands for all that begin so.
pub const POSTS: &[(&str, &[&str])] = &[
    ("/setup", &["name", "email", "password", "zone"]),
    ("/sign-in", &["email", "password", "next"]),
    ("/sign-out", &[]),
    ("/theme", &["theme", "next"]),
    ("/preview", &["body"]),
    (
        "/incidents",
        &[
            "title",
            "service",
            "severity",
            "urgency",
            "description",
            "command",
        ],
    ),
    ("/incidents/bulk", &["do", "number", "next"]),
    ("/incidents/{number}/acknowledge", &[]),
    ("/incidents/{number}/unacknowledge", &[]),
    ("/incidents/{number}/resolve", &["note"]),
    ("/incidents/{number}/escalate", &["step"]),
    ("/incidents/{number}/snooze", &["minutes"]),
    ("/incidents/{number}/note", &["body"]),
    ("/incidents/{number}/reassign", &["target"]),
    ("/incidents/{number}/responders", &["target", "message"]),
    ("/incidents/{number}/responders/answer", &["reason", "do"]),
    ("/page", &["target", "message", "service"]),
    ("/incidents/{number}/declare", &["severity", "command"]),
    ("/incidents/{number}/phase", &["phase", "reason"]),
    ("/incidents/{number}/severity", &["severity", "reason"]),
    ("/incidents/{number}/title", &["title"]),
    ("/incidents/{number}/roles/{role}/claim", &["reason"]),
    ("/incidents/{number}/roles/{role}/release", &[]),
    (
        "/incidents/{number}/roles/{role}/handover",
        &["to", "brief"],
    ),
    ("/incidents/{number}/handovers/{id}/accept", &[]),
    ("/incidents/{number}/handovers/{id}/decline", &[]),
    (
        "/incidents/{number}/updates",
        &["body", "phase", "next_minutes", "do"],
    ),
    ("/incidents/{number}/postmortem", &[]),
    ("/a/{token}", &["do", "reason"]),
    ("/services", SERVICE),
    ("/services/{slug}", SERVICE),
    ("/services/{slug}/integrations", &["name", "kind", "global"]),
    ("/services/{slug}/integrations/{id}/rotate", &[]),
    ("/services/{slug}/integrations/{id}/test", &[]),
    (
        "/services/{slug}/integrations/{id}/settings",
        &[
            "secret",
            "secret_off",
            "severity",
            "severity_words",
            "mail_dedup",
            "mail_dedup_pattern",
            "mail_resolve_subject",
            "mail_resolve_body",
            "identity_labels",
            "on_silence",
            "resolve_after",
            "insufficient_data",
            "rate_limit",
        ],
    ),
    ("/services/{slug}/integrations/{id}/mapping", MAPPING),
    ("/services/{slug}/integrations/{id}/routing/switch", &["on"]),
    (
        "/services/{slug}/integrations/{id}/routing/rest",
        &["service"],
    ),
    ("/services/{slug}/integrations/{id}/routing", ROUTING_RULE),
    (
        "/services/{slug}/integrations/{id}/routing/{rule}",
        ROUTING_RULE,
    ),
    (
        "/services/{slug}/integrations/{id}/routing/{rule}/{act}",
        &[],
    ),
    ("/signals/{id}/replay", &[]),
    ("/services/{slug}/integrations/{id}/delete", &["confirm"]),
    ("/services/{slug}/delete", &["confirm"]),
    ("/heartbeats", NEW_HEARTBEAT),
    ("/heartbeats/{id}", HEARTBEAT),
    ("/heartbeats/{id}/pause", &[]),
    ("/heartbeats/{id}/resume", &[]),
    ("/heartbeats/{id}/rotate", &[]),
    ("/heartbeats/{id}/delete", &["confirm"]),
    ("/channels", NEW_CHANNEL),
    ("/channels/{slug}", CHANNEL),
    ("/channels/{slug}/test", &[]),
    ("/channels/{slug}/rotate", &[]),
    ("/channels/{slug}/delete", &["confirm"]),
    ("/calendars/feeds", &["subject"]),
    ("/calendars/feeds/{id}/delete", &[]),
    (
        "/calendars/imports",
        &["schedule", "name", "place", "url", "text"],
    ),
    ("/calendars/imports/{slug}/{id}/delete", &[]),
    (
        "/calendars/reminders",
        &["leads", "hand_off", "digest", "digest_at"],
    ),
    ("/schedules", SCHEDULE),
    ("/schedules/{slug}", SCHEDULE),
    (
        "/schedules/{slug}/overrides",
        &["kind", "user", "start", "end"],
    ),
    ("/schedules/{slug}/hand-offs", &["channel"]),
    ("/schedules/{slug}/overrides/{id}/delete", &[]),
    (
        "/schedules/{slug}/temporaries",
        &["start", "end", "shift-*", "do"],
    ),
    ("/schedules/{slug}/temporaries/{id}/delete", &[]),
    (
        "/schedules/{slug}/swaps",
        &[
            "start",
            "end",
            "offered_to",
            "exchange_start",
            "exchange_end",
            "note",
        ],
    ),
    ("/on-call/swaps/{id}/take", &[]),
    ("/on-call/swaps/{id}/decline", &[]),
    ("/on-call/swaps/{id}/withdraw", &[]),
    ("/schedules/{slug}/delete", &["confirm"]),
    ("/holidays", HOLIDAYS),
    ("/holidays/{slug}", HOLIDAYS),
    ("/holidays/{slug}/delete", &["confirm"]),
    ("/simulate", TRIED),
    ("/policies", POLICY),
    ("/policies/{slug}", POLICY),
    ("/policies/{slug}/delete", &["confirm"]),
    (
        "/users",
        &["name", "email", "role", "zone", "phone", "password"],
    ),
    ("/users/{id}", &["name", "role", "zone", "disabled"]),
    ("/users/{id}/password", &["password"]),
    ("/teams", &["name"]),
    ("/teams/{slug}", &["name", "member"]),
    ("/teams/{slug}/delete", &["confirm"]),
    ("/profile", &["name", "zone", "hears_answers"]),
    ("/profile/password", &["current", "password"]),
    ("/profile/methods", &["kind", "address"]),
    ("/profile/methods/{id}/code", &[]),
    ("/profile/methods/{id}/verify", &["code"]),
    ("/profile/methods/{id}/delete", &[]),
    ("/profile/rules", &["urgency", "rule-*", "do"]),
    (
        "/postmortems/{number}/sections/{slug}",
        &["body", "revision", "do"],
    ),
    (
        "/postmortems/{number}/status",
        &["status", "revision", "reason"],
    ),
    ("/postmortems/{number}/owner", &["owner"]),
    ("/postmortems/{number}/moments", &["moment", "at"]),
    ("/postmortems/{number}/actions", ACTION),
    ("/postmortems/{number}/actions/{id}/edit", ACTION),
    ("/postmortems/{number}/timeline", &["entry"]),
    ("/postmortems/{number}/refill", &[]),
    ("/postmortems/{number}/actions/{id}", &["status", "reason"]),
    ("/silences", SUPPRESSION),
    ("/silences/{id}", SUPPRESSION),
    ("/silences/{id}/end", &[]),
    ("/maintenance-windows", SUPPRESSION),
    ("/maintenance-windows/{id}", SUPPRESSION),
    ("/maintenance-windows/{id}/end", &[]),
    ("/inhibitions", INHIBITION),
    ("/inhibitions/{id}", INHIBITION),
    ("/inhibitions/{id}/delete", &[]),
    ("/settings/last-resort", &["target"]),
    ("/settings/tokens", &["name", "role"]),
    ("/settings/tokens/{id}/revoke", &[]),
];

const ACTION: &[&str] = &[
    "title",
    "type",
    "priority",
    "owner",
    "due",
    "tracker",
    "done_test",
];

const MAPPING: &[&str] = &[
    "items",
    "only_if",
    "resolve_if",
    "acknowledge_if",
    "details",
    "summary-*",
    "dedup_key-*",
    "source-*",
    "component-*",
    "group-*",
    "class-*",
    "group_key-*",
    "timestamp-*",
    "link-*",
    "identity-*",
    "severity-*",
    "word-*",
    "sample",
    "do",
];

const ROUTING_RULE: &[&str] = &[
    "name",
    "condition",
    "service",
    "severity",
    "dedup_key",
    "group_key",
    "labels",
    "suppress",
    "continue",
    "enabled",
    "place",
    "version",
    "do",
];

const SERVICE: &[&str] = &[
    "name",
    "slug",
    "description",
    "team",
    "policy",
    "urgency",
    "high_severity",
    "support_zone",
    "support_inside",
    "support_outside",
    "support_raise",
    "support-hours-*",
    "grouping",
    "grouping_fields",
    "grouping_window",
    "storm_limit",
    "auto_resolve",
    "reopen_window",
    "ack_timeout_high",
    "ack_timeout_low",
    "do",
    "if-draft",
];

const SUPPRESSION: &[&str] = &[
    "service",
    "integration",
    "matcher-*",
    "start",
    "lasts",
    "end",
    "zone",
    "repeat",
    "every",
    "day",
    "monthly",
    "until",
    "rule",
    "comment",
    "version",
    "do",
    "if-draft",
];

const INHIBITION: &[&str] = &["name", "team", "equal", "source-*", "target-*", "do"];

const NEW_HEARTBEAT: &[&str] = &[
    "integration",
    "name",
    "description",
    "interval",
    "grace",
    "longest_run",
    "severity",
    "message",
    "tags",
];

const NEW_CHANNEL: &[&str] = &[
    "kind",
    "name",
    "address",
    "slug",
    "team",
    "description",
    "enabled",
];

const CHANNEL: &[&str] = &["name", "address", "team", "description", "enabled"];

/// Its integration stays.
const HEARTBEAT: &[&str] = NEW_HEARTBEAT.split_at(1).1;

const SCHEDULE: &[&str] = &[
    "name",
    "slug",
    "description",
    "team",
    "zone",
    "from",
    "layer-*",
    "do",
    "if-draft",
];

const HOLIDAYS: &[&str] = &["name", "slug", "description", "days", "file"];

const POLICY: &[&str] = &[
    "name",
    "slug",
    "description",
    "team",
    "repeats",
    "save_anyway",
    "step-*",
    "do",
    "if-draft",
];

/// The question, and whatever of a policy or schedule is tried.
const TRIED: &[&str] = &[
    "if-*",
    "name",
    "slug",
    "description",
    "team",
    "zone",
    "from",
    "layer-*",
    "repeats",
    "save_anyway",
    "step-*",
    "do",
];

/// The fields that may be posted to `path`, if anything may.
pub fn fields_of(path: &str) -> Option<&'static [&'static str]> {
    POSTS
        .iter()
        .find(|(pattern, _)| matches(pattern, path))
        .map(|(_, fields)| *fields)
}

/// The row of the table that `path` falls under.
pub fn pattern_of(path: &str) -> Option<&'static str> {
    POSTS
        .iter()
        .find(|(pattern, _)| matches(pattern, path))
        .map(|(pattern, _)| *pattern)
}

fn matches(pattern: &str, path: &str) -> bool {
    let mut have = path.split('/');
    let mut want = pattern.split('/');
    loop {
        match (want.next(), have.next()) {
            (None, None) => return true,
            (Some(want), Some(have)) if want == have => {}
            (Some(want), Some(have)) if want.starts_with('{') && !have.is_empty() => {}
            _ => return false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn literal_paths_win_over_patterns() {
        assert_eq!(fields_of("/incidents/bulk").map(<[_]>::len), Some(3));
        assert_eq!(
            fields_of("/incidents/42/roles/scribe/claim"),
            Some(&["reason"][..])
        );
        assert_eq!(fields_of("/incidents/42/unknown"), None);
        assert_eq!(fields_of("/incidents//note"), None);
    }
}
