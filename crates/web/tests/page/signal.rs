//! Signals, and adding an integration until it is heard.

use domain::word::Action;

use crate::on_both;

on_both!(an_integration_is_chosen_made_and_heard, |house| {
    let ana = house.ana().await;
    house.checkout(&ana).await;
    ana.get("/services/checkout").await.shows("Add integration");
    let page = ana.get("/services/checkout/integrations/new").await;
    page.shows("Clouds").shows("Datadog").shows("Generic JSON");
    let found = ana.get("/services/checkout/integrations/new?q=zabb").await;
    found.shows("Zabbix").hides("Datadog");
    ana.get("/services/checkout/integrations/new?q=nothing+such")
        .await
        .shows("No monitor is called so.");
    let form = ana
        .get("/services/checkout/integrations/new?kind=generic")
        .await;
    form.shows("Add and show the key");
    let fields = [("name", "Second"), ("kind", "generic")];
    let shown = ana
        .post(&form, "/services/checkout/integrations", &fields)
        .await;
    shown
        .shows("Second is ready")
        .shows("Waiting for the first signal.")
        .shows("Send a test signal");
    // The same name again: told beside the form, the choice is kept.
    let again = ana
        .post(&form, "/services/checkout/integrations", &fields)
        .await;
    assert_eq!(again.status, 422);
    again
        .shows("already has an integration")
        .shows("Generic JSON");

    let path = shown
        .body
        .split("action=\"")
        .filter_map(|part| part.split('"').next())
        .find(|path| path.ends_with("/test"))
        .unwrap()
        .to_owned();
    let home = path.trim_end_matches("/test").to_owned();
    ana.get(&home).await.shows("Waiting for the first signal.");
    let sent = ana.post(&shown, &path, &[]).await;
    assert_eq!(sent.status, 303, "{}", sent.body);
    ana.get(&home)
        .await
        .shows("Heard from it")
        .shows("Test signal of Second")
        .shows("opened an incident");
});

on_both!(signals_are_listed_told_and_replayed, |house| {
    let ana = house.ana().await;
    let key = house.checkout(&ana).await;
    ana.get("/signals").await.shows("Nothing has come in yet.");
    house
        .signal(&key, Action::Trigger, "k1", "Till is broken")
        .await;
    house.signal(&key, Action::Resolve, "k9", "").await;
    let list = ana.get("/signals").await;
    list.shows("Till is broken")
        .shows("opened an incident")
        .shows("nothing to do")
        .hides(&key);
    ana.get("/signals?decision=opened").await.hides("k9");
    ana.get("/signals?q=till")
        .await
        .shows("Till is")
        .hides("k9");
    ana.get("/signals?service=nowhere")
        .await
        .shows("No request is like that.");
    let path = list
        .body
        .split("href=\"")
        .filter_map(|part| part.split('"').next())
        .filter(|path| path.starts_with("/signals/"))
        .last()
        .unwrap()
        .to_owned();
    let one = ana.get(&path).await;
    one.shows("What we understood, and decided")
        .shows("No alert with this key was open")
        .shows("told 1 time so far");
    let cem = house.invite(&ana, "Cem", "observer").await;
    let seen = cem.get(&path).await;
    assert!(!seen.offers(&format!("{path}/replay")));
    let refused = cem.post(&seen, &format!("{path}/replay"), &[]).await;
    assert_eq!(refused.status, 403);
    assert_eq!(ana.get("/signals/99999").await.status, 404);
});

/// The page of a key that was just made for a kind, and the address of its integration.
async fn made(
    house: &crate::house::House,
    ana: &crate::house::Visitor,
    kind: &str,
) -> (crate::house::Page, String, String) {
    let form = ana.get("/services/checkout/integrations/new").await;
    let fields = [("name", kind), ("kind", kind)];
    let shown = ana
        .post(&form, "/services/checkout/integrations", &fields)
        .await;
    assert_eq!(shown.status, 200, "{}", shown.body);
    let directory = house.engine.directory();
    let mut all = directory.integrations.values();
    let id = all.find(|one| one.name == kind).unwrap().id;
    let key = shown.body.split("id=\"copy-key\"").nth(1).unwrap();
    let key = key.split('>').nth(1).unwrap().split('<').next().unwrap();
    let home = format!("/services/checkout/integrations/{id}");
    let key = key.to_owned();
    (shown, home, key)
}

on_both!(what_monitors_run_is_shown_whole, |house| {
    let ana = house.ana().await;
    house.checkout(&ana).await;
    let (page, _, key) = made(house, &ana, "monit").await;
    page.shows("/usr/local/bin/quarterdeck-monit")
        .shows("#!/bin/sh")
        .shows(&format!("echo {key} | sudo install"));
    let (page, _, _) = made(house, &ana, "icinga").await;
    page.shows("object NotificationCommand")
        .shows("QUARTERDECK_SEND_KEY_FILE");
    let (page, _, _) = made(house, &ana, "changes").await;
    page.shows("terraform apply")
        .shows("ansible_play_name")
        .shows("kubectl rollout status");
});

on_both!(files_for_senders_can_be_downloaded, |house| {
    let ana = house.ana().await;
    house.checkout(&ana).await;
    for (kind, file) in [
        ("zabbix", "zabbix-mediatype.yaml"),
        ("argocd", "argocd-notifications.yaml"),
    ] {
        let (page, _, _) = made(house, &ana, kind).await;
        let way = format!("/downloads/{file}");
        assert!(page.body.contains(&format!("href=\"{way}\"")), "{kind}");
        page.hides("docs/");
        let got = ana.get(&way).await;
        assert_eq!(got.status, 200, "{kind}");
        let address = format!("{}/integrations/KEY/{kind}", crate::house::PUBLIC_URL);
        assert!(got.body.contains(&address), "{kind}: {}", got.body);
        let stranger = house.visitor().get(&way).await;
        assert_eq!(stranger.status, 303);
        assert!(stranger.leads_to.starts_with("/sign-in"));
    }
    assert_eq!(ana.get("/downloads/passwd").await.status, 404);
});

on_both!(senders_are_found_by_other_names, |house| {
    let ana = house.ana().await;
    house.checkout(&ana).await;
    for (words, name) in [
        ("Terraform", "Changes and experiments"),
        ("chaos+monkey", "Spinnaker"),
        ("vmalert", "Prometheus"),
    ] {
        let way = format!("/services/checkout/integrations/new?q={words}");
        ana.get(&way)
            .await
            .shows(name)
            .hides("No monitor is called so.")
            .hides("Zabbix");
    }
});

on_both!(netdata_says_that_it_needs_a_secret, |house| {
    let ana = house.ana().await;
    house.checkout(&ana).await;
    let (page, home, _) = made(house, &ana, "netdata").await;
    let settings = format!("{home}/settings");
    page.shows("challenge secret");
    assert!(page.body.contains(&format!("href=\"{settings}\"")));
    ana.get(&home)
        .await
        .shows("there is no secret to give it with");
    ana.get(&settings).await.shows("asks for a proof");
    ana.fill(&settings, &settings, &[("secret", "hush")]).await;
    ana.get(&home)
        .await
        .hides("there is no secret to give it with");
});

on_both!(a_first_change_is_shown_to_those_who_wait, |house| {
    let ana = house.ana().await;
    house.checkout(&ana).await;
    let (page, home, key) = made(house, &ana, "jenkins").await;
    page.shows("Waiting for the first signal.");
    let built = serde_json::json!({
        "name": "shop", "url": "job/shop/",
        "build": {"full_url": "https://ci.example.com/job/shop/7/", "number": 7,
            "phase": "COMPLETED", "status": "SUCCESS"},
    });
    let client = reqwest::Client::builder().build().unwrap();
    let url = format!("{}/integrations/{key}/jenkins", house.url);
    let answer = client.post(&url).json(&built).send().await.unwrap();
    assert_eq!(answer.status(), 202);
    let page = ana.get(&home).await;
    page.shows("Heard of a change")
        .shows("shop")
        .hides("A request without signals")
        .hides("Waiting for the first signal.");
    assert!(
        page.body
            .contains("href=\"/changes?service=checkout#change-")
    );
    ana.get("/signals")
        .await
        .shows("Change: ")
        .hides("A request without signals");
    // A signal that comes later is what was heard last.
    house
        .signal(&key, Action::Trigger, "k1", "Till is broken")
        .await;
    ana.get(&home)
        .await
        .shows("Heard from it")
        .hides("Heard of a change");
});
