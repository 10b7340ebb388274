//! Postmortems: sections as Markdown, key moments, action items, status.

use askama::Template;
use domain::word::{
    ActionPriority, ActionStatus, ActionType, IncidentSeverity, KeyMoment, PostmortemStatus,
};
use domain::{ActionItemId, Span, Timestamp, UserId};

use super::form::Form;
use super::frame::{Choice, Frame, Markup, Pager, Person};
use super::incident::Entry;
use crate::picture::Swimlane;

/// `GET /postmortems?q=&status=&page=`.
#[derive(Clone, Debug, Template)]
#[template(path = "postmortem/list.html")]
pub struct PostmortemListPage {
    pub frame: Frame,
    pub rows: Vec<PostmortemRow>,
    pub q: String,
    pub status: Option<PostmortemStatus>,
    pub pager: Pager,
}

#[derive(Clone, Debug)]
pub struct PostmortemRow {
    /// The incident's number.
    pub number: i64,
    pub title: String,
    pub status: PostmortemStatus,
    pub severity: Option<IncidentSeverity>,
    pub owner: Option<String>,
    pub updated_at: Timestamp,
    pub actions_open: u32,
    pub actions: u32,
}

/// `GET /postmortems/{number}?edit={section slug}`.
#[derive(Clone, Debug, Template)]
#[template(path = "postmortem/page.html")]
pub struct PostmortemPage {
    pub frame: Frame,
    pub number: i64,
    pub title: String,
    pub status: PostmortemStatus,
    /// The statuses it may go to.
    pub next_statuses: Vec<PostmortemStatus>,
    pub severity: Option<IncidentSeverity>,
    pub revision: i64,
    pub updated_at: Timestamp,
    pub owner: Option<Person>,
    /// `user id` options of owner and action items; values are ids.
    pub people: Vec<Choice>,
    pub sections: Vec<Section>,
    /// The section being edited.
    pub editing: Option<Editing>,
    pub moments: Vec<MomentRow>,
    pub durations: Vec<Duration>,
    pub swimlane: Option<Swimlane>,
    /// Oldest first.
    pub timeline: Vec<Entry>,
    pub actions: Vec<ActionRow>,
    /// What was typed when a form was refused; `form.get("form")` names it: `action`, `moment`,
    /// `status`, `owner`.
    pub form: Form,
    pub can_edit: bool,
}

/// One section in the order of the template (INCIDENTS.md §5.1).
#[derive(Clone, Debug)]
pub struct Section {
    pub slug: String,
    pub title: String,
    /// What to write here.
    pub prompt: String,
    /// Rendered Markdown; empty when nothing is written yet.
    pub html: Markup,
    pub required: bool,
}

impl Section {
    pub fn is_empty(&self) -> bool {
        self.html.0.trim().is_empty()
    }
}

/// An editor: posts `body`, `revision`, `do` (`save`, `preview`).
#[derive(Clone, Debug)]
pub struct Editing {
    pub slug: String,
    pub body: String,
    /// The section's revision that was read; a save against a newer one is a conflict.
    pub revision: i64,
    pub preview: Option<Markup>,
    /// Somebody saved meanwhile: who, and their text.
    pub conflict: Option<(String, String)>,
    pub error: String,
}

#[derive(Clone, Debug)]
pub struct MomentRow {
    pub moment: KeyMoment,
    /// For people: `Impact started`.
    pub label: String,
    pub at: Option<Timestamp>,
    /// `from the timeline`, `set by Ana`.
    pub source: String,
    pub overridden: bool,
    /// E.g. `before detection`.
    pub warning: Option<String>,
}

/// `TTD`, `time to detect`, how long.
#[derive(Clone, Debug)]
pub struct Duration {
    pub name: String,
    pub meaning: String,
    /// `None` when a moment is missing or the order makes no sense.
    pub length: Option<Span>,
}

#[derive(Clone, Debug)]
pub struct ActionRow {
    pub id: ActionItemId,
    /// `AI-17`.
    pub name: String,
    pub title: String,
    pub kind: ActionType,
    pub priority: ActionPriority,
    pub status: ActionStatus,
    pub owner: Option<Person>,
    pub owner_id: Option<UserId>,
    /// `2026-04-13`.
    pub due: Option<String>,
    pub overdue: bool,
    pub tracker: Option<String>,
}

impl PostmortemListPage {
    fn statuses(&self) -> &'static [PostmortemStatus] {
        PostmortemStatus::ALL
    }
}

impl PostmortemRow {
    fn name(&self) -> String {
        super::incident::incident_name(self.number)
    }
}

impl PostmortemPage {
    fn incident_name(&self) -> String {
        super::incident::incident_name(self.number)
    }

    fn is_editing(&self, slug: &str) -> bool {
        self.can_edit
            && self
                .editing
                .as_ref()
                .is_some_and(|editing| editing.slug == slug)
    }

    fn owns(&self, id: &str) -> bool {
        self.owner
            .as_ref()
            .is_some_and(|owner| owner.id.to_string() == id)
    }
}
