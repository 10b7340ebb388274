use proptest::prelude::*;

use super::*;

const KEY: &str = "f00dfacef00dfacef00dfacef00dface";
const OTHER: &str = "hunter2-hunter2-hunter2";

fn of(head: &str, body: &str) -> Masked {
    mask(head, body.as_bytes(), &Sha256::digest(KEY).into())
}

fn all(masked: &Masked) -> String {
    format!("{} {:?} {}", masked.path, masked.headers, masked.body)
}

#[test]
fn the_key_is_masked_wherever_it_stands() {
    for head in [
        format!("POST /integrations/{KEY}/events"),
        format!("POST /integrations/{KEY}"),
        format!("POST /v2/enqueue?key={KEY}&x=1"),
        format!("POST /v2/enqueue?whatever={KEY}"),
        format!("POST /v2/enqueue\nauthorization: GenieKey {KEY}"),
        format!("POST /v2/enqueue\nx-forwarded-uri: /integrations/{KEY}/events"),
        format!("POST /v2/enqueue\nreferer: https://x.example/?a={KEY}"),
    ] {
        let masked = of(
            &head,
            &format!("{{\"any\": \"x {KEY} y\", \"{KEY}\": [\"{KEY}\"]}}"),
        );
        assert!(!all(&masked).contains(KEY), "{masked:?}");
        assert!(masked.complete);
        assert_eq!(masked.clean(&format!("no service {KEY}")), "no service •••");
    }
}

#[test]
fn whoever_reads_a_mail_cannot_answer_the_page_that_it_quotes() {
    let token = "1a-69a5f0-00112233445566778899AABBccddeeff";
    let head = format!("SMTP x\nx-envelope-to: <reply+{token}@page.example.com>");
    let masked = of(
        &head,
        &format!("Cc: reply+{token}@page.example.com\n\n> {token}"),
    );
    assert!(!all(&masked).contains(token), "{masked:?}");
    let other = "6ba7b810-9dad-11d1-80b4-00c04fd430c8";
    assert!(all(&of("POST /x", other)).contains(other));
}

#[test]
fn another_key_in_the_path_and_its_echoes_are_masked_too() {
    let masked = of(
        &format!("POST /integrations/{OTHER}/x"),
        &format!("url {OTHER}"),
    );
    assert_eq!(
        (masked.path.as_str(), masked.body.as_str()),
        ("/integrations/•••/x", "url •••")
    );
}

#[test]
fn headers_that_prove_who_sent_it() {
    for name in [
        "Authorization",
        "Proxy-Authorization",
        "Cookie",
        "Set-Cookie",
        "X-Routing-Key",
        "X-Api-Key",
        "X-Hub-Signature-256",
        "X-Gitlab-Token",
        "webhook-signature",
        "X-Some-SECRET-thing",
        "X-Password",
        "X-Auth",
        "DD-API-KEY",
    ] {
        let masked = of(
            &format!("POST /x\n{name}: {OTHER}"),
            &format!("it was {OTHER}"),
        );
        assert_eq!(masked.headers, [(name.to_owned(), MASK.to_owned())]);
        assert!(!all(&masked).contains(OTHER), "{name}");
    }
    let basic = STANDARD.encode(format!("me:{OTHER}"));
    let masked = of(&format!("GET /x\nauthorization: Basic {basic}"), OTHER);
    assert!(!all(&masked).contains(OTHER) && !all(&masked).contains(&basic));
    let harmless = of(
        "POST /x?dedup_key=disk&a=1\ncontent-type: text/plain\nhost: a:80",
        "",
    );
    assert_eq!(harmless.path, "/x?dedup_key=disk&a=1");
    assert_eq!(harmless.headers[1], ("host".to_owned(), "a:80".to_owned()));
}

#[test]
fn values_of_the_address() {
    for name in [
        "token",
        "api_key",
        "apiKey",
        "auth_token",
        "X-Amz-Signature",
        "secret",
        "my%5Fpassword",
        "k%65y",
    ] {
        let masked = of(&format!("GET /x?a=1&{name}={OTHER}&b=2"), OTHER);
        assert!(!all(&masked).contains(OTHER), "{name}: {masked:?}");
        assert!(masked.path.ends_with("=•••&b=2"));
    }
}

#[test]
fn fields_of_bodies_in_every_encoding() {
    for body in [
        "{\"routing_key\": \"§\", \"event_action\": \"trigger\"}",
        "{\"service_key\":\"§\"}",
        "{\"a\": {\"apiKey\" : \n \"§\"}}",
        "{\"api-token\": [\"x\", \"§\"]}",
        "{\"credentials\": {\"user\": \"u\", \"x\": \"§\"}, \"b\": 1}",
        "{\"PASSWORD\": \"a\\\"§\"}",
        "{\"password\": \"a\\\\\", \"secret\": \"§\"}",
        "{\"p\\u0061ssword\": \"§\"}",
        "{\"Message\": \"{\\\"token\\\": \\\"§\\\", \\\"b\\\": 1}\"}",
        "{\"Message\": \"{\\\"a\\\": \\\"{\\\\\\\"token\\\\\\\": \\\\\\\"§\\\\\\\"}\\\"}\"}",
        "{\"secret\": \"§",
        "{\"url\": \"https://x.example/?a=1&token=§&b=2\"}",
        "{\"url\": \"https://user:§@x.example/path\"}",
        "{\"text\": \"curl -H 'Authorization: Bearer §' x\"}",
        "a=1&api_key=§&b=2",
        "a=1&my%5Ftoken=§",
        "payload=%7B%22token%22%3A%22§%22%7D",
        "<a><apiKey>§</apiKey></a>",
        "<a token=\"§\"/>",
        "<a token='§'/>",
        "Token: §\nHello",
        "--xyz\r\nContent-Disposition: form-data; name=\"token\"\r\n\r\nS\r\n--xyz--",
        "password=§ and more",
    ] {
        let body = body.replace('§', OTHER);
        let masked = of("POST /x", &body);
        assert!(!masked.body.contains(OTHER), "{body}\n{}", masked.body);
        assert!(masked.body.contains(MASK) || masked.body.contains("%E2%80%A2"));
    }
}

#[test]
fn what_is_no_secret_stays_as_it_is() {
    for body in [
        "{\"dedup_key\": \"disk\", \"groupKey\": \"{}:{a=\\\"b\\\"}\", \"summary\": \"Key: lost\"}",
        "{\"tokens\": null, \"n\": 1.50}",
        "dedup_key=a&summary=Disk+full",
        "Subject: disk full\n\nThe basic problem is old",
        "",
    ] {
        assert_eq!(of("POST /x", body).body, body);
    }
}

#[test]
fn numbers_lists_and_the_rest_of_the_body() {
    let masked = of(
        "POST /x",
        "{\"password\": 123456, \"a\": [1], \"token\": [\"x\"], \"z\": \"y\"}",
    );
    assert_eq!(
        masked.body,
        "{\"password\": \"•••\", \"a\": [1], \"token\": \"•••\", \"z\": \"y\"}"
    );
    assert!(serde_json::from_str::<serde_json::Value>(&masked.body).is_ok());
}

#[test]
fn long_and_odd_bodies_are_cut_and_told() {
    for before in [BODY_MAX - 40, BODY_MAX - 10, BODY_MAX - 2] {
        let long = format!("{} {KEY} {}", "x".repeat(before), "y".repeat(10_000));
        let masked = of("POST /x", &long);
        assert!(!masked.complete && masked.body.len() <= BODY_MAX + 3);
        assert!(!masked.body.contains(&KEY[..8]), "no half of a key is left");
    }
    let odd = mask("POST /x", b"M\xfcnchen \0", &[0; 32]);
    assert_eq!(
        (odd.body.as_str(), odd.complete),
        ("M\u{fffd}nchen \u{fffd}", false)
    );
}

proptest! {
    #[test]
    fn nothing_panics_and_named_secrets_never_stay(
        before in "\\PC{0,40}",
        secret in "[A-Za-z0-9]{12,30}",
        depth in 0_usize..4,
        rest in "\\PC{0,40}",
    ) {
        let mut body = serde_json::json!({"a": before, "my_token": secret, "b": rest}).to_string();
        for _ in 0..depth {
            body = serde_json::json!({"m": body}).to_string();
        }
        let masked = of("POST /x", &body);
        prop_assert!(!masked.body.contains(&secret), "{}", masked.body);
    }

    #[test]
    fn any_bytes(head in "\\PC{0,200}", body in prop::collection::vec(any::<u8>(), 0..300)) {
        let masked = mask(&head, &body, &[0; 32]);
        prop_assert!(!masked.body.contains('\0'));
    }

    #[test]
    fn any_punctuation(body in "(token|\"|\\\\|:|=|\\{|\\}|\\[|\\]|,| |<|>|&|ä|://|@|Bearer ){0,40}") {
        let _ = of("POST /x", &body);
    }
}
