//! Every page of the face with sample data: what all of them promise.

mod sample;

use std::collections::BTreeSet;

use web::view::contract;

#[test]
fn every_page_is_rendered() {
    let pages = sample::pages();
    assert!(pages.len() > 40, "{} pages", pages.len());
    for page in &pages {
        if page.path.ends_with("/timeline") {
            continue;
        }
        assert!(page.html.starts_with("<!doctype html>"), "{}", page.path);
        assert_eq!(
            page.html.matches("<h1").count(),
            1,
            "{} has one headline",
            page.path
        );
        assert!(page.html.contains("class=\"skip\""), "{}", page.path);
    }
}

/// The Content-Security-Policy forbids what stands inside the page.
#[test]
fn no_page_has_script_or_style_inside() {
    for page in sample::pages() {
        let html = page.html.to_lowercase();
        assert!(
            !html.contains(" style="),
            "{} has a style attribute",
            page.path
        );
        assert!(
            !html.contains("<style"),
            "{} has a style element",
            page.path
        );
        for part in html.split("<script").skip(1) {
            assert!(
                part.starts_with(" src=\"/static/"),
                "{} has script inside",
                page.path
            );
        }
        for (at, _) in html.match_indices(" on") {
            let name: String = html[at + 1..]
                .chars()
                .take_while(|c| c.is_ascii_alphabetic())
                .collect();
            let after = html[at + 1 + name.len()..].chars().next();
            let known = [
                "onclick", "onload", "onerror", "onsubmit", "onchange", "oninput",
            ];
            assert!(
                after != Some('=') || !known.contains(&name.as_str()),
                "{} has {name}",
                page.path
            );
        }
        assert!(!html.contains("href=\"javascript:"), "{}", page.path);
        assert!(
            !html.contains("<script>alert"),
            "{} shows what was typed as text",
            page.path
        );
    }
}

/// The value of an attribute of a tag.
fn attribute<'a>(tag: &'a str, name: &str) -> Option<&'a str> {
    let at = tag.find(&format!(" {name}=\""))? + name.len() + 3;
    tag[at..].split('"').next()
}

fn tags<'a>(html: &'a str, name: &str) -> Vec<(usize, &'a str)> {
    html.match_indices(&format!("<{name}"))
        .filter_map(|(at, _)| Some((at, &html[at..at + html[at..].find('>')?])))
        .collect()
}

/// Every form posts where the contract says, with the fields it says and a CSRF token.
#[test]
fn forms_keep_the_contract() {
    let mut posted = BTreeSet::new();
    for page in sample::pages() {
        for (at, tag) in tags(&page.html, "form") {
            if attribute(tag, "method") != Some("post") {
                continue;
            }
            let action = attribute(tag, "action").unwrap();
            let fields = contract::fields_of(action)
                .unwrap_or_else(|| panic!("{} posts to {action}, which is not agreed", page.path));
            posted.insert(contract::pattern_of(action).unwrap());
            let body = &page.html[at..];
            let body = &body[..body.find("</form>").unwrap()];
            let mut csrf = false;
            let controls = ["input", "select", "textarea", "button"];
            for (_, control) in controls.iter().flat_map(|control| tags(body, control)) {
                let Some(name) = attribute(control, "name") else {
                    continue;
                };
                if name == "csrf" {
                    csrf = true;
                    continue;
                }
                let agreed = fields.iter().any(|field| match field.strip_suffix('*') {
                    Some(start) => name.starts_with(start),
                    None => *field == name,
                });
                assert!(
                    agreed,
                    "{}: {action} does not know the field {name}",
                    page.path
                );
            }
            assert!(
                csrf || action.starts_with("/a/"),
                "{}: {action} lacks the token",
                page.path
            );
        }
    }
    // The preview is asked for by script only.
    let missing: Vec<_> = contract::POSTS
        .iter()
        .map(|(pattern, _)| *pattern)
        .filter(|pattern| !posted.contains(pattern) && *pattern != "/preview")
        .collect();
    assert!(missing.is_empty(), "no sample posts to {missing:?}");
}

/// Every label and description leads to a control that is there, once.
#[test]
fn labels_lead_to_controls() {
    for page in sample::pages() {
        let mut ids = BTreeSet::new();
        for part in page.html.split(" id=\"").skip(1) {
            let id = part.split('"').next().unwrap();
            assert!(ids.insert(id), "{}: the id {id} is there twice", page.path);
        }
        for (_, label) in tags(&page.html, "label") {
            if let Some(id) = attribute(label, "for") {
                assert!(ids.contains(id), "{}: a label leads to {id}", page.path);
            }
        }
        for part in page.html.split("aria-describedby=\"").skip(1) {
            for id in part.split('"').next().unwrap().split(' ') {
                assert!(ids.contains(id), "{}: described by {id}", page.path);
            }
        }
    }
}

/// Every icon that a page shows is in the sprite.
#[test]
fn icons_exist() {
    let (_, sprite) = web::assets::all()
        .find(|(name, _)| *name == "icons.svg")
        .unwrap();
    let sprite = std::str::from_utf8(sprite.bytes).unwrap();
    for page in sample::pages() {
        for part in page.html.split("<use href=\"").skip(1) {
            let name = part.split('"').next().unwrap().split('#').nth(1).unwrap();
            assert!(
                sprite.contains(&format!("id=\"{name}\"")),
                "{}: icon {name}",
                page.path
            );
        }
    }
}

/// Whoever may not act sees no form that acts.
#[test]
fn an_observer_sees_no_actions() {
    let pages = sample::pages();
    let page = pages
        .iter()
        .find(|page| page.path == "/incidents/observed")
        .unwrap();
    for (_, tag) in tags(&page.html, "form") {
        let action = attribute(tag, "action").unwrap_or_default();
        // Whoever was asked may answer, whatever their role.
        let answers = action.ends_with("/responders/answer");
        assert!(answers || !action.starts_with("/incidents/"), "{action}");
    }
}

/// FACE.md rule 12: later pages weigh at most 15 KB.
#[test]
fn pages_are_light() {
    for page in sample::pages() {
        let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
        std::io::Write::write_all(&mut packed, page.html.as_bytes()).unwrap();
        let weight = packed.finish().unwrap().len();
        assert!(weight <= 15_000, "{} weighs {weight} bytes", page.path);
    }
}
