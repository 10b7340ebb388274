//! The closed vocabularies: each is an enum with one spelling, the same in code, tables, API and
//! pages.

/// Declares an enum whose variants have one lower-case spelling, with `as_str`, `ALL`, `Display`,
/// `FromStr`, serde and (with feature `sql`) storage as `TEXT`.
#[macro_export]
macro_rules! words {
    ($($(#[$doc:meta])* $name:ident { $($(#[$vdoc:meta])* $variant:ident = $text:literal,)+ })*) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[cfg_attr(feature = "sql", derive(diesel::expression::AsExpression, diesel::deserialize::FromSqlRow))]
        #[cfg_attr(feature = "sql", diesel(sql_type = diesel::sql_types::Text))]
        pub enum $name { $($(#[$vdoc])* $variant,)+ }

        impl $name {
            pub const ALL: &'static [$name] = &[$($name::$variant),+];

            pub const fn as_str(self) -> &'static str {
                match self { $($name::$variant => $text,)+ }
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.pad(self.as_str())
            }
        }

        impl std::str::FromStr for $name {
            type Err = $crate::word::UnknownWord;
            fn from_str(s: &str) -> Result<Self, Self::Err> {
                match s {
                    $($text => Ok($name::$variant),)+
                    _ => Err($crate::word::UnknownWord { got: s.to_owned(), expected: &[$($text),+] }),
                }
            }
        }

        impl serde::Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(self.as_str())
            }
        }

        impl<'de> serde::Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let text = <std::borrow::Cow<'de, str> as serde::Deserialize>::deserialize(deserializer)?;
                text.parse().map_err(serde::de::Error::custom)
            }
        }

        #[cfg(feature = "sql")]
        impl<DB> diesel::serialize::ToSql<diesel::sql_types::Text, DB> for $name
        where
            DB: diesel::backend::Backend,
            str: diesel::serialize::ToSql<diesel::sql_types::Text, DB>,
        {
            fn to_sql<'b>(&'b self, out: &mut diesel::serialize::Output<'b, '_, DB>) -> diesel::serialize::Result {
                <str as diesel::serialize::ToSql<diesel::sql_types::Text, DB>>::to_sql(self.as_str(), out)
            }
        }

        #[cfg(feature = "sql")]
        impl<DB> diesel::deserialize::FromSql<diesel::sql_types::Text, DB> for $name
        where
            DB: diesel::backend::Backend,
            String: diesel::deserialize::FromSql<diesel::sql_types::Text, DB>,
        {
            fn from_sql(bytes: DB::RawValue<'_>) -> diesel::deserialize::Result<Self> {
                Ok(String::from_sql(bytes)?.parse()?)
            }
        }
    )*};
}

/// A text that is none of a vocabulary's words.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{got}` is not one of {}", expected.join(", "))]
pub struct UnknownWord {
    pub got: String,
    pub expected: &'static [&'static str],
}

words! {
    /// What a monitor says about a condition.
    Action {
        Trigger = "trigger",
        Acknowledge = "acknowledge",
        Resolve = "resolve",
        /// A word for people about what is open; it changes nothing else.
        Note = "note",
    }

    /// How bad the monitor says a condition is; PagerDuty's words. Ordered from worst to least.
    AlertSeverity {
        Critical = "critical",
        Error = "error",
        Warning = "warning",
        Info = "info",
    }

    AlertStatus {
        Open = "open",
        Resolved = "resolved",
    }

    /// Who is disturbed, and how: high escalates until somebody answers, low waits for the morning.
    Urgency {
        High = "high",
        Low = "low",
    }

    /// Where the paging of an incident stands. A snoozed incident is `acknowledged` with a
    /// snoozed-until.
    PagingState {
        Triggered = "triggered",
        Acknowledged = "acknowledged",
        Resolved = "resolved",
    }

    /// Where the human response stands.
    Phase {
        Triage = "triage",
        Investigating = "investigating",
        Identified = "identified",
        Mitigating = "mitigating",
        Monitoring = "monitoring",
        Paused = "paused",
        Resolved = "resolved",
        Closed = "closed",
        Declined = "declined",
        Cancelled = "cancelled",
        Merged = "merged",
    }

    /// Impact of a declared incident; lower is worse. `Unset` is allowed only in triage.
    IncidentSeverity {
        Sev1 = "SEV1",
        Sev2 = "SEV2",
        Sev3 = "SEV3",
        Sev4 = "SEV4",
        Sev5 = "SEV5",
    }

    /// Roles of command with one holder each.
    CommandRole {
        Commander = "commander",
        Deputy = "deputy",
        Scribe = "scribe",
        Communications = "communications",
    }

    /// What an account may do; enforced in `engine::access`.
    AccountRole {
        /// Everything, with users, policies and settings.
        Admin = "admin",
        /// Works incidents, takes and edits shifts.
        Responder = "responder",
        /// Reads.
        Observer = "observer",
    }

    ContactKind {
        Email = "email",
        Sms = "sms",
    }

    /// How far the evidence for a notification goes. Evidence only moves forward (PAGING.md §6.7):
    /// see `notification::Evidence`.
    NotificationState {
        /// Waits for its time or its next attempt.
        Planned = "planned",
        /// Claimed by a dispatcher; a crash leads back to a repeat with the same id.
        Sending = "sending",
        /// The provider took it.
        Accepted = "accepted",
        /// The provider says it reached the device or mailbox.
        Delivered = "delivered",
        /// The person acted on it.
        Answered = "answered",
        /// Given up.
        Failed = "failed",
        /// No longer needed before it was sent.
        Cancelled = "cancelled",
        /// Sent as part of another notification (bundling, PAGING.md §6.4).
        Bundled = "bundled",
    }

    /// What a notification says.
    NotificationKind {
        /// Somebody must act.
        Page = "page",
        /// Tells of an acknowledgement, resolution, further alerts; asks nothing.
        Notice = "notice",
        /// Six digits that prove a contact method.
        Verification = "verification",
        /// The helpful answer to an SMS reply.
        Reply = "reply",
        /// Tells a channel, which is no person.
        Post = "post",
        /// Tells in the morning what is open of low urgency; asks nothing.
        Digest = "digest",
    }

    /// State of one run of a policy for an incident.
    RunState {
        Running = "running",
        /// Steps and repeats are used up: the last resort is paged every 30 min.
        LastResort = "last_resort",
        Stopped = "stopped",
    }

    /// Why a page was made.
    PageCause {
        Step = "step",
        LastResort = "last_resort",
        /// The on-call person changed while nobody had acknowledged (PAGING.md §4.9).
        OnCallChange = "on_call_change",
        /// A low-urgency incident tells the first step's people (PAGING.md §3.2).
        LowUrgency = "low_urgency",
        /// Somebody asked for this person by name.
        Adhoc = "adhoc",
    }

    /// What somebody who was asked to help with an incident has said.
    ResponderState {
        /// Not yet anything.
        Asked = "asked",
        Accepted = "accepted",
        Declined = "declined",
        /// The incident was over before the answer.
        Ended = "ended",
    }

    /// What a due timer is about.
    TimerKind {
        /// Advance an escalation run.
        Escalation = "escalation",
        /// An acknowledgement has lasted the service's ack timeout.
        AckTimeout = "ack_timeout",
        SnoozeEnd = "snooze_end",
        /// A proposed hand-over of a role of command lapses after 5 min.
        HandoverExpiry = "handover_expiry",
        /// Support hours begin, and a low incident may become high (PAGING.md §3.1).
        SupportHours = "support_hours",
    }

    PostmortemStatus {
        Draft = "draft",
        InReview = "in_review",
        Approved = "approved",
        Published = "published",
        Closed = "closed",
    }

    ActionType {
        Prevent = "prevent",
        Mitigate = "mitigate",
        Detect = "detect",
        Investigate = "investigate",
        Repair = "repair",
        Process = "process",
    }

    ActionPriority {
        P0 = "P0",
        P1 = "P1",
        P2 = "P2",
        P3 = "P3",
    }

    ActionStatus {
        Open = "open",
        InProgress = "in_progress",
        Done = "done",
        WontDo = "wont_do",
    }

    /// Moments that the durations of an incident are computed from (INCIDENTS.md §3).
    KeyMoment {
        ImpactStarted = "impact_started",
        FirstSignal = "first_signal",
        Detected = "detected",
        Declared = "declared",
        FirstPage = "first_page",
        Acknowledged = "acked",
        CommanderAssigned = "ic_assigned",
        FirstUpdate = "first_public_update",
        Identified = "identified",
        Mitigated = "mitigated",
        ImpactEnded = "impact_ended",
        Resolved = "resolved",
        Closed = "closed",
    }

    /// Kinds of timeline entries.
    EntryKind {
        AlertOpened = "alert_opened",
        AlertJoined = "alert_joined",
        AlertResolved = "alert_resolved",
        Opened = "opened",
        Reopened = "reopened",
        Declared = "declared",
        UrgencyChanged = "urgency_changed",
        SeverityChanged = "severity_changed",
        TitleChanged = "title_changed",
        PhaseChanged = "phase_changed",
        EscalationStarted = "escalation_started",
        StepExecuted = "step_executed",
        StepSkipped = "step_skipped",
        Repeated = "repeated",
        LastResort = "last_resort",
        Paged = "paged",
        ResponderAccepted = "responder_accepted",
        ResponderDeclined = "responder_declined",
        NotificationSent = "notification_sent",
        NotificationDelivered = "notification_delivered",
        NotificationFailed = "notification_failed",
        Acknowledged = "acknowledged",
        Unacknowledged = "unacknowledged",
        AckTimeout = "ack_timeout",
        Snoozed = "snoozed",
        SnoozeEnded = "snooze_ended",
        Escalated = "escalated",
        Reassigned = "reassigned",
        Resolved = "resolved",
        Closed = "closed",
        Note = "note",
        RoleAssigned = "role_assigned",
        RoleReleased = "role_released",
        HandoverProposed = "handover_proposed",
        HandoverAccepted = "handover_accepted",
        HandoverDeclined = "handover_declined",
        HandoverExpired = "handover_expired",
        StatusUpdate = "status_update",
        PostmortemStarted = "postmortem_started",
        KeyMomentSet = "key_moment_set",
        /// Further incidents of a service are collected in one (PAGING.md §2.4).
        Storm = "storm",
        /// An alert comes and goes, or has stopped doing so (PAGING.md §1.10).
        Flapping = "flapping",
        /// Paging rests until a maintenance window or silence ends (PAGING.md §3.3).
        PagingPaused = "paging_paused",
        /// A suppressed alert pages after all.
        SuppressionEnded = "suppression_ended",
        /// The source of an alert went silent; the alert stays open.
        SourceSilent = "source_silent",
        /// Something was changed, or broken on purpose, while the incident was open.
        Changed = "changed",
    }

    /// Where a person's action came from.
    Origin {
        Web = "web",
        Api = "api",
        /// By the signed link of a mail.
        Email = "email",
        /// By a mail in answer to one.
        EmailReply = "email_reply",
        Sms = "sms",
        Monitor = "monitor",
        System = "system",
        Cli = "cli",
    }

    /// Who sends: decides how requests are read. `formats::format` has one for each.
    IntegrationKind {
        PagerDuty = "pagerduty",
        Alertmanager = "alertmanager",
        Generic = "generic",
        Opsgenie = "opsgenie",
        Prometheus = "prometheus",
        Grafana = "grafana",
        Datadog = "datadog",
        NewRelic = "newrelic",
        Netdata = "netdata",
        Nobl9 = "nobl9",
        Nagios = "nagios",
        Icinga = "icinga",
        Checkmk = "checkmk",
        Zabbix = "zabbix",
        Monit = "monit",
        Splunk = "splunk",
        Elastic = "elastic",
        Sentry = "sentry",
        CloudWatch = "cloudwatch",
        Azure = "azure",
        GoogleCloud = "googlecloud",
        UptimeKuma = "uptimekuma",
        UptimeRobot = "uptimerobot",
        Pingdom = "pingdom",
        Healthchecks = "healthchecks",
        StatusCake = "statuscake",
        Updown = "updown",
        Prtg = "prtg",
        LibreNms = "librenms",
        GitHub = "github",
        GitLab = "gitlab",
        Jenkins = "jenkins",
        CircleCi = "circleci",
        Spinnaker = "spinnaker",
        ArgoCd = "argocd",
        Flux = "flux",
        /// Changes by a plain call, and chaos experiments.
        Changes = "changes",
        CloudEvents = "cloudevents",
        StandardWebhooks = "standardwebhooks",
        /// Mails, by SMTP or by the webhook of a provider.
        Email = "email",
    }
}

impl ContactKind {
    /// As it stands in a sentence: by email, by SMS.
    pub const fn in_words(self) -> &'static str {
        match self {
            ContactKind::Email => "email",
            ContactKind::Sms => "SMS",
        }
    }
}
