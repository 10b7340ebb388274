//! How commands fail: one clear sentence, the next step, an exit code.

use std::process::ExitCode;

use engine::manifest::ManifestError;

/// Something did not work.
const FAILED: u8 = 1;
/// The command line, a setting or the settings file is wrong; nothing was tried.
const USAGE: u8 = 2;

/// Why a command ended without success.
#[derive(Clone, Debug)]
pub struct Failure {
    message: String,
    next: Option<String>,
    code: u8,
}

impl Failure {
    pub fn new(message: impl Into<String>) -> Failure {
        Failure {
            message: message.into(),
            next: None,
            code: FAILED,
        }
    }

    /// A setting or argument that cannot be used.
    pub fn usage(message: impl Into<String>) -> Failure {
        Failure {
            code: USAGE,
            ..Failure::new(message)
        }
    }

    /// What to do about it.
    #[must_use]
    pub fn next(mut self, next: impl Into<String>) -> Failure {
        self.next = Some(next.into());
        self
    }

    /// What went wrong, without what to do about it.
    pub fn message(&self) -> &str {
        &self.message
    }

    /// Puts the name of a file before each line of the message.
    #[must_use]
    pub fn in_file(mut self, file: &str) -> Failure {
        let lines: Vec<String> = self
            .message
            .lines()
            .map(|line| format!("{file}: {line}"))
            .collect();
        self.message = lines.join("\n");
        self
    }

    pub fn exit_code(&self) -> ExitCode {
        ExitCode::from(self.code)
    }
}

impl std::fmt::Display for Failure {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "error: {}", self.message)?;
        match &self.next {
            Some(next) => write!(f, "\n  {next}"),
            None => Ok(()),
        }
    }
}

impl From<store::Error> for Failure {
    fn from(error: store::Error) -> Failure {
        let next = match &error {
            store::Error::Unavailable(_) => Some(
                "Is the database running, and may this user write to it? `quarterdeck check` looks.",
            ),
            store::Error::Busy(_) => Some("Somebody else is at it: try again."),
            _ => None,
        };
        Failure {
            next: next.map(str::to_owned),
            ..Failure::new(error.to_string())
        }
    }
}

impl From<engine::Error> for Failure {
    fn from(error: engine::Error) -> Failure {
        match error {
            engine::Error::Store(error) => error.into(),
            engine::Error::Invalid(problems) => {
                let list: Vec<String> = problems
                    .iter()
                    .map(|problem| format!("{}: {}", problem.field, problem.message))
                    .collect();
                Failure::new(list.join("; "))
            }
            other => Failure::new(other.to_string()),
        }
    }
}

impl From<ManifestError> for Failure {
    fn from(error: ManifestError) -> Failure {
        match error {
            ManifestError::Engine(error) => error.into(),
            faults @ ManifestError::Faults(_) => Failure::new(faults.to_string()),
        }
    }
}
