//! What recurs elsewhere than in a calendar: maintenance windows (PAGING.md §3.3).

use domain::{Span, Timestamp};
use jiff::civil::DateTime;
use jiff::tz::TimeZone;

use super::expand::{self, Budget};
use super::rule;
use super::value::instant;

/// Longest rule, in bytes.
const RULE_MAX: usize = 1_000;

/// The spans of a rule (`FREQ=WEEKLY;BYDAY=SU`) on the wall clock of `zone`: the first begins at
/// `first` whether the rule names its day or not, each lasts `length`, and those that overlap
/// `from..until` are returned, rising, at most `limit`. A time that the clock skips is moved as a
/// calendar moves it.
///
/// # Errors
/// What is wrong with the rule, for people.
pub fn recur(
    text: &str,
    first: Timestamp,
    length: Span,
    zone: &TimeZone,
    (from, until): (Timestamp, Timestamp),
    limit: usize,
) -> Result<Vec<(Timestamp, Timestamp)>, String> {
    let text = text.trim();
    let text = text.strip_prefix("RRULE:").unwrap_or(text);
    if text.len() > RULE_MAX {
        return Err(format!("the rule is longer than {RULE_MAX} characters"));
    }
    let rule = rule::parse(text)?;
    let begin: DateTime = first.in_zone(zone).datetime();
    let day = Span::from_days(1);
    let reach = (
        (from - length - day).in_zone(zone).datetime(),
        (until + day).in_zone(zone).datetime(),
    );
    let mut starts = vec![begin];
    expand::starts(&rule, begin, zone, reach, &mut Budget::default(), |start| {
        starts.push(start);
    })
    .map_err(|error| error.to_string())?;
    starts.sort_unstable();
    starts.dedup();
    let spans = starts.into_iter().map(|start| {
        let start = instant(start, zone);
        (start, start + length)
    });
    Ok(spans
        .filter(|(start, end)| *start < until && *end > from)
        .take(limit)
        .collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Sunday 2026-03-22 01:30 in Berlin, a week before the clocks change.
    const FIRST: Timestamp = Timestamp::from_seconds(1_774_139_400);

    fn weekly(from: Timestamp, until: Timestamp, limit: usize) -> Vec<(Timestamp, Timestamp)> {
        let zone = TimeZone::get("Europe/Berlin").unwrap();
        let span = (from, until);
        recur(
            "RRULE:FREQ=WEEKLY;BYDAY=SU",
            FIRST,
            Span::from_hours(2),
            &zone,
            span,
            limit,
        )
        .unwrap()
    }

    #[test]
    fn it_keeps_to_the_wall_clock() {
        let week = Span::from_days(7);
        let spans = weekly(FIRST, FIRST + week * 2, 10);
        let hour = Span::from_hours(1);
        let starts: Vec<Timestamp> = spans.iter().map(|(start, _)| *start).collect();
        // From the second change on an hour earlier in UTC.
        assert_eq!(starts, [FIRST, FIRST + week, FIRST + week * 2 - hour]);
        assert!(
            spans
                .iter()
                .all(|(start, end)| end.since(*start) == Span::from_hours(2))
        );
    }

    #[test]
    fn what_reaches_in_counts_and_there_is_a_limit() {
        let inside = FIRST + Span::from_hours(1);
        assert_eq!(weekly(inside, inside + Span::from_seconds(1), 10).len(), 1);
        assert_eq!(weekly(FIRST, FIRST + Span::from_days(700), 5).len(), 5);
    }

    #[test]
    fn what_cannot_be_understood_is_told() {
        let zone = TimeZone::UTC;
        let span = (FIRST, FIRST + Span::from_days(1));
        for odd in ["", "FREQ=SECONDLY", "WEEKLY", "FREQ=DAILY;BYHOUR=3"] {
            assert!(
                recur(odd, FIRST, Span::from_hours(1), &zone, span, 9).is_err(),
                "{odd}"
            );
        }
    }
}
