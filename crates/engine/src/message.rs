//! Writes what a notification says, at the moment it is sent.

use channels::{MailingList, Message};
use domain::Timestamp;
use domain::directory::Directory;
use domain::escalation::{Reason, Request};
use domain::incident::Incident;
use domain::incident::responder::Responder;
use domain::notification::text::{NoticeText, PageText};
use domain::word::{AlertSeverity, ContactKind, NotificationKind, Urgency};
use jiff::tz::TimeZone;
use store::notification::Notification;

use crate::link::{Link, LinkSecret, VALID_FOR};
use crate::reply::Letterbox;

/// What every message needs to know of the installation.
#[derive(Clone, Debug)]
pub struct Sender {
    /// Without a trailing slash.
    pub public_url: String,
    pub secret: LinkSecret,
    /// Where answers by mail arrive; `None`: mails are not answered by mails.
    pub letterbox: Option<Letterbox>,
}

impl Sender {
    pub fn incident_url(&self, number: i64) -> String {
        format!("{}/incidents/{number}", self.public_url)
    }

    /// A page, with how many further incidents it stands for, and the open request for help to the
    /// person.
    #[expect(
        clippy::too_many_arguments,
        reason = "a message is made of as many things"
    )]
    pub(crate) fn page(
        &self,
        row: &Notification,
        incident: &Incident,
        reason: Option<&Reason>,
        others: usize,
        request: Option<&Responder>,
        directory: &Directory,
        now: Timestamp,
    ) -> Message {
        let zone = row
            .user_id
            .and_then(|id| directory.user(id))
            .and_then(|user| TimeZone::get(&user.zone).ok())
            .unwrap_or(TimeZone::UTC);
        let ack_url = row
            .user_id
            .filter(|_| row.channel == ContactKind::Email)
            .map(|user| {
                let link = Link {
                    user,
                    incident: incident.id,
                    notification: row.id,
                    expires_at: now + VALID_FOR,
                };
                format!("{}/a/{}", self.public_url, link.sign(&self.secret))
            });
        let reply_to = self.reply_to(row, now);
        let text = PageText {
            incident_number: incident.number,
            title: incident.title.clone(),
            service: service_name(incident, directory),
            urgency: row.urgency,
            severity: incident.alert_severity,
            reason: reason
                .map(|reason| reason.sentence("you", &zone))
                .unwrap_or_default(),
            url: self.incident_url(incident.number),
            ack_url,
            takes_replies: reply_to.is_some(),
            code: row.reply_code.clone(),
            others,
            request: request.map(|one| Request {
                by: one
                    .asked_by
                    .map_or("the API", |user| directory.user_name(user))
                    .to_owned(),
                message: one.message.clone(),
            }),
        };
        let (body, html) = match row.channel.contact() {
            Some(ContactKind::Sms) => (text.sms(), None),
            _ => (text.mail_plain(), Some(text.mail_html())),
        };
        let critical =
            row.urgency == Urgency::High && incident.alert_severity == AlertSeverity::Critical;
        let message = message(
            row,
            text.subject(),
            body,
            html,
            Some(incident.number),
            critical,
        );
        Message {
            reply_to,
            ..message
        }
    }

    /// Where the answer to a mail goes.
    fn reply_to(&self, row: &Notification, now: Timestamp) -> Option<String> {
        let letterbox = self.letterbox.as_ref()?;
        let answerable = row.user_id.is_some() && row.channel == ContactKind::Email;
        answerable.then(|| letterbox.address(row.id, &self.secret, now))
    }

    /// What answers a person's answer by mail; it stands with the page and can be answered as that.
    pub(crate) fn answer(
        &self,
        row: &Notification,
        incident: Option<&Incident>,
        now: Timestamp,
    ) -> Message {
        let number = incident.map(|incident| incident.number);
        let (subject, body) = (row.subject.clone(), row.body.clone());
        Message {
            reply_to: self.reply_to(row, now),
            ..message(row, subject, body, None, number, false)
        }
    }

    /// A notice, with those that travel as part of it.
    pub(crate) fn notice(
        &self,
        row: &Notification,
        incident: Option<&Incident>,
        carried: &[(&Notification, &Incident)],
        directory: &Directory,
    ) -> Message {
        let Some(incident) = incident else {
            return message(
                row,
                row.subject.clone(),
                row.body.clone(),
                None,
                None,
                false,
            );
        };
        let text = NoticeText {
            incident_number: incident.number,
            title: incident.title.clone(),
            service: service_name(incident, directory),
            what: said_together(row, incident, carried),
            url: self.incident_url(incident.number),
        };
        let (body, html) = match row.channel.contact() {
            Some(ContactKind::Sms) => (text.sms(), None),
            _ => (text.mail_plain(), Some(text.mail_html())),
        };
        message(
            row,
            text.subject(),
            body,
            html,
            Some(incident.number),
            false,
        )
    }

    /// Subject and text of a notice about an incident, as it goes out on its own: what is stored of
    /// it is only the sentence that makes it one. `None` for every other message.
    pub fn notice_text(
        &self,
        row: &Notification,
        incident: &Incident,
        directory: &Directory,
    ) -> Option<(String, String)> {
        if row.kind != NotificationKind::Notice {
            return None;
        }
        let message = self.notice(row, Some(incident), &[], directory);
        Some((message.subject, message.text))
    }

    /// A morning digest: written when it was planned, with the place that ends it.
    pub(crate) fn digest(&self, row: &Notification) -> Message {
        Message {
            list: Some(MailingList {
                id: "digest",
                settings_url: domain::digest::settings_url(&self.public_url),
            }),
            ..self.as_written(row)
        }
    }

    /// What was already written when it was planned: codes and replies.
    pub(crate) fn as_written(&self, row: &Notification) -> Message {
        let critical = row.kind == NotificationKind::Page;
        message(
            row,
            row.subject.clone(),
            row.body.clone(),
            None,
            None,
            critical,
        )
    }
}

/// Sentences of one notice are listed, each once.
const SENTENCES: usize = 10;

/// What bundled notices say: a sentence for each, those of other incidents with their names.
fn said_together(
    row: &Notification,
    incident: &Incident,
    carried: &[(&Notification, &Incident)],
) -> String {
    let mut said = vec![row.body.clone()];
    for (other, about) in carried {
        let sentence = if about.id == incident.id {
            other.body.clone()
        } else {
            format!("{}: {}", about.label(), other.body)
        };
        if !said.contains(&sentence) {
            said.push(sentence);
        }
    }
    let more = said.len().saturating_sub(SENTENCES);
    said.truncate(SENTENCES);
    if more > 0 {
        said.push(format!("and {more} more"));
    }
    said.join("; ")
}

fn service_name(incident: &Incident, directory: &Directory) -> String {
    incident
        .service_id
        .and_then(|id| directory.service(id))
        .map_or_else(|| "Quarterdeck".to_owned(), |service| service.name.clone())
}

fn message(
    row: &Notification,
    subject: String,
    text: String,
    html: Option<String>,
    incident_number: Option<i64>,
    critical: bool,
) -> Message {
    Message {
        notification_id: row.id,
        to: row.address.clone(),
        subject,
        text,
        html,
        thread: incident_number.map(|number| format!("incident-{number}")),
        critical,
        reply_to: None,
        list: None,
    }
}
