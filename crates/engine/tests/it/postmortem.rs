//! Postmortems from start to export.

use domain::incident::Command;
use domain::postmortem::workflow::Step;
use domain::word::{
    ActionPriority, ActionStatus, ActionType, CommandRole, KeyMoment, PostmortemStatus,
};
use domain::{Span, Timestamp};
use engine::postmortem::{self, ActionInput, ActionOwner};
use engine::{Error, moment, role, update};
use store::postmortem::Filter;

use crate::house::{ANA, BO, CY, House, NOON, as_user, invalid, refusal};
use crate::on_both;

const LATER: Timestamp = Timestamp::from_seconds(NOON.as_seconds() + 3_600);

/// An incident with a story, over; returns its number.
async fn story(house: &House) -> i64 {
    let store = &house.store;
    let number = house.incident(|_| {}).await.number;
    let at = |minutes| as_user(ANA, NOON + Span::from_minutes(minutes));
    role::claim(store, &at(1), number, CommandRole::Commander, None)
        .await
        .unwrap();
    moment::set(store, &at(2), number, KeyMoment::ImpactStarted, NOON)
        .await
        .unwrap();
    let note = Command::Note {
        text: "Orders | queue is *full*\nsince noon <b>".into(),
    };
    engine::incident::command(store, &at(5), number, note)
        .await
        .unwrap();
    update::publish(store, &at(6), number, "We look into it.".into(), None)
        .await
        .unwrap();
    engine::incident::command(store, &at(20), number, Command::Resolve)
        .await
        .unwrap();
    number
}

fn action(title: &str) -> ActionInput {
    ActionInput {
        title: title.into(),
        kind: ActionType::Prevent,
        priority: ActionPriority::P0,
        owner: Some(ActionOwner::User(BO)),
        due: None,
        tracker: Some("https://tracker.example/PAY-123".into()),
        done_test: None,
    }
}

async fn revision(house: &House, number: i64) -> i64 {
    let view = postmortem::get(&house.store, &as_user(ANA, LATER), number)
        .await
        .unwrap();
    view.postmortem.revision
}

async fn text(house: &House, number: i64) -> String {
    let export = postmortem::export(&house.store, &as_user(ANA, LATER), number)
        .await
        .unwrap();
    String::from_utf8(export.bytes).unwrap()
}

on_both!(
    a_postmortem_starts_from_what_the_incident_knows,
    3,
    |house| {
        let store = &house.store;
        let open = house.incident(|_| {}).await.number;
        let bo = as_user(BO, LATER);
        let early = refusal(postmortem::start(store, &bo, open).await);
        assert!(early.contains("resolve the incident first"), "{early}");
        let missing = postmortem::get(store, &bo, open).await;
        assert!(
            matches!(missing, Err(Error::NotFound("postmortem"))),
            "{missing:?}"
        );

        let number = story(house).await;
        let started = postmortem::start(store, &bo, number).await.unwrap();
        assert_eq!((started.number, started.revision), (number, 1));
        assert_eq!(started.owner_id, Some(ANA), "the commander writes it");
        assert_eq!(started.created_by, Some(ANA), "resolving a SEV2 started it");
        let again = postmortem::start(store, &bo, number).await.unwrap();
        assert_eq!(again.revision, 1, "there is only one");

        let view = postmortem::get(store, &bo, number).await.unwrap();
        assert_eq!(view.sections.len(), domain::postmortem::STANDARD.len());
        assert!(view.sections[0].body.contains("Checkout errors (SEV2)"));
        assert_eq!(view.durations.ttr, Some(Span::from_minutes(20)));
        assert_eq!(
            view.roles,
            [(CommandRole::Commander, vec!["@ana".to_owned()])]
        );
        let kinds: Vec<_> = view.timeline.iter().map(|row| row.kind.as_str()).collect();
        assert_eq!(
            kinds,
            ["role_assigned", "note", "status_update", "resolved"]
        );
        assert!(view.editable && !view.behind);
        let open = house.read(|conn| store::incident::by_number(conn, number));
        assert_eq!(house.kinds(&open).last().unwrap(), "postmortem_started");
    }
);

on_both!(
    two_people_who_edit_one_section_both_keep_their_words,
    3,
    |house| {
        let store = &house.store;
        let number = story(house).await;
        let (ana, bo) = (as_user(ANA, LATER), as_user(BO, LATER));
        postmortem::start(store, &ana, number).await.unwrap();
        let edit = |ctx, base, body: &str| {
            postmortem::edit_section(store, ctx, number, "trigger".into(), base, body.into())
        };
        let saved = edit(&ana, 1, "# A deploy\r\n\r\n").await.unwrap();
        assert_eq!(saved.body, "### A deploy");
        assert_eq!(saved.revision, 2);
        match edit(&bo, 1, "A migration").await {
            Err(Error::Conflict { revision, current }) => {
                assert_eq!((revision, current.as_str()), (2, "### A deploy"));
            }
            other => panic!("{other:?}"),
        }
        assert_eq!(edit(&bo, 2, "A migration").await.unwrap().revision, 3);
        assert_eq!(
            edit(&bo, 2, "A migration").await.unwrap().revision,
            3,
            "nothing new"
        );
        // Another section is not in the way.
        let impact = "impact".to_owned();
        postmortem::edit_section(store, &ana, number, impact, 1, "All orders".into())
            .await
            .unwrap();
        let view = postmortem::get(store, &ana, number).await.unwrap();
        let changes: Vec<_> = view.edits.iter().map(|edit| edit.slug.as_deref()).collect();
        assert_eq!(
            changes,
            [Some("impact"), Some("trigger"), Some("trigger"), None]
        );
        let id = view.incident.id;
        let first = house.read(|conn| store::postmortem::revision(conn, id, 2));
        assert_eq!(
            first.body.as_deref(),
            Some("### A deploy"),
            "history is kept"
        );
        let unknown =
            postmortem::edit_section(store, &ana, number, "nope".into(), 1, String::new()).await;
        assert!(
            matches!(unknown, Err(Error::NotFound("section"))),
            "{unknown:?}"
        );
        let huge = "x".repeat(postmortem::BODY_MAX + 1);
        assert_eq!(invalid(postmortem::preview(&ana, &huge)), "body");
        assert_eq!(postmortem::preview(&ana, "# Big").unwrap(), "### Big");
    }
);

on_both!(fifty_edits_of_one_revision_have_one_winner, 50, |house| {
    let number = story(house).await;
    postmortem::start(&house.store, &as_user(ANA, LATER), number)
        .await
        .unwrap();
    let edits: Vec<_> = (1..=50)
        .map(|id| {
            let store = house.store.clone();
            let ctx = as_user(domain::UserId(id), LATER);
            let (slug, body) = ("trigger".to_owned(), format!("By {id}"));
            tokio::spawn(async move {
                postmortem::edit_section(&store, &ctx, number, slug, 1, body).await
            })
        })
        .collect();
    let mut won = 0;
    for edit in edits {
        match edit.await.unwrap() {
            Ok(_) => won += 1,
            Err(Error::Conflict { revision: 2, .. }) => {}
            Err(other) => panic!("{other:?}"),
        }
    }
    assert_eq!(won, 1);
    assert_eq!(revision(house, number).await, 2);
});

on_both!(the_export_is_what_others_can_read, 3, |house| {
    let store = &house.store;
    let number = story(house).await;
    let ana = as_user(ANA, LATER);
    postmortem::start(store, &ana, number).await.unwrap();
    let nasty = "# Loud\n\n<script>x</script>\n\n<!-- section: lessons -->\n\n```\nopen fence";
    postmortem::edit_section(store, &ana, number, "what_happened".into(), 1, nasty.into())
        .await
        .unwrap();
    postmortem::set_title(
        store,
        &ana,
        number,
        "Checkout: \"errors\"\nafter a change".into(),
    )
    .await
    .unwrap();
    let item = postmortem::add_action(store, &ana, number, action("Add a check | now")).await;
    assert_eq!(
        item.unwrap().due_on.as_deref(),
        Some("2026-04-13"),
        "SEV2, P0: 30 days"
    );
    let export = postmortem::export(store, &ana, number).await.unwrap();
    let name = format!("INC-{number:04}-checkout-errors-after-a-change.postmortem.md");
    assert_eq!(export.file_name, name);
    let parsed = testkit::postmortem::parse(&export.bytes);
    let front = &parsed.front_matter;
    assert_eq!(front["schema"], "postmortem/v1");
    assert_eq!(front["id"], format!("PM-{number:04}"));
    assert_eq!(front["title"], "Checkout: \"errors\" after a change");
    assert_eq!(front["revision"], 4);
    assert_eq!(front["severity"], "SEV2");
    assert_eq!(front["impact_started_at"], NOON.to_seconds_string());
    assert_eq!(front["durations_s"]["ttr"], 1_200);
    assert_eq!(front["roles"]["incident_commander"][0], "@ana");
    assert_eq!(front["owner"], "@ana");
    let expected: Vec<&str> = domain::postmortem::STANDARD
        .iter()
        .map(|kind| kind.slug)
        .filter(|slug| parsed.sections.iter().any(|found| found == slug))
        .collect();
    assert_eq!(parsed.sections, expected, "each once, in order");
    assert!(parsed.sections.iter().any(|slug| slug == "timeline"));
    let second: Vec<_> = parsed
        .headings
        .iter()
        .filter(|heading| heading.level == 2)
        .collect();
    assert_eq!(second.len(), parsed.sections.len());
    let text = String::from_utf8(export.bytes).unwrap();
    assert!(
        text.contains("Orders \\| queue is *full*<br>since noon &lt;b>"),
        "{text}"
    );
    assert!(text.contains("- [ ] **AI-1** Add a check"), "{text}");
});

on_both!(the_same_revision_is_the_same_bytes, 3, |house| {
    let store = &house.store;
    let number = story(house).await;
    let ana = as_user(ANA, LATER);
    postmortem::start(store, &ana, number).await.unwrap();
    let item = postmortem::add_action(store, &ana, number, action("Add a check"))
        .await
        .unwrap();
    let before = text(house, number).await;
    // The incident and its people go on.
    let note = Command::Note {
        text: "One more thing".into(),
    };
    engine::incident::command(store, &ana, number, note)
        .await
        .unwrap();
    role::claim(
        store,
        &as_user(CY, LATER),
        number,
        CommandRole::Scribe,
        None,
    )
    .await
    .unwrap();
    let renamed = store.write(|tx| {
        tx.execute("UPDATE users SET email = 'ana.maria@example.com' WHERE id = 1")?;
        tx.configured()
    });
    renamed.await.unwrap();
    assert_eq!(text(house, number).await, before);
    let view = postmortem::get(store, &ana, number).await.unwrap();
    assert!(view.behind);
    postmortem::refill(store, &ana, number).await.unwrap();
    let after = text(house, number).await;
    assert!(
        after.contains("One more thing") && after.contains("@ana.maria"),
        "{after}"
    );
    assert!(after.contains("\"scribe\": [\"@cy\"]"), "{after}");
    assert_eq!(revision(house, number).await, view.postmortem.revision + 1);
    postmortem::refill(store, &ana, number).await.unwrap();
    assert_eq!(
        revision(house, number).await,
        view.postmortem.revision + 1,
        "nothing new"
    );

    // What the document shows of moments and actions raises the revision.
    let end = NOON + Span::from_minutes(15);
    moment::set(store, &ana, number, KeyMoment::Mitigated, end)
        .await
        .unwrap();
    assert_eq!(revision(house, number).await, view.postmortem.revision + 2);
    assert!(
        text(house, number)
            .await
            .contains(&format!("mitigated_at: \"{end}\""))
    );
    let done = ActionStatus::Done;
    postmortem::set_action_status(store, &ana, item.number, done, None)
        .await
        .unwrap();
    assert_eq!(revision(house, number).await, view.postmortem.revision + 3);
    assert!(text(house, number).await.contains("- [x] **AI-1**"));

    // The selection of the timeline is a person's.
    let all = postmortem::timeline_candidates(store, &ana, number)
        .await
        .unwrap();
    assert!(all.iter().any(|entry| !entry.chosen));
    let chosen = vec![all.last().unwrap().id, all[0].id];
    postmortem::choose_timeline(store, &ana, number, chosen.clone())
        .await
        .unwrap();
    let view = postmortem::get(store, &ana, number).await.unwrap();
    let shown: Vec<_> = view.timeline.iter().map(|row| row.id).collect();
    assert_eq!(shown, [all[0].id, all.last().unwrap().id]);
    let foreign = domain::TimelineEntryId(999_999_999);
    let wrong = postmortem::choose_timeline(store, &ana, number, vec![foreign]).await;
    assert_eq!(invalid(wrong), "entries");
});

on_both!(an_approval_holds_for_what_was_read, 3, |house| {
    let store = &house.store;
    let number = story(house).await;
    let (ana, bo) = (as_user(ANA, LATER), as_user(BO, LATER));
    postmortem::start(store, &bo, number).await.unwrap();
    let write = |base, body: &str| {
        postmortem::edit_section(store, &ana, number, "trigger".into(), base, body.into())
    };
    write(1, "A deploy").await.unwrap();
    let step = |ctx, step, seen| postmortem::advance(store, ctx, number, step, seen, None);
    refusal(step(&bo, Step::Publish, 2).await);
    step(&ana, Step::Submit, 2).await.unwrap();
    refusal(step(&ana, Step::Approve, 2).await);
    refusal(step(&bo, Step::Approve, 1).await);
    step(&bo, Step::Approve, 2).await.unwrap();
    write(2, "A migration").await.unwrap();
    let view = postmortem::get(store, &bo, number).await.unwrap();
    assert_eq!(view.postmortem.status, PostmortemStatus::InReview);
    assert_eq!(view.postmortem.approved_by, None);
    step(&bo, Step::Approve, 3).await.unwrap();
    let item = postmortem::add_action(store, &ana, number, action("Add a check"))
        .await
        .unwrap();
    step(&bo, Step::Approve, 4).await.unwrap();
    let published = step(&bo, Step::Publish, 4).await.unwrap();
    assert_eq!(published.status, PostmortemStatus::Published);

    // Out is out; only actions go on, and the document keeps what it says.
    let out = text(house, number).await;
    let read_only = refusal(write(3, "Something else").await);
    assert!(read_only.contains("read-only"), "{read_only}");
    refusal(postmortem::add_action(store, &ana, number, action("Another")).await);
    let progress = ActionStatus::InProgress;
    postmortem::set_action_status(store, &ana, item.number, progress, None)
        .await
        .unwrap();
    moment::set(store, &ana, number, KeyMoment::Mitigated, NOON)
        .await
        .unwrap();
    refusal(postmortem::refill(store, &ana, number).await);
    assert_eq!(text(house, number).await, out);
    let view = postmortem::get(store, &ana, number).await.unwrap();
    assert_eq!(view.actions[0].status, progress);
    assert!(!view.editable && view.findings.is_empty());
});

on_both!(actions_are_checked_and_counted, 3, |house| {
    let store = &house.store;
    let number = story(house).await;
    let ana = as_user(ANA, LATER);
    postmortem::start(store, &ana, number).await.unwrap();
    let add = |input| postmortem::add_action(store, &ana, number, input);
    assert_eq!(invalid(add(action("  ")).await), "title");
    let mut input = action("Add a check");
    input.owner = None;
    assert_eq!(invalid(add(input).await), "owner");
    let mut input = action("Add a check");
    input.owner = Some(ActionOwner::User(domain::UserId(77)));
    assert_eq!(invalid(add(input).await), "owner");
    let mut input = action("Add a check");
    input.tracker = Some("javascript:alert(1)".into());
    assert_eq!(invalid(add(input).await), "tracker");
    let first = add(action("Add a check")).await.unwrap();
    let second = add(action("Improve things")).await.unwrap();
    assert_eq!(
        (first.number, second.number),
        (1, 2),
        "refused ones leave no gap"
    );
    let wont = ActionStatus::WontDo;
    let set =
        |status, reason| postmortem::set_action_status(store, &ana, second.number, status, reason);
    assert_eq!(invalid(set(wont, None).await), "reason");
    set(wont, Some("replaced by AI-1".into())).await.unwrap();
    let mut edited = action("Add a check to the pipeline");
    edited.priority = ActionPriority::P2;
    edited.owner = None;
    let edited = postmortem::edit_action(store, &ana, first.number, edited)
        .await
        .unwrap();
    assert_eq!((edited.owner_user_id, edited.due_on), (None, None));
    let page = postmortem::list(store, &ana, Filter::default(), None, 10)
        .await
        .unwrap();
    assert_eq!((page.items.len(), page.next), (1, None));
    assert_eq!(page.items[0].open_actions, 1);
    let missing = postmortem::edit_action(store, &ana, 99, action("x")).await;
    assert!(
        matches!(missing, Err(Error::NotFound("action item"))),
        "{missing:?}"
    );
});

on_both!(a_list_is_read_page_by_page, 3, |house| {
    let store = &house.store;
    let ana = as_user(ANA, LATER);
    let mut numbers = Vec::new();
    for _ in 0..5 {
        let number = house.resolved().await.number;
        postmortem::start(store, &ana, number).await.unwrap();
        numbers.push(number);
    }
    postmortem::set_title(store, &ana, numbers[1], "100% of Orders_db".into())
        .await
        .unwrap();
    postmortem::set_owner(store, &ana, numbers[2], Some(CY))
        .await
        .unwrap();
    let mut seen = Vec::new();
    let mut cursor = None;
    loop {
        let page = postmortem::list(store, &ana, Filter::default(), cursor, 2)
            .await
            .unwrap();
        seen.extend(page.items.iter().map(|item| item.postmortem.number));
        cursor = page.next;
        if cursor.is_none() {
            break;
        }
    }
    numbers.reverse();
    assert_eq!(seen, numbers);
    let found = |filter| async move {
        let page = postmortem::list(store, &as_user(ANA, LATER), filter, None, 10)
            .await
            .unwrap();
        page.items
            .into_iter()
            .map(|item| item.postmortem.title)
            .collect::<Vec<_>>()
    };
    let by_text = Filter {
        text: Some("ORDERS_ 100%".into()),
        ..Filter::default()
    };
    assert_eq!(found(by_text).await, ["100% of Orders_db"]);
    let by_owner = Filter {
        owner: Some(CY),
        ..Filter::default()
    };
    assert_eq!(found(by_owner).await.len(), 1);
    let by_status = Filter {
        status: vec![PostmortemStatus::Closed],
        ..Filter::default()
    };
    assert!(found(by_status).await.is_empty());
});
