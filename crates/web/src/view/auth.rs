//! First-run set-up and sign-in.

use super::form::Form;
use super::frame::{Choice, Frame};

/// `GET /setup`, only while there is no account. Fields: `name`, `email`, `password`, `zone`.
#[derive(Clone, Debug)]
pub struct SetupPage {
    pub frame: Frame,
    pub form: Form,
    /// IANA zones.
    pub zones: Vec<Choice>,
    /// Shortest password accepted, in characters.
    pub password_min: usize,
}

/// `GET /sign-in`. Fields: `email`, `password`, `next`.
#[derive(Clone, Debug)]
pub struct SignInPage {
    pub frame: Frame,
    pub form: Form,
    /// With `--demo`: the documented account, shown to copy.
    pub demo_account: Option<(String, String)>,
}
