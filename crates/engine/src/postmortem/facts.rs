//! What a postmortem takes from its incident and action items. It is stored with the revision that
//! took it, so that the same revision always says the same, whatever happens to the incident or
//! to people's addresses later.

use std::collections::BTreeMap;

use domain::directory::Directory;
use domain::incident::Incident;
use domain::moment::Moments;
use domain::postmortem::{ActionItem, Document, TimelineRow, handle, prefill};
use domain::word::{CommandRole, IncidentSeverity};
use domain::{IncidentId, TeamId, TimelineEntryId, Timestamp, UserId};
use serde::{Deserialize, Serialize};
use store::Conn;
use store::postmortem::{Postmortem, Section};

use crate::{Error, moment};

/// How many of the newest entries are looked through for the document's timeline.
const ENTRIES: i64 = 20_000;

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Facts {
    pub severity: Option<IncidentSeverity>,
    pub kind: String,
    pub services: Vec<String>,
    pub moments: Moments,
    pub roles: Vec<(CommandRole, Vec<String>)>,
    pub owner: Option<String>,
    /// The chosen entries, in order, with who did it; the entries themselves never change.
    pub timeline: Vec<(TimelineEntryId, String)>,
    pub actions: Vec<ActionItem>,
}

impl Facts {
    /// What the incident says now, with the timeline entries that a reader needs.
    pub fn gather(
        conn: &mut Conn,
        directory: &Directory,
        incident: &Incident,
        owner: Option<UserId>,
    ) -> Result<Facts, Error> {
        let entries = store::timeline::latest(conn, incident.id, ENTRIES)?;
        let rows = prefill::timeline_rows(&to_prefill(directory, &entries));
        Ok(Facts {
            severity: incident.severity,
            kind: incident.kind.to_string(),
            services: incident
                .service_id
                .and_then(|id| directory.service(id))
                .map(|service| service.slug.clone())
                .into_iter()
                .collect(),
            moments: moment::known(conn, incident.id)?,
            roles: roles(conn, directory, incident.id)?,
            owner: owner.map(|user| user_handle(directory, user)),
            timeline: rows.into_iter().map(|row| (row.id, row.by)).collect(),
            actions: actions(conn, directory, incident.id)?,
        })
    }

    pub fn read(conn: &mut Conn, incident: IncidentId) -> Result<Facts, Error> {
        let text = store::postmortem::facts(conn, incident)?;
        serde_json::from_str(&text)
            .map_err(|e| store::Error::Corrupt(format!("postmortem_revision.body: {e}")).into())
    }

    pub fn to_json(&self) -> Result<String, Error> {
        serde_json::to_string(self)
            .map_err(|e| store::Error::Corrupt(format!("postmortem_revision.body: {e}")).into())
    }

    /// The rows of the document's timeline.
    pub fn rows(&self, conn: &mut Conn) -> Result<Vec<TimelineRow>, Error> {
        let ids: Vec<TimelineEntryId> = self.timeline.iter().map(|(id, _)| *id).collect();
        let by: BTreeMap<TimelineEntryId, &str> = self
            .timeline
            .iter()
            .map(|(id, by)| (*id, by.as_str()))
            .collect();
        let mut rows: Vec<TimelineRow> = store::postmortem::entries(conn, &ids)?
            .into_iter()
            .map(|entry| TimelineRow {
                id: entry.id,
                at: entry.occurred_at,
                kind: entry.kind.to_string(),
                by: by.get(&entry.id).copied().unwrap_or("system").to_owned(),
                text: entry.text,
                evidence: None,
            })
            .collect();
        let place: BTreeMap<TimelineEntryId, usize> = ids
            .iter()
            .enumerate()
            .map(|(place, id)| (*id, place))
            .collect();
        rows.sort_by_key(|row| place.get(&row.id).copied());
        Ok(rows)
    }

    /// The whole document, as its export holds it.
    pub fn document(
        &self,
        conn: &mut Conn,
        postmortem: &Postmortem,
        sections: &[Section],
    ) -> Result<Document, Error> {
        Ok(Document {
            number: postmortem.number,
            incident: postmortem.number,
            title: postmortem.title.clone(),
            status: postmortem.status,
            revision: postmortem.revision,
            severity: self.severity,
            incident_type: None,
            kind: self.kind.clone(),
            visibility: "internal".to_owned(),
            services: self.services.clone(),
            tags: Vec::new(),
            durations: moment::durations(&self.moments, postmortem.updated_at),
            moments: self.moments.clone(),
            roles: self.roles.clone(),
            owner: self.owner.clone(),
            sections: sections.iter().map(to_domain).collect(),
            timeline: self.rows(conn)?,
            actions: self.actions.clone(),
        })
    }
}

pub(super) fn to_domain(section: &Section) -> domain::postmortem::Section {
    domain::postmortem::Section {
        slug: section.slug.clone(),
        title: section.title.clone(),
        body: section.body.clone(),
    }
}

/// Entries as the domain chooses among them.
fn to_prefill(directory: &Directory, entries: &[store::timeline::Entry]) -> Vec<prefill::Entry> {
    entries
        .iter()
        .map(|entry| prefill::Entry {
            id: entry.id,
            kind: entry.kind,
            occurred_at: entry.occurred_at,
            recorded_at: entry.recorded_at,
            text: entry.text.clone(),
            by: by(directory, entry),
            evidence: None,
            pinned: false,
            hidden: false,
        })
        .collect()
}

/// Who did it: a handle, or `system`.
pub(super) fn by(directory: &Directory, entry: &store::timeline::Entry) -> String {
    entry
        .actor_id
        .map_or_else(|| "system".to_owned(), |user| user_handle(directory, user))
}

pub(super) fn user_handle(directory: &Directory, user: UserId) -> String {
    directory
        .user(user)
        .map_or_else(|| handle("", ""), |user| handle(&user.name, &user.email))
}

fn team_handle(directory: &Directory, team: TeamId) -> String {
    let slug = directory
        .team(team)
        .map_or("unknown", |team| team.slug.as_str());
    format!("team:{slug}")
}

/// Who held which role, each person once, in the order of holding.
fn roles(
    conn: &mut Conn,
    directory: &Directory,
    incident: IncidentId,
) -> Result<Vec<(CommandRole, Vec<String>)>, Error> {
    let holdings = store::command::holdings(conn, incident)?;
    Ok(CommandRole::ALL
        .iter()
        .map(|&role| {
            let mut handles: Vec<String> = Vec::new();
            for held in holdings.iter().filter(|held| held.role == role) {
                let handle = user_handle(directory, held.user_id);
                if !handles.contains(&handle) {
                    handles.push(handle);
                }
            }
            (role, handles)
        })
        .filter(|(_, handles)| !handles.is_empty())
        .collect())
}

pub(super) fn actions(
    conn: &mut Conn,
    directory: &Directory,
    incident: IncidentId,
) -> Result<Vec<ActionItem>, Error> {
    let items = store::postmortem::actions(conn, incident)?;
    Ok(items
        .iter()
        .map(|item| to_action(directory, item))
        .collect())
}

/// A stored action as the document shows it.
pub(super) fn to_action(directory: &Directory, item: &store::postmortem::ActionItem) -> ActionItem {
    ActionItem {
        number: item.number,
        title: item.title.clone(),
        kind: item.kind,
        priority: item.priority,
        owner: item
            .owner_user_id
            .map(|user| user_handle(directory, user))
            .or_else(|| item.owner_team_id.map(|team| team_handle(directory, team))),
        due: item.due_on.as_deref().and_then(|date| date.parse().ok()),
        tracker: item.tracker.clone(),
        status: item.status,
        done_test: item.done_test.clone(),
        reason: item.reason.clone(),
    }
}

/// Sections of a new postmortem with everything filled in that the incident tells.
pub(super) fn first_sections(
    conn: &mut Conn,
    directory: &Directory,
    incident: &Incident,
    facts: &Facts,
    by: Option<UserId>,
    now: Timestamp,
) -> Result<Vec<Section>, Error> {
    let services: Vec<String> = incident
        .service_id
        .and_then(|id| directory.service(id))
        .map(|service| service.name.clone())
        .into_iter()
        .collect();
    let update = store::command::latest_update(conn, incident.id)?;
    let durations = moment::durations(&facts.moments, now);
    let filled = prefill::sections(&prefill::Facts {
        title: &incident.title,
        severity: incident.severity,
        services: &services,
        impact: None,
        moments: &facts.moments,
        durations: &durations,
        roles: &facts.roles,
        last_update: update.as_ref().map(|update| update.text.as_str()),
    });
    Ok((0i64..)
        .zip(filled)
        .map(|(position, section)| Section {
            incident_id: incident.id,
            slug: section.slug,
            position,
            title: section.title,
            body: section.body,
            revision: 1,
            updated_by: by,
            updated_at: now,
        })
        .collect())
}
