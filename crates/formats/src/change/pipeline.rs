//! Pipelines: Jenkins, CircleCI and Spinnaker (WIRE-FORMATS.md §2).

use domain::Timestamp;
use domain::change_event::{ChangeKind, ChangeStatus};
use serde_json::{Value, json};

use super::{Change, Told, each, short, status_of};
use crate::request::Request;
use crate::settings::Settings;
use crate::{FormatError, Parsed, read, signature};

/// The Notification plugin; a `sh` step with curl posts plain changes here, too.
pub(crate) fn jenkins(
    request: &Request<'_>,
    _: &Settings,
    now: Timestamp,
) -> Result<Parsed, FormatError> {
    each("Jenkins", request, now, |item| {
        if read::object(item, "build").is_none() {
            return super::plain::change(item).into();
        }
        let of = |name: &str| read::text(item, &format!("build.{name}"));
        let phase = of("phase").unwrap_or_default().to_uppercase();
        let result = of("status").unwrap_or_default();
        // Completed and finalised say the same twice.
        if ["QUEUED", "FINALIZED"].contains(&&*phase) {
            return Told::Nothing("a phase of a build that says nothing new");
        }
        let status = if phase == "STARTED" {
            Some(ChangeStatus::Running)
        } else {
            status_of(&result)
        };
        let job = read::first(item, &["display_name", "name"]).unwrap_or_default();
        let full = read::first(item, &["name", "url"]).unwrap_or_default();
        let number = of("number").unwrap_or_default();
        let shown = if phase == "STARTED" {
            "started".to_owned()
        } else {
            result.to_lowercase()
        };
        Change {
            kind: Some(if job.to_lowercase().contains("deploy") {
                ChangeKind::Deployment
            } else {
                ChangeKind::Pipeline
            }),
            status,
            summary: Some(format!("{job} #{number}: {shown}")),
            source: Some(full.clone()),
            key: Some(format!("{full}|{number}|{phase}")),
            change_key: Some(format!("{full}|{number}")),
            service: Some(job),
            links: vec![("Build", of("full_url"))],
            at: read::at(item, "build.timestamp").cloned(),
            details: json!({
                "phase": phase, "result": result, "scm": read::at(item, "build.scm"),
                "parameters": read::at(item, "build.parameters"),
                "duration_ms": read::at(item, "build.duration"),
            }),
            ..Change::default()
        }
        .into()
    })
}

pub(crate) fn circleci(
    request: &Request<'_>,
    settings: &Settings,
    now: Timestamp,
) -> Result<Parsed, FormatError> {
    signature::hex_of_body(
        request,
        settings.secret.as_ref(),
        "circleci-signature",
        "v1=",
    )?;
    each("CircleCI", request, now, |item| {
        let part = match read::text(item, "type").as_deref() {
            Some("workflow-completed") => "workflow",
            Some("job-completed") => "job",
            Some("ping") => return Told::Nothing("CircleCI's ping arrived: all is well"),
            _ => return Told::Unknown,
        };
        let of = |name: &str| read::text(item, &format!("{part}.{name}"));
        let status = of("status").unwrap_or_default();
        let name = of("name").unwrap_or_default();
        let branch = read::first(item, &["pipeline.vcs.branch", "pipeline.vcs.tag"]);
        let project = read::first(item, &["project.slug", "project.name"]);
        Change {
            kind: Some(if name.to_lowercase().contains("deploy") {
                ChangeKind::Deployment
            } else {
                ChangeKind::Pipeline
            }),
            status: status_of(&status),
            summary: Some(format!(
                "{part} {name} on {}: {status}",
                branch.clone().unwrap_or_default()
            )),
            source: project,
            key: read::text(item, "id"),
            change_key: of("id"),
            service: read::text(item, "project.name"),
            links: vec![(
                "Run",
                of("url").or_else(|| read::text(item, "workflow.url")),
            )],
            at: item.get("happened_at").cloned(),
            starts_at: read::first(
                item,
                &[&format!("{part}.created_at"), &format!("{part}.started_at")],
            )
            .map(Value::from),
            ends_at: read::text(item, &format!("{part}.stopped_at")).map(Value::from),
            details: json!({
                "branch": branch,
                "revision": read::text(item, "pipeline.vcs.revision").map(|sha| short(&sha)),
                "number": read::at(item, "pipeline.number"),
            }),
            ..Change::default()
        }
        .into()
    })
}

/// Echo's events, raw or wrapped, with those of Chaos Monkey among them.
pub(crate) fn spinnaker(
    request: &Request<'_>,
    _: &Settings,
    now: Timestamp,
) -> Result<Parsed, FormatError> {
    each("Spinnaker", request, now, |item| {
        let event = ["payload", "data"]
            .iter()
            .filter_map(|name| item.get(*name))
            .find(|inner| inner.get("details").is_some())
            .unwrap_or(item);
        let Some(kind) = read::text(event, "details.type") else {
            return Told::Unknown;
        };
        let lower = kind.to_lowercase();
        if lower.contains("chaos") || lower.contains("terminate") {
            return chaos_monkey(event, &kind).into();
        }
        let mut words = lower.split(':');
        let (Some("orca"), what, Some(happened)) = (words.next(), words.next(), words.next())
        else {
            return Told::Nothing("an event of Spinnaker that is no change");
        };
        if what != Some("pipeline") && what != Some("orchestration") {
            return Told::Nothing("a part of a pipeline of Spinnaker");
        }
        let status = match happened {
            "starting" => ChangeStatus::Running,
            "complete" => ChangeStatus::Succeeded,
            "failed" => match read::word(event, "content.execution.status").as_deref() {
                Some("canceled") => ChangeStatus::Cancelled,
                _ => ChangeStatus::Failed,
            },
            _ => return Told::Nothing("an event of Spinnaker that is no change"),
        };
        let execution = read::first(event, &["content.executionId", "content.execution.id"]);
        let application = read::first(
            event,
            &["details.application", "content.execution.application"],
        );
        let name = read::first(
            event,
            &["content.execution.name", "content.execution.description"],
        )
        .unwrap_or_else(|| what.unwrap_or_default().to_owned());
        Change {
            kind: Some(ChangeKind::Deployment),
            status: Some(status),
            summary: Some(format!(
                "{}: {name} {happened}",
                application.clone().unwrap_or_default()
            )),
            source: application.clone(),
            key: execution.as_ref().map(|id| format!("{id}|{happened}")),
            change_key: execution,
            service: application,
            links: vec![("Execution", read::text(event, "content.execution.url"))],
            at: read::at(event, "details.created").cloned(),
            starts_at: read::at(event, "content.execution.startTime").cloned(),
            ends_at: read::at(event, "content.execution.endTime").cloned(),
            details: json!({
                "type": kind, "trigger": read::text(event, "content.execution.trigger.type"),
                "user": read::first(event, &[
                    "content.execution.authentication.user", "content.execution.trigger.user",
                ]),
            }),
            ..Change::default()
        }
        .into()
    })
}

fn chaos_monkey(event: &Value, kind: &str) -> Change {
    let of = |names: &[&str]| read::first(event, names);
    let application = of(&[
        "details.application",
        "content.application",
        "content.context.application",
    ]);
    let instance = of(&[
        "content.instanceId",
        "content.instance",
        "content.context.instanceIds.0",
        "content.context.terminatedInstanceIds.0",
    ]);
    let shown = application
        .clone()
        .unwrap_or_else(|| "an application".to_owned());
    let id = of(&[
        "content.executionId",
        "content.id",
        "details.requestHeaders.X-SPINNAKER-EXECUTION-ID",
    ]);
    Change {
        kind: Some(ChangeKind::Experiment),
        status: Some(ChangeStatus::Succeeded),
        summary: Some(match &instance {
            Some(instance) => format!("Chaos Monkey ended {instance} of {shown}"),
            None => format!("Chaos Monkey acted on {shown}"),
        }),
        source: Some("Chaos Monkey".to_owned()),
        key: id
            .as_ref()
            .map(|id| format!("{id}|{kind}|{}", instance.clone().unwrap_or_default())),
        change_key: id,
        service: application,
        at: read::at(event, "details.created").cloned(),
        // It is over in an instant.
        starts_at: read::at(event, "details.created").cloned(),
        ends_at: read::at(event, "details.created").cloned(),
        details: event.get("content").cloned().unwrap_or_default(),
        ..Change::default()
    }
}
