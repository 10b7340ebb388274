//! Request ids that hold what became of the request. Clients ask for that afterwards; since every
//! request is done when it is answered, nothing needs to be kept, and any node can tell.

use domain::{AlertId, Timestamp};
use serde_json::{Value, json};

use super::call::{Verb, id};

/// What was asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Asked {
    Create,
    Close,
    Acknowledge,
    Unacknowledge,
    AddNote,
    Snooze,
    Escalate,
    Assign,
    AddTeam,
    AddResponder,
    AddTags,
    RemoveTags,
    AddDetails,
    RemoveDetails,
    Message,
    Description,
    Priority,
    Custom,
    Delete,
}

const ASKED: [(Asked, &str); 19] = [
    (Asked::Create, "Create"),
    (Asked::Close, "Close"),
    (Asked::Acknowledge, "Acknowledge"),
    (Asked::Unacknowledge, "UnAcknowledge"),
    (Asked::AddNote, "AddNote"),
    (Asked::Snooze, "Snooze"),
    (Asked::Escalate, "EscalateToNext"),
    (Asked::Assign, "AssignOwnership"),
    (Asked::AddTeam, "AddTeam"),
    (Asked::AddResponder, "AddResponder"),
    (Asked::AddTags, "AddTags"),
    (Asked::RemoveTags, "RemoveTags"),
    (Asked::AddDetails, "AddDetails"),
    (Asked::RemoveDetails, "RemoveDetails"),
    (Asked::Message, "UpdateMessage"),
    (Asked::Description, "UpdateDescription"),
    (Asked::Priority, "UpdatePriority"),
    (Asked::Custom, "CustomAction"),
    (Asked::Delete, "Delete"),
];

/// What became of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    Done,
    /// No such alert is open.
    NoAlert,
    /// The alert's incident is in no state for that.
    Refused,
}

const OUTCOMES: [Outcome; 3] = [Outcome::Done, Outcome::NoAlert, Outcome::Refused];

/// What became of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Receipt {
    pub asked: Asked,
    pub outcome: Outcome,
    pub alert: Option<AlertId>,
    pub at: Timestamp,
}

impl From<&Verb> for Asked {
    fn from(verb: &Verb) -> Asked {
        match verb {
            Verb::Close => Asked::Close,
            Verb::Acknowledge => Asked::Acknowledge,
            Verb::Unacknowledge => Asked::Unacknowledge,
            Verb::AddNote => Asked::AddNote,
            Verb::Snooze => Asked::Snooze,
            Verb::Escalate => Asked::Escalate,
            Verb::Assign => Asked::Assign,
            Verb::AddTeam => Asked::AddTeam,
            Verb::AddResponder => Asked::AddResponder,
            Verb::AddTags => Asked::AddTags,
            Verb::RemoveTags => Asked::RemoveTags,
            Verb::AddDetails => Asked::AddDetails,
            Verb::RemoveDetails => Asked::RemoveDetails,
            Verb::Message => Asked::Message,
            Verb::Description => Asked::Description,
            Verb::Priority => Asked::Priority,
            Verb::Custom(_) => Asked::Custom,
        }
    }
}

const ALERT_BITS: u32 = 50;
const TIME_BITS: u32 = 42;
const ASKED_BITS: u32 = 5;
const OUTCOME_BITS: u32 = 4;
const SEAL_BITS: u32 = 21;

fn low(number: u128, bits: u32) -> u128 {
    number & ((1 << bits) - 1)
}

impl Receipt {
    /// What a seal is computed over.
    fn plain(&self) -> u128 {
        let place = |list_position: Option<usize>| list_position.unwrap_or(0) as u128;
        let alert = self.alert.and_then(|id| u128::try_from(id.0).ok());
        let time = u128::try_from(self.at.as_millis()).unwrap_or(0);
        let asked = place(ASKED.iter().position(|(asked, _)| *asked == self.asked));
        let outcome = place(OUTCOMES.iter().position(|one| *one == self.outcome));
        let mut bits = low(alert.unwrap_or(0), ALERT_BITS);
        bits = (bits << TIME_BITS) | low(time, TIME_BITS);
        bits = (bits << ASKED_BITS) | low(asked, ASKED_BITS);
        (bits << OUTCOME_BITS) | low(outcome, OUTCOME_BITS)
    }

    /// As a UUID of version 8. `seal` makes bits of a text that nobody else can make, so that a
    /// receipt is worth nothing with another integration's key.
    pub fn encode(&self, seal: impl Fn(&str) -> u32) -> String {
        let plain = self.plain();
        let sealed = low(u128::from(seal(&format!("{plain:x}"))), SEAL_BITS);
        let bits = (plain << SEAL_BITS) | sealed;
        // 48 bits, the version, 12 bits, the variant, 62 bits.
        let (first, second, third) = (bits >> 74, low(bits >> 62, 12), low(bits, 62));
        let uuid = (first << 80) | (8 << 76) | (second << 64) | (0b10 << 62) | third;
        let hex = format!("{uuid:032x}");
        [
            &hex[..8],
            &hex[8..12],
            &hex[12..16],
            &hex[16..20],
            &hex[20..],
        ]
        .join("-")
    }

    /// Reads an id that [`Receipt::encode`] made with the same seal.
    pub fn decode(text: &str, seal: impl Fn(&str) -> u32) -> Option<Receipt> {
        let well_formed = text.len() == 36
            && text
                .bytes()
                .all(|byte| byte.is_ascii_hexdigit() || byte == b'-');
        let hex: String = text.chars().filter(|c| *c != '-').collect();
        if !well_formed || hex.len() != 32 {
            return None;
        }
        let uuid = u128::from_str_radix(&hex, 16).ok()?;
        let (first, second, third) = (uuid >> 80, low(uuid >> 64, 12), low(uuid, 62));
        let bits = (first << 74) | (second << 62) | third;
        let plain = bits >> SEAL_BITS;
        let sealed = low(u128::from(seal(&format!("{plain:x}"))), SEAL_BITS);
        let right_version = low(uuid >> 76, 4) == 8 && low(uuid >> 62, 2) == 0b10;
        if !right_version || low(bits, SEAL_BITS) != sealed {
            return None;
        }
        let outcome = usize::try_from(low(plain, OUTCOME_BITS)).ok()?;
        let rest = plain >> OUTCOME_BITS;
        let asked = usize::try_from(low(rest, ASKED_BITS)).ok()?;
        let rest = rest >> ASKED_BITS;
        let millis = i64::try_from(low(rest, TIME_BITS)).ok()?;
        let alert = i64::try_from(rest >> TIME_BITS).ok()?;
        Some(Receipt {
            asked: ASKED.get(asked)?.0,
            outcome: *OUTCOMES.get(outcome)?,
            alert: (alert > 0).then_some(AlertId(alert)),
            at: Timestamp(millis.checked_mul(1_000)?),
        })
    }

    /// The `data` of the answer about the request. The alias is the alert's.
    pub fn data(&self, alias: &str, integration: &str) -> Value {
        let action = ASKED
            .iter()
            .find(|(asked, _)| *asked == self.asked)
            .map_or("", |(_, name)| name);
        let status = match (self.outcome, self.asked) {
            (Outcome::Done, Asked::Create) => "Created alert".to_owned(),
            (Outcome::Done, Asked::Close) => "Closed alert".to_owned(),
            (Outcome::Done, Asked::Acknowledge) => "Acknowledged alert".to_owned(),
            (Outcome::Done, _) => format!("Processed {action}"),
            (Outcome::NoAlert, _) => "Alert does not exist".to_owned(),
            (Outcome::Refused, _) => "The alert is in no state for that".to_owned(),
        };
        json!({
            "success": self.outcome == Outcome::Done,
            "isSuccess": self.outcome == Outcome::Done,
            "action": action,
            "processedAt": self.at,
            "integrationId": integration,
            "status": status,
            "alertId": self.alert.map(id).unwrap_or_default(),
            "alias": alias,
        })
    }
}
