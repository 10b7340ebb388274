//! Laws that hold for every schedule.

use proptest::prelude::*;

use super::sample::{Sample, sample};
use super::*;

/// The instants at which anything begins or ends, and their neighbours.
fn edges(shifts: &[Shift], sample: &Sample) -> Vec<Timestamp> {
    edges_of(shifts)
        .filter(|edge| sample.from <= *edge && *edge < sample.until)
        .collect()
}

fn edges_of(shifts: &[Shift]) -> impl Iterator<Item = Timestamp> {
    let near = [-1_000_000, -1, 0, 1, 1_000_000];
    shifts
        .iter()
        .flat_map(|shift| [shift.start, shift.end])
        .flat_map(move |edge| near.map(|by| Timestamp(edge.0 + by)))
}

/// Shifts cut to a span, without what depends on how far one looked.
fn cut(shifts: &[Shift], from: Timestamp, until: Timestamp) -> Vec<Shift> {
    shifts
        .iter()
        .filter_map(|shift| shift.clipped(from, until))
        .map(|shift| Shift {
            open_end: false,
            ..shift
        })
        .collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(600))]

    #[test]
    fn shifts_and_gaps_tile_the_span(sample in sample()) {
        let shifts = sample.schedule.final_shifts(sample.from, sample.until);
        let mut parts: Vec<_> = cut(&shifts, sample.from, sample.until)
            .iter()
            .map(|shift| (shift.start, shift.end))
            .chain(sample.schedule.gaps(sample.from, sample.until))
            .collect();
        parts.sort_unstable();
        let mut reached = sample.from;
        for (start, end) in parts {
            prop_assert_eq!(start, reached);
            prop_assert!(start < end);
            reached = end;
        }
        prop_assert_eq!(reached, sample.until);
        for two in shifts.windows(2) {
            let what = |shift: &Shift| (shift.users.clone(), shift.shadows.clone(), shift.source.clone());
            let same = what(&two[0]) == what(&two[1]);
            prop_assert!(two[0].end < two[1].start || !same, "not as long as can be");
        }
    }

    #[test]
    fn an_instant_and_a_span_answer_alike(sample in sample()) {
        let schedule = &sample.schedule;
        let shifts = schedule.final_shifts(sample.from, sample.until);
        for at in edges(&shifts, &sample) {
            let listed = shifts.iter().find(|shift| shift.contains(at));
            prop_assert_eq!(&schedule.users_at(at), &listed.map_or(vec![], |one| one.users.clone()));
            let found = schedule.on_call(at);
            match (listed, &found) {
                (Some(listed), Some(found)) if !(listed.open_end || found.open_end) => {
                    // How far back a start is looked for depends on where one stands.
                    if found.start > sample.from {
                        prop_assert_eq!(listed, found);
                    }
                    prop_assert_eq!(&listed.source, &found.source);
                }
                (listed, found) => prop_assert_eq!(listed.is_some(), found.is_some()),
            }
        }
    }

    #[test]
    fn the_answer_does_not_depend_on_the_span(sample in sample(), first in 0..900_000i64, lasts in 1..900_000i64) {
        let from = sample.from + Span::from_seconds(first);
        let until = (from + Span::from_seconds(lasts)).min(sample.until);
        prop_assume!(from < until);
        let whole = sample.schedule.final_shifts(sample.from, sample.until);
        let part = sample.schedule.final_shifts(from, until);
        prop_assert_eq!(cut(&whole, from, until), cut(&part, from, until));
        let layer = sample.schedule.layer_shifts(0, sample.from, sample.until);
        let part = sample.schedule.layer_shifts(0, from, until);
        prop_assert_eq!(cut(&layer, from, until), cut(&part, from, until));
    }

    #[test]
    fn a_new_version_leaves_the_past_alone(before in sample(), after in sample(), quarters in 0..900i64) {
        let when = before.from + sample::QUARTER * quarters;
        let mut edited = before.schedule.clone();
        edited.versions.retain(|version| version.effective_from < when);
        edited.versions.push(ScheduleVersion {
            version: 3,
            effective_from: when,
            config: after.schedule.versions[0].config.clone(),
        });
        prop_assert_eq!(
            cut(&edited.final_shifts(before.from, when), before.from, when),
            cut(&before.schedule.final_shifts(before.from, when), before.from, when)
        );
        let alone = edited.under_version(3).unwrap();
        prop_assert_eq!(
            cut(&edited.final_shifts(when, before.until), when, before.until),
            cut(&alone.final_shifts(when, before.until), when, before.until)
        );
    }

    #[test]
    fn a_difference_is_where_the_answers_differ(before in sample(), after in sample(), quarters in 0..900i64) {
        let schedule = &before.schedule;
        let when = before.from + sample::QUARTER * quarters;
        let edited = schedule.edited(after.schedule.versions[0].config.clone(), when);
        let (from, until) = (before.from, before.until);
        let found = schedule.difference(&edited, from, until);
        for two in found.windows(2) {
            prop_assert!(two[0].end <= two[1].start);
            prop_assert!(two[0].end < two[1].start || two[0].after != two[1].after || two[0].before != two[1].before);
        }
        let mut shifts = schedule.final_shifts(from, until);
        shifts.extend(edited.final_shifts(from, until));
        let edges = found.iter().flat_map(|one| [one.start, Timestamp(one.end.0 - 1), one.end]);
        for at in edges.chain(edges_of(&shifts)).filter(|at| from <= *at && *at < until) {
            let (old, new) = (schedule.users_at(at), edited.users_at(at));
            match found.iter().find(|one| one.start <= at && at < one.end) {
                Some(one) => {
                    prop_assert!(when <= at, "the past differs at {}", at);
                    prop_assert_eq!((&one.before, &one.after), (&old, &new), "at {}", at);
                }
                None => prop_assert!(timeline::same_people(&old, &new), "at {}", at),
            }
        }
    }

    #[test]
    fn the_next_change_is_the_first(sample in sample()) {
        let schedule = &sample.schedule;
        let shifts = schedule.final_shifts(sample.from, sample.until);
        let horizon = sample.until.since(sample.from);
        let mut seen = sample.from;
        while let Some(change) = schedule.next_change(seen, sample.until.since(seen)) {
            prop_assert!(seen < change && change <= sample.from + horizon);
            let people = |at| {
                let mut users = schedule.users_at(at);
                users.sort_unstable();
                users
            };
            let now = people(seen);
            prop_assert_ne!(&people(change), &now);
            for at in edges(&shifts, &sample) {
                if seen < at && at < change {
                    prop_assert_eq!(&people(at), &now);
                }
            }
            seen = change;
        }
    }

    #[test]
    fn who_is_next_is_the_first_with_others(sample in sample()) {
        let schedule = &sample.schedule;
        let now = schedule.users_at(sample.from);
        let far = sample.from + SEARCH_REACH;
        let shifts = schedule.final_shifts(sample.from, far);
        let expected = shifts
            .iter()
            .find(|shift| shift.start > sample.from && !timeline::same_people(&shift.users, &now));
        let found = schedule.next_on_call(sample.from);
        prop_assert_eq!(expected.map(|one| (one.start, &one.users)), found.as_ref().map(|one| (one.start, &one.users)));
        if let (Some(expected), Some(found)) = (expected, &found) && !found.open_end && !expected.open_end {
            prop_assert_eq!(expected.end, found.end);
        }
    }

    #[test]
    fn a_rotation_gives_everybody_one_turn_a_cycle(
        zone in prop::sample::select(zones()),
        year in 2020..2039i16,
        (length, unit) in prop_oneof![
            (2..40u32).prop_map(|length| (length, RotationUnit::Hours)),
            (1..9u32).prop_map(|length| (length, RotationUnit::Days)),
            (1..4u32).prop_map(|length| (length, RotationUnit::Weeks)),
            (1..3u32).prop_map(|length| (length, RotationUnit::Months)),
        ],
    ) {
        let layer = layer("ABCDE", length, unit, &format!("{year}-03-08"), "02:30");
        let one = schedule(&zone, vec![layer]);
        let begin = one.next_on_call(at(&format!("{year}-03-01T00:00:00Z"))).unwrap().start;
        let shifts = one.final_shifts(begin, begin + Span::from_days(400));
        for (turn, shift) in shifts.iter().enumerate() {
            prop_assert_eq!(letters(&shift.users), ["A", "B", "C", "D", "E"][turn % 5]);
            if let Some(next) = shifts.get(turn + 1) {
                prop_assert_eq!(shift.end, next.start);
            }
        }
    }

    #[test]
    fn configurations_survive_json(sample in sample()) {
        let text = serde_json::to_string(&sample.schedule).unwrap();
        prop_assert_eq!(serde_json::from_str::<Schedule>(&text).unwrap(), sample.schedule);
    }
}
