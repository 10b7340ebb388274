//! What waits on the disk: sent once more, or shown.

use std::process::ExitCode;
use std::time::Duration;

use clap::ArgMatches;

use super::LINGER_FLAG;
use super::delivery::Courier;
use super::sender::damaged;
use super::spool::{Entry, Spool};
use crate::failure::Failure;
use crate::output;

/// Delivers whatever waits, for every address.
///
/// # Errors
/// When the spool cannot be read.
pub async fn flush(
    spool: &Spool,
    courier: &Courier,
    matches: &ArgMatches,
) -> Result<ExitCode, Failure> {
    if matches.get_flag("refused") {
        for lane in spool.lanes()? {
            lane.restore()?;
        }
    }
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

/// How many were sent, and whether something still waits. What is wrong with one address holds no
/// other up.
async fn flush_once(
    spool: &Spool,
    courier: &Courier,
    speak: bool,
) -> Result<(usize, bool), Failure> {
    let (mut sent, mut stopped) = (0, false);
    let mut said = vec![];
    for lane in spool.lanes()? {
        let drained = lane.drain(courier).await;
        sent += drained.sent;
        for (_, reason) in &drained.refused {
            said.push(format!("refused: {reason}"));
        }
        for (name, why) in &drained.damaged {
            said.push(damaged(&lane, name, why));
        }
        if let Some(reason) = drained.stopped {
            stopped = true;
            let waiting = lane.waiting()?.len();
            said.push(format!("{reason}: {waiting} still wait"));
        }
        if let Some(broken) = drained.broken {
            stopped = true;
            said.push(broken.to_string());
        }
    }
    if speak {
        for line in said {
            output::error(&line);
        }
    }
    Ok((sent, stopped))
}

/// Shows what waits, and what was put aside.
///
/// # Errors
/// When the spool cannot be read, or nothing can be printed.
pub fn list(spool: &Spool) -> Result<ExitCode, Failure> {
    let (mut waiting, mut refused) = (0, 0);
    for lane in spool.lanes()? {
        for name in lane.waiting()? {
            waiting += usize::from(show(&name, lane.read(&name), "")?);
        }
        for name in lane.refused()? {
            let entry = lane.read_refused(&name);
            refused += usize::from(show(&name, entry, "refused: ")?);
        }
    }
    let place = spool.path().display();
    output::line(&match refused {
        0 => format!("{waiting} waiting in {place}"),
        _ => format!("{waiting} waiting, {refused} refused in {place}"),
    })?;
    Ok(ExitCode::SUCCESS)
}

/// Shows a message; false when it has gone.
fn show(name: &str, entry: Result<Entry, Failure>, mark: &str) -> Result<bool, Failure> {
    let line = match entry {
        Ok(Entry::Gone) => return Ok(false),
        Ok(Entry::Message(item)) => {
            let title = item.message.title();
            let reason = item.refused.map(|reason| format!(" ({reason})"));
            let reason = reason.unwrap_or_default();
            format!("{}  {mark}{title}{reason}", item.given_at)
        }
        Ok(Entry::Damaged(why)) => format!("{name}  {mark}damaged ({why})"),
        Err(failure) => format!("{name}  {mark}{}", failure.message()),
    };
    output::line(&line)?;
    Ok(true)
}
