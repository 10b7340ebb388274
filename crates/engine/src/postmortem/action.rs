//! Action items (INCIDENTS.md §5.3). They outlive the postmortem's publication: their status can
//! change when the document no longer does.

use domain::postmortem::action::{ActionError, default_due};
use domain::word::{ActionPriority, ActionStatus, ActionType};
use domain::{ActionItemId, TeamId, UserId};
use jiff::civil::Date;
use jiff::tz::TimeZone;
use store::postmortem::ActionItem;
use store::{Change, Store, Tx};

use super::edit::Held;
use super::facts::{self, Facts};
use crate::access::{Right, require};
use crate::{Error, OpContext};

/// Who does it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ActionOwner {
    User(UserId),
    Team(TeamId),
}

/// What people say of an action.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ActionInput {
    /// Begins with a verb.
    pub title: String,
    pub kind: ActionType,
    pub priority: ActionPriority,
    pub owner: Option<ActionOwner>,
    pub due: Option<Date>,
    /// Link into the tracker.
    pub tracker: Option<String>,
    /// How one sees that it is done.
    pub done_test: Option<String>,
}

/// Writes an action down, as `AI-n`. Without a due date it gets the one that the severity and the
/// priority ask for.
///
/// # Errors
/// [`Error::Invalid`], [`Error::Refused`] when the postmortem is read-only, [`Error::NotFound`].
pub async fn add_action(
    store: &Store,
    ctx: &OpContext,
    number: i64,
    input: ActionInput,
) -> Result<ActionItem, Error> {
    require(ctx, Right::Respond)?;
    let author = ctx.person()?;
    let ctx = *ctx;
    store
        .write(move |tx| {
            let mut held = Held::of_number(tx, number)?;
            let today = ctx.now.in_zone(&TimeZone::UTC).date();
            let due = input
                .due
                .or_else(|| default_due(held.incident.severity, input.priority, today));
            let mut item = ActionItem {
                id: tx.id(ActionItemId)?,
                number: 0,
                incident_id: held.incident.id,
                title: String::new(),
                kind: input.kind,
                priority: input.priority,
                owner_user_id: None,
                owner_team_id: None,
                due_on: None,
                tracker: None,
                status: ActionStatus::Open,
                done_test: None,
                reason: None,
                created_by: Some(author),
                created_at: ctx.now,
                updated_at: ctx.now,
            };
            fill(
                tx,
                &mut item,
                &ActionInput {
                    due,
                    ..input.clone()
                },
            )?;
            item.number = tx.numbers("action_item", 1)?;
            store::postmortem::insert_action(tx, &item)?;
            raise(tx, &mut held, &ctx)?;
            Ok(item)
        })
        .await
}

/// Rewrites the action with this number (the `17` of `AI-17`); its status stays. Without a due
/// date it has none.
///
/// # Errors
/// As [`add_action`].
pub async fn edit_action(
    store: &Store,
    ctx: &OpContext,
    action: i64,
    input: ActionInput,
) -> Result<ActionItem, Error> {
    require(ctx, Right::Respond)?;
    ctx.person()?;
    let ctx = *ctx;
    store
        .write(move |tx| {
            let (mut held, mut item) = of_number(tx, action)?;
            let before = item.clone();
            item.kind = input.kind;
            item.priority = input.priority;
            fill(tx, &mut item, &input)?;
            if item == before {
                return Ok(item);
            }
            item.updated_at = ctx.now;
            store::postmortem::update_action(tx, &item)?;
            raise(tx, &mut held, &ctx)?;
            Ok(item)
        })
        .await
}

/// Moves an action on; `wont_do` needs a reason. Works for published postmortems, too: the
/// document then keeps what it says.
///
/// # Errors
/// [`Error::Invalid`] without the reason, [`Error::NotFound`].
pub async fn set_action_status(
    store: &Store,
    ctx: &OpContext,
    action: i64,
    status: ActionStatus,
    reason: Option<String>,
) -> Result<ActionItem, Error> {
    require(ctx, Right::Respond)?;
    let by = ctx.person()?;
    let ctx = *ctx;
    store
        .write(move |tx| {
            let (mut held, mut item) = of_number(tx, action)?;
            let before = item.clone();
            item.status = status;
            item.reason = match status {
                ActionStatus::WontDo => filled(reason.as_deref()),
                _ => None,
            };
            if item == before {
                return Ok(item);
            }
            check(tx, &item)?;
            item.updated_at = ctx.now;
            store::postmortem::update_action(tx, &item)?;
            let details = serde_json::json!({
                "from": before.status, "to": item.status, "reason": item.reason,
            });
            let subject = format!("AI-{}", item.number);
            let origin = ctx.actor.origin;
            tx.audit(
                ctx.now,
                Some(by),
                origin,
                "action.status",
                &subject,
                &details,
            )?;
            if held.is_editable(tx, by)? {
                raise(tx, &mut held, &ctx)?;
            }
            tx.changed(Change::Incident(held.incident.id));
            Ok(item)
        })
        .await
}

fn of_number(tx: &mut Tx<'_>, action: i64) -> Result<(Held, ActionItem), Error> {
    let missing = |error| match error {
        store::Error::NotFound => Error::NotFound("action item"),
        other => Error::from(other),
    };
    let incident = store::postmortem::action(tx, action)
        .map_err(missing)?
        .incident_id;
    let number = store::incident::fetch(tx, incident)?.number;
    let held = Held::of_number(tx, number)?;
    // Read again now that nobody else can change it.
    let item = store::postmortem::action(tx, action).map_err(missing)?;
    Ok((held, item))
}

/// The document shows its actions: it changes with them.
fn raise(tx: &mut Tx<'_>, held: &mut Held, ctx: &OpContext) -> Result<(), Error> {
    let directory = tx.directory()?;
    let mut fresh = Facts::read(tx, held.incident.id)?;
    fresh.actions = facts::actions(tx, &directory, held.incident.id)?;
    held.raise_facts(tx, ctx, "action", &fresh)
}

fn filled(text: Option<&str>) -> Option<String> {
    text.map(str::trim)
        .filter(|text| !text.is_empty())
        .map(str::to_owned)
}

fn fill(tx: &mut Tx<'_>, item: &mut ActionItem, input: &ActionInput) -> Result<(), Error> {
    let directory = tx.directory()?;
    item.title = input.title.split_whitespace().collect::<Vec<_>>().join(" ");
    (item.owner_user_id, item.owner_team_id) = match input.owner {
        Some(ActionOwner::User(user)) => (Some(user), None),
        Some(ActionOwner::Team(team)) => (None, Some(team)),
        None => (None, None),
    };
    let no_user = item
        .owner_user_id
        .is_some_and(|user| directory.user(user).is_none());
    let no_team = item
        .owner_team_id
        .is_some_and(|team| directory.team(team).is_none());
    if no_user || no_team {
        return Err(Error::invalid("owner", "there is no such person or team"));
    }
    item.due_on = input.due.map(|date| date.to_string());
    item.tracker = filled(input.tracker.as_deref());
    item.done_test = filled(input.done_test.as_deref());
    check(tx, item)
}

fn check(tx: &mut Tx<'_>, item: &ActionItem) -> Result<(), Error> {
    let directory = tx.directory()?;
    facts::to_action(&directory, item)
        .validate()
        .map_err(|error| {
            let field = match &error {
                ActionError::NoTitle | ActionError::TitleTooLong => "title",
                ActionError::OwnerNeeded(_) => "owner",
                ActionError::BadTracker | ActionError::TooLong("tracker") => "tracker",
                ActionError::TooLong("test") => "done_test",
                ActionError::TooLong(_) | ActionError::ReasonNeeded => "reason",
            };
            Error::invalid(field, error.to_string())
        })
}
