//! What reminders and notices of a hand-off say.

use jiff::tz::TimeZone;

use super::{ShiftNotice, ShiftNoticeKind};
use crate::directory::Directory;
use crate::word::ContactKind;
use crate::{Timestamp, UserId};

/// Subject and text of a notice.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NoticeText {
    pub subject: String,
    pub body: String,
}

impl NoticeText {
    /// What `notice` says at `now`, in the person's own zone. `url` is where the schedule stands.
    pub fn of(
        notice: &ShiftNotice,
        directory: &Directory,
        channel: ContactKind,
        url: &str,
        now: Timestamp,
    ) -> NoticeText {
        let key = notice.key;
        let name = directory
            .schedule(key.schedule_id)
            .map_or("a schedule", |schedule| schedule.name.as_str());
        let zone = directory
            .user(key.user)
            .and_then(|user| TimeZone::get(&user.zone).ok())
            .unwrap_or(TimeZone::UTC);
        let (at, until) = (
            time(key.at, &zone),
            notice.until.map(|end| time(end, &zone)),
        );
        let until = until.map_or_else(String::new, |end| format!(" until {end}"));
        let duty = if notice.shadow {
            "follow the shift of"
        } else {
            "are on call for"
        };
        let (subject, sentence) = match key.kind {
            ShiftNoticeKind::Reminder => {
                let left = key.at.since(now);
                let what = if notice.shadow {
                    "You follow"
                } else {
                    "On call"
                };
                (
                    format!("{what} in {left}: {name}"),
                    format!("You {duty} {name} from {at}{until}."),
                )
            }
            ShiftNoticeKind::Began => (
                format!("You are on call now: {name}"),
                format!(
                    "Since {at} you {duty} {name}{until}.{}",
                    with(notice, directory)
                ),
            ),
            ShiftNoticeKind::Ended => (
                format!("Your shift has ended: {name}"),
                format!(
                    "Your shift for {name} ended at {at}.{}",
                    follows(notice, directory)
                ),
            ),
        };
        let body = match channel {
            ContactKind::Sms => sentence,
            ContactKind::Email => format!(
                "{sentence}\n\n{url}\n\nWhen you are told of your shifts is up to you: see your \
                 profile.\n"
            ),
        };
        NoticeText { subject, body }
    }
}

fn with(notice: &ShiftNotice, directory: &Directory) -> String {
    let others: Vec<UserId> = notice
        .now_on_call
        .iter()
        .copied()
        .filter(|user| *user != notice.key.user)
        .collect();
    if others.is_empty() {
        String::new()
    } else {
        format!(" With you: {}.", named(&others, directory))
    }
}

fn follows(notice: &ShiftNotice, directory: &Directory) -> String {
    if notice.now_on_call.is_empty() {
        " Nobody is on call now.".to_owned()
    } else {
        format!(" On call now: {}.", named(&notice.now_on_call, directory))
    }
}

fn named(users: &[UserId], directory: &Directory) -> String {
    let names: Vec<_> = users
        .iter()
        .map(|user| directory.user_name(*user))
        .collect();
    names.join(", ")
}

/// `Mon 23 Nov 2026 09:00 CET (08:00 UTC)`.
pub(crate) fn time(at: Timestamp, zone: &TimeZone) -> String {
    let local = at.in_zone(zone);
    let shown = local.strftime("%a %-d %b %Y %H:%M %Z");
    let utc = at.in_zone(&TimeZone::UTC);
    if local.offset() == utc.offset() {
        return shown.to_string();
    }
    if local.date() == utc.date() {
        format!("{shown} ({} UTC)", utc.strftime("%H:%M"))
    } else {
        format!("{shown} ({} UTC)", utc.strftime("%a %H:%M"))
    }
}
