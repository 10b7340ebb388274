//! A submitted form: its values as they were typed, and what was wrong with them.

use domain::Timestamp;
use jiff::tz::TimeZone;

use super::time::read_time;

/// Values and errors of one form. A page that shows a form for the first time fills in
/// [`Form::with`]; a handler that refuses a post makes it [`Form::from_pairs`], adds
/// [`Form::reject`] and renders the same page with status 422, so that nothing typed is lost.
#[derive(Clone, Debug, Default)]
pub struct Form {
    values: Vec<(String, String)>,
    errors: Vec<(String, String)>,
    general: Vec<String>,
    /// What was made of a field, where that is not what was typed.
    notes: Vec<(String, String)>,
    /// In front of the ids of its fields, on pages with several forms.
    pub(super) scope: String,
}

impl Form {
    pub fn new() -> Form {
        Form::default()
    }

    /// From the pairs of a urlencoded body. Line ends become `\n`.
    pub fn from_pairs(pairs: impl IntoIterator<Item = (String, String)>) -> Form {
        let values = pairs
            .into_iter()
            .map(|(name, value)| (name, value.replace("\r\n", "\n").replace('\r', "\n")))
            .collect();
        Form {
            values,
            ..Form::default()
        }
    }

    /// Adds a value; a repeated name makes a list.
    pub fn with(mut self, name: &str, value: impl ToString) -> Form {
        self.values.push((name.to_owned(), value.to_string()));
        self
    }

    /// Replaces what stands under a name.
    pub fn put(&mut self, name: &str, value: impl ToString) {
        self.values.retain(|(have, _)| have != name);
        self.values.push((name.to_owned(), value.to_string()));
    }

    /// The first value of a name as typed, or the empty text.
    pub fn get(&self, name: &str) -> &str {
        self.values
            .iter()
            .find(|(have, _)| have == name)
            .map_or("", |(_, value)| value)
    }

    /// The first value without white space around it; `None` when empty or absent.
    pub fn text(&self, name: &str) -> Option<&str> {
        let value = self.get(name).trim();
        (!value.is_empty()).then_some(value)
    }

    /// All values of a name, in order.
    pub fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> + 'a {
        self.values
            .iter()
            .filter(move |(have, _)| have == name)
            .map(|(_, value)| value.as_str())
    }

    /// Whether a name has this value among its values: for options and check boxes.
    pub fn is(&self, name: &str, value: &str) -> bool {
        self.all(name).any(|have| have == value)
    }

    /// Whether this is what was typed into one of the forms of these names.
    pub fn names(&self, names: &[&str]) -> bool {
        names.contains(&self.get("form"))
    }

    /// Whether a check box was ticked.
    pub fn ticked(&self, name: &str) -> bool {
        self.values.iter().any(|(have, _)| have == name)
    }

    /// Whether the promised minutes are these; 30 where nothing was typed.
    pub(super) fn next_is(&self, minutes: &u32) -> bool {
        match self.values.iter().find(|(name, _)| name == "next_minutes") {
            Some((_, value)) => *value == minutes.to_string(),
            None => *minutes == 30,
        }
    }

    pub fn pairs(&self) -> &[(String, String)] {
        &self.values
    }

    /// Notes what is wrong with a field; shown beside it and in the summary.
    pub fn reject(&mut self, name: &str, message: impl ToString) {
        self.errors.push((name.to_owned(), message.to_string()));
    }

    /// Notes what is wrong with the form as a whole; shown in the summary.
    pub fn refuse(&mut self, message: impl ToString) {
        self.general.push(message.to_string());
    }

    /// What is wrong with a field, or the empty text.
    pub fn error(&self, name: &str) -> &str {
        self.errors
            .iter()
            .find(|(have, _)| have == name)
            .map_or("", |(_, message)| message)
    }

    /// Reads a time field in `zone` ([`read_time`]). One that the clocks skip is told beside it.
    pub fn time(&mut self, name: &str, zone: &TimeZone) -> Option<Timestamp> {
        let text = self.get(name).to_owned();
        self.time_of(name, &text, zone)
    }

    /// Like [`Form::time`], of a text that is not, or not yet, a value of this form.
    pub fn time_of(&mut self, name: &str, text: &str, zone: &TimeZone) -> Option<Timestamp> {
        let read = read_time(text, zone)?;
        if let Some(moved) = read.moved {
            self.note(name, moved);
        }
        Some(read.at)
    }

    /// Says beside a field what was made of it.
    pub fn note(&mut self, name: &str, text: String) {
        self.notes.push((name.to_owned(), text));
    }

    /// What was made of a field, or the empty text.
    pub fn note_of(&self, name: &str) -> &str {
        self.notes
            .iter()
            .find(|(have, _)| have == name)
            .map_or("", |(_, text)| text)
    }

    /// Takes over what was made of the fields of a copy of this form.
    pub fn keep_notes(&mut self, copy: &Form) {
        self.notes.clone_from(&copy.notes);
    }

    /// A sentence, and after it what was made of the fields: each thing once.
    pub fn with_notes(&self, sentence: &str) -> String {
        let mut told = vec![sentence];
        for (_, text) in &self.notes {
            if !told.contains(&text.as_str()) {
                told.push(text);
            }
        }
        told.join(" ")
    }

    pub fn errors(&self) -> &[(String, String)] {
        &self.errors
    }

    pub fn general(&self) -> &[String] {
        &self.general
    }

    pub fn has_errors(&self) -> bool {
        !self.errors.is_empty() || !self.general.is_empty()
    }
}

/// The rows of a form whose fields are named `{prefix}-{row}-{field}`, in the order of their
/// numbers; numbers may have gaps, as when a row was taken out.
pub(crate) fn row_numbers(pairs: &[(String, String)], prefix: &str) -> Vec<usize> {
    /// More rows than any form has; the rest is ignored rather than trusted.
    const MOST: usize = 200;
    let mut numbers: Vec<usize> = pairs
        .iter()
        .filter_map(|(name, _)| {
            let rest = name.strip_prefix(prefix)?.strip_prefix('-')?;
            rest.split('-').next()?.parse().ok()
        })
        .collect();
    numbers.sort_unstable();
    numbers.dedup();
    numbers.truncate(MOST);
    numbers
}

/// What a button of a form with rows asks for, from its field `do`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Press {
    /// Check and store.
    Save,
    /// Show what would be, store nothing.
    Preview,
    /// Add an empty row of a kind (`add-layer`, `add-turn-0`).
    Add(String, Option<usize>),
    /// Take a row out (`remove-layer-1`).
    Remove(String, usize),
    /// Move a row one up (`up-step-2`).
    Up(String, usize),
}

impl Press {
    /// Reads the field `do`; anything unknown is a preview, which stores nothing; absence saves
    /// (Enter in a text field of a form sends no button in some clients).
    pub fn parse(word: &str) -> Press {
        let mut parts = word.split('-');
        let verb = parts.next().unwrap_or_default();
        let noun = parts.next().unwrap_or_default().to_owned();
        let number = parts.next().and_then(|n| n.parse().ok());
        match (verb, number) {
            ("" | "save", _) => Press::Save,
            ("add", number) => Press::Add(noun, number),
            ("remove", Some(number)) => Press::Remove(noun, number),
            ("up", Some(number)) => Press::Up(noun, number),
            _ => Press::Preview,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_and_errors_are_kept_by_name() {
        let mut form = Form::from_pairs([
            ("note".to_owned(), "a\r\nb".to_owned()),
            ("number".to_owned(), "1".to_owned()),
            ("number".to_owned(), "2".to_owned()),
        ]);
        assert_eq!(form.get("note"), "a\nb");
        assert_eq!(form.all("number").collect::<Vec<_>>(), ["1", "2"]);
        assert!(form.is("number", "2") && !form.is("number", "3"));
        assert!(!form.has_errors());
        form.reject("note", "Too short");
        assert_eq!(form.error("note"), "Too short");
        assert_eq!(form.error("number"), "");
        assert!(form.has_errors());
    }

    #[test]
    fn a_time_that_the_clocks_skip_is_told_once() {
        let berlin = TimeZone::get("Europe/Berlin").unwrap();
        let mut form = Form::new().with("start", "2026-03-29T02:30");
        let read = form.time("start", &berlin);
        assert_eq!(read, Timestamp::parse("2026-03-29T01:30:00Z"));
        assert_eq!(form.time("start", &berlin), read);
        assert!(form.note_of("start").starts_with("02:30 does not exist"));
        assert!(!form.has_errors());
        let told = form.with_notes("Saved.");
        assert!(
            told.starts_with("Saved. 02:30 does not exist") && told.matches("02:30").count() == 1
        );
        assert!(
            form.input("start", "From", "datetime-local", "", "")
                .0
                .contains("f-start-note")
        );
        assert_eq!(Form::new().with_notes("Saved."), "Saved.");
    }

    #[test]
    fn rows_are_found_by_their_numbers() {
        let pairs = [
            "step-0-wait",
            "step-10-wait",
            "step-2-target",
            "step-x-wait",
            "other-1-a",
        ]
        .map(|name| (name.to_owned(), String::new()));
        assert_eq!(row_numbers(&pairs, "step"), [0, 2, 10]);
    }

    #[test]
    fn buttons_are_read() {
        assert_eq!(Press::parse(""), Press::Save);
        assert_eq!(Press::parse("add-layer"), Press::Add("layer".into(), None));
        assert_eq!(
            Press::parse("add-turn-1"),
            Press::Add("turn".into(), Some(1))
        );
        assert_eq!(
            Press::parse("remove-step-2"),
            Press::Remove("step".into(), 2)
        );
        assert_eq!(Press::parse("up-step-2"), Press::Up("step".into(), 2));
        assert_eq!(Press::parse("remove-step"), Press::Preview);
    }
}
