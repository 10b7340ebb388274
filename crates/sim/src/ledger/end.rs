//! What a world has come to.

use std::collections::BTreeMap;

use domain::word::{AlertStatus, NotificationState, PagingState};
use domain::{RunId, Timestamp};
use store::{Conn, Error};

use super::{Ledger, RECOVERS};
use crate::invariant::Invariant;
use crate::setup::Who;

/// The end of an incident, as it must be with or without disturbance.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ending {
    pub paging: PagingState,
    pub alerts: i64,
    /// For each execution of each run in order: its run counted from 0, cycle, step, people.
    pub pages: Vec<(usize, i64, Option<i64>, Vec<Who>)>,
    pub asked_by_name: Vec<Who>,
    /// Another one was opened in the same microsecond: whose turn it is of both is nobody's promise.
    pub has_twin: bool,
}

impl Ending {
    /// Whether both are the same end.
    pub fn agrees(&self, other: &Ending) -> bool {
        let told = |ending: &Ending| Ending {
            has_twin: false,
            ..ending.clone()
        };
        let twins = self.has_twin || other.has_twin;
        let (mut one, mut other) = (told(self), told(other));
        if twins {
            for (.., people) in one.pages.iter_mut().chain(&mut other.pages) {
                people.clear();
            }
        }
        one == other
    }
}

impl Ledger {
    /// Everything accepted must be there, and every page must have come to an end.
    ///
    /// # Errors
    /// Those of the reads.
    pub fn check_end(&mut self, conn: &mut Conn, now: Timestamp) -> Result<(), Error> {
        let said: Vec<_> = self
            .said
            .iter()
            .map(|(one, said)| (*one, said.clone()))
            .collect();
        for (condition, said) in said {
            let (Some(alert), Some(incident)) = (said.alert, said.incident) else {
                continue;
            };
            let found = store::alert::fetch(conn, alert)?;
            let closed = self.incidents.get(&incident).is_none_or(|one| one.resolved);
            let status = match found.status {
                AlertStatus::Open => said.firing,
                // A person who resolves the incident ends its alerts.
                AlertStatus::Resolved => !said.firing || closed,
            };
            let right = found.dedup_key == condition.dedup_key()
                && found.incident_id == Some(incident)
                && found.count <= said.handed_in
                && status;
            if !right {
                let what = format!("{condition:?}: monitors were told {said:?}, kept is {found:?}");
                self.fail(Invariant::NothingAcceptedIsLost, now, what);
                return Ok(());
            }
        }
        let incidents: Vec<_> = self.incidents.keys().copied().collect();
        for id in incidents {
            for page in store::escalation::pages(conn, id)? {
                let rows = store::notification::of_page(conn, page.id)?;
                // What is on its way is held under a lease.
                let lost = rows.iter().any(|row| {
                    row.state == NotificationState::Sending
                        && row.lease_until.is_none_or(|until| until + RECOVERS < now)
                });
                let silent = !rows.is_empty()
                    && rows
                        .iter()
                        .all(|row| row.state == NotificationState::Failed)
                    && self.untried(&page, &rows);
                if lost || silent {
                    let states: Vec<_> = rows.iter().map(|row| row.state).collect();
                    let what = format!("page {} came to no end: {states:?}", page.id);
                    self.fail(Invariant::PagesLeave, now, what);
                    return Ok(());
                }
            }
        }
        Ok(())
    }

    /// Whether the person has a usable method that was not tried for a page.
    fn untried(
        &self,
        page: &store::escalation::Page,
        rows: &[store::notification::Notification],
    ) -> bool {
        use domain::word::ContactKind;
        let Some(person) = self
            .users
            .get(&page.user_id)
            .map(|who| self.house.person(*who))
        else {
            return false;
        };
        let tried = |kind: ContactKind| rows.iter().any(|row| row.channel == kind);
        !person.disabled
            && ((person.mail.usable() && !tried(ContactKind::Email))
                || (person.phone.is_some_and(|phone| phone.usable()) && !tried(ContactKind::Sms)))
    }

    /// The end of each incident, by its title and its place among those of that title.
    pub fn endings(&self) -> BTreeMap<(String, usize), Ending> {
        let mut count: BTreeMap<&str, usize> = BTreeMap::new();
        let mut endings = BTreeMap::new();
        // By their numbers: nodes hand out ids of their own.
        for id in self.numbers.values() {
            let Some(known) = self.incidents.get(id) else {
                continue;
            };
            let nth = count.entry(&known.row.title).or_default();
            let mut runs: Vec<RunId> = Vec::new();
            for (run, ..) in &known.pages {
                if !runs.contains(run) {
                    runs.push(*run);
                }
            }
            let pages = known.pages.iter().map(|(run, position, people)| {
                let place = runs.iter().position(|one| one == run).unwrap_or(0);
                let people = people.iter().copied().collect();
                (place, position.cycle, position.step, people)
            });
            let ending = Ending {
                paging: known.row.paging,
                alerts: known.row.alerts,
                pages: pages.collect(),
                asked_by_name: known.asked_by_name.clone(),
                has_twin: self.incidents.iter().any(|(other, twin)| {
                    other != id && twin.row.created_at == known.row.created_at
                }),
            };
            endings.insert((known.row.title.clone(), *nth), ending);
            *nth += 1;
        }
        endings
    }
}
