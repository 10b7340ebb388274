//! The form of a mapping: one field for each place a text may come from, and the rules it stands for.

use std::fmt::Write as _;

use formats::mapping::{Fault, MappingRules, SeverityRule, Source};
use formats::severity::SeverityWord;

use super::form::{Form, Press, row_numbers};
use super::frame::Markup;

/// A field of a signal that a rule fills.
#[derive(Clone, Copy, Debug)]
pub struct Part {
    /// As rules and the form call it.
    pub name: &'static str,
    pub label: &'static str,
    pub hint: &'static str,
}

const fn part(name: &'static str, label: &'static str, hint: &'static str) -> Part {
    Part { name, label, hint }
}

/// What a signal should have.
pub const MAIN: [Part; 3] = [
    part(
        "summary",
        "Summary",
        "The one line that wakes somebody. Empty: title, summary, message, name, subject or text.",
    ),
    part(
        "dedup_key",
        "Dedup key",
        "The same key is the same alert, and its resolve must have it too. Empty: made from the identity below, or from source, summary, component and class.",
    ),
    part("source", "Source", "The host or thing it is about."),
];

/// What it may have besides.
pub const MORE: [Part; 6] = [
    part("component", "Component", ""),
    part("group", "Group", ""),
    part("class", "Class", ""),
    part(
        "group_key",
        "Group key",
        "Alerts with an equal group key belong to one incident, where the service groups so.",
    ),
    part(
        "timestamp",
        "Time",
        "When it happened, as its sender says; only shown.",
    ),
    part("link", "Link", "Where to look: an address."),
];

/// What `POST /services/{slug}/integrations/{id}/mapping` sends.
///
/// Fields: `items` (path), `only_if`, `resolve_if`, `acknowledge_if` (conditions), `details` (path);
/// for each [`Part`] and row `identity-{n}`: `…-path`, `…-expression`, `…-default`; `severity-path`,
/// `severity-expression`, `severity-default` (a severity or empty) and for each row of words
/// `word-{n}-word`, `word-{n}-severity`; `sample` (a request body to try it on). Empty fields say
/// nothing. `do` is `save`, `preview`, `add-identity`, `remove-identity-{n}`, `add-word`,
/// `remove-word-{n}`.
#[derive(Clone, Debug, Default)]
pub struct MappingForm {
    /// Every field but those of rows, and everything that is wrong.
    pub fields: Form,
    pub identity: Vec<SourceRow>,
    pub words: Vec<WordRow>,
    pub press: Option<Press>,
}

/// One place that tells conditions apart, as typed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SourceRow {
    pub path: String,
    pub expression: String,
    pub default: String,
}

/// One word of the sender, as typed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct WordRow {
    pub word: String,
    pub severity: String,
}

impl MappingForm {
    /// The form that shows these rules.
    pub fn of(rules: &MappingRules) -> MappingForm {
        let mut fields = Form::new();
        let mut add = |name: String, value: Option<&str>| {
            if let Some(value) = value {
                fields = std::mem::take(&mut fields).with(&name, value);
            }
        };
        for (name, value) in [
            ("items", &rules.items),
            ("only_if", &rules.only_if),
            ("resolve_if", &rules.resolve_if),
            ("acknowledge_if", &rules.acknowledge_if),
            ("details", &rules.details),
            ("severity-path", &rules.severity.path),
            ("severity-expression", &rules.severity.expression),
        ] {
            add(name.to_owned(), value.as_deref());
        }
        let default = rules.severity.default.map(|one| one.as_str());
        add("severity-default".to_owned(), default);
        for (name, source) in named(rules) {
            add(format!("{name}-path"), source.path.as_deref());
            add(format!("{name}-expression"), source.expression.as_deref());
            add(format!("{name}-default"), source.default.as_deref());
        }
        let text = |value: &Option<String>| value.clone().unwrap_or_default();
        MappingForm {
            fields,
            identity: rules
                .identity
                .iter()
                .map(|source| SourceRow {
                    path: text(&source.path),
                    expression: text(&source.expression),
                    default: text(&source.default),
                })
                .collect(),
            words: rules
                .severity
                .words
                .iter()
                .map(|one| WordRow {
                    word: one.word.clone(),
                    severity: one.severity.to_string(),
                })
                .collect(),
            press: None,
        }
    }

    /// From the pairs of a post; the button pressed has been obeyed.
    pub fn from_pairs(pairs: Vec<(String, String)>) -> MappingForm {
        let text = |name: String| {
            pairs
                .iter()
                .find(|(have, _)| *have == name)
                .map(|(_, value)| value.trim().to_owned())
                .unwrap_or_default()
        };
        let mut identity: Vec<SourceRow> = row_numbers(&pairs, "identity")
            .into_iter()
            .map(|n| SourceRow {
                path: text(format!("identity-{n}-path")),
                expression: text(format!("identity-{n}-expression")),
                default: text(format!("identity-{n}-default")),
            })
            .collect();
        let mut words: Vec<WordRow> = row_numbers(&pairs, "word")
            .into_iter()
            .map(|n| WordRow {
                word: text(format!("word-{n}-word")),
                severity: text(format!("word-{n}-severity")),
            })
            .collect();
        let press = Press::parse(&text("do".to_owned()));
        match &press {
            Press::Add(noun, _) if noun == "identity" => identity.push(SourceRow::default()),
            Press::Add(noun, _) if noun == "word" => words.push(WordRow::default()),
            Press::Remove(noun, n) if noun == "identity" && *n < identity.len() => {
                identity.remove(*n);
            }
            Press::Remove(noun, n) if noun == "word" && *n < words.len() => {
                words.remove(*n);
            }
            _ => {}
        }
        let plain = pairs
            .into_iter()
            .filter(|(name, _)| !name.starts_with("identity-") && !name.starts_with("word-"));
        MappingForm {
            fields: Form::from_pairs(plain),
            identity,
            words,
            press: Some(press),
        }
    }

    /// The rules it stands for, unless something cannot be read; then what, beside its field. What
    /// is left empty says nothing.
    pub fn to_rules(&mut self) -> Option<MappingRules> {
        let mut wrong = Vec::new();
        let mut words = Vec::new();
        for (n, row) in self.words.iter().enumerate() {
            match (row.word.as_str(), row.severity.parse()) {
                ("", _) => {}
                (word, Ok(severity)) => words.push(SeverityWord {
                    word: word.to_owned(),
                    severity,
                }),
                (_, Err(_)) => wrong.push((format!("word-{n}-severity"), "Choose a severity.")),
            }
        }
        let default = self.fields.text("severity-default").map(str::parse);
        if let Some(Err(_)) = default {
            wrong.push(("severity-default".to_owned(), "Choose one of the list."));
        }
        let text = |name: &str| self.fields.text(name).map(str::to_owned);
        let source = |name: &str| Source {
            path: text(&format!("{name}-path")),
            expression: text(&format!("{name}-expression")),
            default: text(&format!("{name}-default")),
        };
        let typed = |value: &String| Some(value.clone()).filter(|value| !value.is_empty());
        let rules = MappingRules {
            items: text("items"),
            only_if: text("only_if"),
            resolve_if: text("resolve_if"),
            acknowledge_if: text("acknowledge_if"),
            summary: source("summary"),
            dedup_key: source("dedup_key"),
            // An empty row keeps its place, so that faults stand beside the row they are about.
            identity: self
                .identity
                .iter()
                .map(|row| Source {
                    path: typed(&row.path),
                    expression: typed(&row.expression),
                    default: typed(&row.default),
                })
                .collect(),
            severity: SeverityRule {
                path: text("severity-path"),
                expression: text("severity-expression"),
                words,
                default: default.and_then(Result::ok),
            },
            source: source("source"),
            component: source("component"),
            group: source("group"),
            class: source("class"),
            group_key: source("group_key"),
            timestamp: source("timestamp"),
            link: source("link"),
            details: text("details"),
        };
        for (field, message) in &wrong {
            self.fields.reject(field, message);
        }
        wrong.is_empty().then_some(rules)
    }

    /// Shows faults beside the fields they are in.
    pub fn reject_faults(&mut self, faults: &[Fault]) {
        for fault in faults {
            let mut field = String::with_capacity(fault.field.len());
            for part in fault
                .field
                .split(['.', '[', ']'])
                .filter(|part| !part.is_empty())
            {
                if !field.is_empty() {
                    field.push('-');
                }
                let _ = write!(field, "{part}");
            }
            self.fields.reject(&field, &fault.reason);
        }
    }

    /// The error of a field of a row, as it stands beside it.
    pub fn error_of(&self, rows: &str, row: &usize, field: &str) -> Markup {
        self.fields.complaint(&format!("{rows}-{row}-{field}"))
    }

    /// Whether anything is filled in, or wrong, among these parts: then they are shown open.
    pub fn uses(&self, parts: &[Part]) -> bool {
        parts.iter().any(|part| {
            ["path", "expression", "default"].iter().any(|one| {
                let name = format!("{}-{one}", part.name);
                self.fields.text(&name).is_some() || !self.fields.error(&name).is_empty()
            })
        })
    }

    /// The three fields of one part of a signal.
    pub fn part(&self, part: &Part) -> Markup {
        let Part { name, label, hint } = *part;
        let attributes = "spellcheck=\"false\" autocapitalize=\"off\" autocomplete=\"off\"";
        let field = |kind: &str, told: &str| {
            self.fields
                .input(&format!("{name}-{kind}"), told, "text", attributes, "")
                .0
        };
        let hint = match hint {
            "" => String::new(),
            hint => format!("<p class=\"field-hint\">{hint}</p>"),
        };
        Markup(format!(
            "<fieldset class=\"map-part\"><legend>{label}</legend>{hint}<div class=\"map-places\">{}{}{}</div></fieldset>",
            field("path", "Path"),
            field("expression", "or expression"),
            field("default", "else"),
        ))
    }
}

/// The parts of rules by the names of the form.
fn named(rules: &MappingRules) -> [(&'static str, &Source); 9] {
    [
        ("summary", &rules.summary),
        ("dedup_key", &rules.dedup_key),
        ("source", &rules.source),
        ("component", &rules.component),
        ("group", &rules.group),
        ("class", &rules.class),
        ("group_key", &rules.group_key),
        ("timestamp", &rules.timestamp),
        ("link", &rules.link),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;
    use domain::word::AlertSeverity;

    fn rules() -> MappingRules {
        let source = |path: &str| Source {
            path: Some(path.to_owned()),
            ..Source::default()
        };
        MappingRules {
            items: Some("$.body.checks".into()),
            only_if: Some("item.env == 'production'".into()),
            resolve_if: Some("item.up".into()),
            summary: Source {
                default: Some("A check failed".into()),
                ..source("$.item.name")
            },
            identity: vec![source("$.item.id"), source("$.item.zone")],
            severity: SeverityRule {
                words: vec![SeverityWord {
                    word: "sev1".into(),
                    severity: AlertSeverity::Error,
                }],
                default: Some(AlertSeverity::Warning),
                ..SeverityRule::default()
            },
            link: Source {
                expression: Some("'https://x.example.com/' + item.id".into()),
                ..Source::default()
            },
            details: Some("$.item".into()),
            ..MappingRules::default()
        }
    }

    /// What a browser sends of a form.
    fn sent(form: &MappingForm, pressed: &str) -> Vec<(String, String)> {
        let mut pairs = form.fields.pairs().to_vec();
        for (n, row) in form.identity.iter().enumerate() {
            pairs.push((format!("identity-{n}-path"), row.path.clone()));
            pairs.push((format!("identity-{n}-expression"), row.expression.clone()));
            pairs.push((format!("identity-{n}-default"), row.default.clone()));
        }
        for (n, row) in form.words.iter().enumerate() {
            pairs.push((format!("word-{n}-word"), row.word.clone()));
            pairs.push((format!("word-{n}-severity"), row.severity.clone()));
        }
        pairs.push(("do".into(), pressed.into()));
        pairs
    }

    #[test]
    fn rules_survive_being_shown_and_sent() {
        let mut form = MappingForm::from_pairs(sent(&MappingForm::of(&rules()), "save"));
        assert_eq!(form.press, Some(Press::Save));
        assert_eq!(form.to_rules(), Some(rules()));
        let nothing = MappingRules::default();
        assert_eq!(MappingForm::of(&nothing).to_rules(), Some(nothing));
    }

    #[test]
    fn rows_come_and_go() {
        let form = MappingForm::of(&rules());
        let more = MappingForm::from_pairs(sent(&form, "add-identity"));
        assert_eq!(more.identity.len(), 3);
        let less = MappingForm::from_pairs(sent(&form, "remove-identity-0"));
        assert_eq!(less.identity, form.identity[1..]);
        assert_eq!(
            MappingForm::from_pairs(sent(&form, "add-word")).words.len(),
            2
        );
        let none = MappingForm::from_pairs(sent(&form, "remove-word-0"));
        assert!(none.words.is_empty());
        let beyond = MappingForm::from_pairs(sent(&form, "remove-word-9"));
        assert_eq!(beyond.words, form.words);
    }

    #[test]
    fn what_is_wrong_stands_beside_its_field() {
        let mut form = MappingForm::of(&rules());
        form.words[0].severity = "dreadful".into();
        assert_eq!(form.to_rules(), None);
        assert!(!form.fields.error("word-0-severity").is_empty());
        let fault = |field: &str| Fault {
            field: field.into(),
            reason: "no".into(),
        };
        form.reject_faults(&[fault("identity[1].path"), fault("severity.expression")]);
        assert_eq!(form.fields.error("identity-1-path"), "no");
        assert_eq!(form.fields.error("severity-expression"), "no");
    }

    #[test]
    fn every_part_is_read_by_its_name() {
        let names: Vec<&str> = MAIN.iter().chain(&MORE).map(|part| part.name).collect();
        let rules = MappingRules::default();
        let known: Vec<&str> = named(&rules).iter().map(|(name, _)| *name).collect();
        assert_eq!(names, known);
    }
}
