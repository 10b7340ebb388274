//! The what-if: a question, and what the rules say to it.

mod course;
mod question;

use actix_web::http::StatusCode;
use actix_web::web::{self, ServiceConfig};
use actix_web::{HttpRequest, HttpResponse};
use domain::directory::Directory;
use domain::what_if::{Act, Fault};
use domain::word::{AlertSeverity, ContactKind};
use engine::Error;
use engine::what_if::tell;

use super::{choice, complaint};
use crate::csrf::Checked;
use crate::error::WebError;
use crate::frame::{frame, render_with};
use crate::session::SignedIn;
use crate::state::State;
use crate::view::simulate::SimulatePage;
use crate::view::{Choice, Form, Nav};

pub fn configure(cfg: &mut ServiceConfig) {
    cfg.service(
        web::resource("/simulate")
            .route(web::get().to(ask))
            .route(web::post().to(try_out)),
    );
}

/// `GET /simulate?if-…`: an empty form, or what is asked of the configuration as it is.
async fn ask(state: State, me: SignedIn, req: HttpRequest) -> Result<HttpResponse, WebError> {
    let pairs = url::form_urlencoded::parse(req.query_string().as_bytes());
    let form = Form::from_pairs(
        pairs
            .into_owned()
            .filter(|(name, _)| name.starts_with("if-")),
    );
    let asked = form.ticked("if-service") || form.ticked("if-policy");
    show(&state, &me, form, asked).await
}

/// `POST /simulate`: the same with a change that is not saved.
async fn try_out(
    state: State,
    me: SignedIn,
    Checked(form): Checked,
) -> Result<HttpResponse, WebError> {
    show(&state, &me, form, true).await
}

async fn show(
    state: &State,
    me: &SignedIn,
    form: Form,
    asked: bool,
) -> Result<HttpResponse, WebError> {
    let frame = frame(state, me, "What if?", Nav::Simulate).await;
    let directory = state.directory();
    let mut read = question::read(form, &directory, &frame);
    let mut shown = None;
    if asked && !read.form.has_errors() {
        // The instant at which the form was read: what begins now has begun.
        match tell(state.store(), &me.ctx(frame.now), read.question.clone()).await {
            Ok(told) => shown = Some(course::shown(&told, &frame.zone)),
            Err(error) => refuse(&mut read.form, error)?,
        }
    }
    let status = match read.form.has_errors() {
        true => StatusCode::UNPROCESSABLE_ENTITY,
        false => StatusCode::OK,
    };
    let channels = state.engine.channels();
    let without_provider = ContactKind::ALL
        .iter()
        .copied()
        .filter(|kind| !channels.is_configured(*kind))
        .collect();
    let page = page(read, &directory, frame, shown, without_provider);
    render_with(status, &page)
}

/// The page around a question.
pub fn page(
    read: question::Read,
    directory: &Directory,
    frame: crate::view::Frame,
    course: Option<crate::view::simulate::CourseShown>,
    without_provider: Vec<ContactKind>,
) -> SimulatePage {
    let mut services: Vec<Choice> = directory
        .services
        .values()
        .map(|service| Choice::new(service.id, &service.name))
        .collect();
    services.sort_by_cached_key(|choice| choice.label.to_lowercase());
    SimulatePage {
        services,
        integrations: integrations(directory),
        severities: AlertSeverity::ALL
            .iter()
            .map(|word| Choice::new(word, word))
            .collect(),
        people: choice::people(directory),
        acts: Act::ALL
            .iter()
            .map(|act| Choice::new(act, act_words(*act)))
            .collect(),
        channels: ContactKind::ALL
            .iter()
            .map(|kind| Choice::new(kind, capital(kind.in_words())))
            .collect(),
        faults: Fault::ALL
            .iter()
            .map(|fault| Choice::new(fault, fault_words(*fault)))
            .collect(),
        draft: read.draft,
        answers: read.answers,
        outages: read.outages,
        form: read.form,
        course,
        without_provider,
        frame,
    }
}

/// Integrations by service: `Checkout: Prometheus`.
fn integrations(directory: &Directory) -> Vec<Choice> {
    let mut choices: Vec<Choice> = directory
        .integrations
        .values()
        .map(|one| {
            let service = directory.service(one.service_id);
            let service = service.map_or("a former service", |service| service.name.as_str());
            Choice::new(one.id, format!("{service}: {}", one.name))
        })
        .collect();
    choices.sort_by_cached_key(|choice| choice.label.to_lowercase());
    choices
}

fn act_words(act: Act) -> &'static str {
    match act {
        Act::Acknowledge => "acknowledges",
        Act::Resolve => "resolves",
        Act::Escalate => "escalates",
        Act::Ignore => "does nothing",
    }
}

fn fault_words(fault: Fault) -> &'static str {
    match fault {
        Fault::Temporary => "cannot be reached",
        Fault::Permanent => "refuses the address for good",
        Fault::NotSetUp => "is not set up",
    }
}

fn capital(word: &str) -> String {
    let mut letters = word.chars();
    letters
        .next()
        .map(|first| first.to_uppercase().chain(letters).collect())
        .unwrap_or_default()
}

/// Shows what the engine refused beside the fields it is about.
fn refuse(form: &mut Form, error: Error) -> Result<(), WebError> {
    let Error::Invalid(problems) = error else {
        complaint::show_plain(form, error)?;
        return Ok(());
    };
    for problem in problems {
        let message = complaint::sentence(&problem.message);
        match field(&problem.field) {
            Some(name) => form.reject(&name, message),
            None => form.refuse(format!("{}: {message}", problem.field)),
        }
    }
    Ok(())
}

/// The form's name of a field: `answers[1].user` is `if-answer-1-user`. Rows without a choice are
/// left out when the form is read, so the numbers are the same.
fn field(name: &str) -> Option<String> {
    let row = |rest: &str, what: &str, shown: &str| {
        let (number, field) = rest.strip_prefix(what)?.split_once("].")?;
        // Errors of a row stand below it, by its first field.
        let _ = field;
        Some(format!(
            "if-{what}-{number}-{shown}",
            what = &what[..what.len() - 2]
        ))
    };
    match name {
        "service" | "integration" | "labels" | "at" | "hours" => Some(format!("if-{name}")),
        other => row(other, "answers[", "user").or_else(|| row(other, "outages[", "channel")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_wrong_stands_beside_its_row() {
        assert_eq!(field("at").as_deref(), Some("if-at"));
        assert_eq!(
            field("answers[1].after").as_deref(),
            Some("if-answer-1-user")
        );
        assert_eq!(
            field("outages[0].until").as_deref(),
            Some("if-outage-0-channel")
        );
        assert_eq!(field("policy.steps[0].wait"), None);
    }
}
