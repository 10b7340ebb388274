//! What stands behind the `?` of an address.

use actix_web::HttpRequest;

/// The first value of a name, without white space around it; `None` when empty or absent.
pub fn value(req: &HttpRequest, name: &str) -> Option<String> {
    url::form_urlencoded::parse(req.query_string().as_bytes())
        .find(|(have, _)| have == name)
        .map(|(_, value)| value.replace('\0', "").trim().to_owned())
        .filter(|value| !value.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;
    use actix_web::test::TestRequest;

    #[test]
    fn values_are_decoded_and_trimmed() {
        let req = TestRequest::with_uri("/services?q=+a%20b+&view=").to_http_request();
        assert_eq!(value(&req, "q").as_deref(), Some("a b"));
        assert_eq!(value(&req, "view"), None);
        assert_eq!(value(&req, "from"), None);
    }
}
