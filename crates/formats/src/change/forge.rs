//! Forges: GitHub and GitLab (WIRE-FORMATS.md §2).

use domain::Timestamp;
use domain::change_event::{ChangeKind, ChangeStatus};
use serde_json::{Value, json};

use super::{Change, Told, each, short, status_of};
use crate::request::Request;
use crate::settings::Settings;
use crate::{FormatError, Parsed, read, signature};

pub(crate) fn github(
    request: &Request<'_>,
    settings: &Settings,
    now: Timestamp,
) -> Result<Parsed, FormatError> {
    signature::hex_of_body(
        request,
        settings.secret.as_ref(),
        "X-Hub-Signature-256",
        "sha256=",
    )?;
    let event = request
        .header("X-GitHub-Event")
        .unwrap_or_default()
        .to_lowercase();
    let delivery = request.header("X-GitHub-Delivery").map(str::to_owned);
    each("GitHub", request, now, |item| {
        let name = |field: &str| item.get(field).is_some_and(Value::is_object);
        // Gitea, Forgejo and replays by hand leave the header out or name it otherwise.
        let told = match &*event {
            "ping" => return Told::Nothing("GitHub's ping arrived: all is well"),
            "deployment_status" => github_status(item),
            "deployment" => github_deployment(item),
            "release" => github_release(item),
            "push" => github_push(item),
            "workflow_run" => github_workflow(item),
            "" if name("deployment_status") => github_status(item),
            "" if name("deployment") => github_deployment(item),
            "" if name("release") => github_release(item),
            "" if name("workflow_run") => github_workflow(item),
            "" if item.get("head_commit").is_some() => github_push(item),
            "" if item.get("zen").is_some() => {
                return Told::Nothing("GitHub's ping arrived: all is well");
            }
            "" => return Told::Unknown,
            _ => return Told::Nothing("an event of GitHub that is no change: choose fewer events"),
        };
        match told {
            Told::Change(mut change) => {
                if delivery.is_some() {
                    change.key.clone_from(&delivery);
                }
                change.source = read::text(item, "repository.full_name");
                change.service = change
                    .service
                    .or_else(|| read::text(item, "repository.name"));
                Told::Change(change)
            }
            other => other,
        }
    })
}

fn github_deployment(item: &Value) -> Told {
    let of = |name: &str| read::text(item, &format!("deployment.{name}"));
    let environment = of("environment").unwrap_or_else(|| "production".to_owned());
    let what = of("ref")
        .or_else(|| of("sha").map(|sha| short(&sha)))
        .unwrap_or_default();
    Change {
        kind: Some(ChangeKind::Deployment),
        status: Some(ChangeStatus::Pending),
        summary: Some(match of("description") {
            Some(text) => format!("Deployment of {what} to {environment}: {text}"),
            None => format!("Deployment of {what} to {environment}"),
        }),
        key: of("id").map(|id| format!("deployment:{id}|created")),
        change_key: of("id").map(|id| format!("deployment:{id}")),
        links: vec![("Repository", read::text(item, "repository.html_url"))],
        at: read::at(item, "deployment.created_at").cloned(),
        details: json!({
            "sha": of("sha"), "ref": of("ref"), "task": of("task"), "environment": environment,
            "creator": of("creator.login"),
        }),
        ..Change::default()
    }
    .into()
}

fn github_status(item: &Value) -> Told {
    let of = |name: &str| read::text(item, &format!("deployment_status.{name}"));
    let deployment = |name: &str| read::text(item, &format!("deployment.{name}"));
    let state = of("state").unwrap_or_default();
    if state == "inactive" {
        return Told::Nothing("a deployment was replaced by a newer one");
    }
    let environment = of("environment")
        .or_else(|| deployment("environment"))
        .unwrap_or_else(|| "production".to_owned());
    let what = deployment("ref")
        .or_else(|| deployment("sha").map(|sha| short(&sha)))
        .unwrap_or_default();
    Change {
        kind: Some(ChangeKind::Deployment),
        status: status_of(&state),
        summary: Some(format!("Deployment of {what} to {environment}: {state}")),
        key: of("id").map(|id| format!("deployment_status:{id}")),
        change_key: deployment("id").map(|id| format!("deployment:{id}")),
        links: vec![
            ("Log", of("log_url").or_else(|| of("target_url"))),
            ("Environment", of("environment_url")),
        ],
        at: read::at(item, "deployment_status.created_at").cloned(),
        starts_at: read::at(item, "deployment.created_at").cloned(),
        details: json!({
            "sha": deployment("sha"), "ref": deployment("ref"), "environment": environment,
            "description": of("description"), "creator": of("creator.login"),
        }),
        ..Change::default()
    }
    .into()
}

fn github_release(item: &Value) -> Told {
    let action = read::text(item, "action").unwrap_or_default();
    if !["published", "released", "prereleased"].contains(&&*action) {
        return Told::Nothing("a release that is not published");
    }
    let of = |name: &str| read::text(item, &format!("release.{name}"));
    let tag = of("tag_name").unwrap_or_default();
    Change {
        kind: Some(ChangeKind::Release),
        status: Some(ChangeStatus::Succeeded),
        summary: Some(match of("name").filter(|name| *name != tag) {
            Some(name) => format!("Release {tag}: {name}"),
            None => format!("Release {tag}"),
        }),
        key: of("id").map(|id| format!("release:{id}|{action}")),
        change_key: of("id").map(|id| format!("release:{id}")),
        links: vec![("Release", of("html_url"))],
        at: read::at(item, "release.published_at").cloned(),
        details: json!({
            "tag": tag, "target": of("target_commitish"), "author": of("author.login"),
            "prerelease": read::at(item, "release.prerelease"),
        }),
        ..Change::default()
    }
    .into()
}

fn github_push(item: &Value) -> Told {
    let reference = read::text(item, "ref").unwrap_or_default();
    let branch = reference.strip_prefix("refs/heads/").unwrap_or_default();
    let default = read::first(
        item,
        &["repository.default_branch", "repository.master_branch"],
    );
    if branch.is_empty() || default.is_some_and(|default| default != branch) {
        return Told::Nothing("a push to another branch than the default one");
    }
    if item.get("deleted").and_then(Value::as_bool) == Some(true) {
        return Told::Nothing("a branch was deleted");
    }
    let commits = read::array(item, "commits").map_or(0, Vec::len);
    let message = read::text(item, "head_commit.message");
    let headline = message.as_deref().and_then(|text| text.lines().next());
    let after = read::text(item, "after");
    Change {
        kind: Some(ChangeKind::Push),
        summary: Some(match headline {
            Some(line) if commits > 1 => format!("{commits} commits to {branch}: {line}"),
            Some(line) => format!("Push to {branch}: {line}"),
            None => format!("Push to {branch}"),
        }),
        key: after.as_ref().map(|after| format!("push:{branch}:{after}")),
        change_key: after.clone(),
        links: vec![("Changes", read::text(item, "compare"))],
        at: read::at(item, "head_commit.timestamp").cloned(),
        details: json!({
            "before": item.get("before"), "after": after, "commits": commits,
            "pusher": read::first(item, &["pusher.name", "sender.login"]),
        }),
        ..Change::default()
    }
    .into()
}

fn github_workflow(item: &Value) -> Told {
    if read::text(item, "action").is_some_and(|action| action != "completed") {
        return Told::Nothing("a run of a workflow that is not over");
    }
    let of = |name: &str| read::text(item, &format!("workflow_run.{name}"));
    let conclusion = of("conclusion").unwrap_or_default();
    let name = of("name").unwrap_or_else(|| "Workflow".to_owned());
    let branch = of("head_branch").unwrap_or_default();
    Change {
        kind: Some(ChangeKind::Pipeline),
        status: status_of(&conclusion),
        summary: Some(format!("{name} on {branch}: {conclusion}")),
        key: of("id").map(|id| format!("run:{id}|{}", of("run_attempt").unwrap_or_default())),
        change_key: of("id").map(|id| format!("run:{id}")),
        links: vec![("Run", of("html_url"))],
        at: read::at(item, "workflow_run.updated_at").cloned(),
        starts_at: read::at(item, "workflow_run.run_started_at").cloned(),
        ends_at: read::at(item, "workflow_run.updated_at").cloned(),
        details: json!({
            "branch": branch, "sha": of("head_sha"), "event": of("event"),
            "title": of("display_title"), "actor": of("actor.login"),
        }),
        ..Change::default()
    }
    .into()
}

pub(crate) fn gitlab(
    request: &Request<'_>,
    settings: &Settings,
    now: Timestamp,
) -> Result<Parsed, FormatError> {
    if signature::is_standard(request) {
        signature::standard(request, settings.secret.as_ref(), now)?;
    } else {
        signature::plain(request, settings.secret.as_ref(), "X-Gitlab-Token")?;
    }
    let idempotency = request.header("Idempotency-Key").map(str::to_owned);
    each("GitLab", request, now, |item| {
        let told = match read::text(item, "object_kind").as_deref() {
            Some("deployment") => gitlab_deployment(item),
            Some("pipeline") => gitlab_pipeline(item),
            Some("push") => gitlab_push(item),
            Some("release") => gitlab_release(item),
            Some(_) => return Told::Nothing("an event of GitLab that is no change"),
            None => return Told::Unknown,
        };
        match told {
            Told::Change(mut change) => {
                if idempotency.is_some() {
                    change.key.clone_from(&idempotency);
                }
                change.source = read::first(item, &["project.path_with_namespace", "project.name"]);
                change.service = read::text(item, "project.name");
                Told::Change(change)
            }
            other => other,
        }
    })
}

fn gitlab_deployment(item: &Value) -> Told {
    let of = |name: &str| read::text(item, name);
    let status = of("status").unwrap_or_default();
    let environment = of("environment").unwrap_or_else(|| "production".to_owned());
    let what = of("short_sha").or_else(|| of("ref")).unwrap_or_default();
    let id = of("deployment_id");
    Change {
        kind: Some(ChangeKind::Deployment),
        status: status_of(&status),
        summary: Some(match of("commit_title") {
            Some(title) => format!("Deployment of {what} to {environment} {status}: {title}"),
            None => format!("Deployment of {what} to {environment} {status}"),
        }),
        key: id.as_ref().map(|id| format!("deployment:{id}|{status}")),
        change_key: id.map(|id| format!("deployment:{id}")),
        links: vec![
            ("Job", of("deployable_url")),
            ("Commit", of("commit_url")),
            ("Environment", of("environment_external_url")),
        ],
        at: item.get("status_changed_at").cloned(),
        details: json!({
            "environment": environment, "tier": of("environment_tier"), "ref": of("ref"),
            "user": read::first(item, &["user.username", "user.name"]),
        }),
        ..Change::default()
    }
    .into()
}

fn gitlab_pipeline(item: &Value) -> Told {
    let of = |name: &str| read::text(item, &format!("object_attributes.{name}"));
    let status = of("status").unwrap_or_default();
    if !["success", "failed", "canceled"].contains(&&*status) {
        return Told::Nothing("a pipeline that is not over");
    }
    let id = of("id");
    let branch = of("ref").unwrap_or_default();
    Change {
        kind: Some(ChangeKind::Pipeline),
        status: status_of(&status),
        summary: Some(format!(
            "Pipeline on {branch} ({}): {status}",
            of("sha").map(|sha| short(&sha)).unwrap_or_default()
        )),
        key: id.as_ref().map(|id| format!("pipeline:{id}|{status}")),
        change_key: id.as_ref().map(|id| format!("pipeline:{id}")),
        links: vec![(
            "Pipeline",
            of("url").or_else(|| {
                Some(format!(
                    "{}/-/pipelines/{}",
                    read::text(item, "project.web_url")?,
                    id?
                ))
            }),
        )],
        at: read::at(item, "object_attributes.finished_at").cloned(),
        starts_at: read::at(item, "object_attributes.created_at").cloned(),
        ends_at: read::at(item, "object_attributes.finished_at").cloned(),
        details: json!({
            "ref": branch, "sha": of("sha"), "source": of("source"),
            "user": read::first(item, &["user.username", "user.name"]),
            "commit": read::text(item, "commit.title"),
        }),
        ..Change::default()
    }
    .into()
}

fn gitlab_push(item: &Value) -> Told {
    let reference = read::text(item, "ref").unwrap_or_default();
    let branch = reference.strip_prefix("refs/heads/").unwrap_or_default();
    let default = read::text(item, "project.default_branch");
    let after = read::text(item, "after").unwrap_or_default();
    if branch.is_empty()
        || default.is_some_and(|default| default != branch)
        || after.bytes().all(|byte| byte == b'0')
    {
        return Told::Nothing("a push to another branch than the default one");
    }
    let commits = read::text(item, "total_commits_count").unwrap_or_default();
    Change {
        kind: Some(ChangeKind::Push),
        summary: Some(format!("{commits} commits to {branch} ({})", short(&after))),
        key: Some(format!("push:{branch}:{after}")),
        change_key: Some(after.clone()),
        links: vec![(
            "Commit",
            read::text(item, "project.web_url").map(|web| format!("{web}/-/commit/{after}")),
        )],
        at: read::array(item, "commits")
            .and_then(|commits| commits.last()?.get("timestamp").cloned()),
        details: json!({
            "before": item.get("before"), "after": after,
            "user": read::first(item, &["user_username", "user_name"]),
        }),
        ..Change::default()
    }
    .into()
}

fn gitlab_release(item: &Value) -> Told {
    if read::text(item, "action").is_some_and(|action| action != "create") {
        return Told::Nothing("a release that is not new");
    }
    let tag = read::text(item, "tag").unwrap_or_default();
    Change {
        kind: Some(ChangeKind::Release),
        status: Some(ChangeStatus::Succeeded),
        summary: Some(match read::text(item, "name").filter(|name| *name != tag) {
            Some(name) => format!("Release {tag}: {name}"),
            None => format!("Release {tag}"),
        }),
        key: read::text(item, "id").map(|id| format!("release:{id}")),
        links: vec![("Release", read::text(item, "url"))],
        at: item.get("released_at").cloned(),
        details: json!({ "tag": tag, "commit": read::text(item, "commit.id") }),
        ..Change::default()
    }
    .into()
}
