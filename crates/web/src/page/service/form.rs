//! The form of a service: what it stands for, and what is wrong with it.

use domain::directory::Directory;
use domain::service::{Service, ServiceSettings};
use domain::{PolicyId, Span, TeamId};
use engine::configuration::service::ServiceInput;

use crate::page::choice;
use crate::page::schedule::form::read_id;
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

/// Minutes, with a fraction only when there is one.
fn minutes(span: Span) -> String {
    let seconds = span.as_seconds();
    match seconds % 60 {
        0 => (seconds / 60).to_string(),
        _ => (seconds as f64 / 60.0).to_string(),
    }
}

/// What the form stands for, unless something cannot be read; then what, beside its field. Rules
/// that it does not show stay as they are in `before`.
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
            ..before.clone()
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
    match form.text(name) {
        None => Some(T::default()),
        Some(text) => {
            let read = text.parse().ok();
            if read.is_none() {
                form.reject(name, "Choose one of the options.");
            }
            read
        }
    }
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
    ServiceFormPage {
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
            .with("team", "the best");
        assert!(input(&mut form, &ServiceSettings::default()).is_none());
        for field in ["ack_timeout_high", "urgency", "team"] {
            assert!(!form.error(field).is_empty(), "{field}");
        }
    }
}
