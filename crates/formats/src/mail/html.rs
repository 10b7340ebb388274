//! HTML as plain text: enough to read an alert on a telephone.

use mail_parser::decoders::html::html_to_text;

/// Longest HTML that is read, in bytes: newsletters end long before.
const HTML_MAX: usize = 256 * 1024;
/// Elements that stand on lines of their own.
const BLOCKS: [&str; 20] = [
    "div",
    "tr",
    "li",
    "ul",
    "ol",
    "table",
    "h1",
    "h2",
    "h3",
    "h4",
    "h5",
    "h6",
    "pre",
    "blockquote",
    "section",
    "header",
    "footer",
    "article",
    "dl",
    "dt",
];
/// Longest name in [`BLOCKS`].
const NAME_MAX: usize = 10;

/// The text of HTML, blocks on lines of their own, without scripts, styles and markup.
pub(crate) fn to_text(html: &str) -> String {
    let html = &html[..html.floor_char_boundary(HTML_MAX)];
    squeezed(&html_to_text(&with_breaks(html)))
}

/// `<br>` in front of each block and behind it, and a space between cells.
fn with_breaks(html: &str) -> String {
    let mut out = String::with_capacity(html.len() + html.len() / 8);
    let mut pieces = html.split('<');
    out.push_str(pieces.next().unwrap_or_default());
    for piece in pieces {
        let name: String = piece
            .trim_start_matches('/')
            .chars()
            .take(NAME_MAX + 1)
            .take_while(char::is_ascii_alphanumeric)
            .map(|c| c.to_ascii_lowercase())
            .collect();
        if BLOCKS.contains(&name.as_str()) {
            out.push_str("<br>");
        } else if name == "td" || name == "th" {
            out.push(' ');
        }
        out.push('<');
        out.push_str(piece);
    }
    out
}

/// Without blanks around lines, and with at most one empty line in a row.
fn squeezed(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut empty = 0;
    for line in text.lines() {
        let line = line.trim_matches(|c: char| c.is_whitespace() || c == '\u{200c}');
        if line.is_empty() {
            empty += 1;
            continue;
        }
        if !out.is_empty() {
            out.push_str(if empty > 0 { "\n\n" } else { "\n" });
        }
        empty = 0;
        out.push_str(line);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_person_would_read() {
        let html = "<html><head><title>x</title><style>p { color: red }</style></head><body>\
            <!-- hidden > --><div>Disk <b>full</b> on &quot;db1&quot; &amp; db2</div>\
            <table><tr><td>Host</td><td>db1</td></tr><tr><td>Load</td><td>9.5</td></tr></table>\
            <p>Look&nbsp;now.</p><script>alert(1)</script><ul><li>one<li>two</ul></body></html>";
        assert_eq!(
            to_text(html).replace('\u{a0}', " "),
            "Disk full on \"db1\" & db2\n\nHost db1\n\nLoad 9.5\n\nLook now.\n\none\ntwo"
        );
        for odd in [
            "",
            "<",
            "<<>>",
            "<!--",
            "a<b",
            "&",
            "&#xFFFFFFFF;",
            "<div",
            "é<é",
        ] {
            let _ = to_text(odd);
        }
        assert_eq!(to_text("plain"), "plain");
    }
}
