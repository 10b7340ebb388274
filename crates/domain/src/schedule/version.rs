//! Versions of a schedule: the one that speaks, one that might, and how two differ.

use super::query::bounded;
use super::timeline::{Piece, same_people};
use super::{ConfigProblem, Holiday, HolidayRule, Schedule, ScheduleConfig, ScheduleVersion};
use crate::{Timestamp, UserId};

/// A stretch in which other people are on call after a change than before it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Difference {
    pub start: Timestamp,
    /// Exclusive.
    pub end: Timestamp,
    /// Empty when nobody.
    pub before: Vec<UserId>,
    /// Empty when nobody.
    pub after: Vec<UserId>,
}

impl Schedule {
    /// The version that speaks at `at`; `None` before the first.
    pub fn version_at(&self, at: Timestamp) -> Option<&ScheduleVersion> {
        self.versions
            .iter()
            .rfind(|version| version.effective_from <= at)
    }

    /// This schedule as if one of its versions had always spoken: "who would have been on call
    /// under version V". `None` when there is no such version.
    pub fn under_version(&self, version: i64) -> Option<Schedule> {
        let chosen = self.versions.iter().find(|one| one.version == version)?;
        Some(Schedule {
            versions: vec![ScheduleVersion {
                effective_from: Timestamp::MIN,
                ..chosen.clone()
            }],
            ..self.clone()
        })
    }

    /// The number of the next version.
    pub fn next_version(&self) -> i64 {
        let highest = self.versions.iter().map(|version| version.version).max();
        highest.unwrap_or(0) + 1
    }

    /// This schedule as it would be with `config` saved to hold from `from` on: until then it is as
    /// before, and a version that was to begin later still will.
    pub fn edited(&self, config: ScheduleConfig, from: Timestamp) -> Schedule {
        let mut edited = self.clone();
        edited.versions.push(ScheduleVersion {
            version: self.next_version(),
            effective_from: from,
            config,
        });
        edited
            .versions
            .sort_by_key(|version| (version.effective_from, version.version));
        edited
    }

    /// The versions to be saved at `now` when a holiday calendar has other days from then on: one in
    /// the place of the version that speaks, and one in the place of each that is to speak later,
    /// if they use the calendar. What has been stays.
    pub fn with_calendar(
        &self,
        slug: &str,
        days: &[Holiday],
        now: Timestamp,
    ) -> Vec<ScheduleVersion> {
        let speaking = self.version_at(now).map(|version| version.version);
        let mut number = self.next_version();
        let mut versions: Vec<ScheduleVersion> = Vec::new();
        for old in &self.versions {
            let speaks = Some(old.version) == speaking;
            if !speaks && old.effective_from <= now {
                continue;
            }
            // Of several from one instant only the last ever speaks.
            if !speaks
                && self.version_at(old.effective_from).map(|one| one.version) != Some(old.version)
            {
                continue;
            }
            let used = old.config.calendars.get(slug);
            if used.is_none_or(|used| used == days) {
                continue;
            }
            let mut config = old.config.clone();
            config.calendars.insert(slug.to_owned(), days.to_vec());
            versions.push(ScheduleVersion {
                version: number,
                effective_from: old.effective_from.max(now),
                config,
            });
            number += 1;
        }
        versions
    }

    /// The version that speaks at `now` and those that may yet speak.
    fn live_versions(&self, now: Timestamp) -> impl Iterator<Item = &ScheduleVersion> {
        let speaking = self.version_at(now).map(|version| version.version);
        self.versions
            .iter()
            .filter(move |one| one.effective_from > now || Some(one.version) == speaking)
    }

    /// Whether a version that speaks at `now` or may yet speak uses a holiday calendar.
    pub fn uses_calendar(&self, slug: &str, now: Timestamp) -> bool {
        self.live_versions(now)
            .any(|one| one.config.calendars.contains_key(slug))
    }

    /// The layers that use a holiday calendar at `now` or may yet, each once, and what its days mean
    /// to them.
    pub fn layers_using(&self, slug: &str, now: Timestamp) -> Vec<(&str, HolidayRule)> {
        let mut found: Vec<(&str, HolidayRule)> = Vec::new();
        for layer in self.live_versions(now).flat_map(|one| &one.config.layers) {
            if let Some(holidays) = layer.holidays.as_ref().filter(|one| one.calendar == slug) {
                let using = (layer.name.as_str(), holidays.when);
                if !found.contains(&using) {
                    found.push(using);
                }
            }
        }
        found
    }

    /// Whether a person could be on call at `now` or later: a cheap look at who is named anywhere,
    /// before anything is worked out.
    pub fn may_name(&self, user: UserId, now: Timestamp) -> bool {
        let mut turns = self
            .live_versions(now)
            .flat_map(|version| &version.config.layers)
            .flat_map(|layer| &layer.participants);
        turns.any(|turn| turn.users.contains(&user))
            || self
                .overrides
                .iter()
                .any(|one| now < one.end && one.users.contains(&user))
            || self
                .temporaries
                .iter()
                .filter(|one| now < one.end)
                .flat_map(|one| &one.shifts)
                .any(|shift| shift.users.contains(&user))
            || self
                .imports
                .iter()
                .flat_map(|one| &one.shifts)
                .any(|shift| now < shift.end && shift.users.contains(&user))
    }

    /// Whether anybody follows a turn of the version that speaks at `at`: a cheap look.
    pub fn has_shadows(&self, at: Timestamp) -> bool {
        let layers = self
            .version_at(at)
            .map_or(&[][..], |one| &one.config.layers);
        let mut turns = layers.iter().flat_map(|layer| &layer.participants);
        turns.any(|turn| !turn.shadows.is_empty())
    }

    /// Where within `from..until` other people are on call in `after` than in this schedule:
    /// rising, and as long as can be. Why somebody is on call makes no difference, nor do shadows.
    pub fn difference(
        &self,
        after: &Schedule,
        from: Timestamp,
        until: Timestamp,
    ) -> Vec<Difference> {
        let (from, until) = bounded(from, until);
        let mut old = self.final_pieces(from, until).into_iter().peekable();
        let mut new = after.final_pieces(from, until).into_iter().peekable();
        let mut differences: Vec<Difference> = Vec::new();
        let mut at = from;
        while at < until {
            while old.next_if(|piece| piece.end <= at).is_some() {}
            while new.next_if(|piece| piece.end <= at).is_some() {}
            let (before, before_ends) = people_at(old.peek(), at, until);
            let (now, now_ends) = people_at(new.peek(), at, until);
            let end = before_ends.min(now_ends);
            if !same_people(before, now) {
                match differences.last_mut() {
                    Some(last) if last.end == at && last.before == before && last.after == now => {
                        last.end = end;
                    }
                    _ => differences.push(Difference {
                        start: at,
                        end,
                        before: before.to_vec(),
                        after: now.to_vec(),
                    }),
                }
            }
            at = end;
        }
        differences
    }
}

impl ScheduleConfig {
    /// Copies the days of the calendars that layers name into the configuration; others are taken
    /// out of it. `days_of` knows the calendars by slug.
    ///
    /// # Errors
    /// The layers whose calendar is not known.
    pub fn fill_calendars<'a>(
        &mut self,
        days_of: impl Fn(&str) -> Option<&'a [Holiday]>,
    ) -> Result<(), Vec<ConfigProblem>> {
        let mut problems = Vec::new();
        self.calendars.clear();
        for (index, layer) in self.layers.iter().enumerate() {
            let Some(holidays) = &layer.holidays else {
                continue;
            };
            match days_of(&holidays.calendar) {
                Some(days) => {
                    let slug = holidays.calendar.clone();
                    self.calendars.insert(slug, days.to_vec());
                }
                None => problems.push(ConfigProblem {
                    path: format!("layers[{index}].holidays"),
                    message: format!("there is no holiday calendar `{}`", holidays.calendar),
                }),
            }
        }
        if problems.is_empty() {
            Ok(())
        } else {
            Err(problems)
        }
    }
}

/// Who is on call at `at`, and until when that is certain. `piece` is the first that ends later.
fn people_at<'a>(
    piece: Option<&'a Piece<'_>>,
    at: Timestamp,
    until: Timestamp,
) -> (&'a [UserId], Timestamp) {
    match piece {
        Some(piece) if piece.start <= at => (&piece.users, piece.end),
        Some(piece) => (&[], piece.start),
        None => (&[], until),
    }
}
