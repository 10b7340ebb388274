//! Command of an incident: claim, release, hand-over (INCIDENTS.md §2.2). The rules are in
//! [`domain::command`]; here the incident is locked, they are asked, and what they say is written.

mod brief;
mod scene;

use domain::command::{self, Offer, Proposal, RoleState};
use domain::incident::Actor;
use domain::lifecycle;
use domain::word::{CommandRole, PageCause, Phase};
use domain::{HandoverId, IncidentId, Timestamp, UserId};
use store::command::{Handover, RoleHolding};
use store::{Conn, Store, Tx};

use crate::access::{Right, allows, require};
use crate::{Error, OpContext};

pub use brief::brief;

use scene::{Scene, state, taken};

/// One role of an incident as people see it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RoleView {
    pub role: CommandRole,
    pub holder: Option<UserId>,
    pub since: Option<Timestamp>,
    /// A hand-over that waits for its answer.
    pub proposal: Option<Proposal>,
}

/// Takes a role: an empty one, or one that somebody holds, with a reason, which tells everybody.
///
/// # Errors
/// [`Error::Refused`] when somebody holds it and no reason is given, or the rules say no;
/// [`Error::NotFound`].
pub async fn claim(
    store: &Store,
    ctx: &OpContext,
    number: i64,
    role: CommandRole,
    override_reason: Option<String>,
) -> Result<(), Error> {
    require(ctx, Right::Respond)?;
    let user = ctx.person()?;
    let ctx = *ctx;
    let done = store
        .write(move |tx| {
            let scene = Scene::of_number(tx, number)?;
            let (state, held) = (scene.state(role), scene.others_of(user, role));
            let reason = override_reason.as_deref();
            let phase = scene.incident.phase;
            let effects = command::claim(role, &state, phase, &held, user, reason, ctx.now)
                .map_err(|error| scene.refusal(error))?;
            scene.carry_out(tx, role, effects, ctx.actor, ctx.now)
        })
        .await;
    match done {
        // The index of the database has the last word: one holder.
        Err(Error::Store(store::Error::Conflict { .. })) => {
            let holdings = store
                .read(move |conn| {
                    let incident = store::incident::by_number(conn, number)?;
                    Ok::<_, Error>(store::command::live_holdings(conn, incident.id)?)
                })
                .await?;
            let directory = store.directory();
            let holder = holdings.iter().find(|holding| holding.role == role);
            let name = holder.map_or("somebody", |held| directory.user_name(held.user_id));
            Err(taken(role, name))
        }
        done => done,
    }
}

/// The holder leaves a role.
///
/// # Errors
/// [`Error::Refused`] when the incident would be left without a commander; [`Error::NotFound`].
pub async fn release(
    store: &Store,
    ctx: &OpContext,
    number: i64,
    role: CommandRole,
) -> Result<(), Error> {
    require(ctx, Right::Respond)?;
    let user = ctx.person()?;
    let ctx = *ctx;
    store
        .write(move |tx| {
            let scene = Scene::of_number(tx, number)?;
            let state = scene.state(role);
            let paging = successor_paged(tx, scene.incident.id, &state, ctx.now)?;
            let phase = scene.incident.phase;
            let effects = command::release(role, &state, phase, paging, user, ctx.now)
                .map_err(|error| scene.refusal(error))?;
            scene.carry_out(tx, role, effects, ctx.actor, ctx.now)
        })
        .await
}

/// Whether somebody else was paged by name for as long as an offer would wait: the page that
/// looks for a successor.
fn successor_paged(
    tx: &mut Tx<'_>,
    incident: IncidentId,
    state: &RoleState,
    now: Timestamp,
) -> Result<bool, Error> {
    let Some(holding) = state.holder else {
        return Ok(false);
    };
    let since = holding.since.max(now - command::PROPOSAL_LASTS);
    Ok(store::escalation::pages(tx, incident)?.iter().any(|page| {
        page.cause == PageCause::Adhoc && page.user_id != holding.user && page.created_at >= since
    }))
}

/// Offers a role to somebody else, who is told; returns the offer's id. Until it is accepted
/// nothing changes hands.
///
/// # Errors
/// [`Error::Invalid`] when the person cannot work incidents, [`Error::Refused`],
/// [`Error::NotFound`].
pub async fn propose_handover(
    store: &Store,
    ctx: &OpContext,
    number: i64,
    role: CommandRole,
    to: UserId,
    brief: String,
) -> Result<HandoverId, Error> {
    require(ctx, Right::Respond)?;
    let from = ctx.person()?;
    let ctx = *ctx;
    store
        .write(move |tx| {
            let scene = Scene::of_number(tx, number)?;
            let successor = scene.directory.user(to).filter(|user| !user.disabled);
            if !successor.is_some_and(|user| allows(user.role, Right::Respond)) {
                let message = "choose a person who may work incidents";
                return Err(Error::invalid("to", message));
            }
            let id = tx.id(HandoverId)?;
            let (state, to_holds) = (scene.state(role), scene.others_of(to, role));
            let offer = Offer {
                id,
                to,
                to_holds: &to_holds,
                brief: brief.trim(),
            };
            let phase = scene.incident.phase;
            let effects = command::propose(role, &state, phase, from, &offer, ctx.now)
                .map_err(|error| scene.refusal(error))?;
            scene.carry_out(tx, role, effects, ctx.actor, ctx.now)?;
            Ok(id)
        })
        .await
}

/// The person asked takes over.
///
/// # Errors
/// [`Error::Refused`] when the offer is not theirs, was answered or has lapsed;
/// [`Error::NotFound`].
pub async fn accept(store: &Store, ctx: &OpContext, id: HandoverId) -> Result<(), Error> {
    require(ctx, Right::Respond)?;
    let user = ctx.person()?;
    let ctx = *ctx;
    store
        .write(move |tx| {
            let (scene, role) = Scene::of_handover(tx, id)?;
            let (state, held) = (scene.state_for(role, id)?, scene.others_of(user, role));
            let effects = command::accept(role, &state, &held, user, ctx.now)
                .map_err(|error| scene.refusal(error))?;
            scene.carry_out(tx, role, effects, ctx.actor, ctx.now)
        })
        .await
}

/// The person asked says no.
///
/// # Errors
/// As [`accept`].
pub async fn decline(store: &Store, ctx: &OpContext, id: HandoverId) -> Result<(), Error> {
    require(ctx, Right::Respond)?;
    let user = ctx.person()?;
    let ctx = *ctx;
    store
        .write(move |tx| {
            let (scene, role) = Scene::of_handover(tx, id)?;
            let state = scene.state_for(role, id)?;
            let effects = command::decline(role, &state, user, ctx.now)
                .map_err(|error| scene.refusal(error))?;
            scene.carry_out(tx, role, effects, ctx.actor, ctx.now)
        })
        .await
}

/// The timer of an offer is due; nothing happens when it was answered meanwhile.
///
/// # Errors
/// Those of the reads and writes.
pub fn expire(tx: &mut Tx<'_>, id: HandoverId, now: Timestamp) -> Result<(), Error> {
    let (scene, role) = match Scene::of_handover(tx, id) {
        Err(Error::NotFound(_)) => return Ok(()),
        found => found?,
    };
    let effects = command::expire(role, &scene.state(role), id, now);
    scene.carry_out(tx, role, effects, Actor::SYSTEM, now)
}

/// The incident is over: its roles end with it. The caller holds the incident's lock.
///
/// # Errors
/// Those of the reads and writes.
pub fn end_all(tx: &mut Tx<'_>, incident: IncidentId, now: Timestamp) -> Result<(), Error> {
    let incident = store::incident::fetch(tx, incident)?;
    for &role in CommandRole::ALL {
        let scene = Scene::of(tx, incident.clone())?;
        let effects = command::end(role, &scene.state(role), now);
        scene.carry_out(tx, role, effects, Actor::SYSTEM, now)?;
    }
    Ok(())
}

/// The roles of an incident, held or not, in the order of [`CommandRole::ALL`].
///
/// # Errors
/// Those of the reads.
pub fn roles(conn: &mut Conn, incident: IncidentId) -> Result<Vec<RoleView>, Error> {
    let holdings = store::command::live_holdings(conn, incident)?;
    let handovers = store::command::open_handovers(conn, incident)?;
    Ok(CommandRole::ALL
        .iter()
        .map(|&role| {
            let state = state(&holdings, &handovers, role);
            RoleView {
                role,
                holder: state.holder.map(|holding| holding.user),
                since: state.holder.map(|holding| holding.since),
                proposal: state.proposal,
            }
        })
        .collect())
}

/// [`roles`] of the incident with this number.
///
/// # Errors
/// [`Error::NotFound`], [`Error::Forbidden`].
pub async fn view(store: &Store, ctx: &OpContext, number: i64) -> Result<Vec<RoleView>, Error> {
    require(ctx, Right::Read)?;
    store
        .read(move |conn| {
            let id = store::incident::by_number(conn, number)
                .map_err(no_incident)?
                .id;
            roles(conn, id)
        })
        .await
}

/// Every holding of the incident's roles, past ones too, in the order in which they began.
///
/// # Errors
/// As [`view`].
pub async fn history(
    store: &Store,
    ctx: &OpContext,
    number: i64,
) -> Result<Vec<RoleHolding>, Error> {
    require(ctx, Right::Read)?;
    store
        .read(move |conn| {
            let id = store::incident::by_number(conn, number)
                .map_err(no_incident)?
                .id;
            Ok(store::command::holdings(conn, id)?)
        })
        .await
}

/// Hand-overs that wait for the answer of the person who asks, in whichever incidents.
///
/// # Errors
/// [`Error::Forbidden`]; [`Error::Refused`] for tokens.
pub async fn offers(store: &Store, ctx: &OpContext) -> Result<Vec<Handover>, Error> {
    require(ctx, Right::Read)?;
    let (user, now) = (ctx.person()?, ctx.now);
    store
        .read(move |conn| {
            let mut offers = store::command::handovers_to(conn, user)?;
            // The timer that closes a lapsed one may be late.
            offers.retain(|offer| now < offer.expires_at);
            Ok(offers)
        })
        .await
}

/// The phases in which roles can be taken: what pages offer.
pub fn can_be_claimed(phase: Phase) -> bool {
    lifecycle::is_open(phase) || phase == Phase::Resolved
}

pub(crate) fn no_incident(error: store::Error) -> Error {
    match error {
        store::Error::NotFound => Error::NotFound("incident"),
        other => other.into(),
    }
}
