//! The words monitors use for how bad it is (WIRE-FORMATS.md §0, severity mapping).

use domain::word::AlertSeverity;

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
}
