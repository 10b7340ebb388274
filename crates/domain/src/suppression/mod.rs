//! What keeps an alert from paging: maintenance windows and silences (PAGING.md §3.3), inhibition
//! by another alert (§3.4), flapping (§1.10). A suppressed alert is recorded, shown, and looked at
//! again when what suppresses it ends.

mod about;
mod field;
mod inhibition;
mod matcher;
mod owner;
mod repeat;
#[cfg(test)]
mod tests;

use serde::{Deserialize, Serialize};

pub use about::about;
pub use field::Fields;
pub use inhibition::{EQUAL_MAX, Inhibition, SourceKey, wanted_sources};
pub use matcher::{MATCHERS_MAX, MatchOp, Matcher, MatcherError};
pub use owner::who_hears;
pub use repeat::{EVERY_MAX, MonthlyBy, Pattern, Regular, Repeat, RepeatKind, weekday_of};

use crate::alert::Alert;
use crate::directory::Directory;
use crate::routing::RuleName;
use crate::{IntegrationId, ServiceId, Span, SuppressionId, Timestamp, UserId, words};

/// Longest occurrence (PAGING.md §3.3).
pub const LENGTH_MAX: Span = Span::from_days(30);
/// Longest comment, in characters.
pub const COMMENT_MAX: usize = 2_000;
/// The owner hears so long before an occurrence ends (PAGING.md §3.3).
pub const NOTICE_BEFORE_END: Span = Span::from_hours(1);
/// Occurrences of a recurring window that are worked out ahead.
pub const OCCURRENCES_MAX: usize = 400;

words! {
    /// What suppresses an alert.
    SuppressionKind {
        /// Planned work on services.
        Maintenance = "maintenance",
        /// Alerts that match are not to page.
        Silence = "silence",
        /// Another alert explains it.
        Inhibition = "inhibition",
        /// It comes and goes.
        Flapping = "flapping",
        /// A rule of its global integration says so (PAGING.md §2.1).
        Rule = "rule",
    }
}

impl SuppressionKind {
    /// How long it lasts when nobody knows when it ends.
    pub fn open_end(self) -> &'static str {
        match self {
            SuppressionKind::Rule => "until that is changed",
            _ => "until that is resolved",
        }
    }

    /// As it stands in a sentence.
    pub const fn in_words(self) -> &'static str {
        match self {
            SuppressionKind::Maintenance => "the maintenance window",
            SuppressionKind::Silence => "the silence",
            SuppressionKind::Inhibition => "the alert",
            SuppressionKind::Flapping => "flapping",
            SuppressionKind::Rule => "the routing rule",
        }
    }
}

/// A maintenance window or a silence.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Suppression {
    pub id: SuppressionId,
    /// Maintenance or silence.
    pub kind: SuppressionKind,
    /// Alerts of any of these; empty: of all.
    pub services: Vec<ServiceId>,
    /// Alerts that came in by any of these; empty: by all.
    pub integrations: Vec<IntegrationId>,
    /// All must match.
    pub matchers: Vec<Matcher>,
    /// The first occurrence; the end is exclusive.
    pub starts_at: Timestamp,
    pub ends_at: Timestamp,
    /// An RRULE (RFC 5545) on the wall clock of `zone`; `None`: once.
    pub recurrence: Option<String>,
    /// IANA zone of the recurrence.
    pub zone: String,
    /// Occurrences as far as they were worked out, rising.
    pub occurrences: Vec<(Timestamp, Timestamp)>,
    pub comment: String,
    /// Who hears before the end; `None` when a token made it, see [`who_hears`].
    pub created_by: Option<UserId>,
    /// Who made it, in words.
    pub author: String,
    pub created_at: Timestamp,
}

impl Suppression {
    /// When the occurrence that holds at `at` ends. Occurrences that overlap or touch are one.
    pub fn active_until(&self, at: Timestamp) -> Option<Timestamp> {
        let begun = self.occurrences.partition_point(|(start, _)| *start <= at);
        let mut until = self.occurrences[..begun]
            .iter()
            .map(|(_, end)| *end)
            .filter(|end| *end > at)
            .max()?;
        for (start, end) in &self.occurrences[begun..] {
            if *start > until {
                break;
            }
            until = until.max(*end);
        }
        Some(until)
    }

    /// When the next occurrence after `at` begins.
    pub fn next_start(&self, at: Timestamp) -> Option<Timestamp> {
        self.occurrences
            .iter()
            .map(|(start, _)| *start)
            .find(|start| *start > at)
    }

    /// The end that its owner is to hear of at `at`: an hour before it (PAGING.md §3.3), unless the
    /// occurrence is no longer than that itself.
    pub fn notice_due(&self, at: Timestamp) -> Option<Timestamp> {
        let end = self.active_until(at)?;
        let begun = self
            .occurrences
            .iter()
            .filter(|(start, stop)| *start <= at && *stop > at)
            .map(|(start, _)| *start)
            .min()?;
        let due = end - NOTICE_BEFORE_END;
        (begun < due && due <= at).then_some(end)
    }

    /// Whether any of its occurrences is long enough that its end is told of beforehand.
    pub fn is_told_of(&self) -> bool {
        let mut occurrences = self.occurrences.iter();
        occurrences.any(|(start, end)| end.since(*start) > NOTICE_BEFORE_END)
    }

    /// When to ask again whether a notice is due.
    pub fn next_notice(&self, at: Timestamp) -> Option<Timestamp> {
        self.occurrences
            .iter()
            .map(|(_, end)| *end - NOTICE_BEFORE_END)
            .filter(|due| *due > at)
            .min()
    }

    /// Whether nothing of it is left at `at`.
    pub fn is_over(&self, at: Timestamp) -> bool {
        self.occurrences.iter().all(|(_, end)| *end <= at)
    }

    /// Whether alerts of the service may be among those that it holds back.
    pub fn concerns(&self, service: ServiceId) -> bool {
        self.services.is_empty() || self.services.contains(&service)
    }

    /// `the maintenance window “Kernel updates”`.
    pub fn named(&self) -> String {
        format!("{} “{}”", self.kind.in_words(), self.comment)
    }

    /// Whether it holds back every alert of the service.
    pub fn holds_all_of(&self, service: ServiceId) -> bool {
        self.services.contains(&service) && self.integrations.is_empty() && self.matchers.is_empty()
    }

    /// The occurrences that are not over at `at`, the first `limit` of them.
    pub fn upcoming(&self, at: Timestamp, limit: usize) -> Vec<(Timestamp, Timestamp)> {
        let left = self.occurrences.iter().filter(|(_, end)| *end > at);
        left.take(limit).copied().collect()
    }

    pub fn matches(
        &self,
        service: ServiceId,
        integration: IntegrationId,
        fields: &Fields<'_>,
    ) -> bool {
        self.concerns(service)
            && (self.integrations.is_empty() || self.integrations.contains(&integration))
            && self.matchers.iter().all(|matcher| matcher.matches(fields))
    }

    /// Whether it names nothing and so would match every alert.
    pub fn matches_everything(&self) -> bool {
        self.services.is_empty()
            && self.integrations.is_empty()
            && self.matchers.iter().all(Matcher::matches_nothing_said)
    }
}

/// What keeps an alert from paging; stored with the alert.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Suppressed {
    pub kind: SuppressionKind,
    /// The maintenance window, silence or routing rule, or the alert that inhibits; none when it
    /// flaps.
    pub by: Option<i64>,
    /// When it is looked at again; `None`: when the inhibiting alert is resolved, or the rule is
    /// changed.
    pub until: Option<Timestamp>,
    /// `the maintenance window “Kernel updates”`.
    pub name: String,
}

impl Suppressed {
    /// `suppressed by the silence “Known noise” until 2026-03-15T12:00:00Z`.
    pub fn in_words(&self) -> String {
        match (self.kind, self.until) {
            (SuppressionKind::Flapping, Some(until)) => format!(
                "suppressed because it flaps, until it has been stable for 10 min ({} at the \
                 earliest)",
                until.to_seconds_string()
            ),
            (_, Some(until)) => {
                format!(
                    "suppressed by {} until {}",
                    self.name,
                    until.to_seconds_string()
                )
            }
            (kind, None) => format!("suppressed by {} {}", self.name, kind.open_end()),
        }
    }
}

impl Suppressed {
    /// By a rule of the alert's global integration.
    pub fn by_rule(rule: &RuleName) -> Suppressed {
        Suppressed {
            kind: SuppressionKind::Rule,
            by: Some(rule.id.0),
            until: None,
            name: format!("{} “{}”", SuppressionKind::Rule.in_words(), rule.name),
        }
    }
}

/// The window or silence that keeps an alert from paging at `at`: the one that does so longest.
pub fn judge(
    directory: &Directory,
    service: ServiceId,
    integration: IntegrationId,
    fields: &Fields<'_>,
    at: Timestamp,
) -> Option<Suppressed> {
    directory
        .suppressions
        .values()
        .filter_map(|one| Some((one.active_until(at)?, one)))
        .filter(|(_, one)| one.matches(service, integration, fields))
        .max_by_key(|(until, one)| (*until, std::cmp::Reverse(one.id)))
        .map(|(until, one)| Suppressed {
            kind: one.kind,
            by: Some(one.id.0),
            until: Some(until),
            name: one.named(),
        })
}

/// Why paging for an incident rests, and how long.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pause {
    pub until: Timestamp,
    pub why: String,
}

/// Whether anything active at `at` could match alerts of the service: only then its incidents'
/// alerts need be read for [`pause`].
pub fn may_pause(directory: &Directory, service: ServiceId, at: Timestamp) -> bool {
    directory
        .suppressions
        .values()
        .any(|one| one.concerns(service) && one.active_until(at).is_some())
}

/// The pause of whatever incident of the service has open alerts, where what holds longest holds
/// all of its alerts: then none of them need be read for [`pause`].
pub fn pause_of_all(directory: &Directory, service: ServiceId, at: Timestamp) -> Option<Pause> {
    let (until, longest) = directory
        .suppressions
        .values()
        .filter(|one| one.concerns(service))
        .filter_map(|one| Some((one.active_until(at)?, one)))
        .max_by_key(|(until, one)| {
            let all = one.holds_all_of(service);
            (*until, all, std::cmp::Reverse(one.id))
        })?;
    longest.holds_all_of(service).then(|| Pause {
        until,
        why: longest.named(),
    })
}

/// Whether paging for an incident rests, asked alert by alert: those of a storm need not be held
/// all at once.
#[derive(Clone, Debug, Default)]
pub struct Rest {
    /// What lets go first.
    first: Option<Suppressed>,
}

impl Rest {
    /// Whether the open alert is held back; if not, nothing rests, whatever the others are.
    pub fn holds(
        &mut self,
        directory: &Directory,
        service: ServiceId,
        alert: &Alert,
        at: Timestamp,
    ) -> bool {
        let fields = Fields::of_alert(alert);
        let Some(by) = judge(directory, service, alert.integration_id, &fields, at) else {
            return false;
        };
        let first = self.first.as_ref();
        if first.is_none_or(|first| by.until < first.until) {
            self.first = Some(by);
        }
        true
    }

    /// The pause, once every open alert is held back.
    pub fn pause(self) -> Option<Pause> {
        let by = self.first?;
        Some(Pause {
            until: by.until?,
            why: by.name,
        })
    }
}

/// A running escalation rests while every open alert of its incident is suppressed (PAGING.md
/// §3.3), until the first of them would page again. An incident without open alerts was opened by
/// people, or is theirs by now, and does not rest.
pub fn pause(
    directory: &Directory,
    service: ServiceId,
    open: &[Alert],
    at: Timestamp,
) -> Option<Pause> {
    let mut rest = Rest::default();
    for alert in open {
        if !rest.holds(directory, service, alert, at) {
            return None;
        }
    }
    rest.pause()
}
