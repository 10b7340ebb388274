//! The form of a service: what it stands for, and what is wrong with it.

use domain::directory::Directory;
use domain::policy::StepHours;
use domain::service::{HoursUrgency, Service, ServiceSettings, SupportHours};
use domain::word::AlertSeverity;
use domain::{PolicyId, Span, TeamId};
use engine::configuration::service::ServiceInput;

use crate::page::schedule::form::read_id;
use crate::page::{choice, complaint};
use crate::view::schedule::HoursRow;
use crate::view::service::ServiceFormPage;
use crate::view::{Form, Frame};

/// The form of a new service, with the settings that hold unless changed.
pub fn empty() -> Form {
    with_settings(Form::new(), &ServiceSettings::default())
}

/// The form of a service as it is.
pub fn of(service: &Service) -> Form {
    let mut form = Form::new()
        .with("name", &service.name)
        .with("description", &service.description);
    if let Some(team) = service.team_id {
        form = form.with("team", team);
    }
    if let Some(policy) = service.policy_id {
        form = form.with("policy", policy);
    }
    with_settings(form, &service.settings)
}

fn with_settings(form: Form, settings: &ServiceSettings) -> Form {
    let mut form = form
        .with("urgency", settings.urgency)
        .with("grouping", settings.grouping)
        .with("grouping_fields", settings.grouping_fields.join(", "))
        .with("grouping_window", minutes(settings.grouping_window))
        .with("reopen_window", minutes(settings.reopen_window));
    if let Some(limit) = settings.storm_limit {
        form = form.with("storm_limit", limit);
    }
    for severity in &settings.high_severities {
        form = form.with("high_severity", severity);
    }
    form = with_hours(form, settings.support_hours.as_ref());
    if settings.auto_resolve {
        form = form.with("auto_resolve", "yes");
    }
    for (name, timeout) in [
        ("ack_timeout_high", settings.ack_timeout_high),
        ("ack_timeout_low", settings.ack_timeout_low),
    ] {
        if let Some(timeout) = timeout {
            form = form.with(name, minutes(timeout));
        }
    }
    form
}

fn with_hours(form: Form, support: Option<&SupportHours>) -> Form {
    let Some(support) = support else {
        return form
            .with("support_inside", HoursUrgency::BySeverity)
            .with("support_outside", HoursUrgency::Low)
            .with("support_raise", "yes");
    };
    let mut form = form
        .with("support_inside", support.inside)
        .with("support_outside", support.outside)
        .with("support_zone", support.hours.zone.as_deref().unwrap_or(""));
    if support.raise {
        form = form.with("support_raise", "yes");
    }
    for (m, range) in support.hours.ranges.iter().enumerate() {
        let row = HoursRow::of(range);
        for day in &row.days {
            form = form.with(&format!("support-hours-{m}-day"), day);
        }
        form = form
            .with(&format!("support-hours-{m}-from"), &row.from)
            .with(&format!("support-hours-{m}-until"), &row.until);
    }
    form
}

/// The hours that the form has; `None` when they cannot be read, which is told.
fn read_hours(form: &mut Form) -> Option<Option<SupportHours>> {
    let rows = HoursRow::read_all(form.pairs(), "support");
    let inside = word_or(form, "support_inside", HoursUrgency::BySeverity);
    let outside = word_or(form, "support_outside", HoursUrgency::Low);
    if rows.is_empty() {
        return Some(None);
    }
    let mut ranges = Vec::with_capacity(rows.len());
    for (m, row) in rows.iter().enumerate() {
        match row.to_restriction() {
            Some(range) => ranges.push(range),
            None => form.reject(&format!("support-hours-{m}-from"), HoursRow::UNREADABLE),
        }
    }
    if ranges.len() < rows.len() {
        return None;
    }
    Some(Some(SupportHours {
        hours: StepHours {
            zone: form.text("support_zone").map(str::to_owned),
            ranges,
        },
        inside: inside?,
        outside: outside?,
        raise: form.ticked("support_raise"),
    }))
}

/// The severities that are ticked; without one, those that were.
fn read_high(form: &Form, before: &ServiceSettings) -> Vec<AlertSeverity> {
    let ticked: Vec<AlertSeverity> = AlertSeverity::ALL
        .iter()
        .copied()
        .filter(|severity| form.is("high_severity", severity.as_str()))
        .collect();
    match ticked.is_empty() {
        true => before.high_severities.clone(),
        false => ticked,
    }
}

/// Minutes, with a fraction only when there is one.
fn minutes(span: Span) -> String {
    let seconds = span.as_seconds();
    match seconds % 60 {
        0 => (seconds / 60).to_string(),
        _ => (seconds as f64 / 60.0).to_string(),
    }
}

/// What the form stands for, unless something cannot be read; then what, beside its field. What it
/// leaves open stays as it is in `before`.
pub fn input(form: &mut Form, before: &ServiceSettings) -> Option<ServiceInput> {
    let team = read_id(form, "team", TeamId);
    let policy = read_id(form, "policy", PolicyId);
    let reopen_window = read_minutes(form, "reopen_window");
    let ack_timeout_high = read_minutes(form, "ack_timeout_high");
    let ack_timeout_low = read_minutes(form, "ack_timeout_low");
    let grouping_window = read_minutes(form, "grouping_window");
    let storm_limit = read_limit(form);
    let fields = form
        .get("grouping_fields")
        .split([',', '\n'])
        .map(str::trim);
    let grouping_fields = fields
        .filter(|name| !name.is_empty())
        .map(str::to_owned)
        .collect();
    let support_hours = read_hours(form);
    let high_severities = read_high(form, before);
    let urgency = word(form, "urgency");
    let grouping = word(form, "grouping");
    Some(ServiceInput {
        name: form.get("name").to_owned(),
        slug: form.text("slug").map(str::to_owned),
        description: form.get("description").to_owned(),
        team_id: team?,
        policy_id: policy?,
        settings: ServiceSettings {
            urgency: urgency?,
            grouping: grouping?,
            auto_resolve: form.ticked("auto_resolve"),
            reopen_window: reopen_window?.unwrap_or_default(),
            ack_timeout_high: ack_timeout_high?,
            ack_timeout_low: ack_timeout_low?,
            grouping_fields,
            grouping_window: grouping_window?.unwrap_or(before.grouping_window),
            storm_limit: storm_limit?,
            high_severities,
            support_hours: support_hours?,
        },
    })
}

/// Empty is `Some(None)`.
fn read_limit(form: &mut Form) -> Option<Option<u16>> {
    let Some(text) = form.text("storm_limit") else {
        return Some(None);
    };
    let read = text.parse().ok();
    if read.is_none() {
        form.reject("storm_limit", "Give a number of incidents.");
    }
    read.map(Some)
}

fn word<T: std::str::FromStr + Default>(form: &mut Form, name: &str) -> Option<T> {
    word_or(form, name, T::default())
}

fn word_or<T: std::str::FromStr>(form: &mut Form, name: &str, absent: T) -> Option<T> {
    match form.text(name) {
        None => Some(absent),
        Some(text) => {
            let read = text.parse().ok();
            if read.is_none() {
                form.reject(name, "Choose one of the options.");
            }
            read
        }
    }
}

/// Shows what the engine refused beside the fields it is about.
///
/// # Errors
/// Whatever no form can mend.
pub fn refuse(form: &mut Form, error: engine::Error) -> Result<(), engine::Error> {
    complaint::show(form, error, |field| {
        if field.starts_with("support_hours") {
            "support_hours".to_owned()
        } else {
            field.to_owned()
        }
    })
}

/// A number of minutes; empty is `Some(None)`.
pub fn read_minutes(form: &mut Form, name: &str) -> Option<Option<Span>> {
    /// A week; whatever is longer is judged by the engine as this is.
    const MOST: f64 = 1_000_000.0;
    let Some(text) = form.text(name) else {
        return Some(None);
    };
    match text.replace(',', ".").parse::<f64>() {
        Ok(minutes) if (0.0..=MOST).contains(&minutes) => {
            Some(Some(Span::from_seconds((minutes * 60.0).round() as i64)))
        }
        _ => {
            form.reject(name, "Give a number of minutes.");
            None
        }
    }
}

pub fn page(
    frame: Frame,
    directory: &Directory,
    slug: Option<String>,
    form: Form,
) -> ServiceFormPage {
    let mut hours = HoursRow::read_all(form.pairs(), "support");
    hours.push(HoursRow::default());
    let zone = match form.text("support_zone") {
        Some(zone) => zone.to_owned(),
        None => frame.zone_name().to_owned(),
    };
    let form = form.or("support_zone", &zone);
    ServiceFormPage {
        zones: choice::zones(&zone),
        hours,
        teams: choice::teams(directory),
        policies: choice::policies(directory),
        slug,
        form,
        frame,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::page::sample::directory;

    #[test]
    fn a_service_survives_being_shown_and_sent() {
        let directory = directory();
        let mut service = directory.service_by_slug("checkout").unwrap().clone();
        service.settings.reopen_window = Span::from_seconds(90);
        service.settings.auto_resolve = false;
        service.settings.urgency = domain::service::UrgencyRule::SupportHours;
        service.settings.high_severities = vec![AlertSeverity::Critical];
        service.settings.support_hours = Some(SupportHours {
            hours: StepHours {
                zone: Some("Europe/Berlin".into()),
                ranges: vec![domain::schedule::Restriction {
                    weekdays: vec![domain::schedule::Weekday::Monday],
                    from: "09:00".parse().unwrap(),
                    until: "17:00".parse().unwrap(),
                }],
            },
            inside: HoursUrgency::High,
            outside: HoursUrgency::Low,
            raise: true,
        });
        let mut form = of(&service);
        assert_eq!(form.get("reopen_window"), "1.5");
        let input = input(&mut form, &ServiceSettings::default()).unwrap();
        assert_eq!(input.settings, service.settings);
        assert_eq!(input.policy_id, service.policy_id);
        assert_eq!(input.team_id, service.team_id);
        let fresh =
            super::input(&mut empty().with("name", "x"), &ServiceSettings::default()).unwrap();
        assert_eq!(fresh.settings, ServiceSettings::default());
    }

    #[test]
    fn what_cannot_be_read_is_told_beside_its_field() {
        let mut form = Form::new()
            .with("name", "x")
            .with("ack_timeout_high", "soon")
            .with("urgency", "loud")
            .with("support-hours-0-from", "nine")
            .with("team", "the best");
        assert!(input(&mut form, &ServiceSettings::default()).is_none());
        for field in [
            "ack_timeout_high",
            "urgency",
            "team",
            "support-hours-0-from",
        ] {
            assert!(!form.error(field).is_empty(), "{field}");
        }
    }
}
