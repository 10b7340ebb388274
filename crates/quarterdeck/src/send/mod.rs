//! `send`: tells a Quarterdeck server what has happened on this machine, from a shell, a
//! monitor's notification command or cron.
//!
//! A message is written to the spool (and synced) before the server is tried, so that neither a
//! server that cannot be reached nor a machine that stops loses it; messages of one address leave
//! in the order in which they were given.

pub mod cli;
mod delivery;
mod job;
mod message;
mod preset;
mod spool;
mod target;

use std::ffi::OsString;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use clap::ArgMatches;

use crate::failure::Failure;
use crate::output;
use delivery::{Courier, Drained};
use message::Message;
use spool::{Item, Spool};
use target::Target;

/// For how long a process stays behind to deliver what could not be delivered, unless told
/// otherwise.
const LINGER: Duration = Duration::from_secs(24 * 3600);
/// What the process that stays behind tells its own kind by.
const LINGER_FLAG: &str = "linger";

/// Runs the command.
///
/// # Errors
/// When the command line makes no sense, the spool cannot be written, or the server refuses the
/// message for good.
pub async fn run(matches: &ArgMatches) -> Result<ExitCode, Failure> {
    let spool = Spool::at(spool_directory(matches)?, !matches.get_flag("no-linger"));
    let timeout = Duration::from_secs(matches.get_one::<u64>("timeout").copied().unwrap_or(10));
    let courier = Courier::new(timeout)?;
    if matches.get_flag("list") {
        return list(&spool);
    }
    if matches.get_flag("flush") {
        return flush(&spool, &courier, matches).await;
    }
    let target = Target::of(matches)?;
    let command: Vec<OsString> = matches
        .get_many::<OsString>("command")
        .into_iter()
        .flatten()
        .cloned()
        .collect();
    if let Some(name) = matches.get_one::<String>("heartbeat") {
        let name = message::heartbeat_name(name)?;
        if !command.is_empty() {
            return beat(&spool, &courier, target, &name, command).await;
        }
        let says = matches.get_one::<String>("ping");
        let says = says.map_or("success", String::as_str);
        let message = Message::heartbeat(&name, says);
        send(&spool, &courier, target, vec![message]).await?;
        return Ok(ExitCode::SUCCESS);
    }
    if let Some(name) = matches.get_one::<String>("job") {
        let name = message::job_name(name)?;
        return wrap(&spool, &courier, target, &name, &command).await;
    }
    let message = match matches.get_one::<String>("from") {
        Some(monitor) => {
            let fields = preset::Fields::gather(monitor, matches)?;
            match preset::read(monitor, &fields)? {
                preset::Reading::Event(event) => Message::event(*event),
                preset::Reading::Nothing(why) => {
                    output::error(&format!("nothing to send: {why}"));
                    return Ok(ExitCode::SUCCESS);
                }
            }
        }
        None if matches.get_flag("change") => Message::change(matches)?,
        None => Message::of_flags(matches)?,
    };
    send(&spool, &courier, target, vec![message]).await?;
    Ok(ExitCode::SUCCESS)
}

/// Runs a job and tells of its end: a trigger when it failed, the resolve when it works again. The
/// exit code is the job's own, whatever becomes of the message.
async fn wrap(
    spool: &Spool,
    courier: &Courier,
    target: Target,
    name: &str,
    command: &[OsString],
) -> Result<ExitCode, Failure> {
    let end = job::run(command);
    let failed_before = spool.remembers_failure(&target, name);
    let messages = match (end.worked(), failed_before) {
        (true, false) => vec![],
        (true, true) => vec![Message::job_recovered(name)],
        (false, _) => vec![Message::job_failed(name, &end)],
    };
    spool.remember_failure(&target, name, !end.worked());
    if let Err(failure) = send(spool, courier, target, messages).await {
        // The job's own result is what cron and its reader wait for.
        output::error(&failure.to_string());
    }
    Ok(end.exit_code())
}

/// Runs a job and pings its heartbeat when it begins and ends. The exit code is the job's own,
/// whatever becomes of the pings, and the job does not wait for the server.
async fn beat(
    spool: &Spool,
    courier: &Courier,
    target: Target,
    name: &str,
    command: Vec<OsString>,
) -> Result<ExitCode, Failure> {
    let running = tokio::task::spawn_blocking(move || job::run(&command));
    let begun = Message::heartbeat(name, "start");
    // What is wrong is told at its end, once.
    drop(send_quietly(spool, courier, &target, begun).await);
    let end = running
        .await
        .map_err(|error| Failure::new(format!("the job was lost sight of: {error}")))?;
    let ended = Message::job_ended(name, &end);
    if let Err(failure) = send(spool, courier, target, vec![ended]).await {
        output::error(&failure.to_string());
    }
    Ok(end.exit_code())
}

/// As [`send`], without a word and without a process that stays behind.
async fn send_quietly(
    spool: &Spool,
    courier: &Courier,
    target: &Target,
    message: Message,
) -> Result<Drained, Failure> {
    let lane = spool.lane(target)?;
    lane.append(&Item::new(target, message))?;
    lane.drain(courier).await
}

/// Keeps the messages on the disk and delivers what waits for their address.
async fn send(
    spool: &Spool,
    courier: &Courier,
    target: Target,
    messages: Vec<Message>,
) -> Result<(), Failure> {
    let lane = spool.lane(&target)?;
    let mut mine = vec![];
    for message in messages {
        mine.push(lane.append(&Item::new(&target, message))?);
    }
    let drained = lane.drain(courier).await?;
    for (name, reason) in &drained.refused {
        if mine.contains(name) {
            return Err(Failure::new(format!("the server refused it: {reason}"))
                .next(format!("It is kept in {}.", lane.refused_path().display())));
        }
        output::error(&format!("an earlier message was refused: {reason}"));
    }
    if let Some(reason) = drained.stopped {
        output::error(&format!(
            "{reason}: kept in {}, it will be sent in order when that works again",
            lane.path().display()
        ));
        stay_behind(spool);
    }
    Ok(())
}

/// Starts a process that goes on trying, unless one is at it already. Where that is not possible
/// the next call of `send` delivers what waits.
fn stay_behind(spool: &Spool) {
    use std::os::unix::process::CommandExt as _;
    use std::process::{Command, Stdio};
    if !spool.may_linger() || spool.somebody_lingers() {
        return;
    }
    let Ok(program) = std::env::current_exe() else {
        return;
    };
    let started = Command::new(program)
        .arg("send")
        .arg("--flush")
        .arg(format!("--{LINGER_FLAG}"))
        .arg(LINGER.as_secs().to_string())
        .arg("--spool")
        .arg(spool.path())
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        // A monitor ends its command's whole group when it takes too long.
        .process_group(0)
        .current_dir("/")
        .spawn();
    if let Err(error) = started {
        output::error(&format!(
            "no process could be left behind to try again ({error}): run `quarterdeck send \
             --flush` later"
        ));
    }
}

/// Delivers whatever waits, for every address.
async fn flush(
    spool: &Spool,
    courier: &Courier,
    matches: &ArgMatches,
) -> Result<ExitCode, Failure> {
    let linger = matches.get_one::<u64>(LINGER_FLAG).copied();
    let Some(seconds) = linger else {
        let (sent, stopped) = flush_once(spool, courier, true).await?;
        output::line(&format!("{sent} sent"))?;
        return Ok(if stopped {
            ExitCode::FAILURE
        } else {
            ExitCode::SUCCESS
        });
    };
    let Some(_alone) = spool.linger()? else {
        return Ok(ExitCode::SUCCESS);
    };
    let until = tokio::time::Instant::now() + Duration::from_secs(seconds);
    let mut pause = Duration::from_secs(2);
    loop {
        let (sent, stopped) = flush_once(spool, courier, false).await?;
        if !stopped {
            return Ok(ExitCode::SUCCESS);
        }
        if sent > 0 {
            pause = Duration::from_secs(2);
        }
        if tokio::time::Instant::now() + pause > until {
            return Ok(ExitCode::FAILURE);
        }
        tokio::time::sleep(pause).await;
        pause = (pause * 2).min(Duration::from_secs(60));
    }
}

/// How many were sent, and whether something still waits.
async fn flush_once(
    spool: &Spool,
    courier: &Courier,
    speak: bool,
) -> Result<(usize, bool), Failure> {
    let (mut sent, mut stopped) = (0, false);
    for lane in spool.lanes()? {
        let drained: Drained = lane.drain(courier).await?;
        sent += drained.sent;
        for (_, reason) in &drained.refused {
            if speak {
                output::error(&format!("refused: {reason}"));
            }
        }
        if let Some(reason) = drained.stopped {
            stopped = true;
            if speak {
                output::error(&format!("{reason}: {} still wait", lane.waiting()?.len()));
            }
        }
    }
    Ok((sent, stopped))
}

fn list(spool: &Spool) -> Result<ExitCode, Failure> {
    let mut waiting = 0;
    for lane in spool.lanes()? {
        for name in lane.waiting()? {
            if let Some(item) = lane.read(&name)? {
                waiting += 1;
                output::line(&format!("{}  {}", item.given_at, item.message.title()))?;
            }
        }
    }
    output::line(&format!("{waiting} waiting in {}", spool.path().display()))?;
    Ok(ExitCode::SUCCESS)
}

/// Where messages wait: said, or the usual place of this user.
fn spool_directory(matches: &ArgMatches) -> Result<PathBuf, Failure> {
    if let Some(path) = matches.get_one::<PathBuf>("spool") {
        return Ok(path.clone());
    }
    let of = |name: &str| std::env::var_os(name).filter(|value| !value.is_empty());
    let state = of("XDG_STATE_HOME")
        .map(PathBuf::from)
        .or_else(|| of("HOME").map(|home| PathBuf::from(home).join(".local/state")));
    state
        .map(|state| state.join("quarterdeck/spool"))
        .ok_or_else(|| {
            Failure::usage("it is not known where to keep messages: HOME is not set")
                .next("Name a directory with --spool, or in QUARTERDECK_SEND_SPOOL.")
        })
}
