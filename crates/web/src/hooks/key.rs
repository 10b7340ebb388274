//! Finding the integration that a request is for: clients put its key wherever they can
//! (WIRE-FORMATS.md §0 rule 4).

use actix_web::HttpRequest;
use actix_web::http::header;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use engine::account::secret;
use engine::configuration::integration::check_key;

use crate::state::AppState;

/// Headers that hold nothing but a key.
const HEADERS: [&str; 2] = ["x-routing-key", "x-api-key"];
/// Parameters of the address that hold one.
const PARAMETERS: [&str; 8] = [
    "routing_key",
    "service_key",
    "token",
    "apikey",
    "api_key",
    "auth_token",
    "integration_key",
    "key",
];

/// Under which an integration's key is stored.
pub(super) fn hash(key: &str) -> [u8; 32] {
    secret::digest(key.trim())
}

/// The key in the path, which counts before all others.
pub(super) fn in_path(req: &HttpRequest) -> Option<&str> {
    req.match_info().get("key")
}

/// Whether an integration has this key.
pub(super) fn is_known(state: &AppState, key: &str) -> bool {
    state.directory().integration_keys.contains_key(&hash(key))
}

/// The key that came with a request outside its body: that of the path, else the first that an
/// integration has, else the first that could be one. Others, such as the `Token token=None` of
/// some clients, are nonsense and ignored.
pub(super) fn outside(req: &HttpRequest, state: &AppState) -> Option<String> {
    if let Some(key) = in_path(req) {
        return Some(key.to_owned());
    }
    let mut found = candidates(req);
    found.retain(|key| check_key(key).is_ok());
    let known = found.iter().position(|key| is_known(state, key));
    (!found.is_empty()).then(|| found.swap_remove(known.unwrap_or(0)))
}

/// Everything that may be a key, as it was sent, best first.
pub(super) fn candidates(req: &HttpRequest) -> Vec<String> {
    let text = |name: &str| {
        req.headers()
            .get(name)
            .and_then(|value| value.to_str().ok())
    };
    let mut found: Vec<String> = HEADERS
        .iter()
        .filter_map(|name| text(name))
        .map(|key| key.trim().to_owned())
        .collect();
    if let Some(value) = text(header::AUTHORIZATION.as_str()) {
        authorization(value, &mut found);
    }
    let query = req.query_string();
    if !query.is_empty() {
        for (name, value) in url::form_urlencoded::parse(query.as_bytes()) {
            if PARAMETERS
                .iter()
                .any(|known| name.eq_ignore_ascii_case(known))
            {
                found.push(value.trim().to_owned());
            }
        }
    }
    found.retain(|key| !key.is_empty());
    found
}

fn authorization(value: &str, found: &mut Vec<String>) {
    let value = value.trim();
    let Some((scheme, rest)) = value.split_once(' ') else {
        found.push(value.to_owned());
        return;
    };
    let rest = rest.trim();
    if scheme.eq_ignore_ascii_case("basic") {
        let decoded = STANDARD.decode(rest).unwrap_or_default();
        let pair = String::from_utf8_lossy(&decoded);
        let (name, password) = pair.split_once(':').unwrap_or((&pair, ""));
        found.extend([password.to_owned(), name.to_owned()]);
        return;
    }
    let key = rest
        .strip_prefix("token=")
        .unwrap_or(rest)
        .trim_matches('"');
    found.push(key.to_owned());
}

#[cfg(test)]
mod tests {
    use super::*;
    use actix_web::test::TestRequest;

    fn of(header: (&str, &str), query: &str) -> Vec<String> {
        let request = TestRequest::with_uri(&format!("/x?{query}")).insert_header(header);
        candidates(&request.to_http_request())
    }

    #[test]
    fn every_place_of_a_key() {
        assert_eq!(of(("X-Routing-Key", " k "), ""), ["k"]);
        for value in ["GenieKey k", "Bearer k", "geniekey k", "k", "Token token=k"] {
            assert_eq!(of(("Authorization", value), ""), ["k"], "{value}");
        }
        let basic = format!("Basic {}", STANDARD.encode("user:k"));
        assert_eq!(of(("Authorization", &basic), ""), ["k", "user"]);
        for query in ["token=k", "apiKey=k", "auth_token=k&x=y"] {
            assert_eq!(of(("X-Other", "z"), query), ["k"], "{query}");
        }
        assert_eq!(of(("Authorization", "Basic %%%"), ""), [""; 0]);
    }
}
