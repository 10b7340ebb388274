//! Asking people to help: with an incident, or by opening one (PAGING.md §4.8).

use actix_web::http::StatusCode;
use actix_web::web::{self, Path, ServiceConfig};
use actix_web::{HttpRequest, HttpResponse};
use domain::directory::Directory;
use domain::incident::Command;
use domain::policy::Target;
use domain::word::Urgency;
use engine::Error;
use engine::access::Right;
use engine::incident::NewIncident;

use super::{act, declare, refused, url_of};
use crate::csrf::Checked;
use crate::error::WebError;
use crate::frame::{frame, redirect_with_flash, render_with};
use crate::page::{choice, complaint, name};
use crate::session::SignedIn;
use crate::state::State;
use crate::view::incident::PageSomebodyPage;
use crate::view::{Form, Nav, parse_target, target_value};

/// A title is the message's beginning: so many characters.
const TITLE: usize = 120;

pub fn configure(cfg: &mut ServiceConfig) {
    cfg.service(
        web::resource("/page")
            .route(web::get().to(new))
            .route(web::post().to(create)),
    )
    .route("/incidents/{number}/responders", web::post().to(ask))
    .route(
        "/incidents/{number}/responders/answer",
        web::post().to(answer),
    );
}

/// `POST /incidents/{number}/responders`: `target`, `message`.
async fn ask(
    state: State,
    me: SignedIn,
    number: Path<i64>,
    form: Checked,
) -> Result<HttpResponse, WebError> {
    let form = form.into_inner();
    let result = match targets(&form) {
        Ok(targets) => {
            let message = form.get("message").to_owned();
            act::give(&state, &me, *number, Command::Page { targets, message }).await
        }
        Err(error) => Err(error),
    };
    match result {
        Ok(_) => Ok(redirect_with_flash(&state, &url_of(*number), "Paged.")),
        Err(error) => refused(&state, &me, *number, "ask", form, error).await,
    }
}

/// `POST /incidents/{number}/responders/answer`: `do` (`accept`, `decline`), `reason`.
async fn answer(
    state: State,
    me: SignedIn,
    number: Path<i64>,
    form: Checked,
) -> Result<HttpResponse, WebError> {
    let accept = form.get("do") == "accept";
    let command = Command::Answer {
        accept,
        reason: form.get("reason").to_owned(),
    };
    let result = act::give(&state, &me, *number, command).await;
    act::led_on(&state, *number, result, |_| match accept {
        true => act::done("Accepted. You are in."),
        false => act::done("Declined. Whoever asked has been told."),
    })
}

/// The chosen targets; an empty row is none.
fn targets(form: &Form) -> Result<Vec<Target>, Error> {
    form.pairs()
        .iter()
        .filter(|(name, value)| name == "target" && !value.trim().is_empty())
        .map(|(_, value)| {
            parse_target(value.trim())
                .ok_or_else(|| Error::invalid("target", "choose from the list"))
        })
        .collect()
}

/// `GET /page?who=user:3`.
async fn new(state: State, me: SignedIn, req: HttpRequest) -> Result<HttpResponse, WebError> {
    me.require(Right::Respond)?;
    let mut form = Form::new();
    for (name, value) in url::form_urlencoded::parse(req.query_string().as_bytes()) {
        if let Some(target) = parse_target(&value).filter(|_| name == "who") {
            form = form.with("target", target_value(&target));
        }
    }
    page(&state, &me, form, StatusCode::OK).await
}

async fn page(
    state: &State,
    me: &SignedIn,
    form: Form,
    status: StatusCode,
) -> Result<HttpResponse, WebError> {
    let directory = state.directory();
    let chosen = form
        .pairs()
        .iter()
        .filter(|(name, value)| name == "target" && !value.is_empty())
        .map(|(_, value)| value.clone())
        .collect();
    let page = PageSomebodyPage {
        frame: frame(state, me, "Page somebody", Nav::OnCall).await,
        targets: choice::targets(&directory),
        services: name::service_choices(&directory),
        chosen,
        form,
    };
    render_with(status, &page)
}

/// `POST /page`: `target` (repeated), `message`, `service`.
async fn create(state: State, me: SignedIn, form: Checked) -> Result<HttpResponse, WebError> {
    me.require(Right::Respond)?;
    let mut form = form.into_inner();
    let made = match read(&form, &state.directory()) {
        Ok(new) => engine::incident::create(state.store(), &me.ctx(state.now()), new).await,
        Err(error) => Err(error),
    };
    match made {
        Ok(incident) => {
            let text = "Paged. You see here what they say.";
            Ok(redirect_with_flash(&state, &url_of(incident.number), text))
        }
        Err(error) => {
            complaint::show(&mut form, error, |field| match field {
                "title" => "message".to_owned(),
                field if field.starts_with("targets") => "target".to_owned(),
                field => field.to_owned(),
            })?;
            page(&state, &me, form, StatusCode::UNPROCESSABLE_ENTITY).await
        }
    }
}

fn read(form: &Form, directory: &Directory) -> Result<NewIncident, Error> {
    let page = targets(form)?;
    if page.is_empty() {
        return Err(Error::invalid(
            "target",
            "choose at least one person, schedule or team",
        ));
    }
    let message = form.get("message").trim().to_owned();
    let title = match message.char_indices().nth(TITLE) {
        Some((end, _)) => format!("{}…", message[..end].trim_end()),
        None => message.clone(),
    };
    Ok(NewIncident {
        title,
        service: declare::chosen_service(form, directory)?,
        urgency: Urgency::High,
        severity: None,
        drill: false,
        note: String::new(),
        page,
        message,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::page::sample::directory;
    use domain::UserId;

    #[test]
    fn rows_are_targets_and_the_message_is_the_title() {
        let directory = directory();
        let form = Form::from_pairs(vec![
            ("target".into(), "user:3".into()),
            ("target".into(), String::new()),
            ("target".into(), "team:2".into()),
            ("message".into(), "é".repeat(200)),
        ]);
        let new = read(&form, &directory).unwrap();
        assert_eq!(new.page.len(), 2);
        assert_eq!(new.page[0], Target::User(UserId(3)));
        assert_eq!(new.title.chars().count(), TITLE + 1);
        assert_eq!(new.message.chars().count(), 200);
        assert!(read(&Form::new(), &directory).is_err());
        let odd = Form::from_pairs(vec![("target".into(), "cat:1".into())]);
        assert!(read(&odd, &directory).is_err());
    }
}
