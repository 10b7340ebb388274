//! Reasons of failures: one short line that is safe to show.

use crate::Secret;

/// Longest reason, in characters; what providers add beyond that is advertising.
const LENGTH_MAX: usize = 300;

/// Makes one line of `text` without control characters, without any of `secrets`, and not longer
/// than [`LENGTH_MAX`] characters.
pub(crate) fn tidy<'a>(text: &str, secrets: impl IntoIterator<Item = &'a Secret>) -> String {
    let mut text = text.to_owned();
    for secret in secrets {
        if !secret.reveal().is_empty() {
            text = text.replace(secret.reveal(), "…");
        }
    }
    let spaced: String = text
        .chars()
        .map(|c| if c.is_control() { ' ' } else { c })
        .collect();
    let line = spaced.split_whitespace().collect::<Vec<_>>().join(" ");
    match line.char_indices().nth(LENGTH_MAX) {
        Some((end, _)) => format!("{}…", &line[..end]),
        None => line,
    }
}

/// An error with all its causes, outermost first, each said once.
pub(crate) fn chain(error: &(dyn std::error::Error + 'static)) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        let next = error.to_string();
        if !text.contains(&next) {
            text.push_str(": ");
            text.push_str(&next);
        }
        cause = error.source();
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tidy_keeps_secrets_and_line_breaks_out() {
        let secret = Secret::new("hunter2");
        let tidied = tidy("535 bad\r\n pass\0word hunter2!", [&secret]);
        assert_eq!(tidied, "535 bad pass word …!");
    }

    #[test]
    fn tidy_is_short_and_cuts_between_characters() {
        let tidied = tidy(&"ä".repeat(1000), []);
        assert_eq!(tidied.chars().count(), LENGTH_MAX + 1);
        assert_eq!(tidy("as it is", [&Secret::new("")]), "as it is");
    }
}
