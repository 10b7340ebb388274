//! Hand-offs of a schedule, told to a channel (PAGING.md §5.8).

use super::{HAND_OFF_LATE, LOOK_AGAIN};
use crate::channel::{AboutHandOff, Post};
use crate::directory::Directory;
use crate::schedule::Schedule;
use crate::{ChannelId, ScheduleId, Timestamp, UserId};

/// More changes within [`HAND_OFF_LATE`] than any schedule has.
const CHANGES_MAX: usize = 100;

/// Others than before are on call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HandOff {
    pub channel: ChannelId,
    pub schedule_id: ScheduleId,
    pub at: Timestamp,
    pub before: Vec<UserId>,
    pub on_call: Vec<UserId>,
    /// `None` when nobody is on call, or no end is in sight.
    pub until: Option<Timestamp>,
}

/// What there is to tell channels at an instant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HandOffs {
    /// By schedule, in order; those that were told are among them.
    pub due: Vec<HandOff>,
    /// When to look again, unless the configuration changes before.
    pub next: Timestamp,
}

/// The hand-offs of the last hour of schedules that name a channel.
pub fn hand_offs(directory: &Directory, now: Timestamp) -> HandOffs {
    let mut found = HandOffs {
        due: Vec::new(),
        next: now + LOOK_AGAIN,
    };
    for (id, channel) in &directory.hand_offs {
        let heard = directory.channel(*channel).is_some_and(|one| one.enabled);
        if let Some(schedule) = directory.schedule(*id).filter(|_| heard) {
            found.of_schedule(schedule, *channel, now);
        }
    }
    found
}

impl HandOffs {
    fn of_schedule(&mut self, schedule: &Schedule, channel: ChannelId, now: Timestamp) {
        // Before the first version nobody was on call: what begins with it is no hand-off.
        let Some(made) = schedule.versions.first().map(|one| one.effective_from) else {
            return;
        };
        let mut at = (now - HAND_OFF_LATE).max(made);
        for _ in 0..CHANGES_MAX {
            let ahead = now.since(at) + LOOK_AGAIN;
            let Some(change) = schedule.next_change(at, ahead) else {
                return;
            };
            if change > now {
                self.next = self.next.min(change);
                return;
            }
            let shift = schedule.on_call(change).filter(|shift| !shift.open_end);
            self.due.push(HandOff {
                channel,
                schedule_id: schedule.id,
                at: change,
                before: schedule.users_at(at),
                on_call: schedule.users_at(change),
                until: shift.map(|shift| shift.end),
            });
            at = change;
        }
    }
}

impl HandOff {
    /// What the channel is told.
    pub fn post(&self, directory: &Directory) -> Option<Post> {
        let schedule = directory.schedule(self.schedule_id)?;
        let names = |users: &[UserId]| {
            let names = users.iter().map(|user| directory.user_name(*user));
            names.map(str::to_owned).collect()
        };
        let about = AboutHandOff {
            slug: schedule.slug.clone(),
            schedule: schedule.name.clone(),
            on_call: names(&self.on_call),
            before: names(&self.before),
            until: self.until,
        };
        Some(Post::handed_off(about, self.at))
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::duty::tests::{at, replace, weekly};
    use crate::escalation::tests::world::{OFF, OPS, channel};
    use crate::reminder::tests::house;

    fn told(directory: &Directory, now: &str) -> (Vec<String>, String) {
        let found = hand_offs(directory, at(now));
        let due = found.due.iter().map(|one| {
            assert_eq!(one.channel, OPS);
            format!("{} {:?}>{:?}", one.at, ids(&one.before), ids(&one.on_call))
        });
        (due.collect(), found.next.to_string())
    }

    fn ids(users: &[UserId]) -> Vec<i64> {
        users.iter().map(|user| user.0).collect()
    }

    #[test]
    fn a_channel_hears_of_each_hand_off_for_an_hour() {
        // The shift of 1 begins on 2 February at 08:00 UTC, that of 2 a week later.
        let mut schedule = weekly(&[1, 2]);
        let id = schedule.id;
        schedule.overrides.push(replace(
            1,
            3,
            "2026-02-09T08:20:00Z",
            "2026-02-09T08:40:00Z",
            "2026-02-01T00:00:00Z",
        ));
        let mut directory = house(schedule);
        assert!(told(&directory, "2026-02-09T08:10:00Z").0.is_empty());
        directory.channels.insert(OPS, channel(OPS, "Ops", true));
        directory.hand_offs.insert(id, OPS);
        let first = "2026-02-09T08:00:00Z [1]>[2]";
        for (now, expected, next) in [
            ("2026-02-09T07:59:59Z", &[][..], "2026-02-09T08:00:00Z"),
            ("2026-02-09T08:00:00Z", &[first], "2026-02-09T08:20:00Z"),
            (
                "2026-02-09T08:59:59Z",
                &[
                    first,
                    "2026-02-09T08:20:00Z [2]>[3]",
                    "2026-02-09T08:40:00Z [3]>[2]",
                ],
                "2026-02-10T08:59:59Z",
            ),
            (
                "2026-02-09T09:30:00Z",
                &["2026-02-09T08:40:00Z [3]>[2]"],
                "2026-02-10T09:30:00Z",
            ),
        ] {
            let (due, wake) = told(&directory, now);
            assert_eq!(due, expected, "{now}");
            assert_eq!(wake, next, "{now}");
        }
        let post = hand_offs(&directory, at("2026-02-09T08:00:00Z")).due[0]
            .post(&directory)
            .unwrap();
        assert!(
            post.what.ends_with("now: Person 2; before: Person 1"),
            "{}",
            post.what
        );
        assert_eq!(
            post.hand_off.unwrap().until,
            Some(at("2026-02-09T08:20:00Z"))
        );
        // One that is switched off hears nothing.
        directory.channels.insert(OFF, channel(OFF, "Off", false));
        directory.hand_offs.insert(id, OFF);
        assert!(told(&directory, "2026-02-09T08:10:00Z").0.is_empty());
        Arc::make_mut(directory.channels.get_mut(&OFF).unwrap()).enabled = true;
        assert_eq!(
            hand_offs(&directory, at("2026-02-09T08:10:00Z")).due.len(),
            1
        );
    }
}
