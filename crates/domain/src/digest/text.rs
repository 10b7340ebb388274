//! What a digest says.

use jiff::tz::TimeZone;

use super::Digest;
use crate::directory::Directory;
use crate::incident::Incident;
use crate::notification::text::{one_line, shortened};
use crate::reminder::{NoticeText, moment};
use crate::word::PagingState;

/// Most characters of a title.
const TITLE: usize = 150;

impl Digest {
    /// Subject and text of the mail, in the person's own zone. `public_url` is how people reach the
    /// pages, without a trailing slash.
    pub fn text(&self, directory: &Directory, public_url: &str) -> NoticeText {
        let zone = directory
            .user(self.due.user)
            .map_or("UTC", |user| user.zone.as_str());
        let clock = TimeZone::get(zone).unwrap_or(TimeZone::UTC);
        let count = self.listed.len() + self.more;
        let (subject, first) = if count == 1 {
            let title = self.listed.first().map_or("", |one| one.title.as_str());
            (
                format!("Still open: {}", shortened(&one_line(title), TITLE)),
                "One incident of low urgency is open that you have heard of or answer for."
                    .to_owned(),
            )
        } else {
            (
                format!("Still open: {count} incidents of low urgency"),
                format!(
                    "{count} incidents of low urgency are open that you have heard of or answer \
                     for."
                ),
            )
        };
        let mut body = format!("{first}\n");
        for incident in &self.listed {
            body.push_str(&entry(incident, directory, &clock, public_url));
        }
        if self.more > 0 {
            body.push_str(&format!(
                "\nand {} more: {public_url}/incidents?urgency=low\n",
                self.more
            ));
        }
        body.push_str(&format!(
            "\nThis digest comes once a day while something is open. At another time, or not at \
             all: {}\n",
            settings_url(public_url)
        ));
        NoticeText { subject, body }
    }
}

/// Where a person chooses when the digest comes, or ends it.
pub fn settings_url(public_url: &str) -> String {
    format!("{public_url}/calendars#reminders")
}

fn entry(incident: &Incident, directory: &Directory, zone: &TimeZone, public_url: &str) -> String {
    let mut facts = Vec::new();
    if let Some(service) = incident.service_id.and_then(|id| directory.service(id)) {
        facts.push(one_line(&service.name));
    }
    facts.push(incident.alert_severity.to_string());
    facts.push(format!("since {}", moment(incident.created_at, zone)));
    if let Some(alerts) = alerts(incident) {
        facts.push(alerts);
    }
    if incident.paging == PagingState::Acknowledged {
        facts.push(match incident.acknowledged_by {
            Some(user) => format!("acknowledged by {}", one_line(directory.user_name(user))),
            None => "acknowledged".to_owned(),
        });
    }
    format!(
        "\n{} {}\n  {}\n  {public_url}/incidents/{}\n",
        incident.label(),
        shortened(&one_line(&incident.title), TITLE),
        facts.join(" · "),
        incident.number
    )
}

/// `4 alerts`, `2 of 4 alerts still fire`; nothing where there never was one.
fn alerts(incident: &Incident) -> Option<String> {
    match (incident.alerts, incident.open_alerts) {
        (0, _) => None,
        (1, 1) => Some("1 alert".to_owned()),
        (1, _) => Some("its alert is over".to_owned()),
        (all, open) if open >= all => Some(format!("{all} alerts")),
        (all, open) => Some(format!("{open} of {all} alerts still fire")),
    }
}
