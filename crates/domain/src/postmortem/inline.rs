//! One-line Markdown for headings, list items and table cells that can never break the document
//! around them.

use std::collections::HashMap;

/// Drops characters that no text needs: C0 controls but tab and newline, and non-characters. CRLF
/// and lone CR become LF, as CommonMark reads them.
pub fn clean(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            '\r' => {
                if chars.peek() != Some(&'\n') {
                    out.push('\n');
                }
            }
            '\n' | '\t' => out.push(c),
            '\0'..='\u{1f}' | '\u{fffe}' | '\u{ffff}' => {}
            _ => out.push(c),
        }
    }
    out
}

/// Plain text as Markdown that reads exactly like it, on one line.
pub fn escape(plain: &str) -> String {
    let line = one_line(plain);
    let mut out = String::with_capacity(line.len());
    let mut before: Option<char> = None;
    let mut chars = line.chars().peekable();
    while let Some(c) = chars.next() {
        let next = chars.peek().copied();
        let special = match c {
            '\\' | '`' | '*' | '[' | ']' | '<' | '|' | '~' => true,
            // An underscore inside a word never emphasises.
            '_' => {
                !(before.is_some_and(char::is_alphanumeric)
                    && next.is_some_and(char::is_alphanumeric))
            }
            '&' => next.is_some_and(|n| n.is_ascii_alphanumeric() || n == '#'),
            // A trailing run of # would be taken for the end of a heading.
            '#' => next.is_none(),
            _ => false,
        };
        if special {
            out.push('\\');
        }
        out.push(c);
        before = Some(c);
    }
    out
}

/// Inline Markdown of a person on one line, with raw HTML turned into text.
pub fn inline(markdown: &str) -> String {
    neutral(&one_line(markdown), false)
}

/// Inline Markdown of a person as the content of a table cell: `|` is escaped (in code spans too),
/// line breaks become `<br>`, raw HTML becomes text.
///
/// `\` directly before a `|` is doubled, so that readers agree on where the cell ends.
pub fn cell(markdown: &str) -> String {
    let text = clean(markdown);
    let lines: Vec<&str> = text
        .trim_matches([' ', '\t', '\n'])
        .split('\n')
        .map(|line| line.trim_matches([' ', '\t']))
        .collect();
    neutral(&lines.join("\n"), true)
}

fn one_line(text: &str) -> String {
    clean(text)
        .split([' ', '\t', '\n'])
        .filter(|word| !word.is_empty())
        .collect::<Vec<_>>()
        .join(" ")
}

/// Copies inline Markdown, with `<` that could begin a tag as `&lt;`, but in code spans.
fn neutral(text: &str, in_cell: bool) -> String {
    let mut runs: HashMap<usize, Vec<usize>> = HashMap::new();
    let bytes = text.as_bytes();
    let mut at = 0;
    while at < bytes.len() {
        let length = run(bytes, at, b'`');
        if length > 0 {
            runs.entry(length).or_default().push(at);
        }
        at += length.max(1);
    }
    let mut out = String::with_capacity(text.len() + 16);
    let mut at = 0;
    while at < bytes.len() {
        match bytes[at] {
            b'\\' => {
                let length = run(bytes, at, b'\\');
                at += length;
                push_backslashes(&mut out, length, in_cell && bytes.get(at) == Some(&b'|'));
                // An odd run escapes the next character, unless the pipe below does its own.
                let escaped = bytes.get(at).copied().filter(u8::is_ascii_punctuation);
                if let Some(c) = escaped.filter(|&c| length % 2 == 1 && !(in_cell && c == b'|')) {
                    out.push(char::from(c));
                    at += 1;
                }
            }
            b'`' => {
                let length = run(bytes, at, b'`');
                let body = at + length;
                let end = runs.get(&length).and_then(|starts| {
                    let next = starts.partition_point(|&start| start < body);
                    starts.get(next).copied()
                });
                if let Some(end) = end {
                    out.push_str(&text[at..body]);
                    push_code(&mut out, &text[body..end], in_cell);
                    out.push_str(&text[at..body]);
                    at = end + length;
                } else {
                    // A reader without tables would pair it with a run in the next cell.
                    out.push_str(&"\\`".repeat(length));
                    at = body;
                }
            }
            b'<' => {
                let link = autolink(&text[at..]);
                if let Some(link) = link {
                    out.push_str(&link.replace('|', "%7C"));
                    at += link.len();
                } else {
                    let tag = bytes.get(at + 1).is_some_and(|&next| {
                        next.is_ascii_alphabetic() || matches!(next, b'/' | b'!' | b'?')
                    });
                    out.push_str(if tag { "&lt;" } else { "<" });
                    at += 1;
                }
            }
            b'|' if in_cell => {
                out.push_str("\\|");
                at += 1;
            }
            b'\n' => {
                out.push_str("<br>");
                at += 1;
            }
            _ => {
                let rest = &text[at..];
                let plain = rest
                    .find(['\\', '`', '<', '|', '\n'])
                    .map_or(rest.len(), |found| found.max(1));
                out.push_str(&rest[..plain]);
                at += plain;
            }
        }
    }
    out
}

fn run(bytes: &[u8], at: usize, of: u8) -> usize {
    bytes[at..].iter().take_while(|&&byte| byte == of).count()
}

fn push_backslashes(out: &mut String, count: usize, before_pipe: bool) {
    for _ in 0..if before_pipe { 2 * count } else { count } {
        out.push('\\');
    }
}

/// The content of a code span: nothing is escaped but the pipe, a line break is a space.
fn push_code(out: &mut String, code: &str, in_cell: bool) {
    let mut backslashes = 0;
    for c in code.chars() {
        if c == '\\' {
            backslashes += 1;
            continue;
        }
        let pipe = in_cell && c == '|';
        push_backslashes(out, backslashes, pipe);
        backslashes = 0;
        if pipe {
            out.push('\\');
        }
        out.push(if c == '\n' { ' ' } else { c });
    }
    push_backslashes(out, backslashes, false);
}

/// `<https://…>` at the start of a text.
fn autolink(text: &str) -> Option<&str> {
    let inner = &text[1..text.find('>')?];
    let known = ["https://", "http://"]
        .iter()
        .any(|scheme| inner.starts_with(scheme));
    let plain = !inner.contains(['<', '`', '\\']) && !inner.contains(char::is_whitespace);
    (known && plain).then(|| &text[..inner.len() + 2])
}

/// A web address as it can stand between `<` and `>` or in a link's parentheses; `None` for other
/// kinds of links.
pub fn web_address(url: &str) -> Option<String> {
    let url = url.trim();
    let scheme = url.split_once("://")?.0;
    if !scheme.eq_ignore_ascii_case("http") && !scheme.eq_ignore_ascii_case("https") {
        return None;
    }
    let mut out = String::with_capacity(url.len());
    for c in url.chars() {
        match c {
            '<' | '>' | '(' | ')' | '|' | '\\' | '"' | '`' | '[' | ']' => {
                out.push_str(&format!("%{:02X}", u32::from(c)));
            }
            _ if c.is_control() || c.is_whitespace() => {
                let mut utf8 = [0; 4];
                for byte in c.encode_utf8(&mut utf8).bytes() {
                    out.push_str(&format!("%{byte:02X}"));
                }
            }
            _ => out.push(c),
        }
    }
    Some(out)
}

/// Lower-case ASCII words joined by `-`, at most `max` bytes, cut between words where possible.
/// Letters with marks become the letters under them; other scripts are left out.
pub fn slug(text: &str, max: usize) -> String {
    let mut out = String::new();
    for word in text
        .chars()
        .map(plain_letters)
        .collect::<String>()
        .split(|c: char| !c.is_ascii_alphanumeric())
        .filter(|word| !word.is_empty())
    {
        let separator = usize::from(!out.is_empty());
        if out.len() + separator + word.len() > max {
            if out.is_empty() {
                out.push_str(&word[..max]);
            }
            break;
        }
        if separator == 1 {
            out.push('-');
        }
        out.push_str(word);
    }
    out
}

fn plain_letters(c: char) -> String {
    let lower: String = c.to_lowercase().collect();
    let plain = match lower.chars().next().unwrap_or(' ') {
        'à'..='å' | 'ā' | 'ă' | 'ą' => "a",
        'æ' => "ae",
        'ç' | 'ć' | 'č' => "c",
        'ď' | 'đ' | 'ð' => "d",
        'è'..='ë' | 'ē' | 'ė' | 'ę' | 'ě' => "e",
        'ğ' => "g",
        'ì'..='ï' | 'ī' | 'į' | 'ı' | 'i' => "i",
        'ł' => "l",
        'ñ' | 'ń' | 'ň' => "n",
        'ò'..='ö' | 'ø' | 'ō' | 'ő' => "o",
        'œ' => "oe",
        'ř' => "r",
        'ß' => "ss",
        'ś' | 'š' | 'ş' | 'ș' => "s",
        'ť' | 'ţ' | 'ț' => "t",
        'þ' => "th",
        'ù'..='ü' | 'ū' | 'ů' | 'ű' => "u",
        'ý' | 'ÿ' => "y",
        'ź' | 'ż' | 'ž' => "z",
        // An apostrophe does not part a word.
        '\'' | '’' => "",
        _ => return lower,
    };
    plain.to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use pulldown_cmark::{Event, Options, Parser, TagEnd};

    #[test]
    fn a_cell_escapes_pipes_in_code_too_and_keeps_line_breaks() {
        assert_eq!(cell("a | b"), "a \\| b");
        assert_eq!(cell("run `ps | wc`"), "run `ps \\| wc`");
        assert_eq!(cell("one\r\ntwo\n"), "one<br>two");
        assert_eq!(cell("back\\|slash"), "back\\\\\\|slash");
        assert_eq!(cell("a <b>c</b> 1 < 2"), "a &lt;b>c&lt;/b> 1 < 2");
        assert_eq!(cell("`<b>` stays"), "`<b>` stays");
        assert_eq!(cell("x <!-- ev: 1 -->"), "x &lt;!-- ev: 1 -->");
        assert_eq!(
            cell("see <https://g.example/x|y>"),
            "see <https://g.example/x%7Cy>"
        );
        assert_eq!(cell("\0 a\u{7}"), "a");
        assert_eq!(cell("a `` b ` c `"), "a \\`\\` b ` c `");
    }

    #[test]
    fn plain_text_is_escaped_only_where_it_must() {
        assert_eq!(escape("orders_db: 5 * 3 <b>"), "orders_db: 5 \\* 3 \\<b>");
        assert_eq!(escape("_x_ C# a&b &amp; #"), "\\_x\\_ C# a\\&b \\&amp; \\#");
        assert_eq!(escape("two\nlines"), "two lines");
    }

    #[test]
    fn slugs_are_ascii_words() {
        assert_eq!(slug("Checkout errors!", 60), "checkout-errors");
        assert_eq!(slug("Größe: DB's  Überlauf", 60), "grosse-dbs-uberlauf");
        assert_eq!(slug("日本 down", 60), "down");
        assert_eq!(slug(&"x".repeat(80), 60), "x".repeat(60));
        assert_eq!(slug("aaaa bbbb cccc", 10), "aaaa-bbbb");
        assert_eq!(slug("日本", 60), "");
    }

    #[test]
    fn only_web_addresses_become_links() {
        assert_eq!(
            web_address("https://g/x y(1)").unwrap(),
            "https://g/x%20y%281%29"
        );
        assert_eq!(web_address("javascript:alert(1)"), None);
    }

    fn gfm(text: &str) -> Vec<Event<'_>> {
        Parser::new_ext(text, Options::ENABLE_TABLES).collect()
    }

    proptest! {
        #[test]
        fn a_cell_never_breaks_its_row(
            a in "[|\\\\`<>\n\r\t a-c!/*_\\[\\]()&-]{0,24}",
            b in any::<String>(),
        ) {
            let table = format!("| x | y |\n|---|---|\n| {} | {} |\n", cell(&a), cell(&b));
            let events = gfm(&table);
            let cells = events.iter().filter(|e| **e == Event::End(TagEnd::TableCell)).count();
            prop_assert_eq!(cells, 4, "{}", table);
            prop_assert_eq!(events.iter().filter(|e| **e == Event::End(TagEnd::TableRow)).count(), 1);
            for event in &events {
                if let Event::InlineHtml(html) | Event::Html(html) = event {
                    prop_assert_eq!(&**html, "<br>", "{}", table);
                }
            }
        }

        #[test]
        fn an_escaped_text_reads_like_itself(plain in "[ -~äß]{0,30}") {
            let heading = format!("# x {}\n", escape(&plain));
            let mut read = String::new();
            for event in gfm(&heading) {
                match event {
                    Event::Text(text) => read.push_str(&text),
                    Event::Start(_) | Event::End(_) => {}
                    other => prop_assert!(false, "{:?} in {}", other, heading),
                }
            }
            let expected = format!("x {}", one_line(&plain));
            prop_assert_eq!(read.trim_end(), expected.trim_end());
        }
    }
}
