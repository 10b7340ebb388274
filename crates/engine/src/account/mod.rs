//! Accounts: passwords, sessions, API tokens, the first administrator, proof of contact methods.

pub mod password;
pub mod secret;
pub mod session;
pub mod setup;
pub mod sign_in;
pub mod token;
pub mod verification;

pub use session::{CurrentSession, NewSession, session, sign_out, start_session};
pub use setup::{SetUp, setup, setup_needed};
pub use sign_in::{SignIn, sign_in};
pub use token::{NewToken, authenticate, create_token, revoke_token, tokens};
pub use verification::{confirm_code, request_code};
