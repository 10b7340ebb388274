//! Alerts: one deduplicated condition each (PAGING.md §1.2).

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::routing::Route;
use crate::signal::{Image, Link, Signal};
use crate::suppression::Suppressed;
use crate::word::{AlertSeverity, AlertStatus};
use crate::{AlertId, IncidentId, IntegrationId, Span, Timestamp};

/// What makes two signals speak of the same condition: the first 16 bytes of a SHA-256 over the
/// integration and the dedup key. Shorter and of one length, so that its index stays small.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Identity(pub [u8; 16]);

impl Identity {
    pub fn of(integration: IntegrationId, dedup_key: &str) -> Identity {
        let mut hash = Sha256::new();
        hash.update(integration.0.to_be_bytes());
        hash.update(dedup_key.as_bytes());
        let mut short = [0; 16];
        short.copy_from_slice(&hash.finalize()[..16]);
        Identity(short)
    }
}

impl std::fmt::Debug for Identity {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        for byte in self.0 {
            write!(f, "{byte:02x}")?;
        }
        Ok(())
    }
}

/// One deduplicated condition of a monitor.
#[derive(Clone, Debug, PartialEq)]
pub struct Alert {
    pub id: AlertId,
    pub identity: Identity,
    pub integration_id: IntegrationId,
    /// How rules brought it to its service; `None`: it is of the integration's own.
    pub route: Option<Route>,
    /// `None` while it is suppressed, or when it was resolved before it ever paged.
    pub incident_id: Option<IncidentId>,
    pub dedup_key: String,
    pub status: AlertStatus,
    /// The newest text: each trigger replaces it (PAGING.md §1.3).
    pub text: AlertText,
    /// The first text, once a newer one has replaced it.
    pub first_text: Option<AlertText>,
    /// As its monitor gave it.
    pub group_key: Option<String>,
    /// Triggers so far; never stops counting.
    pub count: i64,
    pub first_seen: Timestamp,
    pub last_seen: Timestamp,
    /// When the monitor says it happened, as of its newest message.
    pub monitor_time: Option<Timestamp>,
    pub resolved_at: Option<Timestamp>,
    /// What keeps it from paging.
    pub suppressed: Option<Suppressed>,
    /// When the condition is over unless it is heard of again.
    pub ends_at: Option<Timestamp>,
    /// When it must be looked at again at the latest. A repeat that moves `ends_at` on leaves this
    /// alone, so that it stays a small write: looking finds that there is time.
    pub check_at: Option<Timestamp>,
    pub flaps: Option<Flaps>,
}

/// More open/resolved changes than this within [`FLAP_WINDOW`] are flapping (PAGING.md §1.10).
pub const FLAP_CHANGES: usize = 4;
/// Also how long it must have been stable to have stopped.
pub const FLAP_WINDOW: Span = Span::from_minutes(10);

/// When an identity was opened and resolved lately; handed on from one alert to the next.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Flaps {
    /// Rising; those within the window of the newest.
    pub changes: Vec<Timestamp>,
    /// It flaps, and has stopped if nothing changes until then.
    pub until: Option<Timestamp>,
    /// People were paged for its flapping.
    pub paged: bool,
}

impl Flaps {
    /// The identity was opened or resolved.
    fn changed(&mut self, now: Timestamp) {
        self.changes
            .retain(|at| *at <= now && now.since(*at) < FLAP_WINDOW);
        if self.until.is_some_and(|until| until <= now) {
            *self = Flaps::default();
        }
        self.changes.push(now);
        // One more than decides is all that is ever looked at.
        let extra = self.changes.len().saturating_sub(FLAP_CHANGES + 1);
        self.changes.drain(..extra);
        if self.until.is_some() {
            self.until = Some(now + FLAP_WINDOW);
        }
    }

    /// An alert of the identity is opened. True when it begins to flap with that.
    pub fn opened(&mut self, now: Timestamp) -> bool {
        self.changed(now);
        let begins = self.until.is_none() && self.changes.len() > FLAP_CHANGES;
        if begins {
            self.until = Some(now + FLAP_WINDOW);
        }
        begins
    }

    pub fn resolved(&mut self, now: Timestamp) {
        self.changed(now);
    }

    /// Whether it flaps and people know: they are told nothing more until it is stable.
    pub fn is_silent(&self, now: Timestamp) -> bool {
        self.paged && self.until.is_some_and(|until| now < until)
    }
}

impl Alert {
    /// The alert that a trigger opens, before it is known where it belongs.
    pub fn opened(
        id: AlertId,
        integration: IntegrationId,
        signal: &Signal,
        now: Timestamp,
    ) -> Alert {
        Alert {
            id,
            identity: Identity::of(integration, &signal.dedup_key),
            integration_id: integration,
            route: None,
            incident_id: None,
            dedup_key: signal.dedup_key.clone(),
            status: AlertStatus::Open,
            text: AlertText::of(signal),
            first_text: None,
            group_key: signal.group_key.clone(),
            count: 1,
            first_seen: now,
            last_seen: now,
            monitor_time: signal.monitor_time,
            resolved_at: None,
            suppressed: None,
            ends_at: signal.ends_at,
            check_at: None,
            flaps: None,
        }
    }

    /// The group that decides about its incident: its monitor's, unless a rule gave it another.
    pub fn group(&self) -> Option<&str> {
        let routed = self
            .route
            .as_ref()
            .and_then(|route| route.group_key.as_deref());
        match routed {
            Some(group) => Some(group).filter(|group| !group.is_empty()),
            None => self.group_key.as_deref(),
        }
    }

    /// What holds it back, so that it is found when that ends.
    pub fn held_by(&self) -> Option<i64> {
        self.suppressed.as_ref().and_then(|one| one.by)
    }

    /// When something about it changes by itself.
    pub fn next_check(&self) -> Option<Timestamp> {
        let until = self.suppressed.as_ref().and_then(|one| one.until);
        let flaps = self.flaps.as_ref().and_then(|flaps| flaps.until);
        match self.status {
            AlertStatus::Open => [until, self.ends_at, flaps].into_iter().flatten().min(),
            // Its incident may wait for it to be stable.
            AlertStatus::Resolved => flaps,
        }
    }
}

/// What a monitor says about a condition.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct AlertText {
    pub severity: AlertSeverity,
    pub summary: String,
    pub source: String,
    pub component: Option<String>,
    pub group: Option<String>,
    pub class: Option<String>,
    pub details: serde_json::Value,
    pub links: Vec<Link>,
    pub images: Vec<Image>,
}

impl AlertText {
    /// Whether a signal says the very same.
    pub fn says(&self, signal: &Signal) -> bool {
        let AlertText {
            severity,
            summary,
            source,
            component,
            group,
            class,
            details,
            links,
            images,
        } = self;
        *severity == signal.severity
            && *summary == signal.summary
            && *source == signal.source
            && *component == signal.component
            && *group == signal.group
            && *class == signal.class
            && *details == signal.details
            && *links == signal.links
            && *images == signal.images
    }

    pub fn of(signal: &Signal) -> AlertText {
        AlertText {
            severity: signal.severity,
            summary: signal.summary.clone(),
            source: signal.source.clone(),
            component: signal.component.clone(),
            group: signal.group.clone(),
            class: signal.class.clone(),
            details: signal.details.clone(),
            links: signal.links.clone(),
            images: signal.images.clone(),
        }
    }
}
