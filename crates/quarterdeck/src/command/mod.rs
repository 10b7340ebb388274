//! The commands beside `serve`.

mod account;
mod check;
mod configuration;
mod coverage;
mod oncall;
mod simulate;

pub use account::{token, user};
pub use check::check;
pub use configuration::{apply, export};
pub use coverage::coverage;
pub use oncall::oncall;
pub use simulate::simulate;

use std::process::ExitCode;

use domain::word::{AccountRole, Origin};
use engine::OpContext;
use engine::clock::{Clock as _, SystemClock};
use store::{Conn, DatabaseUrl, Store, migrate as migrations};

use crate::failure::Failure;
use crate::output;
use crate::setting::Settings;

/// Opens the database, with missing migrations applied.
///
/// # Errors
/// When it cannot be reached, or is newer than this program.
pub fn open(settings: &Settings) -> Result<Store, Failure> {
    create_data_dir(settings)?;
    Ok(Store::open(&settings.database)?)
}

/// Creates the data directory, for this user alone.
fn create_data_dir(settings: &Settings) -> Result<(), Failure> {
    use std::os::unix::fs::DirBuilderExt as _;
    let DatabaseUrl::Sqlite(file) = &settings.database else {
        return Ok(());
    };
    let Some(parent) = file.parent().filter(|path| !path.as_os_str().is_empty()) else {
        return Ok(());
    };
    std::fs::DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(parent)
        .map_err(|error| {
            let message = format!("the directory {} cannot be made: {error}", parent.display());
            Failure::new(message).next("Name another one with --data-dir.")
        })
}

/// Whoever may run commands on the machine may do everything.
fn context() -> OpContext {
    OpContext::token(AccountRole::Admin, Origin::Cli, SystemClock.now())
}

/// `quarterdeck migrate`.
pub fn migrate(settings: &Settings) -> Result<ExitCode, Failure> {
    create_data_dir(settings)?;
    let mut conn = Conn::open(&settings.database)?;
    let applied = migrations::migrate(&mut conn)?;
    for name in &applied {
        output::line(&format!("applied {name}"))?;
    }
    if applied.is_empty() {
        output::line("the database is up to date")?;
    }
    Ok(ExitCode::SUCCESS)
}
