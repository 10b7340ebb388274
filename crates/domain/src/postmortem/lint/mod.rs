//! The blameless lint (INCIDENTS.md §5.2): deterministic, offline, explainable, never a gate. It
//! skips code, links, quotes (the words of that hour) and whatever a waiver covers:
//! `<!-- lint-ok B1: reason -->` covers its line, or, alone on its line, the paragraph below.

mod english;

use std::ops::Range;
use std::sync::LazyLock;

use pulldown_cmark::{Event, LinkType, Options, Parser, Tag, TagEnd};

use super::{ActionItem, Section};
use crate::words;

words! {
    Rule {
        Counterfactual = "B1",
        BlameWord = "B2",
        WhoOrWhy = "B4",
        Hindsight = "B5",
        SingleCause = "B6",
        FixInNarrative = "B7",
        WeakAction = "B8",
    }
}

impl Rule {
    /// What is wrong with it, in two or three words.
    pub const fn title(self) -> &'static str {
        match self {
            Rule::Counterfactual => "what did not happen",
            Rule::BlameWord => "blame",
            Rule::WhoOrWhy => "who or why",
            Rule::Hindsight => "hindsight",
            Rule::SingleCause => "single cause",
            Rule::FixInNarrative => "remedy inside the story",
            Rule::WeakAction => "weak action",
        }
    }

    /// What to write instead.
    pub const fn offer(self) -> &'static str {
        match self {
            Rule::Counterfactual => {
                "Tell what was known and done then; what should change is an action item."
            }
            Rule::BlameWord => "Name the condition that allowed it.",
            Rule::WhoOrWhy => "Ask how it came about, or what made it reasonable at the time.",
            Rule::Hindsight => "Leave it out: it was not certain at the time.",
            Rule::SingleCause => {
                "There are several contributing factors; what else had to be true?"
            }
            Rule::FixInNarrative => "Make it an action item; the story tells what happened.",
            Rule::WeakAction => {
                "Make it actionable, specific and bounded: a verb, an owner, a due date, and a test \
                 that shows it is done."
            }
        }
    }
}

/// Something to reconsider in a section.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    pub rule: Rule,
    /// Slug of the section.
    pub section: String,
    /// Counted from 1 in the section's body.
    pub line: usize,
    /// Bytes of the body.
    pub range: Range<usize>,
    /// The words found.
    pub text: String,
}

/// Something to reconsider in an action item: [`Rule::WeakAction`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ActionFinding {
    /// Number of the action item.
    pub action: i64,
    pub problem: String,
}

/// Looks through the sections, in their order; findings of a section are in order of place.
pub fn lint(sections: &[Section]) -> Vec<Finding> {
    sections.iter().flat_map(lint_section).collect()
}

/// Looks through one section.
pub fn lint_section(section: &Section) -> Vec<Finding> {
    let prose = read(&section.body);
    let tokens = tokens(&prose);
    let lines = line_starts(&section.body);
    let line_of = |at: usize| lines.partition_point(|&start| start <= at);
    let mut findings: Vec<Finding> = Vec::new();
    let mut found = |rule: Rule, range: Range<usize>| {
        let waived = prose
            .waivers
            .iter()
            .any(|waiver| waiver.rule == rule.as_str() && waiver.covers.contains(&range.start));
        if !waived {
            findings.push(Finding {
                rule,
                section: section.slug.clone(),
                line: line_of(range.start),
                text: section.body[range.clone()].to_owned(),
                range,
            });
        }
    };
    // Words of a finding belong to the first rule that found them.
    let mut taken = exempt(&tokens);
    for (phrases, patterns) in RULES.iter() {
        if !phrases.only_in.is_empty() && !phrases.only_in.contains(&section.slug.as_str()) {
            continue;
        }
        for at in 0..tokens.len() {
            let longest = patterns
                .iter()
                .filter_map(|pattern| pattern.matches(&tokens, at))
                .filter(|&end| !taken[at..end].contains(&true))
                .max();
            if let Some(end) = longest {
                taken[at..end].fill(true);
                found(phrases.rule, tokens[at].start..tokens[end - 1].end);
            }
        }
    }
    if section.slug == "contributing_factors"
        && let [only] = prose.factors.as_slice()
    {
        found(Rule::SingleCause, only.clone());
    }
    findings.sort_by_key(|finding| (finding.range.start, finding.rule));
    findings
}

/// Looks through action items.
pub fn lint_actions(items: &[ActionItem]) -> Vec<ActionFinding> {
    let mut findings = Vec::new();
    for item in items {
        let mut problem = |problem: String| {
            findings.push(ActionFinding {
                action: item.number,
                problem,
            });
        };
        let prose = read(&item.title);
        let words = tokens(&prose);
        if let Some(first) = words.first()
            && english::NOT_VERBS.contains(&first.word.as_str())
        {
            problem("the title does not begin with a verb".to_owned());
        }
        for at in 0..words.len() {
            let end = WEAK
                .iter()
                .filter_map(|pattern| pattern.matches(&words, at))
                .max();
            if let Some(end) = end {
                let text = &item.title[words[at].start..words[end - 1].end];
                problem(format!("“{text}” is a wish, not an action"));
            }
        }
        let empty = |text: &Option<String>| text.as_deref().is_none_or(|t| t.trim().is_empty());
        if empty(&item.owner) {
            problem("nobody owns it".to_owned());
        }
        if item.due.is_none() {
            problem("it has no due date".to_owned());
        }
        if empty(&item.done_test) {
            problem("nothing says how one sees that it is done".to_owned());
        }
    }
    findings
}

type Compiled = Vec<(&'static english::Phrases, Vec<Pattern>)>;

static RULES: LazyLock<Compiled> = LazyLock::new(|| {
    let compile = |phrases: &'static english::Phrases| (phrases, compile(phrases.patterns));
    english::PHRASES.iter().map(compile).collect()
});
static WEAK: LazyLock<Vec<Pattern>> = LazyLock::new(|| compile(english::WEAK));
static ALLOWED: LazyLock<Vec<Pattern>> = LazyLock::new(|| compile(english::ALLOWED));

fn compile(patterns: &[&'static str]) -> Vec<Pattern> {
    patterns.iter().map(|text| Pattern::new(text)).collect()
}

struct Pattern {
    at_clause: bool,
    words: Vec<Vec<&'static str>>,
}

/// Most words that a `*` stands for.
const ANY_MAX: usize = 3;

impl Pattern {
    fn new(text: &'static str) -> Self {
        let (at_clause, text) = match text.strip_prefix('^') {
            Some(rest) => (true, rest),
            None => (false, text),
        };
        let words = text.split(' ').map(|word| word.split('|').collect());
        Pattern {
            at_clause,
            words: words.collect(),
        }
    }

    /// The index after the last token when the pattern matches from `at` on.
    fn matches(&self, tokens: &[Token], at: usize) -> Option<usize> {
        if self.at_clause && !tokens[at].after_break {
            return None;
        }
        match_words(&self.words, tokens, at, true)
    }
}

fn match_words(
    words: &[Vec<&'static str>],
    tokens: &[Token],
    at: usize,
    first: bool,
) -> Option<usize> {
    let Some((word, rest)) = words.split_first() else {
        return Some(at);
    };
    let fits = |at: usize| tokens.get(at).filter(|token| first || !token.after_break);
    if word == &["*"] {
        for count in 1..=ANY_MAX {
            fits(at + count - 1)?;
            if let Some(end) = match_words(rest, tokens, at + count, false) {
                return Some(end);
            }
        }
        return None;
    }
    let token = fits(at)?;
    if !word.contains(&token.word.as_str()) {
        return None;
    }
    match_words(rest, tokens, at + 1, false)
}

/// Tokens that belong to an allowed technical term.
fn exempt(tokens: &[Token]) -> Vec<bool> {
    let mut exempt = vec![false; tokens.len()];
    for at in 0..tokens.len() {
        for pattern in ALLOWED.iter() {
            if let Some(end) = pattern.matches(tokens, at) {
                exempt[at..end].fill(true);
            }
        }
    }
    exempt
}

struct Waiver {
    rule: String,
    covers: Range<usize>,
}

/// A body with everything blanked that is not the author's prose; bytes keep their places.
struct Prose {
    text: String,
    /// Where blocks begin: no phrase reaches across.
    breaks: Vec<usize>,
    waivers: Vec<Waiver>,
    /// Top-level list items and headings.
    factors: Vec<Range<usize>>,
}

/// Stands where code or a link was, so that no phrase reaches across.
const BARRIER: u8 = 1;

fn read(body: &str) -> Prose {
    let mut text = vec![b' '; body.len()];
    let mut prose = Prose {
        text: String::new(),
        breaks: Vec::new(),
        waivers: Vec::new(),
        factors: Vec::new(),
    };
    // How deep inside of quotes, code and bare links; and of lists.
    let mut skipped = 0_usize;
    let mut lists = 0_usize;
    let mut links: Vec<bool> = Vec::new();
    let options = Options::ENABLE_TABLES | Options::ENABLE_STRIKETHROUGH;
    for (event, range) in Parser::new_ext(body, options).into_offset_iter() {
        match event {
            Event::Start(tag) => {
                match &tag {
                    Tag::BlockQuote(_) | Tag::CodeBlock(_) => skipped += 1,
                    Tag::Link { link_type, .. } => {
                        let bare = matches!(link_type, LinkType::Autolink | LinkType::Email);
                        skipped += usize::from(bare);
                        links.push(bare);
                    }
                    Tag::List(_) => lists += 1,
                    Tag::Item if lists == 1 && skipped == 0 => {
                        prose.factors.push(first_line(body, &range));
                    }
                    Tag::Heading { .. } if lists == 0 && skipped == 0 => {
                        prose.factors.push(first_line(body, &range));
                    }
                    _ => {}
                }
                let inline = matches!(
                    tag,
                    Tag::Emphasis | Tag::Strong | Tag::Strikethrough | Tag::Link { .. }
                );
                if !inline {
                    prose.breaks.push(range.start);
                }
            }
            Event::End(TagEnd::BlockQuote(_) | TagEnd::CodeBlock) => {
                skipped = skipped.saturating_sub(1);
            }
            Event::End(TagEnd::Link) => {
                skipped = skipped.saturating_sub(usize::from(links.pop() == Some(true)));
            }
            Event::End(TagEnd::List(_)) => lists = lists.saturating_sub(1),
            Event::Text(_) if skipped == 0 => {
                text[range.clone()].copy_from_slice(&body.as_bytes()[range]);
            }
            Event::Code(_) => text[range].fill(BARRIER),
            Event::Html(html) | Event::InlineHtml(html) => {
                if let Some(waiver) = waiver(body, &html, &range) {
                    prose.waivers.push(waiver);
                }
            }
            _ => {}
        }
    }
    prose.text = String::from_utf8_lossy(&text).into_owned();
    prose
}

fn first_line(body: &str, range: &Range<usize>) -> Range<usize> {
    let line = body[range.clone()].split('\n').next().unwrap_or_default();
    range.start..range.start + line.trim_end().len()
}

fn waiver(body: &str, html: &str, range: &Range<usize>) -> Option<Waiver> {
    let rest = html.trim().strip_prefix("<!-- lint-ok ")?;
    let (rule, reason) = rest.strip_suffix("-->")?.split_once(':')?;
    if reason.trim().is_empty() {
        return None;
    }
    let start = body[..range.start].rfind('\n').map_or(0, |at| at + 1);
    let after = &body[range.start..];
    let end = after.find('\n').map_or(body.len(), |at| range.start + at);
    let alone = body[start..end].trim() == html.trim();
    let covers = if alone {
        let skipped = body[end..].len() - body[end..].trim_start().len();
        let next = end + skipped;
        next..body[next..].find("\n\n").map_or(body.len(), |at| next + at)
    } else {
        start..end
    };
    Some(Waiver {
        rule: rule.trim().to_owned(),
        covers,
    })
}

struct Token {
    /// Lower case, with a straight apostrophe.
    word: String,
    start: usize,
    end: usize,
    /// Punctuation or the start of a block stands before it.
    after_break: bool,
}

fn tokens(prose: &Prose) -> Vec<Token> {
    let text = prose.text.as_str();
    let mut tokens: Vec<Token> = Vec::new();
    let mut after_break = true;
    let mut breaks = prose.breaks.iter().copied().peekable();
    let mut at = 0;
    while let Some(c) = text[at..].chars().next() {
        while breaks.next_if(|&start| start <= at).is_some() {
            after_break = true;
        }
        let rest = &text[at..];
        if ["http://", "https://", "www."]
            .iter()
            .any(|scheme| rest.starts_with(scheme))
        {
            at += rest.find(char::is_whitespace).unwrap_or(rest.len());
            after_break = true;
        } else if c.is_alphanumeric() {
            let length = rest
                .find(|c: char| !c.is_alphanumeric() && !matches!(c, '\'' | '’' | '_'))
                .unwrap_or(rest.len());
            let word = rest[..length].trim_end_matches(['\'', '’', '_']);
            tokens.push(Token {
                word: word.to_lowercase().replace('’', "'"),
                start: at,
                end: at + word.len(),
                after_break,
            });
            after_break = false;
            at += length;
        } else {
            // A hyphen joins words as a space does.
            after_break |= !c.is_whitespace() && c != '-';
            at += c.len_utf8();
        }
    }
    tokens
}

fn line_starts(body: &str) -> Vec<usize> {
    let after = body.match_indices('\n').map(|(at, _)| at + 1);
    std::iter::once(0).chain(after).collect()
}

#[cfg(test)]
mod tests;
