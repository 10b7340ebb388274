//! What a commit changed, told to whoever waits: engine loops wake and pages refresh. A lost
//! message costs latency only; the tables are the truth.

use domain::IncidentId;

/// One kind of change. On PostgreSQL it travels to the other nodes by NOTIFY.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Change {
    /// The configuration has a new generation.
    Directory,
    /// A timer was armed or removed.
    Timers,
    /// A notification is to be sent.
    Outbox,
    /// Something about this incident.
    Incident(IncidentId),
    /// Something about many incidents: too many to name them.
    Incidents,
    /// The state of a heartbeat; a ping that comes in time is none.
    Heartbeats,
}

impl Change {
    pub(crate) fn encode(self) -> String {
        match self {
            Change::Directory => "directory".into(),
            Change::Timers => "timers".into(),
            Change::Outbox => "outbox".into(),
            Change::Incidents => "incidents".into(),
            Change::Heartbeats => "heartbeats".into(),
            Change::Incident(id) => format!("incident {id}"),
        }
    }

    pub(crate) fn decode(text: &str) -> Option<Change> {
        match text {
            "directory" => Some(Change::Directory),
            "timers" => Some(Change::Timers),
            "outbox" => Some(Change::Outbox),
            "incidents" => Some(Change::Incidents),
            "heartbeats" => Some(Change::Heartbeats),
            _ => text
                .strip_prefix("incident ")?
                .parse()
                .ok()
                .map(Change::Incident),
        }
    }
}
