//! Swap and cover requests: shifts that somebody offers, and whoever takes them.

use askama::Template;
use domain::schedule::SwapState;
use domain::{SwapId, Timestamp};

use super::badge::icon;
use super::form::Form;
use super::frame::{Choice, Frame, Markup, Person};

/// `GET /on-call/swaps`.
#[derive(Clone, Debug, Template)]
#[template(path = "on_call/swaps.html")]
pub struct SwapsPage {
    pub frame: Frame,
    /// Open ones that the viewer may take, soonest first.
    pub offered: Vec<SwapRow>,
    /// The viewer's own open ones.
    pub mine: Vec<SwapRow>,
    /// Open ones between others, and what has been closed lately; newest first.
    pub others: Vec<SwapRow>,
}

/// `GET /on-call/swaps/new?schedule=&start=&end=`, and its post when it is refused.
#[derive(Clone, Debug, Template)]
#[template(path = "on_call/swap_form.html")]
pub struct SwapFormPage {
    pub frame: Frame,
    pub name: String,
    pub slug: String,
    /// `start`, `end`, `offered_to` (user id or empty), `exchange_start`, `exchange_end` (empty:
    /// nothing in exchange), `note`; local times are in the viewer's zone.
    pub form: Form,
    /// By id.
    pub people: Vec<Choice>,
}

#[derive(Clone, Debug)]
pub struct SwapRow {
    pub id: SwapId,
    pub schedule: String,
    pub slug: String,
    pub giver: Person,
    /// The stretches of the giver's duty in it.
    pub held: Vec<(Timestamp, Timestamp)>,
    /// `None`: to anybody.
    pub offered_to: Option<Person>,
    /// The giver takes the taker's duty in this span.
    pub exchange: Option<(Timestamp, Timestamp)>,
    pub note: String,
    pub state: SwapState,
    pub taken_by: Option<Person>,
    pub closed_at: Option<Timestamp>,
    pub can_take: bool,
    pub can_decline: bool,
    pub can_withdraw: bool,
}

impl SwapRow {
    /// A form's address: `/on-call/swaps/7/take`.
    fn url(&self, verb: &str) -> String {
        format!("/on-call/swaps/{}/{verb}", self.id)
    }

    fn state_badge(&self) -> Markup {
        let (tone, picture, word) = match self.state {
            SwapState::Offered => ("tone-held", "refresh", "Offered"),
            SwapState::Taken => ("tone-fine", "circle-check", "Taken"),
            SwapState::Withdrawn => ("tone-off", "corner-up-left", "Withdrawn"),
            SwapState::Declined => ("tone-off", "x", "Declined"),
        };
        Markup(format!(
            "<span class=\"state {tone}\">{}{word}</span>",
            icon(picture)
        ))
    }
}
