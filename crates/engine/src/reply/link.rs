//! Answers by the signed links of mails.

use domain::incident::Incident;
use domain::incident::responder::Responder;
use domain::reply::{Verb, wanted};
use domain::word::{Origin, PagingState};
use domain::{Timestamp, UserId};
use store::Store;

use super::{Done, act, act_on_bundle};
use crate::Error;
use crate::link::Link;

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
            let directory = tx.directory()?;
            let wanted = wanted(&verb, now, &directory);
            let command = wanted
                .map_err(|unclear| Error::Refused(unclear.to_string()))?
                .command;
            let by = Origin::Email;
            let done = match store::notification::fetch(tx, link.notification) {
                Ok(sent) if sent.user_id == Some(link.user) => {
                    act_on_bundle(tx, &sent, link.user, &verb, &command, by, now)?
                }
                Ok(_) | Err(store::Error::NotFound) => {
                    let (label, result) =
                        act(tx, link.incident, link.user, &verb, &command, by, now)?;
                    vec![Done { label, result }]
                }
                Err(other) => return Err(other.into()),
            };
            if done.iter().all(|one| one.result.is_err())
                && let Some(why) = done.into_iter().find_map(|one| one.result.err())
            {
                return Err(Error::Refused(why));
            }
            Ok(LinkView {
                incident: store::incident::fetch(tx, link.incident)?,
                request: store::responder::open(tx, link.incident, link.user)?,
                user: link.user,
                user_name: directory.user_name(link.user).to_owned(),
            })
        })
        .await
}

/// Whether an incident still waits for an answer; for the page of a mail link.
pub fn waits(incident: &Incident) -> bool {
    incident.paging == PagingState::Triggered
}
