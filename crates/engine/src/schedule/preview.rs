//! A schedule as it would be, before anything is saved.

use domain::directory::Directory;
use domain::schedule::{Schedule, ScheduleConfig};
use domain::{ScheduleId, Timestamp};

use crate::Error;
use crate::configuration::schedule::{config_problems, filled};

/// The schedule as saving `config` to hold from `from` on would make it: its past and what was
/// planned after `from` is as it was. Without an `existing` one it is a new schedule.
///
/// # Errors
/// [`Error::Invalid`] with everything wrong with the configuration, or when `from` has passed.
pub fn preview(
    directory: &Directory,
    existing: Option<&Schedule>,
    config: ScheduleConfig,
    from: Timestamp,
    now: Timestamp,
) -> Result<Schedule, Error> {
    let problems = config_problems(directory, &config);
    if !problems.is_empty() {
        return Err(Error::Invalid(problems));
    }
    if from < now {
        return Err(Error::invalid(
            "effective_from",
            "a change takes effect now or later: who was on call is never rewritten",
        ));
    }
    let config = filled(directory, config).map_err(Error::Invalid)?;
    let empty = || Schedule {
        id: ScheduleId(0),
        slug: String::new(),
        name: String::new(),
        description: String::new(),
        team_id: None,
        versions: vec![],
        overrides: vec![],
        temporaries: vec![],
        imports: vec![],
    };
    let before = existing.cloned().unwrap_or_else(empty);
    Ok(before.edited(config, from))
}
