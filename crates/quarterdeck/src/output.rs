//! What commands print: results to standard output, failures to standard error.

use std::io::{ErrorKind, Write};

use crate::failure::Failure;

/// Prints a line. A reader that has gone away, as in `| head`, is fine.
///
/// # Errors
/// When it cannot be written, such as to a full disk: the caller must not claim success.
pub fn line(text: &str) -> Result<(), Failure> {
    let mut out = std::io::stdout().lock();
    match writeln!(out, "{text}").and_then(|()| out.flush()) {
        Err(error) if error.kind() != ErrorKind::BrokenPipe => Err(Failure::new(format!(
            "the result cannot be written: {error}"
        ))),
        _ => Ok(()),
    }
}

/// Prints to standard error; if that fails there is nowhere left to say so.
pub fn error(text: &str) {
    drop(writeln!(std::io::stderr(), "{text}"));
}
