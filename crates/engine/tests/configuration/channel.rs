//! Channels: made, edited, given another secret, removed, and in the configuration file.

use domain::ChannelId;
use domain::Span;
use domain::channel::{ChannelKind, OLD_SECRET_FOR};
use domain::policy::{PolicyConfig, Step, StepMode, Target};
use engine::Error;
use engine::configuration::channel::{
    ChannelInput, create_channel, edit_channel, remove_channel, rotate_secret, used_by,
};
use engine::configuration::policy::{PolicyInput, create_policy};
use engine::configuration::setting::set_last_resort;
use engine::configuration::team::{TeamInput, create_team, remove_team};
use engine::manifest::{Manifest, ManifestError, apply, current, export, parse, to_yaml};

use crate::house::{House, NOW, assert_forbidden, fields, later, observer, root};

crate::on_both! {
    a_channel_is_made_edited_and_removed
    what_makes_no_sense_is_refused
    a_secret_is_shown_once_and_can_be_changed
    what_is_told_by_something_cannot_be_removed
    a_channel_is_no_last_resort
    the_file_holds_secrets_only_when_asked
}

fn input(name: &str, kind: ChannelKind, address: &str) -> ChannelInput {
    ChannelInput {
        name: name.into(),
        slug: None,
        description: "  Who runs it\n".into(),
        team_id: None,
        kind,
        address: Some(address.into()),
        enabled: true,
    }
}

fn chat() -> ChannelInput {
    input(
        "Ops room",
        ChannelKind::Slack,
        " https://hooks.slack.com/services/T0/B0/x ",
    )
}

async fn a_channel_is_made_edited_and_removed(house: &House) {
    let store = &house.store;
    assert_forbidden(create_channel(store, &observer(), chat()).await);
    let made = create_channel(store, &root(), chat()).await.unwrap();
    assert!(made.secret.is_none(), "posts to a chat are not signed");
    let directory = house.directory();
    let read = directory.channel(made.id).unwrap();
    assert_eq!(
        (read.slug.as_str(), read.name.as_str()),
        ("ops-room", "Ops room")
    );
    assert_eq!(read.description, "Who runs it");
    assert_eq!(
        read.address.reveal(),
        "https://hooks.slack.com/services/T0/B0/x"
    );
    assert!(read.enabled && read.trouble.is_none());
    // Without an address the old one stays.
    let edit = ChannelInput {
        name: "Ops".into(),
        address: None,
        enabled: false,
        ..chat()
    };
    edit_channel(store, &root(), made.id, edit).await.unwrap();
    let directory = house.directory();
    let read = directory.channel(made.id).unwrap();
    assert_eq!(
        (read.slug.as_str(), read.name.as_str()),
        ("ops-room", "Ops")
    );
    assert!(!read.enabled && read.address.reveal().ends_with("/x"));
    let other_kind = ChannelInput {
        kind: ChannelKind::Webhook,
        ..chat()
    };
    let refused = edit_channel(store, &root(), made.id, other_kind).await;
    assert_eq!(fields(refused), ["kind"]);
    assert_forbidden(remove_channel(store, &observer(), made.id).await);
    remove_channel(store, &root(), made.id).await.unwrap();
    assert!(house.directory().channels.is_empty());
    let gone = remove_channel(store, &root(), made.id).await;
    assert!(matches!(gone, Err(Error::NotFound("channel"))), "{gone:?}");
}

async fn what_makes_no_sense_is_refused(house: &House) {
    let store = &house.store;
    for (kind, address) in [
        (ChannelKind::Slack, "hooks.slack.com/services"),
        (ChannelKind::Webhook, "ftp://a.example"),
        (ChannelKind::Teams, ""),
        (ChannelKind::Email, "https://a.example"),
    ] {
        let refused = create_channel(store, &root(), input("A", kind, address)).await;
        assert_eq!(fields(refused), ["address"], "{kind} {address}");
    }
    let long = format!("https://a.example/{}", "x".repeat(2_000));
    let refused = create_channel(store, &root(), input("", ChannelKind::Slack, &long)).await;
    assert_eq!(fields(refused), ["name", "address"]);
    create_channel(store, &root(), chat()).await.unwrap();
    let taken = ChannelInput {
        slug: Some("ops-room".into()),
        ..chat()
    };
    assert_eq!(
        fields(create_channel(store, &root(), taken).await),
        ["slug"]
    );
}

async fn a_secret_is_shown_once_and_can_be_changed(house: &House) {
    let store = &house.store;
    let hook = input("Bridge", ChannelKind::Webhook, "https://bridge.example/in");
    let made = create_channel(store, &root(), hook).await.unwrap();
    let first = made.secret.unwrap();
    assert!(first.reveal().starts_with("whsec_") && first.reveal().len() > 40);
    assert_forbidden(rotate_secret(store, &observer(), made.id).await);
    let now = later(root(), Span::from_hours(1));
    let second = rotate_secret(store, &now, made.id)
        .await
        .unwrap()
        .secret
        .unwrap();
    assert_ne!(first, second);
    let directory = house.directory();
    let read = directory.channel(made.id).unwrap();
    let until = NOW + Span::from_hours(1) + OLD_SECRET_FOR;
    assert_eq!(read.old_secret, Some((first, until)));
    assert_eq!(read.secret, Some(second));
    let mail = input("List", ChannelKind::Email, "Ops@Example.com");
    let mail = create_channel(store, &root(), mail).await.unwrap();
    assert_eq!(
        house.directory().channel(mail.id).unwrap().address.reveal(),
        "ops@example.com"
    );
    let refused = rotate_secret(store, &root(), mail.id).await;
    assert!(matches!(refused, Err(Error::Refused(_))), "{refused:?}");
}

async fn what_is_told_by_something_cannot_be_removed(house: &House) {
    let store = &house.store;
    let team = TeamInput {
        name: "Shop".into(),
        ..TeamInput::default()
    };
    let team = create_team(store, &root(), team).await.unwrap();
    let owned = ChannelInput {
        team_id: Some(team),
        ..chat()
    };
    let id = create_channel(store, &root(), owned).await.unwrap().id;
    let bo = house.person("Bo").await.id;
    let steps = vec![Step {
        targets: vec![Target::User(bo), Target::Channel(id)],
        mode: StepMode::All,
        wait: Span::from_minutes(5),
        urgency: None,
        severity_at_least: None,
        hours: None,
    }];
    let policy = |steps, anyway| PolicyInput {
        name: "Checkout".into(),
        slug: None,
        description: String::new(),
        team_id: None,
        config: PolicyConfig { steps, repeats: 1 },
        anyway,
    };
    create_policy(store, &root(), policy(steps.clone(), false))
        .await
        .unwrap();
    assert_eq!(used_by(&house.directory(), id), ["the policy Checkout"]);
    let refused = remove_channel(store, &root(), id).await;
    let Err(Error::Refused(why)) = refused else {
        panic!("{refused:?}");
    };
    assert_eq!(
        why,
        "the policy Checkout still tells Ops room: change that first"
    );
    let refused = remove_team(store, &root(), team).await;
    let Err(Error::Refused(why)) = refused else {
        panic!("{refused:?}");
    };
    assert!(why.contains("the channel Ops room"), "{why}");
    // A policy that tells a channel and nobody else reaches nobody (PAGING.md §4.10).
    let mut only = steps;
    only[0].targets.remove(0);
    let refused = create_policy(store, &root(), policy(only.clone(), false)).await;
    assert_eq!(fields(refused.map(|_| ())), ["anyway"]);
    create_policy(store, &root(), policy(only.clone(), true))
        .await
        .unwrap();
    only[0].targets[0] = Target::Channel(ChannelId(-1));
    let refused = create_policy(store, &root(), policy(only, true)).await;
    assert_eq!(fields(refused.map(|_| ())), ["steps[0].targets[0]"]);
}

async fn a_channel_is_no_last_resort(house: &House) {
    let store = &house.store;
    let id = create_channel(store, &root(), chat()).await.unwrap().id;
    let bo = house.person("Bo").await.id;
    let refused = set_last_resort(store, &root(), vec![Target::Channel(id)]).await;
    assert_eq!(fields(refused), ["last_resort"]);
    let both = vec![Target::User(bo), Target::Channel(id)];
    set_last_resort(store, &root(), both).await.unwrap();
    assert_eq!(used_by(&house.directory(), id), ["the last resort"]);
}

const FILE: &str = "\
users:
  - email: ana@example.com
    name: Ana
    role: admin
    password: correct horse battery
    contact_methods:
      - {kind: email, address: ana@example.com, verified: true}
channels:
  - slug: ops
    name: Ops room
    kind: slack
    address: https://hooks.slack.com/services/T0/B0/hush
  - slug: bridge
    kind: webhook
    address: https://bridge.example/in
    secret: whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw
  - slug: list
    kind: email
    address: ops@example.com
    enabled: false
schedules:
  - slug: watch
    hand_offs: ops
    zone: UTC
    layers:
      - {name: Daily, rotation: {unit: days}, start: 2026-01-01, participants: [ana@example.com]}
policies:
  - slug: checkout
    steps:
      - targets: [{user: ana@example.com}, {channel: ops}]
settings:
  last_resort: [{user: ana@example.com}, {channel: list}]
";

fn read(text: &str) -> Manifest {
    parse(text, &|_| None).unwrap()
}

async fn the_file_holds_secrets_only_when_asked(house: &House) {
    let store = &house.store;
    let plan = apply(store, &root(), read(FILE), false).await.unwrap();
    assert!(plan.to_string().contains("+ create channel ops"), "{plan}");
    let again = apply(store, &root(), read(FILE), false).await.unwrap();
    assert!(again.is_unchanged(), "{again}");
    let directory = house.directory();
    let ops = directory.channel_by_slug("ops").unwrap();
    let policy = directory.policy_by_slug("checkout").unwrap();
    assert!(policy.current.config.mentions(Target::Channel(ops.id)));
    assert!(!directory.channel_by_slug("list").unwrap().enabled);
    let watch = directory.schedule_by_slug("watch").unwrap().id;
    assert_eq!(directory.hand_offs.get(&watch), Some(&ops.id));

    let now = current(store).await.unwrap();
    let open = to_yaml(&export(&now, false, NOW)).unwrap();
    assert!(!open.contains("hush") && !open.contains("whsec_"), "{open}");
    assert!(open.contains("https://bridge.example/in") && open.contains("ops@example.com"));
    // What is not in the file stays.
    let kept = apply(store, &root(), read(&open), false).await.unwrap();
    assert!(kept.is_unchanged(), "{kept}");
    let whole = to_yaml(&export(&now, true, NOW)).unwrap();
    assert!(whole.contains("/hush") && whole.contains("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"));
    let same = apply(store, &root(), read(&whole), false).await.unwrap();
    assert!(same.is_unchanged(), "{same}");

    let none = "{schedules: [{slug: watch, hand_offs: null}]}";
    let plan = apply(store, &root(), read(none), false).await.unwrap();
    assert!(
        plan.to_string()
            .contains("~ update schedule watch (hand_offs)"),
        "{plan}"
    );
    assert!(house.directory().hand_offs.is_empty());

    let wrong = "\
channels:
  - slug: a
    kind: slack
  - slug: b
    kind: webhook
    address: https://a.example
    secret: short
  - slug: ops
    kind: email
policies:
  - slug: checkout
    steps: [{targets: [{channel: nowhere}]}]
";
    let refused = apply(store, &root(), read(wrong), false).await;
    let Err(ManifestError::Faults(faults)) = refused else {
        panic!("{refused:?}");
    };
    let lines: Vec<String> = faults.iter().map(ToString::to_string).collect();
    let said = lines.join("\n");
    for expected in [
        "address: a new channel needs one",
        "secret: a secret is whsec_",
        "kind: the kind of a channel stays",
        "there is no channel `nowhere`",
    ] {
        assert!(said.contains(expected), "{expected}: {said}");
    }
}
