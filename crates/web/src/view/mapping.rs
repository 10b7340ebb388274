//! The editor of a mapping, and what it would make of requests.

use askama::Template;
use domain::signal::Signal;
use domain::{IntegrationId, RequestId, Timestamp};
use formats::Parsed;

use super::frame::{Choice, Frame, Link};
use super::mapping_form::{MORE, MappingForm, Part};

/// Most signals of one request that are shown.
const SHOWN: usize = 20;

/// `GET /services/{slug}/integrations/{id}/mapping`; its fields: [`MappingForm`].
#[derive(Clone, Template)]
#[template(path = "integration/mapping.html")]
pub struct MappingPage {
    pub frame: Frame,
    pub service: Link,
    pub id: IntegrationId,
    pub name: String,
    pub severities: Vec<Choice>,
    /// `None` while the rules have faults.
    pub tried: Option<Vec<Tried>>,
    pub form: MappingForm,
}

impl MappingPage {
    fn action(&self) -> String {
        format!("{}/integrations/{}/mapping", self.service.href, self.id)
    }

    fn main(&self) -> &'static [Part] {
        &super::mapping_form::MAIN
    }

    fn more(&self) -> &'static [Part] {
        &MORE
    }

    fn more_open(&self) -> bool {
        self.form.uses(&MORE) || self.form.fields.text("details").is_some()
    }
}

/// A request, read by rules that are not saved.
#[derive(Clone, Debug)]
pub struct Tried {
    /// `None`: the body was pasted.
    pub of: Option<(RequestId, Timestamp)>,
    pub body: String,
    pub signals: Vec<Signal>,
    /// Signals that are not shown.
    pub more: usize,
    pub warnings: Vec<String>,
    /// Why it, or some of its items, could not be understood.
    pub problems: Vec<String>,
}

impl Tried {
    /// A body and what came of reading it.
    pub fn new(
        of: Option<(RequestId, Timestamp)>,
        body: &str,
        outcome: Result<Parsed, String>,
    ) -> Tried {
        let (mut signals, warnings, problems) = told(outcome);
        let more = signals.len().saturating_sub(SHOWN);
        signals.truncate(SHOWN);
        Tried {
            of,
            body: pretty(body),
            signals,
            more,
            warnings,
            problems,
        }
    }
}

/// The signals, the warnings, and why the request or some of its items could not be understood.
pub fn told(outcome: Result<Parsed, String>) -> (Vec<Signal>, Vec<String>, Vec<String>) {
    match outcome {
        Ok(parsed) => {
            let rejected = parsed.rejected.into_iter();
            let told = rejected.map(|one| format!("Item {}: {}", one.item, one.reason));
            (parsed.signals, parsed.warnings, told.collect())
        }
        Err(why) => (Vec::new(), Vec::new(), vec![why]),
    }
}

/// JSON with line breaks, as the rules see it; anything else as it is.
fn pretty(body: &str) -> String {
    formats::mapping::body_of(body)
        .and_then(|value| serde_json::to_string_pretty(&value).ok())
        .unwrap_or_else(|| body.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_doors_mend_is_shown_as_they_read_it() {
        assert_eq!(pretty("{\"a\":1}"), "{\n  \"a\": 1\n}");
        for odd in [r#"{"a":"\ud83d","b":[]}"#, r#"{"a":NaN,"b":[]}"#] {
            let shown = pretty(odd);
            assert!(shown.starts_with("{\n  \"a\": "), "{shown}");
            assert!(shown.contains("\n  \"b\": []\n"), "{shown}");
        }
        assert_eq!(pretty("disk full"), "disk full");
    }
}
