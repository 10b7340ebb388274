//! Section bodies are normalised when they are saved, so that an export can put them together
//! without looking inside (INCIDENTS.md §5.4): no body can end its section, hide the next one, or
//! pass for a heading above H3.

use std::ops::Range;

use pulldown_cmark::{CodeBlockKind, Event, HeadingLevel, Options, Parser, Tag, TagEnd};

use super::inline::clean;

/// Each pass repairs one kind of thing and reads the text again, since a repair may uncover
/// something else (a heading inside raw HTML). Ordinary texts need two or three.
const PASSES: usize = 16;

/// Shallowest heading inside a section; `#` is the document, `##` the section.
const SHALLOWEST: i32 = 3;

/// Brings a body into the form in which it is stored. Idempotent.
///
/// - line ends become LF, control characters go, blank lines around the body go;
/// - headings are shifted so that the shallowest is H3; what would pass H6 becomes a bold paragraph
///   (inside quotes and lists: stays H6);
/// - a code fence that was left open is closed;
/// - raw HTML becomes text, but for `<br>` and the waivers of the lint; so does everything that
///   looks like the marker of a section. Inside code such a marker is moved off the line's start.
pub fn normalise(text: &str) -> String {
    let mut text = trim(&clean(text)).to_owned();
    for _ in 0..PASSES {
        match pass(&text) {
            Some(changed) => text = changed,
            None => return text,
        }
    }
    // Not reached by any known text; whatever it is, as a code block it is harmless.
    fence_all(&text)
}

fn pass(text: &str) -> Option<String> {
    for options in dialects() {
        let edits = html_edits(text, options);
        if !edits.is_empty() {
            return Some(apply(text, edits));
        }
    }
    for options in dialects() {
        let edits = heading_edits(text, options);
        if !edits.is_empty() {
            return Some(apply(text, edits));
        }
    }
    let edits = marker_edits(text);
    if !edits.is_empty() {
        return Some(apply(text, edits));
    }
    if let Some(fence) = open_fence(text) {
        return Some(format!("{text}\n{fence}"));
    }
    let trimmed = trim(text);
    (trimmed.len() < text.len()).then(|| trimmed.to_owned())
}

/// Readers with and without the extensions of GFM must agree on the result.
fn dialects() -> [Options; 2] {
    [
        Options::empty(),
        Options::ENABLE_TABLES | Options::ENABLE_TASKLISTS | Options::ENABLE_STRIKETHROUGH,
    ]
}

/// Without blank lines before and after; the first line keeps its indentation.
fn trim(text: &str) -> &str {
    let text = text.trim_end_matches([' ', '\t', '\n']);
    let blank = text.len() - text.trim_start_matches([' ', '\t', '\n']).len();
    match text[..blank].rfind('\n') {
        Some(at) => &text[at + 1..],
        None => text,
    }
}

struct Edit {
    range: Range<usize>,
    with: String,
}

fn apply(text: &str, mut edits: Vec<Edit>) -> String {
    edits.sort_by_key(|edit| (edit.range.start, edit.range.end));
    let mut out = String::with_capacity(text.len() + 64);
    let mut done = 0;
    for edit in edits {
        if edit.range.start < done {
            continue;
        }
        out.push_str(&text[done..edit.range.start]);
        out.push_str(&edit.with);
        done = edit.range.end;
    }
    out.push_str(&text[done..]);
    out
}

/// Where `<` must be written as `&lt;`.
fn html_edits(text: &str, options: Options) -> Vec<Edit> {
    let mut edits = Vec::new();
    let mut code = false;
    for (event, range) in Parser::new_ext(text, options).into_offset_iter() {
        match event {
            Event::Start(Tag::CodeBlock(_)) => code = true,
            Event::End(TagEnd::CodeBlock) => code = false,
            Event::Start(Tag::HtmlBlock) if !is_waiver(&text[range.clone()]) => {
                escape_all(text, range, &mut edits);
            }
            Event::InlineHtml(html) if !is_break(&html) && !is_waiver(&html) => {
                escape_all(text, range, &mut edits);
            }
            // Readers differ in what they take for a tag; `<` before a letter is safe for none.
            Event::Text(_) if !code => {
                for (at, _) in text[range.clone()].match_indices('<') {
                    let at = range.start + at;
                    let tag = text.as_bytes().get(at + 1).is_some_and(|&next| {
                        next.is_ascii_alphabetic() || matches!(next, b'/' | b'!' | b'?')
                    });
                    if tag && !is_escaped(text, at) {
                        edits.push(lt(at));
                    }
                }
            }
            _ => {}
        }
    }
    edits
}

fn escape_all(text: &str, range: Range<usize>, edits: &mut Vec<Edit>) {
    let found = text[range.clone()].match_indices('<');
    edits.extend(found.map(|(at, _)| lt(range.start + at)));
}

fn lt(at: usize) -> Edit {
    Edit {
        range: at..at + 1,
        with: "&lt;".to_owned(),
    }
}

fn is_escaped(text: &str, at: usize) -> bool {
    let backslashes = text[..at].bytes().rev().take_while(|&b| b == b'\\');
    backslashes.count() % 2 == 1
}

fn is_break(html: &str) -> bool {
    matches!(html, "<br>" | "<br/>" | "<br />")
}

/// `<!-- lint-ok B1: reason -->`, alone on its line or inside of one.
fn is_waiver(html: &str) -> bool {
    let inner = html
        .trim_matches([' ', '\n'])
        .strip_prefix("<!-- lint-ok B")
        .and_then(|rest| rest.strip_suffix(" -->"));
    inner.is_some_and(|rest| {
        !rest.contains(['<', '>', '\n', '\t']) && !rest.contains("--") && !rest.ends_with('-')
    })
}

struct Heading {
    range: Range<usize>,
    level: i32,
    nested: bool,
}

fn heading_edits(text: &str, options: Options) -> Vec<Edit> {
    let mut headings = Vec::new();
    let mut depth = 0_usize;
    for (event, range) in Parser::new_ext(text, options).into_offset_iter() {
        match event {
            Event::Start(Tag::BlockQuote(_) | Tag::Item) => depth += 1,
            Event::End(TagEnd::BlockQuote(_) | TagEnd::Item) => depth = depth.saturating_sub(1),
            Event::Start(Tag::Heading { level, .. }) => headings.push(Heading {
                range,
                level: level_number(level),
                nested: depth > 0,
            }),
            _ => {}
        }
    }
    let Some(shallowest) = headings.iter().map(|heading| heading.level).min() else {
        return Vec::new();
    };
    let shift = SHALLOWEST - shallowest;
    if shift == 0 {
        return Vec::new();
    }
    headings
        .iter()
        .map(|heading| shifted(text, heading, shift))
        .collect()
}

const fn level_number(level: HeadingLevel) -> i32 {
    match level {
        HeadingLevel::H1 => 1,
        HeadingLevel::H2 => 2,
        HeadingLevel::H3 => 3,
        HeadingLevel::H4 => 4,
        HeadingLevel::H5 => 5,
        HeadingLevel::H6 => 6,
    }
}

fn hashes(level: i32) -> String {
    "#".repeat(usize::try_from(level.clamp(1, 6)).unwrap_or(6))
}

fn shifted(text: &str, heading: &Heading, shift: i32) -> Edit {
    let level = heading.level + shift;
    let source = &text[heading.range.clone()];
    let marks = source.len() - source.trim_start_matches('#').len();
    let numbered = i32::try_from(marks).is_ok_and(|marks| marks == heading.level)
        && source[marks..]
            .chars()
            .next()
            .is_none_or(|c| matches!(c, ' ' | '\t' | '\n'));
    if !numbered {
        return underlined(text, heading, level);
    }
    if level > 6 && !heading.nested {
        return bold(text, heading.range.start);
    }
    let start = heading.range.start;
    Edit {
        range: start..start + marks,
        with: hashes(level),
    }
}

/// A heading underlined with `===` or `---`, on one line with hashes.
fn underlined(text: &str, heading: &Heading, level: i32) -> Edit {
    let source = text[heading.range.clone()].trim_end_matches(['\n', ' ', '\t']);
    let range = heading.range.start..heading.range.start + source.len();
    let last = source.rfind('\n').unwrap_or(source.len());
    let lines: Vec<&str> = source[..last]
        .split('\n')
        .enumerate()
        .map(|(nth, line)| {
            let prefix: &[char] = if nth > 0 && heading.nested {
                &[' ', '\t', '>']
            } else {
                &[' ', '\t']
            };
            let line = line
                .trim_start_matches(prefix)
                .trim_end_matches([' ', '\t']);
            // A backslash at the end of a line is a line break.
            match line.strip_suffix('\\') {
                Some(cut) if !is_escaped(line, line.len() - 1) => cut,
                _ => line,
            }
        })
        .collect();
    let mut content = lines.join(" ");
    let marks = content.len() - content.trim_end_matches('#').len();
    let before = content.len() - marks;
    if marks > 0 && (before == 0 || content[..before].ends_with([' ', '\t'])) {
        content.insert(before, '\\');
    }
    Edit {
        range,
        with: format!("{} {content}", hashes(level)),
    }
}

/// A heading with hashes that would pass H6, as a bold paragraph of its own.
fn bold(text: &str, start: usize) -> Edit {
    let from = text[..start].rfind('\n').map_or(0, |at| at + 1);
    let to = text[start..].find('\n').map_or(text.len(), |at| start + at);
    let blank: &[char] = &[' ', '\t'];
    let content = text[start..to].trim_start_matches('#').trim_matches(blank);
    let closing = content.trim_end_matches('#');
    let content = if closing.is_empty() || closing.ends_with(blank) {
        closing.trim_end_matches(blank)
    } else {
        content
    };
    let mut with = String::new();
    if content.is_empty() {
        return Edit {
            range: from..to,
            with,
        };
    }
    if from > 0 && !text[..from].ends_with("\n\n") {
        with.push('\n');
    }
    if content.chars().all(|c| matches!(c, '*' | ' ' | '\t')) {
        // Nothing but stars would make a rule.
        with.push_str(&content.replace('*', "\\*"));
    } else {
        with.push_str(&format!("**{content}**"));
    }
    if to < text.len() && !text[to..].starts_with("\n\n") {
        with.push('\n');
    }
    Edit {
        range: from..to,
        with,
    }
}

/// Lines that a reader of the export would take for the start of a section.
fn marker_edits(text: &str) -> Vec<Edit> {
    let mut starts = Vec::new();
    let mut at = 0;
    for line in text.split_inclusive('\n') {
        if is_marker(line) {
            starts.push(at);
        }
        at += line.len();
    }
    if starts.is_empty() {
        return Vec::new();
    }
    let blocks: Vec<Range<usize>> = Parser::new_ext(text, Options::empty())
        .into_offset_iter()
        .filter(|(event, _)| matches!(event, Event::Start(Tag::CodeBlock(_))))
        .map(|(_, range)| range)
        .collect();
    starts
        .into_iter()
        .map(|start| {
            let next = blocks.partition_point(|block| block.end <= start);
            let in_code = blocks.get(next).is_some_and(|block| block.contains(&start));
            if in_code {
                Edit {
                    range: start..start,
                    with: " ".to_owned(),
                }
            } else {
                lt(start)
            }
        })
        .collect()
}

fn is_marker(line: &str) -> bool {
    line.strip_prefix("<!--").is_some_and(|rest| {
        let rest = rest.trim_start_matches([' ', '\t']);
        rest.get(..8)
            .is_some_and(|word| word.eq_ignore_ascii_case("section:"))
    })
}

/// The fence that closes the last block of the body, when that is a fenced block left open. One
/// inside a quote or a list ends with it.
fn open_fence(text: &str) -> Option<String> {
    let mut depth = 0_usize;
    let mut last = None;
    for (event, range) in Parser::new_ext(text, Options::empty()).into_offset_iter() {
        match event {
            Event::Start(tag) => {
                if depth == 0 {
                    let fenced = matches!(tag, Tag::CodeBlock(CodeBlockKind::Fenced(_)));
                    last = fenced.then_some(range);
                }
                depth += 1;
            }
            Event::End(_) => depth = depth.saturating_sub(1),
            Event::Rule if depth == 0 => last = None,
            _ => {}
        }
    }
    let block = &text[last?];
    let block = block.trim_start_matches(' ');
    let mark = block.chars().next().filter(|c| matches!(c, '`' | '~'))?;
    let length = block.len() - block.trim_start_matches(mark).len();
    let fence: String = std::iter::repeat_n(mark, length).collect();
    let closed = block.trim_end_matches('\n').rfind('\n').is_some_and(|at| {
        let line = block[at + 1..].trim_end_matches(['\n', ' ', '\t']);
        let indent = line.len() - line.trim_start_matches(' ').len();
        let line = &line[indent..];
        indent <= 3 && line.len() >= length && line.chars().all(|c| c == mark)
    });
    (!closed).then_some(fence)
}

fn fence_all(text: &str) -> String {
    let mut longest = 0;
    let mut run = 0;
    for c in text.chars() {
        run = if c == '`' { run + 1 } else { 0 };
        longest = longest.max(run);
    }
    let fence = "`".repeat((longest + 1).max(3));
    let lines: Vec<String> = text
        .split('\n')
        .map(|line| {
            if is_marker(line) {
                format!(" {line}")
            } else {
                line.to_owned()
            }
        })
        .collect();
    format!("{fence}\n{}\n{fence}", lines.join("\n"))
}

#[cfg(test)]
#[path = "normalise_tests.rs"]
mod tests;
