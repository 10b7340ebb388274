//! The words monitors use for how bad it is (WIRE-FORMATS.md §0, severity mapping), and what the
//! owner of an integration has said that they mean.

mod usual;

pub use usual::usual;

use domain::word::AlertSeverity;
use serde::{Deserialize, Serialize};

use crate::mapping::Fault;

/// Most words of an integration, and longest of them, in characters.
pub const WORDS_MAX: usize = 50;
pub const WORD_MAX: usize = 64;

/// A monitor's word, and what it means.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SeverityWord {
    pub word: String,
    pub severity: AlertSeverity,
}

/// How an integration's owner has severities read. Without a choice each format's own table counts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Scale<'a> {
    words: &'a [SeverityWord],
    default: Option<AlertSeverity>,
}

impl<'a> Scale<'a> {
    /// By these words first; `default` is for what carries none, and for unknown ones.
    pub const fn new(words: &'a [SeverityWord], default: Option<AlertSeverity>) -> Self {
        Scale { words, default }
    }

    /// The same, with another default.
    pub(crate) const fn with_default(self, default: AlertSeverity) -> Self {
        Scale {
            default: Some(default),
            ..self
        }
    }

    /// What its owner has said that a word means.
    pub(crate) fn chosen(self, word: &str) -> Option<AlertSeverity> {
        find(self.words, word)
    }

    /// As [`Scale::chosen`], of the first of several words that has a meaning so.
    pub(crate) fn first_chosen<'w>(
        self,
        words: impl IntoIterator<Item = Option<&'w str>>,
    ) -> Option<AlertSeverity> {
        if self.words.is_empty() {
            return None;
        }
        (words.into_iter().flatten()).find_map(|word| self.chosen(word))
    }

    /// The severity a word means, to its owner or else to everybody.
    pub(crate) fn read(self, word: &str) -> Option<AlertSeverity> {
        self.chosen(word).or_else(|| read(word))
    }

    /// What its owner has chosen for want of a known word.
    pub(crate) const fn chosen_default(self) -> Option<AlertSeverity> {
        self.default
    }

    /// As [`Scale::chosen_default`], else what the format has for that.
    pub(crate) fn fallback_or(self, usual: AlertSeverity) -> AlertSeverity {
        self.default.unwrap_or(usual)
    }

    /// As [`Scale::fallback_or`], where the format has nothing special.
    pub(crate) fn fallback(self) -> AlertSeverity {
        self.fallback_or(AlertSeverity::Critical)
    }
}

/// What a list says that a word means, in any case.
pub(crate) fn find(words: &[SeverityWord], word: &str) -> Option<AlertSeverity> {
    let found = words.iter().find(|known| is_same(&known.word, word))?;
    Some(found.severity)
}

fn is_same(one: &str, other: &str) -> bool {
    fn small(text: &str) -> impl Iterator<Item = char> {
        text.trim().chars().flat_map(char::to_lowercase)
    }
    small(one).eq(small(other))
}

/// What is wrong with the words of an integration.
pub(crate) fn fault(words: &[SeverityWord]) -> Option<String> {
    let is_odd = |one: &SeverityWord| {
        let word = one.word.trim();
        word.is_empty() || word.chars().any(char::is_control) || word.chars().count() > WORD_MAX
    };
    if words.len() > WORDS_MAX || words.iter().any(is_odd) {
        return Some(format!(
            "up to {WORDS_MAX} words are possible, of 1 to {WORD_MAX} characters each, on one line"
        ));
    }
    let twice = (words.iter().enumerate())
        .find(|(place, one)| find(&words[..*place], &one.word).is_some())?;
    Some(format!("the word “{}” stands here twice", twice.1.word))
}

/// Words as people write them, one with its severity on each line: `page = warning`.
pub fn written(words: &[SeverityWord]) -> String {
    let lines: Vec<String> = (words.iter())
        .map(|one| format!("{} = {}", one.word, one.severity))
        .collect();
    lines.join("\n")
}

/// Reads words as [`written`] has them; empty lines count for nothing.
///
/// # Errors
/// Each line that cannot be read, with its number.
pub fn of_lines(text: &str) -> Result<Vec<SeverityWord>, Vec<Fault>> {
    let (mut words, mut faults) = (Vec::new(), Vec::new());
    for (place, line) in text.lines().enumerate() {
        if line.trim().is_empty() {
            continue;
        }
        match of_line(line) {
            Ok(word) => words.push(word),
            Err(reason) => faults.push(Fault {
                field: format!("line {}", place + 1),
                reason,
            }),
        }
    }
    match faults.is_empty() {
        true => Ok(words),
        false => Err(faults),
    }
}

fn of_line(line: &str) -> Result<SeverityWord, String> {
    // A word may hold the sign, a severity does not.
    let (word, severity) = (line.rsplit_once('='))
        .map(|(word, severity)| (word.trim(), severity.trim()))
        .filter(|(word, _)| !word.is_empty())
        .ok_or("a word and its severity are needed, such as page = warning")?;
    let severity = severity.to_lowercase().parse().map_err(|_| {
        let known: Vec<&str> = AlertSeverity::ALL.iter().map(|one| one.as_str()).collect();
        format!("the severity must be one of {}", known.join(", "))
    })?;
    Ok(SeverityWord {
        word: word.to_owned(),
        severity,
    })
}

/// The severity a word means, in any case; `None` for words of no known scale.
///
/// Bare digits are not accepted: 1 is the worst on some scales and the least on others, and a
/// caller's default pages where a wrong guess would stay silent.
pub fn read(word: &str) -> Option<AlertSeverity> {
    let word = word.trim().to_lowercase();
    Some(match word.as_str() {
        "critical" | "crit" | "page" | "emergency" | "emerg" | "fatal" | "disaster" | "down"
        | "p1" | "sev0" => AlertSeverity::Critical,
        "error" | "err" | "high" | "major" | "unknown" | "unreachable" | "p2" | "sev1" => {
            AlertSeverity::Error
        }
        "warning" | "warn" | "medium" | "minor" | "moderate" | "average" | "p3" | "p4" | "sev2" => {
            AlertSeverity::Warning
        }
        "info" | "information" | "informational" | "notice" | "low" | "none" | "debug"
        | "unusual" | "ok" | "up" | "clear" | "not classified" | "no severity" | "p5" | "sev3"
        | "sev4" => AlertSeverity::Info,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn words_of_every_scale() {
        for (word, severity) in [
            ("critical", AlertSeverity::Critical),
            (" Page ", AlertSeverity::Critical),
            ("HIGH", AlertSeverity::Error),
            ("Sev1", AlertSeverity::Error),
            ("warn", AlertSeverity::Warning),
            ("P4", AlertSeverity::Warning),
            ("none", AlertSeverity::Info),
            ("Not classified", AlertSeverity::Info),
        ] {
            assert_eq!(read(word), Some(severity), "{word}");
        }
        for word in ["", "1", "5", "ticket"] {
            assert_eq!(read(word), None, "{word}");
        }
    }

    #[test]
    fn our_own_words_mean_themselves() {
        for severity in AlertSeverity::ALL {
            assert_eq!(read(severity.as_str()), Some(*severity));
        }
    }

    #[test]
    fn the_owners_words_come_first_in_any_case() {
        use AlertSeverity::{Critical, Error, Info, Warning};
        let words =
            of_lines("page = warning\n\n critical=ERROR\r\nUngewöhnlich = info\na=b = info")
                .unwrap();
        let scale = Scale::new(&words, Some(Warning));
        for (word, severity) in [
            ("PAGE", Some(Warning)),
            (" Critical ", Some(Error)),
            ("UNGEWÖHNLICH", Some(Info)),
            ("A=B", Some(Info)),
            ("fatal", Some(Critical)),
            ("ticket", None),
            ("", None),
        ] {
            assert_eq!(scale.read(word), severity, "{word}");
        }
        assert_eq!(
            (scale.fallback(), scale.fallback_or(Error)),
            (Warning, Warning)
        );
        let usual = Scale::default();
        assert_eq!(
            (usual.fallback(), usual.fallback_or(Error)),
            (Critical, Error)
        );
        assert_eq!(usual.read("page"), Some(Critical));
    }

    #[test]
    fn lines_that_cannot_be_read_are_numbered() {
        let faults = of_lines("page = warning\nhigh\n\n= info\nP3 = bad").unwrap_err();
        let told: Vec<(&str, bool)> = (faults.iter())
            .map(|one| (&*one.field, one.reason.contains("critical, error")))
            .collect();
        assert_eq!(
            told,
            [("line 2", false), ("line 4", false), ("line 5", true)]
        );
        assert_eq!(of_lines(" \n"), Ok(Vec::new()));
    }

    proptest! {
        #[test]
        fn words_are_read_as_they_are_written(
            words in prop::collection::vec(
                ("[^\\p{Cc}\\s]([^\\p{Cc}\\p{Zl}\\p{Zp}]{0,20}[^\\p{Cc}\\s])?",
                    prop::sample::select(AlertSeverity::ALL)), 0..20),
        ) {
            let words: Vec<SeverityWord> = (words.into_iter())
                .map(|(word, severity)| SeverityWord { word, severity })
                .collect();
            prop_assert_eq!(of_lines(&written(&words)), Ok(words.clone()));
            if fault(&words).is_none() {
                let scale = Scale::new(&words, None);
                for one in &words {
                    let small: String = one.word.chars().flat_map(char::to_lowercase).collect();
                    prop_assert_eq!(scale.chosen(&small), Some(one.severity));
                }
            }
        }
    }
}
