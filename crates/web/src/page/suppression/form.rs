//! The form of a maintenance window or silence: what it stands for, and what is wrong with it.

use domain::directory::Directory;
use domain::suppression::Suppression;
use domain::{IncidentId, IntegrationId, ServiceId, Span, SuppressionId, Timestamp};
use engine::OpContext;
use engine::configuration::suppression::{SuppressionInput, preview};
use jiff::tz::TimeZone;
use store::Conn;

use crate::page::{choice, complaint, name};
use crate::view::suppression::{
    MatcherRow, Noun, SuppressionForm, SuppressionFormPage, SuppressionPreview,
};
use crate::view::{Choice, Form, Frame};

/// Occurrences that a preview and a page show.
pub const SHOWN: usize = 5;

/// What the form stands for, unless something cannot be read; then what, beside its field.
pub fn input(form: &mut SuppressionForm, noun: Noun, now: Timestamp) -> Option<SuppressionInput> {
    let zone_name = form.fields.text("zone").unwrap_or("UTC").to_owned();
    let zone = TimeZone::get(&zone_name).ok();
    if zone.is_none() {
        form.fields.reject("zone", "Choose a time zone.");
    }
    let services = ids(&mut form.fields, "service", ServiceId);
    let integrations = ids(&mut form.fields, "integration", IntegrationId);
    let matchers = MatcherRow::matchers(&form.matchers, "matcher", &mut form.fields);
    let unread = form
        .fields
        .errors()
        .iter()
        .any(|(name, _)| name.starts_with("matcher-"));
    let zone = zone?;
    let start = match form.fields.text("start") {
        None => Some(now),
        Some(_) => {
            let at = form.fields.time("start", &zone);
            if at.is_none() {
                form.fields
                    .reject("start", "Give a date and a time, or nothing for now.");
            }
            at
        }
    };
    let end = end(&mut form.fields, start, &zone);
    let first = start.unwrap_or(now).in_zone(&zone).date();
    let repeat = form.repeat(first);
    let input = SuppressionInput {
        kind: noun.kind(),
        services: services?,
        integrations: integrations?,
        matchers,
        starts_at: start?,
        ends_at: end?,
        recurrence: repeat?.rule(),
        zone: Some(zone_name),
        comment: form.fields.get("comment").to_owned(),
        author: None,
    };
    (!unread).then_some(input)
}

fn end(form: &mut Form, start: Option<Timestamp>, zone: &TimeZone) -> Option<Timestamp> {
    if let Some(minutes) = form.text("lasts") {
        let span = minutes
            .parse()
            .ok()
            .filter(|minutes| (1..=1_000_000_i64).contains(minutes))
            .map(Span::from_minutes);
        if span.is_none() {
            form.reject("lasts", "Choose one of the options.");
        }
        return Some(start? + span?);
    }
    let end = form.time("end", zone);
    if end.is_none() {
        form.reject("end", "Give a date and a time.");
    }
    end
}

fn ids<T>(form: &mut Form, field: &str, id: fn(i64) -> T) -> Option<Vec<T>> {
    let read: Result<Vec<i64>, _> = form
        .all(field)
        .map(str::trim)
        .filter(|text| !text.is_empty())
        .map(str::parse)
        .collect();
    match read {
        Ok(mut ids) => {
            ids.sort_unstable();
            ids.dedup();
            Some(ids.into_iter().map(id).collect())
        }
        Err(_) => {
            form.reject(field, "Choose from the list.");
            None
        }
    }
}

/// Shows what the engine refused beside the fields it is about.
///
/// # Errors
/// Whatever no form can mend.
pub fn refuse(form: &mut SuppressionForm, error: engine::Error) -> Result<(), engine::Error> {
    let lasts = form.fields.text("lasts").is_some();
    let rule = form.fields.is("repeat", "rule");
    complaint::show(&mut form.fields, error, |field| {
        match field {
            "services" => "service",
            "integrations" => "integration",
            "starts_at" => "start",
            "ends_at" if lasts => "lasts",
            "ends_at" => "end",
            "recurrence" if rule => "rule",
            "recurrence" => "repeat",
            other => other,
        }
        .to_owned()
    })
}

/// What a form says would come of it, before it is saved.
pub fn trial(
    form: &mut SuppressionForm,
    noun: Noun,
    ctx: &OpContext,
    directory: &Directory,
) -> Option<Suppression> {
    let mut trial = form.clone();
    let input = input(&mut trial, noun, ctx.now);
    form.fields.keep_notes(&trial.fields);
    let input = input?;
    let would = preview(ctx, directory, input).would;
    (!would.upcoming(ctx.now, 1).is_empty()).then_some(would)
}

/// # Errors
/// Those of the read.
pub fn previewed(
    conn: &mut Conn,
    would: &Suppression,
    directory: &Directory,
    now: Timestamp,
) -> Result<SuppressionPreview, store::Error> {
    Ok(SuppressionPreview {
        occurrences: would.upcoming(now, SHOWN),
        matches: match would.matches_everything() {
            true => 0,
            false => engine::suppression::matching(conn, directory, would)?.len(),
        },
    })
}

pub fn page(
    frame: Frame,
    directory: &Directory,
    noun: Noun,
    id: Option<SuppressionId>,
    form: SuppressionForm,
    preview: Option<SuppressionPreview>,
) -> SuppressionFormPage {
    let mut integrations: Vec<Choice> = directory
        .integrations
        .values()
        .map(|door| {
            let service = directory.service(door.service_id);
            let of = service.map_or("", |service| service.name.as_str());
            Choice::new(door.id, format!("{of}: {}", door.name))
        })
        .collect();
    integrations.sort_by_cached_key(|choice| choice.label.to_lowercase());
    SuppressionFormPage {
        services: name::service_choices(directory),
        integrations,
        zones: choice::zones(form.fields.get("zone")),
        noun,
        id,
        form,
        preview,
        frame,
    }
}

/// A form that is about an alert, or about the open alerts of an incident.
///
/// # Errors
/// Those of the reads.
pub fn about(
    conn: &mut Conn,
    directory: &Directory,
    form: SuppressionForm,
    alert: Option<i64>,
    incident: Option<i64>,
) -> Result<SuppressionForm, engine::Error> {
    /// Beyond these nobody wants each of them named.
    const ALERTS: i64 = 100;
    let alerts = match (alert, incident) {
        (Some(id), _) => match store::alert::fetch(conn, domain::AlertId(id)) {
            Ok(alert) => vec![alert],
            Err(store::Error::NotFound) => return Err(engine::Error::NotFound("alert")),
            Err(other) => return Err(other.into()),
        },
        (None, Some(number)) => {
            let id: IncidentId = match store::incident::by_number(conn, number) {
                Ok(incident) => incident.id,
                Err(store::Error::NotFound) => return Err(engine::Error::NotFound("incident")),
                Err(other) => return Err(other.into()),
            };
            store::alert::open_of_incident(conn, id, ALERTS)?
        }
        (None, None) => return Ok(form),
    };
    let doors = alerts
        .iter()
        .filter_map(|alert| directory.integration(alert.integration_id));
    let mut services: Vec<ServiceId> = doors.map(|door| door.service_id).collect();
    services.sort_unstable();
    services.dedup();
    let alerts: Vec<_> = alerts.iter().collect();
    Ok(form.about(&services, &[], &domain::suppression::about(&alerts)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::page::sample::NOW;

    fn form(pairs: &[(&str, &str)]) -> SuppressionForm {
        let pairs = pairs
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        SuppressionForm::from_pairs(pairs.collect())
    }

    #[test]
    fn times_are_on_the_clock_of_the_form() {
        let mut typed = form(&[
            ("zone", "Europe/Berlin"),
            ("start", "2026-12-01T10:00"),
            ("lasts", ""),
            ("end", "2026-12-01T12:30"),
            ("service", "4"),
            ("service", ""),
            ("service", "4"),
            ("repeat", "weekly"),
            ("comment", "x"),
        ]);
        let read = input(&mut typed, Noun::Maintenance, NOW).unwrap();
        let at = |text| Timestamp::parse(text).unwrap();
        assert_eq!(read.starts_at, at("2026-12-01T09:00:00Z"));
        assert_eq!(read.ends_at, at("2026-12-01T11:30:00Z"));
        assert_eq!(read.services, [ServiceId(4)]);
        assert_eq!(read.recurrence.as_deref(), Some("FREQ=WEEKLY;BYDAY=TU"));
        let mut typed = form(&[("lasts", "30"), ("comment", "x")]);
        let read = input(&mut typed, Noun::Silence, NOW).unwrap();
        assert_eq!(
            (read.starts_at, read.ends_at),
            (NOW, NOW + Span::from_minutes(30))
        );
    }

    #[test]
    fn every_field_that_cannot_be_read_is_told() {
        let mut typed = form(&[
            ("service", "the shop"),
            ("start", "soon"),
            ("lasts", ""),
            ("matcher-0-name", ""),
            ("matcher-0-value", "x"),
        ]);
        assert!(input(&mut typed, Noun::Silence, NOW).is_none());
        for field in ["service", "start", "end", "matcher-0-name"] {
            assert!(!typed.fields.error(field).is_empty(), "{field}");
        }
    }
}
