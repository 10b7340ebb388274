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
    fn full_layers_leave_no_gap(
        zone in prop::sample::select(zones()),
        year in 2020..2040i16,
        rotations in prop::collection::vec(
            (
                prop::sample::select(vec!["A", "ABC", "BADCE", "EF"]),
                prop_oneof![
                    (1..60u32).prop_map(|length| (length, RotationUnit::Hours)),
                    (1..20u32).prop_map(|length| (length, RotationUnit::Days)),
                    (1..5u32).prop_map(|length| (length, RotationUnit::Weeks)),
                    (1..4u32).prop_map(|length| (length, RotationUnit::Months)),
                ],
                0..24u8,
                0..60u8,
            ),
            1..4,
        ),
    ) {
        let layers: Vec<_> = rotations
            .iter()
            .map(|&(people, (length, unit), hour, minute)| Layer {
                handoff: TimeOfDay::new(hour, minute).unwrap(),
                ..layer(people, length, unit, &format!("{}-12-30", year - 1), "00:00")
            })
            .collect();
        let count = layers.len();
        let one = schedule(&zone, layers);
        let (from, until) = (at(&format!("{year}-01-02T00:00:00Z")), at(&format!("{year}-12-31T00:00:00Z")));
        prop_assert!(one.gaps(from, until).is_empty());
        let mut every = vec![one.final_shifts(from, until)];
        every.extend((0..count).map(|index| one.layer_shifts(index, from, until)));
        for shifts in every {
            prop_assert!(shifts[0].start <= from && until <= shifts[shifts.len() - 1].end);
            for two in shifts.windows(2) {
                prop_assert_eq!(two[0].end, two[1].start);
                prop_assert!(two[0].start < two[0].end);
            }
        }
        // The highest layer has somebody always, so that it is the final schedule.
        prop_assert_eq!(one.final_shifts(from, until), one.layer_shifts(count - 1, from, until));
    }

    #[test]
    fn nobody_loses_a_turn_to_hours_that_are_never_worked(sample in sample()) {
        // One turn a day, from midnight to midnight, under the sample's hours and days off.
        let mut config = sample.schedule.versions[0].config.clone();
        let mut daily = layer("ABCDE", 1, RotationUnit::Days, "2000-01-01", "00:00");
        daily.start = sample.from.in_zone(&jiff::tz::TimeZone::get(&config.zone).unwrap()).date();
        daily.restrictions = config.layers[0].restrictions.clone();
        daily.holidays = config.layers[0].holidays.clone();
        config.layers = vec![daily];
        let mut one = schedule(&config.zone.clone(), vec![]);
        one.versions[0].config = config;
        let days = days(&one.versions[0].config.zone, one.versions[0].config.layers[0].start, 40);
        let letter = |turn: usize| ["A", "B", "C", "D", "E"][turn % 5];
        let mut turn = 0;
        for day in days {
            let mut holders: Vec<_> = one
                .final_shifts(day.start, day.end)
                .iter()
                .filter_map(|shift| shift.clipped(day.start, day.end))
                .map(|shift| letters(&shift.users))
                .collect();
            holders.dedup();
            prop_assert!(holders.len() <= 1, "{}: {:?}", day.date, holders);
            // Neither days off nor hours that the clock skips take a turn.
            let Some(holder) = holders.first() else {
                continue;
            };
            prop_assert_eq!(holder, letter(turn), "{}", day.date);
            turn += 1;
        }
    }

    #[test]
    fn what_is_made_by_hand_leaves_the_past_alone(before in sample(), other in sample(), quarters in 0..900i64) {
        let when = before.from + sample::QUARTER * quarters;
        let mut after = before.schedule.clone();
        let back = before.from.since(other.from);
        for mut one in other.schedule.overrides {
            (one.id, one.created_at) = (OverrideId(one.id.0 + 100), when);
            (one.start, one.end) = (one.start + back, one.end + back);
            after.overrides.push(one);
        }
        for mut one in other.schedule.temporaries {
            (one.id, one.created_at) = (TemporaryId(one.id.0 + 100), when);
            (one.start, one.end) = (one.start + back, one.end + back);
            for shift in &mut one.shifts {
                (shift.start, shift.end) = (shift.start + back, shift.end + back);
            }
            after.temporaries.push(one);
        }
        prop_assert_eq!(
            cut(&after.final_shifts(before.from, when), before.from, when),
            cut(&before.schedule.final_shifts(before.from, when), before.from, when)
        );
        prop_assert!(before.schedule.difference(&after, before.from, when).is_empty());
    }

    #[test]
    fn a_swap_taken_moves_shifts_and_nothing_else(sample in sample(), first in 0..800i64, lasts in 1..300i64) {
        let schedule = &sample.schedule;
        let start = sample.from + sample::QUARTER * first;
        let request = SwapRequest {
            id: SwapId(1),
            schedule_id: schedule.id,
            giver: users("A")[0],
            start,
            end: start + sample::QUARTER * lasts,
            held: Vec::new(),
            offered_to: None,
            exchange: None,
            note: String::new(),
            state: SwapState::Offered,
            taken_by: None,
            created_by: None,
            created_at: sample.from,
            closed_at: None,
            closed_by: None,
        };
        let taker = users("Z")[0];
        let Ok(offer) = request.offer(schedule, sample.from) else {
            prop_assert!(schedule.held_by(users("A")[0], start, start + sample::QUARTER * lasts).is_empty());
            return Ok(());
        };
        let mut taken = schedule.clone();
        for mut one in offer.take(schedule, taker, None, sample.from).unwrap() {
            // Made after everything else.
            (one.id, one.created_at) = (OverrideId(1_000), sample.from);
            taken.overrides.push(one);
        }
        // Overrides made later would lie above: leave them out of the comparison.
        if schedule.overrides.iter().all(|one| one.created_at <= sample.from) {
            prop_assert_eq!(taken.held_by(taker, sample.from, offer.end), offer.held.clone());
            for change in schedule.difference(&taken, sample.from, offer.end) {
                prop_assert!(change.before.contains(&users("A")[0]) && change.after.contains(&taker));
                prop_assert_eq!(change.before.len(), change.after.len());
            }
        }
    }

    #[test]
    fn whoever_is_on_call_is_named(sample in sample()) {
        for shift in sample.schedule.final_shifts(sample.from, sample.until) {
            for &user in &shift.users {
                for now in [sample.from, shift.start.max(sample.from)] {
                    prop_assert!(sample.schedule.may_name(user, now), "{} at {}", user, now);
                }
            }
        }
        prop_assert!(!sample.schedule.may_name(users("Q")[0], sample.from));
    }

    #[test]
    fn configurations_survive_json(sample in sample()) {
        let text = serde_json::to_string(&sample.schedule).unwrap();
        prop_assert_eq!(serde_json::from_str::<Schedule>(&text).unwrap(), sample.schedule);
    }
}
