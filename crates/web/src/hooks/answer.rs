//! Answers to pages by mail (PAGING.md §6.8): by SMTP or by the webhook of a provider, they come to
//! an address that was made for the one message.

use actix_web::HttpResponse;
use engine::ingest::{Origin, Submission};
use engine::reply::{self, Address, InboundMail};
use formats::mail::MailAnswer;
use serde_json::json;

use super::intake;
use crate::error::WebError;
use crate::state::AppState;

/// What a token stands for; `None` for one that is not ours.
pub(crate) fn of_token(state: &AppState, token: &str) -> Option<Address> {
    Address::read(token, &state.engine.sender().secret)
}

pub(super) fn is_ours(state: &AppState, said: &MailAnswer) -> bool {
    of_token(state, &said.token).is_some()
}

/// Does what an answer says; returns once that is durable.
///
/// # Errors
/// Those of the store; whoever sent it is to try again.
pub(crate) async fn take(state: &AppState, said: MailAnswer) -> Result<(), engine::Error> {
    let Some(to) = of_token(state, &said.token) else {
        return Ok(());
    };
    let mail = InboundMail {
        to,
        id: said.id,
        wanted: said.verb,
        automatic: said.automatic,
    };
    reply::mail(state.store(), mail, state.now()).await
}

/// An answer that a provider hands over with an integration's mails. That integration shows that
/// one came, and nothing of it: the address would let its readers answer, too.
pub(super) async fn by_webhook(
    state: &AppState,
    key_hash: [u8; 32],
    said: MailAnswer,
    origin: Origin,
) -> Result<HttpResponse, WebError> {
    let warning = match said.automatic {
        true => "a program answered a page by this mail, which is not heeded",
        false => "this mail answers a page and became no alert",
    };
    take(state, said).await?;
    let origin = Origin {
        head: origin.head.lines().next().unwrap_or_default().to_owned(),
        ..origin
    };
    let submission = Submission {
        warnings: vec![warning.to_owned()],
        ..intake::remark(key_hash, actix_web::web::Bytes::new(), origin)
    };
    intake::store(state, submission).await?;
    Ok(HttpResponse::Ok().json(json!({ "status": "accepted", "signals": 0, "answers": 1 })))
}
