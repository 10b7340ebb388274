//! Answers that come back from people: by SMS, by mail, by signed links, and delivery receipts. Each
//! becomes the same command that the page and the API give.

mod address;
mod link;
mod mail;
mod receipt;

pub use address::{Address, Letterbox};
pub use domain::reply::Verb;
pub use link::{LinkView, act_on_link, view_link, waits};
pub use mail::{InboundMail, mail};
pub use receipt::{Receipt, receipt};

use domain::incident::Command;
use domain::notification::advance;
use domain::reply::{Wanted, overtaken, wanted};
use domain::word::{AccountRole, NotificationState, Origin};
use domain::{IncidentId, NotificationId, Span, Timestamp, UserId};
use store::notification::Notification;
use store::{Store, Tx};

use crate::access::{Right, allows};
use crate::dispatch::incidents_of;
use crate::{Error, OpContext};

/// Helpful answers to unknown codes from one phone (PAGING.md §6.8), counted anew after a day of
/// silence.
const UNKNOWN_ANSWERS: i64 = 5;
const UNKNOWN_WINDOW: Span = Span::from_days(1);

const HELP: &str = "Reply with the code of the page and what to do, for example: 4217 ack, \
                    4217 resolve, 4217 escalate (or escalate to step 2), 4217 reassign to Bo, \
                    4217 add Bo, 4217 snooze 1h.";

/// An SMS as it came in.
#[derive(Clone, Debug)]
pub struct InboundSms {
    /// The provider's id: a webhook that comes twice acts once.
    pub provider_id: String,
    pub from: String,
    /// `None` when the text was not understood.
    pub wanted: Option<(Verb, Option<String>)>,
}

/// Acts on an SMS and returns what to answer; empty for nothing.
///
/// # Errors
/// Those of the store; the provider then sends it again.
pub async fn sms(store: &Store, sms: InboundSms, now: Timestamp) -> Result<String, Error> {
    store
        .write(move |tx| {
            if let Some(before) = store::reply::inbound_seen(tx, &sms.provider_id)? {
                return Ok(before);
            }
            let answer = answer_sms(tx, &sms, now)?;
            store::reply::insert_inbound(tx, &sms.provider_id, &answer, now)?;
            Ok(answer)
        })
        .await
}

fn answer_sms(tx: &mut Tx<'_>, sms: &InboundSms, now: Timestamp) -> Result<String, Error> {
    let Some((verb, code)) = &sms.wanted else {
        return helpful(tx, &sms.from, HELP, now);
    };
    let Some(sent) = store::reply::by_code(tx, &sms.from, code.as_deref(), now)? else {
        let text = match code {
            Some(code) => format!("No page to this phone has the code {code}. {HELP}"),
            None => format!("There is no page to this phone to answer. {HELP}"),
        };
        return helpful(tx, &sms.from, &text, now);
    };
    let Some(user) = sent.user_id else {
        return helpful(tx, &sms.from, HELP, now);
    };
    match carry_out(tx, &sent, user, verb, Origin::Sms, now)? {
        Outcome::Done(text) => Ok(text),
        Outcome::Unclear(text) => {
            let code = sent.reply_code.as_deref().unwrap_or("4217");
            let text = format!("{text}. {}", again(verb, &format!("{code} ")));
            helpful(tx, &sms.from, &text, now)
        }
    }
}

/// How to say it so that it is clear.
fn again(verb: &Verb, code: &str) -> String {
    let example = match verb {
        Verb::Add { .. } => "add @handle",
        _ => "reassign to @handle",
    };
    format!("Reply with what stands in brackets, such as: {code}{example}")
}

/// A helpful answer to one address, unless it had too many of them (PAGING.md §6.8).
fn helpful(tx: &mut Tx<'_>, address: &str, text: &str, now: Timestamp) -> Result<String, Error> {
    let answers = store::reply::count_unknown_reply(tx, address, now, UNKNOWN_WINDOW)?;
    Ok(if answers <= UNKNOWN_ANSWERS {
        text.to_owned()
    } else {
        String::new()
    })
}

/// What came of a reply; the sentence that answers it.
enum Outcome {
    /// Done, or refused for a reason.
    Done(String),
    /// Nothing was done: it names nobody, or may mean several.
    Unclear(String),
}

/// Does what a reply to a message wants.
fn carry_out(
    tx: &mut Tx<'_>,
    sent: &Notification,
    user: UserId,
    verb: &Verb,
    origin: Origin,
    now: Timestamp,
) -> Result<Outcome, Error> {
    let directory = tx.directory()?;
    // Whoever may do nothing need not learn who there is.
    let names = verb.answers_the_page() || may_respond(&directory, user);
    let wanted = match wanted(verb, now, &directory) {
        Ok(wanted) => wanted,
        Err(unclear) if names => return Ok(Outcome::Unclear(unclear.to_string())),
        Err(_) => return Ok(Outcome::Done(format!("{NOT_YOURS}."))),
    };
    let done = act_on_bundle(tx, sent, user, verb, &wanted.command, origin, now)?;
    Ok(Outcome::Done(sentence(&wanted, &done)))
}

const NOT_YOURS: &str = "your role may answer a page, but not pass it on: ask a responder";

fn may_respond(directory: &domain::directory::Directory, user: UserId) -> bool {
    directory
        .user(user)
        .is_some_and(|user| !user.disabled && allows(user.role, Right::Respond))
}

/// What came of a reply for one incident.
struct Done {
    label: String,
    result: Result<(), String>,
}

/// Acts on everything a message stood for: a bundle's answer acts on all (PAGING.md §6.4).
fn act_on_bundle(
    tx: &mut Tx<'_>,
    sent: &Notification,
    user: UserId,
    verb: &Verb,
    command: &Command,
    origin: Origin,
    now: Timestamp,
) -> Result<Vec<Done>, Error> {
    let incidents = incidents_of(tx, sent)?;
    // All at once and in order, so that two answers cannot block each other.
    let mut ordered = incidents.clone();
    ordered.sort();
    if *verb == Verb::Resolve {
        store::alert::lock_with_incidents(tx, &ordered)?;
    } else {
        store::incident::lock_all(tx, &ordered)?;
    }
    answered(tx, sent.id, now)?;
    let mut done = Vec::new();
    for id in incidents {
        let (label, result) = act(tx, id, user, verb, command, origin, now)?;
        done.push(Done { label, result });
    }
    Ok(done)
}

/// Gives the command; a refusal is an answer, not a failure.
fn act(
    tx: &mut Tx<'_>,
    id: IncidentId,
    user: UserId,
    verb: &Verb,
    command: &Command,
    origin: Origin,
    now: Timestamp,
) -> Result<(String, Result<(), String>), Error> {
    let incident = store::incident::fetch(tx, id)?;
    let label = incident.label();
    let directory = tx.directory()?;
    let role = match directory.user(user) {
        Some(user) if !user.disabled => user.role,
        _ => return Ok((label, Err("your account is closed".into()))),
    };
    // Whoever was paged may answer; what goes beyond that needs the role.
    let role = match role {
        AccountRole::Observer if verb.answers_the_page() => AccountRole::Responder,
        role => role,
    };
    if !allows(role, Right::Respond) {
        return Ok((label, Err(NOT_YOURS.into())));
    }
    if let Some(why) = overtaken(verb, origin, user, &incident, &directory) {
        return Ok((label, Err(why)));
    }
    let ctx = OpContext::user(user, role, origin, now);
    match crate::incident::command_in_txn(tx, &ctx, id, command) {
        Ok(_) => Ok((label, Ok(()))),
        Err(Error::Refused(why)) => Ok((label, Err(why))),
        // Both are found out before anything is written.
        Err(Error::Invalid(problems)) => {
            let why = problems.into_iter().map(|one| one.message);
            Ok((label, Err(why.collect::<Vec<_>>().join("; "))))
        }
        Err(other) => Err(other),
    }
}

fn sentence(wanted: &Wanted, done: &[Done]) -> String {
    let labels = |good: bool| -> Vec<&str> {
        done.iter()
            .filter(|one| one.result.is_ok() == good)
            .map(|one| one.label.as_str())
            .collect()
    };
    let (good, bad) = (labels(true), labels(false));
    let mut text = String::new();
    if !good.is_empty() {
        // A sentence of its own stands behind a colon.
        let joint = match wanted.command {
            Command::Page { .. } => ": ",
            _ => " ",
        };
        text = format!("{}{joint}{}.", good.join(", "), wanted.done);
    }
    if !bad.is_empty() {
        let why = done
            .iter()
            .find_map(|one| one.result.as_ref().err())
            .map_or("", String::as_str);
        if !text.is_empty() {
            text.push(' ');
        }
        text.push_str(&format!("{}: {why}.", bad.join(", ")));
    }
    text
}

/// The person acted on the message: the strongest evidence that it reached them.
fn answered(tx: &mut Tx<'_>, id: NotificationId, now: Timestamp) -> Result<(), Error> {
    let sent = store::notification::lock(tx, id)?;
    if advance(sent.state, NotificationState::Answered).is_some() {
        store::notification::set_state(tx, sent.id, NotificationState::Answered, now, None)?;
    }
    Ok(())
}
