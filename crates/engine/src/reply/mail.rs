//! Answers by mail (PAGING.md §6.8). Every mail that is answered here goes to the address that was
//! paged, never to whoever an answer claims to come from, and there is a bound to them, so that two
//! programs cannot keep each other busy.

use domain::notification::text::incident_label;
use domain::reply::Verb;
use domain::word::{ContactKind, NotificationKind, NotificationState, Origin};
use domain::{NotificationId, Timestamp};
use store::notification::Notification;
use store::{Change, Store, Tx};

use super::{Address, Outcome, UNKNOWN_WINDOW, again, carry_out, helpful};
use crate::Error;
use crate::account::secret;
use crate::link::VALID_FOR;

/// Mails to one address that are heeded before it has had a day of silence.
const MAILS_MAX: i64 = 50;

const HELP: &str = "This was not understood, and nothing was done. Write one of these on the \
                    first line of your answer: ack, resolve, escalate, escalate to step 2, \
                    reassign to Bo, add Bo, snooze 1h, unack; or yes or no to a request for help.";
const EXPIRED: &str = "Your answer came more than 24 hours after the page, and nothing was done. \
                       Open the incident and sign in.";

/// A mail to an address that was made for answers.
#[derive(Clone, Debug)]
pub struct InboundMail {
    pub to: Address,
    /// What the sender's program calls it: a mail that comes twice acts once.
    pub id: String,
    /// What its first line of one's own says; `None` when that was not understood.
    pub wanted: Option<Verb>,
    /// A program has written it: it is neither heeded nor answered.
    pub automatic: bool,
}

/// Acts on an answer by mail, and says by mail what came of it.
///
/// # Errors
/// Those of the store; the sender then tries again.
pub async fn mail(store: &Store, mail: InboundMail, now: Timestamp) -> Result<(), Error> {
    store.write(move |tx| mail_in_txn(tx, &mail, now)).await
}

fn mail_in_txn(tx: &mut Tx<'_>, mail: &InboundMail, now: Timestamp) -> Result<(), Error> {
    let id = secret::to_hex(&secret::digest(&mail.id)[..16]);
    let seen = format!("mail-{}-{id}", mail.to.notification);
    if mail.automatic || store::reply::inbound_seen(tx, &seen)?.is_some() {
        return Ok(());
    }
    let sent = match answered_message(tx, mail.to.notification) {
        // Kept for years; whoever answers later than that is not waited for.
        Err(Error::Store(store::Error::NotFound)) => return Ok(()),
        other => other?,
    };
    let bound = format!("page {}", sent.id);
    if store::reply::count_unknown_reply(tx, &bound, now, UNKNOWN_WINDOW)? > MAILS_MAX {
        return Ok(());
    }
    let answer = answer(tx, mail, &sent, now)?;
    store::reply::insert_inbound(tx, &seen, &answer, now)?;
    if answer.is_empty() {
        return Ok(());
    }
    let mut reply = Notification::planned(
        tx.id(NotificationId)?,
        NotificationKind::Reply,
        ContactKind::Email,
        sent.address.clone(),
        sent.urgency,
        now,
    );
    reply.user_id = sent.user_id;
    reply.incident_id = sent.incident_id;
    reply.subject = subject(tx, &sent)?;
    reply.body = answer;
    store::notification::insert(tx, &[reply])?;
    tx.changed(Change::Outbox);
    Ok(())
}

fn answer(
    tx: &mut Tx<'_>,
    mail: &InboundMail,
    sent: &Notification,
    now: Timestamp,
) -> Result<String, Error> {
    let Some(user) = sent.user_id else {
        return Ok(String::new());
    };
    if now >= mail.to.expires_at {
        return helpful(tx, &sent.address, EXPIRED, now);
    }
    let Some(verb) = &mail.wanted else {
        return helpful(tx, &sent.address, HELP, now);
    };
    match carry_out(tx, sent, user, verb, Origin::EmailReply, now)? {
        Outcome::Done(text) => Ok(text),
        Outcome::Unclear(text) => {
            let text = format!("Nothing was done: {text}. {}", again(verb, ""));
            helpful(tx, &sent.address, &text, now)
        }
    }
}

/// The page that an answer is about. Whoever answers an answer of ours means the page before it.
fn answered_message(tx: &mut Tx<'_>, id: NotificationId) -> Result<Notification, Error> {
    let row = store::notification::fetch(tx, id)?;
    let (NotificationKind::Reply, Some(incident), Some(user)) =
        (row.kind, row.incident_id, row.user_id)
    else {
        return Ok(row);
    };
    // The page was answered within the time that it could be.
    let since = row.created_at - VALID_FOR - VALID_FOR;
    let pages = store::notification::pages_to(tx, incident, user, since)?;
    let page = pages.into_iter().rev().find(|page| {
        page.id < row.id && page.address == row.address && page.state != NotificationState::Planned
    });
    let lead = page.as_ref().and_then(|page| page.bundle_id);
    match (lead, page) {
        (Some(lead), _) => Ok(store::notification::fetch(tx, lead)?),
        (None, Some(page)) => Ok(page),
        (None, None) => Ok(row),
    }
}

/// That of the page, so that mail programs show both together.
fn subject(tx: &mut Tx<'_>, sent: &Notification) -> Result<String, Error> {
    if !sent.subject.is_empty() {
        return Ok(sent.subject.clone());
    }
    Ok(match sent.incident_id {
        Some(id) => {
            let incident = store::incident::fetch(tx, id)?;
            format!("[{}] {}", incident_label(incident.number), incident.title)
        }
        None => "Your answer".to_owned(),
    })
}
