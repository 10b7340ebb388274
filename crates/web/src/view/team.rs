//! Teams: who belongs together and what they own.

use super::form::Form;
use super::frame::{Choice, Frame, Link, Person};
use askama::Template;

/// `GET /teams`.
#[derive(Clone, Debug, Template)]
#[template(path = "team/list.html")]
pub struct TeamListPage {
    pub frame: Frame,
    pub rows: Vec<TeamRow>,
    /// Form of a new team: `name`.
    pub form: Form,
}

#[derive(Clone, Debug)]
pub struct TeamRow {
    pub name: String,
    pub slug: String,
    pub members: Vec<Person>,
}

/// `GET /teams/{slug}`. Form: `name`, `member` (user ids, repeated).
#[derive(Clone, Debug, Template)]
#[template(path = "team/page.html")]
pub struct TeamPage {
    pub frame: Frame,
    pub team: TeamRow,
    pub services: Vec<Link>,
    pub schedules: Vec<Link>,
    pub policies: Vec<Link>,
    pub form: Form,
    /// Everybody, by id.
    pub people: Vec<Choice>,
}
