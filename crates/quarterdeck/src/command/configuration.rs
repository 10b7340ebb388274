//! `apply` and `export`.

use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::ArgMatches;
use engine::manifest::{self, Manifest};

use super::{context, open};
use crate::failure::Failure;
use crate::output;
use crate::setting::Settings;

/// `quarterdeck apply -f FILE [--dry-run]`.
pub async fn apply(settings: &Settings, matches: &ArgMatches) -> Result<ExitCode, Failure> {
    let path = matches
        .get_one::<PathBuf>("file")
        .cloned()
        .unwrap_or_default();
    let in_file = |failure: Failure| failure.in_file(&path.display().to_string());
    let manifest = parsed(&path)?;
    let store = open(settings)?;
    let dry_run = matches.get_flag("dry-run");
    let plan = manifest::apply(&store, &context(), manifest, dry_run)
        .await
        .map_err(|error| in_file(error.into()))?;
    output::line(&plan.to_string())?;
    if dry_run && !plan.is_unchanged() {
        output::line("nothing was changed: run again without --dry-run")?;
    }
    Ok(ExitCode::SUCCESS)
}

/// The configuration that a file holds.
pub(super) fn parsed(path: &Path) -> Result<Manifest, Failure> {
    let text = read(path)?;
    let parsed = manifest::parse(&text, &manifest::from_environment);
    parsed.map_err(|error| Failure::from(error).in_file(&path.display().to_string()))
}

fn read(path: &Path) -> Result<String, Failure> {
    let text = if path == Path::new("-") {
        let mut text = String::new();
        std::io::stdin().read_to_string(&mut text).map(|_| text)
    } else {
        std::fs::read_to_string(path)
    };
    text.map_err(|error| Failure::usage(format!("{} cannot be read: {error}", path.display())))
}

/// `quarterdeck export [--with-secrets]`.
pub async fn export(settings: &Settings, matches: &ArgMatches) -> Result<ExitCode, Failure> {
    let store = open(settings)?;
    let current = manifest::current(&store).await?;
    let with_secrets = matches.get_flag("with-secrets");
    let file = manifest::export(&current, with_secrets, context().now);
    let text = manifest::to_yaml(&file)
        .map_err(|error| Failure::new(format!("the configuration cannot be written: {error}")))?;
    output::line(text.trim_end())?;
    Ok(ExitCode::SUCCESS)
}
