//! What people do with an incident: each post becomes one command of the engine.

use actix_web::HttpResponse;
use actix_web::web::{self, Path, ServiceConfig};
use domain::incident::{Command, Incident, label};
use domain::word::{CommandRole, IncidentSeverity, Phase};
use domain::{PolicyId, Span, UserId, lifecycle};
use engine::Error;

use super::{refused, url_of};
use crate::csrf::Checked;
use crate::error::WebError;
use crate::frame::{redirect, redirect_with, redirect_with_flash};
use crate::page::complaint::sentence;
use crate::session::SignedIn;
use crate::state::State;
use crate::view::incident::BulkForm;
use crate::view::{Flash, FlashKind, Form, Undo};

pub fn configure(cfg: &mut ServiceConfig) {
    cfg.route(
        "/incidents/{number}/acknowledge",
        web::post().to(acknowledge),
    )
    .route(
        "/incidents/{number}/unacknowledge",
        web::post().to(unacknowledge),
    )
    .route("/incidents/{number}/resolve", web::post().to(resolve))
    .route("/incidents/{number}/escalate", web::post().to(escalate))
    .route("/incidents/{number}/snooze", web::post().to(snooze))
    .route("/incidents/{number}/note", web::post().to(note))
    .route("/incidents/{number}/reassign", web::post().to(reassign))
    .route("/incidents/{number}/declare", web::post().to(declare))
    .route("/incidents/{number}/phase", web::post().to(phase))
    .route("/incidents/{number}/severity", web::post().to(severity))
    .route("/incidents/{number}/title", web::post().to(retitle))
    .route("/incidents/{number}/postmortem", web::post().to(postmortem));
}

pub(super) async fn give(
    state: &State,
    me: &SignedIn,
    number: i64,
    command: Command,
) -> Result<Incident, Error> {
    engine::incident::command(state.store(), &me.ctx(state.now()), number, command).await
}

/// After a button: done, or the sentence that says why not, on the incident's page.
pub(super) fn led_on(
    state: &State,
    number: i64,
    result: Result<Incident, Error>,
    flash: impl FnOnce(&Incident) -> Flash,
) -> Result<HttpResponse, WebError> {
    let url = url_of(number);
    match result {
        Ok(incident) => Ok(redirect_with(state, &url, &flash(&incident))),
        Err(Error::Refused(why)) => Ok(redirect_with(state, &url, &warning(&sentence(&why)))),
        Err(other) => Err(other.into()),
    }
}

pub(super) fn warning(text: &str) -> Flash {
    Flash {
        kind: FlashKind::Warning,
        text: text.to_owned(),
        undo: None,
    }
}

pub(super) fn done(text: &str) -> Flash {
    Flash {
        kind: FlashKind::Done,
        text: text.to_owned(),
        undo: None,
    }
}

/// After a form: done, or the page with what was typed.
async fn settled(
    state: &State,
    me: &SignedIn,
    number: i64,
    (name, form): (&str, Form),
    result: Result<Incident, Error>,
    text: &str,
) -> Result<HttpResponse, WebError> {
    match result {
        Ok(_) => Ok(redirect_with_flash(state, &url_of(number), text)),
        Err(error) => refused(state, me, number, name, form, error).await,
    }
}

async fn acknowledge(
    state: State,
    me: SignedIn,
    number: Path<i64>,
    _form: Checked,
) -> Result<HttpResponse, WebError> {
    let result = give(&state, &me, *number, Command::Acknowledge).await;
    led_on(&state, *number, result, |incident| Flash {
        undo: Some(Undo {
            action: format!("{}/unacknowledge", url_of(incident.number)),
            fields: Vec::new(),
            label: "Undo".to_owned(),
        }),
        ..done("Acknowledged. Paging has stopped.")
    })
}

async fn unacknowledge(
    state: State,
    me: SignedIn,
    number: Path<i64>,
    _form: Checked,
) -> Result<HttpResponse, WebError> {
    let result = give(&state, &me, *number, Command::Unacknowledge).await;
    led_on(&state, *number, result, |_| {
        done("Un-acknowledged. Paging starts again at step 1.")
    })
}

async fn resolve(
    state: State,
    me: SignedIn,
    number: Path<i64>,
    form: Checked,
) -> Result<HttpResponse, WebError> {
    if let Some(text) = form.text("note") {
        let note = Command::Note {
            text: text.to_owned(),
        };
        give(&state, &me, *number, note).await?;
    }
    let result = give(&state, &me, *number, Command::Resolve).await;
    led_on(&state, *number, result, resolved)
}

/// Undoing is reopening, which pages again.
fn resolved(incident: &Incident) -> Flash {
    let phase = lifecycle::reopened_phase(incident.is_declared());
    let field = |name: &str, value: &str| (name.to_owned(), value.to_owned());
    Flash {
        undo: Some(Undo {
            action: format!("{}/phase", url_of(incident.number)),
            fields: vec![
                field("phase", phase.as_str()),
                field("reason", "Resolved by mistake"),
            ],
            label: "Undo".to_owned(),
        }),
        ..done("Resolved.")
    }
}

async fn escalate(
    state: State,
    me: SignedIn,
    number: Path<i64>,
    form: Checked,
) -> Result<HttpResponse, WebError> {
    let to_step = match form.text("step").map(str::parse::<i64>) {
        None => None,
        Some(Ok(step)) if step >= 1 => Some(step - 1),
        Some(_) => {
            let flash = warning("There is no such step.");
            return Ok(redirect_with(&state, &url_of(*number), &flash));
        }
    };
    let result = give(&state, &me, *number, Command::Escalate { to_step }).await;
    led_on(&state, *number, result, |_| done("Escalated."))
}

async fn snooze(
    state: State,
    me: SignedIn,
    number: Path<i64>,
    form: Checked,
) -> Result<HttpResponse, WebError> {
    let minutes: i64 = form
        .text("minutes")
        .and_then(|text| text.parse().ok())
        .unwrap_or(0);
    let length = Span::from_minutes(minutes);
    let command = Command::Snooze {
        until: state.now() + length,
    };
    let result = give(&state, &me, *number, command).await;
    led_on(&state, *number, result, |_| {
        done(&format!("Snoozed for {length}. Then paging starts again."))
    })
}

async fn note(
    state: State,
    me: SignedIn,
    number: Path<i64>,
    form: Checked,
) -> Result<HttpResponse, WebError> {
    let form = form.into_inner();
    let command = Command::Note {
        text: form.get("body").to_owned(),
    };
    let result = give(&state, &me, *number, command).await;
    settled(&state, &me, *number, ("note", form), result, "Note added.").await
}

async fn reassign(
    state: State,
    me: SignedIn,
    number: Path<i64>,
    form: Checked,
) -> Result<HttpResponse, WebError> {
    let form = form.into_inner();
    let command = match parse_receiver(form.get("target")) {
        Some(command) => Ok(command),
        None => Err(Error::invalid("target", "choose a person or a policy")),
    };
    let result = match command {
        Ok(command) => give(&state, &me, *number, command).await,
        Err(error) => Err(error),
    };
    settled(
        &state,
        &me,
        *number,
        ("reassign", form),
        result,
        "Reassigned.",
    )
    .await
}

/// `user:12` or `policy:7`.
fn parse_receiver(value: &str) -> Option<Command> {
    let (kind, id) = value.split_once(':')?;
    let id: i64 = id.parse().ok()?;
    match kind {
        "user" => Some(Command::ReassignToUser { user: UserId(id) }),
        "policy" => Some(Command::ReassignToPolicy {
            policy: PolicyId(id),
        }),
        _ => None,
    }
}

async fn declare(
    state: State,
    me: SignedIn,
    number: Path<i64>,
    form: Checked,
) -> Result<HttpResponse, WebError> {
    let form = form.into_inner();
    let severity: Option<IncidentSeverity> = form.get("severity").parse().ok();
    let result = give(&state, &me, *number, Command::Declare { severity }).await;
    let text = match result {
        Ok(_) if form.ticked("command") => take_command(&state, &me, *number).await?,
        _ => "Declared.".to_owned(),
    };
    settled(&state, &me, *number, ("declare", form), result, &text).await
}

/// The declarer takes command unless somebody was faster; says how it went.
pub(super) async fn take_command(
    state: &State,
    me: &SignedIn,
    number: i64,
) -> Result<String, WebError> {
    let ctx = me.ctx(state.now());
    match engine::role::claim(state.store(), &ctx, number, CommandRole::Commander, None).await {
        Ok(()) => Ok("Declared. You are the commander.".to_owned()),
        Err(Error::Refused(why)) => Ok(format!("Declared. {}", sentence(&why))),
        Err(other) => Err(other.into()),
    }
}

async fn phase(
    state: State,
    me: SignedIn,
    number: Path<i64>,
    form: Checked,
) -> Result<HttpResponse, WebError> {
    let form = form.into_inner();
    let result = match form.get("phase").parse::<Phase>() {
        Ok(to) => {
            let reason = form.text("reason").map(str::to_owned);
            give(&state, &me, *number, Command::ChangePhase { to, reason }).await
        }
        Err(_) => Err(Error::invalid("phase", "choose a phase")),
    };
    settled(
        &state,
        &me,
        *number,
        ("phase", form),
        result,
        "Phase changed.",
    )
    .await
}

async fn severity(
    state: State,
    me: SignedIn,
    number: Path<i64>,
    form: Checked,
) -> Result<HttpResponse, WebError> {
    let form = form.into_inner();
    let result = match form.get("severity").parse::<IncidentSeverity>() {
        Ok(to) => {
            let reason = form.text("reason").map(str::to_owned);
            give(&state, &me, *number, Command::ChangeSeverity { to, reason }).await
        }
        Err(_) => Err(Error::invalid("severity", "choose a severity")),
    };
    settled(
        &state,
        &me,
        *number,
        ("severity", form),
        result,
        "Severity changed.",
    )
    .await
}

async fn retitle(
    state: State,
    me: SignedIn,
    number: Path<i64>,
    form: Checked,
) -> Result<HttpResponse, WebError> {
    let form = form.into_inner();
    let command = Command::Rename {
        title: form.get("title").to_owned(),
    };
    let result = give(&state, &me, *number, command).await;
    settled(&state, &me, *number, ("title", form), result, "Renamed.").await
}

/// Starts the postmortem, or leads to the one that is there.
async fn postmortem(
    state: State,
    me: SignedIn,
    number: Path<i64>,
    _form: Checked,
) -> Result<HttpResponse, WebError> {
    let number = *number;
    let written = format!("/postmortems/{number}");
    let ctx = me.ctx(state.now());
    match engine::postmortem::start(state.store(), &ctx, number).await {
        Ok(_) => {
            let text = "The postmortem has begun, with what the incident knows filled in.";
            Ok(redirect_with_flash(&state, &written, text))
        }
        Err(Error::Refused(why)) => {
            let there = state
                .store()
                .read(move |c| match store::postmortem::by_number(c, number) {
                    Ok(_) => Ok(true),
                    Err(store::Error::NotFound) => Ok(false),
                    Err(other) => Err(other),
                })
                .await?;
            if there {
                return Ok(redirect(&written));
            }
            Ok(redirect_with(
                &state,
                &url_of(number),
                &warning(&sentence(&why)),
            ))
        }
        Err(other) => Err(other.into()),
    }
}

/// `POST /incidents/bulk`: each incident on its own, and a word on those that refused.
pub async fn bulk(state: State, me: SignedIn, form: Checked) -> Result<HttpResponse, WebError> {
    /// More than one list shows.
    const MOST: usize = 200;
    let mut asked = BulkForm::from_pairs(form.pairs());
    asked.numbers.truncate(MOST);
    let next = match form.get("next") {
        "" => "/incidents",
        next => next,
    };
    if asked.numbers.is_empty() {
        return Ok(redirect_with(
            &state,
            next,
            &warning("Select an incident first."),
        ));
    }
    let (command, word) = match asked.resolve {
        true => (Command::Resolve, "resolved"),
        false => (Command::Acknowledge, "acknowledged"),
    };
    let ctx = me.ctx(state.now());
    let results = engine::incident::command_many(state.store(), &ctx, asked.numbers, command).await;
    let mut refusals = Vec::new();
    let mut count = 0;
    for (number, result) in results {
        match result {
            Ok(_) => count += 1,
            Err(Error::Refused(why)) => refusals.push(format!("{}: {why}", label(number))),
            Err(Error::NotFound(_)) => {
                refusals.push(format!("{}: there is no such incident", label(number)));
            }
            Err(other) => return Err(other.into()),
        }
    }
    Ok(redirect_with(
        &state,
        next,
        &summed_up(count, word, &refusals),
    ))
}

fn summed_up(count: usize, word: &str, refusals: &[String]) -> Flash {
    let number = match count {
        1 => "1 incident".to_owned(),
        count => format!("{count} incidents"),
    };
    match refusals.is_empty() {
        true => done(&format!("{number} {word}.")),
        false => warning(&format!("{number} {word}. {}.", refusals.join("; "))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn receivers_are_read() {
        assert_eq!(
            parse_receiver("user:12"),
            Some(Command::ReassignToUser { user: UserId(12) })
        );
        assert_eq!(
            parse_receiver("policy:7"),
            Some(Command::ReassignToPolicy {
                policy: PolicyId(7)
            })
        );
        for bad in ["", "user", "user:", "team:1", "user:x"] {
            assert_eq!(parse_receiver(bad), None, "{bad}");
        }
    }

    #[test]
    fn a_bulk_action_says_what_it_did_not_do() {
        let all = summed_up(2, "resolved", &[]);
        assert_eq!(
            (all.kind, all.text.as_str()),
            (FlashKind::Done, "2 incidents resolved.")
        );
        let some = summed_up(1, "acknowledged", &["INC-0007: it is over".into()]);
        assert_eq!(some.kind, FlashKind::Warning);
        assert_eq!(some.text, "1 incident acknowledged. INC-0007: it is over.");
    }
}
