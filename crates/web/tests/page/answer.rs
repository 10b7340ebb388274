//! Answering by the link of a mail, signed out.

use domain::word::{Action, PagingState};

use crate::house::{House, Page};
use crate::on_both;

/// The path of the first signed link of a page.
pub fn link_of(page: &Page) -> String {
    let rest = page.body.split("/a/").nth(1).expect("the mail has a link");
    let token: String = rest
        .chars()
        .take_while(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_'))
        .collect();
    format!("/a/{token}")
}

/// An incident that paged Ana; returns her link.
async fn paged(house: &House) -> String {
    let ana = house.ana().await;
    let key = house.checkout(&ana).await;
    house
        .signal(&key, Action::Trigger, "k1", "Checkout is down")
        .await;
    link_of(&house.mail_to(&ana, "Acknowledge: ").await)
}

on_both!(a_link_asks_first_and_acts_on_the_button, |house| {
    let link = paged(house).await;
    let stranger = house.visitor();
    // Mail scanners follow links: looking changes nothing.
    for _ in 0..2 {
        let page = stranger.get(&link).await;
        assert_eq!(page.status, 200);
        page.shows("Checkout is down")
            .shows("Acknowledge as Ana")
            .shows("Triggered");
    }
    assert_eq!(house.incident(1).await.paging, PagingState::Triggered);
    // The address is the secret; no other token is needed.
    let done = stranger
        .post_without_token(&link, &[("do", "acknowledge")])
        .await;
    assert_eq!(done.status, 200, "{}", done.text());
    done.shows("Acknowledged").shows("Checkout is down");
    let incident = house.incident(1).await;
    assert_eq!(incident.paging, PagingState::Acknowledged);
    assert!(incident.acknowledged_by.is_some());
    // Again, and then the other button.
    let again = stranger
        .post_without_token(&link, &[("do", "acknowledge")])
        .await;
    again.shows("Acknowledged");
    stranger
        .post_without_token(&link, &[("do", "resolve")])
        .await
        .shows("Resolved");
    assert_eq!(house.incident(1).await.paging, PagingState::Resolved);
    let late = stranger
        .post_without_token(&link, &[("do", "acknowledge")])
        .await;
    assert_eq!(late.status, 200);
    late.shows("Resolved already by Ana");
    stranger.get(&link).await.shows("It is resolved already.");
});

#[actix_web::test]
async fn nobody_takes_over_by_an_old_mail() {
    let house = House::on_sqlite().await;
    let link = paged(&house).await;
    let bo = {
        let ana = house.visitor();
        let page = ana.get("/sign-in").await;
        let fields = [
            ("email", "ana@example.com"),
            ("password", "correct horse battery"),
        ];
        ana.post(&page, "/sign-in", &fields).await;
        house.bo(&ana).await
    };
    bo.fill("/incidents/1", "/incidents/1/acknowledge", &[])
        .await;
    let before = house.incident(1).await.acknowledged_by;
    let late = house
        .visitor()
        .post_without_token(&link, &[("do", "acknowledge")])
        .await;
    late.shows("Bo has acknowledged already");
    assert_eq!(house.incident(1).await.acknowledged_by, before);
}

#[actix_web::test]
async fn links_that_do_not_hold_say_what_to_do() {
    let house = House::on_sqlite().await;
    let link = paged(&house).await;
    let stranger = house.visitor();
    let mut forged = link.clone();
    let last = forged.pop().unwrap();
    forged.push(if last == 'A' { 'B' } else { 'A' });
    for bad in [forged.as_str(), "/a/x", &link[..link.len() - 5]] {
        let page = stranger.get(bad).await;
        assert_eq!(page.status, 404);
        page.shows("This link does not hold");
        let acted = stranger
            .post_without_token(bad, &[("do", "acknowledge")])
            .await;
        assert_eq!(acted.status, 404);
    }
    let nonsense = stranger.post_without_token(&link, &[("do", "dance")]).await;
    assert_eq!(nonsense.status, 400);
    assert_eq!(house.incident(1).await.paging, PagingState::Triggered);
}
