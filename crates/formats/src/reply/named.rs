//! Answers that name somebody: `4217 reassign to bo`, `add platform: the disk is full`. What the
//! name means, the rules say.

use super::{CODE_MAX, FILLERS, Reply, ReplyTarget, Verb, is_digits};

/// Longest name, in characters.
const NAME_MAX: usize = 100;
/// Fewest digits at the end of a line that may be the code instead of a part of the name.
const CODE_MIN: usize = 4;
const QUOTES: [char; 11] = ['"', '\'', '“', '”', '„', '‘', '’', '«', '»', '(', ')'];

/// The code may stand before the verb, behind it, or at the end.
pub(super) fn read(line: &str) -> Option<Reply> {
    if line.starts_with('>') {
        return None;
    }
    let mut words = line.trim_matches(QUOTES).split_whitespace().peekable();
    let mut code = words.next_if(|word| is_code(word)).map(digits);
    let verb = digits(words.next()?).to_lowercase();
    let asks = match verb.as_str() {
        "reassign" | "assign" => false,
        "add" | "help" => true,
        _ => return None,
    };
    if code.is_none() {
        code = words.next_if(|word| is_code(word)).map(digits);
    }
    if !asks {
        words.next_if(|word| word.eq_ignore_ascii_case("to"));
    }
    let rest: Vec<&str> = words.collect();
    let rest = rest.join(" ");
    // Whoever is asked is told what it is about; names have no colons.
    let (name, message) = match rest.split_once(':') {
        Some((name, message)) if asks => (name, message.trim()),
        _ => (rest.as_str(), ""),
    };
    let mut name: Vec<&str> = name.split_whitespace().collect();
    while name
        .last()
        .is_some_and(|word| FILLERS.contains(&&*digits(word).to_lowercase()))
    {
        name.pop();
    }
    if code.is_none()
        && message.is_empty()
        && name.len() > 1
        && let Some(last) = name.pop_if(|word| is_code(word) && digits(word).len() >= CODE_MIN)
    {
        code = Some(digits(last));
    }
    let name = name.join(" ");
    let name = name
        .trim_matches(QUOTES)
        .trim_end_matches(['.', '!', ',', ';']);
    let name = name.trim_matches(QUOTES).trim();
    // A question asks, it does not act.
    if name.is_empty() || name.contains('?') || name.chars().nth(NAME_MAX).is_some() {
        return None;
    }
    let name = name.to_owned();
    Some(Reply {
        verb: match asks {
            true => Verb::Add {
                whom: name,
                message: message.to_owned(),
            },
            false => Verb::Reassign { to: name },
        },
        target: code.map_or(ReplyTarget::Latest, |code| {
            ReplyTarget::Code(code.to_owned())
        }),
    })
}

/// A word without the quotes and marks around it.
fn digits(word: &str) -> &str {
    word.trim_matches(QUOTES)
        .trim_matches(|c: char| c.is_ascii_punctuation() && c != '@')
}

fn is_code(word: &str) -> bool {
    let word = digits(word);
    is_digits(word) && word.len() <= CODE_MAX
}
