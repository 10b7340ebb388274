//! A postmortem's page, put together from what was read.

use std::collections::BTreeMap;

use domain::directory::Directory;
use domain::moment::{Durations, MomentSource, Warning, title};
use domain::postmortem::lint;
use domain::postmortem::workflow::Step;
use domain::word::{ActionStatus, KeyMoment, PostmortemStatus};
use domain::{ActionItemId, Span, TimelineEntryId};
use engine::moment::MomentsView;
use engine::postmortem::{SectionView, View};
use jiff::civil::Date;
use store::Conn;
use store::postmortem::ActionItem;

use crate::markdown;
use crate::page::complaint::sentence;
use crate::page::incident::{entry, lane};
use crate::page::{choice, name};
use crate::view::incident::Entry;
use crate::view::postmortem::{
    ActionRow, Candidate, Duration, Finding, MomentRow, PostmortemPage, Section,
};
use crate::view::{Form, Frame};

/// Alerts in the picture.
const ALERTS: i64 = 200;

/// What the page shows of the incident besides the document.
pub struct Beside {
    pub moments: MomentsView,
    pub entries: Vec<store::timeline::Entry>,
    alerts: Vec<domain::alert::Alert>,
    pages: Vec<store::escalation::Page>,
    holdings: Vec<store::command::RoleHolding>,
    updates: Vec<store::command::StatusUpdate>,
}

impl Beside {
    /// # Errors
    /// Those of the reads.
    pub fn read(
        conn: &mut Conn,
        view: &View,
        now: domain::Timestamp,
    ) -> Result<Beside, engine::Error> {
        let id = view.incident.id;
        let ids: Vec<TimelineEntryId> = view.timeline.iter().map(|row| row.id).collect();
        Ok(Beside {
            moments: engine::moment::of_incident(conn, id, now)?,
            entries: store::postmortem::entries(conn, &ids)?,
            alerts: store::alert::of_incident(conn, id, 0, ALERTS)?,
            pages: store::escalation::pages(conn, id)?,
            holdings: store::command::holdings(conn, id)?,
            updates: store::command::updates(conn, id)?,
        })
    }
}

/// The page as the viewer of `frame` sees it.
pub fn page(
    view: View,
    beside: &Beside,
    directory: &Directory,
    frame: Frame,
    asked: super::Asked,
    form: Form,
) -> PostmortemPage {
    let now = frame.now;
    let today = now.in_zone(&frame.zone).date();
    let parts = lane::Parts {
        incident: &view.incident,
        moments: view
            .moments
            .iter()
            .map(|(moment, known)| (moment, known.at))
            .collect(),
        alerts: &beside.alerts,
        pages: &beside.pages,
        holdings: &beside.holdings,
        updates: &beside.updates,
    };
    PostmortemPage {
        number: view.postmortem.number,
        title: view.postmortem.title.clone(),
        status: view.postmortem.status,
        next_statuses: view.steps.iter().map(|step| status_after(*step)).collect(),
        severity: view.incident.severity,
        revision: view.postmortem.revision,
        updated_at: view.postmortem.updated_at,
        owner: view
            .postmortem
            .owner_id
            .map(|user| choice::person(directory, user)),
        people: name::responder_choices(directory),
        swimlane: Some(lane::swimlane(&parts, directory, &frame.zone, now)),
        timeline: timeline(&view, beside, directory),
        moments: moments(&view, &beside.moments, directory),
        durations: durations(&view.durations),
        actions: view
            .actions
            .iter()
            .map(|item| ActionRow {
                findings: view
                    .action_findings
                    .iter()
                    .filter(|finding| finding.action == item.number)
                    .map(|finding| sentence(&finding.problem))
                    .collect(),
                ..action(item, directory, today)
            })
            .collect(),
        can_edit: frame.can_respond,
        sections: view
            .sections
            .iter()
            .map(|one| section(one, &view.findings))
            .collect(),
        candidates: asked
            .candidates
            .map(|list| list.into_iter().map(candidate).collect()),
        behind: view.behind && frame.can_respond,
        editing_action: asked.action,
        editing: asked.editing,
        form,
        frame,
    }
}

fn candidate(entry: engine::postmortem::Candidate) -> Candidate {
    Candidate {
        id: entry.id,
        kind: entry.kind,
        at: entry.at,
        text: entry.text,
        chosen: entry.chosen,
    }
}

fn section(section: &SectionView, findings: &[lint::Finding]) -> Section {
    Section {
        slug: section.slug.clone(),
        title: section.title.clone(),
        prompt: section.prompt.to_owned(),
        html: markdown::render(&section.body),
        required: section.required,
        findings: findings
            .iter()
            .filter(|finding| finding.section == section.slug)
            .map(|finding| Finding {
                rule: finding.rule.as_str(),
                place: format!("line {}", finding.line),
                text: finding.text.clone(),
                title: finding.rule.title().to_owned(),
                offer: finding.rule.offer().to_owned(),
            })
            .collect(),
    }
}

/// The chosen entries in the document's order.
fn timeline(view: &View, beside: &Beside, directory: &Directory) -> Vec<Entry> {
    let known: BTreeMap<TimelineEntryId, &store::timeline::Entry> =
        beside.entries.iter().map(|row| (row.id, row)).collect();
    view.timeline
        .iter()
        .filter_map(|row| known.get(&row.id))
        .map(|row| entry::entry(row, directory))
        .collect()
}

fn moments(view: &View, current: &MomentsView, directory: &Directory) -> Vec<MomentRow> {
    let warnings = view
        .moments
        .check(view.postmortem.updated_at)
        .unwrap_or_default();
    KeyMoment::ALL
        .iter()
        .map(|&moment| {
            let by_hand = view.moments.source(moment) == Some(MomentSource::Manual);
            let setter = current
                .moments
                .iter()
                .find(|one| one.moment == moment)
                .and_then(|one| one.set_by);
            MomentRow {
                moment,
                label: title(moment).to_owned(),
                at: view.moments.get(moment),
                source: match (by_hand, setter) {
                    (false, _) => "from the timeline".to_owned(),
                    (true, Some(user)) => format!("set by {}", directory.user_name(user)),
                    (true, None) => "set by hand".to_owned(),
                },
                overridden: by_hand,
                warning: warnings.iter().find_map(|warning| match warning {
                    Warning::Inverted { later, .. } if *later == moment => {
                        Some(warning.to_string())
                    }
                    _ => None,
                }),
            }
        })
        .collect()
}

fn durations(durations: &Durations) -> Vec<Duration> {
    let row = |name: &str, meaning: &str, length: Option<Span>| Duration {
        name: name.to_owned(),
        meaning: meaning.to_owned(),
        length,
    };
    vec![
        row(
            "Time to detect",
            "Impact started to detected",
            durations.ttd,
        ),
        row(
            "Time to acknowledge",
            "First page to first answer",
            durations.tta,
        ),
        row(
            "Time to declare",
            "Detected to declared",
            durations.to_declare,
        ),
        row(
            "Time to first update",
            "Detected to first update",
            durations.to_public,
        ),
        row(
            "Time to mitigate",
            "Impact started to mitigated",
            durations.ttm,
        ),
        row(
            "Response time",
            "Detected to mitigated",
            durations.response_ttm,
        ),
        row(
            "Time to resolve",
            "Impact started to resolved",
            durations.ttr,
        ),
        row("Impact", "How long users were hit", durations.impact),
    ]
}

fn action(item: &ActionItem, directory: &Directory, today: Date) -> ActionRow {
    let due: Option<Date> = item.due_on.as_deref().and_then(|date| date.parse().ok());
    let open = matches!(item.status, ActionStatus::Open | ActionStatus::InProgress);
    ActionRow {
        // Forms name an action by the number that people see.
        id: ActionItemId(item.number),
        name: format!("AI-{}", item.number),
        title: item.title.clone(),
        kind: item.kind,
        priority: item.priority,
        status: item.status,
        owner: item
            .owner_user_id
            .map(|user| choice::person(directory, user)),
        owner_id: item.owner_user_id,
        due: item.due_on.clone(),
        overdue: open && due.is_some_and(|due| due < today),
        tracker: item.tracker.clone(),
        done_test: item.done_test.clone(),
        reason: item.reason.clone(),
        findings: Vec::new(),
    }
}

/// The status that a step leads to.
pub fn status_after(step: Step) -> PostmortemStatus {
    match step {
        Step::Submit => PostmortemStatus::InReview,
        Step::Approve => PostmortemStatus::Approved,
        Step::Publish => PostmortemStatus::Published,
        Step::Close => PostmortemStatus::Closed,
        Step::Reopen => PostmortemStatus::Draft,
    }
}

/// The step that leads to a status.
pub fn step_to(status: PostmortemStatus) -> Step {
    match status {
        PostmortemStatus::InReview => Step::Submit,
        PostmortemStatus::Approved => Step::Approve,
        PostmortemStatus::Published => Step::Publish,
        PostmortemStatus::Closed => Step::Close,
        PostmortemStatus::Draft => Step::Reopen,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_status_is_reached_by_its_step() {
        for &status in PostmortemStatus::ALL {
            assert_eq!(status_after(step_to(status)), status);
        }
    }

    #[test]
    fn a_late_action_is_overdue_until_it_is_done() {
        let directory = crate::page::sample::directory();
        let now = crate::page::sample::NOW;
        let mut item = ActionItem {
            id: ActionItemId(900),
            number: 17,
            incident_id: domain::IncidentId(1),
            title: "Add a check".into(),
            kind: domain::word::ActionType::Prevent,
            priority: domain::word::ActionPriority::P1,
            owner_user_id: Some(domain::UserId(2)),
            owner_team_id: None,
            due_on: Some("2026-11-20".into()),
            tracker: None,
            status: ActionStatus::InProgress,
            done_test: None,
            reason: None,
            created_by: None,
            created_at: now,
            updated_at: now,
        };
        let today = jiff::civil::date(2026, 11, 21);
        let row = action(&item, &directory, today);
        assert!(row.overdue);
        assert_eq!((row.name.as_str(), row.id), ("AI-17", ActionItemId(17)));
        assert_eq!(row.owner.map(|owner| owner.name).as_deref(), Some("Bo"));
        item.status = ActionStatus::Done;
        assert!(!action(&item, &directory, today).overdue);
        item.status = ActionStatus::Open;
        assert!(!action(&item, &directory, jiff::civil::date(2026, 11, 20)).overdue);
    }
}
