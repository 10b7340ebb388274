//! The log, on standard error.

use tracing_subscriber::EnvFilter;

use crate::failure::Failure;
use crate::setting::{LogFormat, Settings};

/// Starts logging. `default` holds unless a level is set, or `RUST_LOG`.
///
/// # Errors
/// When the filter cannot be understood.
pub fn start(settings: &Settings, default: &str) -> Result<(), Failure> {
    let from_rust = std::env::var("RUST_LOG")
        .ok()
        .filter(|text| !text.is_empty());
    let filter = settings
        .log_level
        .clone()
        .or(from_rust)
        .unwrap_or_else(|| default.to_owned());
    let filter = EnvFilter::try_new(&filter)
        .map_err(|error| Failure::usage(format!("the log level `{filter}` is none: {error}")))?;
    let builder = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr);
    let started = match settings.log_format {
        LogFormat::Text => {
            use std::io::IsTerminal as _;
            let colours = std::io::stderr().is_terminal();
            builder.with_ansi(colours).try_init()
        }
        LogFormat::Json => builder.json().flatten_event(true).try_init(),
    };
    started.map_err(|error| Failure::new(format!("the log cannot be started: {error}")))
}
