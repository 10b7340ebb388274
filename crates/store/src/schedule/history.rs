//! Who made the versions of a schedule, and when.

use diesel::prelude::*;
use domain::{ScheduleId, Timestamp, UserId};

use crate::conn::Conn;
use crate::db;
use crate::error::Error;
use crate::schema::schedule_version as t;

/// One version of a schedule, without what it says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct VersionInfo {
    pub version: i64,
    pub effective_from: Timestamp,
    /// `None` when the configuration file, a token or the command line made it.
    pub created_by: Option<UserId>,
    pub created_at: Timestamp,
}

/// All versions, newest first.
///
/// # Errors
/// Those of the read.
pub fn versions(conn: &mut Conn, schedule: ScheduleId) -> Result<Vec<VersionInfo>, Error> {
    let rows: Vec<(i64, Timestamp, Option<UserId>, Timestamp)> = db!(conn, |c| t::table
        .filter(t::schedule_id.eq(schedule))
        .select((t::version, t::effective_from, t::created_by, t::created_at))
        .order(t::version.desc())
        .load(c))?;
    let info = |(version, effective_from, created_by, created_at)| VersionInfo {
        version,
        effective_from,
        created_by,
        created_at,
    };
    Ok(rows.into_iter().map(info).collect())
}
