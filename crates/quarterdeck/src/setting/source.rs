//! Where values come from: flags before variables before the file before defaults.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use clap::ArgMatches;

use super::table::{PREFIX, SETTINGS, Setting, find};
use crate::failure::Failure;

/// What the process was given, read once; tests make their own.
#[derive(Clone, Debug, Default)]
pub struct Environment(pub BTreeMap<String, String>);

impl Environment {
    /// Our variables of the process.
    pub fn of_process() -> Environment {
        let ours = std::env::vars_os().filter_map(|(name, value)| {
            let name = name.into_string().ok()?;
            let value = value.into_string().ok()?;
            name.starts_with(PREFIX).then_some((name, value))
        });
        Environment(ours.collect())
    }

    /// An empty variable counts as absent.
    fn get(&self, name: &str) -> Option<&str> {
        self.0
            .get(name)
            .map(String::as_str)
            .filter(|value| !value.is_empty())
    }
}

/// A value and what gave it, for messages.
#[derive(Clone, Debug)]
pub struct Given {
    pub value: String,
    pub by: String,
}

/// The values by key, as text.
#[derive(Clone, Debug, Default)]
pub struct Values {
    given: BTreeMap<&'static str, Given>,
    /// Variables that begin like ours and are none: probably a typing mistake.
    pub unknown: Vec<String>,
}

/// Name of the variable and flag that name the file.
const CONFIG: &str = "QUARTERDECK_CONFIG";

impl Values {
    /// Gathers the values. `matches` are those of the innermost command.
    ///
    /// # Errors
    /// When the file or one named by a `…_FILE` variable cannot be read, or the file has keys that
    /// do not exist.
    pub fn gather(matches: &ArgMatches, environment: &Environment) -> Result<Values, Failure> {
        let mut values = Values::default();
        let flag = matches
            .try_get_one::<PathBuf>("config")
            .ok()
            .flatten()
            .cloned();
        let config = flag.or_else(|| environment.get(CONFIG).map(PathBuf::from));
        if let Some(path) = config {
            values.read_file(&path)?;
        }
        for setting in SETTINGS {
            if let Some(given) = of_environment(setting, environment)? {
                values.given.insert(setting.key, given);
            }
            let flag = matches.try_get_one::<String>(setting.key).ok().flatten();
            if let Some(value) = flag {
                let by = format!("--{}", setting.flag().unwrap_or_default());
                let value = value.clone();
                values.given.insert(setting.key, Given { value, by });
            }
        }
        values.unknown = unknown_variables(environment);
        Ok(values)
    }

    fn read_file(&mut self, path: &Path) -> Result<(), Failure> {
        let shown = path.display();
        let text = std::fs::read_to_string(path).map_err(|error| {
            Failure::usage(format!("the settings file {shown} cannot be read: {error}"))
        })?;
        let table: toml::Table = text.parse().map_err(|error: toml::de::Error| {
            Failure::usage(format!(
                "the settings file {shown} is not valid TOML: {error}"
            ))
        })?;
        for (name, value) in table {
            match value {
                toml::Value::Table(section) => {
                    for (field, value) in section {
                        self.take(&format!("{name}.{field}"), &value, path)?;
                    }
                }
                value => self.take(&name, &value, path)?,
            }
        }
        Ok(())
    }

    fn take(&mut self, key: &str, value: &toml::Value, path: &Path) -> Result<(), Failure> {
        let shown = path.display();
        let Some(setting) = find(key) else {
            return Err(
                Failure::usage(format!("there is no setting `{key}` (in {shown})"))
                    .next("`quarterdeck serve --help` lists all settings."),
            );
        };
        let value = match value {
            toml::Value::String(text) => text.clone(),
            toml::Value::Integer(number) => number.to_string(),
            toml::Value::Boolean(yes) => yes.to_string(),
            _ => {
                let message = format!("the setting `{key}` (in {shown}) is one text or number");
                return Err(Failure::usage(message));
            }
        };
        let by = format!("`{key}` in {shown}");
        self.given.insert(setting.key, Given { value, by });
        Ok(())
    }

    pub fn get(&self, key: &'static str) -> Option<&Given> {
        debug_assert!(find(key).is_some(), "{key} is not in the table");
        self.given.get(key)
    }

    pub fn text(&self, key: &'static str) -> Option<String> {
        self.get(key).map(|given| given.value.clone())
    }

    /// A value of a type.
    ///
    /// # Errors
    /// When it is none; `what` says what is expected.
    pub fn parse<T: std::str::FromStr>(
        &self,
        key: &'static str,
        what: &str,
    ) -> Result<Option<T>, Failure> {
        let Some(given) = self.get(key) else {
            return Ok(None);
        };
        let wrong = || Failure::usage(format!("{} must be {what}: `{}`", given.by, given.value));
        given.value.trim().parse().map(Some).map_err(|_| wrong())
    }
}

fn of_environment(setting: &Setting, environment: &Environment) -> Result<Option<Given>, Failure> {
    let name = setting.variable();
    let direct = environment.get(&name).map(|value| Given {
        value: value.to_owned(),
        by: name.clone(),
    });
    if !setting.file {
        return Ok(direct);
    }
    let file_name = format!("{name}_FILE");
    let Some(path) = environment.get(&file_name) else {
        return Ok(direct);
    };
    if direct.is_some() {
        let message = format!("{name} and {file_name} are both set: keep one of them");
        return Err(Failure::usage(message));
    }
    let value = std::fs::read_to_string(path).map_err(|error| {
        Failure::usage(format!(
            "{file_name} names {path}, which cannot be read: {error}"
        ))
    })?;
    let value = value.trim_end_matches(['\r', '\n']).to_owned();
    Ok(Some(Given {
        value,
        by: file_name,
    }))
}

fn unknown_variables(environment: &Environment) -> Vec<String> {
    let known = |name: &str| {
        name == CONFIG
            // Those of `send` belong to machines that send.
            || name.starts_with("QUARTERDECK_SEND_")
            || SETTINGS.iter().any(|setting| {
                let variable = setting.variable();
                name == variable || (setting.file && name == format!("{variable}_FILE"))
            })
    };
    let names = environment.0.keys();
    names.filter(|name| !known(name)).cloned().collect()
}
