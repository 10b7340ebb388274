//! What was changed: the list of changes, and those beside an incident.

use askama::Template;
use domain::change_event::{ChangeKind, ChangeStatus};
use domain::{ChangeEventId, Timestamp};

use super::badge::Tone;
use super::form::Form;
use super::frame::{Choice, Frame, Link, Markup};

/// `GET /changes?service=&kind=&q=&before=`.
#[derive(Clone, Debug, Template)]
#[template(path = "change/list.html")]
pub struct ChangeListPage {
    pub frame: Frame,
    /// Newest first.
    pub rows: Vec<ChangeRow>,
    pub filter: ChangeFilter,
    /// Values are slugs.
    pub services: Vec<Choice>,
    /// Address of what is older than the rows.
    pub older: Option<String>,
    /// Of telling a change by hand.
    pub form: Form,
}

impl ChangeListPage {
    fn kinds(&self) -> &'static [ChangeKind] {
        ChangeKind::ALL
    }

    /// `details` stands open while there is something to mend in it.
    fn open(&self) -> Markup {
        let open = self.form.has_errors();
        Markup(if open { " open" } else { "" }.to_owned())
    }
}

/// One change.
#[derive(Clone, Debug)]
pub struct ChangeRow {
    pub id: ChangeEventId,
    pub kind: ChangeKind,
    pub status: Option<ChangeStatus>,
    pub summary: String,
    pub source: String,
    pub service: Option<Link>,
    /// What told of it.
    pub by: String,
    pub began: Timestamp,
    /// When it took a while.
    pub ended: Option<Timestamp>,
    /// Text and address; only those of the web are made links.
    pub links: Vec<(String, String)>,
    /// Pretty JSON; empty for none.
    pub details: String,
    /// How it stands to the incident that the page is about: "14 m before".
    pub bearing: Option<String>,
    /// It was going on when the incident opened.
    pub running: bool,
}

impl ChangeRow {
    pub(super) fn icon(&self) -> Markup {
        super::badge::icon(match self.kind {
            ChangeKind::Experiment => "flask",
            ChangeKind::Configuration => "adjustments",
            ChangeKind::Push => "git-commit",
            ChangeKind::Pipeline => "refresh",
            ChangeKind::Deployment | ChangeKind::Release => "rocket",
            ChangeKind::Other => "pencil",
        })
    }

    pub(super) fn state(&self) -> Markup {
        let Some(status) = self.status else {
            return Markup(String::new());
        };
        let (icon, tone, word) = match status {
            ChangeStatus::Pending => ("clock", Tone::Off, "Pending"),
            ChangeStatus::Running => ("player-play", Tone::Held, "Running"),
            ChangeStatus::Succeeded => ("circle-check", Tone::Fine, "Succeeded"),
            ChangeStatus::Failed => ("circle-x", Tone::Alarm, "Failed"),
            ChangeStatus::Cancelled => ("x", Tone::Off, "Cancelled"),
        };
        super::badge::badge(tone, icon, word)
    }
}

impl Frame {
    /// A kind as people read it.
    pub fn change_kind(&self, kind: &ChangeKind) -> &'static str {
        match kind {
            ChangeKind::Deployment => "Deployment",
            ChangeKind::Release => "Release",
            ChangeKind::Push => "Push",
            ChangeKind::Pipeline => "Pipeline",
            ChangeKind::Configuration => "Configuration",
            ChangeKind::Experiment => "Chaos experiment",
            ChangeKind::Other => "Other",
        }
    }
}

/// Which changes the list shows.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ChangeFilter {
    /// Slug.
    pub service: String,
    pub kind: Option<ChangeKind>,
    /// Words looked for in summary and source.
    pub q: String,
    /// Only what is older than this change: its time and id.
    pub before: Option<(Timestamp, ChangeEventId)>,
}

impl ChangeFilter {
    /// Reads the query of an address; what it does not understand it leaves out.
    pub fn from_query(query: &str) -> ChangeFilter {
        let mut filter = ChangeFilter::default();
        for (name, value) in url::form_urlencoded::parse(query.as_bytes()) {
            match name.as_ref() {
                "service" => filter.service = value.into_owned(),
                "kind" => filter.kind = value.parse().ok(),
                "q" => filter.q = value.trim().to_owned(),
                "before" => filter.before = position(&value),
                _ => {}
            }
        }
        filter
    }

    /// The address of what is older than a change, with the same filter.
    pub fn older_than(&self, at: Timestamp, id: ChangeEventId) -> String {
        let mut query = url::form_urlencoded::Serializer::new(String::new());
        if !self.service.is_empty() {
            query.append_pair("service", &self.service);
        }
        if let Some(kind) = self.kind {
            query.append_pair("kind", kind.as_str());
        }
        if !self.q.is_empty() {
            query.append_pair("q", &self.q);
        }
        query.append_pair("before", &format!("{}.{id}", at.0));
        format!("/changes?{}", query.finish())
    }
}

fn position(text: &str) -> Option<(Timestamp, ChangeEventId)> {
    let (at, id) = text.split_once('.')?;
    Some((Timestamp(at.parse().ok()?), ChangeEventId(id.parse().ok()?)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_filter_survives_its_address() {
        let filter = ChangeFilter {
            service: "checkout".into(),
            kind: Some(ChangeKind::Deployment),
            q: "a & b".into(),
            before: None,
        };
        let address = filter.older_than(Timestamp(17), ChangeEventId(4));
        let query = address.strip_prefix("/changes?").unwrap();
        let read = ChangeFilter::from_query(query);
        assert_eq!(read.before, Some((Timestamp(17), ChangeEventId(4))));
        assert_eq!(
            ChangeFilter {
                before: None,
                ..read
            },
            filter
        );
        assert_eq!(ChangeFilter::from_query("before=x&kind=y").before, None);
    }
}
