//! What Twilio tells us: replies of people and what became of messages. Nothing is believed without
//! a signature (WIRE-FORMATS.md §3.1).

use actix_web::web::Payload;
use actix_web::{HttpRequest, HttpResponse};
use domain::NotificationId;
use engine::provider::{Failure, NOTIFICATION_PARAMETER, signature, webhook};
use engine::reply::{self, InboundSms, Receipt};
use formats::reply::{ReplyTarget, parse_sms};

use crate::error::WebError;
use crate::state::State;
use crate::{body, csrf};

/// Largest form, in bytes; a long message has a few kilobytes.
const FORM_MAX: usize = 64 * 1024;

type Pairs = Vec<(String, String)>;

/// The form of a request that Twilio has signed.
async fn signed(req: &HttpRequest, payload: Payload, state: &State) -> Result<Pairs, WebError> {
    let tokens: Vec<&str> = state
        .config
        .twilio_tokens
        .iter()
        .map(String::as_str)
        .collect();
    if tokens.is_empty() {
        return Err(WebError::not_found("page"));
    }
    let bytes = body::read(req, payload.into_inner(), FORM_MAX).await?;
    let pairs = csrf::parse(&bytes)?;
    let given = req
        .headers()
        .get("x-twilio-signature")
        .and_then(|value| value.to_str().ok());
    let path = req.uri().path_and_query().map_or("/", |path| path.as_str());
    // Behind a proxy only the configured address is the one that was signed.
    let url = format!("{}{path}", state.config.public_url);
    if signature::verify(&tokens, &url, &pairs, given.unwrap_or_default()) {
        Ok(pairs)
    } else {
        Err(WebError::BadSignature)
    }
}

/// `POST /webhooks/twilio/sms`: a person answers.
pub(super) async fn sms(
    req: HttpRequest,
    payload: Payload,
    state: State,
) -> Result<HttpResponse, WebError> {
    let pairs = signed(&req, payload, &state).await?;
    let Some(message) = webhook::InboundSms::from_params(&pairs) else {
        return Err(WebError::BadRequest("this is no message".into()));
    };
    // Twilio itself has acted on STOP, START and HELP and answered.
    if message.opt_out.is_some() {
        return Ok(twiml(webhook::twiml_empty().to_owned()));
    }
    let wanted = parse_sms(&message.body).map(|answer| {
        let code = match answer.target {
            ReplyTarget::Latest => None,
            ReplyTarget::Code(code) => Some(code),
        };
        (answer.verb, code)
    });
    let inbound = InboundSms {
        provider_id: message.message_sid,
        from: message.from,
        wanted,
    };
    let answer = reply::sms(state.store(), inbound, state.now()).await?;
    Ok(twiml(if answer.is_empty() {
        webhook::twiml_empty().to_owned()
    } else {
        webhook::twiml_message(&answer)
    }))
}

/// `POST /webhooks/twilio/status?n={notification}`: what became of a message.
pub(super) async fn status(
    req: HttpRequest,
    payload: Payload,
    state: State,
) -> Result<HttpResponse, WebError> {
    let pairs = signed(&req, payload, &state).await?;
    let Some(callback) = webhook::StatusCallback::from_params(&pairs) else {
        return Err(WebError::BadRequest("this is no status".into()));
    };
    let notification = url::form_urlencoded::parse(req.query_string().as_bytes())
        .find(|(name, _)| name == NOTIFICATION_PARAMETER)
        .and_then(|(_, value)| value.parse::<NotificationId>().ok());
    let failure = callback.failure();
    let (error, method_broken) = match &failure {
        Some(Failure::Permanent {
            reason,
            method_broken,
        }) => (Some(reason.clone()), *method_broken),
        Some(other) => (Some(other.to_string()), false),
        None => (None, false),
    };
    let receipt = Receipt {
        notification,
        evidence: callback.evidence(),
        provider_id: callback.message_sid,
        status: callback
            .status
            .chars()
            .filter(|c| *c != '\0')
            .take(40)
            .collect(),
        error_code: callback.error_code.map(|code| code.to_string()),
        error,
        method_broken,
    };
    reply::receipt(state.store(), receipt, state.now()).await?;
    Ok(HttpResponse::NoContent().finish())
}

fn twiml(body: String) -> HttpResponse {
    HttpResponse::Ok()
        .content_type("text/xml; charset=utf-8")
        .body(body)
}
