//! Reads what somebody wants to know.

use domain::directory::Directory;
use domain::what_if::{
    self, ANSWERS_MAX, Answer, HORIZON_DEFAULT, HORIZON_MAX, OUTAGES_MAX, Outage, PolicyDraft,
    ScheduleDraft, ServiceDraft, Stop,
};
use domain::word::AlertSeverity;
use domain::{IntegrationId, ServiceId, Span, SuppressionId, Timestamp, UserId};
use engine::what_if::{Question, WindowDraft};

use crate::page::{policy, schedule, service, suppression};
use crate::view::form::row_numbers;
use crate::view::policy::PolicyForm;
use crate::view::simulate::{AnswerRow, Draft, OutageRow};
use crate::view::suppression::{Noun, SuppressionForm};
use crate::view::{Form, Frame};

/// A question as typed and as understood. What could not be read is noted in the form.
pub struct Read {
    pub form: Form,
    pub question: Question,
    pub draft: Option<Draft>,
    /// With an empty row at the end.
    pub answers: Vec<AnswerRow>,
    pub outages: Vec<OutageRow>,
}

pub fn read(mut form: Form, directory: &Directory, frame: &Frame) -> Read {
    defaults(&mut form);
    let mut question = Question::new(None);
    question.service = form
        .text("if-service")
        .and_then(|id| id.parse().ok())
        .map(ServiceId);
    if let Some(severity) = form.text("if-severity") {
        question.severity = severity.parse().unwrap_or(AlertSeverity::Critical);
    }
    let draft = draft(&mut form, &mut question, directory, frame);
    if form.text("if-at").is_some() {
        match form.time("if-at", &frame.zone) {
            Some(at) => question.at = Some(at),
            None => form.reject(
                "if-at",
                "Give a date and a time, or leave it empty for now.",
            ),
        }
    }
    let hours = form.get("if-hours").trim().parse::<i64>();
    match hours.map(Span::from_hours) {
        Ok(horizon) if horizon > Span::ZERO && horizon <= HORIZON_MAX => {
            question.horizon = horizon;
        }
        _ => form.reject("if-hours", "Choose between 1 and 72 hours."),
    }
    question.integration = form
        .text("if-integration")
        .and_then(|id| id.parse().ok())
        .map(IntegrationId);
    match what_if::labels(form.get("if-labels")) {
        Ok(labels) => question.labels = labels,
        Err(why) => form.reject("if-labels", format!("{why}.")),
    }
    question.stop = match form.ticked("if-stop") {
        true => Stop::Answered,
        false => Stop::Quiet,
    };
    let answers = answers(&mut form, &mut question);
    let at = question.at.unwrap_or(frame.now);
    let outages = outages(&mut form, &mut question, at);
    if draft.is_none() {
        saved_policy(&form, &mut question, directory);
    }
    Read {
        form,
        question,
        draft,
        answers,
        outages,
    }
}

/// What stands in the form before anybody has typed anything.
fn defaults(form: &mut Form) {
    let mut with = |name: &str, value: String| {
        if !form.ticked(name) {
            *form = std::mem::take(form).with(name, value);
        }
    };
    with("if-severity", AlertSeverity::Critical.to_string());
    let hours = HORIZON_DEFAULT.as_seconds() / 3_600;
    with("if-hours", hours.to_string());
}

/// A whole number of minutes, or of messages; what is no number is noted beside the row.
fn number(form: &mut Form, row: &str, text: &str, otherwise: i64) -> i64 {
    if text.is_empty() {
        return otherwise;
    }
    text.parse().unwrap_or_else(|_| {
        form.reject(row, format!("“{text}” is no whole number."));
        otherwise
    })
}

fn answers(form: &mut Form, question: &mut Question) -> Vec<AnswerRow> {
    let mut rows: Vec<AnswerRow> = Vec::new();
    for n in row_numbers(form.pairs(), "if-answer") {
        let get = |field: &str| {
            form.get(&format!("if-answer-{n}-{field}"))
                .trim()
                .to_owned()
        };
        let row = AnswerRow {
            user: get("user"),
            message: get("message"),
            after: get("after"),
            act: get("act"),
        };
        let Ok(user) = row.user.parse() else {
            continue;
        };
        let beside = format!("if-answer-{}-user", rows.len());
        let message = number(form, &beside, &row.message, 1);
        let after = number(form, &beside, &row.after, 0);
        question.answers.push(Answer {
            user: UserId(user),
            message: u32::try_from(message).unwrap_or(0),
            after: Span::from_minutes(after),
            act: row.act.parse().unwrap_or(what_if::Act::Acknowledge),
        });
        rows.push(row);
        if rows.len() >= ANSWERS_MAX {
            return rows;
        }
    }
    rows.push(AnswerRow {
        message: "1".to_owned(),
        after: "5".to_owned(),
        ..AnswerRow::default()
    });
    rows
}

fn outages(form: &mut Form, question: &mut Question, at: Timestamp) -> Vec<OutageRow> {
    let mut rows: Vec<OutageRow> = Vec::new();
    for n in row_numbers(form.pairs(), "if-outage") {
        let get = |field: &str| {
            form.get(&format!("if-outage-{n}-{field}"))
                .trim()
                .to_owned()
        };
        let row = OutageRow {
            channel: get("channel"),
            fault: get("fault"),
            from: get("from"),
            lasts: get("lasts"),
        };
        let Ok(channel) = row.channel.parse() else {
            continue;
        };
        let beside = format!("if-outage-{}-channel", rows.len());
        let from = at + Span::from_minutes(number(form, &beside, &row.from, 0));
        let lasts = number(form, &beside, &row.lasts, 1);
        let until = (!row.lasts.is_empty()).then(|| from + Span::from_minutes(lasts));
        question.outages.push(Outage {
            channel,
            fault: row.fault.parse().unwrap_or(what_if::Fault::Temporary),
            from,
            until,
        });
        rows.push(row);
        if rows.len() >= OUTAGES_MAX {
            return rows;
        }
    }
    rows.push(OutageRow {
        from: "0".to_owned(),
        ..OutageRow::default()
    });
    rows
}

/// A policy as it is saved, for a service that need not use it.
fn saved_policy(form: &Form, question: &mut Question, directory: &Directory) {
    let policy = form
        .text("if-policy")
        .and_then(|slug| directory.policy_by_slug(slug));
    if let Some(policy) = policy {
        question.policy = Some(PolicyDraft {
            id: Some(policy.id),
            name: policy.name.clone(),
            config: policy.current.config.clone(),
        });
    }
}

/// A form of a policy or schedule that was not saved but tried.
fn draft(
    form: &mut Form,
    question: &mut Question,
    directory: &Directory,
    frame: &Frame,
) -> Option<Draft> {
    let tried = form.text("if-draft")?.to_owned();
    let (kind, slug) = tried.split_once(':')?;
    let mut fields: Vec<(String, String)> = form
        .pairs()
        .iter()
        .filter(|(name, _)| !name.starts_with("if-") && name != "do")
        .cloned()
        .collect();
    let (name, errors) = match kind {
        "policy" => {
            let mut typed = PolicyForm::from_pairs(fields.clone());
            let input = policy::form::input(&mut typed);
            if let Some(input) = input {
                question.policy = Some(PolicyDraft {
                    id: directory.policy_by_slug(slug).map(|policy| policy.id),
                    name: input.name,
                    config: input.config,
                });
            }
            (typed.fields.get("name").to_owned(), typed.fields)
        }
        "schedule" => {
            let mut typed = schedule::form::read(fields.clone(), frame);
            let input = schedule::form::input(&mut typed, frame);
            if let Some(input) = input {
                question.schedule = Some(ScheduleDraft {
                    id: directory.schedule_by_slug(slug).map(|one| one.id),
                    name: input.name,
                    effective_from: input.effective_from.unwrap_or(frame.now),
                    config: input.config,
                });
            }
            (typed.fields.get("name").to_owned(), typed.fields)
        }
        "service" => {
            let existing = directory.service_by_slug(slug);
            let before = existing.map(|service| service.settings.clone());
            let mut typed = Form::from_pairs(fields.clone());
            let input = service::form::input(&mut typed, &before.unwrap_or_default());
            if let Some(input) = input {
                question.changed_service = Some(ServiceDraft {
                    id: existing.map(|service| service.id),
                    name: input.name,
                    policy: input.policy_id,
                    settings: input.settings,
                });
            }
            (typed.get("name").to_owned(), typed)
        }
        "silence" | "maintenance" => {
            let noun = window_noun(kind);
            let mut typed = SuppressionForm::from_pairs(fields.clone());
            if let Some(input) = suppression::form::input(&mut typed, noun, frame.now) {
                at_its_start(form, input.starts_at, frame);
                question.window = Some(WindowDraft {
                    id: slug.parse().ok().map(SuppressionId),
                    input,
                });
            }
            (typed.fields.get("comment").to_owned(), typed.fields)
        }
        _ => return None,
    };
    let kind = match kind {
        "silence" | "maintenance" => window_noun(kind).one(),
        kind => kind,
    };
    for message in errors.general() {
        form.refuse(message);
    }
    for (_, message) in errors.errors() {
        form.refuse(format!("In the form of the {kind}: {message}"));
    }
    let (known, pages) = match tried.split_once(':').map_or("", |(kind, _)| kind) {
        "policy" => (directory.policy_by_slug(slug).is_some(), "/policies"),
        "schedule" => (directory.schedule_by_slug(slug).is_some(), "/schedules"),
        "service" => (directory.service_by_slug(slug).is_some(), "/services"),
        window => (!slug.is_empty(), window_noun(window).path()),
    };
    let back = match known {
        true => format!("{pages}/{slug}"),
        false => pages.to_owned(),
    };
    fields.push(("if-draft".to_owned(), tried.clone()));
    let name = match name.trim() {
        "" => String::new(),
        name => format!(" “{name}”"),
    };
    Some(Draft {
        back,
        text: format!("Trying the {kind}{name} as it stands in the form. It is not saved."),
        fields,
    })
}

fn window_noun(kind: &str) -> Noun {
    match kind {
        "silence" => Noun::Silence,
        _ => Noun::Maintenance,
    }
}

/// Whoever tries what begins later asks about then, unless something else is typed.
fn at_its_start(form: &mut Form, starts_at: Timestamp, frame: &Frame) {
    let untouched = !form.pairs().iter().any(|(name, _)| name == "if-at");
    if untouched && starts_at > frame.now {
        *form = std::mem::take(form).with("if-at", frame.local_input(&starts_at));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::page::sample::{NOW, directory};
    use domain::what_if::{Act, Fault};
    use domain::word::ContactKind;

    fn asked(pairs: &[(&str, &str)]) -> Read {
        let pairs = pairs
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        let frame = Frame::signed_out("x", "c", NOW);
        read(Form::from_pairs(pairs), &directory(), &frame)
    }

    #[test]
    fn rows_without_a_choice_are_left_out_and_an_empty_one_follows() {
        let read = asked(&[
            ("if-service", "1"),
            ("if-answer-0-user", ""),
            ("if-answer-1-user", "2"),
            ("if-answer-1-after", "7"),
            ("if-answer-1-act", "escalate"),
            ("if-outage-0-channel", "sms"),
            ("if-outage-0-fault", "permanent"),
            ("if-outage-0-from", "3"),
            ("if-outage-0-lasts", "10"),
        ]);
        assert!(!read.form.has_errors());
        let answer = read.question.answers[0];
        assert_eq!(
            (answer.user, answer.act, answer.message),
            (UserId(2), Act::Escalate, 1)
        );
        assert_eq!(answer.after, Span::from_minutes(7));
        assert_eq!(read.answers.len(), 2);
        let outage = read.question.outages[0];
        assert_eq!(
            (outage.channel, outage.fault),
            (ContactKind::Sms, Fault::Permanent)
        );
        assert_eq!(outage.until, Some(NOW + Span::from_minutes(13)));
        assert_eq!(read.outages.len(), 2);
    }

    #[test]
    fn what_cannot_be_read_is_said() {
        let read = asked(&[
            ("if-at", "yesterday"),
            ("if-hours", "1000"),
            ("if-answer-0-user", "2"),
            ("if-answer-0-after", "soon"),
        ]);
        let errors: Vec<&str> = read
            .form
            .errors()
            .iter()
            .map(|one| one.0.as_str())
            .collect();
        assert_eq!(errors, ["if-at", "if-hours", "if-answer-0-user"]);
    }

    #[test]
    fn a_form_that_is_not_saved_is_carried_along() {
        let read = asked(&[
            ("if-draft", "policy:default"),
            ("name", "Default"),
            ("step-0-target", "user:2"),
            ("step-0-wait", "5"),
            ("step-0-wait_unit", "minutes"),
            ("repeats", "1"),
            ("do", "save"),
        ]);
        let draft = read.draft.unwrap();
        assert_eq!(
            draft.text,
            "Trying the policy “Default” as it stands in the form. It is not saved."
        );
        assert!(draft.fields.iter().any(|(name, _)| name == "step-0-target"));
        assert_eq!(draft.back, "/policies/default");
        assert!(draft.fields.iter().all(|(name, _)| name != "do"));
        let policy = read.question.policy.unwrap();
        assert!(policy.id.is_some());
        assert_eq!(policy.config.steps.len(), 1);

        let broken = asked(&[
            ("if-draft", "policy:"),
            ("step-0-wait", "x"),
            ("repeats", "many"),
        ]);
        assert!(broken.form.has_errors() && broken.question.policy.is_none());
        assert_eq!(broken.draft.unwrap().back, "/policies");
    }
}
