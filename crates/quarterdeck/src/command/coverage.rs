//! `check --days`: the proof of coverage, for people and for continuous integration.

use std::process::ExitCode;

use clap::ArgMatches;
use domain::Timestamp;
use domain::coverage::{Finding, Level, Mend, Proof, prove};
use domain::directory::Directory;

use super::{context, open};
use crate::failure::Failure;
use crate::output;
use crate::setting::Settings;

/// Stretches printed of one finding.
const SPANS: usize = 3;

/// `quarterdeck check --days N [--level L] [--service S]`. Exit code 1 when there is a finding at
/// least as bad as the level.
pub fn coverage(settings: &Settings, days: u32, matches: &ArgMatches) -> Result<ExitCode, Failure> {
    let wanted = matches.get_one::<String>("level").map(String::as_str);
    let level: Level = wanted
        .unwrap_or("alarm")
        .parse()
        .map_err(|error: domain::word::UnknownWord| Failure::usage(error.to_string()))?;
    let store = open(settings)?;
    let directory = store.directory();
    let service = match matches.get_one::<String>("service") {
        Some(slug) => Some(directory.service_by_slug(slug).ok_or_else(|| {
            Failure::usage(format!("there is no service `{slug}`"))
                .next("Services are named by the last part of their address.")
        })?),
        None => None,
    };
    let now = context().now;
    let from = Timestamp::from_seconds(now.as_seconds());
    let proof = prove(&directory, from, from + engine::coverage::days_of(days));
    let findings: Vec<&Finding> = proof
        .findings
        .iter()
        .filter(|found| service.is_none_or(|one| found.services.contains(&one.id)))
        .collect();
    print(&proof, &findings, &directory)?;
    let fails = |found: &&&Finding| found.kind.harms() && found.level() <= level;
    let failed = findings.iter().filter(fails);
    let failed = failed.count();
    Ok(if failed > 0 {
        output::line(&format!(
            "FAIL  {failed} finding{} at level {level} or worse",
            if failed == 1 { "" } else { "s" }
        ))?;
        ExitCode::FAILURE
    } else {
        ExitCode::SUCCESS
    })
}

fn print(proof: &Proof, findings: &[&Finding], directory: &Directory) -> Result<(), Failure> {
    for found in findings {
        output::line(&format!("{:7}  {}", found.level().as_str(), found.text))?;
        for (from, until) in found.spans.iter().take(SPANS) {
            output::line(&format!(
                "           {} to {}",
                from.to_seconds_string(),
                until.to_seconds_string()
            ))?;
        }
        if found.spans.len() > SPANS {
            let more = found.spans.len() - SPANS;
            output::line(&format!("           and {more} more"))?;
        }
        let places: Vec<String> = std::iter::once(&found.mend)
            .chain(&found.also)
            .map(|one| mend(*one, directory))
            .collect();
        output::line(&format!("           mend: {}", places.join(", ")))?;
    }
    let until = proof.until.to_seconds_string();
    if findings.iter().all(|found| found.level() != Level::Alarm) {
        output::line(&format!("ok       Every service is covered until {until}."))?;
    }
    Ok(())
}

fn mend(mend: Mend, directory: &Directory) -> String {
    match mend {
        Mend::Settings => "the last resort, in the settings".to_owned(),
        Mend::Service(id) => format!(
            "service {}",
            directory.service(id).map_or("", |one| one.slug.as_str())
        ),
        Mend::Policy(id) => format!(
            "policy {}",
            directory.policy(id).map_or("", |one| one.slug.as_str())
        ),
        Mend::Schedule(id) => format!(
            "schedule {}",
            directory.schedule(id).map_or("", |one| one.slug.as_str())
        ),
        Mend::User(id) => format!("person {}", directory.user_name(id)),
    }
}
