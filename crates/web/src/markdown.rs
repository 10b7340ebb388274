//! Markdown of people to HTML that can do no harm.

use ammonia::Builder;
use pulldown_cmark::{Event, Options, Parser, html};

use crate::view::Markup;

/// Renders CommonMark with tables, task lists and strike-through. Raw HTML is shown as text, and
/// what is left is cleaned once more: no script, no style, no form, no address but `http`, `https`,
/// `mailto` and those of this site.
pub fn render(source: &str) -> Markup {
    let options =
        Options::ENABLE_TABLES | Options::ENABLE_TASKLISTS | Options::ENABLE_STRIKETHROUGH;
    let events = Parser::new_ext(source, options).map(|event| match event {
        Event::Html(raw) | Event::InlineHtml(raw) => Event::Text(raw),
        other => other,
    });
    let mut html = String::with_capacity(source.len() + source.len() / 2);
    html::push_html(&mut html, events);
    let clean = Builder::default()
        .add_tags(["input"])
        .add_tag_attributes("input", ["type", "checked", "disabled", "aria-label"])
        .set_tag_attribute_value("input", "type", "checkbox")
        .set_tag_attribute_value("input", "disabled", "")
        .set_tag_attribute_value("input", "aria-label", "task")
        .rm_tag_attributes("td", ["style"])
        .url_schemes(["http", "https", "mailto"].into())
        .link_rel(Some("noopener noreferrer nofollow"))
        .clean(&html)
        .to_string();
    Markup(clean)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tables_and_tasks_are_rendered() {
        let html = render("| a | b |\n|---|:-:|\n| 1 | 2 |\n\n- [x] done\n- [ ] open\n\n~~no~~").0;
        assert!(html.contains("<table>") && html.contains("<td"), "{html}");
        assert_eq!(html.matches("type=\"checkbox\"").count(), 2, "{html}");
        assert_eq!(html.matches("aria-label=\"task\"").count(), 2, "{html}");
        assert!(html.contains("<del>no</del>"));
        assert!(!html.contains("style="), "{html}");
    }

    #[test]
    fn nothing_harmful_passes() {
        for source in [
            "<script>alert(1)</script>",
            "<img src=x onerror=alert(1)>",
            "[x](javascript:alert(1))",
            "![x](data:text/html,boo)",
            "<style>body{display:none}</style>",
            "<form action=/incidents/1/resolve><button>",
            "<svg onload=alert(1)>",
        ] {
            let html = render(source).0;
            for bad in [
                "<script",
                "<img src=x",
                "\"javascript:",
                "<style",
                "<form",
                "<svg",
                "\"data:",
            ] {
                assert!(!html.contains(bad), "{source} gave {html}");
            }
        }
    }
}
