//! What applying a file changes.

use std::fmt;

use serde::Serialize;

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Verb {
    Create,
    Update,
    Unchanged,
}

/// One thing of the file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Change {
    pub verb: Verb,
    /// `user`, `team`, `schedule` …
    pub kind: &'static str,
    /// E-mail address, slug, or service and name.
    pub name: String,
    /// What an update changes, in the words of the file.
    pub fields: Vec<&'static str>,
}

/// Everything that stands in the file, in the order in which it is applied.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Plan {
    pub changes: Vec<Change>,
    /// What is worth a second look, such as a policy that can reach nobody at some time.
    pub warnings: Vec<String>,
}

impl Plan {
    pub fn count(&self, verb: Verb) -> usize {
        self.changes.iter().filter(|c| c.verb == verb).count()
    }

    /// Whether the installation is already as the file says.
    pub fn is_unchanged(&self) -> bool {
        self.changes.iter().all(|c| c.verb == Verb::Unchanged)
    }
}

/// One line for each change, then a summary. What stays as it is is only counted.
impl fmt::Display for Plan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for change in &self.changes {
            match change.verb {
                Verb::Create => writeln!(f, "+ create {} {}", change.kind, change.name)?,
                Verb::Update => {
                    let fields = change.fields.join(", ");
                    writeln!(f, "~ update {} {} ({fields})", change.kind, change.name)?;
                }
                Verb::Unchanged => {}
            }
        }
        for warning in &self.warnings {
            writeln!(f, "! {warning}")?;
        }
        write!(
            f,
            "{} to create, {} to update, {} unchanged",
            self.count(Verb::Create),
            self.count(Verb::Update),
            self.count(Verb::Unchanged),
        )
    }
}
