use domain::policy::{Policy, PolicyConfig, PolicyVersion, Step, StepMode, Target};
use domain::schedule::{Override, OverrideKind, Schedule, ScheduleConfig, ScheduleVersion};
use domain::{OverrideId, PolicyId, ScheduleId, Span, UserId};
use store::{Error, Tx, policy, schedule};

use crate::house::{House, NOW};

crate::on_both! {
    schedules_keep_their_versions
    a_withdrawn_override_keeps_the_part_that_has_been
    policies_keep_their_versions
    round_robin_positions_are_drawn_once
}

fn config(user: UserId) -> ScheduleConfig {
    serde_json::from_value(serde_json::json!({
        "zone": "Europe/Berlin",
        "layers": [{
            "name": "Weekly", "participants": [{"users": [user]}],
            "rotation": {"unit": "weeks"}, "start": "2026-01-05",
        }],
    }))
    .unwrap()
}

pub fn new_schedule(tx: &mut Tx<'_>, user: UserId) -> Result<ScheduleId, Error> {
    let new = Schedule {
        id: tx.id(ScheduleId)?,
        slug: "platform".into(),
        name: "Platform".into(),
        description: String::new(),
        team_id: None,
        versions: vec![ScheduleVersion {
            version: 1,
            effective_from: NOW,
            config: config(user),
        }],
        overrides: vec![],
        temporaries: vec![],
        imports: vec![],
    };
    schedule::insert(tx, &new, Some(user), NOW)?;
    Ok(new.id)
}

fn schedules_keep_their_versions(house: &House) {
    let (ana, bo) = (house.person("Ana").id, house.person("Bo").id);
    let later = NOW + Span::from_days(3);
    let id = house
        .write(move |tx| {
            let id = new_schedule(tx, ana)?;
            let version = ScheduleVersion {
                version: 2,
                effective_from: later,
                config: config(bo),
            };
            schedule::insert_version(tx, id, &version, None, NOW)?;
            Ok(id)
        })
        .unwrap();
    let directory = house.directory();
    let read = directory.schedule(id).unwrap();
    assert_eq!(read.versions.len(), 2);
    assert_eq!(read.users_at(NOW), [ana]);
    assert_eq!(read.users_at(later), [bo]);
    house.write(move |tx| schedule::remove(tx, id)).unwrap();
    assert!(house.directory().schedules.is_empty());
}

fn a_withdrawn_override_keeps_the_part_that_has_been(house: &House) {
    let (ana, bo) = (house.person("Ana").id, house.person("Bo").id);
    let hours = |n| NOW + Span::from_hours(n);
    let (id, past, future) = house
        .write(move |tx| {
            let id = new_schedule(tx, ana)?;
            let mut add = |start, end| -> Result<OverrideId, Error> {
                let new = Override {
                    id: tx.id(OverrideId)?,
                    start,
                    end,
                    kind: OverrideKind::Replace,
                    users: vec![bo],
                    created_by: Some(bo),
                    created_at: NOW,
                    swap: None,
                };
                schedule::insert_override(tx, id, &new)?;
                Ok(new.id)
            };
            let past = add(hours(1), hours(5))?;
            Ok((id, past, add(hours(10), hours(12))?))
        })
        .unwrap();
    house
        .write(move |tx| {
            schedule::withdraw_override(tx, id, past, None, hours(2))?;
            schedule::withdraw_override(tx, id, future, None, hours(2))
        })
        .unwrap();
    let directory = house.directory();
    let read = directory.schedule(id).unwrap();
    assert_eq!(read.overrides.len(), 1, "the one that never began is gone");
    assert_eq!(read.users_at(hours(1)), [bo]);
    assert_eq!(read.users_at(hours(3)), [ana]);
    let again = house.write(move |tx| schedule::withdraw_override(tx, id, past, None, hours(3)));
    assert_eq!(again, Err(Error::NotFound));
}

fn steps(user: UserId, wait: i64) -> PolicyConfig {
    PolicyConfig {
        steps: vec![Step {
            targets: vec![Target::User(user)],
            mode: StepMode::All,
            wait: Span::from_minutes(wait),
            urgency: None,
            severity_at_least: None,
            hours: None,
        }],
        repeats: 2,
    }
}

fn new_policy(house: &House, user: UserId) -> Policy {
    house
        .write(move |tx| {
            let new = Policy {
                id: tx.id(PolicyId)?,
                slug: "platform".into(),
                name: "Platform".into(),
                description: String::new(),
                team_id: None,
                current: PolicyVersion {
                    version: 1,
                    created_at: NOW,
                    config: steps(user, 5),
                },
            };
            policy::insert(tx, &new, None, NOW)?;
            Ok(new)
        })
        .unwrap()
}

fn policies_keep_their_versions(house: &House) {
    let ana = house.person("Ana").id;
    let first = new_policy(house, ana);
    let mut second = first.clone();
    second.name = "Base".into();
    second.current = PolicyVersion {
        version: 2,
        created_at: NOW + Span::from_days(1),
        config: steps(ana, 9),
    };
    let write = second.clone();
    house
        .write(move |tx| {
            policy::update(tx, &write, None)?;
            // Saved again without new steps: no new version.
            policy::update(tx, &write, None)
        })
        .unwrap();
    assert_eq!(house.directory().policy(first.id), Some(&second));
    let id = first.id;
    let read = |number| {
        house
            .store
            .read_blocking(move |conn| policy::version(conn, id, number))
            .unwrap()
    };
    assert_eq!(read(1), Some(first.current));
    assert_eq!(read(2), Some(second.current));
    assert_eq!(read(3), None);
    let run: Result<bool, Error> = house
        .store
        .read_blocking(move |conn| policy::has_run(conn, id));
    assert_eq!(run, Ok(false));
    house.write(move |tx| policy::remove(tx, id)).unwrap();
    assert!(house.directory().policies.is_empty());
}

fn round_robin_positions_are_drawn_once(house: &House) {
    let ana = house.person("Ana").id;
    let id = new_policy(house, ana).id;
    let draw = || {
        house
            .write(move |tx| policy::draw_round_robin(tx, id))
            .unwrap()
    };
    assert_eq!([draw(), draw(), draw()], [0, 1, 2]);
}
