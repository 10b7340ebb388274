//! Changes by a plain call: Terraform, Ansible, a shell, and chaos experiments. The body is ours
//! (docs/monitors.md):
//!
//! | field | meaning |
//! |---|---|
//! | `summary` | what changed; else `title`, `message`, `name` |
//! | `kind` | `deployment`, `release`, `push`, `pipeline`, `configuration`, `experiment`, `other` |
//! | `status` | `pending`, `running`, `succeeded`, `failed`, `cancelled`; for experiments also `start`, `stop` |
//! | `source`, `service` | short texts |
//! | `id` | the same for all statements about one change |
//! | `timestamp`, `starts_at`, `ends_at` | in any common form |
//! | `link`, `links` | as in generic events |
//! | `details` | any JSON |

use domain::Timestamp;
use domain::change_event::{ChangeKind, ChangeStatus};
use serde_json::Value;

use super::{Change, Told, each, status_of};
use crate::draft::rest_of;
use crate::request::Request;
use crate::settings::Settings;
use crate::warning::Warnings;
use crate::{FormatError, Parsed, generic, read, signature};

pub(crate) fn parse(
    request: &Request<'_>,
    settings: &Settings,
    now: Timestamp,
) -> Result<Parsed, FormatError> {
    signature::standard(request, settings.secret.as_ref(), now)?;
    each("A change", request, now, |item| {
        let title = read::first(item, &TITLES);
        if title.is_none() && read::text(item, "kind").is_none() {
            return Told::Unknown;
        }
        change(item).into()
    })
}

const TITLES: [&str; 8] = [
    "summary",
    "payload.summary",
    "title",
    "message",
    "name",
    "subject",
    "text",
    "experiment",
];

pub(crate) fn change(item: &Value) -> Change {
    let of = |names: &[&str]| read::first(item, names);
    let said = of(&["status", "state", "phase", "action"]);
    let kind = of(&["kind", "type"])
        .and_then(|word| kind_of(&word))
        .or_else(|| {
            let chaos = of(&["experiment", "chaos"]).is_some();
            chaos.then_some(ChangeKind::Experiment)
        });
    let status = said.as_deref().and_then(status_of);
    let id = of(&["id", "change_id", "experiment_id", "run_id"]);
    let at = first_value(
        item,
        &["timestamp", "payload.timestamp", "time", "date", "at"],
    );
    let mut starts_at = first_value(item, &["starts_at", "started_at", "start", "startTime"]);
    let mut ends_at = first_value(
        item,
        &["ends_at", "ended_at", "finished_at", "end", "endTime"],
    );
    if kind == Some(ChangeKind::Experiment) {
        match status {
            Some(ChangeStatus::Running) => starts_at = starts_at.or_else(|| at.clone()),
            Some(ChangeStatus::Succeeded | ChangeStatus::Failed | ChangeStatus::Cancelled) => {
                ends_at = ends_at.or_else(|| at.clone());
            }
            _ => {}
        }
    }
    let mut unheard = Warnings::default();
    let mut links = generic::links(item.get("link"), &mut unheard);
    links.extend(generic::links(item.get("links"), &mut unheard));
    let details = item
        .get("details")
        .or_else(|| read::at(item, "payload.custom_details"))
        .cloned()
        .unwrap_or_else(|| rest_of(item, &["summary", "link", "links", "routing_key"]));
    Change {
        kind,
        status,
        summary: of(&TITLES),
        source: of(&[
            "source",
            "payload.source",
            "host",
            "repository",
            "workspace",
        ]),
        // A statement is one of a change in a state.
        key: of(&["idempotency_key"]).or_else(|| {
            let id = id.as_ref()?;
            Some(format!("{id}|{}", said.as_deref().unwrap_or_default()))
        }),
        change_key: of(&["change_key"]).or(id),
        service: of(&["service", "service_name", "component"]),
        more_links: links,
        at,
        starts_at,
        ends_at,
        details,
        ..Change::default()
    }
}

fn first_value(item: &Value, paths: &[&str]) -> Option<Value> {
    paths
        .iter()
        .filter_map(|path| read::at(item, path))
        .find(|value| value.is_string() || value.is_number())
        .cloned()
}

fn kind_of(word: &str) -> Option<ChangeKind> {
    let word = word.to_lowercase();
    word.parse().ok().or_else(|| {
        Some(match &*word {
            "deploy" | "rollout" | "rollback" => ChangeKind::Deployment,
            "build" | "job" => ChangeKind::Pipeline,
            "config" | "terraform" | "ansible" | "infrastructure" | "feature_flag"
            | "migration" => ChangeKind::Configuration,
            "chaos" | "chaos_experiment" | "gameday" => ChangeKind::Experiment,
            _ => return None,
        })
    })
}
