//! Calendars: feeds of shifts, shifts from calendars elsewhere, and reminders of shifts.

use actix_web::HttpResponse;
use actix_web::web::{self, Path, ServiceConfig};
use domain::digest::DigestTime;
use domain::directory::Directory;
use domain::feed::{Feed as FeedRow, FeedKind, FeedSubject};
use domain::reminder::Reminders as Wish;
use domain::schedule::ImportPlace;
use domain::{FeedId, ImportId, Span, Timestamp, UserId};
use engine::access::Right;
use engine::import::{ImportInput, ImportSource};
use engine::{feed, import, reminder};
use serde::{Deserialize, Serialize};
use store::schedule::import::ImportRow;
use utoipa::ToSchema;

use super::caller::Caller;
use super::input::{Body, List};
use super::schedule::named;
use super::types::{Person, Problem};
use super::words;
use crate::error::WebError;
use crate::state::State;

pub(super) fn routes(config: &mut ServiceConfig) {
    config
        .service(
            web::resource("/calendar-feeds")
                .route(web::get().to(feeds))
                .route(web::post().to(create_feed)),
        )
        .route("/calendar-feeds/{id}", web::delete().to(revoke_feed))
        .service(
            web::resource("/schedules/{slug}/imports")
                .route(web::get().to(imports))
                .route(web::post().to(add_import)),
        )
        .route(
            "/schedules/{slug}/imports/{id}",
            web::delete().to(remove_import),
        )
        .service(
            web::resource("/users/{id}/reminders")
                .route(web::get().to(reminders))
                .route(web::put().to(set_reminders)),
        );
}

/// A feed of shifts, without its secret address.
#[derive(Serialize, ToSchema)]
pub struct Feed {
    id: i64,
    #[schema(schema_with = words::feed_kind)]
    kind: FeedKind,
    /// Slug of the schedule or team, id of the person.
    subject: String,
    name: String,
    /// The last characters of its secret.
    hint: String,
    created_by: Option<Person>,
    #[schema(value_type = String, format = DateTime)]
    created_at: Timestamp,
    #[schema(value_type = Option<String>, format = DateTime)]
    fetched_at: Option<Timestamp>,
    /// Where programs fetch it; only in the answer to making it.
    #[serde(skip_serializing_if = "Option::is_none")]
    url: Option<String>,
}

impl Feed {
    fn of(row: &FeedRow, directory: &Directory, url: Option<String>) -> Feed {
        let subject = match row.subject {
            FeedSubject::Schedule(id) => directory.schedule(id).map(|one| one.slug.clone()),
            FeedSubject::Team(id) => directory.team(id).map(|one| one.slug.clone()),
            FeedSubject::Person(id) => Some(id.to_string()),
        };
        Feed {
            id: row.id.0,
            kind: row.subject.kind(),
            subject: subject.unwrap_or_default(),
            name: row.subject.name(directory).unwrap_or_default().to_owned(),
            hint: row.hint.clone(),
            created_by: Person::maybe(row.created_by, directory),
            created_at: row.created_at,
            fetched_at: row.fetched_at,
            url,
        }
    }
}

/// List calendar feeds
///
/// One's own; administrators see all.
#[utoipa::path(get, path = "/api/v1/calendar-feeds", operation_id = "list_calendar_feeds",
    tag = "on-call",
    responses(
        (status = 200, description = "The feeds", body = List<Feed>),
        (status = 401, description = "No valid token", body = Problem),
    ))]
pub async fn feeds(caller: Caller, state: State) -> Result<HttpResponse, WebError> {
    let rows = feed::feeds(state.store(), &caller.ctx).await?;
    let directory = state.directory();
    let items = rows.iter().map(|row| Feed::of(row, &directory, None));
    Ok(List::whole(items))
}

/// A feed as it is to be.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct FeedBody {
    #[schema(schema_with = words::feed_kind)]
    kind: FeedKind,
    /// Slug of the schedule or team, id or e-mail address of the person.
    subject: String,
}

/// Make a calendar feed
///
/// The answer holds its secret address, which is shown this once.
#[utoipa::path(post, path = "/api/v1/calendar-feeds", operation_id = "create_calendar_feed",
    tag = "on-call", request_body = FeedBody,
    responses(
        (status = 201, description = "The feed with its address", body = Feed),
        (status = 400, description = "The body is not JSON", body = Problem),
        (status = 401, description = "No valid token", body = Problem),
        (status = 403, description = "Feeds of others are the administrators'", body = Problem),
        (status = 404, description = "There is no such schedule, person or team", body = Problem),
        (status = 422, description = "A field is not right", body = Problem),
    ))]
pub async fn create_feed(
    caller: Caller,
    state: State,
    body: Body<FeedBody>,
) -> Result<HttpResponse, WebError> {
    let directory = state.directory();
    let wanted = body.0.subject.trim();
    let missing = || engine::Error::NotFound(body.0.kind.as_str());
    let subject = match body.0.kind {
        FeedKind::Schedule => FeedSubject::Schedule(named(&directory, wanted)?.id),
        FeedKind::Team => {
            let team = directory.team_by_slug(wanted).ok_or_else(missing)?;
            FeedSubject::Team(team.id)
        }
        FeedKind::Person => {
            let by_id = wanted
                .parse()
                .ok()
                .and_then(|id| directory.user(UserId(id)));
            let person = by_id.or_else(|| directory.user_by_email(wanted));
            FeedSubject::Person(person.ok_or_else(missing)?.id)
        }
    };
    let made = feed::create_feed(state.store(), &caller.ctx, subject).await?;
    let url = crate::calendar::address(&state, &made.token);
    let row = FeedRow {
        id: made.id,
        hint: engine::account::secret::hint(&made.token),
        subject,
        created_by: caller.ctx.actor.user,
        created_at: caller.ctx.now,
        fetched_at: None,
        revoked_at: None,
    };
    Ok(HttpResponse::Created().json(Feed::of(&row, &directory, Some(url))))
}

/// Revoke a calendar feed
#[utoipa::path(delete, path = "/api/v1/calendar-feeds/{id}", operation_id = "revoke_calendar_feed",
    tag = "on-call", params(("id" = i64, Path, description = "Id of the feed")),
    responses(
        (status = 204, description = "Its address answers no more"),
        (status = 401, description = "No valid token", body = Problem),
        (status = 403, description = "The token's role may only read", body = Problem),
        (status = 404, description = "There is no such feed", body = Problem),
    ))]
pub async fn revoke_feed(
    caller: Caller,
    id: Path<String>,
    state: State,
) -> Result<HttpResponse, WebError> {
    let id: FeedId = id.parse().map_err(|_| WebError::not_found("feed"))?;
    feed::revoke_feed(state.store(), &caller.ctx, id).await?;
    Ok(HttpResponse::NoContent().finish())
}

/// A calendar elsewhere that gives shifts to a schedule.
#[derive(Serialize, ToSchema)]
pub struct Import {
    id: i64,
    name: String,
    /// `above` all layers, or `below` them.
    #[schema(schema_with = words::import_place)]
    place: ImportPlace,
    /// Fetched every hour; `null` for a file that was handed in.
    url: Option<String>,
    /// Editions that changed something.
    version: i64,
    #[schema(value_type = Option<String>, format = DateTime)]
    tried_at: Option<Timestamp>,
    /// When it was last read without fault.
    #[schema(value_type = Option<String>, format = DateTime)]
    good_at: Option<Timestamp>,
    #[schema(value_type = Option<String>, format = DateTime)]
    next_at: Option<Timestamp>,
    /// Why the last try came to nothing; the last good edition counts.
    failure: Option<String>,
    /// Events and people that could not be understood.
    warnings: Vec<String>,
}

impl Import {
    /// Addresses of calendars hold secrets: whoever may not configure does not see them.
    fn of(row: ImportRow, caller: &Caller) -> Import {
        let whole = caller.require(Right::Configure).is_ok();
        Import {
            id: row.id.0,
            name: row.name,
            place: row.place,
            url: row
                .url
                .map(|url| if whole { url } else { "hidden".to_owned() }),
            version: row.version,
            tried_at: row.tried_at,
            good_at: row.good_at,
            next_at: row.due_at,
            failure: row.failure,
            warnings: row.warnings,
        }
    }
}

/// List imported calendars
#[utoipa::path(get, path = "/api/v1/schedules/{slug}/imports", operation_id = "list_imports",
    tag = "on-call", params(("slug" = String, Path, description = "Slug of the schedule")),
    responses(
        (status = 200, description = "The imports and how they stand", body = List<Import>),
        (status = 401, description = "No valid token", body = Problem),
        (status = 404, description = "There is no such schedule", body = Problem),
    ))]
pub async fn imports(
    caller: Caller,
    slug: Path<String>,
    state: State,
) -> Result<HttpResponse, WebError> {
    let schedule = named(&state.directory(), &slug)?;
    let rows = import::imports(state.store(), &caller.ctx, schedule.id).await?;
    let items = rows.into_iter().map(|row| Import::of(row, &caller));
    Ok(List::whole(items))
}

/// An import as it is to be: `url` or `text`.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ImportBody {
    name: String,
    /// `above` when absent.
    #[serde(default = "above")]
    #[schema(schema_with = words::import_place)]
    place: ImportPlace,
    /// Address of an iCalendar file, fetched now and every hour.
    url: Option<String>,
    /// Text of an iCalendar file.
    text: Option<String>,
}

fn above() -> ImportPlace {
    ImportPlace::Above
}

/// Import a calendar
///
/// Its shifts count from now on. A calendar that cannot be used is refused.
#[utoipa::path(post, path = "/api/v1/schedules/{slug}/imports", operation_id = "create_import",
    tag = "on-call", request_body = ImportBody,
    params(("slug" = String, Path, description = "Slug of the schedule")),
    responses(
        (status = 201, description = "The import", body = Import),
        (status = 400, description = "The body is not JSON", body = Problem),
        (status = 401, description = "No valid token", body = Problem),
        (status = 403, description = "The token's role may only read", body = Problem),
        (status = 404, description = "There is no such schedule", body = Problem),
        (status = 422, description = "The calendar cannot be used", body = Problem),
    ))]
pub async fn add_import(
    caller: Caller,
    slug: Path<String>,
    state: State,
    body: Body<ImportBody>,
) -> Result<HttpResponse, WebError> {
    caller.require(Right::Configure)?;
    let schedule = named(&state.directory(), &slug)?;
    let ImportBody {
        name,
        place,
        url,
        text,
    } = body.0;
    let source = match (url, text) {
        (Some(url), None) => ImportSource::Url(url),
        (None, Some(text)) => ImportSource::Text(text),
        _ => return Err(engine::Error::invalid("url", "give either `url` or `text`").into()),
    };
    let input = ImportInput {
        name,
        place,
        source,
    };
    let client = state.engine.calendars();
    let id = import::add_import(state.store(), client, &caller.ctx, schedule.id, input).await?;
    let rows = import::imports(state.store(), &caller.ctx, schedule.id).await?;
    let row = rows.into_iter().find(|row| row.id == id);
    let row = row.ok_or_else(|| WebError::not_found("import"))?;
    Ok(HttpResponse::Created().json(Import::of(row, &caller)))
}

/// Remove an imported calendar
///
/// What has been of its shifts stays.
#[utoipa::path(delete, path = "/api/v1/schedules/{slug}/imports/{id}",
    operation_id = "remove_import", tag = "on-call",
    params(
        ("slug" = String, Path, description = "Slug of the schedule"),
        ("id" = i64, Path, description = "Id of the import"),
    ),
    responses(
        (status = 204, description = "It gives no more shifts"),
        (status = 401, description = "No valid token", body = Problem),
        (status = 403, description = "The token's role may only read", body = Problem),
        (status = 404, description = "There is no such import", body = Problem),
    ))]
pub async fn remove_import(
    caller: Caller,
    path: Path<(String, String)>,
    state: State,
) -> Result<HttpResponse, WebError> {
    caller.require(Right::Configure)?;
    let (slug, id) = path.into_inner();
    let schedule = named(&state.directory(), &slug)?;
    let id: ImportId = id.parse().map_err(|_| WebError::not_found("import"))?;
    import::remove_import(state.store(), &caller.ctx, schedule.id, id).await?;
    Ok(HttpResponse::NoContent().finish())
}

/// What a person is told of their shifts, and when the morning digest comes.
#[derive(Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ShiftReminders {
    /// Seconds before each shift, at most five: from 300 to 1,209,600. Empty: no reminder.
    #[schema(value_type = Vec<i64>)]
    leads: Vec<Span>,
    /// Whether the person hears when a shift begins or ends.
    hand_off: bool,
    /// When the digest of open incidents of low urgency comes, on the person's own clock, such as
    /// `09:00`, or `off`. Where it is not set, it stays as it is.
    #[schema(value_type = Option<String>, example = "09:00")]
    #[serde(default)]
    digest: Option<String>,
}

impl From<Wish> for ShiftReminders {
    fn from(wish: Wish) -> Self {
        ShiftReminders {
            leads: wish.leads,
            hand_off: wish.hand_off,
            digest: Some(DigestTime(wish.digest).to_string()),
        }
    }
}

fn user_id(id: &str) -> Result<UserId, WebError> {
    id.parse().map_err(|_| WebError::not_found("person"))
}

/// What a person is told of shifts, and the morning digest
#[utoipa::path(get, path = "/api/v1/users/{id}/reminders", operation_id = "get_reminders",
    tag = "on-call", params(("id" = i64, Path, description = "Id of the person")),
    responses(
        (status = 200, description = "The reminders", body = ShiftReminders),
        (status = 401, description = "No valid token", body = Problem),
        (status = 404, description = "There is no such person", body = Problem),
    ))]
pub async fn reminders(
    caller: Caller,
    id: Path<String>,
    state: State,
) -> Result<HttpResponse, WebError> {
    let wish = reminder::reminders(state.store(), &caller.ctx, user_id(&id)?)?;
    Ok(HttpResponse::Ok().json(ShiftReminders::from(wish)))
}

/// Set what a person is told of shifts, and the morning digest
#[utoipa::path(put, path = "/api/v1/users/{id}/reminders", operation_id = "set_reminders",
    tag = "on-call", request_body = ShiftReminders,
    params(("id" = i64, Path, description = "Id of the person")),
    responses(
        (status = 200, description = "The reminders", body = ShiftReminders),
        (status = 400, description = "The body is not JSON", body = Problem),
        (status = 401, description = "No valid token", body = Problem),
        (status = 403, description = "Those of others are the administrators'", body = Problem),
        (status = 404, description = "There is no such person", body = Problem),
        (status = 422, description = "A field is not right", body = Problem),
    ))]
pub async fn set_reminders(
    caller: Caller,
    id: Path<String>,
    state: State,
    body: Body<ShiftReminders>,
) -> Result<HttpResponse, WebError> {
    let user = user_id(&id)?;
    let digest = match &body.0.digest {
        Some(text) => text
            .parse::<DigestTime>()
            .map(|time| time.0)
            .map_err(|error| engine::Error::invalid("digest", error.to_string()))?,
        None => reminder::reminders(state.store(), &caller.ctx, user)?.digest,
    };
    let wish = Wish {
        leads: body.0.leads,
        hand_off: body.0.hand_off,
        digest,
    };
    reminder::set_reminders(state.store(), &caller.ctx, user, wish).await?;
    let wish = reminder::reminders(state.store(), &caller.ctx, user)?;
    Ok(HttpResponse::Ok().json(ShiftReminders::from(wish)))
}
