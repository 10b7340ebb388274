//! What leaves for providers, and when it may.

use domain::word::{NotificationKind, NotificationState, PageCause, PagingState};
use domain::{NotificationId, Span, Timestamp};
use store::notification::Notification;
use store::{Conn, Error};

use super::{Leaves, Ledger, Request};
use crate::invariant::Invariant;

/// What was claimed just before the answer may leave just after it.
pub(super) const ON_ITS_WAY: Span = Span::from_millis(100);

impl Ledger {
    /// A message leaves the house.
    pub fn leaving(
        &mut self,
        row: &Notification,
        cause: Option<PageCause>,
        wall: Timestamp,
        passed: Span,
    ) {
        self.sent += 1;
        let id = row.id;
        let who = row.user_id.and_then(|user| self.users.get(&user)).copied();
        self.tell(wall, || {
            format!("message {id} leaves by {} to {who:?}", row.channel)
        });
        if self.taken.get(&id) == Some(&self.upsets) {
            let what = format!("message {id} was taken, nothing went wrong, and it leaves again");
            self.fail(Invariant::NotDoubledWithoutNeed, wall, what);
        }
        if row.kind != NotificationKind::Page {
            return;
        }
        let Some(known) = row.incident_id.and_then(|id| self.incidents.get(&id)) else {
            return;
        };
        let request = who.and_then(|who| known.requests.get(&who));
        let wanted = match known.row.paging {
            PagingState::Triggered => true,
            // Only the person's own answer ends a request.
            PagingState::Acknowledged => {
                cause == Some(PageCause::Adhoc) && matches!(request, None | Some(Request::Asked))
            }
            PagingState::Resolved => false,
        };
        let said = who.and_then(|who| known.said.get(&who)).copied();
        let since = known
            .answered
            .map(|answered| passed - said.map_or(answered, |said| said.max(answered)));
        if !wanted && since.is_some_and(|since| since > ON_ITS_WAY) {
            let what = format!(
                "{} was answered {} ago, and person {who:?} is paged for it",
                known.row.label(),
                since.unwrap_or(Span::ZERO)
            );
            self.fail(Invariant::QuietAfterTheAnswer, wall, what);
        }
    }

    /// Its provider has taken a message, and whoever sent it has heard so.
    pub fn taken(&mut self, id: NotificationId) {
        self.taken.insert(id, self.upsets);
    }

    /// A page that was made some time ago: its first message must have left.
    pub fn has_left(&mut self, conn: &mut Conn, one: Leaves, wall: Timestamp) -> Result<(), Error> {
        let Some(known) = self.incidents.get(&one.incident) else {
            return Ok(());
        };
        let page = store::escalation::page(conn, one.page)?;
        // A request ends with the person's answer; whom an incident was handed to is paged for as
        // long as nobody has it.
        let over = match known.requests.get(&one.who) {
            Some(Request::Asked) => false,
            Some(_) => true,
            None => !known.triggered(),
        };
        // The clock may have been set back since, so that its times do not tell it.
        let since = known.answers > one.answers && page.cause != PageCause::Adhoc;
        let answered = since
            || known.row.triggered_at > page.created_at
            || (!known.triggered() && page.cause != PageCause::Adhoc)
            || (over && page.cause == PageCause::Adhoc)
            || !known.row.is_open();
        if answered || !self.house.person(one.who).reachable() {
            return Ok(());
        }
        let rows = store::notification::of_page(conn, one.page)?;
        if self.some_left(conn, &rows)? || self.superseded(&page, &rows) {
            return Ok(());
        }
        let mut states = Vec::new();
        for row in &rows {
            let carrier = row
                .bundle_id
                .map(|id| store::notification::fetch(conn, id))
                .transpose()?;
            let carried = carrier.map_or_else(String::new, |by| {
                format!(" in {} {} due {}", by.id, by.state, by.due_at)
            });
            let waits = row
                .waits_since
                .map_or_else(String::new, |since| format!(", waiting since {since}"));
            states.push(format!(
                "{} by {} {} due {} after {} attempts{waits}{carried}",
                row.id, row.channel, row.state, row.due_at, row.attempts
            ));
        }
        let label = self.incidents[&one.incident].row.label();
        let what = format!(
            "{label}: no message of the page to person {} has left, made {}: {}",
            one.who,
            page.created_at,
            states.join("; ")
        );
        self.fail(Invariant::PagesLeave, wall, what);
        Ok(())
    }

    /// The service moved to another policy, or the incident was handed to others: what had not left
    /// was cancelled, and others are paged.
    fn superseded(&self, page: &store::escalation::Page, rows: &[Notification]) -> bool {
        let known = &self.incidents[&page.incident_id];
        let handed = known.cancelled_at.is_some_and(|at| page.created_at <= at);
        let newest = self.incidents[&page.incident_id]
            .stored
            .as_ref()
            .map(|run| run.id);
        (handed || page.run_id != newest)
            && rows
                .iter()
                .all(|row| row.state == NotificationState::Cancelled)
    }

    /// Whether any of these, or what carried it, was tried at least once.
    pub(super) fn some_left(&self, conn: &mut Conn, rows: &[Notification]) -> Result<bool, Error> {
        for row in rows {
            if row.attempts > 0 {
                return Ok(true);
            }
            if let Some(carrier) = row.bundle_id
                && store::notification::fetch(conn, carrier)?.attempts > 0
            {
                return Ok(true);
            }
        }
        Ok(false)
    }
}
