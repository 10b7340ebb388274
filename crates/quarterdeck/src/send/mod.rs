//! `send`: tells a Quarterdeck server what has happened on this machine, from a shell, a
//! monitor's notification command or cron.
//!
//! A message is written to the spool (and synced) before the server is tried, so that neither a
//! server that cannot be reached nor a machine that stops loses it; messages of one address leave
//! in the order in which they were given. Where the disk takes nothing the server is tried all the
//! same.

pub mod cli;
mod delivery;
mod given;
mod job;
mod message;
mod preset;
mod sender;
mod spool;
mod target;
mod waiting;

use std::ffi::OsString;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use clap::ArgMatches;

use crate::failure::Failure;
use crate::output;
use delivery::Courier;
use message::{Job, Message};
use sender::Sender;
use spool::Spool;
use target::Target;

/// For how long a process stays behind to deliver what could not be delivered, unless told
/// otherwise.
const LINGER: Duration = Duration::from_secs(24 * 3600);
/// What the process that stays behind tells its own kind by.
const LINGER_FLAG: &str = "linger";
/// What the process that reads on for a job's children is told by.
const PASS_ON_FLAG: &str = "pass-on";

/// Runs the command.
///
/// # Errors
/// When the command line makes no sense, the server refuses the message for good, or it can be
/// neither kept nor sent.
pub async fn run(matches: &ArgMatches) -> Result<ExitCode, Failure> {
    if matches.get_flag(PASS_ON_FLAG) {
        job::pass_on_rest();
        return Ok(ExitCode::SUCCESS);
    }
    let linger = !matches.get_flag("no-linger");
    let spool = spool_directory(matches).map(|path| Spool::at(path, linger));
    let timeout = Duration::from_secs(matches.get_one::<u64>("timeout").copied().unwrap_or(10));
    let courier = Courier::new(timeout)?;
    if matches.get_flag("list") {
        return waiting::list(&spool?);
    }
    if matches.get_flag("flush") {
        return waiting::flush(&spool?, &courier, matches).await;
    }
    let monitor = match matches.get_one::<String>("from") {
        Some(monitor) => Some((monitor, preset::Fields::gather(monitor, matches)?)),
        None => None,
    };
    let pager = monitor.as_ref().and_then(|(_, fields)| fields.pager());
    let sender = Sender {
        spool,
        courier,
        target: Target::of(matches, pager)?,
    };
    let command: Vec<OsString> = matches
        .get_many::<OsString>("command")
        .into_iter()
        .flatten()
        .cloned()
        .collect();
    if let Some(name) = matches.get_one::<String>("heartbeat") {
        let name = message::heartbeat_name(name)?;
        if !command.is_empty() {
            return beat(&sender, &name, command).await;
        }
        let says = matches.get_one::<String>("ping");
        let says = says.map_or("success", String::as_str);
        sender.send(Message::heartbeat(&name, says)).await?;
        return Ok(ExitCode::SUCCESS);
    }
    if let Some(name) = matches.get_one::<String>("job") {
        let job = Job::of(matches, name)?;
        return wrap(&sender, &job, &command).await;
    }
    let message = match &monitor {
        Some((monitor, fields)) => match preset::read(monitor, fields)? {
            preset::Reading::Event(event) => Message::event(*event),
            preset::Reading::Nothing(why) => {
                output::error(&format!("nothing to send: {why}"));
                return Ok(ExitCode::SUCCESS);
            }
        },
        None if matches.get_flag("change") => Message::change(matches)?,
        None => Message::of_flags(matches)?,
    };
    sender.send(message).await?;
    Ok(ExitCode::SUCCESS)
}

/// Runs a job and tells of its end: a trigger when it failed, the resolve when it works again. The
/// exit code is the job's own, whatever becomes of the message.
async fn wrap(sender: &Sender, job: &Job, command: &[OsString]) -> Result<ExitCode, Failure> {
    let end = job::run(command);
    let told = if !end.worked() {
        sender.remember_success(job, false);
        sender.send(Message::job_failed(job, &end)).await
    } else if sender.remembers_success(job) {
        sender.send_what_waits().await
    } else {
        let told = sender.send(Message::job_recovered(job)).await;
        if told.is_ok() {
            sender.remember_success(job, true);
        }
        told
    };
    if let Err(failure) = told {
        // The job's own result is what cron and its reader wait for.
        output::error(&failure.to_string());
    }
    Ok(end.exit_code())
}

/// Runs a job and pings its heartbeat when it begins and ends. The exit code is the job's own,
/// whatever becomes of the pings, and the job does not wait for the server.
async fn beat(sender: &Sender, name: &str, command: Vec<OsString>) -> Result<ExitCode, Failure> {
    let running = tokio::task::spawn_blocking(move || job::run(&command));
    // What is wrong is told at its end, once.
    sender.send_quietly(Message::heartbeat(name, "start")).await;
    let end = running
        .await
        .map_err(|error| Failure::new(format!("the job was lost sight of: {error}")))?;
    if let Err(failure) = sender.send(Message::job_ended(name, &end)).await {
        output::error(&failure.to_string());
    }
    Ok(end.exit_code())
}

/// Where messages wait: said, or the usual place of this user.
fn spool_directory(matches: &ArgMatches) -> Result<PathBuf, Failure> {
    if let Some(path) = matches.get_one::<PathBuf>("spool") {
        return Ok(path.clone());
    }
    if let Some(path) = given::variable("QUARTERDECK_SEND_SPOOL") {
        return Ok(path.into());
    }
    let state = given::variable("XDG_STATE_HOME")
        .map(PathBuf::from)
        .or_else(|| given::variable("HOME").map(|home| PathBuf::from(home).join(".local/state")));
    state
        .map(|state| state.join("quarterdeck/spool"))
        .ok_or_else(|| {
            Failure::usage("it is not known where to keep messages: HOME is not set")
                .next("Name a directory with --spool, or in QUARTERDECK_SEND_SPOOL.")
        })
}
