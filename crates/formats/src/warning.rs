//! Collects what a format assumed, without letting one request fill a page.

const WARNINGS_MAX: usize = 50;
/// Longest piece of a sender's text repeated in a warning, in characters.
const QUOTE_MAX: usize = 60;

#[derive(Default)]
pub(crate) struct Warnings {
    texts: Vec<String>,
    /// Which part of the request is being read: `item 3: `.
    pub(crate) place: String,
    left_out: usize,
}

impl Warnings {
    /// With one about the body, if it had to be mended before it could be read.
    pub(crate) fn of_body(mended: bool) -> Self {
        let mut warnings = Warnings::default();
        if mended {
            warnings.note(crate::json::MENDED);
        }
        warnings
    }

    pub(crate) fn note(&mut self, text: impl AsRef<str>) {
        let text = format!("{}{}", self.place, text.as_ref());
        if self.texts.contains(&text) {
            return;
        }
        if self.texts.len() < WARNINGS_MAX {
            self.texts.push(text);
        } else {
            self.left_out += 1;
        }
    }

    pub(crate) fn finish(mut self) -> Vec<String> {
        if self.left_out > 0 {
            self.texts
                .push(format!("and {} more warnings", self.left_out));
        }
        self.texts
    }
}

/// A sender's text in double quotes, cut to a readable length.
pub(crate) fn quoted(text: &str) -> String {
    format!("\"{}\"", crate::text::cut(text, QUOTE_MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_warnings_are_told_once_and_many_are_counted() {
        let mut warnings = Warnings::default();
        for n in 0..60 {
            warnings.note(format!("w{n}"));
            warnings.note("w0");
        }
        let texts = warnings.finish();
        assert_eq!(texts.len(), 51);
        assert_eq!(texts[50], "and 10 more warnings");
    }
}
