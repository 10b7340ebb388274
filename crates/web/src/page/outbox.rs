//! The outbox: every message to a person or a channel, with its state and its text.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

use actix_web::web::{self, ServiceConfig};
use actix_web::{HttpRequest, HttpResponse};
use domain::directory::Directory;
use domain::incident::Incident;
use domain::policy::Target;
use domain::word::{ContactKind, NotificationKind, NotificationState};
use domain::{IncidentId, UserId};
use engine::dispatch::text_of_post;
use engine::message::Sender;
use store::Conn;
use store::notification::Notification;
use store::outbox::{Filter, Word};

use super::{choice, name};
use crate::error::WebError;
use crate::frame::{frame, render};
use crate::session::SignedIn;
use crate::state::State;
use crate::view::outbox::{OutboxFilter, OutboxPage, OutboxRow};
use crate::view::{Frame, Nav, Pager, Person};

const ROWS: i64 = 50;

pub fn configure(cfg: &mut ServiceConfig) {
    cfg.route("/outbox", web::get().to(page));
}

/// `GET /outbox?state=&kind=&q=&page=`.
async fn page(state: State, me: SignedIn, req: HttpRequest) -> Result<HttpResponse, WebError> {
    let filter = OutboxFilter::from_query(req.query_string());
    let directory = state.directory();
    let (known, wanted) = (directory.clone(), filter.clone());
    let found = state
        .store()
        .read(move |c| Found::read(c, &known, &wanted))
        .await?;
    let frame = frame(&state, &me, "Outbox", Nav::Outbox).await;
    let channels = state.engine.channels();
    let missing = ContactKind::ALL
        .iter()
        .copied()
        .filter(|kind| !channels.is_configured(*kind));
    render(&found.page(
        &directory,
        frame,
        me.id(),
        filter,
        missing.collect(),
        state.engine.sender(),
    ))
}

/// What the page needs of the database.
pub struct Found {
    rows: Vec<Notification>,
    more: bool,
    incidents: BTreeMap<IncidentId, Incident>,
}

impl Found {
    /// # Errors
    /// Those of the reads.
    pub fn read(
        conn: &mut Conn,
        directory: &Directory,
        filter: &OutboxFilter,
    ) -> Result<Found, store::Error> {
        let offset = offset(filter);
        let mut rows = store::outbox::list(conn, &narrow(filter, directory), offset, ROWS + 1)?;
        let shown = usize::try_from(ROWS).unwrap_or(usize::MAX);
        let more = rows.len() > shown;
        rows.truncate(shown);
        let mut incidents = BTreeMap::new();
        for id in rows.iter().filter_map(|row| row.incident_id) {
            if let Entry::Vacant(place) = incidents.entry(id) {
                place.insert(store::incident::fetch(conn, id)?);
            }
        }
        Ok(Found {
            rows,
            more,
            incidents,
        })
    }

    /// The page as the viewer of `frame` sees it; `without_provider` are the channels whose
    /// messages stay here.
    pub fn page(
        self,
        directory: &Directory,
        frame: Frame,
        viewer: UserId,
        filter: OutboxFilter,
        without_provider: Vec<ContactKind>,
        sender: &Sender,
    ) -> OutboxPage {
        let first = u64::try_from(offset(&filter)).unwrap_or(0);
        let count = u64::try_from(self.rows.len()).unwrap_or(0);
        let page = filter.page.max(1);
        let pager = Pager {
            previous: (page > 1).then(|| filter.href(page - 1)),
            next: self.more.then(|| filter.href(page + 1)),
            first: if count == 0 { 0 } else { first + 1 },
            last: first + count,
            total: None,
        };
        let rows = self
            .rows
            .into_iter()
            .map(|mut row| {
                let incident = row.incident_id.and_then(|id| self.incidents.get(&id));
                let number = incident.map(|incident| incident.number);
                let whole_text =
                    incident.and_then(|found| sender.notice_text(&row, found, directory));
                if let Some((subject, body)) = whole_text {
                    (row.subject, row.body) = (subject, body);
                } else if row.kind == NotificationKind::Post
                    && let Some(said) = text_of_post(&row, &sender.public_url)
                {
                    row.body = said.text;
                }
                let mine = row.user_id == Some(viewer);
                let whole = mine || frame.can_admin;
                let kind = row.channel.contact();
                let kept = kind.is_some_and(|kind| without_provider.contains(&kind));
                let secret = !mine && !kept;
                to_row(row, number, directory, whole, secret)
            })
            .collect();
        OutboxPage {
            frame,
            rows,
            filter,
            pager,
            without_provider,
        }
    }
}

fn offset(filter: &OutboxFilter) -> i64 {
    let skipped = filter.page.saturating_sub(1);
    i64::try_from(skipped)
        .unwrap_or(i64::MAX)
        .saturating_mul(ROWS)
}

/// Names of people are in the configuration, not beside the messages.
fn narrow(filter: &OutboxFilter, directory: &Directory) -> Filter {
    let words = filter.q.split_whitespace().take(8);
    Filter {
        state: filter.state,
        kind: filter.kind,
        words: words
            .map(|word| {
                let small = word.to_lowercase();
                let named = directory.users.values();
                Word {
                    text: word.to_owned(),
                    people: named
                        .filter(|user| user.name.to_lowercase().contains(&small))
                        .map(|user| user.id)
                        .collect(),
                }
            })
            .collect(),
    }
}

/// `whole`: the address may be seen in full. `secret`: what proves or answers something in the
/// recipient's name is hidden. Where no provider is configured nothing is: the page is then the
/// only place where the message can be read.
fn to_row(
    row: Notification,
    incident: Option<i64>,
    directory: &Directory,
    whole: bool,
    secret: bool,
) -> OutboxRow {
    let text = |text: &str| match (secret, row.kind) {
        (false, _) => text.to_owned(),
        (true, NotificationKind::Verification) => without_digits(text),
        (true, _) => without_links(text),
    };
    OutboxRow {
        id: row.id,
        kind: row.kind,
        state: row.state,
        method: row.channel,
        person: match row.user_id {
            Some(user) => choice::person(directory, user),
            None => Person {
                id: UserId(0),
                name: "unknown".to_owned(),
            },
        },
        channel: row
            .channel_id
            .map(|id| choice::target_link(directory, Target::Channel(id))),
        address: match row.channel.contact().filter(|_| row.channel_id.is_none()) {
            Some(kind) => name::shown_address(kind, &row.address, whole),
            // What others may not see of a channel's address does not stand here.
            None => row.address,
        },
        subject: text(&row.subject),
        body: text(&row.body),
        incident,
        created_at: row.created_at,
        next_at: (row.state == NotificationState::Planned).then_some(row.due_at),
        sent_at: row.accepted_at,
        attempts: u32::try_from(row.attempts).unwrap_or(u32::MAX),
        last_error: row.last_error,
        provider_id: row.provider_id,
    }
}

/// The code that proves an address must reach nobody but its owner.
fn without_digits(text: &str) -> String {
    text.chars()
        .map(|c| if c.is_ascii_digit() { '•' } else { c })
        .collect()
}

/// A signed link answers in its recipient's name.
fn without_links(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find("/a/") {
        let (before, after) = rest.split_at(at + 3);
        let end = after
            .find(|c: char| !c.is_ascii_alphanumeric() && !matches!(c, '-' | '_'))
            .unwrap_or(after.len());
        out.push_str(before);
        // Shorter parts of an address are somebody's own words.
        out.push_str(if end >= 32 { "…" } else { &after[..end] });
        rest = &after[end..];
    }
    out.push_str(rest);
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_answers_in_anothers_name_is_hidden() {
        let token = "A".repeat(64);
        let mail = format!("Acknowledge: https://q.example/a/{token}\nSee https://x.example/a/b.");
        assert_eq!(
            without_links(&mail),
            "Acknowledge: https://q.example/a/…\nSee https://x.example/a/b."
        );
        assert_eq!(without_links("nothing here"), "nothing here");
        assert_eq!(without_digits("012345 is your code"), "•••••• is your code");
    }

    #[test]
    fn a_word_finds_people_by_their_names() {
        let directory = crate::page::sample::directory();
        let filter = OutboxFilter {
            q: "an +49".into(),
            ..OutboxFilter::default()
        };
        let words = narrow(&filter, &directory).words;
        assert_eq!(words[0].people, [UserId(1)]);
        assert!(words[1].people.is_empty());
        assert_eq!(offset(&filter), 0);
    }
}
