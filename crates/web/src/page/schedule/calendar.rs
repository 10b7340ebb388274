//! The calendar picture of a schedule.

use domain::directory::Directory;
use domain::schedule::{Schedule, ScheduleVersion, Shift, ShiftSource};
use domain::{Timestamp, UserId};
use jiff::ToSpan as _;
use jiff::civil::Date;
use jiff::tz::TimeZone;

use super::row;
use crate::picture::{Bar, Calendar, Row, RowKind};
use crate::view::schedule::View;

/// The preview of an edit shows the next four weeks.
pub const PREVIEW: u16 = 28;

/// Which span of days a page shows, as its address says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Page {
    pub from: Date,
    pub view: View,
    /// The address named no day: the page moves on with the days.
    pub current: bool,
}

impl Page {
    /// Reads `?from=` and `?view=`; what cannot be read is today's.
    pub fn read(from: Option<&str>, view: Option<&str>, today: Date) -> Page {
        let view = View::parse(view.unwrap_or_default());
        let typed: Option<Date> = from
            .and_then(|from| from.parse().ok())
            .filter(|date: &Date| (1970..=2199).contains(&date.year()));
        let day = typed.unwrap_or(today);
        let from = match (view, typed) {
            (View::Month, _) => day.first_of_month(),
            (View::Fortnight, None) => monday(day),
            (View::Fortnight | View::Day, _) => day,
        };
        Page {
            from,
            view,
            current: typed.is_none(),
        }
    }

    pub fn days(self) -> u16 {
        match self.view {
            View::Day => 1,
            View::Fortnight => 14,
            View::Month => self.from.days_in_month().unsigned_abs().into(),
        }
    }

    /// The first day `count` spans later.
    pub fn moved(self, count: i64) -> Date {
        let moved = match self.view {
            View::Month => self.from.checked_add(count.months()),
            _ => self
                .from
                .checked_add((count * i64::from(self.days())).days()),
        };
        moved.unwrap_or(self.from)
    }
}

/// The Monday of a day's week.
pub fn monday(day: Date) -> Date {
    let since = day.weekday().to_monday_zero_offset();
    day.checked_sub(i64::from(since).days()).unwrap_or(day)
}

/// Draws `days` days of a schedule from `from`, in `zone`.
pub fn calendar(
    directory: &Directory,
    schedule: &Schedule,
    zone: TimeZone,
    from: Date,
    days: u16,
    now: Timestamp,
) -> Calendar {
    let mut calendar = Calendar {
        title: schedule.name.clone(),
        zone,
        from,
        days,
        people: members(schedule),
        holidays: Vec::new(),
        href: None,
        now,
        since: schedule.versions.first().map(|first| first.effective_from),
        rows: Vec::new(),
    };
    let midnights = calendar.midnights();
    let (Some(begin), Some(end)) = (midnights.first().copied(), midnights.last().copied()) else {
        return calendar;
    };
    let bars = |shifts: &[Shift]| -> Vec<Bar> {
        shifts
            .iter()
            .map(|shift| Bar {
                start: shift.start,
                end: shift.end,
                people: shift
                    .users
                    .iter()
                    .map(|user| (*user, directory.user_name(*user).to_owned()))
                    .collect(),
                shadows: shift
                    .shadows
                    .iter()
                    .map(|user| directory.user_name(*user).to_owned())
                    .collect(),
                source: row::source_words(directory, schedule, &shift.source),
            })
            .collect()
    };
    calendar.holidays = holidays(schedule, begin, end);
    for (index, name) in layers(schedule, begin, end).into_iter().enumerate().rev() {
        calendar.rows.push(Row {
            name,
            kind: RowKind::Layer,
            bars: bars(&schedule.layer_shifts(index, begin, end)),
        });
    }
    let finals = schedule.final_shifts(begin, end);
    let (overridden, _): (Vec<Shift>, Vec<Shift>) = finals
        .iter()
        .cloned()
        .partition(|shift| !matches!(shift.source, ShiftSource::Layer { .. }));
    if !overridden.is_empty() {
        calendar.rows.push(Row {
            name: "Changed by hand".to_owned(),
            kind: RowKind::Override,
            bars: bars(&overridden),
        });
    }
    calendar.rows.push(Row {
        name: "On call".to_owned(),
        kind: RowKind::Final,
        bars: bars(&finals),
    });
    calendar
}

/// Everybody who stands in a layer, in the order of the newest version: each keeps a colour however
/// the days move on.
pub fn members(schedule: &Schedule) -> Vec<UserId> {
    let mut people: Vec<UserId> = Vec::new();
    for version in schedule.versions.iter().rev() {
        for layer in version.config.layers.iter().rev() {
            for user in layer.participants.iter().flat_map(|turn| &turn.users) {
                if !people.contains(user) {
                    people.push(*user);
                }
            }
        }
    }
    people
}

/// Days off that layers name in the versions speaking in the span.
fn holidays(schedule: &Schedule, begin: Timestamp, end: Timestamp) -> Vec<(Date, String)> {
    let mut days: Vec<(Date, String)> = speaking(schedule, begin, end)
        .flat_map(|version| version.config.calendars.values())
        .flatten()
        .map(|day| (day.date, day.name.clone()))
        .collect();
    days.sort();
    days.dedup_by_key(|(date, _)| *date);
    days
}

/// The versions that speak at some instant of the span.
fn speaking(
    schedule: &Schedule,
    begin: Timestamp,
    end: Timestamp,
) -> impl Iterator<Item = &ScheduleVersion> {
    let versions = schedule.versions.iter().enumerate();
    versions.filter_map(move |(index, version)| {
        let until = schedule
            .versions
            .get(index + 1)
            .map_or(Timestamp::MAX, |next| next.effective_from);
        (version.effective_from < end && begin < until).then_some(version)
    })
}

/// Names of the layers that any version speaking in the span has, lowest first; of two versions
/// the later one names them.
fn layers(schedule: &Schedule, begin: Timestamp, end: Timestamp) -> Vec<String> {
    let mut names: Vec<String> = Vec::new();
    for version in speaking(schedule, begin, end) {
        for (place, layer) in version.config.layers.iter().enumerate() {
            match names.get_mut(place) {
                Some(name) => layer.name.clone_into(name),
                None => names.push(layer.name.clone()),
            }
        }
    }
    names
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::page::sample::{NOW, directory, platform};
    use jiff::civil::date;

    #[test]
    fn the_address_says_which_days_are_shown() {
        let today = date(2026, 11, 21);
        let page = Page::read(None, None, today);
        assert_eq!((page.from, page.days()), (date(2026, 11, 16), 14));
        assert_eq!(page.moved(1), date(2026, 11, 30));
        assert_eq!(page.moved(-1), date(2026, 11, 2));
        let day = Page::read(Some("2026-11-20"), Some("day"), today);
        assert_eq!((day.moved(1), day.days()), (today, 1));
        let month = Page::read(Some("2028-02-14"), Some("month"), today);
        assert_eq!((month.from, month.days()), (date(2028, 2, 1), 29));
        assert_eq!(month.moved(-1), date(2028, 1, 1));
        let named = Page::read(Some("2026-11-18"), Some("fortnight"), today);
        assert_eq!(named.from, date(2026, 11, 18));
        for absurd in ["9999-12-31", "-0001-01-01", "x", ""] {
            let page = Page::read(Some(absurd), None, today);
            assert_eq!(page.from, date(2026, 11, 16), "{absurd}");
        }
    }

    /// The target is 50 ms; `make bench` holds it.
    #[test]
    #[ignore = "a benchmark: run by make bench"]
    #[expect(clippy::print_stdout, reason = "the figure is its purpose")]
    fn speed_of_a_quarter_of_five_layers_and_twenty_people() {
        let (directory, schedule) = a_large_schedule();
        let zone = TimeZone::get("Europe/Berlin").unwrap();
        let mut best = std::time::Duration::MAX;
        for _ in 0..5 {
            let began = std::time::Instant::now();
            let picture = calendar(
                &directory,
                &schedule,
                zone.clone(),
                date(2026, 11, 16),
                92,
                NOW,
            );
            let drawn = picture.draw();
            best = best.min(began.elapsed());
            println!(
                "a quarter of 5 layers and 20 people, drawn: {best:?}, {} bytes",
                drawn.0.len()
            );
        }
        assert!(best < std::time::Duration::from_millis(50), "{best:?}");
    }

    #[test]
    fn a_quarter_of_five_layers_and_twenty_people_is_drawn_whole() {
        let (directory, schedule) = a_large_schedule();
        let zone = TimeZone::get("Europe/Berlin").unwrap();
        let picture = calendar(&directory, &schedule, zone, date(2026, 11, 16), 92, NOW);
        assert_eq!(picture.rows.len(), 6);
        assert!(picture.rows.iter().all(|row| row.bars.len() > 60));
    }

    fn a_large_schedule() -> (Directory, Schedule) {
        let directory = directory();
        let mut schedule = platform(&directory).clone();
        let layers = (0..5).map(|n| {
            let mut layer = schedule.versions[0].config.layers[0].clone();
            layer.name = format!("Layer {n}");
            layer.participants = (0..20).map(|p| UserId(n * 20 + p).into()).collect();
            layer.rotation.unit = domain::schedule::RotationUnit::Days;
            layer
        });
        let layers: Vec<_> = layers.collect();
        schedule.versions[0].config.layers = layers;
        (directory, schedule)
    }

    #[test]
    fn layers_stand_over_the_final_schedule() {
        let directory = directory();
        let zone = TimeZone::get("Europe/Berlin").unwrap();
        let schedule = platform(&directory);
        let picture = calendar(&directory, schedule, zone, date(2026, 11, 16), 14, NOW);
        let kinds: Vec<RowKind> = picture.rows.iter().map(|row| row.kind).collect();
        assert_eq!(kinds, [RowKind::Layer, RowKind::Final]);
        assert_eq!(picture.rows[0].name, "Primary");
        let last = picture.rows.last().unwrap();
        assert!(
            last.bars.len() >= 2,
            "a weekly rotation of two in two weeks"
        );
        assert_eq!(
            picture.pieces(last).first().map(|piece| piece.left),
            Some(0.0)
        );
    }
}
