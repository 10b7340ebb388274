//! Deleting what is asked to be confirmed by its name.

use actix_web::HttpResponse;
use engine::Error;

use crate::frame::redirect_with_flash;
use crate::state::AppState;
use crate::view::Form;

/// What is deleted.
pub struct Removal<'a> {
    /// What has to be typed.
    pub confirm: &'a str,
    /// What is said once it is gone, and the page that follows.
    pub told: String,
    pub to: &'a str,
}

/// What came of it.
pub enum Outcome {
    Gone(HttpResponse),
    /// `why` belongs into the form that is shown again.
    Kept(Error),
}

/// Removes it if its name was typed.
pub async fn confirmed(
    state: &AppState,
    typed: &Form,
    what: Removal<'_>,
    remove: impl Future<Output = Result<(), Error>>,
) -> Outcome {
    if typed.get("confirm").trim() != what.confirm {
        let why = format!("nothing was deleted: type {} to confirm it", what.confirm);
        return Outcome::Kept(Error::Refused(why));
    }
    match remove.await {
        Ok(()) => Outcome::Gone(redirect_with_flash(state, what.to, &what.told)),
        Err(error) => Outcome::Kept(error),
    }
}
