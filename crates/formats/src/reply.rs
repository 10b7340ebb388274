//! What a paged person answers by SMS or mail (PAGING.md §6.8).
//!
//! Strict where it matters: an answer that might mean something else is none, because a mistaken
//! acknowledgement silences the escalation. The sender then gets a helpful answer.

/// What the person wants done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verb {
    Acknowledge,
    Resolve,
    Escalate,
    /// To the step of this number, from 1.
    EscalateTo(u8),
    /// Yes to a request for help.
    Accept,
    /// No to it.
    Decline,
}

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

/// `4217 ack`, `ack 4217`, `4217ack`, `a`; likewise resolve (`r`) and escalate (`e`, also `escalate
/// to step 3`), and `yes` or `no` to a request for help. Case, quotes, punctuation and spaces do not
/// matter, and only the first line that is not blank counts.
pub fn parse_sms(text: &str) -> Option<Reply> {
    let line = first_line(text)?;
    whole(line).or_else(|| {
        let (head, rest) = line.split_once(PAUSES)?;
        // A digit after the cut may be the code: then the answer is not clear.
        if rest.contains(|c: char| c.is_numeric()) || !head_is_clear(head) {
            return None;
        }
        whole(head)
    })
}

/// The verb on the first line of a mail; the incident is known from the address it was sent to.
/// `ack`, `Resolved.`, `Acknowledge, on my way`.
pub fn parse_mail_first_line(text: &str) -> Option<Verb> {
    let line = first_line(text)?;
    let reply = whole(line).or_else(|| {
        let (head, _) = line.split_once(PAUSES)?;
        head_is_clear(head).then(|| whole(head)).flatten()
    })?;
    Some(reply.verb)
}

fn first_line(text: &str) -> Option<&str> {
    text.trim_start_matches('\u{FEFF}')
        .lines()
        .map(str::trim)
        .find(|line| !line.is_empty())
        .filter(|line| line.chars().nth(LINE_MAX).is_none())
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
        if word.bytes().all(|byte| byte.is_ascii_digit()) {
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
        "y" | "yes" | "accept" | "accepted" => Verb::Accept,
        "n" | "no" | "decline" | "declined" => Verb::Decline,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn sms(verb: Verb, code: &str) -> Option<Reply> {
        let target = match code {
            "" => ReplyTarget::Latest,
            code => ReplyTarget::Code(code.to_owned()),
        };
        Some(Reply { verb, target })
    }

    #[test]
    fn answers_that_act() {
        use Verb::{Acknowledge, Escalate, EscalateTo, Resolve};
        for (text, verb, code) in [
            ("4217 ack", Acknowledge, "4217"),
            ("ack 4217", Acknowledge, "4217"),
            ("ACK4217", Acknowledge, "4217"),
            ("4217ack", Acknowledge, "4217"),
            ("  “4217 Ack” ", Acknowledge, "4217"),
            ("'ack' '0042'", Acknowledge, "0042"),
            ("42 17 ack", Acknowledge, "4217"),
            ("ack: 4217", Acknowledge, "4217"),
            ("4217: ack", Acknowledge, "4217"),
            ("a", Acknowledge, ""),
            ("A.", Acknowledge, ""),
            ("ack", Acknowledge, ""),
            ("Ack, on my way", Acknowledge, ""),
            ("4217 ack, on my way", Acknowledge, "4217"),
            ("\n\nAcknowledged!\n-- \nAna", Acknowledge, ""),
            ("r 4217", Resolve, "4217"),
            ("resolve", Resolve, ""),
            ("4217 resolved thanks", Resolve, "4217"),
            ("e", Escalate, ""),
            ("please escalate 4217", Escalate, "4217"),
            ("4217 escalate to step 3", EscalateTo(3), "4217"),
            ("escalate step 2 4217", EscalateTo(2), "4217"),
            ("E step20", EscalateTo(20), ""),
        ] {
            assert_eq!(parse_sms(text), sms(verb, code), "{text}");
        }
    }

    #[test]
    fn answers_that_are_not_clear_do_nothing() {
        for text in [
            "",
            "   ",
            "4217",
            "I will ack later",
            "ack?",
            "not ack",
            "don't resolve",
            "ack resolve",
            "42 ack 17",
            "ack 4217, or 4218",
            "A. Smith looks at it",
            "a, then b",
            "ack 12345678901",
            "who is this",
            "escalate to step",
            "escalate to 3",
            "escalate step 0",
            "escalate step 21",
            "escalate step 2 step 3",
            "escalate to to step 3",
            "ack step 2",
            "4217 step 2",
            "> ack 4217",
            "ack ٤٢١٧",
            "👍",
        ] {
            assert_eq!(parse_sms(text), None, "{text}");
        }
    }

    #[test]
    fn the_first_line_of_a_mail() {
        assert_eq!(
            parse_mail_first_line("ack\n\n> on Tuesday …"),
            Some(Verb::Acknowledge)
        );
        assert_eq!(
            parse_mail_first_line("\r\n\r\nResolved.\r\n"),
            Some(Verb::Resolve)
        );
        assert_eq!(
            parse_mail_first_line("Acknowledge, 10 minutes"),
            Some(Verb::Acknowledge)
        );
        assert_eq!(parse_mail_first_line("escalate"), Some(Verb::Escalate));
        for text in [
            "",
            "> ack",
            "Thanks!\nack",
            "I can't resolve this",
            "Resolve what?",
        ] {
            assert_eq!(parse_mail_first_line(text), None, "{text}");
        }
    }

    proptest! {
        #[test]
        fn any_text_is_read_without_a_panic(text in any::<String>()) {
            let _ = parse_sms(&text);
            let _ = parse_mail_first_line(&text);
        }

        #[test]
        fn code_and_verb_in_any_dress(
            code in "[0-9]{3,6}",
            verb in "(?i)(ack|acknowledge)",
            gap in "[ \t]{0,3}",
            quote in "[\"'“” ]?",
            code_first in any::<bool>(),
        ) {
            let text = if code_first {
                format!("{quote}{code}{gap}{verb}{quote}")
            } else {
                format!("{quote}{verb}{gap}{code}{quote}")
            };
            prop_assert_eq!(parse_sms(&text), sms(Verb::Acknowledge, &code));
        }
    }
}
