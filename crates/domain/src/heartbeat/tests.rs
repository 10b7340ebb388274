use proptest::prelude::*;

use super::*;
use crate::word::Action;

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_seconds(1_000_000 + seconds)
}

/// Every minute, with ten seconds of grace.
fn minutely() -> Heartbeat {
    let settings = HeartbeatSettings {
        grace: Span::from_seconds(10),
        ..HeartbeatSettings::new("backup", Span::from_seconds(60))
    };
    Heartbeat::new(HeartbeatId(7), IntegrationId(1), settings, at(0))
}

fn success() -> Ping {
    Ping::new(PingKind::Success)
}

fn late(kind: PingKind, seconds: i64) -> Ping {
    Ping {
        age: Span::from_seconds(seconds),
        ..Ping::new(kind)
    }
}

#[test]
fn the_first_ping_arms_it_7_1() {
    let mut beat = minutely();
    assert_eq!(beat.expire(at(1_000_000)), Outcome::default());
    let outcome = beat.ping(&success(), at(0));
    assert!(outcome.changed && outcome.signal.is_none());
    assert_eq!(
        (beat.state, beat.due_at),
        (HeartbeatState::Healthy, Some(at(70)))
    );
    assert_eq!(beat.expire(at(69)), Outcome::default());
}

#[test]
fn a_missed_one_triggers_once_and_the_next_resolves_7_1() {
    let mut beat = minutely();
    beat.ping(&success(), at(0));
    let missed = beat.expire(at(500)).signal.unwrap();
    assert_eq!(missed.action, Action::Trigger);
    assert_eq!(missed.summary, "backup has missed its heartbeat");
    assert_eq!(
        missed.monitor_time,
        Some(at(70)),
        "when it was due, not when it was seen"
    );
    assert_eq!(beat.expire(at(501)), Outcome::default());
    let resolve = beat.ping(&success(), at(600)).signal.unwrap();
    assert_eq!(resolve.action, Action::Resolve);
    assert_eq!(resolve.dedup_key, missed.dedup_key);
    assert_eq!(beat.ping(&success(), at(601)), Outcome::default());
}

#[test]
fn a_failure_triggers_at_once_with_what_was_said() {
    let mut beat = minutely();
    let ping = Ping {
        exit_status: Some(3),
        output: "copying\nno space left\n".into(),
        ..Ping::new(PingKind::Fail)
    };
    let signal = beat.ping(&ping, at(0)).signal.unwrap();
    assert_eq!(signal.summary, "backup has failed with exit status 3");
    assert_eq!(signal.details["output"], "copying\nno space left");
    assert_eq!((beat.state, beat.due_at), (HeartbeatState::Failed, None));
    assert_eq!(beat.history.0[0].note.as_deref(), Some("no space left"));
    assert!(beat.ping(&success(), at(5)).signal.is_some());
}

#[test]
fn a_run_that_does_not_end_expires() {
    let mut beat = minutely();
    beat.settings.longest_run = Some(Span::from_seconds(200));
    beat.ping(&success(), at(0));
    beat.ping(&Ping::new(PingKind::Start), at(60));
    assert_eq!(
        beat.due_at,
        Some(at(260)),
        "a run may be longer than the interval"
    );
    // A second one does not hide that the first has not ended.
    beat.ping(&Ping::new(PingKind::Start), at(120));
    assert_eq!(beat.due_at, Some(at(260)));
    let signal = beat.expire(at(260)).signal.unwrap();
    assert_eq!(
        signal.summary,
        "backup began a run that did not end in time"
    );
    beat.ping(&Ping::new(PingKind::Start), at(300));
    assert_eq!(
        beat.state,
        HeartbeatState::Expired,
        "only its end says that all is well"
    );
    beat.ping(&success(), at(330));
    assert_eq!(
        beat.history.0.last().unwrap().took,
        Some(Span::from_seconds(30))
    );
    assert_eq!(beat.state, HeartbeatState::Healthy);
}

#[test]
fn without_a_bound_a_start_moves_nothing() {
    let mut beat = minutely();
    beat.ping(&success(), at(0));
    beat.ping(&Ping::new(PingKind::Start), at(60));
    assert_eq!(beat.due_at, Some(at(70)));
    let mut fresh = minutely();
    fresh.ping(&Ping::new(PingKind::Start), at(0));
    assert_eq!(
        (fresh.state, fresh.due_at),
        (HeartbeatState::Waiting, Some(at(70)))
    );
}

#[test]
fn what_comes_late_counts_for_when_it_happened() {
    let mut beat = minutely();
    // Happened 40 s ago: alive until 30 s from now.
    beat.ping(&late(PingKind::Success, 40), at(40));
    assert_eq!(beat.due_at, Some(at(70)));
    beat.expire(at(70));
    // From before it expired: no sign that it lives.
    let outcome = beat.ping(&late(PingKind::Success, 3_600), at(4_000));
    assert_eq!(
        (outcome, beat.state),
        (Outcome::default(), HeartbeatState::Expired)
    );
    assert!(beat.history.0.last().unwrap().stale);
    // Older than what is known.
    beat.ping(&success(), at(5_000));
    let old = beat.ping(&late(PingKind::Fail, 100), at(5_050));
    assert_eq!((old.signal, beat.state), (None, HeartbeatState::Healthy));
    // A failure that nothing has overtaken is news, however late.
    let news = beat.ping(&late(PingKind::Fail, 10), at(5_060));
    assert_eq!(news.signal.unwrap().monitor_time, Some(at(5_050)));
}

#[test]
fn a_ping_that_waited_for_us_beats_the_grace_after_our_outage() {
    let mut beat = minutely();
    beat.ping(&success(), at(0));
    let outage = Outage {
        from: at(5),
        until: at(1_000),
    };
    assert!(beat.after_outage(outage));
    assert_eq!(beat.due_at, Some(at(1_070)));
    // It was alive in the outage, too long ago to say anything about now: the grace holds.
    beat.ping(&late(PingKind::Success, 500), at(1_001));
    assert_eq!(
        (beat.state, beat.due_at),
        (HeartbeatState::Healthy, Some(at(1_070)))
    );
    beat.ping(&late(PingKind::Success, 20), at(1_002));
    assert_eq!(beat.due_at, Some(at(1_052)));
}

#[test]
fn an_outage_of_ours_gives_one_full_interval_7_1() {
    let mut daily = Heartbeat {
        settings: HeartbeatSettings::new("nightly", Span::from_days(1)),
        ..minutely()
    };
    daily.ping(&success(), at(0));
    let due = daily.due_at;
    // A restart far from when the ping is expected loses none.
    assert!(!daily.after_outage(Outage {
        from: at(3_600),
        until: at(3_610)
    }));
    assert_eq!(daily.due_at, due);
    assert!(daily.after_outage(Outage {
        from: at(3_600),
        until: at(7_200)
    }));
    assert_eq!(daily.due_at, Some(at(7_200) + daily.settings.patience()));
    // A restart just when it is expected.
    let mut beat = minutely();
    beat.ping(&success(), at(0));
    assert!(beat.after_outage(Outage {
        from: at(58),
        until: at(72)
    }));
    assert_eq!(beat.due_at, Some(at(142)));
    // One that waits for its first ping, is down, or is paused has nothing to be forgiven.
    assert!(!minutely().after_outage(Outage {
        from: at(0),
        until: at(9_000)
    }));
}

#[test]
fn an_outage_is_a_time_without_a_mark() {
    assert_eq!(Outage::since(at(0), at(30), false), None);
    let gap = Outage::since(at(0), at(31), false).unwrap();
    assert_eq!((gap.from, gap.until), (at(0), at(31)));
    assert!(Outage::since(at(0), at(1), true).is_some());
    assert_eq!(
        Outage::since(at(5), at(1), true),
        None,
        "the clock was set back"
    );
}

#[test]
fn outages_every_night_do_not_hide_a_dead_job() {
    let day = 86_400;
    let mut beat = Heartbeat {
        settings: HeartbeatSettings::new("nightly", Span::from_days(1)),
        ..minutely()
    };
    beat.ping(&success(), at(0));
    let mut expired = None;
    for night in 1..10 {
        let outage = Outage {
            from: at(night * day - 300),
            until: at(night * day),
        };
        beat.after_outage(outage);
        if beat.expire(outage.until).signal.is_some() {
            expired = Some(night);
            break;
        }
    }
    assert!(expired.is_some_and(|night| night <= 4), "{expired:?}");
    // In a crash loop nobody could be heard: the grace is given again.
    let mut beat = minutely();
    beat.ping(&success(), at(0));
    beat.after_outage(Outage {
        from: at(1),
        until: at(200),
    });
    assert!(beat.after_outage(Outage {
        from: at(205),
        until: at(400)
    }));
    assert!(!beat.is_due(at(469)));
}

#[test]
fn a_pause_resolves_and_the_resumption_has_patience() {
    let mut beat = minutely();
    beat.ping(&success(), at(0));
    beat.expire(at(70));
    assert_eq!(beat.pause(at(80)).signal.unwrap().action, Action::Resolve);
    assert_eq!(beat.ping(&success(), at(90)).signal, None);
    assert_eq!(beat.ping(&Ping::new(PingKind::Fail), at(95)).signal, None);
    assert_eq!(beat.state, HeartbeatState::Paused);
    beat.resume(at(1_000));
    assert_eq!(
        (beat.state, beat.due_at),
        (HeartbeatState::Waiting, Some(at(1_070)))
    );
    let mut fresh = minutely();
    fresh.pause(at(1));
    fresh.resume(at(2));
    assert_eq!(fresh.due_at, None, "armed by the first ping");
}

#[test]
fn other_settings_never_expire_it_at_once() {
    let mut beat = minutely();
    beat.settings.interval = Span::from_days(1);
    beat.ping(&success(), at(0));
    let shorter = minutely().settings;
    beat.edit(shorter.clone(), at(10));
    assert_eq!(beat.due_at, Some(at(70)));
    beat.edit(HeartbeatSettings::new("backup", Span::from_days(1)), at(11));
    assert_eq!(beat.due_at, Some(at(86_400 + 60)));
    beat.edit(shorter, at(5_000));
    assert_eq!(beat.due_at, Some(at(5_070)));
}

#[test]
fn settings_have_bounds_7_1() {
    let fields = |settings: HeartbeatSettings| -> Vec<&'static str> {
        settings
            .problems()
            .into_iter()
            .map(|(field, _)| field)
            .collect()
    };
    assert_eq!(fields(HeartbeatSettings::new("x", INTERVAL_MIN)), [""; 0]);
    assert_eq!(fields(HeartbeatSettings::new("x", INTERVAL_MAX)), [""; 0]);
    assert_eq!(
        fields(HeartbeatSettings::new("x", INTERVAL_MIN - Span(1))),
        ["interval"]
    );
    assert_eq!(
        fields(HeartbeatSettings::new(" ", INTERVAL_MAX + Span(1))),
        ["name", "interval"]
    );
    let odd = HeartbeatSettings {
        grace: Span::from_hours(2),
        longest_run: Some(Span::ZERO),
        message: Some("a\nb".into()),
        tags: vec![String::new()],
        ..HeartbeatSettings::new("a\nb", INTERVAL_MIN)
    };
    assert_eq!(
        fields(odd),
        ["name", "grace", "longest_run", "message", "tags"]
    );
}

#[test]
fn the_history_keeps_what_went_wrong() {
    let mut beat = minutely();
    beat.ping(&Ping::new(PingKind::Fail), at(0));
    for n in 1..100 {
        beat.ping(&success(), at(n));
    }
    assert_eq!(beat.history.0.len(), 13);
    assert_eq!(beat.history.0[0].kind, EventKind::Fail);
    assert_eq!(beat.history.newest().next().unwrap().at, at(99));
}

#[derive(Clone, Debug)]
enum Step {
    Ping(PingKind, i64),
    Wait(i64),
    Outage(i64),
    Pause,
    Resume,
}

fn step() -> impl Strategy<Value = Step> {
    let kind = prop_oneof![
        3 => Just(PingKind::Success),
        1 => Just(PingKind::Start),
        1 => Just(PingKind::Fail)
    ];
    prop_oneof![
        4 => (kind, prop_oneof![3 => Just(0), 1 => 0i64..300]).prop_map(|(kind, age)| Step::Ping(kind, age)),
        4 => (1i64..200).prop_map(Step::Wait),
        1 => (1i64..500).prop_map(Step::Outage),
        1 => Just(Step::Pause),
        1 => Just(Step::Resume),
    ]
}

proptest! {
    /// Triggers and resolves alternate as the state says; whoever pings in time is never said to be
    /// missing; whoever stops is found out.
    #[test]
    fn signals_follow_the_state(steps in prop::collection::vec(step(), 0..60), bounded: bool) {
        let mut beat = minutely();
        beat.settings.longest_run = bounded.then_some(Span::from_seconds(90));
        let (mut now, mut open) = (at(0), false);
        for step in steps {
            let mut said = Vec::new();
            match step {
                Step::Ping(kind, age) => {
                    let ping = Ping { age: Span::from_seconds(age), ..Ping::new(kind) };
                    said.push(beat.ping(&ping, now).signal);
                    if kind == PingKind::Success && age == 0 && beat.state != HeartbeatState::Paused {
                        prop_assert_eq!(beat.state, HeartbeatState::Healthy);
                        prop_assert_eq!(beat.due_at, Some(now + beat.settings.patience()));
                    }
                }
                Step::Wait(seconds) => {
                    now = now + Span::from_seconds(seconds);
                    let (due, before) = (beat.due_at, beat.state);
                    said.push(beat.expire(now).signal);
                    prop_assert_eq!(
                        beat.state == HeartbeatState::Expired && before != HeartbeatState::Expired,
                        due.is_some_and(|due| due <= now)
                    );
                }
                Step::Outage(seconds) => {
                    let from = now;
                    now = now + Span::from_seconds(seconds);
                    let due = beat.due_at;
                    let moved = beat.after_outage(Outage { from, until: now });
                    prop_assert!(!moved || beat.due_at == Some(now + beat.settings.patience()));
                    prop_assert!(beat.due_at >= due);
                    said.push(beat.expire(now).signal);
                }
                Step::Pause => said.push(beat.pause(now).signal),
                Step::Resume => said.push(beat.resume(now).signal),
            }
            for signal in said.into_iter().flatten() {
                match signal.action {
                    Action::Trigger => open = true,
                    _ => {
                        prop_assert!(open, "a resolve of nothing");
                        open = false;
                    }
                }
            }
            prop_assert_eq!(open, beat.state.is_down());
            prop_assert_eq!(beat.due_at.is_some() && beat.state.is_down(), false);
            prop_assert!(beat.state != HeartbeatState::Healthy || beat.due_at.is_some());
            prop_assert!(beat.history.0.len() <= 32);
        }
        // Without outages it is found out within its patience, or a run's bound.
        if beat.due_at.is_some() {
            let longest = beat.settings.patience().max(Span::from_seconds(90));
            prop_assert!(beat.is_due(now + longest + longest));
        }
    }
}
