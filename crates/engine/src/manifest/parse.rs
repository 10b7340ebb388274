//! From text to [`Manifest`]: YAML, and `${NAME}` in secrets.

use channels::Secret;

use super::document::Manifest;
use super::fault::{Fault, ManifestError};
use super::value::{Located, Place};

/// Reads a file. `environment` answers for `${NAME}` in passwords, keys and tokens.
///
/// # Errors
/// [`ManifestError::Faults`] with line and column: YAML that cannot be read, unknown fields, values
/// of the wrong kind, variables that are not set.
pub fn parse(
    text: &str,
    environment: &dyn Fn(&str) -> Option<String>,
) -> Result<Manifest, ManifestError> {
    // An empty file, or one of comments only, says nothing.
    if text
        .lines()
        .all(|line| line.trim().is_empty() || line.trim_start().starts_with('#'))
    {
        return Ok(Manifest::default());
    }
    let options = serde_saphyr::options! { with_snippet: false };
    let mut manifest: Manifest =
        serde_saphyr::from_str_with_options(text, options).map_err(|error| fault_of(&error))?;
    let mut faults = vec![];
    let users = manifest.users.iter_mut().map(|user| &mut user.password);
    let keys = manifest
        .services
        .iter_mut()
        .flat_map(|service| &mut service.integrations)
        .flat_map(|one| [Some(&mut one.key), one.secret.as_mut()])
        .flatten();
    let tokens = manifest.api_tokens.iter_mut().map(|token| &mut token.token);
    for secret in users.chain(keys).chain(tokens).flatten() {
        expand(secret, environment, &mut faults);
    }
    if faults.is_empty() {
        Ok(manifest)
    } else {
        Err(ManifestError::Faults(faults))
    }
}

/// The process's environment, for [`parse`].
pub fn from_environment(name: &str) -> Option<String> {
    std::env::var(name).ok()
}

fn fault_of(error: &serde_saphyr::Error) -> ManifestError {
    use serde_saphyr::MessageFormatter as _;
    let error = error.without_snippet();
    let at = error
        .location()
        .map_or_else(Place::default, |location| Place {
            line: location.line(),
            column: location.column(),
        });
    let message = serde_saphyr::UserMessageFormatter.format_message(error);
    ManifestError::at(at, message.into_owned())
}

/// Replaces each `${NAME}`.
fn expand(
    secret: &mut Located<Secret>,
    environment: &dyn Fn(&str) -> Option<String>,
    faults: &mut Vec<Fault>,
) {
    let mut expanded = String::new();
    let mut rest = secret.value.reveal();
    let mut fault = |message: String| {
        let at = secret.at;
        faults.push(Fault { at, message });
    };
    while let Some((before, after)) = rest.split_once("${") {
        expanded.push_str(before);
        let Some((name, after)) = after.split_once('}') else {
            fault("`${` without a closing `}`".into());
            return;
        };
        match environment(name) {
            Some(value) if !value.is_empty() => expanded.push_str(&value),
            Some(_) => fault(format!("the environment variable {name} is empty")),
            None => fault(format!(
                "the environment variable {name} is not set: set it, or write the value itself"
            )),
        }
        rest = after;
    }
    expanded.push_str(rest);
    secret.value = Secret::new(expanded);
}
