//! Clients of vendors, which `make deps-test` fetches from PyPI and npm.

use std::path::{Path, PathBuf};
use std::process::Command;

fn home() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../.clients")
}

fn must_be_there(path: PathBuf) -> PathBuf {
    assert!(
        path.exists(),
        "{} is not there: `make deps-test` fetches it",
        path.display()
    );
    path
}

/// A Python that knows the clients of PyPI, to run a script.
///
/// # Panics
/// If they were not fetched.
pub fn python(script: &Path) -> Command {
    let mut command = Command::new(must_be_there(home().join("python/bin/python3")));
    command.arg(script);
    command
}

/// Node, to run a script whose first argument is where the client of this name is.
///
/// # Panics
/// If it was not fetched.
pub fn node(script: &Path, client: &str) -> Command {
    let module = must_be_there(home().join("node/node_modules").join(client));
    let mut command = crate::scratch::program("node", "nodejs");
    command.arg(script).arg(module);
    command
}
