//! Answers that come back from people: SMS replies, signed mail links, delivery receipts. Each
//! becomes the same command that the page and the API give.

use domain::incident::responder::Responder;
use domain::incident::{Actor, Command, Incident};
use domain::notification::advance;
use domain::word::{AccountRole, EntryKind, NotificationState, Origin, PagingState};
use domain::{IncidentId, NotificationId, ReceiptId, Span, Timestamp, UserId};
use store::notification::Notification;
use store::{Store, Tx};

use crate::dispatch::incidents_of;
use crate::link::Link;
use crate::{Error, OpContext, record};

/// Helpful answers to unknown codes from one phone (PAGING.md §6.8), counted anew after a day of
/// silence.
const UNKNOWN_ANSWERS: i64 = 5;
const UNKNOWN_WINDOW: Span = Span::from_days(1);

const HELP: &str = "Reply with the code of the page and what to do, for example: 4217 ack, \
                    4217 resolve, 4217 escalate (or escalate to step 2).";

/// What a person wants by a reply.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verb {
    Acknowledge,
    Resolve,
    Escalate,
    /// To the step of this number, from 1.
    EscalateTo(u8),
    /// Yes to a request for help.
    Accept,
    /// No to it.
    Decline,
}

impl Verb {
    fn command(self) -> Command {
        match self {
            Verb::Acknowledge => Command::Acknowledge,
            Verb::Resolve => Command::Resolve,
            Verb::Escalate => Command::Escalate { to_step: None },
            Verb::EscalateTo(step) => Command::Escalate {
                to_step: Some(i64::from(step.max(1)) - 1),
            },
            Verb::Accept | Verb::Decline => Command::Answer {
                accept: self == Verb::Accept,
                reason: String::new(),
            },
        }
    }

    fn done(self) -> &'static str {
        match self {
            Verb::Acknowledge => "acknowledged",
            Verb::Resolve => "resolved",
            Verb::Escalate | Verb::EscalateTo(_) => "escalated",
            Verb::Accept => "accepted",
            Verb::Decline => "declined",
        }
    }
}

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
        return unknown(tx, sms, HELP, now);
    };
    let Some(sent) = store::reply::by_code(tx, &sms.from, code.as_deref(), now)? else {
        let text = match code {
            Some(code) => format!("No page to this phone has the code {code}. {HELP}"),
            None => format!("There is no page to this phone to answer. {HELP}"),
        };
        return unknown(tx, sms, &text, now);
    };
    let Some(user) = sent.user_id else {
        return unknown(tx, sms, HELP, now);
    };
    let results = act_on_bundle(tx, &sent, user, *verb, Origin::Sms, now)?;
    Ok(sentence(*verb, &results))
}

fn unknown(tx: &mut Tx<'_>, sms: &InboundSms, text: &str, now: Timestamp) -> Result<String, Error> {
    let answers = store::reply::count_unknown_reply(tx, &sms.from, now, UNKNOWN_WINDOW)?;
    Ok(if answers <= UNKNOWN_ANSWERS {
        text.to_owned()
    } else {
        String::new()
    })
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
    verb: Verb,
    origin: Origin,
    now: Timestamp,
) -> Result<Vec<Done>, Error> {
    let incidents = incidents_of(tx, sent)?;
    // All at once and in order, so that two answers cannot block each other.
    let mut ordered = incidents.clone();
    ordered.sort();
    if verb == Verb::Resolve {
        store::alert::lock_of_incidents(tx, &ordered)?;
    }
    store::incident::lock_all(tx, &ordered)?;
    answered(tx, sent.id, now)?;
    let mut done = Vec::new();
    for id in incidents {
        let (label, result) = act(tx, id, user, verb, origin, now)?;
        done.push(Done { label, result });
    }
    Ok(done)
}

/// Gives the command; a refusal is an answer, not a failure.
fn act(
    tx: &mut Tx<'_>,
    id: IncidentId,
    user: UserId,
    verb: Verb,
    origin: Origin,
    now: Timestamp,
) -> Result<(String, Result<(), String>), Error> {
    let label = store::incident::fetch(tx, id)?.label();
    let directory = tx.directory()?;
    // Whoever was paged may answer; an account that was closed since may not.
    let role = match directory.user(user) {
        Some(user) if !user.disabled => user.role,
        _ => return Ok((label, Err("your account is closed".into()))),
    };
    let role = if role == AccountRole::Observer {
        AccountRole::Responder
    } else {
        role
    };
    let ctx = OpContext::user(user, role, origin, now);
    match crate::incident::command_in_txn(tx, &ctx, id, &verb.command()) {
        Ok(_) => Ok((label, Ok(()))),
        Err(Error::Refused(why)) => Ok((label, Err(why))),
        Err(other) => Err(other),
    }
}

fn sentence(verb: Verb, done: &[Done]) -> String {
    let labels = |wanted: bool| -> Vec<&str> {
        done.iter()
            .filter(|one| one.result.is_ok() == wanted)
            .map(|one| one.label.as_str())
            .collect()
    };
    let (good, bad) = (labels(true), labels(false));
    let mut text = String::new();
    if !good.is_empty() {
        text = format!("{} {}.", good.join(", "), verb.done());
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

/// What the page of a mail link shows.
#[derive(Clone, Debug)]
pub struct LinkView {
    pub incident: Incident,
    pub user: UserId,
    pub user_name: String,
    /// The open request for help to this person.
    pub request: Option<Responder>,
}

/// What a signed link is about; nothing is changed.
///
/// # Errors
/// [`Error::NotFound`].
pub async fn view_link(store: &Store, link: Link) -> Result<LinkView, Error> {
    let directory = store.directory();
    let user_name = directory.user_name(link.user).to_owned();
    store
        .read(move |c| {
            let incident = store::incident::fetch(c, link.incident)?;
            let request = store::responder::open(c, incident.id, link.user)?;
            Ok(LinkView {
                incident,
                user: link.user,
                user_name,
                request,
            })
        })
        .await
}

/// Acts on a signed link, and on everything else its mail stood for.
///
/// # Errors
/// [`Error::Refused`] with the reason when nothing could be done, and those of the store.
pub async fn act_on_link(
    store: &Store,
    link: Link,
    verb: Verb,
    now: Timestamp,
) -> Result<LinkView, Error> {
    store
        .write(move |tx| {
            let done = match store::notification::fetch(tx, link.notification) {
                Ok(sent) if sent.user_id == Some(link.user) => {
                    act_on_bundle(tx, &sent, link.user, verb, Origin::Email, now)?
                }
                Ok(_) | Err(store::Error::NotFound) => {
                    let (label, result) =
                        act(tx, link.incident, link.user, verb, Origin::Email, now)?;
                    vec![Done { label, result }]
                }
                Err(other) => return Err(other.into()),
            };
            if done.iter().all(|one| one.result.is_err())
                && let Some(why) = done.into_iter().find_map(|one| one.result.err())
            {
                return Err(Error::Refused(why));
            }
            let directory = tx.directory()?;
            Ok(LinkView {
                incident: store::incident::fetch(tx, link.incident)?,
                request: store::responder::open(tx, link.incident, link.user)?,
                user: link.user,
                user_name: directory.user_name(link.user).to_owned(),
            })
        })
        .await
}

/// What a provider says about a message afterwards.
#[derive(Clone, Debug)]
pub struct Receipt {
    /// Our id, when the callback brought it along.
    pub notification: Option<NotificationId>,
    pub provider_id: String,
    /// The provider's word.
    pub status: String,
    /// What it means; `None` for words that mean nothing here.
    pub evidence: Option<NotificationState>,
    pub error_code: Option<String>,
    pub error: Option<String>,
    /// The address itself is bad.
    pub method_broken: bool,
}

/// Records a receipt; evidence only moves forward (PAGING.md §6.7). Unknown messages are ignored.
///
/// # Errors
/// Those of the store; the provider then sends it again.
pub async fn receipt(store: &Store, receipt: Receipt, now: Timestamp) -> Result<(), Error> {
    store
        .write(move |tx| receipt_in_txn(tx, &receipt, now))
        .await
}

fn receipt_in_txn(tx: &mut Tx<'_>, receipt: &Receipt, now: Timestamp) -> Result<(), Error> {
    let found = match receipt.notification {
        Some(id) => match store::notification::lock(tx, id) {
            Ok(row) => Some(row),
            Err(store::Error::NotFound) => None,
            Err(other) => return Err(other.into()),
        },
        None => None,
    };
    let row = match found {
        Some(row) => row,
        None => match store::notification::by_provider_id(tx, &receipt.provider_id)? {
            // Receipts of one message may come at the same time: one after the other.
            Some(row) => store::notification::lock(tx, row.id)?,
            None => return Ok(()),
        },
    };
    let id = tx.id(ReceiptId)?;
    store::notification::insert_receipt(
        tx,
        id,
        row.id,
        &receipt.status,
        receipt.error_code.as_deref(),
        now,
    )?;
    let Some(state) = receipt.evidence.and_then(|to| advance(row.state, to)) else {
        return Ok(());
    };
    store::notification::set_state(tx, row.id, state, now, receipt.error.as_deref())?;
    let why = receipt.error.as_deref().unwrap_or(&receipt.status);
    if state == NotificationState::Failed {
        crate::dispatch::undelivered(tx, &row, receipt.method_broken, why, now)?;
    }
    let directory = tx.directory()?;
    let who = row
        .user_id
        .map_or("somebody", |user| directory.user_name(user))
        .to_owned();
    let (kind, text) = match state {
        NotificationState::Delivered => (
            EntryKind::NotificationDelivered,
            format!("The message to {who} was delivered by {}", row.channel),
        ),
        NotificationState::Failed => (
            EntryKind::NotificationFailed,
            format!(
                "The message to {who} was not delivered by {}: {why}",
                row.channel
            ),
        ),
        _ => return Ok(()),
    };
    let details = serde_json::json!({ "notification_id": row.id, "status": receipt.status });
    for incident in incidents_of(tx, &row)? {
        record::entry(tx, incident, Actor::SYSTEM, kind, &text, &details, now)?;
    }
    Ok(())
}

/// Whether an incident still waits for an answer; for the page of a mail link.
pub fn waits(incident: &Incident) -> bool {
    incident.paging == PagingState::Triggered
}
