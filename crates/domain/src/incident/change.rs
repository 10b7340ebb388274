//! A decision in the making: what each kind of change does to the incident, and what follows.

use serde_json::json;

use super::{Actor, Effect, Incident, Refusal};
use crate::Timestamp;
use crate::channel::ChannelEvent;
use crate::directory::Directory;
use crate::lifecycle;
use crate::service::ServiceSettings;
use crate::word::{EntryKind, KeyMoment, PagingState, Phase, TimerKind, Urgency};

/// A decision in the making. Also used by [`crate::dedup`], for what monitors do.
pub(crate) struct Change {
    pub(crate) incident: Incident,
    pub(crate) effects: Vec<Effect>,
    pub(crate) now: Timestamp,
}

impl Change {
    pub(crate) fn entry(&mut self, kind: EntryKind, text: String) {
        self.effects.push(Effect::Entry {
            kind,
            text,
            details: serde_json::Value::Null,
        });
    }

    /// Whoever was paged, and the channels that were told, hear of it.
    fn tell(&mut self, event: ChannelEvent, text: String) {
        self.effects.push(Effect::TellPaged { text: text.clone() });
        self.effects.push(Effect::TellChannels { event, text });
    }

    pub(super) fn must_be_open(&self) -> Result<(), Refusal> {
        if self.incident.is_open() {
            Ok(())
        } else {
            Err(Refusal::Resolved)
        }
    }

    pub(crate) fn acknowledge(
        &mut self,
        actor: Actor,
        who: &str,
        settings: &ServiceSettings,
        directory: &Directory,
    ) -> Result<(), Refusal> {
        self.must_be_open()?;
        let again = self.incident.paging == PagingState::Acknowledged;
        if again && self.incident.acknowledged_by == actor.user {
            return Ok(());
        }
        let text = match self.incident.acknowledged_by.filter(|_| again) {
            Some(other) => {
                format!(
                    "{who} acknowledged, taking over from {}",
                    directory.user_name(other)
                )
            }
            None => format!("{who} acknowledged"),
        };
        self.effects.push(Effect::StopRun);
        // First, since a request that is open keeps its messages.
        self.effects.push(Effect::AcceptRequest);
        self.effects.push(Effect::CancelNotifications);
        self.entry(EntryKind::Acknowledged, text.clone());
        self.incident.paging = PagingState::Acknowledged;
        self.incident.acknowledged_at = Some(self.now);
        self.incident.acknowledged_by = actor.user;
        self.incident.snoozed_until = None;
        self.effects.push(Effect::Disarm {
            kind: TimerKind::SnoozeEnd,
        });
        match settings.ack_timeout(self.incident.urgency) {
            Some(timeout) => self.effects.push(Effect::Arm {
                kind: TimerKind::AckTimeout,
                at: self.now + timeout,
            }),
            None => self.effects.push(Effect::Disarm {
                kind: TimerKind::AckTimeout,
            }),
        }
        if actor.user.is_some() {
            // Time to acknowledge counts the first human answer (INCIDENTS.md §3).
            self.effects.push(Effect::Moment {
                moment: KeyMoment::Acknowledged,
            });
        }
        self.tell(ChannelEvent::Acknowledged, text);
        Ok(())
    }

    /// Somebody who was asked to help answers. An incident that nobody in particular holds, since
    /// a token opened it, is theirs when they accept.
    pub(super) fn answer(&mut self, actor: Actor, accept: bool, reason: String) {
        if accept
            && self.incident.paging == PagingState::Acknowledged
            && self.incident.acknowledged_by.is_none()
        {
            self.incident.acknowledged_by = actor.user;
            self.incident.acknowledged_at = Some(self.now);
            self.effects.push(Effect::Disarm {
                kind: TimerKind::AckTimeout,
            });
        }
        self.effects.push(Effect::Answer { accept, reason });
    }

    pub(super) fn snooze(&mut self, actor: Actor, who: &str, until: Timestamp) {
        self.effects.push(Effect::StopRun);
        self.effects.push(Effect::AcceptRequest);
        self.effects.push(Effect::CancelNotifications);
        self.effects.push(Effect::Entry {
            kind: EntryKind::Snoozed,
            text: format!("{who} snoozed the incident for {}", until.since(self.now)),
            details: json!({ "until": until }),
        });
        self.incident.paging = PagingState::Acknowledged;
        self.incident.acknowledged_at = Some(self.now);
        self.incident.acknowledged_by = actor.user;
        self.incident.snoozed_until = Some(until);
        self.effects.push(Effect::Disarm {
            kind: TimerKind::AckTimeout,
        });
        self.effects.push(Effect::Arm {
            kind: TimerKind::SnoozeEnd,
            at: until,
        });
        if actor.user.is_some() {
            self.effects.push(Effect::Moment {
                moment: KeyMoment::Acknowledged,
            });
        }
        let text = format!("{who} snoozed the incident for {}", until.since(self.now));
        self.tell(ChannelEvent::Acknowledged, text);
    }

    pub(super) fn unacknowledge(&mut self) {
        if self.incident.paging == PagingState::Acknowledged {
            self.incident.triggered_at = self.now;
        }
        self.incident.paging = PagingState::Triggered;
        self.incident.acknowledged_at = None;
        self.incident.acknowledged_by = None;
        self.incident.snoozed_until = None;
        self.effects.push(Effect::Disarm {
            kind: TimerKind::AckTimeout,
        });
        self.effects.push(Effect::Disarm {
            kind: TimerKind::SnoozeEnd,
        });
    }

    /// Back to triggered, from step 1, paging whoever had acknowledged as well (PAGING.md §4.7).
    pub(super) fn trigger_again(&mut self) {
        let also_page = self.incident.acknowledged_by.into_iter().collect();
        self.unacknowledge();
        self.effects.push(Effect::StartRun { also_page });
    }

    /// What is still open when hours begin becomes high (PAGING.md §3.1).
    pub(super) fn support_hours_began(&mut self, settings: &ServiceSettings) {
        if !self.incident.is_open() || self.incident.urgency == Urgency::High {
            return;
        }
        let severity = self.incident.alert_severity;
        if settings.urgency_of(severity, self.now) == Urgency::Low {
            // The hours were moved meanwhile.
            if let Some(at) = settings.raise_at(severity, self.now) {
                self.effects.push(Effect::Arm {
                    kind: TimerKind::SupportHours,
                    at,
                });
            }
            return;
        }
        self.incident.urgency = Urgency::High;
        self.effects.push(Effect::Entry {
            kind: EntryKind::UrgencyChanged,
            text: "Support hours began and it is still open: the urgency is high now".into(),
            details: json!({ "from": Urgency::Low, "to": Urgency::High }),
        });
        self.effects.push(match self.incident.paging {
            PagingState::Acknowledged => Effect::TellAcknowledger {
                text: "Support hours began: the urgency is high now".into(),
            },
            _ => Effect::StartRun { also_page: vec![] },
        });
    }

    pub(crate) fn resolve(&mut self, actor: Actor, text: String) {
        self.effects.push(Effect::StopRun);
        self.effects.push(Effect::EndRequests);
        self.effects.push(Effect::CancelNotifications);
        self.effects.push(Effect::ResolveAlerts);
        self.entry(EntryKind::Resolved, text.clone());
        self.finish(actor, Phase::Resolved);
        self.effects.push(Effect::Moment {
            moment: KeyMoment::Resolved,
        });
        self.tell(ChannelEvent::Resolved, text);
    }

    fn finish(&mut self, actor: Actor, phase: Phase) {
        self.incident.paging = PagingState::Resolved;
        self.incident.phase = phase;
        self.incident.resolved_at = Some(self.now);
        self.incident.resolved_by = actor.user;
        self.incident.snoozed_until = None;
        self.incident.next_update_due = None;
        if let Some(gathering) = &mut self.incident.gathering {
            gathering.quiet_until = None;
        }
        self.incident.open_alerts = 0;
        self.effects.push(Effect::Disarm {
            kind: TimerKind::AckTimeout,
        });
        self.effects.push(Effect::Disarm {
            kind: TimerKind::SnoozeEnd,
        });
    }

    pub(crate) fn reopen(&mut self, text: String) {
        self.incident.paging = PagingState::Triggered;
        self.incident.phase = lifecycle::reopened_phase(self.incident.is_declared());
        self.incident.triggered_at = self.now;
        self.incident.acknowledged_at = None;
        self.incident.acknowledged_by = None;
        self.incident.resolved_at = None;
        self.incident.resolved_by = None;
        self.entry(EntryKind::Reopened, text);
        self.effects.push(Effect::StartRun { also_page: vec![] });
    }

    pub(super) fn change_phase(
        &mut self,
        actor: Actor,
        who: &str,
        to: Phase,
        reason: Option<&str>,
    ) -> Result<(), Refusal> {
        let from = self.incident.phase;
        let declared = self.incident.is_declared();
        lifecycle::change_phase(from, to, declared, reason)?;
        lifecycle::severity_allows(to, declared, self.incident.severity)?;
        if to == Phase::Resolved {
            self.resolve(actor, format!("{who} resolved the incident"));
            return Ok(());
        }
        if lifecycle::is_reopening(from, to) {
            let why = reason.unwrap_or_default().trim();
            self.reopen(format!("{who} reopened the incident: {why}"));
            self.incident.phase = to;
            return Ok(());
        }
        let follows = lifecycle::phase_effects(from, to);
        let why = reason.map(str::trim).filter(|text| !text.is_empty());
        self.effects.push(Effect::Entry {
            kind: follows.entry,
            text: match why {
                Some(why) => format!("{who} changed the phase from {from} to {to}: {why}"),
                None => format!("{who} changed the phase from {from} to {to}"),
            },
            details: json!({ "from": from, "to": to, "reason": why }),
        });
        for moment in follows.moments {
            self.effects.push(Effect::Moment { moment });
        }
        self.incident.phase = to;
        if follows.paging == Some(PagingState::Resolved) && self.incident.is_open() {
            self.effects.push(Effect::StopRun);
            self.effects.push(Effect::EndRequests);
            self.effects.push(Effect::CancelNotifications);
            self.effects.push(Effect::ResolveAlerts);
            self.finish(actor, to);
            self.effects.push(Effect::TellChannels {
                event: ChannelEvent::Resolved,
                text: match why {
                    Some(why) => format!("{who} changed the phase from {from} to {to}: {why}"),
                    None => format!("{who} changed the phase from {from} to {to}"),
                },
            });
        }
        if follows.ends_roles {
            self.effects.push(Effect::EndRoles);
        }
        Ok(())
    }
}
