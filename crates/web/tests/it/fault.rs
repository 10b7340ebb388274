//! Requests no client of good will makes.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use crate::house::{ADMIN, House};

/// Sends bytes as they are and returns what comes back until the server closes.
fn raw(house: &House, bytes: &[u8], limit: Duration) -> Option<String> {
    let address = house.url.trim_start_matches("http://");
    let mut stream = TcpStream::connect(address).unwrap();
    stream.set_read_timeout(Some(limit)).unwrap();
    stream.write_all(bytes).unwrap();
    let mut answer = Vec::new();
    match stream.read_to_end(&mut answer) {
        Ok(_) => Some(String::from_utf8_lossy(&answer).into_owned()),
        Err(_) => None,
    }
}

#[actix_web::test]
async fn a_client_that_never_ends_its_head_is_let_go() {
    let house = House::on_sqlite().await;
    let began = Instant::now();
    let answer = tokio::task::spawn_blocking(move || {
        let answer = raw(
            &house,
            b"POST /v2/enqueue HTTP/1.1\r\nHost: x\r\nX-A: ",
            Duration::from_secs(40),
        );
        (answer, house)
    });
    let (answer, _house) = answer.await.unwrap();
    let answer = answer.expect("the server closes");
    assert!(
        answer.is_empty() || answer.starts_with("HTTP/1.1 408"),
        "{answer}"
    );
    assert!(began.elapsed() < Duration::from_secs(30));
}

#[actix_web::test]
async fn nonsense_is_answered_with_4xx() {
    let house = House::on_sqlite().await;
    let (answers, house) = tokio::task::spawn_blocking(move || {
        let mut answers = Vec::new();
        let long = format!("GET /{} HTTP/1.1\r\nHost: x\r\n\r\n", "a".repeat(300_000));
        for bytes in [
            b"\x16\x03\x01 TLS?\r\n\r\n".to_vec(),
            b"GET / HTTP/9.9\r\n\r\n".to_vec(),
            b"POST /v2/enqueue HTTP/1.1\r\nHost: x\r\nContent-Length: -5\r\n\r\n".to_vec(),
            b"POST /v2/enqueue HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n"
                .to_vec(),
            long.into_bytes(),
        ] {
            answers.push(raw(&house, &bytes, Duration::from_secs(20)).unwrap_or_default());
        }
        (answers, house)
    })
    .await
    .unwrap();
    for answer in answers {
        // A request line that cannot be read may be answered by closing alone.
        assert!(
            answer.is_empty() || answer.starts_with("HTTP/1.1 4"),
            "{answer}"
        );
    }
    assert_eq!(house.get("/healthz").await.status, 200);
}

#[actix_web::test]
async fn odd_addresses_and_numbers_are_not_found() {
    let house = House::on_sqlite().await;
    for path in [
        "/api/v1/incidents/99999999999999999999999",
        "/api/v1/incidents/-1",
        "/api/v1/incidents/abc",
        "/api/v1/incidents/%00",
        "/api/v1/alerts/9223372036854775807",
        "/api/v1/postmortems/1",
        "/api/v1/postmortems/1.md",
        "/api/v1/schedules/%FF/shifts",
        "/api/v1/services/..%2f..%2fetc",
        "/api/v1/users/0",
        "/static/..%2f..%2fCargo.toml",
    ] {
        let answer = house.api(ADMIN, "GET", path, None).await;
        answer.is_problem(404, "not_found");
    }
}
