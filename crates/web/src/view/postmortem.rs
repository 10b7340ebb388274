//! Postmortems: sections as Markdown, key moments, action items, status.

use askama::Template;
use domain::word::{
    ActionPriority, ActionStatus, ActionType, EntryKind, IncidentSeverity, KeyMoment,
    PostmortemStatus,
};
use domain::{ActionItemId, Span, TimelineEntryId, Timestamp, UserId};

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
    /// In the order of the template; those about timeline and action items stand with them.
    pub sections: Vec<Section>,
    /// The section being edited.
    pub editing: Option<Editing>,
    pub moments: Vec<MomentRow>,
    pub durations: Vec<Duration>,
    pub swimlane: Option<Swimlane>,
    /// Oldest first.
    pub timeline: Vec<Entry>,
    pub actions: Vec<ActionRow>,
    /// The entries to choose from, oldest first, while somebody chooses (`?choose=timeline`).
    pub candidates: Option<Vec<Candidate>>,
    /// The incident says something else by now.
    pub behind: bool,
    /// The action being rewritten (`?action=17`): its number, and its form `edit-17`.
    pub editing_action: Option<i64>,
    /// What was typed when a form was refused; `form.get("form")` names it: `action`, `status`,
    /// `owner`, `timeline`, the word of a key moment, `edit-17` and `AI-17` for an action.
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
    /// What its author may want to look at again (INCIDENTS.md §5.2).
    pub findings: Vec<Finding>,
}

/// A remark of the blameless lint.
#[derive(Clone, Debug)]
pub struct Finding {
    /// `B5`, as a waiver names it.
    pub rule: &'static str,
    /// `line 3`.
    pub place: String,
    /// The words it is about.
    pub text: String,
    /// `hindsight`.
    pub title: String,
    /// What to write instead.
    pub offer: String,
}

/// An entry of the incident's timeline that the document may show.
#[derive(Clone, Debug)]
pub struct Candidate {
    pub id: TimelineEntryId,
    pub kind: EntryKind,
    pub at: Timestamp,
    pub text: String,
    pub chosen: bool,
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
    /// How one sees that it is done.
    pub done_test: Option<String>,
    /// Why it will not be done.
    pub reason: Option<String>,
    /// What would make it a better one.
    pub findings: Vec<String>,
}

impl ActionRow {
    /// The name of its form: what it says.
    fn edit_form(&self) -> String {
        format!("edit-{}", self.id)
    }

    /// What its form shows: as it is, or as it was typed.
    fn values(&self, form: &Form) -> Form {
        let typed = form.only(&self.edit_form());
        if typed.ticked("form") {
            return typed;
        }
        let owner = self.owner_id.map(|id| id.to_string()).unwrap_or_default();
        let optional = |text: &Option<String>| text.clone().unwrap_or_default();
        typed
            .with("title", &self.title)
            .with("type", self.kind)
            .with("priority", self.priority)
            .with("owner", owner)
            .with("due", optional(&self.due))
            .with("tracker", optional(&self.tracker))
            .with("done_test", optional(&self.done_test))
    }
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

    /// A section that stands with what it is about.
    fn is_beside(slug: &str) -> bool {
        matches!(slug, "timeline" | "action_items")
    }

    fn section(&self, slug: &str) -> Option<&Section> {
        self.sections.iter().find(|section| section.slug == slug)
    }

    fn refill_url(&self) -> String {
        format!("/postmortems/{}/refill", self.number)
    }

    fn rewrites(&self, action: &ActionRow) -> bool {
        self.editing_action == Some(action.id.0)
    }

    /// `type` and `priority` as choices.
    fn kinds(&self) -> Vec<Choice> {
        ActionType::ALL
            .iter()
            .map(|kind| Choice::new(kind, kind))
            .collect()
    }

    fn priorities(&self) -> Vec<Choice> {
        ActionPriority::ALL
            .iter()
            .map(|priority| Choice::new(priority, priority))
            .collect()
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
