//! Calls that change something.

use std::sync::Arc;

use domain::dedup::{Applied, SignalDecision};
use domain::directory::Directory;
use domain::incident::Command;
use domain::signal::Signal;
use domain::word::Action;
use domain::{AlertId, Timestamp};
use engine::alert::{self, By, Done};
use engine::ingest::Submission;
use formats::opsgenie::call::{Identifier, Verb};
use formats::opsgenie::create as creation;
use formats::opsgenie::order::{self, Order};
use formats::opsgenie::receipt::{Asked, Outcome, Receipt};

use super::{Answer, Failure, Request};
use crate::hooks::{intake, replay};

/// `POST /v2/alerts`
pub(super) async fn create(request: &Request<'_>) -> Result<Answer, Failure> {
    let made = creation::create(&request.bytes, request.scale(&request.state.directory()))?;
    let submission = Submission {
        signals: made.parsed.signals,
        warnings: made.parsed.warnings,
        ..intake::remark(
            request.key_hash,
            request.bytes.clone(),
            request.origin(replay::OPSGENIE),
        )
    };
    let accepted = intake::store(request.state, submission).await?;
    let applied = accepted.applied.first();
    let opened = applied.and_then(|applied| applied.alert_id);
    // A client that repeats itself repeats its note, too: once is enough.
    let is_new = applied.is_some_and(|applied| applied.decision != SignalDecision::Repeated);
    if let (Some(note), Some(id), true) = (made.note, opened, is_new) {
        let orders = vec![alert::Order::Command(Command::Note { text: note })];
        carry_out(request, By::Id(id), orders).await?;
    }
    Ok(receipt(request, Asked::Create, Outcome::Done, opened))
}

/// `DELETE /v2/alerts/{id}`: nothing here is forgotten, so the alert is closed.
pub(super) async fn delete(request: &Request<'_>, by: Identifier) -> Result<Answer, Failure> {
    let warnings = vec!["alerts are not deleted: closed it instead".to_owned()];
    signal(request, by, Asked::Delete, Action::Resolve, warnings).await
}

/// Everything that is asked of an alert that exists.
pub(super) async fn act(
    request: &Request<'_>,
    by: Identifier,
    verb: &Verb,
) -> Result<Answer, Failure> {
    let now = request.state.now();
    let directory = request.state.directory();
    let scale = request.scale(&directory);
    let parameter = |name: &str| request.parameter(name);
    let orders = order::orders(verb, &request.bytes, parameter, scale, now)?;
    let mut warnings = orders.warnings;
    let mut action = None;
    let mut list = Vec::new();
    for order in orders.list {
        match order {
            Order::Signal(wanted) => action = Some(wanted),
            other => list.extend(engines(other, &directory, &mut warnings)),
        }
    }
    if let Some(action) = action {
        if let (false, Some(by)) = (list.is_empty(), named(&by)) {
            carry_out(request, by, list).await?;
        }
        return signal(request, by, verb.into(), action, warnings).await;
    }
    let done = match named(&by) {
        Some(by) => carry_out(request, by, list).await?,
        None => None,
    };
    let (outcome, id) = match &done {
        None => (Outcome::NoAlert, None),
        Some(done) => {
            warnings.extend(done.refused.iter().cloned());
            let refused = !done.refused.is_empty();
            let outcome = if refused {
                Outcome::Refused
            } else {
                Outcome::Done
            };
            (outcome, Some(done.alert))
        }
    };
    remark(request, warnings).await?;
    Ok(receipt(request, verb.into(), outcome, id))
}

/// Acknowledges or resolves, as a monitor does: of nothing open it is accepted and dropped.
async fn signal(
    request: &Request<'_>,
    by: Identifier,
    asked: Asked,
    action: Action,
    warnings: Vec<String>,
) -> Result<Answer, Failure> {
    let key = match by {
        Identifier::Alias(alias) => Some(alias),
        Identifier::Id(None) => None,
        Identifier::Id(Some(id)) => {
            let found = alert::find(request.state.store(), request.integration, By::Id(id)).await?;
            found.map(|found| found.alert.dedup_key)
        }
    };
    let Some(key) = key.filter(|key| !key.is_empty()) else {
        remark(request, warnings).await?;
        return Ok(receipt(request, asked, Outcome::NoAlert, None));
    };
    let submission = Submission {
        signals: vec![Signal::new(action, key, "")],
        warnings,
        ..intake::remark(
            request.key_hash,
            request.bytes.clone(),
            request.origin(replay::OPSGENIE_CALL),
        )
    };
    let accepted = intake::store(request.state, submission).await?;
    let Applied { alert_id, .. } = match accepted.applied.first() {
        Some(applied) => *applied,
        None => return Ok(receipt(request, asked, Outcome::NoAlert, None)),
    };
    let outcome = match alert_id {
        Some(_) => Outcome::Done,
        None => Outcome::NoAlert,
    };
    Ok(receipt(request, asked, outcome, alert_id))
}

/// An order in the engine's words; those about people nobody knows are told and left out.
fn engines(
    order: Order,
    directory: &Directory,
    warnings: &mut Vec<String>,
) -> Option<alert::Order> {
    let command = match order {
        Order::Signal(_) => return None,
        Order::Edit(edit) => {
            return Some(alert::Order::Reword(Arc::new(move |text| edit.apply(text))));
        }
        Order::Unacknowledge => Command::Unacknowledge,
        Order::Note(text) => Command::Note { text },
        Order::Snooze(until) => Command::Snooze { until },
        Order::Escalate(to) => escalate(to, directory, warnings),
        Order::Assign(owner) => match owner.user(directory) {
            Some(user) => Command::ReassignToUser { user },
            None => {
                warnings.push(format!("there is no user {}: not assigned", owner.name));
                return None;
            }
        },
        Order::Page(parties) => {
            let mut targets = Vec::new();
            for party in parties {
                match party.target(directory) {
                    Some(target) if !targets.contains(&target) => targets.push(target),
                    Some(_) => {}
                    None => warnings.push(format!(
                        "there is no {} {}: not asked to help",
                        party.kind, party.name
                    )),
                }
            }
            if targets.is_empty() {
                return None;
            }
            let message = String::new();
            Command::Page { targets, message }
        }
    };
    Some(alert::Order::Command(command))
}

fn escalate(
    to: Option<formats::opsgenie::Party>,
    directory: &Directory,
    warnings: &mut Vec<String>,
) -> Command {
    let Some(to) = to else {
        return Command::Escalate { to_step: None };
    };
    match to.policy(directory) {
        Some(policy) => Command::ReassignToPolicy { policy },
        None => {
            warnings.push(format!(
                "there is no policy {}: escalated to the next step",
                to.name
            ));
            Command::Escalate { to_step: None }
        }
    }
}

fn named(by: &Identifier) -> Option<By> {
    match by {
        Identifier::Alias(alias) => Some(By::Key(alias.clone())),
        Identifier::Id(id) => id.map(By::Id),
    }
}

async fn carry_out(
    request: &Request<'_>,
    by: By,
    orders: Vec<alert::Order>,
) -> Result<Option<Done>, Failure> {
    let now = request.state.now();
    let store = request.state.store();
    Ok(alert::carry_out(store, request.integration, by, orders, now).await?)
}

/// Warnings of a request without a signal.
async fn remark(request: &Request<'_>, warnings: Vec<String>) -> Result<(), Failure> {
    if !warnings.is_empty() {
        let submission = Submission {
            warnings,
            ..intake::remark(
                request.key_hash,
                request.bytes.clone(),
                request.origin(replay::OPSGENIE_CALL),
            )
        };
        intake::store(request.state, submission).await?;
    }
    Ok(())
}

fn receipt(
    request: &Request<'_>,
    asked: Asked,
    outcome: Outcome,
    alert: Option<AlertId>,
) -> Answer {
    let at: Timestamp = request.state.now();
    Answer::Accepted(Receipt {
        asked,
        outcome,
        alert,
        at,
    })
}
