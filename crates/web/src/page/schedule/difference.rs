//! What a change of a schedule would change for people.

use std::collections::BTreeMap;

use domain::directory::Directory;
use domain::schedule::{Difference as Stretch, Schedule};
use domain::{Span, Timestamp, UserId};

use crate::page::choice;
use crate::view::schedule_difference::{Changed, Difference, Duty, PersonChange};

/// How far a change is looked ahead for other people on call.
pub const AHEAD: Span = Span::from_days(28);
/// Stretches that are listed.
const LISTED: usize = 12;

/// Who is on call in `after` otherwise than in `before`, within `from..until`.
pub fn told(
    directory: &Directory,
    before: &Schedule,
    after: &Schedule,
    from: Timestamp,
    until: Timestamp,
) -> Difference {
    let stretches = before.difference(after, from, until);
    let mut people = of_people(&stretches);
    let most = |one: &(UserId, Duty, Duty)| one.1.time.max(one.2.time);
    people.sort_by_key(|one| (std::cmp::Reverse(most(one)), one.0));
    let lost = stretches.iter().filter(|one| one.after.is_empty());
    Difference {
        from,
        until,
        lost: lost.fold(Span::ZERO, |sum, one| sum + one.end.since(one.start)),
        people: people
            .into_iter()
            .map(|(user, gains, loses)| PersonChange {
                person: choice::person(directory, user),
                gains,
                loses,
            })
            .collect(),
        more: stretches.len().saturating_sub(LISTED),
        rows: stretches
            .into_iter()
            .take(LISTED)
            .map(|one| Changed {
                start: one.start,
                end: one.end,
                before: choice::persons(directory, &one.before),
                after: choice::persons(directory, &one.after),
            })
            .collect(),
    }
}

/// What each person gains and loses; stretches that touch are one.
fn of_people(stretches: &[Stretch]) -> Vec<(UserId, Duty, Duty)> {
    /// What was counted so far, and where it ended.
    type Count = (Duty, Option<Timestamp>);
    let mut people: BTreeMap<UserId, [Count; 2]> = BTreeMap::new();
    for one in stretches {
        let sides = [(&one.after, &one.before), (&one.before, &one.after)];
        for (side, (have, other)) in sides.into_iter().enumerate() {
            for user in have.iter().filter(|user| !other.contains(user)) {
                let (duty, ended) = &mut people.entry(*user).or_default()[side];
                duty.time = duty.time + one.end.since(one.start);
                if *ended != Some(one.start) {
                    duty.stretches += 1;
                }
                *ended = Some(one.end);
            }
        }
    }
    people
        .into_iter()
        .map(|(user, [gains, loses])| (user, gains.0, loses.0))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::page::sample::{NOW, config, directory, platform};

    #[test]
    fn people_are_told_what_they_gain_and_lose() {
        let directory = directory();
        let before = platform(&directory);
        let mut config = config();
        config.layers[0].participants.reverse();
        let after = before.edited(config, NOW);
        let told = told(&directory, before, &after, NOW, NOW + AHEAD);
        assert_eq!(told.people.len(), 2);
        let (ana, bo) = match told.people[0].person.name.as_str() {
            "Ana" => (&told.people[0], &told.people[1]),
            _ => (&told.people[1], &told.people[0]),
        };
        // Weekly turns change hands: what one gains the other loses.
        assert_eq!(ana.gains, bo.loses);
        assert_eq!(ana.loses, bo.gains);
        assert_eq!(ana.gains.time + ana.loses.time, AHEAD);
        assert_eq!(ana.gains.stretches + ana.loses.stretches, told.rows.len());
        assert!(!told.loses_cover());

        let none = super::told(&directory, before, before, NOW, NOW + AHEAD);
        assert!(none.is_empty() && none.people.is_empty());
        let mut empty = before.clone();
        empty.versions.clear();
        let gone = super::told(&directory, before, &empty, NOW, NOW + AHEAD);
        assert_eq!(gone.lost, AHEAD);
        assert!(gone.rows.iter().all(Changed::is_gap));
    }

    #[test]
    fn stretches_that_touch_are_one() {
        let at = |hours: i64| NOW + Span::from_hours(hours);
        let stretch = |from: i64, until: i64, after: &[i64]| Stretch {
            start: at(from),
            end: at(until),
            before: vec![UserId(9)],
            after: after.iter().copied().map(UserId).collect(),
        };
        let people = of_people(&[
            stretch(0, 2, &[1]),
            stretch(2, 3, &[1, 2]),
            stretch(5, 6, &[1, 9]),
        ]);
        let of = |user: i64| people.iter().find(|one| one.0 == UserId(user)).unwrap();
        let duty = |hours: i64, stretches: usize| Duty {
            time: Span::from_hours(hours),
            stretches,
        };
        assert_eq!((of(1).1, of(1).2), (duty(4, 2), Duty::default()));
        assert_eq!(of(2).1, duty(1, 1));
        assert_eq!(of(9).2, duty(3, 1), "still on call from 5 to 6");
    }
}
