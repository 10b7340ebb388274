//! Holiday calendars.

use std::sync::Arc;

use domain::HolidayCalendarId;
use domain::schedule::{Holiday, HolidayCalendar};

use super::{Work, put};
use crate::configuration::check::Checks;
use crate::configuration::{holiday, slug};
use crate::manifest::document::CalendarEntry;
use crate::manifest::write::Write;

impl Work<'_> {
    pub(super) fn calendar(&mut self, entry: &CalendarEntry) {
        let at = entry.slug.at;
        let existing = self.directory.calendar_by_slug(&entry.slug).cloned();
        let created = existing.is_none();
        if !self.first("holiday calendar", &entry.slug, at) {
            return;
        }
        let mut fields = vec![];
        let mut edited = existing.unwrap_or_else(|| HolidayCalendar {
            id: self.id(HolidayCalendarId),
            slug: entry.slug.value.clone(),
            name: entry.slug.value.clone(),
            description: String::new(),
            days: vec![],
        });
        let mut checks = Checks::default();
        if created && let Err(message) = slug::check(&entry.slug) {
            checks.add("slug", message);
        }
        if let Some(name) = &entry.name {
            let name = checks.name("name", name);
            put(&mut edited.name, name, "name", &mut fields);
        }
        if let Some(text) = &entry.description {
            let text = checks.description("description", text);
            put(&mut edited.description, text, "description", &mut fields);
        }
        self.problems(at, checks.into_problems());
        if let Some(wanted) = &entry.days {
            let days: Vec<Holiday> = wanted.iter().map(|day| day.value.clone()).collect();
            let before = edited.days.clone();
            if let Err(problems) = holiday::with_days(&mut edited, days, created, self.now) {
                let place = wanted.first().map_or(at, |day| day.at);
                self.problems(place, problems);
            }
            if edited.days != before {
                fields.push("days");
            }
        }
        if created {
            self.writes.push(Write::InsertCalendar(edited.clone()));
        } else if !fields.is_empty() {
            self.writes.push(Write::UpdateCalendar(edited.clone()));
        }
        // Schedules that use the calendar follow from now on.
        for (id, versions) in holiday::new_versions(&self.directory, &edited, self.now) {
            let Some(schedule) = self.directory.schedules.get_mut(&id) else {
                continue;
            };
            let schedule = Arc::make_mut(schedule);
            for version in versions {
                schedule.versions.push(version.clone());
                self.writes
                    .push(Write::InsertScheduleVersion { id, version });
            }
            schedule
                .versions
                .sort_by_key(|one| (one.effective_from, one.version));
        }
        self.directory.calendars.insert(edited.id, Arc::new(edited));
        self.change(
            "holiday calendar",
            entry.slug.value.clone(),
            created,
            fields,
        );
    }
}
