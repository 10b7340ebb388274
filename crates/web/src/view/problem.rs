//! Pages that say what went wrong and what to do next.

use super::frame::Frame;
use askama::Template;

/// Any refusal that is not about a field: 400, 403, 404, 405, 409, 413, 429, 500, 503.
#[derive(Clone, Debug, Template)]
#[template(path = "problem.html")]
pub struct ProblemPage {
    pub frame: Frame,
    pub status: u16,
    /// What happened, as a headline.
    pub title: String,
    /// What happened, in a sentence or two.
    pub detail: String,
    /// For the log: shown small.
    pub request_id: Option<String>,
}

impl ProblemPage {
    /// Whoever lacks permission learns nothing, not even existence (promise P6): hidden things use
    /// this page too.
    pub fn not_found(frame: Frame) -> ProblemPage {
        ProblemPage::new(
            frame,
            404,
            "There is no such page",
            "The address may be mistyped, or what it named has been removed.",
        )
    }

    pub fn forbidden(frame: Frame, what: &str) -> ProblemPage {
        ProblemPage::new(
            frame,
            403,
            "Your role does not allow this",
            &format!("{what} Ask an administrator if you need it."),
        )
    }

    pub fn broken(frame: Frame, request_id: &str) -> ProblemPage {
        let mut page = ProblemPage::new(
            frame,
            500,
            "Something failed on our side",
            "Nothing you typed was at fault. Paging goes on. Try again; if it stays, look into the log for the id below.",
        );
        page.request_id = Some(request_id.to_owned());
        page
    }

    pub fn unavailable(frame: Frame) -> ProblemPage {
        ProblemPage::new(
            frame,
            503,
            "The database does not answer",
            "Nothing was changed. Try again in a few seconds; this page does so by itself where script runs.",
        )
    }

    /// The form was kept open too long, or came from elsewhere.
    pub fn stale_form(frame: Frame) -> ProblemPage {
        ProblemPage::new(
            frame,
            403,
            "This form is out of date",
            "It was opened in another session. Go back, reload the page and send it again; a draft of longer texts is kept in your browser.",
        )
    }

    pub fn new(mut frame: Frame, status: u16, title: &str, detail: &str) -> ProblemPage {
        frame.title = title.to_owned();
        ProblemPage {
            frame,
            status,
            title: title.to_owned(),
            detail: detail.to_owned(),
            request_id: None,
        }
    }
}
