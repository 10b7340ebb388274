//! One's own profile: can I be reached, by what, and when.

use askama::Template;
use domain::word::{ContactKind, Urgency};
use domain::{ContactMethodId, Timestamp};

use super::badge::icon;
use super::form::{Form, Press, row_numbers};
use super::frame::{Choice, Frame, Markup};
use super::schedule::ShiftRow;
use crate::picture::RuleStrip;

/// `GET /profile`.
#[derive(Clone, Debug, Template)]
#[template(path = "profile/page.html")]
pub struct ProfilePage {
    pub frame: Frame,
    pub methods: Vec<MethodRow>,
    /// High first.
    pub rules: Vec<UrgencyRules>,
    /// Verified methods a rule may use, by id.
    pub usable: Vec<Choice>,
    /// Shifts of the next 30 days, at most 10.
    pub shifts: Vec<ShiftRow>,
    pub zones: Vec<Choice>,
    /// Whether the viewer hears that another has answered a page (PAGING.md §6.9).
    pub hears_answers: bool,
    /// What was typed when one of the page's forms was refused; `form.get("form")` names it:
    /// `profile` (`name`, `zone`), `method` (`kind`, `address`), `verify` (`method`, `code`),
    /// `password` (`current`, `password`).
    pub form: Form,
}

#[derive(Clone, Debug)]
pub struct MethodRow {
    pub id: ContactMethodId,
    pub kind: ContactKind,
    pub address: String,
    pub verified_at: Option<Timestamp>,
    /// Why the provider refuses it for good.
    pub broken: Option<String>,
    /// The last time a message was delivered or answered there.
    pub last_proof: Option<Timestamp>,
    /// A code was sent and waits to be typed in, until then.
    pub code_until: Option<Timestamp>,
}

impl MethodRow {
    pub fn usable(&self) -> bool {
        self.verified_at.is_some() && self.broken.is_none()
    }
}

impl ProfilePage {
    /// Can I be reached, in one line.
    fn verdict(&self) -> Markup {
        let high = self
            .rules
            .iter()
            .find(|rules| rules.urgency == Urgency::High);
        let usable = |id: &str| self.usable.iter().any(|choice| choice.value == id);
        let (tone, picture, words) = if !self.methods.iter().any(MethodRow::usable) {
            (
                "tone-alarm",
                "alert-triangle",
                "You cannot be reached: verify a contact method.",
            )
        } else if !high.is_some_and(|rules| rules.rows.iter().any(|row| usable(&row.method))) {
            (
                "tone-alarm",
                "alert-triangle",
                "No rule of high urgency uses a verified method: nothing would wake you.",
            )
        } else {
            ("tone-fine", "circle-check", "You can be reached.")
        };
        Markup(format!(
            "<p class=\"verdict {tone}\">{}{words}</p>",
            icon(picture)
        ))
    }

    fn code_url(&self, id: &ContactMethodId) -> String {
        format!("/profile/methods/{id}/code")
    }

    fn delete_url(&self, id: &ContactMethodId) -> String {
        format!("/profile/methods/{id}/delete")
    }

    fn rule_field(&self, row: &usize, field: &str) -> String {
        format!("rule-{row}-{field}")
    }

    /// As ticked, or as it is.
    fn hears(&self) -> bool {
        match self.form.is("form", "profile") {
            true => self.form.is("hears_answers", "yes"),
            false => self.hears_answers,
        }
    }

    fn my_name(&self) -> &str {
        self.frame
            .user
            .as_ref()
            .map_or("", |user| user.name.as_str())
    }
}

impl Frame {
    /// Whether a method may be relied on.
    pub fn method_state(&self, method: &MethodRow) -> Markup {
        let (tone, picture, word) = match (method.broken.is_some(), method.verified_at.is_some()) {
            (true, _) => ("tone-alarm", "circle-x", "Broken"),
            (_, true) => ("tone-fine", "circle-check", "Verified"),
            _ => ("tone-held", "circle-dashed", "Not verified"),
        };
        Markup(format!(
            "<span class=\"state {tone}\">{}{word}</span>",
            icon(picture)
        ))
    }

    /// Whether pages can reach a person.
    pub fn reachable(&self, yes: &bool) -> Markup {
        let (tone, picture, word) = match yes {
            true => ("tone-fine", "circle-check", "Reachable"),
            false => ("tone-alarm", "alert-triangle", "Not reachable"),
        };
        Markup(format!(
            "<span class=\"state {tone}\">{}{word}</span>",
            icon(picture)
        ))
    }
}

/// The rules of one urgency as editable rows, with their picture.
#[derive(Clone, Debug)]
pub struct UrgencyRules {
    pub urgency: Urgency,
    pub rows: Vec<RuleRow>,
    pub strip: RuleStrip,
    /// E.g. a delay longer than a policy's wait (PAGING.md §6.2).
    pub warnings: Vec<String>,
}

/// One rule as typed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RuleRow {
    /// A contact method's id; empty takes the rule away.
    pub method: String,
    /// Minutes after the page.
    pub delay: String,
    pub error: String,
}

/// What `POST /profile/rules` sends: `urgency`, and for each row `rule-{n}-method` and
/// `rule-{n}-delay`; `do` is `save`, `add-rule`, `remove-rule-{n}` or `up-rule-{n}`. Every press
/// but `save` renders the page again with the rows changed and stores nothing.
#[derive(Clone, Debug)]
pub struct RulesForm {
    pub urgency: Urgency,
    pub rows: Vec<RuleRow>,
    pub press: Press,
}

impl RulesForm {
    /// Reads the pairs of the body and does what the button asks of the rows. Rows without a method
    /// are left out on `save`. `None` without a known urgency.
    pub fn from_pairs(pairs: &[(String, String)]) -> Option<RulesForm> {
        let form = Form::from_pairs(pairs.iter().cloned());
        let urgency = form.get("urgency").parse().ok()?;
        let press = Press::parse(form.get("do"));
        let mut rows: Vec<RuleRow> = row_numbers(pairs, "rule")
            .into_iter()
            .map(|n| RuleRow {
                method: form.get(&format!("rule-{n}-method")).to_owned(),
                delay: form.get(&format!("rule-{n}-delay")).trim().to_owned(),
                error: String::new(),
            })
            .collect();
        match &press {
            Press::Add(noun, _) if noun == "rule" => {
                rows.push(RuleRow {
                    delay: "0".to_owned(),
                    ..RuleRow::default()
                });
            }
            Press::Remove(noun, n) if noun == "rule" && *n < rows.len() => {
                rows.remove(*n);
            }
            Press::Up(noun, n) if noun == "rule" && *n > 0 && *n < rows.len() => {
                rows.swap(*n, *n - 1);
            }
            Press::Save => rows.retain(|row| !row.method.is_empty()),
            _ => {}
        }
        Some(RulesForm {
            urgency,
            rows,
            press,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pairs(list: &[(&str, &str)]) -> Vec<(String, String)> {
        list.iter()
            .map(|(a, b)| ((*a).to_owned(), (*b).to_owned()))
            .collect()
    }

    #[test]
    fn rule_rows_are_read_moved_and_dropped() {
        let typed = [
            ("urgency", "high"),
            ("rule-0-method", "3"),
            ("rule-0-delay", "0"),
            ("rule-1-method", "4"),
            ("rule-1-delay", "2"),
            ("rule-2-method", ""),
            ("rule-2-delay", "9"),
        ];
        let saved = RulesForm::from_pairs(&pairs(&typed)).unwrap();
        assert_eq!(saved.rows.len(), 2);
        let mut moved = typed.to_vec();
        moved.push(("do", "up-rule-1"));
        let moved = RulesForm::from_pairs(&pairs(&moved)).unwrap();
        assert_eq!(moved.rows[0].method, "4");
        assert_eq!(moved.rows.len(), 3);
        assert!(RulesForm::from_pairs(&pairs(&[("urgency", "loud")])).is_none());
    }
}
