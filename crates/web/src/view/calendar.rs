//! Calendars: feeds of shifts, imported calendars, and what one is told of shifts.

use askama::Template;
use domain::{FeedId, ImportId, Timestamp};

use super::form::Form;
use super::frame::{Choice, Frame, Link};

/// `GET /calendars`.
#[derive(Clone, Debug, Template)]
#[template(path = "calendar/page.html")]
pub struct CalendarsPage {
    pub frame: Frame,
    /// The address of a feed that has just been made; shown once.
    pub fresh: Option<String>,
    pub feeds: Vec<FeedRow>,
    /// `person`, `schedule:{id}`, `team:{id}`.
    pub subjects: Vec<Choice>,
    pub imports: Vec<ImportRow>,
    /// By slug.
    pub schedules: Vec<Choice>,
    pub places: Vec<Choice>,
    /// `form` names which was refused: `feed` (`subject`), `import` (`schedule`, `name`, `place`,
    /// `url`, `text`), `reminders` (`leads`, `hand_off`, `digest`, `digest_at`).
    pub form: Form,
    /// What is chosen while nothing was typed.
    pub chosen: Chosen,
}

/// What the forms show while nothing was typed.
#[derive(Clone, Debug, Default)]
pub struct Chosen {
    pub subject: String,
    pub schedule: String,
    pub leads: String,
    pub hand_off: bool,
    pub digest: bool,
    /// `09:00`.
    pub digest_at: String,
}

#[derive(Clone, Debug)]
pub struct FeedRow {
    pub id: FeedId,
    pub title: String,
    pub hint: String,
    /// Whose it is, if not one's own.
    pub by: Option<String>,
    pub created_at: Timestamp,
    pub fetched_at: Option<Timestamp>,
}

#[derive(Clone, Debug)]
pub struct ImportRow {
    pub id: ImportId,
    pub schedule: Link,
    pub slug: String,
    pub name: String,
    /// In words.
    pub place: &'static str,
    /// The host it is fetched from.
    pub host: Option<String>,
    pub good_at: Option<Timestamp>,
    pub tried_at: Option<Timestamp>,
    pub failure: Option<String>,
    pub warnings: Vec<String>,
}

impl CalendarsPage {
    fn feed_form(&self) -> Form {
        self.form.only("feed").or("subject", &self.chosen.subject)
    }

    fn import_form(&self) -> Form {
        let form = self.form.only("import");
        form.or("schedule", &self.chosen.schedule)
    }

    fn wish_form(&self) -> Form {
        let form = self.form.only("reminders");
        let form = form
            .or("leads", &self.chosen.leads)
            .or("digest_at", &self.chosen.digest_at);
        let ticked = [
            ("hand_off", self.chosen.hand_off),
            ("digest", self.chosen.digest),
        ];
        let ticked = ticked.into_iter().filter(|(_, chosen)| *chosen);
        ticked.fold(form, |form, (name, _)| form.or(name, "yes"))
    }

    fn revoke(&self, feed: &FeedRow) -> String {
        format!("/calendars/feeds/{}/delete", feed.id)
    }

    fn remove(&self, import: &ImportRow) -> String {
        format!("/calendars/imports/{}/{}/delete", import.slug, import.id)
    }
}
