//! `simulate`: what would happen.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::ArgMatches;
use domain::directory::Directory;
use domain::what_if::{Answer, EventKind, Outage, PolicyDraft, Stop, labels};
use domain::word::AlertSeverity;
use domain::{Span, Timestamp};
use engine::manifest;
use engine::what_if::{Question, Told, tell_in};

use super::configuration::parsed;
use super::{context, open};
use crate::failure::Failure;
use crate::output;
use crate::setting::Settings;

/// `quarterdeck simulate --service S …`.
pub async fn simulate(settings: &Settings, matches: &ArgMatches) -> Result<ExitCode, Failure> {
    let store = open(settings)?;
    let text = |name: &str| matches.get_one::<String>(name).map(String::as_str);
    let ctx = context();
    let directory = match matches.get_one::<PathBuf>("file") {
        None => store.directory(),
        Some(path) => {
            let would = manifest::rehearse(&store, &ctx, parsed(path)?).await;
            would.map_err(|error| Failure::from(error).in_file(&path.display().to_string()))?
        }
    };
    let mut question = Question::new(None);
    if let Some(slug) = text("service") {
        let service = directory.service_by_slug(slug);
        let unknown = || Failure::usage(format!("there is no service `{slug}`"));
        question.service = Some(service.ok_or_else(unknown)?.id);
    }
    if let Some(slug) = text("policy") {
        let policy = directory.policy_by_slug(slug);
        let policy =
            policy.ok_or_else(|| Failure::usage(format!("there is no policy `{slug}`")))?;
        question.policy = Some(PolicyDraft {
            id: Some(policy.id),
            name: policy.name.clone(),
            config: policy.current.config.clone(),
        });
    }
    if let Some(word) = text("severity") {
        question.severity = word
            .parse::<AlertSeverity>()
            .map_err(|error| Failure::usage(error.to_string()))?;
    }
    question.integration = matches
        .get_one::<i64>("integration")
        .map(|id| domain::IntegrationId(*id));
    let known = question.service.is_some() || question.policy.is_some();
    if !known && question.integration.is_none() {
        let message = "say for what: --service, --policy or --integration";
        return Err(Failure::usage(message));
    }
    for word in matches.get_many::<String>("label").unwrap_or_default() {
        let labels = labels(word).map_err(|why| Failure::usage(format!("--label: {why}")))?;
        question.labels.extend(labels);
    }
    if let Some(at) = text("at") {
        let wrong = || Failure::usage(format!("`{at}` is not a time such as 2026-12-24T18:00:00Z"));
        question.at = Some(Timestamp::parse(at).ok_or_else(wrong)?);
    }
    let at = question.at.unwrap_or(ctx.now);
    if let Some(hours) = matches.get_one::<i64>("hours") {
        question.horizon = Span::from_hours(*hours);
    }
    if matches.get_flag("until-answered") {
        question.stop = Stop::Answered;
    }
    for word in matches.get_many::<String>("answer").unwrap_or_default() {
        question.answers.push(answer(word, &directory)?);
    }
    for word in matches.get_many::<String>("fail").unwrap_or_default() {
        question.outages.push(outage(word, at)?);
    }
    let told = tell_in(&store, &ctx, directory.clone(), question).await?;
    print(&told)?;
    Ok(ExitCode::SUCCESS)
}

/// `ana@example.com:acknowledge:5m`, with `:2` for the second message.
fn answer(word: &str, directory: &Directory) -> Result<Answer, Failure> {
    let wrong = |why: &str| {
        Failure::usage(format!("--answer {word}: {why}")).next(
            "For example --answer ana@example.com:acknowledge:5m, and :2 for her second message.",
        )
    };
    let mut parts = word.split(':');
    let email = parts.next().unwrap_or_default();
    let user = directory
        .user_by_email(email)
        .ok_or_else(|| wrong("there is no such person"))?;
    let act = parts.next().unwrap_or("acknowledge");
    let act = act
        .parse()
        .map_err(|error: domain::word::UnknownWord| wrong(&error.to_string()))?;
    let after = span(parts.next().unwrap_or("0s")).ok_or_else(|| wrong("how long after?"))?;
    let message = match parts.next() {
        None => 1,
        Some(number) => number.parse().map_err(|_| wrong("which message?"))?,
    };
    match parts.next() {
        None => Ok(Answer {
            user: user.id,
            message,
            after,
            act,
        }),
        Some(_) => Err(wrong("too many parts")),
    }
}

/// `sms:temporary`, `sms:permanent:5m`, `email:temporary:0s:30m`: from and for how long.
fn outage(word: &str, at: Timestamp) -> Result<Outage, Failure> {
    let wrong = |why: &str| {
        Failure::usage(format!("--fail {word}: {why}"))
            .next("For example --fail sms:temporary:0s:30m: from the alert on, for half an hour.")
    };
    let unknown = |error: domain::word::UnknownWord| wrong(&error.to_string());
    let mut parts = word.split(':');
    let channel = parts.next().unwrap_or_default().parse().map_err(unknown)?;
    let fault = parts
        .next()
        .unwrap_or("temporary")
        .parse()
        .map_err(unknown)?;
    let from = span(parts.next().unwrap_or("0s")).ok_or_else(|| wrong("from when?"))?;
    let from = at + from;
    let until = match parts.next() {
        None => None,
        Some(lasts) => Some(from + span(lasts).ok_or_else(|| wrong("for how long?"))?),
    };
    match parts.next() {
        None => Ok(Outage {
            channel,
            fault,
            from,
            until,
        }),
        Some(_) => Err(wrong("too many parts")),
    }
}

/// `90s`, `5m`, `2h`.
fn span(text: &str) -> Option<Span> {
    let unit = text.chars().last()?;
    let number: i64 = text.strip_suffix(unit)?.parse().ok()?;
    let span = match unit {
        's' => Span::from_seconds(number),
        'm' => Span::from_minutes(number),
        'h' => Span::from_hours(number),
        _ => return None,
    };
    (span >= Span::ZERO).then_some(span)
}

fn print(told: &Told) -> Result<(), Failure> {
    let course = &told.course;
    let begin = told.scenario.at;
    let urgency = course.incident.as_ref().map(|incident| incident.urgency);
    let urgency = urgency.map_or(String::new(), |urgency| format!(" ({urgency} urgency)"));
    output::line(&format!(
        "An alert of severity {} at {}{urgency}. Times are UTC.",
        told.scenario.severity,
        begin.to_seconds_string(),
    ))?;
    let mut last = None;
    for event in &course.events {
        let after = event.at.since(begin);
        let time = match last == Some(event.at) {
            true => String::new(),
            false => format!("T+{after}"),
        };
        last = Some(event.at);
        let mut text = event.text.clone();
        if let EventKind::Page(id) = event.kind
            && let Some(why) = told.reason(id)
        {
            text.push(' ');
            text.push_str(&why);
        }
        output::line(&format!("{time:>12}  {text}"))?;
    }
    let after = course.ended_at.since(begin);
    let state = course.incident.as_ref().map(|incident| incident.paging);
    let state = state.map_or(String::new(), |state| format!(", the incident is {state}"));
    output::line(&format!(
        "{:>12}  Ends after {after}: {}{state}. {} pages.",
        "",
        match course.end {
            domain::what_if::End::Answered => "somebody has answered",
            domain::what_if::End::Quiet => "nothing further happens",
            domain::what_if::End::Held => "the alert is held back, and nobody is paged",
            domain::what_if::End::Joined => "the alert joins an open incident",
            domain::what_if::End::Horizon => "that is as far as was asked",
            domain::what_if::End::Length => "there is more than can be listed",
        },
        course.pages.len()
    ))
}

#[cfg(test)]
mod tests {
    use super::*;
    use domain::what_if::Fault;
    use domain::word::ContactKind;

    #[test]
    fn spans_and_outages_are_read() {
        assert_eq!(span("90s"), Some(Span::from_seconds(90)));
        assert_eq!(span("2h"), Some(Span::from_hours(2)));
        for bad in ["", "5", "m", "-5m", "5d", "5µ"] {
            assert_eq!(span(bad), None, "{bad}");
        }
        let at = Timestamp::from_seconds(0);
        let one = outage("sms:permanent:5m:10m", at).unwrap();
        assert_eq!(
            (one.channel, one.fault),
            (ContactKind::Sms, Fault::Permanent)
        );
        assert_eq!(one.from, at + Span::from_minutes(5));
        assert_eq!(one.until, Some(at + Span::from_minutes(15)));
        assert_eq!(outage("email", at).unwrap().until, None);
        assert!(outage("pigeon", at).is_err() && outage("sms:temporary:0s:1m:x", at).is_err());
    }
}
