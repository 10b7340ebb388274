//! Teams and their members.

use diesel::prelude::*;
use domain::directory::Team;
use domain::{TeamId, Timestamp, UserId};

use crate::db;
use crate::error::Error;
use crate::schema::{team, team_member};
use crate::tx::Tx;

/// Writes a new team with its members.
///
/// # Errors
/// [`Error::Conflict`] when the slug is taken or a member does not exist.
pub fn insert(tx: &mut Tx<'_>, new: &Team, now: Timestamp) -> Result<(), Error> {
    db!(tx.conn, |c| diesel::insert_into(team::table)
        .values((
            team::id.eq(new.id),
            team::slug.eq(&new.slug),
            team::name.eq(&new.name),
            team::description.eq(&new.description),
            team::created_at.eq(now),
        ))
        .execute(c))?;
    replace_members(tx, new.id, &new.members)?;
    tx.configured()
}

/// Writes slug, name, description and members.
///
/// # Errors
/// [`Error::NotFound`] without such a team, [`Error::Conflict`] when the slug is taken.
pub fn update(tx: &mut Tx<'_>, edited: &Team) -> Result<(), Error> {
    let changed = db!(tx.conn, |c| diesel::update(team::table.find(edited.id))
        .set((
            team::slug.eq(&edited.slug),
            team::name.eq(&edited.name),
            team::description.eq(&edited.description),
        ))
        .execute(c))?;
    if changed == 0 {
        return Err(Error::NotFound);
    }
    replace_members(tx, edited.id, &edited.members)?;
    tx.configured()
}

fn replace_members(tx: &mut Tx<'_>, id: TeamId, members: &[UserId]) -> Result<(), Error> {
    db!(tx.conn, |c| diesel::delete(
        team_member::table.filter(team_member::team_id.eq(id))
    )
    .execute(c))?;
    for member in members {
        db!(tx.conn, |c| diesel::insert_into(team_member::table)
            .values((
                team_member::team_id.eq(id),
                team_member::user_id.eq(*member),
            ))
            .execute(c))?;
    }
    Ok(())
}

/// Removes a team; its members stay.
///
/// # Errors
/// [`Error::Conflict`] while a schedule, policy or service belongs to it.
pub fn remove(tx: &mut Tx<'_>, id: TeamId) -> Result<(), Error> {
    let removed = db!(tx.conn, |c| diesel::delete(team::table.find(id)).execute(c))?;
    if removed == 0 {
        return Err(Error::NotFound);
    }
    tx.configured()
}
