//! What is wrong with a file, and where.

use store::MaybeBusy;

use super::value::Place;
use crate::Error;

/// One thing wrong with a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    pub at: Place,
    pub message: String,
}

impl std::fmt::Display for Fault {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        if self.at.line > 0 {
            write!(f, "line {}, column {}: ", self.at.line, self.at.column)?;
        }
        f.write_str(&self.message)
    }
}

/// Why a file was not applied.
#[derive(Clone, Debug, thiserror::Error)]
pub enum ManifestError {
    /// In the order of the file, as far as possible all at once.
    #[error("{}", list(.0))]
    Faults(Vec<Fault>),
    #[error(transparent)]
    Engine(#[from] Error),
}

fn list(faults: &[Fault]) -> String {
    let lines: Vec<String> = faults.iter().map(ToString::to_string).collect();
    lines.join("\n")
}

impl ManifestError {
    pub(super) fn at(at: Place, message: impl Into<String>) -> ManifestError {
        let message = message.into();
        ManifestError::Faults(vec![Fault { at, message }])
    }
}

impl From<store::Error> for ManifestError {
    fn from(error: store::Error) -> ManifestError {
        ManifestError::Engine(error.into())
    }
}

impl MaybeBusy for ManifestError {
    fn is_busy(&self) -> bool {
        matches!(self, ManifestError::Engine(error) if error.is_busy())
    }
}
