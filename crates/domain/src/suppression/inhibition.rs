//! While an alert that explains others is open, those do not page (PAGING.md §3.4).

use sha2::{Digest, Sha256};

use super::{Fields, Matcher};
use crate::directory::Directory;
use crate::{InhibitionId, ServiceId, TeamId, Timestamp, UserId};

/// Most labels whose values must be equal.
pub const EQUAL_MAX: usize = 10;

/// The values of a rule's equal labels, as one key: the first 16 bytes of their SHA-256.
pub type SourceKey = [u8; 16];

/// While an alert matching `source` is open, alerts matching `target` with equal values of the
/// labels `equal` are recorded as inhibited by it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Inhibition {
    pub id: InhibitionId,
    pub name: String,
    /// Only between alerts of this team's services; `None`: of the whole installation.
    pub team_id: Option<TeamId>,
    pub source: Vec<Matcher>,
    pub target: Vec<Matcher>,
    pub equal: Vec<String>,
    pub created_by: Option<UserId>,
    pub created_at: Timestamp,
}

impl Inhibition {
    fn holds_for(&self, directory: &Directory, service: ServiceId) -> bool {
        self.team_id.is_none()
            || directory
                .service(service)
                .is_some_and(|service| service.team_id == self.team_id)
    }

    /// Whether an alert of the service, while open, inhibits others.
    pub fn is_source(
        &self,
        directory: &Directory,
        service: ServiceId,
        fields: &Fields<'_>,
    ) -> bool {
        self.holds_for(directory, service)
            && self.source.iter().all(|matcher| matcher.matches(fields))
    }

    /// Whether an alert of the service may be inhibited.
    pub fn is_target(
        &self,
        directory: &Directory,
        service: ServiceId,
        fields: &Fields<'_>,
    ) -> bool {
        self.holds_for(directory, service)
            && self.target.iter().all(|matcher| matcher.matches(fields))
    }

    /// Equal for alerts whose values of the equal labels are equal; missing is as empty.
    pub fn key(&self, fields: &Fields<'_>) -> SourceKey {
        let mut hash = Sha256::new();
        for name in &self.equal {
            let value = fields.get(name).unwrap_or_default();
            hash.update(value.len().to_be_bytes());
            hash.update(value.as_bytes());
        }
        let mut key = [0; 16];
        key.copy_from_slice(&hash.finalize()[..16]);
        key
    }
}

/// Under which keys alerts that would inhibit this one are to be looked for.
pub fn wanted_sources(
    directory: &Directory,
    service: ServiceId,
    fields: &Fields<'_>,
) -> Vec<(InhibitionId, SourceKey)> {
    directory
        .inhibitions
        .values()
        .filter(|rule| rule.is_target(directory, service, fields))
        .map(|rule| (rule.id, rule.key(fields)))
        .collect()
}
