//! Shifts that a calendar elsewhere gives: a layer fed from a file or an address (PAGING.md §5.7).
//!
//! An import lies above all rotations, or below them, and never speaks about the past: a shift that
//! is changed or taken out of the calendar keeps the part of it that has been.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::Schedule;
use super::timeline::{Piece, Source, Timeline};
use crate::directory::User;
use crate::{ImportId, ImportedShiftId, Span, Timestamp, UserId};

/// How far ahead a calendar is read.
pub const IMPORT_AHEAD: Span = Span::from_days(400);

/// Names of people whom nobody knows that one import tells of.
pub const UNKNOWN_MAX: usize = 20;

crate::words! {
    /// Where an import lies among the layers of its schedule.
    ImportPlace {
        /// Where the calendar has somebody, the rotations do not count.
        Above = "above",
        /// The calendar fills what the rotations leave open.
        Below = "below",
    }
}

/// The shifts of a calendar, as they have counted and will count.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Import {
    pub id: ImportId,
    pub name: String,
    pub place: ImportPlace,
    /// Rising, without overlap.
    pub shifts: Vec<ImportedShift>,
}

/// One shift of an import, for as long as it counts.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ImportedShift {
    pub start: Timestamp,
    /// Exclusive.
    pub end: Timestamp,
    /// Never empty, rising.
    pub users: Vec<UserId>,
}

impl Import {
    fn at(&self, at: Timestamp) -> Option<&ImportedShift> {
        let next = self.shifts.partition_point(|shift| shift.start <= at);
        let found = self.shifts.get(next.checked_sub(1)?)?;
        (at < found.end).then_some(found)
    }

    fn timeline(&self, from: Timestamp, until: Timestamp) -> Timeline<'_> {
        let mut timeline = Timeline::default();
        let first = self.shifts.partition_point(|shift| shift.end <= from);
        for shift in self.shifts.iter().skip(first) {
            if shift.start >= until {
                break;
            }
            timeline.push(Piece {
                start: shift.start.max(from),
                end: shift.end.min(until),
                users: Cow::Borrowed(&shift.users),
                shadows: &[],
                source: Source::Import(self.id, &self.name),
            });
        }
        timeline
    }
}

/// The imports above and below `layers`, which cover `from..until`.
pub(super) fn around<'a>(
    imports: &'a [Import],
    layers: Timeline<'a>,
    from: Timestamp,
    until: Timestamp,
) -> Timeline<'a> {
    let mut result = layers;
    for import in ordered(imports, ImportPlace::Below) {
        result = result.over(import.timeline(from, until));
    }
    for import in ordered(imports, ImportPlace::Above).into_iter().rev() {
        result = import.timeline(from, until).over(result);
    }
    result
}

/// From the highest to the lowest: of two in the same place the later-made counts.
fn ordered(imports: &[Import], place: ImportPlace) -> Vec<&Import> {
    let mut all: Vec<_> = imports.iter().filter(|one| one.place == place).collect();
    all.sort_unstable_by_key(|one| std::cmp::Reverse(one.id));
    all
}

impl Schedule {
    /// Who an import in this place has at `at`.
    pub(super) fn imported_at(&self, place: ImportPlace, at: Timestamp) -> Option<&[UserId]> {
        ordered(&self.imports, place)
            .into_iter()
            .find_map(|import| import.at(at))
            .map(|shift| shift.users.as_slice())
    }
}

/// What one event of a calendar says about people, in the order in which it is believed.
#[derive(Clone, Copy, Debug, Default)]
pub struct Named<'a> {
    /// E-mail addresses of those who attend.
    pub attendees: &'a [String],
    /// The title.
    pub summary: &'a str,
    /// E-mail address of who made it.
    pub organizer: Option<&'a str>,
}

/// People by what calendars call them.
pub struct People<'a> {
    by_address: BTreeMap<String, UserId>,
    /// Those of them who are the only one of that name or handle.
    by_name: Vec<(String, Option<UserId>)>,
    by_handle: BTreeMap<String, Option<UserId>>,
    users: Vec<&'a User>,
}

impl<'a> People<'a> {
    pub fn new(users: impl Iterator<Item = &'a User>) -> People<'a> {
        let mut people = People {
            by_address: BTreeMap::new(),
            by_name: Vec::new(),
            by_handle: BTreeMap::new(),
            users: users.filter(|user| !user.disabled).collect(),
        };
        let mut names: BTreeMap<String, Option<UserId>> = BTreeMap::new();
        for user in &people.users {
            for method in &user.methods {
                if method.verified_at.is_some() {
                    people
                        .by_address
                        .entry(method.address.to_lowercase())
                        .or_insert(user.id);
                }
            }
        }
        for user in &people.users {
            // The address of the account is surer than one that two people share.
            people.by_address.insert(user.email.to_lowercase(), user.id);
            let note = |map: &mut BTreeMap<String, Option<UserId>>, text: String| {
                map.entry(text)
                    .and_modify(|one| *one = None)
                    .or_insert(Some(user.id));
            };
            note(&mut names, folded(&user.name));
            note(&mut people.by_handle, user.handle().to_lowercase());
        }
        names.remove("");
        people.by_name = names.into_iter().collect();
        people
    }

    /// Whom an event means, rising; empty when nobody is known.
    ///
    /// Attendees who are known; else whoever the title names by address, `@handle`, or full name;
    /// else, when the title is nothing but a handle, that person; else who made the event. A name
    /// that two people have means neither.
    pub fn find(&self, named: &Named<'_>) -> Vec<UserId> {
        let by_address = |address: &str| self.by_address.get(&address.to_lowercase()).copied();
        let attending = named.attendees.iter();
        let found: BTreeSet<_> = attending.filter_map(|one| by_address(one)).collect();
        if !found.is_empty() {
            return found.into_iter().collect();
        }
        let found = self.in_title(named.summary);
        if !found.is_empty() {
            return found.into_iter().collect();
        }
        named.organizer.and_then(by_address).into_iter().collect()
    }

    fn in_title(&self, title: &str) -> BTreeSet<UserId> {
        let mut found = BTreeSet::new();
        let apart = |letter: char| letter.is_whitespace() || ",;:()[]<>/|&+\"".contains(letter);
        for word in title.split(apart) {
            let word = word.trim_matches('.').to_lowercase();
            if word.starts_with('@') {
                found.extend(self.by_handle.get(&word).copied().flatten());
            } else if word.contains('@') {
                found.extend(self.by_address.get(&word));
            }
        }
        let whole = format!(" {} ", folded(title));
        for (name, user) in &self.by_name {
            if whole.contains(&format!(" {name} ")) {
                found.extend(*user);
            }
        }
        if found.is_empty() {
            let handle = format!("@{}", title.trim().to_lowercase());
            found.extend(self.by_handle.get(&handle).copied().flatten());
        }
        found
    }
}

/// Words in lower case with single spaces; what is between words does not count.
fn folded(text: &str) -> String {
    let words = text
        .split(|letter: char| !letter.is_alphanumeric() && letter != '\'' && letter != '-')
        .filter(|word| word.chars().any(char::is_alphanumeric));
    words.collect::<Vec<_>>().join(" ").to_lowercase()
}

/// Shifts that may overlap, as rising ones that do not: where several overlap, all their people are
/// on call.
pub fn lay_out(shifts: &[ImportedShift]) -> Vec<ImportedShift> {
    // How often each person is on call changes at these instants.
    let mut changes: BTreeMap<Timestamp, Vec<(UserId, i32)>> = BTreeMap::new();
    for shift in shifts.iter().filter(|shift| shift.start < shift.end) {
        for &user in &shift.users {
            changes.entry(shift.start).or_default().push((user, 1));
            changes.entry(shift.end).or_default().push((user, -1));
        }
    }
    let mut result: Vec<ImportedShift> = Vec::new();
    let mut present: BTreeMap<UserId, i32> = BTreeMap::new();
    let mut since = Timestamp::MIN;
    for (at, changes) in changes {
        if !present.is_empty() {
            let users: Vec<_> = present.keys().copied().collect();
            // Shifts that follow each other stay apart: they may be changed one by one.
            result.push(ImportedShift {
                start: since,
                end: at,
                users,
            });
        }
        for (user, by) in changes {
            let count = present.entry(user).or_insert(0);
            *count += by;
            if *count == 0 {
                present.remove(&user);
            }
        }
        since = at;
    }
    result
}

/// A shift that is kept, and counts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KnownShift {
    pub id: ImportedShiftId,
    pub shift: ImportedShift,
}

/// What a new edition of a calendar changes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Edition {
    /// These count no longer, from `now` on.
    pub withdraw: Vec<ImportedShiftId>,
    /// These count too. None begins before `now`.
    pub add: Vec<ImportedShift>,
}

impl Edition {
    pub fn is_empty(&self) -> bool {
        self.withdraw.is_empty() && self.add.is_empty()
    }
}

/// What is to be changed of `known` so that `fresh` (laid out) counts from `now` on. The past stays
/// as it was.
pub fn edition(known: &[KnownShift], fresh: Vec<ImportedShift>, now: Timestamp) -> Edition {
    let mut add: Vec<ImportedShift> = fresh
        .into_iter()
        .filter(|shift| shift.end > now)
        .map(|shift| ImportedShift {
            start: shift.start.max(now),
            ..shift
        })
        .collect();
    let mut withdraw = Vec::new();
    for one in known.iter().filter(|one| one.shift.end > now) {
        let ahead = ImportedShift {
            start: one.shift.start.max(now),
            ..one.shift.clone()
        };
        match add.iter().position(|shift| *shift == ahead) {
            Some(same) => {
                add.remove(same);
            }
            None => withdraw.push(one.id),
        }
    }
    Edition { withdraw, add }
}
