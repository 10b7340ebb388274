//! `oncall`.

use std::process::ExitCode;

use clap::ArgMatches;
use domain::Timestamp;
use domain::directory::Directory;
use domain::schedule::Schedule;
use serde_json::{Value, json};

use super::{context, open};
use crate::failure::Failure;
use crate::output;
use crate::setting::Settings;

/// `quarterdeck oncall [--at T] [--json]`.
pub fn oncall(settings: &Settings, matches: &ArgMatches) -> Result<ExitCode, Failure> {
    let at = match matches.get_one::<String>("at") {
        None => context().now,
        Some(text) => Timestamp::parse(text).ok_or_else(|| {
            Failure::usage(format!(
                "`{text}` is not a time such as 2026-12-24T18:00:00Z"
            ))
        })?,
    };
    let store = open(settings)?;
    let directory = store.directory();
    if matches.get_flag("json") {
        let schedules: Vec<Value> = directory
            .schedules
            .values()
            .map(|schedule| as_json(&directory, schedule, at))
            .collect();
        let all = json!({"at": at, "schedules": schedules});
        output::line(&format!("{all:#}"))?;
        return Ok(ExitCode::SUCCESS);
    }
    if directory.schedules.is_empty() {
        output::line("there are no schedules yet")?;
    }
    for schedule in directory.schedules.values() {
        output::line(&in_words(&directory, schedule, at))?;
    }
    Ok(ExitCode::SUCCESS)
}

fn in_words(directory: &Directory, schedule: &Schedule, at: Timestamp) -> String {
    let Some(shift) = schedule.on_call(at) else {
        return format!("{}: nobody", schedule.name);
    };
    let names: Vec<&str> = shift
        .users
        .iter()
        .map(|id| directory.user_name(*id))
        .collect();
    let until = if shift.open_end {
        String::new()
    } else {
        format!(" until {}", shift.end.to_seconds_string())
    };
    format!("{}: {}{until}", schedule.name, names.join(", "))
}

fn as_json(directory: &Directory, schedule: &Schedule, at: Timestamp) -> Value {
    let shift = schedule.on_call(at);
    let people: Vec<Value> = shift
        .iter()
        .flat_map(|shift| &shift.users)
        .filter_map(|id| directory.user(*id))
        .map(|user| json!({"id": user.id, "name": user.name, "email": user.email}))
        .collect();
    json!({
        "slug": schedule.slug,
        "name": schedule.name,
        "users": people,
        "until": shift.filter(|shift| !shift.open_end).map(|shift| shift.end),
    })
}
