//! The zones that a calendar names.

use std::collections::HashMap;

use jiff::tz::{Offset, TimeZone};

use super::windows::iana_of_windows;

/// What a `VTIMEZONE` says about its name.
#[derive(Clone, Debug, Default)]
pub(super) struct Described {
    /// `X-LIC-LOCATION`: an IANA name.
    pub location: Option<String>,
    /// Every offset that it ever switches to, in seconds.
    pub offsets: Vec<i32>,
}

/// Finds zones by the names of one file.
#[derive(Clone, Debug, Default)]
pub(super) struct Zones {
    described: HashMap<String, Described>,
}

/// No file describes more zones.
const ZONES_MAX: usize = 600;

impl Zones {
    pub fn describe(&mut self, name: String, described: Described) {
        if self.described.len() < ZONES_MAX {
            self.described.insert(name, described);
        }
    }

    /// The zone of a name: an IANA name, one behind a maker's prefix
    /// (`/freeassociation.sourceforge.net/Europe/Berlin`), one of Windows, one whose description
    /// names its place, or one that never changes its offset. `None` for anything else: hours that
    /// are wrong are worse than a complaint.
    pub fn find(&self, name: &str) -> Option<TimeZone> {
        let name = name.trim();
        by_name(name).or_else(|| {
            let described = self.described.get(name)?;
            let place = described.location.as_deref().and_then(by_name);
            place.or_else(|| fixed(&described.offsets))
        })
    }
}

fn by_name(name: &str) -> Option<TimeZone> {
    let mut rest = name;
    loop {
        if let Some(zone) = iana(rest) {
            return Some(zone);
        }
        match rest.split_once('/') {
            Some((_, after)) => rest = after,
            None => break,
        }
    }
    iana_of_windows(name).and_then(iana)
}

fn iana(name: &str) -> Option<TimeZone> {
    if name.is_empty() || name.len() > 100 {
        return None;
    }
    if name.eq_ignore_ascii_case("Z") {
        return Some(TimeZone::UTC);
    }
    TimeZone::get(name).ok()
}

fn fixed(offsets: &[i32]) -> Option<TimeZone> {
    let first = offsets.first()?;
    let same = offsets.iter().all(|offset| offset == first);
    let offset = Offset::from_seconds(*first).ok().filter(|_| same)?;
    Some(TimeZone::fixed(offset))
}

/// `+0100`, `-053000`: seconds east of Greenwich.
pub(super) fn offset(text: &str) -> Option<i32> {
    let text = text.trim();
    let (sign, digits) = match text.as_bytes().first()? {
        b'+' => (1, &text[1..]),
        b'-' => (-1, &text[1..]),
        _ => return None,
    };
    if !matches!(digits.len(), 4 | 6) || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let part = |at: usize| {
        digits
            .get(at..at + 2)
            .map_or(Some(0), |two| two.parse().ok())
    };
    let seconds: i32 = part(0)? * 3_600 + part(2)? * 60 + part(4)?;
    Some(sign * seconds)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn name(zones: &Zones, name: &str) -> Option<String> {
        let zone = zones.find(name)?;
        Some(zone.iana_name().map_or("fixed", |name| name).to_owned())
    }

    #[test]
    fn zones_are_found_by_all_their_names() {
        let mut zones = Zones::default();
        let described = Described {
            location: Some("Europe/Vienna".into()),
            offsets: vec![3_600, 7_200],
        };
        zones.describe("Wien".into(), described);
        let described = Described {
            location: None,
            offsets: vec![19_800, 19_800],
        };
        zones.describe("Custom".into(), described.clone());
        let moves = Described {
            offsets: vec![0, 3_600],
            ..described
        };
        zones.describe("Moves".into(), moves);
        for (given, expected) in [
            ("Europe/Berlin", Some("Europe/Berlin")),
            (
                "/citadel.org/20190914_1/Europe/Berlin",
                Some("Europe/Berlin"),
            ),
            ("W. Europe Standard Time", Some("Europe/Berlin")),
            ("pacific standard time", Some("America/Los_Angeles")),
            ("Wien", Some("Europe/Vienna")),
            ("Custom", Some("fixed")),
            ("Moves", None),
            ("Moon/Crater", None),
            ("", None),
        ] {
            assert_eq!(name(&zones, given).as_deref(), expected, "{given}");
        }
    }

    #[test]
    fn offsets() {
        assert_eq!(offset("+0530"), Some(19_800));
        assert_eq!(offset("-053015"), Some(-19_815));
        for broken in ["", "0100", "+1", "+01:00", "+01000", "+äää"] {
            assert_eq!(offset(broken), None, "{broken}");
        }
    }
}
