//! The outbox as its page lists it.

use diesel::prelude::*;
use domain::UserId;
use domain::word::{NotificationKind, NotificationState};

use crate::conn::Conn;
use crate::db;
use crate::error::Error;
use crate::notification::Notification;
use crate::schema::notification;

/// Which messages the list shows.
#[derive(Clone, Debug, Default)]
pub struct Filter {
    pub state: Option<NotificationState>,
    pub kind: Option<NotificationKind>,
    /// Each word must stand in the address or the subject, or name the person.
    pub words: Vec<Word>,
}

/// A word that is looked for, and the people whose names have it.
#[derive(Clone, Debug)]
pub struct Word {
    pub text: String,
    pub people: Vec<UserId>,
}

macro_rules! narrow {
    ($query:ident, $filter:ident) => {
        if let Some(state) = $filter.state {
            $query = $query.filter(notification::state.eq(state));
        }
        if let Some(kind) = $filter.kind {
            $query = $query.filter(notification::kind.eq(kind));
        }
        for word in &$filter.words {
            let text = word.text.to_lowercase();
            let pattern = format!(
                "%{}%",
                text.replace('\\', "\\\\")
                    .replace('%', "\\%")
                    .replace('_', "\\_")
            );
            $query = $query.filter(
                lower(notification::address)
                    .like(pattern.clone())
                    .escape('\\')
                    .or(lower(notification::subject).like(pattern).escape('\\'))
                    .or(notification::user_id.is_not_null().and(
                        notification::user_id
                            .assume_not_null()
                            .eq_any(word.people.clone()),
                    )),
            );
        }
    };
}

diesel::define_sql_function! {
    fn lower(text: diesel::sql_types::Text) -> diesel::sql_types::Text;
}

/// A part of the list, newest first.
///
/// # Errors
/// Those of the read.
pub fn list(
    conn: &mut Conn,
    filter: &Filter,
    offset: i64,
    limit: i64,
) -> Result<Vec<Notification>, Error> {
    use notification as t;
    db!(conn, |c| {
        let mut query = t::table.select(Notification::as_select()).into_boxed();
        narrow!(query, filter);
        query
            .order((t::created_at.desc(), t::id.desc()))
            .offset(offset)
            .limit(limit)
            .load(c)
    })
}
