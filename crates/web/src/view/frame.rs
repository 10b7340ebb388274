//! What every page shares: who looks, what they may do, and the bars around the content.

use askama::filters::HtmlSafe;
use domain::{Timestamp, UserId};
use jiff::tz::TimeZone;

/// HTML that is safe to put into a page as it is: made by our own code from escaped parts, or by
/// [`crate::markdown::render`].
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Markup(pub String);

impl std::fmt::Display for Markup {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

impl HtmlSafe for Markup {}

/// What every page struct carries as its field `frame`.
#[derive(Clone, Debug)]
pub struct Frame {
    /// The page's own title; ` · Quarterdeck` is added.
    pub title: String,
    /// `None` on the pages that work signed out.
    pub user: Option<Viewer>,
    /// May work incidents and edit shifts (`AccountRole::Responder` or above).
    pub can_respond: bool,
    /// May edit users, policies, services and settings (`AccountRole::Admin`).
    /// Change services, schedules, policies and teams.
    pub can_configure: bool,
    pub can_admin: bool,
    /// Goes into the hidden field `csrf` of every form.
    pub csrf: String,
    pub theme: Theme,
    /// The viewer's zone; every time is shown in it, with UTC beside it.
    pub zone: TimeZone,
    /// Shows the banner of `--demo`.
    pub demo: bool,
    /// `None` hides the watch bar (signed out).
    pub watch: Option<WatchBar>,
    pub active: Nav,
    pub flash: Vec<Flash>,
    pub now: Timestamp,
    /// Path and query of this page, where `/theme` leads back to.
    pub here: String,
}

impl Frame {
    /// The frame of a page seen signed out.
    pub fn signed_out(title: &str, csrf: &str, now: Timestamp) -> Frame {
        Frame {
            title: title.to_owned(),
            user: None,
            can_respond: false,
            can_configure: false,
            can_admin: false,
            csrf: csrf.to_owned(),
            theme: Theme::System,
            zone: TimeZone::UTC,
            demo: false,
            watch: None,
            active: Nav::None,
            flash: Vec::new(),
            now,
            here: "/".to_owned(),
        }
    }

    /// IANA name of the viewer's zone, or `UTC`.
    pub fn zone_name(&self) -> &str {
        self.zone.iana_name().unwrap_or("UTC")
    }

    /// The hashed address of an embedded asset, e.g. `/static/quarterdeck.3fa9c1d2.css`.
    pub fn asset(&self, name: &str) -> &'static str {
        crate::assets::url(name)
    }

    /// Marks the navigation entry of this page, by the entry's word.
    pub fn current(&self, word: &str) -> Markup {
        Markup(match self.active.as_str() == word {
            true => " aria-current=\"page\"".to_owned(),
            false => String::new(),
        })
    }

    /// Whether the page is one of those behind "More" on a phone.
    pub fn in_more(&self) -> bool {
        matches!(
            self.active,
            Nav::Alerts
                | Nav::Silences
                | Nav::Policies
                | Nav::Channels
                | Nav::Coverage
                | Nav::Simulate
                | Nav::Postmortems
                | Nav::Changes
                | Nav::Heartbeats
                | Nav::People
                | Nav::Outbox
                | Nav::Settings
                | Nav::Api
                | Nav::Profile
        )
    }

    pub fn is_me(&self, user: &UserId) -> bool {
        self.user.as_ref().is_some_and(|me| me.id == *user)
    }
}

/// The signed-in person.
#[derive(Clone, Debug)]
pub struct Viewer {
    pub id: UserId,
    pub name: String,
    pub email: String,
    /// Shown under the name: `admin`, `responder` or `observer`.
    pub role: domain::word::AccountRole,
}

/// Light or dark; kept in the cookie `qd_theme` (`light`, `dark`; absent = the system's choice).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum Theme {
    #[default]
    System,
    Light,
    Dark,
}

impl Theme {
    /// Reads the cookie's or the form's word; anything unknown is the system's choice.
    pub fn parse(word: &str) -> Theme {
        match word {
            "light" => Theme::Light,
            "dark" => Theme::Dark,
            _ => Theme::System,
        }
    }

    pub fn as_str(self) -> &'static str {
        match self {
            Theme::System => "system",
            Theme::Light => "light",
            Theme::Dark => "dark",
        }
    }
}

/// The line on top of every page: is anything on fire, am I on call and until when, who is next
/// (FACE.md rule 2).
#[derive(Clone, Debug, Default)]
pub struct WatchBar {
    /// The schedules the viewer is on call for now.
    pub on_call: Vec<Watch>,
    /// The viewer's next shift, shown when not on call.
    pub next_shift: Option<Watch>,
    /// Incidents not resolved.
    pub open: u32,
    /// Of these, how many nobody has acknowledged.
    pub unacknowledged: u32,
    /// Who follows the viewer (or the present holder) in the schedule whose hand-off is nearest.
    pub next: Option<NextWatch>,
}

/// On call for `schedule` from now (or `from`) until `until` (`None`: for ever).
#[derive(Clone, Debug)]
pub struct Watch {
    pub schedule: String,
    pub slug: String,
    pub from: Timestamp,
    pub until: Option<Timestamp>,
}

#[derive(Clone, Debug)]
pub struct NextWatch {
    pub names: String,
    pub schedule: String,
    pub at: Timestamp,
}

/// Which entry of the navigation is this page's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Nav {
    None,
    Dashboard,
    Incidents,
    Alerts,
    Silences,
    OnCall,
    Services,
    Policies,
    Channels,
    Coverage,
    Simulate,
    Postmortems,
    Changes,
    Heartbeats,
    People,
    Outbox,
    Settings,
    Api,
    Profile,
}

impl Nav {
    fn as_str(self) -> &'static str {
        match self {
            Nav::None => "",
            Nav::Dashboard => "dashboard",
            Nav::Incidents => "incidents",
            Nav::Alerts => "alerts",
            Nav::Silences => "silences",
            Nav::OnCall => "on-call",
            Nav::Services => "services",
            Nav::Policies => "policies",
            Nav::Channels => "channels",
            Nav::Coverage => "coverage",
            Nav::Simulate => "simulate",
            Nav::Postmortems => "postmortems",
            Nav::Changes => "changes",
            Nav::Heartbeats => "heartbeats",
            Nav::People => "people",
            Nav::Outbox => "outbox",
            Nav::Settings => "settings",
            Nav::Api => "api",
            Nav::Profile => "profile",
        }
    }
}

/// One message about what was just done.
#[derive(Clone, Debug)]
pub struct Flash {
    pub kind: FlashKind,
    pub text: String,
    /// Offered for 10 s by script, and until the next page without.
    pub undo: Option<Undo>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FlashKind {
    Done,
    Info,
    Warning,
    Failed,
}

impl FlashKind {
    pub fn class(self) -> &'static str {
        match self {
            FlashKind::Done => "tone-fine",
            FlashKind::Info => "tone-info",
            FlashKind::Warning => "tone-held",
            FlashKind::Failed => "tone-alarm",
        }
    }

    pub fn icon(self) -> &'static str {
        match self {
            FlashKind::Done => "circle-check",
            FlashKind::Info => "info-circle",
            FlashKind::Warning => "alert-triangle",
            FlashKind::Failed => "circle-x",
        }
    }
}

/// A form of one button that takes the last action back.
#[derive(Clone, Debug)]
pub struct Undo {
    pub action: String,
    pub fields: Vec<(String, String)>,
    pub label: String,
}

/// A person's name with the address of their page.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Person {
    pub id: UserId,
    pub name: String,
}

/// A name with an address on this site.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Link {
    pub label: String,
    pub href: String,
}

/// One option of a `<select>` or of radio buttons.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Choice {
    pub value: String,
    pub label: String,
}

impl Choice {
    pub fn new(value: impl ToString, label: impl ToString) -> Choice {
        Choice {
            value: value.to_string(),
            label: label.to_string(),
        }
    }
}

/// Options under a common heading (`<optgroup>`).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChoiceGroup {
    pub label: String,
    pub choices: Vec<Choice>,
}

/// Where a list stands and how to move in it.
#[derive(Clone, Debug, Default)]
pub struct Pager {
    /// Address of the previous and next part.
    pub previous: Option<String>,
    pub next: Option<String>,
    /// 1-based position of the first and last row shown; 0 when the list is empty.
    pub first: u64,
    pub last: u64,
    /// `None` when counting would be dear.
    pub total: Option<u64>,
}
