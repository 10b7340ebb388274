//! Links and images, kept only when a page may safely show them.

use domain::signal::{Image, Link};
use serde_json::Value;

use crate::text;
use crate::warning::{Warnings, quoted};

/// Most links and most images of one signal.
const COUNT_MAX: usize = 50;
/// Longest address, in bytes.
const ADDRESS_MAX: usize = 2_048;
const TEXT_MAX: usize = 255;

/// An address a browser may be sent to: absolute, http, https or mailto. Anything else, such as
/// `javascript:`, could run in the page that shows the alert.
pub(crate) fn is_safe(address: &str) -> bool {
    let scheme_ok = ["http://", "https://", "mailto:"].iter().any(|scheme| {
        address
            .get(..scheme.len())
            .is_some_and(|start| start.eq_ignore_ascii_case(scheme))
            && address.len() > scheme.len()
    });
    scheme_ok
        && address.len() <= ADDRESS_MAX
        && !address.chars().any(|c| c.is_control() || c.is_whitespace())
}

/// A link with a given label. Blank addresses are silently absent, unsafe ones are told.
pub(crate) fn labelled(address: &str, label: &str, warnings: &mut Warnings) -> Option<Link> {
    let address = address.trim();
    if address.is_empty() {
        return None;
    }
    if !is_safe(address) {
        warnings.note(format!(
            "link {} is not a web address: skipped",
            quoted(address)
        ));
        return None;
    }
    let text = text::cut(&text::one_line(label), TEXT_MAX);
    Some(Link {
        href: address.to_owned(),
        text: if text.is_empty() {
            address.to_owned()
        } else {
            text
        },
    })
}

/// One link as clients write it: `{"href", "text"}`.
pub(crate) fn of_object(value: &Value, warnings: &mut Warnings) -> Option<Link> {
    let Some(href) = value.get("href").and_then(Value::as_str) else {
        warnings.note("a link without href was skipped");
        return None;
    };
    let label = value
        .get("text")
        .and_then(Value::as_str)
        .unwrap_or_default();
    labelled(href, label, warnings)
}

fn image(value: &Value, warnings: &mut Warnings) -> Option<Image> {
    let Some(src) = value.get("src").and_then(Value::as_str).map(str::trim) else {
        warnings.note("an image without src was skipped");
        return None;
    };
    if !is_safe(src) {
        warnings.note(format!(
            "image {} is not a web address: skipped",
            quoted(src)
        ));
        return None;
    }
    let of = |name: &str| value.get(name).and_then(Value::as_str).map(str::trim);
    Some(Image {
        src: src.to_owned(),
        href: of("href").filter(|href| is_safe(href)).map(str::to_owned),
        alt: of("alt")
            .map(|alt| text::cut(&text::one_line(alt), TEXT_MAX))
            .filter(|alt| !alt.is_empty()),
    })
}

/// The `links` array; items of unknown shape never fail the event.
pub(crate) fn links(value: Option<&Value>, warnings: &mut Warnings) -> Vec<Link> {
    each(value, "links", of_object, warnings)
}

/// The `images` array.
pub(crate) fn images(value: Option<&Value>, warnings: &mut Warnings) -> Vec<Image> {
    each(value, "images", image, warnings)
}

fn each<T>(
    value: Option<&Value>,
    name: &str,
    read: impl Fn(&Value, &mut Warnings) -> Option<T>,
    warnings: &mut Warnings,
) -> Vec<T> {
    let items = match value {
        None | Some(Value::Null) => return Vec::new(),
        Some(Value::Array(items)) => items,
        Some(_) => {
            warnings.note(format!("{name} was not an array: skipped"));
            return Vec::new();
        }
    };
    if items.len() > COUNT_MAX {
        warnings.note(format!(
            "more than {COUNT_MAX} {name}: the rest was skipped"
        ));
    }
    items
        .iter()
        .take(COUNT_MAX)
        .filter_map(|item| read(item, warnings))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn only_web_addresses_become_links() {
        for good in [
            "https://a.example/x?y=1#z",
            "HTTP://a",
            "mailto:ops@example.com",
        ] {
            assert!(is_safe(good), "{good}");
        }
        let long = format!("https://{}", "a".repeat(3_000));
        for bad in [
            "javascript:alert(1)",
            "https://",
            "/graph",
            "https://a b",
            "data:,x",
            "ähttp://",
            &long,
        ] {
            assert!(!is_safe(bad), "{bad}");
        }
    }

    #[test]
    fn odd_items_are_skipped_and_told() {
        let mut warnings = Warnings::default();
        let value = json!([{"href": "https://a.example"}, "https://b.example", 7, {"text": "x"}, {"href": "javascript:x", "text": "y"}]);
        let links = links(Some(&value), &mut warnings);
        assert_eq!(
            links,
            [Link {
                href: "https://a.example".into(),
                text: "https://a.example".into()
            }]
        );
        assert!(images(Some(&json!({"src": "x"})), &mut warnings).is_empty());
        assert_eq!(
            warnings.finish(),
            [
                "a link without href was skipped",
                "link \"javascript:x\" is not a web address: skipped",
                "images was not an array: skipped",
            ]
        );
    }
}
