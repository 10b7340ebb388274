//! What a paged person answers by SMS or mail (PAGING.md §6.8).
//!
//! Strict where it matters: an answer that might mean something else is none, because a mistaken
//! acknowledgement silences the escalation. The sender then gets a helpful answer.

mod named;
mod unquoted;

use domain::Span;
pub use domain::reply::Verb;

/// What it is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ReplyTarget {
    /// The newest page of that phone.
    Latest,
    /// The page with this reply code; digits, as they were sent to the phone.
    Code(String),
}

/// One answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reply {
    pub verb: Verb,
    pub target: ReplyTarget,
}

/// Longest line that can be an answer, in characters; longer ones are prose.
const LINE_MAX: usize = 200;
/// Most steps that a policy has.
const STEPS_MAX: u8 = 20;
/// Longest reply code, in digits.
const CODE_MAX: usize = 9;
/// What may stand between the answer and a remark.
const PAUSES: [char; 7] = [',', '.', '!', ';', ':', '–', '—'];
/// Politeness that changes nothing.
const FILLERS: [&str; 8] = [
    "please", "pls", "thanks", "thx", "it", "this", "now", "page",
];

/// `4217 ack`, `ack 4217`, `4217ack`, `a`; likewise resolve (`r`), escalate (`e`, also `escalate to
/// step 3`), `unack`, `snooze 2h`, `reassign to bo`, `add bo: look at the disk`, and `yes` or `no` to
/// a request for help. Case, quotes, punctuation and spaces do not matter, and only the first line
/// that is not blank counts.
pub fn parse_sms(text: &str) -> Option<Reply> {
    let line = first_line(text)?;
    whole(line).or_else(|| named::read(line)).or_else(|| {
        let (head, rest) = line.split_once(PAUSES)?;
        // A digit after the cut may be the code: then the answer is not clear.
        if rest.contains(|c: char| c.is_numeric()) || !head_is_clear(head) {
            return None;
        }
        remarked(whole(head)?, rest)
    })
}

/// The same on the first line of a mail that is the person's own; the incident is known from the
/// address that it was sent to, and a code, which might be another's, is none of its words. `ack`,
/// `Resolved.`, `Acknowledge, on my way`.
pub fn parse_mail_first_line(text: &str) -> Option<Verb> {
    unquoted::lines(text).find_map(mail_line)
}

fn mail_line(line: &str) -> Option<Verb> {
    if line.chars().nth(LINE_MAX).is_some() {
        return None;
    }
    let reply = whole(line).or_else(|| named::read(line)).or_else(|| {
        let (head, rest) = line.split_once(PAUSES)?;
        head_is_clear(head)
            .then(|| remarked(whole(head)?, rest))
            .flatten()
    })?;
    (reply.target == ReplyTarget::Latest).then_some(reply.verb)
}

fn first_line(text: &str) -> Option<&str> {
    text.trim_start_matches('\u{FEFF}')
        .lines()
        .map(str::trim)
        .find(|line| !line.is_empty())
        .filter(|line| line.chars().nth(LINE_MAX).is_none())
}

/// Yes or no with the word that follows it; behind other answers remarks say nothing.
fn remarked(reply: Reply, remark: &str) -> Option<Reply> {
    let reason = remark.trim().to_owned();
    let verb = match reply.verb {
        Verb::Accept { .. } => Verb::Accept { reason },
        Verb::Decline { .. } => Verb::Decline { reason },
        other => other,
    };
    Some(Reply { verb, ..reply })
}

/// With prose behind it, one letter is not a verb: "A. Smith looks at it".
fn head_is_clear(head: &str) -> bool {
    head.split(|c: char| !c.is_alphabetic())
        .any(|word| word.chars().nth(2).is_some())
}

/// A line that is exactly one verb and at most one code, in either order; the number of a step
/// stands behind the word.
fn whole(line: &str) -> Option<Reply> {
    let line = line.to_lowercase();
    // A question asks, it does not act; a quoted line is not the person's own.
    if line.contains('?') || line.starts_with('>') {
        return None;
    }
    if let Some(snooze) = snooze(&line) {
        return Some(snooze);
    }
    let mut verb = None;
    let mut code: Option<String> = None;
    let mut code_is_open = false;
    let (mut step, mut step_is_next, mut to) = (None, false, false);
    for word in words(&line) {
        if step_is_next {
            step = Some(
                word.parse()
                    .ok()
                    .filter(|step| (1..=STEPS_MAX).contains(step))?,
            );
            step_is_next = false;
            continue;
        }
        if is_digits(word) {
            // Spaces inside the code are ignored, a second code is not.
            match &mut code {
                Some(digits) if code_is_open => digits.push_str(word),
                Some(_) => return None,
                None => code = Some(word.to_owned()),
            }
            code_is_open = true;
            continue;
        }
        code_is_open = false;
        if FILLERS.contains(&word) {
            continue;
        }
        if matches!(word, "to" | "step") {
            // Each once, and `to` before the step.
            let again = step.is_some() || (to && word == "to");
            if again {
                return None;
            }
            (to, step_is_next) = (true, word == "step");
            continue;
        }
        if verb.replace(verb_of(word)?).is_some() {
            return None;
        }
    }
    let verb = match (verb?, step) {
        (Verb::Escalate, Some(step)) => Verb::EscalateTo(step),
        (verb, None) if !to => verb,
        _ => return None,
    };
    let target = match code {
        Some(code) if code.len() > CODE_MAX => return None,
        Some(code) => ReplyTarget::Code(code),
        None => ReplyTarget::Latest,
    };
    Some(Reply { verb, target })
}

/// `snooze 2h`, `4217 snooze for 30 minutes`, `snooze 4217 1 day`.
fn snooze(line: &str) -> Option<Reply> {
    let words: Vec<&str> = words(line)
        .filter(|word| !FILLERS.contains(word) && *word != "for")
        .collect();
    let (code, count, unit) = match words.as_slice() {
        ["snooze", count, unit] => (None, count, unit),
        ["snooze", count, unit, code] if is_digits(code) => (Some(*code), count, unit),
        [code, "snooze", count, unit] | ["snooze", code, count, unit] => (Some(*code), count, unit),
        _ => return None,
    };
    if code.is_some_and(|code| code.len() > CODE_MAX || !is_digits(code)) {
        return None;
    }
    let count: i64 = count.parse().ok().filter(|_| count.len() <= 5)?;
    let span = match *unit {
        "m" | "min" | "mins" | "minute" | "minutes" => Span::from_minutes(count),
        "h" | "hr" | "hrs" | "hour" | "hours" => Span::from_hours(count),
        "d" | "day" | "days" => Span::from_days(count),
        _ => return None,
    };
    Some(Reply {
        verb: Verb::Snooze(span),
        target: code.map_or(ReplyTarget::Latest, |code| {
            ReplyTarget::Code(code.to_owned())
        }),
    })
}

fn is_digits(word: &str) -> bool {
    !word.is_empty() && word.bytes().all(|byte| byte.is_ascii_digit())
}

/// Runs of ASCII digits and runs of other letters; everything else separates.
fn words(line: &str) -> impl Iterator<Item = &str> {
    let mut rest = line;
    std::iter::from_fn(move || {
        let start = rest.find(char::is_alphanumeric)?;
        rest = &rest[start..];
        let is_digit = rest.starts_with(|c: char| c.is_ascii_digit());
        let end = rest
            .find(|c: char| !c.is_alphanumeric() || c.is_ascii_digit() != is_digit)
            .unwrap_or(rest.len());
        let (word, after) = rest.split_at(end);
        rest = after;
        Some(word)
    })
}

fn verb_of(word: &str) -> Option<Verb> {
    Some(match word {
        "a" | "ack" | "acked" | "acknowledge" | "acknowledged" => Verb::Acknowledge,
        "r" | "res" | "resolve" | "resolved" => Verb::Resolve,
        "e" | "esc" | "escalate" | "escalated" => Verb::Escalate,
        "y" | "yes" | "accept" | "accepted" => Verb::Accept {
            reason: String::new(),
        },
        "n" | "no" | "decline" | "declined" => Verb::Decline {
            reason: String::new(),
        },
        "unack" | "unacknowledge" => Verb::Unacknowledge,
        _ => return None,
    })
}

#[cfg(test)]
mod tests;
