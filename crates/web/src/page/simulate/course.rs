//! Shows a course: instant by instant, with a picture and a colour for each kind of event.

use domain::directory::Directory;
use domain::what_if::{Course, End, EventKind, Fate};
use domain::word::{EntryKind, PagingState};
use domain::{Span, Timestamp};
use engine::what_if::Told;
use jiff::tz::TimeZone;

use crate::page::choice;
use crate::view::Link;
use crate::view::simulate::{CourseShown, EventShown, Instant};

pub fn shown(told: &Told, zone: &TimeZone) -> CourseShown {
    let (course, directory) = (&told.course, &*told.directory);
    let begin = told.scenario.at;
    let mut instants: Vec<Instant> = Vec::new();
    // On the night on which the clock changes, 02:10 may come after 02:30.
    let named = |at: Timestamp| at.in_zone(zone).strftime("%Z").to_string();
    let last = course.events.last().map_or(begin, |event| event.at);
    let changes = named(begin) != named(last);
    for event in &course.events {
        let (icon, tone) = look(event.kind);
        let why = match event.kind {
            EventKind::Page(id) => course
                .page(id)
                .map(|page| page.reason.sentence(directory.user_name(page.user), zone)),
            EventKind::Held(Some(until)) => {
                let local = until.in_zone(zone).strftime("%a %-d %b %H:%M %Z");
                Some(format!("Until {local}; if it still fires then, it pages."))
            }
            _ => None,
        };
        let shown = EventShown {
            icon,
            tone,
            text: event.text.clone(),
            why,
        };
        match instants.last_mut() {
            Some(last) if last.at == event.at => last.events.push(shown),
            _ => instants.push(Instant {
                at: event.at,
                after: event.at.since(begin),
                clock: changes.then(|| named(event.at)),
                events: vec![shown],
            }),
        }
    }
    let service = directory.service(told.scenario.service);
    CourseShown {
        service: match service {
            Some(service) if service.id.0 > 0 => Link {
                label: service.name.clone(),
                href: format!("/services/{}", service.slug),
            },
            other => Link {
                label: other
                    .map_or("a service", |one| one.name.as_str())
                    .to_owned(),
                href: "/services".to_owned(),
            },
        },
        policy: service
            .and_then(|service| service.policy_id)
            .and_then(|id| choice::policy_link(directory, Some(id)))
            .filter(|link| link.href != "/policies/"),
        started_at: begin,
        first: first(course, directory, told),
        pages: course.pages.len(),
        messages: course
            .messages
            .iter()
            .filter(|one| one.accepted_at.is_some())
            .count(),
        end: end(course, directory, told),
        unreachable: course
            .incident
            .as_ref()
            .is_some_and(|incident| incident.unreachable),
        instants,
    }
}

fn first(course: &Course, directory: &Directory, told: &Told) -> Option<String> {
    let message = course.first_message()?;
    let after = match message.accepted_at?.since(told.scenario.at) {
        Span::ZERO => "at once".to_owned(),
        after => format!("after {after}"),
    };
    Some(format!(
        "{} by {}, {after}",
        directory.user_name(message.user),
        message.channel.in_words()
    ))
}

fn end(course: &Course, directory: &Directory, told: &Told) -> String {
    let who = |id: Option<domain::UserId>| {
        id.map_or("Somebody", |id| directory.user_name(id))
            .to_owned()
    };
    let after = course.ended_at.since(told.scenario.at);
    let Some(incident) = &course.incident else {
        return match course.events.last().map(|event| event.kind) {
            Some(EventKind::Held(None)) => {
                "Nobody is paged as long as that holds it back.".to_owned()
            }
            _ => "It is held back for longer than 31 days: nobody is paged.".to_owned(),
        };
    };
    match (course.end, incident.paging) {
        (End::Joined, _) => format!("It is one more alert of {}.", incident.label()),
        (End::Horizon, PagingState::Triggered) => {
            format!("Nobody has answered after {after}. Paging goes on.")
        }
        (End::Horizon | End::Answered, PagingState::Acknowledged) => {
            format!("{} has acknowledged.", who(incident.acknowledged_by))
        }
        (End::Length, _) => {
            format!("There is more than can be listed: shown are the first {after}.")
        }
        (_, PagingState::Resolved) => {
            format!("{} has resolved the incident.", who(incident.resolved_by))
        }
        (_, PagingState::Acknowledged) => format!(
            "{} has acknowledged, and nothing further happens.",
            who(incident.acknowledged_by)
        ),
        (_, PagingState::Triggered) => {
            "Nothing further happens: low urgency tells people once and goes no further.".to_owned()
        }
    }
}

/// Picture and tone of an event.
fn look(kind: EventKind) -> (&'static str, &'static str) {
    match kind {
        EventKind::Timeline(entry) => match entry {
            EntryKind::Opened => ("flame", "ev-alarm"),
            EntryKind::StepExecuted => ("stairs-up", "ev-step"),
            EntryKind::StepSkipped => ("alert-triangle", "ev-warn"),
            EntryKind::Repeated | EntryKind::EscalationStarted => ("refresh", "ev-quiet"),
            EntryKind::LastResort => ("urgent", "ev-alarm"),
            EntryKind::Acknowledged => ("user-check", "ev-held"),
            EntryKind::AckTimeout => ("clock", "ev-warn"),
            EntryKind::Escalated => ("arrow-up", "ev-step"),
            EntryKind::Resolved => ("circle-check", "ev-fine"),
            EntryKind::PagingPaused | EntryKind::SuppressionEnded => ("clock-pause", "ev-quiet"),
            EntryKind::UrgencyChanged => ("arrow-up", "ev-warn"),
            _ => ("note", "ev-quiet"),
        },
        EventKind::Page(_) => ("bell-ringing", "ev-step"),
        EventKind::Message(_, fate) => match fate {
            Fate::Sent => ("send", "ev-fine"),
            Fate::Failed | Fate::GivenUp => ("alert-triangle", "ev-alarm"),
            Fate::Cancelled => ("circle-x", "ev-quiet"),
            Fate::Bundled | Fate::PutOff => ("clock-pause", "ev-quiet"),
        },
        EventKind::Post(_) => ("send", "ev-step"),
        EventKind::Held(_) => ("volume-off", "ev-quiet"),
        EventKind::Joined => ("link", "ev-quiet"),
        EventKind::Routed => ("arrow-up-right", "ev-quiet"),
        EventKind::Answer(..) => ("user", "ev-held"),
        EventKind::MethodBroken(_) => ("bell-off", "ev-alarm"),
    }
}
