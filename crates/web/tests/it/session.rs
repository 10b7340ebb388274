//! Sessions, forms and what browsers are told.

use serde_json::Value;

use crate::house::{Answer, House, PASSWORD};

#[actix_web::test]
async fn until_there_is_an_administrator_everything_leads_to_the_set_up() {
    let house = House::empty().await;
    for path in ["/", "/incidents", "/settings", "/incidents/1", "/api"] {
        let answer = house.get(path).await;
        assert_eq!(
            (answer.status, answer.header("location")),
            (303, "/setup"),
            "{path}"
        );
    }
    let setup = house.get("/setup").await;
    assert_eq!(setup.status, 200);
    // The form is tied to a cookie that came with it.
    let cookie = setup.cookie("qd_csrf").expect("a cookie for the form");
    let fields = |csrf: String| {
        vec![
            ("csrf", csrf),
            ("name", "Ana".to_owned()),
            ("email", "ana@example.com".to_owned()),
            ("password", PASSWORD.to_owned()),
            ("zone", "Europe/Berlin".to_owned()),
        ]
    };
    let send = |cookie: Option<String>, csrf: String| {
        let mut request = house.client.post(house.at("/setup")).form(&fields(csrf));
        if let Some(cookie) = cookie {
            request = request.header("cookie", format!("qd_csrf={cookie}"));
        }
        Answer::of(request)
    };
    let csrf = setup.csrf();
    for (with, token) in [
        (None, csrf.clone()),
        (
            Some("another-cookie-of-some-length".to_owned()),
            csrf.clone(),
        ),
        (Some(cookie.clone()), String::new()),
        (Some(cookie.clone()), "guess".to_owned()),
    ] {
        let answer = send(with, token).await;
        assert_eq!(answer.status, 403, "{}", answer.body);
        assert!(answer.body.contains("out of date"), "{}", answer.body);
    }
    let done = send(Some(cookie), csrf).await;
    assert_eq!(
        (done.status, done.header("location")),
        (303, "/"),
        "{}",
        done.body
    );
    assert!(done.cookie("qd_session").is_some());
    let later = house.get("/incidents?paging=triggered").await;
    assert_eq!(
        (later.status, later.header("location")),
        (303, "/sign-in?next=%2Fincidents%3Fpaging%3Dtriggered")
    );
}

#[actix_web::test]
async fn a_session_is_a_careful_cookie() {
    let house = House::on_sqlite().await;
    let session = house.sign_in("ana@example.com").await;
    let page = house.client.get(house.at("/")).header("cookie", &session);
    assert_eq!(Answer::of(page).await.status, 200);

    let https = House::configured(|config| config.public_url = "https://q.example".into()).await;
    let page = https.get("/sign-in").await;
    assert_eq!(page.header("strict-transport-security"), "max-age=31536000");
    let set = page.header("set-cookie").to_owned();
    for word in ["HttpOnly", "SameSite=Lax", "Secure", "Path=/"] {
        assert!(set.contains(word), "{set}");
    }
    let plain = house.get("/sign-in").await;
    assert!(!plain.header("set-cookie").contains("Secure"));
    assert_eq!(plain.header("strict-transport-security"), "");

    // Signed out: the cookie is worth nothing any more.
    let form = house.client.get(house.at("/")).header("cookie", &session);
    let csrf = Answer::of(form).await.csrf();
    let out = house
        .client
        .post(house.at("/sign-out"))
        .header("cookie", &session)
        .form(&[("csrf", csrf)]);
    assert_eq!(Answer::of(out).await.status, 303);
    let after = house.client.get(house.at("/")).header("cookie", &session);
    let after = Answer::of(after).await;
    assert_eq!((after.status, after.header("location")), (303, "/sign-in"));
    // A script is told where to go instead of being led there.
    let part = house.client.get(house.at("/")).header("hx-request", "true");
    let part = Answer::of(part).await;
    assert_eq!((part.status, part.header("hx-redirect")), (401, "/sign-in"));
}

/// Every form of the contract refuses a post without its token.
#[actix_web::test]
async fn no_form_acts_without_its_token() {
    let house = House::on_sqlite().await;
    house.trigger("k", "Disk full").await;
    let session = house.sign_in("ana@example.com").await;
    for (pattern, _) in web::view::contract::POSTS {
        if *pattern == "/a/{token}" {
            continue;
        }
        let path = pattern
            .replace("{number}", "1")
            .replace("{slug}", "checkout")
            .replace("{id}", "1")
            .replace("{rule}", "1")
            .replace("{act}", "up")
            .replace("{role}", "commander");
        for token in [None, Some("wrong")] {
            let mut request = house
                .client
                .post(house.at(&path))
                .header("cookie", &session)
                .header("accept", "text/html");
            request = match token {
                Some(token) => request.form(&[("csrf", token)]),
                None => request.form(&[("title", "x")]),
            };
            let answer = Answer::of(request).await;
            assert_eq!(answer.status, 403, "{path} with {token:?}: {}", answer.body);
        }
    }
    let incident = house
        .api(crate::house::ADMIN, "GET", "/api/v1/incidents/1", None)
        .await
        .json();
    assert_eq!(incident["paging"], "triggered");
}

#[actix_web::test]
async fn a_post_from_elsewhere_does_nothing_even_with_the_token() {
    let house = House::on_sqlite().await;
    house.trigger("k", "Disk full").await;
    let session = house.sign_in("ana@example.com").await;
    let page = house
        .client
        .get(house.at("/incidents/1"))
        .header("cookie", &session);
    let csrf = Answer::of(page).await.csrf();
    let send = |name: &'static str, value: String| {
        let request = house
            .client
            .post(house.at("/incidents/1/acknowledge"))
            .header("cookie", &session)
            .header(name, value)
            .form(&[("csrf", &csrf)]);
        Answer::of(request)
    };
    assert_eq!(
        send("origin", "https://evil.example".into()).await.status,
        403
    );
    assert_eq!(send("origin", "null".into()).await.status, 403);
    assert_eq!(
        send("sec-fetch-site", "cross-site".into()).await.status,
        403
    );
    assert_eq!(send("sec-fetch-site", "same-site".into()).await.status, 403);
    // By the address typed, and by the public one.
    assert_eq!(send("origin", house.url.clone()).await.status, 303);
    assert_eq!(
        send("origin", "http://quarterdeck.test".into())
            .await
            .status,
        303
    );
}

#[actix_web::test]
async fn guessing_passwords_is_slowed_down() {
    let house = House::on_sqlite().await;
    let cookie = "qd_csrf=0123456789abcdefghijklmnop";
    let page = house
        .client
        .get(house.at("/sign-in"))
        .header("cookie", cookie);
    let csrf = Answer::of(page).await.csrf();
    let mut statuses = Vec::new();
    for _ in 0..7 {
        let form = [
            ("csrf", csrf.as_str()),
            ("email", "ana@example.com"),
            ("password", "wrong guess!"),
        ];
        let sent = house
            .client
            .post(house.at("/sign-in"))
            .header("cookie", cookie)
            .form(&form);
        statuses.push(Answer::of(sent).await.status);
    }
    assert!(
        statuses[..5]
            .iter()
            .all(|status| matches!(status, 401 | 422)),
        "{statuses:?}"
    );
    assert!(
        statuses[5..].iter().all(|status| *status == 429),
        "{statuses:?}"
    );
}

#[actix_web::test]
async fn browsers_are_told_to_be_careful() {
    let house = House::on_sqlite().await;
    for path in ["/sign-in", "/nothing/here", "/api/v1/incidents", "/healthz"] {
        let answer = house.get(path).await;
        let policy = answer.header("content-security-policy");
        assert!(
            policy.starts_with("default-src 'none'; script-src 'self'"),
            "{path}: {policy}"
        );
        assert!(!policy.contains("unsafe"), "{policy}");
        assert_eq!(answer.header("x-content-type-options"), "nosniff");
        assert_eq!(answer.header("referrer-policy"), "same-origin");
        assert_eq!(answer.header("cache-control"), "no-store", "{path}");
        assert_eq!(answer.header("x-request-id").len(), 16);
    }
    // What is missing is a page for people and a document for programs.
    let page = house
        .client
        .get(house.at("/nothing/here"))
        .header("accept", "text/html,application/xhtml+xml");
    let page = Answer::of(page).await;
    assert_eq!(page.status, 404);
    assert!(page.header("content-type").starts_with("text/html"));
    house
        .get("/api/v1/nothing")
        .await
        .is_problem(401, "unauthenticated");
    house
        .api(crate::house::ADMIN, "GET", "/api/v1/nothing", None)
        .await
        .is_problem(404, "not_found");
    let program = house
        .client
        .get(house.at("/nothing/here"))
        .header("accept", "application/json");
    Answer::of(program).await.is_problem(404, "not_found");
}

#[actix_web::test]
async fn files_are_kept_for_ever_and_travel_small() {
    let house = House::on_sqlite().await;
    let path = web::assets::url("quarterdeck.css");
    let get = |encoding: &'static str| {
        Answer::of(
            house
                .client
                .get(house.at(path))
                .header("accept-encoding", encoding),
        )
    };
    let plain = get("identity").await;
    assert_eq!(plain.status, 200);
    assert_eq!(plain.header("content-type"), "text/css; charset=utf-8");
    assert_eq!(
        plain.header("cache-control"),
        "public, max-age=31536000, immutable"
    );
    assert_eq!(plain.header("content-encoding"), "");
    let bytes = house
        .client
        .get(house.at(path))
        .header("accept-encoding", "gzip;q=0, br")
        .send()
        .await
        .unwrap();
    assert_eq!(bytes.headers()["content-encoding"], "br");
    assert!(bytes.bytes().await.unwrap().len() < plain.body.len() / 2);
    let again = house
        .client
        .get(house.at(path))
        .header("if-none-match", plain.header("etag"));
    assert_eq!(Answer::of(again).await.status, 304);
    house
        .get("/static/nothing.css")
        .await
        .is_problem(404, "not_found");
}

#[actix_web::test]
async fn the_page_of_the_api_shows_every_operation() {
    let house = House::on_sqlite().await;
    let session = house.sign_in("olli@example.com").await;
    let page = Answer::of(
        house
            .client
            .get(house.at("/api"))
            .header("cookie", &session),
    )
    .await;
    assert_eq!(page.status, 200, "{}", page.body);
    let document: Value = house.get("/api/v1/openapi.json").await.json();
    for path in document["paths"].as_object().unwrap().keys() {
        assert!(page.body.contains(path.as_str()), "{path}");
    }
    let part = house.client.get(house.at("/api?part=heartbeats"));
    let part = Answer::of(part.header("cookie", &session)).await;
    assert!(part.body.contains("<h3>Answers</h3>"), "{}", part.body);
    assert!(!part.body.contains("/api/v1/channels"), "{}", part.body);
}
