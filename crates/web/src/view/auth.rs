//! First-run set-up and sign-in.

use super::form::Form;
use super::frame::{Choice, Frame};
use askama::Template;

/// `GET /setup`, only while there is no account. Fields: `name`, `email`, `password`, `zone`.
#[derive(Clone, Debug, Template)]
#[template(path = "auth/setup.html")]
pub struct SetupPage {
    pub frame: Frame,
    pub form: Form,
    /// IANA zones.
    pub zones: Vec<Choice>,
    /// Shortest password accepted, in characters.
    pub password_min: usize,
}

/// `GET /sign-in`. Fields: `email`, `password`, `next`.
#[derive(Clone, Debug, Template)]
#[template(path = "auth/sign_in.html")]
pub struct SignInPage {
    pub frame: Frame,
    pub form: Form,
    /// With `--demo`: the documented account, shown to copy.
    pub demo_account: Option<(String, String)>,
}

impl SetupPage {
    fn password_hint(&self) -> String {
        format!(
            "At least {} characters; a sentence is good.",
            self.password_min
        )
    }
}
