//! Paging somebody, who says yes or no.

use domain::word::PagingState;

use crate::answer::link_of;
use crate::on_both;

on_both!(somebody_is_paged_and_says_yes_or_no, |house| {
    let ana = house.ana().await;
    let bo = house.bo(&ana).await;
    let id = house
        .engine
        .directory()
        .users
        .values()
        .find(|user| user.name == "Bo")
        .unwrap()
        .id;
    let target = format!("user:{id}");
    let form = ana.get(&format!("/page?who={target}")).await;
    assert!(form.body.contains(&format!("value=\"{target}\" selected")));
    let refused = ana
        .post(&form, "/page", &[("target", ""), ("message", "Help")])
        .await;
    assert_eq!(refused.status, 422);
    refused.shows("Choose at least one person, schedule or team.");
    let fields = [
        ("target", target.as_str()),
        ("target", ""),
        ("message", "Can you look at the database?"),
        ("service", ""),
    ];
    let page = ana.fill("/page", "/page", &fields).await;
    page.shows("Can you look at the database?")
        .shows("Asked to help")
        .shows("No answer yet");
    // It is Ana's until Bo says something; asking Bo again says why not.
    assert_eq!(house.incident(1).await.paging, PagingState::Acknowledged);
    let again = [("target", target.as_str()), ("message", "")];
    let refused = ana.post(&page, "/incidents/1/responders", &again).await;
    assert_eq!(refused.status, 422);
    refused.shows("Bo has been asked already");
    let link = link_of(&house.mail_to(&bo, "Say yes or no: ").await);
    let asked = bo.get("/incidents/1").await;
    asked.shows("Yes, I help");
    let fields = [("do", "decline"), ("reason", "On a train")];
    bo.post(&asked, "/incidents/1/responders/answer", &fields)
        .await;
    ana.get("/incidents/1")
        .await
        .shows("Declined")
        .shows("On a train");
    // By the link of the mail.
    ana.fill("/incidents/1", "/incidents/1/responders", &again)
        .await
        .shows("Paged.");
    let stranger = house.visitor();
    stranger
        .get(&link)
        .await
        .shows("Ana asks you to help")
        .shows("A word with your answer");
    let long = "x".repeat(501);
    let refused = stranger
        .post_without_token(&link, &[("do", "decline"), ("reason", &long)])
        .await;
    assert_eq!(refused.status, 422);
    refused
        .shows("The text is longer than 500 characters.")
        .shows(&long);
    let fields = [
        ("do", "decline"),
        ("reason", "  In a tunnel,\r\nuntil noon "),
    ];
    stranger
        .post_without_token(&link, &fields)
        .await
        .shows("Declined");
    ana.get("/incidents/1")
        .await
        .shows("“In a tunnel, until noon”")
        .shows("Bo by e-mail declined to help: In a tunnel, until noon");
    // Nothing is asked any more, but the link still acts.
    let late = stranger
        .post_without_token(&link, &[("do", "accept"), ("reason", "")])
        .await;
    assert_eq!(late.status, 422);
    late.shows("No request for help is open")
        .shows("Acknowledge as Bo");
});
