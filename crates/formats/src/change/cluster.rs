//! Clusters that follow a repository: Argo CD, by the template in docs/argocd-notifications.yaml, and
//! Flux (WIRE-FORMATS.md §2).

use domain::Timestamp;
use domain::change_event::{ChangeKind, ChangeStatus};
use serde_json::{Value, json};

use super::{Change, Told, each, short, status_of};
use crate::request::Request;
use crate::settings::Settings;
use crate::{FormatError, Parsed, read, signature};

pub(crate) fn argocd(
    request: &Request<'_>,
    _: &Settings,
    now: Timestamp,
) -> Result<Parsed, FormatError> {
    each("Argo CD", request, now, |item| {
        let of = |names: &[&str]| read::first(item, names);
        let Some(app) = of(&["app", "application", "app.metadata.name"]) else {
            return Told::Unknown;
        };
        let phase = of(&["phase", "app.status.operationState.phase"]);
        let health = of(&["health", "app.status.health.status"]);
        let revision = of(&["revision", "app.status.sync.revision"]);
        let status = match (phase.as_deref().and_then(status_of), health.as_deref()) {
            // It was applied, and what was applied does not work.
            (Some(ChangeStatus::Succeeded), Some("Degraded")) => Some(ChangeStatus::Failed),
            (status, _) => status,
        };
        let shown = revision.as_deref().map(short).unwrap_or_default();
        Change {
            kind: Some(ChangeKind::Deployment),
            status,
            summary: Some(match (&phase, &health) {
                (Some(phase), Some(health)) => {
                    format!("{app} at {shown}: {} ({health})", phase.to_lowercase())
                }
                (Some(phase), None) => format!("{app} at {shown}: {}", phase.to_lowercase()),
                (None, Some(health)) => format!("{app} at {shown} is {health}"),
                (None, None) => format!("{app} at {shown}"),
            }),
            source: of(&["cluster", "namespace", "project"]).or_else(|| Some(app.clone())),
            key: of(&["id"]).or_else(|| {
                Some(
                    [
                        Some(app.clone()),
                        revision.clone(),
                        phase.clone(),
                        health.clone(),
                        of(&["finished_at", "started_at"]),
                    ]
                    .map(Option::unwrap_or_default)
                    .join("|"),
                )
            }),
            change_key: revision.map(|revision| format!("{app}|{revision}")),
            service: Some(app),
            links: vec![
                ("Argo CD", of(&["url", "link"])),
                ("Repository", of(&["repository"])),
            ],
            at: item
                .get("finished_at")
                .filter(|at| at.as_str().is_some_and(|at| !at.is_empty()))
                .or_else(|| item.get("started_at"))
                .cloned(),
            starts_at: item.get("started_at").cloned(),
            ends_at: item.get("finished_at").cloned(),
            details: json!({
                "phase": phase, "health": health, "message": of(&["message"]),
                "project": of(&["project"]), "namespace": of(&["namespace"]),
            }),
            ..Change::default()
        }
        .into()
    })
}

pub(crate) fn flux(
    request: &Request<'_>,
    settings: &Settings,
    now: Timestamp,
) -> Result<Parsed, FormatError> {
    signature::hex_of_body(request, settings.secret.as_ref(), "X-Signature", "sha256=")?;
    each("Flux", request, now, |item| {
        let of = |names: &[&str]| read::first(item, names);
        let Some(name) = of(&["involvedObject.name"]) else {
            return Told::Unknown;
        };
        let kind = of(&["involvedObject.kind"]).unwrap_or_default();
        let namespace = of(&["involvedObject.namespace"]).unwrap_or_default();
        let revision = revision(item);
        let reason = of(&["reason"]).unwrap_or_default();
        let uid =
            of(&["involvedObject.uid"]).unwrap_or_else(|| format!("{kind}/{namespace}/{name}"));
        let failed = of(&["severity"]).as_deref() == Some("error");
        let status = if failed {
            Some(ChangeStatus::Failed)
        } else if reason.to_lowercase().contains("progressing") {
            Some(ChangeStatus::Running)
        } else {
            Some(ChangeStatus::Succeeded)
        };
        let message = of(&["message"]).unwrap_or_default();
        let told = message.lines().next().unwrap_or_default();
        Change {
            kind: Some(ChangeKind::Deployment),
            status,
            summary: Some(format!("{kind} {namespace}/{name}: {reason}. {told}")),
            source: Some(format!("{namespace}/{name}")),
            key: Some(format!(
                "{uid}|{reason}|{}|{}",
                revision.clone().unwrap_or_default(),
                of(&["timestamp"]).unwrap_or_default()
            )),
            change_key: Some(match &revision {
                Some(revision) => format!("{uid}|{revision}"),
                None => uid,
            }),
            service: Some(name),
            at: item.get("timestamp").cloned(),
            details: json!({
                "message": message, "reason": reason, "revision": revision,
                "metadata": item.get("metadata"),
                "controller": item.get("reportingController"),
            }),
            ..Change::default()
        }
        .into()
    })
}

/// `kustomize.toolkit.fluxcd.io/revision` and its sisters.
fn revision(item: &Value) -> Option<String> {
    read::object(item, "metadata")?
        .iter()
        .find(|(name, _)| name.rsplit('/').next() == Some("revision"))
        .and_then(|(_, value)| read::scalar(value))
}
