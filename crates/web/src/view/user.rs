//! People: accounts, their roles and whether they can be reached.

use askama::Template;
use domain::word::AccountRole;
use domain::{Timestamp, UserId};

use super::form::Form;
use super::frame::{Frame, Link};
use super::profile::MethodRow;
use super::schedule::ShiftRow;

/// `GET /users`.
#[derive(Clone, Debug, Template)]
#[template(path = "user/list.html")]
pub struct UserListPage {
    pub frame: Frame,
    pub rows: Vec<UserRow>,
    pub q: String,
}

#[derive(Clone, Debug)]
pub struct UserRow {
    pub id: UserId,
    pub name: String,
    pub email: String,
    pub role: AccountRole,
    pub disabled: bool,
    pub teams: Vec<Link>,
    /// Schedules on call for now.
    pub on_call: Vec<Link>,
    /// `false`: no verified method that works.
    pub reachable: bool,
}

/// `GET /users/{id}`. For admins with the form `name`, `role`, `zone`, `disabled` (`yes`), and the
/// password form `password`.
#[derive(Clone, Debug, Template)]
#[template(path = "user/page.html")]
pub struct UserPage {
    pub frame: Frame,
    pub user: UserRow,
    pub zone: String,
    /// Addresses shortened for whoever may not see them.
    pub methods: Vec<MethodRow>,
    pub shifts: Vec<ShiftRow>,
    pub last_seen: Option<Timestamp>,
    pub form: Form,
    pub zones: Vec<super::frame::Choice>,
}

/// `GET /users/new`, posts to `/users`. Fields: `name`, `email`, `role`, `zone`, `phone` (empty or
/// E.164), `password` (first password, to be changed).
#[derive(Clone, Debug, Template)]
#[template(path = "user/new.html")]
pub struct UserNewPage {
    pub frame: Frame,
    pub form: Form,
    pub zones: Vec<super::frame::Choice>,
}
