//! Hands messages over: by the spool, or straight from memory when the disk takes nothing.

use std::process::{Command, Stdio};

use super::delivery::{Courier, Outcome};
use super::message::{Job, Message};
use super::spool::{Item, Lane, Spool};
use super::target::Target;
use super::{LINGER, LINGER_FLAG};
use crate::failure::Failure;
use crate::output;

/// Whoever has something to say to one address.
pub struct Sender {
    /// Or why nothing can be kept.
    pub spool: Result<Spool, Failure>,
    pub courier: Courier,
    pub target: Target,
}

/// What came of an attempt.
#[derive(Default)]
struct Report {
    warnings: Vec<String>,
    /// Something waits for the server.
    waits: bool,
    /// The message is neither sent nor safe.
    failure: Option<Failure>,
}

impl Sender {
    /// Keeps the message on the disk and delivers what waits for its address.
    ///
    /// # Errors
    /// When the server refuses the message for good, or it could be neither kept nor sent.
    pub async fn send(&self, message: Message) -> Result<(), Failure> {
        self.tell(Some(message)).await
    }

    /// Delivers what waits for the address, and nothing new.
    ///
    /// # Errors
    /// When the spool cannot be used.
    pub async fn send_what_waits(&self) -> Result<(), Failure> {
        self.tell(None).await
    }

    /// As [`Sender::send`], without a word and without a process that stays behind.
    pub async fn send_quietly(&self, message: Message) {
        self.attempt(Some(message)).await;
    }

    /// Whether a job's last run is known to have worked.
    pub fn remembers_success(&self, job: &Job) -> bool {
        let spool = self.spool.as_ref().ok();
        spool.is_some_and(|spool| spool.remembers_success(&self.target, &job.dedup_key))
    }

    /// Remembers how a job's run ended, if that is possible.
    pub fn remember_success(&self, job: &Job, worked: bool) {
        if let Ok(spool) = &self.spool
            && let Err(failure) = spool.remember_success(&self.target, &job.dedup_key, worked)
        {
            output::error(&failure.to_string());
        }
    }

    async fn tell(&self, message: Option<Message>) -> Result<(), Failure> {
        let report = self.attempt(message).await;
        for warning in &report.warnings {
            output::error(warning);
        }
        if let (true, Ok(spool)) = (report.waits, &self.spool) {
            stay_behind(spool);
        }
        report.failure.map_or(Ok(()), Err)
    }

    async fn attempt(&self, message: Option<Message>) -> Report {
        let mut report = Report::default();
        let item = message.map(|message| Item::new(&self.target, message));
        let lane = match self.lane() {
            Ok(lane) => lane,
            Err(broken) => {
                self.without_disk(item.as_ref(), broken, &mut report).await;
                return report;
            }
        };
        let kept = item.as_ref().map(|item| lane.append(item)).transpose();
        let drained = lane.drain(&self.courier).await;
        let mine = kept.as_ref().ok().and_then(Option::as_deref);
        for (name, reason) in drained.refused {
            if mine == Some(name.as_str()) {
                let failure = Failure::new(format!("the server refused it: {reason}"))
                    .next(format!("It is kept in {}.", lane.refused_path().display()));
                report.failure = Some(failure);
            } else {
                let warning = format!("an earlier message was refused: {reason}");
                report.warnings.push(warning);
            }
        }
        for (name, why) in &drained.damaged {
            report.warnings.push(damaged(&lane, name, why));
        }
        if let Some(reason) = drained.stopped {
            report.waits = true;
            report.warnings.push(match &kept {
                Ok(_) => format!(
                    "{reason}: kept in {}, it will be sent in order when that works again",
                    lane.path().display()
                ),
                Err(_) => reason,
            });
        }
        match (kept, drained.broken) {
            (Err(broken), _) => self.without_disk(item.as_ref(), broken, &mut report).await,
            (Ok(Some(name)), Some(broken)) if lane.holds(&name) => {
                self.without_disk(item.as_ref(), broken, &mut report).await;
                if report.failure.is_none()
                    && let Err(failure) = lane.forget(&name)
                {
                    let warning = format!("it may be sent again: {}", failure.message());
                    report.warnings.push(warning);
                }
            }
            (Ok(Some(_)), Some(broken)) => report.warnings.push(broken.to_string()),
            (Ok(None), Some(broken)) => report.failure = Some(broken),
            (Ok(_), None) => {}
        }
        report
    }

    fn lane(&self) -> Result<Lane, Failure> {
        match &self.spool {
            Ok(spool) => spool.lane(&self.target),
            Err(broken) => Err(broken.clone()),
        }
    }

    /// Delivers straight from memory: a full disk is the last thing that may keep a message from
    /// its way.
    async fn without_disk(&self, item: Option<&Item>, broken: Failure, report: &mut Report) {
        let Some(item) = item else {
            report.failure = Some(broken);
            return;
        };
        let failed = |why: String| {
            Failure::new(format!(
                "{why}, and it could not be kept: {}",
                broken.message()
            ))
        };
        match self.courier.deliver(item).await {
            Outcome::Sent => report.warnings.push(format!(
                "{}: it was sent without being kept first",
                broken.message()
            )),
            Outcome::Refused(reason) => {
                report.failure = Some(failed(format!("the server refused it: {reason}")));
            }
            Outcome::Later(reason) => report.failure = Some(failed(reason)),
        }
    }
}

/// What is told of a file that holds no message.
pub fn damaged(lane: &Lane, name: &str, why: &str) -> String {
    format!(
        "{} is damaged ({why}): moved to {}",
        lane.path().join(name).display(),
        lane.refused_path().display()
    )
}

/// Starts a process that goes on trying, unless one is at it already. Where that is not possible
/// the next call of `send` delivers what waits.
fn stay_behind(spool: &Spool) {
    use std::os::unix::process::CommandExt as _;
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
