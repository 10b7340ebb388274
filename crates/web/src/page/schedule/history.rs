//! The versions of a schedule: who made them, what each changed, and who is on call otherwise.

use actix_web::{HttpResponse, web};
use domain::directory::Directory;
use domain::schedule::{Layer, Participant, Schedule, ScheduleConfig};
use domain::{Timestamp, UserId};
use store::schedule::history::{VersionInfo, versions};

use super::difference::{self, AHEAD};
use super::find;
use crate::error::WebError;
use crate::frame::{frame, render};
use crate::session::SignedIn;
use crate::state::State;
use crate::view::Nav;
use crate::view::schedule_history::{HistoryPage, VersionRow};

pub fn configure(cfg: &mut web::ServiceConfig) {
    cfg.service(web::resource("/schedules/{slug}/versions").route(web::get().to(show)));
}

/// `GET /schedules/{slug}/versions`.
async fn show(
    state: State,
    me: SignedIn,
    slug: web::Path<String>,
) -> Result<HttpResponse, WebError> {
    let directory = state.directory();
    let schedule = find(&directory, &slug)?;
    let id = schedule.id;
    let infos = state.store().read(move |conn| versions(conn, id)).await?;
    let title = format!("History of {}", schedule.name);
    let frame = frame(&state, &me, &title, Nav::OnCall).await;
    render(&HistoryPage {
        rows: rows(&directory, schedule, &infos, frame.now),
        name: schedule.name.clone(),
        slug: schedule.slug.clone(),
        frame,
    })
}

/// Newest first.
fn rows(
    directory: &Directory,
    schedule: &Schedule,
    infos: &[VersionInfo],
    now: Timestamp,
) -> Vec<VersionRow> {
    let speaking = schedule.version_at(now).map(|version| version.version);
    let mut rows: Vec<VersionRow> = Vec::new();
    let mut before: Option<&domain::schedule::ScheduleVersion> = None;
    for version in &schedule.versions {
        let info = infos.iter().find(|info| info.version == version.version);
        let others = before.and_then(|before| {
            let old = schedule.under_version(before.version)?;
            let new = schedule.under_version(version.version)?;
            let from = version.effective_from;
            let told = difference::told(directory, &old, &new, from, from + AHEAD);
            (!told.is_empty()).then_some(told)
        });
        rows.push(VersionRow {
            number: version.version,
            from: version.effective_from,
            saved: info.map(|info| info.created_at),
            by: info
                .and_then(|info| info.created_by)
                .map(|user| directory.user_name(user).to_owned()),
            speaks: speaking == Some(version.version),
            coming: version.effective_from > now,
            changes: match before {
                Some(before) => changes(&before.config, &version.config, directory),
                None => vec!["The first version.".to_owned()],
            },
            others,
        });
        before = Some(version);
    }
    rows.reverse();
    rows
}

/// What one configuration says otherwise than another, a sentence each.
fn changes(old: &ScheduleConfig, new: &ScheduleConfig, directory: &Directory) -> Vec<String> {
    let mut said = Vec::new();
    if old.zone != new.zone {
        said.push(format!("Time zone: {} → {}.", old.zone, new.zone));
    }
    let named = |config: &ScheduleConfig, name: &str| -> Option<Layer> {
        let mut layers = config.layers.iter();
        layers.find(|layer| layer.name == name).cloned()
    };
    for layer in &old.layers {
        if named(new, &layer.name).is_none() {
            said.push(format!("Layer {} is gone.", layer.name));
        }
    }
    for layer in new.layers.iter().rev() {
        match named(old, &layer.name) {
            None => said.push(format!(
                "Layer {} is new: {}.",
                layer.name,
                turns(&layer.participants, directory)
            )),
            Some(before) => said.extend(of_layer(&before, layer, directory)),
        }
    }
    let order = |config: &ScheduleConfig, other: &ScheduleConfig| -> Vec<String> {
        let layers = config.layers.iter().rev();
        layers
            .filter(|layer| named(other, &layer.name).is_some())
            .map(|layer| layer.name.clone())
            .collect()
    };
    let (was, is) = (order(old, new), order(new, old));
    if was != is {
        said.push(format!("Layers from the highest: {}.", is.join(", ")));
    }
    if said.is_empty() {
        said.push("The days off were taken over anew.".to_owned());
    }
    said
}

fn of_layer(old: &Layer, new: &Layer, directory: &Directory) -> Vec<String> {
    let mut said = Vec::new();
    let mut differs = |what: &str, before: String, after: String| {
        if before != after {
            said.push(format!("{}, {what}: {before} → {after}.", new.name));
        }
    };
    differs(
        "turns",
        turns(&old.participants, directory),
        turns(&new.participants, directory),
    );
    let rotation = |layer: &Layer| format!("{} {}", layer.rotation.length, layer.rotation.unit);
    differs("a turn lasts", rotation(old), rotation(new));
    differs("hand-off", old.handoff.to_string(), new.handoff.to_string());
    differs("first turn", old.start.to_string(), new.start.to_string());
    let end = |layer: &Layer| layer.end.map_or("never".to_owned(), |end| end.to_string());
    differs("ends", end(old), end(new));
    differs("hours", hours(old), hours(new));
    let holidays = |layer: &Layer| match &layer.holidays {
        Some(one) => format!("{} {}", one.when, one.calendar),
        None => "like other days".to_owned(),
    };
    differs("days off", holidays(old), holidays(new));
    said
}

/// `Ana, Bo + Cem, nobody`.
fn turns(participants: &[Participant], directory: &Directory) -> String {
    let names = |users: &[UserId]| {
        let names: Vec<&str> = users
            .iter()
            .map(|user| directory.user_name(*user))
            .collect();
        names.join(" + ")
    };
    let turns: Vec<String> = participants
        .iter()
        .map(
            |turn| match (turn.users.is_empty(), turn.shadows.is_empty()) {
                (true, _) => "nobody".to_owned(),
                (false, true) => names(&turn.users),
                (false, false) => {
                    format!("{} (shadow: {})", names(&turn.users), names(&turn.shadows))
                }
            },
        )
        .collect();
    turns.join(", ")
}

fn hours(layer: &Layer) -> String {
    if layer.restrictions.is_empty() {
        return "all".to_owned();
    }
    let parts: Vec<String> = layer
        .restrictions
        .iter()
        .map(|one| {
            let days: Vec<&str> = one.weekdays.iter().map(|day| &day.as_str()[..3]).collect();
            let days = match days.is_empty() {
                true => "every day".to_owned(),
                false => days.join(" "),
            };
            format!("{days} {}–{}", one.from, one.until)
        })
        .collect();
    parts.join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::page::sample::{NOW, config, directory, platform};
    use domain::Span;
    use domain::schedule::ScheduleVersion;

    #[test]
    fn a_version_says_what_it_changed_and_for_whom() {
        let directory = directory();
        let mut schedule = platform(&directory).clone();
        let mut next = config();
        next.zone = "UTC".to_owned();
        next.layers[0].participants.reverse();
        next.layers[0].handoff = "10:00".parse().unwrap();
        let mut nights = next.layers[0].clone();
        nights.name = "Nights".to_owned();
        next.layers.insert(0, nights);
        schedule.versions.push(ScheduleVersion {
            version: 2,
            effective_from: NOW + Span::from_days(1),
            config: next,
        });
        let info = VersionInfo {
            version: 2,
            effective_from: NOW + Span::from_days(1),
            created_by: Some(UserId(1)),
            created_at: NOW,
        };
        let rows = rows(&directory, &schedule, &[info], NOW);
        assert_eq!(rows.len(), 2);
        assert!(rows[0].coming && !rows[0].speaks && rows[1].speaks);
        assert_eq!(rows[0].by.as_deref(), Some("Ana"));
        let said = rows[0].changes.join(" ");
        for wanted in [
            "Time zone: Europe/Berlin → UTC.",
            "Layer Nights is new: Bo, Ana.",
            "Primary, turns: Ana, Bo → Bo, Ana.",
            "Primary, hand-off: 09:00 → 10:00.",
        ] {
            assert!(said.contains(wanted), "{said}");
        }
        let others = rows[0].others.as_ref().unwrap();
        assert_eq!(others.rows[0].after.len(), 1);
        assert_eq!(rows[1].changes, ["The first version."]);
    }
}
