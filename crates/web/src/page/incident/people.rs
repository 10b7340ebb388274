//! Who was paged, why, and how far each message got (PAGING.md §6.7, §6.10).

use domain::directory::Directory;
use domain::escalation::Reason;
use domain::word::{ContactKind, EntryKind, NotificationKind, NotificationState, ResponderState};
use domain::{Timestamp, UserId};
use jiff::tz::TimeZone;
use store::escalation::Page;
use store::notification::Notification;

use super::scene::Scene;
use crate::page::{choice, name};
use crate::view::incident::{AskedPerson, Evidence, PagedPerson};

/// Who looks, and how.
pub struct Looker<'a> {
    pub id: UserId,
    pub zone: &'a TimeZone,
    /// Administrators see whole addresses.
    pub admin: bool,
}

/// Everybody who was paged, in the order of their first page.
pub fn people(scene: &Scene, directory: &Directory, looker: &Looker<'_>) -> Vec<PagedPerson> {
    let mut order: Vec<UserId> = Vec::new();
    for page in &scene.pages {
        if !order.contains(&page.user_id) {
            order.push(page.user_id);
        }
    }
    order
        .into_iter()
        .filter_map(|user| person(scene, directory, looker, user))
        .collect()
}

fn person(
    scene: &Scene,
    directory: &Directory,
    looker: &Looker<'_>,
    user: UserId,
) -> Option<PagedPerson> {
    let pages: Vec<&Page> = scene
        .pages
        .iter()
        .filter(|page| page.user_id == user)
        .collect();
    let first = pages.first()?;
    let whole = looker.admin || looker.id == user;
    let mut notifications: Vec<&Notification> = scene
        .notifications
        .iter()
        .filter(|row| row.user_id == Some(user) && row.kind == NotificationKind::Page)
        .collect();
    notifications.reverse();
    Some(PagedPerson {
        person: choice::person(directory, user),
        first_at: first.created_at,
        why: why(scene, directory, looker, user, &pages),
        acknowledged_at: acknowledged_at(scene, user),
        notifications: notifications
            .into_iter()
            .map(|row| evidence(row, whole))
            .collect(),
    })
}

/// Everybody who was asked to help, oldest first.
pub fn asked(scene: &Scene, directory: &Directory, viewer: UserId) -> Vec<AskedPerson> {
    scene
        .responders
        .iter()
        .map(|one| AskedPerson {
            person: choice::person(directory, one.user),
            by: one
                .asked_by
                .map_or("The API", |user| directory.user_name(user))
                .to_owned(),
            at: one.asked_at,
            message: one.message.clone(),
            state: one.state,
            reason: one.reason.clone(),
            answered_at: one.answered_at,
            mine: one.user == viewer && one.state == ResponderState::Asked,
        })
        .collect()
}

/// When the person acknowledged last, as the timeline tells.
fn acknowledged_at(scene: &Scene, user: UserId) -> Option<Timestamp> {
    if scene.incident.acknowledged_by == Some(user) {
        return scene.incident.acknowledged_at;
    }
    scene
        .entries
        .iter()
        .rev()
        .find(|entry| entry.kind == EntryKind::Acknowledged && entry.actor_id == Some(user))
        .map(|entry| entry.occurred_at)
}

/// Signal → rule → service → policy step → schedule → notification rules.
fn why(
    scene: &Scene,
    directory: &Directory,
    looker: &Looker<'_>,
    user: UserId,
    pages: &[&Page],
) -> Vec<String> {
    let mut chain = Vec::new();
    match &scene.first_alert {
        Some(alert) => {
            let door = directory
                .integration(alert.integration_id)
                .map_or("a former integration", |door| door.name.as_str());
            let text = alert.first_text.as_ref().unwrap_or(&alert.text);
            chain.push(format!("{door} received “{}”.", text.summary));
            if let Some(route) = &alert.route {
                chain.push(format!("It was sent to its service {}.", route.in_words()));
            }
        }
        None => chain.push("A person opened the incident.".to_owned()),
    }
    let service = scene
        .incident
        .service_id
        .and_then(|id| directory.service(id));
    if let Some(service) = service {
        chain.push(format!(
            "It belongs to the service {}; its urgency is {}.",
            service.name, scene.incident.urgency
        ));
    }
    let who = match looker.id == user {
        true => "you",
        false => directory.user_name(user),
    };
    let mut sentences: Vec<String> = Vec::new();
    for page in pages {
        let reason: Option<Reason> = serde_json::from_str(&page.reason).ok();
        let sentence = reason.map(|reason| reason.sentence(who, looker.zone));
        sentences.extend(sentence.filter(|text| !sentences.contains(text)));
    }
    chain.extend(sentences);
    if let Some(account) = directory.user(user)
        && let Some(page) = pages.last()
    {
        let own = account
            .rules
            .iter()
            .any(|rule| rule.urgency == page.urgency);
        let planned = domain::notification::plan(account, page.urgency, page.created_at);
        let methods: Vec<String> = planned
            .iter()
            .map(|one| {
                let word = one.kind.in_words();
                match one.due_at.since(page.created_at) {
                    domain::Span::ZERO => format!("{word} at once"),
                    delay => format!("{word} after {delay}"),
                }
            })
            .collect();
        if methods.is_empty() {
            chain.push("No contact method is verified: no message could go out.".to_owned());
        } else {
            let whose = if own { "Own rules" } else { "Default rules" };
            chain.push(format!(
                "{whose} for {} urgency: {}.",
                page.urgency,
                methods.join(", ")
            ));
        }
    }
    chain
}

/// How far a message got.
pub fn evidence(row: &Notification, whole: bool) -> Evidence {
    // Pages go to contact methods only.
    let kind = row.channel.contact().unwrap_or(ContactKind::Email);
    // Every provider names what it takes.
    let kept = row.accepted_at.is_some() && row.provider_id.is_none();
    let reached = [
        (
            NotificationState::Sending,
            row.first_attempt_at.filter(|_| !kept),
        ),
        (
            NotificationState::Accepted,
            row.accepted_at.filter(|_| !kept),
        ),
        (NotificationState::Delivered, row.delivered_at),
        (NotificationState::Answered, row.answered_at),
    ];
    Evidence {
        id: row.id,
        kind,
        address: name::shown_address(kind, &row.address, whole),
        state: row.state,
        kept: kept && row.state == NotificationState::Accepted,
        reached: reached
            .into_iter()
            .filter_map(|(state, at)| Some((state, at?)))
            .collect(),
        attempts: u32::try_from(row.attempts).unwrap_or(u32::MAX),
        detail: row.last_error.clone(),
        next_at: (row.state == NotificationState::Planned).then_some(row.due_at),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use domain::NotificationId;
    use domain::word::Urgency;

    #[test]
    fn evidence_is_what_was_reached_in_order() {
        let at = Timestamp::from_seconds(1_000);
        let mut row = Notification::planned(
            NotificationId(7),
            NotificationKind::Page,
            ContactKind::Sms,
            "+4915112344217".into(),
            Urgency::High,
            at,
        );
        let planned = evidence(&row, false);
        assert!(planned.reached.is_empty());
        assert_eq!(planned.next_at, Some(at));
        assert_eq!(planned.address, "+49 ••• 4217");
        row.state = NotificationState::Delivered;
        row.first_attempt_at = Some(at);
        row.delivered_at = Some(at + domain::Span::from_seconds(3));
        let delivered = evidence(&row, true);
        let states: Vec<_> = delivered.reached.iter().map(|(state, _)| *state).collect();
        assert_eq!(
            states,
            [NotificationState::Sending, NotificationState::Delivered]
        );
        assert_eq!(delivered.next_at, None);
        assert_eq!(delivered.address, "+4915112344217");
    }
}
