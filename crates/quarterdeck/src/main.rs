//! The binary: serves, and does the small jobs beside the server.

mod channel;
mod cli;
mod command;
mod demo;
mod failure;
mod log;
mod output;
mod send;
mod serve;
mod setting;

use std::process::ExitCode;

use clap::ArgMatches;

use crate::failure::Failure;
use crate::serve::Demo;
use crate::setting::Settings;
use crate::setting::source::{Environment, Values};

/// Every signal is many small allocations, made by one thread and freed by another: the system's
/// allocator spends a tenth of the server's time on them.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    // Prints help and usage errors itself, with exit codes 0 and 2.
    let matches = cli::command().get_matches();
    match run(&matches) {
        Ok(code) => code,
        Err(failure) => {
            output::error(&failure.to_string());
            failure.exit_code()
        }
    }
}

fn run(matches: &ArgMatches) -> Result<ExitCode, Failure> {
    let Some((name, inner)) = matches.subcommand() else {
        return Err(Failure::usage("a command is needed").next("`quarterdeck --help` lists them."));
    };
    if name == "version" {
        output::line(&format!("quarterdeck {}", env!("CARGO_PKG_VERSION")))?;
        return Ok(ExitCode::SUCCESS);
    }
    if name == "send" {
        // It runs on machines that have no server, and needs none of its settings.
        return runtime()?.block_on(send::run(inner));
    }
    let flag = |flag| name == "serve" && inner.get_flag(flag);
    let demo = match (flag("demo"), flag("demo-empty")) {
        (_, true) => Demo::Empty,
        (true, false) => Demo::Lively,
        (false, false) => Demo::No,
    };
    let innermost = inner.subcommand().map_or(inner, |(_, matches)| matches);
    let values = Values::gather(innermost, &Environment::of_process())?;
    let settings = Settings::from_values(&values, demo != Demo::No)?;
    log::start(&settings, default_log(name))?;
    if matches!(name, "serve" | "check") {
        for name in &values.unknown {
            tracing::warn!("the variable {name} is no setting of Quarterdeck and is ignored");
        }
    }
    runtime()?.block_on(async {
        match name {
            "serve" => serve::run(settings, demo).await,
            "check" => match inner.get_one::<u32>("days") {
                Some(days) => command::coverage(&settings, *days, inner),
                None => command::check(&settings).await,
            },
            "simulate" => command::simulate(&settings, inner).await,
            "migrate" => command::migrate(&settings),
            "apply" => command::apply(&settings, inner).await,
            "export" => command::export(&settings, inner).await,
            "user" => command::user(&settings, inner).await,
            "token" => command::token(&settings, inner).await,
            "oncall" => command::oncall(&settings, inner),
            other => Err(Failure::usage(format!("there is no command `{other}`"))),
        }
    })
}

fn runtime() -> Result<tokio::runtime::Runtime, Failure> {
    tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(|error| Failure::new(format!("cannot start threads: {error}")))
}

/// What is logged unless somebody says otherwise.
fn default_log(command: &str) -> &'static str {
    if command == "serve" {
        // The HTTP server tells of its threads at every start and stop.
        "info,actix_server=warn"
    } else {
        "warn"
    }
}
