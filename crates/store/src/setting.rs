//! Settings of the installation.

use diesel::prelude::*;
use domain::directory::Settings;

use crate::conn::Conn;
use crate::db;
use crate::directory::SETTINGS_KEY;
use crate::error::{Error, to_json};
use crate::schema::setting;
use crate::tx::Tx;

/// Writes the settings that people edit.
///
/// # Errors
/// Those of the write.
pub fn put_settings(tx: &mut Tx<'_>, settings: &Settings) -> Result<(), Error> {
    let value = to_json("settings", settings)?;
    put(tx, SETTINGS_KEY, &value)?;
    tx.configured()
}

/// One value by key; for what the installation remembers about itself.
///
/// # Errors
/// Those of the read.
pub fn get(conn: &mut Conn, key: &str) -> Result<Option<String>, Error> {
    db!(conn, |c| setting::table
        .find(key)
        .select(setting::value)
        .first(c)
        .optional())
}

/// Writes one value.
///
/// # Errors
/// Those of the write.
pub fn put(tx: &mut Tx<'_>, key: &str, value: &str) -> Result<(), Error> {
    db!(tx.conn, |c| diesel::insert_into(setting::table)
        .values((setting::key.eq(key), setting::value.eq(value)))
        .on_conflict(setting::key)
        .do_update()
        .set(setting::value.eq(value))
        .execute(c))
    .map(drop)
}

/// Writes one value unless there is one, and returns what is stored: two nodes that make up a
/// secret at the same time end up with the same one.
///
/// # Errors
/// Those of the writes.
pub fn get_or_put(tx: &mut Tx<'_>, key: &str, value: &str) -> Result<String, Error> {
    db!(tx.conn, |c| diesel::insert_into(setting::table)
        .values((setting::key.eq(key), setting::value.eq(value)))
        .on_conflict(setting::key)
        .do_nothing()
        .execute(c))?;
    get(tx.conn, key).map(|stored| stored.unwrap_or_else(|| value.to_owned()))
}
