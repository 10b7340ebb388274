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
