//! Calls that only ask.

use domain::directory::Directory;
use domain::service::Integration;
use domain::word::EntryKind;
use domain::{IncidentId, TimelineEntryId};
use engine::alert::{self, By, Found};
use formats::opsgenie::call::{Call, Identifier};
use formats::opsgenie::query::{OFFSET_MAX, Query};
use formats::opsgenie::receipt::Receipt;
use formats::opsgenie::reply::Refusal;
use formats::opsgenie::view::{self, Line, Seen};
use serde_json::{Value, json};
use store::alert::Filter;
use store::timeline::Entry;

use super::{Answer, Failure, Request};

/// Most alerts that a search with terms looks at, the newest first.
const SCAN_MAX: usize = 2_000;
/// Alerts are counted up to this number.
const COUNT_MAX: i64 = 100_000;
/// Entries of a timeline, and how many when nothing is said.
const ENTRIES: usize = 100;
const ENTRIES_MAX: i64 = 10_000;

pub(super) async fn ask(request: &Request<'_>, call: Call) -> Result<Answer, Failure> {
    let directory = request.state.directory();
    let integration = directory
        .integration(request.integration)
        .ok_or_else(Refusal::unknown_key)?;
    match call {
        Call::List => list(request, integration, &directory).await,
        Call::Count => count(request, integration, &directory).await,
        Call::RequestStatus(id) => status(request, &id).await,
        Call::Get(by) => {
            let found = find(request, by).await?;
            Ok(Answer::Data(shown(&found, integration, &directory)))
        }
        Call::Notes(by) => {
            let found = find(request, by).await?;
            lines(
                request,
                found.alert.incident_id,
                &directory,
                Some(EntryKind::Note),
            )
            .await
        }
        Call::Logs(by) => {
            let found = find(request, by).await?;
            lines(request, found.alert.incident_id, &directory, None).await
        }
        Call::Recipients(by) => {
            let found = find(request, by).await?;
            recipients(request, found.alert.incident_id, &directory).await
        }
        // Those are no questions.
        Call::Create | Call::Delete(_) | Call::Act(..) => Err(Refusal::no_such_address().into()),
    }
}

fn shown(found: &Found, integration: &Integration, directory: &Directory) -> Value {
    let seen = Seen {
        incident: found.incident.as_ref(),
        integration,
        directory,
    };
    view::alert(&found.alert, &seen)
}

async fn find(request: &Request<'_>, by: Identifier) -> Result<Found, Failure> {
    let by = match by {
        Identifier::Alias(alias) => By::Key(alias),
        Identifier::Id(Some(id)) => By::Id(id),
        Identifier::Id(None) => return Err(Refusal::no_such_alert().into()),
    };
    alert::find(request.state.store(), request.integration, by)
        .await?
        .ok_or_else(|| Refusal::no_such_alert().into())
}

fn query(request: &Request<'_>) -> Result<Query, Refusal> {
    let text = request.http.query_string().as_bytes();
    let parameters: Vec<_> = url::form_urlencoded::parse(text).collect();
    Query::parse(
        parameters
            .iter()
            .map(|(name, value)| (name.as_ref(), value.as_ref())),
    )
}

fn filter(request: &Request<'_>, query: &Query) -> Filter {
    Filter {
        status: query.status,
        integrations: Some(vec![request.integration]),
        dedup_key: query.alias.clone(),
        ..Filter::default()
    }
}

/// The alerts a query finds, newest first; of plain ones only as many as are shown.
async fn matching(
    request: &Request<'_>,
    query: &Query,
    integration: &Integration,
    directory: &Directory,
) -> Result<Vec<Found>, Failure> {
    let wanted = match query.is_plain() && !query.ascending {
        true => (query.offset + query.limit).min(OFFSET_MAX),
        false => SCAN_MAX,
    };
    let limit = i64::try_from(wanted).unwrap_or(i64::MAX);
    let mut found = alert::list(request.state.store(), filter(request, query), limit).await?;
    found.retain(|one| {
        let seen = Seen {
            incident: one.incident.as_ref(),
            integration,
            directory,
        };
        query.matches(&one.alert, &seen)
    });
    if query.ascending {
        found.reverse();
    }
    Ok(found)
}

async fn list(
    request: &Request<'_>,
    integration: &Integration,
    directory: &Directory,
) -> Result<Answer, Failure> {
    let query = query(request)?;
    let found = matching(request, &query, integration, directory).await?;
    let data: Vec<Value> = found
        .iter()
        .skip(query.offset)
        .take(query.limit)
        .map(|one| shown(one, integration, directory))
        .collect();
    let (limit, _) = request.api.paging();
    let at = |offset: usize| page_at(request, &[("offset", offset), (limit, query.limit)]);
    let mut paging = json!({"first": at(0)});
    if data.len() == query.limit {
        paging["next"] = at(query.offset + query.limit).into();
    }
    if query.offset > 0 {
        paging["prev"] = at(query.offset.saturating_sub(query.limit)).into();
    }
    Ok(Answer::Page {
        data: data.into(),
        paging,
    })
}

/// The address of another page of the same list.
fn page_at(request: &Request<'_>, numbers: &[(&str, usize)]) -> String {
    let mut pairs = url::form_urlencoded::Serializer::new(String::new());
    for (name, value) in url::form_urlencoded::parse(request.http.query_string().as_bytes()) {
        // A key in the address is not repeated in answers.
        let ours = numbers.iter().any(|(number, _)| name == *number);
        if !ours
            && [
                "query",
                "sort",
                "order",
                "direction",
                "identifierType",
                "from",
                "to",
            ]
            .contains(&&*name)
        {
            pairs.append_pair(&name, &value);
        }
    }
    for (name, number) in numbers {
        pairs.append_pair(name, &number.to_string());
    }
    let path = request.http.uri().path();
    let from = path.find(request.api.root()).unwrap_or(0);
    let public = &request.state.config.public_url;
    format!("{public}{}?{}", &path[from..], pairs.finish())
}

async fn count(
    request: &Request<'_>,
    integration: &Integration,
    directory: &Directory,
) -> Result<Answer, Failure> {
    let query = query(request)?;
    let count = if query.is_plain() {
        let filter = filter(request, &query);
        request
            .state
            .store()
            .read(move |c| store::alert::number(c, &filter, COUNT_MAX))
            .await
            .map_err(engine::Error::from)?
    } else {
        matching(request, &query, integration, directory)
            .await?
            .len()
    };
    Ok(Answer::Data(json!({"count": count})))
}

/// What became of a request. All are done when they are answered, so there is no "not yet".
async fn status(request: &Request<'_>, id: &str) -> Result<Answer, Failure> {
    let receipt = Receipt::decode(id, |text| request.seal(text))
        .ok_or_else(|| Refusal::plain(404, "Request not found. It might not be processed, yet"))?;
    let found = match receipt.alert {
        Some(id) => alert::find(request.state.store(), request.integration, By::Id(id)).await?,
        None => None,
    };
    let alias = found.map_or(String::new(), |found| found.alert.dedup_key);
    let integration = request.integration.to_string();
    Ok(Answer::Data(receipt.data(&alias, &integration)))
}

/// Entries of the incident's timeline, newest first unless asked otherwise.
async fn lines(
    request: &Request<'_>,
    incident: Option<IncidentId>,
    directory: &Directory,
    only: Option<EntryKind>,
) -> Result<Answer, Failure> {
    let number = |name: &str| {
        request
            .parameter(name)
            .and_then(|text| text.parse::<i64>().ok())
    };
    let (limit_name, offset_name) = request.api.paging();
    let after = TimelineEntryId(number(offset_name).unwrap_or(0));
    let limit = number(limit_name)
        .and_then(|limit| usize::try_from(limit).ok())
        .unwrap_or(ENTRIES)
        .clamp(1, ENTRIES);
    let ascending = request
        .parameter("order")
        .is_some_and(|order| order.eq_ignore_ascii_case("asc"));
    let mut entries: Vec<Entry> = request
        .state
        .store()
        .read(move |c| match incident {
            Some(incident) => store::timeline::latest(c, incident, ENTRIES_MAX),
            // A suppressed alert has no incident.
            None => Ok(Vec::new()),
        })
        .await
        .map_err(engine::Error::from)?;
    entries.retain(|entry| only.is_none_or(|kind| entry.kind == kind));
    if !ascending {
        entries.reverse();
    }
    if after.0 > 0 {
        entries.retain(|entry| (entry.id > after) == ascending && entry.id != after);
    }
    entries.truncate(limit);
    let line = if only.is_some() {
        view::note
    } else {
        view::log
    };
    let data: Vec<Value> = entries
        .iter()
        .map(|entry| {
            line(&Line {
                text: &entry.text,
                kind: entry.kind.as_str(),
                owner: entry
                    .actor_id
                    .and_then(|user| directory.user(user))
                    .map_or_else(
                        || entry.origin.as_str().to_owned(),
                        |user| user.email.clone(),
                    ),
                at: entry.occurred_at,
                offset: entry.id.0,
            })
        })
        .collect();
    let mut paging = json!({"first": page_at(request, &[(limit_name, limit)])});
    if let Some(last) = entries.last().filter(|_| entries.len() == limit) {
        let offset = usize::try_from(last.id.0).unwrap_or(0);
        paging["next"] = page_at(request, &[(offset_name, offset), (limit_name, limit)]).into();
    }
    Ok(Answer::Page {
        data: data.into(),
        paging,
    })
}

/// Who was told, by the newest message of each way.
async fn recipients(
    request: &Request<'_>,
    incident: Option<IncidentId>,
    directory: &Directory,
) -> Result<Answer, Failure> {
    let filter = store::notification::Filter {
        // A suppressed alert has no incident: nobody was told.
        incident: Some(incident.unwrap_or(IncidentId(0))),
        ..store::notification::Filter::default()
    };
    let sent = request
        .state
        .store()
        .read(move |c| store::notification::list(c, &filter, None, ENTRIES_MAX))
        .await
        .map_err(engine::Error::from)?;
    let mut seen = Vec::new();
    let mut data = Vec::new();
    for one in sent {
        let Some(user) = one.user_id else {
            continue;
        };
        if seen.contains(&(user, one.channel)) {
            continue;
        }
        seen.push((user, one.channel));
        let latest = [one.answered_at, one.delivered_at, one.accepted_at];
        data.push(view::recipient(
            directory,
            user,
            one.state.as_str(),
            one.channel.as_str(),
            one.created_at,
            latest
                .into_iter()
                .flatten()
                .next()
                .unwrap_or(one.created_at),
        ));
    }
    Ok(Answer::Data(data.into()))
}
