//! Runs a job as if it were alone, and remembers its last words.

use std::collections::VecDeque;
use std::ffi::OsString;
use std::fs::File;
use std::io::{Read, Write};
use std::os::fd::OwnedFd;
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::process::{CommandExt as _, ExitStatusExt as _};
use std::process::{Command, ExitCode, ExitStatus, Stdio};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use domain::Timestamp;
use engine::clock::{Clock as _, SystemClock};

use super::PASS_ON_FLAG;
use super::given::readable;

/// How much of the end of a job's output goes into its alert, in bytes.
const LAST_WORDS: usize = 4_000;
/// For how long what a job leaves behind may hold its output before its end is told.
const GRACE: Duration = Duration::from_secs(2);

/// How a job ended.
#[derive(Debug)]
pub struct End {
    pub command: String,
    /// As a shell would say it: the job's own code, 128 + the signal, or 127 when it could not be
    /// started.
    pub code: u8,
    /// "failed with exit code 3".
    pub how: String,
    pub last_words: String,
    pub took: Duration,
}

impl End {
    pub fn worked(&self) -> bool {
        self.code == 0
    }

    pub fn exit_code(&self) -> ExitCode {
        ExitCode::from(self.code)
    }
}

/// Runs a command with our input; what it prints goes where it would go without us, so that cron
/// still mails it.
pub fn run(command: &[OsString]) -> End {
    let shown = command
        .iter()
        .map(|part| readable(part.as_bytes()))
        .collect::<Vec<_>>()
        .join(" ");
    let began = SystemClock.now();
    let attempt = attempt(command);
    let took = attempt.ended_at.since(began).as_seconds();
    End {
        command: shown,
        code: attempt.code,
        how: attempt.how,
        last_words: attempt.last_words,
        took: Duration::from_secs(u64::try_from(took).unwrap_or(0)),
    }
}

struct Attempt {
    code: u8,
    how: String,
    last_words: String,
    ended_at: Timestamp,
}

impl Attempt {
    fn failed(how: String) -> Attempt {
        Attempt {
            code: 127,
            how,
            last_words: String::new(),
            ended_at: SystemClock.now(),
        }
    }
}

fn attempt(command: &[OsString]) -> Attempt {
    let Some((program, arguments)) = command.split_first() else {
        return Attempt::failed("has no command".into());
    };
    let child = Command::new(program)
        .args(arguments)
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn();
    let mut child = match child {
        Ok(child) => child,
        Err(error) => {
            crate::output::error(&format!("{}: {error}", program.to_string_lossy()));
            return Attempt::failed(format!("could not be started: {error}"));
        }
    };
    let (open, closed) = mpsc::channel();
    let out = child.stdout.take().map(OwnedFd::from);
    let err = child.stderr.take().map(OwnedFd::from);
    let said = out.map(|from| Stream::follow(from, std::io::stdout(), open.clone()));
    let complained = err.map(|from| Stream::follow(from, std::io::stderr(), open.clone()));
    drop(open);
    let status = child.wait();
    let ended_at = SystemClock.now();
    // Nobody sends: this ends when both streams have.
    if closed.recv_timeout(GRACE) == Err(RecvTimeoutError::Timeout) {
        leave_open(said.as_ref(), std::io::stdout().into());
        leave_open(complained.as_ref(), std::io::stderr().into());
    }
    let last = |stream: Option<Stream>| stream.map(|stream| stream.last()).unwrap_or_default();
    // Complaints tell more than results do.
    let last = match (last(complained), last(said)) {
        (complaint, result) if complaint.is_empty() => result,
        (complaint, _) => complaint,
    };
    let (code, how) = match status {
        Err(error) => (127, format!("was lost sight of: {error}")),
        Ok(status) => told_by(status),
    };
    Attempt {
        code,
        how,
        last_words: readable(&last).trim().to_owned(),
        ended_at,
    }
}

fn told_by(status: ExitStatus) -> (u8, String) {
    match (status.code(), status.signal()) {
        (Some(0), _) => (0, "worked".into()),
        (Some(code), _) => {
            let byte = u8::try_from(code & 0xff).unwrap_or(1);
            (byte.max(1), format!("failed with exit code {code}"))
        }
        (None, Some(signal)) => {
            let byte = u8::try_from(128 + signal).unwrap_or(255);
            (byte, format!("was ended by signal {signal}"))
        }
        (None, None) => (1, "ended without an exit code".into()),
    }
}

/// What a job prints, passed on by a thread of its own.
struct Stream {
    last: Arc<Mutex<VecDeque<u8>>>,
    /// The same pipe once more, for whoever reads on.
    pipe: Option<OwnedFd>,
    thread: JoinHandle<()>,
}

impl Stream {
    /// Gives `open` back when the stream has ended.
    fn follow(from: OwnedFd, to: impl Write + Send + 'static, open: mpsc::Sender<()>) -> Stream {
        let last = Arc::new(Mutex::new(VecDeque::with_capacity(LAST_WORDS)));
        let pipe = from.try_clone().ok();
        let ours = Arc::clone(&last);
        let thread = std::thread::spawn(move || {
            pass_on(File::from(from), to, &ours);
            drop(open);
        });
        Stream { last, pipe, thread }
    }

    fn last(&self) -> Vec<u8> {
        let last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        last.iter().copied().collect()
    }
}

/// Leaves a process behind that passes on what is still said: a daemon that the job has started
/// would be ended by its next word if nobody read it.
fn leave_open(stream: Option<&Stream>, to: Stdio) {
    let pipe = stream
        .filter(|stream| !stream.thread.is_finished())
        .and_then(|stream| stream.pipe.as_ref()?.try_clone().ok());
    let (Some(pipe), Ok(program)) = (pipe, std::env::current_exe()) else {
        return;
    };
    let started = Command::new(program)
        .arg("send")
        .arg(format!("--{PASS_ON_FLAG}"))
        .stdin(pipe)
        .stdout(to)
        .stderr(Stdio::null())
        .process_group(0)
        .current_dir("/")
        .spawn();
    if let Err(error) = started {
        crate::output::error(&format!(
            "nobody reads what the job's children print: {error}"
        ));
    }
}

/// Passes on what is left of a job that has been told of already.
pub fn pass_on_rest() {
    pass_on(
        std::io::stdin(),
        std::io::stdout(),
        &Mutex::new(VecDeque::new()),
    );
}

/// Copies as it comes, and keeps the end of it.
fn pass_on(mut from: impl Read, mut to: impl Write, last: &Mutex<VecDeque<u8>>) {
    let mut part = [0; 8192];
    loop {
        match from.read(&mut part) {
            Ok(0) => break,
            Ok(length) => {
                let part = &part[..length];
                // A reader that has gone away is no reason to stop the job.
                drop(to.write_all(part).and_then(|()| to.flush()));
                let part = &part[part.len().saturating_sub(LAST_WORDS)..];
                let mut last = last.lock().unwrap_or_else(PoisonError::into_inner);
                let too_many = (last.len() + part.len()).saturating_sub(LAST_WORDS);
                last.drain(..too_many);
                last.extend(part);
            }
            Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
            Err(_) => break,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shell(script: &str) -> End {
        run(&["/bin/sh", "-c", script].map(OsString::from))
    }

    #[test]
    fn a_job_keeps_its_exit_code() {
        assert!(shell("exit 0").worked());
        let end = shell("echo much; echo no space >&2; exit 3");
        assert_eq!(
            (end.code, end.how.as_str(), end.last_words.as_str()),
            (3, "failed with exit code 3", "no space")
        );
        let end = shell("kill -9 $$");
        assert_eq!((end.code, end.how.as_str()), (137, "was ended by signal 9"));
        assert_eq!(run(&[OsString::from("/no/such/program")]).code, 127);
    }

    #[test]
    fn only_the_end_of_the_output_is_kept() {
        let mut sink = vec![];
        let text: Vec<u8> = (0..20_000_u32)
            .map(|n| b'a' + u8::try_from(n % 26).unwrap())
            .collect();
        let last = Mutex::default();
        pass_on(text.as_slice(), &mut sink, &last);
        assert_eq!(sink, text);
        let last: Vec<u8> = last.into_inner().unwrap().into();
        assert_eq!(last, text[text.len() - LAST_WORDS..]);
    }
}
