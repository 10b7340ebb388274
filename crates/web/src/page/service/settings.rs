//! The settings of an integration: its secret, which is never shown again, what its sender's words
//! for severities mean and the severity of what carries none, the rules for mails, what tells alerts apart, what silence and missing data mean, when
//! alerts resolve by themselves, and how much may come. The rules of its mapping have an editor of their own.

use actix_web::http::StatusCode;
use actix_web::{HttpResponse, web};
use domain::Span;
use domain::directory::Directory;
use domain::integration::{NoData, OnSilence};
use domain::service::Integration;
use domain::word::AlertSeverity;
use engine::Error;
use engine::access::Right;
use engine::configuration::integration::{SettingsEdit, edit_settings, settings_of};
use formats::format::{self, Format};
use formats::mail::{MailDedup, MailRules};
use formats::settings::Secret;
use formats::severity;

use super::find;
use super::integration::find_in;
use crate::csrf::Checked;
use crate::error::WebError;
use crate::frame::{frame, redirect_with_flash, render, render_with};
use crate::page::complaint;
use crate::session::SignedIn;
use crate::state::{AppState, State};
use crate::view::integration::IntegrationSettingsPage;
use crate::view::{Choice, Form, Link, Nav};

pub fn configure(cfg: &mut web::ServiceConfig) {
    cfg.service(
        web::resource("/services/{slug}/integrations/{id}/settings")
            .route(web::get().to(show))
            .route(web::post().to(save)),
    );
}

/// Severities to choose from, worst first.
pub fn severities() -> Vec<Choice> {
    AlertSeverity::ALL
        .iter()
        .map(|one| Choice::new(one, complaint::sentence(one.as_str()).trim_end_matches('.')))
        .collect()
}

/// Ways to tell mails apart.
pub fn ways() -> Vec<Choice> {
    let words = |way: MailDedup| match way {
        MailDedup::Subject => "Those of one subject",
        MailDedup::Each => "None: each is a new alert",
        MailDedup::Pattern => "Those a pattern finds alike",
        MailDedup::Thread => "Those of one thread",
    };
    MailDedup::ALL
        .into_iter()
        .map(|way| Choice::new(way, words(way)))
        .collect()
}

/// What the end of an alert may mean.
pub fn silences() -> Vec<Choice> {
    let words = |one: OnSilence| match one {
        OnSilence::Resolve => "It is over: the alert resolves",
        OnSilence::Tell => "The source went silent: the alert stays open, and people are told",
    };
    OnSilence::ALL
        .iter()
        .map(|one| Choice::new(one, words(*one)))
        .collect()
}

/// What it may mean that there is no data.
pub fn blanks() -> Vec<Choice> {
    let words = |one: NoData| match one {
        NoData::Trigger => "An alert of severity warning",
        NoData::Resolve => "It is over: the alert resolves",
        NoData::Ignore => "Nothing",
    };
    NoData::ALL
        .iter()
        .map(|one| Choice::new(one, words(*one)))
        .collect()
}

async fn page(
    state: &AppState,
    me: &SignedIn,
    directory: &Directory,
    slug: &str,
    integration: &Integration,
    form: Form,
) -> Result<IntegrationSettingsPage, WebError> {
    let service = find(directory, slug)?;
    let format = format::of(integration.kind);
    Ok(IntegrationSettingsPage {
        frame: frame(state, me, &integration.name, Nav::Services).await,
        service: Link {
            label: service.name.clone(),
            href: format!("/services/{}", service.slug),
        },
        id: integration.id,
        name: integration.name.clone(),
        secret_set: settings_of(integration)?.secret.is_some(),
        severities: severities(),
        ways: ways(),
        silences: silences(),
        blanks: blanks(),
        rate_limit: state.config.rate_limit,
        format,
        form,
    })
}

async fn show(
    state: State,
    me: SignedIn,
    path: web::Path<(String, String)>,
) -> Result<HttpResponse, WebError> {
    me.require(Right::Configure)?;
    let (slug, id) = path.into_inner();
    let directory = state.directory();
    let integration = find_in(&directory, &slug, &id)?;
    let mut form = Form::new();
    let settings = settings_of(integration)?;
    if let Some(severity) = settings.severity {
        form = form.with("severity", severity);
    }
    form = form.with(
        "severity_words",
        severity::written(&settings.severity_words),
    );
    if let Some(rules) = &settings.mail {
        form = form.with("mail_dedup", rules.dedup);
        for (field, text) in [
            ("mail_dedup_pattern", &rules.dedup_pattern),
            ("mail_resolve_subject", &rules.resolve_subject),
            ("mail_resolve_body", &rules.resolve_body),
        ] {
            form = form.with(field, text.as_deref().unwrap_or_default());
        }
    }
    form = form
        .with("identity_labels", settings.identity_labels.join(", "))
        .with("on_silence", settings.conduct.on_silence);
    form = form.with(
        "insufficient_data",
        settings.insufficient_data.unwrap_or(NoData::Trigger),
    );
    if let Some(after) = settings.conduct.resolve_after {
        form = form.with("resolve_after", after.as_seconds() / 60);
    }
    if let Some(rate) = settings.conduct.rate_limit {
        form = form.with("rate_limit", rate);
    }
    render(&page(&state, &me, &directory, &slug, integration, form).await?)
}

async fn save(
    state: State,
    me: SignedIn,
    path: web::Path<(String, String)>,
    Checked(mut form): Checked,
) -> Result<HttpResponse, WebError> {
    me.require(Right::Configure)?;
    let (slug, id) = path.into_inner();
    let directory = state.directory();
    let integration = find_in(&directory, &slug, &id)?;
    let format = format::of(integration.kind);
    let saved = match read(&mut form, &format) {
        Some(edit) => {
            let ctx = me.ctx(state.now());
            edit_settings(state.store(), &ctx, integration.id, edit).await
        }
        None => Err(Error::Invalid(Vec::new())),
    };
    match saved {
        Ok(()) => Ok(redirect_with_flash(
            &state,
            &format!("/services/{slug}#integration-{}", integration.id),
            "Saved.",
        )),
        Err(error) => {
            complaint::show_plain(&mut form, at_their_fields(error))?;
            let page = page(&state, &me, &directory, &slug, integration, form).await?;
            render_with(StatusCode::UNPROCESSABLE_ENTITY, &page)
        }
    }
}

/// Faults of the rules for mails, each at its field of the form.
fn at_their_fields(mut error: Error) -> Error {
    if let Error::Invalid(problems) = &mut error {
        for problem in problems {
            if let Some(field) = problem.field.strip_prefix("mail.") {
                problem.field = format!("mail_{field}");
            }
        }
    }
    error
}

/// What the form stands for, unless something cannot be read; then what, beside its field. An empty
/// field of the secret leaves it as it is.
fn read(form: &mut Form, format: &Format) -> Option<SettingsEdit> {
    let secret = match Secret::new(form.get("secret")) {
        Some(secret) => Some(Some(secret)),
        None => form.ticked("secret_off").then_some(None),
    };
    let severity: Option<AlertSeverity> = match form.text("severity").map(str::parse) {
        Some(Err(_)) => {
            form.reject("severity", "Choose one of the list.");
            None
        }
        Some(Ok(severity)) => Some(severity),
        None => None,
    };
    let words = match severity::of_lines(form.get("severity_words")) {
        Ok(words) => words,
        Err(faults) => {
            let told: Vec<String> = (faults.iter())
                .map(|fault| format!("{}: {}", fault.field, fault.reason))
                .collect();
            form.reject("severity_words", complaint::sentence(&told.join("; ")));
            Vec::new()
        }
    };
    let rate_limit: Option<u32> = match form.text("rate_limit").map(str::parse) {
        Some(Err(_)) => {
            form.reject("rate_limit", "A whole number is needed, or nothing.");
            None
        }
        Some(Ok(rate)) => Some(rate),
        None => None,
    };
    let on_silence: Option<OnSilence> = match form.text("on_silence").map(str::parse) {
        Some(Err(_)) => {
            form.reject("on_silence", "Choose one of the list.");
            None
        }
        Some(Ok(choice)) => Some(choice),
        None => None,
    };
    let blank: Option<NoData> = match form.text("insufficient_data").map(str::parse) {
        Some(Err(_)) => {
            form.reject("insufficient_data", "Choose one of the list.");
            None
        }
        Some(Ok(choice)) => Some(choice),
        None => None,
    };
    // What is not sensible is refused with the bounds.
    let minutes: Option<i64> = match form.text("resolve_after").map(str::parse) {
        Some(Err(_)) => {
            form.reject("resolve_after", "A whole number is needed, or nothing.");
            None
        }
        Some(Ok(minutes)) => Some(minutes),
        None => None,
    };
    let after = minutes.map(|minutes| Span::from_seconds(minutes.saturating_mul(60)));
    let labels = form.get("identity_labels").split([',', '\n']);
    let labels = labels.map(str::trim).filter(|label| !label.is_empty());
    let labels: Vec<String> = labels.map(str::to_owned).collect();
    let pattern = |field: &str| form.text(field).map(str::to_owned);
    let mail = MailRules {
        dedup: form
            .text("mail_dedup")
            .and_then(|word| word.parse().ok())
            .unwrap_or_default(),
        dedup_pattern: pattern("mail_dedup_pattern"),
        resolve_subject: pattern("mail_resolve_subject"),
        resolve_body: pattern("mail_resolve_body"),
    };
    (!form.has_errors()).then_some(SettingsEdit {
        secret,
        severity: format.takes_severity().then_some(severity),
        severity_words: format.has_severities().then_some(words),
        mapping: None,
        mail: format.takes_mail().then_some(Some(mail)),
        identity_labels: format.takes_labels().then_some(labels),
        rate_limit: Some(rate_limit),
        on_silence: on_silence.filter(|_| format.takes_pushes()),
        resolve_after: format.takes_expiry().then_some(after),
        // The usual is not written down.
        insufficient_data: (format.takes_no_data())
            .then_some(blank.filter(|one| *one != NoData::Trigger)),
    })
}
