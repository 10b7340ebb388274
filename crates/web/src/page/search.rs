//! What the palette finds: pages, incidents, services, schedules, policies, people, heartbeats.

use actix_web::web::{self, ServiceConfig};
use actix_web::{HttpRequest, HttpResponse};
use domain::Timestamp;
use domain::directory::Directory;
use domain::incident::label;
use serde::Serialize;
use store::Conn;
use store::board::{Filter, Order};

use crate::error::WebError;
use crate::session::SignedIn;
use crate::state::State;

/// Longest answer.
const FOUND: usize = 20;
const INCIDENTS: i64 = 8;
const HEARTBEATS: i64 = 4;

pub fn configure(cfg: &mut ServiceConfig) {
    cfg.route("/search.json", web::get().to(search));
}

/// `GET /search.json?q=`.
async fn search(state: State, _me: SignedIn, req: HttpRequest) -> Result<HttpResponse, WebError> {
    let query = url::form_urlencoded::parse(req.query_string().as_bytes())
        .find(|(name, _)| name == "q")
        .map(|(_, value)| value.chars().take(200).collect::<String>())
        .unwrap_or_default();
    let (directory, now) = (state.directory(), state.now());
    let hits = state
        .store()
        .read(move |c| find(c, &directory, &query, now))
        .await?;
    Ok(HttpResponse::Ok().json(hits))
}

/// One thing that was found.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Hit {
    pub label: String,
    pub url: String,
    pub kind: &'static str,
}

const PAGES: &[(&str, &str)] = &[
    ("Dashboard", "/"),
    ("Incidents", "/incidents"),
    ("Declare an incident", "/incidents/new"),
    ("On-call", "/on-call"),
    ("My shifts", "/on-call/mine"),
    ("Swaps of shifts", "/on-call/swaps"),
    ("On-call load report", "/on-call/report"),
    ("Holiday calendars", "/holidays"),
    ("Calendar feeds and reminders", "/calendars"),
    ("Coverage", "/coverage"),
    ("What if?", "/simulate"),
    ("Services", "/services"),
    ("Policies", "/policies"),
    ("Channels", "/channels"),
    ("Postmortems", "/postmortems"),
    ("People", "/users"),
    ("Teams", "/teams"),
    ("Changes", "/changes"),
    ("Alerts", "/alerts"),
    ("Silences", "/silences"),
    ("Maintenance windows", "/maintenance-windows"),
    ("Inhibitions", "/inhibitions"),
    ("Heartbeats", "/heartbeats"),
    ("Outbox", "/outbox"),
    ("Settings", "/settings"),
    ("API", "/api"),
    ("Profile", "/profile"),
];

/// Everything but incidents: those whose name has every word.
fn configured(directory: &Directory, query: &str) -> Vec<Hit> {
    let words: Vec<String> = query.split_whitespace().map(str::to_lowercase).collect();
    let matches = |label: &str| {
        let label = label.to_lowercase();
        words.iter().all(|word| label.contains(word))
    };
    let hit = |label: &str, url: String, kind| {
        matches(label).then(|| Hit {
            label: label.to_owned(),
            url,
            kind,
        })
    };
    let pages = PAGES
        .iter()
        .filter_map(|(label, url)| hit(label, (*url).to_owned(), "page"));
    let services = directory
        .services
        .values()
        .filter_map(|one| hit(&one.name, format!("/services/{}", one.slug), "service"));
    let schedules = directory
        .schedules
        .values()
        .filter_map(|one| hit(&one.name, format!("/schedules/{}", one.slug), "schedule"));
    let policies = directory
        .policies
        .values()
        .filter_map(|one| hit(&one.name, format!("/policies/{}", one.slug), "policy"));
    let calendars = directory
        .calendars
        .values()
        .filter_map(|one| hit(&one.name, format!("/holidays/{}", one.slug), "holidays"));
    let channels = directory
        .channels
        .values()
        .filter_map(|one| hit(&one.name, format!("/channels/{}", one.slug), "channel"));
    let people = directory
        .users
        .values()
        .filter(|user| !user.disabled)
        .filter_map(|one| hit(&one.name, format!("/users/{}", one.id), "person"));
    pages
        .chain(services)
        .chain(schedules)
        .chain(calendars)
        .chain(people)
        .chain(policies)
        .chain(channels)
        .collect()
}

/// At most 20 hits: incidents first, open and bad ones before others.
///
/// # Errors
/// Those of the read.
pub fn find(
    conn: &mut Conn,
    directory: &Directory,
    query: &str,
    now: Timestamp,
) -> Result<Vec<Hit>, store::Error> {
    let mut hits = Vec::new();
    if !query.trim().is_empty() {
        let filter = Filter {
            text: query.to_owned(),
            ..Filter::default()
        };
        let incidents = store::board::list(conn, &filter, Order::Worst, now, 0, INCIDENTS)?;
        hits.extend(incidents.into_iter().map(|incident| Hit {
            label: format!("{} {}", label(incident.number), incident.title),
            url: format!("/incidents/{}", incident.number),
            kind: "incident",
        }));
    }
    hits.extend(configured(directory, query));
    if !query.trim().is_empty() {
        let filter = store::heartbeat::Filter {
            text: Some(query.trim().to_owned()),
            ..store::heartbeat::Filter::default()
        };
        let beats = store::heartbeat::list(conn, &filter, None, HEARTBEATS)?;
        // Before the list is cut: there may be many people of that name.
        let at = hits.len().min(FOUND.saturating_sub(beats.len()));
        let beats = beats.into_iter().map(|beat| Hit {
            label: beat.settings.name,
            url: format!("/heartbeats/{}", beat.id),
            kind: "heartbeat",
        });
        hits.splice(at..at, beats);
    }
    hits.truncate(FOUND);
    Ok(hits)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::page::sample::directory;

    #[test]
    fn every_word_must_stand_in_the_name() {
        let urls = |query: &str| -> Vec<String> {
            configured(&directory(), query)
                .into_iter()
                .map(|hit| hit.url)
                .collect()
        };
        assert_eq!(urls("check"), ["/services/checkout"]);
        assert_eq!(urls("DECLARE inc"), ["/incidents/new"]);
        assert_eq!(urls("plat"), ["/schedules/platform"]);
        assert_eq!(urls("ana"), ["/users/1"]);
        assert!(urls("nothing of this name").is_empty());
    }
}
