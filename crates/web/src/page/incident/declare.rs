//! Declaring an incident by hand: one line is enough.

use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse};
use domain::ServiceId;
use domain::directory::Directory;
use domain::word::{IncidentSeverity, Urgency};
use engine::access::Right;
use engine::incident::NewIncident;

use super::{act, url_of};
use crate::csrf::Checked;
use crate::error::WebError;
use crate::frame::{frame, redirect_with_flash, render_with};
use crate::page::{complaint, name};
use crate::session::SignedIn;
use crate::state::State;
use crate::view::incident::DeclarePage;
use crate::view::{Form, Nav};

/// `GET /incidents/new?service={slug or id}`.
pub async fn new(state: State, me: SignedIn, req: HttpRequest) -> Result<HttpResponse, WebError> {
    me.require(Right::Respond)?;
    let directory = state.directory();
    let asked = url::form_urlencoded::parse(req.query_string().as_bytes())
        .find(|(name, _)| name == "service")
        .and_then(|(_, value)| service(&directory, &value));
    let mut form = Form::new()
        .with("urgency", Urgency::High)
        .with("command", "yes");
    if let Some(id) = asked {
        form = form.with("service", id);
    }
    page(&state, &me, form, StatusCode::OK).await
}

fn service(directory: &Directory, value: &str) -> Option<ServiceId> {
    let by_slug = directory.service_by_slug(value).map(|service| service.id);
    let by_id = || {
        value
            .parse()
            .ok()
            .filter(|id| directory.service(*id).is_some())
    };
    by_slug.or_else(by_id)
}

async fn page(
    state: &State,
    me: &SignedIn,
    form: Form,
    status: StatusCode,
) -> Result<HttpResponse, WebError> {
    let frame = frame(state, me, "Declare an incident", Nav::Incidents).await;
    let services = name::service_choices(&state.directory());
    render_with(
        status,
        &DeclarePage {
            frame,
            form,
            services,
        },
    )
}

/// `POST /incidents`.
pub async fn create(state: State, me: SignedIn, form: Checked) -> Result<HttpResponse, WebError> {
    me.require(Right::Respond)?;
    let mut form = form.into_inner();
    let made = match read(&form, &state.directory()) {
        Ok(new) => {
            let ctx = me.ctx(state.now());
            engine::incident::create(state.store(), &ctx, new).await
        }
        Err(error) => Err(error),
    };
    match made {
        Ok(incident) => {
            let text = match form.ticked("command") && incident.is_declared() {
                true => act::take_command(&state, &me, incident.number).await?,
                false if incident.is_declared() => "Declared.".to_owned(),
                false => "Opened. Declare it once its severity is known.".to_owned(),
            };
            Ok(redirect_with_flash(&state, &url_of(incident.number), &text))
        }
        Err(error) => {
            complaint::show_plain(&mut form, error)?;
            page(&state, &me, form, StatusCode::UNPROCESSABLE_ENTITY).await
        }
    }
}

/// The service of a form, by slug or id.
pub(super) fn chosen_service(
    form: &Form,
    directory: &Directory,
) -> Result<Option<ServiceId>, engine::Error> {
    let chosen = form.text("service");
    let found = chosen.and_then(|value| service(directory, value));
    if chosen.is_some() && found.is_none() {
        return Err(engine::Error::invalid(
            "service",
            "there is no such service",
        ));
    }
    Ok(found)
}

fn read(form: &Form, directory: &Directory) -> Result<NewIncident, engine::Error> {
    let service = chosen_service(form, directory)?;
    let severity = match form.text("severity").map(str::parse::<IncidentSeverity>) {
        None => None,
        Some(Ok(severity)) => Some(severity),
        Some(Err(_)) => {
            return Err(engine::Error::invalid(
                "severity",
                "choose one of SEV1 to SEV5",
            ));
        }
    };
    Ok(NewIncident {
        title: form.get("title").to_owned(),
        service,
        urgency: form.get("urgency").parse().unwrap_or(Urgency::High),
        severity,
        drill: false,
        note: form.get("description").to_owned(),
        page: Vec::new(),
        message: String::new(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::page::sample::directory;

    #[test]
    fn a_service_is_named_by_slug_or_id() {
        let directory = directory();
        assert_eq!(service(&directory, "checkout"), Some(ServiceId(8)));
        assert_eq!(service(&directory, "8"), Some(ServiceId(8)));
        assert_eq!(service(&directory, "9"), None);
    }

    #[test]
    fn what_makes_no_sense_is_refused_beside_its_field() {
        let directory = directory();
        let ok = Form::new()
            .with("title", "Down")
            .with("urgency", "low")
            .with("severity", "SEV2");
        let new = read(&ok, &directory).unwrap();
        assert_eq!(
            (new.urgency, new.severity),
            (Urgency::Low, Some(IncidentSeverity::Sev2))
        );
        assert_eq!(new.service, None);
        let field = |form: Form| match read(&form, &directory) {
            Err(engine::Error::Invalid(problems)) => problems[0].field.clone(),
            other => format!("{other:?}"),
        };
        assert_eq!(field(Form::new().with("service", "gone")), "service");
        assert_eq!(field(Form::new().with("severity", "SEV9")), "severity");
    }
}
