//! The few things every picture needs.

/// Text as it may stand in HTML or SVG, also inside double-quoted attributes.
pub fn escape(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => safe.push_str("&amp;"),
            '<' => safe.push_str("&lt;"),
            '>' => safe.push_str("&gt;"),
            '"' => safe.push_str("&quot;"),
            '\'' => safe.push_str("&#39;"),
            c => safe.push(c),
        }
    }
    safe
}

/// A position across as SVG writes it: per cent with three places, without trailing zeros.
pub fn percent(part: f64) -> String {
    let text = format!("{:.3}", (part * 100.0).clamp(0.0, 100.0));
    let text = text.trim_end_matches('0').trim_end_matches('.');
    format!("{text}%")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentages_are_short() {
        assert_eq!(percent(0.5), "50%");
        assert_eq!(percent(1.0 / 3.0), "33.333%");
        assert_eq!(percent(2.0), "100%");
        assert_eq!(percent(-1.0), "0%");
    }
}
