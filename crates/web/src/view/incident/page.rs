//! The page of one incident: state and clock, who acts, what I can do now, and what happened.

use askama::Template;
use domain::word::{
    CommandRole, ContactKind, EntryKind, IncidentSeverity, NotificationState, Origin, PagingState,
    Phase, PostmortemStatus, ResponderState, Urgency,
};
use domain::{HandoverId, NotificationId, TimelineEntryId, Timestamp};

use crate::picture::{Ladder, Swimlane};
use crate::view::alert::AlertRow;
use crate::view::change::ChangeRow;
use crate::view::form::Form;
use crate::view::frame::{Choice, ChoiceGroup, Frame, Link, Markup, Pager, Person};

/// `GET /incidents/{number}`.
#[derive(Clone, Debug, Template)]
#[template(path = "incident/page.html")]
pub struct IncidentPage {
    pub frame: Frame,
    pub incident: Incident,
    pub can: IncidentActions,
    /// Steps to escalate to: value is the step's number from 1.
    pub steps: Vec<Choice>,
    /// Values `user:{id}` and `policy:{id}`.
    pub reassign: Vec<ChoiceGroup>,
    /// Shown once the incident is declared.
    pub command: Option<Command>,
    pub people: Vec<PagedPerson>,
    /// Who was asked to help, oldest first.
    pub responders: Vec<AskedPerson>,
    /// Whom the viewer may ask: people `user:{id}`, schedules `schedule:{id}`, teams `team:{id}`;
    /// empty when nobody can be asked.
    pub ask: Vec<ChoiceGroup>,
    /// How the running escalation goes on; `None` when none runs.
    pub ladder: Option<Ladder>,
    pub alerts: Vec<AlertRow>,
    /// All of them, shown or not (PAGING.md §2.5).
    pub alerts_total: u64,
    pub alerts_pager: Pager,
    /// Newest first.
    pub timeline: Vec<Entry>,
    /// Entries older than those shown.
    pub timeline_more: u64,
    pub swimlane: Option<Swimlane>,
    pub postmortem: Option<PostmortemLink>,
    /// What was changed before and since; `None` where it is not asked for.
    pub changes: Option<Changes>,
    /// Holds what was typed when one of the page's forms was refused; `form.get("form")` names it:
    /// `note`, `reassign`, `ask`, `declare`, `phase`, `severity`, `title`, `update`, and of a seat
    /// `handover-{role}`, `claim-{role}`.
    pub form: Form,
    /// The status update as it would look (`do=preview` without script).
    pub preview: Option<Markup>,
}

/// Changes beside the incident, newest first.
#[derive(Clone, Debug)]
pub struct Changes {
    /// Of its service.
    pub own: Vec<ChangeRow>,
    /// Of other services, or of none.
    pub elsewhere: Vec<ChangeRow>,
}

impl IncidentPage {
    /// What the live parts of the page must be asked with, so that they show the same alerts.
    fn alerts_query(&self) -> String {
        match self.frame.here.split_once('?') {
            Some((_, query)) => format!("?{query}"),
            None => String::new(),
        }
    }
}

/// The answer of `GET /incidents/{number}/timeline?after={entry id}`: entries newer than `after`
/// as `<li>`s, and the page's other live regions to be swapped in place (`hx-swap-oob`).
#[derive(Clone, Debug, Template)]
#[template(path = "incident/live.html")]
pub struct IncidentLive {
    /// The page as it would be now, with `timeline` cut to the entries newer than `after`.
    pub page: IncidentPage,
}

#[derive(Clone, Debug)]
pub struct Incident {
    pub number: i64,
    pub title: String,
    pub service: Option<Link>,
    pub policy: Option<Link>,
    pub paging: PagingState,
    pub phase: Phase,
    pub severity: Option<IncidentSeverity>,
    pub urgency: Urgency,
    pub opened_at: Timestamp,
    pub declared_at: Option<Timestamp>,
    pub declared_by: Option<Person>,
    pub acknowledged_at: Option<Timestamp>,
    pub acknowledged_by: Vec<Person>,
    pub snoozed_until: Option<Timestamp>,
    pub resolved_at: Option<Timestamp>,
    /// A person's name, or `the monitor`.
    pub resolved_by: Option<String>,
    /// When the acknowledgement lapses (PAGING.md §4.7).
    pub ack_timeout_at: Option<Timestamp>,
    /// What the running escalation does next.
    pub next_step: Option<NextStep>,
    /// It collects what would be many incidents (PAGING.md §2.4).
    pub is_storm: bool,
    /// Why paging rests, and until when.
    pub resting: Option<Resting>,
    /// What everybody must know, e.g. that no step of the policy reached anybody.
    pub warnings: Vec<String>,
}

/// Paging rests while all its alerts are held back (PAGING.md §3.3).
#[derive(Clone, Debug)]
pub struct Resting {
    pub until: Timestamp,
    /// `the maintenance window “Kernel updates”`.
    pub why: String,
}

impl Incident {
    /// `INC-0042`.
    pub fn name(&self) -> String {
        super::incident_name(self.number)
    }

    /// `/incidents/42`.
    pub fn url(&self) -> String {
        format!("/incidents/{}", self.number)
    }

    fn acknowledgers(&self) -> String {
        match self.acknowledged_by.as_slice() {
            [] => "Somebody".to_owned(),
            people => people
                .iter()
                .map(|person| person.name.as_str())
                .collect::<Vec<_>>()
                .join(", "),
        }
    }

    pub fn is_open(&self) -> bool {
        self.paging != PagingState::Resolved
    }
}

#[derive(Clone, Debug)]
pub struct NextStep {
    /// `Step 2: on-call of Platform (Bo)`, `last resort`.
    pub label: String,
    pub due: Timestamp,
}

/// Which actions the state allows and the viewer may take.
#[derive(Clone, Copy, Debug, Default)]
pub struct IncidentActions {
    pub acknowledge: bool,
    pub unacknowledge: bool,
    pub resolve: bool,
    pub escalate: bool,
    pub snooze: bool,
    pub reassign: bool,
    pub note: bool,
    pub declare: bool,
    /// Phase, severity, roles and status updates.
    pub command: bool,
    pub retitle: bool,
    /// Make it an open incident again.
    pub reopen: bool,
    /// Start the postmortem.
    pub postmortem: bool,
}

/// Command of a declared incident.
#[derive(Clone, Debug)]
pub struct Command {
    /// Phases that may follow the present one.
    pub phases: Vec<Phase>,
    /// In the order of `CommandRole::ALL`.
    pub seats: Vec<Seat>,
    /// Newest first.
    pub updates: Vec<StatusUpdate>,
    pub next_update_due: Option<Timestamp>,
    /// Everybody command could be handed to.
    pub people: Vec<Choice>,
    /// Text a hand-over brief starts with.
    pub brief: String,
}

impl Command {
    /// Minutes after which the next update may be promised.
    fn cadence(&self) -> &'static [u32] {
        &[15, 20, 30, 60, 120]
    }
}

/// One role and who holds it.
#[derive(Clone, Debug)]
pub struct Seat {
    pub role: CommandRole,
    pub holder: Option<Person>,
    pub since: Option<Timestamp>,
    pub proposal: Option<Proposal>,
    /// The viewer may take it: it is empty, or `override_needed`.
    pub can_claim: bool,
    /// Taking it from its holder asks for a reason.
    pub override_needed: bool,
    pub can_release: bool,
    pub can_hand_over: bool,
}

impl Seat {
    /// The name of one of the seat's forms, such as `handover-commander`.
    pub fn form(&self, verb: &str) -> String {
        form_of_role(verb, self.role)
    }
}

/// The name of a form about a role: each seat has its own.
pub fn form_of_role(verb: &str, role: CommandRole) -> String {
    format!("{verb}-{role}")
}

/// A hand-over proposed and not yet answered.
#[derive(Clone, Debug)]
pub struct Proposal {
    pub id: HandoverId,
    pub from: Person,
    pub to: Person,
    pub brief: String,
    pub expires_at: Timestamp,
    /// The viewer is asked.
    pub mine: bool,
}

#[derive(Clone, Debug)]
pub struct StatusUpdate {
    pub at: Timestamp,
    pub by: Person,
    pub phase: Phase,
    pub body: Markup,
    /// When it promised the next one.
    pub next_due: Option<Timestamp>,
}

/// One person who was paged, with the evidence of every message.
#[derive(Clone, Debug)]
pub struct PagedPerson {
    pub person: Person,
    pub first_at: Timestamp,
    /// The chain of PAGING.md §6.10, signal first, notification rule last.
    pub why: Vec<String>,
    pub acknowledged_at: Option<Timestamp>,
    pub notifications: Vec<Evidence>,
}

/// One person who was asked to help (PAGING.md §4.8).
#[derive(Clone, Debug)]
pub struct AskedPerson {
    pub person: Person,
    /// Name of the person, or "The API".
    pub by: String,
    pub at: Timestamp,
    pub message: String,
    pub state: ResponderState,
    pub reason: String,
    pub answered_at: Option<Timestamp>,
    /// The viewer is the one whose answer is awaited.
    pub mine: bool,
}

/// How far one notification got (PAGING.md §6.7).
#[derive(Clone, Debug)]
pub struct Evidence {
    pub id: NotificationId,
    pub kind: ContactKind,
    /// As far as the viewer may see it: `+49 ••• 4217`.
    pub address: String,
    pub state: NotificationState,
    /// It went nowhere but to the outbox page: no provider is set up.
    pub kept: bool,
    /// When each state was reached, in order.
    pub reached: Vec<(NotificationState, Timestamp)>,
    pub attempts: u32,
    /// The last error, or why it was cancelled.
    pub detail: Option<String>,
    /// When it is to be sent or tried again.
    pub next_at: Option<Timestamp>,
}

/// One entry of the timeline.
#[derive(Clone, Debug)]
pub struct Entry {
    pub id: TimelineEntryId,
    pub kind: EntryKind,
    pub occurred_at: Timestamp,
    /// Shown when it differs from `occurred_at` by more than a minute.
    pub recorded_at: Timestamp,
    /// Who did it; `None` for the machine.
    pub by: Option<String>,
    pub origin: Origin,
    /// One sentence.
    pub text: String,
    /// Markdown of a note or update, rendered.
    pub body: Option<Markup>,
}

#[derive(Clone, Debug)]
pub struct PostmortemLink {
    pub status: PostmortemStatus,
    pub href: String,
}

impl Entry {
    /// Written down later than it happened.
    pub fn is_late(&self) -> bool {
        self.recorded_at.since(self.occurred_at) > domain::Span::from_minutes(1)
    }
}
