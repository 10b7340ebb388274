//! Proof that a webhook was sent by Twilio: `X-Twilio-Signature`.

use base64::{Engine, engine::general_purpose::STANDARD};
use hmac::{Hmac, KeyInit, Mac};
use sha1::Sha1;
use subtle::ConstantTimeEq;

/// Whether `signature` is the base64 HMAC-SHA1 over `url` and the form's `params` under one of
/// `tokens` (two during a rotation).
///
/// `url` is the public URL that Twilio was told, with its query; behind a proxy that is not what
/// the `Host` header says. It is tried with and without its port, since Twilio does not always sign
/// what it was given. The comparison takes the same time wherever the texts differ.
pub fn verify(tokens: &[&str], url: &str, params: &[(String, String)], signature: &str) -> bool {
    let Ok(given) = STANDARD.decode(signature.trim()) else {
        return false;
    };
    let form = form_text(params);
    let mut valid = subtle::Choice::from(0);
    // A key that nobody configured is known to everybody.
    for token in tokens.iter().filter(|token| !token.is_empty()) {
        for url in port_variants(url) {
            valid |= digest(token, &url, &form).as_slice().ct_eq(&given);
        }
    }
    valid.into()
}

/// The form part of the signed text: names and values without separators, sorted by name, then
/// value, each pair once.
fn form_text(params: &[(String, String)]) -> String {
    let mut pairs: Vec<(&str, &str)> = params
        .iter()
        .map(|(name, value)| (name.as_str(), value.as_str()))
        .collect();
    pairs.sort_unstable();
    pairs.dedup();
    pairs
        .iter()
        .flat_map(|(name, value)| [*name, *value])
        .collect()
}

fn digest(token: &str, url: &str, form: &str) -> Vec<u8> {
    // HMAC takes keys of every length.
    let Ok(mut mac) = Hmac::<Sha1>::new_from_slice(token.as_bytes()) else {
        return Vec::new();
    };
    mac.update(url.as_bytes());
    mac.update(form.as_bytes());
    mac.finalize().into_bytes().to_vec()
}

/// `url` as it is and, as far as it differs, without its port and with the port of its scheme. The
/// rest stays byte for byte: a parsed and rewritten URL would not be what was signed.
fn port_variants(url: &str) -> Vec<String> {
    let mut variants = vec![url.to_owned()];
    let Some((scheme, rest)) = url.split_once("://") else {
        return variants;
    };
    let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
    let (authority, tail) = rest.split_at(end);
    let host_start = authority.rfind('@').map_or(0, |at| at + 1);
    let colon = authority.rfind(':').filter(|colon| {
        let port = &authority[colon + 1..];
        *colon >= host_start && !port.is_empty() && port.bytes().all(|b| b.is_ascii_digit())
    });
    match colon {
        Some(colon) => variants.push(format!("{scheme}://{}{tail}", &authority[..colon])),
        None => {
            let port = if scheme.eq_ignore_ascii_case("http") {
                80
            } else {
                443
            };
            variants.push(format!("{scheme}://{authority}:{port}{tail}"));
        }
    }
    variants
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const TOKEN: &str = "12345";
    const URL: &str = "https://mycompany.com/myapp.php?foo=1&bar=2";
    /// The worked example of Twilio's documentation.
    const SIGNATURE: &str = "RSOYDt4T1cUTdK1PDd93/VVr8B8=";

    fn params() -> Vec<(String, String)> {
        [
            ("To", "+18005551212"),
            ("CallSid", "CA1234567890ABCDE"),
            ("Caller", "+14158675309"),
            ("Digits", "1234"),
            ("From", "+14158675309"),
        ]
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .to_vec()
    }

    #[test]
    fn the_published_vector_is_accepted_in_any_order_of_parameters() {
        assert!(verify(&[TOKEN], URL, &params(), SIGNATURE));
        let mut reversed = params();
        reversed.reverse();
        assert!(verify(&[TOKEN], URL, &reversed, SIGNATURE));
        let mut doubled = params();
        doubled.extend(params());
        assert!(verify(&[TOKEN], URL, &doubled, SIGNATURE));
    }

    #[test]
    fn both_tokens_of_a_rotation_count_and_an_empty_one_never() {
        assert!(verify(&["new", TOKEN], URL, &params(), SIGNATURE));
        assert!(!verify(&["new"], URL, &params(), SIGNATURE));
        assert!(!verify(&[], URL, &params(), SIGNATURE));
        let forged = STANDARD.encode(digest("", URL, &form_text(&params())));
        assert!(!verify(&[""], URL, &params(), &forged));
    }

    #[test]
    fn the_port_may_be_there_or_not() {
        let with_port = "https://mycompany.com:443/myapp.php?foo=1&bar=2";
        assert!(verify(&[TOKEN], with_port, &params(), SIGNATURE));
        let signed_with = STANDARD.encode(digest(TOKEN, with_port, &form_text(&params())));
        assert!(verify(&[TOKEN], URL, &params(), &signed_with));
        let other = STANDARD.encode(digest(
            TOKEN,
            "https://mycompany.com:8443/myapp.php?foo=1&bar=2",
            &form_text(&params()),
        ));
        assert!(!verify(&[TOKEN], URL, &params(), &other));
    }

    #[test]
    fn port_variants_leave_the_rest_alone() {
        assert_eq!(
            port_variants("http://u:p@h/x:1?y"),
            ["http://u:p@h/x:1?y", "http://u:p@h:80/x:1?y"]
        );
        assert_eq!(
            port_variants("https://[::1]:8443"),
            ["https://[::1]:8443", "https://[::1]"]
        );
        assert_eq!(
            port_variants("https://[::1]/a"),
            ["https://[::1]/a", "https://[::1]:443/a"]
        );
        assert_eq!(port_variants("nonsense"), ["nonsense"]);
    }

    proptest! {
        #[test]
        fn a_changed_value_is_noticed(at in 0usize..5, extra in "[a-z0-9]{1,8}") {
            let mut changed = params();
            changed[at].1.push_str(&extra);
            prop_assert!(!verify(&[TOKEN], URL, &changed, SIGNATURE));
        }

        #[test]
        fn nothing_panics(url in any::<String>(), signature in any::<String>()) {
            prop_assert!(!verify(&[TOKEN], &url, &params(), &signature));
        }
    }
}
