//! What is wrong with a configuration.

use super::ScheduleConfig;

/// One thing wrong with a configuration, and where.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{path}: {message}")]
pub struct ConfigProblem {
    /// Path of the field, e.g. `layers[1].rotation.length`.
    pub path: String,
    /// For people, without the path.
    pub message: String,
}

/// Every problem of a configuration at once. Whatever passes here renders as it says; what does not
/// pass still renders, without panics and within bounds.
pub fn validate(config: &ScheduleConfig) -> Result<(), Vec<ConfigProblem>> {
    let mut problems = Vec::new();
    if jiff::tz::TimeZone::get(&config.zone).is_err() {
        problems.push(ConfigProblem {
            path: "zone".to_owned(),
            message: format!("`{}` is not an IANA time zone", config.zone),
        });
    }
    if problems.is_empty() {
        Ok(())
    } else {
        Err(problems)
    }
}
