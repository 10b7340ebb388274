//! How many pages people received.

use diesel::prelude::*;
use domain::word::Urgency;
use domain::{Timestamp, UserId};

use crate::conn::Conn;
use crate::db;
use crate::error::Error;
use crate::schema::page as t;

/// Pages made within `from..until`, by person and urgency. Whoever was not paged is left out.
///
/// # Errors
/// Those of the read.
pub fn pages(
    conn: &mut Conn,
    from: Timestamp,
    until: Timestamp,
) -> Result<Vec<(UserId, Urgency, i64)>, Error> {
    db!(conn, |c| t::table
        .filter(t::created_at.ge(from))
        .filter(t::created_at.lt(until))
        .group_by((t::user_id, t::urgency))
        .select((t::user_id, t::urgency, diesel::dsl::count_star()))
        .order((t::user_id, t::urgency))
        .load(c))
}
