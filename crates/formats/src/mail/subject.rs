//! Subjects: their title, and what of them names a condition.

/// What mail programs put in front of answers and of what is sent on, in several languages.
const PREFIXES: [&str; 10] = [
    "re", "fwd", "fw", "aw", "wg", "antw", "sv", "vs", "tr", "rv",
];
/// Prefixes that are taken away at most.
const DEPTH_MAX: usize = 20;
/// Words by which monitors say how a condition is, rather than which it is.
const STATES: [&str; 33] = [
    "problem",
    "recovery",
    "recovered",
    "resolved",
    "solved",
    "acknowledgement",
    "critical",
    "crit",
    "warning",
    "warn",
    "unknown",
    "ok",
    "okay",
    "alarm",
    "alert",
    "alerting",
    "firing",
    "triggered",
    "down",
    "up",
    "unreachable",
    "reachable",
    "normal",
    "cleared",
    "clear",
    "error",
    "failed",
    "failing",
    "success",
    "succeeded",
    "insufficient_data",
    "info",
    "disaster",
];
/// Of those, the ones that say it is over.
const OVER: [&str; 6] = [
    "recovery",
    "recovered",
    "resolved",
    "ok",
    "cleared",
    "solved",
];

/// The subject without `Re:`, `Fwd:` and their sisters.
pub(super) fn title(subject: &str) -> &str {
    let mut title = subject.trim();
    for _ in 0..DEPTH_MAX {
        let Some((head, rest)) = title.split_once(':') else {
            break;
        };
        // `Re[2]:` counts answers.
        let word = head
            .trim()
            .trim_end_matches(|c: char| c.is_ascii_digit() || matches!(c, '[' | ']' | '(' | ')'));
        let is_prefix = PREFIXES
            .iter()
            .any(|prefix| word.eq_ignore_ascii_case(prefix));
        if !is_prefix || rest.trim().is_empty() {
            break;
        }
        title = rest.trim();
    }
    title
}

/// What of a title names the condition: its words in lower case, without those of state. A mail of
/// recovery has the same as the one it answers.
pub(super) fn condition(title: &str) -> String {
    let words: Vec<String> = title
        .split_whitespace()
        .filter(|word| state(word).is_none())
        .filter(|word| word.chars().any(char::is_alphanumeric))
        .map(str::to_lowercase)
        .collect();
    if words.is_empty() {
        return title.trim().to_lowercase();
    }
    words.join(" ")
}

/// Whether it seems to say that something is over.
pub(super) fn looks_over(title: &str) -> bool {
    title
        .split_whitespace()
        .filter_map(state)
        .any(|state| OVER.contains(&state))
}

/// The word of state that a word is, whatever stands around it: `[FIRING:2]`, `ALARM:`, `**OK**`.
fn state(word: &str) -> Option<&'static str> {
    let word = word.trim_matches(|c: char| !c.is_alphanumeric());
    let word = match word.split_once(':') {
        Some((word, count)) if count.bytes().all(|byte| byte.is_ascii_digit()) => word,
        _ => word,
    };
    STATES
        .iter()
        .copied()
        .find(|state| word.eq_ignore_ascii_case(state))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prefixes_of_answers_go() {
        for (subject, expected) in [
            ("Re: Disk full", "Disk full"),
            ("RE: Fwd: AW:WG: Re[3]: Disk full", "Disk full"),
            ("Antw: SV: Disk: full", "Disk: full"),
            ("  Disk full ", "Disk full"),
            ("Report: done", "Report: done"),
            ("Re:", "Re:"),
            ("Re: ", "Re:"),
            ("", ""),
        ] {
            assert_eq!(title(subject), expected, "{subject}");
        }
    }

    #[test]
    fn alarm_and_recovery_name_one_condition() {
        for (bad, good) in [
            (
                "** PROBLEM Service Alert: web1/HTTP is CRITICAL **",
                "** RECOVERY Service Alert: web1/HTTP is OK **",
            ),
            (
                "ALARM: \"cpu\" in EU (Ireland)",
                "OK: \"cpu\" in EU (Ireland)",
            ),
            ("[FIRING:2] HighLoad web", "[RESOLVED] HighLoad web"),
            ("Monitor is DOWN: shop", "Monitor is UP: shop"),
            (
                "Problem: Disk is full on db1",
                "Resolved: Disk is full on db1",
            ),
        ] {
            assert_eq!(condition(bad), condition(good));
            assert!(looks_over(good) || good.contains("UP"), "{good}");
            assert!(!looks_over(bad), "{bad}");
        }
        assert_ne!(condition("Disk full on db1"), condition("Disk full on db2"));
        assert_eq!(condition("[OK]"), "[ok]");
        assert_eq!(condition("***"), "***");
    }
}
