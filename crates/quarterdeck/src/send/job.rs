//! Runs a job as if it were alone, and remembers its last words.

use std::collections::VecDeque;
use std::ffi::OsString;
use std::io::{Read, Write};
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::process::ExitStatusExt as _;
use std::process::{Command, ExitCode, Stdio};
use std::time::Duration;

use engine::clock::{Clock as _, SystemClock};

use super::given::readable;

/// How much of the end of a job's output goes into its alert, in bytes.
const LAST_WORDS: usize = 4_000;

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
    let (code, how, last_words) = attempt(command);
    let took = SystemClock.now().since(began).as_seconds();
    End {
        command: shown,
        code,
        how,
        last_words,
        took: Duration::from_secs(u64::try_from(took).unwrap_or(0)),
    }
}

fn attempt(command: &[OsString]) -> (u8, String, String) {
    let Some((program, arguments)) = command.split_first() else {
        return (127, "has no command".into(), String::new());
    };
    let child = Command::new(program)
        .args(arguments)
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn();
    let mut child = match child {
        Ok(child) => child,
        Err(error) => {
            let how = format!("could not be started: {error}");
            crate::output::error(&format!("{}: {error}", program.to_string_lossy()));
            return (127, how, String::new());
        }
    };
    let (out, err) = (child.stdout.take(), child.stderr.take());
    let (said, complained, status) = std::thread::scope(|scope| {
        let said = scope.spawn(|| out.map(|from| pass_on(from, std::io::stdout())));
        let complained = scope.spawn(|| err.map(|from| pass_on(from, std::io::stderr())));
        let status = child.wait();
        let last = |thread: std::thread::ScopedJoinHandle<'_, Option<Vec<u8>>>| {
            thread.join().ok().flatten().unwrap_or_default()
        };
        (last(said), last(complained), status)
    });
    // Complaints tell more than results do.
    let last = if complained.is_empty() {
        said
    } else {
        complained
    };
    let last = readable(&last).trim().to_owned();
    match status {
        Err(error) => (127, format!("was lost sight of: {error}"), last),
        Ok(status) => match (status.code(), status.signal()) {
            (Some(0), _) => (0, "worked".into(), last),
            (Some(code), _) => {
                let byte = u8::try_from(code & 0xff).unwrap_or(1);
                (byte.max(1), format!("failed with exit code {code}"), last)
            }
            (None, Some(signal)) => {
                let byte = u8::try_from(128 + signal).unwrap_or(255);
                (byte, format!("was ended by signal {signal}"), last)
            }
            (None, None) => (1, "ended without an exit code".into(), last),
        },
    }
}

/// Copies as it comes, and returns the end of it.
fn pass_on(mut from: impl Read, mut to: impl Write) -> Vec<u8> {
    let mut last: VecDeque<u8> = VecDeque::with_capacity(LAST_WORDS);
    let mut part = [0; 8192];
    loop {
        match from.read(&mut part) {
            Ok(0) => break,
            Ok(length) => {
                let part = &part[..length];
                // A reader that has gone away is no reason to stop the job.
                drop(to.write_all(part).and_then(|()| to.flush()));
                let part = &part[part.len().saturating_sub(LAST_WORDS)..];
                let too_many = (last.len() + part.len()).saturating_sub(LAST_WORDS);
                last.drain(..too_many);
                last.extend(part);
            }
            Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
            Err(_) => break,
        }
    }
    last.into()
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
        let last = pass_on(text.as_slice(), &mut sink);
        assert_eq!(sink, text);
        assert_eq!(last, text[text.len() - LAST_WORDS..]);
    }
}
