//! What is done so that it does not happen again (INCIDENTS.md §5.3).

use jiff::ToSpan;
use jiff::civil::Date;

use super::inline::web_address;
use crate::word::{ActionPriority, ActionStatus, ActionType, IncidentSeverity};

/// Longest title, in characters.
pub const TITLE_MAX: usize = 200;
/// Longest test, reason or tracker link, in characters.
pub const TEXT_MAX: usize = 2_000;

/// One action, as a postmortem shows it (`AI-17`).
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct ActionItem {
    pub number: i64,
    /// Begins with a verb.
    pub title: String,
    pub kind: ActionType,
    pub priority: ActionPriority,
    /// `@ana` or `team:payments`.
    pub owner: Option<String>,
    pub due: Option<Date>,
    /// Link into the tracker.
    pub tracker: Option<String>,
    pub status: ActionStatus,
    /// How one sees that it is done.
    pub done_test: Option<String>,
    /// Why it will not be done.
    pub reason: Option<String>,
}

/// Why an action is refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ActionError {
    #[error("an action needs a title")]
    NoTitle,
    #[error("the title is longer than {TITLE_MAX} characters")]
    TitleTooLong,
    #[error("the {0} is longer than {TEXT_MAX} characters")]
    TooLong(&'static str),
    #[error("a {0} action needs an owner")]
    OwnerNeeded(ActionPriority),
    #[error("the tracker must be an http or https link")]
    BadTracker,
    #[error("say why it will not be done")]
    ReasonNeeded,
}

/// Days until a P0 action is due (INCIDENTS.md §1.2, "Action SLA"); none for a SEV5, which goes to
/// the backlog.
pub const fn sla_days(severity: IncidentSeverity) -> Option<i64> {
    match severity {
        IncidentSeverity::Sev1 => Some(15),
        IncidentSeverity::Sev2 => Some(30),
        IncidentSeverity::Sev3 => Some(60),
        IncidentSeverity::Sev4 => Some(90),
        IncidentSeverity::Sev5 => None,
    }
}

/// When an action is due unless somebody says otherwise: P0 and P1 after the severity's days from
/// `start` (the day the action is written down), P2 and P3 never.
pub fn default_due(
    severity: Option<IncidentSeverity>,
    priority: ActionPriority,
    start: Date,
) -> Option<Date> {
    if !is_urgent(priority) {
        return None;
    }
    start.checked_add(sla_days(severity?)?.days()).ok()
}

const fn is_urgent(priority: ActionPriority) -> bool {
    matches!(priority, ActionPriority::P0 | ActionPriority::P1)
}

impl ActionItem {
    /// What must hold for an action to be saved.
    pub fn validate(&self) -> Result<(), ActionError> {
        let title = self.title.trim();
        if title.is_empty() {
            return Err(ActionError::NoTitle);
        }
        if title.chars().count() > TITLE_MAX {
            return Err(ActionError::TitleTooLong);
        }
        for (name, text) in [
            ("test", &self.done_test),
            ("reason", &self.reason),
            ("tracker", &self.tracker),
        ] {
            if filled(text).is_some_and(|text| text.chars().count() > TEXT_MAX) {
                return Err(ActionError::TooLong(name));
            }
        }
        if is_urgent(self.priority) && filled(&self.owner).is_none() {
            return Err(ActionError::OwnerNeeded(self.priority));
        }
        if filled(&self.tracker).is_some_and(|link| web_address(link).is_none()) {
            return Err(ActionError::BadTracker);
        }
        if self.status == ActionStatus::WontDo && filled(&self.reason).is_none() {
            return Err(ActionError::ReasonNeeded);
        }
        Ok(())
    }
}

fn filled(text: &Option<String>) -> Option<&str> {
    text.as_deref()
        .map(str::trim)
        .filter(|text| !text.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::civil::date;

    fn item(priority: ActionPriority) -> ActionItem {
        ActionItem {
            number: 1,
            title: "Add a pre-submit check".into(),
            kind: ActionType::Prevent,
            priority,
            owner: None,
            due: None,
            tracker: None,
            status: ActionStatus::Open,
            done_test: None,
            reason: None,
        }
    }

    #[test]
    fn urgent_actions_need_an_owner() {
        use ActionPriority::*;
        assert_eq!(item(P0).validate(), Err(ActionError::OwnerNeeded(P0)));
        assert_eq!(item(P1).validate(), Err(ActionError::OwnerNeeded(P1)));
        assert_eq!(item(P2).validate(), Ok(()));
        let mut owned = item(P0);
        owned.owner = Some(" ".into());
        assert_eq!(owned.validate(), Err(ActionError::OwnerNeeded(P0)));
        owned.owner = Some("team:payments".into());
        assert_eq!(owned.validate(), Ok(()));
        owned.tracker = Some("javascript:alert(1)".into());
        assert_eq!(owned.validate(), Err(ActionError::BadTracker));
        owned.tracker = None;
        owned.status = ActionStatus::WontDo;
        assert_eq!(owned.validate(), Err(ActionError::ReasonNeeded));
    }

    #[test]
    fn the_due_date_follows_the_severity() {
        use ActionPriority::*;
        use IncidentSeverity::*;
        let start = date(2026, 3, 14);
        // INCIDENTS.md §1.2: 15, 30, 60, 90 days; §5.4's example: SEV2, P0, 2026-04-13.
        assert_eq!(default_due(Some(Sev2), P0, start), Some(date(2026, 4, 13)));
        assert_eq!(default_due(Some(Sev1), P0, start), Some(date(2026, 3, 29)));
        assert_eq!(default_due(Some(Sev3), P1, start), Some(date(2026, 5, 13)));
        assert_eq!(default_due(Some(Sev4), P0, start), Some(date(2026, 6, 12)));
        assert_eq!(default_due(Some(Sev5), P0, start), None);
        assert_eq!(default_due(Some(Sev1), P2, start), None);
        assert_eq!(default_due(None, P0, start), None);
        assert_eq!(default_due(Some(Sev1), P0, Date::MAX), None);
    }
}
