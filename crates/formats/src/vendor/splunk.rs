//! Splunk's webhook action: the first row of a saved search. It never says that a thing is over
//! (WIRE-FORMATS.md §1.11).

use domain::Timestamp;
use serde_json::Value;

use super::Said;
use crate::draft::{Draft, severity_of};
use crate::request::Request;
use crate::settings::Settings;
use crate::severity::Scale;
use crate::warning::Warnings;
use crate::{FormatError, Parsed, generic, read};

pub(crate) fn parse(
    request: &Request<'_>,
    settings: &Settings,
    now: Timestamp,
) -> Result<Parsed, FormatError> {
    super::each("Splunk", request, settings, now, |item, warnings| {
        search(item, settings.scale(), warnings)
    })
}

/// Columns of the search's result that a search may fill on purpose: `| eval dedup_key=host`.
fn search<'a>(item: &'a Value, scale: Scale<'_>, warnings: &mut Warnings) -> Said<'a> {
    let Some(name) = read::first(item, &["search_name", "configuration.search_name"]) else {
        return Said::Unknown;
    };
    let column = |name: &str| read::text(item, &format!("result.{name}"));
    let key = match column("dedup_key") {
        Some(key) => format!("{name}:{key}"),
        None => name.clone(),
    };
    Draft {
        // A search made for it can resolve, too.
        action: column("action").and_then(|word| generic::action_of(&word)),
        key: Some(key),
        title: column("summary")
            .or_else(|| column("title"))
            .or(Some(name.clone())),
        source: column("source_host")
            .or_else(|| column("host"))
            .or_else(|| column("source")),
        severity: Some(severity_of(column("severity"), scale, warnings)),
        component: column("component"),
        group: read::text(item, "app"),
        class: Some(name),
        links: vec![("Results", read::text(item, "results_link"))],
        details: serde_json::json!({
            "result": item.get("result"),
            "owner": item.get("owner"),
            "app": item.get("app"),
            "sid": item.get("sid"),
        }),
        at: read::at(item, "result._time"),
        ..Draft::default()
    }
    .into()
}
