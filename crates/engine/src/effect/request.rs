//! Requests for help: asking people, and what they say (PAGING.md §4.8).

use domain::directory::Directory;
use domain::escalation::Reason;
use domain::incident::responder::{self, Asking, Responder};
use domain::incident::{Actor, Incident};
use domain::notification::{BUNDLE_WINDOW, Underway, goes_with};
use domain::policy::Target;
use domain::word::{
    EntryKind, NotificationKind, NotificationState, PageCause, PagingState, ResponderState, Urgency,
};
use domain::{ContactMethodId, NotificationId, ResponderId, Timestamp, UserId};
use store::Conn;
use store::notification::Notification;

use super::Writing;
use crate::Error;
use crate::dispatch::let_others_go;

/// Whom a request would page, refused when that is nobody.
///
/// # Errors
/// [`Error::Refused`] with the reasons, and those of the read.
pub(crate) fn asking(
    conn: &mut Conn,
    incident: Option<&Incident>,
    targets: &[Target],
    actor: Actor,
    directory: &Directory,
    now: Timestamp,
) -> Result<Asking, Error> {
    let before = match incident {
        Some(incident) => store::responder::of_incident(conn, incident.id)?,
        None => Vec::new(),
    };
    let asking = responder::ask(targets, &before, actor.user, directory, now);
    if asking.people.is_empty() {
        return Err(Error::Refused(format!(
            "nobody can be asked: {}",
            asking.why_not()
        )));
    }
    Ok(asking)
}

impl Writing<'_, '_> {
    pub(super) fn ask(
        &mut self,
        incident: &Incident,
        targets: &[Target],
        message: &str,
        actor: Actor,
    ) -> Result<(), Error> {
        let directory = self.directory.clone();
        let now = self.now;
        let asking = asking(self.tx, Some(incident), targets, actor, &directory, now)?;
        let not_paged = asking.why_not();
        let who = actor.name(&directory);
        let mut names = Vec::with_capacity(asking.people.len());
        let mut users = Vec::with_capacity(asking.people.len());
        for person in asking.people {
            let reason = Reason::asked(&who, message, person.via);
            let reason = serde_json::to_string(&reason)
                .map_err(|e| store::Error::Corrupt(format!("page.reason: {e}")))?;
            let row = Responder {
                id: self.tx.id(ResponderId)?,
                incident_id: incident.id,
                user: person.user,
                page: self.page(
                    incident,
                    None,
                    person.user,
                    Urgency::High,
                    PageCause::Adhoc,
                    reason,
                )?,
                asked_by: actor.user,
                asked_at: now,
                message: message.to_owned(),
                state: ResponderState::Asked,
                reason: String::new(),
                answered_at: None,
            };
            self.responders.push(row);
            names.push(directory.user_name(person.user).to_owned());
            users.push(person.user);
        }
        let mut text = format!("{who} asked {} to help", names.join(", "));
        if !message.is_empty() {
            text.push_str(&format!(": {message}"));
        }
        if !not_paged.is_empty() {
            text.push_str(&format!(" (not paged: {not_paged})"));
        }
        let details = serde_json::json!({ "users": users, "message": message });
        self.entry(incident.id, actor, EntryKind::Paged, text, &details)
    }

    /// The actor says yes or no to an open request.
    pub(super) fn answer(
        &mut self,
        incident: &Incident,
        accept: bool,
        reason: &str,
        actor: Actor,
    ) -> Result<(), Error> {
        let Some(request) = self.open_request(incident, actor)? else {
            return Ok(());
        };
        let (state, kind, verb) = match accept {
            true => (
                ResponderState::Accepted,
                EntryKind::ResponderAccepted,
                "accepted to help",
            ),
            false => (
                ResponderState::Declined,
                EntryKind::ResponderDeclined,
                "declined to help",
            ),
        };
        store::responder::answer(self.tx, request.id, state, reason, self.now)?;
        let why = "answered before it was sent";
        let mut tried = store::notification::cancel_page(self.tx, request.page, why)?;
        if incident.paging != PagingState::Triggered {
            // Others hold the incident; only the request kept the person's pages alive.
            let keep = store::responder::awaited(self.tx, incident.id)?;
            let others = store::notification::cancel_pages_of(self.tx, incident.id, &keep, why)?;
            tried.extend(others);
        }
        for tried in tried {
            let_others_go(self.tx, &tried, self.now)?;
        }
        let mut text = format!("{} {verb}", actor.name(&self.directory));
        if !reason.is_empty() {
            text.push_str(&format!(": {reason}"));
        }
        let details = serde_json::json!({ "asked_by": request.asked_by, "reason": reason });
        self.entry(incident.id, actor, kind, text.clone(), &details)?;
        // Whoever asked must look for somebody else; where a token did, whoever holds the incident.
        let asker = request.asked_by.or(incident.acknowledged_by);
        match asker.filter(|asker| !accept && Some(*asker) != actor.user) {
            Some(asker) => self.tell(incident, asker, &text, None),
            None => Ok(()),
        }
    }

    /// Whoever sets to work has accepted.
    pub(super) fn accept_request(
        &mut self,
        incident: &Incident,
        actor: Actor,
    ) -> Result<(), Error> {
        if let Some(request) = self.open_request(incident, actor)? {
            let accepted = ResponderState::Accepted;
            store::responder::answer(self.tx, request.id, accepted, "", self.now)?;
        }
        Ok(())
    }

    fn open_request(
        &mut self,
        incident: &Incident,
        actor: Actor,
    ) -> Result<Option<Responder>, Error> {
        match actor.user {
            Some(user) => Ok(store::responder::open(self.tx, incident.id, user)?),
            None => Ok(None),
        }
    }

    /// Has a message that has not left travel as part of `lead`.
    pub(super) fn carry(
        &mut self,
        other: NotificationId,
        lead: NotificationId,
    ) -> Result<(), Error> {
        match self.notifications.iter_mut().find(|row| row.id == other) {
            Some(row) => {
                row.state = NotificationState::Bundled;
                row.bundle_id = Some(lead);
            }
            None => store::notification::bundle_into(self.tx, &[other], lead, self.now)?,
        }
        Ok(())
    }

    /// Messages that a further page to this person need not repeat: only where a request and a
    /// step meet (PAGING.md §4.8).
    pub(super) fn underway(
        &mut self,
        incident: &Incident,
        user: UserId,
        asks: bool,
    ) -> Result<Vec<Notification>, Error> {
        let awaited = match &self.awaited {
            Some(awaited) => awaited.contains(&(incident.id, user)),
            None => asks || store::responder::open(self.tx, incident.id, user)?.is_some(),
        };
        if !asks && !awaited {
            return Ok(Vec::new());
        }
        let since = self.now - BUNDLE_WINDOW;
        let mut rows = store::notification::pages_to(self.tx, incident.id, user, since)?;
        let own = |row: &&Notification| {
            row.incident_id == Some(incident.id)
                && row.user_id == Some(user)
                && row.kind == NotificationKind::Page
                && row.state == NotificationState::Planned
        };
        rows.extend(self.notifications.iter().filter(own).cloned());
        Ok(rows)
    }
}

/// The message that goes with a further one by this method, if there is any, and when it is due.
pub(super) fn carrier(
    underway: &[Notification],
    method: ContactMethodId,
    urgency: Urgency,
    due_at: Timestamp,
    asks: bool,
) -> Option<(NotificationId, Timestamp)> {
    underway
        .iter()
        .filter(|row| row.method_id == Some(method) && row.urgency == urgency)
        .find(|row| {
            let other = Underway {
                state: row.state,
                due_at: row.due_at,
                first_attempt_at: row.first_attempt_at,
            };
            goes_with(due_at, &other, asks)
        })
        .map(|row| (row.id, row.due_at))
}
