//! One's own profile: proof of contact methods, rules, password.

use crate::house::{House, Visitor};
use crate::on_both;

fn method(house: &House, name: &str, address: &str) -> domain::ContactMethodId {
    let directory = house.engine.directory();
    let user = directory
        .users
        .values()
        .find(|user| user.name == name)
        .unwrap();
    user.methods
        .iter()
        .find(|one| one.address == address)
        .expect("the method is there")
        .id
}

/// The six digits of the newest message of the outbox.
async fn code(house: &House, ana: &Visitor) -> String {
    let page = house.mail_to(ana, "is your Quarterdeck code").await;
    let text = page.text();
    let (before, _) = text.split_once(" is your Quarterdeck code").unwrap();
    before.rsplit(' ').next().unwrap().to_owned()
}

on_both!(a_method_counts_once_its_code_was_typed_in, |house| {
    let ana = house.ana().await;
    let refused = {
        let page = ana.get("/profile").await;
        let fields = [("kind", "sms"), ("address", "0151 234")];
        ana.post(&page, "/profile/methods", &fields).await
    };
    assert_eq!(refused.status, 422);
    refused.shows("This is not a phone number with its country code");
    assert!(refused.body.contains("value=\"0151 234\""));

    let fields = [("kind", "email"), ("address", "ana@home.example")];
    let page = ana.fill("/profile", "/profile/methods", &fields).await;
    page.shows("Six digits")
        .shows("the six digits stand on the Outbox page only");
    let id = method(house, "Ana", "ana@home.example");
    let digits = code(house, &ana).await;
    assert!(
        digits.len() == 6 && digits.bytes().all(|b| b.is_ascii_digit()),
        "{digits}"
    );

    let verify = format!("/profile/methods/{id}/verify");
    let wrong = if digits == "000000" {
        "000001"
    } else {
        "000000"
    };
    let refused = ana.post(&page, &verify, &[("code", wrong)]).await;
    assert_eq!(refused.status, 422);
    refused.shows("That is not the code that was sent; tries left: 4.");
    let page = ana.fill("/profile", &verify, &[("code", &digits)]).await;
    page.shows("Verified: pages can go there now.");
    let directory = house.engine.directory();
    let user = directory.users.values().next().unwrap();
    assert!(user.method(id).unwrap().usable());

    // A second code within the minute is refused.
    let fields = [("kind", "sms"), ("address", "+49 151 2345678")];
    let page = ana.fill("/profile", "/profile/methods", &fields).await;
    let phone = method(house, "Ana", "+491512345678");
    let again = ana
        .post(&page, &format!("/profile/methods/{phone}/code"), &[])
        .await;
    assert_eq!(again.status, 422);
    again.shows("Too many attempts. Try again in");
    ana.fill("/profile", &format!("/profile/methods/{phone}/delete"), &[])
        .await
        .shows("Removed, with its rules.")
        .hides("+491512345678");

    // Nobody proves or removes the methods of others.
    let bo = house.bo(&ana).await;
    let page = bo.get("/profile").await;
    let stolen = bo
        .post(&page, &format!("/profile/methods/{id}/delete"), &[])
        .await;
    assert_eq!(stolen.status, 404);
});

on_both!(rules_are_edited_row_by_row, |house| {
    let ana = house.ana().await;
    let id = method(house, "Ana", "ana@example.com").to_string();
    let page = ana.get("/profile").await;
    page.shows("You can be reached.")
        .shows("Email ana@example.com at once");
    let rule = |delay: &'static str, press: &'static str| {
        vec![
            ("urgency", "high"),
            ("rule-0-method", id.as_str()),
            ("rule-0-delay", delay),
            ("do", press),
        ]
    };
    let more = ana
        .post(&page, "/profile/rules", &rule("3", "add-rule"))
        .await;
    assert_eq!(more.status, 200);
    assert!(more.body.contains("name=\"rule-1-method\""));
    more.shows("Email ana@example.com after 3 m");
    let refused = ana
        .post(&page, "/profile/rules", &rule("9999", "save"))
        .await;
    assert_eq!(refused.status, 422);
    refused.shows("Must be from 0 s to 1 d.");
    assert!(refused.body.contains("value=\"9999\""));
    ana.fill("/profile", "/profile/rules", &rule("3", "save"))
        .await
        .shows("The rules are saved.");
    let directory = house.engine.directory();
    let user = directory.users.values().next().unwrap();
    assert_eq!(user.rules.len(), 1);
    assert_eq!(user.rules[0].delay, domain::Span::from_minutes(3));
});

on_both!(name_zone_and_password_are_ones_own, |house| {
    let ana = house.ana().await;
    let fields = [("name", "Ana Ruiz"), ("zone", "Asia/Tokyo")];
    ana.fill("/profile", "/profile", &fields)
        .await
        .shows("Saved.")
        .shows("Ana Ruiz");
    let page = ana.get("/profile").await;
    let fields = [("name", ""), ("zone", "Nowhere")];
    let refused = ana.post(&page, "/profile", &fields).await;
    assert_eq!(refused.status, 422);
    refused.shows("A name is needed.");

    let wrong = [("current", "no"), ("password", "another good password")];
    let refused = ana.post(&page, "/profile/password", &wrong).await;
    assert_eq!(refused.status, 422);
    refused.shows("This is not your password.");
    let right = [
        ("current", "correct horse battery"),
        ("password", "another good password"),
    ];
    ana.fill("/profile", "/profile/password", &right)
        .await
        .shows("The password is changed");
    let elsewhere = house.visitor();
    let page = elsewhere.get("/sign-in").await;
    let fields = [
        ("email", "ana@example.com"),
        ("password", "another good password"),
    ];
    assert_eq!(elsewhere.post(&page, "/sign-in", &fields).await.status, 303);
});
